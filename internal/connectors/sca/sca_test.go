package sca

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/pack"
)

func TestParseRule(t *testing.T) {
	for _, c := range []struct{ rule, want string }{
		{"f:/etc/passwd", "f /etc/passwd"},
		{"not d:/etc/mysql", "not d /etc/mysql"},
		{"p:sshd", "p sshd"},
		{`f:/x -> !r:^# && r:Protocol && r:2`, "f /x !r'^#' r'Protocol' r'2'"},
		{`f:/x -> n:^Max (\d+) compare <= 4`, `f /x n'^Max (\d+)' <= 4`},
		{`f:/proc/x -> 1`, "f /proc/x l'1'"},
		{`d:/etc/d -> r:\.conf$ -> r:^a`, `d /etc/d [r:\.conf$] r'^a'`},
		{`r:HKEY\A -> B -> 1`, `r HKEY\A [B] l'1'`},
		{`c:sshd -T -> r:a -> r:b`, "mistake: more than one ->"},
		{"x:/etc", "mistake: no known kind"},
		{"/etc", "mistake: no known kind"},
		{"f:", "mistake: nothing to look at"},
		{"c:sshd -T", "mistake: asks nothing"},
		{"p:a -> r:b", "mistake: of a process"},
		{"f:/x -> r:", "mistake: test is empty"},
		{"f:/x -> n:(a) compare <= b", "mistake: cannot be read"},
		{"f:/x -> n:(a) compare ~ 4", "mistake: no comparison"},
		{"f:/x -> n:(a)", "mistake: cannot be read"},
	} {
		r, err := ParseRule(c.rule)
		got := ""
		if err != nil {
			if err.Hint == "" {
				t.Errorf("%s: the mistake has no hint", c.rule)
			}
			if want, ok := strings.CutPrefix(c.want, "mistake: "); !ok || !strings.Contains(err.Message, want) {
				t.Errorf("%s: %s; want %s", c.rule, err.Message, c.want)
			}
			continue
		}
		if r.Not {
			got = "not "
		}
		got += string(r.Kind) + " " + r.Target
		if r.Inner != "" {
			got += " [" + r.Inner + "]"
		}
		for _, x := range r.Tests {
			got += " "
			if x.Not {
				got += "!"
			}
			got += fmt.Sprintf("%c'%s'", x.Kind, x.Text)
			if x.Kind == 'n' {
				got += fmt.Sprintf(" %s %d", x.Op, x.Number)
			}
		}
		if got != c.want {
			t.Errorf("%s: %s; want %s", c.rule, got, c.want)
		}
	}
}

func TestExpressions(t *testing.T) {
	for _, c := range []struct {
		text, line string
		want       bool
	}{
		{`^\s*PermitRootLogin\s*no`, "permitrootlogin no", true},
		{`net.ipv4`, "netxipv4", false}, // a dot is a dot
		{`net\.ipv4`, "netxipv4", true}, // and \. any character
		{`\w+:`, "a-b@c:", true},
		{`\s`, "\t", false},
		{`a|^b$`, "b", true},
		{`a+`, "aa", false}, // + repeats classes only
		{`\(0644/-rw-r--r--\)`, "(0644/-rw-r--r--)", true},
	} {
		m, why := compileTests([]Test{{Kind: 'r', Text: c.text}}, false)
		if why != "" {
			t.Errorf("%s: %s", c.text, why)
		} else if got := m.holds(c.line); got != c.want {
			t.Errorf("%s of %q: %v", c.text, c.line, got)
		}
	}
	if _, why := compileTests([]Test{{Kind: 'r', Text: `(?!a)b`}}, true); why == "" {
		t.Error("looking ahead is taken, and Go's expressions cannot")
	}
}

func read(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/policy.yml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestImport(t *testing.T) {
	got, err := Import("policy.yml", read(t))
	if err != nil {
		t.Fatal(err)
	}
	rep := got.Report
	if rep.Checks != 14 || rep.Mapped != 11 || rep.Partly != 1 || rep.Not != 2 || rep.Rules != 21 || rep.RulesMapped != 18 {
		t.Errorf("%+v", rep)
	}
	if want := `(os.id == "debian" && (os.version == "12" || os.version.startsWith("12.")))`; rep.Where != want {
		t.Errorf("where %s; %s", rep.Where, rep.Requirements)
	}
	dir := t.TempDir()
	if err := Write(dir, got.Files); err != nil {
		t.Fatal(err)
	}
	p, err := pack.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range p.Checks {
		ids = append(ids, strings.TrimPrefix(c.ID, "sample-linux/sca-"))
	}
	if want := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}; !slices.Equal(ids, want) {
		t.Errorf("judged %v", ids)
	}
	if len(p.Untranslated) != 3 || !strings.Contains(p.Untranslated[0].Reason, "policy.yml line 29: ") {
		t.Errorf("untranslated %+v", p.Untranslated)
	}
	for id, part := range map[string]string{
		"1": "kernel_modules.watched[\"cramfs\"].blocked", "2": "sshd.effective.permitrootlogin", "3": "sshd.matches.all", "8": `mode_octal in ["0644"]`,
		"4": `int(users.login_defs["PASS_MAX_DAYS"]) <= 365`, "6": `!(("telnet" in packages.by_name))`,
	} {
		c, ok := p.Check("sca-" + id)
		if !ok {
			t.Errorf("%s is not there", id)
			continue
		}
		if expect := c.Attributes[0].Expect; !strings.Contains(expect, part) {
			t.Errorf("%s: %s", id, expect)
		}
	}
}

// The expression is held against the policy's own rules: turned round, it must
// be refused by the lint, or the fixtures would show nothing.
func TestFixturesCanFail(t *testing.T) {
	got, err := Import("policy.yml", read(t))
	if err != nil {
		t.Fatal(err)
	}
	text := string(got.Files["checks.yaml"])
	turned := strings.Replace(text, `.matches("(?i)^[ ]*PermitRootLogin[ ]*no")`, `.matches("(?i)^[ ]*PermitRootLogin[ ]*yes")`, 1)
	if turned == text {
		t.Fatal("nothing was turned round")
	}
	got.Files["checks.yaml"] = []byte(turned)
	mistakes, err := lint(got.Files)
	if err != nil || len(mistakes) == 0 {
		t.Errorf("a wrong expression is accepted: %v", err)
	}
}

func TestMistakes(t *testing.T) {
	const head = "policy:\n  id: a\n"
	for _, c := range []struct {
		name, text string
		line       int
		message    string
	}{
		{"bad YAML", head + "checks:\n  - id: \"\\s\"\n", 4, "not valid YAML"},
		{"empty", "", 1, "is empty"},
		{"a list", "- a\n", 1, "is not a policy"},
		{"no policy", "checks:\n  - {id: 1, title: a, condition: all, rules: ['f:/x']}\n", 1, "is missing"},
		{"no checks", head, 1, "has no checks"},
		{"unknown prefix", head + "checks:\n  - id: 1\n    title: a\n    condition: all\n    rules:\n      - 'x:/etc'\n", 8, "no known kind"},
		{"unknown condition", head + "checks:\n  - id: 1\n    title: a\n    condition: some\n    rules: ['f:/x']\n", 6, "is no condition"},
		{"no condition", head + "checks:\n  - {id: 1, title: a, rules: ['f:/x']}\n", 4, "is missing"},
		{"no id", head + "checks:\n  - {title: a, condition: all, rules: ['f:/x']}\n", 4, "is missing"},
		{"no number", head + "checks:\n  - {id: one, title: a, condition: all, rules: ['f:/x']}\n", 4, "is not a number"},
		{"twice", head + "checks:\n  - {id: 1, title: a, condition: all, rules: ['f:/x']}\n  - {id: 1, title: b, condition: all, rules: ['f:/y']}\n", 5, "another check (line 4)"},
		{"no rules", head + "checks:\n  - {id: 1, title: a, condition: all}\n", 4, "no rules"},
		{"expressions", "policy: {id: a, regex_type: posix}\nchecks:\n  - {id: 1, title: a, condition: all, rules: ['f:/x']}\n", 1, "no kind of expressions"},
	} {
		_, err := Parse("p.yml", []byte(c.text))
		mistakes := pack.Mistakes(err)
		if len(mistakes) != 1 {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if m := mistakes[0]; m.File != "p.yml" || m.Line != c.line || m.Hint == "" || !strings.Contains(m.Message, c.message) || !errors.Is(err, error(m)) || fault.KindOf(m) != fault.Invalid {
			t.Errorf("%s: %s:%d %s (%s)", c.name, m.File, m.Line, m.Message, m.Hint)
		}
	}
}

// Every published policy below the corpus is read, and what is judged of it
// is accepted by the lint: Import has it linted.
func TestCorpus(t *testing.T) {
	root := os.Getenv("ATTESTA_CORPUS")
	files, err := filepath.Glob(filepath.Join(root, "sca", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if root == "" || len(files) == 0 {
		t.Skip("NOT RUN: $ATTESTA_CORPUS/sca holds no policy")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Import(filepath.Base(file), data)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		r := got.Report
		if r.Mapped+r.Partly+r.Not != r.Checks {
			t.Errorf("%s: %d + %d + %d are not %d checks", filepath.Base(file), r.Mapped, r.Partly, r.Not, r.Checks)
		}
		t.Logf("%s: %d checks, %d judged, %d partly, %d not; %d of %d rules", filepath.Base(file), r.Checks, r.Mapped, r.Partly, r.Not, r.RulesMapped, r.Rules)
	}
}

func FuzzPolicy(f *testing.F) {
	data, err := os.ReadFile("testdata/policy.yml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("policy: {id: a}\nchecks:\n  - {id: 1, title: a, condition: none, rules: ['not c:stat /etc/passwd -> r:0644']}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Import("p.yml", data)
		if err != nil {
			if pack.Mistakes(err) == nil {
				t.Fatal(err)
			}
			return
		}
		if r := got.Report; r.Mapped+r.Partly+r.Not != r.Checks {
			t.Fatalf("%d + %d + %d are not %d checks", r.Mapped, r.Partly, r.Not, r.Checks)
		}
	})
}
