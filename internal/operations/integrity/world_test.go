package integrity_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/wire"
	"github.com/attesta/attesta/packs"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

type world struct {
	*integrity.Service
	t                   testing.TB
	ctx                 context.Context
	db                  *database.DB
	log                 *ledger.Log
	dir                 string
	clock               *clock.Manual
	hosts               *host.Service
	outcomes            *outcome.Service
	finding             *finding.Service
	changes             *change.Service
	ann, bob, carl, eve access.Principal
	persons             map[string]string
	approved            map[string]string
	n                   int
	sources             map[string]string
}

func each(t *testing.T, f func(w *world)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) { f(begin(t, db)) })
}

func begin(t testing.TB, db *database.DB) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(monday), dir: t.TempDir(), persons: map[string]string{}, approved: map[string]string{}, sources: map[string]string{}}
	var err error
	w.log, err = ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(w.dir, "log"), KeyFile: filepath.Join(w.dir, "key"), Clock: w.clock.Now})
	w.must(err)
	t.Cleanup(func() { w.log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(w.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		w.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role, SessionID: "ses_x", At: w.clock.Now()}
	}
	w.ann, w.bob, w.carl, w.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("carl", access.Responder), user("eve", access.Viewer)
	standards, err := standard.New(standard.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	dir, err := packs.OpenStandard("integrity")
	w.must(err)
	_, err = standards.Install(w.ctx, access.System(), dir)
	w.must(err)
	w.finding = finding.New(finding.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.outcomes = outcome.New(outcome.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.hosts, err = host.New(host.Config{DB: db, Ledger: w.log, Standards: standards, Outcomes: w.outcomes, Findings: w.finding, Clock: w.clock.Now})
	w.must(err)
	key, err := sealed.Open(filepath.Join(w.dir, "sealed.key"))
	w.must(err)
	w.changes = change.New(change.Config{DB: db, Ledger: w.log, Sealed: key, Hosts: w.hosts, Version: "test", Clock: w.clock.Now})
	w.Service = integrity.New(integrity.Config{DB: db, Ledger: w.log, Hosts: w.hosts, Changes: w.changes, Clock: w.clock.Now, Version: "test", Silent: w.outcomes.Silent,
		Person: func(_ context.Context, hostID, login string) (string, error) {
			if !strings.HasPrefix(hostID, "hst_") {
				return "", errors.New("no host")
			}
			return w.persons[login], nil
		},
		Approved: func(_ context.Context, _ database.Querier, _ string, p *wire.PackageClaim, _ time.Time) (string, error) {
			return w.approved[p.Name], nil
		}})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		message, hint := fault.Public(err)
		w.t.Fatalf("%v (%s; %s)", err, message, hint)
	}
}

func (w *world) refused(err error, kind fault.Kind, want string) {
	w.t.Helper()
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error(), want) {
		w.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

// source gives the source of a host of a name, and lets its agent report facts the
// first time.
func (w *world) source(name string) string {
	w.t.Helper()
	if s := w.sources[name]; s != "" {
		return s
	}
	s := ids.New("src", w.clock.Now())
	w.sources[name] = s
	w.report(name)
	return s
}

// report lets a host say its facts, with more sections.
func (w *world) report(name string, more ...facts.Section) {
	w.t.Helper()
	sec, err := facts.NewSection("os", facts.OS{Hostname: &name}, nil)
	w.must(err)
	var items []json.RawMessage
	for _, x := range append([]facts.Section{sec}, more...) {
		raw, err := json.Marshal(x)
		w.must(err)
		items = append(items, raw)
	}
	source := w.sources[name]
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		var none int64
		now := w.clock.Now()
		if _, err := w.hosts.ReceiveFacts(w.ctx, tx, host.Batch{Source: source, SourceName: name, Stream: "a", Sequence: now.UnixMicro(), ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now, Digest: sec.Digest, Items: items[:1]}); err != nil {
			return err
		}
		return w.Facts(w.ctx, tx, integrity.Batch{Source: source, Name: name, ObservedAt: now, ReceivedAt: now, Items: items})
	}))
}

// watching is what an agent says of its watching.
func (w *world) watching(values string) facts.Section {
	sum := sha256.Sum256([]byte(values))
	return facts.Section{Name: "watching", Registry: 6, Values: json.RawMessage(values), Digest: hex.EncodeToString(sum[:])}
}

// one is a change, by its path, with an id of its own.
func (w *world) one(path string, edit ...func(*wire.FileChange)) wire.FileChange {
	w.n++
	c := wire.FileChange{ID: fmt.Sprintf("c%d", w.n), Path: path, Change: "changed", Type: "file", Found: "event", Time: w.clock.Now(), Attributes: []string{"sha256"}, Before: map[string]any{"sha256": "a"}, After: map[string]any{"sha256": "b"}}
	for _, f := range edit {
		f(&c)
	}
	return c
}

func from(before, after string) func(*wire.FileChange) {
	return func(c *wire.FileChange) {
		c.Before, c.After = map[string]any{"sha256": before}, map[string]any{"sha256": after}
	}
}

func by(login, exe string) func(*wire.FileChange) {
	return func(c *wire.FileChange) {
		c.Who = &wire.Process{User: "root", LoginUser: login, Exe: exe, Terminal: "pts/0"}
	}
}

// of makes it what a run of dpkg brought.
func of(transaction, name, version string) func(*wire.FileChange) {
	return func(c *wire.FileChange) {
		c.Who = &wire.Process{User: "root", LoginUser: "ann", Exe: "/usr/bin/dpkg"}
		c.Package = &wire.PackageClaim{Manager: "dpkg", Name: name, Version: version, Action: "upgrade", Role: "content", Digest: "match", Transaction: transaction, Started: c.Time.Add(-time.Minute), Origin: "Debian:12/main", Repository: true, Command: "apt-get upgrade", By: "ann (1000)"}
	}
}

func shows(tokens ...string) func(*wire.FileChange) {
	return func(c *wire.FileChange) {
		for _, t := range tokens {
			c.Runs = append(c.Runs, wire.RunClaim{Token: t, Presented: c.Time})
		}
	}
}

// send lets a host send changes.
func (w *world) send(name string, list ...wire.FileChange) {
	w.t.Helper()
	w.must(w.try(name, list...))
}

func (w *world) try(name string, list ...wire.FileChange) error {
	w.t.Helper()
	var items []json.RawMessage
	for _, c := range list {
		raw, err := json.Marshal(c)
		w.must(err)
		items = append(items, raw)
	}
	source := w.source(name)
	return w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		return w.Receive(w.ctx, tx, integrity.Batch{Source: source, Name: name, ObservedAt: w.clock.Now(), ReceivedAt: w.clock.Now(), Items: items})
	})
}

// groups holds what groups there are: "IC-1 unexplained open 2/0 host paths".
func (w *world) groups(want ...string) []integrity.Group {
	w.t.Helper()
	return w.groupsOf("", want...)
}

// groupsOf is groups of one host.
func (w *world) groupsOf(host string, want ...string) []integrity.Group {
	w.t.Helper()
	list, _, total, err := w.List(w.ctx, w.eve, integrity.Filter{Host: host})
	w.must(err)
	var got []string
	for _, g := range list {
		got = append(got, fmt.Sprintf("%s %s %s %d/%d", g.Ref, g.Verdict, g.State, g.Count, g.UndoneN))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) || total != int64(len(want)) {
		w.t.Errorf("groups (%d)\n got %s\nwant %s", total, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	slices.SortFunc(list, func(a, b integrity.Group) int { return int(a.Number - b.Number) })
	return list
}

// live holds which findings are open: "web-1 no-unexplained-change/system".
func (w *world) live(want ...string) {
	w.t.Helper()
	page, err := w.finding.List(w.ctx, finding.Filter{States: []finding.State{finding.Open, finding.Acknowledged}}, finding.ByUrgency, "", 50)
	w.must(err)
	got := []string{}
	for _, f := range page.Findings {
		_, check, _ := strings.Cut(f.Check, "/")
		got = append(got, f.ItemName+" "+check+"/"+f.Attribute)
	}
	slices.Sort(got)
	if !slices.Equal(got, append([]string{}, want...)) {
		w.t.Errorf("findings\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// token asks for a change, has it approved and gives its token, which ann signs.
func (w *world) token(hosts, paths []string, count int) (ref, text string) {
	w.t.Helper()
	ch, err := w.changes.Ask(w.ctx, w.bob, change.Ask{Title: "Tune the web servers", Text: "Set workers to 8; back by the file of before.", Hosts: hosts, Paths: paths})
	w.must(err)
	_, err = w.changes.ApproveAsked(w.ctx, w.ann, ch.Ref(), "The plan is sound.", "")
	w.must(err)
	t, err := w.changes.MakeToken(w.ctx, w.ann, change.Permit{Change: ch.Ref(), Hosts: hosts, Paths: paths, Count: count, Until: w.clock.Now().Add(2 * time.Hour)})
	w.must(err)
	w.persons["ann"] = t.Who
	return ch.Ref(), t.Text
}

// verify holds the ledger against the rows.
func (w *world) verify() error {
	w.t.Helper()
	w.must(w.log.Publish(w.ctx))
	_, err := ledger.Verify(w.ctx, ledger.VerifyConfig{DB: w.db, Dir: filepath.Join(w.dir, "log"), VerifierKey: w.log.VerifierKey(), Bindings: integrity.Bindings()})
	return err
}

func (w *world) reason(ref, want string) {
	w.t.Helper()
	g, err := w.Group(w.ctx, w.eve, ref)
	w.must(err)
	if !strings.Contains(g.Reason, want) {
		w.t.Errorf("%s: %s; want %s", ref, g.Reason, want)
	}
}
