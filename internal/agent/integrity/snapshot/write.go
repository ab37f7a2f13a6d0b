package snapshot

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/merkle"
)

// Writer makes a snapshot beside the place where it will lie. Until Close has
// returned nil nothing has changed there.
type Writer struct {
	path  string
	f     *os.File
	w     *bufio.Writer
	sum   hash.Hash
	at    uint64
	b     builder
	block []byte
	index []byte
	last  []byte // path of the last entry
	foot  footer
	tree  *merkle.Tree
	texts *texts
}

// Temporary is how the name of a snapshot that is being made ends.
const Temporary = ".making"

// Create begins a snapshot that will lie at path.
func Create(path string, o Options) (*Writer, error) {
	header, err := encodeHeader(o)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+Temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	w := &Writer{path: path, f: f, sum: sha256.New(), tree: merkle.New(), texts: &texts{}}
	w.w = bufio.NewWriterSize(io.MultiWriter(f, w.sum), 64<<10)
	if err := w.write(header); err != nil {
		return nil, errors.Join(err, w.Abandon())
	}
	return w, nil
}

func (w *Writer) write(b []byte) error {
	w.at += uint64(len(b))
	_, err := w.w.Write(b)
	return err
}

// Add takes the next entry; entries come in order.
func (w *Writer) Add(e *attr.Entry) error {
	if w.foot.Entries > 0 && Compare(w.last, e.Path) >= 0 {
		return fmt.Errorf("%q does not come after %q", e.Path, w.last)
	}
	w.last = append(w.last[:0], e.Path...)
	if err := w.tree.Add(e); err != nil {
		return fmt.Errorf("%q: %w", e.Path, err)
	}
	w.b.add(e)
	w.foot.Entries++
	if e.Regular() {
		w.foot.Files++
		w.foot.Bytes += uint64(max(e.Size, 0))
	}
	if w.b.n == Block {
		return w.flush()
	}
	return nil
}

func (w *Writer) flush() error {
	w.block = w.b.take(w.block[:0])
	w.index = binary.LittleEndian.AppendUint64(w.index, w.at)
	w.index = binary.LittleEndian.AppendUint32(w.index, uint32(len(w.block)))
	w.index = binary.LittleEndian.AppendUint32(w.index, crc32.Checksum(w.block, castagnoli))
	w.foot.blocks++
	return w.write(w.block)
}

// Text keeps the text of an entry that was added; texts come in order.
func (w *Writer) Text(path, text []byte) error { return w.texts.add(path, text) }

// Close writes what is missing, brings it to the disk and puts it in its
// place.
func (w *Writer) Close() (Counts, merkle.Hash, error) {
	err := w.finish()
	if err != nil {
		return Counts{}, merkle.Hash{}, errors.Join(err, w.Abandon())
	}
	return w.foot.Counts, w.foot.root, nil
}

func (w *Writer) finish() error {
	if w.b.n > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.foot.texts = w.at
	if err := w.write(w.texts.all); err != nil {
		return err
	}
	w.foot.index = w.at
	if err := w.write(w.index); err != nil {
		return err
	}
	if err := w.w.Flush(); err != nil {
		return err
	}
	w.foot.root = w.tree.Root()
	w.sum.Sum(w.foot.digest[:0])
	if _, err := w.f.Write(w.foot.encode()); err != nil {
		return err
	}
	if err := w.f.Sync(); err != nil {
		return err
	}
	if err := w.f.Close(); err != nil {
		return err
	}
	if err := os.Rename(w.path+Temporary, w.path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(w.path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Abandon removes what was made so far.
func (w *Writer) Abandon() error {
	err := w.f.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	rerr := os.Remove(w.path + Temporary)
	if errors.Is(rerr, os.ErrNotExist) {
		rerr = nil
	}
	return errors.Join(err, rerr)
}
