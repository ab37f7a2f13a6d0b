package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/requestlist"
	"github.com/attesta/attesta/internal/render/sheet"
	"github.com/attesta/attesta/internal/web/ui"
)

// importRequests takes a request list in two steps: what would change, then
// the change. The workbook is kept as it came.
func (s *Site) importRequests(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	name, digest, raw, err := s.workbookOf(r)
	if err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.importPage(w, r, http.StatusUnprocessableEntity, ui.ImportView{Number: strconv.Itoa(g.Number), Title: "The list was not taken in", Mistakes: []string{bad.Text}})
	}
	v := ui.ImportView{Number: strconv.Itoa(g.Number), File: name, Digest: digest}
	book, err := sheet.Open(bytes.NewReader(raw), name)
	if err == nil {
		defer book.Close()
		for _, n := range book.Sheets() {
			v.Sheets = append(v.Sheets, ui.Option{Value: n, Text: n})
		}
	}
	var list requestlist.List
	if err == nil {
		list, err = requestlist.Read(book, name, r.PostFormValue("sheet"))
	}
	for i := range v.Sheets {
		v.Sheets[i].Selected = v.Sheets[i].Value == list.Sheet
	}
	if err != nil {
		v.Title, v.Mistakes = "The list was not taken in", mistakes(err)
		if v.Mistakes == nil {
			return err
		}
		return s.importPage(w, r, http.StatusUnprocessableEntity, v)
	}
	if r.PostFormValue("do") == "apply" {
		c, err := s.cfg.Engagements.Import(r.Context(), r.who, g.Number, list.Requests, &engagement.Workbook{Name: name, Digest: digest, Sheet: list.Sheet})
		if err != nil {
			return err
		}
		s.flash(w, fmt.Sprintf("Taken in: %d new, %d changed, %d as before. The workbook is kept as it came.", len(c.Added), len(c.Changed), len(c.Same)))
		http.Redirect(w, r.Request, engagementPath(g.Number), http.StatusSeeOther)
		return nil
	}
	c, err := s.cfg.Engagements.Preview(r.Context(), r.who, g.Number, list.Requests)
	if err != nil {
		if v.Mistakes = mistakes(err); v.Mistakes == nil {
			return err
		}
		v.Title = "The list was not taken in"
		return s.importPage(w, r, http.StatusUnprocessableEntity, v)
	}
	v.Sheet, v.Notes, v.Same = list.Sheet, list.Notes, len(c.Same)
	v.Title = fmt.Sprintf("The list would %s", importWords(len(c.Added), len(c.Changed), "add", "change"))
	columns := make([]string, len(list.Columns))
	for i, col := range list.Columns {
		columns[i] = fmt.Sprintf("%s is the %s", col.Title, col.Field)
	}
	v.Line = []string{name, fmt.Sprintf("sheet %s, headings in row %d", list.Sheet, list.Head), strings.Join(columns, ", ")}
	if len(list.Unknown) > 0 {
		v.Line = append(v.Line, "left alone: "+strings.Join(list.Unknown, ", "))
	}
	v.Apply = capital(importWords(len(c.Added), len(c.Changed), "add", "change"))
	if len(c.Added)+len(c.Changed) == 0 {
		v.Title, v.Apply = "The list changes nothing", ""
		v.Notes = append(v.Notes, "Nothing would change: every request is there as the list says.")
	}
	for _, q := range c.Added {
		v.Added = append(v.Added, requestRow(r, g, q))
	}
	for i, q := range c.Changed {
		v.Changed = append(v.Changed, ui.ChangeRow{Ref: q.Ref, Fields: requestFields(c.Before[i], q, nil)})
	}
	for _, q := range c.Absent {
		v.Absent = append(v.Absent, requestRow(r, g, q))
	}
	return s.importPage(w, r, http.StatusOK, v)
}

// importWords gives "add 6 requests and change 2".
func importWords(added, changed int, add, change string) string {
	switch {
	case changed == 0:
		return add + " " + many(added, "request", "requests")
	case added == 0:
		return change + " " + many(changed, "request", "requests")
	}
	return fmt.Sprintf("%s %s and %s %d", add, many(added, "request", "requests"), change, changed)
}

func (s *Site) importPage(w http.ResponseWriter, r *request, status int, v ui.ImportView) error {
	return s.render(w, r, status, ui.RequestImport(s.shell(w, r, "Request list", "Audit", "Engagements"), v))
}

// mistakes gives joined invalid faults as lines; nil where err is of another kind.
func mistakes(err error) []string {
	var list []error
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		list = joined.Unwrap()
	} else {
		list = []error{err}
	}
	var out []string
	for _, e := range list {
		var f *fault.Error
		if !errors.As(e, &f) || f.Kind != fault.Invalid {
			return nil
		}
		line := f.Error()
		if f.Hint != "" {
			line += ". " + sentence(f.Hint)
		}
		out = append(out, line)
	}
	return out
}

// workbookOf gives the workbook that a form carries, or that an earlier form
// left as a blob under the digest that it names.
func (s *Site) workbookOf(r *request) (name, digest string, raw []byte, err error) {
	parts, err := r.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) {
		name, digest = path.Base(r.PostFormValue("name")), r.PostFormValue("digest")
		f, err := s.cfg.Blobs.Open(digest)
		if err != nil {
			return "", "", nil, fault.Wrap(fault.Invalid, err, "the workbook is not here any more").WithHint("choose it again")
		}
		defer f.Close()
		raw, err = io.ReadAll(io.LimitReader(f, sheet.MaxBytes+1))
		return name, digest, raw, err
	}
	if err != nil {
		return "", "", nil, fault.Wrap(fault.Invalid, err, "the form could not be read").WithHint("choose the workbook again")
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return "", "", nil, fault.Wrap(fault.Invalid, err, "the file did not arrive whole").WithHint("choose it again; nothing was stored")
		}
		if part.FormName() != "file" {
			continue
		}
		if name = path.Base(strings.ReplaceAll(part.FileName(), "\\", "/")); part.FileName() == "" {
			return "", "", nil, fault.New(fault.Invalid, "no file was chosen").WithHint("choose the auditor's workbook")
		}
		raw, err = io.ReadAll(io.LimitReader(part, sheet.MaxBytes+1))
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge) || len(raw) > sheet.MaxBytes:
			return "", "", nil, fault.New(fault.Invalid, "the file is larger than %d MB", sheet.MaxBytes>>20).WithHint("keep only the sheet with the list, and save it again")
		case err != nil:
			return "", "", nil, fault.Wrap(fault.Invalid, err, "the file did not arrive whole").WithHint("choose it again; nothing was stored")
		}
		digest, _, err = s.cfg.Blobs.Put(r.Context(), bytes.NewReader(raw), sheet.MaxBytes)
		return name, digest, raw, err
	}
}

// requestWorkbook gives the requests as a workbook: of our own form, or the
// auditor's own with our answers.
func (s *Site) requestWorkbook(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	requests, err := s.cfg.Engagements.Requests(r.Context(), r.who, g.Number)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if r.URL.Query().Get("form") != "theirs" {
		if err := requestlist.Write(&out, g, requests); err != nil {
			return err
		}
		return download(w, xlsx, fmt.Sprintf("requests-%d.xlsx", g.Number), out.Bytes())
	}
	books, err := s.cfg.Engagements.Workbooks(r.Context(), r.who, g.Number)
	if err != nil {
		return err
	}
	if len(books) == 0 {
		return fault.New(fault.NotFound, "no workbook was taken in for engagement %d", g.Number)
	}
	last := books[len(books)-1]
	f, err := s.cfg.Blobs.Open(last.Digest)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := requestlist.AnswerFile(&out, f, last, requests); err != nil {
		return err
	}
	return download(w, xlsx, last.Name, out.Bytes())
}
