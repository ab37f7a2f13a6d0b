package population

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// The kinds of second sources.
const (
	Neighbours = "neighbours" // what the hosts themselves saw beside them
	Zone       = "zone"       // a DNS zone file
	HostsFile  = "hosts_file" // a file as hosts(5) describes it
)

// MaxUpload is the largest file of a second source, in bytes.
const MaxUpload = 8 << 20

// Upload is a file of a second source.
type Upload struct {
	Kind    string // Zone, HostsFile
	Name    string // what it is called: "example.org", "db.example.org"
	Content []byte
}

// Reconcile holds a frozen extraction against an uploaded file
// (population.edit) and keeps the result with the extraction.
func (s *Service) Reconcile(ctx context.Context, p access.Principal, extractionID string, u Upload) (Reconciliation, error) {
	if err := access.Authorise(p, access.PopulationEdit); err != nil {
		return Reconciliation{}, err
	}
	u.Name = strings.TrimSpace(u.Name)
	switch {
	case len(u.Content) == 0:
		return Reconciliation{}, fault.New(fault.Invalid, "the file is empty").At("", 0, "file")
	case len(u.Content) > MaxUpload:
		return Reconciliation{}, fault.New(fault.Invalid, "the file has more than %d bytes", MaxUpload).At("", 0, "file")
	case u.Name == "" || len(u.Name) > 200 || !utf8.ValidString(u.Name):
		return Reconciliation{}, fault.New(fault.Invalid, "give the second source a name of at most 200 bytes").At("", 0, "name")
	}
	var found []Second
	var notes []string
	var err error
	switch u.Kind {
	case Zone:
		found, notes, err = ParseZone(u.Content, u.Name)
	case HostsFile:
		found, notes, err = ParseHosts(u.Content)
	default:
		err = fault.New(fault.Invalid, "%q is no kind of second source", u.Kind).At("", 0, "kind").WithHint("a zone file or a hosts file")
	}
	if err != nil {
		return Reconciliation{}, err
	}
	return s.reconcile(ctx, p, extractionID, u.Kind, u.Name, u.Content, found, notes)
}

// ReconcileNeighbours holds a frozen extraction of hosts against what the hosts
// saw beside them, at the same moment as known by the same size of the ledger
// (population.edit).
func (s *Service) ReconcileNeighbours(ctx context.Context, p access.Principal, extractionID string) (Reconciliation, error) {
	if err := access.Authorise(p, access.PopulationEdit); err != nil {
		return Reconciliation{}, err
	}
	if s.cfg.Neighbours == nil {
		return Reconciliation{}, fault.New(fault.Unavailable, "no agent reports neighbours")
	}
	e, err := s.Extraction(ctx, extractionID)
	if err != nil {
		return Reconciliation{}, err
	}
	found, notes, err := s.cfg.Neighbours(ctx, e.request())
	if err != nil {
		return Reconciliation{}, fmt.Errorf("read neighbours: %w", err)
	}
	if len(found) == 0 {
		return Reconciliation{}, fault.New(fault.Conflict, "no host has reported a neighbour up to then").WithHint("neighbours come with the agents that read them; until then reconcile with a zone or hosts file")
	}
	raw, err := json.Marshal(found)
	if err != nil {
		return Reconciliation{}, err
	}
	return s.reconcile(ctx, p, e.ID, Neighbours, "neighbour tables of the hosts", raw, found, notes)
}

func (s *Service) reconcile(ctx context.Context, p access.Principal, id, kind, name string, raw []byte, found []Second, notes []string) (Reconciliation, error) {
	e, err := s.Extraction(ctx, id)
	if err != nil {
		return Reconciliation{}, err
	}
	if e.Content.Source != "hosts" {
		return Reconciliation{}, fault.New(fault.Invalid, "only a population of hosts can be held against %s", name)
	}
	content, err := s.content(e.Digest, e.Size)
	if err != nil {
		return Reconciliation{}, err
	}
	var items []Item
	for line := range bytes.Lines(content) {
		item, err := parseLine(line)
		if err != nil {
			return Reconciliation{}, err
		}
		items = append(items, item)
	}
	lines, matchedB, more := reconcile(seconds(items), found)
	return s.settle(ctx, p, e, settled{kind: kind, name: name, raw: raw, lines: lines, a: int64(len(items)), b: int64(len(found)), matchedB: matchedB, notes: slices.Concat(standsOut(items), more, notes)})
}

// settled is what a reconciliation came to before it is stored.
type settled struct {
	kind, name     string
	raw            []byte
	lines          []Line
	a, b, matchedB int64
	notes          []string
}

// settle counts, refuses numbers that do not tie out, and keeps the result.
func (s *Service) settle(ctx context.Context, p access.Principal, e Extraction, in settled) (Reconciliation, error) {
	lines, raw, name := in.lines, in.raw, in.name
	r := Reconciliation{ID: ids.New("rcn", s.cfg.Clock()), Extraction: e.ID, Kind: in.kind, Name: name, A: in.a, B: in.b, MatchedB: in.matchedB,
		Notes: in.notes, MadeAt: s.cfg.Clock(), MadeBy: p.UserID, Index: -1}
	var err error
	var onlyA, onlyB int64
	for _, l := range lines {
		switch l.Side {
		case Both:
			r.MatchedA++
		case OnlyA:
			onlyA++
		case OnlyB:
			onlyB++
		}
	}
	if r.MatchedA+onlyA != r.A || r.MatchedB+onlyB != r.B {
		return Reconciliation{}, fault.New(fault.Internal, "the numbers of the reconciliation do not tie out: %+v", r)
	}
	if r.Digest, err = linesDigest(lines); err != nil {
		return Reconciliation{}, err
	}
	said, err := json.Marshal(r.Notes)
	if err != nil {
		return Reconciliation{}, err
	}
	r.notesDigest = hexDigest(said)
	if r.Blob, _, err = s.cfg.Blobs.Put(ctx, bytes.NewReader(raw), int64(len(raw))); err != nil {
		return Reconciliation{}, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if r.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "population.reconciled", Stream: "populations", Actor: p.UserID, Subject: r.ID,
			Blob: r.Blob, Data: r.data(), Personal: map[string]string{"name": name}}); err != nil {
			return err
		}
		return insertReconciliation(ctx, tx, r, string(said), lines)
	})
	if err != nil {
		return Reconciliation{}, fmt.Errorf("reconcile %s: %w", e.Ref(), err)
	}
	s.cfg.Ledger.Wake()
	return r, nil
}

// request gives what an extraction's source was asked for.
func (e Extraction) request() Request {
	r := Request{From: e.Window.From, To: e.Window.To, Subject: e.Content.Subject}
	r.At.Valid, r.At.Known = e.Window.To, e.Known
	return r
}

func (r Reconciliation) data() map[string]any {
	return map[string]any{"extraction": r.Extraction, "kind": r.Kind, "a": r.A, "b": r.B, "matched_a": r.MatchedA, "matched_b": r.MatchedB,
		"lines": r.Digest, "notes": r.notesDigest}
}

// Reconciliation gives one by id.
func (s *Service) Reconciliation(ctx context.Context, id string) (Reconciliation, error) {
	return reconciliation(ctx, s.cfg.DB.Reader(), id)
}

// Lines gives a page of a reconciliation's lines, those of a side ("": of all),
// after the line with that number.
func (s *Service) Lines(ctx context.Context, id string, side Side, after, limit int) ([]Line, error) {
	return linesOf(ctx, s.cfg.DB.Reader(), id, side, after, limit)
}

// Explanation is what a person says about a line on one side alone.
type Explanation struct {
	Cause     Cause
	Text      string
	Exclusion string // "exc_…" that was asked for with it, or ""
}

// Explain says why a line is on one side alone (population.edit). It can be said
// anew; the ledger keeps what was said before.
func (s *Service) Explain(ctx context.Context, p access.Principal, id string, seq int, x Explanation) error {
	if err := access.Authorise(p, access.PopulationEdit); err != nil {
		return err
	}
	x.Text = strings.TrimSpace(x.Text)
	switch {
	case !slices.Contains(Causes(), x.Cause):
		return fault.New(fault.Invalid, "choose why it is on one side alone").At("", 0, "cause")
	case len(x.Text) < 3 || len(x.Text) > 1000 || !utf8.ValidString(x.Text):
		return fault.New(fault.Invalid, "explain it in 3 to 1,000 bytes: the auditor reads it").At("", 0, "text")
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		r, err := reconciliation(ctx, tx, id)
		if err != nil {
			return err
		}
		lines, err := linesOf(ctx, tx, r.ID, "", seq-1, 1)
		if err != nil {
			return err
		}
		if len(lines) == 0 || lines[0].Seq != seq {
			return fault.New(fault.NotFound, "the reconciliation has no line %d", seq)
		}
		l := lines[0]
		if l.Side == Both {
			return fault.New(fault.Invalid, "line %d stands on both sides: there is nothing to explain", seq)
		}
		l.Cause, l.Text, l.At, l.By, l.Exclusion = x.Cause, x.Text, s.cfg.Clock(), p.UserID, x.Exclusion
		if l.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "population.explained", Stream: "populations", Actor: p.UserID, Subject: r.ID,
			Personal: map[string]string{"explanation": l.Text}, Data: l.data()}); err != nil {
			return err
		}
		return explainLine(ctx, tx, r.ID, l)
	})
}

func (l Line) data() map[string]any {
	return map[string]any{"line": l.Seq, "cause": string(l.Cause), "exclusion": l.Exclusion, "text": hexDigest([]byte(l.Text))}
}
