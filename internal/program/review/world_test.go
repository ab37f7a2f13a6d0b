package review_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/review"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// bench is a firm with three people, a host, a database and a list.
type bench struct {
	*review.Service
	t             testing.TB
	ctx           context.Context
	db            *database.DB
	log           *ledger.Log
	clock         *clock.Manual
	access        *access.Service
	parts         []review.Part
	register      review.Register
	brought       []string // what was brought as evidence
	ann, bob, eve access.Principal
}

func newBench(t testing.TB, db *database.DB) *bench {
	t.Helper()
	b := &bench{t: t, ctx: context.Background(), db: db, clock: clock.NewManual(monday)}
	dir := t.TempDir()
	var err error
	b.log, err = ledger.Open(b.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: b.clock.Now})
	b.must(err)
	t.Cleanup(func() { b.log.Close() })
	b.access, err = access.New(access.Config{DB: db, Ledger: b.log, Clock: b.clock.Now, FailureTime: -1, Hash: access.HashCost{Memory: 64, Time: 1, Threads: 1}})
	b.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := b.access.AddUser(b.ctx, access.System(), access.NewUser{Login: login, Name: strings.ToUpper(login[:1]) + login[1:], Email: login + "@firm.example", Role: role})
		b.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role, SessionID: "ses_1"}
	}
	b.ann, b.bob, b.eve = user("ann", access.ComplianceManager), user("bob", access.Contributor), user("eve", access.Contributor)
	b.register = review.Register{People: map[string]review.Person{
		"per_bob": {ID: "per_bob", Name: "Bob Short", User: b.bob.UserID, Manager: "per_eve", State: "here"},
		"per_eve": {ID: "per_eve", Name: "Eve Wide", User: b.eve.UserID, State: "here"},
		"per_old": {ID: "per_old", Name: "Old Hand", Manager: "per_bob", State: "left", LeftAt: monday.AddDate(0, -1, 0)},
	}, Of: func(_ string, g review.Grant) string {
		return map[string]string{"bob": "per_bob", "eve": "per_eve", "old": "per_old"}[g.Account]
	}}
	b.parts = []review.Part{
		{Place: "hst_1", Part: "accounts", Kind: review.Host, Name: "web-1", Digest: "d1", From: monday.AddDate(0, -1, 0), Until: monday, LeftOut: 30, Grants: []review.Grant{{Account: "root", Role: "log in", Privileged: true, System: true}, {Account: "bob", Role: "log in"}, {Account: "old", Role: "log in"}}},
		{Place: "hst_1", Part: "sudo", Kind: review.Host, Name: "web-1", Digest: "d1", From: monday.AddDate(0, -1, 0), Until: monday, Grants: []review.Grant{{Account: "bob", Role: "sudo: ALL", Privileged: true}}},
		{Place: "hst_2", Part: "accounts", Kind: review.Host, Name: "web-2", Why: "its accounts were never read"},
	}
	b.Service = review.NewService(review.Config{DB: db, Ledger: b.log, Clock: b.clock.Now, Access: b.access,
		Parts:   func(context.Context) ([]review.Part, error) { return b.parts, nil },
		People:  func(context.Context) (*review.Register, error) { return &b.register, nil },
		Control: func(_ context.Context, asked string) (string, error) { return "access-reviewed", nil },
		Perform: func(_ context.Context, _ access.Principal, c *review.Campaign, file []byte) (string, error) {
			b.brought = append(b.brought, string(file))
			return "E-1", nil
		}})
	return b
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%v (%v)", err, fault.KindOf(err))
	}
}

// refused holds that something is refused, with words.
func (b *bench) refused(err error, kind fault.Kind, words string) {
	b.t.Helper()
	if !fault.Is(err, kind) || !strings.Contains(err.Error(), words) {
		b.t.Fatalf("%v (%v), want %v of %q", err, fault.KindOf(err), kind, words)
	}
}

func quarter() review.New {
	return review.New{Title: "First quarter", From: "2026-01-01", To: "2026-03-31", Due: "2026-03-20", Mode: review.ByManager, Kinds: []string{review.Host}}
}

func (b *bench) begin(n review.New) *review.Campaign {
	b.t.Helper()
	c, err := b.Begin(b.ctx, b.ann, n)
	b.must(err)
	return c
}

// item gives the item of an account with a role.
func (b *bench) item(c *review.Campaign, account, role string) *review.Item {
	b.t.Helper()
	_, page, err := b.Items(b.ctx, b.ann, review.Filter{Campaign: c.Ref(), Query: account}, "", 100)
	b.must(err)
	for i := range page.Items {
		if page.Items[i].Account == account && page.Items[i].Role == role {
			return &page.Items[i]
		}
	}
	b.t.Fatalf("%s has no item %s with %s", c.Ref(), account, role)
	return nil
}

func (b *bench) decide(p access.Principal, x *review.Item, decision, reason string) *review.Item {
	b.t.Helper()
	out, err := b.Decide(b.ctx, p, x.Ref(), review.Said{Decision: decision, Reason: reason})
	b.must(err)
	return out
}

// held holds every record against its rows, and gives the first that is not.
func (b *bench) held() error {
	b.t.Helper()
	bindings := map[string]ledger.Binding{}
	for _, x := range review.Bindings() {
		bindings[x.Name] = x
	}
	rows, err := b.db.Reader().QueryContext(b.ctx, `SELECT b.body FROM ledger_entry e JOIN ledger_body b ON b.entry_id = e.id WHERE e.subject <> '' ORDER BY e.ord`)
	b.must(err)
	var bodies [][]byte
	for rows.Next() {
		var body []byte
		b.must(rows.Scan(&body))
		bodies = append(bodies, body)
	}
	b.must(rows.Err())
	b.must(rows.Close())
	for _, body := range bodies {
		rec, err := ledger.ParseEntry(body)
		b.must(err)
		if x, ok := bindings[rec.Type]; ok {
			if err := x.Check(b.ctx, b.db.Reader(), rec); err != nil {
				return err
			}
		} else if strings.HasPrefix(rec.Type, "review.") {
			b.t.Errorf("nothing holds %s", rec.Type)
		}
	}
	return nil
}
