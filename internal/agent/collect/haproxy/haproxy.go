// Package haproxy reads what the files of the load balancer HAProxy say, and what
// runs: its frontends, backends and servers, each with its state.
//
// Serves B13 (A1.1, CC6.6, CC6.7, CC7.1). Invariants: over the stats socket only
// "show info" and "show stat" are sent; passwords of user lists and of the stats
// page, texts of answers and the environment are not facts; what a proxy inherits
// from its defaults is worked out as HAProxy does, and what cannot be worked out
// (.if) is an error.
//
// Counters that move all the time are left out or rounded, so that the section
// changes when something happened.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing, command, daemon.
package haproxy

import (
	"context"
	"errors"
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

var programs = []string{"/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy", "/usr/local/bin/haproxy", "/opt/haproxy/sbin/haproxy"}

const program = "haproxy"

// since is kept from one reading to the next.
var since = &moments{seen: map[string]int64{}}

const notRunning = "HAProxy does not run"

// Read reads section haproxy.
func Read(ctx context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	v := facts.Haproxy{Installed: new(false)}
	i := slices.IndexFunc(programs, root.There)
	processes, err := daemon.Find(root, program)
	if i < 0 && len(processes) == 0 && err == nil {
		gaps.Absent("", "HAProxy is not installed: no %s", programs[0])
		return gaps.Section("haproxy", v)
	}
	*v.Installed = true
	if err != nil {
		gaps.Failed("/files", err)
		return gaps.Section("haproxy", facts.Haproxy{Installed: v.Installed})
	}
	all := instances(processes)
	in := instance{}
	if len(all) > 0 {
		in = all[0]
	} else {
		in = fromUnit(root)
	}
	if i >= 0 {
		in.program = programs[i]
	} else {
		in.program = in.args[0]
	}
	v.Others = []string{}
	for _, o := range all[min(1, len(all)):] {
		v.Others = append(v.Others, strings.Join(o.files, " "))
	}
	if err := in.give(ctx, root, &v, &gaps); err != nil {
		return facts.Section{}, err
	}
	return gaps.Section("haproxy", v)
}

// instance is one HAProxy of a host, running or as its unit would start it.
type instance struct {
	program   string
	args      []string
	files     []string // as named by -f
	env       map[string]string
	processes []daemon.Process
}

// instances tells processes apart by the files that they were started with.
func instances(processes []daemon.Process) []instance {
	var all []instance
	for _, p := range processes {
		files := named(p.Args)
		if dir, err := os.Readlink("/proc/" + strconv.Itoa(p.PID) + "/cwd"); err == nil {
			for i, f := range files {
				if !path.IsAbs(f) {
					files[i] = path.Join(dir, f)
				}
			}
		}
		i := slices.IndexFunc(all, func(o instance) bool { return slices.Equal(o.files, files) })
		if i < 0 {
			all = append(all, instance{args: p.Args, files: files, env: environment(p.PID)})
			i = len(all) - 1
		}
		all[i].processes = append(all[i].processes, p)
	}
	return all
}

// named gives the files that a command line names: -f FILE…, and those after --.
func named(args []string) []string {
	files := []string{}
	for i := 1; i < len(args); i++ {
		switch args[i] {
		case "-f":
			if i+1 < len(args) {
				files = append(files, args[i+1])
				i++
			}
		case "--":
			return append(files, args[i+1:]...)
		}
	}
	return files
}

// environment gives the variables of a process, none where they may not be read:
// then names stay as they are written.
func environment(pid int) map[string]string {
	env := map[string]string{}
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return env
	}
	for pair := range strings.SplitSeq(tree.Clean(string(text)), "\x00") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			env[name] = value
		}
	}
	return env
}

const defaultFile = "/etc/haproxy/haproxy.cfg"

// fromUnit gives what haproxy.service would start, by its environment files.
func fromUnit(root tree.Root) instance {
	in := instance{env: map[string]string{}}
	line := ""
	for _, dir := range []string{"/usr/lib/systemd/system/", "/lib/systemd/system/", "/etc/systemd/system/"} { // the last one holds
		for _, file := range append([]string{dir + "haproxy.service"}, dropIns(root, dir+"haproxy.service.d")...) {
			text, err := root.Read(file)
			if err != nil {
				continue // there is none, or none that may be read: then the usual file is meant
			}
			for l := range strings.Lines(tree.Clean(string(text))) {
				key, value, _ := strings.Cut(strings.TrimSpace(l), "=")
				switch key {
				case "Environment":
					for _, pair := range quotedWords(value) {
						if name, v, ok := strings.Cut(pair, "="); ok {
							in.env[name] = v
						}
					}
				case "EnvironmentFile":
					in.environmentFile(root, strings.TrimPrefix(value, "-"))
				case "ExecStart":
					line = value
				}
			}
		}
	}
	words := quotedWords(os.Expand(line, func(name string) string { return in.env[name] }))
	if in.files = named(append([]string{""}, words...)); len(in.files) == 0 {
		in.files = []string{defaultFile}
	}
	return in
}

func dropIns(root tree.Root, dir string) []string {
	files, err := root.Glob(dir + "/*.conf")
	if err != nil {
		return nil // as for the unit itself
	}
	return files
}

func quotedWords(s string) []string {
	words, err := split(s, nil)
	if err != nil {
		return strings.Fields(s)
	}
	return words
}

func (in *instance) environmentFile(root tree.Root, file string) {
	text, err := root.Read(file)
	if err != nil {
		return // most systems have only one of the two that the unit names
	}
	for l := range strings.Lines(tree.Clean(string(text))) {
		if name, value, ok := strings.Cut(strings.TrimSpace(l), "="); ok && !strings.HasPrefix(name, "#") {
			in.env[name] = tree.Unquote(value)
		}
	}
}

// give reads the instance's files and asks what runs of it.
func (in *instance) give(ctx context.Context, root tree.Root, v *facts.Haproxy, gaps *missing.List) error {
	files, err := expand(root, in.files)
	if err == nil {
		v.Files = files
	} else {
		gaps.Failed("/files", err)
	}
	var c *config
	if err == nil {
		c, err = load(root, files, in.env)
	}
	if err == nil {
		var more []facts.Missing
		if v.Persisted, more, err = c.persisted(ctx, daemon.NewCiphers(root)); err == nil {
			for _, m := range more {
				gaps.Add(m.Path, m.State, m.Reason)
			}
		}
	}
	if err != nil {
		gaps.Failed("/persisted", err)
	}
	if !root.Live() {
		for _, p := range []string{"/valid", "/problem", "/running", "/difference"} {
			gaps.NotObserved(p, tree.NotLive)
		}
		return nil
	}
	in.test(ctx, v, gaps)
	in.running(ctx, root, c, v, gaps)
	return ctx.Err()
}

func load(root tree.Root, files []string, env map[string]string) (*config, error) {
	sections, err := readFiles(root, files, env)
	if err != nil {
		return nil, err
	}
	return build(sections)
}

var place = regexp.MustCompile(`\[([^\]\s]{1,300}:\d{1,9})\]`)

// test has HAProxy itself look at the files as they are on disk.
func (in *instance) test(ctx context.Context, v *facts.Haproxy, gaps *missing.List) {
	args := []string{"-c"}
	for _, f := range in.files {
		args = append(args, "-f", f)
	}
	words, err := command.Words(ctx, in.program, args...)
	var problem string
	switch {
	case err == nil:
	case os.Geteuid() != 0 && strings.Contains(words, "ermission denied"):
		for _, p := range []string{"/valid", "/problem"} {
			gaps.Add(p, facts.Error, missing.NeedsRoot+": files that the configuration names")
		}
		return
	case !strings.Contains(words, "[ALERT]"): // it did not get that far
		for _, p := range []string{"/valid", "/problem"} {
			gaps.Failed(p, err)
		}
		return
	default:
		problem = alert(words)
	}
	v.Valid, v.Problem = new(err == nil), &problem
}

// alert gives the first thing that HAProxy refuses, without what may be a secret.
func alert(words string) string {
	for line := range strings.Lines(tree.Clean(words)) {
		_, text, ok := strings.Cut(line, "[ALERT]")
		if !ok {
			continue
		}
		at := ""
		if m := place.FindStringSubmatch(text); m != nil {
			at = m[1] + ": "
		}
		if _, after, ok := strings.Cut(text, "] : "); ok {
			text = after
		} else if _, after, ok := strings.Cut(text, " : "); ok {
			text = after
		}
		if daemon.Secretive(text) {
			return at + "refused; the words may hold a secret and are not sent"
		}
		text = strings.TrimSpace(text)
		return strings.ToValidUTF8((at + text)[:min(300, len(at+text))], "")
	}
	return "refused"
}

// running tells what runs: by the processes, and over the stats socket.
func (in *instance) running(ctx context.Context, root tree.Root, c *config, v *facts.Haproxy, gaps *missing.List) {
	if len(in.processes) == 0 {
		for _, p := range []string{"/running", "/difference"} {
			gaps.NotObserved(p, notRunning)
		}
		return
	}
	r := &facts.HaproxyRunning{}
	v.Running = r
	asked := []string{"/running/version", "/running/maxconn", "/running/use_percent", "/running/proxies", "/running/targets", "/difference"}
	refuse := func(err error) {
		for _, p := range asked {
			if errors.Is(err, errNoSocket) {
				gaps.NotObserved(p, "%s", err)
			} else {
				gaps.Failed(p, err)
			}
		}
	}
	about, text, err := in.ask(ctx, c)
	worker := in.processes[len(in.processes)-1]
	for _, p := range in.processes {
		if err == nil && p.PID == about.pid || err != nil && p.Started.After(worker.Started) {
			worker = p
		}
	}
	user := daemon.User(root, worker.UID)
	r.User = &user
	if stale, staleErr := daemon.Stale(root, v.Files, worker.Started); staleErr == nil {
		r.Stale = stale
	} else {
		gaps.Failed("/running/stale", staleErr)
	}
	if err != nil {
		refuse(err)
		return
	}
	r.Version, r.Maxconn = &about.version, &about.maxconn
	use := tens(about.conn, about.maxconn)
	r.UsePercent = &use
	proxies, targets, err := read(text, time.Now(), since)
	if err != nil {
		asked = asked[3:]
		refuse(err)
		return
	}
	r.Proxies, r.Targets = proxies, targets
	if v.Persisted != nil {
		v.Difference = differ(v.Persisted, proxies, targets)
	} else {
		gaps.Failed("/difference", errors.New("the files could not be read"))
	}
}

var errNoSocket = errors.New("HAProxy has no stats socket that the agent can use: add  stats socket /run/haproxy/admin.sock mode 660 level operator  to its global section")

// ask asks over the first stats socket that answers.
func (in *instance) ask(ctx context.Context, c *config) (info, string, error) {
	if c == nil {
		return info{}, "", errors.New("the files, which say where the stats socket is, could not be read")
	}
	err := errNoSocket
	for _, s := range c.global.sockets {
		if s.Network || !strings.Contains(s.Address, "/") && !strings.Contains(s.Address, ":") {
			continue
		}
		text, problem := ask(ctx, s.Address, "show info")
		if problem != nil {
			err = problem
			continue
		}
		about, problem := parseInfo(text)
		if problem != nil {
			err = problem
			continue
		}
		stat, problem := ask(ctx, s.Address, "show stat")
		return about, stat, problem
	}
	return info{}, "", err
}
