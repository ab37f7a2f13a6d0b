package standard

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/pack"
)

// TierChange says up to which tier the findings of a pack are worked on, from
// when on.
type TierChange struct {
	Pack   string
	Tier   string // essential, recommended, thorough
	Reason string
	MadeAt time.Time
	MadeBy string
	Entry  string
}

// SetTier switches the tiers of a standard in force on, up to the one given
// (standard.tailor). Every tier is judged and counted at all times; a check
// whose tier is on also opens findings. A pack begins with essential alone.
// Kind Conflict when that is so already.
func (s *Service) SetTier(ctx context.Context, p access.Principal, packID, tier, reason string) error {
	if err := access.Authorise(p, access.StandardTailor); err != nil {
		return err
	}
	if !slices.Contains(pack.Tiers(), tier) {
		return fault.New(fault.Invalid, "%q is no tier", tier).At("", 0, "tier").WithHint("the tiers are %s", strings.Join(pack.Tiers(), ", "))
	}
	if reason = strings.TrimSpace(reason); len(reason) > maxReason {
		return fault.New(fault.Invalid, "the reason has more than %d bytes", maxReason).At("", 0, "reason")
	}
	change := TierChange{Pack: packID, Tier: tier, Reason: reason, MadeAt: s.cfg.Clock(), MadeBy: p.UserID}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		generation, err := nextGeneration(ctx, tx)
		if err != nil {
			return err
		}
		st, _, _, err := s.inForceOf(ctx, tx, packID)
		if err != nil {
			return err
		}
		all, err := tiers(ctx, tx)
		if err != nil {
			return err
		}
		was := pack.Essential
		for _, o := range all {
			if o.Pack == packID {
				was = o.Tier
			}
		}
		switch {
		case was == tier:
			return fault.New(fault.Conflict, "%s works on the tier %s already", packID, tier)
		case pack.TierRank(tier) < pack.TierRank(was) && reason == "":
			return fault.New(fault.Invalid, "say why these findings are put aside: the auditor will ask").At("", 0, "reason")
		}
		e := ledger.Entry{Type: "standard.tiers", Stream: "standards", Actor: p.UserID, Subject: st.ID,
			Data: map[string]any{"pack": packID, "version": st.Version, "tier": tier, "was": was}}
		if reason != "" {
			e.Personal = map[string]string{"reason": reason}
		}
		if change.Entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
			return err
		}
		return insertTier(ctx, tx, change, generation)
	})
	if err != nil {
		return err
	}
	s.changed()
	return nil
}

// Opens reports whether a failing item of a check opens a finding: its tier is
// switched on.
func (c *Check) Opens() bool { return pack.TierRank(c.Tier) <= pack.TierRank(c.Standard.Tier) }

// Tailored gives the tailorings in force of a pack, by check.
func (s *Set) Tailored(packID string) []Tailoring {
	var out []Tailoring
	for i := range s.Checks {
		if t := s.Checks[i].Tailored; t != nil && t.pack == packID {
			out = append(out, *t)
		}
	}
	for _, t := range s.Excluded {
		if t.pack == packID {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Tailoring) int { return strings.Compare(a.Check, b.Check) })
	return out
}
