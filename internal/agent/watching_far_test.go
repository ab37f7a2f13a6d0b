package agent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/wire"

	"golang.org/x/sys/unix"
)

// elsewhere is a real file system that a program answers for, as another host would: it
// can be changed without an event here, and stop to answer.
type elsewhere struct {
	fd int

	mu    sync.Mutex
	files map[string]string // guarded by mu: names in its only directory
	moved map[string]int64  // guarded by mu: seconds of their times
	still bool              // guarded by mu: nothing is answered
	held  [][]byte          // guarded by mu: what came meanwhile
}

func mountElsewhere(t *testing.T, at string) *elsewhere {
	t.Helper()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("NOT RUN: a file system that others answer for needs /dev/fuse: %v", err)
	}
	if err := unix.Mount("attesta-test", at, "fuse.attesta", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd)); err != nil {
		_ = unix.Close(fd) // nothing was mounted
		t.Skipf("NOT RUN: a file system that others answer for cannot be mounted here: %v", err)
	}
	e := &elsewhere{fd: fd, files: map[string]string{"file": "one", "other": "two"}, moved: map[string]int64{}}
	served := make(chan struct{})
	go func() { e.serve(); close(served) }()
	t.Cleanup(func() {
		e.hold(false)
		if err := unix.Unmount(at, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
		select {
		case <-served:
		case <-time.After(5 * time.Second):
		}
	})
	return e
}

// put changes a file on the other side.
func (e *elsewhere) put(name, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.files[name] = text
	e.moved[name]++
	e.moved[""]++
}

// hold stops answering, and begins again with what was asked meanwhile.
func (e *elsewhere) hold(still bool) {
	e.mu.Lock()
	held := e.held
	e.still = still
	e.held = nil
	e.mu.Unlock()
	for _, b := range held {
		e.answer(b)
	}
}

func (e *elsewhere) serve() {
	buf := make([]byte, 1<<17)
	for {
		n, err := unix.Read(e.fd, buf)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ENOENT), errors.Is(err, unix.EAGAIN):
			continue
		case err != nil || n < 40: // unmounted
			_ = unix.Close(e.fd)
			return
		}
		b := slices.Clone(buf[:n])
		e.mu.Lock()
		if e.still {
			e.held = append(e.held, b)
			e.mu.Unlock()
			continue
		}
		e.mu.Unlock()
		e.answer(b)
	}
}

const (
	fuseLookup, fuseForget, fuseGetattr, fuseOpen, fuseRead, fuseStatfs, fuseRelease = 1, 2, 3, 14, 15, 17, 18
	fuseFlush, fuseInit, fuseOpendir, fuseReaddir, fuseReleasedir                    = 25, 26, 27, 28, 29
	fuseInterrupt, fuseBatchForget                                                   = 36, 42
)

// names are those of the directory; the number of a file is its place plus 2.
func (e *elsewhere) names() []string {
	out := make([]string, 0, len(e.files))
	for n := range e.files {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

func (e *elsewhere) attributes(node uint64) []byte {
	ne := binary.NativeEndian
	mode, size, name := uint32(unix.S_IFDIR|0o755), uint64(4096), ""
	if names := e.names(); node > 1 && int(node-2) < len(names) {
		name = names[node-2]
		mode, size = unix.S_IFREG|0o644, uint64(len(e.files[name]))
	}
	b := ne.AppendUint64(nil, node)
	b = ne.AppendUint64(b, size)
	b = ne.AppendUint64(b, 1)
	for range 3 {
		b = ne.AppendUint64(b, uint64(1_700_000_000+e.moved[name]))
	}
	b = append(b, make([]byte, 12)...)
	for _, v := range []uint32{mode, 1, 0, 0, 0, 4096, 0} {
		b = ne.AppendUint32(b, v)
	}
	return b
}

func (e *elsewhere) answer(in []byte) {
	ne := binary.NativeEndian
	op, unique, node, body := ne.Uint32(in[4:]), ne.Uint64(in[8:]), ne.Uint64(in[16:]), in[40:]
	var out []byte
	no := int32(0)
	e.mu.Lock()
	switch op {
	case fuseForget, fuseBatchForget, fuseInterrupt:
		e.mu.Unlock()
		return
	case fuseInit:
		out = ne.AppendUint32(ne.AppendUint32(nil, 7), 31)
		out = append(out, make([]byte, 56)...)
		ne.PutUint32(out[20:], 4096) // max_write, after two halves of background
		ne.PutUint32(out[24:], 1)
	case fuseLookup:
		i := slices.Index(e.names(), strings.TrimRight(string(body), "\x00"))
		if i < 0 {
			no = -int32(unix.ENOENT)
			break
		}
		out = ne.AppendUint64(nil, uint64(i+2))
		out = append(out, make([]byte, 32)...) // nothing holds for any time
		out = append(out, e.attributes(uint64(i+2))...)
	case fuseGetattr:
		out = append(make([]byte, 16), e.attributes(node)...)
	case fuseOpen, fuseOpendir:
		out = make([]byte, 16)
	case fuseReaddir:
		if ne.Uint64(body[8:]) > 0 {
			break // all was given at once
		}
		for i, n := range e.names() {
			d := ne.AppendUint64(nil, uint64(i+2))
			d = ne.AppendUint64(d, uint64(i+1))
			d = ne.AppendUint32(d, uint32(len(n)))
			d = ne.AppendUint32(d, unix.DT_REG)
			d = append(d, n...)
			out = append(out, append(d, make([]byte, (8-len(d)%8)%8)...)...)
		}
	case fuseRead:
		if names := e.names(); int(node-2) < len(names) {
			text := e.files[names[node-2]]
			out = []byte(text[min(int(ne.Uint64(body[8:])), len(text)):])
		}
	case fuseStatfs:
		out = make([]byte, 80)
	case fuseRelease, fuseReleasedir, fuseFlush:
	default:
		no = -int32(unix.ENOSYS)
	}
	e.mu.Unlock()
	head := ne.AppendUint32(nil, uint32(16+len(out)))
	head = ne.AppendUint32(head, uint32(no))
	head = ne.AppendUint64(head, unique)
	_, _ = unix.Write(e.fd, append(head, out...)) // who asked may be gone
}

// What lies on a file system that others answer for is compared every now and then, and
// that it is no more than that is said. When it stops to answer that is said too, with
// where and what to do; everything else goes on, the agent ends and starts as ever, and
// what happened meanwhile is told when there is an answer again.
func TestFileSystemElsewhere(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	tr := newTree(t)
	mnt := filepath.Join(t.TempDir(), "far")
	if err := os.Mkdir(mnt, 0o755); err != nil {
		t.Fatal(err)
	}
	e := mountElsewhere(t, mnt)
	cfg := s.watchful(tr)
	cfg.Watching.Paths, cfg.Watching.Polling = []string{mnt}, 200*time.Millisecond
	a := run(t, cfg)
	w := watchingOf(t, s.await("it watches", watched(t)))
	said := false
	for _, r := range w.Refused {
		said = said || strings.Contains(r.Reason, mnt) && strings.Contains(r.Reason, "fuse.attesta") && strings.Contains(r.Reason, "compared every 200ms")
	}
	if !said || !slices.Contains(w.Roots, mnt) || len(w.Problems) > 0 {
		t.Errorf("it says %+v", w)
	}
	mode := *w.Mode

	e.put("file", "changed by another host")
	if c := s.awaitChange(filepath.Join(mnt, "file"), "polling"); c.Change != "changed" || c.Before["size"] == c.After["size"] || c.Who == nil || c.Who.Unknown["process"] == "" {
		t.Errorf("%+v by %+v", c, c.Who)
	}
	tr.write("etc/near", "1")
	if c := s.awaitChange(tr.path("etc/near"), "event"); mode == "fanotify" && (c.Who == nil || c.Who.PID != int32(os.Getpid())) {
		t.Errorf("by %+v", c.Who)
	}

	silent := func(all []ingest.Batch) bool {
		return slices.ContainsFunc(watchingOf(t, all).Problems, func(p string) bool {
			return strings.Contains(p, mnt) && strings.Contains(p, "has not answered since") && strings.Contains(p, "unmount it")
		})
	}
	e.hold(true)
	s.await("it says that there is no answer", silent)
	runtime.GC() // stops if a thread waits without the scheduler knowing it
	for i := range 3 {
		name := fmt.Sprintf("etc/meanwhile-%d", i)
		began := time.Now()
		tr.write(name, "1")
		s.awaitChange(tr.path(name), "event")
		if late := time.Since(began); late > 10*time.Second {
			t.Errorf("told after %v", late)
		}
	}
	began := time.Now()
	if err := a.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the agent ended after %v", took)
	}
	tr.write("etc/stopped", "1")
	cfg.Token = ""
	a = run(t, cfg)
	s.awaitChange(tr.path("etc/stopped"), "start")
	s.await("it says so again", func(all []ingest.Batch) bool { return watched(t)(all) && silent(all) })
	tr.write("etc/last", "1")
	s.awaitChange(tr.path("etc/last"), "event")

	e.put("other", "changed while nobody saw it")
	e.put("third", "new")
	e.hold(false)
	all := s.await("what happened there", func(all []ingest.Batch) bool {
		list := changesIn(t, all)
		return len(at(list, filepath.Join(mnt, "other"))) > 0 && len(at(list, filepath.Join(mnt, "third"))) > 0
	})
	for _, c := range at(changesIn(t, all), filepath.Join(mnt, "file")) {
		if c.Change != "changed" {
			t.Errorf("while it did not answer: %s %s", c.Change, c.Path)
		}
	}
	s.await("the problem is over", func(all []ingest.Batch) bool { return !silent(all) && watched(t)(all) })
	for _, b := range all {
		if b.Envelope.Kind == wire.KindGap {
			t.Errorf("something was given up: %s", b.Envelope.Items)
		}
	}
	if err := a.stop(); err != nil {
		t.Error(err)
	}
}

// One that does not answer when the first baseline is made, or that is mounted below a
// tree, holds nothing up: it is left out, that is said, and it is taken in when it answers.
func TestFileSystemElsewhereAtStart(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	tr := newTree(t)
	mnt, below := filepath.Join(t.TempDir(), "far"), tr.path("etc/below")
	for _, d := range []string{mnt, below} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	e, b := mountElsewhere(t, mnt), mountElsewhere(t, below)
	e.hold(true)
	b.hold(true)
	cfg := s.watchful(tr)
	cfg.Watching.Paths, cfg.Watching.Polling, cfg.Watching.Check = []string{mnt}, 200*time.Millisecond, time.Second
	a := run(t, cfg)
	w := watchingOf(t, s.await("it watches", watched(t)))
	if !slices.ContainsFunc(w.Problems, func(p string) bool { return strings.Contains(p, "not watched") && strings.Contains(p, mnt) }) || slices.Contains(w.Roots, mnt) {
		t.Errorf("it says %+v", w)
	}
	tr.write("etc/near", "1")
	s.awaitChange(tr.path("etc/near"), "event")
	s.await("what is mounted below is left out", func(all []ingest.Batch) bool {
		for _, g := range watchingOf(t, all).LeftOut {
			if g.Path == below && strings.Contains(g.Reason, "network file system") {
				return true
			}
		}
		return false
	})
	e.hold(false)
	s.await("it is taken in", func(all []ingest.Batch) bool {
		w := watchingOf(t, all)
		return slices.Contains(w.Roots, mnt) && slices.Contains(w.AddedRoots, mnt) && len(w.Problems) == 0
	})
	s.await("what lies there", func(all []ingest.Batch) bool { return len(at(changesIn(t, all), filepath.Join(mnt, "file"))) > 0 })
	for _, c := range changesIn(t, s.await("now", func([]ingest.Batch) bool { return true })) {
		if strings.HasPrefix(c.Path, below) {
			t.Errorf("%s %s", c.Change, c.Path)
		}
	}
	if err := a.stop(); err != nil {
		t.Error(err)
	}
}
