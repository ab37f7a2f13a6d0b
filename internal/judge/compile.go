package judge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

const (
	maxExpression = 8 << 10 // bytes of one expression
	// maxSteps limits one evaluation that loops inside a loop: rounds of the
	// loops, counted from the item's sizes before it starts (see loop).
	maxSteps = 2_000_000
	// maxEstimate refuses an expression whose estimate, in CEL's cost units, is
	// higher over items of the sizes below: three loops inside each other.
	maxEstimate = 1_000_000_000_000
	maxElements = 20_000 // of a list or map, for the estimate
	maxText     = 4_096  // bytes of a text, for the estimate

	// MaxParameter is the most texts that a parameter may list; the estimate
	// counts on it.
	MaxParameter = 200
)

// engine is part of every attribute's digest: raise it when a change to this
// package can change an outcome, so that nothing judged before is reused.
const engine = "judge 2"

// Spec is what an attribute is compiled from. Expect is a CEL predicate;
// Where, Observed and Expected may be empty.
type Spec struct {
	Population string
	Where      string         // predicate: items for which it is false are not_applicable
	Expect     string         // predicate: true passes, false fails
	Observed   string         // expression of any type: what to show instead of the values read
	Expected   string         // plain words instead of those made from Expect
	Params     map[string]any // int64, string, bool or []string by name
}

// CompileError is one mistake in an expression. It converts to a fault with
// Field "where", "expect", "observed" or "population".
type CompileError struct {
	Part    string
	Line    int // from 1
	Column  int // from 1
	Message string
	Hint    string
}

func (e *CompileError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.Part, e.Line, e.Column, e.Message)
}

// CompileErrors is every mistake of one Spec.
type CompileErrors []*CompileError

func (e CompileErrors) Error() string {
	parts := make([]string, len(e))
	for i, c := range e {
		parts[i] = c.Error()
	}
	return strings.Join(parts, "\n")
}

// Unwrap gives the mistakes as faults of kind Invalid.
func (e CompileErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, c := range e {
		errs[i] = &fault.Error{Kind: fault.Invalid, Message: c.Message, Hint: c.Hint, Line: c.Line, Field: c.Part}
	}
	return errs
}

// Attribute is a compiled predicate over the items of a population.
type Attribute struct {
	population string
	sections   []sectionRead
	reads      []string
	params     []string
	digest     string
	expected   string

	where    cel.Program // nil when every item is judged
	expect   cel.Program
	observed cel.Program // nil: the values read are shown
	partly   cel.Program // observed over what is there of its lists; nil where it filters none
	terms    []term      // of expect, for reasons
	scope    []term      // of where, for reasons
	loops    []*loop     // loops that hold loops; nil when none does
	keys     []string    // reads as JSON keys with colon: `"/sshd/effective/port":`
	split    [][]string  // reads as tokens
}

// sectionRead is a section that the attribute reads.
type sectionRead struct {
	name  string
	typ   *Type
	paths []string // pointers within the section
}

// Compile compiles a predicate without a where.
func (s *Schema) Compile(population, expr string, params map[string]any) (*Attribute, error) {
	return s.CompileSpec(Spec{Population: population, Expect: expr, Params: params})
}

// CompileSpec compiles an attribute. Mistakes come together, as CompileErrors.
func (s *Schema) CompileSpec(spec Spec) (*Attribute, error) {
	p := s.populations[spec.Population]
	if p == nil {
		return nil, CompileErrors{{Part: "population", Line: 1, Column: 1,
			Message: fmt.Sprintf("there is no population %q", spec.Population),
			Hint:    "known populations: " + strings.Join(s.Populations(), ", ")}}
	}
	c := &compiler{population: p, params: spec.Params, reader: newReader(p)}
	if err := c.setup(); err != nil {
		return nil, err
	}
	a := &Attribute{population: spec.Population}
	var expect, where *cel.Ast
	if spec.Where != "" {
		where, a.where = c.predicate("where", spec.Where)
	}
	expect, a.expect = c.predicate("expect", spec.Expect)
	c.guards()
	if spec.Observed != "" {
		if _, a.observed = c.program("observed", spec.Observed); a.observed != nil {
			a.partly = c.partly(spec.Observed)
		}
	}
	if len(c.errors) > 0 {
		return nil, c.errors
	}
	a.reads, a.loops = c.reader.paths(), c.reader.loops.nested()
	if len(a.reads) == 0 {
		return nil, CompileErrors{{Part: "expect", Line: 1, Column: 1, Message: "reads no fact, so that it says the same of every item",
			Hint: "compare a fact, such as sshd.effective.permitrootlogin, with what it should be"}}
	}
	a.params = sortedKeys(c.reader.params)
	a.expected = spec.Expected
	if where != nil {
		a.scope = c.terms(where)
	}
	a.terms = c.terms(expect)
	if len(c.errors) > 0 {
		return nil, c.errors
	}
	if a.expected == "" {
		a.expected = expectedWords(a.terms)
	}
	a.index(p)
	a.digest = digest(spec, a)
	return a, nil
}

// Population gives the population whose items can be judged.
func (a *Attribute) Population() string { return a.population }

// Reads gives every path that a judgement can depend on, as JSON Pointers,
// section first, sorted.
func (a *Attribute) Reads() []string { return a.reads }

// Params gives the names of the parameters that are used, sorted.
func (a *Attribute) Params() []string { return a.params }

// Expected gives what the attribute expects, in plain words.
func (a *Attribute) Expected() string { return a.expected }

// Digest identifies the attribute's meaning: expressions, the parameters that
// they use, and this package's rules. Items that are equal at Reads have equal
// results under equal digests.
func (a *Attribute) Digest() string { return a.digest }

func sortedKeys(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func digest(spec Spec, a *Attribute) string {
	used := map[string]any{}
	for _, name := range a.params {
		used[name] = spec.Params[name]
	}
	b, err := json.Marshal([]any{engine, spec.Population, spec.Where, spec.Expect, spec.Observed, a.expected, used})
	if err != nil { // cannot be: setup took only int64, string, bool and []string
		panic("judge: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// index prepares what Judge needs at each call.
func (a *Attribute) index(p *population) {
	for _, read := range a.reads {
		t := tokens(read)
		at := slices.IndexFunc(a.sections, func(s sectionRead) bool { return s.name == t[0] })
		if at < 0 {
			a.sections = append(a.sections, sectionRead{name: t[0], typ: p.section(t[0])})
			at = len(a.sections) - 1
		}
		a.sections[at].paths = append(a.sections[at].paths, facts.JoinPointer(t[1:]...))
		a.keys = append(a.keys, string(appendString(nil, read, 0))+":")
		a.split = append(a.split, t)
	}
}

// ready makes constants and regular expressions ready when compiling.
var ready = cel.EvalOptions(cel.OptOptimize)

type compiler struct {
	population *population
	params     map[string]any
	env        *cel.Env
	reader     *reader
	errors     CompileErrors
}

// setup gives the parameters their places in the environment: as constants, so
// that they cost nothing when judging.
func (c *compiler) setup() error {
	c.env = c.population.env
	if len(c.params) == 0 {
		return nil
	}
	var options []cel.EnvOption
	for name, value := range c.params {
		var t *cel.Type
		var v ref.Val
		switch x := value.(type) {
		case int64:
			t, v = cel.IntType, types.Int(x)
		case string:
			t, v = cel.StringType, types.String(x)
		case bool:
			t, v = cel.BoolType, types.Bool(x)
		case []string:
			t, v = cel.ListType(cel.StringType), types.NewStringList(types.DefaultTypeAdapter, x)
		default:
			return fault.New(fault.Invalid, "parameter %s is a %T; parameters are int64, string, bool or []string", name, value)
		}
		options = append(options, cel.Constant("params."+name, t, v))
	}
	c.population.extend.Lock()
	defer c.population.extend.Unlock()
	env, err := c.population.env.Extend(options...)
	if err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	c.env = env
	return nil
}

func (c *compiler) fail(part string, at common.Location, message, hint string) {
	line, column := 1, 1
	if at != nil && at.Line() > 0 {
		line, column = at.Line(), at.Column()+1
	}
	c.errors = append(c.errors, &CompileError{Part: part, Line: line, Column: column, Message: message, Hint: hint})
}

// predicate compiles an expression that must give true or false.
func (c *compiler) predicate(part, expr string) (*cel.Ast, cel.Program) {
	tree, program := c.program(part, expr)
	if tree != nil && !tree.OutputType().IsExactType(cel.BoolType) {
		c.fail(part, nil, fmt.Sprintf("gives %s; it must give true or false", typeWords(tree.OutputType().String())), "compare it with something: … == …")
		return nil, nil
	}
	return tree, program
}

// program compiles one expression and records what it reads.
func (c *compiler) program(part, expr string) (*cel.Ast, cel.Program) {
	if strings.TrimSpace(expr) == "" {
		c.fail(part, nil, "is empty", "write an expression over "+strings.Join(c.sectionNames(), ", "))
		return nil, nil
	}
	tree, issues := c.env.Compile(expr)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			message, hint := c.words(expr, e)
			c.fail(part, e.Location, message, hint)
		}
		return nil, nil
	}
	native := tree.NativeRep()
	c.reader.scan(native)
	for i := range c.reader.unguarded {
		if use := &c.reader.unguarded[i]; use.part == "" {
			use.part, use.at = part, native.SourceInfo().GetStartLocation(use.id)
		}
	}
	estimate, err := c.env.EstimateCost(tree, sizes{})
	if err != nil {
		c.fail(part, nil, "its cost cannot be estimated: "+err.Error(), "write it more simply")
		return nil, nil
	}
	if estimate.Max > maxEstimate {
		c.fail(part, nil, "would take too long on a large item", "put at most two loops inside each other")
		return nil, nil
	}
	program, err := c.env.Program(tree, ready)
	if err != nil {
		c.fail(part, nil, err.Error(), "check the regular expressions and constants")
		return nil, nil
	}
	return tree, program
}

// guards reports keys of complete maps that are read without asking whether
// they are there: on an item without them the check could say nothing.
func (c *compiler) guards() {
	for _, use := range c.reader.missingGuards() {
		c.fail(use.part, use.at, fmt.Sprintf("reads %s[%q], which need not be there", use.container, use.key),
			fmt.Sprintf("ask first: %q in %s && …", use.key, use.container))
	}
	c.reader.unguarded = nil
}

func (c *compiler) sectionNames() []string {
	names := make([]string, len(c.population.sections))
	for i, f := range c.population.sections {
		names[i] = f.Name
	}
	return names
}

// sizes bounds values for the cost estimate.
type sizes struct{}

func (sizes) EstimateSize(element checker.AstNode) *checker.SizeEstimate {
	if element.Type() == nil {
		return nil
	}
	switch element.Type().Kind() {
	case types.StringKind, types.BytesKind:
		return &checker.SizeEstimate{Min: 0, Max: maxText}
	case types.ListKind, types.MapKind:
		if path := element.Path(); len(path) > 0 && strings.HasPrefix(path[0], "params.") {
			return &checker.SizeEstimate{Min: 0, Max: MaxParameter}
		}
		return &checker.SizeEstimate{Min: 0, Max: maxElements}
	}
	return nil
}

// EstimateCallCost takes list concatenation for what it is inside map() and
// filter(): appending one element to a list that is being built.
func (sizes) EstimateCallCost(_, overload string, _ *checker.AstNode, _ []checker.AstNode) *checker.CallEstimate {
	if overload == overloads.AddList {
		return &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: 1, Max: 1}, ResultSize: &checker.SizeEstimate{Min: 0, Max: maxElements}}
	}
	return nil
}

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)' \(in container '[^']*'\)$`)
	noField    = regexp.MustCompile(`^undefined field '([^']*)'$`)
	noOverload = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'$`)
	paramName  = regexp.MustCompile(`params\.([a-zA-Z_0-9]+)`)
)

// words turns a message of the CEL compiler into ours.
func (c *compiler) words(expr string, e *common.Error) (message, hint string) {
	if m := undeclared.FindStringSubmatch(e.Message); m != nil {
		name := strings.TrimPrefix(m[1], ".")
		if name == "params" || strings.HasPrefix(name, "params.") {
			if p := paramName.FindStringSubmatch(from(expr, e.Location)); p != nil {
				return fmt.Sprintf("parameter %s is not declared", p[1]), "declare it under parameters of the check"
			}
			return "params is not known here: the check declares no parameter", "declare one under parameters of the check"
		}
		if name == "has" {
			return "has() is not available", `facts are declared: one that is not there is "not observed"; for keys of a map write "key" in map`
		}
		return fmt.Sprintf("%s is not known here", name), suggest(name, append(c.sectionNames(), functionNames...))
	}
	if m := noField.FindStringSubmatch(e.Message); m != nil {
		if p := paramName.FindStringSubmatch(from(expr, e.Location)); p != nil && p[1] == m[1] {
			return fmt.Sprintf("parameter %s is not declared", m[1]), "declare it under parameters of the check"
		}
		return fmt.Sprintf("there is no fact or field %s here", m[1]), suggest(m[1], c.population.names())
	}
	if m := noOverload.FindStringSubmatch(e.Message); m != nil {
		return fmt.Sprintf("%s cannot be used with %s", operatorWords(m[1]), typeWords(m[2])), "compare like with like: text in quotes, numbers without"
	}
	if syntax, ok := strings.CutPrefix(e.Message, "Syntax error: "); ok {
		syntax, _, _ = strings.Cut(syntax, " expecting ")
		if strings.Contains(syntax, "<EOF>") {
			return "ends too early", "finish the expression; count the brackets and quotes"
		}
		return "cannot be read: " + syntax, "check brackets, quotes and operators around this place"
	}
	return typeWords(e.Message), "check the expression around this place"
}

var functionNames = []string{"atMost", "octal", "versionAtLeast", "size", "matches", "contains", "startsWith", "endsWith", "cel"}

// from gives the line of expr from a little before the location on.
func from(expr string, at common.Location) string {
	lines := strings.Split(expr, "\n")
	if at == nil || at.Line() < 1 || at.Line() > len(lines) {
		return expr
	}
	line := []rune(lines[at.Line()-1])
	start := min(max(at.Column()-len("params"), 0), len(line))
	return string(line[start:])
}

func suggest(name string, known []string) string {
	best, distance := "", math.MaxInt
	for _, k := range known {
		if d := editDistance(name, k); d < distance {
			best, distance = k, d
		}
	}
	if best != "" && distance <= 2 && distance < len(name) {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "docs/facts.md lists the facts that checks can read"
}

// editDistance counts letters to insert, delete or replace, on short names.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return math.MaxInt
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

var operatorNames = strings.NewReplacer("_==_", "==", "_!=_", "!=", "_<_", "<", "_<=_", "<=", "_>_", ">", "_>=_", ">=",
	"_&&_", "&&", "_||_", "||", "!_", "!", "@in", "in", "_[_]", "[…]", "_+_", "+", "_-_", "-", "_?_:_", "? :")

func operatorWords(name string) string { return operatorNames.Replace(name) }

var typeName = regexp.MustCompile(`\b(string|int|bool)\b`)

// typeWords turns CEL's names of types into those of the facts' documentation.
func typeWords(s string) string {
	return typeName.ReplaceAllStringFunc(strings.ReplaceAll(s, "@", ""), func(name string) string {
		return map[string]string{"string": "text", "int": "number", "bool": "true-or-false"}[name]
	})
}
