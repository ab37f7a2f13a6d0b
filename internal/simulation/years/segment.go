package years

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/host"
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

func makeSegment(o *Stage) error {
	o.Asks = ask.New(ask.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock})
	o.Segment = segment.New(segment.Config{DB: o.DB, Ledger: o.Ledger, Hosts: o.Hosts, Asks: o.Asks, Clock: o.Clock, Version: "demonstration"})
	return nil
}

// Days of the story.
const (
	zonesDay    = 240 // zones are drafted
	inForceDay  = 243
	mendedDay   = 252 // the firewall before the databases is mended
	copyDay     = 331 // somebody copies from production
	copyOverDay = 334
	deployDay   = 360 // a build host reads a database: still there at the end
)

// yearOfSegment is zones that are declared, a block that was none and is mended, a
// copy of data that nobody allowed, and one more way that is open at the end.
func yearOfSegment(o *Stage, c *Calendar) error {
	sent := map[string]string{}
	for i := range 4 {
		c.Daily(time.Duration(i)*6*time.Hour+50*time.Minute, false, "agents say with whom hosts are connected", func(ctx context.Context) error {
			if o.Clock().Before(c.Day(zonesDay - 5)) {
				return nil
			}
			if i == 0 {
				if err := o.connections(ctx, c, sent); err != nil {
					return err
				}
			}
			if err := o.Segment.Turn(ctx); err != nil {
				return err
			}
			if i == 0 {
				return o.answerProbes(ctx, c)
			}
			return nil
		})
	}
	c.On(zonesDay, "zones of the network are drafted", func(ctx context.Context) error {
		_, err := o.Segment.DraftPlan(ctx, o.Cast["tomas"], zonesOf(o.End))
		return err
	})
	c.On(inForceDay, "and approved", func(ctx context.Context) error {
		_, err := o.Segment.ApprovePlan(ctx, o.Cast["ines"], "SG-1", "The zones are those of the network diagram. What is open today shows within a day.", "")
		return err
	})
	c.On(320, "an allowance for the office is added", func(ctx context.Context) error {
		text := zonesOf(o.End)
		text.Why = "The office reads staging by a network of its own."
		text.Rules = append(text.Rules, segment.Rule{Key: "office-staging", From: "office", To: "staging", Kind: segment.May, Protocol: "tcp", Ports: []string{"443"}, Owner: "Product", Why: "Features are looked at before they go live.", Until: o.End.AddDate(0, 7, 0).Format(time.DateOnly)})
		if _, err := o.Segment.DraftPlan(ctx, o.Cast["tomas"], text); err != nil {
			return err
		}
		_, err := o.Segment.ApprovePlan(ctx, o.Cast["ines"], "SG-2", "", "")
		return err
	})
	return nil
}

// zonesOf is the plan of the demonstration.
func zonesOf(end time.Time) segment.PlanText {
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
			{Key: "web-not-db", From: "web", To: "db", Kind: segment.MustNot, Why: "Who takes over a web server must not reach data."}, {Key: "staging-not-db", From: "staging", To: "db", Kind: segment.MustNot, Why: "No data of customers leaves production."},
			may("deploy-web", "build", "web", "Engineering", "Releases are brought by the build hosts.", 9, "22"), may("deploy-app", "build", "app", "Engineering", "Releases are brought by the build hosts.", 9, "22"),
			may("updates", segment.Any, "internet", "Platform team", "Packages come from mirrors.", 9, "443"), dns, may("migration", "app", "staging", "Data team", "The old reports are moved.", -1, "5432")}}
}

// connections has every host say with whom it is connected, where that changed.
func (o *Stage) connections(ctx context.Context, c *Calendar, sent map[string]string) error {
	hosts, _, _, err := o.Hosts.List(ctx, host.Filter{}, "", 1000)
	if err != nil {
		return err
	}
	kinds := map[string][]string{}
	for i := range hosts {
		kind, _, _ := strings.Cut(hosts[i].Name, "-")
		if AddressOf(hosts[i].Name) != "" {
			kinds[kind] = append(kinds[kind], hosts[i].Name)
		}
	}
	for i := range hosts {
		h := &hosts[i]
		address := AddressOf(h.Name)
		if h.Silent || address == "" {
			continue
		}
		no := false
		sec, err := facts.NewSection("flows", facts.Flows{Flows: flowsOf(h.Name, kinds, o.Clock(), c), Conntrack: &no, Overflow: &no, Unseen: []string{}}, nil)
		if err != nil {
			return err
		}
		if sent[h.Source] == sec.Digest {
			continue
		}
		sent[h.Source] = sec.Digest
		raw, err := json.Marshal(sec)
		if err != nil {
			return err
		}
		now := o.Clock()
		var none int64
		if err := o.DB.Tx(ctx, func(tx *sql.Tx) error {
			_, err := o.Hosts.ReceiveFacts(ctx, tx, host.Batch{Source: h.Source, SourceName: h.Name, Stream: "flows", Sequence: now.UnixMicro(), ObservedAt: now, ClockOffsetUs: &none, ReceivedAt: now, Digest: sec.Digest, AgentVersion: h.AgentVersion, Items: []json.RawMessage{raw}})
			return err
		}); err != nil {
			return fmt.Errorf("connections of %s: %w", h.Name, err)
		}
	}
	return nil
}

// flowsOf makes up with whom a host is connected on a day.
func flowsOf(name string, kinds map[string][]string, now time.Time, c *Calendar) []facts.Flow {
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
	case "app", "worker":
		if kind == "app" {
			each("web", "in", 8080, "java")
		}
		each("db", "out", 5432, "java")
	case "db":
		each("app", "in", 5432, "postgres")
		each("worker", "in", 5432, "postgres")
		if between(copyDay, copyOverDay) && first("db") && len(kinds["stage"]) > 0 {
			add("in", "tcp", 5432, AddressOf(kinds["stage"][0]), "postgres")
		}
		if between(deployDay, 0) && first("db") && len(kinds["build"]) > 0 {
			add("in", "tcp", 5432, AddressOf(kinds["build"][0]), "postgres")
		}
	case "build":
		each("web", "out", 22, "ssh")
		each("app", "out", 22, "ssh")
		if between(deployDay, 0) && first("build") && len(kinds["db"]) > 0 {
			add("out", "tcp", 5432, AddressOf(kinds["db"][0]), "psql")
		}
	case "stage":
		add("in", "tcp", 443, "10.40.7.21", "nginx")
		if between(copyDay, copyOverDay) && first("stage") && len(kinds["db"]) > 0 {
			add("out", "tcp", 5432, AddressOf(kinds["db"][0]), "pg_dump")
		}
	}
	return out
}

// answerProbes lets agents answer what they are asked: those of hosts whose number ends
// with 3 may not.
func (o *Stage) answerProbes(ctx context.Context, c *Calendar) error {
	hosts, _, _, err := o.Hosts.List(ctx, host.Filter{}, "", 1000)
	if err != nil {
		return err
	}
	now := o.Clock()
	return o.DB.Tx(ctx, func(tx *sql.Tx) error {
		for i := range hosts {
			h := &hosts[i]
			list, err := o.Asks.For(ctx, tx, h.Source)
			if err != nil {
				return err
			}
			for _, a := range list {
				if a.Kind != wire.AskProbe {
					continue
				}
				answer := wire.Answer{ID: a.ID, Kind: a.Kind, At: now}
				if strings.HasSuffix(h.Name, "3") {
					answer.Refuse = "probing is not allowed by this agent's settings"
				} else if answer.Result, err = probesOf(h.Name, a.Args, now, c); err != nil {
					return err
				}
				raw, err := json.Marshal(answer)
				if err != nil {
					return err
				}
				if err := o.Asks.Receive(ctx, tx, h.Source, []json.RawMessage{raw}); err != nil {
					return fmt.Errorf("the answer of %s: %w", h.Name, err)
				}
			}
		}
		return nil
	})
}

// probesOf makes up what came of each try.
func probesOf(name string, raw json.RawMessage, now time.Time, c *Calendar) (json.RawMessage, error) {
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
		opened := kind == "web" && in(t.Address, "app") && t.Port == 8080 || (kind == "app" || kind == "worker") && in(t.Address, "db") && t.Port == 5432 || kind == "build" && in(t.Address, "web", "app", "worker") && t.Port == 22 ||
			kind == "web" && in(t.Address, "db") && t.Port == 5432 && now.Before(c.Day(mendedDay)) || kind == "build" && in(t.Address, "db") && t.Port == 5432 && !now.Before(c.Day(deployDay))
		if opened {
			p.State, p.Reason, p.TookUs = "open", "the connection was opened, and reset at once", int64(300+c.R.IntN(900))
		}
		out.Probes = append(out.Probes, p)
	}
	return json.Marshal(out)
}
