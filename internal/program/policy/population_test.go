package policy_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/policy"
)

// Who was asked what, and whether they did it, at any date and as known at any
// size of the ledger.
func TestAcknowledgementsAsPopulation(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		src := f.PopulationSource()
		states := func(at outcome.At) map[string]string {
			t.Helper()
			f.must(f.log.Publish(f.ctx))
			items, err := src.Read(f.ctx, population.Request{At: at})
			f.must(err)
			out := map[string]string{}
			for _, x := range items {
				out[x.ID] = x.Attributes["state"].(string)
			}
			return out
		}
		want := func(name string, got map[string]string, pairs ...string) {
			t.Helper()
			ok := len(got) == len(pairs)/2
			for i := 0; i+1 < len(pairs); i += 2 {
				ok = ok && got[pairs[i]] == pairs[i+1]
			}
			if !ok {
				t.Errorf("%s: %v, want %v", name, got, pairs)
			}
		}
		now := func() outcome.At { return outcome.At{Valid: f.clock.Now(), Known: -1} }
		ann, bob, cat, eve := f.ann.UserID, f.bob.UserID, f.user("cat", access.Contributor).UserID, f.eve.UserID
		one := func(version int, user string) string { return fmt.Sprintf("P-1/%d/%s", version, user) }
		want("nothing is published", states(now()))

		p := f.published("access-control") // 2 March
		want("just published", states(now()), one(1, ann), policy.AckOpen, one(1, bob), policy.AckOpen, one(1, cat), policy.AckOpen, one(1, eve), policy.AckOpen)
		f.clock.Advance(24 * time.Hour)
		f.acknowledge(f.eve, p.Slug)
		third := now()
		f.clock.Advance(48 * time.Hour)
		f.must(f.access.Disable(f.ctx, access.System(), cat)) // leaves before the day that was set
		dan := f.user("dan", access.Training)
		f.clock.Advance(time.Duration(p.Published().Days) * 24 * time.Hour)
		f.acknowledge(f.ann, p.Slug) // a day late and more
		want("a month later", states(now()), one(1, ann), policy.AckLate, one(1, bob), policy.AckMissed, one(1, cat), policy.AckNoNeed, one(1, eve), policy.AckInTime, one(1, dan.UserID), policy.AckOpen)
		f.clock.Advance(10 * 24 * time.Hour)
		want("dan joined later and has as many days", states(now()), one(1, ann), policy.AckLate, one(1, bob), policy.AckMissed, one(1, cat), policy.AckNoNeed, one(1, eve), policy.AckInTime, one(1, dan.UserID), policy.AckMissed)
		want("at the third day", states(third), one(1, ann), policy.AckOpen, one(1, bob), policy.AckOpen, one(1, cat), policy.AckOpen, one(1, eve), policy.AckInTime)
		known, err := f.log.Head(f.ctx)
		f.must(err)

		f.must(f.access.SetRole(f.ctx, access.System(), dan.UserID, access.Adviser)) // is not asked by it
		f.edit(p.Slug, true, func(c *policy.Content) {
			c.Text += "\n1. And another rule.\n"
			c.Roles = []access.Role{access.Training}
		})
		f.inForce(p.Slug)
		got := states(now())
		if got[one(2, eve)] != policy.AckOpen || got[one(2, ann)] != "" || got[one(1, dan.UserID)] != policy.AckMissed || got[one(1, eve)] != policy.AckInTime {
			t.Errorf("after a material change: %v", got)
		}
		asKnown := states(outcome.At{Valid: f.clock.Now(), Known: known.Size})
		want("as known before it", asKnown, one(1, ann), policy.AckLate, one(1, bob), policy.AckMissed, one(1, cat), policy.AckNoNeed, one(1, eve), policy.AckInTime, one(1, dan.UserID), policy.AckMissed)
	})
}

// The roles that people held are told by the ledger, closed accounts included.
func TestTenures(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	start := f.clock.Now()
	f.clock.Advance(time.Hour)
	f.must(f.access.SetRole(f.ctx, access.System(), f.eve.UserID, access.Contributor))
	f.clock.Advance(time.Hour)
	f.must(f.access.Disable(f.ctx, access.System(), f.eve.UserID))
	f.clock.Advance(time.Hour)
	f.must(f.access.Enable(f.ctx, access.System(), f.eve.UserID))
	f.must(f.log.Publish(f.ctx))
	all, err := f.access.Tenures(context.Background(), -1)
	f.must(err)
	var eve []access.Tenure
	for _, x := range all {
		if x.User == f.eve.UserID {
			eve = append(eve, x)
		}
	}
	at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	want := []access.Tenure{{User: f.eve.UserID, Role: access.Training, From: at(0), To: at(1)}, {User: f.eve.UserID, Role: access.Contributor, From: at(1), To: at(2)}, {User: f.eve.UserID, Role: access.Contributor, From: at(3)}}
	if fmt.Sprint(eve) != fmt.Sprint(want) {
		t.Errorf("\n%v, want\n%v", eve, want)
	}
	if none, err := f.access.Tenures(context.Background(), 0); err != nil || len(none) > 0 {
		t.Errorf("an empty ledger knows %v, %v", none, err)
	}
}
