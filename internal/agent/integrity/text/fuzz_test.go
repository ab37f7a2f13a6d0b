package text

import (
	"bytes"
	"testing"
)

// FuzzRedact gives foreign text to the redactor and the differ.
func FuzzRedact(f *testing.F) {
	f.Add([]byte("password = x\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\n"), []byte("password = y\n"))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"), []byte("a://b:c@d"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if !Keepable("/etc/x", a) || !Keepable("/etc/x", b) || len(a)+len(b) > 4000 {
			return
		}
		secret := []byte("hunter2hunter2")
		got := Redact(append(bytes.Clone(a), "\n-----END X-----\npassword = hunter2hunter2\n"...))
		if bytes.Contains(got, secret) && !bytes.Contains(a, secret) {
			t.Fatalf("%q", got)
		}
		if d := Diff(a, b); (d == "") != bytes.Equal(a, b) {
			t.Fatalf("%q and %q: %q", a, b, d)
		}
	})
}
