package segment

import (
	"context"
	"database/sql"
	"encoding/json"
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
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/wire"
)

// lab is a service over hosts that say what a test has them say.
type lab struct {
	t     *testing.T
	now   *clock.Manual
	db    *database.DB
	log   *ledger.Log
	dir   string
	hosts *host.Service
	asks  *ask.Service
	s     *Service
	ann   access.Principal
	bob   access.Principal
	src   map[string]string
	seq   int64
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newLab(t *testing.T, db *database.DB) *lab {
	l := &lab{t: t, now: clock.NewManual(noon), db: db, dir: t.TempDir(), src: map[string]string{}}
	var err error
	l.log, err = ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(l.dir, "log"), KeyFile: filepath.Join(l.dir, "key"), Clock: l.now.Now})
	must(t, err)
	t.Cleanup(func() { l.log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: l.log, Clock: l.now.Now})
	must(t, err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(t.Context(), access.System(), access.NewUser{Login: login, Name: login, Role: role})
		must(t, err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	l.ann, l.bob = user("ann", access.ComplianceManager), user("bob", access.Administrator)
	standards, err := standard.New(standard.Config{DB: db, Ledger: l.log, Clock: l.now.Now})
	must(t, err)
	l.hosts, err = host.New(host.Config{DB: db, Ledger: l.log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: l.log, Clock: l.now.Now}), Findings: finding.New(finding.Config{DB: db, Ledger: l.log, Clock: l.now.Now}), Clock: l.now.Now})
	must(t, err)
	l.asks = ask.New(ask.Config{DB: db, Ledger: l.log, Clock: l.now.Now})
	l.s = New(Config{DB: db, Ledger: l.log, Hosts: l.hosts, Asks: l.asks, Clock: l.now.Now, Version: "test"})
	return l
}

// says has a host report its address, where it listens and with whom it is connected.
func (l *lab) says(name, address string, ports []int64, flows ...facts.Flow) {
	l.t.Helper()
	if l.src[name] == "" {
		l.src[name] = ids.New("src", l.now.Now())
	}
	if flows == nil {
		flows = []facts.Flow{}
	}
	up, overflow := true, false
	var sections []facts.Section
	add := func(section string, v any) {
		s, err := facts.NewSection(section, v, nil)
		must(l.t, err)
		sections = append(sections, s)
	}
	add("network", facts.Network{Interfaces: []facts.Interface{{Name: "eth0", Kind: "ethernet", Addresses: []string{address}, Up: up, State: "up", Mtu: 1500}, {Name: "lo", Kind: "loopback", Addresses: []string{"127.0.0.1/8"}}}})
	var listening []facts.Socket
	for _, p := range ports {
		listening = append(listening, facts.Socket{Proto: "tcp", Address: "0.0.0.0", Port: p, Process: new("x")})
	}
	add("ports", facts.Ports{Listening: listening})
	add("flows", facts.Flows{Flows: flows, Conntrack: &overflow, Overflow: &overflow, Unseen: []string{}})
	l.send(name, sections)
}

func (l *lab) send(name string, sections []facts.Section) {
	l.t.Helper()
	l.seq++
	var none int64
	b := host.Batch{Source: l.src[name], SourceName: name, Stream: "a", Sequence: l.seq, ObservedAt: l.now.Now(), ClockOffsetUs: &none, ReceivedAt: l.now.Now()}
	for _, s := range sections {
		raw, err := json.Marshal(s)
		must(l.t, err)
		b.Items = append(b.Items, raw)
	}
	must(l.t, l.db.Tx(l.t.Context(), func(tx *sql.Tx) error {
		_, err := l.hosts.ReceiveFacts(l.t.Context(), tx, b)
		return err
	}))
}

func (l *lab) turn() {
	l.t.Helper()
	l.now.Advance(every)
	must(l.t, l.s.Turn(l.t.Context()))
}

// answers lets a host answer what it is asked: state says what became of each try,
// "" refuses.
func (l *lab) answers(name string, state func(p wire.ProbeTarget) string) int {
	l.t.Helper()
	n := 0
	must(l.t, l.db.Tx(l.t.Context(), func(tx *sql.Tx) error {
		list, err := l.asks.For(l.t.Context(), tx, l.src[name])
		if err != nil {
			return err
		}
		for _, a := range list {
			var args wire.AskProbeArgs
			if err := json.Unmarshal(a.Args, &args); err != nil {
				return err
			}
			out := wire.Answer{ID: a.ID, Kind: a.Kind, At: l.now.Now()}
			res := wire.ProbeResult{}
			for _, p := range args.Targets {
				n++
				s := state(p)
				if s == "" {
					out.Refuse = "probing is not allowed by this agent's settings"
				}
				res.Probes = append(res.Probes, wire.Probed{ProbeTarget: p, State: s, Reason: "said so", At: l.now.Now(), TookUs: 5})
			}
			if out.Refuse == "" {
				if out.Result, err = json.Marshal(res); err != nil {
					return err
				}
			}
			raw, err := json.Marshal(out)
			if err != nil {
				return err
			}
			if err := l.asks.Receive(l.t.Context(), tx, l.src[name], []json.RawMessage{raw}); err != nil {
				return err
			}
		}
		return nil
	}))
	return n
}

// fact gives one fact of a rule's item, or why it is missing.
func (l *lab) fact(key, pointer string) string {
	l.t.Helper()
	all, err := l.hosts.Everywhere(l.t.Context(), "segment_rule", pointer)
	must(l.t, err)
	list, _, _, err := l.hosts.List(l.t.Context(), host.Filter{Population: host.Segmentation}, "", 100)
	must(l.t, err)
	for _, h := range list {
		if h.Name == key {
			if r := all[h.ID]; r.Why != "" {
				return "? " + r.Why
			} else {
				return fmt.Sprint(r.Value)
			}
		}
	}
	return "no such item"
}

func (l *lab) expect(key, pointer, want string) {
	l.t.Helper()
	if got := l.fact(key, pointer); !strings.Contains(got, want) {
		l.t.Errorf("%s%s is %q, want %q", key, pointer, got, want)
	}
}

func small() PlanText {
	return PlanText{Why: "First.", Default: Unstated, Zones: []Zone{{Key: "web", Title: "Web", Hosts: []string{"web-*"}, Owner: "Platform", Why: "Outside."}, {Key: "db", Title: "Data", Hosts: []string{"db-*"}, Networks: []string{"10.3.0.0/16"}, Owner: "Data", Why: "Inside."}},
		Rules: []Rule{{Key: "web-not-db", From: "web", To: "db", Kind: MustNot, Protocol: "tcp", Ports: []string{"5432"}, Why: "Through the application."}, {Key: "web-ssh", From: "web", To: "db", Kind: May, Protocol: "tcp", Ports: []string{"22"}, Owner: "Data", Why: "Backups.", Until: "2036-06-01"}}}
}

func flow(direction string, port int64, local, remote, program string) facts.Flow {
	return facts.Flow{Direction: direction, Protocol: "tcp", Port: port, Local: local, Remote: remote, Program: program}
}

func TestFromPlanToProof(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l, ctx := newLab(t, db), t.Context()
		l.says("web-1", "10.1.0.1/16", []int64{443})
		l.says("db-1", "10.3.0.1/16", []int64{22, 5432})
		l.turn()
		if m, err := l.s.Matrix(ctx, l.ann); err != nil || m.Plan != "" || m.Hosts != 2 {
			t.Fatalf("before any plan: %+v, %v", m, err)
		}
		if _, err := l.s.Probe(ctx, l.ann, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("a probe without a plan: %v", err)
		}
		o, err := l.s.DraftPlan(ctx, l.ann, small())
		must(t, err)
		if _, err := l.s.DraftPlan(ctx, l.ann, small()); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second draft: %v", err)
		}
		if _, err := l.s.ApprovePlan(ctx, l.ann, o.Ref, "", ""); err == nil {
			t.Error("its author approves it")
		}
		stale := l.bob
		stale.SessionID, stale.Stale = "ses_1", true
		if _, err := l.s.ApprovePlan(ctx, stale, o.Ref, "", ""); !access.NeedsProof(err) {
			t.Errorf("who is there was not asked: %v", err)
		}
		_, err = l.s.ApprovePlan(ctx, l.bob, o.Ref, "", "")
		must(t, err)
		l.turn()
		l.turn()
		l.expect("web-not-db", "/forbidden", "[]")
		l.expect("web-not-db", "/reached", "? agents were asked and have not answered yet")
		l.expect("web-ssh", "/reached", "? the rule allows")
		l.expect("zones", "/unzoned", "[]")

		// The agent does not allow it.
		if n := l.answers("web-1", func(wire.ProbeTarget) string { return "" }); n != 2 {
			t.Errorf("%d connections were asked for, want one of each rule", n)
		}
		l.turn()
		l.expect("web-not-db", "/reached", "? web-1: probing is not allowed")
		l.expect("web-not-db", "/fresh", "? web-1: probing is not allowed")

		// It does now, and the way is open.
		asked, err := l.s.Probe(ctx, l.bob, "")
		must(t, err)
		if len(asked) != 1 || asked[0].Host != "web-1" || asked[0].Targets != 2 || strings.Join(asked[0].Rules, " ") != "web-not-db web-ssh" {
			t.Errorf("asked %+v", asked)
		}
		l.answers("web-1", func(p wire.ProbeTarget) string {
			if p.Port == 5432 {
				return "refused"
			}
			return "silent"
		})
		l.turn()
		l.expect("web-not-db", "/reached", "map[from:web-1 service:tcp/5432 state:refused to:db-1 (10.3.0.1)]")
		l.expect("web-ssh", "/unreached", "service:tcp/22 state:silent")
		l.expect("web-not-db", "/fresh", "true")

		// Connections are seen, by either end.
		l.says("db-1", "10.3.0.1/16", []int64{22, 5432}, flow("in", 5432, "10.3.0.1", "10.1.0.1", "postgres"))
		l.turn()
		l.expect("web-not-db", "/forbidden", "[map[from:web-1 program:postgres on db-1 service:tcp/5432 since:2036-05-06 to:db-1]]")
		l.says("web-1", "10.1.0.1/16", []int64{443}, flow("out", 5432, "10.1.0.1", "10.3.0.1", "php"), flow("out", 443, "10.1.0.1", "192.0.2.9", "curl"))
		l.turn()
		l.expect("web-not-db", "/forbidden", "program:php on web-1, postgres on db-1")
		pair, err := l.s.Pair(ctx, l.ann, "web", "db")
		must(t, err)
		if len(pair.Flows) != 1 || len(pair.Flows[0].Seen) != 2 || pair.Broken != 2 || pair.Unreached != 1 || pair.Result != Broken || pair.Against != 1 || len(pair.Proofs) != 2 || !pair.Bad() {
			t.Errorf("the pair is %+v", pair)
		}
		if nowhere, err := l.s.Flows(ctx, l.ann, FlowFilter{Verdict: NoZone}); err != nil || len(nowhere) != 1 || nowhere[0].Why != "192.0.2.9: no zone names it" {
			t.Errorf("what is in no zone: %+v, %v", nowhere, err)
		}

		// Mended: the way is closed, and nobody uses it.
		l.now.Advance(2 * time.Hour)
		l.says("db-1", "10.3.0.1/16", []int64{22, 5432})
		l.says("web-1", "10.1.0.1/16", []int64{443})
		_, err = l.s.Probe(ctx, l.ann, "web-not-db")
		must(t, err)
		l.answers("web-1", func(p wire.ProbeTarget) string {
			if p.Port != 5432 {
				t.Errorf("%d was tried for another rule", p.Port)
			}
			return "silent"
		})
		l.turn()
		l.expect("web-not-db", "/reached", "[]")
		l.expect("web-not-db", "/forbidden", "[]")
		m, err := l.s.Matrix(ctx, l.ann)
		must(t, err)
		if c := m.Cells[0][1]; c.Says != NotSaid || c.Broken != 1 || c.Proved.IsZero() || strings.Join(c.Forbids, " ")+strings.Join(c.Allows, " ") != "tcp 5432tcp 22" {
			t.Errorf("the cell is %+v", c)
		}

		// A day later it is tried by itself; ten days later without an answer the proof is old.
		l.now.Advance(25 * time.Hour)
		l.says("web-1", "10.1.0.1/16", []int64{443})
		l.turn()
		if n := l.answers("web-1", func(wire.ProbeTarget) string { return "open" }); n != 2 {
			t.Errorf("after a day %d were tried", n)
		}
		l.turn()
		l.expect("web-not-db", "/reached", "state:open")
		l.expect("web-ssh", "/unreached", "[]")
		l.now.Advance(10 * 24 * time.Hour)
		l.turn()
		l.expect("web-not-db", "/fresh", "false")
		l.expect("web-not-db", "/proved", "2036-05-07")
		l.expect("web-ssh", "/expired", "false")
		l.now.Advance(20 * 24 * time.Hour)
		l.turn()
		l.expect("web-ssh", "/expired", "true")
		l.expect("web-ssh", "/unreached", "? its last day is over")

		// Populations, and what the ledger holds.
		items, err := l.s.items(ctx, population.Request{At: outcome.At{Valid: l.now.Now(), Known: -1}, From: noon, To: l.now.Now()})
		must(t, err)
		if len(items) != 5 || items[0].Attributes["result"] != "broken" || items[0].Attributes["state"] != "refused" || items[2].Attributes["result"] != "holds" {
			t.Errorf("%d proofs: %+v", len(items), items)
		}
		verify := func() error {
			must(t, l.log.Publish(ctx))
			_, err := ledger.Verify(ctx, ledger.VerifyConfig{DB: db, Dir: filepath.Join(l.dir, "log"), VerifierKey: l.log.VerifierKey(), Bindings: append(Bindings(), ask.Bindings()...)})
			return err
		}
		must(t, verify())
		must(t, db.Tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE segment_proof SET state = 'silent' WHERE state = 'refused'`)
			return err
		}))
		if err := verify(); err == nil {
			t.Error("a proof that was changed verifies")
		}
	})
}

// A new version takes its rules' items with it; what it does not hold leaves.
func TestPlansReplaceEachOther(t *testing.T) {
	l, ctx := newLab(t, databasetest.SQLite(t)), t.Context()
	l.says("web-1", "10.1.0.1/16", nil)
	l.says("mail", "192.0.2.7/24", nil)
	one, err := l.s.DraftPlan(ctx, l.ann, small())
	must(t, err)
	_, err = l.s.ApprovePlan(ctx, l.bob, one.Ref, "", "")
	must(t, err)
	l.turn()
	l.expect("zones", "/unzoned", "mail: no zone names it")
	l.expect("web-not-db", "/reached", "? no address of db is known")
	next := small()
	next.Why, next.Rules = "Without an allowance.", next.Rules[:1]
	next.Default = Forbidden
	two, err := l.s.DraftPlan(ctx, l.ann, next)
	must(t, err)
	if _, err := l.s.WithdrawPlan(ctx, l.ann, two.Ref, ""); err == nil {
		t.Error("it is withdrawn without a reason")
	}
	_, err = l.s.EditPlan(ctx, l.ann, two.Ref, two.Seq+5, next)
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("over somebody's change: %v", err)
	}
	_, err = l.s.ApprovePlan(ctx, l.bob, two.Ref, "", "")
	must(t, err)
	l.turn()
	if got := l.fact("web-ssh", "/title"); got != "no such item" {
		t.Errorf("a rule that is no more is judged: %s", got)
	}
	l.expect("default", "/forbidden", "[]")
	plans, err := l.s.Plans(ctx, l.ann)
	must(t, err)
	if len(plans) != 2 || plans[1].Content.State != Replaced || plans[0].Content.State != InForce {
		t.Errorf("%+v", plans)
	}
	none := small()
	none.Zones, none.Rules = none.Zones[:1], nil
	three, err := l.s.DraftPlan(ctx, l.ann, none)
	must(t, err)
	if _, err := l.s.ApprovePlan(ctx, l.bob, three.Ref, "", ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("a plan that says nothing: %v", err)
	}
}

// An answer that does not fit what was asked is refused, and nothing of it is kept.
func TestForgedAnswers(t *testing.T) {
	l, ctx := newLab(t, databasetest.SQLite(t)), t.Context()
	l.says("web-1", "10.1.0.1/16", nil)
	l.says("db-1", "10.3.0.1/16", []int64{5432})
	o, err := l.s.DraftPlan(ctx, l.ann, small())
	must(t, err)
	_, err = l.s.ApprovePlan(ctx, l.bob, o.Ref, "", "")
	must(t, err)
	l.turn()
	asked, err := l.s.Asked(ctx, l.ann)
	must(t, err)
	if len(asked) != 1 {
		t.Fatalf("%+v", asked)
	}
	for result, want := range map[string]string{
		`{"probes":[]}`: "0 tries are told",
		`{"probes":[{"address":"10.3.0.9","port":5432,"protocol":"tcp","state":"silent"},{"address":"10.3.0.1","port":22,"protocol":"tcp","state":"open"}]}`: "not what was asked",
		`{"probes":[{"address":"10.3.0.1","port":5432,"protocol":"tcp","state":"fine"},{"address":"10.3.0.1","port":22,"protocol":"tcp","state":"open"}]}`:   "is no state",
		`{"probes":4}`: "cannot be read",
	} {
		raw := fmt.Sprintf(`{"id":%q,"kind":"probe","at":"2036-05-06T12:00:00Z","result":%s}`, asked[0].ID, result)
		err := l.db.Tx(ctx, func(tx *sql.Tx) error {
			return l.asks.Receive(ctx, tx, l.src["web-1"], []json.RawMessage{json.RawMessage(raw)})
		})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", result, err, want)
		}
	}
	if list, err := l.s.Proofs(ctx, l.ann, noon); err != nil || len(list) != 0 {
		t.Errorf("kept is %+v, %v", list, err)
	}
}

func TestSays(t *testing.T) {
	for _, c := range []struct {
		kind            Kind
		protocol, state string
		want            Result
	}{
		{MustNot, "tcp", "open", Broken}, {MustNot, "tcp", "refused", Broken}, {MustNot, "tcp", "silent", Holds}, {MustNot, "tcp", "unreachable", Holds}, {MustNot, "tcp", "error", Open}, {MustNot, "udp", "silent", Open}, {MustNot, "udp", "open", Broken},
		{May, "tcp", "open", Holds}, {May, "tcp", "refused", Holds}, {May, "tcp", "silent", Broken}, {May, "udp", "silent", Open}, {May, "tcp", "", Open},
	} {
		if got := Says(c.kind, c.protocol, c.state); got != c.want {
			t.Errorf("%s %s %s: %s, want %s", c.kind, c.protocol, c.state, got, c.want)
		}
	}
}
