package waiver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are Bound under the types of the entries that it answers for.
func Bindings() []ledger.Binding {
	var all []ledger.Binding
	for _, kind := range []string{"asked", "approved", "refused", "withdrawn", "began", "expired"} {
		all = append(all, ledger.Binding{Name: "waiver." + kind, Check: Bound})
	}
	return all
}

// Bound holds a waiver's row, its items and its timeline against a ledger entry
// about it. Texts are held against what the entry commits to, as long as that
// was not erased.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(format string, args ...any) error {
		return fault.New(fault.Refused, "%s of %s: %s", rec.Type, rec.Subject, fmt.Sprintf(format, args...)).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	id, e, err := eventByEntry(ctx, q, rec.ID)
	if errors.Is(err, sql.ErrNoRows) || err == nil && id != rec.Subject {
		return refuse("its timeline has no such line")
	}
	if err != nil {
		return err
	}
	w, err := get(ctx, q, id)
	if fault.Is(err, fault.NotFound) {
		return refuse("its row is missing")
	}
	if err != nil {
		return err
	}
	if "waiver."+e.Kind != rec.Type || e.Actor != rec.Actor || string(e.State) != rec.Outcome {
		return refuse("the line says %s by %s, now %s", e.Kind, e.Actor, e.State)
	}
	for name, v := range w.data(e.Kind) {
		if at, ok := v.(time.Time); ok {
			v = at.UTC().Format("2006-01-02T15:04:05.000000Z")
		}
		if !reflect.DeepEqual(v, rec.Data[name]) {
			return refuse("the row says %s is %v, the ledger says %v", name, v, rec.Data[name])
		}
	}
	for name := range rec.Data {
		if _, ok := w.data(e.Kind)[name]; !ok && name != ledger.TiedBy {
			return refuse("the ledger says a %s, the row none", name)
		}
	}
	said, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	row := map[string]string{"reason": w.Reason, "compensating": w.Compensating, "filter": w.Filter, "alone": w.Alone, "note": e.Note}
	for name, text := range said {
		if row[name] != text {
			return refuse("the row says another %s than the ledger commits to", name)
		}
	}
	switch e.Kind {
	case "asked":
		items, err := itemsOf(ctx, q, w.ID, "", maxItems+1)
		if err != nil {
			return err
		}
		if w.AskedBy != rec.Actor || int64(len(items)) != w.Items || itemsDigest(items) != w.ItemsDigest {
			return refuse("its %d items are not those that were asked for", len(items))
		}
	case "approved":
		if w.DecidedBy != rec.Actor {
			return refuse("the row says it was decided by %s", w.DecidedBy)
		}
	}
	events, err := timeline(ctx, q, w.ID)
	if err != nil {
		return err
	}
	if last := events[len(events)-1]; last.Entry == rec.ID && w.State != last.State {
		return refuse("it is %s, and its last entry made it %s", w.State, last.State)
	}
	return nil
}
