package rpm

import (
	"strings"
	"testing"
	"time"
)

const packagesText = "a\t1:2-3\tx86_64\t1700000000\tExample\tRSA/SHA256, Mon 01 Jan 2024, Key ID 199e2f91fd431d51\t(none)\ngpg-pubkey\tfd431d51-4ae0493b\t(none)\t1\t(none)\t(none)\t(none)\nb\t1-1\tnoarch\t(none)\t(none)\t(none)\t(none)\n"

func TestPackages(t *testing.T) {
	all, keys, err := parsePackages(strings.NewReader(packagesText))
	if err != nil || len(all) != 2 || !keys["fd431d51"] {
		t.Fatalf("%+v %v %v", all, keys, err)
	}
	if all[0] != (Package{"a", "1:2-3", "x86_64", 1700000000, "Example", "fd431d51"}) || all[0].ID() != "a-1:2-3.x86_64" || all[1].Key != "" || all[1].Vendor != "" {
		t.Errorf("%+v", all)
	}
	for _, bad := range []string{"a\tb\n", "a\t1\tx\tsoon\tv\ts\ts\n"} {
		if _, _, err := parsePackages(strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), "rpm -qa:1:") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

var filesText = "a-1.x\t/etc/r.conf\t" + strings.Repeat("8", 64) + "\t33188\troot\troot\t17\t8\t\na-1.x\t/l\t\t-24065\troot\troot\t0\t8\tdata\na-1.x\t/old\t" + strings.Repeat("8", 32) + "\t33188\troot\troot\t64\t1\t\n"

func TestFiles(t *testing.T) {
	got := map[string]File{}
	if err := parseFiles(strings.NewReader(filesText+"package b-1.x is not installed\n"), func(p string, f File) { got[p] = f }); err != nil {
		t.Fatal(err)
	}
	if f := got["/etc/r.conf"]; !f.Config || f.SHA256 == "" || f.Mode != 0o100644 {
		t.Errorf("%+v", f)
	}
	if f := got["/l"]; f.Link != "data" || f.Mode != 0o120777 {
		t.Errorf("%+v %o", f, f.Mode)
	}
	if f := got["/old"]; f.SHA256 != "" || !f.Ghost {
		t.Errorf("an MD5 is taken for a SHA-256: %+v", f)
	}
	for _, bad := range []string{"x\n", "a\tb\t\t1\tr\tr\t0\t8\t\n", "a\t/b\t\tx\tr\tr\t0\t8\t\n", "a\t/b\t\t1\tr\tr\t-1\t8\t\n"} {
		if err := parseFiles(strings.NewReader(bad), func(string, File) {}); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

const doneText = `2026-03-01T10:00:05+0000 SUBDEBUG Upgrade: a-1:2-4.x86_64
2026-03-01T10:00:06+0000 INFO a script said: Installed: nothing at all
2026-03-01T10:00:07Z SUBDEBUG Upgraded: a-1:2-3.x86_64
2026-03-01T10:00:08+0000 SUBDEBUG Erase: old-thing-1-1.noarch
`

func TestLogs(t *testing.T) {
	var all []Done
	if err := parseDone(strings.NewReader(doneText), func(d Done) { all = append(all, d) }); err != nil {
		t.Fatal(err)
	}
	if len(all) != 3 || all[0].Before || !all[1].Before || all[2].Action != "remove" || all[1].At.Second() != 7 {
		t.Fatalf("%+v", all)
	}
	if n, v := nameOf(all[2].ID); n != "old-thing" || v != "1-1" {
		t.Errorf("%q %q", n, v)
	}
	var commands []Command
	if err := parseCommands(strings.NewReader("2026-03-01T10:00:00+0000 DDEBUG Command: dnf -y upgrade\n2026-03-01T10:00:00+0000 DDEBUG Base command: upgrade\n"), func(c Command) { commands = append(commands, c) }); err != nil || len(commands) != 1 || commands[0].Line != "dnf -y upgrade" {
		t.Errorf("%+v %v", commands, err)
	}
	start := commands[0].At.Add(3 * time.Second)
	d := Database{lists: map[string]*list{"a": {pkg: Package{Name: "a", Version: "1:2-4", TID: start.Unix()}}}, done: all, commands: commands}
	tx := d.Transactions()
	if len(tx) != 1 || tx[0].Command != "dnf -y upgrade" || *tx[0].Acts["a"] != (Act{"upgrade", "1:2-3", "1:2-4"}) || *tx[0].Acts["old-thing"] != (Act{"remove", "1-1", ""}) || tx[0].End.Second() != 8 {
		t.Errorf("%+v", tx)
	}
}

func FuzzPackages(f *testing.F) {
	f.Add(packagesText)
	f.Fuzz(func(t *testing.T, s string) {
		all, _, _ := parsePackages(strings.NewReader(s))
		for _, p := range all {
			if strings.Contains(p.ID(), "\t") || p.Key != "" && (len(p.Key) != 8 || strings.Trim(p.Key, "0123456789abcdef") != "") {
				t.Fatalf("%+v", p)
			}
		}
	})
}

func FuzzFiles(f *testing.F) {
	f.Add(filesText)
	f.Fuzz(func(t *testing.T, s string) {
		_ = parseFiles(strings.NewReader(s), func(p string, f File) {
			if p[0] != '/' || f.SHA256 != "" && len(f.SHA256) != 64 || f.Mode > 0xFFFF {
				t.Fatalf("%q %+v", p, f)
			}
		})
	})
}

func FuzzDnf(f *testing.F) {
	f.Add(doneText)
	f.Fuzz(func(t *testing.T, s string) {
		d := Database{lists: map[string]*list{"a": {pkg: Package{Name: "a", Version: "1", TID: 1772359205}}}}
		_ = parseDone(strings.NewReader(s), func(x Done) { d.done = append(d.done, x) })
		_ = parseCommands(strings.NewReader(s), func(c Command) { d.commands = append(d.commands, c) })
		for _, t2 := range d.Transactions() {
			for name, a := range t2.Acts {
				if a.Action == "" {
					t.Fatalf("%q %+v", name, a)
				}
			}
		}
	})
}
