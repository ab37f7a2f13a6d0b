// Package zoning is the network of the demonstration: its zones, with whom its hosts
// are connected, and what comes of trying.
//
// Floor: edges, under simulation. It keeps nothing.
package zoning

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/segment"
	"github.com/attesta/attesta/internal/wire"
)

// networks are where the hosts of each kind stand.
var networks = map[string]string{"web": "10.10.1", "app": "10.10.2", "db": "10.10.3", "worker": "10.10.4", "build": "10.20.1", "stage": "10.30.1"}

// AddressOf gives the address of a host of the demonstration; "" for a name of none.
func AddressOf(name string) string {
	kind, number, _ := strings.Cut(name, "-")
	n, err := strconv.Atoi(number)
	if network := networks[kind]; network != "" && err == nil {
		return fmt.Sprintf("%s.%d", network, 10+n%240)
	}
	return ""
}

// Days of the story.
const (
	Drafted  = 240 // zones are drafted
	Approved = 243
	Mended   = 252 // the firewall before the databases is mended
	Copy     = 331 // somebody copies from production
	CopyOver = 334
	Again    = 360 // a web server reads a database: still there at the end
)

// Story is when it happens.
type Story struct {
	Day func(day int) time.Time // 00:00 UTC of a day of the year
	R   *rand.Rand
}

// Plan is the plan of the demonstration.
func Plan(end time.Time) segment.PlanText {
	zone := func(key, title, pattern, network, owner, data, why string) segment.Zone {
		z := segment.Zone{Key: key, Title: title, Owner: owner, Data: data, Why: why, Networks: []string{network}}
		if pattern != "" {
			z.Hosts = []string{pattern}
		}
		return z
	}
	world := zone("internet", "Everybody else", "", "0.0.0.0/0", "Nobody", "", "What is not ours.")
	world.Networks = append(world.Networks, "::/0")
	app := zone("app", "Applications and workers", "app-*", "10.10.2.0/24", "Platform team", "customer data", "It runs our own code.")
	app.Hosts, app.Networks = append(app.Hosts, "worker-*"), append(app.Networks, "10.10.4.0/24")
	may := func(key, from, to string, owner, why string, months int, ports ...string) segment.Rule {
		return segment.Rule{Key: key, From: from, To: to, Kind: segment.May, Protocol: "tcp", Ports: ports, Owner: owner, Why: why, Until: end.AddDate(0, months, 0).Format(time.DateOnly)}
	}
	dns := may("names", segment.Any, "internet", "Platform team", "Names are resolved by the provider.", 9, "53")
	dns.Protocol = "udp"
	return segment.PlanText{Why: "Zones as the network diagram has them.", Default: segment.Forbidden, ProofDays: 7,
		Zones: []segment.Zone{world, zone("web", "Web servers", "web-*", "10.10.1.0/24", "Platform team", "customer data", "They are all that the Internet reaches."), app,
			zone("db", "Databases", "db-*", "10.10.3.0/24", "Data team", "customer data", "They hold what customers entrust to us."), zone("build", "Build hosts", "build-*", "10.20.1.0/24", "Engineering", "internal", "They run code of dependencies."),
			zone("staging", "Staging", "stage-*", "10.30.1.0/24", "Engineering", "none", "It is changed by everybody."), zone("office", "Office network", "", "10.40.0.0/16", "IT", "internal", "Laptops are on it.")},
		Rules: []segment.Rule{may("internet-web", "internet", "web", "Platform team", "Customers come by the web servers.", 9, "443"), may("web-app", "web", "app", "Platform team", "Pages are made by the applications.", 9, "8080"), may("app-db", "app", "db", "Data team", "Applications keep their data there.", 9, "5432"),
			{Key: "web-not-db", From: "web", To: "db", Kind: segment.MustNot, Protocol: "tcp", Ports: []string{"5432"}, Why: "Who takes over a web server must not reach data."}, {Key: "staging-not-db", From: "staging", To: "db", Kind: segment.MustNot, Protocol: "tcp", Ports: []string{"5432"}, Why: "No data of customers leaves production."},
			may("deploy-web", "build", "web", "Engineering", "Releases are brought by the build hosts.", 9, "22"), may("deploy-app", "build", "app", "Engineering", "Releases are brought by the build hosts.", 9, "22"),
			may("updates", segment.Any, "internet", "Platform team", "Packages come from mirrors.", 9, "443"), dns, may("migration", "app", "staging", "Data team", "The old reports are moved.", -1, "5432")}}
}

// Flows makes up with whom a host is connected on a day.
func (c Story) Flows(name string, kinds map[string][]string, now time.Time) []facts.Flow {
	kind, _, _ := strings.Cut(name, "-")
	mine := AddressOf(name)
	out := []facts.Flow{}
	add := func(direction, protocol string, port int64, remote, program string) {
		out = append(out, facts.Flow{Direction: direction, Protocol: protocol, Port: port, Local: mine, Remote: remote, Program: program})
	}
	each := func(of string, direction string, port int64, program string) {
		for _, other := range kinds[of] {
			add(direction, "tcp", port, AddressOf(other), program)
		}
	}
	between := func(from, to int) bool { return !now.Before(c.Day(from)) && (to == 0 || now.Before(c.Day(to))) }
	first := func(of string) bool { return len(kinds[of]) > 0 && kinds[of][0] == name }
	add("out", "udp", 53, "198.51.100.53", "systemd-resolve")
	add("out", "tcp", 443, "198.51.100.80", "apt-get")
	switch kind {
	case "web":
		add("in", "tcp", 443, "public4", "nginx")
		each("app", "out", 8080, "nginx")
		if between(Again, 0) && first("web") && len(kinds["db"]) > 0 {
			add("out", "tcp", 5432, AddressOf(kinds["db"][0]), "psql")
		}
	case "app", "worker":
		if kind == "app" {
			each("web", "in", 8080, "java")
		}
		each("db", "out", 5432, "java")
	case "db":
		each("app", "in", 5432, "postgres")
		each("worker", "in", 5432, "postgres")
		if between(Copy, CopyOver) && first("db") && len(kinds["stage"]) > 0 {
			add("in", "tcp", 5432, AddressOf(kinds["stage"][0]), "postgres")
		}
		if between(Again, 0) && first("db") && len(kinds["web"]) > 0 {
			add("in", "tcp", 5432, AddressOf(kinds["web"][0]), "postgres")
		}
	case "build":
		each("web", "out", 22, "ssh")
		each("app", "out", 22, "ssh")
	case "stage":
		add("in", "tcp", 443, "10.40.7.21", "nginx")
		if between(Copy, CopyOver) && first("stage") && len(kinds["db"]) > 0 {
			add("out", "tcp", 5432, AddressOf(kinds["db"][0]), "pg_dump")
		}
	}
	return out
}

// Probes makes up what came of each try.
func (c Story) Probes(name string, raw json.RawMessage, now time.Time) (json.RawMessage, error) {
	var args wire.AskProbeArgs
	if err := json.Unmarshal(raw, &args); err != nil {
		return nil, err
	}
	kind, _, _ := strings.Cut(name, "-")
	in := func(address string, of ...string) bool {
		return slices.ContainsFunc(of, func(k string) bool { return strings.HasPrefix(address, networks[k]+".") })
	}
	var out wire.ProbeResult
	for i, t := range args.Targets {
		p := wire.Probed{ProbeTarget: t, State: "silent", Reason: "no answer within 2s: something on the way, or the other side, drops it", Local: fmt.Sprintf("%s:%d", AddressOf(name), 40000+i), At: now, TookUs: 2_000_000}
		opened := kind == "web" && in(t.Address, "app", "worker") && t.Port == 8080 || (kind == "app" || kind == "worker") && in(t.Address, "db") && t.Port == 5432 || kind == "build" && in(t.Address, "web", "app", "worker") && t.Port == 22 ||
			kind == "web" && in(t.Address, "db") && t.Port == 5432 && (now.Before(c.Day(Mended)) || !now.Before(c.Day(Again)))
		if opened {
			p.State, p.Reason, p.TookUs = "open", "the connection was opened, and reset at once", int64(300+c.R.IntN(900))
		}
		out.Probes = append(out.Probes, p)
	}
	return json.Marshal(out)
}
