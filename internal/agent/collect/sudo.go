package collect

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

const sudoersFile = "/etc/sudoers"

func readSudo(root Root, rep *report) *facts.UsersSudo {
	installed := root.there("/usr/bin/sudo") || root.there("/bin/sudo") || root.there("/usr/local/bin/sudo")
	out := &facts.UsersSudo{Installed: &installed}
	if !installed {
		rep.absent("/sudo", "sudo is not installed: no /usr/bin/sudo")
		return out
	}
	p := sudoers{root: root, rules: []facts.SudoRule{}, defaults: []facts.SudoDefault{}, includes: []string{}}
	if err := p.file(sudoersFile, 0); err != nil {
		rep.unless("/sudo", err, "no %s", sudoersFile)
		return out
	}
	usePty, logfile, nopasswd, noauth := false, "", false, false
	for _, r := range p.rules {
		nopasswd = nopasswd || r.Nopasswd
	}
	for _, d := range p.defaults {
		switch {
		case d.Name == "authenticate" && d.Negated:
			noauth = true
		case d.Scope != "":
		case d.Name == "use_pty":
			usePty = !d.Negated
		case d.Name == "logfile":
			logfile = d.Value
		}
	}
	out.Rules, out.Defaults, out.Includes = p.rules, p.defaults, p.includes
	out.UsePty, out.Logfile, out.Nopasswd, out.Noauthenticate = &usePty, &logfile, &nopasswd, &noauth
	return out
}

// sudoers reads sudoers(5) files.
type sudoers struct {
	root     Root
	rules    []facts.SudoRule
	defaults []facts.SudoDefault
	includes []string
}

// maxIncludes is how deep files may include each other, in sudo too.
const maxIncludes = 128

func (p *sudoers) file(file string, depth int) error {
	text, err := p.root.read(file)
	if err != nil {
		return err
	}
	return p.parse(file, clean(string(text)), depth)
}

// parse reads one file. A backslash at the end joins lines; the first one
// gives its number.
func (p *sudoers) parse(file, text string, depth int) error {
	joined, start := "", 0
	err := eachLine(file, text, func(n int, line string) error {
		if joined == "" {
			start = n
		}
		if before, more := strings.CutSuffix(line, `\`); more && !strings.HasPrefix(strings.TrimSpace(joined+line), "#") {
			joined += before + " "
			return nil
		}
		whole := strings.TrimSpace(joined + line)
		joined = ""
		return p.line(file, start, whole, depth)
	})
	if err == nil && joined != "" {
		err = p.line(file, start, strings.TrimSpace(joined), depth)
	}
	return err
}

func (p *sudoers) line(file string, n int, line string, depth int) error {
	for _, at := range []string{"#", "@"} {
		if rest, ok := strings.CutPrefix(line, at+"includedir"); ok && rest != strings.TrimSpace(rest) {
			return p.include(file, strings.TrimSpace(rest), true, depth)
		}
		if rest, ok := strings.CutPrefix(line, at+"include"); ok && rest != strings.TrimSpace(rest) {
			return p.include(file, strings.TrimSpace(rest), false, depth)
		}
	}
	line = cutComment(line)
	if line == "" {
		return nil
	}
	word, rest := cutSpace(line)
	switch {
	case word == "User_Alias" || word == "Runas_Alias" || word == "Host_Alias" || word == "Cmnd_Alias" || word == "Cmd_Alias":
		if !strings.Contains(rest, "=") {
			return fmt.Errorf("expected NAME = list after %s", word)
		}
		return nil
	case word == "Defaults" || strings.HasPrefix(word, "Defaults") && strings.ContainsRune(":@>!", rune(word[len("Defaults")])):
		return p.defaultsLine(file, n, strings.TrimPrefix(line, "Defaults"))
	}
	return p.rule(file, n, line)
}

// cutComment takes a comment away: from a # that stands outside quotes, is
// not escaped, and does not start a user or group id such as #1000.
func cutComment(line string) string {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case '#':
			id := i+1 < len(line) && line[i+1] >= '0' && line[i+1] <= '9' && (i == 0 || strings.ContainsRune(" \t,%(=!:", rune(line[i-1])))
			if !quoted && !id {
				return strings.TrimSpace(line[:i])
			}
		}
	}
	return strings.TrimSpace(line)
}

func (p *sudoers) include(from, target string, dir bool, depth int) error {
	if depth >= maxIncludes {
		return errors.New("too many levels of includes")
	}
	target = strings.ReplaceAll(strings.Trim(target, `"`), `\ `, " ")
	if strings.Contains(target, "%h") {
		host := ""
		if p.root.live() {
			host, _ = os.Hostname()
			host, _, _ = strings.Cut(host, ".")
		}
		target = strings.ReplaceAll(target, "%h", host)
	}
	if !path.IsAbs(target) {
		target = path.Join(path.Dir(from), target)
	}
	files := []string{target}
	if dir {
		names, err := p.root.names(target)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // as sudo does
		}
		if err != nil {
			return err
		}
		files = nil
		for _, name := range names {
			if !strings.Contains(name, ".") && !strings.HasSuffix(name, "~") {
				files = append(files, path.Join(target, name))
			}
		}
	}
	for _, f := range files {
		if st, err := p.root.stat(f); dir && err == nil && !st.Mode().IsRegular() {
			continue
		}
		p.includes = append(p.includes, f)
		if err := p.file(f, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// defaultsLine reads what stands after the word Defaults: an optional scope,
// then settings between commas.
func (p *sudoers) defaultsLine(file string, n int, rest string) error {
	scope := ""
	if rest != "" && strings.ContainsRune(":@>!", rune(rest[0])) {
		scope, rest = cutList(rest)
		parts := splitOutside(scope, ',')
		for i, p := range parts {
			parts[i] = strings.TrimSpace(p)
		}
		scope = strings.Join(parts, ",")
	}
	settings := splitOutside(rest, ',')
	if strings.TrimSpace(rest) == "" {
		return errors.New("expected a setting after Defaults")
	}
	for _, s := range settings {
		s = strings.TrimSpace(s)
		if s == "" {
			return errors.New("expected a setting between commas")
		}
		d := facts.SudoDefault{Scope: scope, File: file, Line: int64(n)}
		name, value, has := strings.Cut(s, "=")
		if has {
			d.Value = unquote(value)
			name = strings.TrimRight(name, "+-")
		}
		name = strings.TrimSpace(name)
		for strings.HasPrefix(name, "!") {
			d.Negated, name = !d.Negated, strings.TrimSpace(name[1:])
		}
		d.Name = strings.TrimSpace(strings.TrimRight(name, "+-"))
		p.defaults = append(p.defaults, d)
	}
	return nil
}

// cutList cuts a list off the front: words between commas, where white space
// may follow a comma, stand in quotes or behind a backslash.
func cutList(s string) (list, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case ' ', '\t':
			if quoted {
				continue
			}
			j := i
			for j < len(s) && (s[j] == ' ' || s[j] == '\t') {
				j++
			}
			if j < len(s) && s[j] == ',' || i > 0 && s[i-1] == ',' {
				i = j - 1
				continue
			}
			return s[:i], s[j:]
		}
	}
	return s, ""
}

// splitOutside splits at sep where it is neither quoted nor escaped nor in
// parentheses.
func splitOutside(s string, sep byte) []string {
	var out []string
	quoted, depth, start := false, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == sep && depth == 0:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// digests may stand before a command too, with a colon.
var sudoDigests = []string{"sha224", "sha256", "sha384", "sha512"}

// tags that may stand before a command, with a colon.
var sudoTags = []string{
	"NOPASSWD", "PASSWD", "NOEXEC", "EXEC", "SETENV", "NOSETENV", "LOG_INPUT", "NOLOG_INPUT", "LOG_OUTPUT", "NOLOG_OUTPUT",
	"FOLLOW", "NOFOLLOW", "MAIL", "NOMAIL", "INTERCEPT", "NOINTERCEPT",
}

// options that may stand before a command, with an equals sign.
var sudoOptions = []string{"CWD", "CHROOT", "ROLE", "TYPE", "TIMEOUT", "NOTBEFORE", "NOTAFTER", "APPARMOR_PROFILE", "PRIVS", "LIMITPRIVS"}

// rule reads a user specification: users, then host = commands, several with
// colons between them.
func (p *sudoers) rule(file string, n int, line string) error {
	users, rest := cutList(line)
	if rest == "" || !strings.Contains(rest, "=") {
		return errors.New("expected users, hosts = commands")
	}
	for _, part := range splitSpecs(rest) {
		hosts, commands, ok := strings.Cut(part, "=")
		if !ok || strings.TrimSpace(commands) == "" {
			return errors.New("expected hosts = commands")
		}
		for _, who := range splitOutside(users, ',') {
			r := facts.SudoRule{Who: unquote(strings.TrimSpace(who)), Hosts: strings.TrimSpace(hosts), Commands: []string{}, File: file, Line: int64(n)}
			if r.Who == "" {
				return errors.New("expected a user between commas")
			}
			commandList(&r, commands)
			p.rules = append(p.rules, r)
		}
	}
	return nil
}

// splitSpecs splits "h1 = c1 : h2 = c2" at the colons that do not belong to a
// tag, to a run-as list or to a command's arguments.
func splitSpecs(s string) []string {
	parts := splitOutside(s, ':')
	var out []string
	for _, part := range parts {
		joins := len(out) > 0
		if joins {
			last := strings.TrimSpace(out[len(out)-1])
			word := last[strings.LastIndexAny(last, " \t,=)")+1:]
			host, _, assigns := strings.Cut(part, "=")
			joins = slices.Contains(sudoTags, word) || slices.Contains(sudoDigests, word) || !assigns || strings.ContainsAny(strings.TrimSpace(host), " \t/(")
		}
		if joins {
			out[len(out)-1] += ":" + part
		} else {
			out = append(out, part)
		}
	}
	return out
}

// commandList reads the commands of one rule. Run-as lists and tags hold for
// the commands after them until another says otherwise.
func commandList(r *facts.SudoRule, commands string) {
	nopasswd, noexec, all := false, false, true
	for _, c := range splitOutside(commands, ',') {
		c = strings.TrimSpace(c)
		if strings.HasPrefix(c, "(") {
			if runas, rest, ok := strings.Cut(c[1:], ")"); ok {
				if len(r.Commands) == 0 {
					r.Runas = strings.TrimSpace(runas)
				} else if r.Runas = cmp.Or(r.Runas, "root"); r.Runas != strings.TrimSpace(runas) {
					r.Runas += "; " + strings.TrimSpace(runas)
				}
				c = strings.TrimSpace(rest)
			}
		}
		for {
			tag, rest, ok := strings.Cut(c, ":")
			if tag = strings.TrimSpace(tag); ok && slices.Contains(sudoTags, tag) {
				switch tag {
				case "NOPASSWD", "PASSWD":
					nopasswd = tag == "NOPASSWD"
				case "NOEXEC", "EXEC":
					noexec = tag == "NOEXEC"
				}
				c = strings.TrimSpace(rest)
				continue
			}
			option, rest, ok := strings.Cut(c, "=")
			if ok && slices.Contains(sudoOptions, strings.TrimSpace(option)) {
				_, c = cutSpace(strings.TrimSpace(rest))
				continue
			}
			break
		}
		r.Nopasswd = r.Nopasswd || nopasswd
		all = all && noexec
		r.Commands = append(r.Commands, c)
	}
	r.Noexec = all
}
