package firewall

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/operations/firewall/analysis"
	"github.com/attesta/attesta/internal/program/register"
)

// Sources gives rules of hosts' firewalls, and reviews of them, to populations: each as
// facts and the ledger said at the end of the window.
func (s *Service) Sources() []population.Source {
	t, n := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}
	return []population.Source{
		{Name: "firewall-rules", Title: "Rules of firewalls", Doc: "Each rule that lets something in, refuses it or hands it on, once for all hosts that have it in the same rule set.",
			Fields: []judge.Field{{Name: "chain", Type: t, Doc: "inet filter input"}, {Name: "position", Type: n, Doc: "place in its chain"}, {Name: "rule", Type: t, Doc: "the rule in words"}, {Name: "comment", Type: t, Doc: "its comment"},
				{Name: "hosts", Type: n, Doc: "hosts that have it"}, {Name: "on", Type: t, Doc: "names of the first of them"}, {Name: "remarks", Type: t, Doc: "any_any, too_wide, shadowed, redundant, unreachable, not_modelled; empty for none"},
				{Name: "justified", Type: t, Doc: "justified, partly, expired, none; empty where it lets nothing in"}, {Name: "justification", Type: t, Doc: "FJ-3"}, {Name: "owner", Type: t, Doc: "who answers for it"}, {Name: "until", Type: t, Doc: "when the justification expires"},
				{Name: "review", Type: t, Doc: "newest approved review that saw the rule"}, {Name: "decision", Type: t, Doc: "keep, remove; of that review"}},
			Columns: []string{"chain", "position", "rule", "hosts", "justified", "decision"}, Dates: []population.Date{{Name: "in_force", Doc: "the rule was in force", Span: true}}, Read: s.ruleItems},
		{Name: "firewall-reviews", Title: "Reviews of firewalls", Doc: "Each review of a rule set.",
			Fields: []judge.Field{{Name: "number", Type: t, Doc: "FR-3"}, {Name: "rule_set", Type: t, Doc: "FW-3"}, {Name: "name", Type: t, Doc: "who has it"}, {Name: "reviewer", Type: t, Doc: "user"}, {Name: "approver", Type: t, Doc: "user; empty while it is not approved"},
				{Name: "state", Type: t, Doc: "open, handed_in, approved, dropped"}, {Name: "rules", Type: n, Doc: "rules that were looked at"}, {Name: "keep", Type: n, Doc: "of them to keep"}, {Name: "remove", Type: n, Doc: "of them to remove"}},
			Columns: []string{"number", "rule_set", "reviewer", "approver", "state", "rules", "remove"}, Dates: []population.Date{{Name: "begun", Doc: "the review began"}, {Name: "approved", Doc: "it was approved"}}, Read: s.reviewItems},
	}
}

func (s *Service) ruleItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	valid := r.At.Valid
	if valid.IsZero() {
		valid = s.cfg.Clock()
	}
	versions, err := s.cfg.Hosts.Versions(ctx, section, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	justifications, err := s.justifications.At(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	reviews, err := s.reviews.At(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	type found struct {
		set     analysis.Set
		members []Member
		from    time.Time
	}
	sets, order := map[string]*found{}, []string{}
	for i, v := range versions {
		if last := i+1 == len(versions) || versions[i+1].Host != v.Host; !last || !v.Retired.IsZero() && v.Retired.Before(valid) {
			continue
		}
		set, _, why, err := apart(v.Section)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Name, err)
		}
		if why != "" {
			continue // it is not known; the check of the host says so
		}
		digest, _, err := digestOf(OfHosts, set)
		if err != nil {
			return nil, err
		}
		f := sets[digest]
		if f == nil {
			f = &found{set: set, from: v.From}
			sets[digest] = f
			order = append(order, digest)
		}
		f.members = append(f.members, Member{Name: v.Name, Kind: OfHosts})
		if v.From.Before(f.from) {
			f.from = v.From
		}
	}
	today := register.DayOf(valid.Add(-time.Microsecond), time.UTC)
	var out []population.Item
	for _, digest := range order {
		f := sets[digest]
		b, err := s.body(ctx, s.cfg.DB.Reader(), digest)
		if err != nil {
			return nil, err
		}
		report := (*analysis.Report)(nil)
		if b != nil {
			report = b.report
		} else {
			report = analysis.Analyse(f.set)
		}
		for i := range f.set.Rules {
			x := &f.set.Rules[i]
			chain, text := line(x)
			a := map[string]any{"chain": chain, "position": x.Position, "rule": text, "comment": x.Comment, "hosts": int64(len(f.members)), "on": names(f.members), "justified": "", "justification": "", "owner": "", "until": "", "review": "", "decision": ""}
			var remarks []string
			for _, m := range report.Rules[i] {
				remarks = append(remarks, string(m.Kind))
			}
			a["remarks"] = strings.Join(remarks, ", ")
			if report.Opens[i] {
				state, by := justified(justifications, chain, text, f.members, today)
				if a["justified"] = state; by != nil {
					a["justification"], a["owner"], a["until"] = by.Ref, by.Content.Owner, string(by.Content.Until)
				}
			}
			key := analysis.Key(chain, text)
			for n := range reviews { // the newest is last or first: the latest approval counts
				c := &reviews[n].Content
				if c.State != "approved" || c.Digest != digest {
					continue
				}
				for _, l := range c.Rules {
					if l.Key == key {
						a["review"], a["decision"] = reviews[n].Ref, l.Decision
					}
				}
			}
			out = append(out, population.Item{ID: fmt.Sprintf("%s-%d-%s", digest[:12], i, key), Attributes: a, Dates: map[string][]population.Span{"in_force": {{From: f.from}}}})
		}
	}
	return out, nil
}

func (s *Service) reviewItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	valid := r.At.Valid
	if valid.IsZero() {
		valid = s.cfg.Clock()
	}
	list, err := s.reviews.At(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	var out []population.Item
	for _, o := range list {
		c := o.Content
		dates := map[string][]population.Span{"begun": {{From: o.Created, To: o.Created}}}
		if !c.Approved.IsZero() {
			dates["approved"] = []population.Span{{From: c.Approved, To: c.Approved}}
		}
		out = append(out, population.Item{ID: o.ID, Dates: dates, Attributes: map[string]any{"number": o.Ref, "rule_set": c.Set, "name": c.Name, "reviewer": c.Reviewer, "approver": c.Approver, "state": c.State,
			"rules": int64(len(c.Rules)), "keep": int64(c.Decided(Keep)), "remove": int64(c.Decided(Remove))}})
	}
	return out, nil
}
