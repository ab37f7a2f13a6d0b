package host

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// leftOut reports whether an exclusion leaves the host out at the moment at
// which the batch was observed.
func (r *receipt) leftOut() bool {
	return !r.host.ExcludedAt.IsZero() && !r.at.Before(r.host.ExcludedAt)
}

// stillExcluded keeps a host out that reports again while an exclusion holds.
func (r *receipt) stillExcluded(ctx context.Context) error {
	if r.s.cfg.Exclusions == nil {
		return nil
	}
	x, holds, err := r.s.cfg.Exclusions.Holding(ctx, r.tx, r.host.ID, r.at)
	if err == nil && holds {
		r.host.ExcludedAt, r.host.Exclusion = r.at, x.ID
	}
	return err
}

// ApplyExclusions takes hosts out of the population whose exclusion began, and
// back in where it ended, from that moment on; it gives how many. A job calls it
// every half minute, and whoever approves or ends an exclusion at once.
func (s *Service) ApplyExclusions(ctx context.Context) (int, error) {
	if s.cfg.Exclusions == nil {
		return 0, nil
	}
	due, err := s.cfg.Exclusions.Due(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, d := range due {
		if d.Begins {
			if err := s.exclude(ctx, d.Exclusion); err != nil {
				return n, fmt.Errorf("carry out %s: %w", d.Exclusion.Ref(), err)
			}
			n++
		}
		if d.Ends {
			if err := s.include(ctx, d.Exclusion); err != nil {
				return n, fmt.Errorf("end %s: %w", d.Exclusion.Ref(), err)
			}
			n++
		}
		if err := s.cfg.Exclusions.Settle(ctx, d); err != nil {
			return n, err
		}
	}
	if len(due) > 0 {
		s.cfg.Ledger.Wake()
	}
	return n, nil
}

// exclude takes one host out of the population from the exclusion's beginning.
func (s *Service) exclude(ctx context.Context, x exclusion.Exclusion) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		h, err := lockByID(ctx, tx, x.Subject)
		if fault.Is(err, fault.NotFound) {
			return nil // an item of another population
		}
		if err != nil || !h.RetiredAt.IsZero() || !h.ExcludedAt.IsZero() {
			return err
		}
		_, panel, err := s.panel(ctx, tx)
		if err != nil {
			return err
		}
		no, run, err := s.cfg.Outcomes.Next(ctx, tx, h.Source)
		if err != nil {
			return err
		}
		r := &receipt{s: s, tx: tx, q: s.prepared.Within(tx), host: h, at: x.HoldsFrom}
		if err := r.judge(ctx, outcome.Input{No: no, ID: run, Kind: outcome.RunExclusion, Item: h.item(), Actor: "system", ValidAt: r.at, Panel: panel,
			Leave: "the host is left out of the population (" + x.Ref() + "): " + x.Reason}, checks{}); err != nil {
			return err
		}
		r.host.ExcludedAt, r.host.Exclusion, r.host.Standards = x.HoldsFrom, x.ID, ""
		return saveHost(ctx, tx, r.host)
	})
}

// include takes one host back in, judged as it was from the exclusion's end on.
func (s *Service) include(ctx context.Context, x exclusion.Exclusion) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		h, err := lockByID(ctx, tx, x.Subject)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil || h.Exclusion != x.ID {
			return err
		}
		h.ExcludedAt, h.Exclusion = time.Time{}, ""
		r := &receipt{s: s, tx: tx, q: s.prepared.Within(tx), host: h, at: x.HoldsTo}
		if h.RetiredAt.IsZero() {
			if err := r.renew(ctx, x.HoldsTo, outcome.RunExclusion); err != nil {
				return err
			}
		}
		return saveHost(ctx, tx, r.host)
	})
}

// Retired gives the hosts that were taken out of the population, for the
// register of what is left out.
func (s *Service) Retired(ctx context.Context, q exclusion.Question) ([]exclusion.Entry, error) {
	hosts, err := retiredHosts(ctx, s.cfg.DB.Reader(), q.To)
	if err != nil {
		return nil, err
	}
	all := make([]exclusion.Entry, 0, len(hosts))
	for _, h := range hosts {
		if q.Population != "" && q.Population != h.Population {
			continue
		}
		all = append(all, exclusion.Entry{Kind: exclusion.WasRetired, Population: h.Population, Subject: h.ID, Name: h.item().Name, Items: 1, Reason: h.RetiredReason,
			By: h.RetiredBy, At: h.RetiredAt, From: h.RetiredAt})
	}
	return all, nil
}
