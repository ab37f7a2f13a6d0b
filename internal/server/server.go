// Package server wires everything together, starts it and stops it in reverse
// order. It is the only package that knows all of the others, and it decides
// nothing itself.
//
// Floor: above all edges.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/agent"
	"github.com/attesta/attesta/internal/agent/watching"
	"github.com/attesta/attesta/internal/api"
	"github.com/attesta/attesta/internal/api/scim"
	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/audit/export"
	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/audit/reliance"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/access/factor"
	"github.com/attesta/attesta/internal/base/access/identity"
	"github.com/attesta/attesta/internal/base/access/passkey"
	"github.com/attesta/attesta/internal/base/access/saml"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/metrics"
	"github.com/attesta/attesta/internal/operations/activity"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/databases"
	"github.com/attesta/attesta/internal/operations/desk"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/posture/readiness"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/calendar"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/diagram"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/raci"
	"github.com/attesta/attesta/internal/program/resilience"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/program/trainees"
	"github.com/attesta/attesta/internal/program/work"
	"github.com/attesta/attesta/internal/wire"
	"github.com/attesta/attesta/packs"

	"golang.org/x/sync/errgroup"
)

// Config is everything that can be set, by flag, environment (ATTESTA_…) or file.
type Config struct {
	Data        string `config:"data" usage:"directory that holds the database, the ledger, the blobs and the keys"`
	Listen      string `config:"listen" usage:"address of the screens, HOST:PORT"`
	AgentListen string `config:"agent-listen" usage:"address for agents, HOST:PORT; 0.0.0.0:7374 lets other hosts report"`
	PublicURL   string `config:"public-url" usage:"address that people type, when it is not http://localhost:PORT"`
	Database    string `config:"database" secret:"true" usage:"where the state is: sqlite:PATH (default, in the data directory) or postgres://…"`
	LogLevel    string `config:"log-level" usage:"debug, info, warn or error"`

	Integrity        string   `config:"integrity" usage:"on or off: whether attesta up watches the files of the host it runs on"`
	IntegrityPaths   []string `config:"integrity-paths" usage:"trees of that host that are watched beside the usual ones"`
	IntegrityContent []string `config:"integrity-content" usage:"the same, of files that are given out to others"`
	IntegrityExclude []string `config:"integrity-exclude" usage:"patterns of its paths that are not watched: /a/*/b, /a/**/*.tmp, or one name"`

	DialAllow []string `config:"dial-allow" usage:"hosts inside (NAME, NAME:PORT or address) that webhooks, mail and the login provider may be asked at; without it only public addresses"`

	TrustedProxies []string `config:"trusted-proxies" usage:"addresses or networks of reverse proxies that are believed when X-Forwarded-For says for whom they ask"`

	EvidenceMaxMB int `config:"evidence-max-mb" usage:"largest file of evidence that is taken, in MB"`

	BackupTo         string        `config:"backup-to" usage:"directory for scheduled backups, best of another machine; empty: none are made"`
	BackupEvery      time.Duration `config:"backup-every" usage:"how often a scheduled backup is made"`
	BackupKeep       int           `config:"backup-keep" usage:"how many scheduled backups are kept"`
	BackupRecipients []string      `config:"backup-recipients" usage:"age recipients (age1…) of scheduled backups; with them they are encrypted and hold keys"`
}

// Defaults are the settings of one machine with everything embedded.
func Defaults(data string) Config {
	return Config{Data: data, Listen: "localhost:7373", AgentListen: "localhost:7374", LogLevel: "info", Integrity: "on", EvidenceMaxMB: 200, BackupEvery: 24 * time.Hour, BackupKeep: 14}
}

// Options are what a caller decides and a configuration file does not.
type Options struct {
	Version   string
	Logger    *slog.Logger
	Clock     clock.Clock                                                      // clock.System
	Demo      bool                                                             // the data directory must hold a demonstration
	Embedded  bool                                                             // also run this host's agent, as `attesta up` does
	AnyPort   bool                                                             // when the address is taken, take another port of the same host
	Ready     func(Ready)                                                      // called once, when the screens answer
	Inventory func() func(context.Context, ...string) ([]facts.Section, error) // tests replace the host
}

// Ready is what a caller may print.
type Ready struct {
	URL   string    // http://localhost:PORT
	Agent string    // HOST:PORT of the agents' listener
	Link  string    // one-time link; "" when an administrator has a password: log in
	Until time.Time // when Link stops working
	Data  string    // absolute path
	Doors []string  // every pattern of http.ServeMux that the listener of the screens answers
}

// parts are the running system's services, in the order in which they are made.
type parts struct {
	dir       DataDir
	db        *database.DB
	log       *ledger.Log
	access    *access.Service
	sealed    *sealed.Key
	second    *factor.Service
	directory *directory.Service
	passkeys  *passkey.Service
	provider  *identity.Service
	saml      *saml.Service
	standards *standard.Service
	outcomes  *outcome.Service
	findings  *finding.Service
	hosts     *host.Service
	databases *databases.Service
	scopes    *scope.Service
	instances *instance.Service
	evidence  *evidence.Service
	controls  *control.Service
	policies  *policy.Service
	overseen
	reviews  *reviews
	assets   *asset.Service
	diagrams *diagram.Service
	ownTests *owntest.Service
	grounds
	firms *firm.Service
	measured
	resilience  *resilience.Service
	components  *component.Service
	questions   *question.Service
	people      *people.Service
	plan        *plan.Service
	work        *work.Service
	calendar    *calendar.Service
	raci        *raci.Service
	gaps        *gap.Service
	readiness   *readiness.Service
	changes     *change.Service
	public      string // address that people type
	posture     *posture.Service
	ingest      *ingest.Service
	jobs        *jobs.Runner
	rejudge     chan struct{}
	logger      *slog.Logger
	clock       clock.Clock
	blobs       *blobs.Dir
	population  *population.Service
	waivers     *waiver.Service
	exclusions  *exclusion.Service
	engagements *engagement.Service
	desk        *desk.Service
	bulk        *bulk.Service
	reliance    *reliance.Service
	version     string
	packages    *export.Service
	brought     *blobs.Dir // files that people brought as evidence
	health      *health.Monitor
	metrics     *metrics.Metrics // nil until all it measures is there
	sound       sync.Map         // installed packs that loaded, by id and bytes
	refused     []error          // shipped standards that do not fit what is installed
	backups     *backup.Service
	proxies     proxies
	told
	trainees.Learned
}

// Run starts everything and returns when ctx ends (nil) or a part fails. When
// another server holds the data directory the error is errHeld's.
func Run(ctx context.Context, cfg Config, opt Options) error {
	if opt.Clock == nil {
		opt.Clock = clock.System
	}
	dir, err := filepath.Abs(cfg.Data)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	trusted, err := parseProxies(cfg.TrustedProxies)
	if err != nil {
		return err
	}
	if cfg.Integrity != "" && cfg.Integrity != "on" && cfg.Integrity != "off" {
		return fault.New(fault.Invalid, "%q is neither on nor off", cfg.Integrity).At("", 0, "integrity")
	}
	p := &parts{proxies: trusted, dir: DataDir(dir), logger: opt.Logger, clock: opt.Clock, version: opt.Version, rejudge: make(chan struct{}, 1)}
	if err := p.dir.create(); err != nil {
		return err
	}
	lock, err := p.dir.lock()
	if err != nil {
		return err
	}
	defer lock.Close()

	webAt, err := listen(ctx, cfg.Listen, opt.AnyPort, "--listen")
	if err != nil {
		return err
	}
	defer webAt.Close()
	agentsAt, err := listen(ctx, cfg.AgentListen, opt.AnyPort, "--agent-listen")
	if err != nil {
		return err
	}
	defer agentsAt.Close()
	address := publicURL(cfg, webAt)
	p.public = address

	if cfg.Database == "" {
		cfg.Database = p.dir.Database()
	}
	saved, err := p.dir.backUpBeforeMigration(ctx, cfg.Database, opt)
	if err != nil {
		return err
	}
	if p.db, err = database.Open(ctx, cfg.Database, database.ReadWrite); err != nil {
		return err
	}
	defer p.db.Close()
	if p.log, err = ledger.Open(ctx, ledger.Config{DB: p.db, Dir: p.dir.Ledger(), KeyFile: filepath.Join(p.dir.Keys(), "ledger.key"), Clock: opt.Clock, Logger: opt.Logger}); err != nil {
		return err
	}
	defer p.log.Close()
	if err := p.demonstration(opt); err != nil {
		return err
	}
	if err := p.recordStart(ctx); err != nil { // before any other entry of this run
		return err
	}
	if saved != nil {
		if _, err := backup.Record(ctx, p.db, p.log, access.System().UserID, *saved); err != nil {
			return err
		}
	}
	if err := p.services(ctx, cfg, agentsAt, address); err != nil {
		return err
	}
	if err := p.connectDatabases(opt.Version); err != nil {
		return err
	}
	defer p.databases.Close()
	if err := p.firstStart(ctx); err != nil {
		return err
	}
	control := presence{URL: address, Address: "http://" + webAt.Addr().String(), PID: os.Getpid(), Token: secret()}
	p.health = health.NewMonitor(p.clock, opt.Version, p.healthChecks(watched{web: webAt.Addr(), agents: agentsAt.Addr(), public: address}))
	if err := p.dir.noteVersion(opt.Version, p.clock()); err != nil {
		return err
	}
	p.metrics = metrics.New(metrics.Config{Access: p.access, Ledger: p.log, DB: p.db, Jobs: p.jobs, Hosts: p.hosts, Findings: p.findings, Health: p.health, Dir: dir,
		PublicURL: address, Version: opt.Version, Logger: p.logger})
	screens, err := p.screens(ctx, opt, address)
	if err != nil {
		return err
	}
	if err := p.dir.writePresence(control); err != nil {
		return err
	}
	defer os.Remove(p.dir.presenceFile())
	programs := p.operations(opt.Version)
	if err := p.jobs.Define("keys of changes that programs made", jobs.Every(time.Hour), programs.Sweep); err != nil {
		return err
	}
	return p.run(ctx, cfg, opt, address, control, screens, programs, webAt, agentsAt)
}

// services makes every service, lowest first.
func (p *parts) services(ctx context.Context, cfg Config, agentsAt net.Listener, address string) error {
	var err error
	if err := p.logins(cfg, address); err != nil {
		return err
	}
	if p.standards, err = standard.New(standard.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Logger: p.logger, OnChange: p.wakeRejudge}); err != nil {
		return fmt.Errorf("start standards: %w", err)
	}
	var grace time.Duration // as usual
	if isDemo(p.log.Origin()) {
		grace = demoGrace
	}
	p.outcomes = outcome.New(outcome.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Logger: p.logger, Grace: grace})
	p.findings = finding.New(finding.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Logger: p.logger})
	p.waivers, err = waiver.New(waiver.Config{DB: p.db, Ledger: p.log, Standards: p.standards, Outcomes: p.outcomes, Access: p.access, Select: p.selectItems,
		Control: p.controlInUse, Clock: p.clock, OnChange: p.wakeRejudge})
	if err != nil {
		return fmt.Errorf("start waivers: %w", err)
	}
	p.exclusions, err = exclusion.New(exclusion.Config{DB: p.db, Ledger: p.log, Outcomes: p.outcomes, Standards: p.standards, Clock: p.clock, OnChange: p.wakeRejudge})
	if err != nil {
		return fmt.Errorf("start exclusions: %w", err)
	}
	if p.hosts, err = host.New(host.Config{DB: p.db, Ledger: p.log, Standards: p.standards, Outcomes: p.outcomes, Findings: p.findings, Waivers: p.waivers, Exclusions: p.exclusions, Clock: p.clock, Logger: p.logger, Changed: p.hostChanged}); err != nil {
		return fmt.Errorf("start hosts: %w", err)
	}
	if err := p.keepEvidence(ctx, cfg); err != nil {
		return err
	}
	p.scopes = scope.New(scope.Config{DB: p.db, Ledger: p.log, Clock: p.clock})
	if p.blobs, err = blobs.Open(p.dir.Blobs()); err != nil {
		return fmt.Errorf("open the blobs: %w", err)
	}
	if err = p.blobs.Clean(); err != nil {
		return fmt.Errorf("tidy the blobs: %w", err)
	}
	p.exclusions.Derive(p.hosts.Retired)
	p.desk = desk.New(desk.Config{DB: p.db, Ledger: p.log, Clock: p.clock})
	p.activity = activity.New(activity.Config{DB: p.db, Ledger: p.log, Logger: p.logger})
	p.engagements = engagement.New(engagement.Config{DB: p.db, Ledger: p.log, Clock: p.clock})
	shipped, err := packs.Open("controls")
	if err != nil {
		return fmt.Errorf("open the control library: %w", err)
	}
	library, err := control.LoadLibrary(shipped)
	if err != nil {
		return fmt.Errorf("read the control library: %w", err)
	}
	p.controls = control.New(control.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Library: library})
	for _, keep := range []func() error{
		p.keepPolicies,
		p.keepPeople,
		p.keepVendors,
		p.keepAssets,
		p.keepPlaces,
		p.keepWork,
		p.keepComponents,
		p.keepCapacity, p.keepResilience,
		p.keepSegment,
		p.keepFirewall,
		p.keepEndpoints,
		p.populations, // over all those above
		p.keepAssurance,
	} {
		if err := keep(); err != nil {
			return err
		}
	}
	p.posture = posture.New(posture.Config{DB: p.db, Clock: p.clock, Outcomes: p.outcomes, Standards: p.standards, Findings: p.findings})
	if err := p.planning(); err != nil {
		return err
	}
	p.packages, err = export.New(export.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Dir: p.dir.Exports(), Version: p.version,
		Sources: p.packageSources(), Open: p.packageContent, Seen: p.sees})
	if err != nil {
		return fmt.Errorf("start packages: %w", err)
	}
	name, _, err := net.SplitHostPort(agentsAt.Addr().String())
	if err != nil {
		return fmt.Errorf("agents' address: %w", err)
	}
	p.ingest, err = ingest.New(ctx, ingest.Config{
		DB: p.db, Ledger: p.log, Keys: p.dir.Keys(), Data: string(p.dir), Names: []string{name, "localhost"}, Clock: p.clock, Logger: p.logger,
		Handlers: map[string]ingest.Handler{wire.KindChanges: p.receiveChanges, "facts": p.receiveFacts, "heartbeat": p.receiveHeartbeat, wire.KindAnswers: p.receiveAnswers},
		OnCommit: p.taken,
	})
	if err != nil {
		return fmt.Errorf("start ingest: %w", err)
	}
	p.access.OnLeave("enrolment_tokens", p.ingest.EndTokens)
	if p.jobs, err = jobs.New(ctx, jobs.Config{DB: p.db, Clock: p.clock, Logger: p.logger}); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	if err := errors.Join(p.tell(cfg, address), p.followPeople(ctx)); err != nil {
		return err
	}
	if err := p.keepBackups(ctx, cfg); err != nil {
		return err
	}
	p.keepFolders()
	return p.defineJobs()
}

// firstStart brings in what ships with this program. What is there already is
// left as it is. A standard that does not fit what is installed or tailored
// stays out, and health says so: a server that does not start helps nobody to
// mend it.
func (p *parts) firstStart(ctx context.Context) error {
	for _, name := range packs.Standards() {
		fsys, err := packs.Open(name)
		if err != nil {
			return fmt.Errorf("open the shipped standard %s: %w", name, err)
		}
		switch _, err := p.standards.Install(ctx, access.System(), fsys); {
		case fault.Is(err, fault.Conflict):
			message, hint := fault.Public(err)
			p.refused = append(p.refused, fault.Wrap(fault.Conflict, err, "the standard %s that ships is not installed: %s", name, message).WithHint("%s", hint))
			p.logger.Error("a shipped standard is not installed", "standard", name, "error", err)
		case err != nil:
			return fmt.Errorf("install the shipped standard %s: %w", name, err)
		}
	}
	if err := p.controls.Start(ctx); err != nil {
		return fmt.Errorf("adopt the starter controls: %w", err)
	}
	if err := p.population.Start(ctx); err != nil {
		return fmt.Errorf("add the shipped populations: %w", err)
	}
	return nil
}

// apply carries out waivers and exclusions that began or ended.
func (p *parts) apply(ctx context.Context) error {
	_, errWaivers := p.hosts.ApplyWaivers(ctx)
	_, errExclusions := p.hosts.ApplyExclusions(ctx)
	return errors.Join(errWaivers, errExclusions)
}

// controlInUse gives kind NotFound where no control of that slug is in use.
func (p *parts) controlInUse(ctx context.Context, slug string) error {
	c, err := p.controls.Get(ctx, access.System(), slug)
	if err == nil && c.Current().State == control.Retired {
		return fault.New(fault.NotFound, "control %s is retired", slug)
	}
	return err
}

func (p *parts) wakeRejudge() {
	select {
	case p.rejudge <- struct{}{}:
	default: // one is waiting already and will see this change too
	}
}

// run starts the parts that do something by themselves and waits for them.
func (p *parts) run(ctx context.Context, cfg Config, opt Options, address string, control presence, screens http.Handler, programs *api.API, webAt, agentsAt net.Listener) error {
	// The ledger outlives the rest: whatever the others committed while they
	// stopped gets its position.
	ledgerCtx, stopLedger := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLedger()
	sequencer := make(chan error, 1)
	group, ctx := errgroup.WithContext(ctx)
	go func() {
		err := p.log.Run(ledgerCtx)
		sequencer <- err
	}()
	group.Go(func() error { // a sequencer that fails ends the server
		select {
		case err := <-sequencer:
			sequencer <- err
			if err == nil {
				err = errors.New("it ended by itself")
			}
			return fmt.Errorf("ledger: %w", err)
		case <-ctx.Done():
			return nil
		}
	})
	group.Go(func() error { return named("agents' listener", p.ingest.Serve(ctx, agentsAt)) })
	group.Go(func() error { return named("jobs", p.jobs.Run(ctx)) })
	group.Go(func() error { return named("components", p.components.Run(ctx)) })
	group.Go(func() error { return p.rejudgeLoop(ctx) })
	group.Go(func() error { return p.readDatabases(ctx) })
	group.Go(func() error { return named("notices", p.notices.Follow(ctx)) })
	group.Go(func() error { return named("activity", p.activity.Follow(ctx)) })
	group.Go(func() error { return named("changes", p.followChanges(ctx)) })

	mux := &doors{mux: http.NewServeMux()}
	mux.Handle("/", p.metrics.Measure("screens", screens))
	mux.Handle("/api/", p.metrics.Measure("api", programs))
	mux.Handle("/mcp", programs)
	provisioning := p.provisioning(address)
	mux.Handle(scim.Prefix+"/", p.metrics.Measure("scim", provisioning))
	mux.Handle("GET /metrics", p.metrics.Handler())
	mux.Handle("POST /hooks/sensors/{ref}", p.metrics.Measure("hooks", http.HandlerFunc(p.takeSensors)))
	mux.Handle("POST /hooks/badges/{ref}", p.metrics.Measure("hooks", http.HandlerFunc(p.takeBadges)))
	mux.Handle("POST /hooks/{slug}", p.metrics.Measure("hooks", http.HandlerFunc(p.takeHook)))
	p.answerHealth(mux, control)
	p.backupCommands(mux, control)
	p.answerOperations(mux, control, programs)
	mux.Handle("POST /-/link", p.controlHandler(control, func(ctx context.Context, q controlQuestion) (controlAnswer, error) {
		link, err := p.link(ctx, q.User)
		return controlAnswer{Text: linkURL(address, link.Token), Until: link.Expires}, err
	}))
	p.commands(mux, control)
	p.exportCommands(mux, control)
	mux.Handle("POST /-/change/{name}", p.guarded(control, p.change))
	mux.Handle("POST /-/agent-token", p.controlHandler(control, func(ctx context.Context, q controlQuestion) (controlAnswer, error) {
		token, err := p.ingest.MakeToken(ctx, access.System(), time.Hour, q.Label)
		return controlAnswer{Text: token.String(), Until: p.clock().Add(time.Hour), Server: "https://" + forAgents(agentsAt.Addr(), address)}, err
	}))
	server := &http.Server{Handler: p.front(mux.mux, address), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 15 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(p.logger.Handler(), slog.LevelDebug)}
	server.BaseContext = func(net.Listener) context.Context { return ctx } // event streams end when the server stops
	group.Go(func() error {
		if err := server.Serve(webAt); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("screens: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			return server.Close()
		}
		return nil
	})
	if opt.Embedded {
		group.Go(func() error { return p.embeddedAgent(ctx, cfg, opt, agentsAt) })
	}
	p.wakeRejudge() // standards may have changed while the server was down
	if opt.Ready != nil {
		ready := Ready{URL: address, Agent: agentsAt.Addr().String(), Data: string(p.dir), Doors: slices.Concat(mux.patterns, provisioning.Patterns())}
		link, err := p.access.FirstLink(ctx)
		if err == nil {
			ready.Link, ready.Until = linkURL(address, link.Token), link.Expires
		} else if !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("make the first link: %w", err)
		}
		opt.Ready(ready)
	}
	err := group.Wait()
	p.packages.Close()
	if err == nil { // anything else is no clean end, and stays without an entry
		err = named("record the end", p.reliance.Stop(ledgerCtx))
	}
	p.settle(ledgerCtx)
	stopLedger()
	return errors.Join(err, <-sequencer)
}

// settle gives the sequencer a few seconds to number what the others committed
// while they stopped. What stays behind gets its position at the next start.
func (p *parts) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for p.log.Wake(); ; {
		next := p.log.Changed()
		st, err := p.log.Status(ctx)
		if err != nil || st.Err != nil || st.Waiting == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-next:
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (p *parts) rejudgeLoop(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.rejudge:
			n, err := p.hosts.Rejudge(ctx, nil)
			if err == nil {
				err = p.apply(ctx)
			}
			switch {
			case ctx.Err() != nil:
				return nil
			case fault.Is(err, fault.Unavailable): // disk full, database restarting: it stays due
				p.logger.Warn("judging again is put off", "error", err)
				time.AfterFunc(10*time.Second, p.wakeRejudge)
			case err != nil:
				return fmt.Errorf("judge again: %w", err)
			case n > 0:
				p.log.Wake()
				p.logger.Info("hosts were judged by the changed standards", "hosts", n)
			}
		}
	}
}

// embeddedAgent reports about this host through the agents' listener, like any
// other host's agent. That it ends does not end the server: the host then
// shows as silent, and the log says why.
func (p *parts) embeddedAgent(ctx context.Context, settings Config, opt Options, agentsAt net.Listener) error {
	cfg := agent.Config{
		State: p.dir.Agent(), Server: "https://" + agentsAt.Addr().String(), Version: opt.Version, Clock: opt.Clock, Logger: p.logger,
		Watching: watching.Settings{Off: settings.Integrity == "off", Paths: settings.IntegrityPaths, Content: settings.IntegrityContent, Exclude: settings.IntegrityExclude},
	}
	if program, err := os.Executable(); err == nil { // where it is not known the section says so
		cfg.Program = program
	}
	if opt.Inventory != nil {
		cfg.Inventory = opt.Inventory()
	}
	err := agent.Run(ctx, cfg)
	if fault.Is(err, fault.Unauthenticated) { // never enrolled, or expired while the server was down
		token, tokenErr := p.ingest.MakeToken(ctx, access.System(), 10*time.Minute, "the host that Attesta runs on")
		if tokenErr != nil {
			return fmt.Errorf("make this host's enrolment token: %w", tokenErr)
		}
		cfg.Token = token.String()
		err = agent.Run(ctx, cfg)
	}
	if err != nil && ctx.Err() == nil {
		message, hint := fault.Public(err)
		p.logger.Error("this host's agent does not run", "error", message, "hint", hint)
	}
	return nil
}

// provisioning is what a directory speaks to.
func (p *parts) provisioning(address string) *scim.Server {
	return scim.New(scim.Config{Access: p.access, Directory: p.directory, Ledger: p.log, Logger: p.logger, PublicURL: address})
}
