package population

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/judge"
)

var (
	day   = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	ann   = access.Principal{UserID: "usr_ann", Name: "Ann", Role: access.Administrator}
	ben   = access.Principal{UserID: "usr_ben", Name: "Ben", Role: access.ComplianceManager}
	carol = access.Principal{UserID: "usr_carol", Name: "Carol", Role: access.Auditor}
)

// fixture is a service over one database with a source of machines in memory.
type fixture struct {
	*Service
	*testing.T
	ctx      context.Context
	db       *database.DB
	log      *ledger.Log
	clock    *clock.Manual
	machines []Item
	left     []exclusion.Entry
	seen     []Second // neighbours
	known    int64    // the size that the source was asked for last
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	f := &fixture{T: t, ctx: context.Background(), db: db, clock: clock.NewManual(day)}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	store, err := blobs.Open(filepath.Join(dir, "blobs"))
	f.must(err)
	text := &judge.Type{Kind: judge.String}
	f.Service, err = New(Config{DB: db, Ledger: f.log, Blobs: store, Clock: f.clock.Now,
		Register:   func(context.Context, exclusion.Question) ([]exclusion.Entry, error) { return slices.Clone(f.left), nil },
		Neighbours: func(context.Context, Request) ([]Second, []string, error) { return f.seen, nil, nil },
	}, Source{Name: "hosts", Title: "Hosts", Doc: "Machines.", Fields: []judge.Field{{Name: "name", Type: text}, {Name: "os", Type: text}, {Name: "cpus", Type: &judge.Type{Kind: judge.Int}}},
		Columns: []string{"name"}, Dates: []Date{{Name: "present", Doc: "it was there", Span: true}, {Name: "first_seen", Doc: "it was seen first"}},
		Read: func(_ context.Context, r Request) ([]Item, error) {
			f.known = r.At.Known
			return slices.Clone(f.machines), nil
		}})
	f.must(err)
	for _, who := range []access.Principal{ann, ben, carol} {
		f.must(f.db.Tx(f.ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(f.ctx, `INSERT INTO access_user (id, login, name, role, created_at) VALUES ($1, $2, $3, $4, 0)`, who.UserID, strings.ToLower(who.Name), who.Name, string(who.Role))
			return err
		}))
	}
	return f
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// refused holds that err is a fault of a kind about a field.
func (f *fixture) refused(err error, kind fault.Kind, field string) {
	f.Helper()
	var e *fault.Error
	if !fault.Is(err, kind) {
		f.Fatalf("the error is %v, want kind %s", err, kind)
	}
	if field != "" && (!asFault(err, &e) || e.Field != field) {
		f.Fatalf("the error %v names field %q, want %q", err, e.Field, field)
	}
}

func asFault(err error, into **fault.Error) bool {
	for ; err != nil; err = unwrap(err) {
		if e, ok := err.(*fault.Error); ok {
			*into = e
			return true
		}
	}
	return false
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

// machine adds a host that was there over spans given in days from day: from, to
// (0: still there), …
func (f *fixture) machine(name string, days ...int) {
	at := func(n int) time.Time {
		if n == 0 {
			return time.Time{}
		}
		return day.AddDate(0, 0, n)
	}
	item := Item{ID: "hst_" + name, Attributes: map[string]any{"name": name, "os": "debian", "cpus": int64(len(name))}, Dates: map[string][]Span{}}
	for i := 0; i < len(days); i += 2 {
		item.Dates["present"] = append(item.Dates["present"], Span{at(days[i]), at(days[i+1])})
	}
	item.Dates["first_seen"] = []Span{{at(days[0]), at(days[0])}}
	f.machines = append(f.machines, item)
}

func content(edit ...func(*Content)) Content {
	c := Content{Title: "Machines", Purpose: "To test.", Source: "hosts", Date: "present", Zone: "Europe/Dublin"}
	for _, e := range edit {
		e(&c)
	}
	return c
}

func (f *fixture) approved(slug string, c Content) {
	f.Helper()
	v, err := f.Define(f.ctx, ann, slug, c)
	f.must(err)
	f.must(f.Approve(f.ctx, ben, slug, v.Version, ""))
}

// bound holds every entry against its rows.
func (f *fixture) bound() error {
	f.Helper()
	checks := map[string]ledger.Binding{}
	for _, b := range Bindings() {
		checks[b.Name] = b
	}
	rows, err := f.db.Reader().QueryContext(f.ctx, `SELECT body FROM ledger_body ORDER BY entry_id`)
	f.must(err)
	var bodies [][]byte
	for rows.Next() {
		var b []byte
		f.must(rows.Scan(&b))
		bodies = append(bodies, b)
	}
	f.must(rows.Err())
	rows.Close()
	for _, body := range bodies {
		rec, err := ledger.ParseEntry(body)
		f.must(err)
		b, ok := checks[rec.Type]
		if !ok {
			f.Errorf("nothing is bound to entries of type %s", rec.Type)
			continue
		}
		if err := b.Check(f.ctx, f.db.Reader(), rec); err != nil {
			return err
		}
	}
	return nil
}

func TestDefinitionsAreApprovedByOthers(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.machine("web-01", 1, 0)
		f.clock.Advance(100 * 24 * time.Hour)
		_, err := f.Define(f.ctx, carol, "machines", content())
		f.refused(err, fault.Forbidden, "")
		v, err := f.Define(f.ctx, ann, "machines", content())
		f.must(err)
		if v.State != Draft || v.Version != 1 {
			t.Fatalf("the first version is %+v", v)
		}
		_, err = f.Extract(f.ctx, ann, "machines", Window{})
		f.refused(err, fault.Conflict, "")
		f.refused(f.Approve(f.ctx, ann, "machines", 1, "the board looked at it in May"), fault.Forbidden, "")
		f.refused(f.Approve(f.ctx, access.System(), "machines", 1, ""), fault.Forbidden, "")
		f.must(f.Approve(f.ctx, ben, "machines", 1, ""))
		f.refused(f.Approve(f.ctx, ben, "machines", 1, ""), fault.Conflict, "")
		_, err = f.Define(f.ctx, ann, "machines", content())
		f.refused(err, fault.Invalid, "")
		v, err = f.Define(f.ctx, ann, "machines", content(func(c *Content) { c.Filter = `item.os == "debian"` }))
		f.must(err)
		d, err := f.Definition(f.ctx, "machines")
		f.must(err)
		if now, ok := d.InForce(); !ok || now.Version != 1 || v.Version != 2 {
			t.Errorf("while version 2 is a draft, version 1 is in force, not %+v", now)
		}
		f.refused(f.Approve(f.ctx, ben, "machines", 1, ""), fault.Conflict, "")
		f.must(f.Approve(f.ctx, ben, "machines", 2, ""))
		f.must(f.Retire(f.ctx, ann, "machines"))
		_, err = f.Extract(f.ctx, ann, "machines", Window{})
		f.refused(err, fault.Conflict, "")
		f.must(f.bound())
	})
}

// In a firm of one the author approves, and says what stands in for a second
// person; that is recorded and shown.
func TestOnePersonAlone(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	f.must(f.db.Tx(f.ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(f.ctx, `UPDATE access_user SET disabled = 1 WHERE id = 'usr_ben'`)
		return err
	}))
	_, err := f.Define(f.ctx, ann, "machines", content())
	f.must(err)
	f.refused(f.Approve(f.ctx, ann, "machines", 1, "  "), fault.Invalid, "compensation")
	f.must(f.Approve(f.ctx, ann, "machines", 1, "our adviser read it on 2 March"))
	d, err := f.Definition(f.ctx, "machines")
	f.must(err)
	if v, _ := d.InForce(); v.Alone != "our adviser read it on 2 March" {
		t.Errorf("it is not flagged: %+v", v)
	}
	f.must(f.bound())
}

func TestMistakesInDefinitions(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	for field, edit := range map[string]func(*Content){
		"title":     func(c *Content) { c.Title = " " },
		"purpose":   func(c *Content) { c.Purpose = "" },
		"source":    func(c *Content) { c.Source = "ghosts" },
		"filter":    func(c *Content) { c.Filter = `item.colour == "red"` },
		"date":      func(c *Content) { c.Date = "birthday" },
		"zone":      func(c *Content) { c.Zone = "Mars/Olympus" },
		"joiners":   func(c *Content) { c.Joiners = "perhaps" },
		"in_flight": func(c *Content) { c.InFlight = "perhaps" },
		"subject":   func(c *Content) { c.Subject = "a check" },
	} {
		_, err := f.Define(f.ctx, ann, "machines", content(edit))
		f.refused(err, fault.Invalid, field)
	}
	for _, expression := range []string{`item.os`, `item.os ==`, `true`, `item.cpus == "4"`, strings.Repeat("(", 9000)} {
		_, err := f.Define(f.ctx, ann, "machines", content(func(c *Content) { c.Filter = expression }))
		f.refused(err, fault.Invalid, "filter")
	}
	_, err := f.Define(f.ctx, ann, "My Machines", content())
	f.refused(err, fault.Invalid, "slug")
}

// Who is a member, by every date and rule, of the window from day 10 to 20.
func TestMembership(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	f.machine("before", 1, 5)
	f.machine("until-start", 1, 10) // left at the very start: not in it
	f.machine("across", 1, 0)
	f.machine("leaver", 1, 15)
	f.machine("joiner", 12, 0)
	f.machine("visitor", 12, 15)
	f.machine("at-end", 20, 0) // joined at the very end: not in it
	f.machine("back", 1, 5, 15, 0)
	f.clock.Advance(100 * 24 * time.Hour)
	from, to := day.AddDate(0, 0, 10), day.AddDate(0, 0, 20)
	for name, tc := range map[string]struct {
		edit   func(*Content)
		window Window
		want   string
	}{
		"any time":         {func(*Content) {}, Window{from, to}, "across back joiner leaver visitor"},
		"without joiners":  {func(c *Content) { c.Joiners = Leave }, Window{from, to}, "across leaver"},
		"only what ended":  {func(c *Content) { c.InFlight = Leave }, Window{from, to}, "leaver visitor"},
		"neither":          {func(c *Content) { c.Joiners, c.InFlight = Leave, Leave }, Window{from, to}, "leaver"},
		"first seen":       {func(c *Content) { c.Date = "first_seen" }, Window{from, to}, "joiner visitor"},
		"instant at end":   {func(*Content) {}, Window{To: to}, "across at-end back joiner"},
		"instant at start": {func(*Content) {}, Window{from, from}, "across leaver"},
		"filter":           {func(c *Content) { c.Filter = `item.name.startsWith("j") || item.cpus > 6` }, Window{from, to}, "joiner visitor"},
	} {
		c := content(tc.edit)
		e, items, err := f.Preview(f.ctx, ann, c, tc.window)
		f.must(err)
		var names []string
		for _, i := range items {
			names = append(names, i.Attributes["name"].(string))
		}
		if got := strings.Join(names, " "); got != tc.want || e.Count != int64(len(items)) {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
	for field, w := range map[string]Window{"to": {from, f.clock.Now().Add(time.Hour)}, "from": {to, from}} {
		_, _, err := f.Preview(f.ctx, ann, content(), w)
		f.refused(err, fault.Invalid, field)
	}
}

// An item for which the filter cannot be answered stays a member, marked.
func TestUndecidedStays(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	f.machine("web-01", 1, 0)
	f.machine("mystery", 1, 0)
	delete(f.machines[1].Attributes, "os")
	f.clock.Advance(48 * time.Hour)
	e, items, err := f.Preview(f.ctx, ann, content(func(c *Content) { c.Filter = `item.os == "debian"` }), Window{})
	f.must(err)
	if e.Count != 2 || e.Undecided != 1 || !items[0].Undecided || items[1].Undecided {
		t.Errorf("count %d, undecided %d, items %+v", e.Count, e.Undecided, items)
	}
}

func TestFrozen(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		for i := range 25 {
			f.machine(fmt.Sprintf("web-%02d", i), 1, 0)
		}
		f.machine("lab-01", 1, 0)
		f.machine("lab-02", 1, 0)
		f.clock.Advance(48 * time.Hour)
		f.left = []exclusion.Entry{
			{Kind: exclusion.OfItem, Ref: "X-1", Subject: "hst_lab-01", From: day, Reason: "a laboratory"},
			{Kind: exclusion.OfItem, Ref: "X-2", Subject: "hst_lab-02", From: f.clock.Now().Add(-time.Hour), Reason: "since an hour"},
			{Kind: exclusion.OfCheck, Ref: "linux-server/bluetooth", Subject: "linux-server/bluetooth", Reason: "no radio"},
		}
		f.approved("machines", content(func(c *Content) { c.Apply = true }))
		_, err := f.Extract(f.ctx, access.Principal{UserID: "usr_v", Role: access.Viewer}, "machines", Window{})
		f.refused(err, fault.Forbidden, "")
		e, err := f.Extract(f.ctx, carol, "machines", Window{From: day, To: f.clock.Now()})
		f.must(err)
		if e.Count != 26 || e.Excluded != 1 || len(e.Exclusions) != 3 || e.Exclusions[0].Items != 1 || e.Exclusions[1].Items != 0 {
			t.Fatalf("%d members, %d left out: %+v", e.Count, e.Excluded, e.Exclusions)
		}
		got, err := f.Extraction(f.ctx, e.Ref())
		f.must(err)
		if got.Digest != e.Digest || got.Content.Title != "Machines" || got.Known != e.Known || got.MadeBy != "usr_carol" || !got.Window.From.Equal(day) {
			t.Errorf("it reads back as %+v", got)
		}
		raw, err := f.File(f.ctx, e.ID)
		f.must(err)
		if hexDigest(raw) != e.Digest || int64(len(raw)) != e.Size || strings.Count(string(raw), "\n") != 26 {
			t.Error("the digest is not that of the file")
		}
		var walked []string
		for cursor := ""; ; {
			page, next, err := f.Items(f.ctx, e.ID, cursor, 10)
			f.must(err)
			for _, i := range page {
				walked = append(walked, i.ID)
			}
			if cursor = next; next == "" {
				break
			}
		}
		if len(walked) != 26 || !slices.IsSorted(walked) {
			t.Errorf("the pages give %d items", len(walked))
		}
		digest, count, err := f.Again(f.ctx, carol, e.ID)
		f.must(err)
		if digest != e.Digest || count != e.Count || f.known != e.Known {
			t.Error("again, it is another population")
		}
		f.machine("late", 1, 0)
		if digest, _, err = f.Again(f.ctx, carol, e.ID); err != nil || digest == e.Digest {
			t.Errorf("a source that gives something else is not noticed (%v)", err)
		}
		f.must(f.bound())
		for column, value := range map[string]string{"count": "25", "known": "known + 1", "excluded": "0", "window_to": "window_to + 1", "exclusions": "'[]'", "digest": "definition"} {
			undo := f.tamper("extraction", column, value)
			if err := f.bound(); !fault.Is(err, fault.Refused) {
				t.Errorf("a changed %s is not noticed: %v", column, err)
			}
			undo()
		}
		undo := f.tamper("population_version", "content", `'{"title":"Other","purpose":"x","source":"hosts","date":"present","zone":"UTC","joiners":"take","in_flight":"take","exclusions_apply":true}'`)
		if err := f.bound(); !fault.Is(err, fault.Refused) {
			t.Errorf("a changed definition is not noticed: %v", err)
		}
		undo()
		f.must(f.bound())
	})
}

// tamper changes a column of every row of a table and gives what undoes it.
func (f *fixture) tamper(table, column, value string) func() {
	f.Helper()
	var old any
	f.must(f.db.Reader().QueryRowContext(f.ctx, `SELECT `+column+` FROM `+table+` LIMIT 1`).Scan(&old))
	run := func(query string, args ...any) {
		f.must(f.db.Tx(f.ctx, func(tx *sql.Tx) error { _, err := tx.ExecContext(f.ctx, query, args...); return err }))
	}
	run(`UPDATE ` + table + ` SET ` + column + ` = ` + value)
	return func() { run(`UPDATE `+table+` SET `+column+` = $1`, old) }
}
