package gap

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/control"
)

// Basis is all that gaps are derived from.
type Basis struct {
	Snapshot   posture.Snapshot
	Controls   []posture.Control // in use, with what they rest on
	Considered map[control.PointKey]control.Consideration
	Said       map[string]string // slug of a control: yes, no or unknown, to the first questions
	Library    []control.Design  // what may be adopted
}

// Derive computes the gap analysis.
func Derive(b Basis) Report {
	s := b.Snapshot
	r := Report{At: s.At, Known: s.Known, KnownNow: s.KnownNow, Scope: s.Scope.Version, Criteria: make([]Criterion, 0, len(s.Criteria)), ByKind: map[Kind]int{}, Controls: len(b.Controls)}
	keyFor := map[string][]string{} // slug: criteria that rest on it
	for i := range s.Criteria {
		c := b.criterion(&s.Criteria[i])
		for _, k := range c.Controls {
			if k.Key && c.InScope {
				keyFor[k.Slug] = append(keyFor[k.Slug], c.ID)
			}
		}
		r.Criteria = append(r.Criteria, c)
	}
	for i := range r.Criteria {
		if r.Criteria[i].InScope {
			r.Gaps = append(r.Gaps, b.ofCriterion(&r.Criteria[i])...)
		}
	}
	r.Gaps = append(r.Gaps, b.ofControls(keyFor)...)
	rank := map[Kind]int{}
	for i, k := range Kinds() {
		rank[k] = i
	}
	slices.SortStableFunc(r.Gaps, func(a, b Gap) int { return cmp.Compare(rank[a.Kind], rank[b.Kind]) })
	of := map[string]*Criterion{}
	for i := range r.Criteria {
		of[r.Criteria[i].ID] = &r.Criteria[i]
	}
	for _, g := range r.Gaps {
		r.ByKind[g.Kind]++
		for _, id := range g.Criteria {
			of[id].Gaps = append(of[id].Gaps, g.Key)
		}
	}
	return r
}

// criterion arranges what stands for one criterion.
func (b *Basis) criterion(from *posture.Criterion) Criterion {
	c := Criterion{Criterion: from.Criterion, InScope: from.InScope, Status: from.Status, Points: []Point{}, Controls: []Control{}}
	for i := range from.Controls {
		k := &from.Controls[i]
		x := Control{Slug: k.Slug, Number: k.Number, Title: k.Title, Key: k.Key, Mode: k.Design.Mode, Approved: k.State == control.Adopted, Operating: k.Status == posture.None,
			Status: k.Status, Why: k.Why, Said: b.Said[k.Slug]}
		c.Controls = append(c.Controls, x)
		if !k.Key {
			continue
		}
		c.Key++
		if x.Approved {
			c.Approved++
		}
		if x.Operating {
			c.Operating++
		}
	}
	for _, p := range catalog.Points(c.ID) {
		c.Points = append(c.Points, b.point(p, from))
	}
	for _, p := range c.Points {
		if p.State == NotApplicable {
			continue
		}
		c.Apply++
		if p.State == Addressed || p.State == Partly || p.State == NotRelevant {
			c.Settled++
		}
	}
	c.Causes = causes(from)
	return c
}

func (b *Basis) point(p catalog.Point, from *posture.Criterion) Point {
	out := Point{Point: p, State: OpenPoint}
	if apply, why := catalog.Applicable(p, b.Snapshot.Scope.Scope); !apply {
		out.State, out.Why = NotApplicable, why
		return out
	}
	by := map[control.Relation][]string{}
	for i := range from.Controls {
		for _, l := range from.Controls[i].Design.Points {
			if l.Criterion == p.Criterion && l.Number == p.Number {
				by[l.Relation] = append(by[l.Relation], from.Controls[i].Slug)
			}
		}
	}
	out.Controls = slices.Concat(by[control.Addresses], by[control.Partly], by[control.Supports])
	said := b.Considered[control.PointKey{Criterion: p.Criterion, Number: p.Number}]
	switch {
	case len(by[control.Addresses]) > 0:
		out.State = Addressed
	case len(by[control.Partly]) > 0:
		out.State = Partly
	case said.State == control.NotRelevant:
		out.State, out.Why = NotRelevant, said.Reason
	case len(by[control.Supports]) > 0:
		out.State = Supported
	}
	return out
}

// causes gives what several key controls of a criterion share, by design or, for
// a check, because it deviates for all of them now.
func causes(c *posture.Criterion) []Cause {
	type id struct{ kind, name string }
	by := map[id][]*posture.Control{}
	var order []id
	add := func(at id, k *posture.Control) {
		if at.name == "" || slices.Contains(by[at], k) {
			return
		}
		if by[at] == nil {
			order = append(order, at)
		}
		by[at] = append(by[at], k)
	}
	key := 0
	for i := range c.Controls {
		k := &c.Controls[i]
		if !k.Key {
			continue
		}
		key++
		for _, s := range k.Design.Shares {
			add(id{s.Kind, s.Name}, k)
		}
		for _, check := range k.Checks {
			if check.Status == posture.Deviation {
				add(id{"check", check.ID}, k)
			}
		}
		if strings.HasPrefix(k.Design.Owner, "usr_") {
			add(id{"owner", k.Design.Owner}, k)
		}
	}
	var out []Cause
	for _, at := range order {
		if len(by[at]) < 2 {
			continue
		}
		x := Cause{Kind: at.kind, Name: at.name, All: len(by[at]) == key}
		failing := 0
		for _, k := range by[at] {
			x.Controls = append(x.Controls, k.Slug)
			if k.Status == posture.Deviation {
				failing++
			}
		}
		x.Failing = failing > 1
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b Cause) int {
		switch {
		case a.Failing != b.Failing:
			return first(a.Failing)
		case a.All != b.All:
			return first(a.All)
		}
		return len(b.Controls) - len(a.Controls)
	})
	return out
}

func first(yes bool) int {
	if yes {
		return -1
	}
	return 1
}

// ofCriterion gives the gaps of a criterion in scope.
func (b *Basis) ofCriterion(c *Criterion) []Gap {
	var out []Gap
	at := []string{c.ID}
	switch {
	case c.Key == 0:
		out = append(out, Gap{Key: c.ID + "/missing", Kind: Missing, Criteria: at, Title: "No key control is in use for " + c.ID,
			Why: "nothing that " + c.ID + " rests on is in use, so its status can only be insufficient evidence", Change: "a key control that is adopted for it", Library: b.closers(c, nil)})
	case c.Key == 1:
		slug := c.Controls[slices.IndexFunc(c.Controls, func(k Control) bool { return k.Key })].Slug
		out = append(out, Gap{Key: c.ID + "/alone", Kind: Alone, Criteria: at, Controls: []string{slug}, Title: c.ID + " hangs on one control",
			Why: "if " + slug + " fails once, nothing else carries the criterion", Change: "a second key control that does not share its source, tool or person", Library: b.closers(c, []string{slug})})
	}
	for _, x := range c.Causes {
		if !x.All {
			continue
		}
		why := fmt.Sprintf("all %d key controls rest on the %s %s, so one fault there fails all of them", c.Key, x.Kind, x.Name)
		if x.Failing {
			why = fmt.Sprintf("all %d key controls share the %s %s, and several of them deviate now", c.Key, x.Kind, x.Name)
		}
		out = append(out, Gap{Key: c.ID + "/together", Kind: Together, Criteria: at, Controls: x.Controls, Cause: x.Kind + ": " + x.Name, Title: "The key controls of " + c.ID + " fail together",
			Why: why, Change: "a key control that rests on something else", Library: b.closers(c, x.Controls)})
		break // one is enough to say it
	}
	var open []int
	for _, p := range c.Points {
		if p.State == OpenPoint || p.State == Supported {
			open = append(open, p.Number)
		}
	}
	if len(open) > 0 {
		title, verb := fmt.Sprintf("%d points of focus of %s are not considered", len(open), c.ID), "are"
		if len(open) == 1 {
			title, verb = "One point of focus of "+c.ID+" is not considered", "is"
		}
		out = append(out, Gap{Key: c.ID + "/points", Kind: Unaddress, Criteria: at, Points: open, Title: title,
			Why:    fmt.Sprintf("of the %d points that apply, %d %s neither addressed by a control nor set aside with a reason", c.Apply, len(open), verb),
			Change: "a control that addresses each, or a reason why it is not relevant here", Library: b.addressing(c, open)})
	}
	return out
}

// ofControls gives the gaps of key controls.
func (b *Basis) ofControls(keyFor map[string][]string) []Gap {
	var out []Gap
	var drafts, touched []string
	for i := range b.Controls {
		k := &b.Controls[i]
		criteria := keyFor[k.Slug]
		if len(criteria) == 0 {
			continue
		}
		if k.State == control.Draft {
			drafts = append(drafts, k.Slug)
			touched = append(touched, criteria...)
		}
		g := Gap{Criteria: criteria, Controls: []string{k.Slug}, Since: k.Since, Why: k.Why, Change: k.Change, Technical: len(k.Design.Checks) > 0, Role: k.Design.Owner}
		switch k.Status {
		case posture.Deviation:
			g.Key, g.Kind, g.Title = k.Slug+"/deviates", Deviates, fmt.Sprintf("C-%d deviates: %s", k.Number, k.Title)
		case posture.Insufficient:
			g.Key, g.Kind, g.Title = k.Slug+"/evidence", Evidence, fmt.Sprintf("Nothing shows that C-%d operates: %s", k.Number, k.Title)
		}
		if g.Key != "" {
			out = append(out, g)
		}
		if said := b.Said[k.Slug]; said == "no" || said == "unknown" {
			words := "is not done today"
			if said == "unknown" {
				words = "is not known to be done"
			}
			out = append(out, Gap{Key: k.Slug + "/statement", Kind: Answered, Criteria: criteria, Controls: []string{k.Slug}, Role: k.Design.Owner, Technical: g.Technical,
				Title: fmt.Sprintf("By your own answer C-%d %s: %s", k.Number, words, k.Title), Why: "the first questions say that what this control promises " + words,
				Change: "doing it, and then a new answer; what shows it counts apart"})
		}
	}
	if len(drafts) > 0 {
		slices.Sort(touched)
		title := fmt.Sprintf("%d key controls are drafts that nobody approved", len(drafts))
		if len(drafts) == 1 {
			title = "One key control is a draft that nobody approved"
		}
		out = append(out, Gap{Key: "controls/design", Kind: Design, Criteria: inCatalogue(touched), Controls: drafts, Title: title,
			Why: "a design that nobody approved is a proposal: what it promises may not be what you do", Change: "somebody who reads each, tailors it to what is done here, and approves it"})
	}
	return out
}

func inCatalogue(ids []string) []string {
	var out []string
	for _, c := range catalog.All() {
		if slices.Contains(ids, c.ID) {
			out = append(out, c.ID)
		}
	}
	return out
}

// closers gives controls of the library that are not in use and would be key
// for a criterion, without sharing what the given ones share; those that address
// most of its points first, at most three.
func (b *Basis) closers(c *Criterion, beside []string) []string {
	var shares []control.Share
	for i := range b.Controls {
		if slices.Contains(beside, b.Controls[i].Slug) {
			shares = append(shares, b.Controls[i].Design.Shares...)
		}
	}
	return b.pick(func(d control.Design) int {
		if !d.KeyFor(c.ID) || slices.ContainsFunc(d.Shares, func(s control.Share) bool { return slices.Contains(shares, s) }) {
			return 0
		}
		return covered(d, c, nil)
	})
}

// addressing gives controls of the library that cover open points of a criterion.
func (b *Basis) addressing(c *Criterion, open []int) []string {
	return b.pick(func(d control.Design) int { return covered(d, c, open) })
}

// covered counts the points of a criterion that a design covers; of those given,
// where any are.
func covered(d control.Design, c *Criterion, open []int) int {
	n := 0
	for _, p := range c.Points {
		if p.State != NotApplicable && (open == nil || slices.Contains(open, p.Number)) && d.Covers(c.ID, p.Number) {
			n++
		}
	}
	return n
}

func (b *Basis) pick(worth func(control.Design) int) []string {
	const most = 3
	type offer struct {
		slug string
		n    int
	}
	used := map[string]bool{}
	for i := range b.Controls {
		used[b.Controls[i].Slug] = true
	}
	var all []offer
	for _, d := range b.Library {
		if n := worth(d); n > 0 && !used[d.Slug] {
			all = append(all, offer{d.Slug, n})
		}
	}
	slices.SortStableFunc(all, func(a, b offer) int { return b.n - a.n })
	var out []string
	for _, o := range all[:min(most, len(all))] {
		out = append(out, o.slug)
	}
	return out
}
