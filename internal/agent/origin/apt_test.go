package origin

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/wire"
)

// The real apt installs from a signed repository, from a file, and from a
// repository that is trusted without a signature.
func TestApt(t *testing.T) {
	need(t, "apt-get", "gpg")
	if _, err := os.Stat("/usr/lib/apt/methods/file"); err != nil {
		t.Skip("NOT RUN: apt has no method file")
	}
	h := newHost(t)
	for _, dir := range []string{"var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "etc/apt/trusted.gpg.d"} {
		if err := os.MkdirAll(filepath.Join(h.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := os.MkdirTemp("", "gpg") // its agent's socket needs a short path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		must(t, "gpgconf", "--homedir", keys, "--kill", "all")
		if err := os.RemoveAll(keys); err != nil {
			t.Error(err)
		}
	})
	gpg := func(args ...string) string {
		return must(t, append([]string{"gpg", "--homedir", keys, "--batch", "--yes", "--quiet"}, args...)...)
	}
	gpg("--passphrase", "", "--quick-gen-key", "test <t@example.org>", "ed25519", "sign", "never")
	key := h.dir + "/etc/apt/key.gpg"
	gpg("--export", "--output", key)
	repo := filepath.Join(t.TempDir(), "repo")
	offer := func(sign bool, debs ...string) {
		t.Helper()
		var index strings.Builder
		for _, deb := range debs {
			b, err := os.ReadFile(deb)
			if err != nil {
				t.Fatal(err)
			}
			put(t, repo+"/"+filepath.Base(deb), string(b), 0o644)
			fmt.Fprintf(&index, "%sFilename: ./%s\nSize: %d\nSHA256: %x\n\n", must(t, "dpkg-deb", "-f", deb), filepath.Base(deb), len(b), sha256.Sum256(b))
		}
		put(t, repo+"/Packages", index.String(), 0o644)
		put(t, repo+"/Release", fmt.Sprintf("Origin: Example\nLabel: Example\nVersion: 7\nSuite: stable\nDate: %s\nArchitectures: all\nSHA256:\n %x %d Packages\n",
			time.Now().UTC().Format(time.RFC1123), sha256.Sum256([]byte(index.String())), index.Len()), 0o644)
		if sign {
			gpg("--clearsign", "--output", repo+"/InRelease", repo+"/Release")
		} else if err := os.Remove(repo + "/InRelease"); err != nil {
			t.Fatal(err)
		}
	}
	apt := func(args ...string) {
		t.Helper()
		time.Sleep(3200 * time.Millisecond) // runs are told apart by their seconds
		dir := "Dir=" + h.dir
		must(t, append([]string{"apt-get", "-q", "-y", "-o", dir, "-o", "Dir::State::status=" + h.dir + "/var/lib/dpkg/status", "-o", "Dir::Etc=" + h.dir + "/etc/apt",
			"-o", "Dir::Bin::methods=/usr/lib/apt/methods", "-o", "Dir::Bin::dpkg=/usr/bin/dpkg", "-o", "DPkg::Options::=--root=" + h.dir, "-o", "DPkg::Options::=--log=" + h.dir + "/var/log/dpkg.log",
			"-o", "DPkg::Options::=--force-script-chrootless", "-o", "APT::Sandbox::User=root"}, args...)...)
	}
	a1 := h.build("attesta-a", "1", "", map[string]string{"usr/share/a/data": "one"})
	a2 := h.build("attesta-a", "2", "", map[string]string{"usr/share/a/data": "two"})
	b1 := h.build("attesta-b", "1", "Depends: attesta-c\n", map[string]string{"usr/share/b/data": "b"})
	c1 := h.build("attesta-c", "1", "", map[string]string{"usr/share/c/data": "c"})
	put(t, h.dir+"/etc/apt/sources.list", "deb [signed-by="+key+"] file:"+repo+" ./\n", 0o644)
	offer(true, a1, c1)
	apt("update")
	apt("install", "attesta-a")
	p := h.want(h.change("added", "/usr/share/a/data", byDpkg), "attesta-a /1 install content match transaction")
	if !strings.HasPrefix(p.Transaction, "apt-20") || p.Origin != "Example:7" || !p.Repository || p.Reason != "" || !strings.HasSuffix(p.Command, "install attesta-a") || p.Ended.IsZero() {
		t.Errorf("%+v", p)
	}
	// From a file, with what it needs from the repository: one transaction.
	apt("install", b1)
	b := h.want(h.change("added", "/usr/share/b/data", byDpkg), "attesta-b /1 install content match transaction")
	c := h.want(h.change("added", "/usr/share/c/data", byDpkg), "attesta-c /1 install content match transaction")
	if b.Transaction != c.Transaction || b.Repository || b.Origin != b1 || !strings.Contains(b.Reason, "from a file") || !c.Repository || b.Transaction == p.Transaction {
		t.Errorf("%+v\n%+v", b, c)
	}
	// A version that came by dpkg is not the repository's because its name is there.
	offer(true, a1, a2, c1)
	apt("update")
	h.dpkg("-i", a2)
	if p := h.want(h.change("changed", "/usr/share/a/data", byDpkg), "attesta-a 1/2 upgrade content match transaction"); p.Repository || !strings.HasPrefix(p.Transaction, "dpkg-") {
		t.Errorf("%+v", p)
	}
	apt("remove", "attesta-a")
	h.want(h.change("removed", "/usr/share/a/data", byDpkg), "attesta-a 2/ remove listed gone transaction")
	// Trusted without a signature.
	put(t, h.dir+"/etc/apt/sources.list", "deb [trusted=yes] file:"+repo+" ./\n", 0o644)
	offer(false, a1)
	if err := os.RemoveAll(h.dir + "/var/lib/apt/lists"); err != nil { // apt does not take one that was signed once
		t.Fatal(err)
	}
	if err := os.MkdirAll(h.dir+"/var/lib/apt/lists/partial", 0o755); err != nil {
		t.Fatal(err)
	}
	apt("update")
	apt("install", "attesta-a=1")
	if p := h.want(h.change("added", "/usr/share/a/data", byDpkg), "attesta-a /1 install content match transaction"); p.Repository || !strings.Contains(p.Reason, "not signed") {
		t.Errorf("%+v", p)
	}
	// What is changed by hand afterwards is nobody's.
	put(t, h.dir+"/usr/share/a/data", "by hand", 0o644)
	h.want(h.change("changed", "/usr/share/a/data", func(c *wire.FileChange) { c.Time = time.Now().Add(time.Minute) }), "attesta-a /1  content mismatch no transaction")
}
