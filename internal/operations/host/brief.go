package host

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/base/database"
)

// Brief is what other registers need of a host.
type Brief struct {
	ID          string
	Name        string
	SilentSince time.Time // zero: heard
	Retired     bool
}

// Briefs gives some hosts by their ids, as q sees them.
func (s *Service) Briefs(ctx context.Context, q database.Querier, ids []string) (map[string]Brief, error) {
	return briefs(ctx, q, ids)
}
