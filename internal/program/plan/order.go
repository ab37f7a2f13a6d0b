package plan

import (
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// ring gives tasks that wait for each other, beginning and ending with one of
// them; nil where there are none. after maps a task to those it waits for.
func ring(after map[int][]int) []int {
	const active, left = 1, 2
	state := map[int]int{}
	var path, found []int
	var visit func(n int) bool
	visit = func(n int) bool {
		state[n] = active
		path = append(path, n)
		for _, m := range after[n] {
			if state[m] == active {
				found = append(slices.Clone(path[slices.Index(path, m):]), m)
				return true
			}
			if state[m] == 0 && visit(m) {
				return true
			}
		}
		state[n] = left
		path = path[:len(path)-1]
		return false
	}
	for _, n := range sortedKeys(after) {
		if state[n] == 0 && visit(n) {
			return found
		}
	}
	return nil
}

func sortedKeys[V any](m map[int]V) []int {
	var out []int
	for n := range m {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// noRing refuses tasks that wait for each other, naming the ring.
func noRing(after map[int][]int) error {
	found := ring(after)
	if found == nil {
		return nil
	}
	var words []string
	for i := 0; i+1 < len(found); i++ {
		words = append(words, ref(found[i])+" waits for "+ref(found[i+1]))
	}
	return bad("after", "tasks would wait for each other: %s", strings.Join(words, ", ")).WithHint("take one of these waits away")
}

// known refuses a wait for a task that there is none of, or for itself.
func known(self int, after []int, all map[int]bool) error {
	for _, n := range after {
		if n == self {
			return bad("after", "%s cannot wait for itself", ref(n))
		}
		if !all[n] {
			return fault.New(fault.Invalid, "there is no task %s", ref(n)).At("", 0, "after")
		}
	}
	return nil
}
