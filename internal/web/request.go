package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/requestlist"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/render/sheet"
	"github.com/attesta/attesta/internal/render/tieout"
	"github.com/attesta/attesta/internal/web/ui"
)

const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// download sends a file under a name that is safe in a header and on disk.
func download(w http.ResponseWriter, contentType, name string, content []byte) error {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	if _, err := w.Write(content); err != nil {
		return errGone
	}
	return nil
}

// requestPage answers: what is asked, what answers it, on whom does it wait?
func (s *Site) request(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	return s.requestPage(w, r, http.StatusOK, g, ui.Problem{}, nil)
}

func (s *Site) requestPage(w http.ResponseWriter, r *request, status int, g engagement.Engagement, bad ui.Problem, typed *engagement.RequestContent) error {
	ctx := r.Context()
	q, messages, history, err := s.cfg.Engagements.Request(ctx, r.who, g.Number, r.PathValue("ref"))
	if err != nil {
		return err
	}
	var by []string
	for _, m := range messages {
		by = append(by, m.Made.By)
	}
	for _, h := range history {
		by = append(by, h.Made.By, h.Owner)
	}
	for _, x := range q.Exhibits {
		by = append(by, x.Made.By)
	}
	names := s.names(ctx, by)
	here := engagementPath(g.Number, "requests", q.Ref)
	row := requestRow(r, g, q)
	v := ui.RequestView{Number: strconv.Itoa(g.Number), Ref: q.Ref, Text: q.Text, Version: strconv.Itoa(q.Version), Problem: bad, Criteria: row.Criteria, Due: q.Due, Answer: q.Answer, Answered: q.Answer,
		Line: []string{string(q.Kind), "ours: " + row.Ours, "auditor's: " + row.Theirs, "waits on " + q.Waiting()}}
	if q.Late(r.now.In(g.Location()).Format("2006-01-02")) {
		v.Line = append(v.Line, "late: due "+row.Due)
	}
	for _, f := range []ui.NamedText{{Title: "Section", Text: q.Section}, {Title: "Control", Text: q.Control}, {Title: "Contact", Text: q.Contact}, {Title: "Owner", Text: names[q.Owner]}, {Title: "Due", Text: row.Due}} {
		if f.Text != "" {
			v.Facts = append(v.Facts, f)
		}
	}
	open := g.State != engagement.Closed
	if access.May(r.who.Role, access.RequestJudge) && open {
		v.Judge = here + "/judge"
		for _, t := range engagement.AllTheirs() {
			v.Theirs = append(v.Theirs, ui.Option{Value: string(t), Text: string(t), Selected: t == q.Theirs})
		}
	}
	if access.May(r.who.Role, access.RequestAnswer) && open {
		v.Write = here + "/messages"
		if r.who.Role != access.Auditor {
			if err := s.requestForm(r, &v, g, q, here, typed); err != nil {
				return err
			}
		}
	}
	if bad.Field == "text" {
		v.Typed = r.PostFormValue("text")
	}
	for _, x := range q.Exhibits {
		v.Exhibits = append(v.Exhibits, ui.ExhibitRow{Kind: capital(x.Kind), Link: exhibitLink(x), Made: r.words.at(x.Made.At), By: names[x.Made.By]})
	}
	for _, m := range messages {
		text := m.Text
		if text == "" {
			text = "(redacted)"
		}
		v.Messages = append(v.Messages, ui.MessageRow{At: r.words.at(m.Made.At), By: names[m.Made.By], Text: text})
	}
	for i, h := range slices.Backward(history) {
		st := ui.Step{At: r.words.at(h.Made.At), Text: "Asked.", By: names[h.Made.By], Entry: entryLink(h.Made.Entry, h.Made.Index)}
		if i > 0 {
			st.Text = requestChange(history[i-1], h, names)
		}
		v.Steps = append(v.Steps, st)
	}
	return s.render(w, r, status, ui.Request(s.shell(w, r, "Request "+q.Ref, "Audit", "Engagements"), v))
}

func exhibitLink(x engagement.Exhibit) ui.Link {
	switch x.Kind {
	case "population":
		return ui.Link{Text: x.Title, Href: "/populations/extractions/" + x.Subject}
	case "evidence":
		return ui.Link{Text: x.Title, Href: "/evidence/" + x.Subject}
	}
	return ui.Link{Text: x.Title}
}

func requestChange(a, b engagement.Request, names map[string]string) string {
	var parts []string
	for _, f := range requestFields(a, b, names) {
		if f.Name == "request" || f.Name == "answer" {
			parts = append(parts, f.Name+" rewritten")
			continue
		}
		parts = append(parts, fmt.Sprintf("%s: %s, before: %s", f.Name, f.After, f.Before))
	}
	return capital(strings.Join(parts, "; ")) + "."
}

// requestFields gives what differs between two versions of a request.
func requestFields(a, b engagement.Request, names map[string]string) []ui.FieldChange {
	var out []ui.FieldChange
	for _, f := range []struct{ name, a, b string }{{"request", a.Text, b.Text}, {"section", a.Section, b.Section}, {"kind", string(a.Kind), string(b.Kind)}, {"criteria", strings.Join(a.Criteria, ", "), strings.Join(b.Criteria, ", ")},
		{"control", a.Control, b.Control}, {"contact", a.Contact, b.Contact}, {"owner", names[a.Owner], names[b.Owner]}, {"due", a.Due, b.Due}, {"our status", string(a.Ours), string(b.Ours)},
		{"auditor's status", string(a.Theirs), string(b.Theirs)}, {"answer", a.Answer, b.Answer}} {
		if f.a != f.b {
			out = append(out, ui.FieldChange{Name: f.name, Before: orNone(f.a), After: orNone(f.b)})
		}
	}
	return out
}

// requestForm fills the form of whoever answers.
func (s *Site) requestForm(r *request, v *ui.RequestView, g engagement.Engagement, q engagement.Request, here string, typed *engagement.RequestContent) error {
	c := q.RequestContent
	if typed != nil {
		c = *typed
	}
	v.Save, v.Attach, v.Answered, v.Due, v.Answer = here+"/answer", here+"/attach", "", c.Due, c.Answer
	for _, o := range engagement.AllOurs() {
		v.Ours = append(v.Ours, ui.Option{Value: string(o), Text: strings.ReplaceAll(string(o), "_", " "), Selected: o == c.Ours})
	}
	for _, k := range engagement.Kinds() {
		v.Kinds = append(v.Kinds, ui.Option{Value: string(k), Text: string(k), Selected: k == c.Kind})
	}
	v.Owners = []ui.Option{{Value: "", Text: "nobody yet", Selected: c.Owner == ""}}
	if access.May(r.who.Role, access.UserRead) {
		users, err := s.cfg.Access.Users(r.Context(), r.who)
		if err != nil {
			return err
		}
		for _, u := range users {
			if access.May(u.Role, access.RequestAnswer) && u.Role != access.Auditor {
				v.Owners = append(v.Owners, ui.Option{Value: u.ID, Text: u.Name, Selected: u.ID == c.Owner})
			}
		}
	} else { // who may not see the users can take a request on, or leave it
		if c.Owner != "" && c.Owner != r.who.UserID {
			v.Owners = append(v.Owners, ui.Option{Value: c.Owner, Text: s.names(r.Context(), []string{c.Owner})[c.Owner], Selected: true})
		}
		v.Owners = append(v.Owners, ui.Option{Value: r.who.UserID, Text: r.who.Name, Selected: c.Owner == r.who.UserID})
	}
	all, err := s.cfg.Engagements.Exhibits(r.Context(), r.who, g.Number)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, x := range q.Exhibits {
		seen[x.Kind+" "+x.Subject] = true
	}
	for _, x := range all {
		if key := x.Kind + " " + x.Subject; !seen[key] {
			seen[key] = true
			v.Choices = append(v.Choices, ui.Option{Value: key, Text: capital(x.Kind) + ": " + x.Title})
		}
	}
	return nil
}

func formVersion(r *request) (int, error) {
	n, err := strconv.Atoi(r.PostFormValue("version"))
	if err != nil {
		return 0, fault.New(fault.Invalid, "the form does not say which version it changes").WithHint("open it again")
	}
	return n, nil
}

func (s *Site) answerRequest(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	base, err := formVersion(r)
	if err != nil {
		return err
	}
	kind, ours := engagement.Kind(r.PostFormValue("kind")), engagement.Ours(r.PostFormValue("ours"))
	owner, due, answer := r.PostFormValue("owner"), strings.TrimSpace(r.PostFormValue("due")), r.PostFormValue("answer")
	_, err = s.cfg.Engagements.Edit(r.Context(), r.who, g.Number, r.PathValue("ref"), base, engagement.Edit{Kind: &kind, Ours: &ours, Owner: &owner, Due: &due, Answer: &answer})
	if err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.requestPage(w, r, http.StatusUnprocessableEntity, g, bad, &engagement.RequestContent{Kind: kind, Ours: ours, Owner: owner, Due: due, Answer: answer})
	}
	s.flash(w, "Saved. The earlier version stays in the request's history.")
	http.Redirect(w, r.Request, engagementPath(g.Number, "requests", r.PathValue("ref")), http.StatusSeeOther)
	return nil
}

func (s *Site) judgeRequest(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	base, err := formVersion(r)
	if err != nil {
		return err
	}
	theirs := engagement.Theirs(r.PostFormValue("theirs"))
	if _, err := s.cfg.Engagements.Edit(r.Context(), r.who, g.Number, r.PathValue("ref"), base, engagement.Edit{Theirs: &theirs}); err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.requestPage(w, r, http.StatusUnprocessableEntity, g, bad, nil)
	}
	http.Redirect(w, r.Request, engagementPath(g.Number, "requests", r.PathValue("ref")), http.StatusSeeOther)
	return nil
}

func (s *Site) writeMessage(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	if _, err := s.cfg.Engagements.Write(r.Context(), r.who, g.Number, r.PathValue("ref"), r.PostFormValue("text")); err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.requestPage(w, r, http.StatusUnprocessableEntity, g, bad, nil)
	}
	http.Redirect(w, r.Request, engagementPath(g.Number, "requests", r.PathValue("ref")), http.StatusSeeOther)
	return nil
}

// attachExhibit lets something that the engagement holds answer a request.
func (s *Site) attachExhibit(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	kind, subject, _ := strings.Cut(r.PostFormValue("exhibit"), " ")
	all, err := s.cfg.Engagements.Exhibits(r.Context(), r.who, g.Number)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(x engagement.Exhibit) bool { return x.Kind == kind && x.Subject == subject })
	if i < 0 {
		return fault.New(fault.NotFound, "the engagement holds nothing of that kind").WithHint("choose something from the list")
	}
	if _, err := s.cfg.Engagements.Attach(r.Context(), r.who, g.Number, r.PathValue("ref"), engagement.Exhibit{Kind: kind, Subject: subject, Title: all[i].Title}); err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.requestPage(w, r, http.StatusUnprocessableEntity, g, bad, nil)
	}
	http.Redirect(w, r.Request, engagementPath(g.Number, "requests", r.PathValue("ref")), http.StatusSeeOther)
	return nil
}

func (s *Site) askRequest(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	q, err := s.cfg.Engagements.Ask(r.Context(), r.who, g.Number, r.PostFormValue("ref"), engagement.RequestContent{Text: r.PostFormValue("text"), Due: strings.TrimSpace(r.PostFormValue("due")), Criteria: engagement.CriteriaIn(r.PostFormValue("text"))})
	if err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.engagementRoom(w, r, http.StatusUnprocessableEntity, g, bad)
	}
	http.Redirect(w, r.Request, engagementPath(g.Number, "requests", q.Ref), http.StatusSeeOther)
	return nil
}

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
	if err != nil {
		v.Title, v.Mistakes = "The list was not taken in", mistakes(err)
		if v.Mistakes == nil {
			return err
		}
		return s.importPage(w, r, http.StatusUnprocessableEntity, v)
	}
	for i := range v.Sheets {
		v.Sheets[i].Selected = v.Sheets[i].Value == list.Sheet
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
	v.Title = fmt.Sprintf("The list would add %d and change %d of %s", len(c.Added), len(c.Changed), many(len(list.Requests), "request", "requests"))
	columns := make([]string, len(list.Columns))
	for i, col := range list.Columns {
		columns[i] = fmt.Sprintf("%s is the %s", col.Title, col.Field)
	}
	v.Line = []string{name, fmt.Sprintf("sheet %s, headings in row %d", list.Sheet, list.Head), strings.Join(columns, ", ")}
	if len(list.Unknown) > 0 {
		v.Line = append(v.Line, "left alone: "+strings.Join(list.Unknown, ", "))
	}
	v.Apply = fmt.Sprintf("Take in %d new and %s", len(c.Added), many(len(c.Changed), "changed request", "changed requests"))
	if len(c.Added)+len(c.Changed) == 0 {
		v.Apply = ""
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
	book, err := sheet.Open(f, last.Name)
	if err != nil {
		return err
	}
	defer book.Close()
	list, err := requestlist.Read(book, last.Name, last.Sheet)
	if err != nil {
		return err
	}
	if err := requestlist.Answers(&out, book, list, requests); err != nil {
		return err
	}
	return download(w, xlsx, last.Name, out.Bytes())
}

// exhibits lists what was frozen for the engagement.
func (s *Site) exhibits(r *request, g engagement.Engagement, requests []engagement.Request, v *ui.EngagementView, open bool) error {
	ctx := r.Context()
	all, err := s.cfg.Engagements.Exhibits(ctx, r.who, g.Number)
	if err != nil {
		return err
	}
	refs := map[string]string{}
	for _, q := range requests {
		refs[q.ID] = q.Ref
	}
	seen := map[string]int{}
	frozen := 0
	for _, x := range all {
		if x.Kind != "population" {
			continue
		}
		answers := ui.Link{}
		if ref := refs[x.Request]; ref != "" {
			answers = ui.Link{Text: ref, Href: engagementPath(g.Number, "requests", ref)}
		}
		if at, twice := seen[x.Subject]; twice {
			if answers.Text != "" {
				v.Populations[at].Request = answers
			}
			continue
		}
		e, err := s.cfg.Populations.Extraction(ctx, x.Subject)
		if err != nil {
			return err
		}
		row := ui.FrozenRow{Link: ui.Link{Text: e.Ref() + " " + e.Content.Title, Href: "/populations/extractions/" + e.ID}, Decided: strings.ReplaceAll(e.Content.Date, "_", " "), Items: e.Count, Frozen: r.words.at(e.MadeAt),
			Digest: e.Digest[:4] + "…" + e.Digest[len(e.Digest)-2:], Workbook: engagementPath(g.Number, "populations", e.ID+".xlsx"), Second: "none yet", Open: "not tested", Request: answers}
		if n := len(e.Reconciliations); n > 0 {
			rec := e.Reconciliations[n-1]
			row.Second, row.There, row.Open, row.OpenBad = rec.Name, ui.Number(rec.B), ui.Number(rec.Open()), rec.Open() > 0
		}
		seen[x.Subject] = len(v.Populations)
		v.Populations = append(v.Populations, row)
		frozen++
	}
	v.Figures = append(v.Figures, ui.Figure{Term: "Populations frozen", Value: strconv.Itoa(frozen)})
	if !open || !access.May(r.who.Role, access.PopulationExtract) || !access.May(r.who.Role, access.RequestAnswer) {
		return nil
	}
	definitions, err := s.cfg.Populations.Definitions(ctx)
	if err != nil {
		return err
	}
	drafts := 0
	for _, d := range definitions {
		if in, ok := d.InForce(); ok {
			v.Choices = append(v.Choices, ui.Option{Value: d.Slug, Text: fmt.Sprintf("%s, version %d", in.Title, in.Version), Selected: d.Slug == r.PostFormValue("population")})
		} else if d.Newest().State == population.Draft {
			drafts++
		}
	}
	if len(v.Choices) > 0 {
		v.Freeze = engagementPath(g.Number, "populations")
	}
	if drafts > 0 {
		v.FreezeNote = fmt.Sprintf("%s nobody has approved yet; somebody other than the author approves a definition before it can be frozen.", many(drafts, "definition is a draft that", "definitions are drafts that"))
	}
	return nil
}

// freezePopulation extracts a population over the engagement's period.
func (s *Site) freezePopulation(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	from, to := g.Window()
	win := population.Window{From: from, To: to}
	if r.now.Before(to) {
		win.To = r.now // the window is not over: what is known so far
		if d, err := s.cfg.Populations.Definition(r.Context(), r.PostFormValue("population")); err == nil {
			if src, err := s.cfg.Populations.Source(d.Newest().Source); err == nil {
				win.To = r.now.Add(-src.Settle)
			}
		}
	}
	if g.Type == 1 {
		win.From = win.To
	}
	bad := ui.Problem{}
	switch {
	case !r.now.After(from):
		bad = ui.Problem{Field: "population", Text: "The period has not begun: there is nothing to freeze yet."}
	default:
		e, err := s.cfg.Populations.Extract(r.Context(), r.who, r.PostFormValue("population"), win)
		if err == nil {
			_, err = s.cfg.Engagements.Attach(r.Context(), r.who, g.Number, "", engagement.Exhibit{Kind: "population", Subject: e.ID, Title: e.Ref() + " " + e.Content.Title})
		}
		if err == nil {
			said := fmt.Sprintf("%s is frozen: %s.", e.Ref(), many(e.Count, "item", "items"))
			if r.now.Before(to) {
				said += " The period is not over; freeze it again afterwards."
			}
			s.flash(w, said)
			http.Redirect(w, r.Request, engagementPath(g.Number)+"#h-pop", http.StatusSeeOther)
			return nil
		}
		if bad, err = problem(err); err != nil {
			return err
		}
		bad.Field = "population"
	}
	return s.engagementRoom(w, r, http.StatusUnprocessableEntity, g, bad)
}

// tieOut gives a population that was frozen for the engagement as a workbook.
func (s *Site) tieOut(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	ctx, id := r.Context(), strings.TrimSuffix(r.PathValue("extraction"), ".xlsx")
	all, err := s.cfg.Engagements.Exhibits(ctx, r.who, g.Number)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(x engagement.Exhibit) bool { return x.Kind == "population" && x.Subject == id }) {
		return fault.New(fault.NotFound, "engagement %d holds no such population", g.Number)
	}
	e, err := s.cfg.Populations.Extraction(ctx, id)
	if err != nil {
		return err
	}
	c := tieout.Content{Extraction: e, Engagement: fmt.Sprintf("Engagement %d, type %d, %s", g.Number, g.Type, g.Period()), Origin: s.cfg.Ledger.Origin(), Items: s.itemsOf(r, id)}
	d, err := s.cfg.Populations.Definition(ctx, e.Slug)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(d.Versions, func(v population.Version) bool { return v.Version == e.Version }); i >= 0 {
		c.Definition = d.Versions[i]
	}
	src, err := s.cfg.Populations.Source(e.Content.Source)
	if err != nil {
		return err
	}
	for _, f := range src.Fields {
		c.Fields = append(c.Fields, f.Name)
	}
	by := []string{e.MadeBy, c.Definition.MadeBy, c.Definition.ApprovedBy}
	for _, rec := range e.Reconciliations {
		lines, err := s.linesOf(r, rec.ID)
		if err != nil {
			return err
		}
		for _, l := range lines {
			by = append(by, l.By)
		}
		by = append(by, rec.MadeBy)
		c.Reconciliations = append(c.Reconciliations, tieout.Reconciliation{Reconciliation: rec, Lines: lines})
	}
	for _, x := range e.Exclusions {
		by = append(by, x.By, x.ApprovedBy)
	}
	names := s.names(ctx, by)
	c.Name = func(id string) string {
		if n := names[id]; n != "" {
			return n
		}
		return id
	}
	var out bytes.Buffer
	if err := tieout.Write(&out, c); err != nil {
		return err
	}
	return download(w, xlsx, fmt.Sprintf("%s-%s.xlsx", e.Ref(), e.Slug), out.Bytes())
}

// linesOf gives every line of a reconciliation: in both, then on one side alone.
func (s *Site) linesOf(r *request, id string) ([]population.Line, error) {
	const page = 1000
	var out []population.Line
	for _, side := range []population.Side{population.Both, population.OnlyA, population.OnlyB} {
		for after := -1; ; {
			lines, err := s.cfg.Populations.Lines(r.Context(), id, side, after, page)
			if err != nil {
				return nil, err
			}
			out = append(out, lines...)
			if len(lines) < page {
				break
			}
			after = lines[len(lines)-1].Seq
		}
	}
	return out, nil
}

// itemsOf gives the items of an extraction, page by page.
func (s *Site) itemsOf(r *request, id string) iter.Seq2[population.Item, error] {
	return func(yield func(population.Item, error) bool) {
		for cursor := ""; ; {
			page, next, err := s.cfg.Populations.Items(r.Context(), id, cursor, 10_000)
			if err != nil {
				yield(population.Item{}, err)
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			cursor = next
		}
	}
}
