package integrity

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
)

func need(t *testing.T, program, pkg string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		if p := filepath.Join(dir, program); exec.Command("test", "-x", p).Run() == nil {
			return p
		}
	}
	t.Skipf("NOT RUN: %s is not installed (Debian's %s)", program, pkg)
	return ""
}

func must(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", argv, err, out)
	}
	return string(out)
}

// AIDE and we look at the same tree before and after the same changes, and list
// the same paths under the same heads.
func TestAgreesWithAIDE(t *testing.T) {
	aide := need(t, "aide", "aide")
	dir := t.TempDir()
	root, conf := dir+"/tree", dir+"/aide.conf"
	r := rand.New(rand.NewPCG(7, 7))
	var files []string
	for i := range 400 {
		p := fmt.Sprintf("%s/d%d/e%d/file-%03d", root, i%7, i%3, i)
		put(t, p, strings.Repeat("line\n", r.IntN(400)))
		files = append(files, p)
	}
	for i := range 20 {
		if err := os.Symlink(fmt.Sprintf("file-%03d", i), fmt.Sprintf("%s/d%d/link-%d", root, i%7, i)); err != nil {
			t.Fatal(err)
		}
	}
	config := "database_in=file:" + dir + "/aide.db\ndatabase_out=file:" + dir + "/aide.db\nreport_format=json\nreport_url=stdout\nR=p+ftype+i+l+n+u+g+s+m+c+sha256+acl+xattrs+caps\n" + root + " R\n"
	if err := os.WriteFile(conf, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, aide, "--init", "--config", conf)
	s, _ := base(t, snapshot.Options{}, root)
	time.Sleep(1100 * time.Millisecond) // AIDE keeps whole seconds

	for i := range 120 {
		p := files[r.IntN(len(files))]
		var err error
		switch i % 12 {
		case 0:
			err = os.WriteFile(p, []byte("another\n"), 0o644)
		case 1:
			err = os.Remove(p)
		case 2:
			err = os.Chmod(p, 0o600)
		case 3:
			err = os.Rename(p, p+".moved")
		case 4:
			err = os.Link(p, p+".link")
		case 5:
			err = os.WriteFile(p+".new", []byte("n"), 0o644)
		case 6:
			err = os.Mkdir(p+".dir", 0o755)
		case 7:
			err = errors.Join(os.WriteFile(p+".tmp", []byte("saved\n"), 0o644), os.Rename(p+".tmp", p))
		case 8:
			err = os.Chtimes(p, time.Time{}, time.Unix(1e9, 0))
		case 9:
			err = unix.Setxattr(p, "user.note", []byte("x"), 0)
		case 10:
			err = errors.Join(os.RemoveAll(p), os.Symlink("elsewhere", p))
		case 11:
			err = unix.Mkfifo(p+".pipe", 0o600)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(aide, "--check", "--config", conf).Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Fatalf("aide: %v\n%s", err, out)
	}
	if i := strings.Index(string(out), "{\n  \"start_time\""); i >= 0 {
		out = out[i:] // remarks come first
	}
	var report struct{ Added, Removed, Changed map[string]string }
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v\n%.300s", err, out)
	}
	want := []string{}
	for kind, paths := range map[string]map[string]string{"added": report.Added, "removed": report.Removed, "changed": report.Changed} {
		for p := range paths {
			want = append(want, kind+" "+p)
		}
	}
	slices.Sort(want)
	changes, _ := check(t, s, How{})
	got := told(changes)
	if !slices.Equal(got, want) {
		for _, line := range got {
			if !slices.Contains(want, line) {
				t.Error("only ours:", line)
			}
		}
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Error("only AIDE's:", line)
			}
		}
	}
	t.Logf("both list %d changes", len(got))
}

// Digests, capabilities, access lists, flags are those that the host's own
// tools write and show.
func TestAgreesWithTools(t *testing.T) {
	sha256sum, setcap, getcap := need(t, "sha256sum", "coreutils"), need(t, "setcap", "libcap2-bin"), need(t, "getcap", "libcap2-bin")
	setfacl, getfacl, setfattr := need(t, "setfacl", "acl"), need(t, "getfacl", "acl"), need(t, "setfattr", "attr")
	chattr := need(t, "chattr", "e2fsprogs")
	root := filepath.Join(t.TempDir(), "t")
	p := root + "/file"
	put(t, p, strings.Repeat("content\n", 40_000))
	put(t, root+"/empty", "")
	sparse := root + "/sparse"
	put(t, sparse, "start")
	if err := os.Truncate(sparse, 5<<20); err != nil {
		t.Fatal(err)
	}
	s, made := base(t, snapshot.Options{}, root)
	if made.UnreadCount != 0 {
		t.Fatalf("%+v", made.Gaps)
	}
	for _, argv := range [][]string{{setcap, "cap_net_raw,cap_net_bind_service=ep", p}, {setfacl, "-m", "u:1234:rw,g:77:r", p}, {setfacl, "-d", "-m", "u:1234:rx", root}} {
		if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Skipf("NOT RUN: %v: %v: %s", argv, err, out)
		}
	}
	must(t, setfattr, "-n", "user.note", "-v", "hello", p)
	long := strings.Repeat("v", 900)
	must(t, setfattr, "-n", "user.long", "-v", long, p)
	immutable := exec.Command(chattr, "+i", p).Run() == nil
	if immutable {
		t.Cleanup(func() { must(t, chattr, "-i", p) })
	}
	changes, _ := check(t, s, How{})
	if len(changes) != 2 {
		t.Fatalf("%q", told(changes))
	}
	after := changes[1].After
	if got, want := p+" "+fmt.Sprint(after["capabilities"]), strings.TrimSpace(must(t, getcap, p)); got != want {
		// getcap sorts by number, and may write the set otherwise
		if got != p+" cap_net_bind_service,cap_net_raw=ep" {
			t.Errorf("%q, getcap says %q", got, want)
		}
	}
	acl := strings.ReplaceAll(strings.TrimSpace(must(t, getfacl, "-cpnE", p)), "\n", ",")
	if after["acl"] != acl {
		t.Errorf("%q, getfacl says %q", after["acl"], acl)
	}
	acl = strings.ReplaceAll(strings.TrimSpace(must(t, getfacl, "-dcpnE", root)), "\n", ",")
	if got := changes[0].After["default_acl"]; got != acl {
		t.Errorf("%q, getfacl says %q", got, acl)
	}
	others, ok := after["xattrs"].(map[string]any)
	if !ok || others["user.note"] != "hello" || others["user.long"] != "900 bytes, sha256 "+sumOf(long) {
		t.Errorf("%v", after["xattrs"])
	}
	if immutable && !slices.Contains(after["inode_flags"].([]string), "immutable") {
		t.Errorf("%v", after["inode_flags"])
	}
	if _, there := after["sha256"]; there {
		t.Error("the digest is said to be another")
	}
	// A snapshot anew, of which each digest is what sha256sum says.
	s, _ = base(t, snapshot.Options{}, root)
	n := 0
	for c := s.Cursor(); ; {
		e, err := c.Next()
		if err != nil {
			break
		}
		if e.Regular() {
			n++
			if want := strings.Fields(must(t, sha256sum, string(e.Path)))[0]; hex.EncodeToString(e.Digest[:]) != want {
				t.Errorf("%s: %x, sha256sum says %s", e.Path, e.Digest, want)
			}
		}
	}
	if n != 3 {
		t.Errorf("%d files", n)
	}
}
