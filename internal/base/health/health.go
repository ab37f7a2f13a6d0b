package health

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/judge"
)

// Result is what a check found.
type Result struct {
	Outcome judge.Outcome `json:"outcome"`      // pass, fail, error, not_observed, not_applicable
	Reason  string        `json:"reason"`       // what was found
	Do      string        `json:"do,omitempty"` // what to do about it; empty where it passes
}

// Check is one question about the deployment.
type Check struct {
	Name  string // "ledger.head": stable, seen by strangers
	Asks  string // what it asks, in a line
	Ready bool   // while it fails or is an error the server is not ready for work
	Run   func(ctx context.Context) Result
}

// Line is a check with what it found.
type Line struct {
	Name string `json:"name"`
	Asks string `json:"asks"`
	Result
	Micros int64 `json:"duration_us"`
}

// Report is every check, in the order in which they were given.
type Report struct {
	At      time.Time `json:"at"`
	Version string    `json:"version"`
	Lines   []Line    `json:"checks"`
}

// Count gives how many checks have an outcome.
func (r Report) Count(o judge.Outcome) int {
	n := 0
	for _, l := range r.Lines {
		if l.Outcome == o {
			n++
		}
	}
	return n
}

// Bad reports whether any check fails or is an error.
func (r Report) Bad() bool { return r.Count(judge.Fail)+r.Count(judge.Error) > 0 }

// The results, with words as fmt.Sprintf takes them.

// Pass is a result that asks for nothing.
func Pass(format string, a ...any) Result { return Result{judge.Pass, fmt.Sprintf(format, a...), ""} }

// Fail is a result that says what to do.
func Fail(do, format string, a ...any) Result {
	return Result{judge.Fail, fmt.Sprintf(format, a...), do}
}

// NotObserved is a result about what nobody looked at, with what would.
func NotObserved(do, format string, a ...any) Result {
	return Result{judge.NotObserved, fmt.Sprintf(format, a...), do}
}

// NotApplicable is a result about what this deployment does not have.
func NotApplicable(format string, a ...any) Result {
	return Result{judge.NotApplicable, fmt.Sprintf(format, a...), ""}
}

// Failed is the result of a question that could not be answered.
func Failed(err error) Result {
	message, hint := fault.Public(err)
	if fault.KindOf(err) == fault.Internal {
		message, hint = err.Error(), "see the server's log" // whoever reads this runs the deployment
	}
	return Result{judge.Error, message, hint}
}

const (
	limit = 10 * time.Second // of one check
	keep  = 3 * time.Second  // how long an answer stands
)

// Run asks everything, at the same time, and gives the answers in order.
func Run(ctx context.Context, now clock.Clock, version string, checks []Check) Report {
	r := Report{At: now(), Version: version, Lines: make([]Line, len(checks))}
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() { r.Lines[i] = ask(ctx, now, c) })
	}
	all.Wait()
	return r
}

// ask runs one check within its limit. One that does not heed its context is
// left behind and counts as an error.
func ask(ctx context.Context, now clock.Clock, c Check) Line {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began, found := now(), make(chan Result, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				found <- Result{judge.Error, fmt.Sprintf("the check itself broke off: %v", v), "report this as a defect"}
			}
		}()
		found <- c.Run(ctx)
	}()
	l := Line{Name: c.Name, Asks: c.Asks}
	select {
	case l.Result = <-found:
	case <-ctx.Done():
		select {
		case l.Result = <-found: // it heeded the context and says so itself
		case <-time.After(100 * time.Millisecond):
			l.Result = Result{judge.Error, fmt.Sprintf("there was no answer within %s", limit), "look at the load of this machine and of its disks"}
		}
	}
	l.Micros = now().Sub(began).Microseconds()
	return l
}

// Monitor keeps the answers for a few seconds, whoever asks.
type Monitor struct {
	checks  []Check
	now     clock.Clock
	version string

	full, ready answer
}

type answer struct {
	mu   sync.Mutex // held while the checks run: the next who asks waits and reads
	last Report     // guarded by mu
	read time.Time  // guarded by mu: by the machine's clock
}

// NewMonitor makes a monitor of these checks.
func NewMonitor(now clock.Clock, version string, checks []Check) *Monitor {
	return &Monitor{checks: checks, now: now, version: version}
}

// Report gives every check (health.read).
func (m *Monitor) Report(ctx context.Context, p access.Principal) (Report, error) {
	if err := access.Authorise(p, access.HealthRead); err != nil {
		return Report{}, err
	}
	return m.full.get(ctx, m, m.checks, keep), nil
}

// Anew runs every check now (health.read): for whoever has just mended
// something, and owns the machine that it costs.
func (m *Monitor) Anew(ctx context.Context, p access.Principal) (Report, error) {
	if err := access.Authorise(p, access.HealthRead); err != nil {
		return Report{}, err
	}
	return m.full.get(ctx, m, m.checks, 0), nil
}

// Unready gives the names of the checks for which the server is not ready for
// work; none when it is. It is for strangers: names, no reasons.
func (m *Monitor) Unready(ctx context.Context) []string {
	var asked []Check
	for _, c := range m.checks {
		if c.Ready {
			asked = append(asked, c)
		}
	}
	var names []string
	for _, l := range m.ready.get(ctx, m, asked, keep).Lines {
		if l.Outcome == judge.Fail || l.Outcome == judge.Error {
			names = append(names, l.Name)
		}
	}
	return names
}

// get runs the checks, unless they ran no longer ago than old. Who asked going away does
// not spoil the answer for the others.
func (a *answer) get(ctx context.Context, m *Monitor, checks []Check, old time.Duration) Report {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.read.IsZero() || time.Since(a.read) > old {
		a.last, a.read = Run(context.WithoutCancel(ctx), m.now, m.version, checks), time.Now()
	}
	return a.last
}
