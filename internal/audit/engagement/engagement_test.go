package engagement_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/scope"
)

var start = time.Date(2026, 7, 2, 9, 0, 0, 0, time.UTC)

type fixture struct {
	*engagement.Service
	t   *testing.T
	ctx context.Context
	db  *database.DB
	log *ledger.Log
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), db: db}
	dir, at := t.TempDir(), clock.NewManual(start)
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: at.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.must(db.Tx(f.ctx, func(tx *sql.Tx) error {
		_, err := scope.Begin(f.ctx, tx, f.log, start)
		return err
	}))
	f.Service = engagement.New(engagement.Config{DB: db, Ledger: f.log, Clock: at.Now})
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

var (
	manager = access.Principal{UserID: "usr_m", Role: access.ComplianceManager}
	viewer  = access.Principal{UserID: "usr_v", Role: access.Viewer}
	auditor = access.Principal{UserID: "usr_a", Role: access.Auditor}
	another = access.Principal{UserID: "usr_b", Role: access.Auditor}
)

func sound() engagement.Content {
	return engagement.Content{Title: "SOC 2 type 2, first half of 2026", Type: 2, From: "2026-01-01", To: "2026-06-30", Zone: "Europe/Berlin",
		Categories: []catalog.Category{catalog.Security}, Scope: 1, Firm: "Ledger & Quill LLP", Auditors: []string{"usr_a"}}
}

func (f *fixture) create() engagement.Engagement {
	f.t.Helper()
	g, err := f.Create(f.ctx, manager, sound())
	f.must(err)
	return g
}

func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*engagement.Content)
		field  string
	}{
		"no title":           {func(c *engagement.Content) { c.Title = " " }, "title"},
		"type 3":             {func(c *engagement.Content) { c.Type = 3 }, "type"},
		"no first day":       {func(c *engagement.Content) { c.From = "" }, "from"},
		"no date":            {func(c *engagement.Content) { c.To = "30.6.2026" }, "to"},
		"the wrong way":      {func(c *engagement.Content) { c.From, c.To = c.To, c.From }, "to"},
		"four years":         {func(c *engagement.Content) { c.To = "2030-01-01" }, "to"},
		"type 1 with two":    {func(c *engagement.Content) { c.Type = 1 }, "to"},
		"no zone":            {func(c *engagement.Content) { c.Zone = "Mars/Base" }, "zone"},
		"without security":   {func(c *engagement.Content) { c.Categories = []catalog.Category{catalog.Privacy} }, "categories"},
		"unknown category":   {func(c *engagement.Content) { c.Categories = append(c.Categories, "speed") }, "categories"},
		"unknown state":      {func(c *engagement.Content) { c.State = "done" }, "state"},
		"a title too long":   {func(c *engagement.Content) { c.Title = strings.Repeat("x", 121) }, "title"},
		"bytes that no text": {func(c *engagement.Content) { c.Firm = "\xff" }, "firm"},
	} {
		t.Run(name, func(t *testing.T) {
			db := databasetest.SQLite(t)
			f := newFixture(t, db)
			c := sound()
			tc.change(&c)
			_, err := f.Create(f.ctx, manager, c)
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != fault.Invalid || e.Field != tc.field {
				t.Errorf("%v; want kind invalid at %s", err, tc.field)
			}
		})
	}
}

// The window is whole days in the engagement's zone, over the change to summer time.
func TestWindow(t *testing.T) {
	c := sound()
	from, to := c.Window()
	if from.UTC() != time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC) || to.UTC() != time.Date(2026, 6, 30, 22, 0, 0, 0, time.UTC) {
		t.Errorf("window %s to %s", from.UTC(), to.UTC())
	}
	if got := c.Period(); got != "1 Jan to 30 Jun 2026" {
		t.Error(got)
	}
	c.Type, c.To = 1, c.From
	if from, to := c.Window(); to.Sub(from) != 24*time.Hour || c.Period() != "as of 1 Jan 2026" {
		t.Errorf("type 1: %s to %s, %s", from, to, c.Period())
	}
	if n := len(c.Criteria()); n != 33 {
		t.Errorf("security has %d criteria, want 33", n)
	}
}

func TestLifeOfAnEngagement(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		g := f.create()
		if g.Number != 1 || g.State != engagement.Planned {
			t.Errorf("created %+v", g)
		}
		if _, err := f.Create(f.ctx, viewer, sound()); !fault.Is(err, fault.Forbidden) {
			t.Errorf("by a viewer: %v", err)
		}
		c := g.Content
		c.To = "2026-12-31"
		if _, err := f.Change(f.ctx, manager, 1, 1, c); !fault.Is(err, fault.Invalid) {
			t.Errorf("a longer window without a reason: %v", err)
		}
		c.Note = "The customer asks for a year."
		if _, err := f.Change(f.ctx, manager, 1, 1, c); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Change(f.ctx, manager, 1, 1, sound()); !fault.Is(err, fault.Conflict) {
			t.Errorf("over a newer version: %v", err)
		}
		if _, err := f.Change(f.ctx, manager, 1, 2, c); !fault.Is(err, fault.Conflict) {
			t.Errorf("that changes nothing: %v", err)
		}
		c.State = engagement.Closed
		_, err := f.Change(f.ctx, manager, 1, 2, c)
		f.must(err)
		if _, err := f.Ask(f.ctx, manager, 1, "R-1", engagement.RequestContent{Text: "Policies."}); !fault.Is(err, fault.Conflict) {
			t.Errorf("a request of a closed engagement: %v", err)
		}
		h, err := f.History(f.ctx, manager, 1)
		if err != nil || len(h) != 3 || h[0].To != "2026-06-30" || h[2].State != engagement.Closed {
			t.Errorf("history %+v, %v", h, err)
		}
		if _, err := f.Get(f.ctx, manager, 2); !fault.Is(err, fault.NotFound) {
			t.Errorf("engagement 2: %v", err)
		}
	})
}

// An auditor sees what names them, and nothing tells that there is more.
func TestAuditorSeesTheirOwn(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	f.create()
	if _, err := f.Get(f.ctx, auditor, 1); err != nil {
		t.Error(err)
	}
	list, err := f.List(f.ctx, another)
	if err != nil || len(list) != 0 {
		t.Errorf("another auditor sees %v, %v", list, err)
	}
	for name, do := range map[string]func() error{
		"get":      func() error { _, err := f.Get(f.ctx, another, 1); return err },
		"requests": func() error { _, err := f.Requests(f.ctx, another, 1); return err },
		"exhibits": func() error { _, err := f.Exhibits(f.ctx, another, 1); return err },
		"history":  func() error { _, err := f.History(f.ctx, another, 1); return err },
		"ask": func() error {
			_, err := f.Ask(f.ctx, another, 1, "X", engagement.RequestContent{Text: "x"})
			return err
		},
		"write":   func() error { _, err := f.Write(f.ctx, another, 1, "X", "hello"); return err },
		"books":   func() error { _, err := f.Workbooks(f.ctx, another, 1); return err },
		"preview": func() error { _, err := f.Preview(f.ctx, another, 1, nil); return err },
	} {
		if err := do(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s by another auditor: %v", name, err)
		}
	}
}

func TestRequests(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.create()
		r, err := f.Ask(f.ctx, auditor, 1, "CC6-01", engagement.RequestContent{Text: "Population of hosts in the window.", Due: "2026-07-01", Criteria: []string{"CC6.1"}})
		f.must(err)
		if r.Kind != engagement.Population || r.Theirs != engagement.Requested || r.Ours != engagement.Open || !r.Late("2026-07-02") || r.Waiting() != "us" {
			t.Errorf("asked %+v", r)
		}
		if _, err := f.Ask(f.ctx, manager, 1, "CC6-01", engagement.RequestContent{Text: "Something else."}); !fault.Is(err, fault.Conflict) {
			t.Errorf("the same reference twice: %v", err)
		}
		ready, accepted, owner, answer := engagement.Ready, engagement.Accepted, "usr_m", "See the population of hosts."
		if _, err := f.Edit(f.ctx, manager, 1, "CC6-01", 1, engagement.Edit{Ours: &ready}); !fault.Is(err, fault.Invalid) {
			t.Errorf("ready with nothing to show: %v", err)
		}
		if _, err := f.Edit(f.ctx, manager, 1, "CC6-01", 1, engagement.Edit{Theirs: &accepted}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("the auditor's status by us: %v", err)
		}
		if _, err := f.Edit(f.ctx, auditor, 1, "CC6-01", 1, engagement.Edit{Answer: &answer}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("our answer by the auditor: %v", err)
		}
		if _, err := f.Attach(f.ctx, auditor, 1, "CC6-01", engagement.Exhibit{Kind: "population", Subject: "ext_1", Title: "Hosts"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("attached by the auditor: %v", err)
		}
		x, err := f.Attach(f.ctx, manager, 1, "CC6-01", engagement.Exhibit{Kind: "population", Subject: "ext_1", Title: "Hosts"})
		f.must(err)
		if _, err := f.Attach(f.ctx, manager, 1, "CC6-01", engagement.Exhibit{Kind: "population", Subject: "ext_1", Title: "Hosts"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("attached twice: %v", err)
		}
		r, err = f.Edit(f.ctx, manager, 1, "CC6-01", 1, engagement.Edit{Ours: &ready, Owner: &owner})
		f.must(err)
		if r.Waiting() != "the auditor" || r.Late("2026-07-02") {
			t.Errorf("ready: %+v", r)
		}
		if _, err := f.Edit(f.ctx, manager, 1, "CC6-01", 1, engagement.Edit{Answer: &answer}); !fault.Is(err, fault.Conflict) {
			t.Errorf("over a newer version: %v", err)
		}
		_, err = f.Edit(f.ctx, auditor, 1, "CC6-01", 2, engagement.Edit{Theirs: &accepted})
		f.must(err)
		_, err = f.Write(f.ctx, auditor, 1, "CC6-01", "Thank you.")
		f.must(err)
		r, messages, history, err := f.Request(f.ctx, manager, 1, "CC6-01")
		if err != nil || len(messages) != 1 || len(history) != 3 || len(r.Exhibits) != 1 || r.Exhibits[0].ID != x.ID || r.Theirs != accepted {
			t.Errorf("%+v, %d messages, %d versions, %v", r, len(messages), len(history), err)
		}
		f.bound()
		for _, change := range []string{
			`UPDATE engagement_request_version SET content = REPLACE(content, 'accepted', 'returned')`,
			`UPDATE engagement_message SET text = 'No.'`,
			`UPDATE engagement_exhibit SET subject = 'ext_2'`,
			`UPDATE engagement_version SET content = REPLACE(content, '2026-06-30', '2026-05-31')`,
			`DELETE FROM engagement_message`,
		} {
			if err := f.db.Tx(f.ctx, func(tx *sql.Tx) error { _, err := tx.ExecContext(f.ctx, change); return err }); err != nil {
				t.Fatal(err)
			}
			if err := f.check(); !fault.Is(err, fault.Refused) {
				t.Errorf("%s: %v", change, err)
			}
		}
	})
}

// check holds every record against its rows.
func (f *fixture) check() error {
	ctx, cancel := context.WithCancel(f.ctx)
	done := make(chan error, 1)
	go func() { done <- f.log.Run(ctx) }()
	for {
		f.log.Wake()
		st, err := f.log.Status(f.ctx)
		f.must(err)
		if st.Waiting == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	f.must(<-done)
	records, err := f.log.Records(f.ctx, ledger.Filter{Limit: 100})
	f.must(err)
	if len(records) < 3 {
		return fmt.Errorf("only %d records", len(records))
	}
	for _, rec := range records {
		if err := engagement.Bound(f.ctx, f.db.Reader(), rec); err != nil {
			return err
		}
	}
	return nil
}

func (f *fixture) bound() {
	f.t.Helper()
	f.must(f.check())
}

func TestImport(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.create()
		list := []engagement.Proposed{
			{Ref: "1", RequestContent: engagement.RequestContent{Text: "Information security policy", Due: "2026-07-10"}},
			{Ref: "2", RequestContent: engagement.RequestContent{Text: "Listing of all leavers"}},
		}
		c, err := f.Preview(f.ctx, manager, 1, list)
		if err != nil || len(c.Added) != 2 {
			t.Fatalf("%+v, %v", c, err)
		}
		if have, err := f.Requests(f.ctx, manager, 1); err != nil || len(have) != 0 {
			t.Fatalf("a preview stored %d requests, %v", len(have), err)
		}
		book := engagement.Workbook{Name: "IRL.xlsx", Digest: strings.Repeat("a", 64), Sheet: "Requests"}
		_, err = f.Import(f.ctx, manager, 1, list, &book)
		f.must(err)
		owner := "usr_m"
		_, err = f.Edit(f.ctx, manager, 1, "1", 1, engagement.Edit{Owner: &owner})
		f.must(err)

		list[0].Text = "Information security policy, approved version"
		list[1].Theirs, list[1].HasTheirs = engagement.Returned, true
		list = append(list, engagement.Proposed{Ref: "3", RequestContent: engagement.RequestContent{Text: "Walkthrough of change management"}})
		c, err = f.Import(f.ctx, auditor, 1, list, nil)
		if err != nil || len(c.Added) != 1 || len(c.Changed) != 2 || len(c.Absent) != 0 {
			t.Fatalf("%+v, %v", c, err)
		}
		have, err := f.Requests(f.ctx, manager, 1)
		f.must(err)
		if have[0].Owner != owner || have[0].Text != list[0].Text || have[1].Theirs != engagement.Returned || have[2].Kind != engagement.Inquiry {
			t.Errorf("after the second list: %+v", have)
		}
		c, err = f.Import(f.ctx, manager, 1, list[:1], nil)
		if err != nil || len(c.Same) != 1 || len(c.Absent) != 2 {
			t.Errorf("a shorter list: %+v, %v", c, err)
		}
		if have, err := f.Requests(f.ctx, manager, 1); err != nil || len(have) != 3 {
			t.Errorf("a shorter list left %d requests, %v", len(have), err)
		}
		if _, err := f.Import(f.ctx, manager, 1, []engagement.Proposed{list[0], list[0]}, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("a reference twice: %v", err)
		}
		if books, err := f.Workbooks(f.ctx, manager, 1); err != nil || len(books) != 1 || books[0].Name != "IRL.xlsx" {
			t.Errorf("workbooks %+v, %v", books, err)
		}
		f.bound()
	})
}

func TestCriteriaIn(t *testing.T) {
	for in, want := range map[string][]string{
		"CC6.1, CC6.2; a1.2":  {"CC6.1", "CC6.2", "A1.2"},
		"CC6.10 and CC1.1":    {"CC1.1"},
		"PI1.1":               {"PI1.1"},
		"Refers to CC7.1-7.2": {"CC7.1"},
		"none":                nil,
	} {
		if got := engagement.CriteriaIn(in); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}
