// Package entries lets what stands in a register of ours be judged like a host: a
// commitment, a backup. It sends facts where they changed, and says otherwise that
// they are in force.
//
// Invariants: an entry has a source of its own for as long as it lives; facts that
// did not change make no version and no run of checks.
//
// Floor: domains, over internal/operations/host.
package entries

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/wire"
)

// Entry is something of a register of ours that is judged like a host: a commitment,
// a backup.
type Entry struct {
	Population string
	Source     string // "src_…", the entry's own for as long as it lives
	Name       string
	Section    facts.Section
}

// Config is what a Book depends on. All is required.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Hosts   *host.Service
	Clock   clock.Clock
	Version string // of this program
}

// Book remembers what a register said last.
type Book struct {
	cfg Config

	mu     sync.Mutex
	digest map[string]string // guarded by mu: by source
}

// New makes it.
func New(cfg Config) *Book { return &Book{cfg: cfg, digest: map[string]string{}} }

// Observe takes in what a register says of all its entries now: facts where they
// changed since it said so last, else only that they are in force. Entries that it
// does not name fall silent after the grace.
func (b *Book) Observe(ctx context.Context, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cfg.Clock()
	err := b.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for i, e := range entries {
			if err := b.observe(ctx, tx, e, now, i, b.digest[e.Source] != e.Section.Digest); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range entries {
		b.digest[e.Source] = e.Section.Digest
	}
	b.cfg.Ledger.Wake()
	return nil
}

// ObserveIn takes in what a register says of one entry, in the caller's transaction.
func (b *Book) ObserveIn(ctx context.Context, tx *sql.Tx, e Entry) error {
	return b.observe(ctx, tx, e, b.cfg.Clock(), 0, true) // whether it was committed is not known here: the next Observe says it once more
}

// ConfirmIn says of one entry that what was said of it last is in force, in the
// caller's transaction.
func (b *Book) ConfirmIn(ctx context.Context, tx *sql.Tx, e Entry) error {
	return b.observe(ctx, tx, e, b.cfg.Clock(), 0, false)
}

func (b *Book) observe(ctx context.Context, tx *sql.Tx, e Entry, now time.Time, i int, news bool) error {
	var none int64
	sum := sha256.Sum256([]byte(e.Section.Name + " " + e.Section.Digest))
	batch := host.Batch{Population: e.Population, Source: e.Source, SourceName: e.Name, Stream: "server", Sequence: now.UnixMicro() + int64(i), ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now,
		Digest: hex.EncodeToString(sum[:]), AgentVersion: b.cfg.Version}
	if news {
		raw, err := json.Marshal(e.Section)
		if err != nil {
			return err
		}
		batch.Items = []json.RawMessage{raw}
		if _, err := b.cfg.Hosts.ReceiveFacts(ctx, tx, batch); err != nil {
			return fmt.Errorf("judge %s %s: %w", e.Population, e.Name, err)
		}
	}
	raw, err := json.Marshal(wire.Heartbeat{Sections: map[string]string{e.Section.Name: e.Section.Digest}})
	if err != nil {
		return err
	}
	batch.Items = []json.RawMessage{raw}
	if _, err := b.cfg.Hosts.ReceiveHeartbeat(ctx, tx, batch); err != nil {
		return fmt.Errorf("hear of %s %s: %w", e.Population, e.Name, err)
	}
	return nil
}

// Leave takes an entry of a register out of its population, for a reason. One that
// was never observed, or left, has nothing to leave.
func (b *Book) Leave(ctx context.Context, source, reason string) error {
	h, err := b.cfg.Hosts.Get(ctx, source)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || !h.RetiredAt.IsZero() {
		return err
	}
	b.mu.Lock()
	delete(b.digest, source)
	b.mu.Unlock()
	return b.cfg.Hosts.Retire(ctx, access.System(), h.ID, reason)
}
