package agent

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"
)

const (
	identityFile = "identity.json"
	enrolKeyFile = "enrol.key" // from before the request until identity.json is written
)

// identity is who this agent is to its server, in one file that is replaced
// whole.
type identity struct {
	Server      string `json:"server"`
	Source      string `json:"source"`
	Machine     string `json:"machine"`     // digest of the machine id at enrolment; "" when it had none
	Certificate string `json:"certificate"` // PEM
	Key         string `json:"key"`         // PEM
	Authority   string `json:"authority"`   // PEM

	cert      tls.Certificate
	authority *x509.Certificate
}

func (id *identity) expired(now time.Time) bool { return now.After(id.cert.Leaf.NotAfter) }

// due reports whether a third of the certificate's life or less is left.
func (id *identity) due(now time.Time) bool {
	leaf := id.cert.Leaf
	return now.After(leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / 3))
}

// parse checks what was read or received, and fills in what is derived.
func (id *identity) parse() error {
	var err error
	if id.cert, err = tls.X509KeyPair([]byte(id.Certificate), []byte(id.Key)); err != nil {
		return err
	}
	if id.cert.Leaf == nil {
		if id.cert.Leaf, err = x509.ParseCertificate(id.cert.Certificate[0]); err != nil {
			return err
		}
	}
	block, _ := pem.Decode([]byte(id.Authority))
	if block == nil {
		return errors.New("no PEM certificate of the authority")
	}
	if id.authority, err = x509.ParseCertificate(block.Bytes); err != nil {
		return err
	}
	want := wire.SourceURI(id.Source).String()
	for _, u := range id.cert.Leaf.URIs {
		if u.String() == want {
			return nil
		}
	}
	return fmt.Errorf("the certificate does not name %s", id.Source)
}

// loadIdentity gives nil when there is none.
func loadIdentity(d disk) (*identity, error) {
	b, err := d.Read(identityFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the agent's identity cannot be read").WithHint("check the owner and mode of the state directory")
	}
	var id identity
	if err = json.Unmarshal(b, &id); err == nil {
		err = id.parse()
	}
	if err != nil {
		return nil, fault.Wrap(fault.Refused, err, "the agent's %s is damaged", identityFile).
			WithHint("remove the state directory and enrol the agent again with a new token")
	}
	return &id, nil
}

func (id *identity) save(d disk) error {
	b, err := json.MarshalIndent(id, "", "  ")
	if err == nil {
		err = replace(d, identityFile, b)
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the agent's identity could not be written").WithHint("check the free space and mode of the state directory")
	}
	return nil
}

func newKey() (key *ecdsa.PrivateKey, keyPEM string, err error) {
	key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, "", err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, "", err
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})), nil
}

func certificateRequest(key *ecdsa.PrivateKey) (string, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), nil
}

// enrolKey gives the key of an enrolment under way: one whose answer was lost
// is asked for again with the same key, and the server knows it by that.
func enrolKey(d disk) (*ecdsa.PrivateKey, string, error) {
	b, err := d.Read(enrolKeyFile)
	if err == nil {
		if block, _ := pem.Decode(b); block != nil {
			if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
				return key, string(b), nil
			}
		}
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", err
	}
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, "", err
	}
	return key, keyPEM, replace(d, enrolKeyFile, []byte(keyPEM))
}

// serverURL reads an address as people write it: "host:port" too.
func serverURL(s string) (string, error) {
	if s == "" {
		return "", fault.New(fault.Invalid, "no server is named").At("", 0, "server").WithHint("name the agents' listener: --server https://HOST:PORT")
	}
	full := s
	if !strings.Contains(full, "://") {
		full = "https://" + full
	}
	u, err := url.Parse(full)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return "", fault.New(fault.Invalid, "%q is no address of the agents' listener", s).At("", 0, "server").WithHint("it reads https://HOST:PORT")
	}
	return "https://" + u.Host, nil
}

// machineDigest gives a host's machine id under a prefix of this project, so
// that the id itself never leaves the host (machine-id(5) asks for that).
func machineDigest(read func(string) ([]byte, error)) string {
	for _, file := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		b, err := read(file)
		if id := bytes.TrimSpace(b); err == nil && len(id) == 32 {
			sum := sha256.Sum256(append([]byte("attesta machine id 1\x00"), id...))
			return hex.EncodeToString(sum[:])
		}
	}
	return ""
}

func agentInfo(version string) wire.AgentInfo {
	return wire.AgentInfo{Name: "attesta-agent", Version: version, OS: runtime.GOOS, Arch: runtime.GOARCH}
}

// enrol gets an identity for a token. old is the identity that it replaces,
// nil for none.
func enrol(ctx context.Context, cfg Config, d disk, old *identity) (*identity, error) {
	token, err := wire.ParseToken(cfg.Token)
	if err != nil {
		return nil, err
	}
	server, err := serverURL(cfg.Server)
	if err != nil {
		return nil, err
	}
	key, keyPEM, err := enrolKey(d)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the agent's key could not be written").WithHint("check the free space and mode of the state directory")
	}
	csr, err := certificateRequest(key)
	if err != nil {
		return nil, err
	}
	var authority *x509.Certificate
	tc := baseTLS(cfg.Clock)
	tc.InsecureSkipVerify = true // VerifyConnection does it all: the token says which authority
	tc.VerifyConnection = func(state tls.ConnectionState) error {
		cert, err := verifyFirst(state, token.Fingerprint, server, cfg.Clock())
		authority = cert
		return err
	}
	if old != nil {
		tc.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &old.cert, nil }
	}
	c := newClient(server, tc, cfg.Clock)
	defer c.close()
	var answer wire.Certificate
	machine := machineDigest(os.ReadFile)
	err = c.exchange(ctx, wire.PathEnrol, wire.EnrolRequest{Version: wire.Version, Token: token.Secret, CSR: csr,
		Host: wire.Host{Name: cfg.HostName, Machine: machine}, Agent: agentInfo(cfg.Version)}, &answer)
	if err != nil {
		return nil, err
	}
	id := &identity{Server: server, Source: answer.Source, Machine: machine, Certificate: answer.Certificate, Key: keyPEM,
		Authority: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw}))}
	if err := id.parse(); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "the server's answer to the enrolment is no certificate for this agent's key")
	}
	if err := id.save(d); err != nil {
		return nil, err
	}
	return id, d.Remove(enrolKeyFile)
}

// verifyFirst checks the server that an agent speaks with for the first time:
// the authority is the one that the token names, and it signed this server.
func verifyFirst(state tls.ConnectionState, fingerprint, server string, now time.Time) (*x509.Certificate, error) {
	for _, cert := range state.PeerCertificates[1:] {
		if wire.Fingerprint(cert.Raw) != fingerprint {
			continue
		}
		roots := x509.NewCertPool()
		roots.AddCert(cert)
		if _, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: wire.ServerName, CurrentTime: now}); err != nil {
			return nil, clockOrTrust(err, server, now)
		}
		return cert, nil
	}
	return nil, fault.New(fault.Refused, "the server at %s is not the one that made this token: its authority has another fingerprint", server).
		WithHint("check --server; if the address is right, somebody may stand between you and it, or the token is of another Attesta")
}

// clockOrTrust says why a server's certificate was not accepted.
func clockOrTrust(err error, server string, now time.Time) error {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return fault.Wrap(fault.Refused, err, "the certificate of %s is not valid at this host's time, %s", server, now.Format(time.RFC3339)).
			WithHint("check this host's clock and the server's")
	}
	return fault.Wrap(fault.Refused, err, "the server at %s is not the one that this agent enrolled with", server).
		WithHint("check --server; if the server was set up anew, enrol the agent again with a token of it")
}

// renewed gets a new certificate for a new key. The old one stays valid until
// it ends, so that nothing is lost if the answer is.
func (id *identity) renewed(ctx context.Context, c *client, d disk, cfg Config) (*identity, error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, err
	}
	csr, err := certificateRequest(key)
	if err != nil {
		return nil, err
	}
	var answer wire.Certificate
	if err := c.exchange(ctx, wire.PathRenew, wire.RenewRequest{Version: wire.Version, CSR: csr, Agent: agentInfo(cfg.Version)}, &answer); err != nil {
		return nil, err
	}
	fresh := &identity{Server: id.Server, Source: id.Source, Machine: id.Machine, Certificate: answer.Certificate, Key: keyPEM, Authority: id.Authority}
	if err := fresh.parse(); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "the server's answer to the renewal is no certificate for this agent's key")
	}
	return fresh, fresh.save(d)
}

// baseTLS is what every connection of an agent has.
func baseTLS(now clock.Clock) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, ServerName: wire.ServerName, Time: now}
}

// tls trusts the authority of the enrolment and nobody else, and shows the
// certificate.
func (id *identity) tls(now clock.Clock) *tls.Config {
	tc := baseTLS(now)
	tc.RootCAs = x509.NewCertPool()
	tc.RootCAs.AddCert(id.authority)
	tc.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &id.cert, nil }
	return tc
}
