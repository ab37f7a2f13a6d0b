package present

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof/permit"
	"github.com/attesta/attesta/internal/wire"
)

// TestMain lets this program be one that presents a token.
func TestMain(m *testing.M) {
	state := os.Getenv("ATTESTA_TEST_PRESENT")
	if state == "" {
		os.Exit(m.Run())
	}
	whom := This
	if os.Getenv("ATTESTA_TEST_WHOM") == "parent" {
		whom = Parent
	}
	if os.Getenv("ATTESTA_TEST_ORPHAN") != "" {
		for range 500 {
			if os.Getppid() == 1 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	p, err := Present(state, os.Getenv("ATTESTA_TEST_TOKEN"), whom)
	if err != nil {
		fmt.Println("refused:", fault.KindOf(err), err)
		return
	}
	b, _ := json.Marshal(p)
	fmt.Println(string(b))
	_, _ = os.Stdin.Read(make([]byte, 1)) // until the test lets it end
}

func token(t *testing.T) string {
	t.Helper()
	text, err := permit.Sign(ed25519.NewKeyFromSeed(make([]byte, 32)), permit.Token{ID: "ctk_1", Change: "CH-1", Who: "usr_a", Hosts: []string{"web-1"}, Paths: []string{"/etc/nginx/**"}, Count: 1, From: 1, Until: 100})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func open(t *testing.T, state string) (k *Keeper, stop func()) {
	t.Helper()
	k, err := Open(state)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- k.Serve(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return k, stop
}

type presenter struct {
	*exec.Cmd
	said Presented
	line string
	end  func()
}

func presents(t *testing.T, state, text string, env ...string) *presenter {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append([]string{"ATTESTA_TEST_PRESENT=" + state, "ATTESTA_TEST_TOKEN=" + text}, env...)...)
	return start(t, cmd)
}

func start(t *testing.T, cmd *exec.Cmd) *presenter {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &presenter{Cmd: cmd}
	p.end = func() {
		_ = in.Close()
		_ = cmd.Wait() // ended once already, perhaps
	}
	t.Cleanup(p.end)
	buf := make([]byte, 16<<10)
	n, err := out.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	p.line = strings.TrimSpace(string(buf[:n]))
	if strings.HasPrefix(p.line, "{") {
		if err := json.Unmarshal(buf[:n], &p.said); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestClaims(t *testing.T) {
	state := t.TempDir()
	k, stop := open(t, state)
	text := token(t)
	p := presents(t, state, text)
	if p.said.PID != int32(p.Process.Pid) || p.said.Exe == "" || p.said.Started.After(time.Now()) || time.Since(p.said.Started) > time.Minute {
		t.Fatalf("%s", p.line)
	}
	at := time.Now()
	writer := wire.Process{PID: 5000, Started: at, Parents: []wire.ParentProcess{{PID: 4000, Started: at}, {PID: p.said.PID, Started: p.said.Started.Add(20 * time.Millisecond)}, {PID: 1}}}
	with := func(edit func(*wire.FileChange)) *wire.FileChange {
		w := writer
		c := &wire.FileChange{Path: "/etc/nginx/x", Time: time.Now(), Who: &w}
		if edit != nil {
			edit(c)
		}
		return c
	}
	ended := func() time.Time { return time.Now().Add(time.Hour) }
	all := map[string]struct {
		edit func(*wire.FileChange)
		want int
	}{
		"a process below": {nil, 1},
		"itself":          {func(c *wire.FileChange) { c.Who = &wire.Process{PID: p.said.PID, Started: p.said.Started} }, 1},
		"nobody":          {func(c *wire.FileChange) { c.Who = nil }, 0},
		"another above":   {func(c *wire.FileChange) { c.Who.Parents = c.Who.Parents[:1] }, 0},
		"number used again": {func(c *wire.FileChange) {
			c.Who = &wire.Process{PID: p.said.PID, Started: p.said.Started.Add(time.Second)}
		}, 0},
		"start is not known": {func(c *wire.FileChange) { c.Who = &wire.Process{PID: p.said.PID} }, 0},
		"before":             {func(c *wire.FileChange) { c.Time = p.said.At.Add(-time.Millisecond) }, 0},
		"another hand in it": {func(c *wire.FileChange) { c.Others = []wire.Process{{PID: 77, Started: at}} }, 0},
		"two hands below":    {func(c *wire.FileChange) { c.Others = []wire.Process{writer} }, 1},
	}
	for name, tc := range all {
		if got := k.Claims(with(tc.edit)); len(got) != tc.want || tc.want == 1 && (got[0].Token != text || got[0].PID != p.said.PID || got[0].Presented.IsZero()) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// Presented twice is once.
	if again := presents(t, state, text, "ATTESTA_TEST_WHOM=parent"); again.said.PID != int32(os.Getpid()) {
		t.Errorf("%s", again.line)
	}
	// An agent that is started again knows it still, and of nothing that has ended.
	stop()
	k, stop = open(t, state)
	if got := k.Claims(with(nil)); len(got) != 1 {
		t.Fatalf("forgotten: %+v", got)
	}
	p.end()
	deadline := time.Now().Add(10 * time.Second)
	for {
		k.mu.Lock()
		over := !k.held[0].Ended.IsZero()
		k.mu.Unlock()
		if over {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("its end is not seen")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := k.Claims(with(func(c *wire.FileChange) { c.Time = ended() })); len(got) != 0 {
		t.Errorf("after its end: %+v", got)
	}
	if got := k.Claims(with(func(c *wire.FileChange) { c.Time = at })); len(got) != 1 {
		t.Errorf("what it did before its end: %+v", got)
	}
	stop()
	k, _ = open(t, state)
	if got := k.Claims(with(func(c *wire.FileChange) { c.Time = at })); len(got) != 0 {
		t.Errorf("of one that ended: %+v", got)
	}
}

func TestRefused(t *testing.T) {
	state := t.TempDir()
	k, _ := open(t, state)
	text := token(t)
	if st, err := os.Stat(filepath.Join(state, socketName)); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	if p := presents(t, state, "act1.x.y"); !strings.HasPrefix(p.line, "refused: refused") {
		t.Error(p.line)
	}
	// One that was left by whoever started it would present for the first process.
	sh := exec.Command("sh", "-c", `"$0" <&3 & wait_for_nothing=1`, os.Args[0])
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	sh.ExtraFiles = []*os.File{r}
	sh.Env = append(os.Environ(), "ATTESTA_TEST_PRESENT="+state, "ATTESTA_TEST_TOKEN="+text, "ATTESTA_TEST_WHOM=parent", "ATTESTA_TEST_ORPHAN=1")
	if p := start(t, sh); !strings.Contains(p.line, "first process") {
		t.Error(p.line)
	}
	for _, line := range []string{"", "{}\n", "nonsense\n", `{"token":"x","more":1}` + "\n", strings.Repeat("x", 3*maxMessage)} {
		c, err := net.Dial("unix", filepath.Join(state, socketName))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte(line))
		_ = c.(*net.UnixConn).CloseWrite()
		buf := make([]byte, 1000)
		if n, err := c.Read(buf); err == nil && !strings.Contains(string(buf[:n]), "refused") {
			t.Errorf("%.20q: %q, %v", line, buf[:n], err)
		}
		_ = c.Close()
	}
	if len(k.held) != 0 {
		t.Errorf("%+v", k.held)
	}
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: another user needs root")
	}
	// Another user, where the rights of the files are wrong as well.
	for p := state; p != "/tmp" && p != "/"; p = filepath.Dir(p) {
		if err := os.Chmod(p, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for mode, want := range map[os.FileMode]string{0o600: "forbidden", 0o666: "only root presents"} {
		if err := os.Chmod(filepath.Join(state, socketName), mode); err != nil {
			t.Fatal(err)
		}
		failed := make(chan error)
		go func() {
			runtime.LockOSThread() // and never given back: the thread ends with its user
			if _, _, no := syscall.RawSyscall(syscall.SYS_SETRESUID, 65534, 65534, 65534); no != 0 {
				failed <- no
				return
			}
			_, err := Present(state, text, This)
			failed <- err
		}()
		if err := <-failed; err == nil || !strings.Contains(string(fault.KindOf(err))+" "+err.Error(), want) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if len(k.held) != 0 {
		t.Errorf("%+v", k.held)
	}
}

func TestDamagedFile(t *testing.T) {
	state := t.TempDir()
	if err := os.WriteFile(filepath.Join(state, keptName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(state); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), keptName) {
		t.Errorf("%v", err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	_, ticks, err := stat(int32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	kept := func(boot string, ticks uint64) int {
		b, err := json.Marshal(keptFile{boot, []Presented{{PID: int32(os.Getpid()), Ticks: ticks}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(state, keptName), b, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := Open(state)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.listener.Close(); err != nil {
			t.Fatal(err)
		}
		return len(k.held)
	}
	this := strings.TrimSpace(string(boot))
	if a, b, c := kept(this, ticks), kept(this, ticks+1), kept("another", ticks); a != 1 || b != 0 || c != 0 {
		t.Errorf("%d %d %d", a, b, c)
	}
	if _, _, err := stat(int32(1 << 30)); err == nil {
		t.Error("a process that is none: " + strconv.Itoa(1<<30))
	}
}
