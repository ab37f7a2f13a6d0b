package collect

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/agent/collect/units"
	"github.com/attesta/attesta/internal/facts"
)

func readServices(ctx context.Context, root Root) (facts.Section, error) {
	var rep report
	manager := unitManager(root)
	v := facts.Services{Manager: &manager}
	var err error
	switch manager {
	case "systemd":
		v.Units, v.Timers, err = units.Load(root)
	case "openrc":
		v.Units, err = openrcUnits(root)
		v.Timers = map[string]facts.Timer{}
	default:
		rep.absent("/units", "no unit files of systemd or OpenRC")
		rep.absent("/timers", "no unit files of systemd or OpenRC")
	}
	if err != nil {
		v.Units, v.Timers = nil, nil
		rep.failed("/units", err)
		rep.failed("/timers", err)
	}
	if v.Running, err = runningUnits(ctx, root, &rep); err != nil {
		if ctx.Err() != nil {
			return facts.Section{}, ctx.Err()
		}
		rep.failed("/running", err)
	}
	return rep.section("services", v)
}

// unitManager says whose files there are, whether or not it runs.
func unitManager(root Root) string {
	systemd := root.There("/usr/lib/systemd/systemd") || root.There("/lib/systemd/systemd")
	switch {
	case !systemd && (root.There("/sbin/openrc") || root.There("/usr/sbin/openrc") || root.There("/usr/bin/openrc")):
		return "openrc"
	case systemd || root.IsDir("/usr/lib/systemd/system") || root.IsDir("/lib/systemd/system"):
		return "systemd"
	}
	return "none"
}

// runningUnits asks the service manager that runs.
func runningUnits(ctx context.Context, root Root, rep *report) (map[string]facts.UnitState, error) {
	if !root.Live() {
		rep.notObserved("/running", tree.NotLive)
		return nil, nil
	}
	var program string
	var args []string
	parse := parseListUnits
	switch manager := serviceManager(root); manager {
	case "systemd":
		program, args = "systemctl", []string{"list-units", "--all", "--full", "--plain", "--no-legend", "--no-pager"}
	case "openrc":
		program, args, parse = "rc-status", []string{"--all", "--nocolor"}, parseRCStatus
	case "none":
		rep.notObserved("/running", "no service manager runs on this host")
		return nil, nil
	default:
		rep.notObserved("/running", "%s does not say what runs", manager)
		return nil, nil
	}
	p, ok := findTool(program)
	if !ok {
		return nil, fmt.Errorf("%s is not installed", program)
	}
	out, err := runTool(ctx, p, args...)
	if err != nil {
		return nil, err
	}
	return parse(string(out))
}

// parseListUnits reads what systemctl list-units prints: unit, whether it is
// loaded, active state, sub state, description.
func parseListUnits(text string) (map[string]facts.UnitState, error) {
	out := map[string]facts.UnitState{}
	err := tree.EachLine("systemctl list-units", text, func(_ int, line string) error {
		f := strings.Fields(strings.TrimLeft(line, "●*○× \t"))
		if len(f) == 0 {
			return nil
		}
		if len(f) < 4 {
			return fmt.Errorf("expected unit, load, active and sub, found %.60q", line)
		}
		if f[1] == "loaded" && slices.Contains(units.Types, path.Ext(f[0])) {
			out[f[0]] = facts.UnitState{Name: f[0], Active: f[2], Sub: f[3]}
		}
		return nil
	})
	return out, err
}

var rcStatusLine = regexp.MustCompile(`^\s+(\S+)\s.*\[\s*(\w+)`)

// parseRCStatus reads what rc-status --all prints: services with their state
// in brackets, below a line per run level.
func parseRCStatus(text string) (map[string]facts.UnitState, error) {
	out := map[string]facts.UnitState{}
	for line := range strings.Lines(text) {
		m := rcStatusLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		active := "inactive"
		switch m[2] {
		case "started":
			active = "active"
		case "starting":
			active = "activating"
		case "stopping":
			active = "deactivating"
		case "crashed", "failed":
			active = "failed"
		}
		out[m[1]] = facts.UnitState{Name: m[1], Active: active, Sub: m[2]}
	}
	if len(out) == 0 {
		return nil, errors.New("rc-status names no service")
	}
	return out, nil
}

// openrcUnits gives the scripts of /etc/init.d and whether a run level names
// them.
func openrcUnits(root Root) (map[string]facts.Unit, error) {
	scripts, err := root.Names("/etc/init.d")
	if tree.IgnoreGone(err) != nil {
		return nil, err
	}
	out := map[string]facts.Unit{}
	for _, name := range scripts {
		if st, err := root.Stat("/etc/init.d/" + name); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			name = tree.Clean(name)
			out[name] = facts.Unit{Name: name, Enabled: "disabled", File: "/etc/init.d/" + name}
		}
	}
	links, err := root.Glob("/etc/runlevels/*/*")
	if err != nil {
		return nil, err
	}
	for _, link := range links {
		u, known := out[tree.Clean(path.Base(link))]
		if !known {
			continue
		}
		u.Enabled = "enabled"
		if level := path.Base(path.Dir(link)); level != "shutdown" && level != "nonetwork" {
			u.Starts = true
		}
		out[u.Name] = u
	}
	return out, nil
}
