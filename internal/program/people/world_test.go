package people_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/wire"
	"github.com/attesta/attesta/packs"
)

const secret = "may only read"

// world is a firm with a directory, hosts, an administrator and a compliance manager.
type world struct {
	shown map[string]checklist.Shown // by user and records: what records say of items
	testing.TB
	*people.Service
	ctx       context.Context
	db        *database.DB
	log       *ledger.Log
	clock     *clock.Manual
	access    *access.Service
	findings  *finding.Service
	outcomes  *outcome.Service
	hosts     *host.Service
	pops      *population.Service
	directory *directory
	open      func(people.Settings, string) (people.Reader, error) // a real directory instead
	ann, bob  access.Principal                                     // administrator, compliance manager
	auditor   access.Principal
	sections  map[string]*facts.Decoded
	sequence  int64
	source    string // of the directory, once it was added
}

// directory is a source that says what the test says.
type directory struct {
	said  []people.Said
	notes []people.Problem
	err   error
}

func (d *directory) Read(context.Context) ([]people.Said, []people.Problem, error) {
	if d.err != nil {
		return nil, nil, d.err
	}
	return slices.Clone(d.said), d.notes, nil
}

// has says somebody: name, login, and fields as they are written.
func (d *directory) has(key, name, login string, change ...func(*people.Fields)) {
	f := people.Fields{Name: name, Mail: login + "@firm.example", Logins: []string{login}, Kind: people.Employee, Start: "2024-01-08"}
	for _, c := range change {
		c(&f)
	}
	i := slices.IndexFunc(d.said, func(s people.Said) bool { return s.Key == key })
	if i < 0 {
		d.said = append(d.said, people.Said{Key: key, Fields: f})
		return
	}
	d.said[i].Fields = f
}

func (d *directory) drop(keys ...string) {
	d.said = slices.DeleteFunc(d.said, func(s people.Said) bool { return slices.Contains(keys, s.Key) })
}

func newWorld(t testing.TB, db *database.DB) *world {
	t.Helper()
	w := &world{TB: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), directory: &directory{}}
	dir := t.TempDir()
	var err error
	w.log, err = ledger.Open(w.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: w.clock.Now})
	w.must(err)
	t.Cleanup(func() { w.log.Close() })
	w.access, err = access.New(access.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	standards, err := standard.New(standard.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	w.outcomes = outcome.New(outcome.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.findings = finding.New(finding.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.hosts, err = host.New(host.Config{DB: db, Ledger: w.log, Standards: standards, Outcomes: w.outcomes, Findings: w.findings, Clock: w.clock.Now})
	w.must(err)
	key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
	w.must(err)
	w.Service, err = people.New(people.Config{DB: db, Ledger: w.log, Access: w.access, Key: key, Book: shipped(t), Findings: w.findings, Hosts: w.hosts, Clock: w.clock.Now,
		Shown: func(_ context.Context, user, by string) (checklist.Shown, error) {
			if got, ok := w.shown[user+" "+by]; ok {
				return got, nil
			}
			return checklist.Shown{Text: "nothing of it is recorded"}, nil
		},
		Connect: func(set people.Settings, word string) (people.Reader, error) {
			if w.open != nil {
				return w.open(set, word)
			}
			if word != secret {
				return nil, fault.New(fault.Invalid, "the password is %q", word)
			}
			return w.directory, nil
		}})
	w.must(err)
	w.must(w.Service.Start(w.ctx))
	store, err := blobs.Open(filepath.Join(dir, "blobs"))
	w.must(err)
	w.pops, err = population.New(population.Config{DB: db, Ledger: w.log, Blobs: store, Clock: w.clock.Now}, w.PopulationSource())
	w.must(err)
	w.ann, w.bob, w.auditor = w.user("ann", access.Administrator), w.user("bob", access.ComplianceManager), w.user("aud", access.Auditor)
	pk, err := pack.Default().LoadShipped("linux-server")
	w.must(err)
	w.sections = pk.Checks[0].Fixtures[0].Item.Sections
	return w
}

func shipped(t testing.TB) *checklist.Book {
	t.Helper()
	dir, err := packs.Open(packs.Checklists()[0])
	if err == nil {
		var b *checklist.Book
		if b, err = checklist.Load(dir); err == nil {
			return b
		}
	}
	t.Fatal(err)
	return nil
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(err error, kind fault.Kind, says string) {
	w.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind || !strings.Contains(f.Error(), says) {
		w.Errorf("got %v, want %s: %s", err, kind, says)
	}
}

func (w *world) user(login string, role access.Role) access.Principal {
	w.Helper()
	u, err := w.access.AddUser(w.ctx, access.System(), access.NewUser{Login: login, Name: login, Email: login + "@firm.example", Role: role})
	w.must(err)
	return access.Principal{UserID: u.ID, Role: role}
}

// connect adds the directory as a source and reads it.
func (w *world) connect() {
	w.Helper()
	src, err := w.AddSource(w.ctx, w.ann, people.NewSource{Kind: people.LDAP, Name: "Directory", Settings: people.Settings{URL: "ldaps://x"}, Secret: secret})
	w.must(err)
	w.source = src.ID
	w.look("applied")
}

// look reads the directory and wants a state.
func (w *world) look(state string) people.Looked {
	w.Helper()
	l, err := w.Look(w.ctx, w.ann, w.source, false)
	w.must(err)
	if l.State != state {
		w.Fatalf("the reading is %s, want %s: %+v", l.State, state, l.Plan)
	}
	return l
}

// who gives somebody by name.
func (w *world) who(name string) *people.Detail {
	w.Helper()
	page, err := w.List(w.ctx, w.ann, people.Filter{Query: strings.ToLower(name), States: []people.State{people.Planned, people.Here, people.Leaving, people.Left}}, "", "", 100)
	w.must(err)
	if len(page.People) != 1 {
		w.Fatalf("%d people are called %s", len(page.People), name)
	}
	d, err := w.Get(w.ctx, w.ann, page.People[0].ID)
	w.must(err)
	return d
}

// reports sends the accounts of a host, as its agent would.
func (w *world) reports(source, name string, accounts ...string) {
	w.Helper()
	base := w.sections["users"]
	raw, err := json.Marshal(base.Values)
	w.must(err)
	var values map[string]any
	w.must(json.Unmarshal(raw, &values))
	list := []any{}
	for i, a := range append([]string{"root"}, accounts...) {
		login, shell := true, "/bin/bash"
		if rest, shut := strings.CutSuffix(a, "!"); shut {
			a, login, shell = rest, false, "/usr/sbin/nologin"
		}
		list = append(list, map[string]any{"name": a, "uid": int64(999 + i), "gid": int64(100), "home": "/home/" + a, "shell": shell, "login": login, "system": a == "root", "shadowed": true})
	}
	values["accounts"] = list
	sec, err := facts.NewSection("users", plain(values).(map[string]any), base.Missing)
	w.must(err)
	w.send(source, name, sec)
}

// plain turns JSON's numbers into whole ones.
func plain(v any) any {
	switch v := v.(type) {
	case float64:
		return int64(v)
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	}
	return v
}

func (w *world) send(source, name string, sec facts.Section) {
	w.Helper()
	raw, err := json.Marshal(sec)
	w.must(err)
	w.sequence++
	var none int64
	sum := sha256.Sum256(raw)
	b := host.Batch{Source: source, SourceName: name, Stream: "facts", Sequence: w.sequence, ObservedAt: w.clock.Now(), ClockOffsetUs: &none, ReceivedAt: w.clock.Now(), Digest: hex.EncodeToString(sum[:]),
		AgentVersion: "test", Items: []json.RawMessage{raw}}
	beat, err := json.Marshal(wire.Heartbeat{Sections: map[string]string{sec.Name: sec.Digest}})
	w.must(err)
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		if _, err := w.hosts.ReceiveFacts(w.ctx, tx, b); err != nil {
			return err
		}
		w.sequence++
		b.Sequence, b.Stream, b.Items = w.sequence, "heartbeat", []json.RawMessage{beat}
		_, err := w.hosts.ReceiveHeartbeat(w.ctx, tx, b)
		return err
	}))
}

// prove looks for accounts.
func (w *world) prove() {
	w.Helper()
	_, err := w.Prove(w.ctx)
	w.must(err)
}

// theOnly gives the one finding that there is.
func (w *world) theOnly() finding.Finding {
	w.Helper()
	page, err := w.findings.List(w.ctx, finding.Filter{Check: people.AccessCheck}, finding.ByNumber, "", 10)
	w.must(err)
	if len(page.Findings) != 1 {
		w.Fatalf("%d findings: %+v", len(page.Findings), page.Findings)
	}
	return page.Findings[0]
}

// item gives the open item of somebody by its template.
func (w *world) item(d *people.Detail, template string) checklist.Item {
	w.Helper()
	i := slices.IndexFunc(d.Items, func(it checklist.Item) bool { return it.Template == template })
	if i < 0 {
		w.Fatalf("%s has no item %s: %+v", d.Name, template, d.Items)
	}
	return d.Items[i]
}

// leavers gives the population of leavers over the last days.
func (w *world) leavers(days int) []population.Item {
	w.Helper()
	w.number()
	w.clock.Advance(time.Microsecond) // a window ends before its end
	_, items, err := w.pops.Preview(w.ctx, w.ann, population.Content{Title: "Leavers", Purpose: "Was access removed?", Source: "people", Date: "left"},
		population.Window{From: w.clock.Now().AddDate(0, 0, -days), To: w.clock.Now()})
	w.must(err)
	return items
}

// bound holds every ledger entry of people against the rows.
func (w *world) bound() {
	w.Helper()
	w.number()
	list, err := w.log.Records(w.ctx, ledger.Filter{Type: "people.", Limit: 1000})
	w.must(err)
	if len(list) == 0 {
		w.Fatal("the ledger has no entry about people")
	}
	check := map[string]func(context.Context, database.Querier, ledger.Record) error{}
	for _, b := range people.Bindings() {
		check[b.Name] = b.Check
	}
	for _, rec := range list {
		if check[rec.Type] == nil {
			w.Errorf("nothing answers for %s", rec.Type)
		} else if err := check[rec.Type](w.ctx, w.db.Reader(), rec); err != nil {
			w.Error(err)
		}
		for _, name := range []string{"Maeve", "mdoyle", "firm.example", "web-1"} {
			if strings.Contains(string(must(json.Marshal(rec.Data))), name) {
				w.Errorf("%s says %s in clear: %v", rec.Type, name, rec.Data)
			}
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// number lets the sequencer give positions to what was recorded.
func (w *world) number() {
	w.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- w.log.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for {
		changed := w.log.Changed()
		var waiting int
		w.must(w.db.Reader().QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger_entry WHERE idx IS NULL`).Scan(&waiting))
		if waiting == 0 {
			return
		}
		w.log.Wake()
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond):
		}
	}
}

var newSource = func() string { return ids.New("src", time.Now()) }
