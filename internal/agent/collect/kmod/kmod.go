// Package kmod reads the modules of the kernel: which are loaded, and which
// could be.
//
// Serves C7.1b (CC6.8, CC7.1). Floor: edges, below agent/collect. Imports
// facts, tree, missing.
package kmod

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// Read reads section kernel_modules.
func Read(_ context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	var v facts.KernelModules
	loaded, err := loadedModules(root)
	switch {
	case err == nil:
		v.Loaded = loaded
	case tree.Gone(err) && root.There("/proc/sys/kernel"):
		gaps.Absent("/loaded", "this kernel has no modules")
		loaded, err = map[string]facts.KernelModule{}, nil
	case tree.Gone(err):
		gaps.NotObserved("/loaded", "no /proc/modules here: the running kernel cannot be asked")
	default:
		gaps.Failed("/loaded", err)
	}
	rules, rulesErr := rules(root)
	if rulesErr != nil {
		gaps.Failed("/rules", rulesErr)
	} else {
		v.Rules = rules
	}
	w := watched{root: root, loaded: loaded, loadedErr: err, rules: rules, rulesErr: rulesErr}
	w.files()
	def, _ := facts.Registry().Section("kernel_modules")
	v.Watched = map[string]facts.ModuleState{}
	for _, name := range def.Watch {
		v.Watched[name] = w.state(name, &gaps)
	}
	v.SignatureEnforced = yes(root, "/sys/module/module/parameters/sig_enforce", "Y", "/signature_enforced", "this kernel does not verify modules", &gaps)
	v.Disabled = yes(root, "/proc/sys/kernel/modules_disabled", "1", "/disabled", "this kernel has no modules", &gaps)
	return gaps.Section("kernel_modules", v)
}

// yes reads a switch of the running kernel.
func yes(root tree.Root, file, on, at, without string, gaps *missing.List) *bool {
	s, err := root.Text(file)
	if tree.Gone(err) && !root.There("/proc/sys/kernel") {
		gaps.NotObserved(at, "no %s here: the running kernel cannot be asked", file)
		return nil
	}
	if !gaps.Unless(at, err, "%s: no %s", without, file) {
		return nil
	}
	return new(s == on)
}

// loadedModules reads /proc/modules: name, size, references, who refers to it,
// state, address.
func loadedModules(root tree.Root) (map[string]facts.KernelModule, error) {
	out := map[string]facts.KernelModule{}
	err := root.Lines("/proc/modules", func(_ int, line string) error {
		f := strings.Fields(line)
		if len(f) == 0 {
			return nil
		}
		if len(f) < 4 {
			return fmt.Errorf("expected name, size, references and users, found %d fields", len(f))
		}
		size, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return fmt.Errorf("size: %w", err)
		}
		m := facts.KernelModule{Name: f[0], Size: size, InUse: f[2] != "0" && f[2] != "-", UsedBy: []string{}}
		for by := range strings.SplitSeq(f[3], ",") {
			if by != "" && by != "-" && by[0] != '[' {
				m.UsedBy = append(m.UsedBy, by)
			}
		}
		slices.Sort(m.UsedBy)
		out[m.Name] = m
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// confDirs in the order of precedence: a file hides files of the same name in
// later directories.
var confDirs = [...]string{"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"}

// rules reads blacklist and install lines, in the order in which modprobe does.
func rules(root tree.Root) ([]facts.ModprobeRule, error) {
	chosen := map[string]string{}
	for _, dir := range confDirs {
		names, err := root.Names(dir)
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
		for _, n := range names {
			if _, hidden := chosen[n]; !hidden && strings.HasSuffix(n, ".conf") {
				chosen[n] = path.Join(dir, n)
			}
		}
	}
	var order []string
	for n := range chosen {
		order = append(order, n)
	}
	slices.Sort(order)
	out := []facts.ModprobeRule{}
	for _, n := range order {
		text, err := root.Read(chosen[n])
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list, err := parse(chosen[n], tree.Clean(string(text)))
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// parse takes one file of modprobe.d(5) apart.
func parse(file, text string) ([]facts.ModprobeRule, error) {
	var out []facts.ModprobeRule
	joined, first := "", 0
	err := tree.EachLine(file, text, func(n int, line string) error {
		if first == 0 {
			first = n
		}
		if before, more := strings.CutSuffix(line, `\`); more {
			joined += before + " "
			return nil
		}
		f := strings.Fields(joined + line)
		at := int64(first)
		joined, first = "", 0
		if len(f) == 0 || f[0][0] == '#' {
			return nil
		}
		switch f[0] {
		case "blacklist":
			if len(f) < 2 {
				return errors.New("blacklist names no module")
			}
			out = append(out, facts.ModprobeRule{Kind: "blacklist", Module: f[1], File: file, Line: at})
		case "install":
			if len(f) < 3 {
				return errors.New("install names no module or no command")
			}
			out = append(out, facts.ModprobeRule{Kind: "install", Module: f[1], Command: f[2], File: file, Line: at})
		}
		return nil
	})
	return out, err
}

// same: modprobe takes hyphens for underscores.
func same(name string) string { return strings.ReplaceAll(name, "-", "_") }

// watched says of modules what standards ask.
type watched struct {
	root      tree.Root
	loaded    map[string]facts.KernelModule
	loadedErr error
	rules     []facts.ModprobeRule
	rulesErr  error

	there, builtin map[string]bool // by name with underscores; nil when not known
	filesErr       error
	filesWhy       string // why they cannot be known, when that is no error
}

// files reads which modules the running kernel has.
func (w *watched) files() {
	release, err := w.root.Text("/proc/sys/kernel/osrelease")
	if err != nil {
		if w.filesErr = err; tree.Gone(err) {
			w.filesErr, w.filesWhy = nil, "the running kernel does not give its release here"
		}
		return
	}
	for _, base := range []string{"/usr/lib/modules", "/lib/modules"} {
		dir := path.Join(base, path.Clean("/"+release))
		there, err := list(w.root, dir+"/modules.dep")
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			w.filesErr = err
			return
		}
		builtin, err := list(w.root, dir+"/modules.builtin")
		if tree.IgnoreGone(err) != nil {
			w.filesErr = err
			return
		}
		w.there, w.builtin = there, builtin
		return
	}
	w.filesWhy = "no modules of the running kernel (" + release + ") are to be seen here"
}

// list gives the names of a file whose lines start with the path of a module.
func list(root tree.Root, file string) (map[string]bool, error) {
	out := map[string]bool{}
	err := root.Scan(file, func(_ int, line []byte) error {
		p, _, _ := strings.Cut(string(line), ":")
		name, _, ok := strings.Cut(path.Base(p), ".ko")
		if ok {
			out[same(name)] = true
		}
		return nil
	})
	return out, err
}

func (w *watched) state(name string, gaps *missing.List) facts.ModuleState {
	s, at := facts.ModuleState{Name: name}, "/watched"+facts.JoinPointer(name)
	_, loaded := w.loaded[same(name)]
	switch {
	case loaded || w.builtin[same(name)]:
		s.Loaded = new(true)
	case w.loadedErr == nil:
		s.Loaded = new(false)
	case tree.Gone(w.loadedErr):
		gaps.NotObserved(at+"/loaded", "no /proc/modules here: the running kernel cannot be asked")
	default:
		gaps.Failed(at+"/loaded", w.loadedErr)
	}
	switch {
	case w.filesErr != nil:
		gaps.Failed(at+"/available", w.filesErr)
	case w.there == nil:
		gaps.NotObserved(at+"/available", "%s", w.filesWhy)
	default:
		s.Available = new(w.there[same(name)])
	}
	if w.rulesErr != nil {
		for _, f := range []string{"/blacklisted", "/blocked", "/by"} {
			gaps.Failed(at+f, w.rulesErr)
		}
		return s
	}
	s.Blacklisted, s.Blocked, s.By = new(false), new(false), new("")
	decided := false
	for _, r := range w.rules {
		match, err := path.Match(same(r.Module), same(name))
		if err != nil || !match {
			continue
		}
		where := fmt.Sprintf("%s:%d", r.File, r.Line)
		switch {
		case r.Kind == "blacklist":
			if *s.Blacklisted = true; *s.By == "" {
				*s.By = where
			}
		case !decided: // the first install line holds
			decided = true
			if c := path.Base(r.Command); c == "true" || c == "false" {
				*s.Blocked, *s.By = true, where
			}
		}
	}
	return s
}
