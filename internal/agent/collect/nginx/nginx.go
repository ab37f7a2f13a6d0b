// Package nginx reads what the files of the web server nginx say about it as a
// load balancer, and what runs of it.
//
// Serves B13 (A1.1, CC6.6, CC6.7, CC7.1). Invariants: includes are followed as
// nginx does, and directives are inherited as it does; nothing but a GET of a
// status page that its own files declare on a local address is sent to it;
// "nginx -t" is run only while nginx runs, since it makes log files and
// directories that are not there; credentials are not facts.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing, command, daemon.
package nginx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/command"
	"github.com/attesta/attesta/internal/agent/collect/daemon"
	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

var (
	programs = []string{"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/local/nginx/sbin/nginx", "/usr/bin/nginx", "/opt/nginx/sbin/nginx"}
	configs  = []string{"/etc/nginx/nginx.conf", "/usr/local/nginx/conf/nginx.conf", "/usr/local/etc/nginx/nginx.conf", "/opt/nginx/conf/nginx.conf"}
)

const (
	notRunning = "nginx does not run"
	statusTime = 2 * time.Second
)

// instance is one nginx of a host.
type instance struct {
	program string
	file    string
	prefix  string // -p; empty when none is given
	master  daemon.Process
	workers []daemon.Process
}

// Read reads section nginx.
func Read(ctx context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	v := facts.Nginx{Installed: new(false)}
	i := slices.IndexFunc(programs, root.There)
	processes, err := daemon.Find(root, "nginx")
	all := instances(processes)
	if i < 0 && len(all) == 0 && err == nil {
		gaps.Absent("", "nginx is not installed: no %s", programs[0])
		return gaps.Section("nginx", v)
	}
	*v.Installed = true
	if err != nil {
		gaps.Failed("/files", err)
		return gaps.Section("nginx", v)
	}
	in := instance{file: configs[0]}
	if len(all) > 0 {
		in = all[0]
	} else if at := slices.IndexFunc(configs, root.There); at >= 0 {
		in.file = configs[at]
	}
	if in.program == "" {
		in.program = programs[max(0, i)]
	}
	v.Others = []string{}
	for _, o := range all[min(1, len(all)):] {
		v.Others = append(v.Others, o.file)
	}
	if err := in.give(ctx, root, &v, &gaps); err != nil {
		return facts.Section{}, err
	}
	return gaps.Section("nginx", v)
}

// title is what a process of nginx calls itself.
func title(p daemon.Process) string { return strings.Join(p.Args, " ") }

// instances puts workers to their masters. A process without a master does its
// own work (master_process off).
func instances(processes []daemon.Process) []instance {
	var all []instance
	for _, p := range processes {
		command, isMaster := strings.CutPrefix(title(p), "nginx: master process ")
		if !isMaster && strings.HasPrefix(title(p), "nginx: ") {
			continue
		}
		in := instance{master: p, file: configs[0]}
		words := strings.Fields(command)
		if len(words) > 0 && path.IsAbs(words[0]) {
			in.program = words[0]
		}
		for i, w := range words {
			if i+1 < len(words) && w == "-c" {
				in.file = words[i+1]
			}
			if i+1 < len(words) && w == "-p" {
				in.prefix = words[i+1]
			}
		}
		if !path.IsAbs(in.file) {
			base := in.prefix
			if base == "" {
				base = path.Dir(configs[0])
			}
			in.file = path.Join(base, in.file)
		}
		if !isMaster {
			in.workers = append(in.workers, p)
		}
		all = append(all, in)
	}
	for _, p := range processes {
		if t := title(p); !strings.HasPrefix(t, "nginx: worker process") || strings.Contains(t, "shutting down") {
			continue
		}
		if i := slices.IndexFunc(all, func(in instance) bool { return in.master.PID == p.Parent }); i >= 0 {
			all[i].workers = append(all[i].workers, p)
		}
	}
	return all
}

// give reads the instance's files and asks what runs of it.
func (in *instance) give(ctx context.Context, root tree.Root, v *facts.Nginx, gaps *missing.List) error {
	directives, files, err := load(root, in.file)
	var m *model
	if err == nil {
		v.Files = files
		m, err = build(directives, in.modern(ctx, root))
	} else {
		gaps.Failed("/files", err)
	}
	if err == nil {
		v.Persisted = m.v
		spell(ctx, root, m.v.Listeners, gaps)
	} else {
		gaps.Failed("/persisted", err)
	}
	if !root.Live() {
		for _, p := range []string{"/valid", "/problem", "/running"} {
			gaps.NotObserved(p, tree.NotLive)
		}
		return nil
	}
	in.test(ctx, v, gaps)
	in.running(ctx, root, m, v, gaps)
	return ctx.Err()
}

// modern reports whether nginx is known to be so new that it speaks TLS 1.2 at
// least, unless told otherwise.
func (in *instance) modern(ctx context.Context, root tree.Root) bool {
	if !root.Live() {
		return false
	}
	words, err := command.Words(ctx, in.program, "-v")
	return err == nil && newer(words)
}

func newer(words string) bool {
	_, version, ok := strings.Cut(words, "nginx/")
	if !ok {
		return false
	}
	for i, least := range []int64{1, 27, 3} {
		part, rest, _ := strings.Cut(version, ".")
		part, _ = tree.CutSpace(strings.TrimSpace(part))
		n, err := strconv.ParseInt(part, 10, 32)
		if err != nil || n < least {
			return false
		}
		if n > least {
			return true
		}
		if version = rest; i == 2 {
			return true
		}
	}
	return false
}

func spell(ctx context.Context, root tree.Root, listeners []facts.BalancerListener, gaps *missing.List) {
	ciphers := daemon.NewCiphers(root)
	for i := range listeners {
		l := &listeners[i]
		if !l.Tls || !slices.ContainsFunc(l.Protocols, func(p string) bool { return p != "TLSv1.3" }) {
			continue
		}
		list, err := ciphers.List(ctx, l.Ciphers)
		if err == nil {
			l.Suites = list
			continue
		}
		l.Suites = nil
		at := fmt.Sprintf("/persisted/listeners/%d/suites", i)
		if errors.Is(err, daemon.ErrNoOpenSSL) || err.Error() == tree.NotLive {
			gaps.NotObserved(at, "%s", err)
		} else {
			gaps.Failed(at, err)
		}
	}
}

var (
	whereabouts = regexp.MustCompile(` in (\S{1,300}:\d{1,9})\s*$`)
	number      = regexp.MustCompile(`^\d+#\d+: `) // of the process
)

// test has nginx itself look at the files as they are on disk.
func (in *instance) test(ctx context.Context, v *facts.Nginx, gaps *missing.List) {
	both := []string{"/valid", "/problem"}
	switch {
	case in.master.PID == 0:
		for _, p := range both {
			gaps.NotObserved(p, notRunning+", and nginx -t would make its log files and directories")
		}
		return
	case os.Geteuid() != 0 && uint32(os.Geteuid()) != in.master.UID:
		for _, p := range both {
			gaps.Add(p, facts.Error, missing.NeedsRoot+": nginx -t reads keys and opens logs")
		}
		return
	}
	args := []string{"-t", "-q", "-c", in.file}
	if in.prefix != "" {
		args = append(args, "-p", in.prefix)
	}
	words, err := command.Words(ctx, in.program, args...)
	problem := ""
	if err != nil {
		if !strings.Contains(words, "[emerg]") && !strings.Contains(words, "[crit]") {
			for _, p := range both {
				gaps.Failed(p, err)
			}
			return
		}
		problem = refusal(words)
	}
	v.Valid, v.Problem = new(err == nil), &problem
}

// refusal gives the first thing that nginx refuses, without what may be a secret.
func refusal(words string) string {
	for line := range strings.Lines(tree.Clean(words)) {
		_, text, ok := strings.Cut(line, "[emerg] ")
		if !ok {
			if _, text, ok = strings.Cut(line, "[crit] "); !ok {
				continue
			}
		}
		at := ""
		text = number.ReplaceAllString(text, "")
		if m := whereabouts.FindStringSubmatch(text); m != nil {
			at, text = m[1]+": ", whereabouts.ReplaceAllString(text, "")
		}
		if daemon.Secretive(text) {
			return at + "refused; the words may hold a secret and are not sent"
		}
		text = at + strings.TrimSpace(text)
		return strings.ToValidUTF8(text[:min(300, len(text))], "")
	}
	return "refused"
}

// running tells what runs: by the processes, and by the status page if there is one.
func (in *instance) running(ctx context.Context, root tree.Root, m *model, v *facts.Nginx, gaps *missing.List) {
	if in.master.PID == 0 {
		gaps.NotObserved("/running", notRunning)
		return
	}
	n := int64(len(in.workers))
	r := &facts.NginxRunning{Workers: &n}
	v.Running = r
	if n == 0 {
		gaps.Add("/running/user", facts.Error, "nginx has no worker process now")
		gaps.Add("/running/stale", facts.Error, "nginx has no worker process now")
	} else {
		names := []string{}
		started := in.workers[0].Started
		for _, w := range in.workers {
			names = append(names, daemon.User(root, w.UID))
			if w.Started.After(started) {
				started = w.Started
			}
		}
		slices.Sort(names)
		r.User = &names[0]
		stale, err := daemon.Stale(root, v.Files, started)
		switch {
		case v.Files == nil:
			gaps.Add("/running/stale", facts.Error, "the files could not be read")
		case err != nil:
			gaps.Failed("/running/stale", err)
		default:
			r.Stale = stale
		}
	}
	both := []string{"/running/use_percent", "/running/dropped"}
	if m == nil || len(m.status) == 0 {
		for _, p := range both {
			gaps.NotObserved(p, "no location with stub_status is declared on a local address without TLS")
		}
		return
	}
	used, dropped, err := m.status[0].ask(ctx)
	if err != nil {
		for _, p := range both {
			gaps.Failed(p, err)
		}
		return
	}
	use := int64(0)
	if most := n * *m.v.WorkerConnections; most > 0 {
		use = min(100, used*10/most*10)
	}
	r.UsePercent, r.Dropped = &use, &dropped
}

// ask reads a stub_status page.
func (s statusPage) ask(ctx context.Context) (active, dropped int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	var d net.Dialer
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return d.DialContext(ctx, s.network, s.address)
	}}
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.host+s.path, nil)
	if err != nil {
		return 0, 0, fmt.Errorf("status page %s%s: %w", s.address, s.path, err)
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, 0, fmt.Errorf("status page %s%s does not answer: %w", s.address, s.path, errors.Unwrap(err))
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("it answers %s", res.Status)
	}
	if err == nil {
		active, dropped, err = parseStatus(string(body))
	}
	if err != nil {
		return 0, 0, fmt.Errorf("status page %s%s: %w", s.address, s.path, err)
	}
	return active, dropped, nil
}

// parseStatus reads the four lines of a stub_status page.
func parseStatus(text string) (active, dropped int64, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 3 {
		return 0, 0, fmt.Errorf("expected four lines, found %.60q", text)
	}
	value, ok := strings.CutPrefix(lines[0], "Active connections: ")
	active, err = strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	counts := strings.Fields(lines[2])
	if !ok || err != nil || len(counts) != 3 {
		return 0, 0, fmt.Errorf("expected the counts of connections, found %.60q", text)
	}
	accepted, err := strconv.ParseInt(counts[0], 10, 64)
	handled, err2 := strconv.ParseInt(counts[1], 10, 64)
	if err != nil || err2 != nil || active < 0 || active > 1<<40 || handled > accepted || handled < 0 {
		return 0, 0, fmt.Errorf("expected the counts of connections, found %.60q", text)
	}
	return active, accepted - handled, nil
}
