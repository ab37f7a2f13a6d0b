package access

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
)

func TestLockForGrows(t *testing.T) {
	c := Config{LockAfter: 5, LockFirst: 30 * time.Second, LockLongest: time.Hour}
	for n, want := range map[int64]time.Duration{1: 0, 4: 0, 5: 30 * time.Second, 6: time.Minute, 7: 2 * time.Minute,
		11: 32 * time.Minute, 12: time.Hour, 13: time.Hour, 1 << 40: time.Hour} {
		if got := c.lockFor(n); got != want {
			t.Errorf("failure %d locks for %s, want %s", n, got, want)
		}
	}
}

// fail tries a wrong password from a source of its own, so that only the name is counted.
func (b *bench) fail(login string, n int) (last error) {
	b.t.Helper()
	for i := range n {
		_, last = b.Login(b.ctx, login, "wrong wrong wrong", Client{Address: fmt.Sprintf("203.0.113.%d", i+1)})
		b.kind(last, fault.Unauthenticated)
	}
	return last
}

func isLocked(err error) bool {
	return err != nil && strings.Contains(err.Error(), "too many failed attempts")
}

func TestUserIsLockedAndUnlocks(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin().Principal
		maeve := b.user(root, "maeve", Viewer)
		since := len(b.types(0))
		if err := b.fail("maeve", 5); isLocked(err) {
			t.Fatal("the fifth failure itself was answered as locked")
		}
		b.expectTypes(since, "user.login_failed", "user.login_failed", "user.login_failed", "user.login_failed", "user.login_failed", "user.locked")

		// Locked, for the right password too, and after a restart.
		_, err := b.Login(b.ctx, "maeve", good, desk)
		if !isLocked(err) {
			t.Fatalf("after five failures: %v", err)
		}
		b.restart()
		if _, err := b.Login(b.ctx, "maeve", good, desk); !isLocked(err) {
			t.Fatalf("after a restart: %v", err)
		}
		if u := must[[]User](t)(b.Users(b.ctx, root)); !u[1].LockedUntil.Equal(start.Add(30 * time.Second)) {
			t.Errorf("the list shows %s", u[1].LockedUntil)
		}
		b.clock.Advance(30 * time.Second)
		// The count goes on: one more failure locks for twice as long.
		b.fail("maeve", 1)
		b.clock.Advance(30 * time.Second)
		if _, err := b.Login(b.ctx, "maeve", good, desk); !isLocked(err) {
			t.Fatalf("30 s after the sixth failure: %v", err)
		}
		b.clock.Advance(30 * time.Second)
		must[Login](t)(b.Login(b.ctx, "maeve", good, desk))
		// A login clears the count.
		b.fail("maeve", 4)
		must[Login](t)(b.Login(b.ctx, "maeve", good, desk))

		// A link unlocks.
		b.fail("maeve", 5)
		link := must[Link](t)(b.LoginLink(b.ctx, root, maeve.ID, Recovery))
		since = len(b.types(0))
		must[Login](t)(b.UseLink(b.ctx, link.Token, far))
		b.expectTypes(since, "user.link_used", "user.unlocked", "user.login")
		must[Login](t)(b.Login(b.ctx, "maeve", good, desk))

		// A day later an old count is forgotten.
		b.fail("maeve", 4)
		b.clock.Advance(24 * time.Hour)
		b.fail("maeve", 4)
		must[Login](t)(b.Login(b.ctx, "maeve", good, desk))
	})
}

func TestSourceIsLocked(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin().Principal
		b.user(root, "maeve", Viewer)
		tryFrom := func(i int, address string) error {
			_, err := b.Login(b.ctx, fmt.Sprintf("name%d", i), "wrong wrong wrong", Client{Address: address})
			b.kind(err, fault.Unauthenticated)
			return err
		}
		// One subscriber has a whole /64.
		for i := range 5 {
			if err := tryFrom(i, fmt.Sprintf("2001:db8:1:2::%d", i+1)); isLocked(err) {
				t.Fatalf("locked at failure %d", i+1)
			}
		}
		if err := tryFrom(9, "2001:db8:1:2:ffff::1"); !isLocked(err) {
			t.Errorf("another address of the same /64: %v", err)
		}
		if err := tryFrom(9, "2001:db8:1:3::1"); isLocked(err) {
			t.Error("the neighbour's /64 is locked")
		}
		if _, err := b.Login(b.ctx, "maeve", good, Client{Address: "2001:db8:1:2::99"}); !isLocked(err) {
			t.Errorf("a right password from a locked source: %v", err)
		}
		must[Login](t)(b.Login(b.ctx, "maeve", good, Client{Address: "192.0.2.1"}))

		// One good password does not wipe out the count of a source.
		for i := range 4 {
			tryFrom(20+i, "192.0.2.200")
		}
		must[Login](t)(b.Login(b.ctx, "maeve", good, Client{Address: "192.0.2.200"}))
		tryFrom(30, "::ffff:192.0.2.200")
		if err := tryFrom(31, "192.0.2.200"); !isLocked(err) {
			t.Errorf("four failures, a success and a failure: %v", err)
		}
		b.clock.Advance(2 * time.Hour)
		for i := range 4 {
			if err := tryFrom(40+i, "192.0.2.200"); isLocked(err) {
				t.Error("a source is still remembered after two hours")
			}
		}
	})
}

// Whoever asks cannot find out who exists: the same words for the same number
// of tries, whether the name, the other name of the same person, or nobody.
func TestNoEnumeration(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin().Principal
		b.user(root, "maeve", Viewer)
		gone := b.user(root, "gone", Viewer)
		if err := b.Disable(b.ctx, root, gone.ID); err != nil {
			t.Fatal(err)
		}
		must[User](t)(b.AddUser(b.ctx, root, NewUser{Login: "fresh", Name: "Fresh", Role: Viewer}))
		names := []string{"nobody-here", "maeve", "maeve@example.org", "gone", "fresh", "stranger@example.org", "\xff\x00", ""}
		answers := map[string][]string{}
		for _, name := range names {
			for i := range 7 {
				_, err := b.Login(b.ctx, name, good+"x", Client{Address: fmt.Sprintf("203.0.113.%d", i+1)})
				message, hint := fault.Public(err)
				answers[name] = append(answers[name], fmt.Sprint(fault.KindOf(err), message, hint))
			}
			if _, err := b.db.Writer().Exec(`DELETE FROM access_failure WHERE scope = 'address'`); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range names[1:] {
			if got, want := strings.Join(answers[name], "\n"), strings.Join(answers[names[0]], "\n"); got != want {
				t.Errorf("%q is answered differently from a name that nobody has:\n%s\n\n%s", name, got, want)
			}
		}
		// What was typed is nowhere: it may have been a password.
		var n int
		if err := b.db.Reader().QueryRowContext(b.ctx, `SELECT COUNT(*) FROM access_failure WHERE name LIKE '%nobody%' OR name LIKE '%stranger%'`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows hold a typed name, %v", n, err)
		}
	})
}

// Nobody gets more tries by making them all at once.
func TestParallelAttemptsAreCounted(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin().Principal
		b.user(root, "maeve", Viewer)
		b.restart(func(c *Config) { c.Hashers = 4 })
		var wg sync.WaitGroup
		var mu sync.Mutex
		looked := 0
		for i := range 20 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				_, err := b.Login(b.ctx, "maeve", "wrong wrong wrong", Client{Address: fmt.Sprintf("203.0.113.%d", i+1)})
				mu.Lock()
				defer mu.Unlock()
				if !isLocked(err) {
					looked++
				}
			}()
		}
		wg.Wait()
		if looked != 5 {
			t.Errorf("%d of 20 attempts at once were looked at, want 5", looked)
		}
	})
}

func TestStrangersCannotFloodTheLedger(t *testing.T) {
	each(t, func(b *bench) {
		b.restart(func(c *Config) { c.RecordedPerHour = 10 })
		b.admin()
		since := len(b.types(0))
		for i := range 25 {
			_, err := b.Login(b.ctx, fmt.Sprintf("name%d", i), "wrong wrong wrong", Client{Address: fmt.Sprintf("203.0.113.%d", i+1)})
			b.kind(err, fault.Unauthenticated)
		}
		if n := len(b.types(since)); n != 10 {
			t.Errorf("25 strangers caused %d entries, want 10", n)
		}
		if err := b.Sweep(b.ctx); err != nil || len(b.types(since)) != 10 {
			t.Errorf("the hour is not over: %d entries, %v", len(b.types(since)), err)
		}
		b.clock.Advance(time.Hour)
		if err := b.Sweep(b.ctx); err != nil {
			t.Fatal(err)
		}
		b.expectTypes(since+10, "user.failures_counted")
		var body string
		if err := b.db.Reader().QueryRowContext(b.ctx, `SELECT body FROM ledger_entry JOIN ledger_body ON entry_id = id WHERE type = 'user.failures_counted'`).Scan(&body); err != nil || !strings.Contains(body, `"count":15`) {
			t.Errorf("the count's entry: %s, %v", body, err)
		}
		if err := b.Sweep(b.ctx); err != nil || len(b.types(since)) != 11 {
			t.Errorf("a second sweep wrote again: %v", err)
		}
	})
}

// A failure is recorded even where the client hangs up as soon as it has asked.
func TestHangingUpIsRecorded(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin().Principal
		b.user(root, "maeve", Viewer)
		since := len(b.types(0))
		ctx, cancel := context.WithCancel(b.ctx)
		release, err := b.hasher.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		release()
		if _, err := b.begin(ctx, "maeve", far); err != nil { // counted …
			t.Fatal(err)
		}
		cancel() // … and gone: the count stays
		b.fail("maeve", 4)
		if _, err := b.Login(b.ctx, "maeve", good, desk); !isLocked(err) {
			t.Errorf("an attempt that was given up did not count: %v", err)
		}
		b.expectTypes(since, "user.login_failed", "user.login_failed", "user.login_failed", "user.login_failed", "user.locked")
	})
}

func TestTooManyAtOnce(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t))
	b.admin()
	b.restart(func(c *Config) { c.Hashers, c.HashQueue = 1, 1 })
	release := must[func()](t)(b.hasher.Acquire(b.ctx)) // one is being hashed
	ctx, cancel := context.WithCancel(b.ctx)
	waiting := make(chan error)
	go func() { _, err := b.Login(ctx, "admin", good, desk); waiting <- err }()
	for b.hasher.Waiting() < 2 { // one waits
		time.Sleep(time.Millisecond)
	}
	_, err := b.Login(b.ctx, "admin", good, desk)
	b.kind(err, fault.Unavailable)
	cancel()
	if err := <-waiting; err == nil {
		t.Error("a login that was given up while it waited went through")
	}
	release()
	must[Login](t)(b.Login(b.ctx, "admin", good, desk)) // and nothing was counted against anybody
}

// A failed login takes FailureTime, a successful one does not wait for it.
func TestFailureTime(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t))
	b.admin()
	b.restart(func(c *Config) { c.FailureTime = time.Hour })
	must[Login](t)(b.Login(b.ctx, "admin", good, desk)) // returns at all
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan error)
	go func() { _, err := b.Login(ctx, "admin", "wrong wrong wrong", desk); done <- err }()
	select {
	case err := <-done:
		t.Fatalf("a failure was answered at once: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	b.kind(<-done, fault.Unauthenticated)
}

func TestWrongOldPasswordLocks(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin().Principal
		b.user(root, "maeve", Viewer)
		l := must[Login](t)(b.Login(b.ctx, "maeve", good, far))
		for i := range 5 {
			_, err := b.SetPassword(b.ctx, l.Principal, "wrong wrong wrong", other)
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("try %d: %v", i+1, err)
			}
		}
		_, err := b.SetPassword(b.ctx, l.Principal, good, other)
		b.kind(err, fault.Forbidden)
		b.clock.Advance(30 * time.Second)
		_, err = b.SetPassword(b.ctx, l.Principal, good, good)
		b.kind(err, fault.Invalid) // the same again
		must[Login](t)(b.SetPassword(b.ctx, l.Principal, good, other))
		must[Login](t)(b.Login(b.ctx, "maeve", other, far))
	})
}

func TestClockPutRightDoesNotLockForEver(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin().Principal
		b.user(root, "maeve", Viewer)
		b.clock.Advance(90 * 24 * time.Hour) // wrong by three months
		b.fail("maeve", 5)
		b.clock.Advance(-90 * 24 * time.Hour)
		must[Login](t)(b.Login(b.ctx, "maeve", good, desk))
	})
}
