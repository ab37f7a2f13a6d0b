// Package pathstate keeps what lies on the paths of hosts from one change to the next: the
// state of each path of which a change was told.
//
// Invariants: a path is kept under its place, however it was spelt.
//
// Floor: domains, within internal/operations/integrity.
package pathstate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity/clause"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// States are what is known of paths, by place.
type States map[string]*verdict.State

// Place is what a path is kept under.
func Place(file string) string {
	sum := sha256.Sum256([]byte(path.Clean(file)))
	return hex.EncodeToString(sum[:16])
}

// Read gives what is known of places of a source, and of the other places of the
// moves that lie on them.
func Read(ctx context.Context, q database.Querier, source string, places []string) (States, error) {
	known := States{}
	if err := known.read(ctx, q, source, places); err != nil {
		return nil, err
	}
	var others []string
	for _, st := range known {
		for _, r := range st.Open {
			if r.With != "" && known[r.With] == nil && !slices.Contains(others, r.With) {
				others = append(others, r.With)
			}
		}
	}
	return known, known.read(ctx, q, source, others)
}

func (s States) read(ctx context.Context, q database.Querier, source string, places []string) error {
	return clause.InParts(places, 2, func(in string, args []any) error {
		rows, err := q.QueryContext(ctx, `SELECT place, state FROM integrity_path WHERE source = $1 AND place IN (`+in+`)`, append([]any{source}, args...)...)
		if err != nil {
			return fmt.Errorf("read paths: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var place, raw string
			if err := rows.Scan(&place, &raw); err != nil {
				return fmt.Errorf("read paths: %w", err)
			}
			st := &verdict.State{}
			if err := json.Unmarshal([]byte(raw), st); err != nil {
				return fault.Wrap(fault.Refused, err, "what is known of a path of %s cannot be read", source)
			}
			s[place] = st
		}
		return rows.Err()
	})
}

// Of gives the state of a path, with none an empty one that belongs to s from then
// on.
func (s States) Of(file string) *verdict.State {
	p := Place(file)
	if s[p] == nil {
		s[p] = &verdict.State{}
	}
	return s[p]
}

// Accept takes a group out of every state, and gives the places where it lay.
func (s States) Accept(group int64) (places []string) {
	for _, p := range slices.Sorted(maps.Keys(s)) {
		if s[p].Accept(group) {
			places = append(places, p)
		}
	}
	return places
}

// Store keeps the states of places of a source.
func (s States) Store(ctx context.Context, q database.Querier, source string, places []string) error {
	const part = 50
	for from := 0; from < len(places); from += part {
		some := places[from:min(from+part, len(places))]
		args := make([]any, 0, 3*len(some))
		for _, p := range some {
			raw, err := json.Marshal(s[p])
			if err != nil {
				return err
			}
			args = append(args, source, p, string(raw))
		}
		if _, err := q.ExecContext(ctx, `INSERT INTO integrity_path (source, place, state) VALUES `+clause.Values(len(some), 3)+` ON CONFLICT (source, place) DO UPDATE SET state = excluded.state`, args...); err != nil {
			return fmt.Errorf("store paths: %w", err)
		}
	}
	return nil
}
