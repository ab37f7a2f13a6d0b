package haproxy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// proxy is a frontend, backend, listen or defaults section with what it inherits.
type proxy struct {
	directive
	kind, name string
	mode       string
	disabled   bool
	binds      []directive
	servers    []directive
	byDefault  []string // words of default-server
	backends   []string
	dynamic    bool // some backend is worked out for each request
	logs       []logTarget
	logGlobal  bool
	format     string
	maxconn    int64
	timeouts   map[string]int64
	balance    string
	check      string // kind of the check that an option chose
	hsts       int64
	redirects  bool
	stats      stats
	exporters  []directive         // of Prometheus
	acls       map[string][]string // those of one line, by name
	counts     bool                // what clients do
	refuses    bool
	rateLimit  bool
}

type stats struct {
	at                   directive
	enabled, auth, admin bool
	path                 string
}

type logTarget struct {
	directive
	address, level string
}

// inherit gives what a section starts from: a copy of its defaults. Binds, servers
// and rules for requests are not inherited.
func (p *proxy) inherit(s section) *proxy {
	q := &proxy{mode: "tcp", balance: "roundrobin"}
	if p != nil {
		*q = *p
		q.binds, q.servers, q.dynamic = nil, nil, false
		q.acls = maps.Clone(p.acls)
		q.backends, q.byDefault, q.logs = slices.Clone(p.backends), slices.Clone(p.byDefault), slices.Clone(p.logs)
		q.exporters = slices.Clone(p.exporters)
	}
	if p == nil || p.timeouts == nil {
		q.timeouts = map[string]int64{}
	} else {
		q.timeouts = maps.Clone(p.timeouts)
	}
	q.directive, q.kind, q.name = s.directive, s.kind(), s.name()
	return q
}

// checks maps options to the kinds of checks that they choose.
var checks = map[string]string{"httpchk": "http", "tcp-check": "tcp-script", "mysql-check": "mysql", "pgsql-check": "pgsql", "redis-check": "redis", "smtpchk": "smtp",
	"ldap-check": "ldap", "ssl-hello-chk": "ssl", "spop-check": "spop", "external-check": "external"}

// apply takes one line of the section.
func (p *proxy) apply(d directive) error {
	negated := d.words[0] == "no"
	if negated {
		d.words = d.after(1)
	}
	switch d.word(0) {
	case "mode":
		p.mode = d.word(1)
	case "disabled":
		p.disabled = true
	case "enabled":
		p.disabled = false
	case "bind":
		p.binds = append(p.binds, d)
	case "server", "server-template":
		p.servers = append(p.servers, d)
	case "default-server":
		p.byDefault = append(p.byDefault, d.after(1)...)
	case "acl":
		if p.acls == nil {
			p.acls = map[string][]string{}
		}
		if _, twice := p.acls[d.word(1)]; twice {
			p.acls[d.word(1)] = []string{"several"} // one or the other: not worked out
		} else {
			p.acls[d.word(1)] = d.after(2)
		}
	case "default_backend", "use_backend":
		p.chooses(d.word(1))
	case "log":
		return p.log(d, negated)
	case "log-format":
		p.format = "own"
	case "option":
		p.option(d, negated)
	case "maxconn":
		n, err := count(d, 1)
		p.maxconn = n
		return err
	case "rate-limit":
		p.rateLimit = true
	case "timeout", "contimeout", "clitimeout", "srvtimeout":
		return p.timeout(d)
	case "balance":
		p.balance = d.word(1)
	case "stick-table":
		p.counts = p.counts || strings.Contains(strings.Join(d.words, " "), "_rate(")
	case "stats":
		p.stat(d)
	case "redirect", "http-request", "http-response", "http-after-response", "tcp-request":
		p.rule(d)
	}
	return nil
}

func (p *proxy) chooses(backend string) {
	if strings.Contains(backend, "%[") {
		p.dynamic = true
	} else if backend != "" {
		p.backends = append(p.backends, backend)
	}
}

func (p *proxy) log(d directive, negated bool) error {
	switch {
	case negated:
		p.logs, p.logGlobal = nil, false
	case d.word(1) == "global":
		p.logGlobal = true
	case d.word(1) == "":
		return d.fault("log needs an address")
	default:
		p.logs = append(p.logs, logOf(d))
	}
	return nil
}

// logOf reads "log ADDRESS [len N] [format F] [sample R] [profile P] FACILITY [LEVEL [LEAST]]".
func logOf(d directive) logTarget {
	t := logTarget{directive: d, address: d.word(1)}
	rest := d.after(2)
	for len(rest) > 1 && slices.Contains([]string{"len", "format", "sample", "profile"}, rest[0]) {
		rest = rest[2:]
	}
	t.level = strings.Join(rest, " ")
	return t
}

func (p *proxy) option(d directive, negated bool) {
	name := d.word(1)
	switch kind, isCheck := checks[name]; {
	case isCheck && negated:
		if p.check == kind {
			p.check = ""
		}
	case isCheck:
		p.check = kind
	case name == "httplog" || name == "httpslog":
		p.format = map[bool]string{false: "http"}[negated]
	case name == "tcplog":
		p.format = map[bool]string{false: "tcp"}[negated]
	}
}

func (p *proxy) timeout(d directive) error {
	name, value := d.word(1), d.word(2)
	if old, ok := map[string]string{"contimeout": "connect", "clitimeout": "client", "srvtimeout": "server"}[d.word(0)]; ok {
		name, value = old, d.word(1)
	}
	n, err := millis(value)
	if err != nil {
		return d.fault("timeout %.40s: %w", name, err)
	}
	p.timeouts[name] = n
	return nil
}

func (p *proxy) stat(d directive) {
	s := &p.stats
	s.enabled, s.at = true, d // any of its words switches it on
	switch d.word(1) {
	case "uri":
		s.path = d.word(2)
	case "auth":
		s.auth = true
	case "http-request":
		s.auth = s.auth || d.word(2) == "auth" || d.word(2) == "deny"
	case "admin":
		s.admin = true
	case "socket", "timeout", "maxconn":
		s.enabled = false
	}
	if s.path == "" {
		s.path = "/haproxy?stats"
	}
}

// rule takes what matters of rules for requests and answers.
func (p *proxy) rule(d directive) {
	verb := d.word(1)
	if d.word(0) == "redirect" {
		verb, d.words = "redirect", append([]string{"http-request"}, d.words...)
	}
	condition := d.after(len(d.words))
	if i := slices.IndexFunc(d.words, func(w string) bool { return w == "if" || w == "unless" }); i > 0 {
		condition = p.named(d.after(i))
	}
	switch {
	case verb == "redirect" && d.word(0) == "http-request" && d.word(2) == "scheme" && strings.EqualFold(d.word(3), "https"):
		p.redirects = p.redirects || everything(condition)
	case (verb == "set-header" || verb == "add-header") && d.word(0) != "http-request" && strings.EqualFold(d.word(2), "Strict-Transport-Security"):
		if everything(condition) || overTLS(condition) {
			p.hsts = maxAge(d.word(3))
		}
	case verb == "use-service" && d.word(2) == "prometheus-exporter":
		p.exporters = append(p.exporters, d)
	case strings.HasPrefix(verb, "track-sc"):
		p.counts = true
	case len(condition) > 0 && slices.ContainsFunc([]string{"deny", "reject", "tarpit", "connection", "content", "silent-drop", "return", "auth"}, func(w string) bool { return verb == w }):
		if strings.Contains(strings.Join(condition, " "), "_rate") || strings.Contains(strings.Join(condition, " "), "conn_cur") {
			p.refuses = true
		}
	}
	if verb == "deny" || verb == "reject" || verb == "tarpit" { // the rate may stand in an acl of its own name
		p.refuses = p.refuses || p.counts
	}
}

// named puts what acls stand for in the place of their names.
func (p *proxy) named(condition []string) []string {
	var out []string
	for _, w := range condition {
		bare := strings.TrimPrefix(w, "!")
		acl, ok := p.acls[bare]
		if !ok {
			out = append(out, w)
			continue
		}
		if bare != w {
			out = append(out, "!")
		}
		out = append(out, acl...)
	}
	return out
}

// everything reports whether a condition leaves nothing out but what is TLS
// already, and challenges of ACME, which must answer without it.
func everything(condition []string) bool {
	if len(condition) == 0 {
		return true
	}
	text := strings.NewReplacer("{", " ", "}", " ", "!", " ! ").Replace(strings.Join(condition[1:], " "))
	words := strings.Fields(text)
	if condition[0] == "unless" {
		return slices.Equal(words, []string{"ssl_fc"})
	}
	for len(words) > 0 {
		switch {
		case len(words) >= 2 && words[0] == "!" && words[1] == "ssl_fc":
			words = words[2:]
		case len(words) >= 3 && words[0] == "!" && (words[1] == "path_beg" || words[1] == "path") && strings.HasPrefix(words[2], "/.well-known/acme-challenge"):
			words = words[3:]
		default:
			return false
		}
	}
	return true
}

func overTLS(condition []string) bool {
	words := strings.Fields(strings.NewReplacer("{", " ", "}", " ").Replace(strings.Join(condition, " ")))
	return slices.Equal(words, []string{"if", "ssl_fc"})
}

// maxAge reads max-age of the header Strict-Transport-Security.
func maxAge(value string) int64 {
	for part := range strings.SplitSeq(strings.ToLower(value), ";") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "max-age="); ok {
			if n, err := strconv.ParseInt(strings.Trim(v, `" `), 10, 64); err == nil && n > 0 {
				return n
			}
		}
	}
	return 0
}

func count(d directive, i int) (int64, error) {
	n, err := strconv.ParseInt(d.word(i), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s:%d: %s needs a number, found %.40q", d.file, d.line, d.word(0), d.word(i))
	}
	return n, nil
}
