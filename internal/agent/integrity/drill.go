package integrity

import (
	"encoding/hex"
	"errors"
	"io"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/merkle"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/base/fault"
)

// Drilled is the digest of one directory and of what lies in it: what two
// snapshots are compared by, level by level.
type Drilled struct {
	Path    string  `json:"path"` // "" for the roots together
	Escaped bool    `json:"path_escaped,omitempty"`
	Digest  string  `json:"digest"`
	Count   uint64  `json:"entries_in_snapshot"`
	Entries []Under `json:"entries"`
}

// Under is one entry of a directory; of the roots the name is the whole path.
type Under struct {
	Name    string `json:"name"`
	Escaped bool   `json:"name_escaped,omitempty"`
	Type    string `json:"type"`
	Digest  string `json:"digest"`
}

// Drill gives the digest at a path of a snapshot, "" for the roots, and of what
// lies in it.
func Drill(snap *snapshot.Snapshot, path string) (Drilled, error) {
	d := Drilled{Count: snap.Counts().Entries, Entries: []Under{}}
	d.Path, d.Escaped = attr.Escape([]byte(path))
	t := merkle.New()
	t.Want(path)
	for c := snap.Cursor(); ; {
		e, err := c.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return d, err
		}
		if err := t.Add(e); err != nil {
			return d, err
		}
	}
	if root := t.Root(); root != snap.Root() {
		return d, fault.New(fault.Invalid, "the entries of the snapshot make the root %x, and it says %x", root, snap.Root()).
			WithHint("it is damaged: take the copy that you keep elsewhere")
	}
	of, leaves, found := t.Wanted()
	if !found {
		return d, fault.New(fault.NotFound, "%s is not in the snapshot", attr.Printable([]byte(path)))
	}
	d.Digest = hex.EncodeToString(of[:])
	for _, l := range leaves {
		u := Under{Digest: hex.EncodeToString(l.Hash[:])}
		u.Name, u.Escaped = attr.Escape(l.Name)
		u.Type = (&attr.Entry{Mode: l.Mode}).TypeName()
		d.Entries = append(d.Entries, u)
	}
	return d, nil
}
