package population

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// maxItems bounds one extraction.
const maxItems = 1_000_000

// Extraction is the frozen set of items of a population.
type Extraction struct {
	ID         string            `json:"id"`     // "pex_…"
	Number     int64             `json:"number"` // P-12
	Slug       string            `json:"population"`
	Version    int               `json:"version"`    // of the definition
	Definition string            `json:"definition"` // digest of that version
	Content    Content           `json:"content"`    // of that version
	Window     Window            `json:"window"`
	Known      int64             `json:"known"` // ledger size that bounds what was known
	Query      string            `json:"query"` // the filter; "" for every item
	Count      int64             `json:"count"`
	Undecided  int64             `json:"undecided"` // of Count: the filter could not be answered
	Digest     string            `json:"digest"`    // SHA-256 of the file of items
	Size       int64             `json:"size"`      // of that file, in bytes
	Excluded   int64             `json:"excluded"`  // items that an exclusion left out
	Exclusions []exclusion.Entry `json:"exclusions"`
	MadeAt     time.Time         `json:"made_at"`
	MadeBy     string            `json:"made_by"`
	Entry      string            `json:"entry"`
	Index      int64             `json:"index"` // of the entry in the ledger, -1 before it is numbered

	Reconciliations []Reconciliation `json:"reconciliations"`

	exclusionsDigest string
}

// Ref gives the short number as people write it: "P-12".
func (e Extraction) Ref() string { return fmt.Sprintf("P-%d", e.Number) }

// taken is what an extraction came to before it is stored.
type taken struct {
	items      []Item
	file       []byte
	exclusions []exclusion.Entry
	excluded   int64
	undecided  int64
}

// take reads, filters and sorts. It depends on its arguments and on rows that
// are bounded by known, and on nothing else.
func (s *Service) take(ctx context.Context, c Content, w Window, known int64) (taken, error) {
	src, err := s.source(c.Source)
	if err != nil {
		return taken{}, err
	}
	f, err := src.compile(c.Filter)
	if err != nil {
		return taken{}, err
	}
	r := Request{At: outcome.At{Valid: w.To, Known: known}, From: w.From, To: w.To, Subject: c.Subject}
	if w.Instant() {
		r.From = w.To
	} else {
		r.At.Valid = w.To.Add(-time.Microsecond) // the window ends before To
	}
	all, err := src.Read(ctx, r)
	if err != nil {
		return taken{}, fmt.Errorf("read %s: %w", src.Title, err)
	}
	var t taken
	if t.exclusions, err = s.register(ctx, c.Source, r); err != nil {
		return taken{}, err
	}
	members, inside := c.members(src, all, w)
	for i, item := range members {
		in, undecided := f.keep(item)
		if !in {
			continue
		}
		if c.Apply {
			if at := slices.IndexFunc(t.exclusions, func(x exclusion.Entry) bool { return leaves(x, item.ID, inside[i]) }); at >= 0 {
				t.exclusions[at].Items++
				t.excluded++
				continue
			}
		}
		item.Undecided = undecided
		if undecided {
			t.undecided++
		}
		t.items = append(t.items, item)
	}
	if len(t.items) > maxItems {
		return taken{}, fault.New(fault.Invalid, "the population has more than %d items", maxItems).At("", 0, "filter").WithHint("narrow it with a filter or a shorter window")
	}
	t.file = file(t.items)
	for i := 1; i < len(t.items); i++ {
		if t.items[i].ID == t.items[i-1].ID {
			return taken{}, fault.New(fault.Internal, "%s gave the item %s twice", src.Title, t.items[i].ID)
		}
	}
	return t, nil
}

// leaves reports whether an exclusion covers every stretch in which an item is
// a member. One that covers a part leaves the item in, and is listed.
func leaves(x exclusion.Entry, item string, inside []Span) bool {
	if x.Kind != exclusion.OfItem || x.Subject != item {
		return false
	}
	for _, sp := range inside {
		if x.From.After(sp.From) || !x.Until.IsZero() && !sp.To.Before(x.Until) {
			return false
		}
	}
	return true
}

func (s *Service) register(ctx context.Context, source string, r Request) ([]exclusion.Entry, error) {
	if s.cfg.Register == nil {
		return nil, nil
	}
	all, err := s.cfg.Register(ctx, exclusion.Question{Population: source, From: r.From, To: r.To, Known: r.At.Known})
	if err != nil {
		return nil, fmt.Errorf("read what is left out: %w", err)
	}
	return all, nil
}

// check refuses a window that is none, or that has not ended: what has not
// happened cannot be frozen.
func (w Window) check(now time.Time, settle time.Duration) error {
	bad := func(field, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	switch {
	case w.To.After(now):
		return bad("to", "the window ends in the future, on %s", w.To.Format(time.DateOnly)).WithHint("choose a day that is over, or no day for this moment")
	case w.To.After(now.Add(-settle)):
		return bad("to", "the window ends less than %s ago: what was observed then may still be on its way", settle).WithHint("choose an earlier end, or try again in a few minutes")
	case !w.From.IsZero() && w.From.After(w.To):
		return bad("from", "the window begins after it ends")
	}
	return nil
}

// normal gives the window in whole microseconds, an instant with From = To.
func (w Window) normal() Window {
	w.To = w.To.UTC().Truncate(time.Microsecond)
	if w.From = w.From.UTC().Truncate(time.Microsecond); w.From.IsZero() {
		w.From = w.To
	}
	return w
}

// Extract freezes the population that the approved version of a definition
// gives over a window, as known now (population.extract): the items as a file,
// a row, and a ledger entry that commits to both. Kind Conflict where no version
// is approved.
func (s *Service) Extract(ctx context.Context, p access.Principal, slug string, w Window) (Extraction, error) {
	if err := access.Authorise(p, access.PopulationExtract); err != nil {
		return Extraction{}, err
	}
	now := s.cfg.Clock()
	d, err := s.Definition(ctx, slug)
	if err != nil {
		return Extraction{}, err
	}
	v, ok := d.InForce()
	if !ok {
		return Extraction{}, fault.New(fault.Conflict, "no version of the population %s is approved", slug).WithHint("somebody other than its author approves it first")
	}
	src, err := s.source(v.Source)
	if err != nil {
		return Extraction{}, err
	}
	if w.To.IsZero() {
		w.To = now.Add(-src.Settle)
	}
	if err := w.check(now, src.Settle); err != nil {
		return Extraction{}, err
	}
	known, err := ledgerSize(ctx, s.cfg.DB.Reader())
	if err != nil {
		return Extraction{}, err
	}
	w = w.normal()
	t, err := s.take(ctx, v.Content, w, known)
	if err != nil {
		return Extraction{}, err
	}
	e := Extraction{ID: ids.New("pex", now), Slug: slug, Version: v.Version, Definition: v.Digest, Content: v.Content, Window: w, Known: known, Query: v.Filter,
		Count: int64(len(t.items)), Undecided: t.undecided, Excluded: t.excluded, Exclusions: t.exclusions, MadeAt: now, MadeBy: p.UserID, Index: -1}
	if e.Digest, e.Size, err = s.cfg.Blobs.Put(ctx, bytes.NewReader(t.file), int64(len(t.file))); err != nil {
		return Extraction{}, err
	}
	register, err := json.Marshal(t.exclusions)
	if err != nil {
		return Extraction{}, fmt.Errorf("encode what is left out: %w", err)
	}
	e.exclusionsDigest = hexDigest(register)
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if e.Number, err = nextNumber(ctx, tx); err != nil {
			return err
		}
		if e.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "population.frozen", Stream: "populations", Actor: p.UserID, Subject: e.ID,
			Outcome: "frozen", Blob: e.Digest, Data: e.data()}); err != nil {
			return err
		}
		return insertExtraction(ctx, tx, e, string(register))
	})
	if err != nil {
		return Extraction{}, fmt.Errorf("freeze population %s: %w", slug, err)
	}
	s.cfg.Ledger.Wake()
	return e, nil
}

// data is what an extraction's ledger entry says, and what its row is held
// against.
func (e Extraction) data() map[string]any {
	return map[string]any{"number": e.Number, "population": e.Slug, "version": e.Version, "definition": e.Definition, "source": e.Content.Source,
		"from": e.Window.From, "to": e.Window.To, "known": e.Known, "count": e.Count, "undecided": e.Undecided, "excluded": e.Excluded,
		"exclusions": e.exclusionsDigest, "size": e.Size}
}

// Again extracts once more, by the same version over the same window at the same
// size of the ledger, without storing it (population.extract). It gives the
// digest that comes out now, to be held against the frozen one.
func (s *Service) Again(ctx context.Context, p access.Principal, id string) (digest string, count int64, err error) {
	if err := access.Authorise(p, access.PopulationExtract); err != nil {
		return "", 0, err
	}
	e, err := s.Extraction(ctx, id)
	if err != nil {
		return "", 0, err
	}
	t, err := s.take(ctx, e.Content, e.Window, e.Known)
	if err != nil {
		return "", 0, err
	}
	return hexDigest(t.file), int64(len(t.items)), nil
}

// Preview extracts by a content that need not be stored, as known now, and
// stores nothing (population.edit).
func (s *Service) Preview(ctx context.Context, p access.Principal, c Content, w Window) (Extraction, []Item, error) {
	if err := access.Authorise(p, access.PopulationEdit); err != nil {
		return Extraction{}, nil, err
	}
	src, err := s.source(c.Source)
	if err != nil {
		return Extraction{}, nil, err
	}
	if err := c.tidy(src); err != nil {
		return Extraction{}, nil, err
	}
	if w.To.IsZero() {
		w.To = s.cfg.Clock().Add(-src.Settle)
	}
	if err := w.check(s.cfg.Clock(), src.Settle); err != nil {
		return Extraction{}, nil, err
	}
	known, err := ledgerSize(ctx, s.cfg.DB.Reader())
	if err != nil {
		return Extraction{}, nil, err
	}
	t, err := s.take(ctx, c, w.normal(), known)
	if err != nil {
		return Extraction{}, nil, err
	}
	return Extraction{Content: c, Window: w.normal(), Known: known, Query: c.Filter, Count: int64(len(t.items)), Undecided: t.undecided, Excluded: t.excluded,
		Exclusions: t.exclusions, Digest: hexDigest(t.file), Size: int64(len(t.file)), Index: -1}, t.items, nil
}

// content reads the file of an extraction, whole: what was damaged is kind
// Refused.
func (s *Service) content(digest string, size int64) ([]byte, error) {
	r, err := s.cfg.Blobs.Open(digest)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var b bytes.Buffer
	b.Grow(int(size))
	if _, err := b.ReadFrom(r); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// File gives the file of an extraction: a line of JSON for each item.
func (s *Service) File(ctx context.Context, id string) ([]byte, error) {
	e, err := s.Extraction(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.content(e.Digest, e.Size)
}

// Items gives a page of an extraction's items by id, after the id cursor (""
// for the first page). next is "" at the end.
func (s *Service) Items(ctx context.Context, id, cursor string, limit int) (page []Item, next string, err error) {
	if limit < 1 || limit > 10_000 {
		return nil, "", fault.New(fault.Invalid, "a page has 1 to 10,000 items").At("", 0, "limit")
	}
	raw, err := s.File(ctx, id)
	if err != nil {
		return nil, "", err
	}
	for line := range bytes.Lines(raw) {
		item, err := parseLine(line)
		if err != nil {
			return nil, "", err
		}
		if cursor != "" && strings.Compare(item.ID, cursor) <= 0 {
			continue
		}
		if len(page) == limit {
			return page, page[limit-1].ID, nil
		}
		page = append(page, item)
	}
	return page, "", nil
}

// Select gives the items of a source that a filter selects now, as known now;
// nothing is stored. An item for which the filter cannot be answered is not
// selected. Kind Invalid with field "filter" for a mistake in it.
func (s *Service) Select(ctx context.Context, source, expression string) ([]Item, error) {
	src, err := s.source(source)
	if err != nil {
		return nil, err
	}
	t, err := s.take(ctx, Content{Source: source, Filter: expression, Date: src.Dates[0].Name, Joiners: Take, InFlight: Take}, Window{To: s.cfg.Clock()}.normal(), -1)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(t.items, func(i Item) bool { return i.Undecided }), nil
}
