package assets

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// many answers: what is to be said of all of these?
func (s *site) many(w http.ResponseWriter, r *screen.Request) error { return s.showMany(w, r, nil) }

func (s *site) showMany(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	q := r.URL.Query()
	shown, _, err := s.rows(r, q)
	if err != nil {
		return err
	}
	v, err := s.cfg.Assets.Inventory(r.Context(), r.Who)
	if err != nil {
		return err
	}
	pick := ui.Field{Name: "asset", Label: "Assets", Kind: "many"}
	for _, a := range shown {
		if a.Active() {
			pick.Options = append(pick.Options, ui.Option{Value: a.Key, Text: a.Name + opt(", ", number(a)) + opt("; lacks ", join(a.Gaps)), Selected: true})
		}
	}
	f := ui.Form{ID: "many", Action: screen.With(q, "/assets/many"), Button: "Show what would change", Fields: append([]ui.Field{
		{Name: "owner", Label: "Owner", Hint: "The name, login or mail address of an account here, or a team. Empty: as it is."},
		{Name: "class", Label: "Highest class of data on them", Kind: "select", Options: options("", "As it is", classes()...)},
		{Name: "environment", Label: "Environment", Hint: "Such as " + join(asset.Environments()) + ". Empty: as it is."},
		{Name: "zone", Label: "Zone", Hint: zoneHint(v) + " Empty: as it is."}}, pick)}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Say something of many assets", "Organise", "Assets"), ui.FormView{Crumbs: []ui.Link{{Text: "Assets", Href: screen.With(q, "/assets")}, {Text: "Many at once"}},
		Title: fmt.Sprintf("Say something of %s", ui.Many(len(pick.Options), "asset", "assets")), Note: "Those that the list showed and that are in use. Nothing is changed before you have seen what would.", Form: f}))
}

// sayMany shows what would change, and with seen does it: all or nothing.
func (s *site) sayMany(w http.ResponseWriter, r *screen.Request) error {
	f := r.PostForm
	say := asset.Profile{Owner: f.Get("owner"), Class: question.Class(f.Get("class")), Environment: f.Get("environment"), Zone: f.Get("zone")}
	keys := f["asset"]
	wrong := func(err error) error {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showMany(w, r, t)
	}
	if len(keys) == 0 {
		return wrong(fault.New(fault.Invalid, "no asset is marked").At("", 0, "asset"))
	}
	if say.Owner+string(say.Class)+say.Environment+say.Zone == "" {
		return wrong(fault.New(fault.Invalid, "nothing is said of them").At("", 0, "owner").WithHint("name an owner, a class, an environment or a zone"))
	}
	before, now, err := s.cfg.Assets.Say(r.Context(), r.Who, keys, say, f.Get("seen") == "")
	if err != nil {
		return wrong(err)
	}
	q := r.URL.Query()
	if f.Get("seen") != "" {
		return r.Done(w, fmt.Sprintf("Said of %s.", ui.Many(len(now), "asset", "assets")), screen.With(q, "/assets"))
	}
	var people []string
	for i := range now {
		people = append(people, before[i].Owner.Text, now[i].Owner.Text)
	}
	names := r.Names(people)
	t := ui.Table{Caption: "What would change", Columns: []ui.Column{{Text: "Asset"}, {Text: "Owner"}, {Text: "Class"}, {Text: "Environment"}, {Text: "Zone"}}}
	step := func(was, is asset.Value) ui.Cell {
		a, b := screen.OrElse(screen.Who(names, was.Text), "not said"), screen.OrElse(screen.Who(names, is.Text), "not said")
		if a == b {
			return ui.Cell{Text: a, Muted: true}
		}
		return ui.Cell{Text: b, Meta: "was: " + a}
	}
	form := ui.Form{ID: "apply", Action: screen.With(q, "/assets/many"), Button: fmt.Sprintf("Say it of %s", ui.Many(len(now), "asset", "assets")), Note: "Each gets an entry of its own in the ledger.", Fields: []ui.Field{{Name: "seen", Kind: "hidden", Value: "yes"}}}
	for i := range now {
		a, b := before[i], now[i]
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: a.Name, Href: "/assets/" + a.Ref}, Meta: number(a), Cells: []ui.Cell{step(a.Owner, b.Owner), step(a.Class, b.Class), step(a.Environment, b.Environment), step(a.Zone, b.Zone)}})
		form.Fields = append(form.Fields, ui.Field{Name: "asset", Kind: "hidden", Value: a.Key})
	}
	for _, name := range []string{"owner", "class", "environment", "zone"} {
		form.Fields = append(form.Fields, ui.Field{Name: name, Kind: "hidden", Value: f.Get(name)})
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Say something of many assets", "Organise", "Assets"), ui.ListView{Crumbs: []ui.Link{{Text: "Assets", Href: screen.With(q, "/assets")}, {Text: "Many at once", Href: screen.With(q, "/assets/many")}, {Text: "Preview"}},
		Title: fmt.Sprintf("%s would be described anew", ui.Many(len(now), "asset", "assets")), Note: "Nothing is changed yet.", Table: t, None: "Nothing would change.", Form: form}))
}

func (s *site) importForm(w http.ResponseWriter, r *screen.Request) error {
	return s.showImport(w, r, nil, "", nil)
}

func (s *site) showImport(w http.ResponseWriter, r *screen.Request, got *asset.Imported, text string, t *screen.Typed) error {
	f := ui.Form{ID: "import", Action: "/assets/import", Button: "Look at the file", Upload: true, Note: "CSV with a head, in UTF-8. Nothing is stored before you have seen what it holds.", Fields: []ui.Field{{Name: "file", Label: "File", Kind: "file", Must: true}}}
	t.Fill(&f)
	crumbs := []ui.Link{{Text: "Assets", Href: "/assets"}, {Text: "Import"}}
	if got == nil {
		return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Import assets", "Organise", "Assets"), ui.FormView{Crumbs: crumbs, Title: "Import assets", Note: "From a spreadsheet, or from device management. Of those that are here already the file says what its cells say; empty cells say nothing.", Form: f,
			Side: []ui.Block{{ID: "columns", Title: "Columns", Text: []string{"Only the name must be there; what is entered anew needs a kind too. A column of another name is refused, so that nothing is lost unseen."}, Code: join(asset.Head())},
				{ID: "kinds", Title: "Kinds", Code: join(kindNames())}}}))
	}
	table := ui.Table{Caption: "Lines of the file", Columns: []ui.Column{{Text: "Asset"}, {Text: "Line", N: true}, {Text: "What happens"}, {Text: "Why"}}}
	for _, l := range got.Lines {
		c := ui.Cell{Text: l.Problem}
		if l.Ref != "" && l.Problem == "" {
			c = ui.Cell{Links: []ui.Link{{Text: l.Ref, Href: "/assets/" + l.Ref}}}
		}
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(l.Name, "without a name")}, Cells: []ui.Cell{{Text: strconv.Itoa(l.Line), N: true}, {Text: map[string]string{"new": "is entered", "changes": "is described anew", "there": "says what is said already", "wrong": "cannot be taken"}[l.State], Bad: l.State == "wrong"}, c}})
	}
	list := ui.ListView{Crumbs: crumbs, Title: fmt.Sprintf("%d new, %d described anew, %d as they are, %d wrong", got.New, got.Changes, got.There, got.Wrong), Note: "Nothing is stored yet.", Table: table, None: "The file holds no asset.", Form: f}
	if got.Wrong == 0 && got.New+got.Changes > 0 {
		list.Form = ui.Form{ID: "enter", Action: "/assets/import", Button: "Take " + ui.Many(got.New+got.Changes, "asset", "assets"), Fields: []ui.Field{{Name: "text", Kind: "hidden", Value: text}}}
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Import assets", "Organise", "Assets"), list))
}

func kindNames() []string {
	var out []string
	for _, k := range asset.Kinds() {
		out = append(out, k[0])
	}
	return out
}

// importFile reads a file that is sent, or the text that was looked at before.
func (s *site) importFile(w http.ResponseWriter, r *screen.Request) error {
	raw, confirmed, err := upload(r)
	var got *asset.Imported
	if err == nil {
		got, err = s.cfg.Assets.Import(r.Context(), r.Who, raw, !confirmed)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showImport(w, r, nil, "", t)
	}
	if got.Stored {
		return r.Done(w, fmt.Sprintf("%s entered, %d described anew.", ui.Many(got.New, "asset was", "assets were"), got.Changes), "/assets")
	}
	return s.showImport(w, r, got, string(raw), nil)
}

// upload gives the file of a form with parts, or the text that a plain form holds.
func upload(r *screen.Request) (raw []byte, confirmed bool, err error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		if err := r.ParseForm(); err != nil {
			return nil, false, fault.Wrap(fault.Invalid, err, "the form could not be read")
		}
		return []byte(r.PostForm.Get("text")), true, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, false, fault.Wrap(fault.Invalid, err, "the form could not be read")
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, false, fault.Wrap(fault.Invalid, err, "choose a file").At("", 0, "file")
		}
		if part.FormName() == "file" {
			raw, err := io.ReadAll(io.LimitReader(part, asset.MaxFile+1))
			if err != nil {
				return nil, false, fault.Wrap(fault.Invalid, err, "the file did not arrive whole").At("", 0, "file")
			}
			return raw, false, nil
		}
	}
}
