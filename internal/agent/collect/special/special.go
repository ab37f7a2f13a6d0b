// Package special looks for files with raised rights, files that everybody can
// change, and files that nobody owns.
//
// Serves C7.1b (CC6.1, CC6.8). Invariants: one walk looks at each local file
// system once and at no other; it runs at low priority; no number of files ends
// it, and a list that was cut says so beside the whole count. A directory that
// could not be opened makes the answer an error, not a shorter list.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing.
package special

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/sys/mountinfo"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// maxListed is how much of each list is sent.
const maxListed = 1_000

// Read reads section special_files.
func Read(ctx context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	v := facts.SpecialFiles{}
	plan, err := planned(root)
	if err != nil {
		for _, p := range append(slices.Clone(found), "/roots", "/skipped", "/truncated") {
			gaps.Failed(p, err)
		}
		return gaps.Section("special_files", v)
	}
	v.Roots, v.Skipped = plan.roots(), plan.skipped
	if os.Geteuid() != 0 && root.Live() {
		for _, p := range append(slices.Clone(found), "/truncated") {
			gaps.Failed(p, fmt.Errorf("%s to open every directory", missing.NeedsRoot))
		}
		return gaps.Section("special_files", v)
	}
	names, elsewhere, err := owners(root)
	if err != nil {
		for _, p := range append(slices.Clone(found), "/truncated") {
			gaps.Failed(p, err)
		}
		return gaps.Section("special_files", v)
	}
	w := newWalk(root, plan, names)
	run := atLowPriority
	if ctx.Value(waiting{}) != nil {
		run = func(f func() error) error { return f() }
	}
	if err := run(func() error { return w.all(ctx) }); err != nil {
		if ctx.Err() != nil {
			return facts.Section{}, ctx.Err()
		}
		for _, p := range append(slices.Clone(found), "/truncated") {
			gaps.Failed(p, err)
		}
		return gaps.Section("special_files", v)
	}
	truncated := false
	give := func(l *list) ([]facts.SpecialFile, *int64) {
		truncated = truncated || l.count > maxListed
		return l.sorted(), new(l.count)
	}
	v.Suid, v.SuidCount = give(&w.suid)
	v.WritableFiles, v.WritableFilesCount = give(&w.files)
	v.WritableDirs, v.WritableDirsCount = give(&w.dirs)
	if elsewhere == "" {
		v.Unowned, v.UnownedCount = give(&w.unowned)
	} else {
		for _, p := range []string{"/unowned", "/unowned_count"} {
			gaps.NotObserved(p, "accounts come from %s as well (nsswitch.conf): which ids have no name cannot be told from the files", elsewhere)
		}
	}
	v.Truncated = &truncated
	return gaps.Section("special_files", v)
}

// Waited marks a reading that a person waits for: it does not give way to what
// else the host does.
func Waited(ctx context.Context) context.Context { return context.WithValue(ctx, waiting{}, true) }

type waiting struct{}

// found are the facts that the walk gives.
var found = []string{"/suid", "/suid_count", "/writable_files", "/writable_files_count", "/writable_dirs", "/writable_dirs_count", "/unowned", "/unowned_count"}

// list keeps the first files of one kind, in the order of their paths, and
// counts all of them.
type list struct {
	files []facts.SpecialFile
	count int64
}

func (l *list) add(f facts.SpecialFile) {
	l.count++
	l.files = append(l.files, f)
	if len(l.files) >= 2*maxListed { // keep the first of them: bounded, whatever there is
		l.files = l.sorted()
	}
}

func (l *list) sorted() []facts.SpecialFile {
	out := slices.Clone(l.files)
	if out == nil {
		out = []facts.SpecialFile{}
	}
	slices.SortFunc(out, func(a, b facts.SpecialFile) int { return cmp.Compare(a.Path, b.Path) })
	return out[:min(len(out), maxListed)]
}

// plan is where the walk goes.
type plan struct {
	mounts  []mount         // to walk
	points  map[string]bool // every mount point: a walk does not go over it
	skipped []string
}

type mount struct {
	point  string
	nosuid bool
}

func (p plan) roots() []string {
	out := []string{}
	for _, m := range p.mounts {
		out = append(out, m.point)
	}
	slices.Sort(out)
	return out
}

// local are the types that lie on this host's disks, and those that programs
// keep files in.
var local = []string{"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "reiserfs", "zfs", "bcachefs", "nilfs2", "overlay", "tmpfs", "ramfs", "vfat", "exfat", "ntfs3"}

// kernel are the types that the kernel makes up.
var kernel = []string{
	"proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "securityfs", "debugfs", "tracefs", "configfs", "fusectl", "pstore", "bpf", "efivarfs",
	"mqueue", "hugetlbfs", "binfmt_misc", "autofs", "rpc_pipefs", "nsfs", "selinuxfs", "squashfs", "iso9660",
}

// layers hold the files of containers, which are no files of this host.
var layers = []string{"/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/lxc", "/var/lib/lxd", "/var/lib/kubelet", "/var/lib/rancher", "/var/lib/machines", "/snap"}

func layered(p string) bool {
	return slices.ContainsFunc(layers, func(dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") })
}

// planned reads what is mounted. A tree without mounts is walked from its top.
func planned(root tree.Root) (plan, error) {
	p := plan{points: map[string]bool{}, skipped: []string{}}
	text, err := root.Read("/proc/self/mountinfo")
	if tree.Gone(err) {
		p.mounts = []mount{{point: "/"}}
		return p, nil
	}
	if err != nil {
		return p, err
	}
	infos, err := mountinfo.GetMountsFromReader(strings.NewReader(tree.Clean(string(text))), nil)
	if err != nil {
		return p, fmt.Errorf("/proc/self/mountinfo: %w", err)
	}
	top := map[string]*mountinfo.Info{} // of several on one target, the last
	for _, m := range infos {
		top[m.Mountpoint] = m
		p.points[m.Mountpoint] = true
	}
	targets := make([]string, 0, len(top))
	for t := range top {
		targets = append(targets, t)
	}
	slices.Sort(targets) // a file system that is mounted twice is walked where it comes first
	walked := map[string]string{}
	for _, t := range targets {
		m := top[t]
		switch {
		case slices.Contains(kernel, m.FSType):
		case layered(t):
			p.skipped = append(p.skipped, t+": files of containers")
		case !slices.Contains(local, m.FSType):
			p.skipped = append(p.skipped, t+": "+m.FSType+" is no local file system")
		default:
			// The same part of the same file system, or a part of one that is walked whole.
			id := fmt.Sprintf("%d:%d", m.Major, m.Minor)
			if first, again := walked[id+m.Root]; again {
				p.skipped = append(p.skipped, t+": the same as "+first)
				continue
			}
			if first, whole := walked[id+"/"]; whole && m.FSType != "tmpfs" && m.FSType != "btrfs" {
				p.skipped = append(p.skipped, t+": a part of "+first)
				continue
			}
			walked[id+m.Root] = t
			options := strings.Split(m.Options+","+m.VFSOptions, ",")
			p.mounts = append(p.mounts, mount{point: t, nosuid: slices.Contains(options, "nosuid")})
		}
	}
	slices.Sort(p.skipped)
	return p, nil
}

// owned are the ids that have names.
type owned struct{ users, groups map[uint32]bool }

// owners reads the names of ids; elsewhere names a source beside the files.
func owners(root tree.Root) (o owned, elsewhere string, err error) {
	o = owned{map[uint32]bool{}, map[uint32]bool{}}
	for file, to := range map[string]map[uint32]bool{"/etc/passwd": o.users, "/etc/group": o.groups} {
		err := root.Lines(file, func(_ int, line string) error {
			if f := strings.Split(line, ":"); len(f) > 3 {
				if id, err := strconv.ParseUint(f[2], 10, 32); err == nil {
					to[uint32(id)] = true
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return o, "", err
		}
	}
	err = root.Lines("/etc/nsswitch.conf", func(_ int, line string) error {
		line, _, _ = strings.Cut(line, "#")
		name, sources, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || name != "passwd" && name != "group" {
			return nil
		}
		for s := range strings.FieldsSeq(sources) {
			if s[0] != '[' && !slices.Contains([]string{"files", "compat", "systemd", "altfiles", "db"}, s) {
				elsewhere = s
			}
		}
		return nil
	})
	return o, elsewhere, tree.IgnoreGone(err)
}

// Dynamic users of systemd have a name only while their service runs.
const dynamicFirst, dynamicLast = 61184, 65519

func (o owned) named(uid, gid uint32) bool {
	dynamic := func(id uint32) bool { return id >= dynamicFirst && id <= dynamicLast }
	return (o.users[uid] || dynamic(uid)) && (o.groups[gid] || dynamic(gid))
}
