package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/pack"
)

// run runs the program with its own arguments and gives what it printed and
// its exit code.
func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	err := cmd.ExecuteContext(t.Context())
	code = report(&errs, err, false)
	return out.String(), errs.String(), code
}

func TestUsage(t *testing.T) {
	state := "--state=" + filepath.Join(t.TempDir(), "state")
	for _, tc := range []struct {
		args []string
		env  string
		code int
		says string
	}{
		{[]string{"version"}, "", 0, ""},
		{[]string{"--version"}, "", 0, ""},
		{[]string{}, "", 0, ""},
		{[]string{"nothing"}, "", 2, "unknown command"},
		{[]string{"version", "extra"}, "", 2, "one argument too many"},
		{[]string{"run", "--nothing"}, "", 2, "unknown flag"},
		{[]string{"run", "--interval", "soon"}, "", 2, "interval"},
		{[]string{"run", "--interval", "1ms", state}, "", 2, "shorter"},
		{[]string{"run", state}, "", 6, "not enrolled"},
		{[]string{"run", state, "--log-level", "loud"}, "", 2, "no log level"},
		{[]string{"run", state, "--spool-mib", "1"}, "", 2, "MiB"},
		{[]string{"run", state, "--config", "/no/such/file"}, "", 5, "/no/such/file"},
		{[]string{"run", state}, "ATTESTA_AGENT_SERVRE=x", 2, "ATTESTA_AGENT_SERVRE"},
		{[]string{"run", state}, "ATTESTA_DATA=/srv/attesta", 6, "not enrolled"},
		{[]string{"enrol", state, "--server", "https://127.0.0.1:1"}, "", 6, "not enrolled"},
		{[]string{"enrol", state, "--server", "https://127.0.0.1:1", "--token", "att_x"}, "", 2, "no enrolment token"},
		{[]string{"enrol", state, "--server", "http://127.0.0.1:1", "--token", goodToken}, "", 2, "no address"},
		{[]string{"enrol", state, "--server", "https://127.0.0.1:1", "--token", goodToken}, "", 8, "does not answer"},
		{[]string{"enrol", state, "--token", goodToken}, "ATTESTA_AGENT_SERVER=https://127.0.0.1:1", 8, "127.0.0.1:1 does not answer"},
		{[]string{"enrol", state, "--token", goodToken, "--server", "https://127.0.0.1:2"}, "ATTESTA_AGENT_SERVER=https://127.0.0.1:1", 8, "127.0.0.1:2 does not answer"},
		{[]string{"inventory", "--section", "moon"}, "", 2, "moon"},
		{[]string{"check", "--standard", "no-such-standard"}, "", 5, "no-such-standard"},
		{[]string{"check", "--standard", t.TempDir()}, "", 2, "pack.yaml"},
	} {
		t.Run(strings.Join(tc.args, " ")+" "+tc.env, func(t *testing.T) {
			if name, value, ok := strings.Cut(tc.env, "="); ok {
				t.Setenv(name, value)
			}
			_, stderr, code := run(t, tc.args...)
			if code != tc.code || !strings.Contains(stderr, tc.says) {
				t.Errorf("exit %d, want %d; says\n%s\nwant %q in it", code, tc.code, stderr, tc.says)
			}
		})
	}
}

var goodToken = "att_" + strings.Repeat("a", 32) + "." + strings.Repeat("0", 64)

func TestSettingsFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "agent.yaml")
	if err := os.WriteFile(file, []byte("state: "+dir+"/state\nserver: https://127.0.0.1:1\ninterval: 90s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "token")
	if err := os.WriteFile(secret, []byte(goodToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := run(t, "enrol", "--config", file, "--token-file", secret)
	if code != 8 || !strings.Contains(stderr, "https://127.0.0.1:1 does not answer") {
		t.Errorf("from the file: exit %d\n%s", code, stderr)
	}
	if err := os.WriteFile(file, []byte("intervall: 90s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ATTESTA_AGENT_CONFIG", file)
	_, stderr, code = run(t, "run", "--state", filepath.Join(dir, "state"))
	if code != 2 || !strings.Contains(stderr, "agent.yaml:1") {
		t.Errorf("an unknown key: exit %d\n%s", code, stderr)
	}
}

func TestInventory(t *testing.T) {
	stdout, _, code := run(t, "inventory", "--json")
	var sections []facts.Section
	if err := json.Unmarshal([]byte(stdout), &sections); err != nil || code != 0 {
		t.Fatalf("exit %d, %v", code, err)
	}
	var names []string
	for _, s := range sections {
		names = append(names, s.Name)
		if _, err := facts.Decode(s); err != nil {
			t.Errorf("section %s: %v", s.Name, err)
		}
	}
	if !slices.Equal(names, collect.Sections()) {
		t.Errorf("sections %v", names)
	}
	stdout, _, code = run(t, "inventory", "--section", "os,mounts")
	if code != 0 || !strings.Contains(stdout, "SECTION") || !strings.Contains(stdout, "\nmounts ") || strings.Contains(stdout, "\nusers ") {
		t.Errorf("exit %d\n%s", code, stdout)
	}
}

func TestCheck(t *testing.T) {
	stdout, stderr, code := run(t, "check", "--standard", "linux-server", "--json")
	var v verdict
	if err := json.Unmarshal([]byte(stdout), &v); err != nil {
		t.Fatalf("exit %d, %v\n%s", code, err, stderr)
	}
	p, err := pack.Default().LoadShipped("linux-server")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for outcome, n := range v.Counts {
		if _, ok := judge.ParseOutcome(outcome); !ok {
			t.Errorf("outcome %q", outcome)
		}
		total += n
	}
	if v.Standard != "linux-server" || !v.Draft || len(v.Checks) != len(p.Checks) || total != len(v.Checks) {
		t.Errorf("%s, draft %v: %d checks of %d, counts %v", v.Standard, v.Draft, len(v.Checks), len(p.Checks), v.Counts)
	}
	for _, c := range v.Checks {
		if len(c.Attributes) == 0 {
			t.Errorf("%s has no attributes", c.ID)
		}
		for _, a := range c.Attributes {
			if a.Outcome != judge.Pass && a.Reason == "" {
				t.Errorf("%s/%s is %s without a reason", c.ID, a.ID, a.Outcome)
			}
		}
		if (c.Outcome == judge.Fail) != (c.Remediation != "") {
			t.Errorf("%s is %s; what to do: %q", c.ID, c.Outcome, c.Remediation)
		}
	}
	want := 0
	if v.Counts["fail"] > 0 {
		want = 4
	} else if v.Counts["error"]+v.Counts["not_observed"] > 0 {
		want = 3
	}
	if code != want {
		t.Errorf("exit %d with %v", code, v.Counts)
	}
	stdout, _, again := run(t, "check")
	if again != want || !strings.Contains(stdout, "40 checks") && len(v.Checks) == 40 {
		t.Errorf("as a table: exit %d\n%s", again, stdout)
	}
}

func TestExitCodes(t *testing.T) {
	for _, tc := range []struct {
		counts map[string]int
		code   int
	}{
		{map[string]int{"pass": 3, "not_applicable": 2}, 0},
		{map[string]int{"pass": 3, "error": 1}, 3},
		{map[string]int{"not_observed": 1}, 3},
		{map[string]int{"fail": 1, "error": 1}, 4},
	} {
		var b bytes.Buffer
		if code := report(&b, verdict{Counts: tc.counts}.exit(), false); code != tc.code {
			t.Errorf("%v: exit %d, want %d", tc.counts, code, tc.code)
		}
	}
	var b bytes.Buffer
	if code := report(&b, context.Canceled, true); code != 130 {
		t.Errorf("interrupted: exit %d", code)
	}
	if code := report(&b, context.Canceled, false); code != 1 {
		t.Errorf("an error of no kind: exit %d", code)
	}
}

// A host whose sections were never read passes nothing.
func TestJudgeNothing(t *testing.T) {
	p, err := pack.Default().LoadShipped("linux-server")
	if err != nil {
		t.Fatal(err)
	}
	v, err := judgeHost(p, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if v.Counts["not_observed"] != len(v.Checks) {
		t.Errorf("without facts: %v", v.Counts)
	}
	if _, err := judgeHost(p, []facts.Section{{Name: "os", Registry: 1, Values: json.RawMessage(`{"name":`)}}, time.Now()); !fault.Is(err, fault.Invalid) {
		t.Errorf("a section that is cut: %v", err)
	}
}
