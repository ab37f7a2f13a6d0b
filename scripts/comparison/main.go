// Command comparison holds what the checks of linux-server say of this host
// against what OpenSCAP with the content of SSG says of it at the same moment.
// scripts/compare-openscap runs it; docs/standards-comparison.md says what came
// of it.
//
//	comparison -agent PROGRAM -content FILE,FILE [-only REGEXP] [-out DIR]
//	comparison -table        the table of differences, as it stands in the docs
//
// It exits with 1 where the two differ and rules.tsv does not say why, where
// rules.tsv says that they always differ and they agree, and where a pair names
// what neither side has.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/attesta/attesta/internal/connectors/xccdf"
	"github.com/attesta/attesta/internal/judge"
)

func main() {
	agent := flag.String("agent", "bin/attesta-agent", "the agent's program")
	contents := flag.String("content", "", "XCCDF files of SSG, the first that has a rule is asked")
	only := flag.String("only", "", "ask only for rules of SSG that match")
	out := flag.String("out", "", "keep here what both said")
	table := flag.Bool("table", false, "print the table of differences")
	flag.Parse()
	pairs, err := readPairs()
	if err == nil && *table {
		fmt.Print(docsTable(pairs))
		return
	}
	bad := 0
	if err == nil {
		bad, err = compare(os.Stdout, *agent, strings.Split(*contents, ","), *only, *out, pairs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
	if bad > 0 {
		fmt.Fprintf(os.Stderr, "%d pairs want a look\n", bad)
		os.Exit(1)
	}
}

// compare asks both sides and prints how each pair came out.
func compare(out io.Writer, agent string, contents []string, only, dir string, pairs []pair) (bad int, err error) {
	if only != "" {
		pattern, err := regexp.Compile(only)
		if err != nil {
			return 0, err
		}
		var kept []pair
		for _, p := range pairs {
			if pattern.MatchString(p.rule) {
				kept = append(kept, p)
			}
		}
		pairs = kept
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "comparison"); err != nil {
			return 0, err
		}
		defer os.RemoveAll(dir)
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	before, err := askAgent(agent)
	if err != nil {
		return 0, err
	}
	theirs, left := map[string]xccdf.Rule{}, pairs
	for _, file := range contents {
		if left, err = askScanner(file, dir, left, theirs); err != nil {
			return 0, err
		}
	}
	after, err := askAgent(agent)
	if err != nil {
		return 0, err
	}
	lines := join(pairs, theirs, before, after)
	return report(out, lines), nil
}

// askAgent gives the host's outcomes: check#attribute, and check alone for all of
// its attributes.
func askAgent(program string) (map[string]judge.Outcome, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(context.Background(), program, "check", "--json")
	cmd.Stderr = &stderr
	raw, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !(errors.As(err, &exit) && (exit.ExitCode() == 3 || exit.ExitCode() == 4)) {
		return nil, fmt.Errorf("%s check: %w\n%s", program, err, stderr.String())
	}
	var v struct {
		Checks []struct {
			ID         string `json:"id"`
			Attributes []struct {
				ID      string        `json:"id"`
				Outcome judge.Outcome `json:"outcome"`
			} `json:"attributes"`
		} `json:"checks"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("what %s check says is not JSON: %w", program, err)
	}
	said := map[string]judge.Outcome{}
	for _, c := range v.Checks {
		var all []judge.Outcome
		id := strings.TrimPrefix(c.ID, "linux-server/")
		for _, a := range c.Attributes {
			said[id+"#"+a.ID] = a.Outcome
			all = append(all, a.Outcome)
		}
		said[id] = judge.Worst(all...)
	}
	return said, nil
}

// askScanner asks for the rules of the pairs that a content has, and gives the
// pairs whose rules it has not.
func askScanner(file, dir string, pairs []pair, said map[string]xccdf.Rule) ([]pair, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	content, mine, left := tailored(string(raw), pairs)
	if len(mine) == 0 {
		return left, nil
	}
	// The checks stand beside the rules, under the name that these have.
	stem := strings.TrimSuffix(filepath.Base(file), "-xccdf.xml")
	beside, err := filepath.Glob(filepath.Join(filepath.Dir(file), stem+"-*.xml"))
	if err != nil {
		return nil, err
	}
	for _, b := range beside {
		to := filepath.Join(dir, filepath.Base(b))
		if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		if filepath.Base(b) == filepath.Base(file) {
			continue
		}
		if err := os.Symlink(b, to); err != nil {
			return nil, err
		}
	}
	copied, results := filepath.Join(dir, filepath.Base(file)), filepath.Join(dir, "results-"+stem+".xml")
	if err := os.WriteFile(copied, []byte(content), 0o644); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.Background(), "oscap", "xccdf", "eval", "--profile", profile, "--results", results, copied)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	// Exit code 2: a rule failed.
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != 2 {
		return nil, fmt.Errorf("oscap: %w\n%s", err, stderr.String())
	}
	f, err := os.Open(results)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := xccdf.Read(results, f, "")
	if err != nil {
		return nil, err
	}
	for _, rule := range r.Rules {
		if rule.Outcome != "" {
			said[strings.TrimPrefix(rule.ID, rulePrefix)] = rule
		}
	}
	return left, nil
}

// report prints the pairs, those that want a look first, and counts these.
func report(out io.Writer, lines []line) (bad int) {
	counts := map[verdict]int{}
	for _, v := range verdicts {
		var of []line
		for _, l := range lines {
			if l.verdict == v {
				of = append(of, l)
			}
		}
		counts[v] = len(of)
		if len(of) == 0 {
			continue
		}
		fmt.Fprintf(out, "%s (%d)\n", v.name, len(of))
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, l := range of {
			fmt.Fprintf(table, "  %s\tSSG %s\t%s\tours %s\t%s\n", l.pair.rule, l.theirs, l.pair.where(), l.ours, l.note)
		}
		table.Flush()
		if v.bad {
			bad += len(of)
		}
	}
	fmt.Fprintf(out, "%d pairs:", len(lines))
	for i, v := range verdicts {
		fmt.Fprintf(out, "%s %d %s", map[bool]string{true: ""}[i == 0]+map[bool]string{false: ","}[i == 0], counts[v], v.short)
	}
	fmt.Fprintln(out)
	return bad
}
