package integrity

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// openGroups gives what lies open on a host, oldest first.
func openGroups(ctx context.Context, q database.Querier, source string) ([]*Group, error) {
	return all(ctx, q, "read what lies open", scanGroup, `SELECT `+groupColumns+` FROM integrity_group g WHERE g.source = $1 AND g.state = 'open' ORDER BY g.no`, source)
}

// holdsOwn reports whether a group holds a change, not undone, of one of the paths or
// of what lies below them.
func holdsOwn(ctx context.Context, q database.Querier, group int64, paths []string) (bool, error) {
	where, args := "", []any{group}
	for i, p := range paths {
		if i > 0 {
			where += " OR "
		}
		args = append(args, hexPlace(p), hexPlace(p)+"g")
		where += fmt.Sprintf("(c.place >= $%d AND c.place < $%d)", len(args)-1, len(args))
	}
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM integrity_change c WHERE c.group_no = $1 AND c.undone_at = 0 AND (`+where+`)`, args...).Scan(&n); err != nil {
		return false, fmt.Errorf("look for the agent's own files: %w", err)
	}
	return n > 0, nil
}

// pathsOfGroup gives the paths of a group's changes.
func pathsOfGroup(ctx context.Context, q database.Querier, group int64) ([]string, error) {
	return all(ctx, q, "read the paths of a group", func(scan func(...any) error) (p string, err error) {
		err = scan(&p)
		return p, err
	}, `SELECT path FROM integrity_change WHERE group_no = $1 ORDER BY seq`, group)
}

// turnRows gives every watched host beside what the register of hosts says of it.
func turnRows(ctx context.Context, q database.Querier) ([]turnRow, error) {
	return all(ctx, q, "read watched hosts", func(scan func(...any) error) (r turnRow, err error) {
		var silent, gone, retired, excluded int64
		err = scan(&r.source, &r.hostID, &r.name, &r.said, &silent, &gone, &r.known, &r.now, &retired, &excluded)
		r.silent, r.gone, r.left = moment(silent), gone == 1, retired > 0
		return r, err
	}, `SELECT w.source, w.host_id, w.name, w.said, w.silent_at, w.gone, COALESCE(h.id, ''), COALESCE(h.name, ''), COALESCE(h.retired_at, 0), COALESCE(h.excluded_at, 0)
		FROM integrity_host w LEFT JOIN host h ON h.source = w.source ORDER BY w.source`)
}

func markGone(ctx context.Context, q database.Querier, source string) error {
	return exec(ctx, q, "note that a host left", `UPDATE integrity_host SET gone = 1, said = '' WHERE source = $1`, source)
}

// sinceOn counts what changed on a host since a moment.
func sinceOn(ctx context.Context, q database.Querier, source string, from time.Time) (Since, error) {
	s := Since{From: from, Groups: map[verdict.Kind]int64{}, Changes: map[verdict.Kind]int64{}, Open: []Group{}}
	if _, err := all(ctx, q, "count what changed on a host", func(scan func(...any) error) (struct{}, error) {
		var kind string
		var groups, changes int64
		err := scan(&kind, &groups, &changes)
		s.Groups[verdict.Kind(kind)], s.Changes[verdict.Kind(kind)] = groups, changes
		return struct{}{}, err
	}, `SELECT verdict, COUNT(*), CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM integrity_group WHERE source = $1 AND last_at >= $2 GROUP BY verdict`, source, micros(from)); err != nil {
		return s, err
	}
	open, err := openGroups(ctx, q, source)
	for _, g := range open {
		s.Open = append(s.Open, *g)
	}
	return s, err
}
