package work

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/raci"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func (s *site) raciRows(r *screen.Request) (shown, all []raci.Row, err error) {
	q := r.URL.Query()
	kind, about, text := q.Get("kind"), q.Get("about"), strings.ToLower(q.Get("q"))
	if kind != "" && kind != raci.Control && kind != raci.Data {
		return nil, nil, fault.New(fault.Invalid, "%q is nothing that somebody answers for here", kind)
	}
	if about != "" && about != "gaps" && about != "said" {
		return nil, nil, fault.New(fault.Invalid, "%q is nothing that responsibilities are chosen by", about)
	}
	if all, err = s.cfg.RACI.List(r.Context(), r.Who); err != nil {
		return nil, nil, err
	}
	for _, x := range all {
		if (kind == "" || x.Kind == kind) && (about == "" || about == "gaps" && len(x.Gaps) > 0 || about == "said" && x.Said) && (text == "" || strings.Contains(strings.ToLower(x.Ref+" "+x.Title), text)) {
			shown = append(shown, x)
		}
	}
	return shown, all, nil
}

func named(list []string, name func(string) string) string {
	out := make([]string, len(list))
	for i, x := range list {
		if out[i] = x; raci.IsUser(x) {
			out[i] = name(x)
		}
	}
	return strings.Join(out, ", ")
}

func one(x string) []string {
	if x == "" {
		return nil
	}
	return []string{x}
}

func (s *site) raciList() screen.List {
	type x = raci.Row
	return screen.Declare(screen.List{Name: "responsibilities", Title: "Responsibilities", Pattern: "GET /responsibilities", Action: access.RaciRead}, screen.Whole(func(r *screen.Request) ([]x, error) {
		shown, _, err := s.raciRows(r)
		return shown, err
	}), func(r x) []string { return r.All() },
		screen.Column[x]{Key: "title", Title: "Control or data", Head: "=", Width: 50, Value: func(_ *screen.Cells, r x) any { return r.Title }},
		screen.Column[x]{Key: "kind", Title: "Kind", Width: 12, Value: func(_ *screen.Cells, r x) any { return r.Kind }},
		screen.Column[x]{Key: "ref", Title: "Name", Width: 30, Value: func(_ *screen.Cells, r x) any { return r.Ref }},
		screen.Column[x]{Key: "responsible", Title: "Responsible", Head: "=", Width: 30, Value: func(c *screen.Cells, r x) any { return named(r.Responsible, c.Name) }},
		screen.Column[x]{Key: "accountable", Title: "Accountable", Head: "=", Width: 30, Value: func(c *screen.Cells, r x) any { return named(one(r.Accountable), c.Name) }},
		screen.Column[x]{Key: "consulted", Title: "Consulted", Head: "=", Width: 30, Value: func(c *screen.Cells, r x) any { return named(r.Consulted, c.Name) }},
		screen.Column[x]{Key: "informed", Title: "Informed", Head: "=", Width: 30, Value: func(c *screen.Cells, r x) any { return named(r.Informed, c.Name) }},
		screen.Column[x]{Key: "said", Title: "Said by a person", Value: func(_ *screen.Cells, r x) any { return r.Said }},
		screen.Column[x]{Key: "gaps", Title: "Gaps", Head: "=", Width: 40, Value: func(_ *screen.Cells, r x) any { return strings.Join(r.Gaps, "; ") }},
	)
}

func raciPath(x raci.Subject) string { return "/responsibilities/" + x.Kind + "/" + x.Ref }

// responsibilities answers: who answers for what, and for what does nobody?
func (s *site) responsibilities(w http.ResponseWriter, r *screen.Request) error {
	shown, all, err := s.raciRows(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	reset := func(pairs ...string) string {
		return screen.With(q, "/responsibilities", append(pairs, "after", "")...)
	}
	chip := func(text, field, value string, fits func(raci.Row) bool) ui.Chip {
		n := 0
		for _, x := range all {
			if fits(x) {
				n++
			}
		}
		return ui.Chip{Text: fmt.Sprintf("%s %d", text, n), Href: reset(field, value), Current: q.Get(field) == value}
	}
	holes := 0
	for _, x := range all {
		if len(x.Gaps) > 0 {
			holes++
		}
	}
	v := ui.ListView{Title: "Somebody answers for everything", Note: "Of each control in use and each set of data: who does it, the one who answers for it, whose word is asked before, who hears of it after. What nobody said is proposed by its own record, and counts as a gap.",
		Labels: []string{"Kind", "Gaps"}, Undo: "/responsibilities", None: "Nothing matches.",
		Chips: [][]ui.Chip{{chip("All", "kind", "", func(raci.Row) bool { return true }), chip("Controls", "kind", raci.Control, func(x raci.Row) bool { return x.Kind == raci.Control }), chip("Data", "kind", raci.Data, func(x raci.Row) bool { return x.Kind == raci.Data })},
			{{Text: "Whatever", Href: reset("about", ""), Current: q.Get("about") == ""}, chip("With gaps", "about", "gaps", func(x raci.Row) bool { return len(x.Gaps) > 0 }), chip("Said by a person", "about", "said", func(x raci.Row) bool { return x.Said })}},
		Search: ui.SearchBox{Path: "/responsibilities", Value: q.Get("q"), Label: "Control or data", Hidden: slices.Concat(screen.Hidden("kind", q.Get("kind")), screen.Hidden("about", q.Get("about")))}}
	if holes > 0 {
		v.Title = ui.Many(holes, "thing has", "things have") + " a gap in who answers for it"
	}
	if len(all) == 0 {
		v.Title = "There is nothing yet that somebody could answer for"
		v.Empty = &ui.Empty{Title: "Begin with controls", Text: "Each control in use and each set of data stands here by itself, with who is responsible, accountable, consulted and informed.", Criteria: []ui.Link{{Text: "CC1.3", Href: "/criteria/CC1.3"}, {Text: "CC1.5", Href: "/criteria/CC1.5"}}, Actions: []ui.Link{{Text: "Choose controls", Href: "/controls/library"}}}
	}
	page := shown
	if after := q.Get("after"); after != "" {
		page = page[slices.IndexFunc(page, func(x raci.Row) bool { return x.Kind+"/"+x.Ref == after })+1:]
	}
	next := ""
	if len(page) > screen.PageSize {
		page = page[:screen.PageSize]
		next = page[len(page)-1].Kind + "/" + page[len(page)-1].Ref
	}
	var ids []string
	for _, x := range page {
		ids = append(ids, x.All()...)
	}
	names := r.Names(ids)
	name := func(id string) string { return screen.Who(names, id) }
	v.Table = ui.Table{Caption: "Who answers for what", Columns: []ui.Column{{Text: "Control or data"}, {Text: "Responsible"}, {Text: "Accountable"}, {Text: "Consulted"}, {Text: "Informed"}, {Text: "Gaps"}}}
	for _, x := range page {
		who := func(list []string) ui.Cell {
			if len(list) == 0 {
				return ui.Cell{Text: "none", Muted: true}
			}
			return ui.Cell{Text: named(list, name), Muted: !x.Said}
		}
		gap := ui.Cell{Text: "none", Muted: true}
		if len(x.Gaps) > 0 {
			gap = ui.Cell{Text: strings.Join(x.Gaps, "; "), Bad: true}
		}
		row := ui.TableRow{Head: ui.Link{Text: x.Title, Href: raciPath(x.Subject)}, Meta: x.Kind + " · " + x.Ref, Cells: []ui.Cell{who(x.Responsible), who(one(x.Accountable)), who(x.Consulted), who(x.Informed), gap}}
		if !x.Said {
			row.Tag = "proposed"
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Table.Pager = screen.Pager(len(page), int64(len(shown)), q, "/responsibilities", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Responsibilities", "Organise", "Responsibilities"), v))
}

// responsibility answers: who answers for this, and since when?
func (s *site) responsibility(w http.ResponseWriter, r *screen.Request) error {
	return s.showResponsibility(w, r, nil)
}

func (s *site) showResponsibility(w http.ResponseWriter, r *screen.Request, typed *screen.Typed) error {
	x, history, err := s.cfg.RACI.Get(r.Context(), r.Who, r.PathValue("kind"), r.PathValue("ref"))
	if err != nil {
		return err
	}
	ids := x.All()
	for _, v := range history {
		ids = append(append(ids, v.All()...), v.MadeBy)
	}
	names := r.Names(ids)
	name := func(id string) string { return screen.Who(names, id) }
	fact := func(term string, list []string) ui.Fact {
		if len(list) == 0 {
			return ui.Fact{Term: term, Text: "none", Muted: true}
		}
		return ui.Fact{Term: term, Text: named(list, name)}
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Responsibilities", Href: "/responsibilities"}, {Text: x.Ref}}, Title: x.Title, FactsOf: "Who answers", Zone: "times in " + r.Words.Zone.String(), State: map[bool]string{true: "said", false: "proposed"}[x.Said],
		Links: []ui.Link{{Text: "Open the " + x.Kind, Href: x.Path}}, Facts: []ui.Fact{fact("Responsible", x.Responsible), fact("Accountable", one(x.Accountable)), fact("Consulted", x.Consulted), fact("Informed", x.Informed)}}
	if len(x.Gaps) > 0 {
		v.Warn, v.Notice = true, screen.Sentence(strings.Join(x.Gaps, "; "))
	}
	if r.May(access.RaciEdit) {
		people, err := s.cfg.RACI.People(r.Context(), r.Who)
		if err != nil {
			return err
		}
		options := func(chosen []string) []ui.Option {
			var out []ui.Option
			for _, p := range people {
				out = append(out, ui.Option{Value: p.ID, Text: p.Name, Selected: slices.Contains(chosen, p.ID)})
			}
			return out
		}
		roles := func(list []string) string {
			return strings.Join(slices.DeleteFunc(slices.Clone(list), raci.IsUser), ", ")
		}
		accountable := append([]ui.Option{{Value: "", Text: "A role, in words below"}}, options(one(x.Accountable))...)
		f := ui.Form{ID: "raci", Action: raciPath(x.Subject), Button: "Keep", Open: true, Note: "People by name, roles in words between commas. Exactly one is accountable.", Fields: []ui.Field{
			{Name: "accountable", Label: "Accountable", Kind: "select", Options: accountable}, {Name: "accountable_role", Label: "Accountable: a role in words", Value: roles(one(x.Accountable))},
			{Name: "responsible", Label: "Responsible", Kind: "many", Options: options(x.Responsible)}, {Name: "responsible_roles", Label: "Responsible: roles in words", Value: roles(x.Responsible)},
			{Name: "consulted", Label: "Consulted", Kind: "many", Options: options(x.Consulted)}, {Name: "consulted_roles", Label: "Consulted: roles in words", Value: roles(x.Consulted)},
			{Name: "informed", Label: "Informed", Kind: "many", Options: options(x.Informed)}, {Name: "informed_roles", Label: "Informed: roles in words", Value: roles(x.Informed)},
			{Name: "note", Label: "What changed and why"}, {Name: "base", Kind: "hidden", Value: fmt.Sprint(len(history))}}}
		typed.Fill(&f)
		v.Blocks = append(v.Blocks, ui.Block{ID: "say", Title: "Say who answers for it", Forms: []ui.Form{f}})
	}
	for _, h := range slices.Backward(history) {
		text := "Accountable: " + named(one(h.Accountable), name) + ". Responsible: " + named(h.Responsible, name)
		if h.Note != "" {
			text += ": “" + h.Note + "”"
		}
		v.History = append(v.History, ui.Step{At: r.Words.At(h.MadeAt), Text: text, By: "by " + name(h.MadeBy), Entry: screen.EntryLink(h.Entry, h.Index)})
	}
	return r.Render(w, typed.Status(), ui.Record(r.Shell(w, x.Title, "Organise", "Responsibilities"), v))
}

func (s *site) setResponsibility(w http.ResponseWriter, r *screen.Request) error {
	f := r.PostForm
	both := func(name string) []string {
		return append(slices.Clone(f[name]), screen.Listed(f.Get(name+"_roles"))...)
	}
	roles := raci.Roles{Accountable: screen.OrElse(f.Get("accountable"), f.Get("accountable_role")), Responsible: both("responsible"), Consulted: both("consulted"), Informed: both("informed")}
	base := 0
	if _, err := fmt.Sscan(f.Get("base"), &base); err != nil {
		return fault.New(fault.Invalid, "the form says no version that was looked at").At("", 0, "base")
	}
	x, err := s.cfg.RACI.Set(r.Context(), r.Who, r.PathValue("kind"), r.PathValue("ref"), base, roles, f.Get("note"))
	if err != nil {
		typed, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showResponsibility(w, r, typed)
	}
	return r.Done(w, "It is kept who answers for it.", raciPath(x.Subject))
}
