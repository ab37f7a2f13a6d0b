package gap

import (
	"context"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/control"
)

// Config wires a Service. Said may be nil: then no answers are laid beside
// controls.
type Config struct {
	Posture  *posture.Service
	Controls *control.Service
	Said     func(ctx context.Context, at posture.At) (map[string]string, error)
}

// Service answers the gap analysis. It only reads.
type Service struct {
	cfg Config
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Report gives the gap analysis at a moment, as known then or now.
func (s *Service) Report(ctx context.Context, p access.Principal, at posture.At) (Report, error) {
	if err := access.Authorise(p, access.PostureRead); err != nil {
		return Report{}, err
	}
	b, err := s.basis(ctx, p, at)
	if err != nil {
		return Report{}, err
	}
	return Derive(b), nil
}

func (s *Service) basis(ctx context.Context, p access.Principal, at posture.At) (Basis, error) {
	b := Basis{Library: s.cfg.Controls.Library().Designs}
	var err error
	if b.Snapshot, b.Controls, err = s.cfg.Posture.Whole(ctx, at); err != nil {
		return b, err
	}
	if b.Considered, err = s.cfg.Controls.ConsideredAll(ctx, p, b.Snapshot.At, at.Known); err != nil {
		return b, err
	}
	if s.cfg.Said != nil {
		b.Said, err = s.cfg.Said(ctx, at)
	}
	return b, err
}
