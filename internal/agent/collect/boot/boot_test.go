package boot

import (
	"slices"
	"strings"
	"testing"
)

func TestArguments(t *testing.T) {
	for text, want := range map[string][]string{
		"ro  quiet\n":                       {"ro", "quiet"},
		`a="b c" d`:                         {`a="b c"`, "d"},
		"luks.key=geheim rd.PASSWORD=x y=z": {"luks.key=…", "rd.PASSWORD=…", "y=z"},
		"":                                  {},
	} {
		if got := arguments(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestChosen(t *testing.T) {
	for text, want := range map[string]string{"none [integrity] confidentiality": "integrity", "[none] x": "none", "x": "x", "[x": "[x", "": ""} {
		if got := chosen(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPasswordLines(t *testing.T) {
	for line, want := range map[string]bool{
		"password_pbkdf2 root grub.pbkdf2.sha512.10000.A": true, "\tpassword root x": true, "# password root x": false, "password root": false, "set password=x": false,
	} {
		if got := password.MatchString(line); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
	for line, want := range map[string]bool{`set superusers="root"`: true, " set superusers = root": true, `set superusers=""`: false, "# set superusers=root": false} {
		if got := superusers.MatchString(line); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

// FuzzArguments gives any bytes as the kernel's command line: what follows a name
// that tells of a secret does not come out.
func FuzzArguments(f *testing.F) {
	for _, s := range []string{"a=b c", `a="b c`, "passwd=x", "key = y", "\"token=x y\"", "\xff="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, a := range arguments(s) {
			if name, value, ok := strings.Cut(a, "="); ok && secretive.MatchString(name) && value != "…" {
				t.Errorf("%q", a)
			}
		}
		_ = chosen(s)
	})
}
