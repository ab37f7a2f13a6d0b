package segmentation_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/segment"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	screens "github.com/attesta/attesta/internal/web/segmentation"
	"github.com/attesta/attesta/internal/wire"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// From nothing: a draft, zones and rules that are wrong and then right, approval by
// another person, what agents see and what they tried.
func TestSegmentationByForms(t *testing.T) {
	db, ctx, dir := databasetest.SQLite(t), t.Context(), t.TempDir()
	now := clock.NewManual(time.Date(2036, 5, 6, 12, 0, 0, 0, time.UTC))
	log, err := ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
	must(t, err)
	t.Cleanup(func() { log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: log, Clock: now.Now})
	must(t, err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		must(t, err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	ann, bob, eve := user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Viewer)
	standards, err := standard.New(standard.Config{DB: db, Ledger: log, Clock: now.Now})
	must(t, err)
	hosts, err := host.New(host.Config{DB: db, Ledger: log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: log, Clock: now.Now}), Findings: finding.New(finding.Config{DB: db, Ledger: log, Clock: now.Now}), Clock: now.Now})
	must(t, err)
	asks := ask.New(ask.Config{DB: db, Ledger: log, Clock: now.Now})
	s := segment.New(segment.Config{DB: db, Ledger: log, Hosts: hosts, Asks: asks, Clock: now.Now, Version: "test"})
	area := screens.New(screens.Config{Segment: s, Alone: users.Alone})
	b := screentest.New(t, area, now.Now, ann)
	b.Says("/segmentation", "No zones of the network are in force yet", "Draft the first plan")
	b.Says("/segmentation/flows", "Connections stand here once zones are in force")
	b.Says("/segmentation/proofs", "A block that was never tried is a hope")
	b.Says("/segmentation/plan", "Begin with two zones and one rule")

	does := func(who access.Principal, path, to string, v url.Values) {
		t.Helper()
		b.Who = who
		if a := b.Post(path, v); a.Status != 303 || a.To != to {
			t.Fatalf("POST %s: %d to %q\n%s", path, a.Status, a.To, a.Text())
		}
	}
	refuses := func(v url.Values, field, bad, want string) {
		t.Helper()
		w := url.Values{}
		for k, x := range v {
			w[k] = x
		}
		w.Set(field, bad)
		if a := b.Post("/segmentation/plan/SG-1/keep", w); a.Status != 422 || !strings.Contains(a.Body, want) {
			t.Errorf("%s %q: %d\n%s", field, bad, a.Status, a.Text())
		}
	}
	does(ann, "/segmentation/plan", "/segmentation/plan/SG-1", url.Values{"why": {"First."}})
	web := url.Values{"do": {"zone"}, "key": {"web"}, "title": {"Web servers"}, "hosts": {"web-*"}, "owner": {"Platform"}, "why": {"They face the Internet."}}
	refuses(web, "key", "No!", "is no key")
	refuses(web, "networks", "10.1.2.3/16", "has an address inside")
	does(ann, "/segmentation/plan/SG-1/keep", "/segmentation/plan/SG-1", web)
	does(ann, "/segmentation/plan/SG-1/keep", "/segmentation/plan/SG-1", url.Values{"do": {"zone"}, "key": {"db"}, "title": {"Databases"}, "networks": {"10.3.0.0/16"}, "owner": {"Data"}, "data": {"customer data"}, "why": {"They hold it."}})
	rule := url.Values{"do": {"rule"}, "key": {"web-not-db"}, "from": {"web"}, "to": {"db"}, "kind": {"must_not"}, "protocol": {"tcp"}, "ports": {"5432"}, "why": {"Through the application."}}
	refuses(rule, "ports", "many", "is no port")
	refuses(rule, "kind", "may", "Say who asked for it")
	does(ann, "/segmentation/plan/SG-1/keep", "/segmentation/plan/SG-1", rule)
	does(ann, "/segmentation/plan/SG-1/keep", "/segmentation/plan/SG-1", url.Values{"do": {"rule"}, "key": {"wide"}, "from": {"db"}, "to": {"web"}, "kind": {"may"}, "owner": {"Data"}, "until": {"2036-05-01"}, "why": {"Migration."}})
	refuses(url.Values{"do": {"settings"}, "why": {"First."}, "default": {"must_not"}, "proof_days": {"9999"}}, "proof_days", "nine", "Choose 1 to 366 days")
	does(ann, "/segmentation/plan/SG-1/keep", "/segmentation/plan/SG-1", url.Values{"do": {"settings"}, "why": {"First zones."}, "default": {"must_not"}, "proof_days": {"14"}})
	b.Says("/segmentation/plan/SG-1", "web must not reach db on tcp 5432", "Somebody other than its author approves it", "younger than 14 days")
	does(bob, "/segmentation/plan/SG-1/approve", "/segmentation", url.Values{})

	src := map[string]string{"web-1": ids.New("src", now.Now()), "db-1": ids.New("src", now.Now()), "mail": ids.New("src", now.Now())}
	says := func(name, address string, flows ...facts.Flow) {
		t.Helper()
		no := false
		var none int64
		batch := host.Batch{Source: src[name], SourceName: name, Stream: "a", Sequence: now.Now().UnixMicro(), ObservedAt: now.Now(), ClockOffsetUs: &none, ReceivedAt: now.Now()}
		for section, v := range map[string]any{"network": facts.Network{Interfaces: []facts.Interface{{Name: "eth0", Kind: "ethernet", Addresses: []string{address}, Up: true, State: "up", Mtu: 1500}}},
			"flows": facts.Flows{Flows: append([]facts.Flow{}, flows...), Conntrack: &no, Overflow: &no, Unseen: []string{}}} {
			sec, err := facts.NewSection(section, v, nil)
			must(t, err)
			raw, err := json.Marshal(sec)
			must(t, err)
			batch.Items = append(batch.Items, raw)
		}
		must(t, db.Tx(ctx, func(tx *sql.Tx) error {
			_, err := hosts.ReceiveFacts(ctx, tx, batch)
			return err
		}))
	}
	says("mail", "192.0.2.7/24")
	says("db-1", "10.3.0.1/16")
	says("web-1", "10.1.0.1/16", facts.Flow{Direction: "out", Protocol: "tcp", Port: 5432, Local: "10.1.0.1", Remote: "10.3.0.1", Program: "php-fpm"})
	must(t, s.Turn(ctx))
	b.Who = eve
	b.Says("/segmentation", "1 connection is there that the plan forbids", "forbidden", "1 connection, 1 forbidden", "not proved", "1 host without a zone", "its last day was 1 May 2036")
	if a := b.Get("/segmentation"); strings.Contains(a.Body, "Probe now") {
		t.Error("a viewer may probe")
	}
	b.Says("/segmentation/pair?from=web&to=db", "The plan does not hold here", "php-fpm on web-1", "agents were asked and have not answered yet")
	b.Says("/segmentation/flows?verdict=forbidden", "web-1", "tcp/5432")
	if rows := b.HoldsList(area.Lists[0], "/segmentation/flows"); len(rows) != 1 {
		t.Errorf("the files have %v", rows)
	}
	list, err := s.Asked(ctx, eve)
	must(t, err)
	if len(list) != 2 || list[0].Host != "web-1" || strings.Join(list[0].Rules, " ") != "web-not-db default" {
		t.Fatalf("asked %+v", list)
	}
	must(t, db.Tx(ctx, func(tx *sql.Tx) error {
		got, err := asks.For(ctx, tx, src["web-1"])
		if err != nil {
			return err
		}
		var args wire.AskProbeArgs
		if err := json.Unmarshal(got[0].Args, &args); err != nil {
			return err
		}
		res := wire.ProbeResult{}
		for _, p := range args.Targets {
			res.Probes = append(res.Probes, wire.Probed{ProbeTarget: p, State: "silent", Reason: "no answer within 2s", At: now.Now()})
		}
		raw, err := json.Marshal(res)
		if err != nil {
			return err
		}
		item, err := json.Marshal(wire.Answer{ID: got[0].ID, Kind: got[0].Kind, At: now.Now(), Result: raw})
		if err != nil {
			return err
		}
		return asks.Receive(ctx, tx, src["web-1"], []json.RawMessage{item})
	}))
	must(t, s.Turn(ctx))
	b.Says("/segmentation", "proved on 6 May 2036")
	b.Says("/segmentation/proofs", "tried in 90 days", "silent", "no answer within 2s")
	if rows := b.HoldsList(area.Lists[1], "/segmentation/proofs"); len(rows) != 3 {
		t.Errorf("the files have %v", rows)
	}
	does(bob, "/segmentation/probe", "/segmentation", url.Values{"rule": {"web-not-db"}})
	for path, want := range map[string]int{"/segmentation/flows?verdict=maybe": 422, "/segmentation/proofs?result=maybe": 422, "/segmentation/pair?from=moon&to=db": 404, "/segmentation/plan/SG-9": 404} {
		if a := b.Get(path); a.Status != want {
			t.Errorf("%s: %d, want %d", path, a.Status, want)
		}
	}
	if a := b.Post("/segmentation/probe", url.Values{"rule": {"nothing"}}); a.Status != 404 {
		t.Errorf("a probe of no rule: %d", a.Status)
	}
}
