package integrity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

type batchRow struct{ source, digest, entry string }

func batchOf(ctx context.Context, q database.Querier, no int64) (b batchRow, found bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT source, digest, entry_id FROM integrity_batch WHERE no = $1`, no).Scan(&b.source, &b.digest, &b.entry)
	if errors.Is(err, sql.ErrNoRows) {
		return b, false, nil
	}
	return b, err == nil, err
}

// boundChanges gives the changes of a batch in the order in which its entry commits
// to them.
func boundChanges(ctx context.Context, q database.Querier, batch int64) ([]changeRow, error) {
	return all(ctx, q, "read the changes of a batch", func(scan func(...any) error) (r changeRow, err error) {
		var at int64
		err = scan(&r.group, &r.Seq, &r.Source, &at, &r.body)
		r.At = moment(at)
		return r, err
	}, `SELECT group_no, seq, source, at, body_seq FROM integrity_change WHERE batch = $1 ORDER BY group_no, seq`, batch)
}

// populationRow is a change as populations have it.
type populationRow struct {
	changeRow
	g            *Group
	change, path string
	explained    string // who, as known then
	ticket       string
	explainedAt  time.Time
}

// populationRows gives the changes of a stretch of time that the ledger knew by a
// size (below 0: all), with what was decided by then.
func populationRows(ctx context.Context, q database.Querier, from, to time.Time, known int64) ([]populationRow, error) {
	bound, decided, seen := `1 = 1`, `1 = 1`, `1 = 1`
	args := []any{micros(from), micros(to)}
	if known >= 0 {
		args = append(args, known)
		bound = `e.idx >= 0 AND e.idx < $3`
		decided = `d.idx >= 0 AND d.idx < $3`
		seen = `u.idx >= 0 AND u.idx < $3`
	}
	return all(ctx, q, "read changes for a population", func(scan func(...any) error) (r populationRow, err error) {
		var at, undone, explained int64
		var name, id, class string
		r.g, err = scanGroup(func(to ...any) error {
			return scan(append(to, &r.group, &r.Seq, &at, &class, &undone, &r.body, &r.change, &r.path, &name, &id, &r.explained, &r.ticket, &explained)...)
		})
		if err != nil {
			return r, err
		}
		r.g.Host, r.g.HostID = name, id
		r.At, r.Undone, r.explainedAt, r.Class = moment(at), moment(undone), moment(explained), verdict.Class(class)
		r.Ref = fmt.Sprintf("%s/%d", r.g.Ref, r.Seq)
		return r, nil
	}, `SELECT `+groupColumns+`, c.group_no, c.seq, c.at, c.class,
			CASE WHEN c.undone_by > 0 AND EXISTS (SELECT 1 FROM integrity_batch x JOIN ledger_entry u ON u.id = x.entry_id WHERE x.no = c.undone_by AND `+seen+`) THEN c.undone_at ELSE 0 END, c.body_seq, c.change, c.path, h.name, h.host_id, COALESCE(v.made_by, ''), COALESCE(v.ticket, ''), COALESCE(v.made_at, 0)
		FROM integrity_change c JOIN integrity_group g ON g.no = c.group_no JOIN integrity_host h ON h.source = c.source JOIN integrity_batch b ON b.no = c.batch JOIN ledger_entry e ON e.id = b.entry_id
		LEFT JOIN integrity_verdict v ON v.group_no = c.group_no AND v.kind = 'explained' AND EXISTS (SELECT 1 FROM ledger_entry d WHERE d.id = v.entry_id AND `+decided+`)
		WHERE c.at >= $1 AND c.at < $2 AND `+bound+` ORDER BY c.group_no, c.seq`, args...)
}
