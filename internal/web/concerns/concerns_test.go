package concerns_test

import (
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
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/program/concern"
	"github.com/attesta/attesta/internal/web/concerns"
	"github.com/attesta/attesta/internal/web/screen/screentest"
)

var letters = regexp.MustCompile(`[A-Z2-7]{5}(-[A-Z2-7]{5}){4}`)

// A concern by forms: sent, followed by its code, read by those whom it does not
// exclude, answered and closed.
func TestConcern(t *testing.T) {
	now := clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	db, dir, ctx := databasetest.SQLite(t), t.TempDir(), t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
	must(err)
	t.Cleanup(func() { log.Close() })
	people, err := access.New(access.Config{DB: db, Ledger: log, Clock: now.Now})
	must(err)
	key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
	must(err)
	s := concern.New(concern.Config{DB: db, Ledger: log, Access: people, Key: key, Clock: now.Now})
	user := func(login string, role access.Role) access.Principal {
		u, err := people.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	bob, ann, vic, eve := user("bob", access.Administrator), user("ann", access.ComplianceManager), user("vic", access.Viewer), user("eve", access.Training)
	b := screentest.New(t, concerns.New(concerns.Config{Concerns: s}), now.Now, eve)
	b.Label = map[string]string{ann.UserID: "Ann Long", vic.UserID: "Vic Low"}
	form := func(pairs ...string) url.Values {
		v := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return v
	}
	page := func(what string, a screentest.Answer, status int, marks ...string) {
		t.Helper()
		if a.Status != status {
			t.Errorf("%s answers %d, not %d: %s", what, a.Status, status, a.Text())
		}
		for _, m := range marks {
			if !strings.Contains(a.Text(), m) {
				t.Errorf("%s does not say %q:\n%s", what, m, a.Text())
			}
		}
	}
	page("a form without recipients", b.Get("/concerns"), 200, "Nobody receives concerns yet")
	page("recipients for an employee", b.Get("/concerns/recipients"), 403)
	b.Who = bob
	page("no recipients", b.Post("/concerns/recipients", form("months", "24")), 422, "Nobody would receive concerns")
	page("recipients", b.Post("/concerns/recipients", form("months", "24", "recipients", ann.UserID, "recipients", vic.UserID)), 303)
	b.Who = eve
	page("the form", b.Get("/concerns"), 200, "Ann Long", "Vic Low", "Who must not read it?")
	page("a report without a topic", b.Post("/concerns", form("text", "Approvals are dated back each quarter.")), 422, "Say what it is about")
	sent := b.Post("/concerns", form("topic", "rules", "text", "Approvals are dated back each quarter.", "exclude", vic.UserID))
	page("a report", sent, 200, "Write the code down now")
	code := letters.FindString(sent.Text())
	if code == "" || sent.Header.Get("Set-Cookie") != "" || sent.To != "" {
		t.Fatalf("the code %q, the headers %v", code, sent.Header)
	}
	page("a wrong code", b.Post("/concerns/follow", form("code", "AAAAA")), 422, "No concern has this code")
	page("the code", b.Post("/concerns/follow", form("code", strings.ToLower(code))), 200, "Approvals are dated back", "Nobody has answered yet")
	page("what is added", b.Post("/concerns/follow", form("code", code, "text", "Each quarter since May.")), 200, "Each quarter since May.")
	page("received, for an employee", b.Get("/concerns/received"), 403)
	b.Who = ann
	page("received on the same day", b.Get("/concerns/received"), 200, "No concern is addressed to you")
	now.Advance(24 * time.Hour)
	must(s.Turn(ctx))
	list := b.Get("/concerns/received")
	page("received", list, 200, "1 concern is not closed", "an answer by 10 Mar 2026", "something was added")
	path := regexp.MustCompile(`/concerns/received/con_[a-z2-7]+`).FindString(list.Body)
	page("a concern", b.Get(path), 200, "Approvals are dated back", "whoever reported it", "Ann Long")
	b.Who = vic
	page("received by whom it excludes", b.Get("/concerns/received"), 200, "No concern is addressed to you")
	page("a concern that excludes one", b.Get(path), 404)
	b.Who = ann
	page("closed too early", b.Post(path+"/close", form("outcome", "confirmed", "text", "It was as you said, and is ended.")), 422)
	page("taken", b.Post(path+"/take", form()), 303)
	page("answered", b.Post(path+"/write", form("text", "Which team was it?")), 303)
	page("noted", b.Post(path+"/note", form("text", "Ask for the log.")), 303)
	page("handed to nobody", b.Post(path+"/hand", form("to", "eve")), 422, "Say who may read it")
	page("closed", b.Post(path+"/close", form("outcome", "confirmed", "text", "It was as you said, and is ended.")), 303)
	b.Who = eve
	follow := b.Post("/concerns/follow", form("code", code))
	page("the end", follow, 200, "Which team was it?", "It was as you said", "Confirmed, and acted on", "a recipient")
	if strings.Contains(follow.Text(), "Ask for the log") || strings.Contains(follow.Text(), "Ann Long") {
		t.Error("whoever reported it reads a note, or a recipient's name")
	}
}
