package sudoers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

func policy(t *testing.T, text string) (*Policy, error) {
	t.Helper()
	root := tree.Root{Dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(root.Dir, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root.Dir, File), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Read(root)
}

func TestRules(t *testing.T) {
	for line, want := range map[string]string{
		"root ALL=(ALL:ALL) ALL":                              "root|ALL|ALL:ALL|ALL|false|false",
		"%wheel ALL=(ALL) NOPASSWD: ALL":                      "%wheel|ALL|ALL|ALL|true|false",
		"a ALL=PASSWD: ALL":                                   "a|ALL||ALL|false|false",
		"a ALL=NOPASSWD: /bin/x, PASSWD: /bin/y":              "a|ALL||/bin/x,/bin/y|true|false",
		"a ALL = NOPASSWD:NOEXEC: ALL":                        "a|ALL||ALL|true|true",
		"a ALL = NOEXEC: /bin/x, EXEC: /bin/y":                "a|ALL||/bin/x,/bin/y|false|false",
		"a,b h1 , h2 = /bin/x":                                "a|h1 , h2||/bin/x|false|false a2:b",
		"a ALL = (root) CWD=/tmp TIMEOUT=5m NOPASSWD: /bin/x": "a|ALL|root|/bin/x|true|false",
		"#1000 ALL = /bin/x # why":                            "#1000|ALL||/bin/x|false|false",
		"a ALL = sha256:abc=, sha512:def= /bin/x":             "a|ALL||sha256:abc=,sha512:def= /bin/x|false|false",
	} {
		p, err := policy(t, line+"\n")
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		r := p.Rules[0]
		got := fmt.Sprintf("%s|%s|%s|%s|%t|%t", r.Who, r.Hosts, r.Runas, strings.Join(r.Commands, ","), r.Nopasswd, r.Noexec)
		if len(p.Rules) > 1 {
			got += " a2:" + p.Rules[1].Who
		}
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", line, got, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	p, err := policy(t, "Defaults !use_pty, timestamp_timeout = 5\nDefaults:alice , bob !authenticate\nDefaults env_keep += \"A B\"\nDefaults@h log_output\nDefaults>r passwd_tries=2\nDefaults!/bin/x noexec\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range p.Defaults {
		got = append(got, fmt.Sprintf("%s|%s|%s|%t|%d", d.Scope, d.Name, d.Value, d.Negated, d.Line))
	}
	want := "|use_pty||true|1 |timestamp_timeout|5|false|1 :alice,bob|authenticate||true|2 |env_keep|A B|false|3 @h|log_output||false|4 >r|passwd_tries|2|false|5 !/bin/x|noexec||false|6"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"Defaults use_pty\nroot ALL\n":            "/etc/sudoers:2: expected users, hosts = commands",
		"root ALL =\n":                            "/etc/sudoers:1: expected hosts = commands",
		"Defaults\n":                              "/etc/sudoers:1: expected a setting after Defaults",
		"Defaults a,,b\n":                         "/etc/sudoers:1: expected a setting between commas",
		"User_Alias ADMINS\n":                     "/etc/sudoers:1: expected NAME = list after User_Alias",
		"@include /etc/missing\n":                 "/etc/sudoers:1: open /etc/missing: no such file or directory",
		"# x\n#include sudoers\n":                 "too many levels of includes",
		"a \\\nALL = ALL\nroot \\\n\\\nnothing\n": "/etc/sudoers:3: expected users, hosts = commands",
	} {
		if _, err := policy(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzSudoers(f *testing.F) {
	f.Add([]byte("Defaults use_pty\nroot ALL=(ALL:ALL) NOPASSWD: ALL\n@includedir /etc/sudoers.d\n"))
	f.Add([]byte("a,\\ b \"c d\"=(((:=:,!#1\\"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := &Policy{root: tree.Root{Dir: t.TempDir()}}
		if err := p.parse(File, string(data), 0); err != nil {
			return
		}
		for _, r := range p.Rules {
			if r.Who == "" || len(r.Commands) == 0 || r.Line < 1 {
				t.Errorf("%+v of %q", r, data)
			}
		}
	})
}
