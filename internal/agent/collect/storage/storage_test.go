package storage

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/agent/collect/command"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// host is a machine with an encrypted volume group on vda3, a plain boot
// partition, encrypted swap in it, a RAID of which one half is not encrypted, a
// disk on a USB port, and a file on the encrypted root as a loop device.
func host(t testing.TB) tree.Root {
	t.Helper()
	dir := t.TempDir()
	write := func(p, text string) {
		t.Helper()
		full := filepath.Join(dir, p)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if to, ok := strings.CutPrefix(text, "-> "); ok {
			if err := os.Symlink(to, full); err != nil {
				t.Fatal(err)
			}
			return
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	device := func(real, dev string, files map[string]string, slaves ...string) {
		name := filepath.Base(real)
		at := "/sys/devices/" + real
		write(at+"/dev", dev+"\n")
		if files["size"] == "" {
			write(at+"/size", "2048\n")
		}
		for k, v := range files {
			write(at+"/"+k, v+"\n")
		}
		for _, s := range slaves {
			write(at+"/slaves/"+s+"/keep", "")
		}
		write("/sys/class/block/"+name, "-> ../../devices/"+real)
	}
	device("pci/block/vda", "254:0", map[string]string{"removable": "0"})
	device("pci/block/vda/vda1", "254:1", map[string]string{"partition": "1"})
	device("pci/block/vda/vda3", "254:3", map[string]string{"partition": "3"})
	device("virtual/block/dm-0", "253:0", map[string]string{"dm/uuid": "CRYPT-LUKS2-0123456789abcdef0123456789abcdef-vda3_crypt", "dm/name": "vda3_crypt"}, "vda3")
	device("virtual/block/dm-1", "253:1", map[string]string{"dm/uuid": "LVM-abc", "dm/name": "vg-root"}, "dm-0")
	device("virtual/block/dm-2", "253:2", map[string]string{"dm/uuid": "LVM-def", "dm/name": "vg-swap"}, "dm-0")
	device("virtual/block/dm-3", "253:3", map[string]string{"dm/uuid": "CRYPT-VERITY-x", "dm/name": "usr"}, "vda1")
	device("pci/block/vdb", "254:16", nil)
	device("virtual/block/md0", "9:0", nil, "vdb", "dm-0")
	device("usb/block/sda", "8:0", map[string]string{"removable": "1"})
	device("usb/block/sda/sda1", "8:1", map[string]string{"partition": "1"})
	device("virtual/block/loop0", "7:0", map[string]string{"loop/backing_file": "/srv/image.raw"})
	device("virtual/block/loop1", "7:1", map[string]string{"size": "0"})
	device("virtual/block/zram0", "252:0", nil)
	write("/dev/vg/swap", "-> ../dm-2")
	write("/proc/self/mountinfo", `22 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw
23 22 254:1 / /boot rw - ext4 /dev/vda1 rw
24 22 0:44 /sub /srv rw - btrfs /dev/mapper/vg-root rw
25 22 9:0 / /data rw - xfs /dev/md0 rw
26 22 8:1 / /media/stick rw - vfat /dev/sda1 rw
27 22 7:0 / /image ro - squashfs /dev/loop0 ro
28 22 0:5 / /proc rw - proc proc rw
29 22 254:1 / /tmp\040x rw - ext4 /dev/vda1 rw
30 22 0:50 / /net rw - nfs server:/x rw
`)
	write("/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/dm-2 partition 1 0 -2\n/boot/swap\\040file file 1 0 -3\n/dev/zram0 partition 1 0 100\n/srv/swap file 1 0 -4\n")
	write("/etc/crypttab", "# x\nvda3_crypt UUID=abc none luks,discard\nswap /dev/vdb /dev/urandom swap,cipher=aes-xts-plain64\ndata UUID=def /etc/keys/data.key luks\ntpm UUID=1 - tpm2-device=auto\n")
	return tree.Root{Dir: dir}
}

func section(t testing.TB, root tree.Root) (facts.Storage, facts.Section) {
	t.Helper()
	s, err := Read(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	var v facts.Storage
	if err := json.Unmarshal(s.Values, &v); err != nil {
		t.Fatal(err)
	}
	return v, s
}

func TestRead(t *testing.T) {
	v, s := section(t, host(t))
	if len(s.Missing) != 0 {
		t.Errorf("missing %v", s.Missing)
	}
	var devices []string
	for _, d := range v.Devices {
		devices = append(devices, strings.TrimSpace(strings.Join([]string{d.Name, d.Kind, d.Mapper, d.Crypt, strings.Join(d.Parents, ","), strconv.FormatBool(d.Removable)}, " ")))
	}
	want := []string{
		"dm-0 crypt vda3_crypt LUKS2 vda3 false", "dm-1 lvm vg-root  dm-0 false", "dm-2 lvm vg-swap  dm-0 false", "dm-3 verity usr  vda1 false",
		"loop0 loop    false", "md0 raid   dm-0,vdb false", "sda disk    true", "sda1 part   sda false", "vda disk    false", "vda1 part   vda false", "vda3 part   vda false", "vdb disk    false", "zram0 zram    false",
	}
	if diff := cmp.Diff(want, devices); diff != "" {
		t.Error(diff)
	}
	mounts := map[string]string{}
	for _, m := range v.Mounts {
		mounts[m.Target] = strings.TrimSpace(strings.Join([]string{m.Device, m.Fstype, strconv.FormatBool(m.Encrypted), strconv.FormatBool(m.Removable), strings.Join(m.Through, ",")}, " "))
	}
	if diff := cmp.Diff(map[string]string{
		"/": "dm-1 ext4 true false vda3_crypt", "/boot": "vda1 ext4 false false", "/srv": "dm-1 btrfs true false vda3_crypt", "/data": "md0 xfs false false vda3_crypt",
		"/media/stick": "sda1 vfat false true", "/image": "loop0 squashfs true false vda3_crypt", "/tmp x": "vda1 ext4 false false",
	}, mounts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]facts.SwapArea{
		{Device: "/boot/swap file", Kind: "file"}, {Device: "/dev/dm-2", Kind: "partition", Encrypted: true}, {Device: "/dev/zram0", Kind: "zram", Encrypted: true}, {Device: "/srv/swap", Kind: "file", Encrypted: true},
	}, v.Swaps); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]facts.CrypttabEntry{
		{Name: "vda3_crypt", Device: "UUID=abc", Key: "passphrase", Options: []string{"discard", "luks"}, Line: 2},
		{Name: "swap", Device: "/dev/vdb", Key: "random", Options: []string{"cipher=aes-xts-plain64", "swap"}, Line: 3},
		{Name: "data", Device: "UUID=def", Key: "file", Options: []string{"luks"}, Line: 4},
		{Name: "tpm", Device: "UUID=1", Key: "token", Options: []string{"tpm2-device"}, Line: 5},
	}, v.Crypttab); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(string(s.Values), "/etc/keys") {
		t.Error("the path of a key file is a fact")
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ file, text, path, want string }{
		{"/etc/crypttab", "name\n", "/crypttab", "/etc/crypttab:1: expected a name and a device"},
		{"/proc/self/mountinfo", "garbage\n", "/mounts", "/proc/self/mountinfo:"},
		{"/proc/swaps", "x\n/dev/dm-2\n", "/swaps", "/proc/swaps:2: expected a device and its type"},
		{"/sys/devices/pci/block/vda/size", "many\n", "/devices", `/sys/class/block/vda/size: expected a number, found "many"`},
	} {
		root := host(t)
		if err := os.WriteFile(filepath.Join(root.Dir, c.file), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, s := section(t, root)
		i := slices.IndexFunc(s.Missing, func(m facts.Missing) bool { return m.Path == c.path })
		if i < 0 || s.Missing[i].State != facts.Error || !strings.HasPrefix(s.Missing[i].Reason, c.want) {
			t.Errorf("%s: missing %+v, want %s", c.file, s.Missing, c.want)
		}
	}
}

type shown struct {
	Name, Kname, Type, Pkname string
	Rm                        bool
	Size                      int64
	Children                  []shown
}

// TestAgreeWithLsblk holds the tree above and this host against lsblk.
func TestAgreeWithLsblk(t *testing.T) {
	p, ok := command.Find("lsblk")
	if !ok {
		t.Skip("NOT RUN: lsblk is not installed")
	}
	out, err := exec.CommandContext(t.Context(), p, "-J", "-b", "-a", "-o", "NAME,KNAME,TYPE,PKNAME,RM,SIZE").Output()
	if err != nil {
		t.Skipf("NOT RUN: lsblk: %v", err)
	}
	var list struct{ Blockdevices []shown }
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	v, _ := section(t, tree.Root{})
	want := map[string]shown{}
	var walk func(list []shown)
	walk = func(list []shown) {
		for _, s := range list {
			if s.Size > 0 {
				want[s.Kname] = s
			}
			walk(s.Children)
		}
	}
	walk(list.Blockdevices)
	for _, d := range v.Devices {
		s, ok := want[d.Name]
		if !ok {
			t.Errorf("%s: lsblk does not show it", d.Name)
			continue
		}
		delete(want, d.Name)
		kind := map[string]string{"rom": "optical"}[s.Type]
		if kind == "" {
			kind = s.Type
		}
		if strings.HasPrefix(kind, "raid") {
			kind = "raid"
		}
		if d.Kind != kind && !(d.Kind == "zram" && kind == "disk") || d.Size != s.Size || d.Removable != s.Rm && s.Pkname == "" {
			t.Errorf("%+v, lsblk shows %+v", d, s)
		}
		if s.Pkname != "" && !slices.Contains(d.Parents, s.Pkname) {
			t.Errorf("%s lies on %v, lsblk says %s", d.Name, d.Parents, s.Pkname)
		}
	}
	for name := range want {
		t.Errorf("lsblk shows %s and we do not", name)
	}
	if len(v.Devices) == 0 {
		t.Error("no device was compared")
	}
}

// TestAgreeWithFindmnt: every mount of a block device of this host is known.
func TestAgreeWithFindmnt(t *testing.T) {
	p, ok := command.Find("findmnt")
	if !ok {
		t.Skip("NOT RUN: findmnt is not installed")
	}
	out, err := exec.CommandContext(t.Context(), p, "-rn", "-o", "TARGET,MAJ:MIN,FSTYPE").Output()
	if err != nil {
		t.Fatal(err)
	}
	v, _ := section(t, tree.Root{})
	have := map[string]facts.StorageMount{}
	for _, m := range v.Mounts {
		have[m.Target] = m
	}
	compared := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		name, err := os.Readlink("/sys/dev/block/" + f[1])
		if err != nil {
			continue // no block device
		}
		compared++
		if m := have[f[0]]; m.Device != filepath.Base(name) || m.Fstype != f[2] {
			t.Errorf("%+v, findmnt says %s on %s", m, line, name)
		}
	}
	if compared == 0 {
		t.Skip("NOT RUN: this host has no block device mounted")
	}
}

// TestAgreeWithCryptsetup makes a LUKS volume in a file, opens it and looks.
func TestAgreeWithCryptsetup(t *testing.T) {
	p, ok := command.Find("cryptsetup")
	if !ok {
		t.Skip("NOT RUN: cryptsetup is not installed")
	}
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs root")
	}
	if _, err := os.Stat("/sys/class/misc/device-mapper"); err != nil {
		t.Skip("NOT RUN: this kernel has no device mapper")
	}
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, make([]byte, 32<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) error {
		cmd := exec.CommandContext(t.Context(), p, args...)
		cmd.Stdin = strings.NewReader("a passphrase of a test\n")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Logf("cryptsetup %v: %s", args, out)
		}
		return err
	}
	if err := run("-q", "luksFormat", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", image); err != nil {
		t.Fatal(err)
	}
	name := "attesta-test-" + strconv.Itoa(os.Getpid())
	if err := run("open", image, name); err != nil {
		t.Skipf("NOT RUN: a volume cannot be opened here: %v", err)
	}
	defer run("close", name)
	v, _ := section(t, tree.Root{})
	if i := slices.IndexFunc(v.Devices, func(d facts.BlockDevice) bool { return d.Mapper == name }); i < 0 || v.Devices[i].Kind != "crypt" || v.Devices[i].Crypt != "LUKS2" {
		t.Errorf("%+v", v.Devices)
	}
}

func FuzzRead(f *testing.F) {
	files := []string{"/etc/crypttab", "/proc/swaps", "/proc/self/mountinfo", "/sys/devices/pci/block/vda/size", "/sys/devices/virtual/block/dm-0/dm/uuid", "/sys/devices/virtual/block/loop0/loop/backing_file", "/sys/devices/virtual/block/dm-0/dev"}
	root := host(f)
	for i, name := range files {
		b, err := os.ReadFile(filepath.Join(root.Dir, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), b)
	}
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		p := filepath.Join(root.Dir, files[int(which)%len(files)])
		before, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		defer os.WriteFile(p, before, 0o600)
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Read(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := facts.Decode(s); err != nil {
			t.Fatal(err)
		}
	})
}
