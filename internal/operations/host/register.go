package host

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
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

// spoken remembers what registers said last, by source.
type spoken struct {
	mu     sync.Mutex
	digest map[string]string // guarded by mu
}

// Observe takes in what a register says of all its entries now: facts where they
// changed since it said so last, else only that they are in force. Entries that it
// does not name fall silent after the grace.
func (s *Service) Observe(ctx context.Context, version string, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	s.spoken.mu.Lock()
	defer s.spoken.mu.Unlock()
	now := s.cfg.Clock()
	var none int64
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for i, e := range entries {
			sum := sha256.Sum256([]byte(e.Section.Name + " " + e.Section.Digest))
			b := Batch{Population: e.Population, Source: e.Source, SourceName: e.Name, Stream: "server", Sequence: now.UnixMicro() + int64(i), ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now,
				Digest: hex.EncodeToString(sum[:]), AgentVersion: version}
			if s.spoken.digest[e.Source] != e.Section.Digest {
				raw, err := json.Marshal(e.Section)
				if err != nil {
					return err
				}
				b.Items = []json.RawMessage{raw}
				if _, err := s.ReceiveFacts(ctx, tx, b); err != nil {
					return fmt.Errorf("judge %s %s: %w", e.Population, e.Name, err)
				}
			}
			raw, err := json.Marshal(wire.Heartbeat{Sections: map[string]string{e.Section.Name: e.Section.Digest}})
			if err != nil {
				return err
			}
			b.Items = []json.RawMessage{raw}
			if _, err := s.ReceiveHeartbeat(ctx, tx, b); err != nil {
				return fmt.Errorf("hear of %s %s: %w", e.Population, e.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if s.spoken.digest == nil {
		s.spoken.digest = map[string]string{}
	}
	for _, e := range entries {
		s.spoken.digest[e.Source] = e.Section.Digest
	}
	s.cfg.Ledger.Wake()
	return nil
}

// Leave takes an entry of a register out of its population, for a reason. One that
// was never observed, or left, has nothing to leave.
func (s *Service) Leave(ctx context.Context, source, reason string) error {
	h, err := s.Get(ctx, source)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || !h.RetiredAt.IsZero() {
		return err
	}
	s.spoken.mu.Lock()
	delete(s.spoken.digest, source)
	s.spoken.mu.Unlock()
	return s.Retire(ctx, access.System(), h.ID, reason)
}
