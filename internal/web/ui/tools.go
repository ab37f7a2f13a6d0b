package ui

import "slices"

// over gives the shell of a list with the tools that its rows have a use for: no files
// of nothing, no views of what was never there, and nothing to mark where no row can be
// marked. On a page of several, what can be marked may stand on another.
func (s Shell) over(v ListView) Shell {
	if s.Tools == nil {
		return s
	}
	t, rows := *s.Tools, v.Table.Rows
	if v.Empty != nil {
		rows = nil
		t.Keeps = t.Keeps && len(t.Views) > 0
	}
	if len(rows) == 0 {
		t.Export = ""
	}
	whole := v.Table.Pager.Next == "" && v.Table.Pager.First == ""
	if len(rows) == 0 || whole && !slices.ContainsFunc(rows, func(r TableRow) bool { return r.Pick != "" }) {
		t.Bulk = nil
	}
	s.Tools = &t
	return s
}
