package asset

import (
	"context"
	"strings"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are Bound under the types of the records that it answers for.
func Bindings() []ledger.Binding {
	var all []ledger.Binding
	for _, kind := range []string{"asset.added", "asset.described", "asset.reviewed", "asset.retired", "asset.disposed", "flow.declared", "flow.ended"} {
		all = append(all, ledger.Binding{Name: kind, Check: Bound})
	}
	return all
}

// Bound holds a ledger record of this package against the row that it was
// written with: kind Refused where the row is gone or says something else.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	r, err := byEntry(ctx, q, strings.HasPrefix(rec.Type, "flow."), rec.ID)
	switch {
	case missing(err):
		return refuse("its row is gone")
	case err != nil:
		return err
	case r.kind != rec.Type:
		return refuse("its row says " + r.kind)
	case digestOf(r.content) != r.digest:
		return refuse("the content of its row does not have the recorded digest")
	case r.subject != rec.Subject || r.made.By != rec.Actor:
		return refuse("its row belongs to something else or to another person")
	}
	want := map[string]any{"number": int64(r.number), "seq": int64(r.seq), "digest": r.digest, "day": string(r.made.Day)}
	for _, more := range []string{"via", "batch"} {
		if v, ok := rec.Data[more]; ok {
			want[more] = v
		}
	}
	for name, v := range want {
		if rec.Data[name] != v {
			return refuse("its row says something else than was recorded as " + name)
		}
	}
	if len(rec.Data) != len(want) {
		return refuse("the record says more than its row")
	}
	return nil
}
