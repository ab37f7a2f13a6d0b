package webhook

import (
	"context"
	"database/sql"
	"errors"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are the rows that the ledger's entries about webhooks stand for.
// Messages are forgotten after a month: a row that is gone is no difference.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "webhook.set", Check: checkSet}, {Name: "webhook.delivered", Check: checkResult}, {Name: "webhook.failed", Check: checkResult}}
}

// checkSet holds the newest entry about a webhook against its row; older ones
// are superseded by it.
func checkSet(ctx context.Context, q database.Querier, rec ledger.Record) error {
	w, err := evenGone(ctx, q, rec.Subject)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Wrap(fault.Refused, err, "webhook %s: its row is missing", rec.Subject)
	}
	if err != nil || w.Entry != rec.ID {
		return err
	}
	for name, want := range w.data() {
		if rec.Data[name] != want {
			return fault.New(fault.Refused, "webhook %s: its row says %s is %v, the ledger says %v", rec.Subject, name, want, rec.Data[name])
		}
	}
	return nil
}

func checkResult(ctx context.Context, q database.Querier, rec ledger.Record) error {
	id, _ := rec.Data["message"].(string)
	m, err := messageByID(ctx, q, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case digest(m.Body) != rec.Data["body"]:
		return fault.New(fault.Refused, "message %s: its body is not the one that was sent", id)
	case m.Entry == rec.ID && string(m.State) != rec.Outcome:
		return fault.New(fault.Refused, "message %s: its row says %s, the ledger says %s", id, m.State, rec.Outcome)
	}
	return nil
}
