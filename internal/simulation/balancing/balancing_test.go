package balancing

import (
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"
)

func TestOutages(t *testing.T) {
	end := time.Date(2036, 8, 20, 14, 30, 0, 0, time.UTC)
	since := end.AddDate(0, 0, -60)
	good := map[string]any{"installed": true, "running": map[string]any{}, "persisted": map[string]any{"backends": []any{map[string]any{"name": "app"}}}}
	turns := Turns(end, since)
	if len(turns) != 4 {
		t.Fatalf("%v: two of the three outages lie in 60 days", turns)
	}
	state := func(at time.Time, i int) (string, string) {
		s := HAProxy(good, end, since, at)["running"].(map[string]any)["targets"].([]any)[i].(map[string]any)
		return s["state"].(string), s["address"].(string)
	}
	for i, want := range [][2]string{{"down", "10.20.1.13:8080"}, {"up", "10.20.1.14:8080"}} {
		if s, a := state(turns[i], 2); s != want[0] || a != want[1] {
			t.Errorf("at %s: %s %s, want %v", turns[i], s, a, want)
		}
	}
	if s, _ := state(turns[2], 0); s != "down" {
		t.Errorf("app1 is %s", s)
	}
	for _, name := range Sections() {
		values, missing := None(name)
		if s, err := facts.NewSection(name, values, missing); err != nil || len(s.Missing) != 1 {
			t.Errorf("%s: %+v %v", name, s, err)
		}
	}
}
