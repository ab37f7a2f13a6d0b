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
