package outcome

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

type interval struct {
	from, to, recorded time.Time
	entry              string // "": heard at once
}

// Statements of every message, prepared once.
const (
	intervalQuery = `SELECT covered_from, covered_to, recorded_at, entry_id FROM coverage
		WHERE source = $1 AND covered_from <= $2 ORDER BY covered_from DESC, recorded_at DESC LIMIT 1`
	extendQuery   = `UPDATE coverage SET covered_to = $4 WHERE source = $1 AND covered_from = $2 AND recorded_at = $3 AND covered_to < $4`
	openGapsQuery = `SELECT section FROM coverage_gap WHERE source = $1 AND gap_to = $2`
)

// intervalBefore gives the newest interval of a source that began by at.
func intervalBefore(ctx context.Context, q database.Querier, source string, at int64) (interval, bool, error) {
	var from, to, recorded int64
	var entry string
	err := q.QueryRowContext(ctx, intervalQuery, source, at).Scan(&from, &to, &recorded, &entry)
	if errors.Is(err, sql.ErrNoRows) {
		return interval{}, false, nil
	}
	if err != nil {
		return interval{}, false, fmt.Errorf("coverage of %s: %w", source, err)
	}
	return interval{clock.FromMicros(from), clock.FromMicros(to), clock.FromMicros(recorded), entry}, true, nil
}

// LastHeard gives when a source was last observed, and whether that is within
// the grace.
func (s *Service) LastHeard(ctx context.Context, q database.Querier, source string) (at time.Time, covered bool, err error) {
	var to sql.NullInt64
	if err := q.QueryRowContext(ctx, `SELECT MAX(covered_to) FROM coverage WHERE source = $1`, source).Scan(&to); err != nil {
		return time.Time{}, false, fmt.Errorf("coverage of %s: %w", source, err)
	}
	at = clock.FromMicros(to.Int64)
	return at, to.Valid && s.cfg.Clock().Sub(at) < s.cfg.Grace, nil
}

func extendInterval(ctx context.Context, q database.Querier, source string, i interval, to time.Time) error {
	_, err := q.ExecContext(ctx, extendQuery,
		source, clock.Micros(i.from), clock.Micros(i.recorded), clock.Micros(to))
	if err != nil {
		return fmt.Errorf("extend coverage of %s: %w", source, err)
	}
	return nil
}

func insertInterval(ctx context.Context, q database.Querier, source string, at, received time.Time, entry string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO coverage (source, covered_from, covered_to, recorded_at, entry_id) VALUES ($1, $2, $2, $3, $4)
		ON CONFLICT (source, covered_from, recorded_at) DO NOTHING`, source, clock.Micros(at), clock.Micros(received), entry)
	if err != nil {
		return fmt.Errorf("begin coverage of %s: %w", source, err)
	}
	return nil
}

func intervals(ctx context.Context, q database.Querier, source string, from, to int64) ([]interval, error) {
	rows, err := q.QueryContext(ctx, `SELECT covered_from, covered_to, recorded_at FROM coverage
		WHERE source = $1 AND covered_from < $3 AND covered_to >= $2 ORDER BY covered_from, recorded_at`, source, from, to)
	if err != nil {
		return nil, fmt.Errorf("coverage of %s: %w", source, err)
	}
	var all []interval
	err = each(rows, func() error {
		var from, to, recorded int64
		err := rows.Scan(&from, &to, &recorded)
		all = append(all, interval{from: clock.FromMicros(from), to: clock.FromMicros(to), recorded: clock.FromMicros(recorded)})
		return err
	})
	return all, err
}

func firstHeard(ctx context.Context, q database.Querier, source string) (time.Time, bool, error) {
	var from sql.NullInt64
	if err := q.QueryRowContext(ctx, `SELECT MIN(covered_from) FROM coverage WHERE source = $1`, source).Scan(&from); err != nil {
		return time.Time{}, false, fmt.Errorf("first message of %s: %w", source, err)
	}
	return clock.FromMicros(from.Int64), from.Valid, nil
}

func openGap(ctx context.Context, q database.Querier, source, section string, from, now time.Time, reason string) error {
	var open int64
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM coverage_gap WHERE source = $1 AND section = $2 AND gap_to = $3`, source, section, int64(forever)).Scan(&open)
	if err == nil && open == 0 {
		_, err = q.ExecContext(ctx, `INSERT INTO coverage_gap (source, section, gap_from, gap_to, reason) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (source, section, gap_from) DO UPDATE SET gap_to = excluded.gap_to`, source, section, clock.Micros(from), int64(forever), reason)
		if err == nil {
			err = late(ctx, q, source, from, now)
		}
	}
	if err != nil {
		return fmt.Errorf("gap of %s of %s: %w", section, source, err)
	}
	return nil
}

func closeGap(ctx context.Context, q database.Querier, source, section string, at, now time.Time) error {
	result, err := q.ExecContext(ctx, `UPDATE coverage_gap SET gap_to = CASE WHEN gap_from > $3 THEN gap_from ELSE $3 END
		WHERE source = $1 AND section = $2 AND gap_to = $4`, source, section, clock.Micros(at), int64(forever))
	if err != nil {
		return fmt.Errorf("end the gap of %s of %s: %w", section, source, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return late(ctx, q, source, at, now)
}

// OpenGaps gives the sections of a source that Missed began and nothing ended.
func (s *Service) OpenGaps(ctx context.Context, tx *sql.Tx, source string) ([]string, error) {
	rows, err := s.prepared.Within(tx).QueryContext(ctx, openGapsQuery, source, int64(forever))
	if err != nil {
		return nil, fmt.Errorf("gaps of %s: %w", source, err)
	}
	var all []string
	err = each(rows, func() error {
		var name string
		err := rows.Scan(&name)
		all = append(all, name)
		return err
	})
	return all, err
}

func gapsOf(ctx context.Context, q database.Querier, source, section string) ([]Interval, error) {
	if section == "" {
		return nil, nil
	}
	rows, err := q.QueryContext(ctx, `SELECT gap_from, gap_to, reason FROM coverage_gap WHERE source = $1 AND section = $2 ORDER BY gap_from`, source, section)
	if err != nil {
		return nil, fmt.Errorf("gaps of %s of %s: %w", section, source, err)
	}
	var all []Interval
	err = each(rows, func() error {
		var from, to int64
		var i Interval
		err := rows.Scan(&from, &to, &i.Reason)
		i.From, i.To, i.Open = clock.FromMicros(from), clock.FromMicros(to), to == forever
		all = append(all, i)
		return err
	})
	return all, err
}

// moment is an At made exact.
type moment struct {
	valid int64
	known int64 // -1: everything
}

// moment makes an At exact.
func (s *Service) moment(at At) moment {
	m := moment{valid: clock.Micros(at.Valid), known: at.Known}
	if at.Valid.IsZero() {
		m.valid = clock.Micros(s.cfg.Clock())
	}
	if at.Known < 0 {
		m.known = -1
	}
	return m
}

// silence is which sources, and which sections of those that were heard, were
// not observed at a moment.
type silence struct {
	sources  map[string]int64            // silent source -> last observation before, µs
	sections map[string]map[string]quiet // source -> section
}

// quiet is since when something was not observed, and why.
type quiet struct {
	since   int64 // µs; 0: it was never heard before
	section string
	reason  string // of a section
}

// words says why an outcome is not observed.
func (q quiet) words(last Outcome) string {
	since := clock.FromMicros(q.since).Format("2 Jan 2006 15:04:05 MST")
	switch {
	case q.section != "":
		return "section " + q.section + " since " + since + ": " + q.reason + "; last observed: " + last.Words()
	case q.since == 0:
		return "nothing was heard of it at that time"
	}
	return "nothing was heard of it since " + since + "; last observed: " + last.Words()
}

// of reports whether one of the sections of a source was not observed.
func (s silence) of(source string, sections []string) bool {
	_, silent := s.since(source, sections)
	return silent
}

// since says from when on, and why.
func (s silence) since(source string, sections []string) (quiet, bool) {
	if at, ok := s.sources[source]; ok {
		return quiet{since: at}, true
	}
	for _, section := range sections {
		if q, ok := s.sections[source][section]; ok {
			return q, true
		}
	}
	return quiet{}, false
}

// touches reports whether anything of a source was not heard.
func (s silence) touches(source string) bool {
	_, silent := s.sources[source]
	return silent || s.sections[source] != nil
}

// silence finds them among the sources of items, or of one source.
func (s *Service) silence(ctx context.Context, m moment, source string) (silence, error) {
	sil := silence{map[string]int64{}, map[string]map[string]quiet{}}
	q := s.cfg.DB.Reader()
	args := []any{m.valid, s.cfg.Grace.Microseconds()}
	only, from, known := "", "(SELECT DISTINCT source FROM item) s", ""
	if source != "" {
		only = " AND source = $2"
		from = "(SELECT CAST($3 AS TEXT) AS source) s"
		args = append(args, source)
	}
	if m.known >= 0 {
		args = append(args, m.known)
		known = fmt.Sprintf(" AND (c.entry_id = '' OR EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = c.entry_id AND e.idx < $%d))", len(args))
	}
	rows, err := q.QueryContext(ctx, `SELECT s.source, COALESCE((SELECT MAX(c.covered_to) FROM coverage c WHERE c.source = s.source AND c.covered_to <= $1`+known+`), 0)
		FROM `+from+` WHERE NOT EXISTS (SELECT 1 FROM coverage c WHERE c.source = s.source AND c.covered_from <= $1 AND c.covered_to + $2 > $1`+known+`)`, args...)
	if err != nil {
		return sil, fmt.Errorf("find silent sources: %w", err)
	}
	err = each(rows, func() error {
		var name string
		var since int64
		err := rows.Scan(&name, &since)
		sil.sources[name] = since
		return err
	})
	if err != nil {
		return sil, fmt.Errorf("find silent sources: %w", err)
	}
	args = []any{m.valid}
	if source != "" {
		args = append(args, source)
	}
	rows, err = q.QueryContext(ctx, `SELECT source, section, gap_from, reason FROM coverage_gap WHERE gap_from <= $1 AND gap_to > $1`+only, args...)
	if err != nil {
		return sil, fmt.Errorf("find silent sections: %w", err)
	}
	err = each(rows, func() error {
		var name string
		var q quiet
		err := rows.Scan(&name, &q.section, &q.since, &q.reason)
		if sil.sections[name] == nil {
			sil.sections[name] = map[string]quiet{}
		}
		sil.sections[name][q.section] = q
		return err
	})
	if err != nil {
		return sil, fmt.Errorf("find silent sections: %w", err)
	}
	return sil, nil
}

// Silent gives the sources of items that are not heard now, with their
// last observation.
func (s *Service) Silent(ctx context.Context) (map[string]time.Time, error) {
	m := s.moment(Now())
	sil, err := s.silence(ctx, m, "")
	if err != nil {
		return nil, err
	}
	out := make(map[string]time.Time, len(sil.sources))
	for name, at := range sil.sources {
		out[name] = clock.FromMicros(at)
	}
	return out, nil
}

// checkCoverage holds an interval that was filled in afterwards against its
// entry.
func checkCoverage(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var source string
	var from int64
	err := q.QueryRowContext(ctx, `SELECT source, covered_from FROM coverage WHERE entry_id = $1`, rec.ID).Scan(&source, &from)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read coverage: %w", err)
	}
	if err != nil || source != rec.Subject || plain(clock.FromMicros(from)) != rec.Data["from"] {
		return fault.New(fault.Refused, "coverage of %s: the interval from %v that was filled in afterwards is not there", rec.Subject, rec.Data["from"])
	}
	return nil
}

// heardWithin gives the bounds of what any source was heard of [from, to).
func heardWithin(ctx context.Context, q database.Querier, from, to int64) (first, last time.Time, sources int, err error) {
	var a, b sql.NullInt64
	if err = q.QueryRowContext(ctx, `SELECT MIN(covered_from), MAX(covered_to), COUNT(DISTINCT source) FROM coverage WHERE covered_to >= $1 AND covered_from < $2`, from, to).Scan(&a, &b, &sources); err != nil {
		return first, last, 0, fmt.Errorf("read coverage: %w", err)
	}
	if sources > 0 {
		first, last = clock.FromMicros(max(a.Int64, from)), clock.FromMicros(min(b.Int64, to))
	}
	return first, last, sources, nil
}
