package attr

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
)

// Names that mean more than a value.
const (
	aclName        = "system.posix_acl_access"
	defaultACLName = "system.posix_acl_default"
	capabilityName = "security.capability"
)

var labelNames = []string{"security.selinux", "security.SMACK64", "security.apparmor"}

// largestValue is how long a value is kept whole; of a longer one the digest
// and the length are kept.
const largestValue = 512

// How a value of an extended attribute is kept.
const (
	kept   = 0 // the value itself
	hashed = 1 // its SHA-256 and its length (uvarint)
	failed = 2 // a Reason (two bytes, the lower first): the name was listed, the value could not be read
)

// Xattr is one extended attribute.
type Xattr struct {
	Name  []byte
	How   byte
	Value []byte
}

// appendXattr adds one attribute to a list: length and name, how, length and
// value.
func appendXattr(list, name []byte, how byte, value []byte) []byte {
	list = binary.AppendUvarint(list, uint64(len(name)))
	list = append(list, name...)
	list = append(list, how)
	list = binary.AppendUvarint(list, uint64(len(value)))
	return append(list, value...)
}

func appendValue(list, name, value []byte) []byte {
	if len(value) <= largestValue {
		return appendXattr(list, name, kept, value)
	}
	sum := sha256.Sum256(value)
	return appendXattr(list, name, hashed, binary.AppendUvarint(sum[:], uint64(len(value))))
}

var errList = errors.New("the list of extended attributes is damaged")

// next takes the first attribute off an encoded list.
func next(list []byte) (x Xattr, rest []byte, err error) {
	n, w := binary.Uvarint(list)
	if w <= 0 || n > uint64(len(list)-w) {
		return x, nil, errList
	}
	x.Name, list = list[w:w+int(n)], list[w+int(n):]
	if len(list) == 0 || list[0] > failed {
		return x, nil, errList
	}
	x.How, list = list[0], list[1:]
	n, w = binary.Uvarint(list)
	if w <= 0 || n > uint64(len(list)-w) {
		return x, nil, errList
	}
	x.Value, rest = list[w:w+int(n)], list[w+int(n):]
	if x.How == hashed && len(x.Value) <= sha256.Size || x.How == failed && len(x.Value) != 2 {
		return x, nil, errList
	}
	return x, rest, nil
}

// CheckList reports whether a list can be read to its end.
func CheckList(list []byte) error {
	for len(list) > 0 {
		var err error
		if _, list, err = next(list); err != nil {
			return err
		}
	}
	return nil
}

// List gives the attributes of an encoded list, sorted by name. What follows a
// damage is left out; a snapshot's lists are checked when they are read.
func List(list []byte) []Xattr {
	var out []Xattr
	for len(list) > 0 {
		x, rest, err := next(list)
		if err != nil {
			break
		}
		out, list = append(out, x), rest
	}
	return out
}

func fieldOf(name []byte) Fields {
	switch n := string(name); {
	case n == aclName:
		return ACL
	case n == defaultACLName:
		return DefaultACL
	case n == capabilityName:
		return Capabilities
	case slices.Contains(labelNames, n):
		return Label
	}
	return Xattrs
}

// diffLists gives the fields in which two lists differ.
func diffLists(a, b []byte) Fields {
	var f Fields
	as, bs := List(a), List(b)
	find := func(list []Xattr, name []byte) *Xattr {
		for i := range list {
			if bytes.Equal(list[i].Name, name) {
				return &list[i]
			}
		}
		return nil
	}
	for _, x := range as {
		if y := find(bs, x.Name); y == nil || y.How != x.How || !bytes.Equal(x.Value, y.Value) {
			f |= fieldOf(x.Name)
		}
	}
	for _, y := range bs {
		if find(as, y.Name) == nil {
			f |= fieldOf(y.Name)
		}
	}
	if f == 0 {
		f = Xattrs // the bytes differ in a way that the names do not tell
	}
	return f
}
