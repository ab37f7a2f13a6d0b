package governance_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
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
	"github.com/attesta/attesta/internal/posture/oversight"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/obligation"
	"github.com/attesta/attesta/internal/web/governance"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
)

// fixture is the screens of a firm with four people.
type fixture struct {
	*screentest.Browser
	t                  *testing.T
	clock              *clock.Manual
	area               screen.Area
	ann, bob, eve, vic access.Principal
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	dir, ctx := t.TempDir(), t.Context()
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { log.Close() })
	people, err := access.New(access.Config{DB: db, Ledger: log, Clock: f.clock.Now})
	f.must(err)
	tasks := map[string]committee.Task{}
	known := func(list ...string) func(context.Context, string) error {
		return func(_ context.Context, ref string) error {
			if slices.Contains(list, ref) {
				return nil
			}
			return fault.New(fault.NotFound, "there is no %s", ref)
		}
	}
	set := oversight.Set{
		Committees: committee.New(committee.Config{DB: db, Ledger: log, Clock: f.clock.Now, Access: people,
			Tasks: func(context.Context) (map[string]committee.Task, error) { return tasks, nil },
			Make: func(_ context.Context, _ access.Principal, m *committee.Meeting, d committee.Decision) error {
				tasks[committee.DecisionRef(m, d)] = committee.Task{Ref: "T-7", Title: d.Text, State: "to do"}
				return nil
			}}),
		Obligations: obligation.New(obligation.Config{DB: db, Ledger: log, Clock: f.clock.Now, Access: people, Control: known("data-classified"), Data: known("D-1"),
			Promises: func(context.Context) (map[string]string, error) {
				return map[string]string{"sc-1": "Data is seen by nobody else."}, nil
			}}),
	}
	user := func(login string, role access.Role) access.Principal {
		u, err := people.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob, f.eve, f.vic = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Contributor), user("vic", access.Viewer)
	f.area = governance.New(governance.Config{Set: set, Alone: people.Alone})
	f.Browser = screentest.New(t, f.area, f.clock.Now, f.ann)
	f.Label = map[string]string{f.ann.UserID: "Ann Long", f.bob.UserID: "Bob Short", f.eve.UserID: "Eve Wide"}
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// does sends a form as somebody and holds where it leads.
func (f *fixture) does(who access.Principal, path, to string, pairs ...string) {
	f.t.Helper()
	f.Who = who
	if a := f.Post(path, form(pairs...)); a.Status != 303 || a.To != to {
		f.t.Fatalf("POST %s: %d to %q, want %q\n%s", path, a.Status, a.To, to, a.Text())
	}
}

// wrong sends a form that is refused and holds what its page says.
func (f *fixture) wrong(who access.Principal, path string, values url.Values, marks ...string) {
	f.t.Helper()
	f.Who = who
	a := f.Post(path, values)
	if a.Status != 422 {
		f.t.Fatalf("POST %s: %d to %q, want 422\n%s", path, a.Status, a.To, a.Text())
	}
	for _, m := range marks {
		if !strings.Contains(a.Body, m) {
			f.t.Errorf("POST %s does not answer %q:\n%s", path, m, a.Text())
		}
	}
}

// refused holds the status with which somebody's form is answered.
func (f *fixture) refused(who access.Principal, path string, status int) {
	f.t.Helper()
	f.Who = who
	if a := f.Post(path, form()); a.Status != status {
		f.t.Errorf("POST %s as %s: %d, want %d\n%s", path, who.Name, a.Status, status, a.Text())
	}
}

// hidden reads a hidden field of a page.
func (f *fixture) hidden(path, name string) string {
	f.t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(f.Get(path).Body)
	if m == nil {
		f.t.Fatalf("%s has no hidden %s", path, name)
	}
	return m[1]
}

const (
	charter = "The board oversees management, meets each quarter, and reads the pack ten days before."
	said    = "It was asked who can read orders of customers, and nobody knew."
)

// board forms a board with a chair who has an account, an independent member who
// has none, and a secretary.
func (f *fixture) board() {
	f.t.Helper()
	f.does(f.ann, "/governance", "/governance/B-1", "name", "Board", "sort", "board", "purpose", "Oversees what management does.", "every_months", "3", "quorum", "2")
	f.does(f.ann, "/governance/B-1/seat", "/governance/B-1", "name", "Bob Short", "user", "bob", "role", "chair", "brings", "the trade", "from", "2026-01-01", "independent", "no", "reason", "He founded the company.")
	f.does(f.ann, "/governance/B-1/seat", "/governance/B-1", "name", "Nora Vance", "role", "member", "brings", "finance and audit", "from", "2026-01-01", "independent", "yes", "reason", "No contract with us but this one.")
	f.does(f.ann, "/governance/B-1/seat", "/governance/B-1", "name", "Ann Long", "user", "ann", "role", "secretary", "brings", "keeps the minutes", "from", "2026-01-01", "independent", "no", "reason", "She is employed here.")
}

func TestCommitteeByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Says("/governance", "Nobody oversees yet", "Begin with the board", "CC1.2", "Form a committee")
		f.wrong(f.ann, "/governance", form("name", "Board", "sort", "board", "purpose", "Oversees what management does.", "every_months", "30", "quorum", "2"), `value="30"`, `id="form-every_months-problem"`, `<option value="board" selected`, "Oversees what management does.</textarea>")
		f.wrong(f.ann, "/governance", form("name", "Board", "sort", "board", "purpose", "Oversees what management does.", "every_months", "three", "quorum", "2"), `id="form-every_months-problem"`, "is no whole number")
		f.board()
		f.wrong(f.ann, "/governance", form("name", "board", "sort", "board", "purpose", "Oversees what management does.", "every_months", "3", "quorum", "2"), `id="form-name-problem"`, "B-1 is called Board already")
		f.Says("/governance", "1 committee oversees", "Board", "2026-06-02", "never")
		f.Says("/governance/B-1", "Nora Vance", "finance and audit", "yes No contract with us but this one. (2026-01-01)", "None is written yet", "It has not met yet", "is to meet by 2026-06-02")

		// who sits
		f.wrong(f.ann, "/governance/B-1/seat", form("name", "Zed Long", "role", "chair", "brings", "law", "from", "2026-02-01", "reason", "knows nobody here"), `id="seat-role-problem"`, "Bob Short is in the chair", `value="Zed Long"`)
		f.wrong(f.ann, "/governance/B-1/seat", form("name", "Zed Long", "role", "member", "brings", "law", "from", "soon", "reason", "knows nobody here"), `id="seat-from-problem"`)
		f.wrong(f.ann, "/governance/B-1/seat", form("name", "Zed Long", "user", "zed", "role", "member", "brings", "law", "from", "2026-02-01", "reason", "knows nobody here"), `id="seat-user-problem"`)
		f.wrong(f.ann, "/governance/B-1/confirm", form("member", "2", "independent", "yes", "reason", "as before", "on", "2027-01-01"), `id="confirm-on-problem"`, "is in the future")
		f.does(f.ann, "/governance/B-1/confirm", "/governance/B-1", "member", "2", "independent", "no", "reason", "She sells us advice since February.", "on", "2026-02-20")
		f.Says("/governance/B-1", "no She sells us advice since February. (2026-02-20)", "no member who votes is independent")
		f.does(f.ann, "/governance/B-1/confirm", "/governance/B-1", "member", "2", "independent", "yes", "reason", "The advice ended.", "on", "2026-03-01")
		f.wrong(f.ann, "/governance/B-1/unseat", form("member", "9", "last", "2026-03-01", "why", "moved away"), `id="unseat-member-problem"`)

		// the charter: whoever wrote it is not offered to approve it
		f.wrong(f.ann, "/governance/B-1/write-charter", form("text", "too short", "note", "first"), `id="write-charter-text-problem"`, "too short</textarea>")
		f.does(f.ann, "/governance/B-1/write-charter", "/governance/B-1", "text", charter, "note", "the first one")
		if a := f.Says("/governance/B-1", charter, "waits for approval"); strings.Contains(a.Body, "Approve this charter") {
			t.Error("the writer of a charter is offered to approve it")
		}
		if a := f.Post("/governance/B-1/approve-charter", form("version", "1")); a.Status != 403 {
			t.Errorf("the writer of a charter approves it: %d %s", a.Status, a.Text())
		}
		f.Who = f.bob
		f.Says("/governance/B-1", "Approve this charter")
		f.does(f.bob, "/governance/B-1/approve-charter", "/governance/B-1", "version", f.hidden("/governance/B-1", "version"))
		f.Says("/governance/B-1", "approved on 2026-03-02", "version 1, approved on")

		// its shape, and its end
		f.wrong(f.ann, "/governance/B-1/reshape", form("name", "Board", "sort", "board", "purpose", "Oversees what management does.", "every_months", "2", "quorum", "0", "note", "we meet more often"), `id="reshape-quorum-problem"`, "we meet more often")
		f.does(f.ann, "/governance/B-1/reshape", "/governance/B-1", "name", "Board", "sort", "board", "purpose", "Oversees what management does.", "every_months", "2", "quorum", "2", "note", "we meet more often")
		f.clock.Advance(70 * 24 * time.Hour)
		f.Says("/governance", "1 did not meet in time", "2026-05-02 late")
		f.Says("/governance?about=late", "2026-05-02 late")
		if a := f.Get("/governance?about=golden"); a.Status != 422 {
			t.Errorf("a choice that is none: %d", a.Status)
		}
		f.Says("/governance/B-1", "every 2 months at least", "it was to meet with its quorum by 2026-05-02")
		f.does(f.bob, "/governance/B-1/dissolve", "/governance/B-1", "last", "2026-05-01", "why", "the owners oversee themselves")
		if a := f.Says("/governance/B-1", "It ended on 2026-05-01", "the owners oversee themselves"); strings.Contains(a.Body, "<textarea") {
			t.Error("a committee that ended still offers forms")
		}
		f.Says("/governance", "ended")

		// who may not
		for _, path := range []string{"/governance", "/governance/B-1", "/meetings", "/obligations", "/board-pack"} {
			if f.Who = f.eve; f.Get(path).Status != 403 {
				t.Errorf("who may not see %s sees it", path)
			}
		}
		f.Who = f.vic
		for _, path := range []string{"/governance", "/governance/B-1", "/obligations"} {
			if a := f.Says(path); strings.Contains(a.Body, "<textarea") {
				t.Errorf("%s offers forms to who only looks", path)
			}
		}
		f.refused(f.vic, "/governance", 403)
		f.refused(f.vic, "/governance/B-1/dissolve", 403)
		f.refused(f.ann, "/governance/B-1/delete", 404)
		f.refused(f.ann, "/governance/B-9/reshape", 404)
		if a := f.Get("/governance/B-9"); a.Status != 404 {
			t.Errorf("a committee that is none: %d", a.Status)
		}
	})
}

func TestMeetingByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Says("/meetings", "No meeting is recorded")
		f.board()
		f.wrong(f.ann, "/governance/B-1/invite", form("day", "2026-03-02", "place", "Lisbon", "agenda", " \r\n"), `id="invite-agenda-problem"`, `value="Lisbon"`)
		f.does(f.ann, "/governance/B-1/invite", "/meetings/M-1", "day", "2026-03-09", "place", "Lisbon", "agenda", "What was promised, and to whom\r\nInsurance\r\n", "papers", "/board-pack\r\nE-4")
		f.Says("/meetings/M-1", "planned", "1. What was promised, and to whom", "2. Insurance", "/board-pack; E-4", "it is planned for 2026-03-09", "None are written yet")
		f.wrong(f.ann, "/meetings/M-1/attend", form("present", "1", "chair", "1"), "M-1 is planned for 2026-03-09")
		f.wrong(f.ann, "/meetings/M-1/rearrange", form("day", "2026-03-02", "place", "Lisbon", "agenda", "What was promised, and to whom\r\nInsurance", "note", ""), `id="rearrange-note-problem"`, `value="2026-03-02"`)
		f.does(f.ann, "/meetings/M-1/rearrange", "/meetings/M-1", "day", "2026-03-02", "place", "Lisbon", "agenda", "What was promised, and to whom\r\nInsurance", "note", "Nora could not come later")

		// without a quorum, nothing
		f.wrong(f.ann, "/meetings/M-1/attend", form("present", "2", "present", "3", "chair", "1"), `id="attend-chair-problem"`, `name="present" value="2" checked`)
		f.does(f.ann, "/meetings/M-1/attend", "/meetings/M-1", "present", "2", "present", "3", "chair", "2")
		if a := f.Says("/meetings/M-1", "It had no quorum, and decides nothing", "1 of 2; 2 are needed", "Nora Vance, Ann Long"); strings.Contains(a.Body, "Record a decision") {
			t.Error("a meeting without its quorum is offered to decide")
		}
		f.refused(f.ann, "/meetings/M-1/decide", 422)
		f.does(f.ann, "/meetings/M-1/attend", "/meetings/M-1", "present", "1", "present", "2", "present", "3", "chair", "1", "guests", "Priya Raman, auditor\r\n", "apart", "yes")
		f.Says("/meetings/M-1", "2 of 2; 2 are needed", "Priya Raman, auditor", "a part took place without executives", "1 independent member")

		// an interest takes the vote
		f.wrong(f.ann, "/meetings/M-1/declare", form("item", "2", "member", "2", "what", "no", "left", "yes"), `id="declare-what-problem"`)
		f.does(f.ann, "/meetings/M-1/declare", "/meetings/M-1", "item", "2", "member", "2", "what", "She owns a part of the broker", "left", "yes")
		f.Says("/meetings/M-1", "Nora Vance: She owns a part of the broker, and left the room")
		f.refused(f.ann, "/meetings/M-1/declare", 422)
		f.wrong(f.ann, "/meetings/M-1/decide", form("item", "2", "text", "The offer is taken", "for", "1"), "ithout those who declared an interest, 1 could vote on that matter, and 2 are needed")
		f.wrong(f.ann, "/meetings/M-1/decide", form("item", "1", "text", "A list of names is brought", "for", "1", "against", "2"), `id="decide-for-problem"`, "it was not decided", "A list of names is brought</textarea>", `name="for" value="1" checked`, `name="against" value="2" checked`)
		f.wrong(f.ann, "/meetings/M-1/decide", form("item", "1", "text", "A list of names is brought", "for", "3"), `id="decide-for-problem"`, "ember 3 could not vote")
		f.wrong(f.ann, "/meetings/M-1/decide", form("item", "1", "text", "A list of names is brought", "for", "1", "owner", "nobody"), `id="decide-owner-problem"`, `value="nobody"`)
		f.does(f.ann, "/meetings/M-1/decide", "/meetings/M-1", "item", "1", "text", "A list of names is brought", "for", "1", "for", "2", "owner", "eve", "due", "2026-04-01")
		f.does(f.ann, "/meetings/M-1/decide", "/meetings/M-1", "item", "1", "text", "The promise stays as it is", "for", "2")
		f.Says("/meetings/M-1", "1. A list of names is brought matter 1 Bob Short, Nora Vance nobody T-7 Eve Wide to do, by 2026-04-01", "nothing is to be done")

		// the chair approves, and not the writer
		f.wrong(f.ann, "/meetings/M-1/minute", form("text", "short"), `id="minute-text-problem"`)
		f.does(f.ann, "/meetings/M-1/minute", "/meetings/M-1", "text", said)
		if a := f.Says("/meetings/M-1", said, "written on 2026-03-02 by Ann Long", "minutes open", "to be approved by 2026-05-01"); strings.Contains(a.Body, "Approve these minutes") {
			t.Error("the writer of minutes is offered to approve them")
		}
		f.Who = f.bob
		digest := f.hidden("/meetings/M-1", "digest")
		f.does(f.ann, "/meetings/M-1/minute", "/meetings/M-1", "text", said+" A list was asked for.", "note", "what was asked for")
		f.wrong(f.bob, "/meetings/M-1/approve-minutes", form("digest", digest), "ther minutes wait for approval than those that were read")
		f.does(f.bob, "/meetings/M-1/approve-minutes", "/meetings/M-1", "digest", f.hidden("/meetings/M-1", "digest"))
		if a := f.Says("/meetings/M-1", "minutes approved", "2026-03-02 by Bob Short"); strings.Contains(a.Body, "<textarea") {
			t.Error("a meeting whose minutes are approved still offers forms")
		}

		// a chair without an account: what shows the chair's word
		f.does(f.ann, "/governance/B-1/invite", "/meetings/M-2", "day", "2026-03-02", "place", "by video", "agenda", "The pack")
		f.does(f.ann, "/meetings/M-2/attend", "/meetings/M-2", "present", "1", "present", "2", "chair", "2")
		f.does(f.ann, "/meetings/M-2/minute", "/meetings/M-2", "text", said)
		f.Who = f.bob
		f.Says("/meetings/M-2", "What shows the word of Nora Vance")
		digest = f.hidden("/meetings/M-2", "digest")
		f.wrong(f.bob, "/meetings/M-2/approve-minutes", form("digest", digest), "what shows the word of Nora Vance")
		f.does(f.bob, "/meetings/M-2/approve-minutes", "/meetings/M-2", "digest", digest, "shown", "E-12, signed page")
		f.Says("/meetings/M-2", "E-12, signed page")

		// called off, and not recorded
		f.does(f.ann, "/governance/B-1/invite", "/meetings/M-3", "day", "2026-03-05", "place", "Lisbon", "agenda", "The pack")
		f.wrong(f.ann, "/meetings/M-3/cancel", form("why", ""), `id="cancel-why-problem"`)
		f.does(f.ann, "/meetings/M-3/cancel", "/meetings/M-3", "why", "nobody could come")
		f.Says("/meetings/M-3", "Called off: nobody could come", "it was called off")
		f.does(f.ann, "/governance/B-1/invite", "/meetings/M-4", "day", "2026-03-06", "place", "Lisbon", "agenda", "The pack")
		f.clock.Advance(7 * 24 * time.Hour)
		f.Says("/meetings/M-4", "not recorded", "nobody recorded that it was held")

		// the lists hold their columns
		f.does(f.ann, "/governance", "/governance/B-2", "name", "Risk committee", "sort", "risk", "purpose", "Looks at the register of risks.", "every_months", "3", "quorum", "2")
		f.does(f.ann, "/governance/B-2/invite", "/meetings/M-5", "day", "2026-04-01", "place", "Lisbon", "agenda", "The register")
		rows := f.HoldsList(f.area.Lists[0], "/meetings?committee=B-1")
		if len(rows) != 4 || !slices.Contains(rows[0], any("not recorded")) || !slices.Contains(rows[3], any("minutes approved")) || !slices.Contains(rows[3], any(2)) {
			t.Errorf("the files say %v", rows)
		}
		if rows = f.HoldsList(f.area.Lists[0], "/meetings"); len(rows) != 5 {
			t.Errorf("of every committee the files have %d meetings, want 5", len(rows))
		}
		f.Says("/meetings?committee=B-2", "1 meeting", "Risk committee", "planned")
		if a := f.Get("/meetings?committee=B-9"); a.Status != 404 {
			t.Errorf("meetings of a committee that is none: %d", a.Status)
		}
		f.Who = f.vic
		if a := f.Says("/meetings/M-4"); strings.Contains(a.Body, "<textarea") {
			t.Error("a meeting offers forms to who only looks")
		}
		f.refused(f.vic, "/meetings/M-4/cancel", 403)
		f.refused(f.ann, "/meetings/M-4/delete", 404)
		if a := f.Get("/meetings/M-9"); a.Status != 404 {
			t.Errorf("a meeting that is none: %d", a.Status)
		}
	})
}

var entered = []string{"title", "Law on personal data", "sort", "law", "where", "European Union, 2016/679", "asks", "Tell the authority of a breach in time.", "applies", "Orders name people.", "months", "12", "controls", "data-classified", "data", "d-1", "breach_hours", "72", "commitments", "sc-1"}

func TestObligationByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Says("/obligations", "No law or contract is written down", "Begin with what customers", "CC3.1", "Enter a law, contract or rule")
		change := func(key, value string) url.Values {
			v := form(entered...)
			v.Set(key, value)
			return v
		}
		f.wrong(f.ann, "/obligations", change("controls", "golden"), `id="enter-controls-problem"`, `value="golden"`, `value="Law on personal data"`, `name="commitments" value="sc-1" checked`, "Orders name people.</textarea>")
		f.wrong(f.ann, "/obligations", change("data", "D-9"), `id="enter-data-problem"`)
		f.wrong(f.ann, "/obligations", change("months", "0"), `id="enter-months-problem"`)
		f.wrong(f.ann, "/obligations", change("owner", "nobody"), `id="enter-owner-problem"`, `value="nobody"`)
		f.wrong(f.ann, "/obligations", change("commitments", "sc-9"), `id="enter-commitments-problem"`)
		f.does(f.ann, "/obligations", "/obligations/L-1", entered...)
		f.Says("/obligations/L-1", "followed by Ann Long", "Data is seen by nobody else", "data-classified", "D-1", "72 hours", "Why it applies: Orders name people.", "next by 2027-03-02", "not yet")
		if a := f.Get("/obligations/L-1"); !strings.Contains(a.Body, `href="/controls/data-classified"`) || !strings.Contains(a.Body, `href="/data/D-1"`) {
			t.Error("an obligation does not lead to its control and its data")
		}

		f.wrong(f.ann, "/obligations/L-1/review", form("looked", "", "changed", "yes"), `id="review-looked-problem"`)
		f.clock.Advance(24 * time.Hour)
		f.does(f.ann, "/obligations/L-1/review", "/obligations/L-1", "looked", "the text of the new law", "changed", "yes")
		f.Says("/obligations/L-1", "nobody wrote it anew", "2026-03-03")
		again := change("title", "Law on personal data, as of 2026")
		f.wrong(f.ann, "/obligations/L-1/describe", again, `id="describe-note-problem"`, "as of 2026")
		f.clock.Advance(time.Hour)
		again.Set("note", "a breach is told within a day")
		again.Set("breach_hours", "24")
		f.Who = f.ann
		if a := f.Post("/obligations/L-1/describe", again); a.Status != 303 {
			t.Fatalf("described anew: %d %s", a.Status, a.Text())
		}
		f.Says("/obligations/L-1", "as of 2026", "version 2", "24 hours")

		// the list: late, failing, ended
		second := form(entered...)
		second.Set("title", "Contract of hosting")
		second.Set("months", "1")
		second.Set("controls", "")
		f.Who = f.ann
		if a := f.Post("/obligations", second); a.To != "/obligations/L-2" {
			t.Fatalf("the second: %d %s", a.Status, a.Text())
		}
		f.clock.Advance(40 * 24 * time.Hour)
		for path, want := range map[string]string{"/obligations?about=late": "L-2", "/obligations?about=failing": "L-2", "/obligations?q=personal": "L-1"} {
			rows := f.HoldsList(f.area.Lists[1], path)
			if len(rows) != 1 || !slices.Contains(rows[0], any(want)) {
				t.Errorf("%s: the files say %v, want %s", path, rows, want)
			}
		}
		f.Says("/obligations?about=late", "Contract of hosting", "2026-04-03 late", "none")
		f.Says("/obligations?about=ended", "None matches")
		if a := f.Get("/obligations?about=golden"); a.Status != 422 {
			t.Errorf("a choice that is none: %d", a.Status)
		}
		f.wrong(f.ann, "/obligations/L-2/end", form("since", "2026-04-01", "why", ""), `id="end-why-problem"`, `value="2026-04-01"`)
		f.does(f.bob, "/obligations/L-2/end", "/obligations/L-2", "since", "2026-04-01", "why", "we moved to machines of our own")
		if a := f.Says("/obligations/L-2", "It applies no more since 2026-04-01"); strings.Contains(a.Body, "<textarea") {
			t.Error("what applies no more still offers forms")
		}
		f.Says("/obligations?about=ended", "Contract of hosting", "applies no more")
		if found, err := f.area.Finds[0].Find(screen.NewRequest(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), f.ann, f.clock.Now(), time.UTC, f), "personal"); err != nil || len(found) != 1 || found[0].Href != "/obligations/L-1" {
			t.Errorf("found %v, %v", found, err)
		}

		f.Who = f.vic
		if a := f.Says("/obligations/L-1"); strings.Contains(a.Body, "<textarea") {
			t.Error("a law offers forms to who only looks")
		}
		f.refused(f.vic, "/obligations/L-1/end", 403)
		f.refused(f.ann, "/obligations/L-1/delete", 404)
		if a := f.Get("/obligations/L-9"); a.Status != 404 {
			t.Errorf("a law that is none: %d", a.Status)
		}
	})
}
