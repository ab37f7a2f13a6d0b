package web

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/xccdf"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/web/ui"
)

// mayBeScan reports whether a file may hold the results of a scanner, by its name.
func mayBeScan(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".arf") || strings.HasSuffix(name, ".xccdf")
}

const maxScanRows = 500

// evidenceScan answers: what did the scanner find whose results were brought?
func (s *Site) evidenceScan(w http.ResponseWriter, r *request) error {
	number, version, err := which(r)
	if err != nil {
		return err
	}
	content, x, err := s.cfg.Evidence.Open(r.Context(), r.who, number, version)
	if err != nil {
		return err
	}
	defer content.Close()
	q := r.URL.Query()
	base := r.URL.Path
	report, err := xccdf.Read(x.FileName, content, q.Get("result"))
	if _, broken := io.Copy(io.Discard, content); broken != nil { // read to its end: only then is it held against its digest
		return broken
	}
	v := ui.ScanView{Ref: x.Ref(), Href: "/evidence/" + x.Ref()}
	sh := s.shell(w, r, x.Ref()+" read as a scan", "Comply", "Evidence")
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "%s cannot be read as the results of a scan: %s", x.Ref(), said(err)).
			WithHint("XCCDF 1.1 or 1.2 and ARF are read, as XML or gzip; the evidence itself is whole and stays as it is")
	}
	c := report.Counts
	v.Title = fmt.Sprintf("%d of %d rules are not in order on %s", c.Fail+c.Error+c.NotObserved, c.Total(), report.Target)
	v.Note = "Read from the file that was brought, which the ledger holds by its digest. It is evidence of what the scanner said at that moment; it opens no finding. " +
		"What the scanner did not check is not observed, what it could not tell is an error."
	moment := r.words.at(report.Ended).Text
	if !report.Zoned {
		moment += " (the file names no time zone; UTC was taken)"
	}
	v.Facts = []ui.Fact{{Term: "Target", Text: report.Target}, {Term: "Addresses", Text: strings.Join(report.Addresses, ", ")}, {Term: "Made", Text: moment},
		{Term: "Benchmark", Text: strings.TrimSpace(report.Benchmark + " " + report.Version), Mono: true}, {Term: "Profile", Text: cmp.Or(report.Profile, "not named"), Mono: true},
		{Term: "Scanner", Text: cmp.Or(report.Scanner, "not named"), Mono: true}, {Term: "Format", Text: report.Format}, {Term: "Result", Text: report.ID, Mono: true}}
	v.Facts = slices.DeleteFunc(v.Facts, func(f ui.Fact) bool { return f.Text == "" })
	s.scanRows(&v, report, q.Get("outcome"), func(o string) string { return with(q, base, "outcome", o) })
	return s.render(w, r, http.StatusOK, ui.Scan(sh, v))
}

// said is an error's public words.
func said(err error) string {
	text, _ := fault.Public(err)
	return text
}

// scanRows gives the rules with one outcome, worst first; without one those that
// are not in order.
func (s *Site) scanRows(v *ui.ScanView, report *xccdf.Report, only string, href func(string) string) {
	c := report.Counts
	bad := c.Fail + c.Error + c.NotObserved
	v.Chips = []ui.Chip{{Text: fmt.Sprintf("%d not in order", bad), Href: href(""), Current: only == ""}}
	for _, o := range []struct {
		o outcome.Outcome
		n int64
	}{{outcome.Fail, c.Fail}, {outcome.Error, c.Error}, {outcome.NotObserved, c.NotObserved}, {outcome.NotApplicable, c.NotApplicable}, {outcome.Pass, c.Pass}} {
		if o.n > 0 {
			v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("%d %s", o.n, ui.Outcome(o.o).Words()), Href: href(string(o.o)), Current: only == string(o.o)})
		}
	}
	if report.LeftOut > 0 {
		v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("%d without outcome", report.LeftOut), Href: href("none"), Current: only == "none"})
	}
	rules := slices.DeleteFunc(slices.Clone(report.Rules), func(x xccdf.Rule) bool {
		switch only {
		case "":
			return x.Outcome != outcome.Fail && x.Outcome != outcome.Error && x.Outcome != outcome.NotObserved
		case "none":
			return x.Outcome != ""
		}
		return string(x.Outcome) != only
	})
	order := map[string]int{"critical": 1, "high": 2, "medium": 3, "low": 4}
	outcomes := map[outcome.Outcome]int{outcome.Fail: 1, outcome.Error: 2, outcome.NotObserved: 3}
	slices.SortStableFunc(rules, func(a, b xccdf.Rule) int {
		return cmp.Or(cmp.Compare(outcomes[a.Outcome], outcomes[b.Outcome]), cmp.Compare(cmp.Or(order[a.Severity], 5), cmp.Or(order[b.Severity], 5)), cmp.Compare(a.ID, b.ID))
	})
	if len(rules) > maxScanRows {
		v.Cut = fmt.Sprintf("%d of %s rules are shown; 'attesta checks import xccdf FILE --json' gives all.", maxScanRows, ui.Number(len(rules)))
		rules = rules[:maxScanRows]
	}
	v.None = "No rule has this outcome."
	for _, x := range rules {
		row := ui.ScanRow{Title: strings.TrimSpace(cmp.Or(x.Title, x.ID) + " " + x.Instance), ID: x.ID, Outcome: ui.Outcome(x.Outcome), Said: x.Said, Reason: sentence(x.Reason), Idents: strings.Join(x.Idents, ", ")}
		if order[x.Severity] > 0 {
			row.Severity = ui.Severity(x.Severity)
		}
		v.Rows = append(v.Rows, row)
	}
}
