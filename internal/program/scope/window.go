package scope

import (
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
)

// Window is the period that is examined: [Start, End), from the first instant
// of its first day to that of the day after its last, in the scope's zone. The
// window of a type 1 is its one day.
type Window struct {
	Type  int            `json:"type"`
	From  string         `json:"from"` // first day, "2026-01-01"
	To    string         `json:"to"`   // last day
	Start time.Time      `json:"start"`
	End   time.Time      `json:"end"`
	Days  int            `json:"days"`
	Zone  *time.Location `json:"-"`
	Scope int            `json:"scope"` // version of the scope that says so
}

// Window gives the window that a scope names; false where it names none yet.
func (c Content) Window() (Window, bool) {
	w := Window{Type: c.Examination.Type, From: c.Examination.From, To: c.Examination.To, Zone: c.Location()}
	if w.Type == 1 {
		w.From, w.To = c.Examination.Date, c.Examination.Date
	}
	from, errFrom := time.Parse(time.DateOnly, w.From)
	to, errTo := time.Parse(time.DateOnly, w.To)
	if errFrom != nil || errTo != nil {
		return Window{}, false
	}
	w.Start, w.End = clock.DayStart(from.Year(), from.Month(), from.Day(), w.Zone), clock.DayStart(to.Year(), to.Month(), to.Day()+1, w.Zone)
	w.Days = days(from, to) + 1
	return w, true
}

// days counts from one date to another; both are midnights in UTC.
func days(from, to time.Time) int { return int(to.Sub(from) / (24 * time.Hour)) }

// Window is Content.Window with the version that says so.
func (v Version) Window() (Window, bool) {
	w, ok := v.Content.Window()
	w.Scope = v.Version
	return w, ok
}

// Contains reports whether a moment lies in the window.
func (w Window) Contains(t time.Time) bool { return !t.Before(w.Start) && t.Before(w.End) }

// Day gives which day of the window a moment lies in, from 1; 0 before it
// begins and Days+1 after it ended.
func (w Window) Day(t time.Time) int {
	switch {
	case t.Before(w.Start):
		return 0
	case !t.Before(w.End):
		return w.Days + 1
	}
	y, m, d := t.In(w.Zone).Date()
	from, err := time.Parse(time.DateOnly, w.From)
	if err != nil {
		return 0 // a window has a first day that can be read: Content.Window sees to it
	}
	return days(from, time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) + 1
}

// Words gives "Window 1 Jan to 31 Dec 2026, day 142 of 365", with where the
// moment stands; "As of 30 Jun 2026" for a type 1.
func (w Window) Words(now time.Time) string {
	first, last := w.Start.In(w.Zone), w.End.Add(-time.Microsecond).In(w.Zone)
	if w.Type == 1 {
		return "As of " + first.Format("2 Jan 2006")
	}
	layout := "2 Jan"
	if first.Year() != last.Year() {
		layout = "2 Jan 2006"
	}
	text := fmt.Sprintf("Window %s to %s", first.Format(layout), last.Format("2 Jan 2006"))
	switch day := w.Day(now); {
	case day == 0:
		return text + ", not begun"
	case day > w.Days:
		return text + ", ended"
	default:
		return fmt.Sprintf("%s, day %d of %d", text, day, w.Days)
	}
}

// check refuses an examination whose days cannot be read or stand in the wrong
// order. That nothing is said yet is no error.
func (e Examination) check() error {
	day := func(field, what, text string) (time.Time, error) {
		t, err := time.Parse(time.DateOnly, text)
		if text == "" {
			return t, bad("examination."+field, "%s is missing", what).WithHint("write it as 2026-01-31")
		}
		if err != nil || t.Year() < 2000 || t.Year() > 2200 {
			return t, bad("examination."+field, "%q is no date", text).WithHint("write it as 2026-01-31")
		}
		return t, nil
	}
	switch e.Type {
	case 0:
		if !e.IsZero() {
			return bad("examination.type", "the examination has days and no type").WithHint("type 1 is as of a date, type 2 over a window")
		}
		return nil
	case 1:
		if e.From != "" || e.To != "" {
			return bad("examination.from", "an examination of type 1 has a date, not a window")
		}
		_, err := day("date", "the date", e.Date)
		return err
	case 2:
		if e.Date != "" {
			return bad("examination.date", "an examination of type 2 has a window, not a date")
		}
		from, err := day("from", "the first day of the window", e.From)
		if err != nil {
			return err
		}
		to, err := day("to", "the last day of the window", e.To)
		if err != nil {
			return err
		}
		if to.Before(from) {
			return bad("examination.to", "the window ends on %s, before it begins on %s", e.To, e.From).WithHint("put the later day last")
		}
		if days(from, to) > 3*366 {
			return bad("examination.to", "the window has more than three years").WithHint("it usually has 3 to 12 months")
		}
		return nil
	}
	return bad("examination.type", "%d is no type of examination", e.Type).WithHint("type 1 is as of a date, type 2 over a window")
}

func (e Examination) flags() []Flag {
	from, errFrom := time.Parse(time.DateOnly, e.From)
	to, errTo := time.Parse(time.DateOnly, e.To)
	switch {
	case e.IsZero():
		return []Flag{{"examination", "neither a date nor a window is set, so nothing says by when evidence must exist"}}
	case e.Type != 2 || errFrom != nil || errTo != nil:
		return nil
	case to.AddDate(0, 0, 1).Before(from.AddDate(0, 3, 0)):
		return []Flag{{"examination", fmt.Sprintf("the window has %d days; fewer than 3 months show little operation and few readers accept it", days(from, to)+1)}}
	case to.AddDate(0, 0, 1).After(from.AddDate(1, 0, 0)):
		return []Flag{{"examination", fmt.Sprintf("the window has %d days; more than 12 months is unusual", days(from, to)+1)}}
	}
	return nil
}
