package control

import (
	"context"
	"database/sql"
	"errors"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bound holds a ledger record of this package against the row that it was
// written with: kind Refused where the row is gone or says something else. A
// record of another package is none of its business and gives nil.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var row bound
	var err error
	switch rec.Type {
	case "control.adopted", "control.approved", "control.tailored", "control.retired":
		row, err = versionByEntry(ctx, q, rec.ID)
	case "controls.imported", "controls.import_undone":
		return boundImport(ctx, q, rec)
	case "point.considered":
		return boundPoint(ctx, q, rec)
	default:
		return nil
	}
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	if errors.Is(err, sql.ErrNoRows) {
		return refuse("its row is gone")
	}
	if err != nil {
		return err
	}
	digest, _ := rec.Data["digest"].(string)
	version, _ := rec.Data["version"].(int64)
	state, _ := rec.Data["state"].(string)
	switch {
	case digestOf(row.content) != digest:
		return refuse("the content of its row does not have the recorded digest")
	case row.digest != digest || int64(row.version) != version || row.state != state || row.subject != rec.Subject:
		return refuse("its row says something else than was recorded")
	}
	return nil
}

// StoredDesign gives the content that a version of a control was recorded with:
// its SHA-256 stands in the entry.
func StoredDesign(ctx context.Context, q database.Querier, entry string) (string, error) {
	row, err := versionByEntry(ctx, q, entry)
	return row.content, err
}

// Bindings are Bound under the types of the records that it answers for, for
// the ledger's verification.
func Bindings() []ledger.Binding {
	var out []ledger.Binding
	for _, name := range []string{"control.adopted", "control.approved", "control.tailored", "control.retired", "point.considered", "controls.imported", "controls.import_undone"} {
		out = append(out, ledger.Binding{Name: name, Check: Bound})
	}
	return out
}
