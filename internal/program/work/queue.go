package work

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Source gives what waits in one domain. Either function may be nil. Both are
// called as the program itself: whom an item is shown is decided here.
type Source struct {
	Name string // in words, for the sentence that says it could not be read: "tasks"
	// All gives what waits, whoever it is for.
	All func(ctx context.Context) ([]Item, error)
	// Of gives what waits for one person by name, where there may be too much for
	// All: their acknowledgements, their findings.
	Of func(ctx context.Context, who access.Principal) ([]Item, error)
}

// View is one person's queue.
type View struct {
	Items  []Mine         `json:"items"`
	Asked  []Asked        `json:"asked"`            // what others must finish: asked by this person, or theirs and waiting
	Kinds  map[string]int `json:"kinds"`            // items of each
	Late   int            `json:"late"`             // items
	Asleep int            `json:"asleep"`           // items
	Unread []string       `json:"unread,omitempty"` // sources that could not be read just now
	Away   *Absence       `json:"away,omitempty"`   // this person's own, now
	For    []Absence      `json:"for,omitempty"`    // of whom this person stands in for, now
}

// Count is what needs a person now: what does not sleep.
func (v *View) Count() int { return len(v.Items) - v.Asleep }

// pool is what waits for everybody at a moment.
type pool struct {
	at     time.Time
	mark   int64
	items  []Item
	unread []string
}

// shared keeps the newest pool, and how many items each person has.
type shared struct {
	mu     sync.Mutex
	pool   *pool
	counts map[string]counted
}

type counted struct {
	at time.Time
	n  int
}

const (
	poolLife  = time.Minute      // days go by while nothing is recorded
	countLife = 30 * time.Second // of the number in the masthead
)

// mark is the number of entries that the ledger has, committed ones included.
func (s *Service) mark(ctx context.Context) (int64, error) {
	st, err := s.cfg.Ledger.Status(ctx)
	return st.Size + st.Waiting, err
}

// gather reads every source, unless nothing was recorded since it last did.
func (s *Service) gather(ctx context.Context) (*pool, error) {
	mark, err := s.mark(ctx)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock() // one reader at a time: who comes meanwhile gets what it read
	if p := s.shared.pool; p != nil && p.mark == mark && now.Sub(p.at).Abs() < poolLife {
		return p, nil
	}
	p := &pool{at: now, mark: mark}
	for _, src := range s.cfg.Sources() {
		if src.All == nil {
			continue
		}
		got, err := src.All(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			s.cfg.Logger.WarnContext(ctx, "what waits could not be read", "source", src.Name, "err", err)
			p.unread = append(p.unread, src.Name)
		}
		p.items = append(p.items, got...)
	}
	s.shared.pool = p
	return p, nil
}

// of reads what waits for one person by name.
func (s *Service) of(ctx context.Context, who access.Principal) (items []Item, unread []string, err error) {
	for _, src := range s.cfg.Sources() {
		if src.Of == nil {
			continue
		}
		got, err := src.Of(ctx, who)
		if fault.Is(err, fault.Forbidden) { // their role has none of it
			continue
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			s.cfg.Logger.WarnContext(ctx, "what waits for one person could not be read", "source", src.Name, "err", err)
			unread = append(unread, src.Name)
		}
		items = append(items, got...)
	}
	return items, unread, nil
}

// Queue gives what a person must do, what is due first, first; and what they wait
// for (work.read).
func (s *Service) Queue(ctx context.Context, p access.Principal) (*View, error) {
	if err := access.Authorise(p, access.WorkRead); err != nil {
		return nil, err
	}
	shared, err := s.gather(ctx)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	zone, err := s.zone(ctx)
	if err != nil {
		return nil, err
	}
	away, err := s.awayOn(ctx, now, zone)
	if err != nil {
		return nil, err
	}
	users, err := s.cfg.Access.Able(ctx, access.WorkRead)
	if err != nil {
		return nil, err
	}
	v := &View{Items: []Mine{}, Asked: []Asked{}, Kinds: map[string]int{}, Unread: slices.Clone(shared.unread)}
	w := &whose{users: users, byID: map[string]access.User{}, stand: map[string]Absence{}, now: now}
	for _, u := range users {
		w.byID[u.ID] = u
	}
	people := []access.Principal{p}
	for _, a := range away {
		w.stand[a.Person] = a
		if a.Person == p.UserID {
			v.Away = &a
		}
		if a.Stand == p.UserID {
			v.For = append(v.For, a)
			if u, ok := w.byID[a.Person]; ok {
				people = append(people, access.Principal{UserID: u.ID, Name: u.Name, Role: u.Role})
			}
		}
	}
	all := shared.items
	for _, who := range people {
		own, unread, err := s.of(ctx, who)
		if err != nil {
			return nil, err
		}
		all, v.Unread = append(slices.Clip(all), own...), append(v.Unread, unread...)
	}
	for i := range all {
		x := &all[i]
		if m, ok := w.mine(p, x); ok {
			v.Items = append(v.Items, m)
			v.Kinds[x.Kind]++
			if m.IsLate {
				v.Late++
			}
			if x.Asleep.After(now) {
				v.Asleep++
			}
			if x.Waits != "" {
				v.Asked = append(v.Asked, Asked{Item: *x, IsLate: m.IsLate})
			}
			continue
		}
		switch {
		case x.From == p.UserID && x.Waits == "":
			v.Asked = append(v.Asked, Asked{Item: *x, On: w.on(x), IsLate: x.Late(now)})
		case x.Waits != "" && (x.Owner == p.UserID || x.From == p.UserID):
			v.Asked = append(v.Asked, Asked{Item: *x, IsLate: x.Late(now)})
		}
	}
	order(v.Items, now, zone)
	slices.SortStableFunc(v.Asked, func(a, b Asked) int {
		if a.Since.IsZero() != b.Since.IsZero() {
			if a.Since.IsZero() {
				return 1
			}
			return -1
		}
		return a.Since.Compare(b.Since)
	})
	slices.Sort(v.Unread)
	v.Unread = slices.Compact(v.Unread)
	s.shared.mu.Lock()
	s.shared.count(p.UserID, counted{now, v.Count()})
	s.shared.mu.Unlock()
	return v, nil
}

// count keeps a number; mu is held.
func (x *shared) count(user string, c counted) {
	if x.counts == nil || len(x.counts) > 10_000 {
		x.counts = map[string]counted{}
	}
	x.counts[user] = c
}

// Count gives how many items a person has, for the masthead: at most half a
// minute old, or of now where fresh.
func (s *Service) Count(ctx context.Context, p access.Principal, fresh bool) (int, error) {
	if err := access.Authorise(p, access.WorkRead); err != nil {
		return 0, nil //nolint:nilerr // who has no queue has nothing in it
	}
	s.shared.mu.Lock()
	c, ok := s.shared.counts[p.UserID]
	s.shared.mu.Unlock()
	if ok && !fresh && s.cfg.Clock().Sub(c.at).Abs() < countLife {
		return c.n, nil
	}
	v, err := s.Queue(ctx, p)
	if err != nil {
		return 0, err
	}
	return v.Count(), nil
}

// whose decides whose an item is.
type whose struct {
	users []access.User
	byID  map[string]access.User
	stand map[string]Absence // by who is away
	now   time.Time
}

// mine says whether an item is a person's, and why.
func (w *whose) mine(p access.Principal, x *Item) (Mine, bool) {
	if !access.May(p.Role, x.May) {
		return Mine{}, false
	}
	m := Mine{Item: *x, IsLate: x.Late(w.now)}
	if a, away := w.stand[x.Owner]; away && x.Owner != "" && !x.Personal {
		m.Stand = a.Stand
	}
	if x.Not != "" && x.Not == p.UserID {
		if len(w.able(x)) > 0 {
			return m, false
		}
		m.Alone = true
	}
	switch {
	case x.Owner == p.UserID:
		m.Why = "it is yours"
		return m, true
	case x.Owner != "" && m.Stand == p.UserID:
		m.For, m.Why = x.Owner, "you stand in for whoever it is of"
		return m, true
	case x.Owner != "":
		return m, false
	case len(x.Roles) > 0 && !slices.Contains(w.asked(x), p.Role):
		return m, false
	}
	m.Why = "your role may do it, and nobody is named"
	return m, true
}

// asked gives the roles that an item of nobody is asked of: those named, or where
// nobody has any of them, every role that may finish it.
func (w *whose) asked(x *Item) []access.Role {
	for _, u := range w.users {
		if slices.Contains(x.Roles, u.Role) {
			return x.Roles
		}
	}
	return access.Roles()
}

// able gives who may finish an item of nobody, its author aside.
func (w *whose) able(x *Item) []string {
	var out []string
	roles := access.Roles()
	if len(x.Roles) > 0 {
		roles = w.asked(x)
	}
	for _, u := range w.users {
		if u.ID != x.Not && access.May(u.Role, x.May) && slices.Contains(roles, u.Role) {
			out = append(out, u.ID)
		}
	}
	return out
}

// on gives on whom an item waits.
func (w *whose) on(x *Item) []string {
	if x.Owner == "" {
		return w.able(x)
	}
	if a, away := w.stand[x.Owner]; away {
		return []string{x.Owner, a.Stand}
	}
	return []string{x.Owner}
}
