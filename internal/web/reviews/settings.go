package reviews

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/accountcsv"
	"github.com/attesta/attesta/internal/program/review"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const listsPath = "/access-reviews/lists"

// lists answers: of which systems that nothing reads do we have the accounts?
func (s *site) lists(w http.ResponseWriter, r *screen.Request) error {
	return s.showLists(w, r, nil)
}

func (s *site) showLists(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	all, err := s.cfg.Reviews.Lists(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: crumb(ui.Link{Text: "Lists of accounts"}), Title: ui.Many(len(all), "list was", "lists were") + " brought", Note: "Of each system the list that was taken last counts. It is part of every review, and proves what was revoked before it was taken.", None: "No list was brought yet: bring the accounts of systems that nothing reads, such as a cloud console or a code host.",
		Table: ui.Table{Caption: "Lists of accounts, newest first", Columns: []ui.Column{{Text: "System"}, {Text: "Taken"}, {Text: "Roles", N: true}, {Text: "Left out", N: true}, {Text: "Brought by"}, {Text: "Owner"}, {Text: "SHA-256 of the file"}, {Text: "Record"}}}}
	var who []string
	for _, l := range all {
		who = append(who, l.Made.By)
		if l.Owner != "" {
			who = append(who, l.Owner)
		}
	}
	names := r.Names(who)
	seen := map[string]bool{}
	for _, l := range all {
		row := ui.TableRow{Head: ui.Link{Text: l.Name}, Cells: []ui.Cell{{Moment: r.Words.At(l.Taken)}, {Text: ui.Number(l.Roles), N: true}, {Text: ui.Number(l.LeftOut), N: true}, {Text: screen.Who(names, l.Made.By)}, {Text: screen.OrElse(screen.Who(names, l.Owner), "nobody is named"), Muted: l.Owner == ""},
			{Text: l.Digest[:16] + "…", Mono: true}, {Links: []ui.Link{screen.EntryLink(l.Made.Entry, l.Made.Index)}}}}
		if !seen[l.Place] {
			row.Tag = "counts"
		}
		seen[l.Place] = true
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Table.Pager.Text = fmt.Sprintf("%d shown. Left out are accounts that the list says let nobody in.", len(all))
	if r.May(access.ReviewManage) {
		people, err := s.reviewers(r.Context(), "as before, or nobody")
		if err != nil {
			return err
		}
		v.Form = ui.Form{ID: "bring", Action: listsPath, Summary: "Bring a list", Open: len(all) == 0, Button: "Bring the list", Upload: true,
			Note: "CSV whose first line names the columns: account and role must be there; name, mail, status, last used, granted, granted by, request, privileged, detail and kind are understood. One line wrong, and nothing is stored.",
			Fields: []ui.Field{{Name: "system", Label: "System", Hint: "The same name as before brings its next list.", Must: true}, {Name: "taken", Label: "Taken from the system at", Hint: "As 2026-09-30 14:05; now where it is empty. A list proves what was revoked before this moment."},
				{Name: "owner", Label: "Who owns the system", Kind: "select", Options: people}, {Name: "file", Label: "File", Kind: "file", Must: true}}}
		if t != nil {
			t.Fill(&v.Form)
		}
	}
	return r.Render(w, t.Status(), ui.List(r.Shell(w, "Lists of accounts", "Organise", "Access reviews"), v))
}

// upload reads the parts of a form with a file.
func upload(r *screen.Request) (url.Values, []byte, error) {
	values := url.Values{}
	parts, err := r.MultipartReader()
	if err != nil {
		return values, nil, fault.Wrap(fault.Invalid, err, "no file was sent").At("", 0, "file")
	}
	var file []byte
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return values, file, nil
		}
		if err != nil {
			return values, nil, fault.Wrap(fault.Invalid, err, "the file did not come whole").At("", 0, "file")
		}
		limit := int64(1000)
		if p.FormName() == "file" {
			limit = accountcsv.MaxBytes + 1
		}
		raw, err := io.ReadAll(io.LimitReader(p, limit))
		if err != nil {
			return values, nil, fault.Wrap(fault.Invalid, err, "the file did not come whole").At("", 0, "file")
		}
		if p.FormName() == "file" {
			file = raw
		} else {
			values.Set(p.FormName(), string(raw))
		}
	}
}

func (s *site) bring(w http.ResponseWriter, r *screen.Request) error {
	values, raw, err := upload(r)
	var f *accountcsv.File
	var l *review.Listed
	b := review.Brought{System: values.Get("system"), Owner: values.Get("owner"), File: raw}
	if err == nil && len(raw) == 0 {
		err = fault.New(fault.Invalid, "no file was chosen").At("", 0, "file")
	}
	if text := strings.TrimSpace(values.Get("taken")); err == nil && text != "" {
		b.Taken, err = moment(text, r)
	}
	if err == nil {
		f, err = accountcsv.Read(bytes.NewReader(raw))
	}
	if err == nil {
		b.Grants, b.Closed = f.Grants, f.Closed
		l, err = s.cfg.Reviews.BringList(r.Context(), r.Who, b)
	}
	if err != nil {
		t, err := screen.WrongForm(values, err)
		if err != nil {
			return err
		}
		return s.showLists(w, r, t)
	}
	if _, err := s.cfg.Reviews.Look(r.Context()); err != nil {
		return err
	}
	said := fmt.Sprintf("The list of %s is there: %s with %s, read as %s.", l.Name, ui.Many(f.Accounts, "account", "accounts"), ui.Many(f.Roles, "role", "roles"), f.Encoding)
	if f.Closed > 0 {
		said += fmt.Sprintf(" %s left out: they let nobody in.", ui.Many(f.Closed, "line was", "lines were"))
	}
	if len(f.Unused) > 0 {
		said += " Not used: " + cut(strings.Join(f.Unused, ", "), 120) + "."
	}
	return r.Done(w, said, listsPath)
}

const dutiesPath = "/access-reviews/duties"

// duties answers: which two things should one person not be able to do?
func (s *site) duties(w http.ResponseWriter, r *screen.Request) error {
	return s.showDuties(w, r, nil)
}

func (s *site) showDuties(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	all, err := s.cfg.Reviews.Duties(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: crumb(ui.Link{Text: "Segregation of duties"}), Title: "Duties that one person does not hold together", Note: "Whoever holds both is flagged in every review that begins from now on; keeping either asks for a reason.", None: "No rule is written yet.",
		Table: ui.Table{Caption: "Rules of segregation of duties", Columns: []ui.Column{{Text: "Rule"}, {Text: "Not together"}, {Text: "With"}, {Text: "Why"}, {Text: "State"}, {Text: "Record"}}}}
	side := func(x review.Side) ui.Cell { return ui.Cell{Text: x.Role, Meta: "on " + x.System} }
	for _, d := range all {
		row := ui.TableRow{Head: ui.Link{Text: d.Title}, Meta: fmt.Sprintf("%s, version %d", d.Ref(), d.Version), Cells: []ui.Cell{side(d.A), side(d.B), {Text: d.Why}, {Text: map[bool]string{false: "holds", true: "ended"}[d.Ended], Muted: d.Ended}, {Links: []ui.Link{screen.EntryLink(d.Made.Entry, d.Made.Index)}}}}
		if r.May(access.ReviewManage) {
			row.Head.Href = dutiesPath + "?rule=" + strconv.Itoa(d.Number) + "#duty"
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	if r.May(access.ReviewManage) {
		var d review.Duty
		if asked := screen.OrElse(r.PostFormValue("number"), r.URL.Query().Get("rule")); asked != "" {
			for _, o := range all {
				if strconv.Itoa(o.Number) == asked {
					d = o
				}
			}
			if d.Number == 0 {
				return fault.New(fault.NotFound, "no rule has the number %s", asked)
			}
		}
		v.Form = dutyForm(d)
		v.Form.Open = v.Form.Open || len(all) == 0
		if t != nil {
			t.Fill(&v.Form)
		}
	}
	return r.Render(w, t.Status(), ui.List(r.Shell(w, "Segregation of duties", "Organise", "Access reviews"), v))
}

func dutyForm(d review.Duty) ui.Form {
	f := ui.Form{ID: "duty", Action: dutiesPath, Summary: "Write a rule", Button: "Write it", Quiet: true}
	if d.Number > 0 {
		f.Summary, f.Button, f.Open = "Change "+d.Ref(), "Record it", true
		f.Fields = []ui.Field{{Name: "number", Kind: "hidden", Value: strconv.Itoa(d.Number)}}
	}
	const system = "Its name, with * for any text; or attesta, host:*, database:*, list:*."
	f.Fields = append(f.Fields, ui.Field{Name: "title", Label: "What the rule is called", Value: d.Title, Must: true}, ui.Field{Name: "a_system", Label: "First system", Hint: system, Value: d.A.System, Must: true}, ui.Field{Name: "a_role", Label: "First role", Hint: "With * for any text.", Value: d.A.Role, Must: true},
		ui.Field{Name: "b_system", Label: "Second system", Hint: system, Value: d.B.System, Must: true}, ui.Field{Name: "b_role", Label: "Second role", Value: d.B.Role, Must: true}, ui.Field{Name: "why", Label: "What somebody could do with both", Kind: "long", Value: d.Why, Must: true})
	if d.Number > 0 {
		f.Fields = append(f.Fields, ui.Field{Name: "ended", Label: "It holds no more", Kind: "select", Options: options(map[bool]string{true: "yes", false: "no"}[d.Ended], [2]string{"no", "No"}, [2]string{"yes", "Yes"})})
	}
	return f
}

func (s *site) setDuty(w http.ResponseWriter, r *screen.Request) error {
	f := r.PostForm
	d := review.Duty{Title: f.Get("title"), Why: f.Get("why"), A: review.Side{System: f.Get("a_system"), Role: f.Get("a_role")}, B: review.Side{System: f.Get("b_system"), Role: f.Get("b_role")}, Ended: f.Get("ended") == "yes"}
	var err error
	if text := f.Get("number"); text != "" {
		if d.Number, err = strconv.Atoi(text); err != nil {
			return fault.Wrap(fault.Invalid, err, "%q is no number of a rule", text)
		}
	}
	if d, err = s.cfg.Reviews.SetDuty(r.Context(), r.Who, d); err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showDuties(w, r, t)
	}
	return r.Done(w, d.Ref()+" is recorded.", dutiesPath)
}

// moment reads a moment as people type it, in the organisation's zone.
func moment(text string, r *screen.Request) (time.Time, error) {
	text = strings.Replace(text, "T", " ", 1)
	for _, form := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", screen.DateLayout} {
		if t, err := time.ParseInLocation(form, text, r.Words.Zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "%q is no moment", text).At("", 0, "taken").WithHint("write it as 2026-09-30 14:05")
}
