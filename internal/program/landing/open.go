package landing

import (
	"slices"
	"strings"
	"time"
)

// Answer is somebody's word on what does not hold of a change or deployment:
// what was looked at afterwards, found, and done about it. It changes no outcome.
type Answer struct {
	By    Person    `json:"by"`
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
	About []string  `json:"about"`           // attributes that failed then
	Alone bool      `json:"alone,omitempty"` // by who made the change, because nobody else could
}

// answersTo gives the answers to a change or deployment, oldest first.
func (l *Landings) answersTo(key string) []Answer {
	var out []Answer
	for _, e := range l.words[key] {
		if e.State == "answered" {
			out = append(out, Answer{By: l.people.who(e.Actor), At: e.At, Text: e.Text, About: e.Labels, Alone: e.Forced})
		}
	}
	return out
}

// Unanswered gives the attributes that fail and that nobody has answered for.
func Unanswered(all []Attribute, answers []Answer) []Attribute {
	var out []Attribute
	for _, a := range all {
		if a.Outcome == Fail && !slices.ContainsFunc(answers, func(x Answer) bool { return slices.Contains(x.About, a.Name) }) {
			out = append(out, a)
		}
	}
	return out
}

// Deviation is a change or deployment of which something does not hold.
type Deviation struct {
	Ref   string
	Title string
	Day   string // 2027-03-01: it landed or was deployed, or its review is due
}

// Open is what of a repository does not hold and that nobody has answered for,
// oldest first, the first hundred of each kind.
type Open struct {
	Direct, Unproven, Unapproved, Untested, Unrequested, Unaccepted []Deviation
	Own, Unmerged, Unstaged, Rewritten                              []Deviation
	EmergenciesLate, EmergenciesOpen                                []Deviation
	Environments, SharedHosts                                       []string          // sorted
	Unknown                                                         map[string]string // what nothing tells of, and why: "untested"
	Never                                                           map[string]string // what is not asked, and why
}

// window in which deployments are held against those to other environments.
const lately = 90 * 24 * time.Hour

// Open gives what does not hold, with changes that are no longer derived.
func (l *Landings) Open(lost []*Change) Open {
	o := Open{Unknown: map[string]string{}, Never: map[string]string{}}
	add := func(into *[]Deviation, d Deviation) {
		if len(*into) < MaxNamed {
			*into = append(*into, d)
		}
	}
	all := slices.Concat(lost, l.Changes)
	slices.SortStableFunc(all, func(a, b *Change) int { return a.At.Compare(b.At) })
	for _, ch := range all {
		d := Deviation{ch.Ref(), ch.Title, ch.At.UTC().Format(time.DateOnly)}
		if a := ch.Attribute(Route); a.Outcome == NotObserved && len(ch.Answers) == 0 {
			add(&o.Unproven, d)
		}
		if ch.Emergency != "" && ch.Attribute(Approved).Outcome == NotObserved {
			due := d
			due.Day = ch.Due.UTC().Format(time.DateOnly)
			add(&o.EmergenciesOpen, due)
		}
		for _, a := range Unanswered(ch.Attributes, ch.Answers) {
			switch a.Name {
			case Route:
				if ch.Emergency == "" { // its review settles it
					add(&o.Direct, d)
				}
			case Approved:
				switch {
				case ch.Emergency != "":
					add(&o.EmergenciesLate, d)
				case ch.Attribute(Route).Outcome == Pass:
					add(&o.Unapproved, d)
				}
			case Tested:
				add(&o.Untested, d)
			case Requested:
				add(&o.Unrequested, d)
			case Accepted:
				add(&o.Unaccepted, d)
			case Intact:
				add(&o.Rewritten, d)
			}
		}
	}
	l.openDeployments(&o, add)
	l.limits(&o)
	return o
}

func (l *Landings) openDeployments(o *Open, add func(*[]Deviation, Deviation)) {
	environments, elsewhere := map[string]bool{}, map[string]time.Time{} // commit -> first deployment outside of production
	hosts := map[string][2]bool{}
	for _, d := range l.Deployments {
		environments[d.Environment] = true
		if d.State != "success" {
			continue
		}
		if _, had := elsewhere[d.Commit]; !d.Production && !had {
			elsewhere[d.Commit] = d.At
		}
		if l.Now.Sub(d.At) > lately {
			continue
		}
		for _, h := range d.Hosts {
			if h = strings.ToLower(h); !strings.ContainsAny(h, "*?[") {
				was := hosts[h]
				was[0], was[1] = was[0] || d.Production, was[1] || !d.Production
				hosts[h] = was
			}
		}
	}
	for _, d := range l.Deployments {
		at := Deviation{d.Ref(), Short(d.Commit) + " to " + d.Environment, d.At.UTC().Format(time.DateOnly)}
		for _, a := range Unanswered(d.Attributes, d.Answers) {
			switch a.Name {
			case Merged:
				add(&o.Unmerged, at)
			case Segregated:
				add(&o.Own, at)
			}
		}
		if first, ok := elsewhere[d.Commit]; d.Production && d.State == "success" && (!ok || first.After(d.At)) && len(d.Answers) == 0 && len(elsewhere) > 0 {
			add(&o.Unstaged, at)
		}
	}
	for e := range environments {
		o.Environments = append(o.Environments, e)
	}
	for h, on := range hosts {
		if on[0] && on[1] {
			o.SharedHosts = append(o.SharedHosts, h)
		}
	}
	slices.Sort(o.Environments)
	slices.Sort(o.SharedHosts)
	if len(elsewhere) == 0 {
		o.Unknown["unstaged"] = "no deployment to an environment other than production was told of"
		o.Unknown["shared_hosts"] = o.Unknown["unstaged"]
	}
}

// limits says what nothing tells of, and what is not asked.
func (l *Landings) limits(o *Open) {
	if l.requests == nil { // work by hand
		for _, name := range []string{"direct", "unproven", "untested", "unrequested", "unaccepted", "own", "unmerged", "unstaged", "rewritten", "shared_hosts"} {
			o.Never[name] = "work by hand comes from no repository"
		}
		return
	}
	if len(l.checks) == 0 && len(o.Untested) == 0 {
		o.Unknown["untested"] = "no result of any build server was received for this repository"
	}
	if l.Settings.Forge == "" && len(o.Unapproved) == 0 {
		o.Unknown["unapproved"] = "no forge is connected that would know who approved what"
	}
	if len(l.Settings.Acceptors) == 0 {
		o.Never["unaccepted"] = "the rules of this repository ask for no acceptance"
	}
	switch {
	case l.Settings.NotDeployed:
		for _, name := range []string{"own", "unmerged", "unstaged", "shared_hosts"} {
			delete(o.Unknown, name)
			o.Never[name] = "nothing is deployed from this repository"
		}
	case len(o.Environments) == 0:
		for _, name := range []string{"own", "unmerged", "unstaged", "shared_hosts"} {
			o.Unknown[name] = "no deployment was told of"
		}
	}
}
