package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/judge"
)

func doctor(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := DoctorCommand("test")
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func outcomes(t *testing.T, text string) map[string]judge.Outcome {
	t.Helper()
	var r health.Report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	all := map[string]judge.Outcome{}
	for _, l := range r.Lines {
		if all[l.Name] != "" {
			t.Errorf("two checks are called %s", l.Name)
		}
		if l.Reason == "" || l.Asks == "" {
			t.Errorf("%s gives no reason or asks nothing", l.Name)
		}
		if (l.Outcome == judge.Fail || l.Outcome == judge.NotObserved) && l.Do == "" {
			t.Errorf("%s is %s and says not what to do", l.Name, l.Outcome)
		}
		all[l.Name] = l.Outcome
	}
	return all
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// One deployment, asked while it is well, while a store is broken, and after
// it has stopped: the same names each time.
func TestDoctorAndHealth(t *testing.T) {
	data := t.TempDir()
	if err := os.Chmod(data, 0o700); err != nil {
		t.Fatal(err)
	}
	in := begin(t, local(data), Options{})
	if status, body := get(t, in.ready.URL+"/healthz"); status != 200 || body != "alive\n" {
		t.Errorf("healthz: %d %q", status, body)
	}
	if status, body := get(t, in.ready.URL+"/readyz"); status != 200 || body != "ready\n" {
		t.Errorf("readyz: %d %q", status, body)
	}
	text, err := doctor(t, "--data", data, "--json")
	live := outcomes(t, text)
	var exit *cli.ExitError
	if !asExit(err, &exit) || exit.Code != 4 {
		t.Errorf("no backup yet, and the doctor says %v", err)
	}
	for name, want := range map[string]judge.Outcome{
		"data.modes": judge.Pass, "database.answers": judge.Pass, "database.schema": judge.Pass, "ledger.publishes": judge.Pass, "blobs.work": judge.Pass,
		"evidence.work": judge.Pass, "packs.installed": judge.Pass, "packs.shipped": judge.Pass, "jobs.run": judge.Pass, "listen.screens": judge.Pass, "listen.agents": judge.Pass,
		"agents.certificate": judge.Pass, "program.version": judge.Pass, "agents.heard": judge.NotObserved, "clock.agents": judge.NotObserved,
		"mail.sends": judge.NotApplicable, "notices.told": judge.Pass, "ledger.anchor": judge.NotObserved, "backup.age": judge.Fail, "clock.files": judge.Pass,
	} {
		if live[name] != want {
			t.Errorf("%s is %q, not %s", name, live[name], want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}

	// What strangers see names the check and no path.
	broken := in.cfg.Data + "/blobs/tmp"
	if err := os.RemoveAll(broken); err != nil {
		t.Fatal(err)
	}
	in2 := waitFor(t, func() (int, string) { return get(t, in.ready.URL+"/readyz") }, http.StatusServiceUnavailable)
	if in2 != "blobs.work\n" {
		t.Errorf("readyz says %q", in2)
	}
	if err := os.MkdirAll(broken, 0o700); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() (int, string) { return get(t, in.ready.URL+"/readyz") }, http.StatusOK)

	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	text, err = doctor(t, "--data", data, "--json")
	stopped := outcomes(t, text)
	if !asExit(err, &exit) {
		t.Errorf("the doctor without a server: %v", err)
	}
	for name := range live {
		if stopped[name] == "" {
			t.Errorf("without a server nothing is said about %s", name)
		}
	}
	for name, want := range map[string]judge.Outcome{"server.runs": judge.NotObserved, "jobs.run": judge.NotObserved, "blobs.work": judge.NotObserved, "ledger.head": judge.Pass, "database.schema": judge.Pass} {
		if stopped[name] != want {
			t.Errorf("stopped: %s is %q, not %s\n%s", name, stopped[name], want, text)
		}
	}
	if err := os.WriteFile(data+"/attesta.db", []byte("this is no database, and it is long enough to be looked at as one"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, _ = doctor(t, "--data", data)
	if !strings.Contains(text, "error") || !strings.Contains(text, "database.answers") || !strings.Contains(text, "restore a backup") {
		t.Errorf("a damaged database:\n%s", text)
	}
	if _, err := doctor(t, "--data", data+"/nowhere"); err == nil || !strings.Contains(err.Error(), "there is no data directory") {
		t.Errorf("no directory: %v", err)
	}
}

func asExit(err error, exit **cli.ExitError) bool { return errors.As(err, exit) }

// waitFor asks until the status is what is wanted: answers stand for a few
// seconds.
func waitFor(t *testing.T, ask func() (int, string), want int) string {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if status, body := ask(); status == want {
			return body
		}
	}
	status, body := ask()
	t.Fatalf("still %d %q", status, body)
	return ""
}
