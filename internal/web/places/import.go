package places

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/badgecsv"
	"github.com/attesta/attesta/internal/program/badge"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// file is what a form of the import brings.
type file struct {
	raw            []byte
	name, is, take string
	columns        map[string]string
	confirmed      bool
}

func (s *site) choose(w http.ResponseWriter, r *screen.Request) error {
	return s.showImport(w, r, file{is: badge.Holders}, nil, nil, nil)
}

// look shows what a file becomes, or takes it in.
func (s *site) look(w http.ResponseWriter, r *screen.Request) error {
	f, err := upload(r)
	if err != nil {
		t, err := screen.WrongForm(url.Values{}, err)
		if err != nil {
			return err
		}
		return s.showImport(w, r, f, nil, nil, t)
	}
	b, read, err := s.read(r, f)
	var got *badge.Looked
	if err == nil {
		got, err = s.cfg.Badges.Bring(r.Context(), r.Who, r.PathValue("ref"), b, !f.confirmed)
	}
	if err != nil {
		t, err := screen.WrongForm(url.Values{}, err)
		if err != nil {
			return err
		}
		return s.showImport(w, r, f, read, nil, t)
	}
	if f.confirmed {
		said := "The list is taken in."
		if got.List.State == badge.Held {
			said = "The list is held: " + got.List.Held + "."
		}
		return r.Done(w, said, "/badge-lists/"+got.Ref)
	}
	return s.showImport(w, r, f, read, got, nil)
}

func (s *site) read(r *screen.Request, f file) (badge.Brought, *badgecsv.File, error) {
	now, zone, err := s.cfg.Places.Now(r.Context())
	if err != nil {
		return badge.Brought{}, nil, err
	}
	read, err := badgecsv.Read(bytes.NewReader(f.raw), f.is, f.columns, zone, now)
	if err != nil {
		return badge.Brought{}, nil, err
	}
	b := badge.Brought{Is: f.is, Way: "file", File: f.name, Raw: f.raw, Holders: read.Holders, Readings: read.Readings, Repeated: read.Repeated, Refused: read.Refused}
	if f.take != "" {
		day, err := time.ParseInLocation(time.DateOnly, f.take, zone)
		if err != nil {
			return b, read, fault.New(fault.Invalid, "%q is no day", f.take).At("", 0, "taken")
		}
		if b.TakenAt = day.AddDate(0, 0, 1).Add(-time.Second); b.TakenAt.After(now) {
			b.TakenAt = now
		}
		if day.After(now) {
			return b, read, fault.New(fault.Invalid, "%s has not come yet", f.take).At("", 0, "taken")
		}
	}
	return b, read, nil
}

func (s *site) showImport(w http.ResponseWriter, r *screen.Request, f file, read *badgecsv.File, got *badge.Looked, t *screen.Typed) error {
	o, err := s.cfg.Badges.System(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	path := "/badge-systems/" + o.Ref
	crumbs := []ui.Link{{Text: "Badges", Href: "/badges"}, {Text: o.Content.Name, Href: path}, {Text: "Bring a list"}}
	form := ui.Form{ID: "import", Action: path + "/import", Button: "Look at the file", Upload: true, Note: "CSV with commas, semicolons or tabs, up to 12 MB; more comes in parts, or by webhook. Nothing is stored before you have seen what it becomes.",
		Fields: []ui.Field{screen.Choice("is", "What does it hold?", "", f.is, [2]string{badge.Holders, "Badges and who holds them"}, [2]string{badge.Readings, "Readings: where badges were used"}), {Name: "taken", Label: "On which day was it taken from the system?", Hint: "Today when empty.", Kind: "date", Value: f.take}, {Name: "file", Label: "File", Kind: "file", Must: true}}}
	t.Fill(&form)
	side := []ui.Block{{ID: "columns", Title: "Columns", Text: []string{"Found by their headings, in any order. Where yours are called otherwise, say below the preview which is which."},
		Facts: []ui.Fact{{Term: "Holders", Text: "badge number, name or mail or personnel number; access levels, status, valid until, last used"}, {Term: "Readings", Text: "badge number, moment (or date and time of day), door; granted or denied"}}}}
	if got == nil && len(f.raw) > 0 { // it could not be read as it is: say which column is which
		form.Fields = append(form.Fields[:2], mapping(f, read)...)
		form.Fields = append(form.Fields, ui.Field{Name: "file", Label: "The file again", Kind: "file", Must: true})
		t.Fill(&form)
	}
	if got == nil {
		return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Bring a list of badges", "Organise", "Badges"), ui.FormView{Crumbs: crumbs, Title: "Bring a list to " + o.Content.Name, Note: "Who holds which badge, or where badges were used.", Form: form, Side: side}))
	}
	l := got.List
	v := ui.ListView{Crumbs: crumbs, Note: fmt.Sprintf("Read as %s, separated by %s. Nothing is stored yet.", read.Encoding, read.Separator), None: "Nothing changes."}
	if f.is == badge.Holders {
		n := l.Counts
		v.Title = fmt.Sprintf("%s: %d new, %d closed or gone, %d changed, %d as before", ui.Many(l.Accepted, "badge", "badges"), n.Issued, n.Lost, n.Changed, n.Same)
		v.Table = ui.Table{Caption: "What would change", Columns: []ui.Column{{Text: "Badge"}, {Text: "Change"}, {Text: "What"}}}
		for _, c := range got.Changes {
			v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: c.Number}, Mono: true, Cells: []ui.Cell{{Text: badge.ChangeWords(c.Kind)}, {Text: c.What()}}})
		}
		if l.Held != "" {
			v.Note += " It would be held until somebody else approves it: " + l.Held + "."
		}
		if l.Refusals > 0 {
			v.Note += " Since lines are refused, no badge that is not in the file is taken to be gone."
		}
	} else {
		v.Title = fmt.Sprintf("%s, %d of them new", ui.Many(l.Accepted, "reading", "readings"), l.NewReading)
		v.Table = ui.Table{Caption: "The first readings", Columns: []ui.Column{{Text: "Badge"}, {Text: "When"}, {Text: "Door"}, {Text: "It"}}}
		for _, x := range read.Readings[:min(len(read.Readings), 20)] {
			is := "stayed shut"
			if x.Granted {
				is = "opened"
			}
			v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Card}, Mono: true, Cells: []ui.Cell{{Moment: r.Words.At(x.At)}, {Text: x.Door}, {Text: is}}})
		}
	}
	v.Table.Pager.Text = ui.Number(len(v.Table.Rows)) + " shown"
	if l.Refusals > 0 {
		v.Title += ", " + ui.Many(l.Refusals, "line refused", "lines refused")
	}
	v.After, v.Heads = []ui.Table{refusedTable(l.Refused, l.Refusals), columnTable(read)}, []string{"Lines that are refused", "How columns were understood"}
	if l.Refusals == 0 {
		v.After, v.Heads = v.After[1:], v.Heads[1:]
	}
	v.Form = ui.Form{ID: "take", Action: path + "/import", Button: "Take it in", Also: ui.Link{Text: "Look again with these columns", Href: "look"}, Note: "Where a column was understood wrongly, choose the right one and look again.",
		Fields: append([]ui.Field{{Name: "is", Kind: "hidden", Value: f.is}, {Name: "taken", Kind: "hidden", Value: f.take}, {Name: "name", Kind: "hidden", Value: f.name}, {Name: "content", Kind: "hidden", Value: base64.StdEncoding.EncodeToString(f.raw)}}, mapping(f, read)...)}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Bring a list of badges", "Organise", "Badges"), v))
}

// mapping asks which header is which column.
func mapping(f file, read *badgecsv.File) []ui.Field {
	var out []ui.Field
	for _, what := range badgecsv.Columns(f.is) {
		label := screen.Capital(map[string]string{"card": "badge number", "first": "first name", "last": "last name", "number": "personnel number", "zones": "access levels", "until": "valid until", "used": "last used", "at": "moment", "clock": "time of day"}[what])
		if label == "" {
			label = screen.Capital(what)
		}
		field := ui.Field{Name: "column-" + what, Label: label, Value: f.columns[what]}
		if read != nil {
			pairs := [][2]string{{"", "as it was found"}}
			for _, h := range read.Headers {
				if h != "" {
					pairs = append(pairs, [2]string{h, h})
				}
			}
			field = screen.Choice(field.Name, label, "", screen.OrElse(f.columns[what], ""), pairs...)
			if read.Columns[what] != "" {
				field.Hint = "found: " + read.Columns[what]
			}
		} else {
			field.Hint = "The heading that stands for it; empty where the usual names do."
		}
		out = append(out, field)
	}
	return out
}

func refusedTable(list []badge.Refused, all int) ui.Table {
	t := ui.Table{Caption: "Lines that are refused", Columns: []ui.Column{{Text: "Line"}, {Text: "Why"}, {Text: "The line"}}}
	for _, x := range list {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: strconv.Itoa(x.Line)}, Cells: []ui.Cell{{Text: x.Why, Bad: true}, {Text: x.Text, Mono: true}}})
	}
	t.Pager.Text = fmt.Sprintf("%d of %d shown", len(list), all)
	return t
}

func columnTable(read *badgecsv.File) ui.Table {
	t := ui.Table{Caption: "How columns were understood", Columns: []ui.Column{{Text: "Column of the file"}, {Text: "Is"}}}
	for _, h := range read.Headers {
		is := ui.Cell{Text: "nothing to us", Muted: true}
		for what, header := range read.Columns {
			if header == h {
				is = ui.Cell{Text: what}
			}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(h, "without a heading")}, Cells: []ui.Cell{is}})
	}
	t.Pager.Text = ui.Number(len(t.Rows)) + " shown"
	return t
}

// upload gives a file that was chosen, or one that was looked at and is confirmed.
func upload(r *screen.Request) (f file, err error) {
	bad := func(cause error, what string) error {
		return fault.Wrap(fault.Invalid, cause, "%s", what).At("", 0, "file").WithHint("choose the file again")
	}
	f.is, f.columns = badge.Holders, map[string]string{}
	set := func(name, value string) {
		switch name {
		case "is":
			f.is = value
		case "taken":
			f.take = strings.TrimSpace(value)
		case "name":
			f.name = screen.Cut(strings.Join(strings.Fields(strings.ToValidUTF8(value, "")), " "), 100)
		default:
			if what, ok := strings.CutPrefix(name, "column-"); ok && strings.TrimSpace(value) != "" {
				f.columns[what] = strings.TrimSpace(value)
			}
		}
	}
	if r.PostForm != nil && r.PostForm.Has("content") {
		for name := range r.PostForm {
			set(name, r.PostForm.Get(name))
		}
		if f.raw, err = base64.StdEncoding.DecodeString(r.PostForm.Get("content")); err != nil {
			return f, bad(err, "the file did not come back whole")
		}
		f.confirmed = r.PostForm.Get("do") != "look"
		return f, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return f, bad(err, "no file was sent")
	}
	for {
		p, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // NextPart gives it bare
			break
		}
		if err != nil {
			return f, bad(err, "the file did not come whole")
		}
		raw, err := io.ReadAll(io.LimitReader(p, maxFile+1))
		switch {
		case err != nil:
			return f, bad(err, "the file did not come whole")
		case len(raw) > maxFile:
			return f, bad(nil, "the file has more than 12 MB")
		case p.FormName() == "file":
			f.raw = raw
			set("name", p.FileName())
		default:
			set(p.FormName(), string(raw[:min(len(raw), 300)]))
		}
	}
	if len(f.raw) == 0 {
		return f, bad(nil, "no file was chosen, or it is empty")
	}
	return f, nil
}
