package roster

import (
	"maps"
	"slices"
)

// Rings gives the circles among managers: each begins with its smallest id. The
// map says who is whose manager; "" is nobody.
func Rings(manager map[string]string) [][]string {
	state := map[string]int{} // 1: on the way, 2: done
	var rings [][]string
	for _, start := range slices.Sorted(maps.Keys(manager)) {
		var way []string
		at := start
		for at != "" && state[at] == 0 {
			state[at] = 1
			way = append(way, at)
			at = manager[at]
		}
		if at != "" && state[at] == 1 {
			ring := slices.Clone(way[slices.Index(way, at):])
			low := slices.Index(ring, slices.Min(ring))
			rings = append(rings, append(slices.Clone(ring[low:]), ring[:low]...))
		}
		for _, id := range way {
			state[id] = 2
		}
	}
	return rings
}

// Lines gives who reports to whom, by manager, and who stands at the top. A ring is
// cut at its first: they stand at the top too.
func Lines(manager map[string]string) (below map[string][]string, top []string, rings [][]string) {
	rings = Rings(manager)
	cut := map[string]bool{}
	for _, ring := range rings {
		cut[ring[0]] = true
	}
	below = map[string][]string{}
	for id, m := range manager {
		if m == "" || cut[id] {
			top = append(top, id)
		} else {
			below[m] = append(below[m], id)
		}
	}
	return below, top, rings
}
