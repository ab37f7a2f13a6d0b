package resilience_test

import (
	"context"
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
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/resilience"
	screens "github.com/attesta/attesta/internal/web/resilience"
	"github.com/attesta/attesta/internal/web/screen/screentest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// form makes values of pairs.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// Each register from nothing, by forms, with what is wrong beside its field.
func TestResilienceByForms(t *testing.T) {
	db, ctx, dir := databasetest.SQLite(t), t.Context(), t.TempDir()
	now := clock.NewManual(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	log, err := ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
	must(t, err)
	t.Cleanup(func() { log.Close() })
	standards, err := standard.New(standard.Config{DB: db, Ledger: log, Clock: now.Now})
	must(t, err)
	hosts, err := host.New(host.Config{DB: db, Ledger: log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: log, Clock: now.Now}), Findings: finding.New(finding.Config{DB: db, Ledger: log, Clock: now.Now}), Clock: now.Now})
	must(t, err)
	s := resilience.New(resilience.Config{DB: db, Ledger: log, Hosts: hosts, Clock: now.Now, Inventory: func(context.Context) ([]resilience.Held, error) {
		return []resilience.Held{{Ref: "A-1", Name: "orders", Kind: "database"}, {Ref: "A-2", Name: "wiki", Kind: "database"}}, nil
	}})
	ann := access.Principal{UserID: "usr_ann", Role: access.ComplianceManager}
	eve := access.Principal{UserID: "usr_eve", Role: access.Viewer}
	area := screens.New(screens.Config{Resilience: s})
	b := screentest.New(t, area, now.Now, ann)
	does := func(path, to string, v url.Values) {
		t.Helper()
		if a := b.Post(path, v); a.Status != 303 || a.To != to {
			t.Fatalf("POST %s: %d to %q\n%s", path, a.Status, a.To, a.Text())
		}
	}
	wrong := func(path string, v url.Values, want string) {
		t.Helper()
		if a := b.Post(path, v); a.Status != 422 || !strings.Contains(a.Body, want) {
			t.Errorf("POST %s: %d does not say %q\n%s", path, a.Status, want, a.Text())
		}
	}
	b.Says("/backups", "Say what is backed up, and let it report", "2 assets have no backup")
	b.Says("/threats", "Go through your places")
	b.Says("/alternates", "Somewhere else to run")

	backup := form("title", "Database of orders", "name", "orders-nightly", "covers", "A-1", "how", "restic", "places", "vault same\nvault-us region", "encrypted", "yes", "loss_hours", "26", "keep_days", "35", "recover_minutes", "240", "owner", "Operations")
	backup.Set("places", "vault")
	wrong("/backups/new", backup, "is no place and where it lies")
	backup.Set("places", "vault same\nvault-us region")
	backup.Set("loss_hours", "day")
	wrong("/backups/new", backup, "is no number")
	backup.Set("loss_hours", "26")
	does("/backups/new", "/backups/BK-1", backup)
	b.Says("/backups", "Database of orders", "1 asset has no backup", "wiki")
	b.Says("/backups/BK-1", "no run was ever reported", "another region")
	size := int64(3 << 30)
	_, err = s.Report(ctx, ann, "api", []resilience.RunText{{Backup: "orders-nightly", Finished: now.Now().Add(-time.Hour), Result: resilience.Good, Bytes: &size, Place: "vault"}, {Backup: "orders-nightly", Finished: now.Now().Add(-50 * time.Hour), Result: resilience.Failed, Place: "vault-us", Says: "cut"}})
	must(t, err)
	wrong("/backups/BK-1/keep", form("do", "restored", "on", "2026-03-01", "result", "whole", "into", "x", "copy", "y", "compared", "counts"), "how many minutes")
	does("/backups/BK-1/keep", "/backups/BK-1", form("do", "restored", "on", "2026-03-01", "result", "whole", "minutes", "200", "into", "a host beside", "copy", "of the day", "compared", "counts of tables"))
	b.Who = eve
	b.Says("/backups/BK-1", "3.0 GiB", "no run to another place succeeded", "200 minutes on 2026-03-01", "counts of tables")
	b.Says("/backups/runs", "2 runs of backups were reported", "cut")
	for i, path := range []string{"/backups", "/backups/runs"} {
		if rows := b.HoldsList(area.Lists[i], path); len(rows) != i+1 {
			t.Errorf("the files of %s have %v", path, rows)
		}
	}
	if a := b.Get("/backups?show=golden"); a.Status != 422 {
		t.Errorf("a choice that is none: %d", a.Status)
	}
	if a := b.Get("/backups/new"); a.Status != 403 {
		t.Errorf("a viewer adds a backup: %d", a.Status)
	}

	b.Who = ann
	threat := form("place", "Porto office", "kind", "fire", "what", "It burns.", "likelihood", "2", "magnitude", "4", "why", "Old wiring.", "owner", "Ann")
	does("/threats/new", "/threats/TH-1", threat)
	wrong("/threats/new", threat, "is TH-1 already")
	does("/threats/TH-1/keep", "/threats/TH-1", form("do", "protect", "protection", "Smoke detectors", "class", "detects"))
	wrong("/threats/TH-1/keep", form("do", "protect", "protection", "x"), "Choose what it does")
	does("/threats/TH-1/keep", "/threats/TH-1", form("do", "inspect", "number", "1", "on", "2026-03-01", "result", "works", "found", "Each was tried."))
	does("/threats/TH-1/keep", "/threats/TH-1", form("do", "review", "found", "As it was."))
	b.Says("/threats/TH-1", "Smoke detectors", "nothing that stands against it is named", "reviewed on 2026-03-02")
	b.Says("/threats", "1 threat lacks something", "Fire, Porto office")
	b.HoldsList(area.Lists[2], "/threats")

	alternate := form("for", "Orders", "from", "here", "to", "there", "where", "region", "readiness", "warm", "capacity_percent", "100", "needed_percent", "80", "recover_minutes", "120", "needs", "Quota.", "owner", "Ann")
	does("/alternates/new", "/alternates/AI-1", alternate)
	wrong("/alternates/AI-1/keep", form("do", "prove", "on", "2027-01-01", "result", "whole", "minutes", "5", "what", "All of it."), "has not come yet")
	does("/alternates/AI-1/keep", "/alternates/AI-1", form("do", "prove", "on", "2026-03-01", "result", "whole", "minutes", "150", "carried_percent", "90", "what", "All of it."))
	b.Says("/alternates/AI-1", "150 minutes on 2026-03-01, and 120 are promised", "it carried 90 %")
	b.Says("/alternates", "Orders")
	b.HoldsList(area.Lists[3], "/alternates")
	b.Says("/backups/import", "backup,started,finished")
}
