// Package boot reads who can change how the host starts.
//
// Serves C7.1b (CC6.1, CC6.4, CC6.8). Floor: edges, below agent/collect. Imports
// facts, tree, missing.
package boot

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"
	"syscall"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

const efi = "/sys/firmware/efi"

// Read reads section boot.
func Read(_ context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	var v facts.Boot
	config, err := grubConfig(root)
	if err != nil {
		gaps.Failed("/loader", err)
		gaps.Failed("/grub", err)
	} else {
		v.Loader = loader(root, config, &gaps)
		v.Grub = grub(root, config, &gaps)
	}
	firmware(root, &v, &gaps)
	if s, err := root.Text("/proc/cmdline"); err == nil {
		v.Cmdline = arguments(s)
	} else if tree.Gone(err) {
		gaps.NotObserved("/cmdline", "no /proc/cmdline here")
	} else {
		gaps.Failed("/cmdline", err)
	}
	single(root, &v, &gaps)
	s, err := root.Text("/sys/kernel/security/lockdown")
	switch {
	case err == nil:
		v.Lockdown = new(chosen(s))
	case tree.Gone(err) && !root.IsDir("/sys/kernel"):
		gaps.NotObserved("/lockdown", "no /sys here: the running kernel cannot be asked")
	default:
		gaps.Unless("/lockdown", err, "this kernel has no lockdown")
	}
	return gaps.Section("boot", v)
}

// grubConfig gives the file that GRUB reads, "" without GRUB. On UEFI hosts the
// file below /boot/efi often only leads to the other one.
func grubConfig(root tree.Root) (string, error) {
	for _, p := range []string{"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"} {
		_, err := root.Stat(p)
		if err == nil {
			return p, nil
		}
		if tree.IgnoreGone(err) != nil {
			return "", err
		}
	}
	found, err := root.Glob("/boot/efi/EFI/*/grub.cfg")
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

func loader(root tree.Root, config string, gaps *missing.List) *string {
	if config != "" {
		return new("grub")
	}
	for _, p := range []string{"/boot/loader/loader.conf", "/boot/efi/loader/loader.conf", "/efi/loader/loader.conf", "/boot/EFI/systemd", "/boot/efi/EFI/systemd"} {
		if root.There(p) {
			return new("systemd-boot")
		}
	}
	images, err := root.Glob("/boot/vmlinu*")
	switch {
	case err != nil:
		gaps.Failed("/loader", err)
		return nil
	case len(images) == 0:
		gaps.Absent("/loader", "no kernel image and no boot loader below /boot: this host is started by what lies below it")
		return nil
	}
	return new("other")
}

var (
	superusers = regexp.MustCompile(`^\s*set\s+superusers\s*=\s*["']?[^\s"']`)
	password   = regexp.MustCompile(`^\s*password(_pbkdf2)?\s+\S+\s+\S+`)
)

func grub(root tree.Root, config string, gaps *missing.List) *facts.BootGrub {
	if config == "" {
		gaps.Absent("/grub", "GRUB is not installed: no /boot/grub/grub.cfg")
		return nil
	}
	g := &facts.BootGrub{Config: &config}
	st, err := root.Stat(config)
	if err != nil {
		gaps.Failed("/grub", err)
		return g
	}
	sys := st.Sys().(*syscall.Stat_t) // always, on Linux
	mode, uid, gid := int64(sys.Mode&0o7777), int64(sys.Uid), int64(sys.Gid)
	g.Mode, g.ModeOctal, g.UID, g.GID = &mode, new(fmt.Sprintf("%04o", mode)), &uid, &gid
	users, secret := false, false
	for _, p := range []string{config, path.Join(path.Dir(config), "user.cfg"), path.Join(path.Dir(config), "custom.cfg")} {
		err := root.Lines(p, func(_ int, line string) error {
			users = users || superusers.MatchString(line)
			secret = secret || password.MatchString(line) && !strings.Contains(line, "${") // a variable that user.cfg sets
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "GRUB2_PASSWORD="); ok && v != "" {
				secret = true
			}
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			gaps.Failed("/grub/password", err)
			return g
		}
	}
	g.Password = new(users && secret)
	return g
}

func firmware(root tree.Root, v *facts.Boot, gaps *missing.List) {
	switch {
	case root.IsDir(efi):
		v.Firmware = new("uefi")
	case root.IsDir("/sys/firmware"):
		v.Firmware = new("bios")
		gaps.Absent("/secure_boot", "this host was not started by UEFI")
		return
	default:
		gaps.NotObserved("/firmware", "no /sys here: the firmware cannot be known")
		gaps.NotObserved("/secure_boot", "no /sys here: the firmware cannot be known")
		return
	}
	on, err := variable(root, "SecureBoot")
	if err == nil && on == 0 {
		var setup byte
		if setup, err = variable(root, "SetupMode"); err == nil && setup == 1 {
			v.SecureBoot = new("setup")
			return
		}
	}
	switch {
	case tree.Gone(err):
		gaps.NotObserved("/secure_boot", "the firmware's variables are not to be seen below %s/efivars", efi)
	case err != nil:
		gaps.Failed("/secure_boot", err)
	case on == 1:
		v.SecureBoot = new("enabled")
	default:
		v.SecureBoot = new("disabled")
	}
}

// variable reads a variable of one byte of the firmware: four bytes of
// attributes come first.
func variable(root tree.Root, name string) (byte, error) {
	p := efi + "/efivars/" + name + "-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	b, err := root.Read(p)
	if err != nil {
		return 0, err
	}
	if len(b) != 5 {
		return 0, fmt.Errorf("%s has %d bytes, expected 5", p, len(b))
	}
	return b[4], nil
}

var secretive = regexp.MustCompile(`(?i)passw|secret|key|token|credential`)

// arguments takes the kernel's command line apart; quotes hold spaces together.
func arguments(s string) []string {
	out := []string{}
	quoted := false
	for _, word := range strings.FieldsFunc(s, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && (r == ' ' || r == '\n' || r == '\t')
	}) {
		if name, _, ok := strings.Cut(word, "="); ok && secretive.MatchString(name) {
			word = name + "=…"
		}
		out = append(out, word)
	}
	return out
}

// chosen gives what stands in brackets: none [integrity] confidentiality.
func chosen(s string) string {
	_, after, ok := strings.Cut(s, "[")
	word, _, closed := strings.Cut(after, "]")
	if !ok || !closed {
		return s
	}
	return word
}

// single tells whether the rescue modes ask for root's password.
func single(root tree.Root, v *facts.Boot, gaps *missing.List) {
	asks, force, found := 0, false, 0
	for _, unit := range []string{"rescue.service", "emergency.service"} {
		files := []string{}
		for _, dir := range []string{"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"} {
			if root.There(path.Join(dir, unit)) {
				files = append(files, path.Join(dir, unit))
				break
			}
		}
		if len(files) == 0 {
			continue
		}
		found++
		more, err := root.Glob("/etc/systemd/system/" + unit + ".d/*.conf")
		if err != nil {
			gaps.Failed("/single_user_password", err)
			return
		}
		starts := ""
		for _, p := range append(files, more...) {
			err := root.Lines(p, func(_ int, line string) error {
				name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				switch strings.TrimSpace(name) {
				case "ExecStart":
					starts = value
				case "Environment":
					force = force || strings.Contains(value, "SYSTEMD_SULOGIN_FORCE=1")
				}
				return nil
			})
			if tree.IgnoreGone(err) != nil {
				gaps.Failed("/single_user_password", err)
				return
			}
		}
		if strings.Contains(starts, "sulogin") { // systemd-sulogin-shell runs it
			asks++
		}
	}
	if found > 0 {
		v.SingleUserPassword = new(asks == found && !force)
		return
	}
	for _, c := range []struct{ file, word string }{{"/etc/inittab", "sulogin"}, {"/etc/rc.conf", "sulogin"}} {
		there := false
		err := root.Lines(c.file, func(_ int, line string) error {
			line, _, _ = strings.Cut(line, "#")
			there = there || strings.Contains(line, c.word)
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			gaps.Failed("/single_user_password", err)
			return
		}
		if err == nil {
			found++
			if there {
				asks++
			}
		}
	}
	if found == 0 {
		gaps.Absent("/single_user_password", "no rescue mode of systemd, inittab or OpenRC is here")
		return
	}
	v.SingleUserPassword = new(asks > 0)
}
