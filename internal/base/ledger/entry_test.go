package ledger

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database/databasetest"
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
			if err := g.entry.check(); err != nil {
				t.Fatal(err)
			}
			got, err := g.entry.encode("ent_06eeqaw9jn0000000000000000", g.seq, testStart, commitment)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != g.bytes {
				t.Errorf("bytes\n%s, want\n%s", got, g.bytes)
			}
			if h := leafHash(got); hex.EncodeToString(h[:]) != g.hash {
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
	payload, commitment, err := commit(map[string]string{"name": "Ada", "mail": "ada@example.org"}, make([]byte, 32))
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
	f, err := fieldsOf([]byte(raw))
	if err != nil || string(f.stream) != "s" || string(f.streamSeq) != "4" {
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

func TestAppendRefuses(t *testing.T) {
	l := newTestLog(t, databasetest.SQLite(t), t.TempDir(), nil)
	good := func(change func(*Entry)) Entry {
		e := Entry{Type: "run", Stream: "system", Actor: "system", Subject: "host_1", Data: map[string]any{}}
		change(&e)
		return e
	}
	type named string
	secretPrefix := "AKIA" // kept apart, so that no scanner takes this file for a leak
	for _, tc := range []struct {
		name, field string
		entry       Entry
	}{
		{"no type", "type", good(func(e *Entry) { e.Type = "" })},
		{"capitals", "type", good(func(e *Entry) { e.Type = "Run" })},
		{"no stream", "stream", good(func(e *Entry) { e.Stream = "" })},
		{"no actor", "actor", good(func(e *Entry) { e.Actor = "" })},
		{"a name as actor", "actor", good(func(e *Entry) { e.Actor = "Ada Lovelace" })},
		{"bad UTF-8", "subject", good(func(e *Entry) { e.Subject = "\xff" })},
		{"blob", "blob", good(func(e *Entry) { e.Blob = "ABC" })},
		{"float", "data.ratio", good(func(e *Entry) { e.Data["ratio"] = 0.5 })},
		{"float in a list", "data.list[1]", good(func(e *Entry) { e.Data["list"] = []any{1, float32(2)} })},
		{"float in a map", "data.m.x", good(func(e *Entry) { e.Data["m"] = map[string]float64{"x": 1} })},
		{"nil", "data.nil", good(func(e *Entry) { e.Data["nil"] = nil })},
		{"struct", "data.s", good(func(e *Entry) { e.Data["s"] = struct{ A int }{1} })},
		{"pointer", "data.p", good(func(e *Entry) { n := 1; e.Data["p"] = &n })},
		{"bytes", "data.b", good(func(e *Entry) { e.Data["b"] = []byte("x") })},
		{"channel", "data.c", good(func(e *Entry) { e.Data["c"] = make(chan int) })},
		{"map with other keys", "data.m", good(func(e *Entry) { e.Data["m"] = map[int]string{1: "x"} })},
		{"big integer", "data.n", good(func(e *Entry) { e.Data["n"] = int64(1 << 53) })},
		{"big unsigned", "data.n", good(func(e *Entry) { e.Data["n"] = uint64(1 << 63) })},
		{"bad UTF-8 in data", "data.t", good(func(e *Entry) { e.Data["t"] = "\xc3" })},
		{"too deep", "data.d[0][0][0][0][0][0][0][0]", good(func(e *Entry) {
			var v any = "x"
			for range 12 {
				v = []any{v}
			}
			e.Data["d"] = v
		})},
		{"too long", "data", good(func(e *Entry) { e.Data["t"] = strings.Repeat("x", MaxEntry) })},
		{"private key", "data.key", good(func(e *Entry) { e.Data["key"] = "x\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl" })},
		{"password", "data.line", good(func(e *Entry) { e.Data["line"] = "mysql --password=hunter22 -u root" })},
		{"password in JSON", "data.line", good(func(e *Entry) { e.Data["line"] = `{"password": "hunter22"}` })},
		{"password by key", "data.m.Password", good(func(e *Entry) { e.Data["m"] = map[string]string{"Password": "x1"} })},
		{"bearer", "data.h[0]", good(func(e *Entry) { e.Data["h"] = []string{"Authorization: Bearer abcdefghijklmnop1234"} })},
		{"AWS", "subject", good(func(e *Entry) { e.Subject = secretPrefix + "IOSFODNN7EXAMPLE" })},
		{"token", "data.t", good(func(e *Entry) { e.Data["t"] = named("ghp_" + strings.Repeat("a1", 18)) })},
		{"address", "data.u", good(func(e *Entry) { e.Data["u"] = "postgres://app:s3cret@db/app" })},
		{"hash", "data.u", good(func(e *Entry) { e.Data["u"] = "root:$6$saltsalt$abcdefghijklmnop:19000:" })},
		{"in personal data", "personal.note", good(func(e *Entry) { e.Personal = map[string]string{"note": "api_key=abcdef123456"} })},
	} {
		_, err := l.tryAdd(tc.entry)
		var f *fault.Error
		if !fault.Is(err, fault.Invalid) || !asFault(err, &f) || f.Field != tc.field {
			t.Errorf("%s: %v (field %q), want an invalid %s", tc.name, err, fieldOf(f), tc.field)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter22") || strings.Contains(err.Error(), "s3cret")) {
			t.Errorf("%s: the error repeats the secret: %v", tc.name, err)
		}
	}
	if rep := l.mustVerify(t); rep.Unnumbered != 0 || rep.Streams != 0 {
		t.Errorf("refused entries left something: %+v", rep)
	}
	// What only speaks of secrets is welcome.
	for _, text := range []string{"PasswordAuthentication yes", "linux-server/pam-password-quality", "password: ********", "PermitEmptyPasswords=no",
		"password required pam_pwquality.so retry=3", "the secret store was unsealed", "https://example.org:8443/x", "bearer of news", "PASS_MAX_DAYS 99999", "password=<redacted>"} {
		if _, err := l.tryAdd(good(func(e *Entry) { e.Data["observed"] = text })); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	l.publish(t)
	l.mustVerify(t)
}

func TestParseMicros(t *testing.T) {
	for _, at := range []time.Time{testStart, time.Unix(0, 0), time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(0, 2, 29, 0, 0, 0, 0, time.UTC),
		time.Date(2000, 2, 29, 23, 59, 59, 999999000, time.UTC), time.Date(2100, 3, 1, 0, 0, 0, 1000, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		for day := range 800 {
			at := at.AddDate(0, 0, day).UTC()
			if at.Year() > 9999 {
				break
			}
			if got, ok := parseMicros([]byte(at.Format(timeLayout))); !ok || got != at.UnixMicro() {
				t.Fatalf("%v: %d, %v; want %d", at, got, ok, at.UnixMicro())
			}
		}
	}
	for _, text := range []string{"", "2026-02-29T00:00:00.000000Z", "2100-02-29T00:00:00.000000Z", "2026-13-01T00:00:00.000000Z", "2026-00-01T00:00:00.000000Z",
		"2026-01-00T00:00:00.000000Z", "2026-04-31T00:00:00.000000Z", "2026-01-01T24:00:00.000000Z", "2026-01-01T00:60:00.000000Z", "2026-01-01T00:00:60.000000Z",
		"2026-01-01T00:00:00.00000Z", "2026-01-01 00:00:00.000000Z", "2026-01-01T00:00:00.000000z", "+026-01-01T00:00:00.000000Z"} {
		if _, ok := parseMicros([]byte(text)); ok {
			t.Errorf("%q is a time", text)
		}
	}
}
