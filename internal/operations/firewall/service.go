package firewall

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/entries"
	"github.com/attesta/attesta/internal/operations/host"
)

// Config is what the service depends on. DB, Ledger and Hosts are required.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Hosts   *host.Service
	Clock   clock.Clock // clock.System
	Version string      // of this program
}

// Service keeps rule sets over one database.
type Service struct {
	cfg            Config
	justifications *journal.Journal[Justification]
	reviews        *journal.Journal[Review]
	files          *journal.Journal[File]
	book           *entries.Book

	turn   sync.Mutex // one Turn at a time
	judged time.Time  // guarded by turn
	said   []entries.Entry

	mu      sync.Mutex
	stirred bool             // guarded by mu: something was decided that entries depend on
	bodies  map[string]*body // guarded by mu: by digest
}

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	j := journal.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: cfg.Clock}
	return &Service{cfg: cfg, justifications: journal.New[Justification](j, JustificationKind), reviews: journal.New[Review](j, ReviewKind), files: journal.New[File](j, FileKind),
		book: entries.New(entries.Config{DB: cfg.DB, Ledger: cfg.Ledger, Hosts: cfg.Hosts, Clock: cfg.Clock, Version: cfg.Version}), bodies: map[string]*body{}}
}

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding {
	return slices.Concat(journal.Bindings[Justification](JustificationKind), journal.Bindings[Review](ReviewKind), journal.Bindings[File](FileKind))
}

// Now gives the service's time.
func (s *Service) Now() time.Time { return s.cfg.Clock() }

// stir has entries judged again at the next turn.
func (s *Service) stir() {
	s.mu.Lock()
	s.stirred = true
	s.mu.Unlock()
}

// body gives the rules of a digest. Few are kept in memory.
func (s *Service) body(ctx context.Context, q database.Querier, digest string) (*body, error) {
	s.mu.Lock()
	b := s.bodies[digest]
	s.mu.Unlock()
	if b != nil {
		return b, nil
	}
	b, err := readBody(ctx, q, digest)
	if err != nil || b == nil {
		return b, err
	}
	s.mu.Lock()
	if len(s.bodies) > 200 {
		clear(s.bodies)
	}
	s.bodies[digest] = b
	s.mu.Unlock()
	return b, nil
}
