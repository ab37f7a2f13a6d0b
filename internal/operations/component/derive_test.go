package component

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/facts"
)

// section decodes a section from JSON, with what is missing of it as path, state and
// reason.
func sectionOf(t testing.TB, name, values string, missing ...[3]string) facts.Decoded {
	t.Helper()
	s := facts.Section{Name: name, Registry: facts.Registry().Version, Values: []byte(values)}
	for _, m := range missing {
		s.Missing = append(s.Missing, facts.Missing{Path: m[0], State: facts.State(m[1]), Reason: m[2]})
	}
	d, err := facts.Decode(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func shown(parts []Part) []string {
	var out []string
	for _, p := range parts {
		if p.State != "" {
			out = append(out, p.Name+": "+string(p.State)+": "+p.Reason)
		}
		for _, s := range p.Seen {
			out = append(out, fmt.Sprintf("%s %s", s.Kind, s.Name))
		}
	}
	return out
}

func TestDerive(t *testing.T) {
	for _, c := range []struct {
		name, section, values string
		missing               [][3]string
		want                  []string
	}{
		{"accounts, groups and rules", "users", `{"accounts":[{"name":"root","uid":0,"gid":0,"home":"/root","shell":"/bin/bash","login":true,"system":true,"shadowed":true}],
			"groups":[{"name":"docker","gid":998,"members":["bob","alice"]},{"name":"games","gid":60,"members":["zoe"]}],
			"sudo":{"rules":[{"who":"deploy","hosts":"ALL","runas":"","commands":["/bin/b","/bin/a"],"nopasswd":true,"noexec":false,"file":"/etc/sudoers","line":4}]}}`, nil,
			[]string{"user root", "group alice in docker", "group bob in docker", "group docker", "group games", "sudo deploy as root: /bin/a, /bin/b"}},
		{"rules that need root hide no accounts", "users", `{"accounts":[{"name":"root","uid":0,"gid":0,"home":"/root","shell":"/bin/bash","login":true,"system":true,"shadowed":true}],"groups":[]}`,
			[][3]string{{"/sudo/rules", "error", "needs root"}}, []string{"user root", "users/sudo/rules: error: needs root"}},
		{"no sudo", "users", `{"accounts":[],"groups":[]}`, [][3]string{{"/sudo", "absent", "sudo is not installed"}}, []string{"users/sudo/rules: absent: sudo is not installed"}},
		{"ports", "ports", `{"listening":[{"proto":"tcp","address":"0.0.0.0","port":22,"loopback":false,"uid":0,"user":"root","process":"sshd"},{"proto":"tcp6","address":"::","port":22,"loopback":false,"uid":0,"user":"root","process":"sshd"},
			{"proto":"tcp","address":"127.0.0.1","port":5432,"loopback":true,"uid":1,"user":"postgres","process":"postgres"},{"proto":"udp","address":"0.0.0.0","port":41234,"loopback":false,"uid":1,"user":"x","process":"dhclient"},
			{"proto":"udp","address":"10.0.0.5","port":123,"loopback":false,"uid":0,"user":"root","process":""}]}`, nil,
			[]string{"port tcp/22 sshd, every address", "port tcp/5432 postgres, this host only", "port udp/123 kernel, one address", "port udp/of its own choice dhclient, every address"}},
		{"keys", "ssh_keys", `{"accounts":[{"name":"deploy","uid":1000,"authorized":[{"file":"/home/deploy/.ssh/authorized_keys","line":1,"type":"ssh-ed25519","bits":256,"fingerprint":"SHA256:aaa","options":["restrict"]}],"files":[],"shosts":false}],"host_trust":[]}`, nil,
			[]string{"ssh_key SHA256:aaa for deploy"}},
		{"a user's service has one name", "services", `{"manager":"systemd","units":{"user@1000.service":{"name":"user@1000.service","enabled":"static","starts":false,"alias_of":"","file":"/lib/u"},"ssh.service":{"name":"ssh.service","enabled":"enabled","starts":true,"alias_of":"","file":"/lib/ssh.service"},
			"quiet.service":{"name":"quiet.service","enabled":"disabled","starts":false,"alias_of":"","file":"/lib/q"},"multi-user.target":{"name":"multi-user.target","enabled":"static","starts":true,"alias_of":"","file":"/lib/m"}},
			"running":{"user@1000.service":{"name":"user@1000.service","active":"active","sub":"running"}},"timers":{"a.timer":{"name":"a.timer","unit":"a.service","enabled":"enabled","starts":true,"schedule":["OnCalendar=daily"]},"off.timer":{"name":"off.timer","unit":"o.service","enabled":"disabled","starts":false,"schedule":[]}}}`, nil,
			[]string{"service ssh.service", "service user@*.service", "job a.timer"}},
		{"kernels have one name", "packages", `{"managers":["dpkg"],"count":2,"by_name":{"linux-image-6.1.0-18-amd64":{"name":"linux-image-6.1.0-18-amd64","version":"6.1.76-1","arch":"amd64","source":"linux","source_version":"1","manager":"dpkg"},
			"linux-image-6.1.0-20-amd64":{"name":"linux-image-6.1.0-20-amd64","version":"6.1.85-1","arch":"amd64","source":"linux","source_version":"1","manager":"dpkg"},"bash":{"name":"bash","version":"5","arch":"amd64","source":"bash","source_version":"5","manager":"dpkg"}}}`, nil,
			[]string{"package bash", "package linux-image-*-amd64"}},
		{"modules", "kernel_modules", `{"loaded":{"ext4":{"name":"ext4","size":1,"in_use":true,"used_by":[]}},"rules":[],"watched":{}}`, nil, []string{"module ext4"}},
		{"settings", "sysctl", `{"running":{"kernel.kptr_restrict":"1"},"persisted":{}}`, nil, []string{"setting kernel.kptr_restrict = 1"}},
		{"usb", "usb", `{"devices":[{"port":"1-1","vendor_id":"0951","product_id":"1666","vendor":"Kingston","product":"DT","classes":["08"],"storage":true,"serial_digest":"ab","authorized":true}]}`, nil, []string{"usb Kingston DT 0951:1666"}},
		{"set-id files", "special_files", `{"suid":[{"path":"/usr/bin/su","mode":2541,"mode_octal":"4755","uid":0,"gid":0}],"suid_count":1}`, nil, []string{"suid /usr/bin/su 4755"}},
		{"jobs", "cron", `{"installed":true,"jobs":[{"kind":"cron.d","file":"/etc/cron.d/x","line":2,"user":"root","schedule":"* * * * *","program":"/opt/x","command_digest":"00"}]}`, nil, []string{"job /opt/x as root by /etc/cron.d/x"}},
		{"machines, without containers", "neighbours", `{"entries":[{"address":"192.0.2.9","mac":"52:54:00:AA:bb:cc","interface":"eth0","state":"learned","router":false},{"address":"172.17.0.2","mac":"02:42:ac:11:00:02","interface":"docker0","state":"learned","router":false}]}`, nil, []string{"host 52:54:00:aa:bb:cc"}},
		{"content roots", "watching", `{"mode":"inotify","reason":"","roots":["/etc","/srv/www"],"content_roots":["/srv/dump","/srv/www"]}`, nil, []string{"content_root /srv/dump", "content_root /srv/www"}},
		{"content roots before the watch begins", "watching", `{"mode":"starting","reason":"","roots":[],"content_roots":[]}`, nil, []string{"watching/content_roots: not_observed: files are not watched: starting"}},
		{"content roots of an agent that does not say", "watching", `{"mode":"fanotify","reason":""}`, nil, []string{"watching/content_roots: not_observed: the agent does not report it"}},
		{"nothing was said", "usb", `{}`, nil, []string{"usb/devices: not_observed: the agent does not report it"}},
		{"no components", "clock", `{"synchronised":true}`, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := shown(Derive(sectionOf(t, c.section, c.values, c.missing...)))
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// What matters makes another component, what does not makes none.
func TestIdentity(t *testing.T) {
	id := func(section, values string) string {
		t.Helper()
		p := Derive(sectionOf(t, section, values))
		if len(p) == 0 || len(p[0].Seen) != 1 {
			t.Fatalf("%s: %v", values, p)
		}
		return p[0].Seen[0].ID()
	}
	account := func(uid int, login bool, home string) string {
		return id("users", fmt.Sprintf(`{"accounts":[{"name":"deploy","uid":%d,"gid":5,"home":%q,"shell":"/bin/sh","login":%t,"system":false,"shadowed":true}],"groups":[],"sudo":{"rules":[]}}`, uid, home, login))
	}
	pkg := func(version string) string {
		return id("packages", fmt.Sprintf(`{"by_name":{"bash":{"name":"bash","version":%q,"arch":"amd64","source":"bash","source_version":"5","manager":"dpkg"}}}`, version))
	}
	suid := func(mode string, uid int) string {
		return id("special_files", fmt.Sprintf(`{"suid":[{"path":"/usr/bin/su","mode":2541,"mode_octal":%q,"uid":%d,"gid":0}]}`, mode, uid))
	}
	same := map[string][2]string{"home": {account(1, true, "/a"), account(1, true, "/b")}, "version": {pkg("1"), pkg("2")}}
	other := map[string][2]string{"uid": {account(1, true, "/a"), account(0, true, "/a")}, "login": {account(1, true, "/a"), account(1, false, "/a")}, "mode": {suid("4755", 0), suid("4777", 0)}, "owner": {suid("4755", 0), suid("4755", 1)}}
	for name, x := range same {
		if x[0] != x[1] {
			t.Errorf("another %s makes another component", name)
		}
	}
	for name, x := range other {
		if x[0] == x[1] {
			t.Errorf("another %s makes no other component", name)
		}
	}
}

func FuzzDerive(f *testing.F) {
	for _, name := range Sections() {
		f.Add(name, `{"accounts":[{"name":"a","authorized":[{"fingerprint":"x"}]}],"listening":[{"proto":"tcp","port":1}],"units":{"a.service":{"name":"a.service","starts":true}},"found":[{"subject_digest":"ab"}],"images":[{"digests":["a:1@sha256:x"]}],"running":{"a":"b"},"by_name":{"linux-image-1":{"name":"linux-image-1"}}}`)
	}
	f.Fuzz(func(t *testing.T, name, values string) {
		d, err := facts.Decode(facts.Section{Name: name, Registry: 99, Values: []byte(values)})
		if err != nil {
			return
		}
		first := Derive(d)
		for i, p := range first {
			for j, s := range p.Seen {
				if _, known := About(s.Kind); !known || len(s.Identity) == 0 || len(s.ID()) != 30 {
					t.Fatalf("%q of %s: %+v", values, name, s)
				}
				if j > 0 && p.Seen[j-1].ID() == s.ID() {
					t.Fatalf("%s stands twice", s.Name)
				}
			}
			if again := Derive(d)[i]; !slices.Equal(idsOf(again.Seen), idsOf(p.Seen)) {
				t.Fatalf("%s is another one the second time", p.Name)
			}
		}
		links(d)
	})
}
