package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/proof"
)

// benchEntry is an entry of about that many bytes.
func benchEntry(n int64, size int) Entry {
	return Entry{Type: "run", Stream: fmt.Sprintf("source/src_%d", n%7), Actor: "system", Subject: fmt.Sprintf("host_%d", n%50),
		Data: map[string]any{"n": n, "text": strings.Repeat("abcdefgh", size/8-25)[:size-200]}}
}

// diskSync measures what the disk itself does: 4 KB written and synced, p50.
func diskSync(b *testing.B) time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "probe"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	var times []time.Duration
	for range 200 {
		start := time.Now()
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(start))
	}
	return percentile(times, 50)
}

// cpuTime is what this process has computed so far: unlike time on the wall it
// says the same on a machine that others use too.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func percentile(times []time.Duration, p int) time.Duration {
	slices.Sort(times)
	return times[min(len(times)*p/100, len(times)-1)]
}

// BenchmarkAppend commits entries of 1 KB while the sequencer runs: one op is
// one transaction.
func BenchmarkAppend(b *testing.B) {
	for _, perTx := range []int{1, 64} {
		b.Run(fmt.Sprintf("%d_per_transaction", perTx), func(b *testing.B) {
			l := newTestLog(b, databasetest.SQLite(b), b.TempDir(), func(c *Config) { c.Clock = clock.System })
			l.start(b)
			ctx, raw := context.Background(), diskSync(b)
			batch := make([]Entry, perTx)
			var times []time.Duration
			n, cpu := int64(0), cpuTime(b)
			for b.Loop() {
				for i := range batch {
					batch[i] = benchEntry(n, 1024)
					n++
				}
				start := time.Now()
				if err := l.db.Tx(ctx, func(tx *sql.Tx) error {
					_, err := l.AppendAll(ctx, tx, batch...)
					return err
				}); err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(start))
			}
			b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(n), "cpu-µs/entry")
			p50, p99 := percentile(times, 50), percentile(times, 99)
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "entries/s")
			b.ReportMetric(float64(p50.Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(p99.Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(p50)/float64(raw), "p50/write+fdatasync")
		})
	}
}

// BenchmarkCheckpoint waits, after each commit, for the checkpoint that covers
// it.
func BenchmarkCheckpoint(b *testing.B) {
	l := newTestLog(b, databasetest.SQLite(b), b.TempDir(), func(c *Config) { c.Clock = clock.System })
	l.start(b)
	var times []time.Duration
	for n := int64(1); b.Loop(); n++ {
		l.add(b, benchEntry(n, 1024))
		start := time.Now()
		l.await(b, n)
		times = append(times, time.Since(start))
	}
	b.ReportMetric(float64(percentile(times, 50).Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(percentile(times, 99).Microseconds())/1000, "p99-ms")
}

// grown builds a log of size entries without waiting for the disk.
func grown(b *testing.B, size int64, bytes int) *testLog {
	b.Helper()
	l := newTestLog(b, databasetest.SQLite(b), b.TempDir(), func(c *Config) { c.files = unsyncedFiles{} })
	if _, err := l.db.Writer().Exec(`PRAGMA synchronous = OFF`); err != nil {
		b.Fatal(err)
	}
	for n := int64(0); n < size; {
		batch := make([]Entry, 0, 1024)
		for ; n < size && len(batch) < 1024; n++ {
			batch = append(batch, benchEntry(n, bytes))
		}
		l.add(b, batch...)
		if n%(16*proof.TileWidth) == 0 {
			l.publish(b)
		}
	}
	l.publish(b)
	return l
}

// BenchmarkSequence numbers, writes and signs what was committed: one op is
// 4,096 entries of 1 KB.
func BenchmarkSequence(b *testing.B) {
	l := newTestLog(b, databasetest.SQLite(b), b.TempDir(), func(c *Config) { c.Clock = clock.System })
	n := int64(0)
	for b.Loop() {
		b.StopTimer()
		for range 4 {
			batch := make([]Entry, 1024)
			for i := range batch {
				batch[i] = benchEntry(n, 1024)
				n++
			}
			l.add(b, batch...)
		}
		b.StartTimer()
		l.publish(b)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkDisk reports what entries take on disk, in the database and in the
// log, when their bundles are full.
func BenchmarkDisk(b *testing.B) {
	for _, bytes := range []int{512, 1024} {
		b.Run(fmt.Sprint(bytes), func(b *testing.B) {
			var payload, disk int64
			for b.Loop() {
				payload, disk = grown(b, 256*proof.TileWidth, bytes).sizes(b)
			}
			b.ReportMetric(float64(disk)/float64(payload), "disk/payload")
		})
	}
}

// sizes gives the bytes of all entries, and of all files after a checkpoint of
// the database's journal.
func (l *testLog) sizes(b *testing.B) (payload, disk int64) {
	b.Helper()
	if _, err := l.db.Writer().Exec(`PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		b.Fatal(err)
	}
	var path string
	if err := l.db.Writer().QueryRow(`SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path); err != nil {
		b.Fatal(err)
	}
	for _, root := range []string{filepath.Dir(path), l.cfg.Dir} {
		if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			st, err := d.Info()
			if err == nil {
				disk += st.Size()
			}
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
	size := l.sizeOf(b)
	for n := range size / proof.TileWidth {
		entries, err := directory(l.cfg.Dir).entries(n)
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range entries {
			payload += int64(len(e))
		}
	}
	return payload, disk
}

// BenchmarkProof makes one inclusion proof in a log of 70,000 entries.
func BenchmarkProof(b *testing.B) {
	l := grown(b, 70_000, 512)
	n := int64(0)
	for b.Loop() {
		if _, err := l.Proof(n * 7919 % 70_000); err != nil {
			b.Fatal(err)
		}
		n++
	}
}

// BenchmarkVerify verifies a log of 1,000,000 entries of 512 bytes
// (ATTESTA_BENCH_ENTRIES for another size), against hashing the same bytes.
func BenchmarkVerify(b *testing.B) {
	size := int64(1_000_000)
	if n, err := strconv.ParseInt(os.Getenv("ATTESTA_BENCH_ENTRIES"), 10, 64); err == nil {
		size = n
	}
	l := grown(b, size, 512)
	var hashing, hashingCPU time.Duration
	runtime.GC()
	cpu := cpuTime(b)
	for b.Loop() {
		start, startCPU := time.Now(), cpuTime(b)
		for n := range size / proof.TileWidth {
			raw, err := directory(l.cfg.Dir).read(proof.Tile{Level: proof.EntriesLevel, N: n, Width: proof.TileWidth})
			if err != nil {
				b.Fatal(err)
			}
			sha256.Sum256(raw)
		}
		hashing, hashingCPU = hashing+time.Since(start), hashingCPU+cpuTime(b)-startCPU
		l.mustVerify(b)
	}
	verifying := (b.Elapsed() - hashing) / time.Duration(b.N)
	b.ReportMetric(float64(size)/verifying.Seconds(), "entries/s")
	b.ReportMetric(verifying.Seconds(), "s/verify")
	b.ReportMetric((cpuTime(b)-cpu-hashingCPU).Seconds()/float64(b.N), "cpu-s/verify")
	b.ReportMetric(float64(cpuTime(b)-cpu-hashingCPU)/float64(hashingCPU), "verify/read+sha256-cpu")
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	b.ReportMetric(float64(mem.Sys)/1e6, "MB")
	payload, disk := l.sizes(b)
	b.ReportMetric(float64(disk)/float64(payload), "disk/payload")
}
