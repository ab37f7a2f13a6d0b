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

// marks reports whether what is done to marked rows stands right below them: other
// tables follow.
func (s Shell) marks(v ListView) bool {
	return len(v.After) > 0 && s.Tools != nil && s.Tools.Bulk != nil
}

// without leaves out at the end of the page what stands above already.
func (s Shell) without(v ListView) Shell {
	if s.marks(v) {
		t := *s.Tools
		t.Bulk = nil
		s.Tools = &t
	}
	return s
}
