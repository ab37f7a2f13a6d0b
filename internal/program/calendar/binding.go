package calendar

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
	for _, name := range []string{"calendar.planned", "calendar.cancelled", "calendar.feed_made", "calendar.feed_ended"} {
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
	return nil
}
