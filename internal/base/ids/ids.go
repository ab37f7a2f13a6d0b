// Package ids makes identifiers: UUIDv7 (RFC 9562, section 5.7) in lower-case
// Crockford base32 behind a type prefix, "fnd_06g3…". They sort by time of
// making and carry nothing about their subject.
//
// Floor: base, pure.
package ids

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"
)

// alphabet is Crockford's base32 in lower case: no i, l, o, u.
var encoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// New gives "prefix_" and 26 characters for a time. The prefix is two to five
// lower-case letters.
func New(prefix string, at time.Time) string {
	var b [16]byte
	if _, err := rand.Read(b[6:]); err != nil {
		panic("ids: the system's random source failed: " + err.Error()) // crypto/rand documents that it never fails on Linux
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(b[:6], ms[2:])
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	return prefix + "_" + encoding.EncodeToString(b[:])
}

// Valid reports whether s is an identifier with that prefix.
func Valid(s, prefix string) bool {
	rest, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(rest) != 26 {
		return false
	}
	_, err := encoding.DecodeString(rest)
	return err == nil
}
