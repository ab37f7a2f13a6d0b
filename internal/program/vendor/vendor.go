package vendor

import (
	"fmt"
	"slices"
	"time"
)

// State is where a vendor stands.
type State string

// The states, in the order of a life.
const (
	Asked    State = "asked"    // waits for a decision
	Refused  State = "refused"  // not to be used
	Approved State = "approved" // may be engaged
	InUse    State = "in_use"
	Leaving  State = "leaving" // being off-boarded
	Ended    State = "ended"
)

// States gives every state in the order of a filter.
func States() []State { return []State{Asked, Approved, InUse, Leaving, Refused, Ended} }

// Words gives the state as people read it.
func (s State) Words() string {
	switch s {
	case Asked:
		return "waits for approval"
	case InUse:
		return "in use"
	case Leaving:
		return "being ended"
	}
	return string(s)
}

// Made says when a record was made, by whom and where in the ledger.
type Made struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Day   Day       `json:"day"` // in the organisation's zone
	Entry string    `json:"entry"`
	Index int64     `json:"index"` // -1: without a position yet, or not asked for
}

// Event is one record in a vendor's history.
type Event struct {
	Seq  int    `json:"seq"`
	Kind string `json:"kind"`
	Text string `json:"text"`
	Made Made   `json:"made"`
}

// Vendor is what the records of a vendor come to.
type Vendor struct {
	ID      string  `json:"id"` // "ven_…"
	Number  int     `json:"number"`
	Seq     int     `json:"seq"` // of its newest record
	State   State   `json:"state"`
	Profile Profile `json:"profile"`
	Asked   Made    `json:"asked"`

	Level     string   `json:"criticality"` // derived; "" where nothing was answered
	Because   []string `json:"because"`
	Undecided []string `json:"unanswered,omitempty"` // questions without an answer

	Approved     *Made  `json:"approved,omitempty"` // the last approval
	Compensation string `json:"compensation,omitempty"`
	Decision     string `json:"decision,omitempty"` // words with the last decision
	Engaged      Day    `json:"engaged,omitempty"`  // contract, first payment or first access, whichever came first
	EndedOn      Day    `json:"ended_on,omitempty"`

	Role       *Classified    `json:"role,omitempty"`
	Contracts  []Contract     `json:"contracts"`
	Asking     *Sent          `json:"questionnaire_sent,omitempty"` // and not answered yet
	Answered   []Filled       `json:"questionnaires"`
	Reports    []Report       `json:"reports"`
	Duties     []Duty         `json:"their_user_entity_controls"`
	Assumed    []Assumption   `json:"assumed_controls"`
	Accesses   []Access       `json:"accesses"`
	Incidents  []Incident     `json:"incidents"`
	Reviews    []Review       `json:"reviews"`
	LeavingFor *Leave         `json:"leaving,omitempty"`
	DataGone   *DataEnd       `json:"data_ended,omitempty"`
	History    []Event        `json:"history"`
	levels     []levelSince   // over time, for due dates
	writers    map[string]int // who wrote the profile, by the record's sequence
	approvedAt int            // sequence of the last approval
	engaged    []engagedAt    // when it was said when it was engaged
}

type levelSince struct {
	day   Day
	level string
}

type engagedAt struct {
	day Day
	at  time.Time
}

// Ref is its short number: V-3.
func (v *Vendor) Ref() string { return fmt.Sprintf("V-%d", v.Number) }

// Active reports whether the organisation uses it.
func (v *Vendor) Active() bool { return v.State == InUse || v.State == Leaving }

// Subservice reports whether it was decided to be a subservice organisation.
func (v *Vendor) Subservice() bool { return v.Role != nil && v.Role.Is == "subservice" }

// Contract gives the contract that holds on a day, the one that runs longest.
func (v *Vendor) Contract(on Day) *Contract {
	var best *Contract
	for i := range v.Contracts {
		c := &v.Contracts[i]
		if c.From <= on && (c.To == "" || c.To >= on) && (best == nil || c.To == "" || best.To != "" && c.To > best.To) {
			best = c
		}
	}
	return best
}

// Report gives a report by its number.
func (v *Vendor) Report(n int) *Report {
	if n < 1 || n > len(v.Reports) {
		return nil
	}
	return &v.Reports[n-1]
}

// Holds gives what it can reach and has not lost yet.
func (v *Vendor) Holds() []Access {
	return slices.DeleteFunc(slices.Clone(v.Accesses), func(a Access) bool { return a.Ended != nil })
}

// LastReview is the newest review, or nil.
func (v *Vendor) LastReview() *Review {
	if len(v.Reviews) == 0 {
		return nil
	}
	return &v.Reviews[len(v.Reviews)-1]
}

// Due is one date by which a vendor was to be reviewed.
type Due struct {
	Day    Day    `json:"day"`
	First  bool   `json:"first,omitempty"` // before it was engaged
	Done   Day    `json:"done,omitempty"`  // when it was reviewed
	By     string `json:"by,omitempty"`
	Level  string `json:"criticality"`
	Closed bool   `json:"closed,omitempty"` // the vendor ended before the day
}

// Dues gives every date by which it was, or is, to be reviewed: first before it
// was engaged, then as long after each review as its criticality allows. Where the
// criticality rose meanwhile, the date came nearer, but not before the rise.
func (v *Vendor) Dues(b *Book) []Due {
	start := v.Engaged
	if start == "" {
		return nil
	}
	var out []Due
	add := func(day Day, from int, level string, first bool) {
		d := Due{Day: day, First: first, Level: level}
		if from < len(v.Reviews) {
			d.Done, d.By = v.Reviews[from].Made.Day, v.Reviews[from].Made.By
		} else if v.EndedOn != "" && v.EndedOn < day {
			d.Closed = true
		}
		out = append(out, d)
	}
	// The review before it was engaged is the last one up to that day; those before were part of the same intake.
	first := 0
	for i, r := range v.Reviews {
		if r.Made.Day <= start {
			first = i
		}
	}
	add(start, first, v.levelOn(start), true)
	for i := first; i < len(v.Reviews); i++ {
		done := v.Reviews[i].Made.Day
		level := v.levelOn(done)
		due := done.Add(b.Level(level).Months, 0)
		for _, l := range v.levels {
			if l.day > done && l.day < due && (i+1 >= len(v.Reviews) || l.day <= v.Reviews[i+1].Made.Day) {
				if nearer := max(done.Add(b.Level(l.level).Months, 0), l.day); nearer < due {
					due, level = nearer, l.level
				}
			}
		}
		add(due, i+1, level, false)
	}
	return out
}

func (v *Vendor) levelOn(day Day) string {
	level := v.Level
	if len(v.levels) > 0 {
		level = v.levels[0].level
	}
	for _, l := range v.levels {
		if l.day <= day {
			level = l.level
		}
	}
	return level
}

// ReviewDue is the date by which it is to be reviewed next; "" where none is.
func (v *Vendor) ReviewDue(b *Book) Day {
	if !v.Active() {
		return ""
	}
	dues := v.Dues(b)
	if len(dues) == 0 || dues[len(dues)-1].Done != "" {
		return ""
	}
	return dues[len(dues)-1].Day
}
