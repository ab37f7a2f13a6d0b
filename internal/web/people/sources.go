package people

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/roster"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func sourceWords(k people.SourceKind) string {
	return map[people.SourceKind]string{people.LDAP: "LDAP directory", people.SCIM: "accounts that a directory keeps here (SCIM)", people.CSV: "file", people.Hand: "what people write here"}[k]
}

// standing says how a source is: read, waiting, in trouble.
func standing(r *screen.Request, x *people.Source) ui.Cell {
	switch {
	case x.Held != nil:
		return ui.Cell{Links: []ui.Link{{Text: "a change of many waits", Href: settings + "-readings/" + x.Held.ID}}, Bad: true}
	case x.Trouble != "":
		return ui.Cell{Text: "not read", Meta: x.Trouble, Bad: true}
	case x.Kind == people.Hand:
		return ui.Cell{Text: "always"}
	case x.ReadAt.IsZero():
		return ui.Cell{Text: "not read yet", Muted: true}
	}
	return ui.Cell{Moment: r.Words.At(x.ReadAt)}
}

// sources answers: where do people come from, and is it read?
func (s *site) sources(w http.ResponseWriter, r *screen.Request) error {
	return s.showSources(w, r, nil)
}

func (s *site) showSources(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	all, err := s.cfg.People.Sources(r.Context(), r.Who)
	if err != nil {
		return err
	}
	hours, err := s.cfg.People.Grace(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "People", Href: base}, {Text: "Sources"}}, Title: "People come from " + ui.Many(len(all), "source", "sources"), Note: "For each field the first source that says anything counts. A source that cannot be read changes nobody."}
	v.Table = ui.Table{Caption: "Sources, whose word counts first", Columns: []ui.Column{{Text: "Source"}, {Text: "Kind"}, {Text: "People", N: true}, {Text: "Last read"}, {Text: "Held above"}}}
	waits := 0
	for _, x := range all {
		bound := ui.Cell{Text: fmt.Sprintf("%d leavers, or %d %%", x.Least(), x.Percent()), Muted: true}
		if x.Kind == people.Hand {
			bound = ui.Cell{Text: "never", Muted: true}
		}
		if x.Held != nil {
			waits++
		}
		n := ui.Cell{Text: ui.Number(x.Said), N: true, Muted: x.Said == 0}
		if x.Kind == people.Hand {
			n.Text = ""
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Name, Href: settings + "/" + x.ID}, Cells: []ui.Cell{{Text: sourceWords(x.Kind)}, n, standing(r, x), bound}})
	}
	if waits > 0 {
		v.Title += "; " + ui.Many(waits, "change of many waits", "changes of many wait")
	}
	if r.May(access.PeopleSources) {
		v.Action = ui.Link{Text: "Connect a directory", Href: settings + "/new?kind=ldap"}
		if !slices.ContainsFunc(all, func(x *people.Source) bool { return x.Kind == people.SCIM }) {
			v.More = append(v.More, ui.Link{Text: "Use SCIM", Href: settings + "/new?kind=scim"})
		}
		v.More = append(v.More, ui.Link{Text: "Add a file", Href: settings + "/new?kind=csv"})
		f := ui.Form{ID: "grace", Action: settings + "/grace", Summary: fmt.Sprintf("A leaver's access is to be gone within %s", ui.Many(hours, "hour", "hours")), Quiet: true, Button: "Set the hours", Note: "It holds for who leaves from now on.",
			Fields: []ui.Field{{Name: "grace_hours", Label: "Hours", Hint: "From 1 to 720, from the end of the last day.", Value: strconv.Itoa(hours), Must: true}}}
		t.Fill(&f)
		v.Form = f
	}
	return r.Render(w, t.Status(), ui.List(r.Shell(w, "People's sources", "Settings", "People's sources"), v))
}

func (s *site) grace(w http.ResponseWriter, r *screen.Request) error {
	n, err := number(r.PostForm, "grace_hours")
	if err == nil {
		err = s.cfg.People.SetGrace(r.Context(), r.Who, n)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showSources(w, r, t)
	}
	return r.Done(w, "Leavers' access is to be gone within "+ui.Many(n, "hour", "hours")+".", settings)
}

func number(v url.Values, field string) (int, error) {
	text := strings.TrimSpace(v.Get(field))
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fault.Wrap(fault.Invalid, err, "%q is no whole number", text).At("", 0, field)
	}
	return n, nil
}

// pairs reads lines of "field = name".
func pairs(v url.Values, field string) (map[string]string, error) {
	out := map[string]string{}
	for i, line := range strings.Split(v.Get(field), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, to, ok := strings.Cut(line, "=")
		if name, to = strings.TrimSpace(name), strings.TrimSpace(to); !ok || name == "" || to == "" {
			return nil, fault.New(fault.Invalid, "line %d is not written as field = name", i+1).At("", 0, field).WithHint("such as team = department")
		}
		out[name] = to
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func asLines(m map[string]string) string {
	var out []string
	for k, v := range m {
		out = append(out, k+" = "+v)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func text(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// sourceFields are those of a source's form.
func sourceFields(x *people.Source) []ui.Field {
	set := x.Settings
	out := []ui.Field{{Name: "name", Label: "What is it called here?", Value: x.Name, Must: true}}
	fields := strings.Join(roster.FieldNames(), ", ")
	switch x.Kind {
	case people.LDAP:
		secret := ui.Field{Name: "secret", Label: "Password", Hint: "It is sealed, and never shown again.", Kind: "password"}
		if x.Secret {
			secret.Hint = "Empty: the one that is kept, unless the server is another."
		}
		out = append(out, ui.Field{Name: "url", Label: "Server", Hint: "ldaps://ldap.example.org, or ldap://ldap.example.org with StartTLS.", Value: set.URL, Must: true},
			ui.Field{Name: "start_tls", Label: "Encryption of ldap://", Kind: "select", Options: []ui.Option{{Value: "", Text: "None: ldaps://, or a server on this host"}, {Value: "yes", Text: "StartTLS", Selected: set.StartTLS}}},
			ui.Field{Name: "ca", Label: "Certificate of its authority", Hint: "In PEM. Empty: the authorities that this machine knows.", Kind: "long", Value: set.CA},
			ui.Field{Name: "bind_dn", Label: "Name that may only read", Hint: "Such as cn=attesta,ou=services,dc=example,dc=org.", Value: set.BindDN}, secret,
			ui.Field{Name: "base", Label: "Below which entry people stand", Hint: "Such as ou=people,dc=example,dc=org.", Value: set.Base, Must: true},
			ui.Field{Name: "filter", Label: "Filter", Hint: "Empty: (|(objectClass=inetOrgPerson)(objectClass=user)).", Value: set.Filter},
			ui.Field{Name: "attributes", Label: "Attributes of other names", Hint: "One on a line, such as team = department. Fields: key, active, " + fields + ".", Kind: "long", Value: asLines(set.Attributes)},
			ui.Field{Name: "every_minutes", Label: "Read every how many minutes", Hint: fmt.Sprintf("Empty: %d.", roster.DefaultEvery), Value: text(set.Every)})
	case people.CSV:
		out = append(out, ui.Field{Name: "columns", Label: "Columns of other names", Hint: "One on a line, such as team = Cost centre. Fields: key, active, " + fields + ". Usual names are known.", Kind: "long", Value: asLines(set.Columns)},
			ui.Field{Name: "part", Label: "A file holds", Kind: "select", Options: []ui.Option{{Value: "", Text: "Everybody: whoever it does not have has left"}, {Value: "yes", Text: "Some: whoever it does not have stays as they are", Selected: set.Part}}})
	}
	first := ui.Field{Name: "first", Label: "Fields for which it counts before the sources above it", Kind: "many"}
	for _, f := range roster.FieldNames() {
		first.Options = append(first.Options, ui.Option{Value: f, Text: f, Selected: slices.Contains(set.First, f)})
	}
	return append(out, ui.Field{Name: "place", Label: "Its place among the sources", Hint: "1 counts first. Empty: last, or as it is.", Value: text(x.Place)}, first,
		ui.Field{Name: "least_leavers", Label: "Leavers that always go through", Hint: fmt.Sprintf("Empty: %d. More at once wait for approval.", roster.DefaultLeast), Value: text(set.Least)},
		ui.Field{Name: "percent_leavers", Label: "Leavers of a hundred that go through", Hint: fmt.Sprintf("Empty: %d.", roster.DefaultPercent), Value: text(set.Percent)})
}

// typedSource reads a source's form.
func typedSource(v url.Values, kind people.SourceKind) (people.NewSource, error) {
	n := people.NewSource{Kind: kind, Name: v.Get("name"), Secret: v.Get("secret")}
	set := &n.Settings
	set.URL, set.StartTLS, set.CA, set.BindDN, set.Base, set.Filter = strings.TrimSpace(v.Get("url")), v.Get("start_tls") == "yes", strings.TrimSpace(v.Get("ca")), strings.TrimSpace(v.Get("bind_dn")), strings.TrimSpace(v.Get("base")), strings.TrimSpace(v.Get("filter"))
	set.Part, set.First = v.Get("part") == "yes", v["first"]
	var err error
	for field, to := range map[string]*int{"place": &n.Place, "every_minutes": &set.Every, "least_leavers": &set.Least, "percent_leavers": &set.Percent} {
		if *to, err = number(v, field); err != nil {
			return n, err
		}
	}
	if set.Attributes, err = pairs(v, "attributes"); err != nil {
		return n, err
	}
	set.Columns, err = pairs(v, "columns")
	return n, err
}

func (s *site) newSource(w http.ResponseWriter, r *screen.Request) error {
	return s.showNew(w, r, people.SourceKind(screen.OrElse(r.URL.Query().Get("kind"), string(people.LDAP))), nil, nil)
}

func (s *site) showNew(w http.ResponseWriter, r *screen.Request, kind people.SourceKind, t *screen.Typed, got *people.Tried) error {
	title := map[people.SourceKind]string{people.LDAP: "Connect a directory", people.SCIM: "Take people from SCIM", people.CSV: "Add a file of people"}[kind]
	if title == "" {
		return fault.New(fault.Invalid, "%q is no kind of source", kind).WithHint("ldap, scim or csv")
	}
	f := ui.Form{ID: "source", Action: settings, Button: title, Fields: append([]ui.Field{{Name: "kind", Kind: "hidden", Value: string(kind)}}, sourceFields(&people.Source{Kind: kind})...)}
	note := map[people.SourceKind]string{people.LDAP: "Attesta binds, searches page by page and unbinds; it writes nothing. The directory is read once before it is kept.", people.SCIM: "A directory that provisions accounts here by SCIM says with them who is there. Who it disables or deletes has left.",
		people.CSV: "From the personnel system, as often as it is exported."}[kind]
	return s.showForm(w, r, t, got, ui.FormView{Crumbs: []ui.Link{{Text: "Sources", Href: settings}, {Text: title}}, Title: title, Note: note, Form: f}, kind)
}

// showForm draws a source's form, with what a trial gave beside it.
func (s *site) showForm(w http.ResponseWriter, r *screen.Request, t *screen.Typed, got *people.Tried, v ui.FormView, kind people.SourceKind) error {
	if kind == people.LDAP {
		v.Side = []ui.Block{{ID: "needs", Title: "What it needs", Text: []string{"A name that may read the entries of people and nothing else, whose answers have no size limit: a directory that gives only part of its people is not read at all.",
			"Usual attributes are known: entryUUID or objectGUID, displayName or cn, mail, uid or sAMAccountName, employeeNumber, employeeType, manager, departmentNumber or department, title. Who is disabled by userAccountControl or nsAccountLock has left."}}}
	}
	if kind == people.LDAP || kind == people.SCIM {
		v.Form.Also = ui.Link{Text: "Try it, keep nothing", Href: "try"}
	}
	t.Fill(&v.Form)
	if got != nil {
		for i, x := range v.Form.Fields { // so that what was tried can be kept
			if x.Kind == "password" {
				v.Form.Fields[i].Value = t.Values.Get(x.Name)
			}
		}
		p := got.Plan
		b := ui.Block{ID: "tried", Title: "It answers", Text: []string{"Nothing is kept yet. It holds " + ui.Many(p.Said, "person", "people") + "."}, Facts: []ui.Fact{{Term: "Would be new", Text: ui.Number(len(p.Joins))}, {Term: "Would change", Text: ui.Number(len(p.Changes))}, {Term: "Would leave", Text: ui.Number(len(p.Leaves))}}}
		if p.Held != "" {
			b.Facts = append(b.Facts, ui.Fact{Term: "Would wait", Text: p.Held})
		}
		for _, x := range got.First {
			b.Facts = append(b.Facts, ui.Fact{Term: screen.OrElse(x.Fields.Name, x.Key), Text: dash(x.Fields.Mail, x.Fields.Title, x.Fields.Team, strings.Join(x.Fields.Logins, ", "))})
		}
		for _, x := range p.Problems[:min(5, len(p.Problems))] {
			b.Text = append(b.Text, x.Text+".")
		}
		v.Side = append([]ui.Block{b}, v.Side...)
	}
	status := t.Status()
	if got != nil {
		status = http.StatusOK
	}
	return r.Render(w, status, ui.FormPage(r.Shell(w, v.Title, "Settings", "People's sources"), v))
}

// unread makes of a directory that does not answer a problem of the form.
func unread(v url.Values, err error) (*screen.Typed, error) {
	if fault.Is(err, fault.Unavailable) {
		message, hint := fault.Public(err)
		err = fault.Wrap(fault.Invalid, err, "%s", message).WithHint("%s", hint)
	}
	return screen.WrongForm(v, err)
}

func (s *site) addSource(w http.ResponseWriter, r *screen.Request) error {
	kind := people.SourceKind(r.PostForm.Get("kind"))
	n, err := typedSource(r.PostForm, kind)
	if err == nil && r.PostForm.Get("do") == "try" {
		var got *people.Tried
		if got, err = s.cfg.People.Try(r.Context(), r.Who, "", n); err == nil {
			return s.showNew(w, r, kind, &screen.Typed{Values: r.PostForm}, got)
		}
	}
	var x *people.Source
	if err == nil {
		x, err = s.cfg.People.AddSource(r.Context(), r.Who, n)
	}
	if err != nil {
		t, err := unread(r.PostForm, err)
		if err != nil {
			return err
		}
		return s.showNew(w, r, kind, t, nil)
	}
	said := x.Name + " is a source now."
	if kind != people.CSV {
		said += " It is read within a minute."
	}
	return r.Done(w, said, settings+"/"+x.ID)
}

func (s *site) editSource(w http.ResponseWriter, r *screen.Request) error {
	return s.showEditSource(w, r, nil, nil)
}

func (s *site) showEditSource(w http.ResponseWriter, r *screen.Request, t *screen.Typed, got *people.Tried) error {
	x, err := s.cfg.People.Source(r.Context(), r.Who, r.PathValue("id"))
	if err != nil {
		return err
	}
	f := ui.Form{ID: "source", Action: settings + "/" + x.ID + "/edit", Button: "Keep it so", Fields: sourceFields(x)}
	return s.showForm(w, r, t, got, ui.FormView{Crumbs: []ui.Link{{Text: "Sources", Href: settings}, {Text: x.Name, Href: settings + "/" + x.ID}, {Text: "Change"}}, Title: "Change " + x.Name, Note: "A directory is read once before the change is kept.", Form: f}, x.Kind)
}

func (s *site) changeSource(w http.ResponseWriter, r *screen.Request) error {
	id := r.PathValue("id")
	n, err := typedSource(r.PostForm, "")
	if err == nil && r.PostForm.Get("do") == "try" {
		var got *people.Tried
		if got, err = s.cfg.People.Try(r.Context(), r.Who, id, n); err == nil {
			return s.showEditSource(w, r, &screen.Typed{Values: r.PostForm}, got)
		}
	}
	if err == nil {
		_, err = s.cfg.People.ChangeSource(r.Context(), r.Who, id, n)
	}
	if err != nil {
		t, err := unread(r.PostForm, err)
		if err != nil {
			return err
		}
		return s.showEditSource(w, r, t, nil)
	}
	return r.Done(w, "It is changed.", settings+"/"+id)
}

func (s *site) removeSource(w http.ResponseWriter, r *screen.Request) error {
	if err := s.cfg.People.RemoveSource(r.Context(), r.Who, r.PathValue("id")); err != nil {
		return err
	}
	return r.Done(w, "It is read no longer. Whoever it said stays as they are.", settings)
}
