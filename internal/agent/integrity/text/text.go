// Package text keeps the text of small files without the secrets in it, and
// tells in lines what changed between two of them.
//
// Serves C7.1c. Invariants: what looks like a secret is gone before anything
// is kept or shown, and no digest of it stays: a short one could be guessed.
// Rather too much is taken out than too little. Two texts that differ only in
// secrets give an empty difference; the digest of the file still differs.
//
// Floor: edges, below agent/integrity. Imports nothing of the project.
package text

import (
	"bytes"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Redacted stands where a secret stood.
const Redacted = "[redacted]"

// never are names of files that hold nothing but secrets.
var never = regexp.MustCompile(`(?i)^(g?shadow-?|opasswd|.*\.(key|pem|p12|pfx|jks|keytab|kdbx|gpg)|id_(rsa|dsa|ecdsa|ed25519)|ssh_host_.*_key|.*_key|.*secrets?(\..*)?|\.(pgpass|netrc|my\.cnf|git-credentials|htpasswd)|htpasswd|krb5\.keytab|machine-id)$`)

// Keepable reports whether the content of a file may be kept as text at all:
// by its name, and being text.
func Keepable(name string, content []byte) bool {
	return !never.MatchString(path.Base(name)) && utf8.Valid(content) && bytes.IndexByte(content, 0) < 0
}

// secret are words in the names of settings whose values are taken out.
const secret = `pass(?:w(?:or)?d|phrase|code)?|pwd|secrets?|tokens?|api[-_ ]?keys?|access[-_ ]?keys?|private[-_ ]?keys?|shared[-_ ]?keys?|encryption[-_ ]?keys?|signing[-_ ]?keys?|psk|wpa[-_]?psk|credentials?|community|authorization|auth[-_]?(?:key|token|data)|cookie|salt|seed|bindpw|pin|dsn|connection[-_ ]?string|webhook(?:[-_]?url)?|sasl[-_a-z]*`

var (
	// A name that has such a word in it, then = or : or white space, then the value to the end of the line.
	setting = regexp.MustCompile(`(?i)((?:^|[^a-z0-9])(?:[a-z0-9_.-]*[-_.])?(?:` + secret + `)(?:[-_.][a-z0-9_.-]*)?["']?\s*(?:=>|:=|[=:])\s*|(?:^|\s)(?:--?)?(?:(?:[a-z0-9_.-]*[-_.])?(?:` + secret + `)|[a-z]*(?:pass(?:word|wd)?|secret|token|community))\s+)(\S.*)$`)
	joined  = regexp.MustCompile(`((?:^|[^A-Za-z0-9])[A-Za-z0-9_]*(?:[Pp]ass(?:word|wd|phrase)?|[Ss]ecret|[Tt]oken|[Aa]pi[Kk]ey|[Pp]rivate[Kk]ey|PASS(?:WORD|WD)?|SECRET|TOKEN|APIKEY)[A-Za-z0-9_]*["']?\s*(?:=>|:=|[=:])\s*)(\S.*)$`)
	element = regexp.MustCompile(`(?i)(<[^<>]*(?:` + secret + `)[^<>]*>)([^<]+)(</)`)
	inURL   = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^\s/@:]*:)([^\s@]+)(@)`)
	scheme  = regexp.MustCompile(`(?i)\b((?:bearer|basic|digest|negotiate)\s+)([A-Za-z0-9+/=._~-]{6,})`)
	crypted = regexp.MustCompile(`\$[0-9a-zA-Z-]{1,12}\$[./A-Za-z0-9$=,+-]{8,}|\{(?:S?SHA\d*|S?MD5|CRYPT|PBKDF2[^}]*)\}\S+|\b(?:SCRAM-SHA-256|md5)[$]?[0-9a-fA-F]{32}\S*`)
	known   = regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{12,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[a-z]-[\w-]{10,}|\bsk[-_](?:live|test|proj|ant)?[-_]?[\w-]{16,}|\beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*|\bAIza[\w-]{30,}|\bhvs\.[\w-]{20,}|\bAGE-SECRET-KEY-\w+|https://hooks\.\S+`)
	run     = regexp.MustCompile(`[A-Za-z0-9+/_-]{20,}={0,2}`)
	// What is published, and how a line within it looks: nothing else passes there.
	shown    = regexp.MustCompile(`^-----BEGIN (CERTIFICATE|TRUSTED CERTIFICATE|X509 CRL|PUBLIC KEY|PGP PUBLIC KEY BLOCK|DH PARAMETERS)-----$`)
	armoured = regexp.MustCompile(`^([A-Za-z0-9+/]{1,76}={0,2}|=[A-Za-z0-9+/]{4}|Comment: .*|Version: .*|)$`)
	armour   = regexp.MustCompile(`-----BEGIN ([A-Z0-9 ]*(?:PRIVATE KEY|MESSAGE|SECRET)[A-Z0-9 ]*)-----`)
)

// Redact takes secrets out of a text, line by line.
func Redact(content []byte) []byte {
	var out strings.Builder
	out.Grow(len(content))
	inside := ""    // the label of the armoured block
	public := false // within one that is for everybody
	for line := range strings.Lines(string(content)) {
		body := strings.TrimRight(line, "\r\n")
		end := line[len(body):]
		if inside != "" {
			if strings.Contains(body, "-----END "+inside) {
				inside = ""
				out.WriteString(body + end)
			}
			continue
		}
		if m := armour.FindStringSubmatchIndex(body); m != nil {
			inside = body[m[2]:m[3]]
			if strings.Contains(body, "-----END "+inside) || strings.Contains(body, `\n`) {
				inside = "" // all on one line
				out.WriteString(body[:m[0]] + Redacted + end)
				continue
			}
			out.WriteString(body[:m[1]] + end + Redacted + "\n")
			continue
		}
		if begins := strings.HasPrefix(body, "-----BEGIN "); begins || public {
			public = begins && shown.MatchString(body) || public && !strings.HasPrefix(body, "-----END ") && armoured.MatchString(body)
			if public || strings.HasPrefix(body, "-----END ") {
				out.WriteString(body + end)
				continue
			}
		}
		out.WriteString(redactLine(body) + end)
	}
	return []byte(out.String())
}

func redactLine(s string) string {
	s = inURL.ReplaceAllString(s, "${1}"+Redacted+"${3}")
	s = element.ReplaceAllString(s, "${1}"+Redacted+"${3}")
	for _, re := range []*regexp.Regexp{setting, joined} {
		if m := re.FindStringSubmatchIndex(s); m != nil && !harmless(s[m[4]:m[5]]) && !strings.HasSuffix(strings.TrimSpace(s[m[2]:m[3]]), "NOPASSWD:") {
			s = s[:m[4]] + Redacted
		}
	}
	s = scheme.ReplaceAllString(s, "${1}"+Redacted)
	s = crypted.ReplaceAllString(s, Redacted)
	s = known.ReplaceAllString(s, Redacted)
	return run.ReplaceAllStringFunc(s, func(word string) string {
		if random(word) {
			return Redacted
		}
		return word
	})
}

// plain are values that say how something is done, not with what.
var plain = []string{"yes", "no", "on", "off", "true", "false", "none", "null", "enabled", "disabled", "required", "sufficient", "requisite", "optional",
	"{", "[", "|", ">", "-", `""`, "''", "0", "1", "prohibit-password", "without-password", "forced-commands-only"}

func harmless(v string) bool {
	v = strings.ToLower(strings.TrimRight(strings.TrimSpace(v), ",;"))
	return slices.Contains(plain, v) || strings.HasPrefix(v, strings.ToLower(Redacted))
}

// random reports whether a word looks drawn, as keys are: long, of several
// kinds of characters or of hexadecimal digits, and with few repetitions.
func random(word string) bool {
	if strings.Count(word, "/") > 1 || strings.Count(word, "-")+strings.Count(word, "_") > len(word)/6 {
		return false // a path, a name of several words
	}
	var counts [256]int
	lower, upper, digit, hex := 0, 0, 0, true
	turns, last := 0, byte(0) // from one kind of character to another: words have few
	for i := range len(word) {
		c := word[i]
		counts[c]++
		kind := byte('x')
		switch {
		case c >= 'a' && c <= 'z':
			kind = 'a'
		case c >= 'A' && c <= 'Z':
			kind = 'A'
		case c >= '0' && c <= '9':
			kind = '0'
		}
		if i > 0 && kind != last {
			turns++
		}
		last = kind
		switch {
		case c >= 'a' && c <= 'z':
			lower++
			hex = hex && c <= 'f'
		case c >= 'A' && c <= 'Z':
			upper++
			hex = hex && c <= 'F'
		case c >= '0' && c <= '9':
			digit++
		default:
			hex = false
		}
	}
	bits := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(word))
			bits -= p * math.Log2(p)
		}
	}
	drawn := 5*turns > 2*len(word)
	switch {
	case strings.HasPrefix(word, "AAAA") && len(word) > 60:
		return false // a public key of SSH
	case hex:
		return len(word) >= 32 && digit > 0 && bits > 2.5
	case digit > 0 && lower > 0 && upper > 0:
		return drawn && bits > 3.2
	case digit > 2 && (lower > 0 || upper > 0):
		return drawn && len(word) >= 24 && bits > 3.5
	}
	return len(word) >= 40 && drawn && bits > 4
}
