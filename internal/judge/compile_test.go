package judge

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
)

// Mistakes in an expression: where they are, what they are, what to do.
func TestCompileErrors(t *testing.T) {
	s := things(t)
	params := map[string]any{"max": int64(4)}
	for _, c := range []struct {
		spec          Spec
		part          string
		line, column  int
		message, hint string // parts
	}{
		{Spec{Expect: `sshd.effective.rot == "no"`}, "expect", 1, 15, "no fact or field rot", "did you mean root?"},
		{Spec{Expect: `shd.effective.root == "no"`}, "expect", 1, 1, "shd is not known", "did you mean sshd?"},
		{Spec{Expect: `sshd.effective.root == "no" &&` + "\n" + `sshd.effective.trie == 4`}, "expect", 2, 15, "trie", "did you mean tries?"},
		{Spec{Expect: `sshd.effective.tries == "4"`}, "expect", 1, 22, "== cannot be used with (number, text)", "compare like with like"},
		{Spec{Expect: `kernel.running["k.x"] == 1`}, "expect", 1, 23, "== cannot be used with (text, number)", ""},
		{Spec{Expect: `sshd.effective.tries`}, "expect", 1, 1, "gives number; it must give true or false", ""},
		{Spec{Expect: `sshd.effective.tries <`}, "expect", 1, 23, "ends too early", ""},
		{Spec{Expect: `sshd.effective.tries ==== 4`}, "expect", 1, 24, "cannot be read", ""},
		{Spec{Expect: ` `}, "expect", 1, 1, "is empty", "sshd"},
		{Spec{Expect: `1 == 1`}, "expect", 1, 1, "reads no fact", ""},
		{Spec{Expect: `sshd.effective.tries <= params.min`, Params: params}, "expect", 1, 25, "parameter min is not declared", "declare it"},
		{Spec{Expect: `sshd.effective.tries <= params.min`}, "expect", 1, 25, "parameter min is not declared", "declare it"},
		{Spec{Expect: `has(sshd.effective.root)`}, "expect", 1, 4, "has() is not available", "not observed"},
		{Spec{Expect: `kernel.saved["k.x"] == "1"`}, "expect", 1, 13, `kernel.saved["k.x"], which need not be there`, `"k.x" in kernel.saved`},
		{Spec{Expect: `sshd.installed`, Where: `sshd.instaled`}, "where", 1, 5, "instaled", "installed"},
		{Spec{Expect: `sshd.installed`, Observed: `sshd.nothing`}, "observed", 1, 5, "nothing", ""},
		{Spec{Population: "people", Expect: `sshd.installed`}, "population", 1, 1, `no population "people"`, "things"},
		{Spec{Expect: strings.Repeat("sshd.installed && ", 1000) + "true"}, "expect", 1, 1, "size", ""},
		{Spec{Expect: `users.accounts.all(a, users.accounts.all(b, users.accounts.all(c, a.name != b.name || b.name != c.name)))`}, "expect", 1, 1, "too long", "two loops"},
		{Spec{Expect: `sshd.effective.root.matches("(")`}, "expect", 1, 1, "error parsing regexp", ""},
	} {
		if c.spec.Population == "" {
			c.spec.Population = "things"
		}
		_, err := s.CompileSpec(c.spec)
		var mistakes CompileErrors
		if !errors.As(err, &mistakes) {
			t.Errorf("%s: error %v, want mistakes", c.spec.Expect, err)
			continue
		}
		m := mistakes[0]
		if m.Part != c.part || m.Line != c.line || m.Column != c.column || !strings.Contains(m.Message, c.message) || !strings.Contains(m.Hint, c.hint) {
			t.Errorf("%.60s\n got %s:%d:%d %q (%s)\nwant %s:%d:%d %q (%s)", c.spec.Expect,
				m.Part, m.Line, m.Column, m.Message, m.Hint, c.part, c.line, c.column, c.message, c.hint)
		}
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%.60s: kind %s, want invalid", c.spec.Expect, fault.KindOf(err))
		}
	}
}

// All parts are compiled, so that all mistakes come at once.
func TestCompileErrorsTogether(t *testing.T) {
	_, err := things(t).CompileSpec(Spec{Population: "things", Where: `sshd.a`, Expect: `sshd.b == "x" && sshd.c`, Observed: `sshd.d`})
	var mistakes CompileErrors
	if !errors.As(err, &mistakes) || len(mistakes) != 4 {
		t.Fatalf("got %v, want four mistakes", err)
	}
}

func TestReads(t *testing.T) {
	s := things(t)
	for expr, want := range map[string]string{
		`sshd.effective.root == "no"`:                                                                  "/sshd/effective/root",
		`kernel.running["k.x"] == "1"`:                                                                 "/kernel/running/k.x",
		`files["/etc/shadow"].mode == 0`:                                                               "/files/~1etc~1shadow/mode",
		`"k.x" in kernel.saved`:                                                                        "/kernel/saved/k.x",
		`"k.x" in kernel.saved && kernel.saved["k.x"] == "1"`:                                          "/kernel/saved/k.x",
		`users.accounts.all(a, a.uid != 0)`:                                                            "/users/accounts",
		`users.accounts.exists(a, a.name == sshd.effective.root)`:                                      "/sshd/effective/root /users/accounts",
		`users.accounts[0].name == "root"`:                                                             "/users/accounts",
		`users.accounts.size() > 1`:                                                                    "/users/accounts",
		`users.accounts.filter(a, a.uid == 0).all(a, a.keys.size() == 0)`:                              "/users/accounts",
		`["k.x"].all(k, k in kernel.saved && kernel.saved[k] == "1")`:                                  "/kernel/saved",
		`kernel.running.all(k, kernel.running[k] == "1")`:                                              "/kernel/running",
		`kernel.running[sshd.effective.root] == "1"`:                                                   "/kernel/running /sshd/effective/root",
		`files.all(p, f, f.owner == "root")`:                                                           "/files",
		`(sshd.installed ? sshd.effective : sshd.effective).root == "no"`:                              "/sshd/effective /sshd/installed",
		`cel.bind(e, sshd.effective, e.root == "no" && e.tries == 4)`:                                  "/sshd/effective/root /sshd/effective/tries",
		`users.accounts.all(sshd, sshd.uid >= 0)`:                                                      "/users/accounts",
		`sshd.effective.root == "no" || sshd.effective in [sshd.effective]`:                            "/sshd/effective",
		`{"a": sshd.effective.root}["a"] == "no"`:                                                      "/sshd/effective/root",
		`[sshd.effective.root, sshd.effective.macs[0]].all(x, x != "")`:                                "/sshd/effective/macs /sshd/effective/root",
		`users.accounts.all(a, users.accounts.exists(b, b.uid == a.uid && sshd.effective.tries == 4))`: "/sshd/effective/tries /users/accounts",
	} {
		a := compile(t, s, Spec{Expect: expr})
		if got := strings.Join(a.Reads(), " "); got != want {
			t.Errorf("%s\n reads %s\n want  %s", expr, got, want)
		}
	}
	a := compile(t, s, Spec{Where: `sshd.installed`, Expect: `sshd.effective.root == "no"`, Observed: `sshd.effective.tries`})
	if got := strings.Join(a.Reads(), " "); got != "/sshd/effective/root /sshd/effective/tries /sshd/installed" {
		t.Errorf("where and observed count as well: %s", got)
	}
}

// The digest changes with everything that can change a result, and only then.
func TestDigest(t *testing.T) {
	s := things(t)
	spec := Spec{Expect: `sshd.effective.tries <= params.max`, Params: map[string]any{"max": int64(4), "other": "x"}}
	base := compile(t, s, spec).Digest()
	if again := compile(t, things(t), spec).Digest(); again != base {
		t.Error("the same attribute has another digest in another schema")
	}
	unused := spec
	unused.Params = map[string]any{"max": int64(4), "other": "y"}
	if compile(t, s, unused).Digest() != base {
		t.Error("a parameter that is not used changes the digest")
	}
	for name, change := range map[string]func(*Spec){
		"parameter": func(s *Spec) { s.Params = map[string]any{"max": int64(5)} },
		"where":     func(s *Spec) { s.Where = "sshd.installed" },
		"expect":    func(s *Spec) { s.Expect += " && sshd.installed" },
		"observed":  func(s *Spec) { s.Observed = "sshd.effective.tries" },
		"expected":  func(s *Spec) { s.Expected = "few" },
	} {
		changed := spec
		change(&changed)
		if compile(t, s, changed).Digest() == base {
			t.Errorf("another %s leaves the digest as it was", name)
		}
	}
}

func TestFunctions(t *testing.T) {
	s := things(t)
	for expr, want := range map[string]Outcome{
		`sshd.installed && atMost(384, "0640")`:                        Pass,
		`sshd.installed && atMost(416, "0640")`:                        Pass,
		`sshd.installed && atMost(420, "0640")`:                        Fail,
		`sshd.installed && atMost(2048, "0777")`:                       Fail, // set-uid
		`sshd.installed && atMost(384, "0x80")`:                        Error,
		`sshd.installed && octal(416) == "0640" && octal(0) == "0000"`: Pass,
		`sshd.installed && versionAtLeast("9.10p1", "9.9")`:            Pass,
		`sshd.installed && versionAtLeast("6.1.0-28-amd64", "6.1.0")`:  Pass,
		`sshd.installed && versionAtLeast("6.1", "6.1.1")`:             Fail,
		`sshd.installed && versionAtLeast("1.09", "1.9")`:              Pass,
		`sshd.installed && ip("10.0.0.1").family() == 4`:               Pass,
		`sshd.installed && cidr("10.0.0.0/8").containsIP("10.1.2.3")`:  Pass,
		`sshd.installed && sets.contains(["a", "b"], ["a"])`:           Pass,
		`sshd.installed && math.greatest(1, 2) == 2`:                   Pass,
		`sshd.installed && "A".lowerAscii() == "a"`:                    Pass,
		`sshd.installed && "abc".matches("^a.c$")`:                     Pass,
	} {
		if got := compile(t, s, Spec{Expect: expr}).Judge(thing()); got.Outcome != want {
			t.Errorf("%s is %s (%s), want %s", expr, got.Outcome, got.Reason, want)
		}
	}
}

// A loop inside a loop over a very large item is an error, not an hour; a
// single loop over it is judged.
func TestTooLarge(t *testing.T) {
	s := things(t)
	accounts := make([]any, 3000)
	for i := range accounts {
		accounts[i] = map[string]any{"name": strconv.Itoa(i), "uid": int64(i), "keys": []any{}}
	}
	small, large := with(thing(), "/users/accounts", accounts[:50]), with(thing(), "/users/accounts", accounts)
	for expr, want := range map[string]Outcome{
		`users.accounts.all(a, users.accounts.exists_one(b, b.name == a.name))`:                               Error,
		`users.accounts.filter(a, a.uid > 5).all(a, users.accounts.exists(b, b.name == a.name))`:              Error,
		`users.accounts.all(a, a.name != "")`:                                                                 Pass,
		`users.accounts.all(a, a.keys.all(k, k != ""))`:                                                       Pass,
		`["root", "bin"].all(n, users.accounts.all(a, a.name != n))`:                                          Pass,
		`users.accounts.filter(a, a.uid > 5).map(a, a.name).all(n, n != "") && users.accounts.size() != 1000`: Pass,
	} {
		a := compile(t, s, Spec{Expect: expr})
		if r := a.Judge(small); r.Outcome != Pass {
			t.Errorf("%s\n is %s (%s) of a small item", expr, r.Outcome, r.Reason)
		}
		r := a.Judge(large)
		if r.Outcome != want || (want == Error && r.Reason != "the item is too large to be judged: users accounts is 3000 entries") {
			t.Errorf("%s\n is %s (%s) of a large item, want %s", expr, r.Outcome, r.Reason, want)
		}
	}
}

func TestPopulations(t *testing.T) {
	s := things(t)
	if err := s.Population("things"); !fault.Is(err, fault.Conflict) {
		t.Errorf("registered twice: %v", err)
	}
	if err := s.Population("other", Field{Name: "a", Type: text}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a section that is a text: %v", err)
	}
	twice := func() Field {
		return Field{Name: "a", Type: &Type{Kind: Struct, Name: "a", Fields: []Field{{Name: "b", Type: &Type{Kind: Struct, Name: "a"}}}}}
	}
	if err := s.Population("other", twice()); !fault.Is(err, fault.Invalid) {
		t.Errorf("two structs of one name: %v", err)
	}
	nested := Field{Name: "a", Type: &Type{Kind: Map, Elem: &Type{Kind: Map, Elem: text}}}
	if err := s.Population("other", nested); !fault.Is(err, fault.Invalid) {
		t.Errorf("a map of maps: %v", err)
	}
	if err := s.Population("changes", Field{Name: "change", Type: &Type{Kind: Struct, Name: "change", Fields: []Field{
		{Name: "author", Type: text}, {Name: "approver", Type: text},
	}}}); err != nil {
		t.Fatal(err)
	}
	a := compile(t, s, Spec{Population: "changes", Expect: `change.author != change.approver`})
	item := Item{Sections: map[string]*facts.Decoded{"change": {Name: "change", Values: map[string]any{"author": "ann", "approver": "ann"}}}}
	if r := a.Judge(item); r.Outcome != Fail || r.Reason != `change approver is "ann", change author is "ann"; expected change.author != change.approver` {
		t.Errorf("judged %+v", r)
	}
}

// Every declared fact of the registry has its type in the schema.
func TestPopulationsFollowTheRegistry(t *testing.T) {
	reg := facts.Registry()
	s := NewSchema(reg)
	kinds := map[facts.Kind]Kind{facts.KindString: String, facts.KindInt: Int, facts.KindBool: Bool, facts.KindList: List, facts.KindMap: Map, facts.KindObject: Struct}
	count := 0
	for _, def := range reg.Sections {
		for _, f := range def.Facts {
			typ, ok := s.TypeAt(def.Population, "/"+def.Name+f.Path)
			if !ok || typ.Kind != kinds[f.Type.Kind] || (typ.Kind == Map && typ.Complete != f.Complete) {
				t.Errorf("/%s%s: type %v, %v", def.Name, f.Path, typ, ok)
			}
			count++
		}
	}
	if count < 100 {
		t.Errorf("only %d facts were looked at", count)
	}
	for _, bad := range []string{"/nothing", "/sshd/effective/nothing", "/sshd/effective/permitrootlogin/deeper"} {
		if _, ok := s.TypeAt("hosts", bad); ok {
			t.Errorf("%s has a type", bad)
		}
	}
}
