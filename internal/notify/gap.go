package notify

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Gap is a record that could not be read, so that nobody was told of it.
type Gap struct {
	Record int64
	At     time.Time
	Reason string
	Entry  string // ent_… of its notice.gap
}

// patience is how often a record is tried before it is a gap.
const patience = 6

// stuck counts failures at one record. Below patience it gives the failure
// back, to be tried again; then it records the gap, which is one record read.
func (s *Service) stuck(ctx context.Context, at int64, cause error) (int, error) {
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	s.mu.Lock()
	if s.stuckAt != at {
		s.stuckAt, s.stuckFor = at, 0
	}
	s.stuckFor++
	over := s.stuckFor >= patience
	s.mu.Unlock()
	if !over {
		return 0, fmt.Errorf("read what record %d means: %w", at, cause)
	}
	message, _ := fault.Public(cause)
	g := Gap{Record: at, At: s.cfg.Clock(), Reason: shorten(message)}
	s.cfg.Logger.Error("a record cannot be read; people are not told of it", "record", at, "error", cause)
	return 1, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if g.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "notice.gap", Stream: "system", Actor: "system", Subject: strconv.FormatInt(at, 10),
			Data: map[string]any{"reason": digest([]byte(g.Reason))}}); err != nil {
			return fmt.Errorf("record that record %d is not told: %w", at, err)
		}
		if err := moveCursor(ctx, tx, at, at+1); err != nil {
			return err
		}
		return insertGap(ctx, tx, g)
	})
}

func shorten(s string) string {
	if len(s) > 500 {
		return s[:500]
	}
	return s
}

// checkGap holds a gap against its entry.
func checkGap(ctx context.Context, q database.Querier, rec ledger.Record) error {
	at, err := strconv.ParseInt(rec.Subject, 10, 64)
	if err != nil {
		return fault.Wrap(fault.Refused, err, "a gap names no record")
	}
	list, err := gapAt(ctx, q, at)
	if err != nil {
		return err
	}
	if len(list) != 1 || list[0].Entry != rec.ID || digest([]byte(list[0].Reason)) != rec.Data["reason"] {
		return fault.New(fault.Refused, "the gap at record %d is not what the ledger says", at)
	}
	return nil
}
