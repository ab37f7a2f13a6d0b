package bulk_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/packs"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// bench is a deployment with findings, hosts, waivers and users.
type bench struct {
	*bulk.Service
	t        *testing.T
	ctx      context.Context
	db       *database.DB
	clock    *clock.Manual
	access   *access.Service
	findings *finding.Service
	hosts    *host.Service
	waivers  *waiver.Service
	changed  int // how often waivers were told of decisions
}

func who(name string, r access.Role) access.Principal {
	return access.Principal{UserID: "usr_" + name, Name: name, Role: r, SessionID: "ses_1"}
}

var (
	ann  = who("ann", access.Responder)
	adam = who("adam", access.Administrator)
	cleo = who("cleo", access.ComplianceManager)
	bob  = who("bob", access.Contributor)
	eve  = who("eve", access.Viewer)
)

func each(t *testing.T, f func(b *bench)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := &bench{t: t, ctx: context.Background(), db: db, clock: clock.NewManual(monday)}
		dir := t.TempDir()
		log, err := ledger.Open(b.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: b.clock.Now})
		b.must(err)
		t.Cleanup(func() { log.Close() })
		b.access, err = access.New(access.Config{DB: db, Ledger: log, Clock: b.clock.Now, FailureTime: -1, Hash: access.HashCost{Memory: 64, Time: 1, Threads: 1}})
		b.must(err)
		standards, err := standard.New(standard.Config{DB: db, Ledger: log, Clock: b.clock.Now})
		b.must(err)
		outcomes := outcome.New(outcome.Config{DB: db, Ledger: log, Clock: b.clock.Now})
		b.findings = finding.New(finding.Config{DB: db, Ledger: log, Clock: b.clock.Now})
		b.waivers, err = waiver.New(waiver.Config{DB: db, Ledger: log, Standards: standards, Outcomes: outcomes, Access: b.access, Clock: b.clock.Now, OnChange: func() { b.changed++ },
			Select: func(context.Context, string, string) ([]waiver.Item, error) {
				return []waiver.Item{{ID: "hst_1", Name: "web-1"}}, nil
			}})
		b.must(err)
		b.hosts, err = host.New(host.Config{DB: db, Ledger: log, Standards: standards, Outcomes: outcomes, Findings: b.findings, Waivers: b.waivers, Clock: b.clock.Now})
		b.must(err)
		b.Service = bulk.New(bulk.Config{DB: db, Ledger: log, Access: b.access, Findings: b.findings, Hosts: b.hosts, Waivers: b.waivers, Clock: b.clock.Now})
		b.must(db.Tx(b.ctx, func(tx *sql.Tx) error {
			for _, p := range []access.Principal{ann, adam, cleo, bob, eve} {
				if _, err := tx.ExecContext(b.ctx, `INSERT INTO access_user (id, login, name, role, created_at) VALUES ($1, $2, $2, $3, 0)`, p.UserID, p.Name, string(p.Role)); err != nil {
					return err
				}
			}
			for i := range 3 {
				if _, err := tx.ExecContext(b.ctx, `INSERT INTO host (id, source, name, owner, first_seen, last_seen, last_observed) VALUES ($1, $2, $3, $4, 0, 0, 0)`,
					fmt.Sprintf("hst_%d", i+1), fmt.Sprintf("src_%d", i+1), fmt.Sprintf("web-%d", i+1), []string{"", "platform", ""}[i]); err != nil {
					return err
				}
			}
			return nil
		}))
		linux, err := packs.Open("linux-server")
		b.must(err)
		_, err = standards.Install(b.ctx, access.System(), linux)
		b.must(err)
		f(b)
	})
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%v (%v)", err, fault.KindOf(err))
	}
}

// fail opens findings F-1 to F-n.
func (b *bench) fail(n int) (refs []string) {
	b.t.Helper()
	for i := range n {
		name := fmt.Sprintf("web-%03d", i+1)
		b.must(b.db.Tx(b.ctx, func(tx *sql.Tx) error {
			_, err := b.findings.Apply(b.ctx, tx, finding.Input{Item: outcome.Item{ID: "hst_" + name, Population: "hosts", Source: "src_" + name, Name: name}, Run: fmt.Sprintf("run_%d", i), Actor: "src_" + name,
				ValidAt: monday, About: func(string, string) finding.About {
					return finding.About{Title: "Root does not log in", Severity: "high"}
				},
				Changes: []outcome.Change{{Check: "c", Attribute: "a", Is: outcome.Fail, Reason: "yes", From: monday}}})
			return err
		}))
		refs = append(refs, fmt.Sprintf("F-%d", i+1))
	}
	return refs
}

// preview chooses and looks.
func (b *bench) preview(p access.Principal, kind string, items []string, params ...string) bulk.Batch {
	b.t.Helper()
	made, err := b.Choose(b.ctx, p, kind, items, "/findings")
	b.must(err)
	m := map[string]string{}
	for i := 0; i < len(params); i += 2 {
		m[params[i]] = params[i+1]
	}
	made, err = b.Preview(b.ctx, p, made.ID, m)
	b.must(err)
	return made
}

func (b *bench) finding(ref string) finding.Finding {
	b.t.Helper()
	f, err := b.findings.Get(b.ctx, ref)
	b.must(err)
	return f
}

// records gives all entries, and holds each against the rows.
func (b *bench) records() []ledger.Record {
	b.t.Helper()
	rows, err := b.db.Reader().QueryContext(b.ctx, `SELECT b.body FROM ledger_entry e JOIN ledger_body b ON b.entry_id = e.id ORDER BY e.ord`)
	b.must(err)
	defer rows.Close()
	bindings := slices.Concat(bulk.Bindings(), finding.Bindings(), waiver.Bindings(), host.Bindings(), access.Bindings())
	var all []ledger.Record
	for rows.Next() {
		var body []byte
		b.must(rows.Scan(&body))
		rec, err := ledger.ParseEntry(body)
		b.must(err)
		all = append(all, rec)
	}
	b.must(rows.Err())
	for _, rec := range all {
		for _, x := range bindings {
			if x.Name == rec.Type {
				if err := x.Check(b.ctx, b.db.Reader(), rec); err != nil {
					b.t.Errorf("%s of %s is not held: %v", rec.Type, rec.Subject, err)
				}
			}
		}
	}
	return all
}

func (b *bench) counted(got bulk.Batch, want bulk.Counts) {
	b.t.Helper()
	if got.Counts != want {
		b.t.Errorf("counts %+v, want %+v", got.Counts, want)
		for _, l := range got.Lines {
			if l.Why != "" {
				b.t.Logf("%s %s: %s", l.Name, l.State, l.Why)
			}
		}
	}
}

// Five hundred findings: some changed after the preview, sent twice at the same
// time, undone after somebody changed one again.
func TestFiveHundred(t *testing.T) {
	each(t, func(b *bench) {
		refs := b.fail(500)
		b.must(b.findings.Acknowledge(b.ctx, bob, "F-7", ""))
		before := len(b.records())
		was := b.finding("F-1")
		began := time.Now()
		p := b.preview(ann, "findings.acknowledge", refs, "note", "on it")
		t := b.t
		t.Logf("a preview of 500 took %v", time.Since(began))
		b.counted(p, bulk.Counts{Will: 499, Cannot: 1})
		if l := p.Lines[6]; l.State != bulk.Cannot || !strings.Contains(l.Why, "F-7 is acknowledged already") {
			t.Errorf("F-7: %+v", l)
		}
		if l := p.Lines[0]; !slices.Equal(l.Changes, []bulk.Change{{What: "State", From: "open", To: "acknowledged"}, {What: "Taken on by", To: "usr_ann"}}) || l.About != "Root does not log in on web-001" {
			t.Errorf("F-1: %+v", l)
		}
		if n := len(b.records()); n != before || b.finding("F-1") != was {
			t.Errorf("the preview left %d entries behind, and F-1 as %+v", n-before, b.finding("F-1"))
		}
		b.must(b.findings.Assign(b.ctx, ann, "F-3", "bob", "")) // concurrently
		before = len(b.records())

		// Sent twice at the same time.
		began = time.Now()
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			wg.Go(func() { _, errs[i] = b.Apply(b.ctx, ann, p.ID, p.Seen) })
		}
		wg.Wait()
		for _, err := range errs {
			b.must(err)
		}
		t.Logf("500 took %v", time.Since(began))
		done, err := b.Apply(b.ctx, ann, p.ID, p.Seen) // and once more
		b.must(err)
		b.counted(done, bulk.Counts{Cannot: 1, Done: 498, Changed: 1})
		if l := done.Lines[2]; l.State != bulk.Changed || l.Why != "somebody changed it after the preview" || b.finding("F-3").State != finding.Open {
			t.Errorf("F-3: %+v, %+v", l, b.finding("F-3"))
		}
		if f := b.finding("F-500"); f.State != finding.Acknowledged || f.AcknowledgedBy != "usr_ann" {
			t.Errorf("F-500: %+v", f)
		}
		all := b.records()[before:]
		kinds, entries := map[string]int{}, map[string]bool{}
		for _, rec := range all {
			kinds[rec.Type]++
			if rec.Type == "finding.acknowledged" {
				entries[rec.ID] = true
				if rec.Data[ledger.TiedBy] != p.ID || rec.Actor != "usr_ann" {
					t.Errorf("the entry %s is not tied: %v", rec.ID, rec.Data)
				}
			}
		}
		if kinds["finding.acknowledged"] != 498 || kinds["bulk.begun"] != 1 || kinds["bulk.ended"] != 1 || len(all) != 500 {
			t.Errorf("entries: %v", kinds)
		}
		for _, l := range done.Lines {
			if (l.State == bulk.WasDone) != entries[l.Entry] {
				t.Errorf("%s is %s with entry %q", l.Name, l.State, l.Entry)
			}
		}

		// Undone, after somebody did something to one of them.
		if want := monday.Add(bulk.UndoFor); !done.UndoUntil.Equal(want) {
			t.Errorf("it can be undone until %v", done.UndoUntil)
		}
		b.must(b.findings.Assign(b.ctx, ann, "F-9", "bob", ""))
		undone, err := b.Undo(b.ctx, ann, p.ID)
		b.must(err)
		b.counted(undone, bulk.Counts{Done: 497, Changed: 1})
		if undone.Undoes != p.ID || b.finding("F-1").State != finding.Open || b.finding("F-9").State != finding.Acknowledged || b.finding("F-7").AcknowledgedBy != "usr_bob" {
			t.Errorf("undone: %+v %+v %+v", undone.Undoes, b.finding("F-1"), b.finding("F-9"))
		}
		again, err := b.Undo(b.ctx, ann, p.ID)
		b.must(err)
		if again.ID != undone.ID || !again.UndoUntil.IsZero() {
			t.Errorf("undone twice: %s and %s", undone.ID, again.ID)
		}
		if _, err := b.Undo(b.ctx, ann, undone.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("an undoing is undone: %v", err)
		}
		b.records()
		b.must(b.db.Tx(b.ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(b.ctx, `UPDATE bulk_line SET state = 'refused' WHERE batch_id = $1 AND seq = 1`, p.ID)
			return err
		}))
		held := 0
		for _, rec := range all {
			if rec.Type == "bulk.ended" && fault.Is(bulk.Bindings()[1].Check(b.ctx, b.db.Reader(), rec), fault.Refused) {
				held++
			}
		}
		if held != 1 {
			t.Error("a line that was changed outside is not seen")
		}
	})
}

// Who may not do it to one may not do it to many, and nobody sees another's preview.
func TestWhoMay(t *testing.T) {
	each(t, func(b *bench) {
		refs := b.fail(2)
		stale, program := adam, adam
		stale.Stale, program.TokenID, program.SessionID = true, "tok_1", ""
		limited := ann
		limited.Only = []access.Action{access.BulkAct, access.HostEdit}
		for _, no := range []struct {
			who   access.Principal
			kind  string
			items []string
		}{{eve, "findings.acknowledge", refs}, {bob, "findings.assign", refs}, {bob, "hosts.edit", []string{"hst_1"}}, {ann, "waivers.approve", []string{"W-1"}},
			{cleo, "users.disable", []string{"bob"}}, {access.System(), "findings.acknowledge", refs}, {limited, "findings.acknowledge", refs}} {
			if _, err := b.Choose(b.ctx, no.who, no.kind, no.items, ""); !fault.Is(err, fault.Forbidden) {
				b.t.Errorf("%s chooses for %s: %v", no.who.UserID, no.kind, err)
			}
		}
		if _, err := b.Choose(b.ctx, ann, "moon.launch", refs, ""); !fault.Is(err, fault.Invalid) {
			b.t.Errorf("no kind: %v", err)
		}
		p := b.preview(ann, "findings.acknowledge", refs)
		for _, other := range []access.Principal{bob, adam} {
			if _, err := b.Get(b.ctx, other, p.ID); !fault.Is(err, fault.NotFound) {
				b.t.Errorf("%s sees another's preview: %v", other.UserID, err)
			}
			if _, err := b.Apply(b.ctx, other, p.ID, p.Seen); !fault.Is(err, fault.NotFound) {
				b.t.Errorf("%s applies another's preview: %v", other.UserID, err)
			}
		}
		demoted := ann
		demoted.Role = access.Viewer
		if _, err := b.Apply(b.ctx, demoted, p.ID, p.Seen); !fault.Is(err, fault.Forbidden) {
			b.t.Errorf("whoever lost the right applies: %v", err)
		}
		_, err := b.Apply(b.ctx, ann, p.ID, p.Seen)
		b.must(err)
		if _, err := b.Get(b.ctx, bob, p.ID); err != nil {
			b.t.Errorf("who may do the same does not see what was done: %v", err)
		}
		if _, err := b.Get(b.ctx, eve, p.ID); !fault.Is(err, fault.Forbidden) {
			b.t.Errorf("a viewer sees it: %v", err)
		}
		// A contributor may release nothing that somebody else took on: each line is refused.
		undone, err := b.Undo(b.ctx, bob, p.ID)
		b.must(err)
		b.counted(undone, bulk.Counts{Refused: 2})

		u := b.preview(adam, "users.disable", []string{"bob"})
		if _, err := b.Apply(b.ctx, stale, u.ID, u.Seen); !access.NeedsProof(err) {
			b.t.Errorf("a stale session disables: %v", err)
		}
		if _, err := b.Apply(b.ctx, program, u.ID, u.Seen); !fault.Is(err, fault.Forbidden) || access.NeedsProof(err) {
			b.t.Errorf("a token disables: %v", err)
		}
		if _, err := b.Preview(b.ctx, stale, u.ID, nil); !access.NeedsProof(err) {
			b.t.Errorf("a stale session tries: %v", err)
		}
		if got, err := b.access.User(b.ctx, adam, "usr_bob"); err != nil || got.Disabled {
			b.t.Errorf("bob is disabled: %v", err)
		}
	})
}

func TestLimits(t *testing.T) {
	each(t, func(b *bench) {
		refs := b.fail(2)
		var many []string
		for i := range bulk.Most + 1 {
			many = append(many, fmt.Sprintf("F-%d", i+1))
		}
		for _, no := range []struct {
			items []string
			says  string
		}{{nil, "no line is chosen"}, {[]string{" ", ""}, "no line is chosen"}, {many, "more than 500"}, {[]string{strings.Repeat("x", 65)}, "is no item"}} {
			if _, err := b.Choose(b.ctx, ann, "findings.acknowledge", no.items, ""); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), no.says) {
				b.t.Errorf("%d items: %v", len(no.items), err)
			}
		}
		f1 := b.finding("F-1")
		p := b.preview(ann, "findings.acknowledge", []string{"F-1", "F-2", f1.ID, "F-1", "F-99"})
		b.counted(p, bulk.Counts{Will: 2, Cannot: 1}) // F-1 once, and one that is not there
		if _, err := b.Apply(b.ctx, ann, p.ID, "something else"); !fault.Is(err, fault.Conflict) {
			b.t.Errorf("what was not seen is applied: %v", err)
		}
		b.clock.Advance(bulk.PreviewFor + time.Second)
		if _, err := b.Apply(b.ctx, ann, p.ID, p.Seen); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "60 minutes") {
			b.t.Errorf("an old preview is applied: %v", err)
		}
		p, err := b.Preview(b.ctx, ann, p.ID, nil)
		b.must(err)
		_, err = b.Apply(b.ctx, ann, p.ID, p.Seen)
		b.must(err)
		if _, err := b.Preview(b.ctx, ann, p.ID, nil); !fault.Is(err, fault.Conflict) {
			b.t.Errorf("what is done is previewed: %v", err)
		}
		none := b.preview(ann, "findings.acknowledge", refs)
		b.counted(none, bulk.Counts{Cannot: 2})
		if _, err := b.Apply(b.ctx, ann, none.ID, none.Seen); !fault.Is(err, fault.Conflict) {
			b.t.Errorf("nothing is applied: %v", err)
		}
		b.clock.Advance(bulk.UndoFor)
		if got, err := b.Get(b.ctx, ann, p.ID); err != nil || !got.UndoUntil.IsZero() {
			b.t.Errorf("it can be undone a day later: %v, %v", got.UndoUntil, err)
		}
		if _, err := b.Undo(b.ctx, ann, p.ID); !fault.Is(err, fault.Conflict) {
			b.t.Errorf("it is undone a day later: %v", err)
		}
		b.clock.Advance(time.Hour)
		b.must(b.Sweep(b.ctx))
		if _, err := b.Get(b.ctx, ann, none.ID); !fault.Is(err, fault.NotFound) {
			b.t.Errorf("an old preview is kept: %v", err)
		}
		if _, err := b.Get(b.ctx, ann, p.ID); err != nil {
			b.t.Errorf("what was done is forgotten: %v", err)
		}
	})
}

func TestAssignMany(t *testing.T) {
	each(t, func(b *bench) {
		refs := b.fail(3)
		b.must(b.findings.Assign(b.ctx, ann, "F-2", "bob", ""))
		made, err := b.Choose(b.ctx, ann, "findings.assign", refs, "")
		b.must(err)
		if _, err := b.Preview(b.ctx, ann, made.ID, map[string]string{"owner": "eve"}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "eve may not") {
			b.t.Errorf("a viewer is to mend them: %v", err)
		}
		p, err := b.Preview(b.ctx, ann, made.ID, map[string]string{"owner": "Bob", "note": "you know sshd"})
		b.must(err)
		b.counted(p, bulk.Counts{Will: 2, Cannot: 1})
		_, err = b.Apply(b.ctx, ann, p.ID, p.Seen)
		b.must(err)
		p = b.preview(adam, "findings.assign", refs, "owner", "ann")
		_, err = b.Apply(b.ctx, adam, p.ID, p.Seen)
		b.must(err)
		undone, err := b.Undo(b.ctx, cleo, p.ID) // whoever may assign
		b.must(err)
		b.counted(undone, bulk.Counts{Done: 3})
		for _, ref := range refs {
			if o := b.finding(ref).Owner; o != "usr_bob" {
				b.t.Errorf("%s is %s's", ref, o)
			}
		}
		b.records()
	})
}

func TestHostsMany(t *testing.T) {
	each(t, func(b *bench) {
		all := []string{"hst_1", "hst_2", "hst_3"}
		made, err := b.Choose(b.ctx, ann, "hosts.edit", all, "/hosts")
		b.must(err)
		if _, err := b.Preview(b.ctx, ann, made.ID, nil); !fault.Is(err, fault.Invalid) {
			b.t.Errorf("nothing is said: %v", err)
		}
		if _, err := b.Preview(b.ctx, ann, made.ID, map[string]string{"environment": strings.Repeat("x", 81)}); !fault.Is(err, fault.Invalid) {
			b.t.Errorf("a long word: %v", err)
		}
		p := b.preview(ann, "hosts.edit", all, "owner", "platform", "environment", "production", "add", "Web edge", "remove", "old")
		b.counted(p, bulk.Counts{Will: 3})
		if l := p.Lines[1]; !slices.Equal(l.Changes, []bulk.Change{{What: "Environment", To: "production"}, {What: "Tags", To: "edge web"}}) {
			b.t.Errorf("web-2, whose owner it is already: %+v", l.Changes)
		}
		b.must(b.hosts.Edit(b.ctx, adam, "hst_3", host.Said{Owner: "lab"}))
		done, err := b.Apply(b.ctx, ann, p.ID, p.Seen)
		b.must(err)
		b.counted(done, bulk.Counts{Done: 2, Changed: 1})
		again := b.preview(ann, "hosts.edit", all[:2], "owner", "platform", "environment", "production")
		b.counted(again, bulk.Counts{Cannot: 2})
		off := b.preview(ann, "hosts.edit", all, "owner", "-", "remove", "web")
		_, err = b.Apply(b.ctx, ann, off.ID, off.Seen)
		b.must(err)
		undone, err := b.Undo(b.ctx, ann, p.ID)
		b.must(err)
		b.counted(undone, bulk.Counts{Changed: 2}) // a later batch changed them
		undone, err = b.Undo(b.ctx, ann, off.ID)
		b.must(err)
		b.counted(undone, bulk.Counts{Done: 3})
		for i, want := range []string{"platform", "platform", "lab"} {
			h, err := b.hosts.Get(b.ctx, all[i])
			if err != nil || h.Owner != want || i < 2 && strings.Join(h.Tags, " ") != "edge web" {
				b.t.Errorf("%s: %+v, %v", all[i], h.Said, err)
			}
		}
		b.records()
	})
}

// Whoever asked for a waiver approves it in no batch either, and what is decided
// is not decided again.
func TestWaiversMany(t *testing.T) {
	each(t, func(b *bench) {
		ask := func(p access.Principal, check, attribute string) string {
			w, err := b.waivers.Ask(b.ctx, p, waiver.Ask{Check: check, Attribute: attribute, Filter: "true", Reason: "the vendor comes in spring", Compensating: "nobody reaches it", Expires: monday.AddDate(0, 1, 0)})
			b.must(err)
			return w.Ref()
		}
		own := ask(cleo, "linux-server/sshd-root-login", "")
		theirs := ask(bob, "linux-server/sshd-empty-passwords", "")
		overlaps := ask(bob, "linux-server/sshd-empty-passwords", "")
		p := b.preview(cleo, "waivers.approve", []string{own, theirs, overlaps})
		b.counted(p, bulk.Counts{Will: 1, Cannot: 2})
		if !strings.Contains(p.Lines[0].Why, "cannot approve") || !strings.Contains(p.Lines[2].Why, theirs+" waives") {
			b.t.Errorf("%+v", p.Lines)
		}
		done, err := b.Apply(b.ctx, cleo, p.ID, p.Seen)
		b.must(err)
		b.counted(done, bulk.Counts{Done: 1, Cannot: 2})
		if w, err := b.waivers.Get(b.ctx, theirs); err != nil || w.State != waiver.Approved || w.DecidedBy != "usr_cleo" || b.changed == 0 {
			b.t.Errorf("%+v, %v", w, err)
		}
		if w, err := b.waivers.Get(b.ctx, own); err != nil || w.State != waiver.Asked {
			b.t.Errorf("%+v, %v", w, err)
		}
		if _, err := b.Undo(b.ctx, cleo, p.ID); !fault.Is(err, fault.Conflict) {
			b.t.Errorf("an approval is undone: %v", err)
		}
		r := b.preview(adam, "waivers.refuse", []string{own, theirs, overlaps}, "note", "mend it")
		b.counted(r, bulk.Counts{Will: 2, Cannot: 1})
		// Between preview and act the last other approver leaves; a refusal still is somebody else's to make.
		b.must(b.waivers.Withdraw(b.ctx, bob, overlaps, "mended"))
		done, err = b.Apply(b.ctx, adam, r.ID, r.Seen)
		b.must(err)
		b.counted(done, bulk.Counts{Done: 1, Changed: 1, Cannot: 1})
		b.records()
	})
}

func TestUsersMany(t *testing.T) {
	each(t, func(b *bench) {
		p := b.preview(adam, "users.disable", []string{"bob", "adam", "eve", "nobody"})
		b.counted(p, bulk.Counts{Will: 2, Cannot: 2})
		done, err := b.Apply(b.ctx, adam, p.ID, p.Seen)
		b.must(err)
		b.counted(done, bulk.Counts{Done: 2, Cannot: 2})
		again := b.preview(adam, "users.disable", []string{"bob"})
		b.counted(again, bulk.Counts{Cannot: 1})
		undone, err := b.Undo(b.ctx, adam, p.ID)
		b.must(err)
		b.counted(undone, bulk.Counts{Done: 2})
		up := b.preview(adam, "users.role", []string{"bob", "cleo"}, "role", "administrator")
		_, err = b.Apply(b.ctx, adam, up.ID, up.Seen)
		b.must(err)
		boss := who("bob", access.Administrator)
		// All others are administrators too: the batch may take all of them but the last.
		down := b.preview(boss, "users.role", []string{"adam", "cleo"}, "role", "viewer")
		b.counted(down, bulk.Counts{Will: 2})
		b.must(b.access.SetRole(b.ctx, adam, "usr_bob", access.Contributor))
		done, err = b.Apply(b.ctx, boss, down.ID, down.Seen)
		b.must(err)
		b.counted(done, bulk.Counts{Done: 1, Refused: 1})
		if l := done.Lines[1]; !strings.Contains(l.Why, "last administrator") || l.Entry != "" {
			b.t.Errorf("%+v", l)
		}
		if got, err := b.access.User(b.ctx, adam, "usr_cleo"); err != nil || got.Role != access.Administrator {
			b.t.Errorf("what was refused was done: %+v, %v", got, err)
		}
		b.records()
	})
}
