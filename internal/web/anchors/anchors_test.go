package anchors

import (
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"database/sql"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/anchor"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/proof/stamp/stamptest"
	"github.com/attesta/attesta/internal/web/screen/screentest"
)

func TestScreens(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, dir, now := databasetest.SQLite(t), t.TempDir(), clock.NewManual(time.Now().Truncate(time.Second))
	log, err := ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "ledger.key"), Clock: now.Now})
	must(err)
	defer log.Close()
	must(db.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := log.Append(t.Context(), tx, ledger.Entry{Stream: "system", Type: "test.written", Actor: "system", Subject: "x"})
		return err
	}))
	must(log.Publish(t.Context()))
	key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
	must(err)
	runner, err := jobs.New(t.Context(), jobs.Config{DB: db, Logger: slog.New(slog.DiscardHandler)})
	must(err)
	dialer, err := dial.New(dial.Config{Allow: []string{"127.0.0.1"}})
	must(err)
	service, err := anchor.New(anchor.Config{DB: db, Ledger: log, Key: key, Jobs: runner, Dialer: dialer, Data: dir, Clock: now.Now, Logger: slog.New(slog.DiscardHandler)})
	must(err)
	tsa := stamptest.New(t, "ec")
	admin := access.Principal{UserID: "usr_00000000000000000000000adm", SessionID: "ses_1", Role: access.Administrator, Via: access.ViaPassword}
	b := screentest.New(t, New(Config{Anchors: service, Command: func(w string) string { return "attesta " + w }}), now.Now, admin)
	says := func(page, want string) {
		t.Helper()
		if a := b.Get(page); a.Status != http.StatusOK || !strings.Contains(a.Text(), want) {
			t.Errorf("%s: %d does not say %q:\n%s", page, a.Status, want, a.Text())
		}
	}
	says(path, "Nobody holds a checkpoint yet")
	good := url.Values{"kind": {"rfc3161"}, "name": {"TSA <one>"}, "address": {tsa.URL + "/?key=secret"}, "trust": {tsa.Root}, "hours": {"24"}}
	for field, bad := range map[string][2]string{"name": {" ", "has a name of 1 to 80"}, "address": {"ftp://x", "begins with https"}, "trust": {"x y z", "no list of certificates"}, "hours": {"0", "no time between"}, "kind": {"fax", "no kind of an anchor"}} {
		form := url.Values{}
		for k, v := range good {
			form[k] = v
		}
		form.Set(field, bad[0])
		a := b.Post(path, form)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), bad[1]) || !strings.Contains(a.Body, `id="a-`+field+`-problem"`) || field != "name" && !strings.Contains(a.Body, "TSA &lt;one&gt;") {
			t.Errorf("%s: %d\n%s", field, a.Status, a.Text())
		}
	}
	a := b.Post(path, good)
	if a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	one := a.To
	says(one, "The first is handed to it within half a minute")
	if a := b.Post(one, url.Values{"do": {"test"}}); a.To != one {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	says(one, "that it saw it")
	says(path, "1 holder outside signs for the ledger")
	if rows := b.HoldsList(New(Config{Anchors: service, Command: func(w string) string { return w }}).Lists[0], path); len(rows) != 1 {
		t.Errorf("%v", rows)
	}
	says(path+"?kind=witness", "No anchor matches.")
	page := b.Get(one)
	for _, secret := range []string{"secret"} {
		if strings.Contains(page.Body, secret) {
			t.Errorf("the page shows %s", secret)
		}
	}
	_, held, err := service.Get(t.Context(), admin, filepath.Base(one), "", 1)
	must(err)
	for file, want := range map[string]string{"checkpoint": held[0].Note, "token.tst": string(held[0].Proof)} {
		if a := b.Get(one + "/" + held[0].ID + "/" + file); a.Status != http.StatusOK || a.Body != want {
			t.Errorf("%s: %d", file, a.Status)
		}
	}
	if a := b.Get(one + "/" + held[0].ID + "/cosigned"); a.Status != http.StatusNotFound {
		t.Errorf("%d", a.Status)
	}
	tsa.Broken.Store(true)
	if a := b.Post(one, url.Values{"do": {"test"}}); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "answered 500") {
		t.Errorf("%d %s", a.Status, a.Text())
	}
	says(path, "TSA <one> fails since")
	for _, bad := range []string{path + "?kind=fax"} {
		if a := b.Get(bad); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", bad, a.Status)
		}
	}
	if a := b.Post(one, url.Values{"do": {"dance"}}); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("%d", a.Status)
	}
	b.Who.Role = access.ComplianceManager
	if a := b.Post(one, url.Values{"do": {"remove"}}); a.Status != http.StatusForbidden {
		t.Errorf("%d", a.Status)
	}
	if strings.Contains(b.Get(path).Body, "Add it") {
		t.Error("who may not add one is offered to")
	}
	b.Who.Role = access.Administrator
	if a := b.Post(one, url.Values{"do": {"remove"}}); a.To != path {
		t.Errorf("%d %s", a.Status, a.Text())
	}
	if a := b.Get(one); a.Status != http.StatusNotFound {
		t.Errorf("%d", a.Status)
	}
}
