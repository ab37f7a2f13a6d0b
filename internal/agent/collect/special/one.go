package special

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// One gives a file as the walk would list it among those with raised rights; nil
// where it would not, because it has none, is not there, or lies where the walk does
// not go.
func One(root tree.Root, p string) (*facts.SpecialFile, error) {
	w := walk{root: root}
	if !strings.HasPrefix(p, "/") || p != filepath.Clean(p) {
		return nil, fmt.Errorf("%q is no absolute path", p)
	}
	for dir := p; dir != "/"; dir = filepath.Dir(dir) {
		if layered(dir) {
			return nil, nil
		}
	}
	var st unix.Stat_t
	if err := unix.Lstat(w.real(p), &st); err != nil {
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR) {
			return nil, nil
		}
		return nil, fmt.Errorf("%s: %w", p, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Mode&(unix.S_ISUID|unix.S_ISGID) == 0 {
		return nil, nil
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(w.real(p), &fs); err != nil {
		if errors.Is(err, syscall.ENOENT) {
			return nil, nil
		}
		return nil, fmt.Errorf("%s: %w", p, err)
	}
	if fs.Flags&unix.ST_NOSUID != 0 {
		return nil, nil
	}
	mode := int64(st.Mode & 0o7777)
	return &facts.SpecialFile{Path: tree.Clean(p), Mode: mode, ModeOctal: fmt.Sprintf("%04o", mode), UID: int64(st.Uid), GID: int64(st.Gid)}, nil
}
