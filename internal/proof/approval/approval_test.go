package approval

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof/permit"
)

var key = ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef"))

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func approved(edit func(*Approval)) Approval {
	a := Approval{ID: "bas_1", Source: "src_7", Root: strings.Repeat("ab", 32), Entries: 1_000_000, By: "usr_ann", At: 1_774_000_000, Reason: Reason("after the release of May")}
	if edit != nil {
		edit(&a)
	}
	return a
}

func TestApproval(t *testing.T) {
	text, err := Sign(key, approved(nil))
	if err != nil {
		t.Fatal(err)
	}
	other := ed25519.NewKeyFromSeed([]byte("fedcba9876543210fedcba9876543210"))
	got, err := Verify(" "+text+"\n", public(other), public(key))
	want := approved(func(a *Approval) { a.Key = KeyID(public(key)) })
	if err != nil || got != want || len(text) > 600 {
		t.Fatalf("%+v, %v, %d bytes", got, err, len(text))
	}
	if err := got.Of("src_7", strings.Repeat("ab", 32), 1_000_000); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"another host":      got.Of("src_8", got.Root, got.Entries),
		"another root":      got.Of(got.Source, strings.Repeat("ac", 32), got.Entries),
		"no root":           got.Of(got.Source, "", got.Entries),
		"another number":    got.Of(got.Source, got.Root, 1),
		"a host in capital": got.Of("SRC_7", got.Root, got.Entries),
	} {
		if !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Nothing but the very bytes that were signed is taken.
	for i := range len(text) {
		for _, bit := range []byte{1, 2, 32} {
			changed := []byte(text)
			changed[i] ^= bit
			if _, err := Verify(string(changed), public(key)); !fault.Is(err, fault.Refused) {
				t.Fatalf("bit %d of byte %d can be changed: %v", bit, i, err)
			}
		}
	}
	parts := strings.Split(text, ".")
	for name, hostile := range map[string]string{
		"cut": text[:len(text)-1], "empty": "", "no signature": parts[0] + "." + parts[1], "padded": text + "=", "long": text + strings.Repeat("A", maxText),
		"a line break": parts[0] + "." + parts[1][:10] + "\n" + parts[1][10:] + "." + parts[2], "twice": text + "." + parts[2],
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
	if _, err := Verify(text); !fault.Is(err, fault.Refused) {
		t.Errorf("without a key: %v", err)
	}
}

// Signed by a trusted key, and still no approval.
func TestSignedButNone(t *testing.T) {
	sign := func(p, payload string) string {
		body := p + base64.RawURLEncoding.EncodeToString([]byte(payload))
		return body + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(body)))
	}
	text, err := Sign(key, approved(nil))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	good := string(raw)
	if _, err := Verify(sign(prefix, good), public(key)); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	for name, payload := range map[string]string{
		"unknown field": strings.Replace(good, `{`, `{"more":1,`, 1), "empty": `{}`, "spaced": strings.Replace(good, `{`, `{ `, 1), "two": good + good,
		"another key's name": strings.Replace(good, KeyID(public(key)), strings.Repeat("0", 16), 1), "capitals": strings.ToUpper(good), "no JSON": "abl",
		"nobody": strings.Replace(good, "usr_ann", "src_ann", 1), "field twice": strings.Replace(good, `{`, `{"id":"bas_2",`, 1),
	} {
		if _, err := Verify(sign(prefix, payload), public(key)); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Verify(sign("act1.", good), public(key)); !fault.Is(err, fault.Refused) {
		t.Errorf("under another prefix: %v", err)
	}
	token, err := permit.Sign(key, permit.Token{ID: "ctk_1", Change: "CH-1", Who: "usr_ann", Hosts: []string{"web-1"}, Paths: []string{"/etc/x"}, Count: 1, From: 1, Until: 2})
	if err != nil {
		t.Fatal(err)
	}
	for name, hostile := range map[string]string{"a change token": token, "one renamed": prefix + strings.TrimPrefix(token, "act1.")} {
		if _, err := Verify(hostile, public(key)); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := permit.Verify("act1."+strings.TrimPrefix(text, prefix), public(key)); !fault.Is(err, fault.Refused) {
		t.Errorf("an approval taken for a change token: %v", err)
	}
}

func TestBounds(t *testing.T) {
	for field, edits := range map[string][]func(*Approval){
		"id":      {func(a *Approval) { a.ID = "" }, func(a *Approval) { a.ID = "bas_" + strings.Repeat("x", 60) }},
		"source":  {func(a *Approval) { a.Source = "src" }, func(a *Approval) { a.Source = "usr_1" }, func(a *Approval) { a.Source = "src_1\n" }},
		"by":      {func(a *Approval) { a.By = "Anna Smith" }, func(a *Approval) { a.By = "svc_1" }},
		"root":    {func(a *Approval) { a.Root = strings.Repeat("AB", 32) }, func(a *Approval) { a.Root = a.Root[:62] }, func(a *Approval) { a.Root = "" }},
		"reason":  {func(a *Approval) { a.Reason = "because" }},
		"entries": {func(a *Approval) { a.Entries = 0 }, func(a *Approval) { a.Entries = MaxEntries + 1 }},
		"at":      {func(a *Approval) { a.At = 0 }, func(a *Approval) { a.At = 1 << 60 }},
	} {
		for i, edit := range edits {
			_, err := Sign(key, approved(edit))
			if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), field+":") {
				t.Errorf("%s %d: %v", field, i, err)
			}
		}
	}
	if _, err := Sign(key[:10], approved(nil)); !fault.Is(err, fault.Internal) {
		t.Errorf("half a key: %v", err)
	}
	if again := Reason("a"); again == Reason("b") || again != Reason("a") {
		t.Error("a reason's digest")
	}
}

func FuzzVerify(f *testing.F) {
	text, err := Sign(key, approved(nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("abl1..")
	f.Add("act1." + text[5:])
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Verify(s, public(key))
		if err == nil && strings.TrimSpace(s) != text {
			t.Fatalf("%q is taken for %+v", s, got)
		}
	})
}
