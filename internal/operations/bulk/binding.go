package bulk

import (
	"context"
	"fmt"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings hold the entries about batches against their rows, for the ledger's
// verification.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "bulk.begun", Check: bound}, {Name: "bulk.ended", Check: bound}}
}

func bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(format string, args ...any) error {
		return fault.New(fault.Refused, "%s of %s: %s", rec.Type, rec.Subject, fmt.Sprintf(format, args...)).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	b, err := readBatch(ctx, q, rec.Subject)
	if fault.Is(err, fault.NotFound) {
		return refuse("its row is gone")
	}
	if err != nil {
		return err
	}
	want := map[string]any{"kind": b.Kind}
	entry := b.begun
	if rec.Type == "bulk.begun" {
		want["items"] = int64(len(b.Lines)) - b.Counts.Cannot
		want["seen"], err = b.digest()
		if b.Undoes != "" {
			want["undoes"] = b.Undoes
		}
	} else {
		entry = b.ended
		want["done"], want["changed"], want["refused"] = b.Counts.Done, b.Counts.Changed, b.Counts.Refused
		want["digest"], err = b.result()
	}
	if err != nil {
		return err
	}
	if entry != rec.ID || b.By != rec.Actor {
		return refuse("its row names another entry or person")
	}
	for name, v := range want {
		if rec.Data[name] != v {
			return refuse("the row says %s is %v, the ledger says %v", name, v, rec.Data[name])
		}
	}
	return nil
}
