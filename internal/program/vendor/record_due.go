package vendor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
)

// Classified decides whether a vendor is a subservice organisation.
type Classified struct {
	Is      string `json:"is" doc:"subservice: a failure of its controls would keep us from a commitment, so that the description names it." enum:"vendor,subservice"`
	Method  string `json:"method,omitempty" doc:"Of a subservice organisation: carve_out leaves its controls out of the examination, inclusive takes them in." enum:",carve_out,inclusive"`
	Reasons string `json:"reasons" maxLength:"2000"`
	Made    Made   `json:"made" readOnly:"true"`
}

// Kind is classified.
func (*Classified) Kind() string { return "classified" }

// Action is reviewing.
func (*Classified) Action() access.Action { return access.VendorReview }

func (x *Classified) check(v *Vendor, _ *checking) error {
	x.Made = Made{}
	err := firstOf(v.running(), oneOf(&x.Is, "is", "the decision", "vendor", "subservice"), oneOf(&x.Method, "method", "the method", "", "carve_out", "inclusive"),
		text(&x.Reasons, "reasons", "the reasons: would a failure of its controls keep us from a commitment?", 10, 2000))
	switch {
	case err != nil:
		return err
	case x.Is == "subservice" && x.Method == "":
		return bad("method", "say whether its controls are carved out of the examination or included")
	case x.Is == "vendor" && x.Method != "":
		return bad("method", "a method belongs to a subservice organisation only")
	case x.Is == "vendor" && len(v.Assumed) > 0:
		return bad("is", "%s assumed at it: a vendor whose controls we rest on is a subservice organisation", many(len(v.Assumed), "control is", "controls are")).WithHint("end these assumptions first")
	}
	return nil
}

func (x *Classified) fold(v *Vendor, m Made) {
	r := *x
	r.Made = m
	v.Role = &r
}

func (x *Classified) say() string {
	switch {
	case x.Is == "vendor":
		return "Decided: a vendor, no subservice organisation: “" + x.Reasons + "”"
	case x.Method == "inclusive":
		return "Decided: a subservice organisation, inclusive method: “" + x.Reasons + "”"
	}
	return "Decided: a subservice organisation, carved out: “" + x.Reasons + "”"
}

// Contract is what was agreed.
type Contract struct {
	Title        string `json:"title" maxLength:"200"`
	From         Day    `json:"from"`
	To           Day    `json:"to,omitempty" doc:"The last day; open-ended when absent."`
	NoticeDays   int    `json:"notice_days,omitempty" doc:"Days of notice to end it." minimum:"0" maximum:"1000"`
	Renews       bool   `json:"renews,omitempty" doc:"It goes on unless somebody ends it."`
	BreachHours  int    `json:"breach_hours,omitempty" doc:"Hours within which it tells us of a breach; 0: nothing is promised." minimum:"0" maximum:"8760"`
	AuditRight   bool   `json:"audit_right,omitempty" doc:"We or our auditor may look."`
	DeletionDays int    `json:"deletion_days,omitempty" doc:"Days after the end within which our data is deleted; 0: nothing is promised." minimum:"0" maximum:"3650"`
	Confidential bool   `json:"confidentiality,omitempty" doc:"It promises confidentiality."`
	DataTerms    bool   `json:"data_terms,omitempty" doc:"It holds terms for the processing of personal data."`
	Where        string `json:"where,omitempty" doc:"Where the document lies, or the number of the evidence." maxLength:"300"`
	Made         Made   `json:"made" readOnly:"true"`
}

// Kind is contract.
func (*Contract) Kind() string { return "contract" }

// Action is editing.
func (*Contract) Action() access.Action { return access.VendorEdit }

func (x *Contract) check(v *Vendor, _ *checking) error {
	x.Made = Made{}
	if err := firstOf(v.running(), line(&x.Title, "title", "what the contract is called", 3, 200), x.From.check("from", "when it begins", true), x.To.check("to", "when it ends", false),
		line(&x.Where, "where", "where it lies", 0, 300)); err != nil {
		return err
	}
	switch {
	case x.To != "" && x.To < x.From:
		return bad("to", "it would end before it begins")
	case x.NoticeDays < 0 || x.NoticeDays > 1000:
		return bad("notice_days", "%d days of notice are not between 0 and 1000", x.NoticeDays)
	case x.BreachHours < 0 || x.BreachHours > 8760:
		return bad("breach_hours", "%d hours are not between 0 and 8760", x.BreachHours)
	case x.DeletionDays < 0 || x.DeletionDays > 3650:
		return bad("deletion_days", "%d days are not between 0 and 3650", x.DeletionDays)
	}
	return nil
}

func (x *Contract) fold(v *Vendor, m Made) {
	c := *x
	c.Made = m
	v.Contracts = append(v.Contracts, c)
}

func (x *Contract) say() string { return "Contract recorded: " + x.Title + ", from " + string(x.From) }

// Promises says what it promises, and what it does not.
func (x *Contract) Promises() []string {
	out := []string{"tells nothing of breaches"}
	if x.BreachHours > 0 {
		out[0] = fmt.Sprintf("tells of breaches within %d hours", x.BreachHours)
	}
	say := func(is bool, yes, no string) {
		if !is {
			yes = no
		}
		out = append(out, yes)
	}
	say(x.AuditRight, "audit right", "no audit right")
	say(x.DeletionDays > 0, fmt.Sprintf("deletes our data within %d days", x.DeletionDays), "no promise to delete our data")
	say(x.Confidential, "confidentiality", "no confidentiality")
	say(x.DataTerms, "terms for personal data", "no terms for personal data")
	return out
}

// NoticeBy is the last day to give notice before it renews; "" where there is none.
func (x *Contract) NoticeBy() Day {
	if !x.Renews || x.To == "" {
		return ""
	}
	return x.To.Add(0, -x.NoticeDays)
}

// Sent says that a questionnaire was sent.
type Sent struct {
	Form string `json:"form" enum:"short,long"`
	To   string `json:"to" doc:"Who there answers." maxLength:"200"`
	Due  Day    `json:"due"`
	Made Made   `json:"made" readOnly:"true"`
}

// Kind is sent.
func (*Sent) Kind() string { return "sent" }

// Action is editing.
func (*Sent) Action() access.Action { return access.VendorEdit }

func (x *Sent) check(v *Vendor, c *checking) error {
	x.Made = Made{}
	err := firstOf(v.running(), oneOf(&x.Form, "form", "the questionnaire", "short", "long"), line(&x.To, "to", "who there answers", 2, 200), x.Due.check("due", "by when", true))
	if err == nil && x.Due < c.today {
		return bad("due", "%s is in the past", x.Due)
	}
	return err
}

func (x *Sent) fold(v *Vendor, m Made) {
	s := *x
	s.Made = m
	v.Asking = &s
}

func (x *Sent) say() string {
	return "The " + x.Form + " questionnaire was sent, due on " + string(x.Due)
}

// Filled is a questionnaire that a vendor answered.
type Filled struct {
	Form    string            `json:"form" enum:"short,long"`
	By      string            `json:"by" doc:"Who there answered." maxLength:"200"`
	On      Day               `json:"on"`
	Answers map[string]string `json:"answers" doc:"By question: yes, no, partly, na."`
	Notes   map[string]string `json:"notes,omitempty" doc:"By question: what was said with it."`
	Book    string            `json:"book" readOnly:"true"` // pack and version
	Made    Made              `json:"made" readOnly:"true"`
	Open    []Gap             `json:"gaps" readOnly:"true"` // answers that raise something
}

// Gap is an answer that raises something.
type Gap struct {
	Question string `json:"question"`
	Ask      string `json:"ask"`
	Answer   string `json:"answer"`
	Means    string `json:"means"`
	Note     string `json:"note,omitempty"`
}

// Kind is answered.
func (*Filled) Kind() string { return "answered" }

// Action is editing.
func (*Filled) Action() access.Action { return access.VendorEdit }

func (x *Filled) check(v *Vendor, c *checking) error {
	x.Made, x.Open, x.Book = Made{}, []Gap{}, c.book.ID+" "+c.book.Version
	if err := firstOf(v.running(), oneOf(&x.Form, "form", "the questionnaire", "short", "long"), line(&x.By, "by", "who there answered", 2, 200), x.On.check("on", "when it was answered", true)); err != nil {
		return err
	}
	if x.On > c.today {
		return bad("on", "%s is in the future", x.On)
	}
	questions := c.book.Form(x.Form)
	for id := range x.Answers {
		if !slices.ContainsFunc(questions, func(q Question) bool { return q.ID == id }) {
			return bad("answers", "the %s questionnaire has no question %q", x.Form, id)
		}
	}
	notes := map[string]string{}
	for _, q := range questions {
		a := x.Answers[q.ID]
		if !slices.Contains([]string{"yes", "no", "partly", "na"}, a) {
			return bad("q-"+q.ID, "%q has no answer", q.Ask).WithHint("yes, no, partly or na; ask the vendor again for what it left out")
		}
		note := x.Notes[q.ID]
		if err := text(&note, "n-"+q.ID, "the note", 0, 1000); err != nil {
			return err
		}
		if note != "" {
			notes[q.ID] = note
		}
		if a == "na" && len(note) < 3 {
			return bad("n-"+q.ID, "say why %q does not apply", q.Ask)
		}
		if a != q.Expect && a != "na" {
			x.Open = append(x.Open, Gap{q.ID, q.Ask, a, q.Gap, note})
		}
	}
	x.Notes = notes
	return nil
}

func (x *Filled) fold(v *Vendor, m Made) {
	f := *x
	f.Made = m
	v.Answered, v.Asking = append(v.Answered, f), nil
}

func (x *Filled) say() string {
	return "The " + x.Form + " questionnaire was answered on " + string(x.On) + "; " + many(len(x.Open), "answer raises something", "answers raise something")
}

// ReportKinds gives the kinds of reports, with what people call them.
func ReportKinds() [][2]string {
	return [][2]string{{"soc2_type2", "SOC 2, type 2"}, {"soc2_type1", "SOC 2, type 1"}, {"soc1_type2", "SOC 1, type 2"}, {"soc1_type1", "SOC 1, type 1"}, {"soc3", "SOC 3"},
		{"iso27001", "ISO/IEC 27001 certificate"}, {"pentest", "Penetration test"}, {"other", "Another report"}}
}

// ReportWord gives what people call a kind of report.
func ReportWord(kind string) string {
	for _, k := range ReportKinds() {
		if k[0] == kind {
			return k[1]
		}
	}
	return kind
}

// Report is what somebody independent says about a vendor.
type Report struct {
	Number     int      `json:"number" readOnly:"true"`
	Is         string   `json:"kind" enum:"soc2_type2,soc2_type1,soc1_type2,soc1_type1,soc3,iso27001,pentest,other"`
	Issuer     string   `json:"issuer" doc:"The auditor's firm, the certification body, the tester." maxLength:"200"`
	From       Day      `json:"from,omitempty" doc:"First day of the period, or of the certificate."`
	To         Day      `json:"to" doc:"Last day of the period or of the certificate; the day of a type 1 report or a test."`
	Opinion    string   `json:"opinion" doc:"none: it holds no opinion." enum:"unqualified,qualified,adverse,disclaimer,none"`
	Categories []string `json:"categories,omitempty" doc:"Trust services categories that it covers."`
	Scope      string   `json:"scope" doc:"Products and systems that it covers." maxLength:"1000"`
	Carved     string   `json:"subservice,omitempty" doc:"Its own subservice organisations, and whether they are carved out." maxLength:"1000"`
	Received   Day      `json:"received"`
	Deviations []string `json:"deviations,omitempty" doc:"Each deviation that it notes: control and what was found."`
	Controls   []string `json:"user_entity_controls,omitempty" doc:"Each control that it expects of its customers."`
	Where      string   `json:"where,omitempty" doc:"Where the report lies, or the number of the evidence." maxLength:"300"`

	Letters []Letter      `json:"letters" readOnly:"true"`
	Review  *ReportReview `json:"review,omitempty" readOnly:"true"`
	Duties  []int         `json:"duties" readOnly:"true"` // numbers of its user-entity controls
	Made    Made          `json:"made" readOnly:"true"`
}

// Kind is report.
func (*Report) Kind() string { return "report" }

// Action is editing.
func (*Report) Action() access.Action { return access.VendorEdit }

// Title gives the report in words.
func (x *Report) Title() string {
	if x.From != "" {
		return ReportWord(x.Is) + ", " + string(x.From) + " to " + string(x.To)
	}
	return ReportWord(x.Is) + ", " + string(x.To)
}

// Period reports whether it says how controls operated over a period.
func (x *Report) Period() bool { return x.Is == "soc2_type2" || x.Is == "soc1_type2" }

func (x *Report) check(v *Vendor, c *checking) error {
	x.Number, x.Letters, x.Review, x.Duties, x.Made = 0, nil, nil, nil, Made{}
	var kinds []string
	for _, k := range ReportKinds() {
		kinds = append(kinds, k[0])
	}
	if err := firstOf(v.running(), oneOf(&x.Is, "kind", "the kind", kinds...), line(&x.Issuer, "issuer", "who issued it", 2, 200),
		x.From.check("from", "the first day", x.Is == "soc2_type2" || x.Is == "soc1_type2" || x.Is == "iso27001"), x.To.check("to", "the last day", true),
		oneOf(&x.Opinion, "opinion", "the opinion", "unqualified", "qualified", "adverse", "disclaimer", "none"), text(&x.Scope, "scope", "which products and systems it covers", 3, 1000),
		text(&x.Carved, "subservice", "its subservice organisations", 0, 1000), x.Received.check("received", "when it was received", true), line(&x.Where, "where", "where it lies", 0, 300)); err != nil {
		return err
	}
	x.Categories, x.Deviations, x.Controls = listed(x.Categories), listed(x.Deviations), listed(x.Controls)
	for _, k := range x.Categories {
		if !slices.Contains(catalog.Categories(), catalog.Category(k)) {
			return bad("categories", "%q is no category", k)
		}
	}
	opined := strings.HasPrefix(x.Is, "soc")
	switch {
	case x.From != "" && x.From > x.To:
		return bad("to", "it would end before it begins")
	case x.Is != "iso27001" && x.To > c.today:
		return bad("to", "%s is in the future: a report looks back", x.To)
	case x.Period() && x.From.Until(x.To) > 2*366:
		return bad("from", "the period would have %d days", x.From.Until(x.To)+1).WithHint("a type 2 report covers three to twelve months")
	case x.Received > c.today:
		return bad("received", "%s is in the future", x.Received)
	case opined && x.Opinion == "none":
		return bad("opinion", "a SOC report holds an opinion").WithHint("read it in the auditor's report at its beginning")
	case !opined && x.Opinion != "none":
		return bad("opinion", "only a SOC report holds an opinion").WithHint("choose none")
	case (x.Is == "soc2_type2" || x.Is == "soc2_type1" || x.Is == "soc3") && len(x.Categories) == 0:
		return bad("categories", "say which categories it covers")
	}
	for field, list := range map[string][]string{"deviations": x.Deviations, "user_entity_controls": x.Controls} {
		if len(list) > 200 {
			return bad(field, "%d lines; at most 200 are kept", len(list))
		}
		for i := range list {
			if err := line(&list[i], field, "what each line says", 3, 1000); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *Report) fold(v *Vendor, m Made) {
	r := *x
	r.Number, r.Made, r.Letters, r.Duties = len(v.Reports)+1, m, []Letter{}, []int{}
	for _, d := range x.Controls {
		i := slices.IndexFunc(v.Duties, func(have Duty) bool { return have.Text == d })
		if i < 0 {
			v.Duties = append(v.Duties, Duty{Number: len(v.Duties) + 1, Text: d})
			i = len(v.Duties) - 1
		}
		v.Duties[i].Source, v.Duties[i].Gone = r.Title(), false
		r.Duties = append(r.Duties, v.Duties[i].Number)
	}
	for _, old := range v.Reports { // what only an older report of the kind expects is expected no more
		for _, n := range old.Duties {
			if old.Is == r.Is && !slices.Contains(r.Duties, n) {
				v.Duties[n-1].Gone = true
			}
		}
	}
	v.Reports = append(v.Reports, r)
}

func (x *Report) say() string { return "Report received: " + x.Title() }

// LongestLetter is for how many days a bridge letter counts.
const LongestLetter = 92

// Letter is a bridge letter: the vendor's management on the time since a report.
type Letter struct {
	Report   int    `json:"report" minimum:"1"`
	From     Day    `json:"from"`
	To       Day    `json:"to"`
	Received Day    `json:"received"`
	Changes  bool   `json:"changes,omitempty" doc:"It tells of material changes to controls."`
	Note     string `json:"note,omitempty" maxLength:"1000"`
	Made     Made   `json:"made" readOnly:"true"`
}

// Kind is letter.
func (*Letter) Kind() string { return "letter" }

// Action is editing.
func (*Letter) Action() access.Action { return access.VendorEdit }

func (x *Letter) check(v *Vendor, c *checking) error {
	x.Made = Made{}
	r := v.Report(x.Report)
	if r == nil {
		return bad("report", "%s has no report %d", v.Ref(), x.Report)
	}
	if err := firstOf(v.running(), x.From.check("from", "from when it speaks", true), x.To.check("to", "until when it speaks", true), x.Received.check("received", "when it was received", true), text(&x.Note, "note", "the note", 0, 1000)); err != nil {
		return err
	}
	switch {
	case !r.Period():
		return bad("report", "a bridge letter follows a report over a period; this is %s", ReportWord(r.Is))
	case x.From > r.To.Add(0, 1):
		return bad("from", "there would be a hole after %s, where the report ends", r.To)
	case x.To <= r.To:
		return bad("to", "the report covers that already: it ends on %s", r.To)
	case x.To > c.today || x.Received > c.today:
		return bad("to", "a letter cannot speak of the future")
	case x.Changes && len(x.Note) < 5:
		return bad("note", "say which changes it tells of, and what they mean for us")
	}
	return nil
}

func (x *Letter) fold(v *Vendor, m Made) {
	l := *x
	l.Made = m
	if r := v.Report(x.Report); r != nil {
		r.Letters = append(r.Letters, l)
	}
}

func (x *Letter) say() string {
	return "Bridge letter received, to " + string(x.To)
}

// Effect is what a deviation in a report means for us.
type Effect struct {
	Deviation int    `json:"deviation" doc:"From 1, in the order of the report." minimum:"1"`
	Effect    string `json:"effect" doc:"none: it does not touch us; covered: a control of ours makes up for it; affects: it does." enum:"none,covered,affects"`
	Note      string `json:"note" doc:"Why, or what we do." maxLength:"1000"`
}

// Mapping says which of our controls does what a vendor expects.
type Mapping struct {
	Duty     int      `json:"duty" doc:"The number of the user-entity control." minimum:"1"`
	Controls []string `json:"controls,omitempty" doc:"Our controls that do it, by short name."`
	Missing  string   `json:"missing,omitempty" doc:"Where none does: what is done about it, or why it does not concern us." maxLength:"1000"`
	Not      bool     `json:"does_not_concern,omitempty" doc:"It does not concern our use."`
}

func (x *Mapping) check(v *Vendor, c *checking) error {
	if x.Duty < 1 || x.Duty > len(v.Duties) {
		return bad("duty", "%s has no user-entity control %d", v.Ref(), x.Duty)
	}
	var err error
	if x.Controls, err = c.controls(x.Controls, fmt.Sprintf("controls-%d", x.Duty)); err != nil {
		return err
	}
	if err := text(&x.Missing, fmt.Sprintf("missing-%d", x.Duty), "what is missing", 0, 1000); err != nil {
		return err
	}
	switch {
	case len(x.Controls) == 0 && len(x.Missing) < 5:
		return bad(fmt.Sprintf("controls-%d", x.Duty), "name the control of ours that does it, or say what is missing").WithHint("%s", v.Duties[x.Duty-1].Text)
	case len(x.Controls) > 0 && x.Not:
		return bad(fmt.Sprintf("controls-%d", x.Duty), "it either does not concern us, or a control of ours does it")
	}
	return nil
}

func (x *Mapping) apply(v *Vendor, m Made) {
	if x.Duty <= len(v.Duties) {
		d := &v.Duties[x.Duty-1]
		d.Controls, d.Missing, d.Not, d.Mapped = x.Controls, x.Missing, x.Not, &m
	}
}

// ReportReview says what a report means for us.
type ReportReview struct {
	Report       int       `json:"report" minimum:"1"`
	Match        string    `json:"match" doc:"Whether it covers the services that we use, and the criteria that matter to us." enum:"yes,partly,no"`
	MatchNote    string    `json:"match_note,omitempty" maxLength:"1000"`
	Effects      []Effect  `json:"effects" doc:"One for each deviation."`
	Mappings     []Mapping `json:"mappings" doc:"One for each user-entity control."`
	Conclusion   string    `json:"conclusion" enum:"rely,in_part,not"`
	Note         string    `json:"note" maxLength:"2000"`
	Compensation string    `json:"compensation,omitempty" doc:"Where the vendor's manager reviews and nobody else could: what stands in for a second person." maxLength:"1000"`
	Made         Made      `json:"made" readOnly:"true"`
}

// Kind is report_reviewed.
func (*ReportReview) Kind() string { return "report_reviewed" }

// Action is reviewing.
func (*ReportReview) Action() access.Action { return access.VendorReview }

func (x *ReportReview) check(v *Vendor, c *checking) error {
	x.Made = Made{}
	r := v.Report(x.Report)
	if r == nil {
		return bad("report", "%s has no report %d", v.Ref(), x.Report)
	}
	err := firstOf(v.running(), oneOf(&x.Match, "match", "whether it covers what we use", "yes", "partly", "no"), text(&x.MatchNote, "match_note", "what does not match", 0, 1000),
		oneOf(&x.Conclusion, "conclusion", "the conclusion", "rely", "in_part", "not"), text(&x.Note, "note", "what the conclusion rests on", 10, 2000))
	switch {
	case err != nil:
		return err
	case x.Match != "yes" && len(x.MatchNote) < 5:
		return bad("match_note", "say what does not match")
	case x.Conclusion == "rely" && x.Match == "no":
		return bad("conclusion", "a report that does not cover what we use cannot be relied on")
	case x.Conclusion == "rely" && (r.Opinion == "adverse" || r.Opinion == "disclaimer"):
		return bad("conclusion", "the opinion is %s: the report cannot be relied on in full", r.Opinion)
	}
	given := map[int]bool{}
	for i := range x.Effects {
		e := &x.Effects[i]
		if e.Deviation < 1 || e.Deviation > len(r.Deviations) || given[e.Deviation] {
			return bad("effects", "there is no deviation %d, or it is answered twice", e.Deviation)
		}
		given[e.Deviation] = true
		field := fmt.Sprintf("-%d", e.Deviation)
		if err := firstOf(oneOf(&e.Effect, "effect"+field, "the effect on us", "none", "covered", "affects"), text(&e.Note, "effect_note"+field, "why, or what we do about it", 5, 1000)); err != nil {
			return err
		}
		if e.Effect == "affects" && x.Conclusion == "rely" {
			return bad("conclusion", "deviation %d affects us: the report cannot be relied on in full", e.Deviation)
		}
	}
	for n := range r.Deviations {
		if !given[n+1] {
			return bad(fmt.Sprintf("effect-%d", n+1), "say what deviation %d means for us", n+1)
		}
	}
	mapped := map[int]bool{}
	for i := range x.Mappings {
		if err := x.Mappings[i].check(v, c); err != nil {
			return err
		}
		if !slices.Contains(r.Duties, x.Mappings[i].Duty) || mapped[x.Mappings[i].Duty] {
			return bad("mappings", "the report has no user-entity control %d, or it is answered twice", x.Mappings[i].Duty)
		}
		mapped[x.Mappings[i].Duty] = true
	}
	for _, n := range r.Duties {
		if !mapped[n] {
			return bad(fmt.Sprintf("controls-%d", n), "name the control of ours that does it, or say what is missing").WithHint("%s", v.Duties[n-1].Text)
		}
	}
	x.Compensation, err = c.second(v.Profile.Manager, access.VendorReview, x.Compensation)
	return err
}

func (x *ReportReview) fold(v *Vendor, m Made) {
	r := *x
	r.Made = m
	if to := v.Report(x.Report); to != nil {
		to.Review = &r
	}
	for _, k := range x.Mappings {
		k.apply(v, m)
	}
}

func (x *ReportReview) say() string {
	return fmt.Sprintf("Report %d reviewed: %s", x.Report, map[string]string{"rely": "it can be relied on", "in_part": "it can be relied on in part", "not": "it cannot be relied on"}[x.Conclusion])
}

// when reads a moment: RFC 3339, or the zero time.
func when(t time.Time, field, what string, now time.Time, must bool) error {
	if t.IsZero() && must {
		return bad(field, "say %s", what)
	}
	if t.After(now) {
		return bad(field, "that is in the future")
	}
	return nil
}

func gone(v *Vendor, n, have int, what string) error {
	if n < 1 || n > have {
		return fault.New(fault.NotFound, "%s has no %s %d", v.Ref(), what, n)
	}
	return nil
}
