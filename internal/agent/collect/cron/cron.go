// Package cron reads what cron, anacron and at start, and who can change the
// programs that root runs so.
//
// Serves C7.1b, B19 (CC6.1, CC6.8). Invariant: a command may hold a password, so
// only its first word and a digest are read out.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing.
package cron

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// maxJobs is what is sent; more is an error, not a cut.
const maxJobs = 2_000

// Read reads section cron.
func Read(_ context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	v := facts.Cron{Installed: new(false)}
	for _, p := range []string{"/usr/sbin/cron", "/usr/sbin/crond", "/usr/sbin/anacron", "/usr/sbin/fcron", "/usr/sbin/cronie", "/sbin/crond"} {
		*v.Installed = *v.Installed || root.There(p)
	}
	r := reader{root: root, jobs: []facts.CronJob{}, tables: map[string]bool{}}
	if err := r.read(); err != nil {
		gaps.Failed("/jobs", err)
		gaps.Failed("/root_programs", err)
		return gaps.Section("cron", v)
	}
	v.Jobs, v.RootPrograms = r.jobs, r.programs(&gaps)
	return gaps.Section("cron", v)
}

type reader struct {
	root   tree.Root
	jobs   []facts.CronJob
	tables map[string]bool // files that root's jobs stand in
}

func (r *reader) read() error {
	steps := []func() error{
		func() error { return r.table("/etc/crontab", "crontab", "") },
		func() error { return r.each("/etc/cron.d", func(p string) error { return r.table(p, "cron.d", "") }) },
		func() error { return r.users("/var/spool/cron/crontabs") },
		func() error { return r.users("/var/spool/cron") },
		func() error { return r.anacron("/etc/anacrontab") },
		r.at,
	}
	for _, period := range []string{"hourly", "daily", "weekly", "monthly"} {
		steps = append(steps, func() error { return r.scripts("/etc/cron."+period, period) })
		steps = append(steps, func() error { return r.scripts("/etc/periodic/"+period, period) }) // Alpine
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	order := []string{"crontab", "cron.d", "user", "hourly", "daily", "weekly", "monthly", "anacron", "at"}
	slices.SortStableFunc(r.jobs, func(a, b facts.CronJob) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return nil
}

// each calls f with the files of a directory, but for hidden ones and what cron
// passes over.
func (r *reader) each(dir string, f func(p string) error) error {
	names, err := r.root.Names(dir)
	if err != nil {
		return tree.IgnoreGone(err)
	}
	for _, n := range names {
		if n[0] == '.' || strings.ContainsAny(n, "~#") || r.root.IsDir(path.Join(dir, n)) {
			continue
		}
		if err := f(path.Join(dir, n)); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) add(j facts.CronJob) error {
	if len(r.jobs) == maxJobs {
		return fmt.Errorf("there are more than %d jobs", maxJobs)
	}
	if j.User == "root" && j.Line > 0 {
		r.tables[j.File] = true
	}
	r.jobs = append(r.jobs, j)
	return nil
}

// table reads a table; of a user's own the user is given and not in the lines.
func (r *reader) table(file, kind, user string) error {
	err := r.root.Lines(file, func(n int, line string) error {
		j, ok, err := parseLine(line, user)
		if err != nil || !ok {
			return err
		}
		j.Kind, j.File, j.Line = kind, file, int64(n)
		return r.add(j)
	})
	return tree.IgnoreGone(err)
}

func (r *reader) users(dir string) error {
	return r.each(dir, func(p string) error { return r.table(p, "user", tree.Clean(path.Base(p))) })
}

// parseLine reads one line of crontab(5); ok is false for what is no job.
func parseLine(line, user string) (j facts.CronJob, ok bool, err error) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' || assignment(line) {
		return j, false, nil
	}
	fields := 5
	if line[0] == '@' {
		fields = 1
	}
	rest := line
	var schedule []string
	for range fields {
		var word string
		word, rest = tree.CutSpace(rest)
		schedule = append(schedule, word)
	}
	j.Schedule, j.User = strings.Join(schedule, " "), user
	if user == "" {
		j.User, rest = tree.CutSpace(rest)
	}
	rest = strings.TrimSpace(rest)
	if rest == "" || j.User == "" {
		return j, false, errors.New("expected times, a user and a command")
	}
	j.Program, j.CommandDigest = program(rest), digest(rest)
	return j, true, nil
}

// assignment tells NAME = value from a job: the name has no space in it.
func assignment(line string) bool {
	name, _, ok := strings.Cut(line, "=")
	name = strings.Trim(name, " \t\"'")
	return ok && name != "" && !strings.ContainsAny(name, " \t*@/") && (name[0] < '0' || name[0] > '9')
}

// program gives the first word of a command that is a program: what sets a
// variable first is passed over, and so are what a test asks about and where cd goes.
func program(command string) string {
	asked := false
	for word := range strings.FieldsSeq(command) {
		word = strings.Trim(word, `"'()[]{};&|!`)
		if name, _, set := strings.Cut(word, "="); word == "" || set && !strings.Contains(name, "/") {
			continue
		}
		if asked {
			asked = false
			continue
		}
		switch word {
		case "cd", "-x", "-e", "-d", "-f", "-s", "-r", "-S", "-L":
			asked = true
			continue
		case "test", "command", "if", "then", "exec", "nice", "ionice", "-v":
			continue
		}
		return word
	}
	return ""
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

func (r *reader) scripts(dir, kind string) error {
	return r.each(dir, func(p string) error {
		st, err := r.root.Stat(p)
		if err != nil || st.Mode()&0o111 == 0 { // what cannot be executed is passed over
			return tree.IgnoreGone(err)
		}
		p = tree.Clean(p)
		return r.add(facts.CronJob{Kind: kind, File: p, User: "root", Program: p})
	})
}

// anacron reads anacrontab(5): period, delay, name, command.
func (r *reader) anacron(file string) error {
	err := r.root.Lines(file, func(n int, line string) error {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || assignment(line) {
			return nil
		}
		f := strings.Fields(line)
		if len(f) < 4 {
			return errors.New("expected period, delay, name and command")
		}
		_, rest := tree.CutSpace(line)
		_, rest = tree.CutSpace(rest)
		_, rest = tree.CutSpace(rest)
		return r.add(facts.CronJob{Kind: "anacron", File: file, Line: int64(n), User: "root", Schedule: f[0] + " " + f[1], Program: program(rest), CommandDigest: digest(rest)})
	})
	return tree.IgnoreGone(err)
}

// at lists the jobs of at by their files; they belong to who made them.
func (r *reader) at() error {
	for _, dir := range []string{"/var/spool/cron/atjobs", "/var/spool/at"} {
		err := r.each(dir, func(p string) error {
			st, err := r.root.Stat(p)
			if err != nil || !st.Mode().IsRegular() || path.Base(p) == "SEQ" {
				return tree.IgnoreGone(err)
			}
			uid := int64(st.Sys().(*syscall.Stat_t).Uid)
			name := strconv.FormatInt(uid, 10)
			if uid == 0 {
				name = "root"
			}
			return r.add(facts.CronJob{Kind: "at", File: tree.Clean(p), User: name})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// programs describes what root's jobs run by absolute path, and the tables.
func (r *reader) programs(gaps *missing.List) []facts.CronProgram {
	paths := []string{}
	for _, j := range r.jobs {
		if j.User == "root" && path.IsAbs(j.Program) {
			paths = append(paths, path.Clean(j.Program))
		}
	}
	for p := range r.tables {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	out := []facts.CronProgram{}
	for _, p := range slices.Compact(paths) {
		c, at := facts.CronProgram{Path: p}, "/root_programs/"+strconv.Itoa(len(out))
		st, err := r.root.Stat(p)
		switch {
		case err == nil:
			sys := st.Sys().(*syscall.Stat_t) // always, on Linux
			uid, octal := int64(sys.Uid), fmt.Sprintf("%04o", sys.Mode&0o7777)
			others := uid != 0 || sys.Mode&0o002 != 0 || sys.Mode&0o020 != 0 && sys.Gid != 0
			c.Exists, c.UID, c.ModeOctal, c.OthersWrite = new(true), &uid, &octal, &others
		case tree.Gone(err):
			c.Exists = new(false)
			gaps.Absent(at, "no %s on this host", p)
		default:
			gaps.Failed(at, err)
		}
		out = append(out, c)
	}
	return out
}
