package landing

import (
	"fmt"
	"time"
)

// Outcome of an attribute.
type Outcome string

// The outcomes.
const (
	Pass          Outcome = "pass"
	Fail          Outcome = "fail"
	Error         Outcome = "error"
	NotObserved   Outcome = "not_observed"
	NotApplicable Outcome = "not_applicable"
)

// Outcomes gives them, worst first.
func Outcomes() []Outcome { return []Outcome{Fail, Error, NotObserved, Pass, NotApplicable} }

// The attributes of a change, and of a deployment the first and the last two.
const (
	Route      = "route"      // it came by a request, not by a direct push
	Requested  = "requested"  // a ticket asks for it
	Tested     = "tested"     // checks held on what landed, before it was deployed
	Approved   = "approved"   // by somebody who did not write it, before it landed
	Accepted   = "accepted"   // by the business, where the rules ask
	Segregated = "segregated" // who deployed it did not write it
	Deployed   = "deployed"   // it reached production
	Merged     = "merged"     // what was deployed is what was merged
	Intact     = "intact"     // it is still on the branch
)

// Names gives the attributes in the order of lists.
func Names() []string {
	return []string{Route, Requested, Tested, Approved, Accepted, Segregated, Deployed, Merged, Intact}
}

// Title gives an attribute as a question that its outcome answers.
func Title(name string) string {
	return map[string]string{Route: "Came by a request", Requested: "Requested", Tested: "Tested outside production", Approved: "Approved by another person",
		Accepted: "Accepted by the business", Segregated: "Deployed by another person", Deployed: "Deployed", Merged: "Deployed as merged", Intact: "Still on the branch"}[name]
}

// Attribute is one answer about a change.
type Attribute struct {
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason"`
	Source  string  `json:"source,omitempty"` // where it was read: "GitHub review of !12", "commit 1a2b3c"
}

// Kind says how a change came.
type Kind string

// The kinds.
const (
	ByMerge  Kind = "merge"   // a merge commit
	BySquash Kind = "squash"  // one commit of a request
	ByRebase Kind = "rebase"  // the commits of a request, one after another
	Direct   Kind = "direct"  // pushed without a request
	Claimed  Kind = "claimed" // names a request of which nothing was received
	Manual   Kind = "manual"  // asked for here, without a repository
)

// Person is who did something, as far as it is known.
type Person struct {
	Key  string `json:"key"`            // "usr_…", or "mail …", "login …" where nobody here is known by it
	Name string `json:"name,omitempty"` // as the source writes it
}

// Change is what landed at once.
type Change struct {
	ID         string   `json:"id"`     // "chg_…"
	Number     int64    `json:"number"` // CH-12
	Repository string   `json:"repository"`
	Kind       Kind     `json:"kind"`
	Title      string   `json:"title"`
	Request    int64    `json:"request,omitempty"` // of the forge
	Address    string   `json:"address,omitempty"` // of the request
	Landed     string   `json:"landed"`            // commit
	Commits    []string `json:"commits"`           // that it brought, oldest first; the landing one last
	Lines      int      `json:"commit_count"`      // how many; Commits names up to a hundred
	Authors    []Person `json:"authors"`
	Merger     Person   `json:"merger"`
	Tickets    []string `json:"tickets,omitempty"`
	Classes    []string `json:"classes,omitempty"` // infrastructure, database, configuration
	Paths      []string `json:"paths,omitempty"`   // that it touches, up to a hundred
	Reverts    []string `json:"reverts,omitempty"` // commits
	Picked     []string `json:"picked,omitempty"`  // commits that it was cherry-picked from
	Standard   string   `json:"standard,omitempty"`
	Emergency  string   `json:"emergency,omitempty"` // why it is one
	Text       string   `json:"text,omitempty"`      // of one that was asked for here
	Hosts      []string `json:"hosts,omitempty"`     // that it concerns, of one that was asked for here

	Due time.Time `json:"due,omitzero"` // of an emergency: by when it is reviewed

	Answers     []Answer    `json:"answers,omitempty"` // words on what does not hold
	Approvals   []Approval  `json:"approvals,omitempty"`
	Checks      []Check     `json:"checks,omitempty"`
	Deployments []string    `json:"deployments,omitempty"` // "D-3", the first that brought it to each environment
	At          time.Time   `json:"at"`                    // when it landed
	DeployedAt  time.Time   `json:"deployed_at,omitzero"`  // when it first reached production
	Outcome     Outcome     `json:"outcome"`               // the worst
	Attributes  []Attribute `json:"attributes"`

	Version int    `json:"version"`
	Entry   string `json:"entry"`
	Index   int64  `json:"index"`
	Key     string `json:"-"` // unique in its repository
}

// Ref gives the short number as people write it: "CH-12".
func (c *Change) Ref() string { return fmt.Sprintf("CH-%d", c.Number) }

// Attribute gives the answer of that name.
func (c *Change) Attribute(name string) Attribute { return AttributeOf(c.Attributes, name) }

// AttributeOf gives the answer of that name among all.
func AttributeOf(all []Attribute, name string) Attribute {
	for _, a := range all {
		if a.Name == name {
			return a
		}
	}
	return Attribute{Name: name, Outcome: NotApplicable, Reason: "it is not asked of this"}
}

// Approval is somebody's word on a request, and whether it counts.
type Approval struct {
	By     Person    `json:"by"`
	At     time.Time `json:"at"`
	Commit string    `json:"commit,omitempty"` // that was looked at
	Counts bool      `json:"counts"`
	Why    string    `json:"why,omitempty"` // it does not
}

// Check is a result of a build server.
type Check struct {
	Name   string    `json:"name"`
	Commit string    `json:"commit"`
	State  string    `json:"state"` // success, failure, pending
	At     time.Time `json:"at"`
	URL    string    `json:"url,omitempty"`
}

// Deployment is something brought to an environment.
type Deployment struct {
	ID          string      `json:"id"`     // "dep_…"
	Number      int64       `json:"number"` // D-3
	Repository  string      `json:"repository"`
	Environment string      `json:"environment"`
	Production  bool        `json:"production"`
	Commit      string      `json:"commit"`
	State       string      `json:"state"` // success, failure
	By          Person      `json:"by"`
	Hosts       []string    `json:"hosts,omitempty"` // names that it changed
	Link        string      `json:"link,omitempty"`
	From        string      `json:"from"` // where it was read
	At          time.Time   `json:"at"`
	Changes     []string    `json:"changes,omitempty"` // "CH-…" that it brought first, up to a hundred
	Brought     int         `json:"brought"`           // how many
	Answers     []Answer    `json:"answers,omitempty"` // words on what does not hold
	Outcome     Outcome     `json:"outcome"`
	Attributes  []Attribute `json:"attributes"`

	Version int    `json:"version"`
	Entry   string `json:"entry"`
	Index   int64  `json:"index"`
	Key     string `json:"-"`
	brought []int  // places of all changes that it brought first
}

// Ref gives the short number as people write it: "D-3".
func (d *Deployment) Ref() string { return fmt.Sprintf("D-%d", d.Number) }

// Commit is a commit as a repository holds it.
type Commit struct {
	SHA           string
	Parents       []string
	Tree          string
	AuthorName    string
	AuthorMail    string
	AuthoredAt    time.Time
	CommitterName string
	CommitterMail string
	CommittedAt   time.Time // as the committer's clock said: a claim
	Message       string    // at most 4,000 bytes
	Paths         []string  // that it touches against its first parent, of commits on the branch; up to a hundred
	SeenAt        time.Time // when it was read first
	AfterAt       time.Time // when the repository was read last before that; zero: it was not
	Place         int       // on the branch, from 0, along first parents; -1: not on it
	GoneAt        time.Time // when it was found to be no longer on the branch
}

// Worst gives the outcome that a whole takes from its parts.
func Worst(all []Attribute) Outcome {
	rank := map[Outcome]int{Fail: 4, Error: 3, NotObserved: 2, Pass: 1}
	out := NotApplicable
	for _, a := range all {
		if rank[a.Outcome] > rank[out] {
			out = a.Outcome
		}
	}
	return out
}
