package risk

import (
	"context"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/register"
)

// Frame is what of the scope a register is held against.
type Frame struct {
	Version  int
	Zone     *time.Location
	Promises map[string]string // commitments by id
}

// Config wires a Service. DB, Ledger, Clock, Scale and Catalogue are required.
type Config struct {
	DB        *database.DB
	Ledger    *ledger.Log
	Clock     clock.Clock
	Access    *access.Service // finds owners; nil: only who records a risk can own it
	Scale     *Scale
	Catalogue *Catalogue
	// Frame gives what of the scope holds; nil: UTC, and no commitments.
	Frame func(ctx context.Context) (Frame, error)
	// Standing gives how each control in use stands now; nil: none is in use.
	Standing func(ctx context.Context) (Standings, error)
	// Tasks gives the tasks of the plan that are about risks, by the risk; nil: none.
	Tasks func(ctx context.Context) (map[string][]Task, error)
	// Since says what changed outside the register since a day, one text each; nil: nothing is known.
	Since func(ctx context.Context, since Day) ([]string, error)
	// File takes a closed assessment in as evidence and gives its number; nil: nobody does.
	File func(ctx context.Context, p access.Principal, a *Assessment) (string, error)
}

// Service keeps the register over one database.
type Service struct {
	cfg         Config
	frame       register.Config
	risks       *register.Book[Risk, World]
	appetite    *register.Book[Appetite, World]
	assessments *register.Book[Assessment, World]
}

// New makes a Service.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg}
	s.frame = register.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: cfg.Clock, Access: cfg.Access, Zone: func(ctx context.Context) (*time.Location, error) {
		f, err := s.scope(ctx)
		return f.Zone, err
	}}
	s.risks = register.NewBook(s.frame, Noun(), s.world)
	s.appetite = register.NewBook(s.frame, AppetiteNoun(), s.world)
	s.assessments = register.NewBook(s.frame, AssessmentNoun(), s.world)
	return s
}

// Bindings are the checks of this package's rows against the ledger.
func Bindings() []ledger.Binding {
	return slices.Concat(register.Bindings(Noun()), register.Bindings(AppetiteNoun()), register.Bindings(AssessmentNoun()))
}

// Scale gives how risks are rated.
func (s *Service) Scale() *Scale { return s.cfg.Scale }

// Catalogue gives the scenarios that risks are chosen from.
func (s *Service) Catalogue() *Catalogue { return s.cfg.Catalogue }

func (s *Service) scope(ctx context.Context) (Frame, error) {
	if s.cfg.Frame == nil {
		return Frame{Zone: time.UTC}, nil
	}
	return s.cfg.Frame(ctx)
}

// Promises gives the commitments of the scope by id.
func (s *Service) Promises(ctx context.Context) (map[string]string, error) {
	f, err := s.scope(ctx)
	return f.Promises, err
}

// Standing gives how each control in use stands now.
func (s *Service) Standing(ctx context.Context) (Standings, error) {
	if s.cfg.Standing == nil {
		return Standings{}, nil
	}
	return s.cfg.Standing(ctx)
}

// Today is the day in the organisation's zone.
func (s *Service) Today(ctx context.Context) (Day, error) {
	_, today, err := s.frame.Frame(ctx)
	return today, err
}

func (s *Service) world(ctx context.Context) (World, error) {
	f, err := s.scope(ctx)
	if err != nil {
		return World{}, err
	}
	w := World{Scale: s.cfg.Scale, Catalogue: s.cfg.Catalogue, Promises: f.Promises, Scope: f.Version, Taken: map[string]string{}, Since: s.cfg.Since,
		Standing: func() (Standings, error) { return s.Standing(ctx) },
		Risks:    func() ([]*Risk, error) { return s.risks.All(ctx) },
		Assessed: func() ([]*Assessment, error) { return s.assessments.All(ctx) }}
	if w.Appetite, err = s.holds(ctx); err != nil {
		return w, err
	}
	all, err := s.risks.All(ctx)
	for _, r := range all {
		if r.Open() && r.Library != "" {
			w.Taken[r.Library] = r.Ref
		}
	}
	return w, err
}

// holds gives the appetite; nil where none was proposed.
func (s *Service) holds(ctx context.Context) (*Appetite, error) {
	all, err := s.appetite.All(ctx)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// Row is a risk in a list, with what it comes to today.
type Row struct {
	Risk     *Risk       `json:"-"`
	Ref      string      `json:"ref"`
	Title    string      `json:"title"`
	Category string      `json:"category"`
	State    string      `json:"state"`
	Owner    string      `json:"owner"`
	Inherent int         `json:"inherent"` // 0: not rated
	Residual int         `json:"residual"`
	Exposure Exposure    `json:"exposure"`
	Band     string      `json:"band"`
	Limit    *int        `json:"appetite,omitempty"`
	Over     bool        `json:"over_appetite"`
	Accepted Day         `json:"accepted_until,omitempty"`
	Response string      `json:"response,omitempty"`
	Due      Day         `json:"review_due,omitempty"`
	Late     bool        `json:"review_late,omitempty"`
	Tasks    []Task      `json:"tasks"`
	Judged   []Attribute `json:"attributes"`
	Failing  int         `json:"failing"`
}

// Uncovered reports whether it is over the appetite and not accepted.
func (r *Row) Uncovered() bool {
	return slices.ContainsFunc(r.Judged, func(a Attribute) bool { return a.ID == "within_appetite" && a.Outcome == fail })
}

// view is what rows are made with.
type view struct {
	today    Day
	appetite *Appetite
	now      Standings
	tasks    map[string][]Task
	known    bool
}

func (s *Service) view(ctx context.Context) (view, error) {
	var v view
	var err error
	if v.today, err = s.Today(ctx); err != nil {
		return v, err
	}
	if v.appetite, err = s.holds(ctx); err != nil {
		return v, err
	}
	if v.now, err = s.Standing(ctx); err != nil {
		return v, err
	}
	v.known = true
	if s.cfg.Tasks != nil {
		v.tasks, err = s.cfg.Tasks(ctx)
	}
	return v, err
}

func (s *Service) row(r *Risk, v view) Row {
	x := Row{Risk: r, Ref: r.Ref, Title: r.Profile.Title, Category: r.Profile.Category, State: r.State(), Owner: r.Profile.Owner, Inherent: last(r.Inherent).Score(), Residual: last(r.Residual).Score(),
		Exposure: r.Exposure(v.now), Due: r.ReviewDue(s.cfg.Scale), Tasks: v.tasks[r.Ref]}
	x.Judged = r.Judge(s.cfg.Scale, v.appetite, v.now, x.Tasks, v.known, v.today)
	x.Band = s.cfg.Scale.Band(x.Exposure.Score).ID
	x.Late = x.Due != "" && x.Due < v.today
	if n, set := v.appetite.Limit(r.Profile.Category); set {
		x.Limit, x.Over = &n, r.Open() && x.Exposure.Score > n
	}
	if a := r.Accepted(v.today); a != nil {
		x.Accepted = a.Until
	}
	if r.Response != nil {
		x.Response = r.Response.Response
	}
	for _, a := range x.Judged {
		if a.Outcome == fail {
			x.Failing++
		}
	}
	return x
}

// List gives every risk, the most exposed first, closed ones last.
func (s *Service) List(ctx context.Context, p access.Principal) ([]Row, error) {
	if err := access.Authorise(p, access.RiskRead); err != nil {
		return nil, err
	}
	v, err := s.view(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.risks.All(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Row, 0, len(all))
	for _, r := range Ranked(all, v.now) {
		out = append(out, s.row(r, v))
	}
	return out, nil
}

// Get gives one risk by its number or id, with what it comes to today.
func (s *Service) Get(ctx context.Context, p access.Principal, ref string) (Row, error) {
	if err := access.Authorise(p, access.RiskRead); err != nil {
		return Row{}, err
	}
	r, err := s.risks.Get(ctx, ref)
	if err != nil {
		return Row{}, err
	}
	return s.seen(ctx, r)
}

func (s *Service) seen(ctx context.Context, r *Risk) (Row, error) {
	v, err := s.view(ctx)
	if err != nil {
		return Row{}, err
	}
	return s.row(r, v), nil
}

// Identify enters a risk.
func (s *Service) Identify(ctx context.Context, p access.Principal, in Identify) (Row, error) {
	r, err := s.risks.Begin(ctx, p, &in)
	if err != nil {
		return Row{}, err
	}
	return s.seen(ctx, r)
}

// Record adds a change to a risk.
func (s *Service) Record(ctx context.Context, p access.Principal, ref string, c register.Change[Risk, World]) (Row, error) {
	r, err := s.risks.Record(ctx, p, ref, c)
	if err != nil {
		return Row{}, err
	}
	return s.seen(ctx, r)
}

// Appetite gives the appetite with its versions; an empty one where none was proposed.
func (s *Service) Appetite(ctx context.Context, p access.Principal) (*Appetite, error) {
	if err := access.Authorise(p, access.RiskRead); err != nil {
		return nil, err
	}
	a, err := s.holds(ctx)
	if a == nil && err == nil {
		a = &Appetite{Versions: []AppetiteVersion{}}
	}
	return a, err
}

// ProposeAppetite writes a version of the appetite.
func (s *Service) ProposeAppetite(ctx context.Context, p access.Principal, in ProposeAppetite) (*Appetite, error) {
	have, err := s.holds(ctx)
	if err != nil {
		return nil, err
	}
	if have == nil {
		return s.appetite.Begin(ctx, p, &in)
	}
	return s.appetite.Record(ctx, p, have.ID, &ReviseAppetite{in})
}

// ApproveAppetite approves the version that waits.
func (s *Service) ApproveAppetite(ctx context.Context, p access.Principal, in ApproveAppetite) (*Appetite, error) {
	have, err := s.holds(ctx)
	if err != nil {
		return nil, err
	}
	if have == nil {
		return nil, fault.New(fault.Conflict, "no version of the appetite waits for approval")
	}
	return s.appetite.Record(ctx, p, have.ID, &in)
}

// AssessmentState is an assessment with what it still needs.
type AssessmentState struct {
	*Assessment
	State     string       `json:"state"`
	Missing   []string     `json:"missing"` // before it can close
	Changed   []Difference `json:"changed"` // in the register since the one before
	Elsewhere []string     `json:"changed_elsewhere"`
	Unfiled   string       `json:"unfiled,omitempty"` // why it does not lie among evidence yet
}

// Assessments gives every assessment, newest first.
func (s *Service) Assessments(ctx context.Context, p access.Principal) ([]*Assessment, error) {
	if err := access.Authorise(p, access.RiskRead); err != nil {
		return nil, err
	}
	all, err := s.assessments.All(ctx)
	all = slices.Clone(all)
	slices.Reverse(all)
	return all, err
}

// Assessment gives one assessment by its number (RY-1) or id.
func (s *Service) Assessment(ctx context.Context, p access.Principal, ref string) (AssessmentState, error) {
	if err := access.Authorise(p, access.RiskRead); err != nil {
		return AssessmentState{}, err
	}
	a, err := s.assessments.Get(ctx, ref)
	if err != nil {
		return AssessmentState{}, err
	}
	return s.assessed(ctx, a)
}

func (s *Service) assessed(ctx context.Context, a *Assessment) (AssessmentState, error) {
	out := AssessmentState{Assessment: a, State: a.State(), Missing: []string{}, Changed: []Difference{}, Elsewhere: []string{}}
	if out.State != "open" {
		return out, nil
	}
	risks, err := s.risks.All(ctx)
	if err != nil {
		return out, err
	}
	today, err := s.Today(ctx)
	if err != nil {
		return out, err
	}
	out.Missing = append(out.Missing, a.Missing(s.cfg.Scale, risks)...)
	out.Changed = append(out.Changed, Diff(risks, a.After, today)...)
	if s.cfg.Since != nil {
		more, err := s.cfg.Since(ctx, a.Since)
		if err != nil {
			return out, err
		}
		out.Elsewhere = append(out.Elsewhere, more...)
	}
	return out, nil
}

// OpenAssessment begins a yearly look.
func (s *Service) OpenAssessment(ctx context.Context, p access.Principal, in OpenAssessment) (AssessmentState, error) {
	a, err := s.assessments.Begin(ctx, p, &in)
	if err != nil {
		return AssessmentState{}, err
	}
	return s.assessed(ctx, a)
}

// RecordAssessment adds a change to an assessment. One that closes is filed as
// evidence where whoever closes it may add evidence.
func (s *Service) RecordAssessment(ctx context.Context, p access.Principal, ref string, c register.Change[Assessment, World]) (AssessmentState, error) {
	a, err := s.assessments.Record(ctx, p, ref, c)
	if err != nil {
		return AssessmentState{}, err
	}
	if a.Closed != nil && a.Evidence == "" && s.cfg.File != nil && access.Authorise(p, access.EvidenceAdd) == nil {
		filed, err := s.FileAssessment(ctx, p, a.ID)
		if err == nil {
			return filed, nil
		}
		// It is closed all the same: what stands against filing it is said beside it.
		out, again := s.assessed(ctx, a)
		if out.Unfiled, _ = fault.Public(err); again != nil {
			return out, again
		}
		return out, nil
	}
	return s.assessed(ctx, a)
}

// FileAssessment files a closed assessment as evidence of the control that asks
// for one, where that did not happen when it closed.
func (s *Service) FileAssessment(ctx context.Context, p access.Principal, ref string) (AssessmentState, error) {
	if err := access.Authorise(p, access.EvidenceAdd); err != nil {
		return AssessmentState{}, err
	}
	a, err := s.assessments.Get(ctx, ref)
	if err != nil {
		return AssessmentState{}, err
	}
	if a.Closed == nil || a.Evidence != "" || s.cfg.File == nil {
		return AssessmentState{}, fault.New(fault.Conflict, "%s is not closed, or lies among evidence already", a.Ref)
	}
	number, err := s.cfg.File(ctx, p, a)
	if err != nil {
		return AssessmentState{}, err
	}
	if a, err = s.assessments.Record(ctx, p, a.ID, &Filed{Evidence: number}); err != nil {
		return AssessmentState{}, err
	}
	return s.assessed(ctx, a)
}

// Yearly is where the yearly assessment stands.
type Yearly struct {
	Open *Assessment // being made; nil: none is
	Last *Assessment // closed last; nil: none was
	Due  Day         // by when the next is to be closed; "" where none was closed yet
	Late bool
}

// Yearly gives where the yearly assessment stands.
func (s *Service) Yearly(ctx context.Context) (Yearly, error) {
	var y Yearly
	all, err := s.assessments.All(ctx)
	if err != nil {
		return y, err
	}
	for _, a := range all {
		switch a.State() {
		case "open":
			y.Open = a
		case "closed":
			y.Last, y.Due = a, a.Day.Add(12, 0)
		}
	}
	today, err := s.Today(ctx)
	y.Late = y.Due != "" && y.Due < today
	return y, err
}
