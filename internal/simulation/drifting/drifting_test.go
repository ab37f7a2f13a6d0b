package drifting

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What differs, made again, is the other state; the first stays as it was.
func TestDifferAndWith(t *testing.T) {
	a := map[string]any{"x": map[string]any{"y": int64(1), "gone": true, "list": []any{"a"}}, "same": "s"}
	b := map[string]any{"x": map[string]any{"y": int64(2), "list": []any{"a", "b"}, "new": map[string]any{"z": "w"}}, "same": "s"}
	before := cmp.Diff(a, b)
	made := maps.Clone(a)
	edits := Differ(nil, nil, a, b)
	for _, e := range edits {
		made = With(made, e.Path, e)
	}
	if diff := cmp.Diff(b, made); diff != "" || len(edits) != 4 {
		t.Errorf("%d edits:\n%s", len(edits), diff)
	}
	if cmp.Diff(a, b) != before {
		t.Error("the first state was changed")
	}
	Complete(a, map[string]any{"x": map[string]any{"y": int64(9), "more": "m"}, "other": "o"})
	if x := a["x"].(map[string]any); x["y"] != int64(1) || x["more"] != "m" || a["other"] != "o" {
		t.Errorf("completed: %v", a)
	}
}
