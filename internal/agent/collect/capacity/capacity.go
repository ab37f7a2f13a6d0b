// Package capacity reads how much of its capacity a host uses: file systems,
// memory, swap, processors, open files, connections that are tracked, and how long
// work waited for them.
//
// Serves B14, D1 (A1.1). It observes only. A measure that cannot be read is named
// with the reason; a file system of another machine is never asked, since it may
// not answer.
//
// Floor: edges, below package agent. Imports tree and wire.
package capacity

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/moby/sys/mountinfo"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/wire"
)

// maxFileSystems is how many are read.
const maxFileSystems = 64

// Used reads samples of one host. It is for one goroutine.
type Used struct {
	root   tree.Root
	statfs func(path string) (filesystem, error)

	busy, all uint64 // of the processors since boot, at the last sample
}

// filesystem is what statfs(2) says, in bytes and inodes.
type filesystem struct{ used, size, inodesUsed, inodes int64 }

// New makes it. Of a directory tree file systems are not read.
func New(root tree.Root) *Used {
	u := &Used{root: root, statfs: statfs}
	u.busy, u.all, _ = u.processors() // what cannot be read is said with the sample
	return u
}

// Sample reads every measure. The use of processors is that since the sample before.
func (u *Used) Sample() *wire.Sample {
	s := &wire.Sample{Measures: []wire.Measure{}, Missing: map[string]string{}}
	for _, read := range []struct {
		names string
		how   func(*wire.Sample) error
	}{{"disk.bytes disk.inodes", u.disks}, {"memory swap", u.memory}, {"cpu", u.cpu}, {"load", u.load}, {"psi.cpu", u.pressure("cpu")}, {"psi.memory", u.pressure("memory")}, {"psi.io", u.pressure("io")},
		{"files", u.files}, {"conntrack", u.conntrack}} {
		if err := read.how(s); err != nil {
			for _, name := range strings.Fields(read.names) {
				s.Missing[name] = why(err)
			}
		}
	}
	return s
}

func why(err error) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(err.Error(), "?")), " ")
	if errors.Is(err, fs.ErrNotExist) {
		text = "not on this host: " + text
	}
	return text[:min(len(text), 300)]
}

// pseudo are file systems that hold nothing on a disk, or nothing that grows.
var pseudo = []string{"proc", "sysfs", "tmpfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "pstore", "bpf", "securityfs", "debugfs", "tracefs", "configfs", "fusectl", "mqueue", "hugetlbfs", "ramfs", "autofs", "efivarfs",
	"binfmt_misc", "squashfs", "erofs", "iso9660", "rpc_pipefs", "nsfs", "nfsd"}

// far are those that another machine answers for.
var far = []string{"nfs", "nfs4", "cifs", "smb3", "afs", "ceph", "glusterfs", "lustre", "9p"}

func (u *Used) disks(s *wire.Sample) error {
	b, err := u.root.Read("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	list, err := mountinfo.GetMountsFromReader(strings.NewReader(tree.Clean(string(b))), nil)
	if err != nil {
		return fmt.Errorf("/proc/self/mountinfo: %w", err)
	}
	top := map[string]*mountinfo.Info{} // the last of one target is on top
	for _, m := range list {
		top[m.Mountpoint] = m
	}
	seen := map[string]bool{} // by device: a bind mount is no file system of its own
	slices.SortStableFunc(list, func(a, b *mountinfo.Info) int { return len(a.Mountpoint) - len(b.Mountpoint) })
	n := 0
	for _, m := range list {
		device := fmt.Sprintf("%d:%d", m.Major, m.Minor)
		readOnly := slices.Contains(strings.Split(m.VFSOptions, ","), "ro")
		if top[m.Mountpoint] != m || seen[device] || readOnly && m.Mountpoint != "/" || slices.Contains(pseudo, m.FSType) || slices.Contains(far, m.FSType) || strings.HasPrefix(m.FSType, "fuse.") || m.FSType == "overlay" && m.Mountpoint != "/" {
			continue
		}
		seen[device] = true
		if st, err := u.root.Stat(m.Mountpoint); err != nil || !st.IsDir() { // a file that is mounted over a file
			continue
		}
		at, err := u.statfs(filepath.Join("/", m.Mountpoint))
		if err != nil {
			s.Missing["disk.bytes "+m.Mountpoint] = why(err)
			continue
		}
		if at.size > 0 {
			s.Measures = append(s.Measures, wire.Measure{Name: "disk.bytes", Place: m.Mountpoint, Used: at.used, Limit: at.size})
		}
		if at.inodes > 0 { // btrfs has none
			s.Measures = append(s.Measures, wire.Measure{Name: "disk.inodes", Place: m.Mountpoint, Used: at.inodesUsed, Limit: at.inodes})
		}
		if n++; n == maxFileSystems {
			s.Missing["disk.bytes of others"] = fmt.Sprintf("the first %d file systems are read", maxFileSystems)
			break
		}
	}
	return nil
}

func statfs(path string) (filesystem, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		return filesystem{}, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	// As df does: what only root may use counts neither as used nor as free.
	unit := st.Frsize
	if unit <= 0 {
		unit = st.Bsize
	}
	used := max(0, int64(st.Blocks-st.Bfree)) * unit
	return filesystem{used: used, size: used + max(0, int64(st.Bavail))*unit, inodesUsed: max(0, int64(st.Files-st.Ffree)), inodes: int64(st.Files)}, nil
}

func (u *Used) memory(s *wire.Sample) error {
	have := map[string]int64{}
	err := u.root.Lines("/proc/meminfo", func(_ int, line string) error {
		name, rest, ok := strings.Cut(line, ":")
		if !ok || !slices.Contains([]string{"MemTotal", "MemAvailable", "SwapTotal", "SwapFree"}, name) {
			return nil
		}
		n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 53)
		if err != nil || n < 0 {
			return fmt.Errorf("%s is no number of kB: %.40q", name, rest)
		}
		have[name] = n << 10
		return nil
	})
	if err != nil {
		return err
	}
	total, available := have["MemTotal"], have["MemAvailable"]
	if _, ok := have["MemAvailable"]; !ok || total == 0 {
		return errors.New("/proc/meminfo says neither what there is nor what is available")
	}
	s.Measures = append(s.Measures, wire.Measure{Name: "memory", Used: max(0, total-available), Limit: total})
	if swap := have["SwapTotal"]; swap > 0 {
		s.Measures = append(s.Measures, wire.Measure{Name: "swap", Used: max(0, swap-have["SwapFree"]), Limit: swap})
	} else {
		s.Missing["swap"] = "this host has none"
	}
	return nil
}

// processors gives the time that they were busy and all of it, in ticks.
func (u *Used) processors() (busy, all uint64, err error) {
	b, err := u.root.Read("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	f := strings.Fields(line)
	if len(f) < 5 || f[0] != "cpu" {
		return 0, 0, errors.New("/proc/stat:1: expected the line of all processors")
	}
	for i, text := range f[1:min(len(f), 9)] { // guest time is in user time already
		n, err := strconv.ParseUint(text, 10, 62)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/stat:1: %.20q is no number", text)
		}
		all += n
		if i != 3 && i != 4 { // idle, and waiting for input and output
			busy += n
		}
	}
	return busy, all, nil
}

func (u *Used) cpu(s *wire.Sample) error {
	busy, all, err := u.processors()
	if err != nil {
		return err
	}
	wasBusy, wasAll := u.busy, u.all
	u.busy, u.all = busy, all
	if all <= wasAll || busy < wasBusy {
		return errors.New("no time passed since the sample before")
	}
	share := float64(busy-wasBusy) / float64(all-wasAll)
	s.Measures = append(s.Measures, wire.Measure{Name: "cpu", Used: int64(math.Round(min(share, 1) * 10000)), Limit: 10000})
	return nil
}

func (u *Used) load(s *wire.Sample) error {
	b, err := u.root.Read("/proc/loadavg")
	if err != nil {
		return err
	}
	f := strings.Fields(string(b))
	if len(f) < 3 {
		return errors.New("/proc/loadavg: expected three averages")
	}
	load, err := strconv.ParseFloat(f[2], 64) // of fifteen minutes
	if err != nil || !(load >= 0 && load < 1e9) {
		return fmt.Errorf("/proc/loadavg: %.20q is no load", f[2])
	}
	stat, err := u.root.Read("/proc/stat")
	if err != nil {
		return err
	}
	n := int64(0)
	for line := range strings.Lines(string(stat)) {
		if len(line) > 3 && strings.HasPrefix(line, "cpu") && line[3] >= '0' && line[3] <= '9' {
			n++
		}
	}
	if n == 0 {
		return errors.New("/proc/stat names no processor")
	}
	s.Measures = append(s.Measures, wire.Measure{Name: "load", Used: int64(math.Round(load * 100)), Limit: n * 100})
	return nil
}

// pressure reads the share of five minutes in which some work waited.
func (u *Used) pressure(of string) func(*wire.Sample) error {
	return func(s *wire.Sample) error {
		file := "/proc/pressure/" + of
		b, err := u.root.Read(file)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(b)) {
			rest, ok := strings.CutPrefix(line, "some ")
			if !ok {
				continue
			}
			for _, f := range strings.Fields(rest) {
				if text, ok := strings.CutPrefix(f, "avg300="); ok {
					share, err := strconv.ParseFloat(text, 64)
					if err != nil || !(share >= 0 && share <= 100) {
						return fmt.Errorf("%s: %.20q is no share", file, text)
					}
					s.Measures = append(s.Measures, wire.Measure{Name: "psi." + of, Used: int64(math.Round(share * 100)), Limit: 10000})
					return nil
				}
			}
		}
		return fmt.Errorf("%s: no average of five minutes", file)
	}
}

func (u *Used) files(s *wire.Sample) error {
	b, err := u.root.Read("/proc/sys/fs/file-nr")
	if err != nil {
		return err
	}
	f := strings.Fields(string(b))
	if len(f) != 3 {
		return errors.New("/proc/sys/fs/file-nr: expected three numbers")
	}
	open, err := strconv.ParseInt(f[0], 10, 64)
	if err != nil || open < 0 {
		return fmt.Errorf("/proc/sys/fs/file-nr: %.20q is no number", f[0])
	}
	limit, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil || limit <= 0 {
		return fmt.Errorf("/proc/sys/fs/file-nr: %.20q is no limit", f[2])
	}
	if limit >= math.MaxInt64/2 {
		s.Missing["files"] = "this host has no limit of open files"
		return nil
	}
	s.Measures = append(s.Measures, wire.Measure{Name: "files", Used: open, Limit: limit})
	return nil
}

func (u *Used) conntrack(s *wire.Sample) error {
	var n [2]int64
	for i, name := range []string{"nf_conntrack_count", "nf_conntrack_max"} {
		text, err := u.root.Text("/proc/sys/net/netfilter/" + name)
		if err != nil {
			return err
		}
		if n[i], err = strconv.ParseInt(text, 10, 64); err != nil || n[i] < int64(i) {
			return fmt.Errorf("/proc/sys/net/netfilter/%s: %.20q is no number", name, text)
		}
	}
	s.Measures = append(s.Measures, wire.Measure{Name: "conntrack", Used: n[0], Limit: n[1]})
	return nil
}
