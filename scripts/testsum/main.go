// Command testsum runs a `go test -json` command, prints what failed in full
// and each package in one line, lists every test that was skipped as NOT RUN,
// and closes with the counts. Exit 0 when all ran and held, 1 when something
// failed, 3 when what ran held and something did not run.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

func main() {
	if len(os.Args) < 3 || os.Args[1] != "--" {
		fmt.Fprintln(os.Stderr, "usage: testsum -- go test -json …")
		os.Exit(2)
	}
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	s := summary{output: map[string][]string{}}
	s.read(out)
	err = cmd.Wait()
	os.Exit(s.close(err))
}

type summary struct {
	output                  map[string][]string // by package and test, until it ends
	notRun                  []string
	failedTests             []string
	passed, failed, skipped int
}

func (s *summary) read(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text()) // a tool's own words, a build failure among them
			continue
		}
		s.take(e)
	}
}

func (s *summary) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		s.output[key] = append(s.output[key], e.Output)
		return
	case "build-output":
		fmt.Print(e.Output)
		return
	case "pass", "fail", "skip":
	default:
		return
	}
	text := strings.Join(s.output[key], "")
	delete(s.output, key)
	if e.Test == "" {
		if e.Action != "skip" {
			fmt.Printf("%-5s %6.1fs %s\n", e.Action, e.Elapsed, e.Package)
		}
		if e.Action == "fail" {
			fmt.Print(text)
		}
		return
	}
	switch e.Action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
		s.failedTests = append(s.failedTests, key)
		fmt.Printf("FAIL %s\n%s", key, text)
	case "skip":
		s.skipped++
		reason := "NOT RUN: no reason given"
		for line := range strings.SplitSeq(text, "\n") {
			if _, after, ok := strings.Cut(line, "NOT RUN:"); ok {
				reason = "NOT RUN:" + after
			}
		}
		s.notRun = append(s.notRun, reason+" ["+key+"]")
	}
}

// close prints the sum and gives the exit code. runErr is how go test ended.
func (s *summary) close(runErr error) int {
	slices.Sort(s.notRun)
	for _, line := range s.notRun {
		fmt.Println(line)
	}
	for _, name := range s.failedTests {
		fmt.Println("failed:", name)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
	switch {
	case runErr != nil || s.failed > 0:
		return 1
	case s.skipped > 0:
		return 3
	}
	return 0
}
