package saml

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/identity"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/sealed"
)

// Way is what this way is called: it ends the address at which a login begins.
const Way = "saml"

// The addresses that the provider knows.
const (
	Consumer = "/login/saml/acs"      // to which browsers bring its answer
	Metadata = "/login/saml/metadata" // what we say of ourselves, and our name there
)

const (
	mostIssuer = 300 // both stand in a ledger entry, which has 2 KB
	mostHours  = 12
	mostName   = 120 // bytes of an attribute's name
)

// MaxMetadata and MaxResponse bound what is read, in bytes: metadata, and a
// response as a form carries it.
const (
	MaxMetadata = mostBytes
	MaxResponse = 2 * mostBytes
)

// Config is all that the service depends on; every field but the last two is required.
type Config struct {
	DB        *database.DB
	Access    *access.Service
	Key       *sealed.Key
	Dialer    *dial.Dialer
	PublicURL string                          // "https://attesta.example.org"
	Clock     clock.Clock                     // clock.System
	MakeKey   func() (*rsa.PrivateKey, error) // RSA with 3072 bits
}

// Service is the way in by SAML over one database. Its methods may be called at
// the same time.
type Service struct {
	cfg      Config
	entity   string
	consumer url.URL

	mu   sync.Mutex
	have *provider // as last parsed
}

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Access == nil || cfg.Key == nil || cfg.Dialer == nil || cfg.PublicURL == "" {
		return nil, fault.New(fault.Internal, "saml.Config needs DB, Access, Key, Dialer and PublicURL")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.MakeKey == nil {
		cfg.MakeKey = func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 3072) }
	}
	base := strings.TrimSuffix(cfg.PublicURL, "/")
	at, err := url.Parse(base + Consumer)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%q is no address", cfg.PublicURL)
	}
	return &Service{cfg: cfg, entity: base + Metadata, consumer: *at}, nil
}

// Entity is our name at the provider, and where our metadata is.
func (s *Service) Entity() string { return s.entity }

// ConsumerURL is where the provider sends browsers with its answer.
func (s *Service) ConsumerURL() string { return s.consumer.String() }

// Settings say which provider lets in whom. A zero Issuer: none does.
type Settings struct {
	Name        string // what the button says: "Okta"
	Issuer      string // entity id of the provider; its metadata says it
	Address     string // that the metadata is read from; empty: it was uploaded
	Domains     []string
	MakeWith    access.Role
	AsksBoth    bool
	Vouches     bool   // its people cannot set their mail address there themselves
	SubjectFrom string // attribute that says who it is; empty: the NameID
	MailFrom    string // attribute with the mail address; empty: the usual names
	Tile        bool   // an answer that nobody asked for begins a login here
	Hours       int    // that a session lasts at most, 1 to 12
	Changed     time.Time
	Read        time.Time // when the metadata was last read, or uploaded
	Problem     string    // why reading it has failed since
	Certificate []Certificate
	Until       time.Time // when the metadata ends; zero: it does not say
}

// Certificate is one of the provider's that sign.
type Certificate struct {
	Fingerprint string // SHA-256
	Until       time.Time
}

// row is settings as stored.
type row struct {
	Settings
	metadata string
}

func (r row) digest() string {
	meta := sha256.Sum256([]byte(r.metadata))
	raw, _ := json.Marshal([]any{r.Name, r.Issuer, r.Address, r.Domains, r.MakeWith, r.AsksBoth, r.Vouches, r.SubjectFrom, r.MailFrom, r.Tile, r.Hours, hex.EncodeToString(meta[:])}) // strings, bools and a number: cannot fail
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// named is an issuer as accounts are bound to it: one that speaks both
// protocols under one name says something else by each.
func named(issuer string) string {
	if issuer == "" {
		return ""
	}
	return "saml " + issuer
}

// Issuer gives a provider's entity id for an identity's issuer.
func Issuer(of string) string { return strings.TrimPrefix(of, "saml ") }

// Terms is which provider lets in whom, for package identity.
func (s *Service) Terms(ctx context.Context) (identity.Terms, bool, error) {
	r, there, err := read(ctx, s.cfg.DB.Reader())
	return identity.Terms{Name: r.Name, Issuer: named(r.Issuer), Client: s.entity, Domains: r.Domains, MakeWith: r.MakeWith, AsksBoth: r.AsksBoth}, there, err
}

// Show gives the settings (settings.read).
func (s *Service) Show(ctx context.Context, p access.Principal) (Settings, error) {
	if err := access.Authorise(p, access.SettingsRead); err != nil {
		return Settings{}, err
	}
	r, there, err := read(ctx, s.cfg.DB.Reader())
	if err != nil || !there {
		return Settings{}, err
	}
	m, err := s.parsed(r)
	if err != nil {
		return Settings{}, err
	}
	r.Certificate, r.Until = m.show(), m.until
	return r.Settings, nil
}

// Set keeps the settings (user.manage). The metadata is read from n.Address, or
// is what was uploaded; where neither is given, that which there is stays. Where
// there is no key of ours yet, one is made.
func (s *Service) Set(ctx context.Context, p access.Principal, n Settings, uploaded string) error {
	if err := access.Proved(p, access.UserManage); err != nil {
		return err
	}
	n, err := n.tidied()
	if err != nil {
		return err
	}
	text := strings.TrimSpace(uploaded)
	field := "metadata"
	switch {
	case text != "" && n.Address != "":
		return wrong("metadata", "leave one of the two empty", "there is an address of metadata, and metadata")
	case n.Address != "":
		field = "address"
		if text, err = s.fetch(ctx, n.Address); err != nil {
			return at(err, field)
		}
	}
	var m *provider
	if text != "" {
		if m, err = s.parse(text); err == nil {
			err = s.holds(m)
		}
		if err != nil {
			return at(err, field)
		}
	}
	first, err := s.firstKey(ctx)
	if err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		had, there, err := read(ctx, tx)
		if err != nil {
			return err
		}
		next := row{Settings: n, metadata: text}
		next.Changed = s.cfg.Clock()
		next.Read = next.Changed
		switch {
		case m != nil:
			next.Issuer = m.issuer
		case !there:
			return wrong("metadata", "the provider gives it as a file or an address", "the provider's metadata is needed")
		default:
			next.metadata, next.Issuer, next.Read = had.metadata, had.Issuer, had.Read
		}
		if err := s.keepFirst(ctx, tx, p, first); err != nil {
			return err
		}
		if there && next.digest() == had.digest() {
			return touch(ctx, tx, next.Read, "")
		}
		if err := save(ctx, tx, next); err != nil {
			return err
		}
		return s.record(ctx, tx, p, setEntry, next)
	})
}

// record appends what the settings are from now on.
func (s *Service) record(ctx context.Context, tx *sql.Tx, p access.Principal, typ string, r row) error {
	m, err := s.parse(r.metadata)
	if err != nil {
		return err
	}
	return s.cfg.Access.Record(ctx, tx, p.UserID, typ, subject, map[string]any{"issuer": r.Issuer, "by_address": r.Address != "", "certificates": m.short(),
		"domains": r.Domains, "subject_from": r.SubjectFrom, "make_with": string(r.MakeWith), "asks_both": r.AsksBoth, "vouches": r.Vouches, "tile": r.Tile, "hours": r.Hours, "digest": r.digest()})
}

// Remove ends logins by the provider (user.manage). Sessions stay, and so do our
// keys and who is whom, for the day on which it is set again.
func (s *Service) Remove(ctx context.Context, p access.Principal) error {
	if err := access.Proved(p, access.UserManage); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if n, err := drop(ctx, tx); err != nil || n == 0 {
			return err
		}
		return s.cfg.Access.Record(ctx, tx, p.UserID, removedEntry, subject, nil)
	})
}

// Reread reads the metadata again from its address (user.manage).
func (s *Service) Reread(ctx context.Context, p access.Principal) error {
	if err := access.Proved(p, access.UserManage); err != nil {
		return err
	}
	return s.reread(ctx, p)
}

// Keep reads the metadata again, where it has an address, and forgets assertions
// that have expired. A job calls it every few hours. Metadata that cannot be
// read stays as it was, with the reason.
func (s *Service) Keep(ctx context.Context) error {
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return forget(ctx, tx, s.cfg.Clock()) }); err != nil {
		return err
	}
	r, there, err := read(ctx, s.cfg.DB.Reader())
	if err != nil || !there || r.Address == "" {
		return err
	}
	err = s.reread(ctx, access.System())
	if k := fault.KindOf(err); err == nil || k == fault.Internal {
		return err
	}
	message, _ := fault.Public(err) // it stands on Health from now on
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return touch(ctx, tx, r.Read, message) })
}

func (s *Service) reread(ctx context.Context, p access.Principal) error {
	r, there, err := read(ctx, s.cfg.DB.Reader())
	if err != nil {
		return err
	}
	if !there || r.Address == "" {
		return fault.New(fault.NotFound, "the provider's metadata has no address").WithHint("upload it anew under Settings, Login")
	}
	text, err := s.fetch(ctx, r.Address)
	if err != nil {
		return err
	}
	m, err := s.parse(text)
	if err != nil {
		return err
	}
	if err := s.holds(m); err != nil {
		return err
	}
	if m.issuer != r.Issuer {
		return fault.New(fault.Refused, "the metadata is of another provider now: %s", m.issuer).WithHint("where that is meant, an administrator saves the settings again")
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		had, there, err := read(ctx, tx)
		if err != nil || !there || had.Address != r.Address || had.Issuer != r.Issuer {
			return err // it was changed while we read
		}
		now := s.cfg.Clock()
		if had.metadata == text {
			return touch(ctx, tx, now, "")
		}
		had.metadata, had.Read, had.Problem = text, now, ""
		if err := save(ctx, tx, had); err != nil {
			return err
		}
		return s.record(ctx, tx, p, readEntry, had)
	})
}

func wrong(field, hint, format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field).WithHint("%s", hint)
}

// at says of which field of a form an error is.
func at(err error, field string) error {
	message, hint := fault.Public(err)
	if fault.KindOf(err) == fault.Internal {
		return err
	}
	return fault.Wrap(fault.Invalid, err, "%s", message).At("", 0, field).WithHint("%s", hint)
}

func (n Settings) tidied() (Settings, error) {
	var err error
	if n.Name, err = identity.TidyName(n.Name); err != nil {
		return n, err
	}
	if n.Address = strings.TrimSpace(n.Address); n.Address != "" {
		if err := identity.Address("metadata", n.Address, "the provider"); err != nil {
			return n, wrong("address", "https://login.example.org/metadata", "the metadata's address begins with https://")
		}
	}
	if n.Domains, err = identity.TidyDomains(n.Domains); err != nil {
		return n, err
	}
	if n.MakeWith != "" {
		if err := access.MadeRole(n.MakeWith); err != nil {
			return n, at(err, "make")
		}
	}
	for field, name := range map[string]*string{"subject": &n.SubjectFrom, "mail": &n.MailFrom} {
		*name = strings.TrimSpace(*name)
		if len(*name) > mostName || !utf8.ValidString(*name) || strings.ContainsFunc(*name, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
			return n, wrong(field, "as the provider writes it: urn:oasis:names:tc:SAML:attribute:subject-id", "this is no name of an attribute")
		}
	}
	if n.Hours < 1 || n.Hours > mostHours {
		return n, wrong("hours", "whoever leaves at the provider is out here by then at the latest", "a session lasts 1 to %d hours", mostHours)
	}
	return n, nil
}
