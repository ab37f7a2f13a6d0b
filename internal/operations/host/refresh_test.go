package host_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/host"
)

// setting is one fact of a large fleet's hosts: where it stands and the
// predicate that reads it.
type setting struct{ section, key, expect string }

// settings gives n settings over three sections, in equal parts.
func settings(n int) []setting {
	all := make([]setting, n)
	for i := range all {
		key := fmt.Sprintf("k%d", i)
		switch i % 3 {
		case 0:
			all[i] = setting{"sysctl", key, fmt.Sprintf("sysctl.running[%q] == %q", key, "0")}
		case 1:
			all[i] = setting{"files", "/etc/" + key, fmt.Sprintf("files[%q].mode == 416", "/etc/"+key)}
		case 2:
			key = strings.ToUpper(key)
			all[i] = setting{"users", key, fmt.Sprintf("%[1]q in users.login_defs && users.login_defs[%[1]q] == %[2]q", key, "0")}
		}
	}
	return all
}

// large is a standard with one attribute per setting.
func large(all []setting) fs.FS {
	var checks strings.Builder
	checks.WriteString("checks:\n")
	for i, s := range all {
		broken := map[string]string{
			"sysctl": fmt.Sprintf(`{sysctl: {running: {%s: "1"}}}`, s.key),
			"files":  fmt.Sprintf(`{files: {%s: {mode: 420}}}`, s.key),
			"users":  fmt.Sprintf(`{users: {login_defs: {%s: "1"}}}`, s.key),
		}[s.section]
		path := map[string]string{"sysctl": "/sysctl/running", "files": "/files/" + strings.ReplaceAll(s.key, "/", "~1"), "users": "/users/login_defs"}[s.section]
		fmt.Fprintf(&checks, `  - {id: c%d, title: Setting %d, tier: essential, severity: low, frequency: continuous, criteria: [CC6.1/1], rationale: For the test., remediation: Set it.,
     attributes: [{id: ok, title: It is right, expect: '%s'}],
     fixtures: [{name: right, expect: pass}, {name: wrong, facts: %s, expect: fail}, {name: unreadable, missing: [{path: %s, state: error, reason: needs root}], expect: error}]}
`, i, i, s.expect, broken, path)
	}
	raw, err := json.Marshal(map[string]any{"population": "hosts", "facts": goodOrder(all)})
	if err != nil {
		panic(err)
	}
	manifest := "kind: standard\nid: large\nversion: 1.0.0\ntitle: Large\nsummary: For tests.\nlicence: Apache-2.0\nlocale: en\nrequires: {registry: 1}\n"
	return fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}, "checks.yaml": {Data: []byte(checks.String())}, "fixtures/hosts.yaml": {Data: raw}}
}

// goodOrder gives the sections of a host on which every setting is right.
func goodOrder(all []setting) map[string]map[string]any {
	running, files, defs := map[string]any{}, map[string]any{}, map[string]any{}
	for _, s := range all {
		switch s.section {
		case "sysctl":
			running[s.key] = "0"
		case "files":
			files[s.key] = map[string]any{"path": s.key, "exists": true, "type": "file", "mode": int64(416), "mode_octal": "0640", "uid": int64(0), "gid": int64(0), "owner": "root", "group": "shadow"}
		case "users":
			defs[s.key] = "0"
		}
	}
	return map[string]map[string]any{"sysctl": {"running": running}, "files": files, "users": {"login_defs": defs}}
}

// fleet is many hosts under a large standard.
type fleet struct {
	*world
	settings []setting
	members  []*member
	common   map[string]facts.Section // what most hosts share
	random   *rand.Rand
}

type member struct {
	source   string
	sequence int64
	wrong    map[int]bool // settings
	sections map[string]facts.Section
}

var reported = []string{"os", "packages", "users", "sshd", "sysctl", "mounts", "services", "files", "ports", "clock"}

// section makes a section of a host with the settings that are wrong on it.
func (f *fleet) section(name string, wrong map[int]bool) facts.Section {
	f.Helper()
	values := goodOrder(f.settings)[name]
	for i := range wrong {
		s := f.settings[i]
		if s.section != name {
			continue
		}
		switch name {
		case "sysctl":
			values["running"].(map[string]any)[s.key] = "1"
		case "files":
			values[s.key].(map[string]any)["mode"] = int64(420)
		case "users":
			values["login_defs"].(map[string]any)[s.key] = "1"
		}
	}
	return f.make(name, values)
}

func (f *fleet) make(name string, values map[string]any) facts.Section {
	f.Helper()
	sec, err := facts.NewSection(name, values, nil)
	f.must(err)
	return sec
}

func newFleet(t testing.TB, db *database.DB, hosts, attributes int) *fleet {
	f := &fleet{world: newWorld(t, db), settings: settings(attributes), common: map[string]facts.Section{}, random: rand.New(rand.NewPCG(1, 2))}
	_, err := f.standards.Install(f.ctx, admin, large(f.settings))
	f.must(err)
	f.rejudge()
	for _, name := range []string{"sysctl", "files", "users"} {
		f.common[name] = f.section(name, nil)
	}
	for name, values := range map[string]map[string]any{"mounts": {"running": map[string]any{}}, "services": {"manager": "systemd"}, "ports": {"listening": []any{}},
		"packages": {"managers": []any{"dpkg"}, "count": int64(0), "by_name": map[string]any{}}, "clock": {}, "sshd": {"installed": false}} {
		f.common[name] = f.make(name, values)
	}
	var batches []host.Batch
	for i := range hosts {
		m := &member{source: fmt.Sprintf("src_%026d", i), wrong: map[int]bool{}, sections: map[string]facts.Section{}}
		for name, sec := range f.common {
			m.sections[name] = sec
		}
		m.sections["os"] = f.make("os", map[string]any{"hostname": fmt.Sprintf("host-%05d", i), "id": "debian", "version": "13", "kernel": "6.12", "arch": "x86_64"})
		f.members = append(f.members, m)
		batches = append(batches, f.batch(m, reported...))
	}
	f.send(batches)
	return f
}

// batch is a host's report of some sections.
func (f *fleet) batch(m *member, sections ...string) host.Batch {
	m.sequence++
	b := host.Batch{Source: m.source, SourceName: m.source, Stream: "a", Sequence: m.sequence, ObservedAt: f.clock.Now(), ReceivedAt: f.clock.Now(), Digest: strings.Repeat("0", 64), AgentVersion: "0.1.0"}
	for _, name := range sections {
		raw, err := json.Marshal(m.sections[name])
		f.must(err)
		b.Items = append(b.Items, raw)
	}
	return b
}

// send takes batches in, a hundred in a transaction, so that the disk's fsync
// is not what is measured.
func (f *fleet) send(batches []host.Batch) {
	f.Helper()
	for len(batches) > 0 {
		n := min(len(batches), 100)
		f.must(f.db.Tx(f.ctx, func(tx *sql.Tx) error {
			for _, b := range batches[:n] {
				if _, err := f.hosts.ReceiveFacts(f.ctx, tx, b); err != nil {
					return err
				}
			}
			return nil
		}))
		batches = batches[n:]
	}
}

// disturb changes one setting in one of a hundred host sections. It gives how
// many attributes read a changed path, and the reports of the changed sections.
func (f *fleet) disturb() (changed int, reports []host.Batch) {
	f.clock.Advance(time.Minute)
	for range len(f.members) * len(reported) / 100 {
		m := f.members[f.random.IntN(len(f.members))]
		i := f.random.IntN(len(f.settings))
		name := f.settings[i].section
		if m.wrong[i] = !m.wrong[i]; !m.wrong[i] {
			delete(m.wrong, i)
		}
		m.sections[name] = f.section(name, m.wrong)
		f.clock.Advance(time.Microsecond)
		reports = append(reports, f.batch(m, name))
		changed++
	}
	return changed, reports
}

// every gives the batches of hosts that send all that they know.
func (f *fleet) every() []host.Batch {
	f.clock.Advance(time.Minute)
	batches := make([]host.Batch, len(f.members))
	for i, m := range f.members {
		batches[i] = f.batch(m, reported...)
	}
	return batches
}

// failing gives what fails now, by host and attribute, read from the rows.
func (f *fleet) failing() map[[2]int64]bool {
	f.Helper()
	rows, err := f.db.Reader().QueryContext(f.ctx, `SELECT o.item_no, o.attribute_no, o.outcome FROM outcome o
		WHERE NOT EXISTS (SELECT 1 FROM outcome p WHERE p.item_no = o.item_no AND p.attribute_no = o.attribute_no AND (p.valid_from, p.run_no) > (o.valid_from, o.run_no))`)
	f.must(err)
	defer rows.Close()
	all := map[[2]int64]bool{}
	for rows.Next() {
		var key [2]int64
		var o string
		f.must(rows.Scan(&key[0], &key[1], &o))
		if o == "fail" {
			all[key] = true
		}
	}
	f.must(rows.Err())
	return all
}

// A refresh costs what changed: at most two evaluations per attribute that
// reads a changed path, one row per outcome that changed, nothing for the rest.
func TestRefreshCostsWhatChanged(t *testing.T) {
	f := newFleet(t, databasetest.SQLite(t), 300, 150)
	before := f.outcomes.Counters()
	f.send(f.every())
	if got := f.outcomes.Counters(); got != before {
		t.Errorf("a refresh in which nothing differs: %+v, before %+v", got, before)
	}
	was := f.failing()
	changed, _ := f.disturb()
	f.send(f.every()) // all of it: what did not change must cost nothing
	after, now := f.outcomes.Counters(), f.failing()
	differ := int64(0)
	for key := range now {
		if !was[key] {
			differ++
		}
	}
	for key := range was {
		if !now[key] {
			differ++
		}
	}
	evaluations, rows := after.Evaluations-before.Evaluations, after.Rows-before.Rows
	if evaluations > 2*int64(changed) || evaluations == 0 {
		t.Errorf("%d evaluations for %d changed attributes", evaluations, changed)
	}
	if rows != differ || differ == 0 {
		t.Errorf("%d rows for %d changed outcomes", rows, differ)
	}
	t.Logf("%d hosts, %d attributes: %d changed, %d evaluations, %d outcomes differ, %d rows", len(f.members), len(f.settings), changed, evaluations, differ, rows)
}

// BenchmarkRefresh is a fleet of 10,000 hosts × 150 attributes (500 with
// -short) in which 1 % of the host sections differ. "changes" is what agents
// do: the sections that changed travel. "whole" is every host sending its ten
// sections. A hundred batches stand in a transaction. The ratio is against
// inserting as many rows of the same size alone, in the same run.
func BenchmarkRefresh(b *testing.B) {
	hosts := 10_000
	if testing.Short() {
		hosts = 500
	}
	f := newFleet(b, databasetest.SQLite(b), hosts, 150)
	for _, whole := range []bool{false, true} {
		b.Run(map[bool]string{false: "changes", true: "whole"}[whole], func(b *testing.B) {
			var changed int
			var took, raw, cpu time.Duration
			before := f.outcomes.Counters()
			for range b.N {
				b.StopTimer()
				n, batches := f.disturb()
				if changed += n; whole {
					batches = f.every()
				}
				at := f.outcomes.Counters()
				b.StartTimer()
				start, used := time.Now(), cpuTime()
				f.send(batches)
				took += time.Since(start)
				cpu += cpuTime() - used
				b.StopTimer()
				now := f.outcomes.Counters()
				raw += f.insertRaw(len(batches), int(now.Rows-at.Rows+now.Steps-at.Steps))
				b.StartTimer()
			}
			after := f.outcomes.Counters()
			b.ReportMetric(float64(after.Evaluations-before.Evaluations)/float64(changed), "evaluations/changed")
			b.ReportMetric(float64(after.Rows-before.Rows)/float64(b.N), "rows/op")
			b.ReportMetric(float64(took)/float64(raw), "ratio")
			b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

// BenchmarkReading is what screens ask of a fleet of 2,000 hosts (500 with
// -short): counts with and without a fold, as known then, while a third is
// silent, and one page of a check's outcomes.
func BenchmarkReading(b *testing.B) {
	hosts := 2_000
	if testing.Short() {
		hosts = 500
	}
	f := newFleet(b, databasetest.SQLite(b), hosts, 150)
	size := f.number()
	read := func(name string, at outcome.At) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := f.outcomes.Counts(f.ctx, at); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	read("counts", outcome.Now())
	read("counts-known-then", outcome.At{Valid: f.clock.Now(), Known: size})
	f.clock.Advance(time.Hour)
	_, reports := f.disturb()
	for _, m := range f.members[:hosts*2/3] {
		reports = append(reports, f.batch(m, "clock"))
	}
	f.send(reports)
	f.number()
	if folded, err := f.outcomes.Fold(f.ctx); err != nil || !folded {
		b.Fatal(folded, err)
	}
	read("counts-folded-silent-third", outcome.Now())
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			if _, _, total, err := f.outcomes.List(f.ctx, outcome.Filter{Check: "large/c7"}, outcome.Now(), "", 50); err != nil || total != int64(hosts) {
				b.Fatal(total, err)
			}
		}
	})
	b.Run("host", func(b *testing.B) {
		for b.Loop() {
			if _, err := f.hosts.Get(f.ctx, f.members[7].source); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// cpuTime is what this process has used: on a busy machine it says more than
// the clock on the wall.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// insertRaw times the bare rows: per batch a ledger entry and a run, and what
// changed.
func (f *fleet) insertRaw(batches, rows int) time.Duration {
	f.Helper()
	f.must(f.db.Tx(f.ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(f.ctx, `CREATE TABLE IF NOT EXISTS raw_entry (a TEXT PRIMARY KEY, b TEXT, c BIGINT, d BLOB)`)
		if err == nil {
			_, err = tx.ExecContext(f.ctx, `CREATE TABLE IF NOT EXISTS raw_row (a BIGINT, b BIGINT, c BIGINT, d BIGINT, e TEXT, PRIMARY KEY (a, b, c, d))`)
		}
		return err
	}))
	body := []byte(strings.Repeat("x", 700))
	start := time.Now()
	for done := 0; done < batches; done += 100 {
		f.must(f.db.Tx(f.ctx, func(tx *sql.Tx) error {
			for i := range min(100, batches-done) {
				for range 2 {
					if _, err := tx.ExecContext(f.ctx, `INSERT INTO raw_entry (a, b, c, d) VALUES ($1, $2, $3, $4)`, fmt.Sprint("ent_", f.random.Int64()), "source", done, body); err != nil {
						return err
					}
				}
				for j := range rows / batches {
					if _, err := tx.ExecContext(f.ctx, `INSERT INTO raw_row (a, b, c, d, e) VALUES ($1, $2, $3, $4, $5)`, done+i, j, f.random.Int64(), f.random.Int64(), "pass"); err != nil {
						return err
					}
				}
			}
			return nil
		}))
	}
	return time.Since(start)
}
