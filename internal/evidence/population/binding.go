package population

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are the rows that the ledger's entries about populations stand for.
func Bindings() []ledger.Binding {
	return []ledger.Binding{
		{Name: "population.defined", Check: boundVersion}, {Name: "population.retired", Check: boundVersion}, {Name: "population.approved", Check: boundApproval},
		{Name: "population.frozen", Check: boundExtraction}, {Name: "population.reconciled", Check: boundReconciliation}, {Name: "population.explained", Check: boundLine},
	}
}

func refuse(rec ledger.Record, format string, args ...any) error {
	return fault.New(fault.Refused, "%s of %s: %s", rec.Type, rec.Subject, fmt.Sprintf(format, args...)).
		WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
}

// same holds what a row says against an entry's data.
func same(rec ledger.Record, want map[string]any) error {
	for name, v := range want {
		if got := plain(v); !reflect.DeepEqual(got, rec.Data[name]) {
			return refuse(rec, "the row says %s is %v, the ledger says %v", name, got, rec.Data[name])
		}
	}
	return nil
}

// plain gives a value as a ledger record gives it back.
func plain(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000Z")
	case int:
		return int64(v)
	}
	return v
}

// versionOf gives the version that an entry names.
func versionOf(ctx context.Context, q database.Querier, rec ledger.Record) (Version, error) {
	d, err := definition(ctx, q, rec.Subject)
	if fault.Is(err, fault.NotFound) {
		return Version{}, refuse(rec, "there is no such population")
	}
	if err != nil {
		return Version{}, err
	}
	n, _ := rec.Data["version"].(int64)
	if n < 1 || n > int64(len(d.Versions)) {
		return Version{}, refuse(rec, "it has no version %d", n)
	}
	v := d.Versions[n-1]
	if _, digest, err := v.Content.encode(); err != nil || digest != v.Digest || digest != rec.Data["digest"] {
		return v, refuse(rec, "the content of its row does not have the recorded digest")
	}
	return v, nil
}

func boundVersion(ctx context.Context, q database.Querier, rec ledger.Record) error {
	v, err := versionOf(ctx, q, rec)
	if err != nil {
		return err
	}
	if v.Entry != rec.ID || v.MadeBy != rec.Actor || (rec.Type == "population.retired") != (v.State == Retired) {
		return refuse(rec, "its row says something else than was recorded")
	}
	if v.State == Approved && v.Approval == "" {
		return refuse(rec, "it is approved, and no entry says by whom")
	}
	return nil
}

func boundApproval(ctx context.Context, q database.Querier, rec ledger.Record) error {
	v, err := versionOf(ctx, q, rec)
	if err != nil {
		return err
	}
	if v.State != Approved || v.Approval != rec.ID || v.ApprovedBy != rec.Actor || rec.Data["by_one_person"] != (v.Alone != "") {
		return refuse(rec, "its row says something else than was recorded")
	}
	return nil
}

// boundExtraction holds a frozen extraction against its entry: every number, the
// digest of the items' file, and the register of what was left out. The file
// itself is held by its name, when it is read.
func boundExtraction(ctx context.Context, q database.Querier, rec ledger.Record) error {
	e, err := extraction(ctx, q, rec.Subject)
	if fault.Is(err, fault.NotFound) {
		return refuse(rec, "its row is missing")
	}
	if err != nil {
		return err
	}
	if e.Entry != rec.ID || e.MadeBy != rec.Actor || e.Digest != rec.Blob {
		return refuse(rec, "its row says something else than was recorded")
	}
	return same(rec, e.data())
}
