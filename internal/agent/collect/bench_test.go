package collect

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// hostTools are what a person would run to see the same facts by hand.
var hostTools = [][]string{
	{"dpkg-query", "-W"}, {"getent", "passwd"}, {"getent", "group"}, {"findmnt", "-J"}, {"ss", "-lntup"},
	{"sysctl", "-a"}, {"systemctl", "--root=/", "list-unit-files", "--no-pager"}, {"sshd", "-T"},
}

// BenchmarkInventory reads this host whole, but for the walk over all files. tools/ours is how much longer the
// host's own tools take for the same facts, one after the other, in the same
// run.
func BenchmarkInventory(b *testing.B) {
	var ours time.Duration
	size := 0
	for b.Loop() {
		start := time.Now()
		list, err := Inventory(b.Context(), Root{}, common()...)
		if err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
		size = 0
		for _, s := range list {
			size += len(s.Values)
		}
	}
	ours /= time.Duration(b.N)
	const rounds = 3
	ran := 0
	start := time.Now()
	for range rounds {
		for _, t := range hostTools {
			p, ok := findTool(t[0])
			if !ok {
				continue
			}
			ran++
			_ = exec.CommandContext(b.Context(), p, t[1:]...).Run() // sshd -T may refuse; its time counts all the same
		}
	}
	if tools := time.Since(start) / rounds; ran > 0 {
		b.ReportMetric(float64(tools)/float64(ours), "tools/ours")
	}
	b.ReportMetric(float64(size), "bytes")
}

// BenchmarkPackages reads a dpkg status file of 3,000 packages, against
// counting the lines of the same file.
func BenchmarkPackages(b *testing.B) {
	var text bytes.Buffer
	for i := range 3000 {
		fmt.Fprintf(&text, "Package: package-%d\nStatus: install ok installed\nPriority: optional\nVersion: 1.%d-2\nArchitecture: amd64\nDescription: one\n%s\n", i, i, strings.Repeat(" a line of text that goes on\n", 20))
	}
	root := Root{Dir: b.TempDir()}
	p := filepath.Join(root.Dir, dpkgStatus)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(p, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	var ours time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := readPackages(b.Context(), root); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
	}
	start := time.Now()
	for range 10 {
		if err := root.Scan(dpkgStatus, func(int, []byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(ours)/float64(b.N)/(float64(time.Since(start))/10), "ours/scan")
	b.SetBytes(int64(text.Len()))
}

// BenchmarkMemory starts this test program again, lets it read the host ten
// times and reports the most anonymous memory that it held; the budget of the
// agent is 25 MB.
func BenchmarkMemory(b *testing.B) {
	var most float64
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestMemoryChild$")
		cmd.Env = append(os.Environ(), "ATTESTA_MEMORY_CHILD=1")
		out, err := cmd.Output()
		if err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		_, after, _ := strings.Cut(string(out), "anonymous kB: ")
		kb, err := strconv.ParseFloat(strings.Fields(after)[0], 64)
		if err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		most = max(most, kb/1024)
	}
	b.ReportMetric(most, "MB-anonymous")
	b.ReportMetric(most/25, "of-budget")
}

// TestMemoryChild is the other end of BenchmarkMemory.
func TestMemoryChild(t *testing.T) {
	if os.Getenv("ATTESTA_MEMORY_CHILD") == "" {
		return // nothing of its own to test
	}
	done := make(chan struct{})
	most := make(chan int)
	go func() {
		high := 0
		for {
			high = max(high, anonymousKB())
			select {
			case <-done:
				most <- high
				return
			default:
				runtime.Gosched()
			}
		}
	}()
	for range 10 {
		if _, err := Inventory(t.Context(), Root{}, common()...); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	fmt.Printf("anonymous kB: %d\n", <-most)
}

func anonymousKB() int {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(b), "RssAnon:")
	n, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		return 0
	}
	return n
}
