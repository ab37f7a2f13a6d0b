package question

import (
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/scope"
)

// Verdict is what answers say about a category.
type Verdict string

// The verdicts.
const (
	In   Verdict = "in"   // something speaks for it
	Out  Verdict = "out"  // what decides it was answered, and nothing speaks for it
	Open Verdict = "open" // what would decide it was skipped or is not known
)

// Suggested is a category with what the answers say about it.
type Suggested struct {
	Category catalog.Category `json:"category"`
	Verdict  Verdict          `json:"verdict"`
	Reasons  []string         `json:"reasons"`
}

// Hint is a control of the library to begin with, and why.
type Hint struct {
	Control string   `json:"control"`
	Because []string `json:"because"`
}

// Access is somebody or something with access to data: one of the first
// population of accounts.
type Access struct {
	Who   string `json:"who"`
	Kind  string `json:"kind"`  // staff, support, vendor, service
	Reach string `json:"reach"` // what they reach, and how; "" where nobody said
}

// Result is what follows from the first questions.
type Result struct {
	Service    string            `json:"service"`
	Use        []string          `json:"use"`
	Categories []Suggested       `json:"categories"`
	Controls   []Hint            `json:"controls"`
	Data       []DataSet         `json:"data"`     // drafts
	Accounts   []Access          `json:"accounts"` // the first population
	Said       map[string]string `json:"said"`     // control: yes, no or unknown, it is performed
	Answers    map[string]string `json:"answers"`  // to questions of scope
	Promises   []Promise         `json:"promises"`
	Places     []string          `json:"places"`
	Open       []Question        `json:"open"` // skipped, or answered with "I do not know"
	Known      int               `json:"answered"`
	Asked      int               `json:"asked"`
	pro        map[catalog.Category][]string
}

// Derive gives what follows from answers.
func (q *Questionnaire) Derive(a Answers) Result {
	r := Result{Use: a["use"].Lines(), Service: a["service"].Text, Categories: []Suggested{}, Controls: []Hint{}, Data: []DataSet{}, Accounts: []Access{}, Said: map[string]string{}, Answers: map[string]string{},
		Promises: []Promise{}, Places: a["places"].Lines(), Open: []Question{}, pro: map[catalog.Category][]string{}}
	if r.Use == nil {
		r.Use = []string{}
	}
	if r.Places == nil {
		r.Places = []string{}
	}
	hints := map[string]int{}
	hint := func(slugs []string, why string) {
		for _, s := range slugs {
			at, ok := hints[s]
			if !ok {
				at = len(r.Controls)
				hints[s] = at
				r.Controls = append(r.Controls, Hint{Control: s})
			}
			if !slices.Contains(r.Controls[at].Because, why) {
				r.Controls[at].Because = append(r.Controls[at].Because, why)
			}
		}
	}
	for _, x := range q.Questions() {
		r.Asked++
		got := a[x.ID]
		if got.Empty() || got.Unknown {
			r.Open = append(r.Open, x)
			if got.Unknown {
				for _, o := range x.Options { // whatever the question is about is not known to be performed
					for name := range o.Practice {
						r.Said[name] = "unknown"
					}
				}
			}
			continue
		}
		r.Known++
		hint(x.Controls, "you answered: "+short(x.Words(got)))
		for _, v := range got.Values {
			o, ok := x.Option(v)
			if !ok {
				continue // asked no more
			}
			hint(o.Controls, o.Text)
			for _, b := range o.Categories {
				if !slices.Contains(r.pro[b.Category], b.Reason) {
					r.pro[b.Category] = append(r.pro[b.Category], b.Reason)
				}
			}
			for name, said := range o.Practice {
				r.Said[name] = said
			}
			for name, said := range o.Answers {
				r.Answers[name] = said
			}
			if o.Data != nil {
				r.Data = append(r.Data, *o.Data)
			}
			if o.Commitment != nil {
				r.Promises = append(r.Promises, *o.Commitment)
			}
		}
		if x.Group != "" {
			for _, line := range got.Lines() {
				r.Accounts = append(r.Accounts, parseAccess(line, x.Group))
			}
		}
	}
	r.inherit(q, a)
	r.suggest(a)
	return r
}

func short(s string) string {
	if len([]rune(s)) > 80 {
		return string([]rune(s)[:77]) + "…"
	}
	return s
}

// parseAccess reads "Ann (platform) - database, cloud console".
func parseAccess(line, kind string) Access {
	for _, sep := range []string{" - ", " – ", " — ", ": ", "\t"} {
		if who, reach, ok := strings.Cut(line, sep); ok && strings.TrimSpace(who) != "" {
			return Access{strings.TrimSpace(who), kind, strings.TrimSpace(reach)}
		}
	}
	return Access{Who: line, Kind: kind}
}

// inherit gives the drafts of data sets what was said of all data together.
func (r *Result) inherit(q *Questionnaire, a Answers) {
	said := func(id string) []string {
		var out []string
		for _, x := range q.Questions() {
			if x.ID == id {
				for _, v := range a[id].Values {
					if o, ok := x.Option(v); ok {
						out = append(out, o.Text)
					}
				}
			}
		}
		return out
	}
	lives, moves := r.Places, said("moves")
	if len(lives) == 0 {
		lives = said("lives")
	}
	for i := range r.Data {
		r.Data[i].Lives, r.Data[i].Moves, r.Data[i].Access = slices.Clone(lives), moves, slices.Clone(r.Accounts)
	}
}

// suggest says which categories to examine. Security always is; another is in
// where an answer speaks for it, and out only where what decides it was answered.
func (r *Result) suggest(a Answers) {
	decided := func(ids ...string) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return a[id].Empty() || a[id].Unknown })
	}
	for _, c := range catalog.Categories() {
		s := Suggested{Category: c, Verdict: In, Reasons: r.pro[c]}
		switch {
		case c == catalog.Security:
			s.Reasons = []string{"security belongs to every examination"}
		case len(s.Reasons) > 0:
		case decided("data", "promises"):
			s.Verdict, s.Reasons = Out, []string{against[c]}
		default:
			s.Verdict, s.Reasons = Open, []string{"what you hold and what you promise would decide it, and one of the two is not answered"}
		}
		r.Categories = append(r.Categories, s)
	}
}

// against is why a category is left out where nothing speaks for it.
var against = map[catalog.Category]string{
	catalog.Availability:        "no commitment about up-time or recovery was made to customers",
	catalog.ProcessingIntegrity: "customers do not act on figures that the service computes, and nothing is promised about results",
	catalog.Confidentiality:     "no data is held that customers expect to be kept from others, and nothing is promised about it",
	catalog.Privacy:             "no personal data is processed beyond that of the users themselves, and nothing is promised about it",
}

// Source is what is named as the source of a commitment until somebody names the
// document.
const Source = "first questions; name the document that makes it"

// Draft writes what was answered into a scope: name, categories with reasons, first
// boundary and commitments. What the scope says already stays.
func (r *Result) Draft(c scope.Content) scope.Content {
	if len(c.Systems) == 0 && r.Service != "" {
		c.Systems = []scope.Described{{Name: r.Service, Services: slices.Clone(r.Use)}}
	}
	c.Categories, c.LeftOut = slices.Clone(c.Categories), slices.Clone(c.LeftOut)
	for _, s := range r.Categories {
		if s.Category == catalog.Security {
			continue
		}
		switch s.Verdict {
		case In:
			if !slices.Contains(c.Categories, s.Category) {
				c.Categories = append(c.Categories, s.Category)
			}
			c.LeftOut = slices.DeleteFunc(c.LeftOut, func(l scope.LeftOut) bool { return l.Category == s.Category })
		case Out:
			if !c.Has(s.Category) && c.Reason(s.Category) == "" {
				c.LeftOut = append(c.LeftOut, scope.LeftOut{Category: s.Category, Reason: "By the first questions: " + s.Reasons[0] + "."})
			}
		}
	}
	for name, to := range map[string]*catalog.Answer{"controller": &c.Controller, "processor": &c.Processor, "goods": &c.Goods} {
		if said := r.Answers[name]; said != "" && *to == catalog.Unanswered {
			*to = catalog.Answer(said)
		}
	}
	r.commitments(&c)
	r.boundary(&c)
	return c
}

func (r *Result) commitments(c *scope.Content) {
	c.Commitments = slices.Clone(c.Commitments)
	for _, p := range r.Promises {
		if slices.ContainsFunc(c.Commitments, func(k scope.Commitment) bool { return k.Statement == p.Statement }) {
			continue
		}
		id := ""
		for n := len(c.Commitments) + 1; id == ""; n++ {
			id = fmt.Sprintf("sc-%d", n)
			if slices.ContainsFunc(c.Commitments, func(k scope.Commitment) bool { return k.ID == id }) {
				id = ""
			}
		}
		c.Commitments = append(c.Commitments, scope.Commitment{ID: id, To: "customers", Statement: p.Statement, Source: Source, Categories: p.Categories})
	}
}

func (r *Result) boundary(c *scope.Content) {
	c.Boundary = slices.Clone(c.Boundary)
	add := func(kind scope.Kind, name string) {
		const most = 120 // bytes that the scope keeps of a name
		if name == "" || len(name) > most || slices.ContainsFunc(c.Boundary, func(k scope.Component) bool { return k.Name == name }) || len(c.Boundary) >= 150 {
			return
		}
		c.Boundary = append(c.Boundary, scope.Component{Name: name, Kind: kind})
	}
	for _, p := range r.Places {
		add(scope.Infrastructure, p)
	}
	add(scope.Software, r.Service)
	for _, x := range r.Accounts {
		if x.Kind == "staff" || x.Kind == "support" {
			add(scope.People, x.Who)
		}
	}
	for _, d := range r.Data {
		add(scope.Data, d.Name)
	}
}
