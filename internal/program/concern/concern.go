package concern

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
)

// State is where a concern stands.
type State string

// The states.
const (
	Received State = "received"
	Examined State = "examined" // a recipient has taken it on
	Closed   State = "closed"
)

// States gives them in order.
func States() []State { return []State{Received, Examined, Closed} }

// Topics gives what a concern may be about: its name and what it is called.
func Topics() [][2]string {
	return [][2]string{{"conduct", "How people treat each other"}, {"fraud", "Fraud, theft, bribery, conflict of interest"}, {"rules", "A rule or control that was gone round, records that are not true"},
		{"security", "Security or data of customers that somebody puts at risk"}, {"safety", "Danger to people"}, {"other", "Something else"}}
}

// Outcomes gives how a concern may end.
func Outcomes() [][2]string {
	return [][2]string{{"confirmed", "Confirmed, and acted on"}, {"partly", "Confirmed in part, and acted on"}, {"not_confirmed", "Examined, and not confirmed"},
		{"not_enough", "Not enough to go on, and no answer to questions"}, {"elsewhere", "Passed on to where it belongs"}}
}

func named(list [][2]string, name string) string {
	for _, x := range list {
		if x[0] == name {
			return x[1]
		}
	}
	return ""
}

// Topic says what a topic is called.
func Topic(name string) string { return named(Topics(), name) }

// Outcome says what an outcome is called.
func Outcome(name string) string { return named(Outcomes(), name) }

// Day is a calendar day, counted from 1970-01-01; 0 is none.
type Day int

// DayOf gives the day of a moment in a zone.
func DayOf(t time.Time, zone *time.Location) Day {
	y, m, d := t.In(zone).Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// Time gives the first moment of the day in UTC; zero for none.
func (d Day) Time() time.Time {
	if d == 0 {
		return time.Time{}
	}
	return time.Unix(int64(d)*86400, 0).UTC()
}

// In gives the first moment of the day in a zone.
func (d Day) In(zone *time.Location) time.Time {
	y, m, n := d.Time().Date()
	return clock.DayStart(y, m, n, zone)
}

func (d Day) String() string {
	if d == 0 {
		return ""
	}
	return d.Time().Format(time.DateOnly)
}

// MarshalText gives 2026-09-30.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Days in which recipients answer, from the day after the report.
const (
	AnswerDays  = 7
	OutcomeDays = 92 // three months
)

// Content is what is sealed of a report.
type Content struct {
	Topic string   `json:"topic"`
	Text  string   `json:"text"`
	To    []string `json:"to"` // who may read it
}

// Word is something that was said about a concern.
type Word struct {
	Seq  int    `json:"seq"`
	Kind string `json:"kind"`         // message, note (recipients alone see it), taken, handed, closed
	By   string `json:"by,omitempty"` // usr_… of a recipient; "": whoever reported it
	Day  Day    `json:"day"`
	Text string `json:"text"`
}

// Concern is a concern as a reader sees it.
type Concern struct {
	ID      string   `json:"id"`
	Day     Day      `json:"day"`
	Topic   string   `json:"topic"`
	Text    string   `json:"text"`
	To      []string `json:"to"`
	State   State    `json:"state"`
	Outcome string   `json:"outcome,omitempty"`
	Closed  Day      `json:"closed,omitempty"`
	Erased  Day      `json:"erased,omitempty"`
	Words   []Word   `json:"words"`
}

// Ref is what a concern is called among its readers.
func (c *Concern) Ref() string { return strings.ToUpper(strings.TrimPrefix(c.ID, "con_"))[:6] }

// Answered reports whether a recipient has answered or taken it on.
func (c *Concern) Answered() bool {
	for _, w := range c.Words {
		if w.By != "" && (w.Kind == "message" || w.Kind == "closed") {
			return true
		}
	}
	return c.State == Closed
}

// Asks reports whether the last word is one of whoever reported it.
func (c *Concern) Asks() bool {
	for i := len(c.Words) - 1; i >= 0; i-- {
		if k := c.Words[i].Kind; k == "message" || k == "closed" {
			return c.Words[i].By == ""
		}
	}
	return false
}

// Due is what its readers owe next, and by when; "" where nothing is.
func (c *Concern) Due() (what string, by Day) {
	switch {
	case c.State == Closed:
		return "", 0
	case !c.Answered():
		return "an answer", c.Day + 1 + AnswerDays
	}
	return "an outcome", c.Day + 1 + OutcomeDays
}

// Settings say who receives concerns and how long they are kept.
type Settings struct {
	Recipients []string `json:"recipients"` // usr_…
	Months     int      `json:"months"`     // after it was closed, until its texts are erased
}

const (
	maxText    = 20_000 // bytes
	maxWords   = 200    // of one concern
	maxTo      = 20
	maxPerDay  = 200 // reports of one day; more is a flood
	codeGroups = 5
)

func tidy(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"))
}

func sound(field, what, text string, least int) error {
	switch {
	case !utf8.ValidString(text):
		return bad(field, "%s is not UTF-8 text", what)
	case text == "":
		return bad(field, "%s is missing", what)
	case utf8.RuneCountInString(text) < least:
		return bad(field, "%s is too short", what).WithHint("say what happened, when and where, as far as you want to")
	case len(text) > maxText:
		return bad(field, "%s has %d bytes; at most %d are taken", what, len(text), maxText).WithHint("send the first part, and add the rest by the code")
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return bad(field, "%s holds control characters", what)
	}
	return nil
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// shown writes a code in groups that can be read out.
func shown(letters string) string {
	var b strings.Builder
	for i := range codeGroups {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(letters[i*5 : i*5+5])
	}
	return b.String()
}

// plain takes a code as somebody typed it.
func plain(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '2' && r <= '7' {
			return r
		}
		return -1
	}, strings.ToUpper(code))
}

func (s Settings) check() error {
	switch {
	case len(s.Recipients) == 0:
		return bad("recipients", "nobody would receive concerns").WithHint("name at least two people, so that one can be excluded")
	case len(s.Recipients) > maxTo:
		return bad("recipients", "%d recipients; at most %d are kept", len(s.Recipients), maxTo)
	case s.Months < 6 || s.Months > 120:
		return bad("months", "%d months are not between 6 and 120", s.Months).WithHint("24 is usual; ask what the law where you are wants")
	}
	return nil
}

func place(id string, seq int) string { return fmt.Sprintf("concern %s %d", id, seq) }
