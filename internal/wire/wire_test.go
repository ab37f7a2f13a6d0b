package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/wire"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

var at = time.Date(2026, 3, 14, 9, 26, 53, 589793000, time.UTC)

func sample() *wire.Envelope {
	offset := int64(-1500)
	return &wire.Envelope{
		Version: wire.Version, Source: ids.New("src", at), Stream: "host.k3x9", Sequence: 7, ObservedAt: at,
		ClockOffsetUs: &offset, Kind: wire.KindFacts, Agent: wire.AgentInfo{Name: "attesta-agent", Version: "0.1.0"},
		Items: []json.RawMessage{json.RawMessage(`{"section":"sysctl","values":{"a":1}}`)},
	}
}

func pack(t testing.TB, plain []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll(plain, nil)
}

func TestRoundTrip(t *testing.T) {
	want := sample()
	packed, err := wire.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	again, err := wire.Encode(want)
	if err != nil || !bytes.Equal(packed, again) {
		t.Fatalf("the same envelope gave other bytes (%v)", err)
	}
	got, err := wire.Decode(iotest.OneByteReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decoded differs (-sent +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	change := func(f func(m map[string]any)) []byte {
		plain, err := json.Marshal(sample())
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(plain, &m); err != nil {
			t.Fatal(err)
		}
		f(m)
		if plain, err = json.Marshal(m); err != nil {
			t.Fatal(err)
		}
		return pack(t, plain)
	}
	whole, err := wire.Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 0x10
	noise := make([]byte, wire.MaxCompressed+1)
	for _, tc := range []struct {
		name  string
		body  []byte
		field string
		says  string
	}{
		{"nothing", nil, "", "empty"},
		{"not compressed", []byte(`{"version":1}`), "", "zstd"},
		{"cut short", whole[:len(whole)-9], "", "cut short"},
		{"cut to one byte", whole[:1], "", "cut short"},
		{"a bit flipped", flipped, "", "zstd"},
		{"too long", noise, "", "limit of 8388608"},
		{"zip bomb", pack(t, make([]byte, wire.MaxDecompressed+1)), "", "expands to more than"},
		{"two frames that are a bomb together", append(pack(t, make([]byte, wire.MaxDecompressed)), pack(t, make([]byte, 2))...), "", "expands to more than"},
		{"huge window", pack2(t, make([]byte, 32<<20)), "", "expands to more than"},
		{"nested without end", pack(t, bytes.Repeat([]byte("["), 1<<20)), "", "not JSON at byte"},
		{"not JSON", pack(t, []byte("hello")), "", "not JSON at byte 1"},
		{"trailing data", pack(t, []byte(`{"version":1} {}`)), "", "not JSON"},
		{"not UTF-8", pack(t, []byte("{\"version\":1,\"kind\":\"\xff\"}")), "", "UTF-8"},
		{"a list", pack(t, []byte(`[]`)), "", "array was found"},
		{"null", pack(t, []byte(`null`)), "version", "version 0"},
		{"newer version", change(func(m map[string]any) { m["version"] = wire.Version + 1 }), "version", "update"},
		{"newer version with other types", change(func(m map[string]any) { m["version"] = wire.Version + 1; m["sequence"] = "7" }), "version", "reads versions"},
		{"version zero", change(func(m map[string]any) { m["version"] = 0 }), "version", "version 0"},
		{"wrong type", change(func(m map[string]any) { m["sequence"] = "7" }), "sequence", "string was found"},
		{"sequence zero", change(func(m map[string]any) { m["sequence"] = 0 }), "sequence", "count from 1"},
		{"negative sequence", change(func(m map[string]any) { m["sequence"] = -4 }), "sequence", "count from 1"},
		{"source of another form", change(func(m map[string]any) { m["source"] = "usr_1" }), "source", "no source id"},
		{"stream with a path", change(func(m map[string]any) { m["stream"] = "../x" }), "stream", "stream name"},
		{"no kind", change(func(m map[string]any) { delete(m, "kind") }), "kind", "no kind"},
		{"no time", change(func(m map[string]any) { delete(m, "observed_at") }), "observed_at", "missing"},
		{"an item that is a number", change(func(m map[string]any) { m["items"] = []any{map[string]any{}, 5} }), "items[1]", "JSON object"},
		{"an item that is null", change(func(m map[string]any) { m["items"] = []any{nil} }), "items[0]", "JSON object"},
		{"too many items", change(func(m map[string]any) {
			m["items"] = make([]struct{}, wire.MaxItems+1)
		}), "items", "over the limit"},
		{"a long agent version", change(func(m map[string]any) {
			m["agent"] = map[string]any{"version": strings.Repeat("9", 65)}
		}), "agent", "longer"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, err := wire.Decode(bytes.NewReader(tc.body))
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("kind %q (%v), want invalid; envelope %v", fault.KindOf(err), err, e)
			}
			var f *fault.Error
			errors.As(err, &f)
			if f.Field != tc.field {
				t.Errorf("field %q, want %q: %v", f.Field, tc.field, err)
			}
			if !strings.Contains(err.Error()+" "+f.Hint, tc.says) {
				t.Errorf("says %q (%s), want %q in it", err, f.Hint, tc.says)
			}
		})
	}
}

// pack2 compresses with a window that the decoder does not grant.
func pack2(t testing.TB, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithWindowSize(32<<20), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(z, bytes.NewReader(plain)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadErrorsAreNotFaultsOfTheSender(t *testing.T) {
	broken := errors.New("connection reset")
	_, err := wire.Decode(io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || fault.Is(err, fault.Invalid) {
		t.Errorf("a reader's error became %v", err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	big := sample()
	big.Items = []json.RawMessage{json.RawMessage(`{"a":"` + strings.Repeat("x", wire.MaxDecompressed) + `"}`)}
	bad := sample()
	bad.Items = []json.RawMessage{json.RawMessage(`{"a":`)}
	unnamed := sample()
	unnamed.Source = ""
	for name, e := range map[string]*wire.Envelope{"too large": big, "broken item": bad, "no source": unnamed} {
		if _, err := wire.Encode(e); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNegotiate(t *testing.T) {
	for _, tc := range []struct {
		got, newest int
		ok          bool
	}{
		{1, 1, true}, {2, 1, false}, {0, 1, false}, {1, 3, true}, {1, 4, false}, {2, 4, true}, {4, 4, true}, {5, 4, false}, {-1, 2, false},
	} {
		err := wire.Negotiate(tc.got, tc.newest)
		if (err == nil) != tc.ok {
			t.Errorf("version %d at a server of version %d: %v", tc.got, tc.newest, err)
		}
		if err != nil && !strings.Contains(err.Error(), "reads versions") {
			t.Errorf("the refusal does not say what is read: %v", err)
		}
	}
}

func TestToken(t *testing.T) {
	want := wire.Token{Secret: "att_" + strings.Repeat("k", 32), Fingerprint: wire.Fingerprint([]byte("certificate"))}
	got, err := wire.ParseToken(" " + want.String() + "\n")
	if err != nil || got != want {
		t.Errorf("read back %v, %v", got, err)
	}
	for _, bad := range []string{"", "att_", want.Secret, want.Secret + ".", want.Secret + ".00", "tok_" + want.String()[4:],
		"att_short." + want.Fingerprint, want.Secret + "." + strings.Repeat("g", 64), want.String() + "00"} {
		if _, err := wire.ParseToken(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q gave %v", bad, err)
		}
	}
}

func TestProblem(t *testing.T) {
	p, err := wire.DecodeProblem(409, []byte(`{"type":"about:blank","status":409,"detail":"taken","hint":"make another","kind":"conflict","code":"x"}`))
	if !fault.Is(err, fault.Conflict) || p.Code != "x" || err.Error() != "taken" {
		t.Errorf("got %+v, %v", p, err)
	}
	for _, body := range []string{"", "<html>Bad gateway</html>", "{}", "[]"} {
		if _, err := wire.DecodeProblem(502, []byte(body)); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "502") {
			t.Errorf("%q gave %v", body, err)
		}
	}
}

func TestOffset(t *testing.T) {
	// The sender is 1 s ahead; 30 ms on the way each way, 200 ms at the server.
	if got := wire.Offset(1_000_000, 30_000, 230_000, 1_260_000); got != 1_000_000 {
		t.Errorf("offset %d µs", got)
	}
}

// FuzzDecode: whatever comes in, Decode gives a valid envelope that encodes
// again, or a fault of kind Invalid.
func FuzzDecode(f *testing.F) {
	whole, err := wire.Encode(sample())
	if err != nil {
		f.Fatal(err)
	}
	plain, err := json.Marshal(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, false)
	f.Add(whole[:len(whole)/2], false)
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd}, false)
	f.Add(plain, true)
	f.Add([]byte(`{"version":1,"items":[{},[]]}`), true)
	f.Add([]byte(`{"version":99,"source":7}`), true)
	f.Add([]byte(`{"version":1,"observed_at":"10000-01-01T00:00:00Z"}`), true)
	f.Fuzz(func(t *testing.T, body []byte, compress bool) {
		if compress {
			body = pack(t, body)
		}
		e, err := wire.DecodeBytes(body)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("kind %q: %v", fault.KindOf(err), err)
			}
			if e != nil {
				t.Fatal("an envelope beside an error")
			}
			return
		}
		packed, err := wire.Encode(e)
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		again, err := wire.DecodeBytes(packed)
		if err != nil {
			t.Fatalf("what was encoded cannot be decoded: %v", err)
		}
		if again.Sequence != e.Sequence || !again.ObservedAt.Equal(e.ObservedAt) || len(again.Items) != len(e.Items) {
			t.Fatalf("%+v became %+v", e, again)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	e := sample()
	for range 2000 {
		e.Items = append(e.Items, json.RawMessage(`{"section":"packages","values":{"name":"libc6","version":"2.36-9+deb12u10","arch":"amd64","source":"glibc","manager":"dpkg"}}`))
	}
	packed, err := wire.Encode(e)
	if err != nil {
		b.Fatal(err)
	}
	plain, err := json.Marshal(e)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(plain)))
	var ours, parse time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := wire.DecodeBytes(packed); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
		start = time.Now()
		var m wire.Envelope
		if err := json.Unmarshal(plain, &m); err != nil {
			b.Fatal(err)
		}
		parse += time.Since(start)
	}
	b.ReportMetric(float64(ours)/float64(parse), "x-plain-json")
}

// FuzzTexts: a token or an error answer of any bytes is read or refused.
func FuzzTexts(f *testing.F) {
	f.Add("att_" + strings.Repeat("k", 32) + "." + strings.Repeat("0", 64))
	f.Add(`{"detail":"x","kind":"conflict","status":409}`)
	f.Add(`{"detail":"x","kind":"","hint":5}`)
	f.Add("att_.")
	f.Fuzz(func(t *testing.T, s string) {
		if tok, err := wire.ParseToken(s); err == nil {
			if again, err := wire.ParseToken(tok.String()); err != nil || again != tok {
				t.Fatalf("%q became %v, %v", s, again, err)
			}
		} else if !fault.Is(err, fault.Invalid) {
			t.Fatalf("kind %q", fault.KindOf(err))
		}
		if _, err := wire.DecodeProblem(500, []byte(s)); err == nil {
			t.Fatal("an error answer that is no error")
		}
	})
}
