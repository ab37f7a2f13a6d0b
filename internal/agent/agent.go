// Package agent is the host agent's run loop: it reads the inventory, spools
// what changed, sends it, and keeps its certificate valid (mission B7, B9,
// B11, C7.1b). The readers are in agent/collect.
//
// Invariants:
//
//   - An envelope is on disk, synced, before it is sent, and stays there until
//     the server has acknowledged everything up to it. Its sequence is never
//     used again with other bytes.
//   - What cannot be kept is not dropped silently: a gap says which sequences
//     will never come, and the newest state of every section follows.
//   - The agent observes. It changes nothing on the host but its own state
//     directory.
//   - The server is known by the authority that the enrolment token names.
//
// Floor: edges. Imports fault, clock, facts, wire, agent/collect, agent/watching
// and agent/origin; never a database.
package agent

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/agent/collect"
	"github.com/attesta/attesta/internal/agent/collect/capacity"
	"github.com/attesta/attesta/internal/agent/watching"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/wire"
)

// Config is all that an agent depends on. Zero values take the default that
// stands beside them.
type Config struct {
	State  string // required: directory of its own (made with mode 0700) for key, certificate and spool
	Server string // "https://HOST:PORT" of the agents' listener; what enrolment kept
	Token  string // enrols when State holds no certificate for the token's server; without one it must

	// Inventory reads the named sections; collect.Inventory of this host. Leave
	// it nil for that: sections whose files did not change are then not read
	// anew at each quick look.
	Inventory func(ctx context.Context, sections ...string) ([]facts.Section, error)

	Interval  time.Duration // 60 s between whole inventories
	Quick     time.Duration // 2 s between looks at the cheap sections
	Rare      time.Duration // 1 h between walks over all files
	Heartbeat time.Duration // 30 s between heartbeats
	Sample    time.Duration // 15 min between samples of capacity, each on a heartbeat
	Retry     time.Duration // 1 s: the first pause after a failure; it doubles up to sixty times that
	SpoolMax  int64         // 64 MiB of envelopes on disk

	Answers map[string]Answerer // what the server may ask, by kind; what is not here is refused

	Watching watching.Settings // of files; off where Inventory is given and no tree is named
	Program  string            // the program's own file, "" where it is not known
	Settings string            // its configuration file, "" for none

	HostName string       // os.Hostname
	Version  string       // of the program
	Clock    clock.Clock  // clock.System
	Logger   *slog.Logger // slog.Default()

	live     bool           // Inventory was left to be collect's, of this host
	watches  bool           // files, or says that it does not
	capacity *capacity.Used // nil: not live
}

func (cfg Config) withDefaults() (Config, error) {
	if cfg.State == "" {
		return cfg, fault.New(fault.Invalid, "no state directory is named").At("", 0, "state")
	}
	if cfg.Inventory == nil {
		cfg.live, cfg.watches, cfg.capacity = true, true, capacity.New(collect.Root{})
		cfg.Inventory = func(ctx context.Context, sections ...string) ([]facts.Section, error) {
			return collect.Inventory(ctx, collect.Root{}, sections...)
		}
	}
	cfg.watches = cfg.watches || cfg.Watching.Trees != nil
	for _, d := range []struct {
		name  string
		value *time.Duration
		least time.Duration
		usual time.Duration
	}{
		{"interval", &cfg.Interval, time.Second, 60 * time.Second},
		{"quick", &cfg.Quick, 100 * time.Millisecond, 2 * time.Second},
		{"rare", &cfg.Rare, time.Second, time.Hour},
		{"heartbeat", &cfg.Heartbeat, 100 * time.Millisecond, 30 * time.Second},
		{"sample", &cfg.Sample, 100 * time.Millisecond, 15 * time.Minute},
		{"retry", &cfg.Retry, time.Millisecond, time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.usual
		}
		if *d.value < d.least {
			return cfg, fault.New(fault.Invalid, "%s is shorter than %s", *d.value, d.least).At("", 0, d.name)
		}
	}
	if cfg.SpoolMax == 0 {
		cfg.SpoolMax = 64 << 20
	}
	if cfg.HostName == "" {
		name, err := os.Hostname()
		if err != nil {
			return cfg, fault.Wrap(fault.Unavailable, err, "this host has no name")
		}
		cfg.HostName = name
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return cfg, nil
}

// Enrolment is what an enrolled agent is known as.
type Enrolment struct {
	Source  string // "src_…"
	Server  string
	Expires time.Time // of the certificate
}

func (id *identity) enrolment() Enrolment {
	return Enrolment{Source: id.Source, Server: id.Server, Expires: id.cert.Leaf.NotAfter}
}

// Enrol uses cfg.Token to get a certificate for cfg.State. An agent that is
// enrolled already is kind Conflict, unless its certificate has expired or the
// token is of another server.
func Enrol(ctx context.Context, cfg Config) (Enrolment, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return Enrolment{}, err
	}
	st, err := openState(cfg.State)
	if err != nil {
		return Enrolment{}, err
	}
	defer st.close()
	old, err := loadIdentity(st.dir)
	if err != nil {
		return Enrolment{}, err
	}
	if needed, err := mustEnrol(cfg, old); err != nil {
		return Enrolment{}, err
	} else if !needed {
		return old.enrolment(), fault.New(fault.Conflict, "this agent is enrolled as %s at %s until %s", old.Source, old.Server, old.cert.Leaf.NotAfter.UTC().Format(time.RFC3339)).
			WithHint("it renews its certificate itself; to make it another source, remove %s first", cfg.State)
	}
	id, err := enrol(ctx, cfg, st.dir, old)
	if err != nil {
		return Enrolment{}, err
	}
	return id.enrolment(), nil
}

// mustEnrol says whether cfg's token is to be used: there is no identity, it
// has expired, or it is of another authority than the token names.
func mustEnrol(cfg Config, id *identity) (bool, error) {
	if id == nil {
		if cfg.Token == "" {
			return false, fault.New(fault.Unauthenticated, "this agent is not enrolled").
				WithHint("make a token on the server ('attesta agent token') and run 'attesta-agent enrol --server URL --token TOKEN'")
		}
		return true, nil
	}
	if cfg.Token == "" {
		if id.expired(cfg.Clock()) {
			return false, fault.New(fault.Unauthenticated, "this agent's certificate expired on %s", id.cert.Leaf.NotAfter.UTC().Format(time.RFC3339)).
				WithHint("enrol it again with a new token; it stays the same source and sends what it kept")
		}
		return false, nil
	}
	token, err := wire.ParseToken(cfg.Token)
	if err != nil {
		return false, err
	}
	return id.expired(cfg.Clock()) || token.Fingerprint != wire.Fingerprint(id.authority.Raw), nil
}

// state is the agent's directory, locked.
type state struct {
	dir  directory
	lock *os.File
}

func openState(dir string) (*state, error) {
	unusable := func(err error) error {
		return fault.Wrap(fault.Unavailable, err, "the state directory %s cannot be used", dir).
			WithHint("it must belong to the user that the agent runs as; name another with --state")
	}
	spool := filepath.Join(dir, "spool")
	if err := os.MkdirAll(spool, 0o700); err != nil {
		return nil, unusable(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, unusable(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unusable(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fault.New(fault.Conflict, "another agent runs with the state directory %s", dir)
		}
		return nil, unusable(err)
	}
	return &state{dir: directory(dir), lock: f}, nil
}

func (s *state) close() { s.lock.Close() }

// Run enrols where that is needed, then reports until ctx ends (nil) or the
// server refuses this agent for good (kind Forbidden: revoked; kind
// Unauthenticated: expired; kind Conflict: its state is a copy).
func Run(ctx context.Context, cfg Config) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	st, err := openState(cfg.State)
	if err != nil {
		return err
	}
	defer st.close()
	id, err := loadIdentity(st.dir)
	if err != nil {
		return err
	}
	needed, err := mustEnrol(cfg, id)
	if err != nil {
		return err
	}
	if now := machineDigest(os.ReadFile); !needed && now != "" && id.Machine != "" && now != id.Machine {
		return fault.New(fault.Conflict, "the state directory %s was made on another machine", cfg.State).
			WithHint("a cloned image, perhaps: remove the directory and enrol this host with a token of its own")
	}
	if needed {
		if id, err = enrolUntil(ctx, cfg, st.dir, id); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		cfg.Logger.Info("enrolled", "source", id.Source, "server", id.Server, "expires", id.cert.Leaf.NotAfter)
	} else if cfg.Server != "" {
		if id.Server, err = serverURL(cfg.Server); err != nil {
			return err
		}
	}
	sp, err := openSpool(directory(filepath.Join(cfg.State, "spool")), id.Source, newStreamName(), cfg.SpoolMax, cfg.Logger)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	obs := newObserver(cfg, sp)
	wat := newWatcher(&cfg, obs, id.Source)
	snd := newSender(cfg, st.dir, id, sp)
	defer snd.close()
	obs.sender = snd
	var wg sync.WaitGroup
	if wat != nil {
		wg.Go(func() { wat.run(ctx) })
		wg.Go(func() { wat.report(ctx) })
	}
	wg.Go(func() { obs.watch(ctx, quickSections(), cfg.Quick, obs.againQuick) })
	wg.Go(func() { obs.watch(ctx, soonSections(), cfg.Quick, obs.againSoon) })
	wg.Go(func() { obs.watch(ctx, slowSections(), cfg.Interval, obs.againSlow) })
	wg.Go(func() { obs.watch(ctx, rareSections(), min(cfg.Interval, cfg.Rare), obs.againRare) })
	wg.Go(func() { obs.beat(ctx) })
	for range answersAtOnce {
		wg.Go(func() { snd.asked.run(ctx, obs) })
	}
	if cfg.live {
		wg.Go(func() {
			if err := notice(ctx, noticed, obs.changed); err != nil {
				cfg.Logger.Info("changes are found by looking every now and then", "every", cfg.Quick, "reason", err)
			}
		})
	}
	err = snd.run(ctx, obs)
	cancel()
	wg.Wait()
	return err
}

// enrolUntil enrols, and waits for a server that does not answer yet.
func enrolUntil(ctx context.Context, cfg Config, d disk, old *identity) (*identity, error) {
	pause := backoff{first: cfg.Retry}
	for {
		id, err := enrol(ctx, cfg, d, old)
		if err == nil || !fault.Is(err, fault.Unavailable) {
			return id, err
		}
		cfg.Logger.Warn("could not enrol; trying again", "error", err)
		if !sleep(ctx, pause.next(err)) {
			return nil, ctx.Err()
		}
	}
}
