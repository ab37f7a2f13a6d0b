package pam

import (
	"slices"
	"strings"
	"testing"
)

func TestParseLine(t *testing.T) {
	for _, c := range []struct {
		line, facility, control, module, include string
		arguments                                []string
		err                                      string
	}{
		{line: "# no"}, {line: "   "},
		{line: "auth required pam_unix.so nullok # why", facility: "auth", control: "required", module: "pam_unix.so", arguments: []string{"nullok"}},
		{line: "-session\toptional\t/lib/security/pam_x.so", facility: "session", control: "optional", module: "pam_x.so"},
		{line: "AUTH [success=1 default=ignore] pam_unix.so [a b\\] c] x", facility: "auth", control: "[success=1 default=ignore]", module: "pam_unix.so", arguments: []string{"a b] c", "x"}},
		{line: "@include common-auth", include: "common-auth"},
		{line: "account include system-auth", facility: "account", control: "include", module: "system-auth", include: "system-auth"},
		{line: "auth required pam_ldap.so bindpw=1 userPassword=geheim", facility: "auth", control: "required", module: "pam_ldap.so", arguments: []string{"bindpw=1", "userPassword=…"}},
		{line: "@include", err: "names no file"},
		{line: "other required x.so", err: "expected auth"},
		{line: "auth required", err: "expected a control and a module"},
		{line: "auth [success=1 pam_unix.so", err: "not closed"},
	} {
		l, err := parseLine(c.line)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %s", c.line, err, c.err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.line, err)
		case c.facility == "" && c.include == "":
			if l != nil {
				t.Errorf("%s: %+v", c.line, l)
			}
		case l.include != c.include || l.rule.Facility != c.facility || l.rule.Control != c.control || l.rule.Module != c.module || !slices.Equal(l.rule.Arguments, c.arguments):
			t.Errorf("%s: %+v", c.line, l)
		}
	}
}

func TestParseJoinsLines(t *testing.T) {
	list, err := parse("f", "# one\nauth \\\n required \\\n pam_a.so\nauth required pam_b.so\n")
	if err != nil || len(list) != 2 || list[0].rule.Line != 2 || list[0].rule.Module != "pam_a.so" || list[1].rule.Line != 5 {
		t.Errorf("%+v, %v", list, err)
	}
}

// FuzzParse gives any bytes as a file: a rule that is taken has a facility that
// there is and a line that the file has, and no argument is null.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"auth required pam_unix.so nullok\n", "@include x\n", "auth [a\\]b] x.so [c d]\n", "\\\n\\\n", "session include \\\n y", "auth [", "\xff required x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := parse("f", s)
		if err != nil {
			return
		}
		for _, l := range list {
			if l.include == "" && (!slices.Contains(facilities, l.rule.Facility) || l.rule.Arguments == nil) {
				t.Errorf("%+v", l)
			}
			if l.rule.Line < 1 || l.rule.Line > int64(strings.Count(s, "\n")+1) {
				t.Errorf("line %d", l.rule.Line)
			}
		}
	})
}
