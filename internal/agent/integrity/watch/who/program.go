package who

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// fileID names a state of a file: what has the same one has the same content,
// as far as the kernel tells.
type fileID struct {
	dev, ino     uint64
	mtime, ctime int64
	size         int64
}

func idOf(st *unix.Stat_t) fileID {
	return fileID{st.Dev, st.Ino, st.Mtim.Nano(), st.Ctim.Nano(), st.Size}
}

// program is the file of a program and its digest, once somebody asked for it.
type program struct {
	id   fileID
	path string

	mu   sync.Mutex
	file *os.File // open until it is read, so that it may be removed meanwhile; nil when too many are

	once        sync.Once
	done        chan struct{}
	digest, why string // once done is closed
}

const (
	maxPrograms = 1024
	maxUnread   = 128     // programs held open until somebody asks for their digest
	maxProgram  = 1 << 30 // bytes that are read of one
)

// programs remembers digests of programs by what the files are.
type programs struct {
	mu     sync.Mutex
	byID   map[fileID]*program
	unread []*program
	ctx    context.Context
	cancel context.CancelFunc
}

func newPrograms() *programs {
	p := &programs{byID: map[fileID]*program{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

func (ps *programs) close() {
	ps.cancel()
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for _, p := range ps.unread {
		p.letGo()
	}
}

// at gives the program that a path leads to, nil when it cannot be opened.
func (ps *programs) at(path string) *program {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return nil
	}
	if p := ps.known(idOf(&st)); p != nil {
		return p
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	return ps.from(f)
}

func (ps *programs) known(id fileID) *program {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.byID[id]
}

// from gives the program in an open file, which belongs to it from here on.
func (ps *programs) from(f *os.File) *program {
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		_ = f.Close() // for reading
		return nil
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	id := idOf(&st)
	if p := ps.byID[id]; p != nil {
		_ = f.Close() // for reading
		return p
	}
	if len(ps.byID) >= maxPrograms {
		for k, p := range ps.byID { // any: one that is used comes again
			p.letGo()
			delete(ps.byID, k)
			break
		}
	}
	if len(ps.unread) >= maxUnread {
		ps.unread[0].letGo()
		ps.unread = append(ps.unread[:0], ps.unread[1:]...)
	}
	p := &program{id: id, path: f.Name(), file: f, done: make(chan struct{})}
	ps.byID[id] = p
	ps.unread = append(ps.unread, p)
	return p
}

// letGo closes the file; who asks later opens it by its path.
func (p *program) letGo() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file != nil {
		_ = p.file.Close() // for reading
		p.file = nil
	}
}

var reading = make(chan struct{}, 1) // one at a time: it is a side matter

// patience is how long a change waits for the digest of a program. A larger one
// has it the next time.
const patience = 150 * time.Millisecond

// sum gives the digest, or why there is none.
func (p *program) sum() (digest, why string) {
	p.once.Do(func() { go p.read() })
	select {
	case <-p.done:
		return p.digest, p.why
	default:
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-p.done:
		return p.digest, p.why
	case <-t.C:
		return "", "the program was still being read"
	}
}

func (p *program) read() {
	reading <- struct{}{}
	defer func() { <-reading }()
	defer close(p.done)
	p.mu.Lock()
	f := p.file
	p.file = nil
	p.mu.Unlock()
	if f == nil {
		var err error
		if f, err = os.Open(p.path); err != nil {
			p.why = "it could not be read: " + reason(err)
			return
		}
	}
	defer f.Close() // for reading
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil || idOf(&st) != p.id {
		p.why = "the file is not there any more as it was run"
		return
	}
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(f, maxProgram+1))
	switch {
	case err != nil:
		p.why = "it could not be read: " + reason(err)
	case n > maxProgram:
		p.why = "it is larger than a gigabyte"
	case unix.Fstat(int(f.Fd()), &st) != nil || idOf(&st) != p.id:
		p.why = "it was changed while it was read"
	default:
		p.digest = hex.EncodeToString(h.Sum(nil))
	}
}
