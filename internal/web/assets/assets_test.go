package assets_test

import (
	"context"
	"net/http/httptest"
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
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/diagram"
	"github.com/attesta/attesta/internal/web/assets"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
)

// fixture is the screens of a firm with three people and two hosts.
type fixture struct {
	*screentest.Browser
	t             *testing.T
	clock         *clock.Manual
	area          screen.Area
	found         []asset.Found
	ann, bob, eve access.Principal
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	dir, ctx := t.TempDir(), t.Context()
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { log.Close() })
	people, err := access.New(access.Config{DB: db, Ledger: log, Clock: f.clock.Now})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := people.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob, f.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Contributor)
	service := asset.New(asset.Config{DB: db, Ledger: log, Clock: f.clock.Now, Access: people,
		Found: func(context.Context) ([]asset.Found, error) { return slices.Clone(f.found), nil },
		Data: func(context.Context) ([]asset.DataSet, error) {
			return []asset.DataSet{{Ref: "D-1", Name: "Orders", Class: "confidential", Owned: true}, {Ref: "D-2", Name: "Keys", Class: "restricted"}}, nil
		},
		Ports: func(context.Context) (map[string]asset.Ports, error) {
			return map[string]asset.Ports{"hst_1": {Known: true, List: []asset.Port{{Proto: "tcp", Port: 443, Process: "nginx"}, {Proto: "tcp", Port: 8080, Process: "java"}}}}, nil
		},
		Scope: func(context.Context) (*time.Location, []string, error) { return time.UTC, []string{"Farol"}, nil }})
	f.area = assets.New(assets.Config{Assets: service, Diagrams: diagram.New(diagram.Config{DB: db, Ledger: log, Clock: f.clock.Now, Assets: service}), Alone: people.Alone})
	f.Browser = screentest.New(t, f.area, f.clock.Now, f.eve)
	f.Label = map[string]string{f.ann.UserID: "Ann Long", f.bob.UserID: "Bob Short", f.eve.UserID: "Eve Wide"}
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func (f *fixture) does(p access.Principal, path, to string, pairs ...string) {
	f.t.Helper()
	f.Who = p
	if a := f.Post(path, form(pairs...)); a.Status != 303 || a.To != to {
		f.t.Fatalf("%s: %d to %q\n%s", path, a.Status, a.To, a.Text())
	}
	f.clock.Advance(time.Hour)
}

func (f *fixture) wrong(p access.Principal, path, words string, pairs ...string) {
	f.t.Helper()
	f.Who = p
	if a := f.Post(path, form(pairs...)); a.Status != 422 || !strings.Contains(a.Text(), words) {
		f.t.Errorf("%s: %d, want 422 with %q:\n%s", path, a.Status, words, a.Text())
	}
}

func TestScreens(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Says("/assets", "There are no assets yet", "CC6.1")
		f.Says("/flows", "No flow is declared yet")
		f.Says("/diagrams", "There is no diagram yet", "Nobody draws")
		since := f.clock.Now().AddDate(0, -2, 0)
		f.found = []asset.Found{{Origin: "hst_1", Kind: "host", Name: "web-1", Register: "the host page", Href: "/hosts/hst_1", Since: since, Facts: [][2]string{{"Kernel", "6.1"}}},
			{Origin: "hst_2", Kind: "host", Name: "db-1", Register: "the host page", Href: "/hosts/hst_2", Since: since, Silent: true}}
		f.Says("/assets", "2 assets are in use; of 2 something is not known", "web-1", "in use, silent", "owner, class, environment")
		f.Says("/assets/hst_1", "Kernel", "not typed here", "java listens", "lacks: owner, class, environment")

		// said of one, of many, by a file
		f.wrong(f.eve, "/assets/hst_1/describe", "one of public", "class", "secret")
		f.does(f.eve, "/assets/hst_1/describe", "/assets/A-1", "owner", "eve", "class", "confidential", "environment", "production", "zone", "edge", "system", "Farol")
		f.Says("/assets/A-1", "Eve Wide", "described anew")
		f.Says("/assets/many?gap=owner", "Say something of 1 asset")
		f.wrong(f.eve, "/assets/many?gap=owner", "Nothing is said", "asset", "hst_2")
		a := f.Post("/assets/many?gap=owner", form("asset", "hst_2", "owner", "ann", "class", "restricted", "environment", "production", "zone", "data"))
		if a.Status != 200 || !strings.Contains(a.Text(), "1 asset would be described anew") || !strings.Contains(a.Text(), "was: not said") || !strings.Contains(a.Text(), "Ann Long") {
			t.Fatalf("preview: %d\n%s", a.Status, a.Text())
		}
		if a := f.Get("/assets?gap=owner"); !strings.Contains(a.Text(), "db-1") {
			t.Error("a preview changed something")
		}
		f.does(f.eve, "/assets/many?gap=owner", "/assets?gap=owner", "asset", "hst_2", "owner", "ann", "class", "restricted", "environment", "production", "zone", "data", "seen", "yes")
		f.Says("/assets?gap=owner", "No asset matches", "Said of 1 asset")
		body := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nname,kind\nCustomers,party\n,media\n\r\n--b--\r\n"
		a = f.Do("POST", "/assets/import", "multipart/form-data; boundary=b", strings.NewReader(body))
		if !strings.Contains(a.Text(), "1 new, 0 described anew, 0 as they are, 1 wrong") {
			t.Errorf("a file: %s", a.Text())
		}
		f.does(f.eve, "/assets/import", "/assets", "text", "name,kind\nCustomers,party\n")
		f.wrong(f.eve, "/assets", "Customers already", "name", "customers", "kind", "party")
		f.does(f.eve, "/assets", "/assets/A-4", "name", "Tape 7", "kind", "media", "owner", "Operations", "class", "internal", "environment", "production")
		f.does(f.eve, "/assets/A-4/retire", "/assets/A-4", "on", "2026-03-01", "why", "worn out")
		f.wrong(f.eve, "/assets/A-4/dispose", "Say how it was disposed of", "on", "2026-03-01", "proof", "certificate")
		f.does(f.eve, "/assets/A-4/dispose", "/assets/A-4", "on", "2026-03-02", "method", "destroyed", "proof", "certificate 8")
		f.Says("/assets/A-4", "destroyed physically", "certificate 8")
		f.does(f.ann, "/assets/A-1/review", "/assets/A-1", "note", "against the invoice")
		rows := f.HoldsList(f.area.Lists[0], "/assets?state=in_use")
		if len(rows) != 2 {
			t.Errorf("the files hold %v", rows)
		}
		for _, bad := range []string{"/assets?state=golden", "/assets?gap=nothing", "/flows?about=nothing"} {
			if a := f.Get(bad); a.Status != 422 {
				t.Errorf("%s: %d", bad, a.Status)
			}
		}
		if found, err := f.area.Finds[0].Find(screen.NewRequest(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), f.ann, f.clock.Now(), time.UTC, f), "web"); err != nil || len(found) != 1 || found[0].Href != "/assets/A-1" {
			t.Errorf("found %v, %v", found, err)
		}

		// flows
		f.wrong(f.eve, "/flows", "what it is for", "from", "Customers", "to", "web-1", "protocol", "https", "port", "443")
		f.wrong(f.eve, "/flows", "no port", "from", "Customers", "to", "web-1", "protocol", "https", "port", "many")
		f.does(f.eve, "/flows", "/flows/DF-1", "from", "Customers", "to", "web-1", "protocol", "https", "port", "443", "data", "D-1", "encrypted", "no", "purpose", "orders come in")
		f.Says("/flows/DF-1", "crosses the boundary", "not encrypted", "it listens on port 443")
		f.does(f.eve, "/flows", "/flows/DF-2", "from", "web-1", "to", "db-1", "protocol", "postgres", "port", "5432", "data", "D-1, D-2", "encrypted", "yes", "how", "TLS", "purpose", "queries")
		f.does(f.eve, "/flows", "/flows/DF-3", "from", "Old box", "to", "zone:data", "protocol", "ssh", "purpose", "nobody knows")
		f.Says("/flows", "3 flows are declared; 2 cross the boundary without known encryption", "undeclared tcp 8080", "in no inventory")
		f.HoldsList(f.area.Lists[1], "/flows?about=crosses")

		// a diagram, its versions, and what is different
		f.wrong(f.eve, "/diagrams", "network or data_flow", "title", "Flows")
		f.does(f.eve, "/diagrams", "/diagrams/DG-1", "title", "Data flows", "kind", "data_flow")
		a = f.Says("/diagrams/DG-1", "No version is frozen yet", "crosses the boundary and is not encrypted", "D-2 Keys has no owner", "Old box stands in a flow and is in no inventory", "The same picture as tables")
		for _, want := range []string{`class="diagram`, "d-node d-bad", "d-flow d-bad", `href="/assets/A-1"`, "Boundary of the system"} {
			if !strings.Contains(a.Body, want) {
				t.Errorf("the picture lacks %s", want)
			}
		}
		if strings.Contains(a.Body, "<style") || strings.Contains(a.Body, " style=") {
			t.Error("the page has style of its own, which the site's policy refuses")
		}
		f.wrong(f.eve, "/diagrams/DG-1/pin", "Rows are", "key", "hst_1", "column", "2")
		f.does(f.eve, "/diagrams/DG-1/pin", "/diagrams/DG-1", "key", "hst_1", "column", "2", "row", "3")
		f.Says("/diagrams/DG-1", "web-1 (edge): column 2, row 3, pinned", "The node is pinned")
		f.does(f.eve, "/diagrams/DG-1/freeze", "/diagrams/DG-1", "note", "first one")
		f.Who = f.eve
		if a := f.Post("/diagrams/DG-1/approve", form("version", "1")); a.Status != 403 {
			t.Errorf("who may not approve got %d", a.Status)
		}
		f.does(f.ann, "/diagrams/DG-1/approve", "/diagrams/DG-1", "version", "1", "note", "walked through")
		f.Says("/diagrams/DG-1", "What is drawn is what was approved in version 1")
		f.does(f.eve, "/flows/DF-1/declare", "/flows/DF-1", "from", "Customers", "to", "web-1", "protocol", "https", "port", "443", "data", "D-1", "encrypted", "yes", "how", "TLS 1.3", "purpose", "orders come in")
		f.does(f.eve, "/flows/DF-3/end", "/flows/DF-3", "why", "box gone")
		f.Says("/diagrams/DG-1", "differs from version 1, which was approved: 4 differences")
		f.Says("/diagrams", "1 differs from what was approved", "4 differences")
		a = f.Says("/diagrams/DG-1/compare?from=1", "from version 1 to now", "changed", "removed", "Findings that came and went", "gone")
		for _, want := range []string{"d-changed", "d-removed"} {
			if !strings.Contains(a.Body, want) {
				t.Errorf("the picture of differences lacks %s", want)
			}
		}
		f.does(f.eve, "/diagrams/DG-1/freeze", "/diagrams/DG-1", "note", "encrypted now")
		f.Says("/diagrams/DG-1?version=1", "Digest", "crosses the boundary and is not encrypted")
		for _, path := range []string{"/diagrams/DG-1/picture", "/diagrams/DG-1/picture?version=1", "/diagrams/DG-1/picture?from=1&to=2"} {
			if a := f.Get(path); a.Status != 200 || a.Header.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") || !strings.HasPrefix(a.Body, "<svg") {
				t.Errorf("%s: %d %v", path, a.Status, a.Header)
			}
		}
		for path, status := range map[string]int{"/diagrams/DG-9": 404, "/diagrams/DG-1?version=9": 404, "/diagrams/DG-1?version=x": 422, "/assets/A-99": 404, "/flows/DF-99": 404} {
			if a := f.Get(path); a.Status != status {
				t.Errorf("%s: %d", path, a.Status)
			}
		}
	})
}
