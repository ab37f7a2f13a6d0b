package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/watching"
	"github.com/attesta/attesta/internal/wire"
)

// begin watches as the running agent does, with a state directory that it holds.
func begin(t *testing.T, state string, s watching.Settings) (stop func()) {
	t.Helper()
	lock, err := os.OpenFile(filepath.Join(state, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := watching.New(watching.Config{State: state, Source: "src_1", Stream: "a", Settings: s, Spool: func([]*wire.FileChange) error { return nil },
		Describe: func(_ context.Context, c []*wire.FileChange) ([]*wire.FileChange, error) { return c, nil }})
	done := make(chan struct{})
	go func() { w.Run(ctx); close(done) }()
	return func() {
		cancel()
		<-done
		lock.Close()
	}
}

// statusWith asks until the status has a text.
func statusWith(t *testing.T, state, want string) (out string, code int) {
	t.Helper()
	stderr := ""
	for range 200 {
		if out, stderr, code = run(t, "integrity", "status", "--state", state); strings.Contains(out, want) {
			return out + stderr, code
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("the status never said %q: %s%s", want, out, stderr)
	return "", 0
}

// What the status says while an agent watches, when it watches no more, and when its
// settings say that it shall not.
func TestIntegrityStatus(t *testing.T) {
	state, tree := t.TempDir(), t.TempDir()
	if out, stderr, code := run(t, "integrity", "status", "--state", state); code == 0 || !strings.Contains(stderr, "no agent has watched files") {
		t.Errorf("before any agent: %d %s%s", code, out, stderr)
	}
	if err := os.WriteFile(filepath.Join(tree, "app.conf"), []byte("a = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	stop := begin(t, state, watching.Settings{Trees: []string{}, Paths: []string{tree}, Content: []string{filepath.Join(tree, "none")}, Way: "inotify"})
	out, code := statusWith(t, state, "mode         inotify since ")
	for _, want := range []string{"trees        ", tree, "declared and not there: " + filepath.Join(tree, "none"), "approved by nobody", "read anew"} {
		if !strings.Contains(out, want) {
			t.Errorf("the status of a watch does not say %q:\n%s", want, out)
		}
	}
	if code != 0 {
		t.Errorf("an agent watches, and the code is %d: %s", code, out)
	}
	stdout, _, _ := run(t, "integrity", "status", "--state", state, "--json")
	var s statusOutput
	if err := json.Unmarshal([]byte(stdout), &s); err != nil || !s.Running || s.Watching.Mode == nil || *s.Watching.Mode != "inotify" || s.Watching.Baseline == nil || *s.Watching.Baseline.Root == "" {
		t.Errorf("%v: %s", err, stdout)
	}
	stop()
	if out, stderr, code := run(t, "integrity", "status", "--state", state); code != 3 || !strings.Contains(stderr, "no agent runs") {
		t.Errorf("after it ended: %d %s%s", code, out, stderr)
	}

	stop = begin(t, state, watching.Settings{Off: true})
	defer stop()
	if out, code := statusWith(t, state, "mode         off since "); code != 3 || !strings.Contains(out, "integrity: off") || !strings.Contains(out, "files are not watched") {
		t.Errorf("switched off: %d %s", code, out)
	}
}
