package collect

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"
)

// What a quiet host does not have (keys, certificates, rules) is made in a tree
// by the very tools that are asked about it afterwards.

// inTree writes files below a new root.
func inTree(t *testing.T, files map[string]string) Root {
	t.Helper()
	root := Root{Dir: t.TempDir()}
	for name, text := range files {
		p := filepath.Join(root.Dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// ofTree reads a section of a tree.
func ofTree(t *testing.T, root Root, name string, to any) facts.Decoded {
	t.Helper()
	list, err := Inventory(Waited(t.Context()), root, name)
	if err != nil {
		t.Fatal(err)
	}
	d, err := facts.Decode(list[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(list[0].Values, to); err != nil {
		t.Fatal(err)
	}
	return d
}

func sorted(list []string) []string { slices.Sort(list); return list }

// nonEmpty gives the lines of what a tool printed.
func nonEmpty(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n"), func(s string) bool { return strings.TrimSpace(s) == "" })
}

func TestHostProcesses(t *testing.T) {
	needRoot(t)
	var p facts.Processes
	asked := time.Now()
	d := onHost(t, "processes", &p)
	known(t, d, "/executables")
	type row struct {
		pid, uid, exe string
		age           int
	}
	var rows []row
	for _, line := range nonEmpty(tool(t, "ps", "-e", "-o", "pid=,euid=,etimes=")) {
		f := strings.Fields(line)
		age, err := strconv.Atoi(f[2])
		if err != nil {
			t.Fatal(err)
		}
		if exe, err := os.Readlink("/proc/" + f[0] + "/exe"); err == nil { // threads of the kernel have none
			rows = append(rows, row{f[0], f[1], exe, age})
		}
	}
	key := func(path string, deleted bool, uid string) string {
		if deleted {
			path += " (deleted)"
		}
		return path + " " + uid
	}
	said := map[string]facts.Executable{}
	for _, x := range p.Executables {
		if x.Path != nil {
			said[key(*x.Path, *x.Deleted, fmt.Sprint(x.UID))] = x
		}
	}
	least := 62 + int(time.Since(asked).Seconds()) // younger than a minute are left out, and ps was asked a while after
	compared, old := 0, 0
	for _, r := range rows {
		x, ok := said[r.exe+" "+r.uid]
		if r.age < least {
			continue
		}
		old++
		if !ok {
			t.Errorf("ps says %s runs as %s for %d s and we do not", r.exe, r.uid, r.age)
			continue
		}
		if x.Sha256 == nil || compared == 20 {
			continue
		}
		// One path may be two files in two mount namespaces: one of the digests is it.
		out, err := tryTool(t, "sha256sum", "/proc/"+r.pid+"/exe")
		if err != nil {
			continue // ended meanwhile
		}
		want := strings.Fields(out)[0]
		if !slices.ContainsFunc(p.Executables, func(e facts.Executable) bool {
			return e.Path != nil && key(*e.Path, *e.Deleted, fmt.Sprint(e.UID)) == r.exe+" "+r.uid && e.Sha256 != nil && *e.Sha256 == want
		}) {
			t.Errorf("%s: %s, sha256sum says %s", r.exe, *x.Sha256, want)
		}
		compared++
	}
	if old == 0 {
		t.Skip("NOT RUN: no program runs here for longer than a minute")
	}
	if compared == 0 {
		t.Errorf("no digest was compared, of %d processes; missing: %v", old, d.Missing)
	}
	t.Logf("%d programs, %d processes old enough, %d digests compared", len(said), old, compared)
}

func TestHostModules(t *testing.T) {
	var k facts.KernelModules
	d := onHost(t, "kernel_modules", &k)
	t.Run("lsmod", func(t *testing.T) {
		known(t, d, "/loaded")
		want := map[string]string{}
		for _, line := range nonEmpty(tool(t, "lsmod"))[1:] {
			f := strings.Fields(line)
			by := []string{}
			if len(f) > 3 {
				by = sorted(strings.Split(f[3], ","))
			}
			want[f[0]] = f[1] + " " + strings.Join(by, ",")
		}
		if len(want) != len(k.Loaded) {
			t.Errorf("%d modules, lsmod says %d", len(k.Loaded), len(want))
		}
		for name, m := range k.Loaded {
			if got := fmt.Sprint(m.Size, " ", strings.Join(m.UsedBy, ",")); got != want[name] {
				t.Errorf("%s: %s, lsmod says %s", name, got, want[name])
			}
		}
	})
	// modprobe -c prints what it made of its files, one rule per line.
	modprobe := func(t *testing.T, rules []facts.ModprobeRule, args ...string) {
		t.Helper()
		want := []string{}
		for _, line := range nonEmpty(tool(t, "modprobe", append(args, "-c")...)) {
			if f := strings.Fields(line); f[0] == "blacklist" || f[0] == "install" {
				want = append(want, strings.Join(f[:min(len(f), 3)], " "))
			}
		}
		got := []string{}
		for _, r := range rules {
			got = append(got, strings.TrimSpace(r.Kind+" "+strings.ReplaceAll(r.Module, "-", "_")+" "+r.Command))
		}
		if !slices.Equal(sorted(got), sorted(want)) {
			t.Errorf("rules %q, modprobe -c says %q", got, want)
		}
	}
	t.Run("modprobe -c", func(t *testing.T) {
		known(t, d, "/rules")
		modprobe(t, k.Rules)
	})
	t.Run("modprobe -c of a tree", func(t *testing.T) {
		root := inTree(t, map[string]string{
			"etc/modprobe.d/10-a.conf": "# no\nblacklist usb-storage\ninstall cramfs /bin/false\noptions x y=1\n",
			"etc/modprobe.d/20-b.conf": "install dccp \\\n /bin/true --all\nalias a b\n  blacklist  firewire_core # why\n",
			"etc/modprobe.d/c.txt":     "blacklist nothing\n",
		})
		var k facts.KernelModules
		known(t, ofTree(t, root, "kernel_modules", &k), "/rules")
		if len(k.Rules) != 4 {
			t.Errorf("rules %+v", k.Rules)
		}
		modprobe(t, k.Rules, "-C", filepath.Join(root.Dir, "etc/modprobe.d"))
	})
}

func TestHostLogging(t *testing.T) {
	// What cat-config prints, the last word of a setting of [Journal] counts.
	journal := func(t *testing.T, args ...string) map[string]string {
		t.Helper()
		p, ok := findTool("systemd-analyze")
		if !ok {
			t.Skip("NOT RUN: systemd-analyze is not installed")
		}
		out, err := exec.CommandContext(t.Context(), p, append(args, "cat-config", "systemd/journald.conf")...).Output()
		if err != nil {
			t.Skipf("NOT RUN: systemd-analyze cat-config: %v", err)
		}
		all, in := map[string]string{}, ""
		for _, line := range nonEmpty(string(out)) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "[") {
				in = line
			} else if name, value, ok := strings.Cut(line, "="); ok && line[0] != '#' && line[0] != ';' && in == "[Journal]" {
				if all[name] = value; value == "" {
					delete(all, name)
				}
			}
		}
		return all
	}
	same := func(t *testing.T, l facts.Logging, want map[string]string) {
		t.Helper()
		got := map[string]string{}
		for name, s := range l.Journald.Settings {
			got[name] = s.Value
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("settings %v, systemd-analyze says %v", got, want)
		}
	}
	var l facts.Logging
	d := onHost(t, "logging", &l)
	t.Run("systemd-analyze cat-config", func(t *testing.T) {
		known(t, d, "/journald/settings")
		same(t, l, journal(t))
	})
	t.Run("systemd-analyze cat-config of a tree", func(t *testing.T) {
		root := inTree(t, map[string]string{
			"usr/lib/systemd/systemd-journald":               "",
			"etc/systemd/journald.conf":                      "[Journal]\n#Storage=auto\nStorage=volatile\nCompress=no\nSystemMaxUse=1G\n[Other]\nX=1\n",
			"usr/lib/systemd/journald.conf.d/10-a.conf":      "[Journal]\nStorage=none\nForwardToSyslog=yes\n",
			"etc/systemd/journald.conf.d/10-a.conf":          "[Journal]\nForwardToSyslog=no\n",
			"usr/lib/systemd/journald.conf.d/20-b.conf":      "[Journal]\nStorage=persistent\nSystemMaxUse=\n",
			"etc/systemd/journald.conf.d/15-no.conf.disable": "[Journal]\nStorage=none\n",
		})
		var l facts.Logging
		known(t, ofTree(t, root, "logging", &l), "/journald/settings")
		same(t, l, journal(t, "--root="+root.Dir))
		if len(l.Journald.Settings) != 3 {
			t.Errorf("settings %+v", l.Journald.Settings)
		}
	})
	t.Run("find /var/log", func(t *testing.T) {
		known(t, d, "/wide_files")
		if *l.WideFilesTruncated {
			t.Skip("NOT RUN: the list was cut")
		}
		want := []string{}
		for _, p := range nonEmpty(tool(t, "find", "/var/log", "-maxdepth", "4", "-type", "f", "-perm", "/026")) {
			if base, _, _ := strings.Cut(filepath.Base(p), "."); !slices.Contains([]string{"wtmp", "btmp", "lastlog", "utmp"}, base) {
				want = append(want, p)
			}
		}
		got := []string{}
		for _, f := range l.WideFiles {
			got = append(got, f.Path)
		}
		if !slices.Equal(got, sorted(want)) {
			t.Errorf("%q, find says %q", got, want)
		}
	})
}

func TestHostUpdates(t *testing.T) {
	agree := func(t *testing.T, u facts.Updates, env ...string) {
		t.Helper()
		p, ok := findTool("apt-config")
		if !ok {
			t.Skip("NOT RUN: apt-config is not installed")
		}
		cmd := exec.CommandContext(t.Context(), p, "dump")
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		said := map[string][]string{}
		for _, line := range nonEmpty(string(out)) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, ";"), " ")
			name = strings.ToLower(strings.TrimSuffix(name, "::"))
			if value = strings.Trim(value, `"`); value != "" {
				said[name] = append(said[name], value)
			}
		}
		for name, s := range u.Settings {
			if want := strings.Join(said[strings.ToLower(name)], " "); s.Value != want {
				t.Errorf("%s: %q, apt-config says %q", name, s.Value, want)
			}
		}
		for name := range said {
			if !strings.HasPrefix(name, "apt::periodic::") && !strings.HasPrefix(name, "unattended-upgrade::") {
				continue // others have defaults in the program
			}
			known := false
			for ours := range u.Settings {
				known = known || strings.EqualFold(ours, name)
			}
			if !known {
				t.Errorf("apt-config says %s %q and we do not", name, said[name])
			}
		}
	}
	t.Run("apt-config dump", func(t *testing.T) {
		var u facts.Updates
		d := onHost(t, "updates", &u)
		known(t, d, "/settings")
		if *u.Manager != "apt" {
			t.Skipf("NOT RUN: the manager is %s", *u.Manager)
		}
		agree(t, u)
	})
	t.Run("apt-config dump of a tree", func(t *testing.T) {
		root := inTree(t, map[string]string{
			"usr/bin/apt-get":                    "",
			"etc/apt/apt.conf.d/20auto-upgrades": "APT::Periodic::Update-Package-Lists \"1\";\nAPT::Periodic::Unattended-Upgrade \"0\";\n",
			"etc/apt/apt.conf.d/50unattended-upgrades": "// comment\nUnattended-Upgrade::Origins-Pattern {\n\t\"origin=Debian,label=Debian-Security\"; /* one\n more */\n" +
				"\t\"origin=Debian,label=Debian\";\n};\nunattended-upgrade::automatic-reboot \"false\"; # end\nUnattended-Upgrade { Mail \"root\"; Nested { Deep \"x y\"; }; };\n",
			"etc/apt/apt.conf.d/60more":        "Unattended-Upgrade::Origins-Pattern:: \"site=example.org\";\nAPT { Periodic { Unattended-Upgrade \"1\"; }; };\n",
			"etc/apt/apt.conf.d/70no.disabled": "APT::Periodic::Unattended-Upgrade \"7\";\n",
			"etc/apt/apt.conf":                 "APT::Periodic::Verbose \"2\";\n",
			"etc/apt/apt.conf.d/80last.conf":   "Unattended-Upgrade::Mail \"ops\";\n",
			"etc/apt/sources.list.d/a.sources": "",
			"somewhere/else":                   "",
		})
		var u facts.Updates
		known(t, ofTree(t, root, "updates", &u), "/settings")
		if len(u.Settings) < 7 {
			t.Errorf("settings %+v", u.Settings)
		}
		first := filepath.Join(root.Dir, "first.conf")
		if err := os.WriteFile(first, []byte(fmt.Sprintf("Dir::Etc %q;\n", filepath.Join(root.Dir, "etc/apt")+"/")), 0o644); err != nil {
			t.Fatal(err)
		}
		agree(t, u, "APT_CONFIG="+first)
	})
}

func TestHostSpecialFiles(t *testing.T) {
	find := func(t *testing.T, dir string, args ...string) []string {
		t.Helper()
		// Files that go while it looks make find fail; what it printed counts.
		out, _ := tryTool(t, "find", append([]string{dir, "-xdev"}, args...)...)
		return sorted(nonEmpty(out))
	}
	paths := func(dir string, list []facts.SpecialFile) []string {
		out := []string{}
		for _, f := range list {
			out = append(out, filepath.Join(dir, f.Path))
		}
		return sorted(out)
	}
	suid := []string{"-type", "f", "-perm", "/6000"}
	t.Run("find of a tree", func(t *testing.T) {
		needRoot(t) // to give files away
		root := inTree(t, map[string]string{"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/group": "root:x:0:\n",
			"a/suid": "", "a/sgid": "", "a/both": "", "a/wide": "", "b/owned": "", "b/grouped": "", "c/dir/x": "", "c/sticky/x": "", "a/plain": "", "a/group": ""})
		for name, mode := range map[string]uint32{"a/suid": 0o4755, "a/sgid": 0o2755, "a/both": 0o6711, "a/wide": 0o602, "a/group": 0o664, "c/dir": 0o777, "c/sticky": 0o1777} {
			tool(t, "chmod", fmt.Sprintf("%o", mode), filepath.Join(root.Dir, name))
		}
		tool(t, "chown", "54321:0", filepath.Join(root.Dir, "b/owned"))
		tool(t, "chown", "0:54321", filepath.Join(root.Dir, "b/grouped"))
		if err := os.Symlink("suid", filepath.Join(root.Dir, "a/link")); err != nil {
			t.Fatal(err)
		}
		var s facts.SpecialFiles
		known(t, ofTree(t, root, "special_files", &s), "/suid")
		for _, c := range []struct {
			what string
			got  []facts.SpecialFile
			n    int
			args []string
		}{
			{"raised rights", s.Suid, 3, suid},
			{"files for everybody", s.WritableFiles, 1, []string{"-type", "f", "-perm", "-0002"}},
			{"directories for everybody", s.WritableDirs, 1, []string{"-type", "d", "-perm", "-0002", "!", "-perm", "-1000"}},
			{"without owner or group", s.Unowned, 2, []string{"(", "-nouser", "-o", "-nogroup", ")"}},
		} {
			if got, want := paths(root.Dir, c.got), find(t, root.Dir, c.args...); !slices.Equal(got, want) || len(got) != c.n {
				t.Errorf("%s: %q, find says %q", c.what, got, want)
			}
		}
	})
	t.Run("find of this host", func(t *testing.T) {
		needRoot(t)
		if testing.Short() {
			t.Skip("NOT RUN: walks over all files")
		}
		var s facts.SpecialFiles
		d := ofTree(t, Root{}, "special_files", &s)
		known(t, d, "/suid")
		if len(s.Suid) != int(*s.SuidCount) {
			t.Skip("NOT RUN: the list was cut")
		}
		// nosuid mounts have no such files; the layers of containers are left out.
		got := paths("/", s.Suid)
		for _, p := range find(t, "/", suid...) {
			skipped := slices.ContainsFunc([]string{"/var/lib/docker/", "/var/lib/containers/", "/var/lib/containerd/", "/var/lib/lxc/", "/var/lib/lxd/",
				"/var/lib/kubelet/", "/var/lib/rancher/", "/var/lib/machines/", "/snap/", "/tmp/"}, func(dir string) bool { return strings.HasPrefix(p, dir) })
			if !skipped && !slices.Contains(got, p) {
				t.Errorf("find says %s and we do not", p)
			}
		}
		for _, f := range s.Suid {
			if strings.HasPrefix(f.Path, "/tmp/") {
				continue // of other tests, which come and go
			}
			if want := strings.TrimSpace(tool(t, "stat", "-c", "%04a %u %g", f.Path)); fmt.Sprint(f.ModeOctal, " ", f.UID, " ", f.GID) != want {
				t.Errorf("%+v, stat says %s", f, want)
			}
		}
	})
}

func TestHostBoot(t *testing.T) {
	var b facts.Boot
	d := onHost(t, "boot", &b)
	t.Run("cat /proc/cmdline", func(t *testing.T) {
		known(t, d, "/cmdline")
		want := strings.Fields(tool(t, "cat", "/proc/cmdline"))
		got := strings.Fields(strings.Join(b.Cmdline, " "))
		if len(got) != len(want) {
			t.Fatalf("%q, the kernel says %q", got, want)
		}
		for i, word := range got {
			if name, hidden := strings.CutSuffix(word, "=…"); word != want[i] && !(hidden && strings.HasPrefix(want[i], name+"=")) {
				t.Errorf("%q, the kernel says %q", word, want[i])
			}
		}
	})
	t.Run("stat of GRUB's file", func(t *testing.T) {
		file := known(t, d, "/grub/config").(string)
		if want := strings.TrimSpace(tool(t, "stat", "-L", "-c", "%04a %u %g", file)); fmt.Sprint(*b.Grub.ModeOctal, " ", *b.Grub.UID, " ", *b.Grub.GID) != want {
			t.Errorf("%+v, stat says %s", b.Grub, want)
		}
	})
	t.Run("stat of a tree", func(t *testing.T) {
		root := inTree(t, map[string]string{"boot/grub/grub.cfg": "set superusers=\"root\"\npassword_pbkdf2 root grub.pbkdf2.sha512.10000.AA.BB\n"})
		file := filepath.Join(root.Dir, "boot/grub/grub.cfg")
		for _, mode := range []string{"0400", "0644", "0600"} {
			tool(t, "chmod", mode, file)
			var b facts.Boot
			ofTree(t, root, "boot", &b)
			if want := strings.TrimSpace(tool(t, "stat", "-c", "%04a %u %g", file)); b.Grub == nil || fmt.Sprint(*b.Grub.ModeOctal, " ", *b.Grub.UID, " ", *b.Grub.GID) != want {
				t.Errorf("%+v, stat says %s", b.Grub, want)
			}
		}
	})
	t.Run("firmware", func(t *testing.T) {
		known(t, d, "/firmware")
		_, err := tryTool(t, "stat", "/sys/firmware/efi")
		if (*b.Firmware == "uefi") != (err == nil) {
			t.Errorf("firmware %s, stat of /sys/firmware/efi: %v", *b.Firmware, err)
		}
	})
}

func TestHostMac(t *testing.T) {
	var m facts.Mac
	d := onHost(t, "mac", &m)
	t.Run("the kernel's list", func(t *testing.T) {
		known(t, d, "/modules")
		if want := strings.TrimSpace(tool(t, "cat", "/sys/kernel/security/lsm")); strings.Join(m.Modules, ",") != want {
			t.Errorf("%v, the kernel says %s", m.Modules, want)
		}
	})
	t.Run("aa-status", func(t *testing.T) {
		needRoot(t)
		known(t, d, "/apparmor/enforce")
		var said struct{ Profiles map[string]string }
		if err := json.Unmarshal([]byte(tool(t, "aa-status", "--json")), &said); err != nil {
			t.Fatal(err)
		}
		enforce, complain := int64(0), []string{}
		for name, mode := range said.Profiles {
			switch mode {
			case "enforce", "kill", "prompt":
				enforce++
			case "complain":
				complain = append(complain, name)
			}
		}
		if *m.Apparmor.Enforce != enforce || !slices.Equal(m.Apparmor.Complain, sorted(complain)) {
			t.Errorf("%d enforced, %v complain; aa-status says %d, %v", *m.Apparmor.Enforce, m.Apparmor.Complain, enforce, complain)
		}
	})
	t.Run("getenforce", func(t *testing.T) {
		known(t, d, "/selinux/mode")
		if want := strings.ToLower(strings.TrimSpace(tool(t, "getenforce"))); *m.Selinux.Mode != want {
			t.Errorf("%s, getenforce says %s", *m.Selinux.Mode, want)
		}
	})
}

func TestHostAudit(t *testing.T) {
	needRoot(t)
	var a facts.Audit
	d := onHost(t, "audit", &a)
	known(t, d, "/persisted")
	// augenrules joins the files; --check tells whether the joined one is new.
	if out := tool(t, "augenrules", "--check"); !strings.Contains(out, "No change") {
		t.Skipf("NOT RUN: augenrules has not joined the files yet: %s", strings.TrimSpace(out))
	}
	joined, err := os.ReadFile("/etc/audit/audit.rules")
	if err != nil {
		t.Skipf("NOT RUN: %v", err)
	}
	root := inTree(t, map[string]string{"usr/sbin/auditd": "", "etc/audit/audit.rules": string(joined)})
	var one facts.Audit
	known(t, ofTree(t, root, "audit", &one), "/persisted")
	flat := func(list []facts.AuditRule) (out []string) {
		for _, r := range list {
			r.File, r.Line = "", 0
			if r.Path == "" { // whether it is a directory only the host itself knows
				r.Path, r.Dir = r.Dir, ""
			}
			out = append(out, fmt.Sprintf("%+v", r))
		}
		return out
	}
	if got, want := flat(a.Persisted), flat(one.Persisted); !slices.Equal(got, want) {
		t.Errorf("%q, augenrules says %q", got, want)
	}
}

func TestHostCron(t *testing.T) {
	var c facts.Cron
	d := onHost(t, "cron", &c)
	known(t, d, "/jobs")
	for _, period := range []string{"hourly", "daily", "weekly", "monthly"} {
		t.Run("run-parts "+period, func(t *testing.T) {
			if _, err := os.Stat("/etc/cron." + period); err != nil {
				t.Skipf("NOT RUN: %v", err)
			}
			got := []string{}
			for _, j := range c.Jobs {
				if j.Kind == period && strings.HasPrefix(j.File, "/etc/cron.") {
					got = append(got, j.File)
				}
			}
			if want := nonEmpty(tool(t, "run-parts", "--test", "/etc/cron."+period)); !slices.Equal(got, sorted(want)) {
				t.Errorf("%q, run-parts says %q", got, want)
			}
		})
	}
}
