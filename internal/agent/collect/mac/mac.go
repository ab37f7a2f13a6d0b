// Package mac reads mandatory access control: AppArmor and SELinux.
//
// Serves C7.1b (CC6.1, CC6.8). Floor: edges, below agent/collect. Imports facts,
// tree, missing.
package mac

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

const (
	profilesFile  = "/sys/kernel/security/apparmor/profiles"
	selinuxConfig = "/etc/selinux/config"
)

// Read reads section mac.
func Read(_ context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	v := facts.Mac{Apparmor: &facts.MacApparmor{}, Selinux: &facts.MacSelinux{}}
	kernel := root.IsDir("/sys/kernel") || root.IsDir("/sys/module")
	if s, err := root.Text("/sys/kernel/security/lsm"); err == nil {
		v.Modules = strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
	} else if tree.Gone(err) {
		gaps.NotObserved("/modules", "no /sys/kernel/security/lsm here: the kernel does not say, or securityfs is not mounted")
	} else {
		gaps.Failed("/modules", err)
	}
	apparmor(root, v.Apparmor, kernel, &gaps)
	selinux(root, v.Selinux, kernel, &gaps)
	switch {
	case v.Apparmor.Enabled != nil && *v.Apparmor.Enabled:
		v.Active = new("apparmor")
	case v.Selinux.Mode != nil && *v.Selinux.Mode != "disabled":
		v.Active = new("selinux")
	case v.Apparmor.Enabled != nil && v.Selinux.Mode != nil:
		v.Active = new("none")
	case !kernel:
		gaps.NotObserved("/active", "no /sys here: the running kernel cannot be asked")
	default:
		gaps.Add("/active", facts.Error, "neither AppArmor nor SELinux could be read")
	}
	return gaps.Section("mac", v)
}

func apparmor(root tree.Root, a *facts.MacApparmor, kernel bool, gaps *missing.List) {
	a.Installed = new(root.There("/usr/sbin/apparmor_parser") || root.There("/sbin/apparmor_parser"))
	lists := []string{"/apparmor/enforce", "/apparmor/complain", "/apparmor/unconfined"}
	s, err := root.Text("/sys/module/apparmor/parameters/enabled")
	switch {
	case err == nil:
		a.Enabled = new(s == "Y")
	case tree.Gone(err) && kernel:
		a.Enabled = new(false)
	case tree.Gone(err):
		gaps.NotObserved("/apparmor/enabled", "no /sys here: the running kernel cannot be asked")
		for _, p := range lists {
			gaps.NotObserved(p, "no /sys here: the running kernel cannot be asked")
		}
		return
	default:
		for _, p := range append(lists, "/apparmor/enabled") {
			gaps.Failed(p, err)
		}
		return
	}
	if !*a.Enabled {
		for _, p := range lists {
			gaps.Absent(p, "the running kernel does not use AppArmor")
		}
		return
	}
	text, err := root.Read(profilesFile)
	if err == nil {
		a.Enforce, a.Complain, a.Unconfined, err = profiles(tree.Clean(string(text)))
	}
	switch {
	case err == nil:
	case tree.Gone(err):
		for _, p := range lists {
			gaps.NotObserved(p, "no %s here: securityfs is not mounted", profilesFile)
		}
	default:
		a.Enforce, a.Complain, a.Unconfined = nil, nil, nil
		for _, p := range lists {
			gaps.Failed(p, err)
		}
	}
}

// profiles reads the kernel's list: name (mode).
func profiles(text string) (enforce *int64, complain, unconfined []string, err error) {
	enforce, complain, unconfined = new(int64), []string{}, []string{}
	err = tree.EachLine(profilesFile, text, func(_ int, line string) error {
		line = strings.TrimSpace(line)
		if line == "" {
			return nil
		}
		i := strings.LastIndex(line, " (")
		if i < 0 || line[len(line)-1] != ')' {
			return errors.New("expected name (mode)")
		}
		switch name, mode := line[:i], line[i+2:len(line)-1]; mode {
		case "enforce", "kill", "prompt":
			*enforce++
		case "unconfined":
			unconfined = append(unconfined, name)
		default: // complain, or what a later kernel brings
			complain = append(complain, name)
		}
		return nil
	})
	slices.Sort(complain)
	slices.Sort(unconfined)
	return enforce, complain, unconfined, err
}

func selinux(root tree.Root, s *facts.MacSelinux, kernel bool, gaps *missing.List) {
	s.Installed = new(root.There(selinuxConfig) || root.There("/usr/sbin/load_policy"))
	enforce, err := root.Text("/sys/fs/selinux/enforce")
	switch {
	case err == nil && enforce == "1":
		s.Mode = new("enforcing")
	case err == nil:
		s.Mode = new("permissive")
	case tree.Gone(err) && kernel:
		s.Mode = new("disabled")
	case tree.Gone(err):
		gaps.NotObserved("/selinux/mode", "no /sys here: the running kernel cannot be asked")
	default:
		gaps.Failed("/selinux/mode", err)
	}
	mode, policy := "", ""
	err = root.Lines(selinuxConfig, func(_ int, line string) error {
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "SELINUX="); ok {
			mode = strings.ToLower(strings.TrimSpace(v))
		}
		if v, ok := strings.CutPrefix(line, "SELINUXTYPE="); ok {
			policy = strings.TrimSpace(v)
		}
		return nil
	})
	if gaps.Unless("/selinux/configured", err, "SELinux is not installed: no %s", selinuxConfig) {
		s.Configured = &mode
	}
	if gaps.Unless("/selinux/policy", err, "SELinux is not installed: no %s", selinuxConfig) {
		s.Policy = &policy
	}
}
