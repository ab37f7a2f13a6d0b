package web

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/web/ui"
)

// openOn gives the findings of a host that were live at the moment shown.
func (s *Site) openOn(r *request, id string, at posture.At) (finding.Page, error) {
	if !r.period.past() {
		return s.cfg.Findings.List(r.Context(), finding.Filter{Item: id, Live: true}, finding.ByUrgency, "", 100)
	}
	then, err := s.cfg.Findings.ListAt(r.Context(), outcome.At{Valid: at.Valid, Known: at.Known},
		finding.Filter{Item: id, States: []finding.State{finding.Open, finding.Acknowledged, finding.Waived, finding.Stale}}, "", 100)
	if err != nil {
		return finding.Page{}, err
	}
	p := finding.Page{Findings: then.Findings}
	for st, n := range then.States {
		if st != finding.Closed {
			p.Total += n
		}
	}
	return p, nil
}

// hostThen shows what was known of a host at a moment that has gone by. What
// only the present knows is left out: who answers for it, its agent, its clock.
func (s *Site) hostThen(w http.ResponseWriter, r *request, h host.Host, v ui.HostView, rows []outcome.Row, open finding.Page, sections []host.Section) error {
	quiet := 0
	for _, row := range rows {
		if row.Inherited {
			quiet++
		}
	}
	switch {
	case h.FirstSeen.After(r.period.end()) && len(rows) == 0:
		v.Waiting = &ui.Empty{Title: "Nothing was known of this host then", Text: "It was first seen " + r.words.full(h.FirstSeen) + ". Before that it is not part of any population, and no outcome of it exists.",
			Actions: []ui.Link{{Text: "See it today", Href: "/hosts/" + h.ID}, {Text: "See the hosts", Href: "/hosts"}}}
	case len(rows) == 0:
		v.Waiting = &ui.Empty{Title: "Nothing of this host had been judged", Text: "As far as was known, no facts of it had been judged at that moment. It is not observed, which is never good.",
			Actions: []ui.Link{{Text: "See it today", Href: "/hosts/" + h.ID}, {Text: "See the hosts", Href: "/hosts"}}}
	case quiet == len(rows):
		v.Silent = "Nothing was heard of it at that moment, so every attribute counts as not observed, whatever had been read before."
	case quiet > 0:
		v.Silent = fmt.Sprintf("A part of its facts did not arrive: %s not observed.", many(quiet, "attribute counts as", "attributes count as"))
	}
	v.Strip = []ui.Figure{{Term: "First seen", Value: r.words.day(h.FirstSeen)}, {Term: "As of", Value: "the end of " + r.words.day(r.period.day)}}
	for i, f := range open.Findings {
		if i == 7 {
			break
		}
		v.Findings = append(v.Findings, ui.HostFinding{Link: ui.Link{Text: f.Ref() + " " + f.Title, Href: "/findings/" + f.Ref()}, Sev: ui.Severity(f.Severity), Due: r.words.at(f.OpenedAt)})
	}
	v.FindingsLink = ui.Link{Text: fmt.Sprintf("All %s of that moment", ui.Number(open.Total)), Href: r.period.keep("/findings?state=all&host=" + url.QueryEscape(h.ID))}
	for _, sec := range sections {
		row := sectionRow(r, h, sec)
		row.Seen, row.Bad, row.Why = r.words.second(sec.ObservedFrom), false, ""
		if !sec.InForce {
			row.Bad, row.Why = true, "not covered at that moment"
		}
		v.Sections = append(v.Sections, row)
	}
	v.ChangesNote = "Sections are shown as they were at that moment, as known now, with when they became so."
	v.AgentFacts = []ui.Fact{{Term: "Host", Text: h.ID, Mono: true}, {Term: "Records", Links: []ui.Link{{Text: "ledger entries about it", Href: "/ledger?about=" + url.QueryEscape(h.ID)}}}}
	sh := s.shell(w, r, h.Name, "Operate", "Hosts")
	sh.Period = r.periodView(true)
	return s.render(w, r, http.StatusOK, ui.Host(sh, v))
}
