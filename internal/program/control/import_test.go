package control_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/control"
)

func (f *fixture) now(t *testing.T, slug string) control.Version {
	t.Helper()
	c := f.get(t, slug)
	return c.Current()
}

func incoming() []control.Incoming {
	return []control.Incoming{
		{Row: 2, Ref: "DCF-6", Title: "Each change is looked at twice", Statement: "Someone other than its author looks at each change before it is merged.", Owner: "head of engineering", Criteria: []string{"CC8.1"}, Frequency: "daily", Mode: control.Manual, Nature: control.Preventive},
		{Row: 3, Ref: "DCF-7", Title: "Backups of the map room", Statement: "The maps are copied into another building.", Criteria: []string{"A1.2", "CC7.5"}, Trigger: "what the file calls as needed"},
	}
}

// A file becomes drafts, a second time nothing, and can be taken back as far as
// nobody has touched them.
func TestImport(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		before, err := f.Program(f.ctx, admin)
		if err != nil {
			t.Fatal(err)
		}
		dry, err := f.ImportFile(f.ctx, admin, "c.csv", incoming(), true)
		if err != nil || dry.New != 2 || dry.Number != 0 || dry.Lines[0].Slug != "each-change-is-looked-at-twice" {
			t.Fatalf("the preview: %v, %+v", err, dry)
		}
		got, err := f.ImportFile(f.ctx, admin, "c.csv", incoming(), false)
		if err != nil || got.New != 2 || got.Number != 1 {
			t.Fatalf("the import: %v, %+v", err, got)
		}
		c := f.get(t, "each-change-is-looked-at-twice")
		v := c.Current()
		if v.State != control.Draft || v.Library != "file I-1" || c.Number != len(before.Controls)+1 || !v.Design.KeyFor("CC8.1") || v.Design.Testable() || v.Design.Owner != "head of engineering" {
			t.Errorf("the first control: %+v", c)
		}
		if d := f.now(t, "backups-of-the-map-room").Design; d.Rhythm() != "on what the file calls as needed" || !slices.Equal(d.Criteria(), []string{"A1.2", "CC7.5"}) {
			t.Errorf("the second control: %+v", d)
		}
		if _, err := f.ImportFile(f.ctx, admin, "c.csv", incoming(), false); !fault.Is(err, fault.Conflict) {
			t.Errorf("the same file again: %v", err)
		}
		other := incoming()
		other[0].Statement = "Two people look at each change."
		if again, err := f.ImportFile(f.ctx, admin, "c.csv", other, true); err != nil || again.There != 2 || !again.Lines[0].Differs || again.Lines[1].Differs {
			t.Errorf("the file, changed: %v, %+v", err, again)
		}

		// one is approved meanwhile: it stays
		if err := f.Approve(f.ctx, admin, "each-change-is-looked-at-twice"); err != nil {
			t.Fatal(err)
		}
		left, err := f.UndoImport(f.ctx, admin, 1)
		if err != nil || !slices.Equal(left, []string{"each-change-is-looked-at-twice"}) || f.now(t, "backups-of-the-map-room").State != control.Retired {
			t.Errorf("undone: %v, %v", err, left)
		}
		if _, err := f.UndoImport(f.ctx, admin, 1); !fault.Is(err, fault.Conflict) {
			t.Errorf("undone twice: %v", err)
		}
		back, err := f.ImportFile(f.ctx, admin, "c.csv", incoming(), false)
		if err != nil || back.New != 1 || back.Lines[1].State != control.BecomesBack || f.now(t, "backups-of-the-map-room").State != control.Draft {
			t.Errorf("taken in again: %v, %+v", err, back)
		}
		list, err := f.Imports(f.ctx, admin)
		if err != nil || len(list) != 2 || list[0].Number != 2 || list[1].Undone.IsZero() || len(list[1].Controls) != 2 {
			t.Errorf("the imports: %v, %+v", err, list)
		}

		if err := f.log.Publish(f.ctx); err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"controls.imported", "controls.import_undone", "control.adopted"} {
			for _, rec := range f.records(t, kind) {
				if err := control.Bound(f.ctx, db.Reader(), rec); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
		}
		if n := len(f.records(t, "controls.imported")); n != 2 {
			t.Errorf("%d records of imports", n)
		}
	})
}

func TestImportRefuses(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	for what, change := range map[string]func(*control.Incoming){
		"no title":      func(in *control.Incoming) { in.Title = "" },
		"says what":     func(in *control.Incoming) { in.Statement = "short" },
		"no criterion":  func(in *control.Incoming) { in.Criteria = []string{"CC9.9"} },
		"no frequency":  func(in *control.Incoming) { in.Frequency = "fortnightly" },
		"control chara": func(in *control.Incoming) { in.Title = "a\x07b c" },
		"at most":       func(in *control.Incoming) { in.Statement = strings.Repeat("x", 5000) },
		"same control":  func(in *control.Incoming) { in.Ref = "dcf-7" },
	} {
		rows := incoming()
		change(&rows[0])
		got, err := f.ImportFile(f.ctx, admin, "c.csv", rows, false)
		if err != nil || got.Wrong != 1 || got.Number != 0 {
			t.Errorf("%s: %v, %+v", what, err, got)
			continue
		}
		if all := got.Lines[0].Problem + got.Lines[1].Problem; !strings.Contains(all, what) {
			t.Errorf("%s: %s", what, all)
		}
	}
	if _, err := f.ImportFile(f.ctx, access.Principal{UserID: "usr_2", Role: access.Viewer}, "c.csv", incoming(), true); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a reader: %v", err)
	}
	if _, err := f.ImportFile(f.ctx, admin, "c.csv", nil, true); !fault.Is(err, fault.Invalid) {
		t.Errorf("an empty file: %v", err)
	}
}

// A title like one of the library is told, and none is where nothing is like it.
func TestLike(t *testing.T) {
	l := shipped(t)
	for _, d := range l.Designs[:40] {
		if got, ok := l.Like(d.Title); !ok || got.Slug != d.Slug && got.Title != d.Title {
			t.Errorf("%q is most like %q", d.Title, got.Title)
		}
	}
	if got, ok := l.Like("Zebras graze near water holes"); ok {
		t.Errorf("zebras are like %q", got.Title)
	}
}
