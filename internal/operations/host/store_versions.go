package host

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/facts"
)

// Version is a section of a host as it was from a moment until the next of the
// host's versions.
type Version struct {
	Host    string // "hst_…"
	Name    string
	Retired time.Time // zero: in the population
	From    time.Time
	Until   time.Time // when it was last seen to be so
	Section *facts.Decoded
}

// Versions gives every version of a section that was in force up to a moment, as
// known by a size of the ledger (-1: now), by host and time.
func (s *Service) Versions(ctx context.Context, section string, upTo time.Time, known int64) ([]Version, error) {
	q := s.cfg.DB.Reader()
	rows, err := q.QueryContext(ctx, `SELECT `+versionColumns+`, v.host_id, h.name, h.retired_at FROM host_section v JOIN host h ON h.id = v.host_id
		WHERE v.section = $1 AND v.valid_from <= $2 AND ($3 < 0 OR EXISTS (SELECT 1 FROM run r JOIN ledger_entry e ON e.id = r.entry_id WHERE r.no = v.run_no AND e.idx < $3))
		ORDER BY h.name, v.host_id, v.valid_from, v.run_no`, section, micros(upTo), known)
	if err != nil {
		return nil, fmt.Errorf("read versions of section %s: %w", section, err)
	}
	defer rows.Close()
	var all []Version
	var stored []version
	for rows.Next() {
		var x Version
		var retired int64
		v, err := scanVersion(rows.Scan, &x.Host, &x.Name, &retired)
		if err != nil {
			return nil, fmt.Errorf("read versions of section %s: %w", section, err)
		}
		x.Retired, x.From, x.Until = moment(retired), v.from, v.lastObserved
		if n := len(all); n > 0 && all[n-1].Host == x.Host && all[n-1].From.Equal(x.From) {
			all[n-1], stored[n-1] = x, v // of those that began together the last one holds
			continue
		}
		all, stored = append(all, x), append(stored, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read versions of section %s: %w", section, err)
	}
	for i := range all {
		if all[i].Section, err = s.decoded(ctx, q, section, stored[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}
