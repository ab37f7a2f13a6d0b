package outcome

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

// day is a UTC day in microseconds.
const day = int64(24 * time.Hour / time.Microsecond)

const lateUpsert = `INSERT INTO late_change (source, day, times) VALUES ($1, $2, 1)
	ON CONFLICT (source, day) DO UPDATE SET times = late_change.times + 1`

// late notes that what is written now, in the same transaction, changes what
// is known of the time from a moment on, if that lies more than lateBy back.
// Whatever was derived of the past looks here for from where on to do it again.
func late(ctx context.Context, q database.Querier, source string, from, now time.Time) error {
	if now.Sub(from) <= lateBy {
		return nil
	}
	us := clock.Micros(from)
	if _, err := q.ExecContext(ctx, lateUpsert, source, us-((us%day)+day)%day); err != nil {
		return fmt.Errorf("note what became known late of %s: %w", source, err)
	}
	return nil
}
