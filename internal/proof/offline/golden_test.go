package offline

import (
	"bytes"
	"context"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/attesta/attesta/internal/proof"
)

var update = flag.Bool("update", false, "write testdata/golden.zip anew")

// goldenPackage may never change: whoever holds a package of this version has
// to be able to verify it with every later program.
const goldenPackage = "testdata/golden.zip"

func TestGoldenPackage(t *testing.T) {
	l, s := rich(t)
	made := l.pack(t, s)
	trust := l.trust(t, nil)
	if *update {
		f := TrustFile{Origins: []Origin{{Origin: l.signer.Name(), Key: l.vkey, Epoch: 1}}}
		raw, err := f.Encode()
		if err != nil {
			t.Fatal(err)
		}
		for path, content := range map[string][]byte{goldenPackage: made, "testdata/trust.json": raw} {
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	rep, err := VerifyFile(context.Background(), goldenPackage, trust, Options{})
	if err != nil || rep.Result != "verified" || rep.Entries != 30 || rep.Blobs != 1 || len(rep.Named) != 3 {
		t.Fatal(err, show(rep))
	}
	raw, err := os.ReadFile(filepath.FromSlash(goldenPackage))
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(unzip(t, raw), unzip(t, made), bytes.Equal) { // compression may differ between versions of Go
		t.Error("this program writes another package than the golden one")
	}
}

// FuzzPackage reads foreign bytes as a package. What it finds to verify can only
// be the golden content.
func FuzzPackage(f *testing.F) {
	raw, err := os.ReadFile(goldenPackage)
	if err != nil {
		f.Fatal(err)
	}
	key, err := os.ReadFile("testdata/trust.json")
	if err != nil {
		f.Fatal(err)
	}
	trust, err := ParseTrust(key)
	if err != nil {
		f.Fatal(err)
	}
	golden := unzip(f, raw)
	f.Add(raw)
	f.Add(zipOf(f, hostile{name: "a", content: "x"}))
	f.Add(zipOf(f, hostile{name: ManifestFile, content: string(golden[ManifestFile])}, hostile{name: SignatureFile, content: string(golden[SignatureFile])}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if rep := verifyBytes(t, raw, trust, Options{}); rep.Result == "verified" && !maps.EqualFunc(golden, unzip(t, raw), bytes.Equal) {
			t.Fatal("other content verifies")
		}
	})
}

// FuzzMember puts foreign bytes into one member of a package whose owner signs
// it again: whatever a ledger's owner writes, its reader survives.
func FuzzMember(f *testing.F) {
	l, s := rich(f)
	files, trust := unzip(f, l.pack(f, s)), l.trust(f, nil)
	names := []string{ManifestFile, SignatureFile, StartFile, HeadFile, StartEndFile, KnownDir + "40", RecordDir + "3", LogDir + "tile/entries/001.p/34",
		LogDir + "tile/0/001.p/34", RedactionsFile, CoverageFile}
	for i, name := range names {
		f.Add(i, files[name])
		if files[name] == nil {
			f.Fatalf("the fixture has no %s", name)
		}
	}
	f.Fuzz(func(t *testing.T, which int, content []byte) {
		name := names[uint(which)%uint(len(names))]
		changed := maps.Clone(files)
		changed[name] = content
		if name != ManifestFile && name != SignatureFile {
			changed = l.sealed(t, changed)
		}
		rep := verifyBytes(t, rezip(t, changed), trust, Options{})
		// Several spellings say the same, and a size that nobody here knows can be
		// shown to continue to anything.
		free := name == CoverageFile || name == RedactionsFile || name == KnownDir+"40"
		if rep.Result == "verified" && !free && !bytes.Equal(content, files[name]) {
			t.Fatalf("%s with other content verifies", name)
		}
	})
}

func FuzzParseTrust(f *testing.F) {
	key, err := os.ReadFile("testdata/trust.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(key)
	f.Add([]byte(`{"v":1,"origins":[],"witnesses":{"quorum":1,"keys":["a+00000000+BA=="]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if trust, err := ParseTrust(raw); err == nil && len(trust.origins) == 0 {
			t.Fatal("a trust file without an origin")
		}
	})
}

func FuzzParseConsistency(f *testing.F) {
	l := newFakeLog(f, "example.org/log")
	l.grow(f, 20)
	c, err := proof.ProveConsistency(l.checkpoint(f, 20), 7, l.read)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.Text())
	f.Add([]byte("old 0\n\nx"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := proof.ParseConsistency(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(c.Text(), raw) {
			t.Fatalf("%q reads and writes as %q", raw, c.Text())
		}
	})
}
