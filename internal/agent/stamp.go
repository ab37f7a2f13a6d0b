package agent

import (
	"fmt"
	"hash/fnv"
	"io/fs"
	"path/filepath"
	"syscall"
)

// inputs names the files that a section is read from, where reading them costs
// much more than looking whether they changed: sshd -T takes 20 ms of
// processor time. What these do not cover is read with the whole inventory.
var inputs = map[string][]string{
	"sshd": {"/etc/ssh", "/usr/sbin/sshd", "/usr/local/sbin/sshd", "/run/sshd"},
}

// most files looked at below one input.
const mostStamped = 2000

// stampOf sums up type, mode, owner, size and times of a section's input files
// below root. It is "" for a section without inputs: that one is always read.
func stampOf(root, section string) string {
	paths, ok := inputs[section]
	if !ok {
		return ""
	}
	h := fnv.New128a()
	n := 0
	for _, path := range paths {
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
	return fmt.Sprintf("%x", h.Sum(nil))
}
