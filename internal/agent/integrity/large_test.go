package integrity

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
)

const largeVariable = "ATTESTA_TEST_LARGE"

// A file larger than all memory that the program may have is read whole, in a buffer
// that does not grow with it.
func TestLargerThanMemory(t *testing.T) {
	if root := os.Getenv(largeVariable); root != "" { // the other process
		s, made := base(t, snapshot.Options{}, root)
		if made.UnreadCount != 0 {
			t.Fatalf("%+v", made.Gaps)
		}
		for c := s.Cursor(); ; {
			e, err := c.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e.Regular() && e.Has&attr.HasDigest != 0 {
				fmt.Printf("digest %s %s\n", filepath.Base(string(e.Path)), hex.EncodeToString(e.Digest[:]))
			}
		}
		if changes, _ := check(t, s, How{Full: true}); len(changes) != 0 {
			t.Errorf("%q", told(changes))
		}
		return
	}
	const limit, size = 48 << 20, 2 << 30
	root := filepath.Join(t.TempDir(), "t")
	want := map[string]string{}
	for _, name := range []string{"one", "two"} { // two at a time
		put(t, root+"/"+name, name)
		if err := os.Truncate(root+"/"+name, size); err != nil {
			t.Skipf("NOT RUN: no file of %d bytes can be made here: %v", size, err)
		}
		f, err := os.Open(root + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		want[name] = hex.EncodeToString(h.Sum(nil))
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestLargerThanMemory$", "-test.v")
	cmd.Env = append(os.Environ(), largeVariable+"="+root)
	group, why := memoryGroup(t, limit)
	if group != "" {
		cmd.Args = append([]string{"/bin/sh", "-c", `echo $$ > "$0" && exec "$@"`, group}, cmd.Args...)
		cmd.Path = "/bin/sh"
	} else {
		t.Logf("NOT RUN: a limit of the kernel on memory (%s); what the process itself takes is measured all the same", why)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peak, stop := make(chan int64), make(chan struct{})
	go func() {
		most := int64(0)
		for {
			most = max(most, anonymousOf(cmd.Process.Pid))
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	got := map[string]string{}
	lines := bufio.NewScanner(out)
	var text []string
	for lines.Scan() {
		text = append(text, lines.Text())
		if f := strings.Fields(lines.Text()); len(f) == 3 && f[0] == "digest" {
			got[f[1]] = f[2]
		}
	}
	err = cmd.Wait()
	close(stop)
	most := <-peak
	if err != nil {
		t.Fatalf("with %d bytes of memory: %v\n%s", limit, err, strings.Join(text, "\n"))
	}
	for name, sum := range want {
		if got[name] != sum {
			t.Errorf("%s: %q, want %s", name, got[name], sum)
		}
	}
	t.Logf("two files of %d MB: %d MB of anonymous memory at most; limit %d MB (%v)", size>>20, most>>20, limit>>20, group != "")
	if most == 0 || most > 40<<20 {
		t.Errorf("%d bytes of anonymous memory", most)
	}
}

// anonymousOf is what a process has of memory that no file stands behind.
func anonymousOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "RssAnon:" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err == nil {
				return n << 10
			}
		}
	}
	return 0
}

// memoryGroup makes a control group with a limit and gives the file by which a process
// joins it; "" and why not.
func memoryGroup(t *testing.T, limit int64) (join, why string) {
	t.Helper()
	for _, kind := range []struct{ dir, file, join string }{{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "cgroup.procs"}, {"/sys/fs/cgroup", "memory.max", "cgroup.procs"}} {
		if _, err := os.Stat(filepath.Join(kind.dir, "cgroup.procs")); err != nil {
			continue
		}
		dir := filepath.Join(kind.dir, fmt.Sprintf("attesta-test-%d", os.Getpid()))
		if err := os.Mkdir(dir, 0o755); err != nil {
			why = err.Error()
			continue
		}
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		})
		if err := os.WriteFile(filepath.Join(dir, kind.file), []byte(strconv.FormatInt(limit, 10)), 0o644); err != nil {
			why = err.Error()
			continue
		}
		return filepath.Join(dir, kind.join), ""
	}
	if why == "" {
		why = "no control groups are mounted"
	}
	return "", why
}
