package capacity_test

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
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/operations/host"
	screens "github.com/attesta/attesta/internal/web/capacity"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/internal/wire"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// From nothing: a draft, a commitment that is wrong and then right, approval by
// another person, a disk that fills with its picture, a review.
func TestCapacityByForms(t *testing.T) {
	db, ctx, dir := databasetest.SQLite(t), t.Context(), t.TempDir()
	now := clock.NewManual(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
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
	s := capacity.New(capacity.Config{DB: db, Ledger: log, Hosts: hosts, Clock: now.Now})
	area := screens.New(screens.Config{Capacity: s, Alone: users.Alone})
	b := screentest.New(t, area, now.Now, ann)
	b.Says("/capacity", "No host has said how much it uses yet")
	b.Says("/capacity/plan", "Say what may not be reached")

	does := func(who access.Principal, path, to string, v url.Values) {
		t.Helper()
		b.Who = who
		if a := b.Post(path, v); a.Status != 303 || a.To != to {
			t.Fatalf("POST %s: %d to %q\n%s", path, a.Status, a.To, a.Text())
		}
	}
	does(ann, "/capacity/plan", "/capacity/plan/CP-1", url.Values{"why": {"First."}})
	line := url.Values{"do": {"line"}, "key": {"var"}, "title": {"No disk of logs is full"}, "measure": {"disk.bytes"}, "place": {"/var"}, "test": {"now"}, "percent": {"many"}, "scope": {"all"}, "why": {"Logs stop the service."}}
	for field, value := range map[string]string{"percent": "is no number", "key": "is no key"} {
		v := url.Values{}
		for k, x := range line {
			v[k] = x
		}
		if field == "key" {
			v.Set("percent", "70")
			v.Set("key", "No!")
		}
		if a := b.Post("/capacity/plan/CP-1/keep", v); a.Status != 422 || !strings.Contains(a.Body, value) {
			t.Errorf("%s: %d\n%s", field, a.Status, a.Text())
		}
	}
	line.Set("percent", "70")
	does(ann, "/capacity/plan/CP-1/keep", "/capacity/plan/CP-1", line)
	does(ann, "/capacity/plan/CP-1/keep", "/capacity/plan/CP-1", url.Values{"do": {"leave"}, "gone": {"inodes"}})
	b.Says("/capacity/plan/CP-1", "No disk of logs is full", "Somebody other than its author approves it")
	does(bob, "/capacity/plan/CP-1/approve", "/capacity/plan/CP-1", url.Values{})
	for i := range 30 {
		for range 2 {
			must(t, db.Tx(ctx, func(tx *sql.Tx) error {
				var none int64
				if _, err := hosts.ReceiveHeartbeat(ctx, tx, host.Batch{Source: "src_1", SourceName: "db-1", Stream: "a", Sequence: now.Now().UnixMicro(), ObservedAt: now.Now(), ClockOffsetUs: &none, ReceivedAt: now.Now(), Items: []json.RawMessage{[]byte(`{"sections":{},"spooled":0}`)}}); err != nil {
					return err
				}
				return s.Receive(ctx, tx, "src_1", "db-1", now.Now(), &wire.Sample{Measures: []wire.Measure{{Name: "disk.bytes", Place: "/var", Used: int64(50+i) << 30, Limit: 100 << 30}}, Missing: map[string]string{"swap": "this host has none"}})
			}))
			now.Advance(12 * time.Hour)
		}
		must(t, s.Turn(ctx))
	}
	b.Who = eve
	b.Says("/capacity", "db-1", "79 %", "between")
	b.Says("/capacity/src_1/1", "Disk /var of db-1", "rising 1.00 % a day", "the host joined", "this host has none")
	if a := b.Get("/capacity/src_1/1"); !strings.Contains(a.Body, `<svg class="pic cap-pic"`) || !strings.Contains(a.Body, "full in 21 days, between 21 and 22 days") {
		t.Errorf("the picture: %s", a.Body)
	}
	rows := b.HoldsList(area.Lists[0], "/capacity")
	if len(rows) != 1 {
		t.Errorf("the files have %v", rows)
	}
	if a := b.Get("/capacity?measure=luck"); a.Status != 422 {
		t.Errorf("a measure that is none: %d", a.Status)
	}
	if a := b.Get("/capacity/src_1/9"); a.Status != 404 {
		t.Errorf("a line that is none: %d", a.Status)
	}
	does(ann, "/capacity/reviews", "/capacity/reviews/CR-1", url.Values{"decided": {"A larger disk is ordered."}, "expected": {"Nothing new."}})
	b.Says("/capacity/reviews/CR-1", "A larger disk is ordered.", "db-1")
	b.Says("/capacity/reviews", "Capacity was looked at on")
}
