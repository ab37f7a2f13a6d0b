package agent

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/watching"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/wire"

	"golang.org/x/sys/unix"
)

// child is an agent as a process of its own, which can be killed.
type child struct {
	State, Server, Token string
	Trees                []string
	SpoolMax             int64
}

const childVariable = "ATTESTA_AGENT_TEST_CHILD"

func TestMain(m *testing.M) {
	text := os.Getenv(childVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	var c child
	err := json.Unmarshal([]byte(text), &c)
	if err == nil {
		err = Run(context.Background(), Config{State: c.State, Server: c.Server, Token: c.Token, Inventory: newHost().read, HostName: "web-1", Version: "0.1.0",
			Interval: time.Second, Quick: 100 * time.Millisecond, Heartbeat: 100 * time.Millisecond, Retry: 10 * time.Millisecond, SpoolMax: c.SpoolMax,
			Logger: silent, Clock: clock.NewManual(start).Now, Watching: watching.Settings{Trees: c.Trees}})
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func (c child) start(t *testing.T) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			kill(t, cmd)
		}
	})
	return cmd
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as it was to be
}

// distinct holds that no change came twice, and gives the paths that came.
func distinct(t *testing.T, all []ingest.Batch) map[string]int {
	t.Helper()
	ids, paths := map[string]string{}, map[string]int{}
	for _, c := range changesIn(t, all) {
		what := fmt.Sprintf("%s %s %v", c.Change, c.Path, c.After["sha256"])
		if before, ok := ids[c.ID]; ok && before != what {
			t.Errorf("%s is called like %s", what, before)
		}
		ids[c.ID] = what
		paths[c.Path]++
	}
	return paths
}

// What happened while the server was away, while the agent did not run, and before
// it was killed comes once; what was told is not told again at a start.
func TestServerAwayAndAgentKilled(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	tr := newTree(t)
	cfg := s.watchful(tr)
	c := child{State: cfg.State, Server: cfg.Server, Token: s.token(), Trees: []string{tr.dir}}
	cmd := c.start(t)
	s.await("it watches", watched(t))
	tr.write("etc/before", "1")
	s.awaitChange(tr.path("etc/before"), "event")

	s.stop()
	for i := range 20 {
		tr.write(fmt.Sprintf("etc/away-%02d", i), "1")
	}
	// What is killed between spooling and noting is told again under the same name;
	// here it is noted.
	noted := func(n int64) func() bool {
		return func() bool {
			st, err := os.Stat(filepath.Join(cfg.State, "told"))
			return err == nil && st.Size() >= 128+32*n
		}
	}
	waitFor(t, "the changes are spooled", func() bool { return spooledChanges(t, cfg.State) >= 20 })
	waitFor(t, "they are noted", noted(21))
	kill(t, cmd)
	tr.write("etc/stopped", "1")
	tr.remove("etc/4.conf")
	c.Token = ""
	cmd = c.start(t)
	waitFor(t, "what happened meanwhile is spooled", func() bool { return spooledChanges(t, cfg.State) >= 22 })
	waitFor(t, "it is noted", noted(23))
	kill(t, cmd)
	cmd = c.start(t)
	s.listen(s.address)
	for _, name := range []string{"etc/stopped", "etc/4.conf"} {
		if c := s.awaitChange(tr.path(name), "start"); c.Who == nil || c.Who.Unknown["process"] == "" {
			t.Errorf("%s: by %+v", name, c.Who)
		}
	}
	all := s.await("all came", func(all []ingest.Batch) bool { return len(distinct(t, all)) >= 23 })
	for i := range 20 {
		if n := len(at(changesIn(t, all), tr.path(fmt.Sprintf("etc/away-%02d", i)))); n != 1 {
			t.Errorf("away-%02d came %d times", i, n)
		}
	}
	// A start tells nothing of it again.
	n := len(changesIn(t, all))
	kill(t, cmd)
	c.start(t)
	tr.write("etc/last", "1")
	all = s.await("it watches again", func(all []ingest.Batch) bool { return len(at(changesIn(t, all), tr.path("etc/last"))) > 0 })
	for _, x := range changesIn(t, all)[n:] {
		if x.Path != tr.path("etc/last") {
			t.Errorf("told again: %s %s by %s", x.Change, x.Path, x.Found)
		}
	}
}

// spooledChanges counts the changes that wait in a spool.
func spooledChanges(t *testing.T, state string) (n int) {
	t.Helper()
	for _, e := range envelopesIn(t, state) {
		if e.Kind == wire.KindChanges {
			n += len(e.Items)
		}
	}
	return n
}

func envelopesIn(t *testing.T, state string) map[string]*wire.Envelope {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(state, "spool", "*"+envelopeExt))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*wire.Envelope{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it was acknowledged meanwhile
		}
		if e, err := wire.DecodeBytes(b[:max(0, len(b)-32-len(sealMark))]); err == nil {
			out[name] = e
		}
	}
	return out
}

// told waits until every file of the tree that is not in the baseline was told in
// its present state.
func (s *server) awaitFiles(tr *tree, prefix string, n int) []ingest.Batch {
	s.t.Helper()
	return s.await(fmt.Sprintf("all %d of %s came", n, prefix), func(all []ingest.Batch) bool {
		paths := map[string]bool{}
		for _, c := range changesIn(s.t, all) {
			if strings.HasPrefix(c.Path, tr.path(prefix)) {
				paths[c.Path] = true
			}
		}
		return len(paths) == n
	})
}

// A spool that is full keeps the changes that it holds; what happens beyond waits
// on the disk of the host itself, and is found by comparing.
func TestSpoolFullOfChanges(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	tr := newTree(t)
	cfg := s.watchful(tr)
	cfg.SpoolMax = 256 << 10
	cfg.Watching.Way = "inotify"
	a := run(t, cfg)
	s.await("it watches", watched(t))
	s.stop()
	const n = 3000
	for i := range n {
		tr.write(fmt.Sprintf("www/%04d", i), strings.Repeat("x", i))
		if i%100 == 0 {
			time.Sleep(30 * time.Millisecond)
		}
	}
	waitFor(t, "the spool is full", func() bool {
		b, err := os.ReadFile(filepath.Join(cfg.State, "watching.json"))
		return err == nil && strings.Contains(string(b), "holds as many changes as it can keep")
	})
	time.Sleep(300 * time.Millisecond)
	size := int64(0)
	for name := range envelopesIn(t, cfg.State) {
		if st, err := os.Stat(name); err == nil {
			size += st.Size()
		}
	}
	if size > 4*cfg.SpoolMax {
		t.Errorf("the spool has %d bytes, limit %d", size, cfg.SpoolMax)
	}
	s.listen(s.address)
	all := s.awaitFiles(tr, "www/", n)
	for _, b := range all {
		if b.Envelope.Kind != wire.KindGap {
			continue
		}
		for _, item := range b.Envelope.Items {
			var g wire.Gap
			if err := json.Unmarshal(item, &g); err != nil {
				t.Fatal(err)
			}
			if g.Dropped[wire.KindChanges] > 0 {
				t.Errorf("changes were given up: %+v", g)
			}
		}
	}
	if err := a.stop(); err != nil {
		t.Error(err)
	}
}

// Changes on disk that can no longer be read are told again.
func TestDamagedChangesAreToldAgain(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	tr := newTree(t)
	cfg := s.watchful(tr)
	a := run(t, cfg)
	s.await("it watches", watched(t))
	s.stop()
	tr.write("etc/a", "1")
	tr.remove("etc/3.conf")
	waitFor(t, "the changes are spooled", func() bool { return spooledChanges(t, cfg.State) >= 2 })
	for name, e := range envelopesIn(t, cfg.State) {
		if e.Kind == wire.KindChanges {
			if err := flip(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.listen(s.address)
	s.awaitChange(tr.path("etc/a"), "rescan")
	s.awaitChange(tr.path("etc/3.conf"), "rescan")
	if err := a.stop(); err != nil {
		t.Error(err)
	}
}

// A server that was restored from a backup is told everything that differs from
// the baseline, under the names that it had.
func TestServerGoesBackBehindChanges(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	tr := newTree(t)
	cfg := s.watchful(tr)
	a := run(t, cfg)
	s.await("it watches", watched(t))
	tr.write("etc/a", "1")
	first := s.awaitChange(tr.path("etc/a"), "event")
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{`DELETE FROM batch WHERE sequence > 1`, `UPDATE source_stream SET contiguous = 1, highest = 1, beat = 0`} {
		if _, err := s.db.Writer().Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	cfg.Token = ""
	run(t, cfg)
	if again := s.awaitChange(tr.path("etc/a"), "rescan"); again.ID != first.ID {
		t.Errorf("it is called %s, and was %s", again.ID, first.ID)
	}
}

// A clock that jumps neither holds changes back nor loses one.
func TestClockJumps(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	tr := newTree(t)
	cfg := s.watchful(tr)
	run(t, cfg)
	s.await("it watches", watched(t))
	for i, jump := range []time.Duration{24 * time.Hour, -23 * time.Hour} {
		s.now.Advance(jump)
		name := fmt.Sprintf("etc/jump-%d", i)
		tr.write(name, "1")
		s.awaitChange(tr.path(name), "event")
	}
}

// On a full disk changes wait, that is said, and they come when there is room. A
// baseline that does not fit is said as well, and made when it does.
func TestDiskFull(t *testing.T) {
	mnt := t.TempDir()
	if err := unix.Mount("tmpfs", mnt, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("NOT RUN: a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(mnt, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := newServer(t, databasetest.SQLite(t))
	tr := newTree(t)
	for i := range 5000 { // their snapshot does not fit beside the filler
		tr.write(fmt.Sprintf("www/d%d/%04d", i%10, i), fmt.Sprint(i))
	}
	cfg := s.watchful(tr)
	cfg.State = filepath.Join(mnt, "agent")
	full := func(t *testing.T, leave int64) {
		t.Helper()
		var st unix.Statfs_t
		if err := unix.Statfs(mnt, &st); err != nil {
			t.Fatal(err)
		}
		size := int64(st.Bavail)*int64(st.Bsize) - leave
		if err := os.WriteFile(filepath.Join(mnt, "filler"), make([]byte, max(size, 0)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	full(t, 200<<10)
	a := run(t, cfg)
	all := s.await("it says that there is no room", func(all []ingest.Batch) bool {
		w := watchingOf(t, all)
		return w.Mode != nil && *w.Mode == "failed" && len(w.Problems) > 0
	})
	if w := watchingOf(t, all); !strings.Contains(w.Problems[0], "cannot be made") || !strings.Contains(w.Problems[0], "no space") {
		t.Errorf("%q", w.Problems)
	}
	if err := os.Remove(filepath.Join(mnt, "filler")); err != nil {
		t.Fatal(err)
	}
	if w := watchingOf(t, s.await("it watches", watched(t))); len(w.Problems) > 0 {
		t.Errorf("%q", w.Problems)
	}

	s.stop() // so that nothing is acknowledged, and the spool stays as it is
	full(t, 0)
	tr.write("etc/full", "1")
	time.Sleep(time.Second)
	if n := spooledChanges(t, cfg.State); n != 0 {
		t.Skipf("NOT RUN: %d changes found room all the same", n)
	}
	if err := os.Remove(filepath.Join(mnt, "filler")); err != nil {
		t.Fatal(err)
	}
	s.listen(s.address)
	s.awaitChange(tr.path("etc/full"), "event")
	if err := a.stop(); err != nil {
		t.Error(err)
	}
}

// asks lets the server ask on heartbeats until an answer came.
func (s *server) asks(next func() []wire.Ask) {
	nothing := s.cfg.Handlers[wire.KindFacts]
	s.cfg.Handlers[wire.KindHeartbeat] = func(ctx context.Context, tx *sql.Tx, b ingest.Batch) error {
		for _, x := range next() {
			b.Ask(x)
		}
		return nothing(ctx, tx, b)
	}
}

func (s *server) answer(id string) wire.Answer {
	s.t.Helper()
	var out wire.Answer
	s.await(id+" is answered", func(all []ingest.Batch) bool {
		for _, b := range all {
			if b.Envelope.Kind != wire.KindAnswers {
				continue
			}
			for _, item := range b.Envelope.Items {
				var a wire.Answer
				if err := json.Unmarshal(item, &a); err != nil {
					s.t.Fatal(err)
				}
				if a.ID == id {
					out = a
					return true
				}
			}
		}
		return false
	})
	return out
}
