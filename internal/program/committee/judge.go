package committee

import (
	"fmt"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/program/register"
)

// Task is a task of the plan that carries a decision out.
type Task struct {
	Ref   string    `json:"ref"`
	Title string    `json:"title"`
	State string    `json:"state"`
	Over  bool      `json:"over"`
	Owner string    `json:"owner,omitempty"`
	Due   time.Time `json:"due,omitzero"`
	Late  bool      `json:"late"`
}

// Attribute is one thing that is judged of a committee or a meeting.
type Attribute struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Outcome string `json:"outcome"` // pass, fail, not_observed, not_applicable
	Reason  string `json:"reason"`
}

// Attributes gives what is judged of each committee: id and title.
func Attributes() [][2]string {
	return [][2]string{
		{"charter_approved", "A charter is approved"},
		{"seats_filled", "A chair, and members enough for a quorum"},
		{"independent_voice", "Somebody independent, confirmed within a year"},
		{"met_in_time", "Met in time"},
		{"minutes_in_time", "Minutes approved in time"},
		{"decisions_followed", "Decisions are carried out in time"},
	}
}

const (
	pass = "pass"
	fail = "fail"
	unk  = "not_observed"
	na   = "not_applicable"

	minutesDays = 60 // within which minutes are approved
)

// Due is one day by which a committee was to meet.
type Due struct {
	Day     Day    `json:"day"`
	Done    Day    `json:"done,omitempty"`
	Meeting string `json:"meeting,omitempty"` // M-3
	Closed  bool   `json:"closed,omitempty"`  // the committee ended before
}

// Dues gives every day by which a committee was, or is, to meet with its quorum:
// the first as long after it was formed as its rhythm allows, then after each
// meeting. meetings are its own, in order of their days.
func (c *Committee) Dues(meetings []*Meeting) []Due {
	out := []Due{{Day: c.Begun.Day.Add(c.Profile.Every, 0)}}
	for _, m := range meetings {
		if !m.Held.Quorate() || m.Called != "" {
			continue
		}
		d := &out[len(out)-1]
		if d.Done == m.Day {
			continue
		}
		d.Done, d.Meeting = m.Day, m.Ref
		out = append(out, Due{Day: m.Day.Add(c.Profile.Every, 0)})
	}
	if c.Ended != "" {
		out[len(out)-1].Closed = c.Ended <= out[len(out)-1].Day
	}
	return out
}

// Judge gives what the attributes of a committee come to on a day. tasks are by
// decision ("M-3/2"); nil as of a past date.
func (c *Committee) Judge(meetings []*Meeting, tasks map[string]Task, today Day) []Attribute {
	var out []Attribute
	add := func(outcome, format string, args ...any) {
		k := Attributes()[len(out)]
		out = append(out, Attribute{k[0], k[1], outcome, fmt.Sprintf(format, args...)})
	}
	if c.Ended != "" && c.Ended < today {
		for range Attributes() {
			add(na, "it ended on %s", c.Ended)
		}
		return out
	}

	switch ch := c.Charter(); {
	case ch != nil:
		add(pass, "version %d, approved on %s", ch.Version, ch.Approved.Made.Day)
	case c.Waiting() != nil:
		add(fail, "version %d waits for approval", c.Waiting().Version)
	default:
		add(fail, "none is written")
	}

	voting, independent, old := 0, []string{}, []string{}
	for _, m := range c.Sitting(today) {
		if !m.Votes() {
			continue
		}
		voting++
		if s := m.Independence(today); s != nil && s.Independent {
			if s.On.Add(12, 0) < today {
				old = append(old, m.Name)
			} else {
				independent = append(independent, m.Name)
			}
		}
	}
	switch {
	case c.Chair(today) == nil:
		add(fail, "nobody is in the chair")
	case voting < c.Profile.Quorum:
		add(fail, "%s, and %d are needed for a quorum", register.Many(voting, "member votes", "members vote"), c.Profile.Quorum)
	default:
		add(pass, "%s is in the chair; %d vote, %d are needed", c.Chair(today).Name, voting, c.Profile.Quorum)
	}

	switch {
	case len(independent) > 0:
		add(pass, "%s", joined(independent))
	case len(old) > 0:
		add(fail, "not confirmed for a year: %s", joined(old))
	case c.Profile.Sort == "board" || c.Profile.Sort == "audit":
		add(fail, "no member who votes is independent")
	default:
		add(na, "not asked of this committee")
	}

	dues := c.Dues(meetings)
	switch d := dues[len(dues)-1]; {
	case d.Day < today:
		add(fail, "it was to meet with its quorum by %s", d.Day)
	case len(dues) == 1:
		add(unk, "it is to meet by %s", d.Day)
	default:
		add(pass, "met on %s; next by %s", dues[len(dues)-2].Done, d.Day)
	}

	var late, waits []string
	held := 0
	for _, m := range meetings {
		if m.Held == nil || m.Called != "" {
			continue
		}
		held++
		switch outcome, _ := m.minutes(today); outcome {
		case fail:
			late = append(late, m.Ref)
		case unk:
			waits = append(waits, m.Ref)
		}
	}
	switch {
	case held == 0:
		add(na, "no meeting was held")
	case len(late) > 0:
		add(fail, "not approved within %d days: %s", minutesDays, joined(late))
	case len(waits) == held:
		add(unk, "those of %s wait for the chair", joined(waits))
	default:
		add(pass, "of %s", register.Many(held-len(waits), "meeting", "meetings"))
	}

	decided, open := 0, []string{}
	for _, m := range meetings {
		for _, d := range m.Decisions {
			if d.Due == "" {
				continue
			}
			decided++
			if t, made := tasks[DecisionRef(m, d)]; d.Due < today && !(made && t.Over) {
				open = append(open, DecisionRef(m, d))
			}
		}
	}
	switch {
	case decided == 0:
		add(na, "no decision has a day")
	case tasks == nil:
		add(unk, "tasks are read from the plan")
	case len(open) > 0:
		add(fail, "past their day: %s", joined(open))
	default:
		add(pass, "%s in time or done", register.Many(decided, "decision is", "decisions are"))
	}
	return out
}

// DecisionRef names a decision: M-3/2.
func DecisionRef(m *Meeting, d Decision) string { return fmt.Sprintf("%s/%d", m.Ref, d.Number) }

func joined(list []string) string {
	out := ""
	for i, s := range list {
		if i > 0 {
			out += ", "
		}
		out += s
	}
	return out
}

// minutes says what the minutes of a meeting come to on a day.
func (m *Meeting) minutes(today Day) (outcome, reason string) {
	due := m.Day.Add(0, minutesDays)
	switch a := m.Approved(); {
	case m.Held == nil:
		return na, "it was not held"
	case a != nil && a.Approved.Made.Day > due:
		return fail, fmt.Sprintf("approved on %s, %d days after the meeting", a.Approved.Made.Day, m.Day.Until(a.Approved.Made.Day))
	case a != nil && a.Approved.Compensation != "":
		return pass, "approved by the chair who wrote them; in place of a second person: " + a.Approved.Compensation
	case a != nil:
		return pass, "approved by the chair on " + string(a.Approved.Made.Day)
	case today > due:
		return fail, "not approved by " + string(due)
	}
	return unk, "to be approved by " + string(due)
}

// Judge gives what is judged of a meeting: its quorum, its minutes, and whether
// somebody independent was there.
func (m *Meeting) Judge(today Day) []Attribute {
	var out []Attribute
	add := func(id, title, outcome, reason string) {
		out = append(out, Attribute{id, title, outcome, reason})
	}
	h := m.Held
	switch {
	case m.Called != "":
		add("quorate", "With its quorum", na, "it was called off")
	case h == nil && m.Day < today:
		add("quorate", "With its quorum", fail, "nobody recorded that it was held")
	case h == nil:
		add("quorate", "With its quorum", unk, "it is planned for "+string(m.Day))
	case !h.Quorate():
		add("quorate", "With its quorum", fail, fmt.Sprintf("%d of %d who vote were there, and %d are needed: it decided nothing", h.Voting, h.Sitting, h.Quorum))
	default:
		add("quorate", "With its quorum", pass, fmt.Sprintf("%d of %d who vote were there, and %d are needed", h.Voting, h.Sitting, h.Quorum))
	}
	outcome, reason := m.minutes(today)
	add("minutes_approved", "Minutes approved by the chair in time", outcome, reason)
	switch {
	case h == nil:
		add("independent_present", "Somebody independent was there", na, "it was not held")
	case h.Independent > 0:
		apart := ""
		if h.Apart {
			apart = "; a part took place without executives"
		}
		add("independent_present", "Somebody independent was there", pass, register.Many(h.Independent, "independent member", "independent members")+apart)
	default:
		add("independent_present", "Somebody independent was there", fail, "no independent member who votes was there")
	}
	return out
}

// byDay puts meetings in the order of their days.
func byDay(list []*Meeting) {
	slices.SortStableFunc(list, func(a, b *Meeting) int {
		if a.Day == b.Day {
			return a.Number - b.Number
		}
		if a.Day < b.Day {
			return -1
		}
		return 1
	})
}
