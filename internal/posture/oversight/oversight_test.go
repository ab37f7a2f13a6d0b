package oversight_test

import (
	"context"
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
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/oversight"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/obligation"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/packs"
)

type fixture struct {
	oversight.Set
	t             *testing.T
	clock         *clock.Manual
	tasks         *plan.Service
	ann, bob, eve access.Principal
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.NewManual(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))}
	dir, ctx, now := t.TempDir(), t.Context(), f.clock.Now
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now})
	f.must(err)
	t.Cleanup(func() { log.Close() })
	people, err := access.New(access.Config{DB: db, Ledger: log, Clock: now})
	f.must(err)
	standards, err := standard.New(standard.Config{DB: db, Ledger: log, Clock: now})
	f.must(err)
	out, findings := outcome.New(outcome.Config{DB: db, Ledger: log, Clock: now}), finding.New(finding.Config{DB: db, Ledger: log, Clock: now})
	waivers, err := waiver.New(waiver.Config{DB: db, Ledger: log, Standards: standards, Outcomes: out, Clock: now})
	f.must(err)
	statuses := posture.New(posture.Config{DB: db, Clock: now, Outcomes: out, Standards: standards, Findings: findings})
	shipped, err := packs.Open("controls")
	f.must(err)
	library, err := control.LoadLibrary(shipped)
	f.must(err)
	f.must(control.New(control.Config{DB: db, Ledger: log, Clock: now, Library: library}).Start(ctx)) // a system, and the controls that many begin with
	var questions *question.Service
	f.tasks = plan.New(plan.Config{DB: db, Ledger: log, Clock: now})
	f.Set, err = oversight.Keep(oversight.Beside{DB: db, Ledger: log, Access: people, Control: func(context.Context, string) error { return nil }, Plan: &f.tasks, Questions: &questions,
		Config: oversight.Config{Clock: now, Scopes: scope.New(scope.Config{DB: db, Ledger: log, Clock: now}), Posture: &statuses, Findings: findings, Waivers: waivers.PopulationSource(), Engagements: engagement.New(engagement.Config{DB: db, Ledger: log, Clock: now})}})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := people.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob, f.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Contributor)
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		message, hint := fault.Public(err)
		f.t.Fatal(err, message, hint)
	}
}

func (f *fixture) pack(on register.Day) oversight.Pack {
	f.t.Helper()
	k, err := f.Oversight.Pack(f.t.Context(), f.ann, on)
	f.must(err)
	return k
}

// figure gives a figure of a pack.
func (f *fixture) figure(k oversight.Pack, term string) oversight.Figure {
	f.t.Helper()
	for _, s := range k.Sections {
		if i := slices.IndexFunc(s.Figures, func(x oversight.Figure) bool { return x.Term == term }); i >= 0 {
			return s.Figures[i]
		}
	}
	f.t.Fatalf("the pack of %s has no figure %q: %+v", k.On, term, k.Sections)
	return oversight.Figure{}
}

// is holds what figures of a pack say.
func (f *fixture) is(k oversight.Pack, want map[string]int) {
	f.t.Helper()
	for term, n := range want {
		if got := f.figure(k, term); got.N != n || got.Bad != (n > 0 && term != "Open risks" && term != "Accepted until a day") {
			f.t.Errorf("as of %s: %+v, want %d", k.On, got, n)
		}
	}
}

// names reports whether a section names something.
func names(k oversight.Pack, section, text string) bool {
	i := slices.IndexFunc(k.Sections, func(s oversight.Section) bool { return s.ID == section })
	return slices.ContainsFunc(k.Sections[i].Lines, func(l oversight.Line) bool { return strings.Contains(l.Text+" "+l.Why, text) })
}

func (f *fixture) days(n int) { f.clock.Advance(time.Duration(n) * 24 * time.Hour) }

func (f *fixture) risk(ref string, p access.Principal, c register.Change[risk.Risk, risk.World]) {
	f.t.Helper()
	_, err := f.Risks.Record(f.t.Context(), p, ref, c)
	f.must(err)
}

// What the pack counts is what the registers list, today and as of a day before.
func TestPack(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f, ctx := newFixture(t, db), t.Context()
		f.is(f.pack(""), map[string]int{"Open risks": 0, "Committees past their day": 0, "Laws and contracts past their look": 0})

		_, err := f.Committees.Form(ctx, f.ann, committee.Form{Profile: committee.Profile{Name: "Board", Sort: "board", Purpose: "Oversees what management does.", Every: 3, Quorum: 1}})
		f.must(err)
		_, err = f.Obligations.Enter(ctx, f.ann, obligation.Enter{Profile: obligation.Profile{Title: "Law on personal data", Sort: "law", Where: "European Union", Asks: "Tell the authority of a breach.", Applies: "Orders name people.", Months: 2}})
		f.must(err)
		limits := map[string]int{}
		for _, kind := range risk.Kinds() {
			limits[kind] = 6
		}
		_, err = f.Risks.ProposeAppetite(ctx, f.ann, risk.ProposeAppetite{Limits: limits, Statement: "We take little where data of customers may be seen by others.", Note: "the first one"})
		f.must(err)
		_, err = f.Risks.ApproveAppetite(ctx, f.bob, risk.ApproveAppetite{Version: 1})
		f.must(err)
		for _, id := range []string{"leaver-keeps-access", "failed-change"} {
			r, err := f.Risks.Identify(ctx, f.ann, risk.Identify{Library: id, Profile: risk.Profile{Owner: "ann"}})
			f.must(err)
			f.risk(r.Ref, f.ann, &risk.Assess{Side: "inherent", Likelihood: 4, Magnitude: 4, Because: "Accounts lie in nine systems."})
		}
		f.days(50) // 24 February
		before := f.pack("")
		f.is(before, map[string]int{"Open risks": 2, "Over the appetite, not accepted": 2, "Accepted until a day": 0, "Committees past their day": 0, "Laws and contracts past their look": 0})

		f.risk("R-2", f.ann, &risk.Respond{Response: risk.Response{Response: "accept", Plan: "A second region comes in summer."}})
		f.risk("R-2", f.ann, &risk.AskAcceptance{Until: "2026-05-31", Reason: "A second region comes in summer, and not before.", Beside: "Somebody looks each morning."})
		r, err := f.Risks.Get(ctx, f.bob, "R-2")
		f.must(err)
		f.risk("R-2", f.bob, &risk.SignAcceptance{Digest: r.Risk.Waiting("2026-02-24").Digest})
		f.days(50) // 15 April: the law since 5 March, the board since 5 April
		k := f.pack("")
		f.is(k, map[string]int{"Open risks": 2, "Over the appetite, not accepted": 1, "Accepted until a day": 1, "Committees past their day": 1, "Laws and contracts past their look": 1})
		if !names(k, "risks", "R-1 ") || names(k, "risks", "R-2 ") || !names(k, "governance", "Board did not meet") || !names(k, "governance", "it was to be looked at by 2026-03-05") || !names(k, "risks", "No yearly assessment") {
			t.Errorf("the pack names %+v", k.Sections)
		}

		// the registers say the same
		risks, err := f.Risks.List(ctx, f.ann)
		f.must(err)
		open, over, accepted := 0, 0, 0
		for _, r := range risks {
			if r.Risk.Open() {
				open++
			}
			if r.Uncovered() {
				over++
			}
			if r.Accepted != "" {
				accepted++
			}
		}
		committees, err := f.Committees.List(ctx, f.ann)
		f.must(err)
		laws, err := f.Obligations.List(ctx, f.ann)
		f.must(err)
		if open != 2 || over != 1 || accepted != 1 || !committees[0].Late || !laws[0].Late {
			t.Errorf("the registers say %d open, %d over, %d accepted; late: %v, %v", open, over, accepted, committees[0].Late, laws[0].Late)
		}

		// of a past day: what the records said then, without lists that show today alone
		then := f.pack("2026-02-23")
		if then.Today || then.On != "2026-02-23" || !then.At.Equal(time.Date(2026, 2, 24, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("a past day is %+v", then)
		}
		f.is(then, map[string]int{"Open risks": 2, "Over the appetite, not accepted": 2, "Accepted until a day": 0, "Committees past their day": 0, "Laws and contracts past their look": 0})
		f.is(f.pack("2026-03-31"), map[string]int{"Over the appetite, not accepted": 1, "Accepted until a day": 1, "Committees past their day": 0, "Laws and contracts past their look": 1})
		f.is(f.pack("2026-01-03"), map[string]int{"Open risks": 0, "Laws and contracts past their look": 0})
		for term, path := range map[string]string{"Open risks": "", "In force": "", "Committees past their day": "", "Needed a person": "/findings?at=2026-02-23", "Criteria with a deviation": "/criteria?status=deviation&at=2026-02-23"} {
			if got := f.figure(then, term).Path; got != path {
				t.Errorf("%s of a past day leads to %q, want %q", term, got, path)
			}
		}
		for _, s := range then.Sections {
			if (s.ID == "examination" || s.ID == "findings" || s.ID == "risks") && s.Not == "" {
				t.Errorf("%s does not say what cannot be said of a past day", s.ID)
			}
			if slices.ContainsFunc(s.Figures, func(x oversight.Figure) bool { return strings.HasPrefix(x.Term, "Past their day") }) {
				t.Errorf("%s says what was past its day, which nothing tells of a past day", s.ID)
			}
		}

		// an acceptance that ran out
		f.days(60) // 14 June
		k = f.pack("")
		f.is(k, map[string]int{"Over the appetite, not accepted": 2, "Accepted until a day": 0, "Acceptances that hold no more": 1})

		for _, on := range []register.Day{"2026-06-15", "June", "2026-02-30"} {
			if _, err := f.Oversight.Pack(ctx, f.ann, on); !fault.Is(err, fault.Invalid) {
				t.Errorf("a pack of %s: %v", on, err)
			}
		}
		if _, err := f.Oversight.Pack(ctx, f.eve, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("who may not see it: %v", err)
		}
	})
}

// A decision with somebody who carries it out becomes a task of the plan, and the
// meeting reads its state from there.
func TestDecisionBecomesTask(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f, ctx := newFixture(t, db), t.Context()
		_, err := f.Committees.Form(ctx, f.ann, committee.Form{Profile: committee.Profile{Name: "Board", Sort: "board", Purpose: "Oversees what management does.", Every: 3, Quorum: 1}})
		f.must(err)
		_, err = f.Committees.Record(ctx, f.ann, "B-1", &committee.Seat{Name: "Bob Short", User: "bob", Role: "chair", Brings: "the trade", From: "2026-01-01", Reason: "He founded the company."})
		f.must(err)
		_, err = f.Committees.Invite(ctx, f.ann, committee.Invite{Committee: "B-1", Day: "2026-01-05", Place: "Lisbon", Agenda: []string{"The pack"}})
		f.must(err)
		_, err = f.Committees.RecordMeeting(ctx, f.ann, "M-1", &committee.Attend{Present: []int{1}, Chair: 1})
		f.must(err)
		long := strings.Repeat("A list of names with access to orders is brought. ", 5)
		m, err := f.Committees.RecordMeeting(ctx, f.ann, "M-1", &committee.Decide{Item: 1, Text: long, For: []int{1}, Owner: "eve", Due: "2026-01-20"})
		f.must(err)
		if m.Tasks[0] == nil || m.Tasks[0].Owner != f.eve.UserID || m.Tasks[0].Over || len(m.Tasks[0].Title) > 150 || !m.Tasks[0].Due.Equal(time.Date(2026, 1, 21, 0, 0, 0, 0, time.UTC)) {
			t.Fatalf("the task is %+v", m.Tasks[0])
		}
		_, err = f.tasks.Finish(ctx, f.ann, m.Tasks[0].Ref, "The list is there.")
		f.must(err)
		if m, err = f.Committees.Meeting(ctx, f.ann, "M-1"); err != nil || !m.Tasks[0].Over {
			t.Errorf("after it is done the task is %+v, %v", m.Tasks[0], err)
		}
	})
}
