package offline

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/proof"
)

// cpuTime is what this process, or its children, have computed so far.
func cpuTime(b *testing.B, who int) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkVerifyPackage verifies a package of 1,000,000 entries of 512 bytes
// (ATTESTA_BENCH_ENTRIES for another number) on one core, beside sha256sum over
// the same bytes.
func BenchmarkVerifyPackage(b *testing.B) {
	size := int64(1_000_000)
	if n, err := strconv.ParseInt(os.Getenv("ATTESTA_BENCH_ENTRIES"), 10, 64); err == nil {
		size = n
	}
	path, trust := benchPackage(b, size)
	// The same bytes as they are read, unpacked, in one file.
	z, err := Open(context.Background(), path, DefaultLimits)
	if err != nil {
		b.Fatal(err)
	}
	flat, err := os.Create(filepath.Join(b.TempDir(), "flat"))
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range z.Names() {
		r, err := z.open(name)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(flat, r); err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
	bytes := z.bytes
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	if err := flat.Close(); err != nil {
		b.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	debug.FreeOSMemory()
	var verify, sum time.Duration
	b.ResetTimer()
	for b.Loop() {
		before := cpuTime(b, syscall.RUSAGE_CHILDREN)
		if out, err := exec.Command("sha256sum", flat.Name()).CombinedOutput(); err != nil {
			b.Fatal(err, string(out))
		}
		sum += cpuTime(b, syscall.RUSAGE_CHILDREN) - before
		before = cpuTime(b, syscall.RUSAGE_SELF)
		rep, err := VerifyFile(context.Background(), path, trust, Options{})
		if err != nil || rep.Result != "verified" || rep.Entries != size {
			b.Fatal(err, show(rep))
		}
		verify += cpuTime(b, syscall.RUSAGE_SELF) - before
	}
	b.ReportMetric(verify.Seconds()/float64(b.N), "cpu-s/verify")
	b.ReportMetric(float64(size)*float64(b.N)/verify.Seconds(), "entries/cpu-s")
	b.ReportMetric(float64(verify)/float64(sum), "verify/sha256sum-cpu")
	b.ReportMetric(float64(bytes)/1e6, "MB-read")
	b.ReportMetric(0, "ns/op")
}

// benchPackage makes a package of that many entries in a process of its own, so
// that what it takes to make one is not counted as what it takes to verify it.
func benchPackage(b *testing.B, size int64) (string, *Trust) {
	b.Helper()
	dir := b.TempDir()
	l := newFakeLog(b, "example.org/log")
	for n := range int(size) {
		e := proof.Entry{Type: "run", Stream: "source/src_" + strconv.Itoa(n%1000), Actor: "system", Subject: "run_" + strconv.Itoa(n),
			Data: map[string]any{"kind": "facts", "items": 1, "inputs": strings.Repeat(strconv.FormatInt(int64(n)*2654435761%4294967296, 16), 9), "text": strings.Repeat("abcdefgh", 13)}}
		l.put(b, e, "")
	}
	path := filepath.Join(dir, "package.zip")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriterSize(f, 1<<20)
	l.write(b, out, spec{end: size, head: size})
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return path, l.trust(b, nil)
}
