package main

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/pack"
)

// insideVariable tells the child of TestBrokenAndMended which mount and network
// namespaces it must not be in.
const insideVariable = "ATTESTA_TEST_OUTSIDE"

// leastMended is how many checks have to be broken and mended.
const leastMended = 100

// TestBrokenAndMended breaks what each check of a list is about with the
// host's own tools and mends it again, in namespaces of its own: its /etc,
// homes, logs and mounts are copies in memory, its network is empty. Each check
// must pass, fail when the thing is broken, and pass when it is mended, from
// reading to judging.
func TestBrokenAndMended(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs root for namespaces of its own")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInsideMended$", "-test.v", "-test.timeout=8m")
	cmd.Env = append(os.Environ(), insideVariable+"="+namespaces(t), "GOCOVERDIR=", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin", "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "NOT RUN") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if err != nil {
		if cmd.Process == nil {
			t.Skipf("NOT RUN: namespaces cannot be made here: %v", err)
		}
		t.Fatalf("%v\n%s", err, out)
	}
	count := regexp.MustCompile(`(\d+) checks broken and mended`).FindSubmatch(out)
	if count == nil {
		t.Fatalf("no count:\n%s", out)
	}
	t.Logf("%s checks broken and mended", count[1])
	if n, _ := strconv.Atoi(string(count[1])); n < leastMended && !strings.Contains(string(out), "NOT RUN") {
		t.Errorf("%d checks, want at least %d", n, leastMended)
	}
}

func namespaces(t *testing.T) string {
	t.Helper()
	var all []string
	for _, kind := range []string{"mnt", "net"} {
		to, err := os.Readlink("/proc/self/ns/" + kind)
		if err != nil {
			t.Skipf("NOT RUN: %v", err)
		}
		all = append(all, to)
	}
	return strings.Join(all, " ")
}

// TestInsideMended is what the child of TestBrokenAndMended runs.
func TestInsideMended(t *testing.T) {
	outside := os.Getenv(insideVariable)
	if outside == "" {
		return
	}
	for _, ns := range strings.Fields(namespaces(t)) {
		if strings.Contains(outside, ns) {
			t.Fatal("not in namespaces of its own: nothing is touched")
		}
	}
	privateRoot(t)
	p, err := pack.Default().LoadShipped("linux-server")
	if err != nil {
		t.Fatal(err)
	}
	mended := map[string]bool{}
	for _, m := range mends {
		t.Run(m.check, func(t *testing.T) {
			if tool := missingTool(m.needs); tool != "" {
				t.Skipf("NOT RUN: there is no %s", tool)
			}
			i := slices.IndexFunc(p.Checks, func(c pack.Check) bool { return c.ID == p.ID+"/"+m.check })
			if i < 0 {
				t.Fatal("there is no such check")
			}
			for _, step := range []struct {
				name, script string
				want         judge.Outcome
			}{{"as it should be", m.mend, judge.Pass}, {"broken", m.breaks, judge.Fail}, {"mended", m.mend, judge.Pass}} {
				shell(t, step.script)
				if got, why := judgeNow(t, &p.Checks[i]); got != step.want {
					t.Fatalf("%s: %s, want %s\n%s", step.name, got, step.want, why)
				}
			}
			mended[m.check] = true
		})
	}
	t.Logf("%d checks broken and mended", len(mended))
}

// judgeNow reads the sections that a check reads and judges it.
func judgeNow(t *testing.T, c *pack.Check) (judge.Outcome, string) {
	t.Helper()
	var sections []string
	for _, a := range c.Attributes {
		for _, r := range a.Compiled.Reads() {
			path, _ := facts.SplitPointer(r)
			sections = append(sections, path[0])
		}
	}
	slices.Sort(sections)
	ctx, cancel := context.WithTimeout(collect.Waited(t.Context()), time.Minute)
	defer cancel()
	list, err := collect.Inventory(ctx, collect.Root{}, slices.Compact(sections)...)
	if err != nil {
		t.Fatal(err)
	}
	item := judge.Item{Sections: map[string]*facts.Decoded{}}
	for _, s := range list {
		d, err := facts.Decode(s)
		if err != nil {
			t.Fatal(err)
		}
		item.Sections[s.Name] = &d
	}
	var outcomes []judge.Outcome
	var why []string
	for _, a := range c.Attributes {
		r := a.Compiled.Judge(item)
		outcomes = append(outcomes, r.Outcome)
		why = append(why, a.ID+" "+string(r.Outcome)+": "+r.Reason)
	}
	return judge.Worst(outcomes...), strings.Join(why, "\n")
}

func shell(t *testing.T, script string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "/bin/sh", "-ec", script).CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, out)
	}
}

func missingTool(names []string) string {
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			return name
		}
	}
	return ""
}

// privateRoot puts copies and empty directories in memory over everything that
// the list writes to, and stops the test when one of them is not in place.
func privateRoot(t *testing.T) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("NOT RUN: %v", err)
		}
	}
	must(syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	for _, dir := range []string{"/home", "/root", "/var/log", "/var/spool", "/srv", "/usr/local/sbin", "/run", "/dev/shm", "/var/tmp"} {
		if _, err := os.Stat(dir); err != nil {
			must(err)
		}
		mode := "mode=0755"
		if dir == "/dev/shm" || dir == "/var/tmp" {
			mode = "mode=1777"
		}
		must(syscall.Mount("tmpfs", dir, "tmpfs", 0, mode))
	}
	must(os.MkdirAll("/run/etc", 0o755))
	shell(t, "cp -a /etc/. /run/etc/")
	must(syscall.Mount("/run/etc", "/etc", "", syscall.MS_BIND, ""))
	must(syscall.Mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777"))
	for _, dir := range []string{"/etc", "/home", "/root", "/var/log", "/var/spool", "/srv", "/usr/local/sbin", "/run", "/dev/shm", "/var/tmp", "/tmp"} {
		var fs syscall.Statfs_t
		must(syscall.Statfs(dir, &fs))
		if fs.Type != 0x01021994 { // tmpfs
			t.Fatalf("%s is not in memory: nothing is touched", dir)
		}
	}
	shell(t, `
mkdir -p /run/sshd /var/spool/cron/crontabs /var/log/audit /var/log/journal
for u in $(awk -F: '$3 >= 1000 && $3 < 60000 {print $1}' /etc/passwd); do userdel -f "$u" 2>/dev/null || true; done
for u in $(awk -F: '$3 > 0 && $3 < 1000 && $7 !~ /(nologin|false|sync)$/ {print $1}' /etc/passwd); do usermod -s /usr/sbin/nologin "$u"; done
useradd -m -s /bin/bash ann
usermod -p "$(openssl passwd -6 tulip)" ann
chmod 700 /home/ann /root
mkdir -m 700 /home/ann/.ssh; chown ann: /home/ann/.ssh
ip link set lo up 2>/dev/null || true
`)
}
