package owntest_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
)

func items(n int) []owntest.Item {
	var out []owntest.Item
	for i := range n {
		out = append(out, owntest.Item{ID: fmt.Sprintf("2026-%03d", i)})
	}
	return out
}

// The same seed draws the same items, another one others, and each item is as
// likely as any other.
func TestDraws(t *testing.T) {
	all := items(100)
	one := owntest.Draws("seed", all, 10)
	if len(one) != 10 || !slices.Equal(one, owntest.Draws("seed", all, 10)) || slices.Equal(one, owntest.Draws("another", all, 10)) {
		t.Errorf("drawn: %v", one)
	}
	slices.Reverse(all)
	if !slices.Equal(one, owntest.Draws("seed", all, 10)) {
		t.Error("the order of the population changes what is drawn")
	}
	if got := owntest.Draws("seed", items(3), 10); len(got) != 3 {
		t.Errorf("of three items %d are drawn", len(got))
	}
	times := map[string]int{}
	for i := range 2000 {
		for _, x := range owntest.Draws(fmt.Sprint(i), all, 10) {
			times[x.ID]++
		}
	}
	for _, x := range all { // 200 expected, standard deviation 13.4
		if n := times[x.ID]; n < 130 || n > 270 {
			t.Errorf("%s was drawn %d times of 2,000", x.ID, n)
		}
	}
}

func TestLeast(t *testing.T) {
	for n, want := range map[int64]int{0: 0, 1: 1, 2: 1, 4: 2, 12: 5, 52: 15, 250: 25, 251: 40} {
		if got := owntest.Least(n); got != want {
			t.Errorf("of %d: %d, want %d", n, got, want)
		}
	}
}

// What results come to. A failure is never outweighed.
func TestJudge(t *testing.T) {
	r := func(item, a string, o owntest.Outcome) owntest.Result {
		return owntest.Result{Item: item, Attribute: a, Outcome: o}
	}
	two := []owntest.Attribute{{Letter: "A"}, {Letter: "B"}}
	for _, c := range []struct {
		name    string
		count   int64
		items   []owntest.Item
		results []owntest.Result
		want    owntest.Conclusion
		because string
	}{
		{"empty", 0, nil, nil, owntest.DidNot, "complete and empty"},
		{"nobody looked", 5, items(1), nil, owntest.Insufficient, "2 attributes were not looked at"},
		{"half", 5, items(1), []owntest.Result{r("2026-000", "A", owntest.Pass)}, owntest.Insufficient, "1 attribute was not looked at"},
		{"all pass", 5, items(1), []owntest.Result{r("2026-000", "A", owntest.Pass), r("2026-000", "B", owntest.Pass)}, owntest.NoDeviation, "1 item of 5"},
		{"unreadable", 5, items(1), []owntest.Result{r("2026-000", "A", owntest.Pass), r("2026-000", "B", owntest.Error)}, owntest.Insufficient, "could not be read"},
		{"nothing applies", 5, items(1), []owntest.Result{r("2026-000", "A", owntest.NotApplicable), r("2026-000", "B", owntest.NotApplicable)}, owntest.Insufficient, "applies"},
		{"some apply", 5, items(1), []owntest.Result{r("2026-000", "A", owntest.Pass), r("2026-000", "B", owntest.NotApplicable)}, owntest.NoDeviation, "where it applies"},
		{"a failure and a hole", 5, items(2), []owntest.Result{r("2026-001", "B", owntest.Fail)}, owntest.Deviation, "2026-001 (B)"},
		{"mended later does not count twice", 5, items(1), []owntest.Result{r("2026-000", "A", owntest.Fail), r("2026-000", "A", owntest.Pass), r("2026-000", "B", owntest.Pass)}, owntest.NoDeviation, "1 item"},
	} {
		x := owntest.Test{Attributes: two, Items: c.items, Results: c.results, Draw: &owntest.Draw{Count: c.count}}
		if got, why := x.Judge(); got != c.want || !strings.Contains(why, c.because) {
			t.Errorf("%s: %s because %s, want %s because %s", c.name, got, why, c.want, c.because)
		}
	}
	if got, _ := (&owntest.Test{}).Judge(); got != owntest.Insufficient {
		t.Errorf("nothing drawn is %s", got)
	}
}

type fixture struct {
	*owntest.Service
	t             *testing.T
	ctx           context.Context
	log           *ledger.Log
	clock         *clock.Manual
	users         *access.Service
	about         owntest.Performed
	population    []owntest.Item
	ann, bob, eve access.Principal
	dir           string
	db            *database.DB
}

func begin(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, db: db, ctx: t.Context(), clock: clock.NewManual(time.Date(2026, 7, 2, 9, 0, 0, 0, time.UTC)), population: items(20)}
	dir := t.TempDir()
	f.dir = filepath.Join(dir, "ledger")
	var err error
	f.log, err = ledger.Open(context.Background(), ledger.Config{DB: db, Dir: f.dir, KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.users, err = access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	f.ann, f.bob, f.eve = f.user("ann", access.ComplianceManager), f.user("bob", access.Contributor), f.user("eve", access.Viewer)
	f.about = owntest.Performed{Version: 3, Owner: "security lead"}
	f.Service = owntest.New(owntest.Config{Journal: journal.Config{DB: db, Ledger: f.log, Clock: f.clock.Now}, Ledger: f.log,
		Control: func(_ context.Context, _ access.Principal, slug string, _, _ time.Time) (owntest.Performed, error) {
			if slug != "logs-reviewed" {
				return owntest.Performed{}, fault.New(fault.NotFound, "no control %q", slug)
			}
			return f.about, nil
		},
		Population: func(_ context.Context, _ access.Principal, _, source string, _, _ time.Time) (owntest.Population, error) {
			return owntest.Population{From: source, Items: f.population}, nil
		}})
	return f
}

func (f *fixture) user(login string, role access.Role) access.Principal {
	u, err := f.users.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
	f.must(err)
	return access.Principal{UserID: u.ID, Name: login, Role: role}
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

func (f *fixture) plan() owntest.Plan {
	return owntest.Plan{Control: "logs-reviewed", Objective: "Were logs reviewed each week?", Method: owntest.Inspection, Procedure: "Open the record of the week.", Attributes: []string{"There is a record", "", "Somebody else signed it"},
		From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), Size: 3, Tester: "bob", Due: time.Date(2026, 7, 20, 0, 0, 0, 0, time.UTC)}
}

// A test from plan to review, with a deviation, and what is followed up.
func TestLife(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		o, err := f.Plan(f.ctx, f.ann, f.plan())
		f.must(err)
		if o.Ref != "OT-1" || o.Content.Version != 3 || len(o.Content.Attributes) != 2 || o.Content.Attributes[1].Letter != "B" || o.Content.Tester != f.bob.UserID {
			t.Fatalf("planned: %+v", o.Content)
		}
		_, err = f.Draw(f.ctx, f.bob, o.Ref)
		f.refused(err, fault.Conflict, "has not taken the plan")
		f.must(f.log.Publish(f.ctx))
		_, err = f.Draw(f.ctx, f.ann, o.Ref)
		f.refused(err, fault.Forbidden, "tested by somebody else")
		_, err = f.See(f.ctx, f.bob, o.Ref, owntest.Seen{Item: "2026-000", Attribute: "A", Outcome: owntest.Pass, Looked: "E-1"})
		f.refused(err, fault.Conflict, "is planned")
		o, err = f.Draw(f.ctx, f.bob, o.Ref)
		f.must(err)
		d := o.Content.Draw
		if d.Count != 20 || len(o.Content.Items) != 3 || !slices.Equal(o.Content.Items, owntest.Draws(d.Seed, f.population, 3)) || d.Digest != owntest.DigestOf(f.population) {
			t.Errorf("drawn: %+v %v", d, o.Content.Items)
		}
		_, err = f.Draw(f.ctx, f.bob, o.Ref)
		f.refused(err, fault.Conflict, "is testing")
		x := o.Content.Items
		for _, c := range []struct {
			seen owntest.Seen
			want string
		}{
			{owntest.Seen{Item: "elsewhere", Attribute: "A", Outcome: owntest.Pass, Looked: "E-1"}, "was not drawn"},
			{owntest.Seen{Item: x[0].ID, Attribute: "C", Outcome: owntest.Pass, Looked: "E-1"}, "no attribute"},
			{owntest.Seen{Item: x[0].ID, Attribute: "A", Outcome: owntest.NotObserved, Looked: "E-1"}, "choose what was seen"},
			{owntest.Seen{Item: x[0].ID, Attribute: "A", Outcome: owntest.Pass}, "what was looked at"},
			{owntest.Seen{Item: x[0].ID, Attribute: "A", Outcome: owntest.Fail, Looked: "E-1"}, "why it did not pass"},
		} {
			_, err := f.See(f.ctx, f.bob, o.Ref, c.seen)
			f.refused(err, fault.Invalid, c.want)
		}
		_, err = f.Conclude(f.ctx, f.bob, o.Ref, "")
		f.refused(err, fault.Invalid, "6 attributes were not looked at")
		var all []owntest.Seen
		for _, i := range x {
			all = append(all, owntest.Seen{Item: i.ID, Attribute: "A", Outcome: owntest.Pass, Looked: "E-1"}, owntest.Seen{Item: i.ID, Attribute: "B", Outcome: owntest.Pass, Looked: "E-1"})
		}
		all[3].Outcome, all[3].Reason = owntest.Fail, "Signed by whoever wrote it."
		_, err = f.See(f.ctx, f.bob, o.Ref, all...)
		f.must(err)
		o, err = f.Conclude(f.ctx, f.bob, o.Ref, "")
		f.must(err)
		if o.Content.Conclusion != owntest.Deviation || !strings.Contains(o.Content.Because, x[1].ID+" (B)") {
			t.Errorf("concluded %s because %s", o.Content.Conclusion, o.Content.Because)
		}
		_, err = f.Review(f.ctx, f.bob, o.Ref, "", "")
		f.refused(err, fault.Forbidden, "")
		_, err = f.SendBack(f.ctx, f.ann, o.Ref, "Look at the second again.")
		f.must(err)
		_, err = f.FollowUp(f.ctx, f.ann, o.Ref, owntest.Remedy{Cause: "No second person that week.", Action: "T-4"})
		f.refused(err, fault.Conflict, "is testing")
		_, err = f.Conclude(f.ctx, f.bob, o.Ref, "")
		f.must(err)
		_, err = f.FollowUp(f.ctx, f.ann, o.Ref, owntest.Remedy{Cause: "No second person that week.", Action: "A deputy is named, T-4."})
		f.must(err)
		o, err = f.Review(f.ctx, f.ann, o.Ref, "", "")
		f.must(err)
		if o.Content.State != owntest.Reviewed || o.Content.Reviewer != f.ann.UserID || o.Content.Follow == nil {
			t.Errorf("reviewed: %+v", o.Content)
		}
		again := f.plan()
		again.Prior = "ot-1"
		o, err = f.Plan(f.ctx, f.ann, again)
		f.must(err)
		if o.Content.Prior != "OT-1" {
			t.Errorf("repeats %q", o.Content.Prior)
		}
		_, err = f.Drop(f.ctx, f.ann, o.Ref, "Planned twice.")
		f.must(err)
		listed, _, err := f.List(f.ctx, f.eve, journal.Filter{Topic: "logs-reviewed"})
		f.must(err)
		if len(listed) != 2 {
			t.Errorf("%d tests of the control", len(listed))
		}
		_, err = f.Plan(f.ctx, f.eve, f.plan())
		f.refused(err, fault.Forbidden, "")
		f.must(f.log.Publish(f.ctx))
		_, err = ledger.Verify(f.ctx, ledger.VerifyConfig{DB: db, Dir: f.dir, VerifierKey: f.log.VerifierKey(), Bindings: owntest.Bindings()})
		f.must(err)
	})
}

// Whoever performs a control does not test it, unless nobody else could.
func TestIndependence(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		for _, c := range []struct {
			name  string
			about owntest.Performed
			want  string
		}{
			{"owner", owntest.Performed{Owner: f.bob.UserID}, "owns the control"},
			{"performer", owntest.Performed{Brought: []string{f.bob.UserID}}, "brought evidence"},
		} {
			f.about = c.about
			_, err := f.Plan(f.ctx, f.ann, f.plan())
			f.refused(err, fault.Invalid, c.want)
		}
		f.must(f.users.Disable(f.ctx, access.System(), f.ann.UserID))
		in := f.plan()
		_, err := f.Plan(f.ctx, f.bob, in)
		f.refused(err, fault.Invalid, "what stands in")
		in.Stands = "Our accountant looks at the same three weeks in August."
		o, err := f.Plan(f.ctx, f.bob, in)
		f.must(err)
		if o.Content.Conflict == "" || o.Content.Stands != in.Stands {
			t.Errorf("alone: %+v", o.Content)
		}
	})
}

// Plans that cannot be.
func TestWrongPlans(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		for _, c := range []struct {
			name, field string
			spoil       func(*owntest.Plan)
		}{
			{"no such control", "control", func(p *owntest.Plan) { p.Control = "moon" }},
			{"no objective", "objective", func(p *owntest.Plan) { p.Objective = " " }},
			{"no method", "method", func(p *owntest.Plan) { p.Method = "guess" }},
			{"no attributes", "attributes", func(p *owntest.Plan) { p.Attributes = []string{" "} }},
			{"too many attributes", "attributes", func(p *owntest.Plan) { p.Attributes = strings.Split(strings.Repeat("holds,", 9), ",") }},
			{"backwards", "from", func(p *owntest.Plan) { p.From, p.To = p.To, p.From }},
			{"in the future", "from", func(p *owntest.Plan) { p.From, p.To = p.To.AddDate(1, 0, 0), p.To.AddDate(2, 0, 0) }},
			{"over already", "due", func(p *owntest.Plan) { p.Due = p.From }},
			{"everything", "size", func(p *owntest.Plan) { p.Size = 1000 }},
			{"nobody", "tester", func(p *owntest.Plan) { p.Tester = "zoe" }},
			{"a reader", "tester", func(p *owntest.Plan) { p.Tester = "eve" }},
			{"repeats nothing", "prior", func(p *owntest.Plan) { p.Prior = "OT-9" }},
		} {
			in := f.plan()
			c.spoil(&in)
			_, err := f.Plan(f.ctx, f.ann, in)
			var fe *fault.Error
			if !errors.As(err, &fe) || fe.Kind != fault.Invalid || fe.Field != c.field {
				t.Errorf("%s: %v, want a mistake in %s", c.name, err, c.field)
			}
		}
	})
}
