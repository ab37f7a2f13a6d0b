// Package integrity compares trees of files with what they were: it makes a
// snapshot of them (Make), and tells every difference between a snapshot and
// what is there now (Check), in parts or whole (Only), by and by (Rehash).
//
// Serves C7.1c. Invariants: every path of the snapshot and of the trees is
// accounted for: it is equal, it is a change, or it is said why that is not
// known. A content digest is taken to be equal only where device, inode, size
// and times are; Full and Rehash read it all the same. Nothing is accepted
// here: a snapshot is never altered by a check.
//
// Floor: edges, below agent. Imports its own packages and base/fault.
package integrity

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/merkle"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/agent/integrity/walk"
	"github.com/attesta/attesta/internal/base/fault"
)

// Made is what a new snapshot is.
type Made struct {
	snapshot.Counts
	Root     merkle.Hash
	Vanished int64
	Texts    Texts
	Gaps
}

// Make looks at everything that o names and writes the snapshot at path,
// replacing one that is there once the new one is on disk.
func Make(ctx context.Context, path string, o snapshot.Options) (Made, error) {
	var made Made
	s, err := newScope(o)
	if err != nil {
		return made, err
	}
	match, err := compilePatterns(o.Texts)
	if err != nil {
		return made, err
	}
	w, err := snapshot.Create(path, o)
	if err != nil {
		return made, unwritable(path, err)
	}
	opts := s.walk()
	opts.Unseen = true
	counts, err := walk.Run(ctx, opts, walk.Handler{
		Look: func(w *walk.Walk, e *attr.Entry) error { return w.Give(e, nil, true) },
		Take: func(it *walk.Item) error {
			made.take(&it.Entry)
			if err := w.Add(&it.Entry); err != nil {
				return err
			}
			return made.Texts.keep(w, match, &it.Entry)
		},
	})
	if err != nil {
		return made, unwritable(path, errors.Join(err, w.Abandon()))
	}
	made.Vanished = counts.Vanished
	if made.Counts, made.Root, err = w.Close(); err != nil {
		return made, unwritable(path, err)
	}
	return made, nil
}

// unwritable says what an error of writing the snapshot means.
func unwritable(path string, err error) error {
	var pe *os.PathError
	var no syscall.Errno
	if errors.Is(err, context.Canceled) || !errors.As(err, &pe) && !errors.As(err, &no) {
		return err
	}
	f := fault.Wrap(fault.Unavailable, err, "the snapshot %s could not be written; one that was there before is as it was", path)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return f.WithHint("the disk is full: make room, or put it elsewhere")
	}
	return f
}

// How says how a check looks.
type How struct {
	Full    bool     // read every content, whatever the times say
	Only    []string // whole paths below the roots: only these and what lies below; nil is everything
	Shallow bool     // of a directory in Only just itself and its own entries
	Own     []string // snapshots that lie in the trees besides those of the options: left out
	Apart   []string // trees that are looked at by themselves: left out, and not missing
	Large   int64    // of a file that is longer, and looks changed, the content is not read: it counts as changed; 0 reads all
}

// Found is what a check looked at.
type Found struct {
	Entries  int64 `json:"entries"` // looked at
	Added    int64 `json:"added"`
	Removed  int64 `json:"removed"`
	Changed  int64 `json:"changed"`
	Hidden   int64 `json:"hidden"` // entries of the snapshot that lie where nothing could be looked at
	Vanished int64 `json:"vanished"`
	Bytes    int64 `json:"bytes_read"`
	Logs     Logs  `json:"logs"` // what declared logs did that logs do
	Gaps
}

// Changes is how many there are.
func (f *Found) Changes() int64 { return f.Added + f.Removed + f.Changed }

// Check compares what is there with a snapshot and gives each change to emit, in
// the order of the paths, those of declared logs last. Nothing is remembered: a second check tells the same
// again. With How.Only it looks at a part, as a watcher does that was told
// where something happened; what lies outside the roots or is excluded is
// passed over.
func Check(ctx context.Context, snap *snapshot.Snapshot, how How, emit func(*Change) error) (Found, error) {
	o := snap.Options
	for _, own := range how.Own {
		o.Own = append(slices.Clip(o.Own), snapshot.Path(own))
	}
	s, err := newScope(o)
	if err != nil {
		return Found{}, err
	}
	opts := s.walk()
	if len(how.Apart) > 0 {
		opts.Exclude = func(p []byte) bool { return how.apart(p) || s.excluded(p) }
	}
	if how.Only != nil {
		opts.Tops = s.roots
		if opts.Roots, err = s.part(how.Only); err != nil {
			return Found{}, err
		}
		opts.Shallow = how.Shallow
	}
	m := &merge{cursor: snap.Cursor(), roots: opts.Roots, how: how, root: -1}
	if made := snap.Options.Made; !made.IsZero() {
		m.young = made.Add(-tick).UnixNano()
	}
	var found Found
	tell := func(c *Change) error {
		switch c.Change {
		case Added:
			found.Added++
		case Removed:
			found.Removed++
		default:
			found.Changed++
		}
		return emit(c)
	}
	logs, err := newLogs(snap)
	if err != nil {
		return found, err
	}
	counts, err := walk.Run(ctx, opts, walk.Handler{Look: m.look, End: m.end, Take: func(it *walk.Item) error {
		var before, after *attr.Entry
		if it.HasPrior {
			before = &it.Prior
		}
		if it.HasEntry {
			after = &it.Entry
			found.take(after)
		}
		c := newChange(before, after)
		if c != nil && c.Listing && s.holdsOwn(after.Path) {
			return nil // the snapshot was put there; what else came or went is told itself
		}
		if c == nil || logs.hold(before, after, c) {
			return nil
		}
		if err := c.Lines(snap, before, after); err != nil {
			return err
		}
		return tell(c)
	}})
	if err == nil {
		err = logs.judge(&found.Logs, tell)
	}
	found.Entries, found.Vanished, found.Bytes, found.Hidden = counts.Entries, counts.Vanished, counts.Read, m.hidden
	return found, err
}

// part gives the paths of a partial check in order, none below another.
func (s *scope) part(only []string) ([]string, error) {
	var roots []string
	for _, p := range only {
		if !s.holds(p) {
			continue
		}
		roots = append(roots, p)
	}
	slices.SortFunc(roots, func(a, b string) int { return snapshot.Compare([]byte(a), []byte(b)) })
	var out []string
	for _, r := range roots {
		if n := len(out); n == 0 || !within([]byte(r), []byte(out[n-1])) {
			out = append(out, r)
		}
	}
	return out, nil
}

// tick is the longest time within which two changes of a file may have the same
// time. Of a file that had changed so shortly before it was recorded an equal
// time says nothing.
const tick = 100 * time.Millisecond

// merge goes through a snapshot beside a walk, which have one order.
type merge struct {
	cursor *snapshot.Cursor
	roots  []string
	root   int         // the one that the cursor is in, -1 before the first
	prior  *attr.Entry // the next of the snapshot in that root, nil when there is none
	how    How
	young  int64  // what had changed since is read again
	shut   []byte // the directory whose entries are not seen, empty for none
	hidden int64
}

// next reads on in the snapshot, to the end of the root.
func (m *merge) next() error {
	e, err := m.cursor.Next()
	switch {
	case errors.Is(err, io.EOF):
		m.prior = nil
		return nil
	case err != nil:
		return err
	}
	m.prior = e
	if !within(e.Path, []byte(m.roots[m.root])) {
		m.prior = nil
	}
	return nil
}

// begin goes to the next root.
func (m *merge) begin() error {
	m.root++
	m.shut = m.shut[:0]
	if err := m.cursor.Seek([]byte(m.roots[m.root])); err != nil {
		return err
	}
	return m.next()
}

func (h *How) apart(p []byte) bool {
	return slices.ContainsFunc(h.Apart, func(a string) bool { return within(p, []byte(a)) })
}

// missing accounts for an entry of the snapshot that the walk did not meet.
func (m *merge) missing(w *walk.Walk) error {
	if len(m.shut) > 0 && within(m.prior.Path, m.shut) {
		if !m.how.Shallow {
			m.hidden++
		}
	} else if m.how.apart(m.prior.Path) {
		return m.next()
	} else if err := w.Give(nil, m.prior, false); err != nil {
		return err
	}
	return m.next()
}

func (m *merge) look(w *walk.Walk, e *attr.Entry) error {
	for m.root < 0 || !within(e.Path, []byte(m.roots[m.root])) {
		for m.prior != nil {
			if err := m.missing(w); err != nil {
				return err
			}
		}
		if err := m.begin(); err != nil {
			return err
		}
	}
	for m.prior != nil && !bytes.Equal(m.prior.Path, e.Path) && snapshot.Compare(m.prior.Path, e.Path) < 0 {
		if err := m.missing(w); err != nil {
			return err
		}
	}
	known := m.prior != nil && bytes.Equal(m.prior.Path, e.Path)
	var err error
	switch {
	case !known:
		err = w.Give(e, nil, m.how.Large <= 0 || !e.Regular() || e.Size <= m.how.Large)
	case !m.how.Full && m.prior.Ctime < m.young && e.SameStat(m.prior) && e.Settled(m.prior):
	case m.how.Shallow && e.IsDir() && e.Why[attr.PartEntries] == attr.NotLooked && m.prior.IsDir():
		now := *e
		now.Why[attr.PartEntries] = m.prior.Why[attr.PartEntries] // not asked for, so not judged
		err = w.Give(&now, m.prior, true)
	case m.how.Large > 0 && e.Regular() && e.Size > m.how.Large && !e.Why[attr.PartDigest].Chosen():
		err = w.Give(e, m.prior, false)
	default:
		err = w.Give(e, m.prior, true)
	}
	if err != nil {
		return err
	}
	if e.Why[attr.PartEntries] != 0 {
		m.shut = append(m.shut[:0], e.Path...)
	}
	if known {
		return m.next()
	}
	return nil
}

func (m *merge) end(w *walk.Walk) error {
	for m.root < len(m.roots) {
		for m.root >= 0 && m.prior != nil {
			if err := m.missing(w); err != nil {
				return err
			}
		}
		if m.root+1 == len(m.roots) {
			return nil
		}
		if err := m.begin(); err != nil {
			return err
		}
	}
	return nil
}
