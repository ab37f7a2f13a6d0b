package facts

import (
	"maps"
	"slices"
	"strings"
)

// At gives the value at a JSON Pointer within the section.
func (d Decoded) At(pointer string) (any, bool) {
	tokens, ok := SplitPointer(pointer)
	if !ok {
		return nil, false
	}
	return at(d.Values, tokens)
}

// MissingAt gives what is said about a JSON Pointer within the section that
// has no value: the nearest entry at it or above it. Nothing is said about a
// fact that the agent is too old to know.
func (d Decoded) MissingAt(pointer string) (Missing, bool) {
	best, found := Missing{}, false
	for _, m := range d.Missing {
		if m.Path == pointer || strings.HasPrefix(pointer, m.Path+"/") {
			if !found || len(m.Path) > len(best.Path) {
				best, found = m, true
			}
		}
	}
	return best, found
}

// Diff gives the JSON Pointers, section first, of what differs between two
// states of a section: "/sshd/effective/permitrootlogin". Maps and objects
// are compared key by key, a list counts as one value. A fact that became
// missing, came back, or is missing for another reason differs too. Of a
// section that was never received (a zero Decoded) the whole differs:
// "/sshd". The answer is sorted; it is empty if and only if both are equal.
func Diff(old, new Decoded) []string {
	if old.Name != new.Name {
		var out []string
		for _, d := range []Decoded{old, new} {
			if d.Name != "" {
				out = append(out, "/"+d.Name)
			}
		}
		slices.Sort(out)
		return out
	}
	if old.Name == "" {
		return nil
	}
	base := JoinPointer(old.Name)
	out := diffMaps(nil, base, old.Values, new.Values)
	for path := range diffMissing(old.Missing, new.Missing) {
		out = append(out, base+path)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func diffMaps(out []string, path string, a, b map[string]any) []string {
	for k, va := range a {
		p := path + JoinPointer(k)
		vb, there := b[k]
		if !there {
			out = append(out, p)
			continue
		}
		ma, oka := va.(map[string]any)
		mb, okb := vb.(map[string]any)
		if oka && okb {
			out = diffMaps(out, p, ma, mb)
		} else if !equal(va, vb) {
			out = append(out, p)
		}
	}
	for k := range b {
		if _, there := a[k]; !there {
			out = append(out, path+JoinPointer(k))
		}
	}
	return out
}

// diffMissing gives the paths that are missing in one only, or otherwise.
func diffMissing(a, b []Missing) map[string]bool {
	in := make(map[string]Missing, len(a))
	for _, m := range a {
		in[m.Path] = m
	}
	out := map[string]bool{}
	for _, m := range b {
		if in[m.Path] != m {
			out[m.Path] = true
		}
		delete(in, m.Path)
	}
	for path := range in {
		out[path] = true
	}
	return out
}

// Equal reports whether two decoded sections say the same.
func Equal(a, b Decoded) bool {
	return a.Name == b.Name && equal(a.Values, b.Values) && maps.Equal(byPath(a.Missing), byPath(b.Missing))
}

func byPath(list []Missing) map[string]Missing {
	out := make(map[string]Missing, len(list))
	for _, m := range list {
		out[m.Path] = m
	}
	return out
}

func equal(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	}
	switch b.(type) {
	case []any, map[string]any:
		return false
	}
	return a == b
}
