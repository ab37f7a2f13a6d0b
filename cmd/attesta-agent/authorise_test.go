package main

import (
	"crypto/ed25519"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/origin/present"
	"github.com/attesta/attesta/internal/proof/permit"
	"github.com/attesta/attesta/internal/wire"
)

func TestAuthorise(t *testing.T) {
	text, err := permit.Sign(ed25519.NewKeyFromSeed(make([]byte, 32)), permit.Token{ID: "ctk_1", Kind: permit.OfRun, Tool: "ansible", Run: "7", Who: "usr_a",
		Hosts: []string{"web-1"}, Paths: []string{"/etc/nginx/**"}, Count: 1, From: 1, Until: 100})
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(t.TempDir(), "s")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := run(t, "authorise", "--state", state, text); code != 8 || !strings.Contains(errs, "no agent listens") {
		t.Errorf("%d: %s", code, errs)
	}
	k, err := present.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- k.Serve(t.Context()) }()
	file := filepath.Join(state, "token")
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{}, 2, "no token is given"},
		{[]string{text, "more"}, 2, "one argument too many"},
		{[]string{text, "--token-file", file}, 2, "given twice"},
		{[]string{text, "--"}, 2, "no command"},
		{[]string{"act1.x.y"}, 4, "cannot be read"},
		{[]string{"--token-file", file + "x"}, 5, "cannot be read"},
		{[]string{text, "--", "no-such-program"}, 5, "no program"},
		{[]string{"--token-file", file}, 0, ""},
	} {
		out, errs, code := run(t, append([]string{"authorise", "--state", state}, tc.args...)...)
		if code != tc.code || !strings.Contains(errs, tc.says) || code == 0 && !strings.Contains(out, "ansible run 7, until it ends") {
			t.Errorf("%v: %d, %q, %q", tc.args, code, out, errs)
		}
	}
	if testing.Short() {
		t.Skip("NOT RUN with -short: builds the program")
	}
	agent := filepath.Join(state, "agent")
	if out, err := exec.Command("go", "build", "-o", agent, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// The command runs in place of the program, with the token, and its exit code is its own.
	cmd := exec.Command(agent, "authorise", "--state", state, "--token-file", file, "--", "sh", "-c", "cat; echo $$; exit 7")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &wire.FileChange{Path: "/etc/nginx/x"}
	started := startOf(t, cmd.Process.Pid)
	var claims []wire.RunClaim
	for range 200 {
		c.Time = time.Now()
		c.Who = &wire.Process{PID: 99999, Parents: []wire.ParentProcess{{PID: int32(cmd.Process.Pid), Started: started}}}
		if claims = k.Claims(c); len(claims) > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if len(claims) != 1 || claims[0].Token != text || claims[0].PID != int32(cmd.Process.Pid) {
		t.Errorf("%+v", claims)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 7 || strings.TrimSpace(out.String()) != strconv.Itoa(cmd.Process.Pid) {
		t.Errorf("%v, %q of process %d", err, out.String(), cmd.Process.Pid)
	}
}

// startOf is when a process began, as the kernel counts.
func startOf(t *testing.T, pid int) time.Time {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	_, rest, _ := strings.Cut(string(stat), ") ")
	ticks, err := strconv.ParseFloat(strings.Fields(rest)[19], 64)
	if err != nil {
		t.Fatal(err)
	}
	up, err := strconv.ParseFloat(strings.Fields(string(uptime))[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return now.Add(time.Duration((ticks/100 - up) * float64(time.Second)))
}
