package evidence_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/packs"
)

// fixture is a firm that adopted its starter controls on 5 January 2026; its
// clock stands on 20 April.
type fixture struct {
	*evidence.Service
	t         testing.TB
	ctx       context.Context
	db        *database.DB
	log       *ledger.Log
	clock     *clock.Manual
	dir       string
	blobs     *blobs.Dir
	controls  *control.Service
	instances *instance.Service
	access    *access.Service
	ann, bob  access.Principal
	quarterly string // slug of a quarterly control
	yearly    string
	triggered string
}

func newFixture(t testing.TB, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), db: db, clock: clock.NewManual(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)), dir: t.TempDir()}
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(f.dir, "ledger"), KeyFile: filepath.Join(f.dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.access, err = access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	shipped, err := packs.Open("controls")
	f.must(err)
	library, err := control.LoadLibrary(shipped)
	f.must(err)
	f.controls = control.New(control.Config{DB: db, Ledger: f.log, Clock: f.clock.Now, Library: library})
	f.must(f.controls.Start(f.ctx))
	f.blobs, err = blobs.Open(filepath.Join(f.dir, "evidence"))
	f.must(err)
	f.Service = evidence.NewService(evidence.Config{DB: db, Ledger: f.log, Blobs: f.blobs, Clock: f.clock.Now, MaxSize: 1000, MinFree: -1})
	f.instances = instance.New(instance.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.ann, f.bob = f.user("ann", access.ComplianceManager), f.user("bob", access.Administrator)
	_, err = f.controls.ApproveAll(f.ctx, f.bob)
	f.must(err)
	program, err := f.controls.Program(f.ctx, f.bob)
	f.must(err)
	for _, c := range program.Controls {
		d := c.Current().Design
		switch {
		case d.Frequency == "quarterly" && f.quarterly == "":
			f.quarterly = c.Slug
		case d.Frequency == "yearly" && f.yearly == "":
			f.yearly = c.Slug
		case d.Trigger != "" && f.triggered == "":
			f.triggered = c.Slug
		}
	}
	if f.quarterly == "" || f.yearly == "" || f.triggered == "" {
		t.Fatal("the starter profile lacks a quarterly, a yearly or a triggered control")
	}
	f.clock.Advance(time.Date(2026, 4, 20, 10, 0, 0, 0, time.UTC).Sub(f.clock.Now()))
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) user(login string, role access.Role) access.Principal {
	f.t.Helper()
	u, err := f.access.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
	f.must(err)
	return access.Principal{UserID: u.ID, Role: role}
}

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

// review is good evidence of the first quarter.
func (f *fixture) review() evidence.New {
	return evidence.New{Kind: evidence.File, Title: "Access review Q1", Source: "identity provider, export of members", FileName: "review.csv",
		Performed: day("2026-03-30"), From: day("2026-01-05"), To: day("2026-03-31"),
		Covers: []evidence.Cover{{Control: f.quarterly, Instance: "2026-03-31"}}}
}

func (f *fixture) add(p access.Principal, n evidence.New, content string) evidence.Version {
	f.t.Helper()
	v, err := f.Add(f.ctx, p, n, strings.NewReader(content))
	f.must(err)
	return v
}

// files gives how many files lie in the store, unfinished ones too.
func (f *fixture) files() int {
	f.t.Helper()
	n := 0
	f.must(filepath.WalkDir(filepath.Join(f.dir, "evidence"), func(_ string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			n++
		}
		return err
	}))
	return n
}

func (f *fixture) records(kind string) []ledger.Record {
	f.t.Helper()
	records, err := f.log.Records(f.ctx, ledger.Filter{Type: kind, Limit: 1000})
	f.must(err)
	return records
}

// state gives where an instance of a control stands now.
func (f *fixture) state(slug, key string) (instance.State, bool) {
	f.t.Helper()
	o, err := f.Instances(f.ctx, f.ann, slug, f.clock.Now(), -1)
	f.must(err)
	for _, i := range o.Instances {
		if i.Key == key {
			return i.State, i.Reviewed
		}
	}
	return "", false
}
