package chrony

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"

	"github.com/google/go-cmp/cmp"
)

const tracking = "Reference ID    : C0000201 (ntp1.example.org)\nStratum         : 3\nRef time (UTC)  : Sat Nov 28 09:24:31 2026\nSystem time     : 0.000012 seconds slow of NTP time\nLeap status     : Not synchronised\n"

func TestTracking(t *testing.T) {
	stratum, leap, err := Tracking(tracking)
	if stratum != 3 || leap != "not synchronised" || err != nil {
		t.Errorf("%d %q %v", stratum, leap, err)
	}
	for _, text := range []string{"", "Stratum : x\nLeap status : Normal\n", "Stratum : 3\n", "506 Cannot talk to daemon\n"} {
		if _, _, err := Tracking(text); err == nil {
			t.Errorf("%q is no mistake", text)
		}
	}
}

func TestSources(t *testing.T) {
	got, err := Sources("^,*,192.0.2.9,2,6,377,12,0.1,0.2,0.3\n=,?,192.0.2.10,0,6,0,4294967295,0,0,0\n#,-,PPS0,0,4,17,1,0,0,0\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []facts.TimeSource{{Name: "192.0.2.10", Kind: "peer"}, {Name: "192.0.2.9", Kind: "server", Stratum: 2, Reachable: true}, {Name: "PPS0", Kind: "clock", Reachable: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{"506 Cannot talk to daemon", "^,*,a,x,6,377", "^,*,a,1,6,9", "!,*,a,1,6,7"} {
		if _, err := Sources(text); err == nil || !strings.HasPrefix(err.Error(), "chronyc sources:1: expected") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestAgreeWithChrony runs chronyd itself, which leaves the clock alone, in a
// network of its own.
func TestAgreeWithChrony(t *testing.T) {
	for _, p := range []string{"chronyd", "chronyc"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("NOT RUN: %s is not installed", p)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs root")
	}
	dir, err := os.MkdirTemp("", "chrony") // a short path: it is that of a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "chrony.conf")
	socket := filepath.Join(dir, "s")
	if err := os.WriteFile(conf, []byte("pidfile "+filepath.Join(dir, "pid")+"\nbindcmdaddress "+socket+"\nuser root\nlocal stratum 5\nserver 192.0.2.250\npeer 192.0.2.251\nrefclock SHM 0 refid SHMX\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "chronyd", "-x", "-d", "-f", conf)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := cmd.Start(); err != nil {
		t.Skipf("NOT RUN: chronyd: %v", err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }() // it was told to go
	ask := func(args ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), "chronyc", append([]string{"-h", socket}, args...)...).Output()
		return string(out), err
	}
	text := ""
	for range 50 {
		if text, err = ask("-c", "-n", "sources"); err == nil && strings.Count(text, "\n") == 3 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		t.Skipf("NOT RUN: chronyd does not answer: %v", err)
	}
	got, err := Sources(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []facts.TimeSource{{Name: "192.0.2.250", Kind: "server"}, {Name: "192.0.2.251", Kind: "peer"}, {Name: "SHMX", Kind: "clock"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var stratum int64
	for range 50 { // it takes a moment to become its own source
		if text, err = ask("-n", "tracking"); err != nil {
			t.Fatal(err)
		}
		if stratum, _, err = Tracking(text); err != nil {
			t.Fatal(err)
		}
		if stratum == 5 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("stratum %d, want 5: %s", stratum, text)
}

func FuzzOutput(f *testing.F) {
	f.Add(tracking)
	f.Add("^,*,192.0.2.9,2,6,377,12,0.1,0.2,0.3\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, _, _ = Tracking(text)
		if list, err := Sources(text); err == nil {
			if _, err := facts.NewSection("clock", facts.Clock{Sources: list}, nil); err != nil {
				t.Error(err)
			}
		}
	})
}
