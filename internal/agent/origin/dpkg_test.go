package origin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/wire"
)

// host is a directory into which the real dpkg installs.
type host struct {
	t    testing.TB
	dir  string
	debs string
	d    *Describer
}

func need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("NOT RUN: %s is not installed", p)
		}
	}
}

func put(t testing.TB, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func must(t testing.TB, argv ...string) string {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", argv, err, out)
	}
	return string(out)
}

func newHost(t testing.TB) *host {
	t.Helper()
	need(t, "dpkg", "dpkg-deb")
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: dpkg installs into a directory as root only")
	}
	h := &host{t: t, dir: filepath.Join(t.TempDir(), "root"), debs: t.TempDir()}
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log/apt", "etc", "usr/bin", "tmp"} {
		if err := os.MkdirAll(filepath.Join(h.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("usr/bin", h.dir+"/bin"); err != nil {
		t.Fatal(err)
	}
	put(t, h.dir+"/var/lib/dpkg/status", "", 0o644)
	h.d = New(Config{Root: tree.Root{Dir: h.dir}})
	return h
}

// build makes a package of files by path, and gives its file.
func (h *host) build(name, version, fields string, files map[string]string) string {
	h.t.Helper()
	dir := filepath.Join(h.debs, name+"-"+version)
	control := fmt.Sprintf("Package: %s\nVersion: %s\nMaintainer: A <a@example.org>\nDescription: x\n%s", name, version, fields)
	if !strings.Contains(fields, "Architecture:") {
		control += "Architecture: all\n"
	}
	put(h.t, dir+"/DEBIAN/control", control, 0o644)
	var sums, confs string
	for path, text := range files {
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(path, "DEBIAN/") && path != "DEBIAN/triggers" {
			mode = 0o755
		}
		put(h.t, dir+"/"+path, text, mode)
		switch {
		case strings.HasPrefix(path, "etc/"):
			confs += "/" + path + "\n"
		case !strings.HasPrefix(path, "DEBIAN/"):
			sums += must(h.t, "sh", "-c", "cd '"+dir+"' && md5sum '"+path+"'")
		}
	}
	put(h.t, dir+"/DEBIAN/md5sums", sums, 0o644)
	if confs != "" {
		put(h.t, dir+"/DEBIAN/conffiles", confs, 0o644)
	}
	deb := fmt.Sprintf("%s/%s_%s_all.deb", h.debs, name, version)
	must(h.t, "dpkg-deb", "--root-owner-group", "-b", dir, deb)
	return deb
}

func (h *host) args(more ...string) []string {
	return append([]string{"dpkg", "--root=" + h.dir, "--log=" + h.dir + "/var/log/dpkg.log", "--force-script-chrootless", "--force-confnew"}, more...)
}

func (h *host) dpkg(more ...string) {
	h.t.Helper()
	if st, err := os.Stat(h.dir + "/var/log/dpkg.log"); err == nil { // runs are told apart by their seconds
		time.Sleep(time.Until(st.ModTime().Add(3200 * time.Millisecond)))
	}
	must(h.t, h.args(more...)...)
}

var n int

// change gives a change of a path as the watch tells it.
func (h *host) change(kind, path string, edit ...func(*wire.FileChange)) *wire.FileChange {
	h.t.Helper()
	n++
	c := &wire.FileChange{ID: fmt.Sprint("c", n), Path: path, Change: kind, Type: "file", Found: "event", Time: time.Now()}
	if st, err := os.Lstat(h.dir + path); err == nil {
		sys := st.Sys().(*syscall.Stat_t)
		c.Time = time.Unix(sys.Ctim.Unix())
		c.After = map[string]any{"ctime": c.Time.UTC().Format(time.RFC3339Nano)}
		switch {
		case st.IsDir():
			c.Type = "directory"
		case st.Mode()&fs.ModeSymlink != 0:
			c.Type = "link"
		default:
			b, err := os.ReadFile(h.dir + path)
			if err != nil {
				h.t.Fatal(err)
			}
			sum := sha256.Sum256(b)
			c.After["sha256"] = hex.EncodeToString(sum[:])
		}
		c.Attributes = []string{"ctime"}
	}
	for _, e := range edit {
		e(c)
	}
	return c
}

// by says who did it: the program, and those above it.
func by(exes ...string) func(*wire.FileChange) {
	return func(c *wire.FileChange) {
		c.Who = &wire.Process{PID: 100, Exe: exes[0]}
		for i, e := range exes[1:] {
			c.Who.Parents = append(c.Who.Parents, wire.ParentProcess{PID: int32(90 - i), Exe: e})
		}
		c.Who.Parents = append(c.Who.Parents, wire.ParentProcess{PID: 1, Exe: "/usr/lib/systemd/systemd"})
	}
}

var (
	byDpkg   = by("/usr/bin/dpkg", "/usr/bin/apt-get", "/usr/bin/bash")
	byScript = by("/usr/bin/perl", "/usr/bin/dash", "/usr/bin/dpkg", "/usr/bin/apt-get")
	byShell  = by("/usr/bin/cp", "/usr/bin/bash", "/usr/sbin/sshd")
)

func (h *host) describe(c *wire.FileChange) (*wire.PackageClaim, bool) {
	h.t.Helper()
	wait, err := h.d.Describe(h.t.Context(), []*wire.FileChange{c})
	if err != nil {
		h.t.Fatal(err)
	}
	return c.Package, len(wait) > 0
}

// want describes a change and compares what is claimed, in one line.
func (h *host) want(c *wire.FileChange, line string) *wire.PackageClaim {
	h.t.Helper()
	p, wait := h.describe(c)
	got := "nothing"
	if p != nil {
		tx := "no transaction"
		if p.Transaction != "" {
			tx = "transaction"
		}
		got = fmt.Sprintf("%s %s/%s %s %s %s %s", p.Name, p.Before, p.Version, p.Action, p.Role, p.Digest, tx)
	}
	if wait {
		got += ", waits"
	}
	if got != line {
		h.t.Errorf("%s %s: %q, want %q (%+v)", c.Change, c.Path, got, line, p)
	}
	return p
}

func TestDpkg(t *testing.T) {
	h := newHost(t)
	one := h.build("attesta-one", "1.0-1", "", map[string]string{
		"usr/share/one/data": "first", "usr/share/one/old": "old", "usr/bin/one": "#!/bin/sh\n", "etc/one.conf": "a = 1\n",
		"DEBIAN/postinst": "#!/bin/sh\necho made > \"$DPKG_ROOT/usr/share/one/made\"\n",
	})
	two := h.build("attesta-one", "1.0-2", "", map[string]string{"usr/share/one/data": "second", "usr/bin/one": "#!/bin/sh\n", "etc/one.conf": "a = 2\n"})
	h.dpkg("-i", one)
	first := h.want(h.change("added", "/usr/share/one/data", byDpkg), "attesta-one /1.0-1 install content match transaction")
	for path, line := range map[string]string{
		"/usr/share/one/old": "attesta-one /1.0-1 install content match transaction",
		"/usr/bin/one":       "attesta-one /1.0-1 install content match transaction",
		"/usr/share/one":     "attesta-one /1.0-1 install listed none transaction",
		"/etc/one.conf":      "attesta-one /1.0-1 install conffile match transaction",
	} {
		if p := h.want(h.change("added", path), line); p != nil && p.Transaction != first.Transaction {
			t.Errorf("%s: another transaction, %s", path, p.Transaction)
		}
	}
	if first.Manager != "dpkg" || !strings.HasPrefix(first.Transaction, "dpkg-20") || first.Repository || !strings.Contains(first.Reason, "from which file is not known") ||
		time.Since(first.Started) > time.Minute || first.Ended.IsZero() {
		t.Errorf("%+v", first)
	}
	// What its script made is told by the processes above the writer, and by nothing else.
	if p := h.want(h.change("added", "/usr/share/one/made", byScript), "attesta-one /1.0-1 install script none transaction"); !strings.Contains(p.Reason, "/usr/bin/perl") {
		t.Errorf("%+v", p)
	}
	h.want(h.change("added", "/usr/share/one/made"), "nothing")
	h.want(h.change("added", "/usr/share/one/made", byShell), "nothing")
	// In the time of a run, and not by it.
	if p := h.want(h.change("changed", "/usr/share/one/data", byShell), "attesta-one /1.0-1  content match no transaction"); !strings.Contains(p.Reason, "/usr/bin/cp wrote it while the manager ran") {
		t.Errorf("%+v", p)
	}
	if p := h.want(h.change("changed", "/usr/share/one/data", func(c *wire.FileChange) { c.Attributes = []string{"mode", "ctime"} }), "attesta-one /1.0-1 install content none transaction"); !strings.Contains(p.Reason, "mode") {
		t.Errorf("%+v", p)
	}
	h.want(h.change("changed", "/var/lib/dpkg/status", byDpkg), "dpkg / install database none transaction")
	h.want(h.change("changed", "/var/lib/dpkg/status", byShell), "dpkg /  database none no transaction")

	h.dpkg("-i", two)
	second := h.want(h.change("changed", "/usr/share/one/data", byDpkg), "attesta-one 1.0-1/1.0-2 upgrade content match transaction")
	if second.Transaction == first.Transaction {
		t.Error("two runs are one transaction")
	}
	h.want(h.change("removed", "/usr/share/one/old", byDpkg), "attesta-one 1.0-1/1.0-2 upgrade listed gone transaction")
	h.want(h.change("changed", "/etc/one.conf", byDpkg), "attesta-one 1.0-1/1.0-2 upgrade conffile match transaction")
	// Unpacked beside its place, and put there since: the same content.
	beside := func(text string) *wire.FileChange {
		return h.change("added", "/etc/one.conf.dpkg-new", byDpkg, func(c *wire.FileChange) {
			sum := sha256.Sum256([]byte(text))
			c.After = map[string]any{"sha256": hex.EncodeToString(sum[:])}
		})
	}
	h.want(beside("a = 2\n"), "attesta-one 1.0-1/1.0-2 upgrade conffile match transaction")
	h.want(beside("a = 4\n"), "attesta-one 1.0-1/1.0-2 upgrade conffile none transaction")

	time.Sleep(time.Until(second.Ended.Add(3100 * time.Millisecond)))
	put(t, h.dir+"/usr/share/one/data", "another", 0o644)
	h.want(h.change("changed", "/usr/share/one/data"), "attesta-one /1.0-2  content mismatch no transaction")
	put(t, h.dir+"/usr/share/one/data", "second", 0o644)
	p := h.want(h.change("changed", "/usr/share/one/data"), "attesta-one /1.0-2  content match no transaction")
	if !strings.Contains(p.Reason, "no run of dpkg") {
		t.Errorf("%+v", p)
	}
	if err := os.Chmod(h.dir+"/usr/bin/one", 0o4755); err != nil {
		t.Fatal(err)
	}
	h.want(h.change("changed", "/usr/bin/one", func(c *wire.FileChange) { c.Attributes = []string{"mode", "ctime"} }), "attesta-one /1.0-2  content none no transaction")
	put(t, h.dir+"/etc/one.conf", "a = 3\n", 0o644)
	h.want(h.change("changed", "/etc/one.conf"), "attesta-one /1.0-2  conffile mismatch no transaction")
	if err := os.Remove(h.dir + "/usr/bin/one"); err != nil {
		t.Fatal(err)
	}
	h.want(h.change("removed", "/usr/bin/one"), "attesta-one /1.0-2  content mismatch no transaction")
	put(t, h.dir+"/srv/other", "x", 0o644)
	h.want(h.change("added", "/srv/other"), "nothing")
	// What is told of an earlier content is not claimed of this one.
	h.want(h.change("changed", "/usr/share/one/data", func(c *wire.FileChange) {
		c.After = map[string]any{"sha256": strings.Repeat("0", 64), "ctime": "2026-01-01T00:00:00Z"}
	}), "attesta-one /1.0-2  content none no transaction")

	h.dpkg("-P", "attesta-one")
	h.want(h.change("removed", "/usr/share/one/data", byDpkg), "attesta-one 1.0-2/ remove listed gone transaction")
	h.want(h.change("removed", "/usr/share/one/data", byShell), "attesta-one / remove listed gone no transaction")
}

// Diverted files, directories that became links into /usr, several packages in
// one directory, several architectures.
func TestWhoseAPathIs(t *testing.T) {
	h := newHost(t)
	arch := strings.TrimSpace(must(t, "dpkg", "--print-architecture"))
	a := h.build("attesta-a", "1", "", map[string]string{"bin/tool": "of a", "usr/share/both/a": "a"})
	b := h.build("attesta-b", "2", "Multi-Arch: same\nArchitecture: "+arch+"\n", map[string]string{"usr/share/both/b": "b"})
	h.dpkg("-i", a)
	h.want(h.change("added", "/usr/bin/tool", byDpkg), "attesta-a /1 install content match transaction")
	h.dpkg("-i", b)
	h.want(h.change("added", "/usr/share/both/b", byDpkg), "attesta-b /2 install content match transaction")
	if err := os.Chtimes(h.dir+"/usr/share/both", time.Time{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	h.want(h.change("changed", "/usr/share/both", byDpkg), "attesta-b /2 install listed none transaction")
	h.want(h.change("changed", "/usr/share/both/a", byDpkg), "attesta-a /1 install content match transaction") // its time is that of the first run

	put(t, h.dir+"/var/lib/dpkg/diversions", "/usr/bin/tool\n/usr/bin/tool.a\nattesta-b\n/usr/share/both/b\n/usr/share/both/b.kept\n:\n", 0o644)
	put(t, h.dir+"/usr/bin/tool.a", "of a", 0o755)
	put(t, h.dir+"/usr/bin/tool", "of a", 0o755)
	h.want(h.change("added", "/usr/bin/tool.a", byDpkg), "attesta-a /1  content match no transaction")
	h.want(h.change("changed", "/usr/bin/tool", byShell), "nothing")
	h.want(h.change("changed", "/usr/share/both/b", byShell), "nothing")
}

// While dpkg runs, what it does waits for its records, and what others do does not.
func TestWhileItRuns(t *testing.T) {
	h := newHost(t)
	need(t, "mkfifo")
	hold := h.dir + "/tmp/hold"
	must(t, "mkfifo", hold)
	slow := h.build("attesta-slow", "1", "", map[string]string{
		"usr/share/slow/data": "data", "DEBIAN/preinst": "#!/bin/sh\ncat \"$DPKG_ROOT/tmp/hold\" >/dev/null\n",
	})
	if err := h.d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	argv := h.args("-i", slow)
	cmd := exec.Command(argv[0], argv[1:]...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	free, err := os.OpenFile(hold, os.O_WRONLY, 0) // its preinst reads
	if err != nil {
		t.Fatal(err)
	}
	// As if it had been unpacked: its records lie where dpkg reads them from.
	put(t, h.dir+"/usr/share/slow/data", "data", 0o644)
	p := h.want(h.change("added", "/usr/share/slow/data", byDpkg), "attesta-slow /1 install content match transaction")
	if p != nil && !p.Ended.IsZero() {
		t.Errorf("it has ended: %+v", p)
	}
	put(t, h.dir+"/usr/share/slow/half", "half", 0o644)
	h.want(h.change("added", "/usr/share/slow/half", byDpkg), "attesta-slow /1 install script none transaction, waits")
	h.want(h.change("added", "/usr/share/slow/half"), "nothing, waits")
	h.want(h.change("added", "/usr/share/slow/half", byShell), "nothing")
	old := h.change("added", "/usr/share/slow/half")
	old.Time = time.Now().Add(-Patience)
	h.want(old, "nothing")
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	h.want(h.change("added", "/usr/share/slow/half"), "nothing")
	p = h.want(h.change("added", "/usr/share/slow/data", byDpkg), "attesta-slow /1 install content match transaction")
	if p != nil && p.Ended.IsZero() {
		t.Errorf("it runs still: %+v", p)
	}
}

// 5,000 changed files of one upgrade.
func TestManyFilesOfOneUpgrade(t *testing.T) {
	h := newHost(t)
	first, second := map[string]string{}, map[string]string{}
	for i := range 5000 {
		path := fmt.Sprintf("usr/share/many/d%02d/file-%04d", i/100, i)
		first[path], second[path] = strings.Repeat("old\n", 2000), strings.Repeat("new\n", 2000)
	}
	many := func(version string, files map[string]string) string {
		dir := filepath.Join(h.debs, "m-"+version)
		for path, text := range files {
			put(t, dir+"/"+path, text, 0o644)
		}
		put(t, dir+"/DEBIAN/control", "Package: attesta-many\nVersion: "+version+"\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: x\n", 0o644)
		deb := dir + ".deb" // without digests: dpkg makes them
		must(t, "dpkg-deb", "--root-owner-group", "-Znone", "-b", dir, deb)
		return deb
	}
	h.dpkg("-i", many("1", first))
	two := many("2", second)
	if err := h.d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.dpkg("-i", two)
	var all []*wire.FileChange
	for path := range second {
		all = append(all, h.change("changed", "/"+path, byDpkg))
	}
	var from, to syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &from); err != nil {
		t.Fatal(err)
	}
	wait, err := h.d.Describe(t.Context(), all)
	if err != nil || len(wait) > 0 {
		t.Fatalf("%d wait, %v", len(wait), err)
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &to); err != nil {
		t.Fatal(err)
	}
	spent := time.Duration(to.Utime.Nano() + to.Stime.Nano() - from.Utime.Nano() - from.Stime.Nano())
	t.Logf("5,000 files of 8 kB: %s of CPU", spent)
	if spent > time.Second {
		t.Errorf("%s of CPU", spent)
	}
	tx := map[string]int{}
	for _, c := range all {
		if p := c.Package; p == nil || p.Digest != match || p.Before != "1" || p.Version != "2" || p.Action != "upgrade" {
			t.Fatalf("%s: %+v", c.Path, p)
		}
		tx[c.Package.Transaction]++
	}
	if len(tx) != 1 {
		t.Errorf("%v", tx)
	}
}
