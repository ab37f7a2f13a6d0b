package risk_test

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
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/program/risk"
)

// fixture is a firm with a compliance manager, an administrator and a contributor.
type fixture struct {
	*risk.Service
	t             testing.TB
	ctx           context.Context
	db            *database.DB
	log           *ledger.Log
	clock         *clock.Manual
	access        *access.Service
	ann, bob, eve access.Principal
	standing      risk.Standings
	tasks         map[string][]risk.Task
	filed         []string
}

func newFixture(t testing.TB, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), tasks: map[string][]risk.Task{},
		standing: risk.Standings{"logs-protected": {1, "Logs are protected", "none", ""}, "duties-segregated": {2, "Duties are apart", "none", ""}, "users-provisioned": {3, "Users", "insufficient", "nothing shows it"}}}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.access, err = access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	scale, err := risk.ShippedScale()
	f.must(err)
	catalogue, err := risk.Shipped()
	f.must(err)
	f.Service = risk.New(risk.Config{DB: db, Ledger: f.log, Clock: f.clock.Now, Scale: scale, Catalogue: catalogue, Access: f.access,
		Frame: func(context.Context) (risk.Frame, error) {
			return risk.Frame{Version: 2, Zone: time.UTC, Promises: map[string]string{"sc-1": "Data is seen by nobody else."}}, nil
		},
		Standing: func(context.Context) (risk.Standings, error) { return f.standing, nil },
		Tasks:    func(context.Context) (map[string][]risk.Task, error) { return f.tasks, nil },
		Since: func(_ context.Context, since risk.Day) ([]string, error) {
			return []string{"the scope changed after " + string(since)}, nil
		},
		File: func(_ context.Context, _ access.Principal, a *risk.Assessment) (string, error) {
			f.filed = append(f.filed, a.Text)
			return "E-1", nil
		}})
	f.ann, f.bob, f.eve = f.user("ann", access.ComplianceManager), f.user("bob", access.Administrator), f.user("eve", access.Contributor)
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		message, hint := fault.Public(err)
		f.t.Fatal(err, message, hint)
	}
}

func (f *fixture) refused(err error, kind fault.Kind, want string) {
	f.t.Helper()
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error()+fe.Field, want) {
		f.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

func (f *fixture) user(login string, role access.Role) access.Principal {
	f.t.Helper()
	u, err := f.access.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
	f.must(err)
	return access.Principal{UserID: u.ID, Name: login, Role: role}
}

// to moves the clock to a moment.
func (f *fixture) to(t time.Time) { f.clock.Advance(t.Sub(f.clock.Now())) }

func (f *fixture) enter(library string) risk.Row {
	f.t.Helper()
	r, err := f.Identify(f.ctx, f.eve, risk.Identify{Library: library, Profile: risk.Profile{Threatens: []string{"sc-1"}}})
	f.must(err)
	return r
}

func (f *fixture) record(p access.Principal, ref string, c register.Change[risk.Risk, risk.World]) risk.Row {
	f.t.Helper()
	r, err := f.Record(f.ctx, p, ref, c)
	f.must(err)
	return r
}

func (f *fixture) rate(ref string, l, m int, controls ...string) risk.Row {
	f.t.Helper()
	side := "residual"
	if len(controls) == 0 {
		side = "inherent"
	}
	return f.record(f.eve, ref, &risk.Assess{Side: side, Likelihood: l, Magnitude: m, Because: "as it happened to others", Controls: controls})
}

// is holds what an attribute of a risk comes to.
func (f *fixture) is(ref, attribute, outcome, reason string) {
	f.t.Helper()
	r, err := f.Get(f.ctx, f.ann, ref)
	f.must(err)
	i := slices.IndexFunc(r.Judged, func(a risk.Attribute) bool { return a.ID == attribute })
	if i < 0 || r.Judged[i].Outcome != outcome || !strings.Contains(r.Judged[i].Reason, reason) {
		f.t.Errorf("%s of %s is %+v, want %s: %s", attribute, ref, r.Judged[max(0, i)], outcome, reason)
	}
}

func (f *fixture) appetite(limit int) {
	f.t.Helper()
	limits := map[string]int{}
	for _, k := range risk.Kinds() {
		limits[k] = limit
	}
	a, err := f.ProposeAppetite(f.ctx, f.ann, risk.ProposeAppetite{Limits: limits, Statement: "We take little where customers' data is at stake.", Note: "the first"})
	f.must(err)
	_, err = f.ApproveAppetite(f.ctx, f.ann, risk.ApproveAppetite{Version: len(a.Versions)})
	f.refused(err, fault.Forbidden, "cannot approve")
	_, err = f.ApproveAppetite(f.ctx, f.bob, risk.ApproveAppetite{Version: len(a.Versions)})
	f.must(err)
}

func TestLifeOfARisk(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		r := f.enter("invisible-credit")
		if r.Ref != "R-1" || r.Category != "fraud" || r.Owner != f.eve.UserID || r.Exposure.Score != 0 {
			t.Fatalf("%+v", r)
		}
		_, err := f.Identify(f.ctx, f.eve, risk.Identify{Library: "invisible-credit"})
		f.refused(err, fault.Conflict, "R-1 was taken from this scenario already")
		_, err = f.Identify(f.ctx, f.eve, risk.Identify{Library: "nothing-such"})
		f.refused(err, fault.Invalid, "no risk")
		_, err = f.Identify(f.ctx, f.eve, risk.Identify{Profile: risk.Profile{Title: "Own one", Scenario: "Somebody does something, and it goes wrong.", Category: "people", Criteria: []string{"CC9.9"}}})
		f.refused(err, fault.Invalid, "none of the 61")
		_, err = f.Identify(f.ctx, access.Principal{UserID: "usr_x", Role: access.Viewer}, risk.Identify{Library: "redirected-payment"})
		f.refused(err, fault.Forbidden, "")
		f.is("R-1", "rated", "not_observed", "2026-04-01")
		f.is("R-1", "within_appetite", "not_observed", "no appetite")
		_, err = f.Record(f.ctx, f.eve, "R-1", &risk.Assess{Side: "residual", Likelihood: 1, Magnitude: 1, Because: "nothing can happen here"})
		f.refused(err, fault.Conflict, "not rated without controls")
		_, err = f.Record(f.ctx, f.eve, "R-1", &risk.Assess{Side: "inherent", Likelihood: 6, Magnitude: 1, Because: "nothing can happen here"})
		f.refused(err, fault.Invalid, "no step")

		// what is left names what leaves it
		f.rate("R-1", 4, 4)
		for _, wrong := range []struct {
			c    risk.Assess
			want string
		}{
			{risk.Assess{Likelihood: 5, Magnitude: 1}, "do not make it more likely"},
			{risk.Assess{Likelihood: 1, Magnitude: 5}, "do not make it worse"},
			{risk.Assess{Likelihood: 2, Magnitude: 4}, "name the controls"},
			{risk.Assess{Likelihood: 2, Magnitude: 4, Controls: []string{"never-adopted"}}, "no control"},
			{risk.Assess{Likelihood: 2, Magnitude: 4, Controls: []string{"logs-protected"}, LossLow: 5, LossLikely: 2, LossHigh: 9, Currency: "EUR"}, "low over likely"},
			{risk.Assess{Likelihood: 2, Magnitude: 4, Controls: []string{"logs-protected"}, LossHigh: 9, Currency: "euros"}, "no currency"},
		} {
			wrong.c.Side, wrong.c.Because = "residual", "since two people are needed"
			_, err := f.Record(f.ctx, f.eve, "R-1", &wrong.c)
			f.refused(err, fault.Invalid, wrong.want)
		}
		f.appetite(6)
		r = f.record(f.eve, "R-1", &risk.Assess{Side: "residual", Likelihood: 1, Magnitude: 4, Because: "two people are needed for each credit", Controls: []string{"logs-protected", "duties-segregated"}, Currency: "eur", LossLow: 1000, LossLikely: 20000, LossHigh: 1500000})
		if r.Exposure.Score != 4 || r.Exposure.Side != "residual" || r.Exposure.Doubt || r.Band != "low" || r.Risk.Residual[0].Loss.Words() != "EUR 1 000 to 1 500 000, likely 20 000" || r.Risk.Residual[0].Stood["logs-protected"] != "none" {
			t.Errorf("%+v", r)
		}
		f.is("R-1", "leans_on_controls", "pass", "2 controls")
		f.is("R-1", "within_appetite", "pass", "4 is not over")
		f.is("R-1", "answered", "fail", "nobody")
		f.is("R-1", "reviewed_in_time", "pass", "2027-03-02")

		// a control that deviates takes away what it left
		f.standing["logs-protected"] = risk.Standing{Number: 1, Status: "deviation", Why: "3 hosts"}
		r, err = f.Get(f.ctx, f.ann, "r-1")
		f.must(err)
		if r.Exposure.Score != 16 || !r.Exposure.Doubt || r.Exposure.Side != "inherent" || !r.Over || !r.Uncovered() || !strings.Contains(r.Exposure.Why, "logs-protected deviates") {
			t.Errorf("%+v", r.Exposure)
		}
		f.is("R-1", "leans_on_controls", "fail", "logs-protected")
		f.is("R-1", "within_appetite", "fail", "16 is over the appetite of 6, and nobody accepted it")
		delete(f.standing, "logs-protected")
		f.is("R-1", "leans_on_controls", "fail", "not in use")
		f.standing["logs-protected"] = risk.Standing{Number: 1, Status: "insufficient"}
		f.is("R-1", "leans_on_controls", "not_observed", "not shown to operate: logs-protected")

		// response and treatment
		f.record(f.ann, "R-1", &risk.Respond{Response: risk.Response{Response: "mitigate", Plan: "Credits go through two people in the tool."}})
		f.is("R-1", "treated_in_time", "not_applicable", "none is needed")
		f.tasks["R-1"] = []risk.Task{{Ref: "T-1", Late: true}, {Ref: "T-2", Over: true}}
		f.is("R-1", "treated_in_time", "fail", "1 task is late")

		// looks
		f.clock.Advance(400 * 24 * time.Hour)
		f.is("R-1", "reviewed_in_time", "fail", "2027-03-02")
		f.record(f.eve, "R-1", &risk.Look{Looked: "The credits of the year, all of them with two names."})
		f.is("R-1", "reviewed_in_time", "pass", "2028-04-06")

		_, err = f.Record(f.ctx, f.eve, "R-1", &risk.Close{Why: "credits are not given any more"})
		f.refused(err, fault.Forbidden, "")
		f.record(f.ann, "R-1", &risk.Close{Why: "credits are not given any more"})
		f.is("R-1", "within_appetite", "not_applicable", "closed")
		_, err = f.Record(f.ctx, f.eve, "R-1", &risk.Look{Looked: "whatever was looked at"})
		f.refused(err, fault.Conflict, "R-1 is closed")
		f.enter("invisible-credit")
		_, err = f.Record(f.ctx, f.ann, "R-1", &risk.Reopen{Why: "credits are given again"})
		f.refused(err, fault.Conflict, "R-2 was taken from the same scenario")
		f.verified(db)
	})
}

// verified holds every ledger entry against its row, and then against rows that
// somebody changed.
func (f *fixture) verified(db *database.DB) {
	f.t.Helper()
	f.must(f.log.Publish(f.ctx))
	check := func() error {
		recs, err := f.log.Records(f.ctx, ledger.Filter{Limit: 500})
		f.must(err)
		by, n := map[string]ledger.Binding{}, 0
		for _, b := range risk.Bindings() {
			by[b.Name] = b
		}
		for _, r := range recs {
			if b, ours := by[r.Type]; ours {
				n++
				if err := b.Check(f.ctx, db.Reader(), r); err != nil {
					return err
				}
			}
		}
		if n == 0 {
			f.t.Error("no entry is ours")
		}
		return nil
	}
	f.must(check())
	for _, change := range []string{`UPDATE register_record SET content = '{}' WHERE seq = 1`} {
		f.must(db.Tx(f.ctx, func(tx *sql.Tx) error { _, err := tx.ExecContext(f.ctx, change); return err }))
		f.refused(check(), fault.Refused, "does not have the recorded digest")
	}
}

func TestAcceptance(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.enter("redirected-payment")
		f.appetite(6)
		ask := &risk.AskAcceptance{Until: "2026-09-30", Reason: "The bank's second channel comes in autumn.", Beside: "Every change of details is called back."}
		_, err := f.Record(f.ctx, f.eve, "R-1", ask)
		f.refused(err, fault.Conflict, "not rated yet")
		f.rate("R-1", 3, 4)
		for _, wrong := range []risk.Day{"2026-03-02", "2027-03-03", "soon"} {
			x := *ask
			x.Until = wrong
			_, err := f.Record(f.ctx, f.eve, "R-1", &x)
			f.refused(err, fault.Invalid, "until")
		}
		r := f.record(f.eve, "R-1", ask)
		a := r.Risk.Waiting("2026-03-02")
		if a == nil || a.Score != 12 || a.Digest != register.Digest(a.Text) {
			t.Fatalf("%+v", a)
		}
		for _, want := range []string{"Acceptance of the risk R-1", "holds until 2026-09-30 and then lapses by itself", "sc-1: Data is seen by nobody else.", "likelihood 3 (Possible), magnitude 4 (Severe), together 12 of 25", "The appetite for risks of the category fraud is 6 (version 1)", "The bank's second channel"} {
			if !strings.Contains(a.Text, want) {
				t.Errorf("the text does not say %q:\n%s", want, a.Text)
			}
		}
		_, err = f.Record(f.ctx, f.eve, "R-1", ask)
		f.refused(err, fault.Conflict, "waits for a signature already")
		_, err = f.Record(f.ctx, f.bob, "R-1", &risk.SignAcceptance{Digest: "other"})
		f.refused(err, fault.Conflict, "another text")
		_, err = f.Record(f.ctx, f.eve, "R-1", &risk.SignAcceptance{Digest: a.Digest})
		f.refused(err, fault.Forbidden, "")
		f.is("R-1", "within_appetite", "fail", "nobody accepted it")
		f.record(f.bob, "R-1", &risk.SignAcceptance{Digest: a.Digest})
		f.is("R-1", "within_appetite", "pass", "accepted until 2026-09-30")
		f.is("R-1", "acceptance_in_force", "pass", "2026-09-30")

		// it lapses by itself, on the day after its last
		f.to(time.Date(2026, 9, 30, 23, 0, 0, 0, time.UTC))
		f.is("R-1", "acceptance_in_force", "pass", "")
		f.to(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))
		f.is("R-1", "acceptance_in_force", "fail", "lapsed after 2026-09-30")
		f.is("R-1", "within_appetite", "fail", "nobody accepted it")

		// a risk that grew was not accepted
		r = f.record(f.eve, "R-1", &risk.AskAcceptance{Until: "2026-12-31", Reason: "The bank is late with its second channel.", Beside: "Every change of details is called back."})
		r = f.record(f.ann, "R-1", &risk.SignAcceptance{Digest: r.Risk.Waiting("2026-10-01").Digest})
		f.is("R-1", "within_appetite", "pass", "accepted until 2026-12-31")
		f.rate("R-1", 4, 4)
		f.is("R-1", "acceptance_in_force", "fail", "it was rated 16, and 12 was accepted")
		f.is("R-1", "within_appetite", "fail", "nobody accepted it")

		// refused, and taken back
		f.record(f.eve, "R-1", &risk.AskAcceptance{Until: "2026-12-31", Reason: "The bank is late with its second channel.", Beside: "Every change of details is called back."})
		r = f.record(f.bob, "R-1", &risk.RefuseAcceptance{Note: "Sixteen is too much: change the bank."})
		if got := r.Risk.Acceptances[2].State("2026-10-01"); got != "refused" {
			t.Error(got)
		}
		f.record(f.eve, "R-1", &risk.AskAcceptance{Until: "2026-11-30", Reason: "The bank is late with its second channel.", Beside: "Every change of details is called back."})
		r = f.record(f.eve, "R-1", &risk.EndAcceptance{Note: "the bank has it now"})
		if got := r.Risk.Acceptances[3].State("2026-10-01"); got != "ended" {
			t.Error(got)
		}
		_, err = f.Record(f.ctx, f.eve, "R-1", &risk.EndAcceptance{Note: "once more"})
		f.refused(err, fault.Conflict, "in force or waits")

		// as populations say it
		items := f.read("risk-acceptances", time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC))
		if len(items) != 1 || items[0].Attributes["not_expired"] != "pass" || items[0].Attributes["by_another"] != "pass" {
			t.Errorf("%+v", items)
		}
		items = f.read("risk-acceptances", time.Date(2026, 10, 2, 0, 0, 0, 0, time.UTC))
		if len(items) != 2 || items[0].Attributes["state"] != "lapsed" || items[0].Attributes["not_expired"] != "not_applicable" || items[1].Attributes["not_expired"] != "fail" {
			t.Errorf("%+v", items)
		}
		items = f.read("risks", time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC))
		if len(items) != 1 || items[0].Attributes["within_appetite"] != "pass" || items[0].Attributes["inherent"] != int64(12) || items[0].Attributes["appetite"] != int64(6) {
			t.Errorf("%+v", items)
		}
		items = f.read("risk-reviews", time.Date(2026, 10, 2, 0, 0, 0, 0, time.UTC))
		if len(items) != 3 || items[0].Attributes["in_time"] != "pass" || items[1].Attributes["due"] != "2026-09-02" || items[1].Attributes["in_time"] != "fail" || items[2].Attributes["in_time"] != "not_observed" {
			t.Errorf("%+v", items)
		}
		f.verified(db)
	})
}

func (f *fixture) read(source string, at time.Time) []population.Item {
	f.t.Helper()
	sources := f.Sources()
	i := slices.IndexFunc(sources, func(s population.Source) bool { return s.Name == source })
	items, err := sources[i].Read(f.ctx, population.Request{At: outcome.At{Valid: at, Known: -1}, From: at.AddDate(-1, 0, 0), To: at})
	f.must(err)
	return items
}

// Nobody else may sign: then what stands in is recorded.
func TestAloneAccepts(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	f.must(f.access.Disable(f.ctx, f.bob, f.ann.UserID))
	f.enter("redirected-payment")
	f.rate("R-1", 3, 4)
	r := f.record(f.bob, "R-1", &risk.AskAcceptance{Until: "2026-09-30", Reason: "The bank's second channel comes in autumn.", Beside: "Every change of details is called back."})
	digest := r.Risk.Waiting("2026-03-02").Digest
	_, err := f.Record(f.ctx, f.bob, "R-1", &risk.SignAcceptance{Digest: digest})
	f.refused(err, fault.Invalid, "compensation")
	r = f.record(f.bob, "R-1", &risk.SignAcceptance{Digest: digest, Compensation: "The adviser reads each acceptance on the first of the month."})
	if a := r.Risk.Accepted("2026-03-02"); a == nil || a.Signed.Compensation == "" {
		t.Errorf("%+v", a)
	}
}

func TestYearlyAssessment(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.appetite(6)
		begin := risk.OpenAssessment{Title: "Yearly assessment 2026", Day: "2026-03-02", Participants: []string{"Ann, compliance", "Bob, operations"}}
		a, err := f.OpenAssessment(f.ctx, f.ann, begin)
		f.must(err)
		if a.Ref != "RY-1" || a.Scope != 2 || len(a.Elsewhere) != 1 || len(a.Missing) != len(f.Scale().Topics)+1 {
			t.Errorf("%+v", a)
		}
		_, err = f.OpenAssessment(f.ctx, f.ann, begin)
		f.refused(err, fault.Conflict, "RY-1 is open already")
		f.enter("redirected-payment")
		f.rate("R-1", 3, 4)
		record := func(p access.Principal, c register.Change[risk.Assessment, risk.World]) (risk.AssessmentState, error) {
			return f.RecordAssessment(f.ctx, p, "RY-1", c)
		}
		_, err = record(f.ann, &risk.AnswerTopic{Topic: "pressure", Text: "Sales are paid by signed contracts alone.", Risks: []string{"R-9"}})
		f.refused(err, fault.Invalid, "no risk R-9")
		for _, topic := range f.Scale().Topics {
			_, err = record(f.ann, &risk.CloseAssessment{Conclusion: "We know what we need to know."})
			f.refused(err, fault.Conflict, "cannot close")
			a, err = record(f.ann, &risk.AnswerTopic{Topic: topic.ID, Text: "We looked at this together: " + topic.ID, Risks: []string{"r-1"}})
			f.must(err)
		}
		if !slices.Equal(a.Missing, []string{"R-1: what is left after controls is not rated"}) {
			t.Errorf("%q", a.Missing)
		}
		f.rate("R-1", 2, 4, "duties-segregated")
		f.record(f.ann, "R-1", &risk.Respond{Response: risk.Response{Response: "mitigate", Plan: "Call back before details change."}})
		_, err = record(f.ann, &risk.CloseAssessment{Conclusion: "We know what we need to know."})
		f.refused(err, fault.Forbidden, "")
		a, err = record(f.bob, &risk.CloseAssessment{Conclusion: "We know what we need to know."})
		f.must(err)
		if a.State != "closed" || a.Evidence != "E-1" || len(f.filed) != 1 || a.Digest != register.Digest(f.filed[0]) {
			t.Errorf("%+v", a)
		}
		for _, want := range []string{"over version 2 of the scope", "Took part: Ann, compliance; Bob, operations", "This is the first assessment", "Fraud (CC3.3)", "Significant change (CC3.4)", "(R-1)", "without controls 12, after controls 8, counts as 8, moderate", "Over the appetite of 6. Response: mitigate.", "Conclusion: We know"} {
			if !strings.Contains(a.Text, want) {
				t.Errorf("the text does not say %q:\n%s", want, a.Text)
			}
		}
		y, err := f.Yearly(f.ctx)
		f.must(err)
		if y.Open != nil || y.Last.Ref != "RY-1" || y.Due != "2027-03-02" || y.Late {
			t.Errorf("%+v", y)
		}
		// the next one sees what changed, and asks that each risk be looked at again
		f.to(time.Date(2027, 4, 1, 9, 0, 0, 0, time.UTC))
		f.enter("invented-supplier")
		f.rate("R-1", 3, 4)
		f.rate("R-1", 3, 4, "duties-segregated")
		f.clock.Advance(24 * time.Hour)
		begin.Day = "2027-04-02"
		a, err = f.OpenAssessment(f.ctx, f.ann, begin)
		f.must(err)
		var whats []string
		for _, d := range a.Changed {
			whats = append(whats, d.Ref+" "+d.What+" "+d.Text)
		}
		if !slices.Equal(whats, []string{"R-1 grew from 8 to 12: as it happened to others", "R-2 new entered on 2027-04-01"}) || !slices.Equal(a.Elsewhere, []string{"the scope changed after 2026-03-02"}) {
			t.Errorf("%q", whats)
		}
		if !slices.Contains(a.Missing, "R-1 was not looked at since 2027-04-02") || !slices.Contains(a.Missing, "R-2 is not rated") {
			t.Errorf("%q", a.Missing)
		}
		if y, err = f.Yearly(f.ctx); err != nil || !y.Late || y.Open == nil {
			t.Errorf("%+v, %v", y, err)
		}
		f.verified(db)
	})
}

func TestShippedScale(t *testing.T) {
	s, err := risk.ShippedScale()
	if err != nil {
		t.Fatal(err)
	}
	for score, want := range map[int]string{1: "low", 4: "low", 5: "moderate", 9: "moderate", 10: "high", 16: "high", 20: "critical", 25: "critical", 0: ""} {
		if got := s.Band(score).ID; got != want {
			t.Errorf("%d is %q, want %q", score, got, want)
		}
	}
	criteria := map[string]int{}
	for _, topic := range s.Topics {
		criteria[topic.Criterion]++
	}
	if criteria["CC3.3"] < 3 || criteria["CC3.4"] < 3 {
		t.Errorf("questions by criterion: %v", criteria)
	}
}
