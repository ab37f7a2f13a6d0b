package scope

import (
	"time"

	"github.com/attesta/attesta/internal/catalog"
)

// Made says who added a row, when, and by which ledger entry.
type Made struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"` // "usr_…" or "system"
	Entry string    `json:"entry"`
	Index int64     `json:"index"` // of the entry in the ledger; -1 before it is numbered
}

// System is what has a scope. It has an id from the first day; what it is
// called stands in the scope.
type System struct {
	ID   string `json:"id"` // "sys_…"
	Name string `json:"name"`
	Made Made   `json:"made"`
}

// Approval is one person's word for another's version.
type Approval struct {
	Compensation string `json:"compensation,omitempty"` // what stands in for a second person
	Made         Made   `json:"made"`
}

// Version is one version of the scope.
type Version struct {
	Version   int       `json:"version"`
	Effective time.Time `json:"effective"`
	Digest    string    `json:"digest"`
	Reason    string    `json:"reason,omitempty"`
	Made      Made      `json:"made"`
	Approval  *Approval `json:"approval,omitempty"`
	Content
}

// Approved reports whether the version may hold: a person approved it, or the
// program began with it.
func (v Version) Approved() bool { return v.Approval != nil || v.begun() }

// begun reports whether this is what the program wrote at its first start.
func (v Version) begun() bool { return v.Made.By == "system" && v.Version == 1 }

// Backdated reports whether the version holds from before it was approved, by
// more than a day.
func (v Version) Backdated() bool {
	return v.Approval != nil && v.Approval.Made.At.Sub(v.Effective) > 24*time.Hour
}

// known reports whether the version, with its approval, was in a ledger of
// that size (below 0: everything counts).
func (v *Version) known(size int64) bool {
	made := v.Made
	if v.Approval != nil {
		made = v.Approval.Made
	}
	return size < 0 || (made.Index >= 0 && made.Index < size)
}

// At gives the version that holds at a moment as known by a ledger size: the
// last approved one that had taken effect. A later version rules from its
// effective_from on, over whatever was said before. Before the first took
// effect the first answers: what lies before the system existed is looked at
// with the scope it began with.
func At(history []Version, valid time.Time, known int64) Version {
	best := -1
	for i := range history {
		v := &history[i]
		if !v.Approved() || v.Effective.After(valid) || !v.known(known) {
			continue
		}
		best = i
	}
	switch {
	case best >= 0:
		return history[best]
	case len(history) > 0:
		return history[0]
	}
	return Version{Content: Content{Scope: catalog.DefaultScope(), Zone: "UTC"}}
}

// Turns gives when the version that holds changes, as known now, sorted.
func Turns(history []Version) []time.Time {
	var out []time.Time
	for _, v := range history {
		if v.Approved() {
			out = append(out, v.Effective)
		}
	}
	return out
}

// MidWindow gives the window of a type 2 that was running when a version takes
// effect at a moment, by what was said before: from its first instant to its
// end. What changes the scope there changes what the report describes.
func MidWindow(before []Version, at time.Time) (Window, bool) {
	w, ok := At(before, at, -1).Window()
	if !ok || w.Type != 2 || !at.After(w.Start) || !w.Contains(at) {
		return Window{}, false
	}
	return w, true
}
