package host_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/host"
)

// Filters, orders and pages give the same hosts, each once, whatever the engine.
func TestListOfHosts(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		for i := range 9 {
			m := w.machine(fmt.Sprintf("web-%d", i+1))
			if i%3 == 0 {
				w.must(m.assign("sshd.permitrootlogin", "yes"))
			}
			if i == 8 {
				w.must(m.assign("os.name", "Alpine Linux 3.22"))
			}
			w.report(m)
			w.clock.Advance(time.Second)
		}
		w.must(w.hosts.Edit(w.ctx, admin, w.host("web-2").ID, host.Said{Owner: " platform  team", Class: "customer data", Environment: "production", Tags: []string{"Edge, eu", "edge"}}))
		w.must(w.hosts.Retire(w.ctx, admin, w.host("web-7").ID, "replaced"))
		names := func(f host.Filter, by host.Order) string {
			t.Helper()
			var out []string
			cursor := ""
			for {
				page, next, total, err := w.hosts.Sorted(w.ctx, f, by, cursor, 2)
				w.must(err)
				for _, h := range page {
					out = append(out, strings.TrimPrefix(h.Name, "web-"))
				}
				if next == "" {
					if total != int64(len(out)) {
						t.Errorf("%+v: %d in all, and %d are listed", f, total, len(out))
					}
					return strings.Join(out, " ")
				}
				cursor = next
			}
		}
		for _, tc := range []struct {
			name string
			f    host.Filter
			by   host.Order
			want string
		}{
			{"all", host.Filter{}, host.ByName, "1 2 3 4 5 6 8 9"},
			{"those that left", host.Filter{State: host.Retired}, host.ByName, "7"},
			{"with them", host.Filter{Retired: true}, host.ByName, "1 2 3 4 5 6 7 8 9"},
			{"failing", host.Filter{Result: host.Failing}, host.ByName, "1 4"},
			{"in order", host.Filter{Result: host.InOrder}, host.ByName, "2 3 5 6 8 9"},
			{"failing first", host.Filter{}, host.ByFailing, "1 4 2 3 5 6 8 9"},
			{"by system", host.Filter{}, host.ByOS, "9 1 2 3 4 5 6 8"},
			{"longest unheard", host.Filter{}, host.ByHeard, "1 2 3 4 5 6 8 9"},
			{"by owner", host.Filter{}, host.ByOwner, "1 3 4 5 6 8 9 2"},
			{"of an owner", host.Filter{Owner: "platform team"}, host.ByName, "2"},
			{"of nobody", host.Filter{Owner: host.Nothing}, host.ByFailing, "1 4 3 5 6 8 9"},
			{"tagged", host.Filter{Tag: "eu"}, host.ByName, "2"},
			{"not by a part of a tag", host.Filter{Tag: "e"}, host.ByName, ""},
			{"of a class", host.Filter{Class: "customer data", Environment: "production"}, host.ByName, "2"},
			{"of a system", host.Filter{OS: "Alpine Linux 3.22"}, host.ByName, "9"},
			{"silent", host.Filter{State: host.IsSilent}, host.ByName, ""},
		} {
			if got := names(tc.f, tc.by); got != tc.want {
				t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
			}
		}
		for _, f := range []host.Filter{{State: "gone"}, {Result: "good"}} {
			if _, _, _, err := w.hosts.List(w.ctx, f, "", 2); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", f, err)
			}
		}
		if _, _, _, err := w.hosts.Sorted(w.ctx, host.Filter{}, "luck", "", 2); fault.KindOf(err) != fault.Invalid {
			t.Errorf("sorted by luck: %v", err)
		}
		all, err := w.hosts.Facets(w.ctx)
		w.must(err)
		n := map[host.State]int64{}
		for _, f := range all {
			n[f.State] += f.Hosts
		}
		if n[host.Heard] != 8 || n[host.Retired] != 1 {
			t.Errorf("facets %+v", all)
		}
		w.sound()
	})
}

// What is said of a host is an entry, in the transaction that stores it.
func TestEditHost(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		w.report(w.machine("web-1"))
		id := w.host("web-1").ID
		w.must(w.hosts.Edit(w.ctx, admin, id, host.Said{Owner: "Ann Ekberg", Class: "internal"}))
		h := w.host("web-1")
		if h.Owner != "Ann Ekberg" || h.Class != "internal" || len(h.Tags) != 0 {
			t.Errorf("%+v", h.Said)
		}
		said := w.records("host.edited")
		if len(said) != 1 || said[0].Subject != id || said[0].Actor != admin.UserID || said[0].Data["class"] != "internal" || strings.Contains(fmt.Sprint(said[0].Data), "Ann") {
			t.Errorf("the ledger says %+v", said)
		}
		w.must(w.hosts.Edit(w.ctx, admin, id, host.Said{Class: "internal", Tags: []string{"a"}}))
		w.sound()
		for _, tc := range []struct {
			name  string
			p     access.Principal
			id    string
			said  host.Said
			kind  fault.Kind
			field string
		}{
			{"who only looks", access.Principal{UserID: "usr_9", Role: access.Viewer}, id, host.Said{Owner: "x"}, fault.Forbidden, ""},
			{"no such host", admin, "hst_none", host.Said{Owner: "x"}, fault.NotFound, ""},
			{"the same again", admin, id, host.Said{Class: " internal ", Tags: []string{"A"}}, fault.Conflict, ""},
			{"too long", admin, id, host.Said{Environment: strings.Repeat("x", 81)}, fault.Invalid, "environment"},
			{"the word for none", admin, id, host.Said{Owner: "-"}, fault.Invalid, "owner"},
			{"many tags", admin, id, host.Said{Tags: strings.Fields(strings.Repeat("t", 41))}, fault.Invalid, "tags"},
		} {
			err := w.hosts.Edit(w.ctx, tc.p, tc.id, tc.said)
			if fault.KindOf(err) != tc.kind {
				t.Errorf("%s: %v", tc.name, err)
			}
		}
		// A row that somebody changed behind the ledger's back is found.
		w.must(errExec(w, `UPDATE host SET class = 'customer data'`))
		if err := w.bound(db.Reader()); !fault.Is(err, fault.Refused) {
			t.Errorf("a changed class is not found: %v", err)
		}
	})
}

func errExec(w *world, query string) error {
	_, err := w.db.Writer().ExecContext(w.ctx, query)
	return err
}

// Hosts that an older program judged get their numbers when the server starts.
func TestNumbersOfOlderData(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.install("1.0.0")
		m := w.machine("web-1")
		w.must(m.assign("sshd.permitrootlogin", "yes"))
		w.report(m)
		before := w.host("web-1").Counts
		w.must(errExec(w, `UPDATE host SET n_pass = 0, n_fail = 0, n_error = 0, n_not_observed = 0, n_not_applicable = 0, n_waived = 0`))
		w.rejudge()
		if got := w.host("web-1").Counts; got != before || got.Fail == 0 {
			t.Errorf("%+v, want %+v", got, before)
		}
	})
}
