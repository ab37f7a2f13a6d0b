package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/web/ui"
)

// words says times as people read them: absolute, in one zone.
type words struct {
	now  time.Time
	zone *time.Location
}

func newWords(now time.Time, zone *time.Location) words { return words{now.In(zone), zone} }

// at gives "20 Aug 09:20", with the year when it is not this one and "today"
// never: absolute times can be compared and filed.
func (w words) at(t time.Time) ui.Moment {
	if t.IsZero() {
		return ui.Moment{}
	}
	t = t.In(w.zone)
	layout := "2 Jan 15:04"
	if t.Year() != w.now.Year() {
		layout = "2 Jan 2006 15:04"
	}
	return ui.Moment{ISO: t.Format(time.RFC3339), Text: t.Format(layout), Title: w.full(t)}
}

// second is at with seconds, for what follows within a minute.
func (w words) second(t time.Time) ui.Moment {
	m := w.at(t)
	if m.Known() {
		m.Text += t.In(w.zone).Format(":05")
	}
	return m
}

// day gives "20 Aug", with the year when it is not this one.
func (w words) day(t time.Time) string {
	t = t.In(w.zone)
	if t.Year() != w.now.Year() {
		return t.Format("2 Jan 2006")
	}
	return t.Format("2 Jan")
}

// full gives "Thursday 20 August 2026, 09:20:04 UTC".
func (w words) full(t time.Time) string {
	return t.In(w.zone).Format("Monday 2 January 2006, 15:04:05 MST")
}

// span gives a length of time in its two largest units: "2 d 13 h", "47 min", "8 s".
func span(d time.Duration) string {
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

// due says when something must be done: late, soon (within two days) or a day.
func (w words) due(t time.Time) (m ui.Moment, late string, soon bool) {
	if t.IsZero() {
		return ui.Moment{}, "", false
	}
	m = w.at(t)
	left := t.Sub(w.now)
	switch {
	case left < 0:
		return m, span(left) + " late", false
	case left < 48*time.Hour:
		return m, "", true
	}
	m.Text = w.day(t)
	return m, "", false
}

// initials gives "MD" for "Maeve Doyle".
func initials(name string) string {
	var out []rune
	for _, f := range strings.Fields(name) {
		out = append(out, []rune(strings.ToUpper(f))[0])
		if len(out) == 2 {
			break
		}
	}
	if len(out) == 0 {
		return "?"
	}
	return string(out)
}

// many gives "1 host" or "4 hosts".
func many[T ~int | ~int64](n T, one, more string) string { return ui.Many(n, one, more) }

// indexWords gives "#1,284,291", or "not numbered yet".
func indexWords(i int64) string {
	if i < 0 {
		return "not numbered yet"
	}
	return "#" + ui.Number(i)
}
