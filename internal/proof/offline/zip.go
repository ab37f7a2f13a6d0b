package offline

import (
	"archive/zip"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

const (
	localHeaderSize = 30
	endSize         = 22
	end64Size       = 56
	locatorSize     = 20
	// maxDirectory bounds the directory of a zip, which its reader holds in memory.
	maxDirectory = 64 << 20
)

// checkDirectory looks at where a zip's directory is before all of it is read:
// at the end of the file, without a comment behind it, and no larger than its
// number of files can need.
func checkDirectory(r io.ReaderAt, size int64, limits Limits) error {
	none := malformed("", "it is no zip file, or not all of it: a package ends with its directory")
	if size < endSize {
		return none
	}
	tail := make([]byte, min(size, endSize+locatorSize+end64Size))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	end := tail[len(tail)-endSize:]
	if string(end[:4]) != "PK\x05\x06" || binary.LittleEndian.Uint16(end[20:]) != 0 {
		return none
	}
	count, length := uint64(binary.LittleEndian.Uint16(end[10:])), uint64(binary.LittleEndian.Uint32(end[12:]))
	offset, after := uint64(binary.LittleEndian.Uint32(end[16:])), uint64(size-endSize)
	if count == 0xffff || length == 0xffffffff || offset == 0xffffffff {
		if len(tail) < endSize+locatorSize+end64Size || string(tail[:4]) != "PK\x06\x06" || string(tail[end64Size:end64Size+4]) != "PK\x06\x07" {
			return none
		}
		count, length = binary.LittleEndian.Uint64(tail[32:]), binary.LittleEndian.Uint64(tail[40:])
		offset, after = binary.LittleEndian.Uint64(tail[48:]), uint64(size-endSize-locatorSize-end64Size)
	}
	switch {
	case count > uint64(limits.Files):
		return malformed("", "the package has %d files; at most %d are read", count, limits.Files)
	case length > maxDirectory:
		return malformed("", "the package's directory has %d bytes; at most %d are read", length, maxDirectory)
	case offset > after || after-offset != length:
		return malformed("", "the package's directory is not where it should be")
	}
	return nil
}

// checkPlaces refuses a zip in which something stands before, between or behind
// its members, in which two of them share bytes, or in which a member has two
// names: another program would read another package.
func checkPlaces(r io.ReaderAt, files []*zip.File, size int64) error {
	type place struct {
		f    *zip.File
		data int64
	}
	places := make([]place, 0, len(files))
	for _, f := range files {
		data, err := f.DataOffset()
		if err != nil {
			return malformed(f.Name, "its place in the package cannot be read: %v", err)
		}
		places = append(places, place{f, data})
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.data, b.data) })
	at := int64(0)
	header := make([]byte, localHeaderSize+maxName)
	for _, p := range places {
		n, err := r.ReadAt(header, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		h := header[:n]
		if n < localHeaderSize || string(h[:4]) != "PK\x03\x04" {
			return malformed(p.f.Name, "what stands before it belongs to no file")
		}
		name, extra := int(binary.LittleEndian.Uint16(h[26:])), int64(binary.LittleEndian.Uint16(h[28:]))
		if localHeaderSize+name > n || string(h[localHeaderSize:localHeaderSize+name]) != p.f.Name ||
			at+localHeaderSize+int64(name)+extra != p.data || binary.LittleEndian.Uint16(h[8:]) != p.f.Method {
			return malformed(p.f.Name, "it has another name, place or method where it lies than in the package's directory")
		}
		at = p.data + int64(p.f.CompressedSize64)
		if p.f.Flags&8 != 0 { // sizes stand behind the data too
			behind := int64(16)
			if p.f.CompressedSize64 >= 1<<32-1 || p.f.UncompressedSize64 >= 1<<32-1 {
				behind = 24
			}
			at += behind
		}
	}
	if first := make([]byte, 4); at <= size-4 {
		if _, err := r.ReadAt(first, at); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if s := string(first); s == "PK\x01\x02" || (len(files) == 0 && (s == "PK\x05\x06" || s == "PK\x06\x06")) {
			return nil
		}
	}
	return malformed("", "something stands between the package's files and its directory")
}
