package host

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Changed is a section of a host that became another.
type Changed struct {
	Host    string // "hst_…"
	Name    string
	Section string
	Before  time.Time // when it was last seen as it had been
	At      time.Time // when it was seen changed
	Run     string    // "run_…"
}

// Changed gives the sections, among those named, that were seen changed in
// [from, to), as known by a size of the ledger, by host and time. What was seen for
// the first time changed from nothing that is known, and is not in it.
func (s *Service) Changed(ctx context.Context, from, to time.Time, known int64, sections []string) ([]Changed, error) {
	marks, args := make([]string, len(sections)), []any{micros(from), micros(to), known}
	for i, name := range sections {
		args = append(args, name)
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	rows, err := s.cfg.DB.Reader().QueryContext(ctx, `SELECT v.host_id, h.name, v.section, v.valid_from, r.id,
			COALESCE((SELECT MAX(o.last_observed) FROM host_section o WHERE o.host_id = v.host_id AND o.section = v.section AND o.valid_from < v.valid_from), -1)
		FROM host_section v JOIN run r ON r.no = v.run_no JOIN ledger_entry e ON e.id = r.entry_id JOIN host h ON h.id = v.host_id
		WHERE v.valid_from >= $1 AND v.valid_from < $2 AND e.idx < $3 AND v.section IN (`+strings.Join(marks, ", ")+`) ORDER BY h.name, v.host_id, v.valid_from, v.section`, args...)
	if err != nil {
		return nil, fmt.Errorf("read what changed on hosts: %w", err)
	}
	defer rows.Close()
	var all []Changed
	for rows.Next() {
		var c Changed
		var at, before int64
		if err := rows.Scan(&c.Host, &c.Name, &c.Section, &at, &c.Run, &before); err != nil {
			return nil, fmt.Errorf("read what changed on hosts: %w", err)
		}
		if before < 0 {
			continue
		}
		if c.At, c.Before = moment(at), moment(before); c.Before.After(c.At) {
			c.Before = c.At
		}
		all = append(all, c)
	}
	return all, rows.Err()
}
