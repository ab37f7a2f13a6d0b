package diagram_test

import (
	"context"
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
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/diagram"
)

type fixture struct {
	*diagram.Service
	t             testing.TB
	ctx           context.Context
	log           *ledger.Log
	clock         *clock.Manual
	assets        *asset.Service
	access        *access.Service
	ann, bob, eve access.Principal
}

func newFixture(t testing.TB, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.access, err = access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := f.access.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob, f.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Contributor)
	since := f.clock.Now().AddDate(0, -1, 0)
	f.assets = asset.New(asset.Config{DB: db, Ledger: f.log, Clock: f.clock.Now, Access: f.access,
		Found: func(context.Context) ([]asset.Found, error) {
			return []asset.Found{{Origin: "hst_1", Kind: "host", Name: "web-1", Since: since, Environment: "production"}, {Origin: "hst_2", Kind: "host", Name: "db-1", Since: since, Environment: "production", Class: "restricted"},
				{Origin: "hst_3", Kind: "host", Name: "try-1", Since: since, Environment: "test"}, {Origin: "ven_1", Kind: "service", Name: "Mailer", Since: since, Owner: "ann"}}, nil
		},
		Data: func(context.Context) ([]asset.DataSet, error) {
			return []asset.DataSet{{Ref: "D-1", Name: "Orders", Class: "confidential", Owned: true}, {Ref: "D-2", Name: "Keys", Class: "restricted"}}, nil
		},
		Ports: func(context.Context) (map[string]asset.Ports, error) {
			return map[string]asset.Ports{"hst_1": {Known: true, List: []asset.Port{{Proto: "tcp", Port: 443}, {Proto: "tcp", Port: 8080, Process: "java"}}}, "hst_2": {Known: true}}, nil
		}})
	f.Service = diagram.New(diagram.Config{DB: db, Ledger: f.log, Clock: f.clock.Now, Assets: f.assets})
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		message, hint := fault.Public(err)
		f.t.Fatal(err, message, hint)
	}
}

func (f *fixture) refused(kind fault.Kind, words string, err error) {
	f.t.Helper()
	message, _ := fault.Public(err)
	if !fault.Is(err, kind) || !strings.Contains(message, words) {
		f.t.Errorf("want %v with %q, got %v: %s", kind, words, err, message)
	}
}

func (f *fixture) flow(ref, from, to, protocol string, port int, encrypted string, data ...string) {
	f.t.Helper()
	how := ""
	if encrypted == "yes" {
		how = "TLS"
	}
	_, err := f.assets.Declare(f.ctx, f.eve, ref, asset.Flow{From: from, To: to, Protocol: protocol, Port: port, Encrypted: encrypted, How: how, Data: data, Purpose: "as it is"})
	f.must(err)
}

func found(list []diagram.Finding) string {
	var out []string
	for _, x := range list {
		out = append(out, x.Kind+" "+x.Subject)
	}
	return strings.Join(out, "; ")
}

func TestLifeOfADiagram(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		_, err := f.assets.Record(f.ctx, f.eve, "", &asset.Added{Profile: asset.Profile{Name: "Customers", Kind: "party"}})
		f.must(err)
		f.flow("", "Customers", "web-1", "https", 443, "yes", "D-1")
		f.flow("", "web-1", "db-1", "postgres", 5432, "no", "D-1", "D-2")
		f.flow("", "web-1", "Mailer", "smtp", 25, "no", "D-1")
		f.flow("", "Old box", "web-1", "ftp", 21, "unknown")
		for words, x := range map[string]diagram.Settings{"called": {Kind: diagram.Network}, "network or data_flow": {Title: "Net", Kind: "flow"}} {
			_, err := f.Make(f.ctx, f.eve, x)
			f.refused(fault.Invalid, words, err)
		}
		r, err := f.Make(f.ctx, f.eve, diagram.Settings{Title: "Data flows", Kind: diagram.DataFlow})
		f.must(err)
		if r.Ref != "DG-1" || len(r.Now.Nodes) != 5 || len(r.Now.Arrows) != 4 || len(r.Now.Data) != 2 || r.Differs != nil {
			t.Fatalf("%+v", r.Now)
		}
		if got := found(r.Findings); got != "unencrypted DF-3; encryption_unknown DF-4; data_without_owner D-2; node_without_owner hst_2; not_in_inventory Old box; nothing_listens DF-2; nothing_listens DF-4" {
			t.Errorf("findings: %s", got)
		}
		net, err := f.Make(f.ctx, f.eve, diagram.Settings{Title: "Network of tests", Kind: diagram.Network, Environment: "Test"})
		f.must(err)
		if len(net.Now.Nodes) != 1 || net.Now.Nodes[0].Name != "try-1" {
			t.Errorf("tests alone: %+v", net.Now.Nodes)
		}
		net, err = f.Describe(f.ctx, f.eve, "DG-2", diagram.Settings{Title: "Network", Kind: diagram.Network})
		f.must(err)
		if got := found(net.Findings); !strings.Contains(got, "undeclared hst_1") || len(net.Now.Nodes) != 7 {
			t.Errorf("all: %s, %d nodes", got, len(net.Now.Nodes))
		}

		// pins
		if r, err = f.Pin(f.ctx, f.eve, "DG-1", "hst_1", diagram.Pin{Column: 2, Row: 1}); err != nil || r.Now.Pins["hst_1"] != (diagram.Pin{Column: 2, Row: 1}) {
			t.Fatalf("%v, %v", r.Now.Pins, err)
		}
		_, err = f.Pin(f.ctx, f.eve, "DG-1", "hst_2", diagram.Pin{Column: 2, Row: 1})
		f.refused(fault.Conflict, "web-1 is pinned to that place", err)
		_, err = f.Pin(f.ctx, f.eve, "DG-1", "hst_9", diagram.Pin{Column: 1, Row: 1})
		f.refused(fault.Invalid, "shows no node", err)
		_, err = f.Pin(f.ctx, f.eve, "DG-1", "hst_2", diagram.Pin{Column: 41, Row: 1})
		f.refused(fault.Invalid, "columns are", err)
		if r, err = f.Pin(f.ctx, f.eve, "DG-1", "hst_1", diagram.Pin{}); err != nil || len(r.Now.Pins) != 0 {
			t.Errorf("%v, %v", r.Now.Pins, err)
		}

		// a version, approved by somebody else
		r, err = f.Freeze(f.ctx, f.ann, "DG-1", "first one")
		f.must(err)
		_, err = f.Freeze(f.ctx, f.ann, "DG-1", "again")
		f.refused(fault.Conflict, "version 1 shows the same", err)
		_, err = f.Approve(f.ctx, f.ann, "DG-1", 1, "", "")
		f.refused(fault.Forbidden, "cannot approve", err)
		_, err = f.Approve(f.ctx, f.eve, "DG-1", 1, "", "")
		f.refused(fault.Forbidden, "", err)
		_, err = f.Approve(f.ctx, f.bob, "DG-1", 2, "", "")
		f.refused(fault.NotFound, "no version 2", err)
		if r, err = f.Approve(f.ctx, f.bob, "DG-1", 1, "held against the list", ""); err != nil || r.Approved() == nil || r.Differs == nil || len(r.Differs) != 0 {
			t.Fatalf("%+v, %v", r, err)
		}

		// the present goes on; what was frozen stays
		f.flow("DF-3", "web-1", "Mailer", "smtps", 465, "yes", "D-1")
		_, err = f.assets.End(f.ctx, f.eve, "DF-4", "box gone")
		f.must(err)
		r, err = f.Now(f.ctx, f.ann, "DG-1")
		f.must(err)
		var got []string
		for _, d := range r.Differs {
			got = append(got, d.Change+" "+d.What+" "+d.Key)
		}
		if !slices.Equal(got, []string{"removed node Old box", "changed flow DF-3", "removed flow DF-4"}) {
			t.Errorf("differs: %v", got)
		}
		if was, err := r.Picture(1); err != nil || !strings.Contains(found(was.Findings()), "unencrypted DF-3") || strings.Contains(found(r.Findings), "unencrypted") {
			t.Errorf("%v, %s", err, found(r.Findings))
		}
		if m := diagram.Merge(r.Versions[0].Picture, r.Now); len(m.Nodes) != 5 || len(m.Arrows) != 4 {
			t.Errorf("merged: %d nodes, %d arrows", len(m.Nodes), len(m.Arrows))
		}
		_, err = f.Freeze(f.ctx, f.ann, "DG-1", "mail goes encrypted")
		f.must(err)
		_, err = f.Approve(f.ctx, f.bob, "DG-1", 2, "", "")
		f.must(err)
		_, err = f.Approve(f.ctx, f.bob, "DG-1", 1, "", "")
		f.refused(fault.Conflict, "is approved", err)

		rows, err := f.List(f.ctx, f.ann)
		f.must(err)
		if len(rows) != 2 || rows[0].Approved().Version != 2 {
			t.Errorf("%+v", rows)
		}

		// entries are bound
		f.must(f.log.Publish(f.ctx))
		recs, err := f.log.Records(f.ctx, ledger.Filter{Limit: 200})
		f.must(err)
		n := 0
		for _, rec := range recs {
			if strings.HasPrefix(rec.Type, "diagram.") {
				n++
				f.must(diagram.Bound(f.ctx, db.Reader(), rec))
				rec.Data["seq"] = int64(99)
				if err := diagram.Bound(f.ctx, db.Reader(), rec); !fault.Is(err, fault.Refused) {
					t.Errorf("%s: %v", rec.Type, err)
				}
			}
		}
		if n != 9 {
			t.Errorf("%d entries", n)
		}
	})
}

// In a firm of one person what stands in for a second one is said.
func TestAlone(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	f.must(f.access.Disable(f.ctx, access.System(), f.ann.UserID))
	f.flow("", "web-1", "Mailer", "smtp", 25, "no", "D-1")
	_, err := f.Make(f.ctx, f.bob, diagram.Settings{Title: "Data flows", Kind: diagram.DataFlow})
	f.must(err)
	_, err = f.Freeze(f.ctx, f.bob, "DG-1", "first one")
	f.must(err)
	_, err = f.Approve(f.ctx, f.bob, "DG-1", 1, "", "")
	f.refused(fault.Invalid, "second person", err)
	r, err := f.Approve(f.ctx, f.bob, "DG-1", 1, "", "our adviser looks at it in May")
	f.must(err)
	if a := r.Approved(); a == nil || a.Approved.Compensation == "" {
		t.Errorf("%+v", a)
	}
}

// What an organisation of 300 assets and 600 flows waits for.
func BenchmarkNow(b *testing.B) {
	f := newFixture(b, databasetest.SQLite(b))
	var file strings.Builder
	file.WriteString("name,kind,owner,class,environment,zone\n")
	for i := range 300 {
		fmt.Fprintf(&file, "asset-%03d,application,ann,internal,production,zone-%d\n", i, i%6)
	}
	_, err := f.assets.Import(f.ctx, f.eve, []byte(file.String()), false)
	f.must(err)
	for i := range 60 {
		f.flow("", fmt.Sprintf("asset-%03d", i), fmt.Sprintf("asset-%03d", (i*7+1)%300), "https", 443, "yes", "D-1")
	}
	_, err = f.Make(f.ctx, f.ann, diagram.Settings{Title: "Network", Kind: diagram.Network})
	f.must(err)
	var all []time.Duration
	last := b.Elapsed()
	for b.Loop() {
		if _, err := f.Now(f.ctx, f.ann, "DG-1"); err != nil {
			b.Fatal(err)
		}
		all, last = append(all, b.Elapsed()-last), b.Elapsed()
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)*95/100].Microseconds())/1000, "p95_ms")
}
