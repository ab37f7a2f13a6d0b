package landing

import (
	"fmt"
	"strings"
)

// deploy turns events into deployments, in order of time, and gives each change
// the first that brought it.
func (l *Landings) deploy() {
	upTo := map[string]int{} // by environment: the newest place of the line that was deployed, plus one
	firsts := map[int][]*Deployment{}
	for _, e := range l.Events {
		if e.Kind != DeploymentMade || e.State == "pending" || e.At.Before(l.Settings.Since) {
			continue
		}
		d := &Deployment{Repository: l.Slug, Environment: e.Name, Production: l.Settings.production(e.Name), Commit: e.Head, State: e.State, By: l.people.who(e.Actor),
			Hosts: e.Hosts, Link: e.URL, From: e.Source, At: e.At, Key: e.ID}
		if e.Actor.Bot {
			d.By.Name += " (a program)"
		}
		c := l.Commits[e.Head]
		if c != nil && c.Place >= 0 && d.State == "success" {
			for place := upTo[d.Environment]; place <= c.Place; place++ {
				if to := l.lineTo[place]; to >= 0 && (len(d.brought) == 0 || d.brought[len(d.brought)-1] != to) {
					d.brought = append(d.brought, to)
				}
			}
			upTo[d.Environment] = max(upTo[d.Environment], c.Place+1)
		}
		for _, to := range d.brought {
			ch := l.Changes[to]
			firsts[to] = append(firsts[to], d)
			if d.Production && ch.DeployedAt.IsZero() {
				ch.DeployedAt = d.At
			}
		}
		d.Brought = len(d.brought)
		d.Attributes = []Attribute{l.fromMerge(d, c), l.deployer(d, c)}
		if !d.Production {
			for i := range d.Attributes {
				d.Attributes[i].Outcome, d.Attributes[i].Reason = NotApplicable, d.Environment+" is no production environment"
			}
		}
		d.Outcome, d.Answers = Worst(d.Attributes), l.answersTo(d.Key)
		l.Deployments = append(l.Deployments, d)
	}
	l.firsts = firsts
}

// fromMerge says whether what was deployed is what had been merged.
func (l *Landings) fromMerge(d *Deployment, c *Commit) Attribute {
	a := Attribute{Name: Merged, Source: d.From + ", and " + l.readSource()}
	switch {
	case d.State != "success":
		a.Outcome, a.Reason = NotApplicable, "it did not succeed"
	case d.Commit == "":
		a.Outcome, a.Reason = Fail, "it names no commit"
	case c == nil && l.Settings.Path == "" && l.ReadAt.IsZero():
		a.Outcome, a.Reason = NotObserved, fmt.Sprintf("nothing is known of %s: no event brought it, and the repository is not read here", Short(d.Commit))
	case c == nil && !l.ReadAt.After(d.At):
		a.Outcome, a.Reason = NotObserved, fmt.Sprintf("%s is not known; the repository was not read since", Short(d.Commit))
	case c == nil:
		a.Outcome, a.Reason = Fail, fmt.Sprintf("a deployment without a merge: the repository holds no commit %s", Short(d.Commit))
	case c.Place < 0 && !c.GoneAt.IsZero() && c.GoneAt.After(d.At):
		a.Outcome, a.Reason = Pass, fmt.Sprintf("%s was on %s then; it was rewritten later", Short(d.Commit), l.Settings.Branch)
	case c.Place < 0:
		a.Outcome, a.Reason = Fail, fmt.Sprintf("a deployment without a merge: %s is not on %s", Short(d.Commit), l.Settings.Branch)
		if to, landed := l.place[c.SHA]; landed && to >= 0 {
			a.Reason = fmt.Sprintf("%s is a commit of a branch, not what was merged with %s", Short(d.Commit), Short(l.Changes[to].Landed))
		}
	default:
		if to := l.lineTo[c.Place]; to >= 0 && l.Changes[to].At.After(d.At.Add(Skew)) {
			a.Outcome, a.Reason = Fail, fmt.Sprintf("%s was deployed before it was merged on %s", Short(d.Commit), Day(l.Changes[to].At))
			return a
		}
		a.Outcome, a.Reason = Pass, fmt.Sprintf("%s is on %s and brought %s", Short(d.Commit), l.Settings.Branch, Plural(d.Brought, "change"))
		if d.Brought == 0 {
			a.Reason = fmt.Sprintf("%s is on %s; it had been deployed before", Short(d.Commit), l.Settings.Branch)
		}
	}
	return a
}

// deployer says whether who deployed wrote any of it.
func (l *Landings) deployer(d *Deployment, c *Commit) Attribute {
	a := Attribute{Name: Segregated, Source: d.From}
	switch {
	case d.By.Key == "":
		a.Outcome, a.Reason = NotObserved, "who deployed it is not known"
	case strings.HasSuffix(d.By.Name, "(a program)"):
		a.Outcome, a.Reason = Pass, "deployed by "+d.By.Name
	case c == nil:
		a.Outcome, a.Reason = NotObserved, "who wrote what it brought is not known"
	case c.Place < 0 && l.people.who(Identity{Name: c.AuthorName, Mail: c.AuthorMail}).same(d.By):
		a.Outcome, a.Reason = Fail, fmt.Sprintf("%s deployed what they wrote: %s", names([]Person{d.By}), Short(d.Commit))
	default:
		a.Outcome, a.Reason = Pass, names([]Person{d.By})+" wrote none of what it brought"
		for _, to := range d.brought {
			if l.Changes[to].Wrote(d.By) {
				a.Outcome, a.Reason = Fail, fmt.Sprintf("%s deployed what they wrote: %s", names([]Person{d.By}), Short(l.Changes[to].Landed))
				break
			}
		}
	}
	return a
}

// into gives the first production deployment of a change.
func (l *Landings) into(ch *Change) *Deployment {
	to, ok := l.place[ch.Landed]
	if !ok || to < 0 {
		return nil
	}
	for _, d := range l.firsts[to] {
		if d.Production {
			return d
		}
	}
	return nil
}

func (l *Landings) segregated(ch *Change) Attribute {
	d := l.into(ch)
	switch {
	case l.Settings.NotDeployed:
		return Attribute{Segregated, NotApplicable, "nothing is deployed from this repository", "rules of " + l.Slug}
	case d == nil:
		return Attribute{Segregated, NotApplicable, "it is not deployed yet", ""}
	case d.By.Key == "":
		return Attribute{Segregated, NotObserved, "who deployed it is not known", d.From}
	case strings.HasSuffix(d.By.Name, "(a program)"):
		return Attribute{Segregated, Pass, "deployed by " + d.By.Name, d.From}
	case ch.Wrote(d.By):
		return Attribute{Segregated, Fail, names([]Person{d.By}) + " wrote and deployed it", d.From}
	}
	return Attribute{Segregated, Pass, fmt.Sprintf("written by %s, deployed by %s", names(ch.Authors), names([]Person{d.By})), d.From}
}

func (l *Landings) deployed(ch *Change) Attribute {
	if l.Settings.NotDeployed {
		return Attribute{Deployed, NotApplicable, "nothing is deployed from this repository", "rules of " + l.Slug}
	}
	if d := l.into(ch); d != nil {
		return Attribute{Deployed, Pass, fmt.Sprintf("to %s on %s", d.Environment, Day(d.At)), d.From}
	}
	return Attribute{Deployed, NotObserved, "no deployment to production is known that holds it", ""}
}

func (l *Landings) merged(ch *Change) Attribute {
	d := l.into(ch)
	if d == nil {
		return Attribute{Merged, NotApplicable, "it is not deployed yet", ""}
	}
	return AttributeOf(d.Attributes, Merged)
}
