package collect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

func readFiles(ctx context.Context, root Root) (facts.Section, error) {
	var rep report
	v := facts.Files{}
	owners, groups := names{root: root, file: "/etc/passwd"}, names{root: root, file: "/etc/group"}
	def, _ := facts.Registry().Section("files")
	for _, watched := range def.Watch {
		paths := []string{watched}
		if strings.ContainsAny(watched, "*?[") {
			var err error
			if paths, err = root.Glob(watched); err != nil {
				rep.failed(facts.JoinPointer(watched), err) // which files there are is not known: the pattern stands for them
				continue
			}
		}
		for _, p := range paths {
			if ctx.Err() != nil {
				return facts.Section{}, ctx.Err()
			}
			v[tree.Clean(p)] = watchedFile(root, p, &owners, &groups, &rep)
		}
	}
	return rep.section("files", v)
}

func watchedFile(root Root, p string, owners, groups *names, rep *report) facts.File {
	f := facts.File{Path: tree.Clean(p)}
	at := facts.JoinPointer(f.Path)
	link, err := root.Lstat(p)
	var st fs.FileInfo
	if err == nil {
		st, err = root.Stat(p)
	}
	if tree.Gone(err) {
		f.Exists = new(false)
		if link != nil {
			rep.absent(at, "%s leads to nothing", p)
		} else {
			rep.absent(at, "no %s on this host", p)
		}
		return f
	}
	if err != nil {
		rep.failed(at, err)
		return f
	}
	f.Exists = new(true)
	f.Symlink = new("")
	if link.Mode()&fs.ModeSymlink != 0 {
		to, err := root.Readlink(p)
		if err != nil {
			rep.failed(at+"/symlink", err)
			f.Symlink = nil
		} else {
			f.Symlink = new(tree.Clean(to))
		}
	}
	m := modeOf(st)
	f.Mode, f.ModeOctal, f.UID, f.GID = &m.mode, &m.octal, &m.uid, &m.gid
	f.Type = new(typeOf(st.Mode()))
	f.Size, f.MtimeUS = new(int64(0)), new(int64(0))
	if st.Mode().IsRegular() {
		f.Size, f.MtimeUS = new(st.Size()), new(st.ModTime().UnixMicro())
	}
	if name, err := owners.of(m.uid); err != nil {
		rep.failed(at+"/owner", err)
	} else {
		f.Owner = &name
	}
	if name, err := groups.of(m.gid); err != nil {
		rep.failed(at+"/group", err)
	} else {
		f.Group = &name
	}
	return f
}

func typeOf(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "file"
	case m.IsDir():
		return "directory"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeNamedPipe != 0:
		return "fifo"
	}
	return "device"
}

// names finds the names of ids in a file like passwd(5), read when first
// asked. It reads the host's own files: names of a directory service stay
// empty.
type names struct {
	root Root
	file string
	byID map[int64]string
	err  error
}

func (n *names) of(id int64) (string, error) {
	if n.byID == nil {
		n.byID = map[int64]string{}
		n.err = n.root.Lines(n.file, func(_ int, line string) error {
			f := strings.Split(line, ":")
			if len(f) < 3 || line[0] == '#' {
				return nil
			}
			id, err := strconv.ParseInt(f[2], 10, 64)
			if err != nil {
				return nil // section users says what is wrong with this line
			}
			if _, taken := n.byID[id]; !taken {
				n.byID[id] = f[0]
			}
			return nil
		})
		if errors.Is(n.err, fs.ErrNotExist) {
			n.err = nil
		}
	}
	if n.err != nil {
		return "", fmt.Errorf("name of %d: %w", id, n.err)
	}
	return n.byID[id], nil
}
