package access

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// Alone reports whether no other enabled user may do a.
func Alone(ctx context.Context, q database.Querier, p Principal, a Action) (bool, error) {
	roles, err := enabledRoles(ctx, q, p.UserID)
	return err == nil && !slices.ContainsFunc(roles, func(r Role) bool { return May(r, a) }), err
}

// Compensate decides whether p may act on their own work: only where nobody
// else could do a, and with words on what stands in for a second person, which
// it gives tidied. Kind Forbidden where another person could, kind Invalid (of
// the field "compensation") without the words.
func Compensate(ctx context.Context, q database.Querier, p Principal, a Action, text string) (string, error) {
	alone, err := Alone(ctx, q, p, a)
	if err != nil {
		return "", err
	}
	if !alone {
		return "", fault.New(fault.Forbidden, "whoever did this cannot approve or review it").WithHint("ask another person who may %s", Describe(a))
	}
	text = strings.Join(strings.Fields(text), " ")
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		return "", fault.New(fault.Invalid, "the text is not UTF-8").At("", 0, "compensation")
	case n < 10:
		return "", fault.New(fault.Invalid, "nobody else could do this, so say what stands in for a second person").At("", 0, "compensation").WithHint("for example who from outside looks at it, and when")
	case n > 1000:
		return "", fault.New(fault.Invalid, "the text has %d letters; at most 1000 are kept", n).At("", 0, "compensation")
	}
	return text, nil
}

// Alone is the function of that name over the service's own users.
func (s *Service) Alone(ctx context.Context, p Principal, a Action) (bool, error) {
	return Alone(ctx, s.cfg.DB.Reader(), p, a)
}

// WhoMay gives the enabled user with that login, mail address or id who may a.
// Kind Invalid of the field "owner" where there is none.
func WhoMay(ctx context.Context, q database.Querier, who string, a Action) (User, error) {
	u, err := userByID(ctx, q, who)
	if fault.Is(err, fault.NotFound) {
		u, _, err = userByLogin(ctx, q, who)
	}
	switch {
	case fault.Is(err, fault.NotFound):
		return u, fault.New(fault.Invalid, "there is no user %q", who).At("", 0, "owner").WithHint("write a login, such as maeve.doyle")
	case err != nil:
		return u, err
	case u.Disabled:
		return u, fault.New(fault.Invalid, "the account of %s is disabled", u.Name).At("", 0, "owner").WithHint("name somebody who can log in")
	case !May(u.Role, a):
		return u, fault.New(fault.Invalid, "%s may not %s", u.Name, Describe(a)).At("", 0, "owner").WithHint("name somebody whose role may")
	}
	return u, nil
}

// Able gives the enabled users whose role may a, by name: for forms that name somebody.
func (s *Service) Able(ctx context.Context, a Action) ([]User, error) {
	all, err := listUsers(ctx, s.cfg.DB.Reader(), s.cfg.Clock())
	return slices.DeleteFunc(all, func(u User) bool { return u.Disabled || !May(u.Role, a) }), err
}
