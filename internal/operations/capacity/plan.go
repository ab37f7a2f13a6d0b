package capacity

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
)

// PlanKind is what the journal keeps of plans.
var PlanKind = journal.Kind{Name: "capacity_plan", Prefix: "cpl", Letter: "CP", Noun: "capacity plan", Steps: []string{"drafted", "edited", "approved", "replaced", "withdrawn"}}

// PlanState is where a version of the plan stands.
type PlanState string

// The states.
const (
	Draft     PlanState = "draft"
	InForce   PlanState = "in_force"
	Replaced  PlanState = "replaced"
	Withdrawn PlanState = "withdrawn"
)

// PlanStates gives them in the order of a filter.
func PlanStates() []PlanState { return []PlanState{InForce, Draft, Replaced, Withdrawn} }

// Test is how a commitment is held against use.
type Test string

// The tests.
const (
	Now      Test = "now"      // the newest two samples
	Day      Test = "day"      // the 95th percentile of a day
	Foreseen Test = "foreseen" // full within so many days
)

// Line is one commitment: a measure of some hosts stays below a mark.
type Line struct {
	Key    string   `json:"key" doc:"Short name that stays the same over versions: disks-80." maxLength:"40"`
	Title  string   `json:"title" doc:"What is committed, in words." maxLength:"200"`
	On     string   `json:"measure" doc:"Such as disk.bytes." maxLength:"40"`
	Place  string   `json:"place,omitempty" doc:"One mount point; empty for each." maxLength:"512"`
	Test   Test     `json:"test" enum:"now,day,foreseen"`
	Mark   int      `json:"percent,omitempty" doc:"Of the limit, from 1 to 1000; not for foreseen." minimum:"0" maximum:"1000"`
	Clear  int      `json:"clears_at,omitempty" doc:"Percent below which an exceedance is over; 3 below the mark when left out." minimum:"0" maximum:"1000"`
	Within int      `json:"within_days,omitempty" doc:"For foreseen: it may not be full within so many days." minimum:"0" maximum:"730"`
	Scope  string   `json:"scope" enum:"all,environment,host"`
	Of     string   `json:"of,omitempty" doc:"The environment, or the host's name." maxLength:"200"`
	Except []string `json:"except,omitempty" doc:"Names of hosts that it does not hold for." maxItems:"200"`
	Serves string   `json:"serves,omitempty" doc:"Commitment of the scope that it serves: sc-1." maxLength:"40"`
	Why    string   `json:"why" doc:"Why this mark; for exceptions, why they are." maxLength:"2000"`
}

// PlanText is what a version of the plan says.
type PlanText struct {
	Why   string `json:"why" doc:"What is new against the version before." maxLength:"2000"`
	Lines []Line `json:"commitments" maxItems:"100"`
}

// Plan is a version of the plan.
type Plan struct {
	PlanText
	State    PlanState `json:"state"`
	Author   string    `json:"author"`
	Approver string    `json:"approver,omitempty"`
	Alone    string    `json:"alone,omitempty"` // what stands in for a second person
	From     time.Time `json:"in_force_from,omitzero"`
	To       time.Time `json:"in_force_to,omitzero"`
}

// Mark is what lists are filtered by.
func (p Plan) Mark() journal.Mark { return journal.Mark{State: string(p.State), Owner: p.Author} }

// Line finds a commitment by its key.
func (p *Plan) Line(key string) (Line, bool) {
	i := slices.IndexFunc(p.Lines, func(l Line) bool { return l.Key == key })
	if i < 0 {
		return Line{}, false
	}
	return p.Lines[i], true
}

var keys = regexp.MustCompile(`^[a-z][a-z0-9-]{1,39}$`)

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// tidy brings a plan into form, or says at which field it cannot be taken.
func (p *PlanText) tidy() (err error) {
	if p.Why, err = journal.Text("why", p.Why, "what is new", true, 2000); err != nil {
		return err
	}
	if len(p.Lines) == 0 {
		return bad("commitments", "a plan has one commitment at least").WithHint("such as: disks of every host stay below 80 %%")
	}
	if len(p.Lines) > 100 {
		return bad("commitments", "a plan has at most 100 commitments, not %d", len(p.Lines))
	}
	seen := map[string]bool{}
	for i := range p.Lines {
		if err := p.Lines[i].tidy(fmt.Sprintf("commitments[%d].", i)); err != nil {
			return err
		}
		if seen[p.Lines[i].Key] {
			return bad(fmt.Sprintf("commitments[%d].key", i), "two commitments are called %s", p.Lines[i].Key)
		}
		seen[p.Lines[i].Key] = true
	}
	return nil
}

func (l *Line) tidy(at string) (err error) {
	if !slices.Contains([]string{"all", "environment", "host"}, l.Scope) {
		return bad(at+"scope", "choose all, environment or host")
	}
	for _, t := range []struct {
		field string
		text  *string
		what  string
		must  bool
		most  int
	}{{"title", &l.Title, "what is committed", true, 200}, {"place", &l.Place, "", false, 512}, {"of", &l.Of, "which " + l.Scope, l.Scope != "all", 200}, {"serves", &l.Serves, "", false, 40}} {
		if *t.text, err = journal.Line(at+t.field, *t.text, t.what, t.must, t.most); err != nil {
			return err
		}
	}
	if l.Why, err = journal.Text(at+"why", l.Why, "why this mark", true, 2000); err != nil {
		return err
	}
	m, known := MeasureOf(l.On)
	switch {
	case !keys.MatchString(l.Key):
		return bad(at+"key", "%q is no key", l.Key).WithHint("lower-case letters, digits and dashes, a letter first: disks-80")
	case !known:
		return bad(at+"measure", "no measure is called %q", l.On).WithHint("one of %s", names())
	case l.Place != "" && !m.Places:
		return bad(at+"place", "%s has no places", l.On)
	case len(l.Except) > 200:
		return bad(at+"except", "at most 200 hosts can be excepted")
	}
	if l.Scope == "all" {
		l.Of = ""
	}
	for i, name := range l.Except {
		if l.Except[i], err = journal.Line(at+"except", name, "which host", true, 200); err != nil {
			return err
		}
	}
	slices.Sort(l.Except)
	l.Except = slices.Compact(l.Except)
	switch l.Test {
	case Now, Day:
		l.Within = 0
		if l.Mark < 1 || l.Mark > 1000 {
			return bad(at+"percent", "%d %% is no mark; choose 1 to 1000", l.Mark)
		}
		if l.Clear == 0 {
			l.Clear = max(l.Mark-3, 0)
		}
		if l.Clear < 0 || l.Clear >= l.Mark && l.Mark > 1 {
			return bad(at+"clears_at", "an exceedance clears below the mark of %d %%, not at %d %%", l.Mark, l.Clear)
		}
	case Foreseen:
		l.Mark, l.Clear = 0, 0
		if l.Within < 1 || l.Within > 730 {
			return bad(at+"within_days", "choose 1 to 730 days")
		}
		if !m.Fills {
			return bad(at+"test", "%s does not fill: no day is foreseen for it", l.On)
		}
	default:
		return bad(at+"test", "choose now, day or foreseen")
	}
	return nil
}

func names() string {
	var out []string
	for _, m := range Measures() {
		out = append(out, m.Name)
	}
	return strings.Join(out, ", ")
}

// Words says what a commitment asks.
func (l Line) Words() string {
	m, _ := MeasureOf(l.On)
	what := m.Title
	if l.Place != "" {
		what += " " + l.Place
	}
	switch l.Test {
	case Foreseen:
		return fmt.Sprintf("%s: not full within %d days", what, l.Within)
	case Day:
		return fmt.Sprintf("%s: below %d %% for 95 of 100 samples of a day", what, l.Mark)
	}
	return fmt.Sprintf("%s: below %d %%", what, l.Mark)
}

// About says for which hosts it holds.
func (l Line) About() string {
	out := "every host"
	switch l.Scope {
	case "environment":
		out = "hosts of " + l.Of
	case "host":
		out = l.Of
	}
	if len(l.Except) > 0 {
		out += " but " + strings.Join(l.Except, ", ")
	}
	return out
}

// holds reports whether a commitment is about a host.
func (l Line) holds(h Host) bool {
	if slices.Contains(l.Except, h.Name) {
		return false
	}
	switch l.Scope {
	case "environment":
		return strings.EqualFold(l.Of, h.Environment)
	case "host":
		return l.Of == h.Name
	}
	return true
}
