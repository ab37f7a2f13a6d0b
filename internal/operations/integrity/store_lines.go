package integrity

import (
	"context"
	"fmt"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/operations/integrity/clause"
)

// putFleet notes that a group of an update or change that several hosts share grew:
// by so many changes, by itself where it is new there, and by its host where that had
// no group of it.
func putFleet(ctx context.Context, q database.Querier, g *Group, changes int64, joined bool) error {
	groups, hosts := int64(0), int64(0)
	if joined {
		groups = 1
		var others int64
		if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM integrity_group WHERE source = $1 AND fleet = $2 AND no <> $3 LIMIT 1) x`, g.Source, g.Fleet, g.Number).Scan(&others); err != nil {
			return fmt.Errorf("look for a host's other groups of an update: %w", err)
		}
		hosts = 1 - others
	}
	return exec(ctx, q, "store what hosts have in common", `INSERT INTO integrity_fleet (fleet, verdict, no, last_at, first_at, n_hosts, n_groups, n) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (fleet) DO UPDATE SET n_hosts = integrity_fleet.n_hosts + excluded.n_hosts, n_groups = integrity_fleet.n_groups + excluded.n_groups, n = integrity_fleet.n + excluded.n,
		first_at = CASE WHEN excluded.first_at < integrity_fleet.first_at THEN excluded.first_at ELSE integrity_fleet.first_at END,
		no = CASE WHEN excluded.last_at > integrity_fleet.last_at OR excluded.last_at = integrity_fleet.last_at AND excluded.no > integrity_fleet.no THEN excluded.no ELSE integrity_fleet.no END,
		last_at = CASE WHEN excluded.last_at > integrity_fleet.last_at THEN excluded.last_at ELSE integrity_fleet.last_at END`,
		g.Fleet, string(g.Verdict), g.Number, micros(g.Last), micros(g.First), hosts, groups, changes)
}

// fleetsWhere is the condition of a filter that folds on fleets f and their newest
// groups g.
func fleetsWhere(f Filter) *clause.Where {
	w := &clause.Where{}
	if f.Verdict != "" {
		w.Add("f.verdict = ?", string(f.Verdict))
	}
	f.Verdict = ""
	ofGroup(w, f)
	return w
}

// shares reports whether what several hosts have in common can be what a filter asks
// for: all of it is authorised.
func (f *Filter) shares() bool { return !f.Exceeded && (f.State == "" || f.State == Settled) }

// fleetsListed gives what several hosts have in common as lines, newest first.
func fleetsListed(ctx context.Context, q database.Querier, f Filter, limit int) ([]Line, error) {
	w := fleetsWhere(f)
	at, group, _, err := f.cursor()
	if err != nil {
		return nil, err
	}
	if f.After != "" {
		w.Add("(f.last_at < ? OR f.last_at = ? AND f.no < ?)", at, at, group)
	}
	w.Args = append(w.Args, limit)
	return all(ctx, q, "list updates", func(scan func(...any) error) (l Line, err error) {
		var since int64
		g, err := scanGroupOfHost(func(to ...any) error { return scan(append(to, &l.Hosts, &l.Groups, &l.Files, &since)...) })
		if err != nil {
			return l, err
		}
		l.Group, l.Since = *g, moment(since)
		return l, nil
	}, `SELECT `+groupColumns+`, h.name, h.host_id, f.n_hosts, f.n_groups, f.n, f.first_at FROM integrity_fleet f JOIN integrity_group g ON g.no = f.no JOIN integrity_host h ON h.source = g.source`+
		w.String()+fmt.Sprintf(` ORDER BY f.last_at DESC, f.no DESC LIMIT $%d`, len(w.Args)), w.Args...)
}

func countFleets(ctx context.Context, q database.Querier, f Filter) (n int64, err error) {
	from := `integrity_fleet f`
	if f.State != "" {
		from += ` JOIN integrity_group g ON g.no = f.no`
	}
	w := fleetsWhere(f)
	w.Args = append(w.Args, most+1)
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT f.no FROM `+from+w.String()+fmt.Sprintf(` LIMIT $%d) x`, len(w.Args)), w.Args...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count updates: %w", err)
	}
	return n, nil
}

// sameListed gives the newest groups of what several hosts have in common.
func sameListed(ctx context.Context, q database.Querier, fleet string, limit int) ([]Same, error) {
	return all(ctx, q, "list an update's hosts", func(scan func(...any) error) (x Same, err error) {
		var no int64
		err = scan(&no, &x.Host)
		x.Ref = RefOf(no)
		return x, err
	}, `SELECT g.no, h.name FROM integrity_group g JOIN integrity_host h ON h.source = g.source WHERE g.fleet = $1 ORDER BY g.last_at DESC, g.no DESC LIMIT $2`, fleet, limit)
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
