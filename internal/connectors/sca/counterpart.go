package sca

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

// counterpart finds the facts that a rule is about; why says why there are
// none. strict is set where the rule holding makes the check hold.
func counterpart(r Rule, pcre2, strict bool) (t term, why string) {
	m, why := compileTests(r.Tests, pcre2)
	if why != "" {
		return t, why
	}
	if r.Kind != 'c' && strings.Contains(r.Target, ",") {
		return t, "several files at once are not looked at"
	}
	switch r.Kind {
	case 'r':
		return t, "there are no facts of the Windows registry"
	case 'p':
		return process(r.Target), ""
	case 'c':
		return m.command(strings.Fields(r.Target), r.Target, strict)
	case 'd':
		if len(r.Tests) == 0 {
			return existence(r.Target, "directory")
		}
		if r.Inner != "" && strings.TrimSuffix(r.Target, "/") == "/etc/sysctl.d" {
			return m.sysctlFiles()
		}
		return t, "the files in a directory are not listed in facts"
	}
	if len(r.Tests) == 0 {
		return existence(r.Target, "file")
	}
	return m.file(r.Target)
}

func section(name string) *facts.SectionDef {
	s, _ := facts.Registry().Section(name)
	return s
}

func process(name string) term {
	by, path := "name", name
	if strings.HasPrefix(name, "/") {
		by = "path"
	} else if len(name) > 15 { // what the kernel keeps
		name = name[:15]
	}
	at := []string{"processes", "executables"}
	item := map[string]any{"name": name, "uid": int64(0), "user": "root", "count": int64(1), "container": "", "path": path, "deleted": false}
	return term{
		cel:     fmt.Sprintf("processes.executables.exists(e, e.%s == %s)", by, strconv.Quote(name)),
		missing: [][]string{at},
		cases:   []instance{{[]given{{at, '+', name, item}}, true}, {[]given{{at, '0', name, nil}}, false}},
		note:    "processes younger than a minute are left out",
	}
}

func existence(path, kind string) (term, string) {
	if !slices.Contains(section("files").Watch, path) {
		return term{}, "whether " + short(path) + " is there is no fact"
	}
	at := []string{"files", path}
	there := func(exists bool) []given {
		o := map[string]any{"path": path, "exists": exists}
		if exists {
			o["type"] = kind
		}
		return []given{{path: at, how: '=', item: o}}
	}
	q := strconv.Quote(path)
	return term{
		cel:     fmt.Sprintf("files[%s].exists && files[%s].type == %q", q, q, kind),
		missing: [][]string{at},
		cases:   []instance{{there(true), true}, {there(false), false}},
	}, ""
}

const fileNote = "the setting that wins is looked at, with included files, and not every line of this one file"

// file asks for a line of a file.
func (m matcher) file(path string) (term, string) {
	if key, ok := strings.CutPrefix(path, "/proc/sys/"); ok {
		return m.sysctl(strings.ReplaceAll(key, "/", "."), "")
	}
	if strings.HasPrefix(path, "/etc/pam.d/") && path != "/etc/pam.d/" {
		return m.pam(path)
	}
	key := ""
	if path != "/etc/ssh/sshd_config" && path != "/etc/sysctl.conf" && path != "/etc/fstab" {
		if all := m.tokens(false); len(all) > 0 {
			key = strings.TrimRight(all[0], "-.")
		}
	}
	inForce := func(sec, name string) setting {
		return setting{path: strings.Split(sec+"."+name, "."), value: "string(" + sec + "." + name + ")", before: key + " = ", wrap: integer, note: "what is in force is looked at, defaults and arguments of the module included"}
	}
	switch path {
	case "/etc/ssh/sshd_config":
		return m.sshdFile()
	case "/etc/sysctl.conf":
		return m.sysctlFiles()
	case "/etc/fstab":
		return m.mount("persisted", "%[2]s %[1]s %[3]s %[4]s 0 0")
	case "/etc/login.defs":
		if !plain.MatchString(key) {
			return term{}, "no setting of login.defs is named"
		}
		s := keyed("users.login_defs", key, "users", "login_defs")
		s.before, s.note = key+" ", "of a setting that stands twice the value in force is looked at"
		return m.of(s)
	case "/etc/audit/auditd.conf":
		if !plain.MatchString(key) {
			return term{}, "no setting of auditd.conf is named"
		}
		s := keyed("audit.config", strings.ToLower(key), "audit", "config")
		s.before = strings.ToLower(key) + " = "
		return m.of(s)
	case "/etc/systemd/journald.conf":
		if !plain.MatchString(key) {
			return term{}, "no setting of journald.conf is named"
		}
		s := keyed("logging.journald.settings", key, "logging", "journald", "settings")
		s.value, s.before, s.wrap, s.note = s.value+".value", key+"=", written(path), fileNote
		return m.of(s)
	case "/etc/selinux/config":
		for name, fact := range map[string]string{"SELINUX": "configured", "SELINUXTYPE": "policy"} {
			if key == name {
				return m.of(setting{path: []string{"mac", "selinux", fact}, value: "mac.selinux." + fact, before: name + "=", wrap: text})
			}
		}
	case "/etc/security/pwquality.conf":
		switch key {
		case "minlen", "minclass", "dcredit", "ucredit", "lcredit", "ocredit", "difok", "maxrepeat", "maxsequence":
			return m.of(inForce("pam.quality", key))
		}
	case "/etc/security/faillock.conf":
		switch key {
		case "deny", "unlock_time", "fail_interval":
			return m.of(inForce("pam.lockout", key))
		}
	case "/etc/default/useradd":
		if key == "INACTIVE" {
			return m.of(setting{path: []string{"pam", "inactive_days"}, value: "string(pam.inactive_days)", before: "INACTIVE=", wrap: integer})
		}
	default:
		return term{}, "there are no facts of the lines of " + short(path)
	}
	return term{}, "there is no fact of the setting that is asked for in " + path
}

var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// keyword finds the one setting that the tests are about.
func (m matcher) keyword(known func(string) bool) (string, string) {
	var found []string
	for _, w := range m.tokens(false) {
		if known(w) && !slices.Contains(found, w) {
			found = append(found, w)
		}
	}
	switch len(found) {
	case 0:
		return "", "no setting is named that facts have"
	case 1:
		return found[0], ""
	}
	return "", "several settings are asked for at once: " + strings.Join(found, ", ")
}

// sshdType gives the type of a keyword that sshd -T prints; nil when it is not
// declared.
func sshdType(key string) *facts.Type {
	for _, f := range section("sshd").Facts {
		if f.Path == "/effective/"+key {
			return &f.Type
		}
	}
	return nil
}

// sshdKeyword finds the keyword that the tests are about, in lower case as sshd
// prints it.
func (m matcher) sshdKeyword() (string, string) {
	lower := m
	lower.tests = slices.Clone(m.tests)
	for i := range lower.tests {
		lower.tests[i].Text = strings.ToLower(escapes.ReplaceAllString(lower.tests[i].Text, " "))
	}
	return lower.keyword(func(w string) bool { return sshdType(w) != nil })
}

func (m matcher) sshdFile() (term, string) {
	key, why := m.sshdKeyword()
	if why != "" {
		return term{}, why
	}
	s := keyed("sshd.file", key, "sshd", "file")
	s.value, s.before, s.wrap, s.note = s.value+".value", key+" ", written("/etc/ssh/sshd_config"), fileNote+"; Match blocks are left out"
	return m.of(s)
}

// sshd asks for a line of what the server says it does. With -C the answer is
// about one connection: then Match blocks count, on the side of caution.
func (m matcher) sshd(connection, strict bool) (term, string) {
	key, why := m.sshdKeyword()
	if why != "" {
		return term{}, why
	}
	for _, w := range m.tokens(true) {
		if strings.EqualFold(w, "without-password") || strings.EqualFold(w, "prohibit-password") {
			return term{}, "facts write prohibit-password where versions of sshd -T differ"
		}
	}
	at := []string{"sshd", "effective", key}
	s := setting{path: at, value: "sshd.effective." + key, before: key + " ", wrap: text}
	switch kind := sshdType(key); kind.String() {
	case "string":
	case "int":
		s.value, s.wrap = "string("+s.value+")", integer
	case "list(string)":
		switch key {
		case "ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms":
			s.value += `.join(",")`
			s.wrap = func(v string) (any, bool) { return []any{v}, true }
		default:
			return m.sshdList(at, s)
		}
	default:
		return term{}, "sshd -T prints " + key + " in a form that facts do not have"
	}
	t, why := m.of(s)
	if why != "" || !connection {
		return t, why
	}
	block := m.cel(fmt.Sprintf(`%q + b.settings[%q]`, key+" ", key), fmt.Sprintf(`b.settings[%q]`, key))
	if strict {
		t.cel = fmt.Sprintf(`%s && sshd.matches.all(b, !(%q in b.settings) || (%s))`, t.cel, key, block)
	} else {
		t.cel = fmt.Sprintf(`(%s) || sshd.matches.exists(b, %q in b.settings && %s)`, t.cel, key, block)
	}
	blocks := []string{"sshd", "matches"}
	t.missing = append(t.missing, blocks)
	for i := range t.cases {
		t.cases[i].facts = append(t.cases[i].facts, given{blocks, '0', "", nil})
	}
	t.note = "every Match block that has the setting counts, not only those of the connection that -C names"
	return t, ""
}

func (m matcher) sshdList(at []string, s setting) (term, string) {
	line := strconv.Quote(s.before) + " + v"
	if !m.captures(func(v string) string { return s.before + v }) {
		return term{}, "the number is taken from another form of the line than facts have"
	}
	t := term{cel: fmt.Sprintf("%s.exists(v, %s)", s.value, m.cel(line, "v")), missing: [][]string{at}}
	for _, v := range m.samples() {
		t.cases = append(t.cases, instance{[]given{{path: at, how: '=', item: []any{v}}}, m.holds(s.before + v)})
	}
	t.cases = append(t.cases, instance{[]given{{path: at, how: '=', item: []any{}}}, false})
	return t, ""
}

func (m matcher) sysctl(key, before string) (term, string) {
	if !slices.Contains(section("sysctl").Watch, key) {
		return term{}, "the kernel setting " + short(key) + " is not read"
	}
	return m.of(setting{path: []string{"sysctl", "running", key}, value: fmt.Sprintf("sysctl.running[%q]", key), before: before, wrap: text})
}

var dotted = regexp.MustCompile(`^(net|kernel|fs|vm|user|dev)(\.[a-z0-9_-]+)+$`)

// sysctlFiles asks for what the files set at boot.
func (m matcher) sysctlFiles() (term, string) {
	plainer := m
	plainer.tests = slices.Clone(m.tests)
	for i := range plainer.tests {
		plainer.tests[i].Text = strings.ReplaceAll(plainer.tests[i].Text, `\.`, ".")
	}
	key, why := plainer.keyword(dotted.MatchString)
	if why != "" {
		return term{}, why
	}
	s := keyed("sysctl.persisted", key, "sysctl", "persisted")
	s.value, s.before, s.wrap, s.note = s.value+".value", key+" = ", written("/etc/sysctl.conf"), fileNote
	return m.of(s)
}

// mount asks for the line of one mounted file system; form takes target,
// source, type and options.
func (m matcher) mount(which, form string) (term, string) {
	target, why := m.keyword(func(w string) bool { return false })
	for _, t := range m.tests {
		for _, w := range regexp.MustCompile(`/[a-z/]*`).FindAllString(escapes.ReplaceAllString(t.Text, " "), 10) {
			if !t.Not && slices.Contains(section("mounts").Watch, strings.TrimRight(w, "/")) {
				if w = strings.TrimRight(w, "/"); target != "" && target != w {
					return term{}, "several directories are asked for at once"
				}
				target, why = w, ""
			}
		}
	}
	if why != "" {
		return term{}, "no directory is named that facts have"
	}
	return m.mounted(target, which, form)
}

func (m matcher) mounted(target, which, form string) (term, string) {
	q := strconv.Quote(target)
	at := fmt.Sprintf("mounts.%s[%s]", which, q)
	// "%[2]s on %[1]s" becomes source + " on " + "/tmp" + …
	const mark = "\x00"
	pieces := strings.Split(fmt.Sprintf(form, target, mark+"source"+mark, mark+"fstype"+mark, mark+"options"+mark), mark)
	var line []string
	for i, p := range pieces {
		switch {
		case i%2 == 0 && p != "":
			line = append(line, strconv.Quote(p))
		case p == "options":
			line = append(line, at+`.options.join(",")`)
		case i%2 == 1:
			line = append(line, at+"."+p)
		}
	}
	path := []string{"mounts", which, target}
	t := term{cel: fmt.Sprintf("%s in mounts.%s && %s", q, which, m.cel(strings.Join(line, " + "), `"0"`)), missing: [][]string{path[:2]},
		note: "options are compared in alphabetical order, those of the file system included"}
	for _, test := range m.tests {
		if test.Kind == 'n' {
			return term{}, "a number is asked for that facts do not have"
		}
	}
	for _, options := range [][]string{{"nodev", "noexec", "nosuid", "rw"}, {"rw"}, {"nodev", "rw"}, {"nosuid", "rw"}, {"noexec", "rw"}} {
		item := map[string]any{"target": target, "source": "tmpfs", "fstype": "tmpfs"}
		list := make([]any, len(options))
		for i, o := range options {
			list[i] = o
		}
		item["options"] = list
		truth := m.holds(fmt.Sprintf(form, target, "tmpfs", "tmpfs", strings.Join(options, ",")))
		t.cases = append(t.cases, instance{[]given{{path: path, how: '=', item: item}}, truth})
	}
	t.cases = append(t.cases, instance{[]given{{path: path, how: '-'}}, false})
	return t, ""
}

// pamWords are facilities, then controls.
var pamWords = []string{"auth", "account", "password", "session", "required", "requisite", "sufficient", "optional"}

// pam asks for a line of one file below /etc/pam.d.
func (m matcher) pam(path string) (term, string) {
	for _, t := range m.tests {
		if t.Kind == 'n' {
			return term{}, "numbers among the arguments of a module are not taken out"
		}
	}
	if len(m.tokens(false)) == 0 {
		return term{}, "any line that does not match would do, comments included"
	}
	// Whole lines with their arguments cost too much to be asked of every line
	// of a stack; they are put together only where the tests need them.
	line, whole := `r.facility + " " + r.control + " " + r.module`, false
	for _, t := range m.tests {
		whole = whole || strings.Contains(t.Text, "$") || strings.Contains(t.Text, `\.`)
	}
	for _, w := range m.tokens(true) {
		whole = whole || !slices.Contains(pamWords, w) && !strings.HasPrefix(w, "pam_")
	}
	if whole {
		line += ` + (r.arguments.size() > 0 ? " " + r.arguments.join(" ") : "")`
	}
	at := []string{"pam", "services"}
	name := strings.TrimPrefix(path, "/etc/pam.d/")
	q := strconv.Quote(name)
	t := term{cel: fmt.Sprintf("%s in pam.services && pam.services[%s].rules.exists(r, r.file == %s && %s)", q, q, strconv.Quote(path), m.cel(line, `""`)), missing: [][]string{at},
		note: "values of arguments whose name says password, secret, key or token are not read"}
	rule := map[string]any{"facility": "auth", "control": "required", "module": "pam_other.so", "arguments": []any{}, "file": path, "line": int64(1)}
	text := ""
	var arguments []any
	for _, w := range m.tokens(false) {
		switch {
		case slices.Contains(pamWords[:4], w):
			rule["facility"] = w
		case slices.Contains(pamWords[4:], w):
			rule["control"] = w
		case strings.HasPrefix(w, "pam_"):
			rule["module"] = strings.TrimSuffix(w, ".so") + ".so"
		default:
			arguments = append(arguments, w)
			text += " " + w
		}
	}
	if arguments != nil {
		rule["arguments"] = arguments
	}
	text = fmt.Sprint(rule["facility"], " ", rule["control"], " ", rule["module"], text)
	service := map[string]any{"name": name, "file": path, "rules": []any{rule}}
	t.cases = []instance{{[]given{{path: append(slices.Clone(at), name), how: '=', item: service}}, m.holds(text)}, {[]given{{path: append(slices.Clone(at), name), how: '-'}}, false}}
	return t, ""
}
