package change_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/render/tieout"
	"github.com/xuri/excelize/v2"
)

// hub is a GitHub that tells of a repository.
type hub struct {
	*world
	secret string
	n      int
}

func (w *world) connect(r *repo, set landing.Settings) *hub {
	w.t.Helper()
	if set.Title == "" {
		set.Title = "Billing"
	}
	set.Branch, set.Forge, set.Project = "main", "github", "acme/billing"
	if r != nil {
		set.Path = r.path
	}
	set.Since = day0.Add(-12 * time.Hour)
	_, secret, err := w.Connect(w.ctx, w.ann, "billing", set, false)
	w.must(err)
	return &hub{world: w, secret: secret}
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func (h *hub) send(event string, payload map[string]any) error {
	h.t.Helper()
	payload["repository"] = map[string]any{"full_name": "acme/billing"}
	h.n++
	payload["hook_id"] = h.n
	body, err := json.Marshal(payload)
	h.must(err)
	return h.Deliver(h.ctx, "billing", change.Message{Header: map[string]string{"x-github-event": event, "x-hub-signature-256": sign(h.secret, body), "content-type": "application/json"}, Body: body})
}

func login(name string) map[string]any { return map[string]any{"login": name, "type": "User"} }

type pull struct {
	number              int
	author, title, head string
	commits             int
	landed, merger      string
	at                  time.Time
	labels              []string
}

func (p pull) payload() map[string]any {
	labels := []map[string]any{}
	for _, l := range p.labels {
		labels = append(labels, map[string]any{"name": l})
	}
	out := map[string]any{"number": p.number, "title": p.title, "body": "", "html_url": fmt.Sprintf("https://github.com/acme/billing/pull/%d", p.number), "state": "open", "merged": false, "updated_at": p.at,
		"commits": p.commits, "user": login(p.author), "labels": labels, "base": map[string]any{"ref": "main"}, "head": map[string]any{"ref": "topic", "sha": p.head}}
	if p.landed != "" {
		out["state"], out["merged"], out["merged_at"], out["merge_commit_sha"], out["merged_by"] = "closed", true, p.at, p.landed, login(p.merger)
	}
	return out
}

func (h *hub) pull(p pull) {
	h.t.Helper()
	h.must(h.send("pull_request", map[string]any{"action": "edited", "pull_request": p.payload()}))
}

func (h *hub) review(p pull, who, state, commit string, at time.Time) {
	h.t.Helper()
	h.must(h.send("pull_request_review", map[string]any{"action": "submitted", "review": map[string]any{"user": login(who), "state": state, "commit_id": commit, "submitted_at": at}, "pull_request": p.payload()}))
}

func (h *hub) check(commit, name, conclusion string, at time.Time) {
	h.t.Helper()
	h.must(h.send("check_run", map[string]any{"check_run": map[string]any{"name": name, "head_sha": commit, "status": "completed", "conclusion": conclusion, "completed_at": at}}))
}

// A real repository with merges, a squash, a rebase, a revert, a cherry-pick, a
// direct push and an emergency; a forge that tells of it; deployments of what
// was merged and of what was not.
func TestPopulationOfChanges(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.sequence()
		r := newRepo(t)
		h := w.connect(r, landing.Settings{Hosts: []string{"web-*"}})
		for login, user := range map[string]access.Principal{"carol": w.carol, "bob": w.bob, "ann-gh": w.ann} {
			w.must(w.KnowAs(w.ctx, w.ann, login, user.UserID))
		}
		r.at = day0.Add(-10 * time.Hour)
		at := func() time.Time { return r.at }

		// 1: merged with a merge commit, all as it should be.
		r.git("", "checkout", "-q", "-b", "topic1")
		r.commit("carol", "src/pay.go", "Round amounts")
		head := r.commit("carol", "src/pay_test.go", "Test rounding")
		p1 := pull{number: 1, author: "carol", title: "BIL-7 Round amounts", head: head, commits: 2, at: at()}
		h.pull(p1)
		h.review(p1, "bob", "approved", head, at().Add(10*time.Second))
		m1 := r.merge("bob", "topic1", "Merge pull request #1 from acme/topic1")
		p1.landed, p1.merger, p1.at = m1, "bob", at()
		h.pull(p1)
		h.check(m1, "tests", "success", at().Add(time.Minute))

		// 2: squashed; approved by its author alone; no ticket.
		r.at = r.at.Add(10 * time.Minute)
		r.git("", "checkout", "-q", "-b", "topic2")
		head = r.commit("carol", "infra/main.tf", "Larger machines")
		p2 := pull{number: 2, author: "carol", title: "Larger machines", head: head, commits: 1, at: at()}
		h.review(p2, "carol", "approved", head, at())
		r.git("", "checkout", "-q", "main")
		r.git("", "merge", "-q", "--squash", "topic2")
		r.at = r.at.Add(time.Minute)
		r.git("carol", "commit", "-q", "-m", "Larger machines (#2)")
		m2 := r.head()
		p2.landed, p2.merger, p2.at = m2, "carol", at()
		h.pull(p2)
		h.check(head, "tests", "success", at()) // on the branch, whose content is the same

		// 3: rebased, two commits; approved, then pushed again.
		r.at = r.at.Add(10 * time.Minute)
		r.git("", "checkout", "-q", "-b", "topic3", "HEAD~1")
		reviewed := r.commit("carol", "migrations/7.sql", "BIL-9 A column")
		p3 := pull{number: 3, author: "carol", title: "BIL-9 A column", head: reviewed, commits: 1, at: at()}
		h.pull(p3)
		h.review(p3, "bob", "approved", reviewed, at().Add(time.Second))
		head = r.commit("carol", "migrations/8.sql", "BIL-9 Another")
		p3.head, p3.commits, p3.at = head, 2, at()
		h.pull(p3)
		r.at = r.at.Add(time.Minute)
		r.git("", "checkout", "-q", "-b", "landing3")
		r.git("bob", "rebase", "-q", "main")
		r.git("", "checkout", "-q", "main")
		r.git("", "merge", "-q", "--ff-only", "landing3")
		r.git("", "branch", "-q", "-D", "landing3")
		m3 := r.head()
		p3.landed, p3.merger, p3.at = m3, "bob", at()
		h.pull(p3)

		// A direct push, and its revert by a request that nobody told of.
		r.at = r.at.Add(10 * time.Minute)
		direct := r.commit("carol", "src/pay.go", "Quick fix for BIL-12")
		r.at = r.at.Add(time.Minute)
		r.git("carol", "revert", "--no-edit", direct)
		r.git("carol", "commit", "-q", "--amend", "-m", "Revert \"Quick fix\" (#77)\n\nThis reverts commit "+direct+".")
		claimed := r.head()
		// A message that names a request which landed as something else.
		lie := r.commit("carol", "src/pay.go", "Nothing to see (#1)")
		r.must(w.Read(w.ctx, w.ann, "billing"))

		c1, c2, c3 := w.change(m1), w.change(m2), w.change(m3)
		if c1.Kind != landing.ByMerge || c1.Lines != 3 || c2.Kind != landing.BySquash || c3.Kind != landing.ByRebase || c3.Lines != 2 {
			t.Errorf("they landed as %s (%d), %s and %s (%d)", c1.Kind, c1.Lines, c2.Kind, c3.Kind, c3.Lines)
		}
		for name, want := range map[string]landing.Outcome{landing.Route: landing.Pass, landing.Requested: landing.Pass, landing.Tested: landing.Pass, landing.Approved: landing.Pass, landing.Accepted: landing.NotApplicable,
			landing.Segregated: landing.NotApplicable, landing.Deployed: landing.NotObserved, landing.Intact: landing.Pass} {
			w.says(c1, name, want, "")
		}
		w.says(c1, landing.Approved, landing.Pass, "approved by Bob; written by Carol")
		w.says(c2, landing.Approved, landing.Fail, "Carol wrote some of it")
		w.says(c2, landing.Requested, landing.Fail, "no ticket")
		w.says(c2, landing.Tested, landing.Pass, "the same content")
		w.says(c3, landing.Approved, landing.Fail, "stale: it was given for "+reviewed[:10])
		w.says(c3, landing.Tested, landing.Fail, "no check ran on what landed")
		if strings.Join(c2.Classes, " ") != "infrastructure" || strings.Join(c3.Classes, " ") != "database" {
			t.Errorf("they are %v and %v", c2.Classes, c3.Classes)
		}
		d, c := w.change(direct), w.change(claimed)
		w.says(d, landing.Route, landing.Fail, "pushed directly to main by Carol")
		w.says(d, landing.Approved, landing.Fail, "no request")
		w.says(d, landing.Requested, landing.Pass, "BIL-12")
		w.says(c, landing.Route, landing.NotObserved, "names request 77, of which nothing was received")
		if len(c.Reverts) != 1 || c.Reverts[0] != direct {
			t.Errorf("it reverts %v", c.Reverts)
		}
		w.says(w.change(lie), landing.Route, landing.Fail, "names request 1, which landed as "+m1[:10])
		if got, _, total, err := w.List(w.ctx, w.ann, change.Filter{Attribute: landing.Route, Is: []landing.Outcome{landing.Fail}}, "", 10); err != nil || total != 2 || len(got) != 2 {
			t.Errorf("%d direct pushes, %v", total, err)
		}
		health, err := w.Health(w.ctx, w.ann)
		w.must(err)
		if health[0].Missed != 1 || health[0].Events[landing.RequestSeen] != 6 {
			t.Errorf("deliveries that were missed: %+v", health[0])
		}

		// Deployments: of what was merged by another person, of what was never
		// merged, of a branch before it was merged.
		w.clock.Advance(time.Hour)
		merged, err := w.Deployed(w.ctx, w.bob, change.Report{Repository: "billing", Commit: m1, Hosts: []string{"web-1"}})
		w.must(err)
		if merged.Outcome != landing.Pass || strings.Join(merged.Changes, " ") != c1.Ref() {
			t.Errorf("a deployment of what was merged: %+v", merged)
		}
		w.clock.Advance(time.Hour)
		w.must(w.Read(w.ctx, w.ann, "billing"))
		stray := strings.Repeat("deadbeef", 5)
		unmerged, err := w.Deployed(w.ctx, w.bob, change.Report{Repository: "billing", Commit: stray})
		w.must(err)
		if unmerged.Outcome != landing.NotObserved {
			t.Errorf("of a commit that is not known yet: %+v", unmerged)
		}
		w.clock.Advance(time.Minute)
		w.must(w.Read(w.ctx, w.ann, "billing"))
		unmerged, err = w.Deployment(w.ctx, w.ann, unmerged.Ref())
		w.must(err)
		branch, err := w.Deployed(w.ctx, w.carol, change.Report{Repository: "billing", Commit: reviewed})
		w.must(err)
		for _, dep := range []*landing.Deployment{unmerged, branch} {
			if dep.Outcome != landing.Fail || !strings.Contains(dep.Attributes[0].Reason, "without a merge") {
				t.Errorf("a deployment without a merge: %+v", dep)
			}
		}
		if a := landing.AttributeOf(branch.Attributes, landing.Segregated); a.Outcome != landing.Fail || !strings.Contains(a.Reason, "Carol deployed what they wrote") {
			t.Errorf("its author deployed a branch: %+v", a)
		}
		c1 = w.change(m1)
		w.says(c1, landing.Deployed, landing.Pass, "to production")
		w.says(c1, landing.Segregated, landing.Pass, "written by Carol, deployed by Bob")
		w.says(c1, landing.Merged, landing.Pass, "is on main")
		if c1.Outcome != landing.Pass || c1.Version < 2 {
			t.Errorf("all of it holds, and it is %s in version %d", c1.Outcome, c1.Version)
		}
		_, err = w.Deployed(w.ctx, w.bob, change.Report{Repository: "billing", Commit: "123"})
		w.refused(err, fault.Invalid, "commit")
		_, err = w.Deployed(w.ctx, access.Principal{UserID: "usr_v", Role: access.Viewer}, change.Report{Repository: "billing", Commit: m1})
		w.refused(err, fault.Forbidden, "")

		// What agents saw.
		now := w.clock.Now()
		w.observed = []landing.Observed{{Host: "web-1", ID: "hst_1", Section: "packages", At: now.Add(-55 * time.Minute), Run: "run_1"}, {Host: "db-1", ID: "hst_2", Section: "sysctl", At: now.Add(-30 * time.Minute), Run: "run_2"}}
		w.clock.Advance(time.Minute)
		w.number()
		from, to := day0.Add(-12*time.Hour), w.clock.Now()
		rec, err := w.Reconcile(w.ctx, w.ann, from, to)
		w.must(err)
		if rec.Changes != 6 || rec.Deployed != 1 || len(rec.Direct) != 3 || rec.Deployments != 3 || rec.Tied != 1 || len(rec.Unmerged) != 2 || rec.Observed != 2 || rec.Accounted != 1 || rec.Unexplained[0].Host != "db-1" {
			t.Errorf("it reconciles as %+v", rec)
		}

		// The frozen population, with its tie-out.
		_, err = w.population.Define(w.ctx, w.ann, "changes", population.Content{Title: "Changes", Purpose: "Tested for approval.", Source: "changes", Date: "landed"})
		w.must(err)
		w.must(w.population.Approve(w.ctx, w.bob, "changes", 1, ""))
		e, err := w.population.Extract(w.ctx, w.ann, "changes", population.Window{From: from, To: to})
		w.must(err)
		tied, err := w.population.ReconcileWith(w.ctx, w.ann, e.ID, "deployments")
		w.must(err)
		if e.Count != 6 || tied.A != 6 || tied.MatchedA != 1 || tied.B != 3 || tied.OnlyB() != 2 || tied.Open() != 7 {
			t.Errorf("the population ties out as %d items, %+v", e.Count, tied)
		}
		e, err = w.population.Extraction(w.ctx, e.ID)
		w.must(err)
		content, err := tieout.Gather(w.ctx, w.population, e, "", "test", func([]string) map[string]string { return nil })
		w.must(err)
		var book bytes.Buffer
		w.must(tieout.Write(&book, content))
		x, err := excelize.OpenReader(&book)
		w.must(err)
		defer x.Close()
		items, err := x.GetRows("Items")
		w.must(err)
		lines, err := x.GetRows("Reconciliation 1")
		w.must(err)
		text := fmt.Sprint(items, lines)
		for _, want := range []string{"pushed directly to main by Carol", "only in the second source", unmerged.Ref(), "a deployment without a merge", c1.Ref()} {
			if !strings.Contains(text, want) {
				t.Errorf("the workbook does not say %q", want)
			}
		}
		// The same again at the same size of the ledger, though more came since.
		w.clock.Advance(time.Minute)
		_, err = w.Deployed(w.ctx, w.bob, change.Report{Repository: "billing", Commit: m2})
		w.must(err)
		w.number()
		digest, n, err := w.population.Again(w.ctx, w.ann, e.ID)
		w.must(err)
		if digest != e.Digest || n != e.Count {
			t.Error("the population cannot be extracted again")
		}
		w.checkBound()
	})
}

func (r *repo) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}
