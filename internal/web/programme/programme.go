// Package programme is the screens of the programme as a folder: it is downloaded as
// an archive, and one that is brought is shown before it is taken in. Rules are
// those of internal/operations/folder.
package programme

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
	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on.
type Config struct{ Folders *folder.Service }

type site struct{ cfg Config }

const (
	path    = "/settings/programme"
	title   = "Programme as a folder"
	section = "Settings"
	page    = "Programme"

	maxArchive = 8 << 20 // bytes of an archive that is brought by a browser
)

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /settings/programme", Action: access.ProgrammeRead, Handle: s.home},
			{Pattern: "POST /settings/programme", Action: access.ProgrammeImport, Handle: s.take, MaxBody: 12 << 20},
			{Pattern: "GET /settings/programme/programme.zip", Action: access.ProgrammeRead, Handle: s.download},
		},
		Pages:  []screen.Page{{Section: section, Name: page, Path: path, Action: access.ProgrammeRead}},
		Lists:  []screen.List{s.list()},
		Doings: []screen.Doing{{Name: "Take the programme away as a folder", Path: path, Action: access.ProgrammeRead}},
	}
}

// home answers: how do I get the programme out and in as files, and what was brought in?
func (s *site) home(w http.ResponseWriter, r *screen.Request) error { return s.page(w, r, nil) }

func (s *site) page(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	all, err := s.cfg.Folders.Imports(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Title: title, Note: "Policies in Markdown, all else in YAML, one thing a file: to be kept in Git, read as changes are, and brought back.",
		Action: ui.Link{Text: "Download the folder", Href: path + "/programme.zip"}, More: []ui.Link{{Text: "Download with people", Href: path + "/programme.zip?people=1"}},
		Table: ui.Table{Caption: "Folders that were brought in, newest first", Columns: []ui.Column{{Text: "Import"}, {Text: "When"}, {Text: "By"}, {Text: "New files", N: true}, {Text: "Changed files", N: true}, {Text: "Digest of the folder"}}}}
	if r.May(access.ProgrammeImport) {
		v.Form = ui.Form{ID: "import", Action: path, Button: "Look at the folder", Upload: true, Summary: "Bring a folder in", Open: t != nil || len(all) == 0,
			Note:   "A zip archive of a folder that was downloaded or exported here. Nothing is stored before you have seen what each file becomes.",
			Fields: []ui.Field{{Name: "file", Label: "Archive", Kind: "file", Must: true}}}
		t.Fill(&v.Form)
	}
	if len(all) == 0 {
		v.Empty = &ui.Empty{Title: "No folder was brought in yet", Text: "Whoever keeps the programme in Git exports it, changes files, has the change read by others, and brings it in. What another person decides here still waits for that person.",
			Criteria: []ui.Link{{Text: "CC5.3", Href: "/criteria/CC5.3"}, {Text: "CC8.1", Href: "/criteria/CC8.1"}}, Until: "Until then everything is changed on its own page, which is all that is needed.", Command: "attesta programme export DIR"}
	}
	var who []string
	for _, m := range all {
		who = append(who, m.By)
	}
	names := r.Names(who)
	for _, m := range all {
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("Import %d", m.Number)},
			Cells: []ui.Cell{{Moment: r.Words.At(m.At)}, {Text: screen.Who(names, m.By)}, {Text: strconv.Itoa(m.Created), N: true}, {Text: strconv.Itoa(m.Changed), N: true}, {Text: m.Digest[:12], Mono: true}}})
	}
	v.Table.Pager.Text = fmt.Sprintf("%d shown", len(all))
	return r.Render(w, t.Status(), ui.List(r.Shell(w, title, section, page), v))
}

func (s *site) download(w http.ResponseWriter, r *screen.Request) error {
	x, err := s.cfg.Folders.Export(r.Context(), r.Who, r.URL.Query().Get("people") == "1")
	if err != nil {
		return err
	}
	raw, err := x.Tree.Zip()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="programme.zip"`)
	if _, err := w.Write(raw); err != nil {
		return screen.ErrGone
	}
	return nil
}

// take shows what each file of an archive becomes, or brings them in.
func (s *site) take(w http.ResponseWriter, r *screen.Request) error {
	raw, note, confirmed, err := upload(r)
	var tree folder.Tree
	if err == nil {
		tree, err = folder.ReadZip(raw)
	}
	var got *folder.Result
	if err == nil {
		got, err = s.cfg.Folders.Import(r.Context(), r.Who, folder.Input{Tree: tree, Note: note, Dry: !confirmed})
	}
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Invalid {
		where := *f
		where.Message = strings.TrimPrefix(f.Error(), "file: ")
		where.File, where.Line, where.Field = "", 0, "file"
		t, err := screen.WrongForm(url.Values{}, &where)
		if err != nil {
			return err
		}
		return s.page(w, r, t)
	}
	if err != nil {
		return err
	}
	if got.Applied {
		return r.Done(w, fmt.Sprintf("%s brought in, %d new and %d changed.", ui.Many(got.Counts[folder.Created]+got.Counts[folder.Changed], "file was", "files were"), got.Counts[folder.Created], got.Counts[folder.Changed]), path)
	}
	return s.preview(w, r, raw, got)
}

var becomes = map[folder.State]ui.Cell{
	folder.Created: {Text: "new"}, folder.Changed: {Text: "changed"}, folder.Withheld: {Text: "left to people", Muted: true}, folder.Behind: {Text: "newer here", Muted: true},
	folder.Conflict: {Text: "in conflict", Bad: true}, folder.Refused: {Text: "refused", Bad: true}, folder.Absent: {Text: "only here", Muted: true}, folder.Ignored: {Text: "not of the programme", Muted: true},
}

func (s *site) preview(w http.ResponseWriter, r *screen.Request, raw []byte, got *folder.Result) error {
	n := got.Counts[folder.Created] + got.Counts[folder.Changed]
	v := ui.ListView{Crumbs: []ui.Link{{Text: title, Href: path}, {Text: "Preview"}}, Title: fmt.Sprintf("%d new and %d changed", got.Counts[folder.Created], got.Counts[folder.Changed]),
		Note:  fmt.Sprintf("Nothing is stored yet. %s as here.", ui.Many(got.Counts[folder.Unchanged], "file is", "files are")),
		Table: ui.Table{Caption: "What each file becomes", Columns: []ui.Column{{Text: "File"}, {Text: "Becomes"}, {Text: "What differs"}}}, None: "The folder says what is here already."}
	if !got.Based {
		v.Note += " The folder does not say what it was exported from, so that changes made here since are not seen."
	}
	for _, group := range [][]folder.State{{folder.Refused, folder.Conflict}, {folder.Created, folder.Changed}, {folder.Behind, folder.Withheld}, {folder.Absent, folder.Ignored}} {
		for _, c := range got.Changes {
			if c.State != group[0] && c.State != group[1] {
				continue
			}
			where := c.Path
			if c.Line > 0 {
				where += ":" + strconv.Itoa(c.Line)
			}
			is := becomes[c.State]
			is.Meta = screen.Sentence(strings.TrimSpace(c.Why))
			if c.Hint != "" {
				is.Meta += " " + screen.Sentence(c.Hint)
			}
			differs := ui.Cell{Text: fields(c.Fields)}
			differs.Meta = left(c.Withheld)
			v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: where}, Cells: []ui.Cell{is, differs}})
		}
	}
	v.Table.Pager.Text = fmt.Sprintf("%d shown", len(v.Table.Rows))
	switch {
	case got.Blocked():
		v.Title = ui.Many(got.Counts[folder.Refused]+got.Counts[folder.Conflict], "file stands", "files stand") + " in the way"
		v.Note = "Nothing was stored, and nothing of the folder is brought in before these are mended. " + v.Note
	case n > 0:
		v.Form = ui.Form{ID: "take", Action: path, Button: "Bring in " + ui.Many(n, "file", "files"), Note: "All of it or nothing. What another person decides waits for that person, and what is not in the folder stays.",
			Fields: []ui.Field{{Name: "note", Label: "Why", Hint: "It goes with every change. May be empty."}, {Name: "content", Kind: "hidden", Value: base64.StdEncoding.EncodeToString(raw)}}}
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, title, section, page), v))
}

// left says what of a file the program does not say after it.
func left(all []folder.Field) string {
	var stays, filled []string
	for _, f := range all {
		switch {
		case f.To == "":
			filled = append(filled, f.Name+" "+cut(f.From))
		case f.From == "":
			stays = append(stays, f.Name+" stays empty, not "+cut(f.To))
		default:
			stays = append(stays, f.Name+" stays "+cut(f.From)+", not "+cut(f.To))
		}
	}
	var out []string
	if len(stays) > 0 {
		out = append(out, "Left to people: "+strings.Join(stays, "; ")+".")
	}
	if len(filled) > 0 {
		out = append(out, "Filled in: "+strings.Join(filled, "; ")+".")
	}
	return strings.Join(out, " ")
}

// fields gives differences in one text.
func fields(all []folder.Field) string {
	var out []string
	for i, f := range all {
		if i == 6 && len(all) > 7 {
			out = append(out, fmt.Sprintf("and %d more", len(all)-i))
			break
		}
		switch {
		case f.From == "":
			out = append(out, f.Name+": "+cut(f.To))
		case f.To == "":
			out = append(out, f.Name+": no longer "+cut(f.From))
		default:
			out = append(out, f.Name+": "+cut(f.From)+" becomes "+cut(f.To))
		}
	}
	return strings.Join(out, "; ")
}

func cut(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 90 {
		return string(r[:89]) + "…"
	}
	return s
}

// upload gives an archive that was chosen, or one that was looked at and is confirmed.
func upload(r *screen.Request) (raw []byte, note string, confirmed bool, err error) {
	bad := func(cause error, what string) error {
		return fault.Wrap(fault.Invalid, cause, "%s", what).At("", 0, "file").WithHint("choose the archive again")
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		if err := r.ParseForm(); err != nil {
			return nil, "", false, bad(err, "the form did not come whole")
		}
		if raw, err = base64.StdEncoding.DecodeString(r.PostForm.Get("content")); err != nil {
			return nil, "", false, bad(err, "the archive did not come back whole")
		}
		return raw, r.PostForm.Get("note"), true, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, "", false, bad(err, "no file was sent")
	}
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, "", false, bad(nil, "no archive was chosen")
		}
		if err != nil {
			return nil, "", false, bad(err, "the archive did not come whole")
		}
		if p.FormName() != "file" {
			continue
		}
		raw, err := io.ReadAll(io.LimitReader(p, maxArchive+1))
		switch {
		case err != nil:
			return nil, "", false, bad(err, "the archive did not come whole")
		case len(raw) > maxArchive:
			return nil, "", false, bad(nil, fmt.Sprintf("the archive has more than %d MB", maxArchive>>20))
		}
		return raw, "", false, nil
	}
}

func (s *site) list() screen.List {
	type x = folder.Made
	read := func(r *screen.Request) ([]x, error) { return s.cfg.Folders.Imports(r.Context(), r.Who) }
	return screen.Declare(screen.List{Name: "programme-imports", Title: "Imports of the programme", Pattern: "GET /settings/programme", Action: access.ProgrammeRead}, screen.Whole(read), func(m x) []string { return []string{m.By} },
		screen.Column[x]{Key: "number", Title: "Import", Head: "=", Width: 8, Value: func(_ *screen.Cells, m x) any { return m.Number }},
		screen.Column[x]{Key: "made", Title: "When", Head: "=", Width: 20, Value: func(_ *screen.Cells, m x) any { return m.At }},
		screen.Column[x]{Key: "by", Title: "By", Head: "=", Width: 20, Value: func(c *screen.Cells, m x) any { return c.Name(m.By) }},
		screen.Column[x]{Key: "created", Title: "New files", Head: "=", Width: 10, Value: func(_ *screen.Cells, m x) any { return m.Created }},
		screen.Column[x]{Key: "changed", Title: "Changed files", Head: "=", Width: 10, Value: func(_ *screen.Cells, m x) any { return m.Changed }},
		screen.Column[x]{Key: "digest", Title: "Digest of the folder", Head: "=", Width: 66, Value: func(_ *screen.Cells, m x) any { return m.Digest }},
	)
}
