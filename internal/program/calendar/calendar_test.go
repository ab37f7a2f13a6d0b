package calendar_test

import (
	"context"
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
	"github.com/attesta/attesta/internal/program/calendar"
)

var berlin = func() *time.Location {
	z, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return z
}()

// Days are those of the zone, on the two days too on which the clocks change.
func TestDaysOfTheZone(t *testing.T) {
	for moment, want := range map[string]calendar.Day{
		"2026-03-28T22:59:59Z": "2026-03-28", "2026-03-28T23:00:00Z": "2026-03-29", // the day before is 24 hours
		"2026-03-29T21:59:59Z": "2026-03-29", "2026-03-29T22:00:00Z": "2026-03-30", // this one 23
		"2026-10-24T21:59:59Z": "2026-10-24", "2026-10-24T22:00:00Z": "2026-10-25",
		"2026-10-25T22:59:59Z": "2026-10-25", "2026-10-25T23:00:00Z": "2026-10-26", // this one 25
	} {
		at, err := time.Parse(time.RFC3339, moment)
		if err != nil {
			t.Fatal(err)
		}
		if got := calendar.DayOf(at, berlin); got != want {
			t.Errorf("%s is on %s, want %s", moment, got, want)
		}
	}
	// what ends with a day ends on it, however long it was
	for _, day := range []time.Time{time.Date(2026, 3, 30, 0, 0, 0, 0, berlin), time.Date(2026, 10, 26, 0, 0, 0, 0, berlin)} {
		if got, want := calendar.LastDay(day, berlin), calendar.Day(day.AddDate(0, 0, -1).Format(time.DateOnly)); got != want {
			t.Errorf("what ends at %s ends on %s, want %s", day, got, want)
		}
	}
	if n := calendar.Day("2026-03-28").Until("2026-03-30"); n != 2 {
		t.Errorf("%d days over the change in March", n)
	}
	if d := calendar.Day("2026-10-24").Add(2); d != "2026-10-26" {
		t.Errorf("two days over the change in October are %s", d)
	}
}

func TestMonth(t *testing.T) {
	for month, want := range map[calendar.Month]string{
		"2026-03": "6 2026-02-23 2026-04-05", // both changes of the clocks lie in months that are whole
		"2026-10": "5 2026-09-28 2026-11-01", "2027-02": "4 2027-02-01 2027-02-28", "2028-02": "5 2028-01-31 2028-03-05", "2026-08": "6 2026-07-27 2026-09-06",
	} {
		weeks := month.Weeks()
		if got := fmt.Sprint(len(weeks), " ", weeks[0][0], " ", weeks[len(weeks)-1][6]); got != want {
			t.Errorf("%s has %s, want %s", month, got, want)
		}
	}
	if m := calendar.Month("2026-12").Add(1); m != "2027-01" || calendar.Month("2028-02").Last() != "2028-02-29" {
		t.Errorf("after December comes %s", m)
	}
	for _, bad := range []string{"2026-13", "August", "0001-01", "2026-08-01"} {
		if _, err := calendar.ParseMonth(bad, "2026-01-01"); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is a month: %v", bad, err)
		}
	}
}

func TestNext(t *testing.T) {
	busy := func(kind, ref string, from, to calendar.Day, systems ...string) calendar.Event {
		return calendar.Event{Kind: kind, Ref: ref, From: from, To: to, Systems: systems, Busy: true}
	}
	events := []calendar.Event{
		busy(calendar.Freeze, "K-1", "2026-12-14", "2027-01-03"),
		busy("audit", "1 fieldwork", "2027-01-04", "2027-01-08"),
		busy(calendar.Test, "K-2", "2027-01-11", "2027-01-11", "billing"),
		{Kind: "control", Ref: "c", From: "2027-01-12", To: "2027-01-12"}, // keeps nobody busy
	}
	for _, c := range []struct {
		from    calendar.Day
		length  int
		systems []string
		want    string
	}{
		{"2026-12-07", 1, nil, "2026-12-07 0"},
		{"2026-12-12", 1, nil, "2027-01-12 0"},                 // over the weekend, the freeze, fieldwork and a test of all there is
		{"2026-12-14", 1, []string{"Billing"}, "2027-01-12 0"}, // as systems are written, in whatever case
		{"2026-12-14", 1, []string{"payroll"}, "2027-01-11 0"}, // another system's test does not concern it
		{"2026-12-11", 3, nil, "2027-01-12 0"},                 // three days that would end on a Sunday are moved
	} {
		s, found := calendar.Next(events, c.from, c.length, c.systems, "")
		if got := fmt.Sprint(s.From, " ", len(s.Hits)); !found || got != c.want {
			t.Errorf("from %s, %d days, %v: %s, want %s", c.from, c.length, c.systems, got, c.want)
		}
	}
	always := []calendar.Event{busy(calendar.Freeze, "K-1", "2026-01-01", "2029-01-01")}
	if _, found := calendar.Next(always, "2026-12-07", 1, nil, ""); found {
		t.Error("there are free days in a freeze that does not end")
	}
	crowded := []calendar.Event{busy("audit", "a", "2026-01-01", "2028-01-01"), busy(calendar.Test, "b", "2026-01-01", "2026-12-08")}
	if s, found := calendar.Next(crowded, "2026-12-07", 1, nil, ""); !found || s.From != "2026-12-09" || len(s.Hits) != 1 {
		t.Errorf("where nothing is free, what meets least is %+v", s)
	}
	at := calendar.At(events, "2026-12-31", "2027-01-04", nil, "")
	if !at.Frozen() || len(at.Hits) != 2 {
		t.Errorf("%+v", at)
	}
}

type fixture struct {
	*calendar.Service
	t             *testing.T
	ctx           context.Context
	db            *database.DB
	log           *ledger.Log
	users         *access.Service
	ann, eve, ida access.Principal
	events        []calendar.Event
	broken        bool
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), db: db}
	now := clock.NewManual(time.Date(2026, 3, 28, 23, 30, 0, 0, time.UTC)) // already the 29th in Berlin
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.users, err = access.New(access.Config{DB: db, Ledger: f.log, Clock: now.Now})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := f.users.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.eve, f.ida = user("ann", access.ComplianceManager), user("eve", access.Viewer), user("ida", access.Training)
	f.Service = calendar.New(calendar.Config{DB: db, Ledger: f.log, Access: f.users, Clock: now.Now, Zone: func(context.Context) (*time.Location, error) { return berlin, nil }, Sources: func() []calendar.Source {
		return []calendar.Source{{Name: "things", Events: func(context.Context, calendar.Day, calendar.Day, *time.Location) ([]calendar.Event, error) {
			if f.broken {
				return nil, errors.New("the disk is gone")
			}
			return f.events, nil
		}}}
	}})
	return f
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
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error()+" "+fe.Hint, want) {
		f.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

func TestPlans(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		if today, err := f.Today(f.ctx); err != nil || today != "2026-03-29" {
			t.Errorf("today is %s, %v", today, err)
		}
		plan := func(kind, title string, from, to calendar.Day, more ...string) (*calendar.Entry, error) {
			p := calendar.Plan{Kind: kind, Title: title, From: from, To: to, Reason: "so that it is known"}
			if len(more) > 0 {
				p.Anyway = more[0]
			}
			return f.Make(f.ctx, f.ann, p)
		}
		for want, p := range map[string]calendar.Plan{
			"nothing that is planned here": {Kind: "party", Title: "Party", From: "2026-06-01", Reason: "we earned it"},
			"3 to 160 letters":             {Kind: calendar.Test, Title: "x", From: "2026-06-01", Reason: "we must"},
			"is no day":                    {Kind: calendar.Test, Title: "Restore", From: "soon", Reason: "we must"},
			"before the first":             {Kind: calendar.Test, Title: "Restore", From: "2026-06-02", To: "2026-06-01", Reason: "we must"},
			"these days are over":          {Kind: calendar.Test, Title: "Restore", From: "2026-03-28", Reason: "we must"},
			"letters why":                  {Kind: calendar.Test, Title: "Restore", From: "2026-06-01"},
			"120 days":                     {Kind: calendar.Freeze, Title: "Calm", From: "2026-06-01", To: "2027-06-01", Reason: "we must"},
		} {
			_, err := f.Make(f.ctx, f.ann, p)
			f.refused(err, fault.Invalid, want)
		}
		if _, err := f.Make(f.ctx, f.eve, calendar.Plan{}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("who looks plans: %v", err)
		}
		freeze, err := plan(calendar.Freeze, "End of the quarter", "2026-03-30", "2026-04-02")
		f.must(err)
		if freeze.Ref() != "K-1" {
			t.Errorf("%+v", freeze)
		}
		_, err = plan(calendar.Test, "Restore of the payroll", "2026-03-31", "")
		f.refused(err, fault.Conflict, "the next free days are 2026-04-03")
		test, err := plan(calendar.Test, "Restore of the payroll", "2026-03-31", "", "the supplier comes on that day only")
		f.must(err)
		other, err := plan(calendar.Exercise, "A flood", "2026-04-03", "", "not needed: it is no freeze")
		f.must(err)
		if test.Anyway == "" || other.Anyway != "" || test.To != "2026-03-31" {
			t.Errorf("%+v, %+v", test, other)
		}
		_, err = f.Cancel(f.ctx, f.ann, "k-1", "no")
		f.refused(err, fault.Invalid, "letters why")
		_, err = f.Cancel(f.ctx, f.ann, "K-1", "the books are closed already")
		f.must(err)
		_, err = f.Cancel(f.ctx, f.ann, "K-1", "the books are closed already")
		f.refused(err, fault.Conflict, "cancelled already")
		_, err = f.Get(f.ctx, f.eve, "K-9")
		f.refused(err, fault.NotFound, "K-9")

		f.events = []calendar.Event{{Kind: "audit", Ref: "1", Title: "Window", From: "2026-01-01", To: "2026-12-31", See: access.EngagementRead}, {Kind: "task", Ref: "T-1", Title: "Task", From: "2026-04-01", To: "2026-04-01", See: access.TaskEdit}, {Kind: "task", Ref: "T-2", Title: "Far", From: "2027-04-01", To: "2027-04-01", See: access.TaskRead}}
		got := func(who access.Principal) string {
			all, _, err := f.Events(f.ctx, who, "2026-03-01", "2026-04-30")
			f.must(err)
			var out []string
			for _, e := range all {
				out = append(out, e.Ref)
			}
			return strings.Join(out, " ")
		}
		if a, e := got(f.ann), got(f.eve); a != "1 K-2 T-1 K-3" || e != "1 K-2 K-3" {
			t.Errorf("ann sees %q, eve %q", a, e)
		}
		_, _, err = f.Events(f.ctx, f.ann, "2026-03-01", "2029-03-01")
		f.refused(err, fault.Invalid, "two years")
		f.broken = true
		if _, unread, err := f.Events(f.ctx, f.ann, "2026-03-01", "2026-04-30"); err != nil || len(unread) != 1 {
			t.Errorf("what cannot be read is not said: %v, %v", unread, err)
		}
		f.verifies(`UPDATE calendar_entry SET content = '{}' WHERE number = 2`)
	})
}

func TestFeed(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		if _, _, err := f.MakeFeed(f.ctx, f.ida); !fault.Is(err, fault.Forbidden) {
			t.Errorf("who sees no calendar has a feed: %v", err)
		}
		_, first, err := f.MakeFeed(f.ctx, f.eve)
		f.must(err)
		who, err := f.ByFeed(f.ctx, first)
		f.must(err)
		if who.UserID != f.eve.UserID || who.Role != access.Viewer || len(first) < 30 {
			t.Errorf("%+v by %q", who, first)
		}
		_, second, err := f.MakeFeed(f.ctx, f.eve)
		f.must(err)
		none := func(token string) {
			t.Helper()
			if _, err := f.ByFeed(f.ctx, token); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q opens a calendar: %v", token, err)
			}
		}
		none(first)
		for _, bad := range []string{"", "attc_", "attc_x", strings.Repeat("a", 500), second + "x", strings.ToUpper(second)} {
			none(bad)
		}
		var stored int
		f.must(db.Reader().QueryRowContext(f.ctx, `SELECT COUNT(*) FROM calendar_feed WHERE digest = $1`, second).Scan(&stored))
		if stored != 0 {
			t.Error("the secret itself is stored")
		}
		f.must(f.users.SetRole(f.ctx, access.System(), f.eve.UserID, access.Training)) // sees no calendar any more
		none(second)
		f.must(f.users.SetRole(f.ctx, access.System(), f.eve.UserID, access.Viewer))
		if _, err := f.ByFeed(f.ctx, second); err != nil {
			t.Error(err)
		}
		f.must(f.users.Disable(f.ctx, access.System(), f.eve.UserID))
		none(second)
		f.must(f.users.Enable(f.ctx, access.System(), f.eve.UserID))
		f.must(f.RevokeFeed(f.ctx, f.eve))
		none(second)
		if own, err := f.OwnFeed(f.ctx, f.eve); own != nil || err != nil {
			t.Errorf("%v, %v", own, err)
		}
		f.verifies(`UPDATE calendar_feed SET user_id = 'usr_x'`)
	})
}

// verifies holds the ledger against the rows, and that a change of a row is found.
func (f *fixture) verifies(change string) {
	f.t.Helper()
	records := func() (bad int) {
		list, err := f.log.Records(f.ctx, ledger.Filter{Limit: 1000})
		f.must(err)
		for _, rec := range list {
			for _, b := range calendar.Bindings() {
				if b.Name == rec.Type && b.Check(f.ctx, f.db.Reader(), rec) != nil {
					bad++
				}
			}
		}
		return bad
	}
	if n := records(); n != 0 {
		f.t.Errorf("%d records do not match their rows", n)
	}
	_, err := f.db.Writer().ExecContext(f.ctx, change)
	f.must(err)
	if records() == 0 {
		f.t.Error("a row that was changed outside is not found")
	}
}
