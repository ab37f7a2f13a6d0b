package proof

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/gowebpki/jcs"
	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"
)

// TestEncodeIsCanonical holds the encoder against another implementation of
// RFC 8785.
func TestEncodeIsCanonical(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "\x00", "\u007f", "\u2028", "\ue000", "\U0001f600", "é", "z", "\"\\\b\f\n\r\t</>&"}))
	value := rapid.Deferred(func() *rapid.Generator[any] { return anyValue(texts, 0) })
	rapid.Check(t, func(t *rapid.T) {
		e := Entry{Type: "run", Stream: "system", Actor: "system", Subject: rapid.StringN(0, 40, 256).Draw(t, "subject"),
			Data: rapid.MapOfN(texts, value, 0, 6).Draw(t, "data")}
		body, err := e.Encode("ent_1", 1, testStart, "")
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			t.Skip("too long")
		}
		want, err := jcs.Transform(body)
		if err != nil {
			t.Fatalf("%v\n%s", err, body)
		}
		if !bytes.Equal(body, want) {
			t.Fatalf("not canonical\n%s, want\n%s", body, want)
		}
		rec, err := ParseEntry(body)
		if err != nil || rec.Subject != e.Subject || len(rec.Data) != len(e.Data) {
			t.Fatalf("%+v, %v", rec, err)
		}
	})
}

func anyValue(texts *rapid.Generator[string], depth int) *rapid.Generator[any] {
	leaves := rapid.OneOf(rapid.Map(texts, func(s string) any { return s }), rapid.Map(rapid.Int64Range(-maxInteger, maxInteger), func(n int64) any { return n }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }))
	if depth == 3 {
		return leaves
	}
	inner := anyValue(texts, depth+1)
	return rapid.OneOf(leaves, rapid.Map(rapid.SliceOfN(inner, 0, 3), func(v []any) any { return v }),
		rapid.Map(rapid.MapOfN(texts, inner, 0, 3), func(v map[string]any) any { return v }))
}

func FuzzParseEntry(f *testing.F) {
	for _, g := range golden {
		f.Add([]byte(g.bytes))
	}
	f.Add([]byte(`{"at":"2026-03-14T09:26:53.589793Z","data":{"a":[{}]},"id":"e","stream":"s\u0041","stream_seq":1,"type":"t","v":2,"x":"\\"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		fields, plain := scanFields(raw)
		rec, err := ParseEntry(raw)
		if err != nil {
			if !fault.Is(err, fault.Refused) {
				t.Fatalf("%v", err)
			}
			return
		}
		if rec.Hash != LeafHash(raw) || rec.ID == "" || rec.StreamSeq < 1 {
			t.Fatalf("%+v", rec)
		}
		// Both readers agree about canonical entries. A decoder also takes what
		// is not canonical: names in other case, repeated names, spaces.
		if canonical, err := jcs.Transform(raw); err != nil || !bytes.Equal(canonical, raw) || !plain || strangeNames(raw) {
			return
		}
		if string(fields.ID) != rec.ID || string(fields.Type) != rec.Type || string(fields.Stream) != rec.Stream || string(fields.Subject) != rec.Subject || string(fields.Commitment) != rec.Commitment {
			t.Fatalf("%q reads as %+v and %q", raw, rec, fields)
		}
		if us, ok := ParseMicros(fields.At); !ok || us != rec.At.UnixMicro() {
			t.Fatalf("time %q: %d, %v", fields.At, us, ok)
		}
	})
}

// strangeNames reports members that encoding/json folds onto ours.
func strangeNames(raw []byte) bool {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return true
	}
	for name, value := range m {
		for _, ours := range []string{"id", "type", "stream", "stream_seq", "at", "subject", "commitment"} {
			if (name != ours && strings.EqualFold(name, ours)) || (name == ours && string(value) == "null") {
				return true
			}
		}
	}
	return false
}

func FuzzParseBundle(f *testing.F) {
	f.Add([]byte{})
	f.Add(AppendEntry(AppendEntry(nil, []byte("one")), nil))
	f.Add([]byte{0, 5, 'c', 'u', 't'})
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries, err := ParseBundle(raw)
		if err != nil {
			if !fault.Is(err, fault.Refused) {
				t.Fatal(err)
			}
			return
		}
		var back []byte
		for _, e := range entries {
			back = AppendEntry(back, e)
		}
		if !bytes.Equal(back, raw) || len(entries) > TileWidth {
			t.Fatalf("%d entries give back %d bytes of %d", len(entries), len(back), len(raw))
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	secret, public, err := note.GenerateKey(zeros{}, "example.org/log")
	if err != nil {
		f.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		f.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{"example.org/log\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "example.org/log\n7\n", "example.org/log\n07\nAAAA\n", "other\n1\nx\ny\n"} {
		f.Add([]byte(text), true)
	}
	f.Add([]byte("example.org/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— example.org/log AAAA\n"), false)
	f.Fuzz(func(t *testing.T, raw []byte, sign bool) {
		if sign { // so that what is behind the signature is reached
			signed, err := note.Sign(&note.Note{Text: string(raw)}, signer)
			if err != nil {
				return
			}
			raw = signed
		}
		c, err := ParseCheckpoint(raw, verifier)
		if err != nil {
			if !fault.Is(err, fault.Refused) {
				t.Fatal(err)
			}
			return
		}
		if !sign {
			t.Fatalf("a checkpoint that was never signed: %q", raw)
		}
		if c.Size < 0 || !strings.HasPrefix(string(raw), c.Text()) {
			t.Fatalf("%+v is not %q", c, raw)
		}
	})
}

func FuzzParseProof(f *testing.F) {
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra eA==\nindex 3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\nexample.org/log\n4\nx\n\n— x\n"))
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 0\n\nx"))
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra \nindex 00\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := ParseProof(raw)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if len(p.Entry) > 0 && !bytes.Equal(p.Text(), raw) {
			t.Fatalf("%q reads and writes as %q", raw, p.Text())
		}
	})
}

func FuzzParseTile(f *testing.F) {
	f.Add("tile/0/x001/x234/067.p/8")
	f.Add("tile/entries/000")
	f.Fuzz(func(t *testing.T, path string) {
		if got, ok := ParseTile(path); ok && (got.Path() != path || got.Width < 1 || got.Width > TileWidth || got.N < 0 || got.End() <= 0) {
			t.Fatalf("%q is read as %+v", path, got)
		}
	})
}

// zeros makes a key that is the same in every run.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
