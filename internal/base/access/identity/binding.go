package identity

import (
	"context"
	"slices"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

const (
	subject      = "login_provider"
	setEntry     = "login.provider_set"
	removedEntry = "login.provider_removed"
	boundEntry   = "user.identity_bound"
	unboundEntry = "user.identity_removed"
	leftEntry    = "user.disabled"
)

// Bindings hold the newest record of the provider, and of which identities a
// user has, against the rows: whoever points the login at another provider, or
// binds themselves to somebody's account, in the database is seen.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "login provider", Check: checkProvider}, {Name: "identities", Check: checkIdentities}}
}

func checkProvider(ctx context.Context, q database.Querier, rec ledger.Record) error {
	if rec.Type != setEntry && rec.Type != removedEntry {
		return nil
	}
	over, err := after(ctx, q, rec.Subject, [3]string{setEntry, removedEntry, removedEntry}, rec.Stream, rec.StreamSeq)
	if err != nil || over {
		return err
	}
	r, there, err := read(ctx, q)
	if err != nil {
		return err
	}
	want, _ := rec.Data["digest"].(string)
	if there != (rec.Type == setEntry) || there && r.digest() != want {
		return fault.New(fault.Refused, "ledger record %s: the login provider is not what was recorded", rec.ID).
			WithHint("the database was changed outside Attesta: look who could, then set it again under Settings, Login")
	}
	return nil
}

func checkIdentities(ctx context.Context, q database.Querier, rec ledger.Record) error {
	want := []string{} // without a record there are none
	switch rec.Type {
	case "user.added", leftEntry: // of access: who leaves is unbound
	case boundEntry, unboundEntry:
		all, _ := rec.Data["identities"].([]any)
		for _, d := range all {
			text, _ := d.(string)
			want = append(want, text)
		}
	default:
		return nil
	}
	over, err := after(ctx, q, rec.Subject, [3]string{boundEntry, unboundEntry, leftEntry}, rec.Stream, rec.StreamSeq)
	if err != nil || over {
		return err
	}
	all, err := identities(ctx, q, rec.Subject)
	if err != nil {
		return err
	}
	if !slices.Equal(digests(all), want) {
		return fault.New(fault.Refused, "ledger record %s: the identities of %s are not what was recorded", rec.ID, rec.Subject).
			WithHint("the database was changed outside Attesta: disable the account and enable it again, which unbinds them")
	}
	return nil
}
