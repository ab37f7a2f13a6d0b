package snapshot

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

// FuzzParse reads foreign bytes as a snapshot. Checksums are made to hold, so
// that what lies behind them is reached: whoever writes a file can make those.
func FuzzParse(f *testing.F) {
	file := filepath.Join(f.TempDir(), "s")
	for _, n := range []int{0, 1, 63, 64, 150} {
		write(f, file, tree(n), map[string]string{"/r/d0000/file-00.txt": "a = 1\n"})
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fix(data)
		s, err := Parse("s", data)
		if err != nil {
			return
		}
		entries, _ := all(s) // an error is one answer
		if uint64(len(entries)) > s.Counts().Entries {
			t.Fatalf("%d entries of %d", len(entries), s.Counts().Entries)
		}
		for i := 1; i < len(entries); i++ {
			if Compare(entries[i-1].Path, entries[i].Path) >= 0 {
				t.Fatalf("%q before %q", entries[i-1].Path, entries[i].Path)
			}
		}
		_ = s.Verify()
		c := s.Cursor()
		if c.Seek([]byte("/r/d0000/file-00.txt")) == nil {
			_, _ = c.Next()
		}
		if text, _, err := s.Text([]byte("/r/d0000/file-00.txt")); err == nil && len(text) > MaxText {
			t.Fatalf("a text of %d bytes", len(text))
		}
		for _, e := range entries {
			_ = e.Values(1<<30 - 1)
		}
	})
}

// fix makes the checksums of a snapshot hold where there is room for them.
func fix(d []byte) {
	if len(d) < headerSize+footerSize {
		return
	}
	put := func(at int, b []byte) { binary.LittleEndian.PutUint32(d[at:], crc32.Checksum(b, castagnoli)) }
	if n := int(binary.LittleEndian.Uint32(d[12:])); n >= 0 && n <= len(d)-headerSize {
		put(16, d[headerSize:headerSize+n])
	}
	put(headerSize-4, d[:headerSize-4])
	foot := len(d) - footerSize
	copy(d[len(d)-8:], endMagic)
	put(len(d)-12, d[foot:len(d)-12])
	index, blocks := binary.LittleEndian.Uint64(d[foot+8:]), binary.LittleEndian.Uint64(d[foot+16:])
	for i := uint64(0); i < blocks && index < uint64(len(d)) && index+(i+1)*indexSize <= uint64(foot); i++ {
		at := index + i*indexSize
		offset, size := binary.LittleEndian.Uint64(d[at:]), uint64(binary.LittleEndian.Uint32(d[at+8:]))
		if offset < uint64(len(d)) && size <= uint64(len(d))-offset {
			put(int(at)+12, bytes.Clone(d[offset:offset+size]))
		}
	}
}
