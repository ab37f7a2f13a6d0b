package work

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Config wires a Service. Logger, Zone, Manager and Tell may be nil.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Access *access.Service
	Clock  clock.Clock
	Logger *slog.Logger
	// Sources gives what can wait. It is asked each time, so that it may be made of
	// services that are made later.
	Sources func() []Source
	// Zone gives the organisation's time zone; nil is UTC.
	Zone func(ctx context.Context) (*time.Location, error)
	// Manager gives the user who is the manager of a user; "" where none is known.
	Manager func(ctx context.Context, user string) (string, error)
	// Tell says to people that something was escalated to them.
	Tell func(ctx context.Context, all []Escalation) error
}

// Service keeps absences and escalations, and gives queues.
type Service struct {
	cfg    Config
	shared shared
}

// New makes a Service.
func New(cfg Config) *Service {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Sources == nil {
		cfg.Sources = func() []Source { return nil }
	}
	return &Service{cfg: cfg}
}

func (s *Service) zone(ctx context.Context) (*time.Location, error) {
	if s.cfg.Zone == nil {
		return time.UTC, nil
	}
	return s.cfg.Zone(ctx)
}

// Absence is a time in which somebody is away and somebody else stands in.
type Absence struct {
	ID      string    `json:"id"`     // abs_…
	Person  string    `json:"person"` // usr_…
	Stand   string    `json:"stand"`  // usr_…
	From    string    `json:"from"`   // first day: "2026-08-03"
	To      string    `json:"to"`     // last day
	Note    string    `json:"note,omitempty"`
	SetAt   time.Time `json:"set_at"`
	SetBy   string    `json:"set_by"`
	Entry   string    `json:"entry"`
	EndedAt time.Time `json:"ended_at,omitzero"` // before its last day
	EndedBy string    `json:"ended_by,omitempty"`
	end     string    // entry
}

// On reports whether it holds on a day.
func (a *Absence) On(day string) bool {
	return a.EndedAt.IsZero() && a.From <= day && day <= a.To
}

// Away is what somebody says of an absence. Person is oneself where empty.
type Away struct {
	Person string `json:"person,omitempty" doc:"Id of a user; yourself when absent." maxLength:"40"`
	Stand  string `json:"stand" doc:"Id of the user who stands in." maxLength:"40"`
	From   string `json:"from" doc:"First day: 2026-08-03." maxLength:"10"`
	To     string `json:"to" doc:"Last day." maxLength:"10"`
	Note   string `json:"note,omitempty" doc:"What the stand-in should know." maxLength:"500"`
}

const (
	maxNote   = 500 // letters
	maxAway   = 366 // days
	maxAhead  = 366 // days
	dayLayout = time.DateOnly
)

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

func parseDay(text, field string) (time.Time, error) {
	t, err := time.Parse(dayLayout, strings.TrimSpace(text))
	if err != nil {
		return t, bad(field, "%q is no day", text).WithHint("write it as 2026-08-03")
	}
	return t, nil
}

// today gives the organisation's day at a moment.
func today(now time.Time, zone *time.Location) string { return now.In(zone).Format(dayLayout) }

// Set records that somebody is away and who stands in. One says it of oneself;
// whoever keeps the plan may say it of anybody (task.edit).
func (s *Service) Set(ctx context.Context, p access.Principal, in Away) (*Absence, error) {
	if err := access.Authorise(p, access.AbsenceSet); err != nil {
		return nil, err
	}
	a := Absence{Person: strings.TrimSpace(in.Person), Stand: strings.TrimSpace(in.Stand), From: strings.TrimSpace(in.From), To: strings.TrimSpace(in.To), Note: strings.Join(strings.Fields(in.Note), " ")}
	if a.Person == "" {
		a.Person = p.UserID
	}
	if a.Person != p.UserID {
		if err := access.Authorise(p, access.TaskEdit); err != nil {
			return nil, fault.New(fault.Forbidden, "you can say only of yourself that you are away").WithHint("whoever keeps the plan can say it of others")
		}
	}
	from, err := parseDay(a.From, "from")
	if err != nil {
		return nil, err
	}
	to, err := parseDay(a.To, "to")
	if err != nil {
		return nil, err
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	switch day := today(now, zone); {
	case to.Before(from):
		return nil, bad("to", "the last day is before the first")
	case a.To < day:
		return nil, bad("to", "these days are over").WithHint("what a stand-in did before it was said stays done by them alone")
	case a.From < day:
		return nil, bad("from", "it begins today at the earliest").WithHint("nobody stood in before it was said")
	case to.Sub(from) > maxAway*24*time.Hour || from.Sub(now) > maxAhead*24*time.Hour:
		return nil, bad("to", "it lasts a year at most, and begins within a year")
	case !utf8.ValidString(a.Note) || utf8.RuneCountInString(a.Note) > maxNote:
		return nil, bad("note", "at most %d letters are kept", maxNote)
	case a.Stand == "":
		return nil, bad("stand", "say who stands in")
	case a.Stand == a.Person:
		return nil, bad("stand", "nobody stands in for themselves")
	}
	able, err := s.cfg.Access.Able(ctx, access.AbsenceSet)
	if err != nil {
		return nil, err
	}
	known := func(id string) bool { return slices.ContainsFunc(able, func(u access.User) bool { return u.ID == id }) }
	if !known(a.Person) {
		return nil, bad("person", "nobody who does work here has the id %s", a.Person).WithHint("choose somebody from the list")
	}
	if !known(a.Stand) {
		return nil, bad("stand", "nobody who does work here has the id %s", a.Stand).WithHint("choose somebody from the list")
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := absences(ctx, tx, `WHERE ended_at = 0 AND from_day <= $1 AND to_day >= $2`, a.To, a.From)
		if err != nil {
			return err
		}
		for _, o := range have {
			switch {
			case o.Person == a.Person:
				return fault.New(fault.Conflict, "it is said already for %s to %s", o.From, o.To).At("", 0, "from").WithHint("end that one first")
			case o.Person == a.Stand:
				return fault.New(fault.Conflict, "who is to stand in is away from %s to %s", o.From, o.To).At("", 0, "stand").WithHint("choose somebody else")
			case o.Stand == a.Person:
				return fault.New(fault.Conflict, "from %s to %s they stand in for somebody else", o.From, o.To).At("", 0, "from").WithHint("let somebody else stand in there first")
			}
		}
		a.ID, a.SetAt, a.SetBy = ids.New("abs", now), now, p.UserID
		e := ledger.Entry{Type: "absence.set", Stream: stream(p), Actor: p.UserID, Subject: a.Person, Data: map[string]any{"id": a.ID, "stand": a.Stand, "from": a.From, "to": a.To}}
		if a.Note != "" {
			e.Personal = map[string]string{"note": a.Note}
		}
		if a.Entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
			return fmt.Errorf("record an absence: %w", err)
		}
		return insertAbsence(ctx, tx, a)
	})
	return &a, err
}

func stream(p access.Principal) string {
	if p.IsSystem() {
		return "system"
	}
	return "people"
}

// End ends an absence before its last day: from this moment nobody stands in.
func (s *Service) End(ctx context.Context, p access.Principal, id string) (*Absence, error) {
	if err := access.Authorise(p, access.AbsenceSet); err != nil {
		return nil, err
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return nil, err
	}
	var a Absence
	now := s.cfg.Clock()
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := absences(ctx, tx, `WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if len(have) == 0 {
			return fault.New(fault.NotFound, "there is no absence %q", id)
		}
		a = have[0]
		switch {
		case a.Person != p.UserID && access.Authorise(p, access.TaskEdit) != nil:
			return fault.New(fault.Forbidden, "it is somebody else's absence").WithHint("they end it, or whoever keeps the plan")
		case !a.EndedAt.IsZero() || a.To < today(now, zone):
			return fault.New(fault.Conflict, "it is over already")
		}
		a.EndedAt, a.EndedBy = now, p.UserID
		if a.end, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "absence.ended", Stream: stream(p), Actor: p.UserID, Subject: a.Person, Data: map[string]any{"id": a.ID}}); err != nil {
			return fmt.Errorf("record the end of an absence: %w", err)
		}
		return endAbsence(ctx, tx, a)
	})
	return &a, err
}

// Absences gives those that hold or are to come, the soonest first; with all also
// those that are over (work.read). Whoever does not keep the plan sees those in
// which they are named.
func (s *Service) Absences(ctx context.Context, p access.Principal, all bool) ([]Absence, error) {
	if err := access.Authorise(p, access.WorkRead); err != nil {
		return nil, err
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return nil, err
	}
	day := today(s.cfg.Clock(), zone)
	list, err := absences(ctx, s.cfg.DB.Reader(), ``)
	return slices.DeleteFunc(list, func(a Absence) bool {
		return !all && (!a.EndedAt.IsZero() || a.To < day) || a.Person != p.UserID && a.Stand != p.UserID && access.Authorise(p, access.TaskEdit) != nil
	}), err
}

func (s *Service) awayOn(ctx context.Context, now time.Time, zone *time.Location) ([]Absence, error) {
	day := today(now, zone)
	return absences(ctx, s.cfg.DB.Reader(), `WHERE ended_at = 0 AND from_day <= $1 AND to_day >= $1`, day)
}

// StandsFor reports whether somebody stands in for somebody else now. It is what
// domains ask whose objects have an owner.
func (s *Service) StandsFor(ctx context.Context, q database.Querier, stand, person string) (bool, error) {
	if stand == "" || person == "" || stand == person {
		return false, nil
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return false, err
	}
	have, err := absences(ctx, q, `WHERE ended_at = 0 AND from_day <= $1 AND to_day >= $1 AND stand = $2 AND person = $3`, today(s.cfg.Clock(), zone), stand, person)
	return len(have) > 0, err
}

var itemID = regexp.MustCompile(`^[a-z]+/.{1,200}$`)

// Take records that a stand-in takes on an item of whoever is away, and gives the
// item. What they then do is theirs in every record; this one says for whom.
func (s *Service) Take(ctx context.Context, p access.Principal, id string) (*Mine, error) {
	if err := access.Authorise(p, access.AbsenceSet); err != nil {
		return nil, err
	}
	if !itemID.MatchString(id) {
		return nil, fault.New(fault.NotFound, "there is no item %q", id)
	}
	v, err := s.Queue(ctx, p)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(v.Items, func(m Mine) bool { return m.ID() == id })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "%s does not wait for you any more", id).WithHint("it may be finished; look at the queue again")
	}
	m := &v.Items[i]
	if m.For == "" { // one's own: nothing to say
		return m, nil
	}
	now := s.cfg.Clock()
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		stands, err := s.StandsFor(ctx, tx, p.UserID, m.For)
		if err != nil {
			return err
		}
		if !stands {
			return fault.New(fault.Conflict, "you do not stand in for them any more")
		}
		t := taken{id: ids.New("abt", now), item: m.ID(), person: m.For, at: now, by: p.UserID}
		if done, err := takenBefore(ctx, tx, t); err != nil || done {
			return err
		}
		if t.entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "absence.acted", Stream: stream(p), Actor: p.UserID, Subject: m.For, Data: map[string]any{"id": t.id, "item": t.item}}); err != nil {
			return fmt.Errorf("record that a stand-in acts: %w", err)
		}
		return insertTaken(ctx, tx, t)
	})
	return m, err
}

// taken is that a stand-in took on an item.
type taken struct {
	id, item, person string
	at               time.Time
	by, entry        string
}

// Took gives who took on which items for somebody, newest first: id of the item,
// who, when (work.read).
type Took struct {
	Item   string    `json:"item"`
	Person string    `json:"for"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Entry  string    `json:"entry"`
}

// Taken gives what stand-ins took on, newest first, at most a hundred; of those
// that concern whoever asks where they do not keep the plan.
func (s *Service) Taken(ctx context.Context, p access.Principal) ([]Took, error) {
	if err := access.Authorise(p, access.WorkRead); err != nil {
		return nil, err
	}
	all, err := tookAll(ctx, s.cfg.DB.Reader())
	all = slices.DeleteFunc(all, func(t Took) bool {
		return t.By != p.UserID && t.Person != p.UserID && access.Authorise(p, access.TaskEdit) != nil
	})
	return all[:min(len(all), 100)], err
}
