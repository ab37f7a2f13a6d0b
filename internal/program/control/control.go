package control

import (
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/scope"
)

// State is where a version of a control stands.
type State string

// The states.
const (
	Draft   State = "draft"   // in use, not approved by a person yet
	Adopted State = "adopted" // approved
	Retired State = "retired" // not in use from then on
)

// Made says who added a row, when, and by which ledger entry.
type Made struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"` // "usr_…" or "system"
	Entry string    `json:"entry"`
	Index int64     `json:"index"` // of the entry in the ledger; -1 before it is numbered
}

// Version is one row of a control's history.
type Version struct {
	Seq       int       `json:"seq"`
	Version   int       `json:"version"` // of the design
	State     State     `json:"state"`
	Design    Design    `json:"design"`
	Digest    string    `json:"digest"`
	Library   string    `json:"library"` // "soc2@1"
	Reason    string    `json:"reason,omitempty"`
	Effective time.Time `json:"effective"`
	Made      Made      `json:"made"`
}

// Control is a control of the organisation with its history, oldest first.
type Control struct {
	ID      string    `json:"id"` // "ctl_…"
	Slug    string    `json:"slug"`
	Number  int       `json:"number"` // C-12
	History []Version `json:"history"`
}

// At gives the version that holds at a moment, as known by a ledger size
// (below 0: everything); false where the control was not in use.
func (c *Control) At(valid time.Time, known int64) (Version, bool) {
	v, ok := newest(c.History, valid, known, func(v *Version) (time.Time, int64) { return v.Effective, v.Made.Index })
	return v, ok && v.State != Retired
}

// Current gives the newest version, retired or not.
func (c *Control) Current() Version { return c.History[len(c.History)-1] }

// Program is everything this package knows of one system, with the versions of
// its scope, read in one go: it is small, and posture asks it about many moments.
type Program struct {
	System   scope.System
	Scopes   []scope.Version // by version
	Controls []Control       // by number
}

// ScopeAt gives the scope that holds at a moment as known by a ledger size.
func (p *Program) ScopeAt(valid time.Time, known int64) scope.Version {
	return scope.At(p.Scopes, valid, known)
}

// newest gives the last row of a history whose effective time is not after
// valid and which was known.
func newest[T any](history []T, valid time.Time, known int64, when func(*T) (effective time.Time, index int64)) (T, bool) {
	var best T
	var at time.Time
	found := false
	for i := range history {
		effective, index := when(&history[i])
		if effective.After(valid) || (known >= 0 && (index < 0 || index >= known)) {
			continue
		}
		if !found || !effective.Before(at) {
			best, at, found = history[i], effective, true
		}
	}
	return best, found
}

// Tailoring is what an organisation may change of a control. Nil leaves a
// field as it is.
type Tailoring struct {
	Title     *string
	Statement *string
	Owner     *string
	Performer *string
	Frequency *string // clears the trigger
	Trigger   *string // clears the frequency
	Weight    *Weight
	Reason    string // asked for: why the organisation differs from the library
}

// apply gives the tailored design.
func (t Tailoring) apply(d Design) (Design, error) {
	bad := func(field, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	if len(t.Reason) < 3 {
		return d, bad("reason", "say why the control is changed")
	}
	for _, f := range []struct {
		name string
		from *string
		to   *string
		max  int
	}{
		{"title", t.Title, &d.Title, 120}, {"statement", t.Statement, &d.Statement, 1200},
		{"owner", t.Owner, &d.Owner, 120}, {"performer", t.Performer, &d.Performer, 120},
	} {
		switch {
		case f.from == nil:
		case *f.from == "":
			return d, bad(f.name, "the %s of a control cannot be empty", f.name)
		case len(*f.from) > f.max:
			return d, bad(f.name, "the %s has %d bytes; at most %d are kept", f.name, len(*f.from), f.max)
		default:
			*f.to = *f.from
		}
	}
	if t.Frequency != nil && t.Trigger != nil {
		return d, bad("trigger", "a control has a frequency or a trigger, not both")
	}
	if t.Frequency != nil {
		if !isFrequency(*t.Frequency) {
			return d, bad("frequency", "%q is no frequency that is known here", *t.Frequency)
		}
		d.Frequency, d.Trigger = *t.Frequency, ""
	}
	if t.Trigger != nil {
		if *t.Trigger == "" {
			return d, bad("trigger", "the trigger of a control cannot be empty")
		}
		d.Frequency, d.Trigger = "", *t.Trigger
	}
	if t.Weight != nil {
		if *t.Weight != Key && *t.Weight != Supporting {
			return d, bad("weight", "%q is neither key nor supporting", *t.Weight)
		}
		d.Weight = *t.Weight
	}
	return d, nil
}
