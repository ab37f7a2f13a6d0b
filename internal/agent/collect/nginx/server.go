package nginx

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/daemon"
	"github.com/attesta/attesta/internal/facts"
)

// server reads one server block; at is the block itself with those around it.
func (m *model) server(d *directive, at place, mode string) error {
	s := facts.NginxServer{Name: "_", Names: []string{}, Mode: mode, File: d.file, Line: int64(d.line)}
	for _, n := range own(d.block, "server_name") {
		s.Names = append(s.Names, n.args...)
	}
	if len(s.Names) > 0 && s.Names[0] != "" {
		s.Name = s.Names[0]
	}
	s.Logged = logged(at)
	s.RemoteLog = slices.ContainsFunc(append(at.nearest("access_log"), at.nearest("error_log")...), func(d *directive) bool { return remote(d.arg(0)) })
	s.VersionShown = mode == "http" && at.last("server_tokens", "on") != "off"
	s.Redirects = redirects(d.block)
	s.HstsSeconds = maxAge(at.nearest("add_header"))
	limited := limited(at)
	var err error
	for name, to := range map[string]*int64{"client_header_timeout": &s.TimeoutHeaderMs, "client_body_timeout": &s.TimeoutBodyMs, "send_timeout": &s.TimeoutSendMs} {
		if *to, err = at.time(name, 60_000); err != nil {
			return err
		}
	}
	s.MaxBodyBytes = 1 << 20
	if list := at.nearest("client_max_body_size"); len(list) > 0 {
		if s.MaxBodyBytes, err = size(list[len(list)-1].arg(0)); err != nil {
			return list[len(list)-1].fault("client_max_body_size: %w", err)
		}
	}
	first := len(m.v.Listeners)
	if err := m.listens(d, at, &s); err != nil {
		return err
	}
	w := walk{m: m, s: &s, limited: true, listeners: m.v.Listeners[first:]}
	if mode == "tcp" {
		err = w.passes(at, "")
	} else {
		err = w.locations(at, "")
	}
	s.RateLimited = limited || s.Passes && w.limited
	for i := range m.v.Listeners[first:] {
		m.v.Listeners[first+i].HstsSeconds = 0
		if l := &m.v.Listeners[first+i]; l.Tls {
			l.HstsSeconds = s.HstsSeconds
		} else {
			l.Redirects = s.Redirects
		}
	}
	m.v.Servers = append(m.v.Servers, s)
	return err
}

func logged(at place) bool {
	list := at.nearest("access_log")
	return len(list) == 0 && len(at) > 0 || slices.ContainsFunc(list, func(d *directive) bool { return d.arg(0) != "off" })
}

func limited(at place) bool {
	return len(at.nearest("limit_req"))+len(at.nearest("limit_conn")) > 0
}

// redirects reports whether all that a server is asked is sent on to https.
func redirects(block []directive) bool {
	if sendsOn(block) {
		return true
	}
	for _, d := range own(block, "if") { // if ($scheme = http) { return … }
		condition := strings.Trim(strings.Join(d.args, " "), "()")
		if slices.Contains([]string{"$scheme = http", "$scheme != https", "$scheme != \"https\"", "$https = \"\"", "$https != on"}, strings.TrimSpace(condition)) && sendsOn(d.block) {
			return true
		}
	}
	all, root := true, false
	for _, l := range own(block, "location") {
		name := l.arg(len(l.args) - 1)
		if strings.HasPrefix(name, "/.well-known/acme-challenge") {
			continue
		}
		all = all && sendsOn(l.block)
		root = root || name == "/"
	}
	return all && root
}

// sendsOn reports whether a block itself answers with an address of https.
func sendsOn(block []directive) bool {
	for _, d := range own(block, "return", "rewrite") {
		to, code := d.arg(1), d.arg(0)
		if d.name == "return" && len(d.args) == 1 {
			to, code = d.arg(0), "302"
		}
		if d.name == "rewrite" {
			code = "302"
			if p := d.arg(0); p != "^" && p != "^/" && p != "^(.*)$" && p != "^(.*)" && p != "^/(.*)$" && p != ".*" && p != "^.*$" {
				continue
			}
		}
		if strings.HasPrefix(code, "30") && strings.HasPrefix(strings.ToLower(to), "https://") {
			return true
		}
	}
	return false
}

// listens reads the addresses of a server.
func (m *model) listens(d *directive, at place, s *facts.NginxServer) error {
	list := own(d.block, "listen")
	if len(list) == 0 && s.Mode == "http" {
		list = []*directive{{name: "listen", args: []string{"80"}, file: d.file, line: d.line}}
	}
	for _, l := range list {
		out := facts.BalancerListener{Proxy: s.Name, Mode: s.Mode, Alpn: []string{}, Verify: "none", Certificates: []string{}, Protocols: []string{}, Suites: []string{}, File: l.file, Line: int64(l.line)}
		address, port, err := listenAddress(l.arg(0))
		if err != nil {
			return l.fault("listen %.60q: %w", l.arg(0), err)
		}
		out.Address, out.Port, out.Local = address, port, daemon.Local(address)
		words := l.args[min(1, len(l.args)):]
		out.Tls = slices.Contains(words, "ssl") || slices.Contains(words, "quic") || at.last("ssl", "off") == "on" && s.Mode == "http"
		if out.Tls {
			out.Ciphers = at.last("ssl_ciphers", "HIGH:!aNULL:!MD5")
			out.Protocols = m.protocols(at)
			out.Verify = map[string]string{"on": "required", "optional": "optional", "optional_no_ca": "optional"}[at.last("ssl_verify_client", "off")]
			if out.Verify == "" {
				out.Verify = "none"
			}
			for _, c := range at.nearest("ssl_certificate") {
				out.Certificates = append(out.Certificates, c.arg(0))
			}
			if s.Mode == "http" {
				out.Alpn = []string{"http/1.1"}
				if slices.Contains(words, "http2") || at.last("http2", "off") == "on" {
					out.Alpn = []string{"h2", "http/1.1"}
				}
			}
		}
		m.v.Listeners = append(m.v.Listeners, out)
	}
	return nil
}

func (m *model) protocols(at place) []string {
	out := []string{}
	if list := at.nearest("ssl_protocols"); len(list) > 0 {
		for _, p := range list[len(list)-1].args {
			if p == "TLSv1" {
				p = "TLSv1.0"
			}
			out = append(out, p)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	if !m.modern {
		out = append(out, "TLSv1.0", "TLSv1.1")
	}
	return append(out, "TLSv1.2", "TLSv1.3")
}

// listenAddress reads 80, *:80, 127.0.0.1, [::]:443, unix:/path.
func listenAddress(text string) (string, int64, error) {
	if strings.HasPrefix(text, "unix:") {
		return strings.TrimPrefix(text, "unix:"), 0, nil
	}
	if text != "" && strings.Trim(text, "0123456789") == "" {
		n, err := strconv.ParseUint(text, 10, 16)
		return "*", int64(n), err
	}
	host, port := text, "80"
	if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") {
		host, port = text[:i], text[i+1:]
	}
	port, _, _ = strings.Cut(port, "-")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", 0, err
	}
	if host == "0.0.0.0" {
		host = "*"
	}
	return host, int64(n), nil
}

// walk goes through the locations of a server.
type walk struct {
	m         *model
	s         *facts.NginxServer
	limited   bool // each that passes something on
	listeners []facts.BalancerListener
}

func (w *walk) locations(at place, name string) error {
	if err := w.passes(at, name); err != nil {
		return err
	}
	for _, d := range own(at[0], "location", "if", "limit_except") {
		inner, under := at.in(d.block), name
		if d.name == "location" {
			under = strings.Join(d.args, " ")
			if headers := own(d.block, "add_header"); len(headers) > 0 {
				w.s.HstsSeconds = min(w.s.HstsSeconds, maxAge(headers))
			}
		}
		if err := w.locations(inner, under); err != nil {
			return err
		}
	}
	for _, d := range own(at[0], "stub_status") {
		w.stats(d, at, name)
	}
	return nil
}

var passKinds = []string{"proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass"}

// passes reads where a block itself passes requests on to.
func (w *walk) passes(at place, name string) error {
	for _, d := range own(at[0], passKinds...) {
		kind := strings.TrimSuffix(d.name, "_pass")
		p := facts.NginxPass{Server: w.s.Name, Location: name, File: d.file, Line: int64(d.line)}
		scheme, rest, ok := strings.Cut(d.arg(0), "://")
		if !ok {
			scheme, rest = "", d.arg(0)
		}
		host, _, _ := strings.Cut(strings.TrimPrefix(rest, "unix:"), "/")
		if strings.HasPrefix(rest, "unix:") {
			host = rest
		}
		if i := strings.LastIndexByte(host, '@'); i >= 0 {
			host, rest = host[i+1:], rest[i+1:]
		}
		p.To = rest
		if scheme != "" {
			p.To = scheme + "://" + rest
		}
		if q := strings.IndexByte(p.To, '?'); q >= 0 {
			p.To = p.To[:q]
		}
		bare := host
		if h, _, err := net.SplitHostPort(host); err == nil && !strings.HasPrefix(host, "unix:") {
			bare = h
		}
		_, known := w.m.upstreams[host]
		switch {
		case strings.Contains(host, "$"):
			p.Variable = true
		case known:
			p.Upstream = host
		default:
			p.Local = daemon.Local(bare)
		}
		p.Tls = scheme == "https" || scheme == "grpcs" || w.s.Mode == "tcp" && at.last("proxy_ssl", "off") == "on"
		p.Verified = p.Tls && at.last(kind+"_ssl_verify", "off") == "on"
		var err, err2 error
		p.ConnectMs, err = at.time(kind+"_connect_timeout", 60_000)
		if w.s.Mode == "tcp" {
			p.ReadMs, err2 = at.time("proxy_timeout", 600_000)
			p.Next = at.last("proxy_next_upstream", "on")
		} else {
			p.ReadMs, err2 = at.time(kind+"_read_timeout", 60_000)
			p.Next = "error timeout"
			if list := at.nearest(kind + "_next_upstream"); len(list) > 0 {
				p.Next = strings.Join(list[len(list)-1].args, " ")
			}
		}
		if err != nil || err2 != nil {
			return firstOf(err, err2)
		}
		w.s.Passes = true
		w.s.Logged = w.s.Logged && logged(at)
		w.limited = w.limited && limited(at)
		w.m.v.Passes = append(w.m.v.Passes, p)
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// stats tells of a page of stub_status who reaches it, and keeps it when this
// host may ask for it.
func (w *walk) stats(d *directive, at place, name string) {
	page := facts.BalancerStats{Proxy: w.s.Name, Kind: "stub_status", Path: strings.TrimPrefix(name, "= "), Local: true, File: d.file, Line: int64(d.line)}
	for _, l := range w.listeners {
		page.Local = page.Local && l.Local
	}
	refuses := slices.ContainsFunc(at.nearest("deny"), func(d *directive) bool { return d.arg(0) == "all" })
	page.Protected = refuses || at.last("auth_basic", "off") != "off" || at.last("ssl_verify_client", "off") == "on"
	w.m.v.Stats = append(w.m.v.Stats, page)
	if !strings.HasPrefix(page.Path, "/") {
		return // a pattern
	}
	host := w.s.Name
	if strings.ContainsAny(host, "_*~$") {
		host = "localhost"
	}
	for _, l := range w.listeners {
		if !l.Local || l.Tls {
			continue
		}
		s := statusPage{network: "tcp", address: net.JoinHostPort(strings.Trim(l.Address, "[]"), strconv.FormatInt(l.Port, 10)), host: host, path: page.Path}
		if l.Port == 0 {
			s.network, s.address = "unix", l.Address
		}
		w.m.status = append(w.m.status, s)
	}
}
