package attr

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Escape gives text for bytes, without loss: UTF-8 stays as it is; of anything
// else each byte that is no part of a character becomes \xNN and each backslash
// \\, and escaped is true.
func Escape(b []byte) (text string, escaped bool) {
	if utf8.Valid(b) {
		return string(b), false
	}
	var s strings.Builder
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&s, `\x%02x`, b[0])
		case r == '\\':
			s.WriteString(`\\`)
		default:
			s.Write(b[:size])
		}
		b = b[size:]
	}
	return s.String(), true
}

// Unescape takes back Escape, where that said escaped.
func Unescape(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '\\':
			out = append(out, '\\')
			i++
		case s[i] == '\\' && i+3 < len(s) && s[i+1] == 'x':
			out = append(out, hexDigit(s[i+2])<<4|hexDigit(s[i+3]))
			i += 3
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
}

func hexDigit(b byte) byte {
	if b >= 'a' {
		return b - 'a' + 10
	}
	return b - '0'
}

// Printable gives bytes for a terminal: as they are, or in quotes and escaped
// where they hold a control character or no UTF-8.
func Printable(b []byte) string {
	s := string(b)
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

// Unread stands for a value that could not be had.
type Unread struct {
	Reason string `json:"unread"`
}

// Escaped stands for bytes that are no UTF-8.
type Escaped struct {
	Text string `json:"escaped"`
}

func textOf(b []byte) any {
	if s, escaped := Escape(b); escaped {
		return Escaped{s}
	} else {
		return s
	}
}

var types = map[uint32]string{unix.S_IFREG: "file", unix.S_IFDIR: "directory", unix.S_IFLNK: "link", unix.S_IFBLK: "block_device",
	unix.S_IFCHR: "character_device", unix.S_IFIFO: "pipe", unix.S_IFSOCK: "socket"}

// TypeName is the type in a word.
func (e *Entry) TypeName() string {
	if name, ok := types[e.Type()]; ok {
		return name
	}
	return fmt.Sprintf("type %#o", e.Type())
}

// Values gives the attributes of a set by name, as JSON shows them. One that
// the type does not have is left out; one that could not be read is Unread.
func (e *Entry) Values(of Fields) map[string]any {
	out := map[string]any{}
	for i, name := range fieldNames {
		if field := Fields(1 << i); of&field != 0 {
			if v := e.value(field); v != nil {
				out[name] = v
			}
		}
	}
	return out
}

func (e *Entry) value(f Fields) any {
	if !e.Seen() {
		if f == Type {
			return e.unread(PartEntries)
		}
		return nil
	}
	switch f {
	case Type:
		return e.TypeName()
	case Mode:
		return fmt.Sprintf("%04o", e.Mode&^unix.S_IFMT)
	case UID:
		return e.UID
	case GID:
		return e.GID
	case Size:
		return e.Size
	case Nlink:
		return e.Nlink
	case Inode:
		return e.Ino
	case Mtime:
		return e.when(e.Mtime, PartMtime)
	case Ctime:
		return e.when(e.Ctime, PartCtime)
	case Device:
		if t := e.Type(); t != unix.S_IFBLK && t != unix.S_IFCHR && e.Rdev == 0 {
			return nil
		}
		return fmt.Sprintf("%d:%d", unix.Major(e.Rdev), unix.Minor(e.Rdev))
	case BirthTime:
		if e.Has&HasBtime == 0 {
			return e.unread(PartBtime)
		}
		return e.when(e.Btime, PartBtime)
	case LinkTarget:
		if e.Has&HasLink == 0 {
			return e.unread(PartLink)
		}
		return textOf(e.Link)
	case InodeFlags:
		if e.Has&HasFlags == 0 {
			return e.unread(PartFlags)
		}
		return flagNames(e.Flags)
	case Digest:
		if e.Has&HasDigest == 0 {
			return e.unread(PartDigest)
		}
		return hex.EncodeToString(e.Digest[:])
	case Entries:
		return e.unread(PartEntries)
	}
	return e.listed(f)
}

func (e *Entry) unread(p Part) any {
	if e.Why[p] == 0 {
		return nil
	}
	return Unread{e.Why[p].String()}
}

func (e *Entry) when(ns int64, p Part) any {
	if e.Why[p] != 0 {
		return e.unread(p)
	}
	return time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
}

// listed gives the extended attributes of one field.
func (e *Entry) listed(f Fields) any {
	if e.Has&HasXattr == 0 {
		if f == Xattrs {
			return e.unread(PartXattr)
		}
		return nil
	}
	others := map[string]any{}
	for _, x := range List(e.Xattr) {
		if fieldOf(x.Name) != f {
			continue
		}
		v := x.show()
		if f != Xattrs {
			return v
		}
		name, _ := Escape(x.Name)
		others[name] = v
	}
	if len(others) == 0 {
		return nil
	}
	return others
}

func (x Xattr) show() any {
	switch x.How {
	case failed:
		return Unread{Reason(binary.LittleEndian.Uint16(x.Value)).String()}
	case hashed:
		size, _ := binary.Uvarint(x.Value[sha256.Size:])
		return fmt.Sprintf("%d bytes, sha256 %x", size, x.Value[:sha256.Size])
	}
	text, ok := "", false
	switch fieldOf(x.Name) {
	case ACL, DefaultACL:
		text, ok = aclText(x.Value)
	case Capabilities:
		text, ok = capabilityText(x.Value)
	case Label:
		return textOf(trimNUL(x.Value))
	default:
		return textOf(x.Value)
	}
	if !ok {
		return "0x" + hex.EncodeToString(x.Value)
	}
	return text
}

func trimNUL(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == 0 {
		return b[:n-1]
	}
	return b
}

// aclText reads the kernel's form of a POSIX access control list (version 2,
// then tag, permissions and id of each line) as getfacl writes it, on one line.
func aclText(b []byte) (string, bool) {
	if len(b) < 4 || binary.LittleEndian.Uint32(b) != 2 || len(b)%8 != 4 {
		return "", false
	}
	names := map[uint16]string{1: "user", 2: "user", 4: "group", 8: "group", 16: "mask", 32: "other"}
	var lines []string
	for b = b[4:]; len(b) > 0; b = b[8:] {
		tag, perm, id := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]), binary.LittleEndian.Uint32(b[4:])
		name, ok := names[tag]
		if !ok || perm > 7 {
			return "", false
		}
		who := ""
		if tag == 2 || tag == 8 {
			who = strconv.FormatUint(uint64(id), 10)
		}
		rights := []byte("rwx")
		for i := range rights {
			if perm&(4>>i) == 0 {
				rights[i] = '-'
			}
		}
		lines = append(lines, name+":"+who+":"+string(rights))
	}
	return strings.Join(lines, ","), true
}

// capabilityText reads struct vfs_cap_data (linux/capability.h) as getcap
// writes it.
func capabilityText(b []byte) (string, bool) {
	if len(b) < 4 {
		return "", false
	}
	magic := binary.LittleEndian.Uint32(b)
	words, root := 0, ""
	switch version := magic &^ 0xff_ffff; {
	case version == 0x0100_0000 && len(b) == 12:
		words = 1
	case version == 0x0200_0000 && len(b) == 20:
		words = 2
	case version == 0x0300_0000 && len(b) == 24:
		words = 2
		root = fmt.Sprintf(" [rootid=%d]", binary.LittleEndian.Uint32(b[20:]))
	default:
		return "", false
	}
	var permitted, inheritable uint64
	for i := range words {
		permitted |= uint64(binary.LittleEndian.Uint32(b[4+8*i:])) << (32 * i)
		inheritable |= uint64(binary.LittleEndian.Uint32(b[8+8*i:])) << (32 * i)
	}
	effective := ""
	if magic&1 != 0 {
		effective = "e"
	}
	var groups []string
	for _, g := range []struct {
		set   uint64
		flags string
	}{{permitted &^ inheritable, effective + "p"}, {permitted & inheritable, effective + "ip"}, {inheritable &^ permitted, effective + "i"}} {
		var names []string
		for bit := range 64 {
			if g.set&(1<<bit) != 0 {
				names = append(names, capabilityName64(bit))
			}
		}
		if len(names) > 0 {
			groups = append(groups, strings.Join(names, ",")+"="+g.flags)
		}
	}
	if len(groups) == 0 {
		groups = []string{"="}
	}
	return strings.Join(groups, " ") + root, true
}

var capabilities = strings.Fields(`chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service
net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice
sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend
audit_read perfmon bpf checkpoint_restore`)

func capabilityName64(bit int) string {
	if bit < len(capabilities) {
		return "cap_" + capabilities[bit]
	}
	return strconv.Itoa(bit)
}

// itsOwn are flags that a file system sets for its own use: extents, hashed
// directories, large and inline files.
const itsOwn = 0x8_0000 | 0x1000 | 0x4_0000 | 0x1000_0000 | 0x20_0000

var flags = []struct {
	bit  uint32
	name string
}{{0x10, "immutable"}, {0x20, "append_only"}, {0x40, "no_dump"}, {0x80, "no_atime"}, {0x1, "secure_deletion"}, {0x2, "undeletable"},
	{0x4, "compressed"}, {0x8, "synchronous"}, {0x400, "no_compression"}, {0x800, "encrypted"}, {0x4000, "journal_data"}, {0x8000, "no_tail"},
	{0x1_0000, "synchronous_directory"}, {0x2_0000, "top_directory"}, {0x10_0000, "verity"}, {0x80_0000, "no_copy_on_write"},
	{0x200_0000, "dax"}, {0x2000_0000, "project_inherited"}, {0x4000_0000, "case_folded"}}

func flagNames(v uint32) []string {
	out := []string{}
	for _, f := range flags {
		if v&f.bit != 0 {
			out = append(out, f.name)
			v &^= f.bit
		}
	}
	if v != 0 {
		out = append(out, fmt.Sprintf("%#x", v))
	}
	return out
}
