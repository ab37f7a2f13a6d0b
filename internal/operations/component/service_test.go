package component_test

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
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/wire"
	"github.com/attesta/attesta/packs"
)

type world struct {
	*component.Service
	t             testing.TB
	ctx           context.Context
	db            *database.DB
	log           *ledger.Log
	clock         *clock.Manual
	hosts         *host.Service
	findings      *finding.Service
	ann, bob, eve access.Principal
	seq           int64
	dir           string
}

func begin(t testing.TB, db *database.DB) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC))}
	w.dir = t.TempDir()
	dir := w.dir
	var err error
	w.log, err = ledger.Open(w.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: w.clock.Now})
	w.must(err)
	t.Cleanup(func() { w.log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(w.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		w.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	w.ann, w.bob, w.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Viewer)
	standards, err := standard.New(standard.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	pack, err := packs.OpenStandard("components")
	w.must(err)
	_, err = standards.Install(w.ctx, access.System(), pack)
	w.must(err)
	w.findings = finding.New(finding.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.hosts, err = host.New(host.Config{DB: db, Ledger: w.log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: w.log, Clock: w.clock.Now}), Findings: w.findings, Clock: w.clock.Now,
		Changed: func(ctx context.Context, tx *sql.Tx, news host.News) error { return w.Service.Changed(ctx, tx, news) }})
	w.must(err)
	w.restart()
	return w
}

func (w *world) restart() {
	w.Service = component.New(component.Config{DB: w.db, Ledger: w.log, Hosts: w.hosts, Clock: w.clock.Now, Version: "test"})
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

// report lets a host say one section.
func (w *world) report(name, section, values string, missing ...facts.Missing) {
	w.t.Helper()
	sec, err := facts.NewSection(section, json.RawMessage(values), missing)
	w.must(err)
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		raw, err := json.Marshal(sec)
		if err != nil {
			return err
		}
		var none int64
		now := w.clock.Now()
		w.seq++
		_, err = w.hosts.ReceiveFacts(w.ctx, tx, host.Batch{Source: "src_" + name, SourceName: name, Stream: "a", Sequence: w.seq, ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now, Digest: fmt.Sprint(w.seq), Items: []json.RawMessage{raw}})
		return err
	}))
}

func (w *world) beat(names ...string) {
	w.t.Helper()
	for _, name := range names {
		w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
			raw, err := json.Marshal(wire.Heartbeat{Sections: map[string]string{}})
			if err != nil {
				return err
			}
			var none int64
			now := w.clock.Now()
			w.seq++
			_, err = w.hosts.ReceiveHeartbeat(w.ctx, tx, host.Batch{Source: "src_" + name, SourceName: name, Stream: "a", Sequence: w.seq, ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now, Digest: fmt.Sprint(w.seq), Items: []json.RawMessage{raw}})
			return err
		}))
	}
}

func users(names ...string) string {
	var list []string
	for i, n := range names {
		list = append(list, fmt.Sprintf(`{"name":%q,"uid":%d,"gid":100,"home":"/h","shell":"/bin/sh","login":true,"system":false,"shadowed":true}`, n, 1000+i))
	}
	return `{"accounts":[` + strings.Join(list, ",") + `],"groups":[],"sudo":{"rules":[]}}`
}

func (w *world) of(kind component.Kind, name string) *component.View {
	w.t.Helper()
	list, _, _, err := w.List(w.ctx, w.eve, component.Filter{Kind: kind, Query: name}, "", 10)
	w.must(err)
	if len(list) != 1 {
		w.t.Fatalf("%d components of kind %s are called %s", len(list), kind, name)
	}
	v, err := w.Get(w.ctx, w.eve, list[0].ID)
	w.must(err)
	return v
}

// open gives the titles of findings that are open, with their items.
func (w *world) open() (out []string) {
	w.t.Helper()
	list, err := w.findings.List(w.ctx, finding.Filter{}, "", "", 100)
	w.must(err)
	for _, f := range list.Findings {
		if f.State == finding.Open || f.State == finding.Acknowledged {
			out = append(out, f.Check+" "+f.ItemName)
		}
	}
	return out
}

func (w *world) wantOpen(want ...string) {
	w.t.Helper()
	if got := w.open(); strings.Join(got, "; ") != strings.Join(want, "; ") {
		w.t.Errorf("open findings: %q, want %q", got, want)
	}
}

var approval = component.Said{What: component.Approved, Owner: "operations", Reason: "needed for deployments"}

// From nothing to a baseline, a finding in the transaction of the batch, and both ways
// of closing it.
func TestRegister(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		w.report("web-1", "users", users("root", "ann", "deploy"))
		w.must(w.Turn(w.ctx))
		w.wantOpen() // nobody approved anything: nothing is judged
		if v := w.of(component.User, "deploy"); v.State != component.Learning || v.Why != "no baseline of accounts is approved yet" || len(v.Places) != 1 || v.Places[0].Name != "web-1" {
			t.Fatalf("%+v", v)
		}

		// A proposal from a reference host, approved by a person who is not one of it.
		h, err := w.hosts.Get(w.ctx, "src_web-1")
		w.must(err)
		_, err = w.Propose(w.ctx, w.eve, component.Learn{Host: h.ID})
		w.refused(err, fault.Forbidden, "")
		prop, err := w.Propose(w.ctx, w.bob, component.Learn{Host: h.ID})
		w.must(err)
		if prop.Kinds[component.User] != 3 || prop.Left[component.User] != 0 {
			t.Fatalf("%+v", prop)
		}
		_, _, err = w.ApproveProposal(w.ctx, w.bob, component.Learn{Host: h.ID}, "another", approval)
		w.refused(err, fault.Conflict, "changed since the preview")
		_, _, err = w.ApproveProposal(w.ctx, w.bob, component.Learn{Host: h.ID}, prop.Seen, component.Said{Owner: "operations"})
		w.refused(err, fault.Invalid, "reason")
		_, _, err = w.ApproveProposal(w.ctx, access.System(), component.Learn{Host: h.ID}, prop.Seen, approval)
		w.refused(err, fault.Forbidden, "a named person")
		approved, own, err := w.ApproveProposal(w.ctx, w.ann, component.Learn{Host: h.ID}, prop.Seen, approval)
		w.must(err)
		if approved != 2 || own != 1 {
			t.Errorf("%d approved, %d of one's own", approved, own)
		}
		w.wantOpen("components/accounts-approved account ann") // her own stays for another person
		w.refused(w.Say(w.ctx, w.ann, []string{w.of(component.User, "ann").ID}, approval), fault.Forbidden, "")
		w.must(w.Say(w.ctx, w.bob, []string{w.of(component.User, "ann").ID}, approval))
		w.wantOpen()

		// An account more: a finding at once. Approved: cleared at once.
		w.clock.Advance(time.Minute)
		w.report("web-1", "users", users("root", "ann", "deploy", "mallory"))
		w.wantOpen("components/accounts-approved account mallory")
		m := w.of(component.User, "mallory")
		if m.State != component.Fresh || m.Why != "nobody approved it; it is on web-1" || len(m.Events) != 1 || m.Events[0].What != "appeared" {
			t.Errorf("%+v", m)
		}
		w.must(w.Say(w.ctx, w.ann, []string{m.ID}, component.Said{What: component.Approved, Owner: "ops", Reason: "a visitor", Expires: w.clock.Now().Add(48 * time.Hour)}))
		w.wantOpen()

		// The approval ends: a finding again. Refused, and observed gone: cleared.
		w.clock.Advance(49 * time.Hour)
		w.beat("web-1")
		w.must(w.Turn(w.ctx))
		w.wantOpen("components/accounts-approved account mallory")
		if v := w.of(component.User, "mallory"); v.State != component.Expired {
			t.Errorf("%s: %s", v.State, v.Why)
		}
		w.must(w.Say(w.ctx, w.bob, []string{m.ID}, component.Said{What: component.Refused, Reason: "the visit is over"}))
		w.wantOpen("components/accounts-approved account mallory")
		w.clock.Advance(time.Minute)
		w.report("web-1", "users", users("root", "ann", "deploy"))
		w.wantOpen()
		if v := w.of(component.User, "mallory"); v.State != component.Gone || !strings.HasPrefix(v.Why, "it is nowhere any more: web-1 had it last") || len(v.Places) != 0 {
			t.Errorf("%s: %s", v.State, v.Why)
		}

		// Back again: the refusal still holds.
		w.clock.Advance(time.Minute)
		w.report("web-1", "users", users("root", "ann", "deploy", "mallory"))
		if v := w.of(component.User, "mallory"); v.State != component.Rejected {
			t.Errorf("%s: %s", v.State, v.Why)
		}
		w.wantOpen("components/accounts-approved account mallory")
		w.holds()
	})
}

// holds has the ledger verified with its bindings.
func (w *world) holds() {
	w.t.Helper()
	w.must(w.log.Publish(w.ctx))
	_, err := ledger.Verify(w.ctx, ledger.VerifyConfig{DB: w.db, Dir: filepath.Join(w.dir, "log"), VerifierKey: w.log.VerifierKey(), Bindings: slices.Concat(component.Bindings(), host.Bindings(), finding.Bindings(), outcome.Bindings(), standard.Bindings(), access.Bindings())})
	w.must(err)
}

// What cannot be read, and a host that is silent, have nothing gone.
func TestUnreadableIsNotGone(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		w.report("web-1", "users", users("root"))
		w.must(w.Say(w.ctx, w.bob, []string{w.of(component.User, "root").ID}, approval))
		w.report("web-1", "users", users("root", "mallory"))
		w.wantOpen("components/accounts-approved account mallory")
		w.clock.Advance(time.Minute)
		w.report("web-1", "users", `{"groups":[]}`, facts.Missing{Path: "/accounts", State: facts.Error, Reason: "permission denied"}, facts.Missing{Path: "/sudo", State: facts.Absent, Reason: "sudo is not installed"})
		m := w.of(component.User, "mallory")
		if m.State != component.Unknown || !strings.Contains(m.Why, "on web-1 it cannot be looked at: permission denied") || len(m.Places) != 1 {
			t.Errorf("%s: %s", m.State, m.Why)
		}
		w.clock.Advance(time.Minute)
		w.report("web-1", "users", users("root", "mallory"))
		if v := w.of(component.User, "mallory"); v.State != component.Fresh {
			t.Errorf("%s: %s", v.State, v.Why)
		}
		w.must(w.Turn(w.ctx))
		w.clock.Advance(10 * time.Minute)
		_, err := w.hosts.Sweep(w.ctx)
		w.must(err)
		w.must(w.Turn(w.ctx))
		if v := w.of(component.User, "mallory"); v.State != component.Unknown || !strings.Contains(v.Why, "web-1, where it was, is silent since") {
			t.Errorf("%s: %s", v.State, v.Why)
		}
		w.beat("web-1")
		w.must(w.Turn(w.ctx))
		if v := w.of(component.User, "mallory"); v.State != component.Fresh {
			t.Errorf("heard again: %s: %s", v.State, v.Why)
		}
		h, err := w.hosts.Get(w.ctx, "src_web-1")
		w.must(err)
		w.clock.Advance(time.Second)
		w.must(w.hosts.Retire(w.ctx, w.bob, h.ID, "switched off for good"))
		w.must(w.Turn(w.ctx))
		if v := w.of(component.User, "mallory"); v.State != component.Left {
			t.Errorf("retired: %s: %s", v.State, v.Why)
		}
		w.must(w.Turn(w.ctx))
	})
}

// An approval for some hosts is none for others, and questions wait for an answer.
func TestScopeAndQuestions(t *testing.T) {
	w := begin(t, databasetest.SQLite(t))
	w.report("web-1", "users", users("root"))
	w.report("db-1", "users", users("root"))
	root := w.of(component.User, "root")
	if root.Hosts != 2 {
		t.Fatalf("on %d hosts", root.Hosts)
	}
	said := approval
	said.Scope = "web-*"
	w.must(w.Say(w.ctx, w.bob, []string{root.ID}, said))
	if v := w.of(component.User, "root"); v.State != component.Fresh || v.Why != "its approval is for other hosts; it is on db-1" {
		t.Errorf("%s: %s", v.State, v.Why)
	}
	w.refused(w.Say(w.ctx, w.bob, []string{root.ID}, component.Said{What: component.Asked, Reason: "Is it yours?", To: "nobody"}), fault.Invalid, "to")
	w.must(w.Say(w.ctx, w.bob, []string{root.ID}, component.Said{What: component.Asked, Reason: "Is it yours?", To: "ann"}))
	if list, _, _, err := w.List(w.ctx, w.eve, component.Filter{Asked: true}, "", 10); err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
	w.refused(w.Say(w.ctx, w.eve, []string{root.ID}, component.Said{What: component.Answered, Reason: "no"}), fault.Forbidden, "")
	w.must(w.Say(w.ctx, w.ann, []string{root.ID}, component.Said{What: component.Answered, Reason: "Yes, it is."}))
	w.refused(w.Say(w.ctx, w.ann, []string{root.ID}, component.Said{What: component.Answered, Reason: "Yes, it is."}), fault.Conflict, "no question")
	said.Scope = "db-1"
	w.must(w.Say(w.ctx, w.bob, []string{root.ID}, said))
	if v := w.of(component.User, "root"); v.State != component.Allowed || len(v.Decisions) != 4 {
		t.Errorf("%s: %s", v.State, v.Why)
	}
	w.wantOpen()
	w.report("cache-1", "users", users("root")) // a host that equals the others, beyond the scope
	w.wantOpen("components/accounts-approved account root")
	said.Scope = "["
	w.refused(w.Say(w.ctx, w.bob, []string{root.ID}, said), fault.Invalid, "scope")
	stale := w.bob
	stale.Stale = true
	w.refused(w.Say(w.ctx, stale, []string{root.ID}, approval), fault.Forbidden, "who you are")
	w.holds()
}

// A machine on the link is a finding, unless it is a host with an agent.
func TestMachines(t *testing.T) {
	w := begin(t, databasetest.SQLite(t))
	link := func(macs ...string) string {
		var list []string
		for i, m := range macs {
			list = append(list, fmt.Sprintf(`{"address":"192.0.2.%d","mac":%q,"interface":"eth0","state":"learned","router":false}`, i+1, m))
		}
		return `{"entries":[` + strings.Join(list, ",") + `]}`
	}
	w.report("web-1", "neighbours", link("52:54:00:00:00:01"))
	w.must(w.Say(w.ctx, w.bob, []string{w.of(component.Machine, "00:01").ID}, approval))
	w.report("web-1", "neighbours", link("52:54:00:00:00:01", "52:54:00:00:00:02"))
	w.wantOpen("components/machines-known machine on a link 52:54:00:00:00:02")
	w.report("db-1", "network", `{"interfaces":[{"name":"eth0","kind":"ethernet","mac":"52:54:00:00:00:02","addresses":[],"up":true,"state":"up","mtu":1500,"container":false}],"routes":[]}`)
	w.wantOpen()
	if v := w.of(component.Machine, "00:02"); v.State != component.Recognised || v.Why != "it is db-1, which has an agent" {
		t.Errorf("%s: %s", v.State, v.Why)
	}
}

// What an auditor draws: components with what was decided, as it was then.
func TestPopulation(t *testing.T) {
	w := begin(t, databasetest.SQLite(t))
	w.report("web-1", "users", users("root", "mallory"))
	begun := w.clock.Now()
	w.clock.Advance(time.Hour)
	w.must(w.Say(w.ctx, w.bob, []string{w.of(component.User, "root").ID}, approval))
	w.clock.Advance(time.Hour)
	w.report("web-1", "users", users("root"))
	read := func(at time.Time) map[string]string {
		items, err := w.PopulationSource().Read(w.ctx, population.Request{From: begun, At: outcome.At{Valid: at, Known: -1}})
		w.must(err)
		out := map[string]string{}
		for _, i := range items {
			out[i.Attributes["name"].(string)] = fmt.Sprint(i.Attributes["decision"], " ", i.Dates["present"][0].To.IsZero())
		}
		return out
	}
	if got := fmt.Sprint(read(begun.Add(time.Minute))); got != "map[mallory:none true root:none true]" {
		t.Error(got)
	}
	if got := fmt.Sprint(read(w.clock.Now())); got != "map[mallory:none false root:approved true]" {
		t.Error(got)
	}
}

// Equal hosts share a set: the hundredth costs what the second did, and a change that
// all of them make makes one set more, for a while.
func TestEqualHosts(t *testing.T) {
	w := begin(t, databasetest.SQLite(t))
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("user%d", i))
	}
	rows := func() (sets, members int) {
		w.must(w.db.Reader().QueryRowContext(w.ctx, `SELECT (SELECT COUNT(*) FROM component_set), (SELECT COUNT(*) FROM component_member)`).Scan(&sets, &members))
		return sets, members
	}
	for i := range 40 {
		w.report(fmt.Sprintf("web-%d", i), "users", users(many...))
	}
	if sets, members := rows(); sets != 3 || members != 300 {
		t.Errorf("%d sets with %d members", sets, members)
	}
	prop, err := w.Propose(w.ctx, w.bob, component.Learn{From: w.clock.Now().Add(-time.Hour)})
	w.must(err)
	if _, _, err := w.ApproveProposal(w.ctx, w.bob, component.Learn{From: w.clock.Now().Add(-time.Hour)}, prop.Seen, approval); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	for i := range 40 {
		w.report(fmt.Sprintf("web-%d", i), "users", users(append(many, "mallory")...))
	}
	if sets, members := rows(); sets != 3 || members != 301 {
		t.Errorf("after the change %d sets with %d members", sets, members)
	}
	w.wantOpen("components/accounts-approved account mallory")
	if v := w.of(component.User, "mallory"); v.Hosts != 40 || !strings.HasSuffix(v.Why, "and 37 more") {
		t.Errorf("%d hosts: %s", v.Hosts, v.Why)
	}
	w.restart()
	w.must(w.Turn(w.ctx))
	w.wantOpen("components/accounts-approved account mallory")
}

// A kind of which there is nothing is approved as such: the first of it is a finding,
// and the finding says how it was cleared.
func TestNoneOfAKind(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		keys := func(prints ...string) string {
			var list []string
			for _, p := range prints {
				list = append(list, fmt.Sprintf(`{"fingerprint":%q,"type":"ssh-ed25519","file":"/root/.ssh/authorized_keys","line":1}`, p))
			}
			return `{"accounts":[{"name":"root","authorized":[` + strings.Join(list, ",") + `]}]}`
		}
		w.report("web-1", "ssh_keys", keys())
		w.must(w.Turn(w.ctx))
		learn := component.Learn{Kinds: []component.Kind{component.SSHKey}, From: w.clock.Now().Add(-time.Hour)}
		all, err := w.Propose(w.ctx, w.bob, component.Learn{From: learn.From})
		w.must(err)
		if len(all.None) > 0 {
			t.Errorf("without a kind none is approved by itself: %v", all.None)
		}
		prop, err := w.Propose(w.ctx, w.bob, learn)
		w.must(err)
		if len(prop.Components) != 0 || !slices.Equal(prop.None, []component.Kind{component.SSHKey}) {
			t.Fatalf("%+v", prop)
		}
		_, _, err = w.ApproveProposal(w.ctx, w.bob, learn, all.Seen, approval)
		w.refused(err, fault.Conflict, "changed since the preview")
		n, own, err := w.ApproveProposal(w.ctx, w.bob, learn, prop.Seen, approval)
		w.must(err)
		if n != 0 || own != 0 {
			t.Errorf("%d approved, %d own", n, own)
		}
		_, err = w.Propose(w.ctx, w.bob, learn)
		w.must(err)
		_, _, err = w.ApproveProposal(w.ctx, w.bob, learn, "", approval)
		w.refused(err, fault.Conflict, "nothing to approve")

		w.clock.Advance(time.Minute)
		w.report("web-1", "ssh_keys", keys("SHA256:a", "SHA256:b"))
		w.wantOpen("components/ssh-keys-approved SSH key SHA256:a for root", "components/ssh-keys-approved SSH key SHA256:b for root")
		w.must(w.Say(w.ctx, w.bob, []string{w.of(component.SSHKey, "SHA256:a").ID}, approval))
		w.clock.Advance(time.Minute)
		w.report("web-1", "ssh_keys", keys("SHA256:a"))
		w.wantOpen()
		page, err := w.findings.List(w.ctx, finding.Filter{States: []finding.State{finding.Closed}}, finding.ByNumber, "", 10)
		w.must(err)
		for _, f := range page.Findings {
			want := "operations answers for it"
			if strings.Contains(f.ItemName, "SHA256:b") {
				want = "it is nowhere any more: web-1 had it last"
			}
			if !strings.Contains(f.Reason, want) {
				t.Errorf("%s closed since %q, want %q", f.ItemName, f.Reason, want)
			}
		}
		if len(page.Findings) != 2 {
			t.Errorf("%d findings closed", len(page.Findings))
		}
		w.must(w.log.Publish(w.ctx))
		_, err = ledger.Verify(w.ctx, ledger.VerifyConfig{DB: db, Dir: filepath.Join(w.dir, "log"), VerifierKey: w.log.VerifierKey(), Bindings: component.Bindings()})
		w.must(err)
	})
}

// A package from a file has an approval only where somebody said that it may come from
// one, for this host, before it came, and has not taken it back.
func TestPackageFromFile(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		w.report("web-1", "packages", `{"managers":["dpkg"],"count":2,"by_name":{"tool":{"name":"tool","version":"1","arch":"amd64","manager":"dpkg"},"nginx":{"name":"nginx","version":"1.2","arch":"amd64","manager":"dpkg"}}}`)
		tool, nginx := w.of(component.Package, "tool"), w.of(component.Package, "nginx")
		from := func(host, name string, at time.Time) string {
			t.Helper()
			said, err := w.PackageFrom(w.ctx, db.Reader(), host, "dpkg", name, at)
			w.must(err)
			return said
		}
		before := w.clock.Now()
		w.clock.Advance(time.Minute)
		w.must(w.Say(w.ctx, w.bob, []string{tool.ID, nginx.ID}, approval))
		now := func() time.Time { return w.clock.Now() }
		if got := from("web-1", "nginx", now()); got != "" {
			t.Errorf("an approval of what a repository brings approves a file: %s", got)
		}
		w.clock.Advance(time.Minute)
		x := approval
		x.FromFile, x.Scope, x.Expires = true, "web-*", now().Add(24*time.Hour)
		w.must(w.Say(w.ctx, w.bob, []string{tool.ID}, x))
		if got, want := from("web-1", "tool", now()), "component "+tool.ID+" (decision 2)"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		for what, got := range map[string]string{
			"another host":            from("db-1", "tool", now()),
			"a file that came before": from("web-1", "tool", before),
			"another package":         from("web-1", "nginx", now()),
			"nobody ever saw it":      from("web-1", "other", now()),
		} {
			if got != "" {
				t.Errorf("%s: %s", what, got)
			}
		}
		came := now()
		w.must(w.log.Publish(w.ctx))
		_, err := ledger.Verify(w.ctx, ledger.VerifyConfig{DB: db, Dir: filepath.Join(w.dir, "log"), VerifierKey: w.log.VerifierKey(), Bindings: component.Bindings()})
		w.must(err)
		w.clock.Advance(time.Minute)
		w.must(w.Say(w.ctx, w.bob, []string{tool.ID}, component.Said{What: component.Refused, Reason: "it is not needed any more"}))
		if got := from("web-1", "tool", came); got != "" {
			t.Errorf("refused since: %s", got)
		}
		w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(w.ctx, `UPDATE component_decision SET from_file = 1 WHERE what = 'approved'`)
			return err
		}))
		if _, err = ledger.Verify(w.ctx, ledger.VerifyConfig{DB: db, Dir: filepath.Join(w.dir, "log"), VerifierKey: w.log.VerifierKey(), Bindings: component.Bindings()}); err == nil {
			t.Error("an approval was widened in the database, and nobody sees it")
		}
	})
}
