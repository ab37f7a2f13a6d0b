package diagram

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/asset"
)

// Config wires a Service. All fields are required.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
	Assets *asset.Service
}

// Service keeps diagrams over one database.
type Service struct{ cfg Config }

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg} }

// Made says when something was recorded, by whom and where in the ledger.
type Made = asset.Made

// Approval is who approved a version.
type Approval struct {
	Made
	Note         string `json:"note,omitempty"`
	Compensation string `json:"compensation,omitempty"` // what stands in for a second person
}

// Version is a frozen picture.
type Version struct {
	Version  int       `json:"version"`
	Note     string    `json:"note"`
	Digest   string    `json:"digest"`
	Made     Made      `json:"made"`
	Approved *Approval `json:"approved,omitempty"`
	Picture  Picture   `json:"picture"`
}

// Diagram is a diagram with its versions, oldest first.
type Diagram struct {
	ID     string `json:"id"`
	Number int    `json:"number"`
	Seq    int    `json:"seq"`
	Settings
	Pins     map[string]Pin `json:"pins"`
	Versions []Version      `json:"versions"`
	History  []asset.Event  `json:"history"`
}

// Ref is its short number.
func (d *Diagram) Ref() string { return fmt.Sprintf("DG-%d", d.Number) }

// Approved gives the newest approved version; nil where there is none.
func (d *Diagram) Approved() *Version {
	for i := range slices.Backward(d.Versions) {
		if d.Versions[i].Approved != nil {
			return &d.Versions[i]
		}
	}
	return nil
}

// The contents of records.
type (
	frozen struct {
		Version int     `json:"version"`
		Note    string  `json:"note"`
		Picture Picture `json:"picture"`
	}
	pinned struct {
		Key string `json:"key"`
		Pin
	}
	approved struct {
		Version      int    `json:"version"`
		Note         string `json:"note,omitempty"`
		Compensation string `json:"compensation,omitempty"`
	}
)

var kinds = []string{"diagram.made", "diagram.described", "diagram.pinned", "diagram.frozen", "diagram.approved"}

// record is a row.
type record struct {
	diagram, kind, content, digest string
	number, seq                    int
	made                           Made
}

func fold(records []record) (*Diagram, error) {
	if len(records) == 0 {
		return nil, nil
	}
	d := &Diagram{ID: records[0].diagram, Number: records[0].number, Pins: map[string]Pin{}, Versions: []Version{}, History: []asset.Event{}}
	for _, r := range records {
		var err error
		say := ""
		switch r.kind {
		case "diagram.made", "diagram.described":
			d.Settings = Settings{}
			err = json.Unmarshal([]byte(r.content), &d.Settings)
			say = map[string]string{"diagram.made": "made", "diagram.described": "described anew"}[r.kind]
		case "diagram.pinned":
			var x pinned
			err = json.Unmarshal([]byte(r.content), &x)
			if x.Column > 0 {
				d.Pins[x.Key], say = x.Pin, fmt.Sprintf("a node was pinned to column %d, row %d", x.Column, x.Row)
			} else {
				delete(d.Pins, x.Key)
				say = "a pin was taken away"
			}
		case "diagram.frozen":
			var x frozen
			err = json.Unmarshal([]byte(r.content), &x)
			d.Versions = append(d.Versions, Version{Version: x.Version, Note: x.Note, Digest: r.digest, Made: r.made, Picture: x.Picture})
			say = fmt.Sprintf("version %d was frozen: %s", x.Version, x.Note)
		case "diagram.approved":
			var x approved
			err = json.Unmarshal([]byte(r.content), &x)
			if err == nil && x.Version >= 1 && x.Version <= len(d.Versions) {
				d.Versions[x.Version-1].Approved = &Approval{r.made, x.Note, x.Compensation}
			}
			say = fmt.Sprintf("version %d was approved", x.Version)
		default:
			err = fault.New(fault.Refused, "this program does not know that kind")
		}
		if err != nil {
			return nil, fault.Wrap(fault.Refused, err, "record %d of DG-%d (%s) cannot be read", r.seq, r.number, r.kind)
		}
		d.Seq = r.seq
		d.History = append(d.History, asset.Event{Seq: r.seq, Kind: r.kind, Text: say, Made: r.made})
	}
	return d, nil
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

func text(s *string, field, what string, least, most int) error {
	*s = strings.TrimSpace(*s)
	switch n := utf8.RuneCountInString(*s); {
	case !utf8.ValidString(*s) || strings.ContainsFunc(*s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }):
		return bad(field, "%s is no plain text", what)
	case n < least:
		return bad(field, "say %s", what)
	case len(*s) > most:
		return bad(field, "%s has %d bytes; at most %d are kept", what, len(*s), most)
	}
	return nil
}

func (x *Settings) tidy() error {
	x.Title, x.Environment, x.System = strings.Join(strings.Fields(x.Title), " "), strings.ToLower(strings.TrimSpace(x.Environment)), strings.TrimSpace(x.System)
	for _, err := range []error{text(&x.Title, "title", "what it is called", 3, 120), text(&x.Note, "note", "what it is for", 0, 1000), text(&x.Environment, "environment", "the environment", 0, 60), text(&x.System, "system", "the system", 0, 160)} {
		if err != nil {
			return err
		}
	}
	if x.Kind != Network && x.Kind != DataFlow {
		return bad("kind", "a diagram is network or data_flow, not %q", string(x.Kind))
	}
	return nil
}

func may(p access.Principal, a access.Action) error {
	if err := access.Authorise(p, a); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a person keeps diagrams, not the program")
	}
	return nil
}

func (s *Service) get(ctx context.Context, q database.Querier, ref string) (*Diagram, error) {
	recs, err := recordsOf(ctx, q, ref)
	if err != nil {
		return nil, err
	}
	d, err := fold(recs)
	if err == nil && d == nil {
		return nil, fault.New(fault.NotFound, "there is no diagram %q", ref)
	}
	return d, err
}

// Get gives one diagram by its number (DG-1) or id.
func (s *Service) Get(ctx context.Context, p access.Principal, ref string) (*Diagram, error) {
	if err := access.Authorise(p, access.AssetRead); err != nil {
		return nil, err
	}
	return s.get(ctx, s.cfg.DB.Reader(), ref)
}

// Row is a diagram in a list.
type Row struct {
	*Diagram
	Ref      string       `json:"ref"`
	Now      Picture      `json:"-"`
	Differs  []Difference `json:"differs"`  // the present from the newest approved version; null where none is approved
	Findings []Finding    `json:"findings"` // of the present
}

func row(d *Diagram, v *asset.Inventory) Row {
	r := Row{Diagram: d, Ref: d.Ref(), Now: Take(d.Settings, v, d.Pins)}
	r.Findings = r.Now.Findings()
	if a := d.Approved(); a != nil {
		r.Differs = Compare(a.Picture, r.Now)
	}
	return r
}

// List gives every diagram, oldest first, with what it shows now.
func (s *Service) List(ctx context.Context, p access.Principal) ([]Row, error) {
	v, err := s.cfg.Assets.Inventory(ctx, p)
	if err != nil {
		return nil, err
	}
	all, err := s.Kept(ctx, p)
	out := make([]Row, len(all))
	for i, d := range all {
		out[i] = row(d, v)
	}
	return out, err
}

// Kept gives every diagram, oldest first, without looking at what it would show
// now (asset.read).
func (s *Service) Kept(ctx context.Context, p access.Principal) ([]*Diagram, error) {
	if err := access.Authorise(p, access.AssetRead); err != nil {
		return nil, err
	}
	recs, err := records(ctx, s.cfg.DB.Reader(), "")
	if err != nil {
		return nil, err
	}
	out := []*Diagram{}
	for len(recs) > 0 {
		n := 1
		for n < len(recs) && recs[n].diagram == recs[0].diagram {
			n++
		}
		d, err := fold(recs[:n])
		if err != nil {
			return nil, err
		}
		out, recs = append(out, d), recs[n:]
	}
	return out, nil
}

// Now gives a diagram with what it shows now.
func (s *Service) Now(ctx context.Context, p access.Principal, ref string) (Row, error) {
	d, err := s.Get(ctx, p, ref)
	if err != nil {
		return Row{}, err
	}
	v, err := s.cfg.Assets.Inventory(ctx, p)
	if err != nil {
		return Row{}, err
	}
	return row(d, v), nil
}

// Picture gives a version's picture; 0 is the present.
func (r Row) Picture(version int) (Picture, error) {
	switch {
	case version == 0:
		return r.Now, nil
	case version < 0 || version > len(r.Versions):
		return Picture{}, fault.New(fault.NotFound, "%s has no version %d", r.Ref, version)
	}
	return r.Versions[version-1].Picture, nil
}

// Make makes a diagram.
func (s *Service) Make(ctx context.Context, p access.Principal, x Settings) (Row, error) {
	return s.change(ctx, p, access.AssetEdit, "", func(*sql.Tx, *Diagram) (string, any, error) { return "diagram.made", x, x.tidy() })
}

// Describe says anew what a diagram shows.
func (s *Service) Describe(ctx context.Context, p access.Principal, ref string, x Settings) (Row, error) {
	return s.change(ctx, p, access.AssetEdit, ref, func(*sql.Tx, *Diagram) (string, any, error) { return "diagram.described", x, x.tidy() })
}

// Pin pins a node to a cell of its zone; column 0 takes the pin away.
func (s *Service) Pin(ctx context.Context, p access.Principal, ref, node string, pin Pin) (Row, error) {
	now, err := s.Now(ctx, p, ref)
	if err != nil {
		return Row{}, err
	}
	return s.change(ctx, p, access.AssetEdit, ref, func(_ *sql.Tx, d *Diagram) (string, any, error) {
		n, there := now.Now.Node(node)
		_, had := d.Pins[node]
		switch {
		case pin.Column == 0 && !had:
			return "", nil, fault.New(fault.Conflict, "that node is not pinned")
		case pin.Column == 0:
			return "diagram.pinned", pinned{Key: node}, nil
		case !there:
			return "", nil, bad("key", "the diagram shows no node %q", node)
		case pin.Column < 0 || pin.Column > MaxPin:
			return "", nil, bad("column", "columns are 1 to %d", MaxPin)
		case pin.Row < 1 || pin.Row > MaxPin:
			return "", nil, bad("row", "rows are 1 to %d", MaxPin)
		}
		for _, k := range slices.Sorted(maps.Keys(d.Pins)) {
			if o, shown := now.Now.Node(k); shown && k != node && o.Zone == n.Zone && d.Pins[k] == pin {
				return "", nil, fault.New(fault.Conflict, "%s is pinned to that place of %s", o.Name, n.Zone).At("", 0, "row").WithHint("move it first, or choose another place")
			}
		}
		return "diagram.pinned", pinned{node, pin}, nil
	})
}

// Freeze makes a version of what a diagram shows now.
func (s *Service) Freeze(ctx context.Context, p access.Principal, ref, note string) (Row, error) {
	now, err := s.Now(ctx, p, ref)
	if err != nil {
		return Row{}, err
	}
	return s.change(ctx, p, access.AssetEdit, ref, func(_ *sql.Tx, d *Diagram) (string, any, error) {
		x := frozen{Version: len(d.Versions) + 1, Note: note, Picture: now.Now}
		if n := len(d.Versions); n > 0 && len(Compare(d.Versions[n-1].Picture, now.Now)) == 0 && maps.Equal(d.Versions[n-1].Picture.Pins, now.Now.Pins) {
			return "", nil, fault.New(fault.Conflict, "version %d shows the same", n)
		}
		if len(now.Now.Nodes) == 0 {
			return "", nil, fault.New(fault.Conflict, "the diagram shows nothing yet").WithHint("declare flows, or name assets of its environment")
		}
		return "diagram.frozen", x, text(&x.Note, "note", "what is new in it", 3, 500)
	})
}

// Approve approves a version that somebody else froze.
func (s *Service) Approve(ctx context.Context, p access.Principal, ref string, version int, note, compensation string) (Row, error) {
	return s.change(ctx, p, access.DiagramApprove, ref, func(tx *sql.Tx, d *Diagram) (string, any, error) {
		if version < 1 || version > len(d.Versions) {
			return "", nil, fault.New(fault.NotFound, "%s has no version %d", d.Ref(), version)
		}
		v := d.Versions[version-1]
		if v.Approved != nil {
			return "", nil, fault.New(fault.Conflict, "version %d is approved", version)
		}
		if a := d.Approved(); a != nil && a.Version > version {
			return "", nil, fault.New(fault.Conflict, "version %d, which is newer, is approved", a.Version)
		}
		x := approved{Version: version, Note: note}
		if err := text(&x.Note, "note", "a note", 0, 500); err != nil {
			return "", nil, err
		}
		var err error
		x.Compensation, err = access.SecondPerson(ctx, tx, p, v.Made.By, access.DiagramApprove, compensation)
		return "diagram.approved", x, err
	})
}

// change writes what does gives, with its entry, in one transaction.
func (s *Service) change(ctx context.Context, p access.Principal, action access.Action, ref string, does func(tx *sql.Tx, d *Diagram) (kind string, content any, err error)) (Row, error) {
	if err := may(p, action); err != nil {
		return Row{}, err
	}
	id := ref
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		now := s.cfg.Clock()
		var d *Diagram
		var err error
		if ref != "" {
			if d, err = s.get(ctx, tx, ref); err != nil {
				return err
			}
		}
		kind, content, err := does(tx, d)
		if err != nil {
			return err
		}
		raw, err := json.Marshal(content)
		if err != nil {
			return fmt.Errorf("encode a record of a diagram: %w", err)
		}
		r := record{kind: kind, content: string(raw), digest: digest(string(raw)), made: Made{At: now, By: p.UserID}}
		if d == nil {
			r.diagram, r.seq = ids.New("dia", now), 1
			if r.number, err = insertDiagram(ctx, tx, r.diagram, now); err != nil {
				return err
			}
		} else {
			r.diagram, r.number, r.seq = d.ID, d.Number, d.Seq+1
		}
		id = r.diagram
		e := ledger.Entry{Type: kind, Stream: "people", Actor: p.UserID, Subject: r.diagram, Data: map[string]any{"number": r.number, "seq": r.seq, "digest": r.digest}}
		if p.Via == access.ViaCommand {
			e.Data["via"] = string(p.Via)
		}
		if r.made.Entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
			return fmt.Errorf("record %s: %w", kind, err)
		}
		return insertRecord(ctx, tx, r)
	})
	if err != nil {
		return Row{}, err
	}
	return s.Now(ctx, p, id)
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
