package integrity

import (
	"context"
	"fmt"

	"github.com/attesta/attesta/internal/base/database"
)

// newestOfFleet leaves of the same update on several hosts the newest group.
const newestOfFleet = "(g.fleet = '' OR NOT EXISTS (SELECT 1 FROM integrity_group o WHERE o.fleet = g.fleet AND (o.last_at > g.last_at OR o.last_at = g.last_at AND o.no > g.no)))"

func foldedListed(ctx context.Context, q database.Querier, f Filter, limit int) ([]*Group, error) {
	w := groupsWhere(f)
	w.add(newestOfFleet)
	at, group, _, err := f.cursor()
	if err != nil {
		return nil, err
	}
	if f.After != "" {
		w.add("(g.last_at < ? OR g.last_at = ? AND g.no < ?)", at, at, group)
	}
	w.args = append(w.args, limit)
	return all(ctx, q, "list groups of changes", scanGroupOfHost, `SELECT `+groupColumns+`, h.name, h.host_id FROM integrity_group g JOIN integrity_host h ON h.source = g.source`+w.String()+fmt.Sprintf(` ORDER BY g.last_at DESC, g.no DESC LIMIT $%d`, len(w.args)), w.args...)
}

func countFolded(ctx context.Context, q database.Querier, f Filter) (n int64, err error) {
	w := groupsWhere(f)
	w.add(newestOfFleet)
	w.args = append(w.args, most+1)
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT g.no FROM integrity_group g`+w.String()+fmt.Sprintf(` LIMIT $%d) x`, len(w.args)), w.args...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count lines of changes: %w", err)
	}
	return n, nil
}

func foldOf(ctx context.Context, q database.Querier, l *Line) error {
	var since int64
	err := q.QueryRowContext(ctx, `SELECT COUNT(DISTINCT source), COUNT(*), CAST(SUM(n) AS BIGINT), MIN(first_at) FROM integrity_group WHERE fleet = $1`, l.Fleet).Scan(&l.Hosts, &l.Groups, &l.Files, &since)
	if err != nil {
		return fmt.Errorf("count an update's hosts: %w", err)
	}
	l.Since = moment(since)
	return nil
}

func standing(ctx context.Context, q database.Querier) (s Standing, err error) {
	var since int64
	err = q.QueryRowContext(ctx, `SELECT COUNT(*), CAST(COALESCE(SUM(n - undone), 0) AS BIGINT), COUNT(DISTINCT source), CAST(COALESCE(SUM(exceeded), 0) AS BIGINT), COALESCE(MIN(first_at), 0) FROM integrity_group WHERE state = 'open'`).Scan(&s.Groups, &s.Files, &s.Hosts, &s.Exceeded, &since)
	if err != nil {
		return s, fmt.Errorf("count what nobody explained: %w", err)
	}
	s.Since = moment(since)
	return s, nil
}
