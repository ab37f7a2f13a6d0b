package certs

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

func made(t testing.TB, until time.Time) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(0x1f), Subject: pkix.Name{CommonName: "ann.example"}, NotBefore: until.Add(-90 * 24 * time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, c, c, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestParse(t *testing.T) {
	der := made(t, time.Now())
	one := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what      string
		data      string
		list, bad int
	}{
		{"PEM", one, 1, 0},
		{"two, with text between", one + "text\n" + one, 2, 0},
		{"DER", string(der), 1, 0},
		{"nothing", "", 0, 0},
		{"a key beside it", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + one, 1, 0},
		{"cut off", one[:len(one)/2], 0, 0},
		{"cut off inside", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der[:len(der)-9]})) + one, 1, 1},
		{"DER cut off", string(der[:40]), 0, 1},
		{"a key in DER", string(key), 0, 0},
		{"some binary", "\x00\x01\x02\x03\x04\x05", 0, 0},
	} {
		list, bad := parse([]byte(c.data))
		if len(list) != c.list || len(bad) != c.bad {
			t.Errorf("%s: %d certificates, wrong %q", c.what, len(list), bad)
		}
	}
}

func TestDaysLeft(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for left, want := range map[time.Duration]int64{48 * time.Hour: 2, 47 * time.Hour: 1, time.Hour: 0, -time.Hour: -1, -48 * time.Hour: -2} {
		list, _ := parse(made(t, now.Add(left)))
		got := describe(list[0], "/a", 1, now)
		if got.DaysLeft != want || got.Serial != "1f" || !got.SelfSigned || got.Issuer != "" || strings.Contains(got.SubjectDigest, "ann") || len(got.SubjectDigest) != 32 {
			t.Errorf("%s left: %+v", left, got)
		}
	}
}

// FuzzParse gives any bytes as a file: what is counted is bounded, and what is
// wrong is said in one line.
func FuzzParse(f *testing.F) {
	der := made(f, time.Now())
	f.Add(der)
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"))
	f.Add([]byte("0\x82\xff\xff0"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, bad := parse(data)
		if len(list)+len(bad) > maxListed {
			t.Errorf("%d certificates and %d mistakes", len(list), len(bad))
		}
		for _, b := range bad {
			if strings.ContainsAny(b, "\n\x00") {
				t.Errorf("%q", b)
			}
		}
		for i, c := range list {
			if d := describe(c, "/a", i+1, time.Unix(0, 0)); d.Bits < 0 || d.KeyType == "" {
				t.Errorf("%+v", d)
			}
		}
	})
}
