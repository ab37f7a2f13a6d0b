package web

import (
	"strings"
	"time"

	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// words says times as people read them; the areas' is screen.Words.
type words struct {
	now  time.Time
	zone *time.Location
}

func newWords(now time.Time, zone *time.Location) words { return words{now.In(zone), zone} }

func (w words) out() screen.Words                                     { return screen.Words{Now: w.now, Zone: w.zone} }
func (w words) at(t time.Time) ui.Moment                              { return w.out().At(t) }
func (w words) day(t time.Time) string                                { return w.out().Day(t) }
func (w words) date(t time.Time) string                               { return w.out().Date(t) }
func (w words) lastDay(t time.Time) string                            { return w.out().LastDay(t) }
func (w words) full(t time.Time) string                               { return w.out().Full(t) }
func (w words) due(t time.Time) (m ui.Moment, late string, soon bool) { return w.out().Due(t) }
func span(d time.Duration) string                                     { return screen.Span(d) }

// second is at with seconds, for what follows within a minute.
func (w words) second(t time.Time) ui.Moment {
	m := w.at(t)
	if m.Known() {
		m.Text += t.In(w.zone).Format(":05")
	}
	return m
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

func indexWords(i int64) string { return screen.IndexWords(i) }
