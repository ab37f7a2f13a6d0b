package identity

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// OIDC is the way by OpenID Connect, which this package goes itself.
const OIDC = "oidc"

// Way is a protocol by which the organisation's provider says who somebody is.
// What follows from that, an account, a session, is the same for all.
type Way interface {
	// Terms gives which provider lets in whom; false where none is set.
	Terms(ctx context.Context) (Terms, bool, error)
	// Ask gives the address at the provider to which a browser is sent.
	Ask(ctx context.Context, a Asked) (address string, err error)
	// Answer gives who somebody is, by what their browser brought back. What it
	// refuses is made by Refuse or SaidNo.
	Answer(ctx context.Context, a Asked, brought url.Values) (Person, error)
}

// Terms are which provider lets in whom.
type Terms struct {
	Name     string // what the button says: "Okta"
	Issuer   string
	Client   string      // what we are there
	Domains  []string    // of addresses by which an account is found or made; lower case
	MakeWith access.Role // of accounts that are made at the first login; empty: none are
	AsksBoth bool        // the provider asks for a second factor itself: none is asked for here
}

// Asked is what a login that was begun is told again by.
type Asked struct {
	State    string    // comes back beside the answer
	Nonce    string    // comes back inside it
	Verifier string    // of PKCE
	Anew     bool      // the provider asks who it is, though it knows
	Begun    time.Time // when
}

// Person is what a provider says of whom it let in.
type Person struct {
	Issuer   string
	Subject  string // never passes to somebody else there
	Email    string // "": it told none
	Verified bool   // the provider answers for Email
	Name     string
	At       time.Time // when it asked who it is; zero: it does not say
	Ends     time.Time // when the session ends at the latest; zero: it does not say
}

// Refuse is all that an answer which does not fit says.
func Refuse(err error, what string) error {
	return fault.Wrap(fault.Unauthenticated, err, "the identity provider's answer is refused: %s", what).
		WithHint("try again; where it stays, an administrator looks at Settings, Login, and at the clocks of both machines")
}

// saidNo marks an answer by which the provider lets nobody in: nothing that
// somebody tries, so it is not counted.
type saidNo struct{ error }

func (e saidNo) Unwrap() error { return e.error }

// SaidNo is that the provider let nobody in.
func SaidNo(hint, format string, args ...any) error {
	return saidNo{fault.New(fault.Unauthenticated, format, args...).WithHint("%s", hint)}
}

// Add gives the service another way, before anything is served.
func (s *Service) Add(name string, w Way) { s.ways[name] = w }

// Button is a way in, as the login page and an account name it.
type Button struct {
	Way  string // a path ends with it: /login/oidc
	Name string // what the button says
}

// Buttons gives the ways in by a provider that are set, in a fixed order.
func (s *Service) Buttons(ctx context.Context) ([]Button, error) {
	var all []Button
	for _, way := range slices.Sorted(maps.Keys(s.ways)) {
		t, there, err := s.ways[way].Terms(ctx)
		if err != nil {
			return nil, err
		}
		if there {
			all = append(all, Button{Way: way, Name: t.Name})
		}
	}
	return all, nil
}
