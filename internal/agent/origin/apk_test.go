package origin

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/wire"
)

func q1(s string) string {
	sum := sha1.Sum([]byte(s))
	return "Q1" + base64.StdEncoding.EncodeToString(sum[:])
}

// Alpine's records, made here as its documents have them.
func TestApk(t *testing.T) {
	h := &host{t: t, dir: t.TempDir()}
	h.d = New(Config{Root: tree.Root{Dir: h.dir}})
	base := time.Now().Add(-time.Hour)
	write := func(at time.Time, text string) {
		t.Helper()
		db := h.dir + "/lib/apk/db/installed"
		put(t, db, text, 0o644)
		if err := os.Chtimes(db, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write(base, fmt.Sprintf("C:Q1aaa=\nP:tool\nV:1\nA:x86_64\nF:usr/bin\nR:tool\na:0:0:755\nZ:%s\nR:old\nZ:%s\nF:etc\nR:tool.conf\nZ:%s\n\n", q1("one"), q1("old"), q1("a=1")))
	if err := h.d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	var index bytes.Buffer
	z := gzip.NewWriter(&index)
	w := tar.NewWriter(z)
	for _, f := range [][2]string{{".SIGN.RSA.k.pub", "x"}, {"APKINDEX", "C:Q1bbb=\nP:tool\nV:2\n\n"}} {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Mode: 0o644, Size: int64(len(f[1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	const url = "https://dl.example.org/alpine/v3.20/main"
	sum := sha1.Sum([]byte(url))
	put(t, h.dir+"/etc/apk/repositories", "# x\n"+url+"\n", 0o644)
	put(t, fmt.Sprintf("%s/var/cache/apk/APKINDEX.%x.tar.gz", h.dir, sum[:4]), index.String(), 0o644)

	byApk := by("/sbin/apk", "/bin/busybox")
	put(t, h.dir+"/usr/bin/tool", "two", 0o755)
	if err := os.Chmod(h.dir+"/usr/bin/tool", 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, h.dir+"/etc/tool.conf", "a=1", 0o644)
	// Its records come at the end.
	h.want(h.change("changed", "/usr/bin/tool", byApk), "tool /1  content mismatch no transaction, waits")
	h.want(h.change("changed", "/usr/bin/tool", byShell), "tool /1  content mismatch no transaction")
	write(time.Now().Add(10*time.Millisecond), fmt.Sprintf("C:Q1bbb=\nP:tool\nV:2\nA:x86_64\nF:usr/bin\nR:tool\na:%d:%d:755\nZ:%s\nR:link\na:0:0:777\nZ:%s\nF:etc\nR:tool.conf\na:%d:%d:644\nZ:%s\n\n",
		os.Geteuid(), os.Getegid(), q1("two"), q1("tool"), os.Geteuid(), os.Getegid(), q1("a=1")))
	p := h.want(h.change("changed", "/usr/bin/tool", byApk), "tool 1/2 upgrade content match transaction")
	if p.Manager != "apk" || !strings.HasPrefix(p.Transaction, "apk-20") || p.Origin != url || !p.Repository {
		t.Errorf("%+v", p)
	}
	h.want(h.change("changed", "/usr/bin/tool"), "tool 1/2 upgrade content match transaction")
	h.want(h.change("changed", "/usr/bin/tool", byShell), "tool /2  content match no transaction")
	h.want(h.change("changed", "/etc/tool.conf", byApk), "tool 1/2 upgrade conffile match transaction")
	if err := os.Symlink("tool", h.dir+"/usr/bin/link"); err != nil {
		t.Fatal(err)
	}
	h.want(h.change("added", "/usr/bin/link", byApk), "tool 1/2 upgrade content match transaction")
	h.want(h.change("removed", "/usr/bin/old", byApk), "tool 1/2 upgrade listed gone transaction")
	put(t, h.dir+"/usr/bin/made", "x", 0o644)
	h.want(h.change("added", "/usr/bin/made", by("/bin/busybox", "/sbin/apk")), "tool 1/2 upgrade script none transaction")
	h.want(h.change("added", "/usr/bin/made", byShell), "nothing")
	h.want(h.change("changed", "/lib/apk/db/installed", byShell), "apk /  database none no transaction")
	h.want(h.change("changed", "/lib/apk/db/installed", byApk), "apk /  database none transaction")

	// By hand, long after: rights are on record here.
	later := func(c *wire.FileChange) { c.Time = time.Now().Add(time.Hour) }
	if err := os.Chmod(h.dir+"/usr/bin/tool", os.ModeSetuid|0o755); err != nil {
		t.Fatal(err)
	}
	if p := h.want(h.change("changed", "/usr/bin/tool", later), "tool /2  content mismatch no transaction"); !strings.Contains(p.Reason, "its mode is 4755, the package has 0755") {
		t.Errorf("%+v", p)
	}
	if err := os.Remove(filepath.Join(h.dir, "usr/bin/tool")); err != nil {
		t.Fatal(err)
	}
	h.want(h.change("removed", "/usr/bin/tool", later), "tool /2  content mismatch no transaction")
}
