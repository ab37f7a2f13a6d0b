package judge

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var expressions = []string{
	`sshd.effective.root == "no"`,
	`sshd.installed ? sshd.effective.tries <= 4 : true`,
	`kernel.running["k.x"] == "1" || kernel.running["k.y"] == "1"`,
	`"k.x" in kernel.saved && kernel.saved["k.x"] == "1"`,
	`["k.x", "k.y"].all(k, k in kernel.saved)`,
	`users.accounts.all(a, a.uid != 0 || a.name == "root")`,
	`users.accounts.filter(a, a.state == "hashed").all(a, a.keys.size() > 0)`,
	`atMost(files["/etc/shadow"].mode, "0640") && files["/etc/shadow"].owner == "root"`,
	`files.all(p, f, f.mode < 512)`,
	`cel.bind(e, sshd.effective, e.root == "no" && "a" in e.macs)`,
	`kernel.running.size() >= 1 && kernel.running.all(k, v, v != "")`,
}

// leaves gives every pointer of an item, inner ones too.
func leaves(item Item) []string {
	var all []string
	var walk func(at string, v any)
	walk = func(at string, v any) {
		all = append(all, at)
		switch x := v.(type) {
		case map[string]any:
			for k, sub := range x {
				walk(at+facts.JoinPointer(k), sub)
			}
		case []any:
			for i, sub := range x {
				walk(at+"/"+strconv.Itoa(i), sub)
			}
		}
	}
	for name, d := range item.Sections {
		walk("/"+name, d.Values)
	}
	slices.Sort(all)
	return all
}

// Reads agrees with what is read: whatever is changed, taken away or missing
// elsewhere, the result is the same to the last letter.
func TestReadsCoverEveryAccess(t *testing.T) {
	s := things(t)
	attributes := make([]*Attribute, len(expressions))
	for i, e := range expressions {
		attributes[i] = compile(t, s, Spec{Expect: e})
	}
	pointers := leaves(thing())
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom(attributes).Draw(t, "attribute")
		item := thing()
		for range rapid.IntRange(0, 3).Draw(t, "holes") { // somewhere, also where it reads
			item = perturb(t, item, rapid.SampledFrom(pointers).Draw(t, "hole"))
		}
		before := a.Judge(item)
		elsewhere := slices.DeleteFunc(slices.Clone(pointers), func(p string) bool {
			return slices.ContainsFunc(a.Reads(), func(r string) bool { return overlap(p, r) })
		})
		after := a.Judge(perturb(t, item, rapid.SampledFrom(elsewhere).Draw(t, "elsewhere")))
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("reads %v, and yet (-before +after):\n%s", a.Reads(), diff)
		}
	})
}

// perturb changes an item at a pointer.
func perturb(t *rapid.T, item Item, at string) Item {
	path := tokens(at)
	section := path[0]
	if item.Sections[section] == nil {
		return item
	}
	if rapid.Bool().Draw(t, "missing") {
		state := rapid.SampledFrom([]facts.State{facts.Absent, facts.Error, facts.NotObserved}).Draw(t, "state")
		return missing(item, section, facts.JoinPointer(path[1:]...), state, "because")
	}
	d := *item.Sections[section]
	d.Values, _ = replace(d.Values, path[1:], rapid.Bool().Draw(t, "remove")).(map[string]any)
	sections := maps.Clone(item.Sections)
	sections[section] = &d
	return Item{Sections: sections}
}

// replace changes the value at a path to another of its type, or takes it away.
func replace(v any, path []string, remove bool) any {
	switch x := v.(type) {
	case map[string]any:
		if len(path) == 0 {
			return map[string]any{}
		}
		x = maps.Clone(x)
		if sub, ok := x[path[0]]; ok {
			x[path[0]] = replace(sub, path[1:], remove)
			if len(path) == 1 && remove {
				delete(x, path[0])
			}
		}
		return x
	case []any:
		if len(path) == 0 {
			return []any{}
		}
		x = slices.Clone(x)
		if i, err := strconv.Atoi(path[0]); err == nil && i < len(x) {
			x[i] = replace(x[i], path[1:], remove)
		}
		return x
	case string:
		return x + "?"
	case int64:
		return x + 1
	case bool:
		return !x
	}
	return v
}

// The same attribute judges in many goroutines at once as in one.
func TestConcurrentJudge(t *testing.T) {
	s := things(t)
	item := missing(thing(), "users", "/accounts/1/state", facts.Error, "needs root")
	for _, e := range expressions {
		a := compile(t, s, Spec{Expect: e})
		want := a.Judge(item)
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				for range 50 {
					if diff := cmp.Diff(want, a.Judge(item)); diff != "" {
						t.Errorf("%s:\n%s", e, diff)
						return
					}
				}
			})
		}
		wait.Wait()
	}
}

// Observed stays small and is JSON whatever was read.
func TestObservedIsBounded(t *testing.T) {
	s := things(t)
	attributes := []*Attribute{
		compile(t, s, Spec{Expect: `users.accounts.all(a, a.uid >= 0)`}),
		compile(t, s, Spec{Expect: `sshd.effective.root == "no" && kernel.running.all(k, k != "") && files.all(p, f, f.mode >= 0)`}),
		compile(t, s, Spec{Expect: `sshd.effective.root != ""`, Observed: `sshd.effective.root + sshd.effective.root`}),
		compile(t, s, Spec{Expect: `sshd.effective.root != ""`, Observed: `{"a": [sshd.effective.root, "b"], "c": ["d"]}`}),
	}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.OneOf(rapid.String(), rapid.StringN(0, 3000, 3000), rapid.SampledFrom([]string{"\x00\xff\"\\", "…"}))
		item := with(thing(), "/sshd/effective/root", words.Draw(t, "root"))
		accounts := []any{}
		for i := range rapid.IntRange(0, 60).Draw(t, "accounts") {
			accounts = append(accounts, map[string]any{"name": words.Draw(t, "name"), "uid": int64(i)})
		}
		running := map[string]any{}
		for i := range rapid.IntRange(0, 60).Draw(t, "settings") {
			running[fmt.Sprint("k.", i)] = words.Draw(t, "value")
		}
		item = with(with(item, "/users/accounts", accounts), "/kernel/running", running)
		for _, a := range attributes {
			r := a.Judge(item)
			if len(r.Observed) > maxObserved || !jsonValid(r.Observed) {
				t.Fatalf("%d bytes: %s", len(r.Observed), r.Observed)
			}
		}
	})
}

// Any bytes can be compiled, and what compiles can judge any item.
func FuzzCompile(f *testing.F) {
	for _, e := range expressions {
		f.Add(e, e)
	}
	f.Add(`sshd.installed`, `{"a": sshd.effective}`)
	f.Add(`users == users || [1][2] == 3 || 1/0 == 1`, `users.accounts[7]`)
	f.Add("sshd.effective.macs.map(m, m + \"\\x00\") == []", `b"x"`)
	s := things(f)
	broken := missing(missing(with(thing(), "/users", nil), "sshd", "/effective/macs/0", facts.Error, "e"), "files", "/x/y/z", facts.Absent, "a")
	f.Fuzz(func(t *testing.T, expect, observed string) {
		a, err := s.CompileSpec(Spec{Population: "things", Expect: expect, Observed: observed})
		if err != nil {
			return
		}
		for _, item := range []Item{thing(), broken, {}} {
			r := a.Judge(item)
			if (r.Reason == "") != (r.Outcome == Pass) {
				t.Errorf("%s with reason %q", r.Outcome, r.Reason)
			}
			if r.Observed != "" && !jsonValid(r.Observed) {
				t.Errorf("observed is no JSON: %s", r.Observed)
			}
		}
	})
}

// One judgement, beside a predicate written by hand over the same values that
// gives the same Result. The ratio of the two is reported.
func BenchmarkJudge(b *testing.B) {
	s := things(b)
	item := thing()
	for _, c := range []struct {
		name, expr string
		hand       func(Item) (bool, any)
	}{
		{"compare", `sshd.effective.root == "no"`, func(i Item) (bool, any) {
			root, ok := i.Sections["sshd"].Values["effective"].(map[string]any)["root"].(string)
			return ok && root == "no", root
		}},
		{"key", `kernel.running["k.x"] == "1"`, func(i Item) (bool, any) {
			v, ok := i.Sections["kernel"].Values["running"].(map[string]any)["k.x"].(string)
			return ok && v == "1", v
		}},
		{"mode", `atMost(files["/etc/shadow"].mode, "0640")`, func(i Item) (bool, any) {
			mode, ok := i.Sections["files"].Values["/etc/shadow"].(map[string]any)["mode"].(int64)
			return ok && mode&^0o640 == 0, mode
		}},
		{"loop", `users.accounts.all(a, a.uid != 0 || a.name == "root")`, func(i Item) (bool, any) {
			accounts, ok := i.Sections["users"].Values["accounts"].([]any)
			for _, a := range accounts {
				fields := a.(map[string]any)
				if fields["uid"].(int64) == 0 && fields["name"].(string) != "root" {
					return false, accounts
				}
			}
			return ok, accounts
		}},
	} {
		a := compile(b, s, Spec{Expect: c.expr})
		hand := func(i Item) Result {
			holds, read := c.hand(i)
			r := Result{Outcome: Pass, Expected: a.expected, Reads: a.reads}
			r.Observed = string(append(appendValue(append(append(make([]byte, 0, 128), '{'), a.keys[0]...), read, 900), '}'))
			if !holds {
				r.Outcome, r.Reason = Fail, "it does not hold"
			}
			return r
		}
		if diff := cmp.Diff(hand(item), a.Judge(item)); diff != "" {
			b.Fatal(diff)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if r := a.Judge(item); r.Outcome != Pass {
					b.Fatal(r)
				}
			}
			judged := b.Elapsed()
			start := time.Now()
			for range b.N {
				if r := hand(item); r.Outcome != Pass {
					b.Fatal(r)
				}
			}
			b.ReportMetric(float64(judged)/float64(time.Since(start)), "x-by-hand")
		})
	}
}
