// Package fencing is the packet filters of the demonstration's hosts: what each kind of
// host lets in, and what becomes of it in the year.
//
// Floor: edges, under simulation. It keeps nothing.
package fencing

import (
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/simulation/drifting"
)

// Days of the story.
const (
	Removed = 178 // what a review found unneeded is gone
	Copy    = 313 // somebody lets staging in to a database
	Again   = 362 // and then the web servers: still so at the end
)

// Rule is one that lets something in.
type Rule struct {
	Ports   string // "443"; several with commas
	Sources string // networks with spaces; "" everybody
	Comment string
	Zero    bool // no packet has met it
	From    int  // day from which it is there; 0 always
	Until   int  // day until which it is; 0 to the end
}

const chain = "inet filter input"

// Rules are those of a kind of host, besides the two that every host has.
func Rules(kind string) []Rule {
	office := Rule{Ports: "22", Sources: "10.40.0.0/16", Comment: "office"}
	deploy := Rule{Ports: "22", Sources: "10.20.1.0/24", Comment: "releases"}
	switch kind {
	case "web":
		return []Rule{office, deploy, {Ports: "80,443", Comment: "customers"}, {Ports: "8443", Comment: "trial of spring", Zero: true, Until: Removed}}
	case "app":
		return []Rule{office, deploy, {Ports: "8080", Sources: "10.10.1.0/24", Comment: "web servers"}, {Ports: "8080", Sources: "10.10.1.0/28", Comment: "first web servers"}}
	case "db":
		return []Rule{office, {Ports: "5432", Sources: "10.10.2.0/24 10.10.4.0/24", Comment: "applications"}, {Ports: "9187", Sources: "10.10.4.0/24", Comment: "metrics"},
			{Ports: "5432", Sources: "10.30.1.0/24", From: Copy, Until: Again}, {Ports: "5432", Sources: "10.10.1.0/24", From: Again}}
	case "worker":
		return []Rule{office, deploy}
	case "build":
		return []Rule{office, {Ports: "8081", Sources: "10.40.0.0/16", Comment: "results of builds"}}
	case "stage":
		return []Rule{{Ports: "22", Comment: "contractors"}, {Ports: "443", Sources: "10.40.0.0/16", Comment: "office"}}
	}
	return nil
}

// Words is a rule as the register of rule sets shows it.
func (r *Rule) Words() string {
	words := "tcp port " + r.Ports + " accept"
	if r.Sources != "" {
		words = "from " + strings.ReplaceAll(r.Sources, " ", ",") + " " + words
	}
	return words
}

// Walls gives the edits that make the packet filter of a host of a kind of the one in
// good order, at a moment.
func Walls(kind string, day func(int) time.Time, at time.Time) []drifting.Edit {
	list := func(words ...string) []any {
		out := []any{}
		for _, w := range words {
			out = append(out, w)
		}
		return out
	}
	position := int64(0)
	var rules, ports, zero []any
	add := func(states, in []any, r *Rule) {
		position++
		one := map[string]any{"engine": "nft", "family": "inet", "table": "filter", "chain": "input", "position": position, "ip": "", "protocols": []any{}, "sources": []any{}, "destinations": []any{}, "source_ports": []any{}, "destination_ports": []any{},
			"in_interfaces": in, "out_interfaces": []any{}, "states": states, "other": []any{}, "verdict": "accept", "target": "", "comment": "", "origin": ""}
		if r != nil {
			one["protocols"], one["sources"], one["destination_ports"], one["comment"] = list("tcp"), list(strings.Fields(r.Sources)...), list(strings.Split(r.Ports, ",")...), r.Comment
			if r.Sources == "" {
				for _, p := range strings.Split(r.Ports, ",") {
					ports = append(ports, map[string]any{"protocol": "tcp", "ports": p, "ip": "", "interfaces": []any{}, "via": "input", "target": "", "rule": fmt.Sprintf("%s rule %d: %s", chain, position, r.Words())})
				}
			}
			if r.Zero {
				zero = append(zero, fmt.Sprintf("nft inet filter input %d", position))
			}
		}
		rules = append(rules, one)
	}
	add(list("established", "related"), []any{}, nil)
	add([]any{}, list("lo"), nil)
	all := Rules(kind)
	for i := range all {
		r := &all[i]
		if (r.From == 0 || !at.Before(day(r.From).Add(12*time.Hour))) && (r.Until == 0 || at.Before(day(r.Until).Add(12*time.Hour))) {
			add([]any{}, []any{}, r)
		}
	}
	if ports == nil {
		ports = []any{}
	}
	if zero == nil {
		zero = []any{}
	}
	set := func(value any, path ...string) drifting.Edit {
		return drifting.Edit{Path: append([]string{"firewall"}, path...), Value: value}
	}
	return []drifting.Edit{set([]any{map[string]any{"engine": "nft", "family": "inet", "table": "filter", "name": "input", "kind": "filter", "hook": "input", "priority": int64(0), "policy": "drop", "rules": position, "origin": ""}}, "chains"),
		set(rules, "rules"), set(ports, "open", "ports"), set(zero, "zero"), set([]any{}, "uncounted")}
}
