package governance

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var meeting = map[string]func() register.Change[committee.Meeting, committee.World]{
	"attend": func() register.Change[committee.Meeting, committee.World] { return &committee.Attend{} }, "declare": func() register.Change[committee.Meeting, committee.World] { return &committee.Declare{} },
	"decide": func() register.Change[committee.Meeting, committee.World] { return &committee.Decide{} }, "minute": func() register.Change[committee.Meeting, committee.World] { return &committee.Minute{} },
	"approve-minutes": func() register.Change[committee.Meeting, committee.World] { return &committee.ApproveMinutes{} }, "cancel": func() register.Change[committee.Meeting, committee.World] { return &committee.Cancel{} },
	"rearrange": func() register.Change[committee.Meeting, committee.World] { return &committee.Rearrange{} },
}

// members reads boxes of members by number.
func members(values url.Values, field string) []int {
	var out []int
	for _, v := range values[field] {
		if n, err := strconv.Atoi(v); err == nil {
			out = append(out, n)
		}
	}
	return out
}

func (s *site) recordMeeting(w http.ResponseWriter, r *screen.Request) error {
	ref, name := r.PathValue("ref"), r.PathValue("verb")
	make, known := meeting[name]
	if !known {
		return fault.New(fault.NotFound, "nothing of a meeting is called %q", name)
	}
	c := make()
	err := screen.Decode(r.PostForm, c, r.Words.Zone, "agenda", "papers", "guests")
	switch x := c.(type) {
	case *committee.Attend:
		x.Present = members(r.PostForm, "present")
	case *committee.Decide:
		x.For, x.Against = members(r.PostForm, "for"), members(r.PostForm, "against")
	}
	var m committee.MeetingRow
	if err == nil {
		m, err = s.cfg.Committees.RecordMeeting(r.Context(), r.Who, ref, c)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showMeeting(w, r, name, t)
	}
	return r.Done(w, screen.Sentence(screen.Cut(m.History[len(m.History)-1].Text, 120)), "/meetings/"+m.Ref)
}

func (s *site) meeting(w http.ResponseWriter, r *screen.Request) error {
	return s.showMeeting(w, r, "", nil)
}

// showMeeting answers: who was there, what was decided, and is it carried out?
func (s *site) showMeeting(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	m, err := s.cfg.Committees.Meeting(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	people := makers(m.History)
	for _, d := range m.Decisions {
		people = append(people, d.Owner)
	}
	names, path := r.Names(people), "/meetings/"+m.Ref
	title := m.Name + ", " + string(m.Day)
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Governance", Href: "/governance"}, {Text: m.Name, Href: "/governance/" + m.Committee}, {Text: m.Ref}}, Title: title, State: m.State, Line: []string{m.Ref, m.Place}, FactsOf: "The meeting", History: history(r, m.History, names), Zone: "times in " + r.Words.Zone.String()}
	open := m.Called == "" && m.Approved() == nil
	offer := func(verbs ...screen.Verb) []ui.Form {
		if !open {
			return nil
		}
		return screen.Forms(r, path, which, t, verbs...)
	}
	if m.Called != "" {
		v.Notice = "Called off: " + m.Called
	}
	if m.Held != nil && !m.Held.Quorate() {
		v.Notice, v.Warn = "It had no quorum, and decides nothing.", true
	}
	agenda, matters := ui.Table{Caption: "Agenda", Columns: []ui.Column{{Text: "Matter"}, {Text: "Interests declared"}, {Text: "Decided"}}}, [][2]string{}
	name := func(n int) string {
		if b := m.Of.Member(n); b != nil {
			return b.Name
		}
		return fmt.Sprint(n)
	}
	all := func(list []int) string {
		var out []string
		for _, n := range list {
			out = append(out, name(n))
		}
		return screen.OrElse(strings.Join(out, ", "), "nobody")
	}
	for i, a := range m.Agenda {
		matters = append(matters, [2]string{strconv.Itoa(i + 1), fmt.Sprintf("%d. %s", i+1, screen.Cut(a, 80))})
		var interests, decided []string
		for _, c := range m.Conflicts {
			if c.Item == i+1 {
				left := ""
				if c.Left {
					left = ", and left the room"
				}
				interests = append(interests, name(c.Member)+": "+strings.TrimSuffix(c.What, ".")+left)
			}
		}
		for _, d := range m.Decisions {
			if d.Item == i+1 {
				decided = append(decided, d.Text)
			}
		}
		agenda.Rows = append(agenda.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("%d. %s", i+1, a)}, Cells: []ui.Cell{{Text: screen.OrElse(strings.Join(interests, "; "), "none"), Muted: len(interests) == 0}, {Text: screen.OrElse(strings.Join(decided, "; "), "nothing"), Muted: len(decided) == 0}}})
	}
	boxes := func(field, label, hint string, voting bool) ui.Field {
		f := ui.Field{Name: field, Label: label, Hint: hint, Kind: "many"}
		for _, b := range m.Of.Sitting(m.Day) {
			if !voting || b.Votes() && m.Held != nil && slices.Contains(m.Held.Present, b.Number) {
				f.Options = append(f.Options, ui.Option{Value: strconv.Itoa(b.Number), Text: b.Name + ", " + b.Role})
			}
		}
		return f
	}
	sitting := [][2]string{}
	for _, b := range m.Of.Sitting(m.Day) {
		sitting = append(sitting, [2]string{strconv.Itoa(b.Number), b.Name})
	}
	if m.Held != nil {
		v.Facts = []ui.Fact{{Term: "There", Text: all(m.Held.Present)}, {Term: "In the chair", Text: name(m.Held.Chair)}, {Term: "With a vote", Text: fmt.Sprintf("%d of %d; %d are needed", m.Held.Voting, m.Held.Sitting, m.Held.Quorum)}}
		if len(m.Held.Guests) > 0 {
			v.Facts = append(v.Facts, ui.Fact{Term: "Guests", Text: strings.Join(m.Held.Guests, "; ")})
		}
		if m.Held.Apart {
			v.Facts = append(v.Facts, ui.Fact{Term: "Apart", Text: "a part took place without executives"})
		}
	}
	if len(m.Papers) > 0 {
		v.Facts = append(v.Facts, ui.Fact{Term: "Papers", Text: strings.Join(m.Papers, "; ")})
	}
	first := ui.Block{ID: "agenda", Title: "Agenda", Table: &agenda}
	if m.Held == nil {
		first.Forms = offer(screen.Verb{Name: "attend", Action: access.GovernanceEdit, Button: "Record it", Open: "Record who was there", Fields: []ui.Field{boxes("present", "Who was there", "", false), screen.Choice("chair", "In the chair", "", "", sitting...), screen.LongField("guests", "Who else", "One on a line, with role.", false), screen.Choice("apart", "A part took place without executives", "", "no", [2]string{"no", "No"}, [2]string{"yes", "Yes"})}},
			screen.Verb{Name: "rearrange", Action: access.GovernanceEdit, Button: "Record it", Open: "Change day, agenda or papers", Fields: []ui.Field{{Name: "day", Label: "Day", Kind: "date", Value: string(m.Day), Must: true}, {Name: "place", Label: "Where", Value: m.Place, Must: true}, {Name: "agenda", Label: "Agenda", Kind: "long", Value: strings.Join(m.Agenda, "\n"), Must: true}, {Name: "papers", Label: "Papers", Kind: "long", Value: strings.Join(m.Papers, "\n")}, screen.LongField("note", "What changed, and why", "", true)}},
			screen.Verb{Name: "cancel", Action: access.GovernanceEdit, Button: "Call it off", Open: "Call it off", Danger: true, Fields: []ui.Field{screen.LongField("why", "Why", "", true)}})
	} else {
		first.Forms = offer(screen.Verb{Name: "declare", Action: access.GovernanceEdit, Button: "Record it", Open: "Record an interest that somebody declared", Note: "Who declares one does not vote on the matter, and is not counted for it.", Fields: []ui.Field{screen.Choice("item", "Matter", "", "", matters...), screen.Choice("member", "Member", "", "", sitting...), screen.LongField("what", "Which interest", "", true), screen.Choice("left", "Left the room for it", "", "no", [2]string{"no", "No"}, [2]string{"yes", "Yes"})}})
	}
	v.Blocks = []ui.Block{{ID: "holds", Title: "What holds", Meta: "derived today from the records", Table: judged(m.Judged)}, first}
	decisions := ui.Table{Caption: "Decisions", Columns: []ui.Column{{Text: "Decision"}, {Text: "For"}, {Text: "Against"}, {Text: "Carried out by"}}}
	for i, d := range m.Decisions {
		by := ui.Cell{Text: "nothing is to be done", Muted: true}
		if d.Owner != "" || d.Due != "" {
			by = ui.Cell{Text: screen.OrElse(screen.Who(names, d.Owner), "nobody yet"), Meta: "by " + screen.OrElse(string(d.Due), "no day") + "; no task was made", Bad: true}
		}
		if k := m.Tasks[i]; k != nil {
			by = ui.Cell{Links: []ui.Link{{Text: k.Ref + " " + screen.OrElse(screen.Who(names, d.Owner), "nobody yet"), Href: "/tasks/" + k.Ref}}, Meta: k.State + map[bool]string{true: ", by " + string(d.Due)}[d.Due != ""], Bad: k.Late}
		}
		decisions.Rows = append(decisions.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("%d. %s", d.Number, d.Text)}, Meta: fmt.Sprintf("matter %d", d.Item), Cells: []ui.Cell{{Text: all(d.For)}, {Text: all(d.Against), Muted: len(d.Against) == 0}, by}})
	}
	b := ui.Block{ID: "decisions", Title: "Decisions", Table: &decisions, None: "Nothing was decided."}
	if m.Held.Quorate() {
		b.Forms = offer(screen.Verb{Name: "decide", Action: access.GovernanceEdit, Button: "Record the decision", Open: "Record a decision", Note: "One with an owner or a day becomes a task of the plan.", Fields: []ui.Field{screen.Choice("item", "Matter", "", "", matters...), screen.LongField("text", "What was decided", "", true), boxes("for", "For it", "", true), boxes("against", "Against it", "", true), {Name: "owner", Label: "Who carries it out", Hint: "Their login; empty where nothing is to be done."}, {Name: "due", Label: "By", Kind: "date"}}})
	}
	v.Blocks = append(v.Blocks, b)
	minutes := ui.Block{ID: "minutes", Title: "Minutes", Text: []string{"None are written yet."}}
	if n := len(m.Minutes); n > 0 {
		x := m.Minutes[n-1]
		minutes.Text, minutes.Code, minutes.Facts = nil, x.Text, []ui.Fact{{Term: "SHA-256 of the text above", Text: x.Digest, Mono: true}}
		minutes.Meta = fmt.Sprintf("version %d, written on %s by %s", x.Version, x.Written.Day, screen.Who(names, x.Written.By))
		if x.Approved != nil {
			minutes.Facts = append(minutes.Facts, ui.Fact{Term: "Approved", Text: string(x.Approved.Made.Day) + " by " + screen.Who(names, x.Approved.Made.By)})
			if x.Approved.Shown != "" {
				minutes.Facts = append(minutes.Facts, ui.Fact{Term: "The chair's word is shown by", Text: x.Approved.Shown})
			}
		}
	}
	if wait := m.Waiting(); wait != nil && open {
		verb := screen.Verb{Name: "approve-minutes", Action: access.GovernanceApprove, Button: "Approve these minutes", Note: "As the chair; who wrote them does not approve them.", Fields: []ui.Field{{Name: "digest", Kind: "hidden", Value: wait.Digest}}}
		if chair := m.Of.Member(m.Held.Chair); chair != nil && chair.User == "" {
			verb.Fields = append(verb.Fields, ui.Field{Name: "shown", Label: "What shows the word of " + chair.Name, Hint: "Such as the signed page, with its number among evidence.", Must: true})
		}
		f := verb.Form(r, path)
		if f.Action != "" {
			if err := screen.Compensated(r, &f, wait.Written.By, access.GovernanceApprove, s.alone(r)); err != nil {
				return err
			}
			if which == "approve-minutes" {
				t.Fill(&f)
			}
			minutes.Forms = append(minutes.Forms, f)
		}
	}
	if m.Held != nil {
		value := ""
		if n := len(m.Minutes); n > 0 {
			value = m.Minutes[n-1].Text
		}
		minutes.Forms = append(minutes.Forms, offer(screen.Verb{Name: "minute", Action: access.GovernanceEdit, Button: "Write them", Open: "Write the minutes, or a version", Fields: []ui.Field{{Name: "text", Label: "What was asked, said, decided and followed up", Kind: "long", Value: value, Must: true}, {Name: "note", Label: "What changed since the version before"}}})...)
	}
	v.Blocks = append(v.Blocks, minutes)
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, title), v))
}
