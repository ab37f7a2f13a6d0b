package units

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// write makes a tree of unit files; a value that starts with -> is a link.
func write(t *testing.T, files map[string]string) tree.Root {
	t.Helper()
	root := tree.Root{Dir: t.TempDir()}
	for name, text := range files {
		p := filepath.Join(root.Dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if len(text) > 2 && text[:2] == "->" {
			err = os.Symlink(text[2:], p)
		} else {
			err = os.WriteFile(p, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestStarts: what starts at boot is what default.target leads to, over
// links, directives, drop-ins, aliases and templates, but not past a mask.
func TestStarts(t *testing.T) {
	const vendor, admin = "usr/lib/systemd/system/", "etc/systemd/system/"
	units, _, err := Load(write(t, map[string]string{
		vendor + "default.target":                     "->multi.target",
		vendor + "multi.target":                       "[Unit]\nWants=direct.service \\\n  joined.service\n",
		vendor + "direct.service":                     "[Unit]\nRequires=second.service\n",
		vendor + "joined.service":                     "[Service]\n",
		vendor + "second.service":                     "[Service]\n",
		vendor + "lonely.service":                     "[Install]\nWantedBy=multi.target\n",
		vendor + "dropped.service":                    "[Service]\n",
		admin + "multi.target.d/more.conf":            "[Unit]\nWants=dropped.service\n",
		vendor + "hidden.service":                     "[Unit]\nWants=behind.service\n",
		vendor + "behind.service":                     "[Service]\n",
		admin + "hidden.service":                      "->/dev/null",
		admin + "multi.target.wants/hidden.service":   "->/usr/lib/systemd/system/hidden.service",
		vendor + "named.service":                      "[Install]\nAlias=other.service\n",
		admin + "other.service":                       "->/usr/lib/systemd/system/named.service",
		admin + "multi.target.requires/other.service": "->/usr/lib/systemd/system/named.service",
		vendor + "many@.service":                      "[Unit]\nWants=child.service\n",
		vendor + "child.service":                      "[Service]\n",
		admin + "multi.target.wants/many@one.service": "->/usr/lib/systemd/system/many@.service",
		vendor + "a.service":                          "[Unit]\nWants=b.service\n",
		vendor + "b.service":                          "[Unit]\nWants=a.service\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"direct.service": true, "joined.service": true, "second.service": true, "lonely.service": false, "dropped.service": true,
		"hidden.service": false, "behind.service": false, "named.service": true, "other.service": true,
		"many@one.service": true, "many@.service": false, "child.service": true, "a.service": false, "b.service": false,
	} {
		if u, ok := units[name]; !ok || u.Starts != want {
			t.Errorf("%s: %+v, want starts %v", name, u, want)
		}
	}
}

func TestTimers(t *testing.T) {
	_, timers, err := Load(write(t, map[string]string{
		"usr/lib/systemd/system/a.timer":         "[Timer]\nOnCalendar=daily\nOnBootSec=1h\n",
		"etc/systemd/system/a.timer.d/b.conf":    "[Timer]\nUnit=c.service\nOnUnitActiveSec=2h\n",
		"run/systemd/system/a.timer.d/b.conf":    "[Timer]\nUnit=hidden.service\n",
		"run/systemd/system/a.timer.d/0.conf":    "[Timer]\nOnCalendar=\n",
		"usr/lib/systemd/system/plain.timer":     "[Timer]\n; none\n",
		"usr/lib/systemd/system/plain.timer.d/x": "[Timer]\nOnCalendar=never\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if a := timers["a.timer"]; a.Unit != "c.service" || len(a.Schedule) != 1 || a.Schedule[0] != "OnUnitActiveSec=2h" {
		t.Errorf("%+v", a)
	}
	if p := timers["plain.timer"]; p.Unit != "plain.service" || len(p.Schedule) != 0 || p.Enabled != "static" {
		t.Errorf("%+v", p)
	}
}

func FuzzUnitFile(f *testing.F) {
	f.Add([]byte("[Unit]\nWants=a.service default.target\n[Install]\nAlias=default.target\n"), "default.target")
	f.Add([]byte("[Timer]\nOnCalendar=\\\n#x\n"), "a@.timer")
	f.Fuzz(func(t *testing.T, data []byte, to string) {
		dir := t.TempDir()
		base := filepath.Join(dir, "usr/lib/systemd/system")
		if err := os.MkdirAll(base, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(base, "default.target"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		_ = os.Symlink(to, filepath.Join(base, "a@b.service")) // some names cannot be linked
		if _, _, err := Load(tree.Root{Dir: dir}); err != nil {
			t.Fatalf("%v", err)
		}
	})
}
