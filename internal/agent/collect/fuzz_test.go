package collect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/attesta/attesta/internal/facts"
)

// foreign are the files that readers parse, with the sections that read them.
var foreign = []struct {
	path     string
	sections []string
}{
	{"/etc/os-release", []string{"os"}},
	{"/proc/stat", []string{"os"}},
	{"/proc/cpuinfo", []string{"os"}},
	{"/proc/1/environ", []string{"os"}},
	{"/var/lib/dpkg/status", []string{"packages"}},
	{"/lib/apk/db/installed", []string{"packages"}},
	{"/etc/passwd", []string{"users", "files", "ports"}},
	{"/etc/shadow", []string{"users"}},
	{"/etc/group", []string{"users", "files"}},
	{"/etc/login.defs", []string{"users"}},
	{"/etc/profile", []string{"users"}},
	{"/etc/sudoers", []string{"users"}},
	{"/etc/ssh/sshd_config", []string{"sshd"}},
	{"/etc/sysctl.d/a.conf", []string{"sysctl"}},
	{"/proc/sys/kernel/core_pattern", []string{"sysctl"}},
	{"/proc/self/mountinfo", []string{"mounts", "users"}},
	{"/etc/fstab", []string{"mounts"}},
	{"/usr/lib/systemd/system/default.target", []string{"services"}},
	{"/usr/lib/systemd/system/a.timer", []string{"services"}},
	{"/proc/net/tcp", []string{"ports"}},
	{"/proc/net/udp6", []string{"ports"}},
	{"/etc/chrony/chrony.conf", []string{"clock"}},
	{"/etc/systemd/timesyncd.conf", []string{"clock"}},
	{"/etc/timezone", []string{"clock"}},
	{"/etc/resolv.conf", []string{"network"}},
	{"/etc/hosts", []string{"network"}},
	{"/etc/nftables.conf", []string{"firewall"}},
	{"/etc/iptables/rules.v4", []string{"firewall"}},
	{"/etc/ufw/ufw.conf", []string{"firewall"}},
	{"/etc/firewalld/firewalld.conf", []string{"firewall"}},
	{"/etc/crypttab", []string{"storage"}},
	{"/etc/modprobe.d/usb.conf", []string{"usb"}},
	{"/var/lib/clamav/daily.cvd", []string{"malware"}},
	{"/etc/docker/daemon.json", []string{"containers"}},
	{"/etc/containers/policy.json", []string{"containers"}},
	{"/etc/audit/rules.d/docker.rules", []string{"containers", "audit"}},
	{"/etc/haproxy/haproxy.cfg", []string{"haproxy"}},
	{"/usr/lib/systemd/system/haproxy.service", []string{"haproxy"}},
	{"/etc/default/haproxy", []string{"haproxy"}},
	{"/etc/nginx/nginx.conf", []string{"nginx"}},
	{"/etc/audit/auditd.conf", []string{"audit"}},
	{"/etc/pam.d/common-password", []string{"pam"}},
	{"/etc/security/pwquality.conf", []string{"pam"}},
	{"/etc/security/limits.conf", []string{"pam"}},
	{"/root/.ssh/authorized_keys", []string{"ssh_keys"}},
	{"/root/.ssh/id_x", []string{"ssh_keys"}},
	{"/proc/7/stat", []string{"processes"}},
	{"/proc/modules", []string{"kernel_modules"}},
	{"/etc/modprobe.d/a.conf", []string{"kernel_modules"}},
	{"/etc/crontab", []string{"cron"}},
	{"/etc/anacrontab", []string{"cron"}},
	{"/etc/ssl/private/a.pem", []string{"certificates"}},
	{"/etc/apt/apt.conf.d/a", []string{"updates"}},
	{"/etc/apt/sources.list.d/a.sources", []string{"updates"}},
	{"/var/log/dpkg.log", []string{"updates"}},
	{"/etc/systemd/journald.conf", []string{"logging"}},
	{"/etc/rsyslog.conf", []string{"logging"}},
	{"/etc/logrotate.conf", []string{"logging"}},
	{"/sys/kernel/security/apparmor/profiles", []string{"mac"}},
	{"/etc/selinux/config", []string{"mac"}},
	{"/boot/grub/grub.cfg", []string{"boot"}},
	{"/proc/cmdline", []string{"boot"}},
}

// FuzzReaders puts any bytes in the place of a file: the reader neither
// crashes nor fails; it gives a section that decodes, or says what is missing
// and why.
func FuzzReaders(f *testing.F) {
	for _, name := range []string{"debian", "rhel", "alpine", "broken"} {
		archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txt"))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			for i, p := range foreign {
				if p.path == "/"+file.Name {
					f.Add(byte(i), file.Data)
				}
			}
		}
	}
	for i := range foreign {
		f.Add(byte(i), []byte("a\xff:b\x00=\\\n\"'([{%*?:,#@!\n\\"))
	}
	root := Root{Dir: f.TempDir()}
	for _, p := range []string{"/usr/bin/sudo", "/usr/sbin/sshd", "/etc/sudoers.d/x", "/usr/lib/systemd/systemd", "/usr/bin/clamscan", "/usr/sbin/dockerd", "/usr/bin/podman",
		"/usr/sbin/auditd", "/usr/bin/apt-get", "/usr/sbin/rsyslogd", "/usr/sbin/logrotate", "/usr/lib/systemd/systemd-journald", "/usr/sbin/apparmor_parser", "/usr/sbin/haproxy", "/usr/sbin/nginx"} {
		if err := os.MkdirAll(filepath.Join(root.Dir, filepath.Dir(p)), 0o755); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root.Dir, p), nil, 0o600); err != nil {
			f.Fatal(err)
		}
	}
	for name, text := range map[string]string{"/etc/passwd": "root:x:0:0::/root:/bin/sh\n", "/proc/uptime": "1000.0 1\n", "/sys/module/apparmor/parameters/enabled": "Y\n"} {
		if err := os.MkdirAll(filepath.Join(root.Dir, filepath.Dir(name)), 0o755); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root.Dir, name), []byte(text), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		target := foreign[int(which)%len(foreign)]
		p := filepath.Join(root.Dir, target.path)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		before, none := os.ReadFile(p)
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if none != nil {
				os.Remove(p)
			} else if err := os.WriteFile(p, before, 0o600); err != nil {
				t.Error(err)
			}
		}()
		for _, r := range readers() {
			for _, name := range target.sections {
				if r.section != name {
					continue
				}
				s, err := r.read(t.Context(), root)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if _, err := facts.Decode(s); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
	})
}

// FuzzToolOutput gives any bytes as what programs and the kernel print.
func FuzzToolOutput(f *testing.F) {
	for _, s := range []string{
		"ssh.service loaded active running x\n", " crond [ started ]\n", "System time : 0.1 seconds slow of NTP time\n",
		"bash\t5\tx86_64\tbash-5-1.src.rpm\t1\n", "port 22\nmaxstartups 10:30:100\nciphers a,b\n", "\xff\x00:::\t\t\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		text := string(data)
		_, _ = parseListUnits(text)
		_, _ = parseRCStatus(text)
		if us, err := parseTracking(text); err == nil && (us > 1e15 || us < -1e15) {
			t.Errorf("offset %d", us)
		}
		if list, err := parseRpm(strings.NewReader(text)); err == nil && len(byName(list)) > len(list) {
			t.Error("more packages than lines")
		}
		var rep report
		declared, other := effective(text, &rep)
		if _, err := rep.section("sshd", map[string]any{"installed": true, "effective": declared, "effective_other": other}); err != nil {
			t.Errorf("sshd -T: %v", err)
		}
	})
}
