package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/web/ui"
)

// findingsThen answers: what had a person to act on at the moment shown? A
// finding stands in the list with the state that its timeline told then.
func (s *Site) findingsThen(w http.ResponseWriter, r *request) error {
	ctx, q := r.Context(), r.URL.Query()
	at, err := s.at(ctx, r)
	if err != nil {
		return err
	}
	f, state, err := findingsFilterThen(q)
	if err != nil {
		return err
	}
	page, err := s.cfg.Findings.ListAt(ctx, outcome.At{Valid: at.Valid, Known: at.Known}, f, q.Get("after"), pageSize)
	if err != nil {
		return err
	}
	reset := func(pairs ...string) string { return with(q, "/findings", append(pairs, "after", "")...) }
	need := page.States[finding.Open] + page.States[finding.Acknowledged]
	v := ui.FindingsView{Title: fmt.Sprintf("At the end of %s %s a person", r.words.day(r.period.day), many(need, "finding needed", "findings needed")), Undo: r.period.keep("/findings"),
		Note: "Each stands with the state that its timeline had at that moment, newest first. Severity and title are those of today."}
	var total int64
	for _, n := range page.States {
		total += n
	}
	v.State = []ui.Chip{{Text: "Needed a person " + ui.Number(need), Href: reset("state", ""), Current: state == ""}}
	for _, st := range []finding.State{finding.Open, finding.Acknowledged, finding.Waived, finding.Stale, finding.Closed} {
		v.State = append(v.State, ui.Chip{Text: capital(string(st)) + " " + ui.Number(page.States[st]), Href: reset("state", string(st)), Current: state == string(st)})
	}
	v.State = append(v.State, ui.Chip{Text: "All " + ui.Number(total), Href: reset("state", "all"), Current: state == "all"})
	for _, sc := range []struct{ key, text string }{{"check", "check " + f.Check}, {"host", "host " + s.hostName(r, f.Item)}} {
		if q.Get(sc.key) != "" {
			v.Scope = append(v.Scope, ui.Link{Text: sc.text, Href: reset(sc.key, "")})
		}
	}
	v.None = fmt.Sprintf("No finding was in that state then. %s had been opened up to that moment.", many(total, "finding", "findings"))
	if total == 0 {
		v.None = "No finding had been opened up to that moment."
	}
	v.Columns = []ui.Column{{Text: "Number", Sort: "descending"}, {Text: "What failed"}, {Text: "Item"}, {Text: "Severity"}, {Text: "State then"}, {Text: "Opened"}, {Text: "In that state since"}}
	for _, x := range page.Findings {
		v.Rows = append(v.Rows, ui.FindingRow{Number: findingLink(x), Title: x.Title, Item: ui.Link{Text: x.ItemName, Href: r.period.keep("/hosts/" + x.Item)},
			Severity: ui.Severity(x.Severity), State: string(x.State), Opened: r.words.at(x.OpenedAt), Due: r.words.at(x.ChangedAt)})
	}
	var among int64
	for st, n := range page.States {
		if len(f.States) == 0 || slices.Contains(f.States, st) {
			among += n
		}
	}
	v.Pager.Text = fmt.Sprintf("%d of %s shown", len(v.Rows), ui.Number(among))
	if page.Next != "" {
		v.Pager.Next = with(q, "/findings", "after", page.Next)
	}
	if q.Get("after") != "" {
		v.Pager.First = reset()
	}
	return s.render(w, r, http.StatusOK, ui.Findings(s.shell(w, r, "Findings", "Operate", "Findings"), v))
}

// findingsFilterThen reads what the list shows of the past.
func findingsFilterThen(q url.Values) (f finding.Filter, state string, err error) {
	f = finding.Filter{Check: q.Get("check"), Item: q.Get("host")}
	state = q.Get("state")
	switch state {
	case "", "late":
		state, f.States = "", needy()
	case "all":
	case "open", "acknowledged", "waived", "stale", "closed":
		f.States = []finding.State{finding.State(state)}
	default:
		return f, state, fault.New(fault.Invalid, "%q is no state of a finding", state).WithHint("the states are open, acknowledged, waived, stale and closed")
	}
	return f, state, nil
}
