package simulation

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/notify"
	"github.com/attesta/attesta/internal/notify/mail"
	"github.com/attesta/attesta/internal/notify/webhook"
	"github.com/attesta/attesta/internal/operations/desk"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/simulation/codebase"
	"github.com/attesta/attesta/internal/simulation/sink"
	"github.com/attesta/attesta/internal/simulation/years"
	"github.com/attesta/attesta/packs"
)

// Config is what a history is made in: an empty database and its ledger, both
// on the clock that the simulation moves.
type Config struct {
	DB       *database.DB
	Ledger   *ledger.Log
	Clock    *clock.Manual
	Plan     Plan
	Evidence *blobs.Dir                          // for what people bring by hand; nil: they bring nothing, and say nothing of the scope
	Progress func(day, days int, messages int64) // may be nil

	// With all of these, and Evidence, a history of 300 days or more has a year
	// of the whole programme.
	Blobs   *blobs.Dir  // for frozen populations
	Key     *sealed.Key // seals addresses and passwords
	Sink    *sink.Sink  // where its mail and its webhooks end
	Data    string      // the data directory, which reports name
	Version string      // of the program
}

// whole reports whether the programme has a year.
func (c Config) whole() bool {
	return c.Evidence != nil && c.Blobs != nil && c.Key != nil && c.Sink != nil && c.Plan.Days >= storyDays
}

// Organisation is the services that the history went through. They go on
// working at the plan's end.
type Organisation struct {
	Plan      Plan
	Access    *access.Service
	Standards *standard.Service
	Outcomes  *outcome.Service
	Findings  *finding.Service
	Hosts     *host.Service
	Controls  *control.Service
	Scopes    *scope.Service
	Evidence  *evidence.Service // nil where Config.Evidence is

	// Of a whole programme; else nil.
	Policies    *policy.Service
	Changes     *change.Service
	Waivers     *waiver.Service
	Exclusions  *exclusion.Service
	Populations *population.Service
	Engagements *engagement.Service
	Instances   *instance.Service
	Notices     *notify.Service
	Webhooks    *webhook.Service
	Mail        *mail.Service
	Desk        *desk.Service
	Stage       *years.Stage // with the services of the areas of package years

	cfg    Config
	clock  *clock.Manual
	people []access.Principal          // who decides
	second access.Principal            // who proposes what people[0] approves
	cast   map[string]access.Principal // everybody, by login
	deeds  []deed                      // of the programme's year, still to come
	quiet  *slog.Logger
	about  notify.About
	frozen []population.Extraction // oldest first

	repository *codebase.Repository // whose changes it has
}

// Summary says how much was made.
type Summary struct {
	Messages int64 // envelopes received
	Late     int64 // of them, sent long after they were observed
	Retired  int64
	Took     time.Duration // by the machine's clock
}

// open makes the services on the caller's clock.
func open(ctx context.Context, cfg Config) (*Organisation, error) {
	if cfg.DB == nil || cfg.Ledger == nil || cfg.Clock == nil {
		return nil, fault.New(fault.Internal, "simulation.Config needs DB, Ledger and Clock")
	}
	plan, err := cfg.Plan.filled()
	if err != nil {
		return nil, err
	}
	o := &Organisation{Plan: plan, cfg: cfg, clock: cfg.Clock, cast: map[string]access.Principal{}}
	o.cfg.Plan = plan
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	o.quiet = quiet
	now := cfg.Clock.Now
	if o.Access, err = access.New(access.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: now, Hash: access.HashCost{Memory: 64, Time: 1, Threads: 1}, FailureTime: -1}); err != nil {
		return nil, err
	}
	if o.Standards, err = standard.New(standard.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: now, Logger: quiet}); err != nil {
		return nil, err
	}
	o.Outcomes = outcome.New(outcome.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: now, Logger: quiet, Grace: plan.Beat + time.Hour})
	o.Findings = finding.New(finding.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: now, Logger: quiet})
	hosts := host.Config{DB: cfg.DB, Ledger: cfg.Ledger, Standards: o.Standards, Outcomes: o.Outcomes, Findings: o.Findings, Clock: now, Logger: quiet}
	if o.cfg.whole() {
		if err := o.makeWaivers(); err != nil {
			return nil, err
		}
		hosts.Waivers, hosts.Exclusions, hosts.Changed = o.Waivers, o.Exclusions, o.hostChanged
	}
	if o.Hosts, err = host.New(hosts); err != nil {
		return nil, err
	}
	shipped, err := packs.Open("controls")
	if err != nil {
		return nil, err
	}
	library, err := control.LoadLibrary(shipped)
	if err != nil {
		return nil, err
	}
	o.Controls = control.New(control.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: now, Library: library})
	o.Scopes = scope.New(scope.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: now})
	if cfg.Evidence != nil {
		o.Evidence = evidence.NewService(evidence.Config{DB: cfg.DB, Ledger: cfg.Ledger, Blobs: cfg.Evidence, Clock: now})
	}
	return o, nil
}

// hostChanged tells the register of components what a batch changed, from the day on
// which there is one.
func (o *Organisation) hostChanged(ctx context.Context, tx *sql.Tx, news host.News) error {
	if o.Stage == nil || o.Stage.Components == nil {
		return nil
	}
	return o.Stage.Components.Changed(ctx, tx, news)
}

// begin is the first day: what ships with the program is brought in, as the
// server does at its first start, and people get their roles.
func (o *Organisation) begin(ctx context.Context) error {
	for _, name := range packs.Standards() {
		fsys, err := packs.Open(name)
		if err != nil {
			return err
		}
		if _, err := o.Standards.Install(ctx, access.System(), fsys); err != nil {
			return err
		}
	}
	if err := o.Controls.Start(ctx); err != nil {
		return err
	}
	for _, n := range []access.NewUser{
		{Login: "ines", Name: "Ines Duarte", Email: "ines.duarte@farol.example", Role: access.ComplianceManager},
		{Login: "tomas", Name: "Tomas Varga", Email: "tomas.varga@farol.example", Role: access.Responder},
		{Login: "mei", Name: "Mei Tanaka", Email: "mei.tanaka@farol.example", Role: access.Contributor},
	} {
		p, err := o.join(ctx, access.System(), n)
		if err != nil {
			return err
		}
		o.people = append(o.people, p)
	}
	if o.Evidence != nil {
		if err := o.addSecond(ctx); err != nil {
			return err
		}
		if err := o.describe(ctx); err != nil {
			return err
		}
	}
	if _, err := o.Hosts.Rejudge(ctx, nil); err != nil { // registers the attributes
		return err
	}
	if !o.cfg.whole() {
		return nil
	}
	var err error
	o.deeds, err = o.programme()
	return err
}

// join adds somebody to the organisation.
func (o *Organisation) join(ctx context.Context, by access.Principal, n access.NewUser) (access.Principal, error) {
	u, err := o.Access.AddUser(ctx, by, n)
	if err != nil {
		return access.Principal{}, fmt.Errorf("add %s: %w", n.Login, err)
	}
	p := access.Principal{UserID: u.ID, Name: u.Name, Role: u.Role, At: o.clock.Now()}
	o.cast[n.Login] = p
	return p, nil
}

// set moves the clock forward to a moment; it never goes back.
func (o *Organisation) set(t time.Time) {
	if d := t.Sub(o.clock.Now()); d > 0 {
		o.clock.Advance(d)
	}
}
