package watch

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
)

// state is what was last seen of every path: what the snapshot says, and over
// it what was told since.
type state struct {
	snap  *snapshot.Snapshot
	cur   *snapshot.Cursor
	over  map[string]*seen
	names map[uint64][]string // by inode, of files with several names
	round int
}

// seen is a path that is not as the snapshot has it.
type seen struct {
	entry attr.Entry // without its path
	here  bool
	round int // of comparing, in which it was last met
}

const (
	maxOver  = 1 << 17 // paths; those beyond are compared with the snapshot again
	maxNames = 1 << 16
)

func newState(snap *snapshot.Snapshot) (*state, error) {
	s := &state{snap: snap, cur: snap.Cursor(), over: map[string]*seen{}, names: map[uint64][]string{}}
	for c := snap.Cursor(); ; {
		e, err := c.Next()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		s.name(e, string(e.Path))
	}
}

// name notes a name of a file that has several.
func (s *state) name(e *attr.Entry, path string) {
	if e.Nlink < 2 || e.IsDir() || len(s.names) >= maxNames {
		return
	}
	if list := s.names[e.Ino]; !slices.Contains(list, path) && len(list) < 64 {
		s.names[e.Ino] = append(list, path)
	}
}

// prior gives what was last seen at a path. The entry is the caller's until the
// next call.
func (s *state) prior(path string) (e attr.Entry, was bool, err error) {
	if o, ok := s.over[path]; ok {
		return o.entry, o.here, nil
	}
	return s.recorded(path)
}

func (s *state) recorded(path string) (e attr.Entry, was bool, err error) {
	if err := s.cur.Seek([]byte(path)); err != nil {
		return e, false, err
	}
	found, err := s.cur.Next()
	if errors.Is(err, io.EOF) {
		return e, false, nil
	}
	if err != nil || !bytes.Equal(found.Path, []byte(path)) {
		return e, false, err
	}
	return found.Copy(), true, nil
}

// set notes what is at a path now; nil is nothing.
func (s *state) set(path string, now *attr.Entry) error {
	rec, was, err := s.recorded(path)
	if err != nil {
		return err
	}
	if now == nil && !was || now != nil && was && attr.Diff(&rec, now) == 0 {
		delete(s.over, path)
	} else {
		if _, ok := s.over[path]; !ok && len(s.over) >= maxOver {
			for k := range s.over { // any
				delete(s.over, k)
				break
			}
		}
		o := &seen{round: s.round}
		if now != nil {
			o.entry, o.here = now.Copy(), true
			o.entry.Path = nil
		}
		s.over[path] = o
	}
	if now != nil {
		s.name(now, path)
	}
	return nil
}

// look sees what is at a path.
func (l *looker) look(path string) (e attr.Entry, here bool, err error) {
	if read, ok := l.large.have[path]; ok {
		return read.Copy(), true, nil
	}
	e.Path = []byte(path)
	if !l.w.cfg.Far && l.w.rounds.far.Begins(path) && !l.w.named(path) {
		e.Unseen(attr.Network) // it may not answer
		return e, true, nil
	}
	dir, name, err := attr.Place(l.w.scope.Roots(), path)
	if err == nil {
		defer attr.Leave(dir)
		_, err = attr.Stat(dir, name, &e)
	}
	switch {
	case attr.Nowhere(err):
		return e, false, nil
	case err != nil:
		e.Unseen(attr.ReasonOf(err))
		return e, true, nil
	}
	return e, true, nil
}

// read completes what look saw.
func (l *looker) read(e *attr.Entry, prior *attr.Entry) (here bool, err error) {
	if !e.Seen() {
		return true, nil
	}
	if prior != nil && e.IsDir() && prior.IsDir() {
		e.Why[attr.PartEntries] = prior.Why[attr.PartEntries] // not looked at, so not judged
	}
	if prior != nil && e.Regular() && prior.Why[attr.PartDigest].Chosen() {
		e.Why[attr.PartDigest] = prior.Why[attr.PartDigest]
	}
	read, ok := l.large.have[string(e.Path)]
	if !ok {
		read, ok = l.large.known(e)
	}
	if ok && !e.Why[attr.PartDigest].Chosen() {
		path := e.Path
		*e = read.Copy()
		e.Path = path
		return true, nil
	}
	dir, name, err := attr.Place(l.w.scope.Roots(), string(e.Path))
	if attr.Nowhere(err) {
		return false, nil
	}
	if err != nil {
		path := e.Path
		e.Unseen(attr.ReasonOf(err))
		e.Path = path
		return true, nil
	}
	defer attr.Leave(dir)
	var buf []byte
	gone, err := l.reader.Read(l.ctx, dir, name, e, &buf, e.Why[attr.PartDigest] == 0)
	return !gone, err
}
