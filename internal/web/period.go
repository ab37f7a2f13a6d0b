package web

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// period is the moment that the posture screens show, on both time axes. It
// stands in the address: at=2026-08-20 (the end of that day), and known=then,
// or known=2026-09-14 for what was known at the end of another day; without it
// everything known now counts. The form says known=on&on=2026-09-14.
type period struct {
	day     time.Time // 00:00 of the day, in the zone; zero for the present
	known   time.Time // 00:00 of the day at whose end it was known; zero: known now
	problem string
}

const dateLayout = screen.DateLayout

// readPeriod reads the period of an address. A date that cannot be read or has
// not come shows the present, and says so.
func (s *Site) readPeriod(r *request) period {
	q := r.URL.Query()
	raw := q.Get("at")
	if raw == "" {
		return period{}
	}
	day, err := time.ParseInLocation(dateLayout, raw, r.words.zone)
	today := midnight(r.words.now)
	switch {
	case err != nil:
		return period{problem: "the date " + raw + " cannot be read; write it as 2026-08-20"}
	case day.After(today):
		return period{problem: "the date " + raw + " has not come yet"}
	case day.Equal(today):
		return period{}
	}
	p := period{day: day}
	known := q.Get("known")
	if known == "on" {
		known = orElse(q.Get("on"), "of no day")
	}
	switch known {
	case "", "now":
		return p
	case "then":
		p.known = day
		return p
	}
	on, err := time.ParseInLocation(dateLayout, known, r.words.zone)
	switch {
	case err != nil:
		return period{problem: "the date " + known + " on which it was known cannot be read; write it as 2026-08-20, or choose now or then"}
	case on.Before(day):
		return period{problem: "on " + known + " nothing could be known of " + raw + ", which came after it; choose that day or a later one"}
	case on.Before(today):
		p.known = on
	}
	return p
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

func (p period) past() bool { return !p.day.IsZero() }

// then reports whether what was known at the end of the day itself counts.
func (p period) then() bool { return p.past() && p.known.Equal(p.day) }

// end is the last instant of the day: days are [00:00, 00:00 of the next).
func (p period) end() time.Time { return p.day.AddDate(0, 0, 1).Add(-time.Microsecond) }

// at gives the moment that posture is asked for.
func (s *Site) at(ctx context.Context, r *request) (posture.At, error) {
	if r.period.problem != "" {
		return posture.At{}, fault.New(fault.Invalid, "%s", r.period.problem)
	}
	if !r.period.past() {
		return posture.Now(), nil
	}
	at := posture.At{Valid: r.period.end(), Known: -1}
	if !r.period.known.IsZero() {
		size, err := s.cfg.Posture.KnownThen(ctx, r.period.known.AddDate(0, 0, 1).Add(-time.Microsecond))
		if err != nil {
			return at, err
		}
		at.Known = size
	}
	return at, nil
}

// keep adds the period to an address of this site.
func (p period) keep(path string) string {
	if !p.past() {
		return path
	}
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	q := u.Query()
	q.Set("at", p.day.Format(dateLayout))
	if p.then() {
		q.Set("known", "then")
	} else if !p.known.IsZero() {
		q.Set("known", p.known.Format(dateLayout))
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// view gives the picker. rules says whether this screen follows the period.
func (r *request) periodView(rules bool) ui.Period {
	p := r.period
	v := ui.Period{Rules: rules, Past: p.past(), Known: "now", Max: r.words.now.Format(dateLayout), Path: r.URL.Path, Problem: p.problem}
	q := r.URL.Query()
	for _, k := range []string{"at", "known", "on", "after"} {
		q.Del(k)
	}
	v.Today = r.URL.Path
	if enc := q.Encode(); enc != "" {
		v.Today += "?" + enc
	}
	for _, k := range slices.Sorted(maps.Keys(q)) {
		if x := q.Get(k); x != "" && k != "drawer" {
			v.Hidden = append(v.Hidden, ui.Link{Text: k, Href: x})
		}
	}
	if !p.past() {
		v.Text, v.Note = "Today, "+r.words.now.Format("2 Jan 2006"), "as known now"
		v.Date = r.words.now.AddDate(0, 0, -1).Format(dateLayout)
		v.On = v.Date
		return v
	}
	v.Text, v.Date = p.day.Format("2 Jan 2006"), p.day.Format(dateLayout)
	v.Note, v.On = "as known now", v.Date
	v.Compare = "/posture/differences?at=" + v.Date
	switch {
	case p.then():
		v.Known, v.Note = "then", "as known then"
	case !p.known.IsZero():
		v.Known, v.On, v.Note = "on", p.known.Format(dateLayout), "as known on "+p.known.Format("2 Jan 2006")
	}
	if !rules {
		v.Path = p.keep("/criteria")
	}
	return v
}

// today is the head of a status column: "Today" or the day shown.
func (r *request) today() string {
	if r.period.past() {
		return r.words.day(r.period.day)
	}
	return "Today"
}
