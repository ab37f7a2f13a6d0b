package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/facts"
)

// deployment is a whole Attesta in this process.
type deployment struct {
	t     *testing.T
	cfg   Config
	ready Ready
	stop  context.CancelFunc
	done  chan error
	logs  *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// stand is a host made of one section, whose one watched file has a mode.
type stand struct {
	mu   sync.Mutex
	mode int64 // guarded by mu
}

func (s *stand) set(mode int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode = mode
}

// inventory gives this machine's operating system and a files section in which
// /etc/group has the mode that was set.
func (s *stand) inventory() func(context.Context, ...string) ([]facts.Section, error) {
	return func(ctx context.Context, names ...string) ([]facts.Section, error) {
		all, err := collect.Inventory(ctx, collect.Root{}, names...)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for i := range all {
			if all[i].Name != "files" {
				continue
			}
			var values map[string]map[string]any
			if err := json.Unmarshal(all[i].Values, &values); err != nil {
				return nil, err
			}
			values["/etc/group"]["mode"], values["/etc/group"]["mode_octal"] = s.mode, fmt.Sprintf("%04o", s.mode)
			section, err := facts.NewSection("files", values, all[i].Missing)
			if err != nil {
				return nil, err
			}
			all[i] = section
		}
		return all, nil
	}
}

func begin(t *testing.T, cfg Config, opt Options) *deployment {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	in := &deployment{t: t, cfg: cfg, stop: stop, done: make(chan error, 1), logs: &lockedBuffer{}}
	ready := make(chan Ready, 1)
	opt.Version, opt.Logger, opt.Ready = "test", slog.New(slog.NewTextHandler(in.logs, &slog.HandlerOptions{Level: slog.LevelDebug})), func(r Ready) { ready <- r }
	go func() { in.done <- Run(ctx, cfg, opt) }()
	t.Cleanup(func() { in.end() })
	select {
	case in.ready = <-ready:
	case err := <-in.done:
		in.done <- err
		t.Fatalf("the server did not start: %v\n%s", err, in.logs)
	case <-time.After(time.Minute):
		t.Fatalf("the server did not start in a minute\n%s", in.logs)
	}
	return in
}

func (in *deployment) end() error {
	in.stop()
	err := <-in.done
	in.done <- err
	return err
}

func local(data string) Config {
	cfg := Defaults(data)
	cfg.Listen, cfg.AgentListen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Integrity = "off" // a test does not read the host it runs on
	return cfg
}

// visitor is a browser without script.
type visitor struct {
	t *testing.T
	c *http.Client
	u string
}

func (in *deployment) login() *visitor {
	in.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		in.t.Fatal(err)
	}
	v := &visitor{in.t, &http.Client{Jar: jar, Timeout: 20 * time.Second}, in.ready.URL}
	resp, err := v.c.PostForm(in.ready.Link, url.Values{"password": {"four plain words here"}})
	if err != nil {
		in.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		in.t.Fatalf("the one-time link gave %s\n%s", resp.Status, in.logs)
	}
	return v
}

func (v *visitor) get(path string) string {
	v.t.Helper()
	resp, err := v.c.Get(v.u + path)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		v.t.Fatalf("GET %s gave %s\n%.400s", path, resp.Status, body)
	}
	return string(body)
}

// until waits for a condition that a running system reaches by itself.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatalf("not within a minute: %s", what)
}

// A setting broken on the host becomes a finding on screen, mended it closes,
// and the ledger that holds both verifies.
func TestFromSettingToFindingAndBack(t *testing.T) {
	run := func(t *testing.T, location string) {
		host := &stand{mode: 0o644}
		cfg := local(t.TempDir())
		cfg.Database = location
		in := begin(t, cfg, Options{Embedded: true, Inventory: host.inventory})
		v := in.login()
		open := "/findings?state=open&q=" + url.QueryEscape("/etc/group")
		until(t, "the host is judged", func() bool { return strings.Contains(v.get("/findings?state=all"), "F-1") })
		if strings.Contains(v.get(open), "F-") && strings.Contains(v.get(open), "files-passwd") {
			t.Fatal("a finding about /etc/group before anything was broken")
		}
		host.set(0o666)
		var page string
		until(t, "the broken mode is a finding", func() bool {
			page = v.get(open)
			return strings.Contains(page, "/etc/group") && strings.Contains(page, "/findings/F-")
		})
		host.set(0o644)
		until(t, "the mended mode closes it", func() bool {
			return strings.Contains(v.get("/findings?state=closed"), "/etc/group")
		})
		if err := in.end(); err != nil {
			t.Fatalf("the server ended with %v\n%s", err, in.logs)
		}
		verify(t, cfg, "finding.opened", "finding.closed")
	}
	t.Run("sqlite", func(t *testing.T) { run(t, "") })
	t.Run("postgres", func(t *testing.T) { run(t, databasetest.PostgresLocation(t)) })
}

// verify checks the ledger of a stopped server and that entries of these types
// stand in it.
func verify(t *testing.T, cfg Config, kinds ...string) {
	t.Helper()
	ctx, dir, location := context.Background(), DataDir(cfg.Data), cfg.Database
	if location == "" {
		location = dir.Database()
	}
	db, err := database.Open(ctx, location, database.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	key, err := os.ReadFile(filepath.Join(dir.Keys(), "ledger.pub"))
	if err != nil {
		t.Fatal(err)
	}
	rep, err := ledger.Verify(ctx, ledger.VerifyConfig{DB: db, Dir: dir.Ledger(), VerifierKey: strings.TrimSpace(string(key)), Bindings: Bindings()})
	if err != nil {
		t.Fatalf("the ledger does not verify: %v", err)
	}
	if rep.Unnumbered != 0 {
		t.Errorf("%d entries were left without a position", rep.Unnumbered)
	}
	for _, kind := range append(kinds, "run", "source.enrolled", "standard.installed") {
		var n int
		if err := db.Reader().QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger_entry WHERE type = $1 AND idx IS NOT NULL`, kind).Scan(&n); err != nil || n == 0 {
			t.Errorf("%d numbered entries of type %s: %v", n, kind, err)
		}
	}
}

func TestSecondServerFindsTheFirst(t *testing.T) {
	cfg := local(t.TempDir())
	in := begin(t, cfg, Options{})
	err := Run(context.Background(), cfg, Options{Logger: slog.New(slog.DiscardHandler)})
	if !errors.Is(err, errHeld) {
		t.Fatalf("a second server on the same data gave %v", err)
	}
	var out bytes.Buffer
	if err := findFirst(context.Background(), &out, cfg.Data); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), in.ready.URL) || !strings.Contains(out.String(), "/link/") {
		t.Errorf("the second call printed %q", out.String())
	}
	if st, err := os.Stat(DataDir(cfg.Data).presenceFile()); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("server.json: %v, %v", st, err)
	}
	// Without the token of server.json there is no link.
	resp, err := http.Post(in.ready.URL+"/-/link", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("asking for a link without the token gave %s", resp.Status)
	}
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(DataDir(cfg.Data).presenceFile()); !os.IsNotExist(err) {
		t.Errorf("server.json is left behind: %v", err)
	}
	if err := running(cfg.Data); !fault.Is(err, fault.NotFound) {
		t.Errorf("no server runs, and running says %v", err)
	}
}

func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		name    string
		prepare func(t *testing.T, cfg *Config, opt *Options)
		want    fault.Kind
		says    string
	}{
		{"the clock was set back", func(t *testing.T, cfg *Config, opt *Options) {
			begin(t, *cfg, Options{}).end()
			opt.Clock = clock.NewManual(time.Now().Add(-time.Hour)).Now
		}, fault.Unavailable, "clock"},
		{"the database is newer", func(t *testing.T, cfg *Config, opt *Options) {
			begin(t, *cfg, Options{}).end()
			db, err := database.Open(context.Background(), DataDir(cfg.Data).Database(), database.ReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Writer().Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, $2)`, 99999, true); err != nil {
				t.Fatal(err)
			}
		}, fault.Conflict, "99999"},
		{"the database file is read-only", func(t *testing.T, cfg *Config, opt *Options) {
			begin(t, *cfg, Options{}).end()
			if err := os.Chmod(filepath.Join(cfg.Data, "attesta.db"), 0o400); err != nil {
				t.Fatal(err)
			}
		}, fault.Unavailable, "cannot be written"},
		{"the database was rolled back", func(t *testing.T, cfg *Config, opt *Options) {
			begin(t, *cfg, Options{}).end()
			if err := os.Remove(filepath.Join(cfg.Data, "attesta.db")); err != nil {
				t.Fatal(err)
			}
		}, fault.Refused, ""},
		{"the port is taken", func(t *testing.T, cfg *Config, opt *Options) {
			other := begin(t, local(t.TempDir()), Options{})
			cfg.Listen = strings.TrimPrefix(other.ready.URL, "http://")
			cfg.Listen = strings.Replace(cfg.Listen, "localhost", "127.0.0.1", 1)
		}, fault.Conflict, "--listen"},
		{"the address is no address", func(t *testing.T, cfg *Config, opt *Options) { cfg.Listen = "7373" }, fault.Invalid, "HOST:PORT"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg, opt := local(t.TempDir()), Options{Logger: slog.New(slog.DiscardHandler)}
			tc.prepare(t, &cfg, &opt)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			err := Run(ctx, cfg, opt)
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != tc.want {
				t.Fatalf("kind %q, want %q: %v", fault.KindOf(err), tc.want, err)
			}
			if text := err.Error() + " " + f.Hint; !strings.Contains(text, tc.says) {
				t.Errorf("%q does not say %q", text, tc.says)
			}
			if f.Hint == "" {
				t.Errorf("%v says nothing about what to do", err)
			}
		})
	}
}
