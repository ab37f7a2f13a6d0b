package vendor

import (
	"context"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are Bound under the types of the records that it answers for.
func Bindings() []ledger.Binding {
	all := []ledger.Binding{{Name: "vendor.expected", Check: Bound}}
	for _, kind := range Kinds() {
		all = append(all, ledger.Binding{Name: "vendor." + kind, Check: Bound})
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
	var (
		want           map[string]any
		content, sum   string
		subject, maker string
	)
	if rec.Type == "vendor.expected" {
		rows, err := expectations(ctx, q, `WHERE c.entry_id = $1`, rec.ID)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return refuse("its row is gone")
		}
		r := rows[0]
		want = map[string]any{"number": int64(r.number), "version": int64(r.version), "digest": r.digest}
		content, sum, subject, maker = r.content, r.digest, Expected{Number: r.number}.Ref(), r.made.By
	} else {
		r, err := recordByEntry(ctx, q, rec.ID)
		if missing(err) {
			return refuse("its row is gone")
		}
		if err != nil {
			return err
		}
		if "vendor."+r.kind != rec.Type {
			return refuse("its row says " + r.kind)
		}
		want = map[string]any{"number": int64(r.number), "seq": int64(r.seq), "digest": r.digest, "day": string(r.made.Day)}
		content, sum, subject, maker = r.content, r.digest, r.vendor, r.made.By
	}
	if digest(content) != sum {
		return refuse("the content of its row does not have the recorded digest")
	}
	if subject != rec.Subject || maker != rec.Actor {
		return refuse("its row belongs to something else or to another person")
	}
	if via, ok := rec.Data["via"]; ok {
		want["via"] = via
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
