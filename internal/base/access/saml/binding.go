package saml

import (
	"context"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

const (
	subject      = "login_saml"
	keySubject   = "login_saml_keys"
	setEntry     = "login.saml_set"
	readEntry    = "login.saml_read"
	removedEntry = "login.saml_removed"
	keyEntry     = "login.saml_key"
)

// Bindings hold the newest record of the provider, and of our keys, against the
// rows: whoever lets another provider, or another of its certificates, say who
// somebody is, in the database, is seen.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "SAML provider", Check: checkProvider}, {Name: "SAML keys", Check: checkKeys}}
}

func checkProvider(ctx context.Context, q database.Querier, rec ledger.Record) error {
	if rec.Type != setEntry && rec.Type != readEntry && rec.Type != removedEntry {
		return nil
	}
	over, err := after(ctx, q, rec.Subject, [3]string{setEntry, readEntry, removedEntry}, rec.Stream, rec.StreamSeq)
	if err != nil || over {
		return err
	}
	r, there, err := read(ctx, q)
	if err != nil {
		return err
	}
	want, _ := rec.Data["digest"].(string)
	if there != (rec.Type != removedEntry) || there && r.digest() != want {
		return fault.New(fault.Refused, "ledger record %s: the SAML provider is not what was recorded", rec.ID).
			WithHint("the database was changed outside Attesta: look who could, then set it again under Settings, Login")
	}
	return nil
}

func checkKeys(ctx context.Context, q database.Querier, rec ledger.Record) error {
	if rec.Type != keyEntry {
		return nil
	}
	over, err := after(ctx, q, rec.Subject, [3]string{keyEntry, keyEntry, keyEntry}, rec.Stream, rec.StreamSeq)
	if err != nil || over {
		return err
	}
	all, err := keys(ctx, q)
	if err != nil {
		return err
	}
	if want, _ := rec.Data["digest"].(string); keysDigest(all) != want {
		return fault.New(fault.Refused, "ledger record %s: our SAML keys are not what was recorded", rec.ID).
			WithHint("the database was changed outside Attesta: look who could, then make a new key under Settings, Login")
	}
	return nil
}
