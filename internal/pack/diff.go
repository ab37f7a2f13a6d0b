package pack

import (
	"fmt"
	"slices"
	"strings"
)

// Diff is what changed between two packs, for the person who approves the
// newer one.
type Diff struct {
	Pack    []FieldDiff `json:"pack,omitempty"` // of the manifest
	Added   []string    `json:"added,omitempty"`
	Removed []string    `json:"removed,omitempty"`
	Changed []CheckDiff `json:"changed,omitempty"`
}

// CheckDiff is what changed in one check.
type CheckDiff struct {
	ID     string      `json:"id"`
	Fields []FieldDiff `json:"fields"`
}

// FieldDiff is one field before and after; "" where it was not there.
type FieldDiff struct {
	Field string `json:"field"` // "severity", "attributes.running.expect"
	Old   string `json:"old"`
	New   string `json:"new"`
}

// Empty reports whether nothing changed that the packs' readers would notice.
func (d Diff) Empty() bool {
	return len(d.Pack) == 0 && len(d.Added) == 0 && len(d.Removed) == 0 && len(d.Changed) == 0
}

// Compare gives what changed from old to newer. Fixtures and the order of checks
// do not count; ids are compared without the packs' own.
func Compare(old, newer *Pack) Diff {
	d := Diff{Pack: fieldDiffs(manifestFields(old), manifestFields(newer))}
	before, after := byID(old), byID(newer)
	for _, c := range old.Checks {
		id := short(old, c.ID)
		n, kept := after[id]
		if !kept {
			d.Removed = append(d.Removed, id)
			continue
		}
		if fields := fieldDiffs(checkFields(before[id]), checkFields(n)); len(fields) > 0 {
			d.Changed = append(d.Changed, CheckDiff{ID: id, Fields: fields})
		}
	}
	for _, c := range newer.Checks {
		if id := short(newer, c.ID); before[id] == nil {
			d.Added = append(d.Added, id)
		}
	}
	return d
}

func short(p *Pack, id string) string { return strings.TrimPrefix(id, p.ID+"/") }

func byID(p *Pack) map[string]*Check {
	m := make(map[string]*Check, len(p.Checks))
	for i := range p.Checks {
		m[short(p, p.Checks[i].ID)] = &p.Checks[i]
	}
	return m
}

// fields are names with values, in an order.
type fields []FieldDiff

func (f *fields) add(name, value string) { *f = append(*f, FieldDiff{Field: name, New: value}) }

func manifestFields(p *Pack) fields {
	var f fields
	f.add("id", p.ID)
	f.add("version", p.Version)
	f.add("title", p.Title)
	f.add("summary", p.Summary)
	f.add("licence", p.Licence)
	f.add("locale", p.Locale)
	for _, name := range []string{"registry"} {
		if n, ok := p.Requires[name]; ok {
			f.add("requires."+name, fmt.Sprint(n))
		}
	}
	return f
}

func checkFields(c *Check) fields {
	var f fields
	f.add("title", c.Title)
	f.add("population", c.Population)
	f.add("where", c.Where)
	f.add("tier", c.Tier)
	f.add("severity", c.Severity)
	f.add("frequency", c.Frequency)
	refs := make([]string, len(c.Criteria))
	for i, r := range c.Criteria {
		refs[i] = fmt.Sprintf("%s/%d", r.Criterion, r.Number)
	}
	slices.Sort(refs)
	f.add("criteria", strings.Join(refs, ", "))
	f.add("rationale", c.Rationale)
	f.add("remediation", c.Remediation)
	f.add("off", c.Off)
	for _, p := range c.Parameters {
		at := "parameters." + p.Name
		f.add(at+".type", p.Type)
		f.add(at+".title", p.Title)
		f.add(at+".value", valueText(p.Value))
		f.add(at+".limits", limits(p))
	}
	for _, a := range c.Attributes {
		at := "attributes." + a.ID
		f.add(at+".title", a.Title)
		f.add(at+".expect", a.Expect)
		f.add(at+".observed", a.Observed)
		f.add(at+".expected", a.Expected)
	}
	return f
}

func limits(p Parameter) string {
	var parts []string
	if p.Min != nil {
		parts = append(parts, fmt.Sprintf("at least %d", *p.Min))
	}
	if p.Max != nil {
		parts = append(parts, fmt.Sprintf("at most %d", *p.Max))
	}
	if len(p.Choices) > 0 {
		parts = append(parts, "one of "+strings.Join(p.Choices, ", "))
	}
	return strings.Join(parts, ", ")
}

// fieldDiffs gives the fields whose values differ, in the order of old, then
// those that only newer has.
func fieldDiffs(old, newer fields) []FieldDiff {
	after := make(map[string]string, len(newer))
	for _, f := range newer {
		after[f.Field] = f.New
	}
	before := make(map[string]bool, len(old))
	var diffs []FieldDiff
	for _, f := range old {
		before[f.Field] = true
		if now := after[f.Field]; now != f.New {
			diffs = append(diffs, FieldDiff{Field: f.Field, Old: f.New, New: now})
		}
	}
	for _, f := range newer {
		if !before[f.Field] && f.New != "" {
			diffs = append(diffs, f)
		}
	}
	return diffs
}

// Short gives a field of several lines without the lines that begin and end
// both texts; what is left out stands as "…".
func (f FieldDiff) Short() FieldDiff {
	old, now := strings.Split(f.Old, "\n"), strings.Split(f.New, "\n")
	if f.Old == "" || f.New == "" || len(old) < 2 && len(now) < 2 {
		return f
	}
	head, tail := 0, 0
	for head < len(old) && head < len(now) && old[head] == now[head] {
		head++
	}
	for tail < len(old)-head && tail < len(now)-head && old[len(old)-1-tail] == now[len(now)-1-tail] {
		tail++
	}
	cut := func(lines []string) string {
		kept := slices.Clone(lines[head : len(lines)-tail])
		if head > 0 {
			kept = append([]string{"…"}, kept...)
		}
		if tail > 0 {
			kept = append(kept, "…")
		}
		return strings.Join(kept, "\n")
	}
	return FieldDiff{Field: f.Field, Old: cut(old), New: cut(now)}
}
