package watch

import (
	"context"
	"maps"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/watch/burst"
)

// Large is how long a file may be for its content to be read where changes are told
// one after another. What is longer is read beside that, one file at a time, and told
// when it was read: nothing else waits for it.
const Large = 32 << 20

// mostRead is how many large files are remembered as they were read.
const mostRead = 1024

// inode names a file whatever it is called.
type inode struct{ dev, ino uint64 }

// job is a change that waits for a large file to be read.
type job struct {
	path string // that is read
	g    *burst.Logical
	c    Change
	have map[string]attr.Entry // read for it: taken as they were then, so that what grows all the time is told all the same
	next *job                  // what happened to the path meanwhile
}

// large reads long files beside Run. All but its goroutine belongs to Run.
type large struct {
	limit   int64
	roots   []string
	read    map[inode]attr.Entry // as they were read
	jobs    map[string]*job      // by path
	waiting []*job
	busy    bool
	have    map[string]attr.Entry // of the job that is told now
	done    chan readFile
}

type readFile struct {
	job   *job
	entry attr.Entry
	here  bool
	err   error
}

func newLarge(limit int64, roots []string) *large {
	if limit <= 0 {
		limit = Large
	}
	return &large{limit: limit, roots: roots, read: map[inode]attr.Entry{}, jobs: map[string]*job{}, done: make(chan readFile, 1)}
}

// is reports whether e is to be read beside everything else.
func (b *large) is(e *attr.Entry) bool { return e.Regular() && e.Size > b.limit }

// known gives the file that e is a look at, where it was read and is as it was then.
func (b *large) known(e *attr.Entry) (attr.Entry, bool) {
	r, ok := b.read[inode{e.Dev, e.Ino}]
	return r, ok && r.SameStat(e) && r.Has&attr.HasDigest != 0
}

func (b *large) note(e *attr.Entry) {
	if len(b.read) >= mostRead {
		clear(b.read)
	}
	c := e.Copy()
	c.Path = nil
	b.read[inode{e.Dev, e.Ino}] = c
}

// later reports whether a change waits for one of some paths to be read. g is nil for
// one that was found by comparing.
func (l *looker) later(ctx context.Context, g *burst.Logical, c *Change, paths ...string) (bool, error) {
	b := l.large
	for _, p := range paths {
		if p == "" || !l.w.scope.Holds(p) {
			continue
		}
		if j := b.jobs[p]; j != nil {
			last := j
			if last.next != nil {
				last = last.next
				c.Others = append(append(c.Others, last.c.Who), last.c.Others...)
				c.Others = c.Others[:min(len(c.Others), 20)]
			}
			j.next = &job{path: p, g: copied(g), c: *c}
			return true, nil
		}
		if _, ok := b.have[p]; ok {
			continue
		}
		e, here, err := l.look(p)
		if err != nil {
			return false, err
		}
		if !here || !b.is(&e) {
			continue
		}
		if rec, was, err := l.state.prior(p); err != nil {
			return false, err
		} else if was && rec.Why[attr.PartDigest].Chosen() {
			continue // its content is not read at all
		}
		if _, ok := b.known(&e); ok {
			continue
		}
		b.put(ctx, &job{path: p, g: copied(g), c: *c, have: maps.Clone(b.have)})
		return true, nil
	}
	return false, nil
}

func copied(g *burst.Logical) *burst.Logical {
	if g == nil {
		return nil
	}
	c := *g
	return &c
}

func (b *large) put(ctx context.Context, j *job) {
	b.jobs[j.path] = j
	b.waiting = append(b.waiting, j)
	b.start(ctx)
}

// start reads the next file, if none is being read.
func (b *large) start(ctx context.Context) {
	if b.busy || len(b.waiting) == 0 {
		return
	}
	j := b.waiting[0]
	b.waiting, b.busy = b.waiting[1:], true
	go func() { b.done <- j.run(ctx, b.roots) }()
}

// run reads one file, in a goroutine of its own.
func (j *job) run(ctx context.Context, roots []string) readFile {
	out := readFile{job: j}
	out.entry.Path = []byte(j.path)
	dir, name, err := attr.Place(roots, j.path)
	if err != nil {
		return out
	}
	defer attr.Leave(dir)
	if _, err := attr.Stat(dir, name, &out.entry); err != nil || !out.entry.Regular() {
		return out // it is gone, or another thing, which is looked at as such
	}
	var buf []byte
	gone, err := attr.NewReader().Read(ctx, dir, name, &out.entry, &buf, true)
	out.here, out.err = !gone && err == nil, err
	return out
}

// finished tells what waited for a file that was read.
func (l *looker) finished(ctx context.Context, r readFile) error {
	b := l.large
	b.busy = false
	delete(b.jobs, r.job.path)
	defer b.start(ctx)
	if r.err != nil {
		return r.err // only the end of ctx: what cannot be read is said in the entry
	}
	b.have = r.job.have
	if r.here {
		b.note(&r.entry)
		if b.have == nil {
			b.have = map[string]attr.Entry{}
		}
		b.have[r.job.path] = r.entry
	}
	err := l.job(ctx, r.job)
	b.have = nil
	if next := r.job.next; err == nil && next != nil {
		err = l.job(ctx, next)
	}
	return err
}

func (l *looker) job(ctx context.Context, j *job) error {
	if j.g != nil {
		return l.event(ctx, j.g, &j.c)
	}
	return l.one(ctx, j.path, j.c)
}
