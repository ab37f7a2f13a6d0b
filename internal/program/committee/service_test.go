package committee_test

import (
	"context"
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
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/register"
)

type fixture struct {
	*committee.Service
	t             *testing.T
	log           *ledger.Log
	db            *database.DB
	clock         *clock.Manual
	ann, bob, eve access.Principal
	made          []string
	tasks         map[string]committee.Task
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), tasks: map[string]committee.Task{}}
	dir, ctx := t.TempDir(), t.Context()
	var err error
	f.log, err = ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	people, err := access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := people.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob, f.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Contributor)
	f.Service = committee.New(committee.Config{DB: db, Ledger: f.log, Clock: f.clock.Now, Access: people,
		Tasks: func(context.Context) (map[string]committee.Task, error) { return f.tasks, nil },
		Make: func(_ context.Context, _ access.Principal, m *committee.Meeting, d committee.Decision) error {
			f.made = append(f.made, committee.DecisionRef(m, d)+" "+d.Text)
			return nil
		}})
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

func (f *fixture) record(p access.Principal, c register.Change[committee.Committee, committee.World]) committee.Row {
	f.t.Helper()
	r, err := f.Record(f.t.Context(), p, "B-1", c)
	f.must(err)
	return r
}

func (f *fixture) meet(p access.Principal, ref string, c register.Change[committee.Meeting, committee.World]) committee.MeetingRow {
	f.t.Helper()
	r, err := f.RecordMeeting(f.t.Context(), p, ref, c)
	f.must(err)
	return r
}

func (f *fixture) is(attribute, outcome, reason string) {
	f.t.Helper()
	r, err := f.Get(f.t.Context(), f.ann, "B-1")
	f.must(err)
	i := slices.IndexFunc(r.Judged, func(a committee.Attribute) bool { return a.ID == attribute })
	if i < 0 || r.Judged[i].Outcome != outcome || !strings.Contains(r.Judged[i].Reason, reason) {
		f.t.Errorf("%s is %+v, want %s: %s", attribute, r.Judged[max(0, i)], outcome, reason)
	}
}

func (f *fixture) board() {
	f.t.Helper()
	_, err := f.Form(f.t.Context(), f.ann, committee.Form{Profile: committee.Profile{Name: "Board", Sort: "board", Purpose: "Oversees security and controls.", Every: 3, Quorum: 2}})
	f.must(err)
	f.record(f.ann, &committee.Seat{Name: "Bob Short", User: "bob", Role: "chair", Brings: "the trade", From: "2026-01-01", Reason: "He founded the company."})
	f.record(f.ann, &committee.Seat{Name: "Nora Vance", Role: "member", Brings: "finance and audit", From: "2026-01-01", Independent: true, Reason: "No contract with us but this one."})
	f.record(f.ann, &committee.Seat{Name: "Ann Long", User: "ann", Role: "secretary", Brings: "keeps the minutes", From: "2026-01-01", Reason: "She is employed here."})
}

func TestCommittee(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		ctx := t.Context()
		f.board()
		_, err := f.Form(ctx, f.ann, committee.Form{Profile: committee.Profile{Name: "board", Sort: "board", Purpose: "Oversees security and controls.", Every: 3, Quorum: 2}})
		f.refused(err, fault.Conflict, "B-1 is called Board already")
		_, err = f.Form(ctx, f.eve, committee.Form{})
		f.refused(err, fault.Forbidden, "")
		_, err = f.Record(ctx, f.ann, "B-1", &committee.Seat{Name: "Zed", Role: "chair", Brings: "law", From: "2026-02-01", Reason: "knows nobody here"})
		f.refused(err, fault.Invalid, "Bob Short is in the chair")
		f.is("charter_approved", "fail", "none is written")
		f.is("seats_filled", "pass", "Bob Short is in the chair; 2 vote, 2 are needed")
		f.is("independent_voice", "pass", "Nora Vance")
		f.is("met_in_time", "not_observed", "2026-06-02")

		f.record(f.ann, &committee.WriteCharter{Text: "The board reads risks, incidents, findings and audits each quarter, and asks.", Note: "the first"})
		f.is("charter_approved", "fail", "version 1 waits")
		_, err = f.Record(ctx, f.ann, "B-1", &committee.ApproveCharter{Version: 1})
		f.refused(err, fault.Forbidden, "")
		f.record(f.bob, &committee.ApproveCharter{Version: 1})
		f.is("charter_approved", "pass", "version 1")

		// independence is confirmed each year
		f.clock.Advance(310 * 24 * time.Hour) // 2027-01-06
		f.is("independent_voice", "fail", "not confirmed for a year: Nora Vance")
		f.is("met_in_time", "fail", "2026-06-02")
		_, err = f.Record(ctx, f.ann, "B-1", &committee.Confirm{Member: 9, Independent: true, Reason: "said so in writing", On: "2027-01-05"})
		f.refused(err, fault.Invalid, "no member 9")
		f.record(f.ann, &committee.Confirm{Member: 2, Reason: "Her firm advises us since autumn.", On: "2027-01-05"})
		f.is("independent_voice", "fail", "no member who votes is independent")
		f.record(f.ann, &committee.Unseat{Member: 2, Last: "2027-01-05", Why: "She advises us now."})
		f.is("seats_filled", "fail", "1 member votes, and 2 are needed")
		f.record(f.bob, &committee.Dissolve{Last: "2027-01-05", Why: "The owners meet as a whole from now on."})
		f.is("met_in_time", "not_applicable", "it ended")
	})
}

func TestMeeting(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		ctx := t.Context()
		f.board()
		invite := committee.Invite{Committee: "b-1", Day: "2026-03-01", Place: "the office", Agenda: []string{"Risks over the appetite", "A contract with a founder's firm"}, Papers: []string{"E-3"}}
		wrong := invite
		wrong.Committee = "B-7"
		_, err := f.Invite(ctx, f.ann, wrong)
		f.refused(err, fault.Invalid, "no committee")
		m, err := f.Invite(ctx, f.ann, invite)
		f.must(err)
		if m.Ref != "M-1" || m.State != "not recorded" {
			t.Errorf("%+v", m)
		}
		do := func(c register.Change[committee.Meeting, committee.World]) error {
			_, err := f.RecordMeeting(ctx, f.ann, "M-1", c)
			return err
		}
		decide := &committee.Decide{Item: 1, Text: "The second payer is hired by May.", For: []int{1, 2}, Owner: "eve", Due: "2026-05-31"}
		f.refused(do(decide), fault.Conflict, "nobody recorded who was")

		// without a quorum nothing is decided
		m = f.meet(f.ann, "M-1", &committee.Attend{Present: []int{1, 3}, Chair: 1})
		if m.Held.Quorate() || m.Held.Voting != 1 || m.Held.Sitting != 2 {
			t.Errorf("%+v", m.Held)
		}
		f.refused(do(decide), fault.Conflict, "M-1 had no quorum: 1 of 2 who vote were there, and 2 are needed")
		f.refused(do(&committee.Attend{Present: []int{1, 2}, Chair: 3}), fault.Invalid, "who is in the chair")
		m = f.meet(f.ann, "M-1", &committee.Attend{Present: []int{3, 2, 1, 1}, Chair: 1, Guests: []string{"Eve Wide, engineering"}, Apart: true})
		if !m.Held.Quorate() || m.Held.Independent != 1 {
			t.Errorf("%+v", m.Held)
		}

		// decisions: who votes, and who does not
		bad := *decide
		bad.For = []int{1, 3}
		f.refused(do(&bad), fault.Invalid, "member 3 could not vote")
		bad = *decide
		bad.For, bad.Against = []int{1}, []int{2}
		f.refused(do(&bad), fault.Invalid, "it was not decided")
		f.must(do(decide))
		if !slices.Equal(f.made, []string{"M-1/1 The second payer is hired by May."}) {
			t.Errorf("tasks made: %q", f.made)
		}
		f.must(do(&committee.Declare{Item: 2, Member: 1, What: "It is his sister's firm.", Left: true}))
		f.refused(do(&committee.Decide{Item: 2, Text: "The contract is signed.", For: []int{2}}), fault.Conflict, "1 could vote on that matter, and 2 are needed")
		f.refused(do(&committee.Declare{Item: 1, Member: 2, What: "She knows the payer."}), fault.Conflict, "voted on that matter already")

		// minutes: the chair, and not the writer
		f.must(do(&committee.Minute{Text: "The board read the risks. It asked who pays while the payer is away, and decided."}))
		m, err = f.Meeting(ctx, f.ann, "M-1")
		f.must(err)
		digest := m.Waiting().Digest
		f.refused(do(&committee.ApproveMinutes{Digest: digest}), fault.Forbidden, "Bob Short was in the chair")
		_, err = f.RecordMeeting(ctx, f.bob, "M-1", &committee.ApproveMinutes{Digest: "other"})
		f.refused(err, fault.Conflict, "other minutes")
		m = f.meet(f.bob, "M-1", &committee.ApproveMinutes{Digest: digest})
		if m.State != "minutes approved" {
			t.Error(m.State)
		}
		f.refused(do(&committee.Minute{Text: "The board read nothing at all, and decided all the same."}), fault.Conflict, "approved")
		f.is("minutes_in_time", "pass", "1 meeting")
		f.is("met_in_time", "pass", "met on 2026-03-01; next by 2026-06-01")
		f.is("decisions_followed", "pass", "1 decision")
		f.clock.Advance(100 * 24 * time.Hour)
		f.is("decisions_followed", "fail", "M-1/1")
		f.tasks["M-1/1"] = committee.Task{Ref: "T-4", Over: true}
		f.is("decisions_followed", "pass", "")
		f.is("met_in_time", "fail", "2026-06-01")

		items := f.read("board-meetings")
		if len(items) != 1 || items[0].Attributes["quorate"] != "pass" || items[0].Attributes["independent_present"] != "pass" || items[0].Attributes["minutes_approved"] != "pass" {
			t.Errorf("%+v", items)
		}
		items = f.read("meetings-due")
		if len(items) != 2 || items[0].Attributes["in_time"] != "pass" || items[1].Attributes["in_time"] != "fail" || items[1].Attributes["days_late"] != int64(9) {
			t.Errorf("%+v", items)
		}
		f.must(f.log.Publish(ctx))
		recs, err := f.log.Records(ctx, ledger.Filter{Limit: 500})
		f.must(err)
		by, n := map[string]ledger.Binding{}, 0
		for _, b := range committee.Bindings() {
			by[b.Name] = b
		}
		for _, r := range recs {
			if b, ours := by[r.Type]; ours {
				n++
				f.must(b.Check(ctx, db.Reader(), r))
			}
		}
		if n != 11 {
			t.Errorf("%d entries are ours, want 11", n)
		}
	})
}

func (f *fixture) read(source string) []population.Item {
	f.t.Helper()
	sources := f.Sources()
	i := slices.IndexFunc(sources, func(s population.Source) bool { return s.Name == source })
	now := f.clock.Now()
	items, err := sources[i].Read(f.t.Context(), population.Request{At: outcome.At{Valid: now, Known: -1}, From: now.AddDate(-1, 0, 0), To: now})
	f.must(err)
	return items
}

// A chair without an account: what shows the chair's word is recorded, by another
// person than the writer.
func TestChairWithoutAccount(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	ctx := t.Context()
	_, err := f.Form(ctx, f.ann, committee.Form{Profile: committee.Profile{Name: "Board", Sort: "board", Purpose: "Oversees security and controls.", Every: 3, Quorum: 1}})
	f.must(err)
	f.record(f.ann, &committee.Seat{Name: "Nora Vance", Role: "chair", Brings: "finance and audit", From: "2026-01-01", Independent: true, Reason: "No contract with us but this one."})
	_, err = f.Invite(ctx, f.ann, committee.Invite{Committee: "B-1", Day: "2026-03-01", Place: "by video", Agenda: []string{"Audits"}})
	f.must(err)
	f.meet(f.ann, "M-1", &committee.Attend{Present: []int{1}, Chair: 1})
	m := f.meet(f.ann, "M-1", &committee.Minute{Text: "The report of the auditor was read in full, and two questions asked."})
	digest := m.Waiting().Digest
	_, err = f.RecordMeeting(ctx, f.ann, "M-1", &committee.ApproveMinutes{Digest: digest, Shown: "E-12, the signed page"})
	f.refused(err, fault.Forbidden, "cannot approve")
	_, err = f.RecordMeeting(ctx, f.bob, "M-1", &committee.ApproveMinutes{Digest: digest})
	f.refused(err, fault.Invalid, "what shows the word of Nora Vance")
	m = f.meet(f.bob, "M-1", &committee.ApproveMinutes{Digest: digest, Shown: "E-12, the signed page"})
	if m.Approved() == nil || m.Approved().Approved.Shown == "" {
		t.Errorf("%+v", m.Minutes)
	}
}
