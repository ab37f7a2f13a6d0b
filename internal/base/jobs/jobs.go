package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// Config is all that a Runner depends on.
type Config struct {
	DB     *database.DB // required
	Clock  clock.Clock  // clock.System
	Logger *slog.Logger // slog.Default()
}

// Runner holds the definitions and works them.
type Runner struct{ cfg Config }

// New makes a runner. Define and Handle first, then Run.
func New(ctx context.Context, cfg Config) (*Runner, error) { return &Runner{cfg}, nil }

// Schedule gives the next time that is due strictly after t; the zero time
// means never.
type Schedule interface{ Next(t time.Time) time.Time }

type every time.Duration

func (e every) Next(t time.Time) time.Time { return t.Add(time.Duration(e)) }

// Every is due d after the previous run began.
func Every(d time.Duration) Schedule { return every(d) }

type daily struct {
	hour, minute int
	loc          *time.Location
}

func (d daily) Next(t time.Time) time.Time {
	t = t.In(d.loc)
	n := time.Date(t.Year(), t.Month(), t.Day(), d.hour, d.minute, 0, 0, d.loc)
	if !n.After(t) {
		n = time.Date(t.Year(), t.Month(), t.Day()+1, d.hour, d.minute, 0, 0, d.loc)
	}
	return n
}

// Daily is due once a day at hour:minute in loc.
func Daily(hour, minute int, loc *time.Location) Schedule { return daily{hour, minute, loc} }

var errLater = fault.New(fault.Unavailable, "not built yet")

// Define declares a periodic job. run gets a context that ends when Run's does
// or after the job's time limit. A second definition of a name is an error.
func (r *Runner) Define(name string, s Schedule, run func(ctx context.Context) error) error {
	return errLater
}

// Handle declares what does jobs of a kind that Insert and RunAt queue. An
// error from run, or a panic, is retried with growing pauses.
func (r *Runner) Handle(kind string, run func(ctx context.Context, payload json.RawMessage) error) error {
	return errLater
}

// Insert queues a job in the caller's transaction, due at once. The payload is
// kept as JSON.
func (r *Runner) Insert(ctx context.Context, tx *sql.Tx, kind string, payload any) error {
	return errLater
}

// RunAt is Insert for a later time.
func (r *Runner) RunAt(ctx context.Context, tx *sql.Tx, kind string, at time.Time, payload any) error {
	return errLater
}

// Run works jobs until ctx ends, waits for those that run, and returns nil.
func (r *Runner) Run(ctx context.Context) error { return errLater }

// Status is one periodic job or one kind of queued job, for Health.
type Status struct {
	Name      string
	Periodic  bool
	Running   bool
	LastRun   time.Time     // when the last run began; zero: never
	LastTook  time.Duration // of the last run that ended
	LastError string        // of the last run that ended; empty when it went well
	Failures  int64         // in a row
	Next      time.Time     // zero: nothing is due
	Waiting   int64         // queued jobs of this kind
}

// List gives all of them by name.
func (r *Runner) List(ctx context.Context) ([]Status, error) { return nil, errLater }
