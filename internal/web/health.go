package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/web/ui"

	"github.com/dustin/go-humanize"
)

// health answers: is this deployment well, and what is to be done?
func (s *Site) health(w http.ResponseWriter, r *request) error {
	const path = "/settings/health"
	q := r.URL.Query()
	words, sort := strings.ToLower(strings.TrimSpace(q.Get("q"))), q.Get("sort")
	var only judge.Outcome
	if name := q.Get("outcome"); name != "" {
		o, ok := judge.ParseOutcome(name)
		if !ok || o == judge.Waived {
			return fault.New(fault.Invalid, "%q is no outcome of a check", name).WithHint("pass, fail, error, not_observed or not_applicable")
		}
		only = o
	}
	if sort != "" && sort != "name" {
		return fault.New(fault.Invalid, "checks cannot be sorted by %q", sort).WithHint("leave it out for the worst first, or give name")
	}
	report, err := s.cfg.Health.Report(r.Context(), r.who)
	if err != nil {
		return err
	}
	lines := slices.Clone(report.Lines)
	worst := judge.Outcomes()
	byOutcome, byName := ui.Column{Text: "Outcome", Sort: "ascending"}, ui.Column{Text: "Check", Href: with(q, path, "sort", "name")}
	if sort == "name" {
		byOutcome, byName = ui.Column{Text: "Outcome", Href: with(q, path, "sort", "")}, ui.Column{Text: "Check", Sort: "ascending"}
	} else {
		slices.SortStableFunc(lines, func(a, b health.Line) int {
			return slices.Index(worst, a.Outcome) - slices.Index(worst, b.Outcome)
		})
	}
	v := ui.HealthView{Asked: r.words.second(report.At), Version: report.Version, None: "No check matches.", Command: "attesta doctor", Ready: s.cfg.Health.Unready(r.Context()),
		Search:   ui.SearchBox{Path: path, Value: q.Get("q"), Label: "Check, reason", Hidden: slices.Concat(hidden("outcome", string(only)), hidden("sort", sort))},
		Outcomes: []ui.Chip{{Text: fmt.Sprintf("All %d", len(lines)), Href: with(q, path, "outcome", ""), Current: only == ""}}}
	if s.cfg.DataDir != "" {
		v.Command += " --data " + s.cfg.DataDir
	}
	switch n := report.Count(judge.Fail) + report.Count(judge.Error); n {
	case 0:
		v.Title = "Nothing needs you here"
	default:
		v.Title = many(n, "check needs", "checks need") + " somebody"
	}
	for _, o := range worst {
		if n := report.Count(o); n > 0 || o == only {
			v.Outcomes = append(v.Outcomes, ui.Chip{Text: fmt.Sprintf("%s %d", capital(o.Words()), n), Href: with(q, path, "outcome", string(o)), Current: o == only})
		}
	}
	v.Checks = ui.Table{Caption: "Checks of the deployment", Columns: []ui.Column{byName, byOutcome, {Text: "What was found"}, {Text: "What to do"}}}
	for _, l := range lines {
		if only != "" && l.Outcome != only || !strings.Contains(strings.ToLower(l.Name+" "+l.Asks+" "+l.Reason), words) {
			continue
		}
		do := ui.Cell{Text: sentence(l.Do)}
		if l.Do == "" {
			do = ui.Cell{Text: "nothing", Muted: true}
		}
		v.Checks.Rows = append(v.Checks.Rows, ui.TableRow{Head: ui.Link{Text: l.Name}, Mono: false, Meta: l.Asks,
			Cells: []ui.Cell{{Outcome: ui.Outcome(l.Outcome)}, {Text: sentence(l.Reason)}, do}})
	}
	if v.Jobs, err = s.jobsTable(r); err != nil {
		return err
	}
	v.Backup = strings.Replace(v.Command, "doctor", "backup FILE", 1)
	if v.Backups, err = s.backupsTable(r); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, ui.Health(s.shell(w, r, "Health", "Settings", "Health"), v))
}

// jobsTable shows what runs on a schedule; the worst first.
func (s *Site) jobsTable(r *request) (ui.Table, error) {
	t := ui.Table{Caption: "Jobs", Columns: []ui.Column{{Text: "Job"}, {Text: "Last run"}, {Text: "Took", N: true}, {Text: "Next"}, {Text: "Waiting", N: true}, {Text: "Failed in a row", N: true}}}
	if s.cfg.Jobs == nil {
		return t, nil
	}
	all, err := s.cfg.Jobs.List(r.Context())
	if err != nil {
		return t, err
	}
	for _, j := range all {
		row := ui.TableRow{Head: ui.Link{Text: capital(j.Name)}, Meta: j.LastError}
		last, next := ui.Cell{Text: "not yet", Muted: true}, ui.Cell{Text: "when something is queued", Muted: true}
		took := ui.Cell{N: true}
		if !j.LastRun.IsZero() {
			last, took.Text = ui.Cell{Moment: r.words.second(j.LastRun)}, j.LastTook.Round(time.Millisecond).String()
		}
		if j.Running {
			last.Tag = "running"
		}
		if j.Periodic {
			next = ui.Cell{Moment: r.words.second(j.Next)}
		}
		row.Cells = []ui.Cell{last, took, next, {Text: ui.Number(j.Waiting), N: true}, {Text: ui.Number(j.Failures), N: true, Bad: j.Failures > 0}}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// backupsTable shows the newest backups.
func (s *Site) backupsTable(r *request) (ui.Table, error) {
	const shown = 5
	t := ui.Table{Caption: "Backups", Columns: []ui.Column{{Text: "Made"}, {Text: "Why"}, {Text: "Ledger entries", N: true}, {Text: "Size unpacked", N: true}, {Text: "Verified"}}}
	all, err := s.cfg.Backups.View(r.Context(), r.who, shown)
	if err != nil {
		return t, err
	}
	for _, l := range all.Backups {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: r.words.second(l.At).Text, Href: "/settings/backup/" + l.ID}, Meta: "manifest " + l.Manifest[:12],
			Cells: []ui.Cell{{Text: whyBackup(l.Reason)}, {Text: ui.Number(l.Ledger.Size), N: true}, {Text: humanize.Bytes(uint64(max(l.Bytes, 0))), N: true}, {Text: verifiedState(l)}}})
	}
	return t, nil
}
