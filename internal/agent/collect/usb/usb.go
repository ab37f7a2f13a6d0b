// Package usb reads the USB devices of a host and what keeps storage devices
// from being used.
//
// Serves C7.1b, B19 (CC6.7, CC6.8). Invariant: a serial number is a digest only.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing.
package usb

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

const (
	bus        = "/sys/bus/usb/devices"
	maxDevices = 1_024
)

// Read reads section usb.
func Read(_ context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	v := facts.Usb{Storage: &facts.UsbStorage{}, Guard: &facts.UsbGuard{}}
	devices, authorized, err := plugged(root)
	switch {
	case tree.Gone(err) && !root.IsDir("/sys/bus"):
		gaps.NotObserved("/devices", "no /sys here: devices cannot be known")
		gaps.NotObserved("/authorized_default", "no /sys here: devices cannot be known")
	case tree.Gone(err):
		gaps.Absent("/devices", "this kernel has no USB bus")
		gaps.Absent("/authorized_default", "this kernel has no USB bus")
	case err != nil:
		gaps.Failed("/devices", err)
		gaps.Failed("/authorized_default", err)
	default:
		v.Devices, v.AuthorizedDefault = devices, &authorized
	}
	loaded, err := storageLoaded(root)
	switch {
	case tree.Gone(err):
		gaps.NotObserved("/storage/loaded", "no /proc/modules here: the running kernel cannot be asked")
	case err != nil:
		gaps.Failed("/storage/loaded", err)
	default:
		v.Storage.Loaded = &loaded
	}
	by, err := blockedBy(root)
	if err != nil {
		gaps.Failed("/storage/blocked", err)
		gaps.Failed("/storage/blocked_by", err)
	} else {
		v.Storage.Blocked, v.Storage.BlockedBy = new(by != ""), &by
	}
	guard(root, v.Guard, &gaps)
	return gaps.Section("usb", v)
}

// plugged lists the devices, and whether new ones may be used at once: no when
// every root hub says so.
func plugged(root tree.Root) ([]facts.UsbDevice, bool, error) {
	names, err := root.Names(bus)
	if err != nil {
		return nil, false, err
	}
	if len(names) > 8*maxDevices {
		return nil, false, fmt.Errorf("%d USB devices and interfaces are more than are sent", len(names))
	}
	out := []facts.UsbDevice{}
	hubs, closed := 0, 0
	text := func(device, file string) (string, error) {
		s, err := root.Text(path.Join(bus, device, file))
		return s, tree.IgnoreGone(err) // a device may have been pulled out meanwhile
	}
	for _, name := range names {
		if strings.Contains(name, ":") {
			continue // an interface
		}
		if strings.HasPrefix(name, "usb") {
			v, err := text(name, "authorized_default")
			if err != nil {
				return nil, false, err
			}
			if hubs++; v == "0" {
				closed++
			}
			continue
		}
		fields := map[string]string{}
		for _, file := range []string{"idVendor", "idProduct", "manufacturer", "product", "serial", "bDeviceClass", "authorized"} {
			if fields[file], err = text(name, file); err != nil {
				return nil, false, err
			}
		}
		d := facts.UsbDevice{
			Port: name, VendorID: fields["idVendor"], ProductID: fields["idProduct"], Vendor: fields["manufacturer"], Product: fields["product"],
			Classes: []string{}, Authorized: fields["authorized"] != "0",
		}
		classes := []string{fields["bDeviceClass"]}
		for _, in := range names {
			if !strings.HasPrefix(in, name+":") {
				continue
			}
			class, err := text(in, "bInterfaceClass")
			if err != nil {
				return nil, false, err
			}
			classes = append(classes, class)
		}
		for _, c := range classes {
			if c != "" && c != "00" { // 00: see the interfaces
				d.Classes = append(d.Classes, strings.ToLower(c))
			}
		}
		slices.Sort(d.Classes)
		d.Classes = slices.Compact(d.Classes)
		d.Storage = slices.Contains(d.Classes, "08")
		if serial := fields["serial"]; serial != "" {
			sum := sha256.Sum256([]byte("attesta usb\x00" + d.VendorID + "\x00" + d.ProductID + "\x00" + serial))
			d.SerialDigest = hex.EncodeToString(sum[:16])
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b facts.UsbDevice) int { return cmp.Compare(a.Port, b.Port) })
	return out, hubs == 0 || closed < hubs, nil
}

// drivers of USB storage, as modules and as directories of the bus.
var drivers = []string{"usb-storage", "uas"}

// storageLoaded: as a module, or built into the kernel.
func storageLoaded(root tree.Root) (bool, error) {
	for _, d := range drivers {
		if root.IsDir(path.Join("/sys/bus/usb/drivers", d)) {
			return true, nil
		}
	}
	found := false
	err := root.Lines("/proc/modules", func(_ int, line string) error {
		name, _, _ := strings.Cut(line, " ")
		found = found || slices.Contains(drivers, strings.ReplaceAll(name, "_", "-"))
		return nil
	})
	return found, err
}

// blockedBy finds the line of modprobe.d that keeps usb-storage from being
// loaded: "file:line", or nothing. The first of several counts, as it does for
// modprobe.
func blockedBy(root tree.Root) (string, error) {
	chosen := map[string]string{} // a file hides those of the same name in later directories
	for _, dir := range []string{"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"} {
		names, err := root.Names(dir)
		if tree.IgnoreGone(err) != nil {
			return "", err
		}
		for _, name := range names {
			if _, hidden := chosen[name]; !hidden && strings.HasSuffix(name, ".conf") {
				chosen[name] = path.Join(dir, name)
			}
		}
	}
	order := make([]string, 0, len(chosen))
	for name := range chosen {
		order = append(order, name)
	}
	slices.Sort(order)
	by, decided := "", false
	for _, name := range order {
		err := root.Lines(chosen[name], func(n int, line string) error {
			f := strings.Fields(line)
			if decided || len(f) < 3 || f[0] != "install" || strings.ReplaceAll(f[1], "_", "-") != "usb-storage" {
				return nil
			}
			decided = true
			switch path.Base(f[2]) {
			case "false", "true":
				by = fmt.Sprintf("%s:%d", chosen[name], n)
			}
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			return "", err
		}
	}
	return by, nil
}

func guard(root tree.Root, v *facts.UsbGuard, gaps *missing.List) {
	installed := root.There("/usr/sbin/usbguard-daemon") || root.There("/sbin/usbguard-daemon")
	v.Installed = &installed
	if !installed {
		gaps.Absent("/guard", "USBGuard is not installed")
		return
	}
	const file = "/etc/usbguard/usbguard-daemon.conf"
	policy, rulesFile, rulesFolder := "", "/etc/usbguard/rules.conf", "/etc/usbguard/rules.d"
	err := root.Lines(file, func(_ int, line string) error {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "ImplicitPolicyTarget":
			policy = value
		case "RuleFile":
			rulesFile = value
		case "RuleFolder":
			rulesFolder = value
		}
		return nil
	})
	if gaps.Unless("/guard/policy", err, "no %s", file) {
		if policy == "" {
			policy = "block" // what it does by itself
		}
		v.Policy = &policy
	}
	rules := int64(0)
	files, err := root.Glob(path.Join(rulesFolder, "*.conf"))
	for _, f := range append([]string{rulesFile}, files...) {
		if err != nil {
			break
		}
		if !path.IsAbs(f) {
			continue
		}
		err = tree.IgnoreGone(root.Lines(f, func(_ int, line string) error {
			word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			if word == "allow" || word == "block" || word == "reject" {
				rules++
			}
			return nil
		}))
	}
	if err != nil {
		gaps.Failed("/guard/rules", err)
		return
	}
	v.Rules = &rules
}
