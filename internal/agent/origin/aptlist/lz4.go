package aptlist

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// lz4Reader reads LZ4 frames, as apt keeps its indexes. Its checksums are not
// looked at: what is read is compared with a SHA-256 that was signed.
type lz4Reader struct {
	from  *bufio.Reader
	block []byte // compressed
	out   []byte // the last 64 KiB, and what was unpacked after them
	next  int    // in out, what is given next
	max   int
	flags byte
	begun bool
}

const (
	lz4Magic  = 0x184D2204
	lz4Window = 64 << 10
)

var errLZ4 = errors.New("it is no LZ4 that this program reads")

func newLZ4(r io.Reader) *lz4Reader { return &lz4Reader{from: bufio.NewReaderSize(r, 64<<10)} }

func (z *lz4Reader) Read(p []byte) (int, error) {
	for z.next == len(z.out) {
		if err := z.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, z.out[z.next:])
	z.next += n
	return n, nil
}

func (z *lz4Reader) word() (uint32, error) {
	var b [4]byte
	_, err := io.ReadFull(z.from, b[:])
	return binary.LittleEndian.Uint32(b[:]), err
}

func (z *lz4Reader) header() error {
	magic, err := z.word()
	if err != nil {
		return err // io.EOF: the end of the last frame
	}
	if magic&^0xF == 0x184D2A50 { // a frame to be passed over
		n, err := z.word()
		if err == nil {
			_, err = io.CopyN(io.Discard, z.from, int64(n))
		}
		return cut(err)
	}
	if magic != lz4Magic {
		return errLZ4
	}
	var d [2]byte
	if _, err := io.ReadFull(z.from, d[:]); err != nil {
		return cut(err)
	}
	z.flags = d[0]
	size := int(d[1] >> 4 & 7)
	if z.flags>>6 != 1 || z.flags&1 != 0 || size < 4 { // another version, or a dictionary
		return errLZ4
	}
	z.max = 1 << (8 + 2*size)
	rest := 1
	if z.flags&8 != 0 {
		rest += 8
	}
	if _, err := z.from.Discard(rest); err != nil {
		return cut(err)
	}
	z.begun = true
	z.out, z.next = z.out[:0], 0
	return nil
}

func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// more unpacks the next block.
func (z *lz4Reader) more() error {
	for !z.begun {
		if err := z.header(); err != nil {
			return err
		}
	}
	size, err := z.word()
	if err != nil {
		return cut(err)
	}
	if size == 0 {
		z.begun = false
		if z.flags&4 != 0 {
			_, err = z.word()
		}
		return cut(err)
	}
	plain := size>>31 != 0
	size &= 1<<31 - 1
	if int(size) > z.max {
		return errLZ4
	}
	if cap(z.block) < int(size) {
		z.block = make([]byte, size)
	}
	z.block = z.block[:size]
	if _, err := io.ReadFull(z.from, z.block); err != nil {
		return cut(err)
	}
	if z.flags&0x10 != 0 {
		if _, err := z.word(); err != nil {
			return cut(err)
		}
	}
	if keep := min(len(z.out), lz4Window); z.flags&0x20 == 0 { // blocks that lean on those before
		z.out = append(z.out[:0], z.out[len(z.out)-keep:]...)
	} else {
		z.out = z.out[:0]
	}
	z.next = len(z.out)
	if plain {
		z.out = append(z.out, z.block...)
		return nil
	}
	return z.unpack(z.next + z.max)
}

// unpack appends what the block stands for, up to a length of out.
func (z *lz4Reader) unpack(limit int) error {
	in, out := z.block, z.out
	length := func(n int) (int, bool) {
		if n != 15 {
			return n, true
		}
		for len(in) > 0 {
			b := in[0]
			in = in[1:]
			if n += int(b); n > limit {
				return 0, false
			}
			if b != 255 {
				return n, true
			}
		}
		return 0, false
	}
	for len(in) > 0 {
		token := in[0]
		in = in[1:]
		n, ok := length(int(token >> 4))
		if !ok || n > len(in) || len(out)+n > limit {
			return errLZ4
		}
		out = append(out, in[:n]...)
		if in = in[n:]; len(in) == 0 {
			break // the last has no match
		}
		if len(in) < 2 {
			return errLZ4
		}
		back := int(in[0]) | int(in[1])<<8
		in = in[2:]
		if n, ok = length(int(token & 15)); !ok {
			return errLZ4
		}
		n += 4
		if back == 0 || back > len(out) || len(out)+n > limit {
			return errLZ4
		}
		for n > 0 { // what is copied may be what was just written
			k := min(n, back)
			out = append(out, out[len(out)-back:len(out)-back+k]...)
			n -= k
		}
	}
	z.out = out
	return nil
}
