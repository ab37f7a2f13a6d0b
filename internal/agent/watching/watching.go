// Package watching is the file integrity engine at work in the running agent: it
// keeps a baseline of the declared trees, tells the server every change against
// it with what the host knows of where it came from, and reads everything anew
// by and by.
//
// Serves C7.1c. Invariants:
//   - A change is told, or lies in a tree that will be compared with the baseline
//     again. What was told is noted (told.go) only once it is on disk in the
//     spool; what the spool may have to give up is no longer noted before it does.
//   - Nothing is accepted here: a baseline comes to be by being the first one, or
//     by a person's signed approval of exactly its root (accept.go).
//   - The old watch runs until the new one does.
//   - Which way of watching is in force, and what is wrong with it, is a fact
//     (section watching).
//
// Floor: edges, below agent. Imports agent/integrity and its packages, facts,
// wire, proof/approval, base.
package watching

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/agent/integrity/watch"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/wire"
)

// Config is all that watching depends on.
type Config struct {
	State  string // the agent's directory; the baseline lies in it
	Source string // "src_…": approvals are of it
	Stream string // of the spool: what was told in another is told again

	Settings
	Program string        // the agent's own file, "" where it is not known
	File    string        // its settings, "" for none
	Key     func() []byte // public key of its certificate, PKIX

	Spool    func([]*wire.FileChange) error                                                 // brings changes to the disk, to be sent
	Room     func() bool                                                                    // whether the spool will keep what it is given now; nil is always
	Describe func(context.Context, []*wire.FileChange) (wait []*wire.FileChange, err error) // see package origin; nil describes nothing
	Changed  func()                                                                         // the section is another; nil tells nobody
	Logger   *slog.Logger                                                                   // slog.Default()

	clock   clock.Clock   // clock.System: times of files are the kernel's
	silence time.Duration // mostSilence: how long a file system may take to answer
}

// Settings are what a person sets.
type Settings struct {
	Off     bool
	Trees   []string      // instead of the usual ones of this host; nil is those
	Paths   []string      // further trees
	Content []string      // further trees that are given out to others
	Exclude []string      // patterns of what is left out
	Check   time.Duration // 1 h between comparisons of everything with the baseline, by attributes
	Rehash  time.Duration // 24 h in which every content is read anew
	Way     watch.Kind    // no better way than this; "" is the best there is
	Polling time.Duration // 10 s between comparisons where nothing better is to be had
}

// pollShare is the part of one core that polling takes at most.
const pollShare = 150

// Files in the state directory.
const (
	baselineFile  = "baseline.snapshot"
	candidateFile = "candidate.snapshot"
	damagedFile   = "baseline.damaged"
	toldFile      = "told"
	rehashFile    = "rehash.json"
	approvalFile  = "approval.json"
	keysFile      = "approval-keys.json"
	statusFile    = "watching.json"
)

// working are the names in the state directory that change while the agent works.
// What is not among them is watched: its identity and the keys that it trusts.
var working = []string{"spool", "lock", "*.new", "*.making", baselineFile, candidateFile, damagedFile, toldFile, rehashFile, approvalFile, statusFile, "permit.sock", "presented.json"}

// Watching watches. Run is called once, the others from any goroutine.
type Watching struct {
	cfg  Config
	told *told

	groups chan group

	gathering sync.Mutex
	group     group // guarded by gathering
	ended     bool  // guarded by gathering: nobody takes groups any more

	making sync.Mutex // held while a snapshot is made or taken

	mu      sync.Mutex
	facts   state                // guarded by mu
	session *session             // guarded by mu: the one in force, nil for none
	next    *session             // guarded by mu: takes over when that one ends
	known   map[pathID]stateID   // guarded by mu: what was told before this session, until everything was compared
	again   chan struct{}        // capacity 1: everything is to be told again
	own     map[string]ownDigest // guarded by mu
	unbegun int                  // guarded by mu: watchers of the session that have not compared everything yet

	questions map[string]*asking // guarded by mu: file systems that were asked and have not answered
}

// session is one watch over one snapshot.
type session struct {
	snap    *snapshot.Snapshot
	watcher *watch.Watcher
	scope   *integrity.Scope
	root    string
	added   []string // trees that are watched and not in the baseline
	asked   []string // what was declared when it began
	stop    context.CancelFunc

	near []string   // trees that the watcher watches
	far  []*farTree // and those that lie elsewhere
	away []string   // their paths
}

// New makes it. Nothing is read before Run.
func New(cfg Config) *Watching {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.clock == nil {
		cfg.clock = clock.System
	}
	if cfg.Check <= 0 {
		cfg.Check = time.Hour
	}
	if cfg.Rehash <= 0 {
		cfg.Rehash = 24 * time.Hour
	}
	if cfg.Polling <= 0 {
		cfg.Polling = 10 * time.Second
	}
	if cfg.silence <= 0 {
		cfg.silence = mostSilence
	}
	if cfg.Room == nil {
		cfg.Room = func() bool { return true }
	}
	if cfg.Changed == nil {
		cfg.Changed = func() {}
	}
	if cfg.Key == nil {
		cfg.Key = func() []byte { return nil }
	}
	w := &Watching{cfg: cfg, told: &told{path: filepath.Join(cfg.State, toldFile), head: cfg.Source + " " + cfg.Stream},
		groups: make(chan group, 2), again: make(chan struct{}, 1), own: map[string]ownDigest{}, questions: map[string]*asking{}}
	w.facts.set(cfg.clock(), "starting", "")
	if cfg.Off {
		w.facts.set(cfg.clock(), "off", "the agent's settings say integrity: off")
	}
	return w
}

func (w *Watching) path(name string) string { return filepath.Join(w.cfg.State, name) }

// Run watches until ctx ends.
func (w *Watching) Run(ctx context.Context) {
	if w.cfg.Off {
		w.refresh() // what was said of watching before holds no more
		<-ctx.Done()
		return
	}
	var telling sync.WaitGroup
	telling.Go(func() { w.tellAll(ctx) })
	defer telling.Wait()
	defer func() {
		w.gathering.Lock()
		w.ended = true
		w.gathering.Unlock()
		close(w.groups)
	}()
	pause := 5 * time.Second
	for ctx.Err() == nil {
		s := w.take()
		var err error
		if s == nil {
			s, err = w.open(ctx)
		}
		if err == nil {
			began := time.Now()
			if err = w.watch(ctx, s); time.Since(began) > time.Minute {
				pause = 5 * time.Second
			}
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		w.failed(err)
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, 5*time.Minute)
	}
}

// take gives the session that waits to take over.
func (w *Watching) take() *session {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.next
	w.next = nil
	return s
}

// takeOver makes s the next session, and ends the one in force. s watches already.
func (w *Watching) takeOver(s *session) {
	w.mu.Lock()
	old := w.next
	w.next = s
	if w.session != nil {
		w.session.stop()
	}
	w.mu.Unlock()
	if old != nil { // overtaken before it ran
		w.drop(old)
	}
}

func (w *Watching) drop(s *session) {
	if err := s.close(); err != nil {
		w.cfg.Logger.Debug("a watch that was not used did not end well", "error", err)
	}
}

// watch runs one session to its end.
func (w *Watching) watch(ctx context.Context, s *session) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	known, err := w.told.load()
	if err != nil {
		w.cfg.Logger.Warn("what was told before cannot be read; it is told again", "error", err)
	}
	w.mu.Lock()
	s.stop = cancel
	w.session, w.known, w.unbegun = s, known, 1+len(s.far)
	if w.next != nil { // it came while this one was taken
		cancel()
	}
	w.facts.begun(w.cfg.clock(), s, w.approvalOf(s.root))
	w.mu.Unlock()
	w.refresh()
	var rounds, far sync.WaitGroup
	for _, f := range s.far {
		far.Go(func() { w.watchFar(ctx, f) })
	}
	rounds.Go(func() { w.checks(ctx, s) })
	rounds.Go(func() { w.rehash(ctx, s) })
	err = s.watcher.Run(ctx, func(c watch.Change) error { return w.change(c, false) })
	cancel()
	rounds.Wait()
	err = errors.Join(err, w.flush())
	w.mu.Lock()
	w.session = nil
	w.mu.Unlock()
	return errors.Join(err, w.leave(s, &far))
}

// failed says why nothing is watched.
func (w *Watching) failed(err error) {
	w.cfg.Logger.Warn("files are not watched; it is tried again", "error", err)
	w.mu.Lock()
	w.facts.set(w.cfg.clock(), "failed", plain(err))
	w.mu.Unlock()
	w.refresh()
}

// notice takes what a watcher says beside changes.
func (w *Watching) notice(n watch.Notice) {
	w.mu.Lock()
	if n.Mode != nil {
		w.facts.mode(n.Mode)
	}
	if n.Notice == "overflow" {
		w.facts.overflows++
	}
	w.mu.Unlock()
	switch n.Notice {
	case "downgrade", "overflow":
		w.cfg.Logger.Warn("watching files: "+n.Notice, "reason", n.Reason)
	case "mode":
		w.cfg.Logger.Info("files are watched", "by", n.Mode.Kind, "detail", n.Mode.Detail)
	}
	w.refresh()
}

// begun forgets what was told before: everything was compared.
func (w *Watching) begun() {
	w.mu.Lock()
	if w.unbegun--; w.unbegun <= 0 {
		w.known = nil
	}
	w.mu.Unlock()
}

// Lose is called before changes that were spooled may be given up. After it they
// are told again, by comparing everything with the baseline.
func (w *Watching) Lose() error {
	if err := w.told.forget(); err != nil {
		return err
	}
	select {
	case w.again <- struct{}{}:
	default:
	}
	return nil
}

// Section gives the facts.
func (w *Watching) Section() (facts.Section, error) { return w.section() }

// refresh says that the facts may be others.
func (w *Watching) refresh() {
	w.writeStatus()
	w.cfg.Changed()
}

// sleep reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
