package usb

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/agent/collect/command"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

func files(t testing.TB, list map[string]string) tree.Root {
	t.Helper()
	dir := t.TempDir()
	for name, content := range list {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tree.Root{Dir: dir}
}

// stick is a host with a memory stick and a keyboard.
var stick = map[string]string{
	"/sys/bus/usb/devices/usb1/authorized_default":   "1\n",
	"/sys/bus/usb/devices/1-0:1.0/bInterfaceClass":   "09\n",
	"/sys/bus/usb/devices/1-1/idVendor":              "0781\n",
	"/sys/bus/usb/devices/1-1/idProduct":             "5567\n",
	"/sys/bus/usb/devices/1-1/manufacturer":          "SanDisk\n",
	"/sys/bus/usb/devices/1-1/product":               "Cruzer Blade\n",
	"/sys/bus/usb/devices/1-1/serial":                "4C530001234\n",
	"/sys/bus/usb/devices/1-1/bDeviceClass":          "00\n",
	"/sys/bus/usb/devices/1-1/authorized":            "1\n",
	"/sys/bus/usb/devices/1-1:1.0/bInterfaceClass":   "08\n",
	"/sys/bus/usb/devices/1-1.2/idVendor":            "046d\n",
	"/sys/bus/usb/devices/1-1.2/bDeviceClass":        "00\n",
	"/sys/bus/usb/devices/1-1.2/authorized":          "0\n",
	"/sys/bus/usb/devices/1-1.2:1.0/bInterfaceClass": "03\n",
	"/sys/bus/usb/devices/1-1.2:1.1/bInterfaceClass": "03\n",
	"/sys/bus/usb/drivers/usbhid/keep":               "",
	"/proc/modules":                                  "usb_storage 1 0 - Live 0x0\n",
	"/etc/modprobe.d/a.conf":                         "# x\nblacklist usb-storage\ninstall usb_storage /bin/false\n",
	"/usr/lib/modprobe.d/b.conf":                     "install usb-storage /sbin/modprobe x\n",
	"/usr/sbin/usbguard-daemon":                      "",
	"/etc/usbguard/usbguard-daemon.conf":             "# x\nRuleFile=/etc/usbguard/rules.conf\nImplicitPolicyTarget=reject\n",
	"/etc/usbguard/rules.conf":                       "allow id 1d6b:0002\nreject via-port 1-1\n# allow\n",
	"/etc/usbguard/rules.d/10.conf":                  "block id *:*\n",
}

func section(t testing.TB, root tree.Root) (facts.Usb, map[string]facts.Missing) {
	t.Helper()
	s, err := Read(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := facts.Decode(s); err != nil {
		t.Fatal(err)
	}
	var v facts.Usb
	if err := json.Unmarshal(s.Values, &v); err != nil {
		t.Fatal(err)
	}
	missing := map[string]facts.Missing{}
	for _, m := range s.Missing {
		missing[m.Path] = m
	}
	return v, missing
}

func TestRead(t *testing.T) {
	v, missing := section(t, files(t, stick))
	if len(missing) != 0 {
		t.Errorf("missing %v", missing)
	}
	if len(v.Devices) != 2 || v.Devices[0].Port != "1-1" || !v.Devices[0].Storage || !v.Devices[0].Authorized || v.Devices[0].Vendor != "SanDisk" || len(v.Devices[0].SerialDigest) != 32 {
		t.Errorf("%+v", v.Devices)
	}
	if d := v.Devices[1]; d.Storage || d.Authorized || !slices.Equal(d.Classes, []string{"03"}) || d.SerialDigest != "" {
		t.Errorf("%+v", d)
	}
	if !*v.AuthorizedDefault || !*v.Storage.Loaded || !*v.Storage.Blocked || *v.Storage.BlockedBy != "/etc/modprobe.d/a.conf:3" {
		t.Errorf("%+v %+v", v.AuthorizedDefault, v.Storage)
	}
	if *v.Guard.Policy != "reject" || *v.Guard.Rules != 3 {
		t.Errorf("%s %d", *v.Guard.Policy, *v.Guard.Rules)
	}
}

func TestWhatBlocks(t *testing.T) {
	for text, want := range map[string]string{
		"blacklist usb-storage\n":                "",
		"install usb-storage /sbin/modprobe x\n": "",
		"install usb-storage /bin/true\n":        "/etc/modprobe.d/x.conf:1",
		"install usb-storage false\n":            "/etc/modprobe.d/x.conf:1",
		"install usb-storage\n":                  "",
		"install uas /bin/false\n":               "",
	} {
		by, err := blockedBy(files(t, map[string]string{"/etc/modprobe.d/x.conf": text}))
		if err != nil || by != want {
			t.Errorf("%q: %q %v, want %q", text, by, err, want)
		}
	}
}

func TestNothing(t *testing.T) {
	_, missing := section(t, files(t, map[string]string{"/sys/bus/pci/keep": "", "/proc/modules": ""}))
	if m := missing["/devices"]; m.State != facts.Absent || m.Reason != "this kernel has no USB bus" {
		t.Errorf("%+v", m)
	}
	_, missing = section(t, files(t, nil))
	if missing["/devices"].State != facts.NotObserved || missing["/storage/loaded"].State != facts.NotObserved || missing["/guard"].State != facts.Absent {
		t.Errorf("%+v", missing)
	}
}

// TestAgreeWithLsusb holds this host's devices against lsusb.
func TestAgreeWithLsusb(t *testing.T) {
	p, ok := command.Find("lsusb")
	if !ok {
		t.Skip("NOT RUN: lsusb is not installed")
	}
	if _, err := os.Stat(bus); err != nil {
		t.Skip("NOT RUN: this kernel has no USB bus")
	}
	out, err := exec.CommandContext(t.Context(), p).Output()
	if err != nil {
		t.Skipf("NOT RUN: lsusb: %v", err)
	}
	want := map[string]int{}
	for line := range strings.Lines(string(out)) {
		_, id, _ := strings.Cut(line, " ID ")
		if id, _, _ = strings.Cut(id, " "); !strings.HasPrefix(id, "1d6b:") { // root hubs
			want[id]++
		}
	}
	v, _ := section(t, tree.Root{})
	for _, d := range v.Devices {
		want[d.VendorID+":"+d.ProductID]--
	}
	for id, n := range want {
		if n != 0 {
			t.Errorf("%s: lsusb shows %d more", id, n)
		}
	}
}

func FuzzRead(f *testing.F) {
	names := []string{"/etc/modprobe.d/a.conf", "/proc/modules", "/etc/usbguard/usbguard-daemon.conf", "/etc/usbguard/rules.conf", "/sys/bus/usb/devices/1-1/product", "/sys/bus/usb/devices/1-1:1.0/bInterfaceClass"}
	for i, n := range names {
		f.Add(byte(i), []byte(stick[n]))
	}
	root := files(f, stick)
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		p := filepath.Join(root.Dir, names[int(which)%len(names)])
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		section(t, root)
	})
}
