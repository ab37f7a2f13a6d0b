package ledger

import (
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// The ledger can never forget, so what looks like a secret is turned away
// before it enters, personal data included. The patterns favour shapes that
// are secrets almost always; prose about passwords passes.
var secretPatterns = []struct {
	name    string
	needles []string // in lower case; a text with none of them cannot match
	pattern *regexp.Regexp
}{
	{"a private key", []string{"private key", "private+key+", "age-secret-key-1"},
		regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----|PRIVATE\+KEY\+|AGE-SECRET-KEY-1`)},
	{"an AWS access key", []string{"akia", "asia"}, regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b`)},
	{"a bearer token", []string{"bearer", "basic"}, regexp.MustCompile(`(?i)\b(bearer|basic)\s+[a-z0-9+/._~-]{16,}={0,2}`)},
	{"a signed token", []string{"eyj"}, regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)},
	{"an access token", []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "sk_live_"},
		regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeprs]-[A-Za-z0-9-]{10,}|sk_live_[A-Za-z0-9]{16,})`)},
	{"a password in an address", []string{"://"}, regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]{3,}@`)},
	{"a password", []string{"password", "passwd", "passphrase", "secret", "key", "token"},
		regexp.MustCompile(`(?i)(password|passwd|passphrase|secret|api[_-]?key|access[_-]?key|auth[_-]?token|access[_-]?token)["']?\s*[=:]\s*["']?([^\s"'&,;]{6,})`)},
	{"a password hash", []string{"$"}, regexp.MustCompile(`\$(1|2[aby]|5|6|y|argon2id?)\$[^\s$]+\$[^\s]{8,}`)},
}

// secretKeys are map keys whose value is a secret whatever it looks like.
var secretKeys = regexp.MustCompile(`(?i)^(password|passwd|passphrase|secret|private[_-]?key|api[_-]?key|access[_-]?token|auth[_-]?token|bearer|credential)$`)

// masked values stand where a secret was taken out already.
var masked = regexp.MustCompile(`(?i)^[\[<(]?(\*+|x{3,}|\.{3,}|redacted|removed|hidden|masked|none|required|unchanged|disabled|enabled)[\])>]?$`)

// needle is a text that tells of a pattern, filed under its first byte.
type needle struct {
	rest    string
	pattern int
}

var needles = func() (table [256][]needle) {
	for i, p := range secretPatterns {
		for _, n := range p.needles {
			table[n[0]] = append(table[n[0]], needle{n[1:], i})
			if upper := n[0] &^ 0x20; n[0] >= 'a' && n[0] <= 'z' {
				table[upper] = append(table[upper], needle{n[1:], i})
			}
		}
	}
	return table
}()

// candidatesIn gives the patterns, one bit each, of which a needle is in s. One
// pass over every byte that enters the ledger has to be cheap.
func candidatesIn(s string) (found uint) {
	for i := range len(s) {
		for _, n := range needles[s[i]] {
			if i+1+len(n.rest) <= len(s) && equalFold(s[i+1:i+1+len(n.rest)], n.rest) {
				found |= 1 << n.pattern
			}
		}
	}
	return found
}

// equalFold compares s with a lower-case text of the same length; only ASCII letters fold.
func equalFold(s, lower string) bool {
	for i := range len(lower) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// secretIn names the kind of secret that s seems to hold, or "".
func secretIn(s string) string {
	if len(s) < 8 {
		return ""
	}
	candidates := candidatesIn(s)
	if candidates == 0 {
		return ""
	}
	for i, p := range secretPatterns {
		if candidates>>i&1 == 0 {
			continue
		}
		m := p.pattern.FindStringSubmatch(s)
		if m == nil || (p.name == "a password" && masked.MatchString(m[len(m)-1])) {
			continue
		}
		return p.name
	}
	return ""
}

// checkSecrets refuses an entry in which any value looks like a secret. The
// fault names where, never what.
func checkSecrets(e *Entry) error {
	refuse := func(field, kind string) error {
		return fault.New(fault.Invalid, "seems to hold %s; the ledger can never forget it", kind).At("", 0, field).
			WithHint("keep the secret in the secret store and put a name for it here")
	}
	for _, f := range []struct{ name, value string }{{"stream", e.Stream}, {"actor", e.Actor}, {"subject", e.Subject}, {"outcome", e.Outcome}} {
		if kind := secretIn(f.value); kind != "" {
			return refuse(f.name, kind)
		}
	}
	for _, k := range sortedKeys(e.Personal) {
		if kind := secretOf(k, e.Personal[k]); kind != "" {
			return refuse("personal."+k, kind)
		}
	}
	for _, k := range sortedKeys(e.Data) {
		if field, kind := secretWithin("data."+k, k, reflect.ValueOf(e.Data[k]), 0); kind != "" {
			return refuse(field, kind)
		}
	}
	return nil
}

func secretOf(key, value string) string {
	if value != "" && len(key) <= 16 && secretKeys.MatchString(key) && !masked.MatchString(value) {
		return "a password or key"
	}
	if kind := secretIn(key); kind != "" {
		return kind
	}
	return secretIn(value)
}

func secretWithin(path, key string, v reflect.Value, depth int) (field, kind string) {
	for v.IsValid() && v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() || depth > 8 {
		return "", ""
	}
	switch v.Kind() {
	case reflect.String:
		return path, secretOf(key, v.String())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if f, k := secretWithin(path+"["+strconv.Itoa(i)+"]", key, v.Index(i), depth+1); k != "" {
				return f, k
			}
		}
	case reflect.Map:
		for _, mk := range v.MapKeys() {
			if mk.Kind() != reflect.String {
				return "", "" // refused when it is encoded
			}
			if f, k := secretWithin(path+"."+mk.String(), mk.String(), v.MapIndex(mk), depth+1); k != "" {
				return f, k
			}
		}
	}
	return "", ""
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, strings.Clone(k))
	}
	sort.Strings(keys)
	return keys
}
