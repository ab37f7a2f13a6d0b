package watch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity"
)

// sparse makes a file of that many bytes, most of which no disk has.
func sparse(t testing.TB, path, text string, size int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, err)
	must(t, f.Truncate(size))
	must(t, f.Close())
}

func sumOf(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	must(t, err)
	return hex.EncodeToString(h.Sum(nil))
}

// A file that takes seconds to be read holds nothing else up: what happens meanwhile is
// told at once, and the file when it was read, with its content of the end and who it was.
func TestLargeFileHoldsNothingUp(t *testing.T) {
	const size = 2 << 30
	for _, kind := range []Kind{Fanotify, Inotify, Polling} {
		t.Run(string(kind), func(t *testing.T) {
			r := start(t, kind, func(c *Config) { c.Interval = 100 * time.Millisecond }, func(dir string) {
				write(t, filepath.Join(dir, "large"), "x")
				write(t, filepath.Join(dir, "small"), "x")
				time.Sleep(120 * time.Millisecond)
			})
			large := filepath.Join(r.dir, "large")
			sparse(t, large, "begin", size)
			r.awaitRead(t, large)
			for i := range 5 {
				write(t, filepath.Join(r.dir, fmt.Sprint("meanwhile", i)), "x")
			}
			since := processors(t)
			began := time.Now()
			r.await(t, "what happened meanwhile", func() bool { return r.has("added meanwhile4") })
			late := time.Since(began)
			r.mu.Lock()
			before := r.has("changed large")
			r.mu.Unlock()
			if others := processors(t).others(since); !before && late > 2*time.Second+others {
				t.Errorf("a change beside it was told after %v", late)
			}
			if before {
				t.Skip("NOT RUN: this machine read 2 GiB before another file was looked at")
			}
			sparse(t, large, "again", size) // while it is read
			r.await(t, "the large file", func() bool { return r.has("changed large") })
			want := sumOf(t, large)
			r.await(t, "its last content", func() bool {
				for _, c := range r.changes {
					if c.Path == large && c.After["sha256"] == want {
						return true
					}
				}
				return false
			})
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, c := range r.changes {
				if c.Path != large {
					continue
				}
				if kind == Fanotify && (!c.Who.Known() || c.Who.PID != int32(os.Getpid())) {
					t.Errorf("by %+v", c.Who)
				}
				if kind != Fanotify && len(c.Who.Unknown) == 0 {
					t.Errorf("by %+v, without a reason", c.Who)
				}
				if c.Change.Change != integrity.Changed || c.Before["size"] == c.After["size"] && c.Before["sha256"] == c.After["sha256"] {
					t.Errorf("%+v", c.Change)
				}
			}
		})
	}
}

// awaitRead waits until this program has a file open, to read it.
func (r *running) awaitRead(t testing.TB, path string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		fds, err := filepath.Glob("/proc/self/fd/*")
		must(t, err)
		for _, fd := range fds {
			if to, err := os.Readlink(fd); err == nil && to == path {
				return
			}
		}
	}
	t.Fatalf("%s was not read", path)
}

// One that is written without end is told all the same; renamed, linked and removed
// while it is read it is told as what it is then.
func TestLargeFilesMove(t *testing.T) {
	const size = 256 << 20
	for _, kind := range []Kind{Fanotify, Inotify} {
		t.Run(string(kind), func(t *testing.T) {
			r := start(t, kind, nil, func(dir string) {
				must(t, os.MkdirAll(filepath.Join(dir, "d"), 0o755))
				sparse(t, filepath.Join(dir, "d/a"), "a", size)
				sparse(t, filepath.Join(dir, "b"), "b", size)
				time.Sleep(120 * time.Millisecond)
			})
			at := func(p string) string { return filepath.Join(r.dir, p) }
			must(t, os.Rename(at("d"), at("e")))
			r.await(t, "the directory", func() bool { return r.has("moved e from d below 1") })
			must(t, os.Rename(at("b"), at("c")))
			r.await(t, "the file", func() bool { return r.has("moved c from b") })
			must(t, os.Link(at("c"), at("f")))
			r.await(t, "the link", func() bool { return r.has("added f") || r.has("added f also c") })
			sparse(t, at("gone"), "x", size)
			r.awaitRead(t, at("gone"))
			must(t, os.Remove(at("gone")))
			sparse(t, at("last"), "x", size)
			r.await(t, "the last", func() bool { return r.has("added last") })
			stop, stopped := make(chan struct{}), make(chan error, 1)
			go func() {
				f, err := os.OpenFile(at("last"), os.O_WRONLY|os.O_APPEND, 0)
				for err == nil {
					select {
					case <-stop:
						stopped <- f.Close()
						return
					case <-time.After(time.Millisecond):
						_, err = f.WriteString("y")
					}
				}
				stopped <- err
			}()
			r.await(t, "what grows", func() bool { return r.has("changed last") })
			close(stop)
			must(t, <-stopped)
			want := sumOf(t, at("last"))
			r.await(t, "its end", func() bool {
				for _, c := range r.changes {
					if c.Path == at("last") && c.After["sha256"] == want {
						return true
					}
				}
				return false
			})
			r.settle()
			r.mu.Lock()
			defer r.mu.Unlock()
			there := map[string]bool{}
			for _, c := range r.changes {
				there[c.Path] = c.Change.Change != integrity.Removed && c.Change.Change != Transient
			}
			if there[at("gone")] || !there[at("last")] {
				t.Errorf("told %q", r.lines())
			}
		})
	}
}

// A directory that is put elsewhere, with a link in its place, is gone from the tree:
// what the link leads to is not looked at, whatever it is called.
func TestLinkInPlaceOfDirectory(t *testing.T) {
	for _, kind := range []Kind{Fanotify, Inotify, Polling} {
		t.Run(string(kind), func(t *testing.T) {
			outside := t.TempDir()
			r := start(t, kind, func(c *Config) { c.Interval = 50 * time.Millisecond }, func(dir string) {
				must(t, os.MkdirAll(filepath.Join(dir, "d/e"), 0o755))
				write(t, filepath.Join(dir, "d/e/passwd"), "root")
				must(t, os.Symlink("loop", filepath.Join(dir, "loop")))
				time.Sleep(120 * time.Millisecond)
			})
			write(t, filepath.Join(outside, "secret"), "s")
			must(t, os.Mkdir(filepath.Join(outside, "e"), 0o755))
			write(t, filepath.Join(outside, "e/passwd"), "of another")
			must(t, os.RemoveAll(filepath.Join(r.dir, "d")))
			must(t, os.Symlink(outside, filepath.Join(r.dir, "d")))
			r.await(t, "the removal", func() bool { return r.has("removed d/e/passwd") })
			r.await(t, "the link", func() bool { return r.has("changed d") || r.has("added d") })
			write(t, filepath.Join(outside, "secret"), "t")
			write(t, filepath.Join(r.dir, "d/e/passwd"), "over the link")
			must(t, r.Look(t.Context(), Ask{Paths: []string{filepath.Join(r.dir, "d/e/passwd"), filepath.Join(r.dir, "d/secret"), filepath.Join(r.dir, "loop/x")}, All: true, Found: Rescan}))
			r.settle()
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, c := range r.changes {
				if c.Change.Change != integrity.Removed && (c.Path == filepath.Join(r.dir, "d/e/passwd") || c.Path == filepath.Join(r.dir, "d/secret")) {
					t.Errorf("it looked over the link: %+v", c.Change)
				}
			}
		})
	}
}
