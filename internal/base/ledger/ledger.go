package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/proof"

	"golang.org/x/mod/sumdb/note"
)

// MaxClockBehind is how far the clock may lie behind the last recorded time
// before Open refuses.
const MaxClockBehind = 2 * time.Minute

// Config says what a ledger is made of. DB, Dir and KeyFile are required.
type Config struct {
	DB      *database.DB
	Dir     string       // the tlog-tiles log; nothing else may be in it. Unfinished files go to Dir+".tmp"
	KeyFile string       // the signing key (0600), made when the ledger is new; the verifier key stands beside it as .pub
	Origin  string       // the log's name, used when the ledger is new; "attesta.local/<random id>" when empty
	Clock   clock.Clock  // clock.System when nil
	Logger  *slog.Logger // slog.Default when nil

	Poll         time.Duration // how often the sequencer looks for entries of other processes; 500 ms when 0
	Settle       time.Duration // how long it waits after an Append for the commit, so that more entries share a checkpoint; 20 ms when 0
	KeepPartials time.Duration // how long partial tiles stay once the full tile is there; an hour when 0
	OnStatus     func(Status)  // called by the sequencer when it starts to fail and when it has recovered; optional

	files files // the file system, replaced by tests
}

// Log is an open ledger.
type Log struct {
	cfg Config
	st  *database.Prepared

	origin   string
	public   string // verifier key
	signer   note.Signer
	verifier note.Verifier

	timeMu sync.Mutex
	last   time.Time // guarded by timeMu: the last entry time given
	ord    int64     // guarded by timeMu: the last order given

	wake chan struct{} // capacity 1

	changeMu sync.Mutex
	changed  chan struct{} // guarded by changeMu: closed and replaced at each checkpoint

	statusMu sync.Mutex
	status   Status // guarded by statusMu
	followed int64  // guarded by statusMu: the last checkpoint seen of another process
}

// Open opens the ledger of a state database and its directory. The first Open
// makes the key and the origin.
func Open(ctx context.Context, cfg Config) (*Log, error) {
	if cfg.DB == nil || cfg.Dir == "" || cfg.KeyFile == "" {
		return nil, fault.New(fault.Internal, "ledger.Config needs DB, Dir and KeyFile")
	}
	cfg.Dir = filepath.Clean(cfg.Dir)
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Poll == 0 {
		cfg.Poll = 500 * time.Millisecond
	}
	if cfg.Settle == 0 {
		cfg.Settle = 20 * time.Millisecond
	}
	if cfg.KeepPartials == 0 {
		cfg.KeepPartials = time.Hour
	}
	if cfg.files == nil {
		cfg.files = osFiles{}
	}
	l := &Log{cfg: cfg, wake: make(chan struct{}, 1), changed: make(chan struct{})}
	last, ord, err := lastTimes(ctx, cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	if now := cfg.Clock(); last.Sub(now) > MaxClockBehind {
		return nil, fault.New(fault.Unavailable, "the clock says %s, which is %s before the last entry of the ledger (%s)",
			now.Format(time.RFC3339), last.Sub(now).Round(time.Second), last.Format(time.RFC3339)).
			WithHint("set the clock right (timedatectl, chronyc makestep) and start again; nothing was changed")
	}
	l.last, l.ord = last, ord
	if err := l.openKey(ctx); err != nil {
		return nil, err
	}
	if _, err := l.reconcile(ctx); err != nil {
		return nil, err
	}
	if l.st, err = prepare(ctx, cfg.DB); err != nil {
		return nil, err
	}
	return l, nil
}

// Origin is the log's name, which is also its key's.
func (l *Log) Origin() string { return l.origin }

// VerifierKey is the signed-note key that checkpoints are checked with.
func (l *Log) VerifierKey() string { return l.public }

// Close releases what Open took. Run must have returned.
func (l *Log) Close() error { return l.st.Close() }

// tick gives the time of the next n entries and the order of the first: what
// the clock says, but never earlier than what was given before.
func (l *Log) tick(n int) (at time.Time, ord int64) {
	l.timeMu.Lock()
	defer l.timeMu.Unlock()
	l.last = maxTime(l.last, l.cfg.Clock())
	ord = max(l.ord+1, clock.Micros(l.last))
	l.ord = ord + int64(n) - 1
	return l.last, ord
}

// Held says how far the clock is behind the last entry's time: until it has
// caught up, entries get that time. 0 when all is well.
func (l *Log) Held() time.Duration {
	l.timeMu.Lock()
	defer l.timeMu.Unlock()
	return max(0, l.last.Sub(l.cfg.Clock()))
}

// Append adds e within the caller's transaction and gives its id. The entry
// gets its position from the sequencer after the commit. Whoever wants that
// sooner than the next poll calls Wake after the commit. On PostgreSQL a stream
// is locked until the transaction ends: append to several streams in the same
// order everywhere, or transactions deadlock and are run again.
func (l *Log) Append(ctx context.Context, tx *sql.Tx, e Entry) (string, error) {
	ids, err := l.AppendAll(ctx, tx, e)
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// AppendAll is Append for several entries, in that order. It is faster than one
// by one: each stream is advanced once.
func (l *Log) AppendAll(ctx context.Context, tx *sql.Tx, entries ...Entry) ([]string, error) {
	counts := make(map[string]int, 1)
	entries = slices.Clone(entries)
	for i := range entries {
		entries[i] = tied(ctx, entries[i])
		if err := entries[i].Check(); err != nil {
			return nil, err
		}
		if err := checkSecrets(&entries[i]); err != nil {
			return nil, err
		}
		counts[entries[i].Stream]++
	}
	q := l.st.Within(tx)
	at, ord := l.tick(len(entries))
	places := make(map[string]*place, len(counts))
	out := make([]string, 0, len(entries))
	for i := range entries {
		e := &entries[i]
		p := places[e.Stream]
		if p == nil {
			next, err := advance(ctx, q, e.Stream, counts[e.Stream], at, ord, len(entries))
			if err != nil {
				return nil, err
			}
			p = &next
			places[e.Stream] = p
		}
		id, err := l.store(ctx, q, e, *p, ord+int64(i)+p.shift)
		if err != nil {
			return nil, err
		}
		p.seq++
		out = append(out, id)
	}
	l.Wake()
	return out, nil
}

// store writes one entry at its place.
func (l *Log) store(ctx context.Context, q database.Querier, e *Entry, p place, ord int64) (string, error) {
	id := ids.New("ent", p.at)
	var commitment string
	if len(e.Personal) > 0 {
		salt := make([]byte, 32)
		if _, err := rand.Read(salt); err != nil {
			return "", fmt.Errorf("make a salt: %w", err)
		}
		var payload []byte
		var err error
		if payload, commitment, err = proof.Commit(e.Personal, salt); err != nil {
			return "", err
		}
		if err := insertPersonal(ctx, q, id, salt, payload); err != nil {
			return "", err
		}
	}
	body, err := e.Encode(id, p.seq, p.at, commitment)
	if err != nil {
		return "", err
	}
	hash := proof.LeafHash(body)
	return id, insertEntry(ctx, q, row{id: id, ord: ord, stream: e.Stream, streamSeq: p.seq,
		typ: e.Type, at: p.at, subject: e.Subject, hash: hash[:], body: body})
}

// Wake tells the sequencer that entries were committed.
func (l *Log) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Changed gives a channel that is closed at the next checkpoint. Take it before
// reading, so that nothing is missed in between.
func (l *Log) Changed() <-chan struct{} {
	l.changeMu.Lock()
	defer l.changeMu.Unlock()
	return l.changed
}

func (l *Log) notify() {
	l.changeMu.Lock()
	defer l.changeMu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
}
