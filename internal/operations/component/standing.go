package component

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// What a decision says.
const (
	Approved  = "approved"
	Refused   = "refused"
	Withdrawn = "withdrawn" // an approval or refusal is taken back
	Asked     = "asked"
	Answered  = "answered"
)

// Decision is one thing that somebody said of a component.
type Decision struct {
	ID        string    `json:"id"` // "cpd_…"
	Component string    `json:"component"`
	Seq       int64     `json:"seq"`
	At        time.Time `json:"at"`
	What      string    `json:"what" doc:"approved, refused, withdrawn, asked, answered"`
	By        string    `json:"by" doc:"usr_…"`
	Owner     string    `json:"owner,omitempty" doc:"Who answers for it."`
	Reason    string    `json:"reason,omitempty" doc:"Or the question, or the answer."`
	Scope     string    `json:"scope,omitempty" doc:"Patterns of host names; empty: every host."`
	Expires   time.Time `json:"expires,omitzero"`
	To        string    `json:"to,omitempty" doc:"Who was asked."`
	FromFile  bool      `json:"from_file,omitempty" doc:"Of a package: also where it comes from a file and not from a repository."`
	Alone     string    `json:"alone,omitempty" doc:"What stands in for a second person."`
	Entry     string    `json:"entry,omitempty"`
	Index     int64     `json:"index"` // of the ledger; -1: not numbered yet
}

// Covers reports whether an approval holds for a host of a name.
func (d Decision) Covers(host string) bool {
	if d.Scope == "" {
		return true
	}
	return slices.ContainsFunc(strings.Fields(d.Scope), func(p string) bool {
		ok, err := path.Match(p, host)
		return err == nil && ok
	})
}

// Standing is what decisions come to.
type Standing struct {
	Approvals []Decision // in their order, expired ones too
	Refused   *Decision  // nothing was approved since
	Question  *Decision  // without an answer yet
}

// stand folds decisions in their order.
func stand(all []Decision) Standing {
	var s Standing
	for i := range all {
		switch d := all[i]; d.What {
		case Approved:
			s.Refused = nil
			s.Approvals = append(slices.DeleteFunc(s.Approvals, func(a Decision) bool { return a.Scope == d.Scope }), d)
		case Refused:
			s.Approvals, s.Refused, s.Question = nil, &d, nil
		case Withdrawn:
			s.Approvals, s.Refused = nil, nil
		case Asked:
			s.Question = &d
		case Answered:
			s.Question = nil
		}
	}
	return s
}

// covering gives the approval that holds for a host at a moment; expired is the
// newest that held for it and does no more.
func (s Standing) covering(host string, now time.Time) (held, expired *Decision) {
	for i := len(s.Approvals) - 1; i >= 0; i-- {
		a := &s.Approvals[i]
		switch {
		case !a.Covers(host):
		case a.Expires.IsZero() || a.Expires.After(now):
			return a, nil
		case expired == nil:
			expired = a
		}
	}
	return nil, expired
}

// everywhere gives the approval that holds for every host.
func (s Standing) everywhere(now time.Time) *Decision {
	for i := len(s.Approvals) - 1; i >= 0; i-- {
		if a := &s.Approvals[i]; a.Scope == "" && (a.Expires.IsZero() || a.Expires.After(now)) {
			return a
		}
	}
	return nil
}

// next is when the standing changes by itself; zero: never.
func (s Standing) next(now time.Time) (at time.Time) {
	for _, a := range s.Approvals {
		if a.Expires.After(now) && (at.IsZero() || a.Expires.Before(at)) {
			at = a.Expires
		}
	}
	return at
}

// State is where a component stands.
type State string

// The states.
const (
	Learning   State = "learning"   // nothing of its kind was approved yet: not judged
	Fresh      State = "new"        // nobody approved it where it is
	Allowed    State = "approved"   //
	Recognised State = "recognised" // a machine that is a host with an agent
	Rejected   State = "refused"    // and still there
	Expired    State = "expired"    // its approval did
	Gone       State = "gone"       // observed to be nowhere any more
	Left       State = "left"       // the hosts that had it left the population
	Unknown    State = "unknown"    // where it was cannot be read, or is silent
)

// States gives them in the order of the screen.
func States() []State {
	return []State{Fresh, Rejected, Expired, Unknown, Learning, Allowed, Recognised, Gone, Left}
}

// open reports whether somebody must do something about it.
func (s State) open() bool { return slices.Contains([]State{Fresh, Rejected, Expired}, s) }

// Place is a host on which a component is, as last read.
type Place struct {
	Host   string    `json:"host"` // "hst_…"
	Name   string    `json:"name"`
	Part   string    `json:"part" doc:"Section and list that showed it."`
	Since  time.Time `json:"since" doc:"When it appeared there, or when the host first reported."`
	Silent time.Time `json:"silent,omitzero" doc:"Since when the host is silent."`
	State  string    `json:"state,omitempty" doc:"Why it is not known now: error or not_observed."`
	Reason string    `json:"reason,omitempty"`

	retired bool
}

// verdict is what a component comes to.
type verdict struct {
	state   State
	allowed bool
	missing string // error or not_observed: then allowed says nothing
	why     string
	hosts   []string // where it is and must not be
	unsure  bool     // a reference had it, and does not count now
}

// known is what else is known of a component.
type known struct {
	kind       Kind
	judged     bool   // its kind has a baseline
	recognised string // name of the host that it is, of a machine on a link
	goneAt     time.Time
	goneFrom   string // name of the host that it was on last
	references []Reference
	account    string // that it belongs to or serves
}

// weigh says where a component stands: what people said, against where it is.
func weigh(k known, s Standing, places []Place, now time.Time) verdict {
	var there []Place
	for _, p := range places {
		if !p.retired {
			there = append(there, p)
		}
	}
	switch {
	case len(there) == 0 && len(places) > 0:
		return verdict{state: Left, missing: "not_observed", why: "the host that it was on left the population: " + places[0].Name}
	case len(there) == 0 && !k.goneAt.IsZero():
		return verdict{state: Gone, allowed: true, why: "it is nowhere any more: " + k.goneFrom + " had it last, until " + stamp(k.goneAt)}
	case len(there) == 0:
		return verdict{state: Unknown, missing: "not_observed", why: "no host has reported it"}
	case k.recognised != "":
		return verdict{state: Recognised, allowed: true, why: "it is " + k.recognised + ", which has an agent"}
	case !k.judged:
		return verdict{state: Learning, missing: "not_observed", why: notYet(k.kind)}
	}
	if s.Refused != nil {
		v := verdict{state: Rejected}
		blind := v.split(there)
		what := "refused on " + stamp(s.Refused.At) + ": " + strings.TrimRight(s.Refused.Reason, ".")
		return v.say(blind, what+"; it is still on ", "it was refused")
	}
	var open, lapsed []Place
	var by, gone *Decision
	through, unsure := "", ""
	for _, p := range there {
		held, expired := s.covering(p.Name, now)
		if held == nil {
			d, ref, why := k.borrowed(s, p, places, now)
			if d != nil {
				by, through = d, "; on "+p.Name+" because "+ref.Name+", the reference ("+ref.Ref+"), has it"
				continue
			}
			if why != "" {
				unsure = p.Name + ": " + why
				continue
			}
		}
		switch {
		case held != nil:
			by = held
		case expired != nil:
			lapsed, gone = append(lapsed, p), expired
		default:
			open = append(open, p)
		}
	}
	switch {
	case len(open) > 0:
		v := verdict{state: Fresh}
		blind := v.split(open)
		what := "nobody approved it; it is on "
		if len(s.Approvals) > 0 {
			what = "its approval is for other hosts; it is on "
		}
		return v.say(blind, what, "nobody approved it")
	case len(lapsed) > 0:
		v := verdict{state: Expired}
		blind := v.split(lapsed)
		return v.say(blind, "its approval ended on "+stamp(gone.Expires)+"; it is still on ", "its approval ended")
	case unsure != "":
		return verdict{state: Unknown, missing: "not_observed", why: "on " + unsure, unsure: true}
	}
	why := "approved on " + stamp(by.At) + ", " + by.Owner + " answers for it"
	if !by.Expires.IsZero() {
		why += ", until " + stamp(by.Expires)
	}
	return verdict{state: Allowed, allowed: true, why: why + through}
}

// split takes the hosts that can be seen now; the first that cannot is given.
func (v *verdict) split(list []Place) (blind *Place) {
	for i := range list {
		p := &list[i]
		if (p.State != "" || !p.Silent.IsZero()) && blind == nil {
			blind = p
		}
		if p.State == "" && p.Silent.IsZero() {
			v.hosts = append(v.hosts, p.Name)
		}
	}
	slices.Sort(v.hosts)
	v.hosts = slices.Compact(v.hosts)
	return blind
}

func (v verdict) say(blind *Place, seen, unseen string) verdict {
	if len(v.hosts) > 0 {
		v.why = seen + some(v.hosts)
		return v
	}
	v.state, v.missing = Unknown, "not_observed"
	if blind.Silent.IsZero() {
		v.missing = blind.State
		v.why = unseen + ", and on " + blind.Name + " it cannot be looked at: " + blind.Reason
		return v
	}
	v.why = unseen + ", and " + blind.Name + ", where it was, is silent since " + stamp(blind.Silent)
	return v
}

func notYet(k Kind) string { return "no baseline of " + plural(k) + " is approved yet" }

func some(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func plural(k Kind) string {
	w, _ := About(k)
	return w.Many
}
