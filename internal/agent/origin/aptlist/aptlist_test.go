package aptlist

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

const index = `Package: nginx
Architecture: amd64
Version: 1.1
Size: 1234
SHA256: aa
Description: x
 Version: 9

Package: other
Version: 1
Architecture: all

Package: nginx
Version: 1.2
Architecture: amd64
`

func put(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func sum(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }

func TestFind(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(index)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	release := func(digest string) string {
		return "Origin: Debian\nLabel: Debian\nSuite: stable\nVersion: 12\nSHA256:\n " + digest + " 10 main/binary-amd64/Packages\n"
	}
	signed := func(text string) string {
		return "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + text + "-----BEGIN PGP SIGNATURE-----\n\nxx\n-----END PGP SIGNATURE-----\n"
	}
	good := release(sum([]byte(index)))
	for name, tc := range map[string]struct {
		inRelease, release, gpg, sources, deb822 string
		signed                                   bool
		why                                      string
	}{
		"signed":          {inRelease: signed(good), sources: "deb [arch=amd64] http://user:word@deb.example.org/debian stable main # x\n", signed: true},
		"deb822":          {inRelease: signed(good), deb822: "Types: deb\nURIs: http://a.example\n http://deb.example.org/debian/\nSuites: stable\n", signed: true},
		"apart":           {release: good, gpg: "x", sources: "deb http://deb.example.org/debian stable main\n", signed: true},
		"another digest":  {inRelease: signed(release(sum(nil))), sources: "deb http://deb.example.org/debian stable main\n", why: "not the one that was signed"},
		"no signature":    {release: good, sources: "deb http://deb.example.org/debian stable main\n", why: "not signed"},
		"not begun":       {inRelease: good, sources: "deb http://deb.example.org/debian stable main\n", why: "not signed"},
		"trusted":         {inRelease: signed(good), sources: "deb [trusted=yes] http://deb.example.org/debian stable main\n", why: "trusted without a signature"},
		"trusted, deb822": {inRelease: signed(good), deb822: "URIs: http://deb.example.org/debian\nTrusted: yes\n", why: "trusted without a signature"},
		"switched off":    {inRelease: signed(good), deb822: "URIs: http://deb.example.org/debian\nEnabled: no\n", why: "no source names"},
		"not configured":  {inRelease: signed(good), sources: "deb http://deb.example.org/other stable main\n", why: "no source names"},
		"nothing":         {sources: "deb http://deb.example.org/debian stable main\n", why: "no Release file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			base := dir + listsDir + "/deb.example.org_debian_dists_stable"
			put(t, base+"_main_binary-amd64_Packages.gz", packed.Bytes())
			for ending, text := range map[string]string{"_InRelease": tc.inRelease, "_Release": tc.release, "_Release.gpg": tc.gpg} {
				if text != "" {
					put(t, base+ending, []byte(text))
				}
			}
			put(t, dir+"/etc/apt/sources.list", []byte(tc.sources))
			put(t, dir+"/etc/apt/sources.list.d/x.sources", []byte(tc.deb822))
			k := Key{"nginx", "1.1", "amd64"}
			got, err := Find(t.Context(), tree.Root{Dir: dir}, map[Key]bool{k: true, {"nginx", "9", "amd64"}: true})
			if err != nil || len(got) != 1 {
				t.Fatalf("%+v, %v", got, err)
			}
			s := got[k]
			if s.Signed != tc.signed || (s.Reason == "") != tc.signed || !strings.Contains(s.Reason, tc.why) || s.Size != 1234 || s.SHA256 != "aa" {
				t.Errorf("%+v", s)
			}
			if name != "nothing" && s.Origin != "Debian:12/main" {
				t.Errorf("%q", s.Origin)
			}
		})
	}
	dir := t.TempDir()
	put(t, dir+listsDir+"/x_Packages.xz", []byte("x"))
	if _, err := Find(t.Context(), tree.Root{Dir: dir}, map[Key]bool{{"a", "1", "all"}: true}); err == nil || !strings.Contains(err.Error(), "packed as xz") {
		t.Errorf("%v", err)
	}
}

// frame packs as LZ4 without making anything smaller, but for one copy of what
// lies before.
func frame(linked bool, blocks ...[]byte) []byte {
	flags := byte(0x60)
	if linked {
		flags = 0x40
	}
	out := []byte{0x04, 0x22, 0x4D, 0x18, flags, 0x40, 0}
	for _, b := range blocks {
		out = append(out, byte(len(b)), byte(len(b)>>8), byte(len(b)>>16), 0)
		out = append(out, b...)
	}
	return append(out, 0, 0, 0, 0)
}

func TestLZ4(t *testing.T) {
	literals := append([]byte{0x50}, "hello"...)
	match := []byte{0x14, '-', 6, 0, 0x10, '!'} // "-", 8 bytes from 6 back, "!"
	got, err := io.ReadAll(newLZ4(bytes.NewReader(frame(true, literals, match))))
	if err != nil || string(got) != "hello-hello-he!" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := io.ReadAll(newLZ4(bytes.NewReader(frame(false, literals, match)))); !errors.Is(err, errLZ4) {
		t.Errorf("a block that leans on what it may not: %v", err)
	}
	whole := frame(true, literals, match)
	for i := 1; i < len(whole); i++ {
		if _, err := io.ReadAll(newLZ4(bytes.NewReader(whole[:i]))); err == nil {
			t.Errorf("cut at %d: no error", i)
		}
	}
	lz4, err := exec.LookPath("lz4")
	if err != nil {
		helper := "/usr/lib/apt/apt-helper"
		lists, _ := filepath.Glob(listsDir + "/*_Packages.lz4")
		if _, err := os.Stat(helper); err != nil || len(lists) == 0 {
			t.Skip("NOT RUN: neither lz4 nor an index of apt in that form")
		}
		for _, l := range lists {
			want, err := exec.Command(helper, "cat-file", l).Output()
			if err != nil {
				t.Fatal(err)
			}
			f, err := os.Open(l)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(newLZ4(f))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes, apt reads %d, %v", l, len(got), len(want), err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	var text bytes.Buffer
	for i := range 200_000 {
		fmt.Fprintf(&text, "line %d of %d\n", i, i%77)
	}
	for _, args := range [][]string{{"-1"}, {"-9", "-BD"}, {"-B4", "-BX"}} {
		cmd := exec.Command(lz4, append(args, "-c")...)
		cmd.Stdin = bytes.NewReader(text.Bytes())
		packed, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(newLZ4(bytes.NewReader(packed))); err != nil || !bytes.Equal(got, text.Bytes()) {
			t.Errorf("%v: %d bytes, %v", args, len(got), err)
		}
	}
}

func FuzzLZ4(f *testing.F) {
	f.Add(frame(true, append([]byte{0x50}, "hello"...), []byte{0x14, '-', 6, 0, 0x10, '!'}))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, _ := io.Copy(io.Discard, io.LimitReader(newLZ4(bytes.NewReader(b)), 64<<20))
		if n > int64(len(b)+1)*256 {
			t.Fatalf("%d bytes of %d", n, len(b))
		}
	})
}

func FuzzIndex(f *testing.F) {
	f.Add(index)
	f.Fuzz(func(t *testing.T, s string) {
		k := Key{"nginx", "1.1", "amd64"}
		got, err := parseIndex(strings.NewReader(s), map[Key]bool{k: true})
		if _, ok := got[k]; err != nil || len(got) > 1 || len(got) == 1 && !ok {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}

func FuzzRelease(f *testing.F) {
	f.Add("-----BEGIN PGP SIGNED MESSAGE-----\nOrigin: D\nSHA256:\n " + sum(nil) + " 1 a\n-----BEGIN PGP SIGNATURE-----\n")
	f.Fuzz(func(t *testing.T, s string) {
		_, sums, _, _ := parseRelease("Release", strings.NewReader(s))
		for p, d := range sums {
			if p == "" || len(d) != 64 {
				t.Fatalf("%q %q", p, d)
			}
		}
	})
}

func FuzzSources(f *testing.F) {
	f.Add("deb [trusted=yes] http://a/b c d\n", "URIs: http://a\n\nTrusted: yes\nURIs: file:/b\n")
	f.Fuzz(func(t *testing.T, lines, stanzas string) {
		var c configured
		c.lines(lines)
		c.stanzas(stanzas)
		for _, p := range append(c.prefixes, c.trusted...) {
			if p == "" || strings.Contains(p, "/") {
				t.Fatalf("%q", p)
			}
		}
	})
}
