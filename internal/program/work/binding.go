package work

import (
	"context"
	"maps"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are Bound under the types of the records that it answers for.
func Bindings() []ledger.Binding {
	var out []ledger.Binding
	for _, name := range []string{"absence.set", "absence.ended", "absence.acted", "work.escalated"} {
		out = append(out, ledger.Binding{Name: name, Check: Bound})
	}
	return out
}

// Bound holds a ledger record of this package against the row that it was
// written with: kind Refused where the row is gone or says something else.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	row, found, err := byEntry(ctx, q, rec.Type, rec.ID)
	switch {
	case err != nil:
		return err
	case !found:
		return refuse("its row is gone")
	case row.subject != rec.Subject || row.by != rec.Actor:
		return refuse("its row belongs to something else or to another person")
	case !maps.Equal(row.data, rec.Data):
		return refuse("its row says something else than was recorded")
	}
	said, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	if rec.Commitment == "" && row.note != "" || said != nil && said["note"] != row.note { // nil: erased, and that is an entry of its own
		return refuse("its row gives other words than were recorded")
	}
	return nil
}
