package posture

import (
	"fmt"
	"time"
)

// At says for when, and as known when, posture is read.
type At struct {
	Valid time.Time // the moment asked about; zero means now
	Known int64     // ledger size that bounds what was known; -1 means everything
}

// Now is the present as known now.
func Now() At { return At{Known: -1} }

// Status is an evidence status. It is derived, never typed by anyone.
type Status string

// The five evidence statuses.
const (
	None          Status = "none"            // no known deviation
	Deviation     Status = "deviation"       // an item fails or is waived
	Insufficient  Status = "insufficient"    // an item is error or not observed, or nothing observes it
	DidNotOperate Status = "did_not_operate" // the trigger population is complete and empty
	Out           Status = "out"             // not in scope
)

// Statuses gives the five, worst first.
func Statuses() []Status { return []Status{Deviation, Insufficient, DidNotOperate, None, Out} }

// Words gives the status as people read it.
func (s Status) Words() string {
	switch s {
	case None:
		return "no known deviation"
	case Deviation:
		return "deviation"
	case Insufficient:
		return "insufficient evidence"
	case DidNotOperate:
		return "did not operate"
	case Out:
		return "not in scope"
	}
	return string(s)
}

// rank orders statuses from best to worst, for folds.
func (s Status) rank() int {
	switch s {
	case Deviation:
		return 4
	case Insufficient:
		return 3
	case DidNotOperate:
		return 2
	case None:
		return 1
	}
	return 0
}

// Worst gives the worse of two statuses: deviation, insufficient evidence, did
// not operate, no known deviation, not in scope.
func Worst(a, b Status) Status {
	if a == "" || b.rank() > a.rank() {
		return b
	}
	return a
}

// Counts are items by outcome.
type Counts struct {
	Pass          int64 `json:"pass"`
	Fail          int64 `json:"fail"`
	Error         int64 `json:"error"`
	NotObserved   int64 `json:"not_observed"`
	NotApplicable int64 `json:"not_applicable"`
	Waived        int64 `json:"waived"`
}

// Total is the number of items, whatever their outcome.
func (c Counts) Total() int64 {
	return c.Pass + c.Fail + c.Error + c.NotObserved + c.NotApplicable + c.Waived
}

// Plus adds two counts.
func (c Counts) Plus(d Counts) Counts {
	return Counts{c.Pass + d.Pass, c.Fail + d.Fail, c.Error + d.Error,
		c.NotObserved + d.NotObserved, c.NotApplicable + d.NotApplicable, c.Waived + d.Waived}
}

// Minus takes counts away.
func (c Counts) Minus(d Counts) Counts {
	return Counts{c.Pass - d.Pass, c.Fail - d.Fail, c.Error - d.Error,
		c.NotObserved - d.NotObserved, c.NotApplicable - d.NotApplicable, c.Waived - d.Waived}
}

// Coverage says how much of what was expected was observed: judged items whose
// evidence arrived and could be read, over all items of the population.
type Coverage struct {
	Observed int64 `json:"observed"`
	Expected int64 `json:"expected"`
}

// Plus adds two coverages.
func (c Coverage) Plus(d Coverage) Coverage {
	return Coverage{c.Observed + d.Observed, c.Expected + d.Expected}
}

// Words gives "97.8 %", or "none" where nothing was expected. A share below
// the whole is never rounded up to 100 %.
func (c Coverage) Words() string {
	if c.Expected == 0 {
		return "none"
	}
	permille := c.Observed * 1000 / c.Expected
	if permille%10 == 0 {
		return fmt.Sprintf("%d %%", permille/10)
	}
	return fmt.Sprintf("%d.%d %%", permille/10, permille%10)
}

// Coverage of the counts: everything but error and not observed was observed.
func (c Counts) Coverage() Coverage {
	return Coverage{Observed: c.Total() - c.Error - c.NotObserved, Expected: c.Total()}
}
