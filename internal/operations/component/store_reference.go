package component

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/database"
)

// stirScoped has those looked at again that are items, or are approved for some hosts
// only.
func stirScoped(ctx context.Context, q database.Querier) error {
	return exec(ctx, q, `UPDATE component SET due = 1 WHERE due = 0 AND (item = 1 OR scoped = 1)`)
}

// partsOf gives the parts of hosts as they were last read.
func partsOf(ctx context.Context, q database.Querier, hosts []string) (map[string]map[string]held, error) {
	out := map[string]map[string]held{}
	return out, eachPart(hosts, func(part []string, args []any) error {
		rows, err := q.QueryContext(ctx, `SELECT host_id, part, set_id, state, reason FROM component_host WHERE host_id IN (`+marks(1, len(part))+`)`, args...)
		if err != nil {
			return fmt.Errorf("read what hosts consist of: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var host, name string
			var h held
			if err := rows.Scan(&host, &name, &h.set, &h.state, &h.reason); err != nil {
				return err
			}
			if out[host] == nil {
				out[host] = map[string]held{}
			}
			out[host][name] = h
		}
		return rows.Err()
	})
}

// these gives components by their ids, by kind and name.
func these(ctx context.Context, q database.Querier, ids []string) ([]*Component, error) {
	out := []*Component{}
	err := eachPart(ids, func(part []string, args []any) error {
		list, err := all(ctx, q, scanComponent, `SELECT `+columns+` FROM component c WHERE c.id IN (`+marks(1, len(part))+`)`, args...)
		out = append(out, list...)
		return err
	})
	slices.SortFunc(out, func(a, b *Component) int {
		return strings.Compare(string(a.Kind)+"\x00"+a.Name+a.ID, string(b.Kind)+"\x00"+b.Name+b.ID)
	})
	return out, err
}
