package sshkeys

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

// key is what one line of authorized_keys says.
type key struct {
	kind        string
	bits        int64
	fingerprint string
	options     []string
}

// invalid is the type of a line that is no key; sshd passes over it.
const invalid = "invalid"

var kinds = []string{
	"ssh-ed25519", "ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
	"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
}

func knownKind(s string) bool {
	return slices.Contains(kinds, s) || strings.HasSuffix(s, "-cert-v01@openssh.com")
}

// parse reads a line by sshd(8), AUTHORIZED_KEYS FILE FORMAT; ok is false for
// blank lines and comments.
func parse(line string) (k key, ok bool) {
	line = strings.Trim(line, " \t\r")
	if line == "" || line[0] == '#' {
		return key{}, false
	}
	k = key{kind: invalid, options: []string{}}
	word, rest := cut(line)
	if !knownKind(word) {
		k.options = options(word)
		word, rest = cut(rest)
	}
	blob, _ := cut(rest)
	raw, err := base64.StdEncoding.DecodeString(blob)
	if err != nil || !knownKind(word) {
		return k, true
	}
	name, fields, whole := part(raw)
	if !whole || string(name) != word {
		return k, true
	}
	sum := sha256.Sum256(raw)
	k.kind, k.fingerprint, k.bits = word, "SHA256:"+base64.RawStdEncoding.EncodeToString(sum[:]), length(word, fields)
	return k, true
}

// cut takes the first word, in which quoted spaces do not count.
func cut(s string) (word, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted && i+1 < len(s):
			i++
		case s[i] == '"':
			quoted = !quoted
		case (s[i] == ' ' || s[i] == '\t') && !quoted:
			return s[:i], strings.TrimLeft(s[i:], " \t")
		}
	}
	return s, ""
}

// options gives the names of a list of options.
func options(s string) []string {
	out := []string{}
	for s != "" {
		end, quoted := len(s), false
		for i := 0; i < len(s); i++ {
			if s[i] == '\\' && quoted {
				i++
			} else if s[i] == '"' {
				quoted = !quoted
			} else if s[i] == ',' && !quoted {
				end = i
				break
			}
		}
		name, _, _ := strings.Cut(s[:end], "=")
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			out = append(out, name)
		}
		if end == len(s) {
			break
		}
		s = s[end+1:]
	}
	return out
}

// part takes one length-prefixed part of a key.
func part(raw []byte) (head, rest []byte, ok bool) {
	if len(raw) < 4 {
		return nil, nil, false
	}
	n := int64(binary.BigEndian.Uint32(raw))
	if n > int64(len(raw)-4) {
		return nil, nil, false
	}
	return raw[4 : 4+n], raw[4+n:], true
}

// length is the length of a key in bits, as ssh-keygen counts it.
func length(kind string, fields []byte) int64 {
	switch kind {
	case "ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256", "sk-ecdsa-sha2-nistp256@openssh.com":
		return 256
	case "ecdsa-sha2-nistp384":
		return 384
	case "ecdsa-sha2-nistp521":
		return 521
	}
	number, rest, ok := part(fields)
	if kind == "ssh-rsa" { // the exponent comes first
		number, _, ok = part(rest)
	}
	if !ok || kind != "ssh-rsa" && kind != "ssh-dss" {
		return 0
	}
	for len(number) > 0 && number[0] == 0 {
		number = number[1:]
	}
	if len(number) == 0 {
		return 0
	}
	return int64(len(number)-1)*8 + int64(bits.Len8(number[0]))
}
