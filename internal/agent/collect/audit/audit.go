// Package audit reads the kernel's audit: the service's settings, the rules that
// its files would load, and those that the running kernel has.
//
// Serves C7.1b (CC7.2, CC6.8). Invariant: what the files say and what runs are
// never mixed.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing, command.
package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/command"
	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

const (
	configFile = "/etc/audit/auditd.conf"
	rulesDir   = "/etc/audit/rules.d"
	rulesFile  = "/etc/audit/audit.rules"
)

// Read reads section audit.
func Read(ctx context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	v := facts.Audit{Installed: new(root.There("/usr/sbin/auditd") || root.There("/sbin/auditd"))}
	if !*v.Installed {
		gaps.Absent("", "the audit service is not installed: no /usr/sbin/auditd")
		return gaps.Section("audit", v)
	}
	if c, err := config(root); gaps.Unless("/config", err, "no %s", configFile) {
		v.Config = c
	}
	if p, err := persisted(root); err != nil {
		gaps.Failed("/persisted", err)
		gaps.Failed("/immutable_persisted", err)
	} else {
		v.Persisted, v.ImmutablePersisted = p.rules, new(p.enable == "2")
	}
	if err := running(ctx, root, &v, &gaps); err != nil {
		return facts.Section{}, err
	}
	return gaps.Section("audit", v)
}

func config(root tree.Root) (map[string]string, error) {
	out := map[string]string{}
	err := root.Lines(configFile, func(_ int, line string) error {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			return nil
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return fmt.Errorf("expected name = value, found %.60q", line)
		}
		out[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// persisted reads the files that augenrules joins; without any of them the one
// file that auditctl loads.
func persisted(root tree.Root) (*parsed, error) {
	p := &parsed{rules: []facts.AuditRule{}}
	names, err := root.Names(rulesDir)
	if tree.IgnoreGone(err) != nil {
		return nil, err
	}
	files := []string{}
	for _, n := range names {
		if strings.HasSuffix(n, ".rules") && n[0] != '.' {
			files = append(files, rulesDir+"/"+n)
		}
	}
	if len(files) == 0 {
		files = []string{rulesFile}
	}
	for _, file := range files {
		err := root.Lines(file, func(n int, line string) error {
			before := len(p.rules)
			if err := p.line(line, root.IsDir); err != nil {
				return err
			}
			for i := before; i < len(p.rules); i++ {
				p.rules[i].File, p.rules[i].Line = file, int64(n)
			}
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
	}
	return p, nil
}

// running asks the kernel through auditctl. The error is that of ctx.
func running(ctx context.Context, root tree.Root, v *facts.Audit, gaps *missing.List) error {
	both := func(add func(path string)) { add("/running"); add("/enabled") }
	if !root.Live() {
		both(func(p string) { gaps.NotObserved(p, tree.NotLive) })
		return nil
	}
	program, ok := command.Find("auditctl")
	if !ok {
		both(func(p string) { gaps.Failed(p, errors.New("auditctl is not installed")) })
		return nil
	}
	if os.Geteuid() != 0 {
		both(func(p string) { gaps.Failed(p, errors.New(missing.NeedsRoot+" to ask the kernel for its rules")) })
		return nil
	}
	status, err := command.Run(ctx, program, "-s")
	if err == nil {
		v.Enabled, err = enabled(string(status))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		both(func(p string) { gaps.Failed(p, err) })
		return nil
	}
	out, err := command.Run(ctx, program, "-l")
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p := &parsed{rules: []facts.AuditRule{}}
	if err == nil {
		err = tree.EachLine("auditctl -l", tree.Clean(string(out)), func(_ int, line string) error { return p.line(line, root.IsDir) })
	}
	if err != nil {
		gaps.Failed("/running", err)
		return nil
	}
	v.Running = p.rules
	return nil
}

// enabled reads what auditctl -s prints: a word and a number per line.
func enabled(text string) (*int64, error) {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "enabled" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("auditctl -s: %w", err)
			}
			return &n, nil
		}
	}
	return nil, errors.New("auditctl -s does not say whether audit is enabled")
}
