package checklist

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/attesta/attesta/internal/program/roster"
	"github.com/attesta/attesta/packs"
)

// What is on a list goes by kind and title.
func TestTemplates(t *testing.T) {
	dir, err := packs.Open(packs.Checklists()[0])
	if err != nil {
		t.Fatal(err)
	}
	b, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		list  string
		f     roster.Fields
		has   []string
		lacks []string
	}{
		"an engineer comes":   {Joiner, roster.Fields{Kind: roster.Employee, Title: "Platform Engineer"}, []string{"background-check", "confidentiality-agreement", "device", "access", "training", "production-access"}, []string{"contract", "service-owner", "access-removed"}},
		"an accountant comes": {Joiner, roster.Fields{Kind: roster.Employee, Title: "Accountant"}, []string{"background-check", "training"}, []string{"production-access", "secure-coding"}},
		"a contractor comes":  {Joiner, roster.Fields{Kind: roster.Contractor}, []string{"contract", "background-check"}, []string{"job-description"}},
		"a contractor goes":   {Leaver, roster.Fields{Kind: roster.Contractor}, []string{"access-removed", "device-returned"}, []string{"background-check"}},
		"a robot comes":       {Joiner, roster.Fields{Kind: roster.ServiceID}, []string{"service-owner"}, []string{"background-check", "training"}},
	} {
		var got []string
		for _, x := range b.of(tc.list, &tc.f) {
			got = append(got, x.ID)
		}
		for _, want := range tc.has {
			if !slices.Contains(got, want) {
				t.Errorf("%s: no %s in %v", name, want, got)
			}
		}
		for _, not := range tc.lacks {
			if slices.Contains(got, not) {
				t.Errorf("%s: %s in %v", name, not, got)
			}
		}
	}
}

func TestMistakes(t *testing.T) {
	const item = "items:\n  - {id: badge, list: leaver, title: Badge, what: Given back., kinds: [employee], days: 1, form: plain, criteria: [CC6.4]}\n"
	load := func(text string) error {
		_, err := Load(fstest.MapFS{"pack.yaml": {Data: []byte("kind: checklists\nid: own\nversion: 1.0.0\ntitle: Own\nsummary: Ours.\nlicence: Apache-2.0\nlocale: en\n")}, "own.yaml": {Data: []byte(text)}})
		return err
	}
	if err := load(item); err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string][2]string{
		"no slug":              {"id: badge", "id: Bad Ge"},
		"days are too far":     {"days: 1", "days: 900"},
		"none of the 61":       {"CC6.4", "CC66.4"},
		"joiner":               {"list: leaver", "list: retiree"},
		"background":           {"form: plain", "form: free"},
		"employee":             {"[employee]", "[wizard]"},
		"the pack holds no it": {item, "items: []\n"},
	} {
		if err := load(strings.Replace(item, change[0], change[1], 1)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestLinks(t *testing.T) {
	for link, ok := range map[string]bool{"": true, "E-12": true, " https://files.example/1 ": true, "E-0": false, "javascript:alert(1)": false, "//files": false, "ftp://files.example": false} {
		if _, err := TidyLink(link); (err == nil) != ok {
			t.Errorf("%q: %v", link, err)
		}
	}
}
