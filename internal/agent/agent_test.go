package agent

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/wire"
)

// server is a real listener over a real database and ledger.
type server struct {
	*ingest.Service
	t       testing.TB
	db      *database.DB
	now     *clock.Manual
	cfg     ingest.Config
	address string // stays the same over stop and start

	mu        sync.Mutex
	batches   []ingest.Batch // guarded by mu
	committed []time.Time    // guarded by mu: when each of them was
	changed   chan struct{}  // guarded by mu: closed at each batch
	stop      func()
}

func newServer(t *testing.T, db *database.DB) *server {
	t.Helper()
	now := clock.NewManual(start)
	s := newServerAt(t, db, now.Now)
	s.now = now
	return s
}

func newServerAt(t testing.TB, db *database.DB, now clock.Clock) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{t: t, db: db, changed: make(chan struct{})}
	log, err := ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "keys", "ledger.key"), Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	nothing := func(context.Context, *sql.Tx, ingest.Batch) error { return nil }
	s.cfg = ingest.Config{DB: db, Ledger: log, Keys: filepath.Join(dir, "keys"), Clock: now, Logger: silent, Rate: 1e6, MinFree: -1,
		Handlers: map[string]ingest.Handler{wire.KindFacts: nothing, wire.KindHeartbeat: nothing},
		OnCommit: func(b ingest.Batch) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.batches = append(s.batches, b)
			s.committed = append(s.committed, time.Now())
			close(s.changed)
			s.changed = make(chan struct{})
		}}
	s.listen("127.0.0.1:0")
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *server) listen(address string) {
	s.t.Helper()
	var err error
	if s.Service, err = ingest.New(s.t.Context(), s.cfg); err != nil {
		s.t.Fatal(err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	s.stop = func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("Serve: %v", err)
		}
		s.stop = func() {}
	}
}

func (s *server) token() string {
	s.t.Helper()
	tok, err := s.MakeToken(s.t.Context(), access.System(), time.Hour, "")
	if err != nil {
		s.t.Fatal(err)
	}
	return tok.String()
}

// await waits until what came in is as f wants it.
func (s *server) await(what string, f func(all []ingest.Batch) bool) []ingest.Batch {
	s.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		all, changed := slices.Clone(s.batches), s.changed
		s.mu.Unlock()
		if f(all) {
			return all
		}
		select {
		case <-changed:
		case <-limit:
			s.t.Fatalf("waited in vain until %s; %d batches came", what, len(all))
		}
	}
}

// sections gives each section's newest digest.
func sections(all []ingest.Batch) map[string]string {
	m := map[string]string{}
	for _, b := range all {
		maps.Copy(m, digestsOf(&b.Envelope))
	}
	return m
}

// host is what a test agent reads.
type host struct {
	mu    sync.Mutex
	state map[string]int // guarded by mu
	err   error          // guarded by mu
}

func newHost() *host {
	h := &host{state: map[string]int{}}
	for _, name := range slices.Concat(quickSections(), soonSections(), slowSections(), rareSections()) {
		h.state[name] = 1
	}
	return h
}

func (h *host) set(name string, n int) { h.mu.Lock(); defer h.mu.Unlock(); h.state[name] = n }

func (h *host) read(_ context.Context, names ...string) ([]facts.Section, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return nil, h.err
	}
	if len(names) == 0 { // as collect.Inventory has it
		names = slices.Sorted(maps.Keys(h.state))
	}
	var out []facts.Section
	for _, name := range names {
		n := h.state[name]
		out = append(out, facts.Section{Name: name, Registry: 1, Values: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n)), Digest: fmt.Sprintf("%064d", n)})
	}
	return out, nil
}

func (s *server) config(h *host) Config {
	return Config{State: filepath.Join(s.t.TempDir(), "agent"), Server: "https://" + s.address, Inventory: h.read, HostName: "web-1", Version: "0.1.0",
		Interval: time.Second, Quick: 100 * time.Millisecond, Heartbeat: 100 * time.Millisecond, Retry: 10 * time.Millisecond,
		Clock: s.now.Now, Logger: silent}
}

// running is an agent at work.
type running struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error // of Run, once done is closed
}

func run(t testing.TB, cfg Config) *running {
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{cancel: cancel, done: make(chan struct{})}
	go func() { r.err = Run(ctx, cfg); close(r.done) }()
	t.Cleanup(func() { r.stop() })
	return r
}

func (r *running) stop() error {
	r.cancel()
	<-r.done
	return r.err
}

// ends waits until the agent gives up by itself.
func (r *running) ends(t *testing.T) error {
	t.Helper()
	select {
	case <-r.done:
		return r.err
	case <-time.After(20 * time.Second):
		t.Fatal("it did not stop")
		return nil
	}
}

func TestReports(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := newServer(t, db)
		h := newHost()
		cfg := s.config(h)
		cfg.Token = s.token()
		a := run(t, cfg)
		all := s.await("every section came", func(all []ingest.Batch) bool { return len(sections(all)) == len(h.state) })
		if b := all[0]; b.Source.Name != "web-1" || b.Envelope.Agent.Version != "0.1.0" {
			t.Errorf("the first batch: %+v", b)
		}
		// A change is seen at the next quick look, and only that section travels.
		h.set("sysctl", 2)
		all = s.await("the change came", func(all []ingest.Batch) bool { return sections(all)["sysctl"] == fmt.Sprintf("%064d", 2) })
		last := all[len(all)-1]
		if len(last.Envelope.Items) != 1 && last.Envelope.Kind == wire.KindFacts {
			t.Errorf("%d sections travelled for one change", len(last.Envelope.Items))
		}
		all = s.await("a heartbeat vouches for all", func(all []ingest.Batch) bool {
			b := all[len(all)-1]
			var beat wire.Heartbeat
			return b.Envelope.Kind == wire.KindHeartbeat && json.Unmarshal(b.Envelope.Items[0], &beat) == nil &&
				len(beat.Sections) == len(h.state) && beat.Sections["sysctl"] == fmt.Sprintf("%064d", 2)
		})
		if b := all[len(all)-1]; b.ClockOffsetUs == nil || *b.ClockOffsetUs != 0 {
			t.Errorf("clock offset %v of an agent with the same clock", b.ClockOffsetUs)
		}
		facts := 0
		for _, b := range all {
			if b.Envelope.Kind == wire.KindFacts {
				facts++
			}
		}
		if facts > 5 {
			t.Errorf("%d batches of facts, want a first one of each pace and the change", facts)
		}
		if err := a.stop(); err != nil {
			t.Errorf("a clean stop gave %v", err)
		}
		streams, err := s.Streams(t.Context(), access.System(), all[0].Source.ID)
		if err != nil || len(streams) != 1 || streams[0].Contiguous != streams[0].Highest || streams[0].Duplicates != 0 {
			t.Errorf("streams %+v, %v", streams, err)
		}
		for _, name := range []string{"", "identity.json", "spool/state.json"} {
			st, err := os.Stat(filepath.Join(cfg.State, name))
			if err != nil || st.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %v, %v", name, st, err)
			}
		}

		// After a restart nothing that is known travels again, and the count goes on.
		before := len(all)
		cfg.Token = ""
		run(t, cfg)
		all = s.await("the agent is back", func(all []ingest.Batch) bool { return len(all) > before+3 })
		for _, b := range all[before:] {
			if b.Envelope.Kind != wire.KindHeartbeat || b.Envelope.Stream != all[0].Envelope.Stream {
				t.Errorf("after a restart came %s in %s", b.Envelope.Kind, b.Envelope.Stream)
			}
		}
	})
}

func TestServerAway(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	h := newHost()
	cfg := s.config(h)
	cfg.Token = s.token()
	run(t, cfg)
	s.await("every section came", func(all []ingest.Batch) bool { return len(sections(all)) == len(h.state) })

	s.stop()
	spooled := func() int {
		names, err := filepath.Glob(filepath.Join(cfg.State, "spool", "*"+envelopeExt))
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	h.set("users", 2)
	waitFor(t, "the spool fills", func() bool { return spooled() > 5 })
	h.set("users", 3)
	waitFor(t, "the spool fills", func() bool { return spooled() > 10 })

	before := len(s.batches)
	s.listen(s.address)
	all := s.await("what was spooled came", func(all []ingest.Batch) bool { return sections(all)["users"] == fmt.Sprintf("%064d", 3) })
	for i, b := range all {
		if b.Envelope.Sequence != int64(i)+1 {
			t.Fatalf("batch %d of %d has sequence %d", i, len(all), b.Envelope.Sequence)
		}
	}
	waitFor(t, "the spool is empty", func() bool { return spooled() <= 1 })
	if all = s.await("now", func([]ingest.Batch) bool { return true }); len(all)-before < 10 {
		t.Errorf("%d batches came after the outage, want all that were spooled", len(all)-before)
	}
}

// waitFor looks at the file system until it is as wanted.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestServerAsksAgainAndGoesBack(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	var mu sync.Mutex
	asked := false
	s.stop()
	s.cfg.Handlers[wire.KindHeartbeat] = func(_ context.Context, _ *sql.Tx, b ingest.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		if !asked {
			asked = true
			b.Resend("users", "os")
		}
		return nil
	}
	s.listen(s.address)
	h := newHost()
	cfg := s.config(h)
	cfg.Token = s.token()
	a := run(t, cfg)
	times := func(all []ingest.Batch, section string) (n int) {
		for _, b := range all {
			if _, ok := digestsOf(&b.Envelope)[section]; ok {
				n++
			}
		}
		return n
	}
	all := s.await("both sections came twice", func(all []ingest.Batch) bool { return times(all, "users") == 2 && times(all, "os") == 2 })
	if n := times(all, "sysctl"); n != 1 {
		t.Errorf("a section nobody asked for came %d times", n)
	}
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}

	// The server is restored from a backup of when it had the first batch only.
	for _, q := range []string{`DELETE FROM batch WHERE sequence > 1`, `UPDATE source_stream SET contiguous = 1, highest = 1, beat = 0`} {
		if _, err := s.db.Writer().Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	s.mu.Lock()
	s.batches = nil
	s.mu.Unlock()
	cfg.Token = ""
	run(t, cfg)
	s.await("every section came again", func(all []ingest.Batch) bool { return len(sections(all)) == len(h.state) })
	source := all[0].Source.ID
	s.await("the hole is declared", func([]ingest.Batch) bool {
		streams, err := s.Streams(t.Context(), access.System(), source)
		if err != nil {
			t.Fatal(err)
		}
		st := streams[0]
		return len(st.Holes) == 1 && !st.Holes[0].DeclaredAt.IsZero() && st.Contiguous == st.Highest
	})
}

func TestRevokedAgentStops(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	cfg := s.config(newHost())
	cfg.Token = s.token()
	a := run(t, cfg)
	all := s.await("it reports", func(all []ingest.Batch) bool { return len(all) > 0 })
	if err := s.Revoke(t.Context(), access.System(), all[0].Source.ID, "laptop lost"); err != nil {
		t.Fatal(err)
	}
	if err := a.ends(t); !fault.Is(err, fault.Forbidden) {
		t.Errorf("Run gave %v", err)
	}
}

func TestCertificateRenewsAndExpires(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	cfg := s.config(newHost())
	cfg.Token = s.token()
	a := run(t, cfg)
	s.await("it reports", func(all []ingest.Batch) bool { return len(all) > 0 })
	first, err := loadIdentity(directory(cfg.State))
	if err != nil {
		t.Fatal(err)
	}
	s.now.Advance(25 * 24 * time.Hour)
	waitFor(t, "it renews", func() bool {
		id, err := loadIdentity(directory(cfg.State))
		return err == nil && id.cert.Leaf.NotAfter.After(first.cert.Leaf.NotAfter)
	})
	s.now.Advance(10 * 24 * time.Hour) // past the first one's end
	n := len(s.await("now", func([]ingest.Batch) bool { return true }))
	s.await("it reports with the new one", func(all []ingest.Batch) bool { return len(all) > n })
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}

	s.now.Advance(60 * 24 * time.Hour)
	cfg.Token = ""
	if err := Run(t.Context(), cfg); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("with an expired certificate Run gave %v", err)
	}
	cfg.Token = s.token()
	got, err := Enrol(t.Context(), cfg)
	if err != nil || got.Source != first.Source {
		t.Errorf("enrolled again as %+v, %v; want %s", got, err, first.Source)
	}
}

func TestExpiresWhileRunning(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	cfg := s.config(newHost())
	cfg.Token = s.token()
	a := run(t, cfg)
	s.await("it reports", func(all []ingest.Batch) bool { return len(all) > 0 })
	s.stop()
	s.now.Advance(31 * 24 * time.Hour)
	s.listen(s.address)
	if err := a.ends(t); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("Run gave %v", err)
	}
}

func TestEnrolRefused(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	other := newServer(t, databasetest.SQLite(t))
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	foreign := httptest.NewTLSServer(http.NotFoundHandler())
	defer foreign.Close()
	for _, tc := range []struct {
		name   string
		change func(*Config)
		want   fault.Kind
	}{
		{"no token", func(c *Config) { c.Token = "" }, fault.Unauthenticated},
		{"half a token", func(c *Config) { c.Token = "att_abc" }, fault.Invalid},
		{"no server", func(c *Config) { c.Server = "" }, fault.Invalid},
		{"plain HTTP", func(c *Config) { c.Server = "http://" + s.address }, fault.Invalid},
		{"a path", func(c *Config) { c.Server += "/v1" }, fault.Invalid},
		{"another Attesta's token", func(c *Config) { c.Token = other.token() }, fault.Refused},
		{"a foreign server", func(c *Config) { c.Server = foreign.URL }, fault.Refused},
		{"no TLS", func(c *Config) { c.Server = "https://" + plain.Listener.Addr().String() }, fault.Unavailable},
		{"nobody there", func(c *Config) { c.Server = "https://127.0.0.1:1" }, fault.Unavailable},
		{"no state", func(c *Config) { c.State = "" }, fault.Invalid},
		{"a state that is a file", func(c *Config) {
			c.State = filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(c.State, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, fault.Unavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := s.config(newHost())
			cfg.Token = s.token()
			tc.change(&cfg)
			_, err := Enrol(t.Context(), cfg)
			var f *fault.Error
			if fault.KindOf(err) != tc.want || !errors.As(err, &f) {
				t.Errorf("kind %q, want %q: %v", fault.KindOf(err), tc.want, err)
			}
		})
	}
	cfg := s.config(newHost())
	cfg.Token = s.token()
	if _, err := Enrol(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := Enrol(t.Context(), cfg); !fault.Is(err, fault.Conflict) {
		t.Errorf("enrolled twice: %v", err)
	}
	used := cfg.Token
	cfg.State = filepath.Join(t.TempDir(), "another")
	cfg.Token = used
	if _, err := Enrol(t.Context(), cfg); !fault.Is(err, fault.Conflict) {
		t.Errorf("a used token: %v", err)
	}
}

func TestOneAgentPerState(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	cfg := s.config(newHost())
	cfg.Token = s.token()
	run(t, cfg)
	s.await("it reports", func(all []ingest.Batch) bool { return len(all) > 0 })
	if err := Run(t.Context(), cfg); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second agent on the same state: %v", err)
	}
}

// A state directory that was copied while it was in use cannot go on in two
// places: the second one is told so.
func TestCopiedState(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	h := newHost()
	cfg := s.config(h)
	cfg.Token = s.token()
	a := run(t, cfg)
	s.await("it reports", func(all []ingest.Batch) bool { return len(sections(all)) == len(h.state) })
	a.stop()
	twin := cfg
	twin.Token = ""
	twin.State = filepath.Join(t.TempDir(), "twin")
	if err := os.CopyFS(twin.State, os.DirFS(cfg.State)); err != nil {
		t.Fatal(err)
	}
	cfg.Token = ""
	h.set("users", 2)
	a = run(t, cfg)
	s.await("the first goes on", func(all []ingest.Batch) bool { return sections(all)["users"] == fmt.Sprintf("%064d", 2) })
	a.stop()
	h.set("users", 3)
	if err := Run(t.Context(), twin); !fault.Is(err, fault.Conflict) {
		t.Errorf("the twin's Run gave %v", err)
	}
}

func TestClonedMachine(t *testing.T) {
	if machineDigest(os.ReadFile) == "" {
		t.Skip("NOT RUN: this host has no machine id")
	}
	s := newServer(t, databasetest.SQLite(t))
	cfg := s.config(newHost())
	cfg.Token = s.token()
	if _, err := Enrol(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	id, err := loadIdentity(directory(cfg.State))
	if err != nil {
		t.Fatal(err)
	}
	id.Machine = fmt.Sprintf("%064d", 1)
	if err := id.save(directory(cfg.State)); err != nil {
		t.Fatal(err)
	}
	cfg.Token = ""
	if err := Run(t.Context(), cfg); !fault.Is(err, fault.Conflict) {
		t.Errorf("on another machine Run gave %v", err)
	}
}

func TestMachineDigest(t *testing.T) {
	read := func(content string) func(string) ([]byte, error) {
		return func(string) ([]byte, error) { return []byte(content), nil }
	}
	id := "0123456789abcdef0123456789abcdef"
	if d := machineDigest(read(id + "\n")); len(d) != 64 || d != machineDigest(read(id)) {
		t.Errorf("digest %q", d)
	}
	for _, none := range []string{"", "uninitialized\n"} {
		if d := machineDigest(read(none)); d != "" {
			t.Errorf("%q gave %q", none, d)
		}
	}
}

func TestInventoryFails(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	h := newHost()
	h.err = errors.New("a defect")
	cfg := s.config(h)
	cfg.Token = s.token()
	run(t, cfg)
	// It says that it lives, and vouches for nothing.
	all := s.await("it lives", func(all []ingest.Batch) bool { return len(all) > 1 })
	for _, b := range all {
		var beat wire.Heartbeat
		if b.Envelope.Kind != wire.KindHeartbeat || json.Unmarshal(b.Envelope.Items[0], &beat) != nil || len(beat.Sections) != 0 {
			t.Errorf("came %s %s", b.Envelope.Kind, b.Envelope.Items)
		}
	}
	h.mu.Lock()
	h.err = nil
	h.mu.Unlock()
	s.await("it reports", func(all []ingest.Batch) bool { return len(sections(all)) == len(h.state) })
}

// A section whose inputs stay as they are is not read at each quick look, but
// once per interval all the same; one that the server asks for is read at once.
func TestDue(t *testing.T) {
	now := clock.NewManual(start)
	sp := mustOpen(t, directory(t.TempDir()), 1<<20)
	o := newObserver(Config{Clock: now.Now, Interval: time.Minute, Logger: silent}, sp)
	stamp := "a"
	o.stamp = func(section string) string {
		if section == "sshd" {
			return stamp
		}
		return ""
	}
	read := func() bool {
		t.Helper()
		due, stamps := o.due([]string{"sysctl", "sshd"})
		if !slices.Contains(due, "sysctl") {
			t.Error("a section without inputs is not due")
		}
		if !slices.Contains(due, "sshd") {
			return false
		}
		o.seen["sshd"] = seen{digest: "d", at: now.Now(), stamp: stamps["sshd"]}
		sp.state.Sections = map[string]string{"sshd": "d"}
		return true
	}
	for _, step := range []struct {
		what string
		do   func()
		want bool
	}{
		{"first", func() {}, true},
		{"nothing changed", func() { now.Advance(2 * time.Second) }, false},
		{"its inputs changed", func() { stamp = "b" }, true},
		{"read just now", func() {}, false},
		{"an interval passed", func() { now.Advance(time.Minute) }, true},
		{"the clock was set back", func() { now.Advance(-time.Hour) }, true},
		{"the server asks for it", func() { sp.forget("sshd") }, true},
	} {
		step.do()
		if got := read(); got != step.want {
			t.Errorf("%s: due %v, want %v", step.what, got, step.want)
		}
	}
}

func TestTooLargeSection(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	h := newHost()
	cfg := s.config(h)
	cfg.Token = s.token()
	cfg.Inventory = func(ctx context.Context, names ...string) ([]facts.Section, error) {
		all, err := h.read(ctx, names...)
		for i := range all {
			if all[i].Name == "packages" {
				all[i].Values = json.RawMessage(`{"pad":"` + noise(1, envelopeItems) + `"}`)
			}
		}
		return all, err
	}
	run(t, cfg)
	all := s.await("every section came", func(all []ingest.Batch) bool { return len(sections(all)) == len(h.state) })
	for _, b := range all {
		for _, item := range b.Envelope.Items {
			var sec facts.Section
			if json.Unmarshal(item, &sec) == nil && sec.Name == "packages" {
				if len(sec.Missing) != 1 || sec.Missing[0].State != facts.Error {
					t.Errorf("instead of a section that is too large came %s", item)
				}
			}
		}
	}
}

func TestBackoff(t *testing.T) {
	b := backoff{first: time.Second}
	longest := time.Duration(0)
	for range 20 {
		longest = max(longest, b.next(nil))
	}
	if longest > time.Minute || longest < 25*time.Second {
		t.Errorf("longest pause %s", longest)
	}
	b.reset()
	if d := b.next(nil); d > time.Second {
		t.Errorf("after a success the first pause is %s", d)
	}
	b.reset()
	asked := &rejected{error: errors.New("busy"), status: 503, after: 30 * time.Second}
	if d := b.next(fmt.Errorf("send: %w", asked)); d < 30*time.Second || d > 50*time.Second {
		t.Errorf("asked to wait 30 s, it waits %s", d)
	}
	b.reset()
	if d := b.next(&rejected{error: errors.New("no"), status: 422}); d < 25*time.Second {
		t.Errorf("refused, it tries again after %s", d)
	}
}

func TestConfigRefuses(t *testing.T) {
	for name, cfg := range map[string]Config{
		"interval": {State: "x", Interval: time.Millisecond}, "heartbeat": {State: "x", Heartbeat: -1}, "quick": {State: "x", Quick: 1},
	} {
		if _, err := cfg.withDefaults(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	cfg, err := Config{State: "x"}.withDefaults()
	if err != nil || cfg.Interval != time.Minute || cfg.Clock == nil || cfg.Logger != slog.Default() || cfg.Inventory == nil {
		t.Errorf("defaults %+v, %v", cfg, err)
	}
}
