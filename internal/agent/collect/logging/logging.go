// Package logging reads how a host keeps messages, who may read them, and where
// they are sent.
//
// Serves C7.1b (CC7.2, CC7.3). Floor: edges, below agent/collect. Imports facts,
// tree, missing.
package logging

import (
	"context"
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

// Read reads section logging.
func Read(ctx context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	v := facts.Logging{Remote: []facts.LogTarget{}}
	v.Journald = journald(root, &gaps)
	remote := func(list []facts.LogTarget, err error) {
		if err != nil && v.Remote != nil {
			v.Remote = nil
			gaps.Failed("/remote", err)
		}
		if v.Remote != nil {
			v.Remote = append(v.Remote, list...)
		}
	}
	rs, targets, err := rsyslog(root, &gaps)
	v.Rsyslog = rs
	remote(targets, err)
	v.SyslogNg = &facts.LoggingSyslogNg{Installed: new(root.There("/usr/sbin/syslog-ng") || root.There("/sbin/syslog-ng"))}
	if *v.SyslogNg.Installed {
		remote(syslogNG(root))
	}
	remote(journalUpload(root))
	v.Logrotate = logrotate(root, &gaps)
	wide, truncated, err := wideFiles(ctx, root)
	if ctx.Err() != nil {
		return facts.Section{}, ctx.Err()
	}
	if gaps.Unless("/wide_files", err, "no /var/log") {
		v.WideFiles = wide
	}
	if gaps.Unless("/wide_files_truncated", err, "no /var/log") {
		v.WideFilesTruncated = &truncated
	}
	return gaps.Section("logging", v)
}

// conf reads one section of a configuration of systemd: the main file, then its
// drop-ins in the order of their names, of which /etc hides /run hides /usr/lib.
func conf(root tree.Root, name, section string) (map[string]facts.Setting, error) {
	files := []string{}
	chosen := map[string]string{}
	bases := []string{"/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"}
	for _, base := range bases {
		if p := path.Join(base, name); len(files) == 0 && root.There(p) {
			files = append(files, p)
		}
		names, err := root.Names(path.Join(base, name+".d"))
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
		for _, n := range names {
			if _, hidden := chosen[n]; !hidden && strings.HasSuffix(n, ".conf") {
				chosen[n] = path.Join(base, name+".d", n)
			}
		}
	}
	var order []string
	for n := range chosen {
		order = append(order, n)
	}
	slices.Sort(order)
	for _, n := range order {
		files = append(files, chosen[n])
	}
	out := map[string]facts.Setting{}
	for _, file := range files {
		in := ""
		err := root.Lines(file, func(n int, line string) error {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' || line[0] == ';' {
				return nil
			}
			if line[0] == '[' {
				in = strings.Trim(line, "[]")
				return nil
			}
			key, value, ok := strings.Cut(line, "=")
			if !ok {
				return fmt.Errorf("expected Name=value, found %.60q", line)
			}
			if key = strings.TrimSpace(key); in == section {
				if value = strings.TrimSpace(value); value == "" {
					delete(out, key) // back to the default
				} else {
					out[key] = facts.Setting{Value: value, File: file, Line: int64(n)}
				}
			}
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
	}
	return out, nil
}

func journald(root tree.Root, gaps *missing.List) *facts.LoggingJournald {
	j := &facts.LoggingJournald{Installed: new(root.There("/usr/lib/systemd/systemd-journald") || root.There("/lib/systemd/systemd-journald"))}
	if !*j.Installed {
		gaps.Absent("/journald", "systemd-journald is not installed")
		return j
	}
	s, err := conf(root, "journald.conf", "Journal")
	if err != nil {
		gaps.Failed("/journald", err)
		return j
	}
	j.Settings = s
	j.Compress, j.ForwardToSyslog = new(true), new(false)
	if v, set := s["Compress"]; set {
		*j.Compress = !no(v.Value)
	}
	if v, set := s["ForwardToSyslog"]; set {
		*j.ForwardToSyslog = !no(v.Value)
	}
	switch strings.ToLower(s["Storage"].Value) {
	case "persistent":
		j.Persistent = new(true)
	case "volatile", "none":
		j.Persistent = new(false)
	default: // auto
		j.Persistent = new(root.IsDir("/var/log/journal"))
	}
	return j
}

// no reads a switch as systemd does; a size counts as on.
func no(v string) bool {
	return slices.Contains([]string{"no", "n", "false", "f", "off", "0"}, strings.ToLower(v))
}

func journalUpload(root tree.Root) ([]facts.LogTarget, error) {
	s, err := conf(root, "journal-upload.conf", "Upload")
	if err != nil {
		return nil, err
	}
	u, set := s["URL"]
	if !set {
		return nil, nil
	}
	t := facts.LogTarget{Program: "journal-upload", Protocol: "https", File: u.File, Line: u.Line}
	rest := u.Value
	if scheme, after, ok := strings.Cut(u.Value, "://"); ok {
		t.Protocol, rest = strings.ToLower(scheme), after
	}
	t.Encrypted = t.Protocol == "https"
	rest, _, _ = strings.Cut(rest, "/")
	t.Host, t.Port = hostPort(rest)
	return []facts.LogTarget{t}, nil
}

// hostPort takes host:port apart; an address of version 6 stands in brackets.
func hostPort(s string) (string, int64) {
	s = strings.TrimSpace(s)
	host, rest := s, ""
	if inner, ok := strings.CutPrefix(s, "["); ok {
		host, rest, _ = strings.Cut(inner, "]")
		rest = strings.TrimPrefix(rest, ":")
	} else if strings.Count(s, ":") == 1 {
		host, rest, _ = strings.Cut(s, ":")
	}
	port, err := strconv.ParseInt(rest, 10, 32)
	if err != nil {
		port = 0
	}
	return host, port
}

// rotates are what starts logrotate when it is there.
var rotates = []string{
	"/etc/cron.daily/logrotate", "/etc/cron.hourly/logrotate", "/etc/cron.d/logrotate", "/etc/periodic/daily/logrotate",
	"/etc/systemd/system/timers.target.wants/logrotate.timer", "/usr/lib/systemd/system/timers.target.wants/logrotate.timer",
}

func logrotate(root tree.Root, gaps *missing.List) *facts.LoggingLogrotate {
	l := &facts.LoggingLogrotate{Installed: new(root.There("/usr/sbin/logrotate") || root.There("/sbin/logrotate") || root.There("/usr/bin/logrotate"))}
	if !*l.Installed {
		gaps.Absent("/logrotate", "logrotate is not installed")
		return l
	}
	masked := false
	if to, err := root.Readlink("/etc/systemd/system/logrotate.timer"); err == nil {
		masked = to == "/dev/null"
	}
	l.Scheduled = new(slices.ContainsFunc(rotates, func(p string) bool {
		_, err := root.Lstat(p) // of a timer a link, which may lead out of a tree
		return err == nil && !(masked && path.Ext(p) == ".timer")
	}))
	frequency, rotate := "weekly", int64(0)
	depth := 0
	file := "/etc/logrotate.conf"
	err := root.Lines(file, func(_ int, line string) error {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		outside := depth == 0
		depth += strings.Count(line, "{") - strings.Count(line, "}")
		if len(f) == 0 || !outside || strings.Contains(line, "{") {
			return nil
		}
		switch f[0] {
		case "hourly", "daily", "weekly", "monthly", "yearly":
			frequency = f[0]
		case "rotate":
			if len(f) < 2 {
				return errors.New("rotate has no number")
			}
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				return fmt.Errorf("rotate: expected a number, found %.40q", f[1])
			}
			rotate = n
		}
		return nil
	})
	if gaps.Unless("/logrotate/frequency", err, "no %s", file) {
		l.Frequency = &frequency
	}
	if gaps.Unless("/logrotate/rotate", err, "no %s", file) {
		l.Rotate = &rotate
	}
	return l
}

// Limits of the walk below /var/log.
const (
	maxDepth  = 4
	maxListed = 1_000
	maxLooked = 20_000
)

// shared are files that programs of all users write or read by design.
var shared = []string{"wtmp", "btmp", "lastlog", "utmp"}

func wideFiles(ctx context.Context, root tree.Root) (list []facts.WideFile, truncated bool, err error) {
	list = []facts.WideFile{}
	looked := 0
	var walk func(dir string, depth int) error
	walk = func(dir string, depth int) error {
		names, err := root.Names(dir)
		if err != nil {
			return err
		}
		for _, n := range names {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p := path.Join(dir, n)
			if looked++; looked > maxLooked || len(list) == maxListed {
				truncated = true
				return nil
			}
			st, err := root.Lstat(p)
			if tree.Gone(err) {
				continue
			}
			if err != nil {
				return err
			}
			if st.IsDir() {
				if depth+1 < maxDepth {
					err = walk(p, depth+1)
				}
				if tree.IgnoreGone(err) != nil {
					return err
				}
				continue
			}
			sys := st.Sys().(*syscall.Stat_t) // always, on Linux
			base, _, _ := strings.Cut(n, ".")
			if !st.Mode().IsRegular() || sys.Mode&0o026 == 0 || slices.Contains(shared, base) {
				continue
			}
			mode := int64(sys.Mode & 0o7777)
			list = append(list, facts.WideFile{Path: tree.Clean(p), Mode: mode, ModeOctal: fmt.Sprintf("%04o", mode), UID: int64(sys.Uid), GID: int64(sys.Gid)})
		}
		return nil
	}
	err = walk("/var/log", 0)
	slices.SortFunc(list, func(a, b facts.WideFile) int { return strings.Compare(a.Path, b.Path) })
	return list, truncated, err
}
