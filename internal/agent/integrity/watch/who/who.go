// Package who tells which process, program, user, session and container stood
// behind a process number at a moment, also when the process has ended.
//
// Serves C7.1c. Invariants: nothing is known by a process number alone: a
// process is a number and a start, and where a number was used again it is
// said that who it was is not known. What is not known is in Unknown with a
// reason, never guessed. What was learned of a process outlives it for Keep.
//
// Floor: edges, below agent/integrity/watch. Imports watch/kernel.
package who

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/watch/kernel"
)

// Who is what is known of who did something.
type Who struct {
	PID       int32             `json:"pid,omitempty"`
	Started   *time.Time        `json:"started,omitempty"` // of the process
	UID       *uint32           `json:"uid,omitempty"`     // effective
	User      string            `json:"user,omitempty"`
	LoginUID  *uint32           `json:"login_uid,omitempty"` // who logged in, whatever they became since; absent for a service
	LoginUser string            `json:"login_user,omitempty"`
	Exe       string            `json:"exe,omitempty"`
	Digest    string            `json:"exe_sha256,omitempty"`
	Before    string            `json:"exe_before,omitempty"` // what it had been until a few milliseconds before: that may have done it too
	Parents   []Parent          `json:"parents,omitempty"`    // the nearest first, sixteen at most
	Cgroup    string            `json:"cgroup,omitempty"`
	Container string            `json:"container,omitempty"`
	Terminal  string            `json:"terminal,omitempty"`
	SSH       string            `json:"ssh,omitempty"`  // address and port there, address and port here
	Sudo      string            `json:"sudo,omitempty"` // the command line that gave the rights
	Unknown   map[string]string `json:"unknown,omitempty"`
}

// Parent is one step up the chain.
type Parent struct {
	PID     int32     `json:"pid"`
	Exe     string    `json:"exe,omitempty"`
	Started time.Time `json:"started,omitzero"`
}

// Known reports whether the program and the user are known.
func (w *Who) Known() bool { return w.Exe != "" && w.UID != nil }

// Nobody says that it is not known at all, and why.
func Nobody(why string) Who { return Who{Unknown: map[string]string{"process": why}} }

const (
	// Keep is how long an ended process is remembered.
	Keep = 30 * time.Second
	// maxKept is how many processes, running or not, are remembered.
	maxKept    = 1 << 16
	maxParents = 16
	// fresh is how old what /proc said of a running process may be.
	fresh = time.Second
	// blurred is how long an event may have waited before it was read.
	blurred = 5*time.Millisecond + kernel.Pause
	// coarse is how far apart two accounts of one start may lie: the kernel counts
	// ticks of 10 ms there.
	coarse = 25 * time.Millisecond
)

// Table knows processes.
type Table struct {
	programs *programs
	sources  []closer
	modes    []string

	mu    sync.Mutex
	live  map[int32]*process
	dead  map[int32][]*process // by number, the last to end last
	ended []*process           // in the order in which they ended
	open  map[int32]opened     // the last program opened to be run
	lost  int64                // messages of the kernel
	users map[uint32]string
	usersAt,
	usersMod time.Time
}

// opened is a program that a process was about to become.
type opened struct {
	path string
	file *program
	at   time.Time
}

type closer interface{ close() }

const byConnector = "proc connector"

// Open begins to watch processes. What cannot be had is said in Modes.
func Open() *Table {
	t := &Table{programs: newPrograms(), live: map[int32]*process{}, dead: map[int32][]*process{}, open: map[int32]opened{}}
	if c, err := openConnector(t); err != nil {
		t.modes = append(t.modes, "no word of processes that begin and end: "+err.Error()+"; short-lived ones may stay unknown")
	} else {
		t.sources, t.modes = append(t.sources, c), append(t.modes, byConnector)
	}
	if x, err := openExecs(t); err != nil {
		t.modes = append(t.modes, "no word of programs that are run: "+err.Error())
	} else {
		t.sources, t.modes = append(t.sources, x), append(t.modes, "fanotify on programs that are run")
	}
	t.scan()
	return t
}

// Modes says what the table learns from.
func (t *Table) Modes() []string { return t.modes }

// Lost is how many messages of the kernel about processes were lost.
func (t *Table) Lost() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lost
}

// Close ends it.
func (t *Table) Close() {
	for _, s := range t.sources {
		s.close()
	}
	t.programs.close()
}

// scan reads what runs now.
func (t *Table) scan() {
	dir, err := os.Open("/proc")
	if err != nil {
		return // each process then says why it is not known
	}
	defer dir.Close() // for reading
	names, _ := dir.Readdirnames(-1)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range names {
		if pid, err := strconv.ParseInt(n, 10, 32); err == nil {
			t.capture(int32(pid), time.Now())
		}
	}
	for _, p := range t.live {
		if p.parent == nil {
			p.parent = t.live[p.ppid]
		}
	}
}

// Note is told that a process did something just now, so that it is looked at
// while it runs. pidfd is its descriptor, or negative.
func (t *Table) Note(pid, pidfd int32, at time.Time) {
	if pid <= 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.live[pid]
	if p != nil && t.Watched() && (p.exe != "" || p.noExe != "") {
		return // the kernel tells what becomes of it
	}
	if !t.Watched() {
		t.sweep(at)
	}
	if p != nil {
		switch st, err := readStat(pid); {
		case err != nil && at.Sub(p.read) < fresh:
			t.end(p, at) // it ran a moment ago, so it was this one
			return
		case err != nil:
			t.end(p, p.read)
			return
		case st.start == p.start && at.Sub(p.read) < fresh:
			return
		}
	}
	before := p
	p = t.capture(pid, at)
	// What was read belongs to it only if it had not ended meanwhile.
	if p != nil && p != before && pidfd >= 0 && unix.PidfdSendSignal(int(pidfd), 0, nil, 0) != nil {
		delete(t.live, pid)
	}
	if len(t.live) > maxKept/2 {
		t.prune(at)
	}
}

// Watched reports whether the kernel tells of every process that begins, so that none
// has to be looked at when it does something.
func (t *Table) Watched() bool { return len(t.modes) > 0 && t.modes[0] == byConnector }

// prune ends what does not run any more and was not told of. The lock is held.
func (t *Table) prune(at time.Time) {
	for _, p := range t.live {
		if st, err := readStat(p.pid); err != nil || p.start != 0 && st.start != p.start {
			t.end(p, at)
		}
	}
}

// capture reads a running process from /proc. The lock is held.
func (t *Table) capture(pid int32, at time.Time) *process { return t.look(pid, at, false) }

// look is the same; what was told of its user holds where told says so, which saves
// the dearest file.
func (t *Table) look(pid int32, at time.Time, told bool) *process {
	st, err := readStat(pid)
	if err != nil {
		return nil
	}
	p := t.live[pid]
	if p != nil && p.start != 0 && p.start != st.start {
		t.end(p, at) // the number is used again
		p = nil
	}
	if p == nil {
		born := bootTime().Add(ticks(st.start))
		if list := t.dead[pid]; len(list) > 0 {
			// Ended, and not waited for yet by its parent: it is still listed.
			if d := list[len(list)-1]; d.start == st.start || d.start == 0 && d.born.Sub(born).Abs() < coarse {
				return nil
			}
		}
		p = &process{pid: pid, born: born}
		if len(t.live) < maxKept {
			t.live[pid] = p
		}
	}
	p.start, p.ppid, p.read = st.start, st.ppid, at
	if p.parent == nil {
		p.parent = t.live[st.ppid]
	}
	if p.session != st.session {
		p.session, p.ssh, p.sshRead = st.session, "", false
	}
	p.tty = ttyName(st.tty)
	if !st.zombie {
		t.program(p)
	}
	if !p.hasUID || !told {
		if uid, ok := uidOf(pid); ok {
			p.uid, p.hasUID = uid, true
		}
	}
	if uid, ok := loginOf(pid); ok {
		p.login, p.hasLogin = uid, true
	}
	if c := cgroupOf(pid); c != "" {
		p.cgroup = c
	}
	if elevates(p.exe) && p.sudo == "" {
		p.sudo = commandOf(pid)
	}
	return p
}

// program reads which program a running process is.
func (t *Table) program(p *process) {
	link := "/proc/" + strconv.Itoa(int(p.pid)) + "/exe"
	exe, err := os.Readlink(link)
	if err != nil {
		if p.exe == "" && p.noExe == "" {
			p.noExe = "a thread of the kernel, or not to be read: " + reason(err)
		}
		return
	}
	p.exe, p.noExe, p.opened = strings.TrimSuffix(exe, " (deleted)"), "", false
	p.file = t.programs.at(link)
}

func reason(err error) string {
	if pe, ok := err.(*os.PathError); ok {
		err = pe.Err
	}
	return err.Error()
}

// fork is told by the kernel.
func (t *Table) fork(parent, child int32, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.live[child]; old != nil {
		if old.born.After(at.Add(-coarse)) {
			return // it was looked at already
		}
		t.end(old, at)
	}
	if len(t.live) >= maxKept {
		t.lost++
		return
	}
	c := &process{pid: child, ppid: parent, born: at}
	if p := t.live[parent]; p != nil {
		born := c.born
		*c = *p
		c.pid, c.ppid, c.start, c.born, c.parent, c.read, c.opened, c.since = child, parent, 0, born, p, time.Time{}, false, time.Time{}
	} else {
		c.noExe = "the process that started it was not known"
	}
	t.live[child] = c
}

// exec is told by the kernel, when a process has become another program.
func (t *Table) exec(pid int32, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.live[pid]; old != nil {
		// What it did before it did as another program.
		now := *old
		p := &now
		t.end(old, at)
		t.live[pid], p.since = p, at
		p.exe, p.file, p.sudo, p.noExe, p.opened = "", nil, "", ended, false
		if p.session == p.pid {
			p.sshRead = false // its environment is another now
		}
	}
	p := t.look(pid, at, true) // a program that gives another user says so before
	if p == nil {
		if p = t.live[pid]; p == nil {
			return
		}
	}
	if o, ok := t.open[pid]; ok && p.exe == "" {
		p.exe, p.file, p.noExe, p.opened = o.path, o.file, "", true
	}
	p.origin()
}

// origin reads once for a session where it came from.
func (p *process) origin() {
	if !p.sshRead && p.session != 0 {
		p.ssh, p.sshWhy = sshOf(p.session)
		p.sshRead = true
	}
}

// opens is told by fanotify that a process opened a program to become it.
func (t *Table) opens(pid int32, path string, file *program, at time.Time) {
	if path == "" || loader(path) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.open) >= maxKept {
		clear(t.open)
	}
	p := t.live[pid]
	if list := t.dead[pid]; p == nil && len(list) > 0 {
		p = list[len(list)-1]
	} else {
		t.open[pid] = opened{path, file, at} // of one that has ended, it would be told of the next that has its number
	}
	// The last one that was opened is the one that it became.
	if p != nil && (p.exe == "" && p.noExe == ended || p.opened) {
		p.exe, p.file, p.noExe, p.opened = path, file, "", true
	}
}

// loader reports whether a program is what loads others: each program with
// shared libraries opens it, and does not become it.
func loader(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	return strings.HasPrefix(name, "ld-") && strings.Contains(name, ".so") || strings.HasPrefix(name, "ld.so") || strings.HasPrefix(name, "ld64.so")
}

func (t *Table) becomes(pid int32, uid uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.live[pid]; p != nil {
		p.uid, p.hasUID = uid, true
	}
}

func (t *Table) leads(pid int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.live[pid]; p != nil {
		p.session, p.tty, p.read, p.ssh, p.sshRead = pid, "", time.Time{}, "", false
	}
}

func (t *Table) exit(pid int32, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.live[pid]; p != nil {
		t.end(p, at)
	}
	delete(t.open, pid)
	t.sweep(at)
}

// end remembers a process that is no more. The lock is held.
func (t *Table) end(p *process, at time.Time) {
	p.died = at
	delete(t.live, p.pid)
	t.dead[p.pid] = append(t.dead[p.pid], p)
	t.ended = append(t.ended, p)
}

// sweep forgets who ended long ago. The lock is held.
func (t *Table) sweep(at time.Time) {
	n := 0
	for n < len(t.ended) && (at.Sub(t.ended[n].died) > Keep || len(t.ended)-n > maxKept) {
		p := t.ended[n]
		p.parent = nil // so that chains do not grow for ever
		list := t.dead[p.pid]
		if list = list[1:]; len(list) == 0 {
			delete(t.dead, p.pid)
		} else {
			t.dead[p.pid] = list
		}
		n++
	}
	if n > 0 {
		clear(t.ended[:n])
		t.ended = t.ended[n:]
	}
}

// missed is told that the kernel had more to say than was listened to.
func (t *Table) missed() {
	t.mu.Lock()
	t.lost++
	t.prune(time.Now())
	t.mu.Unlock()
	t.scan()
}

// Resolve tells who had a process number when something was done at a moment,
// which was seen at most moments later.
func (t *Table) Resolve(pid int32, at time.Time) Who {
	if pid <= 0 {
		return Nobody("the kernel did not say which process it was")
	}
	t.mu.Lock()
	p, why := t.find(pid, at)
	if p == nil {
		t.mu.Unlock()
		w := Nobody(why)
		w.PID = pid
		return w
	}
	if p.died.IsZero() && time.Since(p.read) > fresh {
		if st, err := readStat(pid); err == nil && (p.start == 0 || st.start == p.start) {
			t.capture(pid, time.Now())
		}
	}
	w := t.tell(p)
	if list := t.dead[pid]; !p.since.IsZero() && at.Sub(p.since) < blurred {
		for _, b := range list {
			if b.died.Equal(p.since) && b.exe != p.exe {
				w.Before = b.exe
			}
		}
	}
	file := p.file
	t.mu.Unlock()
	if file != nil {
		digest, why := file.sum()
		if w.Digest = digest; digest == "" {
			w.unknown("exe_sha256", why)
		}
	} else if w.Exe != "" {
		w.unknown("exe_sha256", ended)
	}
	return w
}

// find gives the process that had a number. The lock is held.
func (t *Table) find(pid int32, at time.Time) (*process, string) {
	var fit []*process
	for _, p := range t.dead[pid] {
		if !p.from().After(at) && p.died.Add(2*time.Second).After(at) {
			fit = append(fit, p)
		}
	}
	if p := t.live[pid]; p != nil && !p.from().After(at.Add(coarse)) {
		fit = append(fit, p)
	}
	if len(fit) == 0 {
		return nil, ended
	}
	last := fit[len(fit)-1]
	for _, p := range fit {
		if p.born.Sub(last.born).Abs() > coarse {
			return nil, "the process number was used again at that moment"
		}
	}
	for _, p := range fit { // one process, as one program after the other
		if p.died.After(at) {
			return p, ""
		}
	}
	return last, ""
}

// from is when it began, or became the program that it is.
func (p *process) from() time.Time {
	if p.since.IsZero() {
		return p.born
	}
	return p.since
}

// tell says what is known of a process. The lock is held.
func (t *Table) tell(p *process) Who {
	w := Who{PID: p.pid, Exe: p.exe, Cgroup: p.cgroup, Container: containerOf(p.cgroup), Terminal: p.tty}
	started := p.born.UTC().Truncate(time.Millisecond)
	w.Started = &started
	if w.Exe == "" {
		why := p.noExe
		if why == "" {
			why = ended
		}
		w.unknown("exe", why)
	}
	if p.hasUID {
		uid := p.uid
		w.UID, w.User = &uid, t.user(uid)
	} else {
		w.unknown("user", ended)
	}
	switch {
	case !p.hasLogin:
		w.unknown("login_user", "the kernel does not say who logged in, or the process had ended")
	case p.login != unset:
		uid := p.login
		w.LoginUID, w.LoginUser = &uid, t.user(uid)
	}
	if w.Cgroup == "" {
		w.unknown("cgroup", ended)
	}
	last := p
	for q := p.parent; q != nil && len(w.Parents) < maxParents && q.pid != 0; q = q.parent {
		last = q
		w.Parents = append(w.Parents, Parent{q.pid, q.exe, q.born.UTC().Truncate(time.Millisecond)})
		if w.Sudo == "" {
			w.Sudo = q.sudo
		}
	}
	if p.sudo != "" {
		w.Sudo = p.sudo
	}
	if last.ppid != 0 && len(w.Parents) < maxParents {
		w.unknown("parents", ended)
	}
	p.origin()
	if w.SSH = p.ssh; p.sshWhy != "" {
		w.unknown("ssh", p.sshWhy)
	}
	return w
}

func (w *Who) unknown(what, why string) {
	if w.Unknown == nil {
		w.Unknown = map[string]string{}
	}
	w.Unknown[what] = why
}

// user gives the name of a number from /etc/passwd, which is read again when it
// has changed. The lock is held.
func (t *Table) user(uid uint32) string {
	if now := time.Now(); now.Sub(t.usersAt) > time.Second {
		t.usersAt = now
		if st, err := os.Stat("/etc/passwd"); err == nil && !st.ModTime().Equal(t.usersMod) {
			t.usersMod = st.ModTime()
			t.users = readUsers()
		}
	}
	return t.users[uid]
}

func readUsers() map[uint32]string {
	out := map[uint32]string{}
	f, err := os.Open("/etc/passwd")
	if err != nil {
		return out // numbers are told all the same
	}
	defer f.Close() // for reading
	for s := bufio.NewScanner(f); s.Scan(); {
		parts := strings.SplitN(s.Text(), ":", 4)
		if len(parts) < 4 {
			continue
		}
		if uid, err := strconv.ParseUint(parts[2], 10, 32); err == nil {
			if _, ok := out[uint32(uid)]; !ok {
				out[uint32(uid)] = parts[0]
			}
		}
	}
	return out
}

// ticks are hundredths of a second on every Linux that Go runs on.
func ticks(n uint64) time.Duration { return time.Duration(n) * 10 * time.Millisecond }

// bootTime is when the monotonic clock that counts suspension began, by the
// clock of now.
func bootTime() time.Time {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return time.Now()
	}
	return time.Now().Add(-time.Duration(ts.Nano()))
}

func (p Parent) String() string { return fmt.Sprintf("%s[%d]", p.Exe, p.PID) }
