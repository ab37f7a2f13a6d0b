package population_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/population"
)

func TestParseContent(t *testing.T) {
	c, err := population.ParseContent([]byte("title: Web hosts\npurpose: To test.\nsource: hosts\ndate: present\nin_flight: leave\n"))
	want := population.Content{Title: "Web hosts", Purpose: "To test.", Source: "hosts", Date: "present", Zone: "UTC", Joiners: population.Take, InFlight: population.Leave, Apply: true}
	if err != nil || c != want {
		t.Fatalf("%+v, %v", c, err)
	}
	raw, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := population.ParseContent(raw); err != nil || again != c {
		t.Errorf("what is printed reads as %+v, %v\n%s", again, err, raw)
	}
	for name, tc := range map[string]struct {
		text string
		line int
	}{
		"nothing":         {"", 0},
		"a word unknown":  {"title: x\nfliter: item.name\n", 2},
		"two documents":   {"title: x\n---\ntitle: y\n", 0},
		"a list":          {"- title: x\n", 1},
		"tabs":            {"title: x\n\tpurpose: y\n", 2},
		"too much of it":  {"title: " + strings.Repeat("x", 1<<17), 0},
		"a truth that is": {"title: x\nexclusions_apply: perhaps\n", 2},
	} {
		_, err := population.ParseContent([]byte(tc.text))
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Line != tc.line {
			t.Errorf("%s: %v, line %+v", name, err, f)
		}
	}
}

func FuzzParseContent(f *testing.F) {
	f.Add([]byte("title: Web hosts\nsource: hosts\nin_flight: leave\n"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := population.ParseContent(raw)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("%v", err)
			}
			return
		}
		if _, err := c.YAML(); err != nil {
			t.Fatal(err)
		}
	})
}
