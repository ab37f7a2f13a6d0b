package asset

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// Flow is a flow as declared. Its ends are keys of assets, "zone:application" for
// everything in a zone, or a name that is in no inventory.
type Flow struct {
	From      string   `json:"from" doc:"Asset that begins it: A-3, a name, or zone:NAME." maxLength:"160"`
	To        string   `json:"to" doc:"Asset that it goes to: A-3, a name, or zone:NAME." maxLength:"160"`
	Data      []string `json:"data,omitempty" doc:"Data sets that it carries: D-3."`
	Protocol  string   `json:"protocol" doc:"https, ssh, postgres, …" maxLength:"40"`
	Port      int      `json:"port,omitempty" doc:"Port of the other side; 0 where there is none." minimum:"0" maximum:"65535"`
	Encrypted string   `json:"encrypted" doc:"yes, no, unknown."`
	How       string   `json:"how,omitempty" doc:"By what it is encrypted: TLS 1.3." maxLength:"120"`
	Purpose   string   `json:"purpose" doc:"What for." maxLength:"500"`
}

// The records of a flow.
type (
	// Declared says what a flow is, anew and whole.
	Declared struct{ Flow }
	// Ended says that it is no more.
	Ended struct {
		Why string `json:"why" doc:"Why it is no more." maxLength:"500"`
	}
)

// Declaration is a flow with its history.
type Declaration struct {
	ID     string `json:"id"`
	Number int    `json:"number"`
	Seq    int    `json:"seq"`
	Flow
	Over    bool    `json:"over,omitempty"`
	History []Event `json:"history"`
}

// Ref is its short number.
func (d *Declaration) Ref() string { return fmt.Sprintf("DF-%d", d.Number) }

// End is one end of a flow as the inventory knows it.
type End struct {
	Key     string `json:"key"`
	Name    string `json:"name"`
	Ref     string `json:"ref,omitempty"` // of an asset
	Zone    string `json:"zone,omitempty"`
	Outside bool   `json:"outside"`
	Known   bool   `json:"known"`           // it is in the inventory
	Whole   bool   `json:"whole,omitempty"` // it stands for all of a zone
	Gone    bool   `json:"gone,omitempty"`  // the asset is out of use
}

// Line is a flow as it is drawn and listed: declared, seen or both.
type Line struct {
	Ref     string `json:"ref"` // DF-3; "" where nobody declared it
	From    End    `json:"source"`
	To      End    `json:"target"`
	Flow    Flow   `json:"flow"`
	Crosses bool   `json:"crosses"` // the boundary
	Class   string `json:"class"`   // highest of the data that it carries
	Seen    string `json:"seen"`    // listening, nothing_listens, not_observed, undeclared
	Why     string `json:"why"`     // in words
	Seq     int    `json:"-"`
}

// Port is a port on which an asset listens for others.
type Port struct {
	Proto   string // tcp, udp
	Port    int
	Process string
}

// Ports are those of one host; Why says why they are not known.
type Ports struct {
	Known bool
	Why   string
	List  []Port
}

// ephemeral is where ports begin that systems hand out by themselves: a UDP socket
// there waits for an answer and serves nobody.
const ephemeral = 32768

func (x *Flow) tidy(c *checking, resolve func(string) End) error {
	x.Protocol, x.Encrypted = strings.ToLower(x.Protocol), strings.ToLower(strings.TrimSpace(x.Encrypted))
	if x.Encrypted == "" {
		x.Encrypted = "unknown"
	}
	if err := firstOf(line(&x.From, "from", "where it begins", 2, 160), line(&x.To, "to", "where it goes to", 2, 160), line(&x.Protocol, "protocol", "the protocol", 1, 40), oneOf(x.Encrypted, "encrypted", "encrypted", []string{"yes", "no", "unknown"}),
		line(&x.How, "how", "by what it is encrypted", 0, 120), line(&x.Purpose, "purpose", "what it is for", 3, 500)); err != nil {
		return err
	}
	if x.Port < 0 || x.Port > 65535 {
		return bad("port", "%d is no port", x.Port)
	}
	if x.Encrypted == "yes" && x.How == "" {
		return bad("how", "say by what it is encrypted").WithHint("TLS 1.3, SSH, WireGuard")
	}
	from, to := resolve(x.From), resolve(x.To)
	if from.Key == to.Key {
		return bad("to", "a flow leads from one asset to another")
	}
	for field, e := range map[string]End{"from": from, "to": to} {
		if e.Gone {
			return bad(field, "%s is out of use", e.Name)
		}
	}
	x.From, x.To = from.Key, to.Key
	var err error
	x.Data, err = c.sets(x.Data)
	return err
}

// resolver finds assets by key, number or name.
func resolver(all []*Asset) func(string) End {
	by, zones := map[string]*Asset{}, map[string]*Asset{}
	for _, a := range slices.Backward(all) { // of two names alike the first one
		by[key(a.Name)] = a
	}
	for _, a := range all {
		by[key(a.Key)], by[key(a.Ref)] = a, a
		if a.Said != nil {
			by[key(a.Said.ID)] = a
		}
		if a.Active() && zones[key(a.Zone.Text)] == nil {
			zones[key(a.Zone.Text)] = a
		}
	}
	return func(text string) End {
		if name, ok := strings.CutPrefix(text, "zone:"); ok {
			name = strings.TrimSpace(name)
			e := End{Key: "zone:" + name, Name: "all of " + name, Zone: name, Whole: true}
			if a := zones[key(name)]; a != nil && name != "" {
				e.Known, e.Zone, e.Outside = true, a.Zone.Text, a.Outside
				e.Key, e.Name = "zone:"+e.Zone, "all of "+e.Zone
			}
			return e
		}
		if a := by[key(text)]; a != nil {
			return End{Key: a.Key, Name: a.Name, Ref: a.Ref, Zone: a.Zone.Text, Outside: a.Outside, Known: true, Gone: !a.Active()}
		}
		return End{Key: text, Name: text, Zone: "not in the inventory", Outside: true}
	}
}

// lines gives flows as declared, with what of them is seen, and then what listens
// though nobody declared that anything comes.
func lines(flows []*Declaration, all []*Asset, data []DataSet, ports map[string]Ports, resolve func(string) End) []Line {
	out := []Line{}
	covered := map[string]bool{} // host key or zone, protocol and port
	for _, f := range flows {
		if f.Over {
			continue
		}
		l := Line{Ref: f.Ref(), Flow: f.Flow, From: resolve(f.From), To: resolve(f.To), Seq: f.Seq}
		// an end that is in no inventory may lie anywhere: then it counts as crossing
		l.Crosses = l.From.Outside != l.To.Outside || !l.From.Known && !l.From.Whole || !l.To.Known && !l.To.Whole
		for _, d := range data {
			if slices.Contains(f.Data, d.Ref) && rank(string(d.Class)) > rank(l.Class) {
				l.Class = string(d.Class)
			}
		}
		l.Seen, l.Why = seen(l, all, ports)
		covered[fmt.Sprint(key(l.To.Key), " ", f.Port)] = true
		out = append(out, l)
	}
	for _, a := range all {
		p := ports[a.Key]
		if !a.Active() || !p.Known {
			continue
		}
		for _, x := range p.List {
			if covered[fmt.Sprint(key(a.Key), " ", x.Port)] || a.Zone.Text != "" && covered[fmt.Sprint(key("zone:"+a.Zone.Text), " ", x.Port)] {
				continue
			}
			l := Line{To: resolve(a.Key), From: End{Key: "anybody", Name: "whoever connects", Zone: "not in the inventory", Outside: true}, Seen: "undeclared", Flow: Flow{From: "anybody", To: a.Key, Protocol: x.Proto, Port: x.Port, Encrypted: "unknown"}}
			l.Why = "nobody declared a flow to it; who connects is not collected"
			if x.Process != "" {
				l.Why = x.Process + " listens; " + l.Why
			}
			out = append(out, l)
		}
	}
	return out
}

// seen says how much of a declared flow the agents' facts show.
func seen(l Line, all []*Asset, ports map[string]Ports) (state, why string) {
	if l.Flow.Port == 0 {
		return "not_observed", "it is declared without a port"
	}
	var there, not, unknown int
	for _, a := range all {
		if !a.Active() || a.Key != l.To.Key && !(l.To.Whole && key(a.Zone.Text) == key(l.To.Zone)) {
			continue
		}
		p, reads := ports[a.Key]
		switch {
		case !reads || !p.Known:
			unknown++
		case slices.ContainsFunc(p.List, func(x Port) bool { return x.Port == l.Flow.Port }):
			there++
		default:
			not++
		}
	}
	switch {
	case not > 0 && there == 0:
		return "nothing_listens", fmt.Sprintf("nothing listens on port %d", l.Flow.Port)
	case not > 0:
		return "listening", fmt.Sprintf("%d of %d listen on port %d; who connects is not collected", there, there+not+unknown, l.Flow.Port)
	case there > 0:
		return "listening", fmt.Sprintf("it listens on port %d; who connects is not collected", l.Flow.Port)
	}
	return "not_observed", "no agent reports the ports of the other side"
}

// foldedFlow makes a flow of its records, oldest first.
func foldedFlow(records []record) (*Declaration, error) {
	d := &Declaration{ID: records[0].subject, Number: records[0].number, History: []Event{}}
	for _, r := range records {
		var err error
		say := ""
		switch r.kind {
		case "flow.declared":
			var x Declared
			if err = json.Unmarshal([]byte(r.content), &x); err == nil {
				say = "declared"
				if r.seq > 1 {
					say = "declared anew"
				}
				d.Flow = x.Flow
			}
		case "flow.ended":
			var x Ended
			if err = json.Unmarshal([]byte(r.content), &x); err == nil {
				d.Over, say = true, "ended"+colon(x.Why)
			}
		default:
			err = fault.New(fault.Refused, "this program does not know that kind")
		}
		if err != nil {
			return nil, unreadable(r, err)
		}
		d.Seq = r.seq
		d.History = append(d.History, Event{r.seq, r.kind, say, r.made})
	}
	return d, nil
}
