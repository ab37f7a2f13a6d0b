package agent

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/agent/origin"
	"github.com/attesta/attesta/internal/agent/origin/present"
	"github.com/attesta/attesta/internal/agent/watching"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/wire"
)

// watcher is watching of files within this agent.
type watcher struct {
	*watching.Watching
	obs    *observer
	tokens *present.Keeper // nil where nobody can present any
	origin *origin.Describer
}

// newWatcher makes it, and lets it answer what the server asks of baselines; nil
// where no files are watched, which is not said either.
func newWatcher(cfg *Config, obs *observer, source string) *watcher {
	if !cfg.watches {
		return nil
	}
	w := &watcher{obs: obs}
	var claims func(*wire.FileChange) []wire.RunClaim
	if !cfg.Watching.Off {
		var err error
		if w.tokens, err = present.Open(cfg.State); err != nil {
			cfg.Logger.Warn("no process can present a change token here", "error", err)
		} else {
			claims = w.tokens.Claims
		}
		w.origin = origin.New(origin.Config{Claims: claims})
	}
	w.Watching = watching.New(watching.Config{State: cfg.State, Source: source, Stream: obs.spool.state.Stream, Settings: cfg.Watching, Program: cfg.Program, File: cfg.Settings,
		Key: func() []byte {
			id, _ := obs.sender.current()
			return id.cert.Leaf.RawSubjectPublicKeyInfo
		},
		Spool: obs.changedFiles, Room: obs.spool.roomForChanges, Describe: w.describe, Changed: func() { signal(obs.againWatching) }, Logger: cfg.Logger})
	obs.spool.before = w.Lose
	answers := map[string]Answerer{wire.AskSnapshot: w.Snapshot, wire.AskDrill: w.Drill, wire.AskAccept: w.Accept}
	maps.Copy(answers, cfg.Answers)
	cfg.Answers = answers
	return w
}

func (w *watcher) run(ctx context.Context) {
	if w.tokens != nil {
		go func() {
			if err := w.tokens.Serve(ctx); err != nil && ctx.Err() == nil {
				w.obs.cfg.Logger.Warn("processes can no longer present change tokens", "error", err)
			}
		}()
	}
	if w.origin != nil {
		if err := w.origin.Prepare(ctx); err != nil && ctx.Err() == nil {
			w.obs.cfg.Logger.Warn("which packages files belong to could not be read", "error", err)
		}
	}
	w.Run(ctx)
}

func (w *watcher) describe(ctx context.Context, changes []*wire.FileChange) ([]*wire.FileChange, error) {
	return w.origin.Describe(ctx, changes)
}

// report spools what is said of watching, when it changes and every now and then.
func (w *watcher) report(ctx context.Context) {
	t := time.NewTicker(w.obs.cfg.Interval)
	defer t.Stop()
	for {
		s, err := w.Section()
		w.obs.mu.Lock()
		if err == nil {
			err = w.obs.offer([]facts.Section{s}, map[string]string{})
		}
		if err != nil {
			w.obs.log.warn("what is said of watching files could not be spooled; it is tried again", err)
		}
		w.obs.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-w.obs.againWatching:
		}
	}
}

// changedFiles spools changes of files.
func (o *observer) changedFiles(changes []*wire.FileChange) error {
	e := o.envelope(wire.KindChanges, o.cfg.Clock())
	for _, c := range changes {
		item, err := json.Marshal(c)
		if err != nil {
			return err
		}
		e.Items = append(e.Items, item)
	}
	if err := o.spool.add(e); err != nil {
		return err
	}
	o.sender.spooled()
	for _, c := range changes {
		if c.Escaped || c.Type != "file" {
			continue
		}
		for _, p := range slices.Concat([]string{c.Path, c.From, c.With}, c.Also) {
			if p != "" {
				o.touched(p)
			}
		}
	}
	return nil
}
