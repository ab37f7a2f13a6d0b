package passkey

import (
	"context"
	"slices"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

const (
	addedEntry     = "user.passkey_added"
	removedEntry   = "user.passkey_removed"
	suspectedEntry = "user.passkey_suspected"
)

// Bindings hold the newest record of which passkeys a user has against the
// rows: whoever puts one into the database, takes one out or changes its key,
// is seen, and so is a suspicion that was wiped away.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "passkeys", Check: check}}
}

func check(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var want []string
	switch rec.Type {
	case suspectedEntry:
		id, _ := rec.Data["passkey"].(string)
		r, there, err := byID(ctx, q, id)
		if err == nil && there && r.Suspect.IsZero() {
			err = fault.New(fault.Refused, "ledger record %s: passkey %s is suspected to have a copy, and its row does not say so", rec.ID, id).
				WithHint("the database was changed outside Attesta; remove the passkey and have its user add another")
		}
		return err
	case "user.added": // without a record of passkeys there are none
	case addedEntry, removedEntry:
		all, _ := rec.Data["passkeys"].([]any)
		for _, d := range all {
			text, _ := d.(string)
			want = append(want, text)
		}
	default:
		return nil
	}
	over, err := after(ctx, q, rec.Subject, rec.Stream, rec.StreamSeq)
	if err != nil || over {
		return err
	}
	rows, err := list(ctx, q, rec.Subject)
	if err != nil {
		return err
	}
	at, err := since(ctx, q, rec.Subject)
	if err != nil {
		return err
	}
	if !slices.Equal(digests(rows), append([]string{}, want...)) || at.IsZero() != (len(rows) == 0) || len(rows) > 0 && !rows[0].Created.Equal(at) {
		return fault.New(fault.Refused, "ledger record %s: the passkeys of %s are not what was recorded", rec.ID, rec.Subject).
			WithHint("the database was changed outside Attesta; remove the user's passkeys and have them add others")
	}
	return nil
}
