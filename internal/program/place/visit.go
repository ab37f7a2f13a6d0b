package place

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
)

// VisitKind is what the journal keeps of visits.
var VisitKind = journal.Kind{Name: "visit", Prefix: "vis", Letter: "VI", Noun: "visit", Steps: []string{"announced", "arrived", "left", "cancelled", "corrected"}}

// States of a visit.
const (
	Announced = "announced"
	Here      = "here"
	Gone      = "left"
	Cancelled = "cancelled"
)

// VisitStates gives them in the order of a filter, with their words.
func VisitStates() [][2]string {
	return [][2]string{{Here, "here"}, {Announced, "announced"}, {Gone, "left"}, {Cancelled, "did not come"}}
}

// Announcement is a visitor who is expected, or stands at the door.
type Announcement struct {
	Site         string `json:"site" doc:"Number of the site, SI-1." maxLength:"20"`
	Name         string `json:"name" maxLength:"120"`
	Organisation string `json:"organisation,omitempty" maxLength:"120"`
	Purpose      string `json:"purpose" maxLength:"300"`
	Host         string `json:"host,omitempty" doc:"Who expects them: a mail address or name of a person; who announces them when absent." maxLength:"120"`
	Day          string `json:"day,omitempty" doc:"2026-03-02; today when absent." maxLength:"10"`
}

// Arrival is how a visitor came in.
type Arrival struct {
	Badge  string `json:"badge,omitempty" doc:"Number of the visitor's badge; none was given when absent." maxLength:"40"`
	Escort string `json:"escort,omitempty" doc:"Who accompanies them; the host when absent." maxLength:"120"`
	At     string `json:"at,omitempty" doc:"2026-03-02T09:05:00Z, where it is written later; now when absent." maxLength:"40"`
}

// Departure is how a visitor left.
type Departure struct {
	Returned bool   `json:"badge_returned,omitempty" doc:"The badge came back."`
	At       string `json:"at,omitempty" doc:"2026-03-02T17:40:00Z, where it is written later; now when absent." maxLength:"40"`
	Note     string `json:"note,omitempty" doc:"Where the badge did not come back, or it is written later: what happened." maxLength:"2000"`
}

// Visit is a visitor at a site.
type Visit struct {
	Site         string    `json:"site"` // sit_…
	SiteName     string    `json:"site_name"`
	Name         string    `json:"name"`
	Organisation string    `json:"organisation,omitempty"`
	Purpose      string    `json:"purpose"`
	Host         string    `json:"host"` // as people read it
	HostID       string    `json:"host_id,omitempty"`
	Day          string    `json:"day"`
	State        string    `json:"state"`
	Arrived      time.Time `json:"arrived,omitzero"`
	Badge        string    `json:"badge,omitempty"`
	Escort       string    `json:"escort,omitempty"`
	Left         time.Time `json:"left,omitzero"`
	Returned     bool      `json:"badge_returned,omitempty"`
	Due          time.Time `json:"due,omitzero"` // first moment after the day on which they arrived
	Told         time.Time `json:"told_left,omitzero"`
}

// Mark is what lists are filtered by.
func (v Visit) Mark() journal.Mark {
	return journal.Mark{State: v.State, Owner: v.HostID, Topic: v.Site, Due: v.Due}
}

// Overdue reports whether a visitor is still here after their day.
func (v *Visit) Overdue(now time.Time) bool { return v.State == Here && !now.Before(v.Due) }

// Late reports whether it was written only after the visitor's day that they left.
func (v *Visit) Late() bool { return v.State == Gone && !v.Told.Before(v.Due) }

// Standing says what a visit comes to.
func (v *Visit) Standing(now time.Time) (outcome, reason string) {
	switch {
	case v.State == Announced:
		return NotObserved, "not here yet"
	case v.State == Cancelled:
		return NotApplicable, "did not come"
	case v.Overdue(now):
		return Fail, "nobody said by the end of " + v.Day + " that they left"
	case v.State == Here:
		return NotObserved, "here now"
	case v.Badge != "" && !v.Returned:
		return Fail, "badge " + v.Badge + " did not come back"
	case v.Late():
		return Fail, "that they left was written after their day"
	}
	return Pass, "left, and the badge came back"
}

// Announce enters a visitor who is expected (visitor.keep).
func (s *Service) Announce(ctx context.Context, p access.Principal, in Announcement) (*VisitObject, error) {
	today, err := s.today(ctx, p, access.VisitorKeep)
	if err != nil {
		return nil, err
	}
	v := Visit{State: Announced, Day: today}
	for _, t := range []struct {
		field, what, from string
		into              *string
		must              bool
		most              int
	}{{"name", "who comes", in.Name, &v.Name, true, 120}, {"organisation", "", in.Organisation, &v.Organisation, false, 120}, {"purpose", "what for", in.Purpose, &v.Purpose, true, 300}, {"host", "", in.Host, &v.Host, false, 120}} {
		if *t.into, err = journal.Line(t.field, t.from, t.what, t.must, t.most); err != nil {
			return nil, err
		}
	}
	if d := strings.TrimSpace(in.Day); d != "" {
		if _, err := time.Parse(time.DateOnly, d); err != nil {
			return nil, bad("day", "%q is no day", d).WithHint("write it as 2026-09-30")
		}
		if d < today {
			return nil, bad("day", "%s is over", d).WithHint("announce them for today and write when they arrived and left")
		}
		v.Day = d
	}
	site, err := s.sites.Get(ctx, in.Site)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(fault.Invalid, err, "there is no site %q", in.Site).At("", 0, "site")
	}
	if err != nil {
		return nil, err
	}
	if site.Content.State != Used {
		return nil, bad("site", "%s was closed on %s", site.Content.Name, site.Content.Closed)
	}
	v.Site, v.SiteName = site.ID, site.Content.Name
	if v.Host == "" {
		v.Host = p.Name
	}
	id, name, err := s.person(ctx, v.Host)
	if err != nil {
		return nil, err
	}
	if id != "" {
		v.HostID, v.Host = id, name
	} else if in.Host != "" && s.cfg.Who != nil {
		return nil, bad("host", "nobody is known by %q", in.Host).WithHint("write the mail address that the register of people has")
	}
	return s.visits.Create(ctx, p, "announced", "", v)
}

// moment reads when something happened: at or after since, and not in the future.
func (s *Service) moment(text, field string, since time.Time) (time.Time, error) {
	now := s.cfg.Journal.Clock()
	if strings.TrimSpace(text) == "" {
		return now, nil
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(text))
	switch {
	case err != nil:
		return t, bad(field, "%q is no moment", text).WithHint("write it as 2026-03-02T17:40:00Z")
	case t.After(now):
		return t, bad(field, "%s has not come yet", text)
	case t.Before(since):
		return t, bad(field, "%s is too early", text).WithHint("nothing before %s", since.Format(time.RFC3339))
	}
	return t.UTC(), nil
}

// Arrive says that a visitor is here (visitor.keep).
func (s *Service) Arrive(ctx context.Context, p access.Principal, ref string, in Arrival) (*VisitObject, error) {
	if _, err := s.today(ctx, p, access.VisitorKeep); err != nil {
		return nil, err
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return nil, err
	}
	if in.Badge, err = journal.Line("badge", in.Badge, "", false, 40); err != nil {
		return nil, err
	}
	if in.Escort, err = journal.Line("escort", in.Escort, "", false, 120); err != nil {
		return nil, err
	}
	return s.visits.Change(ctx, p, ref, 0, "arrived", "", func(tx *sql.Tx, o *VisitObject) error {
		v := &o.Content
		if v.State != Announced {
			return fault.New(fault.Conflict, "%s is %s", o.Ref, v.State)
		}
		at, err := s.moment(in.At, "at", o.Created.AddDate(0, 0, -14))
		if err != nil {
			return err
		}
		if in.Badge != "" {
			out, err := s.visits.ListIn(ctx, tx, journal.Filter{States: []string{Here}, Topic: v.Site})
			if err != nil {
				return err
			}
			for _, x := range out {
				if strings.EqualFold(x.Content.Badge, in.Badge) {
					return bad("badge", "%s has badge %s", x.Content.Name, in.Badge).WithHint("say that they left first (%s)", x.Ref)
				}
			}
		}
		if in.Escort == "" {
			in.Escort = v.Host
		}
		local := at.In(zone)
		v.State, v.Arrived, v.Badge, v.Escort, v.Day = Here, at, in.Badge, in.Escort, local.Format(time.DateOnly)
		v.Due = time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, zone).UTC()
		return nil
	})
}

// Leave says that a visitor left, and whether the badge came back (visitor.keep).
func (s *Service) Leave(ctx context.Context, p access.Principal, ref string, in Departure) (*VisitObject, error) {
	if _, err := s.today(ctx, p, access.VisitorKeep); err != nil {
		return nil, err
	}
	return s.visits.Change(ctx, p, ref, 0, "left", in.Note, func(_ *sql.Tx, o *VisitObject) error {
		v := &o.Content
		if v.State != Here {
			return fault.New(fault.Conflict, "%s is %s", o.Ref, v.State)
		}
		at, err := s.moment(in.At, "at", v.Arrived)
		if err != nil {
			return err
		}
		now := s.cfg.Journal.Clock()
		if v.Badge != "" && !in.Returned || !now.Before(v.Due) {
			if _, err := journal.Note(in.Note, true); err != nil {
				return bad("note", "say what happened").WithHint("the badge did not come back, or it is written after their day")
			}
		}
		v.State, v.Left, v.Returned, v.Told = Gone, at, v.Badge != "" && in.Returned, now
		return nil
	})
}

// Returned says that a badge came back after its visitor had left (visitor.keep).
func (s *Service) Returned(ctx context.Context, p access.Principal, ref, note string) (*VisitObject, error) {
	if _, err := s.today(ctx, p, access.VisitorKeep); err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.visits.Change(ctx, p, ref, 0, "corrected", note, func(_ *sql.Tx, o *VisitObject) error {
		v := &o.Content
		if v.State != Gone || v.Badge == "" || v.Returned {
			return fault.New(fault.Conflict, "no badge of %s is missing", o.Ref)
		}
		v.Returned = true
		return nil
	})
}

// Cancel says that a visitor did not come (visitor.keep).
func (s *Service) Cancel(ctx context.Context, p access.Principal, ref, note string) (*VisitObject, error) {
	if _, err := s.today(ctx, p, access.VisitorKeep); err != nil {
		return nil, err
	}
	return s.visits.Change(ctx, p, ref, 0, "cancelled", note, func(_ *sql.Tx, o *VisitObject) error {
		if o.Content.State != Announced {
			return fault.New(fault.Conflict, "%s is %s", o.Ref, o.Content.State)
		}
		o.Content.State = Cancelled
		return nil
	})
}

// Visit gives one with its history (visitor.read).
func (s *Service) Visit(ctx context.Context, p access.Principal, ref string) (*VisitObject, error) {
	if err := access.Authorise(p, access.VisitorRead); err != nil {
		return nil, err
	}
	return s.visits.Get(ctx, ref)
}

// Visits gives visits, newest first (visitor.read).
func (s *Service) Visits(ctx context.Context, p access.Principal, f journal.Filter) ([]VisitObject, int64, error) {
	if err := access.Authorise(p, access.VisitorRead); err != nil {
		return nil, 0, err
	}
	for _, st := range f.States {
		if !slices.ContainsFunc(VisitStates(), func(x [2]string) bool { return x[0] == st }) {
			return nil, 0, bad("state", "%q is no state of a visit", st)
		}
	}
	return s.visits.List(ctx, f)
}

// VisitCounts gives how many there are by state, and how many are overdue
// (visitor.read).
func (s *Service) VisitCounts(ctx context.Context, p access.Principal) (map[string]int64, int, error) {
	if err := access.Authorise(p, access.VisitorRead); err != nil {
		return nil, 0, err
	}
	n, err := s.visits.Count(ctx)
	if err != nil {
		return nil, 0, err
	}
	late, err := s.overdue(ctx, "")
	return n, late, err
}

func (s *Service) overdue(ctx context.Context, site string) (int, error) {
	all, _, err := s.visits.List(ctx, journal.Filter{States: []string{Here}, Topic: site})
	n, now := 0, s.cfg.Journal.Clock()
	for i := range all {
		if all[i].Content.Overdue(now) {
			n++
		}
	}
	return n, err
}
