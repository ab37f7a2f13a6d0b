package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/watching"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/program/change"
)

// sites is a real nginx with server blocks in Debian's place for them.
type sites struct {
	t   *testing.T
	dir string // of this nginx
	cmd *exec.Cmd
}

// serveSites starts it, or the test is NOT RUN.
func serveSites(t *testing.T) *sites {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs root, to set up a site in /etc/nginx")
	}
	for _, p := range []string{"/usr/sbin/nginx", "/etc/nginx/conf.d"} {
		if _, err := os.Stat(p); err != nil {
			t.Skip("NOT RUN: Debian's package nginx is not installed")
		}
	}
	s := &sites{t: t, dir: t.TempDir()}
	s.write(filepath.Join(s.dir, "nginx.conf"), fmt.Sprintf("daemon off; pid %[1]s/pid; error_log %[1]s/error.log; user root; events {}\nhttp { access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s; include /etc/nginx/conf.d/attesta-test-*.conf; }\n", s.dir))
	return s
}

func (s *sites) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *sites) write(file, text string) {
	s.t.Helper()
	s.must(os.WriteFile(file, []byte(text), 0o644))
}

// site sets up a server block with a root of its own below a directory, and has nginx
// give it out; the file is there before.
func (s *sites) site(below string) (root, url string) {
	s.t.Helper()
	root, err := os.MkdirTemp(below, "attesta-test-")
	s.must(err)
	s.t.Cleanup(func() { s.must(os.RemoveAll(root)) })
	s.must(os.Chmod(root, 0o755))
	s.write(filepath.Join(root, "index.html"), "as it is to be\n")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	at := l.Addr().String()
	s.must(l.Close())
	conf := filepath.Join("/etc/nginx/conf.d", filepath.Base(root)+".conf")
	s.t.Cleanup(func() { s.must(os.Remove(conf)) })
	s.write(conf, fmt.Sprintf("server { listen %s; root %s; }\n", at, root))
	if s.cmd == nil {
		s.cmd = exec.Command("/usr/sbin/nginx", "-c", filepath.Join(s.dir, "nginx.conf"))
		s.must(s.cmd.Start())
		s.t.Cleanup(func() {
			s.must(s.cmd.Process.Signal(os.Interrupt))
			var exit *exec.ExitError
			if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
				s.t.Error(err)
			}
		})
	} else if out, err := exec.Command("/usr/sbin/nginx", "-c", filepath.Join(s.dir, "nginx.conf"), "-s", "reload").CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	return root, "http://" + at + "/index.html"
}

// gives waits until nginx gives out a text.
func (s *sites) gives(url, want string) {
	s.t.Helper()
	var got string
	for range 200 {
		if resp, err := http.Get(url); err == nil {
			raw, err := io.ReadAll(resp.Body)
			s.must(errors.Join(err, resp.Body.Close()))
			if got = string(raw); strings.Contains(got, want) {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("%s gives %q, want %q", url, got, want)
}

// A site's root is watched as content because nginx is set to give it out: nobody names
// it. By hand it is unexplained content, with user and program; under a token it is
// authorised by ticket. A new server block's root is a component that nobody approved.
func TestContentRootsOfNginx(t *testing.T) {
	s := serveSites(t)
	w := watchable(t, s)
	first, url := w.first, w.url
	s.gives(url, "as it is to be")
	ctx := t.Context()
	ann, bob := w.named("ann", access.ComplianceManager), w.named("bob", access.Administrator)
	root := func(dir string) *component.Component {
		t.Helper()
		list, _, _, err := w.p.components.List(ctx, ann, component.Filter{Kind: component.ContentRoot, Query: dir}, "", 10)
		s.must(err)
		if len(list) != 1 {
			return nil
		}
		return list[0]
	}
	w.until(30*time.Second, "the site's root is a component", func() string {
		if root(first) == nil {
			return "it is none"
		}
		return ""
	})
	learn := component.Learn{Kinds: []component.Kind{component.ContentRoot}, From: time.Now().Add(-time.Hour)}
	p, err := w.p.components.Propose(ctx, ann, learn)
	s.must(err)
	_, _, err = w.p.components.ApproveProposal(ctx, ann, learn, p.Seen, component.Said{Owner: "operations", Reason: "the sites of this host"})
	s.must(err)

	// By hand.
	content := func(path string) func(*integrity.Group) string {
		return func(g *integrity.Group) string {
			if why := verdictOf(verdict.Unexplained)(g); why != "" {
				return why
			}
			// The same shell may have set nginx up a moment before, in one group.
			list, _, _, err := w.p.integrity.Changes(ctx, w.admin, g.Ref, integrity.Filter{Path: path, Limit: 1})
			if err != nil {
				return err.Error()
			}
			if len(list) != 1 || list[0].Class != verdict.Content {
				return fmt.Sprintf("it is %+v", list)
			}
			return ""
		}
	}
	page := filepath.Join(first, "index.html")
	began := time.Now()
	w.shell("echo defaced > " + page)
	g := w.group(page, content(page))
	w.open("no-unexplained-change", "content", true)
	t.Logf("a finding %s after the page was changed by hand", time.Since(began).Round(10*time.Millisecond))
	if g.User != "root" || !strings.HasSuffix(g.Program, "sh") {
		t.Errorf("it was done by %q with %q", g.User, g.Program)
	}
	w.shell("echo 'as it is to be' > " + page)
	w.until(20*time.Second, "it is undone", func() string {
		d, err := w.p.integrity.Group(ctx, w.admin, g.Ref)
		if err != nil {
			return err.Error()
		}
		if d.State != integrity.Undone {
			return string(d.State)
		}
		return ""
	})
	w.open("no-unexplained-change", "content", false)

	// Under a token of a change.
	host, err := os.Hostname()
	s.must(err)
	ch, err := w.p.changes.Ask(ctx, bob, change.Ask{Title: "New pages", Text: "Release 12; back by release 11.", Hosts: []string{host}, Paths: []string{first + "/**"}})
	s.must(err)
	_, err = w.p.changes.ApproveAsked(ctx, ann, ch.Ref(), "The pages were looked at.", "")
	s.must(err)
	token, err := w.p.changes.MakeToken(ctx, ann, change.Permit{Change: ch.Ref(), Hosts: []string{host}, Paths: []string{first + "/**"}, Count: 5, Until: time.Now().Add(time.Hour)})
	s.must(err)
	time.Sleep(1100 * time.Millisecond) // a token begins with a whole second
	w.under(token.Text, "echo release 12 > "+page)
	if g := w.group(page, verdictOf(verdict.ByTicket)); g.Ticket != ch.Ref() {
		t.Errorf("the deployment is authorised by %q, want %s", g.Ticket, ch.Ref())
	}
	w.open("no-unexplained-change", "content", false)
	s.gives(url, "release 12")

	// Server blocks that are new, with roots that no usual place has: one in a tree that
	// is watched already, for programs, and one in none. What is given out is content.
	for _, below := range []string{"/opt", "/srv"} {
		began := time.Now()
		dir, other := s.site(below)
		s.gives(other, "as it is to be")
		w.until(30*time.Second, "the new root waits for a word", func() string {
			c := root(dir)
			if c == nil {
				return "it is no component"
			}
			if c.State != component.Fresh {
				return string(c.State) + ": " + c.Why
			}
			return ""
		})
		w.rootFinding(dir, finding.Open)
		t.Logf("a finding %s after a server block with a root below %s was added", time.Since(began).Round(10*time.Millisecond), below)
		s.must(w.p.components.Say(ctx, ann, []string{root(dir).ID}, component.Said{What: component.Approved, Owner: "operations", Reason: "the new site"}))
		w.rootFinding(dir, finding.Closed)
		if c := root(dir); c.State != component.Allowed {
			t.Errorf("it is %s: %s", c.State, c.Why)
		}
		file := filepath.Join(dir, "index.html")
		w.shell("echo defaced > " + file)
		w.group(file, content(file))
		w.open("no-unexplained-change", "content", true)
	}
	w.verify()
}

// siteHost is this host with its agent and a first site.
type siteHost struct {
	*realHost
	first, url string
	program    string
}

// watchable watches this host as its agent does by itself, but for the large trees of
// programs, which have nothing to do with sites.
func watchable(t *testing.T, s *sites) *siteHost {
	t.Helper()
	h := &siteHost{program: filepath.Join(t.TempDir(), "attesta-agent")}
	h.first, h.url = s.site("/srv")
	h.realHost = watchSet(t, watching.Settings{Exclude: []string{"/usr", "/bin", "/sbin", "/lib*", "/boot", "/root", "/home", "/opt/*/lib", "/var"}})
	return h
}

// under does something as a deployment that presents a token.
func (w *siteHost) under(token, script string) {
	w.t.Helper()
	if _, err := os.Stat(w.program); err != nil {
		build := exec.CommandContext(w.t.Context(), "go", "build", "-buildvcs=false", "-o", w.program, "github.com/attesta/attesta/cmd/attesta-agent")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			w.t.Fatalf("%v\n%s", err, out)
		}
	}
	if out, err := exec.CommandContext(w.t.Context(), w.program, "authorise", "--state", w.state, token, "--", "sh", "-c", script).CombinedOutput(); err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}
}

// rootFinding waits until the finding of a content root is in a state.
func (w *siteHost) rootFinding(dir string, want finding.State) {
	w.t.Helper()
	w.until(10*time.Second, "the finding of "+dir, func() string {
		list, err := w.p.findings.List(w.t.Context(), finding.Filter{Check: "components/content-roots-approved", States: []finding.State{want}}, "", "", 100)
		if err != nil {
			return err.Error()
		}
		for _, f := range list.Findings {
			if strings.Contains(f.ItemName, dir) && f.State == want {
				return ""
			}
		}
		return fmt.Sprintf("none is %s among %d", want, len(list.Findings))
	})
}
