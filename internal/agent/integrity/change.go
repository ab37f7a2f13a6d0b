package integrity

import (
	"github.com/attesta/attesta/internal/agent/integrity/attr"
)

// Kind is what happened to a path.
type Kind string

// The kinds.
const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Changed Kind = "changed"
)

// Change is one difference between a snapshot and what is there: a stable
// contract of `integrity check --json`.
type Change struct {
	Path    string `json:"path"`                   // absolute; verbatim where it is UTF-8
	Escaped bool   `json:"path_escaped,omitempty"` // it is not: \xNN is a byte, \\ a backslash
	Change  Kind   `json:"change"`
	Type    string `json:"type"`              // file, directory, link, …: as it is now, of what was removed as it was
	Listing bool   `json:"listing,omitempty"` // of a directory: nothing but what follows from entries that came or went

	Log    string `json:"log,omitempty"`    // of a declared log: what became of what was recorded, see docs/integrity.md
	Reason string `json:"reason,omitempty"` // of a log of which that is unknown

	Attributes []string       `json:"attributes,omitempty"` // which changed
	Before     map[string]any `json:"before,omitempty"`
	After      map[string]any `json:"after,omitempty"`

	Diff        string `json:"diff,omitempty"`         // of a kept text, as diff -u without its heads; secrets are redacted
	SecretsOnly bool   `json:"secrets_only,omitempty"` // a kept text changed in nothing but what is redacted
}

// followsListing are the attributes of a directory that change by themselves
// when an entry comes or goes.
const followsListing = attr.Mtime | attr.Ctime | attr.Size | attr.Nlink

// whole is what is shown of something that was added or removed.
const whole = attr.All

func newChange(before, after *attr.Entry) *Change {
	c := &Change{}
	switch {
	case before == nil:
		c.Change, c.Type, c.After = Added, after.TypeName(), after.Values(whole)
		c.Path, c.Escaped = attr.Escape(after.Path)
		return c
	case after == nil:
		c.Change, c.Type, c.Before = Removed, before.TypeName(), before.Values(whole)
		c.Path, c.Escaped = attr.Escape(before.Path)
		return c
	}
	f := attr.Diff(before, after)
	if f == 0 {
		return nil
	}
	c.Change, c.Type = Changed, after.TypeName()
	c.Path, c.Escaped = attr.Escape(after.Path)
	c.Attributes, c.Before, c.After = f.Names(), before.Values(f), after.Values(f)
	c.Listing = before.IsDir() && after.IsDir() && f&^followsListing == 0 && f&attr.Mtime != 0
	return c
}

// Gap is something that could not be looked at, or was left out.
type Gap struct {
	Path      string `json:"path"`
	Escaped   bool   `json:"path_escaped,omitempty"`
	Attribute string `json:"attribute"` // "entries" of a directory that was not listed, "all" where even a look was refused
	Reason    string `json:"reason"`
}

// maxGaps is how many gaps are listed; the counts are of all.
const maxGaps = 1000

// Gaps are what is not known after a look, and why.
type Gaps struct {
	Unread      []Gap          `json:"unread"`       // what could not be read, the first thousand
	UnreadCount int64          `json:"unread_count"` // of all attributes of all paths
	Left        []Gap          `json:"left_out"`     // mounts, network and kernel file systems, the first thousand
	LeftCount   int64          `json:"left_out_count"`
	Unsupported map[string]int `json:"unsupported,omitempty"` // attributes that a file system does not have, over the entries that were read
}

// take notes what is not known of an entry.
func (g *Gaps) take(e *attr.Entry) {
	if why := e.Why[attr.PartEntries]; !e.Seen() && why.Chosen() {
		if g.LeftCount++; g.LeftCount <= maxGaps {
			g.Left = append(g.Left, gapOf(e, "all", why))
		}
		return
	}
	if !e.Seen() {
		g.unread(e, "all", e.Why[attr.PartEntries])
		return
	}
	for i, why := range e.Why {
		part := attr.Part(i).String()
		switch {
		case why == 0 || why == attr.NotLooked:
		case why.Unsupported():
			if g.Unsupported == nil {
				g.Unsupported = map[string]int{}
			}
			g.Unsupported[part]++
		case why.Chosen():
			if g.LeftCount++; g.LeftCount <= maxGaps {
				g.Left = append(g.Left, gapOf(e, part, why))
			}
		default:
			g.unread(e, part, why)
		}
	}
}

func (g *Gaps) unread(e *attr.Entry, part string, why attr.Reason) {
	if g.UnreadCount++; g.UnreadCount <= maxGaps {
		g.Unread = append(g.Unread, gapOf(e, part, why))
	}
}

func gapOf(e *attr.Entry, part string, why attr.Reason) Gap {
	g := Gap{Attribute: part, Reason: why.String()}
	g.Path, g.Escaped = attr.Escape(e.Path)
	return g
}

// Listed gives the same with lists that JSON writes as lists when nothing is in
// them.
func (g Gaps) Listed() Gaps {
	if g.Unread == nil {
		g.Unread = []Gap{}
	}
	if g.Left == nil {
		g.Left = []Gap{}
	}
	return g
}
