package judge

import "github.com/attesta/attesta/internal/facts"

// NewSchema makes a schema with the populations of the fact registry (hosts,
// databases) and their sections.
func NewSchema(reg *facts.Reg) *Schema {
	s := empty()
	for _, population := range reg.Populations() {
		if err := s.Population(population, sectionsOf(reg, population)...); err != nil {
			panic("judge: the fact registry makes no schema: " + err.Error()) // it is part of the program; a test loads it
		}
	}
	return s
}

// sectionsOf turns the registry's sections into those of a population.
func sectionsOf(reg *facts.Reg, population string) []Field {
	c := converter{}
	var sections []Field
	for _, def := range reg.Sections {
		if def.Population != population {
			continue
		}
		complete := len(def.Facts) == 1 && def.Facts[0].Path == "" && def.Facts[0].Complete
		sections = append(sections, Field{Name: def.Name, Type: c.convert(def.Type, complete), Doc: def.Doc})
	}
	return sections
}

// converter gives each object of the registry one struct.
type converter map[*facts.Object]*Type

func (c converter) convert(t facts.Type, complete bool) *Type {
	switch t.Kind {
	case facts.KindInt:
		return &Type{Kind: Int}
	case facts.KindBool:
		return &Type{Kind: Bool}
	case facts.KindList:
		return &Type{Kind: List, Elem: c.convert(*t.Elem, false), Complete: complete}
	case facts.KindMap:
		return &Type{Kind: Map, Elem: c.convert(*t.Elem, false), Complete: complete}
	case facts.KindObject:
		if known, ok := c[t.Object]; ok {
			return known
		}
		s := &Type{Kind: Struct, Name: t.Object.Name}
		c[t.Object] = s
		for _, f := range t.Object.Fields {
			s.Fields = append(s.Fields, Field{Name: f.Name, Type: c.convert(f.Type, f.Complete), Doc: f.Doc, Unit: f.Unit})
		}
		return s
	}
	return &Type{Kind: String}
}
