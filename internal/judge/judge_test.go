package judge

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/attesta/attesta/internal/facts"

	"github.com/google/go-cmp/cmp"
)

var text, number, flag = &Type{Kind: String}, &Type{Kind: Int}, &Type{Kind: Bool}

// things is a small population with every kind of type.
func things(t testing.TB) *Schema {
	t.Helper()
	account := &Type{Kind: Struct, Name: "account", Fields: []Field{
		{Name: "name", Type: text}, {Name: "uid", Type: number}, {Name: "state", Type: text}, {Name: "keys", Type: &Type{Kind: List, Elem: text}},
	}}
	file := &Type{Kind: Struct, Name: "file", Fields: []Field{{Name: "mode", Type: number}, {Name: "owner", Type: text}}}
	s := empty()
	err := s.Population("things",
		Field{Name: "sshd", Type: &Type{Kind: Struct, Name: "sshd", Fields: []Field{
			{Name: "installed", Type: flag},
			{Name: "effective", Type: &Type{Kind: Struct, Name: "sshd.effective", Fields: []Field{
				{Name: "root", Type: text}, {Name: "tries", Type: number}, {Name: "macs", Type: &Type{Kind: List, Elem: text}},
			}}},
		}}},
		Field{Name: "kernel", Type: &Type{Kind: Struct, Name: "kernel", Fields: []Field{
			{Name: "running", Type: &Type{Kind: Map, Elem: text}},
			{Name: "saved", Type: &Type{Kind: Map, Elem: text, Complete: true}},
		}}},
		Field{Name: "users", Type: &Type{Kind: Struct, Name: "users", Fields: []Field{
			{Name: "accounts", Type: &Type{Kind: List, Elem: account}},
		}}},
		Field{Name: "files", Type: &Type{Kind: Map, Elem: file}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// thing is an item of things in good order.
func thing() Item {
	section := func(name string, values map[string]any) *facts.Decoded {
		return &facts.Decoded{Name: name, Values: values}
	}
	return Item{Sections: map[string]*facts.Decoded{
		"sshd": section("sshd", map[string]any{"installed": true, "effective": map[string]any{
			"root": "no", "tries": int64(4), "macs": []any{"a", "b"},
		}}),
		"kernel": section("kernel", map[string]any{
			"running": map[string]any{"k.x": "1"}, "saved": map[string]any{"k.x": "1"},
		}),
		"users": section("users", map[string]any{"accounts": []any{
			map[string]any{"name": "root", "uid": int64(0), "state": "locked", "keys": []any{}},
			map[string]any{"name": "ann", "uid": int64(1000), "state": "hashed", "keys": []any{"k"}},
		}}),
		"files": section("files", map[string]any{"/etc/shadow": map[string]any{"mode": int64(0o640), "owner": "root"}}),
	}}
}

func missing(item Item, section, path string, state facts.State, reason string) Item {
	d := *item.Sections[section]
	d.Missing = append(d.Missing[:len(d.Missing):len(d.Missing)], facts.Missing{Path: path, State: state, Reason: reason})
	sections := maps.Clone(item.Sections)
	sections[section] = &d
	return Item{Sections: sections}
}

// with gives the item with another value at a pointer; nil takes it away.
func with(item Item, pointer string, value any) Item {
	path := tokens(pointer)
	var set func(v any, path []string) any
	set = func(v any, path []string) any {
		if len(path) == 0 {
			return value
		}
		m := maps.Clone(v.(map[string]any))
		if len(path) == 1 && value == nil {
			delete(m, path[0])
		} else {
			m[path[0]] = set(m[path[0]], path[1:])
		}
		return m
	}
	sections := maps.Clone(item.Sections)
	if len(path) == 1 {
		delete(sections, path[0])
		return Item{Sections: sections}
	}
	d := *sections[path[0]]
	d.Values = set(d.Values, path[1:]).(map[string]any)
	sections[path[0]] = &d
	return Item{Sections: sections}
}

func compile(t testing.TB, s *Schema, spec Spec) *Attribute {
	t.Helper()
	if spec.Population == "" {
		spec.Population = "things"
	}
	a, err := s.CompileSpec(spec)
	if err != nil {
		t.Fatalf("%s: %v", spec.Expect, err)
	}
	return a
}

// Each outcome, with its reason in plain words and what was read.
func TestOutcomes(t *testing.T) {
	s := things(t)
	const needsRoot = "needs root"
	for _, c := range []struct {
		name     string
		spec     Spec
		item     Item
		outcome  Outcome
		reason   string
		observed string
		expected string
	}{
		{"pass", Spec{Expect: `sshd.effective.root == "no"`}, thing(),
			Pass, ``, `{"/sshd/effective/root":"no"}`, `sshd effective root is "no"`},
		{"fail", Spec{Expect: `sshd.effective.root == "no"`}, with(thing(), "/sshd/effective/root", "yes"),
			Fail, `sshd effective root is "yes"; expected "no"`, `{"/sshd/effective/root":"yes"}`, `sshd effective root is "no"`},
		{"fail, own words", Spec{Expect: `users.accounts.all(a, a.uid != 0 || a.name == "admin")`, Expected: "one root", Observed: `users.accounts.filter(a, a.uid == 0).map(a, a.name)`}, thing(),
			Fail, `found "root"; expected one root`, `["root"]`, `one root`},
		{"fail, some cannot be read", Spec{Expect: `users.accounts.all(a, a.uid != 0 || a.name == "admin")`, Expected: "one root", Observed: `users.accounts.filter(a, a.uid == 0).map(a, a.name)`},
			with(thing(), "/users/accounts", []any{map[string]any{"name": "root", "uid": int64(0)}, map[string]any{"name": "ann"}}),
			Fail, `found "root"; expected one root`, `["root","… and what could not be read"]`, `one root`},
		{"not observed, some cannot be read", Spec{Expect: `users.accounts.all(a, a.uid != 0)`, Expected: "no root", Observed: `users.accounts.filter(a, a.uid == 0).map(a, a.name)`},
			with(thing(), "/users/accounts", []any{map[string]any{"name": "ann"}}),
			NotObserved, `uid was not reported`, `["… and what could not be read"]`, `no root`},
		{"fail, one of two conditions", Spec{Expect: `sshd.effective.root == "no" && sshd.effective.tries <= 3`}, thing(),
			Fail, `sshd effective tries is 4; expected at most 3`, `{"/sshd/effective/root":"no","/sshd/effective/tries":4}`, `sshd effective root is "no" and sshd effective tries is at most 3`},
		{"fail, file mode", Spec{Expect: `atMost(files["/etc/shadow"].mode, "0600")`}, thing(),
			Fail, `/etc/shadow mode is 0640; expected at most 0600`, `{"/files/~1etc~1shadow/mode":416}`, `/etc/shadow mode is at most 0600`},
		{"fail, key is not there", Spec{Expect: `"k.z" in kernel.saved && kernel.saved["k.z"] == "1"`}, thing(),
			Fail, `saved k.z is not there`, `{"/kernel/saved/k.z":null}`, `saved k.z is there and saved k.z is "1"`},
		{"fail, list", Spec{Expect: `"c" in sshd.effective.macs && "d" in sshd.effective.macs`}, thing(),
			Fail, `sshd effective macs is "a", "b"; expected with "c" and with "d"`, `{"/sshd/effective/macs":["a","b"]}`, `sshd effective macs has "c", "d"`},
		{"fail, parameter", Spec{Expect: `sshd.effective.tries <= params.max`, Params: map[string]any{"max": int64(2)}}, thing(),
			Fail, `sshd effective tries is 4; expected at most 2`, `{"/sshd/effective/tries":4}`, `sshd effective tries is at most 2`},
		{"fail, list parameter", Spec{Expect: `sshd.effective.root in params.words`, Params: map[string]any{"words": []string{"a", "b"}}}, thing(),
			Fail, `sshd effective root is "no"; expected one of "a", "b"`, `{"/sshd/effective/root":"no"}`, `sshd effective root is one of "a", "b"`},
		{"fail, negated", Spec{Expect: `!sshd.installed && !(sshd.effective.tries > 3)`}, thing(),
			Fail, `sshd installed is true; expected false; sshd effective tries is 4; expected at most 3`, `{"/sshd/effective/tries":4,"/sshd/installed":true}`, `sshd installed is false and sshd effective tries is at most 3`},

		{"error, unreadable", Spec{Expect: `sshd.effective.root == "no"`}, missing(thing(), "sshd", "/effective/root", facts.Error, needsRoot),
			Error, `sshd effective root: needs root`, `{"/sshd/effective/root":"no"}`, `sshd effective root is "no"`},
		{"error, the object above", Spec{Expect: `sshd.effective.root == "no"`}, missing(thing(), "sshd", "/effective", facts.Error, needsRoot),
			Error, `sshd effective: needs root`, `{"/sshd/effective/root":"no"}`, `sshd effective root is "no"`},
		{"error, the whole section", Spec{Expect: `sshd.effective.root == "no"`}, missing(thing(), "sshd", "", facts.Error, needsRoot),
			Error, `section sshd: needs root`, `{"/sshd/effective/root":"no"}`, `sshd effective root is "no"`},
		{"error, cannot be computed", Spec{Expect: `int(kernel.running["k.x"]) >= 1`}, with(thing(), "/kernel/running/k.x", "many"),
			Error, `cannot be judged: a text is no number; running k.x is "many"`, `{"/kernel/running/k.x":"many"}`, `running k.x is at least 1`},
		{"error, a state that is not known", Spec{Expect: `sshd.effective.root == "no"`}, missing(thing(), "sshd", "/effective/root", "lost", "gone astray"),
			Error, `sshd effective root: gone astray`, `{"/sshd/effective/root":"no"}`, `sshd effective root is "no"`},

		{"not observed, section never received", Spec{Expect: `sshd.effective.root == "no"`}, with(thing(), "/sshd", nil),
			NotObserved, `section sshd has not been received`, `{"/sshd/effective/root":null}`, `sshd effective root is "no"`},
		{"not observed, field not reported", Spec{Expect: `sshd.effective.root == "no"`}, with(thing(), "/sshd/effective/root", nil),
			NotObserved, `sshd effective root was not reported`, `{"/sshd/effective/root":null}`, `sshd effective root is "no"`},
		{"not observed, key not reported", Spec{Expect: `kernel.running["k.z"] == "1"`}, thing(),
			NotObserved, `running k.z was not reported`, `{"/kernel/running/k.z":null}`, `running k.z is "1"`},
		{"not observed, key of an incomplete map", Spec{Expect: `"k.z" in kernel.running`}, thing(),
			NotObserved, `running k.z was not reported`, `{"/kernel/running/k.z":null}`, `running k.z is there`},
		{"not observed, no service manager", Spec{Expect: `kernel.running["k.x"] == "1"`}, missing(thing(), "kernel", "/running", facts.NotObserved, "no service manager runs here"),
			NotObserved, `kernel running: no service manager runs here`, `{"/kernel/running/k.x":"1"}`, `running k.x is "1"`},

		{"not applicable, software absent", Spec{Expect: `sshd.effective.root == "no"`}, missing(thing(), "sshd", "", facts.Absent, "sshd is not installed"),
			NotApplicable, `section sshd: sshd is not installed`, `{"/sshd/effective/root":"no"}`, `sshd effective root is "no"`},
		{"not applicable, where", Spec{Where: `sshd.installed && sshd.effective.tries > 2`, Expect: `sshd.effective.root == "yes"`}, with(thing(), "/sshd/installed", false),
			NotApplicable, `where: sshd installed is false; applies when true`, `{"/sshd/effective/root":"no","/sshd/effective/tries":4,"/sshd/installed":false}`, `sshd effective root is "yes"`},
		{"where cannot be told", Spec{Where: `sshd.installed`, Expect: `sshd.effective.root == "yes"`}, missing(thing(), "sshd", "/installed", facts.Error, needsRoot),
			Error, `where: sshd installed: needs root`, `{"/sshd/effective/root":"no","/sshd/installed":true}`, `sshd effective root is "yes"`},
		{"where was never received", Spec{Where: `sshd.installed`, Expect: `kernel.running["k.x"] == "1"`}, with(thing(), "/sshd", nil),
			NotObserved, `where: section sshd has not been received`, `{"/kernel/running/k.x":"1","/sshd/installed":null}`, `running k.x is "1"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := compile(t, s, c.spec).Judge(c.item)
			want := Result{Outcome: c.outcome, Reason: c.reason, Observed: c.observed, Expected: c.expected, Reads: r.Reads}
			if diff := cmp.Diff(want, r); diff != "" {
				t.Errorf("judged (-want +got):\n%s", diff)
			}
		})
	}
}

// Three-valued logic: what is missing matters only when the rest does not
// decide, and the worst of what is missing names the outcome.
func TestThreeValues(t *testing.T) {
	s := things(t)
	item := thing()
	item = missing(item, "sshd", "/effective/root", facts.Error, "E")
	item = missing(item, "sshd", "/effective/tries", facts.NotObserved, "O")
	item = missing(item, "sshd", "/effective/macs", facts.Absent, "A")
	item = missing(item, "users", "/accounts/1/state", facts.Error, "E")
	item = missing(item, "kernel", "/running/k.e", facts.Error, "E")
	item = missing(item, "kernel", "/saved/k.a", facts.Absent, "A")
	const e, o, a = `sshd.effective.root == "no"`, `sshd.effective.tries == 4`, `sshd.effective.macs.size() > 0`
	const yes, no = `sshd.installed`, `!sshd.installed`
	for _, c := range []struct {
		expr string
		want Outcome
	}{
		{e, Error}, {o, NotObserved}, {a, NotApplicable},
		{yes + " || " + e, Pass}, {e + " || " + yes, Pass}, {no + " || " + e, Error}, {e + " || " + no, Error},
		{no + " && " + e, Fail}, {e + " && " + no, Fail}, {yes + " && " + e, Error}, {e + " && " + yes, Error},
		{"!(" + e + ")", Error}, {"!(" + a + ")", NotApplicable},
		{a + " && " + o, NotObserved}, {o + " && " + a, NotObserved},
		{a + " && " + e, Error}, {e + " && " + o, Error}, {e + " && " + o + " && " + a, Error},
		{a + " || " + o, NotObserved}, {a + " || " + e, Error}, {o + " || " + e, Error},
		{yes + " ? " + yes + " : " + e, Pass}, {no + " ? " + yes + " : " + e, Error}, {e + " ? " + yes + " : " + no, Error},
		{`sshd.effective.root == sshd.effective.macs[0]`, Error},
		{`sshd.effective.root in ["yes", "no"]`, Error},
		{`sshd.effective.root.startsWith("n")`, Error},

		// One element of a list is missing: the others still decide.
		{`users.accounts.all(u, u.state != "locked")`, Fail},
		{`users.accounts.all(u, u.state != "empty")`, Error},
		{`users.accounts.exists(u, u.state == "locked")`, Pass},
		{`users.accounts.exists(u, u.state == "empty")`, Error},
		{`users.accounts.exists_one(u, u.state == "locked")`, Error},
		{`users.accounts.filter(u, u.state == "locked").size() == 1`, Error},
		{`users.accounts.all(u, u.uid >= 0)`, Pass},
		{`users.accounts.map(u, u.name) == ["root", "ann"]`, Pass},
		{`users.accounts.map(u, u.state) == ["locked", "hashed"]`, Error},
		{`users.accounts.size() == 2`, Pass},
		{`users.accounts[0].state == "locked"`, Pass},
		{`users.accounts[1].state == "hashed"`, Error},

		// Keys of maps: not there, could not be read, not reported.
		{`"k.x" in kernel.running`, Pass},
		{`"k.e" in kernel.running`, Error},
		{`"k.o" in kernel.running`, NotObserved},
		{`kernel.running["k.e"] == "1"`, Error},
		{`"k.x" in kernel.saved`, Pass},
		{`"k.a" in kernel.saved`, Fail},
		{`"k.o" in kernel.saved`, Fail},
		{`!("k.o" in kernel.saved) || kernel.saved["k.o"] == "1"`, Pass},
		{`kernel.running.all(k, k != "k.x")`, Fail},
		{`kernel.running.all(k, k == "k.x")`, Error},
		{`kernel.running.all(k, v, v == "1")`, Error},
		{`kernel.saved.all(k, v, v == "1")`, Pass},
		{`kernel.running.size() == 1`, Error},
		{`kernel.saved.size() == 1`, Pass},
		{`["k.x", "k.o"].all(k, k in kernel.running)`, NotObserved},
		{`["k.x", "k.o"].exists(k, k in kernel.running)`, Pass},
		{`cel.bind(e, sshd.effective, e.root == "no" || sshd.installed)`, Pass},
		{`cel.bind(e, sshd.effective, e.root == "no")`, Error},
	} {
		got := compile(t, s, Spec{Expect: c.expr}).Judge(item)
		if got.Outcome != c.want {
			t.Errorf("%s\n is %s (%s), want %s", c.expr, got.Outcome, got.Reason, c.want)
		}
		if (got.Reason == "") != (got.Outcome == Pass) {
			t.Errorf("%s\n is %s with reason %q", c.expr, got.Outcome, got.Reason)
		}
	}
}

// What is missing elsewhere changes nothing.
func TestOtherMissing(t *testing.T) {
	a := compile(t, things(t), Spec{Expect: `sshd.effective.root == "no"`})
	item := missing(thing(), "sshd", "/effective/tries", facts.Error, "needs root")
	item = missing(item, "sshd", "/effective/roots", facts.Error, "needs root")
	item = missing(item, "users", "", facts.Error, "needs root")
	if r := a.Judge(item); r.Outcome != Pass {
		t.Errorf("judged %+v", r)
	}
}

func TestWorst(t *testing.T) {
	for _, c := range []struct {
		of   []Outcome
		want Outcome
	}{
		{[]Outcome{Pass, Fail, Error}, Fail}, {[]Outcome{Pass, Error, NotObserved}, Error}, {[]Outcome{Waived, Error}, Waived},
		{[]Outcome{Pass, NotApplicable}, Pass}, {[]Outcome{NotApplicable}, NotApplicable}, {nil, NotObserved},
	} {
		if got := Worst(c.of...); got != c.want {
			t.Errorf("Worst(%v) = %s, want %s", c.of, got, c.want)
		}
	}
}

func jsonValid(s string) bool { return json.Valid([]byte(s)) }
