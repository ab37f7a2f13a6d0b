package change_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
)

// open gives the checks of which a finding is live, sorted.
func (w *world) open() []string {
	w.t.Helper()
	page, err := w.finding.List(w.ctx, finding.Filter{States: []finding.State{finding.Open, finding.Acknowledged}}, finding.ByUrgency, "", 50)
	w.must(err)
	var out []string
	for _, f := range page.Findings {
		out = append(out, strings.TrimPrefix(f.Check, "repository/"))
	}
	slices.Sort(out)
	return out
}

func (w *world) live(want ...string) {
	w.t.Helper()
	if got := w.open(); !slices.Equal(got, want) {
		w.t.Errorf("findings: %q, want %q", got, want)
	}
}

// What does not hold of changes and deployments is a finding of its repository,
// until somebody who did not make it has answered for it.
func TestDeviationsBecomeFindings(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		r := newRepo(t)
		h := w.connect(r, landing.Settings{ReviewHours: 24})
		for login, user := range map[string]access.Principal{"carol": w.carol, "bob": w.bob} {
			w.must(w.KnowAs(w.ctx, w.ann, login, user.UserID))
		}
		w.must(w.Read(w.ctx, w.ann, "billing"))
		w.live()
		item, _, total, err := w.hosts.List(w.ctx, host.Filter{Population: host.Repositories}, "", 10)
		w.must(err)
		if total != 1 || item[0].Name != "billing" || item[0].OS != "branch main" || item[0].Counts.Pass == 0 || item[0].Counts.NotObserved == 0 {
			t.Fatalf("the population holds %d: %+v", total, item)
		}

		// One that is all right, tested, and one that was pushed past everybody.
		r.git("", "checkout", "-q", "-b", "topic")
		head := r.commit("carol", "src/pay.go", "Round amounts")
		p := pull{number: 1, author: "carol", title: "BIL-7 Round amounts", head: head, commits: 1, at: r.at}
		h.review(p, "bob", "approved", head, r.at.Add(time.Second))
		p.landed, p.merger = r.merge("bob", "topic", "Merge pull request #1 from acme/topic"), "bob"
		p.at = r.at
		h.pull(p)
		h.check(p.landed, "tests", "success", r.at.Add(time.Second))
		direct := r.commit("carol", "src/pay.go", "BIL-9 Quick fix")
		h.check(direct, "tests", "success", r.at.Add(time.Second))
		w.clock.Advance(time.Hour)
		w.must(w.Read(w.ctx, w.ann, "billing"))
		w.live("changes-by-request")
		ch := w.change(direct)
		w.refused(w.AnswerFor(w.ctx, w.carol, ch.Ref(), "I looked at it myself, and it is good.", ""), fault.Forbidden, "")
		w.refused(w.AnswerFor(w.ctx, w.bob, ch.Ref(), "ok", ""), fault.Invalid, "10 to 500")
		w.must(w.AnswerFor(w.ctx, w.bob, ch.Ref(), "Read line by line with Carol; the branch is protected now.", ""))
		w.live()
		ch = w.change(direct)
		w.says(ch, landing.Route, landing.Fail, "pushed directly") // what happened stays as it was
		if len(ch.Answers) != 1 || ch.Answers[0].By.Key != w.bob.UserID || !slices.Equal(ch.Answers[0].About, []string{landing.Route, landing.Approved}) {
			t.Errorf("the answers are %+v", ch.Answers)
		}
		w.refused(w.AnswerFor(w.ctx, w.bob, ch.Ref(), "Read again, and nothing else was found.", ""), fault.Conflict, "nothing of")
		if _, _, n, err := w.List(w.ctx, w.ann, change.Filter{Flag: "unanswered"}, "", 10); err != nil || n != 0 {
			t.Errorf("%d changes wait for an answer, %v", n, err)
		}

		// A deployment of what was never merged; then, after staging, one that was.
		w.clock.Advance(time.Hour)
		w.must(w.Read(w.ctx, w.ann, "billing"))
		stray, err := w.Deployed(w.ctx, w.bob, change.Report{Repository: "billing", Commit: head, Hosts: []string{"web-1"}})
		w.must(err)
		w.live("deployments-merged")
		w.refused(w.AnswerFor(w.ctx, w.bob, stray.Ref(), "It was the branch of the merge, by mistake.", ""), fault.Forbidden, "")
		w.must(w.AnswerFor(w.ctx, w.ann, stray.Ref(), "It was the branch of the merge, by mistake; the pipeline takes main alone.", ""))
		w.live()
		w.clock.Advance(time.Hour)
		_, err = w.Deployed(w.ctx, w.bob, change.Report{Repository: "billing", Commit: p.landed, Environment: "staging", Hosts: []string{"web-1"}})
		w.must(err)
		w.live("environments-apart")
		w.clock.Advance(time.Hour)
		_, err = w.Deployed(w.ctx, w.bob, change.Report{Repository: "billing", Commit: p.landed, Hosts: []string{"web-2"}})
		w.must(err)
		w.live("environments-apart")

		// An emergency waits for its review until its day; then it is a finding.
		urgent := r.commit("carol", "src/pay.go", "BIL-11 Stop double charges")
		h.check(urgent, "tests", "success", r.at.Add(time.Second))
		w.clock.Advance(time.Hour)
		w.must(w.Read(w.ctx, w.ann, "billing"))
		ch, err = w.DeclareEmergency(w.ctx, w.carol, w.change(urgent).Ref(), "Customers were charged twice.")
		w.must(err)
		if want := ch.At.Add(24 * time.Hour); !ch.Due.Equal(want) {
			t.Errorf("its review is due %s, want %s", ch.Due, want)
		}
		w.live("environments-apart")

		// Nothing new, and nothing that time alone decides: nothing is derived.
		derived := w.repository("billing").DerivedAt
		w.clock.Advance(time.Hour)
		w.must(w.ReadAll(w.ctx))
		if got := w.repository("billing"); !got.DerivedAt.Equal(derived) || !got.ReadAt.Equal(w.clock.Now()) {
			t.Errorf("derived at %s, read at %s; it was derived at %s and nothing came since", got.DerivedAt, got.ReadAt, derived)
		}
		w.clock.Advance(24 * time.Hour)
		w.must(w.ReadAll(w.ctx))
		w.live("emergencies-reviewed", "environments-apart")
		w.must(w.AnswerFor(w.ctx, w.bob, ch.Ref(), "Looked at late, because nobody was told; a notice is sent now.", ""))
		w.live("environments-apart")

		// History is rewritten: what was known stays, and is a finding.
		r.git("", "reset", "-q", "--hard", "HEAD~1")
		w.clock.Advance(time.Hour)
		w.must(w.Read(w.ctx, w.ann, "billing"))
		w.live("environments-apart", "history-intact")
		w.says(w.change(urgent), landing.Intact, landing.Fail, "history was rewritten")

		// A repository that is followed no longer leaves the population.
		w.must(w.Remove(w.ctx, w.ann, "billing"))
		w.live()
		_, _, total, err = w.hosts.List(w.ctx, host.Filter{Population: host.Repositories}, "", 10)
		w.must(err)
		if total != 0 {
			t.Errorf("%d repositories are left", total)
		}
	})
}

func (w *world) repository(slug string) *change.Repository {
	w.t.Helper()
	r, err := w.Repository(w.ctx, w.ann, slug)
	w.must(err)
	return r
}
