package bulk

import (
	"context"
	"database/sql"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/component"
)

// componentKinds are what is said of many components.
func (s *Service) componentKinds() []Kind {
	if s.cfg.Components == nil {
		return nil
	}
	const list = "components"
	return []Kind{
		{Name: "components.approve", List: list, Title: "Approve them", Button: "Approve", Action: access.ComponentDecide, Proof: true, Before: true,
			Asks: []Ask{{Name: "answerable", Label: "Who answers for them?", Must: true, Hint: "A person or a team."}, {Name: "reason", Label: "Why are they needed?", Type: "long", Must: true, Hint: "It stands with each; the auditor will ask."},
				{Name: "scope", Label: "On which hosts?", Hint: "Names with * and ?, spaces between them. Empty: every host."}, {Name: "until", Label: "Until which day?", Hint: "2027-03-31, the last day; empty: for good."}},
			Note: "From the first approval of a kind on, all of that kind is judged: what stays without approval becomes findings. What is of your own account stays for another person.",
			do:   s.saying(component.Approved), Undo: "the approvals are taken back"},
		{Name: "components.refuse", List: list, Title: "Refuse them", Button: "Refuse", Action: access.ComponentDecide, Proof: true, Before: true,
			Asks: []Ask{{Name: "reason", Label: "Why must they go?", Type: "long", Must: true, Hint: "Whoever removes them reads this."}},
			Note: "Each stays a finding until it was observed to be gone.", do: s.saying(component.Refused), Undo: "the refusals are taken back"},
		{Name: "components.ask", List: list, Title: "Ask somebody about them", Button: "Ask", Action: access.ComponentDecide, Before: true,
			Asks: []Ask{{Name: "owner", Label: "Who is asked?", Type: "owner", Must: true}, {Name: "reason", Label: "The question", Type: "long", Must: true}},
			Note: "A question decides nothing: deadlines go on.", do: s.saying(component.Asked)},
	}
}

// saying says one thing of each component.
func (s *Service) saying(what string) deeds {
	said := func(a act) (component.Said, error) {
		x := component.Said{What: what, Owner: a.params["answerable"], Reason: a.params["reason"], Scope: a.params["scope"], To: a.params["owner"]}
		if day := a.params["until"]; day != "" {
			t, err := time.Parse(time.DateOnly, day)
			if err != nil {
				return x, bad("until", "%q is no day", day).WithHint("write it as 2027-03-31")
			}
			x.Expires = t.AddDate(0, 0, 1)
		}
		return x, nil
	}
	say := func(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
		x, err := said(a)
		if err != nil {
			return "", err
		}
		return s.cfg.Components.SayIn(ctx, tx, a.who, item, x)
	}
	d := deeds{params: func(ctx context.Context, tx *sql.Tx, a act) error {
		x, err := said(a)
		if err != nil {
			return err
		}
		return s.cfg.Components.Hears(ctx, tx, a.who, x)
	}, look: func(ctx context.Context, tx *sql.Tx, a act, item string) (look, error) {
		c, err := s.cfg.Components.Hold(ctx, tx, item)
		if err != nil {
			return look{}, err
		}
		version, err := s.cfg.Components.Version(ctx, tx, item)
		if err != nil {
			return look{}, err
		}
		to := map[string]string{component.Approved: "approved", component.Refused: "refused", component.Asked: string(c.State) + ", a question is open"}[what]
		w, _ := component.About(c.Kind)
		return look{item: c.ID, name: c.Name, about: w.One + ", " + c.Why, version: version, changes: []Change{{"State", string(c.State), to}}}, nil
	}, do: say, after: func() { s.cfg.Components.Wake() }}
	if what != component.Asked {
		d.undo = func(ctx context.Context, tx *sql.Tx, a act, item, _ string) (string, error) {
			return s.cfg.Components.SayIn(ctx, tx, a.who, item, component.Said{What: component.Withdrawn, Reason: "what was done to many at once is taken back"})
		}
	}
	return d
}
