package landing

import (
	"fmt"
	"time"
)

// Tie names changes and deployments to one another, once each has its number.
func (l *Landings) Tie() {
	for _, d := range l.Deployments {
		for _, to := range d.brought {
			if len(d.Changes) < MaxNamed {
				d.Changes = append(d.Changes, l.Changes[to].Ref())
			}
			l.Changes[to].Deployments = append(l.Changes[to].Deployments, d.Ref())
		}
	}
}

// Lost says of a change that is no longer derived what became of it: its commit
// vanished from the branch, or it turned out to be part of another change. It
// reports whether the change is withdrawn: counted elsewhere, or not judged.
func (l *Landings) Lost(ch *Change) (withdrawn bool) {
	set := func(name string, o Outcome, reason string) {
		for i := range ch.Attributes {
			if ch.Attributes[i].Name == name {
				ch.Attributes[i] = Attribute{name, o, reason, l.readSource()}
			}
		}
	}
	c := l.Commits[ch.Key]
	switch to, part := l.place[ch.Key]; {
	case part && to >= 0:
		withdrawn = true
		set(Intact, NotApplicable, "it is counted as part of "+l.Changes[to].Ref())
	case c != nil && c.Place < 0 && !c.GoneAt.IsZero():
		set(Intact, Fail, fmt.Sprintf("history was rewritten: %s was on %s and had vanished when the repository was read on %s", Short(ch.Key), l.Settings.Branch, Day(c.GoneAt)))
	case ch.At.Before(l.Settings.Since) || part:
		withdrawn = true
		set(Intact, NotApplicable, "it landed before "+l.Settings.Since.Format(time.DateOnly)+", from when on changes are judged")
	}
	ch.Outcome, ch.Answers = Worst(ch.Attributes), l.answersTo(ch.Key)
	return withdrawn
}
