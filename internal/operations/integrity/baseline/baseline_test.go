package baseline_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/proof/approval"
	"github.com/attesta/attesta/internal/wire"
)

type world struct {
	*baseline.Service
	t        *testing.T
	ctx      context.Context
	db       *database.DB
	log      *ledger.Log
	dir      string
	clock    *clock.Manual
	asks     *ask.Service
	files    *integrity.Service
	ann, eve access.Principal
}

func each(t *testing.T, f func(w *world)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := &world{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), dir: t.TempDir()}
		var err error
		w.log, err = ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(w.dir, "log"), KeyFile: filepath.Join(w.dir, "key"), Clock: w.clock.Now})
		w.must(err)
		t.Cleanup(func() { w.log.Close() })
		standards, err := standard.New(standard.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
		w.must(err)
		outcomes := outcome.New(outcome.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
		hosts, err := host.New(host.Config{DB: db, Ledger: w.log, Standards: standards, Outcomes: outcomes, Findings: finding.New(finding.Config{DB: db, Ledger: w.log, Clock: w.clock.Now}), Clock: w.clock.Now})
		w.must(err)
		key, err := sealed.Open(filepath.Join(w.dir, "sealed.key"))
		w.must(err)
		changes := change.New(change.Config{DB: db, Ledger: w.log, Sealed: key, Hosts: hosts, Version: "test", Clock: w.clock.Now})
		w.asks = ask.New(ask.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
		w.files = integrity.New(integrity.Config{DB: db, Ledger: w.log, Hosts: hosts, Changes: changes, Clock: w.clock.Now, Version: "test"})
		w.Service = baseline.New(baseline.Config{DB: db, Ledger: w.log, Asks: w.asks, Integrity: w.files, Changes: changes, Clock: w.clock.Now})
		w.ann = access.Principal{UserID: ids.New("usr", w.clock.Now()), Role: access.Administrator, SessionID: "ses_x"}
		w.eve = access.Principal{UserID: ids.New("usr", w.clock.Now()), Role: access.Viewer, SessionID: "ses_y"}
		f(w)
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		message, hint := fault.Public(err)
		w.t.Fatalf("%v (%s; %s)", err, message, hint)
	}
}

func (w *world) refused(err error, kind fault.Kind, want string) {
	w.t.Helper()
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error(), want) {
		w.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

// host has the agent of a host send changes.
func (w *world) host(name string, list ...wire.FileChange) string {
	w.t.Helper()
	return w.send(ids.New("src", w.clock.Now()), name, list...)
}

func (w *world) send(source, name string, list ...wire.FileChange) string {
	w.t.Helper()
	var items []json.RawMessage
	for _, c := range list {
		raw, err := json.Marshal(c)
		w.must(err)
		items = append(items, raw)
	}
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		return w.files.Receive(w.ctx, tx, integrity.Batch{Source: source, Name: name, ObservedAt: w.clock.Now(), ReceivedAt: w.clock.Now(), Items: items})
	}))
	return source
}

// open gives what is asked of an agent.
func (w *world) open(source string) (list []wire.Ask) {
	w.t.Helper()
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) (err error) { list, err = w.asks.For(w.ctx, tx, source); return err }))
	return list
}

// answer lets an agent answer.
func (w *world) answer(source string, a wire.Ask, result any, refuse string) error {
	w.t.Helper()
	raw, err := json.Marshal(result)
	w.must(err)
	answer := wire.Answer{ID: a.ID, Kind: a.Kind, At: w.clock.Now(), Refuse: refuse}
	if refuse == "" {
		answer.Result = raw
	}
	item, err := json.Marshal(answer)
	w.must(err)
	return w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		return w.asks.Receive(w.ctx, tx, source, []json.RawMessage{item})
	})
}

func root(c string) string { return strings.Repeat(c, 64) }

func (w *world) is(ref, state string) *baseline.Detail {
	w.t.Helper()
	d, err := w.Get(w.ctx, w.eve, ref)
	w.must(err)
	if d.Content.State != state {
		w.t.Errorf("%s is %s, want %s (%s)", ref, d.Content.State, state, d.Content.Why)
	}
	return d
}

// The life of a baseline: asked for, made, approved by a named person, taken.
func TestLife(t *testing.T) {
	each(t, func(w *world) {
		src := w.host("web-1")
		_, err := w.AskFor(w.ctx, w.eve, []string{src})
		w.refused(err, fault.Forbidden, "may not")
		_, err = w.AskFor(w.ctx, w.ann, []string{"src_nobody"})
		w.refused(err, fault.NotFound, "not watched")
		list, err := w.AskFor(w.ctx, w.ann, []string{src})
		w.must(err)
		again, err := w.AskFor(w.ctx, w.ann, []string{src})
		w.must(err)
		if again[0].ID != list[0].ID || len(w.open(src)) != 1 {
			t.Errorf("it is asked twice: %+v", w.open(src))
		}
		_, err = w.Approve(w.ctx, w.ann, "BL-1", 0, "It is as it was built.")
		w.refused(err, fault.Conflict, "has not answered")
		a := w.open(src)[0]
		for what, wrong := range map[string]wire.SnapshotResult{"root": {Root: "xyz", Entries: 1}, "entries": {Root: root("a")}, "baseline": {Root: root("a"), Entries: 1, Baseline: "x"}} {
			w.refused(w.answer(src, a, wrong, ""), fault.Invalid, what)
		}
		w.must(w.answer(src, a, wire.SnapshotResult{Root: root("a"), Entries: 10, Files: 9, Made: w.clock.Now()}, ""))
		w.is("BL-1", baseline.Candidate)

		// What lies open unexplained is not approved along.
		w.send(src, "web-1", wire.FileChange{ID: "c1", Path: "/etc/x", Change: "added", Type: "file", Found: "event", Time: w.clock.Now(), After: map[string]any{"sha256": "b"}})
		_, err = w.Approve(w.ctx, w.ann, "BL-1", 0, "It is as it was built.")
		w.refused(err, fault.Conflict, "IC-1")
		if d := w.is("BL-1", baseline.Candidate); d.Differs.Changes["unexplained"] != 1 || len(d.Differs.Open) != 1 {
			t.Errorf("%+v", d.Differs)
		}
		w.send(src, "web-1", wire.FileChange{ID: "c2", Path: "/etc/x", Change: "removed", Type: "file", Found: "event", Time: w.clock.Now(), Before: map[string]any{"sha256": "b"}})
		stale := w.ann
		stale.Stale = true
		if _, err = w.Approve(w.ctx, stale, "BL-1", 0, "It is as it was built."); !access.NeedsProof(err) {
			t.Errorf("who is there is not asked: %v", err)
		}
		o, err := w.Approve(w.ctx, w.ann, "BL-1", 0, "It is as it was built.")
		w.must(err)
		var args wire.AskAcceptArgs
		w.must(json.Unmarshal(w.open(src)[0].Args, &args))
		key, err := base64.StdEncoding.DecodeString(args.Keys[0])
		w.must(err)
		text, err := approval.Verify(args.Approval, ed25519.PublicKey(key))
		w.must(err)
		if text.Root != root("a") || text.By != w.ann.UserID || text.Source != src || text.ID != o.ID || text.Reason != approval.Reason("It is as it was built.") {
			t.Errorf("%+v", text)
		}
		w.must(w.answer(src, w.open(src)[0], wire.AcceptResult{Root: root("a")}, ""))
		w.is("BL-1", baseline.InForce)
		h, err := w.files.Host(w.ctx, w.eve, src)
		w.must(err)
		if b := h.Baseline; b == nil || b.Root != root("a") || b.By != w.ann.UserID || b.Accepted.IsZero() || b.Approval != o.ID {
			t.Errorf("%+v", b)
		}

		// A host that may not, one that took another, and one that is refused.
		_, err = w.AskFor(w.ctx, w.ann, []string{src})
		w.must(err)
		w.must(w.answer(src, w.open(src)[0], nil, "not allowed by the settings"))
		w.is("BL-2", baseline.Failed)
		for i, what := range []string{"refuse", "another", "refused by the agent"} {
			_, err = w.AskFor(w.ctx, w.ann, []string{src})
			w.must(err)
			w.must(w.answer(src, w.open(src)[0], wire.SnapshotResult{Root: root("b"), Entries: 10, Baseline: root("a")}, ""))
			ref := fmt.Sprintf("BL-%d", 3+i)
			if what == "refuse" {
				_, err = w.Refuse(w.ctx, w.ann, ref, 0, "Somebody left a test in it.")
				w.must(err)
				w.is(ref, baseline.Refused)
				continue
			}
			_, err = w.Approve(w.ctx, w.ann, ref, 0, "After the upgrade.")
			w.must(err)
			if what == "another" {
				w.must(w.answer(src, w.open(src)[0], wire.AcceptResult{Root: root("c")}, ""))
			} else {
				w.must(w.answer(src, w.open(src)[0], nil, "the files changed since"))
			}
			w.is(ref, baseline.Untaken)
		}
		n, err := w.Count(w.ctx, w.eve)
		w.must(err)
		if n[baseline.InForce] != 1 || n[baseline.Untaken] != 2 {
			t.Errorf("%v", n)
		}
		w.verify()
	})
}

func (w *world) verify() {
	w.t.Helper()
	w.must(w.log.Publish(w.ctx))
	_, err := ledger.Verify(w.ctx, ledger.VerifyConfig{DB: w.db, Dir: filepath.Join(w.dir, "log"), VerifierKey: w.log.VerifierKey(), Bindings: append(baseline.Bindings(), append(integrity.Bindings(), ask.Bindings()...)...)})
	w.must(err)
}

// tree is a made-up host: directory -> entries as "name type digest".
type tree map[string][]string

func (tr tree) drill(of, path string) wire.DrillResult {
	r := wire.DrillResult{Of: of, Path: path, Root: root("0"), Digest: root("0")}
	for _, line := range tr[path] {
		f := strings.Fields(line)
		r.Entries = append(r.Entries, wire.DrillEntry{Name: f[0], Type: f[1], Digest: root(f[2])})
		r.Digest = root(f[2]) // the last one decides: good enough for a made-up tree
	}
	return r
}

// Two hosts are compared from their roots, and only what differs is gone into.
func TestCompare(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.host("web-1"), w.host("web-2")
		trees := map[string]tree{
			a: {"": {"/usr directory 1", "/etc directory 2"}, "/etc": {"passwd file 3", "ssh directory 4", "only-a file 5", "same directory 6"}, "/etc/ssh": {"sshd_config file 7"}},
			b: {"": {"/usr directory 1", "/etc directory 9"}, "/etc": {"passwd file 3", "ssh directory 8", "only-b file 5", "same directory 6", "z file a"}, "/etc/ssh": {"sshd_config file 9"}},
		}
		_, err := w.Compare(w.ctx, w.ann, a, a, "")
		w.refused(err, fault.Invalid, "two hosts")
		_, err = w.Compare(w.ctx, w.ann, a, "hst_x", "")
		w.refused(err, fault.Invalid, "not watched")
		c, err := w.Compare(w.ctx, w.ann, a, b, "")
		w.must(err)
		asked := 0
		for range 10 {
			for _, src := range []string{a, b} {
				for _, x := range w.open(src) {
					var args wire.AskDrillArgs
					w.must(json.Unmarshal(x.Args, &args))
					asked++
					if args.Path == "/usr" || args.Path == "/etc/same" {
						t.Errorf("it goes into %s, which is equal", args.Path)
					}
					wrong := trees[src].drill(args.Of, args.Path)
					wrong.Path = "/other"
					w.refused(w.answer(src, x, wrong, ""), fault.Invalid, "was not asked for")
					w.must(w.answer(src, x, trees[src].drill(args.Of, args.Path), ""))
				}
			}
		}
		got, err := w.Comparison(w.ctx, w.eve, c.Ref)
		w.must(err)
		var paths []string
		for _, d := range got.Differs {
			paths = append(paths, d.Path)
		}
		if got.State != "done" || asked != 6 || strings.Join(paths, " ") != "/etc/only-a /etc/only-b /etc/ssh/sshd_config /etc/z" || got.Differs[0].TypeB != "" || got.Differs[1].TypeA != "" {
			t.Errorf("%d asked: %+v", asked, got)
		}
		failed, err := w.Compare(w.ctx, w.ann, a, b, "candidate")
		w.must(err)
		w.must(w.answer(b, w.open(b)[0], nil, "there is no candidate"))
		got, err = w.Comparison(w.ctx, w.eve, failed.ID)
		w.must(err)
		if got.State != "failed" || !strings.Contains(got.Why, "web-2") {
			t.Errorf("%+v", got)
		}
		w.verify()
	})
}
