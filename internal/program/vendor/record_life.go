package vendor

import (
	"maps"
	"slices"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Profile is what a vendor is to us.
type Profile struct {
	Name         string            `json:"name" maxLength:"120"`
	Service      string            `json:"service" doc:"What it does for us." maxLength:"500"`
	Website      string            `json:"website,omitempty" maxLength:"200"`
	Contact      string            `json:"contact,omitempty" doc:"Whom to call, and for security." maxLength:"300"`
	Manager      string            `json:"manager,omitempty" doc:"Who manages it here: a login or usr_…; who asks, when absent." maxLength:"120"`
	Why          string            `json:"why" doc:"Why this one was chosen." maxLength:"2000"`
	Alternatives string            `json:"alternatives" doc:"What else was looked at, and why not." maxLength:"2000"`
	Data         []string          `json:"data" doc:"Types of data that it handles, by id: see vendors.book."`
	Answers      map[string]string `json:"answers" doc:"Answers that its criticality is derived from, by question: see vendors.book."`
}

func (p *Profile) check(c *checking) error {
	err := firstOf(line(&p.Name, "name", "what it is called", 2, 120), line(&p.Service, "service", "what it does for us", 3, 500),
		line(&p.Website, "website", "the website", 0, 200), line(&p.Contact, "contact", "the contact", 0, 300),
		text(&p.Why, "why", "why this one is chosen", 3, 2000), text(&p.Alternatives, "alternatives", "what else was looked at; where nothing was, say so", 3, 2000))
	if err != nil {
		return err
	}
	p.Data = listed(p.Data)
	given := map[string]string{}
	for k, a := range p.Answers {
		if a != "" {
			given[k] = a
		}
	}
	p.Answers = given
	if err := c.book.known(p.Answers, p.Data); err != nil {
		return err
	}
	if slices.Contains(p.Data, "none") && len(p.Data) > 1 {
		return bad("data", "nothing that is not public, and something else: one of them is wrong")
	}
	if p.Manager, err = c.user(p.Manager); err != nil {
		return err
	}
	return nil
}

// Intake asks for a vendor.
type Intake struct {
	Profile
	Needed Day `json:"needed,omitempty" doc:"When it is needed."`
	Since  Day `json:"since,omitempty" doc:"Where it is in use already: since when."`
}

// Kind is asked.
func (*Intake) Kind() string { return "asked" }

// Action is asking.
func (*Intake) Action() access.Action { return access.VendorAsk }

func (x *Intake) check(_ *Vendor, c *checking) error {
	if err := firstOf(x.Profile.check(c), x.Needed.check("needed", "when it is needed", false), x.Since.check("since", "since when it is used", false)); err != nil {
		return err
	}
	if x.Since > c.today {
		return bad("since", "%s is in the future", x.Since).WithHint("leave it empty, and say when it is needed instead")
	}
	return nil
}

func (x *Intake) fold(v *Vendor, m Made) {
	v.State, v.Profile, v.Asked = Asked, x.Profile, m
	v.writers[m.By] = v.Seq
	if x.Since != "" {
		v.Engaged, v.State = x.Since, InUse
		v.engaged = append(v.engaged, engagedAt{x.Since, m.At})
	}
}

func (x *Intake) say() string {
	if x.Since != "" {
		return "Entered; in use since " + string(x.Since)
	}
	return "Asked for"
}

// Described changes what a vendor is to us.
type Described struct {
	Profile
	Note string `json:"note" doc:"What changed and why." maxLength:"1000"`
}

// Kind is described.
func (*Described) Kind() string { return "described" }

// Action is editing.
func (*Described) Action() access.Action { return access.VendorEdit }

func (x *Described) check(v *Vendor, c *checking) error {
	if x.Manager == "" {
		x.Manager = v.Profile.Manager
	}
	return firstOf(v.running(), x.Profile.check(c), text(&x.Note, "note", "what changed and why", 3, 1000))
}

func (x *Described) fold(v *Vendor, m Made) {
	v.Profile = x.Profile
	v.writers[m.By] = v.Seq
}

func (x *Described) say() string { return "Described anew: “" + x.Note + "”" }

// Review says that somebody looked at a vendor in full, and what follows.
type Review struct {
	Looked       string `json:"looked" doc:"What was looked at: reports, answers, incidents, the contract." maxLength:"3000"`
	Conclusion   string `json:"conclusion" enum:"keep,conditions,end"`
	Conditions   string `json:"conditions,omitempty" doc:"Of keeping it." maxLength:"2000"`
	Compensation string `json:"compensation,omitempty" doc:"Where its manager reviews it and nobody else could: what stands in for a second person." maxLength:"1000"`
	Made         Made   `json:"made" readOnly:"true"`
}

// Kind is reviewed.
func (*Review) Kind() string { return "reviewed" }

// Action is reviewing.
func (*Review) Action() access.Action { return access.VendorReview }

func (x *Review) check(v *Vendor, c *checking) error {
	x.Made = Made{}
	err := firstOf(v.running(), text(&x.Looked, "looked", "what was looked at", 10, 3000), oneOf(&x.Conclusion, "conclusion", "the conclusion", "keep", "conditions", "end"), text(&x.Conditions, "conditions", "the conditions", 0, 2000))
	if err != nil {
		return err
	}
	if x.Conclusion == "conditions" && len(x.Conditions) < 3 {
		return bad("conditions", "say under which conditions it is kept")
	}
	if len(v.Undecided) > 0 {
		return bad("looked", "its criticality is not known: %s without an answer", many(len(v.Undecided), "question is", "questions are")).WithHint("answer the questions first; how deep a review goes depends on it")
	}
	x.Compensation, err = c.second(v.Profile.Manager, access.VendorReview, x.Compensation)
	return err
}

func (x *Review) fold(v *Vendor, m Made) {
	r := *x
	r.Made = m
	v.Reviews = append(v.Reviews, r)
}

func (x *Review) say() string {
	s := map[string]string{"keep": "Reviewed: to be kept", "conditions": "Reviewed: to be kept under conditions: “" + x.Conditions + "”", "end": "Reviewed: to be ended"}[x.Conclusion]
	if x.Compensation != "" {
		s += ", by its manager for want of another: “" + x.Compensation + "”"
	}
	return s
}

// Approve lets a vendor be engaged.
type Approve struct {
	Note         string `json:"note,omitempty" maxLength:"1000"`
	Compensation string `json:"compensation,omitempty" doc:"Where who asked for it approves and nobody else could: what stands in for a second person." maxLength:"1000"`
}

// Kind is approved.
func (*Approve) Kind() string { return "approved" }

// Action is approving.
func (*Approve) Action() access.Action { return access.VendorApprove }

func (x *Approve) check(v *Vendor, c *checking) error {
	if err := firstOf(v.running(), text(&x.Note, "note", "the note", 0, 1000)); err != nil {
		return err
	}
	if v.Approved != nil && !v.reweighed() {
		return fault.New(fault.Conflict, "%s is approved, and what it is to us has not changed since", v.Ref())
	}
	if len(v.Undecided) > 0 {
		return fault.New(fault.Conflict, "the criticality of %s is not known: %s without an answer", v.Ref(), many(len(v.Undecided), "question is", "questions are")).WithHint("answer them first")
	}
	if r := v.LastReview(); r == nil {
		return fault.New(fault.Conflict, "nobody has reviewed %s yet", v.Ref()).WithHint("record a review: what was looked at, and what follows")
	} else if r.Conclusion == "end" {
		return fault.New(fault.Conflict, "the last review of %s says that it is not to be used", v.Ref()).WithHint("refuse it, or review it again")
	}
	// Who wrote anything that is to be approved does not approve it.
	author := ""
	if seq, wrote := v.writers[c.who.UserID]; wrote && seq > v.approvedAt {
		author = c.who.UserID
	}
	var err error
	x.Compensation, err = c.second(author, access.VendorApprove, x.Compensation)
	return err
}

// reweighed reports whether it was described anew since its approval.
func (v *Vendor) reweighed() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(v.writers)), func(seq int) bool { return seq > v.approvedAt })
}

func (x *Approve) fold(v *Vendor, m Made) {
	v.Approved, v.Decision, v.Compensation, v.approvedAt = &m, x.Note, x.Compensation, v.Seq
	if v.State == Asked {
		v.State = Approved
	}
}

func (x *Approve) say() string {
	s := "Approved"
	if x.Note != "" {
		s += ": “" + x.Note + "”"
	}
	if x.Compensation != "" {
		s += ", by who asked for it, for want of another. What stands in for a second person: “" + x.Compensation + "”"
	}
	return s
}

// Refuse says that a vendor is not to be used.
type Refuse struct {
	Note string `json:"note" maxLength:"1000"`
}

// Kind is refused.
func (*Refuse) Kind() string { return "refused" }

// Action is approving.
func (*Refuse) Action() access.Action { return access.VendorApprove }

func (x *Refuse) check(v *Vendor, _ *checking) error {
	if v.State != Asked && v.State != Approved {
		return fault.New(fault.Conflict, "%s is %s; it can be ended, not refused", v.Ref(), v.State.Words())
	}
	return text(&x.Note, "note", "why, so that who asked can look for another", 10, 1000)
}

func (x *Refuse) fold(v *Vendor, _ Made) { v.State, v.Decision = Refused, x.Note }

func (x *Refuse) say() string { return "Refused: “" + x.Note + "”" }

// Engage says when a vendor was engaged.
type Engage struct {
	On Day `json:"on" doc:"Contract, first payment or first access, whichever came first."`
}

// Kind is engaged.
func (*Engage) Kind() string { return "engaged" }

// Action is editing.
func (*Engage) Action() access.Action { return access.VendorEdit }

func (x *Engage) check(v *Vendor, c *checking) error {
	if err := firstOf(v.running(), x.On.check("on", "when it was engaged", true)); err != nil {
		return err
	}
	switch {
	case x.On > c.today:
		return bad("on", "%s is in the future", x.On).WithHint("say it when it has happened")
	case v.Engaged == x.On:
		return fault.New(fault.Conflict, "that is what %s says already", v.Ref())
	case v.Engaged != "" && x.On > v.Engaged:
		return bad("on", "it was engaged on %s; a later day cannot come first", v.Engaged).WithHint("say an earlier day, or leave it")
	}
	return nil
}

func (x *Engage) fold(v *Vendor, m Made) {
	v.Engaged = x.On
	v.engaged = append(v.engaged, engagedAt{x.On, m.At})
	if v.State == Asked || v.State == Approved {
		v.State = InUse
	}
}

func (x *Engage) say() string { return "Engaged on " + string(x.On) }

// Leave begins the end of a vendor.
type Leave struct {
	Reason string `json:"reason" maxLength:"1000"`
	Last   Day    `json:"last" doc:"The last day of use."`
	Made   Made   `json:"made" readOnly:"true"`
}

// Kind is leaving.
func (*Leave) Kind() string { return "leaving" }

// Action is editing.
func (*Leave) Action() access.Action { return access.VendorEdit }

func (x *Leave) check(v *Vendor, _ *checking) error {
	x.Made = Made{}
	if v.State != InUse {
		return fault.New(fault.Conflict, "%s is %s; only what is in use can be ended", v.Ref(), v.State.Words())
	}
	return firstOf(text(&x.Reason, "reason", "why it is ended", 3, 1000), x.Last.check("last", "the last day of use", true))
}

func (x *Leave) fold(v *Vendor, m Made) {
	l := *x
	l.Made = m
	v.State, v.LeavingFor = Leaving, &l
}

func (x *Leave) say() string { return "To be ended on " + string(x.Last) + ": “" + x.Reason + "”" }

// DataEnd says what became of our data.
type DataEnd struct {
	How   string `json:"how" enum:"returned,destroyed,returned_and_destroyed,none_held"`
	On    Day    `json:"on"`
	Proof string `json:"proof" doc:"What shows it: a certificate, a letter, who looked; with the number of the evidence where it was added." maxLength:"1000"`
	Made  Made   `json:"made" readOnly:"true"`
}

// Kind is data_ended.
func (*DataEnd) Kind() string { return "data_ended" }

// Action is editing.
func (*DataEnd) Action() access.Action { return access.VendorEdit }

func (x *DataEnd) check(v *Vendor, c *checking) error {
	x.Made = Made{}
	if v.State != Leaving {
		return fault.New(fault.Conflict, "%s is %s; begin its end first", v.Ref(), v.State.Words())
	}
	err := firstOf(oneOf(&x.How, "how", "what became of our data", "returned", "destroyed", "returned_and_destroyed", "none_held"),
		x.On.check("on", "when", true), text(&x.Proof, "proof", "what shows it", 5, 1000))
	if err == nil && x.On > c.today {
		return bad("on", "%s is in the future", x.On)
	}
	if err == nil && x.How == "none_held" && len(v.Profile.Data) > 0 && !slices.Contains(v.Profile.Data, "none") {
		return bad("how", "its profile says that it handles data of ours").WithHint("say whether it was returned or destroyed")
	}
	return err
}

func (x *DataEnd) fold(v *Vendor, m Made) {
	d := *x
	d.Made = m
	v.DataGone = &d
}

func (x *DataEnd) say() string {
	return map[string]string{"returned": "Our data was returned", "destroyed": "Our data was destroyed", "returned_and_destroyed": "Our data was returned and destroyed", "none_held": "It held no data of ours"}[x.How] +
		", " + string(x.On) + ". Shown by: “" + x.Proof + "”"
}

// End closes a vendor.
type End struct {
	On   Day    `json:"on" doc:"When the relationship ended."`
	Note string `json:"note,omitempty" maxLength:"1000"`
}

// Kind is ended.
func (*End) Kind() string { return "ended" }

// Action is editing.
func (*End) Action() access.Action { return access.VendorEdit }

func (x *End) check(v *Vendor, c *checking) error {
	if v.State != Leaving {
		return fault.New(fault.Conflict, "%s is %s; begin its end first", v.Ref(), v.State.Words())
	}
	if n := len(v.Holds()); n > 0 {
		return fault.New(fault.Conflict, "%s still holds %s", v.Ref(), many(n, "account or key", "accounts and keys")).WithHint("record when each was removed, and what shows it")
	}
	if v.DataGone == nil {
		return fault.New(fault.Conflict, "it is not shown what became of our data at %s", v.Ref()).WithHint("record that it was returned or destroyed, with the proof")
	}
	err := firstOf(x.On.check("on", "when it ended", true), text(&x.Note, "note", "the note", 0, 1000))
	if err == nil && (x.On > c.today || x.On < v.Engaged) {
		return bad("on", "%s lies outside the time in which it was used", x.On)
	}
	return err
}

func (x *End) fold(v *Vendor, _ Made) { v.State, v.EndedOn = Ended, x.On }

func (x *End) say() string {
	if x.Note != "" {
		return "Ended on " + string(x.On) + ": “" + x.Note + "”"
	}
	return "Ended on " + string(x.On)
}
