package clause_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/operations/integrity/clause"
)

func TestWhere(t *testing.T) {
	w := &clause.Where{}
	if w.String() != "" {
		t.Errorf("no condition is %q", w)
	}
	w.Add("a = ?", 1)
	w.Add("b LIKE ? OR c = ?", clause.Contains("50%_!"), "?")
	if got := w.String(); got != " WHERE a = $1 AND b LIKE $2 OR c = $3" || !slices.Equal(w.Args, []any{1, "%50!%!_!!%", "?"}) {
		t.Errorf("%s, %v", got, w.Args)
	}
	if got := clause.Values(2, 3); got != "($1,$2,$3),($4,$5,$6)" {
		t.Error(got)
	}
}

// Each is named once and more, none is left out, and the placeholders fit.
func TestInParts(t *testing.T) {
	for _, n := range []int{0, 1, 8, 9, 200, 201, 450} {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprint(i)
		}
		seen := map[any]bool{}
		err := clause.InParts(list, 2, func(in string, args []any) error {
			if k := strings.Count(in, "$"); k != len(args) || !strings.HasPrefix(in, "$2") || !strings.HasSuffix(in, fmt.Sprintf("$%d", k+1)) {
				t.Errorf("%s for %d", in, len(args))
			}
			for _, a := range args {
				seen[a] = true
			}
			return nil
		})
		if err != nil || len(seen) != n {
			t.Errorf("%d of %d, %v", len(seen), n, err)
		}
	}
}
