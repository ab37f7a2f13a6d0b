package cloudrules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
)

type awsPermission struct {
	IPProtocol *string `json:"IpProtocol"`
	FromPort   *int64
	ToPort     *int64
	IPRanges   []struct {
		CidrIP      string `json:"CidrIp"`
		Description string
	} `json:"IpRanges"`
	IPv6Ranges []struct {
		CidrIPv6    string `json:"CidrIpv6"`
		Description string
	} `json:"Ipv6Ranges"`
	PrefixListIDs []struct {
		PrefixListID string `json:"PrefixListId"`
		Description  string
	} `json:"PrefixListIds"`
	UserIDGroupPairs []struct {
		GroupID     string `json:"GroupId"`
		Description string
	} `json:"UserIdGroupPairs"`
}

// aws reads groups whose rules all let something in; their order means nothing.
func aws(file string, list []json.RawMessage) ([]Group, error) {
	var out []Group
	for i, raw := range list {
		at := fmt.Sprintf("SecurityGroups[%d]", i)
		var g struct {
			GroupID             string `json:"GroupId"`
			GroupName           string
			OwnerID             string          `json:"OwnerId"`
			IPPermissions       []awsPermission `json:"IpPermissions"`
			IPPermissionsEgress []awsPermission `json:"IpPermissionsEgress"`
		}
		if err := one(file, at, raw, &g); err != nil {
			return nil, err
		}
		if g.GroupID == "" {
			return nil, fault.New(fault.Invalid, "the group has no GroupId").At(file, 0, at+".GroupId")
		}
		group := Group{Cloud: "aws", ID: path.Join(g.OwnerID, g.GroupID), Name: cmp.Or(g.GroupName, g.GroupID) + " (" + g.GroupID + ")", Chains: chains("aws", "drop")}
		for _, way := range []struct {
			chain, field string
			list         []awsPermission
		}{{"input", "IpPermissions", g.IPPermissions}, {"output", "IpPermissionsEgress", g.IPPermissionsEgress}} {
			for n, p := range way.list {
				if err := group.aws(p, way.chain); err != nil {
					return nil, fault.Wrap(fault.Invalid, err, "%s: %v", g.GroupID, err).At(file, 0, fmt.Sprintf("%s.%s[%d]", at, way.field, n))
				}
			}
		}
		group.number()
		out = append(out, group)
	}
	return out, nil
}

func (g *Group) aws(p awsPermission, chain string) error {
	if p.IPProtocol == nil {
		return fmt.Errorf("IpProtocol is missing")
	}
	r := newRule("aws", chain, "accept")
	switch proto := strings.ToLower(*p.IPProtocol); proto {
	case "-1":
	case "icmpv6":
		r.Protocols = []string{"ipv6-icmp"}
	default:
		r.Protocols = []string{proto}
	}
	if len(r.Protocols) > 0 && p.FromPort != nil && p.ToPort != nil {
		switch from, to := *p.FromPort, *p.ToPort; {
		case r.Protocols[0] == "icmp" || r.Protocols[0] == "ipv6-icmp" || r.Protocols[0] == "1" || r.Protocols[0] == "58":
			if from >= 0 {
				r.Other = append(r.Other, fmt.Sprintf("icmp type %d", from))
			}
		case from < 0 && to < 0, from == 0 && to == 65535:
		default:
			ports, err := portsOf(fmt.Sprintf("%d-%d", from, to))
			if err != nil {
				return err
			}
			r.DestinationPorts = []string{ports}
		}
	}
	for _, x := range p.IPRanges {
		r.Comment = x.Description
		g.add(r, []string{x.CidrIP}, chain)
	}
	for _, x := range p.IPv6Ranges {
		r.Comment = x.Description
		g.add(r, []string{x.CidrIPv6}, chain)
	}
	for _, x := range p.PrefixListIDs {
		r.Comment = x.Description
		g.add(r, []string{"prefix list " + x.PrefixListID}, chain)
	}
	for _, x := range p.UserIDGroupPairs {
		r.Comment = x.Description
		g.add(r, []string{"group " + x.GroupID}, chain)
	}
	return nil
}

type azureRule struct {
	Name                         string
	Description                  string
	Access                       string
	Direction                    string
	Protocol                     string
	Priority                     *int
	SourceAddressPrefix          string
	SourceAddressPrefixes        []string
	DestinationAddressPrefix     string
	DestinationAddressPrefixes   []string
	SourcePortRange              string
	SourcePortRanges             []string
	DestinationPortRange         string
	DestinationPortRanges        []string
	SourceApplicationSecurity    []json.RawMessage `json:"sourceApplicationSecurityGroups"`
	DestinationApplicationSecure []json.RawMessage `json:"destinationApplicationSecurityGroups"`
	Properties                   *azureRule
}

// azure reads groups whose rules are asked by priority; the first that fits decides.
func azure(file string, list []json.RawMessage) ([]Group, error) {
	var out []Group
	for i, raw := range list {
		at := fmt.Sprintf("[%d]", i)
		type rules struct{ SecurityRules []azureRule } // what every group has by default is the policy
		var g struct {
			ID   string `json:"id"`
			Name string
			rules
			Properties *rules
		}
		var own rules
		if err := one(file, at, raw, &g); err != nil {
			return nil, err
		}
		if err := one(file, at, raw, &own); err != nil {
			return nil, err
		}
		if g.Properties != nil {
			own = *g.Properties
		}
		if g.Name == "" {
			return nil, fault.New(fault.Invalid, "the group has no name").At(file, 0, at+".name")
		}
		group := Group{Cloud: "azure", ID: strings.TrimPrefix(cmp.Or(g.ID, g.Name), "/"), Name: g.Name, Chains: chains("azure", "accept")}
		type placed struct {
			facts.FirewallRule
			priority int
			peers    []string
		}
		var found []placed
		for n, x := range own.SecurityRules {
			if x.Properties != nil {
				name := x.Name
				x = *x.Properties
				x.Name = name
			}
			r, peers, err := x.rule()
			if err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "%s, rule %s: %v", g.Name, x.Name, err).At(file, 0, fmt.Sprintf("%s.securityRules[%d]", at, n))
			}
			found = append(found, placed{r, *x.Priority, peers})
		}
		slices.SortStableFunc(found, func(a, b placed) int {
			return cmp.Or(cmp.Compare(a.Chain, b.Chain), cmp.Compare(a.priority, b.priority))
		})
		for _, f := range found {
			group.add(f.FirewallRule, f.peers, f.Chain)
		}
		group.number()
		out = append(out, group)
	}
	return out, nil
}

func (x *azureRule) rule() (r facts.FirewallRule, peers []string, err error) {
	chain := map[string]string{"inbound": "input", "outbound": "output"}[strings.ToLower(x.Direction)]
	verdict := map[string]string{"allow": "accept", "deny": "drop"}[strings.ToLower(x.Access)]
	switch {
	case chain == "":
		return r, nil, fmt.Errorf("direction %q is neither Inbound nor Outbound", x.Direction)
	case verdict == "":
		return r, nil, fmt.Errorf("access %q is neither Allow nor Deny", x.Access)
	case x.Priority == nil:
		return r, nil, fmt.Errorf("priority is missing")
	}
	r = newRule("azure", chain, verdict)
	r.Comment = strings.TrimSpace(x.Name + " " + x.Description)
	switch p := strings.ToLower(x.Protocol); p {
	case "*", "":
	case "icmp", "tcp", "udp", "esp":
		r.Protocols = []string{p}
	case "ah":
		r.Protocols = []string{"ah"}
	default:
		return r, nil, fmt.Errorf("protocol %q is not known", x.Protocol)
	}
	for _, side := range []struct {
		one  string
		many []string
		to   *[]string
	}{{x.SourcePortRange, x.SourcePortRanges, &r.SourcePorts}, {x.DestinationPortRange, x.DestinationPortRanges, &r.DestinationPorts}} {
		for _, s := range slices.Concat([]string{side.one}, side.many) {
			if s == "" || s == "*" || s == "0-65535" {
				continue
			}
			ports, err := portsOf(s)
			if err != nil {
				return r, nil, err
			}
			*side.to = append(*side.to, ports)
		}
	}
	here, there := slices.Concat([]string{x.SourceAddressPrefix}, x.SourceAddressPrefixes), slices.Concat([]string{x.DestinationAddressPrefix}, x.DestinationAddressPrefixes)
	if chain == "output" {
		here, there = there, here
	}
	for _, s := range here {
		switch strings.ToLower(s) {
		case "", "*", "any":
		case "internet":
			peers = append(peers, "0.0.0.0/0", "::/0") // more than the tag: what it leaves out are private networks
		default:
			peers = append(peers, s)
		}
	}
	for _, s := range there {
		if l := strings.ToLower(s); l == "" || l == "*" || l == "any" {
			continue
		}
		if _, err := address(s); err == nil && chain == "input" {
			r.Destinations = append(r.Destinations, s)
			continue
		}
		r.Other = append(r.Other, "to "+s)
	}
	if len(x.SourceApplicationSecurity) > 0 {
		r.Other = append(r.Other, "from an application security group")
	}
	if len(x.DestinationApplicationSecure) > 0 {
		r.Other = append(r.Other, "to an application security group")
	}
	return r, peers, nil
}

type gcpRule struct {
	ID                    json.RawMessage
	Name                  string
	Description           string
	Network               string
	Direction             string
	Priority              *int
	Disabled              bool
	SourceRanges          []string
	DestinationRanges     []string
	SourceTags            []string
	TargetTags            []string
	SourceServiceAccounts []string
	TargetServiceAccounts []string
	Allowed               []gcpPorts
	Denied                []gcpPorts
}

type gcpPorts struct {
	IPProtocol string
	Ports      []string
}

// gcp reads the rules of networks, asked by priority, a denial before what lets in.
func gcp(file string, list []json.RawMessage) ([]Group, error) {
	type placed struct {
		facts.FirewallRule
		priority int
		peers    []string
	}
	found, order := map[string][]placed{}, []string{}
	for i, raw := range list {
		at := fmt.Sprintf("[%d]", i)
		var x gcpRule
		if err := one(file, at, raw, &x); err != nil {
			return nil, err
		}
		bad := func(field, format string, args ...any) error {
			return fault.New(fault.Invalid, "rule "+strconv.Quote(x.Name)+": "+format, args...).At(file, 0, at+"."+field)
		}
		if x.Network == "" {
			return nil, bad("network", "it names no network")
		}
		if x.Disabled {
			continue
		}
		chain := map[string]string{"ingress": "input", "egress": "output"}[strings.ToLower(x.Direction)]
		if chain == "" {
			return nil, bad("direction", "%q is neither INGRESS nor EGRESS", x.Direction)
		}
		priority := 1000
		if x.Priority != nil {
			priority = *x.Priority
		}
		if len(x.Allowed)+len(x.Denied) == 0 {
			return nil, bad("allowed", "it neither allows nor denies")
		}
		if found[x.Network] == nil {
			order = append(order, x.Network)
		}
		for _, side := range []struct {
			verdict string
			list    []gcpPorts
		}{{"drop", x.Denied}, {"accept", x.Allowed}} {
			for n, p := range side.list {
				r := newRule("gcp", chain, side.verdict)
				r.Comment = strings.TrimSpace(x.Name + " " + x.Description)
				if proto := strings.ToLower(p.IPProtocol); proto != "all" && proto != "" {
					r.Protocols = []string{proto}
				}
				for _, s := range p.Ports {
					ports, err := portsOf(s)
					if err != nil {
						return nil, bad(fmt.Sprintf("allowed[%d].ports", n), "%v", err)
					}
					if ports != "0-65535" {
						r.DestinationPorts = append(r.DestinationPorts, ports)
					}
				}
				for _, t := range []struct {
					words string
					list  []string
				}{{"to tags ", x.TargetTags}, {"to service accounts ", x.TargetServiceAccounts}} {
					if len(t.list) > 0 { // whom it is about: an opening stays one, a denial protects no others
						r.Other = append(r.Other, t.words+strings.Join(t.list, " "))
					}
				}
				peers := slices.Clone(x.SourceRanges)
				if chain == "output" {
					peers = slices.Clone(x.DestinationRanges)
				}
				for _, t := range x.SourceTags {
					peers = append(peers, "tag "+t)
				}
				for _, t := range x.SourceServiceAccounts {
					peers = append(peers, "service account "+t)
				}
				found[x.Network] = append(found[x.Network], placed{r, priority, peers})
			}
		}
	}
	var out []Group
	for _, network := range order {
		list := found[network]
		slices.SortStableFunc(list, func(a, b placed) int {
			return cmp.Or(cmp.Compare(a.Chain, b.Chain), cmp.Compare(a.priority, b.priority), -cmp.Compare(a.Verdict, b.Verdict))
		})
		id := network
		if _, rest, ok := strings.Cut(network, "/projects/"); ok {
			id = rest
		}
		g := Group{Cloud: "gcp", ID: id, Name: path.Base(network), Chains: chains("gcp", "accept")}
		for _, f := range list {
			g.add(f.FirewallRule, f.peers, f.Chain)
		}
		g.number()
		out = append(out, g)
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "every rule of the file is disabled").At(file, 0, "")
	}
	return out, nil
}
