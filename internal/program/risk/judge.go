package risk

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Task is a task of the plan that is about a risk.
type Task struct {
	Ref   string    `json:"ref"`
	Title string    `json:"title"`
	State string    `json:"state"`
	Over  bool      `json:"over"`
	Owner string    `json:"owner,omitempty"`
	Due   time.Time `json:"due,omitzero"` // first moment after its last day
	Late  bool      `json:"late"`
}

// Attribute is one thing that is judged of a risk.
type Attribute struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Outcome string `json:"outcome"` // pass, fail, not_observed, not_applicable
	Reason  string `json:"reason"`
}

// Attributes gives what is judged of each risk: id and title.
func Attributes() [][2]string {
	return [][2]string{
		{"rated", "Rated without and after controls"},
		{"leans_on_controls", "What it leans on bears"},
		{"answered", "A response is decided"},
		{"treated_in_time", "Treatment is in time"},
		{"within_appetite", "Within the appetite, or accepted"},
		{"acceptance_in_force", "Acceptance not lapsed"},
		{"reviewed_in_time", "Looked at in time"},
	}
}

const (
	pass = "pass"
	fail = "fail"
	unk  = "not_observed"
	na   = "not_applicable"
)

// Judge gives what the attributes of a risk come to on a day. now is nil, and
// tasks are unknown, as of a past date.
func (r *Risk) Judge(s *Scale, a *Appetite, now Standings, tasks []Task, known bool, today Day) []Attribute {
	var out []Attribute
	e := r.Exposure(now)
	limit, set := a.Limit(r.Profile.Category)
	accepted := r.Accepted(today)
	over := set && e.Score > limit
	covered := accepted != nil && accepted.Score >= e.Score
	add := func(outcome, format string, args ...any) {
		k := Attributes()[len(out)]
		out = append(out, Attribute{k[0], k[1], outcome, fmt.Sprintf(format, args...)})
	}

	due := r.Begun.Day.Add(0, firstLook)
	switch in, left := last(r.Inherent), last(r.Residual); {
	case in != nil && left != nil:
		add(pass, "without controls %d, after controls %d", in.Score(), left.Score())
	case in != nil:
		add(fail, "what is left after controls is not rated")
	case !r.Open():
		add(na, "it was closed before it was rated")
	case today <= due:
		add(unk, "to be rated by %s", due)
	default:
		add(fail, "it was to be rated by %s", due)
	}

	switch left := last(r.Residual); {
	case left == nil || len(left.Controls) == 0:
		add(na, "it leans on no control")
	case now == nil:
		add(unk, "how controls stood then is read from posture")
	default:
		var bad, weak []string
		for _, l := range e.Leans {
			switch {
			case !l.Bears:
				bad = append(bad, l.Control+": "+statusWords(l.Status))
			case !l.Shown:
				weak = append(weak, l.Control)
			}
		}
		switch {
		case len(bad) > 0:
			add(fail, "%s", strings.Join(bad, "; "))
		case len(weak) > 0:
			add(unk, "not shown to operate: %s", strings.Join(weak, ", "))
		default:
			add(pass, "%s", many(len(left.Controls), "control without a known deviation", "controls without a known deviation"))
		}
	}

	switch {
	case r.Response != nil:
		add(pass, "%s, since %s", r.Response.Response, r.Response.Made.Day)
	case !r.Open():
		add(na, "it was closed")
	case r.Rated() == nil:
		add(unk, "it is not rated yet")
	default:
		add(fail, "nobody decided what is done about it")
	}

	late := slices.DeleteFunc(slices.Clone(tasks), func(t Task) bool { return !t.Late })
	switch {
	case !r.Open() || r.Response == nil || r.Response.Response == "accept":
		add(na, "nothing is to be treated")
	case !known:
		add(unk, "tasks are read from the plan")
	case len(tasks) == 0 && over && !covered:
		add(fail, "no task treats it, and it is over the appetite")
	case len(tasks) == 0:
		add(na, "no task treats it, and none is needed")
	case len(late) > 0:
		add(fail, "%s late", many(len(late), "task is", "tasks are"))
	default:
		add(pass, "%s in time or done", many(len(tasks), "task is", "tasks are"))
	}

	switch {
	case !r.Open():
		add(na, "it was closed")
	case !set:
		add(unk, "no appetite is set for %s", r.Profile.Category)
	case e.Score == 0:
		add(unk, "it is not rated yet")
	case !over:
		add(pass, "%d is not over the appetite of %d", e.Score, limit)
	case covered:
		add(pass, "%d is over the appetite of %d, and accepted until %s", e.Score, limit, accepted.Until)
	case accepted != nil:
		add(fail, "%d is over the appetite of %d, and only %d was accepted", e.Score, limit, accepted.Score)
	default:
		add(fail, "%d is over the appetite of %d, and nobody accepted it", e.Score, limit)
	}

	var lapsed, held *Acceptance
	for i := range r.Acceptances {
		x := &r.Acceptances[i]
		if x.Signed == nil {
			continue
		}
		held = x
		if st := x.State(today); st == "lapsed" || st == "outgrown" {
			lapsed = x
		}
	}
	switch {
	case !r.Open() || held == nil:
		add(na, "nothing was accepted")
	case accepted != nil:
		add(pass, "in force until %s", accepted.Until)
	case lapsed != nil && over && lapsed.void != "":
		add(fail, "it holds no more since %s: %s", lapsed.voidOn, lapsed.void)
	case lapsed != nil && over:
		add(fail, "it lapsed after %s, and the risk is over the appetite", lapsed.Until)
	default:
		add(na, "none is needed any more")
	}

	switch next := r.ReviewDue(s); {
	case !r.Open():
		add(na, "it was closed")
	case next < today:
		add(fail, "it was to be looked at by %s", next)
	default:
		add(pass, "next by %s", next)
	}
	return out
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// Ranked gives risks with the most exposed first; those that are not rated come
// before all, since nobody knows how large they are.
func Ranked(risks []*Risk, now Standings) []*Risk {
	out := slices.Clone(risks)
	rank := func(r *Risk) int {
		switch n := r.Exposure(now).Score; {
		case !r.Open():
			return -1
		case n == 0:
			return 1 << 20
		default:
			return n
		}
	}
	slices.SortStableFunc(out, func(a, b *Risk) int { return rank(b) - rank(a) })
	return out
}
