package population

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

func insertReconciliation(ctx context.Context, q database.Querier, r Reconciliation, notes string, lines []Line) error {
	_, err := q.ExecContext(ctx, `INSERT INTO reconciliation (id, extraction_id, kind, name, blob, a, b, matched_a, matched_b, digest, notes, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		r.ID, r.Extraction, r.Kind, r.Name, r.Blob, r.A, r.B, r.MatchedA, r.MatchedB, r.Digest, notes, micros(r.MadeAt), r.MadeBy, r.Entry)
	if err != nil {
		return fmt.Errorf("store a reconciliation: %w", err)
	}
	for _, l := range lines {
		detail, err := json.Marshal(l.Matches)
		if err != nil {
			return fmt.Errorf("store a reconciliation: %w", err)
		}
		if _, err := q.ExecContext(ctx, `INSERT INTO reconciliation_line (reconciliation_id, seq, side, item, name, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
			r.ID, l.Seq, string(l.Side), l.Item, l.Name, string(detail)); err != nil {
			return fmt.Errorf("store a reconciliation: %w", err)
		}
	}
	return nil
}

func reconciliationsWhere(ctx context.Context, q database.Querier, where string, args ...any) ([]Reconciliation, error) {
	rows, err := q.QueryContext(ctx, `SELECT r.id, r.extraction_id, r.kind, r.name, r.blob, r.a, r.b, r.matched_a, r.matched_b, r.digest, r.notes, r.made_at, r.made_by,
			r.entry_id, COALESCE(e.idx, -1), (SELECT COUNT(*) FROM reconciliation_line l WHERE l.reconciliation_id = r.id AND l.cause <> '')
		FROM reconciliation r LEFT JOIN ledger_entry e ON e.id = r.entry_id `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read reconciliations: %w", err)
	}
	defer rows.Close()
	var all []Reconciliation
	for rows.Next() {
		var r Reconciliation
		var notes string
		var made int64
		if err := rows.Scan(&r.ID, &r.Extraction, &r.Kind, &r.Name, &r.Blob, &r.A, &r.B, &r.MatchedA, &r.MatchedB, &r.Digest, &notes, &made, &r.MadeBy,
			&r.Entry, &r.Index, &r.Explained); err != nil {
			return nil, fmt.Errorf("read reconciliations: %w", err)
		}
		if err := json.Unmarshal([]byte(notes), &r.Notes); err != nil {
			return nil, fault.Wrap(fault.Refused, err, "reconciliation %s cannot be read", r.ID)
		}
		r.MadeAt, r.notesDigest = moment(made), hexDigest([]byte(notes))
		all = append(all, r)
	}
	return all, rows.Err()
}

func reconciliations(ctx context.Context, q database.Querier, extractionID string) ([]Reconciliation, error) {
	return reconciliationsWhere(ctx, q, `WHERE r.extraction_id = $1 ORDER BY r.made_at, r.id`, extractionID)
}

func reconciliation(ctx context.Context, q database.Querier, id string) (Reconciliation, error) {
	all, err := reconciliationsWhere(ctx, q, `WHERE r.id = $1`, id)
	if err != nil {
		return Reconciliation{}, err
	}
	if len(all) == 0 {
		return Reconciliation{}, fault.New(fault.NotFound, "there is no reconciliation %s", id)
	}
	return all[0], nil
}

func linesOf(ctx context.Context, q database.Querier, id string, side Side, after, limit int) ([]Line, error) {
	tail, args := "", []any{id, after}
	if side != "" {
		tail, args = " AND side = $3", append(args, string(side))
	}
	rows, err := q.QueryContext(ctx, `SELECT seq, side, item, name, detail, cause, explanation, explained_at, explained_by, exclusion_id, entry_id
		FROM reconciliation_line WHERE reconciliation_id = $1 AND seq > $2`+tail+` ORDER BY seq LIMIT `+strconv.Itoa(limit), args...)
	if err != nil {
		return nil, fmt.Errorf("read lines of a reconciliation: %w", err)
	}
	defer rows.Close()
	var all []Line
	for rows.Next() {
		var l Line
		var detail string
		var at int64
		if err := rows.Scan(&l.Seq, &l.Side, &l.Item, &l.Name, &detail, &l.Cause, &l.Text, &at, &l.By, &l.Exclusion, &l.Entry); err != nil {
			return nil, fmt.Errorf("read lines of a reconciliation: %w", err)
		}
		if err := json.Unmarshal([]byte(detail), &l.Matches); err != nil {
			return nil, fault.Wrap(fault.Refused, err, "line %d of reconciliation %s cannot be read", l.Seq, id)
		}
		l.At = moment(at)
		all = append(all, l)
	}
	return all, rows.Err()
}

func explainLine(ctx context.Context, q database.Querier, id string, l Line) error {
	_, err := q.ExecContext(ctx, `UPDATE reconciliation_line SET cause = $3, explanation = $4, explained_at = $5, explained_by = $6, exclusion_id = $7, entry_id = $8
		WHERE reconciliation_id = $1 AND seq = $2`, id, l.Seq, string(l.Cause), l.Text, micros(l.At), l.By, l.Exclusion, l.Entry)
	if err != nil {
		return fmt.Errorf("store an explanation: %w", err)
	}
	return nil
}

// boundReconciliation holds a reconciliation against its entry: its numbers, and
// the digest over its lines, computed anew.
func boundReconciliation(ctx context.Context, q database.Querier, rec ledger.Record) error {
	r, err := reconciliation(ctx, q, rec.Subject)
	if fault.Is(err, fault.NotFound) {
		return refuse(rec, "its row is missing")
	}
	if err != nil {
		return err
	}
	lines, err := linesOf(ctx, q, r.ID, "", 0, 1<<30)
	if err != nil {
		return err
	}
	digest, err := linesDigest(lines)
	if err != nil {
		return err
	}
	if r.Entry != rec.ID || r.MadeBy != rec.Actor || r.Blob != rec.Blob || digest != r.Digest {
		return refuse(rec, "its rows say something else than was recorded")
	}
	return same(rec, r.data())
}

// boundLine holds an explanation against its entry, unless it was said anew
// later: then the later entry answers for the row.
func boundLine(ctx context.Context, q database.Querier, rec ledger.Record) error {
	seq, _ := rec.Data["line"].(int64)
	lines, err := linesOf(ctx, q, rec.Subject, "", int(seq)-1, 1)
	if err != nil {
		return err
	}
	if len(lines) == 0 || int64(lines[0].Seq) != seq || lines[0].Entry == "" {
		return refuse(rec, "line %d has no explanation", seq)
	}
	if l := lines[0]; l.Entry == rec.ID {
		if l.By != rec.Actor {
			return refuse(rec, "the row says it was explained by %s, the ledger says %s", l.By, rec.Actor)
		}
		return same(rec, l.data())
	}
	var later int64
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger_entry WHERE id = $1 AND type = 'population.explained'`, lines[0].Entry).Scan(&later); err != nil {
		return fmt.Errorf("read an explanation: %w", err)
	}
	if later == 0 {
		return refuse(rec, "the entry of line %d is not in the ledger", seq)
	}
	return nil
}
