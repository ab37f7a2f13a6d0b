package posture

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// scramble lets four hosts live for two weeks: they change, fall silent, send
// late what they observed before, lose a section and leave. The seed makes it
// repeatable.
func (l *lab) scramble(seed uint64) {
	l.t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	words := []string{"no", "no", "yes", ""}
	names := []string{"alpha", "beta", "gamma", "delta"}
	pick := func() host {
		return host{words[r.IntN(4)], words[r.IntN(4)], r.IntN(3) > 0}
	}
	for hour := range 14 * 24 {
		l.clock.Advance(time.Hour)
		now := l.clock.Now()
		for i, name := range names {
			switch n := r.IntN(40); {
			case hour < 3*(i+1) || (name == "delta" && hour > 200):
			case hour == 3*(i+1) || n == 0:
				l.report(name, now, pick())
			case n == 1 && hour > 24: // late, about some hours ago
				l.report(name, now.Add(-time.Duration(1+r.IntN(20))*time.Hour), pick())
			case name == "beta" && hour > 60 && hour < 110:
				// silent
			case n > 30 && r.IntN(3) == 0:
				// nothing for an hour: longer than the grace when it happens twice
			default:
				l.heard(name, now.Add(-time.Minute))
			}
		}
		if hour == 199 {
			l.leave("delta", now)
		}
		if hour == 120 {
			l.gap("gamma", "sshd", now)
		}
		if hour == 140 {
			l.regain("gamma", "sshd", now)
		}
	}
}

// Counts at a moment and the changes after it give the counts at every later
// moment, silence included: what the grid of weeks is drawn from.
func TestChangesDrawTheCounts(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := newLab(t, db)
		l.scramble(7)
		r := rand.New(rand.NewPCG(8, 1))
		silent := 0
		for range 12 {
			from := at(0, 0).Add(time.Duration(r.IntN(13*24*60)) * time.Minute)
			to := from.Add(time.Duration(1+r.IntN(5*24*60)) * time.Minute)
			if now := l.clock.Now(); to.After(now) {
				to = now
			}
			base := l.counts(from, -1)
			steps, err := l.out.Steps(l.ctx, from, to, -1)
			l.must(err)
			quiet, err := silences(l.ctx, db.Reader(), clock.Micros(from), clock.Micros(to), l.out.Grace().Microseconds())
			l.must(err)
			silent += len(quiet)
			for range 10 {
				m := from.Add(time.Duration(r.Int64N(int64(to.Sub(from)) + 1)).Truncate(time.Microsecond))
				drawn := maps.Clone(base)
				for _, s := range steps {
					if k := (key{s.Check, s.Attribute}); !s.At.After(m) {
						drawn[k] = drawn[k].Plus(Counts(s.Delta))
					}
				}
				for _, d := range quiet {
					if !d.at.After(m) {
						drawn[d.key] = drawn[d.key].Plus(d.n)
					}
				}
				maps.DeleteFunc(drawn, func(_ key, n Counts) bool { return n == Counts{} })
				if want := l.counts(m, -1); !maps.Equal(drawn, want) {
					t.Fatalf("from %s at %s:\ndrawn %v\n want %v", from, m, drawn, want)
				}
			}
		}
		if silent == 0 {
			t.Error("no silence was drawn: the test shows nothing")
		}
	})
}

// What a check says of its first items is the beginning of the whole list, and
// its counts are those among all counts.
func TestCheckAlone(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := newLab(t, db)
		l.scramble(9)
		r := rand.New(rand.NewPCG(10, 1))
		size, cut := l.number(), 0
		for range 60 {
			m := outcome.At{Valid: at(0, 0).Add(time.Duration(r.IntN(14*24*60)) * time.Minute), Known: -1}
			if r.IntN(3) == 0 {
				m.Known = r.Int64N(size)
			}
			check := []string{rootLogin, emptyPass, clockRight}[r.IntN(3)]
			limit := 1 + r.IntN(4)
			all, _, total, err := l.out.List(l.ctx, outcome.Filter{Check: check, Outcomes: deviant}, m, "", 0)
			l.must(err)
			counts, rows, err := l.out.OfCheck(l.ctx, check, deviant, m, limit)
			l.must(err)
			if diff := cmp.Diff(all[:min(limit, len(all))], rows, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s at %+v, first %d (-list +check):\n%s", check, m, limit, diff)
			}
			if len(all) > limit {
				cut++
			}
			want, err := l.out.Counts(l.ctx, m)
			l.must(err)
			want = slices.DeleteFunc(want, func(c outcome.AttributeCounts) bool { return c.Check != check })
			if diff := cmp.Diff(want, counts, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s at %+v (-among all +alone):\n%s", check, m, diff)
			}
			for _, c := range counts {
				total -= c.Fail + c.Waived + c.Error + c.NotObserved
			}
			if total != 0 {
				t.Fatalf("%s at %+v: the counts differ from the list by %d", check, m, total)
			}
		}
		if cut == 0 {
			t.Error("no list was cut off: the test shows nothing")
		}
	})
}

// Since when an attribute deviates is what asking backwards in time gives.
func TestDeviatingSince(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := newLab(t, db)
		set := func(name string, days, hours int, root string) {
			l.clock.Advance(at(days, hours).Sub(l.clock.Now()))
			l.report(name, l.clock.Now(), host{root, "no", true})
		}
		set("a", 1, 0, "no")
		set("b", 1, 1, "yes") // b fails from day 1
		set("a", 2, 0, "yes") // a too
		set("b", 3, 0, "no")
		set("a", 4, 0, "no") // none fails
		first := l.number()
		set("b", 6, 0, "yes")
		set("a", 7, 0, "yes")
		set("b", 8, 0, "no")
		all := l.number()
		// Observed on day 5, arrived on day 9: b failed from then on.
		l.clock.Advance(at(9, 0).Sub(l.clock.Now()))
		l.report("b", at(5, 0), host{"yes", "no", true})
		late := l.number()
		k := key{rootLogin, "effective"}
		ask := func(folds string) {
			for _, tc := range []struct {
				name  string
				valid time.Time
				known int64
				want  time.Time // zero: deviates not
			}{
				{"before", at(1, 0), -1, time.Time{}},
				{"the first", at(1, 12), -1, at(1, 1)},
				{"without interruption", at(3, 12), -1, at(1, 1)},
				{"none", at(4, 12), -1, time.Time{}},
				{"again, as known before the late report", at(7, 12), all, at(6, 0)},
				{"again, as known now", at(7, 12), late, at(5, 0)},
				{"one left", at(8, 12), all, at(6, 0)},
				{"what was not known yet", at(7, 12), first, time.Time{}},
			} {
				all, err := l.out.Counts(l.ctx, outcome.At{Valid: tc.valid, Known: tc.known})
				l.must(err)
				var got time.Time
				for _, c := range all {
					if c.Check == k.check && c.Attribute == k.attribute {
						got = c.Since
					}
				}
				if !got.Equal(tc.want) {
					t.Errorf("%s, %s: since %s, want %s", tc.name, folds, got, tc.want)
				}
			}
		}
		ask("no folds")
		l.must(l.out.FoldAnew(l.ctx))
		ask("folds of each day")
	})
}
