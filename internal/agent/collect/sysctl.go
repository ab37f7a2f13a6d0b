package collect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

func readSysctl(_ context.Context, root Root) (facts.Section, error) {
	var rep report
	v := facts.Sysctl{Running: map[string]string{}}
	def, _ := facts.Registry().Section("sysctl")
	kernel := root.IsDir("/proc/sys")
	for _, name := range def.Watch {
		s, err := root.Text("/proc/sys/" + SysctlPath(name))
		switch {
		case err == nil:
			v.Running[name] = strings.Join(strings.Fields(s), " ")
		case !kernel:
			rep.notObserved("/running"+facts.JoinPointer(name), "no /proc/sys here: the running kernel cannot be asked")
		default:
			rep.unless("/running"+facts.JoinPointer(name), err, "this kernel has no setting %s", name)
		}
	}
	if p, err := persistedSysctl(root); err != nil {
		rep.failed("/persisted", err)
	} else {
		v.Persisted = p
	}
	return rep.section("sysctl", v)
}

// SysctlPath turns a name into a path below /proc/sys, and back: dots and
// slashes change places, so net.ipv4.conf.eth0/1.rp_filter is about eth0.1.
func SysctlPath(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '.':
			return '/'
		case '/':
			return '.'
		}
		return r
	}, name)
}

// sysctlDirs in the order of precedence: a file hides files of the same name
// in later directories.
var sysctlDirs = [...]string{"/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"}

// SysctlDirs gives the directories that settings are read from at boot.
func SysctlDirs() []string { return sysctlDirs[:] }

// sysctlFiles gives the files that are applied at boot, in their order.
func sysctlFiles(root Root) ([]string, error) {
	chosen := map[string]string{}
	for _, dir := range sysctlDirs {
		names, err := root.Names(dir)
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
		for _, name := range names {
			if _, hidden := chosen[name]; !hidden && strings.HasSuffix(name, ".conf") {
				chosen[name] = path.Join(dir, name)
			}
		}
	}
	var order []string
	for name := range chosen {
		order = append(order, name)
	}
	slices.Sort(order)
	for i, name := range order {
		order[i] = chosen[name]
	}
	// systemd-sysctl leaves /etc/sysctl.conf alone unless a link in sysctl.d
	// names it; the sysctl --system of other systems reads it last.
	if !root.There("/usr/lib/systemd/systemd-sysctl") && !root.There("/lib/systemd/systemd-sysctl") {
		order = append(order, "/etc/sysctl.conf")
	}
	return order, nil
}

// sysctlSettings gathers the settings of files. Globs wait until all files
// are read: a setting by its full name wins over any glob.
type sysctlSettings struct {
	named    map[string]facts.Setting
	excluded map[string]bool // "-name" without value: no glob sets it
	globs    []sysctlGlob
}

type sysctlGlob struct {
	pattern string // path below /proc/sys
	facts.Setting
}

func persistedSysctl(root Root) (map[string]facts.Setting, error) {
	files, err := sysctlFiles(root)
	if err != nil {
		return nil, err
	}
	s := sysctlSettings{named: map[string]facts.Setting{}, excluded: map[string]bool{}}
	for _, file := range files {
		if to, err := root.Readlink(file); err == nil && to == "/dev/null" {
			continue // masked
		}
		text, err := root.Read(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := s.parse(file, tree.Clean(string(text))); err != nil {
			return nil, err
		}
	}
	return s.resolve(func(pattern string) ([]string, error) {
		return root.Glob("/proc/sys/" + pattern)
	})
}

func (s *sysctlSettings) parse(file, text string) error {
	return tree.EachLine(file, text, func(n int, line string) error {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			return nil
		}
		name, value, assigned := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		bare, dash := strings.CutPrefix(name, "-")
		if !assigned && !dash {
			return fmt.Errorf("expected name = value, found %.60q", line)
		}
		p := sysctlKey(strings.TrimSpace(bare))
		if p == "" {
			return errors.New("expected a name before =")
		}
		set := facts.Setting{Value: strings.Join(strings.Fields(value), " "), File: file, Line: int64(n)}
		switch {
		case !assigned:
			s.excluded[p] = true
			delete(s.named, p)
		case strings.ContainsAny(p, "*?["):
			s.globs = append(s.globs, sysctlGlob{p, set})
		default:
			s.named[p] = set
			delete(s.excluded, p)
		}
		return nil
	})
}

// sysctlKey gives a name as a path below /proc/sys. Where a slash comes before
// any dot, it is written as a path already.
func sysctlKey(name string) string {
	if i := strings.IndexAny(name, "./"); i >= 0 && name[i] == '.' {
		name = SysctlPath(name)
	}
	return strings.Trim(path.Clean("/"+name), "/")
}

// resolve gives the settings by dotted name. glob lists what a pattern below
// /proc/sys matches in the running kernel; without a kernel, nothing.
func (s *sysctlSettings) resolve(glob func(string) ([]string, error)) (map[string]facts.Setting, error) {
	out := map[string]facts.Setting{}
	for _, g := range s.globs {
		paths, err := glob(g.pattern)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", g.File, g.Line, err)
		}
		for _, p := range paths {
			p = strings.TrimPrefix(p, "/proc/sys/")
			if _, named := s.named[p]; !named && !s.excluded[p] {
				out[SysctlPath(p)] = g.Setting
			}
		}
	}
	for p, set := range s.named {
		out[SysctlPath(p)] = set
	}
	return out, nil
}
