package questions

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// shown gives the data sets that an address asks for, and all that are not retired.
func (s *site) shown(r *screen.Request) (rows, all []question.Data, err error) {
	q := r.URL.Query()
	class, show, text := question.Class(q.Get("class")), q.Get("show"), strings.ToLower(q.Get("q"))
	if class != "" && !slices.Contains(question.Classes(), class) {
		return nil, nil, fault.New(fault.Invalid, "%q is no class", string(class))
	}
	sets, err := s.cfg.Questions.Inventory(r.Context(), r.Who)
	for _, d := range sets {
		now := d.Now()
		if !now.Retired {
			all = append(all, d)
		}
		if now.Retired != (show == "retired") || class != "" && now.Classification != class || show == "lacks" && len(now.Lacks()) == 0 ||
			text != "" && !strings.Contains(strings.ToLower(now.Name+" "+now.Holds+" "+now.Owner), text) {
			continue
		}
		rows = append(rows, d)
	}
	return rows, all, err
}

// inventory answers: which data do we hold, who answers for it, and where is it?
func (s *site) inventory(w http.ResponseWriter, r *screen.Request) error {
	rows, all, err := s.shown(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	by, lacks := map[question.Class]int{}, 0
	for i := range all {
		by[all[i].Now().Classification]++
		if len(all[i].Now().Lacks()) > 0 {
			lacks++
		}
	}
	chip := func(text, key, value string) ui.Chip {
		return ui.Chip{Text: text, Href: screen.With(q, "/data", key, value), Current: q.Get(key) == value}
	}
	classes := []ui.Chip{chip(fmt.Sprintf("All %d", len(all)), "class", "")}
	for _, c := range question.Classes() {
		classes = append(classes, chip(fmt.Sprintf("%s %d", screen.Capital(string(c)), by[c]), "class", string(c)))
	}
	v := ui.ListView{Title: ui.Many(len(all), "data set", "data sets"), Note: "What is held, who answers for it, how it is classified, how long it is kept, where it lives, how it moves and who has access.",
		Labels: []string{"Class", "Show"}, Chips: [][]ui.Chip{classes, {chip("In use", "show", ""), chip(fmt.Sprintf("Something lacks %d", lacks), "show", "lacks"), chip("Retired", "show", "retired")}}, Undo: "/data", None: "No data set matches.",
		More:   []ui.Link{{Text: "Who has access", Href: "/data/accounts"}},
		Search: ui.SearchBox{Path: "/data", Value: q.Get("q"), Label: "Name, owner", Hidden: slices.Concat(screen.Hidden("class", q.Get("class")), screen.Hidden("show", q.Get("show")))},
		Table:  ui.Table{Caption: "Data sets", Columns: []ui.Column{{Text: "Data set"}, {Text: "Class"}, {Text: "Owner"}, {Text: "Retention"}, {Text: "Lives"}, {Text: "Moves"}, {Text: "Access", N: true}}}}
	if r.May(access.DataEdit) {
		v.Action = ui.Link{Text: "Add a data set", Href: "/data/new"}
	}
	if len(all) == 0 && q.Get("show") == "" {
		v.Title = "The inventory of data is empty"
		v.Empty = &ui.Empty{Title: "Begin with the first questions", Text: "Seventeen questions in plain words. From what you hold they make the lines of this inventory, with a class and a retention to start from; you name the owners.",
			Criteria: []ui.Link{{Text: "CC6.1", Href: "/criteria/CC6.1"}, {Text: "C1.1", Href: "/criteria/C1.1"}}, Until: "Until then nothing says what is guarded.", Actions: []ui.Link{{Text: "First questions", Href: "/questions/first"}}}
		if r.May(access.DataEdit) {
			v.Empty.Actions = append(v.Empty.Actions, ui.Link{Text: "Add a data set", Href: "/data/new"})
		}
	}
	said := func(text string) ui.Cell {
		if text == "" {
			return ui.Cell{Text: "not said", Bad: true}
		}
		return ui.Cell{Text: text}
	}
	for _, d := range rows {
		now := d.Now()
		row := ui.TableRow{Head: ui.Link{Text: now.Name, Href: "/data/" + d.Ref()}, Meta: d.Ref()}
		if now.Personal {
			row.Tag = "personal"
		}
		row.Cells = []ui.Cell{said(string(now.Classification)), said(now.Owner), said(now.Retention), said(strings.Join(now.Lives, "; ")), said(strings.Join(now.Moves, "; ")), {Text: strconv.Itoa(len(now.Access)), N: true, Bad: len(now.Access) == 0}}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Table.Pager.Text = fmt.Sprintf("%d shown", len(rows))
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Data", "Organise", "Data"), v))
}

func (s *site) dataList() screen.List {
	type x = question.Data
	read := func(r *screen.Request) ([]x, error) {
		rows, _, err := s.shown(r)
		return rows, err
	}
	col := func(key, title, head string, width float64, value func(d question.DataVersion) any) screen.Column[x] {
		return screen.Column[x]{Key: key, Title: title, Head: head, Width: width, Value: func(_ *screen.Cells, d x) any { return value(d.Now()) }}
	}
	return screen.Declare(screen.List{Name: "data", Title: "Data sets", Pattern: "GET /data", Action: access.DataRead}, screen.Whole(read), nil,
		screen.Column[x]{Key: "number", Title: "Number", Width: 8, Value: func(_ *screen.Cells, d x) any { return d.Ref() }},
		col("name", "Data set", "=", 30, func(d question.DataVersion) any { return d.Name }),
		col("holds", "What it is", "", 40, func(d question.DataVersion) any { return d.Holds }),
		col("classification", "Class", "=", 14, func(d question.DataVersion) any { return string(d.Classification) }),
		col("personal", "Personal data", "", 10, func(d question.DataVersion) any { return d.Personal }),
		col("owner", "Owner", "=", 20, func(d question.DataVersion) any { return d.Owner }),
		col("retention", "Retention", "=", 30, func(d question.DataVersion) any { return d.Retention }),
		col("lives", "Lives", "=", 30, func(d question.DataVersion) any { return strings.Join(d.Lives, "; ") }),
		col("moves", "Moves", "=", 30, func(d question.DataVersion) any { return strings.Join(d.Moves, "; ") }),
		col("access", "Access", "=", 40, func(d question.DataVersion) any {
			return strings.ReplaceAll(question.AccessLines(d.Access), "\n", "; ")
		}),
		col("lacks", "What nobody has said", "", 30, func(d question.DataVersion) any { return strings.Join(d.Lacks(), "; ") }),
	)
}

// accounts answers: who has access to data, over the whole inventory?
func (s *site) accounts(w http.ResponseWriter, r *screen.Request) error {
	sets, err := s.cfg.Questions.Inventory(r.Context(), r.Who)
	if err != nil {
		return err
	}
	all := question.Population(sets)
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Data", Href: "/data"}, {Text: "Who has access"}}, Title: ui.Many(len(all), "person, vendor or program has access", "people, vendors and programs have access"), Note: "The first population of accounts: what the inventory says. What systems themselves say is held against it later.",
		None: "Nobody is named in the inventory.", Table: ui.Table{Caption: "Who has access", Columns: []ui.Column{{Text: "Who"}, {Text: "Kind"}, {Text: "What they reach"}, {Text: "Data sets"}, {Text: "Highest class"}}}}
	for _, h := range all {
		var links []ui.Link
		for _, d := range h.Data {
			links = append(links, ui.Link{Text: d, Href: "/data/" + d})
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: h.Who}, Cells: []ui.Cell{{Text: kindWords(h.Kind)}, {Text: strings.Join(h.Reach, "; ")}, {Links: links}, {Text: string(h.Highest)}}})
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Who has access", "Organise", "Data"), v))
}

func (s *site) accountList() screen.List {
	type x = question.Holder
	read := func(r *screen.Request) ([]x, error) {
		sets, err := s.cfg.Questions.Inventory(r.Context(), r.Who)
		return question.Population(sets), err
	}
	col := func(key, title, head string, width float64, value func(h x) any) screen.Column[x] {
		return screen.Column[x]{Key: key, Title: title, Head: head, Width: width, Value: func(_ *screen.Cells, h x) any { return value(h) }}
	}
	return screen.Declare(screen.List{Name: "data-access", Title: "Who has access", Pattern: "GET /data/accounts", Action: access.DataRead}, screen.Whole(read), nil,
		col("who", "Who", "=", 30, func(h x) any { return h.Who }), col("kind", "Kind", "=", 16, func(h x) any { return kindWords(h.Kind) }),
		col("reach", "What they reach", "=", 40, func(h x) any { return strings.Join(h.Reach, "; ") }), col("data", "Data sets", "=", 20, func(h x) any { return strings.Join(h.Data, " ") }),
		col("highest", "Highest class", "=", 14, func(h x) any { return string(h.Highest) }))
}

// form is the form that writes a data set.
func form(d question.DataSet) ui.Form {
	classes := []ui.Option{{Value: "", Text: "not said yet", Selected: d.Classification == ""}}
	for _, c := range question.Classes() {
		classes = append(classes, ui.Option{Value: string(c), Text: string(c) + ": " + c.What(), Selected: c == d.Classification})
	}
	choice := func(name, label, no, yes string, is bool) ui.Field {
		return ui.Field{Name: name, Label: label, Kind: "select", Options: []ui.Option{{Value: "", Text: no, Selected: !is}, {Value: "yes", Text: yes, Selected: is}}}
	}
	return ui.Form{ID: "data", Action: "/data/new", Button: "Take it into the inventory", Fields: []ui.Field{
		{Name: "name", Label: "What it is called", Value: d.Name, Must: true}, {Name: "holds", Label: "What it is", Value: d.Holds, Kind: "long"},
		{Name: "owner", Label: "Who answers for it", Hint: "A role that somebody holds, or a person", Value: d.Owner}, {Name: "classification", Label: "Class", Kind: "select", Options: classes},
		choice("personal", "Personal data", "no", "yes, it is about people", d.Personal), {Name: "retention", Label: "How long it is kept", Hint: "And what ends it", Value: d.Retention},
		{Name: "lives", Label: "Where it lives", Hint: "One place on each line", Kind: "long", Value: strings.Join(d.Lives, "\n")}, {Name: "moves", Label: "How it moves", Hint: "One way on each line: to whom, by what, encrypted or not", Kind: "long", Value: strings.Join(d.Moves, "\n")},
		{Name: "access", Label: "Who has access", Hint: "One on each line, with its kind: staff, support, vendor or service. For example vendor: Hosting Ltd - backups", Kind: "long", Value: question.AccessLines(d.Access)}}}
}

func read(r *screen.Request) question.DataSet {
	lines := func(name string) []string { return question.Answer{Text: r.PostFormValue(name)}.Lines() }
	return question.DataSet{Name: r.PostFormValue("name"), Holds: r.PostFormValue("holds"), Owner: r.PostFormValue("owner"), Classification: question.Class(r.PostFormValue("classification")), Personal: r.PostFormValue("personal") == "yes",
		Retention: r.PostFormValue("retention"), Lives: lines("lives"), Moves: lines("moves"), Access: question.ParseAccess(r.PostFormValue("access")), Retired: r.PostFormValue("retired") == "yes"}
}

func (s *site) newData(w http.ResponseWriter, r *screen.Request) error { return s.showNew(w, r, nil) }

func (s *site) showNew(w http.ResponseWriter, r *screen.Request, typed *screen.Typed) error {
	f := form(question.DataSet{})
	typed.Fill(&f)
	return r.Render(w, typed.Status(), ui.FormPage(r.Shell(w, "Add a data set", "Organise", "Data"), ui.FormView{Crumbs: []ui.Link{{Text: "Data", Href: "/data"}, {Text: "Add"}}, Title: "Add a data set", Note: "Leave empty what nobody knows yet; the inventory shows what lacks.", Form: f}))
}

func (s *site) addData(w http.ResponseWriter, r *screen.Request) error {
	n, err := s.cfg.Questions.AddData(r.Context(), r.Who, read(r))
	if err != nil {
		typed, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showNew(w, r, typed)
	}
	return r.Done(w, "The data set is in the inventory.", fmt.Sprintf("/data/D-%d", n[0]))
}

// data answers: what do we know of this data, and who said so?
func (s *site) data(w http.ResponseWriter, r *screen.Request) error { return s.showData(w, r, nil) }

func (s *site) showData(w http.ResponseWriter, r *screen.Request, typed *screen.Typed) error {
	d, err := s.cfg.Questions.Data(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	now := d.Now()
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Data", Href: "/data"}, {Text: d.Ref()}}, Title: now.Name, State: screen.OrElse(string(now.Classification), "not classified"), FactsOf: "This data set", Zone: "times in " + r.Words.Zone.String()}
	if lacks := now.Lacks(); len(lacks) > 0 && !now.Retired {
		v.Warn, v.Notice = true, "Nobody has said yet: "+strings.Join(lacks, ", ")+"."
	}
	if now.Retired {
		v.Notice = "It is retired: it is held no more."
	}
	if now.Holds != "" {
		v.Blocks = append(v.Blocks, ui.Block{ID: "holds", Title: "What it is", Text: strings.Split(now.Holds, "\n")})
	}
	who := ui.Table{Caption: "Who has access", Columns: []ui.Column{{Text: "Who"}, {Text: "Kind"}, {Text: "What they reach"}}}
	for _, a := range now.Access {
		who.Rows = append(who.Rows, ui.TableRow{Head: ui.Link{Text: a.Who}, Cells: []ui.Cell{{Text: kindWords(a.Kind)}, {Text: screen.OrElse(a.Reach, "not said"), Muted: a.Reach == ""}}})
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "access", Title: "Who has access", Table: &who, None: "Nobody is named."},
		ui.Block{ID: "lives", Title: "Where it lives", Text: orNobody(now.Lives)}, ui.Block{ID: "moves", Title: "How it moves", Text: orNobody(now.Moves)})
	if r.May(access.DataEdit) {
		f := form(now.DataSet)
		f.ID, f.Action, f.Button, f.Summary = "change", "/data/"+d.Ref(), "Keep the changes", "Change it"
		f.Fields = append(f.Fields, ui.Field{Name: "retired", Label: "Held", Kind: "select", Options: []ui.Option{{Value: "", Text: "yes", Selected: !now.Retired}, {Value: "yes", Text: "no more", Selected: now.Retired}}},
			ui.Field{Name: "note", Label: "What changed and why", Must: true}, ui.Field{Name: "base", Kind: "hidden", Value: strconv.Itoa(now.Version)})
		typed.Fill(&f)
		v.Blocks = append(v.Blocks, ui.Block{ID: "edit", Title: "Keep it right", Forms: []ui.Form{f}})
	}
	v.Facts = []ui.Fact{{Term: "Number", Text: d.Ref(), Mono: true}, {Term: "Owner", Text: screen.OrElse(now.Owner, "not said"), Muted: now.Owner == ""}, {Term: "Class", Text: screen.OrElse(string(now.Classification), "not said"), Muted: now.Classification == ""},
		{Term: "Personal data", Text: map[bool]string{true: "yes", false: "no"}[now.Personal]}, {Term: "Kept", Text: screen.OrElse(now.Retention, "not said"), Muted: now.Retention == ""}, {Term: "Version", Text: strconv.Itoa(now.Version)}}
	var ids []string
	for _, h := range d.History {
		ids = append(ids, h.Made.By)
	}
	names := r.Names(ids)
	for _, h := range slices.Backward(d.History) {
		text := fmt.Sprintf("Version %d", h.Version)
		if h.Note != "" {
			text += ": “" + h.Note + "”"
		}
		v.History = append(v.History, ui.Step{At: r.Words.At(h.Made.At), Text: text, By: "by " + screen.Who(names, h.Made.By), Entry: screen.EntryLink(h.Made.Entry, h.Made.Index)})
	}
	return r.Render(w, typed.Status(), ui.Record(r.Shell(w, d.Ref()+" "+now.Name, "Organise", "Data"), v))
}

func orNobody(list []string) []string {
	if len(list) == 0 {
		return []string{"Nobody has said."}
	}
	return list
}

func (s *site) changeData(w http.ResponseWriter, r *screen.Request) error {
	base, err := strconv.Atoi(r.PostFormValue("base"))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the form does not say which version it began from")
	}
	d, err := s.cfg.Questions.ChangeData(r.Context(), r.Who, r.PathValue("ref"), base, read(r), r.PostFormValue("note"))
	if err != nil {
		typed, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showData(w, r, typed)
	}
	return r.Done(w, "The changes are kept.", "/data/"+d.Ref())
}
