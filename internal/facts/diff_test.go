package facts

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func decoded(t *testing.T, s Section) Decoded {
	t.Helper()
	d, err := Decode(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDiff(t *testing.T) {
	sshd := func(v string, m ...Missing) Decoded { return decoded(t, section("sshd", v, m...)) }
	files := func(v string, m ...Missing) Decoded { return decoded(t, section("files", v, m...)) }
	users := func(v string) Decoded { return decoded(t, section("users", v)) }
	for _, c := range []struct {
		name     string
		old, new Decoded
		want     []string
	}{
		{"a setting", sshd(`{"effective":{"permitrootlogin":"no","usepam":"yes"}}`), sshd(`{"effective":{"permitrootlogin":"yes","usepam":"yes"}}`), []string{"/sshd/effective/permitrootlogin"}},
		{"a field of one key of a map", files(`{"/etc/shadow":{"mode":416,"uid":0}}`), files(`{"/etc/shadow":{"mode":420,"uid":0}}`), []string{"/files/~1etc~1shadow/mode"}},
		{"a new key and a lost one", files(`{"/a":{"uid":0}}`), files(`{"/b":{"uid":0}}`), []string{"/files/~1a", "/files/~1b"}},
		{"inside a list", users(`{"accounts":[{"name":"a","uid":1}]}`), users(`{"accounts":[{"name":"a","uid":2}]}`), []string{"/users/accounts"}},
		{"became missing", sshd(`{"effective":{"usepam":"yes"}}`), sshd(`{}`, Missing{"/effective", Error, "needs root"}), []string{"/sshd/effective"}},
		{"missing for another reason", sshd(`{}`, Missing{"/effective", Error, "a"}), sshd(`{}`, Missing{"/effective", Error, "b"}), []string{"/sshd/effective"}},
		{"never received", Decoded{}, sshd(`{"installed":true}`), []string{"/sshd"}},
		{"nothing", sshd(`{"installed":true}`), sshd(`{"installed":true}`), nil},
		{"empty map or none", files(`{"/a":{}}`), files(`{}`), []string{"/files/~1a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Diff(c.old, c.new); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// anyValue draws values as facts have them, small enough to collide often.
func anyValue(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 3
		if depth > 0 {
			kinds = 5
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return rapid.SampledFrom([]string{"", "a", "b/~", "\U0001f600"}).Draw(t, "text")
		case 1:
			return rapid.Int64Range(-1, 1).Draw(t, "int")
		case 2:
			return rapid.Bool().Draw(t, "bool")
		case 3:
			return rapid.SliceOfN(anyValue(depth-1), 0, 2).Draw(t, "list")
		}
		return anyMap(depth-1).Draw(t, "map")
	})
}

func anyMap(depth int) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		out := map[string]any{}
		for _, k := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "/x~", ""}), 0, 3, rapid.ID[string]).Draw(t, "keys") {
			out[k] = anyValue(depth).Draw(t, "value")
		}
		return out
	})
}

func anyDecoded() *rapid.Generator[Decoded] {
	return rapid.Custom(func(t *rapid.T) Decoded {
		d := Decoded{Name: rapid.SampledFrom([]string{"s", "t"}).Draw(t, "name"), Values: anyMap(2).Draw(t, "values")}
		for _, p := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"", "/a", "/b/c"}), 0, 2, rapid.ID[string]).Draw(t, "missing") {
			d.Missing = append(d.Missing, Missing{p, rapid.SampledFrom([]State{Error, Absent}).Draw(t, "state"), "r"})
		}
		return d
	})
}

func TestDiffIsEmptyOnlyWhenEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyDecoded().Draw(t, "a"), anyDecoded().Draw(t, "b")
		if rapid.Bool().Draw(t, "same") {
			b = clone(t, a)
		}
		ab, ba := Diff(a, b), Diff(b, a)
		if !slices.Equal(ab, ba) {
			t.Fatalf("one way %v, the other %v", ab, ba)
		}
		if (len(ab) == 0) != Equal(a, b) {
			t.Fatalf("diff %v, equal %v", ab, Equal(a, b))
		}
		// Equal means the same bytes, and so the same digest.
		same := a.Name == b.Name && digest(Canonical(a.Values), sortedMissing(a.Missing)) == digest(Canonical(b.Values), sortedMissing(b.Missing))
		if same != Equal(a, b) {
			t.Fatalf("equal %v, same digest %v", Equal(a, b), same)
		}
	})
}

// clone gives the same facts out of other memory, through a newer section.
func clone(t *rapid.T, d Decoded) Decoded {
	s := Section{Name: d.Name, Registry: Registry().Version + 1, Values: json.RawMessage(Canonical(d.Values))}
	out, err := Decode(s)
	if err != nil {
		t.Fatal(err)
	}
	out.Missing = slices.Clone(d.Missing)
	slices.Reverse(out.Missing)
	return out
}
