package server

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/notify"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/wire"
)

// What hosts bring up waits for whoever may act on it: unexplained changes, a snapshot,
// components and a question about one, a host that fell silent. Who may act is told,
// and nobody else; what is settled waits no more.
func TestHostsWaitForPeople(t *testing.T) {
	w := &realHost{programs: newPrograms(t), t: t}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.p.notices.Step(ctx) // from here on people are told
	must(err)
	source := ids.New("src", time.Now())
	seq := int64(0)
	tx := func(f func(tx *sql.Tx) error) {
		t.Helper()
		must(w.p.db.Tx(ctx, f))
	}
	report := func(list ...facts.Section) {
		t.Helper()
		var items []json.RawMessage
		for _, s := range list {
			raw, err := json.Marshal(s)
			must(err)
			items = append(items, raw)
		}
		seq++
		at, zero := time.Now(), int64(0)
		tx(func(tx *sql.Tx) error {
			_, err := w.p.hosts.ReceiveFacts(ctx, tx, host.Batch{Source: source, SourceName: "web-1", Stream: "a", Sequence: seq, ObservedAt: at, ClockOffsetUs: &zero, ReceivedAt: at, Digest: fmt.Sprint(seq), Items: items})
			return err
		})
	}
	section := func(name, values string) facts.Section {
		t.Helper()
		s, err := facts.NewSection(name, json.RawMessage(values), nil)
		must(err)
		return s
	}
	port := func(numbers ...int) facts.Section {
		var list []string
		for _, n := range numbers {
			list = append(list, fmt.Sprintf(`{"proto":"tcp","address":"0.0.0.0","port":%d,"loopback":false,"process":"sshd","user":"root"}`, n))
		}
		return section("ports", `{"listening":[`+strings.Join(list, ",")+`]}`)
	}
	rex, ann := w.named("rex", access.Responder), w.named("ann", access.ComplianceManager)
	eve := w.named("eve", access.Viewer)
	waits := func(who access.Principal) (all []string) {
		t.Helper()
		v, err := w.p.work.Queue(ctx, who)
		must(err)
		if len(v.Unread) > 0 {
			t.Errorf("could not be read: %v", v.Unread)
		}
		for _, x := range v.Items {
			if x.Kind == "review" || strings.HasPrefix(x.Path, "/baselines") || strings.HasPrefix(x.Path, "/components") {
				all = append(all, x.Ask+": "+x.Title+" "+x.Path)
			}
		}
		return all
	}
	told := func(who access.Principal) (all []string) {
		t.Helper()
		must(w.p.log.Publish(ctx))
		for {
			n, err := w.p.notices.Step(ctx)
			must(err)
			if n == 0 {
				break
			}
		}
		list, err := w.p.notices.List(ctx, who, true, "", "", 100)
		must(err)
		for _, n := range list {
			all = append(all, n.Kind+" "+n.Title+" "+n.Link)
		}
		return all
	}
	has := func(what string, all []string, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, p) }) {
				t.Errorf("%s: nothing says %q among\n  %s", what, p, strings.Join(all, "\n  "))
			}
		}
	}
	not := func(what string, all []string, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if i := slices.IndexFunc(all, func(s string) bool { return strings.Contains(s, p) }); i >= 0 {
				t.Errorf("%s: it says %q", what, all[i])
			}
		}
	}

	report(section("os", `{"hostname":"web-1"}`), port(22))
	learn := component.Learn{Kinds: []component.Kind{component.Port}, From: time.Now().Add(-time.Hour)}
	p, err := w.p.components.Propose(ctx, ann, learn)
	must(err)
	_, _, err = w.p.components.ApproveProposal(ctx, ann, learn, p.Seen, component.Said{Owner: "operations", Reason: "as it was set up"})
	must(err)
	not("at first", waits(rex), "/components", "/integrity", "/baselines", "/hosts")

	// A port, and a changed file.
	report(port(22, 4444))
	change := func(path, before, after string) {
		t.Helper()
		c := wire.FileChange{ID: "c" + after, Path: path, Change: "changed", Type: "file", Found: "event", Time: time.Now(), Attributes: []string{"sha256"}, Before: map[string]any{"sha256": before}, After: map[string]any{"sha256": after},
			Who: &wire.Process{User: "root", LoginUser: "mallory", Exe: "/usr/bin/vim"}}
		raw, err := json.Marshal(c)
		must(err)
		at := time.Now()
		tx(func(tx *sql.Tx) error {
			return w.p.integrity.Receive(ctx, tx, integrity.Batch{Source: source, Name: "web-1", ObservedAt: at, ReceivedAt: at, Items: []json.RawMessage{raw}})
		})
	}
	change("/etc/ssh/sshd_config", "a", "b")
	has("rex", waits(rex), "Explain 1 group of changes: web-1 /integrity/IC-1", "Decide on 1 listening port: Listening ports of hosts /components?show=open&kind=port")
	has("rex is told", told(rex), "change.unexplained IC-1: files changed on web-1, and nothing accounts for it /integrity/IC-1", "finding.opened")
	not("of one thing once", told(rex), "finding.opened F-1 on web-1")
	not("eve waits", waits(eve), "/components", "/integrity", "/baselines", "/hosts")
	not("eve is told", told(eve), "IC-1")

	// A question to one person.
	list, _, _, err := w.p.components.List(ctx, rex, component.Filter{Kind: component.Port, State: component.Fresh}, "", 2)
	must(err)
	if len(list) != 1 {
		t.Fatalf("%d ports wait", len(list))
	}
	must(w.p.components.Say(ctx, rex, []string{list[0].ID}, component.Said{What: component.Asked, Reason: "What listens there?", To: ann.UserID}))
	has("ann", waits(ann), "Answer a question about a component: listening port tcp/4444")
	not("rex", waits(rex), "Answer a question")
	has("ann is told", told(ann), "component.asked You are asked about the listening port tcp/4444")
	not("rex is told", told(rex), "component.asked")
	must(w.p.components.Say(ctx, ann, []string{list[0].ID}, component.Said{What: component.Answered, Reason: "A debugger that was left."}))
	not("answered", waits(ann), "Answer a question")

	// A snapshot waits for approval.
	objects, err := w.p.baselines.AskFor(ctx, rex, []string{source})
	must(err)
	var asks []wire.Ask
	tx(func(tx *sql.Tx) (err error) { asks, err = w.p.asks.For(ctx, tx, source); return err })
	if len(asks) != 1 {
		t.Fatalf("%d asks", len(asks))
	}
	result, err := json.Marshal(wire.SnapshotResult{Root: strings.Repeat("a", 64), Entries: 10, Files: 9, Made: time.Now()})
	must(err)
	raw, err := json.Marshal(wire.Answer{ID: asks[0].ID, Kind: wire.AskSnapshot, At: time.Now(), Result: result})
	must(err)
	tx(func(tx *sql.Tx) error { return w.p.asks.Receive(ctx, tx, source, []json.RawMessage{raw}) })
	ref := objects[0].Ref
	has("a snapshot", waits(ann), "Approve a baseline: web-1 /baselines/"+ref)
	has("of a snapshot", told(ann), "approval.asked "+ref+": a snapshot of web-1 waits for approval as its baseline")
	not("eve", told(eve), ref)

	// A host that was heard an hour ago, and not since.
	quiet := section("os", `{"hostname":"db-9"}`)
	item, err := json.Marshal(quiet)
	must(err)
	tx(func(tx *sql.Tx) error {
		at, zero := time.Now().Add(-time.Hour), int64(0)
		_, err := w.p.hosts.ReceiveFacts(ctx, tx, host.Batch{Source: ids.New("src", at), SourceName: "db-9", Stream: "a", Sequence: 1, ObservedAt: at, ClockOffsetUs: &zero, ReceivedAt: at, Digest: "1", Items: []json.RawMessage{item}})
		if err != nil {
			return err
		}
		// As the job writes it that finds silent hosts; it waits a while after a start.
		_, err = tx.ExecContext(ctx, `UPDATE host SET silent_since = $1 WHERE name = 'db-9'`, at.UnixMicro())
		return err
	})
	about := notify.About{Findings: w.p.findings, Hosts: w.p.hosts, Waivers: w.p.waivers, Evidence: w.p.evidence, Controls: w.p.controls, Policies: w.p.policies, Training: w.p.Training, Concerns: w.p.Concerns}
	for range 2 { // what was said is not said again
		all, err := about.Calendar(ctx, time.Now())
		must(err)
		must(w.p.notices.Say(ctx, all...))
	}
	has("a silent host", waits(rex), "See why a host is silent: db-9 /hosts/")
	heard := slices.DeleteFunc(told(rex), func(s string) bool { return !strings.HasPrefix(s, "host.silent") })
	if len(heard) != 1 || !strings.Contains(heard[0], "Nothing is heard of db-9 since") {
		t.Errorf("of a silent host is told %q", heard)
	}

	// Settled: approved, undone.
	must(w.p.components.Say(ctx, ann, []string{list[0].ID}, component.Said{What: component.Approved, Owner: "operations", Reason: "needed until Friday"}))
	change("/etc/ssh/sshd_config", "b", "a")
	not("settled", waits(rex), "/components", "/integrity")
}
