package agent

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"
)

// newStreamName names the stream of a new spool. It is never one that was used
// before: whoever loses the spool starts to count in another stream.
func newStreamName() string {
	b := make([]byte, 5)
	rand.Read(b) // never fails, as its documentation says
	return "host-" + strings.ToLower(base32.StdEncoding.EncodeToString(b))
}

// backoff is the pause after failures in a row: a first pause, doubling up to
// sixty times that, and never the same for two agents.
type backoff struct {
	first    time.Duration
	failures int
}

func (b *backoff) next(err error) time.Duration {
	longest := 60 * b.first
	pause := min(longest, b.first<<min(b.failures, 10))
	b.failures++
	var r *rejected
	if errors.As(err, &r) {
		if r.after == 0 && r.status >= 400 && r.status < 500 {
			pause = longest // the same would be refused again
		}
		pause = max(pause, r.after)
	}
	return pause/2 + mathrand.N(pause/2+1) + retryFloor(r)
}

// retryFloor keeps jitter from coming before the time that the server named.
func retryFloor(r *rejected) time.Duration {
	if r == nil {
		return 0
	}
	return r.after / 2
}

func (b *backoff) reset() { b.failures = 0 }

// sleep reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// quiet logs what repeats itself once, and again every ten minutes.
type quiet struct {
	log  *slog.Logger
	now  clock.Clock
	last string
	at   time.Time
}

func (q *quiet) warn(message string, err error) {
	text := message + ": " + err.Error()
	if now := q.now(); text != q.last || now.Sub(q.at) > 10*time.Minute {
		q.last, q.at = text, now
		_, hint := fault.Public(err)
		q.log.Warn(message, "error", err, "cause", errors.Unwrap(err), "hint", hint)
	}
}

func (q *quiet) well(message string) {
	if q.last != "" {
		q.last = ""
		q.log.Info(message)
	}
}

// sender drains the spool.
type sender struct {
	cfg   Config
	dir   disk
	spool *spool
	wake  chan struct{} // capacity 1: something was spooled
	asked *asked
	log   quiet

	mu     sync.Mutex
	id     *identity // guarded by mu
	client *client   // guarded by mu
}

func newSender(cfg Config, dir disk, id *identity, sp *spool) *sender {
	asked := newAsked(cfg.Answers)
	sp.gaveUp = func(dropped map[string]int) {
		if dropped[wire.KindAnswers] > 0 {
			asked.forget()
		}
	}
	return &sender{cfg: cfg, dir: dir, spool: sp, id: id, wake: make(chan struct{}, 1), asked: asked,
		client: newClient(id.Server, id.tls(cfg.Clock), cfg.Clock), log: quiet{log: cfg.Logger, now: cfg.Clock}}
}

func (s *sender) current() (*identity, *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.id, s.client
}

func (s *sender) close() { _, c := s.current(); c.close() }

func (s *sender) clockOffset() *int64 { _, c := s.current(); return c.clockOffset() }

// spooled tells the sender that there is something to send.
func (s *sender) spooled() { signal(s.wake) }

// run sends until ctx ends (nil) or the server refuses this agent for good.
func (s *sender) run(ctx context.Context, obs *observer) error {
	pause := backoff{first: s.cfg.Retry}
	var renewAt time.Time
	var cursor, contiguous, declared int64 = 0, 0, -1
	for ctx.Err() == nil {
		if id, _ := s.current(); id.due(s.cfg.Clock()) && !s.cfg.Clock().Before(renewAt) {
			if err := s.renew(ctx); terminal(err) {
				return err
			} else if err != nil && ctx.Err() == nil {
				renewAt = s.cfg.Clock().Add(5 * time.Minute)
				s.cfg.Logger.Warn("the certificate could not be renewed; trying again in five minutes", "expires", id.cert.Leaf.NotAfter, "error", err)
			}
		}
		e, b, ok := s.spool.after(cursor)
		if !ok {
			if last := cursor; s.spool.waiting() > 0 && last > contiguous {
				// All is sent, and the server still waits for something.
				if gaps := s.spool.missing(contiguous); len(gaps) > 0 && declared != contiguous {
					declared = contiguous
					if err := s.spool.lost(); err != nil {
						s.log.warn("changes of files could not be marked to be told again", err)
					}
					if err := s.declare(gaps); err != nil {
						s.log.warn("a gap could not be spooled", err)
					}
					continue
				}
				if !sleep(ctx, pause.next(nil)) {
					return nil
				}
				cursor = contiguous
				continue
			}
			select {
			case <-ctx.Done():
			case <-s.wake:
			}
			continue
		}
		_, c := s.current()
		ack, err := c.send(ctx, b)
		switch {
		case err == nil:
			pause.reset()
			s.log.well("the server answers again")
			if ack.Quarantined != "" {
				s.cfg.Logger.Warn("the server kept an envelope aside", "sequence", e.sequence, "reason", ack.Quarantined)
				s.spool.quarantined(e)
			}
			s.asked.hear(ack.Asks)
			cursor, contiguous = e.sequence, ack.Contiguous
			wentBack, err := s.spool.acknowledge(ack.Contiguous)
			if fault.Is(err, fault.Conflict) {
				return err
			}
			if err != nil {
				s.log.warn("an acknowledgement could not be kept", err)
				if !sleep(ctx, pause.next(nil)) {
					return nil
				}
			}
			if wentBack {
				s.cfg.Logger.Warn("the server has gone back to an earlier state (a restored backup?); every section is sent again", "contiguous", ack.Contiguous)
				s.spool.forget()
				if err := s.spool.lost(); err != nil {
					s.log.warn("changes of files could not be marked to be told again", err)
				}
				obs.again()
			} else if len(ack.Resend) > 0 {
				s.spool.forget(ack.Resend...)
				obs.again()
			}
		case ctx.Err() != nil:
			return nil
		case terminal(err):
			return err
		case fault.Is(err, fault.Invalid) && s.spool.check(e.sequence):
			obs.again()
		default:
			s.log.warn("the server could not be told; the spool keeps it", err)
			if !sleep(ctx, pause.next(err)) {
				return nil
			}
		}
	}
	return nil
}

// terminal reports whether trying again cannot help.
func terminal(err error) bool {
	var r *rejected
	return errors.As(err, &r) && (r.code == wire.CodeRevoked || r.code == wire.CodeExpired || r.code == wire.CodeConflict)
}

func (s *sender) renew(ctx context.Context) error {
	id, c := s.current()
	fresh, err := id.renewed(ctx, c, s.dir, s.cfg)
	if err != nil {
		return err
	}
	next := newClient(fresh.Server, fresh.tls(s.cfg.Clock), s.cfg.Clock)
	next.offset = c.clockOffset()
	s.mu.Lock()
	s.id, s.client = fresh, next
	s.mu.Unlock()
	c.close()
	s.cfg.Logger.Info("the certificate was renewed", "expires", fresh.cert.Leaf.NotAfter)
	return nil
}

// declare spools a gap.
func (s *sender) declare(gaps []wire.Gap) error {
	e := wire.Envelope{ObservedAt: s.cfg.Clock(), ClockOffsetUs: s.clockOffset(), Kind: wire.KindGap, Agent: agentInfo(s.cfg.Version)}
	for _, g := range gaps[:min(len(gaps), wire.MaxItems)] {
		item, err := json.Marshal(g)
		if err != nil {
			return err
		}
		e.Items = append(e.Items, item)
	}
	return s.spool.add(&e)
}
