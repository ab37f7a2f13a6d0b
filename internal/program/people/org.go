package people

import (
	"cmp"
	"slices"

	"github.com/attesta/attesta/internal/program/roster"
)

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
		manager[r.ID] = at[r.ManagerID].ID // "" where they are not among the rows
	}
	under, top, rings := roster.Lines(manager)
	broken := map[string]bool{}
	for _, ring := range rings {
		broken[ring[0]] = true
	}
	rowsOf := func(ids []string) (out []Row) {
		for _, id := range ids {
			out = append(out, at[id])
		}
		return out
	}
	byName := func(a, b Row) int {
		return cmp.Or(cmp.Compare(roster.NameKey(a.Name), roster.NameKey(b.Name)), cmp.Compare(a.ID, b.ID))
	}
	var grow func(r Row) Node
	grow = func(r Row) Node {
		n := Node{Person: r, Ring: broken[r.ID]}
		list := rowsOf(under[r.ID])
		slices.SortFunc(list, byName)
		for _, x := range list {
			child := grow(x)
			n.Below += 1 + child.Below
			n.Reports = append(n.Reports, child)
		}
		return n
	}
	roots := rowsOf(top)
	slices.SortFunc(roots, byName)
	for _, r := range roots {
		tops = append(tops, grow(r))
	}
	slices.SortStableFunc(tops, func(a, b Node) int { return b.Below - a.Below })
	return tops, rings
}
