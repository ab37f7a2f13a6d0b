package agent

import (
	"bytes"
	"fmt"
	"hash"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect"
	"github.com/attesta/attesta/internal/agent/collect/sockets"
	"github.com/attesta/attesta/internal/facts"

	"golang.org/x/sys/unix"
)

// soonSections cost too much to be read every few seconds; whether they changed
// costs little to see, so that they are read when they did: what somebody adds to a
// host is known within seconds.
func soonSections() []string {
	return []string{"ports", "ssh_keys", "cron", "services", "kernel_modules", "usb", "containers"}
}

// probes sum up what a section is read from beside files; what one cannot see is part
// of the sum as such.
var probes = map[string]func(h hash.Hash, root string){
	"files":          stampFiles,
	"mounts":         stampMounts,
	"sysctl":         stampSysctl,
	"pam":            stampModulesOfPAM,
	"ports":          stampPorts,
	"ssh_keys":       stampKeys,
	"kernel_modules": stampModules,
	"usb":            stampUSB,
}

// stampFiles looks at all that section files is read from.
func stampFiles(h hash.Hash, root string) {
	s, tree := stamper{h: h, left: mostStamped}, treeOf(root)
	def, _ := facts.Registry().Section("files")
	for _, p := range append([]string{"/etc/passwd", "/etc/group"}, def.Watch...) {
		paths := []string{p}
		if strings.ContainsAny(p, "*?[") {
			var err error
			paths, err = tree.Glob(p)
			fmt.Fprintf(h, "%v", err)
		}
		for _, p := range paths {
			s.one(filepath.Join(root, p))
		}
	}
}

// stampMounts looks at what is mounted, and at the directories that section mounts is
// about.
func stampMounts(h hash.Hash, root string) {
	raw, err := treeOf(root).Read("/proc/self/mountinfo")
	fmt.Fprintf(h, "%v %s", err, raw)
	s := stamper{h: h}
	s.one(filepath.Join(root, "/etc/fstab"))
	def, _ := facts.Registry().Section("mounts")
	for _, p := range def.Watch {
		var st unix.Stat_t // which directory it is; what lies in it is another matter
		err := unix.Stat(filepath.Join(root, p), &st)
		fmt.Fprintf(h, "%s %v %o %d %d\n", p, err, st.Mode&unix.S_IFMT, st.Dev, st.Ino)
	}
}

// stampSysctl reads the settings in force, and looks at the files that set them.
func stampSysctl(h hash.Hash, root string) {
	def, _ := facts.Registry().Section("sysctl")
	for _, name := range def.Watch {
		raw, err := treeOf(root).Read("/proc/sys/" + collect.SysctlPath(name))
		fmt.Fprintf(h, "%v %s\n", err, raw)
	}
	s := stamper{h: h}
	s.one(filepath.Join(root, "/usr/lib/systemd/systemd-sysctl"))
	s.one(filepath.Join(root, "/lib/systemd/systemd-sysctl"))
	for _, dir := range append(collect.SysctlDirs(), "/etc/sysctl.conf") {
		stampTree(h, root, dir)
	}
	// A pattern sets what there is: a setting of each interface.
	names, err := treeOf(root).Names("/sys/class/net")
	fmt.Fprintf(h, "%v %q", err, names)
}

// stampModulesOfPAM looks at the directories of its modules: which there are is what
// the section asks.
func stampModulesOfPAM(h hash.Hash, root string) {
	s := stamper{h: h}
	for _, dir := range []string{"/usr/lib", "/lib", "/usr/lib64", "/lib64"} {
		s.one(filepath.Join(root, dir, "security"))
		if st, err := os.Lstat(filepath.Join(root, dir)); err != nil || !st.IsDir() {
			continue // a link to one of the others
		}
		several, err := treeOf(root).Glob(dir + "/*-linux-*/security")
		fmt.Fprintf(h, "%v", err)
		for _, p := range several {
			s.one(filepath.Join(root, p))
		}
	}
}

func stampPorts(h hash.Hash, root string) {
	list, err := sockets.List(treeOf(root))
	fmt.Fprintf(h, "%v", err)
	sum := uint64(0) // whatever the order
	for _, s := range list {
		one := fnv.New64a()
		fmt.Fprintf(one, "%s %s %d %d %d", s.Proto, s.Address, s.Port, s.UID, s.Inode)
		sum += one.Sum64()
	}
	fmt.Fprintf(h, " %d %x", len(list), sum)
}

func treeOf(root string) collect.Root {
	if root == "/" {
		return collect.Root{}
	}
	return collect.Root{Dir: root}
}

// mostAccounts is how many accounts are looked at for keys.
const mostAccounts = 500

// stampKeys looks at what lies in the .ssh of each account's home.
func stampKeys(h hash.Hash, root string) {
	stampTree(h, root, "/etc/ssh")
	raw, err := os.ReadFile(filepath.Join(root, "/etc/passwd"))
	fmt.Fprintf(h, "%v %s", err, raw)
	n := 0
	for line := range strings.Lines(string(raw)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 7 || f[5] == "" || f[5] == "/" || strings.HasSuffix(f[6], "nologin") || strings.HasSuffix(f[6], "/false") {
			continue
		}
		if n++; n > mostAccounts {
			return
		}
		stampTree(h, root, filepath.Join(f[5], ".ssh"))
	}
}

// stampModules keeps the names of modules and what uses them; how often is another
// number all the time.
func stampModules(h hash.Hash, root string) {
	raw, err := os.ReadFile(filepath.Join(root, "/proc/modules"))
	fmt.Fprintf(h, "%v", err)
	for line := range bytes.Lines(raw) {
		f := bytes.Fields(line)
		if len(f) > 3 {
			fmt.Fprintf(h, "%s %s\n", f[0], f[3])
		}
	}
	stampTree(h, root, "/etc/modprobe.d")
}

func stampUSB(h hash.Hash, root string) {
	list, err := os.ReadDir(filepath.Join(root, "/sys/bus/usb/devices"))
	fmt.Fprintf(h, "%v", err)
	for _, e := range list {
		fmt.Fprintf(h, "%s\n", e.Name())
	}
	stampTree(h, root, "/etc/usbguard")
}
