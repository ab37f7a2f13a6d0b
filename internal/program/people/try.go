package people

import (
	"context"
	"slices"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// Tried is what came of trying a source's settings. Nothing of it is kept.
type Tried struct {
	Plan  *Plan  `json:"plan"`
	First []Said `json:"first"` // at most five, as they would be read
}

// Try reads a directory with settings that are not kept: those of a source that
// is to be added, or with an id of one that is to be changed (people.sources).
func (s *Service) Try(ctx context.Context, p access.Principal, id string, n NewSource) (*Tried, error) {
	if err := access.Proved(p, access.PeopleSources); err != nil {
		return nil, err
	}
	if err := n.Tidy(); err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	src, err := &Source{ID: ids.New("psr", now), Kind: n.Kind, Place: n.Place}, error(nil)
	if id != "" {
		src, err = sourceByID(ctx, s.cfg.DB.Reader(), id)
	}
	if err != nil {
		return nil, err
	}
	if src.Kind == CSV || src.Kind == Hand {
		return nil, fault.New(fault.Conflict, "only directories are tried; a file is looked at when it is brought in")
	}
	if err := s.settle(src, n); err != nil {
		return nil, err
	}
	said, notes, err := s.readOnce(ctx, src)
	if err != nil {
		return nil, err
	}
	reg, err := load(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	out := &Tried{First: slices.Clone(said[:min(5, len(said))])}
	if out.Plan, err = reg.Plan(src, said, src.Settings.Part, now); err != nil {
		return nil, err
	}
	out.Plan.Problems = append(notes, out.Plan.Problems...)
	return out, nil
}

// settle gives a source the settings of a change. A password goes to the server
// that it was given for, and to no other.
func (s *Service) settle(src *Source, n NewSource) error {
	was := src.Settings.URL
	src.Name, src.Settings = n.Name, n.Settings
	if n.Place > 0 {
		src.Place = n.Place
	}
	switch {
	case n.Secret != "":
		src.Box, src.Secret = s.cfg.Key.Seal(place(src.ID), n.Secret), true
	case src.Settings.URL != was && src.Secret:
		return fault.New(fault.Invalid, "the password goes to another server than it was given for").At("", 0, "secret").WithHint("give it once more")
	}
	return nil
}
