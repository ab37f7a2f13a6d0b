package training

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/training"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func (s *site) importForm(w http.ResponseWriter, r *screen.Request) error {
	return s.showImport(w, r, nil, "", "", nil)
}

func (s *site) showImport(w http.ResponseWriter, r *screen.Request, got *training.Imported, source, text string, t *screen.Typed) error {
	f := ui.Form{ID: "import", Action: "/training/import", Button: "Look at the file", Upload: true, Note: "CSV with a head, in UTF-8. Nothing is stored before you have seen what it holds; then the file is kept with what it added.",
		Fields: []ui.Field{{Name: "source", Label: "The system that the file came from", Value: source, Must: true}, {Name: "file", Label: "File", Kind: "file", Must: true}}}
	t.Fill(&f)
	crumbs := []ui.Link{{Text: "Training", Href: "/training"}, {Text: "Import"}}
	if got == nil {
		past, err := s.cfg.Training.Imports(r.Context(), r.Who)
		if err != nil {
			return err
		}
		before := ui.Table{Caption: "Files that were brought", Columns: []ui.Column{{Text: "Import"}, {Text: "From"}, {Text: "Brought"}, {Text: "Completions", N: true}}}
		for i := len(past) - 1; i >= 0; i-- {
			before.Rows = append(before.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("import %d", past[i].Number), Href: fmt.Sprintf("/training/imports/%d", past[i].Number)}, Cells: []ui.Cell{{Text: past[i].Source}, {Moment: r.Words.At(past[i].Made.At)}, {Text: strconv.Itoa(past[i].Rows), N: true}}})
		}
		v := ui.FormView{Crumbs: crumbs, Title: "Import completions", Note: "What another system says about who completed which course. Each completion stays marked as imported.", Form: f,
			Side: []ui.Block{{ID: "columns", Title: "Columns", Text: []string{"Only the score may be missing. The course is its title or its short name; people are found by their address. A line that is wrong stops the whole file; a line that is recorded already is passed over."}, Code: strings.Join(training.Head(), ", ")},
				{ID: "past", Title: "Brought before", Table: &before, None: "None yet."}}}
		return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, v.Title, "Organise", "Training"), v))
	}
	table := ui.Table{Caption: "Lines of the file", Columns: []ui.Column{{Text: "Person"}, {Text: "Line", N: true}, {Text: "Course"}, {Text: "Day"}, {Text: "Score", N: true}, {Text: "What happens"}}}
	shown := 0
	for _, l := range got.Lines {
		if got.Wrong > 0 && l.State != "wrong" || shown >= 200 {
			continue // what stops the file comes first
		}
		shown++
		c := ui.Cell{Text: map[string]string{"new": "is recorded", "there": "is recorded already", "wrong": screen.Sentence(l.Problem)}[l.State], Bad: l.State == "wrong"}
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(l.Name, screen.OrElse(l.Mail, "no address"))}, Cells: []ui.Cell{{Text: strconv.Itoa(l.Line), N: true}, {Text: l.Course}, {Text: l.Day.String()}, {Text: screen.OrElse(percent(l.Score), "not said"), N: true}, c}})
	}
	table.Pager.Text = fmt.Sprintf("%d of %s shown", shown, ui.Many(len(got.Lines), "line", "lines"))
	v := ui.ListView{Crumbs: crumbs, Title: fmt.Sprintf("%s new, %d recorded already, %d wrong", ui.Many(got.New, "completion is", "completions are"), got.There, got.Wrong), Note: "Nothing is stored yet.", Table: table, None: "The file holds no completion."}
	if len(got.Ignored) > 0 {
		v.Note += " Columns that were not understood: " + strings.Join(got.Ignored, ", ") + "."
	}
	if v.Form = f; got.Wrong == 0 && got.New > 0 {
		v.Form = ui.Form{ID: "enter", Action: "/training/import", Button: "Record " + ui.Many(got.New, "completion", "completions"), Fields: []ui.Field{{Name: "source", Kind: "hidden", Value: source}, {Name: "text", Kind: "hidden", Value: text}}}
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Import completions", "Organise", "Training"), v))
}

func (s *site) importFile(w http.ResponseWriter, r *screen.Request) error {
	source, raw, confirmed, err := readUpload(r)
	var got *training.Imported
	if err == nil {
		got, err = s.cfg.Training.Import(r.Context(), r.Who, source, raw, !confirmed)
	}
	if err != nil {
		t, err := screen.WrongForm(url.Values{"source": {source}}, err)
		if err != nil {
			return err
		}
		return s.showImport(w, r, nil, source, "", t)
	}
	if got.Stored {
		return r.Done(w, ui.Many(got.New, "completion is", "completions are")+" recorded, and the file is kept.", fmt.Sprintf("/training/imports/%d", got.Number))
	}
	return s.showImport(w, r, got, source, string(raw), nil)
}

// readUpload gives a file that was chosen, or one that was looked at and is
// confirmed, with the system that it came from.
func readUpload(r *screen.Request) (source string, raw []byte, confirmed bool, err error) {
	if r.PostForm != nil && r.PostForm.Has("text") {
		return r.PostForm.Get("source"), []byte(r.PostForm.Get("text")), true, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return "", nil, false, fault.Wrap(fault.Invalid, err, "no file was sent").At("", 0, "file")
	}
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return source, nil, false, fault.Wrap(fault.Invalid, err, "the file did not come whole").At("", 0, "file")
		}
		part, err := io.ReadAll(io.LimitReader(p, training.MaxFile+1))
		if err != nil {
			return source, nil, false, fault.Wrap(fault.Invalid, err, "the file did not come whole").At("", 0, "file")
		}
		switch p.FormName() {
		case "source":
			source = string(part[:min(len(part), 200)])
		case "file":
			raw = part
		}
	}
	if len(raw) == 0 {
		return source, nil, false, fault.New(fault.Invalid, "no file was chosen, or it is empty").At("", 0, "file")
	}
	return source, raw, false, nil
}

// imported is a file that was brought, as it came.
func (s *site) imported(w http.ResponseWriter, r *screen.Request) error {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "there is no import %.20q", r.PathValue("number"))
	}
	i, text, err := s.cfg.Training.ImportFile(r.Context(), r.Who, n)
	if err != nil {
		return err
	}
	names := r.Names([]string{i.Made.By})
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Training", Href: "/training"}, {Text: "Import", Href: "/training/import"}, {Text: fmt.Sprintf("import %d", n)}}, Title: fmt.Sprintf("Import %d: %s from %s", n, ui.Many(i.Rows, "completion", "completions"), i.Source), FactsOf: "Where it came from",
		Facts:  []ui.Fact{{Term: "System", Text: i.Source}, {Term: "Brought by", Text: screen.Who(names, i.Made.By)}, {Term: "Brought", Text: r.Words.Full(i.Made.At)}, {Term: "SHA-256 of the file", Text: i.SHA256, Mono: true}, {Term: "Digest of what it added", Text: i.Digest, Mono: true}},
		Blocks: []ui.Block{{ID: "file", Title: "The file", Meta: "as it was brought", Code: screen.OrElse(text, "erased"), Links: []ui.Link{screen.EntryLink(i.Made.Entry, i.Made.Index)}}}}
	return r.Render(w, http.StatusOK, ui.Record(r.Shell(w, v.Title, "Organise", "Training"), v))
}
