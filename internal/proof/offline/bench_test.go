package offline

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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

// BenchmarkVerifyPackage lets attesta-verify verify a package of 1,000,000
// entries of 512 bytes (ATTESTA_BENCH_ENTRIES for another number) on one core,
// beside sha256sum over the same bytes, and says how much memory it took.
func BenchmarkVerifyPackage(b *testing.B) {
	size := int64(1_000_000)
	if n, err := strconv.ParseInt(os.Getenv("ATTESTA_BENCH_ENTRIES"), 10, 64); err == nil {
		size = n
	}
	dir := b.TempDir()
	program := filepath.Join(dir, "attesta-verify")
	build := exec.Command("go", "build", "-o", program, "github.com/attesta/attesta/cmd/attesta-verify")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatal(err, string(out))
	}
	path, trust := benchPackage(b, size)
	// The same bytes as they are read, unpacked, in one file.
	z, err := Open(context.Background(), path, DefaultLimits)
	if err != nil {
		b.Fatal(err)
	}
	flat, err := os.Create(filepath.Join(dir, "flat"))
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
	var verify, sum, took time.Duration
	var peak int64
	b.ResetTimer()
	for b.Loop() {
		before := cpuTime(b, syscall.RUSAGE_CHILDREN)
		if out, err := exec.Command("sha256sum", flat.Name()).CombinedOutput(); err != nil {
			b.Fatal(err, string(out))
		}
		sum += cpuTime(b, syscall.RUSAGE_CHILDREN) - before
		cmd := exec.Command(program, path, "--trust", trust)
		cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
		before, began := cpuTime(b, syscall.RUSAGE_CHILDREN), time.Now()
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		ended := make(chan error)
		go func() { ended <- cmd.Wait() }()
		for running := true; running; {
			select {
			case err := <-ended:
				if running = false; err != nil || !strings.HasPrefix(out.String(), "VERIFIED") {
					b.Fatal(err, out.String())
				}
			case <-time.After(10 * time.Millisecond):
				peak = max(peak, residentPeak(cmd.Process.Pid))
			}
		}
		took += time.Since(began)
		verify += cpuTime(b, syscall.RUSAGE_CHILDREN) - before
	}
	b.ReportMetric(took.Seconds()/float64(b.N), "s/verify")
	b.ReportMetric(verify.Seconds()/float64(b.N), "cpu-s/verify")
	b.ReportMetric(float64(size)*float64(b.N)/verify.Seconds(), "entries/cpu-s")
	b.ReportMetric(float64(verify)/float64(sum), "verify/sha256sum-cpu")
	b.ReportMetric(float64(bytes)/1e6, "MB-read")
	b.ReportMetric(float64(peak)/1000, "MB-peak")
	b.ReportMetric(0, "ns/op")
}

// residentPeak gives how many kB of memory a process has held at most, 0 when it
// has ended. What wait gives would count what this process held when it forked.
func residentPeak(pid int) int64 {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(after, "kB")
	n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// benchPackage writes a package of that many entries and what to trust.
func benchPackage(b *testing.B, size int64) (path, trust string) {
	b.Helper()
	dir := b.TempDir()
	l := newFakeLog(b, "example.org/log")
	for n := range int(size) {
		e := proof.Entry{Type: "run", Stream: "source/src_" + strconv.Itoa(n%1000), Actor: "system", Subject: "run_" + strconv.Itoa(n),
			Data: map[string]any{"kind": "facts", "items": 1, "inputs": strings.Repeat(strconv.FormatInt(int64(n)*2654435761%4294967296, 16), 9), "text": strings.Repeat("abcdefgh", 13)}}
		l.put(b, e, "")
	}
	path, trust = filepath.Join(dir, "package.zip"), filepath.Join(dir, "trust.json")
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
	raw, err := TrustFile{Origins: []Origin{{Origin: l.signer.Name(), Key: l.vkey, Epoch: 1}}}.Encode()
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(trust, raw, 0o600); err != nil {
		b.Fatal(err)
	}
	return path, trust
}
