package nginx

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

// readHost reads the section of files that look like a host.
func readHost(t *testing.T, files map[string]string) (facts.Decoded, facts.Nginx, string) {
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
	s, err := Read(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	d, err := facts.Decode(s)
	if err != nil {
		t.Fatal(err)
	}
	var v facts.Nginx
	if err := json.Unmarshal(s.Values, &v); err != nil {
		t.Fatal(err)
	}
	return d, v, string(s.Values)
}

const (
	main = `user www-data;
error_log syslog:server=192.0.2.9:514 warn;
events { worker_connections 256; }
http {
  access_log /var/log/nginx/access.log combined;
  server_tokens off; client_max_body_size 5m; client_header_timeout 1m30s;
  ssl_protocols TLSv1.2 TLSv1.3; # not older
  add_header Strict-Transport-Security "max-age=31536000" always;
  content_by_lua_block { local x = "}" .. "{" }
  upstream app { least_conn; server 192.0.2.11:8080 weight=2 max_fails=3 fail_timeout=5s; server 192.0.2.12:8080 max_fails=0; server 192.0.2.13 backup; server 192.0.2.14 down; }
  upstream idle { server unix:/run/app.sock; }
  include conf.d/*.conf;
}
stream {
  upstream db { server 192.0.2.21:5432; server 192.0.2.22:5432; }
  server { listen 5432; proxy_pass db; proxy_timeout 10m; }
}
`
	sites = `server { listen 80; listen [::]:80; server_name shop.example.org;
  location /.well-known/acme-challenge/ { root /srv; }
  location / { return 301 https://$host$request_uri; } }
server {
  listen 443 ssl http2; server_name shop.example.org www.example.org;
  ssl_certificate /etc/ssl/a.pem; ssl_certificate_key /etc/ssl/private/hunter2.pem; ssl_verify_client optional;
  proxy_set_header Authorization "Basic hunter2";
  location / { proxy_pass http://app/x; limit_req zone=a; proxy_connect_timeout 3s; }
  location ~ "^/y{2,3}$" { proxy_pass https://user:hunter2@192.0.2.30:8443?key=hunter2; access_log off; add_header X-A b; }
  location = /z { fastcgi_pass unix:/run/php.sock; }
}
server { listen 127.0.0.1:8404; location = /status { stub_status; } }
server { listen 8405; location /nginx { stub_status; allow 192.0.2.0/24; deny all; } if ($scheme = http) { return 301 "https://x${request_uri}"; } }
`
)

func TestConfig(t *testing.T) {
	d, v, raw := readHost(t, map[string]string{"/usr/sbin/nginx": "", "/etc/nginx/nginx.conf": main, "/etc/nginx/conf.d/a.conf": sites, "/etc/nginx/conf.d/no.txt": "broken"})
	p := v.Persisted
	if p == nil {
		t.Fatalf("missing %+v", d.Missing)
	}
	if strings.Contains(strings.ReplaceAll(raw, "hunter2.pem", ""), "hunter2") {
		t.Errorf("a secret is among the facts: %s", raw)
	}
	if *p.User != "www-data" || *p.WorkerConnections != 256 || !slices.Equal(v.Files, []string{"/etc/nginx/nginx.conf", "/etc/nginx/conf.d/a.conf"}) {
		t.Errorf("%v %+v", v.Files, p)
	}
	var got []string
	for _, l := range p.Listeners {
		b, _ := json.Marshal([]any{l.Proxy, l.Mode, l.Address, l.Port, l.Local, l.Tls, l.Redirects, l.HstsSeconds, strings.Join(l.Protocols, " "), strings.Join(l.Alpn, " "), l.Verify, l.Line})
		got = append(got, string(b))
	}
	if diff := cmp.Diff([]string{
		`["shop.example.org","http","*",80,false,false,true,0,"","","none",1]`, `["shop.example.org","http","[::]",80,false,false,true,0,"","","none",1]`,
		`["shop.example.org","http","*",443,false,true,false,0,"TLSv1.2 TLSv1.3","h2 http/1.1","optional",5]`,
		`["_","http","127.0.0.1",8404,true,false,false,0,"","","none",12]`, `["_","http","*",8405,false,false,true,0,"","","none",13]`,
		`["_","tcp","*",5432,false,false,false,0,"","","none",16]`,
	}, got); diff != "" {
		t.Errorf("listeners:\n%s", diff)
	}
	shop := p.Servers[1]
	if shop.Name != "shop.example.org" || len(shop.Names) != 2 || shop.VersionShown || shop.Logged || shop.RateLimited || !shop.Passes || shop.MaxBodyBytes != 5<<20 || shop.TimeoutHeaderMs != 90_000 || !shop.RemoteLog {
		t.Errorf("%+v", shop)
	}
	if !p.Servers[0].Redirects || !p.Servers[3].Redirects || p.Servers[2].Redirects {
		t.Errorf("redirects of %+v", p.Servers)
	}
	file := "/etc/nginx/nginx.conf"
	if diff := cmp.Diff([]facts.NginxUpstream{{Name: "app", Mode: "http", Balance: "least_conn", Targets: 2, Backups: 1, Unchecked: 1, Used: true, File: file, Line: 10},
		{Name: "idle", Mode: "http", Balance: "round_robin", Targets: 1, File: file, Line: 11}, {Name: "db", Mode: "tcp", Balance: "round_robin", Targets: 2, Used: true, File: file, Line: 15}}, p.Upstreams); diff != "" {
		t.Errorf("upstreams:\n%s", diff)
	}
	if first := p.Targets[0]; first.Weight != 2 || first.Fails != 3 || first.IntervalMs != 5_000 || !first.Checked || p.Targets[1].Checked || !p.Targets[2].Backup || !p.Targets[3].Disabled {
		t.Errorf("targets: %+v", p.Targets)
	}
	got = nil
	for _, x := range p.Passes {
		b, _ := json.Marshal([]any{x.Server, x.Location, x.To, x.Upstream, x.Local, x.Tls, x.Verified, x.ConnectMs, x.ReadMs, x.Next})
		got = append(got, string(b))
	}
	if diff := cmp.Diff([]string{
		`["shop.example.org","/","http://app/x","app",false,false,false,3000,60000,"error timeout"]`, `["shop.example.org","~ ^/y{2,3}$","https://192.0.2.30:8443","",false,true,false,60000,60000,"error timeout"]`,
		`["shop.example.org","= /z","unix:/run/php.sock","",true,false,false,60000,60000,"error timeout"]`, `["_","","db","db",false,false,false,60000,600000,"on"]`,
	}, got); diff != "" {
		t.Errorf("passes:\n%s", diff)
	}
	if s := p.Stats; len(s) != 2 || !s[0].Local || s[0].Protected || s[0].Path != "/status" || s[1].Local || !s[1].Protected {
		t.Errorf("pages: %+v", s)
	}
	if len(p.Logs) != 3 || !p.Logs[0].Remote || p.Logs[1].Remote || p.Logs[2].Target != "off" {
		t.Errorf("logs: %+v", p.Logs)
	}
	for _, path := range []string{"/valid", "/running/user", "/running/dropped", "/persisted/listeners/2/suites"} {
		if m, ok := d.MissingAt(path); !ok || m.State != facts.NotObserved {
			t.Errorf("%s: %+v", path, m)
		}
	}
}

func TestNotThereAndNotRead(t *testing.T) {
	d, v, _ := readHost(t, map[string]string{"/etc/nginx/nginx.conf": main})
	if m, ok := d.MissingAt("/persisted"); !ok || m.State != facts.Absent || *v.Installed {
		t.Errorf("not installed: %+v", d.Missing)
	}
	for text, want := range map[string]string{
		"events {\n": "nginx.conf:2: a block has no end", "a b\n": "nginx.conf:1: a directive has no end", "}": "nginx.conf:1: } closes nothing", "a 'b": "nginx.conf:1: a quoted text has no end",
		"a\n{ b }": "nginx.conf:2: a directive has no end", "include gone.conf;": "gone.conf: no such file", "include nginx.conf;": "more than 30 includes", ";": `nginx.conf:1: ";" stands alone`,
		"include in.conf;": "/etc/nginx/in.conf:2: a directive has no end", "http { server { listen\n 99999; } }": `nginx.conf:1: listen "99999"`,
		"http { client_max_body_size much; server { } }": "client_max_body_size: expected a size", "http { send_timeout soon; server { } }": "send_timeout: expected a time",
		"http { upstream a { server b weight=x; } }": `server "b": weight: expected a number`, strings.Repeat("a { ", 40): "more than 30 blocks",
	} {
		d, _, _ := readHost(t, map[string]string{"/usr/sbin/nginx": "", "/etc/nginx/nginx.conf": text, "/etc/nginx/in.conf": "a 1;\nb\n\n"})
		if m, ok := d.MissingAt("/persisted/listeners"); !ok || m.State != facts.Error || !strings.Contains(m.Reason, want) {
			t.Errorf("%.40q: %+v, want %q", text, m, want)
		}
	}
}

func TestDefaultsByVersion(t *testing.T) {
	for words, want := range map[string]bool{"nginx version: nginx/1.22.1": false, "nginx version: nginx/1.27.3": true, "nginx version: nginx/1.27.2 (x)": false, "nginx/1.28.0\n": true, "nginx/2.0.0": true, "nginx/x": false, "": false} {
		if newer(words) != want {
			t.Errorf("%q: %v", words, !want)
		}
	}
	text := "http { server { listen 443 ssl; } }"
	s := &scanner{text: text, line: 1}
	all, err := (&reader{}).block(s, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for modern, want := range map[bool][]string{true: {"TLSv1.2", "TLSv1.3"}, false: {"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}} {
		m, err := build(all, modern)
		if err != nil || !slices.Equal(m.v.Listeners[0].Protocols, want) {
			t.Errorf("%v: %v %v", modern, m.v.Listeners, err)
		}
	}
}

func TestProcesses(t *testing.T) {
	p := func(pid, parent int, title string) daemon.Process {
		return daemon.Process{PID: pid, Parent: parent, Args: []string{title}}
	}
	got := instances([]daemon.Process{p(1, 0, "nginx: master process /usr/sbin/nginx -c conf/x.conf -p /srv/ -g daemon on;"), p(2, 1, "nginx: worker process"), p(3, 1, "nginx: worker process is shutting down"),
		p(4, 1, "nginx: cache manager process"), p(5, 0, "nginx: master process nginx"), p(6, 5, "nginx: worker process")})
	if len(got) != 2 || got[0].file != "/srv/conf/x.conf" || got[0].program != "/usr/sbin/nginx" || len(got[0].workers) != 1 || got[1].file != configs[0] || len(got[1].workers) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestRefusalAndStatus(t *testing.T) {
	for words, want := range map[string]string{
		"nginx: [emerg] 12#12: unknown directive \"lisen\" in /etc/nginx/a.conf:3\nnginx: configuration file x test failed\n": `/etc/nginx/a.conf:3: unknown directive "lisen"`,
		"nginx: [emerg] invalid value \"hunter2\" in \"proxy_set_header Authorization\" in /a:3\n":                            "/a:3: refused; the words may hold a secret and are not sent",
		"nginx: [warn] x\n": "refused",
	} {
		if got := refusal(words); got != want {
			t.Errorf("%q: %q", words, got)
		}
	}
	if a, dropped, err := parseStatus("Active connections: 291 \nserver accepts handled requests\n 100 97 200 \nReading: 6 Writing: 179 Waiting: 106 \n"); err != nil || a != 291 || dropped != 3 {
		t.Errorf("%d %d %v", a, dropped, err)
	}
	for _, text := range []string{"", "<html>", "Active connections: x\n\n1 1 1", "Active connections: 1\n\n1 2 1", "Active connections: 1\n\n1 1"} {
		if _, _, err := parseStatus(text); err == nil {
			t.Errorf("%q is taken for a status page", text)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(main), []byte(sites))
	f.Add([]byte("http{server{listen unix:/x;listen [::1];location a{stub_status;proxy_pass $x;}}include a/*.conf;}"), []byte("a \"\\\n\xff${x} b{c'd';}"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		r := &reader{base: "/etc/nginx", glob: func(string) ([]string, error) { return []string{"/second"}, nil }, read: func(name string) ([]byte, error) {
			if name == "/first" {
				return first, nil
			}
			return second, nil
		}}
		all, err := r.file("/first", 0)
		if err != nil {
			return
		}
		m, err := build(all, true)
		if err != nil {
			return
		}
		s, err := facts.NewSection("nginx", facts.Nginx{Installed: new(true), Files: r.files, Persisted: m.v}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := facts.Decode(s); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzAnswers(f *testing.F) {
	f.Add("Active connections: 291 \nserver accepts handled requests\n 100 97 200 \n")
	f.Add("nginx: [emerg] x in /a:3\n")
	f.Fuzz(func(t *testing.T, text string) {
		if active, dropped, err := parseStatus(text); err == nil && (active < 0 || dropped < 0) {
			t.Errorf("%d %d", active, dropped)
		}
		_, _ = refusal(text), newer(text)
		_, _ = duration(text)
		_, _ = size(text)
	})
}
