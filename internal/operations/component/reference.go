package component

import (
	"context"
	"database/sql"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// Reference is a host that a named person declared the reference of others: what it
// has and what is approved there is approved for them, as long as it has it and is
// heard.
type Reference struct {
	Ref   string // RH-1
	Host  string // "hst_…"
	Name  string // of the host
	Group string // patterns of host names, with spaces between
	Login string // of who declared it: what is of that account goes by its own approval
}

// InGroup reports whether patterns with spaces between name a host.
func InGroup(patterns, name string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(p string) bool {
		ok, err := path.Match(p, name)
		return err == nil && ok
	})
}

// borrowed gives the approval that holds on a host because the reference of its group
// has the component, and which reference that is; unsure says why a reference that had
// it does not count now.
func (k known) borrowed(s Standing, p Place, places []Place, now time.Time) (held *Decision, by *Reference, unsure string) {
	for i := range k.references {
		r := &k.references[i]
		if r.Host == p.Host || !InGroup(r.Group, p.Name) || r.Login != "" && strings.EqualFold(r.Login, k.account) {
			continue
		}
		at := slices.IndexFunc(places, func(x Place) bool { return x.Host == r.Host })
		if at < 0 {
			continue
		}
		its := places[at]
		d, _ := s.covering(its.Name, now)
		if d == nil {
			continue
		}
		if why := its.away(); why != "" {
			unsure = "it is approved as far as " + its.Name + ", the reference (" + r.Ref + "), has it, and " + its.Name + why
			continue
		}
		return d, r, ""
	}
	return nil, nil, unsure
}

// away says why nothing is known of a host now; "" where it is.
func (p Place) away() string {
	switch {
	case p.retired:
		return " left the population"
	case !p.Silent.IsZero():
		return " is silent since " + stamp(p.Silent)
	case p.State != "":
		return " cannot be looked at: " + p.Reason
	}
	return ""
}

// LookAgain has everything looked at again that a reference may bear on, in the
// caller's transaction. Wake follows the commit.
func (s *Service) LookAgain(ctx context.Context, tx *sql.Tx) error { return stirScoped(ctx, tx) }

// Apart is a part of two hosts that cannot be compared.
type Apart struct {
	Part   string `json:"part" doc:"Section and list."`
	Reason string `json:"reason"`
}

// Against is what a host has beyond another and what it lacks. What cannot be read on
// either is in neither list, and said.
type Against struct {
	Same   int64        `json:"same" doc:"Components that both have."`
	Parts  int          `json:"parts" doc:"Lists that were compared."`
	Equal  int          `json:"equal_parts" doc:"Of them those that are the same in one comparison."`
	Beyond []*Component `json:"beyond" doc:"What it has and the reference has not."`
	Lacks  []*Component `json:"lacks" doc:"What the reference has and it has not."`
	Apart  []Apart      `json:"not_compared,omitempty"`
}

// Compared is Against in numbers.
type Compared struct {
	Same, Beyond, Lacks int64
	Open                int64 // of what is beyond: what nobody approved there, or refused, or whose approval ended
	Apart               []Apart
}

// sides are two hosts' parts, and what their sets hold.
type sides struct {
	q    database.Querier
	sets map[string][]string
}

func (x *sides) members(ctx context.Context, set string) ([]string, error) {
	if have, ok := x.sets[set]; ok {
		return have, nil
	}
	list, err := members(ctx, x.q, set)
	if err != nil {
		return nil, err
	}
	slices.Sort(list)
	x.sets[set] = list
	return list, nil
}

// compare holds the parts of a host against those of its reference.
func (x *sides) compare(ctx context.Context, reference, host map[string]held) (a Against, beyond, lacks []string, err error) {
	var parts []string
	for _, of := range []map[string]held{reference, host} {
		for part := range of {
			if !strings.HasPrefix(part, "neighbours/") { // that is of its link, not of the host
				parts = append(parts, part)
			}
		}
	}
	slices.Sort(parts)
	for _, part := range slices.Compact(parts) {
		r, there := reference[part]
		h, here := host[part]
		why := ""
		switch {
		case !there:
			why = "the reference does not report it"
		case !here:
			why = "the host does not report it"
		case r.state != "":
			why = "on the reference: " + r.reason
		case h.state != "":
			why = "on the host: " + h.reason
		}
		if why != "" {
			a.Apart = append(a.Apart, Apart{part, why})
			continue
		}
		a.Parts++
		its, err := x.members(ctx, r.set)
		if err != nil {
			return a, nil, nil, err
		}
		if r.set == h.set {
			a.Equal++
			a.Same += int64(len(its))
			continue
		}
		own, err := x.members(ctx, h.set)
		if err != nil {
			return a, nil, nil, err
		}
		more := without(own, its)
		beyond, lacks = append(beyond, more...), append(lacks, without(its, own)...)
		a.Same += int64(len(own) - len(more))
	}
	slices.Sort(beyond)
	slices.Sort(lacks)
	return a, slices.Compact(beyond), slices.Compact(lacks), nil
}

// Differ gives what a host has beyond another, and what it lacks (component.read).
func (s *Service) Differ(ctx context.Context, p access.Principal, reference, host string) (*Against, error) {
	if err := access.Authorise(p, access.ComponentRead); err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	of, err := partsOf(ctx, q, []string{reference, host})
	if err != nil {
		return nil, err
	}
	for _, id := range []string{reference, host} {
		if len(of[id]) == 0 {
			return nil, fault.New(fault.NotFound, "nothing is known of what %s consists of", id)
		}
	}
	x := sides{q: q, sets: map[string][]string{}}
	a, beyond, lacks, err := x.compare(ctx, of[reference], of[host])
	if err != nil {
		return nil, err
	}
	if a.Beyond, err = these(ctx, q, beyond); err != nil {
		return nil, err
	}
	if a.Lacks, err = these(ctx, q, lacks); err != nil {
		return nil, err
	}
	return &a, nil
}

// DifferAll is Differ in numbers for many hosts. One of which nothing is known is not
// in the answer (component.read).
func (s *Service) DifferAll(ctx context.Context, p access.Principal, reference string, hosts []string) (map[string]Compared, error) {
	if err := access.Authorise(p, access.ComponentRead); err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	of, err := partsOf(ctx, q, append([]string{reference}, hosts...))
	if err != nil {
		return nil, err
	}
	out := map[string]Compared{}
	if len(of[reference]) == 0 {
		return out, nil
	}
	x := sides{q: q, sets: map[string][]string{}}
	more := map[string][]string{}
	var all []string
	for _, h := range hosts {
		if len(of[h]) == 0 || h == reference {
			continue
		}
		a, beyond, lacks, err := x.compare(ctx, of[reference], of[h])
		if err != nil {
			return nil, err
		}
		out[h] = Compared{Same: a.Same, Beyond: int64(len(beyond)), Lacks: int64(len(lacks)), Apart: a.Apart}
		more[h] = beyond
		all = append(all, beyond...)
	}
	slices.Sort(all)
	list, err := these(ctx, q, slices.Compact(all))
	if err != nil {
		return nil, err
	}
	open := map[string]bool{}
	for _, c := range list {
		open[c.ID] = c.State.open()
	}
	for h, ids := range more {
		c := out[h]
		for _, id := range ids {
			if open[id] {
				c.Open++
			}
		}
		out[h] = c
	}
	return out, nil
}
