package change_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
)

// A delivery is taken once, and only as its secret signs it; whoever guesses
// names learns nothing.
func TestDeliveries(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		h := w.connect(nil, landing.Settings{})
		body, err := json.Marshal(map[string]any{"ref": "refs/heads/main", "after": strings.Repeat("ab", 20), "repository": map[string]any{"full_name": "acme/billing"}})
		w.must(err)
		message := func(secret, id string) change.Message {
			return change.Message{Header: map[string]string{"x-github-event": "push", "x-github-delivery": id, "x-hub-signature-256": sign(secret, body)}, Body: body}
		}
		events := func() int64 {
			all, err := w.Health(w.ctx, w.ann)
			w.must(err)
			return all[0].Events[landing.Pushed]
		}
		w.refused(w.Deliver(w.ctx, "billing", message("guessed", "1")), fault.Forbidden, "not signed")
		w.refused(w.Deliver(w.ctx, "nothing-here", message(h.secret, "1")), fault.Forbidden, "not signed")
		r, err := w.Repository(w.ctx, w.ann, "billing")
		w.must(err)
		if r.RefusedAt.IsZero() || !strings.Contains(r.Refused, "signature") || !r.DeliveredAt.IsZero() || events() != 0 {
			t.Errorf("a refused delivery is kept as %q, %d events", r.Refused, events())
		}
		w.must(w.Deliver(w.ctx, "billing", message(h.secret, "1")))
		w.refused(w.Deliver(w.ctx, "billing", message(h.secret, "2")), fault.Conflict, "taken already")
		if events() != 1 {
			t.Errorf("%d events of one push", events())
		}
		// A new secret holds alone; without a forge there is none.
		old := h.secret
		_, fresh, err := w.Connect(w.ctx, w.ann, "billing", r.Settings, true)
		w.must(err)
		if fresh == "" || fresh == old {
			t.Fatal("no new secret")
		}
		body = append(body, ' ')
		w.refused(w.Deliver(w.ctx, "billing", message(old, "3")), fault.Forbidden, "not signed")
		w.must(w.Deliver(w.ctx, "billing", message(fresh, "3")))
		set := r.Settings
		set.Forge, set.Project, set.Path = "", "", "/srv/git/billing.git"
		_, secret, err := w.Connect(w.ctx, w.ann, "billing", set, false)
		w.must(err)
		body = append(body, ' ')
		w.refused(w.Deliver(w.ctx, "billing", message(fresh, "4")), fault.Forbidden, "not signed")
		if secret != "" {
			t.Error("a repository without a forge has a secret")
		}
		w.must(w.bound())
	})
}

// A forced push over what a request had landed: what was known stays, and a
// deployment of it says that it was on the branch then. What comes back is whole
// again.
func TestHistoryIsRewritten(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	r := newRepo(t)
	r.at = day0.Add(-10 * time.Hour)
	h := w.connect(r, landing.Settings{})
	r.git("", "checkout", "-q", "-b", "topic")
	head := r.commit("carol", "src/pay.go", "BIL-7 Round amounts")
	p := pull{number: 1, author: "carol", title: "BIL-7 Round amounts", head: head, commits: 1, at: r.at}
	h.review(p, "bob", "approved", head, r.at.Add(time.Second))
	landed := r.merge("bob", "topic", "Merge pull request #1 from acme/topic")
	p.landed, p.merger, p.at = landed, "bob", r.at
	h.pull(p)
	// The same work picked onto the branch again, by hand.
	r.git("", "checkout", "-q", "-b", "other", "HEAD~1")
	source := r.commit("carol", "src/tax.go", "BIL-8 Round taxes")
	r.git("", "checkout", "-q", "main")
	r.at = r.at.Add(time.Minute)
	r.git("bob", "cherry-pick", "-x", source)
	picked := r.head()
	w.clock.Advance(time.Minute)
	w.must(w.Read(w.ctx, w.ann, "billing"))
	if c := w.change(picked); len(c.Picked) != 1 || c.Picked[0] != source || c.Kind != landing.Direct {
		t.Errorf("a cherry-pick is %s of %v", c.Kind, c.Picked)
	}
	if _, _, n, err := w.List(w.ctx, w.ann, change.Filter{Flag: "cherry-pick"}, "", 10); err != nil || n != 1 {
		t.Errorf("%d cherry-picks, %v", n, err)
	}
	w.clock.Advance(time.Minute)
	d, err := w.Deployed(w.ctx, w.bob, change.Report{Repository: "billing", Commit: landed})
	w.must(err)

	r.git("", "reset", "-q", "--hard", "HEAD~2")
	w.clock.Advance(time.Hour)
	w.must(w.Read(w.ctx, w.ann, "billing"))
	for _, sha := range []string{landed, picked} {
		ch := w.change(sha)
		w.says(ch, landing.Intact, landing.Fail, "history was rewritten: "+sha[:10])
		if ch.Outcome != landing.Fail {
			t.Errorf("%s is %s", ch.Ref(), ch.Outcome)
		}
	}
	w.says(w.change(landed), landing.Approved, landing.Pass, "") // what was known stays
	d, err = w.Deployment(w.ctx, w.ann, d.Ref())
	w.must(err)
	if a := landing.AttributeOf(d.Attributes, landing.Merged); a.Outcome != landing.Pass || !strings.Contains(a.Reason, "was on main then; it was rewritten later") {
		t.Errorf("the deployment of what vanished: %+v", a)
	}
	w.clock.Advance(time.Minute)
	r.git("", "reset", "-q", "--hard", picked)
	w.must(w.Read(w.ctx, w.ann, "billing"))
	for _, sha := range []string{landed, picked} {
		w.says(w.change(sha), landing.Intact, landing.Pass, "on the branch")
	}
	versions, err := w.Versions(w.ctx, w.ann, w.change(picked).Ref())
	w.must(err)
	if len(versions) < 3 || versions[1].Attribute(landing.Intact).Outcome != landing.Fail {
		t.Errorf("%d versions are kept", len(versions))
	}
	w.must(w.bound())
}
