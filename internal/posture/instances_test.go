package posture

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"
)

// monthly is a manual control that no check observes.
func monthly() control.Design {
	return control.Design{Slug: "backup-read", Title: "Backups are restored", Weight: control.Key, Mode: control.Manual, Frequency: "monthly",
		Points: []control.PointLink{point("CC6.1", 2, control.Addresses)}}
}

func shown(n int, key, performed string, decision instance.Decision) instance.Performance {
	at, err := time.Parse(time.DateOnly, performed)
	if err != nil {
		panic(err)
	}
	p := instance.Performance{Evidence: key, Number: n, Version: 1, Control: "ctl_b", Instance: key, Role: instance.AsPerformance, Items: -1, Performed: at, Collected: at, Index: 10}
	if decision != "" {
		p.Reviews = []instance.Review{{Decision: decision, Index: 11}}
	}
	return p
}

// What instances say becomes the status of a control and of its criterion.
func TestStatusOfInstances(t *testing.T) {
	for _, tc := range []struct {
		name     string
		at       string
		evidence []instance.Performance
		events   []instance.Event
		status   Status
		why      string
		coverage Coverage
	}{
		{"nothing observed", "2026-01-20", nil, nil, Insufficient, "no instance is recorded yet; the first is due on 31 Jan 2026", Coverage{0, 0}},
		{"due, not shown", "2026-02-03", nil, nil, Insufficient, "no evidence shows the instance due on 31 Jan 2026 yet", Coverage{0, 1}},
		{"missed", "2026-02-08", nil, nil, Deviation, "of the only instance due 1 missed", Coverage{0, 1}},
		{"waits for review", "2026-02-03", []instance.Performance{shown(1, "2026-01-31", "2026-01-30", "")}, nil, Insufficient, "E-1 for the instance due on 31 Jan 2026 awaits review", Coverage{0, 1}},
		{"accepted", "2026-02-20", []instance.Performance{shown(1, "2026-01-31", "2026-01-30", instance.Accepted)}, nil, None, "the only instance due was performed in time", Coverage{1, 1}},
		{"late", "2026-02-20", []instance.Performance{shown(1, "2026-01-31", "2026-02-02", instance.Accepted)}, nil, Deviation, "of the only instance due 1 late", Coverage{1, 1}},
		{"waived", "2026-02-20", nil, []instance.Event{{Control: "ctl_b", Instance: "2026-01-31", Kind: instance.Waived, At: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), Index: 10}}, Deviation, "of the only instance due 1 waived", Coverage{0, 1}},
		{"one of two missed", "2026-03-10", []instance.Performance{shown(1, "2026-01-31", "2026-01-30", instance.Accepted)}, nil, Deviation, "of 2 instances due 1 missed", Coverage{1, 2}},
	} {
		w := newWorld().adopt(monthly())
		w.program.Controls[0].ID = "ctl_b"
		w.program.Controls[0].History[0].Effective = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
		w.book = instance.NewBook(tc.evidence, tc.events)
		var err error
		if w.valid, err = time.Parse(time.DateOnly, tc.at); err != nil {
			t.Fatal(err)
		}
		d := derive(w.basis)
		k := d.controls[0]
		if k.Status != tc.status || k.Why != tc.why || k.Coverage != tc.coverage {
			t.Errorf("%s: %s, %q, %v; want %s, %q, %v", tc.name, k.Status, k.Why, k.Coverage, tc.status, tc.why, tc.coverage)
		}
		if c := w.criterion(t, "CC6.1"); c.Status != tc.status {
			t.Errorf("%s: the criterion shows %s", tc.name, c.Status)
		}
		if tc.status == Deviation && k.Since.IsZero() {
			t.Errorf("%s: nothing says since when", tc.name)
		}
	}
}

// Where checks and instances both speak, the worse of the two does.
func TestChecksAndInstances(t *testing.T) {
	both := monthly()
	both.Checks = []string{"linux-server/clock"}
	for _, tc := range []struct {
		name     string
		counts   Counts
		decision instance.Decision
		status   Status
		why      string
	}{
		{"both fine", Counts{Pass: 4}, instance.Accepted, None, "4 of 4"},
		{"check fails", Counts{Pass: 3, Fail: 1}, instance.Accepted, Deviation, "1 of 4 hosts fails clock"},
		{"instance waits", Counts{Pass: 4}, "", Insufficient, "E-1 for the instance due on 31 Jan 2026 awaits review"},
		{"check fails, instance waits", Counts{Pass: 3, Fail: 1}, "", Deviation, "1 of 4 hosts fails clock"},
	} {
		w := newWorld().adopt(both).count("clock", "running", tc.counts)
		w.program.Controls[0].ID = "ctl_b"
		w.program.Controls[0].History[0].Effective = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
		w.book = instance.NewBook([]instance.Performance{shown(1, "2026-01-31", "2026-01-30", tc.decision)}, nil)
		w.valid = time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC)
		c := derive(w.basis).controls[0]
		if c.Status != tc.status || (tc.name != "both fine" && c.Why[:len(tc.why)] != tc.why) {
			t.Errorf("%s: %s, %q", tc.name, c.Status, c.Why)
		}
	}
}

// Over four months of people bringing, reviewing, waiving and forgetting, the
// grid's cells are what asking at the end of each week says; and what was said
// on a day is what is said later of that day as known then.
func TestInstancesOnBothAxes(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		d := newDeployment(t, db)
		now := d.clock.Now
		d.must(errOf(d.controls.ApproveAll(d.ctx, admin)))
		scopes := scope.New(scope.Config{DB: db, Ledger: d.log, Clock: now})
		brought := evidence.NewService(evidence.Config{DB: db, Ledger: d.log, Clock: now, MinFree: -1})
		instances := instance.New(instance.Config{DB: db, Ledger: d.log, Clock: now})
		other := access.Principal{UserID: "usr_2", Role: access.Administrator}
		program, err := d.controls.Program(d.ctx, admin)
		d.must(err)
		r := rand.New(rand.NewPCG(3, 3))
		type moment struct {
			at    time.Time
			known int64
			said  map[string]Status
		}
		var moments []moment
		reviewed := map[int]bool{}
		for days := 1; days <= 120; days++ {
			d.until(days, 9)
			if days == 20 {
				d.must(errOf(scopes.Propose(d.ctx, admin, scope.Proposal{Reason: "the first window", From: at(10, 0).Format(time.DateOnly), Content: scope.Content{Scope: catalog.DefaultScope(), Zone: "UTC",
					Examination: scope.Examination{Type: 2, From: at(10, 0).Format(time.DateOnly), To: at(90, 0).Format(time.DateOnly)}}})))
				d.must(scopes.Approve(d.ctx, other, 2, ""))
			}
			for range 2 {
				c := program.Controls[r.IntN(len(program.Controls))]
				o, err := brought.Instances(d.ctx, admin, c.Slug, now(), -1)
				d.must(err)
				switch n := r.IntN(20); {
				case o.Triggered && n < 4:
					d.must(errOf(instances.SetOff(d.ctx, admin, c.Slug, instance.Trigger{Occurred: now(), Due: now().AddDate(0, 0, 5), What: "ticket"})))
				case len(o.Instances) == 0:
				default:
					i := o.Instances[r.IntN(len(o.Instances))]
					if i.Start.After(now()) {
						continue
					}
					if n == 19 && i.State != instance.Waiver && !i.Population {
						d.must(instances.Say(d.ctx, admin, c.Slug, i.Key, instance.Waived, "nobody was there to do it"))
						continue
					}
					e := evidence.New{Kind: evidence.Link, Title: "what was done", Source: "somebody", Address: "https://example.org/", Performed: now().Truncate(24 * time.Hour),
						From: i.Start.Truncate(24 * time.Hour), To: now(), Covers: []evidence.Cover{{Control: c.Slug, Instance: i.Key}}}
					if i.Population {
						if now().Before(i.Due) {
							continue
						}
						e.Covers[0].Role, e.Covers[0].Items = instance.AsPopulation, int64(r.IntN(2))
					}
					v, err := brought.Add(d.ctx, admin, e, nil)
					d.must(err)
					reviewed[v.Number] = false
				}
			}
			for number, done := range reviewed {
				if !done && number%3 != 0 {
					decision := instance.Accepted
					if number%7 == 0 {
						decision = instance.SentBack
					}
					d.must(brought.Decide(d.ctx, other, number, 1, decision, "as it should be, or not", ""))
					reviewed[number] = true
				}
			}
			if days == 60 {
				d.must(d.controls.Retire(d.ctx, admin, program.Controls[3].Slug, "to see the grid turn"))
			}
			if days%17 == 0 { // so that the grid below rests in part on what is kept
				d.must(d.Keep(d.ctx, nil))
			}
			if days%11 == 0 {
				m := moment{at: now(), known: d.number(), said: map[string]Status{}}
				snap, err := d.Criteria(d.ctx, At{Valid: m.at, Known: -1})
				d.must(err)
				for _, c := range snap.Criteria {
					m.said[c.ID] = c.Status
				}
				moments = append(moments, m)
			}
		}
		for _, m := range moments {
			snap, err := d.Criteria(d.ctx, At{Valid: m.at, Known: m.known})
			d.must(err)
			for _, c := range snap.Criteria {
				if c.Status != m.said[c.ID] {
					t.Errorf("%s on %s as known then: %s, and then it said %s: %s", c.ID, m.at.Format(time.DateOnly), c.Status, m.said[c.ID], c.Why)
				}
			}
		}
		g, err := d.Weeks(d.ctx, at(0, 0), at(126, 0))
		d.must(err)
		seen := map[Status]int{}
		for w, week := range g.Weeks {
			end := week.End.Add(-time.Microsecond)
			if end.After(now()) {
				end = now()
			}
			if week.Start.After(end) {
				continue
			}
			snap, err := d.Criteria(d.ctx, At{Valid: end, Known: -1})
			d.must(err)
			for i, row := range g.Rows {
				seen[row.Cells[w].Status]++
				if row.Cells[w].Status != snap.Criteria[i].Status {
					t.Errorf("%s, week %d: %s, criteria say %s: %s", row.Criterion, w+1, row.Cells[w].Status, snap.Criteria[i].Status, snap.Criteria[i].Why)
				}
			}
		}
		if seen[Deviation] < 50 || seen[Insufficient] < 50 || seen[None] < 5 {
			t.Errorf("the grid shows too little: %v", seen)
		}
	})
}
