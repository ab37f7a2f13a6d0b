package activity

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

type world struct {
	*testing.T
	db    *database.DB
	log   *ledger.Log
	clock *clock.Manual
	svc   *Service
}

var start = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, db *database.DB) *world {
	w := &world{T: t, db: db, clock: clock.NewManual(start)}
	dir := t.TempDir()
	var err error
	w.log, err = ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "keys", "ledger.key"), Clock: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.log.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done; w.log.Close() })
	w.svc = New(Config{DB: db, Ledger: w.log})
	return w
}

// did adds entries and waits until they are numbered.
func (w *world) did(entries ...ledger.Entry) {
	w.Helper()
	before, err := w.log.Head(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	if err := w.db.Tx(w.Context(), func(tx *sql.Tx) error { _, err := w.log.AppendAll(w.Context(), tx, entries...); return err }); err != nil {
		w.Fatal(err)
	}
	w.log.Wake()
	for {
		next := w.log.Changed()
		head, err := w.log.Head(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if head.Size >= before.Size+int64(len(entries)) {
			return
		}
		select {
		case <-next:
		case <-time.After(time.Minute):
			w.Fatal("the ledger numbers nothing")
		}
	}
}

// The index answers as a scan of the whole ledger does, page by page.
func TestAsTheLedgerSays(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		actors := []string{"usr_a", "usr_b", "src_a", "system"}
		for day := range 3 {
			var entries []ledger.Entry
			for i := range 12 {
				kind := []string{"finding.opened", "finding.closed", "findingx.made"}[i%3]
				entries = append(entries, ledger.Entry{Type: kind, Stream: "s", Actor: actors[i%4], Subject: fmt.Sprintf("thing_%d", i%2)})
			}
			w.did(entries...)
			if day < 2 {
				w.clock.Advance(24 * time.Hour)
			}
		}
		all, err := w.log.Records(t.Context(), ledger.Filter{Limit: 1000})
		if err != nil || len(all) != 36 {
			t.Fatalf("%d entries, %v", len(all), err)
		}
		some := 0
		for _, actor := range append(actors, "", "usr_nobody") {
			for _, typ := range []string{"", "finding.", "finding.closed"} {
				for _, subject := range []string{"", "thing_1"} {
					for _, window := range [][2]time.Time{{}, {start.Add(time.Hour), start.Add(25 * time.Hour)}} {
						f := Filter{Actor: actor, Type: typ, Subject: subject, From: window[0], To: window[1], Limit: 2}
						var want, got []int64
						for _, r := range all {
							if (actor == "" || r.Actor == actor) && (typ == "" || r.Type == typ || typ == "finding." && r.Type != "findingx.made") && (subject == "" || r.Subject == subject) &&
								(window[0].IsZero() || !r.At.Before(window[0])) && (window[1].IsZero() || r.At.Before(window[1])) {
								want = append(want, r.Index)
							}
						}
						for {
							page, err := w.svc.Of(t.Context(), access.System(), f)
							if err != nil || page.Read != 36 || page.Size != 36 {
								t.Fatalf("%+v: read %d of %d, %v", f, page.Read, page.Size, err)
							}
							for _, r := range page.Records {
								got = append(got, r.Index)
							}
							if len(page.Records) < f.Limit {
								break
							}
							if f.Before = got[len(got)-1]; f.Before == 0 {
								break
							}
						}
						some += len(want)
						if fmt.Sprint(got) != fmt.Sprint(want) {
							t.Errorf("%+v: %v, not %v", f, got, want)
						}
					}
				}
			}
		}
		if some < 100 {
			t.Errorf("only %d entries were asked for: the test shows nothing", some)
		}
	})
}

// What was changed in the index outside Attesta is refused, and nobody reads it
// who may not read the ledger.
func TestRefused(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	w.did(ledger.Entry{Type: "finding.opened", Stream: "s", Actor: "usr_a", Subject: "x"})
	if _, err := w.svc.Of(t.Context(), access.Principal{UserID: "usr_q", Role: access.Auditor}, Filter{}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("an auditor: %v", err)
	}
	if page, err := w.svc.Of(t.Context(), access.System(), Filter{Actor: "usr_a"}); err != nil || len(page.Records) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	if err := w.db.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE activity_entry SET actor = 'usr_b'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.svc.Of(t.Context(), access.System(), Filter{Actor: "usr_b"}); !fault.Is(err, fault.Refused) {
		t.Errorf("somebody else's entry is shown: %v", err)
	}
}
