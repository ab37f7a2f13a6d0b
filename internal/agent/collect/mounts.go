package collect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

const mountinfoFile = "/proc/self/mountinfo"

func readMounts(_ context.Context, root Root) (facts.Section, error) {
	var rep report
	var v facts.Mounts
	running, err := runningMounts(root)
	switch {
	case err == nil:
		v.Running = running
		v.Directories = directories(root, running, &rep)
	case errors.Is(err, fs.ErrNotExist):
		rep.notObserved("/running", "no %s here: what is mounted cannot be known", mountinfoFile)
		rep.notObserved("/directories", "no %s here: what is mounted cannot be known", mountinfoFile)
	default:
		rep.failed("/running", err)
		rep.failed("/directories", err)
	}
	if tab, err := fstab(root); rep.unless("/persisted", err, "no /etc/fstab") {
		v.Persisted = tab
	}
	return rep.section("mounts", v)
}

// runningMounts reads the mounts of this process's namespace. The file lists
// them in the order of mounting, so the last of one target is on top.
func runningMounts(root Root) (map[string]facts.Mount, error) {
	b, err := root.Read(mountinfoFile)
	if err != nil {
		return nil, err
	}
	list, err := mountinfo.GetMountsFromReader(strings.NewReader(tree.Clean(string(b))), nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", mountinfoFile, err)
	}
	out := make(map[string]facts.Mount, len(list))
	for _, m := range list {
		options := append(strings.Split(m.Options, ","), strings.Split(m.VFSOptions, ",")...)
		if slices.Contains(strings.Split(m.Options, ","), "ro") {
			options = slices.DeleteFunc(options, func(o string) bool { return o == "rw" }) // a read-only view of a writable file system
		}
		out[m.Mountpoint] = facts.Mount{Target: m.Mountpoint, Source: m.Source, Fstype: m.FSType, Options: sortedSet(options)}
	}
	return out, nil
}

func sortedSet(list []string) []string {
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" })
	slices.Sort(list)
	return append([]string{}, slices.Compact(list)...)
}

// fstab reads fstab(5).
func fstab(root Root) (map[string]facts.FstabEntry, error) {
	out := map[string]facts.FstabEntry{}
	err := root.Lines("/etc/fstab", func(n int, line string) error {
		f := strings.Fields(line)
		if len(f) == 0 || f[0][0] == '#' {
			return nil
		}
		if len(f) < 3 {
			return fmt.Errorf("expected source, target and type, found %d fields", len(f))
		}
		target := fstabUnescape.Replace(f[1])
		if target == "none" || f[2] == "swap" {
			return nil
		}
		options := []string{"defaults"}
		if len(f) > 3 {
			options = strings.Split(f[3], ",")
		}
		out[filepath.Clean(target)] = facts.FstabEntry{Target: filepath.Clean(target), Source: fstabUnescape.Replace(f[0]), Fstype: f[2], Options: sortedSet(options), Line: int64(n)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

var fstabUnescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// directories says what holds each directory of the watch list.
func directories(root Root, mounts map[string]facts.Mount, rep *report) map[string]facts.Directory {
	out := map[string]facts.Directory{}
	def, _ := facts.Registry().Section("mounts")
	for _, p := range def.Watch {
		d := facts.Directory{Path: p}
		at := "/directories" + facts.JoinPointer(p)
		if m, ok := mounts[p]; ok { // no stat: a file system of a server that is gone would hold us
			d.Exists, d.Separate, d.Mount, d.Fstype, d.Options = new(true), true, &m.Target, &m.Fstype, m.Options
			out[p] = d
			continue
		}
		st, err := root.Stat(p)
		if tree.IgnoreGone(err) != nil {
			rep.failed(at, err)
			continue
		}
		if err != nil || !st.IsDir() {
			rep.absent(at, "no directory %s", p)
			d.Exists = new(false)
			out[p] = d
			continue
		}
		d.Exists = new(true)
		real, err := root.Real(p)
		if err != nil {
			rep.failed(at, err)
			continue
		}
		if m, ok := holder(mounts, real); ok {
			d.Separate, d.Mount, d.Fstype, d.Options = m.Target == real, &m.Target, &m.Fstype, m.Options
		} else {
			rep.notObserved(at, "no mount holds %s: this process sees a part of the host's tree", p)
		}
		out[p] = d
	}
	return out
}

// holder gives the mount that holds a path without symbolic links.
func holder(mounts map[string]facts.Mount, p string) (facts.Mount, bool) {
	for dir := filepath.Clean(p); ; dir = filepath.Dir(dir) {
		if m, ok := mounts[dir]; ok {
			return m, true
		}
		if dir == "/" || dir == "." {
			return facts.Mount{}, false
		}
	}
}

// remote reports whether a file system may wait for another machine, or mount
// something when it is looked at.
func remote(fstype string) bool {
	switch fstype {
	case "nfs", "nfs4", "cifs", "smb3", "autofs", "afs", "ceph", "glusterfs", "lustre", "9p", "fuse.sshfs", "fuse.glusterfs":
		return true
	}
	return false
}
