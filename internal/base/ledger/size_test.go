package ledger

import (
	"os"
	"testing"
)

func BenchmarkSizes(b *testing.B) {
	if os.Getenv("SIZES") == "" {
		b.Skip()
	}
	l := grown(b, 65536, 1024)
	payload, disk := l.sizes(b)
	b.Logf("payload %d disk %d", payload, disk)
	rows, err := l.db.Reader().QueryContext(b.Context(), `SELECT name, SUM(pgsize), SUM(unused), SUM(payload), COUNT(*) FROM dbstat GROUP BY name ORDER BY 2 DESC`)
	if err != nil {
		b.Fatal(err)
	}
	for rows.Next() {
		var n string
		var a, u, p, c int64
		rows.Scan(&n, &a, &u, &p, &c)
		b.Logf("%-40s %10d unused %10d payload %10d pages %d", n, a, u, p, c)
	}
	var fl, pc int64
	l.db.Reader().QueryRowContext(b.Context(), `PRAGMA freelist_count`).Scan(&fl)
	l.db.Reader().QueryRowContext(b.Context(), `PRAGMA page_count`).Scan(&pc)
	b.Logf("free %d of %d", fl, pc)
	for b.Loop() {
	}
}
