package standard_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/pack"
)

var (
	day    = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	admin  = access.Principal{UserID: "usr_admin", Role: access.Administrator, SessionID: "ses_1"}
	boss   = access.Principal{UserID: "usr_boss", Role: access.ComplianceManager, SessionID: "ses_2"}
	viewer = access.Principal{UserID: "usr_viewer", Role: access.Viewer}
)

type fixture struct {
	*standard.Service
	ctx     context.Context
	db      *database.DB
	log     *ledger.Log
	clock   *clock.Manual
	changes int
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	f := &fixture{ctx: context.Background(), db: db, clock: clock.NewManual(day)}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.log.Close() })
	f.Service = f.again(t)
	return f
}

// again is the service of another process over the same database.
func (f *fixture) again(t *testing.T) *standard.Service {
	s, err := standard.New(standard.Config{DB: f.db, Ledger: f.log, Clock: f.clock.Now, OnChange: func() { f.changes++ }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sshd is a pack of two checks; edit changes its text.
func sshd(version string, edit ...string) fs.FS {
	checks := `checks:
  - id: root-login
    title: Root cannot log in over SSH
    population: hosts
    tier: essential
    severity: high
    frequency: continuous
    criteria: [CC6.1/1]
    rationale: Root's log-ins cannot be told apart.
    remediation: Set PermitRootLogin to no.
    attributes:
      - id: refused
        title: Root log-in is refused
        expect: sshd.effective.permitrootlogin == "no"
    fixtures:
      - {name: refused, expect: pass}
      - {name: allowed, facts: {sshd: {effective: {permitrootlogin: "yes"}}}, expect: fail}
      - {name: unreadable, missing: [{path: /sshd/effective, state: error, reason: needs root}], expect: error}
  - id: tries
    title: Few tries
    population: hosts
    tier: recommended
    severity: medium
    frequency: continuous
    criteria: [CC6.1/1]
    rationale: Guessing takes tries.
    remediation: Lower MaxAuthTries to {{max}}.
    parameters:
      max: {type: int, title: Most tries, default: 4, min: 1, max: 10}
    attributes:
      - id: few
        title: A handful of tries at most
        expect: sshd.effective.maxauthtries <= params.max
    fixtures:
      - {name: few, expect: pass}
      - {name: many, facts: {sshd: {effective: {maxauthtries: 99}}}, expect: fail}
      - {name: unreadable, missing: [{path: /sshd/effective, state: error, reason: needs root}], expect: error}
`
	base := `population: hosts
facts:
  sshd: {effective: {permitrootlogin: "no", maxauthtries: 4}}
`
	for i := 0; i+1 < len(edit); i += 2 {
		checks = strings.ReplaceAll(checks, edit[i], edit[i+1])
	}
	manifest := "kind: standard\nid: tiny\nversion: " + version + "\ntitle: Tiny\nsummary: For tests.\nlicence: Apache-2.0\nlocale: en\nrequires: {registry: 1}\n"
	return fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}, "sshd.yaml": {Data: []byte(checks)}, "fixtures/base.yaml": {Data: []byte(base)}}
}

func (f *fixture) install(t *testing.T, fsys fs.FS) standard.Standard {
	t.Helper()
	st, err := f.Install(f.ctx, admin, fsys)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func (f *fixture) set(t *testing.T) *standard.Set {
	t.Helper()
	set, err := f.InForce(f.ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestInstallAndApprove(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		st := f.install(t, sshd("1.0.0"))
		if st.Approved || !st.InForce || st.Checks != 2 || st.Attributes != 2 || st.Entry == "" {
			t.Fatalf("after installing: %+v", st)
		}
		if again := f.install(t, sshd("1.0.0")); again.ID != st.ID || f.changes != 1 {
			t.Errorf("installing the same content again: %+v, %d changes", again, f.changes)
		}
		if _, err := f.Install(f.ctx, admin, sshd("1.0.0", "Few tries", "Other tries")); !fault.Is(err, fault.Conflict) {
			t.Errorf("other content under the same version: %v", err)
		}
		if !f.set(t).Draft("tiny/root-login") {
			t.Error("a standard that nobody approved is no draft")
		}
		if err := f.Approve(f.ctx, viewer, st.ID, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a viewer approves: %v", err)
		}
		if err := f.Approve(f.ctx, access.System(), st.ID, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("nobody in person approves: %v", err)
		}
		f.clock.Advance(time.Hour)
		if err := f.Approve(f.ctx, boss, st.ID, ""); err != nil {
			t.Fatal(err)
		}
		if err := f.Approve(f.ctx, boss, st.ID, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("approving twice: %v", err)
		}
		got, err := f.Get(f.ctx, st.ID)
		if err != nil || !got.Approved || got.ApprovedBy != boss.UserID || !got.ApprovedAt.Equal(day.Add(time.Hour)) {
			t.Errorf("after approving: %+v, %v", got, err)
		}
		before, err := f.SetAt(f.ctx, day.Add(time.Minute))
		if err != nil || !before.Draft("tiny/root-login") {
			t.Errorf("before the approval it was a draft: %v", err)
		}
		if before, err = f.SetAt(f.ctx, day.Add(-time.Minute)); err != nil || len(before.Checks) != 0 {
			t.Errorf("before the installation there were %d checks, %v", len(before.Checks), err)
		}
	})
}

func TestNewVersionIsInForceAndOldOnesCanBeShown(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		one := f.install(t, sshd("1.0.0"))
		digest := f.set(t).Digest
		f.clock.Advance(24 * time.Hour)
		other := f.again(t) // has the old set in memory
		if set, err := other.InForce(f.ctx, nil); err != nil || set.Digest != digest {
			t.Fatal(err)
		}
		two := f.install(t, sshd("1.1.0", `== "no"`, `in ["no", "prohibit-password"]`))
		for _, s := range []*standard.Service{f.Service, other, f.again(t)} {
			set, err := s.InForce(f.ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			c, ok := set.Check("tiny/root-login")
			if !ok || c.Standard.ID != two.ID || !strings.Contains(c.Attributes[0].Expect, "prohibit-password") || set.Digest == digest || !set.Since.Equal(day.Add(24*time.Hour)) {
				t.Errorf("in force is %+v since %v", c, set.Since)
			}
		}
		old, err := f.SetAt(f.ctx, day.Add(time.Hour))
		if err != nil || old.Digest != digest {
			t.Errorf("the set of the day before: %v", err)
		}
		fsys, err := f.Content(f.ctx, one.ID)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := fs.ReadFile(fsys, "sshd.yaml")
		want, _ := fs.ReadFile(sshd("1.0.0"), "sshd.yaml")
		if string(got) != string(want) {
			t.Error("the old version's file is not what was installed")
		}
		list, err := f.List(f.ctx)
		if err != nil || len(list) != 2 || list[0].ID != two.ID || !list[0].InForce || list[1].InForce {
			t.Errorf("list: %+v, %v", list, err)
		}
	})
}

func TestTailor(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		st := f.install(t, sshd("1.0.0"))
		if err := f.Approve(f.ctx, boss, st.ID, ""); err != nil {
			t.Fatal(err)
		}
		for _, tc := range []struct {
			name string
			t    standard.Tailoring
			want fault.Kind
		}{
			{"no reason", standard.Tailoring{Check: "tiny/tries", Exclude: true}, fault.Invalid},
			{"no such check", standard.Tailoring{Check: "tiny/nothing", Exclude: true, Reason: "x"}, fault.NotFound},
			{"no such standard", standard.Tailoring{Check: "other/nothing", Exclude: true, Reason: "x"}, fault.NotFound},
			{"changes nothing", standard.Tailoring{Check: "tiny/tries", Reason: "x"}, fault.Invalid},
			{"no such severity", standard.Tailoring{Check: "tiny/tries", Severity: "awful", Reason: "x"}, fault.Invalid},
			{"out of range", standard.Tailoring{Check: "tiny/tries", Parameters: map[string]any{"max": int64(99)}, Reason: "x"}, fault.Invalid},
			{"wrong type", standard.Tailoring{Check: "tiny/tries", Parameters: map[string]any{"max": "many"}, Reason: "x"}, fault.Invalid},
		} {
			if err := f.Tailor(f.ctx, admin, tc.t); !fault.Is(err, tc.want) {
				t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
			}
		}
		if got, _ := f.Get(f.ctx, st.ID); !got.Approved {
			t.Error("refused tailorings took the approval away")
		}
		f.clock.Advance(time.Hour)
		before := f.set(t)
		if err := f.Tailor(f.ctx, admin, standard.Tailoring{Check: "tiny/tries", Severity: "low", Parameters: map[string]any{"max": int64(6)}, Reason: "old clients"}); err != nil {
			t.Fatal(err)
		}
		if err := f.Tailor(f.ctx, admin, standard.Tailoring{Check: "tiny/root-login", Exclude: true, Reason: "no sshd here"}); err != nil {
			t.Fatal(err)
		}
		set := f.set(t)
		c, ok := set.Check("tiny/tries")
		old, _ := before.Check("tiny/tries")
		if !ok || c.Severity != "low" || c.Tailored == nil || c.Attributes[0].Digest == old.Attributes[0].Digest || !strings.Contains(c.Attributes[0].Expected, "6") {
			t.Errorf("tailored: %+v", c)
		}
		if _, there := set.Check("tiny/root-login"); there || len(set.Excluded) != 1 || set.Excluded[0].MadeBy != admin.UserID || set.Excluded[0].Reason != "no sshd here" {
			t.Errorf("excluded: %+v", set.Excluded)
		}
		if set.Digest == before.Digest || !set.Draft("tiny/tries") {
			t.Error("a tailored standard says something else: it is a draft with another digest")
		}
		if err := f.Approve(f.ctx, boss, st.ID, ""); err != nil {
			t.Errorf("approve the tailored standard: %v", err)
		}
		// A new version keeps the tailoring, and is refused where that does not fit.
		if _, err := f.Install(f.ctx, admin, sshd("2.0.0", "min: 1, max: 10", "min: 1, max: 5")); !fault.Is(err, fault.Conflict) {
			t.Errorf("a version that the tailoring does not fit: %v", err)
		}
		f.install(t, sshd("1.1.0", "Guessing takes tries.", "Guessing takes many tries."))
		if c, _ := f.set(t).Check("tiny/tries"); c == nil || c.Severity != "low" {
			t.Errorf("the next version lost the tailoring: %+v", c)
		}
		// Taking it back gives what was declared.
		if err := f.Tailor(f.ctx, admin, standard.Tailoring{Check: "tiny/tries", Reason: "clients are gone"}); err != nil {
			t.Fatal(err)
		}
		if c, _ := f.set(t).Check("tiny/tries"); c == nil || c.Severity != "medium" || c.Tailored != nil {
			t.Errorf("taken back: %+v", c)
		}
		all, err := f.Tailorings(f.ctx)
		if err != nil || len(all) != 3 || all[0].Reason != "clients are gone" {
			t.Errorf("tailorings: %+v, %v", all, err)
		}
	})
}

// Whoever made a draft does not approve it, unless they say what makes up for that.
func TestApproveAlone(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		st := f.install(t, sshd("1.0.0"))
		err := f.Approve(f.ctx, admin, st.ID, " ")
		var e *fault.Error
		if !errors.As(err, &e) || e.Kind != fault.Invalid || e.Field != "compensation" {
			t.Fatalf("the author approves: %v", err)
		}
		if err := f.Approve(f.ctx, admin, st.ID, "one-person firm: the adviser reads it in April"); err != nil {
			t.Fatal(err)
		}
		got, err := f.Get(f.ctx, st.ID)
		if err != nil || !got.Approved || got.ApprovedBy != admin.UserID || got.Compensation == "" {
			t.Errorf("approved alone: %+v, %v", got, err)
		}
		rec := records(t, db.Reader(), "standard.approved")[0]
		if rec.Data["alone"] != true || rec.Data["via"] != nil {
			t.Errorf("the entry says %v", rec.Data)
		}
		// Another one's tailoring: the same person may approve without that, a
		// superseded version may not be approved at all.
		if err := f.Tailor(f.ctx, boss, standard.Tailoring{Check: "tiny/tries", Exclude: true, Reason: "x"}); err != nil {
			t.Fatal(err)
		}
		if own, alone, err := f.Author(f.ctx, got, boss); err != nil || !own || !alone {
			t.Errorf("whoever tailored is an author: %v, alone %v, %v", own, alone, err)
		}
		if err := f.Approve(f.ctx, boss, st.ID, ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("whoever tailored approves: %v", err)
		}
		f.clock.Advance(time.Hour)
		f.install(t, sshd("2.0.0"))
		if err := f.Approve(f.ctx, boss, st.ID, "x"); !fault.Is(err, fault.Conflict) {
			t.Errorf("a superseded version: %v", err)
		}
	})
}

func TestPreview(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	st := f.install(t, sshd("1.0.0"))
	if err := f.Approve(f.ctx, boss, st.ID, ""); err != nil {
		t.Fatal(err)
	}
	v, err := f.Preview(f.ctx, admin, standard.Tailoring{Check: "tiny/tries", Severity: "low", Parameters: map[string]any{"max": int64(6)}})
	if err != nil || !v.Approve || len(v.Diff.Changed) != 1 {
		t.Fatalf("preview: %+v, %v", v, err)
	}
	var fields []string
	for _, d := range v.Diff.Changed[0].Fields {
		fields = append(fields, d.Field+" "+d.Old+" > "+d.New)
	}
	want := []string{"severity medium > low", "remediation Lower MaxAuthTries to 4. > Lower MaxAuthTries to 6.", "parameters.max.value 4 > 6"}
	for _, w := range want {
		if !slices.Contains(fields, w) {
			t.Errorf("the preview lacks %q: %q", w, fields)
		}
	}
	if v.Before.Severity != "medium" || v.After.Severity != "low" {
		t.Errorf("before %q, after %q", v.Before.Severity, v.After.Severity)
	}
	if v, err = f.Preview(f.ctx, admin, standard.Tailoring{Check: "tiny/tries", Exclude: true}); err != nil || v.After != nil || v.Before == nil {
		t.Errorf("excluding: %+v, %v", v, err)
	}
	if all, _ := f.Tailorings(f.ctx); len(all) != 0 || f.set(t).Standards[0].Digest != st.Digest {
		t.Error("a preview changed something")
	}
	for _, tc := range []struct {
		name, field string
		t           standard.Tailoring
	}{
		{"too many", "parameters.max", standard.Tailoring{Check: "tiny/tries", Parameters: map[string]any{"max": int64(11)}}},
		{"no such parameter", "parameters.most", standard.Tailoring{Check: "tiny/tries", Parameters: map[string]any{"most": int64(1)}}},
		{"no severity", "severity", standard.Tailoring{Check: "tiny/tries", Severity: "bad"}},
		{"as declared", "", standard.Tailoring{Check: "tiny/tries", Severity: "medium", Parameters: map[string]any{"max": int64(4)}}},
	} {
		_, err := f.Preview(f.ctx, admin, tc.t)
		var e *fault.Error
		if !errors.As(err, &e) || e.Kind != fault.Invalid || e.Field != tc.field {
			t.Errorf("%s: %v in field %q", tc.name, err, e.Field)
		}
	}
	if _, err := f.Preview(f.ctx, viewer, standard.Tailoring{Check: "tiny/tries", Exclude: true}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a viewer previews: %v", err)
	}
	again := standard.Tailoring{Check: "tiny/tries", Severity: "low", Reason: "x"}
	if err := f.Tailor(f.ctx, admin, again); err != nil {
		t.Fatal(err)
	}
	if err := f.Tailor(f.ctx, admin, again); !fault.Is(err, fault.Invalid) {
		t.Errorf("the same once more: %v", err)
	}
	loaded, err := f.Loaded(f.ctx, st.ID)
	if c, _ := loaded.Check("tiny/tries"); err != nil || c.Severity != "low" {
		t.Errorf("loaded: %v, %v", c, err)
	}
}

func TestTiers(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		st := f.install(t, sshd("1.0.0"))
		first := f.set(t)
		tries, _ := first.Check("tiny/tries")
		root, _ := first.Check("tiny/root-login")
		if first.Standards[0].Tier != "essential" || tries.Opens() || !root.Opens() {
			t.Errorf("a new standard works on %q", first.Standards[0].Tier)
		}
		f.clock.Advance(time.Hour)
		for _, tc := range []struct {
			name, pack, tier, reason string
			who                      access.Principal
			want                     fault.Kind
		}{
			{"a viewer", "tiny", "recommended", "", viewer, fault.Forbidden},
			{"no tier", "tiny", "everything", "", admin, fault.Invalid},
			{"no standard", "other", "thorough", "", admin, fault.NotFound},
			{"as it is", "tiny", "essential", "x", admin, fault.Conflict},
		} {
			if err := f.SetTier(f.ctx, tc.who, tc.pack, tc.tier, tc.reason); !fault.Is(err, tc.want) {
				t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
			}
		}
		if err := f.SetTier(f.ctx, admin, "tiny", "thorough", ""); err != nil {
			t.Fatal(err)
		}
		now := f.set(t)
		if tries, _ = now.Check("tiny/tries"); !tries.Opens() || now.Digest == first.Digest || now.Standards[0].Digest != st.Digest || !now.Since.Equal(f.clock.Now()) {
			t.Errorf("switched on: %+v", now.Standards[0])
		}
		if err := f.SetTier(f.ctx, admin, "tiny", "essential", " "); !fault.Is(err, fault.Invalid) {
			t.Errorf("switched off without a reason: %v", err)
		}
		before, err := f.SetAt(f.ctx, day.Add(time.Minute))
		if err != nil || before.Standards[0].Tier != "essential" {
			t.Errorf("the tier of an hour ago: %v, %v", before.Standards, err)
		}
	})
}

func TestParseParameter(t *testing.T) {
	for _, tc := range []struct {
		kind, text string
		want       any
	}{
		{"int", " 4 ", int64(4)}, {"int", "4.5", nil}, {"int", "", nil}, {"bool", "Yes", true}, {"bool", "off", false}, {"bool", "maybe", nil},
		{"string", " a b ", "a b"}, {"list", "a, b\r\nc\n", []string{"a", "b", "c"}}, {"list", " ", []string{}},
	} {
		got, err := standard.ParseParameter(pack.Parameter{Name: "x", Type: tc.kind}, tc.text)
		if tc.want == nil {
			var e *fault.Error
			if !errors.As(err, &e) || e.Field != "parameters.x" {
				t.Errorf("%s %q: %v", tc.kind, tc.text, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s %q: %v, %v", tc.kind, tc.text, got, err)
		}
	}
}

func TestBadPack(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	_, err := f.Install(f.ctx, admin, sshd("1.0.0", "permitrootlogin ==", "permitrootlogon =="))
	if err == nil || !strings.Contains(err.Error(), "sshd.yaml") {
		t.Errorf("a pack with a wrong field: %v", err)
	}
	if _, err := f.Install(f.ctx, viewer, sshd("1.0.0")); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a viewer installs: %v", err)
	}
	if list, err := f.List(f.ctx); err != nil || len(list) != 0 {
		t.Errorf("something was installed: %v, %v", list, err)
	}
}

// An entry of the ledger holds its row: what was changed behind the product's
// back is refused.
func TestBound(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		st := f.install(t, sshd("1.0.0"))
		if err := f.Tailor(f.ctx, admin, standard.Tailoring{Check: "tiny/tries", Parameters: map[string]any{"max": int64(6)}, Reason: "old clients"}); err != nil {
			t.Fatal(err)
		}
		if err := f.Approve(f.ctx, boss, st.ID, ""); err != nil {
			t.Fatal(err)
		}
		if err := f.SetTier(f.ctx, admin, "tiny", "recommended", ""); err != nil {
			t.Fatal(err)
		}
		verify := func(q database.Querier) error {
			for _, typ := range []string{"standard.installed", "standard.tailored", "standard.approved", "standard.tiers"} {
				for _, rec := range records(t, q, typ) {
					if err := standard.Bound(f.ctx, q, rec); err != nil {
						return err
					}
				}
			}
			return nil
		}
		if err := verify(db.Reader()); err != nil {
			t.Fatalf("untouched: %v", err)
		}
		sabotages := map[string]string{
			"the content":   `UPDATE standard SET content = (SELECT hash FROM ledger_entry LIMIT 1)`,
			"the digest":    `UPDATE standard SET digest = 'x'`,
			"the approver":  `UPDATE standard_approval SET approved_by = 'usr_other'`,
			"whether alone": `UPDATE standard_approval SET compensation = 'x'`,
			"the tier":      `UPDATE standard_tier SET tier = 'thorough'`,
			"the approval":  `DELETE FROM standard_approval`,
			"the parameter": `UPDATE tailoring SET parameters = '{"max":9}'`,
			"the exclusion": `UPDATE tailoring SET excluded = 1`,
		}
		for _, name := range slices.Sorted(maps.Keys(sabotages)) {
			err := db.Tx(f.ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(f.ctx, sabotages[name]); err != nil {
					return err
				}
				if err := verify(tx); err != nil {
					return err
				}
				return fmt.Errorf("nothing was noticed")
			})
			if !fault.Is(err, fault.Refused) {
				t.Errorf("changing %s: %v", name, err)
			}
		}
	})
}

// records reads entries that may not be numbered yet.
func records(t *testing.T, q database.Querier, typ string) []ledger.Record {
	t.Helper()
	rows, err := q.QueryContext(context.Background(), `SELECT body FROM ledger_entry JOIN ledger_body ON entry_id = id WHERE type = $1`, typ)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []ledger.Record
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			t.Fatal(err)
		}
		rec, err := ledger.ParseEntry(body)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rec)
	}
	if len(all) == 0 {
		t.Fatalf("no entry of type %s", typ)
	}
	return all
}
