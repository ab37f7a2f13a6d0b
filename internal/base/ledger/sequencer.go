package ledger

import (
	"context"
	"database/sql"
	"path/filepath"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
)

const (
	batchSize     = 1024                   // entries per round: while they are numbered, SQLite has no other writer
	roundInterval = 200 * time.Millisecond // least time between two checkpoints, unless a batch was full
	firstBackoff  = 250 * time.Millisecond
	lastBackoff   = 30 * time.Second
	sweepInterval = 10 * time.Minute
)

// Run is the sequencer: it numbers, publishes and signs what was committed,
// until ctx ends. What can pass (a full disk, a failed sync, a lost connection)
// is kept in Status and tried again with back-off: nothing is lost meanwhile.
// It returns an error when going on would be wrong: a damaged entry, or a
// directory that is another log or a later one.
func (l *Log) Run(ctx context.Context) error {
	s := &sequencer{log: l}
	defer s.stop()
	var backoff time.Duration
	for {
		again, err := s.round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		l.report(s.seat != nil, err)
		wait := l.cfg.Poll
		switch {
		case err != nil && fault.Is(err, fault.Refused):
			return err
		case err != nil:
			backoff = min(max(2*backoff, firstBackoff), lastBackoff)
			s.forget()
			if !pause(ctx, backoff) {
				return nil
			}
			continue
		case again:
			backoff = 0
			continue
		}
		backoff = 0
		if rest := roundInterval - l.cfg.Clock().Sub(s.published); rest > 0 && rest <= roundInterval {
			if !pause(ctx, rest) {
				return nil
			}
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-l.wake:
			timer.Stop()
			if !pause(ctx, l.cfg.Settle) { // the commit is about to follow
				return nil
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// sequencer is the state of one Run. After any error its view of the tree is
// dropped and read again from disk and database: what failed is done again,
// never assumed.
type sequencer struct {
	log       *Log
	seat      *seat
	edge      *proof.Edge // of the published tree; nil when it has to be loaded
	bundle    []byte      // entries of the partial bundle at the edge
	last      checkpoint
	pub       *publisher
	published time.Time // when the last checkpoint was written, by the clock
	swept     int64     // partials of smaller trees are gone
	sweepAt   time.Time
}

// forget drops the view of the tree.
func (s *sequencer) forget() {
	s.edge, s.bundle, s.pub = nil, nil, nil
	s.stop() // its connection may be what failed
}

// stop gives the seat up.
func (s *sequencer) stop() {
	if err := s.seat.leave(); err != nil {
		s.log.cfg.Logger.Warn("ledger sequencer left its seat", "error", err)
	}
	s.seat = nil
}

// round publishes one batch. again is true when more may be waiting.
func (s *sequencer) round(ctx context.Context) (again bool, err error) {
	l := s.log
	if s.seat == nil {
		if s.seat, err = takeSeat(ctx, l.cfg.DB); err != nil {
			return false, err
		}
		if s.seat == nil { // another process sequences; follow it
			return false, l.follow(ctx)
		}
		s.edge = nil
	}
	if s.edge == nil {
		if err := s.load(ctx); err != nil {
			return false, err
		}
	}
	rows, err := rowsFrom(ctx, l.cfg.DB.Reader(), s.edge.Size, batchSize)
	if err != nil {
		return false, err
	}
	again = len(rows) > 0 // left by an earlier process: more may be waiting behind them
	if len(rows) == 0 {
		waiting, err := anyWaiting(ctx, l.cfg.DB.Reader())
		if err != nil {
			return false, err
		}
		if !waiting {
			return false, s.sweep(ctx)
		}
		if err := s.seat.tx(ctx, func(tx *sql.Tx) error {
			rows, err = number(ctx, tx, s.edge.Size, batchSize)
			if err != nil {
				return err
			}
			return checkRows(rows, s.edge.Size)
		}); err != nil {
			return false, err
		}
		if len(rows) == 0 {
			return false, nil
		}
	}
	if err := s.publish(ctx, rows); err != nil {
		return false, err
	}
	return again || len(rows) == batchSize, nil
}

// checkRows holds rows that are about to be published against their hashes.
func checkRows(rows []row, next int64) error {
	for _, r := range rows {
		if r.idx != next {
			return fault.New(fault.Refused, "the database has no entry with index %d", next)
		}
		if r.body == nil {
			return fault.New(fault.Refused, "ledger entry %s (index %d) has no body, and no bundle of it is published", r.id, r.idx)
		}
		if proof.LeafHash(r.body) != [32]byte(r.hash) {
			return fault.New(fault.Refused, "ledger entry %s was damaged or changed before it was published: its bytes do not have its hash", r.id).
				WithHint("keep the database as it is; nothing more is published until this entry is explained")
		}
		next++
	}
	return nil
}

// publish writes the tiles and bundles of rows, then the checkpoint, then
// notes both in the database. rows may be empty: then the checkpoint of the
// tree as it is is written again.
func (s *sequencer) publish(ctx context.Context, rows []row) error {
	if err := checkRows(rows, s.edge.Size); err != nil {
		return err
	}
	dir := directory(s.log.cfg.Dir)
	put := func(t proof.Tile, data []byte) error { return s.pub.put(dir.path(t), 0o644, data) }
	bundled := s.edge.Size / proof.TileWidth * proof.TileWidth
	at := maxTime(s.log.cfg.Clock(), s.last.at)
	for _, r := range rows {
		at = maxTime(at, r.at)
		s.bundle = proof.AppendEntry(s.bundle, r.body)
		if err := s.edge.Add([32]byte(r.hash), func(level int, n int64, hashes []byte) error {
			return put(proof.Tile{Level: level, N: n, Width: proof.TileWidth}, hashes)
		}); err != nil {
			return err
		}
		if s.edge.Size%proof.TileWidth == 0 {
			if err := put(proof.Tile{Level: proof.EntriesLevel, N: s.edge.Size/proof.TileWidth - 1, Width: proof.TileWidth}, s.bundle); err != nil {
				return err
			}
			s.bundle = s.bundle[:0]
		}
	}
	if width := int(s.edge.Size % proof.TileWidth); width > 0 {
		if err := put(proof.Tile{Level: proof.EntriesLevel, N: s.edge.Size / proof.TileWidth, Width: width}, s.bundle); err != nil {
			return err
		}
	}
	if err := s.edge.Partials(put); err != nil {
		return err
	}
	if err := s.pub.sync(); err != nil {
		return err
	}
	c := Checkpoint{Origin: s.log.origin, Size: s.edge.Size, Root: s.edge.Root()}
	raw, err := c.Sign(s.log.signer)
	if err != nil {
		return err
	}
	if err := s.mayPublish(ctx, c); err != nil {
		return err
	}
	if err := s.pub.put(filepath.Join(s.log.cfg.Dir, "checkpoint"), 0o644, raw); err != nil {
		return err
	}
	if err := s.pub.sync(); err != nil {
		return err
	}
	done := checkpoint{size: c.Size, root: c.Root, at: at}
	if err := s.seat.tx(ctx, func(tx *sql.Tx) error {
		return recordCheckpoint(ctx, tx, done, bundled, c.Size/proof.TileWidth*proof.TileWidth)
	}); err != nil {
		return err
	}
	s.last, s.published = done, s.log.cfg.Clock()
	s.log.notify()
	return nil
}

// mayPublish looks once more, right before a checkpoint is put in place, that
// it replaces no later one.
func (s *sequencer) mayPublish(ctx context.Context, c Checkpoint) error {
	if err := s.seat.held(ctx); err != nil {
		return err
	}
	now, _, err := directory(s.log.cfg.Dir).checkpoint(s.log.verifier)
	if err != nil {
		return err
	}
	if now.Size > c.Size || (now.Size == c.Size && now.Root != c.Root) {
		return fault.New(fault.Conflict, "another process published a ledger of %d entries meanwhile", now.Size)
	}
	return nil
}

// load reads the published tree from the directory, holds it against the
// database and, where a crash left the directory behind, publishes what is
// missing.
func (s *sequencer) load(ctx context.Context) error {
	l := s.log
	s.pub = newPublisher(l.cfg.files, l.cfg.Dir)
	if err := s.pub.sweepTemp(); err != nil {
		return err
	}
	found, err := l.reconcile(ctx)
	if err != nil {
		return err
	}
	s.edge, s.bundle, s.last = found.edge, nil, found.last
	bodies, err := l.tail(ctx, found.edge)
	if err != nil {
		s.edge = nil
		return err
	}
	for _, body := range bodies {
		s.bundle = proof.AppendEntry(s.bundle, body)
	}
	if err := s.repair(ctx, found); err != nil {
		s.edge = nil
		return err
	}
	return nil
}

// repair publishes again from where the directory ends to what the database
// says was published.
func (s *sequencer) repair(ctx context.Context, found found) error {
	if s.edge.Size < found.last.size {
		s.log.cfg.Logger.Warn("the ledger's directory is behind the database and is brought up to it", "directory", s.edge.Size, "database", found.last.size)
	}
	for s.edge.Size < found.last.size {
		low := s.edge.Size
		rows, err := rowsFrom(ctx, s.log.cfg.DB.Reader(), low, int(min(found.last.size-low, batchSize)))
		if err != nil {
			return err
		}
		if err := s.log.fill(rows); err != nil {
			return err
		}
		if err := s.publish(ctx, rows); err != nil {
			return err
		}
	}
	if found.unrecorded {
		return s.publish(ctx, nil)
	}
	return nil
}

func maxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// found is what a comparison of directory and database gave.
type found struct {
	edge       *proof.Edge // of the tree that the directory has published
	last       checkpoint  // the newest in the database
	unrecorded bool        // the directory's checkpoint is newer than last
}

// reconcile refuses a directory that is not a prefix of the database's log, or
// that is ahead of what the database has numbered.
func (l *Log) reconcile(ctx context.Context) (found, error) {
	var f found
	dir := directory(l.cfg.Dir)
	c, _, err := dir.checkpoint(l.verifier) // before the database: it is written after
	if err != nil {
		return f, err
	}
	q := l.cfg.DB.Reader()
	size, err := numberedSize(ctx, q)
	if err != nil {
		return f, err
	}
	if f.last, err = lastCheckpoint(ctx, q); err != nil {
		return f, err
	}
	if c.Size > size {
		return f, fault.New(fault.Refused, "the ledger directory %s holds %d entries, the database only %d: the database was put back to an earlier state, or belongs to another ledger",
			l.cfg.Dir, c.Size, size).WithHint("bring back the newest database. Going on would give the same numbers to other entries; nothing was changed")
	}
	if f.edge, err = proof.EdgeAt(c.Size, dir.hashes); err != nil {
		return f, err
	}
	if f.edge.Root() != c.Root {
		return f, fault.New(fault.Refused, "the tiles at the end of the ledger do not have the root of its checkpoint (%d entries)", c.Size).
			At(filepath.Join(l.cfg.Dir, "checkpoint"), 0, "").WithHint("run 'attesta ledger verify' to find the damaged tile; nothing was changed")
	}
	different := func(size int64) error {
		return fault.New(fault.Refused, "the ledger directory %s and the database hold different entries among the first %d", l.cfg.Dir, size).
			WithHint("run 'attesta ledger verify'; nothing was changed")
	}
	switch {
	case f.last.size == c.Size:
		if f.last.root != c.Root {
			return f, different(c.Size)
		}
	case f.last.size < c.Size: // a crash between checkpoint and database
		earlier, err := proof.EdgeAt(f.last.size, dir.hashes)
		if err != nil {
			return f, err
		}
		if earlier.Root() != f.last.root {
			return f, different(f.last.size)
		}
		if err := extend(ctx, q, earlier, c.Size); err != nil {
			return f, err
		}
		if earlier.Root() != c.Root {
			return f, different(c.Size)
		}
		f.unrecorded = true
	default: // the directory lost its last files
		later, err := proof.EdgeAt(c.Size, dir.hashes)
		if err != nil {
			return f, err
		}
		if err := extend(ctx, q, later, f.last.size); err != nil {
			return f, err
		}
		if later.Root() != f.last.root {
			return f, different(f.last.size)
		}
	}
	return f, nil
}

// extend adds the database's leaf hashes to e until it has that size.
func extend(ctx context.Context, q database.Querier, e *proof.Edge, size int64) error {
	return hashesFrom(ctx, q, e.Size, size, func(h [32]byte) error { return e.Add(h, nil) })
}

// tail gives the bodies of the partial bundle at the edge, held against the
// leaf hashes of the published tree.
func (l *Log) tail(ctx context.Context, e *proof.Edge) ([][]byte, error) {
	width := e.Size % proof.TileWidth
	if width == 0 {
		return nil, nil
	}
	rows, err := rowsFrom(ctx, l.cfg.DB.Reader(), e.Size-width, int(width))
	if err != nil {
		return nil, err
	}
	if err := l.fill(rows); err != nil {
		return nil, err
	}
	if err := checkRows(rows, e.Size-width); err != nil {
		return nil, err
	}
	if int64(len(rows)) != width {
		return nil, fault.New(fault.Refused, "the database has no entry with index %d", e.Size-width+int64(len(rows)))
	}
	var out [][]byte
	leaves := e.Leaves()
	for i, r := range rows {
		if string(r.hash) != string(leaves[i*proof.HashSize:(i+1)*proof.HashSize]) {
			return nil, fault.New(fault.Refused, "the entry with index %d differs between database and ledger directory", r.idx)
		}
		out = append(out, r.body)
	}
	return out, nil
}

// fill reads the bodies that the database no longer keeps from their bundles.
func (l *Log) fill(rows []row) error {
	dir := directory(l.cfg.Dir)
	have, entries := int64(-1), [][]byte(nil)
	for i := range rows {
		r := &rows[i]
		if r.body != nil || r.idx < 0 {
			continue
		}
		if n := r.idx / proof.TileWidth; n != have {
			var err error
			if entries, err = dir.entries(n); err != nil {
				return err
			}
			have = n
		}
		body := entries[r.idx%proof.TileWidth]
		if proof.LeafHash(body) != [32]byte(r.hash) {
			return fault.New(fault.Refused, "entry %d of the bundle (index %d) does not have the hash that the database keeps", r.idx%proof.TileWidth, r.idx).
				At(dir.path(proof.Tile{Level: proof.EntriesLevel, N: r.idx / proof.TileWidth, Width: proof.TileWidth}), 0, "")
		}
		r.body = body
	}
	return nil
}

// follow notices checkpoints of the process that sequences.
func (l *Log) follow(ctx context.Context) error {
	c, err := lastCheckpoint(ctx, l.cfg.DB.Reader())
	if err != nil {
		return err
	}
	l.statusMu.Lock()
	news := c.size != l.followed
	l.followed = c.size
	l.statusMu.Unlock()
	if news {
		l.notify()
	}
	return nil
}
