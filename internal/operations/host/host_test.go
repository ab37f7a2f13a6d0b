package host_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/operations/host"
)

// Nothing that is wrong with a batch gets in, and nothing of it stays.
func TestBadBatches(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		m := w.machine("web-1")
		w.report(m)
		good, err := m.section("sshd")
		w.must(err)
		w.must(m.assign("sshd.permitrootlogin", "yes"))
		other, err := m.section("sshd")
		w.must(err)
		forged := other
		forged.Digest = strings.Repeat("a", 64)
		stolen := other
		stolen.Digest = good.Digest // the digest of a good state over the values of a bad one
		nameless := other
		nameless.Digest = ""
		text := func(v any) json.RawMessage {
			raw, err := json.Marshal(v)
			w.must(err)
			return raw
		}
		before := w.number()
		for name, items := range map[string][]json.RawMessage{
			"forged digest":  {text(forged)},
			"no digest":      {text(nameless)},
			"twice":          {text(other), text(other)},
			"truncated":      {text(other)[:40]},
			"no section":     {json.RawMessage(`{"section":"nothing","registry":1,"values":{},"digest":"` + good.Digest + `"}`)},
			"wrong type":     {json.RawMessage(`{"section":"sshd","registry":1,"values":{"effective":{"maxauthtries":"four"}},"digest":"` + good.Digest[1:] + `0"}`)},
			"not an object":  {json.RawMessage(`[]`)},
			"good and wrong": {text(other), text(forged)},
		} {
			b := m.envelope("b", w.clock.Now(), w.clock.Now())
			b.Items = items
			err := db.Tx(w.ctx, func(tx *sql.Tx) error {
				_, err := w.hosts.ReceiveFacts(w.ctx, tx, b)
				return err
			})
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, items := range map[string][]json.RawMessage{"none": nil, "two": {json.RawMessage(`{}`), json.RawMessage(`{}`)}, "text": {json.RawMessage(`{"sections":"all"}`)}} {
			b := m.envelope("b", w.clock.Now(), w.clock.Now())
			b.Items = items
			err := db.Tx(w.ctx, func(tx *sql.Tx) error {
				_, err := w.hosts.ReceiveHeartbeat(w.ctx, tx, b)
				return err
			})
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("heartbeat with %s items: %v", name, err)
			}
		}
		if got := w.number(); got != before {
			t.Errorf("%d entries were written", got-before)
		}
		// Where the digest is known already the values are not believed: what is
		// stored under it stands, for this host and for every other.
		w.must(w.facts(m, "b", w.clock.Now(), stolen))
		eve := w.machine("eve")
		if err := w.facts(eve, "a", w.clock.Now(), stolen); !fault.Is(err, fault.Invalid) {
			t.Errorf("another host's digest over other values: %v", err)
		}
		w.sound()
	})
}

// A handler may run again, as PostgreSQL asks for when transactions collide;
// hosts report at the same time, and new attributes are numbered once.
func TestHostsReportAtTheSameTime(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		_, err := w.standards.Install(w.ctx, admin, tiny("1.0.0")) // nobody has registered its attributes
		w.must(err)
		var all sync.WaitGroup
		for i := range 8 {
			m := w.machine(fmt.Sprintf("web-%d", i))
			w.must(m.assign("sshd.permitrootlogin", []string{"no", "yes"}[i%2]))
			sections, err := m.changed()
			w.must(err)
			all.Go(func() {
				for range 3 {
					if err := w.facts(m, "a", w.clock.Now(), sections...); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		sum, err := w.findings.Summary(w.ctx, finding.Filter{})
		if err != nil || sum.States[finding.Open] != 4 {
			t.Errorf("findings: %+v, %v", sum, err)
		}
		items, _, err := w.outcomes.Population(w.ctx, "hosts", outcome.Now())
		if err != nil || len(items) != 8 {
			t.Errorf("%d hosts, %v", len(items), err)
		}
		if runs := w.records("run"); len(runs) != 24 {
			t.Errorf("%d runs for 24 batches", len(runs))
		}
		w.sound()
	})
}

// Every row that a run or a finding rests on is bound to an entry.
func TestWhatWasChangedBehindTheProductsBackIsRefused(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		m := w.machine("web-1")
		w.must(m.assign("sshd.permitrootlogin", "yes"))
		w.report(m)
		w.report(w.machine("web-2"))
		w.must(w.hosts.Retire(w.ctx, admin, w.host("web-2").ID, "sold"))
		w.clock.Advance(10 * time.Minute)
		w.beat(m, w.clock.Now().Add(-5*time.Minute)) // from its spool
		w.beat(m, w.clock.Now())
		w.number()
		_, err := w.hosts.RunPopulation(w.ctx)
		w.must(err)
		w.number()
		w.must(w.bound(db.Reader()))
		sabotages := map[string]string{
			"an outcome":            `UPDATE outcome SET outcome = 'pass' WHERE outcome = 'fail'`,
			"an outcome and both":   `UPDATE verdict SET outcome = 'pass' WHERE outcome = 'fail'`,
			"a reason":              `UPDATE verdict SET reason = 'all is well' WHERE outcome = 'fail'`,
			"what was observed":     `UPDATE verdict SET observed = '{}'`,
			"since when":            `UPDATE outcome SET valid_from = valid_from - 1`,
			"a row less":            `DELETE FROM outcome WHERE outcome = 'fail'`,
			"whose it is":           `UPDATE item SET id = 'hst_other' WHERE name = 'web-1'`,
			"what was counted":      `UPDATE run SET changed = changed - 1 WHERE kind = 'facts'`,
			"the run":               `DELETE FROM run WHERE kind = 'facts'`,
			"the standards":         `UPDATE run SET standards = 'x'`,
			"a section's digest":    `UPDATE host_section SET digest = 'x' WHERE section = 'sshd'`,
			"a section":             `DELETE FROM host_section WHERE section = 'sshd'`,
			"a section's body":      `UPDATE section_body SET body = (SELECT b.body FROM section_body b WHERE b.digest <> section_body.digest ORDER BY b.digest LIMIT 1)`,
			"the sums of steps":     `UPDATE step_sum SET pass = pass + 1`,
			"who was there":         `UPDATE item_presence SET present = 0`,
			"a population's counts": `UPDATE run SET fail = 0 WHERE kind = 'population'`,
			"its definition":        `UPDATE run SET definition = '{}' WHERE kind = 'population'`,
			"a finding":             `UPDATE finding SET state = 'closed'`,
			"who left":              `UPDATE run SET kind = 'facts' WHERE kind = 'presence'`,
			"coverage":              `UPDATE coverage SET covered_from = covered_from - 1`,
			"the standard":          `UPDATE standard SET digest = 'x'`,
		}
		for _, name := range slices.Sorted(maps.Keys(sabotages)) {
			err := db.Tx(w.ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(w.ctx, sabotages[name]); err != nil {
					return err
				}
				if err := w.bound(tx); err != nil {
					return err
				}
				return fmt.Errorf("nothing was noticed")
			})
			if !fault.Is(err, fault.Refused) {
				t.Errorf("changing %s: %v", name, err)
			}
		}
		w.must(w.bound(db.Reader()))
	})
}

// What fails is worth a rebuild: steps that were lost come back.
func TestRebuild(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		for i := range 3 {
			m := w.machine(fmt.Sprintf("web-%d", i))
			w.report(m)
			w.clock.Advance(time.Hour)
			w.must(m.assign("sshd.permitrootlogin", "yes"))
			w.report(m)
			w.clock.Advance(9 * 24 * time.Hour)
			w.must(m.assign("sshd.permitrootlogin", "no"))
			w.report(m)
		}
		w.clock.Advance(time.Hour)
		w.number()
		began := w.clock.Now().Add(-28 * 24 * time.Hour)
		_, err := w.outcomes.Fold(w.ctx)
		w.must(err)
		want, err := w.outcomes.Stored(w.ctx, outcome.Now())
		w.must(err)
		w.must(db.Tx(w.ctx, func(tx *sql.Tx) error {
			for _, damage := range []string{`DELETE FROM step WHERE fail = 1`, `UPDATE step SET pass = pass + 5`, `UPDATE step_sum SET pass = pass + 5`,
				`INSERT INTO step (attribute_no, valid_from, run_no, pass, fail, error, not_observed, not_applicable, waived) VALUES (1, 1, 1, 1, 0, 0, 0, 0, 0)`} {
				if _, err := tx.ExecContext(w.ctx, damage); err != nil {
					return err
				}
			}
			return nil
		}))
		got, err := w.outcomes.Stored(w.ctx, outcome.Now())
		w.must(err)
		if slices.Equal(got, want) {
			t.Fatal("the damage does not show")
		}
		n, err := w.outcomes.Rebuild(w.ctx, nil)
		w.must(err)
		if got, err = w.outcomes.Stored(w.ctx, outcome.Now()); err != nil || !slices.Equal(got, want) || n == 0 {
			t.Errorf("%d rebuilt: %+v, want %+v, %v", n, got, want, err)
		}
		var folds int
		w.must(db.Reader().QueryRowContext(w.ctx, `SELECT COUNT(*) FROM step_fold`).Scan(&folds))
		if folds < 3 { // at the ends of the three weeks that have gone by
			t.Errorf("%d folds after four weeks: the past begins far from any of them", folds)
		}
		for hours := 0; hours < 28*24; hours += 7 {
			at := outcome.At{Valid: began.Add(time.Duration(hours) * time.Hour), Known: -1}
			sum, err := w.outcomes.Stored(w.ctx, at)
			w.must(err)
			scan, err := w.outcomes.Scan(w.ctx, at)
			w.must(err)
			if !slices.Equal(sum, scan) {
				t.Fatalf("at %s the sums are %+v, the outcomes %+v", at.Valid, sum, scan)
			}
		}
		w.sound()
	})
}

func TestPopulationRun(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		for i := range 4 {
			m := w.machine(fmt.Sprintf("web-%d", i))
			w.must(m.assign("sshd.permitrootlogin", []string{"no", "yes"}[i%2]))
			w.report(m)
		}
		w.clock.Advance(5 * time.Minute)
		w.beat(w.machine("web-0"), w.clock.Now())
		w.beat(w.machine("web-1"), w.clock.Now())
		w.number()
		runs, err := w.hosts.RunPopulation(w.ctx)
		w.must(err)
		if len(runs) != 1 {
			t.Fatalf("%d runs", len(runs))
		}
		r := runs[0]
		// Two of four hosts are heard; five attributes each; one of them fails root login.
		if r.Items != 4 || r.Evaluated != 20 || r.Counts.NotObserved != 10 || r.Counts.Fail != 1 || r.Counts.Pass != 9 {
			t.Errorf("counted %+v of %d items", r.Counts, r.Items)
		}
		var def outcome.Definition
		w.must(json.Unmarshal([]byte(r.Definition), &def))
		items, digest, err := w.outcomes.Population(w.ctx, "hosts", outcome.At{Valid: def.At, Known: def.Known})
		if err != nil || digest != def.Digest || int64(len(items)) != def.Items || def.Standard != "tiny" || len(def.Checks) != 3 || def.Silent != 10 {
			t.Errorf("definition %+v, drawn again %d items %s, %v", def, len(items), digest, err)
		}
		recs := w.records("run")
		last := recs[len(recs)-1]
		if last.Stream != "population/hosts" || last.Data["items"] != int64(4) || last.Data["inputs"] != digest {
			t.Errorf("entry %+v", last)
		}
		// Whatever happens afterwards, it can be counted again.
		w.clock.Advance(time.Hour)
		w.must(w.hosts.Retire(w.ctx, admin, w.host("web-0").ID, "sold"))
		w.must(w.machine("web-1").assign("sshd.permitrootlogin", "no"))
		w.report(w.machine("web-1"))
		w.sound()
	})
}

func TestDerivation(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		m := w.machine("web-1")
		w.report(m)
		w.clock.Advance(time.Hour)
		w.must(m.assign("sshd.permitrootlogin", "yes"))
		w.report(m)
		w.must(w.findings.Acknowledge(w.ctx, admin, "F-1", "on it"))
		w.number()
		d, err := w.hosts.DeriveFinding(w.ctx, "F-1")
		w.must(err)
		if !d.InForce || d.Check.Remediation == "" || d.Attribute.Expect == "" || d.Host.Name != "web-1" {
			t.Errorf("check %+v attribute %+v", d.Check, d.Attribute)
		}
		if d.Current.Outcome != outcome.Fail || d.First.Run != d.Finding.OpenedRun || d.First.Outcome != outcome.Fail || d.Run.ID != d.Current.Run || d.Current.Index < 0 {
			t.Errorf("current %+v first %+v", d.Current, d.First)
		}
		read := map[string]string{}
		for _, f := range d.Facts {
			read[f.Pointer] = f.Value + f.State
		}
		if read["/sshd/effective/permitrootlogin"] != `"yes"` || read["/sshd/installed"] != "true" {
			t.Errorf("facts %+v", d.Facts)
		}
		if len(d.Sections) != 1 || d.Sections[0].Name != "sshd" || !d.Sections[0].InForce || d.Sections[0].Run != d.Run.ID {
			t.Errorf("sections %+v", d.Sections)
		}
		var types []string
		for _, e := range d.Entries {
			types = append(types, e.Type)
		}
		if !slices.Equal(types, []string{"run", "finding.opened", "finding.acknowledged"}) || len(d.Timeline) != 2 {
			t.Errorf("entries %v", types)
		}
		changes, err := w.hosts.Changes(w.ctx, d.Host.ID, 10)
		if err != nil || len(changes) != 4 || !slices.Equal(changes[0].Paths, []string{"/sshd/effective/permitrootlogin"}) || changes[3].Paths != nil {
			t.Errorf("changes %+v, %v", changes, err)
		}
		// One hour ago, with bodies.
		old, err := w.hosts.Sections(w.ctx, d.Host.ID, start.Add(time.Minute), true)
		w.must(err)
		if len(old) != 3 || old[1].Name != "sshd" || !bytes.Contains(old[1].Values, []byte(`"permitrootlogin":"no"`)) {
			t.Errorf("sections an hour ago: %+v", old)
		}
		// Something else fails it now: the outcome keeps its reason, what is found is said beside it.
		w.clock.Advance(time.Hour)
		w.must(m.assign("sshd.permitrootlogin", "prohibit-password"))
		w.report(m)
		d, err = w.hosts.DeriveFinding(w.ctx, "F-1")
		w.must(err)
		if d.Current.Outcome != outcome.Fail || !strings.Contains(d.Current.Reason, `"yes"`) || d.Anew.Outcome != judge.Fail || !strings.Contains(d.Anew.Reason, `"prohibit-password"`) {
			t.Errorf("current %+v, anew %+v", d.Current, d.Anew)
		}
		anew, err := w.hosts.Anew(w.ctx, d.Host)
		w.must(err)
		if at := slices.IndexFunc(anew, func(j host.Judged) bool { return j.Check == d.Check.ID && j.Attribute == d.Attribute.ID }); at < 0 || !reflect.DeepEqual(anew[at].Result, d.Anew) {
			t.Errorf("the host anew: %+v", anew)
		}
		// It is mended: the finding's derivation shows both ends.
		w.clock.Advance(time.Hour)
		w.must(m.assign("sshd.permitrootlogin", "no"))
		w.report(m)
		if d, err = w.hosts.DeriveFinding(w.ctx, d.Finding.ID); err != nil || d.Current.Outcome != outcome.Pass || d.First.Outcome != outcome.Fail || d.Finding.State != finding.Closed {
			t.Errorf("mended: %+v, %v", d.Finding, err)
		}
		for _, args := range [][3]string{{"tiny/nothing", "x", d.Host.ID}, {"tiny/tries", "nothing", d.Host.ID}, {"tiny/tries", "few", "hst_nobody"}} {
			if _, err := w.hosts.Derive(w.ctx, args[0], args[1], args[2]); !fault.Is(err, fault.NotFound) {
				t.Errorf("%v: %v", args, err)
			}
		}
		if _, err := w.hosts.DeriveFinding(w.ctx, "F-99"); !fault.Is(err, fault.NotFound) {
			t.Errorf("F-99: %v", err)
		}
	})
}

func TestListAndProfile(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		for i := range 5 {
			m := w.machine(fmt.Sprintf("Web-%d", i))
			offset := int64(3000)
			m.offset, m.set = &offset, 3*time.Millisecond
			w.report(m)
		}
		var names []string
		for cursor := ""; ; {
			page, next, total, err := w.hosts.List(w.ctx, host.Filter{Query: "web"}, cursor, 2)
			w.must(err)
			if total != 5 {
				t.Errorf("total %d", total)
			}
			for _, h := range page {
				names = append(names, h.Name)
				if h.Counts.Pass != 5 || h.Silent {
					t.Errorf("%s: %+v", h.Name, h)
				}
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if strings.Join(names, " ") != "Web-0 Web-1 Web-2 Web-3 Web-4" {
			t.Errorf("hosts %v", names)
		}
		h := w.host("Web-3")
		if h.OS != "Debian GNU/Linux 13 (trixie)" || h.Kernel != "6.12.0" || h.Architecture != "x86_64" || h.AgentVersion != "0.1.0" || h.ClockOffset == nil || *h.ClockOffset != 3*time.Millisecond || !h.LastObserved.Equal(start) {
			t.Errorf("profile %+v", h)
		}
		viewer := access.Principal{UserID: "usr_v", Role: access.Viewer}
		if err := w.hosts.Retire(w.ctx, viewer, h.ID, "sold"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a viewer: %v", err)
		}
		if err := w.hosts.Retire(w.ctx, admin, h.ID, " "); !fault.Is(err, fault.Invalid) {
			t.Errorf("without a reason: %v", err)
		}
		w.must(w.hosts.Retire(w.ctx, admin, h.ID, "sold"))
		if err := w.hosts.Retire(w.ctx, admin, h.ID, "sold"); !fault.Is(err, fault.Conflict) {
			t.Errorf("twice: %v", err)
		}
		if _, _, total, err := w.hosts.List(w.ctx, host.Filter{}, "", 10); err != nil || total != 4 {
			t.Errorf("%d hosts are left, %v", total, err)
		}
		if _, _, total, err := w.hosts.List(w.ctx, host.Filter{Retired: true}, "", 10); err != nil || total != 5 {
			t.Errorf("%d hosts with those that left, %v", total, err)
		}
		w.clock.Advance(2 * time.Minute)
		if h := w.host("Web-1"); !h.Silent || !h.SilentSince.Equal(start) || h.Counts.NotObserved != 5 {
			t.Errorf("silent: %+v", h)
		}
	})
}

// Gaps are where nothing was heard, however it was delivered.
func TestCoverage(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		m := w.machine("web-1")
		w.report(m)
		beats := func(d time.Duration) {
			for until := w.clock.Now().Add(d); w.clock.Now().Before(until); {
				w.clock.Advance(30 * time.Second)
				w.beat(m, w.clock.Now())
			}
		}
		words := func(all []outcome.Interval, err error) string {
			w.must(err)
			var out []string
			for _, i := range all {
				s := fmt.Sprintf("%d-%d", i.From.Sub(start)/time.Minute, i.To.Sub(start)/time.Minute)
				if i.Open {
					s += "…"
				}
				out = append(out, s)
			}
			return strings.Join(out, " ")
		}
		end := start.Add(time.Hour)
		beats(5 * time.Minute)            // 0-5
		w.clock.Advance(10 * time.Minute) // nothing 5-15
		beats(5 * time.Minute)            // 15-20
		if got := words(w.outcomes.Gaps(w.ctx, m.source, "", start, end)); got != "5-15" {
			t.Errorf("gaps %q", got)
		}
		w.beat(m, w.clock.Now(), "sshd") // 20: sshd is no longer reported
		w.clock.Advance(time.Minute)
		w.beat(m, w.clock.Now(), "sshd")
		if got := words(w.outcomes.Gaps(w.ctx, m.source, "sshd", start, end)); got != "5-15 20-21…" {
			t.Errorf("gaps of sshd %q", got)
		}
		if got := words(w.outcomes.Gaps(w.ctx, m.source, "sysctl", start, end)); got != "5-15" {
			t.Errorf("gaps of sysctl %q", got)
		}
		w.clock.Advance(time.Minute)
		w.beat(m, w.clock.Now()) // 22
		if got := words(w.outcomes.Gaps(w.ctx, m.source, "sshd", start, end)); got != "5-15 20-22" {
			t.Errorf("gaps of sshd %q", got)
		}
		// The spool of the gap arrives.
		for at := start.Add(5 * time.Minute); at.Before(start.Add(15 * time.Minute)); at = at.Add(time.Minute) {
			b := m.envelope("spool", at, w.clock.Now())
			b.Items = []json.RawMessage{json.RawMessage(`{"sections":{}}`)}
			w.must(db.Tx(w.ctx, func(tx *sql.Tx) error {
				_, err := w.hosts.ReceiveHeartbeat(w.ctx, tx, b)
				return err
			}))
		}
		if got := words(w.outcomes.Gaps(w.ctx, m.source, "", start, end)); got != "" {
			t.Errorf("gaps after the spool arrived %q", got)
		}
		if got := words(w.outcomes.Coverage(w.ctx, m.source, "", start, end)); got != "0-22…" {
			t.Errorf("coverage %q", got)
		}
		if n := len(w.records("coverage.late")); n != 1 {
			t.Errorf("%d entries say that it was filled in", n)
		}
		w.clock.Advance(time.Hour)
		if got := words(w.outcomes.Gaps(w.ctx, m.source, "", start, w.clock.Now())); got != "22-82…" {
			t.Errorf("gaps while it is silent %q", got)
		}
		if got := words(w.outcomes.Gaps(w.ctx, m.source, "", start.Add(-time.Hour), start.Add(10*time.Minute))); got != "" {
			t.Errorf("gaps before it existed %q", got)
		}
		for at, want := range map[time.Duration]bool{-time.Minute: false, 0: true, 10 * time.Minute: true, 23 * time.Minute: true, 24 * time.Minute: false} {
			got, err := w.outcomes.Covered(w.ctx, m.source, "", outcome.At{Valid: start.Add(at), Known: -1})
			if err != nil || got != want {
				t.Errorf("covered after %v: %v, %v", at, got, err)
			}
		}
	})
}

// A heartbeat that names what is not here asks for it.
func TestResend(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	w.install("1.0.0")
	m := w.machine("web-1")
	all, err := m.changed()
	w.must(err)
	for _, s := range all {
		m.sent[s.Name] = s.Digest
	}
	if got := w.beat(m, w.clock.Now()); !slices.Equal(got, []string{"os", "sshd", "sysctl"}) {
		t.Errorf("of a host that never sent facts: %v", got)
	}
	w.must(w.facts(m, "a", w.clock.Now(), all...))
	if got := w.beat(m, w.clock.Now()); len(got) != 0 {
		t.Errorf("when all is here: %v", got)
	}
	m.sent["sshd"] = strings.Repeat("b", 64)
	if got := w.beat(m, w.clock.Now()); !slices.Equal(got, []string{"sshd"}) {
		t.Errorf("when one changed: %v", got)
	}
}

// What a stranger sends is refused or taken in, and never brings the server down.
func FuzzReceive(f *testing.F) {
	f.Add([]byte(`{"section":"sshd","registry":1,"values":{},"digest":"x"}`), true)
	f.Add([]byte(`{"sections":{"sshd":"x"},"spooled":-1}`), false)
	f.Add([]byte(`{"section":"os","registry":99,"values":{"hostname":"\u0000"},"missing":[{"path":"","state":"error","reason":"x"}],"digest":"y"}`), true)
	f.Add([]byte(`null`), true)
	w := newWorld(f, databasetest.SQLite(f))
	w.install("1.0.0")
	m := w.machine("web-1")
	w.report(m)
	f.Fuzz(func(t *testing.T, item []byte, isFacts bool) {
		b := m.envelope("a", w.clock.Now(), w.clock.Now())
		b.Items = []json.RawMessage{item}
		err := w.db.Tx(w.ctx, func(tx *sql.Tx) (err error) {
			if isFacts {
				_, err = w.hosts.ReceiveFacts(w.ctx, tx, b)
			} else {
				_, err = w.hosts.ReceiveHeartbeat(w.ctx, tx, b)
			}
			return err
		})
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("kind %s: %v", fault.KindOf(err), err)
		}
	})
}
