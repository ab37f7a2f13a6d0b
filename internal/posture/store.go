package posture

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

// silences gives the changes, after from and up to to, that silence makes to
// the counts, as known now, in order of time. It reads the outcomes only of
// items whose source, or a section of it, was silent at some time.
func silences(ctx context.Context, q database.Querier, from, to, grace int64) ([]delta, error) {
	silent, sections, err := silentStretches(ctx, q, from, to, grace)
	if err != nil || len(silent)+len(sections) == 0 {
		return nil, err
	}
	attributes, err := attributeKeys(ctx, q)
	if err != nil {
		return nil, err
	}
	var out []delta
	items, err := silentItems(ctx, q, silent, sections)
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(items)), 500) {
		list := make([]string, len(part))
		for i, no := range part {
			list[i] = strconv.FormatInt(no, 10)
		}
		rows, err := q.QueryContext(ctx, `SELECT item_no, attribute_no, valid_from, outcome FROM outcome
			WHERE valid_from <= $1 AND item_no IN (`+strings.Join(list, ", ")+`) ORDER BY item_no, attribute_no, valid_from, run_no`, to)
		if err != nil {
			return nil, fmt.Errorf("read outcomes of silent items: %w", err)
		}
		var stored []change
		var item, attribute int64 = -1, -1
		finish := func() {
			a, known := attributes[attribute]
			if !known || len(stored) == 0 {
				return
			}
			source := items[item]
			quiet := slices.Clone(silent[source])
			for _, section := range a.sections {
				quiet = append(quiet, sections[section][source]...)
			}
			inherited(stored, union(quiet), from, to, func(at int64, n Counts) {
				out = append(out, delta{clock.FromMicros(at), a.key, n})
			})
		}
		err = each(rows, func() error {
			var i, a int64
			var c change
			if err := rows.Scan(&i, &a, &c.at, &c.outcome); err != nil {
				return err
			}
			if i != item || a != attribute {
				finish()
				item, attribute, stored = i, a, stored[:0]
			}
			if n := len(stored); n > 0 && stored[n-1].at == c.at {
				stored[n-1] = c // a correction at the same moment
				return nil
			}
			stored = append(stored, c)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read outcomes of silent items: %w", err)
		}
		finish()
	}
	slices.SortStableFunc(out, func(a, b delta) int { return a.at.Compare(b.at) })
	return out, nil
}

// silentStretches gives, by source, when it was silent, and by section and
// source when that section was missing, within [from, to].
func silentStretches(ctx context.Context, q database.Querier, from, to, grace int64) (map[string][]stretch, map[string]map[string][]stretch, error) {
	heard := map[string][]stretch{}
	first := map[string]int64{} // before it was first heard a source has no outcomes to be silent about
	rows, err := q.QueryContext(ctx, `SELECT s.source, COALESCE(c.covered_from, 0), COALESCE(c.covered_to, -1),
			COALESCE((SELECT MIN(f.covered_from) FROM coverage f WHERE f.source = s.source), 0)
		FROM (SELECT DISTINCT source FROM item) s
		LEFT JOIN coverage c ON c.source = s.source AND c.covered_from <= $2 AND c.covered_to + $3 >= $1`, from, to, grace)
	if err != nil {
		return nil, nil, fmt.Errorf("read when sources were heard: %w", err)
	}
	err = each(rows, func() error {
		var source string
		var s stretch
		var began int64
		if err := rows.Scan(&source, &s.from, &s.to, &began); err != nil {
			return err
		}
		first[source] = began
		if s.to < 0 {
			heard[source] = nil // not heard at all in the period
			return nil
		}
		heard[source] = append(heard[source], s)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read when sources were heard: %w", err)
	}
	silent := map[string][]stretch{}
	for source, h := range heard {
		if quiet := unheard(h, grace, max(from, first[source]), to+1); len(quiet) > 0 {
			silent[source] = quiet
		}
	}
	rows, err = q.QueryContext(ctx, `SELECT source, section, gap_from, gap_to FROM coverage_gap WHERE gap_from <= $2 AND gap_to > $1`, from, to)
	if err != nil {
		return nil, nil, fmt.Errorf("read when sections were missing: %w", err)
	}
	sections := map[string]map[string][]stretch{}
	err = each(rows, func() error {
		var source, section string
		var s stretch
		if err := rows.Scan(&source, &section, &s.from, &s.to); err != nil {
			return err
		}
		if sections[section] == nil {
			sections[section] = map[string][]stretch{}
		}
		sections[section][source] = append(sections[section][source], s)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read when sections were missing: %w", err)
	}
	return silent, sections, nil
}

// silentItems gives the sources of the items that silence concerns, by number.
func silentItems(ctx context.Context, q database.Querier, silent map[string][]stretch, sections map[string]map[string][]stretch) (map[int64]string, error) {
	concerned := map[string]bool{}
	for source := range silent {
		concerned[source] = true
	}
	for _, sources := range sections {
		for source := range sources {
			concerned[source] = true
		}
	}
	rows, err := q.QueryContext(ctx, `SELECT no, source FROM item`)
	if err != nil {
		return nil, fmt.Errorf("read items: %w", err)
	}
	items := map[int64]string{}
	err = each(rows, func() error {
		var no int64
		var source string
		if err := rows.Scan(&no, &source); err != nil {
			return err
		}
		if concerned[source] {
			items[no] = source
		}
		return nil
	})
	return items, err
}

type attributeKey struct {
	key      key
	sections []string
}

func attributeKeys(ctx context.Context, q database.Querier) (map[int64]attributeKey, error) {
	rows, err := q.QueryContext(ctx, `SELECT no, check_id, attribute_id, sections FROM check_attribute`)
	if err != nil {
		return nil, fmt.Errorf("read attributes: %w", err)
	}
	out := map[int64]attributeKey{}
	err = each(rows, func() error {
		var no int64
		var a attributeKey
		var sections string
		if err := rows.Scan(&no, &a.key.check, &a.key.attribute, &sections); err != nil {
			return err
		}
		a.sections = strings.Split(sections, ",")
		out[no] = a
		return nil
	})
	return out, err
}

// checkpointTime gives when the first checkpoint of at least a size was signed.
func checkpointTime(ctx context.Context, q database.Querier, size int64) (time.Time, error) {
	var at sql.NullInt64
	if err := q.QueryRowContext(ctx, `SELECT MIN(at) FROM ledger_checkpoint WHERE size >= $1`, size).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("read when the ledger had %d entries: %w", size, err)
	}
	if !at.Valid {
		return time.Time{}, nil
	}
	return clock.FromMicros(at.Int64), nil
}

// standardChanges gives when the set of standards in force changed, and by what.
func standardChanges(ctx context.Context, q database.Querier) ([]reason, error) {
	rows, err := q.QueryContext(ctx, `SELECT installed_at, 'standard ' || id FROM standard UNION SELECT made_at, 'tailoring ' || id FROM tailoring ORDER BY 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("read when standards changed: %w", err)
	}
	var out []reason
	err = each(rows, func() error {
		var t reason
		err := rows.Scan(&t.At, &t.What)
		out = append(out, t)
		return err
	})
	return out, err
}

// each calls scan for every row and closes them.
func each(rows *sql.Rows, scan func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(); err != nil {
			return err
		}
	}
	return rows.Err()
}
