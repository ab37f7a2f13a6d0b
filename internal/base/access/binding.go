package access

import (
	"context"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings hold the newest record of a user's role, and of whether they may
// come in, against the row: whoever makes somebody administrator, or opens a
// closed account, in the database is seen.
func Bindings() []ledger.Binding {
	return []ledger.Binding{
		{Name: "user.added", Check: func(ctx context.Context, q database.Querier, rec ledger.Record) error {
			return checkRole(ctx, q, rec, "role")
		}},
		{Name: "user.role_changed", Check: func(ctx context.Context, q database.Querier, rec ledger.Record) error {
			return checkRole(ctx, q, rec, "to")
		}},
		{Name: "user.disabled", Check: func(ctx context.Context, q database.Querier, rec ledger.Record) error {
			return checkDisabled(ctx, q, rec, true)
		}},
		{Name: "user.enabled", Check: func(ctx context.Context, q database.Querier, rec ledger.Record) error {
			return checkDisabled(ctx, q, rec, false)
		}},
	}
}

func checkRole(ctx context.Context, q database.Querier, rec ledger.Record, field string) error {
	over, err := superseded(ctx, q, rec, "user.added", "user.role_changed")
	if err != nil || over {
		return err
	}
	u, err := bound(ctx, q, rec)
	if err != nil {
		return err
	}
	if want, _ := rec.Data[field].(string); string(u.Role) != want {
		return changedOutside(rec, "role")
	}
	return nil
}

func checkDisabled(ctx context.Context, q database.Querier, rec ledger.Record, want bool) error {
	over, err := superseded(ctx, q, rec, "user.disabled", "user.enabled")
	if err != nil || over {
		return err
	}
	u, err := bound(ctx, q, rec)
	if err == nil && u.Disabled != want {
		err = changedOutside(rec, "being disabled or not")
	}
	return err
}

func bound(ctx context.Context, q database.Querier, rec ledger.Record) (User, error) {
	u, err := userByID(ctx, q, rec.Subject)
	if fault.Is(err, fault.NotFound) {
		return u, fault.New(fault.Refused, "ledger record %s: there is no user %s any more", rec.ID, rec.Subject).WithHint("the database was changed outside Attesta")
	}
	return u, err
}

func changedOutside(rec ledger.Record, what string) error {
	return fault.New(fault.Refused, "ledger record %s: the %s of %s is not what was recorded", rec.ID, what, rec.Subject).
		WithHint("the database was changed outside Attesta: look who could, then set it again under Settings, Users")
}
