package change_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/connectors/forge"
	"github.com/attesta/attesta/internal/connectors/git"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/packs"
)

var day0 = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is a firm with a manager, an administrator and a contributor, and the
// service over a database.
type world struct {
	*change.Service
	t               testing.TB
	ctx             context.Context
	db              *database.DB
	log             *ledger.Log
	clock           *clock.Manual
	access          *access.Service
	population      *population.Service
	ann, bob, carol access.Principal
	observed        []landing.Observed
	hosts           *host.Service
	finding         *finding.Service
	understand      func(string, change.Message) (landing.Delivery, error) // in place of a forge
}

func newWorld(t testing.TB, db *database.DB) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), db: db, clock: clock.NewManual(day0)}
	dir := t.TempDir()
	var err error
	w.log, err = ledger.Open(w.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: w.clock.Now})
	w.must(err)
	t.Cleanup(func() { w.log.Close() })
	w.access, err = access.New(access.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
	w.must(err)
	standards, err := standard.New(standard.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.must(err)
	shipped, err := packs.OpenStandard("repository")
	w.must(err)
	_, err = standards.Install(w.ctx, access.System(), shipped)
	w.must(err)
	w.finding = finding.New(finding.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	w.hosts, err = host.New(host.Config{DB: db, Ledger: w.log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: w.log, Clock: w.clock.Now}), Findings: w.finding, Clock: w.clock.Now})
	w.must(err)
	w.Service = change.New(change.Config{DB: db, Ledger: w.log, Sealed: key, Hosts: w.hosts, Version: "test", Clock: w.clock.Now, Read: git.Read,
		Understand: func(kind string, m change.Message) (landing.Delivery, error) {
			if w.understand != nil {
				return w.understand(kind, m)
			}
			return forge.Understand(kind, m)
		},
		Observed: func(_ context.Context, from, to time.Time, _ int64) ([]landing.Observed, error) {
			var out []landing.Observed
			for _, o := range w.observed {
				if !o.At.Before(from) && o.At.Before(to) {
					out = append(out, o)
				}
			}
			return out, nil
		}})
	files, err := blobs.Open(filepath.Join(dir, "blobs"))
	w.must(err)
	w.population, err = population.New(population.Config{DB: db, Ledger: w.log, Blobs: files, Clock: w.clock.Now}, w.PopulationSource(), w.DeploymentSource())
	w.must(err)
	w.ann, w.bob, w.carol = w.user("ann", access.ComplianceManager), w.user("bob", access.Administrator), w.user("carol", access.Contributor)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		message, hint := fault.Public(err)
		w.t.Fatalf("%v (%s; %s)", err, message, hint)
	}
}

func (w *world) refused(err error, kind fault.Kind, want string) {
	w.t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind || !strings.Contains(f.Error(), want) {
		w.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

func (w *world) user(login string, role access.Role) access.Principal {
	w.t.Helper()
	u, err := w.access.AddUser(w.ctx, access.System(), access.NewUser{Login: login, Name: strings.ToUpper(login[:1]) + login[1:], Email: login + "@example.org", Role: role})
	w.must(err)
	return access.Principal{UserID: u.ID, Name: u.Name, Role: role, SessionID: "ses_x", At: w.clock.Now()}
}

// number has the ledger's sequencer place what was committed, and gives its size.
func (w *world) number() int64 {
	w.t.Helper()
	w.log.Wake()
	for range 500 {
		st, err := w.log.Status(w.ctx)
		w.must(err)
		if st.Waiting == 0 {
			return st.Size
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatal("the ledger does not number what was committed")
	return 0
}

// sequence runs the ledger beside the test.
func (w *world) sequence() {
	ctx, stop := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- w.log.Run(ctx) }()
	w.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
}

func (w *world) change(commit string) *landing.Change {
	w.t.Helper()
	all, _, _, err := w.List(w.ctx, w.ann, change.Filter{Search: commit}, "", 10)
	w.must(err)
	for _, ch := range all {
		if ch.Landed == commit {
			return ch
		}
	}
	w.t.Fatalf("no change landed with %s", commit)
	return nil
}

// says holds an attribute of a change against an outcome and a part of its reason.
func (w *world) says(ch *landing.Change, name string, o landing.Outcome, reason string) {
	w.t.Helper()
	if a := ch.Attribute(name); a.Outcome != o || !strings.Contains(a.Reason, reason) {
		w.t.Errorf("%s %q: %s is %s (%s), want %s (%s)", ch.Ref(), ch.Title, name, a.Outcome, a.Reason, o, reason)
	}
}

// repo is a real Git repository.
type repo struct {
	t    testing.TB
	path string
	at   time.Time
}

func newRepo(t testing.TB) *repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("NOT RUN: needs Debian's package git")
	}
	r := &repo{t: t, path: filepath.Join(t.TempDir(), "billing"), at: day0.Add(-24 * time.Hour)}
	r.git("", "init", "-q", "-b", "main", r.path)
	r.commit("carol", "README.md", "First commit")
	return r
}

// git runs git as somebody, an hour after the last time.
func (r *repo) git(who string, args ...string) string {
	r.t.Helper()
	if who == "" {
		who = "carol"
	}
	cmd := exec.Command("git", args...)
	if _, err := os.Stat(r.path); err == nil {
		cmd.Dir = r.path
	}
	stamp := fmt.Sprintf("%d +0100", r.at.Unix())
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME="+who, "GIT_AUTHOR_EMAIL="+who+"@example.org", "GIT_COMMITTER_NAME="+who, "GIT_COMMITTER_EMAIL="+who+"@example.org",
		"GIT_AUTHOR_DATE="+stamp, "GIT_COMMITTER_DATE="+stamp, "GIT_EDITOR=true")
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes a file and commits it, and gives the commit.
func (r *repo) commit(who, file, message string) string {
	r.t.Helper()
	r.at = r.at.Add(time.Minute)
	path := filepath.Join(r.path, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(message+r.at.String()), 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.git(who, "add", "-A")
	r.git(who, "commit", "-q", "-m", message)
	return r.head()
}

func (r *repo) head() string { r.t.Helper(); return r.git("", "rev-parse", "HEAD") }

// merge merges a branch and gives the commit.
func (r *repo) merge(who, branch, message string) string {
	r.t.Helper()
	r.at = r.at.Add(time.Minute)
	r.git(who, "checkout", "-q", "main")
	r.git(who, "merge", "-q", "--no-ff", "-m", message, branch)
	return r.head()
}

// bound holds every entry against its rows.
func (w *world) bound() error {
	w.t.Helper()
	checks := map[string]ledger.Binding{}
	for _, b := range append(change.Bindings(), population.Bindings()...) {
		checks[b.Name] = b
	}
	rows, err := w.db.Reader().QueryContext(w.ctx, `SELECT body FROM ledger_body ORDER BY entry_id`)
	w.must(err)
	var bodies [][]byte
	for rows.Next() {
		var b []byte
		w.must(rows.Scan(&b))
		bodies = append(bodies, b)
	}
	w.must(rows.Err())
	rows.Close()
	for _, body := range bodies {
		rec, err := ledger.ParseEntry(body)
		w.must(err)
		if b, ok := checks[rec.Type]; ok {
			if err := b.Check(w.ctx, w.db.Reader(), rec); err != nil {
				return err
			}
		} else if strings.HasPrefix(rec.Type, "change.") {
			w.t.Errorf("nothing answers for %s", rec.Type)
		}
	}
	return nil
}

// checkBound holds every entry against its rows, and each changed row against
// being noticed.
func (w *world) checkBound() {
	w.t.Helper()
	w.must(w.bound())
	for _, c := range [][3]string{{"change_repository", "content", `'{"title":"Other"}'`}, {"change_reading", "head", "'x'"}, {"change_commit", "sha", "'x' || sha"}, {"change_event", "content", "'{}'"},
		{"change_version", "content", "'{}'"}, {"change_version", "digest", "'x'"}, {"change_identity", "user_id", "'usr_x'"}} {
		err := w.db.Tx(w.ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(w.ctx, "CREATE TABLE kept AS SELECT * FROM "+c[0]); err != nil {
				return err
			}
			_, err := tx.ExecContext(w.ctx, "UPDATE "+c[0]+" SET "+c[1]+" = "+c[2])
			return err
		})
		w.must(err)
		if err := w.bound(); !fault.Is(err, fault.Refused) {
			w.t.Errorf("a changed %s of %s is not noticed: %v", c[1], c[0], err)
		}
		key := map[string]string{"change_repository": "id", "change_reading": "entry_id", "change_event": "id", "change_identity": "known_as"}[c[0]]
		restore := "UPDATE " + c[0] + " SET " + c[1] + " = (SELECT k." + c[1] + " FROM kept k WHERE k." + key + " = " + c[0] + "." + key + ")"
		switch c[0] {
		case "change_commit":
			restore = "UPDATE change_commit SET sha = substr(sha, 2)"
		case "change_version":
			restore = "UPDATE change_version SET " + c[1] + " = (SELECT k." + c[1] + " FROM kept k WHERE k.item_id = change_version.item_id AND k.version = change_version.version)"
		}
		w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(w.ctx, restore); err != nil {
				return err
			}
			_, err := tx.ExecContext(w.ctx, "DROP TABLE kept")
			return err
		}))
	}
	w.must(w.bound())
}
