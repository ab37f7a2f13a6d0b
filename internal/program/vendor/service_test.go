package vendor_test

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

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/vendor"
)

// fixture is a firm with a compliance manager, an administrator and a contributor.
type fixture struct {
	*vendor.Service
	t             testing.TB
	ctx           context.Context
	db            *database.DB
	log           *ledger.Log
	clock         *clock.Manual
	access        *access.Service
	ann, bob, eve access.Principal
}

func newFixture(t testing.TB, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.access, err = access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	book, err := vendor.Shipped()
	f.must(err)
	f.Service = vendor.New(vendor.Config{DB: db, Ledger: f.log, Clock: f.clock.Now, Book: book, Access: f.access,
		Control: func(_ context.Context, slug string) error {
			if slug == "users-provisioned" || slug == "logs-reviewed" {
				return nil
			}
			return fault.New(fault.NotFound, "no control %q", slug)
		},
		Frame: func(context.Context) (*time.Location, vendor.Window, error) {
			return time.UTC, vendor.Window{From: "2026-01-01", To: "2026-12-31"}, nil
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
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error(), want) {
		f.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

func (f *fixture) user(login string, role access.Role) access.Principal {
	f.t.Helper()
	u, err := f.access.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
	f.must(err)
	return access.Principal{UserID: u.ID, Name: login, Role: role}
}

func (f *fixture) record(p access.Principal, ref string, c vendor.Change) *vendor.Vendor {
	f.t.Helper()
	v, err := f.Record(f.ctx, p, ref, c)
	f.must(err)
	return v
}

func (f *fixture) judged(ref, attribute string) (string, string) {
	f.t.Helper()
	v, err := f.Get(f.ctx, f.ann, ref)
	f.must(err)
	row, err := f.Judged(f.ctx, v)
	f.must(err)
	i := slices.IndexFunc(row.Judged, func(a vendor.Attribute) bool { return a.ID == attribute })
	if i < 0 {
		f.t.Fatalf("there is no attribute %s", attribute)
	}
	return row.Judged[i].Outcome, row.Judged[i].Reason
}

func (f *fixture) comes(ref, attribute, outcome, reason string) {
	f.t.Helper()
	if o, why := f.judged(ref, attribute); o != outcome || !strings.Contains(why, reason) {
		f.t.Errorf("%s of %s: %s, %q; want %s, %q", attribute, ref, o, why, outcome, reason)
	}
}

// cloud is a vendor on which a commitment rests.
func cloud() vendor.Intake {
	return vendor.Intake{Profile: vendor.Profile{Name: "Northern Cloud", Service: "Machines and disks that the service runs on", Why: "Sites in two countries, and its reports are there.", Alternatives: "Own machines: no second site.",
		Data: []string{"customer-data"}, Answers: map[string]string{"outage": "commitment", "access": "production-read", "replace": "rebuild", "controls": "yes"}}}
}

func TestLifeOfAVendor(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		v, err := f.Ask(f.ctx, f.eve, cloud())
		f.must(err)
		if v.Ref() != "V-1" || v.State != vendor.Asked || v.Level != "critical" || !slices.Contains(v.Because, "without it we break a commitment within hours") || v.Profile.Manager != f.eve.UserID {
			t.Fatalf("asked for: %+v", v)
		}
		twin := cloud()
		twin.Name = " northern  CLOUD"
		_, err = f.Ask(f.ctx, f.ann, twin)
		f.refused(err, fault.Conflict, "V-1 is called Northern Cloud already")
		_, err = f.Record(f.ctx, f.ann, "V-1", &vendor.Approve{})
		f.refused(err, fault.Conflict, "nobody has reviewed V-1")
		_, err = f.Record(f.ctx, f.eve, "V-1", &vendor.Review{Looked: "its report and contract", Conclusion: "keep"})
		f.refused(err, fault.Forbidden, "may not review vendors")
		f.record(f.ann, "V-1", &vendor.Review{Looked: "its report and the draft of the contract", Conclusion: "keep"})
		_, err = f.Record(f.ctx, f.eve, "V-1", &vendor.Approve{})
		f.refused(err, fault.Forbidden, "may not approve")
		f.clock.Advance(24 * time.Hour)
		v = f.record(f.bob, "V-1", &vendor.Approve{Note: "the report is sound"})
		if v.State != vendor.Approved || v.Approved.By != f.bob.UserID || v.Compensation != "" {
			t.Errorf("approved: %+v", v)
		}
		_, err = f.Record(f.ctx, f.bob, "V-1", &vendor.Approve{})
		f.refused(err, fault.Conflict, "has not changed since")
		f.comes("V-1", "approved_before_use", "not_applicable", "not engaged")
		f.clock.Advance(48 * time.Hour)
		_, err = f.Record(f.ctx, f.eve, "V-1", &vendor.Engage{On: "2026-03-09"})
		f.refused(err, fault.Invalid, "in the future")
		v = f.record(f.eve, "V-1", &vendor.Engage{On: "2026-03-04"})
		if v.State != vendor.InUse {
			t.Errorf("engaged: %s", v.State)
		}
		f.comes("V-1", "approved_before_use", "pass", "approved on 2026-03-03, engaged on 2026-03-04")
		f.comes("V-1", "reviewed_in_time", "pass", "due again on 2027-03-02")
		f.comes("V-1", "contract_in_force", "fail", "no contract is recorded")
		f.comes("V-1", "role_decided", "fail", "nobody has decided")
		// an earlier day than was said first makes it a deviation
		f.record(f.eve, "V-1", &vendor.Engage{On: "2026-03-02"})
		f.comes("V-1", "approved_before_use", "fail", "engaged on 2026-03-02, approved on 2026-03-03")

		f.record(f.eve, "V-1", &vendor.Contract{Title: "Master agreement", From: "2026-03-01", To: "2027-02-28", NoticeDays: 90, Renews: true, BreachHours: 48, AuditRight: true})
		f.comes("V-1", "contract_in_force", "pass", "to 2027-02-28")
		_, err = f.Record(f.ctx, f.eve, "V-1", &vendor.Assumption{Text: "Visitors to its sites are accompanied.", Criteria: []string{"CC6.4"}, How: "review of its report"})
		f.refused(err, fault.Conflict, "not decided to be a subservice organisation")
		_, err = f.Record(f.ctx, f.ann, "V-1", &vendor.Classified{Is: "subservice", Reasons: "if its controls fail we break commitments"})
		f.refused(err, fault.Invalid, "carved out of the examination or included")
		f.record(f.ann, "V-1", &vendor.Classified{Is: "subservice", Method: "carve_out", Reasons: "if its controls fail we break commitments"})
		f.record(f.eve, "V-1", &vendor.Assumption{Text: "Visitors to its sites are accompanied.", Criteria: []string{"CC6.4"}, How: "review of its report", Controls: []string{"logs-reviewed"}})
		assumed, err := f.AssumedControls(f.ctx, f.ann)
		f.must(err)
		if len(assumed) != 1 || assumed[0].Vendor != "V-1" || assumed[0].Method != "carve_out" {
			t.Errorf("assumed: %+v", assumed)
		}
		_, err = f.Record(f.ctx, f.ann, "V-1", &vendor.Classified{Is: "vendor", Reasons: "we changed our mind about it"})
		f.refused(err, fault.Invalid, "1 control is assumed at it")

		f.record(f.eve, "V-1", &vendor.Access{Is: "api_key", System: "billing", Name: "key ending in 4f2a", May: "read usage", Since: "2026-03-04"})
		told := f.clock.Now().Add(-time.Hour)
		f.record(f.eve, "V-1", &vendor.Incident{What: "A disk array was reachable by a neighbour", Found: told.Add(-72 * time.Hour), Told: told, By: "vendor", Effect: "not known yet", Data: true})
		f.comes("V-1", "told_in_time", "fail", "told after 72 hours, promised within 48 hours")
		f.record(f.ann, "V-1", &vendor.IncidentClose{Number: 1, Note: "none of our disks lay on that array"})

		_, err = f.Record(f.ctx, f.eve, "V-1", &vendor.End{On: "2026-03-05"})
		f.refused(err, fault.Conflict, "begin its end first")
		f.record(f.eve, "V-1", &vendor.Leave{Reason: "we move to our own machines", Last: "2026-06-30"})
		_, err = f.Record(f.ctx, f.eve, "V-1", &vendor.End{On: "2026-03-05"})
		f.refused(err, fault.Conflict, "still holds 1 account or key")
		f.record(f.eve, "V-1", &vendor.AccessEnd{Number: 1, On: "2026-03-05", Proof: "the key is refused: 401"})
		_, err = f.Record(f.ctx, f.eve, "V-1", &vendor.End{On: "2026-03-05"})
		f.refused(err, fault.Conflict, "what became of our data")
		_, err = f.Record(f.ctx, f.eve, "V-1", &vendor.DataEnd{How: "none_held", On: "2026-03-05", Proof: "we believe so"})
		f.refused(err, fault.Invalid, "handles data of ours")
		f.record(f.eve, "V-1", &vendor.DataEnd{How: "destroyed", On: "2026-03-05", Proof: "certificate of 5 March, E-12"})
		v = f.record(f.eve, "V-1", &vendor.End{On: "2026-03-05"})
		if v.State != vendor.Ended || len(v.History) != v.Seq {
			t.Errorf("ended: %s, %d of %d", v.State, len(v.History), v.Seq)
		}
		_, err = f.Record(f.ctx, f.eve, "V-1", &vendor.Contract{Title: "Another", From: "2026-03-05"})
		f.refused(err, fault.Conflict, "V-1 is ended")
		again, err := f.Ask(f.ctx, f.eve, cloud())
		f.must(err)
		if again.Ref() != "V-2" {
			t.Errorf("asked for anew: %s", again.Ref())
		}

		f.must(f.log.Publish(f.ctx))
		all, err := f.log.Records(f.ctx, ledger.Filter{Limit: 500})
		f.must(err)
		seen := map[string]int{}
		for _, rec := range all {
			seen[rec.Type]++
			if strings.HasPrefix(rec.Type, "vendor.") {
				f.must(vendor.Bound(f.ctx, f.db.Reader(), rec))
			}
		}
		if seen["vendor.asked"] != 2 || seen["vendor.engaged"] != 2 || seen["vendor.ended"] != 1 {
			t.Errorf("the ledger has %v", seen)
		}
		f.must(f.db.Tx(f.ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(f.ctx, `UPDATE vendor_record SET content = replace(content, '2026-03-04', '2026-03-01') WHERE kind = 'engaged'`)
			return err
		}))
		forged := 0
		for _, rec := range all {
			if rec.Type == "vendor.engaged" && fault.Is(vendor.Bound(f.ctx, f.db.Reader(), rec), fault.Refused) {
				forged++
			}
		}
		if forged != 1 {
			t.Errorf("%d forged rows were found, want 1", forged)
		}
	})
}

// A reviewer does not manage the vendor, an approver did not ask for it; one who is
// alone says what stands in.
func TestSecondPerson(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	_, err := f.Ask(f.ctx, f.ann, cloud())
	f.must(err)
	_, err = f.Record(f.ctx, f.ann, "V-1", &vendor.Review{Looked: "what there is to see", Conclusion: "keep"})
	f.refused(err, fault.Forbidden, "cannot approve or review it")
	f.record(f.bob, "V-1", &vendor.Review{Looked: "what there is to see", Conclusion: "keep"})
	_, err = f.Record(f.ctx, f.ann, "V-1", &vendor.Approve{})
	f.refused(err, fault.Forbidden, "cannot approve or review it")
	// who describes it anew is an author as well
	again := cloud().Profile
	again.Service = "Machines only"
	f.record(f.bob, "V-1", &vendor.Described{Profile: again, Note: "no disks"})
	_, err = f.Record(f.ctx, f.bob, "V-1", &vendor.Approve{})
	f.refused(err, fault.Forbidden, "cannot approve or review it")
	f.must(f.access.Disable(f.ctx, access.System(), f.ann.UserID))
	_, err = f.Record(f.ctx, f.bob, "V-1", &vendor.Approve{})
	f.refused(err, fault.Invalid, "what stands in for a second person")
	v := f.record(f.bob, "V-1", &vendor.Approve{Compensation: "our adviser reads it in June"})
	if v.Compensation == "" || v.State != vendor.Approved {
		t.Errorf("%+v", v)
	}
}

func TestReports(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	in := cloud()
	in.Since = "2025-05-01"
	_, err := f.Ask(f.ctx, f.eve, in)
	f.must(err)
	f.comes("V-1", "approved_before_use", "fail", "nobody has approved it")
	f.comes("V-1", "report_covers_window", "fail", "nothing speaks of the 61 days from 2026-01-01 on")
	report := &vendor.Report{Is: "soc2_type2", Issuer: "Plain & Co", From: "2025-01-01", To: "2025-12-31", Opinion: "qualified", Categories: []string{"security"}, Scope: "Machines and disks", Received: "2026-02-01",
		Deviations: []string{"Two of 25 leavers kept access for 9 days"}, Controls: []string{"Customers give each user an account of their own", "Customers read the audit log"}}
	bad := *report
	bad.Opinion = "none"
	_, err = f.Record(f.ctx, f.eve, "V-1", &bad)
	f.refused(err, fault.Invalid, "a SOC report holds an opinion")
	f.record(f.eve, "V-1", report)
	f.comes("V-1", "report_covers_window", "fail", "1 report is not reviewed yet")
	f.comes("V-1", "duties_done", "fail", "2 that nobody looked at")
	review := func() *vendor.ReportReview {
		return &vendor.ReportReview{Report: 1, Match: "yes", Conclusion: "in_part", Note: "sound but for leavers",
			Effects:  []vendor.Effect{{Deviation: 1, Effect: "covered", Note: "our keys are not theirs to use"}},
			Mappings: []vendor.Mapping{{Duty: 1, Controls: []string{"users-provisioned"}}, {Duty: 2, Missing: "nobody reads it yet; planned for May"}}}
	}
	for _, tc := range []struct {
		name string
		edit func(*vendor.ReportReview)
		want string
	}{
		{"a deviation left out", func(r *vendor.ReportReview) { r.Effects = nil }, "say what deviation 1 means for us"},
		{"a control left out", func(r *vendor.ReportReview) { r.Mappings = r.Mappings[:1] }, "name the control of ours that does it"},
		{"a control that is none", func(r *vendor.ReportReview) { r.Mappings[0].Controls = []string{"nothing"} }, `no control "nothing" in use`},
		{"relies though it affects us", func(r *vendor.ReportReview) { r.Effects[0].Effect, r.Conclusion = "affects", "rely" }, "cannot be relied on in full"},
		{"no match", func(r *vendor.ReportReview) { r.Match = "partly" }, "say what does not match"},
	} {
		r := review()
		tc.edit(r)
		_, err := f.Record(f.ctx, f.ann, "V-1", r)
		f.refused(err, fault.Invalid, tc.want)
	}
	f.record(f.ann, "V-1", review())
	f.comes("V-1", "report_covers_window", "not_observed", "the 61 days from 2026-01-01 on; the next report or a bridge letter is awaited")
	f.comes("V-1", "duties_done", "fail", "1 done by nothing")
	f.comes("V-1", "answers_known", "not_applicable", "says more than answers would")
	_, err = f.Record(f.ctx, f.eve, "V-1", &vendor.Letter{Report: 1, From: "2026-01-05", To: "2026-02-28", Received: "2026-03-01"})
	f.refused(err, fault.Invalid, "there would be a hole after 2025-12-31")
	f.record(f.eve, "V-1", &vendor.Letter{Report: 1, From: "2026-01-01", To: "2026-02-28", Received: "2026-03-01"})
	f.comes("V-1", "report_covers_window", "not_observed", "the 2 days from 2026-03-01 on")
	f.record(f.ann, "V-1", &vendor.DutyMap{Mapping: vendor.Mapping{Duty: 2, Controls: []string{"logs-reviewed"}}})
	f.comes("V-1", "duties_done", "pass", "2 controls are expected")

	// the next report keeps what was mapped, drops what it expects no more
	f.clock.Advance(330 * 24 * time.Hour)
	f.record(f.eve, "V-1", &vendor.Report{Is: "soc2_type2", Issuer: "Plain & Co", From: "2026-04-01", To: "2026-12-31", Opinion: "unqualified", Categories: []string{"security"}, Scope: "Machines and disks", Received: "2027-01-20",
		Controls: []string{"Customers read the audit log", "Customers keep their keys"}})
	duties, err := f.Duties(f.ctx, f.ann)
	f.must(err)
	if len(duties) != 2 || duties[0].State() != "done" || duties[1].State() != "not looked at" {
		t.Errorf("duties: %+v", duties)
	}
	f.record(f.ann, "V-1", &vendor.ReportReview{Report: 2, Match: "yes", Conclusion: "rely", Note: "nothing was found in it", Mappings: []vendor.Mapping{{Duty: 2, Controls: []string{"logs-reviewed"}}, {Duty: 3, Missing: "our keys are kept by us alone", Not: true}}})
	f.comes("V-1", "report_covers_window", "fail", "nothing speaks of 2026-03-01 to 2026-03-31 (31 days)")
	f.comes("V-1", "duties_done", "pass", "each is done or does not concern us")
}

// What was due in a window, as known then and as known now.
func TestPopulations(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	in := cloud()
	in.Since = "2025-05-01"
	_, err := f.Ask(f.ctx, f.eve, in)
	f.must(err)
	f.record(f.ann, "V-1", &vendor.Review{Looked: "its report and its contract", Conclusion: "keep"})
	low := vendor.Intake{Profile: vendor.Profile{Name: "Flowers", Service: "Flowers for the door", Why: "nearby", Alternatives: "none", Data: []string{"none"},
		Answers: map[string]string{"outage": "nothing", "access": "none", "replace": "days", "controls": "no"}}}
	_, err = f.Ask(f.ctx, f.ann, low)
	f.must(err)
	f.must(f.log.Publish(f.ctx))
	head, err := f.log.Head(f.ctx)
	f.must(err)
	read := func(name string, at outcome.At) []population.Item {
		t.Helper()
		for _, src := range f.Sources() {
			if src.Name == name {
				items, err := src.Read(f.ctx, population.Request{At: at, From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)})
				f.must(err)
				return items
			}
		}
		t.Fatalf("no source %s", name)
		return nil
	}
	if got := read("vendors", outcome.At{Valid: f.clock.Now().Add(time.Second), Known: -1}); len(got) != 1 || got[0].Attributes["approved_before_use"] != "fail" || got[0].Attributes["criticality"] != "critical" {
		t.Errorf("vendors: %+v", got)
	}
	f.clock.Advance(400 * 24 * time.Hour)
	f.record(f.ann, "V-1", &vendor.Review{Looked: "its report and its contract", Conclusion: "keep"})
	then := read("vendor-reviews", outcome.At{Valid: f.clock.Now(), Known: int64(head.Size)})
	now := read("vendor-reviews", outcome.At{Valid: f.clock.Now().Add(time.Second), Known: -1})
	say := func(items []population.Item) string {
		var out []string
		for _, i := range items {
			out = append(out, fmt.Sprint(i.Attributes["due"], " ", i.Attributes["in_time"], " ", i.Attributes["days_late"]))
		}
		return strings.Join(out, "; ")
	}
	if got, want := say(then), "2025-05-01 fail 305; 2027-03-02 fail 35"; got != want {
		t.Errorf("as known then: %s, want %s", got, want)
	}
	if got, want := say(now), "2025-05-01 fail 305; 2027-03-02 fail 35; 2028-04-06 not_observed <nil>"; got != want {
		t.Errorf("as known now: %s, want %s", got, want)
	}
}

func TestExpected(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		x := vendor.Expectation{Text: "Customers remove accounts of their leavers.", Criteria: []string{"CC6.2"}, Why: "we do not know who left them", Told: "documentation, page Accounts", Controls: []string{"users-provisioned"}}
		_, err := f.Expect(f.ctx, f.eve, 0, vendor.Expectation{Text: x.Text, Why: x.Why, Told: x.Told, Criteria: []string{"CC99"}})
		f.refused(err, fault.Invalid, "none of the 61 criteria")
		e, err := f.Expect(f.ctx, f.eve, 0, x)
		f.must(err)
		x.Ended = true
		if e, err = f.Expect(f.ctx, f.ann, e.Number, x); err != nil || e.Version != 2 || e.Ref() != "U-1" {
			t.Fatalf("%+v, %v", e, err)
		}
		live, err := f.Expected(f.ctx, f.ann, false)
		f.must(err)
		all, err := f.Expected(f.ctx, f.ann, true)
		f.must(err)
		if len(live) != 0 || len(all) != 1 || all[0].Version != 2 {
			t.Errorf("%v, %v", live, all)
		}
		f.must(f.log.Publish(f.ctx))
		recs, err := f.log.Records(f.ctx, ledger.Filter{Limit: 100})
		f.must(err)
		n := 0
		for _, rec := range recs {
			if rec.Type == "vendor.expected" {
				n++
				f.must(vendor.Bound(f.ctx, f.db.Reader(), rec))
			}
		}
		if n != 2 {
			t.Errorf("%d entries, want 2", n)
		}
	})
}

func TestImport(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	file := "Vendor Name;Description;Owner;data types;since;outage;access;replace;controls;Colour\nM\xfcller GmbH;Payroll;eve;employees;2025-02-01;slower;none;months;no;red\n;;;;;;;;;\nAcme;Mail;;internal;;slower;office;month;no;blue\n"
	got, err := f.Import(f.ctx, f.eve, []byte(file), true)
	f.must(err)
	if got.New != 2 || got.Wrong != 0 || got.Stored || len(got.Notes) != 1 || !slices.Equal(got.Ignored, []string{"Colour"}) || got.Lines[0].Name != "Müller GmbH" || got.Lines[1].Line != 4 {
		t.Fatalf("dry: %+v", got)
	}
	rows, err := f.List(f.ctx, f.ann)
	f.must(err)
	if len(rows) != 0 {
		t.Fatalf("a dry run stored %d vendors", len(rows))
	}
	wrong := strings.Replace(file, "employees", "emplyees", 1)
	if got, err = f.Import(f.ctx, f.eve, []byte(wrong), false); err != nil || got.Wrong != 1 || got.Stored || !strings.Contains(got.Lines[0].Problem, `"emplyees" is no type of data`) {
		t.Fatalf("wrong: %+v, %v", got, err)
	}
	if got, err = f.Import(f.ctx, f.eve, []byte(file), false); err != nil || !got.Stored || got.Lines[0].Ref != "V-1" {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err = f.Import(f.ctx, f.eve, []byte(file), false); err != nil || got.Stored || got.There != 2 {
		t.Fatalf("a second time: %+v, %v", got, err)
	}
	rows, err = f.List(f.ctx, f.ann)
	f.must(err)
	if len(rows) != 2 || rows[1].Name != "Müller GmbH" || rows[1].State != vendor.InUse || rows[1].Level != "medium" || !rows[1].Late {
		t.Errorf("%+v", rows)
	}
	for name, raw := range map[string]string{"no name": "service,why\nx,y\n", "binary": "name\n\x00\n", "a quote left open": "name,service\n\"Acme,x\n", "nothing": ""} {
		if _, err := f.Import(f.ctx, f.eve, []byte(raw), true); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Lists of 300 vendors, one of which has just changed.
func BenchmarkList(b *testing.B) {
	f := newFixture(b, databasetest.SQLite(b))
	for i := range 300 {
		in := cloud()
		in.Name, in.Since = fmt.Sprintf("Vendor %d", i), "2025-05-01"
		_, err := f.Ask(f.ctx, f.eve, in)
		f.must(err)
		ref := fmt.Sprintf("V-%d", i+1)
		f.record(f.ann, ref, &vendor.Review{Looked: "its report and its contract", Conclusion: "keep"})
		f.record(f.eve, ref, &vendor.Contract{Title: "Agreement", From: "2025-05-01"})
		f.record(f.eve, ref, &vendor.Report{Is: "soc2_type2", Issuer: "Plain & Co", From: "2025-01-01", To: "2025-12-31", Opinion: "unqualified", Categories: []string{"security"}, Scope: "All of it", Received: "2026-02-01",
			Controls: []string{"Customers give each user an account of their own", "Customers read the audit log"}})
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := f.Record(b.Context(), f.ann, fmt.Sprintf("V-%d", i%300+1), &vendor.Access{Is: "account", System: "ledger", Name: fmt.Sprint(i), May: "read", Since: "2026-03-01"}); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		rows, err := f.List(b.Context(), f.ann)
		if err != nil || len(rows) != 300 {
			b.Fatal(len(rows), err)
		}
		if i > 0 && time.Since(began) > 100*time.Millisecond {
			b.Errorf("a list took %s", time.Since(began))
		}
	}
}
