package haproxy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/daemon"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// config is a configuration as HAProxy would have it.
type config struct {
	global    global
	proxies   []*proxy
	userlists []facts.HaproxyUserlist
	rings     map[string]bool // those that send on to a server
}

type global struct {
	user, chroot string
	maxconn      int64
	logs         []logTarget
	sockets      []facts.HaproxySocket
	bind         tlsSettings // defaults of binds
	verifyNone   bool        // of servers
}

// build makes a configuration of its sections.
func build(sections []section) (*config, error) {
	c := &config{userlists: []facts.HaproxyUserlist{}, rings: map[string]bool{}}
	c.global.bind = tlsSettings{least: 2, most: 3}
	c.global.sockets = []facts.HaproxySocket{}
	named := map[string]*proxy{}
	var last *proxy
	for _, s := range sections {
		switch s.kind() {
		case "global":
			for _, d := range s.lines {
				if err := c.global.apply(d); err != nil {
					return nil, err
				}
			}
		case "defaults", "frontend", "backend", "listen":
			base := last
			if s.kind() == "defaults" {
				base = nil // one that names no other starts anew
			}
			if from := s.from(); from != "" {
				if base = named[from]; base == nil {
					return nil, s.fault("there are no defaults %.60q before", from)
				}
			}
			p := base.inherit(s)
			for _, d := range s.lines {
				if err := p.apply(d); err != nil {
					return nil, err
				}
			}
			if s.kind() == "defaults" {
				last = p
				if p.name != "" {
					named[p.name] = p
				}
			} else if p.name == "" {
				return nil, s.fault("%s needs a name", s.kind())
			} else {
				c.proxies = append(c.proxies, p)
			}
		case "userlist":
			c.userlists = append(c.userlists, userlist(s))
		case "ring":
			for _, d := range s.lines {
				if d.word(0) == "server" && !daemon.Local(d.word(2)) {
					c.rings[s.name()] = true
				}
			}
		}
	}
	return c, nil
}

func userlist(s section) facts.HaproxyUserlist {
	l := facts.HaproxyUserlist{Name: s.name()}
	for _, d := range s.lines {
		if d.word(0) == "user" {
			l.Users++
			if slices.Contains(d.words, "insecure-password") {
				l.Plain++
			}
		}
	}
	return l
}

func (g *global) apply(d directive) error {
	switch d.word(0) {
	case "user", "uid":
		g.user = d.word(1)
	case "chroot":
		g.chroot = d.word(1)
	case "maxconn":
		n, err := count(d, 1)
		g.maxconn = n
		return err
	case "log":
		if d.word(1) != "" {
			g.logs = append(g.logs, logOf(d))
		}
	case "ssl-default-bind-options":
		g.bind.options(d.after(1))
	case "ssl-default-bind-ciphers":
		g.bind.ciphers = d.word(1)
	case "ssl-server-verify":
		g.verifyNone = d.word(1) == "none"
	case "stats":
		if d.word(1) == "socket" {
			g.sockets = append(g.sockets, socket(d))
		}
	}
	return nil
}

func socket(d directive) facts.HaproxySocket {
	s := facts.HaproxySocket{Address: d.word(2), Level: "operator", File: d.file, Line: int64(d.line)}
	for i, w := range d.words {
		switch w {
		case "level":
			s.Level = d.word(i + 1)
		case "mode":
			s.ModeOctal = d.word(i + 1)
		}
	}
	host, _, _ := hostPort(strings.TrimPrefix(strings.TrimPrefix(s.Address, "ipv4@"), "ipv6@"))
	s.Network = !daemon.Local(s.Address) && !daemon.Local(host)
	return s
}

// persisted gives what a configuration says, as facts.
func (c *config) persisted(ctx context.Context, ciphers *daemon.Ciphers) (*facts.HaproxyPersisted, []facts.Missing, error) {
	g := c.global
	v := &facts.HaproxyPersisted{User: &g.user, Chroot: &g.chroot, Maxconn: &g.maxconn, Sockets: g.sockets, Userlists: c.userlists,
		Logs: c.logs(), Listeners: []facts.BalancerListener{}, Frontends: []facts.HaproxyFrontend{}, Backends: []facts.HaproxyBackend{},
		Targets: []facts.BalancerTarget{}, Stats: []facts.BalancerStats{}}
	var gaps []facts.Missing
	for _, p := range c.proxies {
		if p.kind != "backend" {
			v.Frontends = append(v.Frontends, c.frontend(p))
			list, err := c.listeners(p)
			if err != nil {
				return nil, nil, err
			}
			for _, l := range list {
				if err := spell(ctx, ciphers, &l); err != nil {
					gaps = append(gaps, facts.Missing{Path: fmt.Sprintf("/persisted/listeners/%d/suites", len(v.Listeners)), State: stateOf(err), Reason: err.Error()})
				}
				v.Listeners = append(v.Listeners, l)
			}
		}
		if p.kind != "frontend" && len(p.servers) > 0 {
			targets, err := c.targets(p)
			if err != nil {
				return nil, nil, err
			}
			v.Targets = append(v.Targets, targets...)
			v.Backends = append(v.Backends, backend(p, targets))
		}
	}
	for _, p := range c.proxies {
		v.Stats = append(v.Stats, c.pages(p, v.Listeners)...)
	}
	if len(v.Targets) > maxTargets {
		return nil, nil, fmt.Errorf("%d servers are more than the %d that are sent", len(v.Targets), maxTargets)
	}
	return v, gaps, nil
}

func (c *config) logs() []facts.BalancerLog {
	out := []facts.BalancerLog{}
	add := func(list []logTarget) {
		for _, t := range list {
			l := facts.BalancerLog{Target: tree.Clean(t.address), Kind: "all", Level: t.level, File: t.file, Line: int64(t.line), Remote: c.remote(t.address)}
			if !slices.ContainsFunc(out, func(o facts.BalancerLog) bool { return o.Target == l.Target && o.Level == l.Level }) {
				out = append(out, l)
			}
		}
	}
	add(c.global.logs)
	for _, p := range c.proxies {
		add(p.logs)
	}
	return out
}

// remote reports whether messages sent to an address leave the host.
func (c *config) remote(address string) bool {
	if name, ok := strings.CutPrefix(address, "ring@"); ok {
		return c.rings[name]
	}
	if address == "stdout" || address == "stderr" || daemon.Local(address) {
		return false
	}
	for _, prefix := range []string{"udp@", "tcp@", "udp4@", "udp6@", "tcp4@", "tcp6@", "ipv4@", "ipv6@"} {
		address = strings.TrimPrefix(address, prefix)
	}
	host, _, err := hostPort(address)
	if err != nil {
		host = address
	}
	return !daemon.Local(host)
}

func (c *config) frontend(p *proxy) facts.HaproxyFrontend {
	backends := slices.Clone(p.backends)
	if p.kind == "listen" && len(p.servers) > 0 {
		backends = append(backends, p.name)
	}
	slices.Sort(backends)
	backends = slices.Compact(backends)
	if backends == nil {
		backends = []string{}
	}
	request := p.timeouts["http-request"]
	return facts.HaproxyFrontend{Name: p.name, Kind: p.kind, Mode: p.mode, Disabled: p.disabled, Backends: backends,
		Logged: p.logGlobal && len(c.global.logs) > 0 || len(p.logs) > 0, LogFormat: p.format, MaxConnections: p.maxconn,
		TimeoutClientMs: p.timeouts["client"], TimeoutRequestMs: request, RateLimited: p.rateLimit || p.counts && p.refuses, File: p.file, Line: int64(p.line)}
}

func backend(p *proxy, targets []facts.BalancerTarget) facts.HaproxyBackend {
	b := facts.HaproxyBackend{Name: p.name, Kind: p.kind, Mode: p.mode, Disabled: p.disabled, Balance: p.balance, Check: p.check,
		TimeoutConnectMs: p.timeouts["connect"], TimeoutServerMs: p.timeouts["server"], File: p.file, Line: int64(p.line)}
	if b.Check == "" {
		b.Check = "tcp"
	}
	for _, t := range targets {
		switch {
		case t.Disabled:
			continue
		case t.Backup:
			b.Backups += t.Count
		default:
			b.Targets += t.Count
		}
		if !t.Checked {
			b.Unchecked += t.Count
		}
	}
	return b
}

// pages gives the pages of a proxy that show its state. That of a backend is
// reached over the frontends that name it.
func (c *config) pages(p *proxy, listeners []facts.BalancerListener) []facts.BalancerStats {
	if !p.stats.enabled && len(p.exporters) == 0 {
		return nil
	}
	reached := func(l facts.BalancerListener) bool { return l.Proxy == p.name }
	if p.kind == "backend" {
		reached = func(l facts.BalancerListener) bool {
			return slices.ContainsFunc(c.proxies, func(f *proxy) bool {
				return f.name == l.Proxy && (f.dynamic || slices.Contains(f.backends, p.name))
			})
		}
	}
	local, verified, any := true, true, false
	for _, l := range listeners {
		if reached(l) {
			any, local, verified = true, local && l.Local, verified && l.Verify == "required"
		}
	}
	var out []facts.BalancerStats
	if p.stats.enabled && (any || p.kind != "backend") && p.mode == "http" {
		s := p.stats
		out = append(out, facts.BalancerStats{Proxy: p.name, Kind: "stats", Path: s.path, Local: local, Protected: s.auth || any && verified, Admin: s.admin, File: s.at.file, Line: int64(s.at.line)})
	}
	for _, d := range p.exporters {
		page := facts.BalancerStats{Proxy: p.name, Kind: "prometheus", Path: "/metrics", Local: local, Protected: any && verified, File: d.file, Line: int64(d.line)}
		if i := slices.Index(d.words, "path"); i > 0 {
			page.Path = d.word(i + 1)
		}
		out = append(out, page)
	}
	return out
}
