package people

import (
	"cmp"
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

// Node is somebody in the organisation's chart.
type Node struct {
	Person  Row    `json:"person"`
	Reports []Node `json:"reports,omitempty"`
	Below   int    `json:"below"` // people below, at every level
	Ring    bool   `json:"ring,omitempty"`
}

// chart makes the trees of who reports to whom, by name. Of a ring the smallest
// id stands at the top, marked; nobody is lost and nobody stands there twice.
func chart(rows []Row) (tops []Node, rings [][]string) {
	at, manager := map[string]Row{}, map[string]string{}
	for _, r := range rows {
		at[r.ID] = r
	}
	for _, r := range rows {
		if _, there := at[r.ManagerID]; there {
			manager[r.ID] = r.ManagerID
		} else {
			manager[r.ID] = ""
		}
	}
	rings = Rings(manager)
	broken := map[string]bool{}
	for _, ring := range rings {
		broken[ring[0]] = true
	}
	below := map[string][]Row{}
	var roots []Row
	for _, r := range rows {
		if m := manager[r.ID]; m != "" && !broken[r.ID] {
			below[m] = append(below[m], r)
		} else {
			roots = append(roots, r)
		}
	}
	byName := func(a, b Row) int {
		return cmp.Or(cmp.Compare(nameKey(a.Name), nameKey(b.Name)), cmp.Compare(a.ID, b.ID))
	}
	var grow func(r Row) Node
	grow = func(r Row) Node {
		n := Node{Person: r, Ring: broken[r.ID]}
		list := below[r.ID]
		slices.SortFunc(list, byName)
		for _, x := range list {
			child := grow(x)
			n.Below += 1 + child.Below
			n.Reports = append(n.Reports, child)
		}
		return n
	}
	slices.SortFunc(roots, byName)
	for _, r := range roots {
		tops = append(tops, grow(r))
	}
	slices.SortStableFunc(tops, func(a, b Node) int { return b.Below - a.Below })
	return tops, rings
}
