package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/identity"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"
)

func (s *Site) flowCookie() string { return s.cookie("attesta-provider") }

// loginPage shows the door, with the ways in that there are.
func (s *Site) loginPage(w http.ResponseWriter, r *request, status int, v ui.LoginView) error {
	var err error
	if v.Ways, err = s.ways(r, "next="+url.QueryEscape(v.Next)); err != nil {
		return err
	}
	v.Passkey = s.passkeysHere()
	return s.render(w, r, status, ui.Login(s.shell(w, r, "Log in", "", ""), v))
}

// ways gives the providers that let people in, with the way to each.
func (s *Site) ways(r *request, query string) ([]ui.ToWay, error) {
	all, err := s.cfg.Provider.Buttons(r.Context())
	var out []ui.ToWay
	for _, b := range all {
		out = append(out, ui.ToWay{Name: b.Name, Href: "/login/" + b.Way + "?" + query})
	}
	return out, err
}

// ownWays gives the providers with whether one's login there opens the account.
func (s *Site) ownWays(r *request) ([]ui.OwnWay, error) {
	all, err := s.cfg.Provider.Buttons(r.Context())
	if err != nil {
		return nil, err
	}
	on, err := s.cfg.Provider.Connected(r.Context(), r.who)
	var out []ui.OwnWay
	for _, b := range all {
		out = append(out, ui.OwnWay{Way: b.Way, Name: b.Name, Connected: on[b.Way]})
	}
	return out, err
}

// toProvider sends a browser to the identity provider: to log in, or to show
// once more who is in the session.
func (s *Site) toProvider(way string) handler {
	return func(w http.ResponseWriter, r *request) error {
		q := r.URL.Query()
		next, proof := back(q.Get("next")), q.Get("for") == "proof"
		var b identity.Begun
		var err error
		switch {
		case r.who.Known() && proof:
			b, err = s.cfg.Provider.BeginProof(r.Context(), r.who, way, next)
		case r.who.Known():
			http.Redirect(w, r.Request, next, http.StatusSeeOther)
			return nil
		default:
			b, err = s.cfg.Provider.Begin(r.Context(), way, next)
		}
		if err != nil {
			return s.noEntry(w, r, next, err)
		}
		s.setCookie(w, s.flowCookie(), b.Cookie, b.Ends)
		http.Redirect(w, r.Request, b.URL, http.StatusSeeOther)
		return nil
	}
}

// noEntry says why the provider let nobody in, beside the other ways.
func (s *Site) noEntry(w http.ResponseWriter, r *request, next string, err error) error {
	kind := fault.KindOf(err)
	if kind != fault.Unauthenticated && kind != fault.Forbidden && kind != fault.Unavailable && kind != fault.NotFound && kind != fault.Refused {
		return err
	}
	message, hint := fault.Public(err)
	s.cfg.Logger.WarnContext(r.Context(), "a login by the identity provider was refused", "err", err, "cause", errors.Unwrap(err))
	if r.who.Known() { // without its cause: a proof is asked for where a form can go on
		return fault.New(fault.Forbidden, "%s", message).WithHint("%s", hint)
	}
	status := http.StatusUnauthorized
	if kind == fault.Unavailable {
		status = http.StatusServiceUnavailable
	}
	return s.loginPage(w, r, status, ui.LoginView{Next: next, Problem: sentence(message), Hint: sentence(hint)})
}

// fromOIDC is where a provider that speaks OpenID Connect sends a browser back.
func (s *Site) fromOIDC(w http.ResponseWriter, r *request) error {
	return s.fromProvider(w, r, identity.OIDC, r.URL.Query())
}

// fromProvider takes what a browser brings from a provider.
func (s *Site) fromProvider(w http.ResponseWriter, r *request, way string, brought url.Values) error {
	cookie := ""
	if c, err := r.Cookie(s.flowCookie()); err == nil {
		cookie = c.Value
	}
	s.setCookie(w, s.flowCookie(), "", time.Time{})
	came, err := s.cfg.Provider.Finish(r.Context(), r.who, way, cookie, brought, client(r.Request))
	if err != nil {
		return s.noEntry(w, r, "/", err)
	}
	next := back(came.Next)
	switch {
	case came.Trial != nil:
		return s.trialPage(w, r, *came.Trial)
	case came.Connected:
		return s.done(w, r, "Your login at the identity provider opens this account from now on.", next)
	case came.Login.Token == "":
		return s.done(w, r, "Your provider has shown who you are. Go back to the tab that asked for it, and go on there.", next)
	}
	s.setCookie(w, s.cookieName(), came.Login.Token, came.Login.Expires)
	if came.Login.Half {
		next = "/login/code?next=" + url.QueryEscape(next)
	}
	http.Redirect(w, r.Request, next, http.StatusSeeOther)
	return nil
}

// changeOwnProvider connects one's own login at a provider, or disconnects it.
func (s *Site) changeOwnProvider(w http.ResponseWriter, r *request) error {
	way := r.PostFormValue("way")
	switch do := r.PostFormValue("do"); do {
	case "connect":
		b, err := s.cfg.Provider.BeginConnect(r.Context(), r.who, way, "/account")
		if err != nil {
			return err
		}
		name, err := s.wayName(r, way)
		if err != nil {
			return err
		}
		s.setCookie(w, s.flowCookie(), b.Cookie, b.Ends)
		// A page with a link: form-action keeps a form's answer from leading elsewhere.
		return s.render(w, r, http.StatusOK, ui.ToProvider(s.shell(w, r, "Connect a login", "", ""), ui.ToProviderView{Name: name, URL: b.URL}))
	case "disconnect":
		if err := s.cfg.Provider.Disconnect(r.Context(), r.who, way); err != nil {
			return err
		}
		return s.done(w, r, "The login at the identity provider opens this account no more.", "/account")
	default:
		return fault.New(fault.Invalid, "%q is nothing that is done to a login", do).WithHint("go back and press a button of the page")
	}
}

// wayName gives what the button of a way says.
func (s *Site) wayName(r *request, way string) (string, error) {
	all, err := s.cfg.Provider.Buttons(r.Context())
	for _, b := range all {
		if b.Way == way {
			return b.Name, nil
		}
	}
	return "", err
}

// providerView is the provider's part of the login settings.
func (s *Site) providerView(ctx context.Context, r *request, t *typed) (ui.ProviderView, error) {
	have, err := s.cfg.Provider.Show(ctx, r.who)
	if err != nil {
		return ui.ProviderView{}, err
	}
	v := ui.ProviderView{May: access.May(r.who.Role, access.UserManage), Set: have.Issuer != "", Name: have.Name, Redirect: s.cfg.Provider.Redirect()}
	secret := "The provider shows it once, when the client is made there."
	if v.Set {
		secret = "One is kept. Leave this empty to keep it; it is shown to nobody."
	}
	v.Fields = []ui.FormField{
		{ID: "provider", Name: "provider", Label: "Name", Hint: "It stands on the button of the login page: Okta", Value: have.Name, Need: true},
		{ID: "issuer", Name: "issuer", Label: "Issuer", Hint: "Exactly as the provider writes it: https://login.example.org", Value: have.Issuer, Need: true},
		{ID: "client", Name: "client", Label: "Client id", Value: have.ClientID, Need: true},
		{ID: "secret", Name: "secret", Label: "Client secret", Hint: secret, Type: "password", Need: !v.Set},
		{ID: "domains", Name: "domains", Label: "Domains of mail addresses", Hint: "An account is found, or made, by a verified address of these alone: example.org", Value: strings.Join(have.Domains, ", "), Need: true},
		{ID: "make", Name: "make", Label: "Who is not known here", Hint: "Whether an account is made at the first login. Administrators and auditors are never made by themselves."},
		{ID: "both", Name: "both", Label: "Second factor", Hint: "Of whoever has one here. Attesta cannot see whether the provider asks for one: whoever says so answers for it."},
	}
	chosen, both := string(have.MakeWith), have.AsksBoth
	if t != nil {
		chosen, both = t.values.Get("make"), t.values.Get("both") == "provider"
	}
	v.Fields[5].List, v.Fields[6].List = madeOptions(chosen), bothOptions(both)
	if t == nil {
		return v, nil
	}
	v.Fields[3].Hint = "What was typed here is not held: enter it once more, or leave it empty to keep the one that there is."
	if !v.Set {
		v.Fields[3].Hint = "What was typed here is not held: enter it once more."
	}
	for i := range v.Fields {
		f := &v.Fields[i]
		if f.Name != "secret" && f.List == nil {
			f.Value = t.values.Get(f.Name)
		}
		if f.Name == t.field {
			f.Problem = t.problem
		}
	}
	return v, nil
}

// changeProvider sets or removes the provider.
func (s *Site) changeProvider(w http.ResponseWriter, r *request) error {
	switch do := r.PostFormValue("do"); do {
	case "set":
		n := identity.Settings{Name: r.PostFormValue("provider"), Issuer: r.PostFormValue("issuer"), ClientID: r.PostFormValue("client"),
			Domains: []string{r.PostFormValue("domains")}, MakeWith: access.Role(r.PostFormValue("make")), AsksBoth: r.PostFormValue("both") == "provider"}
		if err := s.cfg.Provider.Set(r.Context(), r.who, n, r.PostFormValue("secret")); err != nil {
			t, err := wrongForm(r, err)
			if err != nil {
				return err
			}
			return s.loginSettingsPage(w, r, t)
		}
		return s.done(w, r, "The provider is set. Try it in another browser before you log out here.", "/settings/login")
	case "remove":
		if err := s.cfg.Provider.Remove(r.Context(), r.who); err != nil {
			return err
		}
		return s.done(w, r, "Nobody comes in by the provider any more. Open sessions stay.", "/settings/login")
	default:
		return fault.New(fault.Invalid, "%q is nothing that is done to a provider", do).WithHint("go back and press a button of the page")
	}
}
