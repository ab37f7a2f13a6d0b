package readiness

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/program/scope"
)

// Link leads to what produced a line.
type Link struct {
	Text string `json:"text"`
	Path string `json:"path"`
}

// Line is one thing about readiness.
type Line struct {
	Kind   string    `json:"kind"` // scope, gap, instance, evidence, task, policy, engagement
	Text   string    `json:"text"`
	Why    string    `json:"why"`
	Path   string    `json:"path"`            // to what produced it
	Items  []Link    `json:"items,omitempty"` // each thing that the line counts
	Blocks bool      `json:"blocks"`          // the examination cannot be passed, or not begun, with it
	When   time.Time `json:"when,omitzero"`   // of evidence: when it goes stale
}

// Readiness is what stands between today and the examination.
type Readiness struct {
	Now    time.Time `json:"now"`
	Target Target    `json:"target"`
	Blocks []Line    `json:"blocks"`            // what blocks the examination
	Asks   []Line    `json:"asks"`              // what an auditor will ask about
	Stale  []Line    `json:"stale"`             // evidence that is or will be stale
	Risk   Line      `json:"risk"`              // the yearly risk assessment: another thing than this page
	Spare  int       `json:"spare"`             // half working days between the end of the plan and the target
	End    time.Time `json:"end,omitzero"`      // of the plan
	Path   []Link    `json:"path"`              // critical path of the plan
	Left   int       `json:"tasks"`             // tasks that are not over
	Loose  int       `json:"gaps_without_task"` // gaps that no task closes
}

// soon is how far ahead evidence is said to go stale.
const soon = 30 * 24 * time.Hour

// Readiness gives what blocks the examination now.
func (s *Service) Readiness(ctx context.Context, p access.Principal) (Readiness, error) {
	o, g, err := s.outlook(ctx, p)
	if err != nil {
		return Readiness{}, err
	}
	r := Readiness{Now: o.Now, Target: o.Target, Spare: o.Schedule.Spare, End: o.Schedule.End, Path: []Link{}, Left: len(o.Schedule.Slots), Loose: len(o.Loose), Blocks: []Line{}, Asks: []Line{}, Stale: []Line{}}
	history, err := s.cfg.Scopes.History(ctx, p)
	if err != nil {
		return r, err
	}
	r.add(ofScope(history, o.Now)...)
	r.add(ofGaps(g)...)
	gather, err := s.Gather(ctx)
	if err != nil {
		return r, err
	}
	r.add(ofInstances(gather)...)
	r.add(ofTasks(o)...)
	if s.cfg.Beside != nil {
		more, err := s.cfg.Beside(ctx, p)
		if err != nil {
			return r, err
		}
		r.add(more...)
	}
	if r.Stale, err = s.stale(ctx, p, o.Now); err != nil {
		return r, err
	}
	for _, n := range o.Schedule.Path {
		for i := range o.Tasks {
			if t := &o.Tasks[i]; t.Number == n {
				r.Path = append(r.Path, Link{t.Ref() + " " + t.Title, "/tasks/" + t.Ref()})
			}
		}
	}
	r.Risk, err = s.riskAssessment(ctx)
	return r, err
}

func (r *Readiness) add(lines ...Line) {
	for _, l := range lines {
		if l.Blocks {
			r.Blocks = append(r.Blocks, l)
		} else {
			r.Asks = append(r.Asks, l)
		}
	}
}

func ofScope(history []scope.Version, now time.Time) []Line {
	var out []Line
	newest, holds := history[len(history)-1], scope.At(history, now, -1)
	if !newest.Approved() {
		out = append(out, Line{Kind: "scope", Blocks: true, Path: "/scope", Text: fmt.Sprintf("Version %d of the scope waits for approval", newest.Version), Why: "until somebody approves it, an earlier version says what is examined"})
	}
	if len(holds.Systems) == 0 {
		out = append(out, Line{Kind: "scope", Blocks: true, Path: "/scope", Text: "No system is named", Why: "nothing says what is examined"})
	}
	if _, ok := holds.Window(); !ok {
		out = append(out, Line{Kind: "scope", Blocks: true, Path: "/scope", Text: "Neither a date nor a window is set", Why: "nothing says by when controls must be in place, or over which days they must operate"})
	}
	for _, f := range holds.Flags() {
		if f.About != "systems" && f.About != "examination" {
			out = append(out, Line{Kind: "scope", Path: "/scope", Text: capital(f.Text), Why: "an auditor compares the description with what was promised"})
		}
	}
	return out
}

func ofGaps(g gap.Report) []Line {
	var out []Line
	for _, kind := range gap.Kinds() {
		var items []Link
		for _, x := range g.Gaps {
			if x.Kind != kind {
				continue
			}
			switch {
			case kind == gap.Design:
				for _, slug := range x.Controls {
					items = append(items, Link{slug, "/controls/" + slug})
				}
			case len(x.Controls) == 1 && kind != gap.Alone:
				items = append(items, Link{x.Controls[0], "/controls/" + x.Controls[0]})
			default:
				items = append(items, Link{x.Criteria[0], "/gaps/" + x.Criteria[0]})
			}
		}
		if len(items) == 0 {
			continue
		}
		l := Line{Kind: "gap", Path: "/gaps/list?kind=" + string(kind), Items: items}
		n := len(items)
		switch kind {
		case gap.Missing:
			l.Blocks, l.Text, l.Why = true, many(n, "criterion has no key control", "criteria have no key control"), "an auditor has nothing to test for them"
		case gap.Deviates:
			l.Blocks, l.Text, l.Why = true, many(n, "key control deviates", "key controls deviate"), "each is an exception in the making; mending it does not undo it, but ends it"
		case gap.Evidence:
			l.Blocks, l.Text, l.Why = true, many(n, "key control is not shown to operate", "key controls are not shown to operate"), "what nothing shows did not happen, for whoever examines it"
		case gap.Design:
			l.Blocks, l.Text, l.Why = true, many(n, "key control is a draft", "key controls are drafts"), "a design that nobody approved is not the organisation's control"
		case gap.Alone:
			l.Text, l.Why = many(n, "criterion hangs on one control", "criteria hang on one control"), "one exception there, and nothing compensates for it"
		case gap.Together:
			l.Text, l.Why = many(n, "criterion falls with one cause", "criteria fall with one cause"), "all its key controls share a source, a tool or a person"
		case gap.Unaddress:
			l.Text, l.Why = many(n, "criterion has points of focus that nobody considered", "criteria have points of focus that nobody considered"), "points of focus are considerations: a reason is enough, silence is not"
		case gap.Answered:
			l.Text, l.Why = many(n, "control is said not to be performed", "controls are said not to be performed"), "by your own answers to the first questions"
		}
		out = append(out, l)
	}
	return out
}

func ofInstances(list []Gathering) []Line {
	never, missed, review := Line{Kind: "instance", Blocks: true, Path: "/plan#h-gather", Why: "nothing of the window shows them, and no instance can be performed in time any more"},
		Line{Kind: "instance", Path: "/timeline", Why: "missed, late and waived instances stay deviations of the window, whatever is done now"},
		Line{Kind: "instance", Path: "/evidence?state=waiting", Why: "evidence counts once somebody else accepted it"}
	for _, g := range list {
		at := Link{fmt.Sprintf("C-%d %s", g.Number, g.Title), "/controls/" + g.Slug}
		if g.Never && g.Key {
			never.Items = append(never.Items, at)
		}
		if g.Missed > 0 && g.Key {
			at.Text += fmt.Sprintf(" (%d)", g.Missed)
			missed.Items = append(missed.Items, at)
		}
		if g.Waiting > 0 {
			review.Items = append(review.Items, Link{fmt.Sprintf("C-%d %s (%d)", g.Number, g.Title, g.Waiting), "/controls/" + g.Slug})
		}
	}
	var out []Line
	if n := len(never.Items); n > 0 {
		never.Text = many(n, "control cannot be shown to operate before the window ends", "controls cannot be shown to operate before the window ends")
		out = append(out, never)
	}
	if n := len(missed.Items); n > 0 {
		missed.Text = many(n, "key control has instances that were not performed in time", "key controls have instances that were not performed in time")
		out = append(out, missed)
	}
	if n := len(review.Items); n > 0 {
		review.Text = many(n, "control has evidence that waits for review", "controls have evidence that waits for review")
		out = append(out, review)
	}
	return out
}

func ofTasks(o Outlook) []Line {
	var out []Line
	if !o.Target.At.IsZero() && o.Schedule.Spare < 0 {
		out = append(out, Line{Kind: "task", Blocks: true, Path: "/plan", Text: "The plan ends " + plan.Days(-o.Schedule.Spare) + " working days after " + o.Target.At.Add(-time.Microsecond).Format("2 Jan 2006"),
			Why: "its critical path is longer than the time that is left"})
	}
	late, still := Line{Kind: "task", Path: "/plan?due=late", Why: "their last day is past"}, Line{Kind: "task", Path: "/plan?state=said", Why: "the gap that each is to close is still there; somebody's word closes none"}
	for i := range o.Tasks {
		t := &o.Tasks[i]
		if t.Late(o.Now) {
			late.Items = append(late.Items, Link{t.Ref() + " " + t.Title, "/tasks/" + t.Ref()})
		}
		if t.State == plan.Said {
			still.Items = append(still.Items, Link{t.Ref() + " " + t.Title, "/tasks/" + t.Ref()})
		}
	}
	if n := len(late.Items); n > 0 {
		late.Text = many(n, "task is late", "tasks are late")
		out = append(out, late)
	}
	if n := len(still.Items); n > 0 {
		still.Text = many(n, "task is done by somebody's word only", "tasks are done by somebody's word only")
		out = append(out, still)
	}
	for _, l := range o.Schedule.Loads {
		if !o.Target.At.IsZero() && l.Effort > l.Room {
			out = append(out, Line{Kind: "task", Path: "/plan?owner=" + l.Owner, Text: fmt.Sprintf("%s working days of tasks lie before one person, and %s are left", plan.Days(l.Effort), plan.Days(max(0, l.Room))),
				Why: "one person does one thing after another"})
		}
	}
	return out
}

// stale gives evidence that is stale, or will be within 30 days.
func (s *Service) stale(ctx context.Context, p access.Principal, now time.Time) ([]Line, error) {
	list, _, err := s.cfg.Evidence.List(ctx, p, evidence.Filter{Limit: 500})
	out := []Line{}
	for _, e := range list {
		if e.Stale.IsZero() || e.Stale.After(now.Add(soon)) {
			continue
		}
		l := Line{Kind: "evidence", Path: "/evidence/" + e.Ref(), When: e.Stale, Text: e.Ref() + " " + e.Title}
		if l.Why = "it goes stale when the next performance is due"; e.IsStale(now) {
			l.Why = "the next performance was due, and nothing newer shows it"
		}
		out = append(out, l)
	}
	return out, err
}

// riskAssessment says where the yearly risk assessment stands: the one that was
// made, and the control that requires it, by what its instances say.
func (s *Service) riskAssessment(ctx context.Context) (Line, error) {
	const slug = risk.YearlyControl
	l := Line{Kind: "risk", Path: "/controls/library/" + slug, Text: "No control in use requires a yearly risk assessment",
		Why: "CC3 asks for an assessment of risks with fraud and change in it, dated, each year; readiness and gaps are no substitute", Items: []Link{{"CC3.2", "/gaps/CC3.2"}, {"CC3.3", "/gaps/CC3.3"}, {"CC3.4", "/gaps/CC3.4"}}}
	all, err := s.cfg.Posture.Controls(ctx, posture.Now())
	if err != nil {
		return l, err
	}
	for _, c := range all {
		if c.Slug == slug {
			l.Path, l.Text, l.Why = "/controls/"+slug, fmt.Sprintf("C-%d %s: %s", c.Number, c.Title, c.Status.Words()), c.Why
			if c.Status != posture.None {
				l.Why += "; what changes it: " + c.Change
			}
		}
	}
	if s.cfg.Risks == nil {
		return l, nil
	}
	y, err := s.cfg.Risks.Yearly(ctx)
	if err != nil {
		return l, err
	}
	return yearly(l, y), nil
}

// yearly puts the assessment that was made, or is being made, before what the
// control says.
func yearly(l Line, y risk.Yearly) Line {
	link := func(a *risk.Assessment, words string) {
		l.Items = append([]Link{{a.Ref + " " + words, "/risk-assessments/" + a.Ref}}, l.Items...)
	}
	if y.Open != nil {
		link(y.Open, "is open")
	}
	if y.Last == nil {
		if y.Open == nil {
			l.Items = append([]Link{{"none was begun yet", "/risk-assessments"}}, l.Items...)
		}
		return l
	}
	link(y.Last, "as of "+string(y.Last.Day))
	if l.Why = "the next is due by " + string(y.Due) + "; " + l.Why; y.Late {
		l.Text, l.Why = "The yearly risk assessment is late", "it was due by "+strings.TrimPrefix(l.Why, "the next is due by ")
	}
	return l
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
