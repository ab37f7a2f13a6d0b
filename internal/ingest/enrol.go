package ingest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/base32"
	"encoding/hex"
	"encoding/pem"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/wire"
)

// MaxTokenLife is the longest that an enrolment token can be used.
const MaxTokenLife = 30 * 24 * time.Hour

// MakeToken makes an enrolment token that works once until ttl has passed
// (agent.enrol). Its text is shown once and kept nowhere.
func (s *Service) MakeToken(ctx context.Context, p access.Principal, ttl time.Duration, label string) (wire.Token, error) {
	if err := access.Proved(p, access.AgentEnrol); err != nil {
		return wire.Token{}, err
	}
	if ttl <= 0 || ttl > MaxTokenLife {
		return wire.Token{}, fault.New(fault.Invalid, "a token lasts at most %d days and longer than nothing, not %s", int(MaxTokenLife.Hours()/24), ttl).At("", 0, "ttl")
	}
	if !plainText(label, 100) {
		return wire.Token{}, fault.New(fault.Invalid, "a label is one line of at most 100 characters").At("", 0, "label")
	}
	random := make([]byte, 20)
	if _, err := rand.Read(random); err != nil {
		return wire.Token{}, fault.Wrap(fault.Internal, err, "no token could be made")
	}
	secret := wire.TokenPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(random))
	now := s.cfg.Clock()
	t := Token{ID: ids.New("tok", now), Label: label, MadeBy: p.UserID, MadeAt: now, ExpiresAt: now.Add(ttl)}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := putToken(ctx, tx, t, digestOf(secret)); err != nil {
			return err
		}
		e := ledger.Entry{Type: "token.created", Stream: streamOf(p), Actor: p.UserID, Subject: t.ID, Data: map[string]any{"expires": t.ExpiresAt}}
		if label != "" {
			e.Personal = map[string]string{"label": label}
		}
		_, err := s.cfg.Ledger.Append(ctx, tx, e)
		return err
	})
	return wire.Token{Secret: secret, Fingerprint: s.Fingerprint()}, err
}

// EndTokens ends the enrolment tokens that a user made and nothing has used,
// within the transaction that closes their account.
func (s *Service) EndTokens(ctx context.Context, tx *sql.Tx, userID string) (int64, error) {
	return endTokens(ctx, tx, userID, s.cfg.Clock())
}

// streamOf names the ledger stream of what p does.
func streamOf(p access.Principal) string {
	if p.IsSystem() {
		return "system"
	}
	return "people"
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// plainText reports whether s is valid, printable, on one line and not longer
// than limit characters.
func plainText(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit &&
		strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

var machineForm = regexp.MustCompile(`^([0-9a-f]{64})?$`)

// enrol gives a certificate for a token. Where peer is an earlier certificate
// of this server, expired or not, the source stays the same.
func (s *Service) enrol(ctx context.Context, r wire.EnrolRequest, peer []*x509.Certificate) (wire.Certificate, error) {
	var none wire.Certificate
	if err := wire.Negotiate(r.Version, wire.Version); err != nil {
		return none, err
	}
	if !plainText(r.Host.Name, 253) || r.Host.Name == "" {
		return none, fault.New(fault.Invalid, "a host name is one to 253 printable characters").At("", 0, "host.name")
	}
	if !machineForm.MatchString(r.Host.Machine) {
		return none, fault.New(fault.Invalid, "the machine's digest is 64 hexadecimal digits or empty").At("", 0, "host.machine")
	}
	if !r.Agent.Valid() {
		return none, fault.New(fault.Invalid, "a field is longer than 64 bytes or not printable ASCII").At("", 0, "agent")
	}
	key, keyDigest, err := request(r.CSR)
	if err != nil {
		return none, err
	}
	old := ""
	if len(peer) > 0 {
		if old, err = s.ca.identify(peer, true); err != nil {
			old = "" // a certificate of some other server says nothing here
		}
	}
	var cert *x509.Certificate
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		now := s.cfg.Clock()
		t, found, err := lockToken(ctx, tx, digestOf(r.Token))
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.Unauthenticated, "this enrolment token is not known here").
				WithHint("make one with 'attesta agent token' on the server that this agent is to report to")
		}
		source, again := ids.New("src", now), false
		switch {
		case !t.UsedAt.IsZero():
			// The same key again: the answer was lost on its way.
			if t.usedKey != keyDigest {
				return s.usedBefore(ctx, tx, t)
			}
			source, again = t.UsedBy, true
		case old != "":
			source, again = old, true
		}
		if now.After(t.ExpiresAt) {
			return fault.New(fault.Unauthenticated, "this enrolment token expired on %s", t.ExpiresAt.Format(time.RFC3339)).
				WithHint("make another with 'attesta agent token'")
		}
		if again {
			switch have, err := sourceByID(ctx, tx, source); {
			case fault.Is(err, fault.NotFound): // its row went with a restored backup
				again = false
			case err != nil:
				return err
			case !have.RevokedAt.IsZero():
				return revokedFault(have)
			}
		}
		if cert, err = s.ca.issue(source, key, s.cfg.Lifetime); err != nil {
			return err
		}
		serial := cert.SerialNumber.Text(16)
		if err := useToken(ctx, tx, t.ID, source, keyDigest, now); err != nil {
			return err
		}
		row := Source{ID: source, Name: r.Host.Name, Machine: r.Host.Machine, Agent: agentText(r.Agent), EnrolledAt: now, ExpiresAt: cert.NotAfter}
		if err := putSource(ctx, tx, row, t.ID, serial); err != nil {
			return err
		}
		_, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "source.enrolled", Stream: "source/" + source, Actor: source, Subject: source,
			Data:     map[string]any{"token": t.ID, "certificate": serial, "expires": cert.NotAfter, "again": again, "machine": r.Host.Machine},
			Personal: map[string]string{"host": r.Host.Name}})
		return err
	})
	if err != nil {
		return none, err
	}
	return s.certificate(cert), nil
}

func agentText(a wire.AgentInfo) string { return strings.TrimSpace(a.Name + " " + a.Version) }

func (s *Service) usedBefore(ctx context.Context, tx *sql.Tx, t tokenRow) error {
	by, err := sourceByID(ctx, tx, t.UsedBy)
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "this enrolment token was used on %s by %s (%s)", t.UsedAt.Format(time.RFC3339), by.Name, by.ID).
		WithHint("a token works once: make another with 'attesta agent token'. If %s is not yours, revoke it", by.Name)
}

func revokedFault(src Source) error {
	why := ""
	if src.RevokedReason != "" {
		why = ": " + src.RevokedReason
	}
	return coded(wire.CodeRevoked, fault.New(fault.Forbidden, "this agent (%s) was revoked on %s%s", src.ID, src.RevokedAt.Format(time.RFC3339), why).
		WithHint("if the host is to report again, remove the agent's state directory and enrol it with a new token"))
}

func (s *Service) certificate(leaf *x509.Certificate) wire.Certificate {
	return wire.Certificate{Source: leaf.Subject.CommonName, Authority: string(s.ca.pem), NotAfterUs: clock.Micros(leaf.NotAfter),
		Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}))}
}

// renew gives a source a new certificate for the one that it showed.
func (s *Service) renew(ctx context.Context, source string, shown *x509.Certificate, r wire.RenewRequest) (wire.Certificate, error) {
	var none wire.Certificate
	if err := wire.Negotiate(r.Version, wire.Version); err != nil {
		return none, err
	}
	key, _, err := request(r.CSR)
	if err != nil {
		return none, err
	}
	if now := s.cfg.Clock(); shown.NotAfter.Sub(now) > shown.NotAfter.Sub(shown.NotBefore)/2 {
		return none, fault.New(fault.Conflict, "the certificate is valid until %s; it is renewed in the second half of its life", shown.NotAfter.UTC().Format(time.RFC3339))
	}
	var cert *x509.Certificate
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := sourceByID(ctx, tx, source)
		if err != nil {
			return err
		}
		if !have.RevokedAt.IsZero() {
			return revokedFault(have)
		}
		if cert, err = s.ca.issue(source, key, s.cfg.Lifetime); err != nil {
			return err
		}
		serial := cert.SerialNumber.Text(16)
		if err := putCertificate(ctx, tx, source, serial, cert.NotAfter); err != nil {
			return err
		}
		_, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "source.renewed", Stream: "source/" + source, Actor: source, Subject: source,
			Data: map[string]any{"certificate": serial, "expires": cert.NotAfter}})
		return err
	})
	if err != nil {
		return none, err
	}
	return s.certificate(cert), nil
}

// Revoke refuses a source from now on (agent.revoke). Revoking twice is kind Conflict.
func (s *Service) Revoke(ctx context.Context, p access.Principal, source, reason string) error {
	if err := access.Authorise(p, access.AgentRevoke); err != nil {
		return err
	}
	if !plainText(reason, 200) {
		return fault.New(fault.Invalid, "a reason is one line of at most 200 characters").At("", 0, "reason")
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := sourceByID(ctx, tx, source)
		if err != nil {
			return err
		}
		first, err := revoke(ctx, tx, source, p.UserID, reason, s.cfg.Clock())
		if err != nil {
			return err
		}
		if !first {
			return fault.New(fault.Conflict, "%s was revoked on %s already", source, have.RevokedAt.Format(time.RFC3339))
		}
		e := ledger.Entry{Type: "source.revoked", Stream: streamOf(p), Actor: p.UserID, Subject: source}
		if reason != "" {
			e.Personal = map[string]string{"reason": reason}
		}
		_, err = s.cfg.Ledger.Append(ctx, tx, e)
		return err
	})
}
