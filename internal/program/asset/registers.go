package asset

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/program/vendor"
)

// Registers are where assets are known from without being entered here. Any may be
// nil.
type Registers struct {
	Hosts     *host.Service
	Vendors   *vendor.Service
	Questions *question.Service
	Scopes    *scope.Service
}

// Found gives what they know: hosts and databases (those that were taken out too),
// vendors that were engaged, places that the first questions name.
func (g Registers) Found(ctx context.Context) ([]Found, error) {
	var out []Found
	if g.Hosts != nil {
		for _, population := range []string{host.Population, host.Databases} {
			for cursor, first := "", true; first || cursor != ""; first = false {
				hosts, next, _, err := g.Hosts.Plain(ctx, host.Filter{Population: population, Retired: true}, cursor, 1000)
				if err != nil {
					return nil, err
				}
				for _, h := range hosts {
					out = append(out, ofHost(h))
				}
				cursor = next
			}
		}
	}
	names := map[string]bool{}
	if g.Vendors != nil {
		rows, err := g.Vendors.List(ctx, access.System())
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.Vendor.Engaged == "" {
				continue
			}
			f := Found{Origin: r.Vendor.ID, Kind: "service", Name: r.Name, Owner: r.Manager, Register: "the vendor register", Href: "/vendors/" + r.Ref, Since: r.Vendor.Engaged.Time(),
				Facts: [][2]string{{"Does for us", r.Service}, {"Criticality as a vendor", r.Level}, {"State as a vendor", r.State.Words()}}}
			if r.Vendor.EndedOn != "" {
				f.Gone, f.Why = r.Vendor.EndedOn.Time(), "its use ended"
			}
			names[key(r.Name)] = true
			out = append(out, f)
		}
	}
	if g.Questions != nil {
		history, err := g.Questions.History(ctx, access.System(), question.First)
		if err != nil {
			return nil, err
		}
		q, err := g.Questions.Book().Get(question.First)
		if err != nil {
			return nil, err
		}
		if n := len(history); n > 0 {
			since := history[0].Made.At
			said := q.Derive(history[n-1].Answers)
			add := func(kind, name, words string) {
				if name == "" || names[key(name)] {
					return
				}
				names[key(name)] = true
				out = append(out, Found{Origin: "place:" + strings.ReplaceAll(key(name), " ", "-"), Kind: kind, Name: name, Register: "the first questions", Href: "/start", Since: since, Facts: [][2]string{{"Named in the first questions as", words}}})
			}
			for _, p := range said.Places {
				add("place", p, "a place where we run or keep data")
			}
			for _, a := range said.Accounts {
				if a.Kind == "vendor" { // programs of ours have access too; they are part of what runs them
					add("service", a.Who, "a vendor with access to data")
				}
			}
		}
	}
	return out, nil
}

func ofHost(h host.Host) Found {
	f := Found{Origin: h.ID, Kind: "host", Name: h.Name, Owner: h.Owner, Class: h.Class, Environment: h.Environment, Register: "the host page", Href: "/hosts/" + h.ID, Silent: h.Silent, Since: h.FirstSeen, Gone: h.RetiredAt, Why: h.RetiredReason}
	if f.Name == "" {
		f.Name = h.ID
	}
	if h.Population == host.Databases {
		f.Kind, f.Register = "database", "the database page"
	} else {
		f.Facts = append(f.Facts, [2]string{"Operating system", h.OS}, [2]string{"Kernel", h.Kernel}, [2]string{"Architecture", h.Architecture})
	}
	heard := h.LastSeen.UTC().Format("2006-01-02 15:04 MST")
	if h.Silent {
		heard += ", and nothing since"
	}
	f.Facts = append(f.Facts, [2]string{"Last heard", heard})
	if len(h.Tags) > 0 {
		f.Facts = append(f.Facts, [2]string{"Tags", strings.Join(h.Tags, ", ")})
	}
	f.Facts = slices.DeleteFunc(f.Facts, func(x [2]string) bool { return x[1] == "" })
	return f
}

// Data gives the inventory of data, without what is retired.
func (g Registers) Data(ctx context.Context) ([]DataSet, error) {
	if g.Questions == nil {
		return nil, nil
	}
	all, err := g.Questions.Inventory(ctx, access.System())
	if err != nil {
		return nil, err
	}
	var out []DataSet
	for i := range all {
		if d := all[i].Now(); !d.Retired {
			out = append(out, DataSet{Ref: all[i].Ref(), Name: d.Name, Class: d.Classification, Owned: d.Owner != "", Lives: d.Lives})
		}
	}
	return out, nil
}

// Ports gives what hosts listen on, as their agents last said. Sockets that only the
// host itself reaches, and UDP ports that systems hand out by themselves, are left
// out. Who connects is not among the facts.
func (g Registers) Ports(ctx context.Context) (map[string]Ports, error) {
	if g.Hosts == nil {
		return nil, nil
	}
	reads, err := g.Hosts.Everywhere(ctx, "ports", "/listening")
	if err != nil {
		return nil, err
	}
	out := make(map[string]Ports, len(reads))
	for id, r := range reads {
		p := Ports{Why: r.Why}
		list, ok := r.Value.([]any)
		p.Known = ok && r.Why == ""
		for _, raw := range list {
			x, _ := raw.(map[string]any)
			proto, _ := x["proto"].(string)
			process, _ := x["process"].(string)
			port, isInt := x["port"].(int64)
			if loopback, _ := x["loopback"].(bool); loopback || !isInt {
				continue
			}
			one := Port{strings.TrimSuffix(proto, "6"), int(port), process}
			if one.Proto == "udp" && one.Port >= ephemeral {
				continue
			}
			if !slices.ContainsFunc(p.List, func(o Port) bool { return o.Proto == one.Proto && o.Port == one.Port }) {
				p.List = append(p.List, one)
			}
		}
		out[id] = p
	}
	return out, nil
}

// Scope gives the organisation's zone and the systems of its scope.
func (g Registers) Scope(ctx context.Context) (*time.Location, []string, error) {
	if g.Scopes == nil {
		return time.UTC, nil, nil
	}
	now, err := g.Scopes.Now(ctx)
	if err != nil {
		return nil, nil, err
	}
	var systems []string
	for _, x := range now.Systems {
		systems = append(systems, x.Name)
	}
	if now.Zone == "" {
		return time.UTC, systems, nil
	}
	zone, err := time.LoadLocation(now.Zone)
	if err != nil {
		return nil, nil, fmt.Errorf("the zone of the scope: %w", err)
	}
	return zone, systems, nil
}
