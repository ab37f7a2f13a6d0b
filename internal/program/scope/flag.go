package scope

import (
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/catalog"
)

// Derived gives the categories that the commitments touch, security first.
func (c Content) Derived() []catalog.Category {
	out := []catalog.Category{catalog.Security}
	for _, k := range c.Commitments {
		out = append(out, k.Categories...)
	}
	return inOrder(out)
}

// Flag is something about a scope that an auditor will ask about. It refuses
// nothing: what is examined is the organisation's decision.
type Flag struct {
	About string `json:"about"` // part of the content: "categories", "commitments", "examination", …
	Text  string `json:"text"`  // a sentence without its full stop
}

// Flags gives what departs from the rule or is missing, in the order of the
// questions.
func (c Content) Flags() []Flag {
	var out []Flag
	say := func(about, format string, args ...any) { out = append(out, Flag{about, fmt.Sprintf(format, args...)}) }
	if len(c.Systems) == 0 {
		say("systems", "no system is named yet, so nothing says what is examined")
	}
	for _, s := range c.Systems {
		if len(s.Services) == 0 {
			say("systems", "%s has no service: what do its users get from it?", s.Name)
		}
	}
	has := map[Kind]bool{}
	for _, k := range c.Boundary {
		has[k.Kind] = has[k.Kind] || !k.Out
	}
	var without []string
	for _, k := range Kinds() {
		if !has[k] {
			without = append(without, string(k))
		}
	}
	if len(without) > 0 {
		say("boundary", "nothing inside the boundary is %s", strings.Join(without, ", "))
	}
	if len(c.Commitments) == 0 {
		say("commitments", "no service commitment is written down, so no category can be derived")
	}
	served := map[string]bool{}
	for _, r := range c.Requirements {
		for _, id := range r.Serves {
			served[id] = true
		}
		if len(r.Serves) == 0 {
			say("requirements", "requirement %s serves no commitment", r.ID)
		}
	}
	for _, k := range c.Commitments {
		if !served[k.ID] {
			say("requirements", "no system requirement serves commitment %s", k.ID)
		}
	}
	derived := c.Derived()
	for _, k := range catalog.Categories() {
		touched, in := slices.Contains(derived, k), c.Has(k)
		switch {
		case k == catalog.Security:
		case in && !touched:
			say("categories", "%s is in scope and no commitment touches it", k.Words())
		case !in && touched:
			say("categories", "%s is left out although %s", k.Words(), c.touching(k))
		}
		if !in && c.Reason(k) == "" {
			say("categories", "%s is left out without a reason", k.Words())
		}
	}
	out = append(out, c.Examination.flags()...)
	return out
}

// touching gives "commitments sc-1 and sc-3 touch it".
func (c Content) touching(k catalog.Category) string {
	var ids []string
	for _, m := range c.Commitments {
		if slices.Contains(m.Categories, k) {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 1 {
		return "commitment " + ids[0] + " touches it"
	}
	return "commitments " + strings.Join(ids[:len(ids)-1], ", ") + " and " + ids[len(ids)-1] + " touch it"
}
