package pam

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// dirs hold a file for each service; a file hides those of the same name in
// later directories.
var dirs = [...]string{"/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"}

// Limits, as libpam has for depth; the other keeps a loop of includes from
// growing without end.
const (
	maxDepth = 32
	maxRules = 5_000
)

// stacks reads the stacks of a host.
type stacks struct {
	root  tree.Root
	files map[string][]line // by path
	total int               // rules of all services so far
}

// line is one line of a file: a rule, or an include of another file.
type line struct {
	rule    facts.PamRule
	include string // file to include; of every facility when rule has none
}

// services reads every service.
func services(root tree.Root) (map[string]facts.PamService, error) {
	s := stacks{root: root, files: map[string][]line{}}
	found, out := map[string]string{}, map[string]facts.PamService{}
	there := false
	for _, dir := range dirs {
		names, err := root.Names(dir)
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
		there = there || err == nil
		for _, name := range names {
			if _, hidden := found[name]; hidden || strings.HasPrefix(name, ".") || ignored(name) {
				continue
			}
			if p := path.Join(dir, name); !root.IsDir(p) {
				found[name] = p
			}
		}
	}
	if !there {
		return nil, errNoPAM
	}
	for name, file := range found {
		rules, err := s.resolve(file, "", 0)
		if err != nil {
			return nil, err
		}
		name = tree.Clean(name)
		out[name] = facts.PamService{Name: name, File: file, Rules: append([]facts.PamRule{}, rules...)}
	}
	return out, nil
}

var errNoPAM = errors.New("no /etc/pam.d")

// ignored are leftovers of package managers and editors, which no program
// names as its service.
func ignored(name string) bool {
	for _, ending := range []string{"~", ".bak", ".rpmnew", ".rpmsave", ".rpmorig", ".dpkg-old", ".dpkg-dist", ".dpkg-new", ".dpkg-tmp", ".ucf-dist", ".apk-new", ".swp"} {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return false
}

// resolve gives the rules of a file and of those that it includes; of one
// facility only, when it is named.
func (s *stacks) resolve(file, facility string, depth int) ([]facts.PamRule, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s: more than %d levels of include", file, maxDepth)
	}
	lines, err := s.parsed(file)
	if err != nil {
		return nil, err
	}
	var out []facts.PamRule
	for _, l := range lines {
		if facility != "" && l.rule.Facility != "" && l.rule.Facility != facility {
			continue
		}
		if l.include == "" {
			if s.total++; s.total > maxRules {
				return nil, fmt.Errorf("%s:%d: the stacks have more than %d lines", file, l.rule.Line, maxRules)
			}
			out = append(out, l.rule)
			continue
		}
		inner := l.rule.Facility
		if inner == "" {
			inner = facility
		}
		rules, err := s.resolve(s.find(l.include), inner, depth+1)
		if tree.Gone(err) {
			return nil, fmt.Errorf("%s:%d: includes %s, which is not there", file, l.rule.Line, l.include)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, rules...)
	}
	return out, nil
}

// find gives the file that an include names.
func (s *stacks) find(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	for _, dir := range dirs {
		if p := path.Join(dir, name); s.root.There(p) {
			return p
		}
	}
	return path.Join(dirs[0], name)
}

func (s *stacks) parsed(file string) ([]line, error) {
	if lines, known := s.files[file]; known {
		return lines, nil
	}
	text, err := s.root.Read(file)
	if err != nil {
		return nil, err
	}
	lines, err := parse(file, tree.Clean(string(text)))
	if err != nil {
		return nil, err
	}
	s.files[file] = lines
	return lines, nil
}

// parse takes one file apart, by pam.d(5).
func parse(file, text string) ([]line, error) {
	var out []line
	joined, first := "", 0
	err := tree.EachLine(file, text, func(n int, s string) error {
		if first == 0 {
			first = n
		}
		if before, more := strings.CutSuffix(s, `\`); more {
			joined += before + " "
			return nil
		}
		s, joined = joined+s, ""
		at := first
		first = 0
		l, err := parseLine(s)
		if err != nil || l == nil {
			return err
		}
		l.rule.File, l.rule.Line = file, int64(at)
		out = append(out, *l)
		return nil
	})
	return out, err
}

var facilities = []string{"auth", "account", "password", "session"}

// parseLine gives nil for a line that says nothing.
func parseLine(s string) (*line, error) {
	words, err := split(s)
	if err != nil || len(words) == 0 {
		return nil, err
	}
	if words[0] == "@include" {
		if len(words) < 2 {
			return nil, errors.New("@include names no file")
		}
		return &line{include: words[1]}, nil
	}
	facility := strings.ToLower(strings.TrimPrefix(words[0], "-"))
	if !slices.Contains(facilities, facility) {
		return nil, fmt.Errorf("expected auth, account, password or session, found %.40q", words[0])
	}
	if len(words) < 3 {
		return nil, fmt.Errorf("%s: expected a control and a module", facility)
	}
	r := facts.PamRule{Facility: facility, Control: words[1], Module: path.Base(words[2]), Arguments: []string{}}
	switch strings.ToLower(words[1]) {
	case "include", "substack":
		return &line{rule: r, include: words[2]}, nil
	}
	for _, a := range words[3:] {
		r.Arguments = append(r.Arguments, discreet(a))
	}
	return &line{rule: r}, nil
}

var secretive = regexp.MustCompile(`(?i)passw|secret|key|token|credential`)

// discreet leaves the value of an argument out that may be a secret.
func discreet(argument string) string {
	if name, _, ok := strings.Cut(argument, "="); ok && secretive.MatchString(name) {
		return name + "=…"
	}
	return argument
}

// split gives the words of a line; what stands in brackets is one word. A #
// outside of them starts a comment.
func split(s string) ([]string, error) {
	var words []string
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] == '#' {
			return words, nil
		}
		if s[0] == '[' {
			end := 1
			for end < len(s) && s[end] != ']' {
				if s[end] == '\\' && end+1 < len(s) {
					end++
				}
				end++
			}
			if end >= len(s) {
				return nil, errors.New("a bracket is not closed")
			}
			word := s[:end+1]
			if len(words) > 1 { // an argument: the brackets are no part of it
				word = strings.ReplaceAll(s[1:end], `\]`, "]")
			}
			words, s = append(words, word), s[end+1:]
			continue
		}
		end := strings.IndexAny(s, " \t#")
		if end < 0 {
			end = len(s)
		}
		words, s = append(words, s[:end]), s[end:]
	}
}
