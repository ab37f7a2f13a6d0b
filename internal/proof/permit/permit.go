// Package permit holds change tokens: a short signed text that says who may
// change which paths on which hosts, how often, and until when: for a change of
// the register, or for a run of configuration management. Whoever watches
// files on a host takes a change that a token covers for expected, without
// asking a server.
//
// A token is "act1." + payload + "." + signature, both base64url without
// padding; the payload is JSON in one fixed form, the signature Ed25519 over the
// text before the last dot. It holds no secret: whoever has it can show that a
// change was approved, and cannot widen it.
//
// Invariants:
//   - Verify gives a token only where a key that the caller trusts signed it and
//     every field is within its bounds; it never gives part of one.
//   - A token's bytes are the only form of its content: another spelling of the
//     same payload is refused.
//   - Nothing is covered before From, from Until on, or by a pattern that
//     matches everything.
//
// Floor: declared; pure, also for the agent.
package permit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

const (
	prefix      = "act1."
	maxText     = 4096
	maxPatterns = 20
	maxPattern  = 200
	maxCount    = 10_000
	// MaxLife is the longest time for which a token can hold.
	MaxLife = 31 * 24 * time.Hour
)

// Token is what a text says.
type Token struct {
	ID     string   `json:"id"`     // "ctk_…"
	Key    string   `json:"key"`    // of the signer, see KeyID
	Change string   `json:"change"` // "CH-12"
	Who    string   `json:"who"`    // "usr_…": who may change; never a name
	Hosts  []string `json:"hosts"`  // patterns of host names: "web-*"
	Paths  []string `json:"paths"`  // patterns of absolute paths: "/etc/nginx/**"
	Count  int      `json:"count"`  // how many changes of paths it covers
	From   int64    `json:"from"`   // seconds since 1970, UTC; included
	Until  int64    `json:"until"`  // not included

	// What the token is for. A token without it is of a change, and its bytes are
	// those that it always had.
	Kind Kind   `json:"kind,omitempty"`
	Tool string `json:"tool,omitempty"` // of a run: "ansible"
	Run  string `json:"run,omitempty"`  // of a run: what the tool calls it
}

// Kind is what a token is for.
type Kind string

// The kinds. A change is never spelled out: a token has one form.
const (
	OfChange Kind = ""    // Change names it
	OfRun    Kind = "run" // a run of configuration management: Tool and Run name it, Change where it belongs to one
)

// Purpose says in words what a token is for: "change CH-12", "ansible run 2041".
func (t Token) Purpose() string {
	if t.Kind == OfRun {
		return t.Tool + " run " + t.Run
	}
	return "change " + t.Change
}

// KeyID names a public key: the first 16 hex digits of its SHA-256.
func KeyID(k ed25519.PublicKey) string {
	sum := sha256.Sum256(k)
	return hex.EncodeToString(sum[:8])
}

func bad(field, format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

func word(field, s string, longest int) error {
	if s == "" || len(s) > longest || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return bad(field, "%q is no word of 1 to %d bytes", s, longest)
	}
	return nil
}

// Check refuses, with kind Invalid and the field, what no token may say.
func (t Token) Check() error {
	words := []struct{ field, value string }{{"id", t.ID}, {"key", t.Key}, {"who", t.Who}}
	switch t.Kind {
	case OfChange:
		words = append(words, struct{ field, value string }{"change", t.Change})
		if t.Tool != "" || t.Run != "" {
			return bad("kind", "only a token of a run names a tool and its run")
		}
	case OfRun:
		words = append(words, struct{ field, value string }{"tool", t.Tool}, struct{ field, value string }{"run", t.Run})
		if t.Change != "" {
			words = append(words, struct{ field, value string }{"change", t.Change})
		}
	default:
		return bad("kind", "%q is no kind of token", t.Kind).(*fault.Error).WithHint("leave it out for a change, or %q", OfRun)
	}
	for _, w := range words {
		if err := word(w.field, w.value, 60); err != nil {
			return err
		}
	}
	for field, list := range map[string][]string{"hosts": t.Hosts, "paths": t.Paths} {
		if len(list) == 0 || len(list) > maxPatterns {
			return bad(field, "name 1 to %d patterns", maxPatterns)
		}
		for _, p := range list {
			if err := word(field, p, maxPattern); err != nil {
				return err
			}
			if _, err := path.Match(strings.ReplaceAll(p, "**", "*"), ""); err != nil {
				return bad(field, "%q is no pattern", p)
			}
			if strings.Trim(p, "*/?.") == "" {
				return bad(field, "%q would cover everything", p).(*fault.Error).WithHint("name what the change touches")
			}
			if field == "paths" && (!strings.HasPrefix(p, "/") || path.Clean(p) != p) {
				return bad(field, "%q is no absolute path in its shortest form", p)
			}
		}
	}
	switch {
	case t.Count < 1 || t.Count > maxCount:
		return bad("count", "a token covers 1 to %d changes", maxCount)
	case t.From < 0 || t.Until <= t.From:
		return bad("until", "a token ends after it begins")
	case t.Until-t.From > int64(MaxLife/time.Second):
		return bad("until", "a token holds for at most %d days", int(MaxLife.Hours()/24))
	}
	return nil
}

// Sign gives the text of a token; it sets Key.
func Sign(key ed25519.PrivateKey, t Token) (string, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return "", fault.New(fault.Internal, "the key of change tokens is no Ed25519 key")
	}
	t.Key = KeyID(public)
	if err := t.Check(); err != nil {
		return "", err
	}
	payload, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	text := prefix + base64.RawURLEncoding.EncodeToString(payload)
	text += "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
	if len(text) > maxText {
		return "", bad("paths", "the token would have more than %d bytes: name fewer or shorter patterns", maxText)
	}
	return text, nil
}

// Form reads what a text says without asking who signed it, for a program that
// only hands it on. Kind Refused for what no key could have signed.
func Form(text string) (Token, error) {
	t, _, _, err := read(text)
	return t, err
}

// Verify reads a token that one of the keys signed. Whether it holds at a moment
// is Covers' to say. Kind Refused for anything else.
func Verify(text string, keys ...ed25519.PublicKey) (Token, error) {
	t, signed, signature, err := read(text)
	if err != nil {
		return Token{}, err
	}
	by := slices.IndexFunc(keys, func(k ed25519.PublicKey) bool {
		return len(k) == ed25519.PublicKeySize && ed25519.Verify(k, signed, signature)
	})
	if by < 0 {
		return Token{}, fault.New(fault.Refused, "no key that is trusted here signed the change token")
	}
	if t.Key != KeyID(keys[by]) {
		return Token{}, fault.New(fault.Refused, "the change token names another key than the one that signed it")
	}
	return t, nil
}

// read takes a text apart: what it says, the bytes that are signed, and the
// signature, which nobody has looked at yet.
func read(text string) (t Token, signed, signature []byte, err error) {
	no := func(format string, args ...any) (Token, []byte, []byte, error) {
		return Token{}, nil, nil, fault.New(fault.Refused, format, args...)
	}
	text = strings.TrimSpace(text)
	rest, ok := strings.CutPrefix(text, prefix)
	payload64, signature64, two := strings.Cut(rest, ".")
	if !ok || !two || len(text) > maxText || strings.ContainsAny(text, "\r\n") { // the decoder would pass over line breaks
		return no("this is no change token")
	}
	strict := base64.RawURLEncoding.Strict()
	payload, err := strict.DecodeString(payload64)
	signature, err2 := strict.DecodeString(signature64)
	if err != nil || err2 != nil || len(signature) != ed25519.SignatureSize {
		return no("the change token cannot be read")
	}
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&t); err != nil {
		return no("the change token says what this program does not know")
	}
	if again, err := json.Marshal(t); err != nil || !bytes.Equal(again, payload) {
		return no("the change token is not in its one form")
	}
	if err := t.Check(); err != nil {
		return no("the change token says what none may: %s", err)
	}
	return t, []byte(prefix + payload64), signature, nil
}

// Covers reports whether a change of a path on a host at a moment is covered. It
// does not count: whoever watches counts up to Count.
func (t Token) Covers(host, file string, at time.Time) bool {
	s := at.Unix()
	if s < t.From || s >= t.Until {
		return false
	}
	return slices.ContainsFunc(t.Hosts, func(p string) bool { return Match(strings.ToLower(p), strings.ToLower(host)) }) &&
		slices.ContainsFunc(t.Paths, func(p string) bool { return Match(p, path.Clean("/"+file)) })
}

// Match reports whether a slash-separated name matches a pattern: * and ? within
// a part, [classes], and ** for any number of whole parts. A pattern that cannot
// be read matches nothing.
func Match(pattern, name string) bool {
	return match(strings.Split(pattern, "/"), strings.Split(name, "/"), new(int))
}

// maxSteps bounds what one pattern may cost.
const maxSteps = 10_000

func match(p, n []string, steps *int) bool {
	if *steps++; *steps > maxSteps {
		return false
	}
	for len(p) > 0 {
		if p[0] == "**" {
			for len(p) > 1 && p[1] == "**" {
				p = p[1:]
			}
			for i := 0; i <= len(n); i++ {
				if match(p[1:], n[i:], steps) {
					return true
				}
			}
			return false
		}
		if len(n) == 0 {
			return false
		}
		if ok, err := path.Match(p[0], n[0]); err != nil || !ok {
			return false
		}
		p, n = p[1:], n[1:]
	}
	return len(n) == 0
}
