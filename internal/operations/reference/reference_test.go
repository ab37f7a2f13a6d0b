package reference_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
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
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/operations/reference"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/wire"
)

type world struct {
	*reference.Service
	t             *testing.T
	ctx           context.Context
	db            *database.DB
	log           *ledger.Log
	dir           string
	clock         *clock.Manual
	hosts         *host.Service
	components    *component.Service
	asks          *ask.Service
	files         *integrity.Service
	baselines     *baseline.Service
	ann, bob, eve access.Principal
	sources       map[string]string
	seq           int64
}

func begin(t *testing.T, db *database.DB) *world {
	w := &world{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), dir: t.TempDir(), sources: map[string]string{}}
	var err error
	w.log, err = ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(w.dir, "log"), KeyFile: filepath.Join(w.dir, "key"), Clock: w.clock.Now})
	w.must(err)
	t.Cleanup(func() { w.log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(w.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		w.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role, SessionID: "ses_" + login}
	}
	w.ann, w.bob, w.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Viewer)
	standards, err := standard.New(standard.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	w.hosts, err = host.New(host.Config{DB: db, Ledger: w.log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: w.log, Clock: w.clock.Now}), Findings: finding.New(finding.Config{DB: db, Ledger: w.log, Clock: w.clock.Now}), Clock: w.clock.Now,
		Changed: func(ctx context.Context, tx *sql.Tx, news host.News) error {
			return w.components.Changed(ctx, tx, news)
		}})
	w.must(err)
	key, err := sealed.Open(filepath.Join(w.dir, "sealed.key"))
	w.must(err)
	changes := change.New(change.Config{DB: db, Ledger: w.log, Sealed: key, Hosts: w.hosts, Version: "test", Clock: w.clock.Now})
	w.asks = ask.New(ask.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.files = integrity.New(integrity.Config{DB: db, Ledger: w.log, Hosts: w.hosts, Changes: changes, Clock: w.clock.Now, Version: "test"})
	w.baselines = baseline.New(baseline.Config{DB: db, Ledger: w.log, Asks: w.asks, Integrity: w.files, Changes: changes, Clock: w.clock.Now})
	w.components = component.New(component.Config{DB: db, Ledger: w.log, Hosts: w.hosts, Clock: w.clock.Now, Version: "test",
		References: func(ctx context.Context, tx *sql.Tx) ([]component.Reference, error) { return w.InForce(ctx, tx) }})
	w.Service = reference.New(reference.Config{DB: db, Ledger: w.log, Hosts: w.hosts, Components: w.components, Integrity: w.files, Baselines: w.baselines, Clock: w.clock.Now})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, kind fault.Kind, want string) {
	w.t.Helper()
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error()+" at "+fe.Field, want) {
		w.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

// has lets a host report its accounts.
func (w *world) has(name string, accounts ...string) {
	w.t.Helper()
	var list []string
	for i, n := range accounts {
		list = append(list, fmt.Sprintf(`{"name":%q,"uid":%d,"gid":100,"home":"/h","shell":"/bin/sh","login":true,"system":false,"shadowed":true}`, n, 1000+i))
	}
	w.report(name, `{"accounts":[`+strings.Join(list, ",")+`],"groups":[],"sudo":{"rules":[]}}`)
}

func (w *world) report(name, values string, missing ...facts.Missing) {
	w.t.Helper()
	if w.sources[name] == "" {
		w.sources[name] = ids.New("src", w.clock.Now())
	}
	sec, err := facts.NewSection("users", json.RawMessage(values), missing)
	w.must(err)
	raw, err := json.Marshal(sec)
	w.must(err)
	w.send(name, w.hosts.ReceiveFacts, raw)
}

func (w *world) beat(name string) {
	w.t.Helper()
	raw, err := json.Marshal(wire.Heartbeat{Sections: map[string]string{}})
	w.must(err)
	w.send(name, w.hosts.ReceiveHeartbeat, raw)
}

func (w *world) send(name string, receive func(context.Context, *sql.Tx, host.Batch) ([]string, error), raw json.RawMessage) {
	w.t.Helper()
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		var none int64
		now := w.clock.Now()
		w.seq++
		_, err := receive(w.ctx, tx, host.Batch{Source: w.sources[name], SourceName: name, Stream: "a", Sequence: w.seq, ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now, Digest: fmt.Sprint(w.seq), Items: []json.RawMessage{raw}})
		return err
	}))
}

func (w *world) id(name string) string {
	w.t.Helper()
	h, err := w.hosts.Get(w.ctx, w.sources[name])
	w.must(err)
	return h.ID
}

func (w *world) account(name string) *component.Component {
	w.t.Helper()
	list, _, _, err := w.components.List(w.ctx, w.eve, component.Filter{Kind: component.User, Query: name}, "", 10)
	w.must(err)
	if len(list) != 1 {
		w.t.Fatalf("%d accounts are called %s", len(list), name)
	}
	return list[0]
}

func (w *world) is(name string, state component.State, why string) {
	w.t.Helper()
	if c := w.account(name); c.State != state || !strings.Contains(c.Why, why) {
		w.t.Errorf("%s is %s (%s), want %s: %s", name, c.State, c.Why, state, why)
	}
}

func (w *world) member(ref, name string) reference.Member {
	w.t.Helper()
	v, err := w.Get(w.ctx, w.eve, ref)
	w.must(err)
	i := slices.IndexFunc(v.Members, func(m reference.Member) bool { return m.Name == name })
	if i < 0 {
		w.t.Fatalf("%s has no member %s: %+v", ref, name, v.Members)
	}
	return v.Members[i]
}

func names(list []*component.Component) string {
	var out []string
	for _, c := range list {
		out = append(out, c.Name)
	}
	return strings.Join(out, " ")
}

func (w *world) verify() {
	w.t.Helper()
	w.must(w.log.Publish(w.ctx))
	_, err := ledger.Verify(w.ctx, ledger.VerifyConfig{DB: w.db, Dir: filepath.Join(w.dir, "log"), VerifierKey: w.log.VerifierKey(), Bindings: append(append(reference.Bindings(), component.Bindings()...), baseline.Bindings()...)})
	w.must(err)
}

// What the reference has and is approved there is approved for its group; what a
// member has beyond it is not, and what it lacks is said. A reference that is silent
// makes nothing pass.
func TestComponentsOfAGroup(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		w.has("web-1", "root", "deploy", "ann", "spare")
		w.has("web-2", "root", "deploy", "ann", "mallory")
		w.has("web-3", "root", "deploy", "ann", "spare")
		w.has("db-1", "root", "deploy")
		w.must(w.components.Turn(w.ctx))
		said := reference.Said{Name: "web servers", Host: w.id("web-1"), Group: "web-*", Reason: "it was set up by the script that all come from"}

		// Who may not, and what is wrong.
		_, err := w.Declare(w.ctx, w.eve, said)
		w.refused(err, fault.Forbidden, "")
		stale := w.bob
		stale.Stale = true
		_, err = w.Declare(w.ctx, stale, said)
		w.refused(err, fault.Forbidden, "once more")
		_, err = w.Declare(w.ctx, access.System(), said)
		w.refused(err, fault.Forbidden, "a named person")
		for _, c := range []struct {
			change func(*reference.Said)
			want   string
		}{
			{func(x *reference.Said) { x.Host = "hst_none" }, "host"}, {func(x *reference.Said) { x.Group = " , " }, "group"}, {func(x *reference.Said) { x.Group = "web-[" }, "group"},
			{func(x *reference.Said) { x.Name = "" }, "name"}, {func(x *reference.Said) { x.Reason = "" }, "reason"},
		} {
			x := said
			c.change(&x)
			_, err = w.Declare(w.ctx, w.ann, x)
			w.refused(err, fault.Invalid, " at "+c.want)
		}

		// A preview changes nothing.
		p, err := w.Preview(w.ctx, w.bob, said)
		w.must(err)
		if len(p.Members) != 2 || p.Waits != 4 || p.Members[0].Outcome != reference.Differs {
			t.Errorf("%+v", p)
		}
		if list, err := w.List(w.ctx, w.eve, true); err != nil || len(list) != 0 {
			t.Errorf("%+v %v", list, err)
		}

		// Approved on the reference, it is approved for the group alone.
		o, err := w.Declare(w.ctx, w.ann, said)
		w.must(err)
		_, err = w.Declare(w.ctx, w.ann, said)
		w.refused(err, fault.Conflict, "already")
		prop, err := w.components.Propose(w.ctx, w.bob, component.Learn{Host: w.id("web-1")})
		w.must(err)
		_, _, err = w.components.ApproveProposal(w.ctx, w.bob, component.Learn{Host: w.id("web-1")}, prop.Seen, component.Said{Owner: "operations", Reason: "the reference of web servers", Scope: "web-1"})
		w.must(err)
		w.is("spare", component.Allowed, "on web-3 because web-1, the reference ("+o.Ref+"), has it")
		w.is("deploy", component.Fresh, "it is on db-1")
		w.is("mallory", component.Fresh, "nobody approved it; it is on web-2")
		w.is("ann", component.Fresh, "it is on web-2, web-3") // she declared it: her own account waits for another's word

		// The lists of one member.
		if m := w.member(o.Ref, "web-2"); m.Outcome != reference.Differs || m.Beyond != 1 || m.Open != 1 || m.Lacks != 1 || m.Same != 3 {
			t.Errorf("%+v", m)
		}
		if m := w.member(o.Ref, "web-3"); m.Outcome != reference.Same || m.Same != 4 {
			t.Errorf("%+v", m)
		}
		d, err := w.Differ(w.ctx, w.eve, o.Ref, w.id("web-2"))
		w.must(err)
		if names(d.Is.Beyond) != "mallory" || names(d.Is.Lacks) != "spare" || d.Is.Equal != 2 || d.Is.Parts != 3 {
			t.Errorf("%+v", d.Is)
		}
		_, err = w.Differ(w.ctx, w.eve, o.Ref, w.id("db-1"))
		w.refused(err, fault.NotFound, "no member")

		// What the reference loses is approved by it no more.
		w.has("web-1", "root", "deploy", "ann")
		w.is("spare", component.Fresh, "it is on web-3")
		w.has("web-1", "root", "deploy", "ann", "spare")
		w.is("spare", component.Allowed, "because web-1")

		// What cannot be read is in neither list.
		w.report("web-3", `{"groups":[],"sudo":{"rules":[]}}`, facts.Missing{Path: "/accounts", State: facts.Error, Reason: "needs root"})
		if m := w.member(o.Ref, "web-3"); m.Outcome != reference.NotObserved || m.Lacks != 0 || !strings.Contains(m.Why, "needs root") {
			t.Errorf("%+v", m)
		}
		w.has("web-3", "root", "deploy", "ann", "spare")

		// The reference falls silent: nothing passes by it.
		w.clock.Advance(time.Hour)
		for _, n := range []string{"web-2", "web-3", "db-1"} {
			w.beat(n)
		}
		_, err = w.hosts.Sweep(w.ctx)
		w.must(err)
		w.must(w.components.Turn(w.ctx))
		w.is("spare", component.Unknown, "and web-1 is silent since")
		if m := w.member(o.Ref, "web-3"); m.Outcome != reference.NotObserved || !strings.Contains(m.Why, "web-1 is silent") {
			t.Errorf("%+v", m)
		}

		// Another takes its place, and the history keeps who and when.
		_, err = w.Replace(w.ctx, w.bob, o.Ref, 99, reference.Said{Host: w.id("web-3"), Reason: "web-1 is gone for good"})
		w.refused(err, fault.Conflict, "meanwhile")
		r, err := w.Replace(w.ctx, w.bob, o.Ref, 0, reference.Said{Host: w.id("web-3"), Reason: "web-1 is gone for good"})
		w.must(err)
		if r.Content.HostName != "web-3" || r.Content.Group != "web-*" || r.Content.By != w.bob.UserID {
			t.Errorf("%+v", r)
		}
		w.is("spare", component.Fresh, "it is on web-3") // approved for web-1 only
		v, err := w.Get(w.ctx, w.eve, o.Ref)
		w.must(err)
		var steps []string
		for _, s := range v.History {
			steps = append(steps, s.Step+" "+s.Content.HostName+" "+s.By)
		}
		if strings.Join(steps, ", ") != "declared web-1 "+w.ann.UserID+", replaced web-3 "+w.bob.UserID {
			t.Error(steps)
		}
		_, err = w.End(w.ctx, w.bob, o.Ref, 0, "no more web servers")
		w.must(err)
		_, err = w.End(w.ctx, w.bob, o.Ref, 0, "no more web servers")
		w.refused(err, fault.Conflict, "ended already")
		_, err = w.Replace(w.ctx, w.bob, o.Ref, 0, said)
		w.refused(err, fault.Conflict, "ended")
		w.verify()
	})
}
