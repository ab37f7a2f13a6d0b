package scim

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access/directory"

	parser "github.com/scim2/filter-parser/v2"
)

const (
	maxFilter  = 2000 // bytes of a filter or a path
	maxNesting = 20   // of what stands in brackets
)

func badFilter(format string, args ...any) *problem {
	return newProblem(http.StatusBadRequest, "invalidFilter", format, args...)
}

// readFilter reads a filter and holds it against what a resource has.
func (t *resource) readFilter(text string) (parser.Expression, error) {
	if text = strings.TrimSpace(text); text == "" {
		return nil, nil
	}
	if err := bounded(text); err != nil {
		return nil, err
	}
	e, err := parse(inBrackets(text), parser.ParseFilter)
	if err != nil {
		return nil, badFilter("this is no filter: %v", err)
	}
	return e, t.knows(e, t.attributes)
}

func bounded(text string) error {
	if len(text) > maxFilter {
		return badFilter("a filter has at most %d bytes", maxFilter)
	}
	depth, deepest := 0, 0
	for _, r := range text { // quotes are not looked at: they may only make it seem deeper
		switch r {
		case '(', '[':
			depth++
			deepest = max(deepest, depth)
		case ')', ']':
			depth--
		}
	}
	if deepest > maxNesting {
		return badFilter("a filter is nested at most %d deep", maxNesting)
	}
	return nil
}

// parse calls the library, which is someone else's code reading a stranger's
// text: should it panic, the text is at fault.
func parse[T any](text string, read func([]byte) (T, error)) (out T, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = badFilter("the parser gave up on it")
		}
	}()
	return read([]byte(text))
}

var afterBracket = regexp.MustCompile(`^\]\.([A-Za-z$][A-Za-z0-9_$-]*)[ ]+((?:[Ee][Qq]|[Nn][Ee]|[Cc][Oo]|[Ss][Ww]|[Ee][Ww])[ ]+(?:"(?:[^"\\]|\\.)*"|true|false)|[Pp][Rr])`)

// inBrackets writes emails[type eq "work"].value eq "x", which directories
// send, as the grammar has it: emails[type eq "work" and value eq "x"]. What is
// chosen by "or" is left as it was, and refused.
func inBrackets(text string) string {
	var b strings.Builder
	open, quoted := -1, false // open: where in b the innermost bracket's inside begins
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\' && i+1 < len(text):
			b.WriteByte(c)
			i++
			c = text[i]
		case c == '"':
			quoted = !quoted
		case !quoted && c == '[':
			b.WriteByte(c)
			open = b.Len()
			continue
		case !quoted && c == ']' && open >= 0:
			if m := afterBracket.FindStringSubmatch(text[i:]); m != nil && !strings.Contains(strings.ToLower(b.String()[open:]), " or ") {
				b.WriteString(" and " + m[1] + " " + m[2] + "]")
				i += len(m[0]) - 1
				open = -1
				continue
			}
			open = -1
		}
		b.WriteByte(c)
	}
	return b.String()
}

// knows refuses what asks for an attribute that there is not, or in a way in
// which it cannot be compared.
func (t *resource) knows(e parser.Expression, list []attribute) error {
	switch e := e.(type) {
	case *parser.LogicalExpression:
		if err := t.knows(e.Left, list); err != nil {
			return err
		}
		return t.knows(e.Right, list)
	case *parser.NotExpression:
		return t.knows(e.Expression, list)
	case *parser.ValuePath:
		a, err := t.attribute(e.AttributePath, list)
		if err != nil {
			return err
		}
		if a.kind != "complex" {
			return badFilter("%s has no parts", a.name)
		}
		return t.knows(e.ValueFilter, a.sub)
	case *parser.AttributeExpression:
		a, err := t.attribute(e.AttributePath, list)
		if err != nil {
			return err
		}
		if e.Operator = parser.CompareOperator(strings.ToLower(string(e.Operator))); e.Operator == parser.PR {
			return nil
		}
		if a.kind == "complex" {
			if a = find(a.sub, "value"); a == nil {
				return badFilter("%s is compared by one of its parts", e.AttributePath)
			}
		}
		return comparable(a, e)
	}
	return badFilter("this kind of filter is not supported")
}

func comparable(a *attribute, e *parser.AttributeExpression) error {
	_, text := e.CompareValue.(string)
	switch e.Operator {
	case parser.EQ, parser.NE:
		if a.kind == "boolean" {
			if _, ok := truth(e.CompareValue); !ok && e.CompareValue != nil {
				return badFilter("%s is true or false", a.name)
			}
			return nil
		}
		if !text && e.CompareValue != nil {
			return badFilter("%s is compared with text", a.name)
		}
		return nil
	case parser.CO, parser.SW, parser.EW:
		if text && a.kind != "boolean" && a.kind != "dateTime" {
			return nil
		}
	case parser.GT, parser.GE, parser.LT, parser.LE:
		if s, _ := e.CompareValue.(string); a.kind == "dateTime" {
			if _, err := time.Parse(time.RFC3339Nano, s); err == nil {
				return nil
			}
		}
	}
	return badFilter("%s cannot be compared by %s with that", a.name, e.Operator)
}

// attribute gives what a path of a filter names, among list.
func (t *resource) attribute(p parser.AttributePath, list []attribute) (*attribute, error) {
	if urn := p.URI(); urn != "" && !strings.EqualFold(urn, t.schema) {
		return nil, badFilter("no filter is held against %s", p.String())
	}
	a := find(list, p.AttributeName)
	if a != nil && p.SubAttribute != nil {
		a = find(a.sub, *p.SubAttribute)
	}
	if a == nil {
		return nil, badFilter("there is no %s here to filter by", p.String())
	}
	return a, nil
}

// matches holds a filter, which knows has seen, against a resource.
func matches(e parser.Expression, doc map[string]any, list []attribute) bool {
	switch e := e.(type) {
	case nil:
		return true
	case *parser.LogicalExpression:
		if e.Operator == parser.AND {
			return matches(e.Left, doc, list) && matches(e.Right, doc, list)
		}
		return matches(e.Left, doc, list) || matches(e.Right, doc, list)
	case *parser.NotExpression:
		return !matches(e.Expression, doc, list)
	case *parser.ValuePath:
		a := find(list, e.AttributePath.AttributeName)
		for _, part := range parts(doc[a.name]) {
			if matches(e.ValueFilter, part, a.sub) {
				return true
			}
		}
		return false
	case *parser.AttributeExpression:
		a := find(list, e.AttributePath.AttributeName)
		values := []any{doc[a.name]}
		if a.kind == "complex" {
			sub := cmp.Or(e.AttributePath.SubAttributeName(), "value")
			all := parts(doc[a.name])
			if e.Operator == parser.PR && e.AttributePath.SubAttribute == nil {
				return len(all) > 0
			}
			a, values = find(a.sub, sub), nil
			if a == nil { // a whole without a value: only pr asks for it
				return len(all) > 0
			}
			for _, part := range all {
				values = append(values, part[a.name])
			}
		}
		return holds(a, e.Operator, values, e.CompareValue)
	}
	return false
}

// parts gives the values of a complex attribute.
func parts(v any) []map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return []map[string]any{v}
	case []any:
		var all []map[string]any
		for _, x := range v {
			if m, ok := x.(map[string]any); ok {
				all = append(all, m)
			}
		}
		return all
	}
	return nil
}

// holds reports whether one of the values compares so. What is not there equals
// null and differs from everything else.
func holds(a *attribute, op parser.CompareOperator, values []any, with any) bool {
	for _, v := range values {
		there := v != nil && v != ""
		switch op {
		case parser.PR:
			if there {
				return true
			}
			continue
		case parser.NE:
			if equal(a, v, with) {
				return false
			}
			continue
		case parser.EQ:
			if equal(a, v, with) {
				return true
			}
			continue
		}
		s, ok := v.(string)
		w, _ := with.(string)
		if !ok {
			continue
		}
		if a.kind == "dateTime" {
			if inOrder(op, s, w) {
				return true
			}
			continue
		}
		if !a.exact {
			s, w = strings.ToLower(s), strings.ToLower(w)
		}
		if op == parser.CO && strings.Contains(s, w) || op == parser.SW && strings.HasPrefix(s, w) || op == parser.EW && strings.HasSuffix(s, w) {
			return true
		}
	}
	return op == parser.NE || op == parser.EQ && with == nil && len(values) == 0
}

func equal(a *attribute, v, with any) bool {
	if with == nil {
		return v == nil || v == ""
	}
	switch a.kind {
	case "boolean":
		x, okX := truth(v)
		y, okY := truth(with)
		return okX && okY && x == y
	case "dateTime":
		s, _ := v.(string)
		w, _ := with.(string)
		x, errX := time.Parse(time.RFC3339Nano, s)
		y, errY := time.Parse(time.RFC3339Nano, w)
		return errX == nil && errY == nil && x.Equal(y)
	}
	s, ok := v.(string)
	w, isText := with.(string)
	if !ok || !isText {
		return false
	}
	return s == w || !a.exact && strings.EqualFold(s, w)
}

func inOrder(op parser.CompareOperator, s, w string) bool {
	x, errX := time.Parse(time.RFC3339Nano, s)
	y, errY := time.Parse(time.RFC3339Nano, w)
	if errX != nil || errY != nil {
		return false
	}
	switch c := x.Compare(y); op {
	case parser.GT:
		return c > 0
	case parser.GE:
		return c >= 0
	case parser.LT:
		return c < 0
	case parser.LE:
		return c <= 0
	}
	return false
}

// truth reads a boolean as directories write it: true, "True", "false".
func truth(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		if strings.EqualFold(v, "true") || strings.EqualFold(v, "false") {
			return strings.EqualFold(v, "true"), true
		}
	}
	return false, false
}

// narrow gives what of a filter the database can look up: an equality that must
// hold whatever else is asked.
func narrow(e parser.Expression, fields ...string) directory.Where {
	switch e := e.(type) {
	case *parser.LogicalExpression:
		if e.Operator == parser.AND {
			if w := narrow(e.Left, fields...); w.Field != "" {
				return w
			}
			return narrow(e.Right, fields...)
		}
	case *parser.AttributeExpression:
		text, ok := e.CompareValue.(string)
		if e.Operator != parser.EQ || !ok || e.AttributePath.SubAttribute != nil {
			break
		}
		for _, f := range fields {
			if strings.EqualFold(f, e.AttributePath.AttributeName) {
				return directory.Where{Field: f, Value: text}
			}
		}
	}
	return directory.Where{}
}
