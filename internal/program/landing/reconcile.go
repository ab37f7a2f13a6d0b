package landing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/proof/permit"
)

// Observed is something that an agent saw change on a host.
type Observed struct {
	Host    string    `json:"host"` // name
	ID      string    `json:"id"`   // "hst_…"
	Section string    `json:"section"`
	After   time.Time `json:"after"` // seen unchanged then; zero: seen for the first time
	At      time.Time `json:"at"`    // seen changed
	Run     string    `json:"run"`
}

// Around is how long before and after a deployment what it changes is seen.
const Around = time.Hour

// Seen is an observed change, and what accounts for it.
type Seen struct {
	Observed
	By  string `json:"by,omitempty"` // "D-3", "CH-12"; "": nothing accounts for it
	Why string `json:"why"`
}

// Reconciliation holds what landed, what was deployed and what agents saw change
// against one another, in a window.
type Reconciliation struct {
	From        time.Time    `json:"from"`
	To          time.Time    `json:"to"`
	Known       int64        `json:"known"` // size of the ledger
	Changes     int          `json:"changes"`
	Deployed    int          `json:"deployed"`        // of the changes
	Undeployed  []*Change    `json:"not_deployed"`    // landed, and in no production deployment
	Direct      []*Change    `json:"direct"`          // pushed directly, or by a request of which nothing is known
	Rewritten   []*Change    `json:"rewritten"`       // vanished from the branch
	Deployments int          `json:"deployments"`     // to production
	Tied        int          `json:"tied"`            // of these: of a commit that had been merged
	Unmerged    []Deployment `json:"without_merge"`   // not
	Observed    int          `json:"observed"`        // changes that agents saw
	Accounted   int          `json:"accounted"`       // of these
	Unexplained []Seen       `json:"unexplained"`     // nothing accounts for them
	Notes       []string     `json:"notes,omitempty"` // what limits what this shows
}

// MaxShown bounds each list of a reconciliation; its counts are whole.
const MaxShown = 200

// Explain holds what agents saw change against what may account for it.
func (r *Reconciliation) Explain(observed []Observed, causes *Causes) {
	for _, o := range observed {
		r.Observed++
		seen := Seen{Observed: o}
		if seen.By, seen.Why = causes.Of(o); seen.By != "" {
			r.Accounted++
		} else if len(r.Unexplained) < MaxShown {
			r.Unexplained = append(r.Unexplained, seen)
		}
	}
}

// Held is a change token that held on hosts.
type Held struct {
	Change string // "CH-12"
	Hosts  []string
	From   int64 // Unix seconds
	Until  int64
}

// Causes is what may account for what agents saw.
type Causes struct {
	deployments []*Deployment // by time
	patterns    map[string][]string
	held        []Held
	asked       []*Change // approved and done
}

// NewCauses makes it of deployments in order of time, the patterns of hosts of
// each repository, tokens, and changes, of which those that were asked for here
// count.
func NewCauses(deployments []*Deployment, patterns map[string][]string, held []Held, changes []*Change) *Causes {
	lower := func(all []string) []string {
		out := make([]string, len(all))
		for i, p := range all {
			out[i] = strings.ToLower(p)
		}
		return out
	}
	c := &Causes{deployments: deployments, patterns: map[string][]string{}, held: slices.Clone(held)}
	for slug, list := range patterns {
		c.patterns[slug] = lower(list)
	}
	for i := range c.held {
		c.held[i].Hosts = lower(c.held[i].Hosts)
	}
	for _, ch := range changes {
		if ch.Kind == Manual && !ch.DeployedAt.IsZero() && ch.Attribute(Approved).Outcome == Pass {
			c.asked = append(c.asked, ch)
		}
	}
	return c
}

func on(list []string, host string) bool {
	return slices.ContainsFunc(list, func(p string) bool { return permit.Match(p, host) })
}

// Of gives what accounts for an observed change: a deployment to that host around
// then, a change token that holds for it, or a change that was asked for here,
// approved, and done around then; "" where nothing does.
func (c *Causes) Of(o Observed) (by, why string) {
	host := strings.ToLower(o.Host)
	began := o.At.Add(-Around)
	if !o.After.IsZero() && o.After.Before(began) {
		began = o.After
	}
	if limit := o.At.Add(-24 * time.Hour); began.Before(limit) {
		began = limit // the agent was silent: a deployment of last week explains nothing
	}
	first, _ := slices.BinarySearchFunc(c.deployments, began, func(d *Deployment, t time.Time) int { return d.At.Compare(t) })
	for _, d := range c.deployments[first:] {
		if d.At.After(o.At.Add(Skew)) {
			break
		}
		if d.State == "success" && (on(c.patterns[d.Repository], host) || slices.ContainsFunc(d.Hosts, func(p string) bool { return permit.Match(strings.ToLower(p), host) })) {
			return d.Ref(), fmt.Sprintf("deployed to %s on %s", d.Environment, Day(d.At))
		}
	}
	for _, t := range c.held {
		if o.At.Unix() >= t.From && o.At.Add(-Around).Unix() < t.Until && on(t.Hosts, host) {
			return t.Change, "a change token held on this host"
		}
	}
	for _, ch := range c.asked {
		if slices.ContainsFunc(ch.Hosts, func(p string) bool { return permit.Match(strings.ToLower(p), host) }) && !o.At.Before(ch.DeployedAt.Add(-Around)) && !o.At.After(ch.DeployedAt.Add(Around)) {
			return ch.Ref(), "asked for, approved, and done on " + Day(ch.DeployedAt)
		}
	}
	return "", "no deployment, change token or approved request accounts for it"
}
