package standard

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

const maxReason = 2000 // bytes

// Approve makes a standard, as it is now with its tailoring, the organisation's
// own (standard.approve). It takes a named person, and another one than whoever
// brought the pack in or tailored it: a firm in which nobody else is there to do
// it says in compensation what makes up for that, which is kept beside the
// approval. Kind Conflict when it is approved already or has been superseded.
func (s *Service) Approve(ctx context.Context, p access.Principal, id, compensation string) error {
	if err := access.Authorise(p, access.StandardApprove); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a named person approves a standard").WithHint("log in and approve it there, or say who you are with --as")
	}
	compensation = strings.TrimSpace(compensation)
	if len(compensation) > maxReason {
		return fault.New(fault.Invalid, "what makes up for it has more than %d bytes", maxReason).At("", 0, "compensation")
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
	own := st.author(set, p.UserID)
	switch {
	case own && compensation == "":
		return fault.New(fault.Invalid, "you made this draft yourself, so somebody else approves it").At("", 0, "compensation").
			WithHint("where nobody else can, say what makes up for it: who looks at it later, and when")
	case !own:
		compensation = ""
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := nextGeneration(ctx, tx); err != nil {
			return err
		}
		e := ledger.Entry{Type: "standard.approved", Stream: "standards", Actor: p.UserID, Subject: st.ID,
			Data: map[string]any{"pack": st.Pack, "version": st.Version, "digest": st.Digest, "base": st.Base}}
		if own {
			e.Data["alone"], e.Personal = true, map[string]string{"compensation": compensation}
		}
		if p.SessionID == "" {
			e.Data["via"] = "command line"
		}
		entry, err := s.cfg.Ledger.Append(ctx, tx, e)
		if err != nil {
			return err
		}
		err = insertApproval(ctx, tx, approval{standard: st.ID, digest: st.Digest, by: p.UserID, entry: entry, at: s.cfg.Clock(), compensation: compensation})
		if database.IsUnique(err) {
			return fault.Wrap(fault.Conflict, err, "%s %s is approved already", st.Pack, st.Version)
		}
		return err
	})
}

// Author reports whether somebody made what is to be approved: brought the
// version in, or tailored a check as it stands now.
func (s *Service) Author(ctx context.Context, st Standard, user string) (bool, error) {
	set, err := s.InForce(ctx, nil)
	if err != nil {
		return false, err
	}
	return st.author(set, user), nil
}

func (st Standard) author(set *Set, user string) bool {
	return st.InstalledBy == user || slices.ContainsFunc(set.Tailored(st.Pack), func(t Tailoring) bool { return t.MadeBy == user })
}
