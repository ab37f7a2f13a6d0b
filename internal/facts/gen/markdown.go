package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

// markdown gives docs/facts.md.
func markdown(reg *facts.Reg) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<!-- Generated from internal/facts/registry.yaml by internal/facts/gen. Do not edit. -->

# Facts

What the agent reads on a host: registry version %d, %d sections, %d facts. A check names a fact by its path after the
section: `+"`sshd.effective.permitrootlogin`"+`. Facts marked *root* need the agent to run as root; without it they are
missing with state error, reason "needs root".

- **absent**: the software or object is not there; a check that reads it is not applicable.
- **error**: permission, syntax or a failing tool.
- **not observed**: cannot be known on this host.

A list or map marked *complete* holds all there is on the host: a name that is not in it is not there. Of any other map a
key that was not sent is not known.
`, reg.Version, len(reg.Sections), count(reg))
	for _, s := range reg.Sections {
		fmt.Fprintf(&b, "\n## %s: %s\n\n%s\n\n", s.Name, s.Title, oneLine(s.Doc))
		b.WriteString("| path | type | what | how it is read | since |\n|---|---|---|---|---|\n")
		for _, f := range s.Facts {
			path := f.Path
			if path == "" {
				path = "(the whole section)"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %d |\n", path, typeText(f), cell(f.Doc), cell(f.How), f.Since)
		}
		if s.Population != "hosts" {
			fmt.Fprintf(&b, "\nOf the population `%s`.\n", s.Population)
		}
		if len(s.Watch) > 0 {
			fmt.Fprintf(&b, "\nWatch list: `%s`.\n", strings.Join(s.Watch, "`, `"))
		}
	}
	b.WriteString("\n## Types\n")
	for _, o := range reg.Types {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| field | type | what |\n|---|---|---|\n", o.Name, oneLine(o.Doc))
		for _, f := range o.Fields {
			t := f.Type.String()
			if f.Unit != "" {
				t += ", " + f.Unit
			}
			if f.Optional {
				t += ", may be missing"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, t, cell(f.Doc))
		}
	}
	return b.Bytes()
}

func count(reg *facts.Reg) int {
	n := 0
	for _, s := range reg.Sections {
		n += len(s.Facts)
	}
	return n
}

func typeText(f facts.Fact) string {
	t := f.Type.String()
	if f.Unit != "" {
		t += ", " + f.Unit
	}
	if f.Complete {
		t += ", *complete*"
	}
	if f.NeedsRoot {
		t += ", *root*"
	}
	return t
}

func cell(s string) string { return strings.ReplaceAll(oneLine(s), "|", `\|`) }
