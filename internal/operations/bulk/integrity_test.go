package bulk_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
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
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/proof/approval"
	"github.com/attesta/attesta/internal/wire"
)

// watch is a deployment with hosts whose files are watched.
type watch struct {
	*bulk.Service
	t         *testing.T
	ctx       context.Context
	db        *database.DB
	log       *ledger.Log
	dir       string
	clock     *clock.Manual
	asks      *ask.Service
	hosts     *host.Service
	files     *integrity.Service
	baselines *baseline.Service
	ann, bob  access.Principal
	eve       access.Principal
	sources   map[string]string
	n         int
}

func watches(t *testing.T, f func(w *watch)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := &watch{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(monday), dir: t.TempDir(), sources: map[string]string{}}
		var err error
		w.log, err = ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(w.dir, "log"), KeyFile: filepath.Join(w.dir, "key"), Clock: w.clock.Now})
		w.must(err)
		t.Cleanup(func() { w.log.Close() })
		users, err := access.New(access.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
		w.must(err)
		user := func(login string, role access.Role) access.Principal {
			u, err := users.AddUser(w.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
			w.must(err)
			return access.Principal{UserID: u.ID, Name: login, Role: role, SessionID: "ses_x", At: w.clock.Now()}
		}
		w.ann, w.bob, w.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Viewer)
		standards, err := standard.New(standard.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
		w.must(err)
		w.hosts, err = host.New(host.Config{DB: db, Ledger: w.log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: w.log, Clock: w.clock.Now}), Findings: finding.New(finding.Config{DB: db, Ledger: w.log, Clock: w.clock.Now}), Clock: w.clock.Now})
		w.must(err)
		key, err := sealed.Open(filepath.Join(w.dir, "sealed.key"))
		w.must(err)
		changes := change.New(change.Config{DB: db, Ledger: w.log, Sealed: key, Hosts: w.hosts, Version: "test", Clock: w.clock.Now})
		w.files = integrity.New(integrity.Config{DB: db, Ledger: w.log, Hosts: w.hosts, Changes: changes, Clock: w.clock.Now, Version: "test", Person: func(_ context.Context, _, login string) (string, error) {
			return map[string]string{"bob": w.bob.UserID}[login], nil
		}})
		w.asks = ask.New(ask.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
		w.baselines = baseline.New(baseline.Config{DB: db, Ledger: w.log, Asks: w.asks, Integrity: w.files, Changes: changes, Clock: w.clock.Now})
		w.Service = bulk.New(bulk.Config{DB: db, Ledger: w.log, Access: users, Integrity: w.files, Baselines: w.baselines, Clock: w.clock.Now})
		f(w)
	})
}

func (w *watch) must(err error) {
	w.t.Helper()
	if err != nil {
		message, hint := fault.Public(err)
		w.t.Fatalf("%v (%s; %s)", err, message, hint)
	}
}

// send lets a host's agent tell of a change of a path.
func (w *watch) send(name, path, login, before, after string) {
	w.t.Helper()
	if w.sources[name] == "" {
		w.sources[name] = ids.New("src", w.clock.Now())
		os, err := facts.NewSection("os", facts.OS{Hostname: &name}, nil)
		w.must(err)
		raw, err := json.Marshal(os)
		w.must(err)
		source, now := w.sources[name], w.clock.Now()
		w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
			var none int64
			_, err := w.hosts.ReceiveFacts(w.ctx, tx, host.Batch{Source: source, SourceName: name, Stream: "a", Sequence: now.UnixMicro(), ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now, Digest: os.Digest, Items: []json.RawMessage{raw}})
			return err
		}))
	}
	w.n++
	c := wire.FileChange{ID: fmt.Sprintf("c%d", w.n), Path: path, Change: "changed", Type: "file", Found: "event", Time: w.clock.Now(), Attributes: []string{"sha256"}, Before: map[string]any{"sha256": before}, After: map[string]any{"sha256": after}}
	if login != "" {
		c.Who = &wire.Process{User: "root", LoginUser: login, Exe: "/usr/bin/vim"}
	}
	raw, err := json.Marshal(c)
	w.must(err)
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		return w.files.Receive(w.ctx, tx, integrity.Batch{Source: w.sources[name], Name: name, ObservedAt: w.clock.Now(), ReceivedAt: w.clock.Now(), Items: []json.RawMessage{raw}})
	}))
	w.clock.Advance(10 * time.Minute)
}

func (w *watch) preview(p access.Principal, kind string, items []string, params map[string]string) bulk.Batch {
	w.t.Helper()
	b, err := w.Choose(w.ctx, p, kind, items, "/integrity")
	w.must(err)
	b, err = w.Preview(w.ctx, p, b.ID, params)
	w.must(err)
	return b
}

func (w *watch) line(b bulk.Batch, name string, state bulk.LineState, words ...string) {
	w.t.Helper()
	i := slices.IndexFunc(b.Lines, func(l bulk.Line) bool { return l.Name == name })
	if i < 0 {
		w.t.Errorf("there is no line %s: %+v", name, b.Lines)
		return
	}
	l := b.Lines[i]
	if l.State != state {
		w.t.Errorf("%s is %s, want %s (%s)", name, l.State, state, l.Why)
	}
	for _, s := range words {
		if !strings.Contains(l.About+"|"+l.Why, s) {
			w.t.Errorf("%s does not say %q: %q, %q", name, s, l.About, l.Why)
		}
	}
}

func (w *watch) verify() {
	w.t.Helper()
	w.must(w.log.Publish(w.ctx))
	_, err := ledger.Verify(w.ctx, ledger.VerifyConfig{DB: w.db, Dir: filepath.Join(w.dir, "log"), VerifierKey: w.log.VerifierKey(), Bindings: slices.Concat(bulk.Bindings(), baseline.Bindings(), integrity.Bindings(), ask.Bindings())})
	w.must(err)
}

// Many groups are explained with one reason, by the rules of one: not by who made
// the change, not what was explained or undone, and not what went on meanwhile.
func TestExplainMany(t *testing.T) {
	watches(t, func(w *watch) {
		w.send("web-1", "/etc/motd", "mallory", "a", "b")  // IC-1
		w.send("web-2", "/etc/motd", "mallory", "a", "b")  // IC-2
		w.send("web-1", "/etc/hosts", "bob", "a", "b")     // IC-3, bob's own
		w.send("web-2", "/etc/issue", "mallory", "a", "b") // IC-4, undone
		w.send("web-2", "/etc/issue", "mallory", "b", "a") // IC-5 takes it back
		w.send("web-1", "/usr/bin/top", "", "a", "b")      // IC-6
		all := []string{"IC-1", "ic-2", "IC-3", "IC-4", "IC-5", "IC-6", "IC-77"}
		if _, err := w.Choose(w.ctx, w.eve, "integrity.explain", all, ""); !fault.Is(err, fault.Forbidden) {
			w.t.Errorf("a viewer explains: %v", err)
		}
		made, err := w.Choose(w.ctx, w.bob, "integrity.explain", all, "/integrity")
		w.must(err)
		for field, params := range map[string]map[string]string{"reason": {"reason": " "}, "change": {"reason": "Tidied up.", "change": "CH-9"}} {
			if _, err := w.Preview(w.ctx, w.bob, made.ID, params); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), field) {
				w.t.Errorf("%s: %v", field, err)
			}
		}
		said := map[string]string{"reason": "Mallory's monthly texts, as agreed."}
		p := w.preview(w.bob, "integrity.explain", all, said)
		w.line(p, "IC-1", bulk.Will, "/etc/motd on web-1, by mallory with vim")
		w.line(p, "IC-2", bulk.Will)
		w.line(p, "IC-3", bulk.Cannot, "whoever did this cannot approve")
		w.line(p, "IC-4", bulk.Cannot, "was undone, and needs no explanation")
		w.line(p, "IC-5", bulk.Cannot, "needs no explanation")
		w.line(p, "IC-6", bulk.Will, "by nobody knows whom")
		w.line(p, "IC-77", bulk.Cannot, "there is no")
		if p.Counts.Will != 3 || p.Counts.Cannot != 4 {
			w.t.Errorf("%+v", p.Counts)
		}
		if g, err := w.files.Group(w.ctx, w.eve, "IC-1"); err != nil || g.State != integrity.Open {
			w.t.Errorf("a preview explains: %+v %v", g, err)
		}
		// One goes on meanwhile, and is left alone.
		w.send("web-2", "/etc/motd", "mallory", "b", "a")
		done, err := w.Apply(w.ctx, w.bob, p.ID, p.Seen)
		w.must(err)
		w.line(done, "IC-1", bulk.WasDone)
		w.line(done, "IC-2", bulk.Changed)
		w.line(done, "IC-6", bulk.WasDone)
		g, err := w.files.Group(w.ctx, w.eve, "IC-6")
		w.must(err)
		if g.State != integrity.Explained || g.Decided != w.bob.UserID || len(g.Decisions) != 1 || g.Decisions[0].Reason != said["reason"] || g.Verdict != "unexplained" {
			w.t.Errorf("%+v", g)
		}
		if _, err := w.Undo(w.ctx, w.bob, done.ID); !fault.Is(err, fault.Conflict) {
			w.t.Errorf("what was said of changes is taken back: %v", err)
		}
		// Somebody else explains what was bob's.
		p = w.preview(w.ann, "integrity.explain", []string{"IC-3"}, map[string]string{"reason": "Bob was asked to."})
		done, err = w.Apply(w.ctx, w.ann, p.ID, p.Seen)
		w.must(err)
		w.line(done, "IC-3", bulk.WasDone)
		w.verify()
	})
}

// Many baselines are approved like one: each signed, who is there asked once more,
// and nothing unexplained approved along.
func TestApproveBaselines(t *testing.T) {
	watches(t, func(w *watch) {
		names := []string{"web-1", "web-2", "web-3", "web-4"}
		var hosts []string
		for _, n := range names {
			w.send(n, "/etc/motd", "mallory", "a", "b")
			w.send(n, "/etc/motd", "mallory", "b", "a")
			hosts = append(hosts, w.sources[n])
		}
		_, err := w.baselines.AskFor(w.ctx, w.bob, hosts)
		w.must(err)
		answer := func(name string, result any) {
			w.t.Helper()
			raw, err := json.Marshal(result)
			w.must(err)
			w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
				list, err := w.asks.For(w.ctx, tx, w.sources[name])
				if err != nil {
					return err
				}
				item, err := json.Marshal(wire.Answer{ID: list[0].ID, Kind: list[0].Kind, At: w.clock.Now(), Result: raw})
				if err != nil {
					return err
				}
				return w.asks.Receive(w.ctx, tx, w.sources[name], []json.RawMessage{item})
			}))
		}
		for i, n := range names[:3] {
			answer(n, wire.SnapshotResult{Root: strings.Repeat(fmt.Sprint(i+1), 64), Entries: 10, Files: 9, Made: w.clock.Now()})
		}
		w.send("web-2", "/etc/shadow", "mallory", "a", "b") // open, after its snapshot
		all, said := []string{"BL-1", "BL-2", "BL-3", "BL-4"}, map[string]string{"reason": "As they were built on Monday."}
		stale, program := w.bob, w.bob
		stale.Stale, program.TokenID, program.SessionID = true, "tok_1", ""
		made, err := w.Choose(w.ctx, w.bob, "baselines.approve", all, "/baselines/all")
		w.must(err)
		if _, err := w.Preview(w.ctx, stale, made.ID, said); !access.NeedsProof(err) {
			w.t.Errorf("who is there is not asked: %v", err)
		}
		if _, err := w.Preview(w.ctx, program, made.ID, said); !fault.Is(err, fault.Forbidden) {
			w.t.Errorf("a token approves: %v", err)
		}
		if _, err := w.Preview(w.ctx, w.bob, made.ID, nil); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "reason") {
			w.t.Errorf("no reason: %v", err)
		}
		p := w.preview(w.bob, "baselines.approve", all, said)
		w.line(p, "BL-1", bulk.Will, "web-1, root 1111111111111111…, 10 entries", "1 unexplained", "1 taken back")
		w.line(p, "BL-2", bulk.Cannot, "1 unexplained groups of changes lie open on web-2", "explain them")
		w.line(p, "BL-3", bulk.Will)
		w.line(p, "BL-4", bulk.Cannot, "web-4, not made", "has not answered")
		if _, err := w.Apply(w.ctx, stale, p.ID, p.Seen); !access.NeedsProof(err) {
			w.t.Errorf("who is there is not asked: %v", err)
		}
		_, err = w.baselines.Refuse(w.ctx, w.ann, "BL-3", 0, "Built from a wrong image.")
		w.must(err)
		done, err := w.Apply(w.ctx, w.bob, p.ID, p.Seen)
		w.must(err)
		w.line(done, "BL-1", bulk.WasDone)
		w.line(done, "BL-3", bulk.Changed)
		if done.Counts.Done != 1 || !done.UndoUntil.IsZero() {
			w.t.Errorf("%+v", done)
		}
		o, err := w.baselines.Get(w.ctx, w.eve, "BL-1")
		w.must(err)
		var args wire.AskAcceptArgs
		w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
			list, err := w.asks.For(w.ctx, tx, w.sources["web-1"])
			if err != nil {
				return err
			}
			return json.Unmarshal(list[0].Args, &args)
		}))
		key, err := base64.StdEncoding.DecodeString(args.Keys[0])
		w.must(err)
		text, err := approval.Verify(o.Content.Approval, ed25519.PublicKey(key))
		w.must(err)
		if o.Content.State != baseline.Approved || text.By != w.bob.UserID || text.Root != strings.Repeat("1", 64) || text.Reason != approval.Reason(said["reason"]) || args.Approval != o.Content.Approval {
			w.t.Errorf("%+v %+v", o.Content, text)
		}
		w.verify()
	})
}
