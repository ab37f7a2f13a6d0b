package host_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"

	"pgregory.net/rapid"
)

var manager = access.Principal{UserID: "usr_manager", Name: "Mo", Role: access.ComplianceManager}

// populations gives the population service over a world, with every shipped
// definition and one of outcomes approved.
func (w *world) populations() *population.Service {
	w.Helper()
	store, err := blobs.Open(filepath.Join(w.TempDir(), "blobs"))
	w.must(err)
	p, err := population.New(population.Config{DB: w.db, Ledger: w.log, Blobs: store, Clock: w.clock.Now, Neighbours: w.hosts.Neighbours, Register: w.exclusions.Register},
		w.hosts.PopulationSource(), w.findings.PopulationSource(), population.Outcomes(w.outcomes), w.waivers.PopulationSource())
	w.must(err)
	w.must(p.Start(w.ctx))
	_, err = p.Define(w.ctx, admin, "root-login", population.Content{Title: "Root login", Purpose: "To test.", Source: "outcomes", Subject: "tiny/root-login"})
	w.must(err)
	all, err := p.Definitions(w.ctx)
	w.must(err)
	for _, d := range all {
		w.must(p.Approve(w.ctx, manager, d.Slug, 1, ""))
	}
	return p
}

// names gives the names of an extraction's items, sorted.
func (w *world) names(p *population.Service, slug string, win population.Window) string {
	w.Helper()
	w.number()
	e, err := p.Extract(w.ctx, manager, slug, win)
	w.must(err)
	items, _, err := p.Items(w.ctx, e.ID, "", 1000)
	w.must(err)
	var names []string
	for _, i := range items {
		names = append(names, fmt.Sprint(i.Attributes["name"]))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// The same definition at the same size of the ledger gives the same bytes,
// whatever happens afterwards: late batches, silence, retirement, new standards.
func TestExtractionsAreReproducible(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.people(admin, manager)
		w.install("1.0.0")
		p := w.populations()
		const rounds = 60
		var frozen []population.Extraction
		again := func() {
			for _, e := range frozen {
				digest, count, err := p.Again(w.ctx, manager, e.ID)
				w.must(err)
				if digest != e.Digest || count != e.Count {
					t.Fatalf("%s %s over %v known %d had %d items and has %d now", e.Ref(), e.Slug, e.Window, e.Known, e.Count, count)
				}
			}
		}
		draw := rapid.Custom(func(t *rapid.T) [4]int {
			return [4]int{rapid.IntRange(0, 10).Draw(t, "step"), rapid.IntRange(0, 4).Draw(t, "host"), rapid.IntRange(0, 3).Draw(t, "value"), rapid.IntRange(1, 400).Draw(t, "minutes")}
		})
		for i := range rounds {
			d := draw.Example(i + 1)
			m := w.machine(fmt.Sprintf("host-%d", d[1]))
			w.clock.Advance(time.Duration(d[3]) * time.Minute)
			switch d[0] {
			case 0, 1, 2:
				w.must(m.assign("sshd.permitrootlogin", []string{"no", "yes", "no", "prohibit-password"}[d[2]]))
				w.report(m)
			case 3: // a batch that comes late
				w.must(m.assign("sshd.permitrootlogin", []string{"no", "yes"}[d[2]%2]))
				all, err := m.changed()
				w.must(err)
				if len(all) > 0 {
					w.must(w.facts(m, "late", w.clock.Now().Add(-time.Duration(d[3])*time.Minute), all...))
				}
			case 4:
				if len(m.sent) > 0 {
					w.beat(m, w.clock.Now())
				}
			case 5:
				if h, err := w.hosts.Get(w.ctx, m.source); err == nil && h.RetiredAt.IsZero() && h.ExcludedAt.IsZero() {
					w.must(w.hosts.Retire(w.ctx, admin, h.ID, "it was sold"))
				}
			case 6:
				_, err := w.hosts.Sweep(w.ctx)
				w.must(err)
			case 8, 9: // left out, or accepted; or the end of that
				if h, err := w.hosts.Get(w.ctx, m.source); err == nil && h.RetiredAt.IsZero() {
					x, err := w.exclusions.Ask(w.ctx, admin, exclusion.Ask{Population: "hosts", Subject: h.ID, Cause: exclusion.OutOfScope, Reason: "it stands in the laboratory", Expires: w.clock.Now().Add(time.Duration(d[3]) * time.Hour)})
					if err == nil {
						w.must(w.exclusions.Approve(w.ctx, manager, x.Ref(), ""))
					}
					one, err := w.waivers.Ask(w.ctx, admin, asks(func(a *waiver.Ask) {
						a.Items, a.Expires = []string{h.ID}, w.clock.Now().Add(time.Duration(d[3])*time.Hour)
					}))
					if err == nil {
						w.must(w.waivers.Approve(w.ctx, manager, one.Ref(), ""))
					}
					if d[2] == 0 && err == nil {
						w.clock.Advance(time.Minute)
						w.must(errors.Join(w.exclusions.End(w.ctx, admin, x.Ref(), "not needed"), w.waivers.Withdraw(w.ctx, admin, one.Ref(), "not needed")))
					}
				}
				_, err := w.hosts.ApplyExclusions(w.ctx)
				w.must(err)
				_, err = w.hosts.ApplyWaivers(w.ctx)
				w.must(err)
			case 10:
				_, err := w.hosts.ApplyExclusions(w.ctx)
				w.must(err)
				_, err = w.hosts.ApplyWaivers(w.ctx)
				w.must(err)
			case 7:
				w.must(m.assign("os.hostname", fmt.Sprintf("renamed-%d", i)))
				w.report(m)
			}
			if i%4 == 3 {
				if d[2] > 0 {
					w.number() // otherwise the newest entries have no place yet
				}
				for _, slug := range []string{"hosts", "hosts-joined", "findings-raised", "findings-open", "waivers", "root-login"} {
					from := w.clock.Now().Add(-time.Duration(d[3]) * time.Hour / 4)
					e, err := p.Extract(w.ctx, manager, slug, population.Window{From: from})
					w.must(err)
					frozen = append(frozen, e)
				}
				again()
			}
		}
		w.number()
		again()
		some := 0
		for _, e := range frozen {
			some += int(e.Count)
		}
		if some < 50 {
			t.Errorf("%d extractions hold %d items together: too little to say anything", len(frozen), some)
		}
	})
}

// How populations treat hosts that do not behave.
func TestOddHosts(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		p := w.populations()
		day := func(n int) time.Time { return start.AddDate(0, 0, n) }
		w.clock.Advance(day(1).Sub(w.clock.Now()))
		w.report(w.machine("steady"))
		w.report(w.machine("holiday"))
		a, b := w.machine("clone-a"), w.machine("clone-b")
		a.values["os"]["machine_id_digest"], b.values["os"]["machine_id_digest"] = strings.Repeat("ab", 16), strings.Repeat("ab", 16)
		w.report(a)
		w.report(b)
		// Its clock is a day fast, and it knows; another's is a day slow and does not.
		fast, slow := w.machine("fast"), w.machine("slow")
		offset := int64(24 * time.Hour / time.Microsecond)
		fast.set, fast.offset, slow.set = 24*time.Hour, &offset, -24*time.Hour
		w.report(fast)
		w.report(slow)

		w.clock.Advance(day(5).Sub(w.clock.Now()))
		w.must(w.hosts.Retire(w.ctx, admin, w.host("holiday").ID, "it is switched off for a month"))
		w.clock.Advance(day(20).Sub(w.clock.Now()))
		if got := w.names(p, "hosts", population.Window{}); got != "clone-a clone-b fast slow steady" {
			t.Errorf("on day 20 there are %s", got)
		}
		w.clock.Advance(day(36).Sub(w.clock.Now()))
		w.report(w.machine("holiday"))
		all, err := w.machine("holiday").section("os")
		w.must(err)
		w.must(w.facts(w.machine("holiday"), "a", w.clock.Now(), all))
		w.clock.Advance(day(40).Sub(w.clock.Now()))
		if got := w.names(p, "hosts", population.Window{}); got != "clone-a clone-b fast holiday slow steady" {
			t.Errorf("after it came back there are %s", got)
		}
		if got := w.names(p, "hosts", population.Window{From: day(10), To: day(30)}); got != "clone-a clone-b fast slow steady" {
			t.Errorf("in the window in which it was away there are %s", got)
		}
		if got := w.names(p, "hosts", population.Window{From: day(3), To: day(30)}); got != "clone-a clone-b fast holiday slow steady" {
			t.Errorf("in the window in which it left there are %s", got)
		}
		// It did not join when it came back; and wrong clocks do not move when a host was first seen.
		if got := w.names(p, "hosts-joined", population.Window{From: day(1), To: day(1).Add(time.Minute)}); got != "clone-a clone-b fast holiday slow steady" {
			t.Errorf("on day 1 joined %s", got)
		}
		if got := w.names(p, "hosts-joined", population.Window{From: day(2), To: day(40)}); got != "" {
			t.Errorf("later joined %s", got)
		}
		if got := w.names(p, "hosts", population.Window{To: day(0).Add(time.Hour)}); got != "slow" {
			t.Errorf("a day early there is %q: what an agent's slow clock says, as long as nobody knows its offset", got)
		}

		// Two hosts with one machine id are two members, and the reconciliation says so.
		w.number()
		e, err := p.Extract(w.ctx, manager, "hosts", population.Window{})
		w.must(err)
		r, err := p.Reconcile(w.ctx, manager, e.ID, population.Upload{Kind: population.HostsFile, Name: "hosts", Content: []byte("10.0.0.9 steady\n10.0.0.10 slow.example.org\n10.0.0.77 printer\n")})
		w.must(err)
		if r.MatchedA != 2 || r.OnlyB() != 1 || !strings.Contains(strings.Join(r.Notes, "\n"), "2 hosts have one machine id (clone-a, clone-b)") {
			t.Errorf("the reconciliation is %+v", r)
		}
		w.number()
		w.must(w.bound(w.db.Reader()))
	})
}

// Neighbours are read from the facts by path, also those of an agent that is
// newer than this server.
func TestNeighboursReconcile(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		p := w.populations()
		entry := func(address, mac string) map[string]any { return map[string]any{"address": address, "mac": mac} }
		for i, name := range []string{"web-01", "web-02"} {
			m := w.machine(name)
			m.values["network"] = map[string]any{"interfaces": []any{map[string]any{"name": "lo", "mac": "", "addresses": []any{"127.0.0.1/8"}},
				map[string]any{"name": "eth0", "mac": fmt.Sprintf("52:54:00:00:00:0%d", i+1), "addresses": []any{fmt.Sprintf("10.0.0.%d/24", i+1)}}}}
			m.values["neighbours"] = map[string]any{"entries": []any{entry("10.0.0.2", "52:54:00:00:00:02"), entry("10.0.0.1", "52:54:00:00:00:01"), entry("10.0.0.99", "52:54:00:00:00:99")}}
			w.report(m)
			for _, name := range []string{"network", "neighbours"} {
				m.registry[name] = 99
				s, err := m.section(name)
				w.must(err)
				w.must(w.facts(m, "a", w.clock.Now(), s))
			}
		}
		w.clock.Advance(time.Hour)
		w.number()
		e, err := p.Extract(w.ctx, manager, "hosts", population.Window{})
		w.must(err)
		r, err := p.ReconcileNeighbours(w.ctx, manager, e.ID)
		w.must(err)
		if r.A != 2 || r.B != 3 || r.MatchedA != 2 || r.MatchedB != 2 {
			t.Fatalf("it comes to %+v", r)
		}
		left, err := p.Lines(w.ctx, r.ID, population.OnlyB, 0, 10)
		w.must(err)
		if len(left) != 1 || left[0].Name != "52:54:00:00:00:99" || left[0].Matches[0].Detail != "seen by web-01, web-02" {
			t.Errorf("left over: %+v", left)
		}
	})
}

// What is left out stands with the extraction: who, why, until when, and how
// many items; and nothing that a person did not leave out is missing.
func TestExclusionsStandWithThePopulation(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.people(admin, manager)
		w.install("1.0.0")
		p := w.populations()
		for _, name := range []string{"web-1", "lab-1", "old-1"} {
			w.report(w.machine(name))
		}
		w.clock.Advance(time.Hour)
		ask := func(edit func(*exclusion.Ask)) exclusion.Ask {
			a := exclusion.Ask{Population: "hosts", Subject: "lab-1", Cause: exclusion.OutOfScope, Reason: "it holds no customer data", Expires: w.clock.Now().AddDate(0, 1, 0)}
			edit(&a)
			return a
		}
		for field, edit := range map[string]func(*exclusion.Ask){
			"subject": func(a *exclusion.Ask) { a.Subject = "lab-9" },
			"cause":   func(a *exclusion.Ask) { a.Cause = "no" },
			"reason":  func(a *exclusion.Ask) { a.Reason = "x" },
			"expires": func(a *exclusion.Ask) { a.Expires = w.clock.Now() },
		} {
			_, err := w.exclusions.Ask(w.ctx, admin, ask(edit))
			wrong(t, field, err, fault.Invalid, field)
		}
		x, err := w.exclusions.Ask(w.ctx, admin, ask(func(*exclusion.Ask) {}))
		w.must(err)
		printer, err := w.exclusions.Ask(w.ctx, admin, ask(func(a *exclusion.Ask) { a.Subject, a.Cause = "name printer-3", exclusion.NotAnItem }))
		w.must(err)
		wrong(t, "self approval", w.exclusions.Approve(w.ctx, admin, x.Ref(), "nobody else was there"), fault.Forbidden, "")
		w.must(errors.Join(w.exclusions.Approve(w.ctx, manager, x.Ref(), ""), w.exclusions.Approve(w.ctx, manager, printer.Ref(), "")))
		_, err = w.exclusions.Ask(w.ctx, admin, ask(func(*exclusion.Ask) {}))
		wrong(t, "twice", err, fault.Conflict, "subject")
		w.must(w.hosts.Retire(w.ctx, admin, w.host("old-1").ID, "it was sold"))
		w.must(w.standards.Tailor(w.ctx, admin, standard.Tailoring{Check: "tiny/forwarding", Exclude: true, Reason: "we route"}))
		_, err = w.hosts.ApplyExclusions(w.ctx)
		w.must(err)
		w.clock.Advance(time.Hour)
		w.number()
		e, err := p.Extract(w.ctx, manager, "hosts", population.Window{})
		w.must(err)
		if e.Count != 1 || e.Excluded != 1 {
			t.Errorf("%d members, %d left out", e.Count, e.Excluded)
		}
		var said []string
		for _, x := range e.Exclusions {
			said = append(said, fmt.Sprintf("%s %s %d %s %s", x.Kind, x.Name, x.Items, x.By, x.ApprovedBy))
		}
		want := []string{"item lab-1 1 usr_admin usr_manager", "scope name printer-3 0 usr_admin usr_manager", "retired old-1 1 usr_admin ",
			"check tiny/forwarding 0 usr_admin ", "where Guessing takes long 0 tiny 1.0.0 ", "where Nobody logs in as root 0 tiny 1.0.0 "}
		if !slices.Equal(said, want) {
			t.Errorf("left out is\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
		}
		// Over a window in which it was in scope for a part, it is a member.
		e, err = p.Extract(w.ctx, manager, "hosts", population.Window{From: start.Add(-time.Hour)})
		w.must(err)
		if e.Count != 3 || e.Excluded != 0 {
			t.Errorf("over the window: %d members, %d left out", e.Count, e.Excluded)
		}
		w.number()
		w.must(w.bound(w.db.Reader()))
		for _, change := range []string{`UPDATE exclusion SET reason = 'other'`, `UPDATE exclusion SET subject = 'hst_x' WHERE number = 1`, `UPDATE exclusion SET subject_name = 'x'`, `UPDATE exclusion SET decided_by = 'x'`} {
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
