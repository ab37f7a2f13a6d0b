package web

import (
	"net/http"
	"slices"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/passkey"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"
)

// The fields by which somebody says once more who they are, beside those of
// the form that asked for it.
const (
	proofPassword = "proof-password"
	proofCode     = "proof-code"
	proofWord     = "proof-word"   // with proof-answer: a passkey
	proofAnswer   = "proof-answer" //
)

var proofFields = []string{proofPassword, proofCode, proofWord, proofAnswer}

// prove takes what a form brings to show who sends it, and gives the request
// on as if it had not been there.
func (s *Site) prove(r *request) error {
	if r.Method != http.MethodPost || !r.who.Known() {
		return nil
	}
	password, code, word := r.PostForm.Get(proofPassword), r.PostForm.Get(proofCode), r.PostForm.Get(proofWord)
	var err error
	switch {
	case word != "":
		var check access.Check
		if check, err = s.cfg.Passkeys.Proof(passkey.Answer{Word: word, JSON: r.PostForm.Get(proofAnswer)}, r.who.SessionID); err == nil {
			err = s.cfg.Access.Prove(r.Context(), r.who, check)
		}
	case code != "":
		err = s.cfg.Access.Prove(r.Context(), r.who, s.cfg.Second.Code(code))
	case password != "":
		err = s.cfg.Access.ProvePassword(r.Context(), r.who, password)
	default:
		return nil
	}
	if kind := fault.KindOf(err); err != nil && (kind == fault.Unauthenticated || kind == fault.Forbidden) {
		return &unproved{err}
	}
	if err != nil {
		return err
	}
	for _, name := range proofFields {
		r.PostForm.Del(name)
		r.Form.Del(name)
	}
	r.who, err = s.cfg.Access.Session(r.Context(), s.token(r.Request))
	return err
}

// unproved is a proof that was wrong: the page that asks for it comes again.
type unproved struct{ cause error }

func (e *unproved) Error() string { return e.cause.Error() }

// provePage asks who is there, and holds what was typed.
func (s *Site) provePage(w http.ResponseWriter, r *request, problem error) error {
	left, err := s.cfg.Second.CodesLeft(r.Context(), r.who.UserID)
	if err != nil {
		return err
	}
	v := ui.ProveView{Action: r.URL.RequestURI(), Password: !r.who.NoPassword, App: r.who.Second, Code: r.who.Second || left > 0, Passkey: r.who.Passkey && s.passkeysHere()}
	if r.who.Via == access.ViaProvider || r.who.Via == access.ViaProviderBoth {
		if v.Ways, err = s.ways(r, "for=proof&next=/account"); err != nil {
			return err
		}
	}
	if wrong, ok := problem.(*unproved); ok {
		message, hint := fault.Public(wrong.cause)
		v.Problem, v.Hint = sentence(message), sentence(hint)
	}
	names := make([]string, 0, len(r.PostForm))
	for name := range r.PostForm {
		if !slices.Contains(proofFields, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range r.PostForm[name] {
			v.Hidden = append(v.Hidden, ui.Link{Text: name, Href: value})
		}
	}
	return s.render(w, r, http.StatusForbidden, ui.Prove(s.shell(w, r, "Is it you?", "", ""), v))
}

// codeForm asks for the second factor after the password.
func (s *Site) codeForm(w http.ResponseWriter, r *request) error {
	next := back(r.URL.Query().Get("next"))
	if r.who.Known() {
		http.Redirect(w, r.Request, next, http.StatusSeeOther)
		return nil
	}
	_, u, err := s.cfg.Access.Half(r.Context(), s.token(r.Request))
	if err != nil {
		return err
	}
	return s.codePage(w, r, http.StatusOK, u, ui.CodeView{Next: next})
}

func (s *Site) codePage(w http.ResponseWriter, r *request, status int, u access.User, v ui.CodeView) error {
	left, err := s.cfg.Second.CodesLeft(r.Context(), u.ID)
	if err != nil {
		return err
	}
	v.App, v.Passkey = !u.Second.IsZero(), !u.Passkey.IsZero() && s.passkeysHere()
	v.Code = v.App || left > 0
	return s.render(w, r, status, ui.Code(s.shell(w, r, "Second factor", "", ""), v))
}

func (s *Site) code(w http.ResponseWriter, r *request) error {
	token, next := s.token(r.Request), back(r.PostFormValue("next"))
	id, u, err := s.cfg.Access.Half(r.Context(), token)
	if err != nil {
		return err // to the door
	}
	check := s.cfg.Second.Code(r.PostFormValue("code"))
	if a := passkeyAnswer(r); a.Word != "" {
		check, err = s.cfg.Passkeys.Proof(a, id)
	}
	var l access.Login
	if err == nil {
		l, err = s.cfg.Access.Enter(r.Context(), token, check)
	}
	if fault.Is(err, fault.Unauthenticated) {
		message, hint := fault.Public(err)
		return s.codePage(w, r, http.StatusUnauthorized, u, ui.CodeView{Next: next, Problem: sentence(message), Hint: sentence(hint)})
	}
	if err != nil {
		return err
	}
	s.setCookie(w, s.cookieName(), l.Token, l.Expires)
	http.Redirect(w, r.Request, next, http.StatusSeeOther)
	return nil
}

// loginSettings answers: what does Attesta ask of whoever logs in?
func (s *Site) loginSettings(w http.ResponseWriter, r *request) error {
	return s.loginSettingsPage(w, r, nil)
}

// loginSettingsPage shows it, with what was wrong with the provider.
func (s *Site) loginSettingsPage(w http.ResponseWriter, r *request, t *typed) error {
	roles, err := s.cfg.Access.SecondRoles(r.Context(), r.who)
	if err != nil {
		return err
	}
	v := ui.LoginSettingsView{May: access.May(r.who.Role, access.SettingsEdit)}
	var all []access.User
	if access.May(r.who.Role, access.UserRead) {
		if all, err = s.cfg.Access.Users(r.Context(), r.who); err != nil {
			return err
		}
	}
	for _, x := range access.Roles() {
		with, of := 0, 0
		for _, u := range all {
			if u.Role == x && !u.Disabled {
				of++
				if u.HasSecond() {
					with++
				}
			}
		}
		what := "nobody has this role"
		if of > 0 {
			what = ui.Number(with) + " of " + many(of, "account has one", "accounts have one")
		}
		v.Roles = append(v.Roles, ui.RoleChoice{Value: string(x), Title: x.Title(), What: what, Chosen: slices.Contains(roles, x)})
	}
	oidc, federation := t, t // what was typed is of one of the two
	if t != nil && t.form == "saml" {
		oidc = nil
	} else {
		federation = nil
	}
	if v.Provider, err = s.providerView(r.Context(), r, oidc); err != nil {
		return err
	}
	if v.SAML, err = s.samlView(r.Context(), r, federation); err != nil {
		return err
	}
	return s.render(w, r, t.status(), ui.LoginSettings(s.shell(w, r, "Login", "Settings", "Login"), v))
}

func (s *Site) changeLoginSettings(w http.ResponseWriter, r *request) error {
	var roles []access.Role
	for _, x := range r.PostForm["roles"] {
		roles = append(roles, access.Role(x))
	}
	if err := s.cfg.Access.RequireSecond(r.Context(), r.who, roles); err != nil {
		return err
	}
	return s.done(w, r, "It holds from now on, in open sessions too.", "/settings/login")
}
