package host

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// ApplyWaivers judges the items of waivers that began or ended, from that moment
// on and by those attributes alone, and gives how many items it judged. A job
// calls it every half minute, and whoever approves or withdraws a waiver at once.
func (s *Service) ApplyWaivers(ctx context.Context) (int, error) {
	if s.cfg.Waivers == nil {
		return 0, nil
	}
	due, err := s.cfg.Waivers.Due(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, d := range due {
		for _, id := range d.Items {
			judged, err := s.judgeAgain(ctx, id, d.Waiver.Check, d.Waiver.Attribute, d.From)
			if err != nil {
				return n, fmt.Errorf("judge %s with %s: %w", id, d.Waiver.Ref(), err)
			}
			if judged {
				n++
			}
		}
		if err := s.cfg.Waivers.Settle(ctx, d); err != nil {
			return n, err
		}
	}
	if len(due) > 0 {
		s.cfg.Ledger.Wake()
	}
	return n, nil
}

// judgeAgain lets one host's outcomes follow its waivers from a moment on.
func (s *Service) judgeAgain(ctx context.Context, id, check, attribute string, from time.Time) (judged bool, err error) {
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		judged = false
		h, err := lockByID(ctx, tx, id)
		if fault.Is(err, fault.NotFound) {
			return nil // an item of another population
		}
		if err != nil {
			return err
		}
		set, panel, err := s.panel(ctx, tx)
		if err != nil {
			return err
		}
		no, run, err := s.cfg.Outcomes.Next(ctx, tx, h.Source)
		if err != nil {
			return err
		}
		r := &receipt{s: s, tx: tx, q: s.prepared.Within(tx), host: h, at: from}
		in := outcome.Input{No: no, ID: run, Item: h.item(), Actor: "system", ValidAt: from, Panel: panel, Covers: r.covers}
		done, changes, err := s.cfg.Outcomes.Waive(ctx, tx, in, check, attribute)
		if err != nil || done.ID == "" {
			return err
		}
		judged = true
		return r.carry(ctx, in, changes, set)
	})
	return judged, err
}
