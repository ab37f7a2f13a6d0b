package register

import (
	"context"
	"encoding/json"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are the checks of a noun's rows against the ledger.
func Bindings[T, W any](n Noun[T, W]) []ledger.Binding {
	var all []ledger.Binding
	for _, kind := range n.Kinds() {
		all = append(all, ledger.Binding{Name: n.Name + "." + kind, Check: n.bound})
	}
	return all
}

// bound holds a ledger record against the row that it was written with: kind
// Refused where the row is gone or says something else.
func (n *Noun[T, W]) bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	r, err := recordByEntry(ctx, q, rec.ID)
	switch {
	case missing(err):
		return refuse("its row is gone")
	case err != nil:
		return err
	case r.noun+"."+r.kind != rec.Type:
		return refuse("its row says " + r.noun + "." + r.kind)
	case digest(r.content) != r.digest:
		return refuse("the content of its row does not have the recorded digest")
	case r.thing != rec.Subject || r.made.By != rec.Actor:
		return refuse("its row belongs to something else or to another person")
	}
	frozen := ""
	c := n.fresh(r.kind)
	if f, freezes := c.(Freezer); freezes {
		if err := json.Unmarshal([]byte(r.content), c); err != nil {
			return refuse("the content of its row cannot be read")
		}
		if text := f.Frozen(); text != "" {
			frozen = digest(text)
		}
	}
	if frozen != r.frozen {
		return refuse("the text in its row does not have the recorded digest")
	}
	want := r.data(rec.Data["via"] == string(access.ViaCommand))
	for name, v := range want {
		if i, ok := v.(int); ok {
			v = int64(i)
		}
		if rec.Data[name] != v {
			return refuse("its row says something else than was recorded as " + name)
		}
	}
	if len(rec.Data) != len(want) {
		return refuse("the record says more than its row")
	}
	return nil
}
