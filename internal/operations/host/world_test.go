package host_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/wire"
)

var (
	start     = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	admin     = access.Principal{UserID: "usr_admin", Name: "Ann", Role: access.Administrator}
	installer = access.Principal{UserID: "usr_other", Name: "Bo", Role: access.Administrator} // approves nothing
)

// world is everything from a batch to a finding, over one database, and the
// hosts that report to it.
type world struct {
	testing.TB
	ctx        context.Context
	db         *database.DB
	log        *ledger.Log
	clock      *clock.Manual
	standards  *standard.Service
	outcomes   *outcome.Service
	findings   *finding.Service
	waivers    *waiver.Service
	exclusions *exclusion.Service
	hosts      *host.Service
	machines   map[string]*machine
}

// machine is a host as its agent sees it.
type machine struct {
	name, source string
	sequence     map[string]int64           // by stream
	values       map[string]map[string]any  // by section
	missing      map[string][]facts.Missing // by section
	sent         map[string]string          // digests in force, by section
	offset       *int64                     // clock offset that it knows of, µs
	set          time.Duration              // how far its clock is from ours
	registry     map[string]int             // by section, where it is newer
	unknown      map[string]map[string]any  // newer facts, by section
}

func newWorld(t testing.TB, db *database.DB) *world {
	w := &world{TB: t, ctx: context.Background(), db: db, clock: clock.NewManual(start), machines: map[string]*machine{}}
	dir := t.TempDir()
	var err error
	w.log, err = ledger.Open(w.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: w.clock.Now})
	w.must(err)
	t.Cleanup(func() { w.log.Close() })
	w.restart()
	return w
}

// restart makes the services anew, as after a restart of the server.
func (w *world) restart() {
	var err error
	w.standards, err = standard.New(standard.Config{DB: w.db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	w.outcomes = outcome.New(outcome.Config{DB: w.db, Ledger: w.log, Clock: w.clock.Now})
	w.findings = finding.New(finding.Config{DB: w.db, Ledger: w.log, Clock: w.clock.Now})
	w.waivers, err = waiver.New(waiver.Config{DB: w.db, Ledger: w.log, Standards: w.standards, Outcomes: w.outcomes, Clock: w.clock.Now})
	w.must(err)
	w.exclusions, err = exclusion.New(exclusion.Config{DB: w.db, Ledger: w.log, Standards: w.standards, Outcomes: w.outcomes, Clock: w.clock.Now})
	w.must(err)
	w.exclusions.Derive(func(ctx context.Context, q exclusion.Question) ([]exclusion.Entry, error) {
		return w.hosts.Retired(ctx, q)
	})
	w.hosts, err = host.New(host.Config{DB: w.db, Ledger: w.log, Standards: w.standards, Outcomes: w.outcomes, Findings: w.findings, Waivers: w.waivers, Exclusions: w.exclusions, Clock: w.clock.Now})
	w.must(err)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// tiny is a standard of three checks over sshd, sysctl and files.
func tiny(version string, edit ...string) fs.FS {
	checks := `checks:
  - id: root-login
    title: Nobody logs in as root
    where: sshd.installed
    tier: essential
    severity: high
    frequency: continuous
    criteria: [CC6.1/1]
    rationale: It does not say who acted.
    remediation: Set PermitRootLogin to no.
    attributes:
      - {id: refused, title: The server refuses root, expect: sshd.effective.permitrootlogin == "no"}
    fixtures:
      - {name: refused, expect: pass}
      - {name: allowed, facts: {sshd: {effective: {permitrootlogin: "yes"}}}, expect: fail}
      - {name: unreadable, missing: [{path: /sshd/effective, state: error, reason: needs root}], expect: error}
  - id: tries
    title: Guessing takes long
    where: sshd.installed
    tier: recommended
    severity: medium
    frequency: continuous
    criteria: [CC6.1/1]
    rationale: Guessing takes tries.
    remediation: Lower MaxAuthTries.
    attributes:
      - {id: few, title: Few tries, expect: sshd.effective.maxauthtries <= 4}
      - {id: soon, title: Little time, expect: sshd.effective.logingracetime <= 60}
    fixtures:
      - {name: few, expect: pass}
      - {name: many, facts: {sshd: {effective: {maxauthtries: 99, logingracetime: 600}}}, expect: fail}
      - {name: unreadable, missing: [{path: /sshd/effective, state: error, reason: needs root}], expect: error}
  - id: forwarding
    title: The host does not forward
    tier: essential
    severity: critical
    frequency: continuous
    criteria: [CC6.6/1]
    rationale: It is no router.
    remediation: Set net.ipv4.ip_forward to 0.
    attributes:
      - {id: running, title: Now, expect: 'sysctl.running["net.ipv4.ip_forward"] == "0"'}
      - {id: quiet, title: Neither forwarding nor root, expect: 'sysctl.running["net.ipv4.ip_forward"] == "0" || sshd.effective.permitrootlogin == "no"'}
    fixtures:
      - {name: not, expect: pass}
      - {name: forwards, facts: {sysctl: {running: {net.ipv4.ip_forward: "1"}}, sshd: {effective: {permitrootlogin: "yes"}}}, expect: fail}
      - {name: unreadable, missing: [{path: /sysctl/running, state: error, reason: needs root}, {path: /sshd/effective, state: error, reason: needs root}], expect: error}
`
	for i := 0; i+1 < len(edit); i += 2 {
		checks = strings.ReplaceAll(checks, edit[i], edit[i+1])
	}
	base := "population: hosts\nfacts:\n  sshd: {installed: true, effective: {permitrootlogin: \"no\", maxauthtries: 4, logingracetime: 60}}\n  sysctl: {running: {net.ipv4.ip_forward: \"0\"}}\n"
	manifest := "kind: standard\nid: tiny\nversion: " + version + "\ntitle: Tiny\nsummary: For tests.\nlicence: Apache-2.0\nlocale: en\nrequires: {registry: 1}\n"
	return fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}, "checks.yaml": {Data: []byte(checks)}, "fixtures/hosts.yaml": {Data: []byte(base)}}
}

func (w *world) install(version string, edit ...string) standard.Standard {
	w.Helper()
	st, err := w.standards.Install(w.ctx, installer, tiny(version, edit...))
	w.must(err)
	w.rejudge()
	return st
}

func (w *world) rejudge() {
	w.Helper()
	_, err := w.hosts.Rejudge(w.ctx, nil)
	w.must(err)
}

// machine gives a host by name, new and in good order where it is not known.
func (w *world) machine(name string) *machine {
	m := w.machines[name]
	if m == nil {
		m = &machine{name: name, source: ids.New("src", w.clock.Now()), sequence: map[string]int64{}, sent: map[string]string{}, missing: map[string][]facts.Missing{},
			registry: map[string]int{}, unknown: map[string]map[string]any{},
			values: map[string]map[string]any{
				"os":     {"hostname": name, "id": "debian", "version": "13", "name": "Debian GNU/Linux 13 (trixie)", "kernel": "6.12.0", "arch": "x86_64"},
				"sshd":   {"installed": true, "effective": map[string]any{"permitrootlogin": "no", "maxauthtries": int64(4), "logingracetime": int64(60)}},
				"sysctl": {"running": map[string]any{"net.ipv4.ip_forward": "0"}},
			}}
		w.machines[name] = m
	}
	return m
}

// set changes one fact: "sshd.maxauthtries", "7".
func (m *machine) assign(fact, value string) error {
	switch section, field, _ := strings.Cut(fact, "."); section {
	case "sshd":
		effective := m.values["sshd"]["effective"].(map[string]any)
		if _, number := effective[field].(int64); number {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return err
			}
			effective[field] = n
		} else {
			effective[field] = value
		}
	case "sysctl":
		m.values["sysctl"]["running"].(map[string]any)[field] = value
	case "os":
		m.values["os"][field] = value
	default:
		return fmt.Errorf("no section %q in this test", section)
	}
	return nil
}

func (m *machine) section(name string) (facts.Section, error) {
	values := map[string]any{}
	for k, v := range m.values[name] {
		if !slices.ContainsFunc(m.missing[name], func(miss facts.Missing) bool { return miss.Path == "/"+k }) {
			values[k] = v
		}
	}
	for k, v := range m.unknown[name] {
		values[k] = v
	}
	if m.registry[name] == 0 {
		return facts.NewSection(name, values, m.missing[name])
	}
	// A newer agent: its registry is not ours.
	s := facts.Section{Name: name, Registry: m.registry[name], Values: facts.Canonical(values)}
	sum := sha256.Sum256([]byte(`{"missing":[],"values":` + string(s.Values) + `}`))
	s.Digest = hex.EncodeToString(sum[:])
	return s, nil
}

// changed gives the sections that differ from what was sent last.
func (m *machine) changed() (all []facts.Section, err error) {
	for _, name := range []string{"os", "sshd", "sysctl"} {
		s, err := m.section(name)
		if err != nil {
			return nil, err
		}
		if m.sent[name] != s.Digest {
			all = append(all, s)
		}
	}
	return all, nil
}

// envelope numbers what a machine sends at a moment of our clock.
func (m *machine) envelope(stream string, observed, received time.Time) host.Batch {
	m.sequence[stream]++
	return host.Batch{Source: m.source, SourceName: m.name, Stream: stream, Sequence: m.sequence[stream], ObservedAt: observed.Add(m.set),
		ClockOffsetUs: m.offset, ReceivedAt: received, Digest: strings.Repeat("0", 64), AgentVersion: "0.1.0"}
}

// facts sends sections, observed at a moment.
func (w *world) facts(m *machine, stream string, observed time.Time, sections ...facts.Section) error {
	b := m.envelope(stream, observed, w.clock.Now())
	for _, s := range sections {
		raw, err := json.Marshal(s)
		if err != nil {
			return err
		}
		b.Items = append(b.Items, raw)
	}
	return w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		_, err := w.hosts.ReceiveFacts(w.ctx, tx, b)
		return err
	})
}

// report sends what changed on a machine, as its agent does.
func (w *world) report(m *machine) {
	w.Helper()
	all, err := m.changed()
	w.must(err)
	w.must(w.facts(m, "a", w.clock.Now(), all...))
	for _, s := range all {
		m.sent[s.Name] = s.Digest
	}
}

func (w *world) beat(m *machine, observed time.Time, without ...string) (resend []string) {
	w.Helper()
	hb := wire.Heartbeat{Sections: map[string]string{}}
	for name, digest := range m.sent {
		if !slices.Contains(without, name) {
			hb.Sections[name] = digest
		}
	}
	raw, err := json.Marshal(hb)
	w.must(err)
	b := m.envelope("a", observed, w.clock.Now())
	b.Items = []json.RawMessage{raw}
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		var err error
		resend, err = w.hosts.ReceiveHeartbeat(w.ctx, tx, b)
		return err
	}))
	return resend
}

func (w *world) host(name string) host.Host {
	w.Helper()
	h, err := w.hosts.Get(w.ctx, w.machine(name).source)
	w.must(err)
	return h
}

// number gives every entry its place in the log, as the sequencer does.
func (w *world) number() (size int64) {
	w.Helper()
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(w.ctx, `SELECT COALESCE(MAX(idx) + 1, 0) FROM ledger_entry`).Scan(&size); err != nil {
			return err
		}
		rows, err := tx.QueryContext(w.ctx, `SELECT id FROM ledger_entry WHERE idx IS NULL ORDER BY ord`)
		if err != nil {
			return err
		}
		var all []string
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			all = append(all, id)
		}
		rows.Close()
		for _, id := range all {
			if _, err := tx.ExecContext(w.ctx, `UPDATE ledger_entry SET idx = $2, ord = NULL WHERE id = $1`, id, size); err != nil {
				return err
			}
			size++
		}
		return nil
	}))
	return size
}

// records gives the entries of a type, oldest first; a type that ends in a dot
// stands for all that begin so.
func (w *world) records(typ string) []ledger.Record {
	w.Helper()
	w.number()
	return slices.DeleteFunc(w.everyRecord(w.db.Reader()), func(r ledger.Record) bool {
		return r.Type != typ && !(strings.HasSuffix(typ, ".") && strings.HasPrefix(r.Type, typ))
	})
}

// everyRecord gives the entries that have their place, oldest first.
func (w *world) everyRecord(q database.Querier) []ledger.Record {
	w.Helper()
	rows, err := q.QueryContext(w.ctx, `SELECT e.idx, b.body FROM ledger_entry e JOIN ledger_body b ON b.entry_id = e.id WHERE e.idx IS NOT NULL ORDER BY e.idx`)
	w.must(err)
	defer rows.Close()
	var all []ledger.Record
	for rows.Next() {
		var idx int64
		var body []byte
		w.must(rows.Scan(&idx, &body))
		rec, err := ledger.ParseEntry(body)
		w.must(err)
		rec.Index = idx
		all = append(all, rec)
	}
	w.must(rows.Err())
	return all
}

// sound holds what must always be true: steps equal outcomes, counts equal the
// outcomes that are listed, nothing to rebuild, every row bound to its entry.
func (w *world) sound() {
	w.Helper()
	size := w.number()
	now := w.clock.Now()
	for _, at := range []outcome.At{outcome.Now(), {Valid: now.Add(-time.Hour), Known: -1}, {Valid: now, Known: size / 2}, {Valid: now.Add(-time.Minute), Known: size * 3 / 4}} {
		w.sameCounts(at)
	}
	w.number()
	w.sameNumbers()
	w.must(w.bound(w.db.Reader()))
	w.rejudged()
	n, err := w.outcomes.Rebuild(w.ctx, nil)
	w.must(err)
	if n != 0 {
		w.Errorf("a rebuild found %d steps that differ", n)
	}
}

// rejudged is a second opinion: at moments since the present standards came
// into force, what is stored is what they say of the sections in force then.
func (w *world) rejudged() {
	w.Helper()
	set, err := w.standards.InForce(w.ctx, nil)
	w.must(err)
	for _, m := range w.machines {
		h, err := w.hosts.Get(w.ctx, m.source)
		if fault.Is(err, fault.NotFound) {
			continue // nothing of it was taken in
		}
		w.must(err)
		if h.Standards != set.Digest {
			continue // Rejudge has not come by
		}
		span := w.clock.Now().Sub(set.Since)
		for i := range 24 {
			at := set.Since.Add(span * time.Duration(i+1) / 24)
			sections, err := w.hosts.Sections(w.ctx, h.ID, at, true)
			w.must(err)
			item := judge.Item{Sections: map[string]*facts.Decoded{}}
			for _, s := range sections {
				var missing []facts.Missing
				if s.Missing != nil {
					w.must(json.Unmarshal(s.Missing, &missing))
				}
				d, err := facts.Decode(facts.Section{Name: s.Name, Registry: s.Registry, Values: s.Values, Missing: missing, Digest: s.Digest})
				w.must(err)
				item.Sections[s.Name] = &d
			}
			rows, err := w.outcomes.OfItem(w.ctx, h.ID, outcome.At{Valid: at, Known: -1})
			w.must(err)
			for _, r := range rows {
				c, ok := set.Check(r.Check)
				if !ok {
					w.Fatalf("%s: %s has the outcome %s of a check that is not in force", at, m.name, r.Stored)
				}
				a, _ := c.Attribute(r.Attribute)
				got := a.Predicate.Judge(item)
				if got.Outcome == outcome.Fail && w.covered(r.Check, r.Attribute, h.ID, at) {
					got.Outcome = outcome.Waived
				}
				if got.Outcome != r.Stored {
					w.Fatalf("at %s %s/%s of %s is stored as %s since %s; its sections say %s", at, r.Check, r.Attribute, m.name, r.Stored, r.Since, got.Outcome)
				}
			}
		}
	}
}

// covered reports whether a waiver holds that was judged.
func (w *world) covered(check, attribute, item string, at time.Time) bool {
	w.Helper()
	_, ok, err := w.waivers.Covering(w.ctx, check, attribute, item, at)
	w.must(err)
	return ok
}

// bound holds every entry that rows stand behind against them.
func (w *world) bound(q database.Querier) error {
	w.Helper()
	checks := map[string]ledger.Binding{}
	for _, b := range slices.Concat(host.Bindings(), finding.Bindings(), standard.Bindings(), outcome.Bindings(), population.Bindings(), waiver.Bindings(), exclusion.Bindings()) {
		checks[b.Name] = b
	}
	for _, rec := range w.everyRecord(q) {
		if b, ok := checks[rec.Type]; ok {
			if err := b.Check(w.ctx, q, rec); err != nil {
				return err
			}
		} else {
			w.Errorf("nothing is bound to entries of type %s", rec.Type)
		}
	}
	return nil
}

// sameNumbers holds the numbers that lists show of hosts against the outcomes
// that are listed of each.
func (w *world) sameNumbers() {
	w.Helper()
	hosts, _, _, err := w.hosts.List(w.ctx, host.Filter{Retired: true}, "", 1000)
	w.must(err)
	ids := make([]string, len(hosts))
	for i, h := range hosts {
		ids[i] = h.ID
	}
	want, err := w.outcomes.CountsByItem(w.ctx, ids, outcome.Now())
	w.must(err)
	for _, h := range hosts {
		if h.Counts != want[h.ID] {
			w.Errorf("%s is listed with %+v, its outcomes are %+v", h.Name, h.Counts, want[h.ID])
		}
	}
}

func (w *world) sameCounts(at outcome.At) {
	w.Helper()
	stored, err := w.outcomes.Stored(w.ctx, at)
	w.must(err)
	scanned, err := w.outcomes.Scan(w.ctx, at)
	w.must(err)
	if !slices.Equal(stored, scanned) {
		w.Fatalf("at %v known %d the steps give\n%+v\nand the outcomes\n%+v", at.Valid, at.Known, stored, scanned)
	}
	counts, err := w.outcomes.Counts(w.ctx, at)
	w.must(err)
	for _, c := range counts {
		rows, _, total, err := w.outcomes.List(w.ctx, outcome.Filter{Check: c.Check, Attribute: c.Attribute}, at, "", 0)
		w.must(err)
		listed := map[outcome.Outcome]int64{}
		inherited := int64(0)
		for _, r := range rows {
			listed[r.Outcome]++
			if r.Inherited {
				inherited++
			}
			if r.Outcome != outcome.Pass && r.Reason == "" {
				w.Errorf("%s of %s is %s without a reason", r.Attribute, r.ItemName, r.Outcome)
			}
		}
		if total != c.Total() || listed[outcome.Pass] != c.Pass || listed[outcome.Fail] != c.Fail || listed[outcome.Error] != c.Error ||
			listed[outcome.NotObserved] != c.NotObserved || listed[outcome.NotApplicable] != c.NotApplicable || inherited != c.Silent {
			w.Fatalf("at %v known %d: counts of %s/%s are %+v, listed are %v, %d inherited", at.Valid, at.Known, c.Check, c.Attribute, c.Counts, listed, inherited)
		}
	}
}
