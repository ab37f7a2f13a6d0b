package xccdf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/evidence/outcome"
)

// ranks orders severities, worst first.
var ranks = map[string]int{"high": 1, "medium": 2, "low": 3, "info": 4}

// Text is the report in words: what was run, how many rules have which outcome,
// and each that is not in order, worst first.
func (r *Report) Text() string {
	var b strings.Builder
	when := r.Ended.Format(time.RFC3339)
	if !r.Zoned {
		when += " (the file names no time zone; UTC was taken)"
	}
	fmt.Fprintf(&b, "%s, result %s\n  target     %s\n  made       %s\n  benchmark  %s %s\n  profile    %s\n  scanner    %s\n\n", r.Format, r.ID, r.Target, when,
		r.Benchmark, r.Version, cmp.Or(r.Profile, "not named"), cmp.Or(r.Scanner, "not named"))
	c := r.Counts
	for _, x := range []struct {
		o outcome.Outcome
		n int64
	}{{outcome.Pass, c.Pass}, {outcome.Fail, c.Fail}, {outcome.Error, c.Error}, {outcome.NotObserved, c.NotObserved}, {outcome.NotApplicable, c.NotApplicable}} {
		fmt.Fprintf(&b, "  %-15s %6d\n", x.o, x.n)
	}
	fmt.Fprintf(&b, "  %-15s %6d rules that were not selected or only inform\n", "without outcome", r.LeftOut)
	bad := slices.DeleteFunc(slices.Clone(r.Rules), func(x Rule) bool {
		return x.Outcome != outcome.Fail && x.Outcome != outcome.Error && x.Outcome != outcome.NotObserved
	})
	slices.SortStableFunc(bad, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(cmp.Or(ranks[a.Severity], 5), cmp.Or(ranks[b.Severity], 5)), cmp.Compare(a.ID, b.ID))
	})
	if len(bad) > 0 {
		b.WriteString("\n")
	}
	for _, x := range bad {
		fmt.Fprintf(&b, "%-12s %-7s %s\n", x.Outcome, x.Severity, strings.TrimSpace(cmp.Or(x.Title, x.ID)+" "+x.Instance))
		fmt.Fprintf(&b, "             %s; %s\n", x.Reason, strings.Join(append([]string{x.ID}, x.Idents...), ", "))
	}
	return b.String()
}
