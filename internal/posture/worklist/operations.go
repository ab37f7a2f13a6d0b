package worklist

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/program/work"
)

// unexplained is what of one host nobody explained.
type unexplained struct {
	groups  []integrity.Group
	files   int64
	since   time.Time
	worst   work.Impact
	persons map[string]bool
}

// Unexplained gives hosts on which files changed and nothing accounts for it: one item
// a host, however many groups.
func Unexplained(s *integrity.Service) work.Source {
	return work.Source{Name: "changed files", All: func(ctx context.Context) ([]work.Item, error) {
		var order []string
		all := map[string]*unexplained{}
		for cursor := ""; ; {
			list, next, _, err := s.List(ctx, access.System(), integrity.Filter{Verdict: verdict.Unexplained, State: integrity.Open, After: cursor, Limit: 1000})
			if err != nil {
				return nil, err
			}
			for _, g := range list {
				u := all[g.Source]
				if u == nil {
					u = &unexplained{since: g.First, worst: work.Medium, persons: map[string]bool{}}
					all[g.Source], order = u, append(order, g.Source)
				}
				u.groups, u.files = append(u.groups, g), u.files+g.Count-g.UndoneN
				if g.First.Before(u.since) {
					u.since = g.First
				}
				if g.Exceeded || g.System > 0 || g.Config > 0 {
					u.worst = work.High
				}
				u.persons[g.Person] = true
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		var out []work.Item
		for _, source := range order {
			u := all[source]
			g := u.groups[0] // the newest
			x := work.Item{Kind: "review", Ref: "unexplained " + source, Ask: "Explain " + many(len(u.groups), "group of changes", "groups of changes"), Title: g.Host, Path: "/integrity?verdict=unexplained&state=open&host=" + source, Act: "See who did what", Impact: u.worst, May: access.IntegrityExplain,
				Facts: facts("Files", fmt.Sprint(u.files), "Newest", g.Ref+": "+strings.Join(g.Paths, ", "), "By", integrity.ByOf(&g), "What follows", "It is a finding until somebody explains it or it is undone.")}
			if len(u.groups) == 1 {
				x.Path = "/integrity/" + g.Ref
			}
			if len(u.persons) == 1 { // all of it somebody's own
				x.Not = author(g.Person)
			}
			out = append(out, answer(x, u.since))
		}
		return out, nil
	}}
}

// Baselines gives snapshots of hosts that wait for somebody's word.
func Baselines(s *baseline.Service) work.Source {
	return work.Source{Name: "baselines", All: func(ctx context.Context) ([]work.Item, error) {
		var out []work.Item
		for below := int64(0); ; {
			list, next, err := s.List(ctx, access.System(), baseline.Filter{State: baseline.Candidate, Below: below, Limit: 500})
			if err != nil {
				return nil, err
			}
			for i := range list {
				o := &list[i]
				c := &o.Content
				out = append(out, answer(work.Item{Kind: "approval", Ref: o.Ref, Ask: "Approve a baseline", Title: c.Host, Path: "/baselines/" + o.Ref, Act: "See what differs", From: author(o.Creator), Impact: work.Medium, May: access.IntegrityApprove,
					Facts: facts("Entries", fmt.Sprint(c.Entries), "Root", c.Root, "Could not be read", fmt.Sprint(c.Unread))}, o.Updated))
			}
			if below = next; below == 0 || len(list) == 0 {
				return out, nil
			}
		}
	}}
}

// Silent gives hosts that nothing is heard of.
func Silent(s *host.Service) work.Source {
	return work.Source{Name: "silent hosts", All: func(ctx context.Context) ([]work.Item, error) {
		var out []work.Item
		for cursor := ""; ; {
			list, next, _, err := s.List(ctx, host.Filter{State: host.IsSilent}, cursor, 1000)
			if err != nil {
				return nil, err
			}
			for i := range list {
				h := &list[i]
				if !h.Silent || !h.ExcludedAt.IsZero() {
					continue
				}
				out = append(out, answer(work.Item{Kind: "review", Ref: "silent " + h.ID, Ask: "See why a host is silent", Title: h.Name, Path: "/hosts/" + h.ID, Act: "See what it said last", Role: h.Owner, Impact: work.High, May: access.FindingAcknowledge,
					Facts: facts("System", h.OS, "Agent", h.AgentVersion, "What follows", "Nothing that is asked of it counts as observed until it is heard again.")}, h.SilentSince))
			}
			if cursor = next; cursor == "" {
				return out, nil
			}
		}
	}}
}

// impacts are those of the severities of checks.
var impacts = map[string]work.Impact{"low": work.Low, "medium": work.Medium, "high": work.High, "critical": work.Critical}

// oldest is how many components are looked at for since when the first of them waits.
const oldest = 1000

// Components gives kinds of which something waits for a word, one item a kind, and to
// each person the questions asked of them.
func Components(s *component.Service) work.Source {
	return work.Source{Name: "components", All: func(ctx context.Context) ([]work.Item, error) {
		counts, err := s.Counts(ctx, access.System())
		if err != nil {
			return nil, err
		}
		var out []work.Item
		for _, k := range counts {
			if k.Open == 0 {
				continue
			}
			list, _, total, err := s.List(ctx, access.System(), component.Filter{Kind: k.Kind, Open: true}, "", oldest)
			if err != nil {
				return nil, err
			}
			if len(list) == 0 {
				continue // decided meanwhile
			}
			first, names := list[0].First, []string{}
			for i, c := range list {
				if c.First.Before(first) {
					first = c.First
				}
				if i < 3 {
					names = append(names, c.Name+": "+c.Why)
				}
			}
			out = append(out, answer(work.Item{Kind: "approval", Ref: "components " + string(k.Kind), Ask: "Decide on " + many(int(total), k.One, k.Many), Title: strings.ToUpper(k.Many[:1]) + k.Many[1:] + " of hosts", Path: "/components?show=open&kind=" + string(k.Kind), Act: "Approve or refuse", Impact: impacts[k.Severity], May: access.ComponentDecide,
				Facts: facts("Newest", strings.Join(names, "; "), "What follows", "Each is a finding until it is approved or gone.")}, first))
		}
		asked, _, _, err := s.List(ctx, access.System(), component.Filter{Asked: true}, "", 200)
		if err != nil {
			return nil, err
		}
		for _, c := range asked {
			v, err := s.Get(ctx, access.System(), c.ID)
			if err != nil {
				return nil, err
			}
			q := v.Question()
			if q == nil {
				continue
			}
			w, _ := component.About(c.Kind)
			out = append(out, answer(work.Item{Kind: "request", Ref: c.ID, Ask: "Answer a question about a component", Title: w.One + " " + c.Name, Path: "/components/" + c.ID, Act: "Answer", From: author(q.By), Owner: q.To, Impact: impacts[w.Severity], May: access.ComponentAnswer,
				Facts: facts("The question", q.Reason)}, q.At))
		}
		return out, nil
	}}
}
