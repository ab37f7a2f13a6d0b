package capacity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

const hostColumns = `source, host_id, name, environment, joined_at, sampled_at, missing, gone`

func scanHost(scan func(...any) error) (Host, error) {
	var h Host
	var joined, sampled, gone int64
	var missing string
	if err := scan(&h.Source, &h.ID, &h.Name, &h.Environment, &joined, &sampled, &missing, &gone); err != nil {
		return h, err
	}
	h.Joined, h.Sampled, h.Gone = moment(joined), moment(sampled), gone == 1
	if missing != "" {
		if err := json.Unmarshal([]byte(missing), &h.Missing); err != nil {
			return h, fmt.Errorf("what is missing of %s: %w", h.Source, err)
		}
	}
	return h, nil
}

func hostOf(ctx context.Context, q database.Querier, source string) (Host, bool, error) {
	h, err := scanHost(q.QueryRowContext(ctx, `SELECT `+hostColumns+` FROM capacity_host WHERE source = $1 OR host_id = $1`, source).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return h, false, nil
	}
	return h, err == nil, err
}

func readHosts(ctx context.Context, q database.Querier) ([]Host, error) {
	return all(ctx, q, scanHost, `SELECT `+hostColumns+` FROM capacity_host ORDER BY name, source`)
}

// all reads rows.
func all[T any](ctx context.Context, q database.Querier, scan func(func(...any) error) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		x, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

func putHost(ctx context.Context, q database.Querier, h Host) error {
	missing := ""
	if len(h.Missing) > 0 {
		raw, err := json.Marshal(h.Missing)
		if err != nil {
			return err
		}
		missing = string(raw)
	}
	gone := 0
	if h.Gone {
		gone = 1
	}
	_, err := q.ExecContext(ctx, `INSERT INTO capacity_host (`+hostColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (source) DO UPDATE SET host_id = excluded.host_id, name = excluded.name, environment = excluded.environment, sampled_at = excluded.sampled_at, missing = excluded.missing, gone = excluded.gone`,
		h.Source, h.ID, h.Name, h.Environment, micros(h.Joined), micros(h.Sampled), missing, gone)
	return err
}

const seriesColumns = `source, no, measure, place, lim, used, val, before, p95, sampled_at, first_at, trend, have, since_day, slope, low, mid, high, worst`

func scanSeries(scan func(...any) error) (*Series, error) {
	s := &Series{}
	var sampled, first, slope int64
	f := &s.Forecast
	err := scan(&s.Source, &s.No, &s.Measure, &s.Place, &s.Limit, &s.Used, &s.Value, &s.Before, &s.P95, &sampled, &first, &f.Trend, &f.Have, &f.Since, &slope, &f.Low, &f.Mid, &f.High, &s.Worst)
	s.Sampled, s.First, f.Slope = moment(sampled), moment(first), float64(slope)/1e9
	return s, err
}

func seriesOf(ctx context.Context, q database.Querier, source string) ([]*Series, error) {
	return all(ctx, q, scanSeries, `SELECT `+seriesColumns+` FROM capacity_series WHERE source = $1 ORDER BY no`, source)
}

func ofMeasure(ctx context.Context, q database.Querier, measure string) ([]*Series, error) {
	return all(ctx, q, scanSeries, `SELECT `+seriesColumns+` FROM capacity_series WHERE measure = $1`, measure)
}

func putSeries(ctx context.Context, q database.Querier, s *Series) error {
	f := s.Forecast
	_, err := q.ExecContext(ctx, `INSERT INTO capacity_series (`+seriesColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (source, no) DO UPDATE SET lim = excluded.lim, used = excluded.used, val = excluded.val, before = excluded.before, p95 = excluded.p95, sampled_at = excluded.sampled_at, trend = excluded.trend,
		have = excluded.have, since_day = excluded.since_day, slope = excluded.slope, low = excluded.low, mid = excluded.mid, high = excluded.high, worst = excluded.worst`,
		s.Source, s.No, s.Measure, s.Place, s.Limit, s.Used, s.Value, s.Before, s.P95, micros(s.Sampled), micros(s.First), string(f.Trend), f.Have, f.Since, int64(f.Slope*1e9), f.Low, f.Mid, f.High, s.worst())
	return err
}

func readChunk(ctx context.Context, q database.Querier, source string, t tier, start int) (chunk, error) {
	var body []byte
	err := q.QueryRowContext(ctx, `SELECT body FROM capacity_chunk WHERE source = $1 AND tier = $2 AND start = $3`, source, string(t), start).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return chunk{}, nil
	}
	if err != nil {
		return nil, err
	}
	return decode(t, body)
}

func putChunk(ctx context.Context, q database.Querier, source string, t tier, start int, c chunk) error {
	_, err := q.ExecContext(ctx, `INSERT INTO capacity_chunk (source, tier, start, rolled, body) VALUES ($1, $2, $3, 0, $4)
		ON CONFLICT (source, tier, start) DO UPDATE SET body = excluded.body, rolled = 0`, source, string(t), start, c.encode(t))
	return err
}

// unrolled gives hosts with a day of samples that is over and not taken over yet.
func unrolled(ctx context.Context, q database.Querier, today, limit int) ([]due, error) {
	return all(ctx, q, func(scan func(...any) error) (d due, err error) {
		err = scan(&d.source, &d.day)
		return d, err
	}, `SELECT source, start FROM capacity_chunk WHERE tier = 'raw' AND rolled = 0 AND start < $1 ORDER BY start, source LIMIT $2`, today, limit)
}

func markRolled(ctx context.Context, q database.Querier, d due) error {
	_, err := q.ExecContext(ctx, `UPDATE capacity_chunk SET rolled = 1 WHERE source = $1 AND tier = 'raw' AND start = $2`, d.source, d.day)
	return err
}

// drop removes what is older than each tier is kept.
func drop(ctx context.Context, q database.Querier, today int) error {
	for _, d := range []struct {
		t      tier
		before int
	}{{raw, today - keepRaw}, {hours, today - keepHours}, {days, today - keepDays}} {
		if _, err := q.ExecContext(ctx, `DELETE FROM capacity_chunk WHERE tier = $1 AND start < $2 AND (rolled = 1 OR tier <> 'raw')`, string(d.t), d.before); err != nil {
			return err
		}
	}
	return nil
}

func addEvent(ctx context.Context, q database.Querier, e Event) error {
	_, err := q.ExecContext(ctx, `INSERT INTO capacity_event (source, at, kind, measure, place, was, became) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source, at, kind, measure, place) DO NOTHING`,
		e.Source, micros(e.At), e.Kind, e.Measure, e.Place, e.Was, e.Became)
	return err
}

func scanEvent(scan func(...any) error) (e Event, err error) {
	var at int64
	err = scan(&e.Source, &at, &e.Kind, &e.Measure, &e.Place, &e.Was, &e.Became)
	e.At = moment(at)
	return e, err
}

const eventColumns = `source, at, kind, measure, place, was, became`

func eventsOf(ctx context.Context, q database.Querier, source string) ([]Event, error) {
	return all(ctx, q, scanEvent, `SELECT `+eventColumns+` FROM capacity_event WHERE source = $1 ORDER BY at`, source)
}

func eventsSince(ctx context.Context, q database.Querier, from time.Time, limit int) ([]Event, error) {
	return all(ctx, q, func(scan func(...any) error) (e Event, err error) {
		var at int64
		err = scan(&e.Source, &at, &e.Kind, &e.Measure, &e.Place, &e.Was, &e.Became, &e.Host)
		e.At = moment(at)
		return e, err
	}, `SELECT e.source, e.at, e.kind, e.measure, e.place, e.was, e.became, h.name FROM capacity_event e JOIN capacity_host h ON h.source = e.source WHERE e.at >= $1 ORDER BY e.at DESC, e.source, e.measure, e.place LIMIT $2`, micros(from), limit)
}

func scanExceed(scan func(...any) error) (e Exceedance, err error) {
	var since int64
	err = scan(&e.Line, &e.Source, &e.No, &since)
	e.Since = moment(since)
	return e, err
}

func exceedances(ctx context.Context, q database.Querier) ([]Exceedance, error) {
	return all(ctx, q, scanExceed, `SELECT line, source, no, since FROM capacity_exceed ORDER BY since, line, source, no`)
}

// setExceeded makes the open exceedances of a commitment those that are given.
func setExceeded(ctx context.Context, q database.Querier, line string, now []Exceedance, was map[string]Exceedance) error {
	keep := map[string]bool{}
	for _, e := range now {
		keep[key(e.Source, e.No)] = true
		if _, there := was[key(e.Source, e.No)]; there {
			continue
		}
		if _, err := q.ExecContext(ctx, `INSERT INTO capacity_exceed (line, source, no, since) VALUES ($1, $2, $3, $4) ON CONFLICT (line, source, no) DO NOTHING`, line, e.Source, e.No, micros(e.Since)); err != nil {
			return err
		}
	}
	for k, e := range was {
		if keep[k] {
			continue
		}
		if _, err := q.ExecContext(ctx, `DELETE FROM capacity_exceed WHERE line = $1 AND source = $2 AND no = $3`, line, e.Source, e.No); err != nil {
			return err
		}
	}
	return nil
}

func dropLine(ctx context.Context, q database.Querier, line string) error {
	_, err := q.ExecContext(ctx, `DELETE FROM capacity_exceed WHERE line = $1`, line)
	return err
}

// listed gives rows of the list, worst first.
func listed(ctx context.Context, q database.Querier, f Filter) ([]Row, error) {
	where, args := []string{"h.gone = 0"}, []any{}
	arg := func(condition string, v ...any) {
		for _, x := range v {
			args = append(args, x)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, condition)
	}
	if f.Measure != "" {
		arg("s.measure = ?", f.Measure)
	}
	if f.Environment != "" {
		arg("h.environment = ?", f.Environment)
	}
	if f.Query != "" {
		arg("LOWER(h.name) LIKE ?", "%"+likely.Replace(strings.ToLower(f.Query))+"%")
		where[len(where)-1] += ` ESCAPE '!'`
	}
	switch f.Only {
	case Over:
		where = append(where, "EXISTS (SELECT 1 FROM capacity_exceed e WHERE e.source = s.source AND e.no = s.no)")
	case Soon:
		where = append(where, "s.trend IN ('rising', 'full') AND s.mid >= 0 AND s.mid <= 90")
	}
	if f.after != nil {
		arg("(s.worst < ? OR s.worst = ? AND (s.source > ? OR s.source = ? AND s.no > ?))", f.after.Worst, f.after.Worst, f.after.Source, f.after.Source, f.after.No)
	}
	args = append(args, f.Limit)
	return all(ctx, q, func(scan func(...any) error) (r Row, err error) {
		s, err := scanSeries(func(to ...any) error { return scan(append(to, &r.Host, &r.HostID, &r.Environment)...) })
		if err == nil {
			r.Series = *s
		}
		return r, err
	}, `SELECT s.`+strings.ReplaceAll(seriesColumns, ", ", ", s.")+`, h.name, h.host_id, h.environment FROM capacity_series s JOIN capacity_host h ON h.source = s.source
		WHERE `+strings.Join(where, " AND ")+fmt.Sprintf(` ORDER BY s.worst DESC, s.source, s.no LIMIT $%d`, len(args)), args...)
}

var likely = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

func counts(ctx context.Context, q database.Querier) (c Counts, err error) {
	err = q.QueryRowContext(ctx, `SELECT
		(SELECT COUNT(*) FROM capacity_series s JOIN capacity_host h ON h.source = s.source WHERE h.gone = 0),
		(SELECT COUNT(DISTINCT e.source || '/' || CAST(e.no AS TEXT)) FROM capacity_exceed e JOIN capacity_host h ON h.source = e.source WHERE h.gone = 0),
		(SELECT COUNT(*) FROM capacity_series s JOIN capacity_host h ON h.source = s.source WHERE h.gone = 0 AND s.trend IN ('rising', 'full') AND s.mid >= 0 AND s.mid <= 90),
		(SELECT COUNT(*) FROM capacity_host WHERE gone = 0)`).Scan(&c.All, &c.Over, &c.Soon, &c.Hosts)
	return c, err
}

type part struct {
	start int
	body  []byte
}

func dayChunks(ctx context.Context, q database.Querier, source string) ([]part, error) {
	return all(ctx, q, func(scan func(...any) error) (p part, err error) {
		err = scan(&p.start, &p.body)
		return p, err
	}, `SELECT start, body FROM capacity_chunk WHERE source = $1 AND tier = 'day'`, source)
}
