package watching

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/watch"
	"github.com/attesta/attesta/internal/agent/integrity/watch/who"
	"github.com/attesta/attesta/internal/wire"
)

// item is one change on its way, with the states that are told once it is.
type item struct {
	change *wire.FileChange
	states []watch.State
	far    bool // it lies where others answer: nothing is asked of the file
}

// group are changes that are spooled together.
type group struct {
	items []item
	bytes int
}

const (
	mostGroup      = 500
	mostGroupBytes = 1 << 20
	mostValue      = 64 << 10 // bytes of JSON of the attributes of one change
)

func dirOf(p string) string { return filepath.Dir(p) }

// change takes what a watcher tells. It is called in the watcher's goroutine.
func (w *Watching) change(c watch.Change, far bool) error {
	w.mu.Lock()
	known := w.known
	s := w.session
	w.mu.Unlock()
	if s == nil {
		return context.Canceled // a file system that answered when nobody waited any more
	}
	if c.Found == "start" && known != nil && !slices.ContainsFunc(c.States, func(s watch.State) bool { return known[pathOf(s.Path)] != stateOf(s) }) {
		return nil // it was told before the agent was started
	}
	f := fileChange(&c, s.root)
	n := sizeOf(f)
	w.gathering.Lock()
	defer w.gathering.Unlock()
	w.group.items = append(w.group.items, item{f, c.States, far})
	w.group.bytes += n
	if len(w.group.items) >= mostGroup || w.group.bytes >= mostGroupBytes {
		return w.handOn()
	}
	return nil
}

// flush hands on what came together.
func (w *Watching) flush() error {
	w.gathering.Lock()
	defer w.gathering.Unlock()
	return w.handOn()
}

func (w *Watching) handOn() error {
	if len(w.group.items) > 0 && !w.ended {
		w.groups <- w.group // where nobody takes it in time the watcher waits, and its queue counts what is lost
		w.group = group{}
	}
	return nil
}

// fileChange is a change as it travels.
func fileChange(c *watch.Change, root string) *wire.FileChange {
	f := &wire.FileChange{ID: idOf(c), Path: c.Path, Escaped: c.Escaped, Change: string(c.Change.Change), Type: c.Type, Listing: c.Listing, Log: c.Log,
		Attributes: c.Attributes, Before: c.Before, After: c.After, Diff: c.Diff, Secrets: c.SecretsOnly,
		From: c.From, With: c.With, Via: c.Via, Also: c.Also, PartOf: c.PartOf, Below: c.Below, Found: c.Found, Events: c.Events, Time: c.Time, Baseline: root}
	p := process(&c.Who)
	f.Who = &p
	for i := range c.Others {
		f.Others = append(f.Others, process(&c.Others[i]))
	}
	return f
}

func process(w *who.Who) wire.Process {
	p := wire.Process{PID: w.PID, UID: w.UID, User: w.User, LoginUID: w.LoginUID, LoginUser: w.LoginUser, Exe: w.Exe, ExeSHA256: w.Digest, ExeBefore: w.Before,
		Cgroup: w.Cgroup, Container: w.Container, Terminal: w.Terminal, SSH: w.SSH, Sudo: w.Sudo, Unknown: w.Unknown}
	if w.Started != nil {
		p.Started = *w.Started
	}
	for _, q := range w.Parents {
		p.Parents = append(p.Parents, wire.ParentProcess{PID: q.PID, Exe: q.Exe, Started: q.Started})
	}
	return p
}

// idOf names a change by what is at its path now, so that the same state has the
// same name however often and by whatever it is found. What came and went left no
// state: it is named by its moment.
func idOf(c *watch.Change) string {
	h := sha256.New()
	h.Write([]byte("attesta change 1\x00"))
	path := c.Path
	if c.Escaped {
		path = attr.Unescape(path)
	}
	h.Write([]byte(path))
	i := slices.IndexFunc(c.States, func(s watch.State) bool { return s.Path == path })
	if i < 0 {
		h.Write([]byte("\x00" + string(c.Change.Change) + c.Time.UTC().Format(time.RFC3339Nano)))
	} else {
		last := c.States[i]
		for _, s := range c.States[i:] {
			if s.Path == path {
				last = s
			}
		}
		id := stateOf(last)
		h.Write([]byte{0})
		h.Write(id[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// sizeOf is how many bytes a change takes on its way. One with attributes that
// nobody could store has them left out: their digest says enough.
func sizeOf(f *wire.FileChange) int {
	n := 1200 + len(f.Path) + len(f.Diff)
	for _, m := range []map[string]any{f.Before, f.After} {
		for k, v := range m {
			b, err := json.Marshal(v)
			if err != nil || len(b) > mostValue {
				m[k] = map[string]any{"left_out": "too long to be sent"}
				continue
			}
			n += len(k) + len(b)
		}
	}
	return n
}

// drain is how long changes may take to the disk when the agent ends.
const drain = 3 * time.Second

// tellAll describes and spools groups until there are no more.
func (w *Watching) tellAll(ctx context.Context) {
	// What was seen is brought to the disk when the agent ends.
	ctx, cancel := afterwards(ctx, drain)
	defer cancel()
	var waiting []item // for what the package manager has to say of them
	for {
		var late <-chan time.Time
		if len(waiting) > 0 {
			late = time.After(time.Second)
		}
		var g group
		select {
		case more, ok := <-w.groups:
			if !ok {
				w.spool(ctx, waiting)
				return
			}
			g = more
		case <-late:
		}
		waiting = w.describe(ctx, append(waiting, g.items...))
	}
}

// afterwards gives a context that ends some time after ctx does.
func afterwards(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(d):
			cancel()
		case <-out.Done():
		}
	})
	return out, func() { stop(); cancel() }
}

// describe asks where changes came from, spools them and gives back those that
// are to wait.
func (w *Watching) describe(ctx context.Context, items []item) (waiting []item) {
	if w.cfg.Describe == nil || ctx.Err() != nil {
		w.spool(ctx, items)
		return nil
	}
	changes := make([]*wire.FileChange, 0, len(items))
	for i := range items {
		if !items[i].far {
			changes = append(changes, items[i].change)
		}
	}
	wait, err := w.cfg.Describe(ctx, changes)
	if err != nil && ctx.Err() == nil {
		w.cfg.Logger.Warn("where changes of files came from is not known in full", "error", err)
	}
	if len(wait) == 0 {
		w.spool(ctx, items)
		return nil
	}
	still := make(map[*wire.FileChange]bool, len(wait))
	for _, c := range wait {
		still[c] = true
	}
	var ready []item
	for _, it := range items {
		if still[it.change] {
			waiting = append(waiting, it)
		} else {
			ready = append(ready, it)
		}
	}
	w.spool(ctx, ready)
	return waiting
}

// spool brings changes to the disk, and tries until that is done: what cannot be
// kept now waits here, and the watcher behind it.
func (w *Watching) spool(ctx context.Context, items []item) {
	for len(items) > 0 {
		part := items[:min(len(items), mostGroup)]
		items = items[len(part):]
		changes := make([]*wire.FileChange, len(part))
		var states []watch.State
		for i := range part {
			changes[i] = part[i].change
			states = append(states, part[i].states...)
		}
		for pause := 100 * time.Millisecond; ; pause = min(2*pause, 10*time.Second) {
			if w.cfg.Room() {
				era := w.told.now()
				err := w.cfg.Spool(changes)
				if err == nil {
					w.problem("spool", "")
					if err := w.told.note(era, states); err != nil {
						w.cfg.Logger.Debug("what was told is not noted; it is told again after a start", "error", err)
					}
					break
				}
				w.cfg.Logger.Warn("changes of files could not be spooled; they wait", "changes", len(changes), "error", err)
				w.problem("spool", "changes cannot be written to the spool and wait in memory: "+plain(err))
			} else {
				w.problem("spool", "the spool holds as many changes as it can keep; what happens now is found by comparing once the server has taken some")
			}
			if !sleep(ctx, pause) {
				return // found by comparing at the next start
			}
		}
	}
}
