package changes_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/connectors/forge"
	"github.com/attesta/attesta/internal/connectors/git"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/program/separation"
	"github.com/attesta/attesta/internal/web/changes"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/internal/web/ui"
)

func list(t *testing.T, a screen.Area, name string) screen.List {
	t.Helper()
	for _, l := range a.Lists {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("there is no list %s", name)
	return screen.List{}
}

// From no repository to a direct push that is an emergency, reviewed by another
// person; work by hand; a standard change; the frozen populations.
func TestChangeScreens(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("NOT RUN: needs Debian's package git")
	}
	ctx, dir := context.Background(), t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	db := databasetest.SQLite(t)
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
	must(err)
	t.Cleanup(func() { log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: log, Clock: now.Now})
	must(err)
	key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
	must(err)
	files, err := blobs.Open(filepath.Join(dir, "blobs"))
	must(err)
	service := change.New(change.Config{DB: db, Ledger: log, Sealed: key, Clock: now.Now, Read: git.Read, Understand: forge.Understand,
		Observed: func(context.Context, time.Time, time.Time, int64) ([]landing.Observed, error) { return nil, nil }})
	populations, err := population.New(population.Config{DB: db, Ledger: log, Blobs: files, Clock: now.Now}, service.PopulationSource(), service.DeploymentSource())
	must(err)
	person := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: strings.ToUpper(login[:1]) + login[1:], Email: login + "@example.org", Role: role})
		must(err)
		return access.Principal{UserID: u.ID, Name: u.Name, Role: role, SessionID: "ses_" + login, At: now.Now()}
	}
	ann, bob := person("ann", access.ComplianceManager), person("bob", access.Administrator)
	area := changes.New(changes.Config{Changes: service, Separation: func(context.Context, access.Principal) ([]separation.Statement, error) {
		return separation.Judge(separation.Input{Production: []string{"production"}, Hosts: []separation.Host{{ID: "hst_1", Name: "<i>web</i>"}}}), nil
	}, Populations: populations, PublicURL: "https://attesta.example.org", Alone: users.Alone, Users: func(context.Context) ([]ui.Option, error) {
		return []ui.Option{{Value: ann.UserID, Text: "Ann"}, {Value: bob.UserID, Text: "Bob"}}, nil
	}})
	b := screentest.New(t, area, now.Now, ann)
	b.Says("/changes", "No change is known yet", "Follow a repository")
	b.Says("/settings/repositories", "No repository is followed", "Follow a repository")
	b.Says("/changes/standard", "No repository is followed yet")
	b.Says("/changes/deployments", "No deployment is known yet")
	b.Says("/changes/environments", "Every host belongs to an environment", "Of 1 host nobody says", "<i>web</i>", "There is no inventory of data", "bring evidence of the control")
	b.Says("/changes/reconciliation", "Nothing landed, was deployed or was seen to change")

	repo := filepath.Join(dir, "billing")
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.org", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.org",
			"GIT_AUTHOR_DATE=2026-03-02T08:00:00Z", "GIT_COMMITTER_DATE=2026-03-02T08:00:00Z")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	run("init", "-q", "-b", "main", repo)
	run("-C", repo, "commit", "-q", "--allow-empty", "-m", "BIL-1 Pushed <b>directly</b>")
	head := run("-C", repo, "rev-parse", "HEAD")

	form := url.Values{"slug": {"billing"}, "title": {"Billing"}, "path": {"relative"}, "branch": {"main"}, "since": {"2026-03-01"}, "forge": {"github"}, "project": {"acme/billing"}}
	if a := b.Post("/settings/repositories", form); a.Status != 422 || !strings.Contains(a.Text(), "absolute path") || !strings.Contains(a.Body, "relative") {
		t.Errorf("a wrong directory: %d %s", a.Status, a.Text())
	}
	form.Set("path", repo)
	a := b.Post("/settings/repositories", form)
	if a.Status != 200 || !strings.Contains(a.Text(), "https://attesta.example.org/hooks/billing") || !strings.Contains(a.Text(), "not shown again") {
		t.Fatalf("a repository: %d %s", a.Status, a.Text())
	}
	if a := b.Get("/settings/repositories/billing"); strings.Contains(a.Text(), "not shown again") || !strings.Contains(a.Text(), "was shown once") {
		t.Errorf("the secret is shown again: %s", a.Text())
	}
	if a := b.Post("/settings/repositories/billing", url.Values{"do": {"read"}}); a.To != "/settings/repositories/billing" {
		t.Fatalf("reading: %d %s", a.Status, a.Text())
	}
	if rows := b.HoldsList(list(t, area, "changes"), "/changes"); len(rows) != 1 {
		t.Errorf("the files have %v", rows)
	}
	b.Says("/changes?attribute=route:fail", "CH-1 BIL-1 Pushed <b>directly</b>", "direct push")
	b.Says("/changes?attribute=tested:fail", "No change fits")
	b.Says("/changes/CH-1", "Pushed directly to main by Ann", "Requested", "BIL-1", head)

	// An emergency: its author does not review it.
	if a := b.Post("/changes/CH-1", url.Values{"do": {"emergency"}, "text": {"short"}}); a.Status != 422 || !strings.Contains(a.Body, "short") {
		t.Errorf("an emergency without a reason: %d", a.Status)
	}
	if a := b.Post("/changes/CH-1", url.Values{"do": {"emergency"}, "text": {"Payments were down for everybody."}}); a.To != "/changes/CH-1" {
		t.Fatalf("an emergency: %d %s", a.Status, a.Text())
	}
	b.Says("/changes/CH-1", "somebody else reviews it by", "Payments were down")
	if a := b.Post("/changes/CH-1", url.Values{"do": {"review"}, "text": {"I looked at it myself."}}); a.Status != 403 {
		t.Errorf("its author reviews it: %d", a.Status)
	}
	b.Who = bob
	if a := b.Post("/changes/CH-1", url.Values{"do": {"review"}, "text": {"The fix does what it says; a test was added."}}); a.To != "/changes/CH-1" {
		t.Fatalf("a review: %d %s", a.Status, a.Text())
	}
	b.Says("/changes/CH-1", "reviewed afterwards by Bob")
	token := url.Values{"do": {"token"}, "hosts": {"web-*"}, "paths": {"/**"}, "until": {"2026-03-05"}}
	if a := b.Post("/changes/CH-1", token); a.Status != 422 || !strings.Contains(a.Text(), "would cover everything") {
		t.Errorf("a token for everything: %d %s", a.Status, a.Text())
	}
	token.Set("paths", "/srv/billing/**")
	if a := b.Post("/changes/CH-1", token); a.To != "/changes/CH-1" {
		t.Fatalf("a token: %d %s", a.Status, a.Text())
	}
	b.Says("/changes/CH-1", "act1.", "/srv/billing/**")

	// Work by hand.
	b.Who = ann
	if a := b.Post("/changes/ask", url.Values{"title": {"A larger disk"}}); a.Status != 422 || !strings.Contains(a.Body, "A larger disk") {
		t.Errorf("work without words: %d", a.Status)
	}
	if a := b.Post("/changes/ask", url.Values{"title": {"A larger disk"}, "text": {"Grow it by 20 GB; shrink it again if that fails."}, "hosts": {"db-01"}}); a.To != "/changes/CH-2" {
		t.Fatalf("work by hand: %d %s", a.Status, a.Text())
	}
	if a := b.Post("/changes/CH-2", url.Values{"do": {"approve"}, "text": {"Looks good to me."}}); a.Status != 403 {
		t.Errorf("whoever asked approves: %d", a.Status)
	}
	b.Who = bob
	if a := b.Post("/changes/CH-2", url.Values{"do": {"approve"}, "text": {"The disk is nearly full."}}); a.To != "/changes/CH-2" {
		t.Fatalf("an approval: %d %s", a.Status, a.Text())
	}
	b.Says("/changes/CH-2", "Approved by Bob", "It is not done yet")

	// A standard change.
	b.Who = ann
	if a := b.Post("/changes/standard", url.Values{"title": {"Documents"}, "repository": {"billing"}, "paths": {"docs/**"}, "per_day": {"many"}, "until": {"2026-09-01"}}); a.Status != 422 || !strings.Contains(a.Text(), "Between 1 and 100") {
		t.Errorf("a standard change without a limit: %d %s", a.Status, a.Text())
	}
	if a := b.Post("/changes/standard", url.Values{"title": {"Documents"}, "repository": {"billing"}, "paths": {"docs/**"}, "per_day": {"5"}, "until": {"2026-09-01"}}); a.To != "/changes/standard" {
		t.Fatalf("a standard change: %d %s", a.Status, a.Text())
	}
	b.Who = bob
	if a := b.Post("/changes/standard/STD-1", url.Values{"do": {"approve"}}); a.To != "/changes/standard" {
		t.Fatalf("its approval: %d %s", a.Status, a.Text())
	}
	b.Says("/changes/standard", "STD-1 Documents", "approved", "Approved by")

	_, err = service.Deployed(ctx, bob, change.Report{Repository: "billing", Commit: head})
	must(err)
	b.Says("/changes/deployments/D-1", "What holds", "CH-1 BIL-1", "Read from operation")
	b.Says("/changes/deployments?manner=unanswered", "No deployment fits")
	stray := strings.Repeat("deadbeef", 5)
	now.Advance(time.Hour)
	_, err = service.Deployed(ctx, bob, change.Report{Repository: "billing", Commit: stray})
	must(err)
	now.Advance(time.Hour)
	must(service.Read(ctx, ann, "billing"))
	b.Says("/changes/deployments/D-2", "A deployment without a merge")
	if a := b.Post("/changes/deployments/D-2", url.Values{"text": {"It was a test by hand; it was taken back."}}); a.Status != 403 {
		t.Errorf("whoever deployed it answers: %d", a.Status)
	}
	b.Who = ann
	if a := b.Post("/changes/deployments/D-2", url.Values{"text": {"short"}}); a.Status != 422 || !strings.Contains(a.Body, "short") {
		t.Errorf("an answer of a word: %d", a.Status)
	}
	if a := b.Post("/changes/deployments/D-2", url.Values{"text": {"It was a test by hand; it was taken back."}}); a.To != "/changes/deployments/D-2" {
		t.Fatalf("an answer: %d %s", a.Status, a.Text())
	}
	b.Says("/changes/deployments/D-2", "What people said of it", "it was taken back", "Deployed as merged", "A deployment without a merge")
	if rows := b.HoldsList(list(t, area, "deployments"), "/changes/deployments"); len(rows) != 2 {
		t.Errorf("the files have %v", rows)
	}
	b.Who = access.Principal{UserID: "usr_v", Role: access.Viewer, SessionID: "ses_v"}
	if a := b.Post("/settings/repositories", form); a.Status != 403 {
		t.Errorf("a viewer follows a repository: %d", a.Status)
	}
	if a := b.Get("/changes/CH-1"); a.Status != 200 || strings.Contains(a.Text(), "What you can do") {
		t.Errorf("a viewer may do something: %d", a.Status)
	}
}
