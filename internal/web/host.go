package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/web/ui"
)

func clockWords(d time.Duration) string {
	switch {
	case d.Abs() < time.Millisecond:
		return "clock within 1 ms"
	case d > 0:
		return "clock " + lengthWords(d) + " ahead"
	}
	return "clock " + lengthWords(-d) + " behind"
}

func lengthWords(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return span(d)
}

func outcomeCounts(c outcome.Counts) ui.Counts { return ui.Counts(c) }

func addOutcome(c *ui.Counts, o outcome.Outcome) {
	switch o {
	case outcome.Pass:
		c.Pass++
	case outcome.Fail:
		c.Fail++
	case outcome.Error:
		c.Error++
	case outcome.NotObserved:
		c.NotObserved++
	case outcome.NotApplicable:
		c.NotApplicable++
	case outcome.Waived:
		c.Waived++
	}
}

// host answers: what is this machine, does it meet its standard, what changed?
func (s *Site) host(w http.ResponseWriter, r *request) error { return s.showHost(w, r, nil) }

// showHost draws it, with a form that could not be taken.
func (s *Site) showHost(w http.ResponseWriter, r *request, bad *refusedForm) error {
	ctx := r.Context()
	h, err := s.cfg.Hosts.Get(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	if h.ID != r.PathValue("id") { // reached by its source: one host, one address
		http.Redirect(w, r.Request, "/hosts/"+h.ID, http.StatusSeeOther)
		return nil
	}
	at, err := s.at(ctx, r)
	if err != nil {
		return err
	}
	rows, err := s.cfg.Outcomes.OfItem(ctx, h.ID, outcome.At{Valid: at.Valid, Known: at.Known})
	if err != nil {
		return err
	}
	set, err := s.set(ctx, r)
	if err != nil {
		return err
	}
	open, err := s.openOn(r, h.ID, at)
	if err != nil {
		return err
	}
	sections, err := s.cfg.Hosts.Sections(ctx, h.ID, at.Valid, true)
	if err != nil {
		return err
	}
	changes, err := s.cfg.Hosts.Changes(ctx, h.ID, 20)
	if err != nil {
		return err
	}
	v := ui.HostView{List: ui.Link{Text: "Hosts", Href: "/hosts"}, Name: h.Name}
	if kind, is := strings.CutPrefix(h.Source, "src_components-"); is && h.Population == host.Components {
		v.List = ui.Link{Text: "Components of this kind", Href: "/components?show=all&kind=" + url.QueryEscape(kind)}
	} else if h.Population == host.Components {
		v.List = ui.Link{Text: "The component, to approve or refuse it", Href: "/components/cmp_" + strings.TrimPrefix(h.Source, "src_")}
	}
	organisationSays(r, &v, h, bad)
	if !r.period.past() {
		if err := s.asFound(ctx, h, rows); err != nil {
			return err
		}
	}
	s.hostResults(r, &v, rows, set, open.Findings)
	if r.period.past() {
		return s.hostThen(w, r, h, v, rows, open, sections)
	}
	v.State = append(v.State, ui.HostState{Text: "last heard " + r.words.second(h.LastSeen).Text + ", " + span(r.now.Sub(h.LastSeen)) + " ago"})
	if h.Silent {
		v.State[len(v.State)-1] = ui.HostState{Outcome: "not_observed", Text: "silent for " + span(r.now.Sub(h.LastSeen))}
		v.Silent = fmt.Sprintf("The agent was last heard %s. Since then nothing is observed here, so every attribute counts as not observed, whatever was read before.", r.words.full(h.LastSeen))
	}
	if err := s.hostOddities(r, &v, h); err != nil {
		return err
	}
	if h.Exclusion != "" {
		x, err := s.cfg.Exclusions.Get(ctx, h.Exclusion)
		if err != nil {
			return err
		}
		v.Excluded = &ui.LeftOut{Text: fmt.Sprintf("It reports and is not judged, from %s to the end of %s: %s", r.words.at(h.ExcludedAt).Text, r.until(x.HoldsTo), sentence(x.Reason)), Link: ui.Link{Text: x.Ref(), Href: "/exclusions/" + x.Ref()}}
	}
	if !h.RetiredAt.IsZero() {
		v.Silent = "It left the population " + r.words.full(h.RetiredAt) + ": " + sentence(h.RetiredReason) + " When it reports again it is back."
	}
	for _, a := range s.cfg.Areas {
		if a.OnHost == nil {
			continue
		}
		b, err := a.OnHost(s.out(r), h.ID)
		if err != nil {
			return err
		}
		if b != nil {
			v.Blocks = append(v.Blocks, *b)
		}
	}
	v.Strip = hostStrip(h)
	for i, f := range open.Findings {
		if i == 7 {
			break
		}
		row := ui.HostFinding{Link: ui.Link{Text: f.Ref() + " " + f.Title, Href: "/findings/" + f.Ref()}, Sev: ui.Severity(f.Severity)}
		row.Due, row.Late, row.Soon = r.words.due(f.Due)
		v.Findings = append(v.Findings, row)
	}
	v.FindingsLink = ui.Link{Text: "All " + ui.Number(open.Total) + ", and closed ones", Href: "/findings?state=all&host=" + url.QueryEscape(h.ID)}
	for _, sec := range sections {
		v.Sections = append(v.Sections, sectionRow(r, h, sec))
	}
	if len(rows) == 0 {
		v.Waiting = &ui.Empty{Title: "This host has not been judged yet", Text: "Its agent is enrolled; the first facts are judged as soon as they arrive.",
			Actions: []ui.Link{{Text: "Look again", Href: "/hosts/" + h.ID}}}
	}
	v.Changes = changeSteps(r, h, changes)
	v.ChangesNote = "Facts that changed, newest first. Whether a changed file was authorised stands with the files."
	v.AgentFacts = []ui.Fact{{Term: "Version", Text: h.AgentVersion}, {Term: "Host", Text: h.ID, Mono: true}, {Term: "Source", Text: h.Source, Mono: true},
		{Term: "First seen", Text: r.words.full(h.FirstSeen)}, {Term: "Last heard", Text: r.words.full(h.LastSeen)},
		{Term: "Records", Links: []ui.Link{{Text: "ledger entries about it", Href: "/ledger?about=" + url.QueryEscape(h.ID)}}}}
	sh := s.shell(w, r, h.Name, "Operate", "Hosts")
	sh.Period = r.periodView(true)
	sh.Live.Replace = v.Waiting != nil
	status := http.StatusOK
	if bad != nil {
		sh.Path, status = "/hosts/"+h.ID, http.StatusUnprocessableEntity
	}
	return s.render(w, r, status, ui.Host(sh, v))
}

// changeSteps shows how a host's sections changed. What came with the first
// report is one step.
func changeSteps(r *request, h host.Host, changes []host.Change) []ui.Step {
	var steps []ui.Step
	var first []string
	for _, c := range changes {
		if c.Paths == nil {
			first = append(first, c.Name)
			continue
		}
		const most = 3
		var names []string
		for i, p := range c.Paths {
			if i == most {
				names = append(names, fmt.Sprintf("%d more", len(c.Paths)-most))
				break
			}
			names = append(names, strings.TrimPrefix(factName(p), c.Name+"."))
		}
		steps = append(steps, ui.Step{At: r.words.at(c.ObservedFrom), Text: capital(c.Name) + ": " + strings.Join(names, ", "),
			Links: []ui.Link{{Text: "facts", Href: "/hosts/" + h.ID + "/sections/" + url.PathEscape(c.Name)}}})
	}
	if len(first) > 0 {
		slices.Sort(first)
		steps = append(steps, ui.Step{At: r.words.at(h.FirstSeen), Text: "First read: " + strings.Join(distinctText(first), ", "), Mark: "key"})
	}
	return steps
}

func hostStrip(h host.Host) []ui.Figure {
	strip := []ui.Figure{{Term: "System", Value: orElse(h.OS, "not read yet")}}
	if h.Kernel != "" {
		strip = append(strip, ui.Figure{Term: "Kernel", Value: h.Kernel})
	}
	if h.Architecture != "" {
		strip = append(strip, ui.Figure{Term: "Architecture", Value: h.Architecture})
	}
	strip = append(strip, ui.Figure{Term: "Agent", Value: orElse(h.AgentVersion, "not heard yet")})
	if h.ClockOffset != nil {
		strip = append(strip, ui.Figure{Term: "Clock", Value: strings.TrimPrefix(clockWords(*h.ClockOffset), "clock ")})
	}
	return strip
}

// gapsShown is how far back a host's page says when it was away.
const gapsShown = 90 * 24 * time.Hour

// hostOddities says what is odd about a host: others that say they are the same,
// and a clock that is far off.
func (s *Site) hostOddities(r *request, v *ui.HostView, h host.Host) error {
	twins, err := s.cfg.Hosts.Twins(r.Context(), h)
	if err != nil {
		return err
	}
	for _, t := range twins {
		text := "It has the same name as another host. Both are kept and judged apart; give one of them another name, so that nobody mistakes one for the other."
		if t.Machine {
			text = "It has the same machine id as another host: a disk was cloned without a new machine id, or the agent enrolled twice on one machine. Both are kept and judged apart, and nothing is merged. Make a new machine id on the clone, or retire the one that is not there any more."
		}
		v.Odd = append(v.Odd, ui.OddNote{Title: "Another host says it is the same", Text: text, Link: ui.Link{Text: orElse(t.Name, t.ID), Href: "/hosts/" + t.ID}})
	}
	gaps, err := s.cfg.Outcomes.Gaps(r.Context(), h.Source, "", r.now.Add(-gapsShown), r.now)
	if err != nil {
		return err
	}
	if n := len(gaps); n > 0 && !(h.Silent && n == 1 && gaps[0].Open) {
		var list []string
		for _, g := range gaps[max(0, n-3):] {
			if !g.Open {
				list = append(list, fmt.Sprintf("%s from %s", span(g.To.Sub(g.From)), r.words.full(g.From)))
			}
		}
		if len(list) > 0 {
			text := "In the last 90 days nothing was heard of it for "
			if n > 1 {
				text = fmt.Sprintf("In the last 90 days it fell silent %d times, last for ", n)
			}
			v.Odd = append(v.Odd, ui.OddNote{Title: "It was away", Text: text + strings.Join(list, ", ") + ". What was judged before and after says nothing about that time: there every attribute is not observed."})
		}
	}
	if h.ClockWrong() {
		v.Odd = append(v.Odd, ui.OddNote{Title: "Its clock is wrong", Text: fmt.Sprintf("By the last measurement it was %s. Its times are put right by that before anything is judged, and never lie after the moment at which they were received.", strings.TrimPrefix(clockWords(*h.ClockOffset), "clock "))})
	}
	return nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// asFound puts what is found now in place of what was found when an outcome
// began, where it still is the outcome.
func (s *Site) asFound(ctx context.Context, h host.Host, rows []outcome.Row) error {
	anew, err := s.cfg.Hosts.Anew(ctx, h)
	if err != nil {
		return err
	}
	type place struct{ check, attribute string }
	found := make(map[place]host.Judged, len(anew))
	for _, j := range anew {
		found[place{j.Check, j.Attribute}] = j
	}
	for i := range rows {
		if j, ok := found[place{rows[i].Check, rows[i].Attribute}]; ok && string(j.Outcome) == string(rows[i].Outcome) {
			rows[i].Reason, rows[i].Observed, rows[i].Expected = j.Reason, j.Observed, j.Expected
		}
	}
	return nil
}

// hostResults sorts the outcomes of a host into tiers and groups.
func (s *Site) hostResults(r *request, v *ui.HostView, rows []outcome.Row, set *standard.Set, open []finding.Finding) {
	byKey := map[finding.Key]finding.Finding{}
	for _, f := range open {
		byKey[finding.Key{Check: f.Check, Attribute: f.Attribute, Item: f.Item}] = f
	}
	tier := map[string]*ui.Counts{}
	groups := map[outcome.Outcome][]ui.Result{}
	for _, row := range rows {
		c, ok := set.Check(row.Check)
		if !ok {
			continue
		}
		if href := "/standards/" + c.Standard.ID; !slices.ContainsFunc(v.Standards, func(l ui.StandardLink) bool { return l.Href == href }) {
			v.Standards = append(v.Standards, ui.StandardLink{Link: ui.Link{Text: c.Standard.Title + " " + c.Standard.Version, Href: href}, Draft: !c.Standard.Approved})
		}
		if tier[c.Tier] == nil {
			tier[c.Tier] = &ui.Counts{}
		}
		addOutcome(tier[c.Tier], row.Outcome)
		addOutcome(&v.Total, row.Outcome)
		res := ui.Result{Check: ui.Link{Text: c.Title, Href: r.period.keep("/checks/" + c.ID)}, Attribute: row.Attribute, Title: attributeTitle(c, row.Attribute),
			Expected: row.Expected, Observed: observedWords(row.Observed), Reason: sentence(row.Reason), Outcome: ui.Outcome(row.Outcome), Severity: ui.Severity(c.Severity), Since: r.words.at(row.Since)}
		if f, ok := byKey[finding.Key{Check: row.Check, Attribute: row.Attribute, Item: row.Item}]; ok {
			res.Finding = findingLink(f)
		}
		groups[row.Outcome] = append(groups[row.Outcome], res)
	}
	slices.SortFunc(v.Standards, func(a, b ui.StandardLink) int { return strings.Compare(a.Text, b.Text) })
	for _, t := range tiers() {
		if c := tier[t.id]; c != nil {
			v.Tiers = append(v.Tiers, ui.TierRow{Tier: t.id, Counts: *c})
		}
	}
	for _, o := range []outcome.Outcome{outcome.Fail, outcome.Waived, outcome.Error, outcome.NotObserved, outcome.NotApplicable, outcome.Pass} {
		list := groups[o]
		if len(list) == 0 {
			continue
		}
		sort.SliceStable(list, func(i, j int) bool { return severityRank(list[i].Severity) < severityRank(list[j].Severity) })
		v.Results = append(v.Results, ui.ResultGroup{Outcome: ui.Outcome(o), Rows: list, Open: o == outcome.Fail || o == outcome.Waived})
	}
	total := v.Total.Total()
	if total > 0 {
		v.State = append(v.State, ui.HostState{Outcome: "pass", Text: fmt.Sprintf("%d of %d attributes pass", v.Total.Pass, total)})
		if v.Total.Fail > 0 {
			v.State = []ui.HostState{{Outcome: "fail", Text: fmt.Sprintf("%d of %d attributes fail", v.Total.Fail, total)}}
		}
		if n := v.Total.Error; n > 0 {
			v.State = append(v.State, ui.HostState{Outcome: "error", Text: many(n, "could not be read", "could not be read")})
		}
		known := total - v.Total.Error - v.Total.NotObserved
		v.State = append(v.State, ui.HostState{Text: fmt.Sprintf("coverage %s", coverageWords(known, total))})
	}
}

func coverageWords(part, whole int64) string {
	if whole == 0 {
		return "none"
	}
	return strconv.FormatFloat(float64(part*1000/whole)/10, 'f', -1, 64) + " %"
}

func severityRank(s ui.Severity) int { return slices.Index(ui.Severities(), s) }

func attributeTitle(c *standard.Check, id string) string {
	for _, a := range c.Attributes {
		if a.ID == id && len(c.Attributes) > 1 {
			return a.Title
		}
	}
	return ""
}

// missing is what a section could not say.
type missing struct {
	Path   string `json:"path"`
	State  string `json:"state"`
	Reason string `json:"reason"`
}

func missingOf(raw json.RawMessage) []missing {
	var list []missing
	if len(raw) == 0 || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

func sectionRow(r *request, h host.Host, sec host.Section) ui.SectionRow {
	row := ui.SectionRow{Link: ui.Link{Text: sec.Name, Href: "/hosts/" + h.ID + "/sections/" + url.PathEscape(sec.Name)},
		Seen: r.words.second(sec.LastObserved), Changed: r.words.at(sec.ObservedFrom)}
	list := missingOf(sec.Missing)
	row.Missing = len(list)
	switch {
	case h.Silent:
		row.Why, row.Bad = "silent since then", true
	case !sec.InForce:
		row.Why, row.Bad = "not in the last message", true
	case len(list) == 1 && list[0].Path == "":
		row.Why = sentence(list[0].Reason)
	}
	return row
}
