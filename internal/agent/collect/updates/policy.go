package updates

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

func sorted(list []string) []string {
	list = append([]string{}, list...)
	slices.Sort(list)
	return slices.Compact(list)
}

func on(v string) bool {
	switch strings.ToLower(v) {
	case "", "0", "no", "false", "off", "disabled", "never":
		return false
	}
	return true
}

// wanted are the options of apt that are facts.
var wanted = regexp.MustCompile(`(?i)^(APT::Periodic::|Unattended-Upgrade::|APT::Get::AllowUnauthenticated|Acquire::AllowInsecureRepositories|Acquire::AllowWeakRepositories|APT::Authentication::)`)

func aptSettings(root tree.Root) (*settings, error) {
	s := &settings{all: map[string]facts.Setting{}}
	parts, err := root.Glob("/etc/apt/apt.conf.d/*")
	if err != nil {
		return nil, err
	}
	for _, file := range append(parts, "/etc/apt/apt.conf") { // the main file is read last
		if ext := path.Ext(file); ext != "" && ext != ".conf" {
			continue // apt passes over other endings
		}
		text, err := root.Read(file)
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		options, err := parseApt(file, tree.Clean(string(text)))
		if err != nil {
			return nil, err
		}
		for _, o := range options {
			if !wanted.MatchString(o.name) {
				continue
			}
			key := o.name
			for known := range s.all {
				if strings.EqualFold(known, o.name) {
					key = known
				}
			}
			if old, more := s.all[key]; more && o.list {
				o.Value = old.Value + " " + o.Value
			}
			s.all[key] = o.Setting
		}
	}
	value := func(name string) string {
		for known, v := range s.all {
			if strings.EqualFold(known, name) {
				return v.Value
			}
		}
		return ""
	}
	s.installed = root.There("/usr/bin/unattended-upgrade")
	starts := root.There("/etc/systemd/system/timers.target.wants/apt-daily-upgrade.timer") || root.There("/etc/cron.daily/apt-compat")
	s.enabled = s.installed && starts && on(value("APT::Periodic::Unattended-Upgrade")) && value("APT::Periodic::Enable") != "0"
	origins := value("Unattended-Upgrade::Allowed-Origins") + " " + value("Unattended-Upgrade::Origins-Pattern")
	s.security = strings.Contains(strings.ToLower(origins), "security")
	s.reboot = on(value("Unattended-Upgrade::Automatic-Reboot"))
	for _, name := range []string{"APT::Get::AllowUnauthenticated", "Acquire::AllowInsecureRepositories"} {
		for known, v := range s.all {
			if strings.EqualFold(known, name) && on(v.Value) {
				s.unverified = append(s.unverified, fmt.Sprintf("%s %s line %d", known, v.File, v.Line))
			}
		}
	}
	return s, aptSources(root, s)
}

func aptSources(root tree.Root, s *settings) error {
	files, err := root.Glob("/etc/apt/sources.list.d/*")
	if err != nil {
		return err
	}
	for _, file := range append(files, "/etc/apt/sources.list") {
		stanza := map[string]string{}
		first := 0
		end := func() {
			if !strings.EqualFold(stanza["enabled"], "no") {
				for uri := range strings.FieldsSeq(stanza["uris"]) {
					s.repositories = append(s.repositories, bare(uri))
				}
				if on(stanza["trusted"]) && stanza["uris"] != "" {
					s.unverified = append(s.unverified, fmt.Sprintf("%s line %d", file, first))
				}
			}
			stanza, first = map[string]string{}, 0
		}
		deb822 := strings.HasSuffix(file, ".sources")
		if !deb822 && !strings.HasSuffix(file, ".list") {
			continue
		}
		err := root.Lines(file, func(n int, line string) error {
			line = strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(line, "#"):
			case deb822 && line == "":
				end()
			case deb822:
				if name, value, ok := strings.Cut(line, ":"); ok {
					if first == 0 {
						first = n
					}
					if name = strings.ToLower(strings.TrimSpace(name)); name == "trusted" {
						first = n
					}
					stanza[name] = strings.TrimSpace(value)
				}
			case line != "":
				uri, trusted, err := oneLine(line)
				if err != nil || uri == "" {
					return err
				}
				s.repositories = append(s.repositories, bare(uri))
				if trusted {
					s.unverified = append(s.unverified, fmt.Sprintf("%s line %d", file, n))
				}
			}
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			return err
		}
		end()
	}
	return nil
}

// oneLine reads "deb [options] uri suite component…".
func oneLine(line string) (uri string, trusted bool, err error) {
	kind, rest := tree.CutSpace(line)
	if kind != "deb" && kind != "deb-src" {
		return "", false, fmt.Errorf("expected deb or deb-src, found %.40q", kind)
	}
	if strings.HasPrefix(rest, "[") {
		options, after, ok := strings.Cut(rest[1:], "]")
		if !ok {
			return "", false, fmt.Errorf("a bracket is not closed")
		}
		for o := range strings.FieldsSeq(options) {
			if v, is := strings.CutPrefix(strings.ToLower(o), "trusted="); is {
				trusted = on(v)
			}
		}
		rest = strings.TrimSpace(after)
	}
	uri, _ = tree.CutSpace(rest)
	return uri, trusted, nil
}

var userinfo = regexp.MustCompile(`//[^/@]*@`)

// bare takes name and password out of an address, and what a query may hold.
func bare(uri string) string {
	uri, _, _ = strings.Cut(uri, "?")
	return userinfo.ReplaceAllString(uri, "//")
}

// ini reads a file of sections, names and values.
func ini(root tree.Root, file string, each func(section, name, value string, line int)) error {
	section := ""
	return root.Lines(file, func(n int, line string) error {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			return nil
		}
		if line[0] == '[' {
			section = strings.Trim(line, "[]")
			return nil
		}
		if name, value, ok := strings.Cut(line, "="); ok {
			each(section, strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value), n)
		}
		return nil
	})
}

func dnfSettings(root tree.Root) (*settings, error) {
	s := &settings{all: map[string]facts.Setting{}}
	for _, file := range []string{"/usr/share/dnf5/dnf5-plugins/automatic.conf", "/etc/dnf/automatic.conf", "/etc/dnf/dnf5-plugins/automatic.conf", "/etc/yum/yum-cron.conf", "/etc/dnf/dnf.conf", "/etc/yum.conf"} {
		err := ini(root, file, func(section, name, value string, n int) {
			if strings.Contains(name, "password") || strings.Contains(name, "proxy") || section == "email" || strings.HasPrefix(section, "command") && section != "commands" {
				return
			}
			s.all[section+"/"+name] = facts.Setting{Value: value, File: file, Line: int64(n)}
			if section == "main" && (name == "gpgcheck" || name == "pkg_gpgcheck") && !on(value) {
				s.unverified = append(s.unverified, fmt.Sprintf("%s line %d", file, n))
			}
		})
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
	}
	for _, p := range []string{"/usr/bin/dnf-automatic", "/usr/lib/systemd/system/dnf-automatic.timer", "/usr/lib/systemd/system/dnf5-automatic.timer", "/usr/sbin/yum-cron"} {
		s.installed = s.installed || root.There(p)
	}
	wants := "/etc/systemd/system/timers.target.wants/"
	installs := root.There(wants + "dnf-automatic-install.timer")
	starts := installs
	for _, t := range []string{"dnf-automatic.timer", "dnf5-automatic.timer"} {
		starts = starts || root.There(wants+t)
	}
	starts = starts || root.There("/etc/systemd/system/multi-user.target.wants/yum-cron.service")
	s.enabled = s.installed && starts && (installs || on(s.all["commands/apply_updates"].Value))
	kind := s.all["commands/upgrade_type"].Value
	s.security = kind == "" || kind == "default" || kind == "security"
	s.reboot = on(s.all["commands/reboot"].Value)
	repos, err := root.Glob("/etc/yum.repos.d/*.repo")
	if err != nil {
		return nil, err
	}
	for _, file := range repos {
		type repo struct {
			urls      []string
			off       bool
			unchecked int
		}
		list := map[string]*repo{}
		err := ini(root, file, func(section, name, value string, n int) {
			r := list[section]
			if r == nil {
				r = &repo{}
				list[section] = r
			}
			switch name {
			case "baseurl", "mirrorlist", "metalink":
				r.urls = append(r.urls, strings.Fields(value)...)
			case "enabled":
				r.off = !on(value)
			case "gpgcheck", "pkg_gpgcheck":
				if r.unchecked = 0; !on(value) {
					r.unchecked = n
				}
			}
		})
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
		for _, r := range list {
			if r.off {
				continue
			}
			for _, u := range r.urls {
				s.repositories = append(s.repositories, bare(u))
			}
			if r.unchecked > 0 {
				s.unverified = append(s.unverified, fmt.Sprintf("%s line %d", file, r.unchecked))
			}
		}
	}
	return s, nil
}

func apkSettings(root tree.Root) (*settings, error) {
	s := &settings{all: map[string]facts.Setting{}}
	files, err := root.Glob("/etc/apk/repositories.d/*.list")
	if err != nil {
		return nil, err
	}
	for _, file := range append(files, "/etc/apk/repositories") {
		err := root.Lines(file, func(_ int, line string) error {
			for word := range strings.FieldsSeq(line) {
				if word[0] == '#' {
					break
				}
				if word[0] != '@' { // a tag
					s.repositories = append(s.repositories, bare(word))
				}
			}
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
	}
	return s, nil
}
