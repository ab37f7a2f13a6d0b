package ingest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/wire"
)

// How long certificates last, and how far back they begin: a host whose clock
// is behind must be able to connect, or its clock would never be known.
const (
	authorityYears = 10
	authorityBack  = 365 * 24 * time.Hour
	serverLifetime = 90 * 24 * time.Hour
	serverBack     = 30 * 24 * time.Hour
	agentBack      = time.Hour // judged by our own clock
)

// authority signs this server's certificate and its agents'.
type authority struct {
	key   *ecdsa.PrivateKey
	cert  *x509.Certificate
	pem   []byte // of cert
	roots *x509.CertPool
	clock clock.Clock

	mu     sync.Mutex
	names  []string         // guarded by mu: for the server's certificate
	server *tls.Certificate // guarded by mu: made in memory, made anew when a third of its life is left
}

// openAuthority reads agents-ca.key and agents-ca.crt from dir, and makes
// them where neither exists.
func openAuthority(dir string, names []string, now clock.Clock) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the directory %s cannot be made", dir)
	}
	keyFile, certFile := filepath.Join(dir, "agents-ca.key"), filepath.Join(dir, "agents-ca.crt")
	keyPEM, err := os.ReadFile(keyFile)
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(certFile); err == nil {
			return nil, fault.New(fault.Refused, "%s is there but its key %s is not", certFile, keyFile).
				WithHint("restore the key from where you keep it; without it every agent must enrol again: move %s away for that", certFile)
		}
		keyPEM, err = makeKey(keyFile)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the agents' authority key %s cannot be read", keyFile)
	}
	if st, err := os.Stat(keyFile); err == nil && st.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Refused, "%s may be read by others (mode %04o)", keyFile, st.Mode().Perm()).
			WithHint("chmod 600 %s; if others had access to this host, make a new authority and enrol the agents again", keyFile)
	}
	damaged := func(file string, err error) error {
		return fault.Wrap(fault.Refused, err, "%s is damaged", file).WithHint("restore it from where you keep it")
	}
	block, _ := pem.Decode(keyPEM)
	if block == nil {
		return nil, damaged(keyFile, errors.New("no PEM"))
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, damaged(keyFile, err)
	}
	certPEM, err := os.ReadFile(certFile)
	if errors.Is(err, os.ErrNotExist) { // new, or stopped between the two files
		if certPEM, err = selfSign(key, now()); err == nil {
			err = writeOnce(certFile, certPEM, 0o644)
		}
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the agents' authority certificate %s cannot be read", certFile)
	}
	if block, _ = pem.Decode(certPEM); block == nil {
		return nil, damaged(certFile, errors.New("no PEM"))
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, damaged(certFile, err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, damaged(certFile, errors.New("the certificate is of another key"))
	}
	a := &authority{key: key, cert: cert, clock: now, names: names, roots: x509.NewCertPool(),
		pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})}
	a.roots.AddCert(cert)
	return a, nil
}

func makeKey(file string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	return b, writeOnce(file, b, 0o600)
}

func selfSign(key *ecdsa.PrivateKey, now time.Time) ([]byte, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Attesta agents authority"},
		NotBefore: now.Add(-authorityBack), NotAfter: now.AddDate(authorityYears, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// writeOnce writes a whole file beside its name, syncs it and moves it there.
func writeOnce(file string, b []byte, mode os.FileMode) error {
	f, err := os.OpenFile(file+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(file+".new", file); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func newSerial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("make a serial number: %w", err)
	}
	return n.Add(n, big.NewInt(1)), nil
}

func (a *authority) fingerprint() string { return wire.Fingerprint(a.cert.Raw) }

// name adds a name or address to the server's certificate.
func (a *authority) name(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Contains(a.names, name) {
		a.names, a.server = append(a.names, name), nil
	}
}

// serverCertificate is what the listener shows: a leaf of a key that is in
// memory only, and the authority's certificate behind it.
func (a *authority) serverCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock()
	if a.server != nil && now.Before(a.server.Leaf.NotAfter.Add(-serverLifetime/3)) && !now.Before(a.server.Leaf.NotBefore) {
		return a.server, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Attesta ingest"},
		NotBefore: now.Add(-serverBack), NotAfter: earlier(now.Add(serverLifetime), a.cert.NotAfter),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{wire.ServerName},
	}
	for _, name := range a.names {
		if ip := net.ParseIP(name); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else if name != "" {
			tmpl.DNSNames = append(tmpl.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("sign the server's certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	a.server = &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
	return a.server, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// request reads a certificate request: its key, which must be one that can be
// relied on, and that key's digest.
func request(csr string) (key crypto.PublicKey, digest string, err error) {
	bad := func(cause error, format string, args ...any) error {
		return fault.Wrap(fault.Invalid, cause, format, args...).At("", 0, "csr")
	}
	block, _ := pem.Decode([]byte(csr))
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, "", bad(nil, "no PEM certificate request")
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, "", bad(err, "the certificate request cannot be read")
	}
	if err := r.CheckSignature(); err != nil {
		return nil, "", bad(err, "the certificate request is not signed by its own key")
	}
	switch k := r.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() {
			return nil, "", bad(nil, "the key is on curve %s; P-256, P-384 and Ed25519 are taken", k.Params().Name)
		}
	case ed25519.PublicKey:
	default:
		return nil, "", bad(nil, "a key of type %s; P-256, P-384 and Ed25519 are taken", r.PublicKeyAlgorithm)
	}
	sum := sha256.Sum256(r.RawSubjectPublicKeyInfo)
	return r.PublicKey, hex.EncodeToString(sum[:]), nil
}

// issue signs a client certificate that names source.
func (a *authority) issue(source string, key crypto.PublicKey, lifetime time.Duration) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	now := a.clock()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: source},
		NotBefore: now.Add(-agentBack), NotAfter: earlier(now.Add(lifetime), a.cert.NotAfter),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		URIs: []*url.URL{wire.SourceURI(source)},
	}, a.cert, key, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign an agent's certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// identify gives the source that a peer's certificate names. ignoreTime is for
// enrolling again with a certificate that has expired.
func (a *authority) identify(peer []*x509.Certificate, ignoreTime bool) (string, error) {
	if len(peer) == 0 {
		return "", fault.New(fault.Unauthenticated, "this listener knows agents by their certificate, and none was shown").
			WithHint("enrol the agent: attesta-agent enrol --server URL --token TOKEN")
	}
	leaf, now := peer[0], a.clock()
	if ignoreTime {
		now = leaf.NotAfter
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: a.roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && now.After(leaf.NotAfter):
		return "", coded(wire.CodeExpired, fault.Wrap(fault.Unauthenticated, err, "the agent's certificate expired on %s", leaf.NotAfter.UTC().Format(time.RFC3339)).
			WithHint("enrol the agent again with a new token; it stays the same source and sends what it kept"))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "", fault.Wrap(fault.Unauthenticated, err, "the agent's certificate is valid from %s, and this server's clock says %s",
			leaf.NotBefore.UTC().Format(time.RFC3339), now.Format(time.RFC3339)).WithHint("set the server's clock right")
	case err != nil:
		return "", fault.Wrap(fault.Unauthenticated, err, "the agent's certificate was not signed by this server's authority").
			WithHint("enrol the agent with a token of this server")
	}
	for _, u := range leaf.URIs {
		if id, ok := strings.CutPrefix(u.Path, "/"); ok && u.Scheme == "attesta" && u.Host == "source" && ids.Valid(id, "src") {
			return id, nil
		}
	}
	return "", fault.New(fault.Unauthenticated, "the certificate names no source")
}

// coded gives an error a code that an agent acts on.
func coded(code string, err error) error { return &codedError{err, code} }

type codedError struct {
	error
	code string
}

func (e *codedError) Unwrap() error { return e.error }
