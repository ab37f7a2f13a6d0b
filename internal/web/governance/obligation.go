package governance

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/obligation"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// laws gives the obligations that an address asks for.
func (s *site) laws(r *screen.Request) ([]obligation.Row, error) {
	q := r.URL.Query()
	about, text := q.Get("about"), strings.ToLower(q.Get("q"))
	if about != "" && about != "late" && about != "failing" && about != "ended" {
		return nil, fault.New(fault.Invalid, "%q is nothing that laws are chosen by", about)
	}
	rows, err := s.cfg.Obligations.List(r.Context(), r.Who)
	return slices.DeleteFunc(rows, func(x obligation.Row) bool {
		return about == "late" && !x.Late || about == "failing" && x.Failing == 0 || about == "ended" && x.Ended == "" || text != "" && !strings.Contains(strings.ToLower(x.Ref+" "+x.Profile.Title+" "+x.Profile.Where), text)
	}), err
}

// obligations answers: what binds us, who follows it, and when was it last looked at?
func (s *site) obligations(w http.ResponseWriter, r *screen.Request) error {
	return s.showObligations(w, r, nil)
}

func (s *site) lawFields(r *screen.Request, p obligation.Profile) ([]ui.Field, error) {
	promises, err := s.cfg.Obligations.Promises(r.Context())
	if err != nil {
		return nil, err
	}
	rests := ui.Field{Name: "commitments", Label: "Commitments that rest on it", Kind: "many"}
	var ids []string
	for id := range promises {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		rests.Options = append(rests.Options, ui.Option{Value: id, Text: id + ": " + screen.Cut(promises[id], 100), Selected: slices.Contains(p.Promises, id)})
	}
	months, hours := "12", ""
	if p.Months > 0 {
		months = strconv.Itoa(p.Months)
	}
	if p.BreachHrs > 0 {
		hours = strconv.Itoa(p.BreachHrs)
	}
	out := []ui.Field{{Name: "title", Label: "What is it called?", Value: p.Title, Must: true}, screen.Choice("sort", "What is it?", "", p.Sort, obligation.Sorts()...), {Name: "where", Label: "Jurisdiction and citation, or parties and number", Value: p.Where, Must: true},
		{Name: "asks", Label: "What does it ask of us?", Kind: "long", Value: p.Asks, Must: true}, {Name: "applies", Label: "Why does it apply to us?", Kind: "long", Value: p.Applies, Must: true}, {Name: "owner", Label: "Who follows it?", Hint: "Their login; empty: you, or as now."},
		{Name: "months", Label: "Looked at every so many months", Value: months, Must: true}, {Name: "controls", Label: "Controls that follow it", Hint: "Short names of controls in use, between commas.", Value: screen.Joined(p.Controls)}, {Name: "data", Label: "Data that it is about", Hint: "Numbers of the inventory, such as D-3.", Value: screen.Joined(p.Data)},
		{Name: "breach_hours", Label: "Asks to tell of a breach within hours", Hint: "Empty where it does not.", Value: hours}}
	if len(rests.Options) > 0 {
		out = append(out, rests)
	}
	return out, nil
}

func (s *site) showObligations(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	shown, err := s.laws(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	all, err := s.cfg.Obligations.List(r.Context(), r.Who)
	if err != nil {
		return err
	}
	chip := func(text, about string) ui.Chip {
		return ui.Chip{Text: text, Href: screen.With(q, "/obligations", "about", about, "after", ""), Current: q.Get("about") == about}
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Governance", Href: "/governance"}, {Text: "Laws and contracts"}}, Title: ui.Many(len(all), "law, contract or rule", "laws, contracts and rules"), Note: "What binds us, why, who follows it, and which commitments, controls and data it bears on.",
		Chips: [][]ui.Chip{{chip("All", ""), chip("Look is late", "late"), chip("Something fails", "failing"), chip("Applies no more", "ended")}}, Labels: []string{"What holds"}, Undo: "/obligations", None: "None matches.", Search: ui.SearchBox{Path: "/obligations", Value: q.Get("q"), Label: "Title, citation, number", Hidden: screen.Hidden("about", q.Get("about"))},
		Table: ui.Table{Caption: "Laws, contracts and rules", Columns: []ui.Column{{Text: "Law or contract"}, {Text: "Kind"}, {Text: "Controls"}, {Text: "Owner"}, {Text: "Look due"}, {Text: "Failing", N: true}}}}
	if len(all) == 0 {
		v.Title = "No law or contract is written down"
		v.Empty = &ui.Empty{Title: "Begin with what customers' contracts and data protection ask", Text: "The law on personal data where your customers are, the contract that most customers sign, what your provider asks of you. Each with who follows it and which control does.", Criteria: screen.CriteriaLinks([]string{"CC3.1", "CC2.3"}), Until: "Until then nothing shows that somebody knows what binds you."}
	}
	page, next := screen.CutPage(r.Request, shown, func(x obligation.Row) string { return x.Ref })
	var people []string
	for _, x := range page {
		people = append(people, x.Profile.Owner)
	}
	names := r.Names(people)
	for _, x := range page {
		due := ui.Cell{Text: screen.OrElse(string(x.Due), "applies no more"), Bad: x.Late}
		if x.Late {
			due.Meta = "late"
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Profile.Title, Href: "/obligations/" + x.Ref}, Meta: x.Ref + " · " + x.Profile.Where, Cells: []ui.Cell{{Text: word(obligation.Sorts(), x.Profile.Sort)}, controls(x.Profile.Controls), {Text: screen.Who(names, x.Profile.Owner)}, due, {Text: fmt.Sprint(x.Failing), N: true, Bad: x.Failing > 0, Muted: x.Failing == 0}}})
	}
	v.Table.Pager = screen.Pager(len(page), int64(len(shown)), q, "/obligations", next)
	if r.May(access.GovernanceEdit) {
		fields, err := s.lawFields(r, obligation.Profile{})
		if err != nil {
			return err
		}
		v.Form = ui.Form{ID: "enter", Action: "/obligations", Summary: "Enter a law, contract or rule", Button: "Enter it", Open: len(all) == 0, Quiet: len(all) > 0, Fields: fields}
		t.Fill(&v.Form)
	}
	return r.Render(w, t.Status(), ui.List(s.shell(w, r, "Laws and contracts"), v))
}

func controls(list []string) ui.Cell {
	if len(list) == 0 {
		return ui.Cell{Text: "none", Bad: true}
	}
	var c ui.Cell
	for _, slug := range list {
		c.Links = append(c.Links, ui.Link{Text: slug, Href: "/controls/" + slug})
	}
	return c
}

func (s *site) enter(w http.ResponseWriter, r *screen.Request) error {
	in := obligation.Enter{}
	err := screen.Decode(r.PostForm, &in, r.Words.Zone)
	var x obligation.Row
	if err == nil {
		x, err = s.cfg.Obligations.Enter(r.Context(), r.Who, in)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showObligations(w, r, t)
	}
	return r.Done(w, x.Ref+" is in the register.", "/obligations/"+x.Ref)
}

var following = map[string]func() register.Change[obligation.Obligation, obligation.World]{
	"describe": func() register.Change[obligation.Obligation, obligation.World] { return &obligation.Describe{} }, "review": func() register.Change[obligation.Obligation, obligation.World] { return &obligation.Look{} },
	"end": func() register.Change[obligation.Obligation, obligation.World] { return &obligation.End{} },
}

func (s *site) recordObligation(w http.ResponseWriter, r *screen.Request) error {
	ref, name := r.PathValue("ref"), r.PathValue("verb")
	make, known := following[name]
	if !known {
		return fault.New(fault.NotFound, "nothing of a law or contract is called %q", name)
	}
	c := make()
	err := screen.Decode(r.PostForm, c, r.Words.Zone)
	var x obligation.Row
	if err == nil {
		x, err = s.cfg.Obligations.Record(r.Context(), r.Who, ref, c)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showObligation(w, r, name, t)
	}
	return r.Done(w, screen.Sentence(screen.Cut(x.History[len(x.History)-1].Text, 120)), "/obligations/"+x.Ref)
}

func (s *site) obligation(w http.ResponseWriter, r *screen.Request) error {
	return s.showObligation(w, r, "", nil)
}

func (s *site) showObligation(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	x, err := s.cfg.Obligations.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	names := r.Names(append(makers(x.History), x.Profile.Owner))
	promises, err := s.cfg.Obligations.Promises(r.Context())
	if err != nil {
		return err
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Governance", Href: "/governance"}, {Text: "Laws and contracts", Href: "/obligations"}, {Text: x.Ref}}, Title: x.Profile.Title, Line: []string{x.Ref, word(obligation.Sorts(), x.Profile.Sort), x.Profile.Where, "followed by " + screen.Who(names, x.Profile.Owner)}, FactsOf: "What it bears on", History: history(r, x.History, names), Zone: "times in " + r.Words.Zone.String()}
	if x.Ended != "" {
		v.Notice = "It applies no more since " + string(x.Ended) + ": " + x.Why
	}
	if x.Failing > 0 {
		v.Bad = ui.Many(x.Failing, "thing does not hold", "things do not hold")
	}
	for _, id := range x.Profile.Promises {
		v.Facts = append(v.Facts, ui.Fact{Term: "Commitment " + id, Text: screen.OrElse(promises[id], "not in the scope any more")})
	}
	v.Facts = append(v.Facts, ui.Fact{Term: "Controls", Links: controls(x.Profile.Controls).Links})
	for _, ref := range x.Profile.Data {
		v.Facts = append(v.Facts, ui.Fact{Term: "Data", Links: []ui.Link{{Text: ref, Href: "/data/" + ref}}})
	}
	if x.Profile.BreachHrs > 0 {
		v.Facts = append(v.Facts, ui.Fact{Term: "A breach is told within", Text: ui.Many(x.Profile.BreachHrs, "hour", "hours")})
	}
	h := ui.Table{Caption: "Questions with outcome and reason", Columns: []ui.Column{{Text: "Question"}, {Text: "Outcome"}, {Text: "Because"}}}
	for _, a := range x.Judged {
		h.Rows = append(h.Rows, ui.TableRow{Head: ui.Link{Text: a.Title}, Cells: []ui.Cell{{Outcome: ui.Outcome(a.Outcome)}, {Text: a.Reason}}})
	}
	looks := ui.Table{Caption: "Days by which it was to be looked at, newest first", Columns: []ui.Column{{Text: "By"}, {Text: "Looked at"}, {Text: "By whom"}}}
	for _, d := range slices.Backward(x.Dues()) {
		looks.Rows = append(looks.Rows, ui.TableRow{Head: ui.Link{Text: string(d.Day)}, Cells: []ui.Cell{{Text: screen.OrElse(string(d.Done), map[bool]string{true: "applies no more", false: "not yet"}[d.Closed]), Muted: d.Done == "", Bad: d.Done > d.Day}, {Text: screen.Who(names, d.By)}}})
	}
	v.Blocks = []ui.Block{{ID: "asks", Title: "What it asks", Meta: fmt.Sprintf("version %d", x.Version), Text: []string{x.Profile.Asks, "Why it applies: " + x.Profile.Applies}}, {ID: "holds", Title: "What holds", Table: &h}, {ID: "looks", Title: "Looks", Table: &looks}}
	if x.Ended == "" {
		fields, err := s.lawFields(r, x.Profile)
		if err != nil {
			return err
		}
		v.Blocks[2].Forms = screen.Forms(r, "/obligations/"+x.Ref, which, t,
			screen.Verb{Name: "review", Action: access.GovernanceEdit, Button: "Record the look", Open: "Record that it was looked at", Fields: []ui.Field{screen.LongField("looked", "What was read, and what was found", "", true), screen.Choice("changed", "It asks something else than before", "Then write it anew as well.", "no", [2]string{"no", "No"}, [2]string{"yes", "Yes"})}},
			screen.Verb{Name: "describe", Action: access.GovernanceEdit, Button: "Record it", Open: "Write it anew", Fields: append(fields, screen.LongField("note", "What changed, and why", "", true))},
			screen.Verb{Name: "end", Action: access.GovernanceApprove, Button: "Record it", Open: "It applies no more", Danger: true, Fields: []ui.Field{screen.DayField("since", "Since", ""), screen.LongField("why", "Why", "", true)}})
	}
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, x.Profile.Title), v))
}
