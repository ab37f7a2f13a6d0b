package control_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/control"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

type fixture struct {
	*control.Service
	db    *database.DB
	log   *ledger.Log
	clock *clock.Manual
	ctx   context.Context
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{db: db, clock: clock.NewManual(start), ctx: context.Background()}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.log.Close() })
	f.Service = control.New(control.Config{DB: db, Ledger: f.log, Clock: f.clock.Now, Library: shipped(t)})
	if err := f.Start(f.ctx); err != nil {
		t.Fatal(err)
	}
	return f
}

var admin = access.Principal{UserID: "usr_1", Role: access.Administrator}

func (f *fixture) get(t *testing.T, slug string) control.Control {
	t.Helper()
	c, err := f.Get(f.ctx, admin, slug)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fixture) records(t *testing.T, kind string) []ledger.Record {
	t.Helper()
	records, err := f.log.Records(f.ctx, ledger.Filter{Type: kind, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestFirstStart(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		p, err := f.Program(f.ctx, admin)
		if err != nil {
			t.Fatal(err)
		}
		starter := 0
		for _, d := range f.Library().Designs {
			if d.Starter {
				starter++
			}
		}
		if len(p.Controls) != starter || starter == 0 {
			t.Errorf("%d controls were adopted; the starter profile has %d", len(p.Controls), starter)
		}
		for i, c := range p.Controls {
			if v := c.Current(); v.State != control.Draft || v.Made.By != "system" || c.Number != i+1 || v.Library != f.Library().Name() {
				t.Errorf("C-%d %s: %+v", c.Number, c.Slug, v)
			}
		}
		if len(p.Scopes) != 1 || !slices.Equal(p.Scopes[0].Categories, []catalog.Category{catalog.Security}) {
			t.Errorf("scopes %+v", p.Scopes)
		}
		if n := len(f.records(t, "control.adopted")); n != starter {
			t.Errorf("%d ledger entries say that controls were adopted, want %d", n, starter)
		}
		if n := len(f.records(t, "scope.set")) + len(f.records(t, "system.created")); n != 2 {
			t.Errorf("%d ledger entries about system and scope, want 2", n)
		}
		f.clock.Advance(time.Hour)
		if err := f.Start(f.ctx); err != nil {
			t.Fatal(err)
		}
		if n := len(f.records(t, "control.")); n != starter {
			t.Errorf("a second start adopted again: %d entries", n)
		}
	})
}

func TestLifeOfAControl(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		const slug = "access-reviewed"
		step := func() { f.clock.Advance(24 * time.Hour) }

		step()
		if err := f.Approve(f.ctx, admin, slug); err != nil {
			t.Fatal(err)
		}
		if err := f.Approve(f.ctx, admin, slug); !fault.Is(err, fault.Conflict) {
			t.Errorf("approving twice: %v", err)
		}
		step()
		owner, monthly := "usr_2", "monthly"
		if err := f.Tailor(f.ctx, admin, slug, control.Tailoring{Owner: &owner, Frequency: &monthly, Reason: "we grow fast"}); err != nil {
			t.Fatal(err)
		}
		if err := f.Tailor(f.ctx, admin, slug, control.Tailoring{Owner: &owner, Reason: "again"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("tailoring that changes nothing: %v", err)
		}
		step()
		if err := f.Retire(f.ctx, admin, slug, "x"); !fault.Is(err, fault.Invalid) {
			t.Errorf("retiring without a reason: %v", err)
		}
		if err := f.Retire(f.ctx, admin, slug, "replaced by another"); err != nil {
			t.Fatal(err)
		}
		if err := f.Tailor(f.ctx, admin, slug, control.Tailoring{Owner: &monthly, Reason: "too late"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("tailoring a retired control: %v", err)
		}
		step()
		if err := f.Adopt(f.ctx, admin, slug); err != nil {
			t.Fatal(err)
		}
		if err := f.Adopt(f.ctx, admin, slug); !fault.Is(err, fault.Conflict) {
			t.Errorf("adopting what is in use: %v", err)
		}

		c := f.get(t, slug)
		var got []string
		for _, v := range c.History {
			got = append(got, fmt.Sprintf("%d %s v%d %s", v.Seq, v.State, v.Version, v.Design.Frequency))
		}
		want := []string{"1 draft v1 quarterly", "2 adopted v1 quarterly", "3 adopted v2 monthly", "4 retired v2 monthly", "5 adopted v3 quarterly"}
		if !slices.Equal(got, want) {
			t.Errorf("history\n got %q\nwant %q", got, want)
		}
		for day, want := range []string{"draft", "adopted", "adopted", "", "adopted"} {
			v, inUse := c.At(start.AddDate(0, 0, day).Add(time.Hour), -1)
			if inUse != (want != "") || (inUse && string(v.State) != want) {
				t.Errorf("day %d: %s, in use %v; want %q", day, v.State, inUse, want)
			}
		}
		if _, inUse := c.At(start.Add(-time.Second), -1); inUse {
			t.Error("in use before it was adopted")
		}
		if _, inUse := c.At(start.AddDate(0, 0, 9), 1<<40); inUse {
			t.Error("entries that have no index yet were known at a ledger size")
		}
	})
}

func TestAdoptOneMore(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		before, err := f.Program(f.ctx, admin)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Adopt(f.ctx, admin, "keys-managed"); err != nil {
			t.Fatal(err)
		}
		if c := f.get(t, "keys-managed"); c.Number != len(before.Controls)+1 || c.Current().State != control.Adopted || c.Current().Made.By != "usr_1" {
			t.Errorf("adopted: %+v", c)
		}
		if err := f.Adopt(f.ctx, admin, "no-such"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a control that the library lacks: %v", err)
		}
		n, err := f.ApproveAll(f.ctx, admin)
		if err != nil || n != len(before.Controls) {
			t.Errorf("approved %d, %v; want the %d drafts", n, err, len(before.Controls))
		}
		if n, err = f.ApproveAll(f.ctx, admin); n != 0 || err != nil {
			t.Errorf("approving all again: %d, %v", n, err)
		}
	})
}

func TestWhoMay(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	acts := map[string]func(p access.Principal) error{
		"adopt":   func(p access.Principal) error { return f.Adopt(f.ctx, p, "keys-managed") },
		"approve": func(p access.Principal) error { return f.Approve(f.ctx, p, "access-reviewed") },
		"approve all": func(p access.Principal) error {
			_, err := f.ApproveAll(f.ctx, p)
			return err
		},
		"tailor": func(p access.Principal) error { return f.Tailor(f.ctx, p, "access-reviewed", control.Tailoring{}) },
		"retire": func(p access.Principal) error { return f.Retire(f.ctx, p, "access-reviewed", "reason") },
	}
	for name, act := range acts {
		if err := act(access.Principal{UserID: "usr_9", Role: access.Viewer}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s by a viewer: %v", name, err)
		}
		if err := act(access.Principal{}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s by nobody: %v", name, err)
		}
	}
	if _, err := f.Program(f.ctx, access.Principal{UserID: "usr_9", Role: access.Training}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("reading in the role training: %v", err)
	}
	if n := len(f.records(t, "control.")); n != len(f.records(t, "control.adopted")) {
		t.Error("a refused act left an entry in the ledger")
	}
}

func TestTailoringMistakes(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	empty, odd, daily, trigger := "", "now and then", "daily", "a leaver"
	weight := control.Weight("heavy")
	for _, tc := range []struct {
		name, field string
		t           control.Tailoring
	}{
		{"no reason", "reason", control.Tailoring{Owner: &odd}},
		{"empty title", "title", control.Tailoring{Title: &empty, Reason: "because"}},
		{"unknown frequency", "frequency", control.Tailoring{Frequency: &odd, Reason: "because"}},
		{"both", "trigger", control.Tailoring{Frequency: &daily, Trigger: &trigger, Reason: "because"}},
		{"empty trigger", "trigger", control.Tailoring{Trigger: &empty, Reason: "because"}},
		{"unknown weight", "weight", control.Tailoring{Weight: &weight, Reason: "because"}},
	} {
		err := f.Tailor(f.ctx, admin, "access-reviewed", tc.t)
		e, ok := err.(*fault.Error)
		if !ok || e.Kind != fault.Invalid || e.Field != tc.field {
			t.Errorf("%s: %v, want an invalid %s", tc.name, err, tc.field)
		}
	}
}

// An entry of the ledger holds its row: what was changed behind the product's
// back is refused.
func TestBinding(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		if err := f.Approve(f.ctx, admin, "access-reviewed"); err != nil {
			t.Fatal(err)
		}
		verify := func(q database.Querier) error {
			for _, rec := range f.records(t, "control.") {
				if err := control.Bound(f.ctx, q, rec); err != nil {
					return err
				}
			}
			return nil
		}
		if err := verify(db.Reader()); err != nil {
			t.Fatalf("untouched: %v", err)
		}
		for name, sabotage := range map[string]string{
			"a statement": `UPDATE control_version SET design = '{"statement":"nothing"}' WHERE seq = 2`,
			"a digest":    `UPDATE control_version SET digest = 'x' WHERE seq = 2`,
			"a state":     `UPDATE control_version SET state = 'retired' WHERE seq = 2`,
			"a row":       `DELETE FROM control_version WHERE seq = 2`,
		} {
			err := f.db.Tx(f.ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(f.ctx, sabotage); err != nil {
					return err
				}
				if err := verify(tx); err != nil {
					return err
				}
				return fmt.Errorf("nothing was noticed")
			})
			if !fault.Is(err, fault.Refused) {
				t.Errorf("changing %s: %v", name, err)
			}
		}
		if err := verify(db.Reader()); err != nil {
			t.Errorf("after rolling back: %v", err)
		}
	})
}
