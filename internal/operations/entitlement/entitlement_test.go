package entitlement_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/operations/entitlement"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/review"
)

// said is a host and a database as they were last read.
type said struct {
	accounts []host.Accounts
	sections map[string][]host.Section
}

func (s said) Accounts(context.Context, func(id, digest string) bool) ([]host.Accounts, error) {
	return s.accounts, nil
}

func (s said) Sections(_ context.Context, id string, _ time.Time, _ bool) ([]host.Section, error) {
	return s.sections[id], nil
}

func section(name, values, missing string, current bool) host.Section {
	return host.Section{Name: name, Digest: name + values + missing, Values: json.RawMessage(values), Missing: json.RawMessage(missing), InForce: current, LastObserved: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
}

func TestParts(t *testing.T) {
	const users = `{"accounts":[{"name":"root","gid":0},{"name":"ann","gid":100},{"name":"bob","gid":27},{"name":"www","gid":33}],"groups":[{"name":"sudo","gid":27,"members":["ann","www"]}],
		"sudo":{"rules":[{"who":"root","runas":"ALL","commands":["ALL"]},{"who":"%sudo","commands":["ALL"],"nopasswd":true},{"who":"ADMINS","commands":["/bin/x"]}]}}`
	web := host.Accounts{ID: "hst_1", Population: host.Population, Name: "web-1", All: []host.Account{{Name: "root", Open: true, System: true}, {Name: "ann", Open: true}, {Name: "bob", Open: true}, {Name: "www", System: true}}}
	for name, c := range map[string]struct {
		at       host.Accounts
		sections []host.Section
		want     []string
	}{
		"everything": {web, []host.Section{section("users", users, "", true), section("ssh_keys", `{"accounts":[{"name":"ann","authorized":[{"type":"ssh-ed25519","fingerprint":"SHA256:a","options":["from"]}]}]}`, "", true)},
			[]string{"accounts observed left out 1", "root log in privileged system", "ann log in", "bob log in", "sudo observed left out 0", "ADMINS sudo: /bin/x", "ann sudo: ALL privileged", "bob sudo: ALL privileged", "root sudo: ALL privileged system", "ssh_keys observed left out 0", "ann SSH key SHA256:a"}},
		"sudo needs root": {web, []host.Section{section("users", users, `[{"path":"/sudo","state":"error","reason":"needs root"}]`, true)},
			[]string{"accounts observed left out 1", "root log in privileged system", "ann log in", "bob log in", "sudo it could not be read: needs root", "ssh_keys the host never reported it"}},
		"silent": {host.Accounts{ID: "hst_1", Population: host.Population, Name: "web-1", Why: "nothing was heard of it"}, []host.Section{section("users", users, "", false)},
			[]string{"accounts nothing was heard of it", "sudo nothing was heard of it", "ssh_keys nothing was heard of it"}},
		"a database": {host.Accounts{ID: "hst_1", Population: host.Databases, Name: "orders", All: []host.Account{{Name: "app", Open: true}}},
			[]host.Section{section("pg_roles", `{"roles":[{"name":"app","login":true,"createdb":true,"member_of":["pg_read_all_data","team"]},{"name":"team"},{"name":"boss","login":true,"superuser":true}]}`, "", true)},
			[]string{"roles observed left out 1", "app log in", "app create databases", "app member of pg_read_all_data privileged", "app member of team", "boss log in", "boss superuser privileged"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := entitlement.New(said{[]host.Accounts{c.at}, map[string][]host.Section{"hst_1": c.sections}}, nil)
			for range 2 { // the second time from what was kept
				parts, err := r.Parts(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if got := words(parts); !slices.Equal(got, c.want) {
					t.Errorf("got  %q\nwant %q", got, c.want)
				}
			}
		})
	}
}

func words(parts []review.Part) []string {
	var out []string
	for _, p := range parts {
		state := fmt.Sprintf("observed left out %d", p.LeftOut)
		if !p.Observed() {
			state = p.Why
		}
		out = append(out, p.Part+" "+state)
		for _, g := range p.Grants {
			text := g.Account + " " + g.Role
			if g.Privileged {
				text += " privileged"
			}
			if g.System {
				text += " system"
			}
			out = append(out, text)
		}
	}
	return out
}
