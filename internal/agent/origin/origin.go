// Package origin gathers evidence of where changes of files came from: what the
// host's package manager says of a path, and which tokens a process above the
// writer had presented.
//
// Serves C7.1c. Invariants: it judges nothing and it repairs nothing. A claim of
// a package is made of the manager's own records, of the content that the file
// has now, and of the processes above the writer; what one of them does not say
// stands in Reason and is never assumed. A transaction is named only where its
// time, its packages and, as far as they are known, the processes above the
// writer agree with the change. Nothing is read when no change came, except by
// Prepare.
//
// Floor: edges, below agent. Imports agent/collect/tree, agent/integrity/attr,
// wire and its own parsers.
package origin

import (
	"context"
	"errors"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/wire"
)

// Patience is how long a change waits at most for the manager to finish what it
// is doing to the file.
const Patience = 2 * time.Minute

// Words of a claim.
const (
	roleContent  = "content"
	roleListed   = "listed"
	roleConffile = "conffile"
	roleScript   = "script"
	roleDatabase = "database"

	match    = "match"
	mismatch = "mismatch"
	none     = "none"
	gone     = "gone"
)

// Config says where to look. The zero value is this host.
type Config struct {
	Root   tree.Root                              // a directory for tests
	Claims func(*wire.FileChange) []wire.RunClaim // tokens, see present.Keeper; nil is none
	Clock  func() time.Time                       // nil is the system's
	Zone   *time.Location                         // of the managers' logs; nil is the host's
}

// asked is a package manager: it sets the claims of what is its own.
type asked interface {
	prepare(ctx context.Context) error
	describe(ctx context.Context, all []*item) error
}

// Describer describes. It keeps what it read between calls, and belongs to one
// goroutine.
type Describer struct {
	cfg      Config
	managers []asked
	looked   time.Time // for managers
	buf      []byte
	waited   map[*wire.FileChange]map[int]content // of what was given back: read once, by the size of the digest
}

// item is one change on its way.
type item struct {
	c    *wire.FileChange
	path string
	at   time.Time // when it happened
	wait bool      // the manager is at work on it still
}

// New makes one. It reads nothing.
func New(cfg Config) *Describer {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Zone == nil {
		cfg.Zone = time.Local
	}
	return &Describer{cfg: cfg, waited: map[*wire.FileChange]map[int]content{}}
}

// find sees which managers the host has; one that is installed later is found
// with the next change but one minute.
func (d *Describer) find() {
	now := d.cfg.Clock()
	if len(d.managers) > 0 || !d.looked.IsZero() && now.Sub(d.looked) < time.Minute {
		return
	}
	d.looked, d.buf = now, make([]byte, 128<<10)
	for _, open := range []func(*Describer) asked{newDpkg, newApk, newRpm} {
		if m := open(d); m != nil {
			d.managers = append(d.managers, m)
		}
	}
}

// Prepare reads which paths belong to which package, so that of a file that a
// package took away it is known whose it was. Call it once, when watching
// begins; it costs some 50 ms.
func (d *Describer) Prepare(ctx context.Context) error {
	d.find()
	var failed error
	for _, m := range d.managers {
		failed = errors.Join(failed, m.prepare(ctx))
	}
	return failed
}

// Describe sets Package and Runs of changes. Those that it gives back are on
// their way still: the manager is at work on the file and its records are not
// written. Hold them, and call again with them in a second, together with
// whatever came since; after Patience none is given back any more. An error
// says what could not be read; every change is described as far as it goes.
func (d *Describer) Describe(ctx context.Context, changes []*wire.FileChange) (wait []*wire.FileChange, err error) {
	if len(changes) == 0 {
		return nil, nil
	}
	d.find()
	all := make([]*item, 0, len(changes))
	for _, c := range changes {
		if d.cfg.Claims != nil && c.Runs == nil {
			c.Runs = d.cfg.Claims(c)
		}
		it := &item{c: c, path: c.Path, at: happened(c)}
		if c.Escaped {
			it.path = attr.Unescape(c.Path)
		}
		c.Package = nil
		all = append(all, it)
	}
	var failed error
	for _, m := range d.managers {
		failed = errors.Join(failed, m.describe(ctx, all))
	}
	now := d.cfg.Clock()
	waited := map[*wire.FileChange]map[int]content{}
	for _, it := range all {
		if it.wait && now.Sub(it.c.Time) < Patience {
			wait = append(wait, it.c)
			if read := d.waited[it.c]; read != nil {
				waited[it.c] = read
			}
		}
	}
	d.waited = waited
	return wait, errors.Join(failed, ctx.Err())
}
