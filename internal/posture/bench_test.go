package posture

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
)

// BenchmarkPastDate asks for all criteria at a date of last year, and for the
// year's weeks, over 1,000 hosts judged by the forty checks of linux-server, of
// which 1 % change each day. scans_per_op says how many such answers a scan of
// the outcomes at the same moment would take the time of.
func BenchmarkPastDate(b *testing.B) {
	const hosts, days = 1000, 365
	d := newDeployment(b, databasetest.SQLite(b))
	r := rand.New(rand.NewPCG(1, 2))
	shows := []map[string]any{nil, nil, rootMayLogin, unreadable, {"clock/synchronised": false}, {"sshd/effective/permitemptypasswords": "yes"}}
	for day := range days {
		d.clock.Advance(24 * time.Hour)
		if day == 0 {
			for h := range hosts {
				d.seen(fmt.Sprintf("host-%04d", h), d.clock.Now().Add(time.Duration(h)*time.Second), nil)
			}
			continue
		}
		for range hosts / 100 {
			d.seen(fmt.Sprintf("host-%04d", r.IntN(hosts)), d.clock.Now().Add(time.Duration(r.IntN(86400))*time.Second), shows[r.IntN(len(shows))])
		}
		if day%30 == 0 {
			d.number()
			if _, err := d.out.Fold(d.ctx); err != nil {
				b.Fatal(err)
			}
		}
	}
	d.clock.Advance(24 * time.Hour)
	// Heartbeats of a year as they are kept: one interval per host; ten hosts
	// were silent for a week in the middle.
	d.must(d.db.Tx(d.ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(d.ctx, `DELETE FROM coverage`); err != nil {
			return err
		}
		for h := range hosts {
			source := fmt.Sprintf("src_host-%04d", h)
			spans := [][2]int64{{clock.Micros(at(1, 0)), clock.Micros(d.clock.Now())}}
			if h < 10 {
				spans = [][2]int64{{clock.Micros(at(1, 0)), clock.Micros(at(180, 0))}, {clock.Micros(at(187, 0)), clock.Micros(d.clock.Now())}}
			}
			for _, s := range spans {
				if _, err := tx.ExecContext(d.ctx, `INSERT INTO coverage (source, covered_from, covered_to, recorded_at, entry_id) VALUES ($1, $2, $3, $2, '')`, source, s[0], s[1]); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	size := d.number()
	var rows, steps int
	d.must(d.db.Reader().QueryRowContext(d.ctx, `SELECT (SELECT COUNT(*) FROM outcome), (SELECT COUNT(*) FROM step)`).Scan(&rows, &steps))
	b.Logf("%d outcomes, %d steps", rows, steps)

	moments := map[string]At{
		"now":         {Known: -1},
		"half a year": {Valid: at(200, 5), Known: -1},
		"some silent": {Valid: at(183, 5), Known: -1},
		"known then":  {Valid: at(200, 5), Known: size / 2},
	}
	for name, m := range moments {
		b.Run("criteria/"+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := d.Criteria(d.ctx, m); err != nil {
					b.Fatal(err)
				}
			}
			each := b.Elapsed() / time.Duration(b.N)
			if m.Valid.IsZero() {
				m.Valid = d.clock.Now()
			}
			began := time.Now()
			d.scan(m)
			b.ReportMetric(float64(time.Since(began))/float64(each), "scans_per_op")
		})
	}
	b.Run("weeks/52", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.Weeks(d.ctx, at(0, 0), at(364, 0)); err != nil {
				b.Fatal(err)
			}
		}
		each := b.Elapsed() / time.Duration(b.N)
		began := time.Now()
		for w := range 52 {
			if _, err := d.Criteria(d.ctx, At{Valid: at(7*w+6, 23), Known: -1}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(time.Since(began))/float64(each), "askings_of_52_ends_per_op")
	})
}
