// Package stamptest runs a real time-stamp authority for tests: OpenSSL's, behind
// a small HTTP server.
package stamptest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// TSA is an authority with a root of its own.
type TSA struct {
	URL    string
	Root   string      // PEM
	Broken atomic.Bool // it answers 500
	Dir    string

	mu sync.Mutex
}

const conf = `
[tsa]
default_tsa = here
[here]
dir = %[1]s
serial = %[1]s/serial
crypto_device = builtin
signer_cert = %[1]s/tsa.crt
certs = %[1]s/root.crt
signer_key = %[1]s/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[stamping]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[web]
extendedKeyUsage = serverAuth
`

// New starts an authority; key is "rsa:2048" or "ec". It skips, saying so, where
// OpenSSL is not there.
func New(t testing.TB, key string) *TSA {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("NOT RUN: there is no openssl, which is the time-stamp authority of this test")
	}
	a := &TSA{Dir: t.TempDir()}
	write(t, a.Dir+"/tsa.cnf", fmt.Sprintf(conf, a.Dir))
	write(t, a.Dir+"/serial", "01\n")
	kind := []string{"-newkey", key}
	if key == "ec" {
		kind = []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"}
	}
	a.openssl(t, append([]string{"req", "-x509", "-config", "tsa.cnf", "-extensions", "root", "-nodes", "-keyout", "root.key", "-out", "root.crt", "-days", "3650", "-subj", "/O=Test/CN=Test root " + filepath.Base(a.Dir)}, kind...)...)
	a.Sign(t, "tsa", "stamping", kind)
	root, err := os.ReadFile(a.Dir + "/root.crt")
	if err != nil {
		t.Fatal(err)
	}
	a.Root = string(root)
	server := httptest.NewServer(http.HandlerFunc(a.answer))
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

// Sign makes a key and a certificate with the extensions of a section.
func (a *TSA) Sign(t testing.TB, name, section string, kind []string) {
	t.Helper()
	a.openssl(t, append([]string{"req", "-config", "tsa.cnf", "-nodes", "-new", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/O=Test/CN=" + name}, kind...)...)
	a.openssl(t, "x509", "-req", "-in", name+".csr", "-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial", "-out", name+".crt", "-days", "3650", "-extfile", "tsa.cnf", "-extensions", section)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (a *TSA) openssl(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir = a.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
}

// Reply answers a request's bytes.
func (a *TSA) Reply(query []byte) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := os.WriteFile(a.Dir+"/query", query, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command("openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "here", "-queryfile", "query", "-out", "reply")
	cmd.Dir = a.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("openssl ts: %w\n%s", err, out)
	}
	return os.ReadFile(a.Dir + "/reply")
}

func (a *TSA) answer(w http.ResponseWriter, r *http.Request) {
	if a.Broken.Load() || r.Header.Get("Content-Type") != "application/timestamp-query" {
		http.Error(w, "out of order", http.StatusInternalServerError)
		return
	}
	query, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		query, err = a.Reply(query)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = w.Write(query) // the client says what it got
}
