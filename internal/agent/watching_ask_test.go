package agent

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/proof/approval"
	"github.com/attesta/attesta/internal/wire"
)

// asker asks an agent, one ask after another.
type asker struct {
	s    *server
	mu   sync.Mutex
	open []wire.Ask // guarded by mu
	n    int
}

func newAsker(s *server) *asker {
	a := &asker{s: s}
	s.asks(func() []wire.Ask {
		a.mu.Lock()
		defer a.mu.Unlock()
		return slices.Clone(a.open)
	})
	return a
}

func (a *asker) ask(kind string, args any) wire.Answer {
	a.s.t.Helper()
	b, err := json.Marshal(args)
	if err != nil {
		a.s.t.Fatal(err)
	}
	a.mu.Lock()
	a.n++
	id := fmt.Sprintf("ask_%d", a.n)
	a.open = []wire.Ask{{ID: id, Kind: kind, Until: a.s.now.Now().Add(time.Hour), Args: b}}
	a.mu.Unlock()
	answer := a.s.answer(id)
	a.mu.Lock()
	a.open = nil
	a.mu.Unlock()
	return answer
}

func result[T any](t *testing.T, a wire.Answer) (out T) {
	t.Helper()
	if a.Refuse != "" {
		t.Fatalf("%s is refused: %s", a.Kind, a.Refuse)
	}
	if err := json.Unmarshal(a.Result, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// The whole way of a baseline: the first one, approved; a candidate with what
// changed since, drilled into, refused where anything about the approval is wrong,
// taken where it is right; and what happens at that very moment is told.
func TestBaselineIsApproved(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	tr := newTree(t)
	cfg := s.watchful(tr)
	asks := newAsker(s)
	a := run(t, cfg)
	all := s.await("it watches", watched(t))
	source, first := all[0].Source.ID, watchingOf(t, all)
	seed := func(b byte) ed25519.PrivateKey {
		return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(b), ed25519.SeedSize)))
	}
	key, other := seed('a'), seed('b')
	public := func(k ed25519.PrivateKey) string {
		return base64.StdEncoding.EncodeToString(k.Public().(ed25519.PublicKey))
	}
	accept := func(k ed25519.PrivateKey, keys []string, edit func(*approval.Approval)) wire.Answer {
		t.Helper()
		p := approval.Approval{ID: "bas_1", Source: source, Root: *first.Baseline.Root, Entries: *first.Baseline.Entries, By: "usr_ann", At: time.Now().Unix(), Reason: approval.Reason("first")}
		edit(&p)
		text, err := approval.Sign(k, p)
		if err != nil {
			t.Fatal(err)
		}
		return asks.ask(wire.AskAccept, wire.AskAcceptArgs{Approval: text, Keys: keys})
	}
	for name, refused := range map[string]wire.Answer{
		"another host's":  accept(key, []string{public(key)}, func(p *approval.Approval) { p.Source = "src_other" }),
		"an unlisted key": accept(key, []string{public(other)}, func(*approval.Approval) {}),
		"no key":          accept(key, nil, func(*approval.Approval) {}),
		"no candidate":    accept(key, []string{public(key)}, func(p *approval.Approval) { p.Root = strings.Repeat("0", 64) }),
	} {
		if refused.Refuse == "" {
			t.Errorf("%s was taken: %s", name, refused.Result)
		}
	}
	if got := result[wire.AcceptResult](t, accept(key, []string{public(key)}, func(*approval.Approval) {})); got.Root != *first.Baseline.Root {
		t.Errorf("%+v", got)
	}
	s.await("it says who approved", func(all []ingest.Batch) bool {
		w := watchingOf(t, all)
		return *w.Baseline.Approval == "bas_1" && *w.Baseline.ApprovedBy == "usr_ann"
	})

	tr.write("etc/0.conf", "a = 2\n")
	tr.write("etc/new", "n\n")
	s.awaitChange(tr.path("etc/new"), "event")
	snap := result[wire.SnapshotResult](t, asks.ask(wire.AskSnapshot, struct{}{}))
	if snap.Root == *first.Baseline.Root || snap.Baseline != *first.Baseline.Root || snap.Entries < *first.Baseline.Entries+1 {
		t.Fatalf("%+v", snap)
	}
	// Going down from both roots leads to what changed.
	leaf := func(of, path, name string) string {
		t.Helper()
		d := result[wire.DrillResult](t, asks.ask(wire.AskDrill, wire.AskDrillArgs{Of: of, Path: path}))
		for _, e := range d.Entries {
			if e.Name == name {
				return e.Digest
			}
		}
		return ""
	}
	if leaf("baseline", "", tr.path("etc")) == leaf("candidate", "", tr.path("etc")) || leaf("baseline", "", tr.path("www")) != leaf("candidate", "", tr.path("www")) ||
		leaf("baseline", tr.path("etc"), "0.conf") == leaf("candidate", tr.path("etc"), "0.conf") ||
		leaf("baseline", tr.path("etc"), "1.conf") != leaf("candidate", tr.path("etc"), "1.conf") || leaf("baseline", tr.path("etc"), "new") != "" {
		t.Error("the digests of baseline and candidate do not lead to what changed")
	}
	if r := asks.ask(wire.AskDrill, wire.AskDrillArgs{Of: "baseline", Path: "/nowhere"}); r.Refuse == "" {
		t.Error("a directory that is not there was shown")
	}
	of := func(p *approval.Approval) { p.ID, p.Root, p.Entries = "bas_2", snap.Root, snap.Entries }
	if r := accept(other, []string{public(other)}, of); !strings.Contains(r.Refuse, "approval-keys.json") {
		t.Errorf("a key that came later was trusted: %+v", r)
	}
	if r := accept(key, []string{public(key)}, func(p *approval.Approval) { of(p); p.Entries++ }); r.Refuse == "" {
		t.Error("an approval of another number of entries was taken")
	}
	// Files come and go while the baseline changes: each is told.
	stop, wrote := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for ; ; n++ {
			select {
			case <-stop:
				wrote <- n
				return
			case <-time.After(2 * time.Millisecond):
			}
			if err := os.WriteFile(tr.path(fmt.Sprintf("www/%04d", n)), []byte("x"), 0o644); err != nil {
				t.Error(err)
			}
		}
	}()
	got := result[wire.AcceptResult](t, accept(key, nil, of))
	s.await("the new baseline is in force", func(all []ingest.Batch) bool {
		w := watchingOf(t, all)
		return *w.Baseline.Root == snap.Root && *w.Baseline.Approval == "bas_2"
	})
	time.Sleep(200 * time.Millisecond)
	close(stop)
	n := <-wrote
	if got.Root != snap.Root || n < 50 {
		t.Errorf("%+v, %d files", got, n)
	}
	all = s.awaitFiles(tr, "www/0", n)
	distinct(t, all)
	if list := at(changesIn(t, all), tr.path("etc/new")); len(list) != 1 {
		t.Errorf("what the baseline took in was told again: %+v", list)
	}
	// It is the same after a start, also when a retried ask comes then.
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	before := len(all)
	cfg.Token = ""
	run(t, cfg)
	all = s.await("it watches again", func(all []ingest.Batch) bool { return len(all) > before && watched(t)(all[before:]) })
	if w := watchingOf(t, all[before:]); *w.Baseline.Root != snap.Root || *w.Baseline.ApprovedBy != "usr_ann" {
		t.Errorf("%+v", *w.Baseline)
	}
	if got := result[wire.AcceptResult](t, accept(key, nil, of)); got.Root != snap.Root {
		t.Errorf("%+v", got)
	}
	if r := accept(key, nil, func(p *approval.Approval) {}); r.Refuse == "" {
		t.Error("an old approval brought its baseline back")
	}
}

// doctored writes a baseline anew in which the digest of one file is another: as if
// somebody had changed the file behind the clock.
func doctored(t *testing.T, path, file string) {
	t.Helper()
	snap, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	w, err := snapshot.Create(path+".doctored", snap.Options)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for c := snap.Cursor(); ; {
		e, err := c.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if string(e.Path) == file {
			e.Digest[0] ^= 1
			found = true
		}
		if err := w.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Close(); err != nil || !found {
		t.Fatalf("%s: %v, found %v", file, err, found)
	}
	if err := os.Rename(path+".doctored", path); err != nil {
		t.Fatal(err)
	}
}

// A file that looks as it was and is not is found when everything is read anew,
// and told once.
func TestReadsEverythingAnew(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	tr := newTree(t)
	cfg := s.watchful(tr)
	time.Sleep(300 * time.Millisecond) // what changed shortly before it was recorded is read again anyway
	a := run(t, cfg)
	all := s.await("it watches", watched(t))
	if w := watchingOf(t, all); *w.Rehash.Completed != "" {
		t.Errorf("read anew on %s", *w.Rehash.Completed)
	}
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	doctored(t, filepath.Join(cfg.State, "baseline.snapshot"), tr.path("etc/2.conf"))
	cfg.Token, cfg.Watching.Rehash, cfg.Watching.Check = "", 2*time.Second, 300*time.Millisecond
	run(t, cfg)
	c := s.awaitChange(tr.path("etc/2.conf"), "rehash")
	if !slices.Equal(c.Attributes, []string{"sha256"}) {
		t.Errorf("%+v", c)
	}
	s.await("all was read", func(all []ingest.Batch) bool {
		w := watchingOf(t, all)
		return w.Rehash != nil && *w.Rehash.Completed == time.Now().UTC().Format(time.DateOnly)
	})
	time.Sleep(3 * time.Second)
	if list := changesIn(t, s.await("now", func([]ingest.Batch) bool { return true })); len(list) != 1 {
		t.Errorf("%d changes were told: %+v", len(list), list)
	}
}

// A damaged baseline is kept aside and said; one more is made, which nobody has
// approved. A tree that comes to be later is watched from then on.
func TestDamagedBaselineAndNewTrees(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	tr := newTree(t)
	cfg := s.watchful(tr)
	cfg.Watching.Content = append(cfg.Watching.Content, tr.path("site"))
	cfg.Watching.Check = 300 * time.Millisecond
	a := run(t, cfg)
	w := watchingOf(t, s.await("it watches", watched(t)))
	if !slices.Equal(w.NotThere, []string{tr.path("site")}) {
		t.Errorf("not there: %q", w.NotThere)
	}
	tr.write("site/index.html", "1")
	s.awaitChange(tr.path("site/index.html"), "start")
	w = watchingOf(t, s.await("the new tree is said", func(all []ingest.Batch) bool { return len(watchingOf(t, all).AddedRoots) > 0 }))
	if !slices.Equal(w.AddedRoots, []string{tr.path("site")}) || !slices.Contains(w.ContentRoots, tr.path("site")) {
		t.Errorf("%q, %q", w.AddedRoots, w.ContentRoots)
	}
	tr.write("site/index.html", "2")
	s.awaitChange(tr.path("site/index.html"), "event")

	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(cfg.State, "baseline.snapshot")
	if err := flip(name); err != nil {
		t.Fatal(err)
	}
	cfg.Token = ""
	run(t, cfg)
	w = watchingOf(t, s.await("it says so", func(all []ingest.Batch) bool {
		return len(watchingOf(t, all).Problems) > 0 && watched(t)(all)
	}))
	if !strings.Contains(w.Problems[0], "damaged") || *w.Baseline.Approval != "" {
		t.Errorf("%q", w.Problems)
	}
	if _, err := os.Stat(filepath.Join(cfg.State, "baseline.damaged")); err != nil {
		t.Error(err)
	}
}
