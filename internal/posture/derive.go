package posture

import (
	"path"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"
)

// key names an attribute of a check.
type key struct{ check, attribute string }

// basis is all that posture at one moment is derived from.
type basis struct {
	valid    time.Time
	known    int64 // below 0: everything
	program  *control.Program
	set      *standard.Set // in force at valid
	counts   map[key]Counts
	lastRuns map[string]time.Time // by check
	book     *instance.Book       // what is known of instances; nil: nothing is said of them
	since    map[key]time.Time    // of attributes that deviate: since when without interruption
}

// derived is posture at one moment.
type derived struct {
	scope    scope.Version
	checks   []Check   // of the standards in force, in their order
	controls []Control // in use, by number
	criteria []Criterion
}

// derive computes the statuses of checks, controls and criteria.
func derive(f basis) derived {
	d := derived{scope: f.program.ScopeAt(f.valid, f.known)}
	v := voice{at: f.valid, zone: d.scope.Location()}
	byID := map[string]int{}
	for _, c := range f.set.Checks {
		byID[c.ID] = len(d.checks)
		d.checks = append(d.checks, f.check(c, v))
	}
	for i := range f.program.Controls {
		c := &f.program.Controls[i]
		version, inUse := c.At(f.valid, f.known)
		if !inUse {
			continue
		}
		k := Control{ID: c.ID, Slug: c.Slug, Number: c.Number, Title: version.Design.Title, Key: version.Design.Weight == control.Key,
			State: version.State, Version: version.Version, Effective: since(c, version), Design: version.Design,
			Criteria: version.Design.Criteria()}
		k.Draft = version.State == control.Draft
		ids, missing := tests(version.Design, f.set)
		for _, id := range ids {
			at := byID[id]
			k.Checks = append(k.Checks, d.checks[at])
			d.checks[at].Controls = append(d.checks[at].Controls, k.Slug)
		}
		k.Missing = missing
		k.Instances = f.instances(c, version.Design, d.scope)
		k.settle()
		d.controls = append(d.controls, k)
	}
	for _, c := range catalog.All() {
		d.criteria = append(d.criteria, d.criterion(c))
	}
	return d
}

func (f basis) check(c standard.Check, v voice) Check {
	k := Check{ID: c.ID, Standard: c.Standard.Pack + " " + c.Standard.Version, Title: c.Title, Population: c.Population,
		Severity: c.Severity, Tier: c.Tier, LastRun: f.lastRuns[c.ID]}
	k.Draft = !c.Standard.Approved || c.Standard.ApprovedAt.After(f.valid)
	for _, a := range c.Attributes {
		n := f.counts[key{c.ID, a.ID}]
		k.Attributes = append(k.Attributes, Attribute{ID: a.ID, Title: a.Title, Counts: n})
		if at := f.since[key{c.ID, a.ID}]; n.status() == Deviation && !at.IsZero() && (k.Since.IsZero() || at.Before(k.Since)) {
			k.Since = at
		}
	}
	k.settle(v)
	return k
}

// tests gives the ids of the checks in force that observe a control, in the
// standards' order, and the ids and patterns that match none.
func tests(d control.Design, set *standard.Set) (ids, missing []string) {
	matched := make([]bool, len(d.Checks))
	for _, c := range set.Checks {
		hit := false
		for i, pattern := range d.Checks {
			if ok, err := path.Match(pattern, c.ID); ok && err == nil {
				matched[i], hit = true, true
			}
		}
		if hit {
			ids = append(ids, c.ID)
		}
	}
	for i, pattern := range d.Checks {
		if !matched[i] {
			missing = append(missing, pattern)
		}
	}
	return ids, missing
}

// since gives when a version of the design took effect: an approval of the
// same design does not begin a new one, a return after retirement does.
func since(c *control.Control, v control.Version) time.Time {
	from := v.Effective
	for i := v.Seq - 2; i >= 0; i-- { // History[i] has Seq i+1
		h := c.History[i]
		if h.Version != v.Version || h.State == control.Retired {
			break
		}
		from = h.Effective
	}
	return from
}

func (d *derived) criterion(c catalog.Criterion) Criterion {
	k := Criterion{Criterion: c, InScope: d.scope.Has(c.Category)}
	if !k.InScope {
		k.Status, k.Why = Out, c.Category.Words()+" is not in scope"
		k.Change = "a scope that includes " + c.Category.Words()
		return k
	}
	for _, have := range d.controls {
		if !slices.Contains(have.Criteria, c.ID) {
			continue
		}
		have.Key = have.Design.KeyFor(c.ID)
		k.Controls = append(k.Controls, have)
	}
	for _, p := range catalog.Points(c.ID) {
		if apply, _ := catalog.Applicable(p, d.scope.Scope); !apply {
			continue
		}
		k.Points++
		if slices.ContainsFunc(k.Controls, func(have Control) bool { return have.Design.Covers(p.Criterion, p.Number) }) {
			k.Addressed++
		}
	}
	k.settle()
	return k
}
