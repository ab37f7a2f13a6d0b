package policy_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/policy"
)

// fixture is a firm with a compliance manager, an administrator and an employee.
type fixture struct {
	*policy.Service
	t             *testing.T
	ctx           context.Context
	db            *database.DB
	log           *ledger.Log
	clock         *clock.Manual
	access        *access.Service
	ann, bob, eve access.Principal
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.access, err = access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	f.Service = policy.New(policy.Config{DB: db, Ledger: f.log, Clock: f.clock.Now, Book: shipped(t), Tenures: f.access.Tenures, Provers: func(context.Context) (map[string]bool, map[string]bool, error) {
		controls, checks := map[string]bool{}, map[string]bool{}
		for _, tpl := range shipped(t).Templates {
			for _, s := range tpl.Statements() {
				for _, c := range s.Controls {
					controls[c] = true
				}
				for _, c := range s.Checks {
					checks[c] = true
				}
			}
		}
		return controls, checks, nil
	}})
	f.ann, f.bob, f.eve = f.user("ann", access.ComplianceManager), f.user("bob", access.Administrator), f.user("eve", access.Training)
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

func (f *fixture) user(login string, role access.Role) access.Principal {
	f.t.Helper()
	u, err := f.access.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
	f.must(err)
	return access.Principal{UserID: u.ID, Role: role}
}

func (f *fixture) get(slug string) *policy.Policy {
	f.t.Helper()
	p, err := f.Get(f.ctx, f.ann, slug)
	f.must(err)
	return p
}

// adopt takes a template with its defaults, and publishes it.
func (f *fixture) published(template string) *policy.Policy {
	f.t.Helper()
	p, errs := f.Adopt(f.ctx, f.ann, template, nil)
	if len(errs) > 0 {
		f.t.Fatal(errs)
	}
	f.inForce(p.Slug)
	return f.get(p.Slug)
}

// inForce lets bob approve the newest version, and publishes it.
func (f *fixture) inForce(slug string) {
	f.t.Helper()
	v := f.get(slug).Newest().Version
	f.must(f.Submit(f.ctx, f.ann, slug, v))
	f.must(f.Approve(f.ctx, f.bob, slug, v, ""))
	f.must(f.Publish(f.ctx, f.ann, slug, v))
}

func (f *fixture) edit(slug string, material bool, change func(*policy.Content)) *policy.Policy {
	f.t.Helper()
	last := f.get(slug).Newest()
	c := last.Content
	change(&c)
	p, err := f.Edit(f.ctx, f.ann, slug, policy.Write{Content: c, Note: "as the review asked", Material: material, Base: last.Version})
	f.must(err)
	return p
}

// right gives the right answers to what is published.
func (f *fixture) right(slug string) []int {
	var out []int
	for _, q := range f.get(slug).Published().Questions {
		out = append(out, q.Right)
	}
	return out
}

func (f *fixture) acknowledge(p access.Principal, slug string) {
	f.t.Helper()
	a, err := f.Acknowledge(f.ctx, p, slug, f.get(slug).Published().Digest, f.right(slug))
	f.must(err)
	if !a.Acknowledged {
		f.t.Errorf("right answers do not acknowledge: %+v", a)
	}
}

func (f *fixture) row(slug string) policy.Row {
	f.t.Helper()
	all, err := f.List(f.ctx, f.ann)
	f.must(err)
	i := slices.IndexFunc(all, func(r policy.Row) bool { return r.Slug == slug })
	if i < 0 {
		f.t.Fatalf("no policy %s in %v", slug, all)
	}
	return all[i]
}

// verified holds every ledger entry of policies against its row.
func (f *fixture) verified() error {
	records, err := f.log.Records(f.ctx, ledger.Filter{Limit: 1000})
	f.must(err)
	n := 0
	for _, rec := range records {
		if strings.HasPrefix(rec.Type, "policy.") {
			n++
			if err := policy.Bound(f.ctx, f.db.Reader(), rec); err != nil {
				return err
			}
		}
	}
	if n == 0 {
		f.t.Error("no record of a policy was verified")
	}
	return nil
}

// number lets the sequencer give positions to what was recorded.
func (f *fixture) number() {
	f.t.Helper()
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
		time.Sleep(2 * time.Millisecond)
	}
	cancel()
	f.must(<-done)
}

// From a template to a policy that everybody acknowledged, and on to its next
// versions: a material change asks again, an editorial one does not.
func TestLifeOfAPolicy(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		p := f.published("access-control")
		if p.Ref() != "P-1" || p.State() != policy.Published || p.Asked() != 1 || p.Published().Origin != policy.FromTemplate {
			t.Errorf("published %+v", p)
		}
		if due := p.ReviewDue(); !due.Equal(f.clock.Now().AddDate(1, 0, 0)) {
			t.Errorf("review due on %v", due)
		}
		if r := f.row(p.Slug); r.Asked != 3 || r.Acknowledged != 0 || r.Late != 0 || r.State != policy.Published {
			t.Errorf("after publication: %+v", r)
		}
		// Eve answers wrong, is told why, and tries again.
		paper, err := f.Paper(f.ctx, f.eve, p.Slug)
		f.must(err)
		if strings.Contains(paper.Text, "{proof:") || len(paper.Asks) < 3 {
			t.Errorf("what eve reads: %d questions\n%s", len(paper.Asks), paper.Text)
		}
		answers := f.right(p.Slug)
		answers[0] = answers[0]%len(paper.Asks[0].Answers) + 1
		a, err := f.Acknowledge(f.ctx, f.eve, p.Slug, paper.Digest, answers)
		f.must(err)
		if a.Acknowledged || len(a.Wrong) != 1 || a.Wrong[0].Question != 1 || a.Wrong[0].Why == "" {
			t.Errorf("a wrong answer: %+v", a)
		}
		f.acknowledge(f.eve, p.Slug)
		_, err = f.Acknowledge(f.ctx, f.eve, p.Slug, paper.Digest, f.right(p.Slug))
		f.refused(err, fault.Conflict, "already")
		if r := f.row(p.Slug); r.Acknowledged != 1 {
			t.Errorf("after eve: %+v", r)
		}
		people, err := f.People(f.ctx, f.ann, p.Slug)
		f.must(err)
		if len(people) != 3 || people[2].UserID != f.eve.UserID || people[2].Tries != 2 {
			t.Errorf("people %+v", people)
		}
		// Late, and who joined later is not yet.
		f.clock.Advance(20 * 24 * time.Hour)
		f.user("new", access.Contributor)
		f.clock.Advance(11 * 24 * time.Hour)
		if r := f.row(p.Slug); r.Asked != 4 || r.Late != 2 {
			t.Errorf("31 days on: %+v", r)
		}
		// A leaver falls out.
		f.must(f.access.Disable(f.ctx, access.System(), f.eve.UserID))
		if r := f.row(p.Slug); r.Asked != 3 || r.Acknowledged != 0 {
			t.Errorf("eve left: %+v", r)
		}
		f.must(f.access.Enable(f.ctx, access.System(), f.eve.UserID))
		// Editorial: nobody is asked again.
		f.edit(p.Slug, false, func(c *policy.Content) { c.Text = strings.Replace(c.Text, "Access is lent", "Access is only lent", 1) })
		f.inForce(p.Slug)
		if p := f.get(p.Slug); p.Versions[0].State != policy.Superseded || p.Asked() != 1 {
			t.Errorf("an editorial change: %+v, asked %d", p.Versions[0].State, p.Asked())
		}
		if r := f.row(p.Slug); r.Acknowledged != 1 || r.Version != 2 {
			t.Errorf("after an editorial change: %+v", r)
		}
		// Material: everybody is.
		f.edit(p.Slug, true, func(c *policy.Content) { c.Text += "\nNobody shares a key.\n" })
		f.inForce(p.Slug)
		if r := f.row(p.Slug); r.Acknowledged != 0 || r.Late != 0 {
			t.Errorf("after a material change: %+v", r)
		}
		_, err = f.Acknowledge(f.ctx, f.eve, p.Slug, paper.Digest, f.right(p.Slug))
		f.refused(err, fault.Conflict, "since you opened it")
		f.acknowledge(f.eve, p.Slug)
		mine, err := f.Mine(f.ctx, f.eve)
		f.must(err)
		if len(mine) != 1 || !mine[0].Done() || mine[0].Of != 3 {
			t.Errorf("eve's policies: %+v", mine)
		}
		// The yearly review, and the end.
		f.clock.Advance(366 * 24 * time.Hour)
		if r := f.row(p.Slug); !r.Overdue {
			t.Errorf("a year on: %+v", r)
		}
		f.must(f.Review(f.ctx, f.bob, p.Slug, 3, "Read in full; nothing has to change."))
		if r := f.row(p.Slug); r.Overdue {
			t.Errorf("after its review: %+v", r)
		}
		f.must(f.Retire(f.ctx, f.bob, p.Slug, 3, "It went into the security policy."))
		if r := f.row(p.Slug); r.State != policy.Retired || r.Asked != 0 {
			t.Errorf("retired: %+v", r)
		}
		if mine, err := f.Mine(f.ctx, f.eve); err != nil || len(mine) != 0 {
			t.Errorf("a retired policy asks: %v %v", mine, err)
		}
		f.number()
		f.must(f.verified())
		for _, tc := range []struct{ name, sql string }{
			{"a text", `UPDATE policy_version SET content = REPLACE(content, 'lent', 'given') WHERE version = 2`},
			{"a reader", `DELETE FROM policy_audience WHERE role = 'training'`},
			{"an approval", `DELETE FROM policy_step WHERE step = 'approved'`},
			{"a due day", `UPDATE policy_step SET until = until + 1 WHERE step = 'published' AND version = 3`},
			{"an acknowledgement", `UPDATE policy_acknowledgement SET user_id = '` + f.bob.UserID + `' WHERE version = 3`},
			{"an answer", `UPDATE policy_try SET wrong = 0`},
		} {
			undo := errors.New("undo")
			err := db.Tx(f.ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(f.ctx, tc.sql); err != nil {
					return err
				}
				records, err := f.log.Records(f.ctx, ledger.Filter{Limit: 1000})
				f.must(err)
				for _, rec := range records {
					if err := policy.Bound(f.ctx, tx, rec); err != nil {
						return errors.Join(undo, err)
					}
				}
				return nil
			})
			if !errors.Is(err, undo) || !fault.Is(err, fault.Refused) && !strings.Contains(err.Error(), "row") {
				t.Errorf("%s changed behind the ledger's back: %v", tc.name, err)
			}
		}
	})
}

// Approver is never author; a firm of one says what stands in for a second person.
func TestApproval(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	p, errs := f.Adopt(f.ctx, f.ann, "incident-response", nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	f.refused(f.Approve(f.ctx, f.bob, p.Slug, 1, ""), fault.Conflict, "is draft")
	f.refused(f.Publish(f.ctx, f.ann, p.Slug, 1), fault.Conflict, "is draft")
	f.must(f.Submit(f.ctx, f.ann, p.Slug, 1))
	f.refused(f.Approve(f.ctx, f.ann, p.Slug, 1, "I slept over it twice."), fault.Forbidden, "cannot approve")
	f.refused(f.SendBack(f.ctx, f.bob, p.Slug, 1, "no"), fault.Invalid, "what has to change")
	f.must(f.SendBack(f.ctx, f.bob, p.Slug, 1, "Name the on-call rota."))
	// Bob mends it, so that he is an author too, and only Ann is left: she wrote it too.
	last := p.Newest()
	c := last.Content
	c.Text += "\nThe on-call rota is in the wiki.\n"
	_, err := f.Edit(f.ctx, f.bob, p.Slug, policy.Write{Content: c, Note: "names the rota", Base: 1})
	f.must(err)
	f.must(f.Submit(f.ctx, f.ann, p.Slug, 2))
	for _, who := range []access.Principal{f.ann, f.bob} {
		f.refused(f.Approve(f.ctx, who, p.Slug, 2, ""), fault.Forbidden, "cannot approve")
	}
	cia := f.user("cia", access.ComplianceManager)
	f.must(f.Approve(f.ctx, cia, p.Slug, 2, ""))
	// One person is left.
	f.must(f.access.Disable(f.ctx, access.System(), f.ann.UserID))
	f.must(f.access.Disable(f.ctx, access.System(), cia.UserID))
	p, errs = f.Adopt(f.ctx, f.bob, "backup", nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	f.must(f.Submit(f.ctx, f.bob, p.Slug, 1))
	f.refused(f.Approve(f.ctx, f.bob, p.Slug, 1, ""), fault.Invalid, "second person")
	f.must(f.Approve(f.ctx, f.bob, p.Slug, 1, "Our adviser reads it each quarter."))
	if p, err := f.Get(f.ctx, f.bob, p.Slug); err != nil || p.Steps[1].Compensation == "" {
		t.Errorf("the compensation is not kept: %+v %v", p, err)
	}
}

func TestWrongPolicies(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	_, errs := f.Adopt(f.ctx, f.ann, "access-control", map[string]string{"leaver_hours": "a day", "unused_days": "4000", "colour": "red"})
	if len(errs) != 3 {
		t.Errorf("three wrong values give %v", errs)
	}
	for _, err := range errs {
		var fe *fault.Error
		if !errors.As(err, &fe) || fe.Field == "" {
			t.Errorf("%v names no field", err)
		}
	}
	sound := policy.Content{Title: "Clean desk policy", Owner: "head of people", Text: "# Clean desk\n\n1. You lock papers away at night. {proof: access-reviewed}\n"}
	for _, tc := range []struct {
		name  string
		spoil func(*policy.Content)
		want  string
	}{
		{"no title", func(c *policy.Content) { c.Title = " " }, "title: the title is missing"},
		{"no owner", func(c *policy.Content) { c.Owner = "" }, "owner: the owner is missing"},
		{"no text", func(c *policy.Content) { c.Text = "\n\n" }, "text: the text is empty"},
		{"an open fill-in", func(c *policy.Content) { c.Text += "{{organisation}}" }, "still holds the fill-in {{organisation}}"},
		{"Latin-1", func(c *policy.Content) { c.Text += "caf\xe9" }, "not UTF-8"},
		{"control characters", func(c *policy.Content) { c.Text += "\x1b[31m" }, "control characters"},
		{"far too long", func(c *policy.Content) { c.Text += strings.Repeat("long ", 50_000) }, "at most 200000"},
		{"an auditor is asked", func(c *policy.Content) { c.Roles = []access.Role{access.Auditor} }, `the role "auditor" cannot be asked`},
		{"an unknown role", func(c *policy.Content) { c.Roles = []access.Role{"king"} }, `the role "king"`},
		{"two years", func(c *policy.Content) { c.ReviewMonths = 24 }, "review_months: 24 months"},
		{"an unknown control", func(c *policy.Content) { c.Text = strings.Replace(c.Text, "access-reviewed", "acces-reviewed", 1) }, `line 3: there is no control "acces-reviewed"`},
		{"an unknown check", func(c *policy.Content) { c.Text = strings.Replace(c.Text, "access-reviewed", "linux/x", 1) }, `there is no check "linux/x"`},
		{"a proof of nothing", func(c *policy.Content) { c.Text += "\n{proof: access-reviewed}\n" }, "a proof stands alone"},
		{"a question without answers", func(c *policy.Content) { c.Questions = []policy.Question{{Ask: "Why?", Right: 1, Why: "So."}} }, "question 1: it has 0 answers"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f.t = t
			c := sound
			tc.spoil(&c)
			_, err := f.Create(f.ctx, f.ann, policy.Write{Content: c})
			f.refused(err, fault.Invalid, tc.want)
		})
	}
	f.t = t
	p, err := f.Create(f.ctx, f.ann, policy.Write{Content: sound})
	f.must(err)
	if p.Slug != "clean-desk-policy" || p.Newest().Days != 30 || len(p.Newest().Roles) != len(policy.Readers()) {
		t.Errorf("made %+v", p)
	}
	_, err = f.Create(f.ctx, f.ann, policy.Write{Content: sound})
	f.refused(err, fault.Conflict, "there is a policy")
	w := policy.Write{Content: sound, Note: "nothing", Base: 1, Material: true}
	_, err = f.Edit(f.ctx, f.ann, p.Slug, w)
	f.refused(err, fault.Conflict, "says already")
	w.Text += "\n2. You wipe the board.\n"
	w.Note = ""
	_, err = f.Edit(f.ctx, f.ann, p.Slug, w)
	f.refused(err, fault.Invalid, "what changed and why")
	w.Note = "the board too"
	_, err = f.Edit(f.ctx, f.ann, p.Slug, w)
	f.must(err)
	_, err = f.Edit(f.ctx, f.bob, p.Slug, w)
	f.refused(err, fault.Conflict, "meanwhile")
	_, err = f.Get(f.ctx, f.eve, p.Slug)
	f.refused(err, fault.Forbidden, "training")
	_, err = f.Paper(f.ctx, f.eve, p.Slug)
	f.refused(err, fault.NotFound, "does not ask you")
	_, err = f.Acknowledge(f.ctx, f.eve, p.Slug, p.Newest().Digest, nil)
	f.refused(err, fault.NotFound, "does not ask you")
}

// Questions are written as text and come back as they were.
func TestQuestions(t *testing.T) {
	for _, tpl := range shipped(t).Templates {
		back, err := policy.ParseQuestions(policy.WriteQuestions(tpl.Questions))
		if err != nil || len(back) != len(tpl.Questions) {
			t.Fatalf("%s: %v %v", tpl.ID, back, err)
		}
		for i, q := range back {
			if q.Right != tpl.Questions[i].Right || len(q.Answers) != len(tpl.Questions[i].Answers) {
				t.Errorf("%s: %+v, was %+v", tpl.ID, q, tpl.Questions[i])
			}
		}
	}
	for text, want := range map[string]string{
		"- an answer":                      "line 1: the first line is no question",
		"? Who\n- a\n- b\n! so":            "question 1: no answer is marked as right",
		"? Who\n+ a\n+ b\n! so":            "line 3: two answers are marked as right",
		"? Who\n+ a\n! so":                 "question 1: it has 1 answers",
		"? Who\n+ a\n- b":                  "question 1: it does not say why",
		"? Who\nwhat\n":                    "line 2: it begins with none of",
		"? Who\n+ a\n- b\n! so\n! and so.": "line 5: it says twice why",
	} {
		_, err := policy.ParseQuestions(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
}
