package integrity_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/program/change"
	screens "github.com/attesta/attesta/internal/web/integrity"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/internal/wire"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is the screens over services that have nothing yet.
type world struct {
	*screentest.Browser
	t             *testing.T
	service       *integrity.Service
	area          screen.Area
	db            *database.DB
	clock         *clock.Manual
	hosts         *host.Service
	changes       *change.Service
	ann, bob, eve access.Principal
	persons       map[string]string
	sources       map[string]string
	n             int
	alone         bool
	findings      []screens.Finding
	asks          *ask.Service
	baselines     *baseline.Service
}

func begin(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewManual(monday), persons: map[string]string{}, sources: map[string]string{}, db: databasetest.SQLite(t)}
	dir, ctx := t.TempDir(), t.Context()
	log, err := ledger.Open(context.Background(), ledger.Config{DB: w.db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: w.clock.Now})
	w.must(err)
	t.Cleanup(func() { log.Close() })
	users, err := access.New(access.Config{DB: w.db, Ledger: log, Clock: w.clock.Now})
	w.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		w.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role, SessionID: "ses_x", At: w.clock.Now()}
	}
	w.ann, w.bob, w.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Viewer)
	standards, err := standard.New(standard.Config{DB: w.db, Ledger: log, Clock: w.clock.Now})
	w.must(err)
	outcomes := outcome.New(outcome.Config{DB: w.db, Ledger: log, Clock: w.clock.Now})
	w.hosts, err = host.New(host.Config{DB: w.db, Ledger: log, Standards: standards, Outcomes: outcomes, Findings: finding.New(finding.Config{DB: w.db, Ledger: log, Clock: w.clock.Now}), Clock: w.clock.Now})
	w.must(err)
	key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
	w.must(err)
	w.changes = change.New(change.Config{DB: w.db, Ledger: log, Sealed: key, Hosts: w.hosts, Version: "test", Clock: w.clock.Now})
	w.service = integrity.New(integrity.Config{DB: w.db, Ledger: log, Hosts: w.hosts, Changes: w.changes, Clock: w.clock.Now, Version: "test",
		Person: func(_ context.Context, _, login string) (string, error) { return w.persons[login], nil }})
	w.asks = ask.New(ask.Config{DB: w.db, Ledger: log, Clock: w.clock.Now})
	w.baselines = baseline.New(baseline.Config{DB: w.db, Ledger: log, Asks: w.asks, Integrity: w.service, Changes: w.changes, Clock: w.clock.Now})
	w.area = screens.New(screens.Config{Integrity: w.service, Baselines: w.baselines, Findings: func(context.Context, access.Principal, string) ([]screens.Finding, error) { return w.findings, nil },
		Alone: func(context.Context, access.Principal, access.Action) (bool, error) { return w.alone, nil }})
	w.Browser = screentest.New(t, w.area, w.clock.Now, w.ann)
	w.Label = map[string]string{w.ann.UserID: "Ann Lee", w.bob.UserID: "Bob May"}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// report lets a host's agent say how it watches.
func (w *world) report(name, watching string) {
	w.t.Helper()
	if w.sources[name] == "" {
		w.sources[name] = ids.New("src", w.clock.Now())
	}
	os, err := facts.NewSection("os", facts.OS{Hostname: &name}, nil)
	w.must(err)
	var items []json.RawMessage
	for _, x := range []facts.Section{os, {Name: "watching", Registry: 6, Values: json.RawMessage(watching), Digest: strings.Repeat("a", 64)}} {
		raw, err := json.Marshal(x)
		w.must(err)
		items = append(items, raw)
	}
	source, now := w.sources[name], w.clock.Now()
	w.must(w.db.Tx(w.t.Context(), func(tx *sql.Tx) error {
		var none int64
		if _, err := w.hosts.ReceiveFacts(w.t.Context(), tx, host.Batch{Source: source, SourceName: name, Stream: "a", Sequence: now.UnixMicro(), ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now, Digest: os.Digest, Items: items[:1]}); err != nil {
			return err
		}
		return w.service.Facts(w.t.Context(), tx, integrity.Batch{Source: source, Name: name, ObservedAt: now, ReceivedAt: now, Items: items})
	}))
}

// id is a host's.
func (w *world) id(name string) string {
	w.t.Helper()
	h, err := w.hosts.Get(w.t.Context(), w.sources[name])
	w.must(err)
	return h.ID
}

// one is a change of a path, with an id of its own.
func (w *world) one(path string, edit ...func(*wire.FileChange)) wire.FileChange {
	w.n++
	c := wire.FileChange{ID: fmt.Sprintf("c%d", w.n), Path: path, Change: "changed", Type: "file", Found: "event", Time: w.clock.Now(), Attributes: []string{"mtime", "mode", "sha256"},
		Before: map[string]any{"sha256": "aa11", "mode": "0644", "mtime": "2026-03-01T08:00:00Z"}, After: map[string]any{"sha256": "bb22", "mode": "4755", "mtime": "2026-03-02T09:00:00Z"}}
	for _, f := range edit {
		f(&c)
	}
	return c
}

func by(login, exe string) func(*wire.FileChange) {
	return func(c *wire.FileChange) {
		uid := uint32(0)
		c.Who = &wire.Process{PID: 811, UID: &uid, User: "root", LoginUser: login, Exe: exe, ExeSHA256: strings.Repeat("0c", 32), Terminal: "pts/0", SSH: "10.0.0.7 50022", Sudo: "vim " + c.Path, Parents: []wire.ParentProcess{{PID: 800, Exe: "/usr/bin/bash"}, {PID: 700, Exe: "/usr/sbin/sshd"}}}
	}
}

// of makes it what a run of dpkg brought.
func of(transaction, name, version string) func(*wire.FileChange) {
	return func(c *wire.FileChange) {
		c.Who = &wire.Process{User: "root", LoginUser: "ann", Exe: "/usr/bin/dpkg"}
		c.Package = &wire.PackageClaim{Manager: "dpkg", Name: name, Version: version, Action: "upgrade", Role: "content", Digest: "match", Transaction: transaction, Started: c.Time.Add(-time.Minute), Origin: "Debian:12/main", Repository: true, Command: "apt-get upgrade", By: "ann (1000)"}
	}
}

func (w *world) send(name string, list ...wire.FileChange) {
	w.t.Helper()
	var items []json.RawMessage
	for _, c := range list {
		raw, err := json.Marshal(c)
		w.must(err)
		items = append(items, raw)
	}
	w.must(w.db.Tx(w.t.Context(), func(tx *sql.Tx) error {
		return w.service.Receive(w.t.Context(), tx, integrity.Batch{Source: w.sources[name], Name: name, ObservedAt: w.clock.Now(), ReceivedAt: w.clock.Now(), Items: items})
	}))
}

// answer lets a host's agent answer the first thing that it is asked.
func (w *world) answer(name string, result any, refuse string) {
	w.t.Helper()
	w.must(w.db.Tx(w.t.Context(), func(tx *sql.Tx) error {
		list, err := w.asks.For(w.t.Context(), tx, w.sources[name])
		if err != nil {
			return err
		}
		if len(list) == 0 {
			w.t.Fatalf("%s is asked nothing", name)
		}
		answer := wire.Answer{ID: list[0].ID, Kind: list[0].Kind, At: w.clock.Now(), Refuse: refuse}
		if refuse == "" {
			if answer.Result, err = json.Marshal(result); err != nil {
				return err
			}
		}
		item, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		return w.asks.Receive(w.t.Context(), tx, w.sources[name], []json.RawMessage{item})
	}))
}
