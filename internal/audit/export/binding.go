package export

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

const exported = "package.exported"

// data is what a package's ledger entry says, and what its row is held against.
func (e Export) data() map[string]any {
	return map[string]any{"kind": string(e.Kind), "subject": e.Subject, "from": e.From, "to": e.To, "start": e.Start, "end": e.End, "head": e.Head,
		"files": e.Files, "records": e.Records, "size": e.Size, "digest": e.Digest, "personal": e.Personal}
}

// Bindings hold the records of packages against their rows.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: exported, Check: Bound}}
}

// Bound holds a record of a package against the row that it was written with:
// kind Refused where the row is gone or says something else.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	if rec.Type != exported {
		return nil
	}
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (package %s): %s", rec.ID, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	e, err := byEntry(ctx, q, rec.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse("its row is gone")
	}
	if err != nil {
		return err
	}
	if e.ID != rec.Subject || e.MadeBy != rec.Actor {
		return refuse("its row is of another package or person")
	}
	for name, want := range e.data() {
		if t, ok := want.(time.Time); ok {
			want = t.UTC().Format("2006-01-02T15:04:05.000000Z")
		}
		if !reflect.DeepEqual(rec.Data[name], want) {
			return refuse("its row says something else than was recorded of " + name)
		}
	}
	return nil
}
