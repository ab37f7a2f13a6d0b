package haproxy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/agent/collect/daemon"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// host writes files as a directory tree that looks like a host.
func host(t *testing.T, files map[string]string) tree.Root {
	t.Helper()
	root := tree.Root{Dir: t.TempDir()}
	for name, text := range files {
		p := filepath.Join(root.Dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// readHost reads a host's section, decoded, and its values as the Go type.
func readHost(t *testing.T, root tree.Root) (facts.Decoded, facts.Haproxy, string) {
	t.Helper()
	s, err := Read(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	d, err := facts.Decode(s)
	if err != nil {
		t.Fatal(err)
	}
	var v facts.Haproxy
	if err := json.Unmarshal(s.Values, &v); err != nil {
		t.Fatal(err)
	}
	return d, v, string(s.Values)
}

const sample = `global
	log logs.example.org:514 len 4096 local0 info
	log ring@out local1
	user haproxy
	chroot /var/lib/haproxy
	maxconn 20000
	stats socket /run/haproxy/admin.sock mode 660 level admin
	stats socket ipv4@192.0.2.1:9999
	ssl-default-bind-options ssl-min-ver TLSv1.2 no-tlsv13
	ssl-default-bind-ciphers ECDHE+AESGCM # as everywhere

ring out
	server far tcp@192.0.2.9:514

defaults base
	mode http
	log global
	option httplog
	option httpchk GET /health HTTP/1.1\r\nAuthorization:\ Bearer\ hunter2
	timeout connect 5s
	timeout client 1m
	timeout server 30000
	timeout http-request 500ms
	default-server check inter 1s fall 2

frontend plain from base
	bind :80,:::8080
	acl tls ssl_fc
	redirect scheme https code 301 if !tls !{ path_beg /.well-known/acme-challenge/ }
	maxconn 300

frontend web from base
	bind 192.0.2.1:443 ssl crt /etc/ssl/private/a.pem crt /etc/ssl/private/b.pem alpn h2,http/1.1 name check
	bind *:8443-8445 ssl crt /x.pem ssl-min-ver TLSv1.0 ciphers "ALL:!aNULL" verify optional
	http-response set-header Strict-Transport-Security "max-age=31536000; includeSubDomains" if { ssl_fc }
	stick-table type ip size 1m expire 10s store http_req_rate(10s)
	http-request deny if { sc_http_req_rate(0) gt 100 }
	use_backend api if { path_beg /api }
	use_backend %[req.hdr(x)] if FALSE
	default_backend app
	no log

backend app from base
	balance leastconn
	cookie check insert
	server a 192.0.2.11:8080 cookie backup weight 5 maxconn 100
	server b 192.0.2.12:8080 no-check
	server spare "192.0.2.13:8080" backup ssl verify none
	server off 192.0.2.14:8080 disabled ssl ca-file /ca.pem

backend api from base
	mode tcp
	option tcp-check
	server-template node 2-4 api.internal:443 track app/a

listen stats from base
	bind 127.0.0.1:8404
	bind /run/stats.sock
	stats enable
	stats uri /s
	stats auth admin:hunter2
	stats admin if TRUE

userlist staff
	user ann password $6$hunter2
	user bob insecure-password hunter2
`

// What proxies inherit and what their lines say, one by one.
func TestConfig(t *testing.T) {
	root := host(t, map[string]string{"/usr/sbin/haproxy": "", "/etc/haproxy/haproxy.cfg": sample})
	d, v, raw := readHost(t, root)
	if strings.Contains(raw, "hunter2") {
		t.Errorf("a secret is among the facts: %s", raw)
	}
	p := v.Persisted
	if p == nil {
		t.Fatalf("missing: %v", d.Missing)
	}
	if *p.User != "haproxy" || *p.Chroot != "/var/lib/haproxy" || *p.Maxconn != 20000 || !slices.Equal(v.Files, []string{defaultFile}) {
		t.Errorf("global: %+v", p)
	}
	short := func(l facts.BalancerListener) string {
		b, _ := json.Marshal([]any{l.Proxy, l.Address, l.Port, l.Local, l.Tls, l.Redirects, l.HstsSeconds, strings.Join(l.Protocols, " "), l.Ciphers, l.Verify, len(l.Certificates), l.Line})
		return string(b)
	}
	var got []string
	for _, l := range p.Listeners {
		got = append(got, short(l))
	}
	want := []string{
		`["plain","*",80,false,false,true,0,"","","none",0,27]`, `["plain","[::]",8080,false,false,true,0,"","","none",0,27]`,
		`["web","192.0.2.1",443,false,true,false,31536000,"TLSv1.2","ECDHE+AESGCM","none",2,33]`,
		`["web","*",8443,false,true,false,31536000,"TLSv1.0 TLSv1.1 TLSv1.2","ALL:!aNULL","optional",1,34]`,
		`["web","*",8444,false,true,false,31536000,"TLSv1.0 TLSv1.1 TLSv1.2","ALL:!aNULL","optional",1,34]`,
		`["web","*",8445,false,true,false,31536000,"TLSv1.0 TLSv1.1 TLSv1.2","ALL:!aNULL","optional",1,34]`,
		`["stats","127.0.0.1",8404,true,false,false,0,"","","none",0,57]`, `["stats","/run/stats.sock",0,true,false,false,0,"","","none",0,58]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listeners:\n%s", diff)
	}
	f := func(name string, line int64) facts.HaproxyFrontend {
		return facts.HaproxyFrontend{Name: name, Kind: "frontend", Mode: "http", Backends: []string{}, Logged: true, LogFormat: "http", TimeoutClientMs: 60_000, TimeoutRequestMs: 500, File: defaultFile, Line: line}
	}
	plain, web, stats := f("plain", 26), f("web", 32), f("stats", 56)
	plain.MaxConnections = 300
	web.Backends, web.Logged, web.RateLimited = []string{"api", "app"}, false, true
	stats.Kind = "listen"
	if diff := cmp.Diff([]facts.HaproxyFrontend{plain, web, stats}, p.Frontends); diff != "" {
		t.Errorf("frontends:\n%s", diff)
	}
	if diff := cmp.Diff([]facts.HaproxyBackend{
		{Name: "app", Kind: "backend", Mode: "http", Balance: "leastconn", Check: "http", Targets: 2, Backups: 1, Unchecked: 1, TimeoutConnectMs: 5_000, TimeoutServerMs: 30_000, File: defaultFile, Line: 43},
		{Name: "api", Kind: "backend", Mode: "tcp", Balance: "roundrobin", Check: "tcp-script", Targets: 3, TimeoutConnectMs: 5_000, TimeoutServerMs: 30_000, File: defaultFile, Line: 51},
	}, p.Backends); diff != "" {
		t.Errorf("backends:\n%s", diff)
	}
	target := facts.BalancerTarget{Backend: "app", Count: 1, Weight: 1, Checked: true, Fails: 2, IntervalMs: 1_000, File: defaultFile}
	a, b, spare, off, node := target, target, target, target, target
	a.Name, a.Address, a.Weight, a.MaxConnections, a.Line = "a", "192.0.2.11:8080", 5, 100, 46
	b.Name, b.Address, b.Checked, b.Line = "b", "192.0.2.12:8080", false, 47
	spare.Name, spare.Address, spare.Backup, spare.Tls, spare.Line = "spare", "192.0.2.13:8080", true, true, 48
	off.Name, off.Address, off.Disabled, off.Tls, off.Verified, off.Line = "off", "192.0.2.14:8080", true, true, true, 49
	node.Backend, node.Name, node.Address, node.Count, node.Line = "api", "node2", "api.internal:443", 3, 54
	if diff := cmp.Diff([]facts.BalancerTarget{a, b, spare, off, node}, p.Targets); diff != "" {
		t.Errorf("targets:\n%s", diff)
	}
	if diff := cmp.Diff([]facts.BalancerStats{{Proxy: "stats", Kind: "stats", Path: "/s", Local: true, Protected: true, Admin: true, File: defaultFile, Line: 62}}, p.Stats); diff != "" {
		t.Errorf("pages:\n%s", diff)
	}
	if diff := cmp.Diff([]facts.HaproxyUserlist{{Name: "staff", Users: 2, Plain: 1}}, p.Userlists); diff != "" {
		t.Errorf("users:\n%s", diff)
	}
	if len(p.Logs) != 2 || !p.Logs[0].Remote || p.Logs[0].Level != "local0 info" || !p.Logs[1].Remote {
		t.Errorf("logs: %+v", p.Logs)
	}
	if len(p.Sockets) != 2 || p.Sockets[0].Network || p.Sockets[0].ModeOctal != "660" || !p.Sockets[1].Network || p.Sockets[1].Level != "operator" {
		t.Errorf("sockets: %+v", p.Sockets)
	}
	for path, state := range map[string]facts.State{"/running/targets": facts.NotObserved, "/valid": facts.NotObserved, "/difference": facts.NotObserved, "/persisted/listeners/2/suites": facts.NotObserved} {
		if m, ok := d.MissingAt(path); !ok || m.State != state {
			t.Errorf("%s: %+v", path, m)
		}
	}
}

// Without a program there is nothing to judge; what cannot be read is an error with
// its place.
func TestNotThereAndNotRead(t *testing.T) {
	d, v, _ := readHost(t, host(t, map[string]string{"/etc/haproxy/haproxy.cfg": sample}))
	if m, ok := d.MissingAt("/persisted"); !ok || m.State != facts.Absent || *v.Installed {
		t.Errorf("not installed: %+v", d.Missing)
	}
	for text, want := range map[string]string{
		"global\n log \"x\n":                                           `haproxy.cfg:2: a quote " has no end`,
		"frontend\n bind :80\n":                                        "haproxy.cfg:1: frontend needs a name",
		"bind :80\n":                                                   `haproxy.cfg:1: "bind" stands before`,
		"global\n.if defined(X)\n.endif\n":                             "haproxy.cfg:2: what .if leaves in",
		"frontend x from y\n":                                          `haproxy.cfg:1: there are no defaults "y"`,
		"defaults\n timeout client soon\n":                             "haproxy.cfg:2: timeout client: expected a number",
		"frontend x\n bind 80\n":                                       `haproxy.cfg:2: bind "80": expected ADDRESS:PORT`,
		"frontend x\n bind :80-99999\n":                                `haproxy.cfg:2: bind ":80-99999": "80-99999" is no port`,
		"backend x\n server a 192.0.2.1:80 weight much\n":              `haproxy.cfg:2: server "a": weight needs a number`,
		"backend x\n server-template a many 192.0.2.1:80\n":            "haproxy.cfg:2: server-template",
		"backend x\n server a\n":                                       `haproxy.cfg:2: server "a" needs an address`,
		"global\n maxconn -1\n":                                        "haproxy.cfg:2: maxconn needs a number",
		"frontend x\n bind :1-2000\n":                                  "haproxy.cfg:2: bind \":1-2000\": more than 100 ports",
		"backend x\n server-template a 2001 192.0.2.1:80\n server b x": "",
	} {
		d, _, _ := readHost(t, host(t, map[string]string{"/usr/sbin/haproxy": "", "/etc/haproxy/haproxy.cfg": text}))
		m, ok := d.MissingAt("/persisted/listeners")
		if (want != "") != ok || ok && (m.State != facts.Error || !strings.Contains(m.Reason, want)) {
			t.Errorf("%q: %+v, want %q", text, m, want)
		}
	}
	d, _, _ = readHost(t, host(t, map[string]string{"/usr/sbin/haproxy": ""}))
	if m, ok := d.MissingAt("/persisted/listeners"); !ok || m.State != facts.Error {
		t.Errorf("no file: %+v", m)
	}
}

// The files are those that the unit names, with its environment files and
// directories.
func TestFilesOfTheUnit(t *testing.T) {
	unit := "[Service]\nEnvironmentFile=-/etc/default/haproxy\nEnvironment=\"CONFIG=/etc/haproxy/haproxy.cfg\" \"EXTRAOPTS=-S /run/x\"\nExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -f /etc/haproxy/conf.d -p $PIDFILE $EXTRAOPTS\n"
	root := host(t, map[string]string{"/usr/sbin/haproxy": "", "/lib/systemd/system/haproxy.service": unit, "/etc/default/haproxy": "# x\nNAME=\"shop\"\n", "/etc/haproxy/haproxy.cfg": "global\n",
		"/etc/haproxy/conf.d/20-b.cfg": "backend \"${NAME}-${OTHER-x}\"\n server a \"$NAME.internal:80\"\n", "/etc/haproxy/conf.d/10-a.cfg": "defaults\n mode http\n", "/etc/haproxy/conf.d/no.txt": "broken"})
	_, v, _ := readHost(t, root)
	if diff := cmp.Diff([]string{"/etc/haproxy/haproxy.cfg", "/etc/haproxy/conf.d/10-a.cfg", "/etc/haproxy/conf.d/20-b.cfg"}, v.Files); diff != "" {
		t.Errorf("files:\n%s", diff)
	}
	if b := v.Persisted.Backends; len(b) != 1 || b[0].Name != "shop-x" || b[0].Mode != "http" || v.Persisted.Targets[0].Address != "shop.internal:80" {
		t.Errorf("backends %+v", v.Persisted.Backends)
	}
	if got := named([]string{"haproxy", "-sf", "12", "-f", "a", "-D", "-f", "b", "--", "c", "d"}); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("files of a command line: %v", got)
	}
}

func TestSplit(t *testing.T) {
	env := map[string]string{"A": "x y"}
	for line, want := range map[string][]string{
		`  bind :80  # all`: {"bind", ":80"}, `a\ b c\#d`: {"a b", "c#d"}, `'$A' "$A" $A "${A}z"`: {"$A", "x y", "$A", "x yz"}, `"" ''`: {"", ""},
		`"a\"b\$A"`: {`a"b$A`}, `a\x41\n`: {"aA\n"}, `x"y z"'w'`: {"xy zw"}, `"${NONE}" "${NONE-d}" "$"`: {"${NONE}", "d", "$"}, `end\`: {`end\`}, ``: nil,
	} {
		got, err := split(line, env)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q %v, want %q", line, got, err, want)
		}
	}
}

func TestRedirectConditions(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "unless { ssl_fc }": true, "if !{ ssl_fc }": true, "if ! { ssl_fc }": true, "if !{ ssl_fc } !{ path_beg /.well-known/acme-challenge/ }": true,
		"if { ssl_fc }": false, "if { hdr(host) x }": false, "if !{ ssl_fc } !{ path_beg /open }": false, "if !{ ssl_fc } or { path / }": false,
	} {
		if got := everything(strings.Fields(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("defaults\nfrontend a\nbind :1-9 ssl force-tlsv12\nuse_backend %[x]\nlisten b from c\nserver-template x 1-2 y check\n\"\\x\xff\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		root := tree.Root{Dir: t.TempDir()}
		if err := os.WriteFile(filepath.Join(root.Dir, "x.cfg"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := load(root, []string{"/x.cfg"}, map[string]string{"A": "b"})
		if err != nil {
			return
		}
		v, gaps, err := c.persisted(t.Context(), daemon.NewCiphers(root))
		if err != nil {
			return
		}
		s, err := facts.NewSection("haproxy", facts.Haproxy{Installed: new(true), Persisted: v}, gaps)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := facts.Decode(s); err != nil {
			t.Fatal(err)
		}
	})
}
