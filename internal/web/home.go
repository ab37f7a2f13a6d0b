package web

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/web/ui"
)

// home answers: are we on track, and what needs a person today?
func (s *Site) home(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	at, err := s.at(ctx, r)
	if err != nil {
		return err
	}
	snap, err := s.cfg.Posture.Criteria(ctx, at)
	if err != nil {
		return err
	}
	g, err := s.weeks(ctx, r)
	if err != nil {
		return err
	}
	v := ui.HomeView{Date: r.words.now.Format("Monday 2 January 2006, 15:04"), Criteria: len(snap.Criteria), Coverage: snap.Coverage.Words(),
		ByStatus: map[ui.Status]int{}, StatusURL: map[ui.Status]string{"all": r.period.keep("/criteria")}, Present: !r.period.past()}
	if !v.Present {
		v.Date = strings.TrimSpace(r.period.end().Format("Monday 2 January 2006") + ", end of day. " + g.before)
	}
	for st, n := range snap.ByStatus {
		v.ByStatus[ui.Status(st)] = n
	}
	for _, st := range ui.Statuses() {
		v.StatusURL[st] = r.period.keep("/criteria?status=" + string(st))
	}
	v.Weeks = weeksPicture(r, snap, g)
	sh := s.shell(w, r, "Home", "Home", "")
	if v.Present {
		if err := s.homeNow(r, &v); err != nil {
			return err
		}
		sh.Live.Replace = v.First != nil
		if v.Begin, err = s.begin(r); err != nil {
			return err
		}
	}
	v.Lead = homeLead(r, snap, v)
	return s.render(w, r, http.StatusOK, ui.Home(sh, v))
}

// begin gives what the programme begins with; none once all of it is done.
func (s *Site) begin(r *request) ([]ui.FirstStep, error) {
	if s.cfg.Begin == nil {
		return nil, nil
	}
	return s.cfg.Begin(r.Context(), r.who)
}

// homeLead is the sentence at the top.
func homeLead(r *request, snap posture.Snapshot, v ui.HomeView) []ui.Link {
	all := len(snap.Criteria)
	dev, ins := snap.ByStatus[posture.Deviation], snap.ByStatus[posture.Insufficient]
	devLink := ui.Link{Text: fmt.Sprintf("%d of %d criteria", dev, all), Href: v.StatusURL["deviation"]}
	insLink := ui.Link{Text: fmt.Sprintf("%d lack evidence", ins), Href: v.StatusURL["insufficient"]}
	if ins == 1 {
		insLink.Text = "1 lacks evidence"
	}
	if r.period.past() {
		when := "At the end of " + r.words.day(r.period.day) + ", "
		insLink.Text = strings.NewReplacer("lacks", "lacked", "lack ", "lacked ").Replace(insLink.Text)
		if dev == 0 {
			return []ui.Link{{Text: when + "no criterion carried a known deviation; "}, insLink, {Text: "."}}
		}
		return []ui.Link{{Text: when}, devLink, {Text: " carried a deviation; "}, insLink, {Text: "."}}
	}
	carry := " carry a deviation today; "
	if dev == 1 {
		carry = " carries a deviation today; "
	}
	if dev == 0 {
		if snap.Coverage.Expected == 0 {
			return []ui.Link{{Text: "Nothing has been observed yet, so "}, {Text: fmt.Sprintf("%d of %d criteria", ins, all), Href: insLink.Href}, {Text: " lack evidence."}}
		}
		return []ui.Link{{Text: "No criterion carries a known deviation today; "}, insLink, {Text: "."}}
	}
	out := []ui.Link{devLink, {Text: carry}, insLink}
	var open, late int
	for _, o := range v.Open {
		open, late = open+o.N, late+o.Overdue
	}
	if open > 0 {
		out = append(out, ui.Link{Text: ". "}, ui.Link{Text: many(open, "finding", "findings"), Href: "/findings"})
		needs := " need a person"
		if open == 1 {
			needs = " needs a person"
		}
		if late > 0 {
			needs += fmt.Sprintf(", %d late", late)
		}
		out = append(out, ui.Link{Text: needs})
	}
	return append(out, ui.Link{Text: "."})
}

func weeksPicture(r *request, snap posture.Snapshot, g grid) ui.Weeks {
	w := ui.Weeks{Total: len(snap.Criteria), Now: g.now, Months: g.head.Months}
	for i, wk := range g.weeks {
		col := ui.WeekColumn{Name: fmt.Sprintf("W%d, from %s", i+1, r.words.day(wk.Start)), Begun: i < g.now}
		for _, st := range g.strips {
			switch st.Cells[i].Worst {
			case "deviation":
				col.Deviation++
			case "insufficient":
				col.Insufficient++
			}
		}
		w.Columns = append(w.Columns, col)
	}
	if n := len(g.weeks); n > 0 {
		w.First, w.Last = r.words.day(g.weeks[0].Start), r.words.day(g.weeks[n-1].End.Add(-time.Second))
	}
	shown := r.words.now
	if r.period.past() {
		shown = r.period.day
	}
	w.Today = shown.Format("2 Jan")
	if g.now > 0 {
		c := w.Columns[g.now-1]
		w.Label = fmt.Sprintf("Criteria by week from %s to %s. In the week shown last: %d with a deviation, %d with insufficient evidence at some time.", w.First, w.Today, c.Deviation, c.Insufficient)
	}
	return w
}

// homeNow adds what is of the present: findings, silent sources, first steps.
func (s *Site) homeNow(r *request, v *ui.HomeView) error {
	ctx := r.Context()
	set, err := s.cfg.Standards.InForce(ctx, nil)
	if err != nil {
		return err
	}
	var sum finding.Summary
	if access.May(r.who.Role, access.FindingRead) {
		if sum, err = s.homeFindings(r, v, set); err != nil {
			return err
		}
	}
	hosts, _, total, err := s.cfg.Hosts.List(ctx, host.Filter{}, "", 1)
	if err != nil {
		return err
	}
	if err := s.homeSilent(r, v, total); err != nil {
		return err
	}
	judged := total > 1 || (len(hosts) == 1 && hosts[0].Counts != (host.Host{}).Counts)
	v.First = firstRun(total > 0, judged, set, sum)
	return nil
}

// homeSilent lists the sources that stopped reporting, longest first.
func (s *Site) homeSilent(r *request, v *ui.HomeView, total int64) error {
	ctx := r.Context()
	silent, err := s.cfg.Outcomes.Silent(ctx)
	if err != nil {
		return err
	}
	sources := slices.SortedFunc(maps.Keys(silent), func(a, b string) int {
		return cmp.Or(silent[a].Compare(silent[b]), strings.Compare(a, b))
	})
	n := 0
	for _, src := range sources {
		if n == 7 {
			break
		}
		h, err := s.cfg.Hosts.Get(ctx, src)
		if fault.Is(err, fault.NotFound) {
			continue // a source that is no host
		}
		if err != nil {
			return err
		}
		if !h.RetiredAt.IsZero() {
			continue
		}
		n++
		quiet := r.now.Sub(h.LastSeen)
		v.Silent = append(v.Silent, ui.SilentSource{Name: ui.Link{Text: h.Name, Href: "/hosts/" + h.ID}, For: span(quiet), Bad: quiet > 24*time.Hour,
			Detail: "last heard " + r.words.at(h.LastSeen).Text + "; its attributes count as not observed"})
	}
	if total > 0 {
		v.Sources = ui.Link{Text: fmt.Sprintf("%s of %s", ui.Number(len(silent)), ui.Number(total)), Href: "/hosts"}
	}
	return nil
}

func (s *Site) homeFindings(r *request, v *ui.HomeView, set *standard.Set) (finding.Summary, error) {
	ctx := r.Context()
	sum, err := s.cfg.Findings.Summary(ctx, finding.Filter{States: needy()})
	if err != nil {
		return sum, err
	}
	page, err := s.cfg.Findings.List(ctx, finding.Filter{States: needy()}, finding.ByDue, "", 7)
	if err != nil {
		return sum, err
	}
	for _, f := range page.Findings {
		row := ui.Due{Do: ui.Link{Text: f.Ref() + " " + f.Title, Href: "/findings/" + f.Ref()}, Because: s.because(set, f), Sev: ui.Severity(f.Severity)}
		row.Due, row.Late, row.Soon = r.words.due(f.Due)
		v.Findings = append(v.Findings, row)
	}
	open := sum.States[finding.Open] + sum.States[finding.Acknowledged]
	if open > 0 {
		v.AllOpen = ui.Link{Text: "All " + many(open, "open finding", "open findings"), Href: "/findings?sort=due"}
	}
	for _, sev := range ui.Severities() {
		late, err := s.cfg.Findings.Summary(ctx, finding.Filter{States: needy(), Severities: []string{string(sev)}})
		if err != nil {
			return sum, err
		}
		v.Open = append(v.Open, ui.SeverityCount{Severity: sev, N: int(sum.Severities[string(sev)]), Overdue: int(late.Overdue),
			Href: "/findings?severity=" + url.QueryEscape(string(sev))})
	}
	return sum, s.homeSince(ctx, r, v)
}

// homeSince counts what happened to findings in the last 24 hours.
func (s *Site) homeSince(ctx context.Context, r *request, v *ui.HomeView) error {
	events, err := s.cfg.Findings.Recent(ctx, 1000)
	if err != nil {
		return err
	}
	n := map[string]int{}
	for _, e := range events {
		if r.now.Sub(e.At) < 24*time.Hour {
			n[string(e.Kind)]++
		}
	}
	v.Since = []ui.Tally{
		{Text: "Findings opened", Href: "/findings?sort=number&state=all", N: n["opened"] + n["reopened"]},
		{Text: "Findings closed, by an observed pass", Href: "/findings?state=closed&sort=change", N: n["closed"]},
		{Text: "Findings gone stale", Href: "/findings?state=stale&sort=change", N: n["stale"]},
	}
	return nil
}

// because says which criteria a finding's check serves, and what was seen.
func (s *Site) because(set *standard.Set, f finding.Finding) string {
	text := shorten(sentence(f.Reason), 120)
	c, ok := set.Check(f.Check)
	if !ok {
		return text
	}
	var ids []string
	for _, p := range c.Criteria {
		ids = append(ids, p.Criterion)
	}
	ids = distinctText(ids)
	if len(ids) == 0 {
		return text
	}
	return strings.TrimSuffix(text, ".") + " (" + strings.Join(ids, ", ") + ")"
}

// firstRun gives the steps to the first finding while they are not all done.
func firstRun(reported, judged bool, set *standard.Set, sum finding.Summary) *ui.FirstRun {
	if judged && reported {
		return nil
	}
	fr := &ui.FirstRun{Title: "What happens now"}
	step := func(text, detail string, done bool, l ui.Link) {
		current := !done && (len(fr.Steps) == 0 || fr.Steps[len(fr.Steps)-1].Done)
		fr.Steps = append(fr.Steps, ui.FirstStep{Text: text, Detail: detail, Done: done, Current: current, Link: l})
	}
	step("Attesta runs, and its ledger is open", "Everything from now on is an entry that can be checked by an outsider.", true, ui.Link{Text: "Ledger", Href: "/ledger"})
	installed := len(set.Standards) > 0
	detail := "It says how a host should be set up."
	if installed {
		detail = fmt.Sprintf("%s %s, %s; a draft until you approve it.", set.Standards[0].Title, set.Standards[0].Version, many(len(set.Checks), "check", "checks"))
	}
	step("A configuration standard is in force", detail, installed, ui.Link{Text: "Standards", Href: "/standards"})
	step("A host reports what its agent reads", "After 'attesta up' this machine does so within seconds, and this page follows. Others enrol with a one-time token.", reported, ui.Link{Text: "Hosts", Href: "/hosts"})
	step("The facts are judged, and what fails becomes a finding", "Each finding says what was read, why it matters and what to do.", judged, ui.Link{})
	return fr
}

// shorten cuts a text at a word, so that it has about n characters.
func shorten(text string, n int) string {
	r := []rune(text)
	if len(r) <= n {
		return text
	}
	cut := string(r[:n])
	if i := strings.LastIndexByte(cut, ' '); i > n/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:.") + "…"
}
