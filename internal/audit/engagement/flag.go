package engagement

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/scope"
)

// Flag is something about an engagement that its reader should know. It refuses
// nothing: what is examined is agreed between the organisation and the firm.
type Flag struct {
	About string `json:"about"` // period, categories, scope, firm, zone, evidence
	Text  string `json:"text"`  // whole sentences
	Scope int    `json:"scope,omitempty"`
}

// Flags says what a reader should know about the engagement as it is set.
func (c Content) Flags() []Flag {
	from, to := c.days()
	var out []Flag
	switch {
	case c.Type == 2 && to.AddDate(0, 0, 1).Before(from.AddDate(0, 3, 0)):
		out = append(out, Flag{About: "period", Text: fmt.Sprintf("The window has %s; fewer than 3 months show little operation.", count(between(from, to)+1, "day"))})
	case c.Type == 2 && to.AddDate(0, 0, 1).After(from.AddDate(1, 0, 0)):
		out = append(out, Flag{About: "period", Text: fmt.Sprintf("The window has %d days; more than 12 months is unusual.", between(from, to)+1)})
	}
	if c.Firm == "" {
		out = append(out, Flag{About: "firm", Text: "No audit firm is named yet."})
	}
	return out
}

// Beside says where the engagement and the scope differ: categories, window,
// zone, and every version of the scope that took effect inside the window.
func (c Content) Beside(history []scope.Version, now time.Time) []Flag {
	if len(history) == 0 {
		return nil
	}
	start, end := c.Window()
	at := min(now.UnixNano(), end.Add(-time.Microsecond).UnixNano()) // the scope as it stands, or as it stood when the period ended
	v := scope.At(history, time.Unix(0, at).UTC(), -1)
	var out []Flag
	for _, k := range c.Categories {
		if v.Has(k) {
			continue
		}
		why := ""
		if r := v.Content.Reason(k); r != "" {
			why = fmt.Sprintf(" (%s)", strings.TrimSuffix(r, "."))
		}
		out = append(out, Flag{About: "categories", Scope: v.Version, Text: fmt.Sprintf("This engagement examines %s, which version %d of the scope leaves out%s. The criteria of that category say “not in scope” until the scope takes it in.", k.Words(), v.Version, why)})
	}
	var more []string
	for _, k := range catalog.Categories() {
		if v.Has(k) && !c.Has(k) {
			more = append(more, k.Words())
		}
	}
	if len(more) > 0 {
		out = append(out, Flag{About: "categories", Scope: v.Version, Text: fmt.Sprintf("Version %d of the scope holds %s too; this engagement does not examine it.", v.Version, strings.Join(more, ", "))})
	}
	out = append(out, c.besideWindow(v)...)
	if zone := v.Location().String(); zone != c.Zone {
		out = append(out, Flag{About: "zone", Scope: v.Version, Text: fmt.Sprintf("Days are counted in %s here and in %s by version %d of the scope.", c.Zone, zone, v.Version)})
	}
	return append(out, c.turns(history, start, end)...)
}

// besideWindow says where the period and the window of the scope differ.
func (c Content) besideWindow(v scope.Version) []Flag {
	w, ok := v.Window()
	from, to := c.days()
	say := func(format string, args ...any) []Flag {
		return []Flag{{About: "period", Scope: v.Version, Text: fmt.Sprintf(format, args...)}}
	}
	if !ok {
		return say("Version %d of the scope names no window yet, so the rest of Attesta does not know this one.", v.Version)
	}
	first, errF := time.Parse(time.DateOnly, w.From)
	last, errL := time.Parse(time.DateOnly, w.To)
	if errF != nil || errL != nil {
		return nil // the scope checks its own days
	}
	theirs := Content{Type: w.Type, From: w.From, To: w.To}.Period()
	var outside []string
	if from.Before(first) {
		outside = append(outside, spell(from, earlier(to, first.AddDate(0, 0, -1))))
	}
	if to.After(last) {
		outside = append(outside, spell(later(from, last.AddDate(0, 0, 1)), to))
	}
	switch {
	case len(outside) > 0:
		return say("%s outside the window of version %d of the scope (%s). Controls are expected by that window; what lies outside has to be asked for.", lie(outside), v.Version, theirs)
	case c.Type == w.Type && (c.From != w.From || c.To != w.To):
		return say("The period is shorter than the window of version %d of the scope (%s).", v.Version, theirs)
	}
	return nil
}

// turns gives the versions of the scope that took effect inside the period.
func (c Content) turns(history []scope.Version, start, end time.Time) []Flag {
	var out []Flag
	for _, t := range slices.Compact(scope.Turns(history)) {
		if !t.After(start) || !t.Before(end) {
			continue
		}
		before, v := scope.At(history, t.Add(-time.Microsecond), -1), scope.At(history, t, -1)
		if before.Version == v.Version {
			continue
		}
		var parts []string
		for _, d := range scope.Diff(before.Content, v.Content) {
			if !slices.Contains(parts, d.Part) {
				parts = append(parts, d.Part)
			}
		}
		text := fmt.Sprintf("The scope changed inside the period: version %d holds since %s, before it version %d.", v.Version, t.In(c.Location()).Format("2 Jan 2006"), before.Version)
		if len(parts) > 0 {
			text += " What differs: " + strings.Join(parts, ", ") + "."
		}
		if v.Reason != "" {
			text += " Why: " + strings.TrimSuffix(v.Reason, ".") + "."
		}
		out = append(out, Flag{About: "scope", Scope: v.Version, Text: text})
	}
	return out
}

// Unobserved says which parts of the period no source reported, where first and
// last bound what was heard of it (zero: nothing). Nothing is said of what is
// still to come.
func (c Content) Unobserved(first, last, now time.Time) []Flag {
	start, end := c.Window()
	if !now.After(start) {
		return nil
	}
	until := earlier(end, now)
	day := func(t time.Time) string { return t.In(c.Location()).Format("2 Jan 2006") }
	var out []Flag
	say := func(format string, args ...any) {
		out = append(out, Flag{About: "evidence", Text: fmt.Sprintf(format, args...) +
			" What checks would say of that time is not_observed, because no source reported; evidence that people bring can still speak of it."})
	}
	if first.IsZero() {
		say("Nothing was observed in this period: no source reported from %s to %s.", day(start), day(until.Add(-time.Microsecond)))
		return out
	}
	if d := first.Sub(start); d >= 24*time.Hour {
		say("The first source reported on %s: nothing was observed on the %s before.", day(first), count(int(d/(24*time.Hour)), "day"))
	}
	if d := until.Sub(last); d >= 24*time.Hour {
		say("The last source reported on %s: nothing was observed on the %s after.", day(last), count(int(d/(24*time.Hour)), "day"))
	}
	return out
}

func (c Content) days() (from, to time.Time) {
	from, _ = time.Parse(time.DateOnly, c.From) // check refuses what is no day
	to, _ = time.Parse(time.DateOnly, c.To)
	return from, to
}

func between(a, b time.Time) int { return int(b.Sub(a) / (24 * time.Hour)) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func spell(a, b time.Time) string {
	if a.Equal(b) {
		return a.Format("2 Jan 2006")
	}
	return a.Format("2 Jan 2006") + " to " + b.Format("2 Jan 2006")
}

func lie(parts []string) string {
	if len(parts) == 1 && !strings.Contains(parts[0], " to ") {
		return parts[0] + " lies"
	}
	return strings.Join(parts, " and ") + " lie"
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
