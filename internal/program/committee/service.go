package committee

import (
	"context"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/register"
)

// Config wires a Service. DB, Ledger and Clock are required.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
	Access *access.Service // finds members and owners
	Zone   func(ctx context.Context) (*time.Location, error)
	// Tasks gives the tasks of the plan that carry decisions out, by the decision (M-3/2); nil: none.
	Tasks func(ctx context.Context) (map[string]Task, error)
	// Make makes the task of a decision that has an owner or a day; nil: nobody does.
	Make func(ctx context.Context, p access.Principal, m *Meeting, d Decision) error
}

// Service keeps committees and meetings over one database.
type Service struct {
	cfg        Config
	frame      register.Config
	committees *register.Book[Committee, World]
	meetings   *register.Book[Meeting, World]
}

// New makes a Service.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg, frame: register.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: cfg.Clock, Access: cfg.Access, Zone: cfg.Zone}}
	s.committees = register.NewBook(s.frame, Noun(), s.world)
	s.meetings = register.NewBook(s.frame, MeetingNoun(), s.world)
	return s
}

// Bindings are the checks of this package's rows against the ledger.
func Bindings() []ledger.Binding {
	return slices.Concat(register.Bindings(Noun()), register.Bindings(MeetingNoun()))
}

func (s *Service) world(ctx context.Context) (World, error) {
	return World{Committees: func() ([]*Committee, error) { return s.committees.All(ctx) }}, nil
}

// Today is the day in the organisation's zone.
func (s *Service) Today(ctx context.Context) (Day, error) {
	_, today, err := s.frame.Frame(ctx)
	return today, err
}

// Row is a committee with what it comes to today.
type Row struct {
	*Committee
	Sitting     int         `json:"sitting"`
	Independent int         `json:"independent"`
	Last        Day         `json:"last_met,omitempty"` // with its quorum
	Next        Day         `json:"to_meet_by,omitempty"`
	Late        bool        `json:"late,omitempty"`
	Judged      []Attribute `json:"attributes"`
	Failing     int         `json:"failing"`
	Meetings    []*Meeting  `json:"-"` // its own, by day
}

func (s *Service) tasks(ctx context.Context) (map[string]Task, error) {
	if s.cfg.Tasks == nil {
		return map[string]Task{}, nil
	}
	return s.cfg.Tasks(ctx)
}

// List gives every committee, those that ended last.
func (s *Service) List(ctx context.Context, p access.Principal) ([]Row, error) {
	if err := access.Authorise(p, access.GovernanceRead); err != nil {
		return nil, err
	}
	today, err := s.Today(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.committees.All(ctx)
	if err != nil {
		return nil, err
	}
	meetings, err := s.meetings.All(ctx)
	if err != nil {
		return nil, err
	}
	tasks, err := s.tasks(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Row, 0, len(all))
	for _, c := range all {
		out = append(out, row(c, meetings, tasks, today))
	}
	slices.SortStableFunc(out, func(a, b Row) int {
		switch {
		case (a.Ended == "") == (b.Ended == ""):
			return a.Number - b.Number
		case a.Ended == "":
			return -1
		}
		return 1
	})
	return out, nil
}

func row(c *Committee, meetings []*Meeting, tasks map[string]Task, today Day) Row {
	r := Row{Committee: c, Meetings: []*Meeting{}}
	for _, m := range meetings {
		if m.Committee == c.Ref {
			r.Meetings = append(r.Meetings, m)
		}
	}
	byDay(r.Meetings)
	for _, m := range c.Sitting(today) {
		r.Sitting++
		if x := m.Independence(today); x != nil && x.Independent {
			r.Independent++
		}
	}
	dues := c.Dues(r.Meetings)
	if len(dues) > 1 {
		r.Last = dues[len(dues)-2].Done
	}
	if c.Ended == "" {
		r.Next = dues[len(dues)-1].Day
		r.Late = r.Next < today
	}
	r.Judged = c.Judge(r.Meetings, tasks, today)
	for _, a := range r.Judged {
		if a.Outcome == fail {
			r.Failing++
		}
	}
	return r
}

// Get gives one committee by its number (B-1) or id.
func (s *Service) Get(ctx context.Context, p access.Principal, ref string) (Row, error) {
	if err := access.Authorise(p, access.GovernanceRead); err != nil {
		return Row{}, err
	}
	c, err := s.committees.Get(ctx, ref)
	if err != nil {
		return Row{}, err
	}
	return s.seen(ctx, c)
}

func (s *Service) seen(ctx context.Context, c *Committee) (Row, error) {
	today, err := s.Today(ctx)
	if err != nil {
		return Row{}, err
	}
	meetings, err := s.meetings.All(ctx)
	if err != nil {
		return Row{}, err
	}
	tasks, err := s.tasks(ctx)
	return row(c, meetings, tasks, today), err
}

// Form makes a committee.
func (s *Service) Form(ctx context.Context, p access.Principal, in Form) (Row, error) {
	c, err := s.committees.Begin(ctx, p, &in)
	if err != nil {
		return Row{}, err
	}
	return s.seen(ctx, c)
}

// Record adds a change to a committee.
func (s *Service) Record(ctx context.Context, p access.Principal, ref string, c register.Change[Committee, World]) (Row, error) {
	x, err := s.committees.Record(ctx, p, ref, c)
	if err != nil {
		return Row{}, err
	}
	return s.seen(ctx, x)
}

// MeetingRow is a meeting with its committee and what it comes to today.
type MeetingRow struct {
	*Meeting
	State  string      `json:"state"`
	Name   string      `json:"committee_name"`
	Of     *Committee  `json:"-"`
	Tasks  []*Task     `json:"tasks"` // by decision; nil where none was made
	Judged []Attribute `json:"attributes"`
}

// Meetings gives every meeting, the latest first; of one committee where ref is set.
func (s *Service) Meetings(ctx context.Context, p access.Principal, ref string) ([]MeetingRow, error) {
	if err := access.Authorise(p, access.GovernanceRead); err != nil {
		return nil, err
	}
	all, err := s.meetings.All(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.Clone(all)
	byDay(all)
	slices.Reverse(all)
	out := []MeetingRow{}
	for _, m := range all {
		if ref != "" && m.Committee != ref {
			continue
		}
		r, err := s.met(ctx, m)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Meeting gives one meeting by its number (M-3) or id.
func (s *Service) Meeting(ctx context.Context, p access.Principal, ref string) (MeetingRow, error) {
	if err := access.Authorise(p, access.GovernanceRead); err != nil {
		return MeetingRow{}, err
	}
	m, err := s.meetings.Get(ctx, ref)
	if err != nil {
		return MeetingRow{}, err
	}
	return s.met(ctx, m)
}

func (s *Service) met(ctx context.Context, m *Meeting) (MeetingRow, error) {
	today, err := s.Today(ctx)
	if err != nil {
		return MeetingRow{}, err
	}
	c, err := s.committees.Get(ctx, m.Committee)
	if err != nil {
		return MeetingRow{}, err
	}
	r := MeetingRow{Meeting: m, State: m.State(today), Name: c.Profile.Name, Of: c, Tasks: make([]*Task, len(m.Decisions)), Judged: m.Judge(today)}
	if len(m.Decisions) == 0 {
		return r, nil
	}
	tasks, err := s.tasks(ctx)
	for i, d := range m.Decisions {
		if t, made := tasks[DecisionRef(m, d)]; made {
			r.Tasks[i] = &t
		}
	}
	return r, err
}

// Invite plans a meeting.
func (s *Service) Invite(ctx context.Context, p access.Principal, in Invite) (MeetingRow, error) {
	m, err := s.meetings.Begin(ctx, p, &in)
	if err != nil {
		return MeetingRow{}, err
	}
	return s.met(ctx, m)
}

// RecordMeeting adds a change to a meeting. A decision with an owner or a day gets
// a task of the plan.
func (s *Service) RecordMeeting(ctx context.Context, p access.Principal, ref string, c register.Change[Meeting, World]) (MeetingRow, error) {
	m, err := s.meetings.Record(ctx, p, ref, c)
	if err != nil {
		return MeetingRow{}, err
	}
	if x, decides := c.(*Decide); decides && s.cfg.Make != nil && (x.Owner != "" || x.Due != "") {
		if err := s.cfg.Make(ctx, p, m, m.Decisions[len(m.Decisions)-1]); err != nil {
			return MeetingRow{}, err
		}
	}
	return s.met(ctx, m)
}
