package apk

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

const installedText = `C:Q1abc=
P:busybox
V:1.36.1-r5
A:x86_64
F:bin
R:busybox
a:0:0:4755
Z:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=
R:sh
a:0:0:777
Z:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=
F:var/lib/x
M:100:101:700

C:Q1def=
P:tz
V:2
A:noarch
F:
R:file
Z:Q2AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
F:usr

`

func TestInstalled(t *testing.T) {
	files := map[string]File{}
	var names []string
	if err := parse("installed", strings.NewReader(installedText), func(p Package) { names = append(names, p.Name+"="+p.Version) }, func(p string, f File) { files[p] = f }); err != nil {
		t.Fatal(err)
	}
	zero := strings.Repeat("00", 20)
	for path, want := range map[string]File{
		"/bin":         {Package: "busybox", Mode: 0o755, Dir: true},
		"/bin/busybox": {Package: "busybox", Mode: 0o4755, SHA1: zero},
		"/bin/sh":      {Package: "busybox", Mode: 0o777, SHA1: zero},
		"/var/lib/x":   {Package: "busybox", Mode: 0o700, UID: 100, GID: 101, Dir: true},
		"/file":        {Package: "tz", Mode: 0o644, SHA256: strings.Repeat("00", 32)},
		"/usr":         {Package: "tz", Mode: 0o755, Dir: true},
	} {
		if files[path] != want {
			t.Errorf("%s: %+v", path, files[path])
		}
		delete(files, path)
	}
	if len(files) != 0 || strings.Join(names, " ") != "busybox=1.36.1-r5 tz=2" {
		t.Errorf("%v %v", files, names)
	}
	for text, want := range map[string]string{
		"nonsense\n":              "installed:1: expected a letter",
		"V:1\n\n":                 "installed:2: a package without P: or V:",
		"P:a\nP:b\n":              "installed:2: expected one name",
		"F:bin\n":                 "installed:1: a directory before",
		"P:a\nV:1\nF:b\nR:c/d\n":  "installed:4: expected a file's name",
		"P:a\nV:1\nF:b\nM:0:0\n":  "installed:4: expected uid:gid:mode",
		"P:a\nV:1\nF:b\nR:c\nZ:x": "installed:5: \"x\" is no digest",
		"P:a\nV:1\nF:b\nZ:Q1\n":   "installed:4: a digest of nothing",
	} {
		if err := parse("installed", strings.NewReader(text), func(Package) {}, func(string, File) {}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLocks(t *testing.T) {
	const text = "1: FLOCK  ADVISORY  WRITE 711 fe:00:5423 0 EOF\n2: POSIX  ADVISORY  READ 9 08:01:77 0 EOF\n"
	if !inLocks(text, 0xfe, 0, 5423) || inLocks(text, 0xfe, 0, 542) || !inLocks(text, 8, 1, 77) || inLocks("", 8, 1, 77) {
		t.Error("a lock is taken for another")
	}
}

func packed(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for i := 0; i < len(files); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestIndex(t *testing.T) {
	want := Package{Name: "busybox", Version: "1", Checksum: "Q1x="}
	const index = "C:Q1y=\nP:busybox\nV:1\n\nC:Q1x=\nP:busybox\nV:1\n"
	has, signed, about, err := parseIndex(bytes.NewReader(packed(t, ".SIGN.RSA.key.pub", "sig", "DESCRIPTION", "v3.20 main\n", "APKINDEX", index)), want)
	if !has || !signed || about != "v3.20 main" || err != nil {
		t.Errorf("%v %v %q %v", has, signed, about, err)
	}
	has, signed, _, err = parseIndex(bytes.NewReader(packed(t, "APKINDEX", index, ".SIGN.RSA.key.pub", "sig")), want)
	if !has || signed || err != nil {
		t.Errorf("a signature that comes last: %v %v %v", has, signed, err)
	}
	want.Checksum = ""
	if has, _, _, err := parseIndex(bytes.NewReader(packed(t, "APKINDEX", "P:busybox\nV:1\n")), want); has || err != nil {
		t.Errorf("without a checksum: %v %v", has, err)
	}
	if _, _, _, err := parseIndex(strings.NewReader("x"), want); err == nil {
		t.Error("no error for what is no index")
	}
}

func FuzzInstalled(f *testing.F) {
	f.Add(installedText)
	f.Fuzz(func(t *testing.T, s string) {
		_ = parse("installed", strings.NewReader(s), func(p Package) {
			if p.Name == "" || p.Version == "" {
				t.Fatalf("%+v", p)
			}
		}, func(p string, f File) {
			if p == "" || p[0] != '/' || f.Package == "" || f.Mode > 0o7777 {
				t.Fatalf("%q %+v", p, f)
			}
		})
	})
}

func FuzzIndex(f *testing.F) {
	f.Add(packed(f, ".SIGN.RSA.key.pub", "sig", "APKINDEX", "C:Q1x=\nP:a\nV:1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if has, _, _, err := parseIndex(bytes.NewReader(b), Package{Name: "a", Version: "1", Checksum: "Q1x="}); has && err != nil {
			t.Fatal(err)
		}
	})
}
