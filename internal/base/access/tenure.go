package access

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/ledger"
)

// Tenure is a stretch in which somebody held a role with an account that was open.
type Tenure struct {
	User     string
	Role     Role
	From, To time.Time // To is zero where it lasts
}

// Tenures gives who held which role when, as the ledger says, by its entries of an
// index below known; negative: all that are numbered. By user, then in time.
func (s *Service) Tenures(ctx context.Context, known int64) ([]Tenure, error) {
	var all []ledger.Record
	for _, kind := range []string{"user.added", "user.role_changed", "user.disabled", "user.enabled"} {
		for before, more := max(known, 0), known != 0; more; {
			page, err := s.cfg.Ledger.Records(ctx, ledger.Filter{Type: kind, Before: before, Limit: 1000})
			if err != nil {
				return nil, err
			}
			if more = len(page) == 1000; more {
				before = page[len(page)-1].Index
				more = before > 0
			}
			for _, rec := range page {
				if rec.Index >= 0 {
					all = append(all, rec)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b ledger.Record) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Index, b.Index))
	})
	return tenures(all), nil
}

// tenures folds records that are sorted by user and index.
func tenures(all []ledger.Record) []Tenure {
	var out []Tenure
	user, role, open := "", Role(""), false
	var last *Tenure // that lasts
	for _, rec := range all {
		if rec.Subject != user {
			user, role, open, last = rec.Subject, "", false, nil
		}
		said := func(field string) Role { v, _ := rec.Data[field].(string); return Role(v) }
		switch rec.Type {
		case "user.added":
			role, open = said("role"), true
		case "user.role_changed":
			role = said("to")
		case "user.disabled":
			open = false
		case "user.enabled":
			open = true
		}
		if last != nil && (!open || last.Role != role) {
			last.To, last = rec.At, nil
		}
		if last == nil && open && role != "" {
			out = append(out, Tenure{User: user, Role: role, From: rec.At})
			last = &out[len(out)-1]
		}
	}
	return out
}
