package components_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/host"
	screens "github.com/attesta/attesta/internal/web/components"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/internal/web/ui"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// From nothing seen over a baseline that is looked at to one component that is asked
// about, refused and gone.
func TestComponentsByForms(t *testing.T) {
	db, ctx, dir := databasetest.SQLite(t), t.Context(), t.TempDir()
	now := clock.NewManual(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	log, err := ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
	must(t, err)
	t.Cleanup(func() { log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: log, Clock: now.Now})
	must(t, err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		must(t, err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	ann, eve := user("ann", access.ComplianceManager), user("eve", access.Viewer)
	standards, err := standard.New(standard.Config{DB: db, Ledger: log, Clock: now.Now})
	must(t, err)
	var s *component.Service
	hosts, err := host.New(host.Config{DB: db, Ledger: log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: log, Clock: now.Now}), Findings: finding.New(finding.Config{DB: db, Ledger: log, Clock: now.Now}), Clock: now.Now,
		Changed: func(ctx context.Context, tx *sql.Tx, news host.News) error { return s.Changed(ctx, tx, news) }})
	must(t, err)
	s = component.New(component.Config{DB: db, Ledger: log, Hosts: hosts, Clock: now.Now, Version: "test"})
	seq := int64(0)
	report := func(modules ...string) {
		t.Helper()
		loaded := map[string]facts.KernelModule{}
		for _, m := range modules {
			loaded[m] = facts.KernelModule{Name: m, UsedBy: []string{}}
		}
		values, err := json.Marshal(map[string]any{"loaded": loaded})
		must(t, err)
		sec, err := facts.NewSection("kernel_modules", json.RawMessage(values), nil)
		must(t, err)
		raw, err := json.Marshal(sec)
		must(t, err)
		seq++
		now.Advance(time.Minute)
		must(t, db.Tx(ctx, func(tx *sql.Tx) error {
			_, err := hosts.ReceiveFacts(ctx, tx, host.Batch{Source: "src_web", SourceName: "web-1", Stream: "a", Sequence: seq, ObservedAt: now.Now(), ReceivedAt: now.Now(), Digest: sec.Digest, Items: []json.RawMessage{raw}})
			return err
		}))
	}
	options := func(pairs ...string) func(context.Context) ([]ui.Option, error) {
		return func(context.Context) ([]ui.Option, error) {
			var out []ui.Option
			for i := 0; i < len(pairs); i += 2 {
				out = append(out, ui.Option{Value: pairs[i], Text: pairs[i+1]})
			}
			return out, nil
		}
	}
	area := screens.New(screens.Config{Components: s, Hosts: options("hst_1", "web-1"), People: options(ann.UserID, "ann"), Finding: func(context.Context, string) (string, error) { return "/findings?host=x", nil }})
	b := screentest.New(t, area, now.Now, ann)
	b.Says("/components", "No component is known yet", "CC7.1")
	report("ext4", "loop")
	b.Says("/components", "Nothing is judged: no baseline of components is approved yet", "2 components were seen", "not judged: no baseline is approved")

	// The preview changes nothing; what is wrong stands at its field.
	if a := b.Post("/components/learn", url.Values{"kind": {"module"}}); a.Status != 422 || !strings.Contains(a.Text(), "Choose a host that is as it should be") {
		t.Errorf("%d %s", a.Status, a.Text())
	}
	a := b.Post("/components/learn", url.Values{"kind": {"module"}, "from": {"2026-03-01"}})
	if a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	b.Says(a.To, "2 components would be approved", "Nothing is approved yet", "ext4", "loop")
	prop, err := s.Propose(ctx, ann, component.Learn{Kinds: []component.Kind{component.Module}, From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)})
	must(t, err)
	form := url.Values{"kind": {"module"}, "from": {"2026-03-01"}, "seen": {prop.Seen}, "owner": {"operations"}}
	if a := b.Post("/components/learn/approve", form); a.Status != 422 || !strings.Contains(a.Text(), "Say why it is needed") {
		t.Errorf("%d %s", a.Status, a.Text())
	}
	form.Set("reason", "the kernel of our image")
	if a := b.Post("/components/learn/approve", form); a.Status != 303 || a.To != "/components" {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	b.Says("/components", "Everything that is judged is approved or gone", "Nothing waits for a word")

	report("ext4", "loop", "evil")
	b.Says("/components", "1 component waits for somebody's word", "evil", "nobody approved it; it is on web-1")
	list, _, _, err := s.List(ctx, ann, component.Filter{Open: true}, "", 10)
	must(t, err)
	path := "/components/" + list[0].ID
	for _, page := range []string{path, "/components/learn"} { // a browser sends no form that lacks what it must have
		if m := regexp.MustCompile(`<input[^>]*type="date"[^>]*required`).FindString(b.Get(page).Body); m != "" {
			t.Errorf("%s: an approval for good, or a baseline from a host, has no day, and the form wants one: %s", page, m)
		}
	}
	b.Says(path, "evil", "Not approved", "Its findings", "Approve it", "Refuse it", "appeared")
	say := func(status int, want string, pairs ...string) {
		t.Helper()
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		if a := b.Post(path+"/say", v); a.Status != status || !strings.Contains(a.Text(), want) {
			t.Errorf("%v: %d %s", pairs, a.Status, a.Text())
		}
	}
	say(422, "Say who answers for it", "do", "approved", "reason", "a test")
	say(422, "is no day", "do", "approved", "owner", "x ray", "reason", "a test", "until", "soon")
	say(422, "has passed", "do", "approved", "owner", "x ray", "reason", "a test", "until", "2020-01-01")
	say(422, "Choose who is asked", "do", "asked", "reason", "Is it yours?", "to", "usr_x")
	say(422, "is nothing that is said", "do", "praised")
	say(303, "", "do", "asked", "reason", "Is it yours?", "to", ann.UserID)
	b.Says(path, "Answer the question", "Asked: Is it yours?")
	b.Says("/components?show=asked", "evil")
	say(303, "", "do", "answered", "reason", "No.")
	say(303, "", "do", "refused", "reason", "nobody knows it")
	b.Says(path, "refused: nobody knows it", "it is still on web-1")
	report("ext4", "loop")
	b.Says(path, "It is nowhere any more: web-1 had it last", "was gone", "It is on no host now")
	b.Says("/components?show=gone", "evil")
	for _, bad := range []string{"/components?show=golden", "/components?kind=golden", "/components/learn?preview=yes&from=x"} {
		if a := b.Get(bad); a.Status != 422 {
			t.Errorf("%s: %d", bad, a.Status)
		}
	}
	if a := b.Get("/components/cmp_none"); a.Status != 404 {
		t.Errorf("%d", a.Status)
	}
	b.Who = eve
	if text := b.Get(path).Text(); strings.Contains(text, "Approve it") {
		t.Error("who may only look is offered forms")
	}
	for _, p := range []string{path + "/say", "/components/learn", "/components/learn/approve"} {
		if a := b.Post(p, url.Values{"do": {"approved"}}); a.Status != 403 {
			t.Errorf("%s: %d", p, a.Status)
		}
	}
}
