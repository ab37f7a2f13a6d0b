package text

import (
	"fmt"
	"strings"
)

const (
	context  = 3         // equal lines around what differs
	mostWork = 1_000_000 // lines of one side times lines of the other that are compared one by one
	mostSaid = 200       // lines of a difference
)

// Diff gives what changed between two texts in the form of diff -u, without its
// two first lines: "" where they are equal. Past 200 lines it says how many
// more there are.
func Diff(before, after []byte) string {
	a, b := split(before), split(after)
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	if start == len(a) && start == len(b) {
		return ""
	}
	return hunks(a, b, start, edits(a[start:len(a)-end], b[start:len(b)-end]), end)
}

func split(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	lines := strings.SplitAfter(string(text), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// edits gives ' ', '-' and '+' for the lines of both, by their longest common
// part.
func edits(a, b []string) []byte {
	var out []byte
	n, m := len(a), len(b)
	if n*m > mostWork {
		return append([]byte(strings.Repeat("-", n)), strings.Repeat("+", m)...)
	}
	common := make([]uint16, (n+1)*(m+1)) // of what follows; a text has no more lines than a uint16 holds
	at := func(i, j int) *uint16 { return &common[i*(m+1)+j] }
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[i] == b[j] {
				*at(i, j) = *at(i+1, j+1) + 1
			} else {
				*at(i, j) = max(*at(i+1, j), *at(i, j+1))
			}
		}
	}
	for i, j := 0, 0; i < n || j < m; {
		switch {
		case i < n && j < m && a[i] == b[j]:
			out = append(out, ' ')
			i, j = i+1, j+1
		case i < n && (j == m || *at(i+1, j) >= *at(i, j+1)):
			out = append(out, '-')
			i++
		default:
			out = append(out, '+')
			j++
		}
	}
	return out
}

// hunks writes the edits with some equal lines around each group of them.
func hunks(a, b []string, start int, ops []byte, end int) string {
	lead := min(start, context)
	all := append([]byte(strings.Repeat(" ", lead)), ops...)
	all = append(all, strings.Repeat(" ", min(end, context))...)
	i, j := start-lead, start-lead // the next line of each side
	var out strings.Builder
	said, more := 0, 0
	for k := 0; k < len(all); {
		// The next change, from some lines before it to where as many equal ones follow as nothing needs.
		first := k
		for first < len(all) && all[first] == ' ' {
			first++
		}
		if first == len(all) {
			break
		}
		skip := max(first-context-k, 0)
		i, j, k = i+skip, j+skip, k+skip
		stop, equal := first, 0
		for stop < len(all) && equal <= 2*context {
			if all[stop] == ' ' {
				equal++
			} else {
				equal = 0
			}
			stop++
		}
		stop -= max(equal-context, 0)
		var body strings.Builder
		fromA, fromB := i, j
		for ; k < stop; k++ {
			line := ""
			switch all[k] {
			case ' ':
				line = a[i]
				i, j = i+1, j+1
			case '-':
				line = a[i]
				i++
			default:
				line = b[j]
				j++
			}
			if said++; said > mostSaid {
				more++
				continue
			}
			body.WriteByte(all[k])
			body.WriteString(strings.TrimSuffix(line, "\n"))
			body.WriteByte('\n')
			if !strings.HasSuffix(line, "\n") {
				body.WriteString("\\ No newline at end of file\n")
			}
		}
		if body.Len() > 0 {
			fmt.Fprintf(&out, "@@ -%s +%s @@\n%s", span(fromA, i), span(fromB, j), body.String())
		}
	}
	if more > 0 {
		fmt.Fprintf(&out, "and %d lines more\n", more)
	}
	return out.String()
}

// span is a range of lines as diff -u writes it.
func span(from, to int) string {
	switch n := to - from; n {
	case 0:
		return fmt.Sprintf("%d,0", from)
	case 1:
		return fmt.Sprint(from + 1)
	default:
		return fmt.Sprintf("%d,%d", from+1, n)
	}
}
