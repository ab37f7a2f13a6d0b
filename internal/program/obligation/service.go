package obligation

import (
	"context"

	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/program/register"
)

// Config wires a Service. DB, Ledger and Clock are required.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
	Access *access.Service // finds owners
	Zone   func(ctx context.Context) (*time.Location, error)
	// Promises gives the commitments of the scope by id; nil: none.
	Promises func(ctx context.Context) (map[string]string, error)
	// Control and Data give kind NotFound where there is no such control or data; nil: any.
	Control, Data func(ctx context.Context, ref string) error
}

// Service keeps obligations over one database.
type Service struct {
	cfg   Config
	frame register.Config
	all   *register.Book[Obligation, World]
}

// New makes a Service.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg, frame: register.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: cfg.Clock, Access: cfg.Access, Zone: cfg.Zone}}
	s.all = register.NewBook(s.frame, Noun(), s.world)
	return s
}

// Bindings are the checks of this package's rows against the ledger.
func Bindings() []ledger.Binding { return register.Bindings(Noun()) }

func (s *Service) world(ctx context.Context) (World, error) {
	w := World{Control: func(string) error { return nil }, Data: func(string) error { return nil }}
	if s.cfg.Control != nil {
		w.Control = func(slug string) error { return s.cfg.Control(ctx, slug) }
	}
	if s.cfg.Data != nil {
		w.Data = func(ref string) error { return s.cfg.Data(ctx, ref) }
	}
	var err error
	w.Promises, err = s.Promises(ctx)
	return w, err
}

// Promises gives the commitments of the scope by id.
func (s *Service) Promises(ctx context.Context) (map[string]string, error) {
	if s.cfg.Promises == nil {
		return map[string]string{}, nil
	}
	return s.cfg.Promises(ctx)
}

// Today is the day in the organisation's zone.
func (s *Service) Today(ctx context.Context) (Day, error) {
	_, today, err := s.frame.Frame(ctx)
	return today, err
}

// Row is an obligation with what it comes to today.
type Row struct {
	*Obligation
	Due     Day         `json:"review_due,omitempty"`
	Late    bool        `json:"review_late,omitempty"`
	Judged  []Attribute `json:"attributes"`
	Failing int         `json:"failing"`
}

func row(o *Obligation, today Day) Row {
	r := Row{Obligation: o, Due: o.ReviewDue(), Judged: o.Judge(today)}
	r.Late = r.Due != "" && r.Due < today
	for _, a := range r.Judged {
		if a.Outcome == "fail" {
			r.Failing++
		}
	}
	return r
}

// List gives every obligation by number, those that apply no more last.
func (s *Service) List(ctx context.Context, p access.Principal) ([]Row, error) {
	if err := access.Authorise(p, access.GovernanceRead); err != nil {
		return nil, err
	}
	today, err := s.Today(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.all.All(ctx)
	out := make([]Row, 0, len(all))
	for _, ended := range []bool{false, true} {
		for _, o := range all {
			if (o.Ended != "") == ended {
				out = append(out, row(o, today))
			}
		}
	}
	return out, err
}

// Get gives one obligation by its number (L-3) or id.
func (s *Service) Get(ctx context.Context, p access.Principal, ref string) (Row, error) {
	if err := access.Authorise(p, access.GovernanceRead); err != nil {
		return Row{}, err
	}
	o, err := s.all.Get(ctx, ref)
	if err != nil {
		return Row{}, err
	}
	today, err := s.Today(ctx)
	return row(o, today), err
}

// Enter enters an obligation.
func (s *Service) Enter(ctx context.Context, p access.Principal, in Enter) (Row, error) {
	o, err := s.all.Begin(ctx, p, &in)
	if err != nil {
		return Row{}, err
	}
	today, err := s.Today(ctx)
	return row(o, today), err
}

// Record adds a change to an obligation.
func (s *Service) Record(ctx context.Context, p access.Principal, ref string, c register.Change[Obligation, World]) (Row, error) {
	o, err := s.all.Record(ctx, p, ref, c)
	if err != nil {
		return Row{}, err
	}
	today, err := s.Today(ctx)
	return row(o, today), err
}

// Sources gives to populations each day by which an obligation was to be looked
// at, as the records said at the end of the window, as known by the ledger then.
func (s *Service) Sources() []population.Source {
	text, number := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}
	return []population.Source{{Name: "obligation-reviews", Title: "Looks at laws and contracts due", Doc: "Each day by which a law, contract or rule that applies was to be looked at.",
		Fields: []judge.Field{{Name: "number", Type: text, Doc: "L-3"}, {Name: "title", Type: text, Doc: "what it is called"}, {Name: "sort", Type: text, Doc: "law, contract, rule, own"}, {Name: "due", Type: text, Doc: "by when"},
			{Name: "looked", Type: text, Doc: "when it was looked at; absent where it was not"}, {Name: "by", Type: text, Doc: "user who looked"}, {Name: "days_late", Type: number, Doc: "days after, up to the end of the window"},
			{Name: "in_time", Type: text, Doc: "pass, fail, not_observed (not due yet), not_applicable (it applied no more); derived"}},
		Columns: []string{"number", "title", "due", "looked", "in_time"}, Dates: []population.Date{{Name: "due", Doc: "the look was due"}}, Read: s.dueItems}}
}

func (s *Service) dueItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	zone, _, err := s.frame.Frame(ctx)
	if err != nil {
		return nil, err
	}
	valid := r.At.Valid
	if valid.IsZero() {
		valid = s.cfg.Clock()
	}
	all, err := s.all.AsOf(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	today := register.DayOf(valid.Add(-time.Microsecond), zone)
	var out []population.Item
	for _, o := range all {
		for _, d := range o.Dues() {
			a := map[string]any{"number": o.Ref, "title": o.Profile.Title, "sort": o.Profile.Sort, "due": string(d.Day)}
			switch {
			case d.Done != "":
				a["looked"], a["by"], a["days_late"], a["in_time"] = string(d.Done), d.By, int64(max(0, d.Day.Until(d.Done))), "pass"
				if d.Done > d.Day {
					a["in_time"] = "fail"
				}
			case d.Closed:
				a["in_time"] = "not_applicable"
			case d.Day <= today:
				a["days_late"], a["in_time"] = int64(d.Day.Until(today)), "fail"
			default:
				a["in_time"] = "not_observed"
			}
			out = append(out, population.Item{ID: o.ID + "/" + string(d.Day), Attributes: a, Dates: map[string][]population.Span{"due": {{From: d.Day.In(zone), To: d.Day.In(zone)}}}})
		}
	}
	return out, nil
}
