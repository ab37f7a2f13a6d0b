package factor

import (
	"context"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

const (
	confirmedEntry = "user.second_confirmed"
	removedEntry   = "user.second_removed"
)

// Bindings hold the newest record of a user's second factor against the rows:
// whoever takes one out of the database, or puts one in, is seen.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: confirmedEntry, Check: check}, {Name: removedEntry, Check: check}}
}

func check(ctx context.Context, q database.Querier, rec ledger.Record) error {
	over, err := after(ctx, q, rec.Subject, confirmedEntry, removedEntry, rec.Stream, rec.StreamSeq)
	if err != nil || over {
		return err
	}
	at, err := since(ctx, q, rec.Subject)
	if err != nil {
		return err
	}
	r, there, err := read(ctx, q, rec.Subject)
	if err != nil {
		return err
	}
	want, _ := rec.Data["since"].(string) // "" of a removal
	got := ""
	if !at.IsZero() {
		got = at.UTC().Format("2006-01-02T15:04:05.000000Z")
	}
	if got != want || (there && !r.confirmed.IsZero()) != (want != "") || want != "" && !r.confirmed.Equal(at) {
		return fault.New(fault.Refused, "ledger record %s: the second factor of %s is not what was recorded", rec.ID, rec.Subject).
			WithHint("the database was changed outside Attesta; remove the user's second factor and have them set up another")
	}
	return nil
}
