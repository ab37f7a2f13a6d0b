package firewall

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/operations/firewall/analysis"
)

// ReviewKind is what the journal keeps of reviews.
var ReviewKind = journal.Kind{Name: "firewall_review", Prefix: "fwr", Letter: "FR", Noun: "review of a rule set", Steps: []string{"begun", "decided", "handed_in", "approved", "sent_back", "dropped"}}

// How often, and how soon.
const (
	reviewDays  = 184 // half a year
	firstDays   = 30  // of a set that was never reviewed
	removeDays  = 30  // for what is decided to go
	unusedDays  = 90
	quietCloud  = 35 * 24 * time.Hour // a file of a cloud's groups says what holds for so long
	mostRules   = 5_000
	mostNamed   = 100
	mostHosts   = 1_000
	mostRemarks = 6
)

// Decisions on a rule.
const (
	Keep   = "keep"
	Remove = "remove"
	Ask    = "ask" // somebody has to say first what it is for
)

// Looked is a rule as the review froze it, and what was decided.
type Looked struct {
	Key       string   `json:"key"`
	Chain     string   `json:"chain"`
	Position  int64    `json:"position"`
	Rule      string   `json:"rule"`
	Comment   string   `json:"comment,omitempty"`
	Remarks   []string `json:"remarks,omitempty"`
	Justified string   `json:"justified,omitempty"`
	By        string   `json:"justification,omitempty"` // FJ-3
	Decision  string   `json:"decision,omitempty" enum:"keep,remove,ask"`
	Note      string   `json:"note,omitempty"`
}

// Review is one look at every rule of a rule set.
type Review struct {
	Set      string    `json:"rule_set"` // FW-3
	SetID    string    `json:"set_id"`
	Name     string    `json:"name"`
	Digest   string    `json:"digest"`
	Hosts    []string  `json:"hosts"`
	HostsCut int       `json:"hosts_more,omitempty"`
	Policies []string  `json:"policies,omitempty"`
	Limits   []string  `json:"limits,omitempty"`
	Rules    []Looked  `json:"rules"`
	State    string    `json:"state"` // open, handed_in, approved, dropped
	Reviewer string    `json:"reviewer"`
	HandedIn time.Time `json:"handed_in,omitzero"`
	Approver string    `json:"approver,omitempty"`
	Alone    string    `json:"alone,omitempty"`
	Approved time.Time `json:"approved,omitzero"`
}

// ReviewObject is a review with its number and history.
type ReviewObject = journal.Object[Review]

// Mark is what lists are filtered by.
func (r Review) Mark() journal.Mark {
	return journal.Mark{State: r.State, Owner: r.Reviewer, Topic: r.SetID}
}

// Open counts the rules that nobody decided on yet.
func (r *Review) Open() (n int) {
	for _, x := range r.Rules {
		if x.Decision == "" {
			n++
		}
	}
	return n
}

// Decided counts the rules with a decision.
func (r *Review) Decided(d string) (n int) {
	for _, x := range r.Rules {
		if x.Decision == d {
			n++
		}
	}
	return n
}

// Begin begins a review of a rule set by a named person: its rules are frozen as they
// are in force now (firewall.review).
func (s *Service) Begin(ctx context.Context, p access.Principal, ref string) (*ReviewObject, error) {
	if err := s.named(p, access.FirewallReview); err != nil {
		return nil, err
	}
	v, err := s.show(ctx, ref)
	if err != nil {
		return nil, err
	}
	if !v.Gone.IsZero() {
		return nil, fault.New(fault.Conflict, "%s is in force nowhere any more", v.Ref)
	}
	open, _, err := s.reviews.List(ctx, journal.Filter{Topic: v.ID, States: []string{"open", "handed_in"}})
	if err != nil {
		return nil, err
	}
	if len(open) > 0 {
		return nil, fault.New(fault.Conflict, "%s of %s is not over yet", open[0].Ref, v.Ref).WithHint("go on with it, or drop it")
	}
	r := Review{Set: v.Ref, SetID: v.ID, Name: v.Name, Digest: v.Digest, State: "open", Reviewer: p.UserID, Limits: v.Limits}
	for _, m := range v.Members {
		if len(r.Hosts) == mostHosts {
			r.HostsCut = len(v.Members) - mostHosts
			break
		}
		r.Hosts = append(r.Hosts, m.Name)
	}
	for _, pol := range v.Policies {
		r.Policies = append(r.Policies, policyWords(pol))
	}
	for _, x := range v.Rules {
		l := Looked{Key: x.Key, Chain: x.Chain, Position: x.Position, Rule: x.Text, Comment: x.Comment, Justified: x.Justified, By: x.By}
		for _, m := range x.Remarks[:min(len(x.Remarks), mostRemarks)] {
			l.Remarks = append(l.Remarks, string(m.Kind)+": "+m.Why)
		}
		if x.Unused {
			l.Remarks = append(l.Remarks, "unused: "+x.UsedWhy)
		}
		r.Rules = append(r.Rules, l)
	}
	return s.reviews.Create(ctx, p, "begun", "", r)
}

// Decision is what somebody decides about rules of a review.
type Decision struct {
	Keys     []string `json:"keys" doc:"Keys of the rules." maxItems:"5000"`
	Decision string   `json:"decision" enum:"keep,remove,ask"`
	Note     string   `json:"note,omitempty" doc:"Needed to remove or to ask." maxLength:"1000"`
}

// Decide decides on rules of an open review (firewall.review): its reviewer alone.
func (s *Service) Decide(ctx context.Context, p access.Principal, ref string, d Decision) (*ReviewObject, error) {
	if err := s.named(p, access.FirewallReview); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{Keep, Remove, Ask}, d.Decision) {
		return nil, bad("decision", "choose keep, remove or ask")
	}
	note, err := journal.Text("note", d.Note, "why it goes, or who is asked what", d.Decision != Keep, 1000)
	if err != nil {
		return nil, err
	}
	if len(d.Keys) == 0 {
		return nil, bad("keys", "choose the rules that it is about")
	}
	list, _, err := s.justifications.List(ctx, journal.Filter{States: []string{"active"}})
	if err != nil {
		return nil, err
	}
	return s.reviews.Change(ctx, p, ref, 0, "decided", "", func(_ *sql.Tx, o *ReviewObject) error {
		if err := o.Content.mine(o.Ref, p); err != nil {
			return err
		}
		var members []Member
		for _, h := range o.Content.Hosts {
			members = append(members, Member{Name: h})
		}
		o.Content.Rules = slices.Clone(o.Content.Rules)
		for i, k := range d.Keys {
			found := false
			for n := range o.Content.Rules {
				x := &o.Content.Rules[n]
				if x.Key != k {
					continue
				}
				found = true
				if x.Justified != NotNeeded { // it may have been justified since the review began
					state, by := justified(list, x.Chain, x.Rule, members, s.today())
					x.Justified, x.By = state, ""
					if by != nil {
						x.By = by.Ref
					}
				}
				if d.Decision == Keep && x.Justified != NotNeeded && x.Justified != InForce {
					return fault.New(fault.Conflict, "%s: %s lets something in and is not justified", x.Chain, x.Rule).At("", 0, fmt.Sprintf("keys[%d]", i)).WithHint("justify it first, or decide to remove it or to ask")
				}
				x.Decision, x.Note = d.Decision, note
			}
			if !found {
				return bad(fmt.Sprintf("keys[%d]", i), "%s has no rule %q", o.Ref, k)
			}
		}
		return nil
	})
}

func (r *Review) mine(ref string, p access.Principal) error {
	if r.State != "open" {
		return fault.New(fault.Conflict, "%s is %s", ref, strings.ReplaceAll(r.State, "_", " "))
	}
	if r.Reviewer != p.UserID {
		return fault.New(fault.Forbidden, "%s is another person's review", ref).WithHint("drop it and begin one of your own")
	}
	return nil
}

// HandIn ends the reviewer's part: every rule was decided on (firewall.review).
func (s *Service) HandIn(ctx context.Context, p access.Principal, ref, note string) (*ReviewObject, error) {
	if err := s.named(p, access.FirewallReview); err != nil {
		return nil, err
	}
	return s.reviews.Change(ctx, p, ref, 0, "handed_in", note, func(_ *sql.Tx, o *ReviewObject) error {
		if err := o.Content.mine(o.Ref, p); err != nil {
			return err
		}
		if n := o.Content.Open(); n > 0 {
			return fault.New(fault.Conflict, "%d rules wait for a decision", n)
		}
		if n := o.Content.Decided(Ask); n > 0 {
			return fault.New(fault.Conflict, "%d rules wait for an answer", n).WithHint("decide to keep or to remove them once it is there")
		}
		o.Content.State, o.Content.HandedIn = "handed_in", s.cfg.Clock()
		return nil
	})
}

// Approve approves a review that somebody else did (firewall.approve, and who is there
// is asked once more).
func (s *Service) Approve(ctx context.Context, p access.Principal, ref, note, alone string) (*ReviewObject, error) {
	if err := access.Proved(p, access.FirewallApprove); err != nil {
		return nil, err
	}
	if err := s.named(p, access.FirewallApprove); err != nil {
		return nil, err
	}
	defer s.stir()
	return s.reviews.Change(ctx, p, ref, 0, "approved", note, func(tx *sql.Tx, o *ReviewObject) error {
		if o.Content.State != "handed_in" {
			return fault.New(fault.Conflict, "%s is not handed in", o.Ref)
		}
		said, err := access.SecondPerson(ctx, tx, p, o.Content.Reviewer, access.FirewallApprove, alone)
		if err != nil {
			return err
		}
		o.Content.State, o.Content.Approver, o.Content.Alone, o.Content.Approved = "approved", p.UserID, said, s.cfg.Clock()
		return nil
	})
}

// SendBack asks the reviewer to look again (firewall.approve).
func (s *Service) SendBack(ctx context.Context, p access.Principal, ref, note string) (*ReviewObject, error) {
	if err := s.named(p, access.FirewallApprove); err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.reviews.Change(ctx, p, ref, 0, "sent_back", note, func(_ *sql.Tx, o *ReviewObject) error {
		if o.Content.State != "handed_in" {
			return fault.New(fault.Conflict, "%s is not handed in", o.Ref)
		}
		o.Content.State, o.Content.HandedIn = "open", time.Time{}
		return nil
	})
}

// Drop gives a review up, with a reason (firewall.review).
func (s *Service) Drop(ctx context.Context, p access.Principal, ref, note string) (*ReviewObject, error) {
	if err := s.named(p, access.FirewallReview); err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.reviews.Change(ctx, p, ref, 0, "dropped", note, func(_ *sql.Tx, o *ReviewObject) error {
		if o.Content.State != "open" && o.Content.State != "handed_in" {
			return fault.New(fault.Conflict, "%s is %s", o.Ref, o.Content.State)
		}
		o.Content.State = "dropped"
		return nil
	})
}

// Reviews gives reviews, newest first, without their rules (firewall.read).
func (s *Service) Reviews(ctx context.Context, p access.Principal) ([]ReviewObject, error) {
	if err := access.Authorise(p, access.FirewallRead); err != nil {
		return nil, err
	}
	list, _, err := s.reviews.List(ctx, journal.Filter{})
	return list, err
}

// GetReview gives one review with its rules and history (firewall.read).
func (s *Service) GetReview(ctx context.Context, p access.Principal, ref string) (*ReviewObject, error) {
	if err := access.Authorise(p, access.FirewallRead); err != nil {
		return nil, err
	}
	return s.reviews.Get(ctx, ref)
}

// policyWords says a policy in a line.
func policyWords(p analysis.Policy) string {
	what := p.Chain
	if what == "" {
		what = "hook " + p.Hook
	}
	return fmt.Sprintf("%s, IPv%s: %s", what, p.IP, p.Why)
}
