package attr

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Reason is why an attribute could not be read: an errno, or one of those
// below. 0 is none.
type Reason uint16

// Reasons that are no errno.
const (
	Unstable   Reason = 10_000 + iota // the file changed each time it was read
	Network                           // it lies on a network file system
	MountPoint                        // another file system begins here
	KernelMade                        // the kernel makes up what lies here
	OutOfRange                        // a time that 64 bits of nanoseconds do not hold
	NotLooked                         // it was not looked at
	lastReason
)

var ownReasons = map[Reason]string{
	Unstable:   "it changed each time it was read",
	Network:    "it lies on a network file system, which is not read",
	MountPoint: "another file system is mounted here, which is not crossed into",
	KernelMade: "the kernel makes up what lies here, which is not walked",
	OutOfRange: "the time lies outside the years 1678 to 2262",
	NotLooked:  "it was not looked at",
}

// ReasonOf gives the reason that an error of a system call is.
func ReasonOf(err error) Reason {
	var no syscall.Errno
	if err == nil {
		return 0
	}
	if errors.As(err, &no) && no < Reason0 {
		return Reason(no)
	}
	return Reason(unix.EIO)
}

// Reason0 is the first number that no errno has.
const Reason0 = 10_000

// Unsupported reports whether the file system has no such attribute: that is
// said, and is no failure.
func (r Reason) Unsupported() bool {
	switch syscall.Errno(r) {
	case unix.EOPNOTSUPP, unix.ENOTTY, unix.ENOSYS, unix.EINVAL:
		return true
	}
	return false
}

// Chosen reports whether it was left out on purpose, by the options.
func (r Reason) Chosen() bool { return r == Network || r == MountPoint || r == KernelMade }

func (r Reason) String() string {
	if s, ok := ownReasons[r]; ok {
		return s
	}
	if r == 0 || r >= Reason0 {
		return fmt.Sprintf("reason %d, which this version does not know", uint16(r))
	}
	no := syscall.Errno(r)
	if name := unix.ErrnoName(no); name != "" {
		return no.Error() + " (" + name + ")"
	}
	return no.Error()
}

// Valid reports whether r can stand in a snapshot.
func (r Reason) Valid() bool { return r < 4096 || r >= Reason0 && r < lastReason }

// partNames are the attributes that parts are shown as.
var partNames = [Unreadable]string{"sha256", "birth_time", "inode_flags", "xattrs", "link_target", "mtime", "ctime", "entries"}

func (p Part) String() string { return partNames[p] }
