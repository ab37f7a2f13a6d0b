package judge

import (
	"testing"

	"github.com/attesta/attesta/internal/facts"
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
			"running": map[string]any{"kernel.x": "1"}, "saved": map[string]any{"kernel.x": "1"},
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
	item.Sections[section] = &d
	return item
}

func TestSketch(t *testing.T) {
	s := things(t)
	for _, e := range []string{
		`sshd.effective.root == "yes"`,
		`sshd.effective.root == "no" && sshd.effective.tries <= 3`,
		`users.accounts.all(a, a.uid != 0 || a.name == "toor")`,
		`atMost(files["/etc/shadow"].mode, "0600")`,
		`kernel.running["kernel.x"] == "2"`,
		`kernel.running["kernel.y"] == "2"`,
		`"kernel.y" in kernel.saved && kernel.saved["kernel.y"] == "2"`,
		`kernel.saved["kernel.y"] == "2"`,
		`sshd.effective.rot == "2"`,
		`shd.effective.root == "2"`,
		`sshd.effective.tries == "2"`,
		`sshd.effective.root`,
		`sshd.effective.root == params.foo`,
		`has(sshd.effective)`,
		`sshd.effective.root == `,
	} {
		a, err := s.Compile("things", e, nil)
		if err != nil {
			t.Logf("%s\n   %v", e, err)
			for _, c := range err.(CompileErrors) {
				t.Logf("   hint: %s", c.Hint)
			}
			continue
		}
		t.Logf("%s\n   %v\n   %+v", e, a.Reads(), a.Judge(thing()))
	}
}

func BenchmarkJudge(b *testing.B) {
	s := things(b)
	item := thing()
	for _, c := range []struct{ name, expr string }{
		{"compare", `sshd.effective.root == "no"`},
		{"key", `kernel.running["kernel.x"] == "1"`},
		{"mode", `atMost(files["/etc/shadow"].mode, "0640")`},
		{"loop", `users.accounts.all(a, a.uid != 0 || a.name == "root")`},
	} {
		a, err := s.Compile("things", c.expr, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if r := a.Judge(item); r.Outcome != Pass {
					b.Fatal(r)
				}
			}
		})
	}
}
