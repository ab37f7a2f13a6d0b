package committee

import (
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/register"
)

// Conflict is what a member declared about a matter of the agenda.
type Conflict struct {
	Item   int    `json:"item"` // of the agenda, from 1
	Member int    `json:"member"`
	What   string `json:"what"`
	Left   bool   `json:"left"` // the person left the room for it
	Made   Made   `json:"made"`
}

// Decision is what a meeting decided about a matter.
type Decision struct {
	Number  int    `json:"number"` // from 1, of the meeting
	Item    int    `json:"item"`
	Text    string `json:"text"`
	For     []int  `json:"for"` // numbers of members
	Against []int  `json:"against"`
	Owner   string `json:"owner,omitempty"` // usr_… who carries it out
	Due     Day    `json:"due,omitempty"`
	Made    Made   `json:"made"`
}

// Minutes is a version of what was said and decided.
type Minutes struct {
	Version  int       `json:"version"`
	Text     string    `json:"text"`
	Digest   string    `json:"digest"`
	Note     string    `json:"note"`
	Written  Made      `json:"written"`
	Approved *Approval `json:"approved,omitempty"`
}

// Meeting is what the records of a meeting come to.
type Meeting struct {
	register.Head
	Committee string     `json:"committee"` // B-1
	Day       Day        `json:"day"`
	Place     string     `json:"place"`
	Agenda    []string   `json:"agenda"`
	Papers    []string   `json:"papers"` // what was sent before: links or numbers of evidence
	Held      *Held      `json:"held,omitempty"`
	Conflicts []Conflict `json:"conflicts"`
	Decisions []Decision `json:"decisions"`
	Minutes   []Minutes  `json:"minutes"`
	Called    string     `json:"called_off,omitempty"`
}

// Held says who was there.
type Held struct {
	Present     []int    `json:"present"`     // numbers of members
	Guests      []string `json:"guests"`      // who else, with role
	Chair       int      `json:"chair"`       // who was in the chair: a member
	Apart       bool     `json:"apart"`       // a part of it took place without executives
	Voting      int      `json:"voting"`      // of those present, with a vote
	Quorum      int      `json:"quorum"`      // that was needed on the day
	Sitting     int      `json:"sitting"`     // members with a vote on the day
	Independent int      `json:"independent"` // of those present
	Made        Made     `json:"made"`
}

// Quorate reports whether enough members were there.
func (h *Held) Quorate() bool { return h != nil && h.Voting >= h.Quorum }

// State is where a meeting stands on a day.
func (m *Meeting) State(today Day) string {
	switch {
	case m.Called != "":
		return "called off"
	case m.Held == nil && m.Day < today:
		return "not recorded"
	case m.Held == nil:
		return "planned"
	case !m.Held.Quorate():
		return "without a quorum"
	case m.Approved() == nil:
		return "minutes open"
	}
	return "minutes approved"
}

// Approved gives the minutes that were approved; nil for none.
func (m *Meeting) Approved() *Minutes {
	for i := len(m.Minutes) - 1; i >= 0; i-- {
		if m.Minutes[i].Approved != nil {
			return &m.Minutes[i]
		}
	}
	return nil
}

// Waiting gives the newest minutes, where they wait for the chair.
func (m *Meeting) Waiting() *Minutes {
	if n := len(m.Minutes); n > 0 && m.Minutes[n-1].Approved == nil {
		return &m.Minutes[n-1]
	}
	return nil
}

// conflicted reports whether a member declared a conflict about a matter.
func (m *Meeting) conflicted(member, item int) bool {
	return slices.ContainsFunc(m.Conflicts, func(c Conflict) bool { return c.Member == member && c.Item == item })
}

// may gives the members who may vote on a matter.
func (m *Meeting) may(c *Committee, item int) []int {
	var out []int
	if m.Held == nil {
		return nil
	}
	for _, n := range m.Held.Present {
		if b := c.Member(n); b != nil && b.Votes() && !m.conflicted(n, item) {
			out = append(out, n)
		}
	}
	return out
}

func (m *Meeting) running() error {
	if m.Called != "" {
		return fault.New(fault.Conflict, "%s was called off", m.Ref)
	}
	if m.Approved() != nil {
		return fault.New(fault.Conflict, "the minutes of %s are approved", m.Ref).WithHint("what is to be corrected is minuted at the next meeting")
	}
	return nil
}

// of gives the committee of a meeting.
func (w World) of(m *Meeting) (*Committee, error) {
	all, err := w.Committees()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(c *Committee) bool { return c.Ref == m.Committee })
	if i < 0 {
		return nil, register.Bad("committee", "there is no committee %q", m.Committee)
	}
	return all[i], nil
}

// Invite plans a meeting.
type Invite struct {
	Committee string   `json:"committee" doc:"Number of the committee: B-1." maxLength:"64"`
	Day       Day      `json:"day"`
	Place     string   `json:"place" doc:"Where, or by which means." maxLength:"200"`
	Agenda    []string `json:"agenda" doc:"Matters, in order: one text each."`
	Papers    []string `json:"papers,omitempty" doc:"What is sent before: links, or numbers of evidence."`
}

// Kind is invited.
func (*Invite) Kind() string { return "invited" }

// Action is editing.
func (*Invite) Action() access.Action { return access.GovernanceEdit }

func (x *Invite) tidy() error {
	x.Agenda, x.Papers = register.Listed(x.Agenda), register.Listed(x.Papers)
	if err := register.FirstOf(x.Day.Check("day", "on which day", true), register.Line(&x.Place, "place", "where, or by which means", 2, 200)); err != nil {
		return err
	}
	switch {
	case len(x.Agenda) == 0:
		return register.Bad("agenda", "say what it is about, one matter on a line")
	case len(x.Agenda) > 40 || len(x.Papers) > 40:
		return register.Bad("agenda", "more than 40 matters or papers are named")
	}
	for i := range x.Agenda {
		if err := register.Line(&x.Agenda[i], "agenda", "the matter", 3, 300); err != nil {
			return err
		}
	}
	for i := range x.Papers {
		if err := register.Line(&x.Papers[i], "papers", "the paper", 2, 300); err != nil {
			return err
		}
	}
	return nil
}

// Check holds the committee to be there.
func (x *Invite) Check(_ *Meeting, _ *register.Checking, w World) error {
	x.Committee = strings.ToUpper(strings.TrimSpace(x.Committee))
	c, err := w.of(&Meeting{Committee: x.Committee})
	if err != nil {
		return err
	}
	return register.FirstOf(c.running(), x.tidy())
}

// Fold plans it.
func (x *Invite) Fold(m *Meeting, _ Made) {
	*m = Meeting{Head: m.Head, Committee: x.Committee, Day: x.Day, Place: x.Place, Agenda: x.Agenda, Papers: x.Papers, Conflicts: []Conflict{}, Decisions: []Decision{}, Minutes: []Minutes{}}
}

// Say says it.
func (x *Invite) Say() string {
	return fmt.Sprintf("Planned for %s, %s", x.Day, register.Many(len(x.Agenda), "matter", "matters"))
}

// Rearrange changes day, agenda or papers before a meeting.
type Rearrange struct {
	Invite
	Note string `json:"note" doc:"What changed and why." maxLength:"1000"`
}

// Kind is rearranged.
func (*Rearrange) Kind() string { return "rearranged" }

// Check keeps the committee.
func (x *Rearrange) Check(m *Meeting, _ *register.Checking, _ World) error {
	x.Committee = m.Committee
	if m.Held != nil {
		return fault.New(fault.Conflict, "%s was held", m.Ref)
	}
	return register.FirstOf(m.running(), x.tidy(), register.Text(&x.Note, "note", "what changed and why", 3, 1000))
}

// Fold changes it.
func (x *Rearrange) Fold(m *Meeting, _ Made) {
	m.Day, m.Place, m.Agenda, m.Papers = x.Day, x.Place, x.Agenda, x.Papers
}

// Say says it.
func (x *Rearrange) Say() string { return "Changed: “" + x.Note + "”" }

// Attend says who was there.
type Attend struct {
	Present []int    `json:"present" doc:"Numbers of the members who were there."`
	Chair   int      `json:"chair" doc:"Number of the member who was in the chair." minimum:"1"`
	Guests  []string `json:"guests,omitempty" doc:"Who else was there, with role."`
	Apart   bool     `json:"apart,omitempty" doc:"A part of it took place without executives."`
	Counted Held     `json:"counted" readOnly:"true"`
}

// Kind is held.
func (*Attend) Kind() string { return "held" }

// Action is editing.
func (*Attend) Action() access.Action { return access.GovernanceEdit }

// Check counts who was there against the quorum.
func (x *Attend) Check(m *Meeting, k *register.Checking, w World) error {
	if err := m.running(); err != nil {
		return err
	}
	c, err := w.of(m)
	if err != nil {
		return err
	}
	switch {
	case m.Day > k.Today:
		return fault.New(fault.Conflict, "%s is planned for %s", m.Ref, m.Day).WithHint("who was there is known afterwards")
	case len(m.Decisions) > 0:
		return fault.New(fault.Conflict, "%s decided already: who was there stays as it was recorded", m.Ref)
	}
	slices.Sort(x.Present)
	x.Present, x.Guests = slices.Compact(x.Present), register.Listed(x.Guests)
	h := Held{Quorum: c.Profile.Quorum}
	for _, b := range c.Sitting(m.Day) {
		if b.Votes() {
			h.Sitting++
		}
	}
	for _, n := range x.Present {
		b := c.Member(n)
		if b == nil || !b.Sits(m.Day) {
			return register.Bad("present", "no member %d sat in %s on %s", n, c.Profile.Name, m.Day)
		}
		if b.Votes() {
			h.Voting++
		}
		if s := b.Independence(m.Day); s != nil && s.Independent && b.Votes() {
			h.Independent++
		}
	}
	if b := c.Member(x.Chair); b == nil || !b.Votes() || !slices.Contains(x.Present, x.Chair) {
		return register.Bad("chair", "who is in the chair is a member with a vote who was there")
	}
	x.Counted = h
	return nil
}

// Fold records it.
func (x *Attend) Fold(m *Meeting, made Made) {
	h := x.Counted
	h.Present, h.Guests, h.Chair, h.Apart, h.Made = x.Present, x.Guests, x.Chair, x.Apart, made
	m.Held = &h
}

// Say says it.
func (x *Attend) Say() string {
	h := x.Counted
	if !h.Quorate() {
		return fmt.Sprintf("Held with %d of %d members who vote: no quorum of %d", h.Voting, h.Sitting, h.Quorum)
	}
	return fmt.Sprintf("Held with %d of %d members who vote", h.Voting, h.Sitting)
}

// Declare records what a member declared about a matter.
type Declare struct {
	Item   int    `json:"item" doc:"Matter of the agenda, from 1." minimum:"1"`
	Member int    `json:"member" doc:"Number of the member." minimum:"1"`
	What   string `json:"what" doc:"Which interest." maxLength:"1000"`
	Left   bool   `json:"left,omitempty" doc:"The person left for the matter."`
}

// Kind is declared.
func (*Declare) Kind() string { return "declared" }

// Action is editing.
func (*Declare) Action() access.Action { return access.GovernanceEdit }

func (m *Meeting) matter(n int) error {
	if n < 1 || n > len(m.Agenda) {
		return register.Bad("item", "the agenda has no matter %d", n)
	}
	return nil
}

// Check holds matter and member to be there.
func (x *Declare) Check(m *Meeting, _ *register.Checking, w World) error {
	if err := register.FirstOf(m.running(), m.matter(x.Item), register.Text(&x.What, "what", "which interest", 5, 1000)); err != nil {
		return err
	}
	c, err := w.of(m)
	if err != nil {
		return err
	}
	switch b := c.Member(x.Member); {
	case b == nil || !b.Sits(m.Day):
		return register.Bad("member", "no member %d sat on %s", x.Member, m.Day)
	case m.conflicted(x.Member, x.Item):
		return fault.New(fault.Conflict, "%s declared that already", b.Name)
	case slices.ContainsFunc(m.Decisions, func(d Decision) bool {
		return d.Item == x.Item && (slices.Contains(d.For, x.Member) || slices.Contains(d.Against, x.Member))
	}):
		return fault.New(fault.Conflict, "%s voted on that matter already", b.Name).WithHint("minute it, and decide the matter again at the next meeting without that vote")
	}
	return nil
}

// Fold records it.
func (x *Declare) Fold(m *Meeting, made Made) {
	m.Conflicts = append(m.Conflicts, Conflict{x.Item, x.Member, x.What, x.Left, made})
}

// Say says it.
func (x *Declare) Say() string {
	return fmt.Sprintf("Member %d declared an interest in matter %d: %s", x.Member, x.Item, x.What)
}

// Decide records a decision of a meeting.
type Decide struct {
	Item    int    `json:"item" doc:"Matter of the agenda, from 1." minimum:"1"`
	Text    string `json:"text" doc:"What was decided." maxLength:"2000"`
	For     []int  `json:"for" doc:"Numbers of the members who were for it."`
	Against []int  `json:"against,omitempty" doc:"Numbers of the members who were against it."`
	Owner   string `json:"owner,omitempty" doc:"Who carries it out: a login or usr_…; absent where nothing is to be done." maxLength:"120"`
	Due     Day    `json:"due,omitempty" doc:"By when."`
}

// Kind is decided.
func (*Decide) Kind() string { return "decided" }

// Action is editing.
func (*Decide) Action() access.Action { return access.GovernanceEdit }

// Check refuses what a meeting could not decide.
func (x *Decide) Check(m *Meeting, k *register.Checking, w World) error {
	err := register.FirstOf(m.running(), m.matter(x.Item), register.Text(&x.Text, "text", "what was decided", 5, 2000), x.Due.Check("due", "by when", false))
	if err != nil {
		return err
	}
	c, err := w.of(m)
	switch {
	case err != nil:
		return err
	case m.Held == nil:
		return fault.New(fault.Conflict, "nobody recorded who was at %s", m.Ref).WithHint("that comes first: without a quorum nothing is decided")
	case !m.Held.Quorate():
		return fault.New(fault.Conflict, "%s had no quorum: %d of %d who vote were there, and %d are needed", m.Ref, m.Held.Voting, m.Held.Sitting, m.Held.Quorum).WithHint("decide it at the next meeting")
	}
	may := m.may(c, x.Item)
	if len(may) < m.Held.Quorum {
		return fault.New(fault.Conflict, "without those who declared an interest, %d could vote on that matter, and %d are needed", len(may), m.Held.Quorum)
	}
	for _, list := range []*[]int{&x.For, &x.Against} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
		for _, n := range *list {
			if !slices.Contains(may, n) {
				return register.Bad("for", "member %d could not vote on matter %d", n, x.Item).WithHint("they were not there, have no vote, or declared an interest")
			}
		}
	}
	for _, n := range x.For {
		if slices.Contains(x.Against, n) {
			return register.Bad("against", "member %d is named for it and against it", n)
		}
	}
	if len(x.For) <= len(x.Against) {
		return register.Bad("for", "%d were for it and %d against: it was not decided", len(x.For), len(x.Against)).WithHint("minute it instead")
	}
	if x.Owner = strings.TrimSpace(x.Owner); x.Owner != "" {
		x.Owner, err = k.User(x.Owner, "owner")
	}
	return err
}

// Fold adds it.
func (x *Decide) Fold(m *Meeting, made Made) {
	m.Decisions = append(m.Decisions, Decision{Number: len(m.Decisions) + 1, Item: x.Item, Text: x.Text, For: x.For, Against: x.Against, Owner: x.Owner, Due: x.Due, Made: made})
}

// Say says it.
func (x *Decide) Say() string { return "Decided: " + x.Text }

// Minute writes a version of the minutes.
type Minute struct {
	Text string `json:"text" doc:"What was asked, said, decided and followed up." maxLength:"40000"`
	Note string `json:"note,omitempty" doc:"What changed since the version before." maxLength:"1000"`
}

// Kind is minuted.
func (*Minute) Kind() string { return "minuted" }

// Action is editing.
func (*Minute) Action() access.Action { return access.GovernanceEdit }

// Frozen is the text of the minutes.
func (x *Minute) Frozen() string { return x.Text }

// Check asks who was there first.
func (x *Minute) Check(m *Meeting, _ *register.Checking, _ World) error {
	if m.Held == nil {
		return fault.New(fault.Conflict, "nobody recorded who was at %s", m.Ref).WithHint("that comes first")
	}
	return register.FirstOf(m.running(), register.Text(&x.Text, "text", "what was asked, said and decided", 30, 40000), register.Text(&x.Note, "note", "what changed", 0, 1000))
}

// Fold adds them.
func (x *Minute) Fold(m *Meeting, made Made) {
	m.Minutes = append(m.Minutes, Minutes{Version: len(m.Minutes) + 1, Text: x.Text, Digest: register.Digest(x.Text), Note: x.Note, Written: made})
}

// Say says it.
func (x *Minute) Say() string {
	if x.Note != "" {
		return "Minutes written: “" + x.Note + "”"
	}
	return "Minutes written"
}

// ApproveMinutes approves minutes as the chair.
type ApproveMinutes struct {
	Digest       string `json:"digest" doc:"SHA-256 of the minutes, as the meeting shows them: what was read is what is approved." maxLength:"64"`
	Shown        string `json:"shown,omitempty" doc:"Where the chair has no account: what shows the chair's word, such as the number of a signed page among evidence." maxLength:"500"`
	Compensation string `json:"compensation,omitempty" doc:"Where the chair wrote them and nobody else could approve: what stands in for a second person." maxLength:"1000"`
}

// Kind is minutes_approved.
func (*ApproveMinutes) Kind() string { return "minutes_approved" }

// Action is approving.
func (*ApproveMinutes) Action() access.Action { return access.GovernanceApprove }

// Check holds that the chair approves, and not the writer.
func (x *ApproveMinutes) Check(m *Meeting, k *register.Checking, w World) error {
	v := m.Waiting()
	if v == nil {
		return fault.New(fault.Conflict, "no minutes of %s wait for approval", m.Ref)
	}
	if strings.TrimSpace(x.Digest) != v.Digest {
		return fault.New(fault.Conflict, "other minutes wait for approval than those that were read").WithHint("read them again")
	}
	c, err := w.of(m)
	if err != nil {
		return err
	}
	chair := c.Member(m.Held.Chair)
	if chair.User != "" && chair.User != k.Who.UserID {
		return fault.New(fault.Forbidden, "%s was in the chair, and approves the minutes", chair.Name).WithHint("the chair logs in and approves them")
	}
	if chair.User == "" {
		if err := register.Text(&x.Shown, "shown", "what shows the word of "+chair.Name+", who was in the chair", 5, 500); err != nil {
			return err
		}
	} else {
		x.Shown = ""
	}
	x.Compensation, err = k.Second(v.Written.By, access.GovernanceApprove, x.Compensation)
	return err
}

// Fold approves them.
func (x *ApproveMinutes) Fold(m *Meeting, made Made) {
	if v := m.Waiting(); v != nil {
		v.Approved = &Approval{Shown: x.Shown, Compensation: x.Compensation, Made: made}
	}
}

// Say says it.
func (x *ApproveMinutes) Say() string {
	if x.Shown != "" {
		return "Minutes approved by the chair, shown by: " + x.Shown
	}
	return "Minutes approved by the chair"
}

// Cancel calls a meeting off.
type Cancel struct {
	Why string `json:"why" maxLength:"1000"`
}

// Kind is called_off.
func (*Cancel) Kind() string { return "called_off" }

// Action is editing.
func (*Cancel) Action() access.Action { return access.GovernanceEdit }

// Check holds that it was not held.
func (x *Cancel) Check(m *Meeting, _ *register.Checking, _ World) error {
	if m.Held != nil {
		return fault.New(fault.Conflict, "%s was held", m.Ref)
	}
	return register.FirstOf(m.running(), register.Text(&x.Why, "why", "why it is called off", 5, 1000))
}

// Fold calls it off.
func (x *Cancel) Fold(m *Meeting, _ Made) { m.Called = x.Why }

// Say says it.
func (x *Cancel) Say() string { return "Called off: “" + x.Why + "”" }

// MeetingNoun is the noun of meetings.
func MeetingNoun() register.Noun[Meeting, World] {
	return register.Noun[Meeting, World]{Name: "meeting", Mark: "M", ID: "mtg", Head: func(m *Meeting) *register.Head { return &m.Head }, Begin: "invited",
		Changes: []func() register.Change[Meeting, World]{
			func() register.Change[Meeting, World] { return &Invite{} }, func() register.Change[Meeting, World] { return &Rearrange{} }, func() register.Change[Meeting, World] { return &Attend{} }, func() register.Change[Meeting, World] { return &Declare{} },
			func() register.Change[Meeting, World] { return &Decide{} }, func() register.Change[Meeting, World] { return &Minute{} }, func() register.Change[Meeting, World] { return &ApproveMinutes{} }, func() register.Change[Meeting, World] { return &Cancel{} },
		}}
}
