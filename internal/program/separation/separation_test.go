package separation

import (
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	web, db, test := Host{ID: "hst_1", Name: "web-1", Environment: "Production"}, Host{ID: "hst_2", Name: "db-1", Environment: "production"}, Host{ID: "hst_3", Name: "test-1", Environment: "staging"}
	users := Data{Ref: "D-1", Name: "Users' accounts", Lives: []string{"DB-1"}}
	both := Repository{Slug: "billing", Environments: []string{"production", "staging"}}
	for _, c := range []struct {
		name   string
		in     Input
		id     string
		want   Outcome
		reason string
		item   string
	}{
		{"no host", Input{}, "environments-said", NotObserved, "no host", ""},
		{"one unsaid", Input{Hosts: []Host{web, test, {Name: "x-1", ID: "hst_9"}}}, "environments-said", NotObserved, "1 host", "x-1"},
		{"production alone", Input{Hosts: []Host{web, db}}, "environments-said", NotObserved, "one environment", ""},
		{"two", Input{Hosts: []Host{web, db, test}}, "environments-said", Pass, "3 hosts of 2 environments", ""},
		{"one host for both", Input{Repositories: []Repository{{Slug: "billing", Environments: []string{"production", "staging"}, SharedHosts: []string{"web-1"}}}}, "environments-apart", Fail, "same hosts", "web-1"},
		{"only production is told of", Input{Repositories: []Repository{{Slug: "billing", Environments: []string{"production"}}}}, "environments-apart", NotObserved, "no repository tells", ""},
		{"apart", Input{Repositories: []Repository{both}}, "environments-apart", Pass, "1 repository tells", ""},
		{"straight", Input{Repositories: []Repository{{Slug: "billing", Environments: []string{"production", "staging"}, Unstaged: 2}}}, "deployments-staged", Fail, "straight", "2 deployments"},
		{"never told", Input{}, "deployments-staged", NotObserved, "no deployment", ""},
		{"staged", Input{Repositories: []Repository{both}}, "deployments-staged", Pass, "", ""},
		{"no inventory", Input{Hosts: []Host{web}}, "no-personal-data-in-tests", NotObserved, "no inventory", ""},
		{"no personal data", Input{Inventory: true}, "no-personal-data-in-tests", NotObserved, "no personal data", ""},
		{"it lives nowhere", Input{Inventory: true, Personal: []Data{{Name: "Users"}}, Hosts: []Host{db}}, "no-personal-data-in-tests", NotObserved, "1 data set", ""},
		{"it lives somewhere", Input{Inventory: true, Personal: []Data{{Name: "Users", Lives: []string{"the cloud"}}}, Hosts: []Host{db}}, "no-personal-data-in-tests", NotObserved, "no agent reads", ""},
		{"in production", Input{Inventory: true, Personal: []Data{users}, Hosts: []Host{db, test}}, "no-personal-data-in-tests", Pass, "host of production", ""},
		{"in tests", Input{Inventory: true, Personal: []Data{{Ref: "D-2", Name: "Users", Lives: []string{"db-1", "test-1"}}}, Hosts: []Host{db, test}}, "no-personal-data-in-tests", Fail, "where tests run", "Users on test-1 (staging)"},
		{"said of a host", Input{Inventory: true, Personal: []Data{users}, Hosts: []Host{db, {ID: "hst_4", Name: "test-2", Environment: "test", Class: "users' accounts"}}}, "no-personal-data-in-tests", Fail, "", "test-2"},
		{"training", Input{}, "no-personal-data-in-training", NotObserved, "bring evidence", ""},
		{"one fails", Input{Checks: []Check{{ID: "c", Pass: 3, Fail: 1, Silent: 1}}}, "c", Fail, "1 fail, 3 pass", ""},
		{"one errs", Input{Checks: []Check{{ID: "c", Pass: 3, Error: 2}}}, "c", Error, "2 could not", ""},
		{"one is silent", Input{Checks: []Check{{ID: "c", Pass: 3, Silent: 2}}}, "c", NotObserved, "2 are not observed", ""},
		{"none answers", Input{Checks: []Check{{ID: "c"}}}, "c", NotObserved, "no host answers", ""},
		{"all hold", Input{Checks: []Check{{ID: "c", Pass: 3}}}, "c", Pass, "all 3", ""},
	} {
		c.in.Production = []string{"production"}
		found := false
		for _, s := range Judge(c.in) {
			if s.ID != c.id {
				continue
			}
			found = true
			items := ""
			for _, i := range s.Items {
				items += i.Text + ";"
			}
			if s.Outcome != c.want || !strings.Contains(s.Reason, c.reason) || !strings.Contains(items, c.item) {
				t.Errorf("%s: %s (%s; %s), want %s (%s; %s)", c.name, s.Outcome, s.Reason, items, c.want, c.reason, c.item)
			}
			if s.Title == "" && c.id != "c" || s.Over == "" || s.Reason == "" {
				t.Errorf("%s says too little: %+v", c.name, s)
			}
		}
		if !found {
			t.Errorf("%s: nothing is said of %s", c.name, c.id)
		}
	}
}

// However many do not hold, a statement names the first twenty.
func TestItemsAreBounded(t *testing.T) {
	in := Input{}
	for range 30 {
		in.Hosts = append(in.Hosts, Host{Name: "x"})
	}
	if s := Judge(in)[0]; len(s.Items) != maxItems || !strings.Contains(s.Reason, "30 hosts") {
		t.Errorf("%d items, %s", len(s.Items), s.Reason)
	}
}
