package updates

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
)

func TestParseApt(t *testing.T) {
	for text, want := range map[string]string{
		`A::B "1";`:                            "A::B=1@1",
		"// c\n# d\n/* e\nf */A \"x\";":        "A=x@4",
		"A {\n B { C \"1\"; };\n D \"2\";\n};": "A::B::C=1@2 A::D=2@3",
		`A { "one"; "two"; };`:                 "A[]=one@1 A[]=two@1",
		`A:: "one";`:                           "A[]=one@1",
		`A { B:: "x;y{z}"; };`:                 "A::B[]=x;y{z}@1",
		"A \"two\nlines\"; B \"1\";":           "A=two\nlines@1 B=1@2",
		`A 1;`:                                 "A=1@1",
		"":                                     "",
	} {
		list, err := parseApt("f", text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		var got []string
		for _, o := range list {
			mark := ""
			if o.list {
				mark = "[]"
			}
			got = append(got, fmt.Sprintf("%s%s=%s@%d", o.name, mark, o.Value, o.Line))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"A { B \"1\";":                     "f:1: a block is not closed",
		"\n}":                              "f:2: } closes no block",
		"A \"1":                            "f:1: a quote is not closed",
		"/* x":                             "f:1: a comment is not closed",
		"{ };":                             "f:1: a block needs one name",
		strings.Repeat("A {", maxNested+1): "at most 32 deep",
	} {
		if _, err := parseApt("f", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestDays(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for since, want := range map[time.Duration]int64{0: 0, 23 * time.Hour: 0, 24 * time.Hour: 1, 49 * time.Hour: 2, -time.Hour: 0} {
		if got := days(now.Add(-since), now); got != want {
			t.Errorf("%s: %d days, want %d", since, got, want)
		}
	}
	var gaps missing.List
	if got := age(tree.Root{Dir: t.TempDir()}, []string{"/x/*"}, now, "/index_days", "never", &gaps); got != nil {
		t.Errorf("the age of nothing is %d", *got)
	}
}

// FuzzParseApt gives any bytes: an option that is taken has a name and a line
// that the file has.
func FuzzParseApt(f *testing.F) {
	for _, s := range []string{`A::B "1";`, "A { B { \"c\"; }; };", "/*", "\"", "A:: \"x\";}", "#\n//\n{;}", "A \"1\n\";\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := parseApt("f", s)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f:") {
				t.Errorf("no file in %v", err)
			}
			return
		}
		for _, o := range list {
			if o.name == "" || o.Line < 1 || o.Line > int64(strings.Count(s, "\n")+1) {
				t.Errorf("%+v", o)
			}
		}
	})
}
