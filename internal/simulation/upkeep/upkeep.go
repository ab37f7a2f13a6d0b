// Package upkeep is the demonstration's year of what is done about its hosts: zones of
// their network, their files, their firewalls, what they consist of; and about the
// machines of people. It goes on where package years ends, in the same way.
//
// Floor: edges, under simulation.
package upkeep

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/simulation/years"
)

// Areas gives every area, in the order in which things of the same moment happen.
func Areas() []years.Area {
	return []years.Area{
		{Name: "segmentation", Make: makeSegment, Year: yearOfSegment},
		{Name: "file integrity", Make: makeIntegrity, Year: yearOfIntegrity},
		{Name: "firewall review", Make: makeFirewall, Year: yearOfFirewall},
		{Name: "components", Year: yearOfComponents},
		{Name: "endpoints", Make: makeEndpoints, Year: yearOfEndpoints},
	}
}

// many is how many hosts of a kind take part in what is told of single hosts: in a
// large organisation the story is that of the first few.
const many = 5

// here gives the hosts that are heard, of the first few of each kind, by name.
func here(ctx context.Context, o *years.Stage) ([]host.Host, error) {
	list, _, _, err := o.Hosts.Plain(ctx, host.Filter{}, "", 1000)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(h host.Host) bool { return h.Silent || !h.RetiredAt.IsZero() })
	slices.SortFunc(list, func(a, b host.Host) int { return cmp.Compare(a.Name, b.Name) })
	of := map[string]int{}
	return slices.DeleteFunc(list, func(h host.Host) bool {
		kind := kindOf(h.Name)
		of[kind]++
		return of[kind] > many
	}), nil
}

func kindOf(name string) string {
	kind, _, _ := strings.Cut(name, "-")
	return kind
}
