package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/base/fault"
)

func options() Options {
	return Options{Roots: []Path{"/r"}, Made: time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)}
}

// write makes a snapshot of entries, sorted by the caller.
func write(t testing.TB, path string, entries []attr.Entry, texts map[string]string) {
	t.Helper()
	w, err := Create(path, options())
	if err != nil {
		t.Fatal(err)
	}
	for i := range entries {
		if err := w.Add(&entries[i]); err != nil {
			t.Fatal(err)
		}
		if text, ok := texts[string(entries[i].Path)]; ok {
			if err := w.Text(entries[i].Path, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func all(s *Snapshot) (out []attr.Entry, err error) {
	for c := s.Cursor(); ; {
		e, err := c.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, e.Copy())
	}
}

// tree makes n files below /r, in order, in directories of some.
func tree(n int) []attr.Entry {
	var out []attr.Entry
	at := time.Date(2025, 1, 2, 3, 4, 5, 678, time.UTC).UnixNano()
	add := func(path string, mode uint32) {
		at += int64(len(out)) * 1237
		e := attr.Entry{Path: []byte(path), Mode: mode, Nlink: 1, Dev: 65024, Ino: uint64(100_000 + len(out)), Size: int64(len(out) * 17 % 9000), Mtime: at, Ctime: at + 300, Btime: at, Has: attr.HasBtime | attr.HasXattr | attr.HasFlags}
		if mode&unix.S_IFMT == unix.S_IFREG {
			e.Has |= attr.HasDigest
			for i := range e.Digest {
				e.Digest[i] = byte(len(out) * (i + 3))
			}
		}
		out = append(out, e)
	}
	add("/r", unix.S_IFDIR|0o755)
	for i := range n {
		if i%50 == 0 {
			add(fmt.Sprintf("/r/d%04d", i/50), unix.S_IFDIR|0o755)
		}
		add(fmt.Sprintf("/r/d%04d/file-%02d.txt", i/50, i%50), unix.S_IFREG|0o644)
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		paths := map[string]bool{}
		for range rapid.IntRange(0, 200).Draw(t, "n") {
			name := rapid.StringMatching(`[a-c\x01. -]{1,4}|\PC{1,6}`).Draw(t, "name")
			paths["/r/"+strings.NewReplacer("/", "_", "\x00", "_").Replace(name)+rapid.SampledFrom([]string{"", "\xff", "z"}).Draw(t, "end")] = true
		}
		var sorted []string
		for p := range paths {
			sorted = append(sorted, p)
		}
		slices.SortFunc(sorted, func(a, b string) int { return Compare([]byte(a), []byte(b)) })
		number := rapid.OneOf(rapid.Int64(), rapid.Int64Range(0, 1<<40), rapid.Just(int64(0)))
		when := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1<<40, 1<<62), rapid.Map(rapid.Int64Range(0, 4e9), func(s int64) int64 { return s * second }))
		entries := []attr.Entry{{Path: []byte("/r"), Mode: unix.S_IFDIR | 0o755}}
		for _, p := range sorted {
			e := attr.Entry{Path: []byte(p), Mode: rapid.SampledFrom([]uint32{unix.S_IFREG | 0o644, unix.S_IFLNK | 0o777, unix.S_IFIFO | 0o600, 0}).Draw(t, "mode"),
				UID: rapid.Uint32().Draw(t, "uid"), GID: uint32(number.Draw(t, "gid")), Nlink: uint32(rapid.IntRange(1, 3).Draw(t, "nlink")),
				Dev: uint64(number.Draw(t, "dev")), Ino: uint64(number.Draw(t, "ino")), Rdev: rapid.Uint64().Draw(t, "rdev"), Size: number.Draw(t, "size"),
				Mtime: when.Draw(t, "mtime"), Ctime: when.Draw(t, "ctime"), Btime: when.Draw(t, "btime"), Flags: rapid.Uint32().Draw(t, "flags")}
			if rapid.Bool().Draw(t, "same") {
				e.Ctime, e.Btime = e.Mtime, e.Mtime
			}
			if rapid.Bool().Draw(t, "digest") {
				e.Has |= attr.HasDigest
				copy(e.Digest[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "sum"))
			} else {
				e.Why[attr.PartDigest] = attr.Reason(unix.EACCES)
			}
			if rapid.Bool().Draw(t, "link") {
				e.Has |= attr.HasLink
				e.Link = []byte(rapid.StringN(1, 20, 60).Draw(t, "to"))
			}
			if rapid.Bool().Draw(t, "xattr") {
				e.Has |= attr.HasXattr
				e.Xattr = []byte("\x06user.a\x00\x03abc")
			}
			entries = append(entries, e)
		}
		file := filepath.Join(dir, "s")
		w, err := Create(file, options())
		if err != nil {
			t.Fatal(err)
		}
		for i := range entries {
			if err := w.Add(&entries[i]); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := w.Close(); err != nil {
			t.Fatal(err)
		}
		s, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Verify(); err != nil {
			t.Fatal(err)
		}
		got, err := all(s)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(entries, got); diff != "" {
			t.Fatal(diff)
		}
		// Sought, each path is found at once, and so is what would stand before it.
		i := rapid.IntRange(0, len(entries)-1).Draw(t, "sought")
		c := s.Cursor()
		if err := c.Seek(entries[i].Path); err != nil {
			t.Fatal(err)
		}
		for _, want := range entries[i:] {
			e, err := c.Next()
			if err != nil || !bytes.Equal(e.Path, want.Path) {
				t.Fatalf("after a seek to %q: %v, %v; want %q", entries[i].Path, e, err, want.Path)
			}
		}
		if err := c.Seek([]byte("/zzz")); err != nil {
			t.Fatal(err)
		}
		if e, err := c.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("past the end: %v, %v", e, err)
		}
	})
}

func TestOrder(t *testing.T) {
	want := []string{"/a", "/a/b", "/a/b/c", "/a/b\x01", "/a/b c", "/a\x01b", "/a b", "/a-b", "/a.b", "/ab", "/a\xff"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, func(a, b string) int { return Compare([]byte(a), []byte(b)) })
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	w, err := Create(filepath.Join(t.TempDir(), "s"), options())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abandon()
	for i, p := range []string{"/b", "/a", "/b"} {
		if err := w.Add(&attr.Entry{Path: []byte(p)}); (err == nil) != (i == 0) {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// At most 65 bytes of a file with its digest: the whole file, by entry.
func TestBytesPerFile(t *testing.T) {
	file, entries := filepath.Join(t.TempDir(), "s"), tree(20_000)
	write(t, file, entries, nil)
	st, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if per := float64(st.Size()) / float64(len(entries)); per > 65 {
		t.Errorf("%.1f bytes per entry", per)
	} else {
		t.Logf("%.1f bytes per entry", per)
	}
}

// Whatever byte is changed, a check does not get past it: it is refused when
// the file is opened, or verified, and no reader sees an entry of a damaged
// block.
func TestDamage(t *testing.T) {
	file, entries := filepath.Join(t.TempDir(), "s"), tree(80)
	write(t, file, entries, map[string]string{"/r/d0000/file-00.txt": "a = 1\n", "/r/d0001/file-07.txt": strings.Repeat("b = 2\n", 40)})
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	regions := map[string]int{}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		s, err := Parse("s", bad)
		if err == nil {
			err = s.Verify()
			read, readErr := all(s)
			if readErr == nil && len(read) != len(entries) {
				t.Fatalf("byte %d: %d entries were read without an error", i, len(read))
			}
			for j, e := range read { // of a damaged block nothing is given
				if j >= len(entries) || !bytes.Equal(e.Path, entries[j].Path) || attr.Diff(&e, &entries[j]) != 0 {
					t.Fatalf("byte %d: %q is not what was written", i, e.Path)
				}
			}
		}
		if !fault.Is(err, fault.Invalid) {
			t.Fatalf("byte %d: %v", i, err)
		}
		text := err.Error()
		for _, region := range []string{"header", "options", "block", "text", "index", "offset"} {
			if strings.Contains(text, region) {
				regions[region]++
			}
		}
	}
	for _, region := range []string{"header", "options", "block", "index", "offset"} {
		if regions[region] == 0 {
			t.Errorf("no damage was said to be in the %s: %v", region, regions)
		}
	}
	for n := range len(good) {
		if s, err := Parse("s", good[:n:n]); !fault.Is(err, fault.Invalid) {
			t.Fatalf("the first %d bytes: %v, %v", n, s, err)
		}
	}
	if _, err := Parse("s", append(bytes.Clone(good), 0)); !fault.Is(err, fault.Invalid) {
		t.Errorf("a byte more: %v", err)
	}
	newer := bytes.Clone(good)
	newer[8] = Version + 1
	if _, err := Parse("s", newer); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("a newer version: %v", err)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "none")); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	if _, err := Open(dir); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(empty); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

// A snapshot that is cut short while it is open is an error to its reader.
func TestCutWhileOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s")
	write(t, file, tree(5000), nil)
	s, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.Truncate(file, 9000); err != nil {
		t.Fatal(err)
	}
	if read, err := all(s); !fault.Is(err, fault.Invalid) || len(read) > 300 {
		t.Errorf("%d entries, %v", len(read), err)
	}
	if err := s.Verify(); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

func TestTexts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s")
	texts := map[string]string{"/r/d0000/file-00.txt": "first\n", "/r/d0001/file-07.txt": "", "/r/d0002/file-49.txt": strings.Repeat("long line\n", 6000)}
	write(t, file, tree(150), texts)
	s, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for p, want := range texts {
		if got, found, err := s.Text([]byte(p)); err != nil || !found || string(got) != want {
			t.Errorf("%s: %d bytes, %v, %v", p, len(got), found, err)
		}
	}
	for _, p := range []string{"/r", "/r/d0000/file-01.txt", "/z"} {
		if _, found, err := s.Text([]byte(p)); err != nil || found {
			t.Errorf("%s: %v, %v", p, found, err)
		}
	}
}

func TestPath(t *testing.T) {
	for _, p := range []Path{"/a", `/a\b`, "/caf\xe9", "/\xff\\x41", "/\uFFFD", "/é\n\""} {
		b, err := p.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var back Path
		if err := back.UnmarshalJSON(b); err != nil || back != p {
			t.Errorf("%q as %s is %q, %v", string(p), b, string(back), err)
		}
	}
	for _, text := range []string{`"\\a"`, `"\\x4"`, `"\\xzz"`, `1`} {
		if err := new(Path).UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}
