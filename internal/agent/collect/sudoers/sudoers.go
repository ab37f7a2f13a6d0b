// Package sudoers reads the policy of sudo, sudoers(5): who may run what, and
// the Defaults settings.
//
// Serves C7.1b and CC6 (who may become root). Invariant: a file that sudo
// refuses is an error here, never half a policy.
//
// Floor: edges, below agent/collect. Imports facts and agent/collect/tree.
package sudoers

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// File is the one that sudo starts with.
const File = "/etc/sudoers"

// Policy is what the files say.
type Policy struct {
	Rules    []facts.SudoRule
	Defaults []facts.SudoDefault
	Includes []string // files read after File, in their order

	root tree.Root
}

// Read reads File and all that it includes. An error names file and line; one
// of os says that a file is not there or closed.
func Read(root tree.Root) (*Policy, error) {
	p := &Policy{root: root, Rules: []facts.SudoRule{}, Defaults: []facts.SudoDefault{}, Includes: []string{}}
	if err := p.file(File, 0); err != nil {
		return nil, err
	}
	return p, nil
}

// maxIncludes is how deep files may include each other, in sudo too.
const maxIncludes = 128

func (p *Policy) file(file string, depth int) error {
	text, err := p.root.Read(file)
	if err != nil {
		return err
	}
	return p.parse(file, tree.Clean(string(text)), depth)
}

// parse reads one file. A backslash at the end joins lines; the first one
// gives its number.
func (p *Policy) parse(file, text string, depth int) error {
	joined, start, n := "", 0, 0
	for line := range strings.Lines(text + "\n") {
		n++
		line = strings.TrimRight(line, "\r\n")
		if joined == "" {
			start = n
		}
		if before, more := strings.CutSuffix(line, `\`); more && !strings.HasPrefix(strings.TrimSpace(joined+line), "#") {
			joined += before + " "
			continue
		}
		whole := strings.TrimSpace(joined + line)
		joined = ""
		if err := p.line(file, start, whole, depth); err != nil {
			return fmt.Errorf("%s:%d: %w", file, start, err)
		}
	}
	return nil
}

func (p *Policy) line(file string, n int, line string, depth int) error {
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
	word, rest := tree.CutSpace(line)
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

func (p *Policy) include(from, target string, dir bool, depth int) error {
	if depth >= maxIncludes {
		return errors.New("too many levels of includes")
	}
	target = strings.ReplaceAll(strings.Trim(target, `"`), `\ `, " ")
	if strings.Contains(target, "%h") {
		host := ""
		if p.root.Live() {
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
		names, err := p.root.Names(target)
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
		if st, err := p.root.Stat(f); dir && err == nil && !st.Mode().IsRegular() {
			continue
		}
		p.Includes = append(p.Includes, f)
		if err := p.file(f, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// defaultsLine reads what stands after the word Defaults: an optional scope,
// then settings between commas.
func (p *Policy) defaultsLine(file string, n int, rest string) error {
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
			d.Value = tree.Unquote(value)
			name = strings.TrimRight(name, "+-")
		}
		name = strings.TrimSpace(name)
		for strings.HasPrefix(name, "!") {
			d.Negated, name = !d.Negated, strings.TrimSpace(name[1:])
		}
		d.Name = strings.TrimSpace(strings.TrimRight(name, "+-"))
		p.Defaults = append(p.Defaults, d)
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
func (p *Policy) rule(file string, n int, line string) error {
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
			r := facts.SudoRule{Who: tree.Unquote(strings.TrimSpace(who)), Hosts: strings.TrimSpace(hosts), Commands: []string{}, File: file, Line: int64(n)}
			if r.Who == "" {
				return errors.New("expected a user between commas")
			}
			commandList(&r, commands)
			p.Rules = append(p.Rules, r)
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
				_, c = tree.CutSpace(strings.TrimSpace(rest))
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
