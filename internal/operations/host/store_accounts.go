package host

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/database"
)

// accountVersion is a host with the section of it that holds accounts.
type accountVersion struct {
	host, population, source, name string
	confirmed                      time.Time
	v                              version
}

// accountVersions gives them for every host of each population, by id; the
// version has no digest where none was received.
func accountVersions(ctx context.Context, q database.Querier) ([]accountVersion, error) {
	rows, err := q.QueryContext(ctx, `SELECT h.id, h.population, h.source, h.name, h.confirmed_at, COALESCE(v.section, ''), COALESCE(v.valid_from, 0), COALESCE(v.run_no, 0),
			COALESCE(v.digest, ''), COALESCE(v.registry, 0), COALESCE(v.last_observed, 0), COALESCE(v.received_at, 0)
		FROM host h LEFT JOIN host_section v ON v.host_id = h.id AND v.section = CASE WHEN h.population = '`+Databases+`' THEN $1 ELSE $2 END
			AND v.valid_from = (SELECT MAX(p.valid_from) FROM host_section p WHERE p.host_id = h.id AND p.section = v.section)
			AND v.run_no = (SELECT MAX(p.run_no) FROM host_section p WHERE p.host_id = h.id AND p.section = v.section AND p.valid_from = v.valid_from)
		WHERE h.retired_at = 0 AND h.excluded_at = 0 ORDER BY h.id`, accountSections[Databases], accountSections[Population])
	if err != nil {
		return nil, fmt.Errorf("read where accounts stand: %w", err)
	}
	defer rows.Close()
	var all []accountVersion
	for rows.Next() {
		var a accountVersion
		var confirmed, from, last, received int64
		if err := rows.Scan(&a.host, &a.population, &a.source, &a.name, &confirmed, &a.v.section, &from, &a.v.runNo, &a.v.digest, &a.v.registry, &last, &received); err != nil {
			return nil, fmt.Errorf("read where accounts stand: %w", err)
		}
		a.confirmed, a.v.from, a.v.lastObserved, a.v.received = moment(confirmed), moment(from), moment(last), moment(received)
		all = append(all, a)
	}
	return all, rows.Err()
}
