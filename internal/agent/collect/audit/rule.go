package audit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

// parsed is what a text of rules says.
type parsed struct {
	rules  []facts.AuditRule
	enable string // last -e
}

// line takes one line of audit.rules(7), or of what auditctl -l prints. isDir
// tells whether a watched path is a directory.
func (p *parsed) line(s string, isDir func(string) bool) error {
	words := strings.Fields(s)
	if len(words) == 0 || words[0][0] == '#' || words[0] == "No" { // "No rules"
		return nil
	}
	r := facts.AuditRule{Syscalls: []string{}, Fields: []string{}}
	isRule := false
	for i := 0; i < len(words); i++ {
		word := words[i]
		value := func() (string, error) {
			if i++; i == len(words) {
				return "", fmt.Errorf("%s has no value", word)
			}
			return words[i], nil
		}
		var v string
		var err error
		switch word {
		case "-a", "-A":
			if v, err = value(); err == nil {
				isRule, err = true, listAction(&r, v)
			}
		case "-w":
			if v, err = value(); err == nil {
				isRule, r.List, r.Action = true, "exit", "always"
				if r.Permissions == "" {
					r.Permissions = "rwxa"
				}
				watch(&r, v, isDir)
			}
		case "-p":
			if v, err = value(); err == nil {
				r.Permissions = order(v)
			}
		case "-S":
			if v, err = value(); err == nil {
				r.Syscalls = append(r.Syscalls, strings.Split(v, ",")...)
			}
		case "-F":
			if v, err = value(); err == nil {
				field(&r, v, isDir)
			}
		case "-C":
			if v, err = value(); err == nil {
				r.Fields = append(r.Fields, v)
			}
		case "-k":
			if v, err = value(); err == nil {
				r.Key = v
			}
		case "-e":
			if v, err = value(); err == nil {
				p.enable = v
			}
		case "-d", "-W":
			return errors.New("takes a rule away again, which is not followed here")
		default: // -D, -b 8192, -f 1 and the like are about the kernel's queue
			if isRule {
				return fmt.Errorf("%.40q is no part of a rule", word)
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
	if isRule {
		slices.Sort(r.Syscalls)
		r.Syscalls = slices.Compact(r.Syscalls)
		p.rules = append(p.rules, r)
	}
	return nil
}

// listAction reads list and action, in either order.
func listAction(r *facts.AuditRule, v string) error {
	a, b, ok := strings.Cut(v, ",")
	if !ok {
		return fmt.Errorf("expected list,action, found %.40q", v)
	}
	if a == "always" || a == "never" || a == "possible" {
		a, b = b, a
	}
	r.List, r.Action = a, b
	return nil
}

func watch(r *facts.AuditRule, p string, isDir func(string) bool) {
	trimmed := p
	if len(p) > 1 {
		trimmed = strings.TrimRight(p, "/")
	}
	if trimmed != p || isDir(p) {
		r.Dir = trimmed
	} else {
		r.Path = p
	}
}

func field(r *facts.AuditRule, v string, isDir func(string) bool) {
	name, value, _ := strings.Cut(v, "=")
	switch name {
	case "arch":
		r.Arch = value
		if value == "x86_64" || value == "aarch64" {
			r.Arch = "b64"
		}
	case "path":
		watch(r, value, func(string) bool { return false })
	case "dir":
		watch(r, value, func(string) bool { return true })
	case "perm":
		r.Permissions = order(value)
	case "key":
		r.Key = value
	default:
		r.Fields = append(r.Fields, v)
	}
}

// order writes accesses as r, w, x, a.
func order(permissions string) string {
	out := ""
	for _, c := range "rwxa" {
		if strings.ContainsRune(permissions, c) {
			out += string(c)
		}
	}
	return out
}
