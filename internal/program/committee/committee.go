package committee

import (
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/register"
)

// Day is a calendar day, "2026-09-30".
type Day = register.Day

// Made says when a record was made, by whom and where in the ledger.
type Made = register.Made

// Sorts gives what a committee can be: id and words.
func Sorts() [][2]string {
	return [][2]string{{"board", "Board, or owners with an outside adviser"}, {"audit", "Audit committee"}, {"risk", "Risk committee"}, {"other", "Another committee"}}
}

// Profile is what a committee is.
type Profile struct {
	Name    string `json:"name" maxLength:"120"`
	Sort    string `json:"sort" enum:"board,audit,risk,other"`
	Purpose string `json:"purpose" doc:"What it oversees." maxLength:"1000"`
	Every   int    `json:"every_months" doc:"How many months apart it meets at most." minimum:"1" maximum:"12"`
	Quorum  int    `json:"quorum" doc:"How many members must be there for a decision." minimum:"1" maximum:"60"`
}

// Member is somebody who sits, or sat, in a committee.
type Member struct {
	Number      int    `json:"number"` // from 1, of the committee
	Name        string `json:"name"`
	User        string `json:"user,omitempty"` // usr_…, where the person has an account
	Role        string `json:"role"`           // chair, member, secretary (who does not vote)
	Brings      string `json:"brings"`         // which skills
	From        Day    `json:"from"`
	To          Day    `json:"to,omitempty"` // last day; "" while the person sits
	Why         string `json:"why,omitempty"`
	Independent []Said `json:"independence"` // oldest first
}

// Said is what was said of a member's independence, from a day.
type Said struct {
	Independent bool   `json:"independent"`
	Reason      string `json:"reason"`
	On          Day    `json:"on"`
	Made        Made   `json:"made"`
}

// Sits reports whether somebody was a member on a day.
func (m *Member) Sits(on Day) bool { return m.From <= on && (m.To == "" || m.To >= on) }

// Votes reports whether the role has a vote.
func (m *Member) Votes() bool { return m.Role != "secretary" }

// Independence gives what holds on a day; nil where nobody said.
func (m *Member) Independence(on Day) *Said {
	var out *Said
	for i := range m.Independent {
		if m.Independent[i].On <= on {
			out = &m.Independent[i]
		}
	}
	return out
}

// Charter is a version of what a committee is charged with.
type Charter struct {
	Version  int       `json:"version"`
	Text     string    `json:"text"`
	Digest   string    `json:"digest"`
	Note     string    `json:"note"`
	Written  Made      `json:"written"`
	Approved *Approval `json:"approved,omitempty"`
}

// Approval is a decision by another person.
type Approval struct {
	Shown        string `json:"shown,omitempty"`        // what shows the word of somebody without an account
	Compensation string `json:"compensation,omitempty"` // what stood in for a second person
	Made         Made   `json:"made"`
}

// Committee is what the records of a committee come to.
type Committee struct {
	register.Head
	Profile  Profile   `json:"profile"`
	Members  []Member  `json:"members"`
	Charters []Charter `json:"charters"`
	Ended    Day       `json:"ended,omitempty"`
	Why      string    `json:"why_ended,omitempty"`
}

// Sitting gives its members on a day.
func (c *Committee) Sitting(on Day) []Member {
	return slices.DeleteFunc(slices.Clone(c.Members), func(m Member) bool { return !m.Sits(on) })
}

// Chair gives who is in the chair on a day; nil where nobody is.
func (c *Committee) Chair(on Day) *Member {
	for i := range c.Members {
		if m := &c.Members[i]; m.Role == "chair" && m.Sits(on) {
			return m
		}
	}
	return nil
}

// Member gives a member by number.
func (c *Committee) Member(n int) *Member {
	if n < 1 || n > len(c.Members) {
		return nil
	}
	return &c.Members[n-1]
}

// Charter gives the newest charter that was approved; nil for none.
func (c *Committee) Charter() *Charter {
	for i := len(c.Charters) - 1; i >= 0; i-- {
		if c.Charters[i].Approved != nil {
			return &c.Charters[i]
		}
	}
	return nil
}

// Waiting gives the newest charter, where it waits for approval.
func (c *Committee) Waiting() *Charter {
	if n := len(c.Charters); n > 0 && c.Charters[n-1].Approved == nil {
		return &c.Charters[n-1]
	}
	return nil
}

func (c *Committee) running() error {
	if c.Ended != "" {
		return fault.New(fault.Conflict, "%s ended on %s", c.Ref, c.Ended)
	}
	return nil
}

// World is what changes are held against beside the thing itself.
type World struct {
	Committees func() ([]*Committee, error)
}

// Form makes a committee.
type Form struct{ Profile }

// Kind is formed.
func (*Form) Kind() string { return "formed" }

// Action is editing.
func (*Form) Action() access.Action { return access.GovernanceEdit }

// Check holds names apart.
func (x *Form) Check(_ *Committee, _ *register.Checking, w World) error {
	if err := x.Profile.check(); err != nil {
		return err
	}
	all, err := w.Committees()
	if err != nil {
		return err
	}
	for _, c := range all {
		if strings.EqualFold(c.Profile.Name, x.Name) && c.Ended == "" {
			return fault.New(fault.Conflict, "%s is called %s already", c.Ref, c.Profile.Name).At("", 0, "name")
		}
	}
	return nil
}

func (p *Profile) check() error {
	var sorts []string
	for _, s := range Sorts() {
		sorts = append(sorts, s[0])
	}
	err := register.FirstOf(register.Line(&p.Name, "name", "what it is called", 3, 120), register.OneOf(&p.Sort, "sort", "what it is", sorts...), register.Text(&p.Purpose, "purpose", "what it oversees", 10, 1000))
	switch {
	case err != nil:
		return err
	case p.Every < 1 || p.Every > 12:
		return register.Bad("every_months", "%d months are not between 1 and 12", p.Every).WithHint("three is usual for a board")
	case p.Quorum < 1 || p.Quorum > 60:
		return register.Bad("quorum", "a quorum of %d is none", p.Quorum).WithHint("more than half of its members is usual")
	}
	return nil
}

// Fold makes it.
func (x *Form) Fold(c *Committee, _ Made) {
	*c = Committee{Head: c.Head, Profile: x.Profile, Members: []Member{}, Charters: []Charter{}}
}

// Say says it.
func (x *Form) Say() string { return "Formed: " + x.Name }

// Reshape changes what a committee is.
type Reshape struct {
	Profile
	Note string `json:"note" doc:"What changed and why." maxLength:"1000"`
}

// Kind is reshaped.
func (*Reshape) Kind() string { return "reshaped" }

// Action is editing.
func (*Reshape) Action() access.Action { return access.GovernanceEdit }

// Check tidies it.
func (x *Reshape) Check(c *Committee, _ *register.Checking, _ World) error {
	return register.FirstOf(c.running(), x.Profile.check(), register.Text(&x.Note, "note", "what changed and why", 3, 1000))
}

// Fold changes it.
func (x *Reshape) Fold(c *Committee, _ Made) { c.Profile = x.Profile }

// Say says it.
func (x *Reshape) Say() string { return "Changed: “" + x.Note + "”" }

// Seat makes somebody a member.
type Seat struct {
	Name        string `json:"name" doc:"The person's name." maxLength:"120"`
	User        string `json:"user,omitempty" doc:"Login or usr_…, where the person has an account here." maxLength:"120"`
	Role        string `json:"role" enum:"chair,member,secretary" doc:"A secretary has no vote."`
	Brings      string `json:"brings" doc:"Which skills the person brings: security, finance, law, the trade." maxLength:"500"`
	From        Day    `json:"from" doc:"Since when."`
	Independent bool   `json:"independent,omitempty" doc:"Free of employment by and business ties with management."`
	Reason      string `json:"reason" doc:"Why independent, or why not." maxLength:"1000"`
}

// Kind is seated.
func (*Seat) Kind() string { return "seated" }

// Action is editing.
func (*Seat) Action() access.Action { return access.GovernanceEdit }

// Check holds that there is one chair.
func (x *Seat) Check(c *Committee, k *register.Checking, _ World) error {
	err := register.FirstOf(c.running(), register.Line(&x.Name, "name", "the person's name", 2, 120), register.OneOf(&x.Role, "role", "the role", "chair", "member", "secretary"),
		register.Text(&x.Brings, "brings", "which skills the person brings", 3, 500), x.From.Check("from", "since when", true), register.Text(&x.Reason, "reason", "why independent, or why not", 5, 1000))
	if err != nil {
		return err
	}
	if x.User = strings.TrimSpace(x.User); x.User != "" {
		if x.User, err = k.User(x.User, "user"); err != nil {
			return err
		}
	}
	for _, m := range c.Members {
		if m.To != "" && m.To < x.From {
			continue
		}
		if m.Role == "chair" && x.Role == "chair" {
			return register.Bad("role", "%s is in the chair", m.Name).WithHint("let that end first")
		}
		if strings.EqualFold(m.Name, x.Name) {
			return register.Bad("name", "%s is a member already", m.Name)
		}
	}
	return nil
}

// Fold seats the person.
func (x *Seat) Fold(c *Committee, m Made) {
	c.Members = append(c.Members, Member{Number: len(c.Members) + 1, Name: x.Name, User: x.User, Role: x.Role, Brings: x.Brings, From: x.From, Independent: []Said{{x.Independent, x.Reason, x.From, m}}})
}

// Say says it.
func (x *Seat) Say() string {
	return fmt.Sprintf("%s is %s since %s, %s", x.Name, x.Role, x.From, map[bool]string{true: "independent", false: "not independent"}[x.Independent])
}

// Confirm says anew whether a member is independent.
type Confirm struct {
	Member      int    `json:"member" doc:"Number of the member." minimum:"1"`
	Independent bool   `json:"independent,omitempty" doc:"Free of employment by and business ties with management."`
	Reason      string `json:"reason" doc:"Why, or why not." maxLength:"1000"`
	On          Day    `json:"on" doc:"On which day the person said so."`
}

// Kind is independence.
func (*Confirm) Kind() string { return "independence" }

// Action is editing.
func (*Confirm) Action() access.Action { return access.GovernanceEdit }

// Check holds the member to be there.
func (x *Confirm) Check(c *Committee, k *register.Checking, _ World) error {
	err := register.FirstOf(c.running(), register.Text(&x.Reason, "reason", "why, or why not", 5, 1000), x.On.Check("on", "on which day the person said so", true))
	if err != nil {
		return err
	}
	m := c.Member(x.Member)
	switch {
	case m == nil || !m.Sits(x.On):
		return register.Bad("member", "no member %d sits on %s", x.Member, x.On)
	case x.On > k.Today:
		return register.Bad("on", "%s is in the future", x.On)
	case m.Independent[len(m.Independent)-1].On > x.On:
		return register.Bad("on", "something later was said of it already, on %s", m.Independent[len(m.Independent)-1].On)
	}
	return nil
}

// Fold records it.
func (x *Confirm) Fold(c *Committee, m Made) {
	if b := c.Member(x.Member); b != nil {
		b.Independent = append(b.Independent, Said{x.Independent, x.Reason, x.On, m})
	}
}

// Say says it.
func (x *Confirm) Say() string {
	return fmt.Sprintf("Member %d is %s since %s: %s", x.Member, map[bool]string{true: "independent", false: "not independent"}[x.Independent], x.On, x.Reason)
}

// Unseat ends a membership.
type Unseat struct {
	Member int    `json:"member" doc:"Number of the member." minimum:"1"`
	Last   Day    `json:"last" doc:"Last day."`
	Why    string `json:"why" maxLength:"1000"`
}

// Kind is unseated.
func (*Unseat) Kind() string { return "unseated" }

// Action is editing.
func (*Unseat) Action() access.Action { return access.GovernanceEdit }

// Check holds the member to be there.
func (x *Unseat) Check(c *Committee, _ *register.Checking, _ World) error {
	if err := register.FirstOf(c.running(), x.Last.Check("last", "the last day", true), register.Text(&x.Why, "why", "why it ends", 3, 1000)); err != nil {
		return err
	}
	if m := c.Member(x.Member); m == nil || !m.Sits(x.Last) {
		return register.Bad("member", "no member %d sits on %s", x.Member, x.Last)
	}
	return nil
}

// Fold ends it.
func (x *Unseat) Fold(c *Committee, _ Made) {
	if m := c.Member(x.Member); m != nil {
		m.To, m.Why = x.Last, x.Why
	}
}

// Say says it.
func (x *Unseat) Say() string {
	return fmt.Sprintf("Member %d sits until %s: %s", x.Member, x.Last, x.Why)
}

// WriteCharter writes a version of what a committee is charged with.
type WriteCharter struct {
	Text string `json:"text" doc:"What it oversees, which papers it gets, what it decides, how often it meets." maxLength:"20000"`
	Note string `json:"note" doc:"Why, and what changed." maxLength:"1000"`
}

// Kind is charter_written.
func (*WriteCharter) Kind() string { return "charter_written" }

// Action is editing.
func (*WriteCharter) Action() access.Action { return access.GovernanceEdit }

// Frozen is the charter.
func (x *WriteCharter) Frozen() string { return x.Text }

// Check tidies it.
func (x *WriteCharter) Check(c *Committee, _ *register.Checking, _ World) error {
	return register.FirstOf(c.running(), register.Text(&x.Text, "text", "what it is charged with", 50, 20000), register.Text(&x.Note, "note", "why, and what changed", 3, 1000))
}

// Fold adds it.
func (x *WriteCharter) Fold(c *Committee, m Made) {
	c.Charters = append(c.Charters, Charter{Version: len(c.Charters) + 1, Text: x.Text, Digest: register.Digest(x.Text), Note: x.Note, Written: m})
}

// Say says it.
func (x *WriteCharter) Say() string { return "Charter written: “" + x.Note + "”" }

// ApproveCharter approves the charter that somebody else wrote.
type ApproveCharter struct {
	Version      int    `json:"version" doc:"The version that was read." minimum:"1"`
	Compensation string `json:"compensation,omitempty" doc:"Where nobody else could approve: what stands in for a second person." maxLength:"1000"`
}

// Kind is charter_approved.
func (*ApproveCharter) Kind() string { return "charter_approved" }

// Action is approving.
func (*ApproveCharter) Action() access.Action { return access.GovernanceApprove }

// Check holds that another person approves what they read.
func (x *ApproveCharter) Check(c *Committee, k *register.Checking, _ World) error {
	v := c.Waiting()
	switch {
	case v == nil:
		return fault.New(fault.Conflict, "no charter of %s waits for approval", c.Ref)
	case v.Version != x.Version:
		return fault.New(fault.Conflict, "version %d of the charter waits for approval, not %d", v.Version, x.Version).WithHint("read it first")
	}
	var err error
	x.Compensation, err = k.Second(v.Written.By, access.GovernanceApprove, x.Compensation)
	return err
}

// Fold approves it.
func (x *ApproveCharter) Fold(c *Committee, m Made) {
	if v := c.Waiting(); v != nil {
		v.Approved = &Approval{Compensation: x.Compensation, Made: m}
	}
}

// Say says it.
func (x *ApproveCharter) Say() string { return fmt.Sprintf("Charter version %d approved", x.Version) }

// Dissolve ends a committee.
type Dissolve struct {
	Last Day    `json:"last"`
	Why  string `json:"why" maxLength:"1000"`
}

// Kind is dissolved.
func (*Dissolve) Kind() string { return "dissolved" }

// Action is approving.
func (*Dissolve) Action() access.Action { return access.GovernanceApprove }

// Check asks why.
func (x *Dissolve) Check(c *Committee, _ *register.Checking, _ World) error {
	return register.FirstOf(c.running(), x.Last.Check("last", "the last day", true), register.Text(&x.Why, "why", "why it ends", 5, 1000))
}

// Fold ends it.
func (x *Dissolve) Fold(c *Committee, _ Made) { c.Ended, c.Why = x.Last, x.Why }

// Say says it.
func (x *Dissolve) Say() string { return "Ends on " + string(x.Last) + ": " + x.Why }

// Noun is the noun of committees.
func Noun() register.Noun[Committee, World] {
	return register.Noun[Committee, World]{Name: "committee", Mark: "B", ID: "cmt", Head: func(c *Committee) *register.Head { return &c.Head }, Begin: "formed",
		Changes: []func() register.Change[Committee, World]{
			func() register.Change[Committee, World] { return &Form{} }, func() register.Change[Committee, World] { return &Reshape{} }, func() register.Change[Committee, World] { return &Seat{} },
			func() register.Change[Committee, World] { return &Confirm{} }, func() register.Change[Committee, World] { return &Unseat{} }, func() register.Change[Committee, World] { return &WriteCharter{} },
			func() register.Change[Committee, World] { return &ApproveCharter{} }, func() register.Change[Committee, World] { return &Dissolve{} },
		}}
}
