package host

import (
	"context"
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// bound gives the condition that the entry e was known by a ledger size; its
// placeholder is $2.
func bound(at outcome.At) (condition string, args []any) {
	args = []any{micros(at.Valid)}
	if at.Known < 0 {
		return "", args
	}
	return " AND e.idx < $2", append(args, at.Known)
}

// presenceAt gives the hosts that were ever in the population up to a moment,
// with when they were in it. That an exclusion left a host out does not count:
// populations apply exclusions themselves, and list them.
func presenceAt(ctx context.Context, q database.Querier, at outcome.At) (map[string]presence, error) {
	known, args := bound(at)
	rows, err := q.QueryContext(ctx, `SELECT h.id, h.source, h.first_seen, p.valid_from, p.present
		FROM item_presence p JOIN item i ON i.no = p.item_no JOIN host h ON h.id = i.id JOIN run r ON r.no = p.run_no JOIN ledger_entry e ON e.id = r.entry_id
		WHERE i.population = 'hosts' AND (r.kind <> 'exclusion' OR p.present = 1) AND p.valid_from <= $1`+known+` ORDER BY h.id, p.valid_from, p.run_no`, args...)
	if err != nil {
		return nil, fmt.Errorf("read presence of hosts: %w", err)
	}
	defer rows.Close()
	all := map[string]presence{}
	type row struct {
		at      int64
		present bool
	}
	var id string
	var pending []row
	var p presence
	flush := func() { // of rows that begin together the last one holds
		for i, x := range pending {
			if i+1 == len(pending) || pending[i+1].at != x.at {
				p.turn(moment(x.at), x.present)
			}
		}
		if len(p.spans) > 0 {
			all[id] = p
		}
		pending = pending[:0]
	}
	for rows.Next() {
		var host, source string
		var first, from, present int64
		if err := rows.Scan(&host, &source, &first, &from, &present); err != nil {
			return nil, fmt.Errorf("read presence of hosts: %w", err)
		}
		if host != id {
			if id != "" {
				flush()
			}
			id, p = host, presence{source: source, first: moment(first)}
		}
		pending = append(pending, row{from, present == 1})
	}
	if id != "" {
		flush()
	}
	return all, rows.Err()
}

// sectionsAt gives the versions of sections in force at a moment, by host and
// section.
func sectionsAt(ctx context.Context, q database.Querier, at outcome.At, sections ...string) (map[string]map[string]version, error) {
	known, args := bound(at)
	places := make([]string, len(sections))
	for i, s := range sections {
		args = append(args, s)
		places[i] = fmt.Sprintf("$%d", len(args))
	}
	rows, err := q.QueryContext(ctx, `SELECT x.section, x.valid_from, x.run_no, x.digest, x.registry, x.last_observed, x.received_at, x.host_id FROM (
			SELECT v.*, ROW_NUMBER() OVER (PARTITION BY v.host_id, v.section ORDER BY v.valid_from DESC, v.run_no DESC) AS place
			FROM host_section v JOIN run r ON r.no = v.run_no JOIN ledger_entry e ON e.id = r.entry_id
			WHERE v.valid_from <= $1`+known+` AND v.section IN (`+strings.Join(places, ", ")+`)) x WHERE x.place = 1`, args...)
	if err != nil {
		return nil, fmt.Errorf("read sections of hosts: %w", err)
	}
	defer rows.Close()
	all := map[string]map[string]version{}
	for rows.Next() {
		var id string
		v, err := scanVersion(rows.Scan, &id)
		if err != nil {
			return nil, fmt.Errorf("read sections of hosts: %w", err)
		}
		if all[id] == nil {
			all[id] = map[string]version{}
		}
		all[id][v.section] = v
	}
	return all, rows.Err()
}
