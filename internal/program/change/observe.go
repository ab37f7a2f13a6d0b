package change

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/wire"
)

// source names a repository as a source of facts.
func source(r *Repository) string { return "src_" + strings.TrimPrefix(r.ID, "rep_") }

// current reports whether what is derived of a repository is what it holds: its
// history could be read, or its forge was heard.
func (r *Repository) current() bool {
	return r.RemovedAt.IsZero() && r.Trouble == "" && (r.Slug == manualSlug || !r.ReadAt.IsZero() || !r.DeliveredAt.IsZero())
}

// observe lets a repository be judged like a host: what does not hold of its
// changes are facts of the population repositories.
func (s *Service) observe(ctx context.Context, tx *sql.Tx, r *Repository, o landing.Open) error {
	if s.cfg.Hosts == nil || !r.current() {
		return nil
	}
	sec, err := o.Section(r.Settings.Branch)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(sec)
	if err != nil {
		return err
	}
	if r.observed != sec.Digest {
		b := s.batch(r, sec.Digest)
		b.Items = []json.RawMessage{raw}
		if _, err := s.cfg.Hosts.ReceiveFacts(ctx, tx, b); err != nil {
			return fmt.Errorf("judge repository %s: %w", r.Slug, err)
		}
		if err := setObserved(ctx, tx, r.ID, sec.Digest); err != nil {
			return err
		}
	}
	return s.beat(ctx, tx, r, sec.Digest)
}

// beat says that the facts with a digest are what is in force.
func (s *Service) beat(ctx context.Context, tx *sql.Tx, r *Repository, digest string) error {
	b := s.batch(r, digest)
	raw, err := json.Marshal(wire.Heartbeat{Sections: map[string]string{"changes": digest}})
	if err != nil {
		return err
	}
	b.Items = []json.RawMessage{raw}
	_, err = s.cfg.Hosts.ReceiveHeartbeat(ctx, tx, b)
	return err
}

func (s *Service) batch(r *Repository, digest string) host.Batch {
	now := s.cfg.Clock()
	var none int64
	sum := sha256.Sum256([]byte("changes " + digest))
	return host.Batch{Population: host.Repositories, Source: source(r), SourceName: r.Slug, Stream: "server", Sequence: now.UnixMicro(), ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now,
		Digest: hex.EncodeToString(sum[:]), AgentVersion: s.cfg.Version}
}

// Beat says of every repository whose changes are current that nothing else is
// known of it: between readings it is no silent source.
func (s *Service) Beat(ctx context.Context) error {
	if s.cfg.Hosts == nil {
		return nil
	}
	all, err := repositories(ctx, s.cfg.DB.Reader(), `WHERE removed_at = 0`)
	if err != nil {
		return err
	}
	for _, r := range all {
		if !r.current() || r.observed == "" {
			continue
		}
		err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			if err := lockRepository(ctx, tx, r.ID); err != nil {
				return err
			}
			now, err := repository(ctx, tx, r.ID)
			if err != nil || !now.current() {
				return err
			}
			return s.beat(ctx, tx, r, now.observed)
		})
		if err != nil {
			return fmt.Errorf("hear of repository %s: %w", r.Slug, err)
		}
	}
	return nil
}

// leave takes a repository that is followed no longer out of the population.
func (s *Service) leave(ctx context.Context, p access.Principal, r *Repository) error {
	if s.cfg.Hosts == nil || r.observed == "" {
		return nil
	}
	h, err := s.cfg.Hosts.Get(ctx, source(r))
	if err != nil {
		return err
	}
	return s.cfg.Hosts.Retire(ctx, p, h.ID, "the repository is followed no longer")
}
