package mail

import (
	"context"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are the rows that the ledger's entries about mail stand for. Mails
// are forgotten after a time: a row that is gone is no difference.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "mail.set", Check: checkSet}, {Name: "mail.sent", Check: checkResult}, {Name: "mail.failed", Check: checkResult}}
}

// checkSet holds the newest settings against their entry.
func checkSet(ctx context.Context, q database.Querier, rec ledger.Record) error {
	k, _, err := server(ctx, q)
	if err != nil {
		return err
	}
	switch {
	case k.entry == "":
		return fault.New(fault.Refused, "the mail server's settings are missing")
	case k.entry == rec.ID && (digest(k.raw) != rec.Data["settings"] || digest(k.password) != rec.Data["box"]):
		return fault.New(fault.Refused, "the mail server's settings are not what the ledger says")
	}
	return nil
}

func checkResult(ctx context.Context, q database.Querier, rec ledger.Record) error {
	id, _ := rec.Data["sending"].(string)
	s, err := get(ctx, q, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil && s.Entry == rec.ID && (string(s.State) != rec.Outcome || s.User != rec.Subject || s.Notices != rec.Data["notices"] || digest([]byte(s.Answer+s.Trouble)) != rec.Data["answer"]) {
		return fault.New(fault.Refused, "mail %s: its row is not what the ledger says", id)
	}
	return err
}
