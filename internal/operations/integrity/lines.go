package integrity

import (
	"context"
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
	list, err := foldedListed(ctx, q, f, f.limit()+1)
	if err != nil {
		return nil, "", 0, err
	}
	if len(list) > f.limit() {
		list = list[:f.limit()]
		last := list[len(list)-1]
		next = cursorOf(last.Last, last.Number, 0)
	}
	for _, g := range list {
		l := Line{Group: *g, Hosts: 1, Groups: 1, Files: g.Count, Since: g.First}
		if g.Fleet != "" {
			if err := foldOf(ctx, q, &l); err != nil {
				return nil, "", 0, err
			}
		}
		lines = append(lines, l)
	}
	total, err = countFolded(ctx, q, f)
	return lines, next, total, err
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
