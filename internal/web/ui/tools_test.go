package ui

import (
	"strings"
	"testing"
)

// A list has the tools that its rows have a use for.
func TestToolsOfList(t *testing.T) {
	const mark, save, take, saved = "Mark all on this page", "Save the view", "Take these things away", "My view"
	all := []string{mark, save, take, saved}
	plain, open := TableRow{Head: Link{Text: "T-1"}}, TableRow{Head: Link{Text: "T-2"}, Pick: "T-2"}
	for name, c := range map[string]struct {
		v     ListView
		views bool
		want  []string
	}{
		"nothing was ever there":            {ListView{Empty: &Empty{Title: "Teach"}}, false, nil},
		"nothing, and a view is kept":       {ListView{Empty: &Empty{Title: "Teach"}}, true, []string{save, saved}},
		"no row matches":                    {ListView{None: "None."}, false, []string{save}},
		"no row can be marked":              {ListView{Table: Table{Rows: []TableRow{plain}}}, false, []string{save, take}},
		"one can":                           {ListView{Table: Table{Rows: []TableRow{plain, open}}}, false, []string{mark, save, take}},
		"perhaps one on the next page":      {ListView{Table: Table{Rows: []TableRow{plain}, Pager: Pager{Next: "/things?after=1"}}}, false, []string{mark, save, take}},
		"perhaps one on the page before it": {ListView{Table: Table{Rows: []TableRow{plain}, Pager: Pager{First: "/things"}}}, true, all},
	} {
		tools := &ListTools{List: "things", Title: "things", Address: "/things", Export: "/export/things", Keeps: true, Bulk: &BulkBar{Kinds: []Option{{Value: "things.do", Text: "Do"}}}}
		if c.views {
			tools.Views = []SavedView{{Name: saved, Href: "/views/1"}}
		}
		var b strings.Builder
		if err := List(Shell{Tools: tools}, c.v).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		for _, words := range all {
			want := false
			for _, x := range c.want {
				want = want || x == words
			}
			if strings.Contains(b.String(), words) != want {
				t.Errorf("%s: %q is there: %v", name, words, !want)
			}
		}
		if tools.Export == "" || tools.Bulk == nil {
			t.Errorf("%s: the request's own tools were changed", name)
		}
	}
}
