package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
)

type boat struct {
	Name  string    `json:"name"`
	State string    `json:"state"`
	Owner string    `json:"owner,omitempty"`
	Due   time.Time `json:"due,omitzero"`
}

func (b boat) Mark() journal.Mark {
	return journal.Mark{State: b.State, Owner: b.Owner, Topic: b.Name, Due: b.Due}
}

var boats = journal.Kind{Name: "boat", Prefix: "boa", Letter: "B", Noun: "boat", Steps: []string{"built", "sailed", "sunk"}}

type fixture struct {
	*journal.Journal[boat]
	t     *testing.T
	ctx   context.Context
	db    *database.DB
	log   *ledger.Log
	clock *clock.Manual
	ann   access.Principal
	dir   string
}

func begin(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	dir := t.TempDir()
	f.dir = filepath.Join(dir, "ledger")
	var err error
	f.log, err = ledger.Open(context.Background(), ledger.Config{DB: db, Dir: f.dir, KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.ann = access.Principal{UserID: "usr_ann", Role: access.ComplianceManager}
	f.Journal = journal.New[boat](journal.Config{DB: db, Ledger: f.log, Clock: f.clock.Now}, boats)
	return f
}

// publish numbers what was committed and gives the log's size.
func (f *fixture) publish() int64 {
	f.t.Helper()
	f.must(f.log.Publish(f.ctx))
	h, err := f.log.Head(f.ctx)
	f.must(err)
	return h.Size
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) refused(err error, kind fault.Kind, want string) {
	f.t.Helper()
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error(), want) {
		f.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

func (f *fixture) build(name string) *journal.Object[boat] {
	f.t.Helper()
	o, err := f.Create(f.ctx, f.ann, "built", "", boat{Name: name, State: "afloat"})
	f.must(err)
	return o
}

func (f *fixture) sail(ref string, base int64, note, state string) (*journal.Object[boat], error) {
	return f.Change(f.ctx, f.ann, ref, base, "sailed", note, func(_ *sql.Tx, o *journal.Object[boat]) error {
		o.Content.State = state
		return nil
	})
}

// The life of an object: numbered, changed, listed, and readable at each moment.
func TestLife(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		a, b := f.build("Ada"), f.build("Bob")
		if a.Ref != "B-1" || b.Ref != "B-2" || a.Creator != "usr_ann" {
			t.Errorf("got %s and %s by %s", a.Ref, b.Ref, a.Creator)
		}
		before, known := f.clock.Now(), f.publish()
		f.clock.Advance(time.Hour)
		_, err := f.sail("b-1", a.Seq, "to the island", "away")
		f.must(err)
		_, err = f.sail(a.ID, a.Seq, "", "away")
		f.refused(err, fault.Conflict, "somebody changed B-1 meanwhile")
		_, err = f.sail("B-9", 0, "", "away")
		f.refused(err, fault.NotFound, `no boat "B-9"`)
		_, err = f.Change(f.ctx, f.ann, "B-1", 0, "painted", "", func(*sql.Tx, *journal.Object[boat]) error { return nil })
		f.refused(err, fault.Internal, "painted is no step")
		_, err = f.sail("B-1", 0, "bell\x07", "away")
		f.refused(err, fault.Invalid, "control characters")
		_, err = f.sail("B-1", 0, strings.Repeat("x", journal.MaxNote+1), "away")
		f.refused(err, fault.Invalid, "at most")
		f.publish()
		got, err := f.Get(f.ctx, "B-1")
		f.must(err)
		if len(got.History) != 2 || got.History[0].Content.State != "afloat" || got.History[1].Note != "to the island" || got.History[1].Index < known || got.Content.State != "away" {
			t.Errorf("history is %+v", got.History)
		}
		for _, c := range []struct {
			name   string
			filter journal.Filter
			want   []string
			next   int64
		}{
			{"all", journal.Filter{}, []string{"B-2", "B-1"}, 0},
			{"state", journal.Filter{States: []string{"away", "sunk"}}, []string{"B-1"}, 0},
			{"topic", journal.Filter{Topic: "Bob"}, []string{"B-2"}, 0},
			{"page", journal.Filter{Limit: 1}, []string{"B-2"}, 2},
			{"next page", journal.Filter{Limit: 1, Below: 2}, []string{"B-1"}, 0},
		} {
			list, next, err := f.List(f.ctx, c.filter)
			f.must(err)
			var refs []string
			for _, o := range list {
				refs = append(refs, o.Ref)
			}
			if !slices.Equal(refs, c.want) || next != c.next {
				t.Errorf("%s: %v and %d, want %v and %d", c.name, refs, next, c.want, c.next)
			}
		}
		n, err := f.Count(f.ctx)
		f.must(err)
		if n["away"] != 1 || n["afloat"] != 1 {
			t.Errorf("counts are %v", n)
		}
		for _, c := range []struct {
			name  string
			valid time.Time
			known int64
			want  string
		}{{"then", before, -1, "afloat"}, {"now", f.clock.Now(), -1, "away"}, {"now as known then", f.clock.Now(), known, "afloat"}} {
			past, err := f.At(f.ctx, c.valid, c.known)
			f.must(err)
			if len(past) != 2 || past[0].Ref != "B-1" || past[0].Content.State != c.want {
				t.Errorf("%s: %+v", c.name, past)
			}
		}
	})
}

// Twenty at once: each gets a number of its own, and no step is lost.
func TestAtOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		one := f.build("Ada")
		var wg sync.WaitGroup
		var mu sync.Mutex
		var made, steps int
		for range 10 {
			wg.Add(2)
			go func() {
				defer wg.Done()
				for { // a conflict asks to repeat
					_, err := f.Create(f.ctx, f.ann, "built", "", boat{Name: "x", State: "afloat"})
					if fault.Is(err, fault.Conflict) {
						continue
					}
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
					}
					made++
					return
				}
			}()
			go func() {
				defer wg.Done()
				for {
					_, err := f.sail(one.Ref, 0, "", "away")
					if fault.Is(err, fault.Conflict) {
						continue
					}
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
					}
					steps++
					return
				}
			}()
		}
		wg.Wait()
		all, _, err := f.List(f.ctx, journal.Filter{})
		f.must(err)
		got, err := f.Get(f.ctx, one.Ref)
		f.must(err)
		if len(all) != made+1 || all[0].Number != int64(made+1) || len(got.History) != steps+1 {
			t.Errorf("%d objects up to %d with %d steps, want %d and %d", len(all), all[0].Number, len(got.History), made+1, steps+1)
		}
	})
}

// Whoever changes a row behind the ledger's back is found.
func TestBound(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		f.build("Ada")
		_, err := f.sail("B-1", 0, "to the island", "away")
		f.must(err)
		f.publish()
		verify := func() error {
			_, err := ledger.Verify(f.ctx, ledger.VerifyConfig{DB: db, Dir: f.dir, VerifierKey: f.log.VerifierKey(), Bindings: journal.Bindings[boat](boats)})
			return err
		}
		f.must(verify())
		for _, c := range []struct{ name, change, back string }{
			{"content", `UPDATE journal_step SET content = '{"name":"Eve","state":"away"}' WHERE seq = 2`, `UPDATE journal_step SET content = '{"name":"Ada","state":"away"}' WHERE seq = 2`},
			{"note", `UPDATE journal_step SET note = 'home' WHERE seq = 2`, `UPDATE journal_step SET note = 'to the island' WHERE seq = 2`},
			{"who", `UPDATE journal_step SET made_by = 'usr_eve' WHERE seq = 1`, `UPDATE journal_step SET made_by = 'usr_ann' WHERE seq = 1`},
			{"list", `UPDATE journal_object SET state = 'sunk'`, `UPDATE journal_object SET state = 'away'`},
			{"due", `UPDATE journal_object SET due_at = 5`, `UPDATE journal_object SET due_at = 0`},
			{"number", `UPDATE journal_object SET number = 7`, `UPDATE journal_object SET number = 1`},
		} {
			f.exec(c.change)
			if err := verify(); err == nil {
				t.Errorf("%s: nobody noticed", c.name)
			}
			f.exec(c.back)
		}
		f.must(verify())
		f.exec(`DELETE FROM journal_step WHERE seq = 2`)
		if err := verify(); err == nil {
			t.Error("a step that is gone was not noticed")
		}
	})
}

func (f *fixture) exec(statement string) {
	f.t.Helper()
	f.must(f.db.Tx(f.ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(f.ctx, statement)
		return err
	}))
}
