package offline

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
)

// fakeLog is a ledger without a database.
type fakeLog struct {
	signer note.Signer
	vkey   string
	bodies [][]byte
	seqs   map[string]int64
	at     time.Time
	edge   proof.Edge
	tiles  map[proof.Tile][]byte // full ones, Width 256
}

func newFakeLog(t testing.TB, origin string) *fakeLog {
	t.Helper()
	secret, vkey, err := note.GenerateKey(zeros{}, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return &fakeLog{signer: signer, vkey: vkey, seqs: map[string]int64{}, at: testStart.Truncate(24 * time.Hour), tiles: map[proof.Tile][]byte{}}
}

// put adds an entry one minute after the one before, and gives its id.
func (l *fakeLog) put(t testing.TB, e proof.Entry, commitment string) string {
	t.Helper()
	l.at = l.at.Add(time.Minute)
	l.seqs[e.Stream]++
	id := fmt.Sprintf("ent_%026d", len(l.bodies))
	body, err := e.Encode(id, l.seqs[e.Stream], l.at, commitment)
	if err != nil {
		t.Fatal(err)
	}
	l.raw(t, body)
	return id
}

func (l *fakeLog) raw(t testing.TB, body []byte) {
	t.Helper()
	l.bodies = append(l.bodies, body)
	if err := l.edge.Add(proof.LeafHash(body), func(level int, n int64, hashes []byte) error {
		l.tiles[proof.Tile{Level: level, N: n, Width: proof.TileWidth}] = bytes.Clone(hashes)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// run is what a host's facts give.
func run(n int) proof.Entry {
	return proof.Entry{Type: "run", Stream: fmt.Sprintf("source/src_%d", n%5), Actor: "system", Subject: fmt.Sprintf("run_%d", n),
		Data: map[string]any{"kind": "facts", "items": 1, "text": strings.Repeat("x", n%40)}}
}

func (l *fakeLog) grow(t testing.TB, size int) {
	t.Helper()
	for n := len(l.bodies); n < size; n++ {
		l.put(t, run(n), "")
	}
}

// read gives a tile or bundle of the log, whatever its size was then.
func (l *fakeLog) read(t proof.Tile) ([]byte, error) {
	if t.Level == proof.EntriesLevel {
		var b []byte
		for _, body := range l.bodies[t.N*proof.TileWidth : t.N*proof.TileWidth+int64(t.Width)] {
			b = proof.AppendEntry(b, body)
		}
		return b, nil
	}
	hashes, ok := l.tiles[t.Full()]
	if !ok {
		if err := l.edge.Partials(func(p proof.Tile, partial []byte) error {
			if p.Level == t.Level && p.N == t.N {
				hashes, ok = partial, true
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if !ok || len(hashes) < t.Width*proof.HashSize {
		return nil, fmt.Errorf("no tile %s", t.Path())
	}
	return hashes[:t.Width*proof.HashSize], nil
}

func (l *fakeLog) checkpoint(t testing.TB, size int64) proof.Checkpoint {
	t.Helper()
	e, err := proof.EdgeAt(size, l.read)
	if err != nil {
		t.Fatal(err)
	}
	c := proof.Checkpoint{Origin: l.signer.Name(), Size: size, Root: e.Root()}
	if c.Raw, err = c.Sign(l.signer); err != nil {
		t.Fatal(err)
	}
	return c
}

// trust is a trust file that holds the log's key.
func (l *fakeLog) trust(t testing.TB, change func(f *TrustFile)) *Trust {
	t.Helper()
	f := TrustFile{Origins: []Origin{{Origin: l.signer.Name(), Key: l.vkey, Epoch: 1}}}
	if change != nil {
		change(&f)
	}
	raw, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	trust, err := ParseTrust(raw)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

// spec says what a test's package holds.
type spec struct {
	start, end, head int64
	selection        bool
	from, to         time.Time // the window; around the entries when zero
	records          []int64
	known            []int64
	files            map[string]string // further content
	redactions       []Redaction
	change           func(m *Manifest)
	signer           note.Signer
}

// write makes the package.
func (l *fakeLog) write(t testing.TB, out io.Writer, s spec) string {
	t.Helper()
	ctx, w := context.Background(), NewWriter(out)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	add := func(path string, b []byte) { t.Helper(); must(w.AddBytes(ctx, path, b)) }
	start, end, head := proof.Checkpoint{Root: proof.EmptyRoot}, l.checkpoint(t, s.end), l.checkpoint(t, s.head)
	if s.start > 0 {
		start = l.checkpoint(t, s.start)
		add(StartFile, start.Raw)
	}
	add(EndFile, end.Raw)
	add(HeadFile, head.Raw)
	consistency := func(path string, later proof.Checkpoint, old int64) {
		t.Helper()
		if old == 0 || old == later.Size {
			return
		}
		c, err := proof.ProveConsistency(later, old, l.read)
		must(err)
		add(path, c.Text())
	}
	consistency(StartEndFile, end, s.start)
	consistency(EndHeadFile, head, s.end)
	for _, k := range s.known {
		consistency(KnownDir+fmt.Sprint(k), head, k)
	}
	if !s.selection {
		must(w.Log(ctx, s.start, s.end, l.read, nil))
	}
	for _, i := range s.records {
		p, err := proof.Prove(head, i, l.bodies[i], l.read)
		must(err)
		add(RecordDir+fmt.Sprint(i), p.Text())
	}
	redactions, err := RedactionsContent(s.redactions)
	must(err)
	add(RedactionsFile, redactions)
	add(ReadmeFile, []byte("What is in here.\n"))
	for _, path := range slices.Sorted(maps.Keys(s.files)) {
		add(path, []byte(s.files[path]))
	}
	m := &Manifest{Origin: l.signer.Name(), Log: !s.selection, Start: HeadOf(start), End: HeadOf(end), Head: HeadOf(head),
		Window: Window{From: s.from, To: s.to, Zone: "UTC"}, Subject: Subject{Kind: "window", ID: "w1", Title: "A window"}}
	m.Generator.Name, m.Generator.Version = "attesta", "test"
	first := testStart.Truncate(24 * time.Hour)
	if s.from.IsZero() {
		m.Window.From = first.Add(time.Duration(s.start) * time.Minute)
	}
	if s.to.IsZero() {
		m.Window.To = first.Add(time.Duration(s.end) * time.Minute)
	}
	if s.change != nil {
		s.change(m)
	}
	signer := s.signer
	if signer == nil {
		signer = l.signer
	}
	digest, _, err := w.Close(ctx, m, SignerFunc(signer))
	must(err)
	return digest
}

func (l *fakeLog) pack(t testing.TB, s spec) []byte {
	t.Helper()
	var b bytes.Buffer
	digest := l.write(t, &b, s)
	if sum := sha256.Sum256(b.Bytes()); hex.EncodeToString(sum[:]) != digest {
		t.Fatal("the writer gave another digest than the package has")
	}
	return b.Bytes()
}

// unzip gives the members of a package.
func unzip(t testing.TB, raw []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// rezip makes a zip of members as they are, in order.
func rezip(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sealed signs changed members again, as the owner of the key could.
func (l *fakeLog) sealed(t testing.TB, files map[string][]byte) map[string][]byte {
	t.Helper()
	m, err := parseManifest(files[ManifestFile])
	if err != nil {
		t.Fatal(err)
	}
	m.Files = nil
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name == ManifestFile || name == SignatureFile {
			continue
		}
		sum := sha256.Sum256(files[name])
		m.Files = append(m.Files, File{Path: name, Size: int64(len(files[name])), SHA256: hex.EncodeToString(sum[:])})
	}
	raw, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	files[ManifestFile] = raw
	if files[SignatureFile], err = SignManifest(sha256.Sum256(raw), l.signer); err != nil {
		t.Fatal(err)
	}
	return files
}

func verifyBytes(t testing.TB, raw []byte, trust *Trust, o Options) *Report {
	t.Helper()
	p, err := OpenZip(bytes.NewReader(raw), int64(len(raw)), DefaultLimits)
	if err != nil {
		rep, err := asMalformed(err)
		if err != nil {
			t.Fatal(err)
		}
		return rep
	}
	rep, err := Verify(context.Background(), p, trust, o)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func reasons(r *Report) string {
	var out []string
	for _, s := range r.Reasons {
		out = append(out, string(s))
	}
	return strings.Join(out, " ")
}

func show(r *Report) string {
	var b strings.Builder
	r.Print(&b)
	return b.String()
}

func faultOf(err error) *fault.Error {
	var f *fault.Error
	errors.As(err, &f)
	return f
}

var testStart = time.Date(2026, 3, 14, 9, 26, 53, 589793000, time.UTC)

// zeros makes a key that is the same in every run.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
