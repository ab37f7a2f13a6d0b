package question

import (
	"context"
	"database/sql"
	"errors"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are Bound under the types of the records that it answers for.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "questions.answered", Check: Bound}, {Name: "data_set.written", Check: Bound}}
}

// Bound holds a ledger record of this package against the row that it was
// written with: kind Refused where the row is gone or says something else.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	var row bound
	var err error
	switch rec.Type {
	case "questions.answered":
		row, err = answersByEntry(ctx, q, rec.ID)
	case "data_set.written":
		row, err = dataByEntry(ctx, q, rec.ID)
	default:
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return refuse("its row is gone")
	}
	if err != nil {
		return err
	}
	digest, _ := rec.Data["digest"].(string)
	version, _ := rec.Data["version"].(int64)
	switch {
	case digestOf(row.content) != digest:
		return refuse("the content of its row does not have the recorded digest")
	case row.digest != digest || row.version != version || row.subject != rec.Subject || row.by != rec.Actor:
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
