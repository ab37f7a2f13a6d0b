package training

import (
	"context"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are Bound under the types of the records that it answers for.
func Bindings() []ledger.Binding {
	var all []ledger.Binding
	for _, kind := range []string{"published", "assigned", "withdrawn", "absent", "attempted", "completed", "imported"} {
		all = append(all, ledger.Binding{Name: "training." + kind, Check: Bound})
	}
	return all
}

// Bound holds a ledger record of this package against the rows that it was written
// with: kind Refused where they are gone or say something else.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	want, subject, maker, problem, err := rowOfEntry(ctx, q, rec)
	switch {
	case err != nil:
		return err
	case problem != "":
		return refuse(problem)
	case subject != rec.Subject || maker != rec.Actor:
		return refuse("its row belongs to something else or to another person")
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
	return nil
}

const gone = "its row is gone"

// rowOfEntry gives what an entry's row says, or the problem with it.
func rowOfEntry(ctx context.Context, q database.Querier, rec ledger.Record) (want map[string]any, subject, maker, problem string, err error) {
	switch rec.Type {
	case "training.attempted":
		all, err := attempts(ctx, q, `WHERE entry_id = $1`, rec.ID)
		if err != nil || len(all) == 0 {
			return nil, "", "", gone, err
		}
		a := all[0]
		return map[string]any{"attempt": a.id, "person": a.person, "version": int64(a.version), "seed": a.seed, "correct": int64(a.correct), "of": int64(a.asked), "passed": a.passed, "answers": digest(a.answers)}, a.course, a.user, "", nil
	case "training.completed":
		all, err := completions(ctx, q, `WHERE c.entry_id = $1`, rec.ID)
		if err != nil || len(all) == 0 {
			return nil, "", "", gone, err
		}
		c := all[0]
		return map[string]any{"number": c.Number, "person": c.Person, "version": int64(c.Version), "day": c.Day.String(), "score": int64(c.Score), "attempt": c.Attempt}, c.Course, c.Made.By, "", nil
	case "training.imported":
		all, err := imports(ctx, q, `WHERE i.entry_id = $1`, rec.ID)
		if err != nil || len(all) == 0 {
			return nil, "", "", gone, err
		}
		i := all[0]
		done, err := completions(ctx, q, `WHERE c.import = $1 ORDER BY c.number`, i.Number)
		if err != nil {
			return nil, "", "", "", err
		}
		if digestOf(done) != i.Digest {
			return nil, "", "", "the completions that it added are not those that were recorded", nil
		}
		if i.file != "" && digest(i.file) != i.SHA256 {
			return nil, "", "", "the file that was brought does not have the recorded digest", nil
		}
		return map[string]any{"number": i.Number, "rows": int64(i.Rows), "sha256": i.SHA256, "digest": i.Digest}, rec.Subject, i.Made.By, "", nil
	}
	all, err := records(ctx, q, `WHERE r.entry_id = $1`, rec.ID)
	if err != nil || len(all) == 0 {
		return nil, "", "", gone, err
	}
	r := all[0]
	if "training."+r.kind != rec.Type {
		return nil, "", "", "its row says " + r.kind, nil
	}
	if digest(r.content) != r.digest {
		return nil, "", "", "the content of its row does not have the recorded digest", nil
	}
	return map[string]any{"number": r.number, "digest": r.digest, "day": r.made.Day.String()}, r.subject, r.made.By, "", nil
}
