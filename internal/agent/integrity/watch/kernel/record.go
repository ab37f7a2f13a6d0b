package kernel

import (
	"bytes"
	"encoding/binary"
	"errors"
)

var errShort = errors.New("a record of the kernel is cut short or damaged")

// Process identifiers that a FanRecord may have instead of a descriptor.
const (
	NoPIDFD     = -1 // the process had ended
	FailedPIDFD = -2 // none could be made
	UnsaidPIDFD = -3 // none was asked for
)

// Handle names a file of a file system as name_to_handle_at(2) does.
type Handle struct {
	FS    uint64 // identifier of the file system
	Type  int32
	Bytes string
}

// FanRecord is one event of fanotify.
type FanRecord struct {
	Mask       uint64
	FD         int32 // of the file, where no names are reported
	PID        int32
	PIDFD      int32
	Dir        Handle // the directory
	Name       string // in it; "" or "." is the directory itself
	ToDir      Handle // of a rename
	ToName     string
	Child      Handle // the file itself
	HasDir     bool
	HasTo      bool
	HasChild   bool
	Unreadable bool // it holds a part that this version does not know
}

const (
	fanMetadata = 24 // struct fanotify_event_metadata
	fanVersion  = 3

	infoFID     = 1
	infoDFIDNam = 2
	infoDFID    = 3
	infoPIDFD   = 4
	infoError   = 5
	infoOldName = 10
	infoNewName = 12
)

// ParseFanotify reads a buffer of fanotify(7).
func ParseFanotify(b []byte, each func(*FanRecord)) error {
	for len(b) > 0 {
		if len(b) < fanMetadata {
			return errShort
		}
		size, meta := int(binary.NativeEndian.Uint32(b)), int(binary.NativeEndian.Uint16(b[6:]))
		if size < fanMetadata || size > len(b) || meta < fanMetadata || meta > size || b[4] != fanVersion {
			return errShort
		}
		r := FanRecord{Mask: binary.NativeEndian.Uint64(b[8:]), FD: int32(binary.NativeEndian.Uint32(b[16:])),
			PID: int32(binary.NativeEndian.Uint32(b[20:])), PIDFD: UnsaidPIDFD}
		if err := r.infos(b[meta:size]); err != nil {
			return err
		}
		each(&r)
		b = b[size:]
	}
	return nil
}

func (r *FanRecord) infos(b []byte) error {
	for len(b) > 0 {
		if len(b) < 4 {
			return errShort
		}
		kind, size := b[0], int(binary.NativeEndian.Uint16(b[2:]))
		if size < 4 || size > len(b) {
			return errShort
		}
		body := b[4:size]
		b = b[size:]
		switch kind {
		case infoPIDFD:
			if len(body) < 4 {
				return errShort
			}
			r.PIDFD = int32(binary.NativeEndian.Uint32(body))
		case infoFID, infoDFID, infoDFIDNam, infoOldName, infoNewName:
			h, rest, err := handle(body)
			if err != nil {
				return err
			}
			name := ""
			if end := bytes.IndexByte(rest, 0); end > 0 && kind != infoFID && kind != infoDFID {
				name = string(rest[:end])
			}
			if bytes.IndexByte([]byte(name), '/') >= 0 || name == ".." {
				return errShort
			}
			switch kind {
			case infoFID:
				r.Child, r.HasChild = h, true
			case infoNewName:
				r.ToDir, r.ToName, r.HasTo = h, name, true
			default:
				r.Dir, r.Name, r.HasDir = h, name, true
			}
		case infoError:
		default:
			r.Unreadable = true
		}
	}
	return nil
}

// handle reads a file system's identifier and struct file_handle.
func handle(b []byte) (h Handle, rest []byte, err error) {
	if len(b) < 16 {
		return h, nil, errShort
	}
	n := int(binary.NativeEndian.Uint32(b[8:]))
	if n > 128 || n > len(b)-16 {
		return h, nil, errShort
	}
	h = Handle{FS: binary.NativeEndian.Uint64(b), Type: int32(binary.NativeEndian.Uint32(b[12:])), Bytes: string(b[16 : 16+n])}
	return h, b[16+n:], nil
}

// InRecord is one event of inotify.
type InRecord struct {
	WD     int32
	Mask   uint32
	Cookie uint32
	Name   string
}

// ParseInotify reads a buffer of inotify(7).
func ParseInotify(b []byte, each func(*InRecord)) error {
	for len(b) > 0 {
		if len(b) < 16 {
			return errShort
		}
		n := int(binary.NativeEndian.Uint32(b[12:]))
		if n > len(b)-16 {
			return errShort
		}
		r := InRecord{WD: int32(binary.NativeEndian.Uint32(b)), Mask: binary.NativeEndian.Uint32(b[4:]), Cookie: binary.NativeEndian.Uint32(b[8:])}
		name := b[16 : 16+n]
		if end := bytes.IndexByte(name, 0); end >= 0 {
			name = name[:end]
		}
		if bytes.IndexByte(name, '/') >= 0 {
			return errShort
		}
		r.Name = string(name)
		each(&r)
		b = b[16+n:]
	}
	return nil
}
