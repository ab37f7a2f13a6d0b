package haproxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/daemon"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// Most that is sent.
const (
	maxTargets = 2_000
	maxPorts   = 100 // of a range
)

// versions of TLS by their place.
var versions = []string{"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}

// tlsSettings are the settings of TLS that defaults of the global section give
// and a bind changes.
type tlsSettings struct {
	least, most int // places in versions
	without     []int
	sslv3       bool // forced
	ciphers     string
}

func versionOf(word string) int {
	return slices.Index([]string{"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}, word)
}

var shortVersions = map[string]int{"tlsv10": 0, "tlsv11": 1, "tlsv12": 2, "tlsv13": 3}

// options takes each of some words.
func (t *tlsSettings) options(words []string) {
	for i, w := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		t.option(w, next)
	}
}

// option takes ssl-min-ver, no-tlsv11, force-tlsv12 and their like.
func (t *tlsSettings) option(w, next string) {
	no, isNo := strings.CutPrefix(w, "no-")
	force, isForce := strings.CutPrefix(w, "force-")
	switch {
	case w == "ssl-min-ver" && next == "SSLv3":
		t.least, t.sslv3 = 0, true
	case w == "ssl-min-ver" && versionOf(next) >= 0:
		t.least, t.sslv3 = versionOf(next), false
	case w == "ssl-max-ver" && versionOf(next) >= 0:
		t.most = versionOf(next)
	case isNo:
		if v, ok := shortVersions[no]; ok {
			t.without = append(slices.Clone(t.without), v)
		}
	case w == "force-sslv3":
		t.least, t.most, t.sslv3 = 0, -1, true
	case isForce:
		if v, ok := shortVersions[force]; ok {
			t.least, t.most, t.sslv3 = v, v, false
		}
	}
}

func (t *tlsSettings) protocols() []string {
	out := []string{}
	if t.sslv3 {
		out = append(out, "SSLv3")
	}
	for v := t.least; v <= t.most; v++ {
		if !slices.Contains(t.without, v) {
			out = append(out, versions[v])
		}
	}
	return out
}

// bindValues are the words of a bind that take one more.
var bindValues = []string{"alpn", "backlog", "ca-file", "ca-sign-file", "ca-sign-pass", "ca-verify-file", "ca-ignore-err", "ciphers", "ciphersuites", "client-sigalgs", "crl-file", "crt",
	"crt-ignore-err", "crt-list", "curves", "default-crt", "ecdhe", "expose-fd", "gid", "group", "guid-prefix", "id", "idle-ping", "interface", "label", "level", "maxconn", "mode", "mss",
	"name", "namespace", "nbconn", "nice", "npn", "ocsp-update", "proto", "process", "quic-cc-algo", "quic-socket", "severity-output", "shards", "sigalgs", "ssl-max-ver", "ssl-min-ver",
	"tcp-ut", "thread", "tls-ticket-keys", "uid", "user", "verify"}

func (c *config) listeners(p *proxy) ([]facts.BalancerListener, error) {
	var out []facts.BalancerListener
	hsts := p.hsts
	if hsts == 0 && p.mode == "http" && !p.dynamic { // each backend may add it
		hsts = c.leastHSTS(p)
	}
	for _, d := range p.binds {
		l := facts.BalancerListener{Proxy: p.name, Mode: p.mode, Alpn: []string{}, Verify: "none", Certificates: []string{}, Protocols: []string{}, File: d.file, Line: int64(d.line),
			Redirects: p.redirects && p.mode == "http"}
		tls := c.global.bind
		for i := 2; i < len(d.words); i++ {
			w := d.words[i]
			switch w {
			case "ssl":
				l.Tls = true
			case "crt", "crt-list", "default-crt":
				l.Certificates = append(l.Certificates, tree.Clean(d.word(i+1)))
			case "alpn":
				l.Alpn = strings.Split(d.word(i+1), ",")
			case "ciphers":
				tls.ciphers = d.word(i + 1)
			case "verify":
				l.Verify = d.word(i + 1)
			}
			tls.option(w, d.word(i+1))
			if slices.Contains(bindValues, w) {
				i++
			}
		}
		if l.Tls || strings.HasPrefix(d.word(1), "quic") {
			l.Tls, l.Redirects, l.Protocols, l.Ciphers = true, false, tls.protocols(), tls.ciphers
			l.HstsSeconds = hsts
		}
		for address := range strings.SplitSeq(d.word(1), ",") {
			list, err := addresses(l, address)
			if err != nil {
				return nil, d.fault("bind %.80q: %w", address, err)
			}
			out = append(out, list...)
		}
	}
	return out, nil
}

// leastHSTS gives the shortest time that the backends of a frontend ask for; none
// when one asks for none.
func (c *config) leastHSTS(p *proxy) int64 {
	least := int64(-1)
	for _, name := range p.backends {
		for _, b := range c.proxies {
			if b.name == name && b.kind != "frontend" && (least < 0 || b.hsts < least) {
				least = b.hsts
			}
		}
	}
	return max(0, least)
}

// addresses gives a listener for each port of an address.
func addresses(l facts.BalancerListener, address string) ([]facts.BalancerListener, error) {
	for _, prefix := range []string{"ipv4@", "ipv6@", "udp@", "tcp@", "tcp4@", "tcp6@", "quic4@", "quic6@", "mptcp@", "mptcp4@", "mptcp6@"} {
		if rest, ok := strings.CutPrefix(address, prefix); ok {
			address = rest
			if strings.HasSuffix(prefix, "6@") && strings.HasPrefix(rest, ":") && !strings.HasPrefix(rest, "::") {
				address = "[::]" + rest
			}
		}
	}
	if daemon.Local(address) && strings.ContainsAny(address, "/@") {
		l.Address, l.Local = tree.Clean(strings.TrimPrefix(address, "unix@")), true
		return []facts.BalancerListener{l}, nil
	}
	host, ports, err := hostPort(address)
	if err != nil {
		return nil, err
	}
	if l.Address = tree.Clean(host); host == "" || host == "0.0.0.0" {
		l.Address = "*"
	}
	l.Local = daemon.Local(host)
	from, to, isRange := strings.Cut(ports, "-")
	first, err := strconv.ParseUint(from, 10, 16)
	last := first
	if isRange && err == nil {
		last, err = strconv.ParseUint(to, 10, 16)
	}
	if err != nil || last < first {
		return nil, fmt.Errorf("%.20q is no port", ports)
	}
	if last-first >= maxPorts {
		return nil, fmt.Errorf("more than %d ports", maxPorts)
	}
	var out []facts.BalancerListener
	for port := first; port <= last; port++ {
		l.Port = int64(port)
		out = append(out, l)
	}
	return out, nil
}

// hostPort cuts an address at its last colon; IPv6 is given as it stands, in
// brackets where it had none: ":::80" is [::] and 80.
func hostPort(address string) (host, port string, err error) {
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return "", "", errors.New("expected ADDRESS:PORT")
	}
	host, port = address[:i], address[i+1:]
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	return host, port, nil
}

// spell adds what the cipher list of a listener stands for.
func spell(ctx context.Context, ciphers *daemon.Ciphers, l *facts.BalancerListener) error {
	l.Suites = []string{}
	if !l.Tls || !slices.ContainsFunc(l.Protocols, func(p string) bool { return p != "TLSv1.3" }) {
		return nil
	}
	list, err := ciphers.List(ctx, l.Ciphers)
	if err != nil {
		l.Suites = nil
		return err
	}
	l.Suites = list
	return nil
}

func stateOf(err error) facts.State {
	if errors.Is(err, daemon.ErrNoOpenSSL) || err.Error() == tree.NotLive {
		return facts.NotObserved
	}
	return facts.Error
}

// serverValues are the words of a server that take one more.
var serverValues = []string{"addr", "agent-addr", "agent-inter", "agent-port", "agent-send", "alpn", "ca-file", "check-alpn", "check-proto", "check-sni", "ciphers", "ciphersuites",
	"client-sigalgs", "cookie", "crl-file", "crt", "curves", "error-limit", "fall", "fastinter", "downinter", "guid", "hash-key", "id", "idle-ping", "init-addr", "init-state", "inter", "interface",
	"log-bufsize", "log-proto", "maxconn", "maxqueue", "max-reuse", "minconn", "namespace", "npn", "observe", "on-error", "on-marked-down", "on-marked-up", "pool-conn-name", "pool-low-conn",
	"pool-max-conn", "pool-purge-delay", "port", "proto", "redir", "resolve-net", "resolve-opts", "resolve-prefer", "resolvers", "rise", "shard", "sigalgs", "slowstart", "sni", "socks4",
	"source", "ssl-max-ver", "ssl-min-ver", "tcp-ut", "track", "usesrc", "verify", "verifyhost", "weight", "ws"}

// targets gives the servers of a proxy, with what default-server gives them.
func (c *config) targets(p *proxy) ([]facts.BalancerTarget, error) {
	var out []facts.BalancerTarget
	for _, d := range p.servers {
		t := facts.BalancerTarget{Backend: p.name, Name: tree.Clean(d.word(1)), Count: 1, File: d.file, Line: int64(d.line), Weight: 1, Fails: 3, IntervalMs: 2_000, Verified: !c.global.verifyNone}
		at := 2
		if d.word(0) == "server-template" {
			first, n, err := template(d.word(2))
			if err != nil {
				return nil, d.fault("server-template %.40q: %w", d.word(1), err)
			}
			t.Name, t.Count, at = t.Name+strconv.FormatInt(first, 10), n, 3
		}
		if d.word(at) == "" {
			return nil, d.fault("server %.40q needs an address", d.word(1))
		}
		t.Address = tree.Clean(d.word(at))
		for _, words := range [][]string{p.byDefault, d.after(at + 1)} {
			if err := serve(&t, words); err != nil {
				return nil, d.fault("server %.40q: %w", d.word(1), err)
			}
		}
		t.Verified = t.Verified && t.Tls
		t.Disabled = t.Disabled || p.disabled
		out = append(out, t)
	}
	return out, nil
}

// template reads the numbers of a server-template: 5, or 3-7.
func template(s string) (first, n int64, err error) {
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		from, to = "1", s
	}
	first, err = strconv.ParseInt(from, 10, 32)
	last, err2 := strconv.ParseInt(to, 10, 32)
	if err != nil || err2 != nil || first < 0 || last < first {
		return 0, 0, fmt.Errorf("expected how many servers, found %.40q", s)
	}
	return first, last - first + 1, nil
}

// serve takes the words after a server's address.
func serve(t *facts.BalancerTarget, words []string) error {
	whole := func(i int) (int64, error) {
		if i >= len(words) {
			return 0, fmt.Errorf("%s needs a number", words[i-1])
		}
		n, err := strconv.ParseInt(words[i], 10, 64)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%s needs a number, found %.40q", words[i-1], words[i])
		}
		return n, nil
	}
	for i := 0; i < len(words); i++ {
		var err error
		switch w := words[i]; w {
		case "check", "agent-check", "track":
			t.Checked = true
		case "no-check":
			t.Checked = false
		case "backup":
			t.Backup = true
		case "no-backup":
			t.Backup = false
		case "disabled":
			t.Disabled = true
		case "enabled", "no-disabled":
			t.Disabled = false
		case "ssl":
			t.Tls = true
		case "no-ssl":
			t.Tls = false
		case "weight":
			t.Weight, err = whole(i + 1)
		case "maxconn":
			t.MaxConnections, err = whole(i + 1)
		case "fall":
			t.Fails, err = whole(i + 1)
		case "inter":
			if i+1 >= len(words) {
				return errors.New("inter needs a time")
			}
			t.IntervalMs, err = millis(words[i+1])
		case "verify":
			if i+1 < len(words) {
				t.Verified = words[i+1] != "none"
			}
		}
		if err != nil {
			return err
		}
		if slices.Contains(serverValues, words[i]) {
			i++
		}
	}
	return nil
}
