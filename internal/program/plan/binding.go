package plan

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// StepNames gives what can happen to a task.
func StepNames() []string {
	return []string{"created", "changed", "started", "waiting", "resumed", "snoozed", "commented", "said", "done", "returned", "dropped", "reopened"}
}

// Bindings are Bound under the types of the records that it answers for, for
// the ledger's verification.
func Bindings() []ledger.Binding {
	var out []ledger.Binding
	for _, name := range StepNames() {
		out = append(out, ledger.Binding{Name: "task." + name, Check: Bound})
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
	row, err := stepByEntry(ctx, q, rec.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse("its row is gone")
	}
	if err != nil {
		return err
	}
	digest, _ := rec.Data["digest"].(string)
	number, _ := rec.Data["number"].(int64)
	seq, _ := rec.Data["seq"].(int64)
	state, _ := rec.Data["state"].(string)
	owner, _ := rec.Data["owner"].(string)
	gap, _ := rec.Data["gap"].(string)
	instead, _ := rec.Data["for"].(string)
	var c Content
	switch {
	case digestOf(row.content) != digest || json.Unmarshal([]byte(row.content), &c) != nil:
		return refuse("the content of its row does not have the recorded digest")
	case row.digest != digest || row.number != number || row.seq != seq || "task."+row.step != rec.Type || row.task != rec.Subject || row.by != rec.Actor:
		return refuse("its row says something else than was recorded")
	case string(c.State) != state || c.Owner != owner || c.Gap != gap || c.For != instead:
		return refuse("its content says something else than was recorded")
	case row.seq == row.newest && (row.state != state || row.owner != owner || row.gap != gap):
		return refuse("the row that lists are read from says something else")
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
