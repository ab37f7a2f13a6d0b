package agent

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/agent/watching"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/wire"
)

// changesIn gives the changes of files that came, in order.
func changesIn(t testing.TB, all []ingest.Batch) []wire.FileChange {
	t.Helper()
	var out []wire.FileChange
	for _, b := range all {
		if b.Envelope.Kind != wire.KindChanges {
			continue
		}
		for _, item := range b.Envelope.Items {
			var c wire.FileChange
			if err := json.Unmarshal(item, &c); err != nil {
				t.Fatal(err)
			}
			out = append(out, c)
		}
	}
	return out
}

// at gives the changes of one path.
func at(list []wire.FileChange, path string) []wire.FileChange {
	return slices.DeleteFunc(slices.Clone(list), func(c wire.FileChange) bool { return c.Path != path })
}

// watchingOf gives the newest facts of watching that came.
func watchingOf(t testing.TB, all []ingest.Batch) (w facts.Watching) {
	t.Helper()
	for _, b := range all {
		if b.Envelope.Kind != wire.KindFacts {
			continue
		}
		for _, item := range b.Envelope.Items {
			var s facts.Section
			if err := json.Unmarshal(item, &s); err != nil {
				t.Fatal(err)
			}
			if s.Name != "watching" {
				continue
			}
			w = facts.Watching{}
			if err := json.Unmarshal(s.Values, &w); err != nil {
				t.Fatal(err)
			}
		}
	}
	return w
}

// tree is a directory of test files, which an agent watches.
type tree struct {
	t   testing.TB
	dir string
}

func newTree(t testing.TB) *tree {
	dir := filepath.Join(t.TempDir(), "tree")
	tr := &tree{t, dir}
	for i := range 5 {
		tr.write(fmt.Sprintf("etc/%d.conf", i), "a = 1\n")
	}
	tr.write("www/index.html", "<p>hello</p>\n")
	return tr
}

func (tr *tree) path(name string) string { return filepath.Join(tr.dir, name) }

func (tr *tree) write(name, text string) {
	tr.t.Helper()
	p := tr.path(name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *tree) remove(name string) {
	tr.t.Helper()
	if err := os.Remove(tr.path(name)); err != nil {
		tr.t.Fatal(err)
	}
}

// watchful is a configuration of an agent that watches a tree.
func (s *server) watchful(tr *tree) Config {
	s.cfg.Handlers[wire.KindChanges] = s.cfg.Handlers[wire.KindHeartbeat]
	s.cfg.Handlers[wire.KindAnswers] = s.cfg.Handlers[wire.KindHeartbeat]
	cfg := s.config(newHost())
	cfg.Token = s.token()
	cfg.Watching = watching.Settings{Trees: []string{tr.path("etc")}, Content: []string{tr.path("www")}}
	return cfg
}

// watched reports whether the agent says that it watches.
func watched(t testing.TB) func([]ingest.Batch) bool {
	return func(all []ingest.Batch) bool {
		w := watchingOf(t, all)
		return w.Mode != nil && slices.Contains([]string{"fanotify", "inotify", "polling"}, *w.Mode)
	}
}

func (s *server) awaitChange(path, found string) wire.FileChange {
	s.t.Helper()
	all := s.await("a change of "+path+" came by "+found, func(all []ingest.Batch) bool {
		return slices.ContainsFunc(at(changesIn(s.t, all), path), func(c wire.FileChange) bool { return c.Found == found })
	})
	list := slices.DeleteFunc(at(changesIn(s.t, all), path), func(c wire.FileChange) bool { return c.Found != found })
	return list[len(list)-1]
}

func TestWatchesFiles(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	tr := newTree(t)
	cfg := s.watchful(tr)
	cfg.Program, _ = os.Executable()
	run(t, cfg)
	w := watchingOf(t, s.await("it watches", watched(t)))
	if *w.Baseline.Files < 6 || len(*w.Baseline.Root) != 64 || *w.Baseline.Approval != "" || !slices.Equal(w.ContentRoots, []string{tr.path("www")}) ||
		!slices.Contains(w.Roots, tr.path("etc")) || !slices.Contains(w.Roots, cfg.State) || !slices.Contains(w.Roots, cfg.Program) ||
		len(*w.Own.ProgramSha256) != 64 || len(*w.Own.KeySha256) != 64 || len(w.Problems) != 0 {
		t.Errorf("it says %+v, baseline %+v, own %+v", w, *w.Baseline, *w.Own)
	}
	tr.write("etc/0.conf", "a = 2\n")
	c := s.awaitChange(tr.path("etc/0.conf"), "event")
	if c.Change != "changed" || c.Type != "file" || c.Baseline != *w.Baseline.Root || c.Before["sha256"] == nil || c.After["sha256"] == nil || c.Before["sha256"] == c.After["sha256"] ||
		len(c.ID) != 40 || c.Who == nil {
		t.Errorf("%+v", c)
	}
	if *w.Mode == "fanotify" {
		if exe, _ := os.Executable(); c.Who.Exe != exe || c.Who.UID == nil || c.Who.PID != int32(os.Getpid()) {
			t.Errorf("by %+v", c.Who)
		}
	}
	// A file that is written beside its place and renamed into it is one change.
	tr.write("etc/.1.tmp", "a = 3\n")
	if err := os.Rename(tr.path("etc/.1.tmp"), tr.path("etc/1.conf")); err != nil {
		t.Fatal(err)
	}
	if c := s.awaitChange(tr.path("etc/1.conf"), "event"); c.Change != "changed" || !slices.Contains(c.Via, tr.path("etc/.1.tmp")) {
		t.Errorf("%+v", c)
	}
	tr.remove("www/index.html")
	if c := s.awaitChange(tr.path("www/index.html"), "event"); c.Change != "removed" || c.After != nil {
		t.Errorf("%+v", c)
	}
	all := s.await("now", func([]ingest.Batch) bool { return true })
	list := changesIn(t, all)
	if len(list) != 3 {
		for _, c := range list {
			t.Errorf("told: %s %s by %s", c.Change, c.Path, c.Found)
		}
	}
	for _, b := range all {
		if b.Envelope.Kind == wire.KindChanges && strings.Contains(fmt.Sprint(b.Envelope.Items), "spool") {
			t.Errorf("it tells of its own work: %s", b.Envelope.Items)
		}
	}
}
