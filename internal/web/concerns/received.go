package concerns

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/concern"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// received answers: which concerns wait for me?
func (s *site) received(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.cfg.Concerns.List(r.Context(), r.Who)
	if err != nil {
		return err
	}
	today, err := s.cfg.Concerns.Today(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	state := q.Get("state")
	if concernWords := words(concern.State(state)); state != "" && concernWords == "" {
		return fault.New(fault.Invalid, "%.40q is no state of a concern", state)
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Concerns", Href: "/concerns"}, {Text: "Received"}}, Note: "Those that are addressed to you. What came in today is shown tomorrow, so that nobody can tell who was here.", Labels: []string{"State"}, Undo: "/concerns/received", None: "None matches.",
		Table: ui.Table{Caption: "Concerns, newest day first", Columns: []ui.Column{{Text: "Concern"}, {Text: "Received"}, {Text: "State"}, {Text: "Owed"}}}}
	counts, waiting, late := map[concern.State]int{}, 0, 0
	for _, c := range all {
		counts[c.State]++
		what, by := c.Due()
		if c.State != concern.Closed {
			waiting++
		}
		if by > 0 && by < today {
			late++
		}
		if state != "" && string(c.State) != state {
			continue
		}
		owed := ui.Cell{Text: "nothing", Muted: true}
		if what != "" {
			owed = ui.Cell{Text: what + " by " + r.Words.Date(by.Time()), Bad: by < today}
		}
		if c.Asks() && c.State != concern.Closed {
			owed.Meta = "something was added"
		}
		cell := ui.Cell{Text: words(c.State)}
		if c.State == concern.Closed {
			cell.Meta = concern.Outcome(c.Outcome)
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: concern.Topic(c.Topic), Href: "/concerns/received/" + c.ID}, Meta: c.Ref(), Cells: []ui.Cell{{Text: r.Words.Date(c.Day.Time())}, cell, owed}})
	}
	chips := []ui.Chip{{Text: fmt.Sprintf("All %d", len(all)), Href: "/concerns/received", Current: state == ""}}
	for _, st := range concern.States() {
		chips = append(chips, ui.Chip{Text: fmt.Sprintf("%s %d", screen.Capital(strings.TrimPrefix(words(st), "is ")), counts[st]), Href: "/concerns/received?state=" + string(st), Current: state == string(st)})
	}
	v.Chips, v.Table.Pager.Text = [][]ui.Chip{chips}, ui.Many(len(v.Table.Rows), "concern", "concerns")
	switch {
	case len(all) == 0:
		v.Title = "No concern is addressed to you"
		v.Empty = &ui.Empty{Title: "What people report without a name stands here", Text: "Only named recipients read concerns, and only those that do not exclude them. A channel that nobody uses may be one that nobody knows: tell people of it when they join, and once a year.", Criteria: []ui.Link{{Text: "CC1.1", Href: "/criteria/CC1.1"}, {Text: "CC2.2", Href: "/criteria/CC2.2"}}, Until: "Until then there is nothing to examine.", Actions: []ui.Link{{Text: "See the form that people see", Href: "/concerns"}}}
	case waiting == 0:
		v.Title = "No concern waits for you"
	default:
		v.Title = ui.Many(waiting, "concern is", "concerns are") + " not closed"
		if late > 0 {
			v.Title += fmt.Sprintf(", %d of them late", late)
		}
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Concerns received", "My work", "Concerns"), v))
}

// concern answers: what was reported, and what do I owe?
func (s *site) concern(w http.ResponseWriter, r *screen.Request) error {
	return s.showConcern(w, r, "", nil)
}

func (s *site) showConcern(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	c, err := s.cfg.Concerns.Get(r.Context(), r.Who, r.PathValue("id"))
	if err != nil {
		return err
	}
	today, err := s.cfg.Concerns.Today(r.Context())
	if err != nil {
		return err
	}
	names := r.Names(c.To)
	var readers []string
	for _, id := range c.To {
		readers = append(readers, screen.Who(names, id))
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Concerns", Href: "/concerns"}, {Text: "Received", Href: "/concerns/received"}, {Text: c.Ref()}}, Title: concern.Topic(c.Topic), State: words(c.State), Line: []string{c.Ref(), "received on " + r.Words.Date(c.Day.Time())}, FactsOf: "Who and until when",
		Facts: []ui.Fact{{Term: "Read by", Text: strings.Join(readers, ", ")}}}
	if what, by := c.Due(); what != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "Owed", Text: what + " by " + r.Words.Date(by.Time())})
		if by < today {
			v.Bad = what + " is late"
		}
	} else {
		v.Facts = append(v.Facts, ui.Fact{Term: "Outcome", Text: concern.Outcome(c.Outcome)}, ui.Fact{Term: "Closed", Text: r.Words.Date(c.Closed.Time())})
	}
	v.Facts = append(v.Facts, ui.Fact{Term: "With care", Text: "Do not try to find out who wrote it. Do not copy it where others read it. Whoever makes somebody suffer for a report breaks the code of conduct."})
	v.Blocks = []ui.Block{{ID: "text", Title: "What was reported", Text: paragraphs(c.Text)}, s.thread(r, c, false)}
	add := func(f ui.Form) {
		f.Action = "/concerns/received/" + c.ID + "/" + f.ID
		if f.ID == which {
			t.Fill(&f)
		}
		v.Blocks[1].Forms = append(v.Blocks[1].Forms, f)
	}
	switch c.State {
	case concern.Received:
		add(ui.Form{ID: "take", Button: "Examine it", Note: "Whoever reported it sees that it is being examined. Thank them, and ask what you need to know."})
		fallthrough
	case concern.Examined:
		add(ui.Form{ID: "write", Summary: "Answer, or ask", Open: true, Button: "Send it", Fields: []ui.Field{{Name: "text", Label: "To whoever reported it", Kind: "long", Must: true}}})
		add(ui.Form{ID: "note", Summary: "Write a note for the other readers", Quiet: true, Button: "Keep it", Fields: []ui.Field{{Name: "text", Label: "Note", Kind: "long", Must: true}}})
		hand := ui.Field{Name: "to", Label: "Short name of their account", Hint: "It may not be somebody whom the report is about.", Must: true}
		add(ui.Form{ID: "hand", Summary: "Let another recipient read it too", Quiet: true, Button: "Hand it over", Fields: []ui.Field{hand}})
	}
	if c.State == concern.Examined {
		add(ui.Form{ID: "close", Summary: "Close it", Button: "Close it", Fields: []ui.Field{{Name: "outcome", Label: "What came of it", Kind: "select", Options: options(concern.Outcomes(), "Choose one")}, {Name: "text", Label: "What whoever reported it is told", Hint: "What you found, and what was done, as far as it concerns no other person's rights.", Kind: "long", Must: true}}})
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, v.Title, "My work", "Concerns"), v))
}

// act does what a form of a concern says.
func (s *site) act(w http.ResponseWriter, r *screen.Request) error {
	ctx, id, verb, form := r.Context(), r.PathValue("id"), r.PathValue("verb"), r.PostForm
	var err error
	said := ""
	switch verb {
	case "take":
		said, err = "It is being examined; whoever reported it sees that.", s.cfg.Concerns.Take(ctx, r.Who, id)
	case "write":
		said, err = "It is sent. Whoever reported it reads it by their code.", s.cfg.Concerns.Write(ctx, r.Who, id, form.Get("text"), false)
	case "note":
		said, err = "The note is kept.", s.cfg.Concerns.Write(ctx, r.Who, id, form.Get("text"), true)
	case "hand":
		said, err = "It is handed over too.", s.cfg.Concerns.HandOver(ctx, r.Who, id, strings.TrimSpace(form.Get("to")))
	case "close":
		said, err = "The concern is closed.", s.cfg.Concerns.Close(ctx, r.Who, id, form.Get("outcome"), form.Get("text"))
	default:
		return fault.New(fault.NotFound, "nothing of a concern is called %.40q", verb)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showConcern(w, r, verb, t)
	}
	return r.Done(w, said, "/concerns/received/"+id)
}
