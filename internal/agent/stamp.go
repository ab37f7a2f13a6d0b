package agent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/maphash"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// inputs names the files that a section is read from, where reading them costs
// much more than looking whether they changed: sshd -T takes 20 ms of
// processor time. What these do not cover is read with the whole inventory.
var inputs = map[string][]string{
	"sshd":       {"/etc/ssh", "/usr/sbin/sshd", "/usr/local/sbin/sshd", "/run/sshd"},
	"pam":        {"/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d", "/etc/security", "/etc/login.defs", "/etc/default/useradd"},
	"cron":       {"/etc/crontab", "/etc/anacrontab", "/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly", "/var/spool/cron"},
	"services":   {"/etc/systemd/system", "/run/systemd/system", "/run/systemd/transient", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/etc/init.d", "/etc/runlevels"},
	"containers": {"/etc/docker", "/var/lib/docker/containers", "/var/lib/docker/image/overlay2/repositories.json", "/var/lib/containers/storage/overlay-containers/containers.json", "/var/lib/containers/storage/overlay-images/images.json"},
}

// most files looked at below one input.
const mostStamped = 2000

// seed is the same for all stamps of this run: none outlives it.
var seed = maphash.MakeSeed()

// stampOf sums up type, mode, owner, size and times of a section's input files
// below root, and what else it is read from. It is "" for a section without inputs:
// that one is always read.
func stampOf(root, section string) string {
	paths, ok := inputs[section]
	probe := probes[section]
	if !ok && probe == nil {
		return ""
	}
	var h maphash.Hash
	h.SetSeed(seed)
	if probe != nil {
		probe(&h, root)
	}
	for _, path := range paths {
		stampTree(&h, root, path)
	}
	return fmt.Sprintf("%x", h.Sum64())
}

// stampTree sums up the files at a path and below it. Whatever cannot be looked at is
// part of the stamp as such: when that changes, the section is read, and says what is
// wrong.
func stampTree(h hash.Hash, root, path string) {
	s := stamper{h: h, left: mostStamped}
	s.entry(unix.AT_FDCWD, filepath.Join(root, path))
}

// stamper looks at files with as few calls as it takes: it does so every two seconds.
type stamper struct {
	h    hash.Hash
	left int
	b    []byte
}

// one adds a file, and what a link leads to.
func (s *stamper) one(path string) { s.look(unix.AT_FDCWD, path) }

func (s *stamper) look(dir int, name string) (kind uint32) {
	var st unix.Stat_t
	err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	s.add(name, &st, err)
	if err == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		err := unix.Fstatat(dir, name, &st, 0)
		s.add("", &st, err)
		return unix.S_IFLNK
	}
	return st.Mode & unix.S_IFMT
}

// entry adds a name in a directory, and what lies below it.
func (s *stamper) entry(dir int, name string) {
	if s.left--; s.left < 0 {
		return
	}
	if s.look(dir, name) == unix.S_IFDIR {
		fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			s.add("", nil, err)
			return
		}
		defer unix.Close(fd) // for reading
		names, err := namesIn(fd)
		if err != nil {
			s.add("", nil, err)
		}
		for _, n := range names {
			s.entry(fd, n)
		}
		s.add("", nil, nil) // the end of the directory
	}
}

func (s *stamper) add(name string, st *unix.Stat_t, err error) {
	b := append(append(s.b[:0], name...), 0)
	var failed unix.Errno
	errors.As(err, &failed)
	b = binary.NativeEndian.AppendUint64(b, uint64(failed))
	if err == nil && st != nil {
		for _, n := range []uint64{uint64(st.Mode), st.Dev, st.Ino, uint64(st.Uid)<<32 | uint64(st.Gid), uint64(st.Size),
			uint64(st.Mtim.Nano()), uint64(st.Ctim.Nano())} {
			b = binary.NativeEndian.AppendUint64(b, n)
		}
	}
	s.b = b
	s.h.Write(b) // never fails, as its documentation says
}

// namesIn lists a directory, sorted.
func namesIn(fd int) (names []string, err error) {
	buf := make([]byte, 16<<10)
	for {
		n, err := unix.ReadDirent(fd, buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n <= 0 {
			slices.SortFunc(names, strings.Compare)
			return names, err
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
}
