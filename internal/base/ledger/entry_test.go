package ledger

import (
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
)

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
		{"too long", "data", good(func(e *Entry) { e.Data["t"] = strings.Repeat("x", proof.MaxEntry) })},
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
