package nginx

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/command"
	"github.com/attesta/attesta/internal/agent/collect/daemon"
	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func needs(t *testing.T, names ...string) {
	t.Helper()
	for _, n := range names {
		if _, ok := command.Find(n); !ok {
			t.Skipf("NOT RUN: %s is not installed", n)
		}
	}
}

func free(t *testing.T, n int) []any {
	t.Helper()
	var out []any
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		out = append(out, l.Addr().(*net.TCPAddr).Port)
	}
	return out
}

const (
	realMain = `user @1;
worker_processes 2;
daemon off;
pid @2/nginx.pid;
error_log @2/error.log warn;
events { worker_connections 128; }
http {
  client_body_temp_path @2/b; proxy_temp_path @2/p; fastcgi_temp_path @2/f; uwsgi_temp_path @2/u; scgi_temp_path @2/s;
  access_log @2/access.log;
  server_tokens off;
  limit_req_zone $binary_remote_addr zone=one:1m rate=100r/s;
  upstream app { server 127.0.0.1:@5 max_fails=2; server 127.0.0.1:@6; server 127.0.0.1:9 backup; }
  include sites/*.conf;
}
`
	realSites = `server { listen 127.0.0.1:@3; server_name a.test; location / { return 301 https://$host$request_uri; } }
server {
  listen 127.0.0.1:@4 ssl; server_name "a.test" b.test;
  ssl_certificate @2/c.pem; ssl_certificate_key @2/k.pem;
  ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;
  add_header Strict-Transport-Security "max-age=31536000" always;
  location / { limit_req zone=one burst=20; proxy_pass http://app; }
  location ~ "^/x{2,3}$" { return 204; }
}
server { listen 127.0.0.1:@7; location = /status { stub_status; } } # the end
`
)

// started is an nginx that runs for a test.
type started struct {
	t                    *testing.T
	dir, file            string
	plain, https, status int
}

func start(t *testing.T) *started {
	t.Helper()
	needs(t, "nginx", "openssl")
	dir, err := os.MkdirTemp("", "nginx") // its workers, of another account, must get in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", dir+"/k.pem", "-out", dir+"/c.pem", "-days", "30", "-subj", "/CN=localhost").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	account := me.Username
	if os.Geteuid() == 0 {
		if _, err := user.Lookup("nobody"); err == nil {
			account = "nobody nogroup"
		}
	}
	p := free(t, 5)
	args := append([]any{account, dir}, p...)
	n := &started{t: t, dir: dir, file: dir + "/nginx.conf", plain: p[0].(int), https: p[1].(int), status: p[4].(int)}
	fill := func(text string) string {
		for i, a := range args {
			text = strings.ReplaceAll(text, fmt.Sprintf("@%d", i+1), fmt.Sprint(a))
		}
		return text
	}
	n.write("nginx.conf", fill(realMain))
	n.write("sites/a.conf", fill(realSites))
	for _, port := range []int{p[2].(int), p[3].(int)} {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }), ReadHeaderTimeout: time.Second}
		go s.Serve(l)
		t.Cleanup(func() { s.Close() })
	}
	cmd := exec.Command("/usr/sbin/nginx", "-c", n.file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	for range 100 {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", n.plain)); err == nil {
			c.Close()
			return n
		}
		time.Sleep(50 * time.Millisecond)
	}
	text, _ := os.ReadFile(dir + "/error.log") // why it does not listen, if it says so
	t.Fatalf("nginx does not listen: %s", text)
	return nil
}

func (n *started) write(name, text string) {
	n.t.Helper()
	p := filepath.Join(n.dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		n.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		n.t.Fatal(err)
	}
}

// read reads the section of this one nginx, whichever others run on the host.
func (n *started) read() (facts.Nginx, facts.Decoded) {
	n.t.Helper()
	processes, err := daemon.Find(tree.Root{}, "nginx")
	if err != nil {
		n.t.Fatal(err)
	}
	all := instances(processes)
	i := slices.IndexFunc(all, func(in instance) bool { return in.file == n.file })
	if i < 0 {
		n.t.Fatalf("the nginx that runs is not found among %+v", all)
	}
	if all[i].program == "" {
		all[i].program = programs[0]
	}
	var gaps missing.List
	v := facts.Nginx{Installed: new(true), Others: []string{}}
	if err := all[i].give(n.t.Context(), tree.Root{}, &v, &gaps); err != nil {
		n.t.Fatal(err)
	}
	s, err := gaps.Section("nginx", v)
	if err != nil {
		n.t.Fatal(err)
	}
	d, err := facts.Decode(s)
	if err != nil {
		n.t.Fatal(err)
	}
	return v, d
}

// What we read is what nginx says it read (nginx -T), what runs, and what clients
// see of its listeners.
func TestAgreesWithNginx(t *testing.T) {
	n := start(t)
	v, d := n.read()
	if v.Persisted == nil || v.Running == nil || v.Valid == nil || !*v.Valid {
		t.Fatalf("%+v", d.Missing)
	}
	dump, err := command.Run(t.Context(), programs[0], "-T", "-q", "-c", n.file)
	if err != nil {
		t.Fatal(err)
	}
	// The dump is each file after a line of its name; parsed alone, each is what we made of it.
	dumped := map[string][]byte{}
	var order []string
	for part := range strings.SplitSeq(string(dump), "# configuration file ") {
		name, text, ok := strings.Cut(part, ":\n")
		if ok {
			order = append(order, name)
			dumped[name] = []byte(text)
		}
	}
	if !slices.Equal(order, v.Files) {
		t.Errorf("files %v, nginx -T has %v", v.Files, order)
	}
	r := &reader{base: n.dir, glob: tree.Root{}.Glob, read: func(name string) ([]byte, error) { return dumped[name], nil }}
	theirs, err := r.file(n.file, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, _, err := load(tree.Root{}, n.file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(theirs, ours, cmp.AllowUnexported(directive{})); diff != "" {
		t.Errorf("nginx -T and we:\n%s", diff)
	}
	if *v.Running.Workers != 2 || len(v.Running.Stale) != 0 || *v.Running.UsePercent != 0 || *v.Running.Dropped != 0 {
		t.Errorf("running: %+v", v.Running)
	}
	if os.Geteuid() == 0 && *v.Running.User != "nobody" {
		t.Errorf("workers run as %s", *v.Running.User)
	}
	client := http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // a certificate of its own
	for _, l := range v.Persisted.Listeners {
		res, err := client.Get(fmt.Sprintf("%s://%s:%d/", map[bool]string{false: "http", true: "https"}[l.Tls], l.Address, l.Port))
		if err != nil {
			t.Errorf("%+v: %v", l, err)
			continue
		}
		res.Body.Close()
		if redirected := strings.HasPrefix(res.Header.Get("Location"), "https://"); redirected != l.Redirects {
			t.Errorf("port %d redirects %v, we say %v", l.Port, redirected, l.Redirects)
		}
		if has := res.Header.Get("Strict-Transport-Security") != ""; has != (l.HstsSeconds > 0) {
			t.Errorf("port %d has the header %v, we say %d", l.Port, has, l.HstsSeconds)
		}
		if shown := strings.Contains(res.Header.Get("Server"), "/"); shown != v.Persisted.Servers[0].VersionShown {
			t.Errorf("the answer says %q", res.Header.Get("Server"))
		}
	}
	web := v.Persisted.Listeners[1]
	for flag, version := range map[string]string{"-tls1_1": "TLSv1.1", "-tls1_2": "TLSv1.2", "-tls1_3": "TLSv1.3"} {
		if speaks := handshake(t, n.https, flag); speaks != slices.Contains(web.Protocols, version) {
			t.Errorf("s_client %s: %v, we say %v", flag, speaks, web.Protocols)
		}
	}
	for _, cipher := range []string{"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"} {
		if speaks := handshake(t, n.https, "-tls1_2", "-cipher", cipher); speaks != slices.Contains(web.Suites, cipher) {
			t.Errorf("s_client -cipher %s: %v, we say %v", cipher, speaks, web.Suites)
		}
	}
	if u := v.Persisted.Upstreams; len(u) != 1 || u[0].Targets != 2 || u[0].Backups != 1 || !u[0].Used {
		t.Errorf("upstreams %+v", u)
	}
	// What it refuses we tell with its place; what was changed and not loaded is stale.
	n.write("sites/b.conf", "server {\n  lisen 80;\n}\n")
	later := time.Now().Add(5 * time.Second)
	if err := os.Chtimes(n.dir+"/sites/b.conf", later, later); err != nil {
		t.Fatal(err)
	}
	v, _ = n.read()
	if *v.Valid || *v.Problem != n.dir+`/sites/b.conf:2: unknown directive "lisen"` || !slices.Equal(v.Running.Stale, []string{n.dir + "/sites/b.conf"}) {
		t.Errorf("valid %v, problem %q, stale %v", *v.Valid, *v.Problem, v.Running.Stale)
	}
	// A page that hangs holds nobody up.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	begun := time.Now()
	if _, _, err := (statusPage{network: "tcp", address: l.Addr().String(), host: "x", path: "/"}).ask(t.Context()); err == nil || time.Since(begun) > 2*statusTime {
		t.Errorf("a silent page: %v after %s", err, time.Since(begun))
	}
}

func handshake(t *testing.T, port int, args ...string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", append([]string{"s_client", "-connect", fmt.Sprintf("127.0.0.1:%d", port)}, args...)...)
	cmd.Stdin = strings.NewReader("")
	out, _ := cmd.CombinedOutput() // a refused handshake ends with 1
	return strings.Contains(string(out), "BEGIN CERTIFICATE") && !strings.Contains(string(out), "Cipher is (NONE)")
}
