package review

import (
	"context"
	"strings"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Bindings are Bound under the types of the records that it answers for.
func Bindings() []ledger.Binding {
	var out []ledger.Binding
	for _, kind := range []string{"begun", Closed, Abandoned, "decided", "withdrawn", "assigned", "referenced", "gone", "listed", "duty"} {
		out = append(out, ledger.Binding{Name: "review." + kind, Check: Bound})
	}
	return out
}

// Bound holds a ledger record of this package against its rows: kind Refused
// where they are gone or say something else. What a person wrote is held against
// what the record commits to, unless it was erased.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	kind, ok := strings.CutPrefix(rec.Type, "review.")
	if !ok {
		return nil
	}
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	want, personal, why, err := said(ctx, q, kind, rec)
	if err != nil {
		return err
	}
	if why != "" {
		return refuse(why)
	}
	if via, ok := rec.Data["via"]; ok {
		want["via"] = via
	}
	for name, v := range want {
		if n, ok := v.(int); ok {
			v = int64(n)
		}
		if rec.Data[name] != v {
			return refuse("its row says something else than was recorded as " + name)
		}
	}
	if len(rec.Data) != len(want) {
		return refuse("the record says more than its row")
	}
	if len(personal) == 0 {
		return nil
	}
	words, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	for k, v := range personal {
		if words != nil && words[k] != v { // nil: erased, or nothing was written
			return refuse("its row gives other words than were recorded")
		}
	}
	return nil
}

const stampForm = "2006-01-02T15:04:05.000000Z"

// said gives what the rows say that a record must say; why is what is wrong with them.
func said(ctx context.Context, q database.Querier, kind string, rec ledger.Record) (want map[string]any, personal map[string]string, why string, err error) {
	switch kind {
	case "begun":
		return saidBegun(ctx, q, rec)
	case Closed, Abandoned:
		return saidEnded(ctx, q, kind, rec)
	case "listed":
		l, content, found, err := listByEntry(ctx, q, rec.ID)
		if err != nil || !found {
			return nil, nil, "its row is gone", err
		}
		if l.ID != rec.Subject || l.Made.By != rec.Actor || textDigest(content) != l.contentDigest {
			return nil, nil, "its row belongs to another person, or its content does not have the recorded digest", nil
		}
		want = listData(&l)
		want["taken"] = l.Taken.Format(stampForm)
		return want, nil, "", nil
	case "duty":
		rows, err := dutyRows(ctx, q, ` WHERE d.entry_id = $1`, rec.ID)
		if err != nil || len(rows) == 0 {
			return nil, nil, "its row is gone", err
		}
		r := rows[0]
		if r.Ref() != rec.Subject || r.Made.By != rec.Actor || textDigest(r.content) != r.digest {
			return nil, nil, "its row belongs to another person, or its content does not have the recorded digest", nil
		}
		return map[string]any{"number": r.Number, "version": r.Version, "digest": r.digest, "ended": r.Ended}, nil, "", nil
	case "gone":
		x, err := itemByRef(ctx, q, rec.Subject)
		if fault.Is(err, fault.NotFound) {
			return nil, nil, "its row is gone", nil
		}
		if err != nil {
			return nil, nil, "", err
		}
		if x.Revocation == nil || x.Revocation.Entry != rec.ID {
			// A decision that was made anew afterwards asks for a proof of its own.
			events, err := eventsOf(ctx, q, x.ID)
			if err != nil || len(events) == 0 || !events[len(events)-1].Made.At.After(rec.At) {
				return nil, nil, "its row names another proof", err
			}
			return rec.Data, nil, "", nil
		}
		want = goneData(x, x.Revocation)
		want["gone"], want["due"] = x.Revocation.Gone.Format(stampForm), x.Revocation.Due.Format(stampForm)
		return want, nil, "", nil
	}
	x, e, found, err := eventByEntry(ctx, q, rec.ID)
	if err != nil || !found {
		return nil, nil, "its row is gone", err
	}
	if e.Kind != kind || x.ID != rec.Subject || e.Made.By != rec.Actor {
		return nil, nil, "its row belongs to something else or to another person", nil
	}
	if x.events == e.Seq { // the newest is what the item shows
		switch {
		case kind == "decided" && (x.Decision != e.Decision || x.DecidedBy != e.Made.By || !x.DecidedAt.Equal(e.Made.At) || x.Reason != e.Reason),
			kind == "withdrawn" && x.Decision != "", kind == "assigned" && x.Reviewer != e.Value, kind == "referenced" && x.Request != e.Value:
			return nil, nil, "the item shows something else than was recorded last", nil
		}
	}
	return eventData(&x, &e), e.personal(), "", nil
}

func saidBegun(ctx context.Context, q database.Querier, rec ledger.Record) (map[string]any, map[string]string, string, error) {
	c, content, found, err := campaignContent(ctx, q, rec.Subject)
	if err != nil || !found {
		return nil, nil, "its row is gone", err
	}
	if c.Begun.Entry != rec.ID || c.Begun.By != rec.Actor {
		return nil, nil, "its row belongs to something else or to another person", nil
	}
	items, err := itemsOf(ctx, q, c.Number)
	if err != nil {
		return nil, nil, "", err
	}
	parts, err := partsOf(ctx, q, c.Number)
	if err != nil {
		return nil, nil, "", err
	}
	silent := 0
	for i := range parts {
		if !parts[i].Observed() {
			silent++
		}
	}
	return map[string]any{"number": c.Number, "digest": textDigest(content), "items": len(items), "items_digest": itemsDigest(items), "sources": len(parts), "not_observed": silent,
		"sources_digest": partsDigest(parts), "previous": c.Previous, "due": c.Due.Format(stampForm)}, nil, "", nil
}

func saidEnded(ctx context.Context, q database.Querier, kind string, rec ledger.Record) (map[string]any, map[string]string, string, error) {
	c, _, found, err := campaignContent(ctx, q, rec.Subject)
	if err != nil || !found {
		return nil, nil, "its row is gone", err
	}
	if c.Ended == nil || c.Ended.Entry != rec.ID || c.Ended.By != rec.Actor || c.State != kind {
		return nil, nil, "its row belongs to something else or to another person", nil
	}
	items, err := itemsOf(ctx, q, c.Number)
	if err != nil {
		return nil, nil, "", err
	}
	n := map[string]int{}
	for _, x := range items {
		n[x.Decision]++
	}
	return map[string]any{"number": c.Number, "items": len(items), "kept": n[Keep], "revoked": n[Revoke], "changed": n[Change], "undecided": n[""], "decisions_digest": decisionsDigest(items), "late": c.Late(c.Ended.At)},
		map[string]string{"note": c.Note}, "", nil
}
