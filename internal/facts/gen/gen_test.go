package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/facts"
)

func TestGeneratedFilesAreFresh(t *testing.T) {
	want, err := generate("..")
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range want {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, body) {
			t.Errorf("%s is stale: run make gen", name)
		}
	}
}

const small = `version: 1
types:
  thing:
    doc: A thing.
    fields:
      name: {type: string, doc: Name.}
sections:
  one:
    title: One
    doc: First.
    facts:
      - {path: /a/b, type: list(thing), how: read, doc: Things.}
`

func TestLoad(t *testing.T) {
	reg, err := load([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	typ, fact, ok := reg.Lookup("/one/a/b/0/name")
	if !ok || typ.Kind != facts.KindString || fact.Path != "/a/b" {
		t.Errorf("lookup: %v %v %v", typ, fact, ok)
	}
	for _, c := range []struct{ old, new, line, want string }{
		{"how: read", "how: read, hov: x", ":12: ", "sections.one.facts.hov: unknown key"},
		{"list(thing)", "list(thong)", ":12: ", `sections.one/a/b: unknown type "thong"`},
		{"list(thing)", "string, complete: true", ":12: ", "complete is for lists and maps"},
		{"title: One", "titel: One", ":9: ", "sections.one.titel: unknown key"},
		{"doc: Name.", "docs: Name.", ":6: ", "types.thing.name.docs: unknown key"},
		{"doc: A thing.", "doc: [A]", ":4: ", "types.thing.doc: wrong type"},
		{"/a/b", "a/b", ":12: ", "path is no JSON Pointer"},
		{"doc: Things.}", "doc: Things.}\n      - {path: /a, type: int, how: x, doc: y}", ":13: ", "overlaps"},
		{"doc: Things.}", "doc: Things., since: 2}", ":12: ", "since lies between"},
		{"version: 1", "version: x", ":1: ", "version: wrong type"},
	} {
		_, err := load([]byte(strings.Replace(small, c.old, c.new, 1)))
		if err == nil || !strings.HasPrefix(err.Error(), registryFile+c.line) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s…%s", c.new, err, c.line, c.want)
		}
	}
}
