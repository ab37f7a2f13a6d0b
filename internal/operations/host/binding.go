package host

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/facts"
)

// Bindings are the rows that the ledger's entries about runs and hosts stand
// for. Each call gives new ones: they remember what they have held already.
func Bindings() []ledger.Binding {
	r := runs{coder: newCoder(), sound: map[string]bool{}}
	return []ledger.Binding{{Name: "run", Check: r.check}, {Name: "host.retired", Check: checkRetired}, {Name: "host.edited", Check: checkEdited}}
}

// runs holds runs against their entries: the outcomes, and for a batch of facts
// the sections that it brought, down to their bodies.
type runs struct {
	coder *coder
	mu    sync.Mutex
	sound map[string]bool // guarded by mu: digests of bodies that were held
}

func (r *runs) check(ctx context.Context, q database.Querier, rec ledger.Record) error {
	if err := outcome.CheckRun(ctx, q, rec); err != nil {
		return err
	}
	if rec.Data["kind"] != string(outcome.RunFacts) || rec.Data["inputs"] == nil {
		return nil
	}
	brought, err := broughtBy(ctx, q, rec.Subject)
	if err != nil {
		return err
	}
	if got := outcome.Inputs(brought); got != rec.Data["inputs"] {
		return fault.New(fault.Refused, "run %s: the sections it brought have digest %s, the ledger says %v", rec.Subject, got, rec.Data["inputs"])
	}
	for _, name := range slices.Sorted(maps.Keys(brought)) {
		if err := r.body(ctx, q, name, brought[name]); err != nil {
			return fault.Wrap(fault.KindOf(err), err, "run %s: %v", rec.Subject, err)
		}
	}
	return nil
}

func (r *runs) body(ctx context.Context, q database.Querier, name, digest string) error {
	r.mu.Lock()
	done := r.sound[digest]
	r.mu.Unlock()
	if done {
		return nil
	}
	stored, err := readBody(ctx, q, digest)
	if err != nil {
		return err
	}
	const newest = 1 << 30 // of an agent newer than this program it may hold facts that we do not know
	sec, err := r.coder.unpack(name, digest, newest, stored)
	if err != nil {
		return err
	}
	if _, err := facts.Decode(sec); err != nil { // computes the digest anew
		return fault.Wrap(fault.Refused, err, "the stored section %s (%.12s) does not hold: %v", name, digest, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sound[digest] = true
	return nil
}
