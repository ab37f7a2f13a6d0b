package integrity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/agent/integrity/walk"
)

func sumOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// What may not be read is said, and is neither equal nor removed. Root may read
// everything, so this runs as nobody in a process of its own.
func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		// The program and its directories have to be there for nobody.
		dir, err := os.MkdirTemp("", "integrity-nobody")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		program, err := os.ReadFile(self)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/test", program, 0o755); err != nil {
			t.Fatal(err)
		}
		const nobody = 65534
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Skipf("NOT RUN: a file cannot be given away here: %v", err)
		}
		cmd := exec.Command(dir+"/test", "-test.run", "^TestUnreadable$", "-test.v")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		cmd.Env, cmd.Dir = append(os.Environ(), "TMPDIR="+dir), dir
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestUnreadable") {
			t.Fatalf("as nobody: %v\n%s", err, out)
		}
		return
	}
	root := filepath.Join(t.TempDir(), "t")
	put(t, root+"/dir/inside", "1")
	put(t, root+"/file", "1")
	put(t, root+"/listed/one", "1")
	s, _ := base(t, snapshot.Options{}, root)
	for p, mode := range map[string]os.FileMode{"/dir": 0, "/file": 0, "/listed": 0o400} {
		if err := os.Chmod(root+p, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for p, mode := range map[string]os.FileMode{"/dir": 0o755, "/file": 0o644, "/listed": 0o755} {
			if err := os.Chmod(root+p, mode); err != nil {
				t.Error(err)
			}
		}
	})
	denied := attr.Unread{Reason: "permission denied (EACCES)"}
	changes, found := check(t, s, How{})
	if want := []string{"changed " + root + "/dir", "changed " + root + "/file", "changed " + root + "/listed", "changed " + root + "/listed/one"}; !slices.Equal(told(changes), want) || found.Hidden != 1 {
		t.Errorf("%q, %+v", told(changes), found)
	}
	for i, field := range []string{"entries", "sha256", "mode", "type"} {
		if got := changes[i].After[field]; got != any(denied) && field != "mode" {
			t.Errorf("%s: %v", changes[i].Path, changes[i])
		}
	}
	if found.UnreadCount == 0 || !slices.ContainsFunc(found.Unread, func(g Gap) bool { return g.Path == root+"/dir" && g.Attribute == "entries" }) {
		t.Errorf("%+v", found.Gaps)
	}
	// Recorded like that, it is no change, and said each time.
	s, made := base(t, snapshot.Options{}, root)
	if made.UnreadCount == 0 {
		t.Errorf("%+v", made)
	}
	if changes, found := check(t, s, How{}); len(changes) != 0 || found.UnreadCount != made.UnreadCount {
		t.Errorf("%q, %+v", told(changes), found.Gaps)
	}
}

// A file that is gone when it is to be read is no error: not recorded, or
// removed.
func TestVanishing(t *testing.T) {
	root := filepath.Join(t.TempDir(), "t")
	for i := range 50 {
		put(t, fmt.Sprintf("%s/%02d", root, i), "1")
	}
	var kept, removed atomic.Int64
	counts, err := walk.Run(t.Context(), walk.Options{Roots: []string{root}}, walk.Handler{
		Look: func(w *walk.Walk, e *attr.Entry) error {
			if e.Regular() && e.Path[len(e.Path)-1]%2 == 0 {
				if err := os.Remove(string(e.Path)); err != nil { // between the look and the reading
					return err
				}
			}
			return w.Give(e, e, true)
		},
		Take: func(it *walk.Item) error {
			if it.HasEntry {
				kept.Add(1)
			} else if it.HasPrior {
				removed.Add(1)
			}
			return nil
		},
	})
	if err != nil || kept.Load() != 26 || removed.Load() != 25 || counts.Vanished != 25 {
		t.Errorf("%d kept, %d removed, %+v, %v", kept.Load(), removed.Load(), counts, err)
	}
}

// A file that changes while it is read is read again; one that never rests has
// no digest, for that reason.
func TestChangesWhileRead(t *testing.T) {
	root := filepath.Join(t.TempDir(), "t")
	p := root + "/busy"
	put(t, p, strings.Repeat("x", 64<<20)) // long enough that the other is given a turn, also where it is crowded
	stop, stopped, begun := make(chan struct{}), make(chan error, 1), make(chan struct{})
	go func() {
		f, err := os.OpenFile(p, os.O_WRONLY|os.O_APPEND, 0)
		for n := 0; err == nil; n++ {
			if n == 1 {
				close(begun)
			}
			select {
			case <-stop:
				stopped <- f.Close()
				return
			default:
				_, err = f.WriteString("y")
			}
		}
		stopped <- err
	}()
	<-begun
	_, made := base(t, snapshot.Options{}, root)
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if made.UnreadCount != 1 || made.Unread[0].Reason != attr.Unstable.String() || made.Unread[0].Attribute != "sha256" {
		t.Errorf("%+v", made.Gaps)
	}
	s, made := base(t, snapshot.Options{}, root)
	if made.UnreadCount != 0 {
		t.Errorf("at rest: %+v", made.Gaps)
	}
	if changes, _ := check(t, s, How{Full: true}); len(changes) != 0 {
		t.Errorf("%q", told(changes))
	}
}

// Deeper than there may be open files, and with paths longer than the system
// takes in one piece.
func TestDeep(t *testing.T) {
	const depth, name = 400, "a-directory-with-a-name"
	root := filepath.Join(t.TempDir(), "t")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(root, unix.O_DIRECTORY|unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range depth {
		// One file before and one after the way down.
		for _, f := range []string{"00", "zz"} {
			file, err := unix.Openat(fd, f, unix.O_CREAT|unix.O_WRONLY, 0o644)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := unix.Write(file, []byte("1")); err != nil {
				t.Fatal(err)
			}
			unix.Close(file)
		}
		if err := unix.Mkdirat(fd, name, 0o755); err != nil {
			t.Fatal(err)
		}
		next, err := unix.Openat(fd, name, unix.O_DIRECTORY|unix.O_RDONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(fd)
		fd = next
	}
	s, made := base(t, snapshot.Options{}, root)
	if made.Entries != 3*depth+1 || made.UnreadCount != 0 {
		t.Fatalf("%+v", made)
	}
	if file, err := unix.Openat(fd, "new", unix.O_CREAT|unix.O_WRONLY, 0o644); err != nil {
		t.Fatal(err)
	} else {
		unix.Close(file)
	}
	unix.Close(fd)
	for _, full := range []bool{false, true} {
		changes, _ := check(t, s, How{Full: full})
		if len(changes) != 2 || len(changes[1].Path) < 4096 || changes[1].Change != Added {
			t.Errorf("%d changes", len(changes))
		}
	}
}

// Another file system is not gone into unless it is named or all are; what was
// recorded below is hidden then, not removed.
func TestMounts(t *testing.T) {
	root := filepath.Join(t.TempDir(), "t")
	put(t, root+"/a", "1")
	put(t, root+"/mnt/under", "1")
	put(t, root+"/z", "1")
	under, _ := base(t, snapshot.Options{}, root)
	if err := unix.Mount("tmpfs", root+"/mnt", "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("NOT RUN: nothing can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(root+"/mnt", 0); err != nil {
			t.Error(err)
		}
	})
	put(t, root+"/mnt/over", "1")
	changes, found := check(t, under, How{})
	if !slices.Equal(told(changes), []string{"changed " + root + "/mnt"}) || found.Hidden != 1 || found.LeftCount != 1 {
		t.Errorf("%q, %+v", told(changes), found)
	}
	_, made := base(t, snapshot.Options{}, root)
	if made.Entries != 4 || made.LeftCount != 1 || made.Left[0].Path != root+"/mnt" || made.UnreadCount != 0 {
		t.Errorf("%+v", made)
	}
	for _, o := range []struct {
		options snapshot.Options
		paths   []string
	}{{snapshot.Options{Cross: true}, []string{root}}, {snapshot.Options{}, []string{root, root + "/mnt"}}} {
		s, made := base(t, o.options, o.paths...)
		if made.Entries != 5 || made.LeftCount != 0 {
			t.Errorf("%+v", made)
		}
		put(t, root+"/mnt/over", "22")
		if changes, _ := check(t, s, How{}); !slices.Equal(told(changes), []string{"changed " + root + "/mnt/over"}) {
			t.Errorf("%q", told(changes))
		}
	}
	if _, made := base(t, snapshot.Options{}, "/proc"); made.Entries != 1 || made.LeftCount != 1 {
		t.Errorf("%+v", made)
	}
}

// Younger than a tick, a file of the same size may have the same times.
func TestWithinATick(t *testing.T) {
	root := filepath.Join(t.TempDir(), "t")
	missed := 0
	for i := range 40 {
		p := fmt.Sprintf("%s/%d/f", root, i)
		put(t, p, "a")
		s, _ := base(t, snapshot.Options{}, filepath.Dir(p))
		if err := os.WriteFile(p, []byte("b"), 0o644); err != nil {
			t.Fatal(err)
		}
		if changes, _ := check(t, s, How{}); len(changes) == 0 {
			missed++
		}
	}
	if missed > 0 {
		t.Errorf("%d of 40 changes were not seen", missed)
	}
}

// Cut off by its context, a look leaves nothing behind.
func TestCancel(t *testing.T) {
	root, dir := filepath.Join(t.TempDir(), "t"), t.TempDir()
	for i := range 300 {
		put(t, fmt.Sprintf("%s/%02d/%d", root, i%20, i), "1")
	}
	before, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	o, err := NewOptions(dir+"/db", []string{root}, snapshot.Options{Made: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Make(ctx, dir+"/db", o); err == nil {
		t.Error("it went on")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	if after, err := os.ReadDir("/proc/self/fd"); err != nil || len(after) != len(before) {
		t.Errorf("%d files are open, %d were: %v", len(after), len(before), err)
	}
}

// What was listed as a file and became another thing before it was opened is
// recorded as what it is, and nothing but a file is read.
func TestBecameAnother(t *testing.T) {
	root := filepath.Join(t.TempDir(), "t")
	become := map[string]func(string) error{
		"gone": func(string) error { return nil },
		"dir":  func(p string) error { return os.Mkdir(p, 0o755) },
		"link": func(p string) error { return os.Symlink("elsewhere", p) },
		"pipe": func(p string) error { return unix.Mkfifo(p, 0o600) },
		"file": func(p string) error { return os.WriteFile(p, []byte("another"), 0o600) },
	}
	for name := range become {
		put(t, root+"/"+name, "x")
	}
	got := map[string]string{}
	counts, err := walk.Run(t.Context(), walk.Options{Roots: []string{root}, Unseen: true}, walk.Handler{
		Look: func(w *walk.Walk, e *attr.Entry) error {
			if name := filepath.Base(string(e.Path)); become[name] != nil {
				if !e.Regular() || e.Ino != 0 {
					t.Errorf("%s was looked at", name)
				}
				if err := os.Remove(string(e.Path)); err != nil {
					return err
				}
				if err := become[name](string(e.Path)); err != nil {
					return err
				}
			}
			return w.Give(e, nil, true)
		},
		Take: func(it *walk.Item) error {
			e := &it.Entry
			got[filepath.Base(string(e.Path))] = fmt.Sprint(e.TypeName(), " ", e.Has&attr.HasDigest != 0, " ", e.Why[attr.PartEntries] != 0, " ", string(e.Link))
			return nil
		},
	})
	if err != nil || counts.Vanished != 1 {
		t.Fatalf("%+v, %v", counts, err)
	}
	for name, want := range map[string]string{"dir": "directory false true ", "link": "link false false elsewhere", "pipe": "pipe false false ", "file": "file true false "} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if _, there := got["gone"]; there {
		t.Error("what is gone was recorded")
	}
}
