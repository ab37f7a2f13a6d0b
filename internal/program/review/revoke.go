package review

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Look looks at every source for which something is revoked, and closes what an
// observation made after the decision no longer shows. It gives how many
// revocations changed. Whoever calls it needs no right: it only reads and proves.
func (s *Service) Look(ctx context.Context) (int, error) {
	open, err := openRevocations(ctx, s.cfg.DB.Reader())
	if err != nil || len(open) == 0 {
		return 0, err
	}
	w, err := s.look(ctx)
	if err != nil {
		return 0, err
	}
	type at struct{ place, part string }
	parts := map[at]*Part{}
	held := map[key]bool{}
	for i := range w.parts {
		p := &w.parts[i]
		parts[at{p.Place, p.Part}] = p
		for _, g := range p.Grants {
			held[key{p.Place, g.Account, g.Role}] = true
		}
	}
	n := 0
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		n = 0
		for i := range open {
			x := &open[i]
			now := observe(*x.Revocation, parts[at{x.Place, x.Part}], held[key{x.Place, x.Account, x.Role}], s.cfg.Clock())
			if now == *x.Revocation {
				continue
			}
			if now.State == Gone {
				var err error
				if now.Entry, err = s.append(ctx, tx, access.System(), "gone", x.ID, goneData(x, &now), nil); err != nil {
					return err
				}
			}
			if now.State != x.Revocation.State || now.Saw != x.Revocation.Saw {
				n++
			}
			if err := updateRevocation(ctx, tx, x.ID, &now); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && n > 0 {
		s.cfg.Ledger.Wake()
	}
	return n, err
}

// Follow is Look as a job.
func (s *Service) Follow(ctx context.Context) error {
	_, err := s.Look(ctx)
	return err
}

func goneData(x *Item, r *Revocation) map[string]any {
	return map[string]any{"campaign": x.Campaign, "item": x.Seq, "gone": r.Gone, "due": r.Due, "late": r.Gone.After(r.Due)}
}

// observe gives a revocation as a look leaves it: part is what its source says
// now, nil where nothing reads it any more; held whether it still shows the access.
func observe(r Revocation, part *Part, held bool, now time.Time) Revocation {
	switch {
	case part == nil:
		r.Saw, r.Why = Silent, "nothing reads the system any more: it left the population, or its list was not brought again"
	case !part.Observed():
		r.Saw, r.Why = Silent, part.Why
	case !part.Until.After(r.Asked):
		if part.Kind == List || part.Kind == Badges {
			r.Why = "no list of the system was taken since"
		} else {
			r.Why = "it was not observed since"
		}
		r.Saw = Silent
	case held:
		r.Saw, r.Why, r.Seen = There, "it was there on "+part.Until.UTC().Format("2 Jan 2006 15:04 MST"), part.Until
	default:
		r.State, r.Saw, r.Why, r.Seen, r.Gone = Gone, "", "it was not there on "+part.Until.UTC().Format("2 Jan 2006 15:04 MST"), part.Until, part.Until
		if part.From.After(r.Asked) && part.From.Before(r.Gone) {
			r.Gone = part.From // what was read then is what is read now
		}
	}
	return r
}

// RevocationFilter narrows the revocations. Empty fields do not.
type RevocationFilter struct {
	State    string `json:"state,omitempty" enum:"open,late,gone,withdrawn,"`
	Campaign string `json:"campaign,omitempty" doc:"AR-3"`
	Query    string `json:"q,omitempty" maxLength:"120"`
}

// Revocations gives what was revoked, what is due first at the top (review.read).
func (s *Service) Revocations(ctx context.Context, p access.Principal, f RevocationFilter, cursor string, limit int) (Page, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return Page{}, err
	}
	if limit < 1 || limit > 1000 {
		return Page{}, bad("limit", "a page has 1 to 1000 revocations")
	}
	switch f.State {
	case "", Open, "late", Gone, Withdrawn:
	default:
		return Page{}, bad("state", "%q is no state of a revocation", f.State)
	}
	if f.Campaign != "" && number(f.Campaign) == 0 {
		return Page{}, fault.New(fault.NotFound, "there is no review %q", f.Campaign)
	}
	return listRevocations(ctx, s.cfg.DB.Reader(), f, s.cfg.Clock(), cursor, limit)
}

// RevocationCounts gives how many there are by state; late ones are open too.
func (s *Service) RevocationCounts(ctx context.Context, p access.Principal) (map[string]int64, error) {
	if err := access.Authorise(p, access.ReviewRead); err != nil {
		return nil, err
	}
	out, err := countRevocations(ctx, s.cfg.DB.Reader(), s.cfg.Clock())
	if err != nil {
		return nil, fmt.Errorf("count revocations: %w", err)
	}
	return out, nil
}
