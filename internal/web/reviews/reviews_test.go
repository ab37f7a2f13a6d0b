package reviews_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/review"
	"github.com/attesta/attesta/internal/web/reviews"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
)

// fixture is the screens of a firm with three people, a host and a list.
type fixture struct {
	*screentest.Browser
	t             *testing.T
	clock         *clock.Manual
	area          screen.Area
	parts         []review.Part
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
	user := func(login, name string, role access.Role) access.Principal {
		u, err := people.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: name, Email: login + "@firm.example", Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: name, Role: role}
	}
	f.ann, f.bob, f.eve = user("ann", "Ann Long", access.ComplianceManager), user("bob", "Bob Short", access.Contributor), user("eve", "Eve Wide", access.Contributor)
	f.parts = []review.Part{
		{Place: "hst_1", Part: "accounts", Kind: review.Host, Name: "web-1", Digest: "d", From: f.clock.Now(), Until: f.clock.Now(), LeftOut: 30, Grants: []review.Grant{{Account: "root", Role: "log in", Privileged: true, System: true}, {Account: "bob", Role: "log in"}}},
		{Place: "hst_1", Part: "sudo", Kind: review.Host, Name: "web-1", Why: "needs root"},
	}
	service := review.NewService(review.Config{DB: db, Ledger: log, Clock: f.clock.Now, Access: people, Parts: func(context.Context) ([]review.Part, error) { return f.parts, nil }})
	f.area = reviews.New(reviews.Config{Reviews: service, Access: people})
	f.Browser = screentest.New(t, f.area, f.clock.Now, f.ann)
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

// does sends a form as somebody and holds where it leads.
func (f *fixture) does(who access.Principal, path, to string, pairs ...string) {
	f.t.Helper()
	f.Who = who
	if a := f.Post(path, form(pairs...)); a.Status != 303 || a.To != to {
		f.t.Fatalf("POST %s: %d to %q, want %q\n%s", path, a.Status, a.To, to, a.Text())
	}
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

// brings sends a list of accounts.
func (f *fixture) brings(system, taken, file string) screentest.Answer {
	f.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, x := range [][2]string{{"system", system}, {"taken", taken}, {"owner", f.eve.UserID}} {
		f.must(w.WriteField(x[0], x[1]))
	}
	part, err := w.CreateFormFile("file", "list.csv")
	f.must(err)
	_, err = part.Write([]byte(file))
	f.must(err)
	f.must(w.Close())
	f.Who = f.ann
	return f.Do("POST", "/access-reviews/lists", w.FormDataContentType(), &b)
}

func TestReviewByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Says("/access-reviews", "There was no access review yet", "CC6.2", "Begin a review")
		f.Says("/access-reviews/items", "There was no access review yet")
		f.Says("/access-reviews/revocations", "Nothing was revoked yet")
		f.Says("/access-reviews/duties", "No rule is written yet", "What somebody could do with both")
		f.Says("/access-reviews/lists", "No list was brought yet")

		// A list with a wrong line stores nothing and says where it is.
		if a := f.brings("Bank", "", "account,role,status\nbob,pay,perhaps\n"); a.Status != 422 || !strings.Contains(a.Text(), "line 2, column status") || !strings.Contains(a.Body, `value="Bank"`) {
			t.Errorf("a wrong list: %d\n%s", a.Status, a.Text())
		}
		if a := f.brings("Bank", "2026-03-01 10:00", "account,mail,role,last login\nb.short,bob@firm.example,pay,2025-06-01\nb.short,bob@firm.example,approve,2026-02-20\n"); a.Status != 303 {
			t.Fatalf("a list: %d\n%s", a.Status, a.Text())
		}
		f.Says("/access-reviews/lists", "Bank", "counts", "Eve Wide")
		f.wrong(f.ann, "/access-reviews/duties", form("title", "Pay and approve", "a_system", "Bank", "a_role", "pay", "b_system", "Bank", "b_role", "pay", "why", "They could pay themselves."), "Both sides are the same")
		f.does(f.ann, "/access-reviews/duties", "/access-reviews/duties", "title", "Pay and approve", "a_system", "Bank", "a_role", "pay", "b_system", "Bank", "b_role", "approve", "why", "They could pay themselves.")

		f.Says("/access-reviews/new", "Hosts: 2 sources, 1 not observed", "The holder's manager")
		asked := []string{"title", "First quarter", "kinds", "host", "kinds", "list", "from", "2026-01-01", "to", "2026-03-31", "due", "2026-03-20", "reviewers", "owner", "reviewer", f.ann.UserID, "revoke_days", "5"}
		bad := form(asked...)
		bad.Set("due", "2026-01-01")
		f.wrong(f.ann, "/access-reviews", bad, `id="review-due-problem"`, `value="host" checked`)
		f.Who = f.ann
		if a := f.Post("/access-reviews", form(asked...)); a.Status != 200 || !strings.Contains(a.Text(), "4 items would be frozen") || !strings.Contains(a.Text(), "needs root") || !strings.Contains(a.Body, "Begin with 4 items") {
			t.Fatalf("a draft: %d\n%s", a.Status, a.Text())
		}
		f.does(f.ann, "/access-reviews", "/access-reviews/AR-1", append(asked, "sure", "yes")...)
		f.Says("/access-reviews", "1 access review runs", "First quarter", "0 of 4 decided", "1 of 3")
		f.Says("/access-reviews/AR-1", "Next, the reviewers decide on 4 items", "Who has still to decide", "Eve Wide", "not observed", "needs root", "nothing to compare it with")
		f.Says("/access-reviews/items", "4 items are undecided", "conflicting duties", "not used", "Bob Short")
		if a := f.Get("/access-reviews/items"); !strings.Contains(a.Body, `name="item" value="ari_`) {
			t.Error("no line can be marked")
		}
		f.Says("/access-reviews/items?flag=duties&q=pay", "Pay and approve: with approve")
		f.Says("/access-reviews/items?state=keep", "No item matches")
		if a := f.Get("/access-reviews/items?flag=tall"); a.Status == 200 {
			t.Errorf("a flag that is none: %d", a.Status)
		}
		for _, l := range f.area.Lists {
			if l.Name == "access-review-items" {
				f.HoldsList(l, "/access-reviews/items")
				ids, err := l.IDs(screen.NewRequest(httpGet(t, "/access-reviews/items?state=undecided"), f.ann, f.clock.Now(), time.UTC, nil), 500)
				if err != nil || len(ids) != 4 {
					t.Errorf("ids %v, %v", ids, err)
				}
			}
		}

		// items 1, 2: root and bob on web-1; 3, 4: approve and pay on Bank.
		f.Who = f.bob
		f.Says("/access-reviews/items/AR-1.4", "It is your own access, or you granted it: somebody else decides.")
		if a := f.Post("/access-reviews/items/AR-1.4/decide", form("decision", "keep", "reason", "I need it")); a.Status == 303 {
			t.Errorf("somebody decided on their own access: %d", a.Status)
		}
		f.wrong(f.eve, "/access-reviews/items/AR-1.4/decide", form("decision", "keep"), "why it stays although it is flagged")
		f.wrong(f.eve, "/access-reviews/items/AR-1.4/decide", form("decision", ""), "is no decision on access", `id="decide-decision-problem"`)
		f.does(f.eve, "/access-reviews/items/AR-1.4/decide", "/access-reviews/items/AR-1.4", "decision", "revoke", "reason", "approves only")
		f.does(f.eve, "/access-reviews/items/AR-1.3/decide", "/access-reviews/items/AR-1.3", "decision", "keep", "reason", "pays no longer")
		f.does(f.ann, "/access-reviews/items/AR-1.1/refer", "/access-reviews/items/AR-1.1", "request", "CH-12")
		f.Says("/access-reviews/items/AR-1.1", "Granted by the request CH-12")
		if a := f.Get("/access-reviews/items/AR-1.1"); !strings.Contains(a.Body, `href="/changes/CH-12"`) {
			t.Error("the request leads nowhere")
		}
		f.does(f.ann, "/access-reviews/items/AR-1.1/assign", "/access-reviews/items/AR-1.1", "owner", f.eve.UserID)
		f.does(f.eve, "/access-reviews/items/AR-1.1/decide", "/access-reviews/items/AR-1.1", "decision", "keep", "reason", "break glass")
		f.does(f.ann, "/access-reviews/items/AR-1.2/decide", "/access-reviews/items/AR-1.2", "decision", "keep", "reason", "sealed, for emergencies")
		f.does(f.ann, "/access-reviews/items/AR-1.2/withdraw", "/access-reviews/items/AR-1.2")
		f.wrong(f.ann, "/access-reviews/AR-1/close", form(), "1 are not decided")
		f.does(f.ann, "/access-reviews/items/AR-1.2/decide", "/access-reviews/items/AR-1.2", "decision", "keep", "reason", "sealed, for emergencies")
		f.Says("/access-reviews/AR-1", "Everything is decided. Next, close it")

		// What was revoked is open until a list that was taken later.
		f.Says("/access-reviews/revocations", "1 revocation is not proved yet", "not looked at again yet", "b.short")
		f.clock.Advance(6 * 24 * time.Hour)
		f.does(f.ann, "/access-reviews/revocations", "/access-reviews/revocations")
		f.Says("/access-reviews/revocations?state=late", "no list of the system was taken since", "not looked at again, late")
		f.does(f.ann, "/access-reviews/AR-1/close", "/access-reviews/AR-1", "note", "with all owners")
		f.Says("/access-reviews/AR-1", "1 revocation stays open", "SHA-256 of the decisions", "with all owners")
		if a := f.brings("Bank", "", "account,role\nb.short,approve\n"); a.Status != 303 {
			t.Fatalf("a later list: %d\n%s", a.Status, a.Text())
		}
		f.Says("/access-reviews/revocations", "0 revocations are not proved yet", "gone, late")
		f.Says("/access-reviews/items/AR-1.4", "Until it is gone", "It was not there on", "fail", "gone on")
		for _, l := range f.area.Lists {
			if l.Name == "access-revocations" {
				f.HoldsList(l, "/access-reviews/revocations")
			}
		}
		f.Who = access.Principal{UserID: "usr_x", Role: access.Viewer}
		if a := f.Get("/access-reviews/AR-1"); a.Status != 200 || strings.Contains(a.Body, "Abandon") {
			t.Errorf("a viewer: %d", a.Status)
		}
	})
}

func httpGet(t *testing.T, path string) *http.Request {
	t.Helper()
	return httptest.NewRequest(http.MethodGet, path, nil)
}
