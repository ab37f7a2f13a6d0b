package catalog

import (
	"fmt"
	"strings"
	"testing"
)

// The counts per series are those of the 2022 revision.
func TestShippedCatalogue(t *testing.T) {
	want := map[string][]int{
		"CC1": {5, 4, 6, 7, 6}, "CC2": {9, 13, 12}, "CC3": {16, 9, 5, 6}, "CC4": {8, 3}, "CC5": {6, 4, 6},
		"CC6": {13, 3, 4, 4, 1, 4, 4, 5}, "CC7": {5, 4, 7, 14, 6}, "CC8": {18}, "CC9": {2, 13},
		"A1": {3, 11, 2}, "PI1": {3, 3, 5, 4, 4}, "C1": {3, 2},
		"P1": {7}, "P2": {6}, "P3": {4, 2}, "P4": {1, 2, 3}, "P5": {5, 4}, "P6": {4, 1, 1, 3, 2, 2, 3}, "P7": {2}, "P8": {6},
	}
	var ids []string
	points := map[string]bool{}
	for _, s := range AllSeries() {
		counts, ok := want[s.ID]
		if !ok {
			t.Errorf("series %s is unknown", s.ID)
		}
		for i, n := range counts {
			id := fmt.Sprintf("%s.%d", s.ID, i+1)
			ids = append(ids, id)
			ps := Points(id)
			if len(ps) != n {
				t.Errorf("%s has %d points of focus, want %d", id, len(ps), n)
			}
			for j, p := range ps {
				if p.Number != j+1 || p.Criterion != id || points[p.ID()] {
					t.Errorf("point %d of %s is %s", j+1, id, p.ID())
				}
				points[p.ID()] = true
				if got, ok := PointOf(id, p.Number); !ok || got != p {
					t.Errorf("PointOf(%s, %d) gives %v", id, p.Number, got)
				}
			}
		}
		delete(want, s.ID)
	}
	if len(want) > 0 {
		t.Errorf("missing series: %v", want)
	}
	var got []string
	for _, c := range All() {
		got = append(got, c.ID)
		if same, ok := Get(c.ID); !ok || same != c {
			t.Errorf("Get(%s) gives %v", c.ID, same)
		}
	}
	if strings.Join(got, " ") != strings.Join(ids, " ") {
		t.Errorf("criteria in order:\n got %v\nwant %v", got, ids)
	}
	if len(got) != 61 || len(points) != 330 {
		t.Errorf("%d criteria and %d points of focus, want 61 and 330", len(got), len(points))
	}
}

func TestApplicable(t *testing.T) {
	security := DefaultScope()
	with := func(c ...Category) Scope { return Scope{Categories: c} }
	for _, tc := range []struct {
		name      string
		criterion string
		number    int
		scope     Scope
		want      bool
	}{
		{"a plain point", "CC7.1", 1, security, true},
		{"security needs no naming", "CC7.1", 1, Scope{}, true},
		{"COSO", "CC1.1", 1, security, true},
		{"confidentiality point without it", "CC6.1", 12, security, false},
		{"confidentiality point with it", "CC6.1", 12, with(Confidentiality), true},
		{"privacy point without it", "CC7.4", 12, with(Confidentiality), false},
		{"availability point with it", "CC8.1", 15, with(Availability), true},
		{"another category", "A1.2", 8, security, false},
		{"another category in scope", "A1.2", 8, with(Availability), true},
		{"goods, nobody answered", "PI1.1", 3, with(ProcessingIntegrity), true},
		{"goods, answered no", "PI1.1", 3, Scope{Categories: []Category{ProcessingIntegrity}, Goods: No}, false},
		{"controller point, processor only", "P1.1", 1, Scope{Categories: []Category{Privacy}, Controller: No, Processor: Yes}, false},
		{"processor point, processor only", "P5.1", 1, Scope{Categories: []Category{Privacy}, Controller: No, Processor: Yes}, true},
		{"either, neither", "P4.1", 1, Scope{Categories: []Category{Privacy}, Controller: No, Processor: No}, false},
		{"financial reporting, nobody answered", "CC3.1", 5, security, true},
		{"financial reporting, answered no", "CC3.1", 5, Scope{Objectives: map[Applies]Answer{FinancialReporting: No}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, ok := PointOf(tc.criterion, tc.number)
			if !ok {
				t.Fatalf("no point %s.%d", tc.criterion, tc.number)
			}
			got, why := Applicable(p, tc.scope)
			if got != tc.want || why == "" {
				t.Errorf("Applicable(%s) = %v, %q; want %v with a sentence", p.ID(), got, why, tc.want)
			}
		})
	}
	if _, why := Applicable(Point{Criterion: "CC99.9"}, security); !strings.Contains(why, "CC99.9") {
		t.Errorf("an unknown criterion gives %q", why)
	}
}

func TestParseRefuses(t *testing.T) {
	const series = "series\tcategory\ttitle\nCC1\tsecurity\tOne\n"
	const criteria = "criterion\tseries\tcategory\ttitle\nCC1.1\tCC1\tsecurity\tOne\n"
	const points = "criterion\tnumber\tapplies\trevised\ttitle\n"
	for _, tc := range []struct{ name, series, criteria, points, want string }{
		{"header", "serie\tcategory\ttitle\n", criteria, points, "series.tsv:1"},
		{"series twice", series + "CC1\tsecurity\tAgain\n", criteria, points, "CC1 stands twice"},
		{"field missing", series, criteria + "CC1.2\tCC1\tsecurity\n", points, "criteria.tsv:3: 3 fields"},
		{"field empty", series, criteria + "CC1.2\tCC1\tsecurity\t\n", points, "title is empty"},
		{"unknown series", series, criteria + "CC2.1\tCC2\tsecurity\tTwo\n", points, "CC2"},
		{"wrong category", series, criteria + "CC1.2\tCC1\tprivacy\tTwo\n", points, "do not belong together"},
		{"criterion twice", series, criteria + "CC1.1\tCC1\tsecurity\tTwo\n", points, "CC1.1 stands twice"},
		{"gap in numbers", series, criteria, points + "CC1.1\t2\tany\t2017\tTitle\n", "out of order"},
		{"unknown criterion", series, criteria, points + "CC1.9\t1\tany\t2017\tTitle\n", "unknown criterion CC1.9"},
		{"unknown condition", series, criteria, points + "CC1.1\t1\tsometimes\t2017\tTitle\n", `"sometimes" is no known condition`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := parse(tc.series, tc.criteria, tc.points)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want something about %q", err, tc.want)
			}
		})
	}
}
