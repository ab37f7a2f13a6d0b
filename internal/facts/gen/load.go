package main

import (
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"go.yaml.in/yaml/v3"
)

const registryFile = "registry.yaml"

// load reads a registry file. Every mistake names its line and field.
func load(data []byte) (*facts.Reg, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "not YAML: %v", err).At(registryFile, 0, "")
	}
	if len(doc.Content) != 1 {
		return nil, fault.New(fault.Invalid, "empty").At(registryFile, 1, "")
	}
	l := &loader{objects: map[string]*facts.Object{}, reg: &facts.Reg{}}
	if err := l.file(doc.Content[0]); err != nil {
		return nil, err
	}
	return l.reg, nil
}

type loader struct {
	reg     *facts.Reg
	objects map[string]*facts.Object
}

func bad(n *yaml.Node, field, format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).At(registryFile, n.Line, field)
}

// fields walks a mapping and refuses keys that are unknown or given twice.
func fields(n *yaml.Node, where string, known map[string]func(*yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return bad(n, where, "expected a mapping")
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		f, ok := known[k.Value]
		if !ok {
			return bad(k, where+"."+k.Value, "unknown key")
		}
		if seen[k.Value] {
			return bad(k, where+"."+k.Value, "given twice")
		}
		seen[k.Value] = true
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}

// into decodes a scalar or list into p.
func into(field string, p any) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if err := n.Decode(p); err != nil {
			return bad(n, field, "wrong type: %v", err)
		}
		return nil
	}
}

func (l *loader) file(n *yaml.Node) error {
	var types, sections *yaml.Node
	err := fields(n, "", map[string]func(*yaml.Node) error{
		"version":  into("version", &l.reg.Version),
		"types":    func(n *yaml.Node) error { types = n; return nil },
		"sections": func(n *yaml.Node) error { sections = n; return nil },
	})
	if err != nil {
		return err
	}
	if l.reg.Version < 1 || types == nil || sections == nil {
		return bad(n, "", "version, types and sections are required")
	}
	// Names first, so that types may use each other in any order.
	if types.Kind != yaml.MappingNode || sections.Kind != yaml.MappingNode {
		return bad(n, "", "types and sections are mappings")
	}
	for i := 0; i < len(types.Content); i += 2 {
		name := types.Content[i].Value
		if l.objects[name] != nil {
			return bad(types.Content[i], "types."+name, "given twice")
		}
		o := &facts.Object{Name: name}
		l.objects[name] = o
		l.reg.Types = append(l.reg.Types, o)
	}
	for i := 0; i < len(types.Content); i += 2 {
		if err := l.object(l.objects[types.Content[i].Value], types.Content[i+1]); err != nil {
			return err
		}
	}
	for i := 0; i < len(sections.Content); i += 2 {
		if err := l.section(sections.Content[i], sections.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) object(o *facts.Object, n *yaml.Node) error {
	where := "types." + o.Name
	err := fields(n, where, map[string]func(*yaml.Node) error{
		"doc": into(where+".doc", &o.Doc),
		"key": into(where+".key", &o.Key),
		"fields": func(n *yaml.Node) error {
			if n.Kind != yaml.MappingNode {
				return bad(n, where+".fields", "expected a mapping")
			}
			for i := 0; i < len(n.Content); i += 2 {
				f := facts.Field{Name: n.Content[i].Value, Since: 1}
				at := where + "." + f.Name
				var typ string
				if err := fields(n.Content[i+1], at, map[string]func(*yaml.Node) error{
					"type":     into(at+".type", &typ),
					"unit":     into(at+".unit", &f.Unit),
					"doc":      into(at+".doc", &f.Doc),
					"optional": into(at+".optional", &f.Optional),
					"since":    into(at+".since", &f.Since),
				}); err != nil {
					return err
				}
				if _, twice := o.Field(f.Name); twice {
					return bad(n.Content[i], at, "given twice")
				}
				t, err := l.typ(typ)
				if err != nil {
					return bad(n.Content[i+1], at+".type", "%v", err)
				}
				f.Type = t
				if f.Doc == "" || f.Since < 1 || f.Since > l.reg.Version {
					return bad(n.Content[i], at, "doc is required, and since lies between 1 and version")
				}
				o.Fields = append(o.Fields, f)
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	if o.Doc == "" || len(o.Fields) == 0 {
		return bad(n, where, "doc and fields are required")
	}
	if o.Key != "" {
		if f, ok := o.Field(o.Key); !ok || f.Type.Kind != facts.KindString {
			return bad(n, where+".key", "is no text field of this type")
		}
	}
	return nil
}

func (l *loader) typ(s string) (facts.Type, error) {
	for _, k := range []facts.Kind{facts.KindString, facts.KindInt, facts.KindBool} {
		if s == string(k) {
			return facts.Type{Kind: k}, nil
		}
	}
	for _, k := range []facts.Kind{facts.KindList, facts.KindMap} {
		if inner, ok := strings.CutPrefix(s, string(k)+"("); ok && strings.HasSuffix(inner, ")") {
			e, err := l.typ(strings.TrimSuffix(inner, ")"))
			if err != nil {
				return facts.Type{}, err
			}
			return facts.Type{Kind: k, Elem: &e}, nil
		}
	}
	if o := l.objects[s]; o != nil {
		return facts.Type{Kind: facts.KindObject, Object: o}, nil
	}
	return facts.Type{}, fmt.Errorf("unknown type %q: string, int, bool, list(T), map(T) or a name under types", s)
}

func (l *loader) section(name, n *yaml.Node) error {
	s := facts.SectionDef{Name: name.Value, Population: "hosts", Since: 1}
	where := "sections." + s.Name
	if _, twice := l.reg.Section(s.Name); twice || l.objects[s.Name] != nil {
		return bad(name, where, "the name is taken")
	}
	err := fields(n, where, map[string]func(*yaml.Node) error{
		"title":      into(where+".title", &s.Title),
		"doc":        into(where+".doc", &s.Doc),
		"since":      into(where+".since", &s.Since),
		"watch":      into(where+".watch", &s.Watch),
		"population": into(where+".population", &s.Population),
		"facts": func(n *yaml.Node) error {
			if n.Kind != yaml.SequenceNode {
				return bad(n, where+".facts", "expected a list")
			}
			for _, c := range n.Content {
				if err := l.fact(&s, where, c); err != nil {
					return err
				}
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	if s.Title == "" || s.Doc == "" || len(s.Facts) == 0 {
		return bad(n, where, "title, doc and facts are required")
	}
	if s.Facts[0].Path == "" {
		if len(s.Facts) != 1 {
			return bad(n, where, "a fact that is the whole section stands alone")
		}
		s.Type = s.Facts[0].Type
	} else if s.Type, err = l.tree(&s, n); err != nil {
		return err
	}
	l.reg.Sections = append(l.reg.Sections, s)
	return nil
}

func (l *loader) fact(s *facts.SectionDef, where string, n *yaml.Node) error {
	f := facts.Fact{Section: s.Name, Since: 1}
	var typ string
	if err := fields(n, where+".facts", map[string]func(*yaml.Node) error{
		"path":       into(where+".facts.path", &f.Path),
		"type":       into(where+".facts.type", &typ),
		"unit":       into(where+".facts.unit", &f.Unit),
		"how":        into(where+".facts.how", &f.How),
		"doc":        into(where+".facts.doc", &f.Doc),
		"needs_root": into(where+".facts.needs_root", &f.NeedsRoot),
		"complete":   into(where+".facts.complete", &f.Complete),
		"since":      into(where+".facts.since", &f.Since),
	}); err != nil {
		return err
	}
	at := where + f.Path
	if _, ok := facts.SplitPointer(f.Path); !ok {
		return bad(n, at, "path is no JSON Pointer")
	}
	t, err := l.typ(typ)
	if err != nil {
		return bad(n, at, "%v", err)
	}
	f.Type = t
	if f.How == "" || f.Doc == "" || f.Since < 1 || f.Since > l.reg.Version {
		return bad(n, at, "how and doc are required, and since lies between 1 and version")
	}
	if f.Complete && t.Kind != facts.KindList && t.Kind != facts.KindMap {
		return bad(n, at, "complete is for lists and maps")
	}
	for _, o := range s.Facts {
		if o.Path == f.Path || strings.HasPrefix(f.Path, o.Path+"/") || strings.HasPrefix(o.Path, f.Path+"/") {
			return bad(n, at, "overlaps with %q", o.Path)
		}
	}
	s.Facts = append(s.Facts, f)
	return nil
}

// tree makes the section's object and its inner objects of the facts' paths.
func (l *loader) tree(s *facts.SectionDef, n *yaml.Node) (facts.Type, error) {
	root := &facts.Object{Name: s.Name, Doc: s.Doc}
	l.objects[root.Name] = root
	for _, f := range s.Facts {
		tokens, _ := facts.SplitPointer(f.Path)
		o := root
		for _, tok := range tokens[:len(tokens)-1] {
			in, ok := o.Field(tok)
			if !ok {
				inner := &facts.Object{Name: o.Name + "." + tok, Doc: "Facts under " + f.Path[:strings.LastIndex(f.Path, "/")] + " of section " + s.Name + "."}
				o.Fields = append(o.Fields, facts.Field{Name: tok, Type: facts.Type{Kind: facts.KindObject, Object: inner}, Doc: inner.Doc, Optional: true, Since: f.Since})
				in = &o.Fields[len(o.Fields)-1]
			}
			if in.Type.Kind != facts.KindObject {
				return facts.Type{}, bad(n, s.Name+f.Path, "lies under a fact")
			}
			o = in.Type.Object
		}
		o.Fields = append(o.Fields, facts.Field{
			Name: tokens[len(tokens)-1], Type: f.Type, Unit: f.Unit, Doc: f.Doc,
			Optional: true, Complete: f.Complete, Since: f.Since,
		})
	}
	return facts.Type{Kind: facts.KindObject, Object: root}, nil
}
