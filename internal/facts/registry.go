package facts

import (
	"slices"
	"strings"
)

//go:generate go run ./gen

// Kind is the kind of a fact's type.
type Kind string

// The kinds.
const (
	KindString Kind = "string"
	KindInt    Kind = "int" // 64 bit
	KindBool   Kind = "bool"
	KindList   Kind = "list"
	KindMap    Kind = "map" // keys are strings
	KindObject Kind = "object"
)

// Type is the type of a fact or field. Elem is set for lists and maps, Object
// for objects.
type Type struct {
	Kind   Kind
	Elem   *Type
	Object *Object
}

// String gives the type as the registry writes it: "list(account)".
func (t Type) String() string {
	switch t.Kind {
	case KindList, KindMap:
		return string(t.Kind) + "(" + t.Elem.String() + ")"
	case KindObject:
		return t.Object.Name
	}
	return string(t.Kind)
}

// Object is an object type: one declared under `types`, a section ("sshd"),
// or an inner object of a section ("sshd.effective").
type Object struct {
	Name   string
	Doc    string
	Key    string // field by which items of a list are told apart; may be empty
	Fields []Field
}

// Field finds a field by name.
func (o *Object) Field(name string) (*Field, bool) {
	for i := range o.Fields {
		if o.Fields[i].Name == name {
			return &o.Fields[i], true
		}
	}
	return nil, false
}

// Field is one field of an object. Of a section's object, the fields are its
// facts or inner objects.
type Field struct {
	Name     string
	Type     Type
	Unit     string // "seconds"; empty for counts and texts
	Doc      string
	Optional bool // may be missing while its neighbours are known
	Complete bool // of a map or list: what is not in it is not on the host
	Since    int  // registry version that declared it
}

// Fact is one declared fact.
type Fact struct {
	Section   string
	Path      string // JSON Pointer within the section: "/effective/permitrootlogin"
	Type      Type
	Unit      string
	How       string // how it is read
	Doc       string
	NeedsRoot bool
	Complete  bool // of a map or list: what is not in it is not on the host
	Since     int
}

// SectionDef declares a section.
type SectionDef struct {
	Name       string
	Population string // whose facts these are: hosts, databases
	Title      string
	Doc        string
	Since      int
	Type       Type // an object named like the section; of "files" map(file)
	Facts      []Fact
	Watch      []string // the names or paths that the reader looks at
}

// Reg is a fact registry. It is never changed.
type Reg struct {
	Version  int
	Types    []*Object // declared under `types`, in their order
	Sections []SectionDef
}

// Registry gives the registry that this program was built with. Nobody may
// change it.
func Registry() *Reg { return &registry }

// Section finds a section by name.
func (r *Reg) Section(name string) (*SectionDef, bool) {
	for i := range r.Sections {
		if r.Sections[i].Name == name {
			return &r.Sections[i], true
		}
	}
	return nil, false
}

// Populations gives the populations that sections are about, in the order in
// which they first stand in the registry.
func (r *Reg) Populations() []string {
	var all []string
	for _, s := range r.Sections {
		if !slices.Contains(all, s.Population) {
			all = append(all, s.Population)
		}
	}
	return all
}

// Objects gives every object type once: those declared under `types`, then
// each section's own and its inner objects.
func (r *Reg) Objects() []*Object {
	out := append([]*Object(nil), r.Types...)
	var inner func(t Type)
	inner = func(t Type) {
		if t.Kind != KindObject {
			return
		}
		out = append(out, t.Object)
		for _, f := range t.Object.Fields {
			if f.Type.Kind == KindObject && strings.HasPrefix(f.Type.Object.Name, t.Object.Name+".") {
				inner(f.Type)
			}
		}
	}
	for _, s := range r.Sections {
		inner(s.Type)
	}
	return out
}

// Lookup finds the type at a pointer whose first token is the section, and
// the fact that declares it: the fact itself for what lies inside one, nil
// for a section or an inner object, which are made of several.
func (r *Reg) Lookup(pointer string) (Type, *Fact, bool) {
	tokens, ok := SplitPointer(pointer)
	if !ok || len(tokens) == 0 {
		return Type{}, nil, false
	}
	def, ok := r.Section(tokens[0])
	if !ok {
		return Type{}, nil, false
	}
	t, ok := descend(def.Type, tokens[1:])
	if !ok {
		return Type{}, nil, false
	}
	within := JoinPointer(tokens[1:]...)
	var fact *Fact
	for i := range def.Facts {
		p := def.Facts[i].Path
		if p == "" || within == p || strings.HasPrefix(within, p+"/") {
			fact = &def.Facts[i]
		}
	}
	return t, fact, true
}

// descend follows tokens through types; a list takes any index, a map any key.
func descend(t Type, tokens []string) (Type, bool) {
	for _, tok := range tokens {
		switch t.Kind {
		case KindObject:
			f, ok := t.Object.Field(tok)
			if !ok {
				return Type{}, false
			}
			t = f.Type
		case KindList, KindMap:
			t = *t.Elem
		default:
			return Type{}, false
		}
	}
	return t, true
}

// SplitPointer gives the tokens of a JSON Pointer (RFC 6901); "" has none.
func SplitPointer(p string) ([]string, bool) {
	if p == "" {
		return nil, true
	}
	if p[0] != '/' {
		return nil, false
	}
	tokens := strings.Split(p[1:], "/")
	for i, t := range tokens {
		if !strings.Contains(t, "~") {
			continue
		}
		for j := 0; j < len(t); j++ {
			if t[j] == '~' && (j+1 == len(t) || t[j+1] != '0' && t[j+1] != '1') {
				return nil, false
			}
		}
		tokens[i] = unescapePointer.Replace(t)
	}
	return tokens, true
}

// JoinPointer makes a JSON Pointer of tokens.
func JoinPointer(tokens ...string) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte('/')
		b.WriteString(escapePointer.Replace(t))
	}
	return b.String()
}

var (
	unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")
	escapePointer   = strings.NewReplacer("~", "~0", "/", "~1")
)
