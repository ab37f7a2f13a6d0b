package scope_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/scope"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

type fixture struct {
	*scope.Service
	t      *testing.T
	ctx    context.Context
	db     *database.DB
	log    *ledger.Log
	clock  *clock.Manual
	access *access.Service
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), db: db, clock: clock.NewManual(start)}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.access, err = access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	f.Service = scope.New(scope.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(db.Tx(f.ctx, func(tx *sql.Tx) error {
		_, err := scope.Begin(f.ctx, tx, f.log, start)
		return err
	}))
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) user(login string, role access.Role) access.Principal {
	f.t.Helper()
	u, err := f.access.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
	f.must(err)
	return access.Principal{UserID: u.ID, Role: role}
}

func (f *fixture) propose(p access.Principal, c scope.Content, from string) scope.Version {
	f.t.Helper()
	v, err := f.Propose(f.ctx, p, scope.Proposal{Content: c, Reason: "as agreed with the board", From: from})
	f.must(err)
	return v
}

// number lets the sequencer give positions, and gives the ledger's size.
func (f *fixture) number() int64 {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.ctx)
	done := make(chan error, 1)
	go func() { done <- f.log.Run(ctx) }()
	for {
		f.log.Wake()
		st, err := f.log.Status(f.ctx)
		f.must(err)
		if st.Waiting == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	f.must(<-done)
	head, err := f.log.Head(f.ctx)
	f.must(err)
	return head.Size
}

// A version holds once another person approved it, from its day on; until then
// the one before answers, and what was known then stays.
func TestLifeOfAScope(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		ann, bob := f.user("ann", access.ComplianceManager), f.user("bob", access.Administrator)
		if _, ok, err := f.Window(f.ctx); ok || err != nil {
			t.Errorf("a window before anybody set one: %v %v", ok, err)
		}
		v := f.propose(ann, payroll(), "2026-03-01")
		if v.Version != 2 || v.Approved() {
			t.Errorf("proposed %+v", v)
		}
		if now, err := f.Now(f.ctx); err != nil || now.Version != 1 {
			t.Errorf("a proposal holds before it is approved: version %d, %v", now.Version, err)
		}
		before := f.number()
		f.clock.Advance(48 * time.Hour)
		if err := f.Approve(f.ctx, ann, 2, "I looked at it again on Monday."); !fault.Is(err, fault.Forbidden) {
			t.Errorf("the author approves while another person could: %v", err)
		}
		f.must(f.Approve(f.ctx, bob, 2, ""))
		if err := f.Approve(f.ctx, bob, 2, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("approved twice: %v", err)
		}
		size := f.number()
		history, err := f.History(f.ctx, ann)
		f.must(err)
		day := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		for _, tc := range []struct {
			name  string
			valid time.Time
			known int64
			want  int
		}{
			{"the day after it was written, as known now", day, -1, 2},
			{"the same day, as known before the approval", day, before, 1},
			{"the same day, as known with the approval", day, size, 2},
			{"before it took effect", time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC), -1, 1},
			{"long before", time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), -1, 1},
		} {
			if got := scope.At(history, tc.valid, tc.known); got.Version != tc.want {
				t.Errorf("%s: version %d, want %d", tc.name, got.Version, tc.want)
			}
		}
		if !history[1].Backdated() {
			t.Error("it holds from before its approval and does not say so")
		}
		w, ok, err := f.Window(f.ctx)
		if err != nil || !ok || w.Scope != 2 || w.Words(f.clock.Now()) != "Window 1 Jan to 31 Dec 2026, day 63 of 365" {
			t.Errorf("window %+v %v %v", w, ok, err)
		}
		// A change in mid-window, from a day to come.
		shorter := payroll()
		shorter.Examination.To = "2026-09-30"
		shorter.Boundary = shorter.Boundary[1:]
		f.propose(bob, shorter, "2026-06-01")
		f.must(f.Approve(f.ctx, ann, 3, ""))
		history, err = f.History(f.ctx, ann)
		f.must(err)
		if now := scope.At(history, f.clock.Now(), -1); now.Version != 2 {
			t.Errorf("what begins in June holds in March: version %d", now.Version)
		}
		june := time.Date(2026, 5, 31, 23, 0, 0, 0, time.UTC) // 1 June in Dublin
		if v := scope.At(history, june, -1); v.Version != 3 {
			t.Errorf("1 June 00:00 in Dublin: version %d", v.Version)
		}
		if v := scope.At(history, june.Add(-time.Microsecond), -1); v.Version != 2 {
			t.Errorf("the instant before: version %d", v.Version)
		}
		if d := scope.Diff(history[1].Content, history[2].Content); len(d) != 2 {
			t.Errorf("what differs: %v", d)
		}
	})
}

// A firm of one records what stands in for a second person.
func TestOnePersonFirm(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	ann := f.user("ann", access.Administrator)
	f.user("vic", access.Viewer) // may look, not approve
	f.propose(ann, payroll(), "")
	err := f.Approve(f.ctx, ann, 2, "")
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Kind != fault.Invalid || fe.Field != "compensation" {
		t.Fatalf("approved alone and silently: %v", err)
	}
	f.must(f.Approve(f.ctx, ann, 2, "Our adviser at Fenwick reads it each quarter."))
	history, err := f.History(f.ctx, ann)
	f.must(err)
	if a := history[1].Approval; a == nil || !strings.Contains(a.Compensation, "Fenwick") {
		t.Errorf("approval %+v", a)
	}
	records, err := f.log.Records(f.ctx, ledger.Filter{Type: "scope."})
	f.must(err)
	for _, rec := range records {
		if strings.Contains(string(rec.Raw), "Fenwick") || strings.Contains(string(rec.Raw), "board") {
			t.Error("what a person wrote stands in the ledger itself")
		}
	}
}

func TestRefusals(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	ann, bob := f.user("ann", access.Administrator), f.user("bob", access.Administrator)
	viewer := access.Principal{UserID: "usr_9", Role: access.Viewer}
	good := scope.Proposal{Content: payroll(), Reason: "because it is so"}
	for name, tc := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"a viewer writes":      {second(f.Propose(f.ctx, viewer, good)), fault.Forbidden},
		"nobody writes":        {second(f.Propose(f.ctx, access.Principal{}, good)), fault.Unauthenticated},
		"a viewer approves":    {f.Approve(f.ctx, viewer, 1, ""), fault.Forbidden},
		"the program approves": {f.Approve(f.ctx, access.System(), 1, ""), fault.Forbidden},
		"no such version":      {f.Approve(f.ctx, ann, 7, ""), fault.NotFound},
		"training reads":       {second(f.History(f.ctx, access.Principal{UserID: "usr_8", Role: access.Training})), fault.Forbidden},
		"no reason":            {second(f.Propose(f.ctx, ann, scope.Proposal{Content: payroll()})), fault.Invalid},
		"a day that is none":   {second(f.Propose(f.ctx, ann, scope.Proposal{Content: payroll(), Reason: "because", From: "soon"})), fault.Invalid},
		"a window upside down": {second(f.Propose(f.ctx, ann, scope.Proposal{Content: upsideDown(), Reason: "because"})), fault.Invalid},
		"nothing would change": {second(f.Propose(f.ctx, ann, scope.Proposal{Content: scope.Content{Scope: catalog.DefaultScope(), Zone: "UTC"}, Reason: "because"})), fault.Conflict},
	} {
		if !fault.Is(tc.err, tc.want) {
			t.Errorf("%s: %v, want %s", name, tc.err, tc.want)
		}
	}
	f.propose(ann, payroll(), "")
	other := payroll()
	other.Zone = "UTC"
	f.propose(bob, other, "")
	if err := f.Approve(f.ctx, bob, 2, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("a version that was overtaken: %v", err)
	}
	records, err := f.log.Records(f.ctx, ledger.Filter{Type: "scope."})
	f.must(err)
	if len(records) != 3 {
		t.Errorf("%d entries, want 3: refused acts leave none", len(records))
	}
}

func upsideDown() scope.Content {
	c := payroll()
	c.Examination.From, c.Examination.To = c.Examination.To, c.Examination.From
	return c
}

func second[T any](_ T, err error) error { return err }

// What was changed behind the product's back is refused.
func TestBinding(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		ann, bob := f.user("ann", access.Administrator), f.user("bob", access.Administrator)
		f.propose(ann, payroll(), "")
		f.must(f.Approve(f.ctx, bob, 2, ""))
		verify := func(q database.Querier) error {
			records, err := f.log.Records(f.ctx, ledger.Filter{Type: "scope."})
			f.must(err)
			for _, rec := range records {
				if err := scope.Bound(f.ctx, q, rec); err != nil {
					return err
				}
			}
			return nil
		}
		if err := verify(db.Reader()); err != nil {
			t.Fatalf("untouched: %v", err)
		}
		for name, sabotage := range map[string]string{
			"a content":       `UPDATE scope SET content = '{}' WHERE version = 2`,
			"a digest":        `UPDATE scope SET digest = 'x' WHERE version = 2`,
			"a reason":        `UPDATE scope SET reason = 'nobody asked' WHERE version = 2`,
			"a first reason":  `UPDATE scope SET reason = 'nobody asked' WHERE version = 1`,
			"an approval":     `DELETE FROM scope_approval`,
			"what was meant":  `UPDATE scope_approval SET digest = 'x'`,
			"a compensation":  `UPDATE scope_approval SET compensation = 'somebody else looked'`,
			"another version": `UPDATE scope_approval SET version = 1`,
		} {
			err := db.Tx(f.ctx, func(tx *sql.Tx) error {
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
	})
}
