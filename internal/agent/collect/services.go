package collect

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

// unitTypes are the kinds of units that are reported.
var unitTypes = []string{".service", ".socket", ".timer", ".path", ".mount", ".automount", ".target"}

func readServices(ctx context.Context, root Root) (facts.Section, error) {
	var rep report
	manager := unitManager(root)
	v := facts.Services{Manager: &manager}
	var err error
	switch manager {
	case "systemd":
		var u *unitFiles
		if u, err = loadUnits(root); err == nil {
			v.Units, v.Timers = u.facts()
		}
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
	systemd := root.there("/usr/lib/systemd/systemd") || root.there("/lib/systemd/systemd")
	switch {
	case !systemd && (root.there("/sbin/openrc") || root.there("/usr/sbin/openrc") || root.there("/usr/bin/openrc")):
		return "openrc"
	case systemd || root.isDir("/usr/lib/systemd/system") || root.isDir("/lib/systemd/system"):
		return "systemd"
	}
	return "none"
}

// runningUnits asks the service manager that runs.
func runningUnits(ctx context.Context, root Root, rep *report) (map[string]facts.UnitState, error) {
	if !root.live() {
		rep.notObserved("/running", notLive)
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
	err := eachLine("systemctl list-units", text, func(_ int, line string) error {
		f := strings.Fields(strings.TrimLeft(line, "●*○× \t"))
		if len(f) == 0 {
			return nil
		}
		if len(f) < 4 {
			return fmt.Errorf("expected unit, load, active and sub, found %.60q", line)
		}
		if f[1] == "loaded" && slices.Contains(unitTypes, path.Ext(f[0])) {
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
	scripts, err := root.names("/etc/init.d")
	if err != nil && ignoreGone(err) != nil {
		return nil, err
	}
	out := map[string]facts.Unit{}
	for _, name := range scripts {
		if st, err := root.stat("/etc/init.d/" + name); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			name = clean(name)
			out[name] = facts.Unit{Name: name, Enabled: "disabled", File: "/etc/init.d/" + name}
		}
	}
	links, err := root.glob("/etc/runlevels/*/*")
	if err != nil {
		return nil, err
	}
	for _, link := range links {
		u, known := out[clean(path.Base(link))]
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
