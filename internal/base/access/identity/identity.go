package identity

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/sealed"
)

// Return is the path to which the provider sends people back.
const Return = "/login/oidc/return"

const (
	secretPlace = "login provider oidc"
	mostAsked   = 8

	// Both stand in a ledger entry, which has 2 KB.
	mostIssuer  = 300
	mostDomains = 800
)

// Config is all that the service depends on; every field but Clock is required.
type Config struct {
	DB        *database.DB
	Access    *access.Service
	Key       *sealed.Key
	Dialer    *dial.Dialer
	Clock     clock.Clock // clock.System
	PublicURL string      // "https://attesta.example.org"
}

// Service is logins by a provider over one database. Its methods may be called
// at the same time.
type Service struct {
	cfg    Config
	redir  string
	client client
	ways   map[string]Way // set before anything is served
	slots  chan struct{}  // one element for each exchange with the provider that is under way

	mu   sync.Mutex
	used map[string]time.Time // logins that came back, by nonce, until they are over
	have *provider            // as last read
}

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Access == nil || cfg.Key == nil || cfg.Dialer == nil || cfg.PublicURL == "" {
		return nil, fault.New(fault.Internal, "identity.Config needs DB, Access, Key, Dialer and PublicURL")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	s := &Service{cfg: cfg, redir: strings.TrimSuffix(cfg.PublicURL, "/") + Return, client: newClient(cfg.Dialer), ways: map[string]Way{}, slots: make(chan struct{}, mostAsked), used: map[string]time.Time{}}
	s.Add(OIDC, byOIDC{s})
	return s, nil
}

// Settings say which provider lets in whom. A zero Issuer: none does.
type Settings struct {
	Name     string // what the button says: "Okta"
	Issuer   string
	ClientID string
	Domains  []string    // of addresses by which an account is found or made; lower case
	MakeWith access.Role // of accounts that are made at the first login; empty: none are
	AsksBoth bool        // the provider asks for a second factor itself: none is asked for here
	Changed  time.Time
}

// row is settings as stored.
type row struct {
	Settings
	box []byte
}

func (r row) digest() string {
	box := sha256.Sum256(r.box)
	raw, _ := json.Marshal([]any{r.Name, r.Issuer, r.ClientID, r.Domains, r.MakeWith, r.AsksBoth, hex.EncodeToString(box[:])}) // strings and a bool: cannot fail
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// Redirect is the address that the provider must have on its list for this client.
func (s *Service) Redirect() string { return s.redir }

// Show gives the settings without the secret (settings.read).
func (s *Service) Show(ctx context.Context, p access.Principal) (Settings, error) {
	if err := access.Authorise(p, access.SettingsRead); err != nil {
		return Settings{}, err
	}
	r, _, err := read(ctx, s.cfg.DB.Reader())
	return r.Settings, err
}

// Set keeps the settings, once the provider answered to them (user.manage). An
// empty secret leaves that which there is, for the same issuer and client alone.
func (s *Service) Set(ctx context.Context, p access.Principal, n Settings, secret string) error {
	if err := access.Proved(p, access.UserManage); err != nil {
		return err
	}
	n, err := n.tidied()
	if err != nil {
		return err
	}
	if len(secret) > 4096 {
		return wrong("secret", "copy it from the provider", "the secret is too long")
	}
	if _, err := s.discover(ctx, n.Issuer); err != nil {
		message, hint := fault.Public(err)
		if dial.Refused(err) { // says which address inside: to administrators alone
			var f *fault.Error
			if errors.As(errors.Unwrap(err), &f) {
				message, hint = f.Message, f.Hint
			}
		}
		return fault.Wrap(fault.Invalid, err, "%s", message).At("", 0, "issuer").WithHint("%s", hint)
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		had, there, err := read(ctx, tx)
		if err != nil {
			return err
		}
		next := row{Settings: n, box: had.box}
		if secret = strings.TrimSpace(secret); secret != "" {
			next.box = s.cfg.Key.Seal(secretPlace, secret)
		} else if !there || had.Issuer != n.Issuer || had.ClientID != n.ClientID {
			return wrong("secret", "the provider shows it once, when the client is made there", "this client's secret is needed")
		}
		if there && secret == "" && next.digest() == had.digest() {
			return nil
		}
		next.Changed = s.cfg.Clock()
		if err := save(ctx, tx, next); err != nil {
			return err
		}
		return s.cfg.Access.Record(ctx, tx, p.UserID, setEntry, subject, map[string]any{"issuer": n.Issuer, "domains": n.Domains,
			"make_with": string(n.MakeWith), "asks_both": n.AsksBoth, "secret_changed": secret != "", "digest": next.digest()})
	})
}

// Remove ends logins by the provider (user.manage). Sessions stay, and so does
// who is whom, for the day on which it is set again.
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

// Abandon unbinds what a user came in by, for access.OnLeave, whose entry says
// so: whoever comes back is bound by a verified address again.
func (s *Service) Abandon(ctx context.Context, tx *sql.Tx, userID string) (int64, error) {
	return unbind(ctx, tx, userID)
}

func wrong(field, hint, format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field).WithHint("%s", hint)
}

// TidyName gives what a button says as it is kept, or what is wrong with it.
func TidyName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if name == "" || utf8.RuneCountInString(name) > 40 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return name, wrong("provider", "it stands on the button of the login page: Okta", "the name has 1 to 40 characters")
	}
	return name, nil
}

// TidyDomains gives the domains of mail addresses as they are kept, from texts
// with one or several each, or what is wrong with them.
func TidyDomains(texts []string) ([]string, error) {
	domains := []string{}
	for _, text := range texts {
		for _, d := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
			d = strings.TrimPrefix(d, "@")
			if len(d) > 253 || strings.Trim(d, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" || !strings.Contains(d, ".") || strings.HasPrefix(d, ".") || strings.HasSuffix(d, ".") {
				return nil, wrong("domains", "write what stands behind the @: example.org", "%q is no domain", d)
			}
			domains = append(domains, d)
		}
	}
	slices.Sort(domains)
	if domains = slices.Compact(domains); len(domains) == 0 || len(domains) > 20 || len(strings.Join(domains, "")) > mostDomains {
		return nil, wrong("domains", "those that are your organisation's own: example.org", "name 1 to 20 domains of addresses, %d characters together", mostDomains)
	}
	return domains, nil
}

func (n Settings) tidied() (Settings, error) {
	var err error
	if n.Name, err = TidyName(n.Name); err != nil {
		return n, err
	}
	n.Issuer = strings.TrimSpace(n.Issuer)
	if err := Address("issuer", n.Issuer, ""); err != nil || len(n.Issuer) > mostIssuer || strings.ContainsAny(n.Issuer, "?#@") {
		return n, wrong("issuer", "write it exactly as the provider does: https://login.example.org", "this is no issuer: an address with https:// and nothing behind the path")
	}
	if n.ClientID = strings.TrimSpace(n.ClientID); n.ClientID == "" || len(n.ClientID) > 254 || !utf8.ValidString(n.ClientID) || strings.ContainsFunc(n.ClientID, unicode.IsControl) {
		return n, wrong("client", "the provider shows it beside the client", "the client id has 1 to 254 characters")
	}
	if n.Domains, err = TidyDomains(n.Domains); err != nil {
		return n, err
	}
	if n.MakeWith != "" {
		if err := access.MadeRole(n.MakeWith); err != nil {
			message, hint := fault.Public(err)
			return n, wrong("make", hint, "%s", message)
		}
	}
	return n, nil
}

// Address refuses what is sent to or shown by a browser and is not HTTPS. Plain
// HTTP is taken on this host alone; where the issuer has it, from what it names.
func Address(what, text, issuer string) error {
	u, err := url.Parse(text)
	if err == nil && len(text) <= 1000 && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && here(u.Hostname())) {
		return nil
	}
	return fault.New(fault.Refused, "the provider's %s is no address with https://", what).WithHint("look at what %s says of itself", issuer)
}

func here(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
