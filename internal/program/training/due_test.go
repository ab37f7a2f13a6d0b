package training

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func day(t testing.TB, text string) Day {
	t.Helper()
	d, err := ParseDay(text, "day")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDues(t *testing.T) {
	at := func(text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		return day(t, text).Time()
	}
	version := func(n int, on string, retake bool) Published {
		return Published{Course: Course{ID: "c", Version: n, Months: 12, Retake: retake, Questions: []Question{{}}}, Made: Made{Day: day(t, on)}}
	}
	assigned := func(on string, whom Whom, days int, words ...string) Assigned {
		return Assigned{Audience: Audience{whom, words}, Days: days, Made: Made{Day: day(t, on)}}
	}
	over := func(on string) Assigned { return Assigned{Over: true, Made: Made{Day: day(t, on)}} }
	did := func(on string, version int) Completion {
		return Completion{Day: day(t, on), Version: version, How: ByQuiz}
	}
	first := []Published{version(1, "2026-01-01", false)}
	everyone := []Assigned{assigned("2026-01-10", Everyone, 30)}
	ann := Member{ID: "per_ann", UserID: "usr_ann", From: at("2020-01-01"), Title: "Software Engineer", Kind: Employee}
	for _, c := range []struct {
		name     string
		versions []Published
		assigned []Assigned
		who      func(m *Member)
		away     []Absence
		done     []Completion
		today    string
		want     string // why asked due [done] in_time version state
	}{
		{"open", first, everyone, nil, nil, nil, "2026-02-09", "first 2026-01-10 2026-02-09 - not_observed not_applicable; open"},
		{"late by a day", first, everyone, nil, nil, nil, "2026-02-10", "first 2026-01-10 2026-02-09 - fail not_applicable; late"},
		{"completed on the day", first, everyone, nil, nil, []Completion{did("2026-02-09", 1)}, "2026-03-01", "first 2026-01-10 2026-02-09 2026-02-09 pass pass|renewal 2027-01-10 2027-02-09 - not_observed not_applicable; done"},
		{"completed late", first, everyone, nil, nil, []Completion{did("2026-02-20", 1)}, "2026-03-01", "first 2026-01-10 2026-02-09 2026-02-20 fail pass|renewal 2027-01-21 2027-02-20 - not_observed not_applicable; done"},
		{"to renew", first, everyone, nil, nil, []Completion{did("2026-02-09", 1)}, "2027-01-15", "first 2026-01-10 2026-02-09 2026-02-09 pass pass|renewal 2027-01-10 2027-02-09 - not_observed not_applicable; renew"},
		{"renewal missed", first, everyone, nil, nil, []Completion{did("2026-02-09", 1)}, "2027-02-10", "first 2026-01-10 2026-02-09 2026-02-09 pass pass|renewal 2027-01-10 2027-02-09 - fail not_applicable; late"},
		{"completed before it was assigned", first, everyone, nil, nil, []Completion{did("2025-11-05", 0)}, "2026-03-01", "renewal 2026-10-06 2026-11-05 - not_observed not_applicable; done"},
		{"completed too long before", first, everyone, nil, nil, []Completion{did("2024-11-05", 0)}, "2026-02-10", "first 2026-01-10 2026-02-09 - fail not_applicable; late"},
		{"joined later", first, everyone, func(m *Member) { m.From = at("2026-05-04") }, nil, nil, "2026-05-20", "first 2026-05-04 2026-06-03 - not_observed not_applicable; open"},
		{"left before it was due", first, everyone, func(m *Member) { m.Left = at("2026-02-01") }, nil, nil, "2026-06-01", "first 2026-01-10 2026-02-09 - not_applicable not_applicable; no_need"},
		{"left after it was missed", first, everyone, func(m *Member) { m.Left = at("2026-03-01") }, nil, nil, "2026-06-01", "first 2026-01-10 2026-02-09 - fail not_applicable; no_need"},
		{"left before it was assigned", first, everyone, func(m *Member) { m.Left = at("2026-01-05") }, nil, nil, "2026-06-01", "; no_need"},
		{"away over the day", first, everyone, nil, []Absence{{From: day(t, "2026-02-01"), To: day(t, "2026-03-31")}}, nil, "2026-04-09", "first 2026-01-10 2026-04-09 - not_observed not_applicable; open"},
		{"away before it was asked", first, everyone, nil, []Absence{{From: day(t, "2025-12-01"), To: day(t, "2026-01-05")}}, nil, "2026-02-10", "first 2026-01-10 2026-02-09 - fail not_applicable; late"},
		{"withdrawn before it was due", first, []Assigned{everyone[0], over("2026-02-01")}, nil, nil, nil, "2026-06-01", "first 2026-01-10 2026-02-09 - not_applicable not_applicable; no_need"},
		{"not of the audience", first, []Assigned{assigned("2026-01-10", Contractors, 30)}, nil, nil, nil, "2026-06-01", "; no_need"},
		{"by title", first, []Assigned{assigned("2026-01-10", Titles, 30, "engineer")}, nil, nil, nil, "2026-02-01", "first 2026-01-10 2026-02-09 - not_observed not_applicable; open"},
		{"moved into the audience", first, []Assigned{assigned("2026-01-10", Titles, 30, "engineer")}, func(m *Member) { m.Moved = at("2026-06-01") }, nil, nil, "2026-06-20", "first 2026-06-01 2026-07-01 - not_observed not_applicable; open"},
		{"assigned anew to as many", first, []Assigned{everyone[0], assigned("2026-02-01", Employees, 10)}, nil, nil, nil, "2026-02-10", "first 2026-01-10 2026-02-09 - fail not_applicable; late"},
		{"a version asks again", []Published{first[0], version(2, "2026-06-01", true)}, everyone, nil, nil, []Completion{did("2026-02-01", 1)}, "2026-06-15", "first 2026-01-10 2026-02-09 2026-02-01 pass fail|version 2026-06-01 2026-07-01 - not_observed not_applicable; open"},
		{"and is taken", []Published{first[0], version(2, "2026-06-01", true)}, everyone, nil, nil, []Completion{did("2026-02-01", 1), did("2026-06-20", 2)}, "2026-06-21", "first 2026-01-10 2026-02-09 2026-02-01 pass fail|version 2026-06-01 2026-07-01 2026-06-20 pass pass|renewal 2027-05-21 2027-06-20 - not_observed not_applicable; done"},
		{"a version asks nobody again", []Published{first[0], version(2, "2026-06-01", false)}, everyone, nil, nil, []Completion{did("2026-02-01", 1)}, "2026-06-15", "first 2026-01-10 2026-02-09 2026-02-01 pass pass|renewal 2027-01-02 2027-02-01 - not_observed not_applicable; done"},
		{"an import of before a version", []Published{first[0], version(2, "2026-06-01", true)}, everyone, nil, nil, []Completion{did("2026-02-01", 0)}, "2026-06-15", "first 2026-01-10 2026-02-09 2026-02-01 pass not_observed|version 2026-06-01 2026-07-01 - not_observed not_applicable; open"},
		{"an import of after a version", []Published{first[0], version(2, "2026-06-01", true)}, everyone, nil, nil, []Completion{did("2026-02-01", 1), did("2026-06-20", 0)}, "2026-06-21", "first 2026-01-10 2026-02-09 2026-02-01 pass fail|version 2026-06-01 2026-07-01 2026-06-20 pass not_observed|renewal 2027-05-21 2027-06-20 - not_observed not_applicable; done"},
		{"taken again on the same day", first, everyone, nil, nil, []Completion{{Day: day(t, "2026-02-01"), Version: 1, Number: 1}, {Day: day(t, "2026-02-01"), Version: 1, Number: 2}}, "2026-03-01", "first 2026-01-10 2026-02-09 2026-02-01 pass pass|renewal 2027-01-02 2027-02-01 2026-02-01 pass pass|renewal 2027-01-02 2027-02-01 - not_observed not_applicable; done"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := ann
			if c.who != nil {
				c.who(&m)
			}
			r := &Running{Versions: c.versions, Assigned: c.assigned}
			dues := r.Dues(&m, c.away, c.done, time.UTC)
			var parts []string
			for _, d := range dues {
				done := "-"
				if d.Done != nil {
					done = d.Done.Day.String()
				}
				in, _ := d.InTime(day(t, c.today), true)
				current, _ := d.Current(r)
				parts = append(parts, fmt.Sprint(d.Why, " ", d.Asked, " ", d.Day, " ", done, " ", in, " ", current))
			}
			state, _ := stand(dues, day(t, c.today))
			if got := strings.Join(parts, "|") + "; " + string(state); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Somebody without a login is told apart, before the day and after it.
func TestNoLogin(t *testing.T) {
	d := Due{Asked: 10, Day: 40, Why: First}
	for _, c := range []struct {
		today     Day
		outcome   string
		reasonHas string
	}{{40, notObserved, "no login"}, {41, fail, "no login to take it with, and no completion was imported"}} {
		if outcome, reason := d.InTime(c.today, false); outcome != c.outcome || !strings.Contains(reason, c.reasonHas) {
			t.Errorf("on %d: %s, %s", c.today, outcome, reason)
		}
	}
}

func TestDay(t *testing.T) {
	for _, c := range [][3]string{{"2026-01-31", "1", "2026-02-28"}, {"2028-01-31", "1", "2028-02-29"}, {"2026-12-15", "12", "2027-12-15"}, {"2028-02-29", "12", "2029-02-28"}} {
		n := 0
		fmt.Sscan(c[1], &n)
		if got := day(t, c[0]).months(n).String(); got != c[2] {
			t.Errorf("%s and %s months: %s, not %s", c[0], c[1], got, c[2])
		}
	}
	if zone, err := time.LoadLocation("Europe/Lisbon"); err != nil || DayOf(time.Date(2026, 7, 1, 23, 30, 0, 0, time.UTC), zone) != day(t, "2026-07-02") {
		t.Error("a day is one of its zone", err)
	}
}
