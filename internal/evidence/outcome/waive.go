package outcome

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
)

// waivedReason stands before the reason for which what is waived fails.
const waivedReason = "waived; "

// Cover says that a waiver of an item's attribute is in force over [From, To).
// While it is, what fails is waived; what passes, passes; what cannot be judged
// is what it was.
type Cover struct {
	Waiver    string // "wvr_…"
	Check     string
	Attribute string // "" for every attribute of the check
	From, To  time.Time
}

func (c Cover) about(k attributeKey) bool {
	return c.Check == k.check && (c.Attribute == "" || c.Attribute == k.id)
}

// by gives the waiver that covers an attribute at a moment, and until when.
func by(covers []Cover, k attributeKey, at int64) (waiver string, until time.Time) {
	for _, c := range covers {
		if c.about(k) && clock.Micros(c.From) <= at && at < clock.Micros(c.To) {
			return c.Waiver, c.To
		}
	}
	return "", time.Time{}
}

// waive turns what fails into waived where a waiver was or is in force. What
// begins or ends after now is left to the run of that moment.
func (w *work) waive(ctx context.Context, wishes []wish) ([]wish, error) {
	fails := func(x wish) bool {
		return slices.ContainsFunc(x.want, func(v wanted) bool { return v.verdict.Outcome == Fail })
	}
	if w.in.Covers == nil || !slices.ContainsFunc(wishes, fails) {
		return wishes, nil
	}
	var err error
	if w.covers, err = w.in.Covers(ctx, w.q); err != nil || len(w.covers) == 0 {
		return wishes, err
	}
	now := clock.Micros(w.now)
	for i, x := range wishes {
		if fails(x) {
			wishes[i].want = cover(x.want, w.covers, x.attribute, now)
		}
	}
	return wishes, nil
}

// cover splits stretches that fail where a waiver begins or ends.
func cover(want []wanted, covers []Cover, k attributeKey, now int64) []wanted {
	var out []wanted
	for i, v := range want {
		if v.verdict.Outcome != Fail {
			out = append(out, v)
			continue
		}
		end := int64(forever)
		if i+1 < len(want) {
			end = want[i+1].from
		}
		points := []int64{v.from}
		for _, c := range covers {
			for _, p := range []int64{clock.Micros(c.From), clock.Micros(c.To)} {
				if c.about(k) && p > v.from && p < end && p <= now {
					points = append(points, p)
				}
			}
		}
		slices.Sort(points)
		for _, p := range slices.Compact(points) {
			part := wanted{from: p, verdict: v.verdict}
			if waiver, _ := by(covers, k, p); waiver != "" {
				part.verdict = newVerdict(Waived, waivedReason+v.verdict.Reason, v.verdict.Observed, v.verdict.Expected)
			}
			if n := len(out); n > 0 && out[n-1].verdict.Outcome == part.verdict.Outcome && p != v.from {
				continue
			}
			out = append(out, part)
		}
	}
	return out
}

// Waive is the run of a waiver that began or ended: from in.ValidAt on it makes
// what fails waived, and what is waived fail, as the covers of the item say, and
// leaves everything else as it is. It goes by the outcomes that are stored and
// reads no facts: what was judged stays judged as it was, by the standards of its
// time. Where nothing changes no run is recorded, and the run given has no id.
func (s *Service) Waive(ctx context.Context, tx *sql.Tx, in Input, check, attribute string) (Run, []Change, error) {
	in.Kind = RunWaiver
	w := &work{s: s, tx: tx, q: s.prepared.Within(tx), in: in, now: s.cfg.Clock(), steps: map[stepKey]Counts{}}
	if err := w.rewaive(ctx, check, attribute); err != nil {
		return Run{}, nil, fmt.Errorf("waive %s: %w", in.Item.ID, err)
	}
	return w.result, w.changes, nil
}

func (w *work) rewaive(ctx context.Context, check, attribute string) error {
	var err error
	if w.itemNo, err = w.s.item(ctx, w.q, w.in.Item); err != nil {
		return err
	}
	if w.covers, err = w.in.Covers(ctx, w.q); err != nil {
		return err
	}
	all, err := attributes(ctx, w.q)
	if err != nil {
		return err
	}
	from := clock.Micros(w.in.ValidAt)
	var wishes []wish
	for _, no := range sortedNos(all) {
		key := all[no].key
		if key.check != check || attribute != "" && key.id != attribute {
			continue
		}
		want, fails, err := w.asStored(ctx, no, from)
		if err != nil {
			return err
		}
		if fails {
			wishes = append(wishes, wish{attribute: key, place: -1, no: no, want: cover(want, w.covers, key, clock.Micros(w.now))})
		}
	}
	if len(wishes) == 0 {
		return nil
	}
	w.result.Evaluated = int64(len(wishes))
	if err := w.correct(ctx, wishes, forever); err != nil || len(w.rows) == 0 && len(w.changes) == 0 {
		return err
	}
	return w.record(ctx)
}

// asStored gives an attribute's outcomes from a moment on as they are stored,
// with what is waived as the failure that it is; fails reports whether there is
// any.
func (w *work) asStored(ctx context.Context, no, from int64) (want []wanted, fails bool, err error) {
	have, err := outcomesOf(ctx, w.q, w.itemNo, []int64{no}, from)
	if err != nil {
		return nil, false, err
	}
	var keys [][16]byte
	rows := collapse(have[no])
	for i, r := range rows {
		if i+1 < len(rows) && rows[i+1].validFrom <= from {
			continue // over before
		}
		keys = append(keys, r.verdict)
		want = append(want, wanted{from: max(r.validFrom, from), verdict: verdict{Outcome: r.outcome, key: r.verdict}})
	}
	if !slices.ContainsFunc(want, func(v wanted) bool { return v.verdict.Outcome == Fail || v.verdict.Outcome == Waived }) {
		return nil, false, nil
	}
	said, err := verdicts(ctx, w.q, keys)
	if err != nil {
		return nil, false, err
	}
	for i, v := range want {
		full, ok := said[v.verdict.key]
		if !ok {
			return nil, false, fmt.Errorf("the verdict of attribute %d is missing", no)
		}
		if full.Outcome = v.verdict.Outcome; full.Outcome == Waived {
			full = newVerdict(Fail, strings.TrimPrefix(full.Reason, waivedReason), full.Observed, full.Expected)
		}
		want[i].verdict = full
	}
	return want, true, nil
}
