package entitlement

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/review"
	"github.com/attesta/attesta/internal/program/scope"
)

// Config is what reviews of access rest on. All is required.
type Config struct {
	DB       *database.DB
	Ledger   *ledger.Log
	Clock    clock.Clock
	Access   *access.Service
	Hosts    *host.Service
	People   *people.Service
	Controls *control.Service
	Evidence *evidence.Service
	Scopes   *scope.Service
	// Badges gives badge systems as places, with what each badge opens as roles; nil:
	// there are none.
	Badges func(ctx context.Context) ([]review.Part, error)
}

// Reviews makes the service of access reviews over what hosts, databases, the
// register of people and the controls in use say.
func Reviews(c Config) *review.Service {
	reader := New(c.Hosts, func(ctx context.Context, id string) string {
		h, err := c.Hosts.Get(ctx, id)
		if err != nil {
			return "" // it left the population meanwhile
		}
		return h.Owner
	})
	parts := func(ctx context.Context) ([]review.Part, error) {
		all, err := reader.Parts(ctx)
		if err != nil || c.Badges == nil {
			return all, err
		}
		badges, err := c.Badges(ctx)
		return append(all, badges...), err
	}
	return review.NewService(review.Config{DB: c.DB, Ledger: c.Ledger, Clock: c.Clock, Access: c.Access, Parts: parts, Perform: review.AsEvidence(c.Evidence),
		People: func(ctx context.Context) (*review.Register, error) { return register(ctx, c.People) },
		Control: func(ctx context.Context, asked string) (string, error) {
			return performed(ctx, c.Controls, asked)
		},
		Zone: func(ctx context.Context) (*time.Location, error) {
			now, err := c.Scopes.Now(ctx)
			if err != nil || now.Zone == "" {
				return time.UTC, err
			}
			return now.Location(), nil
		}})
}

// register gives who there is.
func register(ctx context.Context, from *people.Service) (*review.Register, error) {
	owners, err := from.Owners(ctx)
	if err != nil {
		return nil, err
	}
	out := &review.Register{People: make(map[string]review.Person, len(owners.People)), Of: func(place string, g review.Grant) string {
		if g.Person != "" {
			return g.Person
		}
		return owners.Of(place, g.Account, g.Mail, g.System)
	}}
	for id, x := range owners.People {
		out.People[id] = review.Person{ID: id, Name: x.Name, User: x.UserID, Manager: x.Manager, State: string(x.State), LeftAt: x.LeftAt}
	}
	return out, nil
}

// performed gives the control that a review performs: the one that was asked for,
// else the library's, where it is in use.
func performed(ctx context.Context, controls *control.Service, asked string) (string, error) {
	slug := asked
	if slug == "" {
		slug = "access-reviewed"
	}
	c, err := controls.Get(ctx, access.System(), slug)
	switch {
	case asked == "" && fault.Is(err, fault.NotFound):
		return "", nil
	case fault.Is(err, fault.NotFound):
		return "", fault.Wrap(fault.Invalid, err, "the organisation has no control %q", asked).At("", 0, "control")
	case err != nil:
		return "", err
	case c.Current().State != control.Adopted && asked == "":
		return "", nil
	case c.Current().State != control.Adopted:
		return "", fault.New(fault.Invalid, "control %s is not in use", asked).At("", 0, "control")
	}
	return slug, nil
}
