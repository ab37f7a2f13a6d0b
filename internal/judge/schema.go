package judge

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/attesta/attesta/internal/base/fault"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Kind is the shape of a value.
type Kind int

// The kinds. Values of items are int64, string, bool, []any and map[string]any.
const (
	String Kind = iota
	Int
	Bool
	List
	Map    // string keys, elements of one type
	Struct // named fields
)

// Type describes a value of a population's items.
type Type struct {
	Kind     Kind
	Name     string  // of a Struct: unique within the population, "file", "sshd.effective"
	Elem     *Type   // of a List or Map
	Fields   []Field // of a Struct
	Complete bool    // of a Map: what is not in it is not on the item
}

// Field is one named value.
type Field struct {
	Name string
	Type *Type
	Doc  string
	Unit string
}

// Field gives the field of that name.
func (t *Type) Field(name string) (Field, bool) {
	for _, f := range t.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// String gives the type as people read it: "list of text".
func (t *Type) String() string {
	switch t.Kind {
	case String:
		return "text"
	case Int:
		return "whole number"
	case Bool:
		return "true or false"
	case List:
		return "list of " + t.Elem.String()
	case Map:
		return "map of " + t.Elem.String()
	}
	return t.Name
}

// Schema holds the populations that expressions can be written about. "hosts"
// comes with NewSchema; the domains of others register them at start.
type Schema struct {
	populations map[string]*population // filled before use; read only afterwards
}

type population struct {
	name     string
	sections []Field
	structs  map[string]*structType
	env      *cel.Env
	extend   sync.Mutex // cel.Env.Extend writes into what it extends
}

// empty makes a schema without populations.
func empty() *Schema { return &Schema{populations: map[string]*population{}} }

// Bare makes a schema to which its owner registers every population.
func Bare() *Schema { return empty() }

// Population registers a population: a variable per section. A section is a
// Struct or a Map.
func (s *Schema) Population(name string, sections ...Field) error {
	if _, taken := s.populations[name]; taken {
		return fault.New(fault.Conflict, "population %s is registered already", name)
	}
	p := &population{name: name, sections: sections, structs: map[string]*structType{}}
	vars := make([]cel.EnvOption, 0, len(sections))
	for _, f := range sections {
		if f.Name == "params" || (f.Type.Kind != Struct && f.Type.Kind != Map) {
			return fault.New(fault.Invalid, "population %s: section %q must be a struct or a map, and not be called params", name, f.Name)
		}
		if err := p.add(f.Type); err != nil {
			return err
		}
		vars = append(vars, cel.Variable(f.Name, p.celType(f.Type)))
	}
	base, err := types.NewRegistry()
	if err != nil {
		return fmt.Errorf("population %s: %w", name, err)
	}
	env, err := cel.NewEnv(slices.Concat(environment(), vars, []cel.EnvOption{
		cel.CustomTypeProvider(&provider{Provider: base, structs: p.structs}),
		cel.CustomTypeAdapter(adapter{Adapter: base}),
	})...)
	if err != nil {
		return fmt.Errorf("population %s: %w", name, err)
	}
	p.env = env
	s.populations[name] = p
	return nil
}

// Populations gives the names, sorted.
func (s *Schema) Populations() []string {
	names := make([]string, 0, len(s.populations))
	for name := range s.populations {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Sections gives the sections of a population, as registered; nil for an
// unknown one.
func (s *Schema) Sections(population string) []Field {
	p := s.populations[population]
	if p == nil {
		return nil
	}
	return p.sections
}

// TypeAt gives the type at a JSON Pointer of a population, section first. A
// list's elements have any number for a token.
func (s *Schema) TypeAt(population, pointer string) (*Type, bool) {
	p := s.populations[population]
	if p == nil {
		return nil, false
	}
	t := &Type{Kind: Struct, Fields: p.sections}
	for _, token := range tokens(pointer) {
		switch t.Kind {
		case Struct:
			f, ok := t.Field(token)
			if !ok {
				return nil, false
			}
			t = f.Type
		case Map, List:
			t = t.Elem
		default:
			return nil, false
		}
	}
	return t, true
}

func (p *population) section(name string) *Type {
	for _, f := range p.sections {
		if f.Name == name {
			return f.Type
		}
	}
	return nil
}

// names gives every section and field name of the population, for suggestions.
func (p *population) names() []string {
	var names []string
	for _, f := range p.sections {
		names = append(names, f.Name)
	}
	for _, st := range p.structs {
		for name := range st.fields {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// add registers t and what is below it.
func (p *population) add(t *Type) error {
	switch t.Kind {
	case List, Map:
		if t.Elem.Kind == Map {
			return fault.New(fault.Invalid, "population %s: a %s holds maps; put them into a field of a struct", p.name, t)
		}
		return p.add(t.Elem)
	case Struct:
		if t.Name == "" || strings.ContainsAny(t.Name, "/ ") {
			return fault.New(fault.Invalid, "population %s: a struct has no usable name (%q)", p.name, t.Name)
		}
		if known, ok := p.structs[celName(t.Name)]; ok {
			if known.typ != t {
				return fault.New(fault.Invalid, "population %s: two structs are named %s", p.name, t.Name)
			}
			return nil
		}
		st := &structType{typ: t, fields: make(map[string]*types.FieldType, len(t.Fields)), cel: cel.ObjectType(celName(t.Name))}
		p.structs[celName(t.Name)] = st
		for _, f := range t.Fields {
			if err := p.add(f.Type); err != nil {
				return err
			}
			st.names = append(st.names, f.Name)
			st.fields[f.Name] = fieldType(t, f, p.celType(f.Type))
		}
	}
	return nil
}

func (p *population) celType(t *Type) *cel.Type {
	switch t.Kind {
	case Int:
		return cel.IntType
	case Bool:
		return cel.BoolType
	case List:
		return cel.ListType(p.celType(t.Elem))
	case Map:
		return cel.MapType(cel.StringType, p.celType(t.Elem))
	case Struct:
		return cel.ObjectType(celName(t.Name))
	}
	return cel.StringType
}

// celName keeps types apart from variables: an expression cannot name it.
func celName(name string) string { return "@" + name }

type structType struct {
	typ    *Type
	cel    *cel.Type
	names  []string
	fields map[string]*types.FieldType
}

// fieldType reads one field of a struct value, which is a plain map. A field
// that is not there becomes an unknown: the item did not report it.
func fieldType(t *Type, f Field, ct *cel.Type) *types.FieldType {
	notThere := types.NewUnknown(rankNotObserved, types.NewAttributeTrail(encodeCause(cause{
		outcome: NotObserved, field: f.Name, reason: "was not reported",
	})))
	isMap := f.Type.Kind == Map
	complete := isMap && f.Type.Complete
	return &types.FieldType{
		Type: ct,
		IsSet: func(target any) bool {
			_, ok := asMap(target)[f.Name]
			return ok
		},
		GetFrom: func(target any) (any, error) {
			m := asMap(target)
			if m == nil {
				if unknown, ok := target.(*types.Unknown); ok {
					return unknown, nil
				}
				return nil, fmt.Errorf("%s is no set of fields", t.Name)
			}
			v, ok := m[f.Name]
			if !ok {
				return notThere, nil
			}
			if isMap {
				if entries, ok := v.(map[string]any); ok {
					if complete {
						return completeMap(entries), nil
					}
					return openMap(entries), nil
				}
			}
			return v, nil
		},
	}
}

func asMap(target any) map[string]any {
	switch m := target.(type) {
	case map[string]any:
		return m
	case structValue:
		return m
	}
	return nil
}

// provider answers the type checker from the population's types.
type provider struct {
	types.Provider
	structs map[string]*structType
}

func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if st, ok := p.structs[name]; ok {
		return types.NewTypeTypeWithParam(st.cel), true
	}
	return p.Provider.FindStructType(name)
}

func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	if st, ok := p.structs[name]; ok {
		return st.names, true
	}
	return p.Provider.FindStructFieldNames(name)
}

func (p *provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if st, ok := p.structs[name]; ok {
		ft, ok := st.fields[field]
		return ft, ok
	}
	return p.Provider.FindStructFieldType(name, field)
}

func (p *provider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if _, ok := p.structs[name]; ok {
		return types.NewErr("%s cannot be made in an expression", name)
	}
	return p.Provider.NewValue(name, fields)
}
