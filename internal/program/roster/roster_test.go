package roster

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

func TestRings(t *testing.T) {
	for name, tc := range map[string]struct {
		manager map[string]string
		want    string
	}{
		"none":           {map[string]string{"a": "b", "b": "", "c": "b"}, ""},
		"two":            {map[string]string{"b": "a", "a": "b", "c": "a"}, "a>b"},
		"three":          {map[string]string{"c": "a", "a": "b", "b": "c", "d": "c"}, "a>b>c"},
		"two rings":      {map[string]string{"a": "b", "b": "a", "y": "z", "z": "y"}, "a>b y>z"},
		"oneself":        {map[string]string{"a": "a"}, "a"},
		"somebody gone":  {map[string]string{"a": "x"}, ""},
		"a tail to ring": {map[string]string{"a": "c", "c": "d", "d": "c"}, "c>d"},
	} {
		var got []string
		for _, r := range Rings(tc.manager) {
			got = append(got, strings.Join(r, ">"))
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %v, want %s", name, got, tc.want)
		}
	}
}

func TestResolve(t *testing.T) {
	hr, dir, hand := &Source{ID: "hr", Kind: CSV, Place: 2}, &Source{ID: "dir", Kind: LDAP, Place: 1}, &Source{ID: "hand", Kind: Hand, Place: 0}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	voices := func(hrGone, dirGone time.Time) []Voice {
		return []Voice{{Source: hr, Key: "7", Fields: Fields{Name: "Doyle, M", Title: "Head", Logins: []string{"m"}, Start: "2020-01-01"}, GoneAt: hrGone},
			{Source: dir, Key: "u", Fields: Fields{Name: "Maeve Doyle", Mail: "m@x.example", Logins: []string{"mdoyle"}}, GoneAt: dirGone}, {Source: hand, Key: "p", Fields: Fields{Team: "Ops"}}}
	}
	f, from, left := Resolve(voices(time.Time{}, time.Time{}), nil)
	if f.Name != "Maeve Doyle" || f.Title != "Head" || f.Team != "Ops" || from["title"] != "hr" || from["team"] != "hand" || strings.Join(f.Logins, " ") != "m mdoyle" || !left.IsZero() || f.Kind != Employee {
		t.Errorf("%+v from %v, left %s", f, from, left)
	}
	if f, _, _ := Resolve(voices(time.Time{}, time.Time{}), Order{"name": {"hr"}}); f.Name != "Doyle, M" {
		t.Errorf("an order of a field: %s", f.Name)
	}
	if _, _, left := Resolve(voices(at, time.Time{}), nil); !left.IsZero() {
		t.Error("a weaker source lets somebody go")
	}
	if _, _, left := Resolve(voices(at, time.Time{}), Order{"end": {"hr"}}); !left.Equal(at) {
		t.Error("the source that rules over the end does not")
	}
	if _, _, left := Resolve(voices(time.Time{}, at), nil); !left.Equal(at) {
		t.Error("the first source lets nobody go")
	}
	if _, _, left := Resolve(voices(at, at)[2:], nil); !left.IsZero() {
		t.Error("by hand alone")
	}
}

func TestFields(t *testing.T) {
	for text, want := range map[string]string{"2026-03-02": "2026-03-02", "02.03.2026": "2026-03-02", "20260302": "2026-03-02", "20260302090000Z": "2026-03-02", "25/12/2026": "2026-12-25", "03/03/2026": "2026-03-03", "": ""} {
		if got, err := ParseDay("x", text); err != nil || got != want {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"03/04/2026", "2026-02-30", "soon", "1066-10-14", "99999"} {
		if got, err := ParseDay("x", text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	for name, f := range map[string]Fields{"mail": {Mail: "nobody"}, "end": {Start: "2026-03-02", End: "2026-03-01"}, "logins": {Logins: []string{"a/b"}}, "title": {Title: strings.Repeat("x", 300)}, "kind": {Kind: "wizard"}, "name": {Name: "\xff"}} {
		if _, err := f.Tidy(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f, err := Fields{Name: " Maeve\t Doyle\n", Mail: "M@X.example", Logins: []string{"B", "a", "b"}}.Tidy()
	if err != nil || f.Name != "Maeve Doyle" || f.Mail != "m@x.example" || !slices.Equal(f.Logins, []string{"a", "b"}) {
		t.Errorf("%+v, %v", f, err)
	}
	if plainName("Grün, Jürgen") != plainName("Juergen Gruen") || plainName("O'Brien-Low, Seán") != "brien low o sean" {
		t.Errorf("%q %q", plainName("Grün, Jürgen"), plainName("O'Brien-Low, Seán"))
	}
}
