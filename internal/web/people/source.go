package people

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/peoplecsv"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/roster"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// source answers: what does this source say, when was it read, what came of it?
func (s *site) source(w http.ResponseWriter, r *screen.Request) error {
	return s.showSource(w, r, nil)
}

func (s *site) showSource(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	x, err := s.cfg.People.Source(r.Context(), r.Who, r.PathValue("id"))
	if err != nil {
		return err
	}
	readings, err := s.cfg.People.Readings(r.Context(), r.Who, x.ID)
	if err != nil {
		return err
	}
	events, err := s.cfg.People.History(r.Context(), r.Who, x.ID)
	if err != nil {
		return err
	}
	var users []string
	for _, e := range events {
		users = append(users, e.By)
	}
	for _, x := range readings {
		users = append(users, x.MadeBy, x.DecidedBy)
	}
	names := r.Names(users)
	who := func(id string) string {
		if id == "" || id == "system" {
			return "by itself"
		}
		return screen.Who(names, id)
	}
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Sources", Href: settings}, {Text: x.Name}}, Title: x.Name, Line: []string{sourceWords(x.Kind)}, FactsOf: "Settings", Facts: sourceFacts(x), Zone: "times in " + r.Words.Zone.String()}
	if x.Kind != people.Hand {
		last := ui.Figure{Term: "Last read", Value: screen.OrElse(r.Words.At(x.ReadAt).Text, "not yet"), Bad: x.Trouble != ""}
		rec.Figures = []ui.Figure{{Term: "People in it", Value: ui.Number(x.Said)}, last}
	}
	if x.Trouble != "" {
		rec.Warn, rec.Notice = true, "It could not be read at "+r.Words.At(x.TriedAt).Text+": "+x.Trouble+". Nobody is changed by that."
	}
	if x.Held != nil {
		rec.Warn, rec.Notice = true, fmt.Sprintf("A reading of %s waits: %s would leave at once.", r.Words.At(x.Held.MadeAt).Text, ui.Many(x.Held.Leaves, "person", "people"))
		rec.Links = append(rec.Links, ui.Link{Text: "Look at what waits", Href: settings + "-readings/" + x.Held.ID})
	}
	if r.May(access.PeopleSources) && x.Kind != people.Hand {
		rec.Links = append(rec.Links, ui.Link{Text: "Change", Href: settings + "/" + x.ID + "/edit"})
	}
	table := ui.Table{Caption: "Readings that changed something, the newest first", Columns: []ui.Column{{Text: "Reading"}, {Text: "State"}, {Text: "People", N: true}, {Text: "New", N: true}, {Text: "Changed", N: true}, {Text: "Left", N: true}, {Text: "By"}}}
	for _, g := range readings {
		state := ui.Cell{Text: g.State, Bad: g.State == "held"}
		if !g.DecidedAt.IsZero() {
			state.Meta = "by " + who(g.DecidedBy)
		}
		head := ui.Link{Text: r.Words.At(g.MadeAt).Text}
		if g.State == "held" {
			head.Href = settings + "-readings/" + g.ID
		}
		table.Rows = append(table.Rows, ui.TableRow{Head: head, Cells: []ui.Cell{state, {Text: ui.Number(g.Said), N: true}, zero(g.Joins), zero(g.Changes), zero(g.Leaves), {Text: who(g.MadeBy)}}})
	}
	b := ui.Block{ID: "readings", Title: "Readings", Table: &table, None: "None changed anything yet."}
	if x.Kind == people.Hand {
		b.Title = "What is written"
		b.None = "People write here one by one; each is a line of the person's timeline."
	}
	if r.May(access.PeopleEdit) {
		switch x.Kind {
		case people.LDAP, people.SCIM:
			b.Forms = []ui.Form{{ID: "look", Action: settings + "/" + x.ID + "/look", Button: "Read it now", Quiet: true, Also: ui.Link{Text: "Only say what would change", Href: "dry"}}}
		case people.CSV:
			f := ui.Form{ID: "import", Action: settings + "/" + x.ID + "/import", Button: "Look at the file", Upload: true, Note: "CSV with a head, in UTF-8, UTF-16 or Latin-1. Nothing is stored before you have seen what it would change.", Fields: []ui.Field{{Name: "file", Label: "File", Kind: "file", Must: true}}}
			t.Fill(&f)
			b.Forms = []ui.Form{f}
		}
		if t != nil && x.Kind != people.CSV {
			rec.Warn, rec.Notice = true, t.Problem
		}
	}
	rec.Blocks = []ui.Block{b}
	if r.May(access.PeopleSources) && x.Kind != people.Hand {
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "remove", Title: "The end", Text: []string{"Whoever it said stays as they are: nobody leaves because a source is removed."},
			Forms: []ui.Form{{ID: "remove-source", Action: settings + "/" + x.ID + "/remove", Summary: "Read it no longer", Danger: true, Button: "Remove " + x.Name}}})
	}
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		step := ui.Step{At: r.Words.At(e.At), Text: map[string]string{"source_added": "Added.", "source_changed": "Changed.", "source_unread": "Could not be read: " + e.Detail["why"] + ".", "source_removed": "Removed."}[e.Kind], By: opt("by ", strings.TrimSuffix(who(e.By), "by itself")), Entry: screen.EntryLink(e.Entry, e.Index)}
		if e.Kind == "source_unread" {
			step.Mark, step.By = "bad", ""
		}
		rec.History = append(rec.History, step)
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, x.Name, "Settings", "People's sources"), rec))
}

func zero(n int) ui.Cell { return ui.Cell{Text: ui.Number(n), N: true, Muted: n == 0} }

func sourceFacts(x *people.Source) []ui.Fact {
	set := x.Settings
	out := []ui.Fact{{Term: "Place", Text: fmt.Sprintf("%d (1 counts first)", x.Place)}}
	if x.Kind == people.Hand {
		return []ui.Fact{{Term: "Counts", Text: "before every other source, where it says anything"}}
	}
	add := func(term, text string, mono bool) {
		if text != "" {
			out = append(out, ui.Fact{Term: term, Text: text, Mono: mono})
		}
	}
	switch x.Kind {
	case people.LDAP:
		add("Server", set.URL, true)
		add("Encryption", map[bool]string{true: "StartTLS", false: map[bool]string{true: "TLS", false: "none, on this host"}[strings.HasPrefix(set.URL, "ldaps:")]}[set.StartTLS], false)
		add("Reads as", screen.OrElse(set.BindDN, "nobody"), true)
		add("Password", map[bool]string{true: "kept, sealed", false: "none"}[x.Secret], false)
		add("Base", set.Base, true)
		add("Filter", set.Filter, true)
		add("Attributes", strings.ReplaceAll(asLines(set.Attributes), "\n", "; "), true)
		every := set.Every
		if every == 0 {
			every = roster.DefaultEvery
		}
		add("Read every", ui.Many(every, "minute", "minutes"), false)
	case people.CSV:
		add("Columns", strings.ReplaceAll(asLines(set.Columns), "\n", "; "), true)
		add("A file holds", map[bool]string{true: "some; whoever it does not have stays", false: "everybody"}[set.Part], false)
	case people.SCIM:
		out = append(out, ui.Fact{Term: "Directory", Links: []ui.Link{{Text: "Its accounts and groups", Href: "/settings/directory"}}})
	}
	add("Counts first for", strings.Join(set.First, ", "), false)
	add("Waits for approval", fmt.Sprintf("above %d leavers, or %d of a hundred", x.Least(), x.Percent()), false)
	return out
}

// look reads a directory now, or says what that would change.
func (s *site) look(w http.ResponseWriter, r *screen.Request) error {
	id, dry := r.PathValue("id"), r.PostForm.Get("do") == "dry"
	got, err := s.cfg.People.Look(r.Context(), r.Who, id, dry)
	if err != nil {
		t, err := unread(r.PostForm, err)
		if err != nil {
			return err
		}
		return s.showSource(w, r, t)
	}
	if dry {
		return s.preview(w, r, id, got.Plan, nil, nil)
	}
	return s.went(w, r, id, got)
}

// went says what came of a reading.
func (s *site) went(w http.ResponseWriter, r *screen.Request, id string, got people.Looked) error {
	switch got.State {
	case "held":
		return r.Done(w, screen.Sentence(got.Plan.Held)+" It waits.", settings+"-readings/"+got.Reading)
	case "applied":
		p := got.Plan
		return r.Done(w, fmt.Sprintf("%d new, %d changed, %d left.", len(p.Joins), len(p.Changes), len(p.Leaves)), settings+"/"+id)
	}
	return r.Done(w, "Nothing has changed.", settings+"/"+id)
}

// importFile looks at a file that is sent, and takes over one that was looked at.
func (s *site) importFile(w http.ResponseWriter, r *screen.Request) error {
	x, err := s.cfg.People.Source(r.Context(), r.Who, r.PathValue("id"))
	if err != nil {
		return err
	}
	raw, confirmed, err := readUpload(r)
	var file *peoplecsv.File
	if err == nil {
		file, err = peoplecsv.Read(bytes.NewReader(raw), x.Settings.Columns)
	}
	var got people.Looked
	if err == nil {
		got, err = s.cfg.People.Import(r.Context(), r.Who, x.ID, file.Said, file.Notes, !confirmed)
	}
	if err != nil {
		t, err := screen.WrongForm(url.Values{}, err)
		if err != nil {
			return err
		}
		t.Field = "file"
		return s.showSource(w, r, t)
	}
	if confirmed {
		return s.went(w, r, x.ID, got)
	}
	return s.preview(w, r, x.ID, got.Plan, file, raw)
}

// readUpload gives a file that was chosen, or one that was looked at and is
// confirmed.
func readUpload(r *screen.Request) (raw []byte, confirmed bool, err error) {
	bad := func(err error, text string) ([]byte, bool, error) {
		return nil, false, fault.Wrap(fault.Invalid, err, "%s", text).At("", 0, "file")
	}
	if r.PostForm != nil && r.PostForm.Has("looked") {
		raw, err := base64.StdEncoding.DecodeString(r.PostForm.Get("looked"))
		if err != nil {
			return bad(err, "the file did not come back whole")
		}
		return raw, true, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return bad(err, "no file was sent")
	}
	for {
		p, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // NextPart gives it bare
			return bad(err, "no file was chosen")
		}
		if err != nil {
			return bad(err, "the file did not come whole")
		}
		if p.FormName() != "file" {
			continue
		}
		raw, err := io.ReadAll(io.LimitReader(p, maxFile+1))
		switch {
		case err != nil:
			return bad(err, "the file did not come whole")
		case len(raw) == 0:
			return bad(io.ErrUnexpectedEOF, "the file is empty, or none was chosen")
		case len(raw) > maxFile:
			return bad(io.ErrShortBuffer, fmt.Sprintf("the file has more than %d MB; bring it in with attesta api people import", maxFile>>20))
		}
		return raw, false, nil
	}
}
