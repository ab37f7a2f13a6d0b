package host

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/database"
)

func briefs(ctx context.Context, q database.Querier, ids []string) (map[string]Brief, error) {
	out := make(map[string]Brief, len(ids))
	for len(ids) > 0 {
		part := ids[:min(len(ids), 500)]
		ids = ids[len(part):]
		marks, args := make([]string, len(part)), make([]any, len(part))
		for i, id := range part {
			marks[i], args[i] = "$"+strconv.Itoa(i+1), id
		}
		rows, err := q.QueryContext(ctx, `SELECT id, name, silent_since, retired_at FROM host WHERE id IN (`+strings.Join(marks, ", ")+`)`, args...)
		if err != nil {
			return nil, fmt.Errorf("read hosts: %w", err)
		}
		for rows.Next() {
			var b Brief
			var since, retired int64
			if err := rows.Scan(&b.ID, &b.Name, &since, &retired); err != nil {
				rows.Close()
				return nil, fmt.Errorf("read hosts: %w", err)
			}
			b.SilentSince, b.Retired = moment(since), retired != 0
			out[b.ID] = b
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("read hosts: %w", err)
		}
	}
	return out, nil
}
