package attr

import (
	"errors"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Place gives where a path is looked at: an open directory and the name in it, which
// ends with a NUL. From the nearest of the roots on no link is followed on the way, so
// that what lies elsewhere is never taken for a part of a tree. Leave closes it.
func Place(roots []string, path string) (dirfd int, name []byte, err error) {
	top := ""
	for _, r := range roots {
		if len(r) > len(top) && strings.HasPrefix(path, r) && (len(path) == len(r) || r == "/" || path[len(r)] == '/') {
			top = r
		}
	}
	dir := filepath.Dir(path)
	if top == "" || path == top || path == "/" {
		return unix.AT_FDCWD, append([]byte(path), 0), nil
	}
	fd, no := open(unix.AT_FDCWD, append([]byte(top), 0), unix.O_DIRECTORY|unix.O_PATH)
	if no != 0 {
		return -1, nil, no
	}
	name = append([]byte(filepath.Base(path)), 0)
	if dir == top {
		return fd, name, nil
	}
	rel := strings.TrimPrefix(dir[len(top):], "/")
	next, err := unix.Openat2(fd, rel, &unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_BENEATH})
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.E2BIG) || errors.Is(err, unix.ENAMETOOLONG) { // before Linux 5.6, forbidden, or too long for one call
		next, err = stepwise(fd, rel)
	}
	Leave(fd)
	if err != nil {
		return -1, nil, err
	}
	return next, name, nil
}

// stepwise opens one directory after another.
func stepwise(from int, rel string) (int, error) {
	at := from
	for part := range strings.SplitSeq(rel, "/") {
		next, no := open(at, append([]byte(part), 0), unix.O_DIRECTORY|unix.O_PATH)
		if at != from {
			Leave(at)
		}
		if no != 0 {
			return -1, no
		}
		at = next
	}
	return at, nil
}

// Leave closes what Place opened.
func Leave(dirfd int) {
	if dirfd >= 0 {
		_ = unix.Close(dirfd) // a place holds nothing
	}
}

// Nowhere reports whether an error of Place or Stat says that nothing is there: a way
// over what is no directory, or over a link, leads nowhere in the tree.
func Nowhere(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENAMETOOLONG)
}
