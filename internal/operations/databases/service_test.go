package databases_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/databases"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/packs"
)

var (
	admin  = access.Principal{UserID: "usr_1", Role: access.Administrator}
	viewer = access.Principal{UserID: "usr_2", Role: access.Viewer}
)

const secret = "postgres://attesta:hush@db:5432/billing"

// world is a deployment with the shipped standard and one server in good order.
type world struct {
	*testing.T
	db      *database.DB
	log     *ledger.Log
	clock   *clock.Manual
	out     *outcome.Service
	hosts   *host.Service
	finding *finding.Service
	svc     *databases.Service
	server  *server
	dir     string
}

// server gives what a server says, or an error.
type server struct {
	sections []facts.Section
	err      error
	closed   int
}

func (s *server) Place() string { return "db:5432/billing" }
func (s *server) Close()        { s.closed++ }
func (s *server) Read(context.Context) ([]facts.Section, error) {
	return s.sections, s.err
}

// says gives a section other values, deep in the base item of the standard.
func (s *server) says(t *testing.T, section string, change func(map[string]any)) {
	t.Helper()
	for i, old := range s.sections {
		if old.Name != section {
			continue
		}
		d, err := facts.Decode(old)
		must(t, err)
		change(d.Values)
		s.sections[i], err = facts.NewSection(section, d.Values, d.Missing)
		must(t, err)
		return
	}
	t.Fatalf("no section %s", section)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t *testing.T, db *database.DB) *world {
	w := &world{T: t, db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), server: &server{}, dir: t.TempDir()}
	var err error
	w.log, err = ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(w.dir, "log"), KeyFile: filepath.Join(w.dir, "key"), Clock: w.clock.Now})
	must(t, err)
	t.Cleanup(func() { w.log.Close() })
	standards, err := standard.New(standard.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	must(t, err)
	dir, err := packs.OpenStandard("postgresql")
	must(t, err)
	_, err = standards.Install(t.Context(), access.System(), dir)
	must(t, err)
	w.out = outcome.New(outcome.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.finding = finding.New(finding.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.hosts, err = host.New(host.Config{DB: db, Ledger: w.log, Standards: standards, Outcomes: w.out, Findings: w.finding, Clock: w.clock.Now})
	must(t, err)
	shipped, err := pack.Default().LoadShipped("postgresql")
	must(t, err)
	for name, d := range shipped.Checks[0].Fixtures[0].Item.Sections {
		s, err := facts.NewSection(name, d.Values, d.Missing)
		must(t, err)
		w.server.sections = append(w.server.sections, s)
	}
	w.restart()
	return w
}

// restart makes the service anew, as after a restart of the program.
func (w *world) restart() {
	w.Helper()
	key, err := sealed.Open(filepath.Join(w.dir, "sealed.key"))
	must(w.T, err)
	w.svc, err = databases.New(databases.Config{DB: w.db, Ledger: w.log, Hosts: w.hosts, Key: key, Version: "test", Clock: w.clock.Now,
		Connect: func(connection string) (databases.Server, error) {
			if connection != secret {
				return nil, fault.New(fault.Invalid, "the connection string cannot be read")
			}
			return w.server, nil
		}})
	must(w.T, err)
}

func (w *world) read() databases.Database {
	w.Helper()
	w.clock.Advance(databases.Every)
	must(w.T, w.svc.ReadAll(w.Context()))
	d, err := w.svc.Get(w.Context(), viewer, "billing")
	must(w.T, err)
	return d
}

// number lets the sequencer give positions to what was recorded.
func (w *world) number() {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- w.log.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for {
		changed := w.log.Changed()
		var waiting int
		must(w.T, w.db.Reader().QueryRowContext(w.Context(), `SELECT COUNT(*) FROM ledger_entry WHERE idx IS NULL`).Scan(&waiting))
		if waiting == 0 {
			return
		}
		w.log.Wake()
		select {
		case <-changed:
		case <-time.After(30 * time.Second):
			w.Fatal("the sequencer numbered nothing for 30 s")
		}
	}
}

func TestFromConnectionToFinding(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		d, err := w.svc.Add(ctx, admin, databases.Connection{Name: " billing ", String: secret})
		must(t, err)
		c := d.Host.Counts
		if c.Pass == 0 || c.Total() != c.Pass || d.Host.Population != host.Databases || !strings.HasPrefix(d.Host.ID, "dbs_") || d.Host.OS != "PostgreSQL 17.6 (Debian 17.6-1.pgdg120+1)" {
			t.Errorf("in good order: %+v", d.Host)
		}
		before := w.out.Counters().Rows
		if d = w.read(); d.Host.LastObserved != w.clock.Now() || w.out.Counters().Rows != before {
			t.Errorf("an equal reading: last observed %s, %d rows", d.Host.LastObserved, w.out.Counters().Rows-before)
		}

		w.server.says(t, "pg_settings", func(v map[string]any) { v["values"].(map[string]any)["fsync"] = "off" })
		if d = w.read(); d.Host.Counts.Fail != 1 {
			t.Errorf("fsync off: %+v", d.Host.Counts)
		}
		open, err := w.finding.List(ctx, finding.Filter{Item: d.Host.ID, Live: true}, finding.ByUrgency, "", 10)
		must(t, err)
		if len(open.Findings) != 1 || open.Findings[0].Check != "postgresql/crash-fsync" || open.Findings[0].Severity != "critical" {
			t.Errorf("findings: %+v", open.Findings)
		}
		w.server.says(t, "pg_settings", func(v map[string]any) { v["values"].(map[string]any)["fsync"] = "on" })
		w.restart() // the connection is opened from its box
		if d = w.read(); d.Host.Counts.Fail != 0 {
			t.Errorf("mended: %+v", d.Host.Counts)
		}

		// Hosts and databases are populations of their own.
		list, _, total, err := w.hosts.List(ctx, host.Filter{}, "", 10)
		must(t, err)
		if total != 0 || len(list) != 0 {
			t.Errorf("%d databases among hosts", total)
		}
		items, _, err := w.out.Population(ctx, host.Databases, outcome.Now())
		must(t, err)
		if len(items) != 1 || items[0].Name != "billing" {
			t.Errorf("population: %+v", items)
		}
		w.number()
		runs, err := w.hosts.RunPopulation(ctx)
		must(t, err)
		if len(runs) != 1 || runs[0].Population != host.Databases || runs[0].Items != 1 {
			t.Errorf("population runs: %+v", runs)
		}
	})
}

// Who cannot be reached says nothing: not observed after the grace, never what
// was true before, and the reason stands beside it.
func TestUnreachable(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	_, err := w.svc.Add(t.Context(), admin, databases.Connection{Name: "billing", String: secret})
	must(t, err)
	w.server.err = fault.New(fault.Unavailable, "db:5432/billing could not be read: connection refused")
	for range 4 {
		w.read()
	}
	d := w.read()
	if d.Host.Counts.Pass != 0 || d.Host.Counts.NotObserved == 0 || !strings.Contains(d.Trouble, "connection refused") || d.TriedAt.IsZero() {
		t.Errorf("unreachable: %+v, trouble %q", d.Host.Counts, d.Trouble)
	}
	w.server.err = nil
	if d = w.read(); d.Host.Counts.Pass == 0 || d.Host.Counts.NotObserved != 0 || d.Trouble != "" {
		t.Errorf("back: %+v, trouble %q", d.Host.Counts, d.Trouble)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	ctx := t.Context()
	_, err := w.svc.Add(ctx, admin, databases.Connection{Name: "billing", String: secret})
	must(t, err)
	add := func(p access.Principal, name, connection string) error {
		_, err := w.svc.Add(ctx, p, databases.Connection{Name: name, String: connection})
		return err
	}
	_, unknown := w.svc.Observe(ctx, admin, "none")
	_, mayNot := w.svc.Observe(ctx, viewer, "billing")
	for name, tc := range map[string]struct {
		err  error
		kind fault.Kind
	}{
		"a viewer adds":        {add(viewer, "x", secret), fault.Forbidden},
		"nobody adds":          {add(access.Principal{}, "x", secret), fault.Unauthenticated},
		"no name":              {add(admin, "  ", secret), fault.Invalid},
		"a path for a name":    {add(admin, "../x", secret), fault.Invalid},
		"the same name":        {add(admin, "billing", secret), fault.Conflict},
		"no connection":        {add(admin, "x", "hush"), fault.Invalid},
		"unknown":              {unknown, fault.NotFound},
		"a viewer reads now":   {mayNot, fault.Forbidden},
		"a viewer removes":     {w.svc.Remove(ctx, viewer, "billing", "x"), fault.Forbidden},
		"removed for no cause": {w.svc.Remove(ctx, admin, "billing", " "), fault.Invalid},
	} {
		if !fault.Is(tc.err, tc.kind) || strings.Contains(tc.err.Error(), "hush") {
			t.Errorf("%s: %v, want kind %s", name, tc.err, tc.kind)
		}
	}
	w.server.err = fault.New(fault.Unavailable, "no route")
	if err := add(admin, "other", secret); !fault.Is(err, fault.Unavailable) {
		t.Errorf("what cannot be read was added: %v", err)
	}
	if all, err := w.svc.List(ctx, viewer); err != nil || len(all) != 1 {
		t.Errorf("%d databases, %v", len(all), err)
	}
}

// The database holds the connection sealed; the ledger's entries are held
// against the rows, and a changed row is found.
func TestSealedAndBound(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		d, err := w.svc.Add(ctx, admin, databases.Connection{Name: "billing", String: secret})
		must(t, err)
		var box []byte
		must(t, db.Reader().QueryRowContext(ctx, `SELECT connection FROM database_connection`).Scan(&box))
		if len(box) == 0 || strings.Contains(string(box), "hush") {
			t.Error("the connection is not sealed")
		}
		record := ledger.Record{ID: d.Entry, Subject: d.Source}
		check := func(entry string, data map[string]any) error {
			for _, b := range databases.Bindings() {
				if b.Name == entry {
					record.Data = data
					return b.Check(ctx, db.Reader(), record)
				}
			}
			t.Fatalf("no binding of %s", entry)
			return nil
		}
		if err := check("database.added", map[string]any{"name": "other", "connection": "x"}); !fault.Is(err, fault.Refused) {
			t.Errorf("another name: %v", err)
		}
		if err := check("database.added", map[string]any{"name": "billing", "connection": "x"}); !fault.Is(err, fault.Refused) {
			t.Errorf("another connection: %v", err)
		}
		if err := check("database.removed", map[string]any{"name": "billing"}); !fault.Is(err, fault.Refused) {
			t.Errorf("removed, says the ledger: %v", err)
		}
		must(t, w.svc.Remove(ctx, admin, "billing", "switched off"))
		must(t, db.Reader().QueryRowContext(ctx, `SELECT connection FROM database_connection`).Scan(&box))
		if len(box) != 0 || w.server.closed == 0 {
			t.Error("a removed connection is kept")
		}
		h, err := w.hosts.Get(ctx, d.Host.ID)
		must(t, err)
		if h.RetiredAt.IsZero() || h.RetiredReason != "switched off" {
			t.Errorf("after removal: %+v", h)
		}
		if _, err := w.svc.Add(ctx, admin, databases.Connection{Name: "billing", String: secret}); err != nil {
			t.Errorf("added again: %v", err)
		}
	})
}
