package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
)

// significant are the attributes by which a path is as it was; times, inode and the
// number of links follow from other things.
var significant = []string{"type", "mode", "uid", "gid", "size", "link_target", "sha256", "acl", "default_acl", "xattrs", "capabilities", "security_label", "inode_flags", "device", "log"}

// present is what a state says of whether there is anything at the path.
const present = "there"

// State is what is known of a path: what it is, and, while something unexplained
// lies on it, what it was before. It is kept from one change to the next.
type State struct {
	Now  map[string]string `json:"now"`
	Good map[string]string `json:"good,omitempty"` // nil: nothing unexplained lies on it
	Open []Ref             `json:"open,omitempty"` // the unexplained changes since then
}

// Ref names a change: its group, and its number in there. A move lies on two paths.
type Ref struct {
	Group int64  `json:"g"`
	Seq   int64  `json:"s"`
	With  string `json:"w,omitempty"` // the other place of a move
}

func (r Ref) unnamed() bool { return r.Group == 0 }

// unread is a value that could not be read: it equals nothing.
const unread = "unread"

// mostOpen bounds how many unexplained changes a path remembers.
const mostOpen = 200

// value gives an attribute as a state keeps it: short, equal where the values are.
func value(v any) string {
	if m, ok := v.(map[string]any); ok && m["unread"] != nil {
		return unread
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	if len(raw) <= 34 {
		return string(raw)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

func kept(m map[string]any) map[string]string {
	out := map[string]string{}
	for _, k := range significant {
		if v, ok := m[k]; ok {
			out[k] = value(v)
		}
	}
	return out
}

// sides gives what a change says that its path was, and is.
func sides(c *Change) (before, after map[string]string) {
	before, after = kept(c.Before), kept(c.After)
	before[present], after[present] = "yes", "yes"
	switch c.Change {
	case "added", "moved":
		before = map[string]string{present: "no"}
	case "removed":
		after = map[string]string{present: "no"}
	case "exchanged":
		before["with"], after["with"] = "", value(c.With)
	case "transient":
		return map[string]string{present: "no"}, map[string]string{present: "no"}
	}
	if c.Log != "" {
		before["log"], after["log"] = "", c.Log
	}
	return before, after
}

// Told reports whether a change says nothing that is not known of its path: it was
// found by comparing, and the path is as it was last told.
func (s *State) Told(c *Change) bool {
	if c.Found == "event" || s.Now == nil {
		return false
	}
	_, after := sides(c)
	if after[present] != s.Now[present] {
		return false
	}
	if len(after) == 1 && after[present] == "yes" {
		return false // nothing but times
	}
	for k, v := range after {
		if s.Now[k] != v {
			return false
		}
	}
	return true
}

// Take notes a change. unexplained says whether anything authorised it. It reports
// whether the path is again what it was before what lies unexplained on it: then
// those changes are undone, Undone gives them, and the change itself reverts them.
// A change that leaves its path as it was is undone by itself.
func (s *State) Take(c *Change, ref Ref, unexplained bool) (reverted []Ref, itself bool) {
	before, after := sides(c)
	if c.Change == "exchanged" && s.Now["with"] == after["with"] && len(s.Open) > 0 {
		after["with"] = "" // and back
	}
	had := s.Open
	if s.Good != nil || unexplained {
		if s.Good == nil {
			s.Good = map[string]string{}
		}
		for k, v := range before {
			if _, known := s.Good[k]; known {
				continue
			}
			if s.Good[present] == "no" && k != present {
				continue // there was nothing
			}
			if now, known := s.Now[k]; known && c.Found != "event" {
				v = now // comparing tells what a baseline has, which may be older
			}
			s.Good[k] = v
		}
	}
	if s.Now == nil || after[present] == "no" || c.Change == "added" || c.Change == "moved" {
		s.Now = after
	} else {
		for k, v := range after {
			s.Now[k] = v
		}
	}
	if s.Good == nil {
		return nil, false
	}
	if s.asGood() {
		s.Good, s.Open = nil, nil
		if len(had) == 0 {
			return nil, true
		}
		return had, false
	}
	if unexplained && len(s.Open) < mostOpen {
		s.Open = append(s.Open, ref)
	}
	return nil, false
}

func (s *State) asGood() bool {
	if s.Good[present] != s.Now[present] {
		return false
	}
	if s.Good[present] == "no" {
		return true
	}
	for k, v := range s.Good {
		if now, known := s.Now[k]; !known || now != v || v == unread {
			return false
		}
	}
	return true
}

// Name says which change Take noted last, once its place is known.
func (s *State) Name(ref Ref) {
	if n := len(s.Open); n > 0 && s.Open[n-1].unnamed() {
		s.Open[n-1].Group, s.Open[n-1].Seq = ref.Group, ref.Seq
	}
}

// Forget takes the change out that Take noted last: it turned out not to be
// unexplained.
func (s *State) Forget() {
	if n := len(s.Open); n > 0 && s.Open[n-1].unnamed() {
		s.Open = s.Open[:n-1]
	}
	if len(s.Open) == 0 {
		s.Good, s.Open = nil, nil
	}
}

// Left notes that what was at a path was moved away from it: of the path it came
// from, what Take is of the one it went to. ref has the other place.
func (s *State) Left(c *Change, ref Ref, unexplained bool) (reverted []Ref) {
	if s.Good == nil && unexplained {
		if s.Good = maps.Clone(s.Now); s.Good == nil {
			_, s.Good = sides(c) // moving changes nothing else
		}
	}
	s.Now = map[string]string{present: "no"}
	if s.Good == nil {
		return nil
	}
	if s.asGood() {
		reverted, s.Good, s.Open = s.Open, nil, nil
		return reverted
	}
	if unexplained && len(s.Open) < mostOpen {
		s.Open = append(s.Open, ref)
	}
	return nil
}

// Holds reports whether a change still lies on the path.
func (s *State) Holds(group, seq int64) bool {
	return slices.ContainsFunc(s.Open, func(r Ref) bool { return r.Group == group && r.Seq == seq })
}

// Accept takes the changes of a group out, and reports whether there were any:
// somebody explained them. What the path is now is what it is to be, once nothing
// else lies on it.
func (s *State) Accept(group int64) bool {
	before := len(s.Open)
	s.Open = slices.DeleteFunc(s.Open, func(r Ref) bool { return r.Group == group })
	if len(s.Open) == before {
		return false
	}
	if len(s.Open) == 0 {
		s.Good, s.Open = nil, nil
	}
	return true
}
