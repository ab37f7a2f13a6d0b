package evidence

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/database"
)

// shelfLife is how long what lists are chosen from is kept though nothing was
// recorded: a window can begin or end meanwhile.
const shelfLife = 10 * time.Minute

// shelved is the newest version of an item, as far as lists choose by it.
type shelved struct {
	number   int
	by       string // who brought it
	text     string // searched, lower case
	standing Standing
	controls []string // slugs that it covers
	stale    time.Time
	late     bool
	outside  bool
	twins    bool
}

func (x *shelved) isStale(now time.Time) bool { return !x.stale.IsZero() && !now.Before(x.stale) }

func (x *shelved) isFresh(state string, now time.Time) bool {
	switch state {
	case "fresh":
		return !x.isStale(now)
	case "soon":
		return !x.isStale(now) && x.isStale(now.Add(soon))
	}
	return x.isStale(now)
}

// is reports whether it is in one of FilterStates.
func (x *shelved) is(state string, now time.Time) bool {
	switch state {
	case "stale":
		return x.isStale(now)
	case "late":
		return x.late
	case "twins":
		return x.twins
	case "outside":
		return x.outside
	}
	return string(x.standing) == state
}

func (x *shelved) matches(f Filter, now time.Time) bool {
	return (f.By == "" || x.by == f.By) && (f.Fresh == "" || x.isFresh(f.Fresh, now)) && (f.State == "" || x.is(f.State, now)) &&
		(f.Control == "" || slices.Contains(x.controls, f.Control)) && (f.Text == "" || strings.Contains(x.text, strings.ToLower(f.Text)))
}

// shelf is every item, newest first, as it was at a moment.
type shelf struct {
	mark   string
	made   time.Time
	viewer *viewer
	items  []shelved
}

// shelves keeps the newest shelf.
type shelves struct {
	mu   sync.Mutex
	last *shelf
}

// shelf gives every item. It is made anew when something of evidence, instances,
// controls or the scope was recorded since.
func (s *Service) shelf(ctx context.Context, q database.Querier) (*shelf, error) {
	mark, err := markOf(ctx, q)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	if s.cfg.DB.Within(ctx) { // what is seen there may be taken back
		return s.shelve(ctx, q, mark, now)
	}
	s.shelves.mu.Lock()
	defer s.shelves.mu.Unlock() // one reader at a time: who comes meanwhile gets what it read
	if k := s.shelves.last; k != nil && k.mark == mark && now.Sub(k.made).Abs() < shelfLife {
		return k, nil
	}
	k, err := s.shelve(ctx, q, mark, now)
	if err == nil {
		s.shelves.last = k
	}
	return k, err
}

func (s *Service) shelve(ctx context.Context, q database.Querier, mark string, now time.Time) (*shelf, error) {
	v, err := s.viewer(ctx, q)
	if err != nil {
		return nil, err
	}
	rows, err := newest(ctx, q)
	if err != nil {
		return nil, err
	}
	k := &shelf{mark: mark, made: now, viewer: v, items: make([]shelved, len(rows))}
	for i := range rows {
		row := &rows[i]
		seen := v.see(*row)
		x := shelved{number: row.Number, by: row.Made.By, late: seen.Late, stale: seen.Stale, outside: seen.Outside, twins: len(seen.Twins) > 0, standing: row.Standing(),
			text: strings.ToLower(row.Title + "\n" + row.Source + "\n" + row.FileName + "\n" + row.Ref())}
		for _, c := range row.Covers {
			x.controls = append(x.controls, c.Control)
		}
		k.items[i] = x
	}
	return k, nil
}

// choose gives the numbers of at most limit items that a filter chooses, newest
// first, and whether more follow.
func (k *shelf) choose(f Filter, now time.Time) (numbers []int, more bool) {
	for i := range k.items {
		x := &k.items[i]
		if f.Below > 0 && x.number >= f.Below || !x.matches(f, now) {
			continue
		}
		if len(numbers) == f.Limit {
			return numbers, true
		}
		numbers = append(numbers, x.number)
	}
	return numbers, false
}
