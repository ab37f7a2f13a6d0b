package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/web/ui"
)

// refusedForm is a form that could not be taken: the page comes again with
// what was typed and what to do.
type refusedForm struct {
	point   int    // of focus; 0 on other pages
	form    string // "instances": not the page's main form
	problem string
	field   string
}

// refused makes an invalid field a refused form; every other error stays one.
func refused(err error, point int) (*refusedForm, error) {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid {
		return nil, err
	}
	problem := sentence(f.Message)
	if f.Hint != "" {
		problem += " " + sentence(f.Hint)
	}
	return &refusedForm{point: point, problem: problem, field: f.Field}, nil
}

// guide adds to the page of a criterion what it is about, its points of focus
// with the guidance on them, and where other frameworks ask alike.
func (s *Site) guide(r *request, v *ui.CriterionView, c posture.Criterion, at posture.At, scope scope.Version, bad *refusedForm) error {
	moment := at.Valid
	if moment.IsZero() {
		moment = r.now
	}
	said, err := s.cfg.Controls.Considered(r.Context(), r.who, c.ID, moment, at.Known)
	if err != nil {
		return err
	}
	var by []string
	for _, x := range said {
		by = append(by, x.Made.By)
	}
	names := s.names(r.Context(), by)
	words, _ := s.content.guidance.Criterion(c.ID)
	g := ui.Guide{Summary: words.Summary}
	if bad != nil {
		g.Problem, g.ProblemAt, g.Typed = bad.problem, bad.point, r.PostFormValue("reason")
	}
	used := map[string]bool{}
	for _, k := range c.Controls {
		used[k.Slug] = true
	}
	library, unused := 0, 0
	for _, d := range s.cfg.Controls.Library().Designs {
		if slices.Contains(d.Criteria(), c.ID) {
			library++
			if !used[d.Slug] {
				unused++
			}
		}
	}
	g.LibraryHref = "/controls/library?criterion=" + c.ID
	g.Library = many(library, "control", "controls") + " for " + c.ID
	switch unused {
	case 0:
		g.Library += ", all in use"
	default:
		g.Library += fmt.Sprintf(", %d not in use", unused)
	}
	may := access.May(r.who.Role, access.ControlEdit) && !r.period.past()
	tally := map[string]int{}
	for _, p := range catalog.Points(c.ID) {
		row := s.guidePoint(r, c, p, scope, said[p.Number], names, used, may)
		text, _ := words.Point(p.Number)
		row.Asks, row.Small, row.Large, row.Auditor, row.Mistakes = text.Asks, text.Small, text.Large, text.Auditor, text.Mistakes
		if text.Applies != "" {
			row.When += " " + text.Applies
		}
		tally[row.State]++
		g.Points = append(g.Points, row)
	}
	for _, state := range []string{"addressed", "not relevant", "open", "not in scope"} {
		if n := tally[state]; n > 0 {
			if g.Tally != "" {
				g.Tally += ", "
			}
			g.Tally += fmt.Sprintf("%d %s", n, state)
		}
	}
	for _, x := range s.content.crosswalks {
		e := ui.Elsewhere{Framework: ui.Link{Text: x.Framework, Href: "/crosswalks/" + x.ID + "#" + c.ID}}
		for _, m := range x.Of(c.ID) {
			e.Targets = append(e.Targets, ui.Link{Text: m.Target, Href: "/crosswalks/" + x.ID + "?from=framework#" + m.Target})
		}
		e.Without, _ = x.Reason(c.ID)
		g.Elsewhere = append(g.Elsewhere, e)
	}
	v.Guide = g
	return nil
}

func (s *Site) guidePoint(r *request, c posture.Criterion, p catalog.Point, scope scope.Version, said control.Consideration,
	names map[string]string, used map[string]bool, may bool) ui.GuidePoint {
	row := ui.GuidePoint{Number: p.Number, Title: p.Title, State: "open"}
	for _, k := range c.Controls {
		if k.Design.Covers(c.ID, p.Number) {
			row.Controls = append(row.Controls, ui.Link{Text: k.Title, Href: r.period.keep("/controls/" + k.Slug)})
		}
	}
	for _, d := range s.cfg.Controls.Library().Designs {
		if !used[d.Slug] && d.Covers(c.ID, p.Number) {
			row.Proposals = append(row.Proposals, ui.Link{Text: d.Title, Href: "/controls/library/" + d.Slug})
		}
	}
	applies, when := catalog.Applicable(p, scope.Scope)
	row.When = when
	address := fmt.Sprintf("/criteria/%s/points/%d", c.ID, p.Number)
	switch {
	case !applies:
		row.State = "not in scope"
	case len(row.Controls) > 0:
		row.State = "addressed"
	case said.State == control.NotRelevant:
		row.State, row.Reason, row.By = "not relevant", said.Reason, r.words.day(said.Made.At)
		if name := names[said.Made.By]; name != "" {
			row.By = "said " + row.By + " by " + name
		}
		if may {
			row.Form, row.Takeback = address, true
		}
	case may:
		row.Form = address
	}
	return row
}

// considerPoint records that a point of focus is not relevant, or takes that
// back.
func (s *Site) considerPoint(w http.ResponseWriter, r *request) error {
	ctx, id, reason := r.Context(), r.PathValue("id"), r.PostFormValue("reason")
	number, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		return fault.New(fault.NotFound, "%s has no point of focus %q", id, r.PathValue("number"))
	}
	done := ""
	switch do := r.PostFormValue("do"); do {
	case "not_relevant":
		err = s.cfg.Controls.SetNotRelevant(ctx, r.who, id, number, reason)
		done = fmt.Sprintf("Point %d of %s is recorded as not relevant, with your reason, in the ledger.", number, id)
	case "open":
		err = s.cfg.Controls.Reopen(ctx, r.who, id, number, reason)
		done = fmt.Sprintf("Point %d of %s is open again. What was said before stays in the ledger.", number, id)
	default:
		err = fault.New(fault.Invalid, "%q is nothing that can be done with a point of focus", do)
	}
	if err != nil {
		bad, other := refused(err, number)
		if other != nil || bad.field != "reason" {
			return err
		}
		return s.showCriterion(w, r, bad)
	}
	s.flash(w, done)
	http.Redirect(w, r.Request, fmt.Sprintf("/criteria/%s#p%d", id, number), http.StatusSeeOther)
	return nil
}
