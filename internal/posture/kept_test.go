package posture

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
)

// computed gives timelines without anything that is kept.
func (d *deployment) computed(kind Kind, from, to time.Time) map[string][]Step {
	d.t.Helper()
	rec, err := d.records(d.ctx)
	d.must(err)
	if now := d.clock.Now(); to.After(now) {
		to = now.Add(time.Microsecond)
	}
	out := map[string][]Step{}
	d.must(d.deriving(d.ctx, rec, clock.Micros(from)+1, clock.Micros(to), nil, nil, func(s Subject, st Step) {
		if s.Kind == kind {
			out[s.ID] = append(out[s.ID], st)
		}
	}, nil, nil))
	return out
}

// What is kept is what would be computed, whatever became known late between
// two times of keeping it.
func TestKeptEqualsComputed(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		d := newDeployment(t, db)
		r := rand.New(rand.NewPCG(21, 3))
		shows := []map[string]any{nil, nil, nil, rootMayLogin, unreadable, {"clock/synchronised": false}}
		names := []string{"a", "b", "c"}
		used := 0
		check := func() {
			t.Helper()
			now := d.clock.Now()
			var upto int64
			d.must(db.Reader().QueryRowContext(d.ctx, `SELECT COALESCE(MAX(upto), 0) FROM status_upto`).Scan(&upto))
			for _, kind := range []Kind{OfCheck, OfControl, OfCriterion} {
				from := at(-2, 0).Add(time.Duration(r.Int64N(int64(now.Sub(at(-2, 0))))).Truncate(time.Microsecond))
				to := from.Add(time.Duration(1 + r.Int64N(int64(60*24*time.Hour)))).Truncate(time.Microsecond).Add(time.Microsecond)
				got, err := d.Timelines(d.ctx, kind, from, to)
				d.must(err)
				want := d.computed(kind, from, to)
				if len(got) != len(want) {
					t.Fatalf("%s over %s to %s: %d subjects, want %d", kind, from, to, len(got), len(want))
				}
				for id, steps := range want {
					if !slices.Equal(got[id], steps) {
						t.Fatalf("%s %s over %s to %s, kept up to %s:\n got %v\nwant %v", kind, id, from, to, clock.FromMicros(upto), got[id], steps)
					}
				}
				if upto > clock.Micros(from) {
					used++
				}
			}
		}
		for hour := 0; hour < 30*24; hour++ {
			d.clock.Advance(time.Hour)
			now := d.clock.Now()
			for i, name := range names {
				switch n := r.IntN(60); {
				case hour < 10*i || (name == "c" && hour > 400 && hour < 450):
				case hour == 10*i || n == 0:
					d.seen(name, now, shows[r.IntN(len(shows))])
				case n == 1 && hour > 60 && r.IntN(3) == 0: // late, by up to four days
					d.seen(name, now.Add(-time.Duration(1+r.IntN(96))*time.Hour), shows[r.IntN(len(shows))])
				case n == 2 && r.IntN(3) == 0: // heard late: silence that was none
					d.heard(name, now.Add(-time.Duration(3+r.IntN(40))*time.Hour))
				case n == 3:
					d.gap(name, "sshd", now.Add(-time.Duration(r.IntN(30))*time.Hour))
				case n < 8:
					d.regain(name, "sshd", now.Add(-time.Duration(r.IntN(6))*time.Hour))
				case n > 55: // not heard for an hour: with the next one longer than the grace
				default:
					d.heard(name, now.Add(-time.Minute))
				}
			}
			switch {
			case hour == 200:
				d.must(d.controls.Retire(d.ctx, admin, "ssh-logins-hardened", "to see the statuses turn"))
			case hour == 330:
				d.must(d.controls.Adopt(d.ctx, admin, "ssh-logins-hardened"))
			case hour == 500:
				d.leave("b", now)
			}
			if r.IntN(30) == 0 {
				d.must(d.Keep(d.ctx, nil))
				check()
			} else if r.IntN(40) == 0 {
				check()
			}
		}
		if used == 0 {
			t.Error("nothing was read from what is kept: the test shows nothing")
		}
		var steps, days int
		d.must(db.Reader().QueryRowContext(d.ctx, `SELECT (SELECT COUNT(*) FROM status_step), (SELECT COUNT(*) FROM coverage_step)`).Scan(&steps, &days))
		t.Logf("%d answers used what is kept; %d steps and %d days of coverage", used, steps, days)
		// Made anew it is the same.
		var before []keptStep
		read := func() (all []keptStep) {
			rows, err := db.Reader().QueryContext(d.ctx, `SELECT kind, subject, at, status FROM status_step ORDER BY kind, subject, at`)
			d.must(err)
			d.must(each(rows, func() error {
				var s keptStep
				err := rows.Scan(&s.subject.Kind, &s.subject.ID, &s.at, &s.status)
				all = append(all, s)
				return err
			}))
			return all
		}
		d.must(d.Keep(d.ctx, nil))
		before = read()
		d.must(d.Forget(d.ctx))
		d.must(d.Keep(d.ctx, nil))
		if after := read(); !slices.Equal(before, after) {
			t.Errorf("kept bit by bit it has %d steps, derived at once %d, and they differ", len(before), len(after))
		}
	})
}
