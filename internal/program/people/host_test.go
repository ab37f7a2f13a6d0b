package people_test

import (
	"crypto/rand"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/ldap"
	"github.com/attesta/attesta/internal/connectors/ldap/ldaptest"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/people"
)

// thisHost makes an account on the host that the test runs on, gone when it ends.
func thisHost(t *testing.T) (login string, remove func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: an account on this host (needs root)")
	}
	add, err := exec.LookPath("useradd")
	del, err2 := exec.LookPath("userdel")
	if err != nil || err2 != nil {
		t.Skip("NOT RUN: an account on this host (needs Debian's package passwd)")
	}
	login = "attesta-" + strings.ToLower(rand.Text()[:8])
	if out, err := exec.CommandContext(t.Context(), add, "--no-create-home", "--shell", "/bin/bash", "--comment", "of a test", login).CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: an account on this host (useradd: %v: %s)", err, out)
	}
	gone := false
	remove = func() {
		t.Helper()
		if gone {
			return
		}
		gone = true
		if out, err := exec.Command(del, login).CombinedOutput(); err != nil {
			t.Errorf("userdel %s: %v: %s", login, err, out)
		}
	}
	t.Cleanup(remove)
	return login, remove
}

// observes sends what the agent's own reader finds of this host's accounts.
func (w *world) observes(source string) {
	w.Helper()
	got, err := collect.Inventory(w.ctx, collect.Root{}, "users")
	w.must(err)
	if i := slices.IndexFunc(got, func(s facts.Section) bool { return s.Name == "users" }); i >= 0 {
		w.send(source, "this-host", got[i])
		return
	}
	w.Fatal("this host has no section users")
}

// A leaver in a real directory with an account on this very host: off-boarding
// begins, the account is found late by the agent's own facts, the population says
// so for that reason, and removing the account closes it.
func TestLeaverOnThisHost(t *testing.T) {
	slapd := ldaptest.Start(t, 0)
	login, remove := thisHost(t)
	w := newWorld(t, databasetest.SQLite(t))
	w.open = func(set people.Settings, word string) (people.Reader, error) { return ldap.New(set, word) }
	slapd.Add(login, "Maeve Doyle", "title", "Engineer", "employeeType", "Employee")
	slapd.Add("nobody-here", "Nia Nash", "manager", ldaptest.DN(login))
	src, err := w.AddSource(w.ctx, w.ann, people.NewSource{Kind: people.LDAP, Name: "Directory", Settings: slapd.Settings(), Secret: ldaptest.Password})
	w.must(err)
	w.source = src.ID
	w.look("applied")
	host := newSource()
	w.observes(host)
	w.prove()
	d := w.who("Maeve")
	if d.State != people.Here || len(d.Accounts) != 1 || d.Accounts[0].Name != login || d.Accounts[0].Rule != "login" || d.Accounts[0].State != people.Present {
		t.Fatalf("before: %s, %+v", d.State, d.Accounts)
	}

	slapd.Remove(login)
	w.clock.Advance(2 * time.Hour)
	w.observes(host)
	w.must(w.Tick(w.ctx)) // it is read by itself
	d = w.who("Maeve")
	if d.State != people.Left || w.item(d, "access-removed").List != checklist.Leaver || w.item(d, "access-removed").State != checklist.Open {
		t.Fatalf("removed in the directory: %s, %+v", d.State, d.Items)
	}
	leaver := func() population.Item {
		t.Helper()
		for _, it := range w.leavers(7) {
			if it.Attributes["name"] == "Maeve Doyle" {
				return it
			}
		}
		t.Fatal("she is no leaver")
		return population.Item{}
	}
	if a := leaver().Attributes; a["access"] != "present" || a["access_in_time"] != nil {
		t.Errorf("within the grace: %v", a)
	}
	w.clock.Advance(25 * time.Hour)
	w.observes(host)
	w.prove()
	f := w.theOnly()
	if f.State != finding.Open || f.ItemName != "this-host" || !strings.Contains(f.Title, login) {
		t.Errorf("the finding: %+v", f)
	}
	if a := leaver().Attributes; a["access"] != "present" || a["access_in_time"] != false || a["access_reason"] != login+" on this-host is still there" {
		t.Errorf("after the grace: %v", a)
	}
	if nia := w.who("Nia"); nia.State != people.Here || nia.Access.Word != "" || nia.ManagerName != "" {
		t.Errorf("who stayed: %s, %+v, manager %q", nia.State, nia.Access, nia.ManagerName)
	}

	remove()
	w.clock.Advance(time.Hour)
	w.observes(host)
	w.prove()
	if f := w.theOnly(); f.State != finding.Closed || !strings.Contains(f.Reason, "a pass was observed") {
		t.Errorf("the account is removed: %s, %s", f.State, f.Reason)
	}
	if a := leaver().Attributes; a["access"] != "removed" || a["access_in_time"] != false || !strings.Contains(a["access_reason"].(string), login+" on this-host was last: the account is gone") {
		t.Errorf("the population: %v", a)
	}
	w.bound()
}

// A real directory that goes away off-boards nobody; one that has two people of
// one name, and managers in a circle, is read and says so.
func TestDirectoryAsItIs(t *testing.T) {
	slapd := ldaptest.Start(t, 0)
	w := newWorld(t, databasetest.SQLite(t))
	w.open = func(set people.Settings, word string) (people.Reader, error) { return ldap.New(set, word) }
	slapd.Add("mdoyle", "Maeve Doyle", "manager", ldaptest.DN("cdow"))
	slapd.Add("cdow", "Cy Dow", "manager", ldaptest.DN("mdoyle"))
	slapd.Add("mdoyle2", "Doyle, Maeve")
	src, err := w.AddSource(w.ctx, w.ann, people.NewSource{Kind: people.LDAP, Name: "Directory", Settings: slapd.Settings(), Secret: ldaptest.Password})
	w.must(err)
	w.source = src.ID
	l := w.look("applied")
	if len(l.Plan.Joins) != 3 || len(l.Plan.Doubts) != 1 || !slices.ContainsFunc(l.Plan.Problems, func(p people.Problem) bool { return strings.HasPrefix(p.Text, "circular managers: ") }) {
		t.Errorf("the reading: %d new, doubts %+v, problems %+v", len(l.Plan.Joins), l.Plan.Doubts, l.Plan.Problems)
	}
	if _, rings, err := w.Org(w.ctx, w.ann); err != nil || len(rings) != 1 || len(rings[0]) != 2 {
		t.Errorf("circles: %+v, %v", rings, err)
	}
	slapd.Stop()
	_, err = w.Look(w.ctx, w.ann, w.source, false)
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("a directory that went away: %v", err)
	}
	w.clock.Advance(3 * time.Hour)
	w.must(w.Tick(w.ctx))
	fa, err := w.Facets(w.ctx, w.ann)
	w.must(err)
	if fa.States[people.Here] != 3 || fa.States[people.Left] != 0 || len(fa.Trouble) != 1 {
		t.Errorf("a directory that went away off-boards: %+v", fa)
	}
}
