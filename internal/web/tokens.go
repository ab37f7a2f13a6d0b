package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"
)

func (s *Site) tokens(w http.ResponseWriter, r *request) error {
	return s.tokensPage(w, r, http.StatusOK, ui.TokensView{}, []access.Action{access.Read}, "90")
}

// tokensPage shows one's tokens, with a problem or a fresh token in v.
func (s *Site) tokensPage(w http.ResponseWriter, r *request, status int, v ui.TokensView, chosen []access.Action, days string) error {
	all, err := s.cfg.Access.Tokens(r.Context(), r.who, r.who.UserID)
	if err != nil {
		return err
	}
	for _, d := range []string{"1", "30", "90", "365"} {
		text := d + " days"
		if d == "1" {
			text = "a day"
		}
		v.Lives = append(v.Lives, ui.Option{Value: d, Text: text, Selected: d == days})
	}
	for _, a := range access.TokenActions(r.who.Role) {
		if strings.HasSuffix(string(a), ".read") {
			continue // reading is given as one
		}
		v.Actions = append(v.Actions, ui.TokenAction{Action: string(a), What: tokenAction(a), Chosen: slices.Contains(chosen, a)})
	}
	for _, t := range all {
		v.Rows = append(v.Rows, tokenRow(r, t))
	}
	return s.render(w, r, status, ui.Tokens(s.shell(w, r, "Tokens for programs", "", ""), v))
}

func tokenRow(r *request, t access.APIToken) ui.TokenRow {
	row := ui.TokenRow{ID: t.ID, Name: t.Name, Tail: t.Tail, Made: r.words.at(t.Created), Expires: r.words.at(t.Expires), Used: !t.Seen.IsZero(), Seen: r.words.at(t.Seen)}
	var may []string
	for _, a := range t.Actions {
		may = append(may, tokenAction(a))
	}
	row.May = strings.Join(may, "; ")
	switch {
	case !t.Ended.IsZero():
		row.State = "revoked"
	case !t.Usable(r.now):
		row.State = "ended"
	}
	return row
}

func tokenAction(a access.Action) string {
	if a == access.Read {
		return "look at what you may look at"
	}
	return access.Describe(a)
}

func (s *Site) makeToken(w http.ResponseWriter, r *request) error {
	name, days := r.PostFormValue("name"), r.PostFormValue("days")
	var actions []access.Action
	for _, a := range r.PostForm["actions"] {
		actions = append(actions, access.Action(a))
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < 1 || n > 366 {
		return fault.New(fault.Invalid, "%q is no number of days from 1 to 366", days).At("", 0, "days")
	}
	t, text, err := s.cfg.Access.MakeToken(r.Context(), r.who, access.NewAPIToken{Name: name, Actions: actions, Life: time.Duration(n) * 24 * time.Hour})
	if kind := fault.KindOf(err); err != nil && (kind == fault.Invalid || kind == fault.Conflict) {
		var f *fault.Error
		v := ui.TokensView{Name: name}
		if errors.As(err, &f) {
			v.Problem, v.Hint, v.At = sentence(f.Message), sentence(f.Hint), f.Field
		}
		return s.tokensPage(w, r, fault.HTTPStatus(err), v, actions, days)
	}
	if err != nil {
		return err
	}
	return s.tokensPage(w, r, http.StatusOK, ui.TokensView{Made: text, MadeFor: t.Name}, []access.Action{access.Read}, "90")
}

func (s *Site) revokeToken(w http.ResponseWriter, r *request) error {
	if err := s.cfg.Access.RevokeToken(r.Context(), r.who, r.PostFormValue("token")); err != nil {
		return err
	}
	s.flash(w, "The token opens nothing any more.")
	http.Redirect(w, r.Request, "/account/tokens", http.StatusSeeOther)
	return nil
}
