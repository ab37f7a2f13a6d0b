package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/web/ui"
)

// differences answers: what was known then of a day, and what is known of it
// now? With every difference stands why.
func (s *Site) differences(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	v := ui.DifferencesView{Title: "What was known then, and what is known now", Date: r.URL.Query().Get("at"), Max: r.words.now.AddDate(0, 0, -1).Format(dateLayout),
		Note: "Records that arrive late change what is known of a day that has gone by. Both are kept: nothing is written over.", Problem: r.period.problem}
	status := http.StatusOK
	sh := s.shell(w, r, "Known then and now", "Comply", "Criteria")
	sh.Period = r.periodView(false)
	sh.Period.Past = false // the page shows both
	switch {
	case v.Problem != "":
		status = http.StatusUnprocessableEntity
	case !r.period.past():
		v.Empty = &ui.Empty{Title: "Choose a day that has gone by", Text: "Posture at the end of that day is derived twice: from what the ledger held at that moment, and from all that it holds now. What differs is listed with the records that made it differ.",
			Criteria: criterionLinks(r, []string{"CC4.1"}), Actions: []ui.Link{{Text: "Compare yesterday", Href: "/posture/differences?at=" + v.Max}, {Text: "See the criteria", Href: "/criteria"}}}
	default:
		at := r.period.end()
		c, err := s.cfg.Posture.Compare(ctx, at)
		if err != nil {
			return err
		}
		s.compared(r, &v, c)
	}
	return s.render(w, r, status, ui.Differences(sh, v))
}

func (s *Site) compared(r *request, v *ui.DifferencesView, c posture.Comparison) {
	day := r.words.day(r.period.day)
	v.Title = fmt.Sprintf("%d of 61 criteria at the end of %s are known otherwise now", len(c.Criteria), day)
	if len(c.Criteria) == 0 {
		v.Title = "What was known of the end of " + day + " is what is known now"
		if n := len(c.Controls) + len(c.Checks); n > 0 {
			v.Title = fmt.Sprintf("No criterion at the end of %s is known otherwise now; %d controls and checks are", day, n)
		}
	}
	v.Note = fmt.Sprintf("Then the ledger held %s; now it holds %s. Both are kept: nothing is written over.", many(c.Known, "entry", "entries"), ui.Number(c.Size))
	q := "?at=" + r.period.day.Format(dateLayout)
	v.Then, v.Now = ui.Link{Text: "Criteria as known then", Href: "/criteria" + q + "&known=then"}, ui.Link{Text: "Criteria as known now", Href: "/criteria" + q}
	group := func(id, title, none, path string, list []posture.Difference) {
		g := ui.DifferenceGroup{ID: id, Title: title, None: none}
		for _, d := range list {
			row := ui.DifferenceRow{Link: ui.Link{Text: d.ID, Href: path + d.ID + q}, Title: d.Title, Then: ui.Status(d.Then.Status), Now: ui.Status(d.Now.Status), Why: sentence(d.Why)}
			if d.Then.Status != "" {
				row.ThenCounts, row.ThenCover = countWords(d.Then.Counts), d.Then.Coverage.Words()
			}
			row.NowCounts, row.NowCover = countWords(d.Now.Counts), d.Now.Coverage.Words()
			g.Rows = append(g.Rows, row)
		}
		v.Groups = append(v.Groups, g)
	}
	group("criteria", "Criteria", "No criterion is known otherwise.", "/criteria/", c.Criteria)
	group("controls", "Controls", "No control is known otherwise.", "/controls/", c.Controls)
	group("checks", "Checks", "No check is known otherwise.", "/checks/", c.Checks)
	for _, run := range c.Runs {
		row := ui.LateRow{Item: ui.Link{Text: orElse(run.Name, "population"), Href: hostHref(run.Item)}, Why: run.Why, Observed: r.words.at(run.ValidAt), Recorded: r.words.at(run.RecordedAt),
			After: span(run.RecordedAt.Sub(run.ValidAt)), Changed: run.Changed, Entry: entryLink(run.Entry, run.Index)}
		for _, id := range run.Checks {
			row.Checks = append(row.Checks, ui.Link{Text: shortCheck(id), Href: "/checks/" + id + q})
		}
		v.Runs = append(v.Runs, row)
	}
	v.RunsSum = many(len(c.Runs), "record", "records")
	if c.More {
		v.RunsSum = fmt.Sprintf("the newest %d are shown; there are more", len(c.Runs))
	}
	for _, h := range c.Heard {
		row := ui.HeardRow{Item: ui.Link{Text: h.Name, Href: hostHref(h.Source)}, From: r.words.at(h.From), To: r.words.at(h.To)}
		if h.Index >= 0 {
			row.Entry = ui.Link{Text: indexWords(h.Index), Href: fmt.Sprintf("/ledger/%d", h.Index)}
		}
		v.Heard = append(v.Heard, row)
	}
}

func hostHref(id string) string {
	if id == "" {
		return ""
	}
	return "/hosts/" + id
}

// countWords gives "3 fail, 1 not observed, 8 pass".
func countWords(c posture.Counts) string {
	var parts []string
	for _, p := range []struct {
		n    int64
		word string
	}{{c.Fail, "fail"}, {c.Waived, "waived"}, {c.Error, "error"}, {c.NotObserved, "not observed"}, {c.NotApplicable, "not applicable"}, {c.Pass, "pass"}} {
		if p.n > 0 {
			parts = append(parts, ui.Number(p.n)+" "+p.word)
		}
	}
	return strings.Join(parts, ", ")
}
