// Package walk goes over trees of files in the order of a snapshot, and reads
// what its caller asks to be read, several files at a time.
//
// Serves C7.1c. Invariants: entries come in order, each directory before what
// lies in it; links are not followed and mounts not crossed unless named; what
// a directory's listing or a look at an entry was refused with comes as that
// entry's reason. What is held grows with the depth of the tree and the length
// of the longest listing, not with the number of files.
//
// Floor: edges, below agent/integrity. Imports attr.
package walk

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
)

// Options say where a walk goes.
type Options struct {
	Roots   []string               // absolute and clean, in the order of a snapshot, none twice
	Tops    []string               // the trees that the roots lie in: from there on no link leads to a root; none: each root is one
	Through []string               // mounts below a root that are gone into
	Exclude func(path []byte) bool // left out, with what lies below; nil leaves nothing out
	Cross   bool                   // into file systems mounted below a root
	Network bool                   // content on network file systems
	Far     func(path string) bool // a file system begins there that may not answer: what was not named is not even looked at; nil is none
	Shallow bool                   // of a root that is a directory only its own entries
	Unseen  bool                   // what a listing says is a file is given before anybody looked at it: everything is read anyway
	Workers int                    // files read at a time; 0 is one per processor, four at most
}

// Handler is who a walk is for.
type Handler struct {
	// Look is given each entry, with what a look at its inode gives, and calls
	// Give for what it wants. The entry holds until it returns.
	Look func(w *Walk, e *attr.Entry) error
	// End is called after the last entry, where Look was called.
	End func(w *Walk) error
	// Take gets what was given, in the same order, in the goroutine of Run.
	Take func(*Item) error
}

// Item is one thing that was given.
type Item struct {
	Entry    attr.Entry // as it is now
	Prior    attr.Entry // as it was, where Give was told
	HasEntry bool
	HasPrior bool

	unseen bool // nobody has looked at it yet
	far    bool // others answer for its file system: asking may take long

	name int32 // offset of the name, which ends with NUL, in the batch's bytes; -1 is not to be read
	dir  *dir
}

// Counts are of one walk.
type Counts struct {
	Entries  int64 // looked at
	Vanished int64 // gone between listing and reading
	Read     int64 // bytes of content
}

// dir is an open directory, closed when its last user lets go.
type dir struct {
	fd   int
	refs atomic.Int32
}

func (d *dir) release() {
	if d.refs.Add(-1) == 0 {
		_ = unix.Close(d.fd) // it was open for reading: nothing can be lost
	}
}

const (
	batchItems = 128
	batchBytes = 48 << 10
	batchDirs  = 16             // open directories that a batch may hold on to
	batchLoad  = 8 << 20        // bytes of content in a batch, so that large files are shared out
	unseenLoad = batchLoad / 32 // of a file whose size is not known
	openFrames = 64             // directories that stay open on the way down
)

type batch struct {
	items []Item
	buf   []byte
	dirs  []*dir
	load  int64
	done  chan error
	gone  int64
	bytes int64
}

// Walk is one walk.
type Walk struct {
	ctx     context.Context
	opts    Options
	handler Handler
	named   map[string]bool // the roots

	cur   *batch
	free  chan *batch
	todo  chan *batch
	order chan *batch

	path   []byte
	frames []frame
	list   names
	dents  []byte
	e      attr.Entry
	entry  *dir   // the directory of the entry that is looked at, nil for a root
	name   []byte // its name there
	unseen bool   // it was listed as a file, and that is all that is known
	far    bool   // others answer for the file system that it lies on
	counts Counts
	host   uint64 // the device that / lies on
}

// Run walks, and returns when everything given was taken, or with the first
// error.
func Run(ctx context.Context, opts Options, h Handler) (Counts, error) {
	if opts.Workers <= 0 {
		opts.Workers = min(runtime.GOMAXPROCS(0), 4)
		if patient(ctx) {
			opts.Workers = 1
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := &Walk{ctx: ctx, opts: opts, handler: h, named: map[string]bool{}, dents: make([]byte, 32<<10)}
	for _, r := range slices.Concat(opts.Roots, opts.Through) {
		w.named[r] = true
	}
	n := 2*opts.Workers + 2
	w.free, w.todo, w.order = make(chan *batch, n), make(chan *batch, n), make(chan *batch, n)
	for range n {
		w.free <- &batch{items: make([]Item, 0, batchItems), buf: make([]byte, 0, batchBytes+8<<10), done: make(chan error, 1)}
	}
	var workers sync.WaitGroup
	for range opts.Workers {
		workers.Go(func() {
			lower(ctx)
			r := attr.NewReader()
			r.Local = !w.opts.Network
			for b := range w.todo {
				b.done <- b.read(ctx, r)
			}
		})
	}
	walked := make(chan error, 1)
	go func() {
		lower(ctx)
		err := w.all()
		if err == nil {
			err = w.flush(true)
		}
		if err != nil && w.cur != nil {
			w.cur.drop()
		}
		for _, f := range w.frames { // left open by an error
			if f.dir != nil {
				f.dir.release()
			}
		}
		close(w.todo)
		close(w.order)
		walked <- err
	}()
	var failed error
	for b := range w.order {
		err := <-b.done
		if err == nil && failed == nil {
			err = w.take(b)
		}
		if err != nil && failed == nil {
			failed = err
			cancel() // the walk ends; what is under way is waited for
		}
		b.reset()
		w.free <- b
	}
	workers.Wait()
	err := <-walked
	if failed != nil {
		err = failed
	}
	return w.counts, err
}

func (w *Walk) take(b *batch) error {
	w.counts.Vanished += b.gone
	w.counts.Read += b.bytes
	for i := range b.items {
		it := &b.items[i]
		if !it.HasEntry && !it.HasPrior {
			continue
		}
		if err := w.handler.Take(it); err != nil {
			return err
		}
	}
	return nil
}

// Give hands an entry on, its prior, or both; read asks for what takes opening
// it. Only the entry that is looked at can be read.
func (w *Walk) Give(e, prior *attr.Entry, read bool) error {
	if w.cur == nil {
		select {
		case w.cur = <-w.free:
		case <-w.ctx.Done():
			return w.ctx.Err()
		}
	}
	b := w.cur
	b.items = b.items[:len(b.items)+1]
	it := &b.items[len(b.items)-1]
	*it = Item{name: -1}
	if prior != nil {
		it.Prior, it.HasPrior = *prior, true
		it.Prior.Path, it.Prior.Link, it.Prior.Xattr = b.keep(prior.Path), b.keep(prior.Link), b.keep(prior.Xattr)
	}
	if e != nil {
		it.Entry, it.HasEntry = *e, true
		it.Entry.Path, it.Entry.Link, it.Entry.Xattr = b.keep(e.Path), b.keep(e.Link), b.keep(e.Xattr)
	}
	if read && e != nil && e.Seen() {
		it.far = w.far
		it.name = int32(len(b.buf))
		b.buf = append(b.buf, w.name...)
		it.dir = w.entry
		if d := w.entry; d != nil && (len(b.dirs) == 0 || b.dirs[len(b.dirs)-1] != d) {
			d.refs.Add(1)
			b.dirs = append(b.dirs, d)
		}
		switch {
		case w.unseen:
			it.unseen = true
			b.load += unseenLoad
		case e.Regular():
			b.load += e.Size
		}
	}
	return w.flush(false)
}

// flush hands the batch on when it is full, or when force is set.
func (w *Walk) flush(force bool) error {
	b := w.cur
	if b == nil || !force && len(b.items) < batchItems && len(b.buf) < batchBytes && len(b.dirs) < batchDirs && b.load < batchLoad {
		return nil
	}
	w.cur = nil
	w.order <- b // both hold all batches there are
	w.todo <- b
	return nil
}

func (b *batch) keep(p []byte) []byte {
	if len(p) == 0 {
		return nil
	}
	start := len(b.buf)
	b.buf = append(b.buf, p...)
	return b.buf[start:len(b.buf):len(b.buf)]
}

func (b *batch) read(ctx context.Context, r *attr.Reader) error {
	local := r.Local
	r.Bytes, b.gone = 0, 0
	defer func() {
		b.bytes, r.Local = r.Bytes, local
		for _, d := range b.dirs {
			d.release()
		}
		b.dirs = b.dirs[:0]
	}()
	for i := range b.items {
		it := &b.items[i]
		if it.name < 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		fd := unix.AT_FDCWD
		if it.dir != nil {
			fd = it.dir.fd
		}
		var gone bool
		var err error
		r.Local = local && !it.far
		if it.unseen {
			gone, err = r.ReadUnseen(ctx, fd, b.buf[it.name:], &it.Entry, &b.buf)
		} else {
			gone, err = r.Read(ctx, fd, b.buf[it.name:], &it.Entry, &b.buf, it.Entry.Why[attr.PartDigest] == 0)
		}
		if err != nil {
			return err
		}
		if gone {
			b.gone++
			it.HasEntry = false
		}
	}
	return nil
}

func (b *batch) drop() {
	for _, d := range b.dirs {
		d.release()
	}
	b.dirs = nil
}

func (b *batch) reset() {
	b.items, b.load, b.gone, b.bytes = b.items[:0], 0, 0, 0
	if cap(b.buf) > 4*batchBytes {
		b.buf = make([]byte, 0, batchBytes+8<<10) // one with very long attributes passed through
	}
	b.buf = b.buf[:0]
}

// all walks the roots.
func (w *Walk) all() error {
	var top attr.Entry
	if _, err := attr.Stat(unix.AT_FDCWD, []byte("/\x00"), &top); err == nil { // refused: then nothing is taken for the host's own
		w.host = top.Dev
	}
	for _, root := range w.opts.Roots {
		if w.opts.Exclude != nil && w.opts.Exclude([]byte(root)) {
			continue
		}
		if err := w.root(root); err != nil {
			return err
		}
	}
	if w.handler.End == nil {
		return nil
	}
	return w.handler.End(w)
}

func (w *Walk) root(root string) error {
	w.path = append(w.path[:0], root...)
	w.name, w.entry = append([]byte(root), 0), nil
	w.e = attr.Entry{Path: w.path}
	at, name, err := attr.Place(w.opts.Tops, root)
	if err == nil {
		if at >= 0 {
			d := &dir{fd: at}
			d.refs.Add(1)
			defer d.release()
			w.name, w.entry = name, d
		}
		_, err = attr.Stat(at, name, &w.e)
	}
	switch {
	case attr.Nowhere(err):
		return nil
	case err != nil:
		w.e.Unseen(attr.ReasonOf(err))
		return w.look()
	}
	kind := local
	if t := w.e.Type(); t == unix.S_IFDIR || t == unix.S_IFREG {
		var fs unix.Statfs_t
		if err := unix.Statfs(root, &fs); err == nil { // refused: it is opened and said there
			kind = w.kindOf(int64(fs.Type))
		}
	}
	network := kind == remote && !w.opts.Network
	w.far = kind == remote
	if !w.e.IsDir() {
		if network {
			w.e.Why[attr.PartDigest] = attr.Network
		}
		return w.look()
	}
	if kind == made {
		w.e.Why[attr.PartEntries] = attr.KernelMade
		return w.look()
	}
	if err := w.enter(at, network); err != nil {
		return err
	}
	for len(w.frames) > 0 {
		if err := w.step(); err != nil {
			return err
		}
	}
	return nil
}

func (w *Walk) look() error {
	w.counts.Entries++
	w.e.Path = w.path
	return w.handler.Look(w, &w.e)
}

// sorted puts the names of the last frame in order.
func (w *Walk) sorted(f *frame) {
	slices.SortFunc(w.list.refs[f.first:], w.list.compare)
}
