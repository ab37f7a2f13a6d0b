package capacity_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/wire"
	"github.com/attesta/attesta/packs"
)

const gib = 1 << 30

type world struct {
	*capacity.Service
	t             *testing.T
	ctx           context.Context
	db            *database.DB
	log           *ledger.Log
	dir           string
	clock         *clock.Manual
	hosts         *host.Service
	finding       *finding.Service
	ann, bob, eve access.Principal
}

func begin(t *testing.T, db *database.DB) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)), dir: t.TempDir()}
	var err error
	w.log, err = ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(w.dir, "log"), KeyFile: filepath.Join(w.dir, "key"), Clock: w.clock.Now})
	w.must(err)
	t.Cleanup(func() { w.log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(w.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		w.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	w.ann, w.bob, w.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Viewer)
	standards, err := standard.New(standard.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	dir, err := packs.OpenStandard("capacity")
	w.must(err)
	_, err = standards.Install(w.ctx, access.System(), dir)
	w.must(err)
	w.finding = finding.New(finding.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.hosts, err = host.New(host.Config{DB: db, Ledger: w.log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: w.log, Clock: w.clock.Now}), Findings: w.finding, Clock: w.clock.Now})
	w.must(err)
	w.restart()
	return w
}

// restart makes the service anew, as after a restart of the program.
func (w *world) restart() {
	w.Service = capacity.New(capacity.Config{DB: w.db, Ledger: w.log, Hosts: w.hosts, Clock: w.clock.Now, Version: "test", Promises: func(context.Context) (map[string]string, error) {
		return map[string]string{"sc-1": "The service is there 99.9 % of a month."}, nil
	}})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, kind fault.Kind, want string) {
	w.t.Helper()
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error()+" at "+fe.Field, want) {
		w.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

// host lets a host of a name report facts, so that the register of hosts knows it.
func (w *world) host(name string) string {
	w.t.Helper()
	sec, err := facts.NewSection("os", facts.OS{Hostname: &name}, nil)
	w.must(err)
	source := "src_" + name
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		raw, err := json.Marshal(sec)
		if err != nil {
			return err
		}
		var none int64
		now := w.clock.Now()
		_, err = w.hosts.ReceiveFacts(w.ctx, tx, host.Batch{Source: source, SourceName: name, Stream: "a", Sequence: now.UnixMicro(), ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now, Digest: sec.Digest, Items: []json.RawMessage{raw}})
		return err
	}))
	return source
}

// sample lets a host say that so many GiB of a disk are used.
func (w *world) sample(source string, used, limit float64, more ...wire.Measure) {
	w.t.Helper()
	s := &wire.Sample{Measures: append([]wire.Measure{{Name: "disk.bytes", Place: "/var", Used: int64(used * gib), Limit: int64(limit * gib)}}, more...), Missing: map[string]string{"swap": "this host has none"}}
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		return w.Receive(w.ctx, tx, source, strings.TrimPrefix(source, "src_"), w.clock.Now(), s)
	}))
}

// turn lets some time pass and the service look.
func (w *world) turn(d time.Duration) {
	w.t.Helper()
	w.clock.Advance(d)
	w.must(w.Turn(w.ctx))
}

// live gives the findings that are open, "disks/exceeded".
func (w *world) live(want ...string) {
	w.t.Helper()
	page, err := w.finding.List(w.ctx, finding.Filter{States: []finding.State{finding.Open, finding.Acknowledged}}, finding.ByUrgency, "", 50)
	w.must(err)
	var got []string
	for _, f := range page.Findings {
		got = append(got, f.ItemName+"/"+f.Attribute)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.t.Errorf("findings: %q, want %q", got, want)
	}
}

func (w *world) plan(lines ...capacity.Line) *capacity.PlanObject {
	w.t.Helper()
	o, err := w.DraftPlan(w.ctx, w.ann, capacity.PlanText{Why: "First commitments.", Lines: lines})
	w.must(err)
	o, err = w.ApprovePlan(w.ctx, w.bob, o.Ref, "", "")
	w.must(err)
	return o
}

func disks() capacity.Line {
	return capacity.Line{Key: "disks", Title: "Disks are not full", On: "disk.bytes", Test: capacity.Now, Mark: 80, Clear: 75, Scope: "all", Serves: "sc-1", Why: "Room for a restore."}
}

// A commitment is exceeded by two samples over its mark and clears by two below
// where it clears; between nothing flaps. Who says nothing is not known.
func TestCommitments(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		a, b := w.host("web-1"), w.host("db-1")
		w.plan(disks())
		both := func(one, other float64) {
			w.sample(a, one, 100)
			w.sample(b, other, 100)
			w.turn(15 * time.Minute)
		}
		state := func(pass, fail, unknown int) {
			t.Helper()
			list, _, _, err := w.hosts.List(w.ctx, host.Filter{Population: host.Capacity}, "", 10)
			w.must(err)
			if len(list) != 1 || list[0].Name != "disks" || list[0].OS != "Disks are not full" {
				t.Fatalf("the population holds %+v", list)
			}
			if c := list[0].Counts; int(c.Pass) != pass || int(c.Fail) != fail || int(c.NotObserved) != unknown {
				t.Errorf("outcomes: %+v, want %d pass, %d fail, %d not observed", c, pass, fail, unknown)
			}
		}
		w.turn(time.Minute)
		state(1, 0, 1) // nothing reports a disk yet; that every host is measured is vacuous
		both(50, 60)
		w.live()
		state(2, 0, 0)
		both(81, 60)
		w.live() // one sample is no state
		both(82, 60)
		w.live("disks/exceeded")
		for _, v := range []float64{79, 81, 76, 80, 75.5} { // between the marks
			both(v, 60)
			w.live("disks/exceeded")
		}
		rows, _, err := w.List(w.ctx, w.eve, capacity.Filter{Only: capacity.Over})
		w.must(err)
		if len(rows) != 1 || rows[0].Host != "web-1" || !slices.Equal(rows[0].Exceeds, []string{"disks"}) || rows[0].Value != 7550 {
			t.Errorf("over: %+v", rows)
		}
		both(70, 60)
		w.live("disks/exceeded")
		both(70, 60)
		w.live()
		state(2, 0, 0)
		// db-1 falls silent: nothing is over, and that is not known.
		for range 5 {
			w.sample(a, 50, 100)
			w.turn(15 * time.Minute)
		}
		w.live("disks/unobserved")
		state(0, 1, 1)
		// A restart changes nothing.
		w.restart()
		w.turn(time.Second)
		state(0, 1, 1)
		both(50, 50)
		w.live()
		// A host that is excepted by name is nobody's breach; a commitment that left the plan is no item.
		both(90, 50)
		both(90, 50)
		w.live("disks/exceeded")
		l := disks()
		l.Except = []string{"web-1"}
		l.Why = "web-1 is switched off in a week."
		o := w.plan(l)
		w.turn(time.Second)
		w.live()
		if o.Ref != "CP-2" {
			t.Errorf("the second plan is %s", o.Ref)
		}
		old, err := w.GetPlan(w.ctx, w.eve, "CP-1")
		w.must(err)
		if old.Content.State != capacity.Replaced || old.Content.To.IsZero() {
			t.Errorf("the plan before is %+v", old.Content)
		}
		l.Key, l.Except = "disks-of-web", nil
		l.Scope, l.Of = "host", "web-1"
		w.plan(l)
		w.turn(time.Second)
		w.live("disks-of-web/exceeded")
		list, _, _, err := w.hosts.List(w.ctx, host.Filter{Population: host.Capacity}, "", 10)
		w.must(err)
		if len(list) != 1 || list[0].Name != "disks-of-web" {
			t.Errorf("the population holds %+v", list)
		}
	})
}

// A disk that fills is foreseen with an interval; enlarged, it is a longer way, and
// an event on the line. History is rolled up, and what is old goes.
func TestHistoryAndForecast(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		a := w.host("db-1")
		l := disks()
		l.Key, l.Test, l.Within, l.Mark, l.Clear = "filling", capacity.Foreseen, 30, 0, 0
		w.plan(l)
		day := func(used, limit float64) {
			for i := range 4 {
				w.sample(a, used-float64(3-i)*0.1, limit, wire.Measure{Name: "cpu", Used: 2000, Limit: 10000})
				w.clock.Advance(6 * time.Hour)
			}
			w.sample(a, used, limit)
			w.turn(time.Second)
			w.clock.Advance(-time.Second)
		}
		for i := range 10 {
			day(40+float64(i), 100)
		}
		h, err := w.Show(w.ctx, w.eve, a, 1)
		w.must(err)
		if f := h.Forecast; f.Trend != capacity.Short || f.Have != 10 || f.Mid != 0 || len(h.Days) != 10 || len(h.Hours) == 0 {
			t.Errorf("after ten days: %+v, %d days, %d hours", f, len(h.Days), len(h.Hours))
		}
		for i := 10; i < 35; i++ {
			day(40+float64(i), 100)
		}
		if h, err = w.Show(w.ctx, w.eve, a, 1); err != nil {
			t.Fatal(err)
		}
		if f := h.Forecast; f.Trend != capacity.Rising || f.Low > 26 || f.Mid < 25 || f.Mid > 27 || f.High < 26 {
			t.Errorf("a line of one GiB a day at 74 of 100: %+v", f)
		}
		w.live("filling/foreseen")
		if soon, _, err := w.List(w.ctx, w.eve, capacity.Filter{Only: capacity.Soon}); err != nil || len(soon) != 1 || soon[0].Place != "/var" {
			t.Errorf("full soon: %+v, %v", soon, err)
		}
		day(75, 200) // enlarged
		day(76, 200)
		w.live()
		if h, err = w.Show(w.ctx, w.eve, a, 1); err != nil {
			t.Fatal(err)
		}
		if f := h.Forecast; f.Trend != capacity.Rising || f.Since != 0 || f.Mid < 118 || f.Mid > 130 {
			t.Errorf("enlarged to 200: %+v", f)
		}
		words := ""
		for _, e := range h.Events {
			words += e.Words() + "; "
		}
		if !strings.Contains(words, "/var was enlarged from 100 GiB to 200 GiB") || !strings.Contains(words, "the host joined") {
			t.Errorf("events: %s", words)
		}
		// Another person than the author approves; a review freezes what was seen.
		r, err := w.Look(w.ctx, w.ann, capacity.ReviewText{Decided: "Nothing: it was enlarged last week.", Expected: "No new customer of size until June."})
		w.must(err)
		if c := r.Content; c.Plan != "CP-1" || len(c.Seen) != 2 || c.Seen[0].Forecast.Trend != capacity.Rising || c.Before != "" {
			t.Errorf("the review saw %+v", c)
		}
		day(77, 200)
		again, err := w.Look(w.ctx, w.ann, capacity.ReviewText{Decided: "Nothing new.", Expected: "Nothing new."})
		w.must(err)
		if again.Content.Before != "CR-1" || again.Content.Days != 1 || len(again.Content.Events) != 0 {
			t.Errorf("the second review follows %q after %d days with %d events", again.Content.Before, again.Content.Days, len(again.Content.Events))
		}
		items, err := w.Sources()[0].Read(w.ctx, population.Request{At: outcome.At{Known: -1}})
		w.must(err)
		if len(items) != 2 || items[1].Attributes["in_time"] != "pass" {
			t.Errorf("the population of reviews: %+v", items)
		}
		var n int
		w.must(db.Reader().QueryRowContext(w.ctx, `SELECT COUNT(*) FROM capacity_chunk WHERE tier = 'raw'`).Scan(&n))
		if n > 8 {
			t.Errorf("%d days of samples are kept", n)
		}
		w.must(w.log.Publish(w.ctx))
		_, err = ledger.Verify(w.ctx, ledger.VerifyConfig{DB: db, Dir: filepath.Join(w.dir, "log"), VerifierKey: w.log.VerifierKey(), Bindings: slices.Concat(capacity.Bindings(), host.Bindings(), finding.Bindings(), outcome.Bindings(), standard.Bindings(), access.Bindings())})
		w.must(err)
	})
}

func TestRefusals(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		for _, c := range []struct {
			spoil func(*capacity.Line)
			want  string
		}{
			{func(l *capacity.Line) { l.Key = "Disks!" }, "key"}, {func(l *capacity.Line) { l.Title = "" }, "title"}, {func(l *capacity.Line) { l.On = "luck" }, "measure"}, {func(l *capacity.Line) { l.Mark = 0 }, "percent"},
			{func(l *capacity.Line) { l.Clear = 80 }, "clears_at"}, {func(l *capacity.Line) { l.Scope = "moon" }, "scope"}, {func(l *capacity.Line) { l.Scope = "host" }, "of"}, {func(l *capacity.Line) { l.Serves = "sc-9" }, "serves"},
			{func(l *capacity.Line) { l.Test = capacity.Foreseen }, "within_days"}, {func(l *capacity.Line) { l.On, l.Test, l.Within = "load", capacity.Foreseen, 30 }, "test"}, {func(l *capacity.Line) { l.On, l.Place = "cpu", "/" }, "place"}, {func(l *capacity.Line) { l.Why = "" }, "why"},
		} {
			l := disks()
			c.spoil(&l)
			_, err := w.DraftPlan(w.ctx, w.ann, capacity.PlanText{Why: "First.", Lines: []capacity.Line{l}})
			w.refused(err, fault.Invalid, "commitments[0]."+c.want)
		}
		_, err := w.DraftPlan(w.ctx, w.ann, capacity.PlanText{Why: "First.", Lines: []capacity.Line{disks(), disks()}})
		w.refused(err, fault.Invalid, "commitments[1].key")
		_, err = w.DraftPlan(w.ctx, w.eve, capacity.Starter())
		w.refused(err, fault.Forbidden, "")
		o, err := w.DraftPlan(w.ctx, w.ann, capacity.Starter())
		w.must(err)
		_, err = w.DraftPlan(w.ctx, w.ann, capacity.Starter())
		w.refused(err, fault.Conflict, "CP-1 is a draft already")
		_, err = w.ApprovePlan(w.ctx, w.ann, o.Ref, "", "")
		w.refused(err, fault.Forbidden, "")
		_, err = w.EditPlan(w.ctx, w.bob, o.Ref, 0, capacity.PlanText{Why: "One only.", Lines: []capacity.Line{disks()}})
		w.must(err)
		_, err = w.ApprovePlan(w.ctx, w.bob, o.Ref, "", "") // bob is its author now
		w.refused(err, fault.Forbidden, "")
		_, err = w.ApprovePlan(w.ctx, w.ann, o.Ref, "", "")
		w.must(err)
		_, err = w.EditPlan(w.ctx, w.ann, o.Ref, 0, capacity.Starter())
		w.refused(err, fault.Conflict, "no draft")
		for _, c := range []struct {
			m    wire.Measure
			want string
		}{{wire.Measure{Name: "luck", Limit: 1}, ".m"}, {wire.Measure{Name: "cpu", Place: "/", Limit: 1}, ".at"}, {wire.Measure{Name: "disk.bytes", Limit: 1}, ".at"}, {wire.Measure{Name: "cpu", Used: -1, Limit: 1}, ".u"}, {wire.Measure{Name: "cpu", Used: 1}, ".u"}} {
			err := db.Tx(w.ctx, func(tx *sql.Tx) error {
				return w.Receive(w.ctx, tx, "src_x", "x", w.clock.Now(), &wire.Sample{Measures: []wire.Measure{c.m}})
			})
			w.refused(err, fault.Invalid, "sample.measures[0]"+c.want)
		}
		if _, _, err := w.List(w.ctx, w.eve, capacity.Filter{Measure: "luck"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a measure that is none: %v", err)
		}
		if _, err := w.Show(w.ctx, w.eve, "hst_none", 1); !fault.Is(err, fault.NotFound) {
			t.Errorf("a host that is none: %v", err)
		}
	})
}
