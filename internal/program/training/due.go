package training

import (
	"fmt"
	"slices"
	"time"
)

// Completion is that somebody completed a course.
type Completion struct {
	Number  int64  `json:"number"`
	Person  string `json:"person"`
	Course  string `json:"course"`
	Version int    `json:"version"` // 0: the other system does not say
	Day     Day    `json:"day"`
	Score   int    `json:"score"` // percent; -1: not said
	How     string `json:"how"`   // quiz, import
	Attempt string `json:"attempt,omitempty"`
	Import  int64  `json:"import,omitempty"`
	Made    Made   `json:"made"`
}

// Ways in which a completion is known.
const (
	ByQuiz   = "quiz"
	ByImport = "import"
)

// Why something is due.
const (
	First   = "first"   // somebody joined, moved in, or the course was assigned
	Renewal = "renewal" // the last completion is too old
	Newer   = "version" // a version asks whoever completed an earlier one
)

// Due is one day by which somebody had to have completed a course.
type Due struct {
	Asked  Day
	Day    Day
	Why    string
	Wants  int         // at least this version, 0: any; an import counts from the day it was published
	Done   *Completion // nil: not yet
	Ended  Day         // the first day on which it was asked no more, not done until then; 0: it is asked
	Closed string      // why it ended before it was due
}

// soon is how many days before its end a completion may be renewed.
const soon = 30

// Outcomes of a due.
const (
	pass          = "pass"
	fail          = "fail"
	notObserved   = "not_observed"
	notApplicable = "not_applicable"
)

// InTime judges whether it was completed by the day, as of today.
func (d Due) InTime(today Day, login bool) (outcome, reason string) {
	switch {
	case d.Closed != "":
		return notApplicable, d.Closed
	case d.Done != nil && d.Done.Day <= d.Day:
		return pass, "completed on " + d.Done.Day.String()
	case d.Done != nil:
		return fail, fmt.Sprintf("completed on %s, %d days late", d.Done.Day, d.Done.Day-d.Day)
	case today <= d.Day:
		if !login {
			return notObserved, "not due before " + d.Day.String() + "; there is no login to take it with"
		}
		return notObserved, "not due before " + d.Day.String()
	case !login:
		return fail, fmt.Sprintf("not completed by %s; there is no login to take it with, and no completion was imported", d.Day)
	}
	return fail, "not completed by " + d.Day.String()
}

// Current judges whether what was completed is a version that still counts.
func (d Due) Current(r *Running) (outcome, reason string) {
	switch {
	case d.Done == nil:
		return notApplicable, "nothing was completed"
	case r.Newest().Elsewhere != "":
		return notApplicable, "taken in another system, which keeps its versions"
	case d.Done.Version == 0:
		return notObserved, "imported; the other system does not say which version"
	case d.Done.Version >= r.asks():
		return pass, fmt.Sprintf("version %d", d.Done.Version)
	}
	return fail, fmt.Sprintf("version %d; version %d asks to be taken again", d.Done.Version, r.asks())
}

// shift moves a due date by the days of absence between asking and it.
func shift(asked, due Day, away []Absence) Day {
	for _, a := range away { // by first day
		if a.To < asked || a.From > due {
			continue
		}
		due += a.To - max(a.From, asked) + 1
	}
	return due
}

// span is a time in which somebody was asked to take a course.
type span struct {
	from, to Day // to: the first day on which they were not; 0: it lasts
	days     int
	why      string // of its end
}

// spans gives when a course was assigned to somebody, as they are now.
func (r *Running) spans(m *Member, zone *time.Location) []span {
	var out []span
	for i, a := range r.Assigned {
		if a.Over || !a.Audience.fits(m) {
			continue
		}
		s := span{from: a.Made.Day, days: a.Days}
		if i+1 < len(r.Assigned) {
			s.to, s.why = r.Assigned[i+1].Made.Day, "the course was assigned to others from "+r.Assigned[i+1].Made.Day.String()
			if r.Assigned[i+1].Over {
				s.why = "the course was withdrawn on " + s.to.String()
			}
		}
		if n := len(out); n > 0 && out[n-1].to == s.from {
			out[n-1].to, out[n-1].why = s.to, s.why // it went on
			continue
		}
		out = append(out, s)
	}
	joined, left := DayOf(m.From, zone), DayOf(m.Left, zone)
	kept := out[:0]
	for _, s := range out {
		moved := Day(0)
		if a := r.audienceAt(s.from); a.Whom != Everyone && !m.Moved.IsZero() {
			moved = DayOf(m.Moved, zone)
		}
		s.from = max(s.from, joined, moved)
		if left > 0 && (s.to == 0 || left < s.to) {
			s.to, s.why = left, "left on "+left.String()
		}
		if s.to == 0 || s.from < s.to {
			kept = append(kept, s)
		}
	}
	return kept
}

func (r *Running) audienceAt(day Day) Audience {
	var out Audience
	for _, a := range r.Assigned {
		if a.Made.Day <= day {
			out = a.Audience
		}
	}
	return out
}

// counts reports whether a completion is of a version that is asked for.
func (r *Running) counts(c *Completion, wants int) bool {
	if c.Version >= wants {
		return true
	}
	v := r.Version(wants)
	return c.Version == 0 && (v == nil || c.Day >= v.Made.Day)
}

// Dues gives every day by which somebody had, or has, to have completed the
// course, in order; the last is what is asked of them now. Completions are theirs
// for this course, by day. What was published or completed after until is not
// looked at by whoever asks: they leave it out.
func (r *Running) Dues(m *Member, away []Absence, done []Completion, zone *time.Location) []Due {
	var out []Due
	for _, s := range r.spans(m, zone) {
		out = r.chain(out, s, away, done)
	}
	return out
}

func (r *Running) chain(out []Due, s span, away []Absence, done []Completion) []Due {
	wants := 0 // any
	for _, v := range r.Versions {
		if v.Retake && v.Made.Day <= s.from {
			wants = v.Version
		}
	}
	var last *Completion // the newest that counts so far
	for i := range done {
		if done[i].Day < s.from && r.counts(&done[i], wants) {
			last = &done[i]
		}
	}
	if last != nil && last.Day.months(r.months(last.Day)) <= s.from {
		last = nil // too old to count when they were asked
	}
	for range 1000 { // more than anybody lives to see
		d := Due{Asked: s.from, Day: s.from + Day(s.days), Why: First, Wants: wants}
		if last != nil {
			end := last.Day.months(r.months(last.Day))
			d = Due{Asked: end - soon, Day: end, Why: Renewal, Wants: wants}
			for _, v := range r.Versions {
				if v.Retake && v.Version > max(wants, last.Version) && v.Made.Day > s.from && v.Made.Day >= last.Day {
					wants = v.Version
					d.Wants = wants
					if by := v.Made.Day + Day(s.days); by < end {
						d.Asked, d.Day, d.Why = v.Made.Day, by, Newer
					}
					break
				}
			}
		}
		d.Day = shift(d.Asked, d.Day, away)
		for i := range done {
			c := &done[i]
			if (last == nil && c.Day >= s.from || last != nil && (c.Day > last.Day || c.Day == last.Day && c.Number > last.Number)) && (s.to == 0 || c.Day < s.to) && r.counts(c, d.Wants) {
				d.Done = c
				break
			}
		}
		if s.to > 0 && d.Done == nil {
			if d.Ended = s.to; s.to <= d.Day {
				d.Closed = s.why
			}
		}
		out = append(out, d)
		if d.Done == nil {
			return out
		}
		last = d.Done
	}
	return out
}

// months gives after how many months a completion of a day is too old: as the
// version says that held then.
func (r *Running) months(day Day) int {
	n := r.Versions[0].Months
	for _, v := range r.Versions {
		if v.Made.Day <= day {
			n = v.Months
		}
	}
	return n
}

// State is how somebody stands with a course today.
type State string

// The states. None is stored.
const (
	Late   State = "late"
	Open   State = "open"  // asked, and the day is to come
	Renew  State = "renew" // completed, and to be taken again within a month
	Done   State = "done"
	NoNeed State = "no_need" // left, or not asked any more
)

// States gives them, the worst first.
func States() []State { return slices.Clone(states[:]) }

// Words says a state.
func (s State) Words() string {
	return map[State]string{Late: "late", Open: "open", Renew: "to renew", Done: "completed", NoNeed: "not asked"}[s]
}

// stand gives how somebody stands, by their dues.
func stand(dues []Due, today Day) (State, *Due) {
	if len(dues) == 0 {
		return NoNeed, nil
	}
	now := &dues[len(dues)-1]
	switch {
	case now.Ended > 0 && now.Ended <= today:
		return NoNeed, now
	case now.Day < today:
		return Late, now
	case now.Why != Renewal:
		return Open, now
	case now.Asked <= today:
		return Renew, now
	}
	return Done, now
}
