package question_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
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
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/packs"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func shipped(t testing.TB) *question.Book {
	t.Helper()
	dir, err := packs.Open(packs.Questions()[0])
	if err != nil {
		t.Fatal(err)
	}
	b, err := question.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func get(t testing.TB, id string) *question.Questionnaire {
	t.Helper()
	q, err := shipped(t).Get(id)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// Each question says why it is asked, each answer what follows; controls exist.
func TestShippedQuestions(t *testing.T) {
	b := shipped(t)
	library, err := control.ShippedLibrary()
	if err != nil {
		t.Fatal(err)
	}
	var slugs []string
	for _, d := range library.Designs {
		slugs = append(slugs, d.Slug)
	}
	for _, f := range b.Unlinked(slugs) {
		t.Error(f)
	}
	if len(b.Unlinked(nil)) < 20 {
		t.Error("the questions name hardly any control")
	}
	for _, id := range []string{question.First, question.Need} {
		for _, q := range get(t, id).Questions() {
			for _, text := range append([]string{q.Ask, q.Why}, optionTexts(q)...) {
				if m := guidance.Misleading(text); len(m) > 0 {
					t.Errorf("%s: %q: %v", q.ID, text, m)
				}
			}
		}
	}
	groups := map[string]bool{}
	for _, q := range get(t, question.First).Questions() {
		groups[q.Group] = true
	}
	for _, k := range question.AccessKinds() {
		if !groups[k] {
			t.Errorf("nobody asks about access of the kind %s", k)
		}
	}
}

func optionTexts(q question.Question) []string {
	var out []string
	for _, o := range q.Options {
		out = append(out, o.Text, o.Follows)
	}
	return out
}

func TestMistakesOfAPack(t *testing.T) {
	meta := "kind: questions\nid: q\nversion: 1.0.0\ntitle: T\nsummary: S\nlicence: Apache-2.0\nlocale: en\n"
	for name, tc := range map[string]struct{ file, want string }{
		"no why":           {"id: a\ntitle: T\nintro: I\nsections: [{title: T, questions: [{id: x, ask: A, kind: text}]}]\n", "why"},
		"a choice of none": {"id: a\ntitle: T\nintro: I\nsections: [{title: T, questions: [{id: x, ask: A, why: W, kind: one}]}]\n", "options"},
		"twice":            {"id: a\ntitle: T\nintro: I\nsections: [{title: T, questions: [{id: x, ask: A, why: W, kind: text}, {id: x, ask: A, why: W, kind: text}]}]\n", "another question"},
		"no such category": {"id: a\ntitle: T\nintro: I\nsections: [{title: T, questions: [{id: x, ask: A, why: W, kind: one, options: [{value: v, text: T, follows: F, categories: [{category: moon, because: b}]}]}]}]\n", "moon"},
		"an unknown field": {"id: a\ntitle: T\nintro: I\nmoon: 1\nsections: [{title: T, questions: [{id: x, ask: A, why: W, kind: text}]}]\n", "moon"},
		"an odd practice":  {"id: a\ntitle: T\nintro: I\nsections: [{title: T, questions: [{id: x, ask: A, why: W, kind: one, options: [{value: v, text: T, follows: F, practice: {c: maybe}}]}]}]\n", "maybe"},
		"no follow-up":     {"id: a\ntitle: T\nintro: I\nsections: [{title: T, questions: [{id: x, ask: A, why: W, kind: one, options: [{value: v, text: T}]}]}]\n", "follows"},
	} {
		_, err := question.Load(fstest.MapFS{"pack.yaml": {Data: []byte(meta)}, "a.yaml": {Data: []byte(tc.file)}})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func choose(values ...string) question.Answer { return question.Answer{Values: values} }

func verdicts(r question.Result) string {
	var out []string
	for _, s := range r.Categories {
		out = append(out, string(s.Category)+" "+string(s.Verdict))
		if len(s.Reasons) == 0 {
			out = append(out, "without a reason")
		}
	}
	return strings.Join(out, ", ")
}

func TestDerive(t *testing.T) {
	q := get(t, question.First)
	for _, tc := range []struct {
		name string
		a    question.Answers
		want string
	}{
		{"nothing answered", nil, "security in, availability open, processing_integrity open, confidentiality open, privacy open"},
		{"not known", question.Answers{"data": {Unknown: true}, "promises": {Unknown: true}}, "security in, availability open, processing_integrity open, confidentiality open, privacy open"},
		{"half of it", question.Answers{"promises": choose("uptime")}, "security in, availability in, processing_integrity open, confidentiality open, privacy open"},
		{"a small service", question.Answers{"data": choose("content", "accounts"), "promises": choose("uptime", "security")},
			"security in, availability in, processing_integrity out, confidentiality in, privacy out"},
		{"payroll", question.Answers{"data": choose("people", "money"), "promises": choose("results")},
			"security in, availability out, processing_integrity in, confidentiality in, privacy in"},
	} {
		if got := verdicts(q.Derive(tc.a)); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.name, got, tc.want)
		}
	}
	r := q.Derive(question.Answers{"service": {Text: "Payroll Cloud"}, "use": {Text: "pay slips\ntax files"}, "data": choose("people", "logs"), "places": {Text: "AWS eu-west-1"}, "moves": choose("web"),
		"access-staff": {Text: "Ann (platform) - database, console\nBob"}, "access-services": {Text: "deploy key: cluster"}, "two-factors": choose("no"), "leavers": {Unknown: true}, "changes": choose("yes"), "promises": choose("secrecy"), "goods": choose("no")})
	if len(r.Accounts) != 3 || r.Accounts[0] != (question.Access{Who: "Ann (platform)", Kind: "staff", Reach: "database, console"}) || r.Accounts[1].Reach != "" || r.Accounts[2].Who != "deploy key" {
		t.Errorf("accounts: %+v", r.Accounts)
	}
	if r.Said["remote-access-two-factors"] != "no" || r.Said["leaver-access-removed"] != "unknown" || r.Said["changes-approved"] != "yes" {
		t.Errorf("said: %v", r.Said)
	}
	if len(r.Data) != 2 || r.Data[0].Classification != question.Restricted || !r.Data[0].Personal || !slices.Equal(r.Data[0].Lives, []string{"AWS eu-west-1"}) || len(r.Data[0].Access) != 3 || r.Data[0].Retention == "" {
		t.Errorf("data: %+v", r.Data)
	}
	for _, h := range r.Controls {
		if len(h.Because) == 0 {
			t.Errorf("%s is proposed without a reason", h.Control)
		}
	}
	d := r.Draft(scope.Content{Scope: catalog.DefaultScope(), Zone: "UTC"})
	checked, err := d.Check()
	if err != nil {
		t.Fatalf("the draft is no scope: %v", err)
	}
	if checked.Name() != "Payroll Cloud" || len(checked.Systems[0].Services) != 2 || !checked.Has(catalog.Privacy) || checked.Has(catalog.Availability) || checked.Reason(catalog.Availability) == "" ||
		checked.Processor != catalog.Yes || checked.Goods != catalog.No || len(checked.Commitments) != 1 || len(checked.Boundary) < 5 {
		t.Errorf("%+v", checked)
	}
	again := r.Draft(checked)
	if _, twice, _ := again.Digest(); func() bool { _, once, _ := checked.Digest(); return once != twice }() {
		t.Error("a second draft of the same answers changes something")
	}
}

func TestAdvise(t *testing.T) {
	for _, tc := range []struct {
		name, title string
		a           question.Answers
		typ         int
		late        bool
	}{
		{"nothing answered", "It cannot be said yet; at the earliest a type 2 over a window from 1 Aug 2026", nil, 2, false},
		{"nobody asks", "No report for now", question.Answers{"asked": choose("no"), "held": choose("yes")}, 0, false},
		{"a contract, soon", "Yes: type 2 over a window from 1 Jun 2026", question.Answers{"asked": choose("contract"), "held": choose("yes"), "accepted": choose("type2"), "running": choose("most"), "by": {Text: "2026-07-01"}}, 2, true},
		{"type 1 will do", "Probably: type 1 as of 1 Jun 2026", question.Answers{"asked": choose("deals"), "held": choose("yes"), "accepted": choose("type1"), "running": choose("most"), "by": {Text: "2026-12-01"}}, 1, false},
		{"a second report", "Yes: type 2 over a window from 1 Jun 2026", question.Answers{"asked": choose("contract"), "held": choose("yes"), "accepted": choose("type1"), "running": choose("most"), "earlier": choose("soc2")}, 2, false},
	} {
		d := question.Advise(tc.a, monday)
		if d.Title != tc.title || d.Type != tc.typ || d.Late != tc.late || len(d.Reasons) == 0 || len(d.Steps) == 0 {
			t.Errorf("%s: %+v", tc.name, d)
		}
	}
	if d := question.Advise(question.Answers{"asked": choose("contract"), "accepted": choose("type1"), "running": choose("most")}, monday); d.Then == nil || d.Then.From != "2026-06-02" || d.Then.To != "2026-09-01" {
		t.Errorf("the window after a type 1 begins the day after: %+v", d.Then)
	}
}

type fixture struct {
	*question.Service
	t        *testing.T
	ctx      context.Context
	db       *database.DB
	log      *ledger.Log
	scopes   *scope.Service
	ann, eve access.Principal
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), db: db, ann: access.Principal{UserID: "usr_1", Role: access.ComplianceManager}, eve: access.Principal{UserID: "usr_2", Role: access.Viewer}}
	dir, now := t.TempDir(), clock.NewManual(monday)
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	library, err := control.ShippedLibrary()
	f.must(err)
	f.must(control.New(control.Config{DB: db, Ledger: f.log, Clock: now.Now, Library: library}).Start(f.ctx))
	f.scopes = scope.New(scope.Config{DB: db, Ledger: f.log, Clock: now.Now})
	f.Service = question.New(question.Config{DB: db, Ledger: f.log, Clock: now.Now, Book: shipped(t), Scopes: f.scopes})
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) refused(err error, kind fault.Kind, want string) {
	f.t.Helper()
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error(), want) {
		f.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

func TestAnswersAndScope(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		_, err := f.ToScope(f.ctx, f.ann)
		f.refused(err, fault.Conflict, "nobody has answered")
		a := question.Answers{"service": {Text: " Payroll  "}, "data": choose("money", "content"), "two-factors": {Unknown: true, Values: []string{"yes"}}}
		v, err := f.Answer(f.ctx, f.ann, question.First, 0, a)
		f.must(err)
		if v.Version != 1 || v.Answers["service"].Text != "Payroll" || len(v.Answers["two-factors"].Values) != 0 || !slices.Equal(v.Answers["data"].Values, []string{"content", "money"}) {
			t.Errorf("%+v", v.Answers)
		}
		_, err = f.Answer(f.ctx, f.ann, question.First, 0, question.Answers{})
		f.refused(err, fault.Conflict, "meanwhile")
		_, err = f.Answer(f.ctx, f.ann, question.First, 1, a)
		f.refused(err, fault.Conflict, "already")
		_, err = f.Answer(f.ctx, f.eve, question.First, 1, question.Answers{})
		f.refused(err, fault.Forbidden, "")
		for id, bad := range map[string]question.Answer{"data": choose("moon"), "moon": {Text: "x"}, "goods": choose("yes", "no"), "service": {Text: "a\nb"}, "access-staff": {Text: strings.Repeat("x\n", 300)}} {
			_, err = f.Answer(f.ctx, f.ann, question.First, 1, question.Answers{id: bad})
			var fe *fault.Error
			if !errors.As(err, &fe) || fe.Field != id {
				t.Errorf("%s: %v", id, err)
			}
		}
		draft, err := f.ToScope(f.ctx, f.ann)
		f.must(err)
		if draft.Version != 2 || draft.Approved() || draft.Name() != "Payroll" || !draft.Has(catalog.ProcessingIntegrity) {
			t.Errorf("the draft: %+v", draft)
		}
		_, err = f.Answer(f.ctx, f.ann, question.Need, 0, question.Answers{"asked": choose("contract"), "running": choose("most"), "accepted": choose("type2")})
		f.must(err)
		draft, err = f.WindowToScope(f.ctx, f.ann)
		f.must(err)
		if w, ok := draft.Window(); !ok || w.From != "2026-06-01" || draft.Name() != "Payroll" {
			t.Errorf("the window is written upon the draft before it: %+v", draft)
		}
		said, err := f.Said(f.ctx, monday.Add(time.Hour), -1)
		f.must(err)
		if said["remote-access-two-factors"] != "unknown" {
			t.Errorf("%v", said)
		}
		if said, err = f.Said(f.ctx, monday.Add(-time.Hour), -1); err != nil || len(said) != 0 {
			t.Errorf("before anybody answered: %v, %v", said, err)
		}
	})
}

func TestInventory(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		n, err := f.AddData(f.ctx, f.ann, question.DataSet{Name: "Logs", Classification: question.Internal, Access: question.ParseAccess("Ann - read\nservice: shipper: write\nvendor: Hosting Ltd")},
			question.DataSet{Name: "Content", Classification: question.Restricted, Access: question.ParseAccess("ann")})
		f.must(err)
		if !slices.Equal(n, []int{1, 2}) {
			t.Fatal(n)
		}
		_, err = f.AddData(f.ctx, f.ann, question.DataSet{Name: "logs"})
		f.refused(err, fault.Conflict, "D-1 is called Logs already")
		_, err = f.AddData(f.ctx, f.ann, question.DataSet{Name: "x y", Classification: "secret"})
		f.refused(err, fault.Invalid, "no class")
		d, err := f.Data(f.ctx, f.eve, "d-1")
		f.must(err)
		if now := d.Now(); len(now.Lacks()) != 4 || question.AccessLines(now.Access) != "staff: Ann - read\nservice: shipper - write\nvendor: Hosting Ltd" {
			t.Errorf("%+v lacks %q", now, now.Lacks())
		}
		changed := d.Now().DataSet
		changed.Owner, changed.Retention = "head of platform", "one year"
		_, err = f.ChangeData(f.ctx, f.ann, "D-1", 1, changed, "")
		f.refused(err, fault.Invalid, "say what changed")
		_, err = f.ChangeData(f.ctx, f.ann, "D-1", 1, changed, "Bob asked Ann")
		f.must(err)
		_, err = f.ChangeData(f.ctx, f.ann, "D-1", 1, changed, "once more")
		f.refused(err, fault.Conflict, "meanwhile")
		all, err := f.Inventory(f.ctx, f.eve)
		f.must(err)
		who := question.Population(all)
		if len(who) != 3 || who[0].Who != "Ann" || who[0].Highest != question.Restricted || !slices.Equal(who[0].Data, []string{"D-1", "D-2"}) {
			t.Errorf("%+v", who)
		}
		changed.Retired = true
		if _, err = f.ChangeData(f.ctx, f.ann, "D-1", 2, changed, "no longer collected"); err != nil {
			t.Fatal(err)
		}
		if all, err = f.Inventory(f.ctx, f.eve); err != nil || len(question.Population(all)) != 1 {
			t.Error("what is retired gives access to nobody", err)
		}
		records, err := f.log.Records(f.ctx, ledger.Filter{Type: "data_set.", Limit: 100})
		f.must(err)
		hold := func(q database.Querier) error {
			for _, rec := range records {
				if strings.Contains(string(rec.Raw), "Bob asked") {
					t.Error("what a person wrote stands in the ledger itself")
				}
				if err := question.Bound(f.ctx, q, rec); err != nil {
					return err
				}
			}
			return nil
		}
		f.must(hold(db.Reader()))
		for _, sabotage := range []string{`UPDATE data_set_version SET content = '{}' WHERE version = 2`, `UPDATE data_set_version SET note = 'x' WHERE version = 2`, `UPDATE data_set_version SET made_by = 'x'`, `DELETE FROM data_set_version`} {
			err := db.Tx(f.ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(f.ctx, sabotage); err != nil {
					return err
				}
				if err := hold(tx); err != nil {
					return err
				}
				return errors.New("nothing was noticed")
			})
			if !fault.Is(err, fault.Refused) {
				t.Errorf("%s: %v", sabotage, err)
			}
		}
	})
}
