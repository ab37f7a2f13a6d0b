package years

import (
	"context"
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/diagram"
)

func makeAssets(o *Stage) error {
	from := asset.Registers{Hosts: o.Hosts, Vendors: o.Vendors, Questions: o.Questions, Scopes: o.Scopes}
	o.Assets = asset.New(asset.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock, Access: o.Access, Found: from.Found, Data: from.Data, Ports: from.Ports, Scope: from.Scope})
	o.Diagrams = diagram.New(diagram.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock, Assets: o.Assets})
	return nil
}

// zoneOf is where a host of the story stands, by its name.
func zoneOf(name string) string {
	kind, _, _ := strings.Cut(name, "-")
	switch kind {
	case "web":
		return "edge"
	case "db":
		return "data"
	case "build":
		return "engineering"
	case "stage":
		return "staging"
	}
	return "application"
}

// yearOfAssets is the register that begins with what agents report, its owners and
// classes, things that no agent sees, one that is disposed of, declared flows, and a
// data-flow diagram of two versions.
func yearOfAssets(o *Stage, c *Calendar) error {
	record := func(n int, who, name string, change asset.Change) {
		c.On(n, "asset "+name, func(ctx context.Context) error {
			ref := name
			if _, enters := change.(*asset.Added); enters {
				ref = ""
			} else if v, err := o.Assets.Inventory(ctx, o.Cast[who]); err != nil {
				return err
			} else if e := v.Resolve(name); e.Known {
				ref = e.Key
			}
			_, err := o.Assets.Record(ctx, o.Cast[who], ref, change)
			return err
		})
	}
	day := func(n int) asset.Day { return asset.Day(o.Start.AddDate(0, 0, n*c.Days/365).Format("2006-01-02")) }
	enter := func(n int, who string, p asset.Profile) { record(n, who, p.Name, &asset.Added{Profile: p}) }
	enter(5, "ines", asset.Profile{Name: "Dispatchers and drivers of customers", Kind: "party", Note: "Through the web page and the API."})
	enter(5, "mei", asset.Profile{Name: "Farol application", Kind: "application", Owner: "mei", Class: "confidential", Environment: "production", Zone: "application", System: "Farol", Criticality: "critical", Note: "Plans routes, and shows where vans are."})
	enter(6, "lukas", asset.Profile{Name: "Laptops of staff", Kind: "device", Owner: "lukas", Class: "internal", Environment: "office", Zone: "office", Criticality: "medium"})
	enter(6, "lukas", asset.Profile{Name: "Backup tapes, cabinet 2", Kind: "media", Owner: "lukas", Class: "confidential", Environment: "production", Zone: "data", Criticality: "high"})
	enter(6, "lukas", asset.Profile{Name: "Firewall pair Oslo", Kind: "network", Owner: "Platform team", Class: "internal", Environment: "production", Zone: "edge", Criticality: "high"})
	enter(6, "mei", asset.Profile{Name: "Orders database", Kind: "database", Owner: "tomas", Class: "confidential", Environment: "production", Zone: "data", System: "Farol", Criticality: "critical"})
	enter(6, "mei", asset.Profile{Name: "Deployment queue", Kind: "application", Owner: "mei", Class: "internal", Environment: "production", Zone: "engineering", System: "Farol", Criticality: "medium"})
	enter(66, "mei", asset.Profile{Name: "Route archive", Kind: "store", Owner: "jonas", Class: "confidential", Environment: "production", Zone: "data", System: "Farol", Criticality: "medium"})
	c.On(12, "hosts get class and zone", func(ctx context.Context) error {
		hosts, _, _, err := o.Hosts.Plain(ctx, host.Filter{}, "", 1000)
		if err != nil {
			return err
		}
		for i, h := range hosts {
			p := asset.Profile{Zone: zoneOf(h.Name), Class: "internal", System: "Farol"} // owner and environment are said on its page
			switch p.Zone {
			case "data", "application":
				p.Class = "confidential"
			case "engineering":
				p.Owner = "jonas"
			}
			if i == 4 { // one stayed behind
				p.Class = ""
			}
			if _, err := o.Assets.Record(ctx, o.Cast["lukas"], h.ID, &asset.Described{Profile: p}); err != nil {
				return err
			}
		}
		return nil
	})
	c.On(90, "services of vendors get classes", func(ctx context.Context) error {
		all, err := o.Assets.List(ctx, o.Cast["ines"])
		if err != nil {
			return err
		}
		n := 0
		for _, a := range all {
			if a.Kind != "service" || a.Class.Text != "" || !a.Active() {
				continue
			}
			if n++; n%4 == 0 { // nobody could say what of ours lies there
				continue
			}
			if _, err := o.Assets.Record(ctx, o.Cast["ines"], a.Key, &asset.Described{Profile: asset.Profile{Class: "confidential"}}); err != nil {
				return err
			}
		}
		return nil
	})
	record(91, "lukas", "Nordlys, hall Oslo", &asset.Described{Profile: asset.Profile{Owner: "lukas", Environment: "production", Zone: "halls"}})
	c.On(300, "assets are reviewed for the year", func(ctx context.Context) error {
		all, err := o.Assets.List(ctx, o.Cast["ines"])
		if err != nil {
			return err
		}
		for i, a := range all {
			if a.Active() && len(a.Gaps) == 0 && a.Kind != "party" && i%5 != 4 {
				if _, err := o.Assets.Record(ctx, o.Cast["ines"], a.Key, &asset.Reviewed{Note: "Held against the provider's invoice and the list of laptops."}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	record(240, "lukas", "Backup tapes, cabinet 2", &asset.Retired{On: day(238), Why: "Backups go to the second hall over the network."})
	record(248, "lukas", "Backup tapes, cabinet 2", &asset.Disposed{On: day(246), Method: "destroyed", Proof: "Certificate 2231 of the shredder, with the numbers of the tapes.", By: "Sikker Makulering AS"})

	refs := map[string]string{} // of data sets, by what they hold
	declare := func(n int, who, again string, f asset.Flow) {
		c.On(n, "flow "+f.From+" to "+f.To, func(ctx context.Context) error {
			var data []string
			for _, d := range f.Data {
				data = append(data, refs[d])
			}
			x := f
			x.Data = data
			_, err := o.Assets.Declare(ctx, o.Cast[who], again, x)
			return err
		})
	}
	c.On(39, "data sets are looked up for flows", func(ctx context.Context) error {
		all, err := o.Questions.Inventory(ctx, access.System())
		if err != nil {
			return err
		}
		for i, d := range all {
			refs[fmt.Sprint(i)] = d.Ref()
		}
		return nil
	})
	declare(40, "mei", "", asset.Flow{From: "Dispatchers and drivers of customers", To: "Firewall pair Oslo", Data: []string{"0", "1"}, Protocol: "https", Port: 443, Encrypted: "yes", How: "TLS 1.3", Purpose: "Orders come in, routes go out."})
	declare(40, "mei", "", asset.Flow{From: "Firewall pair Oslo", To: "Farol application", Data: []string{"0", "1"}, Protocol: "http", Port: 8080, Encrypted: "no", Purpose: "Requests are handed on, within one hall."})
	declare(40, "mei", "", asset.Flow{From: "Farol application", To: "Orders database", Data: []string{"0"}, Protocol: "postgres", Port: 5432, Encrypted: "yes", How: "TLS 1.3", Purpose: "Orders, routes and positions are kept."})
	declare(41, "lukas", "", asset.Flow{From: "Laptops of staff", To: "zone:application", Protocol: "ssh", Port: 22, Encrypted: "yes", How: "SSH with keys on tokens", Purpose: "Hosts are worked on."})
	declare(41, "mei", "", asset.Flow{From: "Farol application", To: "Cartograma", Data: []string{"0"}, Protocol: "https", Port: 443, Encrypted: "yes", How: "TLS 1.2", Purpose: "Addresses go out, maps and travel times come back."})
	declare(41, "mei", "", asset.Flow{From: "Forja Code", To: "Deployment queue", Data: []string{"3"}, Protocol: "https", Port: 443, Encrypted: "yes", How: "TLS 1.3", Purpose: "Builds are handed to the deployment queue."})
	declare(42, "mei", "", asset.Flow{From: "Old export job", To: "Porto Helpdesk", Data: []string{"1"}, Protocol: "ftp", Port: 21, Encrypted: "no", Purpose: "Names of customers go to the support desk each night."})
	draw := func(n int, what string, do func(ctx context.Context) error) { c.On(n, "diagram "+what, do) }
	draw(44, "is made", func(ctx context.Context) error {
		_, err := o.Diagrams.Make(ctx, o.Cast["mei"], diagram.Settings{Title: "Data flows of Farol", Kind: diagram.DataFlow, Note: "For the description of the system, and for whoever asks where customers' data goes."})
		return err
	})
	draw(45, "is frozen", func(ctx context.Context) error {
		_, err := o.Diagrams.Freeze(ctx, o.Cast["mei"], "DG-1", "First version, walked through with operations.")
		return err
	})
	draw(47, "is approved", func(ctx context.Context) error {
		_, err := o.Diagrams.Approve(ctx, o.Cast["ines"], "DG-1", 1, "The nightly export is a finding; it goes by summer.", "")
		return err
	})
	draw(60, "of the network", func(ctx context.Context) error {
		_, err := o.Diagrams.Make(ctx, o.Cast["lukas"], diagram.Settings{Title: "Network of production", Kind: diagram.Network, Environment: "production"})
		return err
	})
	draw(61, "of the network is frozen", func(ctx context.Context) error {
		_, err := o.Diagrams.Freeze(ctx, o.Cast["lukas"], "DG-2", "As the agents and the racks say.")
		return err
	})
	draw(62, "of the network is approved", func(ctx context.Context) error {
		_, err := o.Diagrams.Approve(ctx, o.Cast["ines"], "DG-2", 1, "", "")
		return err
	})
	declare(205, "mei", "DF-7", asset.Flow{From: "Farol application", To: "Porto Helpdesk", Data: []string{"1"}, Protocol: "https", Port: 443, Encrypted: "unknown", Purpose: "Names of customers are looked up one by one."})
	declare(300, "mei", "", asset.Flow{From: "Farol application", To: "Route archive", Data: []string{"0"}, Protocol: "s3", Port: 9000, Encrypted: "yes", How: "TLS 1.3", Purpose: "Routes older than a year are kept apart."})
	draw(310, "has a second version", func(ctx context.Context) error {
		_, err := o.Diagrams.Freeze(ctx, o.Cast["mei"], "DG-1", "The nightly export is gone; the archive is new.")
		return err
	})
	return nil
}
