package offline

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hostile is one member of a zip as an attacker writes it.
type hostile struct {
	name    string
	content string
	mode    fs.FileMode
	method  uint16
	flags   uint16
}

func zipOf(t testing.TB, members ...hostile) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: m.method}
		if m.mode != 0 {
			h.SetMode(m.mode)
		}
		if m.flags != 0 || m.method > 8 {
			h.Flags, h.CompressedSize64, h.UncompressedSize64, h.CRC32 = m.flags, uint64(len(m.content)), uint64(len(m.content)), crc32.ChecksumIEEE([]byte(m.content))
			w, err := z.CreateRaw(h)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(m.content)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(m.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What could harm the machine of the reader, or be read in two ways, is refused
// before anything of it is read.
func TestHostileContainers(t *testing.T) {
	ok := hostile{name: "a.txt", content: "hello"}
	plain := zipOf(t, ok)
	patched := func(raw []byte, from, to string, n int) []byte {
		return bytes.Replace(bytes.Clone(raw), []byte(from), []byte(to), n)
	}
	central := bytes.LastIndex(plain, []byte("PK\x01\x02"))
	grown := bytes.Clone(plain)
	binary.LittleEndian.PutUint32(grown[central+24:], 1<<30) // says that 5 bytes become a gigabyte
	shifted := slices.Concat(plain[:central], []byte("hidden"), plain[central:])
	binary.LittleEndian.PutUint32(shifted[len(shifted)-6:], uint32(central+6))
	end := bytes.LastIndex(plain, []byte("PK\x05\x06"))
	many := bytes.Clone(plain)
	binary.LittleEndian.PutUint16(many[end+10:], 9000)
	small := Limits{Files: 10, Bytes: 1 << 21, File: 1 << 20, Ratio: 200}
	for _, tc := range []struct {
		name, want string
		raw        []byte
	}{
		{"nothing", "no zip", nil},
		{"text", "no zip", []byte(strings.Repeat("hello ", 50))},
		{"cut short", "no zip", plain[:len(plain)-3]},
		{"bytes before", "directory is not where it should be", slices.Concat([]byte("x"), plain)},
		{"bytes behind", "no zip", slices.Concat(plain, []byte("x"))},
		{"bytes between", "something stands between", shifted},
		{"out of the package", "leads out", zipOf(t, hostile{name: "../a.txt", content: "x"})},
		{"out of the package, further in", "leads out", zipOf(t, hostile{name: "a/../../b", content: "x"})},
		{"absolute", "absolute path", zipOf(t, hostile{name: "/etc/passwd", content: "x"})},
		{"a drive", "absolute path", zipOf(t, hostile{name: "C:/x", content: "x"})},
		{"a backslash", "absolute path", zipOf(t, hostile{name: `a\..\b`, content: "x"})},
		{"an empty part", "plain file name", zipOf(t, hostile{name: "a//b", content: "x"})},
		{"a dot", "plain file name", zipOf(t, hostile{name: "./a", content: "x"})},
		{"a hidden file", "plain file name", zipOf(t, hostile{name: ".git", content: "x"})},
		{"a control character", "plain file name", zipOf(t, hostile{name: "a\nb", content: "x"})},
		{"a trailing dot", "plain file name", zipOf(t, hostile{name: "a.", content: "x"})},
		{"a long name", "longer than", zipOf(t, hostile{name: strings.Repeat("a", 300), content: "x"})},
		{"a directory", "directory, a link", zipOf(t, hostile{name: "a/"})},
		{"a link", "directory, a link", zipOf(t, hostile{name: "a", content: "/etc/passwd", mode: fs.ModeSymlink | 0o777})},
		{"a device", "directory, a link", zipOf(t, hostile{name: "a", mode: fs.ModeDevice | 0o666})},
		{"twice", "holds this name twice", zipOf(t, ok, ok)},
		{"upper and lower case", "upper and lower case", zipOf(t, ok, hostile{name: "A.TXT", content: "x"})},
		{"a file that is a directory", "file and a directory", zipOf(t, ok, hostile{name: "a.txt/b", content: "x"})},
		{"a file that is a directory, in other case", "file and a directory", zipOf(t, ok, hostile{name: "A.txt/b", content: "x"})},
		{"another name inside", "another name", patched(plain, "a.txt", "b.txt", 1)},
		{"encrypted", "encrypted", zipOf(t, hostile{name: "a", content: "x", flags: 1})},
		{"another method", "compressed by method", zipOf(t, hostile{name: "a", content: "x", method: 12})},
		{"a bomb", "zip bomb", zipOf(t, hostile{name: "a", content: strings.Repeat("\x00", 1<<20+1), method: zip.Deflate})},
		{"many bombs", "more than", zipOf(t, hostile{name: "a", content: strings.Repeat("\x00", 1<<20), method: zip.Deflate},
			hostile{name: "b", content: strings.Repeat("\x00", 1<<20), method: zip.Deflate}, hostile{name: "c", content: "x"})},
		{"small bombs", "grows from", zipOf(t, hostile{name: "a", content: strings.Repeat("\x00", 1<<20), method: zip.Deflate},
			hostile{name: "b", content: strings.Repeat("\x00", 1<<19), method: zip.Deflate})},
		{"too large", "at most", zipOf(t, hostile{name: "a", content: strings.Repeat("abcdefgh", 1<<17) + "x"})},
		{"too many", "at most 10 are read", zipOf(t, slices.Collect(func(yield func(hostile) bool) {
			for i := range 11 {
				yield(hostile{name: string(rune('a' + i))})
			}
		})...)},
		{"a count that cannot be", "at most 10 are read", many},
		{"a size that grows", "size than its own", grown},
	} {
		_, err := OpenZip(bytes.NewReader(tc.raw), int64(len(tc.raw)), small)
		rep, rerr := asMalformed(err)
		if err == nil || rerr != nil || !strings.Contains(err.Error(), tc.want) || rep.ExitCode() != 1 {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
	if _, err := OpenZip(bytes.NewReader(plain), int64(len(plain)), small); err != nil {
		t.Error(err)
	}
}

// A zip in which two members share their bytes reads as far more than it is.
func TestOverlap(t *testing.T) {
	raw := zipOf(t, hostile{name: "a", content: "one"}, hostile{name: "b", content: "two"})
	central := bytes.Index(raw, []byte("PK\x01\x02"))
	second := central + bytes.Index(raw[central+4:], []byte("PK\x01\x02")) + 4
	binary.LittleEndian.PutUint32(raw[second+42:], 0) // b lies where a does
	if _, err := OpenZip(bytes.NewReader(raw), int64(len(raw)), DefaultLimits); err == nil || !strings.Contains(err.Error(), "another name, place") && !strings.Contains(err.Error(), "belongs to no file") {
		t.Error(err)
	}
}

// A flipped bit anywhere in the zip file is found, or leaves every member as
// it was: times and the like in its headers are nobody's content.
func TestFlippedContainer(t *testing.T) {
	l := newFakeLog(t, "example.org/log")
	l.grow(t, 20)
	raw, trust := l.pack(t, spec{start: 3, end: 18, head: 20}), l.trust(t, nil)
	content, found := unzip(t, raw), 0
	for at := range raw {
		changed := bytes.Clone(raw)
		changed[at] ^= 1 << (at % 8)
		rep := verifyBytes(t, changed, trust, Options{})
		if rep.Result != "verified" {
			found++
			continue
		}
		if !maps.EqualFunc(content, unzip(t, changed), bytes.Equal) {
			t.Fatalf("bit %d of byte %d changes content and is not found", at%8, at)
		}
	}
	if found < len(raw)*8/10 {
		t.Errorf("only %d of %d flipped bits were found", found, len(raw))
	}
	t.Logf("%d of %d flipped bits were found, the others change no content", found, len(raw))
}

func TestHostileDirectories(t *testing.T) {
	for name, tc := range map[string]struct {
		want string
		make func(dir string) error
	}{
		"a link to a file":      {"link or a special file", func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, "a")) }},
		"a link to a directory": {"link or a special file", func(dir string) error { return os.Symlink("/etc", filepath.Join(dir, "a")) }},
		"a hidden file":         {"plain file name", func(dir string) error { return os.WriteFile(filepath.Join(dir, ".x"), nil, 0o600) }},
		"case": {"upper and lower case", func(dir string) error {
			if err := os.WriteFile(filepath.Join(dir, "a"), nil, 0o600); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "A"), nil, 0o600)
		}},
		"nothing": {"no manifest.json", func(string) error { return nil }},
	} {
		dir := t.TempDir()
		if err := tc.make(dir); err != nil {
			t.Fatal(err)
		}
		rep, err := VerifyFile(context.Background(), dir, &Trust{}, Options{})
		if err != nil || rep.Result != "malformed" || !strings.Contains(rep.Problems[0].Message, tc.want) {
			t.Errorf("%s: %v %+v", name, err, rep)
		}
	}
	if _, err := VerifyFile(context.Background(), filepath.Join(t.TempDir(), "none"), &Trust{}, Options{}); !os.IsNotExist(err) {
		t.Error(err)
	}
}
