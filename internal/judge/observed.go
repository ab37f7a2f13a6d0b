package judge

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// maxObserved limits Result.Observed, in bytes.
const maxObserved = 1024

// unread stands last in a list of which some could not be read.
const unread = "… and what could not be read"

// show gives what was read as compact JSON: the observed expression where
// there is one and it can be evaluated, if need be over what is there of its
// lists; else an object of pointers to values, null for what is not there.
func (a *Attribute) show(item Item, v *vars) string {
	if seen, whole, ok := a.see(v); ok && whole {
		return string(appendValue(make([]byte, 0, 128), seen, maxObserved))
	} else if ok {
		list := seen.([]any)
		b := appendValue(make([]byte, 0, 128), list, maxObserved-len(unread)-3)
		b = b[:len(b)-1] // the bracket
		if len(list) > 0 {
			b = append(b, ',')
		}
		return string(append(appendString(b, unread, 0), ']'))
	}
	b := make([]byte, 0, 128)
	b = append(b, '{')
	for i, key := range a.keys {
		room := maxObserved - len(b) - 16
		if room < len(key)+16 {
			b = fmt.Appendf(b, `,"…":"%d more"`, len(a.keys)-i)
			break
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, key...)
		rest := 0 // what the keys still to come need
		for _, k := range a.keys[i+1:] {
			rest += len(k) + 16
		}
		limit := room - len(key) - rest
		value, _ := lookup(item, a.split[i])
		b = appendValue(b, value, max(limit, 16))
	}
	return string(append(b, '}'))
}

// see evaluates the observed expression; not whole where it gives a list of
// which some could not be read.
func (a *Attribute) see(v *vars) (seen any, whole, ok bool) {
	if a.observed == nil {
		return nil, false, false
	}
	if out := eval(a.observed, v); !types.IsUnknownOrError(out) {
		return plain(out), true, true
	}
	if a.partly == nil {
		return nil, false, false
	}
	list, ok := plain(eval(a.partly, v)).([]any)
	return list, false, ok
}

// partly compiles an observed expression once more, with filters that leave out
// the elements of which it cannot be said whether they belong; nil where the
// expression holds no filter.
func (c *compiler) partly(expr string) cel.Program {
	tree, issues := c.env.Parse(expr)
	if issues.Err() != nil {
		return nil // cannot be: it was compiled before
	}
	native, factory := tree.NativeRep(), ast.NewExprFactory()
	last, found := ast.MaxID(native), false
	id := func() int64 { last++; return last }
	ast.PostOrderVisit(native.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.ComprehensionKind {
			return
		}
		step := e.AsComprehension().LoopStep()
		if step.Kind() != ast.CallKind || step.AsCall().FunctionName() != operators.Conditional {
			return // map, all, exists
		}
		// not strictly false is what is true, unknown or an error
		found = true
		holds := step.AsCall().Args()[0]
		not := factory.NewCall(id(), operators.LogicalNot, factory.NewUnspecifiedExpr(id()))
		not.AsCall().Args()[0].SetKindCase(holds)
		holds.SetKindCase(factory.NewCall(id(), operators.LogicalNot, factory.NewCall(id(), operators.NotStrictlyFalse, not)))
	}))
	if !found {
		return nil
	}
	tree, issues = c.env.Check(tree)
	err := issues.Err()
	if err == nil {
		var program cel.Program
		if program, err = c.env.Program(tree, ready); err == nil {
			return program
		}
	}
	c.fail("observed", nil, "cannot be compiled with filters that leave out what is not known: "+err.Error(), "write it more simply")
	return nil
}

// lookup reads a value of an item by its path.
func lookup(item Item, path []string) (any, bool) {
	d := item.Sections[path[0]]
	if d == nil {
		return nil, false
	}
	var v any = d.Values
	for _, token := range path[1:] {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[token]; !ok {
			return nil, false
		}
	}
	return v, true
}

// plain turns a CEL value into the values that items are made of.
func plain(v ref.Val) any {
	switch x := v.(type) {
	case types.String:
		return string(x)
	case types.Int:
		return int64(x)
	case types.Bool:
		return bool(x)
	case listValue:
		return []any(x)
	case structValue:
		return map[string]any(x)
	case completeMap:
		return map[string]any(x)
	case openMap:
		return map[string]any(x)
	case *partialMap:
		return x.values
	case traits.Mapper:
		m := map[string]any{}
		for it := x.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			m[fmt.Sprint(key.Value())] = plain(x.Get(key))
		}
		return m
	case traits.Lister:
		l := []any{}
		for it := x.Iterator(); it.HasNext() == types.True; {
			l = append(l, plain(it.Next()))
		}
		return l
	case types.Null:
		return nil
	case *types.Unknown:
		return nil
	}
	return fmt.Sprint(v.Value())
}

// appendValue writes v as JSON in about limit bytes, and valid JSON whatever
// the limit: texts are cut, lists and maps end with how much more there is.
func appendValue(b []byte, v any, limit int) []byte {
	switch x := v.(type) {
	case string:
		return appendString(b, x, limit)
	case int64:
		return strconv.AppendInt(b, x, 10)
	case bool:
		return strconv.AppendBool(b, x)
	case []any:
		start := len(b)
		b = append(b, '[')
		for i, element := range x {
			if i > 0 {
				b = append(b, ',')
			}
			room := limit - (len(b) - start) - 16
			mark := len(b)
			if room > 0 {
				b = appendValue(b, element, room)
			}
			if room <= 0 || len(b)-mark > room {
				b = fmt.Appendf(b[:mark], `"… %d more"`, len(x)-i)
				break
			}
		}
		return append(b, ']')
	case map[string]any:
		start := len(b)
		b = append(b, '{')
		for i, key := range slices.Sorted(maps.Keys(x)) {
			if i > 0 {
				b = append(b, ',')
			}
			room := limit - (len(b) - start) - 16
			mark := len(b)
			if room > 0 {
				b = appendString(b, key, room)
				b = append(b, ':')
				b = appendValue(b, x[key], room-(len(b)-mark))
			}
			if room <= 0 || len(b)-mark > room {
				b = fmt.Appendf(b[:mark], `"…":"%d more"`, len(x)-i)
				break
			}
		}
		return append(b, '}')
	}
	return append(b, "null"...) // what is not there, or not known
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string, cut with an ellipsis at about limit bytes
// (0: never).
func appendString(b []byte, s string, limit int) []byte {
	b = append(b, '"')
	start := len(b)
	for i := 0; i < len(s); {
		if limit > 0 && len(b)-start > limit-8 {
			b = append(b, "…"...)
			break
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, `\ufffd`...)
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20 || r == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		default:
			b = append(b, s[i:i+size]...)
		}
		i += size
	}
	return append(b, '"')
}
