// Package entitlement reads who may do what from what hosts and databases said:
// accounts that can log in, who may become somebody else with sudo, keys that let
// somebody in, roles of PostgreSQL and what they are members of.
//
// Serves A9 (CC6.2, CC6.3).
//
// Invariants:
//   - Each host says three things apart (accounts, sudo, SSH keys), and each is
//     observed or not by itself. What could not be read is not_observed with the
//     reader's reason, never an empty list.
//   - Accounts that let nobody in are counted, not dropped silently.
//
// Floor: domains. Imports operations/host and what reviews rest on.
package entitlement

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/review"
)

// Hosts is what is read.
type Hosts interface {
	Accounts(ctx context.Context, fresh func(id, digest string) bool) ([]host.Accounts, error)
	Sections(ctx context.Context, id string, t time.Time, bodies bool) ([]host.Section, error)
}

// Reader reads entitlements, and keeps what has not changed.
type Reader struct {
	hosts Hosts
	owner func(ctx context.Context, id string) string

	mu   sync.Mutex
	kept map[string]kept // guarded by mu: by host
}

type kept struct {
	digest string
	parts  []review.Part
}

// New makes a Reader; owner gives who owns a host, as somebody said it, and may be
// nil.
func New(hosts Hosts, owner func(ctx context.Context, id string) string) *Reader {
	return &Reader{hosts: hosts, owner: owner, kept: map[string]kept{}}
}

// Parts gives what every host and database of a population says now.
func (r *Reader) Parts(ctx context.Context) ([]review.Part, error) {
	all, err := r.hosts.Accounts(ctx, nil)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []review.Part
	for i := range all {
		parts, err := r.of(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		out = append(out, parts...)
	}
	return out, nil
}

func (r *Reader) of(ctx context.Context, a *host.Accounts) ([]review.Part, error) {
	names, kind := []string{"users", "ssh_keys"}, review.Host
	if a.Population == host.Databases {
		names, kind = []string{"pg_roles"}, review.Database
	}
	sections, err := r.hosts.Sections(ctx, a.ID, time.Time{}, false)
	if err != nil {
		return nil, err
	}
	id := []string{a.Name, a.Why}
	for _, s := range sections {
		if slices.Contains(names, s.Name) {
			id = append(id, s.Name, s.Digest, fmt.Sprint(s.InForce))
		}
	}
	// Expiry of accounts depends on the day, so it is part of what is compared.
	for _, x := range a.All {
		id = append(id, x.Name, fmt.Sprint(x.Open))
	}
	digest := strings.Join(id, "\x00")
	have, ok := r.kept[a.ID]
	if !ok || have.digest != digest {
		if sections, err = r.hosts.Sections(ctx, a.ID, time.Time{}, true); err != nil {
			return nil, err
		}
		have = kept{digest: digest}
		if kind == review.Host {
			have.parts, err = ofHost(a, sections)
		} else {
			have.parts, err = ofDatabase(a, sections)
		}
		if err != nil {
			return nil, fault.Wrap(fault.Refused, err, "what %s says of its accounts cannot be read", a.Name)
		}
		r.kept[a.ID] = have
	}
	owner := ""
	if r.owner != nil {
		owner = r.owner(ctx, a.ID)
	}
	out := slices.Clone(have.parts)
	for i := range out {
		p := &out[i]
		p.Grants = slices.Clone(p.Grants) // whoever asks may fill in whose they are
		p.Owner = owner
		at := slices.IndexFunc(sections, func(s host.Section) bool { return s.Name == sectionOf(p.Part) })
		if at >= 0 {
			p.From, p.Until, p.Digest = sections[at].ObservedFrom, sections[at].LastObserved, sections[at].Digest
		}
		if p.Part == "accounts" || p.Part == "roles" {
			p.Until = a.Until
		}
	}
	return out, nil
}

func sectionOf(part string) string {
	switch part {
	case "ssh_keys":
		return "ssh_keys"
	case "roles":
		return "pg_roles"
	}
	return "users"
}

// section decodes one, or says why it says nothing.
func section(a *host.Accounts, all []host.Section, name string, into any) (s *host.Section, why string, err error) {
	i := slices.IndexFunc(all, func(s host.Section) bool { return s.Name == name })
	switch {
	case i < 0:
		return nil, cmp.Or(a.Why, "the host never reported it"), nil
	case a.Why != "":
		return &all[i], a.Why, nil
	case !all[i].InForce:
		return &all[i], "it was not confirmed since " + all[i].LastObserved.UTC().Format("2 Jan 2006 15:04 MST"), nil
	}
	return &all[i], "", json.Unmarshal(all[i].Values, into)
}

// missing gives why a path of a section is not there; "" where it is, or where
// what it is about is not installed.
func missing(s *host.Section, path string) (string, error) {
	if len(s.Missing) == 0 {
		return "", nil
	}
	var all []facts.Missing
	if err := json.Unmarshal(s.Missing, &all); err != nil {
		return "", err
	}
	for _, m := range all {
		if m.State != facts.Absent && (m.Path == "" || m.Path == path || strings.HasPrefix(path, m.Path+"/")) {
			return "it could not be read: " + m.Reason, nil
		}
	}
	return "", nil
}

type users struct {
	Accounts []struct {
		Name string
		GID  int64
	}
	Groups []struct {
		Name    string
		GID     int64
		Members []string
	}
	Sudo struct {
		Rules []struct {
			Who, Hosts, Runas string
			Commands          []string
			NoPasswd          bool
		}
	}
}

type keys struct {
	Accounts []struct {
		Name       string
		Authorized []struct {
			Type, Fingerprint string
			Bits              int64
			Options           []string
		}
	}
}

func ofHost(a *host.Accounts, sections []host.Section) ([]review.Part, error) {
	part := func(name string) review.Part {
		return review.Part{Place: a.ID, Part: name, Kind: review.Host, Name: a.Name}
	}
	accounts, sudo, ssh := part("accounts"), part("sudo"), part("ssh_keys")
	var u users
	s, why, err := section(a, sections, "users", &u)
	if err != nil {
		return nil, err
	}
	accounts.Why, sudo.Why = why, why
	open := map[string]bool{}
	system := map[string]bool{}
	if why == "" {
		for _, x := range a.All {
			system[x.Name] = x.System
			if !x.Open {
				accounts.LeftOut++
				continue
			}
			open[x.Name] = true
			accounts.Grants = append(accounts.Grants, review.Grant{Account: x.Name, Role: "log in", Privileged: x.Name == "root", System: x.System})
		}
		if sudo.Why, err = missing(s, "/sudo/rules"); err != nil {
			return nil, err
		}
		if sudo.Why == "" {
			sudo.Grants = sudoers(&u, open, system)
		}
	}
	var k keys
	s, ssh.Why, err = section(a, sections, "ssh_keys", &k)
	if err != nil {
		return nil, err
	}
	if ssh.Why == "" {
		if ssh.Why, err = missing(s, "/accounts"); err != nil {
			return nil, err
		}
	}
	if ssh.Why == "" {
		for _, x := range k.Accounts {
			for _, y := range x.Authorized {
				ssh.Grants = append(ssh.Grants, review.Grant{Account: x.Name, Role: "SSH key " + y.Fingerprint, Detail: strings.TrimSpace(strings.Join(append([]string{y.Type}, y.Options...), " ")), Privileged: x.Name == "root", System: system[x.Name]})
			}
		}
	}
	return []review.Part{accounts, sudo, ssh}, nil
}

// sudoers gives who may become somebody else: rules for groups are spelled out by
// their members, those for aliases and ids stay as they are written.
func sudoers(u *users, open, system map[string]bool) []review.Grant {
	members := map[string][]string{}
	for _, g := range u.Groups {
		list := slices.Clone(g.Members)
		for _, a := range u.Accounts {
			if a.GID == g.GID && !slices.Contains(list, a.Name) {
				list = append(list, a.Name)
			}
		}
		members[g.Name] = list
	}
	type at struct{ who, role string }
	found := map[at]review.Grant{}
	for _, r := range u.Sudo.Rules {
		who, through := []string{r.Who}, ""
		if group, ok := strings.CutPrefix(r.Who, "%"); ok {
			who, through = members[group], "through group "+group
		}
		all := slices.Contains(r.Commands, "ALL")
		role := "sudo: " + strings.Join(r.Commands, ", ")
		if len(role) > 200 {
			role = fmt.Sprintf("sudo: %d commands", len(r.Commands))
		}
		detail := []string{"as " + cmp.Or(r.Runas, "root")}
		if r.NoPasswd {
			detail = append(detail, "without a password")
		}
		if through != "" {
			detail = append(detail, through)
		}
		for _, name := range who {
			if _, known := system[name]; known && !open[name] {
				continue // the account lets nobody in; it is counted there
			}
			k := at{name, role}
			g := review.Grant{Account: name, Role: role, Detail: strings.Join(detail, ", "), Privileged: all, System: system[name]}
			if old, there := found[k]; there && old.Detail != g.Detail {
				g.Detail = old.Detail + "; " + g.Detail
			}
			found[k] = g
		}
	}
	var out []review.Grant
	for _, g := range found {
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b review.Grant) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Role, b.Role))
	})
	return out
}

func ofDatabase(a *host.Accounts, sections []host.Section) ([]review.Part, error) {
	p := review.Part{Place: a.ID, Part: "roles", Kind: review.Database, Name: a.Name}
	var all struct {
		Roles []struct {
			Name                                                                    string
			Login, Superuser, Createrole, Createdb, Replication, Bypassrls, Expires bool
			MemberOf                                                                []string `json:"member_of"`
		}
	}
	s, why, err := section(a, sections, "pg_roles", &all)
	if err != nil {
		return nil, err
	}
	if p.Why = why; why == "" {
		if p.Why, err = missing(s, "/roles"); err != nil {
			return nil, err
		}
	}
	if p.Why != "" {
		return []review.Part{p}, nil
	}
	for _, r := range all.Roles {
		if !r.Login {
			p.LeftOut++
			continue
		}
		add := func(role string, privileged bool) {
			p.Grants = append(p.Grants, review.Grant{Account: r.Name, Role: role, Privileged: privileged})
		}
		add("log in", false)
		for _, x := range []struct {
			has  bool
			role string
		}{{r.Superuser, "superuser"}, {r.Createrole, "create roles"}, {r.Createdb, "create databases"}, {r.Replication, "replication"}, {r.Bypassrls, "bypass row security"}} {
			if x.has {
				add(x.role, x.role != "create databases")
			}
		}
		for _, m := range r.MemberOf {
			add("member of "+m, strings.HasPrefix(m, "pg_"))
		}
	}
	return []review.Part{p}, nil
}
