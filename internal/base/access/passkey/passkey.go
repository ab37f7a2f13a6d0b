package passkey

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// MaxAnswer is the longest answer of a browser that is read.
const MaxAnswer = 32 << 10

const mostPasskeys = 20 // that a user has at the same time

// Config is all that the service depends on; every field but Clock is required.
type Config struct {
	DB        *database.DB
	Access    *access.Service
	Clock     clock.Clock // clock.System
	PublicURL string      // where people open Attesta: relying party and origin
}

// Service is passkeys over one database. Its methods may be called at the same time.
type Service struct {
	cfg  Config
	lib  *webauthn.WebAuthn // nil: there are none here
	none string             // why
	held *challenges
}

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Access == nil {
		return nil, fault.New(fault.Internal, "passkey.Config needs DB and Access")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	s := &Service{cfg: cfg, held: newChallenges()}
	u, err := url.Parse(cfg.PublicURL)
	if err != nil || u.Hostname() == "" {
		return nil, fault.New(fault.Invalid, "the public address %q is not an address", cfg.PublicURL).At("", 0, "public_url")
	}
	host := strings.ToLower(u.Hostname())
	switch {
	case net.ParseIP(host) != nil:
		s.none = "Attesta is opened by an IP address, and a passkey belongs to a name"
		return s, nil
	case u.Scheme != "https" && host != "localhost" && !strings.HasSuffix(host, ".localhost"):
		s.none = "Attesta is opened without HTTPS, and browsers give no passkey there"
		return s, nil
	}
	s.lib, err = webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: "Attesta", RPOrigins: []string{u.Scheme + "://" + strings.ToLower(u.Host)},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(), UserVerification: protocol.VerificationRequired},
		// Nothing is asked of extensions, and nothing that they say is read.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "passkeys cannot be had at the address %s", cfg.PublicURL).At("", 0, "public_url")
	}
	return s, nil
}

// None says why there are no passkeys here; "" where there are.
func (s *Service) None() string { return s.none }

func (s *Service) available() error {
	if s.lib == nil {
		return fault.New(fault.Conflict, "there are no passkeys here: %s", s.none).WithHint("set public_url to an https:// address with a name")
	}
	return nil
}

// Passkey is one as its owner sees it.
type Passkey struct {
	ID      string // "pky_…"
	UserID  string
	Name    string
	Synced  bool // the device copies it to its owner's other devices
	Created time.Time
	Used    time.Time // zero: never
	Suspect time.Time // when its counter went back, so that it opens nothing; zero: never
}

// row is a passkey as stored.
type row struct {
	Passkey
	cred webauthn.Credential
}

// owner is a user as the library asks for them.
type owner struct {
	user access.User
	rows []row
}

func (o owner) WebAuthnID() []byte          { return []byte(o.user.ID) }
func (o owner) WebAuthnName() string        { return o.user.Login }
func (o owner) WebAuthnDisplayName() string { return o.user.Name }
func (o owner) WebAuthnCredentials() []webauthn.Credential {
	all := make([]webauthn.Credential, len(o.rows))
	for i, r := range o.rows {
		all[i] = r.cred
	}
	return all
}

// digest is what the ledger says of a passkey: which, and a hash of its keys.
func digest(id string, c webauthn.Credential) string {
	h := sha256.New()
	h.Write(c.ID)
	h.Write([]byte{0})
	h.Write(c.PublicKey)
	return id + " " + hex.EncodeToString(h.Sum(nil))
}

func digests(rows []row) []string {
	all := []string{}
	for _, r := range rows {
		all = append(all, digest(r.ID, r.cred))
	}
	return all
}

// Of lists a user's passkeys, oldest first: one's own (session.manage_own) or
// somebody's (user.read).
func (s *Service) Of(ctx context.Context, p access.Principal, userID string) ([]Passkey, error) {
	a := access.UserRead
	if p.Known() && p.UserID == userID {
		a = access.SessionManageOwn
	}
	if err := access.Authorise(p, a); err != nil {
		return nil, err
	}
	rows, err := list(ctx, s.cfg.DB.Reader(), userID)
	if err != nil {
		return nil, err
	}
	all := make([]Passkey, len(rows))
	for i, r := range rows {
		all[i] = r.Passkey
	}
	return all, nil
}

// Asked is what a browser is asked: options for the page's script, and the word
// by which its answer is recognised.
type Asked struct {
	Word    string `json:"word"`
	Options any    `json:"options"` // PublicKeyCredentialCreationOptionsJSON or …RequestOptionsJSON
}

// Answer is what a browser's script gives back.
type Answer struct {
	Word string // Asked.Word
	JSON string // PublicKeyCredential.toJSON()
}

// BeginAdd asks the browser of p for a new passkey of that name. p has shown
// who they are.
func (s *Service) BeginAdd(ctx context.Context, p access.Principal, name string) (Asked, error) {
	if err := access.Proved(p, access.SessionManageOwn); err != nil {
		return Asked{}, err
	}
	if err := s.available(); err != nil {
		return Asked{}, err
	}
	if p.SessionID == "" {
		return Asked{}, fault.New(fault.Forbidden, "a passkey is added by its owner, in a session")
	}
	if name = strings.Join(strings.Fields(name), " "); name == "" || utf8.RuneCountInString(name) > 60 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return Asked{}, fault.New(fault.Invalid, "a passkey has a name of 1 to 60 characters").At("", 0, "name").WithHint("say which device holds it: work laptop, blue key")
	}
	u, err := s.cfg.Access.User(ctx, p, p.UserID)
	if err != nil {
		return Asked{}, err
	}
	rows, err := list(ctx, s.cfg.DB.Reader(), p.UserID)
	if err != nil {
		return Asked{}, err
	}
	if len(rows) >= mostPasskeys {
		return Asked{}, fault.New(fault.Conflict, "there are %d passkeys already", len(rows)).WithHint("remove those that no device has any more")
	}
	o := owner{u, rows}
	options, data, err := s.lib.BeginRegistration(o, webauthn.WithExclusions(webauthn.Credentials(o.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return Asked{}, fault.Wrap(fault.Internal, err, "a passkey could not be asked for")
	}
	word, err := s.held.hold(open{purpose: forAdding, holder: p.SessionID, userID: u.ID, name: name, data: *data}, s.cfg.Clock())
	return Asked{word, options.Response}, err
}

// Add keeps the passkey that the browser of p made. Where it is p's first
// second factor, all other sessions of p end.
func (s *Service) Add(ctx context.Context, p access.Principal, a Answer) (Passkey, error) {
	if err := access.Proved(p, access.SessionManageOwn); err != nil {
		return Passkey{}, err
	}
	if err := s.available(); err != nil {
		return Passkey{}, err
	}
	now := s.cfg.Clock()
	o, err := s.held.take(a.Word, forAdding, p.SessionID, now)
	if err != nil {
		return Passkey{}, refused(err)
	}
	u, err := s.cfg.Access.User(ctx, p, p.UserID)
	if err != nil {
		return Passkey{}, err
	}
	cred, err := s.made(owner{user: u}, o, a.JSON)
	if err != nil {
		return Passkey{}, err
	}
	r := row{Passkey{ID: ids.New("pky", now), UserID: u.ID, Name: o.name, Synced: cred.Flags.BackupEligible, Created: now}, *cred}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := s.cfg.Access.HoldUser(ctx, tx, u.ID); err != nil {
			return err
		}
		if err := insert(ctx, tx, r); database.IsUnique(err) {
			return fault.Wrap(fault.Conflict, err, "this passkey is known already").WithHint("the list of your passkeys names it")
		} else if err != nil {
			return err
		}
		rows, err := list(ctx, tx, u.ID)
		if err != nil {
			return err
		}
		if len(rows) > mostPasskeys {
			return fault.New(fault.Conflict, "there are %d passkeys already", mostPasskeys).WithHint("remove those that no device has any more")
		}
		ended, err := s.cfg.Access.HasPasskey(ctx, tx, u.ID, rows[0].Created, p.SessionID)
		if err != nil {
			return err
		}
		return s.cfg.Access.Record(ctx, tx, p.UserID, addedEntry, u.ID,
			map[string]any{"passkey": r.ID, "passkeys": digests(rows), "synced": r.Synced, "sessions_ended": ended})
	})
	return r.Passkey, err
}

// made reads and verifies what a browser made.
func (s *Service) made(u owner, o open, text string) (*webauthn.Credential, error) {
	wrong := func(err error) error {
		return fault.Wrap(fault.Invalid, err, "the browser's answer is no new passkey of this page").WithHint("try again; where it never works, try another browser or device")
	}
	if len(text) > MaxAnswer {
		return nil, wrong(nil)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(text))
	if err != nil {
		return nil, wrong(err)
	}
	if len(parsed.Response.AttestationObject.AuthData.AttData.CredentialID) > 1023 {
		return nil, wrong(nil)
	}
	cred, err := s.lib.CreateCredential(u, o.data, parsed)
	if err != nil {
		return nil, wrong(err)
	}
	cred.Attestation = webauthn.CredentialAttestation{} // not asked for, and not kept
	return cred, nil
}

// refused gives kind Invalid for what a form says again.
func refused(err error) error {
	if fault.Is(err, fault.Unauthenticated) {
		message, hint := fault.Public(err)
		return fault.New(fault.Invalid, "%s", message).WithHint("%s", hint)
	}
	return err
}

// Remove takes a passkey away: one's own (session.manage_own) or somebody's
// (user.manage). The last way in of the last administrator stays: kind Conflict.
func (s *Service) Remove(ctx context.Context, p access.Principal, id string) error {
	return s.remove(ctx, p, id, "")
}

// RemoveAll takes all of a user's passkeys away, as Remove does; kind NotFound
// where there is none.
func (s *Service) RemoveAll(ctx context.Context, p access.Principal, userID string) error {
	return s.remove(ctx, p, "", userID)
}

func (s *Service) remove(ctx context.Context, p access.Principal, id, userID string) error {
	if !p.Known() {
		return access.Authorise(p, access.SessionManageOwn)
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if id != "" {
			r, there, err := byID(ctx, tx, id)
			if err != nil {
				return err
			}
			if userID = r.UserID; !there {
				return fault.New(fault.NotFound, "there is no such passkey any more")
			}
		}
		a := access.UserManage
		if p.UserID == userID {
			a = access.SessionManageOwn
		}
		if err := access.Proved(p, a); err != nil {
			return err
		}
		if err := s.cfg.Access.HoldUser(ctx, tx, userID); err != nil {
			return err
		}
		n, err := drop(ctx, tx, id, userID)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "there is no such passkey any more")
		}
		rows, err := list(ctx, tx, userID)
		if err != nil {
			return err
		}
		since := time.Time{}
		if len(rows) > 0 {
			since = rows[0].Created
		}
		if _, err := s.cfg.Access.HasPasskey(ctx, tx, userID, since, p.SessionID); err != nil {
			return err
		}
		if err := s.cfg.Access.AWayStays(ctx, tx, p); err != nil {
			return err
		}
		data := map[string]any{"passkeys": digests(rows), "removed": n, "own": p.UserID == userID}
		if id != "" {
			data["passkey"] = id
		}
		return s.cfg.Access.Record(ctx, tx, p.UserID, removedEntry, userID, data)
	})
}

// BeginLogin asks the browser of somebody unknown for a passkey of theirs.
func (s *Service) BeginLogin(from access.Client) (Asked, error) {
	if err := s.available(); err != nil {
		return Asked{}, err
	}
	options, data, err := s.lib.BeginDiscoverableLogin()
	if err != nil {
		return Asked{}, fault.Wrap(fault.Internal, err, "a passkey could not be asked for")
	}
	word, err := s.held.hold(open{purpose: forLogin, holder: source(from.Address), data: *data}, s.cfg.Clock())
	return Asked{word, options.Response}, err
}

// Login opens a session by a passkey alone.
func (s *Service) Login(ctx context.Context, a Answer, from access.Client) (access.Login, error) {
	if err := s.available(); err != nil {
		return access.Login{}, err
	}
	o, err := s.held.take(a.Word, forLogin, "", s.cfg.Clock())
	if err != nil {
		return access.Login{}, err
	}
	parsed, _ := parse(a.JSON) // an answer that cannot be read is a wrong one, and counts
	whose := func(ctx context.Context, q database.Querier) (string, error) {
		if parsed == nil || len(parsed.Response.UserHandle) == 0 {
			return "", nil
		}
		r, there, err := byCredential(ctx, q, parsed.RawID)
		if err != nil || !there || r.UserID != string(parsed.Response.UserHandle) {
			return "", err
		}
		return r.UserID, nil
	}
	return s.cfg.Access.LoginBy(ctx, access.ViaPasskey, from, whose, s.check(o, parsed))
}

// BeginProof asks a browser for a passkey of a user who is known, in a session:
// whole, or one that waits for the second factor.
func (s *Service) BeginProof(ctx context.Context, u access.User, sessionID string) (Asked, error) {
	if err := s.available(); err != nil {
		return Asked{}, err
	}
	rows, err := list(ctx, s.cfg.DB.Reader(), u.ID)
	if err != nil {
		return Asked{}, err
	}
	if len(rows) == 0 {
		return Asked{}, fault.New(fault.Conflict, "this account has no passkey").WithHint("use another way")
	}
	options, data, err := s.lib.BeginLogin(owner{u, rows})
	if err != nil {
		return Asked{}, fault.Wrap(fault.Internal, err, "a passkey could not be asked for")
	}
	word, err := s.held.hold(open{purpose: forProof, holder: sessionID, userID: u.ID, data: *data}, s.cfg.Clock())
	return Asked{word, options.Response}, err
}

// Proof is a check of what the browser of a session answered to BeginProof.
// It is good for one use.
func (s *Service) Proof(a Answer, sessionID string) (access.Check, error) {
	if err := s.available(); err != nil {
		return nil, err
	}
	o, err := s.held.take(a.Word, forProof, sessionID, s.cfg.Clock())
	if err != nil {
		return nil, err
	}
	parsed, _ := parse(a.JSON)
	return s.check(o, parsed), nil
}

func parse(text string) (*protocol.ParsedCredentialAssertionData, error) {
	if len(text) > MaxAnswer {
		return nil, fault.New(fault.Invalid, "the browser's answer is too long")
	}
	return protocol.ParseCredentialRequestResponseBytes([]byte(text))
}

// check verifies an answer against the passkeys of the user whom access asks
// about, and moves the counter on.
func (s *Service) check(o open, parsed *protocol.ParsedCredentialAssertionData) access.Check {
	return func(ctx context.Context, tx *sql.Tx, userID string) (string, error) {
		if parsed == nil || o.userID != "" && o.userID != userID {
			return "", nil
		}
		rows, err := list(ctx, tx, userID)
		if err != nil {
			return "", err
		}
		u := owner{access.User{ID: userID}, rows}
		var cred *webauthn.Credential
		if o.userID == "" {
			cred, err = s.lib.ValidateDiscoverableLogin(func(_, _ []byte) (webauthn.User, error) { return u, nil }, o.data, parsed)
		} else {
			cred, err = s.lib.ValidateLogin(u, o.data, parsed)
		}
		if err != nil {
			return "", nil // wrong; what of it stays unsaid
		}
		for _, r := range rows {
			if string(r.cred.ID) == string(cred.ID) {
				return s.used(ctx, tx, r, cred, parsed.Response.AuthenticatorData.Counter)
			}
		}
		return "", nil
	}
}

// used notes the use of a passkey whose signature is right.
func (s *Service) used(ctx context.Context, tx *sql.Tx, r row, cred *webauthn.Credential, sent uint32) (string, error) {
	if !r.Suspect.IsZero() {
		return "", nil
	}
	now := s.cfg.Clock()
	if cred.Authenticator.CloneWarning {
		if err := suspect(ctx, tx, r.ID, now); err != nil {
			return "", err
		}
		return "", s.cfg.Access.Record(ctx, tx, r.UserID, suspectedEntry, r.UserID,
			map[string]any{"passkey": r.ID, "counter": int64(r.cred.Authenticator.SignCount), "sent": int64(sent)})
	}
	cred.Attestation = webauthn.CredentialAttestation{}
	record, err := json.Marshal(cred)
	if err != nil {
		return "", err
	}
	return "passkey", note(ctx, tx, r.ID, string(record), int64(cred.Authenticator.SignCount), now)
}
