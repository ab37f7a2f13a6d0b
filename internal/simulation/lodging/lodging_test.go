package lodging

import (
	"slices"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/simulation/drifting"
)

func names(good []any, accounts []Account, at time.Time) []string {
	var out []string
	for _, e := range At(map[string]any{"accounts": good}, accounts, at) {
		list, _ := e.Value.([]any)
		for _, a := range list {
			out = append(out, a.(map[string]any)["name"].(string))
		}
	}
	return out
}

// Jonas left on day 176; one database host forgot him until day 189.
func TestForgotten(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }
	h := House{Day: day}
	short, first, second := h.Of("db", false), h.Of("db", true), h.Of("db", true)
	for _, c := range []struct {
		what     string
		accounts []Account
		at       int
		has      bool
	}{
		{"before he left", second, 176, true}, {"after he left", second, 177, false}, {"forgotten", first, 177, true}, {"and found", first, 190, false}, {"a host that leaves forgets nobody", short, 177, false},
	} {
		if got := names([]any{map[string]any{"name": "root"}}, c.accounts, day(c.at)); slices.Contains(got, "jonas") != c.has || got[0] != "root" {
			t.Errorf("%s: %v", c.what, got)
		}
	}
	if got := At(map[string]any{}, h.Of("printer", true), day(1)); got != nil {
		t.Errorf("a host without people: %v", got)
	}
	edits := At(map[string]any{"groups": []any{map[string]any{"name": "root", "gid": int64(0)}}}, first, day(1))
	if i := slices.IndexFunc(edits, func(e drifting.Edit) bool { return slices.Equal(e.Path, []string{"users", "groups"}) }); i < 0 || len(edits[i].Value.([]any)) != 2 {
		t.Errorf("their group is beside those that are there: %+v", edits)
	}
	if !Evicts(At(map[string]any{}, first, day(1))) || Evicts(nil) {
		t.Error("an edit of the accounts says other accounts, nothing else does")
	}
}
