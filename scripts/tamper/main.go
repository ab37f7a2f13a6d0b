// Command tamper changes an evidence package in each way that somebody might try,
// and runs verifiers against every variant, each in an empty directory that holds
// the program, the package and the trust file and nothing else.
//
//	tamper PACKAGE TRUST VERIFIER...
//
// A VERIFIER is a program, with the words that stand before its package:
// "bin/attesta-verify", "bin/attesta verify". It prints a line for each variant
// and verifier, and exits with 1 where one was not refused for its own reason.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: tamper PACKAGE TRUST VERIFIER...")
		os.Exit(2)
	}
	bad, err := run(os.Stdout, os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	if bad > 0 {
		fmt.Fprintf(os.Stderr, "%d variants were not refused for their own reason\n", bad)
		os.Exit(1)
	}
}

// run tries every variant with every verifier, and gives how many did not end as
// they have to.
func run(out io.Writer, path, trustPath string, verifiers []string) (bad int, err error) {
	p, err := read(path)
	if err != nil {
		return 0, err
	}
	trust, err := os.ReadFile(trustPath)
	if err != nil {
		return 0, err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VARIANT\tVERIFIER\tEXIT\tREASON\tWHERE\tTIME")
	for _, v := range variants {
		raw, other, err := v.make(p, trust)
		if errors.Is(err, errNothing) {
			fmt.Fprintf(table, "%s\t-\t-\tnot tried: %s\t\t\n", v.name, err)
			continue
		}
		if err != nil {
			return bad, fmt.Errorf("%s: %w", v.name, err)
		}
		for _, verifier := range verifiers {
			r, err := verify(verifier, raw, other)
			if err != nil {
				return bad, fmt.Errorf("%s: %s: %w", v.name, verifier, err)
			}
			where, wrong := v.judge(r)
			if wrong != "" {
				bad++
			}
			fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\n", v.name, filepath.Base(strings.Fields(verifier)[0]), r.exit, strings.Join(r.Reasons, ", "), where+wrong, r.took.Round(time.Millisecond))
		}
	}
	return bad, table.Flush()
}

// judge gives where the verifier found what was changed, and what is wrong with
// its answer.
func (v variant) judge(r result) (where, wrong string) {
	if v.exit == 0 {
		if r.exit != 0 || r.Result != "verified" {
			return "", "  << it has to verify"
		}
		return r.Result, ""
	}
	i := slices.IndexFunc(r.Problems, func(p problem) bool { return p.Reason == v.reason && strings.Contains(p.File+": "+p.Message, v.says) })
	if i < 0 || r.exit != v.exit {
		return "", fmt.Sprintf("  << want exit %d, %s, %q", v.exit, v.reason, v.says)
	}
	where = r.Problems[i].File
	if where == "" {
		where = r.Problems[i].Message
	}
	if runes := []rune(where); len(runes) > 60 {
		where = string(runes[:57]) + "…"
	}
	return where, ""
}

type problem struct {
	Reason  string `json:"reason"`
	File    string `json:"file"`
	Message string `json:"message"`
}

// result is what a verifier said.
type result struct {
	Result   string    `json:"result"`
	Reasons  []string  `json:"reasons"`
	Problems []problem `json:"problems"`

	exit int
	took time.Duration
}

// verify runs a verifier where nothing else is: a directory of its own, no
// environment.
func verify(verifier string, raw, trust []byte) (result, error) {
	var r result
	dir, err := os.MkdirTemp("", "tamper-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	words := strings.Fields(verifier)
	program, err := os.ReadFile(words[0])
	if err != nil {
		return r, err
	}
	name := filepath.Join(dir, filepath.Base(words[0]))
	for path, f := range map[string]struct {
		content []byte
		mode    os.FileMode
	}{name: {program, 0o755}, filepath.Join(dir, "package.zip"): {raw, 0o600}, filepath.Join(dir, "trust.json"): {trust, 0o600}} {
		if err := os.WriteFile(path, f.content, f.mode); err != nil {
			return r, err
		}
	}
	cmd := exec.Command(name, slices.Concat(words[1:], []string{"package.zip", "--trust", "trust.json", "--json"})...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, []string{}, &stdout, &stderr
	began := time.Now()
	err = cmd.Run()
	r.took = time.Since(began)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return r, err
	}
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		return r, fmt.Errorf("it gave no report: %w\n%s%s", err, &stdout, &stderr)
	}
	r.exit = cmd.ProcessState.ExitCode()
	return r, nil
}
