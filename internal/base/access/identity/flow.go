package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"

	"golang.org/x/oauth2"
)

const (
	flowLife  = 10 * time.Minute
	flowPlace = "login that was begun"
	mostQuery = 8 << 10
	mostNext  = 1000 // bytes of the address after a login: a cookie has 4 KB
)

// kind says what a browser was sent to the provider for.
type kind string

const (
	login   kind = "login"
	proof   kind = "proof"   // of who is in a session
	connect kind = "connect" // of whoever is in a session, to their account
)

// flow is a login that was begun, sealed in the browser's cookie.
type flow struct {
	Kind     kind      `json:"kind"`
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"` // of PKCE
	Issuer   string    `json:"issuer"`
	Client   string    `json:"client"`
	Session  string    `json:"session,omitempty"` // that a proof or a connection is for
	Next     string    `json:"next"`
	Begun    time.Time `json:"begun"`
}

// Begun is where to send the browser, and what it keeps until it comes back.
type Begun struct {
	URL    string
	Cookie string
	Ends   time.Time
}

func errNone() error {
	return fault.New(fault.NotFound, "no identity provider is set here").WithHint("come in by the password or a passkey")
}

// Begin begins a login; next is where it leads.
func (s *Service) Begin(ctx context.Context, next string) (Begun, error) {
	return s.begin(ctx, login, "", next)
}

// BeginProof begins a proof of who is in a session: the provider asks anew.
func (s *Service) BeginProof(ctx context.Context, p access.Principal, next string) (Begun, error) {
	if err := inSession(p, access.Authorise); err != nil {
		return Begun{}, err
	}
	return s.begin(ctx, proof, p.SessionID, next)
}

// BeginConnect begins to bind whoever the provider lets in, asked anew, to the
// account of who is in a session, and has just shown that. It is called for a
// form of our own alone, never for a link: somebody else's could bind theirs.
func (s *Service) BeginConnect(ctx context.Context, p access.Principal, next string) (Begun, error) {
	if err := inSession(p, access.Proved); err != nil {
		return Begun{}, err
	}
	return s.begin(ctx, connect, p.SessionID, next)
}

func inSession(p access.Principal, ask func(access.Principal, access.Action) error) error {
	if err := ask(p, access.SessionManageOwn); err != nil {
		return err
	}
	if p.SessionID == "" {
		return fault.New(fault.Forbidden, "this is for somebody in a session")
	}
	return nil
}

func (s *Service) begin(ctx context.Context, k kind, session, next string) (Begun, error) {
	if len(next) > mostNext {
		next = "/"
	}
	r, there, err := read(ctx, s.cfg.DB.Reader())
	if err != nil {
		return Begun{}, err
	}
	if !there {
		return Begun{}, errNone()
	}
	p, err := s.discover(ctx, r.Issuer)
	if err != nil {
		return Begun{}, err
	}
	now := s.cfg.Clock()
	f := flow{Kind: k, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Issuer: r.Issuer, Client: r.ClientID, Session: session, Next: next, Begun: now}
	raw, err := json.Marshal(f)
	if err != nil {
		return Begun{}, err
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(f.Verifier), oauth2.SetAuthURLParam("nonce", f.Nonce)}
	if k != login {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return Begun{URL: s.oauth(p, r, "").AuthCodeURL(f.State, options...), Cookie: base64.RawURLEncoding.EncodeToString(s.cfg.Key.Seal(flowPlace, string(raw))), Ends: now.Add(flowLife)}, nil
}

// Came is what became of it.
type Came struct {
	Login     access.Login // empty token: it was no login
	Connected bool         // empty token and not this: it was a proof
	Next      string
}

// Finish takes the answer that a browser brings from the provider. p is who is
// in its session, nobody for a login.
func (s *Service) Finish(ctx context.Context, p access.Principal, cookie string, q url.Values, from access.Client) (Came, error) {
	f, err := s.take(cookie, q)
	if err != nil {
		return Came{}, err
	}
	if f.Kind != login && (!p.Known() || p.SessionID != f.Session) {
		return Came{}, fault.New(fault.Unauthenticated, "this was begun in another session").WithHint("log in again, and begin again")
	}
	r, there, err := read(ctx, s.cfg.DB.Reader())
	if err != nil {
		return Came{}, err
	}
	if !there || r.Issuer != f.Issuer || r.ClientID != f.Client {
		return Came{}, fault.New(fault.Unauthenticated, "the identity provider was changed in the meantime").WithHint("begin again")
	}
	if e := q.Get("error"); e != "" {
		return Came{}, saidNo(e)
	}
	if f.Kind == login {
		if err := s.cfg.Access.SourceLocked(ctx, from); err != nil {
			return Came{}, err
		}
	}
	c, err := s.exchange(ctx, r, f, q.Get("code"))
	if err == nil {
		err = s.once(f)
	}
	switch {
	case err != nil && f.Kind == login && fault.Is(err, fault.Unauthenticated):
		return Came{}, s.refuse(ctx, from, err)
	case err != nil:
		return Came{}, err
	case f.Kind == proof:
		return Came{Next: f.Next}, s.prove(ctx, p, r, c)
	case f.Kind == connect:
		return Came{Connected: true, Next: f.Next}, s.connect(ctx, p, r, c)
	}
	// Two transactions: what the first bound is the provider's word, and holds
	// though the second finds the account or the source locked.
	if err := s.know(ctx, r, c); err != nil {
		if fault.Is(err, fault.Forbidden) {
			return Came{}, s.refuse(ctx, from, err)
		}
		return Came{}, err
	}
	via := access.ViaProvider
	if r.AsksBoth {
		via = access.ViaProviderBoth
	}
	l, err := s.cfg.Access.LoginBy(ctx, via, from, func(ctx context.Context, q database.Querier) (string, error) {
		return userOf(ctx, q, r.Issuer, c.Subject)
	}, func(context.Context, *sql.Tx, string) (string, error) { return "provider", nil })
	return Came{Login: l, Next: f.Next}, err
}

// prove notes that whoever is in a session is whom the provider let in.
func (s *Service) prove(ctx context.Context, p access.Principal, r row, c claims) error {
	other := fault.New(fault.Unauthenticated, "the provider let in somebody else than who is in this session").WithHint("log in there as the account that you came in with")
	return s.cfg.Access.Prove(ctx, p, func(ctx context.Context, tx *sql.Tx, userID string) (string, error) {
		id, err := userOf(ctx, tx, r.Issuer, c.Subject)
		if err == nil && id != userID {
			err = other
		}
		return "provider", err
	})
}

// take opens the cookie and holds the answer's state and issuer against it.
func (s *Service) take(cookie string, q url.Values) (flow, error) {
	over := fault.New(fault.Unauthenticated, "this login was not begun in this browser, or more than %d minutes ago", int(flowLife.Minutes())).
		WithHint("begin again from the login page, in one tab")
	var f flow
	box, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || len(q.Encode()) > mostQuery {
		return f, over
	}
	text, err := s.cfg.Key.Unseal(flowPlace, box)
	if err != nil || json.Unmarshal([]byte(text), &f) != nil {
		return flow{}, over
	}
	now := s.cfg.Clock()
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(f.State)) != 1 || !now.Before(f.Begun.Add(flowLife)) || now.Before(f.Begun) {
		return flow{}, over
	}
	if iss := q.Get("iss"); iss != "" && iss != f.Issuer { // RFC 9207
		return flow{}, refusedToken(nil, "it comes from another issuer")
	}
	return f, nil
}

// once refuses a login that came back before.
func (s *Service) once(f flow) error {
	now := s.cfg.Clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, ends := range s.used {
		if !now.Before(ends) {
			delete(s.used, n)
		}
	}
	if _, there := s.used[f.Nonce]; there {
		return refusedToken(nil, "it was used before")
	}
	s.used[f.Nonce] = f.Begun.Add(flowLife)
	return nil
}

// refuse counts and records a failed login of nobody, and says why.
func (s *Service) refuse(ctx context.Context, from access.Client, why error) error {
	_, err := s.cfg.Access.LoginBy(ctx, access.ViaProvider, from, func(context.Context, database.Querier) (string, error) { return "", nil }, nil)
	if fault.Is(err, fault.Unauthenticated) {
		return why
	}
	return err
}

// saidNo puts a provider's error into words.
func saidNo(code string) error {
	hint := "try again; an administrator finds more in the provider's own log"
	switch code {
	case "access_denied":
		return fault.New(fault.Unauthenticated, "the identity provider did not let you in").WithHint("you broke off there, or have no access to this application: ask whoever runs the provider")
	case "login_required", "interaction_required", "consent_required":
		hint = "begin again, and answer what the provider asks"
	case "unauthorized_client", "invalid_request", "invalid_scope", "unsupported_response_type":
		hint = "an administrator compares the client at the provider with Settings, Login: its return address, the code flow, the scopes openid, email and profile"
	case "temporarily_unavailable", "server_error":
		hint = "the provider has a fault of its own; the password and passkeys still let in"
	}
	return fault.New(fault.Unauthenticated, "the identity provider answered with an error%s", named(code)).WithHint("%s", hint)
}

func no(hint, format string, args ...any) error {
	return fault.New(fault.Forbidden, format, args...).WithHint("%s", hint)
}

// know finds, binds or makes the account of whom the provider let in. Who gets
// none is kind Forbidden. The address of an account is set by administrators and
// directories alone, see access.Rename, or its owner could have it opened by
// somebody else's word.
func (s *Service) know(ctx context.Context, r row, c claims) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		id, err := userOf(ctx, tx, r.Issuer, c.Subject)
		if err != nil || id != "" {
			return err
		}
		email := strings.TrimSpace(c.Email)
		_, domain, _ := strings.Cut(strings.ToLower(email), "@")
		switch {
		case email == "":
			return no("an administrator lets the provider send the address (scope email)", "the identity provider knows you, but told no mail address, so no account here is found")
		case !c.verified():
			return no("come in by a link or the password, and connect the provider's login under Account; or an administrator sees to it that the provider sends email_verified",
				"the identity provider does not say that it verified your mail address, so no account here is found by it")
		case strings.ContainsFunc(email, func(r rune) bool { return r > unicode.MaxASCII }): // letters that look alike, or become others in lower case
			return no("come in by a link or the password, and connect the provider's login under Account", "accounts are not found by a mail address with letters beyond ASCII")
		case !slices.Contains(r.Domains, domain):
			return no("use the address of your organisation; which domains come in stands under Settings, Login", "people with a mail address of this domain do not come in by the identity provider")
		}
		u, there, err := s.cfg.Access.ByAddress(ctx, tx, email)
		switch {
		case err != nil:
			return err
		case !there && r.MakeWith == "":
			return no("ask an administrator to add you under Settings, Users, with the mail address that the provider has", "the identity provider knows you, and Attesta does not")
		case !there:
			if u, err = s.cfg.Access.AddKnown(ctx, tx, c.Name, email, r.MakeWith); err != nil {
				return err
			}
		case u.Disabled:
			return no("ask an administrator", "this account is closed")
		}
		return s.bindTo(ctx, tx, r, c, u.ID)
	})
}

// connect binds whom the provider let in to the account of who is in a session.
func (s *Service) connect(ctx context.Context, p access.Principal, r row, c claims) error {
	if err := inSession(p, access.Proved); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		switch id, err := userOf(ctx, tx, r.Issuer, c.Subject); {
		case err != nil || id == p.UserID:
			return err
		case id != "":
			return no("log in there as yourself, or ask an administrator", "this login at the provider belongs to another account here")
		}
		return s.bindTo(ctx, tx, r, c, p.UserID)
	})
}

// bindTo binds an identity that nobody has to an account that has none of that
// issuer, in its owner's name.
func (s *Service) bindTo(ctx context.Context, tx *sql.Tx, r row, c claims, userID string) error {
	if err := s.cfg.Access.HoldUser(ctx, tx, userID); err != nil {
		return err
	}
	had, err := identities(ctx, tx, userID)
	if err != nil {
		return err
	}
	if slices.Contains(had, identity{r.Issuer, c.Subject}) {
		return nil // a second click
	}
	if slices.ContainsFunc(had, func(i identity) bool { return i.issuer == r.Issuer }) {
		return no("whoever has it disconnects the other login under Account; an administrator who knows that it is you can disable the account and enable it again",
			"the account here has another login at the identity provider")
	}
	if err := bind(ctx, tx, r.Issuer, c.Subject, userID, s.cfg.Clock()); err != nil {
		return err
	}
	return s.recordIdentities(ctx, tx, boundEntry, userID)
}

func (s *Service) recordIdentities(ctx context.Context, tx *sql.Tx, typ, userID string) error {
	have, err := identities(ctx, tx, userID)
	if err != nil {
		return err
	}
	return s.cfg.Access.Record(ctx, tx, userID, typ, userID, map[string]any{"identities": digests(have)})
}

// Connected reports whether p's account has a login of the provider that is set.
func (s *Service) Connected(ctx context.Context, p access.Principal) (bool, error) {
	if err := access.Authorise(p, access.SessionManageOwn); err != nil {
		return false, err
	}
	r, there, err := read(ctx, s.cfg.DB.Reader())
	if err != nil || !there {
		return false, err
	}
	have, err := identities(ctx, s.cfg.DB.Reader(), p.UserID)
	return slices.ContainsFunc(have, func(i identity) bool { return i.issuer == r.Issuer }), err
}

// Disconnect unbinds all that p's account is known by at providers.
func (s *Service) Disconnect(ctx context.Context, p access.Principal) error {
	if err := inSession(p, access.Proved); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := s.cfg.Access.HoldUser(ctx, tx, p.UserID); err != nil {
			return err
		}
		if n, err := unbind(ctx, tx, p.UserID); err != nil || n == 0 {
			return err
		}
		return s.recordIdentities(ctx, tx, unboundEntry, p.UserID)
	})
}
