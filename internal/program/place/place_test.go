package place_test

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
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/program/roster"
)

type fixture struct {
	*place.Service
	t        *testing.T
	ctx      context.Context
	db       *database.DB
	log      *ledger.Log
	clock    *clock.Manual
	dir      string
	ann, bob access.Principal // who keeps places; who only looks
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
	users, err := access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob = user("ann", access.Administrator), user("bob", access.Viewer)
	berlin, err := time.LoadLocation("Europe/Berlin")
	f.must(err)
	reg := &roster.Register{People: map[string]*roster.Person{"per_1": {ID: "per_1", State: roster.Here, Fields: roster.Fields{Name: "Ann Lee", Mail: "ann@x.example"}}}}
	f.Service = place.New(place.Config{Journal: journal.Config{DB: db, Ledger: f.log, Clock: f.clock.Now}, Zone: func(context.Context) (*time.Location, error) { return berlin, nil },
		Who: func(context.Context) (*roster.Owners, error) { return reg.Owners(), nil },
		Vendor: func(_ context.Context, ref string) (place.Line, error) {
			if ref != "V-3" && ref != "3" {
				return place.Line{}, fault.New(fault.NotFound, "no vendor %s", ref)
			}
			return place.Line{What: "The report of Hall", Outcome: place.Pass, Reason: "covered", Ref: "V-3"}, nil
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
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error()+" at "+fe.Field, want) {
		f.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

func (f *fixture) site() *place.Object {
	f.t.Helper()
	o, err := f.Add(f.ctx, f.ann, place.Profile{Name: "Office", Sort: place.Office, Owner: "ann", Kept: "Laptops"})
	f.must(err)
	return o
}

// verify holds every row against the ledger.
func (f *fixture) verify() {
	f.t.Helper()
	f.must(f.log.Publish(f.ctx))
	_, err := ledger.Verify(f.ctx, ledger.VerifyConfig{DB: f.db, Dir: f.dir, VerifierKey: f.log.VerifierKey(), Bindings: place.Bindings()})
	f.must(err)
}

// Sites with zones, a hall that a vendor runs, and the statement that there are none.
func TestSites(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		_, err := f.Remote(f.ctx, f.ann, "no")
		f.refused(err, fault.Invalid, "say why")
		none, err := f.Remote(f.ctx, f.ann, "Five people work from home; nothing is kept on paper.")
		f.must(err)
		if !none.Content.None || none.Content.Review != "2027-03-02" {
			t.Errorf("stated: %+v", none.Content)
		}
		_, err = f.Add(f.ctx, f.ann, place.Profile{Name: "Office", Sort: place.Office, Owner: "ann"})
		f.refused(err, fault.Conflict, "no premises")
		hall, err := f.Add(f.ctx, f.ann, place.Profile{Name: "Hall", Sort: place.Cloud, Owner: "ann", Vendor: "3"})
		f.must(err) // a vendor's hall and no premises of one's own go together
		lines, err := f.Standing(f.ctx, f.bob, hall)
		f.must(err)
		if len(lines) != 2 || lines[0].Outcome != place.Pass || lines[0].Ref != "V-3" || lines[1].Outcome != place.NotApplicable {
			t.Errorf("the hall: %+v", lines)
		}
		_, err = f.Withdraw(f.ctx, f.ann, "We rent two rooms.")
		f.must(err)
		o := f.site()
		for _, c := range []struct {
			in   place.Profile
			kind fault.Kind
			want string
		}{
			{place.Profile{Name: "office", Sort: place.Office, Owner: "ann"}, fault.Conflict, "is SI-2 already"},
			{place.Profile{Name: "X", Sort: "tent", Owner: "ann"}, fault.Invalid, "kind"},
			{place.Profile{Name: "X", Sort: place.Office, Owner: "zoe"}, fault.Invalid, "no user"},
			{place.Profile{Name: "X", Sort: place.Colocation, Owner: "ann"}, fault.Invalid, "which vendor"},
			{place.Profile{Name: "X", Sort: place.Colocation, Owner: "ann", Vendor: "V-9"}, fault.Invalid, "no vendor V-9"},
		} {
			_, err := f.Add(f.ctx, f.ann, c.in)
			f.refused(err, c.kind, c.want)
		}
		_, err = f.Add(f.ctx, f.bob, place.Profile{Name: "X", Sort: place.Office, Owner: "ann"})
		f.refused(err, fault.Forbidden, "")
		_, err = f.SetZone(f.ctx, f.ann, o.Ref, place.Zone{Name: "Server room"}, "")
		f.refused(err, fault.Invalid, "say who may enter")
		_, err = f.SetZone(f.ctx, f.ann, o.Ref, place.Zone{Name: "Server room", People: []string{"zoe@x.example"}}, "")
		f.refused(err, fault.Invalid, "nobody is known")
		o, err = f.SetZone(f.ctx, f.ann, o.Ref, place.Zone{Name: "Server room", Levels: []string{"SRV"}, Teams: []string{"Operations"}, People: []string{"ann@x.example"}}, "")
		f.must(err)
		z := o.Content.Zone("server ROOM")
		if z == nil || !z.Opens("srv") || z.Opens("Server room") || !z.Allows("per_1", "", "") || !z.Allows("", "operations", "") || z.Allows("per_2", "Sales", "") || z.Allows("", "", "") {
			t.Errorf("zone: %+v", z)
		}
		lines, err = f.Standing(f.ctx, f.bob, o)
		f.must(err)
		if len(lines) != 0 { // nothing guards it here: the server says what does
			t.Errorf("office: %+v", lines)
		}
		_, err = f.EndZone(f.ctx, f.ann, o.Ref, "Attic", "Gone.")
		f.refused(err, fault.NotFound, "Attic")
		_, err = f.Remote(f.ctx, f.ann, "Everybody works from home.")
		f.refused(err, fault.Conflict, "is in use")
		_, err = f.Close(f.ctx, f.ann, o.Ref, "The lease ended; nothing was left there.")
		f.must(err)
		_, err = f.SetZone(f.ctx, f.ann, o.Ref, place.Zone{Name: "X", Everyone: true}, "")
		f.refused(err, fault.Conflict, "was closed")
		f.verify()
	})
}

// A visitor from announcing to leaving; one who stays is overdue; a badge that did
// not come back stays a failure until it does.
func TestVisits(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		f.site()
		say := func(name string) *place.VisitObject {
			t.Helper()
			o, err := f.Announce(f.ctx, f.ann, place.Announcement{Site: "SI-1", Name: name, Purpose: "Cooling", Host: "Ann Lee"})
			f.must(err)
			return o
		}
		v := say("Zoe Hill")
		if v.Content.Host != "Ann Lee" || v.Content.HostID != "per_1" || v.Content.Day != "2026-03-02" {
			t.Errorf("announced: %+v", v.Content)
		}
		for _, c := range []struct {
			in   place.Announcement
			want string
		}{{place.Announcement{Site: "SI-9", Name: "Z", Purpose: "x"}, "no site"}, {place.Announcement{Site: "SI-1", Purpose: "x"}, "who comes"}, {place.Announcement{Site: "SI-1", Name: "Z", Purpose: "x", Host: "Nobody"}, "nobody is known"},
			{place.Announcement{Site: "SI-1", Name: "Z", Purpose: "x", Day: "2026-03-01"}, "is over"}} {
			_, err := f.Announce(f.ctx, f.ann, c.in)
			f.refused(err, fault.Invalid, c.want)
		}
		_, err := f.Leave(f.ctx, f.ann, v.Ref, place.Departure{})
		f.refused(err, fault.Conflict, "is announced")
		v, err = f.Arrive(f.ctx, f.ann, v.Ref, place.Arrival{Badge: "G-1"})
		f.must(err)
		if v.Content.Escort != "Ann Lee" || !v.Content.Due.Equal(time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC)) { // midnight in Berlin
			t.Errorf("arrived: %+v", v.Content)
		}
		second := say("Yan Ode")
		_, err = f.Arrive(f.ctx, f.ann, second.Ref, place.Arrival{Badge: "g-1"})
		f.refused(err, fault.Invalid, "Zoe Hill has badge")
		_, err = f.Arrive(f.ctx, f.ann, second.Ref, place.Arrival{At: "2026-03-02T10:00:00Z"})
		f.refused(err, fault.Invalid, "not come yet")
		_, err = f.Arrive(f.ctx, f.ann, second.Ref, place.Arrival{})
		f.must(err)
		f.clock.Advance(time.Hour)
		_, err = f.Leave(f.ctx, f.ann, second.Ref, place.Departure{})
		f.must(err)
		_, err = f.Leave(f.ctx, f.ann, v.Ref, place.Departure{})
		f.refused(err, fault.Invalid, "what happened")
		f.clock.Advance(24 * time.Hour)
		_, late, err := f.VisitCounts(f.ctx, f.ann)
		f.must(err)
		if late != 1 {
			t.Errorf("%d are overdue, want 1", late)
		}
		_, err = f.Leave(f.ctx, f.ann, v.Ref, place.Departure{At: "2026-03-02T09:30:00Z", Note: "Took it home; written the day after."})
		f.must(err)
		v, err = f.Visit(f.ctx, f.ann, v.Ref)
		f.must(err)
		if is, why := v.Content.Standing(f.clock.Now()); is != place.Fail || !strings.Contains(why, "G-1 did not come back") {
			t.Errorf("%s: %s", is, why)
		}
		v, err = f.Returned(f.ctx, f.ann, v.Ref, "Came by post.")
		f.must(err)
		if is, why := v.Content.Standing(f.clock.Now()); is != place.Fail || !strings.Contains(why, "after their day") {
			t.Errorf("%s: %s", is, why)
		}
		_, _, err = f.Visits(f.ctx, f.bob, journal.Filter{})
		f.refused(err, fault.Forbidden, "")
		_, err = f.Cancel(f.ctx, f.ann, say("No Show").Ref, "")
		f.must(err)
		items := f.items("visitors")
		if len(items) != 3 || items[0].Attributes["number"] != "VI-1" || items[0].Attributes["badge_returned"] != true || len(items[0].Dates["here"]) != 1 || len(items[2].Dates["arrived"]) != 0 {
			t.Errorf("population: %+v", items)
		}
		f.verify()
	})
}

func (f *fixture) items(name string) []population.Item {
	f.t.Helper()
	for _, s := range f.Sources() {
		if s.Name == name {
			items, err := s.Read(f.ctx, population.Request{At: outcome.At{Known: -1}})
			f.must(err)
			return items
		}
	}
	f.t.Fatalf("no source %s", name)
	return nil
}

// A sensor out of its bounds fails with value and bound until it is back; silent, it
// is not observed; what is replayed, foreign or unreadable changes nothing.
func TestSensors(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		o := f.site()
		high := 27.0
		d := place.Declaration{Site: "SI-1", Name: "Rack 1", Key: "rack-1", Measure: "temperature", Where: "Server room", High: &high, Every: 10}
		s, err := f.Declare(f.ctx, f.ann, d)
		f.must(err)
		if s.Content.Condition.Outcome != place.NotObserved {
			t.Errorf("new: %+v", s.Content.Condition)
		}
		_, err = f.Declare(f.ctx, f.ann, d)
		f.refused(err, fault.Conflict, "key")
		d.Key, d.High = "rack-2", nil
		_, err = f.Declare(f.ctx, f.ann, d)
		f.refused(err, fault.Invalid, "say which values are in order")
		token, err := f.Token(f.ctx, f.ann, o.Ref)
		f.must(err)
		say := func(token string, body string) (*place.Taken, error) {
			return f.Report(f.ctx, o.Ref, token, []byte(body))
		}
		reading := func(value string) string {
			return fmt.Sprintf(`{"readings":[{"sensor":"RACK-1","at":%q,"value":%s}]}`, f.clock.Now().Format(time.RFC3339), value)
		}
		is := func(want, why string) {
			t.Helper()
			got, err := f.Sensor(f.ctx, f.bob, s.Ref)
			f.must(err)
			if c := got.Content.Condition; c.Outcome != want || !strings.Contains(c.Reason, why) {
				t.Errorf("%s because %s, want %s because %s", c.Outcome, c.Reason, want, why)
			}
		}
		_, err = say("wrong", reading("20"))
		f.refused(err, fault.Forbidden, "token")
		_, err = f.Report(f.ctx, "SI-9", token, []byte(reading("20")))
		f.refused(err, fault.Forbidden, "token")
		first := reading("20")
		got, err := say(token, first)
		f.must(err)
		if got.Changed != 1 || len(got.Unknown) != 0 {
			t.Errorf("taken: %+v", got)
		}
		is(place.Pass, "at most 27 °C")
		_, err = say(token, first)
		f.refused(err, fault.Conflict, "already")
		f.clock.Advance(time.Minute)
		_, err = say(token, reading("31.5"))
		f.must(err)
		is(place.Fail, "31.5 °C is above 27 °C")
		f.clock.Advance(time.Minute)
		got, err = say(token, reading("32"))
		f.must(err)
		if got.Changed != 0 { // still failing: no step
			t.Errorf("another step: %+v", got)
		}
		_, err = say(token, strings.Replace(reading("19"), "}]", `},{"sensor":"other","at":"2026-03-02T09:00:00Z"}]`, 1))
		f.must(err) // the same moment again changes nothing
		is(place.Fail, "31.5")
		f.clock.Advance(time.Minute)
		got, err = say(token, strings.Replace(reading("25"), "}]", `},{"sensor":"other","at":"2026-03-02T09:00:00Z"}]`, 1))
		f.must(err)
		if len(got.Unknown) != 1 || got.Unknown[0] != "other" {
			t.Errorf("unknown: %+v", got)
		}
		is(place.Pass, "")
		f.clock.Advance(9 * time.Minute)
		f.must(f.Sweep(f.ctx))
		is(place.Pass, "")
		f.clock.Advance(2 * time.Minute)
		f.must(f.Sweep(f.ctx))
		is(place.NotObserved, "nothing was heard since 2 Mar 2026 09:03")
		f.must(f.Sweep(f.ctx))
		for body, want := range map[string]string{
			``: "1 to", `{`: "not JSON", `{"readings":[]}`: "1 to", `{"readings":[{"at":"2026-03-02T09:00:00Z"}]}`: "names its sensor", `{"readings":[{"sensor":"rack-1"}]}`: "when it was taken",
			`{"readings":[{"sensor":"rack-1","at":"2026-03-01T09:00:00Z"}]}`: "older than a day", `{"readings":[{"sensor":"rack-1","at":"2027-03-01T09:00:00Z"}]}`: "in the future", `{"readings":[{"sensor":"rack-1","at":"2026-03-02T09:00:00Z","state":"odd"}]}`: "none of ok",
			strings.Repeat("x", place.MaxMessage+1): "1 to",
		} {
			_, err := say(token, body)
			f.refused(err, fault.Invalid, want)
		}
		f.clock.Advance(time.Minute)
		_, err = say(token, strings.Replace(reading("20"), `"value":20`, `"state":"alarm"`, 1))
		f.must(err)
		is(place.Fail, "alarm")
		f.clock.Advance(time.Minute)
		_, err = say(token, strings.Replace(reading("20"), `"value":20`, `"state":"fault"`, 1))
		f.must(err)
		is(place.Unread, "fault of its own")
		alarms := f.items("sensor-alarms")
		if len(alarms) != 4 || alarms[0].Attributes["outcome"] != "fail" || alarms[0].Dates["lasted"][0].To.IsZero() || alarms[1].Attributes["outcome"] != "not_observed" || !alarms[3].Dates["lasted"][0].To.IsZero() {
			t.Errorf("alarms: %+v", alarms)
		}
		lines, err := f.Standing(f.ctx, f.bob, o)
		f.must(err)
		if len(lines) != 1 || lines[0].Outcome != place.Unread {
			t.Errorf("standing: %+v", lines)
		}
		next, err := f.Token(f.ctx, f.ann, o.Ref)
		f.must(err)
		_, err = say(token, reading("20"))
		f.refused(err, fault.Forbidden, "token")
		_, err = say(next, reading("20"))
		f.must(err)
		_, err = f.EndSensor(f.ctx, f.ann, s.Ref, "Replaced.")
		f.must(err)
		f.verify()
	})
}

func FuzzUnderstand(f *testing.F) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	f.Add([]byte(`{"readings":[{"sensor":"a","at":"2026-03-02T09:00:00Z","value":20.5,"state":"ok"},{"sensor":"b","at":"2026-03-02T08:00:00+02:00"}]}`))
	f.Add([]byte(`{"readings":[{"sensor":"a","at":"2026-03-02T09:00:00Z","value":1e308}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := place.Understand(body, now)
		if err != nil {
			if len(all) > 0 {
				t.Error("half a message was taken")
			}
			return
		}
		for i, r := range all {
			if r.Sensor == "" || r.At.After(now.Add(5*time.Minute)) || r.At.Before(now.Add(-24*time.Hour)) || i > 0 && r.At.Before(all[i-1].At) {
				t.Errorf("taken: %+v", r)
			}
		}
	})
}
