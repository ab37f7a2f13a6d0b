package agent

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect"
	"github.com/attesta/attesta/internal/agent/integrity"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/wire"
)

func number(b *testing.B, variable string, usual int) int {
	b.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// program is attesta-agent as a process of its own, against a real listener.
type program struct {
	b     *testing.B
	s     *server
	state string
	cmd   *exec.Cmd
	err   bytes.Buffer
}

func buildAgent(b *testing.B) string {
	b.Helper()
	file := filepath.Join(b.TempDir(), "attesta-agent")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, "github.com/attesta/attesta/cmd/attesta-agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return file
}

func newRealServer(b *testing.B) *server {
	b.Helper()
	s := newServerAt(b, databasetest.SQLite(b), clock.System)
	for _, kind := range []string{wire.KindChanges, wire.KindAnswers} {
		s.cfg.Handlers[kind] = s.cfg.Handlers[wire.KindHeartbeat]
	}
	return s
}

func startProgram(b *testing.B, s *server, file string, settings ...string) *program {
	b.Helper()
	p := &program{b: b, s: s, state: filepath.Join(b.TempDir(), "state")}
	p.cmd = exec.Command(file, append([]string{"run", "--state", p.state, "--server", "https://" + s.address, "--token", s.token(), "--integrity-usual", "off"}, settings...)...)
	p.cmd.Stderr = &p.err
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.end)
	return p
}

func (p *program) end() {
	if p.cmd.ProcessState != nil {
		return
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.b.Error(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.b.Errorf("%v\n%s", err, p.err.String())
	}
}

// cpu is what it and the programs that it ran have used, user and system.
func (p *program) cpu() time.Duration {
	p.b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.b.Fatalf("%v\n%s", err, p.err.String())
	}
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	ticks := 0
	for _, i := range []int{11, 12, 13, 14} {
		n, err := strconv.Atoi(f[i])
		if err != nil {
			p.b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func (p *program) anonMiB() float64 {
	p.b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.b.Fatalf("%v\n%s", err, p.err.String())
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "RssAnon:" {
			n, err := strconv.ParseFloat(f[1], 64)
			if err != nil {
				p.b.Fatal(err)
			}
			return n / 1024
		}
	}
	return 0
}

// highest gives the most memory until done says so, looked at every 5 ms.
func (p *program) highest(what string, limit time.Duration, done func() bool) (mib float64) {
	p.b.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			p.b.Fatalf("waited in vain until %s\n%s", what, p.err.String())
		}
		mib = max(mib, p.anonMiB())
	}
	return mib
}

// has reports whether what came in is as f wants it.
func (s *server) has(f func([]ingest.Batch) bool) func() bool {
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(s.batches)
	}
}

// hasNew asks only about what came since it was asked before.
func (s *server) hasNew(f func([]ingest.Batch) bool) func() bool {
	seen := 0
	return s.has(func(all []ingest.Batch) bool {
		ok := f(all[seen:])
		seen = len(all)
		return ok
	})
}

// BenchmarkWatchingAgent measures the agent that runs, as its program with all
// else that it does: from a change on disk to the server's commit, CPU while
// nothing happens beside the same agent without watching, and memory with very
// many files. Sizes: ATTESTA_BENCH_FILES, ATTESTA_BENCH_MANY, ATTESTA_BENCH_IDLE
// (seconds; five minutes hold every regular job but the hourly ones, a sample of
// capacity, and a part of reading everything anew: jobs says what those come to).
func BenchmarkWatchingAgent(b *testing.B) {
	file := buildAgent(b)
	b.Run("latency", func(b *testing.B) {
		s := newRealServer(b)
		dir := filepath.Join(b.TempDir(), "tree")
		many(b, dir, 2000)
		startProgram(b, s, file, "--integrity-content", dir)
		s.await("it watches", watched(b))
		n := max(200, b.N)
		began := make([]time.Time, n)
		for i := range n {
			p := filepath.Join(dir, fmt.Sprint("one/new-", i))
			began[i] = time.Now()
			switch i % 3 {
			case 0: // in place
				put(b, p, "x")
			case 1: // beside it, and renamed
				put(b, p+".tmp", "x")
				if err := os.Rename(p+".tmp", p); err != nil {
					b.Fatal(err)
				}
			default: // an existing one
				put(b, filepath.Join(dir, fmt.Sprintf("one/object-%07d.json", 2*i)), "changed")
			}
			time.Sleep(time.Duration(20+i%7*13) * time.Millisecond)
		}
		came := map[string]time.Time{}
		s.await("all came", func(all []ingest.Batch) bool {
			for i := range all {
				for _, c := range changesIn(b, all[i:i+1]) {
					if came[c.Path].IsZero() {
						s.mu.Lock()
						came[c.Path] = s.committed[i]
						s.mu.Unlock()
					}
				}
			}
			return len(came) >= n
		})
		var took []time.Duration
		for i, at := range began {
			name := fmt.Sprint("one/new-", i)
			if i%3 == 2 {
				name = fmt.Sprintf("one/object-%07d.json", 2*i)
			}
			took = append(took, came[filepath.Join(dir, name)].Sub(at))
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[n/2].Milliseconds()), "ms-p50")
		b.ReportMetric(float64(took[n*99/100].Milliseconds()), "ms-p99")
	})
	b.Run("idle", func(b *testing.B) {
		files, seconds := number(b, "ATTESTA_BENCH_FILES", 200_000), number(b, "ATTESTA_BENCH_IDLE", 300)
		s := newRealServer(b)
		// On a file system of its own: what other programs write elsewhere is not
		// this host being idle.
		own := b.TempDir()
		if err := syscall.Mount("tmpfs", own, "tmpfs", 0, "size=2g"); err != nil {
			b.Logf("what other programs write on the same file system counts as well: %v", err)
		} else {
			b.Cleanup(func() {
				if err := syscall.Unmount(own, syscall.MNT_DETACH); err != nil {
					b.Error(err)
				}
			})
		}
		dir := filepath.Join(own, "tree")
		many(b, dir, files)
		on := startProgram(b, s, file, "--integrity-content", dir)
		off := startProgram(b, s, file, "--integrity", "off")
		on.highest("it watches", 10*time.Minute, s.hasNew(watched(b)))
		time.Sleep(time.Minute) // the first inventories, with a walk over all file systems at low priority
		from, without := on.cpu(), off.cpu()
		for range b.N {
			time.Sleep(time.Duration(seconds) * time.Second)
		}
		all := float64(b.N*seconds) * float64(time.Second)
		b.ReportMetric(100*float64(on.cpu()-from)/all, "%-of-a-core")
		b.ReportMetric(100*float64(off.cpu()-without)/all, "%-without-watching")
		b.ReportMetric(on.anonMiB(), "anon-MiB")
	})
	b.Run("jobs", func(b *testing.B) { regularJobs(b, number(b, "ATTESTA_BENCH_FILES", 200_000)) })
	b.Run("memory", func(b *testing.B) {
		files := number(b, "ATTESTA_BENCH_MANY", 1_000_000)
		s := newRealServer(b)
		dir := filepath.Join(b.TempDir(), "tree")
		many(b, dir, files)
		p := startProgram(b, s, file, "--integrity-content", dir)
		b.ReportMetric(p.highest("it watches", 30*time.Minute, s.hasNew(watched(b))), "anon-MiB-baseline")
		for i := range 2000 {
			put(b, filepath.Join(dir, fmt.Sprintf("one/object-%07d.json", 2*i)), "changed")
		}
		paths, seen := map[string]bool{}, 0
		most := p.highest("the changes came", 10*time.Minute, s.has(func(all []ingest.Batch) bool {
			for _, c := range changesIn(b, all[seen:]) {
				paths[c.Path] = true
			}
			seen = len(all)
			return len(paths) >= 2000
		}))
		end := time.Now().Add(20 * time.Second)
		most = max(most, p.highest("now", time.Minute, func() bool { return time.Now().After(end) }))
		b.ReportMetric(most, "anon-MiB-watching")
		b.ReportMetric(p.anonMiB(), "anon-MiB-after")
	})
}

// regularJobs measures what part of one core each job takes that the agent does
// again and again, one after the other in this process.
func regularJobs(b *testing.B, files int) {
	dir, db := filepath.Join(b.TempDir(), "tree"), filepath.Join(b.TempDir(), "db")
	many(b, dir, files)
	o, err := integrity.NewOptions(db, []string{dir}, snapshot.Options{Made: time.Now()})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := integrity.Make(b.Context(), db, o); err != nil {
		b.Fatal(err)
	}
	snap, err := snapshot.Open(db)
	if err != nil {
		b.Fatal(err)
	}
	defer snap.Close()
	read := func(sections ...string) error {
		_, err := collect.Inventory(b.Context(), collect.Root{}, sections...)
		return err
	}
	check := func(how integrity.How) error {
		found, err := integrity.Check(b.Context(), snap, how, func(*integrity.Change) error { return nil })
		if err == nil && found.Changes() > 0 {
			err = fmt.Errorf("%d files are not as they were", found.Changes())
		}
		return err
	}
	var always []string
	for _, s := range quickSections() {
		if stampOf("/", s) == "" {
			always = append(always, s)
		}
	}
	for _, job := range []struct {
		name  string
		every time.Duration
		do    func() error
	}{
		{"quick", 2 * time.Second, func() error {
			for _, s := range append(quickSections(), soonSections()...) {
				stampOf("/", s)
			}
			return read(always...)
		}},
		{"minute", time.Minute, func() error {
			return read(slices.DeleteFunc(collect.Sections(), func(s string) bool { return slices.Contains(rareSections(), s) || slices.Contains(always, s) })...)
		}},
		{"walk", time.Hour, func() error { return read(rareSections()...) }},
		{"check", time.Hour, func() error { return check(integrity.How{}) }},
		{"rehash", 24 * time.Hour, func() error { return check(integrity.How{Full: true}) }},
	} {
		rounds := 1
		if job.every < time.Hour {
			rounds = 10
			if err := job.do(); err != nil { // what is read is in memory then
				b.Fatalf("%s: %v", job.name, err)
			}
		}
		from := used(b)
		for range rounds {
			if err := job.do(); err != nil {
				b.Fatalf("%s: %v", job.name, err)
			}
		}
		took := used(b) - from
		b.ReportMetric(100*float64(took)/float64(rounds)/float64(job.every), "%-"+job.name)
	}
}

// used is what this process and the programs that it ran have used.
func used(b *testing.B) (sum time.Duration) {
	b.Helper()
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}

func put(b *testing.B, path, text string) {
	b.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

// many makes files, half of them in one directory.
func many(b *testing.B, root string, n int) {
	b.Helper()
	for i := range n {
		p := fmt.Sprintf("%s/many/%03d/%02d/object-%07d.json", root, i/5_000, i/100%50, i)
		if i%2 == 0 {
			p = fmt.Sprintf("%s/one/object-%07d.json", root, i)
		}
		err := os.WriteFile(p, strconv.AppendInt(nil, int64(i), 10), 0o644)
		if os.IsNotExist(err) {
			if err = os.MkdirAll(filepath.Dir(p), 0o755); err == nil {
				err = os.WriteFile(p, strconv.AppendInt(nil, int64(i), 10), 0o644)
			}
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
