package posture

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/program/control"

	"pgregory.net/rapid"
)

func TestWeeksOf(t *testing.T) {
	dublin, err := time.LoadLocation("Europe/Dublin")
	if err != nil {
		t.Fatal(err)
	}
	// Clocks go forward on 29 March 2026: that week has 167 hours.
	weeks := weeksOf(time.Date(2026, 3, 23, 15, 0, 0, 0, dublin), time.Date(2026, 4, 8, 0, 0, 0, 0, dublin), dublin)
	var got []string
	for _, w := range weeks {
		got = append(got, w.Start.Format("2 Jan 15:04")+" "+w.End.Sub(w.Start).String())
	}
	want := []string{"23 Mar 00:00 167h0m0s", "30 Mar 00:00 168h0m0s", "6 Apr 00:00 48h0m0s"}
	if !slices.Equal(got, want) {
		t.Errorf("weeks %q, want %q", got, want)
	}
	if weeks := weeksOf(day, day.AddDate(0, 0, -1), time.UTC); len(weeks) != 0 {
		t.Errorf("a period that ends before it begins has %d weeks", len(weeks))
	}
}

// at is day 0 of a history, plus days and hours.
func at(days, hours int) time.Time {
	return time.Date(2026, 3, 2, hours, 0, 0, 0, time.UTC).AddDate(0, 0, days)
}

// grid walks a history and cuts it into weeks.
func (h *history) grid(weeks []Week, now time.Time) (Grid, error) {
	steps := map[string][]Step{}
	tell := func(s Subject, st Step) {
		if s.Kind == OfCriterion {
			steps[s.ID] = append(steps[s.ID], st)
		}
	}
	if err := h.begin(weeks[0].Start, tell); err != nil {
		return Grid{}, err
	}
	last := weeks[len(weeks)-1].End.Add(-time.Microsecond)
	if last.After(now) {
		last = now
	}
	err := h.walk(last, tell, nil)
	return gridOf(steps, weeks, now, time.Time{}), err
}

func cells(g Grid, criterion string) string {
	for _, r := range g.Rows {
		if r.Criterion == criterion {
			s := ""
			for _, c := range r.Cells {
				s += fmt.Sprintf("%s/%s ", c.Status, c.Worst)
			}
			return s
		}
	}
	return ""
}

func TestGrid(t *testing.T) {
	w := newWorld().adopt(ssh()).adopt(accounts())
	for i := range w.program.Controls {
		w.program.Controls[i].History[0].Effective = at(-30, 0)
	}
	k := key{"linux-server/sshd-root-login", "ok"}
	h := history{program: w.program, counts: w.counts,
		sets: func(time.Time) (*standard.Set, error) { return w.set, nil },
		deltas: []delta{
			{at(1, 9), k, Counts{Pass: -1, Fail: 1}},         // fails on Tuesday …
			{at(2, 9), k, Counts{Pass: 1, Fail: -1}},         // … mended on Wednesday of week 1
			{at(9, 9), k, Counts{Pass: -1, NotObserved: 1}},  // silent in week 2, until
			{at(15, 0), k, Counts{Pass: 1, NotObserved: -1}}, // week 3
			{at(20, 0), k, Counts{Pass: -2, Waived: 2}},      // week 3
		}}
	g, err := h.grid(weeksOf(at(0, 0), at(35, 0), time.UTC), at(24, 0))
	if err != nil {
		t.Fatal(err)
	}
	want := "none/deviation insufficient/insufficient deviation/deviation deviation/deviation / "
	if got := cells(g, "CC6.1"); got != want {
		t.Errorf("CC6.1 %q, want %q", got, want)
	}
	if got := cells(g, "A1.1"); got != "out/out out/out out/out out/out / " {
		t.Errorf("A1.1 %q", got)
	}
	if got := cells(g, "CC1.1"); got != "insufficient/insufficient insufficient/insufficient insufficient/insufficient insufficient/insufficient / " {
		t.Errorf("CC1.1 %q", got)
	}
}

func TestGridWithTurns(t *testing.T) {
	w := newWorld().adopt(ssh())
	c := &w.program.Controls[0]
	c.History[0].Effective = at(3, 0)
	retired := c.History[0]
	retired.Seq, retired.State, retired.Effective = 2, control.Retired, at(15, 0)
	c.History = append(c.History, retired)
	none := &standard.Set{}
	h := history{program: w.program, counts: w.counts, turns: []time.Time{at(1, 0), at(3, 0), at(10, 0), at(15, 0)},
		sets: func(t time.Time) (*standard.Set, error) {
			if t.Before(at(10, 0)) {
				return none, nil
			}
			return w.set, nil
		}}
	g, err := h.grid(weeksOf(at(0, 0), at(21, 0), time.UTC), at(30, 0))
	if err != nil {
		t.Fatal(err)
	}
	// Adopted on day 3 without a standard; the standard comes on day 10, the control goes on day 15.
	if got, want := cells(g, "CC6.1"), "insufficient/insufficient none/insufficient insufficient/insufficient "; got != want {
		t.Errorf("CC6.1 %q, want %q", got, want)
	}
}

// The grid says what asking at every single moment would say.
func TestGridEqualsAskingEachMoment(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld().adopt(ssh()).adopt(accounts()).adopt(review())
		w.program.Controls[2].History[0].Design.Points[0].Criterion = "CC6.3"
		w.program.Controls[2].History[0].Design.Checks = []string{"linux-server/clock"}
		for i := range w.program.Controls {
			w.program.Controls[i].History[0].Effective = at(rapid.IntRange(-3, 20).Draw(r, "adopted"), 0)
		}
		var keys []key
		for k := range w.counts {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, func(a, b key) int {
			return slices.Compare([]string{a.check, a.attribute}, []string{b.check, b.attribute})
		})
		now := at(rapid.IntRange(1, 30).Draw(r, "now"), 12)
		state := map[key]Counts{}
		for _, k := range keys {
			state[k] = w.counts[k]
		}
		var deltas []delta
		for i := rapid.IntRange(0, 25).Draw(r, "changes"); i > 0; i-- {
			deltas = append(deltas, delta{at: at(rapid.IntRange(0, 27).Draw(r, "day"), rapid.IntRange(1, 23).Draw(r, "hour")), key: rapid.SampledFrom(keys).Draw(r, "key")})
		}
		slices.SortStableFunc(deltas, func(a, b delta) int { return a.at.Compare(b.at) })
		for i := range deltas { // each moves one item between two outcomes
			d := &deltas[i]
			n, to := state[d.key], Counts{}
			switch rapid.IntRange(0, 3).Draw(r, "to") {
			case 0:
				to = Counts{Fail: 1}
			case 1:
				to = Counts{NotObserved: 1}
			case 2:
				to = Counts{NotApplicable: 1}
			default:
				to = Counts{Pass: 1}
			}
			from := Counts{Pass: -1}
			switch {
			case n.Fail > 0:
				from = Counts{Fail: -1}
			case n.NotObserved > 0:
				from = Counts{NotObserved: -1}
			case n.Pass == 0:
				from = Counts{NotApplicable: -1}
			}
			d.n = from.Plus(to)
			state[d.key] = n.Plus(d.n)
		}
		var turns []time.Time
		for _, c := range w.program.Controls {
			turns = append(turns, c.History[0].Effective)
		}
		slices.SortFunc(turns, time.Time.Compare)

		at0 := map[key]Counts{}
		for k, n := range w.counts {
			at0[k] = n
		}
		weeks := weeksOf(at(0, 0), at(28, 0), time.UTC)
		g, err := (&history{program: w.program, sets: func(time.Time) (*standard.Set, error) { return w.set, nil },
			turns: turns, counts: w.counts, deltas: deltas}).grid(weeks, now)
		if err != nil {
			r.Fatal(err)
		}
		// Every moment at which anything could change, and every week's start and last instant.
		for wk, week := range weeks {
			last := week.End.Add(-time.Microsecond)
			if last.After(now) {
				last = now
			}
			moments := []time.Time{week.Start, last}
			for _, d := range deltas {
				moments = append(moments, d.at)
			}
			moments = append(moments, turns...)
			want := make([]Cell, 61)
			for _, m := range moments {
				if m.Before(week.Start) || m.After(last) {
					continue
				}
				f := w.basis
				f.valid, f.counts = m, map[key]Counts{}
				for k, n := range at0 {
					f.counts[k] = n
				}
				for _, d := range deltas {
					if !d.at.After(m) {
						f.counts[d.key] = f.counts[d.key].Plus(d.n)
					}
				}
				for i, c := range derive(f).criteria {
					want[i].Worst = Worst(want[i].Worst, c.Status)
					if m.Equal(last) {
						want[i].Status = c.Status
					}
				}
			}
			for i, c := range catalog.All() {
				if got := g.Rows[i].Cells[wk]; got != want[i] {
					r.Fatalf("%s in week %d: %+v, asking each moment gives %+v", c.ID, wk+1, got, want[i])
				}
			}
		}
	})
}
