package web

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/render/tieout"
	"github.com/attesta/attesta/internal/web/ui"
)

// exhibits lists what was frozen for the engagement.
func (s *Site) exhibits(r *request, g engagement.Engagement, requests []engagement.Request, v *ui.EngagementView, open bool) error {
	ctx := r.Context()
	all, err := s.cfg.Engagements.Exhibits(ctx, r.who, g.Number)
	if err != nil {
		return err
	}
	refs := map[string]string{}
	for _, q := range requests {
		refs[q.ID] = q.Ref
	}
	seen := map[string]int{}
	frozen := 0
	for _, x := range all {
		if x.Kind != "population" {
			continue
		}
		answers := ui.Link{}
		if ref := refs[x.Request]; ref != "" {
			answers = ui.Link{Text: ref, Href: engagementPath(g.Number, "requests", ref)}
		}
		if at, twice := seen[x.Subject]; twice {
			if answers.Text != "" {
				v.Populations[at].Request = answers
			}
			continue
		}
		e, err := s.cfg.Populations.Extraction(ctx, x.Subject)
		if err != nil {
			return err
		}
		row := ui.FrozenRow{Link: ui.Link{Text: e.Ref() + " " + e.Content.Title, Href: "/extractions/" + e.Ref()}, Decided: strings.ReplaceAll(e.Content.Date, "_", " "), Items: e.Count, Frozen: r.words.at(e.MadeAt),
			Digest: e.Digest[:4] + "…" + e.Digest[len(e.Digest)-2:], Workbook: engagementPath(g.Number, "populations", e.ID+".xlsx"), Second: "none yet", Open: "not tested", Request: answers}
		if n := len(e.Reconciliations); n > 0 {
			rec := e.Reconciliations[n-1]
			row.Second, row.There, row.Open, row.OpenBad = rec.Name, ui.Number(rec.B), ui.Number(rec.Open()), rec.Open() > 0
		}
		seen[x.Subject] = len(v.Populations)
		v.Populations = append(v.Populations, row)
		frozen++
	}
	v.Figures = append(v.Figures, ui.Figure{Term: "Populations frozen", Value: strconv.Itoa(frozen)})
	if !open || !access.May(r.who.Role, access.PopulationExtract) {
		return nil
	}
	definitions, err := s.cfg.Populations.Definitions(ctx)
	if err != nil {
		return err
	}
	drafts := 0
	for _, d := range definitions {
		if in, ok := d.InForce(); ok {
			v.Choices = append(v.Choices, ui.Option{Value: d.Slug, Text: fmt.Sprintf("%s, version %d", in.Title, in.Version), Selected: d.Slug == r.PostFormValue("population")})
		} else if d.Newest().State == population.Draft {
			drafts++
		}
	}
	if len(v.Choices) > 0 {
		v.Freeze = engagementPath(g.Number, "populations")
	}
	if drafts > 0 {
		v.FreezeNote = fmt.Sprintf("%s nobody has approved yet; somebody other than the author approves a definition before it can be frozen.", many(drafts, "definition is a draft that", "definitions are drafts that"))
	}
	return nil
}

// freezePopulation extracts a population over the engagement's period.
func (s *Site) freezePopulation(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	from, to := g.Window()
	win := population.Window{From: from, To: to}
	if r.now.Before(to) {
		win.To = r.now // the window is not over: what is known so far
		if d, err := s.cfg.Populations.Definition(r.Context(), r.PostFormValue("population")); err == nil {
			if src, err := s.cfg.Populations.Source(d.Newest().Source); err == nil {
				win.To = r.now.Add(-src.Settle)
			}
		}
	}
	if g.Type == 1 {
		win.From = win.To
	}
	bad := ui.Problem{}
	switch {
	case !r.now.After(from):
		bad = ui.Problem{Field: "population", Text: "The period has not begun: there is nothing to freeze yet."}
	default:
		e, err := s.cfg.Populations.Extract(r.Context(), r.who, r.PostFormValue("population"), win)
		if err == nil {
			_, err = s.cfg.Engagements.Attach(r.Context(), r.who, g.Number, "", engagement.Exhibit{Kind: "population", Subject: e.ID, Title: e.Ref() + " " + e.Content.Title})
		}
		if err == nil {
			said := fmt.Sprintf("%s is frozen: %s.", e.Ref(), many(e.Count, "item", "items"))
			if r.now.Before(to) {
				said += " The period is not over; freeze it again afterwards."
			}
			s.flash(w, said)
			http.Redirect(w, r.Request, engagementPath(g.Number)+"#h-pop", http.StatusSeeOther)
			return nil
		}
		if bad, err = problem(err); err != nil {
			return err
		}
		bad.Field = "population"
	}
	return s.engagementRoom(w, r, http.StatusUnprocessableEntity, g, bad)
}

// tieOut gives a population that was frozen for the engagement as a workbook.
func (s *Site) tieOut(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	ctx, id := r.Context(), strings.TrimSuffix(r.PathValue("extraction"), ".xlsx")
	all, err := s.cfg.Engagements.Exhibits(ctx, r.who, g.Number)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(x engagement.Exhibit) bool { return x.Kind == "population" && x.Subject == id }) {
		return fault.New(fault.NotFound, "engagement %d holds no such population", g.Number)
	}
	e, err := s.cfg.Populations.Extraction(ctx, id)
	if err != nil {
		return err
	}
	return s.workbook(w, r, e, fmt.Sprintf("Engagement %d, type %d, %s", g.Number, g.Type, g.Period()))
}

// workbook gives a frozen population as a workbook.
func (s *Site) workbook(w http.ResponseWriter, r *request, e population.Extraction, engagement string) error {
	c, err := tieout.Gather(r.Context(), s.cfg.Populations, e, engagement, s.cfg.Ledger.Origin(), func(ids []string) map[string]string { return s.names(r.Context(), ids) })
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := tieout.Write(&out, c); err != nil {
		return err
	}
	return download(w, xlsx, fmt.Sprintf("%s-%s.xlsx", e.Ref(), e.Slug), out.Bytes())
}
