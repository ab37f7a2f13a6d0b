package haproxy

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/daemon"
	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/packs"
)

// needs skips where a program is missing that scripts/need installs.
func needs(t *testing.T, names ...string) {
	t.Helper()
	for _, n := range names {
		if _, err := exec.LookPath(n); err != nil {
			if _, err := os.Stat("/usr/sbin/" + n); err != nil {
				t.Skipf("NOT RUN: %s is not installed", n)
			}
		}
	}
}

// free gives ports that nobody listens on.
func free(t *testing.T, n int) []int {
	t.Helper()
	var out []int
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

// application is a server behind the load balancer.
func application(t *testing.T, port int, name string) *http.Server {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) }), ReadHeaderTimeout: time.Second}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return s
}

func certificate(t *testing.T, dir string) string {
	t.Helper()
	key, crt, both := filepath.Join(dir, "k.pem"), filepath.Join(dir, "c.pem"), filepath.Join(dir, "site.pem")
	if out, err := exec.CommandContext(t.Context(), "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", crt, "-days", "30", "-subj", "/CN=localhost").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	a, err := os.ReadFile(crt)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(both, append(a, b...), 0o600); err != nil {
		t.Fatal(err)
	}
	return both
}

// balancer is a HAProxy that runs for a test.
type balancer struct {
	t            *testing.T
	dir, file    string
	plain, https int
	cmd          *exec.Cmd
	said         bytes.Buffer
}

const realConfig = `global
	log 127.0.0.1:%[6]d local0
	maxconn 500
	stats socket %[1]s/admin.sock mode 600 level operator
	ssl-default-bind-options ssl-min-ver TLSv1.2
	ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256
defaults
	mode http
	log global
	option httplog
	timeout connect 2s
	timeout client 30s
	timeout server 30s
	timeout http-request 10s
frontend plain
	bind 127.0.0.1:%[2]d
	http-request redirect scheme https code 301 unless { ssl_fc }
frontend web
	bind 127.0.0.1:%[3]d ssl crt %[1]s/site.pem alpn http/1.1
	http-response set-header Strict-Transport-Security "max-age=31536000"
	default_backend app
backend app
	option httpchk GET /
	default-server check inter 100ms fall 2 rise 1
	server a 127.0.0.1:%[4]d
	server b 127.0.0.1:%[5]d
`

// start runs HAProxy as root does not: as this user, on free ports, in front of
// servers a and b.
func start(t *testing.T, a, b int) *balancer {
	t.Helper()
	needs(t, "haproxy", "openssl")
	h := &balancer{t: t, dir: t.TempDir()}
	certificate(t, h.dir)
	ports := free(t, 3)
	h.plain, h.https = ports[0], ports[1]
	h.file = filepath.Join(h.dir, "haproxy.cfg")
	h.write(fmt.Sprintf(realConfig, h.dir, h.plain, h.https, a, b, ports[2]))
	h.run()
	t.Cleanup(h.stop)
	return h
}

func (h *balancer) write(text string) {
	h.t.Helper()
	if err := os.WriteFile(h.file, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *balancer) run() {
	h.t.Helper()
	h.cmd = exec.Command(programs[0], "-db", "-f", h.file)
	h.cmd.Stdout, h.cmd.Stderr = &h.said, &h.said
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	for range 100 {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", h.plain)); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	h.stop()
	h.t.Fatalf("HAProxy does not listen: %s", h.said.String())
}

func (h *balancer) stop() {
	if h.cmd.Process != nil {
		_ = h.cmd.Process.Kill()
		_ = h.cmd.Wait()
	}
}

// read reads the section of this one HAProxy, whichever others run on the host.
func (h *balancer) read() (facts.Haproxy, facts.Decoded) {
	h.t.Helper()
	var gaps missing.List
	v := facts.Haproxy{Installed: new(true), Others: []string{}}
	processes, err := daemon.Find(tree.Root{}, program)
	if err != nil {
		h.t.Fatal(err)
	}
	list := instances(processes)
	i := slices.IndexFunc(list, func(in instance) bool { return slices.Equal(in.files, []string{h.file}) })
	if i < 0 {
		h.t.Fatalf("the HAProxy that runs is not found among %+v", list)
	}
	list[i].program = programs[0]
	if err := list[i].give(h.t.Context(), tree.Root{}, &v, &gaps); err != nil {
		h.t.Fatal(err)
	}
	s, err := gaps.Section("haproxy", v)
	if err != nil {
		h.t.Fatal(err)
	}
	d, err := facts.Decode(s)
	if err != nil {
		h.t.Fatal(err)
	}
	return v, d
}

// outcome judges a check of the shipped standard with what was read.
func outcome(t *testing.T, d facts.Decoded, id, attribute string) judge.Result {
	t.Helper()
	dir, err := packs.OpenStandard("load-balancer")
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Checks {
		for _, a := range c.Attributes {
			if c.ID == "load-balancer/"+id && a.ID == attribute {
				return a.Compiled.Judge(judge.Item{Sections: map[string]*facts.Decoded{"haproxy": &d}})
			}
		}
	}
	t.Fatalf("no check %s/%s", id, attribute)
	return judge.Result{}
}

// until reads again and again until a check has an outcome.
func (h *balancer) until(id, attribute string, want judge.Outcome) (facts.Haproxy, judge.Result) {
	h.t.Helper()
	var r judge.Result
	for range 100 {
		v, d := h.read()
		if r = outcome(h.t, d, id, attribute); r.Outcome == want {
			return v, r
		}
		time.Sleep(50 * time.Millisecond)
	}
	h.t.Fatalf("%s/%s stays %s (%s), want %s; %s", id, attribute, r.Outcome, r.Reason, want, h.said.String())
	return facts.Haproxy{}, r
}

// A server dies and is seen down; another takes its place at another address and
// the check passes again.
func TestTargetDiesAndIsReplaced(t *testing.T) {
	ports := free(t, 3)
	application(t, ports[0], "a")
	b := application(t, ports[1], "b")
	h := start(t, ports[0], ports[1])
	v, _ := h.until("haproxy-targets-up", "servers", judge.Pass)
	if len(v.Running.Targets) != 2 || v.Running.Targets[1].Address != fmt.Sprintf("127.0.0.1:%d", ports[1]) || v.Running.Targets[1].Check != "L7OK" {
		t.Errorf("targets %+v", v.Running.Targets)
	}
	before := time.Now()
	b.Close()
	v, r := h.until("haproxy-targets-up", "servers", judge.Fail)
	down := v.Running.Targets[1]
	if down.Name != "b" || down.State != "down" || down.WentDown != 1 || down.Check != "L4CON" || !strings.Contains(fmt.Sprint(r.Observed), "app/b down, Layer4 connection problem") {
		t.Errorf("%+v, observed %v", down, r.Observed)
	}
	if at := time.UnixMicro(down.ChangedUS); at.Before(before.Add(-3*time.Second)) || at.After(time.Now()) {
		t.Errorf("it went down at %s, killed at %s", at, before)
	}
	// Another in its place, at another address.
	application(t, ports[2], "c")
	text, err := os.ReadFile(h.file)
	if err != nil {
		t.Fatal(err)
	}
	h.write(strings.Replace(string(text), fmt.Sprintf("server b 127.0.0.1:%d", ports[1]), fmt.Sprintf("server b 127.0.0.1:%d", ports[2]), 1))
	old := time.Now().Add(5 * time.Second) // a file of later than what runs
	if err := os.Chtimes(h.file, old, old); err != nil {
		t.Fatal(err)
	}
	if _, d := h.read(); outcome(t, d, "haproxy-in-force", "loaded").Outcome != judge.Fail {
		t.Error("a file that was not loaded is told to be in force")
	}
	h.stop()
	earlier := time.Now().Add(-time.Minute)
	if err := os.Chtimes(h.file, earlier, earlier); err != nil {
		t.Fatal(err)
	}
	h.run()
	v, _ = h.until("haproxy-targets-up", "servers", judge.Pass)
	if got := v.Running.Targets[1]; got.Address != fmt.Sprintf("127.0.0.1:%d", ports[2]) || got.State != "up" {
		t.Errorf("replaced: %+v", got)
	}
	_, d := h.read()
	for _, c := range [][2]string{{"haproxy-in-force", "loaded"}, {"haproxy-in-force", "same"}, {"haproxy-valid", "valid"}, {"haproxy-two-targets", "targets"}, {"haproxy-health-checks", "checked"}, {"haproxy-health-checks", "application"},
		{"haproxy-listeners-encrypted", "listeners"}, {"haproxy-tls-versions", "versions"}, {"haproxy-ciphers-strong", "weak"}, {"haproxy-timeouts", "requests"}, {"haproxy-logged", "target"}} {
		if r := outcome(t, d, c[0], c[1]); r.Outcome != judge.Pass {
			t.Errorf("%v is %s: %s %v", c, r.Outcome, r.Reason, r.Observed)
		}
	}
}

// What the files say of listeners is what clients see.
func TestListenersAgree(t *testing.T) {
	ports := free(t, 2)
	application(t, ports[0], "a")
	application(t, ports[1], "b")
	h := start(t, ports[0], ports[1])
	v, _ := h.until("haproxy-targets-up", "servers", judge.Pass)
	if len(v.Persisted.Listeners) != 2 {
		t.Fatalf("%+v", v.Persisted.Listeners)
	}
	client := http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // a certificate of its own
	for _, l := range v.Persisted.Listeners {
		scheme := map[bool]string{false: "http", true: "https"}[l.Tls]
		res, err := client.Get(fmt.Sprintf("%s://%s:%d/", scheme, l.Address, l.Port))
		if err != nil {
			t.Errorf("%+v: %v", l, err)
			continue
		}
		res.Body.Close()
		if redirected := strings.HasPrefix(res.Header.Get("Location"), "https://"); redirected != l.Redirects {
			t.Errorf("%s redirects %v, we say %v", l.Proxy, redirected, l.Redirects)
		}
		if has := res.Header.Get("Strict-Transport-Security") != ""; has != (l.HstsSeconds > 0) {
			t.Errorf("%s has the header %v, we say %d", l.Proxy, has, l.HstsSeconds)
		}
	}
	web := v.Persisted.Listeners[1]
	for flag, version := range map[string]string{"-tls1_1": "TLSv1.1", "-tls1_2": "TLSv1.2", "-tls1_3": "TLSv1.3"} {
		if speaks := handshake(t, h.https, flag); speaks != slices.Contains(web.Protocols, version) {
			t.Errorf("s_client %s: %v, we say %v", flag, speaks, web.Protocols)
		}
	}
	for _, cipher := range []string{"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"} {
		if speaks := handshake(t, h.https, "-tls1_2", "-cipher", cipher); speaks != slices.Contains(web.Suites, cipher) {
			t.Errorf("s_client -cipher %s: %v, we say %v", cipher, speaks, web.Suites)
		}
	}
	// haproxy -c agrees about what is broken, and where.
	text, err := os.ReadFile(h.file)
	if err != nil {
		t.Fatal(err)
	}
	h.write(strings.Replace(string(text), "default_backend app", "default_backend nowhere", 1))
	v, d := h.read()
	if r := outcome(t, d, "haproxy-valid", "valid"); r.Outcome != judge.Fail || !strings.Contains(*v.Problem, "nowhere") {
		t.Errorf("%s, problem %q", r.Outcome, *v.Problem)
	}
}

func handshake(t *testing.T, port int, args ...string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", append([]string{"s_client", "-connect", fmt.Sprintf("127.0.0.1:%d", port)}, args...)...)
	cmd.Stdin = strings.NewReader("")
	out, _ := cmd.CombinedOutput() // a refused handshake ends with 1
	return strings.Contains(string(out), "BEGIN CERTIFICATE") && !strings.Contains(string(out), "Cipher is (NONE)")
}
