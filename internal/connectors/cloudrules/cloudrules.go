// Package cloudrules reads rule lists of clouds as their own programs print them:
// security groups of AWS (describe-security-groups), network security groups of Azure
// (az network nsg list or show) and firewall rules of Google Cloud (gcloud compute
// firewall-rules list --format=json).
//
// Serves B12 (CC6.6). Invariants: a mistake names the file, the group and the field; a
// rule is never left out because part of it is not understood: that part becomes a
// condition in words, which the analysis knows that it does not know.
//
// Floor: edges. Imports facts, base/fault.
package cloudrules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
)

// MaxFile is the largest file, in bytes; MaxGroups and MaxRules the most of one file.
const (
	MaxFile   = 16 << 20
	MaxGroups = 2_000
	MaxRules  = 20_000
)

// Group is one security group: a rule set of its own. Its chains are called input and
// output; what no rule mentions is refused, unless the cloud lets it.
type Group struct {
	Cloud  string // aws, azure, gcp
	ID     string // 123456789012/sg-0a1b
	Name   string
	Chains []facts.FirewallChain
	Rules  []facts.FirewallRule
}

// Parse reads a file. cloud is aws, azure or gcp; empty: it is told by its fields.
func Parse(file, cloud string, r io.Reader) ([]Group, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, err
	}
	bad := func(field, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At(file, 0, field)
	}
	if len(raw) > MaxFile {
		return nil, bad("", "the file has more than %d MiB", MaxFile>>20).WithHint("list the groups of one account or project at a time")
	}
	raw = bytes.TrimPrefix(bytes.TrimSpace(raw), []byte("\xef\xbb\xbf"))
	if len(raw) == 0 {
		return nil, bad("", "the file is empty").WithHint("aws ec2 describe-security-groups > groups.json")
	}
	var list []json.RawMessage
	switch raw[0] {
	case '[':
		err = json.Unmarshal(raw, &list)
	case '{':
		var whole struct {
			SecurityGroups *[]json.RawMessage
			Items          *[]json.RawMessage `json:"items"`
			Value          *[]json.RawMessage `json:"value"`
		}
		if err = json.Unmarshal(raw, &whole); err != nil {
			break
		}
		switch {
		case whole.SecurityGroups != nil:
			list = *whole.SecurityGroups
			if cloud == "" {
				cloud = "aws"
			}
		case whole.Items != nil:
			list = *whole.Items
		case whole.Value != nil:
			list = *whole.Value
		default:
			list = []json.RawMessage{raw}
		}
	default:
		return nil, bad("", "expected JSON, found %.20q", raw).WithHint("aws ec2 describe-security-groups; az network nsg list; gcloud compute firewall-rules list --format=json")
	}
	if err != nil {
		return nil, syntax(file, raw, err)
	}
	if cloud == "" && len(list) > 0 {
		cloud = told(list[0])
	}
	if len(list) == 0 {
		return nil, bad("", "the file holds no group").WithHint("see that the command was given the right account and region")
	}
	if len(list) > MaxGroups && cloud != "gcp" {
		return nil, bad("", "the file holds %d groups; at most %d are taken", len(list), MaxGroups)
	}
	var out []Group
	switch cloud {
	case "aws":
		out, err = aws(file, list)
	case "azure":
		out, err = azure(file, list)
	case "gcp":
		out, err = gcp(file, list)
	default:
		return nil, bad("", "it cannot be told which cloud the file is of").WithHint("expected fields GroupId (AWS), securityRules (Azure) or direction and network (Google Cloud)")
	}
	if err != nil {
		return nil, err
	}
	rules := 0
	ids := map[string]bool{}
	for _, g := range out {
		if rules += len(g.Rules); ids[g.ID] {
			return nil, bad(g.ID, "the group is there twice")
		}
		ids[g.ID] = true
	}
	if rules > MaxRules {
		return nil, bad("", "the file holds %d rules; at most %d are taken", rules, MaxRules)
	}
	return out, nil
}

func syntax(file string, raw []byte, err error) error {
	line := 0
	var s *json.SyntaxError
	var u *json.UnmarshalTypeError
	switch {
	case errors.As(err, &s):
		line = 1 + bytes.Count(raw[:min(int(s.Offset), len(raw))], []byte("\n"))
	case errors.As(err, &u):
		line = 1 + bytes.Count(raw[:min(int(u.Offset), len(raw))], []byte("\n"))
	}
	return fault.Wrap(fault.Invalid, err, "the file is no JSON of a cloud: %v", err).At(file, line, "").WithHint("bring the file as the command printed it")
}

// told says which cloud a group is of.
func told(raw json.RawMessage) string {
	var k struct {
		GroupID *string          `json:"GroupId"`
		Rules   *json.RawMessage `json:"securityRules"`
		Props   *json.RawMessage `json:"properties"`
		Network *string          `json:"network"`
	}
	if json.Unmarshal(raw, &k) != nil {
		return ""
	}
	switch {
	case k.GroupID != nil:
		return "aws"
	case k.Rules != nil || k.Props != nil:
		return "azure"
	case k.Network != nil:
		return "gcp"
	}
	return ""
}

// one decodes a group, with its place in errors.
func one(file, at string, raw json.RawMessage, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		field := at
		var u *json.UnmarshalTypeError
		if errors.As(err, &u) && u.Field != "" {
			field += "." + u.Field
		}
		return fault.Wrap(fault.Invalid, err, "it cannot be read: %v", err).At(file, 0, field).WithHint("bring the file as the command printed it")
	}
	return nil
}

func chains(engine, policyOut string) []facts.FirewallChain {
	return []facts.FirewallChain{{Engine: engine, Family: "inet", Table: "cloud", Name: "input", Kind: "filter", Hook: "input", Policy: "drop"},
		{Engine: engine, Family: "inet", Table: "cloud", Name: "output", Kind: "filter", Hook: "output", Policy: policyOut}}
}

func newRule(engine, chain, verdict string) facts.FirewallRule {
	return facts.FirewallRule{Engine: engine, Family: "inet", Table: "cloud", Chain: chain, Verdict: verdict, Protocols: []string{}, Sources: []string{}, Destinations: []string{},
		SourcePorts: []string{}, DestinationPorts: []string{}, InInterfaces: []string{}, OutInterfaces: []string{}, States: []string{}, Other: []string{}}
}

// add puts a rule into a group once for each IP version that its addresses are of.
func (g *Group) add(r facts.FirewallRule, peers []string, chain string) {
	var v4, v6, other []string
	for _, p := range peers {
		switch a, err := address(p); {
		case err != nil:
			other = append(other, p)
		case a.Is4():
			v4 = append(v4, p)
		default:
			v6 = append(v6, p)
		}
	}
	put := func(ip string, list []string, more ...string) {
		x := r
		x.Ip, x.Other = ip, append(slices.Clone(r.Other), more...)
		if chain == "input" {
			x.Sources = list
		} else {
			x.Destinations = list
		}
		x.Position = int64(1 + len(g.Rules))
		g.Rules = append(g.Rules, x)
	}
	if len(peers) == 0 {
		put("", []string{})
	}
	if len(v4) > 0 {
		put("4", v4)
	}
	if len(v6) > 0 {
		put("6", v6)
	}
	for _, o := range other {
		put("", []string{}, map[string]string{"input": "from ", "output": "to "}[chain]+o)
	}
}

func address(s string) (netip.Addr, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Addr(), nil
	}
	return netip.ParseAddr(s)
}

// sorted puts rules of a group into the order in which they are asked, and numbers them.
func (g *Group) number() {
	n := map[string]int64{}
	for i := range g.Rules {
		n[g.Rules[i].Chain]++
		g.Rules[i].Position = n[g.Rules[i].Chain]
	}
	for i := range g.Chains {
		g.Chains[i].Rules = n[g.Chains[i].Name]
	}
}

// portsOf checks "22" and "8000-8010".
func portsOf(s string) (string, error) {
	first, last, between := strings.Cut(strings.TrimSpace(s), "-")
	a, err := strconv.ParseUint(first, 10, 16)
	b := a
	if err == nil && between {
		b, err = strconv.ParseUint(last, 10, 16)
	}
	if err != nil || b < a {
		return "", fmt.Errorf("%q is no port and no range of ports", s)
	}
	if a == b {
		return strconv.FormatUint(a, 10), nil
	}
	return fmt.Sprintf("%d-%d", a, b), nil
}
