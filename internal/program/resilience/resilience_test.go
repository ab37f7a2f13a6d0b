package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"database/sql"

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
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/resilience"
	"github.com/attesta/attesta/packs"
)

type world struct {
	*resilience.Service
	t        *testing.T
	ctx      context.Context
	db       *database.DB
	log      *ledger.Log
	dir      string
	clock    *clock.Manual
	hosts    *host.Service
	finding  *finding.Service
	own      []resilience.RunText
	ann, eve access.Principal
}

func begin(t *testing.T, db *database.DB) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), dir: t.TempDir()}
	var err error
	w.log, err = ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(w.dir, "log"), KeyFile: filepath.Join(w.dir, "key"), Clock: w.clock.Now})
	w.must(err)
	t.Cleanup(func() { w.log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(w.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		w.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	w.ann, w.eve = user("ann", access.ComplianceManager), user("eve", access.Viewer)
	standards, err := standard.New(standard.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	dir, err := packs.OpenStandard("backups")
	w.must(err)
	_, err = standards.Install(w.ctx, access.System(), dir)
	w.must(err)
	w.finding = finding.New(finding.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.hosts, err = host.New(host.Config{DB: db, Ledger: w.log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: w.log, Clock: w.clock.Now}), Findings: w.finding, Clock: w.clock.Now})
	w.must(err)
	w.Service = resilience.New(resilience.Config{DB: db, Ledger: w.log, Hosts: w.hosts, Clock: w.clock.Now, Version: "test",
		Inventory: func(context.Context) ([]resilience.Held, error) {
			return []resilience.Held{{Ref: "A-1", Name: "orders", Kind: "database"}, {Ref: "A-2", Name: "wiki", Kind: "database"}, {Ref: "A-3", Name: "scratch", Kind: "store"}}, nil
		},
		Own: func(context.Context) ([]resilience.RunText, error) { return w.own, nil }})
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
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fmt.Sprintf("%s at %s:%d %s", fe.Error(), fe.File, fe.Line, fe.Field), want) {
		w.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

func orders() resilience.BackupText {
	return resilience.BackupText{Name: "orders-nightly", Title: "Database of orders", Covers: []string{"A-1"}, How: "pg_dump, then restic", Places: []resilience.Place{{Name: "vault", Where: resilience.Same}, {Name: "vault-us", Where: resilience.Region}},
		Encrypted: "yes", Keep: 35, Loss: 26, LossApart: 50, Recover: 240, Try: 6, Owner: "Operations"}
}

// run reports a run that ended now.
func (w *world) run(place string, result resilience.Result, bytes int64) {
	w.t.Helper()
	told, err := w.Report(w.ctx, w.ann, "api", []resilience.RunText{{Backup: "orders-nightly", Finished: w.clock.Now(), Result: result, Bytes: &bytes, Place: place}})
	w.must(err)
	if told.New != 1 {
		w.t.Errorf("told: %+v", told)
	}
}

// says holds what a backup comes to against "overdue=pass …".
func (w *world) says(ref, want string) {
	w.t.Helper()
	b, err := w.Backup(w.ctx, w.eve, ref)
	w.must(err)
	got := map[string]string{}
	for _, a := range b.Judged {
		got[a.ID] = a.Outcome + " " + a.Reason
	}
	for _, one := range strings.Split(want, "; ") {
		id, rest, _ := strings.Cut(one, "=")
		if !strings.Contains(got[id], rest) {
			w.t.Errorf("%s is %q, want %q", id, got[id], rest)
		}
	}
}

func (w *world) live(want ...string) {
	w.t.Helper()
	w.must(w.Turn(w.ctx))
	page, err := w.finding.List(w.ctx, finding.Filter{States: []finding.State{finding.Open, finding.Acknowledged}}, finding.ByUrgency, "", 50)
	w.must(err)
	var got []string
	for _, f := range page.Findings {
		got = append(got, f.ItemName+"/"+f.Attribute)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.t.Errorf("findings: %q, want %q", got, want)
	}
}

// The life of a backup: never heard of, good, old, shrunk, failed, restored, ended;
// what fails is a finding.
func TestBackup(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		o, err := w.AddBackup(w.ctx, w.ann, orders())
		w.must(err)
		_, err = w.AddBackup(w.ctx, w.ann, orders())
		w.refused(err, fault.Conflict, "is BK-1 already")
		w.says(o.Ref, "overdue=not_observed no run was ever; offsite=not_observed; shrunk=not_observed; encrypted=pass; restored=not_observed the first restore is due by 2026-09-02; in_time=not_observed")
		w.live()
		for range 4 {
			w.run("vault", resilience.Good, 1000)
			w.run("vault-us", resilience.Good, 1000)
			w.clock.Advance(24 * time.Hour)
		}
		w.says("BK-1", "overdue=pass; failing=pass; offsite=pass; shrunk=pass 1000 B; 1000")
		w.live()
		w.run("vault", resilience.Good, 300)
		w.says("BK-1", "shrunk=fail 300 B, and 1000 B is usual; overdue=pass; offsite=pass")
		w.live("orders-nightly/shrunk")
		w.clock.Advance(24 * time.Hour)
		w.run("vault", resilience.Failed, 0)
		w.clock.Advance(3 * time.Hour)
		w.says("BK-1", "overdue=fail the newest good copy is of 27 hours ago; failing=fail; offsite=fail the newest good copy elsewhere")
		w.live("orders-nightly/failing", "orders-nightly/offsite", "orders-nightly/overdue", "orders-nightly/shrunk")
		for range 70 { // a good copy counts, however many failed after it
			w.clock.Advance(time.Minute)
			w.run("vault", resilience.Failed, 0)
		}
		w.says("BK-1", "overdue=fail the newest good copy is of 28 hours ago")
		w.run("vault-us", resilience.Good, 1000)
		w.clock.Advance(time.Minute)
		w.run("vault", resilience.Good, 1000)
		w.live()

		// Restores.
		for _, c := range []struct {
			r    resilience.Restore
			want string
		}{{resilience.Restore{On: "2026-12-01", Result: "whole", Minutes: 5}, "into"}, {resilience.Restore{On: "2026-12-01", Result: "whole", Minutes: 5, Into: "x", Copy: "y", Compared: "counts"}, "on"}, {resilience.Restore{On: "2026-03-05", Result: "whole", Into: "x", Copy: "y", Compared: "counts"}, "minutes"},
			{resilience.Restore{On: "soon", Result: "whole", Minutes: 1, Into: "x", Copy: "y", Compared: "counts"}, "on"}, {resilience.Restore{On: "2026-03-05", Result: "fine", Minutes: 1, Into: "x", Copy: "y", Compared: "counts"}, "result"}} {
			_, err := w.TryRestore(w.ctx, w.ann, "BK-1", c.r)
			w.refused(err, fault.Invalid, c.want)
		}
		_, err = w.TryRestore(w.ctx, w.ann, "BK-1", resilience.Restore{On: "2026-03-06", Result: "whole", Minutes: 300, Into: "a host beside", Copy: "vault, 6 March", Compared: "counts of four tables"})
		w.must(err)
		w.says("BK-1", "restored=pass; in_time=fail 300 minutes on 2026-03-06, and 240")
		w.live("orders-nightly/in-time")
		_, err = w.TryRestore(w.ctx, w.ann, "BK-1", resilience.Restore{On: "2026-03-07", Result: "whole", Minutes: 200, Into: "a host beside", Copy: "vault, 6 March", Compared: "counts of four tables"})
		w.must(err)
		w.live()
		w.clock.Advance(200 * 24 * time.Hour)
		w.says("BK-1", "restored=fail the newest whole one is of 2026-03-07")

		// Populations.
		count := func(source string, want int) []population.Item {
			t.Helper()
			i := slices.IndexFunc(w.Sources(), func(s population.Source) bool { return s.Name == source })
			items, err := w.Sources()[i].Read(w.ctx, population.Request{At: outcome.At{Known: -1}, From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), To: w.clock.Now()})
			w.must(err)
			if len(items) != want {
				t.Errorf("%s has %d items, want %d", source, len(items), want)
			}
			return items
		}
		count("backup-runs", 82)
		if r := count("restore-tests", 2); r[0].Attributes["fast_enough"] != "fail" || r[1].Attributes["fast_enough"] != "pass" {
			t.Errorf("restores: %+v", r)
		}
		if b := count("backups", 1); b[0].Attributes["overdue"] != "fail" {
			t.Errorf("backups: %+v", b)
		}
		_, err = w.EndBackup(w.ctx, w.ann, "BK-1", "The database moved to the provider's service.")
		w.must(err)
		w.live()
		w.says("BK-1", "overdue=not_applicable it ended on")
		_, err = w.TryRestore(w.ctx, w.ann, "BK-1", resilience.Restore{On: "2026-03-07", Result: "whole", Minutes: 200, Into: "x", Copy: "y", Compared: "counts"})
		w.refused(err, fault.Conflict, "ended")

		// Whoever changes a run behind the ledger's back is found.
		w.must(w.log.Publish(w.ctx))
		verify := func() error {
			_, err := ledger.Verify(w.ctx, ledger.VerifyConfig{DB: db, Dir: filepath.Join(w.dir, "log"), VerifierKey: w.log.VerifierKey(), Bindings: slices.Concat(resilience.Bindings(), host.Bindings(), finding.Bindings(), outcome.Bindings(), standard.Bindings(), access.Bindings())})
			return err
		}
		w.must(verify())
		w.must(db.Tx(w.ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(w.ctx, `UPDATE kept_run SET result = 'success' WHERE result = 'failed'`)
			return err
		}))
		if verify() == nil {
			t.Error("nobody noticed that failures became successes")
		}
	})
}

// Attesta's own backups come by themselves, and what the inventory holds without a
// backup is said.
func TestOwnAndBare(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		w.must(w.Turn(w.ctx))
		if list, err := w.Backups(w.ctx, w.eve); err != nil || len(list) != 0 {
			t.Fatalf("before there is any: %v, %v", list, err)
		}
		size := int64(5000)
		w.own = []resilience.RunText{{Finished: w.clock.Now().Add(-time.Hour), Result: resilience.Good, Bytes: &size}}
		w.clock.Advance(10 * time.Minute)
		w.must(w.Turn(w.ctx))
		w.clock.Advance(10 * time.Minute)
		w.must(w.Turn(w.ctx)) // the same run again
		list, err := w.Backups(w.ctx, w.eve)
		w.must(err)
		if len(list) != 1 || !list[0].Content.Own || len(list[0].Runs) != 1 || list[0].Judged[0].Outcome != "pass" || list[0].Judged[3].Outcome != "fail" {
			t.Fatalf("own: %+v", list[0])
		}
		w.live("attesta/offsite")
		_, err = w.AddBackup(w.ctx, w.ann, orders())
		w.must(err)
		_, err = w.AddBackup(w.ctx, w.ann, resilience.BackupText{Name: "scratch", Title: "Scratch space", Covers: []string{"scratch"}, Owner: "Operations", Without: "It is made anew from orders each day."})
		w.must(err)
		bare, err := w.Bare(w.ctx, w.eve)
		w.must(err)
		if len(bare) != 1 || bare[0].Name != "wiki" {
			t.Errorf("without a backup: %+v", bare)
		}
	})
}

func TestReports(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		_, err := w.AddBackup(w.ctx, w.ann, orders())
		w.must(err)
		for _, c := range []struct{ file, want string }{
			{"", "no head"}, {"backup,finished\n", ":1 result"}, {"backup,finished,result,colour\n", `"colour"`}, {"backup,finished,result\n", ":2"}, {"backup,finished,finished\n", "two columns"},
			{"backup,finished,result\norders-nightly,yesterday,success\n", "runs.csv:2 finished"}, {"backup,finished,result,bytes,place\norders-nightly,2026-03-01T03:00:00Z,success,many,vault\n", "runs.csv:2 bytes"},
			{"backup,finished,result,place\norders-nightly,2026-03-01 03:00,success,vault\n\nnone,2026-03-01 03:00,success,vault\n", "runs.csv:4 backup"}, {"backup,finished,result\norders-nightly,2026-03-01 03:00,success\n", "runs.csv:2 place"},
			{"backup,finished,result,place\norders-nightly,2026-03-01 03:00,grand,vault\n", "runs.csv:2 result"}, {"backup,finished,result,place\norders-nightly,2027-03-01 03:00,success,vault\n", "has not come yet"},
			{"backup,finished,result,place,sha256\norders-nightly,2026-03-01 03:00,success,vault,abc\n", "runs.csv:2 sha256"}, {"backup,finished,result\na,b\n", "2 fields"}, {"backup,finished,result\n\"a,b,c\n", "no CSV"}, {"backup,finished,result\n\xff,b,c\n", "not UTF-8"},
		} {
			_, err := w.ReportFile(w.ctx, w.ann, "runs.csv", []byte(c.file))
			w.refused(err, fault.Invalid, c.want)
		}
		if n, err := w.RunCounts(w.ctx, w.eve); err != nil || len(n) != 0 {
			t.Errorf("something was stored of files that were refused: %v, %v", n, err)
		}
		good := "\xef\xbb\xbfBackup;Finished;Result;Bytes;Place;Says\norders-nightly;2026-03-01 03:00;success;1000;vault;\"all; good\"\nBK-1;2026-03-01T03:30:00+01:00;failed;;vault-us;\n"
		told, err := w.ReportFile(w.ctx, w.ann, "runs.csv", []byte(good))
		w.must(err)
		again, err := w.ReportFile(w.ctx, w.ann, "runs.csv", []byte(good))
		w.must(err)
		if told.New != 2 || again.New != 0 || again.There != 2 {
			t.Errorf("told %+v and again %+v", told, again)
		}
		first, next, err := w.RunPage(w.ctx, w.eve, "", "", "", 1)
		w.must(err)
		second, end, err := w.RunPage(w.ctx, w.eve, "BK-1", "", next, 1)
		w.must(err)
		if first[0].Says != "all; good" || second[0].Result != resilience.Failed || second[0].Bytes != -1 || end != "" {
			t.Errorf("runs: %+v then %+v, end %q", first, second, end)
		}
		_, err = w.Report(w.ctx, w.eve, "api", nil)
		w.refused(err, fault.Forbidden, "")
		for _, c := range []struct {
			spoil func(*resilience.BackupText)
			want  string
		}{{func(b *resilience.BackupText) { b.Name = "two words" }, "name"}, {func(b *resilience.BackupText) { b.Places = nil }, "places"}, {func(b *resilience.BackupText) { b.Places[1].Name = "vault" }, "twice"}, {func(b *resilience.BackupText) { b.Places[1].Where = "moon" }, "places"},
			{func(b *resilience.BackupText) { b.Loss = 0 }, "loss_hours"}, {func(b *resilience.BackupText) { b.Keep = 0 }, "keep_days"}, {func(b *resilience.BackupText) { b.Encrypted = "perhaps" }, "encrypted"}, {func(b *resilience.BackupText) { b.Owner = "" }, "owner"}} {
			b := orders()
			c.spoil(&b)
			_, err := w.AddBackup(w.ctx, w.ann, b)
			w.refused(err, fault.Invalid, c.want)
		}
	})
}

func TestThreatsAndAlternates(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := begin(t, db)
		fire := resilience.ThreatText{Place: "Porto office", Kind: "fire", What: "The server room burns.", Likelihood: 2, Magnitude: 4, Why: "Old wiring; no fire in ten years.", Owner: "Office manager"}
		o, err := w.AddThreat(w.ctx, w.ann, fire)
		w.must(err)
		_, err = w.AddThreat(w.ctx, w.ann, fire)
		w.refused(err, fault.Conflict, "is TH-1 already")
		says := func(want string) {
			t.Helper()
			x, err := w.Threat(w.ctx, w.eve, o.Ref)
			w.must(err)
			var got []string
			for _, a := range x.Judged {
				got = append(got, a.ID+"="+a.Outcome)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %s, want %s: %+v", got, want, x.Judged)
			}
		}
		says("detected=fail protected=fail inspected=not_applicable reviewed=not_observed")
		for _, p := range []resilience.ProtectionText{{What: "Smoke detectors", Class: "detects", Every: 6}, {What: "Gas extinguisher", Class: "answers", Every: 12}} {
			_, err := w.Protect(w.ctx, w.ann, "TH-1", p)
			w.must(err)
		}
		says("detected=pass protected=pass inspected=not_observed reviewed=not_observed")
		_, err = w.Inspect(w.ctx, w.ann, "TH-1", 1, resilience.Inspection{On: "2026-03-01", Result: "works", Found: "Each of six was tried with smoke."})
		w.must(err)
		_, err = w.Inspect(w.ctx, w.ann, "TH-1", 9, resilience.Inspection{On: "2026-03-01", Result: "works", Found: "x y z"})
		w.refused(err, fault.Invalid, "no protection 9")
		_, err = w.Inspect(w.ctx, w.ann, "TH-1", 1, resilience.Inspection{On: "2026-04-01", Result: "works", Found: "Too soon."})
		w.refused(err, fault.Invalid, "has not come yet")
		_, err = w.ReviewThreat(w.ctx, w.ann, "TH-1", "Nothing new; wiring is replaced in May.")
		w.must(err)
		says("detected=pass protected=pass inspected=pass reviewed=pass")
		w.clock.Advance(190 * 24 * time.Hour)
		says("detected=pass protected=pass inspected=fail reviewed=pass")
		_, err = w.Inspect(w.ctx, w.ann, "TH-1", 1, resilience.Inspection{On: "2026-09-01", Result: "fails", Found: "Two are dead."})
		w.must(err)
		says("detected=pass protected=pass inspected=fail reviewed=pass")
		_, err = w.Unprotect(w.ctx, w.ann, "TH-1", 2, "It was removed with the room.")
		w.must(err)
		says("detected=pass protected=fail inspected=fail reviewed=pass")
		w.clock.Advance(200 * 24 * time.Hour)
		says("detected=pass protected=fail inspected=fail reviewed=fail")

		// In the cloud a vendor's report speaks, until it is old.
		flood := resilience.ThreatText{Place: "Cloudhaven eu-west", Kind: "flood", What: "The region floods.", Likelihood: 1, Magnitude: 5, Why: "By a river.", Owner: "Operations", Vendor: "V-1", Report: "SOC 2 Type 2", ReportTo: "2026-12-31"}
		o, err = w.AddThreat(w.ctx, w.ann, flood)
		w.must(err)
		says("detected=pass protected=pass inspected=not_applicable reviewed=not_observed")
		w.clock.Advance(240 * 24 * time.Hour)
		says("detected=fail protected=fail inspected=not_applicable reviewed=not_observed")

		a, err := w.AddAlternate(w.ctx, w.ann, resilience.AlternateText{For: "Delivery planning", From: "Cloudhaven eu-west", To: "Cloudhaven eu-north", Where: "region", Ready: "warm", Percent: 100, Need: 80, Recover: 120, Needs: "Quota of 40 hosts, granted; names by a second provider.", Owner: "Operations"})
		w.must(err)
		alt := func(want string) {
			t.Helper()
			x, err := w.Alternate(w.ctx, w.eve, a.Ref)
			w.must(err)
			var got []string
			for _, k := range x.Judged {
				got = append(got, k.ID+"="+k.Outcome)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		alt("elsewhere=pass enough=not_observed proved=not_observed fast=not_observed")
		_, err = w.Prove(w.ctx, w.ann, a.Ref, resilience.Proof{On: "2027-11-01", Result: "whole", Minutes: 90, Percent: 60, What: "Moved for an hour; half of the load."})
		w.must(err)
		alt("elsewhere=pass enough=fail proved=pass fast=pass")
		_, err = w.Prove(w.ctx, w.ann, a.Ref, resilience.Proof{On: "2027-11-02", Result: "failed", What: "Names did not move."})
		w.must(err)
		alt("elsewhere=pass enough=fail proved=fail fast=pass")
		_, err = w.Prove(w.ctx, w.ann, a.Ref, resilience.Proof{On: "2027-11-03", Result: "whole", Percent: 90, What: "No time taken."})
		w.refused(err, fault.Invalid, "minutes")
		for _, source := range []string{"site-threats", "alternates"} {
			i := slices.IndexFunc(w.Sources(), func(s population.Source) bool { return s.Name == source })
			items, err := w.Sources()[i].Read(w.ctx, population.Request{At: outcome.At{Known: -1}})
			w.must(err)
			if len(items) == 0 || items[0].Attributes["number"] == "" {
				t.Errorf("%s: %+v", source, items)
			}
		}
	})
}

func FuzzParseRuns(f *testing.F) {
	f.Add("backup,finished,result,bytes,place,says\na,2026-03-01T03:00:00Z,success,1000,vault,\"x\"\"y\"\n")
	f.Add("\xef\xbb\xbfbackup;finished;result\na;2026-03-01 03:00;failed\n")
	f.Fuzz(func(t *testing.T, raw string) {
		runs, err := resilience.ParseRuns("runs.csv", []byte(raw), time.UTC)
		if err != nil {
			var fe *fault.Error
			if !errors.As(err, &fe) || fe.Kind != fault.Invalid || fe.File != "runs.csv" {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		for _, r := range runs {
			if r.Finished.IsZero() || r.Bytes != nil && *r.Bytes < 0 {
				t.Fatalf("%q gives %+v", raw, r)
			}
		}
	})
}
