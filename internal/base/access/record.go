package access

import (
	"context"
	"database/sql"
	"time"

	"github.com/attesta/attesta/internal/base/ledger"
)

const (
	stream = "people"
	nobody = "nobody" // actor and subject where no user is known

	recordingWindow = time.Hour
)

// record appends one entry of this package. personal is erasable.
func (s *Service) record(ctx context.Context, tx *sql.Tx, actor, typ, subject string, data map[string]any, personal map[string]string) error {
	_, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: typ, Stream: stream, Actor: actor, Subject: subject, Data: data, Personal: personal})
	return err
}

// recordLimited appends what a stranger can cause as often as they like: up to
// RecordedPerHour entries, then only a count, which gets an entry of its own
// once the hour is over.
func (s *Service) recordLimited(ctx context.Context, tx *sql.Tx, typ, subject string, data map[string]any, from Client) error {
	now := s.cfg.Clock()
	w, err := holdRecording(ctx, tx, now)
	if err != nil {
		return err
	}
	if over := now.Sub(w.started) >= recordingWindow || now.Before(w.started); over {
		if err := s.recordCounted(ctx, tx, w); err != nil {
			return err
		}
		w = recording{started: now}
	}
	if w.recorded >= int64(s.cfg.RecordedPerHour) {
		w.counted++
		return saveRecording(ctx, tx, w)
	}
	w.recorded++
	if err := saveRecording(ctx, tx, w); err != nil {
		return err
	}
	return s.record(ctx, tx, nobody, typ, subject, data, from.personal())
}

func (s *Service) recordCounted(ctx context.Context, tx *sql.Tx, w recording) error {
	if w.counted == 0 {
		return nil
	}
	return s.record(ctx, tx, "system", "user.failures_counted", nobody,
		map[string]any{"count": w.counted, "recorded": w.recorded, "since": w.started}, nil)
}

// Sweep removes what has expired: sessions, links, forgotten failures; and
// records what was only counted. A job calls it every few minutes.
func (s *Service) Sweep(ctx context.Context) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		now := s.cfg.Clock()
		if err := sweep(ctx, tx, sweepLimits{
			openedBefore: now.Add(-s.cfg.AbsoluteTimeout), seenBefore: now.Add(-s.cfg.IdleTimeout),
			linksBefore: now.Add(-30 * 24 * time.Hour), failuresBefore: now.Add(-forgetName), now: now,
		}); err != nil {
			return err
		}
		due, err := recordingDue(ctx, tx, now.Add(-recordingWindow))
		if err != nil || !due {
			return err
		}
		w, err := holdRecording(ctx, tx, now)
		if err != nil {
			return err
		}
		if err := s.recordCounted(ctx, tx, w); err != nil {
			return err
		}
		return saveRecording(ctx, tx, recording{started: now})
	})
}
