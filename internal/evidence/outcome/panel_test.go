package outcome

import (
	"testing"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
)

// What is judged anew is told by the panel's digest: it follows the set of
// standards and what each attribute means, for which the rules of the version
// count too.
func TestPanelDigest(t *testing.T) {
	schema := judge.NewSchema(facts.Registry())
	panel := func(set, id, expr string) string {
		t.Helper()
		compiled, err := schema.Compile("hosts", expr, nil)
		if err != nil {
			t.Fatal(err)
		}
		return NewPanel(set, []Attribute{{Check: "c", ID: id, Population: "hosts", Predicate: compiled}}).Digest()
	}
	const expr = `clock.synchronised`
	base := panel("set", "a", expr)
	if again := panel("set", "a", expr); again != base {
		t.Errorf("the same panel: %s, then %s", base, again)
	}
	for what, other := range map[string]string{"set": panel("other", "a", expr), "attribute": panel("set", "b", expr), "meaning": panel("set", "a", `!clock.synchronised`)} {
		if other == base {
			t.Errorf("another %s has the same digest", what)
		}
	}
}
