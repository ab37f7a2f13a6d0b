package collect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

func readOS(_ context.Context, root Root) (facts.Section, error) {
	var rep report
	var v facts.OS
	osRelease(root, &v, &rep)
	var u unix.Utsname
	switch err := unix.Uname(&u); {
	case !root.Live():
		for _, p := range []string{"/kernel", "/arch", "/hostname"} {
			rep.notObserved(p, tree.NotLive)
		}
	case err != nil:
		for _, p := range []string{"/kernel", "/arch", "/hostname"} {
			rep.failed(p, fmt.Errorf("uname: %w", err))
		}
	default:
		v.Kernel = new(unix.ByteSliceToString(u.Release[:]))
		v.Arch = new(unix.ByteSliceToString(u.Machine[:]))
		v.Hostname = new(unix.ByteSliceToString(u.Nodename[:]))
	}
	if us, err := bootTime(root); rep.unless("/boot_time_us", err, "no /proc/stat") {
		v.BootTimeUS = &us
	}
	if id, err := root.Text("/etc/machine-id"); rep.unless("/machine_id_digest", err, "no /etc/machine-id") {
		if id == "" || id == "uninitialized" {
			rep.absent("/machine_id_digest", "/etc/machine-id is not set")
		} else {
			sum := sha256.Sum256([]byte("attesta host identity 1\n" + id))
			v.MachineIDDigest = new(hex.EncodeToString(sum[:16]))
		}
	}
	v.Virtualisation = new(virtualisation(root))
	if c, err := container(root); err != nil {
		rep.failed("/container", err)
	} else {
		v.Container = &c
	}
	v.ServiceManager = new(serviceManager(root))
	return rep.section("os", v)
}

// osRelease reads os-release(5).
func osRelease(root Root, v *facts.OS, rep *report) {
	set := map[string]string{}
	file := "/etc/os-release"
	if !root.There(file) {
		file = "/usr/lib/os-release"
	}
	err := root.Lines(file, func(_ int, line string) error {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			return nil
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return errors.New("expected NAME=value")
		}
		set[name] = tree.Unquote(value)
		return nil
	})
	if err != nil {
		for _, p := range []string{"/id", "/id_like", "/name", "/version"} {
			rep.unless(p, err, "no /etc/os-release")
		}
		return
	}
	orElse := func(values ...string) *string {
		for _, s := range values {
			if s != "" {
				return &s
			}
		}
		return new("")
	}
	v.ID = orElse(set["ID"], "linux")
	v.IDLike = append([]string{}, strings.Fields(set["ID_LIKE"])...)
	v.Name = orElse(set["PRETTY_NAME"], set["NAME"], "Linux")
	v.Version = orElse(set["VERSION_ID"], set["VERSION_CODENAME"])
}

func bootTime(root Root) (int64, error) {
	var us int64
	err := root.Lines("/proc/stat", func(_ int, line string) error {
		if s, ok := strings.CutPrefix(line, "btime "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
			us = n * 1_000_000
			return err
		}
		return nil
	})
	if err == nil && us == 0 {
		err = errors.New("/proc/stat has no btime")
	}
	return us, err
}

// hypervisors by what firmware says of itself, in the order of looking.
var hypervisors = []struct{ text, name string }{
	{"firecracker", "firecracker"}, {"amazon ec2", "amazon"}, {"google compute engine", "google"},
	{"vmware", "vmware"}, {"virtualbox", "virtualbox"}, {"innotek", "virtualbox"}, {"xen", "xen"},
	{"bhyve", "bhyve"}, {"parallels", "parallels"}, {"hyper-v", "hyperv"}, {"microsoft corporation virtual machine", "hyperv"},
	{"kvm", "kvm"}, {"qemu", "kvm"}, {"openstack", "kvm"},
}

// virtualisation says what the host runs on, by DMI, the hypervisor flag of
// the processor and Xen's own directory.
func virtualisation(root Root) string {
	var dmi strings.Builder
	for _, name := range []string{"sys_vendor", "product_name", "board_vendor", "bios_vendor"} {
		s, _ := root.Text("/sys/class/dmi/id/" + name) // not every machine has DMI
		dmi.WriteString(strings.ToLower(s) + " ")
	}
	for _, h := range hypervisors {
		if strings.Contains(dmi.String(), h.text) {
			return h.name
		}
	}
	if s, _ := root.Text("/sys/hypervisor/type"); s == "xen" {
		return "xen"
	}
	if s, err := root.Text("/proc/device-tree/hypervisor/compatible"); err == nil && s != "" {
		if strings.Contains(s, "xen") {
			return "xen"
		}
		return "kvm"
	}
	flagged := false
	stop := errors.New("enough")
	_ = root.Scan("/proc/cpuinfo", func(_ int, line []byte) error { // without it: none, as on bare metal
		if bytes.HasPrefix(line, []byte("flags")) {
			flagged = bytes.Contains(line, []byte(" hypervisor"))
			return stop
		}
		return nil
	})
	if flagged {
		return "unknown"
	}
	return "none"
}

// container says which container the host is, if it is one.
func container(root Root) (string, error) {
	if root.There("/var/run/secrets/kubernetes.io") {
		return "kubernetes", nil
	}
	name, err := root.Text("/run/systemd/container")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	switch {
	case name != "":
	case root.There("/.dockerenv"):
		name = "docker"
	case root.There("/run/.containerenv"):
		name = "podman"
	default:
		env, err := root.Read("/proc/1/environ")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		for part := range strings.SplitSeq(string(env), "\x00") {
			if s, ok := strings.CutPrefix(part, "container="); ok {
				name = s
			}
		}
	}
	switch name {
	case "":
		return "none", nil
	case "docker", "podman", "lxc", "systemd-nspawn":
		return name, nil
	case "oci":
		return "podman", nil
	}
	return "other", nil
}

// serviceManager says what runs services now.
func serviceManager(root Root) string {
	switch {
	case root.IsDir("/run/systemd/system"):
		return "systemd"
	case root.There("/run/openrc/softlevel"):
		return "openrc"
	}
	if comm, _ := root.Text("/proc/1/comm"); comm == "init" && root.There("/etc/inittab") {
		return "sysvinit"
	}
	return "none"
}
