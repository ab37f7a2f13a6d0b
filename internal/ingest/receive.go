package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/wire"
)

// arrival is a batch as it came in.
type arrival struct {
	source   string // from the certificate
	raw      []byte
	at       time.Time
	measured *int64 // the source's clock minus ours, microseconds; nil: not measured
}

// offset is the source's clock minus ours when it wrote e: by its own
// estimate, else as measured now.
func (a arrival) offset(e *wire.Envelope) *int64 {
	if e.ClockOffsetUs != nil {
		return e.ClockOffsetUs
	}
	return a.measured
}

// takeAfter bounds one batch's transaction. It is not bound to the request: a
// sender that gave up waiting gets its acknowledgement when it asks again.
const takeAfter = 2 * time.Minute

// take records a batch, hands it to its handler and gives the answer. What it
// answers without an error is committed.
func (s *Service) take(ctx context.Context, a arrival) (wire.Ack, error) {
	e, err := wire.DecodeBytes(a.raw)
	if err != nil {
		return wire.Ack{}, err
	}
	if e.Source != a.source {
		return wire.Ack{}, fault.New(fault.Forbidden, "the envelope says it is from %s, and the certificate is of %s", e.Source, a.source).At("", 0, "source")
	}
	sum := sha256.Sum256(a.raw)
	digest := hex.EncodeToString(sum[:])
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeAfter)
	defer cancel()

	reason := s.refusal(e)
	if reason == "" {
		ack, b, err := s.accept(ctx, a, e, digest)
		var crash *handlerPanic
		switch {
		case err == nil:
			if s.cfg.OnCommit != nil && !ack.Duplicate {
				s.cfg.OnCommit(b)
			}
			return ack, nil
		case errors.As(err, &crash):
			s.cfg.Logger.ErrorContext(ctx, "a batch's handler panicked; the batch is kept aside", "source", e.Source,
				"stream", e.Stream, "sequence", e.Sequence, "kind", e.Kind, "panic", crash.value, "stack", crash.stack)
			reason = "this server failed on its content; the server's log has the cause"
		case fault.Is(err, fault.Invalid):
			reason = err.Error()
		default:
			return wire.Ack{}, err
		}
	}
	return s.keepAside(ctx, a, e, digest, reason)
}

// refusal says why a batch cannot be handed to any handler, "" when it can.
func (s *Service) refusal(e *wire.Envelope) string {
	if _, ok := s.cfg.Handlers[e.Kind]; !ok && e.Kind != wire.KindGap {
		return "this server does not know batches of kind " + strconv.Quote(e.Kind)
	}
	for i, item := range e.Items {
		if escapesNUL(item) {
			return fmt.Sprintf("items[%d]: a text holds the character U+0000", i)
		}
	}
	return ""
}

// escapesNUL reports whether a JSON text holds an escaped U+0000, which
// PostgreSQL cannot store in a text.
func escapesNUL(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 >= len(b) {
			return false
		}
		if bytes.HasPrefix(b[i+1:], []byte("u0000")) {
			return true
		}
		b = b[i+2:]
	}
}

func (s *Service) accept(ctx context.Context, a arrival, e *wire.Envelope, digest string) (ack wire.Ack, b Batch, err error) {
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var p progress
		var fresh bool
		ack, p, fresh, err = s.record(ctx, tx, a, e, digest, false)
		if err != nil || !fresh {
			return err
		}
		if e.Kind == wire.KindGap {
			if p, err = s.declare(ctx, tx, a, e, p); err != nil {
				return err
			}
			ack.Contiguous = p.contiguous
		}
		src, err := sourceByID(ctx, tx, e.Source)
		if err != nil {
			return err
		}
		var resend []string // anew for each run of this transaction
		var asks []wire.Ask
		b = Batch{Source: src, Envelope: *e, ReceivedAt: a.at, Digest: digest, ClockOffsetUs: a.offset(e), resend: &resend, asks: &asks}
		if h, ok := s.cfg.Handlers[e.Kind]; ok {
			if err := handle(ctx, tx, h, b); err != nil {
				return err
			}
		}
		ack.Resend, ack.Asks = resend, asks
		return nil
	})
	return ack, b, err
}

// record writes what every batch has: its row, how far its stream has come,
// its source's clock. fresh is false for a batch that was received before.
func (s *Service) record(ctx context.Context, tx *sql.Tx, a arrival, e *wire.Envelope, digest string, aside bool) (ack wire.Ack, p progress, fresh bool, err error) {
	fail := func(err error) (wire.Ack, progress, bool, error) { return wire.Ack{}, progress{}, false, err }
	src, err := sourceByID(ctx, tx, e.Source)
	if err != nil {
		return fail(err)
	}
	if !src.RevokedAt.IsZero() {
		return fail(revokedFault(src))
	}
	if p, err = lockStream(ctx, tx, e.Source, e.Stream, a.at); err != nil {
		return fail(err)
	}
	var hole *Hole
	if e.Sequence <= p.highest {
		holes, err := holesWithin(ctx, tx, e.Source, e.Stream, e.Sequence, e.Sequence)
		if err != nil {
			return fail(err)
		}
		if len(holes) > 0 {
			hole = &holes[0]
		}
	}
	switch placeOf(e.Sequence, p.highest, hole) {
	case known:
		have, err := batchDigest(ctx, tx, e.Source, e.Stream, e.Sequence)
		if err != nil {
			return fail(err)
		}
		if have != "" && have != digest {
			return fail(coded(wire.CodeConflict, fault.New(fault.Conflict, "sequence %d of stream %s was received before with other bytes", e.Sequence, e.Stream).
				At("", 0, "sequence").WithHint("the agent's state is a copy of an older one or of another host's: remove it and enrol that host anew")))
		}
		if err := countDuplicate(ctx, tx, e.Source, e.Stream); err != nil {
			return fail(err)
		}
		return wire.Ack{Contiguous: p.contiguous, Duplicate: true}, p, false, nil
	case next:
		if p.contiguous == p.highest {
			p.contiguous = e.Sequence
		}
		p.highest = e.Sequence
	case beyond:
		if err := putHole(ctx, tx, e.Source, e.Stream, Hole{First: p.highest + 1, Last: e.Sequence - 1, SeenAt: a.at}); err != nil {
			return fail(err)
		}
		p.highest = e.Sequence
	case filling:
		if err := replaceHole(ctx, tx, e.Source, e.Stream, *hole, hole.without(e.Sequence, e.Sequence)...); err != nil {
			return fail(err)
		}
		if p.contiguous, err = contiguous(ctx, tx, e, p); err != nil {
			return fail(err)
		}
	}
	if err := putBatch(ctx, tx, e, digest, a.at, a.offset(e), len(a.raw), aside); err != nil {
		return fail(err)
	}
	if e.Kind == wire.KindHeartbeat && !aside && e.Sequence > p.beat {
		if p.beat > 0 {
			if err := dropBatch(ctx, tx, e.Source, e.Stream, p.beat); err != nil {
				return fail(err)
			}
		}
		p.beat = e.Sequence
	}
	if err := putProgress(ctx, tx, e.Source, e.Stream, p); err != nil {
		return fail(err)
	}
	if err := touch(ctx, tx, e.Source, agentText(e.Agent), a.at, a.measured); err != nil {
		return fail(err)
	}
	return wire.Ack{Contiguous: p.contiguous}, p, true, nil
}

func contiguous(ctx context.Context, tx *sql.Tx, e *wire.Envelope, p progress) (int64, error) {
	first, err := firstAwaited(ctx, tx, e.Source, e.Stream)
	if err != nil || first == 0 {
		return p.highest, err
	}
	return first - 1, nil
}

// declare marks what a gap batch says will never come. What had come stays.
func (s *Service) declare(ctx context.Context, tx *sql.Tx, a arrival, e *wire.Envelope, p progress) (progress, error) {
	for i, item := range e.Items {
		bad := func(field, format string, args ...any) error {
			return fault.New(fault.Invalid, format, args...).At("", 0, "items["+strconv.Itoa(i)+"]."+field)
		}
		var g wire.Gap
		if err := json.Unmarshal(item, &g); err != nil {
			return p, fault.Wrap(fault.Invalid, err, "this is no gap").At("", 0, "items["+strconv.Itoa(i)+"]")
		}
		if g.First < 1 || g.Last < g.First || g.Last >= e.Sequence {
			return p, bad("last", "a gap from %d to %d in a batch of sequence %d", g.First, g.Last, e.Sequence)
		}
		if !plainText(g.Reason, 500) || g.Reason == "" {
			return p, bad("reason", "a gap has a reason of one line and at most 500 characters")
		}
		holes, err := holesWithin(ctx, tx, e.Source, e.Stream, g.First, g.Last)
		if err != nil {
			return p, err
		}
		for _, h := range holes {
			part, ok := h.overlap(g.First, g.Last)
			if !ok || !h.DeclaredAt.IsZero() {
				continue
			}
			part.DeclaredAt, part.Reason = a.at, g.Reason
			if err := replaceHole(ctx, tx, e.Source, e.Stream, h, append(h.without(g.First, g.Last), part)...); err != nil {
				return p, err
			}
			if _, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "source.gap", Stream: "source/" + e.Source, Actor: e.Source, Subject: e.Source,
				Data: map[string]any{"stream": e.Stream, "first": part.First, "last": part.Last, "by": e.Sequence}}); err != nil {
				return p, err
			}
		}
	}
	var err error
	if p.contiguous, err = contiguous(ctx, tx, e, p); err != nil {
		return p, err
	}
	return p, putContiguous(ctx, tx, e.Source, e.Stream, p.contiguous)
}

// keepAside records a batch that cannot be taken in, with every byte of it.
func (s *Service) keepAside(ctx context.Context, a arrival, e *wire.Envelope, digest, reason string) (wire.Ack, error) {
	var ack wire.Ack
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var fresh bool
		var err error
		ack, _, fresh, err = s.record(ctx, tx, a, e, digest, true)
		if err != nil || !fresh {
			return err
		}
		ack.Quarantined = reason
		id := ids.New("qua", s.cfg.Clock())
		if err := putQuarantine(ctx, tx, id, e, digest, printable(reason, 1000), a.at, a.raw); err != nil {
			return err
		}
		_, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "batch.quarantined", Stream: "source/" + e.Source, Actor: "system", Subject: id, Blob: digest,
			Data: map[string]any{"source": e.Source, "stream": e.Stream, "sequence": e.Sequence, "kind": e.Kind}})
		return err
	})
	if err == nil && !ack.Duplicate {
		s.cfg.Logger.WarnContext(ctx, "a batch was kept aside", "source", e.Source, "stream", e.Stream, "sequence", e.Sequence, "kind", e.Kind, "reason", reason)
	}
	return ack, err
}

// Retry hands a quarantined batch to its handler again, after an update
// (agent.enrol). It is resolved when the handler takes it.
func (s *Service) Retry(ctx context.Context, p access.Principal, id string) error {
	if err := access.Authorise(p, access.AgentEnrol); err != nil {
		return err
	}
	var b Batch
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		q, raw, err := lockQuarantined(ctx, tx, id)
		if err != nil {
			return err
		}
		if !q.ResolvedAt.IsZero() {
			return fault.New(fault.Conflict, "this batch was taken in on %s", q.ResolvedAt.Format(time.RFC3339))
		}
		e, err := wire.DecodeBytes(raw)
		if err != nil {
			return err
		}
		h, ok := s.cfg.Handlers[e.Kind]
		reason := s.refusal(e)
		if !ok && reason == "" {
			reason = "a batch of kind " + e.Kind + " is the listener's own"
		}
		if reason != "" {
			return fault.New(fault.Refused, "this batch still cannot be taken in: %s", reason)
		}
		src, err := sourceByID(ctx, tx, e.Source)
		if err != nil {
			return err
		}
		b = Batch{Source: src, Envelope: *e, ReceivedAt: q.ReceivedAt, Digest: q.Digest, ClockOffsetUs: e.ClockOffsetUs}
		var crash *handlerPanic
		switch err := handle(ctx, tx, h, b); {
		case errors.As(err, &crash):
			s.cfg.Logger.ErrorContext(ctx, "a batch's handler panicked", "quarantined", id, "panic", crash.value, "stack", crash.stack)
			return fault.New(fault.Refused, "this batch still cannot be taken in: the server failed on its content")
		case fault.Is(err, fault.Invalid):
			return fault.Wrap(fault.Refused, err, "this batch still cannot be taken in: %s", err)
		case err != nil:
			return err
		}
		if err := resolveQuarantined(ctx, tx, id, p.UserID, s.cfg.Clock()); err != nil {
			return err
		}
		_, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "batch.released", Stream: streamOf(p), Actor: p.UserID, Subject: id, Blob: q.Digest})
		return err
	})
	if err == nil && s.cfg.OnCommit != nil {
		s.cfg.OnCommit(b)
	}
	return err
}

type handlerPanic struct {
	value any
	stack string
}

func (p *handlerPanic) Error() string { return fmt.Sprint("panic: ", p.value) }

// handle calls a handler and turns a panic into an error: one batch must not
// end the server, and would do so again each time it is sent.
func handle(ctx context.Context, tx *sql.Tx, h Handler, b Batch) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &handlerPanic{value: v, stack: string(debug.Stack())}
		}
	}()
	return h(ctx, tx, b)
}

// printable cuts s to limit characters and replaces what no screen can show.
func printable(s string, limit int) string {
	out := []rune{}
	for _, r := range s {
		if len(out) == limit {
			break
		}
		if !plainText(string(r), 1) {
			r = '·'
		}
		out = append(out, r)
	}
	return string(out)
}
