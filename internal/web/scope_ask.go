package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/web/ui"
)

// askRows lays out what is there, and room for more.
func askRows(v *ui.ScopeForm, had int, word string, row func(i int) ui.ScopeRow) {
	v.More = true
	for i := range min(maxRows, had+max(1, v.Extra)) {
		k := row(i)
		k.Legend = fmt.Sprintf("%s %d", word, i+1)
		if i < had {
			k.Gone = strconv.Itoa(i) + ".gone"
		} else {
			k.Legend += ", empty until you write something"
		}
		v.Rows = append(v.Rows, k)
	}
}

func scopeField(i int, name, label, hint, kind, value string) ui.FormField {
	return ui.FormField{ID: fmt.Sprintf("q-%d-%s", i, name), Name: fmt.Sprintf("%d.%s", i, name), Label: label, Hint: hint, Type: kind, Value: value}
}

func at[T any](list []T, i int) T {
	var none T
	if i < len(list) {
		return list[i]
	}
	return none
}

func showSystems(v *ui.ScopeForm, c scope.Content) {
	v.Hint = "What users get from you, by the name that they know. It is what the report is about."
	askRows(v, len(c.Systems), "System", func(i int) ui.ScopeRow {
		x := at(c.Systems, i)
		return ui.ScopeRow{Fields: []ui.FormField{scopeField(i, "name", "Name", "", "", x.Name), scopeField(i, "description", "What it is", "", "long", x.Description),
			scopeField(i, "services", "What its users get from it", "One service on each line.", "long", strings.Join(x.Services, "\n"))}}
	})
}

func showBoundary(v *ui.ScopeForm, c scope.Content) {
	v.Hint = "Infrastructure, software, people, procedures and data: what the systems consist of. Say of what lies outside why it does. Hosts are named or matched: db-01, db-*, or * for every host."
	askRows(v, len(c.Boundary), "Component", func(i int) ui.ScopeRow {
		x := at(c.Boundary, i)
		where := scopeField(i, "where", "Where it lies", "", "", "")
		where.List = []ui.Option{{Value: "in", Text: "inside", Selected: !x.Out}, {Value: "out", Text: "outside", Selected: x.Out}}
		kind := scopeField(i, "kind", "Kind", "", "", "")
		for _, k := range scope.Kinds() {
			kind.List = append(kind.List, ui.Option{Value: string(k), Text: string(k), Selected: k == x.Kind})
		}
		return ui.ScopeRow{Fields: []ui.FormField{scopeField(i, "name", "Name", "", "", x.Name), kind, where,
			scopeField(i, "hosts", "Hosts", "Only for infrastructure.", "", strings.Join(x.Hosts, " ")), scopeField(i, "reason", "Why it lies outside", "Asked for outside.", "", x.Reason)}}
	})
}

func showCommitments(v *ui.ScopeForm, c scope.Content) {
	v.Hint = "What contracts, terms and agreements promise users about the service. A promise about up-time touches availability, one about secrecy confidentiality: that decides which categories are examined."
	askRows(v, len(c.Commitments), "Commitment", func(i int) ui.ScopeRow {
		x := at(c.Commitments, i)
		row := ui.ScopeRow{Label: "It touches", Fields: []ui.FormField{scopeField(i, "statement", "What was promised", "", "long", x.Statement),
			scopeField(i, "to", "To whom", "", "", x.To), scopeField(i, "source", "Document that says so", "", "", x.Source)}}
		for _, k := range catalog.Categories() {
			row.Checks = append(row.Checks, ui.ScopeCheck{Name: fmt.Sprintf("%d.categories", i), Value: string(k), Text: k.Words(), Checked: slices.Contains(x.Categories, k)})
		}
		return row
	})
}

func showRequirements(v *ui.ScopeForm, c scope.Content) {
	v.Hint = "What laws, contracts or your own rules ask of the systems so that the commitments are kept: encryption, restore times, who may enter."
	askRows(v, len(c.Requirements), "Requirement", func(i int) ui.ScopeRow {
		x := at(c.Requirements, i)
		by := scopeField(i, "by", "It follows from", "", "", "")
		for _, g := range []scope.Ground{scope.ByContract, scope.ByLaw, scope.ByChoice} {
			by.List = append(by.List, ui.Option{Value: string(g), Text: groundWords(g), Selected: g == x.By})
		}
		row := ui.ScopeRow{Label: "It serves", Fields: []ui.FormField{scopeField(i, "statement", "What the system must do", "", "long", x.Statement), by,
			scopeField(i, "reference", "Law, contract or policy", "", "", x.Reference)}}
		for _, k := range c.Commitments {
			row.Checks = append(row.Checks, ui.ScopeCheck{Name: fmt.Sprintf("%d.serves", i), Value: k.ID, Text: k.ID + " " + short(k.Statement, 60), Checked: slices.Contains(x.Serves, k.ID)})
		}
		return row
	})
}

// short cuts a text at a word, with what was left out marked.
func short(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	cut := string(runes[:most])
	if i := strings.LastIndexByte(cut, ' '); i > most/2 {
		cut = cut[:i]
	}
	return cut + " …"
}

func showCategories(v *ui.ScopeForm, c scope.Content) {
	v.Hint = "Derived from the commitments. You may decide otherwise; what departs from them is flagged, and the report's readers ask."
	derived := c.Derived()
	for _, k := range catalog.Categories() {
		choice := ui.ScopeChoice{Title: sentenceless(k.Words()), Name: "in." + string(k), In: c.Has(k), Fixed: k == catalog.Security, Note: "No commitment touches it.",
			Reason: ui.FormField{ID: "q-why-" + string(k), Name: "reason." + string(k), Label: "Why it is left out", Hint: "Only where it is left out.", Value: c.Reason(k)}}
		var ids []string
		for _, m := range c.Commitments {
			if slices.Contains(m.Categories, k) {
				ids = append(ids, m.ID)
			}
		}
		if slices.Contains(derived, k) && len(ids) > 0 {
			choice.Note = "Touched by " + strings.Join(ids, ", ") + "."
		}
		if choice.Fixed {
			choice.Note = "It belongs to every examination."
		}
		v.Choices = append(v.Choices, choice)
	}
	ask := func(name, label, hint string, a catalog.Answer) {
		f := ui.FormField{ID: "q-" + name, Name: name, Label: label, Hint: hint, Class: "short"}
		for _, o := range []struct {
			answer catalog.Answer
			text   string
		}{{catalog.Unanswered, "not answered"}, {catalog.Yes, "yes"}, {catalog.No, "no"}} {
			f.List = append(f.List, ui.Option{Value: string(o.answer), Text: o.text, Selected: o.answer == a})
		}
		v.Fields = append(v.Fields, f)
	}
	ask("controller", "Do you decide why and how personal information is used?", "Some points of focus are for those who do.", c.Controller)
	ask("processor", "Do you handle personal information for others?", "", c.Processor)
	ask("goods", "Do you produce or distribute goods?", "", c.Goods)
}

func showExamination(v *ui.ScopeForm, c scope.Content) {
	v.Hint = "Type 1 says how controls are designed as of one day; type 2 also how they operated over a window, usually 3 to 12 months. Both can be left open for now."
	e := c.Examination
	day := func(name, label, hint, value string) ui.FormField {
		return ui.FormField{ID: "q-" + name, Name: name, Label: label, Hint: hint, Type: "date", Class: "short", Value: value}
	}
	kind := ui.FormField{ID: "q-type", Name: "type", Label: "Type", Class: "short"}
	for _, o := range []struct {
		n    int
		text string
	}{{0, "not set yet"}, {1, "type 1: as of a day"}, {2, "type 2: over a window"}} {
		kind.List = append(kind.List, ui.Option{Value: strconv.Itoa(o.n), Text: o.text, Selected: o.n == e.Type})
	}
	zone := ui.FormField{ID: "q-zone", Name: "zone", Label: "Time zone in which days are counted", Class: "short"}
	list := zones
	if !slices.Contains(list, c.Zone) {
		list = append([]string{c.Zone}, list...)
	}
	for _, z := range list {
		if z == c.Zone || knownZone(z) {
			zone.List = append(zone.List, ui.Option{Value: z, Text: z, Selected: z == c.Zone})
		}
	}
	v.Fields = []ui.FormField{kind, day("date", "Day", "Only for type 1.", e.Date), day("from", "First day of the window", "Only for type 2.", e.From),
		day("to", "Last day of the window", "", e.To), zone}
}
