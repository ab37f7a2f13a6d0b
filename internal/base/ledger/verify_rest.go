package ledger

import (
	"context"
	"fmt"
	"strconv"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
)

// reachRecorded holds the checkpoints that the database recorded at this size,
// or should have, against the root.
func (v *verification) reachRecorded(ctx context.Context, size int64, root func() [32]byte) error {
	for {
		if len(v.recorded) == 0 {
			if v.allRead {
				return nil
			}
			var err error
			v.mu.Lock()
			v.recorded, err = checkpointsAfter(ctx, v.q, v.previous.size, 1000)
			v.mu.Unlock()
			if err != nil {
				return err
			}
			v.allRead = len(v.recorded) == 0
			continue
		}
		c := v.recorded[0]
		if c.size > size {
			return nil
		}
		refuse := func(column, format string, args ...any) error {
			return fault.New(fault.Refused, format, args...).At("ledger_checkpoint", 0, column)
		}
		switch {
		case c.size < size:
			return refuse("size", "the database recorded a checkpoint of %d entries, which cannot be", c.size)
		case c.root != root():
			return refuse("root", "the database recorded another root for the checkpoint of %d entries", c.size)
		case c.at.Before(v.previous.at):
			return refuse("at", "the database recorded the checkpoint of %d entries before the one of %d", c.size, v.previous.size)
		case clock.Micros(c.at) < v.latest:
			return refuse("at", "the database recorded the checkpoint of %d entries before the time of an entry that it covers", c.size)
		}
		v.previous, v.recorded = c, v.recorded[1:]
		v.rep.Checkpoints++
	}
}

// waiting verifies the entries that have no position yet.
func (v *verification) waiting(ctx context.Context) error {
	stream, seq := "", int64(0)
	for {
		rows, err := waitingAfter(ctx, v.q, stream, seq, 1000)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return nil
		}
		for i := range rows {
			r := &rows[i]
			if r.body == nil {
				return fault.New(fault.Refused, "the unnumbered entry %s has no bytes", r.column("id")).At("ledger_body", 0, "body")
			}
			if proof.LeafHash(r.body) != r.hash {
				return fault.New(fault.Refused, "the bytes of the unnumbered entry %s do not have its hash", r.column("id")).At("ledger_body", 0, "body")
			}
			if err := v.entry(ctx, r, -1, r.body); err != nil {
				return err
			}
			v.rep.Unnumbered++
		}
		last := &rows[len(rows)-1]
		stream = last.column("stream")
		if seq, err = strconv.ParseInt(last.column("stream_seq"), 10, 64); err != nil {
			return fmt.Errorf("read a stream's sequence: %w", err)
		}
	}
}

// finish compares what was counted with what the database says there is.
func (v *verification) finish(ctx context.Context) error {
	known := 0
	if err := eachStream(ctx, v.q, func(stream string, seq int64) error {
		var have int64
		if last := v.streams[stream]; last != nil {
			have = *last
			known++
		}
		if have != seq {
			return fault.New(fault.Refused, "stream %s has given %d numbers, the ledger has %d entries of it", stream, seq, have).At("ledger_stream", 0, "seq")
		}
		return nil
	}); err != nil {
		return err
	}
	if known != len(v.streams) {
		return fault.New(fault.Refused, "the ledger has entries of %d streams, the database knows %d of them", len(v.streams), known).At("ledger_stream", 0, "stream")
	}
	v.rep.Streams = int64(known)
	if v.bodySeen != v.bodyCount {
		return fault.New(fault.Refused, "the database keeps the bytes of %d entries, of which it has %d", v.bodyCount, v.bodySeen).At("ledger_body", 0, "entry_id")
	}
	n, err := personalCount(ctx, v.q)
	if err != nil {
		return err
	}
	if n != v.personal {
		return fault.New(fault.Refused, "%d pieces of personal data are kept, entries commit to %d of them", n, v.personal).At("ledger_personal", 0, "entry_id")
	}
	if v.rep.Unnumbered > 0 {
		v.rep.Notes = append(v.rep.Notes, fmt.Sprintf("%d committed entries have no position yet; the sequencer of a running server numbers them within a second", v.rep.Unnumbered))
	}
	if v.rep.Unpublished > 0 {
		v.rep.Notes = append(v.rep.Notes, fmt.Sprintf("%d numbered entries come after the checkpoint that was verified", v.rep.Unpublished))
	}
	return nil
}
