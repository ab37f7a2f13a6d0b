package checklist

import (
	"context"
	"database/sql"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

// Record writes what happened to somebody: a ledger entry and a line of their
// timeline, in the caller's transaction. data is what the ledger says, detail
// what it commits to. It gives the entry's id.
type Record func(ctx context.Context, tx *sql.Tx, p access.Principal, subject, kind string, validAt time.Time, data map[string]any, detail map[string]string) (string, error)

// Shown is what records here say of an item.
type Shown struct {
	Done bool
	Day  string // on which it was done
	Text string // in words: what was done, or what is missing
}

// Config is all that the service depends on. All but Shown is required.
type Config struct {
	DB     *database.DB
	Book   *Book
	Record Record
	Wake   func() // the ledger's
	Clock  clock.Clock

	// Shown reads for a user what a template's Shown names. Without it, people say
	// what was done.
	Shown func(ctx context.Context, user, by string) (Shown, error)
}

// Service keeps checklists over one database.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service { return &Service{cfg} }

// Book gives the templates.
func (s *Service) Book() *Book { return s.cfg.Book }
