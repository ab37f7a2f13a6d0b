package firewall_test

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

	collect "github.com/attesta/attesta/internal/agent/collect/firewall"
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
	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/packs"
)

type world struct {
	*firewall.Service
	t             *testing.T
	ctx           context.Context
	db            *database.DB
	log           *ledger.Log
	clock         *clock.Manual
	hosts         *host.Service
	finding       *finding.Service
	ann, bob, eve access.Principal
	last          map[string]func() // what each host reported last, by host and section
}

func begin(t *testing.T, db *database.DB) *world {
	t.Helper()
	w := &world{last: map[string]func(){}, t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC))}
	dir := t.TempDir()
	var err error
	w.log, err = ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: w.clock.Now})
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
	pack, err := packs.OpenStandard("firewall")
	w.must(err)
	_, err = standards.Install(w.ctx, access.System(), pack)
	w.must(err)
	w.finding = finding.New(finding.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.hosts, err = host.New(host.Config{DB: db, Ledger: w.log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: w.log, Clock: w.clock.Now}), Findings: w.finding, Clock: w.clock.Now})
	w.must(err)
	w.restart()
	return w
}

// restart makes the service anew, as after a restart of the program.
func (w *world) restart() {
	w.Service = firewall.New(firewall.Config{DB: w.db, Ledger: w.log, Hosts: w.hosts, Clock: w.clock.Now, Version: "test"})
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

const head = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"

// loads lets a host report rules, as iptables-save -c prints them, and those of IPv6
// that drop everything.
func (w *world) loads(host, rules string) {
	w.t.Helper()
	set, err := collect.ParseSave(head+rules, "ip", "iptables-nft")
	w.must(err)
	six, err := collect.ParseSave(head, "ip6", "iptables-nft")
	w.must(err)
	f := facts.Firewall{Engines: []string{"iptables-nft"}, Chains: append(set.Chains, six.Chains...), Rules: set.Rules, Zero: []string{}, Uncounted: []string{}}
	if f.Rules == nil {
		f.Rules = []facts.FirewallRule{}
	}
	n := 0
	for l := range strings.Lines(rules) {
		switch {
		case strings.HasPrefix(l, "[0:"):
			n++
			f.Zero = append(f.Zero, fmt.Sprintf("iptables-nft ip filter INPUT %d", n))
		case strings.HasPrefix(l, "["), strings.HasPrefix(l, "-A"):
			n++
			if l[0] == '-' {
				f.Uncounted = append(f.Uncounted, fmt.Sprintf("iptables-nft ip filter INPUT %d", n))
			}
		}
	}
	w.report(host, "firewall", f, nil)
}

func (w *world) report(name, section string, values any, missing []facts.Missing) {
	w.t.Helper()
	w.last[name+" "+section] = func() { w.report(name, section, values, missing) }
	sec, err := facts.NewSection(section, values, missing)
	w.must(err)
	raw, err := json.Marshal(sec)
	w.must(err)
	w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
		var none int64
		now := w.clock.Now()
		_, err := w.hosts.ReceiveFacts(w.ctx, tx, host.Batch{Source: "src_" + name, SourceName: name, Stream: "a", Sequence: now.UnixMicro(), ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now, Digest: sec.Digest, Items: []json.RawMessage{raw}})
		return err
	}))
}

// turn lets some time pass, hosts say that all is as it was, and the service look.
func (w *world) turn(d time.Duration) {
	w.t.Helper()
	w.clock.Advance(d)
	for _, again := range w.last {
		again()
	}
	w.must(w.Turn(w.ctx))
}

// live gives the findings that are open: "FW-1 any-any".
func (w *world) live(want ...string) {
	w.t.Helper()
	page, err := w.finding.List(w.ctx, finding.Filter{States: []finding.State{finding.Open, finding.Acknowledged}}, finding.ByUrgency, "", 50)
	w.must(err)
	got := []string{}
	for _, f := range page.Findings {
		got = append(got, f.ItemName+" "+strings.TrimPrefix(f.Check, "firewall/"))
	}
	slices.Sort(got)
	if !slices.Equal(got, append([]string{}, want...)) {
		w.t.Errorf("findings: %q, want %q", got, want)
	}
}

func (w *world) show(ref string) *firewall.View {
	w.t.Helper()
	v, err := w.Show(w.ctx, w.eve, ref)
	w.must(err)
	return v
}

func keys(v *firewall.View) []string {
	var out []string
	for _, r := range v.Rules {
		out = append(out, r.Key)
	}
	return out
}

const (
	web  = "[5:300] -A INPUT -i lo -j ACCEPT\n[9:900] -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n[4:90] -A INPUT -p tcp --dport 443 -j ACCEPT\n"
	more = "[0:0] -A INPUT -s 10.0.0.0/8 -p tcp --dport 22 -j ACCEPT\n"
)

func why(until firewall.Day) firewall.JustificationText {
	return firewall.JustificationText{Owner: "head of operations", Reason: "Customers reach the service by HTTPS.", Ticket: "OPS-12", Until: until}
}

// A rule set from its first sight through justification, review, a rule that is added
// by hand, and a removal that is decided and shows in the facts.
func TestReview(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		w.loads("web-1", web)
		w.loads("web-2", web)
		w.turn(time.Minute)
		rows, _, counts, err := w.List(w.ctx, w.eve, firewall.Filter{})
		w.must(err)
		if len(rows) != 1 || rows[0].Hosts != 2 || rows[0].Name != "web-1, web-2" || rows[0].Unjustified != 1 || counts.All != 1 || counts.Hosts != 2 {
			t.Fatalf("%+v %+v", rows, counts)
		}
		w.live("FW-1 rules-justified")
		v := w.show("FW-1")
		if len(v.Rules) != 3 || v.Rules[2].Text != "tcp port 443 state new accept" && v.Rules[2].Text != "tcp port 443 accept" || !v.Rules[2].Opens || v.Rules[0].Opens || v.Rules[1].Opens {
			t.Fatalf("%+v", v.Rules)
		}

		// Justified, for one host of two, then for both.
		in := why("2026-09-01")
		in.Hosts = []string{"web-1"}
		_, err = w.JustifyMany(w.ctx, w.ann, "FW-1", []string{v.Rules[2].Key}, in)
		w.must(err)
		w.turn(time.Minute)
		w.live("FW-1 rules-justified")
		if got := w.show("FW-1").Rules[2]; got.Justified != firewall.Partly || got.By != "FJ-1" {
			t.Errorf("%+v", got)
		}
		in.Chain, in.Rule, in.Hosts = "ip filter INPUT", "tcp port 443 accept", []string{"web-*"}
		_, err = w.ChangeJustification(w.ctx, w.ann, "FJ-1", 0, in)
		w.must(err)
		w.turn(time.Minute)
		w.live()

		// Nobody reviewed it within 30 days.
		w.turn(31 * 24 * time.Hour)
		w.loads("web-1", web)
		w.turn(time.Minute)
		w.live("FW-1 reviewed-in-time")
		r, err := w.Begin(w.ctx, w.ann, "FW-1")
		w.must(err)
		_, err = w.Begin(w.ctx, w.ann, "FW-1")
		w.refused(err, fault.Conflict, "FR-1 of FW-1 is not over yet")
		_, err = w.HandIn(w.ctx, w.ann, r.Ref, "")
		w.refused(err, fault.Conflict, "3 rules wait for a decision")
		_, err = w.Decide(w.ctx, w.bob, r.Ref, firewall.Decision{Keys: keys(v), Decision: firewall.Keep})
		w.refused(err, fault.Forbidden, "another person's review")
		_, err = w.Decide(w.ctx, w.ann, r.Ref, firewall.Decision{Keys: keys(v), Decision: firewall.Keep})
		w.must(err)
		_, err = w.HandIn(w.ctx, w.ann, r.Ref, "Each rule looked at with operations.")
		w.must(err)
		_, err = w.Approve(w.ctx, w.ann, r.Ref, "", "")
		w.refused(err, fault.Forbidden, "")
		stale, program := w.bob, w.bob
		stale.Stale, program.TokenID = true, "tok_1"
		if _, err = w.Approve(w.ctx, stale, r.Ref, "", ""); !access.NeedsProof(err) {
			t.Errorf("who is there is not asked: %v", err)
		}
		_, err = w.Approve(w.ctx, program, r.Ref, "", "")
		w.refused(err, fault.Forbidden, "a token does not do this")
		r, err = w.Approve(w.ctx, w.bob, r.Ref, "", "")
		w.must(err)
		if r.Content.Decided(firewall.Keep) != 3 || r.Content.Hosts[1] != "web-2" {
			t.Errorf("%+v", r.Content)
		}
		w.turn(time.Minute)
		w.live()

		// A rule is added by hand on one host: it comes apart, and is held against the review.
		w.loads("web-2", web+more)
		w.turn(time.Minute)
		w.live("FW-2 as-reviewed", "FW-2 rules-justified")
		if v := w.show("FW-2"); v.Name != "web-2" || !v.Rules[3].New || v.Review != "FR-1" || v.Rules[2].New {
			t.Errorf("%+v", v)
		}
		// Both have it: the first set goes on no more, the second is both.
		w.loads("web-1", web+more)
		w.turn(time.Minute)
		w.live("FW-2 as-reviewed", "FW-2 rules-justified")
		if v := w.show("FW-1"); v.Gone.IsZero() {
			t.Error("FW-1 is in force nowhere, and goes on")
		}
		// A review that decides to remove it. It asks first, and cannot keep what nobody justified.
		v = w.show("FW-2")
		r, err = w.Begin(w.ctx, w.ann, "FW-2")
		w.must(err)
		_, err = w.Decide(w.ctx, w.ann, r.Ref, firewall.Decision{Keys: keys(v), Decision: firewall.Keep})
		w.refused(err, fault.Conflict, "is not justified")
		_, err = w.Decide(w.ctx, w.ann, r.Ref, firewall.Decision{Keys: keys(v)[:3], Decision: firewall.Keep})
		w.must(err)
		_, err = w.Decide(w.ctx, w.ann, r.Ref, firewall.Decision{Keys: keys(v)[3:], Decision: firewall.Ask})
		w.refused(err, fault.Invalid, "note")
		_, err = w.Decide(w.ctx, w.ann, r.Ref, firewall.Decision{Keys: keys(v)[3:], Decision: firewall.Ask, Note: "Tomas: what is it for?"})
		w.must(err)
		_, err = w.HandIn(w.ctx, w.ann, r.Ref, "")
		w.refused(err, fault.Conflict, "wait for an answer")
		_, err = w.Decide(w.ctx, w.ann, r.Ref, firewall.Decision{Keys: keys(v)[3:], Decision: firewall.Remove, Note: "It was for an evening."})
		w.must(err)
		_, err = w.HandIn(w.ctx, w.ann, r.Ref, "")
		w.must(err)
		_, err = w.Approve(w.ctx, w.bob, r.Ref, "", "")
		w.must(err)
		w.turn(time.Minute)
		w.live("FW-2 rules-justified")
		w.clock.Advance(31 * 24 * time.Hour)
		w.loads("web-1", web+more)
		w.loads("web-2", web+more)
		w.turn(time.Minute)
		w.live("FW-2 removals-done", "FW-2 rules-justified")
		w.loads("web-1", web)
		w.loads("web-2", web)
		w.turn(time.Minute)
		w.live()
		v = w.show("FW-2")
		if len(v.Vanished) != 1 || v.Vanished[0].Decision != firewall.Remove || !v.Vanished[0].At.Equal(w.clock.Now()) || len(v.Rules) != 3 {
			t.Errorf("%+v", v.Vanished)
		}
		// The justification expires.
		w.clock.Advance(125 * 24 * time.Hour)
		w.loads("web-1", web)
		w.loads("web-2", web)
		w.turn(time.Minute)
		w.live("FW-2 justifications-valid")
		w.restart()
		w.turn(time.Minute)
		w.live("FW-2 justifications-valid")

		// The population knows what was then.
		then := w.clock.Now()
		for _, src := range w.Sources() {
			items, err := src.Read(w.ctx, population.Request{From: then.AddDate(-1, 0, 0), At: outcome.At{Valid: then, Known: -1}})
			w.must(err)
			if want := map[string]int{"firewall-rules": 3, "firewall-reviews": 2}[src.Name]; len(items) != want {
				t.Errorf("%s: %d items, want %d: %+v", src.Name, len(items), want, items)
			}
		}
	})
}

// What counters say becomes "unused" after 90 days on every host, and starts again
// when the host does.
func TestUnused(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		boot := w.clock.Now().UnixMicro()
		started := func(us int64) { w.report("web-1", "os", facts.OS{BootTimeUS: &us}, nil) }
		started(boot)
		w.loads("web-1", web+more)
		w.turn(time.Minute)
		in := why("2027-09-01")
		for _, rule := range []string{"tcp port 443 accept", "from 10.0.0.0/8 tcp port 22 accept"} {
			in.Chain, in.Rule = "ip filter INPUT", rule
			_, err := w.Justify(w.ctx, w.ann, in)
			w.must(err)
		}
		used := func(want string) {
			t.Helper()
			if got := w.show("FW-1").Rules[3]; got.Used != want {
				t.Errorf("used: %s (%s), want %s", got.Used, got.UsedWhy, want)
			}
		}
		used("idle")
		w.clock.Advance(89 * 24 * time.Hour)
		w.turn(time.Minute)
		used("idle")
		started(w.clock.Now().UnixMicro())
		w.turn(time.Minute)
		w.clock.Advance(2 * 24 * time.Hour)
		w.turn(time.Minute)
		used("idle") // it started since
		w.clock.Advance(89 * 24 * time.Hour)
		w.turn(time.Minute)
		used("unused")
		w.loads("web-1", web+strings.Replace(more, "[0:0]", "[1:60]", 1))
		w.turn(time.Minute)
		used("used")
		w.loads("web-1", web+strings.TrimPrefix(more, "[0:0] "))
		w.turn(time.Minute)
		used("unknown")
		w.report("web-2", "firewall", facts.Firewall{}, []facts.Missing{{Path: "", State: facts.Error, Reason: "needs root: the packet filter"}})
		w.turn(time.Minute)
		_, _, counts, err := w.List(w.ctx, w.eve, firewall.Filter{})
		w.must(err)
		if len(counts.Unread) != 1 || !strings.Contains(counts.Unread[0].Why, "needs root") {
			t.Errorf("%+v", counts.Unread)
		}
	})
}

// What is wrong is refused, with where and what to do.
func TestRefused(t *testing.T) {
	w := begin(t, databasetest.SQLite(t))
	w.loads("web-1", web)
	w.turn(time.Minute)
	for _, c := range []struct {
		change func(*firewall.JustificationText)
		want   string
	}{
		{func(j *firewall.JustificationText) { j.Chain = "" }, "chain"},
		{func(j *firewall.JustificationText) { j.Rule, j.Chain = "*", "*" }, "every rule there is"},
		{func(j *firewall.JustificationText) { j.Reason = "needed" }, "in a sentence"},
		{func(j *firewall.JustificationText) { j.Owner = "" }, "owner"},
		{func(j *firewall.JustificationText) { j.Until = "" }, "until"},
		{func(j *firewall.JustificationText) { j.Until = "2026-01-01" }, "is over"},
		{func(j *firewall.JustificationText) { j.Until = "2031-01-01" }, "at most until 2028-03-02"},
		{func(j *firewall.JustificationText) { j.Hosts = []string{"web-[12]"} }, "hosts[0]"},
	} {
		in := why("2026-09-01")
		in.Chain, in.Rule = "ip filter INPUT", "tcp port 443 accept"
		c.change(&in)
		_, err := w.Justify(w.ctx, w.ann, in)
		w.refused(err, fault.Invalid, c.want)
	}
	_, err := w.Justify(w.ctx, w.eve, why("2026-09-01"))
	w.refused(err, fault.Forbidden, "")
	_, err = w.JustifyMany(w.ctx, w.ann, "FW-1", []string{"nothing"}, why("2026-09-01"))
	w.refused(err, fault.Invalid, "keys[0]")
	_, err = w.Show(w.ctx, w.eve, "FW-9")
	w.refused(err, fault.NotFound, "FW-9")
	_, _, _, err = w.List(w.ctx, w.eve, firewall.Filter{Only: "x"})
	w.refused(err, fault.Invalid, "only")
}
