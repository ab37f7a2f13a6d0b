package ledger

import (
	"context"

	"github.com/attesta/attesta/internal/base/fault"
)

// Publish numbers, publishes and signs what was committed so far, and returns:
// for whoever brings in a history with a clock of its own and decides when a
// checkpoint is due. Run must not run beside it: kind Conflict where another
// process sequences.
func (l *Log) Publish(ctx context.Context) error {
	s := &sequencer{log: l}
	defer s.stop()
	for {
		again, err := s.round(ctx)
		if err != nil {
			return err
		}
		if s.seat == nil {
			return fault.New(fault.Conflict, "another process numbers the ledger's entries")
		}
		if !again {
			return nil
		}
	}
}
