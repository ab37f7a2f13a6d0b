package scope

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/catalog"
)

// Change is one thing that differs between two versions.
type Change struct {
	Part string `json:"part"` // "systems", "boundary", …
	Name string `json:"name"` // of the entry, or of the field
	Was  string `json:"was,omitempty"`
	Is   string `json:"is,omitempty"`
}

// Diff gives what differs between two scopes, in the order of the questions.
func Diff(a, b Content) []Change {
	var out []Change
	field := func(part, name, was, is string) {
		if was != is {
			out = append(out, Change{part, name, was, is})
		}
	}
	entries := func(part string, was, is []named) {
		before := map[string]string{}
		for _, e := range was {
			before[e.name] = e.text
		}
		seen := map[string]bool{}
		for _, e := range is {
			seen[e.name] = true
			field(part, e.name, before[e.name], e.text)
		}
		for _, e := range was {
			if !seen[e.name] {
				field(part, e.name, e.text, "")
			}
		}
	}
	entries("systems", systems(a), systems(b))
	entries("boundary", boundary(a), boundary(b))
	entries("commitments", commitments(a), commitments(b))
	entries("requirements", requirements(a), requirements(b))
	for _, k := range catalog.Categories() {
		field("categories", k.Words(), standing(a, k), standing(b, k))
	}
	field("categories", "controller of personal information", string(a.Controller), string(b.Controller))
	field("categories", "processor of personal information", string(a.Processor), string(b.Processor))
	field("categories", "goods produced or distributed", string(a.Goods), string(b.Goods))
	field("categories", "objectives", text(a.Objectives), text(b.Objectives))
	field("examination", "examination", a.Examination.Words(), b.Examination.Words())
	field("zone", "time zone", a.Zone, b.Zone)
	return out
}

type named struct{ name, text string }

func systems(c Content) (out []named) {
	for _, s := range c.Systems {
		t := s.Description
		if len(s.Services) > 0 {
			t += " Services: " + strings.Join(s.Services, "; ")
		}
		out = append(out, named{s.Name, present(t)})
	}
	return out
}

func boundary(c Content) (out []named) {
	for _, k := range c.Boundary {
		t := "in, " + string(k.Kind)
		if k.Out {
			t = "out, " + string(k.Kind)
		}
		if len(k.Hosts) > 0 {
			t += ", hosts " + strings.Join(k.Hosts, ", ")
		}
		if k.Reason != "" {
			t += ": " + k.Reason
		}
		out = append(out, named{k.Name, t})
	}
	return out
}

func commitments(c Content) (out []named) {
	for _, k := range c.Commitments {
		out = append(out, named{k.ID, fmt.Sprintf("to %s: %s (%s; %s)", k.To, k.Statement, k.Source, CategoryWords(k.Categories))})
	}
	return out
}

func requirements(c Content) (out []named) {
	for _, k := range c.Requirements {
		t := k.Statement + " (by " + string(k.By)
		if k.Reference != "" {
			t += ": " + k.Reference
		}
		if len(k.Serves) > 0 {
			t += "; serves " + strings.Join(k.Serves, ", ")
		}
		out = append(out, named{k.ID, t + ")"})
	}
	return out
}

func standing(c Content, k catalog.Category) string {
	if c.Has(k) {
		return "in scope"
	}
	if why := c.Reason(k); why != "" {
		return "left out: " + why
	}
	return "left out"
}

// CategoryWords gives "security, availability".
func CategoryWords(list []catalog.Category) string {
	out := make([]string, len(list))
	for i, k := range list {
		out[i] = k.Words()
	}
	return strings.Join(out, ", ")
}

// Words gives "type 2, 2026-01-01 to 2026-12-31", or "not set".
func (e Examination) Words() string {
	switch e.Type {
	case 1:
		return "type 1, as of " + e.Date
	case 2:
		return "type 2, " + e.From + " to " + e.To
	}
	return "not set"
}

func present(t string) string {
	if t = strings.TrimSpace(t); t == "" {
		return "named"
	}
	return t
}

func text(m map[catalog.Applies]catalog.Answer) string {
	if len(m) == 0 {
		return ""
	}
	b, err := json.Marshal(m) // sorted by key
	if err != nil {
		return "unreadable"
	}
	return string(b)
}
