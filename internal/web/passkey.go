package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/passkey"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"
)

// passkeysHere reports whether there can be passkeys at the public address.
func (s *Site) passkeysHere() bool { return s.cfg.Passkeys.None() == "" }

// passkeyAnswer is what the page's script put into a form.
func passkeyAnswer(r *request) passkey.Answer {
	return passkey.Answer{Word: r.PostFormValue("passkey-word"), JSON: r.PostFormValue("passkey-answer")}
}

// passkeysView lists one's own passkeys, with what was wrong with a new one.
func (s *Site) passkeysView(r *request, problem error) (ui.PasskeysView, error) {
	var v ui.PasskeysView
	all, err := s.cfg.Passkeys.Of(r.Context(), r.who, r.who.UserID)
	if err != nil {
		return v, err
	}
	for _, k := range all {
		row := ui.PasskeyRow{ID: k.ID, Name: k.Name, Synced: k.Synced, Created: r.words.at(k.Created)}
		if !k.Used.IsZero() {
			row.Used = r.words.at(k.Used)
		}
		if !k.Suspect.IsZero() {
			row.Suspect = r.words.at(k.Suspect)
		}
		v.Rows = append(v.Rows, row)
	}
	if why := s.cfg.Passkeys.None(); why != "" {
		v.None = sentence(why)
	}
	v.Field = ui.FormField{ID: "passkey-name", Name: "name", Label: "Name of a new one", Hint: "Which device holds it: work laptop, blue key.", Value: r.PostFormValue("name"), Need: true}
	if problem == nil {
		return v, nil
	}
	message, hint := fault.Public(problem)
	var f *fault.Error
	if errors.As(problem, &f) && f.Field == "name" {
		v.Field.Problem = sentence(message) + " " + sentence(hint)
	} else {
		v.Problem, v.Hint = sentence(message), sentence(hint)
	}
	return v, nil
}

// changePasskeys asks the browser for a new passkey, keeps what it made, or
// removes one.
func (s *Site) changePasskeys(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	switch do := r.PostFormValue("do"); do {
	case "begin":
		asked, err := s.cfg.Passkeys.BeginAdd(ctx, r.who, r.PostFormValue("name"))
		if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
			return s.accountPage(w, r, http.StatusUnprocessableEntity, nil, err)
		}
		if err != nil {
			return err
		}
		options, err := json.Marshal(asked)
		if err != nil {
			return err
		}
		v := ui.NewPasskeyView{Name: r.PostFormValue("name"), Form: ui.PasskeyForm{Action: "/account/passkeys", Options: string(options), Text: "Create the passkey",
			Name: "passkey", Primary: true, Hidden: []ui.Link{{Text: "do", Href: "add"}}}}
		return s.render(w, r, http.StatusOK, ui.NewPasskey(s.shell(w, r, "Add a passkey", "", ""), v))
	case "add":
		k, err := s.cfg.Passkeys.Add(ctx, r.who, passkeyAnswer(r))
		if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
			return s.accountPage(w, r, http.StatusUnprocessableEntity, nil, err)
		}
		if err != nil {
			return err
		}
		return s.done(w, r, "The passkey "+k.Name+" is added. You can log in with it.", "/account")
	case "remove":
		err := s.cfg.Passkeys.Remove(ctx, r.who, r.PostFormValue("passkey"))
		if fault.Is(err, fault.Conflict) {
			return s.accountPage(w, r, http.StatusConflict, nil, err)
		}
		if err != nil {
			return err
		}
		return s.done(w, r, "The passkey is removed.", "/account")
	default:
		return fault.New(fault.Invalid, "%q is nothing that is done to a passkey", do).WithHint("go back and press a button of the page")
	}
}

// removeSecond takes away all that somebody shows beside a password.
func (s *Site) removeSecond(ctx context.Context, p access.Principal, u access.User) error {
	if !u.Passkey.IsZero() {
		if err := s.cfg.Passkeys.RemoveAll(ctx, p, u.ID); err != nil || u.Second.IsZero() {
			return err
		}
	}
	return s.cfg.Second.Remove(ctx, p, u.ID)
}

// askPasskey says to the login page's script what to ask the browser for.
func (s *Site) askPasskey(w http.ResponseWriter, r *request) error {
	asked, err := s.cfg.Passkeys.BeginLogin(client(r.Request))
	return s.asked(w, asked, err)
}

// askSecond does so for whoever has shown the password.
func (s *Site) askSecond(w http.ResponseWriter, r *request) error {
	id, u, err := s.cfg.Access.Half(r.Context(), s.token(r.Request))
	var asked passkey.Asked
	if err == nil {
		asked, err = s.cfg.Passkeys.BeginProof(r.Context(), u, id)
	}
	return s.asked(w, asked, err)
}

// askProof does so for whoever is to show once more who they are.
func (s *Site) askProof(w http.ResponseWriter, r *request) error {
	u, err := s.cfg.Access.User(r.Context(), r.who, r.who.UserID)
	var asked passkey.Asked
	if err == nil {
		asked, err = s.cfg.Passkeys.BeginProof(r.Context(), u, r.who.SessionID)
	}
	return s.asked(w, asked, err)
}

// asked answers a script. What failed inside goes the way of every screen.
func (s *Site) asked(w http.ResponseWriter, asked passkey.Asked, err error) error {
	var answer any = asked
	status := http.StatusOK
	if err != nil {
		kind := fault.KindOf(err)
		if kind == fault.Internal {
			return err
		}
		message, hint := fault.Public(err)
		answer, status = map[string]string{"problem": sentence(message) + " " + sentence(hint)}, fault.HTTPStatus(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		return errGone
	}
	return nil
}

// loginByPasskey opens a session by a passkey alone.
func (s *Site) loginByPasskey(w http.ResponseWriter, r *request) error {
	next := back(r.PostFormValue("next"))
	l, err := s.cfg.Passkeys.Login(r.Context(), passkeyAnswer(r), client(r.Request))
	if kind := fault.KindOf(err); kind == fault.Unauthenticated || kind == fault.Conflict {
		message, hint := fault.Public(err)
		v := ui.LoginView{Next: next, Problem: sentence(message), Hint: sentence(hint)}
		return s.loginPage(w, r, http.StatusUnauthorized, v)
	}
	if err != nil {
		return err
	}
	s.setCookie(w, s.cookieName(), l.Token, l.Expires)
	http.Redirect(w, r.Request, next, http.StatusSeeOther)
	return nil
}
