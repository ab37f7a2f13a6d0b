package people

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/checklist"
)

// kinds are what can happen; a ledger entry has the type "people." and the kind.
var kinds = []string{
	"source_added", "source_changed", "source_removed", "source_unread", "read", "held", "approved", "refused",
	"joined", "changed", "started", "leaving", "left", "returned", "said", "merged", "took_over", "told_apart",
	"checklist_started", "checklist_moved", "checklist_dropped", "item_done", "item_not_applicable", "item_reopened",
	"account_found", "account_said", "account_present", "account_closed", "account_gone", "account_unobserved", "access_ended",
	"record_" + Competence, "record_" + Performance, "record_" + JobDescription, "record_" + Succession, "record_" + Disciplinary,
}

// Bindings hold the rows of this package against the ledger.
func Bindings() []ledger.Binding {
	all := make([]ledger.Binding, len(kinds))
	for i, k := range kinds {
		all[i] = ledger.Binding{Name: "people." + k, Check: Bound}
	}
	return all
}

// Bound holds a ledger record of this package against the line of the timeline
// that it was written with, and where it is the newest about a person's state,
// an item or an account, against its row too. Kind Refused where they differ.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	all, err := eventsWhere(ctx, q, `WHERE v.entry_id = $1`, rec.ID)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return refuse("its line in the timeline is gone")
	}
	e := all[0]
	if "people."+e.Kind != rec.Type || e.Subject != rec.Subject || e.By != rec.Actor {
		return refuse("its line belongs to somebody or something else")
	}
	if !same(e.Data, rec.Data) {
		return refuse("its line says something else than was recorded")
	}
	personal, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	if rec.Commitment == "" && len(e.Detail) > 0 || personal != nil && !reflect.DeepEqual(personal, e.Detail) { // nil: erased, and that is an entry of its own
		return refuse("its line gives other words than were recorded")
	}
	switch {
	case e.Data["item"] != nil:
		what, err := checklist.Bound(ctx, q, rec.ID, e.Kind, e.Data)
		if err != nil {
			return err
		}
		if what != "" {
			return refuse(what)
		}
	case e.Data["account"] != nil:
		a, err := accountByID(ctx, q, wordOf(e, "account"))
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err != nil || a.Entry == rec.ID && (a.State != wordOf(e, "state") || a.Says != wordOf(e, "says")) {
			return refuse("the account's row is gone or says something else")
		}
	case e.Data["left_at"] != nil || e.Kind == "returned":
		later, err := laterTurn(ctx, q, e)
		if err != nil || later {
			return err
		}
		p, err := personByID(ctx, q, e.Subject)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err != nil || !p.LeftAt.Equal(momentOf(e, "left_at")) {
			return refuse("the person's row is gone or says another end")
		}
	}
	return nil
}

// same reports whether two say the same as JSON.
func same(a, b map[string]any) bool {
	var x, y any
	return json.Unmarshal([]byte(asJSON(a)), &x) == nil && json.Unmarshal([]byte(asJSON(b)), &y) == nil && reflect.DeepEqual(x, y)
}
