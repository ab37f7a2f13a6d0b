package evidence_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
)

// A file is brought, reviewed by another person, superseded and redacted.
func TestLifeOfEvidence(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		if got, _ := f.state(f.quarterly, "2026-03-31"); got != instance.Missed {
			t.Errorf("before anything was brought: %s", got)
		}
		v := f.add(f.ann, f.review(), "ann,admin\n")
		if v.Ref() != "E-1" || v.Version != 1 || v.Size != 10 || v.ContentType != "text/csv; charset=utf-8" || v.Scope != 1 {
			t.Errorf("%+v", v)
		}
		if got, reviewed := f.state(f.quarterly, "2026-03-31"); got != instance.Performed || reviewed {
			t.Errorf("brought, not reviewed: %s %v", got, reviewed)
		}
		if err := f.Decide(f.ctx, f.ann, 1, 1, instance.Accepted, "", "I looked at it myself again."); !fault.Is(err, fault.Forbidden) {
			t.Errorf("reviewed by who brought it: %v", err)
		}
		if err := f.Decide(f.ctx, f.bob, 1, 1, instance.SentBack, "no", ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("sent back without a reason: %v", err)
		}
		f.must(f.Decide(f.ctx, f.bob, 1, 1, instance.SentBack, "The contractors are missing from the export.", ""))
		if got, _ := f.state(f.quarterly, "2026-03-31"); got != instance.Missed {
			t.Errorf("sent back: %s", got)
		}
		second := f.review()
		second.Of, second.Title = 1, "Access review Q1, with contractors"
		v = f.add(f.ann, second, "ann,admin\ncarl,guest\n")
		if v.Ref() != "E-1" || v.Version != 2 {
			t.Errorf("second version: %s %d", v.Ref(), v.Version)
		}
		if err := f.Decide(f.ctx, f.bob, 1, 1, instance.Accepted, "", ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("review of a version that was superseded: %v", err)
		}
		f.must(f.Decide(f.ctx, f.bob, 1, 2, instance.Accepted, "", ""))
		if err := f.Decide(f.ctx, f.bob, 1, 2, instance.Accepted, "", ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("accepted twice: %v", err)
		}
		if got, reviewed := f.state(f.quarterly, "2026-03-31"); got != instance.Performed || !reviewed {
			t.Errorf("accepted: %s %v", got, reviewed)
		}
		r, _, err := f.Open(f.ctx, f.bob, 1, 1)
		f.must(err)
		content, err := io.ReadAll(r)
		r.Close()
		if err != nil || string(content) != "ann,admin\n" {
			t.Errorf("the first version is still %q, %v", content, err)
		}
		all, err := f.Look(f.ctx, f.bob, 1)
		f.must(err)
		if len(all) != 2 || all[1].Collected != "collected after the instance was due" || all[1].Late || !all[1].Stale.Equal(day("2026-07-01")) {
			t.Errorf("seen: %+v", all[1])
		}
		for _, rec := range f.records("evidence.") {
			if strings.Contains(string(rec.Raw), "contractors") || strings.Contains(string(rec.Raw), "review.csv") {
				t.Error("what a person wrote stands in the ledger itself")
			}
			f.must(evidence.Bound(f.ctx, db.Reader(), rec))
		}
		if err := f.Redact(f.ctx, f.bob, 1, 2, "x"); !fault.Is(err, fault.Invalid) {
			t.Errorf("redaction without a basis: %v", err)
		}
		f.must(f.Redact(f.ctx, f.bob, 1, 2, "erasure request under article 17 GDPR"))
		if _, _, err := f.Open(f.ctx, f.bob, 1, 2); !fault.Is(err, fault.NotFound) {
			t.Errorf("the content after redaction: %v", err)
		}
		if n := f.files(); n != 1 {
			t.Errorf("%d files after redaction, want the first version's alone", n)
		}
		for _, rec := range f.records("evidence.") {
			f.must(evidence.Bound(f.ctx, db.Reader(), rec))
		}
		if got, reviewed := f.state(f.quarterly, "2026-03-31"); got != instance.Performed || !reviewed {
			t.Errorf("a redaction undoes what a reviewer saw: %s %v", got, reviewed)
		}
	})
}

func TestOnePersonFirmReviewsWithCompensation(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	f.must(f.access.Disable(f.ctx, access.System(), f.ann.UserID))
	f.add(f.bob, f.review(), "x")
	err := f.Decide(f.ctx, f.bob, 1, 1, instance.Accepted, "", "")
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Field != "compensation" {
		t.Fatalf("alone and silently: %v", err)
	}
	f.must(f.Decide(f.ctx, f.bob, 1, 1, instance.Accepted, "", "Our adviser looks through all of it in May."))
	all, err := f.Get(f.ctx, f.bob, 1)
	f.must(err)
	if r := all[0].Reviews[0]; !strings.Contains(r.Compensation, "adviser") {
		t.Errorf("%+v", r)
	}
}

// Mistakes that people make, each with the field that is wrong.
func TestMistakes(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	for _, tc := range []struct {
		name, field string
		edit        func(n *evidence.New)
	}{
		{"no title", "title", func(n *evidence.New) { n.Title = " " }},
		{"a book as title", "title", func(n *evidence.New) { n.Title = strings.Repeat("x", 200) }},
		{"bytes", "description", func(n *evidence.New) { n.Description = "\xff\xfe" }},
		{"no source", "source", func(n *evidence.New) { n.Source = "" }},
		{"no kind", "kind", func(n *evidence.New) { n.Kind = "photo" }},
		{"a link that is none", "address", func(n *evidence.New) { n.Kind, n.Address = evidence.Link, "javascript:alert(1)" }},
		{"a link with a password", "address", func(n *evidence.New) { n.Kind, n.Address = evidence.Link, "https://ann:secret@example.org/" }},
		{"no date", "performed", func(n *evidence.New) { n.Performed = time.Time{} }},
		{"performed tomorrow", "performed", func(n *evidence.New) { n.Performed = day("2026-04-21") }},
		{"collected tomorrow", "collected", func(n *evidence.New) { n.Collected = day("2026-04-21") }},
		{"performed after collected", "performed", func(n *evidence.New) { n.Collected = day("2026-03-29") }},
		{"the period ends before it begins", "to", func(n *evidence.New) { n.From, n.To = n.To, n.From }},
		{"performed before its period", "performed", func(n *evidence.New) { n.From = day("2026-03-31"); n.To = day("2026-04-02") }},
		{"covers what has not come", "to", func(n *evidence.New) { n.To = day("2026-06-01") }},
		{"no instance", "covers", func(n *evidence.New) { n.Covers = nil }},
		{"an instance that is none", "covers", func(n *evidence.New) { n.Covers[0].Instance = "2026-02-28" }},
		{"an instance to come", "covers", func(n *evidence.New) { n.Covers[0].Instance = "2026-09-30" }},
		{"a control that is none", "covers", func(n *evidence.New) { n.Covers[0].Control = "nonesuch" }},
		{"a role that is none", "covers", func(n *evidence.New) { n.Covers[0].Role = "hint" }},
		{"performed before the instance began", "performed", func(n *evidence.New) { n.Covers[0].Instance = "2026-06-30" }},
		{"a count without a number", "items", func(n *evidence.New) { n.Covers[0].Role, n.Covers[0].Items = instance.AsPopulation, -1 }},
		{"a count of half a quarter", "to", func(n *evidence.New) {
			n.Covers = []evidence.Cover{{Control: f.triggered, Instance: "2026-03-31", Role: instance.AsPopulation}}
			n.To = day("2026-03-30").AddDate(0, 0, 1)
		}},
		{"a frequency's control as counted", "covers", func(n *evidence.New) { n.Covers[0].Role = instance.AsPopulation }},
	} {
		n := f.review()
		tc.edit(&n)
		_, err := f.Add(f.ctx, f.ann, n, strings.NewReader("x"))
		var fe *fault.Error
		if !errors.As(err, &fe) || fe.Kind != fault.Invalid || fe.Field != tc.field {
			t.Errorf("%s: %v, want field %s", tc.name, err, tc.field)
		}
	}
	if _, err := f.Add(f.ctx, access.Principal{UserID: "usr_9", Role: access.Viewer}, f.review(), strings.NewReader("x")); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a viewer adds: %v", err)
	}
	n := f.review()
	n.Of = 7
	if _, err := f.Add(f.ctx, f.ann, n, strings.NewReader("x")); !fault.Is(err, fault.NotFound) {
		t.Errorf("a version of nothing: %v", err)
	}
	if f.files() != 0 || len(f.records("evidence.")) != 0 {
		t.Errorf("refused evidence left %d files and %d entries", f.files(), len(f.records("evidence.")))
	}
}

func TestRetiredControl(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	f.must(f.controls.Retire(f.ctx, f.bob, f.quarterly, "replaced by a tool"))
	n := f.review()
	n.Performed, n.To, n.Covers[0].Instance = day("2026-04-19"), day("2026-04-20"), "2026-06-30"
	_, err := f.Add(f.ctx, f.ann, n, strings.NewReader("x"))
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "retired on 20 Apr 2026") {
		t.Errorf("an instance after retirement: %v", err)
	}
	f.add(f.ann, f.review(), "x") // the quarter before it was retired still counts
}

// brokenOff ends in the middle, as a connection that is cut does.
type brokenOff struct {
	io.Reader
	err error
}

func (b brokenOff) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

// What cannot be stored whole leaves nothing behind.
func TestUploadsThatFail(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	for _, tc := range []struct {
		name    string
		content io.Reader
		want    string
	}{
		{"half an upload", brokenOff{strings.NewReader("half of"), io.ErrUnexpectedEOF}, "ended before the file was whole"},
		{"too large", strings.NewReader(strings.Repeat("x", 1001)), "larger than 1.0 kB, the most that is taken"},
		{"empty", strings.NewReader(""), "the file is empty"},
		{"none", nil, "no file was chosen"},
	} {
		_, err := f.Add(f.ctx, f.ann, f.review(), tc.content)
		var fe *fault.Error
		if !errors.As(err, &fe) || fe.Kind != fault.Invalid || fe.Field != "file" || !strings.Contains(fe.Message, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
		if n := f.files(); n != 0 {
			t.Errorf("%s: %d files are left", tc.name, n)
		}
	}
	if err := f.Room(2 << 30); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "1.0 kB") {
		t.Errorf("two gigabytes announced: %v", err)
	}
	f.add(f.ann, f.review(), strings.Repeat("x", 1000))
	if len(f.records("evidence.")) != 1 {
		t.Error("failed uploads left entries")
	}
	full := evidence.NewService(evidence.Config{DB: f.db, Ledger: f.log, Blobs: f.blobs, Clock: f.clock.Now, MaxSize: 1000, MinFree: 1 << 20, Free: func() (int64, error) { return 1 << 19, nil }})
	if _, err := full.Add(f.ctx, f.ann, f.review(), strings.NewReader("y")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a disk that is nearly full: %v", err)
	}
	if n := f.files(); n != 1 {
		t.Errorf("%d files, want 1", n)
	}
}

// Content that a process stored before it died is removed; what evidence names stays.
func TestSweep(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	v := f.add(f.ann, f.review(), "kept")
	orphan, _, err := f.blobs.Put(f.ctx, strings.NewReader("orphan"), 100)
	f.must(err)
	n, err := f.Sweep(f.ctx)
	if err != nil || n != 1 {
		t.Errorf("swept %d, %v", n, err)
	}
	for digest, want := range map[string]bool{v.Digest: true, orphan: false} {
		if _, ok, err := f.blobs.Has(digest); err != nil || ok != want {
			t.Errorf("%s is there: %v, %v", digest, ok, err)
		}
	}
}

func TestFileNames(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	for i, tc := range []struct{ given, want, contentType, content string }{
		{"../../x", "x", "application/octet-stream", "a"},
		{`C:\Users\ann\review.pdf`, "review.pdf", "application/pdf", "%PDF-1.7 b"},
		{"..", "file", "application/octet-stream", "c"},
		{"", "file", "application/octet-stream", "d"},
		{"a\x00b\r\n.txt", "ab.txt", "text/plain; charset=utf-8", "plain"},
		{"page.html", "page.html", "application/octet-stream", "<script>alert(1)</script>"},
		{"picture.png", "picture.png", "application/octet-stream", "<html><script>alert(1)</script>"},
		{"drawing.svg", "drawing.svg", "application/octet-stream", "<svg onload=alert(1)>"},
		{"Überprüfung “Q1”.csv", "Überprüfung “Q1”.csv", "text/csv; charset=utf-8", "a,b"},
		{strings.Repeat("é", 300) + ".pdf", strings.Repeat("é", 88) + ".pdf", "application/pdf", "%PDF-1.7 e"},
		{"sheet.xlsx", "sheet.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "PK\x03\x04 rest"},
	} {
		n := f.review()
		n.FileName = tc.given
		v := f.add(f.ann, n, tc.content)
		if v.FileName != tc.want || v.ContentType != tc.contentType {
			t.Errorf("%d %q: %q %q, want %q %q", i, tc.given, v.FileName, v.ContentType, tc.want, tc.contentType)
		}
	}
}

func TestListAndTwins(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.add(f.ann, f.review(), "same")
		late := f.review()
		late.Title, late.Performed, late.To = "Access review, late", day("2026-04-10"), day("2026-04-11")
		f.add(f.ann, late, "same")
		link := f.review()
		link.Kind, link.Title, link.Address, link.Covers = evidence.Link, "Board minutes", "https://example.org/minutes/7", []evidence.Cover{{Control: f.yearly, Instance: "2026-12-31"}}
		f.add(f.bob, link, "")
		f.must(f.Decide(f.ctx, f.bob, 1, 1, instance.Accepted, "", ""))
		for _, tc := range []struct {
			f    evidence.Filter
			want string
		}{
			{evidence.Filter{}, "E-3 E-2 E-1"},
			{evidence.Filter{Limit: 2}, "E-3 E-2 more"},
			{evidence.Filter{Limit: 2, Below: 2}, "E-1"},
			{evidence.Filter{Control: f.yearly}, "E-3"},
			{evidence.Filter{State: "waiting"}, "E-3 E-2"},
			{evidence.Filter{State: "accepted"}, "E-1"},
			{evidence.Filter{State: "late"}, "E-2"},
			{evidence.Filter{State: "twins"}, "E-2 E-1"},
			{evidence.Filter{State: "stale"}, ""},
			{evidence.Filter{Text: "MINUTES"}, "E-3"},
			{evidence.Filter{Text: "e-2"}, "E-2"},
		} {
			list, more, err := f.List(f.ctx, f.bob, tc.f)
			f.must(err)
			var got []string
			for _, x := range list {
				got = append(got, x.Ref())
			}
			if more {
				got = append(got, "more")
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("%+v: %v, want %s", tc.f, got, tc.want)
			}
		}
		if _, _, err := f.List(f.ctx, f.bob, evidence.Filter{State: "lost"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a state that is none: %v", err)
		}
		f.clock.Advance(80 * 24 * time.Hour) // July: the next quarter is due
		sum, err := f.Summary(f.ctx, f.bob)
		if err != nil || sum.All != 3 || sum.States["stale"] != 2 || sum.States["waiting"] != 2 || sum.States["twins"] != 2 || len(sum.People) != 2 {
			t.Errorf("%+v %v", sum, err)
		}
		for _, tc := range []struct {
			f    evidence.Filter
			want int
		}{{evidence.Filter{Fresh: "stale"}, 2}, {evidence.Filter{Fresh: "fresh"}, 1}, {evidence.Filter{Fresh: "soon"}, 0}, {evidence.Filter{By: f.ann.UserID}, 2}, {evidence.Filter{By: f.bob.UserID}, 1}} {
			if list, _, err := f.List(f.ctx, f.bob, tc.f); err != nil || len(list) != tc.want {
				t.Errorf("%+v: %d items, %v, want %d", tc.f, len(list), err, tc.want)
			}
		}
		if _, _, err := f.List(f.ctx, f.bob, evidence.Filter{Fresh: "crisp"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a freshness that is none: %v", err)
		}
	})
}

// What sets a control off is recorded, performed, waived, withdrawn.
func TestTriggeredControl(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		key, err := f.instances.SetOff(f.ctx, f.ann, f.triggered, instance.Trigger{Occurred: day("2026-03-02").Add(14 * time.Hour), Due: day("2026-03-09"), What: "ticket 1207"})
		f.must(err)
		if key != "2026-03-02.1" {
			t.Errorf("key %s", key)
		}
		second, err := f.instances.SetOff(f.ctx, f.ann, f.triggered, instance.Trigger{Occurred: day("2026-03-02").Add(15 * time.Hour), What: "ticket 1208"})
		f.must(err)
		if second != "2026-03-02.2" {
			t.Errorf("second key %s", second)
		}
		f.must(f.instances.Say(f.ctx, f.ann, f.triggered, second, instance.Withdrawn, "It was the same ticket, counted twice."))
		if got, _ := f.state(f.triggered, second); got != "" {
			t.Errorf("withdrawn: %s", got)
		}
		if got, _ := f.state(f.triggered, key); got != instance.Missed {
			t.Errorf("without evidence: %s", got)
		}
		n := f.review()
		n.Performed, n.From, n.To, n.Covers = day("2026-03-02"), day("2026-03-02"), day("2026-03-03"), []evidence.Cover{{Control: f.triggered, Instance: key}}
		f.add(f.ann, n, "done")
		if got, _ := f.state(f.triggered, key); got != instance.Performed {
			t.Errorf("performed on the same day: %s", got)
		}
		f.must(f.instances.Say(f.ctx, f.bob, f.quarterly, "2026-03-31", instance.Waived, "The reviewer was on leave, nobody stood in."))
		if got, _ := f.state(f.quarterly, "2026-03-31"); got != instance.Waiver {
			t.Errorf("waived: %s", got)
		}
		for name, tc := range map[string]struct {
			err  error
			want fault.Kind
		}{
			"waived twice":             {f.instances.Say(f.ctx, f.bob, f.quarterly, "2026-03-31", instance.Waived, "The reviewer was on leave."), fault.Conflict},
			"resumed without waiver":   {f.instances.Say(f.ctx, f.bob, f.yearly, "2026-12-31", instance.Resumed, "It is performed after all."), fault.Conflict},
			"withdrawn by frequency":   {f.instances.Say(f.ctx, f.bob, f.quarterly, "2026-03-31", instance.Withdrawn, "It was recorded in error."), fault.Invalid},
			"an instance that is none": {f.instances.Say(f.ctx, f.bob, f.quarterly, "2026-03-30", instance.Waived, "It was recorded in error."), fault.NotFound},
			"one to come":              {f.instances.Say(f.ctx, f.bob, f.quarterly, "2026-12-31", instance.Waived, "The reviewer will be away."), fault.Invalid},
			"without words":            {f.instances.Say(f.ctx, f.bob, f.quarterly, "2026-03-31", instance.Resumed, "no"), fault.Invalid},
			"by a contributor":         {f.instances.Say(f.ctx, access.Principal{UserID: "usr_8", Role: access.Contributor}, f.quarterly, "2026-03-31", instance.Resumed, "It is performed after all."), fault.Forbidden},
			"set off tomorrow":         {second2(f.instances.SetOff(f.ctx, f.ann, f.triggered, instance.Trigger{Occurred: day("2026-04-21"), What: "ticket"})), fault.Invalid},
			"due before it happened":   {second2(f.instances.SetOff(f.ctx, f.ann, f.triggered, instance.Trigger{Occurred: day("2026-04-10"), Due: day("2026-04-09"), What: "ticket"})), fault.Invalid},
			"before it was adopted":    {second2(f.instances.SetOff(f.ctx, f.ann, f.triggered, instance.Trigger{Occurred: day("2025-12-10"), What: "ticket"})), fault.Invalid},
			"a frequency's control":    {second2(f.instances.SetOff(f.ctx, f.ann, f.quarterly, instance.Trigger{Occurred: day("2026-04-10"), What: "ticket"})), fault.Invalid},
		} {
			if !fault.Is(tc.err, tc.want) {
				t.Errorf("%s: %v, want %s", name, tc.err, tc.want)
			}
		}
		// Nothing set it off from April to June: counted, and accepted.
		f.clock.Advance(80 * 24 * time.Hour)
		n = f.review()
		n.Title, n.Performed, n.From, n.To = "Tickets of the second quarter", day("2026-07-02"), day("2026-04-01"), day("2026-07-01")
		n.Covers = []evidence.Cover{{Control: f.triggered, Instance: "2026-06-30", Role: instance.AsPopulation, Items: 0}}
		v := f.add(f.ann, n, "no rows")
		f.must(f.Decide(f.ctx, f.bob, v.Number, 1, instance.Accepted, "", ""))
		if got, reviewed := f.state(f.triggered, "2026-06-30"); got != instance.NoTrigger || !reviewed {
			t.Errorf("counted as none: %s %v", got, reviewed)
		}
		for _, rec := range f.records("instance.") {
			f.must(instance.Bound(f.ctx, db.Reader(), rec))
		}
	})
}

func second2[T any](_ T, err error) error { return err }

// What was changed behind the product's back is refused.
func TestBinding(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.add(f.ann, f.review(), "a")
		f.must(f.Decide(f.ctx, f.bob, 1, 1, instance.Accepted, "complete, and signed by both", ""))
		_, err := f.instances.SetOff(f.ctx, f.ann, f.triggered, instance.Trigger{Occurred: day("2026-03-02"), What: "ticket 1207"})
		f.must(err)
		verify := func(q database.Querier) error {
			for _, kind := range []string{"evidence.", "instance."} {
				for _, rec := range f.records(kind) {
					for _, bound := range []func() error{func() error { return evidence.Bound(f.ctx, q, rec) }, func() error { return instance.Bound(f.ctx, q, rec) }} {
						if err := bound(); err != nil {
							return err
						}
					}
				}
			}
			return nil
		}
		f.must(verify(db.Reader()))
		for name, sabotage := range map[string]string{
			"a date":            `UPDATE evidence_version SET performed_at = performed_at - 1`,
			"a digest":          `UPDATE evidence_version SET digest = 'x'`,
			"a title":           `UPDATE evidence_version SET title = 'Another review'`,
			"a false redaction": `UPDATE evidence_version SET redacted_by = 'ent_x', title = '', description = '', source = '', query = '', address = '', file_name = ''`,
			"who brought it":    `UPDATE evidence_version SET made_by = 'usr_x'`,
			"what it covers":    `UPDATE evidence_cover SET instance = '2026-06-30'`,
			"a decision":        `UPDATE evidence_review SET decision = 'sent_back'`,
			"a reviewer":        `UPDATE evidence_review SET made_by = 'usr_x'`,
			"a reason":          `UPDATE evidence_review SET reason = 'fine'`,
			"a review":          `DELETE FROM evidence_review`,
			"evidence":          `DELETE FROM evidence_version`,
			"a trigger":         `UPDATE instance_event SET due_at = due_at + 1`,
			"an event":          `DELETE FROM instance_event`,
			"an event's words":  `UPDATE instance_event SET reason = 'ticket 1'`,
		} {
			err := db.Tx(f.ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(f.ctx, sabotage); err != nil {
					return err
				}
				if err := verify(tx); err != nil {
					return err
				}
				return fmt.Errorf("nothing was noticed")
			})
			if !fault.Is(err, fault.Refused) {
				t.Errorf("changing %s: %v", name, err)
			}
		}
	})
}

// A secret in what a person writes never reaches the ledger's commitments.
func TestSecretIsRefused(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	n := f.review()
	n.Query = "curl -H 'Authorization: Bearer ghp_0123456789abcdefghijABCDEFGHIJ012345'"
	if _, err := f.Add(f.ctx, f.ann, n, strings.NewReader("x")); !fault.Is(err, fault.Invalid) {
		t.Errorf("a token in the query: %v", err)
	}
	if n := f.files(); n != 0 {
		t.Errorf("%d files are left of what was refused", n)
	}
}

func FuzzFileName(f *testing.F) {
	for _, name := range []string{"../../x", `..\..\x.pdf`, "a\x00b", strings.Repeat("é", 300), "\xff\xfe", " . "} {
		f.Add(name, []byte("%PDF-1.7"))
	}
	f.Fuzz(func(t *testing.T, name string, head []byte) {
		clean := evidence.CleanName(name)
		if clean == "" || len(clean) > 180 || strings.ContainsAny(clean, "/\\\x00\r\n\"") || clean == "." || clean == ".." || !utf8.ValidString(clean) {
			t.Errorf("%q became %q", name, clean)
		}
		if typ := evidence.ContentType(clean, head); strings.Contains(typ, "html") || strings.Contains(typ, "svg") || strings.Contains(typ, "script") || strings.Contains(typ, "xml;") {
			t.Errorf("%q is served as %s", name, typ)
		}
	})
}
