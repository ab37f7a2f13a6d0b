package watch

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/agent/integrity/watch/kernel"
)

// running is a Watcher with what it told so far.
type running struct {
	*Watcher
	dir  string
	stop func()

	mu      sync.Mutex
	changes []Change
	notices []Notice
	arrived map[string]time.Time
	quiet   bool // changes are not kept
}

// start watches a new directory that prepare has filled.
func start(t testing.TB, only Kind, alter func(*Config), prepare func(dir string)) *running {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if prepare != nil {
		prepare(dir)
	}
	return startAt(t, only, alter, dir)
}

func startAt(t testing.TB, only Kind, alter func(*Config), roots ...string) *running {
	t.Helper()
	snap := record(t, roots...)
	r := &running{dir: roots[0], arrived: map[string]time.Time{}}
	begun := false
	cfg := Config{Snapshot: snap, Only: only, Begun: func() {
		r.mu.Lock()
		begun = true
		r.mu.Unlock()
	}, Notice: func(n Notice) {
		r.mu.Lock()
		r.notices = append(r.notices, n)
		r.mu.Unlock()
	}}
	if alter != nil {
		alter(&cfg)
	}
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if m := w.Mode(); only != "" && m.Kind != only {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		t.Skipf("NOT RUN: %s cannot be had here: %v", only, m.Refused)
	}
	r.Watcher = w
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- w.Run(ctx, func(c Change) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.arrived[c.Path] = time.Now()
			if !r.quiet {
				r.changes = append(r.changes, c)
			}
			return nil
		})
	}()
	var once sync.Once
	r.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(r.stop)
	r.await(t, "the end of the first comparison", func() bool { return begun && len(r.notices) > 0 })
	return r
}

func record(t testing.TB, roots ...string) *snapshot.Snapshot {
	t.Helper()
	db := filepath.Join(t.TempDir(), "db")
	o, err := integrity.NewOptions(db, roots, snapshot.Options{Made: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := integrity.Make(context.Background(), db, o); err != nil {
		t.Fatal(err)
	}
	snap, err := snapshot.Open(db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { snap.Close() })
	return snap
}

func (r *running) await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		r.mu.Lock()
		met := ok()
		r.mu.Unlock()
		if met {
			return
		}
		if time.Now().After(end) {
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Fatalf("%s did not come; told so far:\n%s\n%+v", what, strings.Join(r.lines(), "\n"), r.notices)
		}
	}
}

// lines are the changes in short, below the tree.
func (r *running) lines() []string {
	var out []string
	short := func(p string) string { return strings.TrimPrefix(strings.TrimPrefix(p, r.dir), "/") }
	for _, c := range r.changes {
		l := string(c.Change.Change) + " " + short(c.Path)
		if c.From != "" {
			l += " from " + short(c.From)
		}
		if c.With != "" {
			l += " with " + short(c.With)
		}
		if len(c.Via) > 0 {
			l += fmt.Sprintf(" via %d", len(c.Via))
		}
		if len(c.Also) > 0 {
			l += " also " + short(c.Also[0])
		}
		if c.PartOf != "" {
			l += " part of " + short(c.PartOf)
		}
		if c.Below > 0 {
			l += fmt.Sprintf(" below %d", c.Below)
		}
		out = append(out, l)
	}
	return out
}

// has reports whether a line was told, by itself or as a part.
func (r *running) has(line string) bool {
	return slices.ContainsFunc(r.lines(), func(l string) bool { return l == line || strings.HasPrefix(l, line+" part of") })
}

// settle waits until nothing more is told for a while, longer than a change is
// held back.
func (r *running) settle() {
	n := -1
	pause := max(700*time.Millisecond, r.cfg.Quiet+r.cfg.Most/2)
	for {
		r.mu.Lock()
		m := len(r.changes)
		r.mu.Unlock()
		if m == n {
			return
		}
		n = m
		time.Sleep(pause)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o644))
}

func shell(t testing.TB, dir, script string) {
	t.Helper()
	cmd := exec.Command("bash", "-ec", script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// What a person did once is told once, by each way of watching.
func TestOneLogicalChange(t *testing.T) {
	prepare := func(dir string) {
		for _, f := range []string{"conf", "other", "log", "data/a", "data/b", "left/x", "right/y"} {
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, f)), 0o755))
			write(t, filepath.Join(dir, f), "line of "+f+"\n")
		}
		must(t, os.Link(filepath.Join(dir, "data/a"), filepath.Join(dir, "data/twin")))
		time.Sleep(120 * time.Millisecond)
	}
	cases := []struct {
		name, script string
		tool         string
		want         []string
		inotify      []string // where it differs
	}{
		{name: "written", script: "echo more >> conf", want: []string{"changed conf"}},
		{name: "rights", script: "chmod 600 conf", want: []string{"changed conf"}},
		{name: "made", script: "echo x > new", want: []string{"added new"}},
		{name: "removed", script: "rm conf", want: []string{"removed conf"}},
		{name: "came and went", script: "echo x > t; rm t", want: []string{"transient t"}},
		{name: "renamed", script: "mv conf conf2", want: []string{"moved conf2 from conf"}},
		{name: "atomic replacement", script: "echo x > .conf.tmp; mv .conf.tmp conf", want: []string{"changed conf via 1"}},
		{name: "atomic first time", script: "echo x > .n.tmp; mv .n.tmp n", want: []string{"added n via 1"}},
		{name: "renamed over", script: "mv other conf", want: []string{"changed conf from other"}},
		{name: "sed -i", script: "sed -i s/line/word/ conf", want: []string{"changed conf via 1"}},
		{name: "sed -i with a copy", script: "sed -i.bak s/line/word/ conf", want: []string{"added conf.bak from conf", "changed conf via 1"}},
		{name: "vim", tool: "vim", script: "vim -es -u NONE +s/line/word/ +wq conf </dev/null", want: []string{"changed conf via 2"},
			inotify: []string{"changed conf", "transient .conf.swp", "transient .conf.swpx"}},
		{name: "vim with backups", tool: "vim", script: "vim -es -u NONE --cmd 'set nocp wb bkc=no' +s/line/word/ +wq conf </dev/null"},
		{name: "logrotate", script: "mv log log.1; echo x > log", want: []string{"added log.1 from log", "changed log"}},
		{name: "copytruncate", script: "cp log log.1; : > log", want: []string{"added log.1", "changed log"}},
		{name: "package", script: "echo x > conf.dpkg-new; sleep .3; ln conf conf.dpkg-tmp; mv conf.dpkg-new conf; rm conf.dpkg-tmp",
			want: []string{"changed conf via 2"}},
		{name: "hard link", script: "echo more >> data/a", want: []string{"changed data/a also data/twin"}},
		{name: "new link", script: "ln conf conf3", want: []string{"added conf3"}},
		{name: "directory moved", script: "mv data moved", want: []string{"moved moved from data below 3"}},
		{name: "directory removed", script: "rm -r data", want: []string{"removed data", "removed data/a", "removed data/b", "removed data/twin"}},
		{name: "made again", script: "rm -r left; mkdir left; echo x > left/x; sleep .3; echo y > left/z", want: []string{"added left/z", "changed left", "changed left/x"}},
		{name: "moved in", script: "mkdir ../out; echo 1 > ../out/1; mkdir ../out/sub; echo 2 > ../out/sub/2; sleep .3; mv ../out in",
			want: []string{"added in", "added in/1 part of in", "added in/sub part of in", "added in/sub/2 part of in"}},
		{name: "moved in and changed", script: "mkdir ../out; echo 1 > ../out/1; mv ../out in; sleep 1; echo 2 >> in/1",
			want: []string{"added in", "added in/1", "changed in/1"}},
		{name: "moved out", script: "mv data ../gone",
			want: []string{"removed data", "removed data/a part of data", "removed data/b part of data", "removed data/twin part of data"}},
		{name: "deep", script: "mkdir -p a/b/c/d; echo x > a/b/c/d/e", want: []string{"added a", "added a/b", "added a/b/c", "added a/b/c/d", "added a/b/c/d/e"}},
		{name: "not UTF-8", script: `echo x > $'caf\xe9'`, want: []string{`added caf\xe9`}},
	}
	for _, kind := range []Kind{Fanotify, Inotify} {
		for _, c := range cases {
			t.Run(string(kind)+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				if _, err := exec.LookPath(c.tool); c.tool != "" && err != nil {
					t.Skipf("NOT RUN: there is no %s", c.tool)
				}
				want := c.want
				if kind == Inotify && c.inotify != nil {
					want = c.inotify
				}
				// What belongs together is told together if it comes within the times that
				// a watcher waits. Where this machine was too busy for that, it is done again
				// with longer times; a wrong answer in time is wrong.
				for slower := time.Duration(1); ; slower *= 4 {
					got, late := once(t, kind, slower, prepare, c.script, len(want))
					for i := range got {
						if c.name == "deep" || c.name == "directory removed" || c.name == "made again" || c.name == "moved in and changed" {
							got[i], _, _ = strings.Cut(got[i], " part of") // where a directory was quicker than we
						}
					}
					right := slices.Equal(got, want)
					if want == nil {
						right = slices.ContainsFunc(got, func(l string) bool { return strings.HasPrefix(l, "changed conf") })
					}
					if right {
						return
					}
					if late < 50*time.Millisecond*slower || slower > 60 {
						t.Fatalf("told %q, want %q (%v late)", got, want, late)
					}
					t.Logf("told %q, %v late: again with longer times", got, late)
				}
			})
		}
	}
}

var pauses = regexp.MustCompile(`sleep ([0-9.]+)`)

// once runs a script in a new tree, with all times that many times longer, and
// gives what was told, and by how much the machine held the script or this
// program up.
func once(t *testing.T, kind Kind, slower time.Duration, prepare func(string), script string, least int) (lines []string, late time.Duration) {
	t.Helper()
	r := start(t, kind, func(c *Config) {
		c.Quiet, c.Most, c.Hold = slower*100*time.Millisecond, slower*500*time.Millisecond, slower*1500*time.Millisecond
	}, prepare)
	defer r.stop()
	var slept time.Duration
	script = pauses.ReplaceAllStringFunc(script, func(s string) string {
		n, err := strconv.ParseFloat(pauses.FindStringSubmatch(s)[1], 64)
		must(t, err)
		n *= float64(slower)
		slept += time.Duration(n * float64(time.Second))
		return fmt.Sprintf("sleep %.1f", n)
	})
	over, held := make(chan struct{}), make(chan time.Duration)
	go func() { // how late a thread is that wants to run every 5 ms
		var most time.Duration
		for last := time.Now(); ; {
			select {
			case <-over:
				held <- most
				return
			case <-time.After(5 * time.Millisecond):
				most = max(most, time.Since(last)-5*time.Millisecond)
				last = time.Now()
			}
		}
	}()
	began := time.Now()
	shell(t, r.dir, script)
	late = time.Since(began) - slept
	for end := time.Now().Add(slower * 4 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		r.mu.Lock()
		n := len(r.changes)
		r.mu.Unlock()
		if n >= max(least, 1) {
			break
		}
	}
	r.settle()
	close(over)
	late = max(late, <-held)
	r.mu.Lock()
	defer r.mu.Unlock()
	lines = r.lines()
	slices.Sort(lines)
	return lines, late
}

func TestExchange(t *testing.T) {
	for _, kind := range []Kind{Fanotify, Inotify} {
		t.Run(string(kind), func(t *testing.T) {
			longer := func(c *Config) { c.Quiet, c.Most = 600*time.Millisecond, 3*time.Second } // than a busy machine takes for one system call
			r := start(t, kind, longer, func(dir string) {
				for _, f := range []string{"a/1", "b/2"} {
					must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, f)), 0o755))
					write(t, filepath.Join(dir, f), f)
				}
				write(t, filepath.Join(dir, "x"), "x")
				write(t, filepath.Join(dir, "y"), "yy")
				time.Sleep(120 * time.Millisecond)
			})
			exchange := func(a, b string) {
				r.mu.Lock()
				before := len(r.changes)
				r.mu.Unlock()
				must(t, unix.Renameat2(unix.AT_FDCWD, filepath.Join(r.dir, a), unix.AT_FDCWD, filepath.Join(r.dir, b), unix.RENAME_EXCHANGE))
				r.await(t, "the exchange", func() bool { return len(r.changes) > before })
				r.settle()
			}
			exchange("x", "y")
			exchange("a", "b")
			r.mu.Lock()
			defer r.mu.Unlock()
			want := []string{"exchanged x with y", "exchanged a with b below 2"}
			if got := r.lines(); !slices.Equal(got, want) {
				t.Errorf("told %q, want %q", got, want)
			}
			if b, a := r.changes[0].Before["sha256"], r.changes[0].After["sha256"]; b == a || b == nil {
				t.Errorf("before %v, after %v", b, a)
			}
		})
	}
}

// Who wrote is known of writers that live for a millisecond.
func TestShortLivedWriters(t *testing.T) {
	r := start(t, Fanotify, nil, nil)
	const n = 300
	shell(t, r.dir, fmt.Sprintf("for i in $(seq %d); do /usr/bin/touch t$i; done; for i in $(seq %d); do /bin/sh -c \"echo x > s$i\"; done", n, n))
	r.await(t, "each file", func() bool { return len(r.changes) >= 2*n })
	r.mu.Lock()
	defer r.mu.Unlock()
	known, reasons := 0, map[string]int{}
	for _, c := range r.changes {
		if !c.Who.Known() {
			for what, why := range c.Who.Unknown {
				reasons[what+": "+why]++
			}
			if len(c.Who.Unknown) == 0 {
				t.Errorf("%s: unknown without a reason: %+v", c.Path, c.Who)
			}
			continue
		}
		known++
		base := filepath.Base(c.Who.Exe)
		if strings.HasPrefix(filepath.Base(c.Path), "t") && base != "touch" && base != "coreutils" {
			t.Errorf("%s was written by touch, told %s", c.Path, c.Who.Exe)
		}
		if *c.Who.UID != uint32(os.Geteuid()) || len(c.Who.Parents) == 0 || c.Who.Parents[0].Exe == "" {
			t.Errorf("%s: %+v", c.Path, c.Who)
		}
	}
	t.Logf("known of %d of %d (%.1f %%); %v", known, len(r.changes), 100*float64(known)/float64(len(r.changes)), reasons)
	if known*100 < 97*len(r.changes) {
		t.Errorf("who is known of %d of %d, under 97 %%", known, len(r.changes))
	}
}

func TestWho(t *testing.T) {
	r := start(t, Fanotify, nil, nil)
	cmd := exec.Command("setsid", "env", "SSH_CONNECTION=203.0.113.5 50000 192.0.2.1 22", "bash", "-c", "echo x > f; sleep 0.3; true")
	cmd.Dir = r.dir
	must(t, cmd.Run())
	r.await(t, "the change", func() bool { return len(r.changes) > 0 })
	w := r.changes[0].Who
	if filepath.Base(w.Exe) != "bash" || len(w.Digest) != 64 || w.SSH != "203.0.113.5 50000 192.0.2.1 22" || w.User == "" || w.Started == nil {
		t.Errorf("%+v", w)
	}
}

func TestPolling(t *testing.T) {
	r := start(t, Polling, func(c *Config) { c.Interval = 50 * time.Millisecond }, func(dir string) {
		write(t, filepath.Join(dir, "a"), "a")
		time.Sleep(120 * time.Millisecond)
	})
	for i, step := range []struct{ script, want string }{
		{"echo x > b", "added b"}, {"echo y >> b", "changed b"}, {"rm b", "removed b"}, {"rm a", "removed a"}, {"echo z > a", "added a"},
	} {
		shell(t, r.dir, step.script)
		r.await(t, step.want, func() bool { return len(r.changes) > i })
		r.mu.Lock()
		if got := r.lines()[i]; got != step.want {
			t.Errorf("%s told %q", step.script, got)
		}
		if c := r.changes[i]; c.Found != "polling" || c.Who.Unknown["process"] == "" {
			t.Errorf("%+v", c)
		}
		r.mu.Unlock()
	}
	m := r.Mode()
	if m.Kind != Polling || len(m.Refused) != 2 || m.Refused[0].Reason == "" {
		t.Errorf("%+v", m)
	}
}

// ending is a source that ends with an error.
type ending struct{ err error }

func (e ending) Read(func(kernel.Event)) error { return e.err }
func (e ending) Close() error                  { return nil }
func (e ending) Detail() string                { return "" }

// A way of watching that ends is told, replaced by a weaker one, and what
// happened in between is found.
func TestDowngrade(t *testing.T) {
	r := start(t, Inotify, nil, nil)
	r.Watcher.mu.Lock()
	src, ends := r.source, ending{fmt.Errorf("directories can no longer be found: %w", io.ErrUnexpectedEOF)}
	r.source = ends
	r.Watcher.mu.Unlock()
	r.read(ends)
	must(t, src.Close())
	write(t, filepath.Join(r.dir, "between"), "x")
	r.await(t, "the change", func() bool { return len(r.changes) > 0 })
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.notices, func(n Notice) bool { return n.Notice == "downgrade" })
	if i < 0 || r.notices[i].Mode == nil || r.notices[i].Mode.Kind != Polling || !strings.Contains(r.notices[i].Reason, "no longer") {
		t.Errorf("%+v", r.notices)
	}
	if got := r.lines(); got[0] != "added between" {
		t.Errorf("told %q", got)
	}
}

// A root that is removed and made again is watched again.
func TestRootComesBack(t *testing.T) {
	for _, kind := range []Kind{Fanotify, Inotify} {
		t.Run(string(kind), func(t *testing.T) {
			r := start(t, kind, nil, func(dir string) { write(t, filepath.Join(dir, "a"), "a"); time.Sleep(120 * time.Millisecond) })
			must(t, os.RemoveAll(r.dir))
			r.await(t, "its removal", func() bool { return len(r.changes) >= 2 })
			must(t, os.Mkdir(r.dir, 0o755))
			write(t, filepath.Join(r.dir, "b"), "b")
			r.await(t, "b", func() bool { return r.has("added b") })
			time.Sleep(200 * time.Millisecond)
			write(t, filepath.Join(r.dir, "c"), "c")
			r.await(t, "c", func() bool { return r.has("added c") })
		})
	}
}

// What is mounted over a tree, and taken away again, is seen.
func TestMounts(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs root to mount")
	}
	for _, kind := range []Kind{Fanotify, Inotify} {
		t.Run(string(kind), func(t *testing.T) {
			r := start(t, kind, nil, func(dir string) { write(t, filepath.Join(dir, "a"), "a"); time.Sleep(120 * time.Millisecond) })
			if err := unix.Mount("attesta-test", r.dir, "tmpfs", 0, "size=1m"); err != nil {
				t.Skipf("NOT RUN: nothing can be mounted here: %v", err)
			}
			mounted := true
			defer func() {
				if mounted {
					must(t, unix.Unmount(r.dir, unix.MNT_DETACH))
				}
			}()
			r.await(t, "that a is hidden", func() bool { return r.has("removed a") })
			write(t, filepath.Join(r.dir, "in"), "x")
			r.await(t, "a file in it", func() bool { return r.has("added in") })
			must(t, unix.Unmount(r.dir, 0)) // nothing is held open in it
			mounted = false
			r.await(t, "what lay below", func() bool { return r.has("added a") && r.has("removed in") })
		})
	}
}

// A file that is reached by two mounts is told in the tree that is watched.
func TestBindMount(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs root to mount")
	}
	for _, kind := range []Kind{Fanotify, Inotify} {
		t.Run(string(kind), func(t *testing.T) {
			base := t.TempDir()
			real, bind := filepath.Join(base, "real"), filepath.Join(base, "bind")
			must(t, os.Mkdir(real, 0o755))
			must(t, os.Mkdir(bind, 0o755))
			if err := unix.Mount(real, bind, "", unix.MS_BIND, ""); err != nil {
				t.Skipf("NOT RUN: nothing can be mounted here: %v", err)
			}
			defer func() { must(t, unix.Unmount(bind, unix.MNT_DETACH)) }()
			r := startAt(t, kind, nil, bind)
			write(t, filepath.Join(real, "f"), "x")
			r.await(t, "the change", func() bool { return r.has("added f") })
		})
	}
}

// Trees that are made and removed as fast as that goes leave nothing that is
// told to be there, and what stays is told.
func TestDirectoriesVanish(t *testing.T) {
	for _, kind := range []Kind{Fanotify, Inotify} {
		t.Run(string(kind), func(t *testing.T) {
			r := start(t, kind, nil, func(dir string) {
				for i := range 20 {
					must(t, os.MkdirAll(filepath.Join(dir, fmt.Sprint("old", i), "sub"), 0o755))
					write(t, filepath.Join(dir, fmt.Sprint("old", i), "sub", "f"), "x")
				}
				time.Sleep(120 * time.Millisecond)
			})
			for i := range 100 {
				d := filepath.Join(r.dir, fmt.Sprint("new", i), "sub")
				must(t, os.MkdirAll(d, 0o755))
				write(t, filepath.Join(d, "f"), "x")
				must(t, os.RemoveAll(filepath.Dir(d)))
			}
			for i := range 20 {
				must(t, os.RemoveAll(filepath.Join(r.dir, fmt.Sprint("old", i))))
			}
			must(t, os.MkdirAll(filepath.Join(r.dir, "stays/sub"), 0o755))
			write(t, filepath.Join(r.dir, "stays/sub/f"), "x")
			r.await(t, "what stays", func() bool { return r.has("added stays/sub/f") })
			r.settle()
			r.mu.Lock()
			defer r.mu.Unlock()
			there := map[string]bool{}
			removed := 0
			for _, c := range r.changes {
				switch c.Change.Change {
				case integrity.Added:
					there[c.Path] = true
				case integrity.Removed:
					delete(there, c.Path)
					if strings.HasPrefix(c.Path, filepath.Join(r.dir, "old")) {
						removed++
					}
				}
			}
			if removed != 60 {
				t.Errorf("%d of 60 old entries were told to be removed", removed)
			}
			if len(there) != 3 {
				t.Errorf("told to be there: %v", there)
			}
		})
	}
}
