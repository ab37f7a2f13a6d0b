package policy

import (
	"context"
	"encoding/json"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are Bound under the types of the records that it answers for.
func Bindings() []ledger.Binding {
	var all []ledger.Binding
	for _, kind := range []string{"written", "submitted", "withdrawn", "sent_back", "approved", "published", "reviewed", "retired", "answered", "acknowledged"} {
		all = append(all, ledger.Binding{Name: "policy." + kind, Check: Bound})
	}
	return all
}

// Bound holds a ledger record of this package against the row that it was
// written with: kind Refused where the row is gone or says something else. A
// record of another package gives nil.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	var (
		want     map[string]any
		personal map[string]string
		id, by   string
		err      error
	)
	switch rec.Type {
	case "policy.written":
		var b bound
		if b, err = versionByEntry(ctx, q, rec.ID); err != nil {
			break
		}
		id, by, personal = b.policy, b.by, map[string]string{"note": b.note}
		want = map[string]any{"number": b.number, "slug": b.slug, "version": b.version, "digest": b.digest, "text_digest": b.textDigest, "origin": b.origin, "material": b.material}
		if b.template != "" {
			want["template"] = b.template
		}
		var c Content
		if digestOf(b.content) != b.digest || json.Unmarshal([]byte(b.content), &c) != nil || digestOf(c.Text) != b.textDigest {
			return refuse("the content of its row does not have the recorded digest")
		}
		roles, err := audienceOf(ctx, q, b.policy, b.version)
		if err != nil {
			return err
		}
		for _, r := range c.Roles {
			if !roles[string(r)] || len(roles) != len(c.Roles) {
				return refuse("its rows name other readers than its content")
			}
		}
	case "policy.answered":
		var b said
		if b, err = tryByEntry(ctx, q, rec.ID); err != nil {
			break
		}
		id, by = b.policy, b.user
		want = map[string]any{"number": b.number, "version": b.version, "digest": b.digest, "try": b.tries, "wrong": b.wrong, "answers": digestOf(b.answers), "of": rec.Data["of"]}
	case "policy.acknowledged":
		var b said
		if b, err = acknowledgementByEntry(ctx, q, rec.ID); err != nil {
			break
		}
		id, by = b.policy, b.user
		want = map[string]any{"number": b.number, "version": b.version, "digest": b.digest, "tries": b.tries}
	case "policy.submitted", "policy.withdrawn", "policy.sent_back", "policy.approved", "policy.published", "policy.reviewed", "policy.retired":
		var s Step
		var digest string
		if id, digest, s, err = stepByEntry(ctx, q, rec.ID); err != nil {
			break
		}
		if "policy."+s.Step != rec.Type {
			return refuse("its row says " + s.Step)
		}
		by, personal = s.Made.By, map[string]string{"note": s.Note, "compensation": s.Compensation}
		want = map[string]any{"number": rec.Data["number"], "version": int64(s.Version), "seq": int64(s.Seq), "digest": digest, "by_author": s.Compensation != ""}
		for name, t := range map[string]time.Time{"until": s.Until, "review": s.Review} {
			if !t.IsZero() {
				want[name] = t.UTC().Format("2006-01-02T15:04:05.000000Z")
			}
		}
	default:
		return nil
	}
	if gone(err) {
		return refuse("its row is gone")
	}
	if err != nil {
		return err
	}
	if id != rec.Subject || by != rec.Actor {
		return refuse("its row belongs to another policy or person")
	}
	if via, ok := rec.Data["via"]; ok {
		want["via"] = via
	}
	for name, v := range want {
		if rec.Data[name] != v {
			return refuse("its row says something else than was recorded as " + name)
		}
	}
	if len(rec.Data) != len(want) {
		return refuse("the record says more than its row")
	}
	told, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	for name, text := range personal {
		if rec.Commitment == "" && text != "" || told != nil && told[name] != text { // nil: erased, and that is an entry of its own
			return refuse("its row gives other words than were recorded as " + name)
		}
	}
	return nil
}
