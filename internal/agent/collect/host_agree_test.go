package collect

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/facts"

	"github.com/attesta/attesta/internal/agent/collect/units"
)

// These tests hold what the readers say about this very host against what its
// own tools say, fact by fact. A tool that is missing leaves its subtest NOT
// RUN; scripts/test installs them.

// tool runs a program of the host and gives its output.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := tryTool(t, name, args...)
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%s %v: %v: %s", name, args, err, exit.Stderr)
		}
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return out
}

func tryTool(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	p, ok := findTool(name)
	if !ok {
		t.Skipf("NOT RUN: %s is not installed", name)
	}
	cmd := exec.CommandContext(t.Context(), p, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "SYSTEMD_PAGER=")
	out, err := cmd.Output()
	return string(out), err
}

// onHost reads a section of this host and gives it decoded and, into to, as
// its Go type.
func onHost(t *testing.T, name string, to any) facts.Decoded {
	t.Helper()
	list, err := Inventory(t.Context(), Root{}, name)
	if err != nil {
		t.Fatal(err)
	}
	d, err := facts.Decode(list[0])
	if err != nil {
		t.Fatal(err)
	}
	if to != nil {
		if err := json.Unmarshal(list[0].Values, to); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// known skips a subtest whose fact this host does not give, with its reason.
func known(t *testing.T, d facts.Decoded, path string) any {
	t.Helper()
	v, ok := d.At(path)
	if !ok {
		m, _ := d.MissingAt(path)
		t.Skipf("NOT RUN: %s%s is missing: %s: %s", d.Name, path, m.State, m.Reason)
	}
	return v
}

// common are the sections that are read together; a walk over all files is not.
func common() []string {
	return slices.DeleteFunc(Sections(), func(s string) bool { return slices.Contains(Rare(), s) })
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs root")
	}
}

func TestHostOS(t *testing.T) {
	d := onHost(t, "os", nil)
	for path, args := range map[string][]string{"/kernel": {"-r"}, "/arch": {"-m"}, "/hostname": {"-n"}} {
		if want := strings.TrimSpace(tool(t, "uname", args...)); known(t, d, path) != want {
			t.Errorf("%s: %v, uname says %s", path, known(t, d, path), want)
		}
	}
	t.Run("boot time", func(t *testing.T) {
		out := strings.Fields(tool(t, "cat", "/proc/stat"))
		want, err := strconv.ParseInt(out[slices.Index(out, "btime")+1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := known(t, d, "/boot_time_us").(int64); got/1_000_000-want > 1 || want-got/1_000_000 > 1 { // the kernel may count it anew
			t.Errorf("boot time %d, /proc/stat says %d", got/1_000_000, want)
		}
	})
}

func TestHostPackages(t *testing.T) {
	var p facts.Packages
	d := onHost(t, "packages", &p)
	t.Run("dpkg-query -W", func(t *testing.T) {
		if !slices.Contains(p.Managers, "dpkg") {
			t.Skip("NOT RUN: no dpkg database on this host")
		}
		known(t, d, "/by_name")
		want := map[string]bool{}
		for line := range strings.Lines(tool(t, "dpkg-query", "-W", "-f", `${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n`)) {
			if state, rest, _ := strings.Cut(strings.TrimSpace(line), "\t"); state != "config-files" && state != "not-installed" {
				want[rest] = true
			}
		}
		for key, x := range p.ByName {
			line := strings.Join([]string{x.Name, x.Version, x.Arch, x.Source, x.SourceVersion}, "\t")
			if !want[line] {
				t.Errorf("%s: dpkg-query does not say %q", key, line)
			}
			delete(want, line)
		}
		for line := range want {
			t.Errorf("dpkg-query says %q and we do not", line)
		}
	})
}

func TestHostUsers(t *testing.T) {
	var u facts.Users
	d := onHost(t, "users", &u)
	lines := func(text string) (out [][]string) {
		for line := range strings.Lines(text) {
			out = append(out, strings.Split(strings.TrimSuffix(line, "\n"), ":"))
		}
		return out
	}
	t.Run("getent passwd", func(t *testing.T) {
		known(t, d, "/accounts")
		rows := lines(tool(t, "getent", "-s", "files", "passwd"))
		if len(rows) != len(u.Accounts) {
			t.Fatalf("%d accounts, getent says %d", len(u.Accounts), len(rows))
		}
		for i, a := range u.Accounts {
			got := []string{a.Name, rows[i][1], strconv.FormatInt(a.UID, 10), strconv.FormatInt(a.GID, 10), rows[i][4], a.Home, a.Shell}
			if !slices.Equal(got, rows[i]) || a.Shadowed != (rows[i][1] == "x") {
				t.Errorf("%v, getent says %v", got, rows[i])
			}
		}
	})
	t.Run("getent group", func(t *testing.T) {
		known(t, d, "/groups")
		rows := lines(tool(t, "getent", "-s", "files", "group"))
		if len(rows) != len(u.Groups) {
			t.Fatalf("%d groups, getent says %d", len(u.Groups), len(rows))
		}
		for i, g := range u.Groups {
			members := slices.DeleteFunc(strings.Split(rows[i][3], ","), func(s string) bool { return s == "" })
			slices.Sort(members)
			if g.Name != rows[i][0] || strconv.FormatInt(g.GID, 10) != rows[i][2] || !slices.Equal(g.Members, members) {
				t.Errorf("%+v, getent says %v", g, rows[i])
			}
		}
	})
	t.Run("getent shadow and passwd -S", func(t *testing.T) {
		needRoot(t)
		known(t, d, "/passwords")
		day := func(n int64) string {
			if n < 0 {
				return ""
			}
			return strconv.FormatInt(n, 10)
		}
		rows := lines(tool(t, "getent", "-s", "files", "shadow"))
		if len(rows) != len(u.Passwords) {
			t.Fatalf("%d passwords, getent says %d", len(u.Passwords), len(rows))
		}
		for i, p := range u.Passwords {
			got := []string{p.Name, day(p.LastChangeDay), day(p.MinDays), day(p.MaxDays), day(p.WarnDays), day(p.InactiveDays), day(p.ExpireDay)}
			if want := append([]string{rows[i][0]}, rows[i][2:8]...); !slices.Equal(got, want) {
				t.Errorf("%v, getent says %v", got, want)
			}
			// passwd -S: L locked or none, NP no password, P a usable one.
			status := strings.Fields(tool(t, "passwd", "-S", p.Name))[1]
			if want := map[string]string{"empty": "NP", "hashed": "P", "locked": "L", "none": "L"}[p.State]; want != status {
				t.Errorf("%s: %s, passwd -S says %s", p.Name, p.State, status)
			}
		}
	})
	t.Run("stat of homes", func(t *testing.T) {
		known(t, d, "/homes")
		for _, h := range u.Homes {
			if h.Exists == nil || !*h.Exists {
				continue
			}
			want := strings.Fields(tool(t, "stat", "-L", "-c", "%04a %u %g", h.Path))
			if got := []string{*h.ModeOctal, fmt.Sprint(*h.UID), fmt.Sprint(*h.GID)}; !slices.Equal(got, want) {
				t.Errorf("%s: %v, stat says %v", h.Path, got, want)
			}
		}
	})
	t.Run("sudo", func(t *testing.T) {
		_, there := findTool("sudo")
		if *u.Sudo.Installed != there {
			t.Errorf("installed %v, but found %v", *u.Sudo.Installed, there)
		}
		if !there {
			if m, said := d.MissingAt("/sudo/rules"); !said || m.State != facts.Absent {
				t.Errorf("rules: %+v, want absent", m)
			}
			return
		}
		needRoot(t)
		known(t, d, "/sudo/rules")
		// visudo says whether sudo itself takes the files that were taken here.
		tool(t, "visudo", "-c")
	})
}

func TestHostSSHD(t *testing.T) {
	if _, ok := findTool("sshd"); !ok {
		t.Skip("NOT RUN: openssh-server is not installed")
	}
	if os.Geteuid() == 0 { // what the service does when it starts
		if err := os.Mkdir("/run/sshd", 0o755); err == nil {
			t.Cleanup(func() { _ = os.Remove("/run/sshd") })
		}
	}
	d := onHost(t, "sshd", nil)
	t.Run("sshd -T", func(t *testing.T) {
		needRoot(t)
		effective := known(t, d, "/effective").(map[string]any)
		said := map[string][]string{}
		for line := range strings.Lines(tool(t, "sshd", "-T")) {
			word, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			said[word] = append(said[word], value)
		}
		for word, values := range said {
			got, ok := effective[word]
			if !ok {
				got, ok = d.At("/effective_other/" + word)
			}
			if !ok {
				t.Errorf("%s is not a fact", word)
				continue
			}
			// Back into the words that sshd prints.
			var flat []string
			switch got := got.(type) {
			case []any:
				for _, g := range got {
					flat = append(flat, fmt.Sprint(g))
				}
			default:
				flat = []string{fmt.Sprint(got)}
			}
			want := strings.FieldsFunc(strings.Join(values, " "), func(r rune) bool { return r == ' ' || r == ',' })
			have := strings.FieldsFunc(strings.Join(flat, " "), func(r rune) bool { return r == ' ' || r == ',' })
			if word == "permitrootlogin" && want[0] == "without-password" {
				want[0] = "prohibit-password"
			}
			if !slices.Equal(have, want) {
				t.Errorf("%s: %v, sshd -T says %v", word, have, want)
			}
		}
		for word := range effective {
			if _, printed := said[word]; !printed && !slices.Contains(sshdUnset, word) && !strings.HasPrefix(word, "maxstartups_") {
				t.Errorf("%s: %v, sshd -T says nothing", word, effective[word])
			}
		}
	})
	t.Run("what the files set is in force", func(t *testing.T) {
		// Unless sshd was told otherwise on a command line, which -T is not,
		// each single value of the files is an effective one.
		effective := known(t, d, "/effective").(map[string]any)
		file := known(t, d, "/file").(map[string]any)
		for word, s := range file {
			value := s.(map[string]any)["value"].(string)
			if got, ok := effective[word].(string); ok && !strings.EqualFold(got, value) && !(word == "permitrootlogin" && value == "without-password") {
				t.Errorf("%s: %s in force, the files say %s", word, got, value)
			}
		}
	})
	t.Run("stat of host keys", func(t *testing.T) {
		for _, k := range known(t, d, "/host_keys").([]any) {
			k := k.(map[string]any)
			want := strings.TrimSpace(tool(t, "stat", "-L", "-c", "%04a %u %g", k["path"].(string)))
			if got := fmt.Sprint(k["mode_octal"], " ", k["uid"], " ", k["gid"]); got != want {
				t.Errorf("%s: %s, stat says %s", k["path"], got, want)
			}
		}
	})
}

func TestHostSysctl(t *testing.T) {
	d := onHost(t, "sysctl", nil)
	t.Run("sysctl -n", func(t *testing.T) {
		running := known(t, d, "/running").(map[string]any)
		if len(running) == 0 {
			t.Fatal("no running setting was read")
		}
		for name, got := range running {
			if want := strings.Join(strings.Fields(tool(t, "sysctl", "-n", name)), " "); got != want {
				t.Errorf("%s: %v, sysctl says %s", name, got, want)
			}
		}
		def, _ := facts.Registry().Section("sysctl")
		for _, name := range def.Watch {
			if _, ok := running[name]; ok {
				continue
			}
			m, said := d.MissingAt("/running" + facts.JoinPointer(name))
			_, err := tryTool(t, "sysctl", "-n", name)
			if !said || err == nil {
				t.Errorf("%s is missing (%+v), sysctl: %v", name, m, err)
			}
		}
	})
	t.Run("systemd-sysctl's files", func(t *testing.T) {
		files, err := sysctlFiles(Root{})
		if err != nil {
			t.Fatal(err)
		}
		p, ok := findTool("systemd-analyze")
		if !ok {
			t.Skip("NOT RUN: systemd-analyze is not installed")
		}
		out, err := exec.CommandContext(t.Context(), p, "cat-config", "sysctl.d").Output()
		if err != nil {
			t.Skipf("NOT RUN: systemd-analyze cat-config: %v", err)
		}
		var want []string
		for line := range strings.Lines(string(out)) {
			if file, ok := strings.CutPrefix(strings.TrimSpace(line), "# /"); ok && strings.HasSuffix(file, ".conf") && strings.Contains(file, "sysctl.d/") {
				want = append(want, filepath.Base(file))
			}
		}
		for i, f := range files {
			files[i] = filepath.Base(f)
		}
		if !slices.Equal(files, want) {
			t.Errorf("files %v, systemd-analyze says %v", files, want)
		}
	})
}

func TestHostMounts(t *testing.T) {
	var m facts.Mounts
	d := onHost(t, "mounts", &m)
	type row struct {
		Target, Source, Fstype, Options string
		Children                        []row
	}
	find := func(t *testing.T, args ...string) (rows []row) {
		t.Helper()
		var top struct{ Filesystems []row }
		out, err := tryTool(t, "findmnt", append([]string{"-J", "--list", "-o", "TARGET,SOURCE,FSTYPE,OPTIONS"}, args...)...)
		if err != nil && out == "" {
			return nil // nothing found
		}
		if err := json.Unmarshal([]byte(out), &top); err != nil {
			t.Fatalf("findmnt: %v", err)
		}
		return top.Filesystems
	}
	options := func(s string) []string { return sortedSet(strings.Split(s, ",")) }
	t.Run("findmnt -J", func(t *testing.T) {
		known(t, d, "/running")
		top := map[string]row{} // the last one is on top
		for _, r := range find(t) {
			top[r.Target] = r
		}
		if len(top) != len(m.Running) {
			t.Errorf("%d mounts, findmnt says %d", len(m.Running), len(top))
		}
		for target, r := range top {
			got := m.Running[target]
			source, _, _ := strings.Cut(r.Source, "[") // findmnt adds the sub-directory of a bind mount
			if got.Source != source || got.Fstype != r.Fstype || !slices.Equal(got.Options, options(r.Options)) {
				t.Errorf("%s: %+v, findmnt says %+v", target, got, r)
			}
		}
	})
	t.Run("findmnt --fstab", func(t *testing.T) {
		known(t, d, "/persisted")
		rows := find(t, "--fstab")
		rows = slices.DeleteFunc(rows, func(r row) bool { return r.Target == "none" || r.Fstype == "swap" })
		if len(rows) != len(m.Persisted) {
			t.Errorf("%d lines, findmnt says %d", len(m.Persisted), len(rows))
		}
		for _, r := range rows {
			got := m.Persisted[r.Target]
			if got.Source != r.Source || got.Fstype != r.Fstype || !slices.Equal(got.Options, options(r.Options)) {
				t.Errorf("%s: %+v, findmnt says %+v", r.Target, got, r)
			}
		}
	})
	t.Run("findmnt -T", func(t *testing.T) {
		for p, dir := range m.Directories {
			if dir.Exists == nil || !*dir.Exists {
				continue
			}
			rows := find(t, "-T", p)
			r := rows[len(rows)-1]
			if *dir.Mount != r.Target || *dir.Fstype != r.Fstype || !slices.Equal(dir.Options, options(r.Options)) {
				t.Errorf("%s: %+v, findmnt says %+v", p, dir, r)
			}
		}
	})
}

func TestHostServices(t *testing.T) {
	var s facts.Services
	d := onHost(t, "services", &s)
	t.Run("systemctl is-enabled", func(t *testing.T) {
		if *s.Manager != "systemd" {
			t.Skipf("NOT RUN: the unit files here are those of %s", *s.Manager)
		}
		known(t, d, "/units")
		p, ok := findTool("systemctl")
		if !ok {
			t.Skip("NOT RUN: systemctl is not installed")
		}
		var names []string
		for name, u := range s.Units {
			// Generators and scripts are the running manager's to see; a link
			// that leads nowhere makes systemctl refuse them all.
			if _, err := os.Stat(u.File); errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if !strings.HasPrefix(u.File, "/etc/init.d/") && !strings.HasPrefix(u.File, "/run/") {
				names = append(names, name)
			}
		}
		for name, want := range isEnabled(t, p, "/", names) {
			if s.Units[name].Enabled != want {
				t.Errorf("%s: %s, systemctl says %s", name, s.Units[name].Enabled, want)
			}
		}
		out, err := exec.CommandContext(t.Context(), p, "--root=/", "list-unit-files", "--no-legend", "--no-pager").Output()
		if err != nil {
			t.Skipf("NOT RUN: systemctl list-unit-files: %v", err)
		}
		for line := range strings.Lines(string(out)) {
			f := strings.Fields(line)
			if !slices.Contains(units.Types, filepath.Ext(f[0])) {
				continue
			}
			if u, ok := s.Units[f[0]]; !ok || u.Enabled != f[1] {
				t.Errorf("%s: %q, systemctl lists it as %s", f[0], u.Enabled, f[1])
			}
		}
		t.Logf("%d units compared", len(names))
	})
	t.Run("running", func(t *testing.T) {
		if serviceManager(Root{}) == "none" {
			if m, said := d.MissingAt("/running"); !said || m.State != facts.NotObserved || m.Reason != "no service manager runs on this host" {
				t.Errorf("%+v, want not observed", m)
			}
			return
		}
		known(t, d, "/running")
		if *s.Manager != "systemd" {
			t.Skipf("NOT RUN: the manager is %s", *s.Manager)
		}
		for name, u := range s.Running {
			if out, _ := tryTool(t, "systemctl", "is-active", name); strings.TrimSpace(out) != u.Active {
				t.Errorf("%s: %s, systemctl says %s", name, u.Active, out)
			}
		}
	})
}

// isEnabled asks systemctl about many units at once; --root keeps it to the
// files: no manager, no scripts.
func isEnabled(t *testing.T, program, root string, names []string) map[string]string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, append([]string{"--root=" + root, "is-enabled"}, names...)...)
	cmd.Stderr = &stderr
	out, _ := cmd.Output() // fails when the last one is not enabled
	states := strings.Fields(string(out))
	if len(states) != len(names) || len(names) == 0 {
		t.Fatalf("systemctl gives %d states of %d units: %s", len(states), len(names), stderr.String())
	}
	all := map[string]string{}
	for i, name := range names {
		all[name] = states[i]
	}
	return all
}

func TestHostFiles(t *testing.T) {
	var f facts.Files
	d := onHost(t, "files", &f)
	compared := 0
	for p, file := range f {
		if file.Exists == nil {
			continue
		}
		out, err := tryTool(t, "stat", "-L", "-c", "%04a %u %g %U %G", p)
		if *file.Exists != (err == nil) {
			t.Errorf("%s: exists %v, stat: %v", p, *file.Exists, err)
			continue
		}
		if err != nil {
			if m, _ := d.MissingAt(facts.JoinPointer(p) + "/mode"); m.State != facts.Absent {
				t.Errorf("%s: %+v, want absent", p, m)
			}
			continue
		}
		name := func(s string) string {
			if s == "" {
				return "UNKNOWN"
			}
			return s
		}
		got := fmt.Sprint(*file.ModeOctal, *file.UID, " ", *file.GID, " ", name(*file.Owner), " ", name(*file.Group))
		if want := strings.Replace(strings.TrimSpace(out), " ", "", 1); got != want {
			t.Errorf("%s: %s, stat says %s", p, got, want)
		}
		kind := strings.TrimSpace(tool(t, "stat", "-L", "-c", "%F", p))
		if want := map[string]string{"regular file": "file", "regular empty file": "file", "directory": "directory"}[kind]; want != *file.Type {
			t.Errorf("%s: %s, stat says %s", p, *file.Type, kind)
		}
		link, _ := tryTool(t, "readlink", p)
		if strings.TrimSpace(link) != *file.Symlink {
			t.Errorf("%s: leads to %q, readlink says %q", p, *file.Symlink, link)
		}
		if *file.Type == "file" {
			want := strings.Fields(tool(t, "stat", "-L", "-c", "%s %Y", p))
			if fmt.Sprint(*file.Size) != want[0] || fmt.Sprint(*file.MtimeUS/1_000_000) != want[1] {
				t.Errorf("%s: %d bytes at %d µs, stat says %v", p, *file.Size, *file.MtimeUS, want)
			}
		}
		compared++
	}
	if compared < 10 {
		t.Errorf("only %d files were compared", compared)
	}
}

func TestHostPorts(t *testing.T) {
	// Something of our own listens, so that there is an answer to find.
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	var p facts.Ports
	d := onHost(t, "ports", &p)
	known(t, d, "/listening")

	t.Run("our own sockets", func(t *testing.T) {
		comm, err := os.ReadFile("/proc/self/comm")
		if err != nil {
			t.Fatal(err)
		}
		for proto, port := range map[string]int{"tcp": tcp.Addr().(*net.TCPAddr).Port, "udp": udp.LocalAddr().(*net.UDPAddr).Port} {
			i := slices.IndexFunc(p.Listening, func(s facts.Socket) bool { return s.Proto == proto && s.Port == int64(port) })
			if i < 0 {
				t.Errorf("%s %d is not listed", proto, port)
				continue
			}
			s := p.Listening[i]
			if s.Address != "127.0.0.1" || !s.Loopback || s.UID != int64(os.Getuid()) || s.Process == nil || *s.Process != strings.TrimSpace(string(comm)) {
				t.Errorf("%+v", s)
			}
		}
	})
	t.Run("ss -lntu", func(t *testing.T) {
		want := map[string]bool{}
		scan := bufio.NewScanner(strings.NewReader(tool(t, "ss", "-H", "-lntu")))
		for scan.Scan() {
			f := strings.Fields(scan.Text())
			i := strings.LastIndexByte(f[4], ':')
			address, port := strings.Trim(f[4][:i], "[]"), f[4][i+1:]
			address, _, _ = strings.Cut(address, "%")
			if address == "*" {
				address = "::"
			}
			proto := f[0]
			if strings.Contains(address, ":") {
				proto += "6"
			}
			want[proto+" "+address+" "+port] = true
		}
		got := map[string]bool{}
		for _, s := range p.Listening {
			got[fmt.Sprint(s.Proto, " ", s.Address, " ", s.Port)] = true
		}
		for k := range want {
			if !got[k] {
				t.Errorf("ss says %s and we do not", k)
			}
		}
		for k := range got {
			if !want[k] {
				t.Errorf("%s: ss does not say so", k)
			}
		}
	})
}

func TestHostClock(t *testing.T) {
	var c facts.Clock
	d := onHost(t, "clock", &c)
	t.Run("time zone", func(t *testing.T) {
		out, err := tryTool(t, "readlink", "/etc/localtime")
		if err == nil && !strings.HasSuffix(strings.TrimSpace(out), "/zoneinfo/"+*c.Timezone) {
			t.Errorf("zone %s, /etc/localtime leads to %s", *c.Timezone, out)
		}
	})
	t.Run("source by ps", func(t *testing.T) {
		known(t, d, "/source")
		running := strings.Fields(tool(t, "ps", "-e", "-o", "comm="))
		want := map[string][]string{"chrony": {"chronyd"}, "timesyncd": {"systemd-timesyn"}, "ntpd": {"ntpd"}, "ntpsec": {"ntpd"}, "openntpd": {"ntpd"}, "busybox": {"ntpd"}}[*c.Source]
		for _, name := range []string{"chronyd", "systemd-timesyn", "ntpd"} {
			if slices.Contains(running, name) && want == nil {
				t.Errorf("source %s, but ps shows %s", *c.Source, name)
			}
		}
		if want != nil && !slices.Contains(running, want[0]) {
			t.Errorf("source %s, but ps does not show %s", *c.Source, want[0])
		}
	})
	t.Run("timedatectl", func(t *testing.T) {
		known(t, d, "/synchronised")
		out, err := tryTool(t, "timedatectl", "show", "-p", "NTPSynchronized", "-p", "Timezone")
		if err != nil {
			if serviceManager(Root{}) == "systemd" {
				t.Errorf("timedatectl: %v", err)
			}
			return // timedatectl answers only where systemd runs
		}
		want := map[string]string{"yes": "true", "no": "false"}
		for line := range strings.Lines(out) {
			switch key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key {
			case "NTPSynchronized":
				if fmt.Sprint(*c.Synchronised) != want[value] {
					t.Errorf("synchronised %v, timedatectl says %s", *c.Synchronised, value)
				}
			case "Timezone":
				if *c.Timezone != value {
					t.Errorf("zone %s, timedatectl says %s", *c.Timezone, value)
				}
			}
		}
	})
	t.Run("chronyc", func(t *testing.T) {
		if *c.Source != "chrony" {
			return // nothing to ask
		}
		known(t, d, "/offset_us")
		out := tool(t, "chronyc", "-n", "tracking")
		us, err := parseTracking(out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := us - *c.OffsetUS; diff > 50_000 || diff < -50_000 {
			t.Errorf("offset %d µs, chronyc says %d", *c.OffsetUS, us)
		}
	})
}

// TestHostSecretsStay holds the promise that no hash leaves the host.
func TestHostSecretsStay(t *testing.T) {
	needRoot(t)
	shadow, err := os.ReadFile("/etc/shadow")
	if err != nil {
		t.Skipf("NOT RUN: %v", err)
	}
	list, err := Inventory(context.Background(), Root{}, common()...)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(shadow) {
		hash := bytes.Split(line, []byte(":"))[1]
		if len(hash) < 13 {
			continue
		}
		for _, s := range list {
			if bytes.Contains(s.Values, hash) {
				t.Errorf("section %s holds a password hash", s.Name)
			}
		}
	}
}
