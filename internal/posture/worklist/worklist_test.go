package worklist_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/posture/worklist"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/work"
)

// many makes a queue over 5,000 open tasks, 50 of which are bob's.
func many(t testing.TB) (*work.Service, *clock.Manual, access.Principal) {
	t.Helper()
	db, ctx, dir := databasetest.SQLite(t), context.Background(), t.TempDir()
	now := clock.NewManual(time.Date(2026, 8, 3, 9, 0, 0, 0, time.UTC))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
	must(err)
	t.Cleanup(func() { log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: log, Clock: now.Now})
	must(err)
	user := func(login string) access.Principal {
		u, err := users.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: access.Contributor})
		must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: access.Contributor}
	}
	bob, eve := user("bob"), user("eve")
	tasks := plan.New(plan.Config{DB: db, Ledger: log, Clock: now.Now})
	for i := range 10 {
		list := make([]plan.Fields, 500)
		for k := range list {
			list[k] = plan.Fields{Title: "Write down who may open the safe", Why: "nobody knows", Owner: eve.UserID, Due: now.Now().AddDate(0, 0, k%90)}
			if k%100 == i*10 {
				list[k].Owner = bob.UserID
			}
		}
		_, err := tasks.CreateAll(ctx, access.System(), list)
		must(err)
	}
	s := work.New(work.Config{DB: db, Ledger: log, Access: users, Clock: now.Now, Sources: func() []work.Source { return []work.Source{worklist.Tasks(tasks)} }})
	return s, now, bob
}

func TestFiveThousand(t *testing.T) {
	s, _, bob := many(t)
	v, err := s.Queue(t.Context(), bob)
	if err != nil || len(v.Items) != 50 {
		t.Fatalf("%d of bob's 50, %v", len(v.Items), err)
	}
	for i := 1; i < len(v.Items); i++ {
		if v.Items[i].Due.Before(v.Items[i-1].Due) {
			t.Fatalf("%s stands after what is due later", v.Items[i].Ref)
		}
	}
}

// One person's queue with 5,000 open items in all: everything read anew, and as
// the next page of anybody finds it.
func BenchmarkQueue(b *testing.B) {
	s, now, bob := many(b)
	for name, wait := range map[string]time.Duration{"anew": 2 * time.Minute, "again": 0} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				now.Advance(wait)
				if v, err := s.Queue(b.Context(), bob); err != nil || len(v.Items) != 50 {
					b.Fatal(len(v.Items), err)
				}
			}
		})
	}
}
