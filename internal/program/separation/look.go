package separation

import (
	"context"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/question"
)

// Config is whose populations are read, all required.
type Config struct {
	DB        *database.DB
	Hosts     *host.Service
	Changes   *change.Service
	Questions *question.Service
	Standards *standard.Service
	Outcomes  *outcome.Service
}

// accountChecks are the checks over hosts that say whether accounts and sessions
// end, as the shipped standard names them.
var accountChecks = []string{"linux-server/password-inactive", "linux-server/sshd-idle-timeout", "linux-server/password-shell-timeout", "linux-server/pam-lockout"}

// Look gathers what is known of environments, accounts and data, and judges it
// (change.read).
func (c Config) Look(ctx context.Context, who access.Principal) ([]Statement, error) {
	repositories, err := c.Changes.Repositories(ctx, who)
	if err != nil {
		return nil, err
	}
	in := Input{Production: []string{"production"}}
	for _, r := range repositories {
		for _, e := range r.Settings.Environments {
			in.Production = append(in.Production, strings.ToLower(e))
		}
	}
	for after := ""; ; {
		hosts, next, _, err := c.Hosts.Plain(ctx, host.Filter{}, after, 1000)
		if err != nil {
			return nil, err
		}
		for _, h := range hosts {
			in.Hosts = append(in.Hosts, Host{ID: h.ID, Name: h.Name, Environment: h.Environment, Class: h.Class})
		}
		if after = next; next == "" {
			break
		}
	}
	if in.Repositories, err = c.repositories(ctx); err != nil {
		return nil, err
	}
	inventory, err := c.Questions.Inventory(ctx, access.System())
	if err != nil {
		return nil, err
	}
	for _, d := range inventory {
		now := d.Now()
		if in.Inventory = true; now.Personal && !now.Retired {
			in.Personal = append(in.Personal, Data{Ref: d.Ref(), Name: now.Name, Lives: now.Lives})
		}
	}
	set, err := c.Standards.InForce(ctx, c.DB.Reader())
	if err != nil {
		return nil, err
	}
	for _, id := range accountChecks {
		for _, k := range set.Checks {
			if k.ID != id {
				continue
			}
			counts, _, err := c.Outcomes.OfCheck(ctx, id, nil, outcome.Now(), 0)
			if err != nil {
				return nil, err
			}
			check := Check{ID: id, Title: k.Title}
			for _, a := range counts {
				check.Pass, check.Fail, check.Error, check.Silent, check.Other = check.Pass+a.Pass, check.Fail+a.Fail, check.Error+a.Error, check.Silent+a.NotObserved, check.Other+a.NotApplicable+a.Waived
			}
			in.Checks = append(in.Checks, check)
		}
	}
	return Judge(in), nil
}

// repositories gives what deployments of each repository tell, as it was judged last.
func (c Config) repositories(ctx context.Context) ([]Repository, error) {
	items, _, _, err := c.Hosts.Plain(ctx, host.Filter{Population: host.Repositories}, "", 1000)
	if err != nil {
		return nil, err
	}
	facts := map[string]map[string]host.Read{}
	for _, pointer := range []string{"/environments", "/shared_hosts", "/unstaged"} {
		if facts[pointer], err = c.Hosts.Everywhere(ctx, "changes", pointer); err != nil {
			return nil, err
		}
	}
	texts := func(v any) []string {
		var out []string
		list, _ := v.([]any)
		for _, x := range list {
			if s, ok := x.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	var all []Repository
	for _, h := range items {
		r := Repository{Slug: h.Name, Environments: texts(facts["/environments"][h.ID].Value), SharedHosts: texts(facts["/shared_hosts"][h.ID].Value)}
		if len(r.Environments) == 0 {
			continue // nothing is deployed from it
		}
		unstaged, _ := facts["/unstaged"][h.ID].Value.([]any)
		r.Unstaged = len(unstaged)
		all = append(all, r)
	}
	return all, nil
}
