package worklist

import (
	"testing"

	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/work"
)

// Forty missed days of one control are one thing to answer for.
func TestMissedTogether(t *testing.T) {
	x := work.Item{Ask: "Missed", Facts: []work.Fact{{Term: "Control", Text: "nightly"}}}
	together(&x, []instance.Instance{{Key: "2026-08-30"}, {Key: "2026-08-31"}, {Key: "2026-09-02"}})
	if x.Ask != "Missed 3 times" || len(x.Facts) != 2 || x.Facts[1].Text != "3, from 2026-08-30 to 2026-09-02" {
		t.Errorf("%+v", x)
	}
}
