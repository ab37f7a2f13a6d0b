package landing

import (
	"slices"
	"time"
)

// Turns gives the moment at which time alone makes something another: an emergency
// whose review is due, a deployment that is long ago, a deployment of a commit that
// the next reading may bring. It may be past; zero where nothing is of that kind.
func (l *Landings) Turns() time.Time {
	var next time.Time
	at := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	for _, ch := range l.Changes {
		if due := l.bound(ch); ch.Emergency != "" && !due.Before(l.Now) {
			at(due.Add(time.Microsecond))
		}
	}
	for _, d := range l.Deployments {
		if end := d.At.Add(lately); d.State == "success" && !end.Before(l.Now) {
			at(end.Add(time.Microsecond))
		}
		if l.Settings.Path != "" && !l.ReadAt.After(d.At) && slices.ContainsFunc(d.Attributes, func(a Attribute) bool { return a.Name == Merged && a.Outcome == NotObserved }) {
			at(d.At)
		}
	}
	return next
}
