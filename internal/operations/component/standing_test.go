package component

import (
	"slices"
	"testing"
	"time"
)

func TestWeigh(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return now.AddDate(0, 0, n) }
	approve := func(scope string, until time.Time) Decision {
		return Decision{What: Approved, At: day(-9), Owner: "ops", Scope: scope, Expires: until}
	}
	refuse := Decision{What: Refused, At: day(-1), Reason: "a test"}
	web, db := Place{Host: "1", Name: "web-1"}, Place{Host: "2", Name: "db-1"}
	quiet := Place{Host: "1", Name: "web-1", Silent: day(-2)}
	blind := Place{Host: "2", Name: "db-1", State: "error", Reason: "needs root"}
	left := Place{Host: "3", Name: "old", retired: true}
	user := known{kind: User, judged: true}
	ref := known{kind: User, judged: true, account: "deploy", references: []Reference{{Ref: "RH-1", Host: "2", Name: "db-1", Group: "web-* db-*", Login: "ann"}}}
	own, other := ref, ref
	own.account = "Ann"
	other.references = []Reference{{Ref: "RH-1", Host: "2", Name: "db-1", Group: "app-*"}}
	away := Place{Host: "2", Name: "db-1", Silent: day(-2)}
	withdrawn := Place{Host: "2", Name: "db-1", retired: true}
	there := []Decision{approve("db-1", time.Time{})}
	for _, c := range []struct {
		name      string
		k         known
		decisions []Decision
		places    []Place
		state     State
		allowed   bool
		missing   string
		why       string
	}{
		{"nothing of its kind is approved", known{kind: User}, nil, []Place{web}, Learning, false, "not_observed", "no baseline of accounts is approved yet"},
		{"new", user, nil, []Place{db, web}, Fresh, false, "", "nobody approved it; it is on db-1, web-1"},
		{"approved everywhere", user, []Decision{approve("", time.Time{})}, []Place{web}, Allowed, true, "", "approved on 2026-11-20 12:00, ops answers for it"},
		{"approved elsewhere", user, []Decision{approve("db-*", time.Time{})}, []Place{db, web}, Fresh, false, "", "its approval is for other hosts; it is on web-1"},
		{"approved here", user, []Decision{approve("db-* web-?", time.Time{})}, []Place{db, web}, Allowed, true, "", "approved on 2026-11-20 12:00, ops answers for it"},
		{"the approval ended", user, []Decision{approve("", day(-3))}, []Place{web}, Expired, false, "", "its approval ended on 2026-11-26 12:00; it is still on web-1"},
		{"it ends later", user, []Decision{approve("", day(3))}, []Place{web}, Allowed, true, "", "approved on 2026-11-20 12:00, ops answers for it, until 2026-12-02 12:00"},
		{"refused after an approval", user, []Decision{approve("", time.Time{}), refuse}, []Place{web}, Rejected, false, "", "refused on 2026-11-28 12:00: a test; it is still on web-1"},
		{"approved after a refusal", user, []Decision{refuse, approve("", time.Time{})}, []Place{web}, Allowed, true, "", "approved on 2026-11-20 12:00, ops answers for it"},
		{"the approval was taken back", user, []Decision{approve("", time.Time{}), {What: Withdrawn}}, []Place{web}, Fresh, false, "", "nobody approved it; it is on web-1"},
		{"observed gone", known{kind: User, judged: true, goneAt: day(-1), goneFrom: "web-1"}, nil, nil, Gone, true, "", "it is nowhere any more: web-1 had it last, until 2026-11-28 12:00"},
		{"refused and gone", known{kind: User, judged: true, goneAt: day(-1), goneFrom: "web-1"}, []Decision{refuse}, nil, Gone, true, "", "it is nowhere any more: web-1 had it last, until 2026-11-28 12:00"},
		{"its host is silent", user, nil, []Place{quiet}, Unknown, false, "not_observed", "nobody approved it, and web-1, where it was, is silent since 2026-11-27 12:00"},
		{"one host is silent, another has it", user, nil, []Place{quiet, db}, Fresh, false, "", "nobody approved it; it is on db-1"},
		{"it cannot be looked at", user, nil, []Place{blind}, Unknown, false, "error", "nobody approved it, and on db-1 it cannot be looked at: needs root"},
		{"its host left", user, nil, []Place{left}, Left, false, "not_observed", "the host that it was on left the population: old"},
		{"its reference has it and it is approved there", ref, there, []Place{db, web}, Allowed, true, "", "approved on 2026-11-20 12:00, ops answers for it; on web-1 because db-1, the reference (RH-1), has it"},
		{"its reference has it and it is approved nowhere", ref, nil, []Place{db, web}, Fresh, false, "", "nobody approved it; it is on db-1, web-1"},
		{"approved for its reference, which has it not", ref, there, []Place{web}, Fresh, false, "", "its approval is for other hosts; it is on web-1"},
		{"the reference is of another group", other, there, []Place{db, web}, Fresh, false, "", "its approval is for other hosts; it is on web-1"},
		{"the account of who declared the reference", own, there, []Place{db, web}, Fresh, false, "", "its approval is for other hosts; it is on web-1"},
		{"its reference is silent", ref, there, []Place{away, web}, Unknown, false, "not_observed", "on web-1: it is approved as far as db-1, the reference (RH-1), has it, and db-1 is silent since 2026-11-27 12:00"},
		{"its reference left", ref, there, []Place{withdrawn, web}, Unknown, false, "not_observed", "on web-1: it is approved as far as db-1, the reference (RH-1), has it, and db-1 left the population"},
		{"its reference cannot be looked at", ref, there, []Place{blind, web}, Unknown, false, "not_observed", "on web-1: it is approved as far as db-1, the reference (RH-1), has it, and db-1 cannot be looked at: needs root"},
		{"its reference is silent, and it is approved here too", ref, append(slices.Clone(there), approve("web-1", time.Time{})), []Place{away, web}, Allowed, true, "", "approved on 2026-11-20 12:00, ops answers for it"},
		{"the approval on its reference ended", ref, []Decision{approve("db-1", day(-1))}, []Place{db, web}, Fresh, false, "", "its approval is for other hosts; it is on web-1"},
		{"refused, whatever the reference has", ref, append(slices.Clone(there), refuse), []Place{db, web}, Rejected, false, "", "refused on 2026-11-28 12:00: a test; it is still on db-1, web-1"},
		{"a machine with an agent", known{kind: Machine, judged: true, recognised: "db-1"}, nil, []Place{web}, Recognised, true, "", "it is db-1, which has an agent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := weigh(c.k, stand(c.decisions), c.places, now)
			if v.state != c.state || v.allowed != c.allowed || v.missing != c.missing || v.why != c.why {
				t.Errorf("got %+v", v)
			}
		})
	}
}
