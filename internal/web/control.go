package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/web/ui"
)

func counts(c posture.Counts) ui.Counts { return ui.Counts(c) }

// controls answers: which controls work, which do not?
func (s *Site) controls(w http.ResponseWriter, r *request) error {
	ctx, q := r.Context(), r.URL.Query()
	at, err := s.at(ctx, r)
	if err != nil {
		return err
	}
	list, err := s.cfg.Posture.Controls(ctx, at)
	if err != nil {
		return err
	}
	want := posture.Status(q.Get("status"))
	kind := q.Get("kind")
	by := map[posture.Status]int{}
	automated, key := 0, 0
	v := ui.ControlsView{All: len(list), Undo: with(q, "/controls", "status", "", "kind", "")}
	for _, c := range list {
		by[c.Status]++
		if automatedControl(c) {
			automated++
		}
		if c.Key {
			key++
		}
		if !controlShown(q, c) {
			continue
		}
		v.Rows = append(v.Rows, controlRow(r, c))
	}
	v.Title = fmt.Sprintf("%d of %d controls show a deviation; %d lack evidence", by[posture.Deviation], len(list), by[posture.Insufficient])
	v.Note = "A control takes the worst status of its checks and instances. A manual control without a recorded instance lacks evidence."
	if len(list) == 0 {
		v.Title = "Controls"
		v.Empty = &ui.Empty{Title: "No control is in use yet", Text: "A control says what the organisation does, who does it and how often. The library holds proposals for every criterion.",
			Until: "Until a control addresses it, a criterion shows insufficient evidence.", Actions: []ui.Link{{Text: "Open the control library", Href: "/controls/library"}, {Text: "See the criteria", Href: "/criteria"}}}
	}
	v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("All %d", len(list)), Href: v.Undo, Current: want == "" && kind == ""})
	for _, st := range ui.Statuses() {
		if n := by[posture.Status(st)]; n > 0 {
			v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("%d %s", n, st.Words()), Cell: st.Cell(), Current: want == posture.Status(st),
				Href: with(q, "/controls", "status", string(st))})
		}
	}
	v.Chips = append(v.Chips,
		ui.Chip{Text: fmt.Sprintf("%d key", key), Current: kind == "key", Href: with(q, "/controls", "kind", "key")},
		ui.Chip{Text: fmt.Sprintf("%d automated", automated), Current: kind == "automated", Href: with(q, "/controls", "kind", "automated")})
	sh := s.shell(w, r, "Controls", "Comply", "Controls")
	return s.render(w, r, http.StatusOK, ui.Controls(sh, v))
}

// controlShown reports whether the list's filter shows a control.
func controlShown(q url.Values, c posture.Control) bool {
	want, kind := posture.Status(q.Get("status")), q.Get("kind")
	return (want == "" || c.Status == want) && (kind != "automated" || automatedControl(c)) && (kind != "key" || c.Key)
}

func automatedControl(c posture.Control) bool { return c.Design.Mode == control.Automated }

func controlRow(r *request, c posture.Control) ui.ControlRow {
	return ui.ControlRow{Link: ui.Link{Text: c.Title, Href: r.period.keep("/controls/" + c.Slug)}, Key: c.Key, Auto: automatedControl(c),
		Status: ui.Status(c.Status), Draft: c.Draft, Why: sentence(c.Why), Coverage: coverage(c.Coverage),
		Criteria: criterionLinks(r, c.Criteria), Checks: len(c.Checks)}
}

// control answers: does this control work, and can it be shown?
func (s *Site) control(w http.ResponseWriter, r *request) error {
	return s.showControl(w, r, nil)
}

// showControl draws it, with a form that could not be taken.
func (s *Site) showControl(w http.ResponseWriter, r *request, bad *refusedForm) error {
	ctx, slug := r.Context(), r.PathValue("slug")
	at, err := s.at(ctx, r)
	if err != nil {
		return err
	}
	c, err := s.cfg.Posture.Control(ctx, slug, at)
	if err != nil {
		return err
	}
	kept, err := s.cfg.Controls.Get(ctx, r.who, slug)
	if err != nil {
		return err
	}
	v := ui.ControlView{List: ui.Link{Text: "Controls", Href: r.period.keep("/controls")}, Slug: fmt.Sprintf("C-%d", c.Number), Title: c.Title,
		Status: ui.Status(c.Status), Draft: c.Draft, Since: r.words.at(c.Since), Coverage: coverage(c.Coverage), Why: sentence(c.Why), Change: sentence(c.Change),
		Version: fmt.Sprintf("version %d, since %s", c.Version, r.words.day(c.Effective)), Owner: "owner: " + c.Design.Owner,
		Statement: c.Design.Statement, Design: designFacts(c.Design, kept.Current().Library), Counts: counts(c.Counts)}
	v.DesignBy = "adopted"
	ver := kept.Current()
	if c.State == control.Draft {
		v.DesignBy = "draft from the library, not approved by anybody yet"
		if strings.HasPrefix(kept.Current().Library, "file ") {
			v.DesignBy = "draft from a file, not approved by anybody yet"
		}
	} else if by := s.names(ctx, []string{ver.Made.By})[ver.Made.By]; by != "" {
		v.DesignBy = "approved " + r.words.day(ver.Made.At) + " by " + by
	}
	var failing int
	for _, ch := range c.Checks {
		v.Checks = append(v.Checks, checkRow(r, ch))
		if ch.Status == posture.Deviation {
			failing++
		}
	}
	if v.Instances, err = s.instances(r, kept, c, at, bad); err != nil {
		return err
	}
	v.Operation = v.Instances.Figures
	v.Populations = populationRows(s.cfg.Controls.Library(), c.Design)
	v.ChecksSum = many(len(c.Checks), "check", "checks") + ", " + many(len(v.Populations), "population", "populations")
	if len(c.Checks) > 0 {
		v.Operation = []ui.Figure{
			{Term: "Checks", Value: fmt.Sprint(len(c.Checks)), Note: "rest under it"},
			{Term: "With a deviation", Value: fmt.Sprint(failing), Bad: failing > 0, Note: "of them"},
			{Term: "Coverage", Value: c.Coverage.Words(), Note: fmt.Sprintf("%s of %s observed", ui.Number(c.Coverage.Observed), ui.Number(c.Coverage.Expected))},
		}
	}
	seen := map[string]bool{}
	for _, p := range c.Design.Points {
		title := ""
		if pt, ok := catalog.PointOf(p.Criterion, p.Number); ok {
			title = pt.Title
		}
		v.Points = append(v.Points, ui.PointRow{Number: p.Number, Title: title, Controls: criterionLinks(r, []string{p.Criterion}), Applies: relationWords(p)})
		seen[p.Criterion] = true
	}
	v.PointsOf = many(len(v.Points), "point", "points") + " of " + many(len(seen), "criterion", "criteria")
	if v.History, err = s.history(r, slug, 12); err != nil {
		return err
	}
	if access.May(r.who.Role, access.ControlEdit) && ver.State == control.Draft {
		v.Approve = "/controls/" + slug + "/approve"
	}
	if bad != nil && bad.form != "" {
		v.Tailor = tailorForm(r, kept, nil)
	} else {
		v.Tailor = tailorForm(r, kept, bad)
	}
	sh := s.shell(w, r, c.Title, "Comply", "Controls")
	status := http.StatusOK
	if bad != nil {
		sh.Path, status = "/controls/"+slug, http.StatusUnprocessableEntity
	}
	return s.render(w, r, status, ui.Control(sh, v))
}

// approveControl makes a draft from the library the organisation's own.
func (s *Site) approveControl(w http.ResponseWriter, r *request) error {
	slug := r.PathValue("slug")
	if err := s.cfg.Controls.Approve(r.Context(), r.who, slug); err != nil {
		return err
	}
	s.flash(w, "The control is approved. The approval is an entry in the ledger.")
	http.Redirect(w, r.Request, "/controls/"+slug, http.StatusSeeOther)
	return nil
}

func relationWords(p control.PointLink) string {
	switch p.Relation {
	case control.Partly:
		return "in part: " + p.Rationale
	case control.Supports:
		return "supports only: " + p.Rationale
	}
	return p.Rationale
}

func designFacts(d control.Design, library string) []ui.Fact {
	from, information := ui.Fact{Term: "Library", Text: library, Muted: true}, strings.Join(d.Information, ", ")
	if file, of := strings.CutPrefix(library, "file "); of {
		from = ui.Fact{Term: "Came from", Links: []ui.Link{{Text: "the import " + file, Href: "/imports"}}}
	}
	if information == "" {
		information = "not said yet"
	}
	return []ui.Fact{
		{Term: "Risk", Text: d.Risk},
		{Term: "Kind", Text: string(d.Weight) + ", " + string(d.Nature) + ", " + string(d.Mode)},
		{Term: "Frequency", Text: d.Rhythm()},
		{Term: "Performer", Text: d.Performer},
		{Term: "Owner", Text: d.Owner},
		{Term: "Information used", Text: information},
		{Term: "Evidence", Text: strings.Join(d.Evidence, ", ")},
		from,
	}
}

// populationRows gives the populations of a design as the library describes
// them. A slug that this build's library does not have stands by itself.
func populationRows(lib *control.Library, d control.Design) []ui.PopulationRow {
	var rows []ui.PopulationRow
	for _, slug := range d.Populations {
		p, known := lib.Population(slug)
		if !known {
			rows = append(rows, ui.PopulationRow{Title: slug, Of: "not described by " + lib.Name()})
			continue
		}
		rows = append(rows, ui.PopulationRow{Title: p.Title, Of: p.Of, Date: p.Date, From: p.From, Collected: p.Collected})
	}
	return rows
}

func checkRow(r *request, ch posture.Check) ui.CheckRow {
	return ui.CheckRow{Check: checkLink(r, ch.ID), Title: ch.Title, Tier: ch.Tier, Severity: ui.Severity(ch.Severity), Counts: counts(ch.Counts),
		Status: ui.Status(ch.Status), Draft: ch.Draft, LastRun: r.words.at(ch.LastRun), FailHref: r.period.keep("/checks/" + ch.ID)}
}

// history gives a subject's newest entries as a timeline.
func (s *Site) history(r *request, subject string, limit int) ([]ui.Step, error) {
	if !access.May(r.who.Role, access.LedgerRead) {
		return nil, nil
	}
	records, err := s.cfg.Ledger.Records(r.Context(), ledger.Filter{Subject: subject, Limit: limit})
	if err != nil {
		return nil, err
	}
	names := s.known(r, records)
	var out []ui.Step
	for _, rec := range records {
		out = append(out, step(r, rec, names))
	}
	return out, nil
}
