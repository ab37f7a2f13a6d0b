package reliance

import (
	"testing"

	"github.com/attesta/attesta/internal/judge"
)

// The canary fails, and an item that is in order does not: the check can do both.
func TestCanary(t *testing.T) {
	if c := JudgeCanary(); c.Outcome != judge.Fail || !c.Sound() || c.Reason == "" {
		t.Errorf("the known-failing item came out as %+v", c)
	}
	for values, want := range map[string]judge.Outcome{
		`{"installed":true,"effective":{"permitrootlogin":"no"}}`: judge.Pass,
		`{`: judge.Error,
	} {
		if c := judgeCanary(values); c.Outcome != want || c.Sound() {
			t.Errorf("%s came out as %+v, want %s", values, c, want)
		}
	}
}
