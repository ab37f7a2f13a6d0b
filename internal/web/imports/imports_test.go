package imports_test

import (
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
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/web/imports"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
)

type fixture struct {
	*screentest.Browser
	t    *testing.T
	area screen.Area
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	now := clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)).Now
	dir := t.TempDir()
	log, err := ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	library, err := control.ShippedLibrary()
	if err != nil {
		t.Fatal(err)
	}
	controls := control.New(control.Config{DB: db, Ledger: log, Clock: now, Library: library})
	if err := controls.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, area: imports.New(imports.Config{Controls: controls})}
	f.Browser = screentest.New(t, f.area, now, access.Principal{UserID: "usr_ann", Name: "ann", Role: access.ComplianceManager})
	f.Label = map[string]string{"usr_ann": "Ann Long"}
	return f
}

func (f *fixture) send(text string, status int, words ...string) screentest.Answer {
	f.t.Helper()
	body := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"our controls.csv\"\r\n\r\n" + text + "\r\n--b--\r\n"
	a := f.Do("POST", "/imports/controls", "multipart/form-data; boundary=b", strings.NewReader(body))
	if a.Status != status {
		f.t.Fatalf("%d, want %d: %s", a.Status, status, a.Text())
	}
	for _, w := range words {
		if !strings.Contains(a.Text(), w) {
			f.t.Errorf("does not say %q:\n%s", w, a.Text())
		}
	}
	return a
}

const text = "Code,Name,Description,SOC 2,Frequency,Status\nDCF-6,Each change is looked at twice,Someone other than its author looks at each change.,CC8.1,Daily,Passing\n"

// From a file to drafts and back.
func TestImportByForm(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Says("/imports", "No file was taken in yet", "Bring the controls that you have", "CC5.1")
		f.Says("/imports/controls", "Import controls", "Found by their headings", "Each row becomes a draft")
		f.send("Name,Description,Frequency\nA control,What is done here,fortnightly\n", 422, "Row 2, Frequency", "no frequency that is known here")
		f.send("Name,Description,Frequency,TSC\nA control,What is done here,fortnightly,CC99\n", 422, "2 mistakes in the file", "is no id of a criterion", "They look like CC6.1")
		f.send("Name,Description\nA control,short\n", 200, "0 drafts, 0 in use already, 1 wrong", "cannot be taken in", "nothing says what is done")
		page := f.send(text, 200, "1 draft, 0 in use already, 0 wrong", "each-change-is-looked-at-twice", "CC8.1", "daily", "Columns that were left aside: Status", "Nothing is stored yet", "Take in 1 draft")
		content := regexp.MustCompile(`name="content" value="([^"]+)"`).FindStringSubmatch(page.Body)
		if content == nil {
			t.Fatal("the preview cannot be confirmed")
		}
		confirm := url.Values{"name": {"our controls.csv"}, "content": {strings.ReplaceAll(content[1], "&#43;", "+")}}
		if a := f.Post("/imports/controls", confirm); a.Status != 303 || a.To != "/imports" {
			t.Fatalf("%d to %q: %s", a.Status, a.To, a.Text())
		}
		f.Says("/imports", "1 draft was made", "our controls.csv", "I-1", "Ann Long", "Undo I-1")
		if rows := f.HoldsList(f.area.Lists[0], "/imports"); len(rows) != 1 {
			t.Errorf("the files say %v", rows)
		}
		f.send(text, 200, "0 drafts, 1 in use already")
		if a := f.Post("/imports/controls", confirm); a.Status != 303 {
			t.Errorf("the same again: %d", a.Status)
		}
		f.Says("/imports", "Each of these controls is in use already")
		if a := f.Post("/imports/1/undo", nil); a.Status != 303 {
			t.Errorf("undo: %d %s", a.Status, a.Text())
		}
		f.Says("/imports", "I-1 is undone", "undone")
		if a := f.Post("/imports/7/undo", nil); a.Status != 404 {
			t.Errorf("an import that is none: %d", a.Status)
		}
		if a := f.Post("/imports/controls", url.Values{"content": {"%%%"}}); a.Status != 422 {
			t.Errorf("a content that is none: %d", a.Status)
		}
		f.Who.Role = access.Viewer
		f.Says("/imports", "our controls.csv")
		if a := f.Get("/imports/controls"); a.Status != 403 {
			t.Errorf("a reader: %d", a.Status)
		}
	})
}
