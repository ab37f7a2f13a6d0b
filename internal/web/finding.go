package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// needy are the states that need a person.
func needy() []finding.State { return []finding.State{finding.Open, finding.Acknowledged} }

// findings answers: what must a person act on?
func (s *Site) findings(w http.ResponseWriter, r *request) error {
	if r.period.past() || r.period.problem != "" {
		return s.findingsThen(w, r)
	}
	ctx, q := r.Context(), r.URL.Query()
	state := q.Get("state")
	f, order, err := findingsFilter(r)
	if err != nil {
		return err
	}
	scope := finding.Filter{Check: f.Check, Item: f.Item, Owner: f.Owner, Query: f.Query}
	sum, err := s.cfg.Findings.Summary(ctx, scope)
	if err != nil {
		return err
	}
	page, err := s.cfg.Findings.List(ctx, f, order, q.Get("after"), pageSize)
	if err != nil {
		return err
	}
	v := ui.FindingsView{Title: findingsTitle(sum), Undo: "/findings",
		Note: "A finding is a failing item that a person must act on. It closes only when a pass is observed, never because the item fell silent."}
	reset := func(pairs ...string) string { return with(q, "/findings", append(pairs, "after", "")...) }
	openNow := sum.States[finding.Open] + sum.States[finding.Acknowledged]
	total := openNow + sum.States[finding.Waived] + sum.States[finding.Stale] + sum.States[finding.Closed]
	more := ""
	if sum.More {
		more = "+"
	}
	v.State = []ui.Chip{
		{Text: fmt.Sprintf("Needs a person %s", ui.Number(openNow)), Href: reset("state", ""), Current: state == ""},
		{Text: fmt.Sprintf("Late %s", ui.Number(sum.Overdue)), Href: reset("state", "late"), Current: state == "late"},
		{Text: fmt.Sprintf("Open %s", ui.Number(sum.States[finding.Open])), Href: reset("state", "open"), Current: state == "open"},
		{Text: fmt.Sprintf("Acknowledged %s", ui.Number(sum.States[finding.Acknowledged])), Href: reset("state", "acknowledged"), Current: state == "acknowledged"},
		{Text: fmt.Sprintf("Waived %s", ui.Number(sum.States[finding.Waived])), Href: reset("state", "waived"), Current: state == "waived"},
		{Text: fmt.Sprintf("Stale %s", ui.Number(sum.States[finding.Stale])), Href: reset("state", "stale"), Current: state == "stale"},
		{Text: fmt.Sprintf("Closed %s%s", ui.Number(sum.States[finding.Closed]), more), Href: reset("state", "closed"), Current: state == "closed"},
		{Text: "All " + ui.Number(total) + more, Href: reset("state", "all"), Current: state == "all"},
	}
	v.Sev = append(v.Sev, ui.Chip{Text: "Any severity", Href: reset("severity", ""), Current: q.Get("severity") == ""})
	for _, sev := range ui.Severities() {
		v.Sev = append(v.Sev, ui.Chip{Text: string(sev), Glyph: sev.Glyph(), Href: reset("severity", string(sev)), Current: q.Get("severity") == string(sev)})
	}
	for _, sc := range []struct{ key, text string }{{"check", "check " + f.Check}, {"host", "host " + s.hostName(r, f.Item)}, {"owner", "owner " + who(s.names(ctx, []string{f.Owner}), f.Owner)}, {"q", "“" + f.Query + "”"}} {
		if q.Get(sc.key) != "" {
			v.Scope = append(v.Scope, ui.Link{Text: sc.text, Href: reset(sc.key, "")})
		}
	}
	if total == 0 && len(v.Scope) == 0 {
		v.Title, v.State, v.Sev = "No finding has been opened yet", nil, nil
		v.Empty = &ui.Empty{Title: "Nothing fails, or nothing has been judged yet",
			Text:     "A finding opens by itself when an observed item does not do what a check expects, and closes by itself when a pass is observed.",
			Criteria: []ui.Link{{Text: "CC7.1", Href: "/criteria/CC7.1"}},
			Until:    "Until a host has reported, its criteria show insufficient evidence.",
			Actions:  []ui.Link{{Text: "See the hosts", Href: "/hosts"}, {Text: "See the checks", Href: "/standards"}}}
	}
	v.Columns = []ui.Column{{Text: "Number", Href: reset("sort", "number")}, {Text: "What fails"}, {Text: "Item"},
		{Text: "Severity", Href: reset("sort", "")}, {Text: "State", Href: reset("sort", "change")}, {Text: "Opened"}, {Text: "Due", Href: reset("sort", "due")}}
	switch order {
	case finding.ByNumber:
		v.Columns[0].Sort = "descending"
	case finding.ByDue:
		v.Columns[6].Sort = "ascending"
	case finding.ByChange:
		v.Columns[4].Sort = "descending"
	default:
		v.Columns[3].Sort = "descending"
	}
	if f.Owner == "" && total > 0 && access.May(r.who.Role, access.FindingAcknowledge) {
		v.State = append(v.State, ui.Chip{Text: "Only mine", Href: reset("owner", "me")})
	}
	var owners []string
	for _, x := range page.Findings {
		owners = append(owners, x.Owner)
	}
	names := s.names(ctx, owners)
	for _, x := range page.Findings {
		row := s.findingRow(r, x)
		row.Owner, row.Pick = who(names, x.Owner), s.pick(r, "findings", x.ID)
		v.Rows = append(v.Rows, row)
	}
	v.None = fmt.Sprintf("No finding matches. %s without these filters.", many(openNow, "finding needs a person", "findings need a person"))
	count := ui.Number(page.Total)
	if page.More {
		count = "more than " + ui.Number(int64(finding.CountLimit))
	}
	v.Pager.Text = fmt.Sprintf("%d of %s shown", len(v.Rows), count)
	if page.Next != "" {
		v.Pager.Next = with(q, "/findings", "after", page.Next)
	}
	if q.Get("after") != "" {
		v.Pager.First = reset()
	}
	r.matching = page.Total
	sh := s.shell(w, r, "Findings", "Operate", "Findings")
	return s.render(w, r, http.StatusOK, ui.Findings(sh, v))
}

// findingsFilter reads what the list shows of the present, and its order.
func findingsFilter(r *request) (f finding.Filter, order finding.Order, err error) {
	q := r.URL.Query()
	f = finding.Filter{Check: q.Get("check"), Item: q.Get("host"), Owner: q.Get("owner"), Query: q.Get("q")}
	if f.Owner == "me" {
		f.Owner = r.who.UserID
	}
	state := q.Get("state")
	switch state {
	case "":
		f.States = needy()
	case "late":
		f.States, f.OverdueAt = needy(), r.now
	case "all":
	case "open", "acknowledged", "waived", "stale", "closed":
		f.States = []finding.State{finding.State(state)}
	default:
		return f, order, fault.New(fault.Invalid, "%q is no state of a finding", state).WithHint("the states are open, acknowledged, waived, stale and closed")
	}
	if sev := q.Get("severity"); sev != "" {
		if !slices.Contains(ui.Severities(), ui.Severity(sev)) {
			return f, order, fault.New(fault.Invalid, "%q is no severity", sev).WithHint("critical, high, medium or low")
		}
		f.Severities = []string{sev}
	}
	order = finding.Order(q.Get("sort"))
	if !slices.Contains([]finding.Order{finding.ByUrgency, finding.ByDue, finding.ByNumber, finding.ByChange}, order) {
		return f, order, fault.New(fault.Invalid, "findings cannot be sorted by %q", string(order))
	}
	return f, order, nil
}

func findingsTitle(sum finding.Summary) string {
	n := sum.States[finding.Open] + sum.States[finding.Acknowledged]
	title := many(n, "finding needs a person", "findings need a person")
	if n == 0 {
		title = "No finding needs a person now"
	}
	if late := sum.Late[finding.Open] + sum.Late[finding.Acknowledged]; late > 0 {
		title += fmt.Sprintf("; %s late", ui.Number(late)) // of those; what fell silent can be late too
	}
	return title
}

// hostName gives a host's name for its id, or the id.
func (s *Site) hostName(r *request, id string) string {
	if id == "" {
		return ""
	}
	h, err := s.cfg.Hosts.Get(r.Context(), id)
	if err != nil {
		return id
	}
	return h.Name
}

func findingLink(f finding.Finding) ui.Link {
	return ui.Link{Text: f.Ref(), Href: "/findings/" + f.Ref()}
}

func (s *Site) findingRow(r *request, f finding.Finding) ui.FindingRow {
	row := ui.FindingRow{Number: findingLink(f), Title: f.Title, Item: ui.Link{Text: f.ItemName, Href: "/hosts/" + f.Item}, Severity: ui.Severity(f.Severity),
		State: string(f.State), Reopened: f.Reopened > 0, Opened: r.words.at(f.OpenedAt)}
	if f.State == finding.Closed {
		row.State = "closed " + r.words.day(f.ClosedAt)
		return row
	}
	if f.Waiver != "" {
		row.State = "waived until " + r.until(f.WaivedUntil)
		return row
	}
	row.Due, row.Late, row.Soon = r.words.due(f.Due)
	return row
}

// finding shows one finding down to the fact that was read.
func (s *Site) finding(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	ref := r.PathValue("ref")
	d, err := s.cfg.Hosts.DeriveFinding(ctx, ref)
	if err != nil {
		return err
	}
	if d.Finding == nil {
		return fault.New(fault.NotFound, "there is no finding %s", ref)
	}
	f := *d.Finding
	if ref != f.Ref() { // one finding, one address
		http.Redirect(w, r.Request, "/findings/"+f.Ref(), http.StatusSeeOther)
		return nil
	}
	v := ui.FindingView{List: ui.Link{Text: "Findings", Href: "/findings"}, Number: f.Ref(), Title: findingTitle(f), Outcome: ui.Outcome(d.Current.Outcome),
		State: string(f.State), Severity: ui.Severity(f.Severity), Draft: !d.Check.Standard.Approved, Remedy: remedy(d.Check.Remediation),
		Zone: "times in " + r.words.zone.String(), After: "It closes by itself when the agent observes a pass. The agent only observes; it does not change the host."}
	switch f.State {
	case finding.Closed:
		v.Notice = "Closed " + r.words.full(f.ClosedAt) + ": " + sentence(f.Reason)
		v.After = "It is closed. If it fails again within 30 days it reopens with its old clock."
	case finding.Stale:
		v.Notice = "Stale: " + sentence(f.Reason) + " Nothing can be said about it now; its clock runs on."
		fallthrough
	default:
		v.Open = "open " + span(r.now.Sub(f.OpenedAt))
		if f.Waiver == "" {
			v.Due, v.Late = dueWords(r, f)
		}
	}
	if err := s.findingWaiver(r, &v, d); err != nil {
		return err
	}
	if f.State == finding.Acknowledged {
		v.Given = "taken on " + r.words.at(f.AcknowledgedAt).Text
		if by := s.names(ctx, []string{f.AcknowledgedBy})[f.AcknowledgedBy]; by != "" {
			v.Given += " by " + by
		}
	}
	if f.State == finding.Open && access.May(r.who.Role, access.FindingAcknowledge) {
		v.Acknowledge = "/findings/" + f.Ref() + "/acknowledge"
	}
	if f.State != finding.Closed && !f.AcknowledgedAt.IsZero() && access.May(r.who.Role, access.FindingAcknowledge) && (f.AcknowledgedBy == r.who.UserID || access.May(r.who.Role, access.FindingAssign)) {
		v.Release = "/findings/" + f.Ref() + "/release"
	}
	if v.Assign, err = s.assignForm(r, f); err != nil {
		return err
	}
	if v.Derive, err = s.derivation(r, d); err != nil {
		return err
	}
	v.Evidence = ui.Link{Text: "Open the facts", Href: factHref(d)}
	v.Facts = s.findingFacts(r, d)
	v.Timeline = s.findingTimeline(r, d)
	sh := s.shell(w, r, f.Title, "Operate", "Findings")
	return s.render(w, r, http.StatusOK, ui.Finding(sh, v))
}

// findingWaiver says what is waived, or lets the reader ask for it, and says
// where an exclusion leaves the host out.
func (s *Site) findingWaiver(r *request, v *ui.FindingView, d host.Derivation) error {
	f := *d.Finding
	if d.Host.Exclusion != "" && f.State == finding.Stale {
		v.Waiver = ui.Link{Text: "Open the exclusion", Href: "/exclusions/" + d.Host.Exclusion}
		return nil
	}
	if f.Waiver != "" {
		x, err := s.cfg.Waivers.Get(r.Context(), f.Waiver)
		if err != nil {
			return err
		}
		v.Notice = fmt.Sprintf("Waived by %s until the end of %s: %s It is a deviation all the same. Its clock stands still; %s are left when the waiver ends.", x.Ref(), r.until(f.WaivedUntil), sentence(x.Reason), span(max(f.Due.Sub(f.WaivedFrom), 0)))
		v.Waiver = ui.Link{Text: "Open " + x.Ref(), Href: "/waivers/" + x.Ref()}
		return nil
	}
	if f.State == finding.Closed || !d.InForce {
		return nil
	}
	asked, err := s.cfg.Waivers.AskedFor(r.Context(), f.Check, f.Attribute, f.Item)
	if err != nil {
		return err
	}
	switch {
	case len(asked) > 0:
		v.Waiver = ui.Link{Text: asked[0].Ref() + " waits for a decision", Href: "/waivers/" + asked[0].Ref()}
	case access.May(r.who.Role, access.WaiverAsk):
		v.Waiver = ui.Link{Text: "Ask for a waiver", Href: "/waivers/new?finding=" + f.Ref()}
	}
	return nil
}

func dueWords(r *request, f finding.Finding) (string, bool) {
	if f.Due.IsZero() {
		return "", false
	}
	layout := "Mon 2 Jan 15:04"
	if f.Due.In(r.words.zone).Year() != r.words.now.Year() {
		layout = "Mon 2 Jan 2006"
	}
	at := f.Due.In(r.words.zone).Format(layout)
	if left := f.Due.Sub(r.now); left > 0 {
		return "due " + at + ", in " + span(left), false
	}
	return "due " + at + ", " + span(r.now.Sub(f.Due)) + " late", true
}

// derivation goes from the fact that was read to the criterion, a step each.
func (s *Site) derivation(r *request, d host.Derivation) ([]ui.DeriveStep, error) {
	ctx := r.Context()
	var steps []ui.DeriveStep
	item := ui.Part{Text: d.Host.Name, Href: "/hosts/" + d.Host.ID}
	read := s.readWords(r, d)
	for _, f := range d.Facts {
		st := ui.DeriveStep{Step: "Fact read", Where: ui.Link{Text: "facts", Href: sectionHref(d.Host.ID, f.Pointer)}}
		st.Lead = []ui.Part{{Text: factName(f.Pointer), Code: true}}
		if f.State == "" {
			value, rest := f.Value, ""
			if len(value) > 160 {
				value, rest = shorten(value, 120), ", longer than can be shown here,"
			}
			st.Lead = append(st.Lead, ui.Part{Text: " is "}, ui.Part{Text: value, Code: true, Strong: rest == ""}, ui.Part{Text: rest})
		} else {
			st.Lead = append(st.Lead, ui.Part{Text: " could not be had: " + stateWords(f.State) + ". " + sentence(f.Reason)})
		}
		st.Lead = append(st.Lead, ui.Part{Text: " on "}, item)
		st.Meta = read[section(f.Pointer)]
		steps = append(steps, st)
	}
	approved := "in a draft standard that nobody has approved yet"
	if d.Check.Standard.Approved {
		approved = "approved " + r.words.day(d.Check.Standard.ApprovedAt)
		if by := s.names(ctx, []string{d.Check.Standard.ApprovedBy})[d.Check.Standard.ApprovedBy]; by != "" {
			approved += " by " + by
		}
	}
	check := ui.Link{Text: "check", Href: "/checks/" + d.Check.ID}
	steps = append(steps, ui.DeriveStep{Step: "Attribute", Lead: []ui.Part{{Text: sentence(d.Attribute.Title)}}, Expr: d.Attribute.Expect,
		Meta: fmt.Sprintf("attribute %s of check %s", d.Attribute.ID, d.Check.ID), Where: check})
	c, err := s.cfg.Posture.Check(ctx, d.Check.ID, posture.Now())
	if err != nil {
		return nil, err
	}
	steps = append(steps, ui.DeriveStep{Step: "Check", Lead: []ui.Part{{Text: d.Check.Title, Href: check.Href}},
		Meta: fmt.Sprintf("standard %s %s, %s", d.Check.Standard.Title, d.Check.Standard.Version, approved), Where: check})
	out := ui.DeriveStep{Step: "Outcome", Outcome: ui.Outcome(d.Current.Outcome), After: "since " + r.words.second(d.Current.Since).Text,
		Where: ui.Link{Text: "all items", Href: check.Href}}
	if d.InForce && string(d.Anew.Outcome) == string(d.Current.Outcome) {
		d.Current.Reason, d.Current.Expected = d.Anew.Reason, d.Anew.Expected // what makes it so now
	}
	if d.Current.Reason != "" {
		out.Meta = sentence(d.Current.Reason) + " "
	}
	if d.Current.Expected != "" && !strings.Contains(d.Current.Reason, "expected") {
		out.Meta += "Expected " + d.Current.Expected + ". "
	}
	out.Meta += fmt.Sprintf("Of all items, %s of %s pass.", ui.Number(c.Counts.Pass), many(c.Counts.Total(), "judgement", "judgements"))
	steps = append(steps, out)
	if d.Run.ID != "" {
		steps = append(steps, ui.DeriveStep{Step: "Record", Lead: []ui.Part{{Text: fmt.Sprintf("Run over %s judged, %s changed, ledger entry ",
			many(d.Run.Evaluated, "attribute", "attributes"), many(d.Run.Changed, "outcome", "outcomes"))},
			{Text: indexWords(d.Run.Index), Href: entryLink(d.Run.Entry, d.Run.Index).Href}},
			Meta:  "recorded " + r.words.full(d.Run.RecordedAt) + "; " + s.anchoredWords(r, d.Run.Index),
			Where: ui.Link{Text: "proof", Href: entryLink(d.Run.Entry, d.Run.Index).Href}})
	}
	f := d.Finding
	steps = append(steps, ui.DeriveStep{Step: "Finding", Lead: []ui.Part{{Text: f.Ref(), Strong: true}, {Text: ", " + f.Severity + ", " + string(f.State)}},
		Meta: "identity: check, attribute, item. It closes only when a pass is observed.", Where: ui.Link{Text: "this page"}})
	return s.upwards(r, steps, c)
}

// upwards adds the controls and criteria that rest on a check.
func (s *Site) upwards(r *request, steps []ui.DeriveStep, c posture.Check) ([]ui.DeriveStep, error) {
	ctx := r.Context()
	var criteria []string
	for _, slug := range c.Controls {
		k, err := s.cfg.Posture.Control(ctx, slug, posture.Now())
		if err != nil {
			return nil, err
		}
		href := "/controls/" + slug
		steps = append(steps, ui.DeriveStep{Step: "Control", Lead: []ui.Part{{Text: k.Title, Href: href}}, Status: ui.Status(k.Status),
			Meta: sentence(k.Why), Where: ui.Link{Text: "control", Href: href}})
		for _, id := range k.Criteria {
			if !slices.Contains(criteria, id) {
				criteria = append(criteria, id)
			}
		}
	}
	if len(c.Controls) == 0 {
		steps = append(steps, ui.DeriveStep{Step: "Control", Lead: []ui.Part{{Text: "No control rests on this check yet, so no criterion follows from it."}},
			Where: ui.Link{Text: "controls", Href: "/controls"}})
	}
	slices.SortFunc(criteria, func(a, b string) int { return catalogOrder(a) - catalogOrder(b) })
	for _, id := range criteria {
		k, err := s.cfg.Posture.Criterion(ctx, id, posture.Now())
		if err != nil {
			return nil, err
		}
		href := "/criteria/" + id
		steps = append(steps, ui.DeriveStep{Step: "Criterion", Lead: []ui.Part{{Text: id, Href: href}, {Text: " " + k.Title}}, Status: ui.Status(k.Status),
			Meta: sentence(k.Why), Where: ui.Link{Text: "criterion", Href: href}})
	}
	return steps, nil
}

// catalogOrder is a criterion's place in the catalogue.
func catalogOrder(id string) int {
	return slices.IndexFunc(catalog.All(), func(c catalog.Criterion) bool { return c.ID == id })
}

// findingTitle says who does not do what: checks are titled by what should hold.
func findingTitle(f finding.Finding) string {
	if f.State == finding.Closed {
		return f.ItemName + " failed: " + f.Title
	}
	return f.ItemName + " fails: " + f.Title
}

// section gives "sshd" of "/sshd/effective/permitrootlogin".
func section(pointer string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	return name
}

func sectionHref(hostID, pointer string) string {
	return "/hosts/" + hostID + "/sections/" + url.PathEscape(section(pointer)) + "?fact=" + url.QueryEscape(pointer)
}

func factHref(d host.Derivation) string {
	if len(d.Facts) == 0 {
		return "/hosts/" + d.Host.ID
	}
	return sectionHref(d.Host.ID, d.Facts[0].Pointer)
}

func stateWords(state string) string {
	switch state {
	case "absent":
		return "not there"
	case "not_observed":
		return "not observed"
	}
	return state
}

// readWords says, by section, when and by whom its facts were read.
func (s *Site) readWords(r *request, d host.Derivation) map[string]string {
	out := map[string]string{}
	for _, sec := range d.Sections {
		text := "read by agent " + d.Host.AgentVersion
		if !sec.LastObserved.IsZero() {
			text += ", last observed " + r.words.second(sec.LastObserved).Text
		}
		if !sec.ObservedFrom.IsZero() {
			text += ", like this since " + r.words.second(sec.ObservedFrom).Text
		}
		if d.Host.ClockOffset != nil {
			text += "; " + clockWords(*d.Host.ClockOffset)
		}
		out[sec.Name] = text
	}
	return out
}

func (s *Site) findingFacts(r *request, d host.Derivation) []ui.Fact {
	f := d.Finding
	facts := []ui.Fact{
		{Term: "Number", Text: f.Ref(), Mono: true},
		{Term: "Id", Text: f.ID, Mono: true},
		{Term: "Owner", Text: orElse(who(s.names(r.Context(), []string{f.Owner}), f.Owner), "nobody named")},
		{Term: "Item", Links: []ui.Link{{Text: f.ItemName, Href: "/hosts/" + f.Item}}},
		{Term: "Check", Links: []ui.Link{{Text: f.Check, Href: "/checks/" + f.Check}}},
		{Term: "Time allowed", Text: f.Severity + ": " + span(f.Due.Sub(f.OpenedAt)) + " from first opening"},
		{Term: "First opened", Text: r.words.full(f.OpenedAt)},
	}
	if f.Reopened > 0 {
		facts = append(facts, ui.Fact{Term: "Reopened", Text: many(f.Reopened, "time", "times") + ", failing since " + r.words.at(f.FailingSince).Text})
	}
	facts = append(facts, ui.Fact{Term: "Elsewhere", Links: []ui.Link{{Text: "other findings of this check", Href: "/findings?state=all&check=" + url.QueryEscape(f.Check)}}})
	return facts
}

// findingTimeline shows the lifecycle, newest first.
func (s *Site) findingTimeline(r *request, d host.Derivation) []ui.Step {
	var who []string
	for _, e := range d.Timeline {
		if strings.HasPrefix(e.Actor, "usr_") {
			who = append(who, e.Actor)
		}
	}
	names := map[string]string{}
	if len(who) > 0 {
		names = s.names(r.Context(), who)
	}
	var out []ui.Step
	for _, e := range slices.Backward(d.Timeline) {
		st := ui.Step{At: r.words.at(e.At), Text: capital(strings.ReplaceAll(string(e.Kind), "_", " ")), Entry: entryLink(e.Entry, e.Index)}
		if e.Reason != "" {
			st.Text += ": " + e.Reason
		}
		if e.Note != "" {
			st.Text += " “" + e.Note + "”"
		}
		if strings.HasPrefix(e.Actor, "usr_") {
			st.By = "by " + orElse(names[e.Actor], e.Actor)
		}
		if !e.ValidAt.IsZero() && !e.ValidAt.Equal(e.At) && e.Actor != "" && !strings.HasPrefix(e.Actor, "usr_") {
			st.By = strings.TrimSpace(st.By + " observed " + r.words.second(e.ValidAt).Text)
		}
		switch string(e.Kind) {
		case "opened", "reopened":
			st.Mark = "bad"
		case "closed", "acknowledged":
			st.Mark = "key"
		}
		out = append(out, st)
	}
	return out
}

// acknowledge says that the reader takes a finding on.
func (s *Site) acknowledge(w http.ResponseWriter, r *request) error {
	f, err := s.cfg.Findings.Get(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	if err := s.cfg.Findings.Acknowledge(r.Context(), r.who, f.ID, strings.TrimSpace(r.PostFormValue("note"))); err != nil {
		return err
	}
	s.flash(w, "You have taken on "+f.Ref()+".")
	http.Redirect(w, r.Request, "/findings/"+f.Ref(), http.StatusSeeOther)
	return nil
}

func capital(s string) string { return screen.Capital(s) }
