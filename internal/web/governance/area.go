// Package governance is the screens of those who oversee: committees and their
// meetings, laws and contracts, and the board pack. Rules are those of
// internal/program/committee, internal/program/obligation and internal/posture/oversight.
package governance

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/posture/oversight"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/obligation"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on. All is required.
type Config struct {
	oversight.Set
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /governance", Action: access.GovernanceRead, Handle: s.committees},
			{Pattern: "POST /governance", Action: access.GovernanceEdit, Handle: s.form},
			{Pattern: "GET /governance/{ref}", Action: access.GovernanceRead, Handle: s.committee},
			{Pattern: "POST /governance/{ref}/{verb}", Action: access.GovernanceEdit, Handle: s.recordCommittee, MaxBody: 1 << 20},
			{Pattern: "GET /meetings", Action: access.GovernanceRead, Handle: s.meetings},
			{Pattern: "GET /meetings/{ref}", Action: access.GovernanceRead, Handle: s.meeting},
			{Pattern: "POST /meetings/{ref}/{verb}", Action: access.GovernanceEdit, Handle: s.recordMeeting, MaxBody: 1 << 20},
			{Pattern: "GET /obligations", Action: access.GovernanceRead, Handle: s.obligations},
			{Pattern: "POST /obligations", Action: access.GovernanceEdit, Handle: s.enter},
			{Pattern: "GET /obligations/{ref}", Action: access.GovernanceRead, Handle: s.obligation},
			{Pattern: "POST /obligations/{ref}/{verb}", Action: access.GovernanceEdit, Handle: s.recordObligation, MaxBody: 1 << 20},
			{Pattern: "GET /board-pack", Action: access.GovernanceRead, Handle: s.pack},
		},
		Pages: []screen.Page{{Section: "Organise", Name: "Governance", Path: "/governance", Action: access.GovernanceRead}},
		Lists: []screen.List{s.meetingsList(), s.obligationsList()},
		Finds: []screen.Finder{{Kind: "law or contract", Action: access.GovernanceRead, Find: func(r *screen.Request, asked string) ([]screen.Found, error) {
			rows, err := cfg.Obligations.List(r.Context(), r.Who)
			var out []screen.Found
			for _, x := range rows {
				if len(out) < 20 && strings.Contains(strings.ToLower(x.Ref+" "+x.Profile.Title), asked) {
					out = append(out, screen.Found{Name: x.Profile.Title, Words: x.Ref, Href: "/obligations/" + x.Ref})
				}
			}
			return out, err
		}}},
	}
}

func (s *site) shell(w http.ResponseWriter, r *screen.Request, title string) ui.Shell {
	return r.Shell(w, title, "Organise", "Governance")
}

func (s *site) alone(r *screen.Request) func(access.Action) (bool, error) {
	return func(a access.Action) (bool, error) { return s.cfg.Alone(r.Context(), r.Who, a) }
}

var links = []ui.Link{{Text: "Meetings", Href: "/meetings"}, {Text: "Laws and contracts", Href: "/obligations"}, {Text: "Board pack", Href: "/board-pack"}}

func word(pairs [][2]string, id string) string {
	for _, p := range pairs {
		if p[0] == id {
			return p[1]
		}
	}
	return id
}

func judged(rows []committee.Attribute) *ui.Table {
	t := &ui.Table{Caption: "Questions with outcome and reason", Columns: []ui.Column{{Text: "Question"}, {Text: "Outcome"}, {Text: "Because"}}}
	for _, a := range rows {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: a.Title}, Cells: []ui.Cell{{Outcome: ui.Outcome(a.Outcome)}, {Text: a.Reason}}})
	}
	return t
}

func history(r *screen.Request, events []register.Event, names map[string]string) []ui.Step {
	var out []ui.Step
	for _, e := range slices.Backward(events) {
		out = append(out, ui.Step{At: r.Words.At(e.Made.At), Text: e.Text, By: "by " + screen.Who(names, e.Made.By), Entry: screen.EntryLink(e.Made.Entry, e.Made.Index)})
	}
	return out
}

func makers(events []register.Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, e.Made.By)
	}
	return out
}

// committees answers: who oversees us, and do they?
func (s *site) committees(w http.ResponseWriter, r *screen.Request) error {
	return s.showCommittees(w, r, nil)
}

func committeeFields(p committee.Profile) []ui.Field {
	every, quorum := "", ""
	if p.Every > 0 {
		every, quorum = strconv.Itoa(p.Every), strconv.Itoa(p.Quorum)
	}
	return []ui.Field{{Name: "name", Label: "What is it called?", Value: p.Name, Must: true}, screen.Choice("sort", "What is it?", "", p.Sort, committee.Sorts()...), {Name: "purpose", Label: "What does it oversee?", Kind: "long", Value: p.Purpose, Must: true},
		{Name: "every_months", Label: "Meets at least every so many months", Value: every, Must: true}, {Name: "quorum", Label: "Quorum", Hint: "How many members must be there for a decision.", Value: quorum, Must: true}}
}

func (s *site) showCommittees(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	rows, err := s.cfg.Committees.List(r.Context(), r.Who)
	if err != nil {
		return err
	}
	late, failing, about := 0, 0, r.URL.Query().Get("about")
	if about != "" && about != "late" {
		return fault.New(fault.Invalid, "%q is nothing that committees are chosen by", about)
	}
	v := ui.ListView{Note: "Boards and committees, whether their members are independent, and whether they meet and decide as they said.", More: links, Table: ui.Table{Caption: "Committees", Columns: []ui.Column{{Text: "Committee"}, {Text: "What"}, {Text: "Members", N: true}, {Text: "Independent", N: true}, {Text: "Met last"}, {Text: "Meets by"}, {Text: "Failing", N: true}}}}
	for _, x := range rows {
		next := ui.Cell{Text: screen.OrElse(string(x.Next), "ended"), Bad: x.Late}
		if x.Late {
			late++
			next.Meta = "late"
		}
		failing += x.Failing
		if about == "late" && !x.Late {
			continue
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Profile.Name, Href: "/governance/" + x.Ref}, Meta: x.Ref, Cells: []ui.Cell{{Text: word(committee.Sorts(), x.Profile.Sort)}, {Text: fmt.Sprint(x.Sitting), N: true}, {Text: fmt.Sprint(x.Independent), N: true},
			{Text: screen.OrElse(string(x.Last), "never"), Muted: x.Last == ""}, next, {Text: fmt.Sprint(x.Failing), N: true, Bad: x.Failing > 0, Muted: x.Failing == 0}}})
	}
	v.Title = ui.Many(len(rows), "committee oversees", "committees oversee")
	if late > 0 {
		v.Title += "; " + ui.Many(late, "did not meet in time", "did not meet in time")
	} else if failing > 0 {
		v.Title += "; " + ui.Many(failing, "thing does not hold", "things do not hold")
	}
	if len(rows) > 0 {
		v.Chips, v.Labels, v.Undo, v.None = [][]ui.Chip{{{Text: "All", Href: "/governance", Current: about == ""}, {Text: "Past their day", Href: "/governance?about=late", Current: about == "late"}}}, []string{"What holds"}, "/governance", "Each met in time."
	}
	if len(rows) == 0 {
		v.Title = "Nobody oversees yet"
		v.Empty = &ui.Empty{Title: "Begin with the board, or who stands in for it", Text: "Owners with an adviser from outside are a board too. Say who sits in it, who of them is independent and why, how often it meets, and how many must be there.", Criteria: screen.CriteriaLinks([]string{"CC1.2", "CC2.2"}), Until: "Until then nothing shows that anybody looks at what management does."}
	}
	if r.May(access.GovernanceEdit) {
		v.Form = ui.Form{ID: "form", Action: "/governance", Summary: "Form a committee", Button: "Form it", Open: len(rows) == 0, Quiet: len(rows) > 0, Fields: committeeFields(committee.Profile{})}
		t.Fill(&v.Form)
	}
	return r.Render(w, t.Status(), ui.List(s.shell(w, r, "Governance"), v))
}

func (s *site) form(w http.ResponseWriter, r *screen.Request) error {
	in := committee.Form{}
	err := screen.Decode(r.PostForm, &in, r.Words.Zone)
	var x committee.Row
	if err == nil {
		x, err = s.cfg.Committees.Form(r.Context(), r.Who, in)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showCommittees(w, r, t)
	}
	return r.Done(w, x.Ref+" is formed.", "/governance/"+x.Ref)
}

var forming = map[string]func() register.Change[committee.Committee, committee.World]{
	"reshape": func() register.Change[committee.Committee, committee.World] { return &committee.Reshape{} }, "seat": func() register.Change[committee.Committee, committee.World] { return &committee.Seat{} },
	"confirm": func() register.Change[committee.Committee, committee.World] { return &committee.Confirm{} }, "unseat": func() register.Change[committee.Committee, committee.World] { return &committee.Unseat{} },
	"write-charter": func() register.Change[committee.Committee, committee.World] { return &committee.WriteCharter{} }, "approve-charter": func() register.Change[committee.Committee, committee.World] { return &committee.ApproveCharter{} },
	"dissolve": func() register.Change[committee.Committee, committee.World] { return &committee.Dissolve{} },
}

func (s *site) recordCommittee(w http.ResponseWriter, r *screen.Request) error {
	ref, name := r.PathValue("ref"), r.PathValue("verb")
	done, to := "", "/governance/"+ref
	var err error
	if name == "invite" {
		in := committee.Invite{}
		if err = screen.Decode(r.PostForm, &in, r.Words.Zone, "agenda", "papers"); err == nil {
			in.Committee = ref
			var m committee.MeetingRow
			if m, err = s.cfg.Committees.Invite(r.Context(), r.Who, in); err == nil {
				done, to = m.Ref+" is planned.", "/meetings/"+m.Ref
			}
		}
	} else {
		make, known := forming[name]
		if !known {
			return fault.New(fault.NotFound, "nothing of a committee is called %q", name)
		}
		c := make()
		if err = screen.Decode(r.PostForm, c, r.Words.Zone); err == nil {
			var x committee.Row
			if x, err = s.cfg.Committees.Record(r.Context(), r.Who, ref, c); err == nil {
				done = screen.Sentence(screen.Cut(x.History[len(x.History)-1].Text, 120))
			}
		}
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showCommittee(w, r, name, t)
	}
	return r.Done(w, done, to)
}

func (s *site) committee(w http.ResponseWriter, r *screen.Request) error {
	return s.showCommittee(w, r, "", nil)
}

// showCommittee answers: who sits in it, are they free to object, and does it work?
func (s *site) showCommittee(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	x, err := s.cfg.Committees.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	today, err := s.cfg.Committees.Today(r.Context())
	if err != nil {
		return err
	}
	names, path := r.Names(makers(x.History)), "/governance/"+x.Ref
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Governance", Href: "/governance"}, {Text: x.Ref}}, Title: x.Profile.Name, Line: []string{x.Ref, word(committee.Sorts(), x.Profile.Sort)}, FactsOf: "What it is", History: history(r, x.History, names), Zone: "times in " + r.Words.Zone.String(),
		Facts:   []ui.Fact{{Term: "Oversees", Text: x.Profile.Purpose}, {Term: "Meets", Text: "every " + ui.Many(x.Profile.Every, "month", "months") + " at least"}, {Term: "Quorum", Text: strconv.Itoa(x.Profile.Quorum)}},
		Figures: []ui.Figure{{Term: "Members", Value: ui.Number(x.Sitting)}, {Term: "Independent", Value: ui.Number(x.Independent)}, {Term: "Meetings", Value: ui.Number(len(x.Meetings)), Href: "/meetings?committee=" + x.Ref}}}
	if x.Failing > 0 {
		v.Bad = ui.Many(x.Failing, "thing does not hold", "things do not hold")
	}
	if x.Ended != "" {
		v.Notice = "It ended on " + string(x.Ended) + ": " + x.Why
	}
	offer := func(verbs ...screen.Verb) []ui.Form {
		if x.Ended != "" {
			return nil
		}
		return screen.Forms(r, path, which, t, verbs...)
	}
	seats, sitting := ui.Table{Caption: "Members", Columns: []ui.Column{{Text: "Member"}, {Text: "Role"}, {Text: "Independent"}, {Text: "Brings"}, {Text: "Sits since"}}}, [][2]string{}
	for _, m := range x.Members {
		ind := ui.Cell{Text: "not said", Muted: true}
		if y := m.Independence(today); y != nil {
			ind = ui.Cell{Text: map[bool]string{true: "yes", false: "no"}[y.Independent], Meta: y.Reason + " (" + string(y.On) + ")"}
		}
		sits := ui.Cell{Text: string(m.From)}
		if m.To != "" {
			sits.Meta, sits.Muted = "to "+string(m.To)+": "+m.Why, true
		}
		if m.Sits(today) {
			sitting = append(sitting, [2]string{strconv.Itoa(m.Number), m.Name})
		}
		seats.Rows = append(seats.Rows, ui.TableRow{Head: ui.Link{Text: m.Name}, Meta: fmt.Sprintf("member %d", m.Number), Cells: []ui.Cell{{Text: m.Role}, ind, {Text: m.Brings}, sits}})
	}
	member := screen.Choice("member", "Member", "", "", sitting...)
	free := screen.Choice("independent", "Independent", "Free of employment by and business ties with management.", "no", [2]string{"no", "No"}, [2]string{"yes", "Yes"})
	v.Blocks = append(v.Blocks, ui.Block{ID: "holds", Title: "What holds", Meta: "derived today from the records", Table: judged(x.Judged)},
		ui.Block{ID: "members", Title: "Members", Table: &seats, None: "Nobody sits in it yet.", Forms: offer(
			screen.Verb{Name: "seat", Action: access.GovernanceEdit, Button: "Record it", Open: "Seat a member", Fields: []ui.Field{{Name: "name", Label: "Name", Must: true}, {Name: "user", Label: "Login", Hint: "Where the person has an account here."}, screen.Choice("role", "Role", "A secretary has no vote.", "member", [2]string{"chair", "Chair"}, [2]string{"member", "Member"}, [2]string{"secretary", "Secretary"}),
				{Name: "brings", Label: "Skills that the person brings", Must: true}, screen.DayField("from", "Since", ""), free, screen.LongField("reason", "Why independent, or why not", "", true)}},
			screen.Verb{Name: "confirm", Action: access.GovernanceEdit, Button: "Record it", Open: "Confirm a member's independence, or that it ended", Fields: []ui.Field{member, free, screen.LongField("reason", "Why, or why not", "", true), screen.DayField("on", "Said on", "")}},
			screen.Verb{Name: "unseat", Action: access.GovernanceEdit, Button: "End it", Open: "End a membership", Danger: true, Fields: []ui.Field{member, screen.DayField("last", "Last day", ""), screen.LongField("why", "Why it ends", "", true)}})})
	v.Blocks = append(v.Blocks, s.charter(x, offer))
	if wait := x.Waiting(); wait != nil && x.Ended == "" {
		f := screen.Verb{Name: "approve-charter", Action: access.GovernanceApprove, Button: "Approve this charter", Fields: []ui.Field{{Name: "version", Kind: "hidden", Value: strconv.Itoa(wait.Version)}}}.Form(r, path)
		if f.Action != "" {
			if err := screen.Compensated(r, &f, wait.Written.By, access.GovernanceApprove, s.alone(r)); err != nil {
				return err
			}
			if which == "approve-charter" {
				t.Fill(&f)
			}
			b := &v.Blocks[len(v.Blocks)-1]
			b.Forms = append([]ui.Form{f}, b.Forms...)
		}
	}
	met := ui.Table{Caption: "Meetings, latest first", Columns: []ui.Column{{Text: "Meeting"}, {Text: "State"}, {Text: "Decisions", N: true}}}
	for _, m := range slices.Backward(x.Meetings) {
		st := m.State(today)
		met.Rows = append(met.Rows, ui.TableRow{Head: ui.Link{Text: string(m.Day), Href: "/meetings/" + m.Ref}, Meta: m.Ref, Cells: []ui.Cell{{Text: st, Bad: st == "not recorded" || st == "without a quorum"}, {Text: fmt.Sprint(len(m.Decisions)), N: true}}})
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "meetings", Title: "Meetings", Table: &met, None: "It has not met yet.", Forms: offer(screen.Verb{Name: "invite", Action: access.GovernanceEdit, Button: "Plan it", Open: "Plan a meeting",
		Fields: []ui.Field{screen.DayField("day", "Day", ""), {Name: "place", Label: "Where, or by which means", Must: true}, screen.LongField("agenda", "Agenda", "One matter on a line.", true), screen.LongField("papers", "Papers that are sent before", "One on a line: links, numbers of evidence, the board pack.", false)}})},
		ui.Block{ID: "change", Title: "Change it", Forms: offer(screen.Verb{Name: "reshape", Action: access.GovernanceEdit, Button: "Record it", Open: "Change name, rhythm or quorum", Fields: append(committeeFields(x.Profile), screen.LongField("note", "What changed, and why", "", true))},
			screen.Verb{Name: "dissolve", Action: access.GovernanceApprove, Button: "End it", Open: "End this committee", Danger: true, Fields: []ui.Field{screen.DayField("last", "Last day", ""), screen.LongField("why", "Why it ends", "", true)}})})
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, x.Profile.Name), v))
}

func (s *site) charter(x committee.Row, offer func(...screen.Verb) []ui.Form) ui.Block {
	b := ui.Block{ID: "charter", Title: "Charter", Text: []string{"None is written yet."}}
	value := ""
	if n := len(x.Charters); n > 0 {
		c := x.Charters[n-1]
		b.Text, b.Code, value = nil, c.Text, c.Text
		b.Meta = fmt.Sprintf("version %d of %s", c.Version, c.Written.Day)
		b.Facts = []ui.Fact{{Term: "SHA-256 of the text above", Text: c.Digest, Mono: true}}
		if c.Approved != nil {
			b.Meta += ", approved on " + string(c.Approved.Made.Day)
		} else {
			b.Meta += ", waits for approval"
		}
	}
	b.Forms = offer(screen.Verb{Name: "write-charter", Action: access.GovernanceEdit, Button: "Write it", Open: "Write a version", Note: "Somebody else approves it.", Fields: []ui.Field{{Name: "text", Label: "What it oversees, decides and gets to read", Kind: "long", Value: value, Must: true}, screen.LongField("note", "Why, and what changed", "", true)}})
	return b
}

// obligationsList is the register of laws as files say it.
func (s *site) obligationsList() screen.List {
	return screen.Declare(screen.List{Name: "obligations", Title: "Laws and contracts", Pattern: "GET /obligations", Action: access.GovernanceRead}, screen.Whole(s.laws), func(x obligation.Row) []string { return []string{x.Profile.Owner} },
		screen.Column[obligation.Row]{Key: "number", Title: "Number", Value: func(_ *screen.Cells, x obligation.Row) any { return x.Ref }},
		screen.Column[obligation.Row]{Key: "title", Title: "Law or contract", Head: "=", Width: 40, Value: func(_ *screen.Cells, x obligation.Row) any { return x.Profile.Title }},
		screen.Column[obligation.Row]{Key: "kind", Title: "Kind", Head: "=", Value: func(_ *screen.Cells, x obligation.Row) any { return word(obligation.Sorts(), x.Profile.Sort) }},
		screen.Column[obligation.Row]{Key: "where", Title: "Where", Width: 30, Value: func(_ *screen.Cells, x obligation.Row) any { return x.Profile.Where }},
		screen.Column[obligation.Row]{Key: "controls", Title: "Controls", Head: "=", Width: 30, Value: func(_ *screen.Cells, x obligation.Row) any { return screen.Joined(x.Profile.Controls) }},
		screen.Column[obligation.Row]{Key: "owner", Title: "Owner", Head: "=", Value: func(c *screen.Cells, x obligation.Row) any { return c.Name(x.Profile.Owner) }},
		screen.Column[obligation.Row]{Key: "due", Title: "Look due", Head: "=", Value: func(_ *screen.Cells, x obligation.Row) any { return string(x.Due) }},
		screen.Column[obligation.Row]{Key: "failing", Title: "Failing", Head: "=", Value: func(_ *screen.Cells, x obligation.Row) any { return x.Failing }})
}

// meetingsList is the list of meetings as files say it.
func (s *site) meetingsList() screen.List {
	return screen.Declare(screen.List{Name: "meetings", Title: "Meetings", Pattern: "GET /meetings", Action: access.GovernanceRead}, screen.Whole(s.met), func(committee.MeetingRow) []string { return nil },
		screen.Column[committee.MeetingRow]{Key: "number", Title: "Number", Value: func(_ *screen.Cells, x committee.MeetingRow) any { return x.Ref }},
		screen.Column[committee.MeetingRow]{Key: "day", Title: "Meeting", Head: "=", Value: func(_ *screen.Cells, x committee.MeetingRow) any { return string(x.Day) }},
		screen.Column[committee.MeetingRow]{Key: "committee", Title: "Committee", Head: "=", Value: func(_ *screen.Cells, x committee.MeetingRow) any { return x.Name }},
		screen.Column[committee.MeetingRow]{Key: "state", Title: "State", Head: "=", Value: func(_ *screen.Cells, x committee.MeetingRow) any { return x.State }},
		screen.Column[committee.MeetingRow]{Key: "decisions", Title: "Decisions", Head: "=", Value: func(_ *screen.Cells, x committee.MeetingRow) any { return len(x.Decisions) }})
}

func (s *site) met(r *screen.Request) ([]committee.MeetingRow, error) {
	ref := r.URL.Query().Get("committee")
	if ref != "" {
		if _, err := s.cfg.Committees.Get(r.Context(), r.Who, ref); err != nil {
			return nil, err
		}
	}
	return s.cfg.Committees.Meetings(r.Context(), r.Who, ref)
}

// meetings answers: when did who meet, and what came of it?
func (s *site) meetings(w http.ResponseWriter, r *screen.Request) error {
	rows, err := s.met(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	all, err := s.cfg.Committees.List(r.Context(), r.Who)
	if err != nil {
		return err
	}
	chips := []ui.Chip{{Text: "All committees", Href: "/meetings", Current: q.Get("committee") == ""}}
	for _, c := range all {
		chips = append(chips, ui.Chip{Text: c.Profile.Name, Href: "/meetings?committee=" + c.Ref, Current: q.Get("committee") == c.Ref})
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Governance", Href: "/governance"}, {Text: "Meetings"}}, Title: ui.Many(len(rows), "meeting", "meetings"), Note: "A meeting without its quorum decides nothing; the chair approves the minutes.", Chips: [][]ui.Chip{chips}, Labels: []string{"Committee"}, Undo: "/meetings", None: "No meeting is recorded.",
		Table: ui.Table{Caption: "Meetings, latest first", Columns: []ui.Column{{Text: "Meeting"}, {Text: "Committee"}, {Text: "State"}, {Text: "Decisions", N: true}}}}
	page, next := screen.CutPage(r.Request, rows, func(x committee.MeetingRow) string { return x.Ref })
	for _, m := range page {
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: string(m.Day), Href: "/meetings/" + m.Ref}, Meta: m.Ref, Cells: []ui.Cell{{Text: m.Name}, {Text: m.State, Bad: m.State == "not recorded" || m.State == "without a quorum"}, {Text: fmt.Sprint(len(m.Decisions)), N: true}}})
	}
	v.Table.Pager = screen.Pager(len(page), int64(len(rows)), q, "/meetings", next)
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Meetings"), v))
}
