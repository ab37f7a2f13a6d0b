package journal

import (
	"context"
	"encoding/json"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings hold the ledger's records of a kind against its rows, for the ledger's
// verification.
func Bindings[T Content](k Kind) []ledger.Binding {
	var out []ledger.Binding
	for _, s := range k.Steps {
		out = append(out, ledger.Binding{Name: k.Name + "." + s, Check: func(ctx context.Context, q database.Querier, rec ledger.Record) error {
			return hold[T](ctx, q, k, rec)
		}})
	}
	return out
}

// hold is kind Refused where the row of a record is gone or says something else.
func hold[T Content](ctx context.Context, q database.Querier, k Kind, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	row, found, err := byEntry(ctx, q, rec.ID)
	if err != nil {
		return err
	}
	if !found {
		return refuse("its row is gone")
	}
	digest, _ := rec.Data["digest"].(string)
	number, _ := rec.Data["number"].(int64)
	seq, _ := rec.Data["seq"].(int64)
	var c T
	switch {
	case digestOf(row.content) != digest || json.Unmarshal([]byte(row.content), &c) != nil:
		return refuse("the content of its row does not have the recorded digest")
	case row.digest != digest || row.number != number || row.seq != seq || row.kind != k.Name || k.Name+"."+row.step != rec.Type || row.id != rec.Subject || row.by != rec.Actor:
		return refuse("its row says something else than was recorded")
	}
	if m := c.Mark(); m.State != rec.Outcome {
		return refuse("its content says another state than was recorded")
	} else if row.seq == row.newest {
		var due int64
		if !m.Due.IsZero() {
			due = clock.Micros(m.Due)
		}
		if row.state != m.State || row.owner != m.Owner || row.topic != m.Topic || row.due != due {
			return refuse("the row that lists are read from says something else")
		}
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
