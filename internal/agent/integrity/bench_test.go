package integrity

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain is the Go walk when it is asked to be: the other side of the
// benchmark runs as a process of its own, as ours does.
func TestMain(m *testing.M) {
	if root := os.Getenv("ATTESTA_TEST_GO_WALK"); root != "" {
		if err := goWalk(root, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// goWalk is what a Go programmer would write: a walk, and a hash per file in as
// many goroutines as there are processors.
func goWalk(root string, out io.Writer) error {
	type sum struct {
		path string
		sum  []byte
	}
	paths, sums, failed := make(chan string, 1024), make(chan sum, 1024), make(chan error, 64)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			h, buf := sha256.New(), make([]byte, 128<<10)
			for p := range paths {
				f, err := os.Open(p)
				if err == nil {
					h.Reset()
					_, err = io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, buf)
					f.Close()
				}
				if err != nil {
					failed <- err
					return
				}
				sums <- sum{p, h.Sum(nil)}
			}
		})
	}
	go func() {
		if err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				if _, err = d.Info(); err == nil {
					paths <- p
				}
			}
			return err
		}); err != nil {
			failed <- err
		}
		close(paths)
		workers.Wait()
		close(sums)
	}()
	n := 0
	for range sums {
		n++
	}
	select {
	case err := <-failed:
		return err
	default:
	}
	_, err := fmt.Fprintln(out, n)
	return err
}

// number gives an environment variable's number, or another.
func number(b *testing.B, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return n
}

// makeTree writes files of this many bytes in all, most of them small, in
// directories of a hundred.
func makeTree(b *testing.B, root string, files, bytesInAll int) {
	b.Helper()
	content := make([]byte, 1<<20)
	for i := range content {
		content[i] = byte(i * 7919 >> 3)
	}
	average := bytesInAll / files
	for i := range files {
		dir := fmt.Sprintf("%s/part-%02d/dir-%03d", root, i/10_000, i/100%100)
		if i%100 == 0 {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				b.Fatal(err)
			}
		}
		size := average / 4
		switch {
		case i%100 == 99:
			size = 40 * average
		case i%10 == 9:
			size = average * 3
		}
		at := i * 31 % (len(content) - min(size, len(content)-1))
		if err := os.WriteFile(fmt.Sprintf("%s/component-%05d.dat", dir, i), content[at:min(at+size, len(content))], 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

// cost is what a command used.
type cost struct {
	cpu    time.Duration
	rssMiB float64
}

func spend(b *testing.B, want []int, env []string, argv ...string) cost {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 30*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	_ = cmd.Run() // the exit code is looked at
	if !slices.Contains(want, cmd.ProcessState.ExitCode()) {
		b.Fatalf("%v: exit %d: %s", argv, cmd.ProcessState.ExitCode(), stderr.String())
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), float64(usage.Maxrss) / 1024}
}

func median(all []cost) time.Duration {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b cost) int { return int(a.cpu - b.cpu) })
	return sorted[len(sorted)/2].cpu
}

// BenchmarkIntegrity measures recording and checking a tree, each round beside
// what others use for the same: a Go walk with crypto/sha256, AIDE, and find.
// All are processes of their own; what is compared is their CPU (user and
// system), the median of the rounds. ATTESTA_BENCH_FILES and _BYTES make the
// tree smaller.
func BenchmarkIntegrity(b *testing.B) {
	files, size, rounds := number(b, "ATTESTA_BENCH_FILES", 200_000), number(b, "ATTESTA_BENCH_BYTES", 2_000_000_000), number(b, "ATTESTA_BENCH_ROUNDS", 5)
	dir := b.TempDir()
	root, db, agent := dir+"/tree", dir+"/db", dir+"/agent"
	makeTree(b, root, files, size)
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", agent, "github.com/attesta/attesta/cmd/attesta-agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	conf := dir + "/aide.conf"
	text := "database_in=file:" + dir + "/aide.db\ndatabase_out=file:" + dir + "/aide.db\nnum_workers=" + strconv.Itoa(runtime.GOMAXPROCS(0)) +
		"\nR=p+ftype+i+l+n+u+g+s+m+c+sha256\n" + root + " R\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	aide, _ := exec.LookPath("aide")
	if aide == "" {
		b.Log("NOT RUN: beside AIDE (needs Debian's package aide)")
	}
	sides := map[string][]cost{}
	for b.Loop() {
		for range rounds {
			add := func(name string, c cost) { sides[name] = append(sides[name], c) }
			add("go-walk", spend(b, []int{0}, []string{"ATTESTA_TEST_GO_WALK=" + root}, self))
			add("baseline", spend(b, []int{0}, nil, agent, "integrity", "baseline", root, "--db", db))
			add("find", spend(b, []int{0}, nil, "find", root, "-printf", "%p %m %U %G %s %T@ %C@ %n %i\n"))
			add("check", spend(b, []int{0}, nil, agent, "integrity", "check", "--db", db))
			add("full", spend(b, []int{0}, nil, agent, "integrity", "check", "--db", db, "--full"))
			if aide != "" {
				add("aide-init", spend(b, []int{0}, nil, aide, "--init", "--config", conf))
				add("aide-check", spend(b, []int{0}, nil, aide, "--check", "--config", conf))
			}
		}
	}
	st, err := os.Stat(db)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(st.Size())/float64(files), "db-bytes/file")
	b.ReportMetric(median(sides["baseline"]).Seconds(), "baseline-cpu-s")
	b.ReportMetric(median(sides["check"]).Seconds(), "check-cpu-s")
	b.ReportMetric(sides["check"][0].rssMiB, "check-rss-MiB")
	b.ReportMetric(median(sides["baseline"]).Seconds()/median(sides["go-walk"]).Seconds(), "baseline/go-walk")
	b.ReportMetric(median(sides["check"]).Seconds()/median(sides["find"]).Seconds(), "check/find")
	b.ReportMetric(median(sides["full"]).Seconds()/median(sides["go-walk"]).Seconds(), "full/go-walk")
	if aide != "" {
		b.ReportMetric(median(sides["aide-init"]).Seconds()/median(sides["baseline"]).Seconds(), "aide-init/baseline")
		b.ReportMetric(median(sides["aide-check"]).Seconds()/median(sides["check"]).Seconds(), "aide-check/check")
		b.ReportMetric(median(sides["aide-check"]).Seconds()/median(sides["full"]).Seconds(), "aide-check/full")
	}
	var names []string
	for name := range sides {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var each []string
		for _, c := range sides[name] {
			each = append(each, fmt.Sprintf("%.2f", c.cpu.Seconds()))
		}
		b.Logf("%-10s CPU s %s, RSS %.0f MiB", name, strings.Join(each, " "), sides[name][0].rssMiB)
	}
}

// anonymous runs a command and gives its highest RssAnon in MiB, looked at every
// few milliseconds.
func anonymous(b *testing.B, argv ...string) float64 {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), argv[0], argv[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	highest := 0.0
	for {
		select {
		case err := <-done:
			if err != nil || highest == 0 {
				b.Fatalf("%v: %v, %s", argv, err, stderr.String())
			}
			return highest
		case <-time.After(5 * time.Millisecond):
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if err != nil {
			continue // it has just ended
		}
		for line := range strings.Lines(string(status)) {
			if f := strings.Fields(line); len(f) == 3 && f[0] == "RssAnon:" {
				kib, err := strconv.ParseFloat(f[1], 64)
				if err != nil {
					b.Fatal(err)
				}
				highest = max(highest, kib/1024)
			}
		}
	}
}

// BenchmarkMillionFiles records and checks a million small files, half of them
// in one directory. The memory that counts is what is not a mapping of the
// snapshot.
func BenchmarkMillionFiles(b *testing.B) {
	files := number(b, "ATTESTA_BENCH_MANY", 1_000_000)
	dir := b.TempDir()
	root, db, agent := dir+"/tree", dir+"/db", dir+"/agent"
	path := func(i int) string {
		if i%2 == 0 {
			return fmt.Sprintf("%s/one/object-%07d.json", root, i)
		}
		return fmt.Sprintf("%s/many/%03d/%02d/object-%07d.json", root, i/5_000, i/100%50, i)
	}
	for i := range files {
		p := path(i)
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
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", agent, "github.com/attesta/attesta/cmd/attesta-agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	for b.Loop() {
		b.ReportMetric(anonymous(b, agent, "integrity", "baseline", root, "--db", db), "baseline-anon-MiB")
		b.ReportMetric(anonymous(b, agent, "integrity", "check", "--db", db), "check-anon-MiB")
		ours := spend(b, []int{0}, nil, agent, "integrity", "check", "--db", db)
		find := spend(b, []int{0}, nil, "find", root, "-printf", "%p %m %U %G %s %T@ %C@ %n %i\n")
		b.ReportMetric(ours.cpu.Seconds(), "check-cpu-s")
		b.ReportMetric(ours.cpu.Seconds()/find.cpu.Seconds(), "check/find")
	}
	st, err := os.Stat(db)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(st.Size())/float64(files), "db-bytes/file")
}
