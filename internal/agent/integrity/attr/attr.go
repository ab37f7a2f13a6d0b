// Package attr holds what one object of a file system is: its attributes, how
// each is read, and what a person is shown of it.
//
// Serves C7.1c. Invariants: a link is never followed; a device, a pipe and a
// socket are never opened; what could not be read has a reason, and a reason
// differs from every value. Access times are not touched where the kernel lets
// us.
//
// Floor: edges, below agent/integrity. Imports nothing of the project.
package attr

import (
	"bytes"
	"crypto/sha256"

	"golang.org/x/sys/unix"
)

// Entry is one object. Its byte slices belong to whoever made it and hold only
// until that moves on; Copy keeps them.
type Entry struct {
	Path  []byte // absolute
	Link  []byte // where a symbolic link leads, as written
	Xattr []byte // extended attributes, as List encodes them

	Dev, Ino, Rdev      uint64
	Size                int64
	Mtime, Ctime, Btime int64 // nanoseconds since 1970
	Mode, UID, GID      uint32
	Nlink               uint32
	Flags               uint32 // of the inode, FS_IOC_GETFLAGS
	Digest              [sha256.Size]byte
	Has                 Has
	Why                 [Unreadable]Reason // by Part: 0 where it was read or does not apply
}

// Has says which of an entry's optional attributes were read.
type Has uint8

// The optional attributes.
const (
	HasDigest Has = 1 << iota
	HasBtime
	HasFlags
	HasXattr
	HasLink
)

// Part is what may turn out to be unreadable of an entry.
type Part uint8

// The parts, in the order in which a snapshot keeps them.
const (
	PartDigest Part = iota
	PartBtime
	PartFlags
	PartXattr
	PartLink
	PartMtime
	PartCtime
	PartEntries // of a directory
	Unreadable  = iota
)

// Type is S_IFMT of the mode.
func (e *Entry) Type() uint32 { return e.Mode & unix.S_IFMT }

// IsDir reports whether e is a directory.
func (e *Entry) IsDir() bool { return e.Type() == unix.S_IFDIR }

// Regular reports whether e is a file with content.
func (e *Entry) Regular() bool { return e.Type() == unix.S_IFREG }

// Unseen makes e an entry of which nothing is known but that its name is there,
// because even a look at it was refused.
func (e *Entry) Unseen(why Reason) {
	*e = Entry{Path: e.Path}
	for p := range e.Why {
		e.Why[p] = why
	}
}

// Seen reports whether e was looked at.
func (e *Entry) Seen() bool { return e.Mode != 0 }

// Copy gives an entry that owns its bytes.
func (e *Entry) Copy() Entry {
	c := *e
	c.Path, c.Link, c.Xattr = bytes.Clone(e.Path), bytes.Clone(e.Link), bytes.Clone(e.Xattr)
	return c
}

// SameStat reports whether all that a look at the inode gives is equal, device
// and inode number among it: then what takes opening the file is taken to be
// equal too. Who can set the clock of a change can defeat this, so a rolling
// rehash goes beside it.
func (e *Entry) SameStat(o *Entry) bool {
	return e.Ino == o.Ino && e.Ctime == o.Ctime && e.Mtime == o.Mtime && e.Size == o.Size && e.Dev == o.Dev &&
		e.Mode == o.Mode && e.UID == o.UID && e.GID == o.GID && e.Nlink == o.Nlink && e.Rdev == o.Rdev && e.Btime == o.Btime
}

// Settled reports whether everything that opening o can give was given, or
// would be left out again: then an equal look needs no second reading.
func (e *Entry) Settled(o *Entry) bool {
	for p, why := range o.Why {
		if why != 0 && !why.Unsupported() && (Part(p) != PartDigest || !why.Chosen()) {
			return false
		}
	}
	return e.Why[PartEntries] == 0 && (e.Why[PartDigest] == o.Why[PartDigest] || !e.Why[PartDigest].Chosen() && !o.Why[PartDigest].Chosen())
}

// Fields is a set of attributes as people are told of them.
type Fields uint32

// The attributes, in the order in which they are shown.
const (
	Type Fields = 1 << iota
	Mode
	UID
	GID
	Size
	LinkTarget
	Nlink
	Mtime
	Ctime
	BirthTime
	ACL
	DefaultACL
	Capabilities
	Label
	Xattrs
	InodeFlags
	Inode
	Device
	Digest
	Entries
	lastField
)

var fieldNames = [...]string{"type", "mode", "uid", "gid", "size", "link_target", "nlink", "mtime", "ctime", "birth_time", "acl", "default_acl",
	"capabilities", "security_label", "xattrs", "inode_flags", "inode", "device", "sha256", "entries"}

// Names gives the names of a set, in order.
func (f Fields) Names() []string {
	var out []string
	for i, name := range fieldNames {
		if f&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// All is every attribute.
const All = lastField - 1

// Diff gives the attributes in which two entries of one path differ. An
// unreadable attribute equals only one that is unreadable for the same reason.
// The number of the device on which a file lies is left out: it changes when a
// host starts again.
func Diff(a, b *Entry) Fields {
	if !a.Seen() || !b.Seen() {
		if a.Seen() != b.Seen() || a.Why != b.Why {
			return Type
		}
		return 0
	}
	var f Fields
	set := func(field Fields, differs bool) {
		if differs {
			f |= field
		}
	}
	set(Type, a.Type() != b.Type())
	set(Mode, a.Mode&^unix.S_IFMT != b.Mode&^unix.S_IFMT)
	set(UID, a.UID != b.UID)
	set(GID, a.GID != b.GID)
	set(Size, a.Size != b.Size)
	set(LinkTarget, part(a, b, HasLink, PartLink) || !bytes.Equal(a.Link, b.Link))
	set(Nlink, a.Nlink != b.Nlink)
	set(Mtime, a.Mtime != b.Mtime || a.Why[PartMtime] != b.Why[PartMtime])
	set(Ctime, a.Ctime != b.Ctime || a.Why[PartCtime] != b.Why[PartCtime])
	set(BirthTime, part(a, b, HasBtime, PartBtime) || a.Btime != b.Btime)
	set(InodeFlags, part(a, b, HasFlags, PartFlags) || a.Flags != b.Flags)
	set(Inode, a.Ino != b.Ino)
	set(Device, a.Rdev != b.Rdev)
	set(Digest, part(a, b, HasDigest, PartDigest) || a.Digest != b.Digest)
	set(Entries, a.Why[PartEntries] != b.Why[PartEntries])
	if part(a, b, HasXattr, PartXattr) {
		f |= Xattrs
	} else if !bytes.Equal(a.Xattr, b.Xattr) {
		f |= diffLists(a.Xattr, b.Xattr)
	}
	return f
}

// part reports whether an optional attribute was read of one and not of the
// other, or failed for another reason.
func part(a, b *Entry, has Has, p Part) bool {
	return a.Has&has != b.Has&has || a.Why[p] != b.Why[p]
}
