package main

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/attesta/attesta/internal/proof"
	"github.com/attesta/attesta/internal/proof/offline"
)

// pack is a package's members, and the bytes that it came as.
type pack struct {
	raw     []byte
	members map[string][]byte
}

func read(path string) (pack, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return pack{}, err
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return pack{}, err
	}
	p := pack{raw, map[string][]byte{}}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return p, err
		}
		if p.members[f.Name], err = io.ReadAll(r); err != nil {
			return p, errors.Join(err, r.Close())
		}
		if err := r.Close(); err != nil {
			return p, err
		}
	}
	return p, nil
}

// extra is a member that no honest program writes.
type extra struct {
	name    string
	content []byte
	mode    fs.FileMode
	size    uint64 // that it claims to have when it is read; 0: its own
}

// zipped writes members in order, and what else is asked for behind them.
func zipped(members map[string][]byte, more ...extra) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(members[name]); err != nil {
			return nil, err
		}
	}
	for _, x := range more {
		h := &zip.FileHeader{Name: x.name, Method: zip.Deflate}
		if x.mode != 0 {
			h.SetMode(x.mode)
		}
		begin := z.CreateHeader
		if x.size > 0 {
			h.CompressedSize64, h.UncompressedSize64, h.CRC32 = uint64(len(x.content)), x.size, crc32.ChecksumIEEE(x.content)
			begin = z.CreateRaw
		}
		w, err := begin(h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(x.content); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

var errNothing = errors.New("the package has no such file")

// first gives the first member below a directory with an ending, larger than
// nothing.
func (p pack) first(dir, ending string) (string, error) {
	for _, name := range slices.Sorted(maps.Keys(p.members)) {
		if strings.HasPrefix(name, dir) && strings.HasSuffix(name, ending) && len(p.members[name]) > 0 {
			return name, nil
		}
	}
	return "", errNothing
}

// bundle gives the first bundle of entries.
func (p pack) bundle() (string, error) { return p.first(offline.LogDir+"tile/entries/", "") }

// variant is one way to change a package, and how a verifier has to refuse it.
type variant struct {
	name   string
	exit   int
	reason string
	says   string // within the file's name and the message of a problem
	make   func(p pack, trust []byte) (raw, otherTrust []byte, err error)
}

// content changes the members.
func content(f func(p pack, m map[string][]byte) error) func(pack, []byte) ([]byte, []byte, error) {
	return func(p pack, trust []byte) ([]byte, []byte, error) {
		m := maps.Clone(p.members)
		if err := f(p, m); err != nil {
			return nil, nil, err
		}
		raw, err := zipped(m)
		return raw, trust, err
	}
}

// with adds members.
func with(more ...extra) func(pack, []byte) ([]byte, []byte, error) {
	return func(p pack, trust []byte) ([]byte, []byte, error) {
		raw, err := zipped(p.members, more...)
		return raw, trust, err
	}
}

// flip changes one bit in the middle of a member.
func flip(find func(p pack) (string, error)) func(pack, []byte) ([]byte, []byte, error) {
	return content(func(p pack, m map[string][]byte) error {
		name, err := find(p)
		if err != nil {
			return err
		}
		m[name] = bytes.Clone(m[name])
		m[name][len(m[name])/2] ^= 1
		return nil
	})
}

// entries changes the order or number of entries in a bundle.
func entries(f func(e [][]byte) [][]byte) func(pack, []byte) ([]byte, []byte, error) {
	return content(func(p pack, m map[string][]byte) error {
		name, err := p.bundle()
		if err != nil {
			return err
		}
		e, err := proof.ParseBundle(m[name])
		if err != nil {
			return err
		}
		if len(e) < 3 {
			return errNothing
		}
		var b []byte
		for _, one := range f(slices.Clone(e)) {
			b = proof.AppendEntry(b, one)
		}
		m[name] = b
		return nil
	})
}

// trusting changes whom the reader trusts.
func trusting(origin func(o string) string) func(pack, []byte) ([]byte, []byte, error) {
	return func(p pack, trust []byte) ([]byte, []byte, error) {
		var f offline.TrustFile
		if err := json.Unmarshal(trust, &f); err != nil {
			return nil, nil, err
		}
		if len(f.Origins) == 0 {
			return nil, nil, fmt.Errorf("the trust file has no origin")
		}
		name := origin(f.Origins[0].Origin)
		_, key, err := note.GenerateKey(rand.Reader, name)
		if err != nil {
			return nil, nil, err
		}
		other, err := offline.TrustFile{Origins: []offline.Origin{{Origin: name, Key: key, Epoch: 1}}}.Encode()
		return p.raw, other, err
	}
}

// elsewhere signs the package's end by the key of another log.
func elsewhere(p pack, m map[string][]byte) error {
	secret, _, err := note.GenerateKey(rand.Reader, "example.org/another")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return err
	}
	_, body, ok := strings.Cut(string(p.members[offline.EndFile]), "\n")
	text, _, found := strings.Cut(body, "\n\n")
	if !ok || !found {
		return fmt.Errorf("%s is no checkpoint", offline.EndFile)
	}
	m[offline.EndFile], err = note.Sign(&note.Note{Text: "example.org/another\n" + text + "\n"}, signer)
	return err
}

var variants = []variant{
	{"as it was built", 0, "", "", func(p pack, trust []byte) ([]byte, []byte, error) { return p.raw, trust, nil }},
	{"a bit of an entry", 4, "tampered", offline.LogDir + "tile/entries/", flip(pack.bundle)},
	{"a bit of a record's proof", 4, "tampered", offline.RecordDir, flip(func(p pack) (string, error) { return p.first(offline.RecordDir, "") })},
	{"a bit of content", 4, "tampered", offline.BlobDir, flip(func(p pack) (string, error) { return p.first(offline.BlobDir, "") })},
	{"a bit of a design", 4, "tampered", offline.DesignDir, flip(func(p pack) (string, error) { return p.first(offline.DesignDir, "") })},
	{"a digest in the manifest", 4, "tampered", "not what was signed", content(func(_ pack, m map[string][]byte) error {
		at := bytes.Index(m[offline.ManifestFile], []byte(`"sha256":"`))
		if at < 0 {
			return errNothing
		}
		raw := bytes.Clone(m[offline.ManifestFile])
		if at += len(`"sha256":"`); raw[at] == '0' {
			raw[at] = '1'
		} else {
			raw[at] = '0'
		}
		m[offline.ManifestFile] = raw
		return nil
	})},
	{"the manifest's signature missing", 4, "incomplete", offline.SignatureFile, content(func(_ pack, m map[string][]byte) error { delete(m, offline.SignatureFile); return nil })},
	{"content missing", 4, "incomplete", offline.BlobDir, content(func(p pack, m map[string][]byte) error {
		name, err := p.first(offline.BlobDir, "")
		delete(m, name)
		return err
	})},
	{"a file more", 4, "tampered", "does not list", content(func(_ pack, m map[string][]byte) error { m["notes.txt"] = []byte("x"); return nil })},
	{"entries in another order", 4, "tampered", offline.LogDir + "tile/entries/", entries(func(e [][]byte) [][]byte { e[0], e[1] = e[1], e[0]; return e })},
	{"an entry removed", 4, "tampered", offline.LogDir + "tile/entries/", entries(func(e [][]byte) [][]byte { return slices.Delete(e, 1, 2) })},
	{"an entry twice", 4, "tampered", offline.LogDir + "tile/entries/", entries(func(e [][]byte) [][]byte { return slices.Insert(e, 1, e[0]) })},
	{"a row of a population's table", 4, "tampered", offline.PopulationDir, content(func(p pack, m map[string][]byte) error {
		name, err := p.first(offline.PopulationDir, ".csv")
		if err != nil {
			return err
		}
		lines := bytes.SplitAfter(m[name], []byte("\n"))
		m[name] = bytes.Join(append(slices.Clone(lines[:1]), lines[2:]...), nil)
		return nil
	})},
	{"a tie-out workbook", 4, "tampered", "workbooks/", flip(func(p pack) (string, error) { return p.first("workbooks/", ".xlsx") })},
	{"the checkpoint of another log", 4, "tampered", offline.EndFile, content(elsewhere)},
	{"a path out of the package", 1, "malformed", "leads out", with(extra{name: "../escaped", content: []byte("x")})},
	{"an absolute path", 1, "malformed", "absolute path", with(extra{name: "/tmp/escaped", content: []byte("x")})},
	{"a symbolic link", 1, "malformed", "a link", with(extra{name: "link", content: []byte("/etc/passwd"), mode: fs.ModeSymlink | 0o777})},
	{"a name twice", 1, "malformed", "twice", with(extra{name: offline.ManifestFile, content: []byte("{}")})},
	{"a zip bomb, by its ratio", 1, "malformed", "zip bomb", with(extra{name: "bomb", content: make([]byte, 16<<20)})},
	{"a zip bomb, by its size", 1, "malformed", "at most", with(extra{name: "bomb", content: make([]byte, 50<<20), size: 9 << 30})},
	{"cut short", 1, "malformed", "no zip", func(p pack, trust []byte) ([]byte, []byte, error) { return p.raw[:len(p.raw)-20], trust, nil }},
	{"trust in another key", 4, "untrusted", "a key that the trust file does not hold", trusting(func(o string) string { return o })},
	{"trust in another ledger", 4, "untrusted", "which the trust file does not hold", trusting(func(string) string { return "example.org/another" })},
}
