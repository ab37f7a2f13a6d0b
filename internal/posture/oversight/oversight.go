package oversight

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/obligation"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/program/scope"
)

// Day is a calendar day, "2026-09-30".
type Day = register.Day

// Config wires a Service. All is required.
type Config struct {
	Clock       clock.Clock
	Scopes      *scope.Service
	Posture     **posture.Service // made later than this
	Findings    *finding.Service
	Waivers     population.Source
	Risks       *risk.Service
	Committees  *committee.Service
	Obligations *obligation.Service
	Engagements *engagement.Service
}

// Service gathers packs.
type Service struct{ cfg Config }

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg} }

// Figure is one number, and where the list behind it is.
type Figure struct {
	Term string `json:"term"`
	N    int    `json:"n"`
	Of   int    `json:"of,omitempty"` // 0: of nothing in particular
	Bad  bool   `json:"bad,omitempty"`
	Path string `json:"path,omitempty"` // "": the list shows today only, and the pack is of a past day
}

// Line is one thing that a section names.
type Line struct {
	Text string `json:"text"`
	Why  string `json:"why"`
	Path string `json:"path"`
}

// Section is one part of a pack.
type Section struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Figures []Figure `json:"figures"`
	Lines   []Line   `json:"lines"`
	More    int      `json:"more,omitempty"` // lines that are not shown
	None    string   `json:"none"`           // what no line means
	Path    string   `json:"path"`
	Not     string   `json:"not_said,omitempty"` // what cannot be said of a past day
}

// Pack is what is shown as of a day.
type Pack struct {
	On       Day       `json:"on"`
	At       time.Time `json:"at"` // the end of that day, or now
	Today    bool      `json:"today"`
	System   string    `json:"system"`
	Window   string    `json:"window"` // in words; "" where the scope names none
	Sections []Section `json:"sections"`
}

const mostLines = 12

// Pack gathers the pack as of a day; "" is today.
func (s *Service) Pack(ctx context.Context, p access.Principal, on Day) (Pack, error) {
	if err := access.Authorise(p, access.GovernanceRead); err != nil {
		return Pack{}, err
	}
	now := s.cfg.Clock()
	sc, err := s.cfg.Scopes.Now(ctx)
	if err != nil {
		return Pack{}, err
	}
	zone := sc.Location()
	today := register.DayOf(now, zone)
	if err := on.Check("on", "the day", false); err != nil {
		return Pack{}, err
	}
	if on == "" {
		on = today
	}
	if on > today {
		return Pack{}, register.Bad("on", "%s has not come yet", on)
	}
	k := Pack{On: on, At: now, Today: on == today, Sections: []Section{}}
	if !k.Today {
		k.At = on.Add(0, 1).In(zone)
	}
	history, err := s.cfg.Scopes.History(ctx, access.System())
	if err != nil {
		return k, err
	}
	if !k.Today {
		sc = scope.At(history, k.At, -1)
	}
	k.System = sc.Name()
	if w, ok := sc.Window(); ok {
		k.Window = windowWords(w, k.At, zone)
	}
	for _, gather := range []func(context.Context, access.Principal, Pack) (Section, error){s.criteria, s.risks, s.findings, s.waivers, s.examination, s.governance} {
		x, err := gather(ctx, p, k)
		if err != nil {
			return k, err
		}
		if n := len(x.Lines); n > mostLines {
			x.Lines, x.More = x.Lines[:mostLines], n-mostLines
		}
		if x.Lines == nil {
			x.Lines = []Line{}
		}
		k.Sections = append(k.Sections, x)
	}
	return k, nil
}

func windowWords(w scope.Window, at time.Time, zone *time.Location) string {
	days := int(w.End.Sub(w.Start).Hours()/24 + 0.5)
	span := w.Start.In(zone).Format("2 Jan 2006") + " to " + w.End.Add(-time.Microsecond).In(zone).Format("2 Jan 2006")
	switch {
	case w.Type == 1:
		return "as of " + w.Start.In(zone).Format("2 Jan 2006") + " (type 1)"
	case at.Before(w.Start):
		return span + ", not begun"
	case !at.Before(w.End):
		return span + ", over"
	}
	return fmt.Sprintf("%s, day %d of %d", span, int(at.Sub(w.Start).Hours()/24)+1, days)
}

// past gives an address with the day, of screens that show past days.
func (k Pack) past(path string) string {
	if k.Today {
		return path
	}
	if strings.Contains(path, "?") {
		return path + "&at=" + string(k.On)
	}
	return path + "?at=" + string(k.On)
}

// present gives an address of a screen that shows today only; "" of a past day.
func (k Pack) present(path string) string {
	if k.Today {
		return path
	}
	return ""
}

func (k Pack) posture() posture.At {
	if k.Today {
		return posture.Now()
	}
	return posture.At{Valid: k.last(), Known: -1}
}

// last is the last moment of the day, or now.
func (k Pack) last() time.Time {
	if k.Today {
		return k.At
	}
	return k.At.Add(-time.Microsecond)
}

// items reads a population as of the pack's day.
func (k Pack) items(ctx context.Context, src population.Source) ([]population.Item, error) {
	return src.Read(ctx, population.Request{At: outcome.At{Valid: k.At, Known: -1}, From: k.At.AddDate(-1, 0, 0), To: k.At})
}

func (s *Service) criteria(ctx context.Context, _ access.Principal, k Pack) (Section, error) {
	x := Section{ID: "posture", Title: "Criteria and controls", None: "No criterion in scope shows a deviation.", Path: k.past("/criteria")}
	snap, controls, err := (*s.cfg.Posture).Whole(ctx, k.posture())
	if err != nil {
		return x, err
	}
	in := 0
	for _, c := range snap.Criteria {
		if c.InScope {
			in++
		}
		if c.InScope && c.Status == posture.Deviation {
			x.Lines = append(x.Lines, Line{c.ID + " " + c.Title, c.Why, k.past("/criteria/" + c.ID)})
		}
	}
	for _, st := range []struct {
		status posture.Status
		term   string
		bad    bool
	}{{posture.Deviation, "with a deviation", true}, {posture.Insufficient, "with insufficient evidence", true}, {posture.None, "with no known deviation", false}, {posture.DidNotOperate, "whose controls did not operate", false}} {
		n := snap.ByStatus[st.status]
		if st.status == posture.DidNotOperate && n == 0 {
			continue
		}
		x.Figures = append(x.Figures, Figure{"Criteria " + st.term, n, in, st.bad && n > 0, k.past("/criteria?status=" + string(st.status))})
	}
	deviate := 0
	for _, c := range controls {
		if c.Status == posture.Deviation {
			deviate++
		}
	}
	x.Figures = append(x.Figures, Figure{"Controls with a deviation", deviate, len(controls), deviate > 0, k.past("/controls?status=deviation")})
	return x, nil
}

func (s *Service) risks(ctx context.Context, p access.Principal, k Pack) (Section, error) {
	x := Section{ID: "risks", Title: "Risks", None: "No risk is over the appetite without an acceptance.", Path: "/risks"}
	open, over, accepted, lapsed := 0, 0, 0, 0
	if k.Today {
		rows, err := s.cfg.Risks.List(ctx, p)
		if err != nil {
			return x, err
		}
		for _, r := range rows {
			if !r.Risk.Open() {
				continue
			}
			open++
			if r.Accepted != "" {
				accepted++
			}
			for _, a := range r.Judged {
				switch {
				case a.ID == "within_appetite" && a.Outcome == "fail":
					over++
					x.Lines = append(x.Lines, Line{r.Ref + " " + r.Title, a.Reason + "; " + r.Exposure.Why, "/risks/" + r.Ref})
				case a.ID == "acceptance_in_force" && a.Outcome == "fail":
					lapsed++
				}
			}
		}
	} else {
		x.Not = "how controls stood is not in these ratings: they are as they were recorded"
		items, err := k.items(ctx, source(s.cfg.Risks.Sources(), "risks"))
		if err != nil {
			return x, err
		}
		for _, i := range items {
			a := i.Attributes
			if a["state"] != "open" {
				continue
			}
			open++
			if a["accepted_until"] != "" {
				accepted++
			}
			if a["acceptance_in_force"] == "fail" {
				lapsed++
			}
			if a["within_appetite"] == "fail" {
				over++
				x.Lines = append(x.Lines, Line{fmt.Sprint(a["number"], " ", a["title"]), fmt.Sprint(a["within_appetite_why"]), "/risks/" + fmt.Sprint(a["number"])})
			}
		}
	}
	x.Figures = []Figure{{"Open risks", open, 0, false, k.present("/risks?state=open")}, {"Over the appetite, not accepted", over, open, over > 0, k.present("/risks?state=open&about=over")},
		{"Accepted until a day", accepted, open, false, k.present("/risks?state=open&about=accepted")}, {"Acceptances that hold no more", lapsed, 0, lapsed > 0, k.present("/risks?state=open&about=lapsed")}}
	if !k.Today {
		return x, nil
	}
	y, err := s.cfg.Risks.Yearly(ctx)
	switch {
	case err != nil:
		return x, err
	case y.Last == nil:
		x.Lines = append(x.Lines, Line{"No yearly assessment of risks was closed yet", "CC3 asks for one, with fraud and change", "/risk-assessments"})
	case y.Late:
		x.Lines = append(x.Lines, Line{"The yearly assessment of risks is late", "it was due by " + string(y.Due), "/risk-assessments"})
	}
	return x, nil
}

func source(list []population.Source, name string) population.Source {
	return list[slices.IndexFunc(list, func(s population.Source) bool { return s.Name == name })]
}

// findings gives what needs a person and what is past its day. Days by which findings
// are due are known of today alone: a waiver moves them.
func (s *Service) findings(ctx context.Context, _ access.Principal, k Pack) (Section, error) {
	x := Section{ID: "findings", Title: "Findings", None: "No finding is past its day.", Path: "/findings?state=late"}
	if !k.Today {
		x.Not, x.None, x.Path = "which of them were past their day is not told of a past day", "", k.past("/findings")
		page, err := s.cfg.Findings.ListAt(ctx, outcome.At{Valid: k.last(), Known: -1}, finding.Filter{}, "", 1)
		need := int(page.States[finding.Open] + page.States[finding.Acknowledged])
		x.Figures = []Figure{{"Needed a person", need, 0, false, k.past("/findings")}, {"Waived", int(page.States[finding.Waived]), 0, false, k.past("/findings?state=waived")}}
		return x, err
	}
	needy := finding.Filter{States: []finding.State{finding.Open, finding.Acknowledged}}
	need, err := s.cfg.Findings.List(ctx, needy, finding.ByUrgency, "", 1)
	if err != nil {
		return x, err
	}
	needy.OverdueAt = k.At
	late, err := s.cfg.Findings.List(ctx, needy, finding.ByUrgency, "", mostLines)
	if err != nil {
		return x, err
	}
	for _, f := range late.Findings {
		x.Lines = append(x.Lines, Line{f.Ref() + " " + f.Title, fmt.Sprintf("%s, on %s, due since %s", f.Severity, f.ItemName, f.Due.Format("2 Jan 2006")), "/findings/" + f.Ref()})
	}
	x.More = int(late.Total) - len(x.Lines)
	x.Figures = []Figure{{"Need a person", int(need.Total), 0, false, "/findings"}, {"Past their day", int(late.Total), int(need.Total), late.Total > 0, "/findings?state=late"}}
	for _, sev := range []string{"critical", "high"} {
		needy.Severities = []string{sev}
		of, err := s.cfg.Findings.List(ctx, needy, finding.ByUrgency, "", 1)
		if err != nil {
			return x, err
		}
		x.Figures = append(x.Figures, Figure{"Past their day, " + sev, int(of.Total), 0, of.Total > 0, "/findings?state=late&severity=" + sev})
	}
	return x, nil
}

func (s *Service) waivers(ctx context.Context, _ access.Principal, k Pack) (Section, error) {
	x := Section{ID: "waivers", Title: "Waivers", None: "No waiver is in force.", Path: "/waivers"}
	items, err := k.items(ctx, s.cfg.Waivers)
	if err != nil {
		return x, err
	}
	force, soon, alone := 0, 0, 0
	limit := k.At.AddDate(0, 0, 30).UTC().Format("2006-01-02T15:04:05")
	for _, i := range items {
		in := slices.ContainsFunc(i.Dates["in_force"], func(sp population.Span) bool { return !sp.From.After(k.At) && sp.To.After(k.At) })
		if !in {
			continue
		}
		force++
		a := i.Attributes
		expires := fmt.Sprint(a["expires"])
		if expires < limit {
			soon++
		}
		if a["by_one_person"] == true {
			alone++
		}
		x.Lines = append(x.Lines, Line{fmt.Sprint(a["number"], " ", a["check"]), fmt.Sprintf("%s, until %s", counted(a["items"]), strings.SplitN(expires, "T", 2)[0]), "/waivers/" + fmt.Sprint(a["number"])})
	}
	list := k.present("/waivers?state=approved")
	x.Figures = []Figure{{"In force", force, 0, false, list}, {"Of these, end within 30 days", soon, force, false, list}, {"Of these, approved by who asked", alone, force, alone > 0, list}}
	return x, nil
}

func counted(n any) string {
	if fmt.Sprint(n) == "1" {
		return "1 item"
	}
	return fmt.Sprint(n, " items")
}

func (s *Service) examination(ctx context.Context, p access.Principal, k Pack) (Section, error) {
	x := Section{ID: "examination", Title: "Examination", None: "No engagement is open.", Path: "/engagements"}
	if !k.Today {
		x.Not, x.None = "how far requests were on a past day is not gathered", ""
		return x, nil
	}
	engagements, err := s.cfg.Engagements.List(ctx, p)
	if fault.Is(err, fault.Forbidden) {
		x.Not, x.None = "you may not see engagements", ""
		return x, nil
	}
	if err != nil {
		return x, err
	}
	all, ready, late := 0, 0, 0
	for _, g := range engagements {
		if g.State == engagement.Closed {
			continue
		}
		requests, err := s.cfg.Engagements.Requests(ctx, p, g.Number)
		if err != nil {
			return x, err
		}
		mine, done, overdue := 0, 0, 0
		for _, r := range requests {
			mine++
			if r.Ours == engagement.Ready || r.Theirs == engagement.Accepted || r.Theirs == engagement.Withdrawn {
				done++
			}
			if r.Late(string(k.On)) {
				overdue++
			}
		}
		all, ready, late = all+mine, ready+done, late+overdue
		x.Lines = append(x.Lines, Line{g.Title, fmt.Sprintf("%s; %d of %d requests are ready, accepted or withdrawn, %d late", g.State, done, mine, overdue), fmt.Sprintf("/engagements/%d", g.Number)})
	}
	list, only := "/engagements", ""
	if len(x.Lines) == 1 {
		list, only = x.Lines[0].Path, "?show=late"
	}
	x.Figures = []Figure{{"Requests", all, 0, false, list}, {"Of these, ready, accepted or withdrawn", ready, all, false, list}, {"Late", late, all, late > 0, list + only}}
	return x, nil
}

func (s *Service) governance(ctx context.Context, _ access.Principal, k Pack) (Section, error) {
	x := Section{ID: "governance", Title: "Meetings, laws and contracts", None: "No meeting and no look at a law or contract was due: there may be none in the registers.", Path: "/governance"}
	due := func(list []population.Source, name string) (late int, lines []Line, err error) {
		items, err := k.items(ctx, source(list, name))
		if len(items) > 0 {
			x.None = "Committees met, and laws and contracts were looked at, in time."
		}
		for _, i := range items {
			a := i.Attributes
			if a["in_time"] != "fail" || a["met"] != nil || a["looked"] != nil {
				continue
			}
			late++
			if name == "meetings-due" {
				lines = append(lines, Line{fmt.Sprint(a["name"], " did not meet"), fmt.Sprintf("it was to meet by %v", a["due"]), "/governance/" + fmt.Sprint(a["committee"])})
			} else {
				lines = append(lines, Line{fmt.Sprint(a["number"], " ", a["title"]), fmt.Sprintf("it was to be looked at by %v", a["due"]), "/obligations/" + fmt.Sprint(a["number"])})
			}
		}
		return late, lines, err
	}
	meetings, lines, err := due(s.cfg.Committees.Sources(), "meetings-due")
	if err != nil {
		return x, err
	}
	laws, more, err := due(s.cfg.Obligations.Sources(), "obligation-reviews")
	x.Lines = append(lines, more...)
	x.Figures = []Figure{{"Committees past their day", meetings, 0, meetings > 0, k.present("/governance?about=late")}, {"Laws and contracts past their look", laws, 0, laws > 0, k.present("/obligations?about=late")}}
	return x, err
}
