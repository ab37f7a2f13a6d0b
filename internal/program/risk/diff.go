package risk

import (
	"fmt"
	"strings"
	"time"
)

// Difference is what became of one risk since a day.
type Difference struct {
	Ref   string `json:"ref"`
	Title string `json:"title"`
	What  string `json:"what"` // new, closed, grew, fell, described, accepted, lapsed
	Text  string `json:"text"`
}

// Diff gives what changed in the register after a moment (zero: from the
// beginning), up to today.
func Diff(risks []*Risk, after time.Time, today Day) []Difference {
	var out []Difference
	for _, r := range risks {
		add := func(what, format string, args ...any) {
			out = append(out, Difference{r.Ref, r.Profile.Title, what, fmt.Sprintf(format, args...)})
		}
		fresh := r.Begun.At.After(after)
		if fresh {
			add("new", "entered on %s", r.Begun.Day)
		}
		if r.Closed != nil && r.Closed.Made.At.After(after) {
			add("closed", "closed on %s: %s", r.Closed.Made.Day, r.Closed.Looked)
		}
		if !fresh {
			before, now := at(r.Residual, after), last(r.Residual)
			if before == nil {
				before = at(r.Inherent, after)
			}
			if now == nil {
				now = last(r.Inherent)
			}
			switch b, n := before.Score(), now.Score(); {
			case b > 0 && n > b:
				add("grew", "from %d to %d: %s", b, n, now.Because)
			case b > 0 && n < b:
				add("fell", "from %d to %d: %s", b, n, now.Because)
			}
			for _, e := range r.History {
				if e.Kind == "described" && e.Made.At.After(after) {
					add("described", "%s, on %s", strings.TrimSuffix(e.Text, "."), e.Made.Day)
				}
			}
		}
		for _, a := range r.Acceptances {
			switch state := a.State(today); {
			case state == "lapsed" && a.Signed != nil && !a.Until.Add(0, 1).Time().Before(after):
				add("lapsed", "its acceptance lapsed on %s", a.Until)
			case state == "in_force" && a.Signed.Made.At.After(after):
				add("accepted", "accepted until %s", a.Until)
			}
		}
	}
	return out
}

// assessmentText is what an assessment freezes: all that a reader needs, without
// the register.
func assessmentText(a *Assessment, conclusion string, changed []Difference, since []string, risks []*Risk, now Standings, w World) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	flat := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	line("%s", a.Title)
	line("%s, as of %s, over version %d of the scope.", a.Ref, a.Day, a.Scope)
	line("Scale: %s %s; likelihood times magnitude, from 1 to %d.", w.Scale.ID, w.Scale.Version, w.Scale.Most())
	line("")
	line("Took part: %s", strings.Join(a.Participants, "; "))
	line("")
	if a.Since == "" {
		line("This is the first assessment.")
	} else {
		line("What changed since the assessment that closed on %s:", a.Since)
	}
	for _, s := range since {
		line("- %s", flat(s))
	}
	for _, d := range changed {
		line("- %s %s: %s", d.Ref, d.Title, flat(d.Text))
	}
	if len(since)+len(changed) == 0 {
		line("- nothing")
	}
	criterion := ""
	for _, t := range w.Scale.Topics {
		if t.Criterion != criterion {
			criterion = t.Criterion
			line("")
			line("%s", map[string]string{"CC3.3": "Fraud (CC3.3)", "CC3.4": "Significant change (CC3.4)"}[criterion])
		}
		x := a.Answers[t.ID]
		line("- %s", t.Ask)
		follow := "no risk follows"
		if len(x.Risks) > 0 {
			follow = strings.Join(x.Risks, ", ")
		}
		line("  %s (%s)", flat(x.Text), follow)
	}
	line("")
	line("Risks, most exposed first:")
	for _, r := range Ranked(risks, now) {
		if !r.Open() {
			continue
		}
		e := r.Exposure(now)
		line("- %s %s (%s): without controls %d, after controls %d, counts as %d, %s. %s.", r.Ref, r.Profile.Title, r.Profile.Category, last(r.Inherent).Score(), last(r.Residual).Score(), e.Score, strings.ToLower(w.Scale.Band(e.Score).Title), capital(e.Why))
		limit, set := w.Appetite.Limit(r.Profile.Category)
		accepted := ""
		if x := r.Accepted(a.Begun.Day); x != nil {
			accepted = ", accepted until " + string(x.Until)
		}
		switch {
		case !set:
			line("  No appetite is set. Response: %s.", r.Response.Response)
		case e.Score > limit:
			line("  Over the appetite of %d%s. Response: %s. %s", limit, accepted, r.Response.Response, flat(r.Response.Plan))
		default:
			line("  Within the appetite of %d. Response: %s.", limit, r.Response.Response)
		}
	}
	line("")
	line("Conclusion: %s", conclusion)
	return strings.TrimRight(b.String(), "\n")
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
