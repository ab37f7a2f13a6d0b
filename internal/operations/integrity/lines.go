package integrity

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
)

// Line is a line of the list of groups: one, or the same update on several hosts
// together, of which it is the newest.
type Line struct {
	Group
	Hosts  int64 // that had the same update; 1 for a group by itself
	Groups int64
	Files  int64     // changes of all of them
	Since  time.Time // first of them
}

// folds reports whether the same update on several hosts is one line: while nothing
// is asked for that they do not have in common.
func (f *Filter) folds() bool {
	return f.Host == "" && f.Path == "" && f.Package == "" && f.Login == "" && f.Person == "" && f.Program == "" && f.Ticket == "" && f.Fleet == "" && f.Class == "" && f.From.IsZero() && f.To.IsZero()
}

// Lines is List with the same update on several hosts in one line (integrity.read).
// Where a filter asks for what they need not have in common, each is its own.
func (s *Service) Lines(ctx context.Context, p access.Principal, f Filter) (lines []Line, next string, total int64, err error) {
	if !f.folds() {
		groups, next, total, err := s.List(ctx, p, f)
		for _, g := range groups {
			lines = append(lines, Line{Group: g, Hosts: 1, Groups: 1, Files: g.Count, Since: g.First})
		}
		return lines, next, total, err
	}
	if err := may(p); err != nil {
		return nil, "", 0, err
	}
	if _, _, _, err := f.cursor(); err != nil {
		return nil, "", 0, err
	}
	q := s.cfg.DB.Reader()
	alone := f
	alone.alone = true
	list, err := listed(ctx, q, alone, f.limit()+1)
	if err != nil {
		return nil, "", 0, err
	}
	for _, g := range list {
		lines = append(lines, Line{Group: *g, Hosts: 1, Groups: 1, Files: g.Count, Since: g.First})
	}
	if total, err = countListed(ctx, q, alone); err != nil {
		return nil, "", 0, err
	}
	if f.shares() {
		shared, err := fleetsListed(ctx, q, f, f.limit()+1)
		if err != nil {
			return nil, "", 0, err
		}
		lines = append(lines, shared...)
		slices.SortFunc(lines, func(a, b Line) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(b.Number, a.Number)) })
		n, err := countFleets(ctx, q, f)
		if err != nil {
			return nil, "", 0, err
		}
		total = min(total+n, most+1)
	}
	if len(lines) > f.limit() {
		lines = lines[:f.limit()]
		last := lines[len(lines)-1]
		next = cursorOf(last.Last, last.Number, 0)
	}
	return lines, next, total, nil
}

// Same is a group of what several hosts have in common.
type Same struct{ Ref, Host string }

// Same gives the newest groups of what several hosts have in common
// (integrity.read).
func (s *Service) Same(ctx context.Context, p access.Principal, fleet string, limit int) ([]Same, error) {
	if err := may(p); err != nil {
		return nil, err
	}
	return sameListed(ctx, s.cfg.DB.Reader(), fleet, max(1, min(limit, 1000)))
}

// Standing is what nobody explained yet.
type Standing struct {
	Groups, Files, Hosts, Exceeded int64
	Since                          time.Time // of the oldest; zero: there is none
}

// Standing gives it (integrity.read).
func (s *Service) Standing(ctx context.Context, p access.Principal) (Standing, error) {
	if err := may(p); err != nil {
		return Standing{}, err
	}
	return standing(ctx, s.cfg.DB.Reader())
}

// EntrySource names the source under which a host's files are judged.
func EntrySource(of string) string { return source(of) }

// writeFleets notes what groups have in common with those of other hosts. Whoever
// comes second waits for the first, so it comes last, and in one order.
func (w *work) writeFleets(ctx context.Context) error {
	shared := slices.DeleteFunc(slices.Collect(maps.Values(w.touched)), func(g *Group) bool { return g.Fleet == "" })
	slices.SortFunc(shared, func(a, b *Group) int { return cmp.Or(cmp.Compare(a.Fleet, b.Fleet), cmp.Compare(a.Number, b.Number)) })
	for _, g := range shared {
		changes, joined := int64(len(w.added[g.Number])), g.Fleet != g.fleet
		if joined {
			changes = g.Count
		}
		if err := putFleet(ctx, w.tx, g, changes, joined); err != nil {
			return err
		}
		g.fleet = g.Fleet
	}
	return nil
}
