package work

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
)

// Impact is how much hangs on an item, for its order within a day.
type Impact int

// The impacts.
const (
	Low Impact = iota
	Medium
	High
	Critical
)

// Words gives the impact as people read it.
func (i Impact) Words() string {
	return [...]string{"low", "medium", "high", "critical"}[min(max(i, Low), Critical)]
}

// Fact is something to know about the object before acting.
type Fact struct {
	Term string `json:"term"`
	Text string `json:"text"`
}

// Item is one thing that waits for a person.
type Item struct {
	Kind   string    `json:"kind"`            // of Kinds
	Ref    string    `json:"ref"`             // of the object in its domain: "T-3"
	Ask    string    `json:"ask"`             // what is asked: "Approve version 2"
	Title  string    `json:"title"`           // the object's name
	Path   string    `json:"path"`            // where it is finished
	Act    string    `json:"act"`             // the action that finishes it: "Approve"
	Due    time.Time `json:"due,omitzero"`    // first moment after the last day; zero: none
	Soft   bool      `json:"soft,omitempty"`  // nobody set a day: an answer within a week is expected
	Since  time.Time `json:"since,omitzero"`  // it waits
	From   string    `json:"from,omitempty"`  // usr_… who asked for it or wrote it
	Owner  string    `json:"owner,omitempty"` // usr_… whose it is; "": of whoever may finish it
	Role   string    `json:"role,omitempty"`  // who ought to do it, in words
	State  string    `json:"state,omitempty"` // late, missed, sent back, … beside the due day
	Waits  string    `json:"waits,omitempty"` // on whom or what it waits, where that is not its owner
	Asleep time.Time `json:"asleep,omitzero"` // its owner does not want to see it before
	Impact Impact    `json:"impact"`
	Facts  []Fact    `json:"facts,omitempty"`

	May   access.Action `json:"may"`             // what finishes it
	Roles []access.Role `json:"roles,omitempty"` // of nobody by name: these are asked; nil: every role that may
	Not   string        `json:"not,omitempty"`   // usr_… who may not finish it: its author

	// Personal items are their owner's alone: nobody acknowledges for another.
	Personal bool `json:"personal,omitempty"`
}

// ID names an item for as long as it waits.
func (i *Item) ID() string { return i.Kind + "/" + i.Ref }

// Late reports whether it should have been finished by now.
func (i *Item) Late(now time.Time) bool { return !i.Soft && !i.Due.IsZero() && !now.Before(i.Due) }

// Mine is an item with why it is somebody's.
type Mine struct {
	Item
	Why    string `json:"why"`
	For    string `json:"for,omitempty"`   // usr_… who is away and for whom one stands in
	Stand  string `json:"stand,omitempty"` // usr_… who stands in, where the owner is away
	IsLate bool   `json:"late,omitempty"`
	Alone  bool   `json:"alone,omitempty"` // its author is asked since nobody else may: the compensation is recorded
}

// Asked is an item that somebody else must finish.
type Asked struct {
	Item
	On     []string `json:"on,omitempty"` // usr_… on whom it waits
	IsLate bool     `json:"late,omitempty"`
}

// Kind is a kind of item.
type Kind struct{ Name, One, Many string }

// Kinds gives every kind in the order of a filter.
func Kinds() []Kind {
	return []Kind{
		{"task", "Task", "Tasks"},
		{"instance", "Control to perform", "Controls to perform"},
		{"evidence", "Evidence to review", "Evidence to review"},
		{"approval", "Approval", "Approvals"},
		{"review", "Review", "Reviews"},
		{"acknowledgement", "Acknowledgement", "Acknowledgements"},
		{"request", "Request of an auditor", "Requests of auditors"},
		{"finding", "Finding", "Findings"},
		{"checklist", "Checklist", "Checklists"},
		{"training", "Training", "Trainings"},
		{"risk", "Risk", "Risks"},
		{"meeting", "Meeting", "Meetings"},
		{"concern", "Concern", "Concerns"},
		{"test", "Own test", "Own tests"},
	}
}

// KindOf gives the kind of that name; its name stands for what is none.
func KindOf(name string) Kind {
	for _, k := range Kinds() {
		if k.Name == name {
			return k
		}
	}
	return Kind{name, name, name}
}

// Group is under which head an item stands; the heads stand in this order.
type Group int

// The groups.
const (
	Overdue    Group = iota
	Unanswered       // nobody set a day, and it waits for more than a week
	Today
	ThisWeek
	Later
	NoDay
	Asleep
)

// Words gives the head.
func (g Group) Words() string {
	return [...]string{"Overdue", "Waits for more than a week", "Today", "Within a week", "Later", "Without a day", "Asleep"}[g]
}

// Group says under which head an item stands at a moment.
func (i *Item) Group(now time.Time, zone *time.Location) Group {
	left := i.Due.Sub(now)
	switch {
	case i.Asleep.After(now):
		return Asleep
	case i.Due.IsZero():
		return NoDay
	case i.Late(now):
		return Overdue
	case left <= 0:
		return Unanswered
	case i.Due.Add(-time.Microsecond).In(zone).Format(time.DateOnly) == now.In(zone).Format(time.DateOnly):
		return Today
	case left < week:
		return ThisWeek
	}
	return Later
}

const week = 7 * 24 * time.Hour

// order goes by group; within it what is due first, first, days apart by the day;
// within a day what has most impact.
func order(all []Mine, now time.Time, zone *time.Location) {
	day := func(m *Mine) string {
		if m.Due.IsZero() {
			return "9999"
		}
		return m.Due.Add(-time.Microsecond).In(zone).Format(time.DateOnly)
	}
	type key struct {
		group Group
		day   string
		at    int
	}
	keys := make([]key, len(all))
	for i := range all {
		keys[i] = key{all[i].Group(now, zone), day(&all[i]), i}
	}
	slices.SortStableFunc(keys, func(a, b key) int {
		x, y := &all[a.at], &all[b.at]
		return cmp.Or(cmp.Compare(a.group, b.group), strings.Compare(a.day, b.day), cmp.Compare(y.Impact, x.Impact), x.Since.Compare(y.Since), strings.Compare(x.Kind, y.Kind), natural(x.Ref, y.Ref))
	})
	sorted := make([]Mine, len(all))
	for i, k := range keys {
		sorted[i] = all[k.at]
	}
	copy(all, sorted)
}

// natural compares "T-9" before "T-10".
func natural(a, b string) int {
	if len(a) != len(b) && strings.TrimRight(a, "0123456789") == strings.TrimRight(b, "0123456789") {
		return cmp.Compare(len(a), len(b))
	}
	return strings.Compare(a, b)
}
