// Package watch tells changes of files as they happen, each once, with what
// was there before and after and who did it.
//
// Serves C7.1c. Invariants: every change is told, or lies in a tree that is
// compared with what was known as soon as an overflow was counted. A Watcher
// accepts nothing: the snapshot it compares with stays as it is. Which way of
// watching is in force, and why a better one is not, is a fact (Mode); that it
// became worse is a Notice.
//
// The way of one change: kernel reads raw events into a bounded queue; burst
// makes one logical change of those that belong together; Run looks at what is
// there, compares it with what was known, asks who, and calls back.
//
// Floor: edges, below agent. Imports agent/integrity and its packages, base/fault.
package watch

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity"
	"github.com/attesta/attesta/internal/agent/integrity/merkle"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/agent/integrity/watch/burst"
	"github.com/attesta/attesta/internal/agent/integrity/watch/kernel"
	"github.com/attesta/attesta/internal/agent/integrity/watch/who"
)

// Config says what is watched and how.
type Config struct {
	Snapshot *snapshot.Snapshot // what is compared with; its options say which trees
	Trees    []string           // of the snapshot's trees only these; nil is all
	Apart    []string           // trees below them that another Watcher has
	Far      bool               // they lie where others answer: looked at all the same
	Own      []string           // files that lie in the trees and are left out: the snapshot itself
	Only     Kind               // not to be bettered: "" is the best there is
	Notice   func(Notice)       // told what is no change; nil is nobody. Called in Run's goroutine
	Begun    func()             // called when what differed from the snapshot at the beginning was told; nil is nobody. Called in Run's goroutine
	Rest     func() error       // called when what was told is all for now; nil is nobody. Called in Run's goroutine
	Clock    func() time.Time   // nil is the system's

	Quiet    time.Duration // how long it must be quiet around a change before it is told; 0 is 100 ms
	Most     time.Duration // how long a change may wait at most; 0 is 500 ms
	Hold     time.Duration // the same for names that package managers rename; 0 is 1.5 s
	Interval time.Duration // of polling, at least; 0 is 1 s
	Share    int           // polling takes one part in so many of the time at most; 0 is 20
	Queue    int           // events that wait at most; 0 is 65,536
	Large    int64         // of what is longer the content is read beside everything else; 0 is 32 MiB
}

// Kind is a way of watching.
type Kind string

// The ways, the best first.
const (
	Fanotify Kind = "fanotify" // tells who
	Inotify  Kind = "inotify"
	Polling  Kind = "polling"
)

// Mode is how a Watcher watches.
type Mode struct {
	Kind    Kind      `json:"kind"` // the weakest in force
	Detail  string    `json:"detail"`
	Refused []Refusal `json:"refused"` // better ways, and why they are not in force
	Who     []string  `json:"who"`     // what is known of processes, from what
	Since   time.Time `json:"since"`
}

// Refusal is why a better way is not in force.
type Refusal struct {
	Kind   Kind   `json:"kind"`
	Reason string `json:"reason"`
}

// Lost counts what was not told event by event. Each is followed by a rescan.
type Lost struct {
	Kernel  int64 `json:"kernel"`  // times the kernel's queue was full
	Queue   int64 `json:"queue"`   // events that found our own queue full
	Rescans int64 `json:"rescans"` // of trees, after either
}

// Notice is something that is no change of a file.
type Notice struct {
	Notice string    `json:"notice"` // mode, downgrade, overflow, rescan, unmounted, mounts
	Time   time.Time `json:"time"`
	Path   string    `json:"path_of_tree,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Mode   *Mode     `json:"mode,omitempty"`
	Lost   *Lost     `json:"lost,omitempty"`
}

// Kinds of changes beside those of package integrity.
const (
	Moved     integrity.Kind = "moved"     // from From, which is not there any more
	Exchanged integrity.Kind = "exchanged" // with With
	Transient integrity.Kind = "transient" // it came and went before it could be looked at
)

// Change is one change.
type Change struct {
	integrity.Change
	From   string    `json:"from,omitempty"` // the path that it had before
	With   string    `json:"with,omitempty"` // it changed places with this
	Via    []string  `json:"via,omitempty"`  // names that were used on the way and are gone
	Also   []string  `json:"also,omitempty"` // other names of the same file
	PartOf string    `json:"part_of,omitempty"`
	Below  int       `json:"below,omitempty"` // entries that moved with a directory
	Found  string    `json:"found"`           // by: event, rescan, polling, start, rehash
	Events int       `json:"events"`          // of the kernel
	Time   time.Time `json:"time"`            // of the first event, or when it was found
	Who    who.Who   `json:"who"`
	Others []who.Who `json:"others,omitempty"` // further processes that had a hand in it

	States []State `json:"-"` // what is known now of every path that this accounts for; the caller's
}

// State is what was seen at a path. Two states are equal where their digests are.
type State struct {
	Path   string // verbatim
	Here   bool
	Digest merkle.Hash // of its attributes; of what was there, where nothing is any more
}

// Ask is something that a Watcher is asked to look at by itself.
type Ask struct {
	Paths  []string // whole ones, each looked at by itself; those outside the trees are passed over
	Over   bool     // and every path that is not as the snapshot has it
	All    bool     // and all trees
	Forget bool     // as if nothing had been told since the snapshot was opened
	Found  string   // Rescan or Rehash: said of what is found

	done chan error
}

// Found of an Ask.
const (
	Rescan = byRescan
	Rehash = byRehash
)

// source is a reader of the kernel.
type source interface {
	Read(emit func(kernel.Event)) error
	Close() error
	Detail() string
}

// Watcher watches. Its methods may be called from any goroutine, Run once.
type Watcher struct {
	cfg    Config
	scope  *integrity.Scope
	state  *state
	table  *who.Table // nil where nobody says who
	rounds *rounds

	asks  chan Ask
	ended chan struct{} // closed when Run has ended

	queue  *queue
	kernel atomic.Int64
	full   atomic.Int64
	scans  atomic.Int64
	stir   chan struct{} // capacity 1: something was lost, or a source ended

	mu     sync.Mutex
	mode   Mode
	source source // nil when polling
	broken error  // why the source ended
}

// New makes a Watcher and begins to watch: what happens from here on is told by
// Run.
func New(cfg Config) (*Watcher, error) {
	o := cfg.Snapshot.Options
	for _, own := range cfg.Own {
		o.Own = append(o.Own[:len(o.Own):len(o.Own)], snapshot.Path(own))
	}
	if cfg.Trees != nil {
		o.Roots = nil
		for _, tree := range cfg.Trees {
			o.Roots = append(o.Roots, snapshot.Path(tree))
		}
	}
	scope, err := integrity.NewScope(o)
	if err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	for _, d := range []struct {
		v  *time.Duration
		by time.Duration
	}{{&cfg.Quiet, 100 * time.Millisecond}, {&cfg.Most, 500 * time.Millisecond}, {&cfg.Hold, 1500 * time.Millisecond}, {&cfg.Interval, time.Second}} {
		if *d.v <= 0 {
			*d.v = d.by
		}
	}
	if cfg.Share <= 0 {
		cfg.Share = 20
	}
	if cfg.Queue <= 0 {
		cfg.Queue = 1 << 16
	}
	w := &Watcher{cfg: cfg, scope: scope, queue: newQueue(cfg.Queue), asks: make(chan Ask), ended: make(chan struct{}), stir: make(chan struct{}, 1)}
	if w.state, err = newState(cfg.Snapshot); err != nil {
		return nil, err
	}
	w.rounds = newRounds(w) // before the marks: what is mounted from here on is seen
	w.begin(cfg.Only, nil)
	return w, nil
}

// named reports whether a path was asked for by itself.
func (w *Watcher) named(path string) bool {
	return slices.Contains(w.scope.Roots(), path) || slices.Contains(w.scope.Through(), path)
}

// places are the trees as a source wants them.
func (w *Watcher) places() []kernel.Place {
	var out []kernel.Place
	for _, r := range w.scope.Roots() {
		out = append(out, kernel.Place{Root: r, Cross: w.cfg.Snapshot.Options.Cross || len(w.scope.Through()) > 0})
	}
	return out
}

// begin opens the best source there is, none better than only.
func (w *Watcher) begin(only Kind, refused []Refusal) {
	mode := Mode{Refused: refused, Since: w.cfg.Clock().UTC()}
	if mode.Refused == nil {
		mode.Refused = []Refusal{}
	}
	var src source
	if only == "" || only == Fanotify {
		if w.table == nil {
			w.table = who.Open()
		}
		f, err := kernel.OpenFanotify(w.places(), w.scope)
		if err == nil {
			f.Seen, f.Pauses = w.table.Note, w.table.Watched()
			src, mode.Kind, mode.Who = f, Fanotify, w.table.Modes()
		} else {
			mode.Refused = append(mode.Refused, Refusal{Fanotify, err.Error()})
			w.table.Close()
			w.table = nil
		}
	} else if !refusal(refused, Fanotify) {
		mode.Refused = append(mode.Refused, Refusal{Fanotify, "it was not asked for"})
	}
	if src == nil && only != Polling {
		i, err := kernel.OpenInotify(w.places(), w.scope)
		if err == nil {
			src, mode.Kind, mode.Who = i, Inotify, []string{notByInotify}
		} else {
			mode.Refused = append(mode.Refused, Refusal{Inotify, err.Error()})
		}
	} else if src == nil && !refusal(refused, Inotify) {
		mode.Refused = append(mode.Refused, Refusal{Inotify, "it was not asked for"})
	}
	if src == nil {
		mode.Kind, mode.Detail, mode.Who = Polling, "every "+w.cfg.Interval.String()+" or more slowly", []string{notByPolling}
	} else {
		mode.Detail = src.Detail()
	}
	w.mu.Lock()
	w.mode, w.source, w.broken = mode, src, nil
	w.mu.Unlock()
	if src != nil {
		go w.read(src)
	}
}

func refusal(list []Refusal, k Kind) bool {
	for _, r := range list {
		if r.Kind == k {
			return true
		}
	}
	return false
}

const (
	notByInotify = "inotify does not say who"
	notByPolling = "polling does not see who"
	notByRescan  = "it was found by comparing: no event told of it, or it was lost"
	notByStart   = "it was so when watching began"
	notByRehash  = "it was found by reading everything again: nothing told of it when it happened"
)

// read fills the queue. Where it is full the event is counted, and the trees
// are compared.
func (w *Watcher) read(src source) {
	err := src.Read(func(e kernel.Event) {
		if e.Op&kernel.Lost != 0 {
			w.kernel.Add(1)
			stir(w.stir)
			return
		}
		if !w.queue.put(e) {
			w.full.Add(1)
			stir(w.stir)
		}
	})
	if err == nil {
		return
	}
	w.mu.Lock()
	if w.source == src {
		w.broken = err
	}
	w.mu.Unlock()
	stir(w.stir)
}

// stir does not wait: one signal that was not taken yet says it all.
func stir(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Mode is how it watches now.
func (w *Watcher) Mode() Mode {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mode
}

// Lost counts what was lost so far.
func (w *Watcher) Lost() Lost {
	return Lost{Kernel: w.kernel.Load(), Queue: w.full.Load(), Rescans: w.scans.Load()}
}

// Close ends watching. It is for a Watcher that is not Run, and after it.
func (w *Watcher) Close() error {
	w.mu.Lock()
	src := w.source
	w.source = nil
	w.mu.Unlock()
	if w.table != nil {
		w.table.Close()
	}
	w.rounds.close()
	if src == nil {
		return nil
	}
	return src.Close()
}

// Run gives each change to tell, one after another, until ctx ends or tell
// fails. It begins with what differed from the snapshot already.
func (w *Watcher) Run(ctx context.Context, tell func(Change) error) error {
	defer close(w.ended)
	defer w.Close() // for reading
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := newLooker(w, tell)
	mode := w.Mode()
	w.notice(Notice{Notice: "mode", Mode: &mode})

	due := make(chan []burst.Logical)
	over := make(chan struct{}, 1) // the machine holds too much
	var pump sync.WaitGroup
	pump.Go(func() { w.pump(ctx, due, over) })
	defer func() { cancel(); pump.Wait() }()

	err := l.compare(ctx, w.scope.Roots(), byStart)
	if err == nil {
		err = l.rest()
	}
	if err != nil {
		return err
	}
	if w.cfg.Begun != nil {
		w.cfg.Begun()
	}
	// Nothing is looked at every now and then: each wake-up of a program that does
	// nothing costs more than what it would look at.
	r := w.rounds
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var err error
		timer.Reset(r.wait())
		select {
		case <-ctx.Done():
			return nil
		case q := <-w.asks:
			err = l.asked(ctx, q)
			q.done <- err
		case r := <-l.large.done:
			if err = l.finished(ctx, r); err == nil {
				err = l.vanished(ctx)
			}
		case list := <-due:
			for i := range list {
				if err = l.logical(ctx, &list[i]); err != nil {
					break
				}
			}
			if err == nil {
				err = l.vanished(ctx)
			}
			if err == nil {
				err = r.check(ctx, l)
			}
		case <-over:
			w.full.Add(1)
			err = r.check(ctx, l)
		case <-r.mounts.changed:
			r.remount = true
			err = r.check(ctx, l)
		case <-w.stir:
			err = r.check(ctx, l)
		case <-timer.C:
			err = r.check(ctx, l)
		}
		if err == nil {
			err = l.rest()
		}
		if err != nil {
			if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				return nil
			}
			return err
		}
	}
}

// Look makes Run look, tell what it finds, and returns when that is done.
func (w *Watcher) Look(ctx context.Context, q Ask) error {
	q.done = make(chan error, 1)
	select {
	case w.asks <- q:
	case <-w.ended:
		return errEnded
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-q.done:
		return err
	case <-w.ended:
		return errEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errEnded = errors.New("the watch has ended")

// maxHeld is how many paths may wait to be told.
const maxHeld = 1 << 17

// pump makes logical changes of events, so that the queue empties while Run
// looks at files.
func (w *Watcher) pump(ctx context.Context, due chan<- []burst.Logical, over chan<- struct{}) {
	m := burst.New(burst.Times{Quiet: w.cfg.Quiet, Most: w.cfg.Most, Hold: w.cfg.Hold})
	var ready []burst.Logical
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if more := m.Due(time.Now()); len(more) > 0 {
			ready = append(ready, more...)
		}
		out := due
		if len(ready) == 0 {
			out = nil
		}
		wait := time.Hour
		if next, any := m.Next(); any {
			wait = max(time.Until(next), time.Millisecond)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case out <- ready:
			ready = nil
		case <-w.queue.more:
			list := w.queue.take()
			for i := range list { // what waits goes in together
				if m.Len()+len(ready) > maxHeld {
					stir(over)
					break
				}
				m.Feed(list[i])
			}
			w.queue.done(list)
		case <-timer.C:
		}
	}
}

func (w *Watcher) notice(n Notice) {
	if w.cfg.Notice == nil {
		return
	}
	n.Time = w.cfg.Clock().UTC()
	w.cfg.Notice(n)
}

// MarshalJSON writes a notice with lists that are lists when they are empty.
func (m Mode) MarshalJSON() ([]byte, error) {
	type plain Mode
	if m.Refused == nil {
		m.Refused = []Refusal{}
	}
	if m.Who == nil {
		m.Who = []string{}
	}
	return json.Marshal(plain(m))
}
