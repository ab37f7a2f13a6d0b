package host_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
)

// people adds the users that approve, so that nobody is alone.
func (w *world) people(all ...access.Principal) {
	w.Helper()
	for _, p := range all {
		w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(w.ctx, `INSERT INTO access_user (id, login, name, role, created_at) VALUES ($1, $2, $3, $4, 0)`, p.UserID, strings.ToLower(p.Name), p.Name, string(p.Role))
			return err
		}))
	}
}

func asks(edit ...func(*waiver.Ask)) waiver.Ask {
	a := waiver.Ask{Check: "tiny/root-login", Attribute: "refused", Items: []string{"web-1"}, Reason: "the vendor mends it in June",
		Compensating: "only from the jump host", Expires: start.AddDate(0, 0, 30)}
	for _, e := range edit {
		e(&a)
	}
	return a
}

func wrong(t *testing.T, what string, err error, kind fault.Kind, field string) {
	t.Helper()
	var f *fault.Error
	if !fault.Is(err, kind) || !errors.As(err, &f) || field != "" && f.Field != field {
		t.Errorf("%s: %v (field %q), want %s about %q", what, err, f.Field, kind, field)
	}
}

func TestMistakesInWaivers(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.people(admin, manager)
		w.install("1.0.0")
		w.machine("twin").values["os"]["hostname"] = "web-1"
		for _, name := range []string{"web-1", "web-2", "twin"} {
			w.report(w.machine(name))
		}
		twin := w.host("twin").ID
		for what, tc := range map[string]struct {
			field string
			edit  func(*waiver.Ask)
		}{
			"no reason":           {"reason", func(a *waiver.Ask) { a.Reason = "  " }},
			"a word for a reason": {"reason", func(a *waiver.Ask) { a.Reason = "later" }},
			"no end":              {"expires", func(a *waiver.Ask) { a.Expires = time.Time{} }},
			"the past":            {"expires", func(a *waiver.Ask) { a.Expires = start.Add(-time.Hour) }},
			"two years":           {"expires", func(a *waiver.Ask) { a.Expires = start.AddDate(2, 0, 0) }},
			"ends first":          {"starts", func(a *waiver.Ask) { a.Starts = start.AddDate(0, 0, 60) }},
			"nothing compensates": {"compensating", func(a *waiver.Ask) { a.Compensating = "" }},
			"no item":             {"items", func(a *waiver.Ask) { a.Items = []string{" "} }},
			"an unknown item":     {"items", func(a *waiver.Ask) { a.Items = []string{"web-2", "web-9"} }},
			"a name of two":       {"items", func(a *waiver.Ask) {}},
			"items and filter":    {"filter", func(a *waiver.Ask) { a.Filter = `item.name == "x"` }},
			"no check":            {"check", func(a *waiver.Ask) { a.Check = "" }},
			"an unknown check":    {"check", func(a *waiver.Ask) { a.Check = "tiny/telnet" }},
			"unknown attribute":   {"attribute", func(a *waiver.Ask) { a.Attribute = "colour" }},
			"an unknown owner":    {"owner", func(a *waiver.Ask) { a.Owner = "nobody" }},
		} {
			a := asks(tc.edit)
			if tc.field != "items" {
				a.Items = []string{"web-2"}
			}
			_, err := w.waivers.Ask(w.ctx, admin, a)
			wrong(t, what, err, fault.Invalid, tc.field)
		}
		_, err := w.waivers.Ask(w.ctx, access.Principal{UserID: "usr_v", Role: access.Viewer}, asks())
		wrong(t, "a viewer", err, fault.Forbidden, "")
		_, err = w.waivers.Ask(w.ctx, access.System(), asks())
		wrong(t, "the program", err, fault.Forbidden, "")

		mine := asks(func(a *waiver.Ask) { a.Items = []string{twin, "web-2", "web-2"} })
		one, err := w.waivers.Ask(w.ctx, admin, mine)
		w.must(err)
		if one.Items != 2 {
			t.Errorf("it is about %d items", one.Items)
		}
		wrong(t, "self approval", w.waivers.Approve(w.ctx, admin, one.Ref(), "nobody else was in the office"), fault.Forbidden, "")
		two, err := w.waivers.Ask(w.ctx, admin, asks(func(a *waiver.Ask) { a.Attribute, a.Items = "", []string{"web-2"} }))
		w.must(err)
		w.must(w.waivers.Approve(w.ctx, manager, one.Ref(), ""))
		wrong(t, "approved twice", w.waivers.Approve(w.ctx, manager, one.Ref(), ""), fault.Conflict, "")
		wrong(t, "overlapping, approved", w.waivers.Approve(w.ctx, manager, two.Ref(), ""), fault.Conflict, "items")
		_, err = w.waivers.Ask(w.ctx, manager, mine)
		wrong(t, "overlapping, asked", err, fault.Conflict, "items")
		later, err := w.waivers.Ask(w.ctx, manager, asks(func(a *waiver.Ask) {
			a.Items, a.Starts, a.Expires = []string{"web-2"}, one.Expires, one.Expires.AddDate(0, 1, 0)
		}))
		w.must(err) // when the first is over
		wrong(t, "refused without a word", w.waivers.Refuse(w.ctx, manager, later.Ref(), ""), fault.Invalid, "note")
		w.must(w.waivers.Refuse(w.ctx, manager, later.Ref(), "mend it"))
		wrong(t, "withdrawn after refusal", w.waivers.Withdraw(w.ctx, admin, later.Ref(), "not needed"), fault.Conflict, "")
		w.must(w.waivers.Withdraw(w.ctx, admin, two.Ref(), "asked twice"))

		gone, err := w.waivers.Ask(w.ctx, admin, asks(func(a *waiver.Ask) { a.Check, a.Attribute, a.Items = "tiny/forwarding", "", []string{"web-2"} }))
		w.must(err)
		w.must(w.standards.Tailor(w.ctx, admin, standard.Tailoring{Check: "tiny/forwarding", Exclude: true, Reason: "we route"}))
		wrong(t, "tailored away meanwhile", w.waivers.Approve(w.ctx, manager, gone.Ref(), ""), fault.Conflict, "")
		late, err := w.waivers.Ask(w.ctx, admin, asks(func(a *waiver.Ask) { a.Check, a.Attribute, a.Items = "tiny/tries", "few", []string{"web-2"} }))
		w.must(err)
		w.clock.Advance(31 * 24 * time.Hour)
		wrong(t, "approved too late", w.waivers.Approve(w.ctx, manager, late.Ref(), ""), fault.Conflict, "")
		w.rejudge()
		_, err = w.hosts.ApplyWaivers(w.ctx)
		w.must(err)
		w.number()
		w.must(w.bound(w.db.Reader()))
		for _, change := range []string{`UPDATE waiver SET reason = 'other' WHERE number = 1`, `UPDATE waiver SET holds_to = holds_to + 1 WHERE number = 1`,
			`UPDATE waiver SET owner = 'usr_x' WHERE number = 1`, `UPDATE waiver SET state = 'approved' WHERE number = 1`, `DELETE FROM waiver_item WHERE item_id = '` + twin + `'`,
			`UPDATE waiver_event SET actor = 'usr_x' WHERE seq = 2`, `UPDATE waiver SET decided_by = 'usr_x' WHERE number = 1`, `UPDATE waiver SET alone = 'x' WHERE number = 1`,
			`UPDATE waiver_event SET note = 'x' WHERE kind = 'refused'`} {
			rollback := errors.New("enough")
			err := w.db.Tx(w.ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(w.ctx, change); err != nil {
					return err
				}
				if err := w.bound(tx); !fault.Is(err, fault.Refused) {
					t.Errorf("%s is not noticed: %v", change, err)
				}
				return rollback
			})
			if !errors.Is(err, rollback) {
				t.Fatal(err)
			}
		}
	})
}

// In a firm where one person holds the role, that person approves with words on
// what stands in for another, and the waiver says so.
func TestWaiverOfOnePerson(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	w.people(admin)
	w.install("1.0.0")
	w.report(w.machine("web-1"))
	one, err := w.waivers.Ask(w.ctx, admin, asks())
	w.must(err)
	wrong(t, "without words", w.waivers.Approve(w.ctx, admin, one.Ref(), ""), fault.Invalid, "compensation")
	w.must(w.waivers.Approve(w.ctx, admin, one.Ref(), "our adviser reads it in the next meeting"))
	if one, err = w.waivers.Get(w.ctx, one.Ref()); err != nil || one.Alone == "" {
		t.Errorf("it is not flagged: %+v %v", one, err)
	}
	w.number()
	w.must(w.bound(w.db.Reader()))
}

// A waiver costs as much as its items, however many hosts and checks there are,
// and nothing while nothing begins or ends.
func TestWaiversCostWhatTheyChange(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	w.people(admin, manager)
	w.install("1.0.0")
	for i := range 30 {
		m := w.machine(fmt.Sprintf("web-%d", i))
		w.must(m.assign("sshd.permitrootlogin", "yes"))
		w.report(m)
	}
	before := w.outcomes.Counters()
	runs := func() int {
		all, err := w.outcomes.Runs(w.ctx, "", outcome.RunWaiver, "", 1000)
		w.must(err)
		return len(all)
	}
	one, err := w.waivers.Ask(w.ctx, admin, asks(func(a *waiver.Ask) { a.Attribute, a.Items = "", []string{"web-1", "web-2", "web-3"} }))
	w.must(err)
	w.must(w.waivers.Approve(w.ctx, manager, one.Ref(), ""))
	apply := func() {
		_, err := w.hosts.ApplyWaivers(w.ctx)
		w.must(err)
	}
	apply()
	if got := runs(); got != 3 {
		t.Errorf("3 items took %d runs", got)
	}
	apply()
	w.clock.Advance(24 * time.Hour)
	apply()
	w.clock.Advance(30 * 24 * time.Hour)
	apply()
	apply()
	after := w.outcomes.Counters()
	if got := runs(); got != 6 || after.Rows-before.Rows != 6 || after.Evaluations != before.Evaluations || after.MemoHits != before.MemoHits {
		t.Errorf("beginning and ending took %d runs, %d rows, %d evaluations", got, after.Rows-before.Rows, after.Evaluations-before.Evaluations)
	}
	w.sound()
}

// Whatever happens in whichever order, what is stored at any moment is what the
// standards say of the facts then, with the waivers that held then: sound holds
// that, step by step and at past moments.
func TestWaiversInAnyOrder(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := rand.New(rand.NewPCG(7, 11))
		w := newWorld(t, db)
		w.people(admin, manager)
		w.install("1.0.0")
		names := []string{"web-1", "web-2", "web-3"}
		for _, n := range names {
			w.report(w.machine(n))
		}
		var live []string
		began := 0
		for range 120 {
			m := w.machine(names[r.IntN(len(names))])
			w.clock.Advance(time.Duration(1+r.IntN(3000)) * time.Minute)
			switch r.IntN(8) {
			case 0, 1:
				w.must(m.assign("sshd.permitrootlogin", []string{"no", "yes"}[r.IntN(2)]))
				w.report(m)
			case 2:
				w.must(m.assign("sshd.maxauthtries", []string{"3", "9"}[r.IntN(2)]))
				all, err := m.changed()
				w.must(err)
				if len(all) > 0 { // late
					w.must(w.facts(m, "late", w.clock.Now().Add(-time.Duration(r.IntN(4000))*time.Minute), all...))
				}
			case 3, 4:
				now := w.clock.Now()
				a := asks(func(a *waiver.Ask) {
					a.Check = []string{"tiny/root-login", "tiny/tries"}[r.IntN(2)]
					a.Attribute, a.Items = "", []string{m.name}
					a.Starts = now.Add(time.Duration(r.IntN(2000)) * time.Minute)
					a.Expires = a.Starts.Add(time.Duration(1+r.IntN(9000)) * time.Minute)
				})
				one, err := w.waivers.Ask(w.ctx, admin, a)
				if fault.Is(err, fault.Conflict) {
					continue // overlaps
				}
				w.must(err)
				w.must(w.waivers.Approve(w.ctx, manager, one.Ref(), ""))
				live = append(live, one.Ref())
			case 5:
				if len(live) > 0 {
					err := w.waivers.Withdraw(w.ctx, admin, live[r.IntN(len(live))], "not needed")
					if err != nil && !fault.Is(err, fault.Conflict) {
						t.Fatal(err)
					}
				}
			case 6:
				w.restart()
			}
			if r.IntN(3) > 0 {
				n, err := w.hosts.ApplyWaivers(w.ctx)
				w.must(err)
				began += n
			}
		}
		_, err := w.hosts.ApplyWaivers(w.ctx)
		w.must(err)
		w.sound()
		for _, ref := range live {
			one, err := w.waivers.Get(w.ctx, ref)
			w.must(err)
			events, err := w.waivers.Timeline(w.ctx, one.ID)
			w.must(err)
			if !slices.ContainsFunc(events, func(e waiver.Event) bool { return e.Kind == "approved" }) {
				t.Errorf("%s has the timeline %+v", ref, events)
			}
		}
		if began < 10 {
			t.Errorf("only %d items were judged by waivers", began)
		}
	})
}
