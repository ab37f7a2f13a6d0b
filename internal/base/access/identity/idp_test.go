package identity

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

const (
	clientID     = "attesta"
	clientSecret = "a secret of the provider's making"
)

// idp is an OpenID provider in this process that can be told to misbehave.
type idp struct {
	t        testing.TB
	server   *httptest.Server
	now      func() int64
	key      *rsa.PrivateKey
	kid      string
	codes    map[string]url.Values // asked for with it; a code is taken once
	sub      string
	claims   map[string]any                   // beside those that every token has
	spoil    func(token map[string]any)       // the claims before they are signed
	sign     func(payload []byte) string      // nil: RS256 with key
	discover func(document map[string]any)    // what it says of itself
	answer   func(w http.ResponseWriter) bool // instead of the token endpoint's answer; false: that
	userinfo map[string]any
	forgets  bool // takes a code twice
	asked    int  // token requests
}

func newIDP(t testing.TB, now func() int64) *idp {
	p := &idp{t: t, now: now, codes: map[string]url.Values{}, sub: "00u1", claims: map[string]any{"email": "maeve@example.org", "email_verified": true, "name": "Maeve Doyle"}}
	p.key, p.kid = firstKey(), "k1"
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		u := p.server.URL
		d := map[string]any{"issuer": u, "authorization_endpoint": u + "/auth", "token_endpoint": u + "/token", "jwks_uri": u + "/keys", "userinfo_endpoint": u + "/me",
			"id_token_signing_alg_values_supported": []string{"RS256", "none"}}
		if p.discover != nil {
			p.discover(d)
		}
		p.json(w, d)
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		p.json(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: p.kid, Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, _ *http.Request) { p.json(w, p.userinfo) })
	mux.HandleFunc("POST /token", p.token)
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

// firstKey is made once: it takes longer than a test.
var firstKey = sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func (p *idp) rotate(kid string) { p.key, p.kid = newKey(), kid }

func (p *idp) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Log(err) // who asked has gone
	}
}

// authorize lets somebody in who was sent to an address, and gives what their
// browser brings back.
func (p *idp) authorize(at string) url.Values {
	p.t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		p.t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{"client_id": clientID, "response_type": "code", "redirect_uri": home + Return, "code_challenge_method": "S256", "scope": "openid email profile"} {
		if q.Get(name) != want {
			p.t.Fatalf("the browser is sent with %s=%q, want %q", name, q.Get(name), want)
		}
	}
	if len(q.Get("state")) < 26 || len(q.Get("nonce")) < 26 || len(q.Get("code_challenge")) != 43 || q.Get("state") == q.Get("nonce") {
		p.t.Fatalf("state, nonce or challenge is missing in %s", at)
	}
	code := rand.Text()
	p.codes[code] = q
	return url.Values{"code": {code}, "state": {q.Get("state")}}
}

func (p *idp) token(w http.ResponseWriter, r *http.Request) {
	p.asked++
	if p.answer != nil && p.answer(w) {
		return
	}
	id, secret, ok := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	q, there := p.codes[r.PostFormValue("code")]
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !p.forgets {
		delete(p.codes, r.PostFormValue("code"))
	}
	if !ok || id != clientID || secret != clientSecret || !there || r.PostFormValue("grant_type") != "authorization_code" ||
		r.PostFormValue("redirect_uri") != home+Return || base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	now := p.now()
	c := map[string]any{"iss": p.server.URL, "aud": clientID, "sub": p.sub, "nonce": q.Get("nonce"), "iat": now, "exp": now + 300}
	if q.Get("max_age") != "" {
		c["auth_time"] = now
	}
	maps.Copy(c, p.claims)
	if p.spoil != nil {
		p.spoil(c)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		p.t.Error(err)
	}
	sign := p.sign
	if sign == nil {
		sign = func(b []byte) string { return p.signed(jose.RS256, p.key, p.kid, b) }
	}
	p.json(w, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300, "id_token": sign(payload)})
}

func (p *idp) signed(alg jose.SignatureAlgorithm, key any, kid string, payload []byte) string {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	o, err := s.Sign(payload)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	text, err := o.CompactSerialize()
	if err != nil {
		p.t.Error(err)
	}
	return text
}

// none is a token with alg none.
func none(payload []byte) string {
	b := base64.RawURLEncoding
	return b.EncodeToString([]byte(`{"alg":"none"}`)) + "." + b.EncodeToString(payload) + "."
}

// public gives the bytes of the public key, which some verifiers took for an
// HMAC's secret.
func (p *idp) public() []byte {
	raw, err := json.Marshal(jose.JSONWebKey{Key: p.key.Public(), KeyID: p.kid, Algorithm: "RS256"})
	if err != nil {
		p.t.Fatal(err)
	}
	sum := crypto.SHA256.New()
	sum.Write(raw)
	return sum.Sum(nil)
}
