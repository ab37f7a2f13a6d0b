package owntest

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Performed is what a service is told of a control.
type Performed struct {
	Version int      // of its design now
	Owner   string   // a role, or a user's id
	Brought []string // users who brought evidence of it in the period
}

// Population is what items are drawn from, complete and in a settled order.
type Population struct {
	From  string // "instances", "P-12"
	Items []Item
}

// Config is what the service depends on.
type Config struct {
	Journal journal.Config
	Ledger  *ledger.Log
	// Control tells of a control over a period: kind NotFound where it is not in use.
	Control func(ctx context.Context, p access.Principal, slug string, from, to time.Time) (Performed, error)
	// Population gives what a source holds: "instances" is what the control owed in
	// the period, anything else names an extraction.
	Population func(ctx context.Context, p access.Principal, slug, source string, from, to time.Time) (Population, error)
}

// Service keeps management's own tests.
type Service struct {
	cfg Config
	log *journal.Journal[Test]
}

// Object is a test with its number and history.
type Object = journal.Object[Test]

// New makes the service.
func New(cfg Config) *Service { return &Service{cfg, journal.New[Test](cfg.Journal, Kind)} }

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding { return journal.Bindings[Test](Kind) }

// Plan is what somebody says of a test before it begins.
type Plan struct {
	Control    string    `json:"control" doc:"Short name of the control." maxLength:"120"`
	Objective  string    `json:"objective" doc:"What the test is to find out." maxLength:"300"`
	Method     Method    `json:"method" enum:"inquiry,observation,inspection,reperformance"`
	Procedure  string    `json:"procedure" doc:"What the tester does with each item." maxLength:"4000"`
	Attributes []string  `json:"attributes" doc:"What must hold of each item." maxItems:"8"`
	From       time.Time `json:"from" doc:"First moment of the period."`
	To         time.Time `json:"to" doc:"First moment after the period."`
	Source     string    `json:"source,omitempty" doc:"instances: what the control owed in the period; or an extraction of a population, P-12." maxLength:"40"`
	Size       int       `json:"size,omitempty" doc:"How many items are drawn; what is usual for the population when absent." minimum:"0" maximum:"60"`
	Tester     string    `json:"tester,omitempty" doc:"Login; you when absent." maxLength:"200"`
	Due        time.Time `json:"due" doc:"First moment after the last day."`
	Prior      string    `json:"prior,omitempty" doc:"The test that this one repeats, OT-3." maxLength:"40"`
	Stands     string    `json:"stands_in,omitempty" doc:"Where the tester is not independent and nobody else could test: what stands in." maxLength:"1000"`
}

// Plan plans a test (owntest.do).
func (s *Service) Plan(ctx context.Context, p access.Principal, in Plan) (*Object, error) {
	if err := access.Authorise(p, access.OwnTestDo); err != nil {
		return nil, err
	}
	if p.IsSystem() {
		return nil, fault.New(fault.Forbidden, "a named person plans a test")
	}
	t := Test{Control: strings.TrimSpace(in.Control), Method: in.Method, From: in.From.UTC(), To: in.To.UTC(), Source: strings.TrimSpace(in.Source), Size: in.Size, Due: in.Due.UTC(), State: Planned, Prior: strings.TrimSpace(in.Prior)}
	var err error
	if t.Objective, err = journal.Line("objective", in.Objective, "what the test is to find out", true, maxLine); err != nil {
		return nil, err
	}
	if t.Procedure, err = journal.Text("procedure", in.Procedure, "what the tester does with each item", true, maxText); err != nil {
		return nil, err
	}
	if t.Attributes, err = lettered(in.Attributes); err != nil {
		return nil, err
	}
	now := s.log.Now()
	switch {
	case !slices.Contains(Methods(), t.Method):
		return nil, bad("method", "choose how it is tested")
	case t.From.IsZero() || t.To.IsZero() || !t.From.Before(t.To):
		return nil, bad("from", "the period begins before it ends")
	case t.From.After(now):
		return nil, bad("from", "the period has not begun: there is nothing to test yet")
	case !t.Due.After(now):
		return nil, bad("due", "choose a day from today on")
	case t.Size < 0 || t.Size > maxItems:
		return nil, bad("size", "from 1 to %d items are drawn", maxItems)
	}
	if t.Source == "" {
		t.Source = "instances"
	}
	if t.Prior != "" {
		prior, err := s.log.Get(ctx, t.Prior)
		if err != nil || prior.Content.Control != t.Control {
			return nil, bad("prior", "there is no test %q of this control", t.Prior)
		}
		t.Prior = prior.Ref
	}
	about, err := s.cfg.Control(ctx, p, t.Control, t.From, t.To)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(fault.Invalid, err, "there is no control %q in use", t.Control).At("", 0, "control").WithHint("the page Controls lists them by their short names")
	}
	if err != nil {
		return nil, err
	}
	t.Version = about.Version
	who := in.Tester
	if who == "" {
		who = p.UserID
	}
	tester, err := access.WhoMay(ctx, s.log.Reader(), strings.TrimSpace(who), access.OwnTestDo)
	if err != nil {
		return nil, at(err, "tester")
	}
	t.Tester = tester.ID
	switch {
	case about.Owner == tester.ID:
		t.Conflict = "owns the control"
	case slices.Contains(about.Brought, tester.ID):
		t.Conflict = "brought evidence of the control in the period"
	}
	if t.Conflict != "" {
		said, err := access.Compensate(ctx, s.log.Reader(), access.Principal{UserID: tester.ID, Role: tester.Role}, access.OwnTestDo, in.Stands)
		if fault.Is(err, fault.Forbidden) {
			return nil, bad("tester", "%s %s, so cannot test it", tester.Name, t.Conflict).WithHint("name somebody who does not perform the control")
		}
		if err != nil {
			return nil, at(err, "stands_in")
		}
		t.Stands = said
	}
	return s.log.Create(ctx, p, "planned", "", t)
}

// at puts a mistake at a field of this package's forms.
func at(err error, field string) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Invalid {
		return f.At("", 0, field)
	}
	return err
}

// Get gives one test with its history (owntest.read).
func (s *Service) Get(ctx context.Context, p access.Principal, ref string) (*Object, error) {
	if err := access.Authorise(p, access.OwnTestRead); err != nil {
		return nil, err
	}
	return s.log.Get(ctx, ref)
}

// List gives tests, newest first (owntest.read).
func (s *Service) List(ctx context.Context, p access.Principal, f journal.Filter) ([]Object, int64, error) {
	if err := access.Authorise(p, access.OwnTestRead); err != nil {
		return nil, 0, err
	}
	return s.log.List(ctx, f)
}

// Counts gives how many tests there are by state (owntest.read).
func (s *Service) Counts(ctx context.Context, p access.Principal) (map[string]int64, error) {
	if err := access.Authorise(p, access.OwnTestRead); err != nil {
		return nil, err
	}
	return s.log.Count(ctx)
}

// mine refuses whoever is not a test's tester.
func mine(p access.Principal, o *Object) error {
	if p.UserID != o.Content.Tester {
		return fault.New(fault.Forbidden, "%s is tested by somebody else", o.Ref)
	}
	return nil
}

func inState(o *Object, states ...State) error {
	if !slices.Contains(states, o.Content.State) {
		return fault.New(fault.Conflict, "%s is %s", o.Ref, o.Content.State)
	}
	return nil
}

// Draw draws the items, once (owntest.do, the tester). The seed is the head of the
// ledger, which nobody knew when the test was planned.
func (s *Service) Draw(ctx context.Context, p access.Principal, ref string) (*Object, error) {
	if err := access.Authorise(p, access.OwnTestDo); err != nil {
		return nil, err
	}
	o, err := s.log.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	pop, err := s.cfg.Population(ctx, p, o.Content.Control, o.Content.Source, o.Content.From, o.Content.To)
	if err != nil {
		return nil, err
	}
	head, err := s.cfg.Ledger.Head(ctx)
	if err != nil {
		return nil, err
	}
	if at := o.History[0].Index; at < 0 || at >= head.Size {
		return nil, fault.New(fault.Conflict, "the ledger has not taken the plan of %s in yet", o.Ref).WithHint("try again in a second: the draw is seeded by what comes after the plan")
	}
	return s.log.Change(ctx, p, ref, o.Seq, "drawn", "", func(_ *sql.Tx, o *Object) error {
		if err := mine(p, o); err != nil {
			return err
		}
		if err := inState(o, Planned); err != nil {
			return err
		}
		t := &o.Content
		size := t.Size
		if size == 0 {
			size = Least(int64(len(pop.Items)))
		}
		t.Draw = &Draw{From: pop.From, Count: int64(len(pop.Items)), Digest: DigestOf(pop.Items), Size: size, Seed: hex.EncodeToString(head.Root[:]), LedgerSize: head.Size, At: s.log.Now()}
		t.Items, t.State = Draws(t.Draw.Seed, pop.Items, size), Testing
		return nil
	})
}

// Seen is what the tester saw at one item.
type Seen struct {
	Item      string  `json:"item" maxLength:"300"`
	Attribute string  `json:"attribute" doc:"A, B, …" maxLength:"1"`
	Outcome   Outcome `json:"outcome" enum:"pass,fail,error,not_applicable"`
	Looked    string  `json:"looked_at" doc:"What was looked at: E-12, a ticket, a screen on a day." maxLength:"300"`
	Reason    string  `json:"reason,omitempty" doc:"Required unless it passed." maxLength:"1000"`
}

// See records what the tester saw (owntest.do, the tester). A later result for the
// same item and attribute holds; the earlier one stays in the history.
func (s *Service) See(ctx context.Context, p access.Principal, ref string, all ...Seen) (*Object, error) {
	if err := access.Authorise(p, access.OwnTestDo); err != nil {
		return nil, err
	}
	if len(all) == 0 || len(all) > maxItems*maxLetters {
		return nil, bad("outcome", "say what was seen at one item at least")
	}
	now := s.log.Now()
	return s.log.Change(ctx, p, ref, 0, "seen", "", func(_ *sql.Tx, o *Object) error {
		if err := mine(p, o); err != nil {
			return err
		}
		if err := inState(o, Testing); err != nil {
			return err
		}
		t := &o.Content
		for _, x := range all {
			r, err := x.result(t)
			if err != nil {
				return err
			}
			r.At, r.By = now, p.UserID
			t.Results = slices.DeleteFunc(t.Results, func(old Result) bool { return old.Item == r.Item && old.Attribute == r.Attribute })
			t.Results = append(t.Results, r)
		}
		return nil
	})
}

func (x Seen) result(t *Test) (r Result, err error) {
	r = Result{Item: x.Item, Attribute: x.Attribute, Outcome: x.Outcome}
	switch {
	case !slices.ContainsFunc(t.Items, func(i Item) bool { return i.ID == x.Item }):
		return r, bad("item", "%q was not drawn", x.Item)
	case !slices.ContainsFunc(t.Attributes, func(a Attribute) bool { return a.Letter == x.Attribute }):
		return r, bad("attribute", "the test has no attribute %q", x.Attribute)
	case !slices.Contains(Outcomes(), x.Outcome):
		return r, bad("outcome", "choose what was seen")
	}
	if r.Looked, err = journal.Line("looked_at", x.Looked, "what was looked at", true, maxLine); err != nil {
		return r, err
	}
	r.Reason, err = journal.Text("reason", x.Reason, "why it did not pass", x.Outcome != Pass, 1000)
	return r, err
}

// Conclude ends the tester's part: the conclusion is derived (owntest.do).
func (s *Service) Conclude(ctx context.Context, p access.Principal, ref, note string) (*Object, error) {
	if err := access.Authorise(p, access.OwnTestDo); err != nil {
		return nil, err
	}
	return s.log.Change(ctx, p, ref, 0, "concluded", note, func(_ *sql.Tx, o *Object) error {
		if err := mine(p, o); err != nil {
			return err
		}
		if err := inState(o, Testing); err != nil {
			return err
		}
		if left := o.Content.Left(); left > 0 && o.Content.Draw.Count > 0 && strings.TrimSpace(note) == "" {
			return bad("note", "%s not looked at: say why it ends here, or look", many(left, "attribute was", "attributes were"))
		}
		o.Content.Conclusion, o.Content.Because = o.Content.Judge()
		o.Content.State = Concluded
		return nil
	})
}

// Review accepts a concluded test (owntest.review). Whoever tested does not review
// it; alone is what stands in for a second person where nobody else may.
func (s *Service) Review(ctx context.Context, p access.Principal, ref, note, alone string) (*Object, error) {
	if err := access.Authorise(p, access.OwnTestReview); err != nil {
		return nil, err
	}
	return s.log.Change(ctx, p, ref, 0, "reviewed", note, func(tx *sql.Tx, o *Object) error {
		if err := inState(o, Concluded); err != nil {
			return err
		}
		said, err := access.SecondPerson(ctx, tx, p, o.Content.Tester, access.OwnTestReview, alone)
		if err != nil {
			return err
		}
		t := &o.Content
		t.State, t.Reviewer, t.ReviewedAt, t.Alone = Reviewed, p.UserID, s.log.Now(), said
		return nil
	})
}

// SendBack asks the tester to look again (owntest.review).
func (s *Service) SendBack(ctx context.Context, p access.Principal, ref, note string) (*Object, error) {
	if err := access.Authorise(p, access.OwnTestReview); err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.log.Change(ctx, p, ref, 0, "sent_back", note, func(_ *sql.Tx, o *Object) error {
		if err := inState(o, Concluded); err != nil {
			return err
		}
		if p.UserID == o.Content.Tester {
			return fault.New(fault.Forbidden, "whoever tested %s does not review it", o.Ref)
		}
		o.Content.State, o.Content.Conclusion, o.Content.Because = Testing, "", ""
		return nil
	})
}

// Remedy is what is done about a deviation.
type Remedy struct {
	Cause    string    `json:"cause" maxLength:"4000"`
	Systemic bool      `json:"systemic,omitempty" doc:"It would happen to other items too; isolated when absent."`
	Action   string    `json:"action" doc:"What is done, and the task's number." maxLength:"4000"`
	Retest   time.Time `json:"retest,omitzero" doc:"By when it is tested again."`
}

// FollowUp says what is done about a deviation (owntest.review).
func (s *Service) FollowUp(ctx context.Context, p access.Principal, ref string, in Remedy) (*Object, error) {
	if err := access.Authorise(p, access.OwnTestReview); err != nil {
		return nil, err
	}
	f := Follow{Systemic: in.Systemic, Retest: in.Retest.UTC(), By: p.UserID, At: s.log.Now()}
	var err error
	if f.Cause, err = journal.Text("cause", in.Cause, "why it happened", true, maxText); err != nil {
		return nil, err
	}
	if f.Action, err = journal.Text("action", in.Action, "what is done about it", true, maxText); err != nil {
		return nil, err
	}
	return s.log.Change(ctx, p, ref, 0, "followed", "", func(_ *sql.Tx, o *Object) error {
		if err := inState(o, Concluded, Reviewed); err != nil {
			return err
		}
		if o.Content.Conclusion != Deviation {
			return fault.New(fault.Conflict, "%s found no deviation", o.Ref)
		}
		o.Content.Follow = &f
		return nil
	})
}

// Drop says that a test will not be done, and why (owntest.do). What was seen stays.
func (s *Service) Drop(ctx context.Context, p access.Principal, ref, note string) (*Object, error) {
	if err := access.Authorise(p, access.OwnTestDo); err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.log.Change(ctx, p, ref, 0, "dropped", note, func(_ *sql.Tx, o *Object) error {
		if err := inState(o, Planned, Testing); err != nil {
			return err
		}
		o.Content.State = Dropped
		return nil
	})
}
