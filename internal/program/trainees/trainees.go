// Package trainees says who may have to take courses: the people of the register,
// and the logins of the organisation that are nobody's there. Advisers and auditors
// come from outside. It stands between people and training, which know nothing of
// each other.
//
// Floor: domains.
package trainees

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/program/training"
)

// Trainees is training.People.
type Trainees struct {
	DB      *database.DB
	People  population.Source // how people were at a moment
	Tenures func(ctx context.Context, known int64) ([]access.Tenure, error)

	mu   sync.Mutex
	mark string            // guarded by mu
	last []training.Member // guarded by mu; never changed once it is kept
}

// Now gives everybody.
func (t *Trainees) Now(ctx context.Context, seen string) ([]training.Member, string, error) {
	all, mark, err := t.now(ctx)
	if err != nil || seen == mark && seen != "" {
		return nil, mark, err
	}
	return all, mark, nil
}

func (t *Trainees) now(ctx context.Context) ([]training.Member, string, error) {
	q := t.DB.Reader()
	alone, mark, err := logins(ctx, q)
	if err != nil {
		return nil, "", err
	}
	t.mu.Lock()
	have, same := t.last, t.mark == mark
	t.mu.Unlock()
	if same {
		return have, mark, nil
	}
	register, err := persons(ctx, q)
	if err != nil {
		return nil, "", err
	}
	moved, err := moves(ctx, q)
	if err != nil {
		return nil, "", err
	}
	all := members(register, moved, alone)
	t.mu.Lock()
	t.last, t.mark = all, mark
	t.mu.Unlock()
	return all, mark, nil
}

func members(register []person, moved map[string]time.Time, alone []login) []training.Member {
	merged := map[string][]string{}
	for _, x := range register {
		if x.merged != "" {
			merged[x.merged] = append(merged[x.merged], x.id)
		}
	}
	out := []training.Member{}
	for _, x := range register {
		if x.state == string(people.Merged) {
			continue
		}
		m := training.Member{ID: x.id, UserID: x.user, Also: merged[x.id], Name: x.name, Mail: x.mail, Kind: cmp.Or(x.kind, training.Employee), Team: x.team, Title: x.title, From: x.created, Moved: moved[x.id]}
		if t, err := time.Parse(time.DateOnly, x.start); err == nil {
			m.From = t
		}
		if x.state == string(people.Left) {
			if m.Left = x.left; m.Left.IsZero() {
				if end, err := time.Parse(time.DateOnly, x.end); err == nil {
					m.Left = end.AddDate(0, 0, 1)
				}
			}
		}
		if x.user != "" {
			m.Also = append(m.Also, x.user)
		}
		out = append(out, m)
	}
	for _, l := range alone {
		if slices.Contains(policy.Readers(), access.Role(l.role)) {
			out = append(out, training.Member{ID: l.id, UserID: l.id, Name: l.name, Mail: l.mail, Kind: training.Employee, From: l.since})
		}
	}
	slices.SortStableFunc(out, func(a, b training.Member) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return out
}

// At gives everybody as the timelines of people and the ledger's entries of logins
// say. Whose login is whose is as it is known now.
func (t *Trainees) At(ctx context.Context, valid time.Time, known int64) ([]training.Member, error) {
	all, _, err := t.now(ctx)
	if err != nil {
		return nil, err
	}
	now := map[string]training.Member{}
	linked := map[string]bool{}
	for _, m := range all {
		now[m.ID] = m
		if m.ID != m.UserID {
			linked[m.UserID] = true
		}
	}
	items, err := t.People.Read(ctx, population.Request{At: outcome.At{Valid: valid, Known: known}})
	if err != nil {
		return nil, err
	}
	var out []training.Member
	for _, x := range items {
		word := func(name string) string { s, _ := x.Attributes[name].(string); return s }
		if word("kind") == string(people.ServiceID) {
			continue
		}
		m := training.Member{ID: x.ID, UserID: now[x.ID].UserID, Also: now[x.ID].Also, Name: word("name"), Kind: word("kind"), Team: word("team"), Title: word("title")}
		if at := x.Dates["joined"]; len(at) > 0 {
			m.From = at[0].From
		}
		if at := x.Dates["moved"]; len(at) > 0 {
			m.Moved = at[len(at)-1].From
		}
		if at := x.Dates["left"]; len(at) > 0 && !at[0].From.After(valid) {
			m.Left = at[0].From
		}
		out = append(out, m)
	}
	held, err := t.Tenures(ctx, known)
	if err != nil {
		return nil, err
	}
	logins := map[string]*training.Member{}
	var order []string
	for _, h := range held {
		if linked[h.User] || h.From.After(valid) || !slices.Contains(policy.Readers(), h.Role) {
			continue
		}
		m := logins[h.User]
		if m == nil {
			m = &training.Member{ID: h.User, UserID: h.User, Kind: training.Employee, From: h.From}
			logins[h.User], order = m, append(order, h.User)
		}
		m.Left = time.Time{}
		if !h.To.IsZero() && !h.To.After(valid) {
			m.Left = h.To
		}
	}
	for _, id := range order {
		out = append(out, *logins[id])
	}
	return out, nil
}
