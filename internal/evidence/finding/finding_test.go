package finding

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

var day = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Every state under everything that can be observed.
func TestObserved(t *testing.T) {
	later := day.Add(40 * 24 * time.Hour)
	for _, tc := range []struct {
		was   State
		cause Cause
		is    outcome.Outcome
		at    time.Time
		want  Kind
		state State
		now   Cause
	}{
		{"", "", outcome.Fail, day, Opened, "", ""},
		{"", "", outcome.Pass, day, "", "", ""},
		{"", "", outcome.Error, day, "", "", ""},
		{Open, "", outcome.Fail, day, "", Open, ""},
		{Open, "", outcome.Pass, day, ClosedIt, Closed, ""},
		{Open, "", outcome.Error, day, WentStale, Stale, Unreadable},
		{Open, "", outcome.NotObserved, day, WentStale, Stale, Unreadable},
		{Open, "", outcome.NotApplicable, day, WentStale, Stale, NotThere},
		{Open, "", outcome.Waived, day, "", Open, ""},
		{Open, "", outcome.Gone, day, WentStale, Stale, Vanished},
		{Acknowledged, "", outcome.Pass, day, ClosedIt, Closed, ""},
		{Acknowledged, "", outcome.Error, day, WentStale, Stale, Unreadable},
		{Stale, Silent, outcome.Fail, day, Resumed, Open, ""},
		{Stale, Silent, outcome.Pass, day, ClosedIt, Closed, ""},
		{Stale, Silent, outcome.Error, day, WentStale, Stale, Unreadable},
		{Stale, Unreadable, outcome.NotObserved, day, "", Stale, Unreadable},
		{Stale, Vanished, outcome.Fail, day, Resumed, Open, ""},
		{Closed, "", outcome.Fail, day.Add(29 * 24 * time.Hour), Reopened, Open, ""},
		{Closed, "", outcome.Fail, day.Add(ReopenWithin), Reopened, Open, ""},
		{Closed, "", outcome.Fail, later, Opened, Closed, ""},
		{Closed, "", outcome.Error, day, "", Closed, ""},
		{Closed, "", outcome.Gone, day, "", Closed, ""},
	} {
		t.Run(fmt.Sprintf("%s %s then %s", tc.was, tc.cause, tc.is), func(t *testing.T) {
			var f *Finding
			if tc.was != "" {
				f = &Finding{State: tc.was, Cause: tc.cause, OpenedAt: day.Add(-time.Hour), Due: day.Add(time.Hour)}
				if tc.was == Closed {
					f.ClosedAt = day
				}
			}
			if got := observed(f, tc.is, "because", Vanished, tc.at); got != tc.want {
				t.Fatalf("%q happened, want %q", got, tc.want)
			}
			if f == nil {
				return
			}
			if f.State != tc.state || f.Cause != tc.now {
				t.Errorf("it is %s %s, want %s %s", f.State, f.Cause, tc.state, tc.now)
			}
			if !f.Due.Equal(day.Add(time.Hour)) {
				t.Error("the clock moved")
			}
			if f.State != Closed && tc.want != "" && f.Reason == "" {
				t.Error("no reason")
			}
		})
	}
}

func TestAcknowledgementOutlivesSilence(t *testing.T) {
	f := &Finding{State: Acknowledged, AcknowledgedAt: day}
	stale(f, Silent, "quiet")
	if resume(f, "heard"); f.State != Acknowledged {
		t.Errorf("it is %s", f.State)
	}
	f.State, f.ClosedAt = Closed, day
	if observed(f, outcome.Fail, "again", "", day.Add(time.Hour)); f.State != Open || !f.AcknowledgedAt.IsZero() {
		t.Errorf("reopened, it is %s, acknowledged at %v: somebody must take it on again", f.State, f.AcknowledgedAt)
	}
}

type fixture struct {
	*Service
	ctx   context.Context
	db    *database.DB
	log   *ledger.Log
	clock *clock.Manual
	runs  int
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	f := &fixture{ctx: context.Background(), db: db, clock: clock.NewManual(day)}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.log.Close() })
	f.Service = New(Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	return f
}

// apply reports outcomes of a host's checks: "check", outcome, …
func (f *fixture) apply(t *testing.T, host string, pairs ...any) []Event {
	t.Helper()
	f.runs++
	in := Input{Item: outcome.Item{ID: "hst_" + host, Population: "hosts", Source: "src_" + host, Name: host}, Run: fmt.Sprintf("run_%d", f.runs),
		Actor: "src_" + host, ValidAt: f.clock.Now(), Gone: CheckRemoved,
		About: func(check, _ string) About {
			severity, _, _ := strings.Cut(check, "-")
			return About{Title: "Title of " + check, Severity: severity}
		}}
	for i := 0; i < len(pairs); i += 2 {
		in.Changes = append(in.Changes, outcome.Change{Check: pairs[i].(string), Attribute: "a", Is: pairs[i+1].(outcome.Outcome), Reason: "it is so", From: f.clock.Now()})
	}
	var events []Event
	if err := f.db.Tx(f.ctx, func(tx *sql.Tx) (err error) {
		events, err = f.Apply(f.ctx, tx, in)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return events
}

func TestListAndSummary(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		severities := []string{"low", "medium", "high", "critical"}
		for i := range 40 {
			f.clock.Advance(time.Hour)
			f.apply(t, fmt.Sprintf("web-%02d", i), severities[i%4]+"-sshd", outcome.Fail)
		}
		f.apply(t, "web-00", "low-sshd", outcome.Pass)
		f.apply(t, "web-01", "medium-sshd", outcome.Error)

		for _, order := range []Order{ByUrgency, ByDue, ByNumber, ByChange} {
			var all []Finding
			for cursor, pages := "", 0; ; pages++ {
				page, err := f.List(f.ctx, Filter{}, order, cursor, 7)
				if err != nil {
					t.Fatal(err)
				}
				if page.Total != 40 || page.More {
					t.Errorf("order %q: total %d", order, page.Total)
				}
				all = append(all, page.Findings...)
				if cursor = page.Next; cursor == "" {
					if pages != 5 {
						t.Errorf("order %q: %d pages", order, pages+1)
					}
					break
				}
			}
			sorted := slices.IsSortedFunc(all, func(a, b Finding) int {
				switch order {
				case ByDue:
					return a.Due.Compare(b.Due)
				case ByNumber:
					return int(b.Number - a.Number)
				case ByChange:
					return b.ChangedAt.Compare(a.ChangedAt)
				}
				if r := int(rank(a.Severity) - rank(b.Severity)); r != 0 {
					return r
				}
				return a.Due.Compare(b.Due)
			})
			if len(all) != 40 || !sorted {
				t.Errorf("order %q: %d findings, sorted %v", order, len(all), sorted)
			}
		}
		for _, tc := range []struct {
			name string
			f    Filter
			want int64
		}{
			{"open", Filter{States: []State{Open}}, 38},
			{"live", Filter{Live: true}, 39},
			{"two severities", Filter{Severities: []string{"critical", "high"}}, 20},
			{"check", Filter{Check: "high-sshd"}, 10},
			{"item", Filter{Item: "hst_web-07"}, 1},
			{"source", Filter{Source: "src_web-07"}, 1},
			{"number", Filter{Query: "f-12"}, 1},
			{"words in any case", Filter{Query: "TITLE web-3"}, 10},
			{"a wildcard is a letter", Filter{Query: "web_07"}, 0},
			{"a percent sign too", Filter{Query: "%"}, 0},
			{"closed since", Filter{ClosedSince: day}, 1},
			{"overdue in two weeks", Filter{OverdueAt: day.Add(14 * 24 * time.Hour)}, 10},
			{"injection", Filter{Query: "' OR 1=1 --"}, 0},
		} {
			page, err := f.List(f.ctx, tc.f, ByUrgency, "", 100)
			if err != nil || page.Total != tc.want || int64(len(page.Findings)) != tc.want {
				t.Errorf("%s: %d of %d, want %d, %v", tc.name, len(page.Findings), page.Total, tc.want, err)
			}
			sum, err := f.Summary(f.ctx, tc.f)
			n := int64(0)
			for _, c := range sum.States {
				n += c
			}
			if err != nil || n != tc.want {
				t.Errorf("%s: the summary counts %d, %v", tc.name, n, err)
			}
		}
		f.clock.Advance(20 * 24 * time.Hour)
		sum, err := f.Summary(f.ctx, Filter{})
		if err != nil || sum.States[Open] != 38 || sum.States[Stale] != 1 || sum.States[Closed] != 1 || sum.Severities["low"] != 9 || sum.Overdue != 10 {
			t.Errorf("summary: %+v, %v", sum, err)
		}
		for _, bad := range []string{"x", "WzFd", "e30"} {
			if _, err := f.List(f.ctx, Filter{}, ByUrgency, bad, 10); !fault.Is(err, fault.Invalid) {
				t.Errorf("cursor %q: %v", bad, err)
			}
		}
		if _, err := f.List(f.ctx, Filter{}, "beauty", "", 10); !fault.Is(err, fault.Invalid) {
			t.Errorf("an order that is none: %v", err)
		}
		recent, err := f.Recent(f.ctx, 3)
		if err != nil || len(recent) != 3 || recent[0].At.Before(recent[2].At) {
			t.Errorf("recent: %+v, %v", recent, err)
		}
		open, err := f.OpenOf(f.ctx, "high-sshd")
		if err != nil || len(open) != 10 {
			t.Errorf("open findings of a check: %d, %v", len(open), err)
		}
		if _, there := open[Key{"high-sshd", "a", "hst_web-02"}]; !there {
			t.Error("a finding is not under its identity")
		}
	})
}

func TestAcknowledge(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		ann := access.Principal{UserID: "usr_ann", Role: access.Responder}
		f.apply(t, "web-1", "high-sshd", outcome.Fail, "low-sshd", outcome.Fail)
		if err := f.Acknowledge(f.ctx, access.Principal{UserID: "usr_eve", Role: access.Viewer}, "F-1", ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a viewer: %v", err)
		}
		if err := f.Acknowledge(f.ctx, ann, "F-9", ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("one that is not there: %v", err)
		}
		if err := f.Acknowledge(f.ctx, ann, "F-1", strings.Repeat("x", maxNote+1)); !fault.Is(err, fault.Invalid) {
			t.Errorf("an endless note: %v", err)
		}
		if err := f.Acknowledge(f.ctx, ann, "F-1", "  I take it, Bob is away  "); err != nil {
			t.Fatal(err)
		}
		if err := f.Acknowledge(f.ctx, ann, "F-1", ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("twice: %v", err)
		}
		got, err := f.Get(f.ctx, "f-1")
		if err != nil || got.State != Acknowledged || got.AcknowledgedBy != "usr_ann" {
			t.Errorf("%+v, %v", got, err)
		}
		events, err := f.Timeline(f.ctx, got.ID)
		if err != nil || len(events) != 2 || events[1].Note != "I take it, Bob is away" || events[1].Actor != "usr_ann" || events[1].Seq != 2 {
			t.Errorf("%+v, %v", events, err)
		}
		// What a person wrote is not in the log, only a commitment to it.
		for _, body := range bodies(t, db.Reader()) {
			if strings.Contains(string(body), "Bob") {
				t.Errorf("the note stands in the log: %s", body)
			}
		}
		f.apply(t, "web-1", "low-sshd", outcome.Pass)
		if err := f.Acknowledge(f.ctx, ann, "F-2", ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("a closed one: %v", err)
		}
	})
}

func TestBound(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.apply(t, "web-1", "high-sshd", outcome.Fail)
		f.apply(t, "web-1", "high-sshd", outcome.Pass)
		verify := func(q database.Querier) error {
			all := bodies(t, q)
			if len(all) != 2 {
				return fmt.Errorf("%d entries", len(all))
			}
			for _, body := range all {
				rec, err := ledger.ParseEntry(body)
				if err != nil {
					return err
				}
				if err := Bound(f.ctx, q, rec); err != nil {
					return err
				}
			}
			return nil
		}
		if err := verify(db.Reader()); err != nil {
			t.Fatalf("untouched: %v", err)
		}
		sabotages := map[string]string{
			"state":          `UPDATE finding SET state = 'open'`,
			"severity":       `UPDATE finding SET severity = 'low'`,
			"due":            `UPDATE finding SET due_at = due_at + 1`,
			"item":           `UPDATE finding SET item_id = 'hst_other'`,
			"number":         `UPDATE finding SET number = 7`,
			"timeline":       `DELETE FROM finding_event WHERE seq = 2`,
			"when it opened": `UPDATE finding_event SET valid_at = valid_at - 1 WHERE seq = 1`,
			"who":            `UPDATE finding_event SET actor = 'usr_other'`,
			"what":           `UPDATE finding_event SET kind = 'resumed' WHERE seq = 2`,
		}
		for _, name := range slices.Sorted(maps.Keys(sabotages)) {
			err := db.Tx(f.ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(f.ctx, sabotages[name]); err != nil {
					return err
				}
				if err := verify(tx); err != nil {
					return err
				}
				return fmt.Errorf("nothing was noticed")
			})
			if !fault.Is(err, fault.Refused) {
				t.Errorf("changing the %s: %v", name, err)
			}
		}
	})
}

// bodies gives the bytes of every ledger entry.
func bodies(t *testing.T, q database.Querier) [][]byte {
	t.Helper()
	rows, err := q.QueryContext(context.Background(), `SELECT b.body FROM ledger_entry e JOIN ledger_body b ON b.entry_id = e.id ORDER BY e.ord`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all [][]byte
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			t.Fatal(err)
		}
		all = append(all, body)
	}
	return all
}
