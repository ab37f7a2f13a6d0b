// Package imports is the screens that take in what people have already: controls
// from a spreadsheet or another program's export, with a preview of what each row
// becomes. Rules are those of internal/program/control.
package imports

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/controllist"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on.
type Config struct{ Controls *control.Service }

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /imports", Action: access.ControlRead, Handle: s.imports},
			{Pattern: "GET /imports/controls", Action: access.ControlEdit, Handle: s.choose},
			{Pattern: "POST /imports/controls", Action: access.ControlEdit, Handle: s.look, MaxBody: 4 << 20},
			{Pattern: "POST /imports/{number}/undo", Action: access.ControlEdit, Handle: s.undo},
		},
		Lists:  []screen.List{s.list()},
		Doings: []screen.Doing{{Name: "Import controls", Path: "/imports/controls", Action: access.ControlEdit}},
	}
}

const note = "CSV or XLSX, one row for each control. Nothing is stored before you have seen what each row becomes."

// choose asks for a file.
func (s *site) choose(w http.ResponseWriter, r *screen.Request) error {
	return s.form(w, r, nil, nil)
}

func (s *site) form(w http.ResponseWriter, r *screen.Request, t *screen.Typed, mistakes []*fault.Error) error {
	f := ui.Form{ID: "import", Action: "/imports/controls", Button: "Look at the file", Upload: true, Note: note, Fields: []ui.Field{{Name: "file", Label: "File", Kind: "file", Must: true}}}
	t.Fill(&f)
	crumbs := []ui.Link{{Text: "Controls", Href: "/controls"}, {Text: "Imports", Href: "/imports"}, {Text: "Import controls"}}
	side := []ui.Block{{ID: "columns", Title: "Columns", Text: []string{"Found by their headings, in any order: a title and a description must be there. Exports of other programs for compliance are understood as they are."},
		Facts: []ui.Fact{{Term: "Title", Text: "Name, Control name"}, {Term: "Description", Text: "Description, Control activity"}, {Term: "Id", Text: "ID, Code, Control ID"}, {Term: "Criteria", Text: "TSC, SOC 2, Requirements: ids such as CC6.1 in any text"},
			{Term: "Owner", Text: "Owner, Control owner"}, {Term: "Frequency", Text: "daily to yearly, or as needed"}, {Term: "Execution", Text: "automated, manual"}, {Term: "Type", Text: "preventive, detective, corrective"}}},
		{ID: "counts", Title: "What counts", Text: []string{"Each row becomes a draft. A draft counts for nothing before somebody approves it, and an approved control counts once evidence shows that it operates. Columns of status are left aside."}}}
	if len(mistakes) < 2 {
		return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Import controls", "Comply", "Controls"), ui.FormView{Crumbs: crumbs, Title: "Import controls", Note: "From a spreadsheet, or from another program.", Form: f, Side: side}))
	}
	table := ui.Table{Caption: "Mistakes", Columns: []ui.Column{{Text: "Where"}, {Text: "Row", N: true}, {Text: "What is wrong"}, {Text: "What to do"}}}
	for _, m := range mistakes {
		row := ui.Cell{Text: strconv.Itoa(m.Line), N: true}
		if m.Line == 0 {
			row = ui.Cell{}
		}
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(m.Field, m.File)}, Cells: []ui.Cell{row, {Text: screen.Sentence(m.Message), Bad: true}, {Text: screen.Sentence(m.Hint)}}})
	}
	f.Problem = ""
	return r.Render(w, http.StatusUnprocessableEntity, ui.List(r.Shell(w, "Import controls", "Comply", "Controls"), ui.ListView{Crumbs: crumbs, Title: ui.Many(len(mistakes), "mistake in the file", "mistakes in the file"), Note: "Nothing was stored. Mend the file and choose it again.", Table: table, Form: f}))
}

// faults takes joined errors apart.
func faults(err error) []*fault.Error {
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		var out []*fault.Error
		for _, e := range many.Unwrap() {
			out = append(out, faults(e)...)
		}
		return out
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return []*fault.Error{f}
	}
	return nil
}

// look shows what each row of a file becomes, or takes them in.
func (s *site) look(w http.ResponseWriter, r *screen.Request) error {
	raw, name, confirmed, err := upload(r)
	var list controllist.List
	if err == nil {
		list, err = controllist.Read(raw, name)
	}
	if err != nil {
		all := faults(err)
		if len(all) == 0 {
			return err
		}
		if len(all) > 1 {
			return s.form(w, r, nil, all)
		}
		where := *all[0]
		if where.Line > 0 {
			where.Message = fmt.Sprintf("row %d, %s: %s", where.Line, where.Field, where.Message)
		}
		where.Field = "file"
		t, err := screen.WrongForm(url.Values{}, &where)
		if err != nil {
			return err
		}
		return s.form(w, r, t, nil)
	}
	got, err := s.cfg.Controls.ImportFile(r.Context(), r.Who, name, list.Rows, !confirmed)
	if fault.Is(err, fault.Conflict) {
		message, _ := fault.Public(err)
		return r.Done(w, screen.Sentence(message), "/imports")
	}
	if err != nil {
		t, err := screen.WrongForm(url.Values{}, err)
		if err != nil {
			return err
		}
		return s.form(w, r, t, nil)
	}
	if got.Number > 0 {
		return r.Done(w, ui.Many(got.New, "draft was made.", "drafts were made.")+" Look at each, and approve what you do.", "/imports")
	}
	return s.preview(w, r, raw, name, list, got)
}

func (s *site) preview(w http.ResponseWriter, r *screen.Request, raw []byte, name string, list controllist.List, got control.Imported) error {
	table := ui.Table{Caption: "What each row becomes", Columns: []ui.Column{{Text: "Control"}, {Text: "Row", N: true}, {Text: "Becomes"}, {Text: "Criteria"}, {Text: "How often"}, {Text: "Library"}}}
	for _, b := range got.Lines {
		is := ui.Cell{Text: "a draft", Meta: b.Slug}
		switch b.State {
		case control.BecomesThere:
			is = ui.Cell{Text: "in use already:", Links: []ui.Link{{Text: b.Slug, Href: "/controls/" + b.Slug}}, Muted: true}
			if b.Differs {
				is.Meta = "the file says something else now; it is left as it is"
			}
		case control.BecomesBack:
			is.Text = "a draft again"
		case control.BecomesWrong:
			is = ui.Cell{Text: "cannot be taken in", Bad: true, Meta: screen.Sentence(b.Problem)}
		}
		often := b.Frequency
		if often == "" {
			often = screen.OrElse(b.Trigger, "yearly, until somebody says")
		}
		like := ui.Cell{Text: "nothing like it", Muted: true}
		if b.Like != "" {
			like = ui.Cell{Links: []ui.Link{{Text: b.LikeIs, Href: "/controls/library/" + b.Like}}, Meta: "it comes with checks and evidence; adopt that one instead where it says what you do"}
		}
		criteria := ui.Cell{Text: strings.Join(b.Criteria, ", ")}
		if len(b.Criteria) == 0 {
			criteria = ui.Cell{Text: "none named", Muted: true}
		}
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(b.Title, "without a title")}, Meta: b.Ref, Cells: []ui.Cell{{Text: strconv.Itoa(b.Row), N: true}, is, criteria, {Text: often}, like}})
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Controls", Href: "/controls"}, {Text: "Imports", Href: "/imports"}, {Text: "Import controls", Href: "/imports/controls"}, {Text: "Preview"}},
		Title: fmt.Sprintf("%s, %d in use already, %d wrong", ui.Many(got.New, "draft", "drafts"), got.There, got.Wrong), Note: strings.Join(append(list.Notes, "Nothing is stored yet."), " "), Table: table, None: "The file holds no control."}
	v.Form = ui.Form{ID: "import", Action: "/imports/controls", Button: "Look at the file", Upload: true, Note: note, Fields: []ui.Field{{Name: "file", Label: "Another file", Kind: "file", Must: true}}}
	if got.Wrong == 0 && got.New > 0 {
		v.Form = ui.Form{ID: "take", Action: "/imports/controls", Button: "Take in " + ui.Many(got.New, "draft", "drafts"), Note: "This can be undone as long as nobody has changed or approved them.",
			Fields: []ui.Field{{Name: "name", Kind: "hidden", Value: name}, {Name: "content", Kind: "hidden", Value: base64.StdEncoding.EncodeToString(raw)}}}
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Import controls", "Comply", "Controls"), v))
}

// upload gives a file that was chosen, or one that was looked at and is confirmed.
func upload(r *screen.Request) (raw []byte, name string, confirmed bool, err error) {
	bad := func(cause error, what string) error {
		return fault.Wrap(fault.Invalid, cause, "%s", what).At("", 0, "file").WithHint("choose the file again")
	}
	if r.PostForm != nil && r.PostForm.Has("content") {
		if raw, err = base64.StdEncoding.DecodeString(r.PostForm.Get("content")); err != nil {
			return nil, "", false, bad(err, "the file did not come back whole")
		}
		return raw, fileName(r.PostForm.Get("name")), true, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, "", false, bad(err, "no file was sent")
	}
	for {
		p, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // NextPart gives it bare
			return nil, "", false, bad(nil, "no file was chosen")
		}
		if err != nil {
			return nil, "", false, bad(err, "the file did not come whole")
		}
		if p.FormName() != "file" {
			continue
		}
		raw, err := io.ReadAll(io.LimitReader(p, controllist.MaxFile+1))
		if err != nil {
			return nil, "", false, bad(err, "the file did not come whole")
		}
		return raw, fileName(p.FileName()), false, nil
	}
}

func fileName(s string) string {
	if s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " "); s == "" {
		return "the file"
	}
	if r := []rune(s); len(r) > 100 {
		return string(r[:100])
	}
	return s
}

// imports answers: from which files did controls come, and what became of them?
func (s *site) imports(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.cfg.Controls.Imports(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Controls", Href: "/controls"}, {Text: "Imports"}}, Title: ui.Many(len(all), "file was taken in", "files were taken in"), Note: "Controls that came from a spreadsheet or from another program. Each is a draft until somebody approves it.",
		Table: ui.Table{Caption: "Imports of controls, newest first", Columns: []ui.Column{{Text: "File"}, {Text: "When"}, {Text: "By"}, {Text: "Rows", N: true}, {Text: "Drafts", N: true}, {Text: "State"}}}}
	if r.May(access.ControlEdit) {
		v.Action = ui.Link{Text: "Import controls", Href: "/imports/controls"}
	}
	if len(all) == 0 {
		v.Title = "No file was taken in yet"
		v.Empty = &ui.Empty{Title: "Bring the controls that you have", Text: "A spreadsheet, or the export of another program: each row becomes a draft of yours, mapped to the criteria that the file names. You see what each becomes before anything is stored, and can take it back.",
			Criteria: []ui.Link{{Text: "CC5.1", Href: "/criteria/CC5.1"}}, Until: "Until then the controls are those of the library."}
		if r.May(access.ControlEdit) {
			v.Empty.Actions = []ui.Link{{Text: "Import controls", Href: "/imports/controls"}}
		}
	}
	var who []string
	for _, im := range all {
		who = append(who, im.Made.By, im.UndoneBy)
	}
	names := r.Names(who)
	for _, im := range all {
		state := ui.Cell{Text: "taken in"}
		if !im.Undone.IsZero() {
			state = ui.Cell{Text: "undone", Meta: r.Words.Date(im.Undone) + ", by " + screen.Who(names, im.UndoneBy), Muted: true}
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: im.File}, Meta: fmt.Sprintf("I-%d", im.Number),
			Cells: []ui.Cell{{Text: r.Words.Date(im.Made.At)}, {Text: screen.Who(names, im.Made.By)}, {Text: strconv.Itoa(im.Rows), N: true}, {Text: strconv.Itoa(len(im.Controls)), N: true}, state}})
		if im.Undone.IsZero() && v.Form.ID == "" && r.May(access.ControlEdit) { // the newest that can be
			v.Form = ui.Form{ID: "undo", Action: fmt.Sprintf("/imports/%d/undo", im.Number), Button: fmt.Sprintf("Undo I-%d", im.Number), Danger: true, Summary: fmt.Sprintf("Undo the import of %s", im.File),
				Note: "Retires the drafts that it made and that nobody has changed or approved since."}
		}
	}
	v.Table.Pager.Text = fmt.Sprintf("%d shown", len(all))
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Imports", "Comply", "Controls"), v))
}

func (s *site) list() screen.List {
	type x = control.Import
	read := func(r *screen.Request) ([]x, error) { return s.cfg.Controls.Imports(r.Context(), r.Who) }
	return screen.Declare(screen.List{Name: "control-imports", Title: "Imports of controls", Pattern: "GET /imports", Action: access.ControlRead}, screen.Whole(read), func(i x) []string { return []string{i.Made.By, i.UndoneBy} },
		screen.Column[x]{Key: "number", Title: "Number", Width: 8, Value: func(_ *screen.Cells, i x) any { return fmt.Sprintf("I-%d", i.Number) }},
		screen.Column[x]{Key: "file", Title: "File", Head: "=", Width: 40, Value: func(_ *screen.Cells, i x) any { return i.File }},
		screen.Column[x]{Key: "made", Title: "When", Head: "=", Width: 20, Value: func(_ *screen.Cells, i x) any { return i.Made.At }},
		screen.Column[x]{Key: "by", Title: "By", Head: "=", Width: 20, Value: func(c *screen.Cells, i x) any { return c.Name(i.Made.By) }},
		screen.Column[x]{Key: "rows", Title: "Rows", Head: "=", Width: 8, Value: func(_ *screen.Cells, i x) any { return i.Rows }},
		screen.Column[x]{Key: "drafts", Title: "Drafts", Head: "=", Width: 8, Value: func(_ *screen.Cells, i x) any { return len(i.Controls) }},
		screen.Column[x]{Key: "undone", Title: "Undone", Head: "State", Width: 20, Value: func(_ *screen.Cells, i x) any { return i.Undone }},
	)
}

func (s *site) undo(w http.ResponseWriter, r *screen.Request) error {
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no import %q", r.PathValue("number"))
	}
	left, err := s.cfg.Controls.UndoImport(r.Context(), r.Who, n)
	if fault.Is(err, fault.Conflict) {
		message, _ := fault.Public(err)
		return r.Done(w, screen.Sentence(message), "/imports")
	}
	if err != nil {
		return err
	}
	said := fmt.Sprintf("I-%d is undone.", n)
	if len(left) > 0 {
		said += " Somebody has changed or approved " + strings.Join(left, ", ") + " since: left as they are."
	}
	return r.Done(w, said, "/imports")
}
