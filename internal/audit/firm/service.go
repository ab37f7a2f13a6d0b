package firm

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Config is what the service depends on. Zone may be nil: UTC.
type Config struct {
	Journal journal.Config
	Zone    func(ctx context.Context) (*time.Location, error)
}

// Service keeps firms and reports.
type Service struct {
	cfg     Config
	firms   *journal.Journal[Firm]
	reports *journal.Journal[Report]
}

// Object is a firm with its number and history; ReportObject a report.
type (
	Object       = journal.Object[Firm]
	ReportObject = journal.Object[Report]
)

// New makes the service.
func New(cfg Config) *Service {
	return &Service{cfg, journal.New[Firm](cfg.Journal, Kind), journal.New[Report](cfg.Journal, ReportKind)}
}

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding {
	return slices.Concat(journal.Bindings[Firm](Kind), journal.Bindings[Report](ReportKind))
}

// Today gives the organisation's day.
func (s *Service) Today(ctx context.Context) (string, error) {
	zone := time.UTC
	if s.cfg.Zone != nil {
		z, err := s.cfg.Zone(ctx)
		if err != nil {
			return "", err
		}
		zone = z
	}
	return s.firms.Now().In(zone).Format(time.DateOnly), nil
}

// edit authorises and gives today.
func (s *Service) edit(ctx context.Context, p access.Principal, a access.Action) (string, error) {
	if err := access.Authorise(p, a); err != nil {
		return "", err
	}
	if p.IsSystem() {
		return "", fault.New(fault.Forbidden, "a named person does this")
	}
	return s.Today(ctx)
}

// Propose adds a firm that could examine us (firm.edit).
func (s *Service) Propose(ctx context.Context, p access.Principal, in Profile) (*Object, error) {
	if _, err := s.edit(ctx, p, access.FirmEdit); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	same, _, err := s.firms.List(ctx, journal.Filter{Topic: strings.ToLower(in.Name)})
	if err != nil {
		return nil, err
	}
	if len(same) > 0 {
		return nil, fault.New(fault.Conflict, "%s is %s already", in.Name, same[0].Ref).At("", 0, "name").WithHint("write what is new there")
	}
	return s.firms.Create(ctx, p, "proposed", "", Firm{Profile: in, State: Considered, Proposer: p.UserID})
}

func (s *Service) change(ctx context.Context, p access.Principal, a access.Action, ref, step, note string, states []State, change func(tx *sql.Tx, f *Firm, today string) error) (*Object, error) {
	today, err := s.edit(ctx, p, a)
	if err != nil {
		return nil, err
	}
	return s.firms.Change(ctx, p, ref, 0, step, note, func(tx *sql.Tx, o *Object) error {
		if !slices.Contains(states, o.Content.State) {
			return fault.New(fault.Conflict, "%s is %s", o.Ref, o.Content.State)
		}
		return change(tx, &o.Content, today)
	})
}

var running = []State{Considered, Engaged}

// Describe writes anew what is known of a firm (firm.edit).
func (s *Service) Describe(ctx context.Context, p access.Principal, ref string, in Profile, note string) (*Object, error) {
	return s.change(ctx, p, access.FirmEdit, ref, "described", note, running, func(_ *sql.Tx, f *Firm, _ string) error {
		if err := in.check(); err != nil {
			return err
		}
		f.Profile = in
		return nil
	})
}

// Verify records what was found when a firm's licence was looked up (firm.edit).
func (s *Service) Verify(ctx context.Context, p access.Principal, ref string, in Licence) (*Object, error) {
	return s.change(ctx, p, access.FirmEdit, ref, "verified", "", running, func(_ *sql.Tx, f *Firm, today string) error {
		if err := in.check(today); err != nil {
			return err
		}
		f.Licence = &Checked{Licence: in, By: p.UserID, At: s.firms.Now()}
		return nil
	})
}

// Answer records the answers on independence (firm.edit); questions that are not
// among them keep theirs.
func (s *Service) Answer(ctx context.Context, p access.Principal, ref string, in map[string]Answer) (*Object, error) {
	return s.change(ctx, p, access.FirmEdit, ref, "answered", "", running, func(_ *sql.Tx, f *Firm, _ string) error {
		if len(in) == 0 {
			return bad("answers", "answer one question at least")
		}
		answers := map[string]Answer{}
		for id, a := range f.Answers {
			answers[id] = a
		}
		for _, q := range Questions() {
			a, ok := in[q.ID]
			if !ok {
				continue
			}
			var err error
			if a.Safeguard, err = journal.Text("safeguard-"+q.ID, a.Safeguard, "what makes up for this threat ("+q.Kind+")", a.Threat, 2000); err != nil {
				return err
			}
			answers[q.ID] = a
		}
		for id := range in {
			if !slices.ContainsFunc(Questions(), func(q Question) bool { return q.ID == id }) {
				return bad("answers", "there is no question %q", id)
			}
		}
		f.Answers, f.Answered = answers, s.firms.Now()
		return nil
	})
}

// Engage decides for a firm (firm.decide): somebody else than whoever proposed it.
func (s *Service) Engage(ctx context.Context, p access.Principal, ref, note, alone string) (*Object, error) {
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.change(ctx, p, access.FirmDecide, ref, "engaged", note, []State{Considered}, func(tx *sql.Tx, f *Firm, today string) error {
		if missing := f.Missing(today); len(missing) > 0 {
			return fault.New(fault.Conflict, "%s is not engaged yet: %s", f.Name, strings.Join(missing, "; "))
		}
		said, err := access.SecondPerson(ctx, tx, p, f.Proposer, access.FirmDecide, alone)
		if err != nil {
			return err
		}
		f.State, f.Decider, f.Alone = Engaged, p.UserID, said
		return nil
	})
}

// Refuse decides against a firm, with a reason (firm.decide).
func (s *Service) Refuse(ctx context.Context, p access.Principal, ref, note string) (*Object, error) {
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.change(ctx, p, access.FirmDecide, ref, "refused", note, []State{Considered}, func(_ *sql.Tx, f *Firm, _ string) error {
		f.State, f.Decider = Refused, p.UserID
		return nil
	})
}

// Sign records an engagement letter (firm.edit).
func (s *Service) Sign(ctx context.Context, p access.Principal, ref string, in Letter) (*Object, error) {
	return s.change(ctx, p, access.FirmEdit, ref, "letter", "", []State{Engaged}, func(_ *sql.Tx, f *Firm, today string) error {
		if err := in.check(today); err != nil {
			return err
		}
		f.Letters = append(f.Letters, in)
		return nil
	})
}

// End ends the relationship with a firm (firm.decide).
func (s *Service) End(ctx context.Context, p access.Principal, ref, note string) (*Object, error) {
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.change(ctx, p, access.FirmDecide, ref, "ended", note, []State{Engaged}, func(_ *sql.Tx, f *Firm, _ string) error {
		f.State = Ended
		return nil
	})
}

// Get gives one firm with its history (firm.read).
func (s *Service) Get(ctx context.Context, p access.Principal, ref string) (*Object, error) {
	if err := access.Authorise(p, access.FirmRead); err != nil {
		return nil, err
	}
	return s.firms.Get(ctx, ref)
}

// List gives firms, newest first (firm.read).
func (s *Service) List(ctx context.Context, p access.Principal, f journal.Filter) ([]Object, int64, error) {
	if err := access.Authorise(p, access.FirmRead); err != nil {
		return nil, 0, err
	}
	return s.firms.List(ctx, f)
}

// Receive records a report that came, whatever it says (firm.edit).
func (s *Service) Receive(ctx context.Context, p access.Principal, in Received) (*ReportObject, error) {
	today, err := s.edit(ctx, p, access.FirmEdit)
	if err != nil {
		return nil, err
	}
	if err := in.check(today); err != nil {
		return nil, err
	}
	if strings.HasPrefix(strings.ToUpper(in.Firm), Kind.Letter+"-") {
		o, err := s.firms.Get(ctx, in.Firm)
		if fault.Is(err, fault.NotFound) {
			return nil, bad("firm", "there is no firm %s", in.Firm).WithHint("write its name where it is not in the register")
		}
		if err != nil {
			return nil, err
		}
		in.Firm = o.Ref
	}
	return s.reports.Create(ctx, p, "received", "", Report{Received: in})
}

// Hand records a copy that somebody was given (report.hand).
func (s *Service) Hand(ctx context.Context, p access.Principal, ref string, in Handing) (*ReportObject, error) {
	today, err := s.edit(ctx, p, access.ReportHand)
	if err != nil {
		return nil, err
	}
	return s.reports.Change(ctx, p, ref, 0, "handed", "", func(_ *sql.Tx, o *ReportObject) error {
		if err := in.check(&o.Content, today); err != nil {
			return err
		}
		if len(o.Content.Copies) == 500 {
			return fault.New(fault.Conflict, "%s has 500 copies in the register", o.Ref).WithHint("record it anew for a further 500")
		}
		o.Content.Copies = append(o.Content.Copies, Copy{Number: len(o.Content.Copies) + 1, Handing: in, By: p.UserID, At: s.reports.Now()})
		return nil
	})
}

// Recall records that a copy was asked back, and why (report.hand). The copy stays
// in the register.
func (s *Service) Recall(ctx context.Context, p access.Principal, ref string, number int, on, why string) (*ReportObject, error) {
	today, err := s.edit(ctx, p, access.ReportHand)
	if err != nil {
		return nil, err
	}
	if why, err = journal.Text("why", why, "why it was asked back", true, 1000); err != nil {
		return nil, err
	}
	if err := day("on", &on, true); err != nil {
		return nil, err
	}
	return s.reports.Change(ctx, p, ref, 0, "recalled", "", func(_ *sql.Tx, o *ReportObject) error {
		i := slices.IndexFunc(o.Content.Copies, func(c Copy) bool { return c.Number == number })
		switch {
		case i < 0:
			return bad("number", "%s has no copy %d", o.Ref, number)
		case o.Content.Copies[i].Recalled != "":
			return fault.New(fault.Conflict, "copy %d was asked back on %s", number, o.Content.Copies[i].Recalled)
		case on > today || on < o.Content.Copies[i].On:
			return bad("on", "choose a day from %s to today", o.Content.Copies[i].On)
		}
		o.Content.Copies[i].Recalled, o.Content.Copies[i].Why = on, why
		return nil
	})
}

// Report gives one report with its history (firm.read).
func (s *Service) Report(ctx context.Context, p access.Principal, ref string) (*ReportObject, error) {
	if err := access.Authorise(p, access.FirmRead); err != nil {
		return nil, err
	}
	return s.reports.Get(ctx, ref)
}

// Reports gives reports, newest first (firm.read).
func (s *Service) Reports(ctx context.Context, p access.Principal) ([]ReportObject, error) {
	if err := access.Authorise(p, access.FirmRead); err != nil {
		return nil, err
	}
	all, _, err := s.reports.List(ctx, journal.Filter{})
	return all, err
}
