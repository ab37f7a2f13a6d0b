package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent"
	"github.com/attesta/attesta/internal/agent/watching"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/program/change"
)

// realHost is a server with its real listener, and the real agent of this host that
// watches a few trees.
type realHost struct {
	*programs
	t      testing.TB
	state  string // the agent's directory
	source string
}

// watch starts both. What needs another kernel or other rights is NOT RUN.
func watch(t testing.TB, trees ...string) *realHost {
	t.Helper()
	return watchSet(t, watching.Settings{Trees: trees})
}

// watchSet is watch with all that can be set.
func watchSet(t testing.TB, settings watching.Settings) *realHost {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs root, to see who changes files")
	}
	w := &realHost{programs: newPrograms(t), t: t, state: filepath.Join(t.TempDir(), "agent")}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	served, ran := make(chan error, 1), make(chan error, 1)
	go func() { served <- w.p.ingest.Serve(ctx, listener) }()
	token, err := w.p.ingest.MakeToken(t.Context(), access.System(), time.Hour, "this host")
	must(err)
	cfg := agent.Config{State: w.state, Server: "https://" + listener.Addr().String(), Token: token.String(), Version: "test", Heartbeat: time.Second,
		Watching: settings, Logger: slog.New(slog.DiscardHandler)}
	enrolled, err := agent.Enrol(t.Context(), cfg)
	must(err)
	w.source, cfg.Token = enrolled.Source, ""
	go func() { ran <- agent.Run(ctx, cfg) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ran, <-served); err != nil {
			t.Error(err)
		}
	})
	w.until(time.Minute, "the files are watched", func() string {
		h, err := w.p.integrity.Host(t.Context(), w.admin, w.source)
		switch {
		case err != nil:
			return err.Error()
		case h.Watching == nil:
			return "its agent says nothing of watching"
		case h.Watching.Mode != "fanotify" && h.Watching.Mode != "inotify":
			return "the mode is " + h.Watching.Mode
		}
		return ""
	})
	return w
}

// until waits until f says nothing.
func (w *realHost) until(most time.Duration, what string, f func() string) time.Duration {
	w.t.Helper()
	began := time.Now()
	for {
		says := f()
		if says == "" {
			return time.Since(began)
		}
		if time.Since(began) > most {
			list, _, _, err := w.p.integrity.Changes(w.t.Context(), w.admin, "", integrity.Filter{Limit: 40})
			for _, c := range list {
				w.t.Logf("%s %s %s %s %s by %+v: %s", c.Ref, c.At.Format(time.TimeOnly), c.Told.Change, c.Told.Path, c.Verdict.Kind, c.Told.Who, c.Verdict.Reason)
			}
			if err != nil {
				w.t.Log(err)
			}
			w.t.Fatalf("after %s not yet: %s; %s", most, what, says)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// group waits for a group with a change of a path, the newest.
func (w *realHost) group(path string, is func(g *integrity.Group) string) (found integrity.Group) {
	w.t.Helper()
	w.until(20*time.Second, "the change of "+path, func() string {
		list, _, _, err := w.p.integrity.List(w.t.Context(), w.admin, integrity.Filter{Path: path, Limit: 1})
		if err != nil {
			return err.Error()
		}
		if len(list) == 0 {
			return "no group has it"
		}
		found = list[0]
		return is(&found)
	})
	return found
}

func verdictOf(k verdict.Kind) func(*integrity.Group) string {
	return func(g *integrity.Group) string {
		if g.Verdict != k {
			return fmt.Sprintf("%s is %s: %s", g.Ref, g.Verdict, g.Reason)
		}
		return ""
	}
}

// open waits until a check has, or has no, open finding.
func (w *realHost) open(check, attribute string, want bool) {
	w.t.Helper()
	w.until(20*time.Second, fmt.Sprintf("a finding of %s/%s is open: %v", check, attribute, want), func() string {
		all, err := w.p.findings.OpenOf(w.t.Context(), "integrity/"+check)
		if err != nil {
			return err.Error()
		}
		have := false
		for key, f := range all {
			have = have || key.Attribute == attribute && f.State == finding.Open
		}
		if have != want {
			return fmt.Sprintf("open: %v", have)
		}
		return ""
	})
}

func (w *realHost) shell(script string) {
	w.t.Helper()
	if out, err := exec.CommandContext(w.t.Context(), "sh", "-c", script).CombinedOutput(); err != nil {
		w.t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// A real package is installed: its files are authorised by it. The same file by hand
// is unexplained, with user and program; the package again, and it is undone.
func TestChangesByPackageAndByHand(t *testing.T) {
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs apt-get and root, to install a package")
	}
	const file = "/usr/games/sl"
	if _, err := os.Stat(file); err == nil {
		t.Skip("NOT RUN: Debian's package sl is on this host already")
	}
	if _, err := os.Stat("/usr/games"); err != nil {
		t.Skip("NOT RUN: this host has no /usr/games")
	}
	apt := func(args ...string) error {
		cmd := exec.Command("apt-get", append([]string{"-q", "-y", "--no-install-recommends"}, args...)...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, out)
		}
		return nil
	}
	if err := apt("install", "--download-only", "sl"); err != nil {
		t.Skipf("NOT RUN: Debian's package sl cannot be had: %v", err)
	}
	w := watch(t, "/usr/games")
	t.Cleanup(func() {
		if err := apt("purge", "sl"); err != nil {
			t.Error(err)
		}
	})
	if err := apt("install", "sl"); err != nil {
		t.Fatal(err)
	}
	g := w.group(file, verdictOf(verdict.ByPackage))
	if g.Package != "sl" || g.Version == "" || g.Manager != "dpkg" || g.State != integrity.Settled || !strings.Contains(g.Command, "sl") {
		t.Errorf("the package's group is %+v", g)
	}
	w.open("no-unexplained-change", "system", false)

	w.shell("printf x >> " + file)
	g = w.group(file, verdictOf(verdict.Unexplained))
	if g.State != integrity.Open || g.User != "root" || g.Program == "" {
		t.Errorf("what was done by hand is %+v", g)
	}
	if g.Program != "" && !strings.HasSuffix(g.Program, "sh") { // dash, bash
		t.Errorf("it was done by %s, want a shell", g.Program)
	}
	w.open("no-unexplained-change", "system", true)

	if err := apt("install", "--reinstall", "sl"); err != nil {
		t.Fatal(err)
	}
	w.until(20*time.Second, "what was done by hand is undone", func() string {
		d, err := w.p.integrity.Group(t.Context(), w.admin, g.Ref)
		if err != nil {
			return err.Error()
		}
		if d.State != integrity.Undone {
			return string(d.State)
		}
		return ""
	})
	w.open("no-unexplained-change", "system", false)
	w.verify()
}

// verify holds the ledger against the rows.
func (w *realHost) verify() {
	w.t.Helper()
	if err := w.p.log.Publish(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if _, err := ledger.Verify(w.t.Context(), ledger.VerifyConfig{DB: w.p.db, Dir: w.p.dir.Ledger(), VerifierKey: w.p.log.VerifierKey(), Bindings: Bindings()}); err != nil {
		w.t.Error(err)
	}
}

// named gives somebody of a role with proof of who they are.
func (w *realHost) named(login string, role access.Role) access.Principal {
	w.t.Helper()
	u, err := w.p.access.AddUser(w.t.Context(), access.System(), access.NewUser{Login: login, Name: login, Role: role})
	if err != nil {
		w.t.Fatal(err)
	}
	return access.Principal{UserID: u.ID, Name: login, Role: role, SessionID: "ses_" + login, At: time.Now()}
}

// A change under a token is authorised by ticket; beyond what the token allows it is
// unexplained, and a finding of its own. A run of a tool that presents its token is
// authorised by configuration management.
func TestChangesByTicketAndByRun(t *testing.T) {
	tree := t.TempDir()
	w := watch(t, tree)
	ctx := t.Context()
	ann, bob := w.named("ann", access.ComplianceManager), w.named("bob", access.Administrator)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	host, err := os.Hostname()
	must(err)
	ticketed := filepath.Join(tree, "ticketed")
	must(os.Mkdir(ticketed, 0o755))
	w.group(ticketed, verdictOf(verdict.Unexplained))
	ch, err := w.p.changes.Ask(ctx, bob, change.Ask{Title: "Tune the web servers", Text: "Set workers to 8; back by the file of before.", Hosts: []string{host}, Paths: []string{ticketed + "/**"}})
	must(err)
	_, err = w.p.changes.ApproveAsked(ctx, ann, ch.Ref(), "The plan is sound.", "")
	must(err)
	token, err := w.p.changes.MakeToken(ctx, ann, change.Permit{Change: ch.Ref(), Hosts: []string{host}, Paths: []string{ticketed + "/**"}, Count: 2, Until: time.Now().Add(time.Hour)})
	must(err)
	program := filepath.Join(t.TempDir(), "attesta-agent")
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", program, "github.com/attesta/attesta/cmd/attesta-agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	under := func(token, script string) {
		t.Helper()
		if out, err := exec.CommandContext(ctx, program, "authorise", "--state", w.state, token, "--", "sh", "-c", script).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	time.Sleep(1100 * time.Millisecond) // a token begins with a whole second
	for _, name := range []string{"one", "two"} {
		under(token.Text, "echo 8 > "+filepath.Join(ticketed, name))
		g := w.group(filepath.Join(ticketed, name), verdictOf(verdict.ByTicket))
		if g.Ticket != ch.Ref() {
			t.Errorf("%s is authorised by %q, want %s", name, g.Ticket, ch.Ref())
		}
	}
	w.open("tokens-within-limits", "exceeded", false)
	under(token.Text, "echo 8 > "+filepath.Join(ticketed, "three"))
	if g := w.group(filepath.Join(ticketed, "three"), verdictOf(verdict.Unexplained)); !g.Exceeded {
		t.Errorf("one more than the token allows is %+v", g)
	}
	w.open("tokens-within-limits", "exceeded", true)

	managed := filepath.Join(tree, "managed")
	tool, err := w.p.integrity.AddTool(ctx, bob, integrity.ToolText{Name: "ansible", Hosts: []string{host}, Paths: []string{managed + "/**"}, Owner: bob.UserID, Count: 10, Hours: 1})
	must(err)
	run, err := w.p.integrity.MakeRun(ctx, bob, tool.Ref, integrity.RunAsk{Run: "42"})
	must(err)
	time.Sleep(1100 * time.Millisecond)
	under(run.Text, fmt.Sprintf("mkdir -p %[1]s && echo managed > %[1]s/site.conf", managed))
	g := w.group(filepath.Join(managed, "site.conf"), verdictOf(verdict.ByManagement))
	if !strings.Contains(g.Ticket, "42") {
		t.Errorf("the run is %+v", g)
	}
	w.shell("echo by hand > " + filepath.Join(managed, "site.conf"))
	w.group(filepath.Join(managed, "site.conf"), verdictOf(verdict.Unexplained))
	w.verify()
}

// BenchmarkChangeToFinding is how long it takes from a file that is changed on a host
// to the group on the server whose finding is open: seen, described, spooled, sent,
// stored, judged, in the ledger. One operation is one file in a directory of its own.
func BenchmarkChangeToFinding(b *testing.B) {
	tree := b.TempDir()
	w := watch(b, tree)
	var took []time.Duration
	for b.Loop() {
		file := filepath.Join(tree, fmt.Sprintf("file-%d", len(took)))
		began := time.Now()
		if err := os.WriteFile(file, []byte("new"), 0o600); err != nil {
			b.Fatal(err)
		}
		w.group(file, verdictOf(verdict.Unexplained))
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50_ms")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99_ms")
}
