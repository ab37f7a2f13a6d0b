package nginx

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/daemon"
	"github.com/attesta/attesta/internal/facts"
)

// place is a block with those around it, the innermost first.
type place [][]directive

func (p place) in(block []directive) place { return append(place{block}, p...) }

// nearest gives the directives of a name of the innermost block that has any:
// lists are inherited only where there is none.
func (p place) nearest(name string) []*directive {
	for _, block := range p {
		if found := own(block, name); len(found) > 0 {
			return found
		}
	}
	return nil
}

// own gives the directives of a name that stand in a block itself.
func own(block []directive, names ...string) []*directive {
	var out []*directive
	for i := range block {
		if slices.Contains(names, block[i].name) {
			out = append(out, &block[i])
		}
	}
	return out
}

// last gives the first argument of the last directive of a name.
func (p place) last(name, otherwise string) string {
	list := p.nearest(name)
	if len(list) == 0 {
		return otherwise
	}
	return list[len(list)-1].arg(0)
}

func (p place) time(name string, otherwise int64) (int64, error) {
	list := p.nearest(name)
	if len(list) == 0 {
		return otherwise, nil
	}
	d := list[len(list)-1]
	n, err := duration(d.arg(0))
	if err != nil {
		return 0, d.fault("%s: %w", name, err)
	}
	return n, nil
}

// model is what a configuration says.
type model struct {
	v         *facts.NginxPersisted
	modern    bool // TLS 1.2 is the least that it speaks by itself
	upstreams map[string]int
	status    []statusPage
}

// statusPage is a stub_status page that can be asked for on this host.
type statusPage struct{ network, address, host, path string }

// build makes facts of a configuration.
func build(all []directive, modern bool) (*model, error) {
	m := &model{modern: modern, upstreams: map[string]int{}, v: &facts.NginxPersisted{User: new(""), WorkerConnections: new(int64(512)), Logs: []facts.BalancerLog{},
		Listeners: []facts.BalancerListener{}, Servers: []facts.NginxServer{}, Upstreams: []facts.NginxUpstream{}, Targets: []facts.BalancerTarget{},
		Passes: []facts.NginxPass{}, Stats: []facts.BalancerStats{}}}
	top := place{all}
	*m.v.User = top.last("user", "")
	for _, e := range own(all, "events") {
		for _, d := range own(e.block, "worker_connections") {
			n, err := strconv.ParseInt(d.arg(0), 10, 32)
			if err != nil {
				return nil, d.fault("worker_connections: expected a number, found %.40q", d.arg(0))
			}
			*m.v.WorkerConnections = n
		}
	}
	m.logs(all, 0)
	for _, d := range own(all, "http", "stream") {
		mode := map[string]string{"http": "http", "stream": "tcp"}[d.name]
		for _, u := range own(d.block, "upstream") {
			if err := m.upstream(u, mode); err != nil {
				return nil, err
			}
		}
		for _, s := range own(d.block, "server") {
			if err := m.server(s, top.in(d.block).in(s.block), mode); err != nil {
				return nil, err
			}
		}
	}
	m.behind()
	if len(m.v.Targets) > maxTargets {
		return nil, fmt.Errorf("%d servers are more than the %d that are sent", len(m.v.Targets), maxTargets)
	}
	return m, nil
}

const maxTargets = 2_000

// logs gathers where messages go, in whichever block that is said.
func (m *model) logs(block []directive, depth int) {
	for i := range block {
		d := &block[i]
		switch {
		case (d.name == "access_log" || d.name == "error_log") && d.arg(0) != "":
			l := facts.BalancerLog{Target: d.arg(0), Kind: strings.TrimSuffix(d.name, "_log"), Level: d.arg(1), Remote: remote(d.arg(0)), File: d.file, Line: int64(d.line)}
			if !slices.ContainsFunc(m.v.Logs, func(o facts.BalancerLog) bool { return o.Target == l.Target && o.Kind == l.Kind && o.Level == l.Level }) {
				m.v.Logs = append(m.v.Logs, l)
			}
		case depth < maxDepth:
			m.logs(d.block, depth+1)
		}
	}
}

// remote reports whether a log goes to another host: syslog:server=ADDRESS,….
func remote(target string) bool {
	rest, ok := strings.CutPrefix(target, "syslog:server=")
	if !ok {
		return false
	}
	address, _, _ := strings.Cut(rest, ",")
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	return !daemon.Local(address)
}

func (m *model) upstream(d *directive, mode string) error {
	u := facts.NginxUpstream{Name: d.arg(0), Mode: mode, Balance: "round_robin", File: d.file, Line: int64(d.line)}
	for i := range d.block {
		s := &d.block[i]
		switch s.name {
		case "least_conn", "ip_hash", "hash", "random":
			u.Balance = s.name
		case "server":
			t := facts.BalancerTarget{Backend: u.Name, Name: s.arg(0), Address: s.arg(0), Count: 1, Weight: 1, Fails: 1, IntervalMs: 10_000, File: s.file, Line: int64(s.line)}
			if err := parameters(&t, s); err != nil {
				return err
			}
			switch {
			case t.Disabled:
			case t.Backup:
				u.Backups++
			default:
				u.Targets++
			}
			if !t.Disabled && !t.Checked {
				u.Unchecked++
			}
			m.v.Targets = append(m.v.Targets, t)
		}
	}
	m.upstreams[u.Name] = len(m.v.Upstreams)
	m.v.Upstreams = append(m.v.Upstreams, u)
	return nil
}

// parameters takes weight=, max_fails= and their like of a server of an upstream.
func parameters(t *facts.BalancerTarget, s *directive) error {
	for _, a := range s.args[min(1, len(s.args)):] {
		key, value, _ := strings.Cut(a, "=")
		var err error
		switch key {
		case "backup":
			t.Backup = true
		case "down":
			t.Disabled = true
		case "weight":
			t.Weight, err = strconv.ParseInt(value, 10, 32)
		case "max_fails":
			t.Fails, err = strconv.ParseInt(value, 10, 32)
		case "max_conns":
			t.MaxConnections, err = strconv.ParseInt(value, 10, 32)
		case "fail_timeout":
			t.IntervalMs, err = duration(value)
		}
		if err != nil {
			return s.fault("server %.60q: %s: expected a number, found %.40q", s.arg(0), key, value)
		}
	}
	t.Checked = t.Fails > 0
	return nil
}

// behind tells of servers behind it what the places that pass to them say.
func (m *model) behind() {
	for i := range m.v.Targets {
		t := &m.v.Targets[i]
		used := false
		for _, p := range m.v.Passes {
			if p.Upstream == t.Backend {
				t.Tls, t.Verified, used = p.Tls && (t.Tls || !used), p.Verified && (t.Verified || !used), true
			}
		}
		if u := &m.v.Upstreams[m.upstreams[t.Backend]]; used {
			u.Used = true
		}
	}
}

// maxAge reads Strict-Transport-Security of add_header lines; 0 when there is none.
func maxAge(headers []*directive) int64 {
	for _, d := range headers {
		if !strings.EqualFold(d.arg(0), "Strict-Transport-Security") {
			continue
		}
		for part := range strings.SplitSeq(strings.ToLower(d.arg(1)), ";") {
			if v, ok := strings.CutPrefix(strings.TrimSpace(part), "max-age="); ok {
				if n, err := strconv.ParseInt(strings.Trim(v, `" `), 10, 64); err == nil && n > 0 {
					return n
				}
			}
		}
	}
	return 0
}
