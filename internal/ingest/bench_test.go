package ingest_test

import (
	"context"
	"database/sql"
	"strconv"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/wire"
)

// BenchmarkBatches sends batches one after the other, over TLS, and holds that
// against committing one row durably in the same database in the same run.
func BenchmarkBatches(b *testing.B) {
	db := databasetest.SQLite(b)
	nothing := func(context.Context, *sql.Tx, ingest.Batch) error { return nil }
	s := open(b, db, func(c *ingest.Config) {
		c.Handlers = map[string]ingest.Handler{wire.KindFacts: nothing}
		c.OnCommit = nil
	})
	p := enrolled(b, s)
	var batches, rows time.Duration
	n := int64(0)
	for b.Loop() {
		n++
		start := time.Now()
		p.mustSend(p.envelope(n), n)
		batches += time.Since(start)
		start = time.Now()
		if err := db.Tx(b.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(b.Context(), `INSERT INTO meta (name, value) VALUES ($1, $2)`, "bench/"+strconv.FormatInt(n, 10), "x")
			return err
		}); err != nil {
			b.Fatal(err)
		}
		rows += time.Since(start)
	}
	b.ReportMetric(float64(batches)/float64(rows), "x-one-row")
	b.ReportMetric(float64(n)/batches.Seconds(), "batches/s")
}
