package access

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// Alone reports whether no other enabled user may do a.
func Alone(ctx context.Context, q database.Querier, p Principal, a Action) (bool, error) {
	roles, err := enabledRoles(ctx, q, p.UserID)
	if err != nil {
		return false, err
	}
	for _, r := range roles {
		if May(r, a) {
			return false, nil
		}
	}
	return true, nil
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
		return "", fault.New(fault.Forbidden, "whoever did this cannot approve or review it").
			WithHint("ask another person who may %s", Describe(a))
	}
	text = strings.Join(strings.Fields(text), " ")
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		return "", fault.New(fault.Invalid, "the text is not UTF-8").At("", 0, "compensation")
	case n < 10:
		return "", fault.New(fault.Invalid, "nobody else could do this, so say what stands in for a second person").At("", 0, "compensation").
			WithHint("for example who from outside looks at it, and when")
	case n > 1000:
		return "", fault.New(fault.Invalid, "the text has %d letters; at most 1000 are kept", n).At("", 0, "compensation")
	}
	return text, nil
}

// Alone is the function of that name over the service's own users.
func (s *Service) Alone(ctx context.Context, p Principal, a Action) (bool, error) {
	return Alone(ctx, s.cfg.DB.Reader(), p, a)
}
