package watching

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity"
	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/agent/integrity/walk"
	"github.com/attesta/attesta/internal/agent/integrity/watch"
)

// checks compares everything with the baseline every now and then, and tells all
// of it again when it has to.
func (w *Watching) checks(ctx context.Context, s *session) {
	t := time.NewTicker(w.cfg.Check)
	defer t.Stop()
	sites := time.NewTicker(sitesEvery)
	defer sites.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-w.again:
			w.cfg.Logger.Warn("changes that had been told were given up; everything that differs from the baseline is told again")
			for _, f := range s.far { // it may be long before that is answered
				go func() { _ = f.watcher.Look(ctx, watch.Ask{All: true, Forget: true, Found: watch.Rescan}) }()
			}
			err = s.watcher.Look(ctx, watch.Ask{All: true, Forget: true, Found: watch.Rescan})
			if err != nil { // another session does it
				select {
				case w.again <- struct{}{}:
				default:
				}
			}
		case <-sites.C:
			err = w.moreRoots(s)
		case <-t.C:
			err = w.check(ctx, s)
		}
		if err != nil && ctx.Err() == nil {
			w.cfg.Logger.Warn("the files could not be compared with the baseline; it is tried again", "error", err)
		}
	}
}

// sitesEvery is how often web servers' settings are asked for trees that they give out.
const sitesEvery = 5 * time.Second

// mostPaths is how many paths a watcher is asked to look at together.
const mostPaths = 1000

// asker collects paths for a watcher.
type asker struct {
	ctx   context.Context
	to    *watch.Watcher
	found string
	paths []string
}

func (a *asker) add(c *integrity.Change) error {
	if c.Listing {
		return nil
	}
	p := c.Path
	if c.Escaped {
		p = attr.Unescape(p)
	}
	if a.paths = append(a.paths, p); len(a.paths) >= mostPaths {
		return a.ask(false)
	}
	return nil
}

func (a *asker) ask(over bool) error {
	q := watch.Ask{Paths: a.paths, Over: over, Found: a.found}
	a.paths = nil
	if len(q.Paths) == 0 && !over {
		return nil
	}
	return a.to.Look(a.ctx, q)
}

// check compares attributes beside the watch, which goes on; what differs the
// watcher is asked about, and tells what it has not told.
func (w *Watching) check(ctx context.Context, s *session) error {
	own, err := integrity.Own(w.path(baselineFile))
	if err != nil {
		return err
	}
	a := &asker{ctx: ctx, to: s.watcher, found: watch.Rescan}
	found, err := integrity.Check(walk.Patient(ctx), s.snap, integrity.How{Own: []string{own}, Only: s.near, Apart: s.away}, a.add)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.facts.gaps(&found.Gaps)
	w.mu.Unlock()
	w.refresh()
	return a.ask(true)
}

// given takes which trees are given out as they are declared now, where all of them
// are watched, and reports whether they are others than were said.
func (w *Watching) given(d *declared, s *session) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.session != s || slices.Equal(w.facts.content, d.content) && slices.Equal(w.facts.missing, d.missing) || !allHeld(d.content, s) {
		return false
	}
	w.facts.content, w.facts.missing = d.content, d.missing
	return true
}

func allHeld(roots []string, s *session) bool {
	return !slices.ContainsFunc(roots, func(r string) bool { return !slices.Contains(s.asked, r) && !s.scope.Holds(r) })
}

// moreRoots watches trees that were declared since: a web root of a new site.
func (w *Watching) moreRoots(s *session) error {
	d, err := w.declare()
	if err != nil {
		return err
	}
	if w.given(&d, s) {
		w.refresh()
	}
	if allHeld(d.roots, s) {
		return nil
	}
	w.making.Lock()
	defer w.making.Unlock()
	snap, err := whole(w.path(baselineFile))
	if err != nil {
		return err
	}
	next, err := w.over(snap)
	if err != nil {
		return err
	}
	w.takeOver(next)
	return nil
}

// rolled is how far the rolling rehash has come.
type rolled struct {
	Root      string        `json:"root"` // of the baseline
	Next      snapshot.Path `json:"next"`
	Begun     time.Time     `json:"begun"`
	Completed time.Time     `json:"completed,omitzero"`
}

func (w *Watching) readRolled() (r rolled) {
	b, err := os.ReadFile(w.path(rehashFile))
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			w.cfg.Logger.Warn("how far files were read anew is not known; it begins again", "error", err)
		}
		return rolled{}
	}
	return r
}

const (
	// looks is in how many parts everything is read anew.
	looks = 1000
	// leastLook is how many bytes one part reads at least.
	leastLook = 1 << 20
	// mostLook is how many it reads at most: a second or so.
	mostLook = 256 << 20
	// share is the part of one core that reading anew takes at most.
	share = 200
)

// rehash reads every content anew within the time that is set.
func (w *Watching) rehash(ctx context.Context, s *session) {
	r := w.readRolled()
	if r.Root != s.root {
		r = rolled{Root: s.root, Begun: w.cfg.clock().UTC(), Completed: r.Completed}
	}
	w.completed(r)
	counts := s.snap.Counts()
	budget := min(max(int64(counts.Bytes/looks), leastLook), mostLook)
	pause := min(w.cfg.Rehash/looks, 10*time.Second)
	for {
		if !sleep(ctx, pause) {
			return
		}
		began := time.Now()
		a := &asker{ctx: ctx, to: s.watcher, found: watch.Rehash}
		part, err := integrity.Rehash(walk.Patient(ctx), s.snap, string(r.Next), budget, s.lies, a.add)
		if err == nil {
			err = a.ask(false)
		}
		took := time.Since(began)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			w.cfg.Logger.Warn("files could not be read anew; it is tried again", "error", err)
			pause = min(w.cfg.Rehash/looks, time.Minute)
			continue
		}
		r.Next = snapshot.Path(part.Next)
		if part.Next == "" {
			now := w.cfg.clock().UTC()
			r.Begun, r.Completed = now, now
			w.completed(r)
			w.refresh()
		}
		w.writeRolled(r)
		pause = max(paceOf(w.cfg.Rehash, part.Files, part.Bytes, counts), share*took, min(w.cfg.Rehash/looks, time.Second))
	}
}

// paceOf is how long to wait after a part, so that all parts fit into the time
// that is set, with a tenth to spare.
func paceOf(all time.Duration, files, bytes int64, of snapshot.Counts) time.Duration {
	done := max(float64(files)/float64(max(of.Files, 1)), float64(bytes)/float64(max(of.Bytes, 1)))
	return time.Duration(0.9 * float64(all) * min(done, 1))
}

func (w *Watching) completed(r rolled) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.facts.rehashed = r.Completed
}

func (w *Watching) writeRolled(r rolled) {
	b, err := json.Marshal(r)
	if err == nil {
		err = replace(w.path(rehashFile), b, false)
	}
	if err != nil { // it begins again where it stood after a start
		w.cfg.Logger.Debug("how far files were read anew could not be kept", "error", err)
	}
}

// replace writes a file so that either the old or the new one is there.
func replace(path string, b []byte, sync bool) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil && sync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return errors.Join(err, removed(path+".new"))
	}
	if !sync {
		return nil
	}
	dir, err := os.Open(dirOf(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
