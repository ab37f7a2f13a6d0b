// Package processes reads which programs run: the file that each was started
// from, its digest, and who runs it.
//
// Serves C7.1b, B19 (CC6.8, CC7.1). Invariants: command lines and environments
// are never read; a digest is of the very file that runs, also when that was
// removed; a file is hashed once and again only when device, inode, size or
// times differ; what one reading hashes is bounded.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing.
package processes

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

const (
	// young processes come and go; what stays is what counts.
	young = 60 // seconds
	// hashAtOnce is what one reading hashes before it leaves the rest to the
	// next; a file that was begun is finished.
	hashAtOnce = 64 << 20 // bytes
	// tick is USER_HZ, which Linux tells programs is 100 everywhere that Go runs.
	tick = 100
)

// program is one group of processes.
type program struct {
	facts.Executable
	proc     string // /proc directory of one of its processes
	exeErr   error  // why the path could not be had
	id       file
	hasID    bool
	hashErr  error
	hashLate bool
}

// Read reads section processes.
func Read(ctx context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	names, err := root.Names("/proc")
	if tree.Gone(err) || err == nil && !slices.ContainsFunc(names, isPID) {
		gaps.NotObserved("/executables", "no processes are to be seen below /proc")
		return gaps.Section("processes", facts.Processes{})
	}
	if err != nil {
		gaps.Failed("/executables", err)
		return gaps.Section("processes", facts.Processes{})
	}
	uptime, err := uptime(root)
	if err != nil {
		gaps.Failed("/executables", err)
		return gaps.Section("processes", facts.Processes{})
	}
	users, err := userNames(root)
	if err != nil {
		gaps.Failed("/executables", err)
		return gaps.Section("processes", facts.Processes{})
	}
	groups := map[string]*program{}
	for _, name := range names {
		if ctx.Err() != nil {
			return facts.Section{}, ctx.Err()
		}
		if !isPID(name) {
			continue
		}
		p, err := look(root, path.Join("/proc", name), uptime)
		if errors.Is(err, errGone) {
			continue // ended meanwhile, young, or a thread of the kernel
		}
		if err != nil {
			gaps.Failed("/executables", err)
			return gaps.Section("processes", facts.Processes{})
		}
		p.User = users[p.UID]
		key := fmt.Sprintf("%s\x00%d\x00%s\x00%v\x00%v", deref(p.Path)+"\x00"+p.nameIfNoPath(), p.UID, p.Container, p.Deleted != nil && *p.Deleted, p.id)
		if known := groups[key]; known != nil {
			known.Count++
			if p.Name < known.Name { // threads and scripts rename themselves: one name, whichever comes first
				known.Name = p.Name
			}
			continue
		}
		p.Count = 1
		groups[key] = p
	}
	list := make([]*program, 0, len(groups))
	for _, p := range groups {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *program) int {
		return cmp.Or(cmp.Compare(deref(a.Path), deref(b.Path)), cmp.Compare(a.UID, b.UID), cmp.Compare(a.Container, b.Container),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.id.inode, b.id.inode))
	})
	if err := digests.of(ctx, root, list); err != nil {
		return facts.Section{}, err
	}
	v := facts.Processes{Executables: []facts.Executable{}}
	for _, p := range list {
		at := "/executables/" + strconv.Itoa(len(v.Executables))
		p.Count = roundUp(p.Count)
		switch {
		case p.exeErr != nil:
			gaps.Failed(at, p.exeErr)
		case p.hashErr != nil:
			gaps.Failed(at+"/sha256", p.hashErr)
		case p.hashLate:
			gaps.NotObserved(at+"/sha256", "not hashed yet: at most %d MB are hashed in one reading, the rest in the next ones", hashAtOnce>>20)
		}
		v.Executables = append(v.Executables, p.Executable)
	}
	return gaps.Section("processes", v)
}

func isPID(name string) bool { return name != "" && strings.Trim(name, "0123456789") == "" }

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (p *program) nameIfNoPath() string {
	if p.Path == nil {
		return p.Name
	}
	return ""
}

// roundUp gives the next power of two, so that one process more or less is no
// change.
func roundUp(n int64) int64 {
	p := int64(1)
	for p < n {
		p *= 2
	}
	return p
}

// errGone: there is nothing to say about this process.
var errGone = errors.New("gone")

func gone(err error) error {
	if tree.Gone(err) || errors.Is(err, syscall.ESRCH) {
		return errGone
	}
	return err
}

// look reads one process.
func look(root tree.Root, dir string, uptime float64) (*program, error) {
	p := &program{proc: dir}
	stat, err := root.Text(dir + "/stat")
	if err != nil {
		return nil, gone(err)
	}
	started, kernel, err := parseStat(stat)
	if err != nil {
		return nil, fmt.Errorf("%s/stat: %w", dir, err)
	}
	if kernel || uptime-started < young {
		return nil, errGone
	}
	status, err := root.Text(dir + "/status")
	if err != nil {
		return nil, gone(err)
	}
	if p.Name, p.UID, err = parseStatus(status); err != nil {
		return nil, fmt.Errorf("%s/status: %w", dir, err)
	}
	group, err := root.Text(dir + "/cgroup")
	if tree.IgnoreGone(err) != nil {
		return nil, gone(err)
	}
	p.Container = containerOf(group)
	exe, err := root.Readlink(dir + "/exe")
	switch {
	case errors.Is(err, fs.ErrPermission):
		p.exeErr = err
		return p, nil
	case err != nil:
		return nil, gone(err) // a zombie has none
	}
	exe = tree.Clean(exe)
	was, deleted := strings.CutSuffix(exe, " (deleted)")
	p.Path, p.Deleted = &was, &deleted
	st, err := root.Stat(dir + "/exe")
	if err != nil {
		if p.hashErr = err; gone(err) == errGone {
			p.hashErr = fmt.Errorf("%s is not there any more", was)
		}
		return p, nil
	}
	p.id, p.hasID = identify(st), true
	return p, nil
}

// parseStat reads when a process was started, in seconds after the host, and
// whether it is a thread of the kernel.
func parseStat(text string) (started float64, kernel bool, err error) {
	i := strings.LastIndexByte(text, ')') // the name may hold anything
	if i < 0 {
		return 0, false, errors.New("no name in parentheses")
	}
	f := strings.Fields(text[i+1:])
	if len(f) < 20 {
		return 0, false, fmt.Errorf("%d fields after the name, expected 20 at least", len(f))
	}
	flags, err := strconv.ParseUint(f[6], 10, 64)
	if err != nil {
		return 0, false, fmt.Errorf("flags: %w", err)
	}
	ticks, err := strconv.ParseUint(f[19], 10, 64)
	if err != nil {
		return 0, false, fmt.Errorf("start time: %w", err)
	}
	const kthread = 0x00200000
	return float64(ticks) / tick, flags&kthread != 0, nil
}

func parseStatus(text string) (name string, uid int64, err error) {
	uid = -1
	for line := range strings.Lines(text) {
		switch key, value, _ := strings.Cut(line, ":"); key {
		case "Name":
			name = strings.TrimSpace(value)
		case "Uid":
			if f := strings.Fields(value); len(f) > 1 { // real, effective, saved, file system
				if uid, err = strconv.ParseInt(f[1], 10, 64); err != nil {
					return "", 0, fmt.Errorf("user id: %w", err)
				}
			}
		}
	}
	if uid < 0 {
		return "", 0, errors.New("no user id")
	}
	return name, uid, nil
}

// engines tells a container's engine by its control group.
var engines = []struct {
	name string
	is   *regexp.Regexp
}{
	{"kubernetes", regexp.MustCompile(`/kubepods`)},
	{"docker", regexp.MustCompile(`/docker[-/][0-9a-f]{64}`)},
	{"podman", regexp.MustCompile(`/libpod-[0-9a-f]{64}`)},
	{"lxc", regexp.MustCompile(`/lxc(\.payload)?[./]`)},
	{"systemd-nspawn", regexp.MustCompile(`/machine\.slice/(systemd-nspawn@|machine-)`)},
	{"containerd", regexp.MustCompile(`/(cri-containerd[-:]|[0-9a-f]{64}(\.scope)?$)`)},
}

func containerOf(cgroup string) string {
	for line := range strings.Lines(cgroup) {
		for _, e := range engines {
			if e.is.MatchString(strings.TrimSpace(line)) {
				return e.name
			}
		}
	}
	return ""
}

func uptime(root tree.Root) (float64, error) {
	text, err := root.Text("/proc/uptime")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(text, " ")
	n, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0, fmt.Errorf("/proc/uptime: %w", err)
	}
	return n, nil
}

func userNames(root tree.Root) (map[int64]string, error) {
	out := map[int64]string{}
	err := root.Lines("/etc/passwd", func(_ int, line string) error {
		f := strings.SplitN(line, ":", 4)
		if len(f) < 4 {
			return nil // section users says what is wrong with this line
		}
		if id, err := strconv.ParseInt(f[2], 10, 64); err == nil && out[id] == "" {
			out[id] = f[0]
		}
		return nil
	})
	return out, tree.IgnoreGone(err)
}

// sum hashes what a process runs.
func sum(ctx context.Context, root tree.Root, proc string) (string, int64, error) {
	f, err := root.Open(proc + "/exe")
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, &interruptible{ctx, f})
	if err != nil {
		return "", n, err
	}
	return hex.EncodeToString(h.Sum(nil)), n, nil
}

type interruptible struct {
	ctx context.Context
	f   *os.File
}

func (r *interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.f.Read(p)
}
