// Package references is the screens of reference hosts: which host the others of a
// group are to be like, what each has beyond it or lacks, and approving their files by
// it. Rules are those of internal/operations/reference.
package references

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/reference"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const (
	section = "Operate"
	page    = "Reference hosts"
	home    = "/references"
	newPath = "/references/new"
)

// Config is what the screens depend on. All is required.
type Config struct {
	References *reference.Service
	// Hosts gives the hosts of the population, by name.
	Hosts func(context.Context) ([]ui.Option, error)
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	const read, decide, approve = access.ComponentRead, access.ComponentDecide, access.IntegrityApprove
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /references", Action: read, Handle: s.list},
			{Pattern: "GET /references/new", Action: decide, Handle: s.new},
			{Pattern: "POST /references", Action: decide, Handle: s.declare},
			{Pattern: "GET /references/{ref}", Action: read, Handle: s.one},
			{Pattern: "POST /references/{ref}/replace", Action: decide, Handle: s.replace},
			{Pattern: "POST /references/{ref}/end", Action: decide, Handle: s.end},
			{Pattern: "POST /references/{ref}/compare", Action: approve, Handle: s.compare},
			{Pattern: "POST /references/{ref}/approve", Action: approve, Handle: s.approve},
			{Pattern: "GET /references/{ref}/members/{host}", Action: read, Handle: s.difference},
		},
		Pages:  []screen.Page{{Section: section, Name: page, Path: home, Action: read, Under: "Components"}},
		Lists:  []screen.List{s.rows()},
		Doings: []screen.Doing{{Name: "Declare a reference host", Path: newPath, Action: decide}},
	}
}

func (s *site) shell(w http.ResponseWriter, r *screen.Request, title string) ui.Shell {
	return r.Shell(w, title, section, page)
}

func crumbs(more ...ui.Link) []ui.Link { return append([]ui.Link{{Text: page, Href: home}}, more...) }

var shows = []string{"", "all"}

func all(r *screen.Request) (bool, error) {
	switch show := r.URL.Query().Get("show"); show {
	case "":
		return false, nil
	case "all":
		return true, nil
	default:
		return false, fault.New(fault.Invalid, "%.40q is no choice of this list", show).At("", 0, "show").WithHint("all, or none")
	}
}

func (s *site) rows() screen.List {
	type row = reference.Object
	read := screen.Whole(func(r *screen.Request) ([]row, error) {
		ended, err := all(r)
		if err != nil {
			return nil, err
		}
		return s.cfg.References.List(r.Context(), r.Who, ended)
	})
	return screen.Declare(screen.List{Name: "references", Title: page, Pattern: "GET /references", Action: access.ComponentRead}, read, func(o row) []string { return []string{o.Content.By} },
		screen.Column[row]{Key: "number", Title: "Number", Value: func(_ *screen.Cells, o row) any { return o.Ref }},
		screen.Column[row]{Key: "name", Title: "Group", Head: "=", Width: 30, Value: func(_ *screen.Cells, o row) any { return o.Content.Name }},
		screen.Column[row]{Key: "reference", Title: "Reference", Head: "=", Width: 24, Value: func(_ *screen.Cells, o row) any { return o.Content.HostName }},
		screen.Column[row]{Key: "hosts", Title: "Hosts", Head: "=", Width: 30, Value: func(_ *screen.Cells, o row) any { return o.Content.Group }},
		screen.Column[row]{Key: "by", Title: "Declared by", Head: "=", Width: 24, Value: func(c *screen.Cells, o row) any { return c.Name(o.Content.By) }},
		screen.Column[row]{Key: "since", Title: "Last changed", Head: "=", Width: 20, Value: func(_ *screen.Cells, o row) any { return o.Updated }},
		screen.Column[row]{Key: "state", Title: "State", Value: func(_ *screen.Cells, o row) any { return o.Content.State }})
}

// list answers: which host is each group to be like?
func (s *site) list(w http.ResponseWriter, r *screen.Request) error {
	ended, err := all(r)
	if err != nil {
		return err
	}
	rows, err := s.cfg.References.List(r.Context(), r.Who, ended)
	if err != nil {
		return err
	}
	inUse, who := 0, []string{}
	for _, o := range rows {
		who = append(who, o.Content.By)
		if o.Content.State == reference.InUse {
			inUse++
		}
	}
	names := r.Names(who)
	v := ui.ListView{Title: ui.Many(inUse, "group has", "groups have") + " a reference host", Labels: []string{"Which"}, None: "No reference matches.", Undo: home,
		Note:  "What the reference has and is approved there is approved for its group, as long as the reference has it and is heard. The rest is a list.",
		Table: ui.Table{Caption: "Reference hosts, newest first", Columns: []ui.Column{{Text: "Group"}, {Text: "Reference"}, {Text: "Hosts"}, {Text: "Declared by"}, {Text: "Last changed"}}}}
	if r.May(access.ComponentDecide) {
		v.Action = ui.Link{Text: "Declare a reference host", Href: newPath}
	}
	q := r.URL.Query()
	v.Chips = [][]ui.Chip{{{Text: "In use", Href: screen.With(q, home, "show", ""), Current: !ended}, {Text: "All", Href: screen.With(q, home, "show", shows[1]), Current: ended}}}
	if len(rows) == 0 {
		v.Title, v.Note = "No reference host is declared", ""
		v.Empty = &ui.Empty{Title: "Which host are the others to be like?", Text: "Name a host that is as it is to be, and the hosts that are to be like it. What it has and is approved there is then approved for them; what one of them has beyond it waits for somebody's word, and what it lacks is shown. Their files are held against its baseline by one root.",
			Criteria: screen.CriteriaLinks([]string{"CC6.8", "CC7.1"}), Until: "Until then each host's components and baselines are approved by themselves; that works without a reference.", Actions: []ui.Link{{Text: "See the components", Href: "/components"}}}
		if r.May(access.ComponentDecide) {
			v.Empty.Actions = append([]ui.Link{{Text: "Declare a reference host", Href: newPath}}, v.Empty.Actions...)
		}
		if !ended {
			v.Empty.Actions = append(v.Empty.Actions, ui.Link{Text: "Ended ones", Href: home + "?show=all"})
		}
	}
	for _, o := range rows {
		c := o.Content
		row := ui.TableRow{Head: ui.Link{Text: c.Name, Href: home + "/" + o.Ref}, Meta: o.Ref, Cells: []ui.Cell{{Links: []ui.Link{{Text: c.HostName, Href: "/hosts/" + c.Host}}}, {Text: c.Group, Mono: true}, {Text: screen.Who(names, c.By)}, {Moment: r.Words.At(o.Updated)}}}
		if c.State == reference.Ended {
			row.Meta += ", ended"
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, page), v))
}

// saidOf reads what is said of a reference.
func saidOf(v url.Values) reference.Said {
	return reference.Said{Name: strings.TrimSpace(v.Get("name")), Host: v.Get("host"), Group: v.Get("group"), Reason: v.Get("reason")}
}

// new asks what is to be declared, or shows what that would come to.
func (s *site) new(w http.ResponseWriter, r *screen.Request) error {
	if r.URL.Query().Get("preview") == "" {
		return s.form(w, r, r.URL.Query(), nil)
	}
	return s.preview(w, r, r.URL.Query(), nil)
}

func (s *site) hostField(ctx context.Context, label, chosen string) (ui.Field, error) {
	hosts, err := s.cfg.Hosts(ctx)
	f := ui.Field{Name: "host", Label: label, Kind: "select", Options: append([]ui.Option{{Text: "choose one"}}, hosts...), Must: true}
	for i := range f.Options {
		f.Options[i].Selected = f.Options[i].Value == chosen
	}
	return f, err
}

func groupField(value string) ui.Field {
	return ui.Field{Name: "group", Label: "Which hosts are to be like it?", Value: value, Must: true, Hint: "Names with * and ?, spaces between them: web-* app-[12]. The reference itself is left out."}
}

func (s *site) form(w http.ResponseWriter, r *screen.Request, v url.Values, t *screen.Typed) error {
	host, err := s.hostField(r.Context(), "Which host is as it is to be?", v.Get("host"))
	if err != nil {
		return err
	}
	f := ui.Form{ID: "new", Action: home, Button: "Show what it comes to", Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "preview"}, {Name: "name", Label: "What is the group called?", Value: v.Get("name"), Must: true, Hint: "Web servers."}, host, groupField(v.Get("group"))}}
	t.Fill(&f)
	side := ui.Block{ID: "how", Title: "How it goes", Text: []string{"A preview shows each host of the group against the reference; nothing is changed by it.", "The reference approves nothing by itself. Components are approved on it by a person, as everywhere; the approval then holds for the group too, while the reference has them and is heard."}}
	return r.Render(w, t.Status(), ui.FormPage(s.shell(w, r, "Declare a reference host"), ui.FormView{Crumbs: crumbs(ui.Link{Text: "Declare one"}), Title: "Declare a reference host", Note: "A host that is as it is to be, and the hosts that are to be like it.", Form: f, Side: []ui.Block{side}}))
}

func (s *site) preview(w http.ResponseWriter, r *screen.Request, v url.Values, t *screen.Typed) error {
	x := saidOf(v)
	p, err := s.cfg.References.Preview(r.Context(), r.Who, reference.Said{Name: x.Name, Host: x.Host, Group: x.Group})
	if err != nil {
		return err
	}
	n := len(p.Members) + int(p.More)
	view := ui.ListView{Crumbs: crumbs(ui.Link{Text: "Declare one", Href: newPath}, ui.Link{Text: "Preview"}), Title: ui.Many(n, "host is", "hosts are") + " to be like " + p.Content.HostName, Undo: newPath, None: "No host of the population has such a name now; one that comes later is a member.",
		Note: "Nothing is declared yet. What is approved on " + p.Content.HostName + " will be approved for these hosts; what they have beyond it stays as it is."}
	if p.Waits > 0 {
		view.Note += " " + ui.Many(int(p.Waits), "component of the reference waits", "components of the reference wait") + " for a word themselves."
	}
	if p.Away != "" {
		view.Note += " " + screen.Sentence(p.Away) + " Until it is heard nothing passes by it."
	}
	f := ui.Form{ID: "declare", Action: home, Button: "Declare it", Fields: []ui.Field{{Name: "name", Kind: "hidden", Value: x.Name}, {Name: "host", Kind: "hidden", Value: x.Host}, {Name: "group", Kind: "hidden", Value: x.Group}, screen.LongField("reason", "Why is this host as it is to be?", "An auditor reads it.", true)}}
	t.Fill(&f)
	view.Form = f
	view.Table = members(p, "")
	return r.Render(w, t.Status(), ui.List(s.shell(w, r, "Declare a reference host"), view))
}

func previewPath(x reference.Said) string {
	return newPath + "?" + url.Values{"preview": {"yes"}, "name": {x.Name}, "host": {x.Host}, "group": {x.Group}}.Encode()
}

func (s *site) declare(w http.ResponseWriter, r *screen.Request) error {
	x := saidOf(r.PostForm)
	if r.PostForm.Get("do") == "preview" {
		if _, err := s.cfg.References.Preview(r.Context(), r.Who, x); err != nil {
			t, err := r.WrongForm(err)
			if err != nil {
				return err
			}
			return s.form(w, r, r.PostForm, t)
		}
		http.Redirect(w, r.Request, previewPath(x), http.StatusSeeOther)
		return nil
	}
	o, err := s.cfg.References.Declare(r.Context(), r.Who, x)
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		if t.Field != "reason" {
			return s.form(w, r, r.PostForm, t)
		}
		return s.preview(w, r, r.PostForm, t)
	}
	return r.Done(w, o.Content.HostName+" is the reference of "+o.Content.Name+".", home+"/"+o.Ref)
}

// outcome is how a comparison is shown: one that differs is no fault by itself.
func outcome(o, why string, bad bool) ui.Cell {
	c := ui.Cell{Outcome: "not_observed", Meta: why}
	switch {
	case o == reference.Same:
		c.Outcome = "pass"
	case o == reference.Differs && bad:
		c.Outcome = "fail"
	case o == reference.Differs:
		c = ui.Cell{Text: "differs", Meta: why}
	}
	return c
}

// members is a table of a group; each leads to its difference below path, "" to the
// host.
func members(v *reference.View, path string) ui.Table {
	t := ui.Table{Caption: "Hosts of the group, by name", Columns: []ui.Column{{Text: "Host"}, {Text: "Against the reference"}, {Text: "Beyond", N: true}, {Text: "Not approved", N: true}, {Text: "Lacks", N: true}}}
	for _, m := range v.Members {
		href := "/hosts/" + m.Host
		if path != "" {
			href = path + "/members/" + m.Host
		}
		n := func(n int64, bad bool) ui.Cell {
			if m.Outcome == reference.NotObserved && n == 0 {
				return ui.Cell{Text: "—", N: true, Muted: true}
			}
			return ui.Cell{Text: ui.Number(n), N: true, Bad: bad && n > 0, Muted: n == 0}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: m.Name, Href: href}, Cells: []ui.Cell{outcome(m.Outcome, m.Why, m.Open > 0), n(m.Beyond, false), n(m.Open, true), n(m.Lacks, false)}})
	}
	if v.More > 0 {
		t.Pager = ui.Pager{Text: "and " + ui.Many(int(v.More), "host more", "hosts more")}
	}
	return t
}

func number(r *screen.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PostForm.Get("base"), 10, 64)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "this is no step of it").At("", 0, "base")
	}
	return n, nil
}
