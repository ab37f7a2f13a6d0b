package landing

import "fmt"

// Asked turns words into the changes that were asked for here.
func Asked(s Input) *Landings {
	l := &Landings{Input: s, people: newPeople(s.Known), place: map[string]int{}, words: map[string][]Event{}}
	at := map[string]*Change{}
	refused := map[string]Event{}
	for _, e := range s.Events { // words of one moment come in any order
		if e.State == "asked" {
			who := l.people.who(e.Actor)
			ch := &Change{Repository: s.Slug, Kind: Manual, Title: e.Title, Landed: "", Authors: []Person{who}, Merger: who, At: e.At, Paths: e.Labels, Classes: []string{"configuration"}, Commits: []string{}, Key: e.Subject}
			ch.Text, ch.Hosts = e.Text, e.Hosts
			at[e.Subject] = ch
			l.place[ch.Key] = len(l.Changes)
			l.Changes = append(l.Changes, ch)
		}
	}
	for _, e := range s.Events {
		who := l.people.who(e.Actor)
		ch := at[e.Subject]
		switch {
		case ch == nil:
		case e.State == "answered":
			l.words[e.Subject] = append(l.words[e.Subject], e)
		case e.State == "approved":
			ch.Approvals = append(ch.Approvals, Approval{By: who, At: e.At, Counts: true, Why: ""})
		case e.State == "refused":
			refused[e.Subject] = e
		case e.State == "done" && ch.DeployedAt.IsZero():
			ch.DeployedAt, ch.Merger = e.At, who
		}
	}
	for _, ch := range l.Changes {
		no, was := refused[ch.Key]
		ch.Attributes = []Attribute{
			{Route, Pass, "it was asked for here", "request of " + Day(ch.At)},
			{Requested, Pass, "asked for by " + names(ch.Authors), "request of " + Day(ch.At)},
			{Tested, NotApplicable, "no build server tests what is done by hand", ""},
			approvedHere(ch, no, was, l.people),
			{Accepted, NotApplicable, "no acceptance is asked of it", ""},
			doneBy(ch),
			doneHere(ch, was),
			{Merged, NotApplicable, "nothing was merged", ""},
			{Intact, NotApplicable, "nothing was merged", ""}}
		ch.Outcome, ch.Answers = Worst(ch.Attributes), l.answersTo(ch.Key)
	}
	return l
}

func approvedHere(ch *Change, no Event, refused bool, who *people) Attribute {
	switch {
	case len(ch.Approvals) > 0:
		a := ch.Approvals[0]
		if !ch.DeployedAt.IsZero() && ch.DeployedAt.Before(a.At) {
			return Attribute{Approved, Fail, fmt.Sprintf("approved by %s only after it was done", names([]Person{a.By})), "approval of " + Day(a.At)}
		}
		if ch.Wrote(a.By) {
			return Attribute{Approved, Pass, "approved by who asked for it, because nobody else could; what stood in for a second person is recorded", "approval of " + Day(a.At)}
		}
		return Attribute{Approved, Pass, "approved by " + names([]Person{a.By}), "approval of " + Day(a.At)}
	case refused && ch.DeployedAt.IsZero():
		return Attribute{Approved, NotApplicable, "refused by " + names([]Person{who.who(no.Actor)}) + ", and not done", "refusal of " + Day(no.At)}
	case refused || !ch.DeployedAt.IsZero():
		return Attribute{Approved, Fail, "it was done without an approval", "word of " + Day(ch.DeployedAt)}
	}
	return Attribute{Approved, NotObserved, "it waits for somebody else's approval", ""}
}

func doneBy(ch *Change) Attribute {
	switch {
	case ch.DeployedAt.IsZero():
		return Attribute{Segregated, NotApplicable, "it is not done yet", ""}
	case ch.Wrote(ch.Merger):
		return Attribute{Segregated, NotApplicable, "who asks for work by hand may do it; somebody else approved it", ""}
	}
	return Attribute{Segregated, Pass, "done by " + names([]Person{ch.Merger}), "word of " + Day(ch.DeployedAt)}
}

func doneHere(ch *Change, refused bool) Attribute {
	switch {
	case !ch.DeployedAt.IsZero():
		return Attribute{Deployed, Pass, "done on " + Day(ch.DeployedAt), "word of " + Day(ch.DeployedAt)}
	case refused:
		return Attribute{Deployed, NotApplicable, "it was refused", ""}
	}
	return Attribute{Deployed, NotObserved, "it is not done yet", ""}
}
