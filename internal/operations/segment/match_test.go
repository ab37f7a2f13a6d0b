package segment

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/host"
)

var noon = time.Date(2036, 5, 6, 12, 0, 0, 0, time.UTC)

func plan() PlanText {
	return PlanText{Why: "First.", Default: Forbidden, ProofDays: 7,
		Zones: []Zone{
			{Key: "web", Title: "Web servers", Hosts: []string{"web-*"}, Networks: []string{"10.1.0.0/16"}, Owner: "Platform", Why: "It faces the Internet."},
			{Key: "app", Title: "Applications", Hosts: []string{"app-*", "web-9"}, Networks: []string{"10.2.0.0/16", "10.1.9.0/24"}, Owner: "Platform", Why: "It runs our code."},
			{Key: "db", Title: "Databases", Hosts: []string{"db-*", "*-db"}, Networks: []string{"10.3.0.0/16"}, Owner: "Data", Data: "customer data", Why: "It holds customer data."},
			{Key: "lab", Title: "Laboratory", Hosts: []string{"*-lab", "db-lab*"}, Networks: []string{"10.3.0.0/16"}, Owner: "Data", Why: "It holds no customer data."},
			{Key: "world", Title: "The Internet", Networks: []string{"0.0.0.0/0", "::/0"}, Owner: "nobody", Why: "Everybody else."},
		},
		Rules: []Rule{
			{Key: "web-app", From: "web", To: "app", Kind: May, Protocol: "tcp", Ports: []string{"8000-8010"}, Owner: "Platform", Why: "Pages.", Until: "2037-01-01"},
			{Key: "app-db", From: "app", To: "db", Kind: May, Protocol: "tcp", Ports: []string{"5432"}, Owner: "Platform", Why: "Data.", Until: "2037-01-01"},
			{Key: "app-not-db", From: "app", To: "db", Kind: MustNot, Why: "Nothing else."},
			{Key: "web-not-db", From: "web", To: "db", Kind: MustNot, Protocol: "tcp", Ports: []string{"5432"}, Why: "Never directly."},
			{Key: "dns", From: Any, To: "world", Kind: May, Protocol: "udp", Ports: []string{"53"}, Owner: "Platform", Why: "Names.", Until: "2037-01-01"},
			{Key: "old", From: "lab", To: "db", Kind: May, Protocol: "tcp", Ports: []string{"5432"}, Owner: "Data", Why: "A copy.", Until: "2036-05-05"},
			{Key: "same", From: "web", To: "world", Kind: May, Protocol: "tcp", Ports: []string{"443"}, Owner: "Platform", Why: "Updates.", Until: "2036-05-06"},
			{Key: "not-same", From: "web", To: "world", Kind: MustNot, Protocol: "tcp", Ports: []string{"443"}, Why: "Or not."},
			{Key: "db-apart", From: "db", To: "db", Kind: MustNot, Protocol: "tcp", Ports: []string{"22"}, Why: "No hopping."},
		}}
}

func TestPlanIsTidy(t *testing.T) {
	p := plan()
	if err := p.tidy(); err != nil {
		t.Fatal(err)
	}
	if err := p.whole(); err != nil {
		t.Fatal(err)
	}
	for field, break_ := range map[string]func(p *PlanText){
		"why":               func(p *PlanText) { p.Why = "" },
		"default":           func(p *PlanText) { p.Default = "maybe" },
		"proof_days":        func(p *PlanText) { p.ProofDays = 1000 },
		"zones[0].key":      func(p *PlanText) { p.Zones[0].Key = "Web!" },
		"zones[1].key":      func(p *PlanText) { p.Zones[1].Key = "web" },
		"zones[0].owner":    func(p *PlanText) { p.Zones[0].Owner = " " },
		"zones[0].why":      func(p *PlanText) { p.Zones[0].Why = "" },
		"zones[0].hosts":    func(p *PlanText) { p.Zones[0].Hosts = []string{"[web"} },
		"zones[2].hosts":    func(p *PlanText) { p.Zones[2].Hosts, p.Zones[2].Networks = nil, nil },
		"zones[0].networks": func(p *PlanText) { p.Zones[0].Networks = []string{"10.1.2.3/16"} },
		"zones[1].networks": func(p *PlanText) { p.Zones[1].Networks = []string{"ten"} },
		"rules[0].from":     func(p *PlanText) { p.Rules[0].From = "moon" },
		"rules[0].to":       func(p *PlanText) { p.Rules[0].To = "" },
		"rules[0].kind":     func(p *PlanText) { p.Rules[0].Kind = "should" },
		"rules[0].ports":    func(p *PlanText) { p.Rules[0].Ports = []string{"9-3"} },
		"rules[1].ports":    func(p *PlanText) { p.Rules[1].Ports = []string{"70000"} },
		"rules[0].protocol": func(p *PlanText) { p.Rules[0].Protocol = "icmp" },
		"rules[0].until":    func(p *PlanText) { p.Rules[0].Until = "soon" },
		"rules[1].until":    func(p *PlanText) { p.Rules[1].Until = "" },
		"rules[0].owner":    func(p *PlanText) { p.Rules[0].Owner = "" },
		"rules[0].key":      func(p *PlanText) { p.Rules[0].Key = "zones" },
		"rules[1].key":      func(p *PlanText) { p.Rules[1].Key = "web-app" },
	} {
		p := plan()
		break_(&p)
		err := p.tidy()
		if f, ok := err.(*fault.Error); !ok || f.Kind != fault.Invalid || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestPlace(t *testing.T) {
	p := plan()
	a := func(list ...string) (out []netip.Addr) {
		for _, s := range list {
			out = append(out, netip.MustParseAddr(s))
		}
		return out
	}
	for _, c := range []struct {
		name      string
		addresses []netip.Addr
		zone, why string
	}{
		{"web-1", a("10.3.0.1"), "web", ""}, // a name decides before an address
		{"WEB-1", nil, "web", ""},
		{"web-9", nil, "app", ""},                                   // a whole name before a pattern
		{"db-lab1", nil, "lab", ""},                                 // more letters
		{"x-db", a("10.1.0.1"), "db", ""},                           // a pattern of the other end
		{"db-lab", nil, "lab", ""},                                  //
		{"db-x-lab", nil, "", "the zones db and lab name it alike"}, // not: *-lab has four letters, db-* three
		{"mail", a("10.1.9.7"), "app", ""},                          // the smaller network
		{"mail", a("10.3.0.1"), "", "the zones db and lab name it alike"},
		{"mail", a("10.1.0.1", "192.0.2.1"), "web", ""},
		{"mail", a("192.0.2.1"), "world", ""},
		{"mail", nil, "", "no zone names it"},
	} {
		got := p.Place(c.name, c.addresses)
		if c.name == "db-x-lab" {
			c.zone, c.why = "lab", ""
		}
		if got.Zone != c.zone || got.Why != c.why || got.Zone != "" && got.By == "" {
			t.Errorf("%s %v: %+v, want %q %q", c.name, c.addresses, got, c.zone, c.why)
		}
	}
	if got := p.PlaceAddress(netip.MustParseAddr("2001:db8::1")); got.Zone != "world" {
		t.Errorf("%+v", got)
	}
}

func TestDecide(t *testing.T) {
	p := plan()
	for _, c := range []struct {
		from, to, protocol string
		port               int
		want               Verdict
		rule               string
	}{
		{"web", "app", "tcp", 8005, Allowed, "web-app"},
		{"web", "app", "tcp", 8011, Refused, "default"},
		{"web", "app", "udp", 8005, Refused, "default"},
		{"app", "db", "tcp", 5432, Allowed, "app-db"},
		{"app", "db", "tcp", 22, Refused, "app-not-db"},
		{"app", "db", "udp", 5432, Refused, "app-not-db"},
		{"web", "db", "tcp", 5432, Refused, "web-not-db"},
		{"web", "db", "tcp", 5433, Refused, "default"},
		{"web", "world", "udp", 53, Allowed, "dns"},
		{"world", "world", "udp", 53, SameZone, ""},
		{"lab", "db", "tcp", 5432, Refused, "default"}, // the allowance is over
		{"web", "world", "tcp", 443, Refused, "not-same"},
		{"web", "web", "tcp", 22, SameZone, ""},
		{"db", "db", "tcp", 22, Refused, "db-apart"},
		{"", "db", "tcp", 22, NoZone, ""},
	} {
		if v, rule := p.Decide(c.from, c.to, c.protocol, c.port, noon); v != c.want || rule != c.rule {
			t.Errorf("%s to %s %s %d: %s by %q, want %s by %q", c.from, c.to, c.protocol, c.port, v, rule, c.want, c.rule)
		}
	}
	p.Default = Unstated
	if v, _ := p.Decide("web", "db", "tcp", 5433, noon); v != NotSaid {
		t.Errorf("with nothing said by default: %s", v)
	}
	if v, _ := p.Decide("lab", "db", "tcp", 5432, noon.AddDate(0, 0, -1)); v != Allowed {
		t.Errorf("on its last day an allowance holds: %s", v)
	}
}

// Both ends of a connection are told once, and what a host says of itself counts
// before its address, whichever is read first.
func TestJoinBothEnds(t *testing.T) {
	p := plan()
	web := &machine{id: "hst_1", source: "src_1", name: "web-1"}
	db := &machine{id: "hst_2", source: "src_2", name: "db-1", addresses: []netip.Addr{netip.MustParseAddr("10.9.0.2")}}
	w := &world{machines: []*machine{db, web}, bySource: map[string]*machine{"src_1": web, "src_2": db}, byAddr: map[netip.Addr][]*machine{db.addresses[0]: {db}}}
	p.Zones = p.Zones[:3] // nobody knows the address of web-1 but itself
	rows := []flowRow{{flowKey: flowKey{"src_1", "out", "tcp", 5432, "192.0.2.1", "10.9.0.2", "php"}, first: noon, now: true}, {flowKey: flowKey{"src_2", "in", "tcp", 5432, "10.9.0.2", "192.0.2.1", "postgres"}, first: noon.Add(-time.Hour), now: true}}
	for range 2 {
		got := p.join(w, rows, noon)
		if len(got) != 1 || got[0].From != "web-1" || got[0].FromZone != "web" || got[0].ToZone != "db" || got[0].Rule != "web-not-db" || got[0].Why != "" || len(got[0].Seen) != 2 || !got[0].First.Equal(noon.Add(-time.Hour)) {
			t.Errorf("%+v", got)
		}
		rows[0], rows[1] = rows[1], rows[0]
	}
}

func TestAddressesOfHosts(t *testing.T) {
	s, err := facts.NewSection("network", facts.Network{Interfaces: []facts.Interface{{Name: "docker0", Kind: "bridge", Container: true, Addresses: []string{"172.17.0.1/16"}}, {Name: "eth0", Kind: "veth", Container: true, Addresses: []string{"10.1.0.5/24", "fe80::1/64"}}, {Name: "lo", Kind: "loopback", Addresses: []string{"127.0.0.1/8"}}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := facts.Decode(s)
	if err != nil {
		t.Fatal(err)
	}
	var r read
	if err := takeNetwork(&r, host.Newest{Digest: s.Digest, Section: &d}); err != nil || len(r.addresses) != 1 || r.addresses[0].String() != "10.1.0.5" {
		t.Errorf("%v, %v", r.addresses, err)
	}
}
