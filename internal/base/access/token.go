package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// The prefixes say what a token is to whoever finds one, and keep a link from
// being used as a session.
const (
	linkPrefix    = "attl_"
	sessionPrefix = "atts_"
	tokenBytes    = 32 // 256 bits
)

// newToken gives a token for the person and the hash for the database.
func newToken(prefix string) (token string, hash []byte, err error) {
	var secret [tokenBytes]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", nil, fmt.Errorf("make a token: %w", err)
	}
	token = prefix + base64.RawURLEncoding.EncodeToString(secret[:])
	hash, err = hashToken(prefix, token)
	return token, hash, err
}

// hashToken reads a token in its one spelling and gives its SHA-256, which is
// what the database knows. 256 random bits need no slow hash.
func hashToken(prefix, token string) ([]byte, error) {
	text, ok := strings.CutPrefix(token, prefix)
	if !ok || len(text) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return nil, fault.New(fault.Invalid, "this is no token")
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(secret) != tokenBytes {
		return nil, fault.New(fault.Invalid, "this is no token")
	}
	sum := sha256.Sum256(append([]byte(prefix), secret...))
	return sum[:], nil
}

// address gives the name under which a source's failures are counted: the
// address itself, or the /64 of IPv6, of which one subscriber has all. What is
// no address counts as one source.
func (c Client) address() string {
	a, err := netip.ParseAddr(c.Address)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}

// personal gives what the ledger commits to about a source: the address, where
// it is one. The agent stays out: it is any text a stranger likes.
func (c Client) personal() map[string]string {
	a, err := netip.ParseAddr(c.Address)
	if err != nil {
		return nil
	}
	return map[string]string{"address": a.Unmap().WithZone("").String()}
}

// trimmed bounds what is kept of a client, as valid text without control characters.
func (c Client) trimmed() Client {
	clean := func(s string, n int) string {
		s = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, strings.ToValidUTF8(s, "?"))
		for len(s) > n {
			s = strings.ToValidUTF8(s[:n], "")
		}
		return s
	}
	return Client{Address: clean(c.Address, 64), Agent: clean(c.Agent, 200)}
}
