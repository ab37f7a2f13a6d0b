package instance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"
)

func when(t *testing.T, text string) time.Time {
	t.Helper()
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	t.Fatalf("%q is no time", text)
	return time.Time{}
}

// step is one version of a control: "adopted monthly" from a moment on.
type step struct {
	from, state, frequency, anchor string
}

func controlOf(t *testing.T, steps ...step) *control.Control {
	t.Helper()
	c := &control.Control{ID: "ctl_1", Slug: "review", Number: 1}
	for i, s := range steps {
		d := control.Design{Slug: "review", Mode: control.Manual, Frequency: s.frequency, Anchor: s.anchor}
		if trigger, ok := strings.CutPrefix(s.frequency, "on "); ok {
			d.Frequency, d.Trigger = "", trigger
		}
		c.History = append(c.History, control.Version{Seq: i + 1, Version: i + 1, State: control.State(s.state), Design: d, Effective: when(t, s.from), Made: control.Made{Index: int64(i)}})
	}
	return c
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// What is expected: key, start to due, as the zone's clock shows them.
func TestExpected(t *testing.T) {
	for _, tc := range []struct {
		name, zone, from, to string
		steps                []step
		want                 []string
	}{
		{"quarterly over a year", "UTC", "2026-01-01", "2027-01-01", []step{{"2025-06-01", "adopted", "quarterly", ""}}, []string{
			"2026-03-31 01 Jan 00:00 to 01 Apr 00:00, grace 15 Apr", "2026-06-30 01 Apr 00:00 to 01 Jul 00:00, grace 15 Jul",
			"2026-09-30 01 Jul 00:00 to 01 Oct 00:00, grace 15 Oct", "2026-12-31 01 Oct 00:00 to 01 Jan 00:00, grace 15 Jan"}},
		{"monthly on the 31st", "UTC", "2026-01-01", "2026-06-02", []step{{"2025-06-01", "adopted", "monthly", "2025-12-31"}}, []string{
			"2026-01-30 31 Dec 00:00 to 31 Jan 00:00, grace 07 Feb", "2026-02-27 31 Jan 00:00 to 28 Feb 00:00, grace 07 Mar",
			"2026-03-30 28 Feb 00:00 to 31 Mar 00:00, grace 07 Apr", "2026-04-29 31 Mar 00:00 to 30 Apr 00:00, grace 07 May",
			"2026-05-30 30 Apr 00:00 to 31 May 00:00, grace 07 Jun", "2026-06-29 31 May 00:00 to 30 Jun 00:00, grace 07 Jul"}},
		{"monthly over a leap day", "UTC", "2028-02-01", "2028-03-01", []step{{"2025-06-01", "adopted", "monthly", ""}}, []string{
			"2028-02-29 01 Feb 00:00 to 01 Mar 00:00, grace 08 Mar"}},
		{"weekly over a change of the clock", "Europe/Dublin", "2026-03-23T00:00:00Z", "2026-04-05T00:00:00Z", []step{{"2025-06-01", "adopted", "weekly", ""}}, []string{
			"2026-03-29 23 Mar 00:00 to 30 Mar 00:00, grace 02 Apr", "2026-04-05 30 Mar 00:00 to 06 Apr 00:00, grace 09 Apr"}},
		{"daily over a day without midnight", "America/Sao_Paulo", "2018-11-03T03:00:00Z", "2018-11-05T02:00:00Z", []step{{"2018-01-01", "adopted", "daily", ""}}, []string{
			"2018-11-03 03 Nov 00:00 to 04 Nov 01:00, grace 05 Nov", "2018-11-04 04 Nov 01:00 to 05 Nov 00:00, grace 06 Nov"}},
		{"yearly, of which half is left", "UTC", "2026-01-01", "2027-01-01", []step{{"2026-06-15", "adopted", "yearly", ""}}, []string{
			"2026-12-31 15 Jun 00:00 to 01 Jan 00:00, grace 31 Jan"}},
		{"yearly, of which less is left", "UTC", "2026-01-01", "2027-01-01", []step{{"2026-07-15", "adopted", "yearly", ""}}, []string{
			"2027-12-31 15 Jul 00:00 to 01 Jan 00:00, grace 31 Jan"}},
		{"half-yearly by its own anchor", "UTC", "2026-01-01", "2027-01-01", []step{{"2025-01-01", "adopted", "half-yearly", "2025-04-01"}}, []string{
			"2026-03-31 01 Oct 00:00 to 01 Apr 00:00, grace 22 Apr", "2026-09-30 01 Apr 00:00 to 01 Oct 00:00, grace 22 Oct",
			"2027-03-31 01 Oct 00:00 to 01 Apr 00:00, grace 22 Apr"}},
		{"an anchor in the future", "UTC", "2026-01-01", "2026-03-01", []step{{"2025-01-01", "adopted", "monthly", "2030-06-15"}}, []string{
			"2026-01-14 15 Dec 00:00 to 15 Jan 00:00, grace 22 Jan", "2026-02-14 15 Jan 00:00 to 15 Feb 00:00, grace 22 Feb",
			"2026-03-14 15 Feb 00:00 to 15 Mar 00:00, grace 22 Mar"}},
		{"adopted in mid-window", "UTC", "2026-01-01", "2026-05-01", []step{{"2026-02-10", "adopted", "monthly", ""}}, []string{
			"2026-02-28 10 Feb 00:00 to 01 Mar 00:00, grace 08 Mar", "2026-03-31 01 Mar 00:00 to 01 Apr 00:00, grace 08 Apr",
			"2026-04-30 01 Apr 00:00 to 01 May 00:00, grace 08 May"}},
		{"retired in mid-window: the running one is cut", "UTC", "2026-01-01", "2027-01-01",
			[]step{{"2025-01-01", "adopted", "quarterly", ""}, {"2026-08-20", "retired", "quarterly", ""}}, []string{
				"2026-03-31 01 Jan 00:00 to 01 Apr 00:00, grace 15 Apr", "2026-06-30 01 Apr 00:00 to 01 Jul 00:00, grace 15 Jul"}},
		{"another frequency in mid-window", "UTC", "2026-01-01", "2026-10-01",
			[]step{{"2025-01-01", "adopted", "monthly", ""}, {"2026-02-15", "adopted", "quarterly", ""}}, []string{
				"2026-01-31 01 Jan 00:00 to 01 Feb 00:00, grace 08 Feb", "2026-03-31 15 Feb 00:00 to 01 Apr 00:00, grace 15 Apr",
				"2026-06-30 01 Apr 00:00 to 01 Jul 00:00, grace 15 Jul", "2026-09-30 01 Jul 00:00 to 01 Oct 00:00, grace 15 Oct"}},
		{"another text, the same frequency: nothing is cut", "UTC", "2026-01-01", "2026-04-01",
			[]step{{"2025-01-01", "adopted", "quarterly", ""}, {"2026-02-15", "adopted", "quarterly", ""}}, []string{
				"2026-03-31 01 Jan 00:00 to 01 Apr 00:00, grace 15 Apr"}},
		{"back after retirement", "UTC", "2026-01-01", "2026-12-31",
			[]step{{"2025-01-01", "adopted", "half-yearly", ""}, {"2026-02-01", "retired", "half-yearly", ""}, {"2026-07-10", "adopted", "half-yearly", ""}}, []string{
				"2026-12-31 10 Jul 00:00 to 01 Jan 00:00, grace 22 Jan"}},
		{"a draft: nothing is expected", "UTC", "2026-01-01", "2027-01-01", []step{{"2025-01-01", "draft", "monthly", ""}}, nil},
		{"continuous: nothing is expected", "UTC", "2026-01-01", "2027-01-01", []step{{"2025-01-01", "adopted", "continuous", ""}}, nil},
	} {
		p := instance.NewBook(nil, nil).Plan(controlOf(t, tc.steps...), zone(t, tc.zone), -1, when(t, tc.from), when(t, tc.to))
		var got []string
		for _, i := range p.At(when(t, tc.to), when(t, tc.from)) {
			z := zone(t, tc.zone)
			got = append(got, fmt.Sprintf("%s %s to %s, grace %s", i.Key, i.Start.In(z).Format("02 Jan 15:04"), i.Due.In(z).Format("02 Jan 15:04"), i.Grace.In(z).Format("02 Jan")))
		}
		if g, w := strings.Join(got, "\n"), strings.Join(tc.want, "\n"); g != w {
			t.Errorf("%s:\n%s\nwant\n%s", tc.name, g, w)
		}
	}
}

// Periods follow one another without gap or overlap, whatever the frequency,
// the zone and the anchor.
func TestPeriodsFollowOneAnother(t *testing.T) {
	for _, frequency := range []string{"daily", "weekly", "monthly", "quarterly", "half-yearly", "yearly"} {
		for _, name := range []string{"UTC", "Europe/Dublin", "America/Havana", "Australia/Lord_Howe"} {
			for _, anchor := range []string{"", "2024-02-29", "2025-12-31", "2031-05-30"} {
				p := instance.NewBook(nil, nil).Plan(controlOf(t, step{"2024-01-01", "adopted", frequency, anchor}), zone(t, name), -1, when(t, "2024-01-01"), when(t, "2028-06-01"))
				list := p.At(when(t, "2028-06-01"), when(t, "2024-01-01"))
				seen := map[string]bool{}
				for k, i := range list {
					if seen[i.Key] || !i.Start.Before(i.Due) || !i.Due.Before(i.Grace) {
						t.Fatalf("%s %s %s: %+v", frequency, name, anchor, i)
					}
					seen[i.Key] = true
					if k > 0 && !list[k-1].Due.Equal(i.Start) {
						t.Fatalf("%s %s %s: %s ends %s, %s begins %s", frequency, name, anchor, list[k-1].Key, list[k-1].Due, i.Key, i.Start)
					}
				}
				if len(list) < 4 || list[len(list)-1].Due.Before(when(t, "2028-06-01")) {
					t.Fatalf("%s %s %s: %d periods", frequency, name, anchor, len(list))
				}
			}
		}
	}
}

// shown is evidence of an instance in one line: "2026-03-30 2026-03-31 accepted".
func shown(t *testing.T, n int, text string) instance.Performance {
	t.Helper()
	f := strings.Fields(text)
	p := instance.Performance{Evidence: fmt.Sprintf("evd_%d", n), Number: n, Version: 1, Control: "ctl_1", Role: instance.AsPerformance, Items: -1,
		Performed: when(t, f[0]), Collected: when(t, f[0]).AddDate(0, 0, 5), Instance: f[1], Index: 100}
	if len(f) > 2 && f[2] != "new" {
		p.Reviews = []instance.Review{{Decision: instance.Decision(f[2]), Index: 101}}
	}
	return p
}

// The rules of states and verdicts, at a moment in a window from 1 January, of
// a quarterly control adopted a year before.
func TestStatesAndVerdicts(t *testing.T) {
	for _, tc := range []struct {
		name, at string
		evidence []string
		said     []string // "2026-04-20 2026-03-31 waived"
		states   string
		verdict  instance.Verdict
		why      string
	}{
		{"nothing yet, none due", "2026-02-01", nil, nil, "expected", instance.Nothing, "no instance is recorded yet; the first is due on 31 Mar 2026"},
		{"none due, the last before the window was fine", "2026-02-01", []string{"2025-12-20 2025-12-31 accepted"}, nil, "expected", instance.Fine,
			"the last instance, due on 31 Dec 2025, was performed; the next is due on 31 Mar 2026"},
		{"none due, the last before the window awaits review", "2026-02-01", []string{"2025-12-20 2025-12-31 new"}, nil, "expected", instance.Nothing, "no instance is recorded yet; the first is due on 31 Mar 2026"},
		{"performed and accepted", "2026-04-02", []string{"2026-03-30 2026-03-31 accepted"}, nil, "performed expected", instance.Fine, "the only instance due was performed in time"},
		{"performed on the last instant", "2026-04-02", []string{"2026-03-31T23:59:59Z 2026-03-31 accepted"}, nil, "performed expected", instance.Fine, "the only instance due was performed in time"},
		{"performed on the first instant after", "2026-04-02", []string{"2026-04-01T00:00:00Z 2026-03-31 accepted"}, nil, "late expected", instance.Deviates, "of the only instance due 1 late"},
		{"before it was performed", "2026-03-01", []string{"2026-03-30 2026-03-31 accepted"}, nil, "expected", instance.Nothing, "no instance is recorded yet; the first is due on 31 Mar 2026"},
		{"performed, not reviewed", "2026-04-02", []string{"2026-03-30 2026-03-31 new"}, nil, "performed expected", instance.Lacks, "E-1 for the instance due on 31 Mar 2026 awaits review"},
		{"performed before it is due, not reviewed", "2026-03-31T00:00:00Z", []string{"2026-03-30 2026-03-31 new"}, nil, "performed", instance.Lacks, "E-1 for the instance due on 31 Mar 2026 awaits review"},
		{"sent back", "2026-04-02", []string{"2026-03-30 2026-03-31 sent_back"}, nil, "expected expected", instance.Lacks, "no evidence shows the instance due on 31 Mar 2026 yet"},
		{"due, in grace", "2026-04-01T00:00:00Z", nil, nil, "expected expected", instance.Lacks, "no evidence shows the instance due on 31 Mar 2026 yet"},
		{"the last instant of grace", "2026-04-14T23:59:59Z", nil, nil, "expected expected", instance.Lacks, "no evidence shows the instance due on 31 Mar 2026 yet"},
		{"missed", "2026-04-15T00:00:00Z", nil, nil, "missed expected", instance.Deviates, "of the only instance due 1 missed"},
		{"sent back and missed", "2026-04-15T00:00:00Z", []string{"2026-03-30 2026-03-31 sent_back"}, nil, "missed expected", instance.Deviates, "of the only instance due 1 missed"},
		{"late after it was missed", "2026-06-01", []string{"2026-05-10 2026-03-31 accepted"}, nil, "late expected", instance.Deviates, "of the only instance due 1 late"},
		{"late, not reviewed: a deviation all the same", "2026-06-01", []string{"2026-05-10 2026-03-31 new"}, nil, "late expected", instance.Deviates, "of the only instance due 1 late"},
		{"accepted late, claimed in time: the claim hides nothing", "2026-06-01", []string{"2026-05-10 2026-03-31 accepted", "2026-03-30 2026-03-31 new"}, nil, "late expected", instance.Deviates, "of the only instance due 1 late"},
		{"accepted late, then shown in time", "2026-06-01", []string{"2026-05-10 2026-03-31 accepted", "2026-03-30 2026-03-31 accepted"}, nil, "performed expected", instance.Fine, "the only instance due was performed in time"},
		{"collected late is not performed late", "2026-06-01", []string{"2026-03-30 2026-03-31 accepted"}, nil, "performed expected", instance.Fine, "the only instance due was performed in time"},
		{"waived: a deviation", "2026-04-20", nil, []string{"2026-04-10 2026-03-31 waived"}, "waived expected", instance.Deviates, "of the only instance due 1 waived"},
		{"before it was waived", "2026-04-05", nil, []string{"2026-04-10 2026-03-31 waived"}, "expected expected", instance.Lacks, "no evidence shows the instance due on 31 Mar 2026 yet"},
		{"waived and taken back", "2026-04-20", nil, []string{"2026-04-10 2026-03-31 waived", "2026-04-12 2026-03-31 resumed"}, "missed expected", instance.Deviates, "of the only instance due 1 missed"},
		{"waived, then performed after all", "2026-04-20", []string{"2026-03-30 2026-03-31 accepted"}, []string{"2026-03-10 2026-03-31 waived"}, "performed expected", instance.Fine, "the only instance due was performed in time"},
		{"two of three", "2026-10-20", []string{"2026-03-30 2026-03-31 accepted", "2026-09-30 2026-09-30 accepted"}, nil, "performed missed performed expected", instance.Deviates, "of 3 instances due 1 missed"},
		{"missed before the window is not of this window", "2026-04-02", []string{"2026-03-30 2026-03-31 accepted"}, nil, "performed expected", instance.Fine, "the only instance due was performed in time"},
		{"one of two, the second in grace", "2026-07-03", []string{"2026-03-30 2026-03-31 accepted"}, nil, "performed expected expected", instance.Lacks, "no evidence shows the instance due on 30 Jun 2026 yet"},
	} {
		var evidence []instance.Performance
		for n, text := range tc.evidence {
			evidence = append(evidence, shown(t, n+1, text))
		}
		var events []instance.Event
		for _, text := range tc.said {
			f := strings.Fields(text)
			events = append(events, instance.Event{Control: "ctl_1", Instance: f[1], Kind: instance.Happening(f[2]), At: when(t, f[0]), Index: 100})
		}
		at, from := when(t, tc.at), when(t, "2026-01-01")
		p := instance.NewBook(evidence, events).Plan(controlOf(t, step{"2025-01-01", "adopted", "quarterly", ""}), time.UTC, -1, from.AddDate(-1, 0, 0), at.Add(time.Microsecond))
		got := p.Conclude(at, from)
		var states []string
		for _, i := range got.Instances {
			states = append(states, string(i.State))
		}
		if s := strings.Join(states, " "); s != tc.states || got.Verdict != tc.verdict || got.Why != tc.why {
			t.Errorf("%s: %s, %s, %q; want %s, %s, %q", tc.name, s, got.Verdict, got.Why, tc.states, tc.verdict, tc.why)
		}
	}
}

// What was not known then is not held against then.
func TestAsKnownThen(t *testing.T) {
	e := shown(t, 1, "2026-03-30 2026-03-31 accepted")
	b := instance.NewBook([]instance.Performance{e}, nil)
	c := controlOf(t, step{"2025-01-01", "adopted", "quarterly", ""})
	at, from := when(t, "2026-04-20"), when(t, "2026-01-01")
	for _, tc := range []struct {
		known int64
		want  instance.Verdict
	}{{0, instance.Nothing}, {1, instance.Deviates}, {100, instance.Deviates}, {101, instance.Lacks}, {102, instance.Fine}, {-1, instance.Fine}} {
		if got := b.Plan(c, time.UTC, tc.known, from.AddDate(-1, 0, 0), at).Conclude(at, from); got.Verdict != tc.want {
			t.Errorf("known %d: %s (%s), want %s", tc.known, got.Verdict, got.Why, tc.want)
		}
	}
	// A newer version speaks for the item: until it is reviewed nothing is shown.
	second := e
	second.Version, second.Index, second.Reviews = 2, 200, nil
	b = instance.NewBook([]instance.Performance{e, second}, nil)
	if got := b.Plan(c, time.UTC, -1, from, at).Conclude(at, from); got.Verdict != instance.Lacks {
		t.Errorf("superseded by what nobody reviewed: %s", got.Verdict)
	}
	if got := b.Plan(c, time.UTC, 150, from, at).Conclude(at, from); got.Verdict != instance.Fine {
		t.Errorf("before the newer version: %s", got.Verdict)
	}
	// A newer version that covers another control covers this one no more.
	second.Role, second.Instance = "", ""
	b = instance.NewBook([]instance.Performance{e, second}, nil)
	if got := b.Plan(c, time.UTC, -1, from, at).Conclude(at, from); got.Verdict != instance.Deviates {
		t.Errorf("not covered any more: %s", got.Verdict)
	}
}

// A triggered control did not operate only where that was counted.
func TestTriggered(t *testing.T) {
	count := func(n int, quarter string, items int64, decision string) instance.Performance {
		p := shown(t, n, "2026-12-01 "+quarter+" "+decision)
		p.Role, p.Items = instance.AsPopulation, items
		return p
	}
	set := func(day string) instance.Event {
		return instance.Event{Control: "ctl_1", Instance: day + ".1", Kind: instance.SetOff, Occurred: when(t, day), Due: when(t, day).AddDate(0, 0, 7), Reason: "leaver 12", At: when(t, day), Index: 50}
	}
	for _, tc := range []struct {
		name, at string
		evidence []instance.Performance
		events   []instance.Event
		verdict  instance.Verdict
		why      string
	}{
		{"nothing known, no quarter ended", "2026-02-01", nil, nil, instance.Nothing, "nothing is recorded to have set it off, and nothing shows that nothing did"},
		{"a quarter ended uncounted", "2026-04-20", nil, nil, instance.Nothing, "nothing is recorded to have set it off, and the quarter to 31 Mar 2026 was not counted"},
		{"counted as none, not reviewed", "2026-04-20", []instance.Performance{count(1, "2026-03-31", 0, "new")}, nil, instance.Lacks, "E-1, which counts none in the quarter to 31 Mar 2026, awaits review"},
		{"counted as none, accepted", "2026-04-20", []instance.Performance{count(1, "2026-03-31", 0, "accepted")}, nil, instance.Silent, "nothing set it off in the quarter that was counted completely"},
		{"one of two quarters counted", "2026-07-20", []instance.Performance{count(1, "2026-03-31", 0, "accepted")}, nil, instance.Nothing, "nothing is recorded to have set it off, and the quarter to 30 Jun 2026 was not counted"},
		{"two of two", "2026-07-20", []instance.Performance{count(1, "2026-03-31", 0, "accepted"), count(2, "2026-06-30", 0, "accepted")}, nil, instance.Silent, "nothing set it off in 2 quarters that were counted completely"},
		{"counted as two, none recorded", "2026-04-20", []instance.Performance{count(1, "2026-03-31", 2, "accepted")}, nil, instance.Lacks, "E-1 counts 2 in the quarter to 31 Mar 2026, and none is recorded"},
		{"set off, not due", "2026-03-05", nil, []instance.Event{set("2026-03-01")}, instance.Nothing, "nothing is recorded to have set it off, and nothing shows that nothing did"},
		{"set off, due", "2026-03-09", nil, []instance.Event{set("2026-03-01")}, instance.Lacks, "no evidence shows the instance due on 7 Mar 2026 yet"},
		{"set off, missed", "2026-03-20", nil, []instance.Event{set("2026-03-01")}, instance.Deviates, "of the only instance due 1 missed"},
		{"set off, performed", "2026-03-20", []instance.Performance{shown(t, 1, "2026-03-02 2026-03-01.1 accepted")}, []instance.Event{set("2026-03-01")}, instance.Fine, "the only instance due was performed in time"},
		{"set off in error", "2026-03-20", nil, []instance.Event{set("2026-03-01"), {Control: "ctl_1", Instance: "2026-03-01.1", Kind: instance.Withdrawn, At: when(t, "2026-03-02"), Index: 51}},
			instance.Nothing, "nothing is recorded to have set it off, and nothing shows that nothing did"},
	} {
		at, from := when(t, tc.at), when(t, "2026-01-01")
		p := instance.NewBook(tc.evidence, tc.events).Plan(controlOf(t, step{"2025-06-01", "adopted", "on a leaver", ""}), time.UTC, -1, from, at)
		if got := p.Conclude(at, from); got.Verdict != tc.verdict || got.Why != tc.why {
			t.Errorf("%s: %s, %q; want %s, %q", tc.name, got.Verdict, got.Why, tc.verdict, tc.why)
		}
	}
}

// Between two of its moments a verdict stays what it is.
func TestMomentsAreAllThereAre(t *testing.T) {
	evidence := []instance.Performance{shown(t, 1, "2026-01-20 2026-01-31 accepted"), shown(t, 2, "2026-03-04T13:00:00Z 2026-02-28 accepted"), shown(t, 3, "2026-04-30 2026-04-30 new")}
	events := []instance.Event{{Control: "ctl_1", Instance: "2026-06-30", Kind: instance.Waived, At: when(t, "2026-06-10T08:00:00Z")}}
	c := controlOf(t, step{"2025-06-01", "adopted", "monthly", ""}, step{"2026-08-10", "retired", "monthly", ""})
	from, to := when(t, "2026-01-01"), when(t, "2027-01-01")
	p := instance.NewBook(evidence, events).Plan(c, time.UTC, -1, from.AddDate(-1, 0, 0), to)
	text := func(at time.Time) string { return fmt.Sprint(p.Conclude(at, from).Verdict) }
	turns := map[time.Time]bool{}
	for _, m := range p.Moments(from, to) {
		turns[m] = true
	}
	before := text(from)
	for at := from.Add(time.Hour); !at.After(to); at = at.Add(time.Hour) {
		now := text(at)
		if now != before && !turns[at] {
			t.Fatalf("%s: %s became %s, and no moment says so", at, before, now)
		}
		before = now
	}
	if len(turns) < 20 {
		t.Errorf("only %d moments", len(turns))
	}
}

func TestHorizon(t *testing.T) {
	w, ok := scope.Content{Zone: "UTC", Examination: scope.Examination{Type: 2, From: "2026-04-01", To: "2026-09-30"}}.Window()
	for at, want := range map[string]string{"2026-03-31": "2025-03-31", "2026-04-01": "2026-04-01", "2026-09-30": "2026-04-01", "2026-10-01": "2025-10-01"} {
		if got := instance.Horizon(w, ok, when(t, at)); !got.Equal(when(t, want)) {
			t.Errorf("%s: from %s, want %s", at, got, want)
		}
	}
}

// What can still be gathered: to perform, or to collect.
func TestGather(t *testing.T) {
	w, _ := scope.Content{Zone: "UTC", Examination: scope.Examination{Type: 2, From: "2026-01-01", To: "2026-12-31"}}.Window()
	b := instance.NewBook([]instance.Performance{shown(t, 1, "2026-06-20 2026-06-30 new")}, nil)
	p := b.Plan(controlOf(t, step{"2025-01-01", "adopted", "quarterly", ""}), time.UTC, -1, w.Start, w.End)
	var got []string
	for _, g := range p.Gather(when(t, "2026-08-01"), w) {
		got = append(got, fmt.Sprintf("%s %s perform %v until %s", g.Key, g.State, g.Perform, g.Until.Format(time.DateOnly)))
	}
	want := []string{"2026-09-30 expected perform true until 2026-10-01", "2026-03-31 missed perform false until 2027-01-01", "2026-12-31 expected perform true until 2027-01-01"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if rest := p.Gather(w.End, w); rest != nil {
		t.Errorf("after the window: %v", rest)
	}
}

func BenchmarkDailyForAYear(b *testing.B) {
	c := &control.Control{ID: "ctl_1", History: []control.Version{{Seq: 1, Version: 1, State: control.Adopted, Design: control.Design{Mode: control.Manual, Frequency: "daily"}, Effective: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}}}
	from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for b.Loop() {
		p := instance.NewBook(nil, nil).Plan(c, time.UTC, -1, from, to)
		for _, m := range p.Moments(from, to) {
			p.Conclude(m, from)
		}
	}
}
