// Package updates reads whether a host puts in updates by itself, and when that
// last worked.
//
// Serves C7.1b (CC7.1, CC8.1). It reads files only: no package manager is
// started, none is made to fetch anything.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing.
package updates

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// Read reads section updates.
func Read(_ context.Context, root tree.Root) (facts.Section, error) {
	return read(root, time.Now())
}

// system is what differs between package managers.
type system struct {
	name     string
	programs []string
	settings func(root tree.Root) (*settings, error)
	index    []string // what is written when the list of packages was fetched, as patterns
	changed  []string // what is written when a package was put in
}

var systems = []system{
	{"apt", []string{"/usr/bin/apt-get"}, aptSettings,
		[]string{"/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/lists/*_InRelease", "/var/lib/apt/lists/*_Release"}, []string{"/var/lib/dpkg/status"}},
	{"dnf", []string{"/usr/bin/dnf", "/usr/bin/dnf5", "/usr/bin/dnf-3"}, dnfSettings,
		[]string{"/var/cache/dnf/*.solv", "/var/cache/dnf/*/repodata/repomd.xml", "/var/cache/libdnf5/*/repodata/repomd.xml"},
		[]string{"/var/lib/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/Packages"}},
	{"yum", []string{"/usr/bin/yum"}, dnfSettings, []string{"/var/cache/yum/*/*/*/repomd.xml"}, []string{"/var/lib/rpm/Packages"}},
	{"zypper", []string{"/usr/bin/zypper"}, nil, []string{"/var/cache/zypp/raw/*/repodata/repomd.xml"}, []string{"/usr/lib/sysimage/rpm/Packages.db", "/var/lib/rpm/Packages"}},
	{"apk", []string{"/sbin/apk", "/usr/bin/apk"}, apkSettings, []string{"/var/cache/apk/APKINDEX.*", "/etc/apk/cache/APKINDEX.*"}, []string{"/lib/apk/db/installed", "/usr/lib/apk/db/installed"}},
}

// settings is what a package manager's files say about updates.
type settings struct {
	all          map[string]facts.Setting
	installed    bool // a program that puts in updates by itself
	enabled      bool
	security     bool
	reboot       bool
	unverified   []string
	repositories []string
}

func read(root tree.Root, now time.Time) (facts.Section, error) {
	var gaps missing.List
	v := facts.Updates{Manager: new("none"), Automatic: &facts.UpdatesAutomatic{}}
	var sys *system
	for i := range systems {
		for _, p := range systems[i].programs {
			if sys == nil && root.There(p) {
				sys = &systems[i]
				*v.Manager = sys.name
			}
		}
	}
	policy := []string{"/automatic", "/settings", "/unverified", "/repositories"}
	switch {
	case sys == nil:
		for _, p := range append(policy, "/index_days", "/changed_days") {
			gaps.Absent(p, "there is no package manager that is known here")
		}
	case sys.settings == nil:
		for _, p := range policy {
			gaps.NotObserved(p, "the settings of %s are not read", sys.name)
		}
	default:
		s, err := sys.settings(root)
		if err != nil {
			for _, p := range policy {
				gaps.Failed(p, err)
			}
			break
		}
		v.Settings, v.Unverified, v.Repositories = s.all, sorted(s.unverified), sorted(s.repositories)
		v.Automatic.Installed, v.Automatic.Enabled = &s.installed, &s.enabled
		if s.installed {
			v.Automatic.Security, v.Automatic.Reboot = &s.security, &s.reboot
		} else {
			gaps.Absent("/automatic", "no program that puts in updates by itself is installed")
		}
	}
	if sys != nil {
		v.IndexDays = age(root, sys.index, now, "/index_days", "the list of available packages was never fetched, or was removed since", &gaps)
		v.ChangedDays = changed(root, sys, now, &gaps)
	}
	pending(root, &v, &gaps)
	v.RebootRequired = reboot(root, &gaps)
	return gaps.Section("updates", v)
}

// age gives the days since the newest file of some patterns was written.
func age(root tree.Root, patterns []string, now time.Time, at, never string, gaps *missing.List) *int64 {
	var newest time.Time
	for _, p := range patterns {
		files, err := root.Glob(p)
		for _, f := range files {
			st, errStat := root.Stat(f)
			if err = tree.IgnoreGone(errStat); err != nil {
				break
			}
			if errStat == nil && st.ModTime().After(newest) {
				newest = st.ModTime()
			}
		}
		if err != nil {
			gaps.Failed(at, err)
			return nil
		}
	}
	if newest.IsZero() {
		gaps.NotObserved(at, "%s", never)
		return nil
	}
	return new(days(newest, now))
}

func days(since, now time.Time) int64 { return max(0, int64(now.Sub(since)/(24*time.Hour))) }

// dpkgLine is a line of dpkg.log about a package that is now as it should be.
var dpkgLine = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}) status installed `)

func changed(root tree.Root, sys *system, now time.Time, gaps *missing.List) *int64 {
	if sys.name == "apt" {
		var last time.Time
		err := root.Scan("/var/log/dpkg.log", func(_ int, line []byte) error {
			if m := dpkgLine.FindSubmatch(line); m != nil {
				if t, err := time.ParseInLocation(time.DateTime, string(m[1]), time.Local); err == nil {
					last = t
				}
			}
			return nil
		})
		if err == nil && !last.IsZero() {
			return new(days(last, now))
		}
		if tree.IgnoreGone(err) != nil && !errors.Is(err, fs.ErrPermission) {
			gaps.Failed("/changed_days", err)
			return nil
		}
	}
	return age(root, sys.changed, now, "/changed_days", "there is no package database", gaps)
}

// available is a line of Ubuntu's update-notifier: "12 updates can be applied
// immediately." and "5 of these updates are standard security updates."
var available = regexp.MustCompile(`^(\d+) (updates? can be|of these updates (?:is a|are)|packages? can be|updates? (?:is|are))( standard)?( security)?`)

const availableFile = "/var/lib/update-notifier/updates-available"

func pending(root tree.Root, v *facts.Updates, gaps *missing.List) {
	both := []string{"/pending", "/pending_security"}
	if !root.There(availableFile) {
		for _, p := range both {
			gaps.NotObserved(p, "no file tells it: no %s", availableFile)
		}
		return
	}
	total, security := int64(0), int64(0)
	err := root.Lines(availableFile, func(_ int, line string) error {
		m := available.FindStringSubmatch(line)
		if m == nil {
			return nil
		}
		n, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return err
		}
		if strings.Contains(line, "security") {
			security = n
		} else {
			total = n
		}
		return nil
	})
	if err != nil {
		for _, p := range both {
			gaps.Failed(p, err)
		}
		return
	}
	v.Pending, v.PendingSecurity = &total, &security
}

// reboot looks for the file that package scripts leave, and for kernel images
// that were put there after the host was started.
func reboot(root tree.Root, gaps *missing.List) *bool {
	const at = "/reboot_required"
	for _, p := range []string{"/run/reboot-required", "/var/run/reboot-required"} {
		_, err := root.Stat(p)
		if err == nil {
			return new(true)
		}
		if tree.IgnoreGone(err) != nil {
			gaps.Failed(at, err)
			return nil
		}
	}
	images, err := root.Glob("/boot/vmlinuz*")
	if err == nil {
		var more []string
		more, err = root.Glob("/lib/modules/*/vmlinuz")
		images = append(images, more...)
	}
	if err != nil {
		gaps.Failed(at, err)
		return nil
	}
	if len(images) == 0 {
		gaps.NotObserved(at, "neither /run/reboot-required nor a kernel image is here")
		return nil
	}
	start, err := started(root)
	if tree.Gone(err) {
		gaps.NotObserved(at, "no /proc/stat here: when the host was started cannot be known")
		return nil
	}
	if err != nil {
		gaps.Failed(at, err)
		return nil
	}
	for _, p := range images {
		st, err := root.Stat(p)
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			gaps.Failed(at, err)
			return nil
		}
		if st.Sys().(*syscall.Stat_t).Ctim.Sec > start { // put there, not made, after the start
			return new(true)
		}
	}
	return new(false)
}

func started(root tree.Root) (int64, error) {
	text, err := root.Text("/proc/stat")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "btime "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("/proc/stat: %w", err)
			}
			return n, nil
		}
	}
	return 0, errors.New("/proc/stat has no btime")
}
