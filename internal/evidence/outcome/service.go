package outcome

import (
	"context"
	"log/slog"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Outcome is what a judgement says about one item.
type Outcome string

// The six outcomes, and Gone: not judged any more (the item left the
// population, or the check is no longer in force). Gone is never counted or listed.
const (
	Pass          Outcome = "pass"
	Fail          Outcome = "fail"
	Error         Outcome = "error"
	NotObserved   Outcome = "not_observed"
	NotApplicable Outcome = "not_applicable"
	Waived        Outcome = "waived"
	Gone          Outcome = "gone"
)

// DefaultGrace is how long a source may be silent before it counts as not
// observed: three heartbeats.
const DefaultGrace = 90 * time.Second

// Config is all that the service depends on.
type Config struct {
	DB     *database.DB  // required
	Ledger *ledger.Log   // required
	Clock  clock.Clock   // clock.System
	Grace  time.Duration // DefaultGrace
	Logger *slog.Logger  // slog.Default()
}

// Service keeps outcomes over one database.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// RunPopulation counts each population that the standards in force are about
// and records it: definition, count, digest over the items' ids, counts by
// outcome with what is not observed. Daily, and on demand.
func (s *Service) RunPopulation(ctx context.Context, standards string) ([]Run, error) {
	return nil, errLater
}

// Rebuild computes the steps again from the outcomes and gives how many rows
// differed.
func (s *Service) Rebuild(ctx context.Context) (differed int64, err error) { return 0, errLater }
