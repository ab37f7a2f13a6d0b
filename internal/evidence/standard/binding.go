package standard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are Bound under the types of the entries that it answers for.
func Bindings() []ledger.Binding {
	var all []ledger.Binding
	for _, name := range []string{"standard.installed", "standard.approved", "standard.tailored", "standard.tiers"} {
		all = append(all, ledger.Binding{Name: name, Check: Bound})
	}
	return all
}

// Bound holds a standard's rows against a ledger entry about it.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "%s of standard %s: %s", rec.Type, rec.Subject, what)
	}
	all, err := standards(ctx, q)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(o Standard) bool { return o.ID == rec.Subject })
	if at < 0 {
		return refuse("there is no such row")
	}
	st := all[at]
	switch rec.Type {
	case "standard.installed":
		if rec.Data["digest"] != st.Base || rec.Data["version"] != st.Version || rec.Data["pack"] != st.Pack || st.Entry != rec.ID {
			return refuse("the row says another pack, version or digest")
		}
		raw, err := content(ctx, q, st.ID)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != rec.Blob {
			return refuse("the stored content is not what was installed")
		}
	case "standard.approved":
		approved, err := approvals(ctx, q)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(approved, func(a approval) bool {
			alone, _ := rec.Data["alone"].(bool)
			return a.entry == rec.ID && a.standard == st.ID && a.digest == rec.Data["digest"] && a.by == rec.Actor && (a.compensation != "") == alone
		}) {
			return refuse("there is no such approval")
		}
	case "standard.tailored":
		tailored, err := everyTailoring(ctx, q)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(tailored, func(t Tailoring) bool {
			severity, _ := rec.Data["severity"].(string)
			return t.Entry == rec.ID && t.Check == rec.Data["check"] && t.Exclude == rec.Data["excluded"] && t.Severity == severity && t.MadeBy == rec.Actor &&
				sameParameters(t.Parameters, rec.Data["parameters"])
		}) {
			return refuse("there is no such tailoring")
		}
	case "standard.tiers":
		switched, err := tiers(ctx, q)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(switched, func(o TierChange) bool {
			return o.Entry == rec.ID && o.Pack == rec.Data["pack"] && o.Tier == rec.Data["tier"] && o.MadeBy == rec.Actor
		}) {
			return refuse("there is no such change of tiers")
		}
	}
	return nil
}
