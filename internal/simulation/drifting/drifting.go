// Package drifting says how one state of a host's facts differs from another, and
// makes the one of the other.
//
// Floor: edges, below simulation. Imports nothing of the project.
package drifting

import (
	"maps"
	"reflect"
	"slices"
)

// Edit sets the value at a path, section first, or takes it away.
type Edit struct {
	Path  []string
	Value any
	Gone  bool
}

// Complete adds to a section what another standard's host has beside it: the
// mounts of containers, say.
func Complete(have, more map[string]any) {
	for k, v := range more {
		old, ok := have[k]
		if !ok {
			have[k] = v
			continue
		}
		if inner, ok := old.(map[string]any); ok {
			if theirs, ok := v.(map[string]any); ok {
				Complete(inner, theirs)
			}
		}
	}
}

// Differ adds the edits that make b of a.
func Differ(edits []Edit, path []string, a, b any) []Edit {
	am, aok := a.(map[string]any)
	bm, bok := b.(map[string]any)
	if !aok || !bok || am == nil {
		if !reflect.DeepEqual(a, b) {
			edits = append(edits, Edit{Path: slices.Clone(path), Value: b})
		}
		return edits
	}
	for _, k := range slices.Sorted(maps.Keys(am)) {
		if _, there := bm[k]; !there {
			edits = append(edits, Edit{Path: append(slices.Clone(path), k), Gone: true})
		}
	}
	for _, k := range slices.Sorted(maps.Keys(bm)) {
		old, there := am[k]
		if !there {
			edits = append(edits, Edit{Path: append(slices.Clone(path), k), Value: bm[k]})
			continue
		}
		edits = Differ(edits, append(path, k), old, bm[k])
	}
	return edits
}

// With gives values with an Edit made, copying what lies on its path.
func With(values map[string]any, path []string, e Edit) map[string]any {
	out := maps.Clone(values)
	if out == nil {
		out = map[string]any{}
	}
	switch {
	case len(path) == 1 && e.Gone:
		delete(out, path[0])
	case len(path) == 1:
		out[path[0]] = e.Value
	default:
		under, ok := out[path[0]].(map[string]any)
		if !ok && (out[path[0]] != nil || e.Gone) {
			return out // within a list, where what is there stays; or gone already
		}
		out[path[0]] = With(under, path[1:], e)
	}
	return out
}
