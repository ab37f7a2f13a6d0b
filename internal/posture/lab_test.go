package posture

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
)

// lab is a database in which hosts report and are judged by three attributes,
// through the packages that do it in the product.
type lab struct {
	t     testing.TB
	ctx   context.Context
	db    *database.DB
	log   *ledger.Log
	clock *clock.Manual
	out   *outcome.Service
	panel *outcome.Panel
}

const (
	rootLogin  = "linux-server/root-login"
	emptyPass  = "linux-server/empty-passwords"
	clockRight = "linux-server/clock"
)

func newLab(t testing.TB, db *database.DB) *lab {
	t.Helper()
	l := &lab{t: t, ctx: context.Background(), db: db, clock: clock.NewManual(at(0, 0))}
	dir := t.TempDir()
	var err error
	l.log, err = ledger.Open(l.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: l.clock.Now})
	l.must(err)
	t.Cleanup(func() { l.log.Close() })
	l.out = outcome.New(outcome.Config{DB: db, Ledger: l.log, Clock: l.clock.Now, Grace: 2 * time.Hour})
	schema := judge.NewSchema(facts.Registry())
	var attributes []outcome.Attribute
	for _, a := range []struct{ check, id, expect string }{
		{rootLogin, "effective", `sshd.effective.permitrootlogin == "no"`},
		{emptyPass, "effective", `sshd.effective.permitemptypasswords == "no"`},
		{clockRight, "synchronised", `clock.synchronised`},
	} {
		compiled, err := schema.Compile("hosts", a.expect, nil)
		l.must(err)
		attributes = append(attributes, outcome.Attribute{Check: a.check, ID: a.id, Population: "hosts", Since: at(-100, 0), Predicate: compiled})
	}
	l.panel = outcome.NewPanel("test", attributes)
	return l
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// host is what a host shows: sshd settings and clock; "" leaves a fact out as
// unreadable.
type host struct {
	root, empty string
	clock       bool
}

func (h host) sections() (map[string]*facts.Decoded, map[string]string) {
	effective := map[string]any{}
	var missing []facts.Missing
	for name, value := range map[string]string{"permitrootlogin": h.root, "permitemptypasswords": h.empty} {
		if value == "" {
			missing = append(missing, facts.Missing{Path: "/effective/" + name, State: facts.Error, Reason: "needs root"})
			continue
		}
		effective[name] = value
	}
	return map[string]*facts.Decoded{
			"sshd":  {Name: "sshd", Values: map[string]any{"installed": true, "effective": effective}, Missing: missing},
			"clock": {Name: "clock", Values: map[string]any{"synchronised": h.clock}},
		}, map[string]string{
			"sshd": fmt.Sprintf("%064s", h.root+"/"+h.empty), "clock": fmt.Sprintf("%064v", h.clock),
		}
}

// report lets a host say what it is from a moment on, now.
func (l *lab) report(name string, when time.Time, h host) {
	l.t.Helper()
	sections, digests := h.sections()
	l.judge(name, when, outcome.Input{Kind: outcome.RunFacts, Actor: "src_" + name,
		Segments: []outcome.Segment{{From: when, Sections: sections, Digests: digests, Attributes: l.panel.All("hosts")}}})
}

// leave takes a host out of the population.
func (l *lab) leave(name string, when time.Time) {
	l.t.Helper()
	l.judge(name, when, outcome.Input{Kind: outcome.RunPresence, Actor: "system", Leave: "retired"})
}

func (l *lab) judge(name string, when time.Time, in outcome.Input) {
	l.t.Helper()
	in.Item = outcome.Item{ID: "hst_" + name, Population: "hosts", Source: "src_" + name, Name: name}
	in.ValidAt, in.Panel = when, l.panel
	l.clock.Advance(time.Microsecond) // no two runs begin at the same microsecond
	l.must(l.db.Tx(l.ctx, func(tx *sql.Tx) error {
		var err error
		if in.No, in.ID, err = l.out.Next(l.ctx, tx, in.Item.Source); err != nil {
			return err
		}
		if in.Leave == "" {
			if err := l.out.Heard(l.ctx, tx, in.Item.Source, when, l.clock.Now()); err != nil {
				return err
			}
		}
		_, _, err = l.out.Judge(l.ctx, tx, in)
		return err
	}))
}

// heard lets a host only be heard.
func (l *lab) heard(name string, when time.Time) {
	l.t.Helper()
	l.must(l.db.Tx(l.ctx, func(tx *sql.Tx) error {
		return l.out.Heard(l.ctx, tx, "src_"+name, when, l.clock.Now())
	}))
}

// gap and regain let a section be missing between two moments.
func (l *lab) gap(name, section string, when time.Time) {
	l.t.Helper()
	l.must(l.db.Tx(l.ctx, func(tx *sql.Tx) error {
		return l.out.Missed(l.ctx, tx, "src_"+name, section, when, "not in the heartbeat")
	}))
}

func (l *lab) regain(name, section string, when time.Time) {
	l.t.Helper()
	l.must(l.db.Tx(l.ctx, func(tx *sql.Tx) error { return l.out.Regained(l.ctx, tx, "src_"+name, section, when) }))
}

// number lets the sequencer give positions to what was recorded, and gives the
// size of the ledger.
func (l *lab) number() int64 {
	l.t.Helper()
	ctx, cancel := context.WithCancel(l.ctx)
	done := make(chan error, 1)
	go func() { done <- l.log.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for {
		changed := l.log.Changed()
		var waiting, size int64
		l.must(l.db.Reader().QueryRowContext(l.ctx, `SELECT COUNT(*) - COUNT(idx), COALESCE(MAX(idx), -1) + 1 FROM ledger_entry`).Scan(&waiting, &size))
		head, err := l.log.Head(l.ctx)
		l.must(err)
		if waiting == 0 && head.Size == size { // numbered, and the checkpoint says so
			return size
		}
		l.log.Wake()
		select {
		case <-changed:
		case <-time.After(30 * time.Second):
			l.t.Fatal("the sequencer numbered nothing for 30 s")
		}
	}
}

func (l *lab) counts(when time.Time, known int64) map[key]Counts {
	l.t.Helper()
	counts, err := l.out.Counts(l.ctx, outcome.At{Valid: when, Known: known})
	l.must(err)
	out := map[key]Counts{}
	for _, c := range counts {
		out[key{c.Check, c.Attribute}] = Counts(c.Counts)
	}
	return out
}
