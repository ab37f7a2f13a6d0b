package blobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/attesta/attesta/internal/base/fault"
)

func open(t testing.TB) *Dir {
	t.Helper()
	d, err := Open(filepath.Join(t.TempDir(), "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func put(t testing.TB, d *Dir, content string) string {
	t.Helper()
	digest, size, err := d.Put(context.Background(), strings.NewReader(content), 1<<30)
	if err != nil || size != int64(len(content)) {
		t.Fatalf("put: %d bytes, %v", size, err)
	}
	return digest
}

func get(d *Dir, digest string) (string, error) {
	r, err := d.Open(digest)
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return string(b), err
}

func files(t testing.TB, d *Dir) (all []string) {
	t.Helper()
	err := filepath.WalkDir(d.root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all = append(all, strings.TrimPrefix(path, d.root+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPutAndOpen(t *testing.T) {
	d := open(t)
	for _, content := range []string{"", "a", "hello", strings.Repeat("x", 200_000)} {
		digest := put(t, d, content)
		sum := sha256.Sum256([]byte(content))
		if digest != hex.EncodeToString(sum[:]) {
			t.Fatalf("digest %s", digest)
		}
		if got, err := get(d, digest); err != nil || got != content {
			t.Errorf("%d bytes came back as %d, %v", len(content), len(got), err)
		}
		if size, ok, err := d.Has(digest); err != nil || !ok || size != int64(len(content)) {
			t.Errorf("has: %d %v %v", size, ok, err)
		}
		if again := put(t, d, content); again != digest {
			t.Errorf("the second time: %s", again)
		}
	}
	if n := len(files(t, d)); n != 4 {
		t.Errorf("%d files for four contents: %v", n, files(t, d))
	}
	var walked []string
	if err := d.Walk(context.Background(), func(digest string, size int64) error { walked = append(walked, digest); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(walked) != 4 || !slices.IsSorted(walked) {
		t.Errorf("walked %v", walked)
	}
	// A second store on the same directory finds everything.
	d2, err := Open(d.root)
	if err != nil {
		t.Fatal(err)
	}
	if checked, wrong, err := d2.Verify(context.Background()); checked != 4 || len(wrong) != 0 || err != nil {
		t.Errorf("verify: %d %v %v", checked, wrong, err)
	}
}

func TestRefused(t *testing.T) {
	d := open(t)
	ctx := context.Background()
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	boom := errors.New("the line broke")
	for _, tc := range []struct {
		name string
		err  func() error
		want fault.Kind
	}{
		{"too long", func() error { _, _, err := d.Put(ctx, strings.NewReader("123456"), 5); return err }, fault.Invalid},
		{"no digest", func() error { _, err := d.Open("../../etc/passwd"); return err }, fault.Invalid},
		{"upper case", func() error { _, _, err := d.Has(strings.Repeat("A", 64)); return err }, fault.Invalid},
		{"not there", func() error { _, err := d.Open(strings.Repeat("0", 64)); return err }, fault.NotFound},
		{"remove no digest", func() error { return d.Remove("x") }, fault.Invalid},
	} {
		if err := tc.err(); !fault.Is(err, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if _, _, err := d.Put(ctx, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(boom)), 100); !errors.Is(err, boom) {
		t.Errorf("a broken source gave %v", err)
	}
	if _, _, err := d.Put(cancelled, strings.NewReader("x"), 100); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled put gave %v", err)
	}
	if _, _, err := d.Put(ctx, strings.NewReader("12345"), 5); err != nil {
		t.Errorf("exactly max: %v", err)
	}
	if f := files(t, d); len(f) != 1 {
		t.Errorf("left behind: %v", f)
	}
}

func TestDamageIsFound(t *testing.T) {
	d := open(t)
	content := strings.Repeat("0123456789", 10_000)
	whole, changed, cut, gone := put(t, d, "whole"), put(t, d, content), put(t, d, content+"y"), put(t, d, "gone")
	path := func(digest string) string { p, _ := d.path(digest); return p }
	rewrite := func(digest string, f func([]byte) []byte) {
		b, err := os.ReadFile(path(digest))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path(digest)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path(digest), f(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rewrite(changed, func(b []byte) []byte { b[70_000] ^= 1; return b })
	rewrite(cut, func(b []byte) []byte { return b[:len(b)-1] })
	if err := d.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if err := d.Remove(gone); err != nil {
		t.Errorf("removing twice: %v", err)
	}
	stray := filepath.Join(d.root, "sha256", "notes.txt")
	if err := os.WriteFile(stray, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	misplaced := filepath.Join(filepath.Dir(path(whole)), strings.Repeat("f", 64))
	if err := os.WriteFile(misplaced, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, digest := range []string{changed, cut} {
		r, err := d.Open(digest)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, iotest.OneByteReader(r))
		if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), digest) {
			t.Errorf("reading damaged content gave %v", err)
		}
		if _, again := r.Read(make([]byte, 1)); !fault.Is(again, fault.Refused) {
			t.Errorf("reading on gave %v", again)
		}
		r.Close()
	}
	checked, wrong, err := d.Verify(context.Background())
	if err != nil || checked != 3 || len(wrong) != 4 {
		t.Fatalf("verify: %d checked, %d wrong, %v", checked, len(wrong), err)
	}
	var named []string
	for _, w := range wrong {
		named = append(named, w.File)
	}
	for _, want := range []string{path(changed), path(cut), stray, misplaced} {
		if !slices.Contains(named, want) {
			t.Errorf("verify does not name %s: %v", want, named)
		}
	}
	// The same content, put again, mends it.
	put(t, d, content)
	if _, err := get(d, changed); err != nil {
		t.Errorf("not mended: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := d.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled verify gave %v", err)
	}
}

func TestInParallel(t *testing.T) {
	d := open(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range 10 {
				if _, _, err := d.Put(context.Background(), strings.NewReader(fmt.Sprint("content ", (i+j)%12)), 100); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	if checked, wrong, err := d.Verify(context.Background()); checked != 12 || len(wrong) != 0 || err != nil {
		t.Errorf("verify: %d %v %v", checked, wrong, err)
	}
	if left := files(t, d); len(left) != 12 {
		t.Errorf("left behind: %v", left)
	}
}

func TestClean(t *testing.T) {
	d := open(t)
	kept := put(t, d, "kept")
	if err := os.WriteFile(filepath.Join(d.root, "tmp", "put-123"), []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Clean(); err != nil {
		t.Fatal(err)
	}
	if f := files(t, d); len(f) != 1 || filepath.Base(f[0]) != kept {
		t.Errorf("after cleaning: %v", f)
	}
}

// faulty fails at the nth call of any operation and counts all of them.
type faulty struct {
	osDisk
	at    int
	err   error
	calls []string
}

func (f *faulty) call(name string) error {
	f.calls = append(f.calls, name)
	if len(f.calls) == f.at {
		return f.err
	}
	return nil
}

func (f *faulty) create(dir string) (file, error) {
	if err := f.call("create"); err != nil {
		return nil, err
	}
	g, err := f.osDisk.create(dir)
	return &faultyFile{g, f}, err
}

func (f *faulty) rename(from, to string) error {
	if err := f.call("rename"); err != nil {
		return err
	}
	return f.osDisk.rename(from, to)
}

func (f *faulty) mkdir(path string) error {
	if err := f.call("mkdir"); err != nil {
		return err
	}
	return f.osDisk.mkdir(path)
}

func (f *faulty) syncDir(path string) error {
	if err := f.call("sync directory"); err != nil {
		return err
	}
	return f.osDisk.syncDir(path)
}

type faultyFile struct {
	file
	f *faulty
}

func (g *faultyFile) Write(p []byte) (int, error) {
	if err := g.f.call("write"); err != nil {
		n, _ := g.file.Write(p[:len(p)/2])
		return n, err
	}
	return g.file.Write(p)
}

func (g *faultyFile) Chmod(m fs.FileMode) error {
	if err := g.f.call("chmod"); err != nil {
		return err
	}
	return g.file.Chmod(m)
}

func (g *faultyFile) Sync() error {
	if err := g.f.call("sync"); err != nil {
		return err
	}
	return g.file.Sync()
}

func (g *faultyFile) Close() error {
	err := g.f.call("close")
	return errors.Join(err, g.file.Close())
}

// Whatever fails, and wherever: the error is told with its kind, nothing half
// stands under a digest, nothing is left behind, and the next try succeeds.
func TestEveryFaultIsTold(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	count := &faulty{}
	d := open(t)
	d.disk = count
	if _, _, err := d.Put(context.Background(), bytes.NewReader(content), 1<<20); err != nil {
		t.Fatal(err)
	}
	// The order is what makes it durable: content, then name, then the directories from below.
	order := strings.Join(slices.Compact(slices.Clone(count.calls)), ", ")
	if order != "create, write, chmod, sync, close, mkdir, rename, sync directory" || !strings.HasSuffix(strings.Join(count.calls, ","), "rename,sync directory,sync directory,sync directory") {
		t.Fatalf("a put does %v", count.calls)
	}
	for _, failure := range []struct {
		err  error
		want fault.Kind
	}{
		{syscall.ENOSPC, fault.Unavailable}, {syscall.EDQUOT, fault.Unavailable}, {syscall.EROFS, fault.Unavailable},
		{syscall.EACCES, fault.Unavailable}, {syscall.EIO, fault.Internal},
	} {
		for at := 1; at <= len(count.calls); at++ {
			name := fmt.Sprintf("%v at %s (%d)", failure.err, count.calls[at-1], at)
			d := open(t)
			f := &faulty{at: at, err: failure.err}
			d.disk = f
			_, _, err := d.Put(context.Background(), bytes.NewReader(content), 1<<20)
			if fault.KindOf(err) != failure.want || !errors.Is(err, failure.err) {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if left, err := os.ReadDir(filepath.Join(d.root, "tmp")); err != nil || len(left) != 0 {
				t.Errorf("%s: left behind %v, %v", name, left, err)
			}
			if _, wrong, err := d.Verify(context.Background()); len(wrong) != 0 || err != nil {
				t.Errorf("%s: %v, %v", name, wrong, err)
			}
			if got, _, err := d.Put(context.Background(), bytes.NewReader(content), 1<<20); err != nil || got != digest {
				t.Errorf("%s: the next try gave %v", name, err)
			}
		}
	}
}

// A disk that really is full: a file system of one megabyte, where one can be mounted.
func TestFullDisk(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mount("tmpfs", root, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("NOT RUN: a file system cannot be mounted here: %v", err)
	}
	defer syscall.Unmount(root, syscall.MNT_DETACH)
	d, err := Open(filepath.Join(root, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	kept := put(t, d, "kept")
	_, _, err = d.Put(context.Background(), bytes.NewReader(make([]byte, 2<<20)), 1<<30)
	if message, _ := fault.Public(err); !fault.Is(err, fault.Unavailable) || !strings.Contains(message, "disk is full") {
		t.Fatalf("a full disk gave %v", err)
	}
	if got, err := get(d, kept); err != nil || got != "kept" {
		t.Errorf("what was there before: %q, %v", got, err)
	}
	put(t, d, "there is room again")
}

func BenchmarkPut(b *testing.B) {
	d := open(b)
	content := make([]byte, 64<<10)
	b.SetBytes(int64(len(content)))
	for i := 0; b.Loop(); i++ {
		copy(content, fmt.Sprint(i, " "))
		if _, _, err := d.Put(context.Background(), bytes.NewReader(content), 1<<30); err != nil {
			b.Fatal(err)
		}
	}
}
