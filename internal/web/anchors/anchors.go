// Package anchors is the screens of who outside holds checkpoints of the ledger.
// Rules are those of internal/base/anchor.
package anchors

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/anchor"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on.
type Config struct {
	Anchors *anchor.Service
	Command func(words string) string // a command of the program, with this data directory
}

type site struct{ cfg Config }

const path = "/settings/anchors"

// shown is how many answers stand on a page.
const shown = 50

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /settings/anchors", Action: access.SettingsRead, Handle: s.all},
			{Pattern: "POST /settings/anchors", Action: access.SettingsEdit, Handle: s.add, MaxBody: 160 << 10}, // certificates, encoded
			{Pattern: "GET /settings/anchors/{id}", Action: access.SettingsRead, Handle: s.one},
			{Pattern: "POST /settings/anchors/{id}", Action: access.SettingsEdit, Handle: s.change},
			{Pattern: "GET /settings/anchors/{id}/{receipt}/{file}", Action: access.SettingsRead, Handle: s.file},
		},
		Pages:  []screen.Page{{Section: "Settings", Name: "Anchors", Path: path, Action: access.SettingsRead}},
		Lists:  []screen.List{s.list()},
		Doings: []screen.Doing{{Name: "Add an anchor of the ledger", Path: path, Action: access.SettingsEdit}},
	}
}

// found gives all anchors, and those that the address asks for.
func (s *site) found(r *screen.Request) (all, found []anchor.Anchor, err error) {
	kind := anchor.Kind(r.URL.Query().Get("kind"))
	if kind != "" && !slices.Contains(anchor.Kinds(), kind) {
		return nil, nil, fault.New(fault.Invalid, "%q is no kind of an anchor", kind).WithHint("rfc3161, witness, directory or webhook")
	}
	all, err = s.cfg.Anchors.List(r.Context(), r.Who)
	for _, a := range all {
		if kind == "" || a.Kind == kind {
			found = append(found, a)
		}
	}
	return all, found, err
}

func state(a anchor.Anchor) string {
	switch {
	case a.Failing > 0:
		return "failing"
	case a.HeldSize == 0:
		return "waiting"
	}
	return "in use"
}

func (s *site) list() screen.List {
	type x = anchor.Anchor
	read := func(r *screen.Request) ([]x, error) {
		_, found, err := s.found(r)
		return found, err
	}
	return screen.Declare(screen.List{Name: "anchors", Title: "Anchors", Pattern: "GET /settings/anchors", Action: access.SettingsRead}, screen.Whole(read), nil,
		screen.Column[x]{Key: "name", Title: "Name", Head: "=", Width: 30, Value: func(_ *screen.Cells, a x) any { return a.Name }},
		screen.Column[x]{Key: "id", Title: "Id", Width: 30, Value: func(_ *screen.Cells, a x) any { return a.ID }},
		screen.Column[x]{Key: "kind", Title: "Kind", Head: "=", Width: 14, Value: func(_ *screen.Cells, a x) any { return string(a.Kind) }},
		screen.Column[x]{Key: "place", Title: "Where", Head: "=", Width: 40, Value: func(_ *screen.Cells, a x) any { return a.Place }},
		screen.Column[x]{Key: "every_seconds", Title: "Every", Head: "=", Width: 10, Value: func(_ *screen.Cells, a x) any { return int64(a.Every.Seconds()) }},
		screen.Column[x]{Key: "held_entries", Title: "Holds", Head: "=", Width: 12, Value: func(_ *screen.Cells, a x) any { return a.HeldSize }},
		screen.Column[x]{Key: "held_at", Title: "Since", Head: "=", Width: 22, Value: func(_ *screen.Cells, a x) any { return a.HeldAt }},
		screen.Column[x]{Key: "state", Title: "State", Head: "=", Width: 12, Value: func(_ *screen.Cells, a x) any { return state(a) }},
		screen.Column[x]{Key: "failing_since", Title: "Failing since", Width: 22, Value: func(_ *screen.Cells, a x) any { return a.FailedSince }},
		screen.Column[x]{Key: "trouble", Title: "Why it fails", Width: 60, Value: func(_ *screen.Cells, a x) any { return a.Trouble }},
	)
}

func (s *site) all(w http.ResponseWriter, r *screen.Request) error { return s.page(w, r, nil) }

func (s *site) page(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	all, found, err := s.found(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := ui.AnchorsView{May: r.May(access.SettingsEdit), Any: len(all) > 0, None: "No anchor matches.", Title: "Nobody outside signs for the ledger",
		Verify: s.cfg.Command("ledger verify --trust trust.json"),
		Kinds:  []ui.Chip{{Text: fmt.Sprintf("All %d", len(all)), Href: screen.With(q, path, "kind", ""), Current: q.Get("kind") == ""}}}
	signed := 0
	for _, a := range all {
		if a.Kind.Proves() && a.HeldSize > 0 {
			signed++
		}
		if a.Failing > 0 {
			v.Failing = append(v.Failing, fmt.Sprintf("%s fails since %s: %s", a.Name, r.Words.At(a.FailedSince).Text, screen.Sentence(a.Trouble)))
		}
	}
	if signed > 0 {
		v.Title = ui.Many(signed, "holder outside signs", "holders outside sign") + " for the ledger"
	}
	for _, k := range anchor.Kinds() {
		n := 0
		for _, a := range all {
			if a.Kind == k {
				n++
			}
		}
		if n > 0 || string(k) == q.Get("kind") {
			v.Kinds = append(v.Kinds, ui.Chip{Text: fmt.Sprintf("%s %d", short(k), n), Href: screen.With(q, path, "kind", string(k)), Current: string(k) == q.Get("kind")})
		}
	}
	v.Table = ui.Table{Caption: "Who outside holds checkpoints", Columns: []ui.Column{{Text: "Name"}, {Text: "Kind"}, {Text: "Where"}, {Text: "Every"}, {Text: "Holds", N: true}, {Text: "Since"}, {Text: "State"}}}
	for _, a := range found {
		holds, since := ui.Cell{Text: "nothing yet", N: true, Muted: true}, ui.Cell{Text: "not yet", Muted: true}
		if a.HeldSize > 0 {
			holds, since = ui.Cell{Text: ui.Number(a.HeldSize), N: true}, ui.Cell{Moment: r.Words.At(a.HeldAt)}
		}
		st := ui.Cell{Text: state(a), Bad: a.Failing > 0}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: a.Name, Href: path + "/" + a.ID},
			Cells: []ui.Cell{{Text: short(a.Kind)}, {Text: a.Place, Mono: true}, {Text: screen.Span(a.Every)}, holds, since, st}})
	}
	v.Kind, v.Fields = fields(t)
	if t != nil && t.Field == "" {
		v.Problem = t.Problem
	}
	return r.Render(w, t.Status(), ui.Anchors(r.Shell(w, "Anchors", "Settings", "Anchors"), v))
}

func short(k anchor.Kind) string {
	name, _, _ := strings.Cut(k.Title(), " (")
	name, _, _ = strings.Cut(name, ",")
	return name
}

// fields are those of the form, with what was typed and what was wrong.
func fields(t *screen.Typed) (kind ui.FormField, all []ui.FormField) {
	value := func(name, usual string) string {
		if t == nil {
			return usual
		}
		return t.Values.Get(name)
	}
	kind = ui.FormField{ID: "a-kind", Name: "kind", Label: "What it is"}
	for _, k := range anchor.Kinds() {
		kind.List = append(kind.List, ui.Option{Value: string(k), Text: k.Title(), Selected: string(k) == value("kind", "")})
	}
	all = []ui.FormField{
		{ID: "a-name", Name: "name", Label: "Name", Hint: "For people: the auditor's witness", Value: value("name", ""), Need: true},
		{ID: "a-address", Name: "address", Label: "Address", Hint: "https://… as its owner gives it; of a witness what stands before /add-checkpoint. Of a directory its path. It is sealed, and shown in part alone.", Value: value("address", ""), Need: true},
		{ID: "a-trust", Name: "trust", Label: "What is believed", Hint: "Of an authority the certificate of its root in PEM; of a witness its key, name+hash+key. Empty for copies.", Type: "long", Rows: 5, Value: value("trust", "")},
		{ID: "a-hours", Name: "hours", Label: "Hours between two", Hint: "1 is usual for a witness, 24 for time stamps.", Type: "number", Class: "short", Value: value("hours", "24"), Need: true},
	}
	if t != nil {
		field := map[string]string{"every": "hours"}[t.Field]
		if field == "" {
			field = t.Field
		}
		for i := range all {
			if all[i].Name == field {
				all[i].Problem = t.Problem
			}
		}
		if field == "kind" {
			kind.Problem = t.Problem
		}
	}
	return kind, all
}

func (s *site) add(w http.ResponseWriter, r *screen.Request) error {
	hours, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue("hours")))
	if err != nil || hours < 0 || hours > 10_000 {
		err = fault.New(fault.Invalid, "%.40q is no number of hours", r.PostFormValue("hours")).At("", 0, "every").WithHint("write digits alone")
	}
	var a anchor.Anchor
	if err == nil {
		a, err = s.cfg.Anchors.Add(r.Context(), r.Who, anchor.Settings{Name: r.PostFormValue("name"), Kind: anchor.Kind(r.PostFormValue("kind")), Address: r.PostFormValue("address"),
			Trust: r.PostFormValue("trust"), Every: time.Duration(hours) * time.Hour})
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.page(w, r, t)
	}
	return r.Done(w, a.Name+" is added. The first checkpoint is handed to it within half a minute; hand it one now to see whether it works.", path+"/"+a.ID)
}

func (s *site) one(w http.ResponseWriter, r *screen.Request) error {
	return s.onePage(w, r, http.StatusOK, nil)
}

func (s *site) onePage(w http.ResponseWriter, r *screen.Request, status int, problem error) error {
	a, held, err := s.cfg.Anchors.Get(r.Context(), r.Who, r.PathValue("id"), r.URL.Query().Get("before"), shown+1)
	if err != nil {
		return err
	}
	v := ui.AnchorView{Name: a.Name, Path: path + "/" + a.ID, May: r.May(access.SettingsEdit), Trust: a.Trust}
	v.Facts = []ui.Fact{{Term: "Kind", Text: a.Kind.Title()}, {Term: "Where", Text: a.Place, Mono: true}, {Term: "Every", Text: screen.Span(a.Every)},
		{Term: "Next", Text: r.Words.At(a.NextAt).Text}, {Term: "Added", Text: r.Words.At(a.MadeAt).Text}, {Term: "State", Text: state(a)}}
	if a.Failing > 0 {
		v.None = "No checkpoint yet: it fails. It is tried again " + r.Words.At(a.NextAt).Text + "."
	} else {
		v.None = "No checkpoint yet. The first is handed to it within half a minute."
	}
	switch {
	case problem != nil:
		message, hint := fault.Public(problem)
		v.Problem, v.Hint = screen.Sentence(message), screen.Sentence(hint)
	case a.Failing > 0:
		v.Problem, v.Hint = "It fails since "+r.Words.At(a.FailedSince).Text, screen.Sentence(a.Trouble)
	}
	if len(held) > shown {
		held = held[:shown]
		v.More = v.Path + "?" + url.Values{"before": {held[shown-1].ID}}.Encode()
	}
	v.Table = ui.Table{Caption: "Checkpoints that it holds, the newest first", Columns: []ui.Column{{Text: "Handed out"}, {Text: "Entries", N: true}, {Text: "What it signed"}, {Text: "Files"}}}
	for _, x := range held {
		signed := ui.Cell{Text: "nothing: it has a copy", Muted: true}
		files := []ui.Link{{Text: "checkpoint", Href: v.Path + "/" + x.ID + "/checkpoint"}}
		if x.Kind.Proves() {
			signed = ui.Cell{Text: "that it saw it"}
			if !x.Said.IsZero() {
				signed.Text += " " + r.Words.Full(x.Said)
			}
			files = append(files, ui.Link{Text: proofName(x), Href: v.Path + "/" + x.ID + "/" + proofName(x)})
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: r.Words.At(x.At).Text}, Meta: "root " + x.Root[:min(12, len(x.Root))],
			Cells: []ui.Cell{{Text: ui.Number(x.Size), N: true}, signed, {Links: files}}})
	}
	return r.Render(w, status, ui.Anchor1(r.Shell(w, a.Name, "Settings", "Anchors"), v))
}

// proofName is what the file of a proof is called: a token, or the checkpoint
// with the cosignature below it.
func proofName(x anchor.Receipt) string {
	if x.Kind == anchor.Witness {
		return "cosigned"
	}
	return "token.tst"
}

// file gives what was handed out, or what was signed.
func (s *site) file(w http.ResponseWriter, r *screen.Request) error {
	x, err := s.cfg.Anchors.Receipt(r.Context(), r.Who, r.PathValue("id"), r.PathValue("receipt"))
	if err != nil {
		return err
	}
	var raw []byte
	switch name := r.PathValue("file"); {
	case name == "checkpoint":
		raw = []byte(x.Note)
	case !x.Kind.Proves() || name != proofName(x):
		return fault.New(fault.NotFound, "there is no file %q of this answer", name)
	case x.Kind == anchor.Witness:
		raw = append([]byte(x.Note), x.Proof...)
	default:
		raw = x.Proof
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", fmt.Sprintf("attesta-%d-%s", x.Size, r.PathValue("file"))))
	if _, err := w.Write(raw); err != nil {
		return screen.ErrGone
	}
	return nil
}

func (s *site) change(w http.ResponseWriter, r *screen.Request) error {
	id := r.PathValue("id")
	var err error
	switch r.PostFormValue("do") {
	case "test":
		var x anchor.Receipt
		if x, err = s.cfg.Anchors.Test(r.Context(), r.Who, id); err == nil {
			return r.Done(w, fmt.Sprintf("It holds the checkpoint of %s entries.", ui.Number(x.Size)), path+"/"+id)
		}
	case "remove":
		if err = s.cfg.Anchors.Remove(r.Context(), r.Who, id); err == nil {
			return r.Done(w, "It is handed nothing any more, and its address is forgotten. What it signed stays.", path)
		}
	default:
		return fault.New(fault.Invalid, "%q is nothing that is done with an anchor", r.PostFormValue("do")).WithHint("go back and press a button of the page")
	}
	var f *fault.Error
	if errors.As(err, &f) && slices.Contains([]fault.Kind{fault.Invalid, fault.Conflict, fault.Refused, fault.Unavailable}, f.Kind) {
		return s.onePage(w, r, http.StatusUnprocessableEntity, err)
	}
	return err
}
