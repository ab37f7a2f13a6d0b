package outcome

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// at gives the outcome of rows at a moment, Gone where there is none: the
// definition that correct must keep.
func at(rows []stored, moment int64) Outcome {
	best := stored{validFrom: -1, outcome: Gone}
	for _, r := range rows {
		if r.validFrom <= moment && (r.validFrom > best.validFrom || r.validFrom == best.validFrom && r.runNo > best.runNo) {
			best = r
		}
	}
	return best.outcome
}

func said(o Outcome) verdict { return newVerdict(o, "because", "", "") }

// put adds a correction's rows to what is stored, in order.
func put(rows []stored, c correction, run int64) []stored {
	for _, r := range c.rows {
		rows = append(rows, stored{r.from, run, r.verdict.Outcome, r.verdict.key})
	}
	slices.SortFunc(rows, func(a, b stored) int {
		if a.validFrom != b.validFrom {
			return compare(a.validFrom, b.validFrom)
		}
		return compare(a.runNo, b.runNo)
	})
	return rows
}

func TestCorrect(t *testing.T) {
	row := func(at, run int64, o Outcome) stored { return stored{at, run, o, said(o).key} }
	want := func(pairs ...any) []wanted {
		var w []wanted
		for i := 0; i < len(pairs); i += 2 {
			w = append(w, wanted{from: int64(pairs[i].(int)), verdict: said(pairs[i+1].(Outcome))})
		}
		return w
	}
	for _, tc := range []struct {
		name  string
		have  []stored
		want  []wanted
		until int64
		rows  []int64 // where rows are written
		now   [2]Outcome
	}{
		{"the first outcome", nil, want(10, Fail), forever, []int64{10}, [2]Outcome{"", Fail}},
		{"no change writes nothing", []stored{row(5, 1, Fail)}, want(10, Fail), forever, nil, [2]Outcome{Fail, Fail}},
		{"a change", []stored{row(5, 1, Fail)}, want(10, Pass), forever, []int64{10}, [2]Outcome{Fail, Pass}},
		{"late, between two that differ", []stored{row(5, 1, Pass), row(20, 2, Fail)}, want(10, Fail), 20, []int64{10}, [2]Outcome{Fail, Fail}},
		{"late, nothing was stored after", []stored{row(5, 1, Pass)}, want(10, Fail), 20, []int64{10, 20}, [2]Outcome{Pass, Pass}},
		{"late, before everything", []stored{row(20, 2, Pass)}, want(10, Fail), 20, []int64{10}, [2]Outcome{Pass, Pass}},
		{"late, before everything and the same", []stored{row(20, 2, Pass)}, want(10, Pass), 20, []int64{10}, [2]Outcome{Pass, Pass}},
		{"older evidence holds until now", []stored{row(5, 1, Pass), row(20, 2, Fail)}, want(10, Pass), forever, []int64{20}, [2]Outcome{Fail, Pass}},
		{"a correction at the same moment", []stored{row(10, 1, Pass)}, want(10, Fail), forever, []int64{10}, [2]Outcome{Pass, Fail}},
		{"what left stays away", []stored{row(5, 1, Pass), row(20, 2, Gone)}, want(10, Fail), forever, []int64{10}, [2]Outcome{Gone, Gone}},
		{"what came back after is judged anew", []stored{row(5, 1, Pass), row(20, 2, Gone), row(30, 3, Pass)}, want(10, Fail), forever, []int64{10, 30}, [2]Outcome{Pass, Fail}},
		{"what left comes back", []stored{row(5, 1, Pass), row(20, 2, Gone)}, want(30, Pass), forever, []int64{30}, [2]Outcome{Gone, Pass}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := correct(tc.have, tc.want, tc.until)
			var written []int64
			for _, r := range c.rows {
				written = append(written, r.from)
				if r.again && !slices.ContainsFunc(tc.have, func(s stored) bool { return s.verdict == r.verdict.key }) {
					t.Errorf("the row at %d repeats a verdict that is not stored", r.from)
				}
			}
			if !slices.Equal(written, tc.rows) {
				t.Errorf("rows at %v, want %v", written, tc.rows)
			}
			if got := [2]Outcome{c.before, c.after}; got != tc.now {
				t.Errorf("now %v, want %v", got, tc.now)
			}
		})
	}
}

// Whatever is corrected in whatever order: inside the stretch the outcome is
// what was wanted, outside it is what it was, no row is written in vain, and
// the steps sum up to it.
func TestCorrectHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const end = 40
		outcomes := []Outcome{Pass, Fail, Error, NotApplicable}
		var rows []stored
		steps := map[int64]Counts{}
		for run := int64(1); run <= int64(rapid.IntRange(1, 12).Draw(t, "runs")); run++ {
			from := int64(rapid.IntRange(0, end).Draw(t, "from"))
			want := []wanted{{from: from, verdict: said(rapid.SampledFrom(outcomes).Draw(t, "outcome"))}}
			if rapid.IntRange(0, 9).Draw(t, "leaves") == 0 {
				want[0].verdict = said(Gone)
			}
			for next := from + int64(rapid.IntRange(1, 20).Draw(t, "next")); next <= end; next += int64(rapid.IntRange(1, 20).Draw(t, "step")) {
				want = append(want, wanted{from: next, verdict: said(rapid.SampledFrom(outcomes).Draw(t, "outcome"))})
			}
			until := int64(forever)
			if rapid.Bool().Draw(t, "late") {
				until = want[len(want)-1].from + int64(rapid.IntRange(1, 10).Draw(t, "until"))
			}
			c := correct(rows, want, until)
			old := slices.Clone(rows)
			rows = put(rows, c, run)
			away := false
			for moment := int64(0); moment <= end+12; moment++ {
				if i := slices.IndexFunc(collapse(old), func(s stored) bool { return s.validFrom == moment }); i >= 0 && moment > from {
					away = collapse(old)[i].outcome == Gone
				}
				expected := at(old, moment)
				if moment >= from && moment < until && !away {
					for _, w := range want {
						if w.from <= moment {
							expected = w.verdict.Outcome
						}
					}
				}
				if got := at(rows, moment); got != expected {
					t.Fatalf("run %d: at %d the outcome is %q, want %q\nhave %v\nwant %v until %d", run, moment, got, expected, old, want, until)
				}
			}
			for _, r := range c.rows {
				if prior := at(put(slices.Clone(old), correction{rows: slices.DeleteFunc(slices.Clone(c.rows), func(w wanted) bool { return w.from == r.from })}, run), r.from); prior == r.verdict.Outcome {
					t.Fatalf("run %d: the row at %d says nothing new", run, r.from)
				}
			}
			if now := at(old, forever); c.before != now && !(c.before == "" && now == Gone) || c.after != at(rows, forever) {
				t.Fatalf("run %d: now %q to %q, want %q to %q", run, c.before, c.after, now, at(rows, forever))
			}
			for _, d := range c.steps {
				steps[d.at] = steps[d.at].Plus(d.count)
			}
			var sum Counts
			for moment := int64(0); moment <= end+12; moment++ {
				sum = sum.Plus(steps[moment])
				if sum != one(at(rows, moment)) {
					t.Fatalf("run %d: at %d the steps sum up to %+v, the outcome is %q", run, moment, sum, at(rows, moment))
				}
			}
		}
		h := history{attributeNo: 1, rows: slices.Clone(rows)}
		slices.SortStableFunc(h.rows, func(a, b stored) int { return compare(a.runNo, b.runNo) })
		again := map[int64]map[stepKey]Counts{}
		h.replay(again)
		sum := map[int64]Counts{}
		for _, byKey := range again {
			for k, c := range byKey {
				sum[k.at] = sum[k.at].Plus(c)
			}
		}
		for moment, c := range steps {
			if sum[moment] != c {
				t.Fatalf("rebuilt steps at %d are %+v, written were %+v", moment, sum[moment], c)
			}
		}
	})
}
