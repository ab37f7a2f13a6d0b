package identity

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	answerTime = 15 * time.Second
	mostBytes  = 1 << 20
	keptFor    = 10 * time.Minute
	skew       = time.Minute // that the provider's clock may be off
)

// algorithms are those whose key the provider alone has.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}

// client asks the provider.
type client struct{ http *http.Client }

func newClient(d *dial.Dialer) client {
	c := d.Client(answerTime)
	c.Transport = bounded{c.Transport}
	return client{c}
}

// bounded ends an answer that is too long with an error.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		resp.Body = &body{resp.Body, mostBytes}
	}
	return resp, err
}

type body struct {
	io.ReadCloser
	left int
}

var errLong = errors.New("the provider's answer is too long")

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errLong
	}
	return n, err
}

func (c client) context(ctx context.Context) context.Context { return oidc.ClientContext(ctx, c.http) }

// provider is what an issuer says of itself.
type provider struct {
	*oidc.Provider
	issuer string
	style  oauth2.AuthStyle
	read   time.Time
}

// discover asks an issuer where its addresses are, or recalls it.
func (s *Service) discover(ctx context.Context, issuer string) (*provider, error) {
	now := s.cfg.Clock()
	s.mu.Lock()
	have := s.have
	s.mu.Unlock()
	if have != nil && have.issuer == issuer && now.Sub(have.read) < keptFor && !now.Before(have.read) {
		return have, nil
	}
	release, err := s.ask()
	if err != nil {
		return nil, err
	}
	defer release()
	found, err := oidc.NewProvider(s.client.context(context.WithoutCancel(ctx)), issuer)
	if err != nil {
		return nil, asked(err)
	}
	var more struct {
		Keys    string   `json:"jwks_uri"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, asked(err)
	}
	at := found.Endpoint()
	for what, a := range map[string]string{"authorization endpoint": at.AuthURL, "token endpoint": at.TokenURL, "key set": more.Keys} {
		if err := Address(what, a, issuer); err != nil {
			return nil, err
		}
	}
	p := &provider{Provider: found, issuer: issuer, style: oauth2.AuthStyleInHeader, read: now}
	if len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		p.style = oauth2.AuthStyleInParams
	}
	s.mu.Lock()
	s.have = p
	s.mu.Unlock()
	return p, nil
}

// ask waits for nobody: strangers can make us ask, so only so much at a time is.
func (s *Service) ask() (release func(), err error) {
	select {
	case s.slots <- struct{}{}:
		return func() { <-s.slots }, nil
	default:
		return nil, fault.New(fault.Unavailable, "too many people log in by the identity provider at this moment").WithHint("try again in a minute")
	}
}

// asked says why the provider could not be asked.
func asked(err error) error {
	return fault.Wrap(fault.Unavailable, err, "the identity provider does not answer as one").
		WithHint("the password and passkeys still let in; an administrator looks at the issuer under Settings, Login, and whether this machine reaches it")
}

func (s *Service) oauth(p *provider, r row, secret string) *oauth2.Config {
	at := p.Endpoint()
	at.AuthStyle = p.style
	return &oauth2.Config{ClientID: r.ClientID, ClientSecret: secret, Endpoint: at, RedirectURL: s.redir, Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}
}

// claims are what a provider says of somebody whom it let in.
type claims struct {
	Subject  string `json:"sub"`
	Email    string `json:"email"`
	Verified any    `json:"email_verified"`
	Name     string `json:"name"`
	Party    string `json:"azp"`
	AuthTime int64  `json:"auth_time"`
}

func (c claims) verified() bool { return c.Verified == true || c.Verified == "true" }

// byOIDC is the way by OpenID Connect.
type byOIDC struct{ s *Service }

func (w byOIDC) Terms(ctx context.Context) (Terms, bool, error) {
	r, there, err := read(ctx, w.s.cfg.DB.Reader())
	return Terms{Name: r.Name, Issuer: r.Issuer, Client: r.ClientID, Domains: r.Domains, MakeWith: r.MakeWith, AsksBoth: r.AsksBoth}, there, err
}

func (w byOIDC) Ask(ctx context.Context, a Asked) (string, error) {
	r, there, err := read(ctx, w.s.cfg.DB.Reader())
	if err == nil && !there {
		err = errNone()
	}
	if err != nil {
		return "", err
	}
	p, err := w.s.discover(ctx, r.Issuer)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.Verifier), oauth2.SetAuthURLParam("nonce", a.Nonce)}
	if a.Anew {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return w.s.oauth(p, r, "").AuthCodeURL(a.State, options...), nil
}

func (w byOIDC) Answer(ctx context.Context, a Asked, q url.Values) (Person, error) {
	r, there, err := read(ctx, w.s.cfg.DB.Reader())
	if err == nil && !there {
		err = errNone()
	}
	if err != nil {
		return Person{}, err
	}
	if len(q.Encode()) > mostQuery {
		return Person{}, Refuse(nil, "it is too long")
	}
	if iss := q.Get("iss"); iss != "" && iss != r.Issuer { // RFC 9207
		return Person{}, Refuse(nil, "it comes from another issuer")
	}
	if e := q.Get("error"); e != "" {
		return Person{}, saidError(e)
	}
	c, err := w.s.exchange(ctx, r, a, q.Get("code"))
	if err != nil {
		return Person{}, err
	}
	p := Person{Issuer: r.Issuer, Subject: c.Subject, Email: c.Email, Verified: c.verified(), Name: c.Name}
	if c.AuthTime > 0 {
		p.At = time.Unix(c.AuthTime, 0)
	}
	return p, nil
}

// exchange gives who somebody is for a code, and whether all of it fits the
// login that was begun.
func (s *Service) exchange(ctx context.Context, r row, f Asked, code string) (claims, error) {
	var c claims
	if code == "" {
		return c, Refuse(nil, "there is no code in it")
	}
	p, err := s.discover(ctx, r.Issuer)
	if err != nil {
		return c, err
	}
	release, err := s.ask()
	if err != nil {
		return c, err
	}
	defer release()
	secret, err := s.cfg.Key.Unseal(secretPlace, r.box)
	if err != nil {
		return c, err
	}
	ctx = s.client.context(ctx)
	token, err := s.oauth(p, r, secret).Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		var no *oauth2.RetrieveError
		if errors.As(err, &no) && no.Response != nil && no.Response.StatusCode < 500 {
			return c, Refuse(err, "it did not take the code"+named(no.ErrorCode))
		}
		return c, asked(err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return c, Refuse(nil, "there is no ID token in it")
	}
	now := s.cfg.Clock()
	id, err := p.VerifierContext(ctx, &oidc.Config{ClientID: r.ClientID, SupportedSigningAlgs: algorithms, Now: func() time.Time { return now.Add(-skew) }}).Verify(ctx, raw)
	if err != nil {
		var over *oidc.TokenExpiredError
		if errors.As(err, &over) {
			return c, Refuse(err, "it has expired")
		}
		return c, Refuse(err, "it is not signed by the issuer, or for another client")
	}
	if err := id.Claims(&c); err != nil {
		return c, Refuse(err, "it cannot be read")
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.Nonce)) != 1:
		return c, Refuse(nil, "it belongs to another login")
	case len(id.Audience) > 1 && c.Party != r.ClientID, c.Party != "" && c.Party != r.ClientID:
		return c, Refuse(nil, "it is for another client")
	case id.IssuedAt.After(now.Add(skew)):
		return c, Refuse(nil, "it comes from the future")
	case c.Subject == "" || len(c.Subject) > 255 || !utf8.ValidString(c.Subject) || strings.ContainsRune(c.Subject, 0):
		return c, Refuse(nil, "it does not say who it is about")
	}
	known, err := userOf(ctx, s.cfg.DB.Reader(), r.Issuer, c.Subject)
	if err != nil {
		return c, err
	}
	if known == "" && c.Email == "" && !f.Anew && p.UserInfoEndpoint() != "" {
		if err := Address("user information", p.UserInfoEndpoint(), r.Issuer); err != nil {
			return c, err
		}
		info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return c, asked(err)
		}
		if info.Subject != c.Subject {
			return c, Refuse(nil, "it speaks of two people")
		}
		var more claims
		if err := info.Claims(&more); err != nil {
			return c, Refuse(err, "it cannot be read")
		}
		c.Email, c.Verified, c.Name = more.Email, more.Verified, more.Name
	}
	return c, nil
}

// saidError puts a provider's error into words.
func saidError(code string) error {
	hint := "try again; an administrator finds more in the provider's own log"
	switch code {
	case "access_denied":
		return SaidNo("you broke off there, or have no access to this application: ask whoever runs the provider", "the identity provider did not let you in")
	case "login_required", "interaction_required", "consent_required":
		hint = "begin again, and answer what the provider asks"
	case "unauthorized_client", "invalid_request", "invalid_scope", "unsupported_response_type":
		hint = "an administrator compares the client at the provider with Settings, Login: its return address, the code flow, the scopes openid, email and profile"
	case "temporarily_unavailable", "server_error":
		hint = "the provider has a fault of its own; the password and passkeys still let in"
	}
	return SaidNo(hint, "the identity provider answered with an error%s", named(code))
}

// named gives a provider's code for an error where it looks like one: whoever
// makes the address of the return chooses it.
func named(code string) string {
	if code == "" || len(code) > 40 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", code)
}
