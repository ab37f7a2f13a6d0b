package asset_test

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
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/asset"
)

// fixture is a firm with two hosts, a vendor and an inventory of data.
type fixture struct {
	*asset.Service
	t        testing.TB
	ctx      context.Context
	db       *database.DB
	log      *ledger.Log
	clock    *clock.Manual
	access   *access.Service
	found    []asset.Found
	data     []asset.DataSet
	ports    map[string]asset.Ports
	ann, eve access.Principal
}

func newFixture(t testing.TB, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.access, err = access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := f.access.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: strings.ToUpper(login[:1]) + login[1:] + " Long", Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.eve = user("ann", access.ComplianceManager), user("eve", access.Contributor)
	since := f.clock.Now().AddDate(0, -6, 0)
	f.found = []asset.Found{
		{Origin: "hst_1", Kind: "host", Name: "web-1", Owner: "Ann Long", Class: "Confidential", Environment: "Production", Register: "the host page", Since: since},
		{Origin: "hst_2", Kind: "host", Name: "db-1", Since: since, Silent: true, Register: "the host page"},
		{Origin: "ven_1", Kind: "service", Name: "Northern Mail", Owner: f.eve.UserID, Since: since, Register: "the vendor register"},
	}
	f.data = []asset.DataSet{{Ref: "D-1", Name: "Orders", Class: "confidential", Owned: true, Lives: []string{"DB-1"}}, {Ref: "D-2", Name: "Keys", Class: "restricted"}}
	f.ports = map[string]asset.Ports{"hst_1": {Known: true, List: []asset.Port{{"tcp", 443, "nginx"}, {"tcp", 22, "sshd"}}}, "hst_2": {Known: true, List: []asset.Port{{"tcp", 22, "sshd"}}}}
	f.Service = asset.New(asset.Config{DB: db, Ledger: f.log, Clock: f.clock.Now, Access: f.access,
		Found: func(context.Context) ([]asset.Found, error) { return slices.Clone(f.found), nil },
		Data:  func(context.Context) ([]asset.DataSet, error) { return f.data, nil },
		Ports: func(context.Context) (map[string]asset.Ports, error) { return f.ports, nil },
		Scope: func(context.Context) (*time.Location, []string, error) { return time.UTC, []string{"Farol"}, nil }})
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

func (f *fixture) outcome(ref, attribute string) string {
	f.t.Helper()
	a, err := f.Get(f.ctx, f.ann, ref)
	f.must(err)
	for _, k := range a.Judged {
		if k.ID == attribute {
			return k.Outcome
		}
	}
	return ""
}

func (f *fixture) record(p access.Principal, ref string, c asset.Change) *asset.Asset {
	f.t.Helper()
	a, err := f.Record(f.ctx, p, ref, c)
	f.must(err)
	f.clock.Advance(time.Hour)
	return a
}

func TestLifeOfAssets(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		all, err := f.List(f.ctx, f.ann)
		f.must(err)
		if len(all) != 3 || all[0].Name != "db-1" || all[0].State != asset.Silent || !all[0].Derived || all[0].Ref != "hst_2" {
			t.Fatalf("derived: %+v", all[0])
		}
		web, db1 := all[2], all[0]
		if web.Owner != (asset.Value{Text: "Ann Long", From: "the host page"}) || web.OwnerID != f.ann.UserID || web.Class.Text != "confidential" || web.Environment.Text != "production" || len(web.Gaps) != 0 {
			t.Errorf("what its page says: %+v", web)
		}
		if !slices.Equal(db1.Gaps, []string{"owner", "environment"}) || db1.Class != (asset.Value{Text: "confidential", From: "the data inventory"}) || !slices.Equal(db1.Data, []string{"D-1"}) {
			t.Errorf("gaps %v, class %v, data %v", db1.Gaps, db1.Class, db1.Data)
		}
		if all[1].Owner.Text != f.eve.UserID || !all[1].Outside || all[1].Zone.Text != "vendors" {
			t.Errorf("a vendor: %+v", all[1])
		}

		// what is said here goes before, and gives a number
		a := f.record(f.eve, "hst_2", &asset.Described{Profile: asset.Profile{Owner: "EVE", Environment: "Production", Zone: "data", Class: "restricted", System: "Farol", Criticality: "high"}})
		if a.Ref != "A-1" || a.Owner.Text != f.eve.UserID || a.Class != (asset.Value{Text: "restricted"}) || len(a.Gaps) != 0 || a.Name != "db-1" {
			t.Errorf("described: %+v", a)
		}
		for field, p := range map[string]asset.Profile{"class": {Class: "secret"}, "system": {System: "Other"}, "data": {Data: []string{"D-9"}}, "owner": {Owner: "nobody@firm.example"}, "side": {Side: "above"}} {
			_, err := f.Record(f.ctx, f.eve, "A-1", &asset.Described{Profile: p})
			f.refused(fault.Invalid, "", err)
			if err != nil && !strings.Contains(fmt.Sprintf("%+v", err), field) {
				t.Errorf("%s: %v", field, err)
			}
		}
		_, err = f.Record(f.ctx, access.Principal{UserID: "usr_x", Role: access.Viewer}, "A-1", &asset.Reviewed{})
		f.refused(fault.Forbidden, "", err)
		_, err = f.Record(f.ctx, f.eve, "A-9", &asset.Reviewed{})
		f.refused(fault.NotFound, "A-9", err)

		// reviewed within a year
		if got := f.outcome("A-1", "reviewed"); got != "not_observed" {
			t.Errorf("reviewed: %s", got)
		}
		f.record(f.ann, "A-1", &asset.Reviewed{Note: "against the list of machines"})
		if got := f.outcome("A-1", "reviewed"); got != "pass" {
			t.Errorf("reviewed: %s", got)
		}
		f.clock.Advance(366 * 24 * time.Hour)
		if got := f.outcome("A-1", "reviewed"); got != "fail" {
			t.Errorf("a year later: %s", got)
		}
		if got := f.outcome("hst_1", "reviewed"); got != "fail" {
			t.Errorf("never reviewed in a year: %s", got)
		}

		// the owner leaves
		f.must(f.access.Disable(f.ctx, access.System(), f.eve.UserID))
		if got := f.outcome("A-1", "owner_here"); got != "fail" {
			t.Errorf("owner who left: %s", got)
		}

		// an asset that is entered, retired and disposed of
		b := f.record(f.ann, "", &asset.Added{Profile: asset.Profile{Name: "Backup disk 7", Kind: "media", Class: "restricted", Owner: "Operations", Environment: "production"}})
		if b.Ref != "A-2" || b.Derived || f.outcome("A-2", "owner_here") != "not_observed" {
			t.Errorf("entered: %+v", b)
		}
		_, err = f.Record(f.ctx, f.ann, "", &asset.Added{Profile: asset.Profile{Name: "backup  DISK 7", Kind: "media"}})
		f.refused(fault.Conflict, "A-2 is called Backup disk 7", err)
		_, err = f.Record(f.ctx, f.ann, "A-2", &asset.Disposed{On: "2027-03-01", Method: "destroyed", Proof: "certificate"})
		f.refused(fault.Conflict, "in use", err)
		f.record(f.ann, "A-2", &asset.Retired{On: "2027-03-01", Why: "full of errors"})
		if got := f.outcome("A-2", "disposed"); got != "fail" {
			t.Errorf("retired only: %s", got)
		}
		_, err = f.Record(f.ctx, f.ann, "A-2", &asset.Disposed{On: "2030-01-01", Method: "destroyed", Proof: "certificate"})
		f.refused(fault.Invalid, "future", err)
		f.record(f.ann, "A-2", &asset.Disposed{On: "2027-03-02", Method: "destroyed", Proof: "certificate 88, E-4", By: "Shred Ltd"})
		if got := f.outcome("A-2", "disposed"); got != "pass" {
			t.Errorf("disposed: %s", got)
		}

		// a host that was taken out stays, until what became of it is shown
		f.found[1].Gone, f.found[1].Why = f.clock.Now().Add(-time.Hour), "replaced"
		_, err = f.Record(f.ctx, f.ann, "A-1", &asset.Retired{On: "2027-03-02", Why: "replaced"})
		f.refused(fault.Conflict, "retired", err)
		if a, err = f.Get(f.ctx, f.ann, "A-1"); err != nil || a.State != asset.Gone || !slices.Equal(a.Gaps, []string{"disposal"}) {
			t.Errorf("%+v, %v", a, err)
		}
		f.record(f.ann, "A-1", &asset.Disposed{On: "2027-03-02", Method: "wiped", Proof: "log of the wipe"})
		_, err = f.Record(f.ctx, f.ann, "hst_1", &asset.Retired{On: "2027-03-02", Why: "replaced"})
		f.refused(fault.Conflict, "another register", err)

		// each entry is bound to its row
		f.must(f.log.Publish(f.ctx))
		recs, err := f.log.Records(f.ctx, ledger.Filter{Limit: 200})
		f.must(err)
		n := 0
		for _, rec := range recs {
			if strings.HasPrefix(rec.Type, "asset.") {
				n++
				f.must(asset.Bound(f.ctx, db.Reader(), rec))
				rec.Data["digest"] = "other"
				if err := asset.Bound(f.ctx, db.Reader(), rec); !fault.Is(err, fault.Refused) {
					t.Errorf("an entry that says something else: %v", err)
				}
			}
		}
		if n != 6 {
			t.Errorf("%d entries of assets", n)
		}

		// populations
		for _, src := range f.Sources() {
			items, err := src.Read(f.ctx, population.Request{At: outcome.At{Valid: f.clock.Now().Add(time.Second), Known: -1}})
			f.must(err)
			if want := map[string]int{"assets": 4, "assets-retired": 2}[src.Name]; len(items) != want {
				t.Errorf("%s has %d items, want %d", src.Name, len(items), want)
			}
			for _, i := range items {
				for _, field := range src.Fields {
					if _, there := i.Attributes[field.Name]; !there {
						t.Errorf("%s: an item has no %s", src.Name, field.Name)
					}
				}
			}
		}
	})
}

func TestFlows(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.record(f.ann, "hst_1", &asset.Described{Profile: asset.Profile{Zone: "edge"}})
		f.record(f.ann, "hst_2", &asset.Described{Profile: asset.Profile{Zone: "data", Owner: "ann", Environment: "production"}})
		f.record(f.ann, "", &asset.Added{Profile: asset.Profile{Name: "Customers", Kind: "party"}})
		declare := func(x asset.Flow) asset.Line {
			t.Helper()
			l, err := f.Declare(f.ctx, f.eve, "", x)
			f.must(err)
			return l
		}
		l := declare(asset.Flow{From: "customers", To: "A-1", Data: []string{"d-1"}, Protocol: "HTTPS", Port: 443, Encrypted: "yes", How: "TLS 1.3", Purpose: "orders come in"})
		if l.Ref != "DF-1" || !l.Crosses || l.Class != "confidential" || l.Seen != "listening" || l.To.Key != "hst_1" || l.Flow.Protocol != "https" {
			t.Errorf("%+v", l)
		}
		if l = declare(asset.Flow{From: "web-1", To: "db-1", Protocol: "postgres", Port: 5432, Encrypted: "no", Purpose: "queries"}); l.Crosses || l.Seen != "nothing_listens" {
			t.Errorf("%+v", l)
		}
		if l = declare(asset.Flow{From: "web-1", To: "Northern Mail", Data: []string{"D-1"}, Protocol: "smtp", Port: 25, Encrypted: "no", Purpose: "letters to drivers"}); !l.Crosses || l.Seen != "not_observed" {
			t.Errorf("%+v", l)
		}
		if l = declare(asset.Flow{From: "Old printer", To: "zone:edge", Protocol: "ssh", Port: 22, Encrypted: "yes", How: "SSH", Purpose: "nobody knows"}); l.From.Known || !l.To.Whole || l.Seen != "listening" {
			t.Errorf("%+v", l)
		}
		for words, x := range map[string]asset.Flow{
			"another": {From: "web-1", To: "A-1", Protocol: "x", Purpose: "itself"}, "what it is for": {From: "web-1", To: "db-1", Protocol: "x"}, "no port": {From: "web-1", To: "db-1", Protocol: "x", Purpose: "much", Port: 99999},
			"by what": {From: "web-1", To: "db-1", Protocol: "x", Purpose: "much", Encrypted: "yes"}, "encrypted is one of": {From: "web-1", To: "db-1", Protocol: "x", Purpose: "much", Encrypted: "maybe"},
		} {
			_, err := f.Declare(f.ctx, f.eve, "", x)
			f.refused(fault.Invalid, words, err)
		}
		_, err := f.Declare(f.ctx, f.eve, "", asset.Flow{From: "web-1", To: "db-1", Protocol: "postgres", Port: 5432, Purpose: "the same"})
		f.refused(fault.Conflict, "DF-2 declares the same", err)
		v, err := f.Inventory(f.ctx, f.ann)
		f.must(err)
		var undeclared []string
		for _, l := range v.Lines() {
			if l.Seen == "undeclared" {
				undeclared = append(undeclared, fmt.Sprint(l.To.Name, " ", l.Flow.Port))
			}
		}
		if !slices.Equal(undeclared, []string{"db-1 22"}) {
			t.Errorf("undeclared: %v", undeclared)
		}
		_, err = f.End(f.ctx, f.eve, "DF-2", "moved")
		f.must(err)
		_, err = f.End(f.ctx, f.eve, "DF-2", "moved")
		f.refused(fault.Conflict, "has ended", err)
		_, err = f.Declare(f.ctx, f.eve, "DF-1", asset.Flow{From: "customers", To: "A-1", Protocol: "https", Port: 443, Encrypted: "no", Purpose: "orders come in"})
		f.must(err)
		v, err = f.Inventory(f.ctx, f.ann)
		f.must(err)
		if d := v.Flow("df-1"); d == nil || d.Seq != 2 || d.Encrypted != "no" || !v.Flow("DF-2").Over {
			t.Errorf("%+v", d)
		}
	})
}

func TestImport(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	file := "name;kind;owner;class;environment;zone\nWEB-1;;eve;restricted;;edge\nRouter;network;Operations;internal;office;office\n;;;;;\n"
	got, err := f.Import(f.ctx, f.eve, []byte(file), true)
	f.must(err)
	if got.New != 1 || got.Changes != 1 || got.Wrong != 0 || got.Stored || got.Lines[0].Ref != "hst_1" {
		t.Fatalf("dry: %+v", got)
	}
	wrong, err := f.Import(f.ctx, f.eve, []byte(strings.Replace(file, "internal", "inside", 1)), false)
	f.must(err)
	if wrong.Wrong != 1 || wrong.Stored || !strings.Contains(wrong.Lines[1].Problem, `not "inside"`) {
		t.Fatalf("wrong: %+v", wrong)
	}
	if got, err = f.Import(f.ctx, f.eve, []byte(file), false); err != nil || !got.Stored {
		t.Fatalf("%+v, %v", got, err)
	}
	a, err := f.Get(f.ctx, f.eve, "hst_1")
	f.must(err)
	if a.Owner.Text != f.eve.UserID || a.Class.Text != "restricted" || a.Environment.Text != "production" {
		t.Errorf("%+v", a)
	}
	if got, err = f.Import(f.ctx, f.eve, []byte(file), false); err != nil || got.Stored || got.There != 2 {
		t.Errorf("a second time: %+v, %v", got, err)
	}
	for words, raw := range map[string]string{`no column is called "colour"`: "name,colour\nx,y\n", "no column is called name": "kind\nhost\n", "has no head": "", "not UTF-8": "name\n\xff\n", "line 2": "name\n\"x\n", "has 2 fields": "name\na,b\n"} {
		_, err := f.Import(f.ctx, f.eve, []byte(raw), true)
		f.refused(fault.Invalid, words, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("name,kind\nRouter,network\n"))
	f.Add([]byte("name;data\n\"a\";\"D-1 D-2\"\n"))
	f.Add([]byte("\ufeffname\n\"x\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		lines, err := asset.Parse(raw)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("%v", err)
			}
			return
		}
		last := 1
		for _, l := range lines {
			if l.Line <= last || l.State == "wrong" && l.Problem == "" {
				t.Fatalf("%+v after line %d", l, last)
			}
			last = l.Line
		}
	})
}

// BenchmarkList is what the list of 1,000 assets waits for.
func BenchmarkList(b *testing.B) {
	f := newFixture(b, databasetest.SQLite(b))
	var file strings.Builder
	file.WriteString("name,kind,owner,class,environment,zone\n")
	for i := range 1000 {
		fmt.Fprintf(&file, "asset-%04d,application,ann,internal,production,zone-%d\n", i, i%6)
	}
	_, err := f.Import(f.ctx, f.eve, []byte(file.String()), false)
	f.must(err)
	var all []time.Duration
	last := b.Elapsed()
	for b.Loop() {
		if _, err := f.List(f.ctx, f.ann); err != nil {
			b.Fatal(err)
		}
		all, last = append(all, b.Elapsed()-last), b.Elapsed()
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)*95/100].Microseconds())/1000, "p95_ms")
}
