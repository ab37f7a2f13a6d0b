package web

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/web/ui"
)

// useOf says whether a control of the library is in use.
func useOf(program *control.Program, slug string) (state string, own ui.Link) {
	for _, c := range program.Controls {
		if c.Slug != slug {
			continue
		}
		own = ui.Link{Text: fmt.Sprintf("C-%d", c.Number), Href: "/controls/" + slug}
		switch c.Current().State {
		case control.Draft:
			return "draft", own
		case control.Retired:
			return "retired", ui.Link{}
		}
		return "in use", own
	}
	return "not in use", ui.Link{}
}

// libraryAtOnce is how many controls the library shows without folding its
// series.
const libraryAtOnce = 40

// library answers: what could we adopt, and what do we have of it?
func (s *Site) library(w http.ResponseWriter, r *request) error {
	program, err := s.cfg.Controls.Program(r.Context(), r.who)
	if err != nil {
		return err
	}
	q, lib := r.URL.Query(), s.cfg.Controls.Library()
	use, series, criterion := q.Get("use"), q.Get("series"), strings.ToUpper(q.Get("criterion"))
	if _, ok := catalog.Get(criterion); criterion != "" && !ok {
		return fault.New(fault.Invalid, "%q is none of the 61 criteria", criterion).WithHint("write an id like CC6.1")
	}
	const here = "/controls/library"
	v := ui.LibraryView{All: len(lib.Designs), Undo: here, Back: r.URL.RequestURI(), May: access.May(r.who.Role, access.ControlEdit), Criterion: criterion,
		Note: fmt.Sprintf("%s %s. Adopting takes a design into use as it stands, under your name; tailor it on its page.", lib.Title, lib.Version)}
	if use != "" {
		v.Keep = append(v.Keep, ui.Link{Text: "use", Href: use})
	}
	inUse, drafts, starter, starterOpen := 0, 0, 0, 0
	bySeries := map[string]int{}
	groups := map[string]int{}
	titles := map[string]string{}
	for _, se := range catalog.AllSeries() {
		groups[se.ID] = len(v.Groups)
		titles[se.ID] = se.Title
		v.Groups = append(v.Groups, ui.LibraryGroup{ID: se.ID, Title: se.Title})
	}
	for _, d := range lib.Designs {
		state, own := useOf(program, d.Slug)
		home := seriesOf(d)
		switch state {
		case "in use":
			inUse++
		case "draft":
			inUse, drafts = inUse+1, drafts+1
		}
		if d.Starter {
			starter++
			if state == "draft" || state == "not in use" {
				starterOpen++
			}
		}
		if (use == "starter" && !d.Starter) || (use == "yes" && own.Text == "") || (use == "no" && own.Text != "") {
			continue
		}
		bySeries[home]++
		if (series != "" && home != series) || (criterion != "" && !slices.Contains(d.Criteria(), criterion)) {
			continue
		}
		row := ui.LibraryRow{Link: ui.Link{Text: d.Title, Href: here + "/" + d.Slug}, Slug: d.Slug, Kind: kindWords(d), Rhythm: d.Rhythm(),
			Criteria: criterionLinks(r, d.Criteria()), Starter: d.Starter, State: state, Control: own}
		if v.May && own.Text == "" {
			row.Adopt = "/controls/" + d.Slug + "/adopt"
		}
		i := groups[home]
		v.Groups[i].Rows = append(v.Groups[i].Rows, row)
		v.Shown++
	}
	v.Groups = slices.DeleteFunc(v.Groups, func(g ui.LibraryGroup) bool { return len(g.Rows) == 0 })
	for i, g := range v.Groups {
		used := 0
		for _, row := range g.Rows {
			if row.Control.Text != "" {
				used++
			}
		}
		v.Groups[i].Count = fmt.Sprintf("%s, %d in use", many(len(g.Rows), "control", "controls"), used)
		v.Groups[i].Open = v.Shown <= libraryAtOnce || len(v.Groups) == 1
	}
	v.Title = fmt.Sprintf("%d of the library's %s are in use", inUse, many(v.All, "control", "controls"))
	switch {
	case drafts == 0:
	case drafts == inUse:
		v.Title += ", all as drafts"
	default:
		v.Title += fmt.Sprintf(", %d of them as drafts", drafts)
	}
	if starterOpen > 0 {
		v.Starter = "Adopt the starter profile"
		v.StarterIs = fmt.Sprintf("The starter profile is %s for security alone. %d of them nobody has approved yet; adopting it approves these as they stand.", many(starter, "control", "controls"), starterOpen)
	}
	chip := func(text, value string) ui.Chip {
		return ui.Chip{Text: text, Current: use == value, Href: with(q, here, "use", value)}
	}
	v.Chips = []ui.Chip{chip(fmt.Sprintf("All %d", v.All), ""), chip(fmt.Sprintf("%d in the starter profile", starter), "starter"),
		chip(fmt.Sprintf("%d in use", inUse), "yes"), chip(fmt.Sprintf("%d not in use", v.All-inUse), "no")}
	v.Series = []ui.Chip{{Text: "All series", Current: series == "" && criterion == "", Href: with(q, here, "series", "", "criterion", "")}}
	for _, se := range catalog.AllSeries() {
		if n := bySeries[se.ID]; n > 0 {
			v.Series = append(v.Series, ui.Chip{Text: fmt.Sprintf("%s %d", se.ID, n), Current: series == se.ID, Href: with(q, here, "series", se.ID, "criterion", "")})
		}
	}
	for _, c := range catalog.All() {
		v.Criteria = append(v.Criteria, ui.Option{Value: c.ID, Text: c.ID + " " + c.Title, Selected: c.ID == criterion})
	}
	return s.render(w, r, http.StatusOK, ui.Library(s.shell(w, r, "Control library", "Comply", "Library"), v))
}

// seriesOf gives the series under which a control of the library stands.
func seriesOf(d control.Design) string {
	c, _ := catalog.Get(d.Points[0].Criterion)
	return c.Series
}

func kindWords(d control.Design) string {
	return string(d.Weight) + ", " + string(d.Nature) + ", " + string(d.Mode)
}

// libraryControl answers: what would this control do for us?
func (s *Site) libraryControl(w http.ResponseWriter, r *request) error {
	lib, slug := s.cfg.Controls.Library(), r.PathValue("slug")
	d, ok := lib.Design(slug)
	if !ok {
		return fault.New(fault.NotFound, "the library %s has no control %q", lib.Name(), slug)
	}
	program, err := s.cfg.Controls.Program(r.Context(), r.who)
	if err != nil {
		return err
	}
	v := ui.DesignView{Title: d.Title, Slug: slug, Line: []string{kindWords(d), d.Rhythm()}, Statement: d.Statement, Facts: designFacts(d, lib.Name())}
	if d.Starter {
		v.Line = append(v.Line, "in the starter profile")
	}
	v.State, v.Control = useOf(program, slug)
	v.Again = v.State == "retired"
	if v.Control.Text == "" && access.May(r.who.Role, access.ControlEdit) {
		v.Adopt = "/controls/" + slug + "/adopt"
	}
	for _, p := range d.Points {
		pt, _ := catalog.PointOf(p.Criterion, p.Number)
		v.Points = append(v.Points, ui.PointRow{Number: p.Number, Title: pt.Title, Controls: criterionLinks(r, []string{p.Criterion}), Applies: relationWords(p)})
	}
	v.PointsOf = many(len(d.Points), "point", "points") + " of " + many(len(d.Criteria()), "criterion", "criteria")
	for _, pattern := range d.Checks {
		link := ui.Link{Text: pattern}
		if !strings.ContainsAny(pattern, "*?[") {
			link.Href = "/checks/" + pattern
		}
		v.Checks = append(v.Checks, link)
	}
	v.Populations = populationRows(lib, d)
	for _, k := range s.content.risks.Answered(slug) {
		v.Risks = append(v.Risks, ui.NamedText{Title: k.Title, Text: k.Scenario})
	}
	for _, sh := range d.Shares {
		t := ui.Together{What: sh.Kind + ": " + sh.Name}
		for _, o := range lib.Designs {
			if o.Slug != slug && slices.Contains(o.Shares, sh) {
				t.Controls = append(t.Controls, ui.Link{Text: o.Title, Href: "/controls/library/" + o.Slug})
			}
		}
		v.Together = append(v.Together, t)
	}
	return s.render(w, r, http.StatusOK, ui.Design(s.shell(w, r, d.Title, "Comply", "Library"), v))
}

// adoptControl takes a control of the library into use.
func (s *Site) adoptControl(w http.ResponseWriter, r *request) error {
	slug := r.PathValue("slug")
	if err := s.cfg.Controls.Adopt(r.Context(), r.who, slug); err != nil {
		return err
	}
	d, _ := s.cfg.Controls.Library().Design(slug)
	s.flash(w, "“"+d.Title+"” is in use. The adoption is an entry in the ledger.")
	to := "/controls/" + slug
	if p := r.PostFormValue("back"); p != "" {
		to = back(p)
	}
	http.Redirect(w, r.Request, to, http.StatusSeeOther)
	return nil
}

// adoptStarter takes the starter profile into use.
func (s *Site) adoptStarter(w http.ResponseWriter, r *request) error {
	adopted, approved, err := s.cfg.Controls.AdoptStarter(r.Context(), r.who)
	if err != nil {
		return err
	}
	s.flash(w, fmt.Sprintf("The starter profile is in use: %s approved, %d newly adopted. Each is an entry in the ledger.", many(approved, "draft", "drafts"), adopted))
	http.Redirect(w, r.Request, "/controls/library?use=starter", http.StatusSeeOther)
	return nil
}

// tailorForm gives the form that changes a control; what was typed stays in a
// form that could not be taken.
func tailorForm(r *request, c control.Control, bad *refusedForm) ui.TailorForm {
	ver := c.Current()
	if !access.May(r.who.Role, access.ControlEdit) || ver.State == control.Retired || r.period.past() {
		return ui.TailorForm{}
	}
	d := ver.Design
	f := ui.TailorForm{Action: "/controls/" + c.Slug + "/tailor", Retire: "/controls/" + c.Slug + "/retire", Title: d.Title, Statement: d.Statement, Owner: d.Owner,
		Performer: d.Performer, Trigger: d.Trigger}
	frequency, weight := d.Frequency, string(d.Weight)
	if bad != nil {
		form := r.PostForm
		f.Open, f.Problem, f.Field = true, bad.problem, bad.field
		f.Title, f.Statement, f.Owner, f.Performer = form.Get("title"), form.Get("statement"), form.Get("owner"), form.Get("performer")
		f.Trigger, f.Reason, frequency, weight = form.Get("trigger"), form.Get("reason"), form.Get("frequency"), form.Get("weight")
	}
	f.Rhythm = append(f.Rhythm, ui.Option{Value: "", Text: "none: when the trigger below occurs", Selected: frequency == ""})
	for _, x := range control.Frequencies() {
		f.Rhythm = append(f.Rhythm, ui.Option{Value: x, Text: x, Selected: frequency == x})
	}
	for _, x := range []control.Weight{control.Key, control.Supporting} {
		f.Weight = append(f.Weight, ui.Option{Value: string(x), Text: string(x), Selected: weight == string(x)})
	}
	return f
}

// tailoring reads the form: only what differs from the present design.
func tailoring(form url.Values, d control.Design) control.Tailoring {
	t := control.Tailoring{Reason: strings.TrimSpace(form.Get("reason"))}
	differs := func(field, now string) *string {
		if !form.Has(field) {
			return nil
		}
		typed := strings.TrimSpace(strings.ReplaceAll(form.Get(field), "\r\n", "\n"))
		if typed == now {
			return nil
		}
		return &typed
	}
	t.Title, t.Statement = differs("title", d.Title), differs("statement", d.Statement)
	t.Owner, t.Performer = differs("owner", d.Owner), differs("performer", d.Performer)
	frequency, trigger := strings.TrimSpace(form.Get("frequency")), strings.TrimSpace(form.Get("trigger"))
	switch {
	case frequency == d.Frequency && trigger == d.Trigger:
	case frequency != "" && trigger != "" && trigger != d.Trigger:
		t.Frequency, t.Trigger = &frequency, &trigger // refused: one of the two
	case frequency != "":
		t.Frequency = &frequency
	default:
		t.Trigger = &trigger
	}
	if weight := control.Weight(form.Get("weight")); form.Has("weight") && weight != d.Weight {
		t.Weight = &weight
	}
	return t
}

// tailorControl changes a control's design from now on.
func (s *Site) tailorControl(w http.ResponseWriter, r *request) error {
	ctx, slug := r.Context(), r.PathValue("slug")
	c, err := s.cfg.Controls.Get(ctx, r.who, slug)
	if err != nil {
		return err
	}
	if err := s.cfg.Controls.Tailor(ctx, r.who, slug, tailoring(r.PostForm, c.Current().Design)); err != nil {
		bad, other := refused(err, 0)
		if other != nil {
			return err
		}
		return s.showControl(w, r, bad)
	}
	s.flash(w, "The new version is in force. What changed, and why, is an entry in the ledger.")
	http.Redirect(w, r.Request, path.Join("/controls", slug), http.StatusSeeOther)
	return nil
}

// retireControl ends the use of a control.
func (s *Site) retireControl(w http.ResponseWriter, r *request) error {
	slug := r.PathValue("slug")
	if err := s.cfg.Controls.Retire(r.Context(), r.who, slug, strings.TrimSpace(r.PostFormValue("reason"))); err != nil {
		return err
	}
	s.flash(w, "The control is retired. Its history stays in the ledger, and the library still holds its design.")
	http.Redirect(w, r.Request, "/controls/library/"+slug, http.StatusSeeOther)
	return nil
}
