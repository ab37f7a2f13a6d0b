package server

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/operations/component"
)

// six is what somebody does to a host, and how it is cleared.
type six struct {
	name, check string
	kind        component.Kind
	do          func(t *testing.T) (part string, undo func() error) // part of the component's name
	approve     bool                                                // by a person; otherwise by undoing it
}

// Within is how long it may take at most until what somebody does to a host is a
// finding, or what cleared it closes it.
const within = 30 * time.Second

// An account, a port, a set-id file, a kernel setting, a timer and an SSH key that
// somebody adds to the host of the running agent are each a finding within seconds.
// Half is cleared by approval, half by undoing it, and each finding says which.
func TestSixOnOneHost(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs root, to add accounts, timers and settings")
	}
	home, tree := t.TempDir(), t.TempDir()
	tool := filepath.Join(tree, "tool")
	if err := os.WriteFile(tool, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	w := watch(t, tree)
	ann := w.named("ann", access.ComplianceManager)
	w.until(5*time.Minute, "the host is read", func() string {
		h, err := w.p.hosts.Get(t.Context(), w.source)
		if err != nil {
			return err.Error()
		}
		list, err := w.p.hosts.Sections(t.Context(), h.ID, time.Now(), true)
		if err != nil {
			return err.Error()
		}
		want := []string{"users", "ports", "special_files", "sysctl", "services", "ssh_keys"}
		for _, s := range list {
			want = slices.DeleteFunc(want, func(x string) bool { return x == s.Name })
		}
		return strings.Join(want, ", ")
	})
	// What the host consists of is approved, and where it has none of a kind, that.
	learn := component.Learn{Kinds: []component.Kind{component.User, component.Port, component.SUID, component.Setting, component.Job, component.SSHKey}, From: time.Now().Add(-time.Hour)}
	p, err := w.p.components.Propose(t.Context(), ann, learn)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.p.components.ApproveProposal(t.Context(), ann, learn, p.Seen, component.Said{Owner: "operations", Reason: "what it is when the test begins"}); err != nil {
		t.Fatal(err)
	}
	account := fmt.Sprintf("attesta%d", os.Getpid()%1_000_000)
	for _, x := range []six{
		{"a user", "accounts-approved", component.User, func(s *testing.T) (string, func() error) {
			return account, addUser(t, s, account, home)
		}, true},
		{"a port", "ports-approved", component.Port, openPort, true},
		{"a timer", "jobs-approved", component.Job, addTimer, true},
		{"a set-id bit", "suid-approved", component.SUID, func(s *testing.T) (string, func() error) {
			return tool, raise(s, tool)
		}, false},
		{"a kernel setting", "settings-approved", component.Setting, changeSetting, false},
		{"an SSH key", "ssh-keys-approved", component.SSHKey, func(s *testing.T) (string, func() error) {
			return "for " + account, addKey(s, account, home)
		}, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			here := *w
			here.t = t
			here.clear(ann, x)
		})
	}
	w.verify()
}

// clear does it, awaits its finding, clears that, and holds why it closed.
func (w *realHost) clear(ann access.Principal, x six) {
	w.t.Helper()
	t := w.t.(*testing.T)
	part, undo := x.do(t)
	var of finding.Finding
	found := w.until(within, "its finding", func() string {
		all, err := w.p.findings.OpenOf(t.Context(), "components/"+x.check)
		if err != nil {
			return err.Error()
		}
		var other []string
		for _, f := range all {
			if f.State == finding.Open && strings.Contains(f.ItemName, part) {
				of = f
				return ""
			}
			other = append(other, f.ItemName)
		}
		return fmt.Sprintf("no finding names %q, but %q", part, other)
	})
	how, want := "undone", "it is nowhere any more"
	if x.approve {
		how, want = "approved", "operations answers for it"
		list, _, _, err := w.p.components.List(t.Context(), ann, component.Filter{Kind: x.kind, State: component.Fresh, Query: part}, "", 2)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d components, %v", len(list), err)
		}
		if err := w.p.components.Say(t.Context(), ann, []string{list[0].ID}, component.Said{What: component.Approved, Owner: "operations", Reason: "it is needed"}); err != nil {
			t.Fatal(err)
		}
	} else if err := undo(); err != nil {
		t.Fatal(err)
	}
	var now finding.Finding
	closed := w.until(within, "its finding is closed", func() (says string) {
		var err error
		if now, err = w.p.findings.Get(t.Context(), of.ID); err != nil {
			return err.Error()
		}
		if now.State != finding.Closed {
			return string(now.State) + ": " + now.Reason
		}
		return ""
	})
	if !strings.Contains(now.Reason, want) {
		t.Errorf("closed since %q, want it to say %q", now.Reason, want)
	}
	t.Logf("%s (%s) on %s: a finding after %s; %s and closed after %s: %s", x.name, of.Ref(), of.ItemName, found.Round(10*time.Millisecond), how, closed.Round(10*time.Millisecond), now.Reason)
}

// once makes what undoes something safe to call again when the test ends.
func once(t *testing.T, undo func() error) func() error {
	done := false
	f := func() error {
		if done {
			return nil
		}
		done = true
		return undo()
	}
	t.Cleanup(func() {
		if err := f(); err != nil {
			t.Errorf("the host is not as it was: %v", err)
		}
	})
	return f
}

// addUser adds an account that nobody can log in with but whose shell is one; it
// stays until all is over.
func addUser(all, t *testing.T, name, home string) func() error {
	for _, program := range []string{"useradd", "userdel"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("NOT RUN: %s is not installed", program)
		}
	}
	run := func(args ...string) error {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", args, err, out)
		}
		return nil
	}
	if err := run("useradd", "-M", "-N", "-d", home, "-s", "/bin/sh", name); err != nil {
		t.Skipf("NOT RUN: no account can be added here: %v", err)
	}
	return once(all, func() error { return run("userdel", name) })
}

func openPort(t *testing.T) (string, func() error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("tcp/%d ", l.Addr().(*net.TCPAddr).Port), once(t, l.Close)
}

// addTimer writes the units of a timer that starts at boot, as systemctl enable does;
// no service manager need run.
func addTimer(t *testing.T) (string, func() error) {
	const dir = "/etc/systemd/system"
	if _, err := os.Stat("/usr/lib/systemd/systemd"); err != nil {
		t.Skip("NOT RUN: this host has no systemd, whose timers are read")
	}
	name := fmt.Sprintf("attesta-test-%d", os.Getpid())
	wants := filepath.Join(dir, "timers.target.wants")
	_, err := os.Stat(wants)
	made := errors.Is(err, fs.ErrNotExist)
	undo := once(t, func() error {
		err := errors.Join(os.Remove(filepath.Join(wants, name+".timer")), os.Remove(filepath.Join(dir, name+".timer")), os.Remove(filepath.Join(dir, name+".service")))
		if made {
			err = errors.Join(err, os.Remove(wants))
		}
		return err
	})
	if err := os.MkdirAll(wants, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		os.WriteFile(filepath.Join(dir, name+".service"), []byte("[Service]\nType=oneshot\nExecStart=/bin/true\n"), 0o644),
		os.WriteFile(filepath.Join(dir, name+".timer"), []byte("[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n"), 0o644),
		os.Symlink("../"+name+".timer", filepath.Join(wants, name+".timer")),
	); err != nil {
		t.Fatal(err)
	}
	return name, undo
}

// raise sets a file's set-user-id bit.
func raise(t *testing.T, file string) func() error {
	undo := once(t, func() error { return os.Chmod(file, 0o755) })
	if err := os.Chmod(file, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	return undo
}

// changeSetting has the kernel log packets from impossible addresses on interfaces
// that are added later, or no more.
func changeSetting(t *testing.T) (string, func() error) {
	const name, file = "net.ipv4.conf.default.log_martians", "/proc/sys/net/ipv4/conf/default/log_martians"
	was, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("NOT RUN: the kernel's setting %s cannot be read: %v", name, err)
	}
	value := "1"
	if string(bytes.TrimSpace(was)) == "1" {
		value = "0"
	}
	if err := os.WriteFile(file, []byte(value), 0o644); err != nil {
		t.Skipf("NOT RUN: the kernel's settings cannot be changed here: %v", err)
	}
	return name + " = " + value, once(t, func() error { return os.WriteFile(file, was, 0o644) })
}

// addKey lets a key log in as an account.
func addKey(t *testing.T, account, home string) func() error {
	if out, err := exec.Command("getent", "passwd", account).CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: the account was not added: %v %s", err, out)
	}
	dir := filepath.Join(home, ".ssh")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var key []byte
	for _, field := range []string{"ssh-ed25519", strings.Repeat("k", 32)} {
		key = append(binary.BigEndian.AppendUint32(key, uint32(len(field))), field...)
	}
	file := filepath.Join(dir, "authorized_keys")
	undo := once(t, func() error { return os.Remove(file) })
	if err := os.WriteFile(file, []byte("ssh-ed25519 "+base64.StdEncoding.EncodeToString(key)+" somebody@elsewhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return undo
}
