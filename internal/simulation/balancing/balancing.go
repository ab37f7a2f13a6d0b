// Package balancing tells what happened behind the load balancers of the made-up
// organisation: one web host has HAProxy, of whose servers three were down once
// and one of these was replaced; one has nginx; all others have neither.
//
// Invariant: the same end, beginning and moment give the same section.
//
// Floor: edges, below simulation. Imports facts.
package balancing

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/facts"
)

// Pack is the standard of load balancers. Its fixtures are of hosts that have
// some: what goes wrong there is told here instead of being drawn from them.
const Pack = "load-balancer"

// Sections are those that this package makes, one for each kind of load balancer.
func Sections() []string { return []string{"haproxy", "nginx"} }

// outage is a server behind the load balancer that was down for a time.
type outage struct {
	server   string
	daysBack int           // before the end of the history
	at       time.Duration // of the day
	lasts    time.Duration
	replaced string // address of what took its place; empty: it came back
}

func outages() []outage {
	return []outage{
		{server: "app2", daysBack: 71, at: 3*time.Hour + 12*time.Minute, lasts: 9 * time.Minute},
		{server: "app3", daysBack: 26, at: 14*time.Hour + 41*time.Minute, lasts: 47 * time.Minute, replaced: "10.20.1.14:8080"},
		{server: "app1", daysBack: 5, at: 22*time.Hour + 3*time.Minute, lasts: 4 * time.Minute},
	}
}

func (o outage) from(end time.Time) time.Time {
	y, m, d := end.AddDate(0, 0, -o.daysBack).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(o.at)
}

// Turns gives when something changes behind HAProxy, for a host that stands since
// a moment, in a history that ends at another.
func Turns(end, since time.Time) []time.Time {
	var all []time.Time
	for _, o := range outages() {
		if from := o.from(end); from.After(since) {
			all = append(all, from, from.Add(o.lasts))
		}
	}
	return all
}

// None gives the section of a host without that load balancer.
func None(name string) (map[string]any, []facts.Missing) {
	title := map[string]string{"haproxy": "HAProxy", "nginx": "nginx"}[name]
	return map[string]any{"installed": false}, []facts.Missing{{Path: "", State: facts.Absent, Reason: title + " is not installed: no /usr/sbin/" + name}}
}

// HAProxy gives its section at a moment, made of one in good order.
func HAProxy(good map[string]any, end, since, at time.Time) map[string]any {
	targets := balanced(end, at, since)
	out := maps.Clone(good)
	running, file := maps.Clone(out["running"].(map[string]any)), maps.Clone(out["persisted"].(map[string]any))
	running["targets"] = targets
	file["targets"], file["backends"] = declared(targets), counted(file, int64(len(targets)))
	out["running"], out["persisted"] = running, file
	return out
}

// balanced gives the servers behind HAProxy at a moment.
func balanced(end, at, since time.Time) []any {
	started := since.Truncate(time.Second).UnixMicro()
	list := []any{}
	for i := range 3 {
		list = append(list, map[string]any{"backend": "app", "name": fmt.Sprintf("app%d", i+1), "address": fmt.Sprintf("10.20.1.%d:8080", 11+i), "state": "up", "check": "L7OK", "why": "Layer7 check passed",
			"changed_us": started, "went_down": int64(0), "backup": false, "weight": int64(1), "limit": int64(200), "use_percent": int64(10)})
	}
	for _, o := range outages() {
		from := o.from(end)
		if !from.After(since) || at.Before(from) {
			continue
		}
		s := list[slices.IndexFunc(list, func(s any) bool { return s.(map[string]any)["name"] == o.server })].(map[string]any)
		s["went_down"] = s["went_down"].(int64) + 1
		if until := from.Add(o.lasts); at.Before(until) {
			s["state"], s["check"], s["why"], s["changed_us"] = "down", "L4CON", "Layer4 connection problem", from.UnixMicro()
		} else {
			s["changed_us"] = until.UnixMicro()
			if o.replaced != "" {
				s["address"] = o.replaced
			}
		}
	}
	return list
}

// declared gives the lines of the file for servers that run.
func declared(targets []any) []any {
	out := []any{}
	for i, t := range targets {
		s := t.(map[string]any)
		out = append(out, map[string]any{"backend": s["backend"], "name": s["name"], "address": s["address"], "count": int64(1), "weight": int64(1), "backup": false, "disabled": false, "checked": true,
			"fails": int64(3), "interval_ms": int64(2000), "max_connections": int64(200), "tls": false, "verified": false, "file": "/etc/haproxy/haproxy.cfg", "line": int64(31 + i)})
	}
	return out
}

// counted gives the backends of a file with so many servers each.
func counted(persisted map[string]any, n int64) []any {
	out := []any{}
	for _, b := range persisted["backends"].([]any) {
		one := maps.Clone(b.(map[string]any))
		one["targets"] = n
		out = append(out, one)
	}
	return out
}
