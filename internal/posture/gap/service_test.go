package gap_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
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
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/packs"
)

var (
	start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	admin = access.Principal{UserID: "usr_1", Role: access.Administrator}
)

type fixture struct {
	*gap.Service
	ctx      context.Context
	db       *database.DB
	clock    *clock.Manual
	log      *ledger.Log
	controls *control.Service
}

func newFixture(t testing.TB, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{ctx: context.Background(), db: db, clock: clock.NewManual(start)}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	log, err := ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	must(err)
	t.Cleanup(func() { log.Close() })
	f.log = log
	standards, err := standard.New(standard.Config{DB: db, Ledger: log, Clock: f.clock.Now})
	must(err)
	server, err := packs.Open("linux-server")
	must(err)
	_, err = standards.Install(f.ctx, access.System(), server)
	must(err)
	library, err := control.ShippedLibrary()
	must(err)
	f.controls = control.New(control.Config{DB: db, Ledger: log, Clock: f.clock.Now, Library: library})
	must(f.controls.Start(f.ctx))
	p := posture.New(posture.Config{DB: db, Clock: f.clock.Now, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: log, Clock: f.clock.Now}), Standards: standards,
		Findings: finding.New(finding.Config{DB: db, Ledger: log, Clock: f.clock.Now})})
	f.Service = gap.New(gap.Config{Posture: p, Controls: f.controls})
	return f
}

// The gaps of a first day, of the day after an approval, and of the first day
// again as it is known later.
func TestReport(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		report := func(at posture.At) gap.Report {
			t.Helper()
			r, err := f.Report(f.ctx, admin, at)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		r := report(posture.Now())
		drafts, ok := r.Gap("controls/design")
		if !ok || len(drafts.Controls) < 20 || r.ByKind[gap.Evidence] < 20 || len(r.Criteria) != 61 {
			t.Fatalf("on the first day: %d controls, %v, %+v", r.Controls, r.ByKind, drafts)
		}
		f.clock.Advance(time.Hour)
		if _, err := f.controls.ApproveAll(f.ctx, admin); err != nil {
			t.Fatal(err)
		}
		points, ok := r.Gap("CC6.3/points")
		var at string
		for _, c := range r.Criteria {
			if g, has := r.Gap(c.ID + "/points"); !ok && has && c.InScope {
				points, ok = g, true
			}
		}
		if !ok {
			t.Fatal("the starter profile leaves no point open")
		}
		at = points.Criteria[0]
		for _, n := range points.Points {
			if err := f.controls.SetNotRelevant(f.ctx, admin, at, n, "The system holds no paper and no removable media."); err != nil {
				t.Fatal(err)
			}
		}
		now := report(posture.Now())
		if _, open := now.Gap("controls/design"); open {
			t.Error("approved controls are still drafts")
		}
		if _, open := now.Gap(points.Key); open {
			t.Errorf("%s stays although each point was set aside", points.Key)
		}
		then := report(posture.At{Valid: start.Add(time.Minute), Known: -1})
		if _, open := then.Gap("controls/design"); !open {
			t.Error("at the first moment nobody had approved anything")
		}
		if g, open := then.Gap(points.Key); !open || len(g.Points) != len(points.Points) {
			t.Errorf("at the first moment nobody had set anything aside: %+v", g)
		}
		if _, err := f.Report(f.ctx, access.Principal{UserID: "usr_9", Role: access.Training}, posture.Now()); !fault.Is(err, fault.Forbidden) {
			t.Errorf("somebody who only reads policies: %v", err)
		}
	})
}

// BenchmarkReport derives the gaps of 200 controls with three years of instances,
// each shown by accepted evidence. The limit is 500 ms.
func BenchmarkReport(b *testing.B) {
	f := newFixture(b, databasetest.SQLite(b))
	for _, d := range f.controls.Library().Designs {
		if have, err := f.controls.Program(f.ctx, admin); err != nil {
			b.Fatal(err)
		} else if len(have.Controls) >= 200 {
			break
		}
		if err := f.controls.Adopt(f.ctx, admin, d.Slug); err != nil && !fault.Is(err, fault.Conflict) {
			b.Fatal(err)
		}
	}
	program, err := f.controls.Program(f.ctx, admin)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	err = f.db.Tx(f.ctx, func(tx *sql.Tx) error {
		for _, c := range program.Controls {
			step := map[string]int{"weekly": 0, "monthly": 1, "quarterly": 3, "half-yearly": 6, "yearly": 12}[c.Current().Design.Frequency]
			if step == 0 {
				continue
			}
			for day := start.AddDate(0, 1, 0); day.Before(start.AddDate(3, 0, 0)); day = day.AddDate(0, step, 0) {
				n++
				end := time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
				id := fmt.Sprintf("evd_%06d", n)
				entry, err := f.log.Append(f.ctx, tx, ledger.Entry{Type: "test.added", Stream: "people", Actor: "usr_1", Subject: id})
				if err != nil {
					return err
				}
				for _, q := range []struct {
					text string
					args []any
				}{
					{`INSERT INTO evidence (id, system_id, number) VALUES ($1, $2, $3)`, []any{id, program.System.ID, n}},
					{`INSERT INTO evidence_version (evidence_id, version, kind, title, description, source, query, address, file_name, content_type, size, digest, performed_at, covers_from, covers_to, collected_at, scope, made_at, made_by, entry_id)
						VALUES ($1, 1, 'link', 'x', '', 'x', '', 'https://example.com', '', '', 0, '', $2, $2, $2, $2, 1, $2, 'usr_1', $3)`, []any{id, clock.Micros(end.Add(-time.Hour)), entry}},
					{`INSERT INTO evidence_cover (evidence_id, version, control_id, instance, role, items) VALUES ($1, 1, $2, $3, 'performance', -1)`, []any{id, c.ID, end.AddDate(0, 0, -1).Format(time.DateOnly)}},
					{`INSERT INTO evidence_review (evidence_id, version, seq, decision, reason, compensation, made_at, made_by, entry_id) VALUES ($1, 1, 1, 'accepted', 'x', '', $2, 'usr_2', $3)`, []any{id, clock.Micros(end), entry}},
				} {
					if _, err := tx.ExecContext(f.ctx, q.text, q.args...); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	f.clock.Advance(start.AddDate(3, 0, 0).Sub(f.clock.Now()))
	b.Logf("%d controls, %d instances with evidence", len(program.Controls), n)
	for b.Loop() {
		r, err := f.Report(f.ctx, admin, posture.Now())
		if _, missed := r.Gap("access-reviewed/deviates"); err != nil || r.Controls < 200 || missed {
			b.Fatal(r.Controls, missed, err)
		}
	}
	if each := b.Elapsed() / time.Duration(b.N); each > 500*time.Millisecond {
		b.Errorf("%v each, over 500 ms", each)
	}
}
