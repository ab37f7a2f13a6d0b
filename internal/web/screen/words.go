package screen

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/web/ui"
)

// Words says times as people read them: absolute, in one zone.
type Words struct {
	Now  time.Time
	Zone *time.Location
}

// NewWords says times as seen from now, in a zone.
func NewWords(now time.Time, zone *time.Location) Words { return Words{now.In(zone), zone} }

// At gives "20 Aug 09:20", with the year when it is not this one and "today"
// never: absolute times can be compared and filed.
func (w Words) At(t time.Time) ui.Moment {
	if t.IsZero() {
		return ui.Moment{}
	}
	t = t.In(w.Zone)
	layout := "2 Jan 15:04"
	if t.Year() != w.Now.Year() {
		layout = "2 Jan 2006 15:04"
	}
	return ui.Moment{ISO: t.Format(time.RFC3339), Text: t.Format(layout), Title: w.Full(t)}
}

// Day gives "20 Aug", with the year when it is not this one.
func (w Words) Day(t time.Time) string {
	t = t.In(w.Zone)
	if t.Year() != w.Now.Year() {
		return t.Format("2 Jan 2006")
	}
	return t.Format("2 Jan")
}

// Date gives "31 Mar 2026", for days that stand beside those of other years; ""
// where there is none.
func (w Words) Date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(w.Zone).Format("2 Jan 2006")
}

// LastDay gives the last day of a period that ends before t.
func (w Words) LastDay(t time.Time) string { return w.Date(t.Add(-time.Microsecond)) }

// Full gives "Thursday 20 August 2026, 09:20:04 UTC".
func (w Words) Full(t time.Time) string {
	return t.In(w.Zone).Format("Monday 2 January 2006, 15:04:05 MST")
}

// stamps are moments as facts and reasons have them: in UTC.
var stamps = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2} \d{2}:\d{2}( UTC)?`)

// Stamps gives a text in which moments are said as everywhere else on the page.
func (w Words) Stamps(text string) string {
	return stamps.ReplaceAllStringFunc(text, func(s string) string {
		t, err := time.Parse("2006-01-02 15:04", strings.TrimSuffix(s, " UTC"))
		if err != nil {
			return s
		}
		return w.At(t).Text
	})
}

// Calendar gives a day that is written "2026-03-31" as Date does; else what is there.
func (w Words) Calendar(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return t.Format("2 Jan 2006")
}

// Due says when something must be done: late, soon (within two days) or a day.
func (w Words) Due(t time.Time) (m ui.Moment, late string, soon bool) {
	if t.IsZero() {
		return ui.Moment{}, "", false
	}
	m = w.At(t)
	left := t.Sub(w.Now)
	switch {
	case left < 0:
		return m, Span(left) + " late", false
	case left < 48*time.Hour:
		return m, "", true
	}
	m.Text = w.Day(t)
	return m, "", false
}

// Span gives a length of time in its two largest units: "2 d 13 h", "47 min", "8 s".
func Span(d time.Duration) string {
	if d < 0 {
		d = -d
	}
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		h, m := int(d.Hours()), int(d.Minutes())%60
		if m == 0 {
			return fmt.Sprintf("%d h", h)
		}
		return fmt.Sprintf("%d h %d min", h, m)
	}
	days, h := int(d.Hours())/24, int(d.Hours())%24
	if h == 0 || days >= 14 {
		return fmt.Sprintf("%d d", days)
	}
	return fmt.Sprintf("%d d %d h", days, h)
}

// Sentence makes a fault's words a sentence: a capital first, a full stop last.
func Sentence(s string) string {
	if s == "" {
		return ""
	}
	first, _, _ := strings.Cut(s, " ")
	if !strings.ContainsAny(first, "-_/.0123456789") { // an id keeps its case
		s = Capital(s)
	}
	if !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}

// Capital makes the first letter large.
func Capital(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return ""
	}
	return strings.ToUpper(string(r[0])) + string(r[1:])
}

// OrElse gives s, or other where s is empty.
func OrElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// IndexWords gives "#1,284,291", or "not numbered yet".
func IndexWords(i int64) string {
	if i < 0 {
		return "not numbered yet"
	}
	return "#" + ui.Number(i)
}
