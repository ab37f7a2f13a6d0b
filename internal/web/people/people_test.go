package people_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
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
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/people"
	area "github.com/attesta/attesta/internal/web/people"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/packs"
)

const secret = "look but do not touch"

// fixture is the screens of a firm with a directory and two people who keep it.
type fixture struct {
	*screentest.Browser
	t        *testing.T
	clock    *clock.Manual
	people   *people.Service
	area     screen.Area
	said     []people.Said // by the directory
	ann, bob access.Principal
}

func (f *fixture) Read(context.Context) ([]people.Said, []people.Problem, error) {
	return slices.Clone(f.said), nil, nil
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	dir, ctx := t.TempDir(), t.Context()
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: log, Clock: f.clock.Now})
	f.must(err)
	key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
	f.must(err)
	pack, err := packs.Open(packs.Checklists()[0])
	f.must(err)
	book, err := checklist.Load(pack)
	f.must(err)
	f.people, err = people.New(people.Config{DB: db, Ledger: log, Access: users, Key: key, Book: book, Clock: f.clock.Now, Connect: func(set people.Settings, word string) (people.Reader, error) {
		if word != secret {
			return nil, fault.New(fault.Unavailable, "the directory refused name or password").WithHint("see whether the password was changed")
		}
		return f, nil
	}})
	f.must(err)
	f.must(f.people.Start(ctx))
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Email: login + "@firm.example", Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob = user("ann", access.Administrator), user("bob", access.ComplianceManager)
	f.area = area.New(area.Config{People: f.people, Alone: users.Alone})
	f.Browser = screentest.New(t, f.area, f.clock.Now, f.ann)
	f.Label = map[string]string{f.ann.UserID: "Ann Long", f.bob.UserID: "Bob Short"}
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

// does sends a form as somebody and gives where it leads.
func (f *fixture) does(who access.Principal, path string, pairs ...string) string {
	f.t.Helper()
	f.Who = who
	a := f.Post(path, form(pairs...))
	if a.Status != 303 {
		f.t.Fatalf("POST %s: %d\n%s", path, a.Status, a.Text())
	}
	return a.To
}

// wrong sends a form that is refused and holds what its page says.
func (f *fixture) wrong(who access.Principal, path string, values url.Values, marks ...string) {
	f.t.Helper()
	f.Who = who
	a := f.Post(path, values)
	if a.Status != 422 {
		f.t.Fatalf("POST %s: %d to %q, want 422\n%s", path, a.Status, a.To, a.Text())
	}
	for _, m := range marks {
		if !strings.Contains(a.Body, m) {
			f.t.Errorf("POST %s does not answer %q:\n%s", path, m, a.Text())
		}
	}
}

func (f *fixture) person(key, name, login string, change ...func(*people.Fields)) {
	p := people.Fields{Name: name, Mail: login + "@firm.example", Logins: []string{login}, Kind: people.Employee, Start: "2024-01-08"}
	for _, c := range change {
		c(&p)
	}
	f.said = append(f.said, people.Said{Key: key, Fields: p})
}

// link gives the first address in a page that fits.
func (f *fixture) link(path, pattern string) string {
	f.t.Helper()
	m := regexp.MustCompile(`href="(` + pattern + `)"`).FindStringSubmatch(f.Get(path).Body)
	if m == nil {
		f.t.Fatalf("%s has no link like %s", path, pattern)
	}
	return m[1]
}

// of gives the page of somebody.
func (f *fixture) of(name string) string {
	f.t.Helper()
	return f.link("/people?state=all&q="+url.QueryEscape(name), `/people/per_[a-z0-9]+`)
}

func TestScreens(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Says("/people", "Nobody is in the register yet", "Connect a directory", "CC6.2")
		f.Says("/people/chart", "Nobody is in the register yet")
		f.Says("/checklists", "No checklist is open")
		f.Says("/people/unclear", "0 questions are open")

		// a directory is tried, wrong, and kept
		for i, name := range []string{"Maeve Doyle", "Cy Dow", "Nia Nash", "Ola Oak", "Pia Pine", "Quin Quay"} {
			f.person(string(rune('1'+i)), name, strings.ToLower(strings.Fields(name)[0]), func(p *people.Fields) {
				p.Team, p.Title = "Platform", "Engineer"
				if i > 0 {
					p.Manager = "1"
				}
			})
		}
		f.Says("/settings/people/new?kind=ldap", "Below which entry people stand", "Try it, keep nothing")
		source := []string{"kind", "ldap", "name", "Directory", "url", "ldaps://ldap.firm.example", "bind_dn", "cn=attesta", "secret", secret, "base", "ou=people", "first", "team", "attributes", "team = department"}
		bad := form(source...)
		bad.Set("secret", "guess")
		f.wrong(f.ann, "/settings/people", bad, "refused name or password", `value="ldaps://ldap.firm.example"`, `name="first" value="team" checked`)
		bad = form(source...)
		bad.Set("attributes", "department")
		f.wrong(f.ann, "/settings/people", bad, `id="source-attributes-problem"`, "Line 1 is not written")
		try := form(source...)
		try.Set("do", "try")
		if a := f.Post("/settings/people", try); a.Status != 200 || !strings.Contains(a.Text(), "It holds 6 people") || !strings.Contains(a.Text(), "maeve@firm.example") {
			t.Errorf("tried: %d\n%s", a.Status, a.Text())
		}
		if f.Get("/people").Text(); !strings.Contains(f.Get("/people").Text(), "Nobody is in the register yet") {
			t.Error("a trial keeps somebody")
		}
		at := f.does(f.ann, "/settings/people", source...)
		a := f.Says(at, "not yet", "ldaps://ldap.firm.example", "kept, sealed", "team = department")
		if strings.Contains(a.Body, secret) {
			t.Error("the password is shown")
		}
		if a := f.Post(at+"/look", form("do", "dry")); a.Status != 200 || !strings.Contains(a.Text(), "Nothing is stored yet") {
			t.Errorf("dry: %d %s", a.Status, a.Text())
		}
		f.does(f.bob, at+"/look")
		f.Says(at, "applied", "Bob Short")
		f.Says("/people", "6 people are here", "Maeve Doyle", "Engineer")
		f.wrong(f.ann, at+"/edit", form("name", "Directory", "url", "ldaps://elsewhere", "base", "ou=people"), "another server")

		// the list holds its columns, and finds
		rows := f.HoldsList(f.area.Lists[0], "/people?state=here")
		if len(rows) != 6 || !slices.Contains(rows[0], any("Cy Dow")) {
			t.Errorf("the files say %v", rows)
		}
		for _, path := range []string{"/people?state=golden", "/people?kind=wizard", "/people?due=never", "/people?sort=luck", "/checklists?list=x"} {
			if a := f.Get(path); a.Status != 422 {
				t.Errorf("%s: %d", path, a.Status)
			}
		}
		f.Says("/people?team=Platform&q=maeve", "Team: Platform", "1 of 1 shown")
		f.Says("/people?q=nothing", "Nobody matches")
		if found, err := f.area.Finds[0].Find(screen.NewRequest(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), f.ann, f.clock.Now(), time.UTC, f), "maeve"); err != nil || len(found) != 1 || found[0].Href != f.of("Maeve") {
			t.Errorf("found %v, %v", found, err)
		}

		// somebody comes, moves and goes
		f.clock.Advance(24 * time.Hour)
		f.person("7", "Rae Rowan", "rae", func(p *people.Fields) { p.Start, p.Title, p.Manager = "2026-03-03", "Engineer", "1" })
		f.does(f.bob, at+"/look")
		rae := f.of("Rae")
		f.Says(rae, "Joining", "Background check", "Maeve Doyle", "What each source says", "Came into the register, as Directory says")
		item := f.link("/checklists?list=joiner", `/checklists/pit_[a-z0-9]+`)
		f.HoldsList(f.area.Lists[1], "/checklists")
		f.Says(item, "Who made the check", "It is not applicable")
		f.wrong(f.bob, item+"/done", form("provider", "", "result", "clear"), `id="done-provider-problem"`)
		f.wrong(f.bob, item+"/not_applicable", form("reason", "no"), `id="not_applicable-reason-problem"`)
		f.does(f.bob, item+"/done", "provider", "Checkers", "result", "clear", "day", "2026-03-02")
		f.Says(item, "done", "Checkers", "Bob Short", "It is open again")
		f.Says(rae, "2026-03-02 · clear · Checkers", "Background check: done, clear")
		boxes := regexp.MustCompile(`name="item" value="(pit_[a-z0-9]+)"`).FindAllStringSubmatch(f.Get(rae).Body, -1)
		if len(boxes) < 2 {
			t.Fatalf("%d items can be ticked", len(boxes))
		}
		f.wrong(f.bob, rae+"/done", form("form", "done-joiner-1"), "Choose what was done")
		f.wrong(f.bob, rae+"/done", form("form", "done-joiner-1", "item", boxes[0][1], "day", "2027-01-01"), "has not come yet", `value="`+boxes[0][1]+`" checked`)
		f.does(f.bob, rae+"/done", "form", "done-joiner-1", "item", boxes[0][1], "item", boxes[1][1])
		f.Says(rae, "2 items are done")

		// records, by name of the field that is wrong
		f.wrong(f.bob, rae+"/record", form("kind", people.JobDescription), `id="record-link-problem"`)
		f.wrong(f.bob, rae+"/record", form("kind", people.Succession, "other", "nobody@firm.example"), `id="record-other-problem"`)
		f.does(f.bob, rae+"/record", "kind", people.Succession, "other", "cy@firm.example")
		f.does(f.bob, rae+"/record", "kind", people.Performance, "day", "2026-03-01", "link", "https://files.firm.example/12")
		f.Says(rae, "Who could follow", "Cy Dow", "Yearly talk held")

		// by hand
		f.wrong(f.bob, "/people", form("name", "Con Tract", "mail", "no address"), `id="add-mail-problem"`, `value="Con Tract"`)
		con := f.does(f.bob, "/people", "name", "Con Tract", "mail", "con@other.example", "kind", "contractor", "start", "2026-03-03", "end", "2026-03-20", "manager", "maeve@firm.example")
		f.Says(con, "Their last day is 2026-03-20", "Written here", "Leaving")
		f.Says(con+"/edit", "What is written here of Con Tract", `Write it`)
		if a := f.Get(con + "/edit"); !strings.Contains(a.Body, `value="maeve@firm.example"`) {
			t.Error("the manager is not shown as an address")
		}
		f.does(f.bob, con+"/change", "name", "Con Tract", "mail", "con@other.example", "kind", "contractor", "start", "2026-03-03", "team", "Platform")
		f.Says(con, "no longer needed")

		// the chart, a circle in it, and somebody's part
		f.Says("/people/chart", "8 people, 1 manager at the top", "The same as a table", "Rae Rowan Maeve Doyle Engineer")
		f.Says("/people/chart?of="+strings.TrimPrefix(f.of("Maeve"), "/people/"), "6 people below Maeve Doyle")
		f.does(f.bob, f.of("Maeve")+"/change", "manager", "cy@firm.example")
		f.Says("/people/chart", "Circular managers: ")
		if a := f.Get("/people/chart?of=per_x"); a.Status != 404 {
			t.Errorf("nobody's chart: %d", a.Status)
		}

		// many leave at once: it waits, is refused, and approved by somebody
		f.said = f.said[:1]
		held := f.does(f.ann, at+"/look")
		f.Says(held, "6 people would leave at once", "Nia Nash", "You brought it: somebody else approves it")
		f.Says("/people", "1 change of many waits")
		f.Who = f.bob
		f.Says(held, "Approve: 6 people leave")
		f.wrong(f.bob, held+"/refuse", form("why", ""), `id="refuse-why-problem"`)
		f.does(f.bob, held+"/refuse", "why", "the export was cut off")
		f.Says(at, "It is refused; nobody is changed", "refused")
		if a := f.Get(held); a.Status != 409 {
			t.Errorf("a reading that is decided: %d", a.Status)
		}
		held = f.does(f.ann, at+"/look")
		f.does(f.bob, held+"/approve")
		f.Says("/people?state=left", "Nia Nash", "none was found")
		f.Says(f.of("Nia"), "has left", "Leaving", "no account of theirs was seen")

		// rights
		for who, want := range map[*access.Principal]bool{&f.bob: true, {UserID: "usr_x", Role: access.Auditor}: false} {
			f.Who = *who
			if a = f.Says(rae, "Joining"); strings.Contains(a.Body, `class="gap-top" method="post"`) != want {
				t.Errorf("a %s gets forms: %t", who.Role, !want)
			}
		}
		f.Who = access.Principal{UserID: "usr_x", Role: access.Auditor}
		if a := f.Post(rae+"/record", form("kind", people.Performance)); a.Status != 403 {
			t.Errorf("an auditor keeps a record: %d", a.Status)
		}
		f.Who = f.bob
		if a := f.Post("/settings/people", form(source...)); a.Status != 403 {
			t.Errorf("who may not connects: %d", a.Status)
		}
		f.does(f.ann, "/settings/people/grace", "grace_hours", "8")
		f.wrong(f.ann, "/settings/people/grace", form("grace_hours", "soon"), `id="grace-grace_hours-problem"`)
		f.does(f.ann, at+"/remove")
		f.Says("/people", "here")
	})
}

// A file is looked at, in any of its encodings, before anything of it is kept;
// what may be one person is asked about.
func TestFileByForm(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		at := f.link("/settings/people", `/settings/people/psr_[a-z0-9]+`)
		for _, m := range regexp.MustCompile(`href="(/settings/people/psr_[a-z0-9]+)"[^>]*>\s*Personnel file`).FindAllStringSubmatch(f.Get("/settings/people").Body, -1) {
			at = m[1]
		}
		send := func(text string) screentest.Answer {
			body := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p.csv\"\r\n\r\n" + text + "\r\n--b--\r\n"
			return f.Do("POST", at+"/import", "multipart/form-data; boundary=b", strings.NewReader(body))
		}
		if a := send("Name;Abteilung\nJ\xfcrgen Gr\xfcn;IT\n"); a.Status != 422 || !strings.Contains(a.Body, `id="import-file-problem"`) || !strings.Contains(a.Text(), "identif") && !strings.Contains(a.Text(), "column") {
			t.Errorf("a missing column: %d\n%s", a.Status, a.Text())
		}
		a := send("ID;Name;Email;Abteilung\n1;J\xfcrgen Gr\xfcn;jg@firm.example;B\xfcro\n2;Juergen Gruen;other@firm.example;IT\n")
		for _, want := range []string{"Nothing is stored yet", "Jürgen Grün", "Latin-1", "Would be new", "looks like somebody who is there", "line 2"} {
			if !strings.Contains(a.Text(), want) {
				t.Errorf("the preview does not say %q:\n%s", want, a.Text())
			}
		}
		f.Says("/people", "Nobody is in the register yet")
		m := regexp.MustCompile(`name="looked" value="([^"]+)"`).FindStringSubmatch(a.Body)
		if m == nil {
			t.Fatal("the file does not come back")
		}
		f.does(f.bob, at+"/import", "looked", m[1])
		f.Says(at, "2 new, 0 changed, 0 left")
		f.Says("/people", "2 people are here", "Jürgen Grün", "Who is who: 1 question")
		a = f.Says("/people/unclear", "1 question is open", "Are one person")
		d := regexp.MustCompile(`name="(d-[^"]+)"`).FindStringSubmatch(a.Body)
		f.does(f.bob, "/people/unclear/doubts", d[1], "")
		f.Says("/people/unclear", "Nothing was decided", "1 question is open")
		f.does(f.bob, "/people/unclear/doubts", d[1], "same")
		f.Says("/people", "1 person is here")
		if a := f.Post(at+"/import", form("looked", "not base64!")); a.Status != 422 {
			t.Errorf("a file that did not come back whole: %d", a.Status)
		}
		if a := send(""); a.Status != 422 {
			t.Errorf("an empty file: %d", a.Status)
		}
	})
}
