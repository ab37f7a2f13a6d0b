// Package privatekey tells private keys from other files, and whether a
// passphrase protects them, by their first bytes. Nothing of a key is kept.
//
// Serves C7.1b (CC6.1). Floor: edges, below agent/collect. Imports nothing of
// the project.
package privatekey

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
)

// Head is how many bytes of a file are enough to tell.
const Head = 4 << 10

// Look reports whether a file that starts with head holds a private key, and
// whether that is encrypted.
func Look(head []byte) (private, encrypted bool) {
	for line := range bytes.Lines(head) {
		label, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("-----BEGIN "))
		if !ok {
			continue
		}
		label = bytes.TrimSuffix(label, []byte("-----"))
		if !bytes.HasSuffix(label, []byte("PRIVATE KEY")) {
			continue
		}
		_, body, _ := bytes.Cut(head, line)
		switch string(label) {
		case "ENCRYPTED PRIVATE KEY":
			return true, true
		case "OPENSSH PRIVATE KEY":
			return true, openssh(body)
		}
		return true, bytes.Contains(body, []byte("Proc-Type: 4,ENCRYPTED"))
	}
	return false, false
}

// openssh reads the name of the cipher, which comes first.
func openssh(body []byte) bool {
	const magic = "openssh-key-v1\x00"
	text := bytes.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == ' ' {
			return -1
		}
		return r
	}, body[:min(len(body), 512)])
	text = text[:min(len(text), 64)/4*4]
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, _ := base64.StdEncoding.Decode(raw, text) // what there is before a mistake is enough, or it is no such key
	raw = raw[:n]
	if !bytes.HasPrefix(raw, []byte(magic)) {
		return false
	}
	raw = raw[len(magic):]
	if len(raw) < 4 {
		return false
	}
	size := binary.BigEndian.Uint32(raw)
	raw = raw[4:]
	return int64(size) > int64(len(raw)) || string(raw[:size]) != "none"
}
