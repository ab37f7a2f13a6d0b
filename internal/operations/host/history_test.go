package host_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"

	"pgregory.net/rapid"
)

// histories is how many random histories are lived through on each engine.
var histories = map[database.Dialect]int{database.SQLite: 8, database.Postgres: 2}

// Whatever happens, in whatever order it becomes known: at every moment, as
// known at every size of the ledger, the steps sum up to the outcomes; counts
// equal what is listed; and what was known once is known so for ever.
func TestAnyHistory(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open := fresh(t, db)
		for seed := range histories[db.Dialect] {
			live(t, open(), seed)
		}
	})
}

// fresh gives databases of db's engine, the first being db.
func fresh(t *testing.T, db *database.DB) func() *database.DB {
	first := true
	return func() *database.DB {
		switch {
		case first:
			first = false
			return db
		case db.Dialect == database.Postgres:
			return databasetest.Postgres(t)
		}
		return databasetest.SQLite(t)
	}
}

func live(t *testing.T, db *database.DB, seed int) {
	random := rand.New(rand.NewPCG(uint64(seed), 7))
	dice := random.IntN
	w := newWorld(t, db)
	var names []string
	for i := range 1 + dice(3) {
		names = append(names, fmt.Sprintf("web-%d", i+1))
	}
	remembered := map[outcome.At][]outcome.AttributeCounts{}
	version := 0
	for step := range 40 {
		m := w.machine(names[dice(len(names))])
		values := []string{"no", "yes", "prohibit-password"}
		change := func() {
			switch dice(4) {
			case 0:
				w.must(m.assign("sshd.permitrootlogin", values[dice(3)]))
			case 1:
				w.must(m.assign("sshd.maxauthtries", fmt.Sprint(3+dice(7))))
			case 2:
				w.must(m.assign("sysctl.net.ipv4.ip_forward", fmt.Sprint(dice(2))))
			case 3:
				m.missing["sshd"] = nil
				if dice(2) == 0 {
					m.missing["sshd"] = []facts.Missing{{Path: "/effective", State: []facts.State{facts.Error, facts.NotObserved, facts.Absent}[dice(3)], Reason: "for the test"}}
				}
			}
		}
		what := ""
		switch n := dice(20); {
		case n < 6:
			what = "reports"
			change()
			w.report(m)
		case n < 9:
			what = "late"
			change()
			all, err := m.changed()
			w.must(err)
			w.must(w.facts(m, fmt.Sprintf("late%d", dice(50)), w.clock.Now().Add(-time.Duration(dice(7200))*time.Second), all...))
		case n < 12:
			what = "beats"
			w.beat(m, w.clock.Now().Add(-time.Duration(dice(2)*dice(600))*time.Second))
		case n < 13:
			what = "installs"
			version++
			w.install(fmt.Sprintf("%d.0.0", version), "maxauthtries <= 4", fmt.Sprintf("maxauthtries <= %d", 4+dice(4)))
		case n < 14 && version > 0:
			what = "tailors"
			tailoring := standard.Tailoring{Check: "tiny/tries", Exclude: dice(2) == 0, Severity: "low", Reason: "for the test"}
			if err := w.standards.Tailor(w.ctx, admin, tailoring); !fault.Is(err, fault.Invalid) { // the same once more is refused
				w.must(err)
			}
			if dice(2) == 0 {
				w.rejudge()
			}
		case n < 15 && len(m.sequence) > 0:
			what = "retires"
			if h := w.host(m.name); h.RetiredAt.IsZero() {
				w.must(w.hosts.Retire(w.ctx, admin, h.ID, "for the test"))
			}
		case n < 16:
			what = "folds"
			if dice(3) == 0 {
				w.must(w.outcomes.FoldAnew(w.ctx))
				break
			}
			_, err := w.outcomes.Fold(w.ctx)
			w.must(err)
		case n < 17:
			_, err := w.hosts.Sweep(w.ctx)
			w.must(err)
		case n < 18:
			w.restart()
		default:
			w.clock.Advance(time.Duration(dice(3600)) * time.Second)
		}
		w.clock.Advance(time.Duration(dice(60)) * time.Second)
		if dice(3) > 0 {
			w.number() // otherwise the sequencer lags
		}
		at := outcome.At{Valid: w.clock.Now().Add(-time.Duration(dice(10_000)) * time.Second), Known: -1}
		if dice(2) == 0 {
			at.Known = int64(dice(int(w.number() + 1)))
		}
		stored, err := w.outcomes.Stored(w.ctx, at)
		w.must(err)
		scanned, err := w.outcomes.Scan(w.ctx, at)
		w.must(err)
		if !slices.Equal(stored, scanned) {
			t.Fatalf("history %d, step %d (%s): at %v known %d the steps give\n%+v\nand the outcomes\n%+v", seed, step, what, at.Valid, at.Known, stored, scanned)
		}
		if at.Known >= 0 {
			remembered[at] = stored
		}
		w.sameSince(at)
		if step%10 == 9 {
			w.sameCounts(at)
		}
	}
	for at, then := range remembered {
		now, err := w.outcomes.Stored(w.ctx, at)
		w.must(err)
		if !slices.Equal(now, then) {
			t.Fatalf("history %d: at %v known %d it was\n%+v\nand is now\n%+v", seed, at.Valid, at.Known, then, now)
		}
	}
	w.sound()
}

// A second opinion on what holds when: reports that come in any order, no two
// alike, under one standard. At every moment it is what the newest report
// observed by then said. (Of a report that only repeats an older one, the last
// such moment is kept and not each of them.)
func TestReportsInAnyOrder(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open := fresh(t, db)
		for seed := range histories[db.Dialect] {
			w := newWorld(t, open())
			w.install("1.0.0")
			m := w.machine("web-1")
			w.report(m)
			first := w.clock.Now()
			w.clock.Advance(10 * time.Hour)
			type observation struct {
				at    time.Time
				order int
				value string
			}
			all := []observation{{first, 0, "no"}}
			minutes := rapid.SliceOfNDistinct(rapid.IntRange(1, 599), 12, 12, rapid.ID[int]).Example(seed)
			said := rapid.SliceOfN(rapid.SampledFrom([]string{"no", "yes"}), 12, 12).Example(seed)
			for i, minute := range minutes {
				o := observation{first.Add(time.Duration(minute) * time.Minute), i + 1, said[i]}
				all = append(all, o)
				w.must(m.assign("sshd.permitrootlogin", o.value))
				w.must(m.assign("sshd.logingracetime", fmt.Sprint(i))) // no two reports are alike
				s, err := m.section("sshd")
				w.must(err)
				// Each report on a stream of its own: as after a spool was lost, with nothing to say which came first.
				w.must(w.facts(m, fmt.Sprintf("s%d", i), o.at, s))
				for minute := 0; minute < 600; minute += 7 {
					at := first.Add(time.Duration(minute) * time.Minute)
					want, newest := "no", time.Time{}
					for _, o := range all {
						if !o.at.After(at) && !o.at.Before(newest) {
							want, newest = o.value, o.at
						}
					}
					counts, err := w.outcomes.Stored(w.ctx, outcome.At{Valid: at, Known: -1})
					w.must(err)
					for _, c := range counts {
						if c.Attribute == "refused" && (c.Pass == 1) != (want == "no") {
							t.Fatalf("history %d, report %d of %v: at minute %d it should be %s, the counts are %+v\n%v", seed, i, o.at, minute, want, c.Counts, all)
						}
					}
				}
			}
			w.sound()
		}
	})
}

// sameSince holds since when checks deviate against the steps one by one, which
// no fold helps to read.
func (w *world) sameSince(at outcome.At) {
	w.Helper()
	steps, err := w.outcomes.Steps(w.ctx, time.Time{}, at.Valid, at.Known)
	w.must(err)
	type key struct{ check, attribute string }
	deviating, want := map[key]int64{}, map[key]time.Time{}
	for _, s := range steps {
		k := key{s.Check, s.Attribute}
		was := deviating[k]
		deviating[k] += s.Delta.Fail + s.Delta.Waived
		switch {
		case deviating[k] == 0:
			delete(want, k)
		case was == 0:
			want[k] = s.At
		}
	}
	counts, err := w.outcomes.Counts(w.ctx, at)
	w.must(err)
	for _, c := range counts {
		if k := (key{c.Check, c.Attribute}); !c.Since.Equal(want[k]) {
			w.Fatalf("at %v known %d: %v deviates since %v by the folds and since %v by the steps", at.Valid, at.Known, k, c.Since, want[k])
		}
	}
}
