// Package present takes tokens that processes present: a change token covers
// what the process that presented it, and everything below it, does to files
// until that process ends.
//
// Serves C7.1c. Invariants: a process is a number and a start, never a number
// alone; only root can present, and only for itself or the process that started
// it; nothing is claimed for what happened before a token was presented or
// after its process ended. A token's signature and limits are for the server to
// judge: here only its form is looked at.
//
// Floor: edges, below agent. Imports proof/permit, wire, base/fault.
package present

import (
	"slices"
	"time"

	"github.com/attesta/attesta/internal/wire"
)

const (
	// most is how many processes can have presented at a time.
	most = 1000
	// near is how far two accounts of the start of one process lie apart: the
	// kernel counts hundredths, and clocks are set.
	near = 250 * time.Millisecond
	// keep is how long it is known of an ended process: a change is told later
	// than it happened.
	keep = 10 * time.Minute
	// late is how long after its process ended a change still counts: what was
	// written in its last moment.
	late = 100 * time.Millisecond
)

// Presented is one token and the process that presented it.
type Presented struct {
	PID     int32     `json:"pid"`
	Started time.Time `json:"started"` // of the process
	Exe     string    `json:"exe,omitempty"`
	Token   string    `json:"token"`
	At      time.Time `json:"at"`    // when it was presented
	Ticks   uint64    `json:"ticks"` // its start as the kernel counts
	Ended   time.Time `json:"ended,omitzero"`
}

// Claims gives the tokens that cover a change: those that the writer, or a
// process above it, had presented before and that had not ended. It may be
// called from any goroutine.
func (k *Keeper) Claims(c *wire.FileChange) []wire.RunClaim {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.held) == 0 || c.Who == nil {
		return nil
	}
	var out []wire.RunClaim
	for i := range k.held {
		p := &k.held[i]
		if c.Time.Before(p.At) || !p.Ended.IsZero() && c.Time.After(p.Ended.Add(late)) || !above(p, c.Who) {
			continue
		}
		// Every hand that was in it has to be covered.
		if slices.ContainsFunc(c.Others, func(o wire.Process) bool { return !above(p, &o) }) {
			continue
		}
		out = append(out, wire.RunClaim{Token: p.Token, Presented: p.At, PID: p.PID, Exe: p.Exe})
	}
	return out
}

// above reports whether p is w or one of the processes above it.
func above(p *Presented, w *wire.Process) bool {
	same := func(pid int32, started time.Time) bool {
		return pid == p.PID && !started.IsZero() && started.Sub(p.Started).Abs() < near
	}
	return same(w.PID, w.Started) || slices.ContainsFunc(w.Parents, func(q wire.ParentProcess) bool { return same(q.PID, q.Started) })
}
