package concern

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are Bound under the types of the records that it answers for.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "concern.received", Check: Bound}, {Name: "concern.closed", Check: Bound}, {Name: "concern.recipients", Check: Bound}}
}

// Bound holds a ledger record of this package against the row that it was written
// with: kind Refused where the row is gone or says something else. It needs no key:
// what was sealed is bound as it was sealed, until it is erased.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s): %s", rec.ID, rec.Type, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	say := func(want map[string]any, actor string) error {
		if rec.Actor != actor {
			return refuse("its row belongs to another person")
		}
		for name, v := range want {
			if fmt.Sprint(rec.Data[name]) != fmt.Sprint(v) {
				return refuse("its row says something else than was recorded as " + name)
			}
		}
		if len(rec.Data) != len(want) {
			return refuse("the record says more than its row")
		}
		return nil
	}
	switch rec.Type {
	case "concern.recipients":
		s, err := settings(ctx, q, `WHERE entry_id = $1`, rec.ID)
		if err != nil {
			return err
		}
		if s.number == 0 {
			return refuse("its row is gone")
		}
		var x Settings
		if err := json.Unmarshal([]byte(s.content), &x); err != nil || digest([]byte(s.content)) != s.digest {
			return refuse("the content of its row does not have the recorded digest")
		}
		return say(map[string]any{"number": s.number, "digest": s.digest, "recipients": x.Recipients, "months": x.Months}, s.by)
	case "concern.closed":
		all, err := wordsOf(ctx, q, `WHERE entry_id = $1`, rec.ID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return refuse("its row is gone")
		}
		if w := all[0]; len(w.content) > 0 && digest(w.content) != w.digest {
			return refuse("the content of its row does not have the recorded digest")
		}
		return say(map[string]any{"day": all[0].day, "digest": all[0].digest}, all[0].by)
	}
	all, err := rowsOf(ctx, q, `WHERE entry_id = $1`, rec.ID)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return refuse("its row is gone")
	}
	r := all[0]
	switch {
	case len(r.content) == 0 && r.erased == 0:
		return refuse("its text is gone, and was not erased after its time")
	case len(r.content) > 0 && digest(r.content) != r.digest:
		return refuse("the content of its row does not have the recorded digest")
	}
	return say(map[string]any{"day": r.day, "digest": r.digest}, "member")
}
