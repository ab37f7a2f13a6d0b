package watching

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/attesta/attesta/internal/agent/integrity/watch"
)

// told is the file that says which states of which paths were told: 32 bytes
// each, the newest of a path last. It is read when a watch begins, so that what
// differs from the baseline for weeks is not told at each start. It may be lost
// or cut at any time: what it does not say is told again, with the same id.
type told struct {
	path string
	head string // whom it was told to; of another nothing counts

	mu   sync.Mutex
	f    *os.File // guarded by mu: open for appending, nil before the first note
	era  int      // guarded by mu: how often it was forgotten
	size int64    // guarded by mu
}

type (
	pathID  [16]byte
	stateID [16]byte
)

const (
	recordSize = 32
	// mostTold bounds what is remembered; beyond it all is told once again.
	mostTold = 1 << 17
	// mostNotes is how long the file may grow before it is written anew.
	mostNotes = 4 * mostTold * recordSize
	headSize  = 128
)

func pathOf(p string) pathID { s := sha256.Sum256([]byte(p)); return pathID(s[:16]) }

func stateOf(s watch.State) stateID {
	kind := "gone"
	if s.Here {
		kind = "here"
	}
	sum := sha256.Sum256(append([]byte(kind), s.Digest[:]...))
	return stateID(sum[:16])
}

func (t *told) header() []byte {
	b := make([]byte, headSize)
	copy(b, fmt.Sprintf("attesta told 1 %s\n", t.head))
	return b
}

// load reads what was told.
func (t *told) load() (map[pathID]stateID, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, err := os.Open(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() // for reading
	r := bufio.NewReader(f)
	head := make([]byte, headSize)
	if _, err := io.ReadFull(r, head); err != nil || string(head) != string(t.header()) {
		return nil, t.drop() // told to another server, or in another stream
	}
	known := map[pathID]stateID{}
	var rec [recordSize]byte
	n := 0
	for {
		_, err := io.ReadFull(r, rec[:])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break // the last note may have been cut
		}
		if err != nil {
			return nil, err
		}
		n++
		known[pathID(rec[:16])] = stateID(rec[16:])
	}
	switch {
	case len(known) > mostTold:
		return nil, t.drop()
	case int64(n)*recordSize > mostNotes/2 && n > 2*len(known):
		return known, t.write(known)
	}
	return known, nil
}

// write writes the file anew. t.mu is held.
func (t *told) write(known map[pathID]stateID) error {
	f, err := os.OpenFile(t.path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	_, err = b.Write(t.header())
	for p, s := range known {
		if err == nil {
			_, err = b.Write(append(p[:], s[:]...))
		}
	}
	if err = errors.Join(err, b.Flush(), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(t.path+".new"))
	}
	t.closeFile()
	return os.Rename(t.path+".new", t.path)
}

func (t *told) closeFile() {
	if t.f != nil {
		_ = t.f.Close() // what was not written is told again
		t.f = nil
	}
}

// drop removes it, for good before it returns. t.mu is held.
func (t *told) drop() error {
	t.closeFile()
	t.era++
	if err := os.Remove(t.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir, err := os.Open(dirOf(t.path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (t *told) forget() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.drop()
}

// now is to be given to note what is spooled from here on.
func (t *told) now() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.era
}

// note adds states that were spooled since era; nothing where all was forgotten
// since.
func (t *told) note(era int, states []watch.State) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if era != t.era || len(states) == 0 {
		return nil
	}
	if t.f == nil {
		f, err := os.OpenFile(t.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		st, err := f.Stat()
		if err == nil && st.Size() < headSize {
			if err = f.Truncate(0); err == nil {
				_, err = f.Write(t.header())
			}
		} else if err == nil && (st.Size()-headSize)%recordSize != 0 { // a note was cut
			err = f.Truncate(st.Size() - (st.Size()-headSize)%recordSize)
		}
		if err != nil {
			return errors.Join(err, f.Close())
		}
		t.f, t.size = f, max(st.Size(), headSize)
	}
	b := make([]byte, 0, len(states)*recordSize)
	for _, s := range states {
		p, id := pathOf(s.Path), stateOf(s)
		b = append(append(b, p[:]...), id[:]...)
	}
	if t.size+int64(len(b)) > mostNotes {
		return t.drop() // so many changes: what still differs is told once again
	}
	t.size += int64(len(b))
	if _, err := t.f.Write(b); err != nil {
		return errors.Join(err, t.drop())
	}
	return nil
}
