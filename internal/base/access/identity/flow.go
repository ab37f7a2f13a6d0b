package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	trial   kind = "trial"   // of the settings: it opens and changes nothing
)

// flow is a login that was begun, sealed in the browser's cookie.
type flow struct {
	Way      string    `json:"way"`
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

func (f flow) asked() Asked {
	return Asked{State: f.State, Nonce: f.Nonce, Verifier: f.Verifier, Anew: f.Kind == proof || f.Kind == connect, Begun: f.Begun}
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

// Begin begins a login by a way; next is where it leads.
func (s *Service) Begin(ctx context.Context, way, next string) (Begun, error) {
	return s.begin(ctx, way, login, "", next)
}

// BeginProof begins a proof of who is in a session: the provider asks anew.
func (s *Service) BeginProof(ctx context.Context, p access.Principal, way, next string) (Begun, error) {
	if err := inSession(p, access.Authorise); err != nil {
		return Begun{}, err
	}
	return s.begin(ctx, way, proof, p.SessionID, next)
}

// BeginConnect begins to bind whoever the provider lets in, asked anew, to the
// account of who is in a session, and has just shown that. It is called for a
// form of our own alone, never for a link: somebody else's could bind theirs.
func (s *Service) BeginConnect(ctx context.Context, p access.Principal, way, next string) (Begun, error) {
	if err := inSession(p, access.Proved); err != nil {
		return Begun{}, err
	}
	return s.begin(ctx, way, connect, p.SessionID, next)
}

// BeginTrial begins a trial of the settings: whoever the provider lets in is
// shown as it says them, and nothing is opened or changed (user.manage).
func (s *Service) BeginTrial(ctx context.Context, p access.Principal, way string) (Begun, error) {
	if err := access.Proved(p, access.UserManage); err != nil {
		return Begun{}, err
	}
	if err := inSession(p, access.Authorise); err != nil {
		return Begun{}, err
	}
	return s.begin(ctx, way, trial, p.SessionID, "/settings/login")
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

// terms gives a way with which provider lets in whom by it. Kind NotFound where
// none is set.
func (s *Service) terms(ctx context.Context, way string) (Way, Terms, error) {
	w := s.ways[way]
	if w == nil {
		return nil, Terms{}, errNone()
	}
	t, there, err := w.Terms(ctx)
	if err == nil && !there {
		err = errNone()
	}
	return w, t, err
}

func (s *Service) begin(ctx context.Context, way string, k kind, session, next string) (Begun, error) {
	if len(next) > mostNext {
		next = "/"
	}
	w, t, err := s.terms(ctx, way)
	if err != nil {
		return Begun{}, err
	}
	now := s.cfg.Clock()
	f := flow{Way: way, Kind: k, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Issuer: t.Issuer, Client: t.Client, Session: session, Next: next, Begun: now}
	address, err := w.Ask(ctx, f.asked())
	if err != nil {
		return Begun{}, err
	}
	raw, err := json.Marshal(f)
	if err != nil {
		return Begun{}, err
	}
	return Begun{URL: address, Cookie: base64.RawURLEncoding.EncodeToString(s.cfg.Key.Seal(flowPlace, string(raw))), Ends: now.Add(flowLife)}, nil
}

// Came is what became of it.
type Came struct {
	Login     access.Login // empty token: it was no login
	Connected bool         // empty token, not this and no trial: it was a proof
	Trial     *Trial
	Next      string
}

// Trial is what a login would have been.
type Trial struct {
	Way   string
	Said  Person
	Login string // of the account that it would open
	Role  access.Role
	Makes bool  // that account is made by it
	No    error // why it would open none; Said is empty where the answer itself is refused
}

// Finish takes the answer that a browser brings from the provider. p is who is
// in its session, nobody for a login.
func (s *Service) Finish(ctx context.Context, p access.Principal, way, cookie string, brought url.Values, from access.Client) (Came, error) {
	f, err := s.take(cookie, brought.Get("state"))
	if err != nil {
		return Came{}, err
	}
	if f.Way != way {
		return Came{}, Refuse(nil, "it comes by another way than it was asked for")
	}
	if f.Kind != login && (!p.Known() || p.SessionID != f.Session) {
		return Came{}, fault.New(fault.Unauthenticated, "this was begun in another session").WithHint("log in again, and begin again")
	}
	w, t, err := s.terms(ctx, way)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Came{}, err
	}
	if err != nil || t.Issuer != f.Issuer || t.Client != f.Client {
		return Came{}, fault.New(fault.Unauthenticated, "the identity provider was changed in the meantime").WithHint("begin again")
	}
	if f.Kind == login {
		if err := s.cfg.Access.SourceLocked(ctx, from); err != nil {
			return Came{}, err
		}
	}
	c, err := s.answer(ctx, w, f, brought)
	var saysNo saidNo
	switch {
	case err != nil && f.Kind == trial && fault.Is(err, fault.Unauthenticated):
		return Came{Trial: &Trial{Way: way, No: err}, Next: f.Next}, nil
	case err != nil && f.Kind == login && fault.Is(err, fault.Unauthenticated) && !errors.As(err, &saysNo):
		return Came{}, s.refuse(ctx, from, err)
	case err != nil:
		return Came{}, err
	case f.Kind == trial:
		seen, err := s.try(ctx, p, t, c)
		seen.Way = way
		return Came{Trial: &seen, Next: f.Next}, err
	case f.Kind == proof:
		return Came{Next: f.Next}, s.prove(ctx, p, c)
	case f.Kind == connect:
		return Came{Connected: true, Next: f.Next}, s.connect(ctx, p, c)
	}
	// Two transactions: what the first bound is the provider's word, and holds
	// though the second finds the account or the source locked.
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return s.know(ctx, tx, t, c) }); err != nil {
		if fault.Is(err, fault.Forbidden) {
			return Came{}, s.refuse(ctx, from, err)
		}
		return Came{}, err
	}
	via := access.ViaProvider
	if t.AsksBoth {
		via = access.ViaProviderBoth
	}
	l, err := s.cfg.Access.LoginUntil(ctx, via, from, func(ctx context.Context, q database.Querier) (string, error) {
		return userOf(ctx, q, c.Issuer, c.Subject)
	}, func(context.Context, *sql.Tx, string) (string, error) { return "provider", nil }, c.Ends)
	return Came{Login: l, Next: f.Next}, err
}

// answer gives whom the provider let in, once, as far as it is said of them
// what every way says.
func (s *Service) answer(ctx context.Context, w Way, f flow, brought url.Values) (Person, error) {
	c, err := w.Answer(ctx, f.asked(), brought)
	if err != nil {
		return Person{}, err
	}
	switch {
	case c.Issuer != f.Issuer:
		return Person{}, Refuse(nil, "it comes from another issuer")
	case c.Subject == "" || len(c.Subject) > 255 || !utf8.ValidString(c.Subject) || strings.ContainsRune(c.Subject, 0):
		return Person{}, Refuse(nil, "it does not say who it is about")
	case f.asked().Anew && c.At.Before(f.Begun.Add(-skew)):
		return Person{}, Refuse(nil, "you were not asked anew who you are")
	case !c.Ends.IsZero() && !s.cfg.Clock().Before(c.Ends):
		return Person{}, Refuse(nil, "the session there has ended already")
	}
	return c, s.once(f)
}

// errTried undoes what a trial did.
var errTried = errors.New("a trial")

// try finds out what a login would have opened, and undoes it.
func (s *Service) try(ctx context.Context, p access.Principal, t Terms, c Person) (Trial, error) {
	if err := access.Authorise(p, access.UserManage); err != nil {
		return Trial{}, err
	}
	seen := Trial{Said: c}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		seen = Trial{Said: c}
		before, err := userOf(ctx, tx, c.Issuer, c.Subject)
		if err == nil && before == "" && c.Verified && c.Email != "" {
			_, there, e := s.cfg.Access.ByAddress(ctx, tx, strings.TrimSpace(c.Email))
			seen.Makes, err = !there, e
		}
		if err == nil {
			err = s.know(ctx, tx, t, c)
		}
		if fault.Is(err, fault.Forbidden) {
			seen.No, seen.Makes = err, false
			return errTried
		}
		if err != nil {
			return err
		}
		id, err := userOf(ctx, tx, c.Issuer, c.Subject)
		if err != nil {
			return err
		}
		u, err := s.cfg.Access.UserIn(ctx, tx, id)
		if err != nil {
			return err
		}
		if seen.Login, seen.Role = u.Login, u.Role; u.Disabled {
			seen.No = no("ask an administrator", "this account is closed")
		}
		return errTried
	})
	if errors.Is(err, errTried) {
		err = nil
	}
	return seen, err
}

// prove notes that whoever is in a session is whom the provider let in.
func (s *Service) prove(ctx context.Context, p access.Principal, c Person) error {
	other := fault.New(fault.Unauthenticated, "the provider let in somebody else than who is in this session").WithHint("log in there as the account that you came in with")
	return s.cfg.Access.Prove(ctx, p, func(ctx context.Context, tx *sql.Tx, userID string) (string, error) {
		id, err := userOf(ctx, tx, c.Issuer, c.Subject)
		if err == nil && id != userID {
			err = other
		}
		return "provider", err
	})
}

// take opens the cookie and holds the state that came back against it.
func (s *Service) take(cookie, state string) (flow, error) {
	over := fault.New(fault.Unauthenticated, "this login was not begun in this browser, or more than %d minutes ago", int(flowLife.Minutes())).
		WithHint("begin again from the login page, in one tab")
	var f flow
	box, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil {
		return f, over
	}
	text, err := s.cfg.Key.Unseal(flowPlace, box)
	if err != nil || json.Unmarshal([]byte(text), &f) != nil {
		return flow{}, over
	}
	now := s.cfg.Clock()
	if subtle.ConstantTimeCompare([]byte(state), []byte(f.State)) != 1 || !now.Before(f.Begun.Add(flowLife)) || now.Before(f.Begun) {
		return flow{}, over
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
		return Refuse(nil, "it was used before")
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

func no(hint, format string, args ...any) error {
	return fault.New(fault.Forbidden, format, args...).WithHint("%s", hint)
}

// know finds, binds or makes the account of whom the provider let in. Who gets
// none is kind Forbidden. The address of an account is set by administrators and
// directories alone, see access.Rename, or its owner could have it opened by
// somebody else's word.
func (s *Service) know(ctx context.Context, tx *sql.Tx, t Terms, c Person) error {
	id, err := userOf(ctx, tx, c.Issuer, c.Subject)
	if err != nil || id != "" {
		return err
	}
	email := strings.TrimSpace(c.Email)
	_, domain, _ := strings.Cut(strings.ToLower(email), "@")
	switch {
	case email == "":
		return no("an administrator lets the provider send the address (scope email, or an attribute)", "the identity provider knows you, but told no mail address, or several, so no account here is found")
	case !c.Verified:
		return no("come in by a link or the password, and connect the provider's login under Account; or an administrator sees to it that the provider says so (email_verified), or answers for it in the settings",
			"the identity provider does not say that it verified your mail address, so no account here is found by it")
	case strings.ContainsFunc(email, func(r rune) bool { return r > unicode.MaxASCII }): // letters that look alike, or become others in lower case
		return no("come in by a link or the password, and connect the provider's login under Account", "accounts are not found by a mail address with letters beyond ASCII")
	case !slices.Contains(t.Domains, domain):
		return no("use the address of your organisation; which domains come in stands under Settings, Login", "people with a mail address of this domain do not come in by the identity provider")
	}
	u, there, err := s.cfg.Access.ByAddress(ctx, tx, email)
	switch {
	case err != nil:
		return err
	case !there && t.MakeWith == "":
		return no("ask an administrator to add you under Settings, Users, with the mail address that the provider has", "the identity provider knows you, and Attesta does not")
	case !there:
		if u, err = s.cfg.Access.AddKnown(ctx, tx, c.Name, email, t.MakeWith); err != nil {
			return err
		}
	case u.Disabled:
		return no("ask an administrator", "this account is closed")
	}
	return s.bindTo(ctx, tx, c, u.ID)
}

// connect binds whom the provider let in to the account of who is in a session.
func (s *Service) connect(ctx context.Context, p access.Principal, c Person) error {
	if err := inSession(p, access.Proved); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		switch id, err := userOf(ctx, tx, c.Issuer, c.Subject); {
		case err != nil || id == p.UserID:
			return err
		case id != "":
			return no("log in there as yourself, or ask an administrator", "this login at the provider belongs to another account here")
		}
		return s.bindTo(ctx, tx, c, p.UserID)
	})
}

// bindTo binds an identity that nobody has to an account that has none of that
// issuer, in its owner's name.
func (s *Service) bindTo(ctx context.Context, tx *sql.Tx, c Person, userID string) error {
	if err := s.cfg.Access.HoldUser(ctx, tx, userID); err != nil {
		return err
	}
	had, err := identities(ctx, tx, userID)
	if err != nil {
		return err
	}
	if slices.Contains(had, identity{c.Issuer, c.Subject}) {
		return nil // a second click
	}
	if slices.ContainsFunc(had, func(i identity) bool { return i.issuer == c.Issuer }) {
		return no("whoever has it disconnects the other login under Account; an administrator who knows that it is you can disable the account and enable it again",
			"the account here has another login at the identity provider")
	}
	if err := bind(ctx, tx, c.Issuer, c.Subject, userID, s.cfg.Clock()); err != nil {
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

// Connected gives which ways have a login that opens p's account.
func (s *Service) Connected(ctx context.Context, p access.Principal) (map[string]bool, error) {
	if err := access.Authorise(p, access.SessionManageOwn); err != nil {
		return nil, err
	}
	have, err := identities(ctx, s.cfg.DB.Reader(), p.UserID)
	on := map[string]bool{}
	for way, w := range s.ways {
		if err != nil {
			return nil, err
		}
		var t Terms
		var there bool
		if t, there, err = w.Terms(ctx); there {
			on[way] = slices.ContainsFunc(have, func(i identity) bool { return i.issuer == t.Issuer })
		}
	}
	return on, err
}

// Disconnect unbinds all that p's account is known by at a way's provider.
func (s *Service) Disconnect(ctx context.Context, p access.Principal, way string) error {
	if err := inSession(p, access.Proved); err != nil {
		return err
	}
	_, t, err := s.terms(ctx, way)
	if err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := s.cfg.Access.HoldUser(ctx, tx, p.UserID); err != nil {
			return err
		}
		if n, err := unbindFrom(ctx, tx, p.UserID, t.Issuer); err != nil || n == 0 {
			return err
		}
		return s.recordIdentities(ctx, tx, unboundEntry, p.UserID)
	})
}
