package jobs

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

// Config is all that a Runner depends on.
type Config struct {
	DB      *database.DB  // required
	Clock   clock.Clock   // clock.System; river itself lives by the machine's clock
	Logger  *slog.Logger  // slog.Default()
	Workers int           // 4: jobs that run at the same time
	Poll    time.Duration // 1 s: how often the queue is looked at
	Limit   time.Duration // 10 min: how long a job may run that says nothing else
}

// Runner holds the definitions and works them.
type Runner struct {
	cfg    Config
	driver riverdriver.Driver[*sql.Tx]
	insert *river.Client[*sql.Tx] // inserts only

	mu      sync.Mutex
	kinds   map[string]*kind     // guarded by mu until Run; not changed afterwards
	started bool                 // guarded by mu
	begun   map[string]time.Time // guarded by mu: when the running jobs of a kind began, the earliest
}

// kind is one definition.
type kind struct {
	name     string
	schedule Schedule // nil: queued
	limit    time.Duration
	run      func(ctx context.Context, payload json.RawMessage) error
}

// New makes a runner and brings river's tables to its version. Define and
// Handle first, then Run.
func New(ctx context.Context, cfg Config) (*Runner, error) {
	if cfg.DB == nil || cfg.DB.Writer() == nil {
		return nil, fault.New(fault.Internal, "jobs.Config needs a database that can be written")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	cfg.Workers, cfg.Poll, cfg.Limit = cmp.Or(cfg.Workers, 4), cmp.Or(cfg.Poll, time.Second), cmp.Or(cfg.Limit, 10*time.Minute)
	r := &Runner{cfg: cfg, kinds: map[string]*kind{}, begun: map[string]time.Time{}}
	if cfg.DB.Dialect == database.SQLite {
		r.driver = riversqlite.New(cfg.DB.Writer())
	} else {
		r.driver = riverdatabasesql.New(cfg.DB.Writer())
	}
	logger := slog.New(atLeast{cfg.Logger.Handler(), slog.LevelWarn})
	m, err := rivermigrate.New(r.driver, &rivermigrate.Config{Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("read the migrations of jobs: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("migrate the tables of jobs: %w", err)
	}
	if r.insert, err = river.NewClient(r.driver, &river.Config{Logger: logger}); err != nil {
		return nil, fmt.Errorf("prepare the queue of jobs: %w", err)
	}
	return r, nil
}

// Option changes one definition.
type Option func(*kind)

// Limit gives a job another time limit than Config.Limit.
func Limit(d time.Duration) Option { return func(k *kind) { k.limit = d } }

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]*([. ][a-z0-9_]+)*$`)

// Define declares a periodic job; its name is shown to people. run gets a context that ends when Run's does
// or at the job's time limit. An error is kept for Health, and the next time is
// as planned. A name that is taken, and a definition after Run, is an error.
func (r *Runner) Define(name string, s Schedule, run func(ctx context.Context) error, options ...Option) error {
	if s == nil {
		return fault.New(fault.Internal, "job %s has no schedule", name)
	}
	return r.add(&kind{name: name, schedule: s, run: func(ctx context.Context, _ json.RawMessage) error { return run(ctx) }}, options)
}

// Handle declares what does the jobs of a kind that Insert and RunAt queue. An
// error or a panic is tried again with growing pauses, 25 times in three weeks;
// a fault of kind Invalid or Conflict is final. A job may run twice when the
// server is killed: run must bear it.
func (r *Runner) Handle(name string, run func(ctx context.Context, payload json.RawMessage) error, options ...Option) error {
	return r.add(&kind{name: name, run: run}, options)
}

func (r *Runner) add(k *kind, options []Option) error {
	k.limit = r.cfg.Limit
	for _, o := range options {
		o(k)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.started:
		return fault.New(fault.Internal, "job %s is defined after the jobs began to run", k.name)
	case len(k.name) < 2 || len(k.name) > 64 || !namePattern.MatchString(k.name):
		return fault.New(fault.Internal, "%q is no name of a job: lower-case words", k.name)
	case r.kinds[k.name] != nil:
		return fault.New(fault.Internal, "there are two jobs %s", k.name)
	case k.limit <= 0 || k.run == nil:
		return fault.New(fault.Internal, "job %s has no time or nothing to do", k.name)
	}
	r.kinds[k.name] = k
	return nil
}

// Insert queues a job in the caller's transaction, due at once. The payload is
// kept as JSON; nil as {}.
func (r *Runner) Insert(ctx context.Context, tx *sql.Tx, name string, payload any) error {
	return r.enqueue(ctx, tx, name, payload, &river.InsertOpts{})
}

// RunAt is Insert for a later time.
func (r *Runner) RunAt(ctx context.Context, tx *sql.Tx, name string, at time.Time, payload any) error {
	return r.enqueue(ctx, tx, name, payload, &river.InsertOpts{ScheduledAt: at})
}

func (r *Runner) enqueue(ctx context.Context, tx *sql.Tx, name string, payload any, opts *river.InsertOpts) error {
	r.mu.Lock()
	k := r.kinds[name]
	r.mu.Unlock()
	if k == nil || k.schedule != nil {
		return fault.New(fault.Internal, "nothing handles queued jobs of the kind %q", name)
	}
	b, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("write the payload of job %s: %w", name, err)
	}
	if string(b) == "null" { // river takes it for no value
		b = []byte("{}")
	}
	if _, err := r.insert.InsertTx(ctx, tx, args{name, b}, opts); err != nil {
		return fmt.Errorf("queue job %s: %w", name, err)
	}
	return nil
}

// Run works jobs until ctx ends, waits until those that run have come to an
// end, and returns nil. It can be called once.
func (r *Runner) Run(ctx context.Context) error {
	r.mu.Lock()
	again := r.started
	r.started = true
	r.mu.Unlock()
	if again {
		return fault.New(fault.Internal, "the jobs run already")
	}
	if len(r.kinds) == 0 {
		<-ctx.Done()
		return nil
	}
	if r.cfg.DB.Dialect == database.SQLite {
		// One process has the data directory, and it is this one: whatever
		// runs according to the table was broken off.
		if err := takeUpAgain(ctx, r.cfg.DB); err != nil && ctx.Err() == nil {
			return err
		}
	}
	client, err := r.client(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	// Stopping is told to river by StopAndCancel alone, so that what a job did
	// last is still written.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the jobs: %w", err)
	}
	<-ctx.Done()
	if err := client.StopAndCancel(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("stop the jobs: %w", err)
	}
	return nil
}

// client makes the client that works.
func (r *Runner) client(ctx context.Context) (*river.Client[*sql.Tx], error) {
	runs, err := readRuns(ctx, r.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	workers := river.NewWorkers()
	longest := r.cfg.Limit
	var periodic []*river.PeriodicJob
	for _, name := range r.names() {
		k := r.kinds[name]
		river.AddWorkerArgs(workers, args{kind: name}, &worker{r: r, k: k})
		longest = max(longest, k.limit)
		if k.schedule == nil {
			continue
		}
		table := &timetable{s: k.schedule, now: r.cfg.Clock, first: r.cfg.Clock()}
		if last, ran := runs[name]; ran {
			table.first = k.schedule.Next(last.started)
		}
		periodic = append(periodic, river.NewPeriodicJob(table, func() (river.JobArgs, *river.InsertOpts) {
			return args{name, json.RawMessage("{}")}, &river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByState: []rivertype.JobState{
				rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled}}}
		}, nil))
	}
	client, err := river.NewClient(r.driver, &river.Config{
		Workers: workers, PeriodicJobs: periodic, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: r.cfg.Workers}},
		FetchPollInterval: r.cfg.Poll, FetchCooldown: min(r.cfg.Poll, 100*time.Millisecond), PollOnly: true,
		RescueStuckJobsAfter: longest + time.Minute, CompletedJobRetentionPeriod: time.Hour,
		Logger: slog.New(atLeast{r.cfg.Logger.Handler(), slog.LevelWarn}),
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the jobs: %w", err)
	}
	return client, nil
}

func (r *Runner) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := make([]string, 0, len(r.kinds))
	for name := range r.kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Status is one periodic job or one kind of queued job, for Health.
type Status struct {
	Name      string
	Periodic  bool
	Running   bool          // in this process
	Since     time.Time     // when the run that runs began
	LastRun   time.Time     // when the last run that ended began; zero: never
	LastTook  time.Duration // of that run
	LastError string        // of that run, in public words; empty when it went well
	Failures  int64         // in a row
	Next      time.Time     // of a periodic job; the present when it is overdue
	Waiting   int64         // queued and not begun
}

// List gives all of them by name.
func (r *Runner) List(ctx context.Context) ([]Status, error) {
	runs, err := readRuns(ctx, r.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	waiting, err := countWaiting(ctx, r.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	var all []Status
	for _, name := range r.names() {
		r.mu.Lock()
		k, since := r.kinds[name], r.begun[name]
		r.mu.Unlock()
		last := runs[name]
		s := Status{Name: name, Periodic: k.schedule != nil, Running: !since.IsZero(), Since: since, LastRun: last.started, LastTook: last.took,
			LastError: last.err, Failures: last.failures, Waiting: waiting[args{kind: name}.Kind()]}
		if now := r.cfg.Clock(); s.Periodic {
			if s.Next = now; !last.started.IsZero() {
				s.Next = k.schedule.Next(last.started)
			}
			if s.Next.Before(now) {
				s.Next = now
			}
		}
		all = append(all, s)
	}
	return all, nil
}
