package vendor

import (
	"fmt"
	"slices"
	"strings"
)

// Window is the days that are examined; the zero one is none.
type Window struct {
	From Day `json:"from"`
	To   Day `json:"to"`
}

// Attribute is what one question about a vendor comes to. Outcomes are those of
// checks: pass, fail, not_observed, not_applicable.
type Attribute struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
}

// Attributes gives the ids of all attributes, in order.
func Attributes() [][2]string {
	return [][2]string{{"approved_before_use", "Approved before it was engaged"}, {"reviewed_in_time", "Reviewed in time"}, {"report_covers_window", "A report covers the window"},
		{"answers_known", "Questionnaire answered"}, {"contract_in_force", "A contract is in force"}, {"role_decided", "Vendor or subservice organisation decided"},
		{"duties_done", "What it expects of us is done"}, {"told_in_time", "Incidents told in time"}}
}

// Judge derives every attribute as of a day.
func (v *Vendor) Judge(b *Book, today Day, w Window) []Attribute {
	out := make([]Attribute, 0, 8)
	judges := []func() (string, string){
		func() (string, string) { return v.judgeApproval() },
		func() (string, string) { return v.judgeReview(b, today) },
		func() (string, string) { return v.judgeReports(b, today, w) },
		func() (string, string) { return v.judgeAnswers(b, today) },
		func() (string, string) { return v.judgeContract(today) },
		func() (string, string) { return v.judgeRole(b) },
		func() (string, string) { return v.judgeDuties() },
		func() (string, string) { return v.judgeIncidents() },
	}
	for i, name := range Attributes() {
		o, why := judges[i]()
		out = append(out, Attribute{name[0], name[1], o, why})
	}
	return out
}

const na = "not_applicable"

func (v *Vendor) judgeApproval() (string, string) {
	switch first := v.firstApproval(); {
	case v.Engaged == "":
		return na, "it is not engaged"
	case first == "":
		return "fail", fmt.Sprintf("engaged on %s, and nobody has approved it", v.Engaged)
	case first > v.Engaged:
		return "fail", fmt.Sprintf("engaged on %s, approved on %s", v.Engaged, first)
	default:
		return "pass", fmt.Sprintf("approved on %s, engaged on %s", first, v.Engaged)
	}
}

func (v *Vendor) firstApproval() Day {
	for _, e := range v.History {
		if e.Kind == "approved" {
			return e.Made.Day
		}
	}
	return ""
}

func (v *Vendor) judgeReview(b *Book, today Day) (string, string) {
	if v.Engaged == "" {
		return na, "it is not engaged"
	}
	dues := v.Dues(b)
	last := dues[len(dues)-1]
	switch {
	case last.Done != "":
		return "pass", fmt.Sprintf("reviewed on %s", last.Done)
	case last.Closed:
		return na, "it ended before the next review was due"
	case last.First:
		return "fail", fmt.Sprintf("in use since %s, and never reviewed", last.Day)
	case last.Day < today:
		return "fail", fmt.Sprintf("was due on %s, %s ago", last.Day, many(last.Day.Until(today), "day", "days"))
	case v.EndedOn != "":
		return na, "it has ended"
	}
	if n := len(dues); n >= 2 && dues[n-2].Done > dues[n-2].Day && !dues[n-2].First {
		return "fail", fmt.Sprintf("the last review came on %s, %s late; the next is due on %s", dues[n-2].Done, many(dues[n-2].Day.Until(dues[n-2].Done), "day", "days"), last.Day)
	}
	return "pass", fmt.Sprintf("reviewed on %s, due again on %s", dues[len(dues)-2].Done, last.Day)
}

// Gaps are the days of a stretch that no reviewed report over a period, and no
// bridge letter, speaks of.
type Gaps struct {
	Holes   []Window `json:"holes"`   // before the end of the newest report or letter
	Tail    Day      `json:"tail"`    // first day after it; "" where nothing is left
	Days    int      `json:"days"`    // in holes
	After   int      `json:"after"`   // in the tail
	Letters int      `json:"letters"` // days that only letters speak of
	Last    Day      `json:"last"`    // on which the newest report ends, letters aside
}

// Covered gives the days of a stretch that reports leave open. Only reports over
// a period that somebody reviewed and relies on, at least in part, count; a letter
// counts for LongestLetter days after its report.
func (v *Vendor) Covered(w Window) Gaps {
	type part struct {
		Window
		letter bool
	}
	var parts []part
	var g Gaps
	for _, r := range v.Reports {
		if !r.Period() || r.Review == nil || r.Review.Conclusion == "not" {
			continue
		}
		parts = append(parts, part{Window{r.From, r.To}, false})
		g.Last = max(g.Last, r.To)
		for _, l := range r.Letters {
			parts = append(parts, part{Window{l.From, min(l.To, r.To.Add(0, LongestLetter))}, true})
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		if c := strings.Compare(string(a.From), string(b.From)); c != 0 || a.letter == b.letter {
			return c
		}
		if a.letter {
			return 1
		}
		return -1
	})
	next := w.From // the first day that nothing speaks of so far
	for _, p := range parts {
		if p.To < next || p.From > w.To {
			continue
		}
		if p.From > next {
			g.Holes = append(g.Holes, Window{next, p.From.Add(0, -1)})
			g.Days += next.Until(p.From)
			next = p.From
		}
		end := min(p.To, w.To)
		if p.letter {
			g.Letters += next.Until(end) + 1
		}
		next = end.Add(0, 1)
	}
	if next <= w.To {
		g.Tail, g.After = next, next.Until(w.To)+1
	}
	return g
}

// Stretch is what a report has to speak of: the window, from when the vendor was
// engaged and as far as it has come.
func (v *Vendor) Stretch(today Day, w Window) (Window, bool) {
	if w.From == "" || v.Engaged == "" {
		return Window{}, false
	}
	s := Window{max(w.From, v.Engaged), min(w.To, today)}
	if v.EndedOn != "" {
		s.To = min(s.To, v.EndedOn)
	}
	return s, s.From <= s.To
}

func (v *Vendor) judgeReports(b *Book, today Day, w Window) (string, string) {
	if !b.Level(v.Level).Report && !v.Subservice() {
		return na, "nothing that hangs on it asks for a report"
	}
	if w.From == "" {
		return "not_observed", "no window is set in the scope"
	}
	s, ok := v.Stretch(today, w)
	if !ok {
		return na, "it was not used in the window"
	}
	g := v.Covered(s)
	var said []string
	for _, h := range g.Holes {
		said = append(said, fmt.Sprintf("nothing speaks of %s to %s (%s)", h.From, h.To, many(h.From.Until(h.To)+1, "day", "days")))
	}
	if g.Tail != "" {
		said = append(said, fmt.Sprintf("nothing speaks of the %s from %s on", many(g.After, "day", "days"), g.Tail))
	}
	if unread := v.unread(); unread != "" {
		said = append(said, unread)
	}
	switch {
	case len(g.Holes) == 0 && g.Tail == "":
		if g.Letters > 0 {
			return "pass", fmt.Sprintf("reports and bridge letters speak of all of it, letters alone of %s", many(g.Letters, "day", "days"))
		}
		return "pass", "reports speak of all of it"
	case len(g.Holes) == 0 && g.Last != "" && g.Last.Until(s.To) <= LongestLetter && s.To < w.To:
		return "not_observed", strings.Join(said, "; ") + "; the next report or a bridge letter is awaited"
	}
	return "fail", strings.Join(said, "; ")
}

func (v *Vendor) unread() string {
	n := 0
	for _, r := range v.Reports {
		if r.Review == nil {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return many(n, "report is", "reports are") + " not reviewed yet"
}

func (v *Vendor) judgeAnswers(b *Book, today Day) (string, string) {
	l := b.Level(v.Level)
	if v.Level == "" || l.Questionnaire == "none" {
		return na, "its criticality asks for none"
	}
	if v.State == Ended || v.State == Refused {
		return na, "it is " + v.State.Words()
	}
	for _, r := range slices.Backward(v.Reports) {
		if r.Review != nil && r.Review.Conclusion != "not" && r.To.Add(l.Months, 0) >= today {
			return na, "a reviewed report (" + r.Title() + ") says more than answers would"
		}
	}
	for _, f := range slices.Backward(v.Answered) {
		if f.Form == "long" || f.Form == l.Questionnaire {
			if until := f.On.Add(l.Months, 0); until < today {
				return "fail", fmt.Sprintf("the answers are of %s, older than %s", f.On, many(l.Months, "month", "months"))
			}
			return "pass", fmt.Sprintf("answered on %s; %s", f.On, many(len(f.Open), "answer raises something", "answers raise something"))
		}
	}
	if v.Asking != nil {
		if v.Asking.Due < today {
			return "fail", "asked, and no answer came by " + string(v.Asking.Due)
		}
		return "not_observed", "asked; answers are due on " + string(v.Asking.Due)
	}
	return "fail", "the " + l.Questionnaire + " questionnaire was not answered, and there is no reviewed report instead"
}

func (v *Vendor) judgeContract(today Day) (string, string) {
	switch {
	case v.Engaged == "" || v.State == Ended:
		return na, "it is not in use"
	case v.Level == "low":
		return na, "its criticality asks for none"
	}
	c := v.Contract(today)
	if c == nil {
		if len(v.Contracts) > 0 {
			return "fail", "no contract is in force: the last one ended on " + string(v.Contracts[len(v.Contracts)-1].To)
		}
		return "fail", "no contract is recorded"
	}
	if c.To == "" {
		return "pass", c.Title + ", open-ended"
	}
	return "pass", c.Title + ", to " + string(c.To)
}

func (v *Vendor) judgeRole(b *Book) (string, string) {
	if v.Role != nil {
		return "pass", v.Role.say()
	}
	if v.Engaged == "" || v.State == Ended || !b.Level(v.Level).Report {
		return na, "its criticality asks for no decision"
	}
	return "fail", "nobody has decided"
}

func (v *Vendor) judgeDuties() (string, string) {
	all, open, unsaid := 0, 0, 0
	for _, d := range v.Duties {
		if d.Gone {
			continue
		}
		all++
		switch {
		case d.Mapped == nil:
			unsaid++
		case d.Open():
			open++
		}
	}
	switch {
	case all == 0:
		return na, "nothing is known that it expects"
	case open+unsaid == 0:
		return "pass", many(all, "control is", "controls are") + " expected, and each is done or does not concern us"
	}
	return "fail", fmt.Sprintf("of %s: %d done by nothing, %d that nobody looked at", many(all, "control that it expects", "controls that it expects"), open, unsaid)
}

func (v *Vendor) judgeIncidents() (string, string) {
	worst, why := na, "there was none, or nothing was promised"
	for _, i := range v.Incidents {
		switch o, reason := i.Promise(); {
		case o == "fail":
			return o, fmt.Sprintf("incident %d: %s", i.Number, reason)
		case o == "not_observed", o == "pass" && worst == na:
			worst, why = o, fmt.Sprintf("incident %d: %s", i.Number, reason)
		}
	}
	return worst, why
}
