package integrity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
)

// base makes a snapshot of paths outside of them and opens it.
func base(t testing.TB, o snapshot.Options, paths ...string) (*snapshot.Snapshot, Made) {
	t.Helper()
	db := filepath.Join(t.TempDir(), "db")
	o, err := NewOptions(db, paths, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Made = time.Now()
	made, err := Make(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.Open(db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, made
}

// check gives "change path" of each change.
func check(t testing.TB, s *snapshot.Snapshot, how How) (changes []*Change, found Found) {
	t.Helper()
	found, err := Check(t.Context(), s, how, func(c *Change) error { changes = append(changes, c); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(changes)) != found.Changes() {
		t.Errorf("%d changes were told, %d counted", len(changes), found.Changes())
	}
	return changes, found
}

func told(changes []*Change) []string {
	out := []string{}
	for _, c := range changes {
		out = append(out, string(c.Change)+" "+c.Path)
	}
	slices.Sort(out)
	return out
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// seen is a tree as another program would list it, for what the engine says to
// be held against.
func seen(t testing.TB, root string) map[string]string {
	out := map[string]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(p)
		if err != nil {
			return err
		}
		st := info.Sys().(*syscall.Stat_t)
		text := fmt.Sprint(st.Mode, st.Uid, st.Gid, st.Size, st.Nlink, st.Mtim, st.Ctim, st.Ino, st.Rdev)
		switch {
		case info.Mode().IsRegular():
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			text += string(b)
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := os.Readlink(p)
			if err != nil {
				return err
			}
			text += to
		}
		out[p] = text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A random tree is changed in random ways: a check tells exactly the paths that
// another listing, before and after, differs in, whole or in parts.
func TestRandomMutations(t *testing.T) {
	dir := t.TempDir()
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		root := filepath.Join(dir, fmt.Sprint(round), "t")
		defer os.RemoveAll(filepath.Dir(root))
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		dirs, files := []string{root}, []string{}
		put(t, filepath.Join(root, "first"), "1")
		names := []string{"a", "a-b", "a.b", "b", "caf\xe9", "new\nline", "x\x01", "é", `back\slash`}
		for range rapid.IntRange(0, 60).Draw(rt, "size") {
			p := filepath.Join(dirs[r.IntN(len(dirs))], names[r.IntN(len(names))])
			switch _, err := os.Lstat(p); {
			case err == nil:
			case r.IntN(4) == 0:
				if err := os.Mkdir(p, 0o755); err != nil {
					t.Fatal(err)
				}
				dirs = append(dirs, p)
			case r.IntN(6) == 0:
				if err := os.Symlink("../"+names[r.IntN(len(names))], p); err != nil {
					t.Fatal(err)
				}
			default:
				put(t, p, strings.Repeat("x", r.IntN(9000)))
				files = append(files, p)
			}
		}
		before := seen(t, root)
		s, _ := base(t, snapshot.Options{}, root)
		if changes, _ := check(t, s, How{}); len(changes) != 0 {
			rt.Fatalf("nothing was changed: %v", told(changes))
		}
		touched := []string{root}
		for range rapid.IntRange(0, 12).Draw(rt, "mutations") {
			d := dirs[r.IntN(len(dirs))]
			p := filepath.Join(d, names[r.IntN(len(names))])
			if len(files) > 0 && r.IntN(3) > 0 {
				p = files[r.IntN(len(files))]
			}
			mutate(r, p)
			touched = append(touched, filepath.Dir(p))
		}
		after := seen(t, root)
		want := []string{}
		for p, text := range before {
			if now, ok := after[p]; !ok {
				want = append(want, "removed "+escaped(p))
			} else if now != text {
				want = append(want, "changed "+escaped(p))
			}
		}
		for p := range after {
			if _, ok := before[p]; !ok {
				want = append(want, "added "+escaped(p))
			}
		}
		slices.Sort(want)
		for _, how := range []How{{}, {Full: true}, {Only: touched}, {Only: []string{root + "/a", root}}} {
			if got, _ := check(t, s, how); !slices.Equal(told(got), want) {
				rt.Fatalf("%+v\n got %q\nwant %q", how, told(got), want)
			}
		}
		// One root says the same as the whole comparison.
		again, made := base(t, s.Options, root)
		if equal := again.Root() == s.Root(); equal != (len(want) == 0) {
			rt.Fatalf("the roots are equal: %v, and %d changes", equal, len(want))
		}
		if made.Root != again.Root() {
			rt.Fatal("the root that was made is not the one that was read")
		}
	})
}

func escaped(p string) string {
	text, _ := attr.Escape([]byte(p))
	return text
}

// mutate changes what is at p, in a way that need not succeed. What links lead
// to is left alone: nothing outside of the tree may be written.
func mutate(r *rand.Rand, p string) {
	way := r.IntN(9)
	if st, err := os.Lstat(p); err == nil && st.Mode()&fs.ModeSymlink != 0 && way != 0 && way != 4 {
		way = 8
	}
	switch way {
	case 0:
		_ = os.RemoveAll(p)
	case 1:
		_ = os.WriteFile(p, bytes.Repeat([]byte{'y'}, r.IntN(5000)), 0o644)
	case 2: // the same size and time of modification, other content
		if st, err := os.Lstat(p); err == nil && st.Mode().IsRegular() && st.Size() > 0 {
			if f, err := os.OpenFile(p, os.O_WRONLY, 0); err == nil {
				_, _ = f.Write([]byte{byte(r.IntN(256))})
				_ = f.Close()
				_ = os.Chtimes(p, time.Time{}, st.ModTime())
			}
		}
	case 3:
		_ = os.Chmod(p, fs.FileMode(0o700+r.IntN(0o100)))
	case 4:
		_ = os.Rename(p, p+"~")
	case 5: // saved as editors do
		if os.WriteFile(p+".tmp", []byte("saved"), 0o600) == nil {
			_ = os.Rename(p+".tmp", p)
		}
	case 6:
		_ = os.Link(p, p+".link")
	case 7:
		_ = os.Mkdir(p, 0o755)
	case 8:
		_ = os.Remove(p)
		_ = os.Symlink("no/such/thing", p)
	}
}

// A watcher that was told of a directory asks for its own entries only.
func TestShallowPart(t *testing.T) {
	root := filepath.Join(t.TempDir(), "t")
	put(t, root+"/a/deep/file", "1")
	put(t, root+"/a/file", "1")
	put(t, root+"/z", "1")
	s, _ := base(t, snapshot.Options{}, root)
	put(t, root+"/a/deep/file", "22")
	put(t, root+"/a/file", "22")
	put(t, root+"/a/more", "22")
	put(t, root+"/z", "22")
	got, found := check(t, s, How{Only: []string{root + "/a"}, Shallow: true})
	if want := []string{"added " + root + "/a/more", "changed " + root + "/a", "changed " + root + "/a/file"}; !slices.Equal(told(got), want) || found.Hidden != 0 {
		t.Errorf("%q, %+v", told(got), found)
	}
	if got, _ := check(t, s, How{Only: []string{root + "/gone", "/etc", root + "/z"}}); !slices.Equal(told(got), []string{"changed " + root + "/z"}) {
		t.Errorf("%q", told(got))
	}
	if err := os.RemoveAll(root + "/a"); err != nil {
		t.Fatal(err)
	}
	got, _ = check(t, s, How{Only: []string{root + "/a/deep"}})
	if want := []string{"removed " + root + "/a/deep", "removed " + root + "/a/deep/file"}; !slices.Equal(told(got), want) {
		t.Errorf("%q", told(got))
	}
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if got, _ = check(t, s, How{}); len(got) != 6 {
		t.Errorf("%q", told(got))
	}
}

func TestOddNames(t *testing.T) {
	root := filepath.Join(t.TempDir(), "t")
	put(t, root+"/caf\xe9\\x", "1")
	put(t, root+"/"+`plain\x2dname`, "1")
	s, _ := base(t, snapshot.Options{}, root)
	put(t, root+"/caf\xe9\\x", "22")
	put(t, root+"/"+`plain\x2dname`, "22")
	got, _ := check(t, s, How{})
	if len(got) != 2 || got[0].Path != root+`/caf\xe9\\x` || !got[0].Escaped || got[1].Path != root+`/plain\x2dname` || got[1].Escaped {
		t.Errorf("%+v %+v", got[0], got[1])
	}
}

// A loop of links, a pipe without a writer, a socket, a device: all are
// recorded, none is opened or followed.
func TestWhatIsNotOpened(t *testing.T) {
	root := filepath.Join(t.TempDir(), "t")
	put(t, root+"/dir/file", "1")
	for name, to := range map[string]string{"loop": "loop", "up": "..", "self": ".", "dir/back": "../dir"} {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(root+"/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mknod(root+"/socket", unix.S_IFSOCK|0o600, 0); err != nil {
		t.Fatal(err)
	}
	devices := 0
	if err := unix.Mknod(root+"/device", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))); err == nil {
		devices = 1
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	db := filepath.Join(t.TempDir(), "db")
	o, err := NewOptions(db, []string{root}, snapshot.Options{Made: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	made, err := Make(ctx, db, o)
	if err != nil || made.Entries != uint64(9+devices) || made.UnreadCount != 0 {
		t.Fatalf("%+v, %v", made, err)
	}
	if err := os.Remove(root + "/up"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../..", root+"/up"); err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.Open(db)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, _ := check(t, s, How{})
	if !slices.Equal(told(got), []string{"changed " + root, "changed " + root + "/up"}) || got[1].Before["link_target"] != ".." || got[1].After["link_target"] != "../.." {
		t.Errorf("%q", told(got))
	}
}

func TestPaths(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a/b/c", "1")
	put(t, dir+"/a-b", "1")
	if _, err := NewOptions(dir+"/db", []string{dir + "/none"}, snapshot.Options{}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Error(err)
	}
	if _, err := NewOptions(dir+"/db", nil, snapshot.Options{}); err == nil {
		t.Error("no path was taken")
	}
	for _, bad := range []string{"a/b", "/a/[", "/a//b", ""} {
		if _, err := NewOptions(dir+"/db", []string{dir}, snapshot.Options{Exclude: []string{bad}}); err == nil {
			t.Errorf("pattern %q was taken", bad)
		}
	}
	// One below another is walked once; a snapshot in its own tree is left out.
	db := dir + "/db"
	o, err := NewOptions(db, []string{dir + "/a/b", dir, dir + "/a"}, snapshot.Options{Exclude: []string{"/**/c"}, Made: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	made, err := Make(t.Context(), db, o)
	if err != nil || made.Entries != 4 {
		t.Fatalf("%+v, %v", made.Counts, err)
	}
	s, err := snapshot.Open(db)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if changes, _ := check(t, s, How{}); len(changes) != 0 {
		t.Errorf("%q", told(changes))
	}
	put(t, dir+"/a/new", "1")
	put(t, dir+"/new", "1")
	if changes, _ := check(t, s, How{}); !slices.Equal(told(changes), []string{"added " + dir + "/a/new", "added " + dir + "/new", "changed " + dir + "/a"}) {
		t.Errorf("%q", told(changes))
	}
}

// A disk that is full leaves the snapshot that is there.
func TestFullDisk(t *testing.T) {
	mnt := t.TempDir()
	if err := unix.Mount("tmpfs", mnt, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("NOT RUN: a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(mnt, 0); err != nil {
			t.Error(err)
		}
	})
	root, db := filepath.Join(t.TempDir(), "t"), filepath.Join(mnt, "db")
	put(t, root+"/one", "1")
	o, err := NewOptions(db, []string{root}, snapshot.Options{Made: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Make(t.Context(), db, o); err != nil {
		t.Fatal(err)
	}
	was, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6000 {
		put(t, fmt.Sprintf("%s/d/%d", root, i), fmt.Sprint(i))
	}
	_, err = Make(t.Context(), db, o)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "as it was") {
		t.Errorf("%v", err)
	}
	now, err := os.ReadFile(db)
	if err != nil || !bytes.Equal(was, now) {
		t.Errorf("the snapshot is another: %v", err)
	}
	if left, err := os.ReadDir(mnt); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

// Who can set the clock of changes back defeats an equal look, and neither a
// full check nor a rolling rehash. The clock is not set back here: the snapshot
// is made to hold another digest.
func TestBehindTheClock(t *testing.T) {
	root, db := filepath.Join(t.TempDir(), "t"), filepath.Join(t.TempDir(), "db")
	for i := range 300 {
		put(t, fmt.Sprintf("%s/%d/f%03d", root, i%7, i), strings.Repeat("x", 100))
	}
	time.Sleep(2 * tick)
	s, _ := base(t, snapshot.Options{}, root)
	o := s.Options
	o.Made = time.Now()
	w, err := snapshot.Create(db, o)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{}
	n := 0
	for c := s.Cursor(); ; {
		e, err := c.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e.Regular() {
			if n++; n%100 == 5 {
				e.Digest[0] ^= 1
				want = append(want, "changed "+string(e.Path))
			}
		}
		if err := w.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	bad, err := snapshot.Open(db)
	if err != nil {
		t.Fatal(err)
	}
	defer bad.Close()
	if got, found := check(t, bad, How{}); len(got) != 0 || found.Bytes != 0 {
		t.Errorf("%q, %d bytes were read", told(got), found.Bytes)
	}
	if got, _ := check(t, bad, How{Full: true}); !slices.Equal(told(got), want) {
		t.Errorf("%q", told(got))
	}
	var rolled []*Change
	files, looks := int64(0), 0
	for from := ""; ; {
		r, err := Rehash(t.Context(), bad, from, 2500, nil, func(c *Change) error { rolled = append(rolled, c); return nil })
		if err != nil {
			t.Fatal(err)
		}
		if r.Files > 25 || r.Bytes > 2500 {
			t.Fatalf("%+v", r)
		}
		files, looks, from = files+r.Files, looks+1, r.Next
		if from == "" {
			break
		}
	}
	if !slices.Equal(told(rolled), want) || files != 300 || looks != 12 {
		t.Errorf("%q, %d files in %d looks", told(rolled), files, looks)
	}
	if _, err := Rehash(t.Context(), bad, "/zzz", 1, nil, nil); err != nil {
		t.Error(err)
	}
}
