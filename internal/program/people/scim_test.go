package people_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	scim "github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/program/people"
)

// Half a sync of SCIM: accounts that have not come yet make nobody a leaver, and
// a sync that begins to switch everybody off is held after a few.
func TestHalfSync(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		accounts, err := scim.New(scim.Config{DB: db, Access: w.access, Ledger: w.log, Clock: w.clock.Now})
		w.must(err)
		key, err := sealed.Open(filepath.Join(t.TempDir(), "sealed.key"))
		w.must(err)
		w.Service, err = people.New(people.Config{DB: db, Ledger: w.log, Access: w.access, Key: key, Book: shipped(t), Findings: w.findings, Hosts: w.hosts, Directory: accounts, Clock: w.clock.Now})
		w.must(err)
		provider := access.Principal{UserID: w.ann.UserID, Role: access.Administrator}
		var made []scim.User
		add := func(n int) {
			for range n {
				i := len(made)
				u, err := accounts.AddUser(w.ctx, access.System(), scim.User{UserName: fmt.Sprintf("p%d@firm.example", i), DisplayName: fmt.Sprintf("Person Number%d", i), Active: true})
				w.must(err)
				made = append(made, u)
			}
		}
		add(12) // of 24: the sync is half through
		src, err := w.AddSource(w.ctx, provider, people.NewSource{Kind: people.SCIM, Name: "Identity provider"})
		w.must(err)
		w.must(w.Tick(w.ctx))
		states := func() map[people.State]int64 {
			f, err := w.Facets(w.ctx, w.ann)
			w.must(err)
			return f.States
		}
		if s := states(); s[people.Here] != 12 || s[people.Left] != 0 {
			t.Fatalf("half a sync: %v", s)
		}
		add(12)
		w.clock.Advance(time.Minute)
		w.must(w.Tick(w.ctx))
		if s := states(); s[people.Here] != 24 || s[people.Left] != 0 {
			t.Errorf("the whole sync: %v", s)
		}

		// a sync that goes wrong switches one after another off
		for _, u := range made[:10] {
			w.must(second(accounts.ChangeUser(w.ctx, access.System(), u.ID, func(u scim.User) (scim.User, error) {
				u.Active = false
				return u, nil
			})))
		}
		w.clock.Advance(time.Minute)
		w.must(w.Tick(w.ctx))
		if s := states(); s[people.Left] != 0 {
			t.Errorf("a sync that goes wrong off-boards: %v", s)
		}
		x, err := w.Source(w.ctx, w.ann, src.ID)
		w.must(err)
		if x.Held == nil || x.Held.Leaves != 10 {
			t.Fatalf("nothing waits: %+v", x.Held)
		}
		if _, plan, err := w.Held(w.ctx, w.ann, x.Held.ID); err != nil || !strings.Contains(plan.Held, "10 people would leave") {
			t.Errorf("what waits: %+v, %v", plan, err)
		}
		for _, u := range made[:10] { // it is mended at the provider: what waited is overtaken
			w.must(second(accounts.ChangeUser(w.ctx, access.System(), u.ID, func(u scim.User) (scim.User, error) {
				u.Active = true
				return u, nil
			})))
		}
		w.clock.Advance(time.Minute)
		w.must(w.Tick(w.ctx))
		if x, err = w.Source(w.ctx, w.ann, src.ID); err != nil || x.Held != nil || states()[people.Here] != 24 {
			t.Errorf("after it was mended: %+v, %v, %v", x.Held, states(), err)
		}
	})
}
