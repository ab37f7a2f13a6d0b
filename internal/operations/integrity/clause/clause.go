// Package clause puts together the parts of SQL statements that depend on what is asked
// for: conditions with their arguments, lists of values.
//
// Invariants: what comes from outside becomes an argument, never text of a statement.
//
// Floor: domains, within internal/operations/integrity.
package clause

import (
	"fmt"
	"strings"
)

// Where gathers conditions.
type Where struct {
	Parts []string
	Args  []any
}

// Add adds one; each ? stands for an argument.
func (w *Where) Add(condition string, args ...any) {
	for _, a := range args {
		w.Args = append(w.Args, a)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(w.Args)), 1)
	}
	w.Parts = append(w.Parts, condition)
}

// String gives them with WHERE before them, empty for none.
func (w *Where) String() string {
	if len(w.Parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.Parts, " AND ")
}

var likely = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// Contains is a pattern of LIKE with ! as its escape.
func Contains(s string) string { return "%" + Escape(s) + "%" }

// Escape gives a text as LIKE finds it literally, with ! as its escape.
func Escape(s string) string { return likely.Replace(s) }

// InParts calls f with parts of a list and the placeholders for it, from $first on.
// The last part is filled up with its own first, so that there are few statements.
func InParts(list []string, first int, f func(in string, args []any) error) error {
	const part = 200
	for from := 0; from < len(list); from += part {
		some := list[from:min(from+part, len(list))]
		size := part
		if len(list) <= 8 {
			size = 8
		}
		args := make([]any, size)
		var in strings.Builder
		for i := range size {
			args[i] = some[min(i, len(some)-1)]
			if i > 0 {
				in.WriteByte(',')
			}
			fmt.Fprintf(&in, "$%d", first+i)
		}
		if err := f(in.String(), args); err != nil {
			return err
		}
	}
	return nil
}

// Values gives rows of placeholders for an INSERT of n rows with so many columns.
func Values(n, columns int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		for k := range columns {
			b.WriteString(map[bool]string{true: "(", false: ","}[k == 0])
			fmt.Fprintf(&b, "$%d", i*columns+k+1)
		}
		b.WriteByte(')')
	}
	return b.String()
}
