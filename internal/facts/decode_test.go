package facts

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

func section(name, values string, missing ...Missing) Section {
	return Section{Name: name, Registry: 1, Values: json.RawMessage(values), Missing: missing}
}

func TestDecodeFaults(t *testing.T) {
	deep := strings.Repeat(`{"x":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1)
	for _, c := range []struct {
		name    string
		section Section
		field   string
		message string
	}{
		{"truncated in a text", section("sshd", `{"installed":true,"effective":{"permitrootlogin":"n`), "/sshd/effective/permitrootlogin", "truncated"},
		{"truncated after a brace", section("sshd", `{"effective":{`), "/sshd/effective", "truncated"},
		{"nothing at all", section("sshd", ``), "/sshd", "truncated"},
		{"not JSON", section("sshd", `{"installed":yes}`), "/sshd/installed", "not JSON at byte 1"},
		{"text for a number", section("sshd", `{"effective":{"maxauthtries":"6"}}`), "/sshd/effective/maxauthtries", `expected int, found string "6"`},
		{"number with a fraction", section("sshd", `{"effective":{"maxauthtries":6.5}}`), "/sshd/effective/maxauthtries", "expected int, found number 6.5"},
		{"number past 64 bits", section("os", `{"boot_time_us":9223372036854775808}`), "/os/boot_time_us", "expected int, found number 9223372036854775808"},
		{"null", section("os", `{"id":null}`), "/os/id", "expected string, found null"},
		{"object for a list", section("users", `{"accounts":{}}`), "/users/accounts", "expected list(account), found object"},
		{"text in a list of objects", section("users", `{"accounts":[{"name":"root"},"x"]}`), "/users/accounts/1", `expected account, found string "x"`},
		{"inside a map", section("files", `{"/etc/shadow":{"mode":"0640"}}`), "/files/~1etc~1shadow/mode", "expected int"},
		{"given twice", section("os", `{"id":"a","id":"b"}`), "/os/id", "given twice"},
		{"two values", section("os", `{} {}`), "/os", "more than one value"},
		{"list for a section", section("os", `[]`), "/os", "expected os, found list"},
		{"fraction in a newer fact", section("os", `{"later":1.5}`), "/os/later", "expected int"},
		{"null in a newer fact", section("os", `{"later":{"x":null}}`), "/os/later/x", "found null"},
		{"too deep", section("os", `{"later":`+deep+`}`), "/os/later" + strings.Repeat("/x", MaxDepth-1), "nested deeper"},
		{"unknown section", section("nope", `{}`), "/nope", "no such section"},
		{"no name", section("", `{}`), "section", "needs a name"},
		{"no registry version", Section{Name: "os", Values: json.RawMessage(`{}`)}, "/os", "registry version"},
		{"state", section("os", `{}`, Missing{"/id", "broken", "x"}), `/os missing "/id"`, "expected state"},
		{"reason", section("os", `{}`, Missing{"/id", Error, ""}), `/os missing "/id"`, "expected a reason"},
		{"pointer", section("os", `{}`, Missing{"id", Error, "x"}), `/os missing "id"`, "expected a JSON Pointer"},
		{"missing twice", section("os", `{}`, Missing{"/id", Error, "x"}, Missing{"/id", Absent, "y"}), `/os missing "/id"`, "given twice"},
		{"given and missing", section("os", `{"id":"debian"}`, Missing{"/id", Error, "x"}), "/os/id", "both given and missing"},
		{"map given and missing", section("users", `{"login_defs":{"A":"b"}}`, Missing{"/login_defs", Error, "x"}), "/users/login_defs", "both given and missing"},
		{"digest", Section{Name: "os", Registry: 1, Values: json.RawMessage(`{}`), Digest: strings.Repeat("0", 64)}, "/os digest", "does not fit"},
		{"too large", section("os", `{"id":"`+strings.Repeat("x", MaxValues)+`"}`), "/os", "limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(c.section)
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != fault.Invalid {
				t.Fatalf("error %v, want a fault of kind invalid", err)
			}
			if f.Field != c.field || !strings.Contains(f.Message, c.message) {
				t.Errorf("got %s: %s\nwant %s: …%s…", f.Field, f.Message, c.field, c.message)
			}
		})
	}
}

func TestDecodeKeepsWhatIsNewer(t *testing.T) {
	d, err := Decode(Section{Name: "os", Registry: 9, Values: json.RawMessage(`{"id":"debian","later":{"x":[1,"a",true]},"id_like":["a"]}`)})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(d.Unknown, []string{"/later"}) {
		t.Errorf("unknown %v", d.Unknown)
	}
	want := map[string]any{"id": "debian", "id_like": []any{"a"}, "later": map[string]any{"x": []any{int64(1), "a", true}}}
	if !reflect.DeepEqual(d.Values, want) {
		t.Errorf("values %v", d.Values)
	}
	d, err = Decode(Section{Name: "firmware", Registry: 9, Values: json.RawMessage(`{"secure_boot":true}`)})
	if err != nil || !slices.Equal(d.Unknown, []string{""}) || d.Values["secure_boot"] != true {
		t.Errorf("newer section: %+v, %v", d, err)
	}
}

func TestDecodeSpellsOutWhatIsMissing(t *testing.T) {
	d, err := Decode(section("sshd", `{"installed":false}`, Missing{"", Absent, "not installed"}))
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := d.At("/installed"); !ok || v != false {
		t.Errorf("installed: %v %v", v, ok)
	}
	if _, said := d.MissingAt("/installed"); said {
		t.Error("what is known is not missing")
	}
	if m, said := d.MissingAt("/effective/permitrootlogin"); !said || m.Path != "/effective" || m.State != Absent {
		t.Errorf("effective: %+v %v", m, said)
	}

	d, err = Decode(section("files", `{"/etc/gshadow":{"path":"/etc/gshadow","exists":false}}`, Missing{"/~1etc~1gshadow", Absent, "no such file"}))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, m := range d.Missing {
		paths = append(paths, strings.TrimPrefix(m.Path, "/~1etc~1gshadow"))
	}
	if want := []string{"/gid", "/group", "/mode", "/mode_octal", "/mtime_us", "/owner", "/size", "/symlink", "/type", "/uid"}; !slices.Equal(paths, want) {
		t.Errorf("missing %v", paths)
	}

	// The nearer entry wins.
	d, err = Decode(section("users", `{"sudo":{"installed":true}}`, Missing{"/sudo", Error, "needs root"}, Missing{"/sudo/logfile", Absent, "no log"}))
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := d.MissingAt("/sudo/logfile"); m.State != Absent {
		t.Errorf("logfile: %+v", m)
	}
	if m, _ := d.MissingAt("/sudo/rules"); m.State != Error {
		t.Errorf("rules: %+v", m)
	}
}

// TestDigestIsGolden holds the bytes that digests are made of: servers keep
// digests of agents that they have never met.
func TestDigestIsGolden(t *testing.T) {
	s, err := NewSection("os", map[string]any{"name": "a<b>\u2028\"\\\n", "id": "debian", "boot_time_us": int64(1) << 60}, []Missing{{"/version", Absent, "none"}, {"/arch", Error, "uname: failed"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "{\"boot_time_us\":1152921504606846976,\"id\":\"debian\",\"name\":\"a<b>\u2028\\\"\\\\\\n\"}"; string(s.Values) != want {
		t.Errorf("values %s\nwant   %s", s.Values, want)
	}
	// sha256sum of {"missing":[{"path":"/arch","reason":"uname: failed","state":"error"},{"path":"/version",…}],"values":{…}}
	if want := "f0b5b7821558fe70842c918f892a7c356d54472cf774342ea22bccb020840312"; s.Digest != want {
		t.Errorf("digest %s, want %s", s.Digest, want)
	}
	spaced := s
	spaced.Values = json.RawMessage(" {\"name\":\"a<b>\\u2028\\\"\\\\\\n\" , \"id\":\"debian\",\"boot_time_us\":1152921504606846976}")
	if _, err := Decode(spaced); err != nil {
		t.Errorf("the digest is of the canonical form: %v", err)
	}
	if _, err := NewSection("os", map[string]any{"idd": "x"}, nil); err == nil {
		t.Error("a reader may not send what the registry does not declare")
	}
}

func TestCanonicalOrder(t *testing.T) {
	// RFC 8785, 3.2.3: keys sort by UTF-16 code units, so U+1F600 before U+FB33.
	got := string(Canonical(map[string]any{"\u20ac": "1", "\r": "2", "\ufb33": "3", "1": "4", "\U0001f600": "5", "\u0080": "6", "\u00f6": "7"}))
	if want := "{\"\\r\":\"2\",\"1\":\"4\",\"\u0080\":\"6\",\"\u00f6\":\"7\",\"\u20ac\":\"1\",\"\U0001f600\":\"5\",\"\ufb33\":\"3\"}"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestPointers(t *testing.T) {
	for _, tokens := range [][]string{nil, {""}, {"a", "b"}, {"/etc/~x", ""}, {"~1"}} {
		p := JoinPointer(tokens...)
		if got, ok := SplitPointer(p); !ok || !slices.Equal(got, tokens) {
			t.Errorf("%q: %q %v, want %q", p, got, ok, tokens)
		}
	}
	for _, p := range []string{"a", "/~", "/~2"} {
		if _, ok := SplitPointer(p); ok {
			t.Errorf("%q is no pointer", p)
		}
	}
}

func TestLookup(t *testing.T) {
	for pointer, want := range map[string]string{
		"/sshd":                           "sshd ",
		"/sshd/effective":                 "sshd.effective ",
		"/sshd/effective/maxauthtries":    "int /effective/maxauthtries",
		"/files/~1etc~1shadow/mode_octal": "string ",
		"/users/accounts/0/uid":           "int /accounts",
		"/packages/by_name/bash":          "package /by_name",
		"/sshd/nope":                      "",
		"/nope":                           "",
		"":                                "",
		"/os/id/x":                        "",
	} {
		got := ""
		if typ, fact, ok := Registry().Lookup(pointer); ok {
			got = typ.String() + " "
			if fact != nil {
				got += fact.Path
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", pointer, got, want)
		}
	}
}

// BenchmarkDecode decodes a section of 1,000 packages, against reading the
// same bytes with encoding/json into any.
func BenchmarkDecode(b *testing.B) {
	values := map[string]Package{}
	for i := range 1000 {
		name := fmt.Sprintf("package-%d", i)
		values[name] = Package{Name: name, Version: "1.2.3-4", Arch: "amd64", Source: name, SourceVersion: "1.2.3-4", Manager: "dpkg"}
	}
	s, err := NewSection("packages", Packages{ByName: values, Count: new(int64(1000)), Managers: []string{"dpkg"}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(s.Values)))
	var ours time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := Decode(s); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
	}
	start := time.Now()
	for range 20 {
		var v any
		if err := json.Unmarshal(s.Values, &v); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(ours)/float64(b.N)/(float64(time.Since(start))/20), "ours/encoding-json")
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{}`, `{"installed":true,"effective":{"port":[22]}}`, `{"effective":{"maxauthtries":1e9}}`, `{"file":{"a":{"value":"\ud800","line":1}}}`, `[[[[`, `{"a":`} {
		f.Add("sshd", s, "/effective", "error", 1)
	}
	f.Add("files", `{"/etc/x":{"exists":false}}`, "/~1etc~1x", "absent", 2)
	f.Add("later", `{"a":[1,{"b":true}]}`, "", "not_observed", 99)
	f.Fuzz(func(t *testing.T, name, values, path, state string, version int) {
		s := Section{Name: name, Registry: version, Values: json.RawMessage(values), Missing: []Missing{{path, State(state), "r"}}}
		d, err := Decode(s)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("error without a kind: %v", err)
			}
			return
		}
		// What was accepted is the same after a round trip in canonical form.
		s.Values = Canonical(d.Values)
		s.Digest = digest(s.Values, s.Missing)
		again, err := Decode(s)
		if err != nil {
			t.Fatalf("canonical form refused: %v\n%s", err, s.Values)
		}
		if !Equal(d, again) || len(Diff(d, again)) != 0 {
			t.Fatalf("differs after a round trip: %v", Diff(d, again))
		}
	})
}
