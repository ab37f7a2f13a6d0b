package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/audit/reliance"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/desk"
	"github.com/attesta/attesta/internal/render/reliancebook"
	"github.com/attesta/attesta/internal/web/ui"
)

// relianceShown is how many lines of a section stand on the page of all sections.
const relianceShown = 12

// relianceAsk is which report somebody wants.
type relianceAsk struct {
	engagement int
	window     reliance.Window
	section    string
	query      url.Values // that says the same
}

// relianceOf reads it from values. For an auditor without a word the newest
// engagement is meant.
func (s *Site) relianceOf(r *request, q url.Values, engagements []engagement.Engagement) (relianceAsk, error) {
	a := relianceAsk{query: url.Values{}, section: q.Get("section")}
	if n := q.Get("engagement"); n != "" {
		number, err := strconv.Atoi(n)
		if err != nil || number < 1 {
			return a, fault.New(fault.Invalid, "%q is no engagement", n).At("", 0, "engagement").WithHint("choose one of the list")
		}
		a.engagement = number
	} else if r.who.Role == access.Auditor && len(engagements) > 0 {
		a.engagement = engagements[0].Number
	}
	if a.engagement > 0 {
		a.query.Set("engagement", strconv.Itoa(a.engagement))
		return a, nil
	}
	var err error
	if a.window, err = reliance.Days(strings.TrimSpace(q.Get("from")), strings.TrimSpace(q.Get("to")), r.now, r.words.zone); err != nil {
		return a, err
	}
	a.query.Set("from", a.window.From.Format(dateLayout))
	a.query.Set("to", a.window.To.AddDate(0, 0, -1).Format(dateLayout))
	return a, nil
}

// reliance answers: what does an auditor have to know about Attesta itself before
// relying on what it says?
func (s *Site) reliance(w http.ResponseWriter, r *request) error {
	return s.reliancePage(w, r, http.StatusOK, reliance.Declaration{}, ui.Problem{})
}

func (s *Site) reliancePage(w http.ResponseWriter, r *request, status int, said reliance.Declaration, bad ui.Problem) error {
	list, err := s.cfg.Engagements.List(r.Context(), r.who)
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b engagement.Engagement) int { return b.Number - a.Number })
	q := r.URL.Query()
	v := ui.RelianceView{Title: "Attesta itself", From: q.Get("from"), To: q.Get("to"), Auditor: r.who.Role == access.Auditor}
	if v.Auditor && len(list) == 0 {
		v.Empty = &ui.Empty{Title: "No engagement names you yet", Text: "What concerns Attesta itself you see for the window of an engagement that names you as an auditor.", Until: "Ask whoever invited you to add you."}
		return s.render(w, r, status, ui.Reliance(s.shell(w, r, v.Title, "Audit", "Tool reliance"), v))
	}
	ask, err := s.relianceOf(r, q, list)
	var rep reliance.Report
	if err == nil {
		rep, err = s.cfg.Reliance.Report(r.Context(), r.who, ask.engagement, ask.window)
	}
	if err != nil {
		if v.Problem, err = problem(err); err != nil {
			return err
		}
		return s.render(w, r, http.StatusUnprocessableEntity, ui.Reliance(s.shell(w, r, v.Title, "Audit", "Tool reliance"), v))
	}
	s.fillReliance(r, &v, ask, rep, list)
	if !slices.ContainsFunc(rep.Sections, func(sec reliance.Section) bool { return ask.section == "" || sec.ID == ask.section }) {
		return fault.New(fault.NotFound, "there is no section %q", ask.section).WithHint("open Tool reliance and choose one")
	}
	if access.May(r.who.Role, access.RelianceDeclare) {
		v.Declare = []ui.FormField{
			{ID: "run_sql", Name: "run_sql", Label: "Who can run SQL on the database", Hint: "Roles, and how each is limited. Write nobody where it is nobody.", Type: "long", Rows: 3, Need: true, Value: said.RunSQL},
			{ID: "read_data", Name: "read_data", Label: "Who can read the data directory, its keys and its backups", Hint: "Roles, and where backups lie.", Type: "long", Rows: 3, Need: true, Value: said.ReadData},
		}
		for i := range v.Declare {
			if v.Declare[i].Name == bad.Field {
				v.Declare[i].Problem = bad.Text
			}
		}
		v.DeclareAction = "/reliance?" + ask.query.Encode()
	}
	return s.render(w, r, status, ui.Reliance(s.shell(w, r, "Tool reliance", "Audit", "Tool reliance"), v))
}

// fillReliance lays a report out.
func (s *Site) fillReliance(r *request, v *ui.RelianceView, ask relianceAsk, rep reliance.Report, list []engagement.Engagement) {
	zone := r.words.zone
	from, to := rep.From.In(zone), rep.To.In(zone).AddDate(0, 0, -1)
	v.From, v.To = from.Format(dateLayout), to.Format(dateLayout)
	v.Window = fmt.Sprintf("%s to %s, both included. Ledger entries %s to %s of %s.", from.Format("2 Jan 2006"), to.Format("2 Jan 2006"), ui.Number(rep.Start), ui.Number(max(rep.Start, rep.End-1)), rep.Origin)
	if rep.Start == rep.End {
		v.Window = fmt.Sprintf("%s to %s, both included. The ledger %s has no entry of that time.", from.Format("2 Jan 2006"), to.Format("2 Jan 2006"), rep.Origin)
	}
	if !v.Auditor {
		v.Choices = append(v.Choices, ui.Chip{Text: "Any days", Href: "/reliance", Current: ask.engagement == 0})
	}
	for _, g := range list {
		v.Choices = append(v.Choices, ui.Chip{Text: g.Title, Href: "/reliance?engagement=" + strconv.Itoa(g.Number), Current: g.Number == ask.engagement})
	}
	v.Days = ask.engagement == 0
	v.Hidden = hidden("engagement", ask.query.Get("engagement"))
	v.Export = access.May(r.who.Role, access.ListExport)
	if c := rep.Canary; c != nil {
		v.Canary = ui.Outcome(c.Outcome)
		v.CanaryBad = !c.Sound()
		v.CanaryFacts = []ui.Fact{{Term: "Expression", Text: reliance.CanaryExpect, Mono: true}, {Term: "Reason given", Text: c.Reason}, {Term: "Check digest", Text: c.Digest, Mono: true}}
	}
	for _, f := range rep.Seen {
		v.Seen = append(v.Seen, ui.Fact{Term: f.What, Text: f.Value})
		if f.Bad {
			v.Seen[len(v.Seen)-1].Text += " (ask why)"
		}
	}
	v.Due, v.Proves, v.ProvesNot, v.Yours = sentence(rep.Due), rep.Proves, rep.ProvesNot, rep.Yours
	v.Powers = ui.Table{Caption: "Who may change what Attesta says", Columns: []ui.Column{{Text: "What"}, {Text: "Roles"}, {Text: "Action"}}}
	for _, p := range rep.Powers {
		roles := make([]string, len(p.Roles))
		for i, role := range p.Roles {
			roles[i] = strings.ToLower(role.Title())
		}
		v.Powers.Rows = append(v.Powers.Rows, ui.TableRow{Head: ui.Link{Text: capital(p.What)}, Cells: []ui.Cell{{Text: strings.Join(roles, ", ")}, {Text: string(p.Action), Mono: true}}})
	}
	ask.query.Del("section")
	v.All = "/reliance?" + ask.query.Encode()
	for _, n := range rep.NotObserved {
		v.NotObserved = append(v.NotObserved, sentence(n))
	}
	names := s.relianceNames(r, rep)
	for _, sec := range rep.Sections {
		href := with(ask.query, "/reliance", "section", sec.ID)
		v.Jumps = append(v.Jumps, ui.Chip{Text: fmt.Sprintf("%s %s", sec.Short(), ui.Number(int64(sec.In()))), Href: href, Current: sec.ID == ask.section})
		if ask.section == "" || sec.ID == ask.section {
			v.Sections = append(v.Sections, relianceSection(r, sec, names, ask.section != "", href))
		}
	}
	v.Jumps = slices.Insert(v.Jumps, 0, ui.Chip{Text: "All", Href: v.All, Current: ask.section == ""})
}

// relianceNames gives the names of whoever stands in a report.
func (s *Site) relianceNames(r *request, rep reliance.Report) map[string]string {
	var ids []string
	for _, sec := range rep.Sections {
		for _, l := range sec.Lines {
			for _, id := range []string{l.By, l.About} {
				if strings.HasPrefix(id, "usr_") {
					ids = append(ids, id)
				}
			}
		}
	}
	names := s.names(r.Context(), distinctText(ids))
	if names == nil {
		names = map[string]string{}
	}
	names["system"] = "Attesta"
	for _, sec := range rep.Sections {
		for _, l := range sec.Lines {
			if strings.HasPrefix(l.About, "src_") && names[l.About] == "" && access.May(r.who.Role, access.HostRead) {
				names[l.About] = l.About
				if h, err := s.cfg.Hosts.Get(r.Context(), l.About); err == nil {
					names[l.About] = h.Name
				}
			}
		}
	}
	return names
}

// longDigest finds digests in details; the entry and the files have them whole.
var longDigest = regexp.MustCompile(`\b([0-9a-f]{12})[0-9a-f]{28,}\b`)

func relianceSection(r *request, sec reliance.Section, names map[string]string, whole bool, href string) ui.RelianceSection {
	out := ui.RelianceSection{ID: sec.ID, Title: sec.Title, Note: sec.Note, Nothing: sec.Nothing}
	for _, n := range sec.NotObserved {
		out.NotObserved = append(out.NotObserved, sentence(n))
	}
	lines := slices.Clone(sec.Lines)
	slices.Reverse(lines) // newest first
	if !whole && len(lines) > relianceShown {
		lines = lines[:relianceShown]
		out.More = ui.Link{Text: fmt.Sprintf("All %s lines", ui.Number(int64(len(sec.Lines)))), Href: href}
	}
	out.Table = ui.Table{Caption: sec.Title, Columns: []ui.Column{{Text: "What"}, {Text: "When"}, {Text: "About"}, {Text: "Details"}, {Text: "By"}, {Text: "Ledger", N: true}}}
	say := func(id string) string { return orElse(names[id], id) }
	for _, l := range lines {
		row := ui.TableRow{Head: ui.Link{Text: l.What}}
		if l.Before {
			row.Tag = "before the window"
		}
		entry := ui.Cell{Text: "between entries", Muted: true, N: true}
		if l.Index >= 0 {
			entry = ui.Cell{Text: indexWords(l.Index), N: true, Mono: true}
			if access.May(r.who.Role, access.LedgerRead) {
				entry = ui.Cell{N: true, Mono: true, Links: []ui.Link{entryLink(l.Entry, l.Index)}}
			}
		}
		row.Cells = []ui.Cell{{Moment: r.words.second(l.At)}, {Text: say(l.About)}, {Text: longDigest.ReplaceAllString(l.Detail, "$1…"), Bad: l.Bad}, {Text: say(l.By)}, entry}
		out.Table.Rows = append(out.Table.Rows, row)
	}
	return out
}

// declareReach records who reaches the data past the screens.
func (s *Site) declareReach(w http.ResponseWriter, r *request) error {
	d := reliance.Declaration{RunSQL: r.PostFormValue("run_sql"), ReadData: r.PostFormValue("read_data")}
	if err := s.cfg.Reliance.Declare(r.Context(), r.who, d); err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.reliancePage(w, r, http.StatusUnprocessableEntity, d, bad)
	}
	s.flash(w, "Declared. It is an entry of the ledger, and is asked again after a year.")
	q := r.URL.Query()
	q.Set("section", "reach")
	http.Redirect(w, r.Request, "/reliance?"+q.Encode(), http.StatusSeeOther)
	return nil
}

// takeReliance gives the report as a file, after that stands in the ledger.
func (s *Site) takeReliance(w http.ResponseWriter, r *request) error {
	list, err := s.cfg.Engagements.List(r.Context(), r.who)
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b engagement.Engagement) int { return b.Number - a.Number })
	ask, err := s.relianceOf(r, r.PostForm, list)
	if err != nil {
		return err
	}
	rep, err := s.cfg.Reliance.Report(r.Context(), r.who, ask.engagement, ask.window)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	kind, format := xlsx, r.PostFormValue("format")
	switch format {
	case "xlsx":
		err = reliancebook.Write(&out, rep)
	case "json":
		kind = "application/json"
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		err = enc.Encode(rep)
	default:
		err = fault.New(fault.Invalid, "%q is no format of this report", format).At("", 0, "format").WithHint("xlsx or json")
	}
	if err != nil {
		return err
	}
	head, err := s.cfg.Ledger.Head(r.Context())
	if err != nil {
		return err
	}
	lines := 0
	for _, sec := range rep.Sections {
		lines += len(sec.Lines)
	}
	sum := sha256.Sum256(out.Bytes())
	if err := s.cfg.Desk.Take(r.Context(), r.who, desk.Taken{List: "reliance", Address: "/reliance?" + ask.query.Encode(), Format: format, Count: int64(lines), Digest: hex.EncodeToString(sum[:]),
		Size: int64(out.Len()), Valid: rep.To, KnownFrom: head.Size, KnownTo: head.Size}); err != nil {
		return err
	}
	w.Header().Set("X-Attesta-Digest", hex.EncodeToString(sum[:]))
	return download(w, kind, fmt.Sprintf("attesta-reliance-%s-%s.%s", rep.From.In(r.words.zone).Format("20060102"), rep.To.In(r.words.zone).AddDate(0, 0, -1).Format("20060102"), format), out.Bytes())
}
