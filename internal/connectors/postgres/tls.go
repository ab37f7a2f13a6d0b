package postgres

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/facts"

	"github.com/jackc/pgx/v5"
)

// tlsState reads whether the server offers TLS, how our connection is
// encrypted, and the certificate: by a handshake of its own, which believes
// nothing and sends nothing, so that a certificate is read also where the
// connection does without.
func tlsState(c *pgx.ConnConfig) func(*reading) error {
	return func(r *reading) error {
		var v facts.PgTls
		var age facts.PgCertificate
		var missing, ageMissing []facts.Missing
		on, known := r.values["ssl"]
		if known {
			v.Enabled = ptr(on == "on")
		} else {
			missing = append(missing, facts.Missing{Path: "/enabled", State: facts.Error, Reason: "the setting ssl is not shown to this role"})
		}
		encrypted, version, local, err := r.ownTLS()
		if err != nil {
			m, lost := r.denied("/own", err, "GRANT pg_monitor TO ROLE")
			if lost != nil {
				return lost
			}
			missing = append(missing, m)
		} else {
			v.Own = &facts.PgTlsOwn{Encrypted: ptr(encrypted || local)}
			if encrypted {
				v.Own.Version = &version
			} else {
				missing = append(missing, facts.Missing{Path: "/own/version", State: facts.Absent, Reason: "this connection is not encrypted"})
			}
		}
		none := facts.Missing{Path: "/certificate", State: facts.Absent, Reason: "the server does not offer TLS"}
		var cert *x509.Certificate
		if on == "on" {
			if cert, err = certificate(r.ctx, c); errors.Is(err, errRefused) {
				v.Enabled, none.Reason = ptr(false), "the setting ssl is on, and yet the server refuses TLS: see its log, often the key file's mode"
			} else if err != nil {
				none.State, none.Reason = facts.Error, "the certificate could not be read: "+short(err)
			}
		}
		if cert == nil {
			missing = append(missing, none)
			for _, path := range []string{"/until", "/days_left"} {
				ageMissing = append(ageMissing, facts.Missing{Path: path, State: none.State, Reason: none.Reason})
			}
		} else {
			v.Certificate = described(cert)
			age.Until = ptr(cert.NotAfter.UTC().Format(time.DateOnly))
			age.DaysLeft = ptr(days(r.now, cert.NotAfter))
		}
		if err := r.add("pg_tls", v, missing); err != nil {
			return err
		}
		return r.add("pg_certificate", age, ageMissing)
	}
}

func short(err error) string {
	s := strings.ToValidUTF8(err.Error(), "?")
	return s[:min(len(s), 300)]
}

func days(now, end time.Time) int64 {
	d := end.Sub(now)
	n := int64(d / (24 * time.Hour))
	if d < 0 {
		n--
	}
	return n
}

func described(c *x509.Certificate) *facts.PgTlsCertificate {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	slices.Sort(names)
	if names == nil {
		names = []string{}
	}
	kind, bits := c.PublicKeyAlgorithm.String(), 0
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		bits = k.N.BitLen()
	case *ecdsa.PublicKey:
		bits = k.Curve.Params().BitSize
	case ed25519.PublicKey:
		bits = 256
	}
	return &facts.PgTlsCertificate{Subject: ptr(c.Subject.String()), Issuer: ptr(c.Issuer.String()), SelfSigned: ptr(string(c.RawIssuer) == string(c.RawSubject)),
		Names: names, Key: &kind, Bits: ptr(int64(bits)), Signature: ptr(c.SignatureAlgorithm.String())}
}

var errRefused = errors.New("the server refused TLS")

// certificate asks the server for TLS, as PostgreSQL's protocol does, and takes
// the certificate that it shows.
func certificate(ctx context.Context, c *pgx.ConnConfig) (*x509.Certificate, error) {
	if strings.HasPrefix(c.Host, "/") {
		return nil, fmt.Errorf("the connection is a socket of the machine, which has no TLS; connect by address")
	}
	d := net.Dialer{Timeout: connectTimeout}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(c.Host, fmt.Sprint(c.Port)))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(connectTimeout)); err != nil {
		return nil, err
	}
	request := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), 80877103) // SSLRequest
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return nil, err
	}
	if answer[0] != 'S' {
		return nil, errRefused
	}
	shown := tls.Client(conn, &tls.Config{ServerName: c.Host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}) //nolint:gosec // read, never trusted
	if err := shown.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return shown.ConnectionState().PeerCertificates[0], nil
}
