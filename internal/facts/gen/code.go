package main

import (
	"bytes"
	"fmt"
	"go/format"
	"sort"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

// goCode gives the Go structs of the registry and the registry itself as one
// literal, so that no program parses YAML to know it.
func goCode(reg *facts.Reg) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("// Code generated from registry.yaml by internal/facts/gen. DO NOT EDIT.\n\npackage facts\n")
	objects := reg.Objects()
	for _, o := range objects {
		structCode(&b, o)
	}
	for _, s := range reg.Sections {
		if s.Type.Kind != facts.KindObject {
			fmt.Fprintf(&b, "\n// %s: %s\ntype %s %s\n", goName(s.Name), oneLine(s.Doc), goName(s.Name), goType(s.Type))
		}
	}
	b.WriteString("\nvar (\n")
	for _, o := range objects {
		fmt.Fprintf(&b, "%s = Object{Name: %q, Doc: %q, Key: %q, Fields: []Field{\n", varName(o), o.Name, o.Doc, o.Key)
		for _, f := range o.Fields {
			fmt.Fprintf(&b, "{Name: %q, Type: %s, Unit: %q, Doc: %q, Optional: %t, Complete: %t, Since: %d},\n",
				f.Name, typeLiteral(f.Type), f.Unit, f.Doc, f.Optional, f.Complete, f.Since)
		}
		b.WriteString("}}\n")
	}
	b.WriteString(")\n\n")
	fmt.Fprintf(&b, "var registry = Reg{\nVersion: %d,\nTypes: []*Object{", reg.Version)
	for _, o := range reg.Types {
		fmt.Fprintf(&b, "&%s, ", varName(o))
	}
	b.WriteString("},\nSections: []SectionDef{\n")
	for _, s := range reg.Sections {
		fmt.Fprintf(&b, "{Name: %q, Population: %q, Title: %q, Doc: %q, Since: %d, Type: %s, Facts: []Fact{\n", s.Name, s.Population, s.Title, s.Doc, s.Since, typeLiteral(s.Type))
		for _, f := range s.Facts {
			fmt.Fprintf(&b, "{Section: %q, Path: %q, Type: %s, Unit: %q, How: %q, Doc: %q, NeedsRoot: %t, Complete: %t, Since: %d},\n",
				f.Section, f.Path, typeLiteral(f.Type), f.Unit, f.How, f.Doc, f.NeedsRoot, f.Complete, f.Since)
		}
		b.WriteString("},\nWatch: []string{")
		for _, w := range s.Watch {
			fmt.Fprintf(&b, "%q,\n", w)
		}
		b.WriteString("}},\n")
	}
	b.WriteString("},\n}\n")
	return format.Source(b.Bytes())
}

// structCode writes the struct of an object. Fields stand in the order of
// their JSON names, which is the canonical order.
func structCode(b *bytes.Buffer, o *facts.Object) {
	fmt.Fprintf(b, "\n// %s: %s\ntype %s struct {\n", goName(o.Name), oneLine(o.Doc), goName(o.Name))
	fs := append([]facts.Field(nil), o.Fields...)
	sort.Slice(fs, func(i, j int) bool { return fs[i].Name < fs[j].Name })
	for _, f := range fs {
		typ, tag := goType(f.Type), f.Name
		if f.Optional {
			tag += ",omitzero"
			if f.Type.Kind != facts.KindList && f.Type.Kind != facts.KindMap {
				typ = "*" + typ
			}
		}
		fmt.Fprintf(b, "%s %s `json:%q` // %s\n", goName(f.Name), typ, tag, oneLine(f.Doc))
	}
	b.WriteString("}\n")
}

func goType(t facts.Type) string {
	switch t.Kind {
	case facts.KindInt:
		return "int64"
	case facts.KindList:
		return "[]" + goType(*t.Elem)
	case facts.KindMap:
		return "map[string]" + goType(*t.Elem)
	case facts.KindObject:
		return goName(t.Object.Name)
	}
	return string(t.Kind)
}

func typeLiteral(t facts.Type) string {
	kind := map[facts.Kind]string{
		facts.KindString: "KindString", facts.KindInt: "KindInt", facts.KindBool: "KindBool",
		facts.KindList: "KindList", facts.KindMap: "KindMap", facts.KindObject: "KindObject",
	}[t.Kind]
	switch t.Kind {
	case facts.KindList, facts.KindMap:
		return "Type{Kind: " + kind + ", Elem: &" + typeLiteral(*t.Elem) + "}"
	case facts.KindObject:
		return "Type{Kind: " + kind + ", Object: &" + varName(t.Object) + "}"
	}
	return "Type{Kind: " + kind + "}"
}

func varName(o *facts.Object) string { return "object" + goName(o.Name) }

// goName turns a name of the registry into an exported Go name.
func goName(name string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '.' }) {
		switch part {
		case "os", "id", "uid", "gid", "sshd", "us":
			b.WriteString(strings.ToUpper(part))
		default:
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
