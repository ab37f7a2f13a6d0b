package stamp_test

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof/stamp"
	"github.com/attesta/attesta/internal/proof/stamp/stamptest"
)

func token(t *testing.T, a *stamptest.TSA, digest [32]byte) []byte {
	t.Helper()
	query, err := stamp.Request(digest, big.NewInt(77))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.Reply(query)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := stamp.Token(answer)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// What OpenSSL stamps is verified, by its root and at its time; what is of
// something else, or by somebody else, is refused.
func TestAgainstOpenSSL(t *testing.T) {
	for _, key := range []string{"rsa:2048", "ec"} {
		t.Run(key, func(t *testing.T) {
			a := stamptest.New(t, key)
			digest := sha256.Sum256([]byte("a checkpoint"))
			raw := token(t, a, digest)
			roots, err := stamp.ParseRoots([]byte(a.Root))
			if err != nil || len(roots.Names) != 1 {
				t.Fatalf("%v %v", roots, err)
			}
			got, err := stamp.Verify(raw, digest, roots)
			if err != nil {
				t.Fatal(err)
			}
			if time.Since(got.At).Abs() > time.Minute || got.Nonce == nil || got.Nonce.Int64() != 77 || got.Policy != "1.2.3.4.1" || !strings.Contains(got.Signer, "CN=tsa") {
				t.Errorf("%+v", got)
			}
			if _, err := stamp.Verify(raw, sha256.Sum256([]byte("another")), roots); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "something else") {
				t.Errorf("%v", err)
			}
			other, err := stamp.ParseRoots([]byte(stamptest.New(t, "ec").Root))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stamp.Verify(raw, digest, other); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "nobody who is believed") {
				t.Errorf("another's root: %v", err)
			}
			// no flipped bit of what is signed or signs passes
			passed := 0
			for at := range raw {
				bad := bytes.Clone(raw)
				bad[at] ^= 1
				if s, err := stamp.Verify(bad, digest, roots); err == nil {
					if !s.At.Equal(got.At) || s.Serial != got.Serial {
						t.Fatalf("byte %d flipped says %+v", at, s)
					}
					passed++
				}
			}
			if passed > len(raw)/3 { // the root, which is there though nobody needs it, is the largest part
				t.Errorf("%d of %d flips change nothing", passed, len(raw))
			}
			t.Logf("%d bytes; %d flips lie in what says nothing (versions, certificates that are not needed)", len(raw), passed)
		})
	}
}

// OpenSSL reads our question, and refusals are said.
func TestRequestAndRefusals(t *testing.T) {
	a := stamptest.New(t, "ec")
	query, err := stamp.Request(sha256.Sum256(nil), big.NewInt(5))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.Dir+"/q", query, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("openssl", "ts", "-query", "-in", a.Dir+"/q", "-text").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Hash Algorithm: sha256") || !strings.Contains(string(out), "Certificate required: yes") || !strings.Contains(string(out), "0x05") {
		t.Errorf("%s %v", out, err)
	}
	reply, err := a.Reply([]byte("no request at all"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stamp.Token(reply); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "gave no time stamp") {
		t.Errorf("%v", err)
	}
	for name, raw := range map[string][]byte{"nothing": nil, "a page": []byte("<html>"), "large": make([]byte, stamp.MaxToken+1)} {
		if _, err := stamp.Token(raw); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := stamp.Verify(raw, [32]byte{}, nil); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", a.Root + "rest"} {
		if _, err := stamp.ParseRoots([]byte(text)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// A certificate for anything else than time stamping, though its root is
// believed, stamps nothing.
func TestCertificateForSomethingElse(t *testing.T) {
	a := stamptest.New(t, "ec")
	digest := sha256.Sum256([]byte("x"))
	raw := token(t, a, digest)
	expired, err := stamp.ParseRoots([]byte(a.Root))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stamp.Verify(raw, digest, expired); err != nil {
		t.Fatal(err)
	}
	web := strings.Replace(readFile(t, a.Dir+"/tsa.cnf"), "extendedKeyUsage = critical,timeStamping", "extendedKeyUsage = timeStamping", 1)
	if err := os.WriteFile(a.Dir+"/tsa.cnf", []byte(web), 0o600); err != nil {
		t.Fatal(err)
	}
	a.Sign(t, "tsa", "stamping", []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"})
	query, err := stamp.Request(digest, big.NewInt(1))
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := a.Reply(query); err == nil { // OpenSSL itself may refuse to sign with it
		raw, err := stamp.Token(answer)
		if err == nil {
			_, err = stamp.Verify(raw, digest, expired)
		}
		if !fault.Is(err, fault.Refused) {
			t.Errorf("%v", err)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func FuzzVerify(f *testing.F) {
	golden, err := os.ReadFile("testdata/token.der")
	if err != nil {
		f.Fatal(err)
	}
	root, err := os.ReadFile("testdata/root.pem")
	if err != nil {
		f.Fatal(err)
	}
	roots, err := stamp.ParseRoots(root)
	if err != nil {
		f.Fatal(err)
	}
	digest := sha256.Sum256([]byte("golden"))
	want, err := stamp.Verify(golden, digest, roots)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x00})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := stamp.Token(raw); err != nil && !fault.Is(err, fault.Refused) {
			t.Errorf("%v", err)
		}
		got, err := stamp.Verify(raw, digest, roots)
		switch {
		case err != nil && !fault.Is(err, fault.Refused):
			t.Errorf("%v", err)
		case err == nil && (!got.At.Equal(want.At) || got.Serial != want.Serial):
			t.Errorf("a made-up token says %+v", got)
		}
	})
}
