package kmod

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	list, err := parse("f", "# no\nblacklist usb-storage\ninstall a \\\n  /bin/true x\n\noptions a b=1\nalias c d\ninstall e /bin/false\n")
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	for i, want := range []struct {
		kind, module, command string
		line                  int64
	}{{"blacklist", "usb-storage", "", 2}, {"install", "a", "/bin/true", 3}, {"install", "e", "/bin/false", 8}} {
		if r := list[i]; r.Kind != want.kind || r.Module != want.module || r.Command != want.command || r.Line != want.line || r.File != "f" {
			t.Errorf("%+v, want %+v", r, want)
		}
	}
	for text, want := range map[string]string{"blacklist": "names no module", "\ninstall a": "f:2: install names no module or no command"} {
		if _, err := parse("f", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// FuzzParse gives any bytes as a file: a rule that is taken names a module and
// stands on a line that the file has.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"blacklist a\n", "install a /bin/true\n", "install a \\\n\\\n b", "#\\\nblacklist x", "\xff", "install  \t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := parse("f", s)
		if err != nil {
			return
		}
		for _, r := range list {
			if r.Module == "" || (r.Kind == "install") != (r.Command != "") || r.Line < 1 || r.Line > int64(strings.Count(s, "\n")+1) {
				t.Errorf("%+v", r)
			}
		}
	})
}
