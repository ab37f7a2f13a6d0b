package agent

import (
	"fmt"
	"hash"
	"hash/fnv"
	"io/fs"
	"path/filepath"
	"syscall"
)

// inputs names the files that a section is read from, where reading them costs
// much more than looking whether they changed: sshd -T takes 20 ms of
// processor time. What these do not cover is read with the whole inventory.
var inputs = map[string][]string{
	"sshd":       {"/etc/ssh", "/usr/sbin/sshd", "/usr/local/sbin/sshd", "/run/sshd"},
	"cron":       {"/etc/crontab", "/etc/anacrontab", "/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly", "/var/spool/cron"},
	"services":   {"/etc/systemd/system", "/run/systemd/system", "/run/systemd/transient", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/etc/init.d", "/etc/runlevels"},
	"containers": {"/etc/docker", "/var/lib/docker/containers", "/var/lib/docker/image/overlay2/repositories.json", "/var/lib/containers/storage/overlay-containers/containers.json", "/var/lib/containers/storage/overlay-images/images.json"},
}

// most files looked at below one input.
const mostStamped = 2000

// stampOf sums up type, mode, owner, size and times of a section's input files
// below root, and what else it is read from. It is "" for a section without inputs:
// that one is always read.
func stampOf(root, section string) string {
	paths, ok := inputs[section]
	probe := probes[section]
	if !ok && probe == nil {
		return ""
	}
	h := fnv.New128a()
	if probe != nil {
		probe(h, root)
	}
	for _, path := range paths {
		stampTree(h, root, path)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// stampTree sums up the files at a path and below it.
func stampTree(h hash.Hash, root, path string) {
	n := 0
	// Whatever cannot be looked at is part of the stamp as such: when that
	// changes, the section is read, and says what is wrong.
	filepath.WalkDir(filepath.Join(root, path), func(name string, d fs.DirEntry, err error) error {
		if n++; n > mostStamped {
			return fs.SkipAll
		}
		fmt.Fprintf(h, "%s\x00%v\x00", name, err)
		if d == nil {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			fmt.Fprintf(h, "%v\x00", err)
			return nil
		}
		fmt.Fprintf(h, "%o %d %d", info.Mode(), info.Size(), info.ModTime().UnixNano())
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			fmt.Fprintf(h, " %d %d %d %d %d.%d", st.Dev, st.Ino, st.Uid, st.Gid, st.Ctim.Sec, st.Ctim.Nsec)
		}
		return nil
	})
}
