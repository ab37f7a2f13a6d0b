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
	return []ledger.Binding{{Name: "list.exported", Check: boundTaken}, {Name: "view", Check: boundView}}
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

// boundView holds a view against its newest entry; older ones say what it was.
func boundView(ctx context.Context, q database.Querier, rec ledger.Record) error {
	if rec.Type != "view.saved" && rec.Type != "view.changed" && rec.Type != "view.removed" {
		return nil
	}
	v, err := viewByID(ctx, q, rec.Subject)
	if fault.Is(err, fault.NotFound) {
		return refuse(rec, "its row is gone")
	}
	if err != nil || v.entry != rec.ID {
		return err
	}
	content, err := v.content()
	if err != nil {
		return err
	}
	if rec.Data["digest"] != digestOf(content) {
		return refuse(rec, "its row says something else than was recorded")
	}
	return nil
}
