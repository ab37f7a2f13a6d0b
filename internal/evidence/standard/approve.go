package standard

import (
	"context"
	"database/sql"
	"slices"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

const maxReason = 2000 // bytes

// Approve makes a standard, as it is now with its tailoring, the organisation's
// own (standard.approve). It takes a named person, and another one than whoever
// brought the pack in or tailored it; where nobody else may, compensation says
// what stands in for a second person, see access.Compensate, and is kept beside
// the approval. Kind Conflict when it is approved already or superseded.
func (s *Service) Approve(ctx context.Context, p access.Principal, id, compensation string) error {
	if err := access.Authorise(p, access.StandardApprove); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a named person approves a standard").WithHint("log in and approve it there")
	}
	set, err := s.InForce(ctx, nil)
	if err != nil {
		return err
	}
	st, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if !st.InForce {
		return fault.New(fault.Conflict, "%s %s is superseded: a newer version is in force", st.Pack, st.Version).WithHint("approve the newer version")
	}
	if st.Approved {
		return fault.New(fault.Conflict, "%s %s is approved already", st.Pack, st.Version)
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		said := ""
		if st.author(set, p.UserID) {
			var err error
			if said, err = access.Compensate(ctx, tx, p, access.StandardApprove, compensation); err != nil {
				return err
			}
		}
		if _, err := nextGeneration(ctx, tx); err != nil {
			return err
		}
		e := ledger.Entry{Type: "standard.approved", Stream: "standards", Actor: p.UserID, Subject: st.ID,
			Data: map[string]any{"pack": st.Pack, "version": st.Version, "digest": st.Digest, "base": st.Base}}
		if said != "" {
			e.Data["alone"], e.Personal = true, map[string]string{"compensation": said}
		}
		if p.Via == access.ViaCommand {
			e.Data["via"] = "command"
		}
		entry, err := s.cfg.Ledger.Append(ctx, tx, e)
		if err != nil {
			return err
		}
		err = insertApproval(ctx, tx, approval{standard: st.ID, digest: st.Digest, by: p.UserID, entry: entry, at: s.cfg.Clock(), compensation: said})
		if database.IsUnique(err) {
			return fault.Wrap(fault.Conflict, err, "%s %s is approved already", st.Pack, st.Version)
		}
		return err
	})
}

// Author reports whether p made what is to be approved: brought the version in,
// or tailored a check as it stands now; and if so, whether nobody else could
// approve it.
func (s *Service) Author(ctx context.Context, st Standard, p access.Principal) (own, alone bool, err error) {
	set, err := s.InForce(ctx, nil)
	if err != nil || !st.author(set, p.UserID) {
		return false, false, err
	}
	alone, err = access.Alone(ctx, s.cfg.DB.Reader(), p, access.StandardApprove)
	return true, alone, err
}

func (st Standard) author(set *Set, user string) bool {
	return st.InstalledBy == user || slices.ContainsFunc(set.Tailored(st.Pack), func(t Tailoring) bool { return t.MadeBy == user })
}
