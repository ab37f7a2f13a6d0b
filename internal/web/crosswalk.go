package web

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/catalog/crosswalk"
	"github.com/attesta/attesta/internal/web/ui"
)

// crosswalks answers: where do the criteria meet other frameworks?
func (s *Site) crosswalks(w http.ResponseWriter, r *request) error {
	v := ui.CrosswalksView{Title: "Crosswalks",
		Note: "What a criterion asks beside what another framework asks, related one by one, each with the reason. The relations are our own judgement; they help to reuse work and prove nothing."}
	for _, x := range s.content.crosswalks {
		related := 0
		for _, c := range catalog.All() {
			if len(x.Of(c.ID)) > 0 {
				related++
			}
		}
		v.Rows = append(v.Rows, ui.CrosswalkRow{Link: ui.Link{Text: x.Framework, Href: "/crosswalks/" + x.ID}, Version: x.Version,
			Criteria: fmt.Sprintf("%d of %d", related, len(catalog.All())), Targets: x.Reached(), Mappings: len(x.Mappings)})
	}
	if n := len(v.Rows); n > 0 {
		v.Title = fmt.Sprintf("The criteria are related to %s", many(n, "other framework", "other frameworks"))
	} else {
		v.Empty = &ui.Empty{Title: "No crosswalk comes with this build", Text: "A crosswalk relates the criteria to the items of another framework, so that work done for one serves the other.",
			Until: "Until there is one, each criterion stands alone.", Actions: []ui.Link{{Text: "See the criteria", Href: "/criteria"}}}
	}
	return s.render(w, r, http.StatusOK, ui.Crosswalks(s.shell(w, r, "Crosswalks", "Comply", "Crosswalks"), v))
}

// crosswalk shows one, from the criteria or from the framework.
func (s *Site) crosswalk(w http.ResponseWriter, r *request) error {
	x, err := crosswalk.Named(s.content.crosswalks, r.PathValue("id"))
	if err != nil {
		return err
	}
	q := r.URL.Query()
	here, from, relation, series := "/crosswalks/"+x.ID, q.Get("from"), crosswalk.Relation(q.Get("relation")), q.Get("series")
	if relation != "" && !slices.Contains(crosswalk.Relations(), relation) {
		return fault.New(fault.Invalid, "%q is no relation", relation).WithHint("the relations are equal, subset, superset and intersects")
	}
	v := ui.CrosswalkView{ID: x.ID, Title: fmt.Sprintf("The criteria and %s", x.Framework), Note: sentence(x.Summary), All: len(x.Mappings), Undo: with(q, here, "relation", "", "series", "")}
	by := map[crosswalk.Relation]int{}
	shown := func(m crosswalk.Mapping, group string) bool {
		return (relation == "" || m.Relation == relation) && (series == "" || group == series)
	}
	for _, m := range x.Mappings {
		by[m.Relation]++
	}
	if from == "framework" {
		v.Heads = [2]string{"The item", "Criterion"}
		s.fromFramework(r, x, &v, shown, relation == "")
	} else {
		v.Heads = [2]string{"The criterion", "Item of " + x.Framework}
		fromCriteria(r, x, &v, shown, relation == "")
	}
	for _, g := range v.Groups {
		v.Shown += len(g.Rows)
	}
	if v.Shown == 0 && relation == "" && len(v.Groups) > 0 {
		v.Shown, v.All = len(v.Groups), len(v.Groups) // a group of items that nothing relates to
	}
	v.Views = []ui.Chip{
		{Text: "From the criteria", Current: from != "framework", Href: with(q, here, "from", "", "series", "")},
		{Text: "From " + x.Framework, Current: from == "framework", Href: with(q, here, "from", "framework", "series", "")},
	}
	v.Chips = []ui.Chip{{Text: fmt.Sprintf("All %d", len(x.Mappings)), Current: relation == "", Href: with(q, here, "relation", "")}}
	for _, rel := range crosswalk.Relations() {
		if by[rel] > 0 {
			words := rel
			if from == "framework" {
				words = rel.Inverse()
			}
			v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("%d %s", by[rel], words.Words()), Current: relation == rel, Href: with(q, here, "relation", string(rel))})
		}
	}
	v.Series = []ui.Chip{{Text: "All groups", Current: series == "", Href: with(q, here, "series", "")}}
	if from == "framework" {
		for _, g := range x.Targets {
			if g.Parent == "" {
				v.Series = append(v.Series, ui.Chip{Text: g.ID, Current: series == g.ID, Href: with(q, here, "series", g.ID)})
			}
		}
	} else {
		for _, se := range catalog.AllSeries() {
			v.Series = append(v.Series, ui.Chip{Text: se.ID, Current: series == se.ID, Href: with(q, here, "series", se.ID)})
		}
	}
	return s.render(w, r, http.StatusOK, ui.Crosswalk(s.shell(w, r, v.Title, "Comply", "Crosswalks"), v))
}

func fromCriteria(r *request, x *crosswalk.Crosswalk, v *ui.CrosswalkView, shown func(crosswalk.Mapping, string) bool, all bool) {
	for _, c := range catalog.All() {
		g := ui.CrosswalkGroup{ID: c.ID, Title: c.Title, Href: r.period.keep("/criteria/" + c.ID)}
		for _, m := range x.Of(c.ID) {
			if shown(m, c.Series) {
				t, _ := x.Target(m.Target)
				g.Rows = append(g.Rows, ui.CrosswalkLine{Relation: m.Relation.Words(), Title: t.Name, Rationale: m.Rationale,
					To: ui.Link{Text: t.ID, Href: "/crosswalks/" + x.ID + "?from=framework#" + t.ID}})
			}
		}
		if reason, ok := x.Reason(c.ID); ok && all && shown(crosswalk.Mapping{}, c.Series) {
			g.Without = "Nothing in this framework: " + sentence(reason)
		}
		if len(g.Rows) > 0 || g.Without != "" {
			v.Groups = append(v.Groups, g)
		}
	}
}

func (s *Site) fromFramework(r *request, x *crosswalk.Crosswalk, v *ui.CrosswalkView, shown func(crosswalk.Mapping, string) bool, all bool) {
	for _, t := range x.Targets {
		g := ui.CrosswalkGroup{ID: t.ID, Title: t.Name}
		list := x.To(t.ID)
		head := len(list) == 0 && slices.ContainsFunc(x.Targets, func(o crosswalk.Target) bool { return o.Parent == t.ID })
		for _, m := range list {
			if shown(m, t.Group()) {
				c, _ := catalog.Get(m.Criterion)
				g.Rows = append(g.Rows, ui.CrosswalkLine{Relation: m.Relation.Inverse().Words(), Title: c.Title, Rationale: m.Rationale,
					To: ui.Link{Text: c.ID, Href: r.period.keep("/criteria/" + c.ID)}})
			}
		}
		if len(list) == 0 && !head && all && shown(crosswalk.Mapping{}, t.Group()) {
			g.Without = "No criterion relates to it."
		}
		if len(g.Rows) > 0 || g.Without != "" {
			v.Groups = append(v.Groups, g)
		}
	}
}
