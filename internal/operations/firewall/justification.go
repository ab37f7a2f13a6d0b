package firewall

import (
	"context"
	"database/sql"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/program/register"
)

// Day is a calendar day; "" is none.
type Day = register.Day

// JustificationKind is what the journal keeps of justifications.
var JustificationKind = journal.Kind{Name: "firewall_justification", Prefix: "fwj", Letter: "FJ", Noun: "justification of a rule", Steps: []string{"given", "changed", "withdrawn"}}

// JustificationText is why a rule is needed.
type JustificationText struct {
	Chain  string   `json:"chain" doc:"Chain of the rule: inet filter input. * stands for any letters." maxLength:"200"`
	Rule   string   `json:"rule" doc:"The rule in words, as the rule set shows it: tcp port 443 accept. * stands for any letters." maxLength:"2000"`
	Hosts  []string `json:"hosts,omitempty" doc:"Names of hosts or groups that it holds for; * stands for any letters; none: all." maxItems:"200"`
	Owner  string   `json:"owner" doc:"Who answers for it." maxLength:"120"`
	Reason string   `json:"reason" doc:"What needs the rule." maxLength:"2000"`
	Ticket string   `json:"ticket,omitempty" doc:"Number or address of the request." maxLength:"300"`
	Until  Day      `json:"until" doc:"Day on which it expires: 2027-06-30; at most two years away." maxLength:"10"`
}

// Justification is a justification as it stands.
type Justification struct {
	JustificationText
	State string `json:"state"` // active, withdrawn
	By    string `json:"by"`
}

// JustificationObject is one with its number and history.
type JustificationObject = journal.Object[Justification]

// Mark is what lists are filtered by.
func (j Justification) Mark() journal.Mark {
	return journal.Mark{State: j.State, Owner: j.By, Topic: j.Chain}
}

// longest is how many years ahead a justification may expire.
const longest = 2

func bad(field, format string, args ...any) *fault.Error { return register.Bad(field, format, args...) }

func (j *JustificationText) tidy(today Day) (err error) {
	for _, t := range []struct {
		field, what string
		text        *string
		must        bool
		most        int
	}{{"chain", "the chain", &j.Chain, true, 200}, {"rule", "the rule", &j.Rule, true, 2000}, {"owner", "who answers for it", &j.Owner, true, 120}, {"ticket", "", &j.Ticket, false, 300}} {
		if *t.text, err = journal.Line(t.field, *t.text, t.what, t.must, t.most); err != nil {
			return err
		}
	}
	if j.Reason, err = journal.Text("reason", j.Reason, "what needs the rule", true, 2000); err != nil {
		return err
	}
	if len(strings.Fields(j.Reason)) < 3 {
		return bad("reason", "say what needs the rule, in a sentence").WithHint("such as: customers reach the service by HTTPS")
	}
	if len(j.Hosts) > 200 {
		return bad("hosts", "at most 200 names, not %d", len(j.Hosts))
	}
	j.Hosts = register.Listed(j.Hosts)
	for i, h := range j.Hosts {
		if _, err := path.Match(h, ""); err != nil || len(h) > 200 || strings.ContainsAny(h, "[]\\?") {
			return bad(fmt.Sprintf("hosts[%d]", i), "%q is no name of hosts", h).WithHint("letters, with * for any letters: web-*")
		}
	}
	if strings.Trim(j.Rule, "* ") == "" && strings.Trim(j.Chain, "* ") == "" {
		return bad("rule", "it would hold for every rule there is").WithHint("name a chain, such as ip nat DOCKER, or a rule")
	}
	if err := j.Until.Check("until", "the day on which it expires", true); err != nil {
		return err
	}
	if j.Until < today {
		return bad("until", "%s is over", j.Until)
	}
	if last := today.Add(longest*12, 0); j.Until > last {
		return bad("until", "it would hold until %s; at most until %s", j.Until, last).WithHint("a rule is looked at again at least every two years")
	}
	return nil
}

// like reports whether a text is one that a pattern with * stands for.
func like(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return strings.HasSuffix(text, last)
}

// about reports whether it is about a rule.
func (j *Justification) about(chain, rule string) bool {
	return like(j.Chain, chain) && like(j.Rule, rule)
}

// holdsFor reports whether it holds for a host.
func (j *Justification) holdsFor(host string) bool {
	return len(j.Hosts) == 0 || slices.ContainsFunc(j.Hosts, func(p string) bool { return like(p, host) })
}

// How a rule is justified.
const (
	NotNeeded = ""          // it lets nothing in
	InForce   = "justified" // on every host that has it
	Partly    = "partly"    // not on every host that has it
	Expired   = "expired"
	None      = "none"
)

// justified says how a rule is justified among those who have it.
func justified(list []JustificationObject, chain, rule string, members []Member, today Day) (state string, by *JustificationObject) {
	var left []Member
	var over *JustificationObject
	state = None
	for i := range list {
		j := &list[i]
		if j.Content.State != "active" || !j.Content.about(chain, rule) {
			continue
		}
		if j.Content.Until < today {
			if slices.ContainsFunc(members, func(m Member) bool { return j.Content.holdsFor(m.Name) }) && (over == nil || over.Content.Until < j.Content.Until) {
				over = j
			}
			continue
		}
		if left == nil {
			left = slices.Clone(members)
		}
		if !slices.ContainsFunc(left, func(m Member) bool { return j.Content.holdsFor(m.Name) }) {
			continue
		}
		left = slices.DeleteFunc(left, func(m Member) bool { return j.Content.holdsFor(m.Name) })
		if by == nil || j.Content.Until < by.Content.Until {
			by = j // the one that ends first says until when
		}
		if len(left) == 0 {
			return InForce, by
		}
	}
	switch {
	case over != nil:
		return Expired, over
	case by != nil:
		return Partly, by
	}
	return None, nil
}

func (s *Service) named(p access.Principal, a access.Action) error {
	if err := access.Authorise(p, a); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a named person does this")
	}
	return nil
}

func (s *Service) today() Day { return register.DayOf(s.cfg.Clock(), time.UTC) }

// Justify says why a rule is needed (firewall.edit).
func (s *Service) Justify(ctx context.Context, p access.Principal, in JustificationText) (*JustificationObject, error) {
	if err := s.named(p, access.FirewallEdit); err != nil {
		return nil, err
	}
	if err := in.tidy(s.today()); err != nil {
		return nil, err
	}
	defer s.stir()
	return s.justifications.Create(ctx, p, "given", "", Justification{JustificationText: in, State: "active", By: p.UserID})
}

// JustifyMany says of several rules of a rule set why they are needed, all or none
// (firewall.edit). Chain and rule of in are left out: they are those of keys.
func (s *Service) JustifyMany(ctx context.Context, p access.Principal, ref string, keys []string, in JustificationText) ([]JustificationObject, error) {
	if err := s.named(p, access.FirewallEdit); err != nil {
		return nil, err
	}
	view, err := s.show(ctx, ref)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 || len(keys) > 500 {
		return nil, bad("keys", "choose 1 to 500 rules, not %d", len(keys))
	}
	var texts []JustificationText
	for i, k := range keys {
		n := slices.IndexFunc(view.Rules, func(r Rule) bool { return r.Key == k })
		if n < 0 {
			return nil, bad(fmt.Sprintf("keys[%d]", i), "%s has no rule %q", view.Ref, k).WithHint("its rules changed; open it again")
		}
		one := in
		one.Chain, one.Rule = view.Rules[n].Chain, view.Rules[n].Text
		if err := one.tidy(s.today()); err != nil {
			return nil, err
		}
		texts = append(texts, one)
	}
	var out []JustificationObject
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		out = nil
		for _, t := range texts {
			o, err := s.justifications.CreateIn(ctx, tx, p, "given", "", Justification{JustificationText: t, State: "active", By: p.UserID})
			if err != nil {
				return err
			}
			out = append(out, *o)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Ledger.Wake()
	s.stir()
	return out, nil
}

// ChangeJustification writes one anew, also to give it a later end (firewall.edit).
func (s *Service) ChangeJustification(ctx context.Context, p access.Principal, ref string, base int64, in JustificationText) (*JustificationObject, error) {
	if err := s.named(p, access.FirewallEdit); err != nil {
		return nil, err
	}
	if err := in.tidy(s.today()); err != nil {
		return nil, err
	}
	defer s.stir()
	return s.justifications.Change(ctx, p, ref, base, "changed", "", func(_ *sql.Tx, o *JustificationObject) error {
		if o.Content.State != "active" {
			return fault.New(fault.Conflict, "%s was withdrawn", o.Ref)
		}
		o.Content.JustificationText, o.Content.By = in, p.UserID
		return nil
	})
}

// Withdraw takes one back, with a reason (firewall.edit).
func (s *Service) Withdraw(ctx context.Context, p access.Principal, ref, note string) (*JustificationObject, error) {
	if err := s.named(p, access.FirewallEdit); err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	defer s.stir()
	return s.justifications.Change(ctx, p, ref, 0, "withdrawn", note, func(_ *sql.Tx, o *JustificationObject) error {
		if o.Content.State != "active" {
			return fault.New(fault.Conflict, "%s was withdrawn already", o.Ref)
		}
		o.Content.State = "withdrawn"
		return nil
	})
}

// Justifications gives them, newest first (firewall.read).
func (s *Service) Justifications(ctx context.Context, p access.Principal) ([]JustificationObject, error) {
	if err := access.Authorise(p, access.FirewallRead); err != nil {
		return nil, err
	}
	list, _, err := s.justifications.List(ctx, journal.Filter{})
	return list, err
}

// GetJustification gives one with its history (firewall.read).
func (s *Service) GetJustification(ctx context.Context, p access.Principal, ref string) (*JustificationObject, error) {
	if err := access.Authorise(p, access.FirewallRead); err != nil {
		return nil, err
	}
	return s.justifications.Get(ctx, ref)
}
