package pack

import (
	"fmt"
	"io/fs"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/packs"
)

// Default makes the loader of this build: kind standard, over hosts and the
// fact registry, with points of focus from the catalogue.
func Default() *Loader { return NewLoader(DefaultStandard()) }

// DefaultStandard is the kind standard of this build, for loaders of several
// kinds.
func DefaultStandard() Kind {
	reg := facts.Registry()
	return Standard(StandardConfig{
		Schema:   judge.NewSchema(reg),
		Registry: reg.Version,
		Point: func(criterion string, number int) bool {
			_, ok := catalog.PointOf(criterion, number)
			return ok
		},
		Points: func(criterion string) int { return len(catalog.Points(criterion)) },
	})
}

// Load loads a pack with the default loader.
func Load(fsys fs.FS) (*Pack, error) { return Default().Load(fsys) }

// Shipped loads the standards that come with this build, by id. They are
// drafts until a person approves them.
func Shipped() ([]*Pack, error) {
	l := Default()
	var all []*Pack
	for _, id := range packs.Standards() {
		p, err := l.LoadShipped(id)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// LoadShipped loads the standard of that id among those that come with this build.
func (l *Loader) LoadShipped(id string) (*Pack, error) {
	dir, err := packs.OpenStandard(id)
	if err != nil {
		return nil, fmt.Errorf("shipped pack %s: %w", id, err)
	}
	p, err := l.Load(dir)
	if err != nil {
		return nil, fmt.Errorf("shipped pack %s: %w", id, err)
	}
	return p, nil
}
