package place

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

// secret makes a token of 256 random bits and its digest.
func secret() (token, hash string) {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails
	token = base64.RawURLEncoding.EncodeToString(raw)
	return token, hashOf(token)
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func sameHash(hash, token string) bool {
	return subtle.ConstantTimeCompare([]byte(hash), []byte(hashOf(token))) == 1
}

// digest tells messages apart: the same body for another subject is another one.
func digest(subject string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(subject + "\n"))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
