package agent

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/attesta/attesta/internal/agent/collect"
	"github.com/attesta/attesta/internal/agent/collect/special"
	"github.com/attesta/attesta/internal/facts"
)

// A port that is opened, and one that is closed, make another stamp of ports.
func TestStampOfPorts(t *testing.T) {
	before := stampOf("/", "ports")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if opened := stampOf("/", "ports"); opened == before || before == "" {
		t.Error("an opened port changes nothing")
	}
	l.Close()
}

// What somebody adds in a tree makes another stamp; nothing makes none.
func TestStampsOfWhatIsAdded(t *testing.T) {
	root := t.TempDir()
	put := func(path, text string) {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n")
	put("/proc/modules", "ext4 1 3 - Live 0x0\n")
	for _, c := range []struct{ section, path, text string }{
		{"ssh_keys", "/root/.ssh/authorized_keys", "ssh-ed25519 AAAA\n"},
		{"cron", "/etc/cron.d/x", "* * * * * root /x\n"},
		{"cron", "/var/spool/cron/crontabs/root", "* * * * * /x\n"},
		{"services", "/etc/systemd/system/x.timer", "[Timer]\nOnCalendar=daily\n"},
		{"kernel_modules", "/proc/modules", "ext4 1 3 - Live 0x0\nevil 1 0 - Live 0x0\n"},
		{"pam", "/etc/pam.d/common-auth", "auth required pam_deny.so\n"},
		{"pam", "/lib/x86_64-linux-gnu/security/pam_x.so", ""},
		{"pam", "/etc/security/limits.d/x.conf", "* hard core 0\n"},
		{"mounts", "/proc/self/mountinfo", "1 0 0:1 / / rw - tmpfs none rw\n"},
		{"mounts", "/etc/fstab", "none /tmp tmpfs nosuid 0 0\n"},
		{"mounts", "/var/log/audit/x", ""},
		{"sysctl", "/proc/sys/kernel/randomize_va_space", "0\n"},
		{"sysctl", "/etc/sysctl.d/x.conf", "kernel.randomize_va_space = 0\n"},
		{"sysctl", "/etc/sysctl.conf", "kernel.randomize_va_space = 2\n"},
		{"sysctl", "/sys/class/net/eth7", ""},
		{"files", "/etc/sudoers", "root ALL=(ALL) ALL\n"},
		{"files", "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"},
		{"usb", "/sys/bus/usb/devices/1-1", ""},
		{"containers", "/var/lib/docker/containers/abc/config.v2.json", "{}"},
	} {
		before := stampOf(root, c.section)
		if before == "" || before != stampOf(root, c.section) {
			t.Errorf("%s: the stamp of what stays is %q", c.section, before)
		}
		put(c.path, c.text)
		if stampOf(root, c.section) == before {
			t.Errorf("%s: %s changes nothing", c.section, c.path)
		}
	}
	used := stampOf(root, "kernel_modules")
	put("/proc/modules", "ext4 1 9 - Live 0x0\nevil 1 0 - Live 0x0\n")
	if got := stampOf(root, "kernel_modules"); got != used {
		t.Error("how often a module is used is no change")
	}
}

// BenchmarkSoon is what one look at all of them costs.
func BenchmarkSoon(b *testing.B) {
	for b.Loop() {
		for _, s := range soonSections() {
			stampOf("/", s)
		}
	}
}

// A file that is told of is put into what the walk said, one that lost its bit is
// taken out, and what was told of while a walk went is not lost to its answer.
func TestSetID(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sh")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	zero, no := int64(0), false
	old := facts.SpecialFile{Path: "/usr/bin/a", Mode: 0o4755, ModeOctal: "4755"}
	one := int64(1)
	walk, err := facts.NewSection(specialFiles, facts.SpecialFiles{Suid: []facts.SpecialFile{old}, SuidCount: &one, WritableFiles: []facts.SpecialFile{}, WritableFilesCount: &zero, Truncated: &no}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, changed, err := lookAgain(walk, file); err != nil || changed {
		t.Errorf("a plain file: %t, %v", changed, err)
	}
	chmod := func(m os.FileMode) {
		t.Helper()
		if err := os.Chmod(file, m); err != nil {
			t.Fatal(err)
		}
	}
	chmod(0o755 | os.ModeSetuid)
	if f, err := special.One(collect.Root{}, file); err == nil && f == nil {
		t.Skip("NOT RUN: temporary files lie on a file system without raised rights (nosuid)")
	}
	s := specialState{}
	s.walks()
	s.touched[file] = true
	sec, err := s.walked(walk) // the walk had gone by before the bit was set
	if err != nil || sec.Digest == walk.Digest {
		t.Fatalf("what was told while a walk went is lost: %v", err)
	}
	if again, changed, err := lookAgain(sec, file); err != nil || changed || again.Digest != sec.Digest {
		t.Errorf("told twice: %t, %v", changed, err)
	}
	chmod(0o755)
	back, changed, err := lookAgain(sec, file)
	if err != nil || !changed || back.Digest != walk.Digest {
		t.Errorf("taken back: %t, %v", changed, err)
	}
	truncated := true
	cut, err := facts.NewSection(specialFiles, facts.SpecialFiles{Suid: []facts.SpecialFile{}, SuidCount: &zero, Truncated: &truncated}, nil)
	if err != nil {
		t.Fatal(err)
	}
	chmod(0o755 | os.ModeSetuid)
	if _, changed, err := lookAgain(cut, file); err != nil || changed {
		t.Errorf("a list that is not whole says nothing more: %t, %v", changed, err)
	}
}

// Sections that it costs little to see are not read at each look where their inputs
// cannot be seen.
func TestSoonWithoutStamps(t *testing.T) {
	for _, s := range soonSections() {
		if s == "" || stampOf("/", s) == "" {
			t.Errorf("%s has no stamp", s)
		}
	}
}
