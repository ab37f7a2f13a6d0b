package segment

import (
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
)

// PlanKind is what the journal keeps of plans.
var PlanKind = journal.Kind{Name: "segment_plan", Prefix: "sgp", Letter: "SG", Noun: "segmentation plan", Steps: []string{"drafted", "edited", "approved", "replaced", "withdrawn"}}

// State is where a version of the plan stands.
type State string

// The states.
const (
	Draft     State = "draft"
	InForce   State = "in_force"
	Replaced  State = "replaced"
	Withdrawn State = "withdrawn"
)

// States gives them in the order of a filter.
func States() []State { return []State{InForce, Draft, Replaced, Withdrawn} }

// Kind is what a rule says.
type Kind string

// The kinds.
const (
	May     Kind = "may"
	MustNot Kind = "must_not"
)

// Default is what holds between two zones that no rule is about.
type Default string

// The defaults.
const (
	Forbidden Default = "must_not"
	Unstated  Default = "unstated"
)

// Any stands for every zone in a rule.
const Any = "*"

// Zone is a part of the network.
type Zone struct {
	Key      string   `json:"key" doc:"Short name that stays the same over versions: db." maxLength:"40"`
	Title    string   `json:"title" doc:"What lies in it, in words." maxLength:"200"`
	Hosts    []string `json:"hosts,omitempty" doc:"Names of hosts; * and ? stand for any letters: db-*." maxItems:"500"`
	Networks []string `json:"networks,omitempty" doc:"Networks: 10.2.0.0/16." maxItems:"500"`
	Owner    string   `json:"owner" doc:"Who answers for it." maxLength:"200"`
	Data     string   `json:"data,omitempty" doc:"The most sensitive class of data in it." maxLength:"100"`
	Why      string   `json:"why" doc:"Why it stands apart." maxLength:"1000"`
}

// Rule is what one zone may do to another.
type Rule struct {
	Key      string   `json:"key" doc:"Short name that stays the same over versions: web-not-db." maxLength:"40"`
	From     string   `json:"from" doc:"Zone, or * for every one." maxLength:"40"`
	To       string   `json:"to" doc:"Zone, or * for every one." maxLength:"40"`
	Kind     Kind     `json:"kind" enum:"may,must_not"`
	Protocol string   `json:"protocol,omitempty" doc:"tcp, udp; empty for both." enum:"tcp,udp"`
	Ports    []string `json:"ports,omitempty" doc:"443, 8000-8010; none for every port." maxItems:"50"`
	Owner    string   `json:"owner,omitempty" doc:"Who asked for it; of an allowance it must be there." maxLength:"200"`
	Why      string   `json:"why" doc:"Why it is so." maxLength:"1000"`
	Until    string   `json:"until,omitempty" doc:"Last day of an allowance, 2027-03-31: then somebody looks at it again." maxLength:"10"`
}

// PlanText is what a version of the plan says.
type PlanText struct {
	Why       string  `json:"why" doc:"What is new against the version before." maxLength:"2000"`
	Default   Default `json:"default" doc:"What holds between two zones that no rule is about." enum:"must_not,unstated"`
	ProofDays int     `json:"proof_days" doc:"A proof is to be younger than so many days; 7 when left out." minimum:"0" maximum:"366"`
	Zones     []Zone  `json:"zones" maxItems:"100"`
	Rules     []Rule  `json:"rules" maxItems:"300"`
}

// Plan is a version of the plan.
type Plan struct {
	PlanText
	State    State     `json:"state"`
	Author   string    `json:"author"`
	Approver string    `json:"approver,omitempty"`
	Alone    string    `json:"alone,omitempty"` // what stands in for a second person
	From     time.Time `json:"in_force_from,omitzero"`
	To       time.Time `json:"in_force_to,omitzero"`
}

// Mark is what lists are filtered by.
func (p Plan) Mark() journal.Mark { return journal.Mark{State: string(p.State), Owner: p.Author} }

// Rule finds a rule by its key.
func (p *PlanText) Rule(key string) (Rule, bool) {
	i := slices.IndexFunc(p.Rules, func(r Rule) bool { return r.Key == key })
	if i < 0 {
		return Rule{}, false
	}
	return p.Rules[i], true
}

// Zone finds a zone by its key.
func (p *PlanText) Zone(key string) (Zone, bool) {
	i := slices.IndexFunc(p.Zones, func(z Zone) bool { return z.Key == key })
	if i < 0 {
		return Zone{}, false
	}
	return p.Zones[i], true
}

var keys = regexp.MustCompile(`^[a-z][a-z0-9-]{1,39}$`)

// reserved are keys of items that are no rule.
var reserved = []string{keyZones, keyDefault}

// Keys of the items that stand beside rules.
const (
	keyZones   = "zones"
	keyDefault = "default"
)

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// tidy brings a plan into form, or says at which field it cannot be taken.
func (p *PlanText) tidy() (err error) {
	if p.Why, err = journal.Text("why", p.Why, "what is new", true, 2000); err != nil {
		return err
	}
	if p.Default != Forbidden && p.Default != Unstated {
		return bad("default", "choose must_not or unstated")
	}
	if p.ProofDays == 0 {
		p.ProofDays = 7
	}
	switch {
	case p.ProofDays < 1 || p.ProofDays > 366:
		return bad("proof_days", "choose 1 to 366 days")
	case len(p.Zones) > 100:
		return bad("zones", "a plan has at most 100 zones, not %d", len(p.Zones))
	case len(p.Rules) > 300:
		return bad("rules", "a plan has at most 300 rules, not %d", len(p.Rules))
	}
	seen := map[string]bool{}
	for i := range p.Zones {
		if err := p.Zones[i].tidy(fmt.Sprintf("zones[%d].", i)); err != nil {
			return err
		}
		if seen[p.Zones[i].Key] {
			return bad(fmt.Sprintf("zones[%d].key", i), "two zones are called %s", p.Zones[i].Key)
		}
		seen[p.Zones[i].Key] = true
	}
	rules := map[string]bool{}
	for i := range p.Rules {
		at := fmt.Sprintf("rules[%d].", i)
		r := &p.Rules[i]
		if err := r.tidy(at); err != nil {
			return err
		}
		for _, end := range []struct{ field, zone string }{{"from", r.From}, {"to", r.To}} {
			if end.zone != Any && !seen[end.zone] {
				return bad(at+end.field, "no zone is called %q", end.zone).WithHint("add the zone first, or write * for every zone")
			}
		}
		if rules[r.Key] {
			return bad(at+"key", "two rules are called %s", r.Key)
		}
		rules[r.Key] = true
	}
	return nil
}

// whole refuses a plan that says nothing: it may be drafted, not approved.
func (p *PlanText) whole() error {
	switch {
	case len(p.Zones) < 2:
		return bad("zones", "a plan has two zones at least")
	case len(p.Rules) == 0 && p.Default != Forbidden:
		return bad("rules", "without a rule, and with nothing forbidden by default, the plan says nothing")
	}
	return nil
}

type line struct {
	field string
	text  *string
	what  string
	must  bool
	most  int
}

func tidyLines(at string, list ...line) (err error) {
	for _, l := range list {
		if *l.text, err = journal.Line(at+l.field, *l.text, l.what, l.must, l.most); err != nil {
			return err
		}
	}
	return nil
}

func (z *Zone) tidy(at string) (err error) {
	z.Key = strings.TrimSpace(z.Key)
	if !keys.MatchString(z.Key) {
		return bad(at+"key", "%q is no key", z.Key).WithHint("lower-case letters, digits and dashes, a letter first: db")
	}
	if err := tidyLines(at, line{"title", &z.Title, "what lies in it", true, 200}, line{"owner", &z.Owner, "who answers for it", true, 200}, line{"data", &z.Data, "", false, 100}); err != nil {
		return err
	}
	if z.Why, err = journal.Text(at+"why", z.Why, "why it stands apart", true, 1000); err != nil {
		return err
	}
	if len(z.Hosts)+len(z.Networks) == 0 {
		return bad(at+"hosts", "a zone names hosts or networks").WithHint("such as db-* or 10.2.0.0/16")
	}
	if len(z.Hosts) > 500 || len(z.Networks) > 500 {
		return bad(at+"hosts", "a zone names at most 500 patterns and 500 networks")
	}
	z.Hosts, z.Networks = slices.Clone(z.Hosts), slices.Clone(z.Networks)
	for i, h := range z.Hosts {
		h = strings.ToLower(strings.TrimSpace(h))
		if _, err := path.Match(h, ""); err != nil || h == "" || len(h) > 253 || strings.ContainsAny(h, " /\\") {
			return bad(at+"hosts", "%.60q is no pattern of names", h).WithHint("letters of names, * for any and ? for one: db-*")
		}
		z.Hosts[i] = h
	}
	for i, text := range z.Networks {
		n, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return bad(at+"networks", "%.60q is no network", text).WithHint("such as 10.2.0.0/16 or 2001:db8::/32")
		}
		if n != n.Masked() {
			return bad(at+"networks", "%s has an address inside %s", text, n.Masked()).WithHint("write %s", n.Masked())
		}
		z.Networks[i] = n.String()
	}
	slices.Sort(z.Hosts)
	slices.Sort(z.Networks)
	z.Hosts, z.Networks = slices.Compact(z.Hosts), slices.Compact(z.Networks)
	return nil
}

func (r *Rule) tidy(at string) (err error) {
	r.Key = strings.TrimSpace(r.Key)
	if !keys.MatchString(r.Key) || slices.Contains(reserved, r.Key) {
		return bad(at+"key", "%q is no key of a rule", r.Key).WithHint("lower-case letters, digits and dashes, a letter first: web-not-db; not zones, not default")
	}
	if err := tidyLines(at, line{"owner", &r.Owner, "who asked for it", r.Kind == May, 200}); err != nil {
		return err
	}
	if r.Why, err = journal.Text(at+"why", r.Why, "why it is so", true, 1000); err != nil {
		return err
	}
	switch {
	case r.Kind != May && r.Kind != MustNot:
		return bad(at+"kind", "choose may or must_not")
	case r.Protocol != "" && r.Protocol != "tcp" && r.Protocol != "udp":
		return bad(at+"protocol", "choose tcp, udp or none")
	case len(r.Ports) > 50:
		return bad(at+"ports", "a rule names at most 50 ports or ranges")
	case r.Kind == May && r.Until == "":
		return bad(at+"until", "say the last day of the allowance").WithHint("a day like 2027-03-31, on which somebody looks at it again")
	}
	if r.Kind == MustNot {
		r.Until = ""
	} else if _, err := time.Parse(time.DateOnly, r.Until); err != nil {
		return bad(at+"until", "%q is no day", r.Until).WithHint("write it like 2027-03-31")
	}
	r.Ports = slices.Clone(r.Ports)
	for i, text := range r.Ports {
		s, err := parseSpan(text)
		if err != nil {
			return bad(at+"ports", "%.40q is no port and no range", text).WithHint("such as 443 or 8000-8010")
		}
		r.Ports[i] = s.String()
	}
	return nil
}

// span is a range of ports.
type span struct{ low, high int }

func (s span) String() string {
	if s.low == s.high {
		return strconv.Itoa(s.low)
	}
	return fmt.Sprintf("%d-%d", s.low, s.high)
}

func parseSpan(text string) (span, error) {
	low, high, isRange := strings.Cut(strings.TrimSpace(text), "-")
	a, err := strconv.Atoi(strings.TrimSpace(low))
	if err != nil {
		return span{}, err
	}
	b := a
	if isRange {
		if b, err = strconv.Atoi(strings.TrimSpace(high)); err != nil {
			return span{}, err
		}
	}
	if a < 1 || b > 65535 || a > b {
		return span{}, fault.New(fault.Invalid, "ports go from 1 to 65535")
	}
	return span{a, b}, nil
}

// Service says which ports a rule is about: tcp 443, every port.
func (r Rule) Service() string {
	protocol := r.Protocol
	switch {
	case protocol == "" && len(r.Ports) == 0:
		return "any port"
	case protocol == "":
		return "port " + strings.Join(r.Ports, ", ")
	case len(r.Ports) == 0:
		return "any " + protocol + " port"
	}
	return protocol + " " + strings.Join(r.Ports, ", ")
}

// ZoneWords names a zone of a rule.
func ZoneWords(key string) string {
	if key == Any {
		return "every zone"
	}
	return key
}

// Words says what a rule says.
func (r Rule) Words() string {
	verb := " must not reach "
	if r.Kind == May {
		verb = " may reach "
	}
	return ZoneWords(r.From) + verb + ZoneWords(r.To) + " on " + r.Service()
}

// Expired reports whether an allowance's last day is over.
func (r Rule) Expired(now time.Time) bool {
	return r.Kind == May && r.Until < now.UTC().Format(time.DateOnly)
}
