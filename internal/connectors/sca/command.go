package sca

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// command finds the facts that a command's output is about. No command is run.
func (m matcher) command(args []string, whole string, strict bool) (term, string) {
	if strings.ContainsAny(whole, "|;&`<>") || slices.Contains([]string{"sh", "bash", "/bin/sh", "/bin/bash", "find", "awk"}, args[0]) {
		return term{}, "a script is never run, and there are no facts of what it prints"
	}
	name := args[0][strings.LastIndexByte(args[0], '/')+1:]
	last := args[len(args)-1]
	rest := strings.Join(args[1:], " ")
	switch {
	case name == "sshd" && rest == "-T":
		return m.sshd(false, strict)
	case name == "sshd" && strings.HasPrefix(rest, "-T -C "):
		return m.sshd(true, strict)
	case name == "sysctl" && len(args) == 2:
		return m.sysctl(last, last+" = ")
	case name == "sysctl" && len(args) == 3 && args[1] == "-n":
		return m.sysctl(last, "")
	case name == "grep" && (slices.Contains(args, "/etc/sysctl.conf") || strings.Contains(rest, "/etc/sysctl.d")):
		return m.sysctlFiles()
	case name == "systemctl" && len(args) == 3 && args[1] == "is-enabled":
		return m.enabled(last)
	case name == "systemctl" && len(args) == 3 && args[1] == "is-active":
		return m.active(last)
	case (name == "dpkg" || name == "dpkg-query") && len(args) == 3 && args[1] == "-s":
		return m.installed(last, []string{"Package: " + last, "Status: install ok installed"},
			[]string{"dpkg-query: package '" + last + "' is not installed and no information is available"})
	case name == "dpkg-query" && args[1] == "-W" && strings.Contains(rest, "db:Status-Status"):
		return m.installed(last, []string{last + "\tinstall ok installed\tinstalled"},
			[]string{"dpkg-query: no packages found matching " + last, last + "\tunknown ok not-installed\tnot-installed"})
	case name == "rpm" && len(args) == 3 && args[1] == "-q":
		return m.installed(last, []string{last + "-1.0-1.el9.x86_64"}, []string{"package " + last + " is not installed"})
	case name == "modprobe" && (rest == "-n -v "+last || rest == "-nv "+last):
		return m.modprobe(last)
	case name == "lsmod" && len(args) == 1:
		return m.lsmod()
	case name == "findmnt" && len(args) > 1 && strings.HasPrefix(last, "/") && (rest == last || rest == "--kernel "+last || rest == "-n "+last || rest == "-kn "+last || rest == "-nk "+last):
		if !slices.Contains(section("mounts").Watch, last) {
			return term{}, "the mount of " + short(last) + " is not asked for in facts"
		}
		return m.mounted(last, "running", "%[1]s %[2]s %[3]s %[4]s")
	case name == "mount" && len(args) == 1:
		return m.mount("running", "%[2]s on %[1]s type %[3]s (%[4]s)")
	case name == "stat":
		return m.stat(whole, last)
	case name == "getenforce" && len(args) == 1:
		var states []state
		for mode, printed := range map[string]string{"enforcing": "Enforcing", "permissive": "Permissive", "disabled": "Disabled"} {
			states = append(states, state{fmt.Sprintf("mac.selinux.mode == %q", mode), []given{{path: []string{"mac", "selinux", "mode"}, how: '=', item: mode}}, []string{printed}})
		}
		slices.SortFunc(states, func(a, b state) int { return strings.Compare(a.cel, b.cel) })
		return m.among("modes", [][]string{{"mac", "selinux", "mode"}}, states...)
	}
	return term{}, "the command " + short(name) + " in this form has no counterpart in facts, and is never run"
}

func (m matcher) installed(name string, there, gone []string) (term, string) {
	at := []string{"packages", "by_name"}
	path := append(slices.Clone(at), name)
	item := map[string]any{"name": name, "version": "1.0-1", "arch": "amd64", "source": name, "source_version": "1.0-1", "manager": "dpkg"}
	q := strconv.Quote(name)
	return m.among("an installed package from a missing one", [][]string{at},
		state{q + " in packages.by_name", []given{{path: path, how: '=', item: item}}, there},
		state{"!(" + q + " in packages.by_name)", []given{{path: path, how: '-'}}, gone})
}

func unitName(name string) string {
	if strings.Contains(name, ".") {
		return name
	}
	return name + ".service"
}

func (m matcher) enabled(name string) (term, string) {
	unit := unitName(name)
	at := []string{"services", "units"}
	path := append(slices.Clone(at), unit)
	q := strconv.Quote(unit)
	states := []state{{"!(" + q + " in services.units)", []given{{path: path, how: '-'}},
		[]string{"Failed to get unit file state for " + unit + ": No such file or directory", "not-found"}}}
	for _, word := range []string{"enabled", "enabled-runtime", "disabled", "static", "masked", "masked-runtime", "alias", "indirect", "linked", "linked-runtime", "generated", "transient", "bad"} {
		item := map[string]any{"name": unit, "enabled": word, "starts": word == "enabled", "alias_of": "", "file": "/usr/lib/systemd/system/" + unit}
		states = append(states, state{fmt.Sprintf("%s in services.units && services.units[%s].enabled == %q", q, q, word), []given{{path: path, how: '=', item: item}}, []string{word}})
	}
	return m.among("states of a unit", [][]string{at}, states...)
}

func (m matcher) active(name string) (term, string) {
	unit := unitName(name)
	at := []string{"services", "running"}
	path := append(slices.Clone(at), unit)
	q := strconv.Quote(unit)
	states := []state{{"!(" + q + " in services.running)", []given{{path: path, how: '-'}}, []string{"inactive", "unknown"}}}
	for _, word := range []string{"active", "inactive", "failed", "activating", "deactivating", "reloading"} {
		item := map[string]any{"name": unit, "active": word, "sub": "other"}
		states = append(states, state{fmt.Sprintf("%s in services.running && services.running[%s].active == %q", q, q, word), []given{{path: path, how: '=', item: item}}, []string{word}})
	}
	return m.among("states of a unit", [][]string{at}, states...)
}

func (m matcher) modprobe(name string) (term, string) {
	if !slices.Contains(section("kernel_modules").Watch, name) {
		return term{}, "the module " + short(name) + " is not asked for in facts"
	}
	at := fmt.Sprintf("kernel_modules.watched[%q]", name)
	path := []string{"kernel_modules", "watched", name}
	item := func(blocked, available bool) []given {
		return []given{{path: path, how: '=', item: map[string]any{"name": name, "loaded": false, "available": available, "blacklisted": false, "blocked": blocked, "by": ""}}}
	}
	t, why := m.among("a blocked module from others", [][]string{path},
		state{at + ".blocked", item(true, true), []string{"install /bin/true", "install /bin/false", "install /usr/bin/true", "install /usr/bin/false"}},
		state{"!" + at + ".blocked && " + at + ".available", item(false, true), []string{"insmod /lib/modules/6.1.0/kernel/" + name + ".ko"}},
		state{"!" + at + ".blocked && !" + at + ".available", item(false, false), []string{"modprobe: FATAL: Module " + name + " not found in directory /lib/modules/6.1.0"}})
	t.note = "a module counts as blocked with true and with false in its place, wherever these programs lie"
	return t, why
}

func (m matcher) lsmod() (term, string) {
	at := []string{"kernel_modules", "loaded"}
	t := term{missing: [][]string{at}, cel: fmt.Sprintf("kernel_modules.loaded.exists(k, %s)", m.cel(`k + " 16384 0"`, `""`)), note: "names of modules are compared; their sizes and users are not"}
	all := m.tokens(false)
	if len(all) == 0 {
		return term{}, "no module is named"
	}
	for _, test := range m.tests {
		if test.Kind == 'n' {
			return term{}, "sizes of modules are not compared"
		}
	}
	name := all[0]
	item := map[string]any{"name": name, "size": int64(16384), "in_use": false, "used_by": []any{}}
	path := append(slices.Clone(at), name)
	t.cases = []instance{{[]given{{path: path, how: '=', item: item}}, m.holds(name + " 16384 0")}, {[]given{{path: path, how: '-'}}, false}}
	return t, ""
}

// owner is one that a file may have.
type owner struct{ id, name string }

var statFormat = regexp.MustCompile(`^stat(?: -L)? (?:-L?c|--format=?) ?(?:"([^"]*)"|'([^']*)'|(\S+)) (\S+)$`)

// stat asks for modes and owners. What the expression accepts is found by
// asking it of every mode and several owners; it is taken only where modes,
// owners and groups can be told apart.
func (m matcher) stat(whole, path string) (term, string) {
	if !slices.Contains(section("files").Watch, path) {
		return term{}, "mode and owner of " + short(path) + " are not read"
	}
	form := ""
	switch f := statFormat.FindStringSubmatch(whole); {
	case f != nil:
		form = f[1] + f[2] + f[3]
	case len(m.tokens(false)) == 0:
		return term{}, "any line that does not match would do, and stat prints several"
	case whole == "stat "+path || whole == "stat -L "+path:
		form = "Access: (%04/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)"
	default:
		return term{}, "this form of stat has no counterpart in facts"
	}
	ask := func(mode int64, u, g owner) bool {
		for _, kind := range []string{"-", "d"} {
			octal := strconv.FormatInt(mode, 8)
			line := strings.NewReplacer("%04", fmt.Sprintf("%04o", mode), "%5u", fmt.Sprintf("%5s", u.id), "%8U", fmt.Sprintf("%8s", u.name),
				"%5g", fmt.Sprintf("%5s", g.id), "%8G", fmt.Sprintf("%8s", g.name), "%n", path, "%a", octal, "%A", kind+symbolic(mode),
				"%u", u.id, "%U", u.name, "%g", g.id, "%G", g.name).Replace(form)
			if m.holds(line) {
				return true
			}
		}
		return false
	}
	root, other := owner{"0", "root"}, owner{"1000", "other"}
	groups := []owner{root, {"42", "shadow"}, other}
	for _, w := range m.tokens(true) {
		if len(groups) < 8 && groupName.MatchString(w) && !slices.ContainsFunc(groups, func(o owner) bool { return o.name == w }) {
			groups = append(groups, owner{"101", w})
		}
	}
	return m.modes(path, ask, []owner{root, other}, groups)
}

var groupName = regexp.MustCompile(`^[a-z_][a-z_]{2,15}$`)

func symbolic(mode int64) string {
	b := []byte("rwxrwxrwx")
	for i := range b {
		if mode>>(8-i)&1 == 0 {
			b[i] = '-'
		}
	}
	for _, special := range []struct {
		bit    int64
		at     int
		letter byte
	}{{0o4000, 2, 's'}, {0o2000, 5, 's'}, {0o1000, 8, 't'}} {
		if mode&special.bit != 0 {
			if b[special.at] == '-' {
				special.letter -= 'a' - 'A'
			}
			b[special.at] = special.letter
		}
	}
	return string(b)
}

func (m matcher) modes(path string, ask func(int64, owner, owner) bool, users, groups []owner) (term, string) {
	const unclear = "the expression does not tell modes and owners apart in a way that facts can"
	// Some mode and owners that it accepts.
	var accepted []int64
	var u0, g0 owner
	for _, u := range users {
		for _, g := range groups {
			for mode := int64(0); mode < 0o10000 && accepted == nil; mode++ {
				if ask(mode, u, g) {
					u0, g0 = u, g
					accepted = []int64{}
				}
			}
		}
	}
	if accepted == nil {
		return term{}, "the expression accepts no mode and owner that stat could print"
	}
	limit := int64(0)
	for mode := int64(0); mode < 0o10000; mode++ {
		if ask(mode, u0, g0) {
			accepted = append(accepted, mode)
			limit |= mode
		}
	}
	goodUsers, goodGroups := []string{}, []string{}
	for _, u := range users {
		if ask(accepted[0], u, g0) {
			goodUsers = append(goodUsers, u.name)
		}
	}
	for _, g := range groups {
		if ask(accepted[0], u0, g) {
			goodGroups = append(goodGroups, g.name)
		}
	}
	for mode := int64(0); mode < 0o10000; mode += 4 + mode%3 {
		for _, u := range users {
			for _, g := range groups {
				want := slices.Contains(accepted, mode) && slices.Contains(goodUsers, u.name) && slices.Contains(goodGroups, g.name)
				if ask(mode, u, g) != want {
					return term{}, unclear
				}
			}
		}
	}
	at := "files[" + strconv.Quote(path) + "]"
	var parts []string
	switch within := 0; {
	case len(accepted) == 0o10000:
	default:
		for _, mode := range accepted {
			if mode&^limit == 0 {
				within++
			}
		}
		bits := 0
		for b := limit; b != 0; b &= b - 1 {
			bits++
		}
		switch {
		case within == 1<<bits:
			parts = append(parts, fmt.Sprintf("atMost(%s.mode, \"%04o\")", at, limit))
		case len(accepted) <= 16:
			parts = append(parts, fmt.Sprintf("%s.mode_octal in %s", at, octals(accepted)))
		default:
			return term{}, unclear
		}
	}
	if len(goodUsers) < len(users) {
		parts = append(parts, fmt.Sprintf("%s.owner in %s", at, quoted(goodUsers)))
	}
	if len(goodGroups) < len(groups) {
		parts = append(parts, fmt.Sprintf("%s.group in %s", at, quoted(goodGroups)))
	}
	if len(parts) == 0 {
		return term{}, unclear
	}
	t := term{cel: strings.Join(parts, " && "), missing: [][]string{{"files", path}}, note: "where the file is missing the check is not applicable"}
	add := func(mode int64, u, g owner) {
		uid, _ := strconv.ParseInt(u.id, 10, 64)
		gid, _ := strconv.ParseInt(g.id, 10, 64)
		item := map[string]any{"path": path, "exists": true, "mode": mode, "mode_octal": fmt.Sprintf("%04o", mode), "uid": uid, "gid": gid, "owner": u.name, "group": g.name}
		t.cases = append(t.cases, instance{[]given{{path: []string{"files", path}, how: '=', item: item}}, ask(mode, u, g)})
	}
	for _, mode := range []int64{accepted[len(accepted)-1], accepted[0], 0o777, 0} {
		add(mode, u0, g0)
	}
	add(accepted[0], users[1], g0)
	add(accepted[0], u0, groups[2])
	return t, ""
}

func octals(modes []int64) string {
	list := make([]string, len(modes))
	for i, m := range modes {
		list[i] = fmt.Sprintf("%04o", m)
	}
	return quoted(list)
}

func quoted(list []string) string {
	q := make([]string, len(list))
	for i, s := range list {
		q[i] = strconv.Quote(s)
	}
	return "[" + strings.Join(q, ", ") + "]"
}
