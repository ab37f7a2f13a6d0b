package posture

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/packs"
)

// deployment is a lab as it is after the first start: the shipped standard and
// the shipped starter controls, both drafts.
type deployment struct {
	*lab
	*Service
	standards *standard.Service
	controls  *control.Service
	good      judge.Item // a host in good order: it passes every check
}

var admin = access.Principal{UserID: "usr_1", Role: access.Administrator}

func newDeployment(t testing.TB, db *database.DB) *deployment {
	t.Helper()
	l := newLab(t, db)
	d := &deployment{lab: l}
	var err error
	d.standards, err = standard.New(standard.Config{DB: db, Ledger: l.log, Clock: l.clock.Now})
	l.must(err)
	shipped, err := packs.Open("linux-server")
	l.must(err)
	_, err = d.standards.Install(l.ctx, access.System(), shipped)
	l.must(err)
	library, err := control.ShippedLibrary()
	l.must(err)
	d.controls = control.New(control.Config{DB: db, Ledger: l.log, Clock: l.clock.Now, Library: library})
	l.must(d.controls.Start(l.ctx))
	set, err := d.standards.InForce(l.ctx, nil)
	l.must(err)
	var attributes []outcome.Attribute
	for _, c := range set.Checks {
		for _, a := range c.Attributes {
			attributes = append(attributes, outcome.Attribute{Check: c.ID, ID: a.ID, Population: c.Population, Since: set.Since, Predicate: a.Predicate})
		}
	}
	l.panel = outcome.NewPanel(set.Digest, attributes)
	d.Service = New(Config{DB: db, Clock: l.clock.Now, Outcomes: l.out, Standards: d.standards,
		Findings: finding.New(finding.Config{DB: db, Ledger: l.log, Clock: l.clock.Now})})
	p, err := pack.Shipped()
	l.must(err)
	root, _ := p[0].Check("sshd-root-login")
	d.good = root.Fixtures[0].Item
	return d
}

// seen lets a host show itself as good but for changes: pointers within sshd's
// and clock's facts with other values, or nil for what cannot be read.
func (d *deployment) seen(name string, when time.Time, changes map[string]any) {
	d.t.Helper()
	sections := maps.Clone(d.good.Sections)
	for pointer, value := range changes {
		part := strings.Split(pointer, "/")
		s := *sections[part[0]]
		s.Values = maps.Clone(s.Values)
		at := s.Values
		for _, p := range part[1 : len(part)-1] {
			inner := maps.Clone(at[p].(map[string]any))
			at[p] = inner
			at = inner
		}
		last := part[len(part)-1]
		if at[last] = value; value == nil {
			delete(at, last)
			s.Missing = append(slices.Clone(s.Missing), facts.Missing{Path: "/" + strings.Join(part[1:], "/"), State: facts.Error, Reason: "needs root"})
		}
		sections[part[0]] = &s
	}
	digests := map[string]string{}
	for name, s := range sections {
		sum := sha256.Sum256([]byte(fmt.Sprint(s.Values, s.Missing)))
		digests[name] = hex.EncodeToString(sum[:])
	}
	d.judge(name, when, outcome.Input{Kind: outcome.RunFacts, Actor: "src_" + name,
		Segments: []outcome.Segment{{From: when, Sections: sections, Digests: digests, Attributes: d.panel.All("hosts")}}})
}

func (d *deployment) until(days, hours int) {
	d.clock.Advance(at(days, hours).Sub(d.clock.Now()))
}

var (
	rootMayLogin = map[string]any{"sshd/effective/permitrootlogin": "yes"}
	unreadable   = map[string]any{"sshd/effective/permitrootlogin": nil}
)

func TestFromFactsToCriterion(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		d := newDeployment(t, db)
		names := []string{"web-1", "web-2", "db-1", "db-2"}
		all := func(names []string, changes map[string]any) {
			now := d.clock.Now()
			for _, n := range names {
				d.seen(n, now, changes)
			}
		}
		ask := func(id string, at At) Criterion {
			t.Helper()
			c, err := d.Criterion(d.ctx, id, at)
			d.must(err)
			return c
		}
		ssh := func(at At) Control {
			t.Helper()
			c, err := d.Control(d.ctx, "ssh-logins-hardened", at)
			d.must(err)
			return c
		}
		says := func(what string, got Head, status Status, why string) {
			t.Helper()
			if got.Status != status || got.Why != why {
				t.Errorf("%s: %s: %s\nwant %s: %s", what, got.Status, got.Why, status, why)
			}
		}

		says("before the first host", ssh(Now()).Head, Insufficient, "no host has been judged yet")

		d.until(1, 0)
		all(names, nil)
		says("all in order", ssh(Now()).Head, None, "its 24 checks show no known deviation")
		if c := ask("CC6.1", Now()); c.Status != Insufficient || !c.Draft || c.Coverage.Expected == 0 || c.Coverage.Observed != c.Coverage.Expected {
			t.Errorf("CC6.1: %s, draft %v, coverage %s: %s", c.Status, c.Draft, c.Coverage.Words(), c.Why)
		}
		n, err := d.controls.ApproveAll(d.ctx, admin)
		d.must(err)
		if n == 0 {
			t.Error("nothing was approved")
		}
		set, err := d.standards.InForce(d.ctx, nil)
		d.must(err)
		d.must(d.standards.Approve(d.ctx, admin, set.Standards[0].ID, ""))
		if c := ssh(Now()); c.Draft {
			t.Error("approved control and standard are still marked draft")
		}
		if c := ssh(At{Valid: at(0, 23), Known: -1}); !c.Draft {
			t.Error("the day before the approval is not marked draft")
		}

		d.until(12, 9) // 14 March
		all(names[:3], rootMayLogin)
		d.heard(names[3], d.clock.Now())
		says("three fail", ssh(Now()).Head, Deviation, "3 of 4 hosts fail sshd-root-login since 14 Mar")
		c := ask("CC6.1", Now())
		says("the criterion", c.Head, Deviation, fmt.Sprintf("3 of 4 hosts fail sshd-root-login since 14 Mar (C-%d)", ssh(Now()).Number))
		if want := "when the 3 hosts are observed to pass sshd-root-login, this becomes insufficient evidence"; c.Change != want {
			t.Errorf("change %q, want %q", c.Change, want)
		}
		if !c.Since.Equal(at(12, 9)) {
			t.Errorf("since %s", c.Since)
		}
		then := d.number()
		check, err := d.Check(d.ctx, "linux-server/sshd-root-login", Now())
		d.must(err)
		if len(check.Failing) != 3 || check.More != 0 || check.Failing[0].Name != "db-1" || check.Failing[0].Outcome != "fail" ||
			check.Failing[0].Reason == "" || check.Failing[0].Observed == "" || !check.Failing[0].Since.Equal(at(12, 9)) || check.Failing[0].Run == "" {
			t.Errorf("failing items: %+v", check.Failing)
		}

		d.until(14, 9)
		all(names, nil)
		says("mended", ssh(Now()).Head, None, "its 24 checks show no known deviation")
		says("the day before, asked afterwards", ssh(At{Valid: at(13, 0), Known: -1}).Head, Insufficient, // nothing was heard for longer than the grace
			"all 4 hosts are not observed")
		says("the hour it failed, asked afterwards", ssh(At{Valid: at(12, 9), Known: -1}).Head, Deviation, "3 of 4 hosts fail sshd-root-login since 14 Mar")

		// The fourth host had failed on day 12 too, but its report came late.
		d.until(15, 9)
		d.seen(names[3], at(12, 9).Add(-10*time.Minute), rootMayLogin)
		later := d.number()
		says("as known now", ssh(At{Valid: at(12, 9), Known: later}).Head, Deviation, "all 4 hosts fail sshd-root-login since 14 Mar")
		says("as known then", ssh(At{Valid: at(12, 9), Known: then}).Head, Deviation, "3 of 4 hosts fail sshd-root-login since 14 Mar")
		if m, err := d.MomentOf(d.ctx, then); err != nil || m.Before(at(12, 9)) || !m.Before(at(12, 10)) {
			t.Errorf("the ledger had %d entries at %s, %v; want 14 March, 9 o'clock", then, m, err)
		}
		if known, err := d.KnownThen(d.ctx, d.clock.Now()); err != nil || known != later {
			t.Errorf("known now: %d, %v; want %d", known, err, later)
		}

		d.until(16, 9)
		all(names, nil)
		d.seen("web-1", d.clock.Now(), unreadable)
		d.until(16, 12)
		for _, n := range names[:3] {
			d.heard(n, d.clock.Now())
		}
		says("one unreadable, one silent", ssh(Now()).Head, Insufficient,
			"1 of 4 hosts is not observed and 1 cannot be read for sshd-root-login (effective); 23 more of 24 checks lack evidence")
	})
}

func TestRefusals(t *testing.T) {
	d := newDeployment(t, databasetest.SQLite(t))
	for name, tc := range map[string]struct {
		err  error
		kind fault.Kind
	}{
		"the future":        {errOf(d.Criteria(d.ctx, At{Valid: at(1, 0), Known: -1})), fault.Invalid},
		"beyond the ledger": {errOf(d.Criteria(d.ctx, At{Valid: at(0, 0), Known: 1})), fault.Invalid},
		"no such criterion": {errOf(d.Criterion(d.ctx, "CC6.99", Now())), fault.NotFound},
		"no such control":   {errOf(d.Control(d.ctx, "none", Now())), fault.NotFound},
		"not adopted":       {errOf(d.Control(d.ctx, "keys-managed", Now())), fault.NotFound},
		"no such check":     {errOf(d.Check(d.ctx, "linux-server/none", Now())), fault.NotFound},
		"weeks backwards":   {errOf(d.Weeks(d.ctx, at(0, 0), at(-1, 0))), fault.Invalid},
		"too many weeks":    {errOf(d.Weeks(d.ctx, at(-4000, 0), at(0, 0))), fault.Invalid},
	} {
		if fault.KindOf(tc.err) != tc.kind {
			t.Errorf("%s: %v, want kind %s", name, tc.err, tc.kind)
		}
	}
}

func errOf[T any](_ T, err error) error { return err }

// A database that no server has set up yet is read without an error, and says
// nothing good.
func TestBeforeTheFirstStart(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := newLab(t, db)
		standards, err := standard.New(standard.Config{DB: db, Ledger: l.log, Clock: l.clock.Now})
		l.must(err)
		s := New(Config{DB: db, Clock: l.clock.Now, Outcomes: l.out, Standards: standards, Findings: finding.New(finding.Config{DB: db, Ledger: l.log})})
		snap, err := s.Criteria(l.ctx, Now())
		l.must(err)
		if snap.ByStatus[Insufficient] != 33 || snap.ByStatus[Out] != 28 || snap.Coverage.Words() != "none" {
			t.Errorf("%v, coverage %s", snap.ByStatus, snap.Coverage.Words())
		}
	})
}

// Posture at any moment, as known at any size of the ledger, is what a scan of
// the outcomes gives.
func TestPostureEqualsScan(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		d := newDeployment(t, db)
		r := rand.New(rand.NewPCG(11, 1))
		shows := []map[string]any{nil, nil, rootMayLogin, unreadable, {"clock/synchronised": false}, {"sshd/installed": false}, {"sshd/effective/permitemptypasswords": "yes"}}
		var sizes []int64
		for hour := range 6 * 24 {
			d.clock.Advance(time.Hour)
			for _, name := range []string{"a", "b", "c"} {
				switch n := r.IntN(30); {
				case hour == 5 || n == 0:
					d.seen(name, d.clock.Now(), shows[r.IntN(len(shows))])
				case n == 1 && hour > 30:
					d.seen(name, d.clock.Now().Add(-time.Duration(1+r.IntN(24))*time.Hour), shows[r.IntN(len(shows))])
				case n > 24 || hour < 5:
				default:
					d.heard(name, d.clock.Now().Add(-time.Minute))
				}
			}
			if hour%30 == 29 {
				sizes = append(sizes, d.number())
			}
		}
		sizes = append(sizes, -1, -1, -1)
		seen := map[Status]int{}
		for range 15 {
			m := At{Valid: at(0, 0).Add(time.Duration(r.IntN(6*24*60)) * time.Minute), Known: sizes[r.IntN(len(sizes))]}
			snap, err := d.Criteria(d.ctx, m)
			d.must(err)
			f, err := d.read(d.ctx, m)
			d.must(err)
			f.counts = d.scan(m)
			controls, err := d.Controls(d.ctx, m)
			d.must(err)
			for _, c := range controls {
				seen[c.Status]++
			}
			for i, want := range derive(f).criteria {
				got := snap.Criteria[i]
				if got.Status != want.Status || got.Why != want.Why || got.Counts != want.Counts || got.Coverage != want.Coverage {
					t.Fatalf("%s at %s, known %d:\n got %s %s %+v\nscan %s %s %+v", got.ID, m.Valid, m.Known,
						got.Status, got.Why, got.Counts, want.Status, want.Why, want.Counts)
				}
			}
		}
		if seen[Deviation] == 0 || seen[Insufficient] == 0 || seen[None] == 0 {
			t.Errorf("the history shows too little: %v", seen)
		}
	})
}

// scan counts outcomes row by row, without steps: the newest row of each item
// and attribute at the moment, unless its source was silent.
func (d *deployment) scan(m At) map[key]Counts {
	d.t.Helper()
	known := int64(1 << 62)
	if m.Known >= 0 {
		known = m.Known
	}
	valid, grace := clock.Micros(m.Valid), d.out.Grace().Microseconds()
	heard := map[string]bool{}
	rows, err := d.db.Reader().QueryContext(d.ctx, `SELECT c.source, c.covered_from, c.covered_to, CASE WHEN c.entry_id = '' THEN 0 ELSE COALESCE(e.idx, 4611686018427387904) END
		FROM coverage c LEFT JOIN ledger_entry e ON e.id = c.entry_id`) // heard at once: without an entry
	d.must(err)
	d.must(each(rows, func() error {
		var source string
		var from, to, index int64
		err := rows.Scan(&source, &from, &to, &index)
		heard[source] = heard[source] || from <= valid && valid < to+grace && index < known
		return err
	}))
	type cell struct {
		item int64
		key  key
	}
	type newest struct {
		outcome string
		source  string
	}
	latest := map[cell]newest{}
	rows, err = d.db.Reader().QueryContext(d.ctx, `SELECT o.item_no, a.check_id, a.attribute_id, o.outcome, i.source
		FROM outcome o JOIN check_attribute a ON a.no = o.attribute_no JOIN item i ON i.no = o.item_no
		JOIN run r ON r.no = o.run_no JOIN ledger_entry e ON e.id = r.entry_id
		WHERE o.valid_from <= $1 AND COALESCE(e.idx, $3) < $2 ORDER BY o.valid_from, o.run_no`, valid, known, map[bool]int64{true: 0, false: 1 << 61}[m.Known < 0])
	d.must(err)
	d.must(each(rows, func() error {
		var c cell
		var n newest
		err := rows.Scan(&c.item, &c.key.check, &c.key.attribute, &n.outcome, &n.source)
		latest[c] = n
		return err
	}))
	counts := map[key]Counts{}
	for c, n := range latest {
		one := one(n.outcome)
		if one != (Counts{}) && !heard[n.source] {
			one = Counts{NotObserved: 1}
		}
		counts[c.key] = counts[c.key].Plus(one)
	}
	return counts
}

// The grid's cells are what Criteria says at the end of each week.
func TestWeeksEqualCriteria(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		d := newDeployment(t, db)
		r := rand.New(rand.NewPCG(5, 5))
		shows := []map[string]any{nil, nil, nil, rootMayLogin, unreadable}
		for hour := 0; hour < 40*24; hour += 2 {
			d.clock.Advance(2 * time.Hour)
			for _, name := range []string{"a", "b"} {
				switch n := r.IntN(50); {
				case hour < 100 || (name == "b" && hour > 500 && hour < 600):
				case hour == 100 || n == 0:
					d.seen(name, d.clock.Now(), shows[r.IntN(len(shows))])
				default:
					d.heard(name, d.clock.Now().Add(-time.Minute))
				}
			}
			if hour == 300 {
				d.must(d.controls.Retire(d.ctx, admin, "ssh-logins-hardened", "to see the grid turn"))
			}
			if hour == 800 {
				d.must(d.controls.Adopt(d.ctx, admin, "ssh-logins-hardened"))
			}
		}
		g, err := d.Weeks(d.ctx, at(-7, 0), at(49, 0))
		d.must(err)
		if len(g.Weeks) != 8 || !g.Began.Equal(at(0, 0)) {
			t.Fatalf("%d weeks, began %s", len(g.Weeks), g.Began)
		}
		seen := map[Cell]int{}
		for w, week := range g.Weeks {
			end := week.End.Add(-time.Microsecond)
			if now := d.clock.Now(); end.After(now) {
				end = now
			}
			if week.Start.After(end) {
				for _, row := range g.Rows {
					if row.Cells[w] != (Cell{}) {
						t.Errorf("%s in a week to come: %v", row.Criterion, row.Cells[w])
					}
				}
				continue
			}
			snap, err := d.Criteria(d.ctx, At{Valid: end, Known: -1})
			d.must(err)
			for i, row := range g.Rows {
				seen[row.Cells[w]]++
				if row.Criterion != snap.Criteria[i].ID || row.Cells[w].Status != snap.Criteria[i].Status {
					t.Errorf("%s, week %d: %s, criteria say %s: %s", row.Criterion, w+1, row.Cells[w].Status, snap.Criteria[i].Status, snap.Criteria[i].Why)
				}
				if row.Cells[w].Worst.rank() < row.Cells[w].Status.rank() {
					t.Errorf("%s, week %d: worst %s is better than %s at its end", row.Criterion, w+1, row.Cells[w].Worst, row.Cells[w].Status)
				}
			}
		}
		if len(seen) < 4 {
			t.Errorf("the grid shows too little: %v", seen)
		}
	})
}
