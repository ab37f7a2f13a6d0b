package badge_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/badge"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/program/roster"
)

type fixture struct {
	*badge.Service
	t        testing.TB
	ctx      context.Context
	db       *database.DB
	log      *ledger.Log
	clock    *clock.Manual
	dir      string
	places   *place.Service
	people   map[string]*roster.Person
	changed  int
	ann, bob access.Principal
	eve      access.Principal
}

func begin(t testing.TB, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), people: map[string]*roster.Person{}}
	dir := t.TempDir()
	f.dir = filepath.Join(dir, "ledger")
	var err error
	f.log, err = ledger.Open(context.Background(), ledger.Config{DB: db, Dir: f.dir, KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob, f.eve = user("ann", access.Administrator), user("bob", access.ComplianceManager), user("eve", access.Viewer)
	j := journal.Config{DB: db, Ledger: f.log, Clock: f.clock.Now}
	f.places = place.New(place.Config{Journal: j})
	f.Service = badge.New(badge.Config{Journal: j, Places: f.places, Who: func(context.Context) (*roster.Owners, error) {
		return (&roster.Register{People: f.people}).Owners(), nil
	},
		Mark: func(context.Context) (string, error) { return fmt.Sprint(f.changed), nil }})
	site, err := f.places.Add(f.ctx, f.ann, place.Profile{Name: "Office", Sort: place.Office, Owner: "ann"})
	f.must(err)
	_, err = f.places.SetZone(f.ctx, f.ann, site.Ref, place.Zone{Name: "Office", Levels: []string{"DAY"}, Everyone: true}, "")
	f.must(err)
	_, err = f.places.SetZone(f.ctx, f.ann, site.Ref, place.Zone{Name: "Server room", Levels: []string{"SRV"}, Teams: []string{"Operations"}}, "")
	f.must(err)
	_, err = f.Add(f.ctx, f.ann, badge.Settings{Name: "Front door", Site: "SI-1"})
	f.must(err)
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
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error()+" at "+fe.Field, want) {
		f.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

func (f *fixture) person(id, name, team string) {
	f.people[id] = &roster.Person{ID: id, State: roster.Here, Fields: roster.Fields{Name: name, Mail: strings.ToLower(strings.Fields(name)[0]) + "@x.example", Team: team, Number: "N-" + id}}
	f.changed++
}

func holders(list ...badge.Holder) badge.Brought {
	return badge.Brought{Is: badge.Holders, Way: "file", File: "list.csv", Raw: []byte(fmt.Sprint(list)), Holders: list}
}

func (f *fixture) bring(b badge.Brought) *badge.Looked {
	f.t.Helper()
	out, err := f.Bring(f.ctx, f.ann, "BS-1", b, false)
	f.must(err)
	return out
}

// said gives what stands in the list, as "card outcome kind kind".
func (f *fixture) said() []string {
	f.t.Helper()
	all, _, err := f.Badges(f.ctx, f.ann, badge.Filter{})
	f.must(err)
	var out []string
	for _, r := range all {
		text := r.Number + " " + r.Outcome
		for _, d := range r.Doubts {
			text += " " + d.Kind + ":" + d.Outcome
		}
		out = append(out, text)
	}
	return out
}

func (f *fixture) verify() error {
	f.must(f.log.Publish(f.ctx))
	_, err := ledger.Verify(f.ctx, ledger.VerifyConfig{DB: f.db, Dir: f.dir, VerifierKey: f.log.VerifierKey(), Bindings: slices.Concat(badge.Bindings(), place.Bindings())})
	return err
}

// What does not fit about badges: leavers, uses after leaving, strangers, zones, use.
func TestDoubts(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		f.person("per_1", "Ann Lee", "Operations")
		f.person("per_2", "Bob Ray", "Sales")
		f.person("per_3", "Cay Ode", "Sales")
		active := func(card, name, mail, number string, zones ...string) badge.Holder {
			return badge.Holder{Card: card, Name: name, Mail: mail, Number: number, Active: true, Zones: zones}
		}
		list := []badge.Holder{active("1", "Ann Lee", "ann@x.example", "", "DAY", "SRV"), active("2", "B. Ray", "", "n-per_2", "DAY"), active("3", "Cay Ode", "", "", "DAY"), active("4", "Stranger", "", "", "DAY"), {Card: "5", Name: "Old", Zones: []string{"DAY"}}, active("6", "Visitor 1", "", "", "DAY")}
		preview, err := f.Bring(f.ctx, f.ann, "BS-1", holders(list...), true)
		f.must(err)
		if preview.List.Counts.Issued != 6 || preview.Ref != "" {
			t.Errorf("preview: %+v", preview.List.Counts)
		}
		if got := f.said(); len(got) != 0 {
			t.Errorf("a preview stored %v", got)
		}
		f.bring(holders(list...))
		_, err = f.SetPool(f.ctx, f.ann, "BS-1", "6", "for visitors")
		f.must(err)
		want := []string{"1 pass", "2 pass", "3 not_observed unknown:not_observed", "4 fail unknown:fail", "5 not_applicable", "6 pass unknown:not_applicable"}
		if got := f.said(); !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		_, err = f.Bring(f.ctx, f.ann, "BS-1", holders(list...), false)
		f.refused(err, fault.Conflict, "brought already")
		// Bob leaves; the list was taken before, so it cannot say that he kept his badge.
		f.clock.Advance(24 * time.Hour)
		f.people["per_2"].State, f.people["per_2"].LeftAt = roster.Left, f.clock.Now()
		f.changed++
		if got := f.said()[1]; got != "2 not_observed leaver:not_observed" {
			t.Errorf("after leaving: %q", got)
		}
		f.clock.Advance(24 * time.Hour)
		list[1].Zones = []string{"DAY", "SRV"}
		list[2] = active("3", "Cay Ode", "cay@x.example", "", "DAY", "SRV", "ROOF")
		f.bring(holders(list...))
		f.bring(badge.Brought{Is: badge.Readings, Way: "file", Raw: []byte("r"), Readings: []badge.Reading{{Card: "2", At: f.clock.Now().Add(-time.Hour), Door: "Front", Granted: true}, {Card: "9", At: f.clock.Now().Add(-time.Hour), Door: "Front", Granted: true}, {Card: "1", At: f.clock.Now().Add(-time.Hour), Door: "Front"}}})
		got := f.said()
		for i, w := range map[int]string{1: "2 fail used_after:fail leaver:fail", 2: "3 fail zone:fail", 6: "9 fail unlisted:fail"} {
			if got[i] != w && !(i == 1 && strings.HasPrefix(got[i], w)) {
				t.Errorf("got %q, want %q", got[i], w)
			}
		}
		d, err := f.Badge(f.ctx, f.ann, "BS-1", "2")
		f.must(err)
		if !d.After.Equal(f.clock.Now().Add(-time.Hour)) || d.Door != "Front" || len(d.Changes) != 2 || d.Changes[0].Kind != "zones" {
			t.Errorf("detail: %+v", d)
		}
		f.clock.Advance(10 * 24 * time.Hour)
		accounts, err := f.Accounts(f.ctx)
		f.must(err)
		if len(accounts) != 1 || len(accounts[0].All) != 5 || accounts[0].All[1].Holder != "per_2" || !accounts[0].All[1].Sure || !accounts[0].All[1].Open || accounts[0].Why != "" {
			t.Errorf("accounts: %+v", accounts)
		}
		parts, err := f.Parts(f.ctx)
		f.must(err)
		if len(parts) != 1 || len(parts[0].Grants) != 9 || parts[0].LeftOut != 2 || parts[0].Why != "" {
			t.Errorf("parts: %+v", parts)
		}
		// A list that is too old says nothing any more.
		f.clock.Advance(100 * 24 * time.Hour)
		if parts, err = f.Parts(f.ctx); err != nil || !strings.Contains(parts[0].Why, "expected every 31 days") {
			t.Errorf("old: %+v %v", parts, err)
		}
		if got := f.said()[0]; got != "1 fail unused:fail" { // a refused reading is no use
			t.Errorf("unused: %q", got)
		}
		guards := f.Guards(func(context.Context, string) (time.Time, string, error) { return time.Time{}, "", nil })
		site, err := f.places.Site(f.ctx, f.ann, "SI-1")
		f.must(err)
		lines, err := guards(f.ctx, site)
		f.must(err)
		if len(lines) != 2 || lines[0].Outcome != place.Fail || lines[1].Outcome != place.Fail || !strings.Contains(lines[1].Reason, "never reviewed") {
			t.Errorf("guards: %+v", lines)
		}
		_, _, err = f.Badges(f.ctx, f.eve, badge.Filter{})
		f.refused(err, fault.Forbidden, "")
		f.must(f.verify())
	})
}

// Half a list asks first; lines that were refused end nobody's badge.
func TestHeld(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		var list []badge.Holder
		for i := range 30 {
			list = append(list, badge.Holder{Card: fmt.Sprint(100 + i), Name: fmt.Sprint("P", i), Active: true})
		}
		f.bring(holders(list...))
		f.clock.Advance(time.Hour)
		half := holders(list[:15]...)
		got := f.bring(half)
		if got.List.State != badge.Held || !strings.Contains(got.List.Held, "15 of 30") || got.List.Counts.Removed != 15 {
			t.Fatalf("half a list: %+v", got.List)
		}
		count := func(state string) int {
			_, n, err := f.Badges(f.ctx, f.ann, badge.Filter{})
			f.must(err)
			return n[state]
		}
		if count("active") != 30 {
			t.Errorf("%d are active though the list is held", count("active"))
		}
		f.clock.Advance(time.Hour)
		_, err := f.Bring(f.ctx, f.ann, "BS-1", holders(list[:29]...), false)
		f.refused(err, fault.Conflict, "is held")
		_, err = f.Approve(f.ctx, f.ann, got.Ref, "We moved.", "")
		f.refused(err, fault.Forbidden, "")
		_, err = f.Drop(f.ctx, f.bob, got.Ref, "The export broke off.")
		f.must(err)
		part := holders(list[:20]...)
		part.Refused = []badge.Refused{{Line: 22, Why: "too short"}}
		if got = f.bring(part); got.List.Counts.Removed != 0 || got.List.Refusals != 1 || count("active") != 30 {
			t.Errorf("with refused lines: %+v, %d active", got.List, count("active"))
		}
		f.clock.Advance(time.Hour)
		got = f.bring(holders(list[:10]...))
		_, err = f.Approve(f.ctx, f.bob, got.Ref, "A team moved out.", "")
		f.must(err)
		if count("active") != 10 || count("gone") != 20 {
			t.Errorf("%d active, %d gone", count("active"), count("gone"))
		}
		old := holders(list...)
		old.TakenAt = f.clock.Now().Add(-30 * time.Minute)
		old.Raw = []byte("other")
		_, err = f.Bring(f.ctx, f.ann, "BS-1", old, false)
		f.refused(err, fault.Invalid, "was taken later")
		items, err := f.Sources()[0].Read(f.ctx, population.Request{At: outcome.At{Known: -1}})
		f.must(err)
		if len(items) != 50 || items[0].Attributes["kind"] != "removed" {
			t.Errorf("%d items: %+v", len(items), items[0])
		}
		f.must(f.verify())
		for name, c := range map[string][2]string{
			"a change":  {`UPDATE badge_change SET kind = 'issued' WHERE kind = 'removed' AND seq = 1`, `UPDATE badge_change SET kind = 'removed' WHERE seq = 1 AND list_id = (SELECT MAX(list_id) FROM badge_change)`},
			"a content": {`UPDATE badge_content SET content = content || ' '`, `UPDATE badge_content SET content = SUBSTR(content, 1, LENGTH(content) - 1)`},
		} {
			f.exec(c[0])
			if f.verify() == nil {
				t.Errorf("%s was changed and nobody noticed", name)
			}
			f.exec(c[1])
		}
		f.must(f.verify())
	})
}

func (f *fixture) exec(statement string) {
	f.t.Helper()
	f.must(f.db.Tx(f.ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(f.ctx, statement)
		return err
	}))
}

// Readings by webhook: with the token, once, sealed by day, found when changed, and
// gone when they are no longer kept.
func TestReadings(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		token, err := f.Token(f.ctx, f.ann, "BS-1")
		f.must(err)
		body := `{"readings":[{"card":"1","at":"2026-03-02T08:00:00Z","door":"Front"},{"card":"1","at":"2026-03-02T08:30:00Z","door":"Server room","granted":false}]}`
		_, err = f.Report(f.ctx, "BS-1", "x", []byte(body))
		f.refused(err, fault.Forbidden, "token")
		got, err := f.Report(f.ctx, "BS-1", token, []byte(body))
		f.must(err)
		if got.List.NewReading != 2 {
			t.Errorf("taken: %+v", got.List)
		}
		_, err = f.Report(f.ctx, "BS-1", token, []byte(body))
		f.refused(err, fault.Conflict, "already")
		got, err = f.Report(f.ctx, "BS-1", token, []byte(strings.Replace(body, `"1","at":"2026-03-02T08:00`, `"1","at":"2026-03-02T08:01`, 1)))
		f.must(err)
		if got.List.NewReading != 1 { // the other one was known
			t.Errorf("taken: %+v", got.List)
		}
		for body, want := range map[string]string{`{}`: "holds nothing", `{"readings":[{"card":"","at":"2026-03-02T08:00:00Z"}]}`: "names a badge", `{"readings":[{"card":"1"}]}`: "says when", `{"readings":[{"card":"1","at":"2027-03-02T08:00:00Z"}]}`: "not come yet",
			`{"holders":[{"card":"1"},{"card":"1"}]}`: "stands in it twice", `{"holders":[{"card":"1"}],"readings":[{"card":"1"}]}`: "not both", `[`: "not JSON"} {
			_, err := f.Report(f.ctx, "BS-1", token, []byte(body))
			f.refused(err, fault.Invalid, want)
		}
		uses, err := f.Uses(f.ctx, f.ann, "BS-1", "1", time.Time{}, 10)
		f.must(err)
		if len(uses) != 3 || uses[0].Door != "Server room" || uses[0].Granted {
			t.Errorf("uses: %+v", uses)
		}
		f.must(f.Seal(f.ctx)) // the day is not over
		f.clock.Advance(24 * time.Hour)
		f.must(f.Seal(f.ctx))
		f.must(f.verify())
		f.exec(`UPDATE badge_reading SET granted = 1`)
		if f.verify() == nil {
			t.Error("a reading was changed and nobody noticed")
		}
		f.exec(`UPDATE badge_reading SET granted = 0 WHERE door_id = (SELECT id FROM badge_door WHERE name = 'Server room')`)
		f.must(f.verify())
		late := strings.ReplaceAll(body, "T08:", "T07:")
		_, err = f.Report(f.ctx, "BS-1", token, []byte(late))
		f.must(err)
		f.must(f.Seal(f.ctx))
		f.must(f.verify())
		f.clock.Advance(402 * 24 * time.Hour)
		f.must(f.Seal(f.ctx))
		if uses, err = f.Uses(f.ctx, f.ann, "BS-1", "", time.Time{}, 10); err != nil || len(uses) != 0 {
			t.Errorf("kept: %+v %v", uses, err)
		}
		f.must(f.verify())
		_, err = f.Report(f.ctx, "BS-1", token, []byte(`{"holders":[{"card":"7","name":"Zoe","zones":["DAY","day"]}]}`))
		f.must(err)
		if got := f.said(); !slices.Contains(got, "7 fail unknown:fail") {
			t.Errorf("pushed holders: %v", got)
		}
	})
}

func FuzzUnderstand(f *testing.F) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	f.Add([]byte(`{"readings":[{"card":"1","at":"2026-03-02T08:00:00Z","door":"Front","granted":false}]}`))
	f.Add([]byte(`{"taken":"2026-03-02T08:00:00Z","holders":[{"card":"1","name":"A","mail":"a@x","zones":["b","B"],"active":false}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		holders, readings, _, err := badge.Understand(body, now)
		if err != nil && len(holders)+len(readings) > 0 || err == nil && (len(holders) == 0) == (len(readings) == 0) {
			t.Errorf("%d holders and %d readings with %v", len(holders), len(readings), err)
		}
		for _, h := range holders {
			if h.Card == "" || h.Tidy() != "" {
				t.Errorf("taken: %+v", h)
			}
		}
	})
}

// A year of a firm of 200: 500,000 readings and 5,000 badges; lists stay under 100 ms.
func BenchmarkLists(b *testing.B) {
	f := begin(b, databasetest.SQLite(b))
	var list []badge.Holder
	for i := range 5000 {
		f.person(fmt.Sprintf("per_%d", i), fmt.Sprintf("P%d Q%d", i, i), "Sales")
		list = append(list, badge.Holder{Card: fmt.Sprint(i), Name: fmt.Sprintf("P%d Q%d", i, i), Mail: fmt.Sprintf("p%d@x.example", i), Active: true, Zones: []string{"DAY"}})
	}
	f.bring(holders(list...))
	var all []badge.Reading
	for i := range 500_000 {
		all = append(all, badge.Reading{Card: fmt.Sprint(i % 200), At: f.clock.Now().Add(-time.Duration(i) * time.Minute), Door: fmt.Sprint("Door ", i%20), Granted: true})
	}
	began := time.Now()
	f.bring(badge.Brought{Is: badge.Readings, Way: "file", Raw: []byte("r"), Readings: all})
	b.Logf("500,000 readings stored in %s", time.Since(began).Round(time.Millisecond))
	b.Run("badges again", func(b *testing.B) {
		for b.Loop() {
			_, _, err := f.Badges(f.ctx, f.ann, badge.Filter{Doubt: badge.Unused})
			f.must(err)
		}
	})
	b.Run("badges derived anew", func(b *testing.B) {
		for b.Loop() {
			f.changed++
			_, _, err := f.Badges(f.ctx, f.ann, badge.Filter{})
			f.must(err)
		}
	})
	b.Run("readings of a badge", func(b *testing.B) {
		for b.Loop() {
			_, err := f.Uses(f.ctx, f.ann, "BS-1", "17", time.Time{}, 100)
			f.must(err)
		}
	})
	b.Run("readings of a system", func(b *testing.B) {
		for b.Loop() {
			_, err := f.Uses(f.ctx, f.ann, "BS-1", "", time.Time{}, 100)
			f.must(err)
		}
	})
}
