package permit

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

var key = ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef"))

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func token(edit func(*Token)) Token {
	t := Token{ID: "ctk_1", Key: KeyID(public(key)), Change: "CH-12", Who: "usr_ann", Hosts: []string{"web-*", "db-01"}, Paths: []string{"/etc/nginx/**", "/srv/app/*.conf"}, Count: 5, From: 1_000_000, Until: 1_003_600}
	if edit != nil {
		edit(&t)
	}
	return t
}

func TestToken(t *testing.T) {
	text, err := Sign(key, token(nil))
	if err != nil {
		t.Fatal(err)
	}
	other := ed25519.NewKeyFromSeed([]byte("fedcba9876543210fedcba9876543210"))
	got, err := Verify(" "+text+"\n", public(other), public(key))
	if err != nil || got.Change != "CH-12" || len(text) > 500 {
		t.Fatalf("%+v, %v, %d bytes", got, err, len(text))
	}
	within := time.Unix(1_000_000, 0)
	for _, tc := range []struct {
		host, path string
		at         time.Time
		want       bool
	}{
		{"web-7", "/etc/nginx/nginx.conf", within, true},
		{"WEB-7", "/etc/nginx/sites/a/b", within.Add(time.Hour - time.Second), true},
		{"db-01", "/srv/app/x.conf", within, true},
		{"db-02", "/srv/app/x.conf", within, false},
		{"web-7", "/srv/app/deep/x.conf", within, false},
		{"web-7", "/etc/nginx/../shadow", within, false},
		{"web-7", "/etc/nginx/a", within.Add(-time.Second), false},
		{"web-7", "/etc/nginx/a", within.Add(time.Hour), false},
	} {
		if got.Covers(tc.host, tc.path, tc.at) != tc.want {
			t.Errorf("%s %s at %d: not %v", tc.host, tc.path, tc.at.Unix(), tc.want)
		}
	}
	// Nothing but the very bytes that were signed is taken.
	for i := range len(text) {
		changed := []byte(text)
		changed[i] ^= 1
		if _, err := Verify(string(changed), public(key)); !fault.Is(err, fault.Refused) {
			t.Fatalf("byte %d can be changed: %v", i, err)
		}
	}
	parts := strings.Split(text, ".")
	for name, hostile := range map[string]string{
		"cut": text[:len(text)-1], "empty": "", "no signature": parts[0] + "." + parts[1], "padded": text + "=", "long": text + strings.Repeat("A", maxText),
	} {
		if _, err := Verify(hostile, public(key)); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, k := range map[string]ed25519.PublicKey{"another key": public(other), "half a key": public(key)[:16], "none": nil} {
		if _, err := Verify(text, k); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Signed by a trusted key, and still not a token.
	for name, payload := range map[string]string{"unknown field": `{"id":"x","more":1}`, "empty": `{}`, "spaced": `{ "id":"ctk_1"}`} {
		body := prefix + base64.RawURLEncoding.EncodeToString([]byte(payload))
		body += "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(body)))
		if _, err := Verify(body, public(key)); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBounds(t *testing.T) {
	for field, edit := range map[string]func(*Token){
		"id":     func(t *Token) { t.ID = "" },
		"who":    func(t *Token) { t.Who = "a b" },
		"change": func(t *Token) { t.Change = strings.Repeat("C", 61) },
		"hosts":  func(t *Token) { t.Hosts = []string{"*"} },
		"paths":  func(t *Token) { t.Paths = []string{"/**"} },
		"count":  func(t *Token) { t.Count = 0 },
		"until":  func(t *Token) { t.Until = t.From + 32*24*3600 },
	} {
		_, err := Sign(key, token(edit))
		if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, p := range []string{"etc/nginx", "/etc/../root/x", "/etc/[", "/*/**"} {
		if _, err := Sign(key, token(func(t *Token) { t.Paths = []string{p} })); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	text, err := Sign(key, token(nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("act1..")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Verify(s, public(key))
		if err == nil && strings.TrimSpace(s) != text {
			t.Fatalf("%q is taken for %+v", s, got)
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("/etc/**/x*/[a-z]?", "/etc/a/b/xy/mn")
	f.Add("**/**/**/**/a", "a/a/a/a/a/a/b")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if Match(pattern, name) && !strings.ContainsAny(pattern, "*?[\\") && pattern != name {
			t.Fatalf("%q matches %q", pattern, name)
		}
	})
}

// What was signed before tokens had kinds is the same bytes today, and holds.
func TestOldTokens(t *testing.T) {
	const golden = "act1.eyJpZCI6ImN0a18xIiwia2V5IjoiZmI3OTcwMjE5ZTI2ZDFmNCIsImNoYW5nZSI6IkNILTEyIiwid2hvIjoidXNyX2FubiIsImhvc3RzIjpbIndlYi0qIiwiZGItMDEiXSwicGF0aHMiOlsiL2V0Yy9uZ2lueC8qKiIsIi9zcnYvYXBwLyouY29uZiJdLCJjb3VudCI6NSwiZnJvbSI6MTAwMDAwMCwidW50aWwiOjEwMDM2MDB9.-wyLwpQfqSKNlY1PKn0do_YUO1ktystJCg5WRu_HfrGy0YlnGBaHEgUYNGgiyGZTSjxKFPy7QHj4ZdJa7WSqBQ"
	if text, err := Sign(key, token(nil)); err != nil || text != golden {
		t.Errorf("%s, %v", text, err)
	}
	got, err := Verify(golden, public(key))
	if err != nil || got.Kind != OfChange || got.Purpose() != "change CH-12" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRuns(t *testing.T) {
	run := func(edit func(*Token)) Token {
		return token(func(t *Token) {
			t.Kind, t.Tool, t.Run, t.Change = OfRun, "ansible", "2041", ""
			if edit != nil {
				edit(t)
			}
		})
	}
	text, err := Sign(key, run(nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() (Token, error){"verified": func() (Token, error) { return Verify(text, public(key)) }, "its form": func() (Token, error) { return Form(text) }} {
		if got, err := read(); err != nil || got.Kind != OfRun || got.Purpose() != "ansible run 2041" || !got.Covers("web-1", "/etc/nginx/x", time.Unix(1_000_000, 0)) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := Sign(key, run(func(t *Token) { t.Change = "CH-12" })); err != nil {
		t.Errorf("a run that belongs to a change: %v", err)
	}
	for field, edit := range map[string]func(*Token){
		"tool": func(t *Token) { t.Tool = "" },
		"run":  func(t *Token) { t.Run = "a b" },
		"kind": func(t *Token) { t.Kind = "change" }, // one form only
	} {
		if _, err := Sign(key, run(edit)); !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := Sign(key, token(func(t *Token) { t.Tool = "ansible" })); !fault.Is(err, fault.Invalid) {
		t.Errorf("a change with a tool: %v", err)
	}
	// Form says nothing of who signed.
	other := ed25519.NewKeyFromSeed([]byte("fedcba9876543210fedcba9876543210"))
	if _, err := Verify(text, public(other)); !fault.Is(err, fault.Refused) {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "act1..", text[:len(text)-3], "act2" + text[4:]} {
		if _, err := Form(bad); !fault.Is(err, fault.Refused) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
