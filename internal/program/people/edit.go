package people

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// Write says by hand who somebody is: a new person, or fields of one that count
// as the word of the source "Written here"; empty fields leave it to the other
// sources (people.edit). The manager is per_… or an address.
func (s *Service) Write(ctx context.Context, p access.Principal, id string, f Fields) (*Person, error) {
	if err := access.Authorise(p, access.PeopleEdit); err != nil {
		return nil, err
	}
	f, err := f.Tidy()
	if err != nil {
		return nil, err
	}
	if id == "" && f.Name == "" {
		return nil, fault.New(fault.Invalid, "a person has a name").At("", 0, "name")
	}
	now := s.cfg.Clock()
	var out *Person
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		src, err := s.hand(ctx, tx)
		if err != nil {
			return err
		}
		reg, err := load(ctx, tx)
		if err != nil {
			return err
		}
		key := id
		if id == "" {
			find := reg.Finder(src)
			if same := find.Same(f); len(same) > 0 {
				return fault.New(fault.Conflict, "%s has that number or address already", reg.People[same[0]].Name).At("", 0, "mail").WithHint("change them instead")
			}
			key = ids.New("per", now)
		} else if x := reg.People[id]; x == nil || x.State == Merged {
			return fault.New(fault.NotFound, "there is no person %q", id)
		} else if x.UserID != "" && x.UserID == p.UserID && f.End == "" && x.End != "" {
			return fault.New(fault.Forbidden, "nobody takes back their own last day")
		}
		// What other entries by hand say stays: this is one entry of the source.
		if x := f.Manager; x != "" {
			if reg.People[x] == nil && reg.Managers().Of("", x) == "" {
				return fault.New(fault.Invalid, "nobody here has the address %q", x).At("", 0, "manager").WithHint("give the address of somebody in the register")
			}
		}
		plan := &Plan{Source: src.ID}
		v := voice{Source: src, Person: key, Key: key, Fields: f, Since: now, SeenAt: now}
		if reg.People[key] == nil {
			reg.People[key] = &Person{ID: key, Created: now}
			for _, other := range reg.Finder(src).Alike(f) {
				plan.Doubts = append(plan.Doubts, Doubt{Person: key, Other: other, Why: "the same name, and nothing else that says so"})
			}
		}
		plan.Voices = []voice{v}
		reg.Renew(src.ID, plan.Voices)
		reg.Steps(plan, map[string]bool{key: true}, nil, now)
		src.ReadAt = now // by hand nobody is "here before"
		if err := s.apply(ctx, tx, p, src, reg, plan, "", now); err != nil {
			return err
		}
		out, err = personByID(ctx, tx, key)
		return err
	})
	if err == nil {
		s.cfg.Ledger.Wake()
	}
	return out, err
}

// Doubts gives who may be one and the same (people.read).
func (s *Service) Doubts(ctx context.Context, p access.Principal) ([]Doubt, map[string]Person, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return nil, nil, err
	}
	all, err := openDoubts(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, nil, err
	}
	who := map[string]Person{}
	for _, d := range all {
		for _, id := range []string{d.Person, d.Other} {
			x, err := personByID(ctx, s.cfg.DB.Reader(), id)
			if err != nil {
				return nil, nil, err
			}
			who[id] = *x
		}
	}
	return all, who, nil
}

// Tell answers a doubt: two people are one, or two (people.edit). Of one, the
// older entry in the register stays; what was said of and done for the other
// is theirs from now on.
func (s *Service) Tell(ctx context.Context, p access.Principal, a, b string, same bool) error {
	if err := access.Authorise(p, access.PeopleEdit); err != nil {
		return err
	}
	if a == b {
		return fault.New(fault.Invalid, "that is one person already").At("", 0, "other")
	}
	now := s.cfg.Clock()
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		reg, err := load(ctx, tx)
		if err != nil {
			return err
		}
		x, y := reg.People[a], reg.People[b]
		if x == nil || y == nil || x.State == Merged || y.State == Merged {
			return fault.New(fault.NotFound, "one of them is not in the register")
		}
		if y.Created.Before(x.Created) || y.Created.Equal(x.Created) && y.ID < x.ID {
			x, y = y, x
		}
		if err := insertDoubt(ctx, tx, Doubt{Person: x.ID, Other: y.ID, Why: "a person said so"}, now); err != nil {
			return err
		}
		if !same {
			if _, err := s.event(ctx, tx, p, x.ID, "told_apart", now, map[string]any{"other": y.ID}, nil); err != nil {
				return err
			}
			return answerDoubt(ctx, tx, x.ID, y.ID, "different")
		}
		if err := answerDoubt(ctx, tx, x.ID, y.ID, "same"); err != nil {
			return err
		}
		if _, err := s.event(ctx, tx, p, y.ID, "merged", now, map[string]any{"into": x.ID}, nil); err != nil {
			return err
		}
		if _, err := s.event(ctx, tx, p, x.ID, "took_over", now, map[string]any{"from": y.ID}, nil); err != nil {
			return err
		}
		moved := reg.Voices[y.ID]
		for i := range moved {
			moved[i].Person = x.ID
			if err := saveSaid(ctx, tx, moved[i]); err != nil {
				return err
			}
		}
		reg.Voices[x.ID] = append(reg.Voices[x.ID], moved...)
		delete(reg.Voices, y.ID)
		if x.UserID == "" {
			x.UserID = y.UserID
		}
		y.State, y.Merged, y.Changed, y.UserID = Merged, x.ID, now, ""
		if err := savePerson(ctx, tx, y); err != nil {
			return err
		}
		x.Changed = now
		if err := savePerson(ctx, tx, x); err != nil {
			return err
		}
		if err := errors.Join(moveAll(ctx, tx, x.ID, y.ID), s.lists.TakeOver(ctx, tx, x.ID, y.ID)); err != nil {
			return err
		}
		accounts, err := accountsOf(ctx, tx, x.ID)
		if err != nil {
			return err
		}
		for i := range accounts { // whose they are now, for the timeline
			r := &accounts[i]
			if r.Entry, err = s.accountEvent(ctx, tx, p, "account_found", r, r.ChangedAt); err != nil {
				return err
			}
			if err := saveAccount(ctx, tx, r, false); err != nil {
				return err
			}
		}
		plan := &Plan{}
		reg.Steps(plan, map[string]bool{x.ID: true}, nil, now)
		return s.apply(ctx, tx, p, nil, reg, plan, "", now)
	})
	return s.again(ctx, err)
}

// History gives what happened to somebody or to a source, oldest first (people.read).
func (s *Service) History(ctx context.Context, p access.Principal, subject string) ([]Event, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return nil, err
	}
	all, err := eventsWhere(ctx, s.cfg.DB.Reader(), `WHERE v.subject = $1 ORDER BY v.seq`, subject)
	if access.Authorise(p, access.PeopleConfidential) != nil {
		all = slices.DeleteFunc(all, func(e Event) bool { return e.Kind == "record_"+Disciplinary })
	}
	return all, err
}
