// Package daemon finds a service's processes on the running host, and what
// readers of several services need: who a process runs as, which files were
// changed after it started, what a list of ciphers stands for.
//
// Serves B13. Invariants: processes in containers (of another process namespace)
// are left out, since their files are not this host's; nothing is sent to any
// process.
//
// Floor: edges, below agent/collect. Imports tree and command.
package daemon

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/command"
	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// Process is one process of a service.
type Process struct {
	PID, Parent int
	Args        []string // its command line, or the title it gave itself in the first
	UID         uint32
	Started     time.Time
}

// Find gives the processes of a name, by number. Of a tree it gives none.
func Find(root tree.Root, name string) ([]Process, error) {
	if !root.Live() {
		return nil, nil
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	boot, err := bootTime()
	if err != nil {
		return nil, err
	}
	var all []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		p, ok := look(pid, name, boot)
		if ok {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b Process) int { return a.PID - b.PID })
	return all, nil
}

// look reads one process; not ok when it has another name, ended meanwhile, or is
// in a container.
func look(pid int, name string, boot time.Time) (Process, bool) {
	dir := path.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return Process{}, false
	}
	comm, parent, ticks, ok := parseStat(string(stat))
	if !ok || comm != name {
		return Process{}, false
	}
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return Process{}, false
	}
	uid, nested, ok := parseStatus(string(status))
	if !ok || nested {
		return Process{}, false
	}
	line, err := os.ReadFile(dir + "/cmdline")
	if err != nil || len(line) == 0 { // a zombie
		return Process{}, false
	}
	return Process{PID: pid, Parent: parent, UID: uid, Started: boot.Add(time.Duration(ticks) * time.Second / ticksPerSecond),
		Args: strings.Split(strings.TrimRight(tree.Clean(string(line)), "\x00 "), "\x00")}, true
}

// ticksPerSecond is USER_HZ, which is 100 on every machine that Linux shows to
// programs.
const ticksPerSecond = 100

// parseStat reads /proc/PID/stat; the name stands in brackets and may hold
// anything.
func parseStat(text string) (comm string, parent int, ticks int64, ok bool) {
	from, to := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if from < 0 || to < from {
		return "", 0, 0, false
	}
	f := strings.Fields(text[to+1:])
	if len(f) < 20 {
		return "", 0, 0, false
	}
	parent, err := strconv.Atoi(f[1])
	if err != nil {
		return "", 0, 0, false
	}
	ticks, err = strconv.ParseInt(f[19], 10, 64)
	return text[from+1 : to], parent, ticks, err == nil && ticks >= 0 && ticks < 1<<40
}

// parseStatus reads the user of /proc/PID/status, and whether the process has a
// number in another process namespace as well.
func parseStatus(text string) (uid uint32, nested, ok bool) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		f := strings.Fields(value)
		switch {
		case key == "Uid" && len(f) > 1: // real, effective
			n, err := strconv.ParseUint(f[1], 10, 32)
			uid, ok = uint32(n), err == nil
		case key == "NSpid":
			nested = len(f) > 1
		}
	}
	return uid, nested, ok
}

func bootTime() (time.Time, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "btime "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return time.Unix(n, 0), err
		}
	}
	return time.Time{}, fmt.Errorf("/proc/stat has no btime")
}

// grace is what the start of a process and the time of a file may differ by
// without saying anything: the first is counted from a boot in whole seconds.
const grace = 2 * time.Second

// Stale gives the files that were changed after a moment.
func Stale(root tree.Root, files []string, started time.Time) ([]string, error) {
	out := []string{}
	for _, f := range files {
		st, err := root.Stat(f)
		if err != nil {
			return nil, err
		}
		if st.ModTime().After(started.Add(grace)) {
			out = append(out, f)
		}
	}
	return out, nil
}

// User gives the name of an account of the host, or its number.
func User(root tree.Root, uid uint32) string {
	number := strconv.FormatUint(uint64(uid), 10)
	name := ""
	err := root.Lines("/etc/passwd", func(_ int, line string) error {
		if f := strings.Split(line, ":"); len(f) > 2 && f[2] == number && name == "" {
			name = f[0]
		}
		return nil
	})
	if err != nil || name == "" {
		return number
	}
	return name
}

// Secretive reports whether words may repeat a secret of a configuration.
func Secretive(words string) bool {
	words = strings.ToLower(words)
	return slices.ContainsFunc([]string{"pass", "auth", "user", "secret", "token", "cookie", "credential", "setenv"}, func(s string) bool { return strings.Contains(words, s) })
}

// Local reports whether an address of a listener or server is this host's alone.
func Local(address string) bool {
	a := strings.Trim(strings.ToLower(address), "[]")
	return a == "localhost" || a == "::1" || strings.HasPrefix(a, "127.") || strings.HasPrefix(a, "/") || strings.HasPrefix(a, "unix:") || strings.HasPrefix(a, "unix@") ||
		strings.HasPrefix(a, "abns@") || strings.HasPrefix(a, "fd@") || strings.HasPrefix(a, "sockpair@") || strings.HasPrefix(a, "::ffff:127.")
}

// Ciphers spells out lists of ciphers.
type Ciphers struct {
	root tree.Root
	have map[string]suites
}

type suites struct {
	names []string
	err   error
}

// NewCiphers asks openssl of a host for what lists stand for.
func NewCiphers(root tree.Root) *Ciphers { return &Ciphers{root: root, have: map[string]suites{}} }

// List gives the suites that a list stands for, up to TLS 1.2; the empty list is
// the default of the library.
func (c *Ciphers) List(ctx context.Context, list string) ([]string, error) {
	if s, ok := c.have[list]; ok {
		return s.names, s.err
	}
	var s suites
	s.names, s.err = c.ask(ctx, list)
	c.have[list] = s
	return s.names, s.err
}

// ErrNoOpenSSL says that the host cannot tell what a list of ciphers stands for.
var ErrNoOpenSSL = fmt.Errorf("openssl, which knows what a list of ciphers stands for, is not installed")

func (c *Ciphers) ask(ctx context.Context, list string) ([]string, error) {
	if !c.root.Live() {
		return nil, fmt.Errorf("%s", tree.NotLive)
	}
	program, ok := command.Find("openssl")
	if !ok {
		return nil, ErrNoOpenSSL
	}
	args := []string{"ciphers", "-s", "-tls1_2"}
	if list != "" {
		if strings.HasPrefix(list, "-") || len(list) > 8_000 {
			return nil, fmt.Errorf("the list of ciphers %.40q is none", list)
		}
		args = append(args, list)
	}
	out, err := command.Run(ctx, program, args...)
	if err != nil {
		return nil, err
	}
	names := strings.FieldsFunc(strings.TrimSpace(tree.Clean(string(out))), func(r rune) bool { return r == ':' })
	slices.Sort(names)
	return slices.Compact(names), nil
}
