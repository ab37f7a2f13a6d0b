// Package separation says of an organisation whether its environments are kept
// apart, whether accounts and sessions end, and whether personal data stays out
// of tests, as far as what agents, deployments and the inventory of data tell.
//
// Serves A11 (CC8.1, CC6.1).
//
// Invariants:
//   - A statement is about a population that it counts and names; its outcome
//     follows from that, with the reason.
//   - What nothing tells of is not observed, and says what would tell.
//
// Floor: domains. Judge is pure; Look gathers what others keep.
package separation

import (
	"fmt"
	"slices"
	"strings"
)

// Outcome of a statement.
type Outcome string

// The outcomes.
const (
	Pass        Outcome = "pass"
	Fail        Outcome = "fail"
	Error       Outcome = "error"
	NotObserved Outcome = "not_observed"
)

// Host is a host as its owner describes it.
type Host struct {
	ID, Name    string
	Environment string // "" where nobody said
	Class       string // of the data on it
}

// Data is a data set of the inventory.
type Data struct {
	Ref, Name string
	Lives     []string
}

// Repository is what its deployments tell.
type Repository struct {
	Slug         string
	Environments []string // that it was deployed to
	SharedHosts  []string // of production and of another
	Unstaged     int      // deployments that were in no other environment before, and wait for an answer
}

// Check is a check over hosts with its counts.
type Check struct {
	ID, Title                        string
	Pass, Fail, Error, Silent, Other int64 // attributes of hosts; Silent: not observed
}

// Input is all that is known.
type Input struct {
	Production   []string // names of production environments, lower case
	Hosts        []Host
	Personal     []Data // of the inventory: those that hold personal data
	Inventory    bool   // there is an inventory of data
	Repositories []Repository
	Checks       []Check
}

// Item is one of a population, with where it stands.
type Item struct{ Text, Href string }

// Statement is what is said of one population.
type Statement struct {
	ID      string  `json:"id"`
	Title   string  `json:"title"`
	Over    string  `json:"over"` // the population
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason"`
	Items   []Item  `json:"items,omitempty"` // that do not hold, the first twenty
}

// maxItems bounds the items of a statement.
const maxItems = 20

// Judge gives every statement, in the order of a list.
func Judge(in Input) []Statement {
	out := []Statement{said(in), apart(in), staged(in), personal(in), research()}
	for _, c := range in.Checks {
		out = append(out, check(c))
	}
	for i := range out {
		out[i].Items = out[i].Items[:min(len(out[i].Items), maxItems)]
	}
	return out
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func (in Input) production(environment string) bool {
	return slices.Contains(in.Production, strings.ToLower(environment))
}

func itemOf(h Host) Item { return Item{h.Name, "/hosts/" + h.ID} }

func said(in Input) Statement {
	s := Statement{ID: "environments-said", Title: "Every host belongs to an environment", Over: many(len(in.Hosts), "host", "hosts")}
	names := map[string]int{}
	for _, h := range in.Hosts {
		if h.Environment == "" {
			s.Items = append(s.Items, itemOf(h))
		} else {
			names[strings.ToLower(h.Environment)]++
		}
	}
	switch {
	case len(in.Hosts) == 0:
		s.Outcome, s.Reason = NotObserved, "no host reports"
	case len(s.Items) > 0:
		s.Outcome, s.Reason = NotObserved, fmt.Sprintf("of %s nobody says which environment they belong to", many(len(s.Items), "host", "hosts"))
	case len(names) == 1:
		s.Outcome, s.Reason = NotObserved, "all belong to one environment: no host of a test environment reports"
	default:
		s.Outcome, s.Reason = Pass, fmt.Sprintf("%s of %s", many(len(in.Hosts), "host", "hosts"), many(len(names), "environment", "environments"))
	}
	return s
}

func apart(in Input) Statement {
	s := Statement{ID: "environments-apart", Title: "No host serves production and another environment", Over: many(len(in.Repositories), "repository", "repositories")}
	told := 0
	for _, r := range in.Repositories {
		if slices.ContainsFunc(r.Environments, in.production) && slices.ContainsFunc(r.Environments, func(e string) bool { return !in.production(e) }) {
			told++
		}
		for _, h := range r.SharedHosts {
			s.Items = append(s.Items, Item{h + ", by " + r.Slug, "/changes/deployments?repository=" + r.Slug})
		}
	}
	switch {
	case len(s.Items) > 0:
		s.Outcome, s.Reason = Fail, "deployments to production and to another environment changed the same hosts"
	case told == 0:
		s.Outcome, s.Reason = NotObserved, "no repository tells of deployments to production and to another environment"
	default:
		s.Outcome, s.Reason = Pass, fmt.Sprintf("no host that deployments name is in both; %s of both", many(told, "repository tells", "repositories tell"))
	}
	return s
}

func staged(in Input) Statement {
	s := Statement{ID: "deployments-staged", Title: "What reaches production was in another environment before", Over: many(len(in.Repositories), "repository", "repositories")}
	told := 0
	for _, r := range in.Repositories {
		if slices.ContainsFunc(r.Environments, func(e string) bool { return !in.production(e) }) {
			told++
		}
		if r.Unstaged > 0 {
			s.Items = append(s.Items, Item{fmt.Sprintf("%s: %s", r.Slug, many(r.Unstaged, "deployment", "deployments")), "/changes/deployments?manner=production&repository=" + r.Slug})
		}
	}
	switch {
	case len(s.Items) > 0:
		s.Outcome, s.Reason = Fail, "deployments went straight to production, and nobody answered for them"
	case told == 0:
		s.Outcome, s.Reason = NotObserved, "no deployment to another environment than production was told of"
	default:
		s.Outcome, s.Reason = Pass, "every deployment to production was in another environment before, or somebody answered for it"
	}
	return s
}

// personal holds where personal data lives against the environments of hosts.
func personal(in Input) Statement {
	s := Statement{ID: "no-personal-data-in-tests", Title: "Personal data stays out of other environments", Over: many(len(in.Personal), "data set with personal data", "data sets with personal data")}
	known := map[string]Host{}
	for _, h := range in.Hosts {
		known[strings.ToLower(h.Name)] = h
	}
	unknown := 0
	for _, d := range in.Personal {
		placed := len(d.Lives) > 0
		for _, place := range d.Lives {
			h, ok := known[strings.ToLower(place)]
			switch {
			case ok && h.Environment != "" && !in.production(h.Environment):
				s.Items = append(s.Items, Item{fmt.Sprintf("%s on %s (%s)", d.Name, h.Name, h.Environment), "/data/" + d.Ref})
			case !ok || h.Environment == "":
				placed = false
			}
		}
		if !placed {
			unknown++
		}
	}
	for _, h := range in.Hosts { // what somebody says is on a host
		if h.Environment != "" && !in.production(h.Environment) && slices.ContainsFunc(in.Personal, func(d Data) bool { return strings.EqualFold(d.Name, h.Class) }) {
			s.Items = append(s.Items, Item{fmt.Sprintf("%s on %s (%s)", h.Class, h.Name, h.Environment), "/hosts/" + h.ID})
		}
	}
	switch {
	case len(s.Items) > 0:
		s.Outcome, s.Reason = Fail, "personal data is said to be where tests run"
	case !in.Inventory:
		s.Outcome, s.Reason = NotObserved, "there is no inventory of data that would say what is personal and where it lives"
	case len(in.Personal) == 0:
		s.Outcome, s.Reason = NotObserved, "the inventory names no personal data; people who log in are some"
	case unknown > 0:
		s.Outcome, s.Reason = NotObserved, fmt.Sprintf("of %s the inventory names no host of a known environment; no agent reads what is in a database", many(unknown, "data set", "data sets"))
	default:
		s.Outcome, s.Reason = Pass, "every place that the inventory names is a host of production"
	}
	return s
}

func research() Statement {
	return Statement{ID: "no-personal-data-in-training", Title: "Personal data stays out of training and research", Over: "what models and studies are made of", Outcome: NotObserved,
		Reason: "nothing that Attesta reads tells what is used there: bring evidence of the control that keeps it out"}
}

// check says of a check over hosts what its counts say.
func check(c Check) Statement {
	s := Statement{ID: c.ID, Title: c.Title, Over: many(int(c.Pass+c.Fail+c.Error+c.Silent), "answer of hosts", "answers of hosts"), Items: []Item{{"The check", "/checks/" + c.ID}}}
	switch {
	case c.Fail > 0:
		s.Outcome, s.Reason = Fail, fmt.Sprintf("%d fail, %d pass", c.Fail, c.Pass)
	case c.Error > 0:
		s.Outcome, s.Reason = Error, fmt.Sprintf("%d could not be judged, %d pass", c.Error, c.Pass)
	case c.Pass == 0:
		s.Outcome, s.Reason = NotObserved, "no host answers it"
	case c.Silent > 0:
		s.Outcome, s.Reason = NotObserved, fmt.Sprintf("%d are not observed, %d pass", c.Silent, c.Pass)
	default:
		s.Outcome, s.Reason = Pass, fmt.Sprintf("all %d pass", c.Pass)
	}
	return s
}
