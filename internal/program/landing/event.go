package landing

import "time"

// What an event is about.
const (
	RequestSeen    = "request"    // a merge or pull request as it is
	ReviewGiven    = "review"     // approved, withdrawn, changes_requested
	Pushed         = "push"       // commits came onto a branch
	Checked        = "check"      // a result of a build server
	DeploymentMade = "deployment" // something reached an environment
	Declared       = "declared"   // a person's word: an emergency, its review
	Other          = "other"      // understood, and of no matter here: a ping
)

// Event is what a forge, a build server or an operation told, in one form for
// all. Only what is filled matters to its Kind.
type Event struct {
	ID       string    `json:"-"` // "cev_…"
	Kind     string    `json:"kind"`
	At       time.Time `json:"at"` // when it happened, as the sender says; else when it came
	Received time.Time `json:"-"`
	Source   string    `json:"source"` // "GitHub", "operation"
	Actor    Identity  `json:"actor,omitzero"`

	Number   int64      `json:"number,omitempty"` // of the request
	Title    string     `json:"title,omitempty"`
	Text     string     `json:"text,omitempty"` // of the request's description
	URL      string     `json:"url,omitempty"`
	State    string     `json:"state,omitempty"`  // request: open, merged, closed; review: approved, withdrawn, changes_requested; check, deployment: success, failure, pending
	Branch   string     `json:"branch,omitempty"` // the target of a request, the branch of a push
	From     string     `json:"from,omitempty"`   // branch of the request
	Head     string     `json:"head,omitempty"`   // commit: of the request, review, check, deployment; after a push
	Before   string     `json:"before,omitempty"` // commit before a push
	Forced   bool       `json:"forced,omitempty"` // of an answer: by who made the change, because nobody else could
	Landed   string     `json:"landed,omitempty"` // commit of a merged request on the target branch
	Commits  int        `json:"commits,omitempty"`
	Labels   []string   `json:"labels,omitempty"`
	Author   Identity   `json:"author,omitzero"` // of the request
	Merger   Identity   `json:"merger,omitzero"`
	MergedAt time.Time  `json:"merged_at,omitzero"`
	Known    []Identity `json:"known,omitempty"` // logins and mails that the forge says belong together
	Name     string     `json:"name,omitempty"`  // of a check, or the environment of a deployment
	Hosts    []string   `json:"hosts,omitempty"`
	Subject  string     `json:"subject,omitempty"` // of a word: "CH-12"
}

// Delivery is a webhook's message, understood.
type Delivery struct {
	ID     string // by which the sender knows it: taken once
	Name   string // what the sender calls it: "pull_request"
	Events []Event
}

// History is what a repository holds.
type History struct {
	Head    string              // of the production branch
	Line    []string            // commits of the branch along first parents, oldest first
	Commits []Commit            // those that were not known
	Paths   map[string][]string // of those on the line that were not on it before
}

// Known says what is known of a commit before a reading.
type Known int

// What is known.
const (
	Unknown   Known = iota
	Elsewhere       // on no branch that matters, or on another
	OnBranch        // on the line of the production branch
)
