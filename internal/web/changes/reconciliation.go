package changes

import (
	"fmt"
	"net/http"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// days gives the window that an address asks for: the last thirty days unless it
// names others.
func days(r *screen.Request, value func(string) string) (from, to time.Time, err error) {
	if from, err = r.FirstMoment(value("from"), "from"); err != nil {
		return from, to, err
	}
	if to, err = r.LastMoment(value("to"), "to"); err != nil {
		return from, to, err
	}
	if to.IsZero() || to.After(r.Now) {
		to = r.Now
	}
	if from.IsZero() {
		from = to.AddDate(0, 0, -30)
	}
	return from.UTC(), to.UTC(), nil
}

func (s *site) reconciliation(w http.ResponseWriter, r *screen.Request) error {
	return s.reconciled(w, r, r.URL.Query().Get, nil)
}

func (s *site) reconciled(w http.ResponseWriter, r *screen.Request, value func(string) string, t *screen.Typed) error {
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Changes", Href: "/changes"}, {Text: "Reconciliation"}}, Title: "Do merges, deployments and hosts agree?", Zone: "times in " + r.Words.Zone.String(), FactsOf: "The window"}
	from, to, err := days(r, value)
	var rec *landing.Reconciliation
	if err == nil {
		rec, err = s.cfg.Changes.Reconcile(r.Context(), r.Who, from, to)
	}
	if err != nil && t == nil {
		if t, err = screen.WrongForm(r.URL.Query(), err); err != nil {
			return err
		}
	}
	if rec != nil {
		s.tell(r, rec, &v)
	} else {
		v.Notice, v.Warn = t.Problem, true
	}
	window := []ui.Field{{Name: "from", Label: "First day", Kind: "date", Value: from.In(r.Words.Zone).Format(screen.DateLayout)}, {Name: "to", Label: "Last day", Kind: "date", Value: to.Add(-time.Microsecond).In(r.Words.Zone).Format(screen.DateLayout)}}
	if r.May(access.PopulationEdit) {
		f := ui.Form{ID: "freeze", Action: "/changes/reconciliation", Button: "Freeze and reconcile", Fields: window,
			Note: "Freezes both populations of these days as they are known now, holds each against its second source, and keeps the result in the ledger. The workbook of each is what an auditor samples from."}
		t.Fill(&f)
		v.Blocks = append(v.Blocks, ui.Block{ID: "keep", Title: "Keep it for an auditor", Forms: []ui.Form{f}})
	}
	for _, n := range []struct {
		days int
		text string
	}{{7, "Last 7 days"}, {30, "Last 30 days"}, {90, "Last 90 days"}, {365, "Last 365 days"}} {
		v.Links = append(v.Links, ui.Link{Text: n.text, Href: "/changes/reconciliation?from=" + r.Now.AddDate(0, 0, -n.days).In(r.Words.Zone).Format(screen.DateLayout)})
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, "Reconciliation of changes", section, page), v))
}

// shownOnHosts is how many unexplained changes of hosts a page lists.
const shownOnHosts = 40

func (s *site) tell(r *screen.Request, rec *landing.Reconciliation, v *ui.RecordView) {
	unmerged, unexplained := rec.Deployments-rec.Tied, rec.Observed-rec.Accounted
	direct := 0
	for _, ch := range rec.Direct {
		if ch.Attribute(landing.Route).Outcome == landing.Fail {
			direct++
		}
	}
	v.Figures = []ui.Figure{{Term: "Changes landed", Value: ui.Number(rec.Changes), Note: fmt.Sprintf("%s in a production deployment", ui.Number(rec.Deployed))},
		{Term: "Direct pushes", Value: ui.Number(direct), Bad: direct > 0, Note: ui.Many(len(rec.Direct)-direct, "more names an unknown request", "more name unknown requests")},
		{Term: "Deployments", Value: ui.Number(rec.Deployments), Note: fmt.Sprintf("%s of what was merged", ui.Number(rec.Tied))},
		{Term: "Without a merge", Value: ui.Number(unmerged), Bad: unmerged > 0}, {Term: "Seen on hosts", Value: ui.Number(rec.Observed), Note: fmt.Sprintf("%s accounted for", ui.Number(rec.Accounted))},
		{Term: "Unexplained", Value: ui.Number(unexplained), Bad: unexplained > 0}}
	v.Line = []string{r.Words.Date(rec.From) + " to " + r.Words.LastDay(rec.To)}
	v.Facts = []ui.Fact{{Term: "From", Text: r.Words.Full(rec.From)}, {Term: "To", Text: r.Words.Full(rec.To)}, {Term: "Known up to ledger size", Text: ui.Number(rec.Known)}}
	for _, n := range rec.Notes {
		v.Facts = append(v.Facts, ui.Fact{Term: "Note", Text: screen.Sentence(n)})
	}
	if rec.Changes+rec.Deployments+rec.Observed == 0 {
		v.Notice = "Nothing landed, was deployed or was seen to change in these days. That is only worth something where repositories are followed and agents report."
	}
	changes := func(id, title, meta, none string, all []*landing.Change, name string) {
		t := &ui.Table{Caption: title, Columns: []ui.Column{{Text: "Change"}, {Text: "Repository"}, {Text: "Landed"}, {Text: "Why"}}}
		for _, ch := range all {
			a := ch.Attribute(name)
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: ch.Ref() + " " + ch.Title, Href: "/changes/" + ch.Ref()}, Cells: []ui.Cell{{Text: ch.Repository}, {Moment: r.Words.At(ch.At)}, {Outcome: outcome(a.Outcome), Meta: screen.Sentence(a.Reason)}}})
		}
		v.Blocks = append(v.Blocks, ui.Block{ID: id, Title: title, Meta: meta, Table: t, None: none})
	}
	changes("direct", "Not by a request that is known", "direct pushes, and messages that only name a request", "Every change came by a request that is known.", rec.Direct, landing.Route)
	d := &ui.Table{Caption: "Deployments without a merge", Columns: []ui.Column{{Text: "Deployment"}, {Text: "Repository"}, {Text: "Environment"}, {Text: "Deployed"}, {Text: "By"}, {Text: "Changes", N: true}, {Text: "Outcome"}}}
	for i := range rec.Unmerged {
		d.Rows = append(d.Rows, deploymentRow(r, &rec.Unmerged[i]))
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "unmerged", Title: "Deployments without a merge", Table: d, None: "Every deployment to production was of what had been merged."})
	seen := &ui.Table{Caption: "Seen on hosts, unexplained", Columns: []ui.Column{{Text: "Host"}, {Text: "What"}, {Text: "Seen changed"}, {Text: "Unchanged until"}}}
	for _, x := range rec.Unexplained[:min(len(rec.Unexplained), shownOnHosts)] {
		seen.Rows = append(seen.Rows, ui.TableRow{Head: ui.Link{Text: x.Host, Href: "/hosts/" + x.ID}, Cells: []ui.Cell{{Text: x.Section, Mono: true}, {Moment: r.Words.At(x.At)}, {Moment: r.Words.At(x.After)}}})
	}
	meta := "no deployment to the host around then, no change token, no approved request"
	if unexplained > len(seen.Rows) {
		meta += fmt.Sprintf("; %d of %s shown, the frozen population has all", len(seen.Rows), ui.Number(unexplained))
	}
	none := "Whatever agents saw change is accounted for."
	if rec.Observed == 0 {
		none = "Agents saw no change in these days."
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "seen", Title: "Seen on hosts, and nothing accounts for it", Meta: meta, Table: seen, None: none})
	if len(rec.Rewritten) > 0 {
		changes("rewritten", "Vanished from the branch", "history was rewritten; what had been known is kept", "", rec.Rewritten, landing.Intact)
	}
	changes("undeployed", "Landed, and in no production deployment", "", "Everything that landed is in a production deployment.", rec.Undeployed, landing.Deployed)
}

// freeze keeps the populations of a window with their reconciliations.
func (s *site) freeze(w http.ResponseWriter, r *screen.Request) error {
	ctx := r.Context()
	last := ""
	from, to, err := days(r, r.PostFormValue)
	for _, x := range []struct{ slug, kind string }{{"deployments-production", "observed"}, {"changes-landed", "deployments"}} {
		if err != nil {
			break
		}
		var e population.Extraction
		if e, err = s.cfg.Populations.Extract(ctx, r.Who, x.slug, population.Window{From: from, To: to}); err == nil {
			if _, err = s.cfg.Populations.ReconcileWith(ctx, r.Who, e.ID, x.kind); err == nil {
				last = e.Ref()
			}
		}
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.reconciled(w, r, r.PostFormValue, t)
	}
	return r.Done(w, "Both populations are frozen and reconciled; this is that of changes.", "/extractions/"+last)
}
