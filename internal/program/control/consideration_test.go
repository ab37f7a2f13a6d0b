package control_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/control"
)

// uncovered gives a point of focus that no control in use addresses, and one
// that is.
func uncovered(t *testing.T, f *fixture) (open, addressed catalog.Point) {
	t.Helper()
	p, err := f.Program(f.ctx, admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range catalog.All() {
		for _, pt := range catalog.Points(c.ID) {
			covered := false
			for _, k := range p.Controls {
				covered = covered || k.Current().Design.Covers(c.ID, pt.Number)
			}
			if covered {
				addressed = pt
			} else if open.Criterion == "" {
				open = pt
			}
		}
	}
	if open.Criterion == "" || addressed.Criterion == "" {
		t.Fatal("the starter profile addresses every point, or none")
	}
	return open, addressed
}

const because = "The system holds no paper and no removable media."

func TestConsideration(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		pt, addressed := uncovered(t, f)
		state := func(at time.Time) control.PointState {
			t.Helper()
			m, err := f.Considered(f.ctx, admin, pt.Criterion, at, -1)
			if err != nil {
				t.Fatal(err)
			}
			return m[pt.Number].State
		}
		if got := state(f.clock.Now()); got != "" {
			t.Errorf("before anybody said anything: %q", got)
		}
		if err := f.Reopen(f.ctx, admin, pt.Criterion, pt.Number, because); !fault.Is(err, fault.Conflict) {
			t.Errorf("taking back what nobody said: %v", err)
		}
		f.clock.Advance(time.Hour)
		first := f.clock.Now()
		if err := f.SetNotRelevant(f.ctx, admin, pt.Criterion, pt.Number, "  "+because+"\n"); err != nil {
			t.Fatal(err)
		}
		if err := f.SetNotRelevant(f.ctx, admin, pt.Criterion, pt.Number, because); !fault.Is(err, fault.Conflict) {
			t.Errorf("saying it twice: %v", err)
		}
		if err := f.SetNotRelevant(f.ctx, admin, addressed.Criterion, addressed.Number, because); !fault.Is(err, fault.Conflict) {
			t.Errorf("a point that a control addresses: %v", err)
		}
		m, err := f.Considered(f.ctx, admin, pt.Criterion, f.clock.Now(), -1)
		if c := m[pt.Number]; err != nil || c.Reason != because || c.Made.By != admin.UserID || !c.Made.At.Equal(first) {
			t.Errorf("kept %+v, %v", c, err)
		}
		if m, err := f.Considered(f.ctx, admin, pt.Criterion, f.clock.Now(), 0); err != nil || len(m) != 0 {
			t.Errorf("as known by an empty ledger: %v, %v", m, err)
		}
		f.clock.Advance(time.Hour)
		if err := f.Reopen(f.ctx, admin, pt.Criterion, pt.Number, "Backup tapes came into use."); err != nil {
			t.Fatal(err)
		}
		if then, now := state(first), state(f.clock.Now()); then != control.NotRelevant || now != control.Open {
			t.Errorf("then %q, now %q", then, now)
		}
		records := f.records(t, "point.considered")
		if len(records) != 2 {
			t.Fatalf("%d entries of the ledger, want 2", len(records))
		}
		for _, rec := range records {
			if strings.Contains(string(rec.Raw), "paper") || strings.Contains(string(rec.Raw), "tapes") {
				t.Error("what a person wrote stands in the ledger itself; it could never be erased")
			}
			if err := control.Bound(f.ctx, db.Reader(), rec); err != nil {
				t.Errorf("untouched: %v", err)
			}
		}
		for name, sabotage := range map[string]string{
			"a reason": `UPDATE point_consideration SET reason = 'Nobody asked for it.' WHERE seq = 1`,
			"a state":  `UPDATE point_consideration SET state = 'not_relevant' WHERE seq = 2`,
			"a point":  `UPDATE point_consideration SET number = 99 WHERE seq = 2`,
			"a row":    `DELETE FROM point_consideration WHERE seq = 1`,
		} {
			err := db.Tx(f.ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(f.ctx, sabotage); err != nil {
					return err
				}
				for _, rec := range records {
					if err := control.Bound(f.ctx, tx, rec); err != nil {
						return err
					}
				}
				return errors.New("nothing was noticed")
			})
			if !fault.Is(err, fault.Refused) {
				t.Errorf("changing %s: %v", name, err)
			}
		}
	})
}

func TestConsiderationMistakes(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	pt, _ := uncovered(t, f)
	for _, tc := range []struct {
		name   string
		who    access.Principal
		number int
		reason string
		kind   fault.Kind
	}{
		{"a viewer", access.Principal{UserID: "usr_9", Role: access.Viewer}, pt.Number, because, fault.Forbidden},
		{"nobody", access.Principal{}, pt.Number, because, fault.Unauthenticated},
		{"an unknown point", admin, 99, because, fault.NotFound},
		{"no reason", admin, pt.Number, " \n ", fault.Invalid},
		{"a word", admin, pt.Number, "no", fault.Invalid},
		{"a book", admin, pt.Number, strings.Repeat("long ", 500), fault.Invalid},
		{"bytes", admin, pt.Number, "because of \xff\xfe bytes", fault.Invalid},
	} {
		if err := f.SetNotRelevant(f.ctx, tc.who, pt.Criterion, tc.number, tc.reason); !fault.Is(err, tc.kind) {
			t.Errorf("%s: %v, want kind %v", tc.name, err, tc.kind)
		}
	}
	if n := len(f.records(t, "point.considered")); n != 0 {
		t.Errorf("refused acts left %d entries", n)
	}
}
