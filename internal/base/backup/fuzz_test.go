package backup

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/proof"
)

// FuzzRead reads foreign bytes as a backup: it ends, in bounds, with an error or
// with a manifest that names exactly what was read.
func FuzzRead(f *testing.F) {
	newest, err := database.Newest()
	if err != nil {
		f.Fatal(err)
	}
	build := func(files map[string]string, header Header) []byte {
		var out bytes.Buffer
		w, err := newWriter(&out, nil, time.Unix(0, 0).UTC())
		if err != nil {
			f.Fatal(err)
		}
		m := Manifest{Header: header, Ledger: Position{Origin: "x", Key: "k", Size: 1, Root: proof.EncodeHash([32]byte{})}}
		if _, err := w.json(headerFile, header); err != nil {
			f.Fatal(err)
		}
		for name, text := range files {
			if err := w.add(context.Background(), name, int64(len(text)), bytes.NewReader([]byte(text))); err != nil {
				f.Fatal(err)
			}
		}
		m.Files = w.files
		if _, err := w.json(manifestFile, m); err != nil {
			f.Fatal(err)
		}
		if err := w.close(); err != nil {
			f.Fatal(err)
		}
		return out.Bytes()
	}
	head := Header{Format: Format, Made: time.Unix(0, 0).UTC(), Version: "v", Schema: newest, Dialect: "sqlite"}
	f.Add(build(map[string]string{"state/attesta.db": "x"}, head))
	f.Add(build(map[string]string{"keys/../x": "x"}, head))
	f.Add(build(nil, Header{Format: 9}))
	f.Add([]byte(ageMagic + "-> X25519 x\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		total := int64(0)
		var seen []string
		m, err := read(t.Context(), bytes.NewReader(raw), nil, func(path string, size int64, r io.Reader) error {
			if checkPath(path) != nil {
				t.Fatalf("the path %q is given", path)
			}
			seen = append(seen, path)
			n, err := io.Copy(io.Discard, io.LimitReader(r, 64<<20))
			if total += n; total > 64<<20 {
				return os.ErrDeadlineExceeded // a bomb: whoever restores is bounded by the disk
			}
			return err
		})
		if err == nil && (len(m.Files) != len(seen) || m.Digest == "") {
			t.Fatalf("%d files in the manifest, %d read", len(m.Files), len(seen))
		}
	})
}
