package offline

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/attesta/attesta/internal/proof"
)

// A package of any window, whole and as chosen records, as a zip and as a
// directory, verifies.
func TestVerify(t *testing.T) {
	l := newFakeLog(t, "example.org/log")
	l.grow(t, 1100)
	trust := l.trust(t, nil)
	for _, s := range []spec{
		{end: 1, head: 1}, {end: 5, head: 5}, {end: 256, head: 256}, {end: 257, head: 300}, {start: 1, end: 2, head: 1100},
		{start: 255, end: 256, head: 257}, {start: 256, end: 512, head: 512}, {start: 257, end: 700, head: 703, known: []int64{3, 600, 701}},
		{start: 300, end: 1100, head: 1100, records: []int64{0, 7, 255}}, {start: 512, end: 900, head: 1000, records: []int64{0, 950}},
		{start: 513, end: 1024, head: 1100, records: []int64{511, 512}}, {start: 100, end: 300, head: 400, selection: true, records: []int64{5, 120, 399}},
	} {
		t.Run(fmt.Sprintf("%d_%d_%d_%v", s.start, s.end, s.head, s.selection), func(t *testing.T) {
			raw := l.pack(t, s)
			rep := verifyBytes(t, raw, trust, Options{})
			if rep.Result != "verified" || rep.ExitCode() != 0 {
				t.Fatal(show(rep))
			}
			want := s.end - s.start
			if s.selection {
				want = 0
			}
			if rep.Entries != want || rep.Records != int64(len(s.records)) || rep.Anchored || rep.Origin != "example.org/log" || rep.Key != l.vkey {
				t.Errorf("%+v", rep)
			}
			dir := t.TempDir()
			for name, content := range unzip(t, raw) {
				path := filepath.Join(dir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			rep, err := VerifyFile(context.Background(), dir, trust, Options{})
			if err != nil || rep.Result != "verified" || rep.Entries != want {
				t.Fatal(err, show(rep))
			}
			if again := l.pack(t, s); !bytes.Equal(raw, again) {
				t.Error("the same content gave other bytes")
			}
		})
	}
}

// rich is a log and a package with everything in it.
func rich(t testing.TB) (*fakeLog, spec) {
	t.Helper()
	l := newFakeLog(t, "example.org/log")
	digest := func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) }
	l.grow(t, 270)
	items, table, counts := "{\"id\":\"hst_1\",\"name\":\"web\"}\n{\"id\":\"hst_2\",\"open\":true,\"name\":\"=1+1\"}\n", "id,name,open\r\nhst_1,web,\r\nhst_2,'=1+1,true\r\n", "[\"a\",\"b\",1,0,0,0,0,0]\n"
	l.put(t, proof.Entry{Type: "evidence.added", Stream: "people", Actor: "usr_1", Subject: "evd_1", Blob: digest("a picture")}, "")
	gone := l.put(t, proof.Entry{Type: "evidence.added", Stream: "people", Actor: "usr_1", Subject: "evd_2", Blob: digest("what was erased")}, "")
	l.put(t, proof.Entry{Type: "run", Stream: "population/hosts", Actor: "system", Subject: "run_p", Data: map[string]any{"inputs": digest(items), "outcomes": digest(counts)}}, "")
	salt := bytes.Repeat([]byte{7}, 32)
	payload, commitment, err := proof.Commit(map[string]string{"name": "Ada"}, salt)
	if err != nil {
		t.Fatal(err)
	}
	opened := l.put(t, proof.Entry{Type: "control.approved", Stream: "people", Actor: "usr_1", Subject: "c", Data: map[string]any{"digest": digest("{}")}}, commitment)
	l.put(t, proof.Entry{Type: "control.approved", Stream: "people", Actor: "usr_1", Subject: "d"}, strings.Repeat("ab", 32))
	personal, err := PersonalFile(opened, payload, salt)
	if err != nil {
		t.Fatal(err)
	}
	l.grow(t, 300)
	l.put(t, proof.Entry{Type: redactionType, Stream: "redactions", Actor: "usr_2", Subject: gone, Data: map[string]any{"legal_basis": "GDPR article 17"}}, "")
	l.grow(t, 310)
	return l, spec{start: 260, end: 290, head: 310, records: []int64{3, 300}, known: []int64{40},
		redactions: []Redaction{{Subject: gone, Index: 300}},
		files: map[string]string{BlobDir + digest("a picture"): "a picture", PopulationDir + "hosts.jsonl": items, PopulationDir + "hosts.csv": table, DesignDir + "c-1.json": "{}", CountsDir + "run_p.jsonl": counts,
			PersonalDir + opened + ".json": string(personal), SummaryFile: `{"v":1}`, KeyFile: l.vkey + "\n", IndexFile: "<!doctype html>\n",
			CoverageFile: `{"gaps":[{"from":"2026-03-14T00:00:00Z","source":"src_1","to":"2026-03-14T01:00:00Z"}],"v":1}`}}
}

func TestVerifyRich(t *testing.T) {
	l, s := rich(t)
	raw := l.pack(t, s)
	rep := verifyBytes(t, raw, l.trust(t, nil), Options{})
	if rep.Result != "verified" {
		t.Fatal(show(rep))
	}
	if rep.Blobs != 1 || rep.Erased != 1 || rep.Personal != 1 || rep.Committed != 1 || len(rep.Named) != 3 || rep.Records != 2 ||
		len(rep.Gaps) != 1 || !rep.Gaps[0].Said || rep.Streams == 0 {
		t.Errorf("%+v", rep)
	}
	text := show(rep)
	for _, want := range []string{"VERIFIED", "NOT ANCHORED", "populations/hosts.jsonl is what entry 272", "1 redacted", "as the organisation lists it"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
	for _, never := range []string{"certified", "compliant", "passed", "guaranteed"} {
		if strings.Contains(strings.ToLower(text), never) {
			t.Errorf("the report says %q", never)
		}
	}
	strict := verifyBytes(t, raw, l.trust(t, nil), Options{Strict: true})
	if reasons(strict) != "redactions" || strict.ExitCode() != 4 {
		t.Error(show(strict))
	}
}

// Any changed bit of any member is found.
func TestEveryFlippedBit(t *testing.T) {
	l, s := rich(t)
	files, trust := unzip(t, l.pack(t, s)), l.trust(t, nil)
	n := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		step := max(len(content)/60, 1)
		for at := 0; at < len(content); at += step {
			changed := maps.Clone(files)
			changed[name] = bytes.Clone(content)
			changed[name][at] ^= 1 << (at % 8)
			rep := verifyBytes(t, rezip(t, changed), trust, Options{})
			want := "tampered"
			switch name {
			case ManifestFile:
				want = "tampered malformed untrusted" // it may name another ledger, or be JSON no more
			case SignatureFile:
				want = "tampered untrusted" // it may name another key
			}
			if rep.Result == "verified" || !slices.ContainsFunc(rep.Reasons, func(r Reason) bool { return strings.Contains(want, string(r)) }) {
				t.Fatalf("byte %d of %s: %s", at, name, show(rep))
			}
			n++
		}
	}
	if n < 1000 {
		t.Errorf("only %d bits were flipped", n)
	}
}

// Nobody can make a package say something else, not even the owner of the key:
// content changed and signed again still is not what the ledger commits to.
func TestAttacks(t *testing.T) {
	l, s := rich(t)
	trust := l.trust(t, nil)
	base := unzip(t, l.pack(t, s))
	bundle, picture := LogDir+"tile/entries/001.p/34", ""
	for name := range base {
		if strings.HasPrefix(name, BlobDir) {
			picture = name
		}
	}
	if base[bundle] == nil || picture == "" {
		t.Fatal("the fixture has other files")
	}
	_, otherKey, err := note.GenerateKey(fixed(9), "example.org/log")
	if err != nil {
		t.Fatal(err)
	}
	otherSecret, _, _ := note.GenerateKey(fixed(9), "example.org/log")
	other, err := note.NewSigner(otherSecret)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := proof.ParseBundle(base[bundle])
	if err != nil {
		t.Fatal(err)
	}
	join := func(all [][]byte) (b []byte) {
		for _, e := range all {
			b = proof.AppendEntry(b, e)
		}
		return b
	}
	for _, tc := range []struct {
		name, want string
		sign       bool // by the ledger's own key
		change     func(f map[string][]byte)
	}{
		{"a file dropped", "incomplete", false, func(f map[string][]byte) { delete(f, SummaryFile) }},
		{"a file added", "tampered", false, func(f map[string][]byte) { f["notes.txt"] = []byte("x") }},
		{"a file truncated", "tampered", false, func(f map[string][]byte) { f[picture] = f[picture][:3] }},
		{"two files swapped", "tampered", false, func(f map[string][]byte) { f[ReadmeFile], f[IndexFile] = f[IndexFile], f[ReadmeFile] }},
		{"an empty file", "tampered", false, func(f map[string][]byte) { f[bundle] = nil }},
		{"no manifest", "malformed", false, func(f map[string][]byte) { delete(f, ManifestFile) }},
		{"no signature", "incomplete", false, func(f map[string][]byte) { delete(f, SignatureFile) }},
		{"manifest edited", "tampered", false, func(f map[string][]byte) {
			f[ManifestFile] = bytes.Replace(f[ManifestFile], []byte("A window"), []byte("B window"), 1)
		}},
		{"manifest with a repeated name", "malformed", false, func(f map[string][]byte) {
			f[ManifestFile] = bytes.Replace(f[ManifestFile], []byte(`{"end"`), []byte(`{"end":1,"end"`), 1)
		}},
		{"signed by another key", "untrusted", false, func(f map[string][]byte) {
			f[ReadmeFile] = []byte("something else")
			l2 := *l
			l2.signer = other
			l2.sealed(t, f)
		}},
		{"an entry removed from a bundle", "tampered", true, func(f map[string][]byte) { f[bundle] = join(slices.Delete(slices.Clone(entries), 9, 10)) }},
		{"an entry changed", "tampered", true, func(f map[string][]byte) {
			f[bundle] = bytes.Replace(f[bundle], []byte(`"usr_1"`), []byte(`"usr_2"`), 1)
		}},
		{"two entries swapped", "incomplete tampered", true, func(f map[string][]byte) {
			e := slices.Clone(entries)
			e[3], e[4] = e[4], e[3]
			f[bundle] = join(e)
		}},
		{"a bundle missing", "incomplete", true, func(f map[string][]byte) { delete(f, bundle) }},
		{"a tile missing", "incomplete", true, func(f map[string][]byte) { delete(f, LogDir+"tile/0/001.p/34") }},
		{"a tile changed", "tampered", true, func(f map[string][]byte) { f[LogDir+"tile/0/001.p/34"][40] ^= 1 }},
		{"a tile left of the window changed", "tampered", true, func(f map[string][]byte) { f[LogDir+"tile/1/000.p/1"][0] ^= 1 }},
		{"a strange file in the log", "tampered", true, func(f map[string][]byte) { f[LogDir+"tile/0/002"] = make([]byte, 8192) }},
		{"an end of another size", "tampered", true, func(f map[string][]byte) { f[EndFile] = f[HeadFile] }},
		{"a checkpoint missing", "incomplete", true, func(f map[string][]byte) { delete(f, StartFile) }},
		{"a checkpoint of another key", "tampered", true, func(f map[string][]byte) {
			c := l.checkpoint(t, s.end)
			if f[EndFile], err = c.Sign(other); err != nil {
				t.Fatal(err)
			}
		}},
		{"no consistency", "incomplete", true, func(f map[string][]byte) { delete(f, StartEndFile) }},
		{"another consistency", "tampered", true, func(f map[string][]byte) { f[StartEndFile] = f[EndHeadFile] }},
		{"a known size's proof changed", "tampered", true, func(f map[string][]byte) { f[KnownDir+"41"] = f[KnownDir+"40"] }},
		{"a record's proof of another entry", "tampered", true, func(f map[string][]byte) { f[RecordDir+"4"] = f[RecordDir+"3"] }},
		{"a record changed", "tampered", true, func(f map[string][]byte) { f[RecordDir+"3"][60] ^= 1 }},
		{"a record's name", "tampered", true, func(f map[string][]byte) { f[RecordDir+"03"] = f[RecordDir+"3"]; delete(f, RecordDir+"3") }},
		{"a blob missing", "incomplete", true, func(f map[string][]byte) { delete(f, picture) }},
		{"a blob replaced", "incomplete tampered", true, func(f map[string][]byte) { f[picture] = []byte("another picture") }},
		{"a blob that nobody names", "tampered", true, func(f map[string][]byte) {
			sum := sha256.Sum256([]byte("new"))
			f[BlobDir+hex.EncodeToString(sum[:])] = []byte("new")
		}},
		{"a population changed", "tampered", true, func(f map[string][]byte) { f[PopulationDir+"hosts.jsonl"] = []byte("{\"id\":\"x\"}\n") }},
		{"a table changed", "tampered", true, func(f map[string][]byte) { f[PopulationDir+"hosts.csv"] = []byte("id,name\r\n") }},
		{"a table with one row more", "tampered", true, func(f map[string][]byte) {
			f[PopulationDir+"hosts.csv"] = append(f[PopulationDir+"hosts.csv"], "hst_3,,\r\n"...)
		}},
		{"a design changed", "tampered", true, func(f map[string][]byte) { f[DesignDir+"c-1.json"] = []byte("{ }") }},
		{"a population called a design", "tampered", true, func(f map[string][]byte) { f[DesignDir+"c-2.json"] = f[PopulationDir+"hosts.jsonl"] }},
		{"a population added", "tampered", true, func(f map[string][]byte) { f[PopulationDir+"leavers.jsonl"] = []byte("{}\n") }},
		{"evidence called a population", "tampered", true, func(f map[string][]byte) { f[PopulationDir+"leavers.jsonl"] = f[picture] }},
		{"counts changed", "tampered", true, func(f map[string][]byte) { f[CountsDir+"run_p.jsonl"] = []byte("[\"a\",\"b\",2,0,0,0,0,0]\n") }},
		{"a redaction hidden", "tampered", true, func(f map[string][]byte) { f[RedactionsFile] = []byte(`{"redactions":[],"v":1}`) }},
		{"the redaction's record left out", "incomplete tampered", true, func(f map[string][]byte) { delete(f, RecordDir+"300") }},
		{"a redaction invented", "tampered", true, func(f map[string][]byte) {
			f[RedactionsFile] = bytes.Replace(f[RedactionsFile], []byte(`[`), []byte(`[{"index":261,"subject":"ent_x"},`), 1)
		}},
		{"no redactions", "incomplete", true, func(f map[string][]byte) { delete(f, RedactionsFile) }},
		{"personal data changed", "tampered", true, func(f map[string][]byte) {
			for name := range f {
				if strings.HasPrefix(name, PersonalDir) {
					f[name] = bytes.Replace(f[name], []byte("Ada"), []byte("Eve"), 1)
				}
			}
		}},
		{"personal data of nobody", "tampered", true, func(f map[string][]byte) { f[PersonalDir+"ent_9.json"] = []byte("{}") }},
		{"coverage that is no JSON", "tampered", true, func(f map[string][]byte) { f[CoverageFile] = []byte("{") }},
		{"a window that begins before its log", "incomplete", true, func(f map[string][]byte) {
			f[ManifestFile] = bytes.Replace(f[ManifestFile], []byte(`"from":"2026-03-14T04:20`), []byte(`"from":"2026-03-14T04:17`), 1)
		}},
		{"a window that ends after its log", "incomplete", true, func(f map[string][]byte) {
			f[ManifestFile] = bytes.Replace(f[ManifestFile], []byte(`"to":"2026-03-14T04:50`), []byte(`"to":"2026-03-14T04:59`), 1)
		}},
		{"a log that the manifest denies", "tampered", true, func(f map[string][]byte) {
			f[ManifestFile] = bytes.Replace(f[ManifestFile], []byte(`"log":true`), []byte(`"log":false`), 1)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			files := map[string][]byte{}
			for name, content := range base {
				files[name] = bytes.Clone(content)
			}
			tc.change(files)
			if tc.sign {
				files = l.sealed(t, files)
			}
			rep := verifyBytes(t, rezip(t, files), trust, Options{})
			if reasons(rep) != tc.want {
				t.Errorf("%q, want %q\n%s", reasons(rep), tc.want, show(rep))
			}
		})
	}
	t.Run("a trust file with another key", func(t *testing.T) {
		wrong := l.trust(t, func(f *TrustFile) { f.Origins[0].Key = otherKey })
		if rep := verifyBytes(t, rezip(t, base), wrong, Options{}); reasons(rep) != "untrusted" {
			t.Error(show(rep))
		}
	})
	t.Run("a trust file of another ledger", func(t *testing.T) {
		wrong := newFakeLog(t, "example.org/other").trust(t, nil)
		if rep := verifyBytes(t, rezip(t, base), wrong, Options{}); reasons(rep) != "untrusted" {
			t.Error(show(rep))
		}
	})
}

// fixed makes another key than zeros.
type fixed byte

func (f fixed) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(f)
	}
	return len(b), nil
}

// A ledger whose own streams have holes is found out although its tree holds.
func TestStreams(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		seq        int64
	}{{"a hole", "incomplete", 4}, {"a repeat", "tampered", 2}, {"backwards", "tampered", 1}} {
		l := newFakeLog(t, "example.org/log")
		for n := range 3 {
			l.put(t, proof.Entry{Type: "run", Stream: "a", Actor: "system", Subject: fmt.Sprint(n)}, "")
		}
		if tc.name == "backwards" {
			l.seqs["a"] = 0
		} else {
			l.seqs["a"] = tc.seq - 1 + map[bool]int64{true: 1}[tc.name == "a hole"]
		}
		l.put(t, proof.Entry{Type: "run", Stream: "a", Actor: "system", Subject: "x"}, "")
		rep := verifyBytes(t, l.pack(t, spec{end: 4, head: 4}), l.trust(t, nil), Options{})
		if reasons(rep) != tc.want || rep.Problems[0].Index == nil || *rep.Problems[0].Index != 3 {
			t.Errorf("%s: %s", tc.name, show(rep))
		}
	}
	l := newFakeLog(t, "example.org/log")
	l.seqs["a"] = 5
	l.put(t, proof.Entry{Type: "run", Stream: "a", Actor: "system"}, "")
	if rep := verifyBytes(t, l.pack(t, spec{end: 1, head: 1}), l.trust(t, nil), Options{}); reasons(rep) != "incomplete" {
		t.Errorf("a stream that does not begin: %s", show(rep))
	}
}

// Silence is listed: of the whole ledger, and of the daily count of a population.
func TestGaps(t *testing.T) {
	l := newFakeLog(t, "example.org/log")
	count := func() {
		l.put(t, proof.Entry{Type: "run", Stream: "population/hosts", Actor: "system", Subject: "r"}, "")
	}
	count()
	l.at = l.at.Add(24 * time.Hour)
	count()
	for range 30 {
		l.at = l.at.Add(2 * time.Hour)
		l.put(t, run(1), "")
	}
	l.at = l.at.Add(48 * time.Hour)
	count()
	rep := verifyBytes(t, l.pack(t, spec{end: 33, head: 33, to: l.at.Add(time.Hour)}), l.trust(t, nil), Options{})
	if rep.Result != "verified" || len(rep.Gaps) != 2 || rep.Gaps[0].What != "population/hosts" || rep.Gaps[1].What != "ledger" {
		t.Errorf("%s", show(rep))
	}
}

// What the trust file holds from outside is an anchor, or a failure.
func TestAnchors(t *testing.T) {
	l := newFakeLog(t, "example.org/log")
	l.grow(t, 700)
	s := spec{start: 300, end: 600, head: 650, known: []int64{100, 640}}
	raw := l.pack(t, s)
	note1 := func(size int64) func(f *TrustFile) {
		return func(f *TrustFile) { f.Checkpoints = append(f.Checkpoints, string(l.checkpoint(t, size).Raw)) }
	}
	fork := newFakeLog(t, "example.org/log")
	fork.put(t, proof.Entry{Type: "run", Stream: "x", Actor: "system"}, "")
	fork.grow(t, 700)
	forked := func(size int64) func(f *TrustFile) {
		return func(f *TrustFile) { f.Checkpoints = append(f.Checkpoints, string(fork.checkpoint(t, size).Raw)) }
	}
	for _, tc := range []struct {
		name, want string
		trust      func(f *TrustFile)
	}{
		{"in the window", "", note1(450)}, {"the start", "", note1(300)}, {"the head", "", note1(650)}, {"before, with a proof", "", note1(100)},
		{"after, with a proof", "", note1(640)}, {"before, without", "incomplete", note1(120)}, {"later than the package", "incomplete", note1(700)},
		{"a fork in the window", "tampered", forked(450)}, {"a fork before", "tampered", forked(100)}, {"a fork at the end", "tampered", forked(600)},
		{"a fork between", "tampered", forked(640)},
	} {
		rep := verifyBytes(t, raw, l.trust(t, tc.trust), Options{})
		if reasons(rep) != tc.want || rep.Anchored != (tc.want == "") {
			t.Errorf("%s: %q\n%s", tc.name, reasons(rep), show(rep))
		}
	}
}

// cosigner is a witness with its own key.
type cosigner struct {
	name string
	key  ed25519.PrivateKey
}

func newCosigner(name string, seed byte) cosigner {
	return cosigner{name, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))}
}

func (c cosigner) id() ([]byte, string) {
	key := append([]byte{proof.CosignatureKey}, c.key.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(c.name+"\n"), key...))
	return sum[:4], fmt.Sprintf("%s+%08x+%s", c.name, binary.BigEndian.Uint32(sum[:]), base64.StdEncoding.EncodeToString(key))
}

func (c cosigner) sign(raw []byte, at int64) []byte {
	text := raw[:bytes.Index(raw, []byte("\n\n"))+1]
	id, _ := c.id()
	sig := binary.BigEndian.AppendUint64(bytes.Clone(id), uint64(at))
	sig = append(sig, ed25519.Sign(c.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text))...)
	return fmt.Appendf(bytes.Clone(raw), "— %s %s\n", c.name, base64.StdEncoding.EncodeToString(sig))
}

func TestWitnesses(t *testing.T) {
	l := newFakeLog(t, "example.org/log")
	l.grow(t, 10)
	a, b := newCosigner("witness.example.org/a", 1), newCosigner("witness.example.org/b", 2)
	_, keyA := a.id()
	_, keyB := b.id()
	at := time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC)
	files := unzip(t, l.pack(t, spec{end: 10, head: 10}))
	for _, name := range []string{EndFile, HeadFile} {
		files[name] = a.sign(files[name], at.Unix())
	}
	raw := rezip(t, l.sealed(t, files))
	quorum := func(n int, keys ...string) func(f *TrustFile) {
		return func(f *TrustFile) { f.Witnesses = &Witnesses{Quorum: n, Keys: keys} }
	}
	rep := verifyBytes(t, raw, l.trust(t, quorum(1, keyA, keyB)), Options{})
	if rep.Result != "verified" || !rep.Anchored || len(rep.Anchors) != 1 || rep.Anchors[0].Name != a.name || !rep.Anchors[0].At.Equal(at) {
		t.Error(show(rep))
	}
	for name, trust := range map[string]*Trust{"a quorum of two": l.trust(t, quorum(2, keyA, keyB)), "another witness": l.trust(t, quorum(1, keyB))} {
		if rep := verifyBytes(t, raw, trust, Options{}); reasons(rep) != "untrusted" || rep.Anchored {
			t.Errorf("%s: %s", name, show(rep))
		}
	}
	forged := maps.Clone(files)
	forged[HeadFile] = bytes.Replace(files[HeadFile], []byte(a.name), []byte(b.name), 1)
	forged[EndFile] = forged[HeadFile]
	if rep := verifyBytes(t, rezip(t, l.sealed(t, forged)), l.trust(t, quorum(1, keyB)), Options{}); reasons(rep) != "untrusted" {
		t.Errorf("a's signature under b's name: %s", show(rep))
	}
}

func TestTrustRefuses(t *testing.T) {
	l := newFakeLog(t, "example.org/log")
	l.grow(t, 3)
	good := fmt.Sprintf(`{"v":1,"origins":[{"origin":"example.org/log","key":%q}]`, l.vkey)
	for name, tc := range map[string]struct{ field, text string }{
		"nothing": {"", ""}, "a list": {"", "[]"}, "no origin": {"origins", `{"v":1}`}, "later version": {"v", `{"v":2}`}, "unknown field": {"", good + `,"x":1}`},
		"two": {"", good + "}{}"}, "a key": {"origins[0].key", `{"v":1,"origins":[{"origin":"a","key":"b"}]}`},
		"another name":         {"origins[0].key", fmt.Sprintf(`{"v":1,"origins":[{"origin":"a","key":%q}]}`, l.vkey)},
		"a checkpoint":         {"checkpoints[0]", good + `,"checkpoints":["x"]}`},
		"a changed checkpoint": {"checkpoints[0]", good + fmt.Sprintf(`,"checkpoints":[%q]}`, strings.Replace(string(l.checkpoint(t, 3).Raw), "\n3\n", "\n4\n", 1))},
		"a quorum of none":     {"witnesses.quorum", good + `,"witnesses":{"quorum":0,"keys":[]}}`},
		"a witness":            {"witnesses.keys[0]", good + `,"witnesses":{"quorum":1,"keys":["x"]}}`},
		"a witness twice":      {"witnesses.keys[1]", good + fmt.Sprintf(`,"witnesses":{"quorum":2,"keys":[%q,%q]}}`, l.vkey, l.vkey)},
		"an authority":         {"timestamp_authorities[0].name", good + `,"timestamp_authorities":[{}]}`},
	} {
		_, err := ParseTrust([]byte(tc.text))
		if f := faultOf(err); f == nil || f.Field != tc.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseTrust([]byte(good + "}")); err != nil {
		t.Error(err)
	}
}
