// Package pam reads what PAM asks of passwords and logins: the stacks with
// their includes, and the settings of the modules in them.
//
// Serves C7.1b (CC6.1). Invariants: an argument that may be a secret is left
// out; a setting that holds in one way of logging in and not in another counts
// as the weaker one.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing.
package pam

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// derived are the facts that follow from the stacks.
var derived = []string{"/quality", "/lockout", "/history", "/unix", "/su", "/umask", "/mfa"}

// Read reads section pam.
func Read(_ context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	var v facts.Pam
	list, err := services(root)
	switch {
	case errors.Is(err, errNoPAM):
		gaps.Absent("/services", "PAM is not used: no %s", dirs[0])
		for _, p := range derived {
			gaps.Absent(p, "PAM is not used: no %s", dirs[0])
		}
	case err != nil:
		gaps.Failed("/services", err)
		for _, p := range derived {
			gaps.Failed(p, err)
		}
	default:
		v.Services = list
		r := reader{root: root, services: list, gaps: &gaps}
		v.Quality, v.Lockout, v.History, v.Unix, v.Su = r.quality(), r.lockout(), r.history(), r.unix(), r.su()
		v.Umask = new(r.everywhere(r.logins(), func(rule facts.PamRule) bool { return rule.Facility == "session" && rule.Module == "pam_umask.so" }))
		v.Mfa = r.mfa()
	}
	days, err := inactive(root)
	if gaps.Unless("/inactive_days", err, "no %s", useradd) {
		v.InactiveDays = &days
	}
	if v.Limits, err = limits(root); err != nil {
		v.Limits = nil
		gaps.Failed("/limits", err)
	}
	return gaps.Section("pam", v)
}

// reader derives what the stacks come to.
type reader struct {
	root     tree.Root
	services map[string]facts.PamService
	gaps     *missing.List
}

// logins gives the services that people log in through.
func (r *reader) logins() []string {
	return r.some([]string{"login", "sshd"}, []string{"common-auth", "system-auth", "base-auth", "other"})
}

// changes gives the services that passwords are changed through.
func (r *reader) changes() []string {
	return r.some([]string{"passwd"}, []string{"common-password", "system-auth", "base-password", "other"})
}

// some gives those that are there, else the first other one that is.
func (r *reader) some(names, others []string) []string {
	var out []string
	for _, n := range names {
		if _, ok := r.services[n]; ok {
			out = append(out, n)
		}
	}
	for _, n := range others {
		if _, ok := r.services[n]; ok && len(out) == 0 {
			out = append(out, n)
		}
	}
	return out
}

// rules gives the rules of a service of one facility and one of some modules.
func (r *reader) rules(service, facility string, modules ...string) []facts.PamRule {
	var out []facts.PamRule
	for _, rule := range r.services[service].Rules {
		if rule.Facility == facility && slices.Contains(modules, rule.Module) {
			out = append(out, rule)
		}
	}
	return out
}

// everywhere reports whether each of the services has such a rule.
func (r *reader) everywhere(services []string, has func(facts.PamRule) bool) bool {
	for _, s := range services {
		if !slices.ContainsFunc(r.services[s].Rules, has) {
			return false
		}
	}
	return len(services) > 0
}

// argument gives the value of name= in the last rule that has it.
func argument(rules []facts.PamRule, name string) (string, bool) {
	value, found := "", false
	for _, r := range rules {
		for _, a := range r.Arguments {
			if v, ok := strings.CutPrefix(a, name+"="); ok {
				value, found = v, true
			}
		}
	}
	return value, found
}

// flag reports whether a rule has the bare argument.
func flag(rules []facts.PamRule, name string) bool {
	return slices.ContainsFunc(rules, func(r facts.PamRule) bool { return slices.Contains(r.Arguments, name) })
}

// settings are those of a module: of its file, then of its arguments.
type settings map[string]string

// add reads a file of name = value and bare names.
func (s settings) add(root tree.Root, file string) error {
	return tree.IgnoreGone(root.Lines(file, func(_ int, line string) error {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if line == "" {
			return nil
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			value = "1"
		}
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if slices.Contains(numbers, name) {
			if _, err := number(value); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		s[name] = value
		return nil
	}))
}

// with gives a copy with the arguments of rules laid over.
func (s settings) with(rules []facts.PamRule) settings {
	out := settings{}
	for k, v := range s {
		out[k] = v
	}
	for _, r := range rules {
		for _, a := range r.Arguments {
			name, value, ok := strings.Cut(a, "=")
			if !ok {
				value = "1"
			}
			out[name] = value
		}
	}
	return out
}

// numbers are the settings that must be one.
var numbers = []string{
	"minlen", "minclass", "dcredit", "ucredit", "lcredit", "ocredit", "difok", "maxrepeat", "maxsequence", "dictcheck", "enforcing",
	"deny", "unlock_time", "fail_interval", "remember",
}

func number(s string) (int64, error) {
	if s == "never" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > 1<<40 || n < -1<<40 {
		return 0, fmt.Errorf("expected a number, found %.40q", s)
	}
	return n, nil
}

// number gives a setting, or what holds without it.
func (s settings) number(name string, without int64) (int64, error) {
	v, ok := s[name]
	if !ok {
		return without, nil
	}
	n, err := number(v)
	if err != nil {
		return 0, fmt.Errorf("argument %s: %w", name, err)
	}
	return n, nil
}

func (s settings) on(name string) bool { return s[name] != "" && s[name] != "0" }

const useradd = "/etc/default/useradd"

func inactive(root tree.Root) (int64, error) {
	days := int64(-1)
	err := root.Lines(useradd, func(_ int, line string) error {
		value, ok := strings.CutPrefix(strings.TrimSpace(line), "INACTIVE=")
		if !ok || tree.Unquote(value) == "" {
			return nil
		}
		n, err := number(tree.Unquote(value))
		if err != nil {
			return fmt.Errorf("INACTIVE: %w", err)
		}
		days = n
		return nil
	})
	return days, err
}

// limits reads what pam_limits reads; it passes over lines that are no limit,
// as that does.
func limits(root tree.Root) ([]facts.Limit, error) {
	more, err := root.Glob("/etc/security/limits.d/*.conf")
	if err != nil {
		return nil, err
	}
	out := []facts.Limit{}
	for _, file := range append([]string{"/etc/security/limits.conf"}, more...) {
		err := root.Lines(file, func(n int, line string) error {
			line, _, _ = strings.Cut(line, "#")
			f := strings.Fields(line)
			if len(f) == 4 && slices.Contains([]string{"soft", "hard", "-"}, strings.ToLower(f[1])) {
				out = append(out, facts.Limit{Domain: f[0], Kind: strings.ToLower(f[1]), Item: strings.ToLower(f[2]), Value: f[3], File: file, Line: int64(n)})
			}
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
	}
	return out, nil
}
