package daemon

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

func TestFindsItself(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("NOT RUN: there is no sleep")
	}
	before := time.Now()
	cmd := exec.Command(sleep, "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	all, err := Find(tree.Root{}, "sleep")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(p Process) bool { return p.PID == cmd.Process.Pid })
	if i < 0 {
		t.Fatalf("not among %+v", all)
	}
	p := all[i]
	if p.Parent != os.Getpid() || int(p.UID) != os.Geteuid() || !slices.Equal(p.Args[1:], []string{"600"}) {
		t.Errorf("%+v", p)
	}
	if d := p.Started.Sub(before).Abs(); d > 3*time.Second {
		t.Errorf("started %s, which is %s off", p.Started, d)
	}
	if all, err := Find(tree.Root{Dir: t.TempDir()}, "sleep"); err != nil || len(all) > 0 {
		t.Errorf("a tree has processes: %v %v", all, err)
	}
}

func TestProc(t *testing.T) {
	comm, parent, ticks, ok := parseStat("7 (a) (b) S 3 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 12345 1 2\n")
	if !ok || comm != "a) (b" || parent != 3 || ticks != 12345 {
		t.Errorf("%q %d %d %v", comm, parent, ticks, ok)
	}
	for _, text := range []string{"", "7 a S", "7 (a) S 1", ")("} {
		if _, _, _, ok := parseStat(text); ok {
			t.Errorf("%q was read", text)
		}
	}
	if uid, nested, ok := parseStatus("Name:\tx\nUid:\t0\t33\t33\t33\nNSpid:\t812\t1\n"); uid != 33 || !nested || !ok {
		t.Errorf("%d %v %v", uid, nested, ok)
	}
	if _, _, ok := parseStatus("Name: x\n"); ok {
		t.Error("a process without a user")
	}
}

func TestStaleAndUser(t *testing.T) {
	root := tree.Root{Dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(root.Dir, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	start := time.Now().Add(-time.Hour)
	for name, at := range map[string]time.Time{"old": start.Add(-time.Minute), "same": start.Add(time.Second), "new": start.Add(time.Minute), "passwd": start} {
		p := filepath.Join(root.Dir, "etc", name)
		if err := os.WriteFile(p, []byte("root:x:0:0::/:/bin/sh\nhaproxy:x:105:9::/:/bin/false\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Stale(root, []string{"/etc/old", "/etc/same", "/etc/new"}, start); err != nil || !slices.Equal(got, []string{"/etc/new"}) {
		t.Errorf("%v %v", got, err)
	}
	if _, err := Stale(root, []string{"/etc/gone"}, start); !tree.Gone(err) {
		t.Errorf("%v", err)
	}
	if User(root, 105) != "haproxy" || User(root, 4711) != "4711" {
		t.Error("names of accounts")
	}
}

func TestWords(t *testing.T) {
	for a, want := range map[string]bool{"127.0.0.1": true, "127.8.9.1:80": true, "[::1]": true, "localhost": true, "/run/x": true, "unix@/x": true, "abns@x": true, "*": false, "192.0.2.1": false, "[::]": false, "example.org": false, "": false} {
		if Local(a) != want {
			t.Errorf("Local(%q) is %v", a, !want)
		}
	}
	if Secretive("unknown keyword 'bnd'") || !Secretive("bad PASSWORD x") {
		t.Error("secretive words")
	}
}

func TestCiphers(t *testing.T) {
	c := NewCiphers(tree.Root{})
	list, err := c.List(t.Context(), "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256")
	if err == ErrNoOpenSSL {
		t.Skip("NOT RUN: openssl is not installed")
	}
	if err != nil || !slices.Equal(list, []string{"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"}) {
		t.Errorf("%v %v", list, err)
	}
	if list, err := c.List(t.Context(), ""); err != nil || len(list) < 5 {
		t.Errorf("the default: %v %v", list, err)
	}
	for list, want := range map[string]string{"-V": "is none", "NOSUCH": "openssl"} {
		if got, err := c.List(t.Context(), list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v %v", list, got, err)
		}
	}
}
