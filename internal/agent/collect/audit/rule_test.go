package audit

import (
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/facts"
)

func noDir(string) bool { return false }

func TestLine(t *testing.T) {
	for _, c := range []struct {
		line string
		want facts.AuditRule
		err  string
	}{
		{line: "-w /etc/passwd -p aw -k identity", want: facts.AuditRule{List: "exit", Action: "always", Path: "/etc/passwd", Permissions: "wa", Key: "identity"}},
		{line: "-w /etc/sudoers.d/", want: facts.AuditRule{List: "exit", Action: "always", Dir: "/etc/sudoers.d", Permissions: "rwxa"}},
		{line: "-p wa -w /etc/hosts", want: facts.AuditRule{List: "exit", Action: "always", Path: "/etc/hosts", Permissions: "wa"}},
		{line: "-a always,exit -F arch=x86_64 -S settimeofday,adjtimex -S adjtimex -F key=time", want: facts.AuditRule{List: "exit", Action: "always", Arch: "b64", Syscalls: []string{"adjtimex", "settimeofday"}, Key: "time"}},
		{line: "-a exit,never -F dir=/tmp -F perm=x -F auid>=1000 -C uid!=euid", want: facts.AuditRule{List: "exit", Action: "never", Dir: "/tmp", Permissions: "x", Fields: []string{"auid>=1000", "uid!=euid"}}},
		{line: "-a always", err: "expected list,action"},
		{line: "-w", err: "-w has no value"},
		{line: "-w /x -p", err: "-p has no value"},
		{line: "-w /etc/passwd and more", err: "no part of a rule"},
		{line: "-W /etc/passwd", err: "not followed"},
	} {
		p := &parsed{}
		err := p.line(c.line, noDir)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %s", c.line, err, c.err)
			}
			continue
		}
		if err != nil || len(p.rules) != 1 {
			t.Errorf("%s: %+v, %v", c.line, p.rules, err)
			continue
		}
		got, want := p.rules[0], c.want
		if strings.Join(got.Syscalls, " ") != strings.Join(want.Syscalls, " ") || strings.Join(got.Fields, " ") != strings.Join(want.Fields, " ") {
			t.Errorf("%s: %+v", c.line, got)
		}
		if got.List != want.List || got.Action != want.Action || got.Path != want.Path || got.Dir != want.Dir || got.Permissions != want.Permissions || got.Key != want.Key || got.Arch != want.Arch {
			t.Errorf("%s: %+v", c.line, got)
		}
	}
	p := &parsed{}
	for _, line := range []string{"# no", "", "No rules", "-D", "-b 8192", "-f 1", "--backlog_wait_time 60000", "-e 1", "-e 2"} {
		if err := p.line(line, noDir); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if len(p.rules) != 0 || p.enable != "2" {
		t.Errorf("rules %v, enable %q", p.rules, p.enable)
	}
}

func TestEnabled(t *testing.T) {
	for text, want := range map[string]int64{"enabled 2\nfailure 1\n": 2, "AUDIT_STATUS: x\nenabled 0\n": 0, "": -1, "enabled x\n": -1, "enabled\n": -1} {
		n, err := enabled(text)
		if (err != nil) != (want < 0) || err == nil && *n != want {
			t.Errorf("%q: %v, %v", text, n, err)
		}
	}
}

// FuzzLine gives any line: a rule that is taken has a list or an action, and
// only accesses that there are.
func FuzzLine(f *testing.F) {
	for _, s := range []string{"-w /etc/passwd -p wa -k x", "-a always,exit -F arch=b64 -S a,b -F auid>=1 -k y", "-a ,", "-e 2", "-S", "-F perm=", "\xff -w", "-w  -p -k"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := &parsed{}
		if p.line(s, noDir) != nil {
			return
		}
		if len(p.rules) > 1 {
			t.Fatalf("%d rules of one line", len(p.rules))
		}
		for _, r := range p.rules {
			if strings.Trim(r.Permissions, "rwxa") != "" || len(r.Permissions) > 4 {
				t.Errorf("permissions %q", r.Permissions)
			}
			if r.Syscalls == nil || r.Fields == nil {
				t.Error("a list is null")
			}
		}
		_, _ = enabled(s)
	})
}
