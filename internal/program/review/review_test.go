package review_test

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/review"
)

func TestLifeOfAReview(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db)
		d, err := b.Preview(b.ctx, b.ann, quarter())
		b.must(err)
		if d.Items != 4 || d.Counts.Sources != 3 || d.Counts.Silent != 1 || d.Counts.Unassigned != 0 {
			t.Fatalf("a draft of %d items, %+v", d.Items, d.Counts)
		}
		c := b.begin(quarter())
		if c.Ref() != "AR-1" || c.Items != 4 || c.Count.Undecided != 4 || c.Count.Flagged != 2 || c.Count.Silent != 1 || c.Set.Control != "access-reviewed" {
			t.Fatalf("began %+v", c)
		}
		parts, err := b.Parts(b.ctx, b.ann, "AR-1")
		b.must(err)
		if p := parts[2]; p.State() != "not_observed" || p.Why != "its accounts were never read" || parts[0].LeftOut != 30 || parts[0].Items != 3 {
			t.Errorf("sources %+v", parts)
		}
		// Who reviews: the holder's manager; of an account that is nobody's, who began it.
		login, sudo, old, root := b.item(c, "bob", "log in"), b.item(c, "bob", "sudo: ALL"), b.item(c, "old", "log in"), b.item(c, "root", "log in")
		if login.Reviewer != b.eve.UserID || sudo.Reviewer != b.eve.UserID || old.Reviewer != b.bob.UserID || root.Reviewer != b.ann.UserID {
			t.Errorf("reviewers %s %s %s %s", login.Reviewer, sudo.Reviewer, old.Reviewer, root.Reviewer)
		}
		if !slices.Equal(old.Flags, []string{review.Leaver}) || !slices.Equal(root.Flags, []string{review.Nobody, review.Privileged}) || !slices.Equal(sudo.Flags, []string{review.Privileged}) || old.Manager != "Bob Short" || sudo.PersonName != "Bob Short" {
			t.Errorf("flags %v %v %v, manager %q", old.Flags, root.Flags, sudo.Flags, old.Manager)
		}

		// What sources say later changes nothing of it.
		b.parts[0].Grants = append(b.parts[0].Grants, review.Grant{Account: "late", Role: "log in"})
		if _, page, err := b.Items(b.ctx, b.ann, review.Filter{}, "", 2); err != nil || page.Total != 4 || len(page.Items) != 2 || page.Next != "2" {
			t.Errorf("a page of %d, next %q, %v", page.Total, page.Next, err)
		}

		_, err = b.Decide(b.ctx, b.ann, login.Ref(), review.Said{Decision: review.Keep})
		b.refused(err, fault.Forbidden, "is reviewed by somebody else")
		_, err = b.Decide(b.ctx, b.bob, login.Ref(), review.Said{Decision: review.Keep})
		b.refused(err, fault.Forbidden, "nobody reviews themselves")
		_, err = b.Decide(b.ctx, b.bob, old.Ref(), review.Said{Decision: review.Keep})
		b.refused(err, fault.Invalid, "flagged: has left")
		_, err = b.Decide(b.ctx, b.eve, sudo.Ref(), review.Said{Decision: review.Revoke})
		b.refused(err, fault.Invalid, "say why")
		_, err = b.Decide(b.ctx, b.eve, sudo.Ref(), review.Said{Decision: review.Change, Reason: "needs less", To: "sudo: ALL"})
		b.refused(err, fault.Invalid, "that is the role that it is")
		_, err = b.Close(b.ctx, b.ann, "AR-1", "")
		b.refused(err, fault.Conflict, "of 4 items 4 are not decided")

		b.clock.Advance(24 * time.Hour)
		b.decide(b.eve, login, review.Keep, "")
		x, err := b.Decide(b.ctx, b.eve, sudo.Ref(), review.Said{Decision: review.Change, Reason: "restarts only", To: "sudo: systemctl restart web"})
		b.must(err)
		if x.Revocation == nil || x.Revocation.State != review.Open || x.DecidedBy != b.eve.UserID {
			t.Errorf("changed: %+v", x)
		}
		_, err = b.Decide(b.ctx, b.eve, login.Ref(), review.Said{Decision: review.Keep})
		b.refused(err, fault.Conflict, "decided so already")
	})
}

// To whom an item is given, what is referenced and taken back.
func TestItem(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db)
		b.parts[0].Grants[1].GrantedBy = "ann@firm.example"
		n := quarter()
		n.Mode = review.ByOne
		c := b.begin(n)
		login := b.item(c, "bob", "log in")
		// Ann begins and reviews all, but not what she granted; nobody else was named.
		if login.Reviewer != "" || c.Count.Unassigned != 1 || login.GrantedBy != b.ann.UserID {
			t.Errorf("reviewer %q of %+v, counts %+v", login.Reviewer, login, c.Count)
		}
		_, err := b.Assign(b.ctx, b.ann, login.Ref(), "bob")
		b.refused(err, fault.Invalid, "nobody reviews themselves")
		_, err = b.Assign(b.ctx, b.ann, login.Ref(), "ann")
		b.refused(err, fault.Invalid, "somebody else reviews it")
		_, err = b.Assign(b.ctx, b.bob, login.Ref(), "eve")
		b.refused(err, fault.Forbidden, "")
		login, err = b.Assign(b.ctx, b.ann, login.Ref(), "eve")
		b.must(err)
		if login.Reviewer != b.eve.UserID {
			t.Errorf("given to %s", login.Reviewer)
		}
		login, err = b.Refer(b.ctx, b.eve, login.Ref(), " CH-12 ")
		b.must(err)
		b.decide(b.eve, login, review.Revoke, "moved to support")
		_, err = b.Withdraw(b.ctx, b.bob, login.Ref())
		b.refused(err, fault.Forbidden, "somebody else decided")
		login, err = b.Withdraw(b.ctx, b.eve, login.Ref())
		b.must(err)
		if login.Decision != "" || login.Request != "CH-12" || login.Revocation.State != review.Withdrawn {
			t.Errorf("taken back: %+v", login)
		}
		_, events, err := b.Item(b.ctx, b.eve, login.Ref())
		b.must(err)
		var kinds []string
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		if strings.Join(kinds, " ") != "assigned referenced decided withdrawn" {
			t.Errorf("events %v", kinds)
		}
		_, err = b.Abandon(b.ctx, b.ann, "AR-1", "")
		b.refused(err, fault.Invalid, "why it is abandoned")
		_, err = b.Abandon(b.ctx, b.ann, "AR-1", "begun by mistake")
		b.must(err)
		_, err = b.Decide(b.ctx, b.eve, login.Ref(), review.Said{Decision: review.Keep})
		b.refused(err, fault.Conflict, "AR-1 is abandoned")
		if err := b.held(); err != nil {
			t.Error(err)
		}
	})
}

// decideAll decides on every item: what is named goes, the rest stays.
func (b *bench) decideAll(c *review.Campaign, gone ...string) {
	b.t.Helper()
	_, page, err := b.Items(b.ctx, b.ann, review.Filter{Campaign: c.Ref()}, "", 1000)
	b.must(err)
	by := map[string]access.Principal{b.ann.UserID: b.ann, b.bob.UserID: b.bob, b.eve.UserID: b.eve}
	for i := range page.Items {
		x := &page.Items[i]
		switch {
		case slices.Contains(gone, x.Account+" "+x.Role):
			b.decide(by[x.Reviewer], x, review.Revoke, "no longer needed")
		default:
			b.decide(by[x.Reviewer], x, review.Keep, "looked at, still needed")
		}
	}
}

func TestRevocationIsProved(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db)
		c := b.begin(quarter())
		b.clock.Advance(24 * time.Hour)
		loads := func() []review.Load {
			all, err := b.Loads(b.ctx, b.ann)
			b.must(err)
			return all
		}
		owed := 0
		for _, r := range loads()[0].Reviewers {
			owed += r.Items
		}
		if owed != c.Items || owed == 0 {
			t.Errorf("reviewers owe %d of %d items", owed, c.Items)
		}
		b.decideAll(c, "old log in", "bob sudo: ALL")
		if l := loads()[0]; len(l.Reviewers) != 0 || l.Campaign.Count.Open != 2 || !l.Revoke.Equal(b.clock.Now().AddDate(0, 0, 7)) {
			t.Errorf("when all is decided: %+v", l)
		}
		old, sudo := b.item(c, "old", "log in"), b.item(c, "bob", "sudo: ALL")
		look := func() {
			t.Helper()
			_, err := b.Look(b.ctx)
			b.must(err)
			old, sudo = b.item(c, "old", "log in"), b.item(c, "bob", "sudo: ALL")
		}
		look() // nothing was observed since
		if r := old.Revocation; r.State != review.Open || r.Saw != review.Silent || r.Why != "it was not observed since" || !r.Due.Equal(b.clock.Now().AddDate(0, 0, 7)) {
			t.Errorf("before a look: %+v", r)
		}
		b.clock.Advance(time.Hour)
		b.parts[0].Until = b.clock.Now()
		b.parts[1].Why = "sudo cannot be read"
		look()
		if old.Revocation.Words(b.clock.Now()) != "still there" || sudo.Revocation.Saw != review.Silent || sudo.Revocation.Why != "sudo cannot be read" {
			t.Errorf("still there %+v, silent %+v", old.Revocation, sudo.Revocation)
		}
		// A source that says nothing proves nothing, even without its accounts.
		b.parts[0].Why, b.parts[0].Grants = "its accounts were never read", nil
		look()
		if old.Revocation.State != review.Open || old.Revocation.Saw != review.Silent {
			t.Errorf("a silent source: %+v", old.Revocation)
		}
		b.clock.Advance(8 * 24 * time.Hour)
		b.parts[0].Why, b.parts[0].Grants, b.parts[0].From, b.parts[0].Until = "", []review.Grant{{Account: "root", Role: "log in", Privileged: true, System: true}, {Account: "bob", Role: "log in"}}, b.clock.Now().Add(-time.Hour), b.clock.Now()
		look()
		if r := old.Revocation; r.State != review.Gone || !r.Gone.Equal(b.parts[0].From) || r.Words(b.clock.Now()) != "gone, late" || r.Entry == "" {
			t.Errorf("gone: %+v", r)
		}
		if sudo.Revocation.Words(b.clock.Now()) != "not looked at again, late" {
			t.Errorf("sudo: %+v", sudo.Revocation)
		}
		n, err := b.RevocationCounts(b.ctx, b.ann)
		b.must(err)
		if n[review.Open] != 1 || n["late"] != 1 || n[review.Gone] != 1 {
			t.Errorf("counts %v", n)
		}
		page, err := b.Revocations(b.ctx, b.ann, review.RevocationFilter{State: "late"}, "", 10)
		b.must(err)
		if page.Total != 1 || page.Items[0].ID != sudo.ID {
			t.Errorf("late: %+v", page)
		}

		// Closed late; the file holds every item and each source.
		b.clock.Advance(20 * 24 * time.Hour)
		parts, err := b.Parts(b.ctx, b.ann, "AR-1")
		b.must(err)
		at := slices.IndexFunc(parts, func(x review.Part) bool { return x.Observed() })
		if c, err := b.Reviewed(b.ctx, parts[at].Place); err != nil || c != nil {
			t.Errorf("reviewed before it was closed: %+v %v", c, err)
		}
		done, err := b.Close(b.ctx, b.ann, "AR-1", "looked at with all owners")
		b.must(err)
		if c, err := b.Reviewed(b.ctx, parts[at].Place); err != nil || c == nil || c.Ref() != "AR-1" || c.Ended == nil {
			t.Errorf("reviewed: %+v %v", c, err)
		}
		if done.State != review.Closed || !done.Late(b.clock.Now()) || done.Evidence != "E-1" || done.Count.Overdue != 1 {
			t.Errorf("closed %+v", done)
		}
		for _, words := range []string{"AR-1,First quarter", "web-2,accounts,host,not_observed,its accounts were never read", done.Digest, done.DecisionsDigest, "AR-1.1,web-1,bob,log in", "no longer needed,Bob"} {
			if !strings.Contains(b.brought[0], words) {
				t.Errorf("the file does not say %q:\n%s", words, b.brought[0])
			}
		}
		if err := b.held(); err != nil {
			t.Error(err)
		}

		// The next review: what changed, and what was to go and is still there.
		b.parts[1].Why = ""
		b.parts[1].Until = b.clock.Now()
		b.parts[0].Grants = append(b.parts[0].Grants, review.Grant{Account: "eve", Role: "log in"})
		b.register.Of = func(_ string, g review.Grant) string {
			return map[string]string{"eve": "per_eve", "bob": "per_bob"}[g.Account]
		}
		next := quarter()
		next.Title, next.From, next.To, next.Due = "Second quarter", "2026-03-31", "2026-06-30", "2026-06-30"
		c = b.begin(next)
		if x := b.item(c, "bob", "sudo: ALL"); !x.Has(review.Again) || x.Changed != "same" || x.Before != review.Revoke || x.Decision != "" {
			t.Errorf("was to go: %+v", x)
		}
		if x := b.item(c, "eve", "log in"); x.Changed != "new" || x.Before != "" {
			t.Errorf("new: %+v", x)
		}
		if x := b.item(c, "bob", "log in"); x.Changed != "same" || x.Decision != "" || x.Asks() {
			t.Errorf("the same is undecided: %+v", x)
		}
		removed, err := b.Removed(b.ctx, b.ann, c.Ref())
		b.must(err)
		if len(removed) != 1 || removed[0].Account != "old" {
			t.Errorf("removed %+v", removed)
		}
		// As populations: each with its attributes.
		got := map[string]string{}
		for _, x := range b.items("access-review-items", outcome.Now()) {
			a := x.Attributes
			got[fmt.Sprint(a["item"])] = fmt.Sprint(a["by_another"], " ", a["in_time"], " ", a["proved"])
		}
		want := map[string]string{"AR-1.1": "pass pass not_applicable", "AR-1.2": "pass pass not_observed", "AR-1.3": "pass pass fail", "AR-1.4": "pass pass not_applicable"}
		for ref, w := range want {
			if got[ref] != w {
				t.Errorf("%s: %s, want %s", ref, got[ref], w)
			}
		}
		if len(got) != 8 || got["AR-2.1"] != "not_observed not_observed not_applicable" {
			t.Errorf("population %v", got)
		}
		// As it was before anybody decided.
		for _, x := range b.items("access-review-items", outcome.At{Valid: monday.Add(time.Hour), Known: -1}) {
			if x.Attributes["decision"] != "" || x.Attributes["by_another"] != "not_observed" {
				t.Errorf("before decisions: %v", x.Attributes)
			}
		}
		if n := len(b.items("access-revocations", outcome.Now())); n != 2 {
			t.Errorf("%d revocations", n)
		}
	})
}

func (b *bench) items(source string, at outcome.At) []population.Item {
	b.t.Helper()
	for _, s := range b.Sources() {
		if s.Name == source {
			if at.Valid.IsZero() {
				at.Valid = b.clock.Now()
			}
			all, err := s.Read(b.ctx, population.Request{At: at, From: monday, To: b.clock.Now()})
			b.must(err)
			return all
		}
	}
	b.t.Fatalf("no source %s", source)
	return nil
}

// Rows that somebody changed behind the program's back are found.
func TestRowsAreBound(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db)
		c := b.begin(quarter())
		b.decideAll(c, "old log in")
		_, err := b.SetDuty(b.ctx, b.ann, review.Duty{Title: "Pay and approve", Why: "Somebody could pay themselves.", A: review.Side{System: "bank", Role: "pay"}, B: review.Side{System: "bank", Role: "approve"}})
		b.must(err)
		_, err = b.BringList(b.ctx, b.ann, review.Brought{System: "Bank", File: []byte("x"), Grants: []review.Grant{{Account: "bob", Role: "pay"}}})
		b.must(err)
		_, err = b.Close(b.ctx, b.ann, c.Ref(), "")
		b.must(err)
		if err := b.held(); err != nil {
			t.Fatal(err)
		}
		for _, change := range [][2]string{
			{`UPDATE review_item SET role = 'nothing' WHERE account = 'root'`, `UPDATE review_item SET role = 'log in' WHERE account = 'root'`},
			{`UPDATE review_item SET decision = 'keep' WHERE account = 'old'`, `UPDATE review_item SET decision = 'revoke' WHERE account = 'old'`},
			{`UPDATE review_event SET reason = 'because' WHERE decision = 'revoke'`, `UPDATE review_event SET reason = 'no longer needed' WHERE decision = 'revoke'`},
			{`UPDATE review_part SET state = 'observed', why = '' WHERE place = 'hst_2'`, `UPDATE review_part SET state = 'not_observed', why = 'its accounts were never read' WHERE place = 'hst_2'`},
			{`UPDATE review_list SET content = '[]'`, `UPDATE review_list SET content = '[{"account":"bob","role":"pay"}]'`},
			{`UPDATE review_duty SET content = '{}'`, ``},
		} {
			_, err := b.db.Writer().ExecContext(b.ctx, change[0])
			b.must(err)
			if err := b.held(); !fault.Is(err, fault.Refused) {
				t.Errorf("after %s: %v", change[0], err)
			}
			if change[1] != "" {
				_, err = b.db.Writer().ExecContext(b.ctx, change[1])
				b.must(err)
				if err := b.held(); err != nil {
					t.Errorf("after %s: %v", change[1], err)
				}
			}
		}
	})
}

// Attesta's own users and lists that people bring are reviewed too; what one
// person should not hold together is flagged on both.
func TestListsAndDuties(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db)
		bring := func(system string, taken time.Time, grants ...review.Grant) *review.Listed {
			t.Helper()
			l, err := b.BringList(b.ctx, b.ann, review.Brought{System: system, Owner: "eve", Taken: taken, File: []byte(fmt.Sprint(system, taken, len(grants))), Grants: grants})
			b.must(err)
			return l
		}
		day := func(n int) time.Time { return monday.AddDate(0, 0, n) }
		first := bring("Bank", day(-2), review.Grant{Account: "b.short", Mail: "bob@firm.example", Role: "Pay", LastUsed: day(-200)}, review.Grant{Account: "b.short", Mail: "bob@firm.example", Role: "Approve", LastUsed: day(-3)},
			review.Grant{Account: "eve", Role: "Approve", GrantedAt: day(-120), GrantedBy: "bob", Request: "T-7"})
		_, err := b.BringList(b.ctx, b.ann, review.Brought{System: "bank", Taken: first.Taken, File: []byte(fmt.Sprint("Bank", first.Taken, 3)), Grants: []review.Grant{{Account: "x", Role: "y"}}})
		b.refused(err, fault.Conflict, "brought already")
		duty, err := b.SetDuty(b.ctx, b.ann, review.Duty{Title: "Pay and approve", Why: "Somebody could pay themselves.", A: review.Side{System: "list:B*", Role: "pay"}, B: review.Side{System: "bank", Role: "app*"}})
		b.must(err)
		n := quarter()
		n.Mode, n.Kinds, n.Reviewer = review.ByOwner, []string{review.List, review.Attesta}, "ann"
		c := b.begin(n)
		pay, approve, eve := b.item(c, "b.short", "Pay"), b.item(c, "b.short", "Approve"), b.item(c, "eve", "Approve")
		if pay.Holder != b.bob.UserID || !slices.Equal(pay.Flags, []string{review.Duties, review.Unused}) || !slices.Equal(approve.Flags, []string{review.Duties}) || !strings.Contains(pay.Duties, "Pay and approve: with Approve as b.short on Bank") {
			t.Errorf("duties: %+v and %+v", pay, approve)
		}
		if pay.Reviewer != b.eve.UserID || eve.Reviewer != b.ann.UserID || eve.GrantedBy != b.bob.UserID || eve.Request != "T-7" || !eve.Has(review.Unused) {
			t.Errorf("reviewers %q %q of %+v", pay.Reviewer, eve.Reviewer, eve)
		}
		own := b.item(c, "bob", access.Contributor.Title())
		if own.Place != review.Attesta || own.Holder != b.bob.UserID {
			t.Errorf("Attesta itself: %+v", own)
		}
		// A revocation on a list is proved by a list that was taken later.
		b.decide(b.eve, pay, review.Revoke, "pays no longer")
		b.clock.Advance(48 * time.Hour)
		bring("bank", day(-1), review.Grant{Account: "b.short", Role: "Approve"}) // taken before the decision: it proves nothing
		_, err = b.Look(b.ctx)
		b.must(err)
		if r := b.item(c, "b.short", "Pay").Revocation; r.State != review.Open || r.Why != "no list of the system was taken since" {
			t.Errorf("an older list: %+v", r)
		}
		bring("Bank", day(1), review.Grant{Account: "b.short", Mail: "bob@firm.example", Role: "Approve"})
		_, err = b.Look(b.ctx)
		b.must(err)
		if r := b.item(c, "b.short", "Pay").Revocation; r.State != review.Gone || !r.Gone.Equal(day(1)) {
			t.Errorf("a later list: %+v", r)
		}
		// A rule that ended flags nothing in what begins later.
		duty.Ended = true
		_, err = b.SetDuty(b.ctx, b.ann, duty)
		b.must(err)
		d, err := b.Preview(b.ctx, b.ann, n)
		b.must(err)
		if d.Counts.Flagged != 0 {
			t.Errorf("%d flagged", d.Counts.Flagged)
		}
	})
}

// Somebody who is alone decides on their own access and says what stands in for a
// second person; the attribute says so.
func TestAlone(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db)
		for _, p := range []access.Principal{b.bob, b.eve} {
			_, err := db.Writer().ExecContext(b.ctx, `UPDATE access_user SET disabled = 1 WHERE id = $1`, p.UserID)
			b.must(err)
		}
		n := quarter()
		n.Kinds, n.Mode = []string{review.Attesta}, review.ByOne
		c := b.begin(n)
		x := b.item(c, "ann", access.ComplianceManager.Title())
		_, err := b.Decide(b.ctx, b.ann, x.Ref(), review.Said{Decision: review.Keep})
		b.refused(err, fault.Invalid, "stands in for a second person")
		_, err = b.Decide(b.ctx, b.ann, x.Ref(), review.Said{Decision: review.Keep, Compensation: "our adviser looks at it each quarter"})
		b.must(err)
		for _, i := range b.items("access-review-items", outcome.Now()) {
			if i.Attributes["by_another"] != "fail" || !strings.Contains(fmt.Sprint(i.Attributes["by_another_why"]), "our adviser looks at it") {
				t.Errorf("alone: %v", i.Attributes)
			}
		}
	})
}

func TestWrong(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t))
	for field, change := range map[string]func(*review.New){
		"title": func(n *review.New) { n.Title = "x" }, "to": func(n *review.New) { n.To = "2025-01-01" }, "due": func(n *review.New) { n.Due = "2026-01-01" }, "from": func(n *review.New) { n.From = "soon" },
		"reviewers": func(n *review.New) { n.Mode = "dice" }, "kinds": func(n *review.New) { n.Kinds = []string{"cloud"} }, "places": func(n *review.New) { n.Places = []string{"hst_9"} }, "reviewer": func(n *review.New) { n.Reviewer = "nobody" },
		"revoke_days": func(n *review.New) { n.Days = 91 }, "unused_days": func(n *review.New) { n.Unused = -1 },
	} {
		n := quarter()
		change(&n)
		_, err := b.Begin(b.ctx, b.ann, n)
		var f *fault.Error
		if !fault.Is(err, fault.Invalid) || !asFault(err, &f) || f.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := b.Begin(b.ctx, b.bob, quarter())
	b.refused(err, fault.Forbidden, "")
	b.parts = b.parts[2:]
	_, err = b.Begin(b.ctx, b.ann, quarter())
	b.refused(err, fault.Conflict, "no source shows any access")
}

func asFault(err error, into **fault.Error) bool {
	f, ok := err.(*fault.Error)
	*into = f
	return ok
}

// many begins a review of n items.
func many(t testing.TB, db *database.DB, n int) (*bench, *review.Campaign) {
	b := newBench(t, db)
	p := &b.parts[0]
	p.Grants = nil
	for i := range n {
		p.Grants = append(p.Grants, review.Grant{Account: fmt.Sprintf("user-%05d", i), Role: []string{"log in", "admin", "viewer"}[i%3], Privileged: i%50 == 0})
	}
	b.parts = b.parts[:1]
	return b, b.begin(quarter())
}

// BenchmarkList reads pages of 20,000 items with and without filters, and says how
// long the slowest of twenty took.
func BenchmarkList(b *testing.B) {
	w, c := many(b, databasetest.SQLite(b), 20_000)
	filters := []review.Filter{{}, {Flag: review.Privileged}, {Query: "user-199"}, {State: "undecided", Flag: "any"}, {Reviewer: w.ann.UserID}}
	for range b.N {
		var took []time.Duration
		for i := range 200 {
			f := filters[i%len(filters)]
			f.Campaign = c.Ref()
			at := time.Now()
			if _, _, err := w.Items(w.ctx, w.ann, f, fmt.Sprint(i*90), 50); err != nil {
				b.Fatal(err)
			}
			if _, err := w.Facets(w.ctx, w.ann, c.Number); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(at))
		}
		sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
		b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
	}
}
