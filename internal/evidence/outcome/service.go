package outcome

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
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
type Service struct {
	cfg      Config
	prepared *database.Prepared // nil where the database is only read
	memo     memo
	count    counters

	mu         sync.Mutex
	registered map[string]map[attributeKey]numbered // guarded by mu: by panel digest; committed ones only
	lastNo     int64                                // guarded by mu: the last run number given
}

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Grace == 0 {
		cfg.Grace = DefaultGrace
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &Service{cfg: cfg, registered: map[string]map[attributeKey]numbered{}}
	// Without them each statement is parsed anew: slower, and nothing else.
	s.prepared, _ = cfg.DB.Prepare(context.Background(), lastRunQuery, itemQuery, presenceQuery, foldedQuery, currentQuery, historyOfOne, historyOfAll,
		intoRun, intoVerdict.one, intoVerdict.many, intoOutcome.one, intoOutcome.many, intoStep.one, intoStep.many,
		intervalQuery, extendQuery, openGapsQuery, lateUpsert)
	return s
}

// Grace is how long a source may be silent before it counts as not observed.
func (s *Service) Grace() time.Duration { return s.cfg.Grace }

type counters struct{ evaluations, memoHits, rows, steps atomic.Int64 }

// Counters say how much work was done since the service was made.
type Counters struct {
	Evaluations int64 // expressions evaluated
	MemoHits    int64 // judgements that were remembered instead
	Rows        int64 // outcome rows written
	Steps       int64 // step rows written
}

// Counters gives them.
func (s *Service) Counters() Counters {
	return Counters{s.count.evaluations.Load(), s.count.memoHits.Load(), s.count.rows.Load(), s.count.steps.Load()}
}

type attributeKey struct{ check, id string }

// numbered is an attribute's number and, in µs, when it first came into force.
type numbered struct{ no, since int64 }

// Register gives the attributes of a panel their numbers in a transaction of
// its own, so that runs need not look them up. Runs do without it.
func (s *Service) Register(ctx context.Context, p *Panel) error {
	var numbers map[attributeKey]numbered
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		numbers, err = numberAttributes(ctx, tx, p, s.cfg.Clock())
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.registered) // one set is in force
	s.registered[p.digest] = numbers
	return nil
}

// register gives the numbers of a panel's attributes within a transaction.
func (s *Service) register(ctx context.Context, q database.Querier, p *Panel, now time.Time) (map[attributeKey]numbered, error) {
	s.mu.Lock()
	numbers := s.registered[p.digest]
	s.mu.Unlock()
	if numbers != nil {
		return numbers, nil
	}
	return numberAttributes(ctx, q, p, now)
}

// number gives a run's number: after the source's last one, after every one that
// this process gave, and most likely another than other processes give.
func (s *Service) number(now time.Time, last int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastNo = max(runNumber(now), last+1, s.lastNo+1)
	return s.lastNo
}

// epoch is where run numbers begin to count.
var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
