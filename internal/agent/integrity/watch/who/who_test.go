package who

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func message(what uint32, words ...uint32) []byte {
	body := binary.NativeEndian.AppendUint32(nil, what)
	body = binary.NativeEndian.AppendUint32(body, 0)
	body = binary.NativeEndian.AppendUint64(body, 12345)
	for _, w := range words {
		body = binary.NativeEndian.AppendUint32(body, w)
	}
	m := binary.NativeEndian.AppendUint32(nil, uint32(nlHeader+cnHeader+len(body)))
	m = binary.NativeEndian.AppendUint16(m, unix.NLMSG_DONE)
	m = append(m, make([]byte, 10)...)
	m = binary.NativeEndian.AppendUint32(m, cnIdxProc)
	m = binary.NativeEndian.AppendUint32(m, cnValProc)
	m = append(m, make([]byte, 8)...)
	m = binary.NativeEndian.AppendUint16(m, uint16(len(body)))
	m = append(m, 0, 0)
	return append(m, body...)
}

func TestParseConnector(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
		want procEvent
	}{
		{"fork", message(procFork, 10, 11, 20, 21), procEvent{what: procFork, parent: 11, thread: 20, pid: 21, sinceRun: 12345}},
		{"exec", message(procExec, 20, 21), procEvent{what: procExec, thread: 20, pid: 21, sinceRun: 12345}},
		{"uid", message(procUID, 20, 21, 1000, 0), procEvent{what: procUID, thread: 20, pid: 21, uid: 0, sinceRun: 12345}},
		{"exit", message(procExit, 20, 21, 0, 17), procEvent{what: procExit, thread: 20, pid: 21, sinceRun: 12345}},
	} {
		var got []procEvent
		if err := parseConnector(c.b, func(e procEvent) { got = append(got, e) }); err != nil || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		for cut := 1; cut < len(c.b); cut++ {
			if err := parseConnector(c.b[:cut], func(procEvent) {}); err == nil {
				t.Errorf("%s cut at %d is taken", c.name, cut)
			}
		}
	}
}

// The filter drops threads and what is not listened to, and nothing else.
func TestFilter(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	if err := attach(fds[1]); err != nil {
		t.Fatal(err)
	}
	const name, trace, gid = 0x200, 0x100, 0x40
	for _, c := range []struct {
		what  string
		b     []byte
		wants bool
	}{
		{"fork", message(procFork, 10, 11, 21, 21), true},
		{"thread", message(procFork, 10, 11, 20, 21), false},
		{"exec", message(procExec, 20, 21), true},
		{"user", message(procUID, 20, 21, 1000, 0), true},
		{"group", message(gid, 21, 21, 1000, 0), false},
		{"session", message(procSID, 20, 21), true},
		{"trace", message(trace, 21, 21, 7, 7), false},
		{"name", message(name, 21, 21, 1, 2, 3, 4), false},
		{"end", message(procExit, 21, 21, 0, 17), true},
		{"end of a thread", message(procExit, 20, 21, 0, 17), false},
		{"nothing", message(0, 0), false},
	} {
		// A filter that says no makes sending fail or the message vanish.
		if err := unix.Sendto(fds[0], c.b, 0, nil); err != nil && (c.wants || err != unix.EPERM) {
			t.Errorf("%s: %v", c.what, err)
		}
		n, _, err := unix.Recvfrom(fds[1], make([]byte, 1024), 0)
		if got := err == nil && n == len(c.b); got != c.wants {
			t.Errorf("%s passes: %v (%d of %d bytes, %v)", c.what, got, n, len(c.b), err)
		}
	}
}

func FuzzConnector(f *testing.F) {
	f.Add(message(procFork, 10, 11, 20, 21))
	f.Add(append(message(procExec, 20, 21), message(procExit, 20, 21, 0, 17)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		err := parseConnector(b, func(procEvent) { n++ })
		if n*(nlHeader+cnHeader+16) > len(b) {
			t.Errorf("%d messages in %d bytes, %v", n, len(b), err)
		}
	})
}

func FuzzStat(f *testing.F) {
	f.Add([]byte("42 (a b) c) S 1 2 3 34816 0 0 0 0 0 0 0 0 0 0 0 0 0 0 777 0 0"))
	f.Add([]byte("1 (x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := parseStat(b); err != nil && s != (stat{}) {
			t.Errorf("%+v with %v", s, err)
		}
	})
}

func TestParseStat(t *testing.T) {
	s, err := parseStat([]byte("42 (a b) c) S 1 2 3 34817 0 0 0 0 0 0 0 0 0 0 0 0 0 0 777 0 0\n"))
	if err != nil || s != (stat{ppid: 1, session: 3, tty: 34817, start: 777}) {
		t.Errorf("%+v, %v", s, err)
	}
	own, err := readStat(int32(os.Getpid()))
	if err != nil || own.ppid != int32(os.Getppid()) || own.start == 0 {
		t.Errorf("%+v, %v", own, err)
	}
	if born := bootTime().Add(ticks(own.start)); time.Since(born) < 0 || time.Since(born) > time.Hour {
		t.Errorf("this process began %v ago", time.Since(born))
	}
}

func TestNames(t *testing.T) {
	for nr, want := range map[int]string{0: "", 34816: "pts/0", 34818: "pts/2", 1025: "tty1", 1088: "ttyS0"} {
		if got := ttyName(nr); got != want {
			t.Errorf("%d: %q", nr, got)
		}
	}
	id := strings.Repeat("0a", 32)
	for text, want := range map[string]string{
		"0::/system.slice/ssh.service\n":                       "/system.slice/ssh.service",
		"1:name=systemd:/docker/" + id + "\n0::/\n":            "/docker/" + id,
		"0::/kubepods.slice/cri-containerd-" + id + ".scope\n": "/kubepods.slice/cri-containerd-" + id + ".scope",
		"4:cpu:/a\n0::/\n":                                     "/a",
		"0::/\n":                                               "/",
		"not a line":                                           "",
	} {
		if got := parseCgroup(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := containerOf("/kubepods.slice/cri-containerd-" + id + ".scope"); got != id {
		t.Errorf("container %q", got)
	}
	if got := containerOf("/user.slice/" + id + "0a"); got != "" {
		t.Errorf("66 digits are container %q", got)
	}
}

// table without the kernel's word.
func table() *Table {
	return &Table{programs: newPrograms(), live: map[int32]*process{}, dead: map[int32][]*process{}, open: map[int32]opened{}}
}

func at(ms int) time.Time {
	return time.Unix(1_700_000_000, 0).Add(time.Duration(ms) * time.Millisecond)
}

// A number is no identity: who had it is told only where that is certain.
func TestNumbersThatAreUsedAgain(t *testing.T) {
	tb := table()
	defer tb.Close()
	const pid = 1 << 30 // nothing has it
	p := func(exe string, from, to int) *process {
		return &process{pid: pid, exe: exe, born: at(from), died: at(to), hasUID: true}
	}
	tb.dead[pid] = []*process{p("/bin/first", 0, 1000), p("/bin/second", 60_000, 60_010)}
	for _, c := range []struct {
		at       int
		exe, why string
	}{
		{500, "/bin/first", ""}, {1500, "/bin/first", ""}, {10_000, "", ended}, {60_005, "/bin/second", ""}, {60_500, "/bin/second", ""}, {90_000, "", ended},
	} {
		if w := tb.Resolve(pid, at(c.at)); w.Exe != c.exe || c.why != "" && w.Unknown["process"] != c.why {
			t.Errorf("at %d: %+v", c.at, w)
		}
	}
	tb.dead[pid] = []*process{p("/bin/first", 0, 1000), p("/bin/second", 1200, 1300)}
	if w := tb.Resolve(pid, at(1250)); w.Exe != "" || !strings.Contains(w.Unknown["process"], "used again") {
		t.Errorf("two within a moment: %+v", w)
	}
	// One process as one program after the other.
	one, two := p("/bin/sh", 0, 100), p("/bin/touch", 0, 200)
	two.since = at(100)
	tb.dead[pid] = []*process{one, two}
	for ms, exe := range map[int]string{50: "/bin/sh", 150: "/bin/touch", 300: "/bin/touch"} {
		if w := tb.Resolve(pid, at(ms)); w.Exe != exe {
			t.Errorf("at %d: %+v", ms, w)
		}
	}
	if w := tb.Resolve(pid, at(102)); w.Before != "/bin/sh" {
		t.Errorf("shortly after it became another program: %+v", w)
	}
	if w := tb.Resolve(0, at(0)); w.Unknown["process"] == "" {
		t.Errorf("no number: %+v", w)
	}
}

// What is inherited is known of a process that was never seen running.
func TestForkAndExec(t *testing.T) {
	tb := table()
	defer tb.Close()
	tb.modes = []string{"proc connector"}
	const shell, child = 1<<30 + 1, 1<<30 + 2
	tb.live[shell] = &process{pid: shell, exe: "/bin/sh", born: at(0), uid: 1000, hasUID: true, login: 1000, hasLogin: true, tty: "pts/3", cgroup: "/user.slice"}
	tb.fork(shell, child, at(100))
	w := tb.Resolve(child, at(101))
	if w.Exe != "/bin/sh" || *w.UID != 1000 || w.Terminal != "pts/3" || len(w.Parents) != 1 || w.Parents[0].PID != shell {
		t.Errorf("after the fork: %+v", w)
	}
	tb.exec(child, at(110))
	if w = tb.Resolve(child, at(120)); w.Exe != "" || w.Unknown["exe"] != ended || *w.UID != 1000 {
		t.Errorf("the program is not known: %+v", w)
	}
	tb.opens(child, "/lib64/ld-linux-x86-64.so.2", nil, at(111))
	tb.opens(child, "/usr/bin/touch", nil, at(111))
	tb.becomes(child, 0)
	if w = tb.Resolve(child, at(120)); w.Exe != "/usr/bin/touch" || *w.UID != 0 || *w.LoginUID != 1000 {
		t.Errorf("as it was opened: %+v", w)
	}
	tb.exit(child, at(130))
	if w = tb.Resolve(child, at(131)); w.Exe != "/usr/bin/touch" || len(w.Parents) != 1 {
		t.Errorf("after its end: %+v", w)
	}
	tb.exit(shell, at(31_000_000))
	if len(tb.dead[child]) != 0 || len(tb.ended) != 1 {
		t.Errorf("what ended long ago is kept: %v", tb.dead[child])
	}
}

// The digest is of what ran, also when the file is gone or another.
func TestProgram(t *testing.T) {
	ps := newPrograms()
	defer ps.close()
	path := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(path, []byte("one"), 0o755); err != nil {
		t.Fatal(err)
	}
	p := ps.at(path)
	if p == nil || ps.at(path) != p {
		t.Fatal("one file is two programs")
	}
	if err := os.WriteFile(path+"2", []byte("two"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"2", path); err != nil {
		t.Fatal(err)
	}
	if d, why := p.sum(); d != "" && d != "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed" || d == "" && why == "" {
		t.Errorf("%q %q", d, why)
	}
	q := ps.at(path)
	q.letGo()
	if d, _ := q.sum(); d != "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3" {
		t.Errorf("%q", d)
	}
	if ps.at(t.TempDir()) != nil || ps.at(path+"3") != nil {
		t.Error("a directory, or nothing, is a program")
	}
}

func TestSelf(t *testing.T) {
	tb := Open()
	defer tb.Close()
	cmd := exec.Command("sleep", "5")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	pid := int32(cmd.Process.Pid)
	tb.Note(pid, -1, time.Now())
	var w Who
	for range 100 {
		if w = tb.Resolve(pid, time.Now()); filepath.Base(w.Exe) == "sleep" || filepath.Base(w.Exe) == "coreutils" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if w.UID == nil || *w.UID != uint32(os.Geteuid()) || len(w.Parents) == 0 || w.Parents[0].PID != int32(os.Getpid()) || w.Started == nil {
		t.Errorf("%+v (%v)", w, tb.Modes())
	}
}
