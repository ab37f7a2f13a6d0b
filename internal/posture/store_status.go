package posture

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

// keptStep is a row of status_step.
type keptStep struct {
	subject Subject
	at      int64
	status  Status
}

// priorState is what the store says up to the moment that it may be read to.
type priorState struct {
	steps    []keptStep          // of the kind asked for, by subject and time
	statuses map[Subject]Status  // last of each subject that is in use
	cover    map[string]Coverage // last of each check
}

// stored reads what is kept, in one snapshot, and gives up to when (µs,
// exclusive) it holds for what is known now; 0: nothing does. With a kind the
// steps of that kind before end are read; without one the last coverage is.
func (s *Service) stored(ctx context.Context, g ground, into *priorState, kind Kind, end int64) (int64, error) {
	var upto int64
	err := s.cfg.DB.View(ctx, func(tx *sql.Tx) error {
		var k kept
		var basis string
		err := tx.QueryRowContext(ctx, `SELECT upto, basis FROM status_upto WHERE name = 'status'`).Scan(&k.upto, &basis)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read up to when statuses are kept: %w", err)
		}
		if json.Unmarshal([]byte(basis), &k.ground) != nil {
			return nil // written by another version of this program: derived anew
		}
		if upto = k.usable(g); upto == 0 {
			return nil
		}
		into.statuses = map[Subject]Status{}
		// Of other kinds only the last status is needed, to go on from.
		rows, err := tx.QueryContext(ctx, `SELECT s.kind, s.subject, s.status FROM status_step s JOIN
			(SELECT kind, subject, MAX(at) AS at FROM status_step WHERE at < $1 GROUP BY kind, subject) l
			ON l.kind = s.kind AND l.subject = s.subject AND l.at = s.at WHERE s.status <> ''`, upto)
		if err != nil {
			return fmt.Errorf("read kept statuses: %w", err)
		}
		err = each(rows, func() error {
			var sub Subject
			var status Status
			err := rows.Scan(&sub.Kind, &sub.ID, &status)
			into.statuses[sub] = status
			return err
		})
		if err != nil {
			return fmt.Errorf("read kept statuses: %w", err)
		}
		if kind == "" {
			into.cover, err = lastCoverage(ctx, tx, upto)
			return err
		}
		rows, err = tx.QueryContext(ctx, `SELECT subject, at, status FROM status_step WHERE kind = $1 AND at < $2 ORDER BY subject, at`, string(kind), min(upto, end))
		if err != nil {
			return fmt.Errorf("read kept statuses: %w", err)
		}
		return each(rows, func() error {
			st := keptStep{subject: Subject{Kind: kind}}
			err := rows.Scan(&st.subject.ID, &st.at, &st.status)
			into.steps = append(into.steps, st)
			return err
		})
	})
	return upto, err
}

func lastCoverage(ctx context.Context, q database.Querier, upto int64) (map[string]Coverage, error) {
	rows, err := q.QueryContext(ctx, `SELECT c.check_id, c.observed, c.expected FROM coverage_step c JOIN
		(SELECT check_id, MAX(day) AS day FROM coverage_step WHERE day < $1 GROUP BY check_id) l ON l.check_id = c.check_id AND l.day = c.day`, dayOf(upto))
	if err != nil {
		return nil, fmt.Errorf("read kept coverage: %w", err)
	}
	out := map[string]Coverage{}
	err = each(rows, func() error {
		var id string
		var c Coverage
		err := rows.Scan(&id, &c.Observed, &c.Expected)
		out[id] = c
		return err
	})
	return out, err
}

// coverageDays gives the kept coverage of checks by day before an end, sorted.
func coverageDays(ctx context.Context, q database.Querier, end int64) ([]coveredDay, error) {
	rows, err := q.QueryContext(ctx, `SELECT check_id, day, observed, expected FROM coverage_step WHERE day < $1 ORDER BY check_id, day`, end)
	if err != nil {
		return nil, fmt.Errorf("read kept coverage: %w", err)
	}
	var out []coveredDay
	err = each(rows, func() error {
		var d coveredDay
		var day int64
		err := rows.Scan(&d.check, &day, &d.Observed, &d.Expected)
		d.day = clock.FromMicros(day)
		out = append(out, d)
		return err
	})
	return out, err
}

// replace puts steps and coverage in the place of what was kept from a moment
// on, and says up to when it is kept now.
func (s *Service) replace(ctx context.Context, cut, upto int64, basis string, steps []keptStep, days []coveredDay) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM status_step WHERE at >= $1`, cut); err != nil {
			return fmt.Errorf("drop kept statuses: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM coverage_step WHERE day >= $1`, dayOf(cut)); err != nil {
			return fmt.Errorf("drop kept coverage: %w", err)
		}
		var args []any
		for _, st := range steps {
			args = append(args, string(st.subject.Kind), st.subject.ID, st.at, string(st.status))
		}
		err := insertMany(ctx, tx, `INSERT INTO status_step (kind, subject, at, status)`, 4, args)
		if err != nil {
			return fmt.Errorf("keep statuses: %w", err)
		}
		args = args[:0]
		for _, d := range days {
			args = append(args, d.check, clock.Micros(d.day), d.Observed, d.Expected)
		}
		err = insertMany(ctx, tx, `INSERT INTO coverage_step (check_id, day, observed, expected)`, 4, args)
		if err != nil {
			return fmt.Errorf("keep coverage: %w", err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO status_upto (name, upto, basis) VALUES ('status', $1, $2)
			ON CONFLICT (name) DO UPDATE SET upto = excluded.upto, basis = excluded.basis`, upto, basis)
		if err != nil {
			return fmt.Errorf("say up to when statuses are kept: %w", err)
		}
		return nil
	})
}

func (s *Service) forget(ctx context.Context) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, q := range []string{`DELETE FROM status_step`, `DELETE FROM coverage_step`, `DELETE FROM status_upto`} {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("drop kept statuses: %w", err)
			}
		}
		return nil
	})
}

// insertMany inserts rows, up to a hundred at once.
func insertMany(ctx context.Context, tx *sql.Tx, head string, width int, args []any) error {
	for len(args) > 0 {
		n := min(len(args)/width, 100)
		if _, err := tx.ExecContext(ctx, head+" VALUES "+places(n, width), args[:n*width]...); err != nil {
			return err
		}
		args = args[n*width:]
	}
	return nil
}

// places gives "($1, $2), ($3, $4)".
func places(rows, width int) string {
	var b strings.Builder
	for i := range rows * width {
		switch {
		case i%width == 0 && i > 0:
			b.WriteString("), (")
		case i == 0:
			b.WriteString("(")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	return b.String() + ")"
}

// firstRecord gives the first moment at which anything was judged or heard.
func firstRecord(ctx context.Context, q database.Querier) (int64, bool, error) {
	var at sql.NullInt64
	err := q.QueryRowContext(ctx, `SELECT MIN(at) FROM (SELECT MIN(valid_from) AS at FROM step UNION ALL SELECT MIN(covered_from) AS at FROM coverage
		UNION ALL SELECT MIN(gap_from) AS at FROM coverage_gap) firsts`).Scan(&at)
	if err != nil {
		return 0, false, fmt.Errorf("read when records begin: %w", err)
	}
	return at.Int64, at.Valid, nil
}
