package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/web/ui"

	"github.com/dustin/go-humanize"
)

// stateChips are the states by which evidence is filtered, with their words.
var stateChips = []struct{ state, one, many string }{
	{"waiting", "awaits review", "await review"}, {"sent_back", "sent back", "sent back"}, {"late", "performed late", "performed late"},
	{"twins", "duplicate", "duplicates"}, {"outside", "outside the window", "outside the window"}, {"accepted", "accepted", "accepted"},
}

// evidenceList answers: what was brought to show controls, and what of it counts?
func (s *Site) evidenceList(w http.ResponseWriter, r *request) error {
	ctx, q := r.Context(), r.URL.Query()
	f, err := evidenceFilter(q, q.Get("before"), pageSize)
	if err != nil {
		return err
	}
	list, more, err := s.cfg.Evidence.List(ctx, r.who, f)
	if err != nil {
		return err
	}
	sum, err := s.cfg.Evidence.Summary(ctx, r.who)
	if err != nil {
		return err
	}
	all, by := sum.All, sum.States
	program, err := s.cfg.Controls.Program(ctx, access.System())
	if err != nil {
		return err
	}
	v := ui.EvidenceView{Title: fmt.Sprintf("%s brought by hand; %d %s", itemsWords(all), by["waiting"], verb(by["waiting"], "awaits review", "await review")),
		Note: "What checks observe becomes evidence by itself. Here stands what people bring: it counts once another person accepted it.",
		Undo: "/evidence", None: "No evidence matches.", Text: f.Text, Control: f.Control}
	if access.May(r.who.Role, access.EvidenceAdd) {
		v.Add = "/evidence/new"
		if f.Control != "" {
			v.Add += "?control=" + f.Control
		}
	}
	if all == 0 {
		v.Title = "Evidence"
		v.Empty = &ui.Empty{Title: "Nobody has brought evidence yet", Text: "Controls that people perform are shown by what they bring: an export, minutes, a screenshot, a ticket. Each item says when the control was performed, which period it covers and when it was collected, and another person reviews it.",
			Criteria: []ui.Link{{Text: "CC4.1", Href: "/criteria/CC4.1"}}, Until: "Until then these controls show insufficient evidence.",
			Actions: []ui.Link{{Text: "See the controls", Href: "/controls"}, {Text: "See the criteria", Href: "/criteria"}}}
		if v.Add != "" {
			v.Empty.Actions = append([]ui.Link{{Text: "Add evidence", Href: v.Add}}, v.Empty.Actions[0])
		}
	}
	v.Chips = []ui.Chip{{Text: fmt.Sprintf("All %d", all), Href: with(q, "/evidence", "state", "", "before", ""), Current: f.State == ""}}
	for _, c := range stateChips {
		if n := by[c.state]; n > 0 {
			v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("%d %s", n, verb(n, c.one, c.many)), Href: with(q, "/evidence", "state", c.state, "before", ""), Current: f.State == c.state})
		}
	}
	if f.State != "" {
		v.Keep = append(v.Keep, ui.Link{Text: "state", Href: f.State})
	}
	v.Fresh = []ui.Option{{Text: "Fresh or stale", Selected: f.Fresh == ""}, {Value: "fresh", Text: "Fresh", Selected: f.Fresh == "fresh"},
		{Value: "soon", Text: "Stale within 14 days", Selected: f.Fresh == "soon"}, {Value: "stale", Text: "Stale", Selected: f.Fresh == "stale"}}
	names := s.names(ctx, sum.People)
	v.People = []ui.Option{{Text: "Brought by anybody", Selected: f.By == ""}}
	for _, id := range sum.People {
		v.People = append(v.People, ui.Option{Value: id, Text: "Brought by " + nameOr(names, id), Selected: id == f.By})
	}
	v.Choices = []ui.Option{{Text: "Every control", Selected: f.Control == ""}}
	titles := map[string]string{}
	for _, c := range program.Controls {
		d := c.Current().Design
		titles[c.Slug] = fmt.Sprintf("C-%d", c.Number)
		if instance.Periodic(d) || instance.Triggered(d) {
			v.Choices = append(v.Choices, ui.Option{Value: c.Slug, Text: fmt.Sprintf("C-%d %s", c.Number, d.Title), Selected: c.Slug == f.Control})
		}
	}
	for _, x := range list {
		v.Rows = append(v.Rows, evidenceRow(r, x, titles))
	}
	v.Pager.Text = fmt.Sprintf("%s shown", itemsWords(len(v.Rows)))
	if more {
		v.Pager.Next = with(q, "/evidence", "before", list[len(list)-1].Ref())
	}
	if f.Below > 0 {
		v.Pager.First = with(q, "/evidence", "before", "")
	}
	return s.render(w, r, http.StatusOK, ui.EvidenceList(s.shell(w, r, "Evidence", "Comply", "Evidence"), v))
}

// evidenceFilter reads what the list shows, from below an item on.
func evidenceFilter(q url.Values, below string, limit int) (f evidence.Filter, err error) {
	f = evidence.Filter{Control: q.Get("control"), State: q.Get("state"), Fresh: q.Get("fresh"), By: q.Get("by"), Text: strings.TrimSpace(q.Get("q")), Limit: limit}
	if below != "" {
		if f.Below, err = evidence.ParseRef(below); err != nil {
			return f, fault.New(fault.Invalid, "%q names no evidence", below).WithHint("follow the links of the list")
		}
	}
	return f, nil
}

func itemsWords(n int) string {
	return many(n, "item of evidence", "items of evidence")
}

func verb(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

func evidenceRow(r *request, x evidence.Seen, titles map[string]string) ui.EvidenceRow {
	w := r.words
	row := ui.EvidenceRow{Ref: ui.Link{Text: x.Ref(), Href: "/evidence/" + x.Ref()}, Title: titleOf(x.Version), Kind: kindOf(x.Version), Review: x.Standing().Words(),
		Bad: x.Standing() == evidence.SentBack, Soon: x.Standing() == evidence.Waiting, Performed: w.date(x.Performed), Covers: periodWords(w, x.From, x.To),
		Collected: w.date(x.Version.Collected), Fresh: "does not go stale", Marks: marksOf(x)}
	if !x.Stale.IsZero() {
		row.Fresh, row.Stale = w.lastDay(x.Stale), x.IsStale(r.now)
		if row.Stale {
			row.Fresh = "stale since " + w.date(x.Stale)
		}
	}
	for _, c := range x.Covers {
		row.Shows = append(row.Shows, ui.Link{Text: titles[c.Control] + ", " + coverWords(w, c), Href: "/controls/" + c.Control + "#instances"})
	}
	return row
}

func periodWords(w words, from, to time.Time) string {
	first, last := w.date(from), w.lastDay(to)
	if first == last {
		return first
	}
	return first + " to " + last
}

func titleOf(v evidence.Version) string {
	if v.Redacted != "" {
		return "(redacted)"
	}
	return v.Title
}

func kindOf(v evidence.Version) string {
	if v.Kind == evidence.Link {
		return "link, not held here"
	}
	name := v.FileName
	if v.Redacted != "" {
		name = "content erased"
	}
	return name + ", " + humanize.Bytes(uint64(v.Size))
}

func marksOf(x evidence.Seen) []string {
	var out []string
	if x.Version.Version > 1 {
		out = append(out, fmt.Sprintf("version %d", x.Version.Version))
	}
	if x.Late {
		out = append(out, "performed late")
	} else if x.Collected != "" {
		out = append(out, "collected late")
	}
	if len(x.Twins) > 0 {
		out = append(out, "same content as "+refs(x.Twins))
	}
	if x.Outside {
		out = append(out, "outside the window")
	}
	return out
}

func refs(numbers []int) string {
	out := make([]string, len(numbers))
	for i, n := range numbers {
		out[i] = fmt.Sprintf("E-%d", n)
	}
	return strings.Join(out, ", ")
}

// coverWords gives "31 Mar 2026" for an instance, "set off 14 Mar 2026 (1)" for
// one of a triggered control, "count to 31 Mar 2026" for a quarter.
func coverWords(w words, c evidence.Cover) string {
	day, n, dotted := strings.Cut(c.Instance, ".")
	text := day
	if t, err := time.Parse(time.DateOnly, day); err == nil {
		text = t.Format("2 Jan 2006")
	}
	switch {
	case c.Role == instance.AsPopulation:
		return fmt.Sprintf("count of %d to %s", c.Items, text)
	case dotted:
		return "set off " + text + " (" + n + ")"
	}
	return text
}

// evidenceItem answers: can an outsider trust this?
func (s *Site) evidenceItem(w http.ResponseWriter, r *request) error {
	return s.showEvidence(w, r, nil)
}

func (s *Site) showEvidence(w http.ResponseWriter, r *request, bad *refusedForm) error {
	ctx := r.Context()
	number, err := evidence.ParseRef(r.PathValue("ref"))
	if err != nil {
		return err
	}
	all, err := s.cfg.Evidence.Look(ctx, r.who, number)
	if err != nil {
		return err
	}
	x := all[len(all)-1]
	if n := r.URL.Query().Get("version"); n != "" {
		k, err := strconv.Atoi(n)
		if err != nil || k < 1 || k > len(all) {
			return fault.New(fault.NotFound, "%s has no version %s", x.Ref(), n)
		}
		x = all[k-1]
	}
	newest := x.Version.Version == len(all)
	program, err := s.cfg.Controls.Program(ctx, access.System())
	if err != nil {
		return err
	}
	by := []string{x.Made.By}
	for _, rv := range x.Reviews {
		by = append(by, rv.Made.By)
	}
	names := s.names(ctx, by)
	v := ui.EvidenceItem{Ref: x.Ref(), Title: titleOf(x.Version), Review: x.Standing().Words(), Bad: x.Standing() == evidence.SentBack, Soon: x.Standing() == evidence.Waiting,
		Line: []string{kindOf(x.Version), fmt.Sprintf("version %d of %d", x.Version.Version, len(all))}}
	if n := len(x.Reviews); n > 0 {
		last := x.Reviews[n-1]
		v.Review = sentenceless(x.Standing().Words()) + " " + r.words.day(last.Made.At) + " by " + nameOr(names, last.Made.By)
	}
	if !newest {
		v.Old = &ui.Link{Text: fmt.Sprintf("Version %d", len(all)), Href: "/evidence/" + x.Ref()}
	}
	base := fmt.Sprintf("/evidence/%s/%d", x.Ref(), x.Version.Version)
	v.Download = base + "/package"
	if x.Kind == evidence.File && x.Redacted == "" {
		v.Content = base + "/content"
		if mayBeScan(x.FileName) {
			v.Scan = base + "/scan"
		}
	}
	if newest && access.May(r.who.Role, access.EvidenceAdd) {
		v.Next = "/evidence/new?of=" + strconv.Itoa(x.Number)
		for _, c := range x.Covers {
			v.Next += "&control=" + c.Control + "&cover=" + c.Control + "/" + c.Instance
			if c.Role == instance.AsPopulation {
				v.Next += "&role=" + c.Role
			}
		}
	}
	s.provenance(r, &v, x, names)
	v.Marks = evidenceMarks(r, x)
	for _, c := range x.Covers {
		row, err := s.shown(r, program, c)
		if err != nil {
			return err
		}
		v.Shows = append(v.Shows, row)
	}
	for i := len(all) - 1; i >= 0; i-- {
		a := all[i]
		href := "/evidence/" + a.Ref()
		if i < len(all)-1 {
			href += "?version=" + strconv.Itoa(a.Version.Version)
		}
		v.Versions = append(v.Versions, ui.VersionRow{Link: ui.Link{Text: fmt.Sprintf("version %d", a.Version.Version), Href: href}, Review: r.words.day(a.Made.At) + ", " + a.Standing().Words(), Here: a.Version.Version == x.Version.Version})
	}
	if v.History, err = s.history(r, x.ID, 20); err != nil {
		return err
	}
	if newest && x.Redacted == "" {
		if v.Form, err = s.evidenceReview(r, x, bad); err != nil {
			return err
		}
	}
	switch {
	case x.Redacted != "":
		v.Redacted = "What this version said, and its content, were erased. Entry " + x.Redacted + " of the ledger says on what basis; the digest and the dates stay, and every proof still verifies."
	case access.May(r.who.Role, access.EvidenceRedact):
		v.Redact = &ui.RedactForm{Action: "/evidence/" + x.Ref() + "/redact", Version: strconv.Itoa(x.Version.Version),
			Basis: ui.FormField{ID: "r-basis", Name: "basis", Label: "Legal basis", Hint: "Without names of people: it stands in the ledger for ever. For example: erasure request under article 17 GDPR.", Need: true}}
		if bad != nil && bad.form == "redact" {
			v.Redact.Open, v.Redact.Basis.Problem, v.Redact.Basis.Value = true, bad.problem, r.PostFormValue("basis")
		}
	}
	sh := s.shell(w, r, v.Ref+" "+v.Title, "Comply", "Evidence")
	status := http.StatusOK
	if bad != nil {
		sh.Path, status = "/evidence/"+x.Ref(), http.StatusUnprocessableEntity
	}
	return s.render(w, r, status, ui.EvidencePage(sh, v))
}

func sentenceless(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func nameOr(names map[string]string, id string) string {
	if n := names[id]; n != "" {
		return n
	}
	return id
}

// provenance fills the card: where evidence comes from, and what proves it.
func (s *Site) provenance(r *request, v *ui.EvidenceItem, x evidence.Seen, names map[string]string) {
	w := r.words
	v.Performed = [2]string{w.date(x.Performed), "in time"}
	if x.Late {
		v.Performed[1] = "after the instance was due: performed late"
	}
	v.Covered = [2]string{periodWords(w, x.From, x.To), "days of " + w.zone.String()}
	v.Collected = [2]string{w.date(x.Version.Collected), "added " + w.at(x.Made.At).Text}
	if x.Collected != "" {
		v.Collected[1] = x.Collected + "; that is not performing late"
	}
	v.Reviewed = [2]string{"not yet", "it counts for nothing until then"}
	if n := len(x.Reviews); n > 0 {
		last := x.Reviews[n-1]
		v.Reviewed = [2]string{w.date(last.Made.At), x.Standing().Words() + " by " + nameOr(names, last.Made.By)}
	}
	add := func(term, text string, mono bool) {
		if text != "" {
			v.Facts = append(v.Facts, ui.Fact{Term: term, Text: text, Mono: mono})
		}
	}
	add("Source", x.Source, false)
	add("Query", x.Query, false)
	add("Description", x.Description, false)
	if x.Kind == evidence.Link {
		add("Address", x.Address, false)
		add("Content", "not held here, so nothing can show that it stays the same", false)
	} else {
		add("Content", kindOf(x.Version)+", "+x.ContentType, false)
		add("sha256", x.Digest, true)
	}
	add("Collected by", nameOr(names, x.Made.By), false)
	fresh := "does not go stale"
	if !x.Stale.IsZero() {
		fresh = "until " + w.lastDay(x.Stale) + ", when the next instance is due"
		if x.IsStale(r.now) {
			fresh = "stale since " + w.date(x.Stale) + ", when the next instance was due"
		}
	}
	add("Fresh", fresh, false)
	add("Scope", fmt.Sprintf("version %d held when it was added", x.Scope), false)
	for _, rv := range x.Reviews {
		text := fmt.Sprintf("%s on %s by %s", strings.ReplaceAll(string(rv.Decision), "_", " "), w.date(rv.Made.At), nameOr(names, rv.Made.By))
		if rv.Reason != "" {
			text += ": " + rv.Reason
		}
		if rv.Compensation != "" {
			text += ". Who brought it reviewed it; in place of a second person: " + rv.Compensation
		}
		add("Review", text, false)
	}
	entry := ui.Link{Text: indexWords(x.Made.Index), Href: "/ledger/" + x.Made.Entry}
	v.Proof = []ui.Fact{{Term: "Ledger", Text: "entry", Links: []ui.Link{entry}}}
	if x.Made.Index >= 0 && access.May(r.who.Role, access.LedgerRead) {
		v.Proof[0].Links = append(v.Proof[0].Links, ui.Link{Text: "inclusion proof", Href: fmt.Sprintf("/ledger/%d/proof", x.Made.Index)})
	}
	for _, rv := range x.Reviews {
		v.Proof = append(v.Proof, ui.Fact{Term: "Review", Text: "entry", Links: []ui.Link{{Text: indexWords(rv.Made.Index), Href: "/ledger/" + rv.Made.Entry}}})
	}
	if head, err := s.cfg.Ledger.Head(r.Context()); err == nil {
		v.Proof = append(v.Proof, ui.Fact{Term: "Anchored outside", Text: anchorWords(head)})
	}
	if !access.May(r.who.Role, access.LedgerRead) {
		for i := range v.Proof {
			for k := range v.Proof[i].Links {
				v.Proof[i].Links[k].Href = ""
			}
		}
	}
}

func anchorWords(h ledger.Head) string {
	if h.Anchored {
		return "yes"
	}
	return "not yet"
}

func evidenceMarks(r *request, x evidence.Seen) []ui.Notice {
	var out []ui.Notice
	if len(x.Twins) > 0 {
		n := ui.Notice{Title: "Other evidence has the same content", Text: "An auditor who meets one file for two performances asks which one it shows."}
		for _, t := range x.Twins {
			n.Links = append(n.Links, ui.Link{Text: fmt.Sprintf("E-%d", t), Href: fmt.Sprintf("/evidence/E-%d", t)})
		}
		out = append(out, n)
	}
	if x.Outside {
		out = append(out, ui.Notice{Title: "It speaks of no day in the window", Text: "It was performed outside the window of the scope, and covers no day of it. It stays here; an auditor may look beyond the window."})
	}
	for _, c := range x.Unknown {
		out = append(out, ui.Notice{Title: "An instance that it shows is expected no more", Text: "The frequency of " + c.Control + " or the zone of the scope changed, so instance " + c.Instance + " is not expected. Add a version that names another."})
	}
	return out
}

// shown gives a row of what evidence shows.
func (s *Site) shown(r *request, program *control.Program, c evidence.Cover) (ui.ShownRow, error) {
	row := ui.ShownRow{Control: ui.Link{Text: c.Control, Href: "/controls/" + c.Control + "#instances"}, Instance: coverWords(r.words, c), Note: "expected no more"}
	i := slices.IndexFunc(program.Controls, func(k control.Control) bool { return k.Slug == c.Control })
	if i < 0 {
		return row, nil
	}
	k := program.Controls[i]
	d := k.Current().Design
	row.Control.Text = fmt.Sprintf("C-%d %s", k.Number, d.Title)
	for _, id := range d.Criteria() {
		if _, ok := catalog.Get(id); ok {
			row.Criteria = append(row.Criteria, criterionLinks(r, []string{id})...)
		}
	}
	found, ok, err := s.cfg.Evidence.Instance(r.Context(), r.who, c)
	if err != nil || !ok {
		return row, err
	}
	shown := s.instanceRow(r, c.Control, found)
	row.State, row.Note = shown.State, shown.Note
	return row, nil
}

// evidenceReview gives the form of a reviewer, or why the reader has none.
func (s *Site) evidenceReview(r *request, x evidence.Seen, bad *refusedForm) (*ui.ReviewForm, error) {
	if !access.May(r.who.Role, access.EvidenceReview) {
		return nil, nil
	}
	f := &ui.ReviewForm{Action: "/evidence/" + x.Ref() + "/review", Version: strconv.Itoa(x.Version.Version), Accepted: x.Standing() == evidence.Accepted,
		Reason:       ui.FormField{ID: "r-reason", Name: "reason", Label: "What you looked at, or what is missing", Hint: "Asked for when you send it back; whoever brought it reads it.", Type: "long"},
		Compensation: ui.FormField{ID: "r-comp", Name: "compensation", Label: "What stands in for a second person", Hint: "For example who from outside looks at it, and when.", Type: "long", Need: true}}
	if x.Made.By == r.who.UserID {
		alone, err := s.cfg.Access.Alone(r.Context(), r.who, access.EvidenceReview)
		if err != nil {
			return nil, err
		}
		if f.Alone = alone; !alone {
			f.Refuse = "You brought this, so another person reviews it."
		}
	}
	if bad != nil && bad.form == "review" {
		f.Reason.Value, f.Compensation.Value = r.PostFormValue("reason"), r.PostFormValue("compensation")
		switch bad.field {
		case "reason":
			f.Reason.Problem = bad.problem
		case "compensation":
			f.Compensation.Problem = bad.problem
		default:
			f.Problem = bad.problem
		}
	}
	return f, nil
}

// reviewEvidence records a reviewer's decision.
func (s *Site) reviewEvidence(w http.ResponseWriter, r *request) error {
	number, err := evidence.ParseRef(r.PathValue("ref"))
	if err != nil {
		return err
	}
	version, err := strconv.Atoi(r.PostFormValue("version"))
	if err != nil {
		return fault.New(fault.Invalid, "the form names no version").WithHint("go back and send it again")
	}
	d := instance.Decision(r.PostFormValue("decision"))
	if err := s.cfg.Evidence.Decide(r.Context(), r.who, number, version, d, r.PostFormValue("reason"), r.PostFormValue("compensation")); err != nil {
		bad, other := refused(err, 0)
		if other != nil {
			return err
		}
		bad.form = "review"
		return s.showEvidence(w, r, bad)
	}
	text := "The evidence is accepted, and counts from now on. The decision is an entry in the ledger."
	if d == instance.SentBack {
		text = "The evidence is sent back and counts no more. The decision is an entry in the ledger."
	}
	s.flash(w, text)
	http.Redirect(w, r.Request, fmt.Sprintf("/evidence/E-%d", number), http.StatusSeeOther)
	return nil
}

// redactEvidence erases what a version says.
func (s *Site) redactEvidence(w http.ResponseWriter, r *request) error {
	number, err := evidence.ParseRef(r.PathValue("ref"))
	if err != nil {
		return err
	}
	version, err := strconv.Atoi(r.PostFormValue("version"))
	if err != nil {
		return fault.New(fault.Invalid, "the form names no version").WithHint("go back and send it again")
	}
	if err := s.cfg.Evidence.Redact(r.Context(), r.who, number, version, r.PostFormValue("basis")); err != nil {
		bad, other := refused(err, 0)
		if other != nil {
			return err
		}
		bad.form = "redact"
		return s.showEvidence(w, r, bad)
	}
	s.flash(w, "The content and every word of this version are erased. The redaction is an entry in the ledger.")
	http.Redirect(w, r.Request, fmt.Sprintf("/evidence/E-%d", number), http.StatusSeeOther)
	return nil
}
