package privatekey

import (
	"encoding/base64"
	"testing"
)

func openSSH(cipher string) string {
	raw := "openssh-key-v1\x00\x00\x00\x00" + string(rune(len(cipher))) + cipher + "and much more that does not matter here, to fill a line or two"
	return "-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString([]byte(raw)) + "\n-----END OPENSSH PRIVATE KEY-----\n"
}

func TestLook(t *testing.T) {
	for _, c := range []struct {
		text               string
		private, encrypted bool
	}{
		{"", false, false},
		{"-----BEGIN CERTIFICATE-----\nAA\n", false, false},
		{"-----BEGIN PUBLIC KEY-----\nAA\n", false, false},
		{"-----BEGIN PRIVATE KEY-----\nAA\n", true, false},
		{"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA\n", true, true},
		{"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", true, true},
		{"text before\n-----BEGIN EC PRIVATE KEY-----\r\nAA\n", true, false},
		{openSSH("none"), true, false},
		{openSSH("aes256-ctr"), true, true},
		{"-----BEGIN OPENSSH PRIVATE KEY-----\n!!!\n", true, false},
	} {
		private, encrypted := Look([]byte(c.text))
		if private != c.private || encrypted != c.encrypted {
			t.Errorf("%q: private %v, encrypted %v", c.text, private, encrypted)
		}
	}
}

// FuzzLook gives any bytes: nothing is encrypted that is no private key.
func FuzzLook(f *testing.F) {
	for _, s := range []string{openSSH("none"), openSSH("x"), "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "-----BEGIN OPENSSH PRIVATE KEY-----", "-----BEGIN "} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if private, encrypted := Look(data); encrypted && !private {
			t.Error("encrypted, and no private key")
		}
	})
}
