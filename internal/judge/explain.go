package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/facts"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/parser"
)

// term is one of the conditions that an expression joins with &&, so that a
// reason can name the one that does not hold.
type term struct {
	program cel.Program // nil when it is the whole expression
	subject []string    // path of the fact that is compared; nil when there is no single one
	want    string      // what the fact should be: `"no"`, "at most 4"
	has     bool        // want is an element of a list: "with "nosuid""
	present int         // the term asks whether a key is there: 1 it should be, -1 it should not
	octal   bool        // the fact is shown as a file mode
	source  string      // the term as it is written
	reads   [][]string  // paths that it reads
}

// terms splits a predicate.
func (c *compiler) terms(tree *cel.Ast) []term {
	native := tree.NativeRep()
	c.reader.refs = native.ReferenceMap()
	var parts []ast.Expr
	var split func(e ast.Expr)
	split = func(e ast.Expr) {
		if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
			for _, arg := range e.AsCall().Args() {
				split(arg)
			}
			return
		}
		parts = append(parts, e)
	}
	split(native.Expr())
	list := make([]term, len(parts))
	for i, e := range parts {
		source, err := parser.Unparse(e, native.SourceInfo())
		if err != nil {
			source = "the check's expression"
		}
		list[i] = term{source: source, reads: c.readsOf(e)}
		c.describe(&list[i], e)
		if len(parts) == 1 {
			continue
		}
		sub := ast.NewCheckedAST(ast.NewAST(e, native.SourceInfo()), native.TypeMap(), native.ReferenceMap())
		program, err := c.env.PlanProgram(sub, ready)
		if err != nil {
			c.fail("expect", nil, err.Error(), "write the conditions one by one")
			continue
		}
		list[i].program = program
	}
	return list
}

// readsOf gives the paths that a part of an expression reads.
func (c *compiler) readsOf(e ast.Expr) [][]string {
	r := newReader(c.population)
	r.refs = c.reader.refs
	r.visit(e, scope{})
	var paths [][]string
	for _, p := range r.paths() {
		paths = append(paths, tokens(p))
	}
	return paths
}

var comparisons = map[string]struct{ words, mirrored, negated string }{
	operators.Equals:        {"", "", "not "},
	operators.NotEquals:     {"not ", "not ", ""},
	operators.Less:          {"less than ", "more than ", "at least "},
	operators.LessEquals:    {"at most ", "at least ", "more than "},
	operators.Greater:       {"more than ", "less than ", "at most "},
	operators.GreaterEquals: {"at least ", "at most ", "less than "},
}

// describe recognises the usual forms of a condition about one fact.
func (c *compiler) describe(t *term, e ast.Expr) {
	negated := false
	for e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalNot {
		negated = !negated
		e = e.AsCall().Args()[0]
	}
	if path := c.path(e); path != nil { // a fact that is true or false
		t.subject, t.want = path, fmt.Sprint(!negated)
		return
	}
	if e.Kind() != ast.CallKind {
		return
	}
	call := e.AsCall()
	args := call.Args()
	if call.IsMemberFunction() {
		args = append([]ast.Expr{call.Target()}, args...)
	}
	if len(args) != 2 {
		return
	}
	left, right := c.path(args[0]), c.path(args[1])
	leftConst, leftIs := c.constant(args[0])
	rightConst, rightIs := c.constant(args[1])
	not := ""
	if negated {
		not = "not "
	}
	name := call.FunctionName()
	if words, ok := comparisons[name]; ok {
		switch {
		case left != nil && rightIs && negated:
			t.subject, t.want = left, words.negated+orEmpty(rightConst)
		case left != nil && rightIs:
			t.subject, t.want = left, words.words+orEmpty(rightConst)
		case right != nil && leftIs && !negated:
			t.subject, t.want = right, words.mirrored+orEmpty(leftConst)
		}
		return
	}
	switch {
	case name == operators.In && left != nil && rightIs:
		t.subject, t.want = left, not+"one of "+strings.Trim(rightConst, "[]")
	case name == operators.In && right != nil && leftIs:
		key, _ := c.value(args[0])
		if at := c.reader.place(args[1], scope{}); at != nil && at.typ.Kind == Map && key != nil {
			t.subject, t.present = append(slices.Clone(right), fmt.Sprint(key.Value())), 1
			t.want = "there"
			if negated {
				t.present, t.want = -1, "not there"
			}
			return
		}
		t.subject, t.want, t.has = right, not+leftConst, true
	case name == "atMost" && left != nil && rightIs:
		t.subject, t.want, t.octal = left, not+"at most "+strings.Trim(rightConst, `"`), true
	case name == "versionAtLeast" && left != nil && rightIs:
		t.subject, t.want = left, not+"at least "+strings.Trim(rightConst, `"`)
	case left != nil && rightIs:
		if verb := map[string]string{"matches": "matching ", "startsWith": "starting with ", "endsWith": "ending in ", "contains": "containing "}[name]; verb != "" {
			t.subject, t.want = left, not+verb+rightConst
		}
	}
}

// orEmpty writes the empty text so that people see it.
func orEmpty(constant string) string {
	if constant == `""` {
		return "empty"
	}
	return constant
}

// path gives the path that e stands for, when it is one fact, as it is or as a
// number: int(fact).
func (c *compiler) path(e ast.Expr) []string {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == overloads.TypeConvertInt && len(e.AsCall().Args()) == 1 {
		e = e.AsCall().Args()[0]
	}
	at := c.reader.place(e, scope{})
	if at == nil || at.below {
		return nil
	}
	return at.path
}

func (c *compiler) value(e ast.Expr) (ref.Val, bool) {
	if e.Kind() == ast.LiteralKind {
		return e.AsLiteral(), true
	}
	if info, ok := c.reader.refs[e.ID()]; ok && info.Value != nil {
		return info.Value, true
	}
	return nil, false
}

// constant gives a literal, a parameter or a list of them in words.
func (c *compiler) constant(e ast.Expr) (string, bool) {
	if v, ok := c.value(e); ok {
		return valueWords(plain(v), false), true
	}
	if e.Kind() != ast.ListKind {
		return "", false
	}
	var parts []string
	for _, element := range e.AsList().Elements() {
		v, ok := c.value(element)
		if !ok {
			return "", false
		}
		parts = append(parts, valueWords(plain(v), false))
	}
	return "[" + strings.Join(parts, ", ") + "]", true
}

// expectedWords puts a predicate into words.
func expectedWords(terms []term) string {
	var parts []string
	for i := 0; i < len(terms); i++ {
		t := &terms[i]
		if t.subject == nil {
			parts = append(parts, t.source)
			continue
		}
		words := label(facts.JoinPointer(t.subject...)) + " is " + t.want
		if t.has {
			words = label(facts.JoinPointer(t.subject...)) + " has " + t.want
			for ; i+1 < len(terms) && terms[i+1].has && slices.Equal(terms[i+1].subject, t.subject); i++ {
				words += ", " + terms[i+1].want
			}
		}
		parts = append(parts, words)
	}
	return strings.Join(parts, " and ")
}

// reason says why an item fails.
func (a *Attribute) reason(item Item, v *vars) string {
	if seen, _, ok := a.see(v); ok {
		found := valueWords(seen, false)
		if found == "" {
			found = "nothing"
		}
		return "found " + found + "; expected " + a.expected
	}
	return a.failing(a.terms, item, v, "expected", a.expected)
}

// failing names the terms that do not hold: "permitrootlogin is "yes"; expected
// "no"". whole is what is expected when a term cannot be put into words.
func (a *Attribute) failing(terms []term, item Item, v *vars, expected, whole string) string {
	var parts []string
	var last []string // subject of the last part
	for i := range terms {
		t := &terms[i]
		if t.program != nil {
			if holds, ok := eval(t.program, v).(types.Bool); !ok || bool(holds) {
				continue // it holds, or cannot be told because of one that does not
			}
		}
		want := t.want
		if t.has {
			want = "with " + want
		}
		switch {
		case t.present == 1:
			parts = append(parts, label(facts.JoinPointer(t.subject...))+" is not there")
		case t.present == -1:
			parts = append(parts, label(facts.JoinPointer(t.subject...))+" is there")
		case t.subject != nil && slices.Equal(t.subject, last):
			parts[len(parts)-1] += " and " + want
			continue
		case t.subject != nil:
			parts = append(parts, fmt.Sprintf("%s; %s %s", fact(item, t.subject, t.octal), expected, want))
			last = t.subject
			continue
		case whole != "":
			parts = append(parts, values(item, t.reads)+"; "+expected+" "+whole)
		default:
			parts = append(parts, expected+" "+t.source)
		}
		last = nil
	}
	return strings.Join(parts, "; ")
}

// fact puts one fact of an item into words: "/etc/shadow mode is 0644".
func fact(item Item, path []string, mode bool) string {
	words := "not there"
	if value, ok := lookup(item, path); ok {
		if words = valueWords(value, mode || path[len(path)-1] == "mode"); words == "" || words == `""` {
			words = "empty"
		}
	}
	return label(facts.JoinPointer(path...)) + " is " + words
}

// values names up to three facts with their values.
func values(item Item, reads [][]string) string {
	var parts []string
	for i, path := range reads {
		if i == 3 {
			parts = append(parts, fmt.Sprintf("%d more", len(reads)-i))
			break
		}
		parts = append(parts, fact(item, path, false))
	}
	return strings.Join(parts, ", ")
}

// sizesOf names what loops go over, with sizes.
func sizesOf(loops []*loop, item Item) string {
	var parts []string
	var walk func([]*loop)
	walk = func(loops []*loop) {
		for _, l := range loops {
			if l.over != nil {
				if part := values(item, [][]string{l.over}); !slices.Contains(parts, part) {
					parts = append(parts, part)
				}
			}
			walk(l.inside)
		}
	}
	walk(loops)
	return strings.Join(parts, ", ")
}

// broken names the facts of the terms that cannot be evaluated.
func (a *Attribute) broken(item Item, v *vars) string {
	for _, t := range append(slices.Clone(a.scope), a.terms...) {
		if t.program != nil {
			if _, ok := eval(t.program, v).(*types.Err); !ok {
				continue
			}
		}
		return values(item, t.reads)
	}
	return values(item, a.split)
}

// valueWords puts a value into words; "" for an empty list.
func valueWords(v any, mode bool) string {
	switch x := v.(type) {
	case string:
		return string(appendString(nil, x, 120))
	case int64:
		if mode {
			return octal(x)
		}
		return fmt.Sprint(x)
	case bool:
		return fmt.Sprint(x)
	case []any:
		if len(x) > 0 {
			if _, sets := x[0].(map[string]any); sets {
				return entries(len(x))
			}
		}
		var parts []string
		for i, element := range x {
			if i == 5 {
				parts = append(parts, fmt.Sprintf("%d more", len(x)-i))
				break
			}
			parts = append(parts, valueWords(element, false))
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		return entries(len(x))
	}
	return "not known"
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
