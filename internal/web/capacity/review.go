package capacity

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// reviews answers: who looked at capacity, when, and what was decided?
func (s *site) reviews(w http.ResponseWriter, r *screen.Request) error {
	return s.showReviews(w, r, nil)
}

func (s *site) showReviews(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	list, err := s.cfg.Capacity.Reviews(r.Context(), r.Who)
	if err != nil {
		return err
	}
	due, late, err := s.cfg.Capacity.Due(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Capacity", Href: "/capacity"}, {Text: "Reviews"}}, Title: "Capacity was not looked at yet", Note: "Each keeps the lines and forecasts as they were seen, so that the guess can be held against what came.", Undo: "/capacity/reviews", None: "There is none."}
	if len(list) > 0 {
		v.Title = "Capacity was looked at on " + r.Words.Date(list[0].Content.At)
	}
	switch {
	case late:
		v.Note = "The next review was due by " + r.Words.Date(due) + ". " + v.Note
	case !due.IsZero():
		v.Note = "The next review is due by " + r.Words.Date(due) + ". " + v.Note
	}
	var who []string
	for _, o := range list {
		who = append(who, o.Content.By)
	}
	names := r.Names(who)
	v.Table = ui.Table{Caption: "Reviews of capacity, newest first", Columns: []ui.Column{{Text: "Review"}, {Text: "Who"}, {Text: "Over", N: true}, {Text: "Full within 90 days", N: true}, {Text: "After the one before"}, {Text: "Decided"}}}
	for _, o := range list {
		c := o.Content
		after := ui.Cell{Text: "the first", Muted: true}
		if c.Before != "" {
			after = ui.Cell{Text: ui.Many(c.Days, "day", "days")}
			if c.Days > 92 {
				after.Meta, after.Bad = "a quarter is set", true
			}
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: o.Ref, Href: "/capacity/reviews/" + o.Ref}, Meta: r.Words.Date(c.At), Cells: []ui.Cell{{Text: screen.Who(names, c.By)}, {Text: ui.Number(c.Counts.Over), N: true, Muted: c.Counts.Over == 0}, {Text: ui.Number(c.Counts.Soon), N: true, Muted: c.Counts.Soon == 0}, after, {Text: screen.Cut(c.Decided, 120)}}})
	}
	if r.May(access.CapacityEdit) {
		v.Form = ui.Form{ID: "hold", Action: "/capacity/reviews", Summary: "Record a review", Button: "Record it", Note: "What is on the screen of capacity now is kept with it.", Fields: []ui.Field{screen.LongField("expected", "What will change demand?", "Customers, seasons, releases; or that nothing will.", true), screen.LongField("decided", "What is done, by whom and by when?", "Or why nothing is needed.", true), {Name: "with", Label: "Who else looked?"}}}
		t.Fill(&v.Form)
	}
	if len(list) == 0 {
		v.Empty = &ui.Empty{Title: "Look once a quarter", Text: "Open Capacity, see what is nearest to its limit and where the lines go, think of the customers and seasons to come, and say what is done.", Criteria: []ui.Link{{Text: "A1.1", Href: "/criteria/A1.1"}}, Until: "Until then forecasts are made and nobody is shown to have read them."}
	}
	return r.Render(w, t.Status(), ui.List(s.shell(w, r, "Reviews of capacity"), v))
}

func (s *site) hold(w http.ResponseWriter, r *screen.Request) error {
	o, err := s.cfg.Capacity.Look(r.Context(), r.Who, capacity.ReviewText{With: r.PostForm.Get("with"), Decided: r.PostForm.Get("decided"), Expected: r.PostForm.Get("expected")})
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showReviews(w, r, t)
	}
	return r.Done(w, o.Ref+" is recorded.", "/capacity/reviews/"+o.Ref)
}

func (s *site) review(w http.ResponseWriter, r *screen.Request) error {
	o, err := s.cfg.Capacity.GetReview(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	c := o.Content
	names := r.Names([]string{c.By})
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Capacity", Href: "/capacity"}, {Text: "Reviews", Href: "/capacity/reviews"}, {Text: o.Ref}}, Title: "Review of capacity of " + r.Words.Date(c.At), Line: []string{o.Ref, "by " + screen.Who(names, c.By)}, FactsOf: "The review", Zone: "times in " + r.Words.Zone.String()}
	rec.Facts = []ui.Fact{{Term: "Seen", Text: ui.Many(int(c.Counts.All), "measure", "measures") + " of " + ui.Many(int(c.Counts.Hosts), "host", "hosts")}, {Term: "Over a commitment", Text: ui.Number(c.Counts.Over)}, {Term: "Full within 90 days", Text: ui.Number(c.Counts.Soon)}}
	if c.Plan != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Plan in force", Links: []ui.Link{{Text: c.Plan, Href: "/capacity/plan/" + c.Plan}}})
	}
	if c.Before != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Before it", Links: []ui.Link{{Text: c.Before, Href: "/capacity/reviews/" + c.Before}}, Text: fmt.Sprintf("%d days earlier", c.Days)})
	}
	if c.With != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "With", Text: c.With})
	}
	for _, h := range o.History {
		rec.History = append(rec.History, ui.Step{At: r.Words.At(h.At), Text: "recorded", By: "by " + screen.Who(names, h.By), Entry: screen.EntryLink(h.Entry, h.Index)})
	}
	seen := ui.Table{Caption: "What was seen, as it was", Columns: []ui.Column{{Text: "Host"}, {Text: "Measure"}, {Text: "Then", N: true}, {Text: "Full in"}, {Text: "Over"}}}
	for _, x := range c.Seen {
		when, interval := full(x.Forecast)
		name := title(x.Measure)
		if x.Place != "" {
			name += " " + x.Place
		}
		seen.Rows = append(seen.Rows, ui.TableRow{Head: ui.Link{Text: x.Host}, Cells: []ui.Cell{{Text: name}, {Text: percent(x.Value), N: true}, {Text: screen.OrElse(when, "—"), Meta: interval, Muted: when == ""}, {Text: screen.OrElse(strings.Join(x.Exceeds, ", "), "—"), Muted: len(x.Exceeds) == 0, Bad: len(x.Exceeds) > 0}}})
	}
	events := ui.Table{Caption: "Scaling events since the review before", Columns: []ui.Column{{Text: "When"}, {Text: "Host"}, {Text: "What"}}}
	for _, e := range c.Events {
		events.Rows = append(events.Rows, ui.TableRow{Head: ui.Link{Text: r.Words.Date(e.At)}, Cells: []ui.Cell{{Text: e.Host}, {Text: e.Words()}}})
	}
	meta := ""
	if c.Cut {
		meta = "the worst of them"
	}
	rec.Blocks = []ui.Block{{ID: "decided", Title: "Decided", Text: strings.Split(c.Decided, "\n")}, {ID: "expected", Title: "What was expected", Text: strings.Split(c.Expected, "\n")}, {ID: "seen", Title: "What was seen", Meta: meta, Table: &seen, None: "No line was known."}, {ID: "events", Title: "What changed lines", Table: &events, None: "Nothing since the review before."}}
	return r.Render(w, http.StatusOK, ui.Record(s.shell(w, r, rec.Title), rec))
}
