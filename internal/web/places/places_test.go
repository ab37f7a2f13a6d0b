package places_test

import (
	"context"
	"encoding/base64"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/badge"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/program/roster"
	"github.com/attesta/attesta/internal/web/places"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/internal/web/ui"
)

type fixture struct {
	*screentest.Browser
	t        *testing.T
	clock    *clock.Manual
	area     screen.Area
	ann, eve access.Principal
}

func begin(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.NewManual(time.Date(2026, 7, 2, 9, 0, 0, 0, time.UTC))}
	dir, ctx := t.TempDir(), t.Context()
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: log, Clock: f.clock.Now})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.eve = user("ann", access.Administrator), user("eve", access.Viewer)
	reg := &roster.Register{People: map[string]*roster.Person{"per_1": {ID: "per_1", State: roster.Left, LeftAt: f.clock.Now().AddDate(0, 0, -10), Fields: roster.Fields{Name: "Bob Ray", Mail: "bob@x.example"}}}}
	who := func(context.Context) (*roster.Owners, error) { return reg.Owners(), nil }
	j := journal.Config{DB: db, Ledger: log, Clock: f.clock.Now}
	var badges *badge.Service
	sites := place.New(place.Config{Journal: j, Who: who, Guards: func(ctx context.Context, o *place.Object) ([]place.Line, error) {
		return badges.Guards(func(context.Context, string) (time.Time, string, error) { return time.Time{}, "", nil })(ctx, o)
	}})
	badges = badge.New(badge.Config{Journal: j, Places: sites, Who: who})
	f.area = places.New(places.Config{Places: sites, Badges: badges, PublicURL: "https://a.example", Alone: users.Alone,
		Owners: func(context.Context) ([]ui.Option, error) { return []ui.Option{{Value: "ann", Text: "Ann"}}, nil }})
	f.Browser = screentest.New(t, f.area, f.clock.Now, f.ann)
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// see asks a page and holds that it says each of some texts.
func (f *fixture) see(path string, want ...string) {
	f.t.Helper()
	a := f.Get(path)
	if a.Status != 200 {
		f.t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	for _, w := range want {
		if !strings.Contains(a.Text(), w) && !strings.Contains(a.Body, w) {
			f.t.Errorf("%s does not say %q", path, w)
		}
	}
}

// send posts a form and holds where it leads, or what it says where it is wrong.
func (f *fixture) send(path string, status int, want string, pairs ...string) screentest.Answer {
	f.t.Helper()
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	a := f.Post(path, v)
	if a.Status != status || !strings.Contains(a.To+a.Text(), want) {
		f.t.Errorf("%s: %d to %q, want %d and %q in %s", path, a.Status, a.To, status, want, a.Text())
	}
	return a
}

// A list of badges from a site without any to a leaver's badge on the screen.
func TestImportByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		f.see("/places", "Say where you are", "We have no premises")
		f.see("/badges", "No badge system is known yet")
		f.send("/places/new", 422, "what the site is called", "kind", "office", "owner", "ann")
		f.send("/places/new", 303, "/places/SI-1", "name", "Office", "kind", "office", "owner", "ann")
		f.send("/places/SI-1/zone", 422, "Say who may enter", "zone", "Hall")
		f.send("/places/SI-1/zone", 303, "/places/SI-1", "zone", "Office", "everyone", "yes", "levels", "DAY, NIGHT")
		f.send("/badge-systems/new", 303, "/badge-systems/BS-1/import", "name", "Front door", "site", "SI-1")
		csv := "badge;holder;mail;zones\n1;Ann Lee;ann@x.example;DAY\n2;Bob Ray;bob@x.example;DAY\n3;Short\n"
		content := base64.StdEncoding.EncodeToString([]byte(csv))
		f.send("/badge-systems/BS-1/import", 422, "file", "is", "holders", "content", base64.StdEncoding.EncodeToString([]byte("a,b\n1,2\n")), "do", "look")
		f.send("/badge-systems/BS-1/import", 200, "2 badges: 2 new", "is", "holders", "content", content, "do", "look")
		f.send("/badge-systems/BS-1/import", 200, "1 line refused", "is", "holders", "content", content, "do", "look")
		f.see("/badges", "No list of badges was brought yet")
		f.send("/badge-systems/BS-1/import", 303, "/badge-lists/BL-1", "is", "holders", "content", content, "name", "list.csv")
		f.see("/badge-lists/BL-1", "list.csv", "it has 2 columns", "1 refused")
		f.see("/badges", "Bob Ray", "the badge was active on")
		f.see("/badges?doubt=leaver", "Bob Ray")
		f.see("/badges?q=nobody", "No badge matches")
		f.see("/badges/BS-1/2", "Has left", "issued")
		f.see("/badge-systems/BS-1", "do not fit", "BL-1")
		f.see("/places/SI-1", "Badges of Front door", "never reviewed")
		f.send("/badge-systems/BS-1/keep/pool", 303, "/badge-systems/BS-1", "card", "1", "why", "for visitors")
		f.see("/badge-systems/BS-1", "for visitors")
		f.send("/badge-systems/BS-1/keep/token", 200, "Copy the token now")
		f.send("/places/SI-1/close", 422, "Say why", "note", "")
		f.Who = f.eve
		if a := f.Get("/badges"); a.Status != 403 {
			t.Errorf("a viewer sees badges: %d", a.Status)
		}
	})
}

// Visitors in one click, sensors, and a firm without premises.
func TestVisitorsAndSensorsByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		f.see("/visitors", "No visitor was announced yet")
		f.see("/sensors", "No sensor is declared yet")
		f.send("/premises/none", 422, "Say why", "reason", "")
		f.send("/premises/none", 303, "/places", "reason", "Everybody works from home.")
		f.see("/places", "There are no premises", "Everybody works from home.")
		f.see("/premises", "Looked at again", "2027-07-02")
		f.send("/places/new", 422, "no premises", "name", "Office", "kind", "office", "owner", "ann")
		f.send("/premises/withdraw", 303, "/places", "note", "We rent two rooms.")
		f.send("/places/new", 303, "/places/SI-1", "name", "Office", "kind", "office", "owner", "ann")
		f.send("/visitors/new", 422, "who comes", "site", "SI-1", "purpose", "Cooling")
		f.send("/visitors/new", 303, "/visitors/VI-1", "site", "SI-1", "name", "Zoe Hill", "purpose", "Cooling")
		f.see("/visitors", "Zoe Hill arrived")
		f.send("/visitors/VI-1/arrive", 303, "/visitors", "back", "list")
		f.see("/visitors", "Zoe Hill left", "1 visitor is here")
		f.send("/visitors/VI-1/leave", 303, "/visitors", "back", "list")
		f.see("/visitors?state=left", "Zoe Hill")
		f.see("/visitors/VI-1", "left", "Cooling")
		if a := f.Get("/visitors?state=golden"); a.Status != 422 {
			t.Errorf("a state that is none: %d", a.Status)
		}
		f.send("/sensors/new", 422, "no number", "site", "SI-1", "name", "Rack", "key", "rack", "measure", "temperature", "where", "Hall", "high", "hot", "every_minutes", "5")
		f.send("/sensors/new", 303, "/sensors/SE-1", "site", "SI-1", "name", "Rack", "key", "rack", "measure", "temperature", "where", "Hall", "high", "27,5", "every_minutes", "5")
		f.see("/sensors", "at most 27.5 °C", "it was never heard")
		f.see("/sensors/SE-1", "never heard")
		f.send("/sensors/SE-1/end", 303, "/sensors/SE-1", "note", "Replaced.")
		for _, l := range f.area.Lists {
			if len(l.Columns) < 5 || !slices.ContainsFunc(f.area.Routes, func(rt screen.Route) bool { return rt.Pattern == l.Pattern }) {
				t.Errorf("list %s: %d columns at %s", l.Name, len(l.Columns), l.Pattern)
			}
		}
	})
}
