package programme_test

import (
	"bytes"
	"context"
	"database/sql"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/operations/folder/kinds"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/web/programme"
	"github.com/attesta/attesta/internal/web/screen/screentest"
)

const home = "/settings/programme"

// From a download to an edited archive, its preview, and what is in the way of it.
func TestFolderByForm(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		now := clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)).Now
		dir := t.TempDir()
		log, err := ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now})
		must(t, err)
		t.Cleanup(func() { log.Close() })
		library, err := control.ShippedLibrary()
		must(t, err)
		people, err := access.New(access.Config{DB: db, Ledger: log, Clock: now, FailureTime: -1, Hash: access.HashCost{Memory: 64, Time: 1, Threads: 1}})
		must(t, err)
		must(t, db.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO access_user (id, login, name, role, created_at) VALUES ('usr_ann', 'ann', 'Ann Long', 'compliance_manager', 0)`)
			return err
		}))
		controls := control.New(control.Config{DB: db, Ledger: log, Clock: now, Library: library})
		must(t, controls.Start(t.Context()))
		after := 0
		set := kinds.Set{Scopes: scope.New(scope.Config{DB: db, Ledger: log, Clock: now}), Controls: controls}
		service := folder.New(folder.Config{DB: db, Ledger: log, Clock: now, Access: people, Kinds: set.All(), After: func() { after++ }})
		ann := access.Principal{UserID: "usr_ann", Name: "ann", Role: access.ComplianceManager}
		b := screentest.New(t, programme.New(programme.Config{Folders: service}), now, ann)
		b.Label = map[string]string{"usr_ann": "Ann Long"}

		b.Says(home, "Programme as a folder", "Download the folder", "No folder was brought in yet", "CC5.3", "attesta programme export DIR")
		a := b.Do("GET", home+"/programme.zip", "", strings.NewReader(""))
		tree, err := folder.ReadZip([]byte(a.Body))
		must(t, err)
		if tree["scope.yaml"] == nil || tree["controls/access-approved.yaml"] == nil {
			t.Fatalf("the archive holds %d files", len(tree))
		}
		send := func(tree folder.Tree, status int, words ...string) screentest.Answer {
			t.Helper()
			raw, err := tree.Zip()
			must(t, err)
			body := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p.zip\"\r\n\r\n" + string(raw) + "\r\n--b--\r\n"
			a := b.Do("POST", home, "multipart/form-data; boundary=b", strings.NewReader(body))
			if a.Status != status {
				t.Fatalf("%d, want %d: %s", a.Status, status, a.Text())
			}
			for _, w := range words {
				if !strings.Contains(a.Text(), w) {
					t.Errorf("does not say %q:\n%s", w, a.Text())
				}
			}
			return a
		}
		edit := func(path, old, text string) {
			t.Helper()
			if !bytes.Contains(tree[path], []byte(old)) {
				t.Fatalf("%s does not hold %q", path, old)
			}
			tree[path] = bytes.Replace(tree[path], []byte(old), []byte(text), 1)
		}
		owner := func(want string) {
			t.Helper()
			c, err := controls.Get(context.Background(), ann, "access-approved")
			must(t, err)
			if got := c.Current().Design.Owner; got != want {
				t.Errorf("the owner is %q, want %q", got, want)
			}
		}
		send(tree, 200, "0 new and 0 changed", "The folder says what is here already")
		const path = "controls/access-approved.yaml"
		edit(path, "owner: head of security", "owner: head of people")
		tree["points/cc9-2-1.yaml"] = []byte("criterion: CC9.2\nnumber: 99\nnot_relevant_because: It has no such point at all.\n")
		send(tree, 200, "1 file stands in the way", "refused", "nothing of the folder is brought in")
		owner("head of security")
		tree["points/cc9-2-1.yaml"] = []byte("criterion: CC9.2\nnubmer: 1\n")
		send(tree, 422, "points/cc9-2-1.yaml:2", "Did you mean number")
		delete(tree, "points/cc9-2-1.yaml")
		page := send(tree, 200, "0 new and 1 changed", "head of security becomes head of people", "Bring in 1 file")
		owner("head of security")
		content := regexp.MustCompile(`name="content" value="([^"]+)"`).FindStringSubmatch(page.Body)
		if content == nil {
			t.Fatal("the preview cannot be confirmed")
		}
		if a := b.Post(home, url.Values{"content": {content[1]}, "note": {"People answer for it"}}); a.Status != 303 {
			t.Fatalf("%d: %s", a.Status, a.Text())
		}
		owner("head of people")
		if after != 1 {
			t.Errorf("told %d times that something was brought in", after)
		}
		b.Says(home, "Import 1", "Ann Long")
		if a := b.Post(home, url.Values{"content": {"%"}}); a.Status != 422 {
			t.Errorf("%d: %s", a.Status, a.Text())
		}
		edit(path, "owner: head of people", "owner: head of nobody")
		must(t, controls.Write(t.Context(), ann, withOwner(t, controls, ann, "head of all"), "By hand"))
		send(tree, 200, "1 file stands in the way", "in conflict", "It was changed here and on the server")
		owner("head of all")
		must(t, log.Publish(t.Context()))
		_, err = ledger.Verify(t.Context(), ledger.VerifyConfig{DB: db, Dir: filepath.Join(dir, "ledger"), VerifierKey: log.VerifierKey(), Bindings: append(folder.Bindings(), control.Bindings()...)})
		must(t, err)
		must(t, db.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `UPDATE folder_import SET changed = 7`)
			return err
		}))
		if _, err = ledger.Verify(t.Context(), ledger.VerifyConfig{DB: db, Dir: filepath.Join(dir, "ledger"), VerifierKey: log.VerifierKey(), Bindings: folder.Bindings()}); err == nil {
			t.Error("nobody noticed that an import's row was changed")
		}
	})
}

func withOwner(t *testing.T, controls *control.Service, p access.Principal, owner string) control.Design {
	t.Helper()
	c, err := controls.Get(t.Context(), p, "access-approved")
	must(t, err)
	d := c.Current().Design
	d.Owner = owner
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
