package integrity

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/logfile"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
)

// Logs counts what declared logs did that logs do: none of it is a change.
type Logs struct {
	Grown   int64 `json:"grown"`
	Rotated int64 `json:"rotated"` // what was recorded is in another file of the chain, or the file came with a turn
	Expired int64 `json:"expired"` // the oldest of a chain, after a turn
}

// maxLogs is how many changes of logs are held back until all are known; those
// past it are told as they are.
const maxLogs = 10_000

// What may differ of a log that has grown, and of one that was begun anew.
const (
	growing = attr.Size | attr.Mtime | attr.Ctime | attr.Digest
	anew    = growing | attr.Inode | attr.BirthTime | attr.Nlink
)

// logs holds back the changes of declared logs and of their directories: what
// one did is known from the others of its chain.
type logs struct {
	snap  *snapshot.Snapshot
	match patterns
	dirs  patterns // directories in which a pattern matches
	held  map[string][]heldLog
	order []string // of the directories
	lists map[string]*Change
	real  map[string]bool // of those, where an entry came or went that is no log's doing
	n     int
}

type heldLog struct {
	before, after *attr.Entry
	change        *Change
}

func newLogs(snap *snapshot.Snapshot) (*logs, error) {
	l := &logs{snap: snap, held: map[string][]heldLog{}, lists: map[string]*Change{}, real: map[string]bool{}}
	var err error
	if l.match, err = compilePatterns(snap.Options.Logs); err != nil {
		return nil, err
	}
	for _, p := range l.match {
		dir := p.parts[: len(p.parts)-1 : len(p.parts)-1]
		l.dirs = append(l.dirs, pattern{append(dir, "*"), fixed(dir)})
	}
	return l, nil
}

// hold takes a change that is judged later.
func (l *logs) hold(before, after *attr.Entry, c *Change) bool {
	if len(l.match) == 0 || l.n >= maxLogs {
		return false
	}
	e := after
	if e == nil {
		e = before
	}
	dir := string(bytes.TrimRight(e.Path[:bytes.LastIndexByte(e.Path, '/')+1], "/"))
	if c.Listing && l.dirs.match(append(bytes.Clone(e.Path), "/x"...)) {
		l.lists[string(e.Path)] = c
		l.n++
		return true
	}
	regular := (before == nil || before.Regular() && before.Has&attr.HasDigest != 0) && (after == nil || after.Regular())
	if !regular || !l.match.match(e.Path) {
		if c.Change != Changed {
			l.real[dir] = true
		}
		return false
	}
	h := heldLog{change: c}
	if before != nil {
		b := before.Copy()
		h.before = &b
	}
	if after != nil {
		a := after.Copy()
		h.after = &a
	}
	if _, ok := l.held[dir]; !ok {
		l.order = append(l.order, dir)
	}
	l.held[dir] = append(l.held[dir], h)
	l.n++
	return true
}

// judge tells what is a change of what was held back.
func (l *logs) judge(sum *Logs, tell func(*Change) error) error {
	for _, dir := range l.order {
		known, verdicts, err := l.verdicts(dir)
		if err != nil {
			return err
		}
		byName := map[string]logfile.Verdict{}
		into, written := map[string]bool{}, map[string]string{}
		for i, k := range known {
			byName[k.Name] = verdicts[i]
			if verdicts[i].Kind == logfile.Rotated {
				into[verdicts[i].Into] = true
				if logfile.Base(k.Name) == k.Name {
					written[k.Name] = verdicts[i].Into
				}
			}
		}
		for _, h := range l.held[dir] {
			if h.expected(sum, byName, into, written) {
				continue
			}
			if h.change.Change != Changed {
				l.real[dir] = true
			}
			if err := tell(h.change); err != nil {
				return err
			}
		}
	}
	for dir, c := range l.lists {
		if _, turned := l.held[dir]; turned && !l.real[dir] {
			continue // its logs came and went
		}
		if err := tell(c); err != nil {
			return err
		}
	}
	return nil
}

// expected reports whether a log did what logs do, and counts it; else the
// change says what it did.
func (h heldLog) expected(sum *Logs, verdicts map[string]logfile.Verdict, into map[string]bool, written map[string]string) bool {
	if h.before == nil {
		name := filepath.Base(string(h.after.Path))
		// It holds what was recorded of another, or was written after that and before the file of now.
		turn, turned := written[logfile.Base(name)]
		if into[name] || turned && logfile.Between(name, turn) {
			sum.Rotated++
			return true
		}
		return false
	}
	v := verdicts[filepath.Base(string(h.before.Path))]
	h.change.Log, h.change.Reason = string(v.Kind), v.Reason
	var differs attr.Fields
	if h.after != nil {
		differs = attr.Diff(h.before, h.after)
	}
	switch {
	case v.Kind == logfile.Grown && differs&^growing == 0:
		sum.Grown++
		return true
	case v.Kind == logfile.Rotated && differs&^anew == 0:
		sum.Rotated++
		return true
	case v.Kind == logfile.Expired && differs&^anew == 0:
		sum.Expired++
		return true
	case v.Kind == logfile.Rotated:
		h.change.Log += " into " + v.Into
	}
	return false
}

// verdicts judges all recorded logs of a directory, those that did not change
// as well.
func (l *logs) verdicts(dir string) ([]logfile.Known, []logfile.Verdict, error) {
	var known []logfile.Known
	prefix := []byte(dir + "/")
	c := l.snap.Cursor()
	if err := c.Seek(prefix); err != nil {
		return nil, nil, err
	}
	for {
		e, err := c.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		name, inside := bytes.CutPrefix(e.Path, prefix)
		if !inside {
			break
		}
		if e.Regular() && e.Has&attr.HasDigest != 0 && bytes.IndexByte(name, '/') < 0 && l.match.match(e.Path) {
			known = append(known, logfile.Known{Name: string(name), Size: e.Size, Digest: e.Digest})
		}
	}
	now := logfile.Dir{Open: func(name string) (io.ReadCloser, error) {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, err
		}
		if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
			return nil, errors.Join(errors.New("it is no file"), err, f.Close())
		}
		return f, nil
	}}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			now.Names = append(now.Names, e.Name())
		}
	}
	return known, logfile.Judge(known, now), nil
}
