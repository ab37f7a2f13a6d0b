package readiness

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/program/scope"
)

// Config wires a Service. Beside may be nil: more lines that the caller knows,
// of policies and engagements.
type Config struct {
	Clock    clock.Clock
	Posture  *posture.Service
	Gaps     *gap.Service
	Plan     *plan.Service
	Scopes   *scope.Service
	Evidence *evidence.Service
	Beside   func(ctx context.Context, p access.Principal) ([]Line, error)
	Risks    *risk.Service // may be nil: then only the control says where the yearly assessment stands
}

// Service answers what lies ahead.
type Service struct {
	cfg Config
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Target is by when the plan has to be done, and why then.
type Target struct {
	At    time.Time `json:"at,omitzero"` // zero: nothing says
	Words string    `json:"words"`
}

// TargetOf gives the target of a window at a moment: what is not in place when a
// window begins is a deviation from its first day.
func TargetOf(w scope.Window, has bool, now time.Time) Target {
	day := func(t time.Time) string { return t.In(w.Zone).Format("2 Jan 2006") }
	switch {
	case !has:
		return Target{Words: "the scope names neither a date nor a window"}
	case w.Type == 1 && now.Before(w.End):
		return Target{w.End, "as of " + day(w.Start) + " (type 1)"}
	case now.Before(w.Start):
		return Target{w.Start, "the window begins on " + day(w.Start)}
	case now.Before(w.End):
		return Target{w.End, "the window ends on " + day(w.End.Add(-time.Microsecond))}
	}
	return Target{Words: "the window ended on " + day(w.End.Add(-time.Microsecond))}
}

// Gathering is what can still be gathered of a control before the window ends.
type Gathering struct {
	Slug      string    `json:"slug"`
	Number    int       `json:"number"`
	Title     string    `json:"title"`
	Rhythm    string    `json:"rhythm"`
	Key       bool      `json:"key"`
	Shown     int       `json:"shown"`         // instances of the window performed in time
	Waiting   int       `json:"waiting"`       // of them: what shows it waits for review
	Missed    int       `json:"missed"`        // missed, late or waived: they stay deviations
	Perform   int       `json:"perform"`       // can still be performed in time
	Collect   int       `json:"collect"`       // are due: only evidence of a performance in time can still be brought
	Next      time.Time `json:"next,omitzero"` // by when the next has to be performed
	Last      time.Time `json:"last,omitzero"` // by when the last can be
	Never     bool      `json:"never"`         // nothing is shown, and nothing can be performed any more
	Triggered bool      `json:"triggered"`     // set off by what happens: nobody can plan it
}

// Outlook is the plan with its schedule.
type Outlook struct {
	Now      time.Time     `json:"now"`
	Zone     string        `json:"zone"`
	Window   *scope.Window `json:"window,omitempty"`
	Target   Target        `json:"target"`
	Tasks    []plan.Task   `json:"tasks"` // all, by number
	Schedule plan.Schedule `json:"schedule"`
	Gone     []int         `json:"gone,omitempty"`  // tasks whose gap is gone already: the next look closes them
	Still    []int         `json:"still,omitempty"` // tasks that are said to be done and whose gap is there
	Loose    []string      `json:"loose,omitempty"` // keys of gaps without a task
}

// Outlook gives the plan as it stands.
func (s *Service) Outlook(ctx context.Context, p access.Principal) (Outlook, error) {
	o, _, err := s.outlook(ctx, p)
	return o, err
}

func (s *Service) outlook(ctx context.Context, p access.Principal) (Outlook, gap.Report, error) {
	o := Outlook{Now: s.cfg.Clock()}
	var r gap.Report
	var err error
	if o.Tasks, err = s.cfg.Plan.List(ctx, p, plan.Filter{}); err != nil {
		return o, r, err
	}
	sc, err := s.cfg.Scopes.Now(ctx)
	if err != nil {
		return o, r, err
	}
	o.Zone = sc.Location().String()
	w, has := sc.Window()
	if has {
		o.Window = &w
	}
	o.Target = TargetOf(w, has, o.Now)
	o.Schedule = plan.NewSchedule(o.Tasks, o.Now, o.Target.At, sc.Location())
	if r, err = s.cfg.Gaps.Report(ctx, p, posture.Now()); err != nil {
		return o, r, err
	}
	tasked := map[string]bool{}
	for i := range o.Tasks {
		t := &o.Tasks[i]
		if t.Gap == "" || t.State.Over() {
			continue
		}
		tasked[t.Gap] = true
		_, there := r.Gap(t.Gap)
		if !there {
			o.Gone = append(o.Gone, t.Number)
		} else if t.State == plan.Said {
			o.Still = append(o.Still, t.Number)
		}
	}
	for _, g := range r.Gaps {
		if !tasked[g.Key] {
			o.Loose = append(o.Loose, g.Key)
		}
	}
	return o, r, nil
}

// Slip gives what changes when a task takes some half working days longer, beside
// the outlook without that.
func (s *Service) Slip(ctx context.Context, p access.Principal, ref string, by int) (Outlook, plan.Slip, error) {
	t, err := s.cfg.Plan.Get(ctx, p, ref)
	if err != nil {
		return Outlook{}, plan.Slip{}, err
	}
	o, err := s.Outlook(ctx, p)
	if err != nil {
		return o, plan.Slip{}, err
	}
	return o, o.Schedule.Slip(o.Tasks, t.Number, by), nil
}

// Gather gives what can still be gathered of each control that people perform
// before the window ends; nothing where the scope names no window of type 2.
func (s *Service) Gather(ctx context.Context) ([]Gathering, error) {
	w, ok, err := s.cfg.Scopes.Window(ctx)
	now := s.cfg.Clock()
	if err != nil || !ok || w.Type != 2 {
		return nil, err
	}
	lanes, err := s.cfg.Posture.Lanes(ctx, w.Start, w.End)
	if err != nil {
		return nil, err
	}
	var out []Gathering
	for i := range lanes {
		if g, ok := gathering(&lanes[i], w, now); ok {
			out = append(out, g)
		}
	}
	slices.SortStableFunc(out, func(a, b Gathering) int {
		switch {
		case a.Never != b.Never:
			return first(a.Never)
		case a.Key != b.Key:
			return first(a.Key)
		}
		return cmp.Compare(b.Missed, a.Missed)
	})
	return out, nil
}

func first(yes bool) int {
	if yes {
		return -1
	}
	return 1
}

func gathering(l *posture.Lane, w scope.Window, now time.Time) (Gathering, bool) {
	g := Gathering{Slug: l.Slug, Number: l.Number, Title: l.Title, Rhythm: l.Rhythm, Key: l.Key}
	if len(l.Instances) == 0 && len(l.Gather) == 0 {
		return g, false
	}
	for _, i := range l.Instances {
		if i.Population {
			g.Triggered = true
			continue
		}
		if i.Trigger != "" {
			g.Triggered = true
		}
		if !i.Due.After(w.Start) || i.Due.After(w.End) {
			continue
		}
		switch {
		case i.State == instance.Performed && !i.Reviewed:
			g.Waiting++
			g.Shown++
		case i.State == instance.Performed:
			g.Shown++
		case i.Deviates():
			g.Missed++
		}
	}
	for _, i := range l.Gather {
		if !i.Perform {
			g.Collect++
			continue
		}
		g.Perform++
		if g.Next.IsZero() {
			g.Next = i.Until
		}
		g.Last = i.Until
	}
	g.Never = !g.Triggered && g.Shown == 0 && g.Perform == 0 && now.After(w.Start)
	return g, true
}

// Proposal is a task that a gap calls for.
type Proposal struct {
	plan.Fields
	Kind   gap.Kind `json:"kind"`
	Task   int      `json:"task,omitempty"` // that is to close the gap already
	Chosen bool     `json:"chosen"`         // made unless somebody says otherwise
}

// Propose gives a task for each gap: technical work first, each after what it
// needs, due so that the target can still be met.
func (s *Service) Propose(ctx context.Context, p access.Principal) ([]Proposal, error) {
	o, r, err := s.outlook(ctx, p)
	if err != nil {
		return nil, err
	}
	tasked := map[string]int{}
	for _, t := range o.Tasks {
		if t.Gap != "" && !t.State.Over() {
			tasked[t.Gap] = t.Number
		}
	}
	loc, err := time.LoadLocation(o.Zone)
	if err != nil {
		loc = time.UTC
	}
	return proposals(r, tasked, o.Now, o.Target.At, loc), nil
}

func proposals(r gap.Report, tasked map[string]int, now, target time.Time, zone *time.Location) []Proposal {
	mode := map[string]gap.Control{}
	for _, c := range r.Criteria {
		for _, k := range c.Controls {
			mode[k.Slug] = k
		}
	}
	var out []Proposal
	place := map[string]int{} // key of a gap: number among the proposals, from 1
	for _, g := range r.Gaps {
		out = append(out, proposal(g, mode))
		out[len(out)-1].Task = tasked[g.Key]
		if out[len(out)-1].Task != 0 {
			out[len(out)-1].Chosen = false
		}
		place[g.Key] = len(out)
	}
	for i, g := range r.Gaps {
		x := &out[i]
		if design := place["controls/design"]; design > 0 && (g.Kind == gap.Evidence || g.Kind == gap.Deviates) && len(g.Controls) == 1 && !mode[g.Controls[0]].Approved {
			x.After = append(x.After, -design)
		}
	}
	slate := make([]plan.Task, len(out))
	for i, x := range out {
		slate[i] = plan.Task{Number: i + 1, Content: plan.Content{State: plan.Open, Fields: x.Fields}}
		slate[i].After = nil
		for _, m := range x.After {
			slate[i].After = append(slate[i].After, -m)
		}
	}
	s := plan.NewSchedule(slate, now, target, zone)
	for i := range out {
		slot, _ := s.Slot(i + 1)
		out[i].Due = slot.Latest
	}
	return out
}

// Chosen gives the fields of the chosen proposals, as plan.Service.CreateAll takes
// them: what waited for one that is not chosen waits for nothing, or for the task
// that there is.
func Chosen(all []Proposal, choose func(Proposal) bool) []plan.Fields {
	at := map[int]int{} // place among all, from 1: among the chosen
	var out []plan.Fields
	for i, x := range all {
		if x.Task == 0 && choose(x) {
			out = append(out, x.Fields)
			at[i+1] = len(out)
		}
	}
	for i := range out {
		var after []int
		for _, m := range out[i].After {
			if n := at[-m]; n > 0 {
				after = append(after, -n)
			} else if have := all[-m-1].Task; have != 0 {
				after = append(after, have)
			}
		}
		out[i].After = after
	}
	return out
}

func proposal(g gap.Gap, controls map[string]gap.Control) Proposal {
	x := Proposal{Kind: g.Kind, Chosen: true, Fields: plan.Fields{Gap: g.Key, Why: capital(g.Why) + ". What closes it: " + g.Change + ".", Technical: g.Technical, Role: g.Role}}
	at := g.Criteria[0]
	x.About = plan.About{Kind: "criterion", Ref: at, Path: "/gaps/" + at}
	switch g.Kind {
	case gap.Missing:
		x.Title, x.Effort = "Put a key control in place for "+at, 6
	case gap.Alone:
		x.Title, x.Effort = "Add a second key control for "+at, 4
	case gap.Together:
		x.Title, x.Effort = "Add a key control for "+at+" that rests on something else", 4
	case gap.Unaddress:
		x.Title, x.Effort = fmt.Sprintf("Consider the open points of focus of %s", at), max(1, len(g.Points)/2)
	case gap.Design:
		x.Title, x.Effort = "Read, tailor and approve the controls that are drafts", max(2, len(g.Controls)/5)
		x.About = plan.About{Kind: "controls", Ref: "drafts", Path: "/controls"}
	case gap.Deviates, gap.Evidence, gap.Answered:
		k := controls[g.Controls[0]]
		x.About = plan.About{Kind: "control", Ref: k.Slug, Path: "/controls/" + k.Slug}
		switch g.Kind {
		case gap.Deviates:
			x.Title, x.Effort = fmt.Sprintf("Mend C-%d: %s", k.Number, k.Title), 4
		case gap.Answered:
			x.Title, x.Effort = fmt.Sprintf("Begin to do what C-%d promises: %s", k.Number, k.Title), 6
		default:
			// What people do at times shows itself when it is due; only what machines show
			// needs work before.
			x.Title, x.Effort, x.Chosen = fmt.Sprintf("Show that C-%d operates: %s", k.Number, k.Title), 2, g.Technical
		}
	}
	if g.Library != nil {
		x.Why += " The library has " + join(g.Library) + "."
	}
	return x
}

func join(list []string) string {
	switch len(list) {
	case 0:
		return "nothing"
	case 1:
		return list[0]
	}
	out := ""
	for i, s := range list {
		switch {
		case i == 0:
			out = s
		case i == len(list)-1:
			out += " and " + s
		default:
			out += ", " + s
		}
	}
	return out
}

// Make makes tasks of the gaps that keys name, of the chosen proposals where none
// are named, and gives their numbers. Kind Conflict where nothing is left to make.
func (s *Service) Make(ctx context.Context, p access.Principal, keys []string) ([]int, error) {
	if err := access.Authorise(p, access.TaskEdit); err != nil {
		return nil, err
	}
	all, err := s.Propose(ctx, p)
	if err != nil {
		return nil, err
	}
	list := Chosen(all, func(x Proposal) bool { return len(keys) == 0 && x.Chosen || slices.Contains(keys, x.Gap) })
	if len(list) == 0 {
		return nil, fault.New(fault.Conflict, "each of these gaps has a task already, or is gone").WithHint("look at the gaps again")
	}
	return s.cfg.Plan.CreateAll(ctx, p, list)
}
