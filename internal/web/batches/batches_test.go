package batches

import (
	"testing"

	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
)

// Whatever can be done to many lines of a list, its preview knows the list.
func TestEveryListHasAPlace(t *testing.T) {
	all := bulk.New(bulk.Config{Components: new(component.Service), Integrity: new(integrity.Service), Baselines: new(baseline.Service)}).Kinds("")
	seen := map[string]bool{}
	for _, k := range all {
		seen[k.List] = true
		if p := places[k.List]; p.open == nil || p.one == "" || p.path == "" || p.title == "" {
			t.Errorf("%s is done to lines of %s, and the preview does not know that list", k.Name, k.List)
		}
	}
	for _, list := range []string{"components", "integrity", "baselines", "findings"} {
		if !seen[list] {
			t.Errorf("nothing is done to many lines of %s", list)
		}
	}
}
