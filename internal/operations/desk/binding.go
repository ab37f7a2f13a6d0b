package desk

import (
	"context"
	"database/sql"
	"errors"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings hold ledger records of this package against their rows, for the
// ledger's verification.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "list.exported", Check: boundTaken}, {Name: "view", Check: boundView}, {Name: "batch", Check: boundBatch}}
}

func refuse(rec ledger.Record, what string) error {
	return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
		WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
}

func boundTaken(ctx context.Context, q database.Querier, rec ledger.Record) error {
	if rec.Type != "list.exported" {
		return nil
	}
	t, by, err := takenByEntry(ctx, q, rec.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse(rec, "its row is gone")
	}
	if err != nil {
		return err
	}
	text := func(k string) string { v, _ := rec.Data[k].(string); return v }
	number := func(k string) int64 { v, _ := rec.Data[k].(int64); return v }
	if t.List != text("list") || t.Format != text("format") || t.Digest != text("digest") || digestOf(t.Address) != text("query_digest") ||
		t.Count != number("count") || t.Size != number("size") || t.KnownFrom != number("known_from") || t.KnownTo != number("known_to") || by != rec.Actor {
		return refuse(rec, "its row says something else than was recorded")
	}
	return nil
}

func boundView(ctx context.Context, q database.Querier, rec ledger.Record) error {
	switch rec.Type {
	case "view.saved", "view.changed", "view.removed":
	default: // a choice is the newest one's alone, and says nothing of the programme
		return nil
	}
	id, content, last, err := viewChange(ctx, q, rec.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse(rec, "its row is gone")
	}
	if err != nil {
		return err
	}
	if digest, _ := rec.Data["digest"].(string); id != rec.Subject || digestOf(content) != digest {
		return refuse(rec, "its row says something else than was recorded")
	}
	if !last {
		return nil
	}
	v, err := anyView(ctx, q, id)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse(rec, "the view is gone")
	}
	if err != nil {
		return err
	}
	now, err := v.content()
	if err != nil {
		return err
	}
	if now != content {
		return refuse(rec, "the view says something else than was recorded last")
	}
	return nil
}
