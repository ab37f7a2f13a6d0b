package endpoints

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/endpoint"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// managements answers: where do devices come from, and how old are the lists?
func (s *site) managements(w http.ResponseWriter, r *screen.Request) error {
	list, err := s.cfg.Endpoints.Managements(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: crumbs(ui.Link{Text: "Device managements"}), Title: ui.Many(len(list), "device management", "device managements"), Note: "Devices come from the lists that these export."}
	if r.May(access.EndpointEdit) {
		v.Action = ui.Link{Text: "Add one", Href: "/device-managements/new"}
	}
	if len(list) == 0 {
		v.Title, v.Empty = "No device management yet", &ui.Empty{Title: "Say what manages your laptops", Text: "Add the product that you manage devices with, then bring the list that it exports: each week, or as often as you set.",
			Criteria: []ui.Link{{Text: "CC6.7", Href: "/criteria/CC6.7"}}, Until: "Until then nothing is said of devices."}
		if r.May(access.EndpointEdit) {
			v.Empty.Actions = []ui.Link{{Text: "Add a device management", Href: "/device-managements/new"}}
		}
		return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Device managements"), v))
	}
	v.Table = ui.Table{Caption: "Device managements, newest first", Columns: []ui.Column{{Text: "Name"}, {Text: "Product"}, {Text: "Devices", N: true}, {Text: "Newest list"}}}
	for i := range list {
		o := &list[i]
		c := &o.Content
		row := ui.TableRow{Head: ui.Link{Text: c.Name, Href: "/device-managements/" + o.Ref}, Meta: o.Ref, Cells: []ui.Cell{{Text: named(endpoint.Products(), c.Product)}, {Text: ui.Number(int64(c.Devices)), N: true}, s.age(r, c)}}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Table.Pager.Text = ui.Number(int64(len(list))) + " shown"
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Device managements"), v))
}

// age says how old the newest list is.
func (s *site) age(r *screen.Request, c *endpoint.Management) ui.Cell {
	switch {
	case c.State == endpoint.Ended:
		return ui.Cell{Text: "no longer used", Muted: true}
	case c.Taken.IsZero():
		return ui.Cell{Text: "none yet", Muted: true}
	case s.cfg.Endpoints.Now().After(c.Taken.AddDate(0, 0, c.ListDays)):
		return ui.Cell{Text: r.Words.Date(c.Taken), Bad: true, Meta: fmt.Sprintf("one is expected every %s", ui.Many(c.ListDays, "day", "days"))}
	}
	return ui.Cell{Text: r.Words.Date(c.Taken)}
}

func settings(c endpoint.Settings) []ui.Field {
	return []ui.Field{{Name: "name", Label: "Name", Hint: "As people call it: Jamf, or Jamf of the office in Graz.", Value: c.Name, Must: true}, screen.Choice("product", "Product", "", c.Product, endpoint.Products()...),
		{Name: "list_days", Label: "A new list is brought every", Hint: "Days. When the newest one is older, its devices are not observed.", Value: strconv.Itoa(c.ListDays), Must: true},
		{Name: "seen_days", Label: "A device reports within", Hint: "Days. One that its management has not heard of for longer is a finding.", Value: strconv.Itoa(c.SeenDays), Must: true}}
}

func typed(r *screen.Request) (endpoint.Settings, error) {
	c := endpoint.Settings{Name: r.PostFormValue("name"), Product: r.PostFormValue("product")}
	for field, into := range map[string]*int{"list_days": &c.ListDays, "seen_days": &c.SeenDays} {
		n, err := strconv.Atoi(r.PostFormValue(field))
		if err != nil || n < 1 {
			return c, fault.New(fault.Invalid, "%q is no number of days", r.PostFormValue(field)).At("", 0, field)
		}
		*into = n
	}
	return c, nil
}

func (s *site) newManagement(w http.ResponseWriter, r *screen.Request) error {
	return s.showNew(w, r, nil)
}

func (s *site) showNew(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	f := ui.Form{ID: "new", Action: "/device-managements/new", Button: "Add it", Fields: settings(endpoint.Settings{Product: "jamf", ListDays: 7, SeenDays: 14})}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(s.shell(w, r, "Add a device management"), ui.FormView{Crumbs: crumbs(ui.Link{Text: "Device managements", Href: "/device-managements"}, ui.Link{Text: "Add one"}), Title: "Add a device management", Note: "Its lists are brought as files; Attesta does not log in there.", Form: f}))
}

func (s *site) addManagement(w http.ResponseWriter, r *screen.Request) error {
	c, err := typed(r)
	var o *endpoint.Object
	if err == nil {
		o, err = s.cfg.Endpoints.Add(r.Context(), r.Who, c)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showNew(w, r, t)
	}
	return r.Done(w, o.Content.Name+" is added. Bring its first list.", "/device-managements/"+o.Ref+"/import")
}

func (s *site) management(w http.ResponseWriter, r *screen.Request) error {
	return s.showManagement(w, r, nil)
}

// showManagement answers: what did the newest list bring, and what happened here before?
func (s *site) showManagement(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	o, err := s.cfg.Endpoints.Management(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	c := &o.Content
	path := "/device-managements/" + o.Ref
	rec := ui.RecordView{Crumbs: crumbs(ui.Link{Text: "Device managements", Href: "/device-managements"}, ui.Link{Text: c.Name}), Title: c.Name, Line: []string{o.Ref, named(endpoint.Products(), c.Product)}, FactsOf: "The device management", Zone: "times in " + r.Words.Zone.String()}
	rec.Figures = []ui.Figure{{Term: "Devices", Value: ui.Number(int64(c.Devices)), Href: "/endpoints?management=" + o.Ref}}
	age := s.age(r, c)
	switch {
	case c.State == endpoint.Ended:
		rec.State = age.Text
	case age.Bad:
		rec.Bad = fmt.Sprintf("Its newest list is of %s: its devices are not observed until a new one is brought.", age.Text)
	}
	if c.State == endpoint.Used && r.May(access.EndpointEdit) {
		rec.Links = []ui.Link{{Text: "Bring a list", Href: path + "/import"}}
	}
	newest := ui.Block{ID: "newest", Title: "The newest list", None: "No list was brought yet."}
	if !c.Taken.IsZero() {
		newest.Facts = []ui.Fact{{Term: "File", Text: c.File, Mono: true}, {Term: "Taken", Text: r.Words.Full(c.Taken)}, {Term: "It has", Text: map[bool]string{true: "every device", false: "some of the devices; the others stayed as they were"}[c.Whole]},
			{Term: "Lines refused", Text: ui.Number(int64(c.Refused))}, {Term: "Came", Text: names(c.Came)}, {Term: "Gone", Text: names(c.Gone)}, {Term: "SHA-256 of the file", Text: c.SHA256, Mono: true}}
	}
	rec.Blocks = append(rec.Blocks, newest)
	rec.Facts = []ui.Fact{{Term: "A new list", Text: "every " + ui.Many(c.ListDays, "day", "days")}, {Term: "A device reports", Text: "within " + ui.Many(c.SeenDays, "day", "days")}, {Term: "Added", Text: r.Words.Full(o.Created)}}
	if c.State == endpoint.Used && r.May(access.EndpointEdit) {
		change := ui.Form{ID: "change", Action: path + "/change", Button: "Save", Fields: settings(c.Settings)}
		end := ui.Form{ID: "end", Action: path + "/end", Button: "End it", Note: "Its devices leave the population; what was judged stays.", Fields: []ui.Field{{Name: "note", Label: "Why it is no longer used", Kind: "long", Must: true}}}
		if t != nil {
			if r.PostForm.Has("note") {
				t.Fill(&end)
			} else {
				t.Fill(&change)
			}
		}
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "settings", Title: "Settings", Forms: []ui.Form{change}}, ui.Block{ID: "ending", Title: "It is no longer used", Forms: []ui.Form{end}})
	}
	steps := ui.Table{Caption: "What happened, newest first", Columns: []ui.Column{{Text: "When"}, {Text: "What"}, {Text: "Devices", N: true}}}
	for i := len(o.History) - 1; i >= 0 && len(steps.Rows) < 50; i-- {
		h := &o.History[i]
		what := ui.Cell{Text: map[string]string{"added": "added", "changed": "settings changed", "brought": "list brought", "said": "whose a device is was said", "ended": "ended"}[h.Step], Meta: h.Note}
		if h.Step == "brought" {
			what.Meta = h.Content.File
		}
		steps.Rows = append(steps.Rows, ui.TableRow{Head: ui.Link{Text: r.Words.Full(h.At), Href: "/ledger/" + h.Entry}, Cells: []ui.Cell{what, {Text: ui.Number(int64(h.Content.Devices)), N: true}}})
	}
	rec.Blocks = append(rec.Blocks, ui.Block{ID: "history", Title: "History", Table: &steps})
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, c.Name), rec))
}

func names(list []string) string {
	switch {
	case len(list) == 0:
		return "none"
	case len(list) > 20:
		return fmt.Sprintf("%s, and others", strings.Join(list[:20], ", "))
	}
	return strings.Join(list, ", ")
}

func (s *site) changeManagement(w http.ResponseWriter, r *screen.Request) error {
	c, err := typed(r)
	if err == nil {
		_, err = s.cfg.Endpoints.Change(r.Context(), r.Who, r.PathValue("ref"), c)
	}
	return s.done(w, r, err, "The settings are saved.")
}

func (s *site) endManagement(w http.ResponseWriter, r *screen.Request) error {
	_, err := s.cfg.Endpoints.End(r.Context(), r.Who, r.PathValue("ref"), r.PostFormValue("note"))
	return s.done(w, r, err, "It is ended, and its devices left.")
}

func (s *site) done(w http.ResponseWriter, r *screen.Request, err error, said string) error {
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showManagement(w, r, t)
	}
	return r.Done(w, said, "/device-managements/"+r.PathValue("ref"))
}
