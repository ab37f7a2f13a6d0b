package finding

import (
	"fmt"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// A finding stands in the list with the state that its timeline had at the
// moment, by what the ledger held when it was known.
func TestListAt(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		number := func() int64 {
			if err := f.log.Publish(f.ctx); err != nil {
				t.Fatal(err)
			}
			st, err := f.log.Status(f.ctx)
			if err != nil {
				t.Fatal(err)
			}
			return st.Size
		}
		for i := range 12 {
			f.apply(t, fmt.Sprintf("web-%02d", i), "high-sshd", outcome.Fail)
		}
		opened, then := f.clock.Now(), number()
		f.clock.Advance(time.Hour)
		f.apply(t, "web-00", "high-sshd", outcome.Pass)
		f.apply(t, "web-01", "high-sshd", outcome.Error)
		later, size := f.clock.Now(), number()
		for _, tc := range []struct {
			at                  outcome.At
			open, stale, closed int64
		}{
			{outcome.At{Valid: opened.Add(-time.Second), Known: -1}, 0, 0, 0},
			{outcome.At{Valid: opened, Known: -1}, 12, 0, 0},
			{outcome.At{Valid: later, Known: -1}, 10, 1, 1},
			{outcome.At{Valid: later, Known: then}, 12, 0, 0},
			{outcome.At{Valid: later, Known: size}, 10, 1, 1},
			{outcome.At{Valid: later, Known: 0}, 0, 0, 0},
		} {
			seen := map[int64]bool{}
			for cursor := ""; ; {
				p, err := f.ListAt(f.ctx, tc.at, Filter{States: []State{Open}}, cursor, 5)
				if err != nil {
					t.Fatal(err)
				}
				if p.States[Open] != tc.open || p.States[Stale] != tc.stale || p.States[Closed] != tc.closed {
					t.Errorf("at %v: %v", tc.at, p.States)
				}
				for _, x := range p.Findings {
					if seen[x.Number] || x.State != Open {
						t.Errorf("at %v: %s is %s, or comes twice", tc.at, x.Ref(), x.State)
					}
					seen[x.Number] = true
				}
				if cursor = p.Next; cursor == "" {
					break
				}
			}
			if int64(len(seen)) != tc.open {
				t.Errorf("at %v: %d open ones, want %d", tc.at, len(seen), tc.open)
			}
		}
		p, err := f.ListAt(f.ctx, outcome.At{Valid: later, Known: -1}, Filter{Item: "hst_web-00"}, "", 5)
		if err != nil || len(p.Findings) != 1 || p.Findings[0].State != Closed || !p.Findings[0].ChangedAt.Equal(later) {
			t.Errorf("of one item: %+v, %v", p, err)
		}
		if _, err := f.ListAt(f.ctx, outcome.At{Valid: later, Known: -1}, Filter{}, "x", 5); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a foreign cursor: %v", err)
		}
	})
}
