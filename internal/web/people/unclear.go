package people

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const perForm = 30 // questions that a form asks at once

// unclear answers: who is who, and whose is what?
func (s *site) unclear(w http.ResponseWriter, r *screen.Request) error {
	ctx := r.Context()
	doubts, who, err := s.cfg.People.Doubts(ctx, r.Who)
	if err != nil {
		return err
	}
	asked, err := s.cfg.People.AccountsAsked(ctx, r.Who)
	if err != nil {
		return err
	}
	var ids []string
	for _, a := range asked {
		ids = append(ids, a.Person)
	}
	names, err := s.cfg.People.Names(ctx, ids)
	if err != nil {
		return err
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "People", Href: base}, {Text: "Who is who"}}, Title: ui.Many(len(doubts)+len(asked), "question is", "questions are") + " open about who is who", FactsOf: "How people are told apart",
		Facts: []ui.Fact{{Term: "By itself", Text: "Entries are one person by the same identifier, personnel number or address; an account is somebody's by the name that a source gives."}, {Term: "Asked about", Text: "The same name and nothing else; an account that is only like a name or an address."}, {Term: "Until then", Text: "A leaver with such an account counts as unclear, neither as gone nor as present."}}}
	pairs := ui.Table{Caption: "Entries that may be one person", Columns: []ui.Column{{Text: "Entry"}, {Text: "Other entry"}, {Text: "Why it is asked"}}}
	one := ui.Form{ID: "doubts", Action: base + "/unclear/doubts", Summary: "Answer", Open: true, Button: "Record the answers", Note: "One person cannot be made two again.", Quiet: true}
	for i, d := range doubts {
		a, b := who[d.Person], who[d.Other]
		pairs.Rows = append(pairs.Rows, ui.TableRow{Head: ui.Link{Text: a.Name, Href: base + "/" + a.ID}, Meta: dash(a.Mail, a.Title, stateWords(a.State)), Cells: []ui.Cell{{Links: []ui.Link{{Text: b.Name, Href: base + "/" + b.ID}}, Meta: dash(b.Mail, b.Title, stateWords(b.State))}, {Text: d.Why}}})
		if i < perForm {
			one.Fields = append(one.Fields, ui.Field{Name: "d-" + d.Person + "-" + d.Other, Label: fmt.Sprintf("%s (%s) and %s (%s)", a.Name, screen.OrElse(a.Mail, "no address"), b.Name, screen.OrElse(b.Mail, "no address")), Kind: "select",
				Options: []ui.Option{{Text: "Not decided"}, {Value: "same", Text: "Are one person"}, {Value: "different", Text: "Are two people"}}})
		}
	}
	accounts := ui.Table{Caption: "Accounts of which nobody has said whose they are", Columns: []ui.Column{{Text: "Account"}, {Text: "Where"}, {Text: "May be"}, {Text: "Since"}}}
	whose := ui.Form{ID: "accounts", Action: base + "/unclear/accounts", Summary: "Answer", Open: true, Button: "Record the answers", Quiet: true}
	for i, a := range asked {
		name := screen.OrElse(names[a.Person], a.Person)
		where := ui.Cell{Text: a.PlaceName}
		if r.May(access.HostRead) {
			where = ui.Cell{Links: []ui.Link{{Text: a.PlaceName, Href: "/hosts/" + a.Place}}}
		}
		accounts.Rows = append(accounts.Rows, ui.TableRow{Head: ui.Link{Text: a.Name}, Mono: true, Cells: []ui.Cell{where, {Links: []ui.Link{{Text: name, Href: base + "/" + a.Person}}}, {Moment: r.Words.At(a.FirstAt)}}})
		if i < perForm {
			whose.Fields = append(whose.Fields, ui.Field{Name: "a-" + a.ID, Label: fmt.Sprintf("Whose is %s on %s?", a.Name, a.PlaceName), Kind: "select",
				Options: []ui.Option{{Text: "Not decided"}, {Value: "yes", Text: "Is " + name + "'s"}, {Value: "no", Text: "Is not " + name + "'s"}}})
		}
	}
	if !r.May(access.PeopleEdit) {
		one.Action, whose.Action = "", ""
	}
	entries := ui.Block{ID: "doubts", Title: "Entries that may be one person", Table: &pairs, None: "Nobody looks like somebody else."}
	if len(one.Fields) > 0 {
		entries.Forms = []ui.Form{one}
	}
	theirs := ui.Block{ID: "accounts", Title: "Accounts that may be somebody's", Table: &accounts, None: "No account is only like somebody's name."}
	if len(whose.Fields) > 0 {
		theirs.Forms = []ui.Form{whose}
	}
	v.Blocks = []ui.Block{entries, theirs}
	return r.Render(w, http.StatusOK, ui.Record(r.Shell(w, "Who is who", "Organise", "People"), v))
}

// tell records answers: each of a field by itself, so that one that is refused
// leaves the others.
func (s *site) tell(w http.ResponseWriter, r *screen.Request) error {
	prefix := map[string]string{"doubts": "d-", "accounts": "a-"}[r.PathValue("verb")]
	if prefix == "" {
		return fault.New(fault.NotFound, "nothing is asked under %q", r.PathValue("verb"))
	}
	n := 0
	for name, values := range r.PostForm {
		id, ok := strings.CutPrefix(name, prefix)
		if !ok || values[0] == "" {
			continue
		}
		var err error
		if prefix == "a-" {
			err = s.say(r.Context(), r.Who, id, values[0])
		} else if a, b, both := strings.Cut(id, "-"); !both || values[0] != "same" && values[0] != "different" {
			err = fault.New(fault.Invalid, "say whether they are one or two")
		} else {
			err = s.cfg.People.Tell(r.Context(), r.Who, a, b, values[0] == "same")
		}
		if fault.Is(err, fault.NotFound) && prefix == "d-" {
			continue // an answer before made one of them somebody else
		}
		if err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		return r.Done(w, "Nothing was decided.", base+"/unclear")
	}
	return r.Done(w, ui.Many(n, "answer is", "answers are")+" recorded.", base+"/unclear")
}
