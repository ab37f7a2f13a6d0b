package people

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/peoplecsv"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const listedSteps = 200 // lines of a table of what would change

// planBlocks says what a reading would change.
func planBlocks(r *screen.Request, p *people.Plan) []ui.Block {
	today := r.Now.UTC().Format(time.DateOnly)
	var out []ui.Block
	steps := func(id, title, none string, list []people.Step, says func(people.Step) []ui.Cell, columns ...ui.Column) {
		t := ui.Table{Caption: title, Columns: append([]ui.Column{{Text: "Person"}}, columns...)}
		for _, x := range list[:min(listedSteps, len(list))] {
			row := ui.TableRow{Head: ui.Link{Text: screen.OrElse(x.After.Name, screen.OrElse(x.Before.Name, x.Key))}, Meta: dash(x.After.Mail, x.After.Title, x.After.Team), Cells: says(x)}
			if x.Was != "" {
				row.Head.Href = base + "/" + x.Person
			}
			if x.Line > 0 {
				row.Tag = "line " + strconv.Itoa(x.Line)
			}
			t.Rows = append(t.Rows, row)
		}
		if len(list) > listedSteps {
			t.Pager.Text = fmt.Sprintf("the first %d of %s", listedSteps, ui.Number(len(list)))
		}
		out = append(out, ui.Block{ID: id, Title: title, Meta: ui.Number(len(list)), Table: &t, None: none})
	}
	steps("leaves", "Would leave", "Nobody.", p.Leaves, func(x people.Step) []ui.Cell {
		why := "it does not say them any more"
		if x.After.End != "" && (x.Is == people.Leaving || x.After.End < today) {
			why = "last day " + x.After.End
		}
		return []ui.Cell{{Text: stateWords(x.Was)}, {Text: stateWords(x.Is)}, {Text: why}}
	}, ui.Column{Text: "Is"}, ui.Column{Text: "Would be"}, ui.Column{Text: "Because"})
	steps("joins", "Would be new", "Nobody.", p.Joins, func(x people.Step) []ui.Cell {
		return []ui.Cell{{Text: kindWords(x.After.Kind)}, {Text: stateWords(x.Is)}, {Text: x.After.Start}}
	}, ui.Column{Text: "Kind"}, ui.Column{Text: "State"}, ui.Column{Text: "First day"})
	steps("changes", "Would change", "Nobody.", p.Changes, func(x people.Step) []ui.Cell {
		var said []string
		for _, f := range x.Fields {
			if f == "manager" {
				said = append(said, "manager")
				continue
			}
			said = append(said, fmt.Sprintf("%s: %s → %s", f, screen.OrElse(x.Before.Text(f), "nothing"), screen.OrElse(x.After.Text(f), "nothing")))
		}
		if x.Was != x.Is {
			said = append(said, stateWords(x.Was)+" → "+stateWords(x.Is))
		}
		return []ui.Cell{{Text: strings.Join(said, "; ")}}
	}, ui.Column{Text: "What changes"})
	if len(p.Problems)+len(p.Doubts) > 0 {
		b := ui.Block{ID: "problems", Title: "To look at", Meta: ui.Number(len(p.Problems) + len(p.Doubts))}
		for _, x := range p.Problems[:min(50, len(p.Problems))] {
			text := screen.Sentence(x.Text)
			if x.Line > 0 {
				text = fmt.Sprintf("Line %d: %s", x.Line, text)
			}
			b.Text = append(b.Text, text)
		}
		if n := len(p.Doubts); n > 0 {
			b.Text = append(b.Text, ui.Many(n, "new person looks", "new people look")+" like somebody who is there. It is asked about afterwards.")
		}
		out = append(out, b)
	}
	return out
}

func planFigures(p *people.Plan) []ui.Figure {
	return []ui.Figure{{Term: "People in it", Value: ui.Number(p.Said)}, {Term: "Would leave", Value: ui.Number(len(p.Leaves)), Bad: p.Held != "", Note: fmt.Sprintf("%d go through by themselves", p.Bound)}, {Term: "Would be new", Value: ui.Number(len(p.Joins))}, {Term: "Would change", Value: ui.Number(len(p.Changes))}}
}

// preview shows what a reading would change; of a file, with a button that takes
// it over.
func (s *site) preview(w http.ResponseWriter, r *screen.Request, id string, p *people.Plan, file *peoplecsv.File, raw []byte) error {
	x, err := s.cfg.People.Source(r.Context(), r.Who, id)
	if err != nil {
		return err
	}
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Sources", Href: settings}, {Text: x.Name, Href: settings + "/" + x.ID}, {Text: "What would change"}}, Title: "What " + x.Name + " would change now", Notice: "Nothing is stored yet.", FactsOf: "What was read", Figures: planFigures(p), Blocks: planBlocks(r, p)}
	if p.Held != "" {
		rec.Warn, rec.Notice = true, "Nothing is stored yet. Taken over, it would wait for somebody else: "+p.Held+"."
	}
	if p.Empty() {
		rec.Notice = "It would change nothing."
	}
	rec.Facts = []ui.Fact{{Term: "Source", Links: []ui.Link{{Text: x.Name, Href: settings + "/" + x.ID}}}}
	if file != nil {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Written in", Text: file.Encoding}, ui.Fact{Term: "Columns parted by", Text: file.Separator}, ui.Fact{Term: "Lines", Text: ui.Number(file.Rows)}, ui.Fact{Term: "Columns", Text: asLines(file.Columns)})
		if len(file.Unused) > 0 {
			rec.Facts = append(rec.Facts, ui.Fact{Term: "Columns not used", Text: strings.Join(file.Unused, ", ")})
		}
		if !p.Empty() {
			rec.Action = ui.Form{ID: "take", Action: settings + "/" + x.ID + "/import", Button: "Take it over", Fields: []ui.Field{{Name: "looked", Kind: "hidden", Value: base64.StdEncoding.EncodeToString(raw)}}}
		}
	} else if !p.Empty() {
		rec.Action = ui.Form{ID: "take", Action: settings + "/" + x.ID + "/look", Button: "Read it now"}
	}
	return r.Render(w, http.StatusOK, ui.Record(r.Shell(w, "What would change", "Settings", "People's sources"), rec))
}

// held answers: what would this change of many do, and shall it?
func (s *site) held(w http.ResponseWriter, r *screen.Request) error {
	return s.showHeld(w, r, "", nil)
}

func (s *site) showHeld(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	g, p, err := s.cfg.People.Held(r.Context(), r.Who, r.PathValue("reading"))
	if err != nil {
		return err
	}
	x, err := s.cfg.People.Source(r.Context(), r.Who, g.Source)
	if err != nil {
		return err
	}
	names := r.Names([]string{g.MadeBy})
	by := "read by itself"
	if g.MadeBy != "" && g.MadeBy != "system" {
		by = "brought by " + screen.Who(names, g.MadeBy)
	}
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Sources", Href: settings}, {Text: x.Name, Href: settings + "/" + x.ID}, {Text: "What waits"}}, Title: screen.Capital(screen.OrElse(p.Held, "A change of many waits")), State: "waits", Line: []string{x.Name, r.Words.At(g.MadeAt).Text, by},
		FactsOf: "Why it waits", Figures: planFigures(p), Blocks: planBlocks(r, p),
		Facts: []ui.Fact{{Term: "A wrong export", Text: "A directory that is cut off or emptied looks as if people had left. Then logins would end and off-boarding would begin, for nothing."}, {Term: "Approved", Text: "What was held is applied as it was held: its digest is in the ledger."}, {Term: "Refused", Text: "Nobody is changed. A directory is read again as usual, and waits again if it still says so."}, {Term: "Digest", Text: g.Digest, Mono: true}}}
	if r.May(access.PeopleApprove) {
		approve := ui.Form{ID: "approve", Action: settings + "-readings/" + g.ID + "/approve", Button: fmt.Sprintf("Approve: %s", ui.Many(len(p.Leaves), "person leaves", "people leave")), Danger: len(p.Leaves) > 0, Summary: "It is right", Open: true}
		if g.MadeBy == r.Who.UserID {
			alone, err := s.cfg.Alone(r.Context(), r.Who, access.PeopleApprove)
			if err != nil {
				return err
			}
			if alone {
				approve.Fields = []ui.Field{{Name: "compensation", Label: "What stands in for a second person?", Hint: "You brought it, and nobody else here could approve it.", Must: true}}
			} else {
				approve, rec.Notice = ui.Form{}, "You brought it: somebody else approves it."
			}
		}
		refuse := ui.Form{ID: "refuse", Action: settings + "-readings/" + g.ID + "/refuse", Summary: "It is wrong", Quiet: true, Button: "Refuse it", Fields: []ui.Field{{Name: "why", Label: "Why", Hint: "Such as: the export was cut off.", Must: true}}}
		for _, f := range []*ui.Form{&approve, &refuse} {
			if f.ID != "" && f.ID == which {
				t.Fill(f)
			}
		}
		rec.Blocks = append([]ui.Block{{ID: "decide", Title: "Decide", Forms: []ui.Form{approve, refuse}}}, rec.Blocks...)
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, "What waits", "Settings", "People's sources"), rec))
}

func (s *site) decide(w http.ResponseWriter, r *screen.Request) error {
	id, verb := r.PathValue("reading"), r.PathValue("verb")
	g, _, err := s.cfg.People.Held(r.Context(), r.Who, id)
	if err != nil {
		return err
	}
	var got people.Looked
	switch verb {
	case "approve":
		got, err = s.cfg.People.Approve(r.Context(), r.Who, id, r.PostForm.Get("compensation"))
	case "refuse":
		err = s.cfg.People.Refuse(r.Context(), r.Who, id, r.PostForm.Get("why"))
	default:
		return fault.New(fault.NotFound, "nothing of a reading is called %q", verb)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showHeld(w, r, verb, t)
	}
	if verb == "approve" && got.Plan != nil {
		return s.went(w, r, g.Source, got)
	}
	return r.Done(w, "It is refused; nobody is changed.", settings+"/"+g.Source)
}
