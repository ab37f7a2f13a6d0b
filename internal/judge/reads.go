package judge

import (
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/facts"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/traits"
)

// reader finds, without evaluating, every path that an expression can read.
type reader struct {
	population *population
	refs       map[int64]*ast.ReferenceInfo
	reads      map[string]bool
	params     map[string]bool
	loops      *loop // what the loops are inside of; the outermost stands for the expression

	unguarded []keyUse        // constant keys of complete maps
	guarded   map[string]bool // pointers of keys that the expression tests with "in"
}

// keyUse is a constant key that is read from a complete map.
type keyUse struct {
	pointer, container, key string
	id                      int64
	part                    string // "where" or "expect"
	at                      common.Location
}

// place is what a part of an expression stands for: a path of the item, or
// something below a path that only evaluation could name (an element of a
// list, a key that is computed).
type place struct {
	path  []string
	typ   *Type
	below bool
}

type scope map[string]*place

func newReader(p *population) *reader {
	return &reader{population: p, loops: &loop{}, reads: map[string]bool{}, params: map[string]bool{}, guarded: map[string]bool{}}
}

func (r *reader) scan(tree *ast.AST) {
	r.refs = tree.ReferenceMap()
	r.visit(tree.Expr(), scope{})
}

// paths gives what was found, sorted, without those below another.
func (r *reader) paths() []string {
	all := make([]string, 0, len(r.reads))
	for p := range r.reads {
		all = append(all, p)
	}
	slices.Sort(all)
	kept := all[:0]
	for _, p := range all {
		if !slices.ContainsFunc(kept, func(k string) bool { return strings.HasPrefix(p, k+"/") }) {
			kept = append(kept, p)
		}
	}
	return kept
}

// missingGuards gives the keys of complete maps that are read although nothing
// tests whether they are there.
func (r *reader) missingGuards() []keyUse {
	var missing []keyUse
	for _, use := range r.unguarded {
		if !r.guarded[use.pointer] {
			missing = append(missing, use)
		}
	}
	return missing
}

// visit records what e reads. The caller has not recorded e itself.
func (r *reader) visit(e ast.Expr, s scope) {
	if at := r.place(e, s); at != nil {
		r.record(at)
		return
	}
	switch e.Kind() {
	case ast.IdentKind, ast.SelectKind:
		if ref, ok := r.refs[e.ID()]; ok && strings.HasPrefix(ref.Name, "params.") {
			r.params[strings.TrimPrefix(ref.Name, "params.")] = true
			return
		}
		if e.Kind() == ast.SelectKind {
			r.visit(e.AsSelect().Operand(), s)
		}
	case ast.CallKind:
		call := e.AsCall()
		if r.membership(call, s) {
			return
		}
		if call.IsMemberFunction() {
			r.visit(call.Target(), s)
		}
		for _, arg := range call.Args() {
			r.visit(arg, s)
		}
	case ast.ListKind:
		for _, element := range e.AsList().Elements() {
			r.visit(element, s)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			r.visit(entry.AsMapEntry().Key(), s)
			r.visit(entry.AsMapEntry().Value(), s)
		}
	case ast.ComprehensionKind:
		r.comprehension(e.AsComprehension(), s)
	}
}

func (r *reader) record(at *place) { r.reads[facts.JoinPointer(at.path...)] = true }

// membership handles "key" in map: it reads that key only.
func (r *reader) membership(call ast.CallExpr, s scope) bool {
	if call.FunctionName() != operators.In || len(call.Args()) != 2 {
		return false
	}
	at := r.place(call.Args()[1], s)
	if at == nil || at.below || at.typ.Kind != Map || call.Args()[0].Kind() != ast.LiteralKind {
		return false
	}
	key, ok := call.Args()[0].AsLiteral().(types.String)
	if !ok {
		return false
	}
	p := facts.JoinPointer(append(slices.Clone(at.path), string(key))...)
	r.reads[p], r.guarded[p] = true, true
	return true
}

func (r *reader) comprehension(c ast.ComprehensionExpr, s scope) {
	r.visit(c.IterRange(), s)
	if r.place(c.AccuInit(), s) == nil { // cel.bind of a path: what is read is what its uses read
		r.visit(c.AccuInit(), s)
	}
	inner := scope{}
	for name, at := range s {
		inner[name] = at
	}
	element := r.place(c.IterRange(), s)
	if element != nil {
		element = &place{path: element.path, typ: element.typ, below: true}
		if element.typ.Kind == List || element.typ.Kind == Map {
			element.typ = element.typ.Elem
		}
	}
	first, second := c.IterVar(), ""
	if c.HasIterVar2() {
		second = c.IterVar2()
	}
	rangeIsMap := false
	if at := r.place(c.IterRange(), s); at != nil && at.typ.Kind == Map {
		rangeIsMap = true
	}
	switch {
	case second != "": // key or index, and value
		inner[first], inner[second] = nil, element
	case rangeIsMap: // a key
		inner[first] = nil
	default:
		inner[first] = element
	}
	inner[c.AccuVar()] = r.place(c.AccuInit(), s)
	if !emptyList(c.IterRange()) { // the loop of cel.bind never runs
		outside := r.loops
		r.loops = r.over(c.IterRange(), s)
		outside.inside = append(outside.inside, r.loops)
		r.visit(c.LoopCondition(), inner)
		r.visit(c.LoopStep(), inner)
		r.loops = outside
	}
	result := scope{}
	for name, at := range s {
		result[name] = at
	}
	result[c.AccuVar()] = inner[c.AccuVar()]
	r.visit(c.Result(), result)
}

// loop is one comprehension: over a list or map of the item, or about rounds
// elements. Counting rounds from the item's sizes keeps judgements the same
// everywhere, which a time limit would not, and costs nothing while running;
// CEL's own cost tracker takes longer the more it has tracked.
type loop struct {
	over   []string // path of the item; nil when it is none
	rounds int
	inside []*loop
}

// someRounds is taken for what cannot be counted beforehand, such as a list
// inside an element.
const someRounds = 20

// over says what a comprehension goes over.
func (r *reader) over(e ast.Expr, s scope) *loop {
	if at := r.place(e, s); at != nil && !at.below {
		return &loop{over: at.path}
	}
	switch e.Kind() {
	case ast.ListKind:
		return &loop{rounds: len(e.AsList().Elements())}
	case ast.ComprehensionKind: // what filter() or map() gives
		return r.over(e.AsComprehension().IterRange(), s)
	case ast.IdentKind, ast.SelectKind:
		if info, ok := r.refs[e.ID()]; ok && info.Value != nil {
			if list, ok := info.Value.(traits.Lister); ok {
				n, _ := list.Size().(types.Int)
				return &loop{rounds: int(n)}
			}
		}
	}
	return &loop{rounds: someRounds}
}

// nested gives the loops when at least one holds another, else nil: one loop
// takes no longer than the item is large.
func (l *loop) nested() []*loop {
	for _, outer := range l.inside {
		if len(outer.inside) > 0 {
			return l.inside
		}
	}
	return nil
}

// steps counts the rounds of loops over an item, at most.
func steps(loops []*loop, item Item) int {
	total := 0
	for _, l := range loops {
		n := l.rounds
		if l.over != nil {
			v, _ := lookup(item, l.over)
			switch x := v.(type) {
			case []any:
				n = len(x)
			case map[string]any:
				n = len(x)
			}
		}
		inside := steps(l.inside, item)
		if n > 0 && inside > maxSteps/n {
			return maxSteps + 1
		}
		if total += n * (1 + inside); total > maxSteps {
			return maxSteps + 1
		}
	}
	return total
}

func emptyList(e ast.Expr) bool {
	return e.Kind() == ast.ListKind && len(e.AsList().Elements()) == 0
}

// place says what e stands for; nil when it is no path of the item. Parts that
// are not of the path, such as a computed key, are visited on the way.
func (r *reader) place(e ast.Expr, s scope) *place {
	switch e.Kind() {
	case ast.IdentKind:
		name := e.AsIdent()
		if at, local := s[name]; local {
			return at
		}
		if ref, ok := r.refs[e.ID()]; ok && ref.Name != "" {
			name = ref.Name
		}
		if t := r.population.section(name); t != nil {
			return &place{path: []string{name}, typ: t}
		}
	case ast.SelectKind:
		sel := e.AsSelect()
		if _, named := r.refs[e.ID()]; named { // params.name
			return nil
		}
		at := r.place(sel.Operand(), s)
		if at == nil {
			return nil
		}
		return r.step(at, sel.FieldName(), e.ID())
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() != operators.Index || len(call.Args()) != 2 {
			return nil
		}
		at := r.place(call.Args()[0], s)
		if at == nil {
			return nil
		}
		if index := call.Args()[1]; index.Kind() == ast.LiteralKind {
			if key, ok := index.AsLiteral().(types.String); ok {
				return r.step(at, string(key), e.ID())
			}
		} else {
			r.visit(index, s)
		}
		return &place{path: at.path, typ: elem(at.typ), below: true}
	}
	return nil
}

func elem(t *Type) *Type {
	if t.Kind == List || t.Kind == Map {
		return t.Elem
	}
	return t
}

// step goes from a place to its field or key.
func (r *reader) step(at *place, token string, id int64) *place {
	t := at.typ
	switch t.Kind {
	case Struct:
		f, ok := t.Field(token)
		if !ok {
			return &place{path: at.path, typ: t, below: true}
		}
		t = f.Type
	case Map, List:
		t = t.Elem
	}
	if at.below {
		return &place{path: at.path, typ: t, below: true}
	}
	path := append(slices.Clone(at.path), token)
	if at.typ.Kind == Map && at.typ.Complete {
		use := keyUse{pointer: facts.JoinPointer(path...), container: strings.Join(at.path, "."), key: token, id: id}
		if !slices.ContainsFunc(r.unguarded, func(u keyUse) bool { return u.pointer == use.pointer }) {
			r.unguarded = append(r.unguarded, use)
		}
	}
	return &place{path: path, typ: t}
}
