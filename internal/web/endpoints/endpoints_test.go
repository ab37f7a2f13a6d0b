package endpoints_test

import (
	"context"
	"encoding/base64"
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
	"github.com/attesta/attesta/internal/operations/endpoint"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/roster"
	"github.com/attesta/attesta/internal/web/endpoints"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/packs"
)

// A list from nothing to a leaver's laptop on the screen, by forms alone.
func TestListByForms(t *testing.T) {
	db, ctx, dir := databasetest.SQLite(t), t.Context(), t.TempDir()
	c := clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: c.Now})
	must(err)
	defer log.Close()
	standards, err := standard.New(standard.Config{DB: db, Ledger: log, Clock: c.Now})
	must(err)
	pack, err := packs.OpenStandard("endpoints")
	must(err)
	_, err = standards.Install(ctx, access.System(), pack)
	must(err)
	hosts, err := host.New(host.Config{DB: db, Ledger: log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: log, Clock: c.Now}), Findings: finding.New(finding.Config{DB: db, Ledger: log, Clock: c.Now}), Clock: c.Now})
	must(err)
	reg := &roster.Register{People: map[string]*roster.Person{"per_ann": {ID: "per_ann", State: roster.Here, Fields: roster.Fields{Name: "Ann Lee", Mail: "ann@example.test"}},
		"per_bob": {ID: "per_bob", State: roster.Left, LeftAt: c.Now().AddDate(0, 0, -10), Fields: roster.Fields{Name: "Bob Ray", Mail: "bob@example.test"}}}}
	svc := endpoint.New(endpoint.Config{DB: db, Ledger: log, Hosts: hosts, Clock: c.Now, Who: func(context.Context) (*roster.Owners, error) { return reg.Owners(), nil }})
	area := endpoints.New(endpoints.Config{Endpoints: svc})
	b := screentest.New(t, area, c.Now, access.Principal{UserID: "usr_1", Name: "ann", Role: access.Administrator})
	see := func(path string, want ...string) string {
		t.Helper()
		a := b.Get(path)
		if a.Status != 200 {
			t.Fatalf("%s: %d %s", path, a.Status, a.Body)
		}
		for _, w := range want {
			if !strings.Contains(a.Text(), w) && !strings.Contains(a.Body, w) {
				t.Errorf("%s does not say %q: %s", path, w, a.Text())
			}
		}
		return a.Body
	}
	send := func(path string, status int, want string, pairs ...string) {
		t.Helper()
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		if a := b.Post(path, v); a.Status != status || !strings.Contains(a.To+a.Text(), want) {
			t.Errorf("%s: %d to %q, want %d and %q in %s", path, a.Status, a.To, status, want, a.Text())
		}
	}
	see("/endpoints", "No device is known yet", "Add a device management")
	see("/device-managements", "Say what manages your laptops")
	send("/device-managements/new", 422, "what it is called", "product", "jamf", "list_days", "7", "seen_days", "14")
	send("/device-managements/new", 422, "no number of days", "name", "Jamf", "product", "jamf", "list_days", "often", "seen_days", "14")
	send("/device-managements/new", 303, "/device-managements/DM-1/import", "name", "Jamf", "product", "jamf", "list_days", "7", "seen_days", "14")
	see("/device-managements/DM-1/import", "advanced search")
	csv := "Computer Name,Serial Number,OS Version,Email Address,FileVault Status,Krypto,Last Check-in\nlap-1,S1,15.3.1,ann@example.test,Encrypted,ja,2026-03-01\nlap-2,S2,12.7,bob@example.test,Not Encrypted,nein,2026-03-01\nlap-3,S3,15.3,,Pending,,2026-01-01\n,,15,,,,\n"
	content := base64.StdEncoding.EncodeToString([]byte(csv))
	send("/device-managements/DM-1/import", 422, "which device", "content", base64.StdEncoding.EncodeToString([]byte("a,b\n1,2\n")), "do", "look")
	send("/device-managements/DM-1/import", 200, "3 devices: 3 new, 0 gone, 1 line refused", "content", content, "do", "look")
	send("/device-managements/DM-1/import", 200, "found: Krypto", "content", content, "do", "look", "column-encrypted", "Krypto")
	see("/endpoints", "No device is known yet")
	send("/device-managements/DM-1/import", 303, "/endpoints?management=DM-1", "content", content, "name", "list.csv", "whole", "yes")
	must(svc.Turn(ctx))
	see("/endpoints", "2 devices ask for something", "Bob Ray", "left 20 Feb", "too long ago")
	see("/endpoints?only=left", "lap-2")
	if body := see("/endpoints?only=unencrypted", "lap-2"); strings.Contains(body, "lap-1") {
		t.Error("an encrypted device is among those that are not")
	}
	id := regexp.MustCompile(`/endpoints/([0-9a-f]{20})`).FindStringSubmatch(see("/endpoints?q=lap-3", "unclear"))
	if id == nil {
		t.Fatal("a device has no page")
	}
	see("/endpoints/"+id[1], "the list says &#34;Pending&#34;", "The list names nobody", "Outcomes of its checks")
	send("/endpoints/"+id[1]+"/say", 422, "has no", "person", "per_none")
	send("/endpoints/"+id[1]+"/say", 303, "/endpoints/"+id[1], "shared", "screen in the entrance")
	see("/endpoints/"+id[1], "It is no one person's")
	send("/device-managements/DM-1/change", 303, "/device-managements/DM-1", "name", "Jamf Pro", "product", "jamf", "list_days", "3", "seen_days", "90")
	see("/device-managements/DM-1", "list.csv", "Jamf Pro", "every 3 days", "settings changed")
	c.Advance(4 * 24 * time.Hour)
	see("/device-managements/DM-1", "are not observed until a new one is brought")
	see("/endpoints?only=silent", "lap-1")
	send("/device-managements/DM-1/end", 422, "why", "note", "")
	send("/device-managements/DM-1/end", 303, "/device-managements/DM-1", "note", "we moved to another one")
	see("/endpoints", "No device is known yet")
}
