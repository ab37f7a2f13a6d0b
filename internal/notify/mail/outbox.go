package mail

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/ledger"
)

// The limits.
const (
	GiveUp   = 48 * time.Hour // how long a mail is tried
	Keep     = 180 * 24 * time.Hour
	maxPause = 6 * time.Hour
	lost     = 10 * time.Minute // an attempt that began before never came to an end
	working  = 90 * time.Second // how long one run lasts at most
)

// backoff gives how long to wait after n failed attempts: a minute, then
// growing up to maxPause.
func backoff(n int64) time.Duration {
	d := time.Minute
	for i := int64(1); i < n && d < maxPause; i++ {
		d *= 4
	}
	return min(d, maxPause)
}

// Writer writes the mail of a sending at the time of its attempt.
type Writer func(ctx context.Context, s Sending) (Letter, error)

// Drain sends what is due, within the server's limit for a minute, until it
// cannot be reached. Where no server is set it does nothing.
func (s *Service) Drain(ctx context.Context, write Writer) error {
	k, ok, err := server(ctx, s.cfg.DB.Reader())
	if err != nil || !ok {
		return err
	}
	if err := s.recover(ctx); err != nil {
		return err
	}
	now := s.cfg.Clock()
	tried, err := triedSince(ctx, s.cfg.DB.Reader(), now.Add(-time.Minute))
	if err != nil || tried >= k.PerMinute {
		return err
	}
	list, err := due(ctx, s.cfg.DB.Reader(), now, k.PerMinute-tried)
	if err != nil {
		return err
	}
	began := time.Now() // the machine's: it bounds how long a worker is held
	for _, m := range list {
		if time.Since(began) > working || ctx.Err() != nil {
			return ctx.Err()
		}
		away, err := s.one(ctx, k, m, write)
		if err != nil || away {
			return err // an error is the database's; others would fare no better
		}
	}
	return nil
}

// one tries a mail, and reports whether the server could not be reached.
func (s *Service) one(ctx context.Context, k kept, m Sending, write Writer) (away bool, err error) {
	l, err := write(ctx, m)
	if err != nil {
		return false, fmt.Errorf("write mail %s: %w", m.ID, err)
	}
	now := s.cfg.Clock()
	if l.NotBefore.After(now) {
		return false, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return putOff(ctx, tx, m.ID, l.NotBefore) })
	}
	mine := false
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) { mine, err = claim(ctx, tx, m.ID, now); return err }); err != nil || !mine {
		return false, err
	}
	m.State, m.TriedAt = InFlight, now
	m.Attempts++
	err = s.attempt(ctx, k, &m, l)
	return m.State == Waiting && m.unreached, err
}

// attempt sends a claimed mail and keeps how it went.
func (s *Service) attempt(ctx context.Context, k kept, m *Sending, l Letter) error {
	if l.Gone != "" {
		m.State, m.Trouble, m.Answer = Failed, l.Gone, ""
	} else {
		r, err := s.post(ctx, k, *m, l)
		if err != nil {
			return err
		}
		if ctx.Err() != nil { // the server stops: whether it was taken nobody knows
			return ctx.Err()
		}
		now := s.cfg.Clock()
		m.Took, m.Trouble, m.Answer, m.unreached = r.took, r.trouble, r.answer, r.unreached
		switch next := now.Add(backoff(m.Attempts)); {
		case r.trouble == "":
			m.State, m.NextAt = Sent, time.Time{}
		case r.final || m.Why == WhyTest:
			m.State, m.NextAt = Failed, time.Time{}
		case next.After(m.MadeAt.Add(GiveUp)):
			m.State, m.NextAt, m.Trouble = Failed, time.Time{}, clip("given up after two days: "+r.trouble, maxAnswer)
		default:
			m.State, m.NextAt = Waiting, next
		}
	}
	return s.cfg.DB.Tx(context.WithoutCancel(ctx), func(tx *sql.Tx) error { return s.keep(ctx, tx, m) })
}

// keep writes a claimed mail's state, with an entry where it is its last.
func (s *Service) keep(ctx context.Context, tx *sql.Tx, m *Sending) error {
	if m.State == Sent || m.State == Failed {
		stream := "system"
		if m.By != "system" {
			stream = "people"
		}
		var err error
		m.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "mail." + string(m.State), Stream: stream, Actor: m.By, Subject: m.User, Outcome: string(m.State),
			Data: map[string]any{"sending": m.ID, "why": m.Why, "notices": m.Notices, "attempts": m.Attempts, "answer": digest([]byte(m.Answer + m.Trouble))}})
		if err != nil {
			return fmt.Errorf("record mail %s: %w", m.ID, err)
		}
	}
	return settle(ctx, tx, *m)
}

// recover puts back what an attempt that never came to an end left claimed.
func (s *Service) recover(ctx context.Context) error {
	now := s.cfg.Clock()
	list, err := orphans(ctx, s.cfg.DB.Reader(), now.Add(-lost))
	if err != nil || len(list) == 0 {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for i := range list {
			m := &list[i]
			m.State, m.NextAt, m.Trouble = Waiting, now, "the program stopped while this was sent: it may have arrived, and comes again with the same Message-ID"
			if m.Why == WhyTest {
				m.State, m.NextAt, m.Trouble = Failed, time.Time{}, "the program stopped while this was sent: whether it arrived is not known"
			}
			if err := s.keep(ctx, tx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// Sweep forgets mails that were sent or failed long ago; the ledger keeps them.
func (s *Service) Sweep(ctx context.Context) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return sweep(ctx, tx, s.cfg.Clock().Add(-Keep)) })
}
