package watching

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/integrity"
	"github.com/attesta/attesta/internal/agent/integrity/mounts"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/agent/integrity/walk"
	"github.com/attesta/attesta/internal/agent/integrity/watch"
	"github.com/attesta/attesta/internal/base/fault"
)

// declared is what is to be watched.
type declared struct {
	roots   []string // that are there
	content []string // of them those that are given out
	missing []string
	exclude []string
	silent  []string     // on file systems that do not answer
	table   mounts.Table // what is mounted
}

// declare reads what the settings and this host say.
func (w *Watching) declare() (declared, error) {
	var d declared
	want := slices.Clone(w.cfg.Trees)
	var err error
	if d.table, err = mounts.Read(); err != nil {
		return d, fault.Wrap(fault.Unavailable, err, "what is mounted cannot be read")
	}
	but := w.silent(d.table)
	if w.cfg.Trees == nil {
		if want, err = integrity.DefaultsBut(but); err != nil {
			return d, err
		}
		if d.content, err = integrity.ContentRoots(but); err != nil {
			return d, err
		}
	}
	want = append(append(want, w.cfg.Paths...), w.cfg.Content...)
	state, err := filepath.EvalSymlinks(w.cfg.State)
	if err != nil {
		return d, err
	}
	want = append(want, state)
	for _, own := range []string{w.cfg.Program, w.cfg.File} {
		if own != "" {
			want = append(want, own)
		}
	}
	for _, p := range want {
		abs, err := filepath.Abs(p)
		if err != nil {
			return d, err
		}
		if but(abs) {
			d.silent = append(d.silent, abs)
			continue
		}
		switch _, err := os.Lstat(abs); {
		case err == nil:
			d.roots = append(d.roots, abs)
			if slices.Contains(w.cfg.Content, p) {
				d.content = append(d.content, abs)
			}
		case errors.Is(err, fs.ErrNotExist):
			d.missing = append(d.missing, abs)
		default:
			return d, err
		}
	}
	for _, list := range []*[]string{&d.roots, &d.content, &d.missing, &d.silent} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	d.exclude = slices.Clone(w.cfg.Exclude)
	for _, name := range working {
		d.exclude = append(d.exclude, literal(state)+"/"+name)
	}
	return d, nil
}

// literal is a pattern that matches one path alone.
func literal(p string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(p)
}

// make records everything that is declared, at low priority.
func (w *Watching) make(ctx context.Context, name string) (integrity.Made, snapshot.Options, error) {
	d, err := w.declare()
	if err != nil {
		return integrity.Made{}, snapshot.Options{}, err
	}
	o := snapshot.Options{Exclude: d.exclude, Texts: []string{"/etc/**"}, Made: w.cfg.clock().UTC()}
	if w.cfg.File != "" {
		o.Texts = append(o.Texts, literal(w.cfg.File))
	}
	if o.Host, err = os.Hostname(); err != nil {
		o.Host = ""
	}
	if o, err = integrity.NewOptions(w.path(name), d.roots, o); err != nil {
		return integrity.Made{}, o, err
	}
	made, err := integrity.Make(walk.Patient(ctx), w.path(name), o)
	return made, o, err
}

// whole opens a snapshot all of whose bytes are as they were written.
func whole(path string) (*snapshot.Snapshot, error) {
	snap, err := snapshot.Open(path)
	if err != nil {
		return nil, err
	}
	if err := snap.Verify(); err != nil {
		return nil, errors.Join(err, snap.Close())
	}
	return snap, nil
}

// open begins a session over the baseline; where there is none it is made.
func (w *Watching) open(ctx context.Context) (*session, error) {
	w.making.Lock()
	defer w.making.Unlock()
	snap, err := whole(w.path(baselineFile))
	if err == nil {
		w.problem("baseline", "")
		return w.over(snap)
	}
	switch {
	case fault.Is(err, fault.NotFound):
	case fault.Is(err, fault.Invalid):
		w.cfg.Logger.Warn("the baseline is damaged; it is kept aside and another is made", "error", err, "kept", damagedFile)
		w.problem("damaged", "the baseline was damaged ("+plain(err)+"); it is kept as "+damagedFile+", and one that nobody has approved was made on "+w.cfg.clock().UTC().Format("2006-01-02"))
		if err := os.Rename(w.path(baselineFile), w.path(damagedFile)); err != nil {
			return nil, err
		}
	default:
		return nil, err
	}
	made, _, err := w.make(ctx, baselineFile)
	if err != nil {
		if ctx.Err() == nil {
			w.problem("baseline", "the baseline cannot be made: "+plain(err))
		}
		return nil, err
	}
	w.problem("baseline", "")
	w.mu.Lock()
	w.facts.gaps(&made.Gaps)
	w.mu.Unlock()
	w.cfg.Logger.Info("a baseline was made", "entries", made.Entries, "files", made.Files, "bytes", made.Bytes)
	if snap, err = whole(w.path(baselineFile)); err != nil {
		return nil, err
	}
	return w.over(snap)
}

// over begins to watch over a snapshot: what it is of, and what is declared
// besides.
func (w *Watching) over(snap *snapshot.Snapshot) (*session, error) {
	s, err := w.begin(snap)
	if err != nil {
		return nil, errors.Join(err, snap.Close())
	}
	return s, nil
}

func (w *Watching) begin(snap *snapshot.Snapshot) (*session, error) {
	d, err := w.declare()
	if err != nil {
		return nil, err
	}
	root := snap.Root()
	s := &session{snap: snap, root: hex.EncodeToString(root[:]), asked: d.roots}
	of, err := integrity.NewScope(snap.Options)
	if err != nil {
		return nil, err
	}
	for _, r := range d.roots {
		if !of.Holds(r) {
			s.added = append(s.added, r)
			snap.Options.Roots = append(snap.Options.Roots, snapshot.Path(r))
		}
	}
	if s.scope, err = integrity.NewScope(snap.Options); err != nil {
		return nil, err
	}
	s.added = slices.DeleteFunc(s.added, func(r string) bool { return !s.scope.Holds(r) }) // left out by the baseline's patterns
	own, err := integrity.Own(w.path(baselineFile))
	if err != nil {
		return nil, err
	}
	if s.near, err = w.apart(s, d.table, own); err != nil {
		return nil, err
	}
	if s.watcher, err = watch.New(watch.Config{Snapshot: snap, Own: []string{own}, Trees: s.near, Apart: s.away, Only: w.cfg.Way, Interval: w.cfg.Polling, Share: pollShare, Notice: w.notice, Begun: w.begun, Rest: w.flush}); err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.facts.declared(&d, s)
	w.facts.far = nil
	for _, f := range s.far {
		w.facts.far = append(w.facts.far, f.refusal(w.cfg.Polling))
	}
	w.mu.Unlock()
	left := ""
	if d.silent = slices.DeleteFunc(d.silent, func(p string) bool { return s.scope.Holds(p) }); len(d.silent) > 0 {
		left = "not watched, because what they lie on does not answer: " + strings.Join(shown(d.silent), ", ") + "; they are once it does"
	}
	w.problem("left", left)
	return s, nil
}
