package simulation

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

var end = time.Date(2036, 8, 20, 14, 30, 0, 0, time.UTC)

func simulate(t *testing.T, db *database.DB, p Plan) (*Organisation, Summary) {
	t.Helper()
	dir := t.TempDir()
	c := clock.NewManual(p.Start())
	log, err := ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	o, sum, err := Run(context.Background(), Config{DB: db, Ledger: log, Clock: c, Plan: p})
	if err != nil {
		t.Fatal(err)
	}
	return o, sum
}

// Every drift makes a host that can be sent: the registry takes its sections.
func TestEveryDriftCanBeSent(t *testing.T) {
	w, err := newWorld()
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range w.drifts {
		changed := 0
		for name := range w.good {
			e, err := w.section(name, nil, []int{i})
			if err != nil {
				t.Fatalf("%s, %s: %v", d.check, d.name, err)
			}
			sound, err := w.section(name, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if e.digest != sound.digest {
				changed++
			}
		}
		if changed == 0 {
			t.Errorf("%s, %s: nothing differs from a host in good order", d.check, d.name)
		}
	}
	// All at once too, in any order that a host may meet them.
	var all []int
	for i := range w.drifts {
		all = append(all, i)
	}
	for name := range w.good {
		if _, err := w.section(name, nil, all); err != nil {
			t.Errorf("section %s with every drift: %v", name, err)
		}
	}
}

func TestSmallHistory(t *testing.T) {
	p := Small(end)
	if testing.Short() {
		p.Hosts, p.Days = 4, 20
	}
	db := databasetest.SQLite(t)
	o, sum := simulate(t, db, p)
	ctx := context.Background()
	if sum.Messages == 0 || sum.Late == 0 {
		t.Errorf("%+v: nothing came, or nothing late", sum)
	}
	found, err := o.Findings.Summary(ctx, finding.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if found.States[finding.Closed] == 0 || found.States[finding.Open]+found.States[finding.Acknowledged] == 0 {
		t.Errorf("findings %v: some are open and some closed in a lively organisation", found.States)
	}
	// What was rolled up is what was stored, at any moment on both axes.
	status, err := o.cfg.Ledger.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if status.Waiting != 0 {
		t.Errorf("%d entries have no place", status.Waiting)
	}
	for i := range 8 {
		at := outcome.At{Valid: p.Start().AddDate(0, 0, (i+1)*p.Days/8), Known: -1}
		if i%2 == 1 {
			at.Known = status.Size * int64(i) / 8
		}
		stored, err := o.Outcomes.Stored(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		scanned, err := o.Outcomes.Scan(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(stored, scanned) {
			t.Errorf("at %v: the steps give other counts than the outcomes", at)
		}
	}
	t.Logf("%d messages, %d late, %d retired in %s; ledger %d, findings %v", sum.Messages, sum.Late, sum.Retired, sum.Took, status.Size, found.States)
}

// The same plan tells the same story.
func TestSameSeedSameStory(t *testing.T) {
	p := Plan{Hosts: 3, Days: 6, Seed: 7, End: end}
	tell := func() (Summary, []outcome.AttributeCounts) {
		o, sum := simulate(t, databasetest.SQLite(t), p)
		counts, err := o.Outcomes.Counts(context.Background(), outcome.Now())
		if err != nil {
			t.Fatal(err)
		}
		sum.Took = 0
		return sum, counts
	}
	a, first := tell()
	b, second := tell()
	if a != b || !slices.Equal(first, second) {
		t.Errorf("%+v and %+v, or their counts, differ", a, b)
	}
	p.Seed = 8
	if c, _ := tell(); c == a {
		t.Error("another seed tells the same story")
	}
}
