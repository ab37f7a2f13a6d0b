package web

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"
)

// cookieName gives the session cookie's name. Under HTTPS the prefix __Host-
// binds it to this host and to the whole path (RFC 6265bis, 4.1.3.2).
func (s *Site) cookieName() string { return s.cookie("attesta") }

func (s *Site) cookie(name string) string {
	if s.secure {
		return "__Host-" + name
	}
	return name
}

func (s *Site) token(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}

func (s *Site) setCookie(w http.ResponseWriter, name, value string, until time.Time) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode, Expires: until}
	if value == "" {
		c.MaxAge, c.Expires = -1, time.Time{}
	}
	http.SetCookie(w, c)
}

// client says where a request comes from, as the server's front found out.
// Headers of proxies are not read here: anybody can send them.
func client(r *http.Request) access.Client {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	agent := r.UserAgent()
	if len(agent) > 200 {
		agent = agent[:200]
	}
	return access.Client{Address: host, Agent: agent}
}

func (s *Site) loginForm(w http.ResponseWriter, r *request) error {
	next := back(r.URL.Query().Get("next"))
	if r.who.Known() {
		http.Redirect(w, r.Request, next, http.StatusSeeOther)
		return nil
	}
	v := ui.LoginView{Next: next}
	if r.URL.Query().Get("out") != "" {
		v.Notice = "You are logged out."
	}
	return s.loginPage(w, r, http.StatusOK, v)
}

func (s *Site) login(w http.ResponseWriter, r *request) error {
	name, next := strings.TrimSpace(r.PostFormValue("login")), back(r.PostFormValue("next"))
	l, err := s.cfg.Access.Login(r.Context(), name, r.PostFormValue("password"), client(r.Request))
	if kind := fault.KindOf(err); kind == fault.Unauthenticated || kind == fault.Invalid || kind == fault.Forbidden {
		message, hint := fault.Public(err)
		v := ui.LoginView{Login: name, Next: next, Problem: sentence(message), Hint: sentence(hint)}
		return s.loginPage(w, r, http.StatusUnauthorized, v)
	}
	if err != nil {
		return err
	}
	s.setCookie(w, s.cookieName(), l.Token, l.Expires)
	if next == "/" {
		next = entrance(l.Principal)
	}
	if l.Half {
		next = "/login/code?next=" + url.QueryEscape(next)
	}
	http.Redirect(w, r.Request, next, http.StatusSeeOther)
	return nil
}

// entrance is where somebody comes in: an employee, who sees nothing of the
// programme, at the policies that ask them.
func entrance(p access.Principal) string {
	if p.Known() && !access.May(p.Role, access.PostureRead) {
		return "/my/policies"
	}
	return "/"
}

// link is the landing of a one-time link. It uses nothing up.
func (s *Site) link(w http.ResponseWriter, r *request) error {
	token := r.PathValue("token")
	_, err := s.cfg.Access.LinkInfo(r.Context(), token)
	if err != nil {
		return s.goneLink(w, r, err)
	}
	v := ui.LinkView{Action: LinkPath(token)}
	return s.render(w, r, http.StatusOK, ui.OneTimeLink(s.shell(w, r, "Come in", "", ""), v))
}

func (s *Site) goneLink(w http.ResponseWriter, r *request, err error) error {
	if kind := fault.KindOf(err); kind != fault.NotFound && kind != fault.Unauthenticated && kind != fault.Forbidden {
		return err
	}
	message, hint := fault.Public(err)
	v := ui.LinkView{Gone: sentence(message), Hint: sentence(hint)}
	return s.render(w, r, http.StatusNotFound, ui.OneTimeLink(s.shell(w, r, "Link", "", ""), v))
}

// useLink opens the session and, where asked, sets the password. Where the
// password is refused the reader is in already, and is asked again.
func (s *Site) useLink(w http.ResponseWriter, r *request) error {
	l, err := s.cfg.Access.UseLink(r.Context(), r.PathValue("token"), client(r.Request))
	if err != nil {
		return s.goneLink(w, r, err)
	}
	s.setCookie(w, s.cookieName(), l.Token, l.Expires)
	if l.Half { // the password is set behind the second factor
		http.Redirect(w, r.Request, "/login/code?next=/account", http.StatusSeeOther)
		return nil
	}
	r.who = l.Principal
	if r.PostFormValue("do") == "skip" {
		http.Redirect(w, r.Request, entrance(l.Principal), http.StatusSeeOther)
		return nil
	}
	fresh, err := s.cfg.Access.SetPassword(r.Context(), l.Principal, "", r.PostFormValue("password"))
	if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.Forbidden { // a directory's account has none
		return s.accountPage(w, r, http.StatusUnprocessableEntity, err, nil)
	}
	if err != nil {
		return err
	}
	s.setCookie(w, s.cookieName(), fresh.Token, fresh.Expires)
	s.flash(w, "The password is set. You can come back with it.")
	http.Redirect(w, r.Request, "/", http.StatusSeeOther)
	return nil
}

func (s *Site) logout(w http.ResponseWriter, r *request) error {
	if err := s.cfg.Access.Logout(r.Context(), r.who); err != nil {
		return err
	}
	s.setCookie(w, s.cookieName(), "", time.Time{})
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	http.Redirect(w, r.Request, "/login?out=1", http.StatusSeeOther)
	return nil
}

func (s *Site) account(w http.ResponseWriter, r *request) error {
	return s.accountPage(w, r, http.StatusOK, nil, nil)
}

// accountPage shows one's account, with what was wrong with a password or a passkey.
func (s *Site) accountPage(w http.ResponseWriter, r *request, status int, problem, keys error) error {
	sessions, err := s.cfg.Access.Sessions(r.Context(), r.who, r.who.UserID)
	if err != nil {
		return err
	}
	u, err := s.cfg.Access.User(r.Context(), r.who, r.who.UserID)
	if err != nil {
		return err
	}
	v := ui.AccountView{Line: u.Name + ", logs in as " + u.Login + ", " + strings.ToLower(u.Role.Title()), NoPassword: !u.HasPassword, Second: "none"}
	if !u.Second.IsZero() {
		v.Second = "since " + r.words.day(u.Second)
	}
	if v.Passkeys, err = s.passkeysView(r, keys); err != nil {
		return err
	}
	if v.Ways, err = s.ownWays(r); err != nil {
		return err
	}
	if problem != nil {
		message, hint := fault.Public(problem)
		v.Problem, v.Hint = sentence(message), sentence(hint)
	}
	for _, se := range sessions {
		row := ui.SessionRow{ID: se.ID, Opened: r.words.at(se.Opened), Seen: r.words.at(se.Seen), Ends: r.words.at(se.Expires),
			Address: se.Client.Address, Agent: browser(se.Client.Agent), This: se.Current, Via: via(se.Via)}
		v.Sessions = append(v.Sessions, row)
	}
	return s.render(w, r, status, ui.Account(s.shell(w, r, "Your account", "", ""), v))
}

// via says in words how a session was opened.
func via(v access.Via) string {
	switch v {
	case access.ViaLink:
		return "by link"
	case access.ViaPasskey:
		return "by passkey"
	case access.ViaProvider, access.ViaProviderBoth:
		return "by identity provider"
	}
	return "by password"
}

// browser shortens a User-Agent to what a person recognises.
func browser(agent string) string {
	for _, name := range []string{"Firefox", "Edg", "Chrome", "Safari", "curl"} {
		if i := strings.Index(agent, name+"/"); i >= 0 {
			return strings.NewReplacer("Edg", "Edge").Replace(name)
		}
	}
	if len(agent) > 40 {
		return agent[:40] + "…"
	}
	return agent
}

func (s *Site) changePassword(w http.ResponseWriter, r *request) error {
	l, err := s.cfg.Access.SetPassword(r.Context(), r.who, r.PostFormValue("old"), r.PostFormValue("new"))
	if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.Forbidden || kind == fault.Unauthenticated {
		return s.accountPage(w, r, http.StatusUnprocessableEntity, err, nil)
	}
	if err != nil {
		return err
	}
	s.setCookie(w, s.cookieName(), l.Token, l.Expires)
	s.flash(w, "The password is set. All other sessions have ended.")
	http.Redirect(w, r.Request, "/account", http.StatusSeeOther)
	return nil
}

func (s *Site) endSession(w http.ResponseWriter, r *request) error {
	if err := s.cfg.Access.Revoke(r.Context(), r.who, r.PostFormValue("session")); err != nil {
		return err
	}
	s.flash(w, "The session has ended.")
	http.Redirect(w, r.Request, "/account", http.StatusSeeOther)
	return nil
}

// theme keeps the reader's choice of appearance for a year, in this browser.
func (s *Site) theme(w http.ResponseWriter, r *request) error {
	theme := r.PostFormValue("theme")
	if theme != "light" && theme != "dark" {
		theme = ""
	}
	s.setCookie(w, s.cookie("attesta-theme"), theme, r.now.AddDate(1, 0, 0))
	http.Redirect(w, r.Request, back(r.PostFormValue("back")), http.StatusSeeOther)
	return nil
}
