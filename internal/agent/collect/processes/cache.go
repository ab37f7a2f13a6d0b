package processes

import (
	"context"
	"io/fs"
	"sync"
	"syscall"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// file identifies a file and its content as well as stat(2) can: root can make
// another content look the same, a change by anybody else shows in ctime.
type file struct {
	device, inode uint64
	size          int64
	mtime, ctime  syscall.Timespec
}

func identify(st fs.FileInfo) file {
	sys := st.Sys().(*syscall.Stat_t) // always, on Linux
	return file{sys.Dev, sys.Ino, sys.Size, sys.Mtim, sys.Ctim}
}

// cache keeps digests of programs from one reading to the next.
type cache struct {
	mu   sync.Mutex
	sums map[file]string // guarded by mu
}

var digests = &cache{sums: map[file]string{}}

// of fills in the digests of programs and forgets those of programs that do not
// run any more. The error is that of ctx.
func (c *cache) of(ctx context.Context, root tree.Root, list []*program) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := make(map[file]string, len(list))
	hashed := int64(0)
	for _, p := range list {
		if !p.hasID {
			continue
		}
		s, known := c.sums[p.id]
		if !known {
			s, known = keep[p.id]
		}
		if !known {
			if hashed >= hashAtOnce {
				p.hashLate = true
				continue
			}
			var n int64
			var err error
			s, n, err = sum(ctx, root, p.proc)
			hashed += n
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				p.hashErr = err
				continue
			}
		}
		keep[p.id], p.Sha256 = s, &s
	}
	c.sums = keep
	return nil
}
