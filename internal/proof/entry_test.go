package proof

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/google/go-cmp/cmp"
)

// The bytes below may never change: entries with them are signed and kept for
// years. A new schema version gets new golden entries beside these.
var golden = []struct {
	name  string
	entry Entry
	seq   int64
	bytes string
	hash  string
}{
	{"least", Entry{Type: "run", Stream: "system", Actor: "system"}, 1,
		`{"actor":"system","at":"2026-03-14T09:26:53.589793Z","id":"ent_06eeqaw9jn0000000000000000","stream":"system","stream_seq":1,"type":"run","v":1}`,
		"1a5a74f0d30d08cdc773a4b3e9d5c8def9b1a9263559ca0b9e86f12312641b03"},
	{"most", Entry{Type: "finding.opened", Stream: "source/src_06eeqaw9jn", Actor: "usr_06eeqaw9jn", Subject: "fnd_06eeqaw9jn", Outcome: "fail",
		Blob: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		Data: map[string]any{"z": int64(-1), "a": []string{"ß", "<&>", "\u2028", "\x01"}, "nested": map[string]any{"b": true, "aa": uint8(255), "A": 1<<53 - 1},
			"when": time.Date(2026, 1, 2, 4, 4, 5, 6000, time.FixedZone("", 3600))},
		Personal: map[string]string{"name": "Ada"}}, 9007199254740991,
		`{"actor":"usr_06eeqaw9jn","at":"2026-03-14T09:26:53.589793Z","blob":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",` +
			`"commitment":"c0ffee","data":{"a":["ß","<&>","` + "\u2028" + `","\u0001"],"nested":{"A":9007199254740991,"aa":255,"b":true},"when":"2026-01-02T03:04:05.000006Z","z":-1},` +
			`"id":"ent_06eeqaw9jn0000000000000000","outcome":"fail","stream":"source/src_06eeqaw9jn","stream_seq":9007199254740991,"subject":"fnd_06eeqaw9jn","type":"finding.opened","v":1}`,
		"b5a9d3ecae603ec1c0ef228295a51aa69f471f56d18f770959ff95e776484777"},
}

func TestGoldenEntries(t *testing.T) {
	for _, g := range golden {
		t.Run(g.name, func(t *testing.T) {
			commitment := ""
			if g.entry.Personal != nil {
				commitment = "c0ffee"
			}
			if err := g.entry.Check(); err != nil {
				t.Fatal(err)
			}
			got, err := g.entry.Encode("ent_06eeqaw9jn0000000000000000", g.seq, testStart, commitment)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != g.bytes {
				t.Errorf("bytes\n%s, want\n%s", got, g.bytes)
			}
			if h := LeafHash(got); hex.EncodeToString(h[:]) != g.hash {
				t.Errorf("hash %x, want %s", h, g.hash)
			}
			rec, err := ParseEntry(got)
			if err != nil {
				t.Fatal(err)
			}
			if rec.Type != g.entry.Type || rec.Stream != g.entry.Stream || rec.StreamSeq != g.seq || !rec.At.Equal(testStart) ||
				rec.Actor != g.entry.Actor || rec.Subject != g.entry.Subject || rec.Outcome != g.entry.Outcome || rec.Blob != g.entry.Blob ||
				rec.Version != 1 || rec.Commitment != commitment || rec.Index != -1 {
				t.Errorf("read back: %+v", rec)
			}
		})
	}
}

func TestGoldenCommitment(t *testing.T) {
	payload, commitment, err := Commit(map[string]string{"name": "Ada", "mail": "ada@example.org"}, make([]byte, 32))
	if err != nil || string(payload) != `{"mail":"ada@example.org","name":"Ada"}` {
		t.Fatal(string(payload), err)
	}
	const want = "20202c4b32f11fc9430af1a5234690ceb6fa3e876f703b33d3deb3ba5043a3f5"
	if commitment != want {
		t.Errorf("commitment %s, want %s", commitment, want)
	}
}

// A reader of today meets entries of tomorrow.
func TestReadersAcceptTheUnknown(t *testing.T) {
	raw := `{"at":"2031-01-02T03:04:05.000006Z","data":{"ratio":1.5,"n":3,"deep":[{"x":2}]},"future":{"a":[1,2,{"b":"}"}]},"id":"ent_1","quoted\"key":"\"","stream":"s","stream_seq":4,"type":"thing.unheard_of","v":7}`
	rec, err := ParseEntry([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"ratio": json.Number("1.5"), "n": int64(3), "deep": []any{map[string]any{"x": int64(2)}}}
	if diff := cmp.Diff(want, rec.Data); diff != "" || rec.Version != 7 || rec.Type != "thing.unheard_of" {
		t.Errorf("%+v\n%s", rec, diff)
	}
	f, err := FieldsOf([]byte(raw))
	if err != nil || string(f.Stream) != "s" || string(f.StreamSeq) != "4" {
		t.Errorf("fields %q, %v", f, err)
	}
}

func TestParseEntryRefuses(t *testing.T) {
	ok := `{"at":"2026-03-14T09:26:53.589793Z","id":"ent_1","stream":"s","stream_seq":1,"type":"run","v":1}`
	if _, err := ParseEntry([]byte(ok)); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{
		"empty": "", "not JSON": "run", "a list": "[1]", "null": "null", "cut": ok[:50], "two": ok + ok,
		"no version":   strings.Replace(ok, `,"v":1`, "", 1),
		"version 0":    strings.Replace(ok, `"v":1`, `"v":0`, 1),
		"no id":        strings.Replace(ok, `"id":"ent_1",`, "", 1),
		"no type":      strings.Replace(ok, `"run"`, `""`, 1),
		"no stream":    strings.Replace(ok, `"s"`, `""`, 1),
		"sequence 0":   strings.Replace(ok, `"stream_seq":1`, `"stream_seq":0`, 1),
		"sequence 1.5": strings.Replace(ok, `"stream_seq":1`, `"stream_seq":1.5`, 1),
		"local time":   strings.Replace(ok, `793Z`, `793+01:00`, 1),
		"short time":   strings.Replace(ok, `.589793Z`, `Z`, 1),
		"too long":     strings.Replace(ok, `"s"`, `"`+strings.Repeat("s", MaxEntry)+`"`, 1),
	} {
		if _, err := ParseEntry([]byte(raw)); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseMicros(t *testing.T) {
	for _, at := range []time.Time{testStart, time.Unix(0, 0), time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(0, 2, 29, 0, 0, 0, 0, time.UTC),
		time.Date(2000, 2, 29, 23, 59, 59, 999999000, time.UTC), time.Date(2100, 3, 1, 0, 0, 0, 1000, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		for day := range 800 {
			at := at.AddDate(0, 0, day).UTC()
			if at.Year() > 9999 {
				break
			}
			if got, ok := ParseMicros([]byte(at.Format(TimeLayout))); !ok || got != at.UnixMicro() {
				t.Fatalf("%v: %d, %v; want %d", at, got, ok, at.UnixMicro())
			}
		}
	}
	for _, text := range []string{"", "2026-02-29T00:00:00.000000Z", "2100-02-29T00:00:00.000000Z", "2026-13-01T00:00:00.000000Z", "2026-00-01T00:00:00.000000Z",
		"2026-01-00T00:00:00.000000Z", "2026-04-31T00:00:00.000000Z", "2026-01-01T24:00:00.000000Z", "2026-01-01T00:60:00.000000Z", "2026-01-01T00:00:60.000000Z",
		"2026-01-01T00:00:00.00000Z", "2026-01-01 00:00:00.000000Z", "2026-01-01T00:00:00.000000z", "+026-01-01T00:00:00.000000Z"} {
		if _, ok := ParseMicros([]byte(text)); ok {
			t.Errorf("%q is a time", text)
		}
	}
}

var testStart = time.Date(2026, 3, 14, 9, 26, 53, 589793000, time.UTC)
