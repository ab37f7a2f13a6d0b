package evidence_test

import (
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/evidence"
)

// BenchmarkList is the list of BENCH_EVIDENCE items (5,000 when not set), each
// accepted: pages by what people filter by, and what the chips count. The first
// request after something was recorded is reported apart. The ratio's other side
// is the same database counting the items.
func BenchmarkList(b *testing.B) {
	n := 5000
	if v, err := strconv.Atoi(os.Getenv("BENCH_EVIDENCE")); err == nil && v > 0 {
		n = v
	}
	for _, engine := range []struct {
		name string
		open func(testing.TB) *database.DB
	}{{"sqlite", databasetest.SQLite}, {"postgres", databasetest.Postgres}} {
		b.Run(engine.name, func(b *testing.B) {
			f := newFixture(b, engine.open(b))
			began := clock.System()
			f.fill(n)
			b.Logf("filled in %s", clock.System().Sub(began))
			list := func(x evidence.Filter, want int) time.Duration {
				began := clock.System()
				got, _, err := f.List(f.ctx, f.bob, x)
				if err != nil || len(got) != want {
					b.Fatal(len(got), err)
				}
				return clock.System().Sub(began)
			}
			first := list(evidence.Filter{}, 50)
			filters := []evidence.Filter{{}, {Below: n / 2}, {Control: f.quarterly}, {State: "accepted"}, {Text: "number 4"}, {By: f.ann.UserID, Fresh: "fresh"}}
			for i := range filters {
				list(filters[i], 50)
			}
			took := []time.Duration{}
			for b.Loop() {
				for _, x := range filters {
					took = append(took, list(x, 50))
				}
				began := clock.System()
				sum, err := f.Summary(f.ctx, f.bob)
				if err != nil || sum.All != n {
					b.Fatal(sum.All, err)
				}
				took = append(took, clock.System().Sub(began))
			}
			began = clock.System()
			for range 10 {
				var all int
				if err := f.db.Reader().QueryRowContext(f.ctx, `SELECT COUNT(*) FROM evidence_version`).Scan(&all); err != nil || all != n {
					b.Fatal(all, err)
				}
			}
			count := clock.System().Sub(began) / 10
			slices.Sort(took)
			worst := took[len(took)*95/100]
			b.ReportMetric(float64(worst.Microseconds())/1000, "p95-ms")
			b.ReportMetric(worst.Seconds()/count.Seconds(), "p95/count")
			b.ReportMetric(first.Seconds(), "s/first")
		})
	}
}

// fill adds accepted evidence of two controls, as rows.
func (f *fixture) fill(n int) {
	f.t.Helper()
	program, err := f.controls.Program(f.ctx, f.bob)
	f.must(err)
	id := map[string]string{}
	for _, c := range program.Controls {
		id[c.Slug] = c.ID
	}
	for from := 0; from < n; from += 5000 {
		f.must(f.db.Tx(f.ctx, func(tx *sql.Tx) error {
			for i := from; i < min(from+5000, n); i++ {
				key := fmt.Sprintf("evd_%06d", i)
				entry, err := f.log.Append(f.ctx, tx, ledger.Entry{Type: "test.added", Stream: "people", Actor: f.ann.UserID, Subject: key})
				if err != nil {
					return err
				}
				slug, at := f.quarterly, clock.Micros(day("2026-03-30"))
				if i%2 == 1 {
					slug = f.yearly
				}
				for _, q := range []struct {
					text string
					args []any
				}{
					{`INSERT INTO evidence (id, system_id, number) VALUES ($1, $2, $3)`, []any{key, program.System.ID, i + 1}},
					{`INSERT INTO evidence_version (evidence_id, version, kind, title, description, source, query, address, file_name, content_type, size, digest, performed_at, covers_from, covers_to, collected_at, scope, made_at, made_by, entry_id)
						VALUES ($1, 1, 'link', $4, '', 'the identity provider', '', 'https://example.com', '', '', 0, '', $2, $2, $2, $2, 1, $2, $5, $3)`, []any{key, at, entry, fmt.Sprintf("Review number %d", i), f.ann.UserID}},
					{`INSERT INTO evidence_cover (evidence_id, version, control_id, instance, role, items) VALUES ($1, 1, $2, '2026-03-31', 'performance', -1)`, []any{key, id[slug]}},
					{`INSERT INTO evidence_review (evidence_id, version, seq, decision, reason, compensation, made_at, made_by, entry_id) VALUES ($1, 1, 1, 'accepted', 'x', '', $2, $4, $3)`, []any{key, at, entry, f.bob.UserID}},
				} {
					if _, err := tx.ExecContext(f.ctx, q.text, q.args...); err != nil {
						return err
					}
				}
			}
			return nil
		}))
	}
}
