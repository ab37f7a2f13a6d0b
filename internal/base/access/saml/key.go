package saml

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// State is what a key of ours does.
type State string

// The states. A key is next, then current, then former, then gone.
const (
	Next    State = "next"    // stands in our metadata, and opens what is encrypted for it
	Current State = "current" // signs too
	Former  State = "former"  // opens what is encrypted for it, and stands nowhere
)

// ownLife is how long our certificates hold.
const ownLife = 3 * 365 * 24 * time.Hour

// Key is a key of ours as people see it.
type Key struct {
	State       State
	Fingerprint string // SHA-256 of the certificate
	Made, Until time.Time
}

// keyRow is a key as stored.
type keyRow struct {
	id          string
	certificate []byte // DER
	box         []byte // the private key, PKCS #8, sealed
	state       State
	made        time.Time
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func (k keyRow) place() string { return "saml key " + fingerprint(k.certificate) }

func keysDigest(all []keyRow) string {
	h := sha256.New()
	for _, k := range all {
		fmt.Fprintf(h, "%s %s %x\n", fingerprint(k.certificate), k.state, sha256.Sum256(k.box))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Keys gives our keys, oldest first (settings.read).
func (s *Service) Keys(ctx context.Context, p access.Principal) ([]Key, error) {
	if err := access.Authorise(p, access.SettingsRead); err != nil {
		return nil, err
	}
	all, err := keys(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	var out []Key
	for _, k := range all {
		c, err := x509.ParseCertificate(k.certificate)
		if err != nil {
			return nil, fmt.Errorf("read a SAML certificate: %w", err)
		}
		out = append(out, Key{State: k.state, Fingerprint: fingerprint(k.certificate), Made: k.made, Until: c.NotAfter})
	}
	return out, nil
}

// make makes a key with a certificate of its own.
func (s *Service) make(state State) (keyRow, error) {
	key, err := s.cfg.MakeKey()
	if err != nil {
		return keyRow{}, fmt.Errorf("make a SAML key: %w", err)
	}
	der, err := s.certify(key)
	if err != nil {
		return keyRow{}, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return keyRow{}, fmt.Errorf("make a SAML key: %w", err)
	}
	now := s.cfg.Clock()
	k := keyRow{id: ids.New("key", now), certificate: der, state: state, made: now}
	k.box = s.cfg.Key.Seal(k.place(), string(raw))
	return k, nil
}

// certify makes a certificate that a key signs itself: providers look at the key in it.
func (s *Service) certify(key *rsa.PrivateKey) ([]byte, error) {
	now := s.cfg.Clock()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make a SAML certificate: %w", err)
	}
	name := pkix.Name{CommonName: s.consumer.Hostname(), Organization: []string{"Attesta"}}
	t := &x509.Certificate{SerialNumber: serial, Subject: name, Issuer: name, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(ownLife), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		SignatureAlgorithm: x509.SHA256WithRSA}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make a SAML certificate: %w", err)
	}
	return der, nil
}

// open gives a key with its certificate.
func (s *Service) open(k keyRow) (*rsa.PrivateKey, *x509.Certificate, error) {
	raw, err := s.cfg.Key.Unseal(k.place(), k.box)
	if err != nil {
		return nil, nil, err
	}
	any, err := x509.ParsePKCS8PrivateKey([]byte(raw))
	if err != nil {
		return nil, nil, fmt.Errorf("read a SAML key: %w", err)
	}
	key, ok := any.(*rsa.PrivateKey)
	if !ok {
		return nil, nil, fault.New(fault.Internal, "a SAML key is no RSA key")
	}
	c, err := x509.ParseCertificate(k.certificate)
	if err != nil {
		return nil, nil, fmt.Errorf("read a SAML certificate: %w", err)
	}
	return key, c, nil
}

// firstKey makes a key where there is none, outside a transaction: it takes a
// while. A zero row: there is one.
func (s *Service) firstKey(ctx context.Context) (keyRow, error) {
	have, err := keys(ctx, s.cfg.DB.Reader())
	if err != nil || len(have) > 0 {
		return keyRow{}, err
	}
	return s.make(Current)
}

func (s *Service) keepFirst(ctx context.Context, tx *sql.Tx, p access.Principal, k keyRow) error {
	have, err := keys(ctx, tx)
	if err != nil || len(have) > 0 || k.id == "" {
		return err
	}
	if err := insertKey(ctx, tx, k); err != nil {
		return err
	}
	return s.recordKeys(ctx, tx, p, "made")
}

func (s *Service) recordKeys(ctx context.Context, tx *sql.Tx, p access.Principal, what string) error {
	all, err := keys(ctx, tx)
	if err != nil {
		return err
	}
	var have []string
	for _, k := range all {
		have = append(have, string(k.state)+" "+fingerprint(k.certificate)[:16])
	}
	return s.cfg.Access.Record(ctx, tx, p.UserID, keyEntry, keySubject, map[string]any{"change": what, "keys": have, "digest": keysDigest(all)})
}

func count(all []keyRow, state State) int {
	n := 0
	for _, k := range all {
		if k.state == state {
			n++
		}
	}
	return n
}

// MakeKey makes a key (user.manage): the first signs at once, a further one is
// next, and stands in the metadata for the provider to read.
func (s *Service) MakeKey(ctx context.Context, p access.Principal) error {
	if err := access.Proved(p, access.UserManage); err != nil {
		return err
	}
	k, err := s.make(Next)
	if err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		all, err := keys(ctx, tx)
		if err != nil {
			return err
		}
		if count(all, Next) > 0 {
			return fault.New(fault.Conflict, "there is a next key already").WithHint("let the provider read our metadata, then use that key")
		}
		if k.state = Next; count(all, Current) == 0 {
			k.state = Current
		}
		if err := insertKey(ctx, tx, k); err != nil {
			return err
		}
		return s.recordKeys(ctx, tx, p, "made")
	})
}

// UseKey makes the next key the one that signs (user.manage). The one that did
// opens what the provider still encrypts for it, until it is removed.
func (s *Service) UseKey(ctx context.Context, p access.Principal) error {
	if err := access.Proved(p, access.UserManage); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		all, err := keys(ctx, tx)
		if err != nil {
			return err
		}
		if count(all, Next) == 0 {
			return fault.New(fault.Conflict, "there is no next key").WithHint("make one first")
		}
		if _, err := dropKeys(ctx, tx, Former); err != nil {
			return err
		}
		if err := moveKeys(ctx, tx, Current, Former); err != nil {
			return err
		}
		if err := moveKeys(ctx, tx, Next, Current); err != nil {
			return err
		}
		return s.recordKeys(ctx, tx, p, "used")
	})
}

// DropKey removes the former key, or the next one (user.manage).
func (s *Service) DropKey(ctx context.Context, p access.Principal, state State) error {
	if err := access.Proved(p, access.UserManage); err != nil {
		return err
	}
	if state != Former && state != Next {
		return fault.New(fault.Invalid, "only the former or the next key is removed")
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if n, err := dropKeys(ctx, tx, state); err != nil || n == 0 {
			return err
		}
		return s.recordKeys(ctx, tx, p, "removed")
	})
}
