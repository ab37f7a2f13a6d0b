// Package concerns is the screens of concerns: a form for whoever sees something
// wrong, the way back by a code, and what named recipients read. Rules, and what is
// kept of whoever reports, are those of internal/program/concern. A report is
// answered by the page that shows its code, never by a redirect: nothing of it may
// lie in a cookie or an address. Concerns are in no file, search or operation.
package concerns

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/concern"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on.
type Config struct {
	Concerns *concern.Service
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /concerns", Action: access.ConcernReport, Handle: s.form},
			{Pattern: "POST /concerns", Action: access.ConcernReport, Handle: s.report},
			{Pattern: "GET /concerns/follow", Action: access.ConcernReport, Handle: s.askCode},
			{Pattern: "POST /concerns/follow", Action: access.ConcernReport, Handle: s.follow},
			{Pattern: "GET /concerns/received", Action: access.ConcernExamine, Handle: s.received},
			{Pattern: "GET /concerns/received/{id}", Action: access.ConcernExamine, Handle: s.concern},
			{Pattern: "POST /concerns/received/{id}/{verb}", Action: access.ConcernExamine, Handle: s.act},
			{Pattern: "GET /concerns/recipients", Action: access.SettingsEdit, Handle: s.recipients},
			{Pattern: "POST /concerns/recipients", Action: access.SettingsEdit, Handle: s.appoint},
		},
		Pages:  []screen.Page{{Section: "My work", Name: "Concerns", Path: "/concerns", Action: access.ConcernReport}},
		Doings: []screen.Doing{{Name: "Report a concern", Path: "/concerns", Action: access.ConcernReport}},
	}
}

func options(list [][2]string, first string) []ui.Option {
	out := []ui.Option{{Value: "", Text: first}}
	for _, x := range list {
		out = append(out, ui.Option{Value: x[0], Text: x[1]})
	}
	return out
}

// form answers: how do I say that something is wrong, without my name?
func (s *site) form(w http.ResponseWriter, r *screen.Request) error {
	return s.showForm(w, r, nil)
}

func (s *site) showForm(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	set, err := s.cfg.Concerns.Settings(r.Context(), r.Who)
	if err != nil {
		return err
	}
	reads, err := s.cfg.Concerns.Recipient(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.FormView{Crumbs: []ui.Link{{Text: "Concerns", Href: "/concerns"}, {Text: "Report"}}, Title: "Report a concern", Note: "Without your name. For what is wrong, not for what is urgent: it is read within days. If somebody is in danger, or data is being lost right now, call."}
	names := r.Names(set.Recipients)
	people := make([]string, len(set.Recipients))
	exclude := ui.Field{Name: "exclude", Label: "Who must not read it?", Hint: "Whoever is ticked does not see it, now or later. Tick those whom it is about, and those close to them.", Kind: "many"}
	for i, id := range set.Recipients {
		people[i] = screen.Who(names, id)
		exclude.Options = append(exclude.Options, ui.Option{Value: id, Text: people[i]})
	}
	if len(people) == 0 {
		v.Side = append(v.Side, ui.Block{ID: "nobody", Title: "Nobody receives concerns yet", Text: []string{"An administrator names the recipients; until then nothing can be sent. Turn to somebody whom you trust, inside or outside."}})
	} else {
		v.Form = ui.Form{ID: "concern", Action: "/concerns", Button: "Send it without my name", Fields: []ui.Field{{Name: "topic", Label: "What is it about?", Kind: "select", Options: options(concern.Topics(), "Choose one")},
			{Name: "text", Label: "What happened?", Hint: "What, when, where, who was there, how you know. Leave out what only you can know, if that would give you away.", Kind: "long", Must: true}, exclude}}
		t.Fill(&v.Form)
	}
	v.Side = append(v.Side,
		ui.Block{ID: "kept", Title: "What is kept of you", Text: []string{"Nothing: no name, no account, no address, no time, only the day. Your report is shown to its recipients, and noted in the ledger, once the day is over, so that nobody can see who was here at that minute.",
			"What could still give you away is what you write, how you write it, and a day on which few were here. Whoever runs the network or this machine may see that some page was open. Use a device that you trust."}},
		ui.Block{ID: "who", Title: "Who reads it", Text: []string{screen.OrElse(strings.Join(people, ", "), "nobody yet") + ", without those whom you tick."}},
		ui.Block{ID: "then", Title: "What happens then", Text: []string{fmt.Sprintf("You are shown a code, once. With it you read the answer and add to your report. An answer comes within %d days, an outcome within three months. The texts are erased %d months after it is closed.", concern.AnswerDays, set.Months)},
			Links: []ui.Link{{Text: "Follow up a concern by its code", Href: "/concerns/follow"}}})
	if reads {
		v.Side = append(v.Side, ui.Block{ID: "received", Title: "You are a recipient", Links: []ui.Link{{Text: "Concerns that you may read", Href: "/concerns/received"}}})
	}
	if r.May(access.SettingsEdit) {
		v.Side = append(v.Side, ui.Block{ID: "appoint", Title: "Recipients", Links: []ui.Link{{Text: "Say who receives concerns", Href: "/concerns/recipients"}}})
	}
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Report a concern", "My work", "Concerns"), v))
}

// report takes a concern and shows its code.
func (s *site) report(w http.ResponseWriter, r *screen.Request) error {
	code, err := s.cfg.Concerns.Report(r.Context(), r.Who, concern.Report{Topic: r.PostForm.Get("topic"), Text: r.PostForm.Get("text"), Exclude: r.PostForm["exclude"]})
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showForm(w, r, t)
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Concerns", Href: "/concerns"}, {Text: "Sent"}}, Title: "Your concern is sent", FactsOf: "What happens then", Warn: true,
		Notice: "Write the code down now. It is shown this once, and nothing can bring it back. Who has it can read the answers, so keep it where only you find it.",
		Blocks: []ui.Block{{ID: "code", Title: "Your follow-up code", Code: code, Links: []ui.Link{{Text: "I have written it down: follow up a concern", Href: "/concerns/follow"}}}},
		Facts:  []ui.Fact{{Term: "Read", Text: "once this day is over, by those whom you did not tick"}, {Term: "Answered", Text: fmt.Sprintf("within %d days", concern.AnswerDays)}, {Term: "Outcome", Text: "within three months"}}}
	return r.Render(w, http.StatusOK, ui.Record(r.Shell(w, v.Title, "My work", "Concerns"), v))
}

func (s *site) askCode(w http.ResponseWriter, r *screen.Request) error {
	return r.Render(w, http.StatusOK, followPage(r.Shell(w, "Follow up a concern", "My work", "Concerns"), followView{}))
}

// follow shows a concern to whoever has its code, and takes what they add.
func (s *site) follow(w http.ResponseWriter, r *screen.Request) error {
	code := r.PostForm.Get("code")
	var t *screen.Typed
	c, err := s.cfg.Concerns.Follow(r.Context(), r.Who, code)
	if fault.Is(err, fault.Invalid) {
		wrong, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return r.Render(w, http.StatusUnprocessableEntity, followPage(r.Shell(w, "Follow up a concern", "My work", "Concerns"), followView{Problem: wrong.Problem}))
	}
	if err == nil && r.PostForm.Has("text") {
		added, wrong := s.cfg.Concerns.Add(r.Context(), r.Who, code, r.PostForm.Get("text"))
		if wrong == nil {
			c = added
			r.PostForm.Del("text")
		} else if t, err = r.WrongForm(wrong); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Concerns", Href: "/concerns"}, {Text: "Your concern"}}, Title: "Your concern of " + r.Words.Date(c.Day.Time()), State: words(c.State), FactsOf: "How it stands",
		Facts: []ui.Fact{{Term: "About", Text: screen.OrElse(concern.Topic(c.Topic), "erased")}, {Term: "Read by", Text: fmt.Sprint(ui.Many(len(c.To), "recipient", "recipients"))}}}
	if c.State == concern.Closed {
		v.Facts = append(v.Facts, ui.Fact{Term: "Outcome", Text: concern.Outcome(c.Outcome)}, ui.Fact{Term: "Closed", Text: r.Words.Date(c.Closed.Time())})
	} else if what, by := c.Due(); what != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "You get " + what, Text: "by " + r.Words.Date(by.Time())})
	}
	if c.Erased > 0 {
		v.Notice = "Its texts were erased on " + r.Words.Date(c.Erased.Time()) + ", as was said."
	}
	v.Blocks = []ui.Block{{ID: "text", Title: "What you wrote", Text: paragraphs(c.Text)}, s.thread(r, c, true)}
	if c.Erased == 0 {
		f := ui.Form{ID: "add", Action: "/concerns/follow", Button: "Add it", Note: "It is shown to its readers once this day is over.", Fields: []ui.Field{{Name: "code", Kind: "hidden", Value: code}, {Name: "text", Label: "Add to it, or answer", Kind: "long", Must: true}}}
		t.Fill(&f)
		v.Blocks[1].Forms = []ui.Form{f}
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, "Your concern", "My work", "Concerns"), v))
}

func words(st concern.State) string {
	return map[concern.State]string{concern.Received: "received", concern.Examined: "is being examined", concern.Closed: "closed"}[st]
}

func paragraphs(text string) []string {
	if text == "" {
		return []string{"Erased."}
	}
	return strings.FieldsFunc(text, func(c rune) bool { return c == '\n' })
}

// thread is what was said, oldest first. To whoever reported it recipients have no
// names.
func (s *site) thread(r *screen.Request, c concern.Concern, own bool) ui.Block {
	var ids []string
	for _, x := range c.Words {
		ids = append(ids, x.By)
		if x.Kind == "handed" {
			ids = append(ids, x.Text)
		}
	}
	names := r.Names(ids)
	t := ui.Table{Caption: "What was said, oldest first", Columns: []ui.Column{{Text: "Day"}, {Text: "By"}, {Text: "What"}}}
	for _, x := range c.Words {
		by := screen.Who(names, x.By)
		switch {
		case own && x.By == "":
			by = "you"
		case own:
			by = "a recipient"
		case x.By == "":
			by = "whoever reported it"
		}
		cell := ui.Cell{Text: screen.OrElse(x.Text, "erased")}
		switch x.Kind {
		case "taken":
			cell = ui.Cell{Text: "It is being examined.", Muted: true}
		case "handed":
			cell = ui.Cell{Text: "Handed over to " + screen.Who(names, x.Text) + " too.", Muted: true}
		case "note":
			cell.Meta = "a note; whoever reported it does not see it"
		case "closed":
			cell.Meta = "closed: " + concern.Outcome(c.Outcome)
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: r.Words.Date(x.Day.Time())}, Cells: []ui.Cell{{Text: by}, cell}})
	}
	return ui.Block{ID: "said", Title: "What was said", Table: &t, None: "Nobody has answered yet."}
}

// recipients says who receives concerns.
func (s *site) recipients(w http.ResponseWriter, r *screen.Request) error {
	return s.showRecipients(w, r, nil)
}

func (s *site) showRecipients(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	set, err := s.cfg.Concerns.Settings(r.Context(), r.Who)
	if err != nil {
		return err
	}
	able, err := s.cfg.Concerns.Eligible(r.Context(), r.Who)
	if err != nil {
		return err
	}
	who := ui.Field{Name: "recipients", Label: "Who receives concerns", Hint: "At least two, who do not report to each other, so that whoever reports can exclude one. Give somebody of the board the role viewer.", Kind: "many"}
	for _, u := range able {
		who.Options = append(who.Options, ui.Option{Value: u.ID, Text: u.Name + ", " + strings.ToLower(u.Role.Title()), Selected: slices.Contains(set.Recipients, u.ID)})
	}
	f := ui.Form{ID: "recipients", Action: "/concerns/recipients", Button: "Record it", Fields: []ui.Field{who, {Name: "months", Label: "Months until the texts of a closed concern are erased", Value: fmt.Sprint(set.Months), Must: true}}}
	t.Fill(&f)
	v := ui.FormView{Crumbs: []ui.Link{{Text: "Concerns", Href: "/concerns"}, {Text: "Recipients"}}, Title: "Who receives concerns", Note: "The names are shown to whoever reports. It holds for concerns from now on.", Form: f,
		Side: []ui.Block{{ID: "stay", Title: "Readers stay", Text: []string{"Those to whom a concern was addressed go on reading it when they are not named any more; a reader can hand it over to another. So nobody whom a concern excludes can take its readers away."}}}}
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, v.Title, "My work", "Concerns"), v))
}

func (s *site) appoint(w http.ResponseWriter, r *screen.Request) error {
	in := concern.Settings{Recipients: slices.Clone(r.PostForm["recipients"])}
	if _, err := fmt.Sscan(r.PostForm.Get("months"), &in.Months); err != nil {
		in.Months = 0
	}
	if err := s.cfg.Concerns.Appoint(r.Context(), r.Who, in); err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showRecipients(w, r, t)
	}
	return r.Done(w, "It is recorded who receives concerns.", "/concerns")
}
