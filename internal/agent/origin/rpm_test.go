package origin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/wire"
)

// The real rpm installs into a directory what the real rpmbuild made.
func TestRpm(t *testing.T) {
	need(t, "rpm", "rpmbuild")
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: rpm installs into a directory as root only")
	}
	h := &host{t: t, dir: filepath.Join(t.TempDir(), "root"), debs: t.TempDir()}
	if err := os.MkdirAll(h.dir+"/var/lib/rpm", 0o755); err != nil {
		t.Fatal(err)
	}
	build := func(version, data, more string) string {
		spec := h.debs + "/a-" + version + ".spec"
		put(t, spec, "Name: attesta-rpm\nVersion: "+version+"\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\nVendor: Example\n%description\nx\n%install\n"+
			"mkdir -p %{buildroot}/usr/share/r %{buildroot}/etc\necho "+data+" > %{buildroot}/usr/share/r/data\nln -s data %{buildroot}/usr/share/r/link\necho a > %{buildroot}/etc/r.conf\n"+
			strings.ReplaceAll(more, "FILE ", "touch %{buildroot}")+"%files\n%dir /usr/share/r\n/usr/share/r/data\n/usr/share/r/link\n%config(noreplace) /etc/r.conf\n"+strings.ReplaceAll(more, "FILE ", ""), 0o644)
		must(t, "rpmbuild", "-bb", "--define", "_topdir "+h.debs+"/top", "--define", "_build_id_links none", spec)
		return h.debs + "/top/RPMS/noarch/attesta-rpm-" + version + "-1.noarch.rpm"
	}
	one, two := build("1", "first", "FILE /usr/share/r/old\n"), build("2", "second", "")
	install := func(args ...string) {
		t.Helper()
		must(t, append([]string{"rpm", "--root=" + h.dir, "--dbpath=/var/lib/rpm", "--nodeps"}, args...)...)
	}
	install("-i", one)
	h.d = New(Config{Root: tree.Root{Dir: h.dir}})
	byRpm := by("/usr/bin/rpm", "/usr/bin/bash")
	first := h.want(h.change("added", "/usr/share/r/data", byRpm), "attesta-rpm /1-1 install content match transaction")
	if first.Manager != "rpm" || !strings.HasPrefix(first.Transaction, "rpm-1") || first.Origin != "Example" || first.Repository || !strings.Contains(first.Reason, "not signed") {
		t.Errorf("%+v", first)
	}
	for p, line := range map[string]string{
		"/usr/share/r/link": "attesta-rpm /1-1 install content match transaction",
		"/usr/share/r":      "attesta-rpm /1-1 install listed none transaction",
		"/etc/r.conf":       "attesta-rpm /1-1 install conffile match transaction",
	} {
		h.want(h.change("added", p), line)
	}
	h.want(h.change("added", "/usr/share/r/data", byShell), "attesta-rpm /1-1  content match no transaction")
	h.want(h.change("added", "/usr/share/r/data", by("/usr/bin/python3.9")), "attesta-rpm /1-1 install content match transaction") // dnf is one
	time.Sleep(1100 * time.Millisecond)                                                                                            // rpm numbers its transactions by seconds
	install("-U", two)
	second := h.want(h.change("changed", "/usr/share/r/data", byRpm), "attesta-rpm 1-1/2-1 upgrade content match transaction")
	if first.Transaction == second.Transaction {
		t.Error("two runs are one")
	}
	h.want(h.change("removed", "/usr/share/r/old", byRpm), "attesta-rpm 1-1/2-1 upgrade listed gone transaction")
	h.want(h.change("removed", "/usr/share/r/old", byShell), "attesta-rpm / remove listed gone no transaction")
	put(t, h.dir+"/usr/share/r/made", "x", 0o644)
	h.want(h.change("added", "/usr/share/r/made", by("/usr/bin/dash", "/usr/bin/rpm")), "attesta-rpm 1-1/2-1 upgrade script none transaction")
	h.want(h.change("changed", "/var/lib/rpm/rpmdb.sqlite", byShell), "rpm /  database none no transaction")

	later := func(c *wire.FileChange) { c.Time = time.Now().Add(time.Hour) }
	put(t, h.dir+"/usr/share/r/data", "by hand", 0o644)
	h.want(h.change("changed", "/usr/share/r/data", later), "attesta-rpm /2-1  content mismatch no transaction")
	put(t, h.dir+"/usr/share/r/data", "second\n", 0o644)
	h.want(h.change("changed", "/usr/share/r/data", later), "attesta-rpm /2-1  content match no transaction")
	if err := os.Chmod(h.dir+"/usr/share/r/data", os.ModeSetuid|0o755); err != nil {
		t.Fatal(err)
	}
	if p := h.want(h.change("changed", "/usr/share/r/data", later), "attesta-rpm /2-1  content mismatch no transaction"); !strings.Contains(p.Reason, "4755") {
		t.Errorf("%+v", p)
	}
	h.want(h.change("added", "/srv/other"), "nothing")
}
