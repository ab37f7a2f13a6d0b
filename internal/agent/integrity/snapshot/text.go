package snapshot

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Kept text: records in the order of their paths, each the length of the rest
// (uvarint), the path (uvarint, bytes), the text (DEFLATE), CRC-32C of all of
// that after the length.

// MaxText is the most of one text, MaxTexts of all of them as they are stored.
const (
	MaxText  = 64 << 10
	MaxTexts = 8 << 20
)

// ErrTexts says that the texts of a snapshot are full: the text is not kept.
var ErrTexts = errors.New("no more texts are kept in this snapshot")

type texts struct {
	all []byte
	zip *flate.Writer
	buf bytes.Buffer
}

func (t *texts) add(path, text []byte) error {
	if len(text) > MaxText {
		return fmt.Errorf("a text of %d bytes, over %d", len(text), MaxText)
	}
	t.buf.Reset()
	if t.zip == nil {
		zip, err := flate.NewWriter(&t.buf, flate.BestSpeed)
		if err != nil {
			return err
		}
		t.zip = zip
	}
	t.zip.Reset(&t.buf)
	if _, err := t.zip.Write(text); err != nil {
		return err
	}
	if err := t.zip.Close(); err != nil {
		return err
	}
	record := binary.AppendUvarint(nil, uint64(len(path)))
	record = append(record, path...)
	record = append(record, t.buf.Bytes()...)
	record = binary.LittleEndian.AppendUint32(record, crc32.Checksum(record, castagnoli))
	if len(t.all)+len(record) > MaxTexts {
		return ErrTexts
	}
	t.all = binary.AppendUvarint(t.all, uint64(len(record)))
	t.all = append(t.all, record...)
	return nil
}

// Text gives the text that was kept of a path, found is false where none was.
// It reads the texts from their beginning: for the few files that changed.
func (s *Snapshot) Text(path []byte) (text []byte, found bool, err error) {
	if gerr := s.guarded(s.foot.texts, func() { text, found, err = s.text(path) }); gerr != nil {
		return nil, false, gerr
	}
	return text, found, err
}

func (s *Snapshot) text(path []byte) (text []byte, found bool, err error) {
	for rest := s.data[s.foot.texts:s.foot.index]; len(rest) > 0; {
		at := s.foot.index - uint64(len(rest))
		damaged := func() ([]byte, bool, error) { return nil, false, s.damage("text", at, errDamaged) }
		n, w := binary.Uvarint(rest)
		if w <= 0 || n < 5 || n > uint64(len(rest)-w) {
			return damaged()
		}
		record := rest[w : w+int(n)]
		rest = rest[w+int(n):]
		body := record[:len(record)-4]
		size, w := binary.Uvarint(body)
		if w <= 0 || size > uint64(len(body)-w) {
			return damaged()
		}
		if order := Compare(body[w:w+int(size)], path); order < 0 {
			continue
		} else if order > 0 {
			return nil, false, nil
		}
		if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(record[len(body):]) {
			return damaged()
		}
		text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(body[w+int(size):])), MaxText+1))
		if err != nil || len(text) > MaxText {
			return damaged()
		}
		return text, true, nil
	}
	return nil, false, nil
}
