package people_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/people"
)

// A leaver: off-boarding begins, what is still there after the grace is a
// finding, an observation closes it, and the population says all along why.
func TestLeaver(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.directory.has("1", "Maeve Doyle", "mdoyle")
		w.directory.has("2", "Bo Low", "bob") // has a login in Attesta by the same address
		w.directory.has("3", "Cy Dow", "cdow", func(f *people.Fields) { f.Manager = "1" })
		w.connect()
		web, db1 := newSource(), newSource()
		w.reports(web, "web-1", "mdoyle", "cdow", "c.dow")
		w.reports(db1, "db-1", "mdoyle")
		w.prove()
		d := w.who("Maeve")
		if d.State != people.Here || len(d.Items) != 0 || len(d.Accounts) != 2 || d.Accounts[0].Says != people.Theirs || d.Accounts[0].State != people.Present {
			t.Fatalf("before: %s, %d items, accounts %+v", d.State, len(d.Items), d.Accounts)
		}
		if cy := w.who("Cy"); len(cy.Accounts) != 2 || cy.ManagerName != "Maeve Doyle" {
			t.Errorf("accounts of Cy: %+v", cy.Accounts)
		}

		w.clock.Advance(time.Hour)
		w.directory.drop("1", "2")
		w.look("applied")
		w.reports(web, "web-1", "mdoyle", "cdow", "c.dow")
		w.reports(db1, "db-1", "mdoyle")
		w.prove()
		d = w.who("Maeve")
		if d.State != people.Left || !d.LeftAt.Equal(w.clock.Now()) || d.Grace != 24 || d.Access.Word != "present" {
			t.Errorf("left: %s at %s, access %+v", d.State, d.LeftAt, d.Access)
		}
		if it := w.item(d, "access-removed"); it.State != checklist.Open || it.List != checklist.Leaver {
			t.Errorf("off-boarding: %+v", it)
		}
		bo := w.who("Bo")
		if bo.UserID != w.bob.UserID || len(bo.Accounts) != 1 || bo.Accounts[0].Place != people.Attesta || bo.Access.Word != "removed" || bo.Access.Hours != 0 {
			t.Errorf("the login in Attesta: user %s, %+v, %+v", bo.UserID, bo.Accounts, bo.Access)
		}
		if u, err := w.access.User(w.ctx, w.ann, w.bob.UserID); err != nil || !u.Disabled {
			t.Errorf("a leaver can log in: %+v, %v", u, err)
		}
		if page, err := w.findings.List(w.ctx, finding.Filter{}, finding.ByNumber, "", 10); err != nil || len(page.Findings) != 0 {
			t.Errorf("a finding within the grace: %+v, %v", page.Findings, err)
		}

		w.clock.Advance(25 * time.Hour) // the grace is over; db-1 has removed the account meanwhile
		w.reports(db1, "db-1")
		w.reports(web, "web-1", "mdoyle", "cdow", "c.dow")
		w.prove()
		f := w.theOnly()
		if f.State != finding.Open || f.ItemName != "web-1" || f.Severity != "high" || !strings.Contains(f.Title, "mdoyle of Maeve Doyle") || !f.OpenedAt.Equal(d.LeftAt.Add(24*time.Hour)) {
			t.Errorf("the finding: %+v", f)
		}
		if d, err := w.hosts.DeriveFinding(w.ctx, f.Ref()); err != nil || d.Finding.ID != f.ID {
			t.Errorf("its page: %v", err)
		}
		if who := w.who("Maeve"); who.Accounts[0].Finding != "" && who.Accounts[1].Finding != f.Ref() {
			t.Errorf("her page does not name it: %+v", who.Accounts)
		}
		gone := func(name string) population.Item {
			t.Helper()
			for _, it := range w.leavers(7) {
				if it.Attributes["name"] == name {
					return it
				}
			}
			t.Fatalf("%s is no leaver", name)
			return population.Item{}
		}
		if a := gone("Maeve Doyle").Attributes; a["access"] != "present" || a["access_in_time"] != false || !strings.Contains(a["access_reason"].(string), "mdoyle on web-1 is still there") {
			t.Errorf("the population: %v", a)
		}
		w.agree()

		w.clock.Advance(time.Hour) // the host falls silent: nothing is closed by that
		w.must(second(w.hosts.Sweep(w.ctx)))
		w.prove()
		if f := w.theOnly(); f.State != finding.Stale || f.Cause != finding.Silent {
			t.Errorf("silent: %s %s", f.State, f.Cause)
		}
		if a := gone("Maeve Doyle").Attributes; a["access"] != "not_observed" || a["access_in_time"] != nil || !strings.Contains(a["access_reason"].(string), "nothing was heard") {
			t.Errorf("silent, the population: %v", a)
		}
		w.agree()

		w.clock.Advance(2 * time.Hour)
		w.reports(web, "web-1", "cdow", "c.dow")
		w.prove()
		if f := w.theOnly(); f.State != finding.Closed || !strings.Contains(f.Reason, "a pass was observed") {
			t.Errorf("removed: %s, %s", f.State, f.Reason)
		}
		a := gone("Maeve Doyle").Attributes // 28 hours and a little, rounded up
		if a["access"] != "removed" || a["access_hours"] != int64(29) || a["access_in_time"] != false || a["access_allowed"] != int64(24) || !strings.Contains(a["access_reason"].(string), "web-1 was last") {
			t.Errorf("removed, the population: %v", a)
		}
		w.agree()
		w.bound()

		// The same people at a past size of the ledger: as known then.
		known := w.entries()
		w.clock.Advance(time.Hour)
		w.reports(web, "web-1", "mdoyle", "cdow", "c.dow")
		w.prove()
		if f := w.theOnly(); f.State != finding.Open || f.Reopened != 1 {
			t.Errorf("made again: %s, reopened %d", f.State, f.Reopened)
		}
		w.number()
		src := w.PopulationSource()
		then, err := src.Read(w.ctx, requestAt(w.clock.Now(), known))
		w.must(err)
		now, err := src.Read(w.ctx, requestAt(w.clock.Now(), -1))
		w.must(err)
		for i := range then {
			if then[i].Attributes["name"] == "Maeve Doyle" && (then[i].Attributes["access"] != "removed" || now[i].Attributes["access"] != "present") {
				t.Errorf("then %v, now %v", then[i].Attributes["access"], now[i].Attributes["access"])
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

// More leavers than the bound are held; what is applied is what was held.
func TestMassChange(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		for i := range 40 {
			w.directory.has(fmt.Sprint(i), fmt.Sprintf("Person Number%d", i), fmt.Sprintf("p%d", i))
		}
		w.connect()
		here := func() int64 {
			f, err := w.Facets(w.ctx, w.ann)
			w.must(err)
			return f.States[people.Here]
		}
		w.directory.drop("0", "1", "2")
		w.look("applied") // three always go through
		all := w.directory.said
		w.directory.said = all[:20]
		l := w.look("held")
		if !strings.Contains(l.Plan.Held, "17 people would leave") || here() != 37 {
			t.Fatalf("%q, %d are here", l.Plan.Held, here())
		}
		if again := w.look("held"); again.Reading != l.Reading {
			t.Error("the same reading is held twice")
		}
		w.must(w.Tick(w.ctx))
		w.directory.said = nil
		if l := w.look("held"); !strings.Contains(l.Plan.Held, "holds nobody") {
			t.Errorf("an empty directory: %q", l.Plan.Held)
		}
		if _, err := w.Approve(w.ctx, w.bob, l.Reading, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("a reading that is overtaken is approved: %v", err)
		}
		w.directory.said = all[:20]
		l = w.look("held")
		_, err := w.Approve(w.ctx, w.ann, l.Reading, "")
		w.refused(err, fault.Forbidden, "cannot approve")
		if _, err := w.Approve(w.ctx, access.Principal{UserID: w.bob.UserID, Role: access.ComplianceManager, SessionID: "x", Stale: true}, l.Reading, ""); !access.NeedsProof(err) {
			t.Errorf("without proof: %v", err)
		}
		got, err := w.Approve(w.ctx, w.bob, l.Reading, "")
		w.must(err)
		if got.State != "applied" || here() != 20 {
			t.Errorf("%s, %d are here", got.State, here())
		}
		w.directory.said = all[:10]
		l = w.look("held")
		w.refused(w.Refuse(w.ctx, w.bob, l.Reading, " "), fault.Invalid, "say why")
		w.must(w.Refuse(w.ctx, w.bob, l.Reading, "the export was cut off"))
		if here() != 20 {
			t.Errorf("refused, and %d are here", here())
		}
		w.bound()
	})
}

// A directory that goes away or gives half changes nobody, and is said so.
func TestGoesAway(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	w.directory.has("1", "Maeve Doyle", "mdoyle")
	w.connect()
	w.directory.err = fault.New(fault.Unavailable, "the directory was not read to its end: no answer in time")
	_, err := w.Look(w.ctx, w.ann, w.source, false)
	w.refused(err, fault.Unavailable, "not read to its end")
	w.clock.Advance(2 * time.Hour)
	w.must(w.Tick(w.ctx))
	if w.who("Maeve").State != people.Here {
		t.Error("a directory that went away off-boards")
	}
	src, err := w.Source(w.ctx, w.ann, "Directory")
	w.must(err)
	events, err := w.History(w.ctx, w.ann, w.source)
	w.must(err)
	if !strings.Contains(src.Trouble, "no answer in time") || len(events) != 2 || events[1].Kind != "source_unread" {
		t.Errorf("%q, %d events", src.Trouble, len(events))
	}
	w.directory.err = nil
	w.clock.Advance(2 * time.Hour)
	w.must(w.Tick(w.ctx))
	if src, err = w.Source(w.ctx, w.ann, "Directory"); err != nil || src.Trouble != "" {
		t.Errorf("after it came back: %q, %v", src.Trouble, err)
	}
	w.directory.said = append(w.directory.said, w.directory.said[0])
	_, err = w.Look(w.ctx, w.ann, w.source, false)
	w.refused(err, fault.Invalid, "stands in it twice")
}

// Settings are tried without anything being kept, and a password goes to no
// other server than it was given for.
func TestTry(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	w.directory.has("1", "Maeve Doyle", "mdoyle")
	set := people.Settings{URL: "ldaps://x"}
	got, err := w.Try(w.ctx, w.ann, "", people.NewSource{Kind: people.LDAP, Name: "Directory", Settings: set, Secret: secret})
	w.must(err)
	if len(got.Plan.Joins) != 1 || len(got.First) != 1 || got.First[0].Fields.Name != "Maeve Doyle" {
		t.Errorf("tried: %+v", got)
	}
	if f, _ := w.Facets(w.ctx, w.ann); f.States[people.Here] != 0 {
		t.Error("a trial keeps somebody")
	}
	if all, err := w.Sources(w.ctx, w.ann); err != nil || len(all) != 2 {
		t.Errorf("a trial keeps a source: %d, %v", len(all), err)
	}
	w.connect()
	w.directory.drop("1")
	got, err = w.Try(w.ctx, w.ann, w.source, people.NewSource{Name: "Directory", Settings: set}) // with the password that is kept
	w.must(err)
	if len(got.Plan.Leaves) != 1 || got.Plan.Held == "" {
		t.Errorf("a change tried: %+v", got.Plan)
	}
	_, err = w.Try(w.ctx, w.ann, w.source, people.NewSource{Name: "Directory", Settings: people.Settings{URL: "ldaps://elsewhere"}})
	w.refused(err, fault.Invalid, "another server")
	_, err = w.ChangeSource(w.ctx, w.ann, w.source, people.NewSource{Name: "Directory", Settings: people.Settings{URL: "ldaps://elsewhere"}})
	w.refused(err, fault.Invalid, "another server")
	_, err = w.Try(w.ctx, w.ann, "", people.NewSource{Kind: people.CSV, Name: "A file"})
	w.refused(err, fault.Conflict, "only directories")
	_, err = w.Try(w.ctx, w.bob, "", people.NewSource{Kind: people.LDAP, Name: "Directory", Settings: set, Secret: secret})
	w.refused(err, fault.Forbidden, "may not")
}

// Two sources: who is one by a rule is one, who may be is asked about; fields
// go by the order of the sources, and leaving by the first that ever said them.
func TestSources(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.directory.has("a", "Maeve Doyle", "mdoyle", func(f *people.Fields) { f.Team = "Platform" })
		w.directory.has("b", "Bo Low", "blow")
		w.connect()
		file, err := w.AddSource(w.ctx, w.ann, people.NewSource{Kind: people.CSV, Name: "Personnel", Settings: people.Settings{First: []string{"title", "end"}}})
		w.must(err)
		rows := []people.Said{
			{Key: "7", Line: 2, Fields: people.Fields{Name: "Doyle, Maeve", Mail: "mdoyle@firm.example", Title: "Head of platform", Team: "Plattform", Kind: people.Employee}},
			{Key: "8", Line: 3, Fields: people.Fields{Name: "Low, Bo", Mail: "bo.low@other.example", Kind: people.Contractor, End: "2026-03-20", Manager: "7"}},
			{Key: "9", Line: 4, Fields: people.Fields{Name: "Nia New", Kind: people.Employee, Start: "2026-03-09", Manager: "nobody@firm.example"}},
		}
		dry, err := w.Import(w.ctx, w.bob, file.ID, rows, nil, true)
		w.must(err)
		if dry.State != "preview" || len(dry.Plan.Joins) != 2 || len(dry.Plan.Changes) != 1 || len(dry.Plan.Doubts) != 1 || len(dry.Plan.Problems) != 1 || dry.Plan.Problems[0].Line != 4 {
			t.Errorf("preview: %+v", dry.Plan)
		}
		if f, _ := w.Facets(w.ctx, w.ann); f.States[people.Here] != 2 {
			t.Error("a preview keeps something")
		}
		got, err := w.Import(w.ctx, w.bob, file.ID, rows, nil, false)
		w.must(err)
		m := w.who("Maeve")
		if got.State != "applied" || m.Name != "Maeve Doyle" || m.Title != "Head of platform" || m.Team != "Platform" || m.From["title"] != file.ID || m.From["team"] != w.source || len(m.Voices) != 2 {
			t.Errorf("Maeve: %+v from %v, %d voices", m.Fields, m.From, len(m.Voices))
		}
		nia := w.who("Nia")
		if nia.State != people.Planned || w.item(nia, "background-check").Due != time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC) {
			t.Errorf("Nia: %s, %+v", nia.State, nia.Items)
		}
		doubts, who, err := w.Doubts(w.ctx, w.ann)
		w.must(err)
		if len(doubts) != 1 || who[doubts[0].Person].Mail == who[doubts[0].Other].Mail {
			t.Fatalf("doubts: %+v", doubts)
		}
		w.must(w.Tell(w.ctx, w.bob, doubts[0].Person, doubts[0].Other, true))
		bo := w.who("Bo")
		if bo.State != people.Leaving || bo.End != "2026-03-20" || bo.ManagerName != "Maeve Doyle" || len(bo.Voices) != 2 || w.item(bo, "device-returned").List != checklist.Leaver {
			t.Errorf("Bo is one: %s, %+v, %d voices, items %+v", bo.State, bo.Fields, len(bo.Voices), bo.Items)
		}
		w.clock.Advance(19 * 24 * time.Hour) // 21 March: the last day is over, whatever the directory still says
		w.must(w.Tick(w.ctx))
		if bo = w.who("Bo"); bo.State != people.Left || !bo.LeftAt.Equal(time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC)) || bo.Access.Word != "none_found" {
			t.Errorf("Bo has left: %s at %s, %+v", bo.State, bo.LeftAt, bo.Access)
		}
		if nia = w.who("Nia"); nia.State != people.Here {
			t.Errorf("Nia has started: %s", nia.State)
		}
		rows[1].Fields.End = ""
		w.must(second(w.Import(w.ctx, w.bob, file.ID, rows, nil, false)))
		if bo = w.who("Bo"); bo.State != people.Here || w.item(bo, "device-returned").State != checklist.Dropped {
			t.Errorf("Bo is back: %s, %+v", bo.State, bo.Items)
		}
		w.bound()
	})
}

func TestChecklist(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.directory.has("1", "Maeve Doyle", "mdoyle")
		w.connect()
		w.directory.has("2", "Bob Low", "bob", func(f *people.Fields) { f.Start, f.Title = "2026-03-02", "Platform Engineer" })
		w.directory.has("3", "Con Tract", "con", func(f *people.Fields) { f.Start, f.Kind, f.End = "2026-03-02", people.Contractor, "2026-06-30" })
		w.directory.has("4", "robot", "robot", func(f *people.Fields) { f.Start, f.Kind = "2026-03-02", people.ServiceID })
		w.look("applied")
		bob, con := w.who("Bob"), w.who("Con Tract")
		w.item(bob, "production-access")
		w.item(con, "contract")
		w.item(con, "access-removed") // the last day is known
		if w.item(w.who("robot"), "service-owner"); len(w.who("robot").Items) != 1 {
			t.Errorf("a robot's list: %+v", w.who("robot").Items)
		}
		do := func(p access.Principal, it checklist.Item, d checklist.Doing) error {
			return second(w.Lists().Do(w.ctx, p, it.ID, d))
		}
		check := w.item(con, "background-check")
		w.refused(do(w.auditor, check, checklist.Doing{State: checklist.Done}), fault.Forbidden, "may not")
		w.refused(do(w.ann, check, checklist.Doing{State: checklist.Done}), fault.Invalid, "who made the check")
		w.refused(do(w.ann, check, checklist.Doing{State: checklist.Done, Provider: "Checkers", Result: "he once stole an apple"}), fault.Invalid, "no class")
		w.refused(do(w.ann, check, checklist.Doing{State: checklist.Done, Provider: "Checkers", Result: "clear", Day: "2027-01-01"}), fault.Invalid, "not come yet")
		w.refused(do(w.ann, check, checklist.Doing{State: checklist.Not, Reason: "no"}), fault.Invalid, "why it is not applicable")
		w.must(do(w.ann, check, checklist.Doing{State: checklist.Done, Provider: "Checkers", Result: "clear", Day: "2026-02-27"}))
		w.refused(do(w.ann, check, checklist.Doing{State: checklist.Done, Provider: "Checkers", Result: "clear"}), fault.Conflict, "already")
		w.refused(do(w.ann, w.item(con, "contract"), checklist.Doing{State: checklist.Done}), fault.Invalid, "what shows")
		w.must(do(w.ann, w.item(con, "contract"), checklist.Doing{State: checklist.Done, Link: "https://files.firm.example/c/12"}))
		w.must(do(w.ann, w.item(con, "device"), checklist.Doing{State: checklist.Not, Reason: "brings a device of their own that is managed by their firm"}))
		w.must(do(w.ann, w.item(con, "contract"), checklist.Doing{State: checklist.Open, Reason: "the wrong copy"}))
		w.refused(do(w.bob, w.item(bob, "job-description"), checklist.Doing{State: checklist.Done}), fault.Forbidden, "cannot approve")
		w.must(do(w.ann, w.item(bob, "job-description"), checklist.Doing{State: checklist.Done}))

		// What records here show is not said by anybody, and closes by itself.
		policies := w.item(bob, "policies")
		w.refused(do(w.ann, policies, checklist.Doing{State: checklist.Done}), fault.Conflict, "nobody says that this is done")
		missing, err := w.Lists().Missing(w.ctx, &policies)
		w.must(err)
		if missing != "nothing of it is recorded" {
			t.Errorf("missing: %q", missing)
		}
		w.shown = map[string]checklist.Shown{w.bob.UserID + " policies": {Done: true, Day: "2026-03-01", Text: "acknowledged all 7"}}
		w.must(w.Lists().Settle(w.ctx))
		w.must(w.Lists().Settle(w.ctx))
		settled, err := w.Lists().Get(w.ctx, w.ann, policies.ID)
		w.must(err)
		if settled.State != checklist.Done || settled.Day != "2026-03-01" || settled.Reason != "acknowledged all 7" || settled.DoneBy != "" {
			t.Errorf("settled: %+v", settled)
		}
		if it := w.item(bob, "training"); it.State != checklist.Open {
			t.Errorf("nothing shows the training: %+v", it)
		}
		w.must(do(w.ann, w.item(con, "policies"), checklist.Doing{State: checklist.Done, Link: "E-1"})) // has no account: somebody says so
		w.must(do(w.ann, w.item(con, "policies"), checklist.Doing{State: checklist.Open, Reason: "not yet"}))

		w.clock.Advance(40 * 24 * time.Hour)
		page, err := w.List(w.ctx, w.ann, people.Filter{Late: true}, "", "", 50)
		w.must(err)
		if page.Total != 3 || page.People[0].Name != "Bob Low" || page.People[0].Late != 7 || page.People[0].Open != 7 {
			t.Errorf("late: %d, %+v", page.Total, page.People)
		}
		open, err := w.Lists().Open(w.ctx, w.ann, checklist.Joiner)
		w.must(err)
		if len(open) == 0 || !open[0].Late || open[0].PersonName == "" {
			t.Errorf("open items: %+v", open)
		}
		w.directory.has("2", "Bob Low", "bob", func(f *people.Fields) { f.Start, f.Title, f.Team = "2026-03-02", "Head of sales", "Sales" })
		w.look("applied")
		w.item(w.who("Bob"), "access-reviewed")
		for _, it := range w.members("joined") {
			if it.Attributes["name"] == "Con Tract" && (it.Attributes["background_check"] != "clear" || it.Attributes["background_checked"] != "2026-02-27") {
				t.Errorf("the population: %v", it.Attributes)
			}
		}
		if moved := w.members("moved"); len(moved) != 1 || moved[0].Attributes["name"] != "Bob Low" {
			t.Errorf("movers: %+v", moved)
		}
		w.bound()
	})
}

func (w *world) members(date string) []population.Item {
	w.Helper()
	w.number()
	w.clock.Advance(time.Microsecond) // a window ends before its end
	_, items, err := w.pops.Preview(w.ctx, w.ann, population.Content{Title: "People", Purpose: "Test of joiners", Source: "people", Date: date},
		population.Window{From: w.clock.Now().AddDate(0, 0, -100), To: w.clock.Now()})
	w.must(err)
	return items
}

// An account that is only like a name is asked about; a person says, and what
// they say decides over a finding.
// An account that is only like a leaver's name is neither gone nor theirs.
func TestUnclear(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.directory.has("1", "Clara Nunes", "clara")
		w.directory.has("2", "Zoe Stays", "zoe")
		w.connect()
		web := newSource()
		w.reports(web, "web-1", "c.nunes")
		w.prove()
		w.directory.drop("1")
		w.look("applied")
		if d := w.who("Clara"); d.Access.Word != "unclear" {
			t.Errorf("%+v, %+v", d.Access, d.Accounts)
		}
		w.agree()
	})
}

func TestWhoseAccount(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	w.directory.has("1", "Maeve Doyle", "maeve")
	w.directory.has("2", "Mark Doyle", "mark")
	w.directory.has("3", "Zoe Stays", "zoe")
	w.connect()
	web := newSource()
	w.reports(web, "web-1", "mdoyle", "m.doyle!", "backup")
	w.prove()
	asked, err := w.AccountsAsked(w.ctx, w.ann)
	w.must(err)
	if len(asked) != 2 || asked[0].Name != "mdoyle" || asked[0].Rule != "name" {
		t.Fatalf("asked: %+v", asked)
	}
	m := w.who("Maeve")
	for _, a := range asked {
		w.must(w.Say(w.ctx, w.bob, a.ID, a.Person == m.ID))
	}
	w.must(w.Map(w.ctx, w.bob, m.ID, "web-1", "backup"))
	w.refused(w.Map(w.ctx, w.bob, m.ID, "web-1", "nobody-here"), fault.NotFound, "no account")
	w.directory.drop("1", "2")
	w.look("applied")
	w.clock.Advance(30 * time.Hour)
	w.reports(web, "web-1", "mdoyle", "m.doyle!", "backup")
	w.prove()
	page, err := w.findings.List(w.ctx, finding.Filter{Check: people.AccessCheck, States: []finding.State{finding.Open}}, finding.ByNumber, "", 10)
	w.must(err)
	if len(page.Findings) != 2 {
		t.Fatalf("findings: %+v", page.Findings)
	}
	if mark := w.who("Mark"); mark.Access.Word != "none_found" {
		t.Errorf("Mark: %+v", mark.Access)
	}
	w.agree()
	for _, a := range w.who("Maeve").Accounts {
		if a.Name == "backup" {
			w.must(w.Say(w.ctx, w.bob, a.ID, false))
		}
	}
	w.reports(web, "web-1", "mdoyle!", "backup")
	w.prove()
	d := w.who("Maeve")
	if d.Access.Word != "removed" || !strings.Contains(d.Access.Reason, "its shell lets nobody in") {
		t.Errorf("Maeve: %+v", d.Access)
	}
	page, err = w.findings.List(w.ctx, finding.Filter{Check: people.AccessCheck, Live: true}, finding.ByNumber, "", 10)
	w.must(err)
	if len(page.Findings) != 1 || page.Findings[0].State != finding.Stale {
		t.Errorf("what is somebody else's is put aside, not closed: %+v", page.Findings)
	}
	w.bound()
}

// The last administrator keeps their login, and that is said.
func TestLastAdministrator(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	w.directory.has("1", "Ann Other", "ann")
	w.connect()
	w.directory.drop("1")
	w.look("held") // nobody is left in it
	l := w.look("held")
	w.must(second(w.Approve(w.ctx, w.bob, l.Reading, "")))
	d := w.who("Ann")
	if d.Access.Word != "present" || !strings.Contains(d.Accounts[0].Reason, "last administrator") {
		t.Errorf("%+v", d.Accounts)
	}
	w.user("second", access.Administrator)
	w.prove()
	if d := w.who("Ann"); d.Access.Word != "removed" {
		t.Errorf("with another administrator: %+v", d.Accounts)
	}
}

func TestRecordsAndHands(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		m, err := w.Write(w.ctx, w.bob, "", people.Fields{Name: "Maeve Doyle", Mail: "Maeve@firm.example", Kind: people.Employee, Start: "2020-01-01"})
		w.must(err)
		b, err := w.Write(w.ctx, w.bob, "", people.Fields{Name: "Bob Low", Mail: "bob@firm.example", Manager: "maeve@firm.example"})
		w.must(err)
		if b.Manager != m.ID || b.UserID != w.bob.UserID {
			t.Errorf("%+v", b)
		}
		_, err = w.Write(w.ctx, w.bob, "", people.Fields{Name: "Other", Mail: "maeve@firm.example"})
		w.refused(err, fault.Conflict, "has that number or address")
		_, err = w.Write(w.ctx, w.bob, m.ID, people.Fields{Name: "Maeve Doyle", Mail: "maeve@firm.example", Manager: "bob@firm.example", Start: "2020-01-01"})
		w.must(err)
		tops, rings, err := w.Org(w.ctx, w.ann)
		w.must(err)
		if len(rings) != 1 || len(rings[0]) != 2 || len(tops) != 1 || tops[0].Below != 1 || !tops[0].Ring {
			t.Errorf("rings %+v, tops %+v", rings, tops)
		}
		page, err := w.List(w.ctx, w.ann, people.Filter{Reviews: true}, "", "", 50)
		w.must(err)
		if page.Total != 1 {
			t.Errorf("reviews that are due: %+v", page.People)
		}
		for _, r := range []people.Record{{Kind: people.Competence}, {Kind: people.Performance, Day: "2026-02-01"}, {Kind: people.JobDescription, Link: "https://wiki.firm.example/jd"},
			{Kind: people.Succession, Other: b.ID}, {Kind: people.Disciplinary, Step: "opened"}} {
			r.Person = m.ID
			w.must(second(w.AddRecord(w.ctx, w.ann, r)))
		}
		for name, tc := range map[string]struct {
			r    people.Record
			says string
		}{
			"a kind":          {people.Record{Kind: "gossip"}, "no kind of record"},
			"a day to come":   {people.Record{Kind: people.Competence, Day: "2026-12-01"}, "not come yet"},
			"no link":         {people.Record{Kind: people.JobDescription}, "where the job description"},
			"no step":         {people.Record{Kind: people.Disciplinary}, "no step"},
			"follows herself": {people.Record{Kind: people.Succession, Other: m.ID}, "follows themselves"},
			"a bad link":      {people.Record{Kind: people.Competence, Link: "javascript:alert(1)"}, "no link"},
		} {
			tc.r.Person = m.ID
			if err := second(w.AddRecord(w.ctx, w.ann, tc.r)); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.refused(second(w.AddRecord(w.ctx, w.bob, people.Record{Person: b.ID, Kind: people.Competence})), fault.Forbidden, "about themselves")
		if page, err = w.List(w.ctx, w.ann, people.Filter{Reviews: true}, "", "", 50); err != nil || page.Total != 0 {
			t.Errorf("after the reviews: %+v, %v", page.People, err)
		}
		d, err := w.Get(w.ctx, w.auditor, m.ID)
		w.must(err)
		for _, r := range d.Records {
			if r.Kind == people.Disciplinary {
				t.Error("an auditor sees a disciplinary record")
			}
		}
		for _, e := range d.Events {
			if strings.Contains(e.Kind, "disciplinary") {
				t.Error("an auditor sees the event of a disciplinary record")
			}
		}
		if d, err = w.Get(w.ctx, w.ann, m.ID); err != nil || len(d.Records) != 5 {
			t.Errorf("%d records, %v", len(d.Records), err)
		}
		w.bound()
	})
}

// A row that was changed outside is found.
func TestBound(t *testing.T) {
	for name, change := range map[string]string{
		"a timeline":  `UPDATE people_event SET detail = '{}' WHERE kind = 'joined'`,
		"an end":      `UPDATE person SET left_at = left_at - 3600000000 WHERE state = 'left'`,
		"an item":     `UPDATE people_item SET state = 'open' WHERE state = 'done'`,
		"an account":  `UPDATE people_account SET state = 'gone'`,
		"a line gone": `DELETE FROM people_event WHERE kind = 'left'`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, databasetest.SQLite(t))
			w.directory.has("1", "Maeve Doyle", "mdoyle")
			w.directory.has("2", "Bo Low", "blow")
			w.connect()
			w.reports(newSource(), "web-1", "mdoyle")
			w.prove()
			w.directory.drop("1")
			w.look("applied")
			w.must(second(w.Lists().Do(w.ctx, w.ann, w.item(w.who("Maeve"), "device-returned").ID, checklist.Doing{State: checklist.Done})))
			w.bound()
			w.outside(change)
			if w.sound() {
				t.Error("nobody sees it")
			}
		})
	}
}
