package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"

	"golang.org/x/mod/sumdb/note"
)

// VerifyConfig says what to verify. DB, Dir and VerifierKey are required. The
// database may be open for reading only, and the ledger may grow meanwhile.
type VerifyConfig struct {
	DB            *database.DB
	Dir           string
	VerifierKey   string                  // signed-note verifier key; best taken from outside the machine
	OldCheckpoint []byte                  // a checkpoint seen earlier; optional
	Bindings      []Binding               // business rows that entries stand for
	Progress      func(done, total int64) // called now and then; optional
	Clock         clock.Clock             // for the duration in the report; clock.System when nil
}

// Binding ties the entries of one type to business rows. Check recomputes what
// the entry says about them and gives an error where they differ.
type Binding struct {
	Name  string // the entry type: "run"
	Check func(ctx context.Context, q database.Querier, rec Record) error
}

// Report says what was verified. It is a stable contract in its JSON form.
type Report struct {
	Origin      string           `json:"origin"`
	Size        int64            `json:"size"`        // entries that the verified checkpoint covers
	Root        string           `json:"root"`        // base64
	Unpublished int64            `json:"unpublished"` // numbered, but after that checkpoint
	Unnumbered  int64            `json:"unnumbered"`  // committed, without a position yet
	Streams     int64            `json:"streams"`
	Bundles     int64            `json:"bundles"`
	Tiles       int64            `json:"tiles"`
	Partials    int64            `json:"partials"`
	Checkpoints int64            `json:"checkpoints"` // recorded in the database
	Commitments int64            `json:"commitments"` // of personal data that is still there
	Erased      int64            `json:"erased"`      // of personal data that was erased, with its redaction
	Bound       map[string]int64 `json:"bound,omitempty"`
	OldSize     *int64           `json:"old_size,omitempty"`      // of the older checkpoint that today's log continues
	Anchored    bool             `json:"anchored"`                // somebody outside signed a checkpoint of it; each such answer is bound, and was verified
	AnchoredTo  int64            `json:"anchored_size,omitempty"` // entries that the newest of those covers
	Notes       []string         `json:"notes"`
	Refused     string           `json:"refused,omitempty"`
	Micros      int64            `json:"duration_us"`
}

// The notes of a report.
const (
	noteNotAnchored = "not anchored: no checkpoint is held outside this machine, so whoever owns it could have rewritten everything"
	noteNoRollback  = "no older checkpoint was given, so a rollback to an earlier state cannot be detected; keep a copy of the checkpoint elsewhere and pass it with --checkpoint"
)

// verification is one run of Verify.
type verification struct {
	cfg      VerifyConfig
	dir      directory
	verifier note.Verifier
	mu       sync.Mutex       // held during a query: one connection has the snapshot
	q        database.Querier // one snapshot
	rep      *Report

	target   Checkpoint // what is verified
	old      *Checkpoint
	numbered int64 // entries with a position in the snapshot

	bodyCount int64 // entries whose bytes the database keeps
	firstBody int64 // the first index of them
	bodySeen  int64

	edge     proof.Edge
	streams  map[string]*int64 // the last sequence of each
	latest   int64             // the latest time of all entries so far, in microseconds
	recorded []checkpoint      // the next ones that the database recorded
	allRead  bool              // there are none after recorded
	previous checkpoint        // the recorded one before recorded[0]
	personal int64             // commitments whose data is there
	bindings map[string]Binding
	buf      []byte
}

// Verify checks a ledger: that no other file is in its directory; that bundles
// equal the database, entry by entry; leaf hashes, every tile and partial, the
// checkpoint's signature and root; the sequence of every stream; what was
// recorded of earlier checkpoints; bound business rows; commitments whose data
// is still there. What is wrong is a fault of kind Refused that says what and
// where. The report is filled as far as Verify came.
func Verify(ctx context.Context, cfg VerifyConfig) (Report, error) {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	started := cfg.Clock()
	rep := Report{Notes: []string{}}
	err := verify(ctx, cfg, &rep)
	if !rep.Anchored {
		rep.Notes = append([]string{noteNotAnchored}, rep.Notes...)
	}
	if fault.Is(err, fault.Refused) {
		rep.Refused = err.Error()
	}
	rep.Micros = cfg.Clock().Sub(started).Microseconds()
	return rep, err
}

func verify(ctx context.Context, cfg VerifyConfig, rep *Report) error {
	v := &verification{cfg: cfg, dir: directory(cfg.Dir), rep: rep, streams: map[string]*int64{}, bindings: map[string]Binding{}}
	var err error
	if v.verifier, err = proof.NewVerifier(cfg.VerifierKey); err != nil {
		return err
	}
	rep.Origin = v.verifier.Name()
	for _, b := range cfg.Bindings {
		v.bindings[b.Name] = b
	}
	if len(cfg.OldCheckpoint) > 0 {
		old, err := v.earlier(ctx, cfg.OldCheckpoint)
		if err != nil {
			return fmt.Errorf("the older checkpoint: %w", err)
		}
		v.old = &old
	} else {
		rep.Notes = append(rep.Notes, noteNoRollback)
	}
	if v.target, _, err = v.dir.checkpoint(v.verifier); err != nil { // before the snapshot: the database is ahead of the directory, never behind
		return err
	}
	rep.Size, rep.Root = v.target.Size, proof.EncodeHash(v.target.Root)
	if err := cfg.DB.View(ctx, func(tx *sql.Tx) error {
		v.q = tx
		if err := v.run(ctx); err != nil {
			return err
		}
		return v.anchored(ctx)
	}); err != nil {
		return err
	}
	return v.checkNames(ctx)
}

// anchored says how far the ledger is anchored. The answers themselves are bound
// to their entries, and verified as those are.
func (v *verification) anchored(ctx context.Context) error {
	size, at, err := newestAnchor(ctx, v.q)
	if err != nil || size == 0 || size > v.rep.Size {
		return err
	}
	v.rep.Anchored, v.rep.AnchoredTo = true, size
	v.rep.Notes = append(v.rep.Notes, fmt.Sprintf("anchored: %d entries, since %s, by whom this server was told to trust; hold it against roots of your own with --trust", size, at.UTC().Format("2006-01-02 15:04:05 UTC")))
	return nil
}

func (v *verification) run(ctx context.Context) error {
	if err := v.compareSizes(ctx); err != nil {
		return err
	}
	if err := v.reach(ctx); err != nil {
		return err
	}
	if err := v.numberedEntries(ctx); err != nil {
		return err
	}
	if err := v.edge.Partials(func(t proof.Tile, hashes []byte) error { return v.partialFiles(t.Full(), hashes) }); err != nil {
		return err
	}
	if err := v.waiting(ctx); err != nil {
		return err
	}
	return v.finish(ctx)
}

// numberedEntries verifies all entries with a position, in order. The next
// rows are read while the last ones are verified.
func (v *verification) numberedEntries(ctx context.Context) error {
	type page struct {
		rows []held
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	pages := make(chan page, 1)
	var reader sync.WaitGroup
	defer reader.Wait() // the snapshot must outlive it
	defer cancel()
	reader.Go(func() {
		defer close(pages)
		for from := int64(0); from < v.numbered; {
			v.mu.Lock()
			const limit = 16 * proof.TileWidth // whole bundles
			rows, err := heldFrom(ctx, v.q, from, limit, from+limit > v.firstBody)
			v.mu.Unlock()
			select {
			case pages <- page{rows, err}:
			case <-ctx.Done():
				return
			}
			if err != nil || len(rows) == 0 {
				return
			}
			from += int64(len(rows))
		}
	})
	for p := range pages {
		if p.err != nil {
			return p.err
		}
		for rows := p.rows; len(rows) > 0; {
			n := min(len(rows), proof.TileWidth)
			if err := v.bundle(ctx, rows[:n]); err != nil {
				return err
			}
			rows = rows[n:]
		}
		if v.cfg.Progress != nil {
			v.cfg.Progress(v.edge.Size, v.numbered)
		}
	}
	if v.edge.Size < v.numbered {
		if err := ctx.Err(); err != nil {
			return err
		}
		return v.gap(v.edge.Size)
	}
	return nil
}

// compareSizes refuses a database that is behind the directory, a directory
// that is behind what the database published, and an older checkpoint that is
// ahead of both.
func (v *verification) compareSizes(ctx context.Context) error {
	origin, err := metaValue(ctx, v.q, originName)
	if err != nil {
		return err
	}
	if origin != "" && origin != v.verifier.Name() {
		return fault.New(fault.Refused, "the database belongs to log %q, the key to %q", origin, v.verifier.Name())
	}
	if v.numbered, err = numberedSize(ctx, v.q); err != nil {
		return err
	}
	if v.target.Size > v.numbered {
		return fault.New(fault.Refused, "the checkpoint covers %d entries, the database has %d: entries were removed from it, or it was put back to an earlier state",
			v.target.Size, v.numbered)
	}
	v.rep.Unpublished = v.numbered - v.target.Size
	if v.bodyCount, v.firstBody, err = keptBodies(ctx, v.q); err != nil {
		return err
	}
	last, err := lastCheckpoint(ctx, v.q)
	if err != nil {
		return err
	}
	if last.size > v.target.Size { // it grew meanwhile, or the directory was put back
		now, _, err := v.dir.checkpoint(v.verifier)
		if err != nil {
			return err
		}
		if now.Size < last.size {
			return fault.New(fault.Refused, "the database recorded a checkpoint of %d entries, the directory has one of %d: the directory was put back to an earlier state",
				last.size, now.Size).At(v.checkpointPath(), 0, "")
		}
	}
	if last.size > v.numbered {
		return fault.New(fault.Refused, "the database recorded a checkpoint of %d entries, but has only %d", last.size, v.numbered).
			At("ledger_checkpoint", 0, "size")
	}
	if v.old != nil && v.old.Size > v.target.Size {
		return fault.New(fault.Refused, "the older checkpoint covers %d entries, today's only %d: the ledger was put back to an earlier state",
			v.old.Size, v.target.Size)
	}
	return nil
}

func (v *verification) checkpointPath() string { return filepath.Join(v.cfg.Dir, "checkpoint") }

// bundle verifies up to 256 entries: rows of the database against the bundle
// on disk, and the tiles that they complete.
func (v *verification) bundle(ctx context.Context, rows []held) error {
	first := v.edge.Size
	if len(rows) < proof.TileWidth && first+int64(len(rows)) < v.numbered {
		last := first
		for i := range rows {
			if rows[i].column("idx") != strconv.FormatInt(first+int64(i), 10) {
				break
			}
			last++
		}
		return v.gap(last)
	}
	bodies, err := v.bodies(rows, first)
	if err != nil {
		return err
	}
	for i := range rows {
		if err := v.entry(ctx, &rows[i], first+int64(i), bodies[i]); err != nil {
			return err
		}
		if err := v.edge.Add(rows[i].hash, v.fullTile); err != nil {
			return err
		}
		if err := v.reach(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) gap(idx int64) error {
	return fault.New(fault.Refused, "the database has no entry with index %d", idx).At("ledger_entry", 0, "idx")
}

// bodies gives the bytes of entries of one bundle, as far as the database has
// numbered it. What is published must be in its file, and equal what the
// database keeps.
func (v *verification) bodies(rows []held, first int64) ([][]byte, error) {
	n := first / proof.TileWidth
	t := proof.Tile{Level: proof.EntriesLevel, N: n, Width: int(min(max(v.target.Size-first, 0), proof.TileWidth))}
	for i := range rows {
		if rows[i].body == nil && t.Width < proof.TileWidth { // it became full after the checkpoint that is verified
			t.Width = proof.TileWidth
			if _, err := os.Stat(v.dir.path(t)); errors.Is(err, fs.ErrNotExist) {
				return nil, fault.New(fault.Refused, "the entry with index %d (%s) has no bytes, and its bundle is not full", first+int64(i), rows[i].column("id")).
					At("ledger_body", 0, "body")
			}
		}
	}
	path := v.dir.path(t)
	var content []byte
	var bodies [][]byte
	if t.Width > 0 {
		var err error
		if content, err = v.dir.read(t); err != nil {
			return nil, v.unreadable(err, path)
		}
		if bodies, err = proof.ParseBundle(content); err != nil {
			return nil, inFile(err, path)
		}
		if len(bodies) != t.Width {
			return nil, fault.New(fault.Refused, "the bundle has %d entries, not %d", len(bodies), t.Width).At(path, 0, "")
		}
		if t.Width == proof.TileWidth {
			v.rep.Bundles++
		} else {
			v.rep.Partials++
		}
	}
	published := min(len(bodies), len(rows))
	for i := range rows {
		r := &rows[i]
		if i >= published {
			bodies = append(bodies[:i], r.body)
			content = proof.AppendEntry(content, r.body)
		}
		if (r.body != nil && !bytes.Equal(r.body, bodies[i])) || proof.LeafHash(bodies[i]) != r.hash {
			return nil, v.which(r, first+int64(i), path, bodies[i], i < published)
		}
	}
	return bodies, v.partialBundles(n, content, bodies[:len(rows)])
}

// which says whether file or database was changed, where an entry differs
// between them: the leaf hash in the tile decides.
func (v *verification) which(r *held, idx int64, path string, body []byte, published bool) error {
	id := r.column("id")
	if !published {
		return fault.New(fault.Refused, "the bytes of the entry with index %d (%s) do not have its hash", idx, id).At("ledger_body", 0, "body")
	}
	err := fault.New(fault.Refused, "the entry with index %d (%s) differs between bundle and database", idx, id).At(path, 0, "")
	start := idx / proof.TileWidth * proof.TileWidth
	hashes, readErr := v.dir.hashes(proof.Tile{Level: 0, N: idx / proof.TileWidth, Width: int(min(v.target.Size-start, proof.TileWidth))})
	at := int(idx%proof.TileWidth) * proof.HashSize
	if readErr != nil || at+proof.HashSize > len(hashes) {
		return err
	}
	signed := [32]byte(hashes[at : at+proof.HashSize])
	switch {
	case proof.LeafHash(body) == signed && r.hash == signed:
		return fault.New(fault.Refused, "the entry with index %d (%s) was changed in the database: the bundle has what was signed", idx, id).At("ledger_body", 0, "body")
	case proof.LeafHash(body) == signed:
		return fault.New(fault.Refused, "the hash of the entry with index %d (%s) was changed in the database: the bundle has what was signed", idx, id).At("ledger_entry", 0, "hash")
	case r.hash == signed:
		return fault.New(fault.Refused, "entry %d of the bundle (index %d, %s) was changed: it does not have the hash that was signed", idx%proof.TileWidth, idx, id).At(path, 0, "")
	}
	return err
}

// entry verifies what the database keeps beside an entry, its place in its
// stream, what it is bound to and what it commits to. idx is -1 before it is
// numbered.
func (v *verification) entry(ctx context.Context, r *held, idx int64, body []byte) error {
	f, err := proof.FieldsOf(body)
	if err != nil {
		return fmt.Errorf("the entry with index %d (%s): %w", idx, r.column("id"), err)
	}
	where := func() string {
		if idx < 0 {
			return "the unnumbered entry " + string(f.ID)
		}
		return fmt.Sprintf("the entry with index %d (%s)", idx, f.ID)
	}
	if r.body != nil {
		v.bodySeen++
	}
	want, ok := small(&f, v.buf[:0], idx)
	v.buf = want
	if r.small != string(want) || !ok {
		should := held{small: string(want)}
		for _, column := range smallColumns {
			if is := r.column(column); is != should.column(column) {
				if column == "idx" && idx >= 0 {
					return v.gap(idx)
				}
				return fault.New(fault.Refused, "the database says something else than %s itself: %q", where(), is).At("ledger_entry", 0, column)
			}
		}
		return fault.New(fault.Refused, "%s has a time that cannot be: %q", where(), f.At)
	}
	last := v.streams[string(f.Stream)]
	if last == nil {
		last = new(int64)
		v.streams[string(f.Stream)] = last
	}
	seq, err := strconv.ParseInt(string(f.StreamSeq), 10, 64)
	if err != nil || seq != *last+1 {
		return fault.New(fault.Refused, "stream %s goes on with %s at %s; %d was next: a record is missing, repeated or out of order", f.Stream, f.StreamSeq, where(), *last+1)
	}
	*last = seq
	at, _ := proof.ParseMicros(f.At)
	v.latest = max(v.latest, at)
	if len(f.Commitment) > 0 {
		if err := v.commitment(ctx, string(f.ID), string(f.Commitment), where()); err != nil {
			return err
		}
	}
	if b, ok := v.bindings[string(f.Type)]; ok {
		return v.bound(ctx, b, idx, body, where())
	}
	return nil
}

// small gives what held.small must be for an entry with that index (-1: none).
func small(f *proof.Fields, buf []byte, idx int64) ([]byte, bool) {
	at, ok := proof.ParseMicros(f.At)
	buf = append(strconv.AppendInt(buf, idx, 10), ' ')
	if idx < 0 {
		buf = append(buf, 'o')
	}
	buf = strconv.AppendInt(append(buf, ' '), at, 10)
	buf = append(append(buf, ' '), f.StreamSeq...)
	buf = append(append(buf, ' '), f.ID...)
	buf = append(append(buf, ' '), f.Stream...)
	buf = append(append(buf, ' '), f.Type...)
	return append(append(buf, ' '), f.Subject...), ok
}

func (v *verification) bound(ctx context.Context, b Binding, idx int64, body []byte, where string) error {
	rec, err := proof.ParseEntry(body)
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	rec.Index = idx
	v.mu.Lock()
	err = b.Check(ctx, v.q, rec)
	v.mu.Unlock()
	if err != nil {
		return fault.Wrap(fault.Refused, err, "%s is not what the business rows say (%s): %v", where, b.Name, err)
	}
	if v.rep.Bound == nil {
		v.rep.Bound = map[string]int64{}
	}
	v.rep.Bound[b.Name]++
	return nil
}

func (v *verification) commitment(ctx context.Context, id, commitment, where string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	salt, payload, ok, err := personalOf(ctx, v.q, id)
	if err != nil {
		return err
	}
	if ok {
		if proof.CommitmentOf(payload, salt) != commitment {
			return fault.New(fault.Refused, "the personal data of %s is not what the entry commits to", where).At("ledger_personal", 0, "")
		}
		v.personal++
		v.rep.Commitments++
		return nil
	}
	done, err := redacted(ctx, v.q, id)
	if err != nil {
		return err
	}
	if !done {
		return fault.New(fault.Refused, "the personal data of %s is missing, and no redaction says why", where).At("ledger_personal", 0, "")
	}
	v.rep.Erased++
	return nil
}

// reach holds the root at the present size against all that was signed or
// recorded at this size.
func (v *verification) reach(ctx context.Context) error {
	size := v.edge.Size
	var root [32]byte
	known := false
	at := func() [32]byte {
		if !known {
			root, known = v.edge.Root(), true
		}
		return root
	}
	if size == v.target.Size {
		if at() != v.target.Root {
			return fault.New(fault.Refused, "the checkpoint's root is not the root of the first %d entries", size).At(v.checkpointPath(), 0, "")
		}
		if err := v.edge.Partials(v.requiredPartial); err != nil {
			return err
		}
	}
	if v.old != nil && size == v.old.Size {
		if at() != v.old.Root {
			return fault.New(fault.Refused, "today's ledger does not continue the older checkpoint: its first %d entries have another root, so what was signed then was changed since", size)
		}
		v.rep.OldSize = &v.old.Size
	}
	return v.reachRecorded(ctx, size, at)
}
