package sshkeys

import (
	"slices"
	"strings"
	"testing"
)

const ed25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl" // of the manual's kind, nobody's

func TestParse(t *testing.T) {
	for _, c := range []struct {
		line    string
		kind    string // "" is no key at all
		options []string
	}{
		{"", "", nil},
		{"  # comment", "", nil},
		{"ssh-ed25519 " + ed25519 + " ann@host", "ssh-ed25519", nil},
		{"\tssh-ed25519\t" + ed25519, "ssh-ed25519", nil},
		{`restrict,command="echo \"a b\",c",FROM="10.0.0.0/8,x" ssh-ed25519 ` + ed25519, "ssh-ed25519", []string{"restrict", "command", "from"}},
		{"ssh-rsa " + ed25519, invalid, nil},                // another type inside
		{"ssh-ed25519 " + ed25519[:20] + "!", invalid, nil}, // no base64
		{"ssh-ed25519", invalid, nil},                       // no key
		{"no-pty ssh-unknown " + ed25519, invalid, []string{"no-pty"}},
		{"ssh-rsa AAAAB3NzaC1yc2E=", "ssh-rsa", nil}, // cut off after the type
	} {
		k, ok := parse(c.line)
		if ok != (c.kind != "") || k.kind != c.kind {
			t.Errorf("%q: %+v, %v", c.line, k, ok)
		}
		if ok && !slices.Equal(k.options, append([]string{}, c.options...)) {
			t.Errorf("%q: options %q", c.line, k.options)
		}
		if (k.kind != invalid && ok) != strings.HasPrefix(k.fingerprint, "SHA256:") {
			t.Errorf("%q: fingerprint %q of type %q", c.line, k.fingerprint, k.kind)
		}
	}
}

// FuzzParse gives any line: what is no key has no fingerprint, and no value of an
// option is read out.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"ssh-ed25519 " + ed25519, `command="secret \" x",no-pty ssh-rsa AAAAB3NzaC1yc2E=`, `"`, `\`, "a,b=,=c", "ssh-dss AAAAB3NzaC1kc3MAAAAA", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, ok := parse(s)
		if !ok {
			return
		}
		if (k.kind == invalid) != (k.fingerprint == "") || k.bits < 0 || k.bits > 8*int64(len(s)) && k.bits > 521 {
			t.Errorf("%+v", k)
		}
		if k.options == nil {
			t.Error("a list is null")
		}
		for _, o := range k.options {
			if o == "" || strings.Contains(o, "=") {
				t.Errorf("option %q", o)
			}
		}
	})
}
