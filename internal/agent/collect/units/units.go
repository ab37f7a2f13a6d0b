// Package units reads what the unit files of systemd say about a host: which
// units there are, whether they are enabled, and what starts at boot. It asks
// no running manager, so that the answer is there on every host.
//
// Serves C7.1b. Invariant: the state of a unit is the one that
// systemctl is-enabled gives for the same files.
//
// Floor: edges, below agent/collect. Imports facts and agent/collect/tree.
package units

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// unitConfig is where the administrator's units and enabling links are.
const unitConfig = "/etc/systemd/system"

// unitDirs in systemd's order of precedence: a file hides those of the same
// name in later directories.
var unitDirs = [...]string{
	"/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient", "/run/systemd/generator.early",
	unitConfig, "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.attached", "/run/systemd/generator",
	"/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/generator.late",
}

// Types are the kinds of units that are reported.
var Types = []string{".service", ".socket", ".timer", ".path", ".mount", ".automount", ".target"}

// Load gives the units and timers of a host by name.
func Load(root tree.Root) (map[string]facts.Unit, map[string]facts.Timer, error) {
	u, err := load(root)
	if err != nil {
		return nil, nil, err
	}
	units, timers := u.facts()
	return units, timers, nil
}

// unitFiles is what the unit files of a host say. It follows the rules by
// which systemctl is-enabled decides, from files alone.
type unitFiles struct {
	root  tree.Root
	dirs  []string // those of unitDirs that exist, each once
	units map[string]*unitFile
	links []unitLink
}

// unitFile is one unit as files define it.
type unitFile struct {
	name   string
	dir    string // the search directory that it was found in
	file   string
	state  string // masked, linked, alias, enabled (of a script): decided by the file itself; else empty
	alias  string // for an alias, the unit that it stands for
	starts bool

	installs        bool // [Install] names units that would pull it in
	also            bool
	aliases         []string
	defaultInstance string
	pulls           []string // units that are started with it

	timerUnit string
	schedule  []string
}

// unitLink is a symbolic link in a search directory, or in one of its .wants,
// .requires and .upholds directories.
type unitLink struct {
	dir  string // search directory
	from string // the unit that pulls; empty for a link in dir itself
	name string // of the link
	to   string // base name of what it leads to
}

func load(root tree.Root) (*unitFiles, error) {
	u := &unitFiles{root: root, units: map[string]*unitFile{}}
	seen := map[string]bool{}
	for _, dir := range unitDirs {
		real, err := root.Real(dir)
		if err != nil || seen[real] || !root.IsDir(dir) {
			continue // not there, or /lib is a link to /usr/lib
		}
		seen[real] = true
		u.dirs = append(u.dirs, dir)
		names, err := root.Names(dir)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if err := u.entry(dir, name); err != nil {
				return nil, err
			}
		}
	}
	if err := u.dropIns(); err != nil {
		return nil, err
	}
	if err := u.sysvScripts(); err != nil {
		return nil, err
	}
	u.instances()
	u.reach("default.target", map[string]bool{})
	return u, nil
}

// entry takes one name of a search directory.
func (u *unitFiles) entry(dir, name string) error {
	p := path.Join(dir, name)
	switch ext := path.Ext(name); {
	case ext == ".wants" || ext == ".requires" || ext == ".upholds":
		links, err := u.root.Names(p)
		if err != nil {
			return tree.IgnoreGone(err)
		}
		for _, link := range links {
			if to, err := u.root.Readlink(path.Join(p, link)); err == nil {
				u.links = append(u.links, unitLink{dir, strings.TrimSuffix(name, ext), link, path.Base(to)})
			}
		}
		return nil
	case !slices.Contains(Types, ext) || !utf8.ValidString(name):
		return nil
	}
	st, err := u.root.Lstat(p)
	if err != nil || st.IsDir() {
		return tree.IgnoreGone(err)
	}
	f := &unitFile{name: name, dir: dir, file: p}
	if st.Mode()&fs.ModeSymlink != 0 {
		to, err := u.root.Readlink(p)
		if err != nil {
			return tree.IgnoreGone(err)
		}
		base := path.Base(to)
		if base != name && to != "/dev/null" || base == name {
			u.links = append(u.links, unitLink{dir, "", name, base})
		}
		switch {
		case to == "/dev/null":
			f.state = "masked"
		case base != name:
			f.state, f.alias = "alias", base
		case u.searched(path.Dir(path.Join(dir, to)), to):
			return nil // leads to the same unit further down
		default:
			f.state = "linked"
		}
	} else if st.Size() == 0 {
		f.state = "masked"
	}
	if u.units[name] != nil {
		return nil // hidden
	}
	u.units[name] = f
	if f.state == "masked" || f.state == "alias" {
		return nil
	}
	return u.parse(f, p)
}

// searched reports whether a link's target lies in a search directory.
func (u *unitFiles) searched(relative, target string) bool {
	dir := path.Dir(target)
	if !path.IsAbs(target) {
		dir = relative
	}
	return slices.Contains(unitDirs[:], dir)
}

// parse reads what matters of a unit file or drop-in into f.
func (u *unitFiles) parse(f *unitFile, file string) error {
	section, joined := "", ""
	err := u.root.Lines(file, func(_ int, line string) error {
		line = strings.TrimSpace(line)
		if line != "" && (line[0] == '#' || line[0] == ';') {
			return nil // also between joined lines
		}
		if before, more := strings.CutSuffix(line, `\`); more {
			joined += before + " "
			return nil
		}
		line, joined = strings.TrimSpace(joined+line), ""
		if strings.HasPrefix(line, "[") {
			section = line
			return nil
		}
		key, value, ok := strings.Cut(line, "=")
		if ok {
			f.set(section, strings.TrimSpace(key), strings.TrimSpace(value))
		}
		return nil
	})
	return tree.IgnoreGone(err)
}

func (f *unitFile) set(section, key, value string) {
	words := strings.Fields(value)
	switch section + key {
	case "[Unit]Wants", "[Unit]Requires", "[Unit]BindsTo", "[Unit]Upholds":
		f.pulls = append(f.pulls, words...)
	case "[Install]WantedBy", "[Install]RequiredBy", "[Install]UpheldBy":
		f.installs = f.installs || len(words) > 0
	case "[Install]Alias":
		f.installs = f.installs || len(words) > 0
		f.aliases = append(f.aliases, words...)
	case "[Install]Also":
		f.also = f.also || len(words) > 0
	case "[Install]DefaultInstance":
		f.defaultInstance = value
	case "[Timer]Unit":
		f.timerUnit = value
	default:
		if section != "[Timer]" || !strings.HasPrefix(key, "On") || key == "OnClockChange" || key == "OnTimezoneChange" {
			return
		}
		if value == "" { // takes back what was said of this kind before; systemd takes back every kind
			f.schedule = nil
			return
		}
		f.schedule = append(f.schedule, key+"="+value)
	}
}

// dropIns reads NAME.d/*.conf of every unit; of two with one name the
// directory with precedence wins, and all apply in the order of their names.
func (u *unitFiles) dropIns() error {
	found := map[string]map[string]string{}
	for _, dir := range u.dirs {
		names, err := u.root.Names(dir)
		if err != nil {
			return err
		}
		for _, name := range names {
			unit, ok := strings.CutSuffix(name, ".d")
			if !ok || u.units[unit] == nil {
				continue
			}
			files, err := u.root.Names(path.Join(dir, name))
			if err != nil {
				if tree.IgnoreGone(err) != nil {
					return err
				}
				continue
			}
			if found[unit] == nil {
				found[unit] = map[string]string{}
			}
			for _, file := range files {
				if _, hidden := found[unit][file]; !hidden && strings.HasSuffix(file, ".conf") {
					found[unit][file] = path.Join(dir, name, file)
				}
			}
		}
	}
	for unit, files := range found {
		f := u.units[unit]
		if f.state == "masked" || f.state == "alias" {
			continue
		}
		var order []string
		for name := range files {
			order = append(order, name)
		}
		slices.Sort(order)
		for _, name := range order {
			if err := u.parse(f, files[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

// sysvScripts adds the scripts of /etc/init.d that have no unit file: systemd
// makes services of them when it starts.
func (u *unitFiles) sysvScripts() error {
	scripts, err := u.root.Names("/etc/init.d")
	if err != nil {
		return tree.IgnoreGone(err)
	}
	started, err := u.root.Glob("/etc/rc[2345].d/S[0-9][0-9]*")
	if err != nil {
		return err
	}
	for _, script := range scripts {
		p := "/etc/init.d/" + script
		name := strings.TrimSuffix(script, ".sh") + ".service"
		st, err := u.root.Stat(p)
		if u.units[name] != nil || err != nil || !st.Mode().IsRegular() || st.Mode()&0o111 == 0 {
			continue
		}
		f := &unitFile{name: name, file: p, state: "disabled"}
		for _, link := range started {
			if path.Base(link)[3:] == script {
				f.state, f.starts = "enabled", true
			}
		}
		u.units[name] = f
	}
	return nil
}

// instances adds the instances of templates that links name, such as
// getty@tty1.service.
func (u *unitFiles) instances() {
	for _, l := range u.links {
		template := u.units[templateOf(l.name)]
		if l.from == "" || u.units[l.name] != nil || template == nil || template.state == "masked" {
			continue
		}
		f := *template
		f.name, f.state, f.alias = l.name, "", ""
		if template.alias != "" {
			if t := u.units[template.alias]; t != nil {
				f.file, f.dir = t.file, t.dir
			}
		}
		u.units[l.name] = &f
	}
}

// templateOf gives getty@.service for getty@tty1.service; "" for names that
// are no instance.
func templateOf(name string) string {
	at := strings.IndexByte(name, '@')
	dot := strings.LastIndexByte(name, '.')
	if at < 1 || dot <= at+1 {
		return ""
	}
	return name[:at+1] + name[dot:]
}

// enabled gives the state as systemctl is-enabled names it.
func (u *unitFiles) enabled(f *unitFile) string {
	inRun := strings.HasPrefix(f.dir, "/run/")
	switch {
	case (f.state == "masked" || f.state == "linked") && inRun:
		return f.state + "-runtime"
	case f.state == "linked":
		if s := u.linkState(f, true); s == "enabled" || s == "enabled-runtime" {
			return s
		}
		return f.state
	case f.state != "":
		return f.state
	case strings.HasPrefix(f.dir, "/run/systemd/generator"):
		return "generated"
	case f.dir == "/run/systemd/transient":
		return "transient"
	}
	if s := u.linkState(f, true); s != "" {
		return s
	}
	switch {
	case u.linkState(f, false) != "": // known by other names, so it may be in use
		return "indirect"
	case f.installs:
		return "disabled"
	case f.also:
		return "indirect"
	}
	return "static"
}

// linkState looks through the links for those that enable f, directory by
// directory. With own set, only names count that enabling f would make.
func (u *unitFiles) linkState(f *unitFile, own bool) string {
	runtime, vendor := false, false
	for _, l := range u.links {
		if !f.enabledBy(l, own) {
			continue
		}
		switch {
		case l.dir == unitConfig:
			return "enabled"
		case strings.HasPrefix(l.dir, "/run/"):
			runtime = true
		default:
			vendor = true
		}
	}
	switch {
	case runtime:
		return "enabled-runtime"
	case vendor && templateOf(f.name) != "": // the vendor starts this instance
		return "static"
	}
	return ""
}

func (f *unitFile) enabledBy(l unitLink, own bool) bool {
	byName, byTarget := l.name == f.name, l.to == f.name
	if l.from != "" { // in .wants and the like only the link's name counts
		byTarget = templateOf(l.name) == f.name
	} else if byName {
		return false // a link to the unit's own file enables nothing
	}
	if !byName && !byTarget {
		return false
	}
	if !own || byName || slices.Contains(f.aliases, l.name) {
		return true
	}
	return f.defaultInstance != "" && strings.Replace(f.name, "@.", "@"+f.defaultInstance+".", 1) == l.name
}

// unit finds a unit by name or alias; an instance falls back on its template.
func (u *unitFiles) unit(name string) *unitFile {
	for range 8 { // aliases of aliases
		f := u.units[name]
		if f == nil {
			f = u.units[templateOf(name)]
		}
		if f == nil || f.alias == "" {
			return f
		}
		name = f.alias
	}
	return nil
}

// reach marks what name starts with itself, and so on: from default.target,
// everything that starts at boot. Masked units stop it.
func (u *unitFiles) reach(name string, seen map[string]bool) {
	if seen[name] {
		return
	}
	seen[name] = true
	f := u.unit(name)
	if f == nil || f.state == "masked" {
		return
	}
	if exact := u.units[name]; exact != nil {
		exact.starts = true
	}
	if u.units[f.name] == f && (f.name == name || !strings.Contains(f.name, "@.")) {
		f.starts = true
	}
	for _, p := range f.pulls {
		u.reach(p, seen)
	}
	for _, l := range u.links {
		if l.from == name || l.from == f.name {
			u.reach(l.name, seen)
		}
	}
}

func (u *unitFiles) facts() (map[string]facts.Unit, map[string]facts.Timer) {
	units, timers := make(map[string]facts.Unit, len(u.units)), map[string]facts.Timer{}
	for name, f := range u.units {
		enabled := u.enabled(f)
		if f.alias != "" {
			if t := u.unit(f.alias); t != nil {
				f.starts = t.starts
			} else {
				enabled = "bad" // what it stood for was removed
			}
		}
		units[name] = facts.Unit{Name: name, Enabled: enabled, Starts: f.starts, AliasOf: f.alias, File: f.file}
		if path.Ext(name) == ".timer" && f.alias == "" {
			unit := f.timerUnit
			if unit == "" {
				unit = fmt.Sprintf("%s.service", strings.TrimSuffix(name, ".timer"))
			}
			timers[name] = facts.Timer{Name: name, Unit: unit, Enabled: enabled, Starts: f.starts, Schedule: append([]string{}, f.schedule...)}
		}
	}
	return units, timers
}
