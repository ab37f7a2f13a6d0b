package firewall

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/operations/firewall/analysis"
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

const setColumns = `id, no, kind, name, digest, parent, first_at, changed_at, gone_at`

func scanSet(scan func(...any) error) (s Set, err error) {
	var first, changed, gone int64
	err = scan(&s.ID, &s.No, &s.Kind, &s.Name, &s.Digest, &s.Parent, &first, &changed, &gone)
	s.Ref, s.First, s.Changed, s.Gone = fmt.Sprintf("FW-%d", s.No), moment(first), moment(changed), moment(gone)
	return s, err
}

// readSets gives rule sets, by number.
func readSets(ctx context.Context, q database.Querier) ([]Set, error) {
	return all(ctx, q, scanSet, `SELECT `+setColumns+` FROM firewall_set ORDER BY no`)
}

func putSet(ctx context.Context, q database.Querier, s Set) error {
	_, err := q.ExecContext(ctx, `INSERT INTO firewall_set (`+setColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, digest = excluded.digest, changed_at = excluded.changed_at, gone_at = excluded.gone_at`,
		s.ID, s.No, s.Kind, s.Name, s.Digest, s.Parent, micros(s.First), micros(s.Changed), micros(s.Gone))
	return err
}

// readBody gives the rules of a digest with what is said of them; nil for none.
func readBody(ctx context.Context, q database.Querier, digest string) (*body, error) {
	var raw, report []byte
	err := q.QueryRowContext(ctx, `SELECT body, report FROM firewall_body WHERE digest = $1`, digest).Scan(&raw, &report)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := &body{report: &analysis.Report{}}
	if err := json.Unmarshal(raw, &b.Set); err != nil {
		return nil, fmt.Errorf("rules %s: %w", digest, err)
	}
	if err := json.Unmarshal(report, b.report); err != nil {
		return nil, fmt.Errorf("analysis of rules %s: %w", digest, err)
	}
	if len(b.report.Rules) != len(b.Rules) || len(b.report.Opens) != len(b.Rules) {
		return nil, fmt.Errorf("analysis of rules %s: it is about %d rules, there are %d", digest, len(b.report.Rules), len(b.Rules))
	}
	return b, nil
}

func putBody(ctx context.Context, q database.Querier, digest string, rules int, raw, report []byte) error {
	_, err := q.ExecContext(ctx, `INSERT INTO firewall_body (digest, rules, body, report) VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING`, digest, rules, raw, report)
	return err
}

const memberColumns = `source, kind, host_id, name, section, digest, set_id, since, boot, heard_at, silent, why, counting`

func scanMember(scan func(...any) error) (m Member, err error) {
	var since, boot, heard, silent int64
	var counting string
	if err = scan(&m.Source, &m.Kind, &m.HostID, &m.Name, &m.section, &m.digest, &m.Set, &since, &boot, &heard, &silent, &m.Why, &counting); err != nil {
		return m, err
	}
	m.Since, m.Boot, m.Heard, m.Silent = moment(since), moment(boot), moment(heard), silent == 1
	if counting != "" {
		if err := json.Unmarshal([]byte(counting), &m.counting); err != nil {
			return m, fmt.Errorf("counters of %s: %w", m.Source, err)
		}
	}
	return m, nil
}

// readMembers gives who has which rule set, by name.
func readMembers(ctx context.Context, q database.Querier) ([]Member, error) {
	return all(ctx, q, scanMember, `SELECT `+memberColumns+` FROM firewall_member ORDER BY name, source`)
}

func putMember(ctx context.Context, q database.Querier, m Member) error {
	raw, err := json.Marshal(m.counting)
	if err != nil {
		return err
	}
	silent := 0
	if m.Silent {
		silent = 1
	}
	_, err = q.ExecContext(ctx, `INSERT INTO firewall_member (`+memberColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (source) DO UPDATE SET host_id = excluded.host_id, name = excluded.name, section = excluded.section, digest = excluded.digest, set_id = excluded.set_id, since = excluded.since,
		boot = excluded.boot, heard_at = excluded.heard_at, silent = excluded.silent, why = excluded.why, counting = excluded.counting`,
		m.Source, m.Kind, m.HostID, m.Name, m.section, m.digest, m.Set, micros(m.Since), micros(m.Boot), micros(m.Heard), silent, m.Why, string(raw))
	return err
}

func dropMember(ctx context.Context, q database.Querier, source string) error {
	_, err := q.ExecContext(ctx, `DELETE FROM firewall_member WHERE source = $1`, source)
	return err
}

// Event is a rule that came to a rule set, or went.
type Event struct {
	Set   string    `json:"-"`
	At    time.Time `json:"at"`
	Kind  string    `json:"kind" enum:"added,gone"`
	Chain string    `json:"chain"`
	Rule  string    `json:"rule"`
}

func addEvent(ctx context.Context, q database.Querier, e Event) error {
	_, err := q.ExecContext(ctx, `INSERT INTO firewall_event (set_id, at, kind, chain, rule) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (set_id, at, kind, chain, rule) DO NOTHING`, e.Set, micros(e.At), e.Kind, e.Chain, e.Rule)
	return err
}

// eventsOf gives what came and went in a rule set, newest first.
func eventsOf(ctx context.Context, q database.Querier, set string, limit int) ([]Event, error) {
	return all(ctx, q, func(scan func(...any) error) (e Event, err error) {
		var at int64
		err = scan(&e.Set, &at, &e.Kind, &e.Chain, &e.Rule)
		e.At = moment(at)
		return e, err
	}, `SELECT set_id, at, kind, chain, rule FROM firewall_event WHERE set_id = $1 ORDER BY at DESC, kind, chain, rule LIMIT $2`, set, limit)
}
